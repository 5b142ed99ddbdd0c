"""What each command of the command line says and returns: with nothing published, and over a small park."""

from __future__ import annotations

import fcntl
import getpass
import io
import json
import os
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import parkbridge
from cli import parser, runs
from cli.options import asked, short
from connectors.credentials import Credentials
from dags import local
from tests.conftest import Park, at, day, new_park, staff
from warehouse import holds, postgres_edition
from warehouse.batches import DISCARDED, mark_stopped, stopped
from warehouse.declared import read_yaml
from warehouse.durable import read_json
from warehouse.postgres_access import Audience
from warehouse.settings import CHECKOUT

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(park: Park, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `parkbridge WORDS` in this process, over the park of this test: its exit code, and what it wrote."""
    for name in [name for name in os.environ if name.startswith(("PARKBRIDGE_", "AIRFLOW"))]:
        monkeypatch.delenv(name)
    for name, path in (("HOME", park.home), ("FEEDS", park.feed_folder), ("JUDGEMENTS", park.settings.judgements)):
        monkeypatch.setenv(f"PARKBRIDGE_{name}", str(path))

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["parkbridge", *words])
        code = parkbridge.main()
        return code, *capsys.readouterr()

    return run


PUBLISH = "parkbridge sync"


@pytest.mark.parametrize(
    ("words", "fact", "next_step"),
    [
        ("sql 'select 1'", "nothing is published yet", PUBLISH),
        ("export --to TMP", "nothing is published yet", PUBLISH),
        ("serve-to bi", "nothing is published yet", PUBLISH),
        ("serve-to bi --file TMP/gone.duckdb", "there is no such file", "name a published night"),
        ("serve-to bi --policy TMP/groups.yml", "nothing is published yet", PUBLISH),
        ("report", "nothing is published yet", PUBLISH),
        ("worklist", "nothing is published yet", PUBLISH),
        ("summary", "nothing is published yet", PUBLISH),
        ("summary --json", "nothing is published yet", PUBLISH),
        ("rollback", "there is no earlier night", "(none)"),
        ("rollback 20260301T000000Z", "there is no night 20260301T000000Z", "(none)"),
        (
            "sql --audience operator 'select 1'",
            "its edition is not published",
            "PARKBRIDGE_AUDIENCES=director,operator",
        ),
        ("export --audience stranger --to TMP", "stranger", "Next: "),
        ("discard staff b1 --why x", "there is no batch b1", "(none)"),
        ("sync no_such_feed", "no_such_feed", "Next: "),
        ("sync --without no_such_feed", "no_such_feed", "Next: "),
        ("names --firm 金石", "who says so and why is missing", "--who and --why"),
        ("feed check no_such_feed", "no_such_feed", "Next: "),
    ],
)
def test_a_command_that_cannot_be_says_what_to_do(
    run: Run, tmp_path: Path, words: str, fact: str, next_step: str
) -> None:
    code, said, complaint = run(*shlex.split(words.replace("TMP", str(tmp_path))))
    assert (code, said) == (1, "")
    assert complaint.startswith("parkbridge: ")
    assert complaint.count("\n") == 1, "one line, no traceback"
    assert fact in complaint
    _, mark, step = complaint.partition("Next: ")
    assert step.strip(), "every message names the next step"
    assert next_step in mark + step


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        ("", "COMMAND"),
        ("discard staff b1", "--why"),
        ("discard staff --why x", "batch"),
        ("snapshot", "--as-of"),
        ("export 企业现状", "--to"),
        ("match a.csv b.csv", "--out"),
        ("feed", "check|new|try"),
        ("feed new water", "--subject"),
        ("feed try staff", "file"),
        ("completion", "shell"),
        ("completion fish", "fish"),
        ("serve-to", "CONNECTION"),
        ("serve-to bi --policy a --no-roles", "not allowed with"),
        ("worklist --answer W1", "--answer"),
        ("export --to x --format ods", "ods"),
        ("sync --until tomorrow", "--until"),
    ],
)
def test_a_command_that_lacks_a_word_is_not_understood(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str, missing: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["parkbridge", *shlex.split(words)])
    with pytest.raises(SystemExit) as end:
        parkbridge.main()
    assert end.value.code == 2
    assert missing in capsys.readouterr().err.splitlines()[-1]


def test_only_debug_shows_where_it_stopped(run: Run) -> None:
    assert "Traceback" in run("--debug", "sql", "select 1")[2]
    assert "Traceback" not in run("sql", "select 1")[2]


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt, 130), (BrokenPipeError, 0)])
def test_a_command_that_is_cut_short(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException], code: int
) -> None:
    """130 is a shell's code for Ctrl-C; a reader that has enough, such as `head`, is no failure."""

    def cut_short(_: object) -> None:
        raise error

    monkeypatch.setattr("warehouse.doctor.findings", cut_short)
    with (tmp_path / "out.txt").open("w", encoding="utf-8") as out:
        monkeypatch.setattr(sys, "stdout", out)
        assert run("doctor")[0] == code


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("sql", {"query": None, "rows": 100, "example": None, "bom": False, "format": None, "output": None}),
        ("sql --example", {"example": 0}),
        ("sql --example 7", {"example": 7}),
        ("export --to x", {"view": [], "format": None, "as_is": False, "to": Path("x"), "file": None}),
        ("serve-to bi", {"role_prefix": "parkbridge", "wait": 60, "no_roles": False, "policy": None}),
        ("demo", {"enterprises": 300, "months": 36, "seed": 1, "until": None}),
        (
            "sync",
            {"feed": [], "until": None, "without": [], "accept_change": "", "accept_delivery": "", "confirm_date": ""},
        ),
        ("review", {"feed": None, "limit": None, "list": False, "undo": None, "why": "", "no_preview": False}),
        ("review --undo", {"undo": ""}),
        ("worklist", {"answer": None, "walk": False, "output": None, "why": ""}),
        ("worklist --answer W1 done", {"answer": ["W1", "done"]}),
        ("rollback", {"night": None, "list": False}),
        ("rebuild", {"accept_change": ""}),
        ("feed check", {"name": [], "json": False, "write": False}),
        ("doctor", {"deep": False}),
        ("env", {"service": False, "json": False}),
    ],
)
def test_what_is_left_out_is_what_the_help_says(words: str, meant: dict[str, object]) -> None:
    given = vars(parser().parse_args(words.split()))
    assert {name: given[name] for name in meant} == meant
    assert given["debug"] is False


def test_a_night_is_copied_to_a_server_and_reported(
    two_nights: Run, published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[tuple[str, Path, str, dict[str, list[str]], bool, float]] = []
    came = [postgres_edition.Served("N1", is_changed=True, tables=2, rows=1234), postgres_edition.Served("N1", False)]

    def serve(
        server: postgres_edition.Server, file: Path, audience: Audience, *, wait_seconds: float
    ) -> postgres_edition.Served:
        groups = {name: list(codes) for name, codes in audience.groups.items()}
        served.append((server.name, file, audience.prefix, groups, audience.has_roles, wait_seconds))
        return came[len(served) % 2 - 1]

    monkeypatch.setattr(local, "prepare_airflow", lambda *_: None)
    monkeypatch.setattr(Credentials, "from_airflow", lambda name: Credentials("postgres", host="h", login="u"))
    monkeypatch.setattr(postgres_edition, "serve", serve)
    settings = at(published).settings
    earlier = settings.published / "nights" / "20260302T000000Z.duckdb"
    (tmp_path / "groups.yml").write_text("east: [B1, B2]", encoding="utf-8")
    code, said, _ = two_nights("serve-to", "bi", "--policy", str(tmp_path / "groups.yml"))
    assert (code, said) == (0, "bi: readers see night N1: 2 tables, 1,234 rows\n")
    code, said, _ = two_nights(
        "serve-to", "bi", "--no-roles", "--role-prefix", "p", "--wait", "5", "--file", str(earlier)
    )
    assert (code, said) == (0, "bi: readers see night N1 already; nothing changed\n")
    assert served == [
        ("bi", settings.published_file, "parkbridge", {"east": ["B1", "B2"]}, True, 60),
        ("bi", earlier, "p", {}, False, 5),
    ]


def test_lists_of_nothing_are_no_error(run: Run) -> None:
    assert run("rollback", "--list") == (0, "", "")
    assert run("names") == (0, "No name is held.\n", "")


def test_the_confirmation_of_a_rebuild_needs_its_person(run: Run) -> None:
    code, _, complaint = run("rebuild", "--accept-change", "raw is elsewhere", "--who", " ")
    assert code == 1
    assert "--accept-change: the person who confirms it is not named" in complaint


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, _empty_warehouse: Path) -> Path:
    """A park with two published nights of one feed."""
    folder = tmp_path_factory.mktemp("published")
    park = new_park(folder, _empty_warehouse)
    for number in (1, 2):
        park.drop("staff", f"{number}.csv", staff({f"U{n}": 10 * number for n in range(number)}), day(number - 0.5))
        park.sync("staff", day(number))
        park.publish(day(number))
    return folder


@pytest.fixture
def two_nights(published: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Commands that only read, over the two nights."""
    park = at(published)
    monkeypatch.setenv("PARKBRIDGE_HOME", str(park.home))
    monkeypatch.setenv("PARKBRIDGE_FEEDS", str(park.feed_folder))
    return run


def test_views_are_exported_and_their_rows_counted(two_nights: Run, tmp_path: Path) -> None:
    code, said, _ = two_nights("export", "snapshots.park", "--to", str(tmp_path / "park.csv"))
    assert (code, said) == (0, f"{tmp_path / 'park.csv'}: 1 row\n")
    code, said, _ = two_nights("export", "monthly.staff", "snapshots.park", "--to", str(tmp_path), "--format", "csv")
    assert (code, said.splitlines()) == (
        0,
        [f"{tmp_path / 'monthly.staff.csv'}: 2 rows", f"{tmp_path / 'snapshots.park.csv'}: 1 row"],
    )
    heading, *lines = (tmp_path / "monthly.staff.csv").read_text(encoding="utf-8-sig").splitlines()
    assert heading.split(",")[1:] == ["source_key", "month", "insured_headcount"]
    assert sorted(line.rpartition(",")[2] for line in lines) == ["20", "20"]


def test_the_nights_are_listed_the_newest_first(two_nights: Run) -> None:
    code, said, _ = two_nights("rollback", "--list")
    assert code == 0
    assert [line.split()[0] for line in said.splitlines()] == ["20260303T000000Z", "20260302T000000Z"]
    assert "as known at 2026-03-03" in said.splitlines()[0]


def test_an_earlier_night_can_be_asked(two_nights: Run, published: Path) -> None:
    nights = at(published).settings.published / "nights"
    asked = "select insured_headcount from snapshots.park"
    assert two_nights("sql", "--format", "csv", asked)[1].split() == ["insured_headcount", "40"]
    earlier = two_nights("sql", "--format", "csv", "--file", str(nights / "20260302T000000Z.duckdb"), asked)
    assert (earlier[0], earlier[1].split()) == (0, ["insured_headcount", "10"])


def test_an_answer_goes_into_a_file(two_nights: Run, tmp_path: Path) -> None:
    for name, count in (("one.json", 1), ("one.parquet", 1)):
        code, said, complaint = two_nights("sql", "-o", str(tmp_path / name), "from snapshots.park")
        assert (code, said) == (0, "")
        assert f"{tmp_path / name}: {count} row written" in complaint
    (row,) = json.loads((tmp_path / "one.json").read_text(encoding="utf-8"))
    assert (row["insured_headcount"], row["unit_count"]) == (40, 2)
    assert two_nights("sql", "select 1; select 2", "--format", "csv")[1].split() == ["1", "1", "2", "2"]


def test_a_rollback_names_the_night_that_readers_see(park: Park, run: Run) -> None:
    for number in (1, 2):
        park.publish(day(number))
    code, said, _ = run("rollback")
    assert (code, said.startswith("Readers now see night 20260302T000000Z.")) == (0, True)
    code, said, _ = run("rollback", "20260303T000000Z")
    assert (code, said.startswith("Readers now see night 20260303T000000Z.")) == (0, True)


def test_a_batch_is_left_out_and_the_next_step_fits(park: Park, run: Run) -> None:
    park.drop("staff", "1.csv", staff({"U1": 10}), day(0.5))
    park.sync("staff", day(1))
    park.drop("staff", "2.csv", staff({"U1": 20}), day(1.5))
    (waiting,) = park.land("staff", day(2))
    mark_stopped(park.raw, "staff", "20 of 20 rows")
    code, said, _ = run("discard", "staff", waiting.batch_id, "--why", "sent by mistake", "--who", "ann")
    assert (code, stopped(park.raw)) == (0, {}), "the feed may run again"
    assert said == f"staff {waiting.batch_id} ({waiting.delivery}) is left out. Next: `parkbridge sync staff`\n"
    (accepted,) = park.batch_ids("staff")
    code, said, _ = run("discard", "staff", accepted, "--why", "another park's")
    assert "is left out; `parkbridge rebuild` takes its rows out. Next: `parkbridge sync staff`" in said
    code, said, _ = run("rebuild")
    assert (code, said.partition(". ")[0]) == (0, "Rebuilt from 0 batches of 3 feeds")
    assert park.staged() == []


def test_a_batch_is_left_out_once_by_somebody_and_not_within_a_run(
    park: Park, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    park.drop("staff", "1.csv", staff({"U1": 10}), day(0.5))
    park.sync("staff", day(1))
    (batch,) = park.batch_ids("staff")
    mark = park.raw / "staff" / batch / DISCARDED
    for who, why in (("", "wrong"), ("ann", " ")):
        code, _, said = run("discard", "staff", batch, "--who", who, "--why", why)
        assert (code, mark.exists()) == (1, False)
        assert "is not said. Next: give both: --who NAME --why REASON" in said
    monkeypatch.setattr(holds, "WAIT_SECONDS", 0.1)
    (park.home / "holds").mkdir(exist_ok=True)
    with (park.home / "holds" / "feed_staff.lock").open("a") as file:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX)
        code, _, said = run("discard", "staff", batch, "--who", "ann", "--why", "wrong")
    assert (code, mark.exists()) == (1, False), "a run of the feed would accept it meanwhile"
    assert "staff: it is held by another process. Next: " in said
    for who in ("ann", "bob"):
        assert run("discard", "staff", batch, "--who", who, "--why", "wrong")[0] == 0
    assert read_json(mark, next_step="")["who"] == "ann"


def test_an_account_without_a_name_may_use_every_command(park: Park, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr(getpass, "getuser", nameless)
    holds.account.cache_clear()
    parser.cache_clear()
    try:
        assert run("rollback", "--list") == (0, "", "")
        assert holds.account() == str(os.getuid())
    finally:
        holds.account.cache_clear()
        parser.cache_clear()


def test_a_name_is_held_until_somebody_says_that_it_is_a_firm(park: Park, run: Run) -> None:
    rows = "\n".join(["U1,张伟,2026-01,1,5000,a,1,2026-02-05", "U2,王芳,2026-01,1,5000,a,1,2026-02-05"])
    park.drop("staff", "1.csv", f"{staff({'U0': 10})}{rows}\n", day(0.5))
    park.sync("staff", day(1))
    assert run("names")[1].splitlines()[:2] == ["张伟  staff, 1 record", "王芳  staff, 1 record"]
    code, said, _ = run("names", "--firm", "张伟", "--why", "a shop's name", "--who", "ann")
    assert (code, said.splitlines()[0]) == (0, "王芳  staff, 1 record")
    assert said.splitlines()[1].startswith("1 names may be persons' and are held.")


def test_the_status_says_what_stopped_and_sets_the_code(run: Run, park: Park, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("status")[0] == 0
    mark_stopped(park.raw, "staff", "20 of 20 rows")
    monkeypatch.setattr("cli.runs.coloured", lambda text, colour: f"<{colour} {text}>")
    code, said, _ = run("status")
    assert code == 1
    (line,) = [line for line in said.splitlines() if line.startswith("<red STOPPED>  ")]
    assert "20 of 20 rows" in line


def test_the_report_is_made_again_and_its_place_said(
    two_nights: Run, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = at(published).settings
    built: list[Path] = []
    shown = settings.published / "report"
    monkeypatch.setattr("report.site.build", lambda file, place: built.append(file))
    monkeypatch.setattr("warehouse.published_nights.show_site", lambda place, night: shown)
    assert two_nights("report") == (0, f"{shown / 'index.html'}\n", "")
    assert built == [settings.published_file]


def test_steps_are_said_as_they_end(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "__stdout__", streams[0])
    monkeypatch.setattr(sys, "__stderr__", streams[1])
    runs._show_step("staff", "land", 1.25, "2 batches\x1b", is_well=True)
    runs._show_step(None, "publish", 61, "no night", is_well=False)
    said = [stream.getvalue().split(maxsplit=5) for stream in streams]
    assert [words[:5] for words in said] == [["✓", "staff", "land", "1.2", "s"], ["✗", "night", "publish", "61.0", "s"]]
    assert "\x1b" not in said[0][5]


@pytest.mark.parametrize(("query", "quoted"), [("select 1", "'select 1'"), ("where a = 'x'", "\"where a = 'x'\"")])
def test_a_query_can_be_copied_into_a_shell(query: str, quoted: str) -> None:
    assert runs._quoted(query) == quoted


# --- feeds ----------------------------------------------------------------------------------------------------------


def test_feeds_are_listed_and_a_broken_one_sets_the_code(run: Run, park: Park) -> None:
    code, said, _ = run("feeds")
    assert (code, [line.split()[:3] for line in said.splitlines()]) == (
        0,
        [
            ["leases", "lease", "file_drop"],
            ["payments", "tax_payment", "database"],
            ["staff", "employment", "file_drop"],
        ],
    )
    park.change("staff", "subject: employment", "subject: no_such")
    code, said, _ = run("feeds")
    assert code == 1
    assert [line.split()[1] for line in said.splitlines()] == ["lease", "tax_payment", "✗"]


def test_subjects_are_listed_with_what_each_needs(run: Run) -> None:
    code, said, _ = run("subjects")
    declared = read_yaml((CHECKOUT / "warehouse" / "subjects.yml").read_text(encoding="utf-8"))
    declared = declared.get("subjects", declared)
    listed = said.splitlines()
    assert (code, len(listed) % 3) == (0, 0)
    found = {listed[n].split()[0]: (listed[n + 1], listed[n + 2]) for n in range(0, len(listed), 3)}
    key, columns = found["employment"]
    own = declared["employment"]
    assert set(found) <= set(declared)
    assert key.strip().startswith(f"key {', '.join(own['key'])}; period {own['period']};")
    required = {name for name, kind in own["columns"].items() if str(kind).endswith("!")}
    assert {word.rstrip("!") for word in columns.replace(",", "").split() if word.endswith("!")} == required


def test_a_feed_is_begun_where_a_next_version_does_not_replace_it(
    run: Run, park: Park, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.feeds.IS_CHECKOUT", False)
    assert run("feed", "new", "mine", "--subject", "employment")[0] == 0
    assert (park.feed_folder / "mine" / "feed.yml").exists()
    assert run("feed", "new", "more", "--subject", "no_such", "--from", "x.csv")[0] == 1
    monkeypatch.setattr("cli.feeds.FEEDS", tmp_path / "installed")
    for folders, code in (
        ([tmp_path / "installed", park.feed_folder], 1),
        ([tmp_path / "o", tmp_path / "installed"], 0),
    ):
        monkeypatch.setenv("PARKBRIDGE_FEEDS", os.pathsep.join(map(str, folders)))
        assert run("feed", "new", "water", "--subject", "utility_use")[0] == code
        assert (folders[0] / "water").exists() == (code == 0)


def test_a_feed_is_begun_again_with_what_is_known_of_its_columns(run: Run, park: Park, tmp_path: Path) -> None:
    sheet = tmp_path / "抄表.csv"
    sheet.write_text("户号,表号,抄表日期,用量,单价\nK1,D1,2026-10-25,3.5,1\n")
    new = ("feed", "new", "meters", "--subject", "utility_use", "--from", str(sheet))
    code, out, _ = run(*new)
    assert code == 0
    assert "nothing seems to be utility_code 能源种类, month 月份, without which no row is accepted" in out
    assert "not used: 抄表日期, 单价; nothing seems to be enterprise_name" in out
    assert f"{shlex.join(new)} --again --column utility_code=… --column month=…" in out
    assert run("feed", "try", "meters", str(sheet))[0] == 1
    said = ("--column", "month=抄表日期", "--column", "utility_code=水")
    assert run(*new, *said)[0] == 1, "the folder exists"
    code, out, _ = run(*new, "--again", *said)
    assert (code, "all rows → utility_code water" in out) == (0, True)
    code, out, _ = run("feed", "try", "meters", str(sheet))
    assert (code, "utility_code water, month 2026-10-01, used_quantity 3.500" in out) == (0, True)
    assert "it does not say which column feeds which" in run(*new, "--again", "--column", "month")[2]
    (park.feed_folder / "notes").mkdir()
    assert run("feed", "new", "notes", "--subject", "utility_use", "--from", str(sheet), "--again")[0] == 1
    assert (park.feed_folder / "notes").exists()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "feed.yml").write_text("mine")
    out_of_the_folder = os.path.relpath(tmp_path / "elsewhere", park.feed_folder)
    code, _, err = run("feed", "new", out_of_the_folder, "--subject", "utility_use", "--from", str(sheet), "--again")
    assert (code, "it is not a feed name" in err) == (1, True)
    assert (tmp_path / "elsewhere" / "feed.yml").read_text() == "mine"


@pytest.mark.parametrize(("problems", "code"), [([None, None], 0), (["too few", None], 1), ([None, "too few"], 1)])
def test_one_sheet_that_would_stop_the_feed_sets_the_code(
    run: Run, monkeypatch: pytest.MonkeyPatch, problems: list[str | None], code: int
) -> None:
    monkeypatch.setattr("connectors.trial.try_file", lambda *_: problems)
    monkeypatch.setattr("connectors.trial.report", lambda *_: ["甲\x1b[31m 1"])
    monkeypatch.setattr("connectors.trial.allowance", lambda _, found: found)
    ended, said, _ = run("feed", "try", "staff", "a.xlsx")
    assert ended == code
    assert said.splitlines() == [
        line
        for found in problems
        for line in ("甲·[31m 1", f"  {found or 'it would be accepted as far as its rows go; nothing was kept'}")
    ]


def test_a_feeds_sample_is_checked_written_and_found_to_differ(run: Run, park: Park) -> None:
    folder = park.feed_folder / "staff"
    (folder / "sample.csv").write_text(
        "单位编号,单位名称,所属期,参保人数,缴费基数,备注,受理时间\nU1,甲公司,2026-01,12,50,,2026-02-01\nU2,乙公司,2026-02,x,5,,2026-03-01\n",
        encoding="utf-8",
    )
    code, _, complaint = run("feed", "check", "staff")
    assert (code, "there is no expected.csv" in complaint, "--write" in complaint) == (1, True, True)
    code, said, _ = run("feed", "check", "staff", "--write")
    assert (code, said) == (0, f"staff: wrote {folder / 'expected.csv'}; read it through before you believe it\n")
    heading, *lines = (folder / "expected.csv").read_text(encoding="utf-8").splitlines()
    one = dict(zip(heading.split(","), lines[0].split(","), strict=True))
    assert (one["source_key"], one["month"], one["insured_headcount"]) == ("U1", "2026-01-01", "12")
    assert "uscc" not in one, "only columns that have a value"
    assert [line.rpartition(",")[2] != "" for line in lines] == [False, True], "why a row was rejected"
    assert run("feed", "check", "staff") == (0, "staff: as expected\n", "")
    shutil.copytree(folder, park.feed_folder / "again")
    park.change("again", "feed: staff", "feed: again")
    text = (folder / "expected.csv").read_text(encoding="utf-8").replace(",12,", ",13,")
    (folder / "expected.csv").write_text(text + lines[0] + "\n", encoding="utf-8")
    code, said, _ = run("feed", "check", "staff")
    assert code == 1
    assert said.splitlines() == [
        "staff: 2 differences",
        "  2 rows, 3 expected",
        "  row 1, insured_headcount: '12', expected '13'",
    ]
    code, said, _ = run("feed", "check", "staff", "--json")
    assert (code, json.loads(said)[0]["is_as_expected"]) == (1, False)
    code, said, _ = run("feed", "check", "again", "staff", "--json")
    assert (code, [one["is_as_expected"] for one in json.loads(said)]) == (1, [True, False]), "one of several is enough"
    shutil.rmtree(park.feed_folder / "again")
    sample = (folder / "sample.csv").read_text(encoding="utf-8")
    (folder / "sample.csv").write_text(sample.replace(",备注", "").replace(",,2026", ",2026"), encoding="utf-8")
    assert "differences" in run("feed", "check", "staff")[1], "an optional column may be absent"
    (folder / "sample.csv").write_text("单位编号,别的\n", encoding="utf-8")
    code, _, complaint = run("feed", "check", "staff")
    fact = complaint.partition(". Next")[0]
    assert (code, "别的" in fact, "参保人数" in fact, "备注" in fact, "单位编号" in fact) == (
        1,
        True,
        True,
        False,
        False,
    )


# --- this machine ---------------------------------------------------------------------------------------------------


def test_the_environment_is_printed_for_each_reader(run: Run, monkeypatch: pytest.MonkeyPatch, park: Park) -> None:
    monkeypatch.setenv("PARKBRIDGE_PARK_NAME", 'O\'Hara "园区"')
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(CHECKOUT), "/opt/more", ""]))
    monkeypatch.setenv("AIRFLOW__API__PORT", "9000")
    figures = json.loads(run("env", "--json")[1])
    assert figures["PARKBRIDGE_PARK_NAME"] == 'O\'Hara "园区"'
    assert figures["PARKBRIDGE_HOME"] == str(park.home)
    assert figures["PYTHONPATH"] == os.pathsep.join([str(CHECKOUT), "/opt/more"]), "this checkout first, and once"
    assert figures["AIRFLOW__API__BASE_URL"] == "http://localhost:9000"
    assert figures["AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION"] == "False"
    assert figures["PARKBRIDGE_EXPORTS"] == "0"
    *exports, note = run("env")[1].splitlines()
    pairs = [shlex.split(line) for line in exports]
    assert {word: "export" for word, _ in pairs} == {"export": "export"}
    assert dict(pair.split("=", 1) for _, pair in pairs) == figures
    assert note == "# PARKBRIDGE_PSEUDONYM_KEY is not set (docs/runbook.md, Identity numbers and their key)"
    monkeypatch.setenv("PARKBRIDGE_PSEUDONYM_KEY", "a secret")
    *lines, note = run("env", "--service")[1].splitlines()
    assert {name: json.loads(value) for name, _, value in (line.partition("=") for line in lines)} == figures
    assert "is set here and is not printed" in note
    assert "a secret" not in "".join([*lines, note])


@pytest.mark.parametrize("wrong", [set(), {"second"}, {"first", "second"}])
def test_one_thing_that_is_missing_sets_the_code(run: Run, monkeypatch: pytest.MonkeyPatch, wrong: set[str]) -> None:
    monkeypatch.setattr("warehouse.doctor.findings", lambda _: [(one not in wrong, one) for one in ("first", "second")])
    marks = "".join("✗" if one in wrong else "✓" for one in ("first", "second"))
    code, said, _ = run("doctor")
    assert (code, "".join(line[0] for line in said.splitlines())) == (int(bool(wrong)), marks)


def test_what_people_wrote_is_looked_at_and_its_copy_is_the_cure(run: Run, park: Park) -> None:
    park.settings.judgements.unlink(missing_ok=True)
    code, said, _ = run("doctor", "--deep")
    lines = said.splitlines()
    assert any("no answers yet: there is no outcomes.csv" in line for line in lines), said
    assert any("no names of firms yet" in line for line in lines)
    park.settings.outcomes.write_text("neither a header nor a row\n", encoding="utf-8")
    code, said, _ = run("doctor", "--deep")
    assert code == 1
    assert [line[0] for line in said.splitlines() if "outcomes.csv" in line] == ["✗"]


def test_figures_for_programs_are_readable_by_people_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARKBRIDGE_PARK_NAME", "临澜园区")
    code, said, _ = run("env", "--json")
    assert (code, said.splitlines()[0]) == (0, "{")
    assert '\n  "PARKBRIDGE_PARK_NAME": "临澜园区",\n' in said, "two blanks before a key, Chinese as it is"


@pytest.mark.parametrize(("is_terminal", "shown"), [(True, "d"), (False, "")])
def test_an_answer_that_is_piped_in_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], is_terminal: bool, shown: str
) -> None:
    monkeypatch.setattr("builtins.input", lambda _: "d")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: is_terminal, raising=False)
    assert asked("? ") == "d"
    assert capsys.readouterr().out.strip() == ("" if is_terminal else "d")


def test_a_path_is_short_within_the_checkout() -> None:
    assert short(CHECKOUT / "build" / "x") == str(Path("build") / "x")
    assert short(Path("/elsewhere/x")) == "/elsewhere/x"
