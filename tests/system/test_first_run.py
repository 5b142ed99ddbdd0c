"""What a stranger sees after the first command: a summary, a file that opens, no person in it, and a second run that is short."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import demo
from report.summary import TRY_THESE
from tests.system.conftest import Park

pytestmark = [pytest.mark.airflow, pytest.mark.nights]


def test_the_summary_says_what_is_there(first_run: tuple[Park, str]) -> None:
    park, printed = first_run
    for feed in (
        "registration",
        "tax_filing",
        "tax_payment",
        "employment",
        "lease",
        "building",
        "utility_use",
        "access_count",
        "industry_stat",
        "input_output",
        "outsider",
        "outsider_branch",
        "trade",
        "patent",
    ):
        assert f"✓ {feed}" in printed
    assert "0 failed" in printed
    assert str(park.published) in printed
    enterprises = park.ask("select count(distinct enterprise_id) from resolved.link")[0][0]
    assert f"Enterprises  {enterprises:,} from" in printed


def test_status_and_summary_as_json_say_what_their_text_says(park: Park) -> None:
    text, said = park.run("summary").stdout, json.loads(park.run("summary", "--json").stdout)
    plain = re.sub(r" +", " ", text)
    assert f"night {said['night_id']}" in text
    checks = said["checks"]
    assert f"Checks {checks['passed']:,} passed, {checks['warned']:,} warned, {checks['failed']:,} failed" in plain
    assert f"Enterprises {said['enterprises']:,} from {said['source_records']:,} source records" in plain
    for flow, count in said["staff_flows"].items():
        assert f"{count:,} {flow}" in plain
    for alert in said["alerts"]:
        assert f"{alert['alert_code']} {alert['precise']:,} of {alert['total']:,}" in plain
    for feed in said["feeds"]:
        figures = [feed[name] for name in ("deliveries", "rows_landed", "rows_rejected", "rows_corrected")]
        assert f"{feed['title_zh']} {' '.join(f'{figure:,}' for figure in figures)} {feed['last_month'] or ''}" in plain
    status = json.loads(park.run("status", "--json").stdout)
    assert status["feeds"] == said["feeds"]
    listed = park.run("status").stdout
    assert sum(line.startswith("QUARANTINED") for line in listed.splitlines()) == len(status["quarantined"][:10])
    assert [feed["feed"] for feed in status["feeds"] if feed["is_late"]] == re.findall(
        r"^LATE  (\w+)", listed, re.MULTILINE
    )


def test_pandas_and_duckdb_open_the_published_file(park: Park) -> None:
    with duckdb.connect(str(park.published), read_only=True) as connection:
        frame = connection.sql("select * from snapshots.enterprise_month").df()
    assert isinstance(frame, pd.DataFrame)
    assert not frame.duplicated(["enterprise_id", "month"]).any()
    assert frame["month"].nunique() == 36


def test_every_published_table_and_column_has_its_meaning(park: Park) -> None:
    silent = park.ask(
        "select schema_name || '.' || table_name from duckdb_tables() where comment is null union all "
        "select schema_name || '.' || table_name || '.' || column_name from duckdb_columns() "
        "where comment is null and schema_name not in ('rules', 'ops', 'main', 'pg_catalog', 'information_schema') "
        "and schema_name not in ('园区', '核对') and not internal"
    )
    assert silent == []


def test_operators_ask_in_chinese(park: Park) -> None:
    rows = park.ask("select 企业编号, 企业名称 from 园区.企业现状 limit 3")
    assert len(rows) == 3


def _texts(path: Path) -> list[str]:
    """Every text in every column of a DuckDB or Parquet file: what a byte search would miss in compressed pages."""
    with duckdb.connect(":memory:") as connection:
        if path.suffix == ".parquet":
            tables = [f"read_parquet('{path}')"]
        else:
            connection.execute(f"attach '{path}' as f (read_only)")
            tables = [
                f'f."{schema}"."{table}"'
                for schema, table in connection.execute(
                    "select schema_name, table_name from duckdb_tables() where database_name = 'f'"
                ).fetchall()
            ]
        return [
            row[0]
            for table in tables
            for row in connection.execute(f"select to_json(t)::varchar from {table} as t").fetchall()
        ]


def _persons_in(text: str, persons: frozenset[str]) -> set[str]:
    """Which of the persons are in the text, in one pass: every window of a person's length in every run of their characters."""
    alphabet = "".join(sorted(map(re.escape, set("".join(persons)))))
    lengths = sorted({len(person) for person in persons})
    return {
        window
        for run in re.findall(f"[{alphabet}]{{{lengths[0]},}}", text)
        for length in lengths
        for first in range(len(run) - length + 1)
        if (window := run[first : first + length]) in persons
    }


def _files_with(folder: Path, persons: frozenset[str]) -> list[str]:
    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or "airflow" in path.relative_to(folder).parts:
            continue
        text = (
            "\n".join(_texts(path))
            if path.suffix in (".duckdb", ".parquet")
            else path.read_bytes().decode("utf-8", "replace")
        )
        found += [f"{path.name}: {person}" for person in sorted(_persons_in(text, persons))]
    return found


def test_no_planted_person_is_in_any_file(park: Park, tmp_path: Path) -> None:
    planted = pq.read_table(park.truth / "planted.parquet").to_pandas()
    persons = frozenset(
        str(value)
        for kind, value in zip(planted["kind"], planted["value"], strict=True)
        if "identity" in kind or "phone" in kind or "mobile" in kind
    )
    assert len(persons) > 100
    # the search finds each of them, in text and in compressed pages, also within a longer number
    pq.write_table(pa.table({"note": [f"7{person}，{person}" for person in persons]}), tmp_path / "planted.parquet")
    (tmp_path / "planted.log").write_text("\n".join(f"电话{person}x" for person in persons), encoding="utf-8")
    assert len(_files_with(tmp_path, persons)) == 2 * len(persons)
    assert _files_with(park.home, persons) == []


def breaks_one_feed(park: Park) -> None:
    """A file with another header stops its feed and leaves everything published as it was; then the office takes it back."""
    before = park.published.read_bytes()
    file = sorted((park.folder / "demo" / "silos" / "employment").glob("参保_*.csv"))[-1]
    good = file.read_bytes()
    extra = file.with_name("参保_202611.csv")
    extra.write_bytes(good.replace("参保人数".encode("gb18030"), "人头数".encode("gb18030"), 1))
    os.utime(extra, (park.now - 3600, park.now - 3600))
    offices = demo.connections(park.folder / "demo", 1) | {"PARKBRIDGE_PSEUDONYM_KEY": "demo park, not a secret"}
    try:
        done = park.run("sync", "employment", check=False, environment=offices)
        assert done.returncode == 1
        assert "unknown column '人头数'" in done.stderr
        assert "Next: " in done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        assert park.published.read_bytes() == before
        printed = park.run("status", check=False)
        assert printed.returncode == 1
        assert "STOPPED  employment" in printed.stdout
    finally:
        extra.unlink()


def test_a_broken_feed_changes_nothing_and_the_next_run_does_only_what_is_new(park: Park) -> None:
    """One test, because a run of every feed takes a minute: the run after the broken feed is also the second one."""
    breaks_one_feed(park)
    digest = (
        "select md5(string_agg(to_json(t)::varchar, '' order by enterprise_id, month)) "
        "from (select * exclude (as_of) from snapshots.enterprise_month) as t"
    )
    before, batches = park.ask(digest), [row[0] for row in park.ask("select feed || batch_id from ops.batch")]
    landed = {p: hashlib.sha256(p.read_bytes()).hexdigest() for p in (park.home / "raw").glob("*/*/rows.parquet")}
    printed = park.demo().stdout
    assert printed.count("nothing new") >= 5
    [assessed] = [line for line in printed.splitlines() if line.startswith("Assessed")]
    for code, count in park.ask("select assessment_code, count(*) from snapshots.assessment group by 1"):
        assert f" {count} {code}" in assessed
    since = park.ask("select feed || batch_id, rows_new, rows_changed, rows_withdrawn from ops.batch")
    assert [row for row in since if row[0] not in batches and any(row[1:])] == []
    assert park.ask(digest) == before
    after = {p: hashlib.sha256(p.read_bytes()).hexdigest() for p in (park.home / "raw").glob("*/*/rows.parquet")}
    assert landed.items() <= after.items()
    assert "STOPPED" not in park.run("status").stdout


@pytest.mark.slow  # on small parks after every kind of fault: tests/warehouse/test_rebuild.py, test_faults.py
def test_rebuild_gives_identical_staged_rows(park: Park) -> None:
    def staged() -> dict[str, tuple[object, ...]]:
        with duckdb.connect(str(park.home / "warehouse.duckdb"), read_only=True) as connection:
            tables = connection.execute(
                "select table_name from duckdb_tables() where schema_name = 'staged'"
            ).fetchall()
            return {
                name: connection.execute(
                    f"select count(*), bit_xor(hash(t)), sum(hash(t) % 1000003) from staged.{name} as t"
                ).fetchall()[0]
                for (name,) in tables
            }

    before = staged()
    assert sum(int(str(row[0])) for row in before.values()) > 50_000
    park.run("rebuild")
    assert staged() == before


def test_rollback_puts_the_night_before_back(park: Park) -> None:
    if len(park.run("rollback", "--list").stdout.splitlines()) < 2:  # whatever ran before this test
        park.demo()
    newest = park.ask("select night_id from ops.night")[0][0]
    park.run("rollback")
    assert park.ask("select night_id from ops.night")[0][0] < newest  # type: ignore[operator]
    park.run("rollback", str(newest))
    assert park.ask("select night_id from ops.night")[0][0] == newest


def test_sql_answers_in_three_forms_and_only_reads(park: Park) -> None:
    assert '"n":1' in park.run("sql", "select 1 as n", "--format", "json").stdout
    assert park.run("sql", "select 1 as n", "--format", "csv").stdout == "n\n1\n"
    assert "园区" in park.run("sql", "select park_name from ops.night").stdout
    for forbidden in (
        "create table x (a int)",
        "copy (select 1) to '/tmp/x.csv'",
        "select * from read_text('/etc/hostname')",
    ):
        refused = park.run("sql", forbidden, check=False)
        assert refused.returncode == 1
        assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("words", [("feeds",), ("doctor",), ("summary",), ("rollback", "--list"), ("feed", "check")])
def test_commands_answer(park: Park, words: tuple[str, ...]) -> None:
    assert park.run(*words).stdout.strip()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("sync", "no_such_feed"), "no such feed"),
        (("rollback", "19990101T000000Z"), "there is no night"),
        (("discard", "lease", "no_such_batch", "--why", "x"), "there is no batch"),
        (("sql", "select * from nowhere"), "nowhere"),
        (("feed", "new", "rain", "--subject", "weather"), "there is no subject"),
        (("demo", "--enterprises", "20"), "cannot hold every story"),
        (("demo", "--months", "12"), "12 months of history cannot hold every story"),
    ],
)
def test_a_users_mistake_is_answered_without_a_traceback(park: Park, words: tuple[str, ...], message: str) -> None:
    done = park.run(*words, check=False)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Next: " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_new_feed_is_one_folder(park: Park, tmp_path: Path) -> None:
    folder = tmp_path / "feeds"
    folder.mkdir()
    shutil.copytree("connectors/feeds/lease", folder / "lease")
    park.run("feed", "new", "gym_visits", "--subject", "access_count", environment={"PARKBRIDGE_FEEDS": str(folder)})
    assert "gym_visits: as expected" in park.run("feed", "check", environment={"PARKBRIDGE_FEEDS": str(folder)}).stdout


@pytest.mark.parametrize("query", TRY_THESE)
def test_the_queries_that_the_summary_suggests_answer(park: Park, query: str) -> None:
    assert park.ask(query)
