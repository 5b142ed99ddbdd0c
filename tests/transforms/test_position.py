"""Location quotients, intervals and shift-share beside a second implementation, in fractions and by the definitions."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import sqrt

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demo import codes
from tests.conftest import empty_warehouse
from transforms.night import LAYERS
from transforms.resolution import codes as checked
from warehouse.models import build

TRANSFORMS = LAYERS
Z = 1.96
COUNTS = st.integers(0, 400)
AREA = st.integers(1, 10**6)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    warehouse = empty_warehouse("2026-04-10 12:00")
    yield warehouse
    warehouse.close()


def wilson(share: float, cases: int) -> tuple[float, float]:
    """Wilson (1927): the shares p with (share - p)^2 <= z^2 p (1 - p) / n, as roots of that quadratic."""
    a, b, c = 1 + Z * Z / cases, -(2 * share + Z * Z / cases), share * share
    root = sqrt(max(b * b - 4 * a * c, 0))
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
@settings(deadline=None, max_examples=60)
def test_the_interval_solves_wilsons_quadratic(connection: duckdb.DuckDBPyConnection, case: tuple[int, int]) -> None:
    seen, cases = case
    found = connection.execute(
        "select wilson_low(? / ?, ?), wilson_high(? / ?, ?)", [seen, cases, cases] * 2
    ).fetchone()
    assert found == pytest.approx(wilson(seen / cases, cases), abs=1e-9)


def test_no_cases_or_no_share_have_no_interval(connection: duckdb.DuckDBPyConnection) -> None:
    found = connection.execute(
        "select wilson_low(0.5, 0), wilson_high(1.2, 10), wilson_low(null, 3), wilson_low(-0.1, 3)"
    )
    assert found.fetchone() == (None,) * 4


@given(st.lists(st.tuples(COUNTS, COUNTS, AREA, AREA), min_size=1, max_size=6), AREA, AREA)
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_three_terms_add_up_exactly_and_are_dunns(
    connection: duckdb.DuckDBPyConnection,
    industries: list[tuple[int, int, int, int]],
    other_before: int,
    other_now: int,
) -> None:
    before = sum(row[2] for row in industries) + other_before
    now = sum(row[3] for row in industries) + other_now
    for table in ("park_industry", "reference_industry"):
        connection.execute(f"delete from industry.{table}")
    for number, (x0, x1, area0, area1) in enumerate(industries):
        for year, x, area, total in ((2024, x0, area0, before), (2025, x1, area1, now)):
            connection.execute(
                "insert into industry.park_industry by name select 'division' as industry_level, ? as industry_code, "
                "? as year_number, 5 as enterprise_count, ? as insured_headcount, 0 as largest_headcount, "
                "300 as park_enterprise_count, 9999 as park_staff_headcount",
                [f"{13 + number}", year, x],
            )
            connection.execute(
                "insert into industry.reference_industry by name select 'division' as industry_level, ? as industry_code, "
                "? as year_number, 'CN' as area_code, 100 as enterprise_count, ? as staff_headcount, "
                "1000000 as area_enterprise_count, ? as area_staff_headcount",
                [f"{13 + number}", year, area, total],
            )
    build(connection, TRANSFORMS / "5_industry", ["position"])
    found = connection.execute(
        "select industry_code, headcount_before, headcount_change, national_value, mix_value, competitive_value "
        "from industry.position where year_number = 2025"
    ).fetchall()
    assert len(found) == len(industries)
    growth = Fraction(now - before, before)
    for code, staff, change, national, mix, competitive in found:
        x0, x1, area0, area1 = industries[int(code) - 13]
        own = Fraction(area1 - area0, area0)
        assert (staff, change) == (x0, x1 - x0)
        assert national + mix + competitive == change, "exactly, in decimals"
        assert abs(Fraction(national) - x0 * growth) < 0.0051
        assert abs(Fraction(mix) - x0 * (own - growth)) < 0.0051
        assert abs(Fraction(competitive) - (x1 - x0 - x0 * own)) < 0.0102, "it takes up what the others are rounded by"


@given(st.integers(0, 99_999_999), st.integers(0, 17), st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXYZIO"))
@settings(deadline=None, max_examples=80)
def test_check_digits_agree_with_those_of_records(
    connection: duckdb.DuckDBPyConnection, serial: int, place: int, wrong: str
) -> None:
    [code] = codes.to_text(
        codes.uscc(codes.from_text(["91"]), codes.from_text(["329801"]), codes.digits(np.array([serial]), 8))
    ).to_pylist()
    mistyped = code[:place] + wrong + code[place + 1 :]
    given_codes = [code, mistyped, code[:-1]]
    found = [connection.execute("select uscc_holds(?)", [one]).fetchall()[0][0] for one in given_codes]
    assert found == [True, bool(checked.uscc_holds(pa.array([mistyped]))[0]), False]


def test_no_code_is_no_valid_code(connection: duckdb.DuckDBPyConnection) -> None:
    assert connection.execute("select uscc_holds(null), uscc_holds('')").fetchone() == (False, False)


@pytest.mark.parametrize(
    ("code", "division", "group"),
    [
        ("C3911", "39", "391"),
        ("3911", "39", "391"),
        ("391", "39", "391"),
        ("C39", "39", None),
        ("39", "39", None),
        ("I", None, None),
        ("98", None, None),
        ("", None, None),
        (None, None, None),
    ],
)
def test_codes_of_any_length_are_read(
    connection: duckdb.DuckDBPyConnection, code: str | None, division: str | None, group: str | None
) -> None:
    found = connection.execute("select industry_division($1), industry_group($1)", [code]).fetchone()
    assert found == (division, group)
