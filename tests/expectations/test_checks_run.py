"""What a run of checks keeps, when it stops, and what it says then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations import runner
from expectations.runner import FAILURES_KEPT, validate
from expectations.suite import Check, Suite, expect, no_rows, unique
from tests.conftest import prepared
from warehouse.connection import writer
from warehouse.errors import CheckFailed, DeclarationError
from warehouse.settings import Settings


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with prepared() as connection:
        connection.execute("insert into ops.night values ('2026-11-01', timestamp '2026-11-01 16:00:00', '示范园区')")
        connection.execute(
            "create table resolved.enterprise as select 'E' || i as enterprise_id, "
            "case when i % 2 = 0 then '企业' || i end as enterprise_name from range(1000) as t(i)"
        )
        yield connection


def checks_are(monkeypatch: pytest.MonkeyPatch, *checks: Check) -> None:
    """Put these checks of resolved.enterprise in place of the declared ones."""
    suite = Suite("resolved.enterprise", "resolved.enterprise", checks)
    monkeypatch.setattr(runner, "stage_suites", lambda connection, stage: [suite])


NAMED_WARNING = expect("ExpectColumnValuesToNotBeNull", column="enterprise_name", severity="warning", why="readers")
NAMED_CRITICAL = expect(
    "ExpectColumnValuesToNotBeNull",
    column="enterprise_name",
    severity="critical",
    mostly=0.9,
    next_step="ask the register for the names",
)


def test_a_warning_is_kept_and_stops_nothing(
    warehouse: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks_are(monkeypatch, unique(["enterprise_id"]), NAMED_WARNING)
    held, failed = validate(warehouse, "resolved", "2026-11-01")
    assert (held.success, held.message, held.observed, held.unexpected_count) == (True, "holds", None, None)
    assert (failed.success, failed.severity, failed.unexpected_count, failed.unexpected_pct) == (
        False,
        "warning",
        500,
        50.0,
    )
    kept = warehouse.execute(
        "select * exclude (checked_at) from ops.validation_result order by success desc"
    ).fetchall()
    assert kept == [
        ("2026-11-01", *(getattr(result, field) for field in result.__dataclass_fields__)) for result in (held, failed)
    ]


def test_rows_that_break_a_check_are_kept_under_what_it_is_about(
    warehouse: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the table by default; a check that holds, that cannot be made, or that no single row breaks has no rows."""
    checks_are(
        monkeypatch,
        no_rows("two", "select enterprise_id from {table} where enterprise_id in ('E1', 'E2')", "warning"),
        no_rows("one", "select enterprise_id from {table} where enterprise_id = 'E3'", "warning", about="the rule"),
        no_rows("none", "select enterprise_id from {table} where enterprise_id = 'X'", "warning"),
        no_rows("broken", "select no_such_column from {table}", "warning"),
        expect("ExpectTableRowCountToBeBetween", min_value=1001, severity="warning"),
    )
    assert [result.success for result in validate(warehouse, "resolved", "2026-11-01")] == [
        False,
        False,
        True,
        False,
        False,
    ]
    kept = warehouse.execute(
        "select object_name, check_name, row_json from ops.validation_failure order by all"
    ).fetchall()
    assert [(about, check, json.loads(row)) for about, check, row in kept] == [
        ("resolved.enterprise", "two", {"enterprise_id": "E1"}),
        ("resolved.enterprise", "two", {"enterprise_id": "E2"}),
        ("the rule", "one", {"enterprise_id": "E3"}),
    ]


def test_a_critical_failure_stops_after_everything_is_kept(
    warehouse: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = no_rows(
        "no enterprise is called 企业0", "select * from {table} where enterprise_name = '企业0'", "critical"
    )
    checks_are(monkeypatch, NAMED_CRITICAL, empty, unique(["enterprise_id"]))
    with pytest.raises(CheckFailed) as stop:
        validate(warehouse, "resolved", "2026-11-01")
    assert str(stop.value) == (
        "night 2026-11-01, resolved: the last published night stays; 2 of 3 checks failed: "
        "resolved.enterprise: enterprise_name is never empty in 90 % of rows: 500 of 1,000 rows (50.0 %) wrong; "
        "10 % allowed; resolved.enterprise: no enterprise is called 企业0: 1 wrong; none allowed. "
        "Next: ask the register for the names; the rows are in ops.validation_failure, night_id 2026-11-01"
    )
    kept = warehouse.execute("select check_name, success from ops.validation_result").fetchall()
    assert sorted(success for _, success in kept) == [False, False, True]


def test_wrong_rows_are_kept_up_to_a_stated_number(
    warehouse: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks_are(monkeypatch, NAMED_WARNING, unique(["enterprise_name"], "warning"))
    validate(warehouse, "resolved", "2026-11-01")
    rows = warehouse.execute(
        "select check_name, row_json from ops.validation_failure where night_id = '2026-11-01' order by all"
    ).fetchall()
    named = [json.loads(row) for name, row in rows if name == "enterprise_name is never empty"]
    assert len(named) == FAILURES_KEPT < 500
    assert named[0] == {"enterprise_id": "E1", "enterprise_name": None}
    (repeated,) = [json.loads(row) for name, row in rows if name == "enterprise_name is unique"]
    assert repeated == {"enterprise_name": None, "row_count": 500}


def test_a_second_run_replaces_the_first_and_leaves_other_nights(
    warehouse: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks_are(monkeypatch, NAMED_WARNING)
    for night in ("2026-10-31", "2026-11-01", "2026-11-01"):
        validate(warehouse, "resolved", night)
    count = "select night_id, count(*) from ops.{} group by all order by all"
    assert warehouse.execute(count.format("validation_result")).fetchall() == [("2026-10-31", 1), ("2026-11-01", 1)]
    assert warehouse.execute(count.format("validation_failure")).fetchall() == [
        ("2026-10-31", FAILURES_KEPT),
        ("2026-11-01", FAILURES_KEPT),
    ]


def test_a_check_that_cannot_be_evaluated_stops_if_critical(
    warehouse: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks_are(monkeypatch, expect("ExpectColumnValuesToNotBeNull", column="uscc", severity="critical"))
    with pytest.raises(CheckFailed, match=r"uscc is never empty: it could not be checked \(.*uscc.*does not exist"):
        validate(warehouse, "resolved", "2026-11-01")
    assert warehouse.execute("select success from ops.validation_result").fetchall() == [(False,)]


def test_checks_run_while_the_writer_holds_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARKBRIDGE_HOME", str(tmp_path))
    with writer(Settings.from_environment()) as connection:
        connection.execute(
            "create table resolved.enterprise as select 'E1' as enterprise_id, '企业' as enterprise_name"
        )
        checks_are(monkeypatch, NAMED_CRITICAL, unique(["enterprise_id"]))
        assert all(result.success for result in validate(connection, "resolved", "2026-11-01"))
        # the connection is as it was: still open, and not in a transaction
        connection.begin()
        connection.commit()


def test_data_docs_of_a_stage_are_replaced(
    warehouse: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    checks_are(monkeypatch, NAMED_WARNING)
    for night in ("2026-10-31", "2026-11-01"):
        validate(warehouse, "resolved", night, tmp_path)
    assert (tmp_path / "resolved" / "index.html").is_file()
    nights = {page.parts[-3] for page in (tmp_path / "resolved" / "validations").rglob("*.html")}
    assert nights == {"2026-11-01"}


def test_an_unknown_stage_is_refused(warehouse: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(DeclarationError, match="use one of resolved, snapshots"):
        validate(warehouse, "monthly", "2026-11-01")


@pytest.mark.nights  # some 900 checks of which most fail, which costs more than those that hold
def test_declared_stages_run_on_an_empty_warehouse_and_say_what_is_missing(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """Great Expectations takes every declared suite and rule; here most tables are not there yet."""
    for stage in ("resolved", "snapshots"):
        with pytest.raises(CheckFailed, match="could not be checked"):
            validate(warehouse, stage, "2026-11-01")
        declared = {check.name for suite in runner.stage_suites(warehouse, stage) for check in suite.checks}
        kept = warehouse.execute("select check_name from ops.validation_result").fetchall()
        assert declared <= {name for (name,) in kept}


@pytest.mark.parametrize(
    ("mostly", "found", "observed", "allowed", "pct"),
    [
        (1, {"wrong_count": 1234, "row_count": 20_000}, "1,234 of 20,000 rows (6.2 %) wrong", "; none allowed", 6.17),
        (0.995, {"wrong_count": 2, "row_count": 8}, "2 of 8 rows (25.0 %) wrong", "; 0.5 % allowed", 25),
        (1, {"wrong_count": 1234}, "1,234 wrong", "; none allowed", None),  # of a query: of how many is unknown
        (1, {"wrong_count": 3, "row_count": 0}, "3 wrong", "; none allowed", None),
        (1, {"observed": "7"}, "found 7", "", None),  # of a whole table: the name says what is allowed
        (1, {"error": "no such column"}, "it could not be checked (no such column)", "", None),
    ],
)
def test_a_failure_says_what_was_seen_and_allowed(
    mostly: float, found: dict[str, Any], observed: str, allowed: str, pct: float | None
) -> None:
    from expectations.evaluation import Outcome

    more: dict[str, Any] = {"mostly": mostly} if mostly != 1 else {}
    check = expect("ExpectColumnValuesToNotBeNull", column="a", severity="critical", next_step="ask for it", **more)
    result = runner._result(Suite("s", "t.u", (check,)), Outcome(check, is_met=False, **found))
    assert (result.observed, result.object_name, result.success) == (observed, "t.u", False)
    assert result.message == f"t.u: {check.name}: {observed}{allowed}. Next: ask for it"
    assert result.unexpected_pct == (pct if pct is None else pytest.approx(pct))
    bare = no_rows("n", "select 1", "warning", about="the rule")
    result = runner._result(Suite("s", "t.u", (bare,)), Outcome(bare, is_met=False, **found))
    assert (result.object_name, "Next" in result.message) == ("the rule", False)
    holds = runner._result(Suite("s", "t.u", (check,)), Outcome(check, is_met=True))
    assert (holds.observed, holds.message, holds.unexpected_count) == (None, "holds", None)


def test_six_failures_are_five_and_one_more(
    warehouse: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = [no_rows(f"check {n}", f"select {n}", "critical", next_step=f"step {n}") for n in range(6)]
    checks_are(monkeypatch, *checks, no_rows("a warning", "select 1", "warning"))
    with pytest.raises(CheckFailed) as stopped:
        validate(warehouse, "resolved", "2026-11-01")
    assert "6 of 7 checks failed" in stopped.value.fact
    assert stopped.value.fact.endswith("; and 1 more")
    assert "check 4: 1 wrong" in stopped.value.fact
    assert "check 5" not in stopped.value.fact
    assert stopped.value.next_step.startswith("step 0; the rows are in ops.validation_failure")
    checks_are(monkeypatch, *checks[:5])
    with pytest.raises(CheckFailed) as stopped:
        validate(warehouse, "resolved", "2026-11-01")
    assert stopped.value.fact.endswith("check 4: 1 wrong; none allowed")
