"""A feed's contract, from its declaration to the rows it stops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pytest

from expectations.contracts import contract
from expectations.runner import check_feed
from tests.conftest import in_memory
from warehouse.errors import CheckFailed, DeclarationError
from warehouse.subjects import LINEAGE, Subject, subjects


@dataclass(frozen=True)
class DeclaredFeed:
    """The three things that a contract reads of a connectors.feed.Feed."""

    name: str
    subject: Subject
    checks: Sequence[Mapping[str, Any]] = ()


CHECKS = (
    {"column": "insured_headcount", "between": [0, 200000], "severity": "critical"},
    {"column": "uscc", "matches": "^[0-9A-Z]{18}$", "mostly": 0.5, "severity": "warning"},
    {"column": "address", "in": ["园区路1号", "园区路2号"], "not_null": True, "severity": "warning"},
)
STAFF = DeclaredFeed("insured_staff", subjects()["employment"], CHECKS)
GOOD: dict[str, Any] = {
    "source_key": "A1",
    "unit_no": "A1",
    "uscc": "91320594MA1P7C9T7X",
    "enterprise_name": "苏州某某有限公司",
    "address": "园区路1号",
    "month": "2026-10-01",
    "insured_headcount": 12,
    "wage_amount": "120000.00",
    "feed": "insured_staff",
    "batch_id": "b1",
    "row_number": 1,
    "recorded_at": "2026-11-02 08:00:00",
    "received_at": "2026-11-03 00:30:00",
}


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with in_memory() as connection:
        columns = {column.name: column.type for column in STAFF.subject.columns.values()} | LINEAGE
        columns.pop("superseded_at")
        listed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        connection.execute(f"create schema incoming; create table incoming.insured_staff ({listed})")
        yield connection


def deliver(connection: duckdb.DuckDBPyConnection, *changes: dict[str, Any]) -> None:
    for change in changes:
        row = GOOD | change
        connection.execute(
            f"insert into incoming.insured_staff by name select {', '.join(f'? as {name}' for name in row)}",
            list(row.values()),
        )


def test_a_good_delivery_passes(warehouse: duckdb.DuckDBPyConnection) -> None:
    # the same fact twice in one batch, recorded at two times, is a correction and no conflict
    deliver(warehouse, {}, {"source_key": "A2"}, {"source_key": "A2", "recorded_at": "2026-11-02 09:00:00"})
    results = check_feed(warehouse, STAFF, "b1")
    assert {result.success for result in results} == {True}
    names = {result.check_name for result in results}
    assert names >= {
        "insured_headcount is between 0 and 200000",
        "insured_headcount is of type BIGINT",
        "source_key is never empty",
        "source_key, month, batch_id, received_at, recorded_at are together unique",
        "uscc matches ^[0-9A-Z]{18}$ in 50 % of rows",
        "address is never empty",
        "address is one of 园区路1号, 园区路2号",
    }
    kept = warehouse.execute("select distinct night_id, suite, object_name from ops.validation_result").fetchall()
    assert kept == [("b1", "feed.insured_staff", "incoming.insured_staff")]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            [{"month": "2026-09-01", "insured_headcount": 200001}],
            r"insured_headcount is between 0 and 200000: 1 of 2 rows \(50.0 %\) wrong",
        ),
        ([{"month": None}], "month is never empty: 1 of 2 rows"),
        ([{}], "together unique: 1 wrong"),
    ],
)
def test_a_critical_check_stops_the_feed(
    warehouse: duckdb.DuckDBPyConnection, changes: list[dict[str, Any]], message: str
) -> None:
    deliver(warehouse, {}, *changes)
    with pytest.raises(CheckFailed, match=f"insured_staff b1: nothing of the delivery is accepted; 1 of .*{message}"):
        check_feed(warehouse, STAFF, "b1")


def test_a_warning_and_an_allowance_let_it_pass(warehouse: duckdb.DuckDBPyConnection) -> None:
    deliver(warehouse, {"source_key": "A1", "uscc": "?"}, {"source_key": "A2", "address": None})
    failed = [result for result in check_feed(warehouse, STAFF, "b1") if not result.success]
    assert [(result.check_name, result.severity) for result in failed] == [("address is never empty", "warning")]


def test_a_column_of_another_type_stops_the_feed(warehouse: duckdb.DuckDBPyConnection) -> None:
    deliver(warehouse, {})
    warehouse.execute("alter table incoming.insured_staff alter insured_headcount type varchar")
    with pytest.raises(CheckFailed, match="insured_headcount is of type BIGINT: found String"):
        check_feed(warehouse, DeclaredFeed("insured_staff", subjects()["employment"]), "b1")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"column": "headcount", "between": [0, 1], "severity": "critical"}, "no column of employment"),
        ({"column": "uscc", "like": "9%", "severity": "critical"}, "unknown like"),
        ({"column": "uscc", "severity": "critical"}, "it has no condition"),
        ({"column": "uscc", "not_null": True}, "severity 'None' is unknown"),
        ({"column": "insured_headcount", "between": [0], "severity": "warning"}, "write between"),
    ],
)
def test_what_a_contract_cannot_say(entry: dict[str, Any], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        contract(DeclaredFeed("insured_staff", subjects()["employment"], [entry]))


@pytest.mark.parametrize("name", subjects())
def test_every_subject_has_a_contract(name: str) -> None:
    suite = contract(DeclaredFeed("f", subjects()[name]))
    never_empty = {check.name for check in suite.checks if check.expectation == "ExpectColumnValuesToNotBeNull"}
    required = {column.name for column in subjects()[name].columns.values() if column.is_required}
    assert {f"{column} is never empty" for column in required} <= never_empty


@pytest.mark.parametrize("code", ["gst", "total", "VAT"])
def test_a_code_that_no_model_knows_stops_the_feed(code: str) -> None:
    """A tax of an unknown kind would be in no total, and a stated total in two."""
    taxes = DeclaredFeed("taxes", subjects()["tax_payment"])
    columns = {column.name: column.type for column in taxes.subject.columns.values()} | LINEAGE
    columns.pop("superseded_at")
    with in_memory() as connection:
        listed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        connection.execute(f"create schema incoming; create table incoming.taxes ({listed})")
        known = {"feed": "taxes", "batch_id": "b1", "received_at": "2026-11-03 00:30:00"}
        for number, kind in enumerate(["vat", code], start=1):
            row: dict[str, Any] = known | {"row_number": number, "tax_kind_code": kind}
            for column in taxes.subject.columns.values():
                if column.is_required and column.name not in row:
                    row[column.name] = {"varchar": f"A{number}", "date": "2026-10-01"}.get(column.type, 1)
            connection.execute(
                f"insert into incoming.taxes by name select {', '.join(f'? as {name}' for name in row)}",
                list(row.values()),
            )
        with pytest.raises(CheckFailed, match=r"tax_kind_code is one of vat, cit, .*: 1 of 2 rows .*warehouse/columns"):
            check_feed(connection, taxes, "b1")
        failed = connection.execute("select row_json ->> 'tax_kind_code' from ops.validation_failure").fetchall()
        assert failed == [(code,)]
