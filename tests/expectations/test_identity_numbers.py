"""Identity numbers of natural persons are found in published text, and credit codes are not taken for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from stdnum.cn import ric, uscc

from expectations.identity_numbers import no_identity_numbers
from tests.conftest import in_memory

# made-up persons; python-stdnum confirms the check character
PERSONS = ("11010519491231002X", "110101199003074514")
# all digits, in the shape of an identity number, with its check digit right too; both digits of a credit code are right
CODE_LIKE_A_PERSON = "110105195205278344"


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with in_memory() as connection:
        connection.execute(
            "create schema resolved; create schema monthly; create schema ops;"
            "create table resolved.enterprise (enterprise_name varchar, 备注 varchar, headcount bigint);"
            "create table ops.quarantine (row_json varchar)"
        )
        yield connection


def found(connection: duckdb.DuckDBPyConnection, text: str) -> list[tuple[Any, ...]]:
    connection.execute("delete from resolved.enterprise")
    connection.execute("insert into resolved.enterprise values ('某公司', ?, 1)", [text])
    check = no_identity_numbers(connection, ["resolved", "monthly"])
    assert check is not None
    assert check.wrong_rows is not None
    return connection.execute(check.wrong_rows).fetchall()


@pytest.mark.parametrize("number", PERSONS)
def test_a_person_is_found_wherever_the_number_stands(warehouse: duckdb.DuckDBPyConnection, number: str) -> None:
    assert ric.is_valid(number)
    for text in (number, number.lower(), f"联系人{number}", f"{number}，电话", f"a, {number}; {number} b"):
        ((_, table, column, _, kind, _, count),) = found(warehouse, text)
        assert (table, column, kind, count) == ("resolved.enterprise", "备注", "identity number", 1)


@pytest.mark.parametrize(
    "text",
    [
        "110105194912310021",  # check digit wrong
        "110105194913310022",  # no such month
        "91110000100000" + "00123456789012",  # a longer number
        "某公司",
    ],
)
def test_other_numbers_are_left_alone(warehouse: duckdb.DuckDBPyConnection, text: str) -> None:
    assert found(warehouse, text) == []


def test_a_credit_code_of_digits_is_no_person(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert ric.is_valid(CODE_LIKE_A_PERSON)
    assert uscc.is_valid(CODE_LIKE_A_PERSON)
    assert found(warehouse, CODE_LIKE_A_PERSON) == []


def test_the_number_itself_is_not_copied_into_results(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert PERSONS[0] not in str(found(warehouse, PERSONS[0]))


def test_feed_column_and_record_are_named_and_the_value_is_hashed(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute(
        "create table monthly.note (feed varchar, source_key varchar, month date, address varchar, meter_no varchar);"
        "insert into monthly.note values ('lease', 'T7', '2026-01-01', '某路1号 138-0013\u200b-8000', '13800138000'), "
        f"('lease', '{PERSONS[1]}', '2026-01-01', 'zhang.san@example.com', '2026')"
    )
    check = no_identity_numbers(warehouse, ["resolved", "monthly"])
    assert check
    assert check.wrong_rows
    rows = warehouse.execute(
        f"select * exclude (value_mark) from ({check.wrong_rows}) order by column_name, record"
    ).fetchall()
    assert rows == [
        ("lease", "monthly.note", "address", "source_key (hashed)", "mail address", 1),
        ("lease", "monthly.note", "address", "source_key T7", "phone", 1),
        ("lease", "monthly.note", "source_key", "", "identity number", 1),
    ]
    for secret in (*PERSONS, "8000", "zhang"):
        assert secret not in check.wrong_rows


@pytest.mark.parametrize(("phones", "severity"), [(0, "warning"), (20, "warning"), (21, "critical")])
def test_more_texts_with_a_person_than_the_rule_allows_stop_the_night(
    warehouse: duckdb.DuckDBPyConnection, phones: int, severity: str
) -> None:
    """A text that is there often is one text: transforms/rules/person.yml counts the different ones."""
    for number in range(phones):
        text = f"电话 138{number:08}"
        warehouse.execute("insert into resolved.enterprise select '某公司', ?, 1 from range(2)", [text])
    check = no_identity_numbers(warehouse, ["resolved"])
    assert check
    assert check.wrong_rows
    assert (check.severity, warehouse.sql(check.wrong_rows).shape[0]) == (severity, phones)


def test_without_text_there_is_nothing_to_check() -> None:
    with in_memory() as connection:
        assert no_identity_numbers(connection, ["resolved"]) is None
