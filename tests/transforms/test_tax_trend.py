"""The trend test in SQL against a brute-force one in Python, and against a case worked by hand."""

import itertools
import math
import random
import statistics
from collections import Counter, defaultdict
from pathlib import Path

import duckdb
import pytest

import transforms
from tests.conftest import empty_warehouse
from warehouse.models import build

TRANSFORMS = Path(transforms.__file__).parent
Series = dict[tuple[int, int], float]  # (year, month) -> tax


def seasonal_kendall(series: Series) -> tuple[int, float, float | None, float | None]:
    """S, its variance with ties, z with continuity correction, two-sided p: straight from the definition."""
    seasons: dict[int, list[float]] = defaultdict(list)
    for (_, month), value in sorted(series.items()):
        seasons[month].append(value)
    s, variance = 0, 0.0
    for values in seasons.values():
        n = len(values)
        s += sum((later > earlier) - (later < earlier) for earlier, later in itertools.combinations(values, 2))
        ties = sum(t * (t - 1) * (2 * t + 5) for t in Counter(values).values())
        variance += (n * (n - 1) * (2 * n + 5) - ties) / 18
    if variance == 0:
        return s, variance, None, None
    z = (s - (s > 0) + (s < 0)) / math.sqrt(variance)
    return s, variance, z, math.erfc(abs(z) / math.sqrt(2))


def hirsch_slack(series: Series) -> float | None:
    """The median over all pairs of one season of the difference per year between."""
    seasons: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for (year, month), value in sorted(series.items()):
        seasons[month].append((year, value))
    slopes = [
        (later - earlier) / (end - start)
        for points in seasons.values()
        for (start, earlier), (end, later) in itertools.combinations(points, 2)
    ]
    return statistics.median(slopes) if slopes else None


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    """An empty warehouse with a calendar of four years up to December 2025."""
    connection = empty_warehouse("2026-01-20")
    connection.execute("delete from monthly.month")
    connection.execute(
        "insert into monthly.month select m, year(m) * 12 + month(m), last_day(m), m = date '2025-12-01' from "
        "(select unnest(generate_series(date '2022-01-01', date '2025-12-01', interval 1 month))::date as m)"
    )
    return connection


def trends(connection: duckdb.DuckDBPyConnection, firms: dict[str, Series]) -> dict[str, tuple[object, ...]]:
    connection.execute("delete from monthly.tax")
    connection.executemany(
        "insert into monthly.tax (enterprise_id, tax_kind_code, month, period_start, period_end, period_months, paid_amount) "
        "select ?, 'vat', d, d, last_day(d), 1, ? from (select make_date(?, ?, 1) as d)",
        [(firm, value, *when) for firm, series in firms.items() for when, value in series.items()],
    )
    build(connection, TRANSFORMS / "3_monthly", ["filing_start"])
    build(connection, TRANSFORMS / "4_signals", ["filed_series", "signal", "tax_trend"])
    rows = connection.execute(
        "select enterprise_id, kendall_s, kendall_variance, kendall_z, kendall_p, trend_code, tested_months, pair_count, "
        "trend_slope_amount "
        "from signals.tax_trend where tax_kind_code = 'vat'"
    ).fetchall()
    return {row[0]: row[1:] for row in rows}


def test_agrees_with_brute_force(connection: duckdb.DuckDBPyConnection) -> None:
    rng = random.Random(1)
    firms: dict[str, Series] = {}
    for number in range(60):
        slope, noise, gap = rng.choice([-20, -5, 0, 0, 5, 20]), rng.choice([0, 1, 10, 50]), rng.choice([0, 0.1, 0.4])
        firms[f"E{number:03d}"] = {
            (year, month): round(100 + 10 * month + slope * (year - 2022) + rng.gauss(0, noise), -1)
            for year in range(2022, 2026)
            for month in range(1, 13)
            if rng.random() >= gap
        }
    found = trends(connection, firms)
    significant = 0
    for firm, series in firms.items():
        s, variance, z, p = seasonal_kendall(series)
        assert found[firm][0] == s, firm
        assert float(str(found[firm][1])) == pytest.approx(variance, abs=1e-4), firm
        steepness = hirsch_slack(series)
        assert steepness is not None
        assert float(str(found[firm][7])) == pytest.approx(steepness, abs=0.0051), firm
        if z is None or p is None:
            assert found[firm][2:4] == (None, None)
        else:
            assert float(str(found[firm][2])) == pytest.approx(z, abs=1e-4), firm
            assert float(str(found[firm][3])) == pytest.approx(p, abs=2e-6), firm
        if len(series) >= 24 and p is not None and p < 0.05:
            significant += 1
            assert found[firm][4] == ("rising" if s > 0 else "falling"), firm
        elif len(series) >= 24:
            assert found[firm][4] == "flat", firm
    assert significant >= 10


def test_three_years_by_hand(connection: duckdb.DuckDBPyConnection) -> None:
    """Two seasons matter: January 10, 20, 30 (S 3, variance 11/3) and July 50, 50, 40 (S -2, variance 11/3 less 1).

    Of 36 slopes 30 are 0, so the middle one is 0 too.
    """
    filler: Series = {(year, month): 7 for year in (2023, 2024, 2025) for month in (2, 3, 4, 5, 6, 8, 9, 10, 11, 12)}
    series = filler | {(2023, 1): 10, (2024, 1): 20, (2025, 1): 30, (2023, 7): 50, (2024, 7): 50, (2025, 7): 40}
    s, variance, z, p, code, months, pairs, slope = trends(connection, {"E1": series})["E1"]
    assert (s, code, months, pairs, slope) == (1, "flat", 36, 36, 0)
    assert float(str(variance)) == pytest.approx(19 / 3, abs=1e-4)
    assert float(str(z)) == 0
    assert float(str(p)) == 1


@pytest.mark.parametrize(
    ("years", "trend"), [((2024, 2025), "rising"), ((2025,), "insufficient"), ((2022, 2023, 2024, 2025), "rising")]
)
def test_season_is_no_trend_but_growth_is(
    connection: duckdb.DuckDBPyConnection, years: tuple[int, ...], trend: str
) -> None:
    seasonal: Series = {(y, m): 1000 if m in (1, 2) else 100 for y in (2022, 2023, 2024, 2025) for m in range(1, 13)}
    growing: Series = {(y, m): (y - 2020) * (1000 if m in (1, 2) else 100) for y in years for m in range(1, 13)}
    found = trends(connection, {"E1": seasonal, "E2": growing})
    assert found["E1"][4] == "flat"
    assert found["E2"][4] == trend


def test_slope_is_yuan_a_year_and_one_odd_month_does_not_move_it(connection: duckdb.DuckDBPyConnection) -> None:
    steady: Series = {(y, m): 1000 * m + 120 * (y - 2022) for y in (2022, 2023, 2024, 2025) for m in range(1, 13)}
    odd = steady | {(2025, 12): -900_000}
    found = trends(connection, {"E1": steady, "E2": odd, "E3": {when: -value for when, value in steady.items()}})
    assert [float(str(found[firm][7])) for firm in ("E1", "E2", "E3")] == [120, 120, -120]
