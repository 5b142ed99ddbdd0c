"""Headline figures: value, unit, and the change of a year; and what a query reads of an edition."""

from __future__ import annotations

from decimal import Decimal

import pytest

from report.source import PERCENT, figure, with_nulls


@pytest.mark.parametrize(
    ("row", "given", "change", "unit"),
    [
        # 12 after 10: 20 % more; a change that the file states is not reckoned again
        ({"insured_headcount": 12, "insured_headcount_before": 10}, None, Decimal(20), PERCENT),
        ({"insured_headcount": 12, "insured_headcount_before": 10}, Decimal("19.5"), Decimal("19.5"), PERCENT),
        ({"insured_headcount": 12, "insured_headcount_before": None}, None, None, PERCENT),
        ({"insured_headcount": None, "insured_headcount_before": 10}, None, None, PERCENT),
        ({"insured_headcount": 12, "insured_headcount_before": 0}, None, None, PERCENT),
        # a share changes by points
        (
            {"occupancy_pct": Decimal("76.3"), "occupancy_pct_before": Decimal("67.6")},
            None,
            Decimal("8.7"),
            ("个百分点", "pp"),
        ),
    ],
)
def test_the_change_of_a_figure(
    row: dict[str, Decimal | int | None], given: Decimal | None, change: Decimal | None, unit: tuple[str, str]
) -> None:
    found = figure(row, next(iter(row)), change=given)
    assert (found.change, found.change_unit) == (change, unit)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select a.id from s.a as a", "SELECT a.id FROM s.a AS a"),
        ("select a.gone from s.a as a", "SELECT NULL AS gone FROM s.a AS a"),
        ("select a.size from s.a as a", "SELECT a.size_band AS size FROM s.a AS a"),
        ("select a.size + 1 as x from s.a as a", "SELECT NULL + 1 AS x FROM s.a AS a"),
        ("select a.id from s.a as a where a.gone = 1", "SELECT a.id FROM s.a AS a WHERE NULL = 1"),
        (
            "select a.id from s.a as a order by a.gone",
            "SELECT a.id FROM s.a AS a ORDER BY CAST(NULL AS INT)",
        ),
        (
            "select a.id, c.x from s.a as a left join s.c as c on a.id = c.y",
            'SELECT a.id, c.x FROM s.a AS a LEFT JOIN (SELECT NULL AS "x", NULL AS "y" WHERE FALSE) AS c ON a.id = c.y',
        ),
        ("select count(*) from s.c as c", 'SELECT COUNT(*) FROM (SELECT NULL AS "nothing" WHERE FALSE) AS c'),
        ("select t.comment from duckdb_tables() as t", "SELECT t.comment FROM DUCKDB_TABLES() AS t"),
    ],
)
def test_a_report_reads_null_where_an_edition_has_nothing(sql: str, expected: str) -> None:
    assert with_nulls(sql, {"s.a": {"id", "size_band"}}) == expected
