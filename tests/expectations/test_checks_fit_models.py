"""The declared suites and rules name tables and columns that the models make."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from expectations.runner import stage_suites
from tests.conftest import empty_warehouse
from transforms.night import ORDER

TRANSFORMS = Path(__file__).parents[2] / "transforms"


@pytest.fixture(scope="module")
def empty_park() -> Iterator[duckdb.DuckDBPyConnection]:
    """Every table of a night in which no silo has said anything yet."""
    with empty_warehouse("2026-11-01 16:00:00") as connection:
        yield connection


def test_every_published_model_has_a_suite(empty_park: duckdb.DuckDBPyConnection) -> None:
    with_suite = {suite.table for stage in ("resolved", "snapshots") for suite in stage_suites(empty_park, stage)}
    models = {
        f"{path.parent.name.partition('_')[2]}.{path.stem}"
        for layer in ORDER
        for path in (TRANSFORMS / layer).glob("*.sql")
    }
    assert models - with_suite == set()


@pytest.mark.parametrize("stage", ["resolved", "snapshots"])
def test_every_check_can_be_evaluated(empty_park: duckdb.DuckDBPyConnection, stage: str) -> None:
    for suite in stage_suites(empty_park, stage):
        described = empty_park.execute(f"describe select * from {suite.table}").fetchall()
        columns = {name for name, *_ in described}
        for check in suite.checks:
            named = {check.arguments[key] for key in ("column", "column_A", "column_B") if key in check.arguments}
            assert named <= columns, (suite.table, check.name)
            if check.wrong_rows is not None:
                assert empty_park.execute(check.wrong_rows.replace("{table}", suite.table)).fetchall() == []
