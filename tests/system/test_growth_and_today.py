"""Figures that readers take from the published park as they are named: 同比 and 环比, and totals that add up."""

from __future__ import annotations

import re
from decimal import Decimal

import pandas as pd
import pytest

from tests.system.conftest import Park

pytestmark = [pytest.mark.airflow, pytest.mark.nights]

# of snapshots.enterprise_current: the signal of park_month, the figure, and its month
STOCKS = [
    ("headcount", "insured_headcount", "headcount_month"),
    ("leased_area", "leased_area_m2", "leased_area_month"),
    ("electricity", "electricity_kwh", "electricity_month"),
    ("water", "water_m3", "water_month"),
    ("gas", "gas_m3", "gas_month"),
    ("registered_capital", "registered_capital_amount", "registered_capital_month"),
]
MONEY = [("sales", "sales_amount", "sales_month"), ("tax", "tax_paid_amount", "tax_month")]
FIGURES = {
    "headcount": "insured_headcount",
    "sales": "sales_amount",
    "tax": "tax_paid_amount",
    "leased_area": "leased_area_m2",
    "electricity": "electricity_kwh",
}
RISE_EN, RISE_ZH = re.compile(r"([+−±])([\d.]+) % in 12 months"), re.compile(r"同比(?:(增长|下降)([\d.]+)%|持平)")


@pytest.mark.parametrize(("signal", "figure", "month"), STOCKS)
def test_stocks_of_today_add_up_to_the_park(park: Park, signal: str, figure: str, month: str) -> None:
    [(newest, total)] = park.ask(
        "select month, sum(total_value) from snapshots.park_month where not is_provisional and period_months = 1 "
        f"and signal_code = '{signal}' group by month order by month desc limit 1"
    )
    assert park.ask(f"select distinct {month} from snapshots.enterprise_current where {figure} is not null") == [
        (newest,)
    ]
    assert park.ask(f"select sum({figure})::decimal(38, 3) from snapshots.enterprise_current") == [(total,)]
    assert total


@pytest.mark.parametrize(("signal", "figure", "month"), MONEY)
def test_money_of_today_adds_up_by_length_of_period(park: Park, signal: str, figure: str, month: str) -> None:
    newest = (
        "select period_months, month, sum(total_value) from snapshots.park_month as p where not is_provisional "
        f"and signal_code = '{signal}' and month = (select max(month) from snapshots.park_month as n where "
        "not n.is_provisional and n.signal_code = p.signal_code and n.period_months = p.period_months) group by all"
    )
    today = (
        f"select {signal}_period_months, {month}, sum({figure})::decimal(38, 3) from snapshots.enterprise_current "
        f"where {figure} is not null group by all"
    )
    assert sorted(map(str, park.ask(today))) == sorted(map(str, park.ask(newest)))
    assert len(park.ask(today)) == 2


def test_who_left_has_its_last_figure_beside_and_in_no_total(park: Park) -> None:
    left = park.ask(
        "select count(*), count(leased_area_m2), min(last_leased_area_m2) > 0, bool_and(last_leased_area_m2_month < "
        "(select max(month) from monthly.month)) from snapshots.enterprise_current where last_leased_area_m2 is not null"
    )
    [(count, still, is_some, is_older)] = left
    assert int(str(count)) > 5
    assert (still, is_some, is_older) == (0, True, True)
    both = [f"({figure} is not null and last_{figure} is not null)" for _, figure, _ in STOCKS + MONEY]
    assert park.ask(f"select count(*) from snapshots.enterprise_current where {' or '.join(both)}") == [(0,)]


def months_between(frame: pd.DataFrame, figure: str, lag: int) -> pd.Series[float]:
    """The figure of exactly so many months before, NaN where there is none."""
    earlier = frame[["enterprise_id", "month", figure]].dropna()
    earlier = earlier.assign(month=earlier["month"] + pd.DateOffset(months=lag))
    merged = frame[["enterprise_id", "month"]].merge(earlier, on=["enterprise_id", "month"], how="left")
    return merged[figure].astype("float64")


@pytest.mark.parametrize("signal", list(FIGURES))
def test_rates_are_those_that_the_trade_calls_by_these_names(park: Park, signal: str) -> None:
    figure = FIGURES[signal]
    changes = [f"{signal}_change_{lag}m_pct" for lag in (1, 3, 12)]
    rows = park.ask(
        f"select enterprise_id, month, {figure}::double, suspect_signal_codes, {', '.join(changes)} "
        "from snapshots.enterprise_month order by all"
    )
    frame = pd.DataFrame(rows, columns=["enterprise_id", "month", figure, "suspect", *changes])
    frame["month"] = pd.to_datetime(frame["month"])
    is_suspect = frame["suspect"].fillna("").str.split(", ").map(lambda codes: signal in codes)
    frame[figure] = frame[figure].mask(is_suspect)
    for lag, change in zip((1, 3, 12), changes, strict=True):
        before = months_between(frame, figure, lag)
        expected = (frame[figure] - before) * 100 / before.where(before > 0)
        found = frame[change].astype("float64")
        assert (found.isna() == expected.isna()).all()
        assert ((found - expected).abs().dropna() <= 0.00501).all()
    assert frame[changes[2]].notna().sum() > 500


def said(text: str, pattern: re.Pattern[str]) -> Decimal | None:
    """The rate that a sentence states, per cent; None where it states none."""
    found = pattern.search(text)
    if found is None:
        return None
    sign = -1 if found[1] in ("−", "下降") else 1
    return sign * Decimal(found[2] or 0)


def test_words_and_columns_say_the_same_rate(park: Park) -> None:
    """Of every enterprise: the sentences of its assessment, and the columns of the same comparison."""
    rows = park.ask(
        "select y.signal_code, y.change_12m_pct, y.evidence, y.evidence_zh, a.evidence, a.evidence_zh, y.month, "
        "c.headcount_month, c.headcount_change_12m_pct, c.leased_area_month, c.leased_area_change_12m_pct "
        "from signals.year_change as y inner join snapshots.assessment as a using (enterprise_id) "
        "inner join snapshots.enterprise_current as c using (enterprise_id)"
    )
    beside = 0
    for signal, column, english, chinese, all_english, all_chinese, month, *today in rows:
        assert str(english) in str(all_english)
        assert str(chinese) in str(all_chinese)
        rate = None if column is None else Decimal(str(column))
        assert said(str(english), RISE_EN) == rate, english
        assert said(str(chinese), RISE_ZH) == rate, chinese
        for place, name in ((0, "headcount"), (2, "leased_area")):
            if signal == name and month == today[place] and rate is not None:
                assert today[place + 1] == rate, english
                beside += 1
    assert len({row[0] for row in rows}) == 5
    assert beside > 200


SIGNS = {
    "headcount_fall": ("headcount", "change_12m_pct", -1),
    "headcount_rise": ("headcount", "change_12m_pct", 1),
    "staff_quick_rise": ("headcount", "change_3m_pct", 1),
    "electricity_fall": ("electricity", "change_12m_pct", -1),
    "electricity_rise": ("electricity", "change_12m_pct", 1),
    "leased_area_fall": ("leased_area", "change_12m_pct", -1),
    "leased_area_rise": ("leased_area", "change_12m_pct", 1),
}


def test_alerts_say_the_rate_of_the_growth_table(park: Park) -> None:
    """Falls and rises of one month: the rate in the alert's sentence is the one of signals.growth."""
    asked = " union all ".join(
        f"select s.sign_code, s.value, s.words_zh, {sign} * g.{column} from signals.alert_evidence as s inner join signals.growth as g "
        f"on s.enterprise_id = g.enterprise_id and g.signal_code = '{signal}' and s.last_seen_month = g.month "
        f"where s.sign_code = '{code}'"
        for code, (signal, column, sign) in SIGNS.items()
    )
    rows = park.ask(asked)
    for code, value, words, rate in rows:
        assert value == rate, code
        found = re.search(r"(?:增长|下降)([\d.]+)%", str(words))
        assert found
        assert Decimal(found[1]) == rate, words
    assert len({row[0] for row in rows}) >= 5
    assert len(rows) > 50
