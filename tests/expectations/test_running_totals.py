"""Figures from January to date, and readings, are distinguished from figures of a month, in generated parks."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from tests.conftest import in_memory

RULE = Path(__file__).parents[2] / "expectations" / "rules" / "figures_are_no_running_totals.sql"
Series = Callable[[random.Random], list[float]]


def growing(draw: random.Random) -> list[float]:
    """Sales that grow by 2 % a month, with a year's seasons and chance."""
    base = draw.uniform(1e4, 1e6)
    return [base * 1.02**m * (1 + 0.2 * (m % 12 in (10, 11))) * draw.uniform(0.85, 1.15) for m in range(36)]


def ramping(draw: random.Random) -> list[float]:
    """A new firm that doubles every quarter of its first year."""
    return [draw.uniform(900, 1000) * 2 ** (m / 3) for m in range(12)]


def constant(draw: random.Random) -> list[float]:
    return [draw.uniform(1, 9)] * 36


def to_date(series: Series) -> Series:
    def summed(draw: random.Random) -> list[float]:
        values = series(draw)
        return [sum(values[m - m % 12 : m + 1]) for m in range(len(values))]

    return summed


def readings(series: Series) -> Series:
    def summed(draw: random.Random) -> list[float]:
        values = series(draw)
        return [9000 + sum(values[: m + 1]) for m in range(len(values))]

    return summed


def found(
    *parks: tuple[int, Series], subject: str = "tax_filing", has_tax_due: bool = False, months: int = 1
) -> list[str]:
    """What the rule says of figures of so many months each."""
    draw = random.Random(7)
    rows = []
    for kind, (units, series) in enumerate(parks):
        for unit in range(units):
            for n, value in enumerate(series(draw)):
                m = months * (n + 1) - 1
                rows.append((subject, "f", f"{kind}/{unit}", date(2023 + m // 12, m % 12 + 1, 1), round(value, 2)))
    with in_memory() as connection:
        connection.execute("create schema known")
        connection.execute(
            "create table given (subject text, feed text, source_key text, month date, value decimal(30, 3))"
        )
        connection.executemany("insert into given values (?, ?, ?, ?, ?)", rows)
        connection.execute(
            f"create view known.figure as select *, (month - interval {months - 1} month)::date as period_start, "
            f"{months} as period_months, 's' as signal_code from given"
        )
        connection.execute(
            "create table known.tax_filing (feed text, source_key text, tax_kind_code text, period_start date, "
            "period_end date, tax_due_amount decimal(18, 2))"
        )
        connection.execute((RULE.parents[2] / "warehouse" / "model_macros.sql").read_text(encoding="utf-8"))
        if has_tax_due:
            connection.execute(
                "insert into known.tax_filing select feed, source_key, 'cit', month, last_day(month), value from given"
            )
            connection.execute("delete from given")
        return [row[2] for row in connection.execute(RULE.read_text(encoding="utf-8")).fetchall()]


@pytest.mark.parametrize(
    ("parks", "subject", "looks_like"),
    [
        ([(20, growing)], "tax_filing", []),
        ([(20, constant)], "utility_use", []),
        ([(20, growing)], "utility_use", []),
        # young firms may be many, and are not most
        ([(20, growing), (15, ramping)], "tax_filing", []),
        ([(20, to_date(growing))], "tax_filing", ["year to date"]),
        ([(20, to_date(constant))], "tax_filing", ["year to date"]),
        ([(15, to_date(growing)), (10, growing)], "tax_filing", ["year to date"]),
        ([(20, readings(growing))], "utility_use", ["readings"]),
        ([(20, readings(constant))], "utility_use", ["readings"]),
        # few of them may be by chance
        ([(4, to_date(growing))], "tax_filing", []),
    ],
)
def test_what_figures_look_like(parks: list[tuple[int, Series]], subject: str, looks_like: list[str]) -> None:
    assert found(*parks, subject=subject) == looks_like


def by_quarter(series: Series, *, is_to_date: bool) -> Series:
    def summed(draw: random.Random) -> list[float]:
        values = series(draw)
        return [sum(values[(m - m % 12 if is_to_date else m) : m + 3]) for m in range(0, len(values), 3)]

    return summed


@pytest.mark.parametrize("series", [growing, constant])
@pytest.mark.parametrize("is_to_date", [True, False])
def test_quarters_of_which_each_states_the_year_to_date(series: Series, is_to_date: bool) -> None:
    looks_like = ["year to date"] if is_to_date else []
    assert found((20, by_quarter(series, is_to_date=is_to_date)), months=3) == looks_like
    # a year's end that sells half as much again
    seasonal = [[100.0, 130.0, 150.0, 220.0] * 2]
    assert found((20, lambda draw: [v * draw.uniform(0.9, 1.1) for v in seasonal[0]]), months=3) == []


def test_tax_due_to_date_is_found_where_no_sales_are_stated() -> None:
    assert found((20, to_date(growing)), has_tax_due=True) == ["year to date"]
    assert found((20, growing), has_tax_due=True) == []
