"""Headcounts that are not the firm's own are found by its wages, and nothing that truly happens is taken for one.

Firms are drawn with wages that move as wages do: each month a little, a rise once a year, a bonus in January. What is done to
their headcount is known, because it is done here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from tests.conftest import LAYERS, in_memory
from tests.model_macros import FILE as MACROS
from warehouse.models import load_rules, make, read_model

MONTHS, FIRMS = 36, 60
INDUSTRIES = {"13": 5200.0, "39": 8000.0, "65": 16000.0}
FIRST = 2023 * 12 + 1

Numbers = npt.NDArray[np.float64]
Found = set[tuple[int, int]]


class Panel:
    """Firms by month: staff and pay as they are, and the headcount and wages that are reported, until a test alters them."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        month = np.arange(MONTHS)
        size = np.exp(self.random.uniform(np.log(12), np.log(400), FIRMS))
        trend = np.exp(np.outer(self.random.normal(0, 0.01, FIRMS), month))
        self.staff = np.maximum(np.rint(size[:, None] * trend + self.random.normal(0, 0.5, (FIRMS, MONTHS))), 3)
        self.industry = self.random.choice(list(INDUSTRIES), FIRMS)
        usual = np.array([INDUSTRIES[code] for code in self.industry]) * self.random.lognormal(0, 0.25, FIRMS)
        self.pay = usual[:, None] * 1.05 ** (month // 12) * self.random.lognormal(0, 0.03, (FIRMS, MONTHS))
        self.pay *= np.where(month % 12 == 0, self.random.uniform(1, 2.5, (FIRMS, 1)), 1)
        self.report()

    def report(self) -> None:
        """What is reported is so."""
        self.headcount, self.wages = self.staff.copy(), self.staff * self.pay

    def found(self, first: int = 0, last: int = MONTHS) -> Found:
        """Firms and months that signals.wage_level lists of these months, counted from 0."""
        firm, month = (index.ravel() for index in np.meshgrid(np.arange(FIRMS), np.arange(first, last), indexing="ij"))
        reported = pa.table(
            {
                "firm": firm,
                "month_number": FIRST + month,
                "headcount": self.headcount[firm, month],
                "wages": np.round(self.wages[firm, month], 2),
            }
        )
        industry = pa.table({"firm": np.arange(FIRMS), "industry_code": [f"C{code}11" for code in self.industry]})
        connection = RULED.cursor()
        connection.register("reported", reported)
        connection.register("industry", industry)
        for statement in GIVEN:
            connection.execute(statement)
        make(connection, read_model(LAYERS / "3_monthly" / "industry_wage.sql"))
        make(connection, read_model(LAYERS / "4_signals" / "wage_level.sql"))
        listed = connection.execute(f"""
            select cast(enterprise_id as integer), cast(year(month) * 12 + month(month) - {FIRST} as integer)
            from signals.wage_level
        """).fetchall()
        connection.close()
        return {(firm, month) for firm, month in listed}


RULED = in_memory()
RULED.execute(MACROS.read_text(encoding="utf-8"))
load_rules(RULED, LAYERS / "rules")
for schema in ("monthly", "resolved", "signals"):
    RULED.execute(f"create schema {schema}")
GIVEN = (
    "create or replace table resolved.enterprise as select cast(firm as varchar) as enterprise_id, industry_code from industry",
    """
    create or replace table monthly.month as
    select
        make_date(cast((month_number - 1) // 12 as integer), cast((month_number - 1) % 12 + 1 as integer), 1) as month,
        month_number,
        month_number = max(month_number) over () as is_last_month
    from (select distinct month_number from reported)
    """,
    """
    create or replace table monthly.headcount as
    select
        cast(firm as varchar) as enterprise_id, month, cast(headcount as bigint) as insured_headcount,
        cast(wages as decimal(18, 2)) as wage_amount,
        case when headcount > 0 and wages > 0 then cast(headcount as bigint) end as waged_headcount,
        case when headcount > 0 and wages > 0 then cast(wages / headcount as decimal(18, 2)) end as wage_per_head_amount
    from reported inner join monthly.month using (month_number)
    """,
    """
    create or replace table signals.signal as
    select
        enterprise_id, 'headcount' as signal_code, month, year(month) * 12 + month(month) as month_number,
        1 as period_months, insured_headcount as value
    from monthly.headcount
    """,
)


def shift(panel: Panel, months: range, factor: float) -> tuple[Found, Found]:
    """The headcount of every third firm times `factor` in these months: all that is so, and what is large enough to matter."""
    planted, large = set(), set()
    for firm in range(0, FIRMS, 3):
        panel.headcount[firm, list(months)] = np.maximum(np.rint(panel.staff[firm, list(months)] * factor), 1)
        planted |= {(firm, month) for month in months}
        if np.abs(panel.headcount[firm] - panel.staff[firm]).max() >= 20:
            large |= {(firm, month) for month in months}
    return planted, large


@pytest.mark.parametrize("factor", [7, 2, 1 / 3], ids=lambda factor: f"times {factor:.2f}")
@pytest.mark.parametrize(
    "months",
    [range(14, 20), range(14, 15), range(10, 13), range(11, 23), range(6), range(30, 36), range(35, 36)],
    ids=lambda months: f"months {months.start} to {months.stop - 1}",
)
def test_another_headcount_with_the_same_wages_is_found(months: range, factor: float) -> None:
    panel = Panel(seed=1)
    planted, large = shift(panel, months, factor)
    found = panel.found()
    assert len(large) >= 10 * len(months)
    assert len(found & large) >= 0.97 * len(large)
    assert found <= planted


@pytest.mark.parametrize("factor", [7, 1 / 5], ids=lambda factor: f"times {factor:.2f}")
@pytest.mark.parametrize(("months", "last"), [(range(4, 16), 18), (range(9), 14), (range(6), 12), (range(6, 12), 12)])
def test_the_industry_says_which_level_is_the_firms_own(months: range, last: int, factor: float) -> None:
    """The other headcount holds for as many months as the firm's own, or for more."""
    panel = Panel(seed=2)
    planted, large = shift(panel, months, factor)
    found = panel.found(last=last)
    assert len(found & large) >= 0.95 * len(large)
    assert len(found - planted) <= 0.05 * len(planted)


def expansion(panel: Panel) -> None:
    panel.staff[:, 20:] *= 3


def closing_down(panel: Panel) -> None:
    panel.staff[:, 30:] = np.rint(panel.staff[:, 30:] / 6)


def season(panel: Panel) -> None:
    panel.staff[:, [5, 6, 7, 17, 18, 19, 29, 30, 31]] *= 4


def cheaper_people(panel: Panel) -> None:
    """As many again, at half the pay: wages follow half of the way."""
    panel.staff[:, 15:] *= 2
    panel.pay[:, 15:] *= 0.75


def payroll_moves_to_an_agency(panel: Panel) -> None:
    """Most people go, those who stay earn a little more."""
    panel.staff[::2, 18:] = np.maximum(np.rint(panel.staff[::2, 18:] * 0.2), 2)
    panel.pay[::2, 18:] *= 1.3


def rise(panel: Panel) -> None:
    panel.pay[:, 12:] *= 1.8


def seasonal_wages(panel: Panel) -> None:
    panel.pay[:, [5, 6, 7, 17, 18, 19, 29, 30, 31]] *= 2


def bonus(panel: Panel) -> None:
    panel.pay[:, [0, 12, 24]] *= 6


def bonus_in_the_month_of_growth(panel: Panel) -> None:
    panel.staff[:, 12:] *= 2
    panel.pay[:, [12]] *= 3


def hired_one_by_one(panel: Panel) -> None:
    panel.staff[:] = np.rint(panel.staff[:, :1] * np.exp(np.linspace(0, 2, MONTHS)))


def rising_for_years(panel: Panel) -> None:
    panel.pay *= np.exp(np.linspace(0, 1.2, MONTHS))


@pytest.mark.parametrize(
    "happens",
    [
        expansion, closing_down, season, cheaper_people, payroll_moves_to_an_agency, rise, seasonal_wages, bonus,
        bonus_in_the_month_of_growth, hired_one_by_one, rising_for_years,
    ],
)  # fmt: skip
def test_what_truly_happens_is_not_found(happens: Callable[[Panel], Any]) -> None:
    panel = Panel(seed=3)
    happens(panel)
    panel.report()
    assert panel.found() == set()


def test_wages_that_follow_a_month_later_are_waited_for() -> None:
    panel = Panel(seed=4)
    panel.staff[:, 20:] *= 3
    panel.report()
    panel.wages[:, 20] /= 3
    assert panel.found() == set()
    assert {month for _, month in panel.found(last=21)} == {20}


def test_months_without_wages_go_with_those_beside_them() -> None:
    panel = Panel(seed=5)
    planted, _ = shift(panel, range(14, 20), 7)
    panel.wages[:, 16] = 0
    assert panel.found() == planted


def test_without_wages_nothing_is_found() -> None:
    panel = Panel(seed=6)
    shift(panel, range(14, 20), 7)
    panel.wages[:] = 0
    assert panel.found() == set()


def test_rows_may_come_in_any_order() -> None:
    """One firm's rows follow from its own alone, whoever else is there."""
    panel = Panel(seed=7)
    shift(panel, range(14, 20), 7)
    shift(panel, range(28, 30), 1 / 4)
    everybody = panel.found()
    panel.headcount[1::3] = panel.staff[1::3]
    assert panel.found() == everybody
