"""Every step of transforms/matching on small tables, worked by hand: tests/matching/<step>.yml.

A file is a list of cases: what the case `shows`, the tables that the step reads (`given`, as CSV) and what must come out
(`expect`). A column that is not given is NULL, an empty field is NULL, `''` is an empty text. Rules are those of
transforms/rules/; `rules` changes figures of rules.matching, so that a limit is reached with few rows.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import prepared
from transforms.matching.engine import STEPS, make
from transforms.resolution.resolve import RULES
from warehouse.connection import quote
from warehouse.declared import read_yaml
from warehouse.models import load_rules

CASES = Path(__file__).parent
# texts and whole numbers are distinguished by the column's name; these are whole numbers where a step before made them
RANKED = {"scored": "match_rank"}
WHOLE = ("_id", "_count", "_length", "_distance", "_start", "_characters", "_in_name", "_of_keys", "row_no")
KINDS = {"bits": "double", "_bits": "double", "score": "double", "similarity": "double"}

# every column that a step reads of these, so that a case may leave out those that do not matter
COLUMNS = {
    "address": "id,address_key,building,province,place,city,road,number,premises",
    "name": "id,name_key,body,place,is_joint_stock,is_branch,is_short,foreign_form,is_full",
    "stated_name": "id,name_key,bare_key,bracketed,is_short",
    "stated_address": "id,address_key,building",
    "code": "id,code,is_valid,org_code",
    "industry": "id,industry",
    "identity": "id,shown_id,shown_name",
    "row": "row_no,shown_id,id",
}
TABLES = {f"{side}_{table}": listed for table, listed in COLUMNS.items() for side in ("left", "right")} | {
    "address": COLUMNS["address"],
    "stated_name": COLUMNS["stated_name"],
    "stated_address": COLUMNS["stated_address"],
    "province": "province,abbreviations",
    "known_place": "place,place_length",
    "known_count": "enterprise_bits",
    "character_count": "character_text,name_count",
    "gram_count": "gram,name_count",
    "city_count": "city,bits",
    "building_count": "building,bits",
    "premises_count": "level,road,premises,enterprise_count,bits",
    "information": "body,bits",
    "prefix": "body,id,is_whole",
    "prefix_count": "body,prefix_count,whole_count,prefix_bits,whole_bits",
    "pair_budget": "pair_count",
    "pair_typing_error": "left_id,right_id",
    "pair_city_character": "left_id,right_id",
    "pair_code": "left_id,right_id",
    "name_similarity": "left_id,right_id,left_key,right_key,left_body,right_body,is_left_branch,is_right_branch,is_left_short,"
    "is_left_full,left_place,right_place,is_left_joint_stock,is_right_joint_stock,left_form,right_form,left_text,right_text,"
    "common_start,common_characters,common_in_name,edit_distance,edit_distance_of_keys",
    "name_difference": "left_id,right_id,left_key,right_key,left_body,right_body,is_sister,is_other_word",
    "name_level": "left_id,right_id,left_key,right_key,left_body,right_body,is_left_joint_stock,is_right_joint_stock,"
    "is_branch_for_short,is_left_full,is_other_word,is_other_form,left_place,is_same_place,common_characters,left_length,"
    "right_length,level",
    "given_name_level": "left_id,right_id,level,is_alike",
    "name_comparison": "left_id,right_id,name_level,right_key,is_left_full,is_other_form,left_place,is_same_place,is_other_word,"
    "is_left_joint_stock,is_right_joint_stock,is_branch_for_short,name_bits,agreement_bits",
    "address_similarity": "left_id,right_id,left_place,right_place,left_city,right_city,road,number,premises,building,"
    "is_same_building,is_other_building,is_same_city,is_same_road,is_same_number,is_other_number,is_same_premises,"
    "is_other_road,is_other_room,text_similarity",
    "address_comparison": "left_id,right_id,right_place,left_city,address_level,address_bits",
    "head_comparison": "left_id,right_id,address_bits",
    "code_comparison": "left_id,right_id,code_level,code_bits",
    "industry_comparison": "left_id,right_id,industry_bits",
    "learned": "joint_stock_bits,other_bits",
    "left_keyed": "id",
    "scored": "left_id,match_rank,right_id,right_key,right_place,is_right_joint_stock,name_level,address_level,code_level,"
    "is_left_full,may_decide,bits,score",
    "exact_code": "left_id,right_id,enterprise_count,method",
    "exact_name": "left_id,right_id,enterprise_count",
    "decided_exactly": "left_id,code_right_id,code_method,method,right_id,is_open",
}


def kind(table: str, column: str) -> str:
    """The type of a column, by its name."""
    if column.startswith(("is_", "may_", "has_", "are_")):
        return "boolean"
    if RANKED.get(table) == column or column == "id" or (column.endswith(WHOLE) and column != "shown_id"):
        return "bigint"
    return next((kind for end, kind in KINDS.items() if column == end or column.endswith(end)), "varchar")


def rows_of(text: str) -> tuple[list[str], list[list[str | None]]]:
    header, *rows = csv.reader(io.StringIO(text.strip()))
    assert all(len(row) == len(header) for row in rows), f"rows of another length than the header:\n{text}"
    return header, [[None if value == "" else "" if value == "''" else value for value in row] for row in rows]


def cases() -> Iterator[Any]:
    for path in sorted(CASES.glob("*.yml")):
        for case in read_yaml(path.read_text(encoding="utf-8")):
            yield pytest.param(path.stem, case, id=f"{path.stem}/ {case['shows']}")


@pytest.fixture(scope="module")
def with_rules() -> Iterator[duckdb.DuckDBPyConnection]:
    """One warehouse with the rules; what a case makes in it is taken back."""
    with prepared() as connection:
        load_rules(connection, RULES)
        yield connection


def outcome(
    connection: duckdb.DuckDBPyConnection, step: str, case: Any
) -> tuple[list[str], list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """The columns that a case expects, the rows that it expects, and those that the step gives."""
    connection.begin()
    try:
        for column, value in case.get("rules", {}).items():
            connection.execute(f"update rules.matching set {quote(column)} = ?", [value])
        given = case.get("given", {})
        assert set(given) <= set(TABLES), f"unknown: {sorted(set(given) - set(TABLES))}"
        for table, listed in TABLES.items():
            declared = ", ".join(f"{column} {kind(table, column)}" for column in listed.split(","))
            connection.execute(f"create temp table {table} ({declared})")
            header, rows = rows_of(given[table]) if table in given else ([], [])
            for row in rows:
                connection.execute(
                    f"insert into {table} ({', '.join(header)}) values ({', '.join('?' * len(row))})", row
                )
        make(connection, step, "made")
        header, rows = rows_of(case["expect"])
        columns = {name: kind for name, kind, *_ in connection.execute("describe made").fetchall()}
        assert set(header) <= set(columns), f"{step} has the columns {', '.join(columns)}"
        connection.execute(f"create temp table expected ({', '.join(f'{name} {columns[name]}' for name in header)})")
        for row in rows:
            connection.execute(f"insert into expected values ({', '.join('?' * len(row))})", row)
        listed = ", ".join(header)
        rounded = ", ".join(f"round({n}, 3) as {n}" if columns[n] == "DOUBLE" else n for n in header)
        expected = connection.execute(f"select {listed} from expected order by all").fetchall()
        return header, expected, connection.execute(f"select {rounded} from made order by all").fetchall()
    finally:
        connection.rollback()


@pytest.mark.parametrize(("step", "case"), list(cases()))
def test_step(with_rules: duckdb.DuckDBPyConnection, step: str, case: Any) -> None:
    header, expected, found = outcome(with_rules, step, case)
    missing = [row for row in expected if row not in found]
    surplus = [row for row in found if row not in expected]
    assert expected == found, f"{header}\nexpected, not there: {missing}\nthere, not expected: {surplus}"


def test_every_step_has_a_case() -> None:
    assert sorted(path.stem for path in STEPS.glob("*.sql")) == sorted(path.stem for path in CASES.glob("*.yml"))
