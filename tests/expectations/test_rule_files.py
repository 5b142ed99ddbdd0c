"""Each rule of expectations/rules, on a small warehouse where it holds and on ones where it does not.

A case file rules/<rule>.yml gives, under `holds`, the tables as they should be, and under `breaks` a list of cases:
`why`, the tables that differ (`given`), and the rows that the rule must find (`finds`: as many, with these values).
Tables rules.* hold transforms/rules/ as they are, where a case does not give them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.rule import read_rule
from tests.conftest import prepared
from transforms import night
from warehouse.connection import quote
from warehouse.declared import read_yaml
from warehouse.errors import DeclarationError
from warehouse.models import load_rules
from warehouse.subjects import LINEAGE, subjects

RULES = Path(__file__).parents[2] / "expectations" / "rules"
CASES = Path(__file__).with_name("rules")
NIGHT = {"night_id": "n1", "as_of": datetime(2026, 11, 5, 16), "park_name": "示范园区"}
Rows = list[dict[str, Any]]
_EXAMPLE: dict[str, Any] = {"varchar": "k", "date": date(2026, 10, 1), "bigint": 2025}
# the suffix of a column without a value says its type
NAMED = {("_date", "month"): "date", ("_pct", "_amount", "_m2", "_m3", "_kwh", "_12m"): "decimal(18, 3)"}
TYPES = {bool: "boolean", int: "bigint", float: "decimal(18, 3)", datetime: "timestamp", date: "date", str: "varchar"}


def case_file(rule: str) -> Any:
    return read_yaml((CASES / f"{rule}.yml").read_text(encoding="utf-8"))


def columns_of(table: str, rows: Rows) -> dict[str, str]:
    """Declared columns of a known.* table; else those of the rows, typed by their first value or name."""
    schema, _, name = table.partition(".")
    if schema == "known" and name in subjects():
        return {column.name: column.type for column in subjects()[name].columns.values()} | LINEAGE
    found: dict[str, str] = {}
    for row in rows:
        for column, value in row.items():
            if value is not None:
                found.setdefault(column, TYPES[type(value)])
    untyped = {column for row in rows for column in row} - set(found)
    return found | {
        column: next((kind for suffixes, kind in NAMED.items() if column.endswith(suffixes)), "varchar")
        for column in untyped
    }


def fill(connection: duckdb.DuckDBPyConnection, table: str, rows: Rows, columns: Mapping[str, str]) -> None:
    if table.startswith("known."):
        connection.execute(f"drop view {table}")
    listed = ", ".join(f"{quote(name)} {kind}" for name, kind in columns.items())
    connection.execute(f"create or replace table {table} ({listed})")
    for row in rows:
        values = ", ".join(f"? as {quote(name)}" for name in row)
        connection.execute(f"insert into {table} by name select {values}", list(row.values()))


@cache
def _empty() -> duckdb.DuckDBPyConnection:
    connection = prepared()
    load_rules(connection, night.RULES)
    return connection


@contextmanager
def empty() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty warehouse with its rules, made once; what a case does to it is taken back."""
    connection = _empty()
    connection.begin()
    try:
        yield connection
    finally:
        connection.rollback()


def wrong_rows(rule: str, given: Mapping[str, Rows], all_rows: Mapping[str, Rows]) -> Rows:
    query = read_rule(RULES / f"{rule}.sql").check.wrong_rows
    assert query is not None
    with empty() as connection:
        for table, rows in ({"ops.night": [NIGHT]} | dict(given)).items():
            fill(connection, table, rows, columns_of(table, all_rows.get(table, rows)))
        found = connection.execute(query)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def rows_by_table(case: Any) -> dict[str, Rows]:
    """All rows that a case file gives of each table, so that an empty table still has its columns."""
    together: dict[str, Rows] = {}
    for given in [case["holds"], *(broken["given"] for broken in case["breaks"])]:
        for table, rows in given.items():
            together.setdefault(table, []).extend(rows)
    return together


def all_breaks() -> list[Any]:
    return [
        pytest.param(path.stem, broken, id=f"{path.stem}: {broken['why']}")
        for path in sorted(CASES.glob("*.yml"))
        for broken in case_file(path.stem)["breaks"]
    ]


def test_every_rule_has_cases() -> None:
    assert sorted(path.stem for path in RULES.glob("*.sql")) == sorted(path.stem for path in CASES.glob("*.yml"))


@pytest.mark.parametrize("rule", sorted(path.stem for path in RULES.glob("*.sql")))
def test_a_rule_finds_nothing_where_it_holds(rule: str) -> None:
    case = case_file(rule)
    assert wrong_rows(rule, case["holds"], rows_by_table(case)) == []


@pytest.mark.parametrize(("rule", "broken"), all_breaks())
def test_a_rule_finds_what_breaks_it(rule: str, broken: Any) -> None:
    case = case_file(rule)
    found = wrong_rows(rule, case["holds"] | broken["given"], rows_by_table(case))
    expected = broken["finds"]
    assert len(found) == len(expected), found
    for row in expected:
        assert [f for f in found if all(f[column] == value for column, value in row.items())], (row, found)


@pytest.mark.parametrize("name", subjects())
def test_rules_about_every_subject_cover_every_subject(name: str) -> None:
    """One row of it is a record in neither place, and the same row twice is a fact known twice."""
    subject = subjects()[name]
    row = {column: _EXAMPLE[subject.columns[column].type] for column in subject.key}
    row |= {"feed": "f"} | ({"source_key": "k"} if "source_key" in subject.columns else {})
    empty: dict[str, Rows] = {"resolved.link": [], "resolved.unmatched": []}
    columns = {table: [{"feed": "", "source_key": ""}] for table in empty}
    found = wrong_rows("record_is_accounted_for", empty | {f"known.{name}": [row]}, columns)
    assert found == ([{"feed": "f", "source_key": row["source_key"]}] if subject.is_matched else [])
    assert wrong_rows("fact_is_known_once", {f"known.{name}": [row]}, {}) == []
    (twice,) = wrong_rows("fact_is_known_once", {f"known.{name}": [row, row]}, {})
    assert (twice["subject"], twice["feed"], twice["version_count"]) == (name, "f", 2)


GOOD = """-- rule: No name is X | 无人叫X
-- severity: warning
-- stage: resolved
-- why: it is
--   a letter
-- next step: ask
select 1 as a where false;
"""


def test_a_rule_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "names.sql"
    path.write_text(GOOD, encoding="utf-8")
    rule = read_rule(path)
    assert (rule.stage, rule.title_zh, rule.check.severity) == ("resolved", "无人叫X", "warning")
    assert (rule.check.name, rule.check.why, rule.check.about) == ("No name is X", "it is a letter", "names")
    assert rule.check.wrong_rows == "select 1 as a where false"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("-- why: it is\n--   a letter\n", "", "names.sql: the header lacks why"),
        ("-- severity: warning\n", "", "the header lacks severity"),
        ("-- next step: ask\n", "-- next step:\n", "no header line|lacks next step"),
        ("-- stage: resolved", "-- stage: monthly", "stage 'monthly' is unknown"),
        ("-- severity: warning", "-- severity: fatal", "severity 'fatal' is unknown"),
        (" | 无人叫X", "", "lacks a language"),
        ("No name is X | 无人叫X", "| 无人叫X", "lacks a language"),
        ("No name is X | 无人叫X", "No name is X |", "lacks a language"),
        ("-- next step: ask", "-- next step: ask\n-- mood: good", "unknown mood"),
        ("select 1 as a where false;", "", "no SELECT follows"),
        ("select 1 as a where false;", "delete from resolved.link", "no SELECT follows"),
        ("-- rule: No name", "-- No name", "no header line"),
    ],
)
def test_a_rule_file_without_its_header_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    path = tmp_path / "names.sql"
    path.write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(DeclarationError, match=message):
        read_rule(path)
