"""`parkbridge review`: scripted walks over a small published park; what is written, what is shown, what is left alone."""

from __future__ import annotations

import csv
import hashlib
import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import parkbridge
from report.summary import summary
from tests.conftest import Park
from tests.transforms.test_judgements import HEADER
from tests.transforms.test_resolution import PARK, B, credit_code, lease, registered, warehouse
from transforms import review as review_module
from transforms.night import build_all
from transforms.preview import preview
from transforms.resolution.judgement_file import Judgement, add
from transforms.resolution.resolve import resolve
from transforms.review import read_queue, review, unanswered
from warehouse.connection import alone, quote, writer
from warehouse.errors import DeclarationError, ParkBridgeError, WarehouseBusy
from warehouse.models import read_layers
from warehouse.publish import publish
from warehouse.settings import CHECKOUT, DIRECTOR, Settings
from warehouse.text import aligned, padded, side_by_side, width, wrapped

LAYERS = CHECKOUT / "transforms"
ROWS = PARK | {
    "registration": [
        *PARK["registration"],
        registered("r5", credit_code(10000005), "同名贸易有限公司", address="园区路1号"),
        registered("r6", credit_code(10000006), "同名贸易有限公司", address="园区路2号"),
    ],
    "lease": [*PARK["lease"], lease("la", "同名贸易有限公司") | {"leased_area_m2": 300, "address": "园区路3号"}],
}
FIRST = "lease/l7"


@pytest.fixture(autouse=True)
def _one_width_of_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


def night(settings: Settings) -> None:
    with writer(settings) as connection:
        resolve(connection, settings.judgements)
        build_all(connection)
        publish(connection, settings, read_layers(LAYERS))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = tmp_path_factory.mktemp("park")
    judgements = home / "judgements.csv"
    judgements.write_text(HEADER + "\n", encoding="utf-8")
    given: dict[str, Any] = dict.fromkeys(Settings.__dataclass_fields__, "")
    settings = Settings(
        **given
        | {
            "home": home,
            "outcomes": home / "outcomes.csv",
            "backup": home / "backup",
            "judgements": judgements,
            "time_zone": ZoneInfo("Asia/Shanghai"),
            "memory_limit": "1GB",
            "keep_nights": 3,
            "audience": DIRECTOR,
            "audiences": (DIRECTOR,),
        }
    )
    with writer(settings) as connection:
        connection.execute("insert into ops.night values ('20260410T000000Z', timestamp '2026-04-10', 'park')")
        with warehouse(ROWS) as source:
            for subject in ROWS:
                rows = source.execute(f"from staged.{quote(subject)}").to_arrow_table()
                connection.register("rows_of_subject", rows)
                connection.execute(f"insert into staged.{quote(subject)} from rows_of_subject")
                connection.unregister("rows_of_subject")
    night(settings)
    return settings


@pytest.fixture
def settings(made: Settings, tmp_path: Path) -> Settings:
    """A park of its own for a test: one published night, no judgements."""
    home = tmp_path / "home"
    shutil.copytree(made.home, home)
    return replace(made, home=home, judgements=home / "judgements.csv")


def script(*answers: str) -> Callable[[str], str]:
    """Answers in place of a person; then the end of input."""
    waiting = iter(answers)

    def ask(prompt: str) -> str:
        try:
            return next(waiting)
        except StopIteration:
            raise EOFError from None

    return ask


def walked(settings: Settings, answers: Iterable[str], **given: Any) -> str:
    shown: list[str] = []
    review(settings, script(*answers), shown.append, who="wang", **{"is_preview": False} | given)
    return "\n".join(shown)


def lines(settings: Settings) -> list[tuple[str, str, str, str]]:
    """left, right, decision, why of the file's lines."""
    with settings.judgements.open(encoding="utf-8", newline="") as file:
        return [(row["left"], row["right"], row["decision"], row["why"]) for row in csv.DictReader(file)]


def files(settings: Settings) -> dict[str, str]:
    # the lock names its last holder and the minute in which it was taken: reading takes it, too
    others = (settings.judgements, settings.home / "warehouse.lock")
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in settings.home.rglob("*")
        if path.is_file() and path not in others
    }


def ids(settings: Settings) -> dict[str, str]:
    with review_module._place(settings) as connection:
        rows = connection.execute("select feed || '/' || source_key, enterprise_id from resolved.link").fetchall()
    return dict(rows)


STATED = review_module.Side("", "甲公司", "", "某路1号")
LIKELY = review_module.Side("E1", "甲公司", "A1", "", "exact_name", "0.91")
OTHER = review_module.Side("E2", "", "A2", "某路2号")
CASE = review_module.Case("a/1", "near_name", "near | 近", "40", STATED, (LIKELY, OTHER), 3, "one differs", "一处不同")


def test_a_case_is_shown_with_what_is_equal_and_what_is_missing() -> None:
    said = [line.split() for line in review_module.shown(CASE, 1, 2, 100)]
    assert said[1] == ["──", "1", "of", "2", "·", "near", "|", "近", "·", "40", "%", "of", "a"]
    assert said[2] == ["a/1", "A", "E1", "B", "E2"]
    name, code, address = (
        next(line for line in said if line and line[0].startswith(word)) for word in ("name", "code", "address")
    )
    assert name[-4:] == ["甲公司", "=", "甲公司", "–"]
    assert code[-3:] == ["–", "A1", "A2"]
    assert address[-3:] == ["某路1号", "–", "某路2号"]
    (by,) = [line for line in said if line[:1] == ["by"]]
    assert by[-1] == "0.91"
    assert "3 enterprises in all" in " ".join(said[-3])
    few = list(review_module.shown(replace(CASE, candidates=(), candidate_count=2), 1, 1, 100))
    assert not any("in all" in line or line.startswith("by ") for line in few)


def test_the_queue_in_a_line_each() -> None:
    alone = replace(CASE, candidates=(OTHER,), stated=replace(STATED, name="", code="A9"))
    one, two, none = [line.split() for line in review_module.listing([CASE, alone, replace(CASE, candidates=())])][1:]
    assert one == ["1", "near_name", "40", "a/1", "甲公司", "甲公司", "0.91", "E2"]
    assert two == ["2", "near_name", "40", "a/1", "A9", "E2"]
    assert none == ["3", "near_name", "40", "a/1", "甲公司"]


def judged(*lines: tuple[str, str, str]) -> list[Judgement]:
    return [
        Judgement("a/1", right, decision, "wang", when, "", number)
        for number, (right, decision, when) in enumerate(lines, 2)
    ]


@pytest.mark.parametrize(
    ("lines", "candidates"),
    [
        ([], ["E1", "E2"]),
        ([("E1", "same", "2026-04-11 02:00")], None),  # two o'clock in the park is 18:00 UTC, the moment of the queue
        ([("E1", "same", "2026-04-11 01:59")], ["E1", "E2"]),
        ([("E1", "same", "2026-04-10")], ["E1", "E2"]),  # a day alone is over with its end
        ([("E1", "same", "2026-04-11")], None),
        ([("E1", "unsure", "2026-04-12")], None),
        ([("E1", "different", "2026-04-12")], ["E2"]),
        ([("E2", "different", "2026-04-12")], ["E1"]),
        ([("E1", "different", "2026-04-12"), ("E2", "different", "2026-04-12")], None),
        ([("E1", "different", "2026-04-01")], ["E1", "E2"]),
        ([("E1", "same", "9999-12-31 23:59")], None),
        ([("E1", "same", "2026-04-12"), ("E1", "withdraw", "2026-04-13")], ["E1", "E2"]),
    ],
)
def test_what_was_decided_since_the_night_waits_no_longer(
    park: Park, lines: list[tuple[str, str, str]], candidates: list[str] | None
) -> None:
    queue = review_module.Queue([CASE, replace(CASE, record="z/1")], datetime(2026, 4, 10, 18))
    waiting = review_module.unanswered(queue, judged(*lines), park.settings)
    found = {case.record: [side.enterprise_id for side in case.candidates] for case in waiting}
    assert found.pop("z/1") == ["E1", "E2"]
    assert found == ({} if candidates is None else {"a/1": candidates})


def test_a_contradiction_waits_until_one_of_its_lines_is_withdrawn(park: Park) -> None:
    case = replace(
        CASE, is_of_lines=True, candidates=(), evidence="a/1 is E1 (line 2, wang, 2026-04-01); not (line 7, li, x)"
    )
    assert case.lines == [2, 7]
    assert replace(case, is_of_lines=False).lines == []
    queue = review_module.Queue([case], datetime(2026, 4, 10, 18))
    first = ("E1", "same", "2026-04-01")
    assert len(review_module.unanswered(queue, judged(first), park.settings)) == 1
    assert review_module.unanswered(queue, judged(first, ("E1", "withdraw", "2026-04-12")), park.settings) == []
    assert len(review_module.unanswered(queue, judged(first, ("E5", "withdraw", "2026-04-12")), park.settings)) == 1


def test_the_record_and_both_candidates_stand_side_by_side(settings: Settings) -> None:
    shown = walked(settings, ["k", "k"])
    home = ids(settings)
    assert "1 of 2 · code of one enterprise, name of another | 代码与名称分属两家企业" in shown
    assert f"A {home['registration/r1']}" in shown
    assert f"B {home['registration/r2']}" in shown
    assert f"= {B}" in shown, "the code is the second one's, letter for letter"
    assert "= 苏州明达科技有限公司" in shown
    assert "2 of 2 · several enterprises have this name | 多家企业同名 · 100.00 % of lease" in shown
    assert lines(settings) == []


def test_the_second_candidate_is_offered_where_there_is_one(settings: Settings) -> None:
    case = read_queue(settings).cases[0]
    walk = review_module.Walk([case], settings.judgements, "li", datetime.now)
    for count, offered in ((2, ["s", "r", "d", "u"]), (1, ["s", "d", "u"]), (0, [])):
        few = replace(case, candidates=case.candidates[:count])
        assert walk._keys(few) == [*offered, "k", "n", "b", "q"]


def test_every_decision_is_written_at_once(settings: Settings) -> None:
    """Whatever ends the walk, what was answered is in the file."""
    seen = []

    def ask(prompt: str) -> str:
        seen.append(len(lines(settings)))
        if len(seen) == 2:
            raise KeyboardInterrupt
        return "s"

    shown: list[str] = []
    assert review(settings, ask, shown.append, who="wang", is_preview=False) == 1
    assert seen == [0, 1]
    (line,) = lines(settings)
    assert line[:3] == (FIRST, ids(settings)["registration/r1"], "same")
    assert line[3].startswith("code of one enterprise, name of another; code ")
    assert "1 line written" in shown[-2]


def test_rejecting_the_first_offers_the_second(settings: Settings) -> None:
    home = ids(settings)
    walked(settings, ["d not them", "n visited the firm", "s"], limit=1)
    assert lines(settings) == [
        (FIRST, home["registration/r1"], "different", "not them"),
        (FIRST, home["registration/r2"], "same", "visited the firm"),
    ]


def test_the_runner_up_unsure_and_notes_asked_for(settings: Settings) -> None:
    home = ids(settings)
    walked(settings, ["n", "电话问过", "r", "U asked"])
    assert [(left, decision, why) for left, _, decision, why in lines(settings)] == [
        (FIRST, "same", "电话问过"),
        ("lease/la", "unsure", "asked"),
    ]
    assert lines(settings)[0][1] == home["registration/r2"]


def test_back_takes_the_line_out_again(settings: Settings) -> None:
    before = settings.judgements.read_bytes()
    shown = walked(settings, ["d", "b", "b", "s", "b", "k", "b", "q"])
    assert settings.judgements.read_bytes() == before
    assert "this is the first one" in shown


def test_back_after_somebody_else_wrote_takes_back_in_the_open(settings: Settings) -> None:
    answers = iter(["s", "b", "q"])

    def ask(prompt: str) -> str:
        answer = next(answers)
        if answer == "b":
            add(settings.judgements, Judgement("lease/l1", "lease/l2", "unsure", "li", "2026-02-01", ""))
        return answer

    review(settings, ask, lambda text: None, who="wang", is_preview=False)
    assert [line[2] for line in lines(settings)] == ["same", "unsure", "withdraw"]


def test_what_is_no_key_asks_again(settings: Settings) -> None:
    shown = walked(settings, ["yes", "", "w 3", "q"])
    assert shown.count("is not one of") == 3
    assert lines(settings) == []


def test_what_was_answered_is_not_asked_again(settings: Settings) -> None:
    walked(settings, ["s", "d"])
    shown = walked(settings, [], is_list=True)
    assert "1 wait; 1 are answered since the last night" in shown
    assert FIRST not in shown
    queue = read_queue(settings)
    old = [Judgement(FIRST, queue.cases[0].candidates[0].enterprise_id, "unsure", "li", "2026-04-09", "")]
    assert len(unanswered(queue, old, settings)) == 2, "said before the night: the night has considered it"
    by_hand = [replace(old[0], when="2026-04-10")]
    assert len(unanswered(queue, by_hand, settings)) == 1


def test_the_queue_as_a_table_by_feed_and_reason(settings: Settings) -> None:
    assert "同名贸易有限公司" in walked(settings, [], is_list=True, reason="ambiguous_name")
    assert walked(settings, [], is_list=True, feed="tax_filing") == "0 wait"
    assert FIRST not in walked(settings, [], is_list=True, reason="ambiguous_name")
    assert "lease/la" not in walked(settings, [], is_list=True, limit=1)


@pytest.mark.nights
def test_what_changes_is_said_and_nothing_is_touched(settings: Settings) -> None:
    before = files(settings)
    home = ids(settings)
    shown = walked(settings, ["k", "r"], is_preview=True)
    assert files(settings) == before
    taken = home["registration/r6"] if f"lease/la {home['registration/r6']}" in shown else home["registration/r5"]
    assert f"lease/la goes from {home['lease/la']} 同名贸易有限公司 to {taken} 同名贸易有限公司" in shown
    assert "In sum 1 record moves; enterprises" in shown
    assert "waiting for a person 2 → 1" in shown
    area = [line.split() for line in shown.splitlines() if "leased_area_m2" in line]
    assert sorted((row[0], row[-2], row[-1]) for row in area) == sorted(
        [(home["lease/la"], "300.00", "–"), (taken, "–", "300.00")]
    )
    night(settings)
    assert ids(settings)["lease/la"] == taken, "the night does what was said"


@pytest.mark.nights
def test_contradictions_are_shown_with_their_lines_and_settled_by_withdrawing_one(settings: Settings) -> None:
    for left, right, decision, who in (
        ("lease/l6", "lease/l1", "same", "li"),
        ("lease/l1", "registration/r1", "same", "wang"),
        ("lease/l6", "registration/r1", "different", "li"),
    ):
        add(settings.judgements, Judgement(left, right, decision, who, "2026-02-01", "x"))
    assert any(text.startswith("different_in_chain · ") for text in preview(settings).conflicts)
    night(settings)
    shown = walked(settings, ["w 9", "w 4 asked both"], reason="judgements_contradict")
    assert "lease/l6 is not registration/r1 (line 4, li, 2026-02-01: x). Next: withdraw the line that is wrong" in shown
    assert "w is followed by one of the lines 2, 3, 4" in shown
    assert lines(settings)[-1] == ("lease/l6", "registration/r1", "withdraw", "asked both")
    assert shown.count("── ") == 2, "the chain's other records are settled with it"
    assert walked(settings, [], is_list=True, reason="judgements_contradict").startswith("0 wait")
    night(settings)
    assert ids(settings)["lease/l6"] == ids(settings)["registration/r1"]


@pytest.mark.nights
def test_the_nights_summary_counts_what_waits_and_what_is_not_in_order(settings: Settings) -> None:
    add(settings.judgements, Judgement("lease/l6", "registration/r1", "same", "li", "2026-02-01", "x"))
    add(settings.judgements, Judgement("lease/l3", "lease/gone", "same", "li", "2026-02-01", "x"))
    night(settings)
    shown = "\n".join(summary(settings))
    assert "To decide    2 (1 contradiction, 1 ambiguous_name): `parkbridge review`" in shown
    assert "Judgements   1 records are where people put them; not in order: 1 record_gone" in shown


def test_undo_appends_a_withdrawal(settings: Settings) -> None:
    walked(settings, ["s"], limit=1)
    moved = preview(settings).moved
    assert [move.record for move in moved] == [FIRST]
    shown = walked(settings, [], undo="", why="the wrong key", is_preview=True)
    assert lines(settings)[-1][2:] == ("withdraw", "the wrong key")
    assert "nothing moves" in shown
    assert preview(settings).moved == []
    with pytest.raises(ParkBridgeError, match="no judgement holds for lease/l7"):
        walked(settings, [], undo=FIRST)


def test_a_judgement_dated_in_the_future_can_be_undone(settings: Settings) -> None:
    add(settings.judgements, Judgement(FIRST, "registration/r1", "same", "li", "2099-01-01", "typed wrongly"))
    walked(settings, [], undo=FIRST)
    assert preview(settings).moved == []


def test_while_the_warehouse_is_written_decisions_are_kept(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(settings: Settings) -> None:
        raise WarehouseBusy("warehouse", "written", next_step="wait")

    monkeypatch.setattr(review_module, "preview", busy)
    shown = walked(settings, ["s"], limit=1, is_preview=True)
    assert "The lines are kept." in shown
    assert len(lines(settings)) == 1


def test_stops_are_shown(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="cannot be read"):
        walked(replace(settings, judgements=tmp_path / "nowhere.csv"), [])
    with pytest.raises(ParkBridgeError, match="there is no park"):
        walked(replace(settings, home=tmp_path / "nowhere"), [])
    shutil.rmtree(settings.published)
    assert "2 wait" in walked(settings, [], is_list=True), "before the first night is published: from the warehouse"
    with alone(settings), pytest.raises(WarehouseBusy, match="is being written"):
        walked(settings, [])
    with writer(settings) as connection:
        connection.execute("drop table resolved.review_queue")
    with pytest.raises(ParkBridgeError, match="no queue of this kind"):
        walked(settings, [])
    with writer(settings) as connection:
        connection.execute("drop table snapshots.enterprise_current")
    with pytest.raises(ParkBridgeError, match="holds no whole night"):
        preview(settings)


def test_the_command_line(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["parkbridge", "review", "--limit", "1", "--who", "李", "--no-preview"])
    monkeypatch.setattr("builtins.input", script("s 看过执照"))
    monkeypatch.setenv("PARKBRIDGE_HOME", str(settings.home))
    monkeypatch.setenv("PARKBRIDGE_JUDGEMENTS", str(settings.judgements))
    assert parkbridge.main() == 0
    assert "1 line written" in capsys.readouterr().out
    assert lines(settings)[0][2:] == ("same", "看过执照")


def test_chinese_text_is_aligned() -> None:
    assert width("ab中文") == 6
    assert width("e\u0301") == 1
    assert padded("中", 4) + "|" == "中  |"
    assert wrapped("园区路1号 two words", 8) == ["园区路1", "号 two", "words"]
    assert wrapped("", 8) == [""]
    assert list(side_by_side(["中文字", "x"], [4, 3])) == ["中文  x", "字"]
    assert list(aligned([("名称", "n"), ("中", 1000)])) == ["名称      n", "中    1,000"]
    assert list(aligned([("a",)])) == ["a"]
