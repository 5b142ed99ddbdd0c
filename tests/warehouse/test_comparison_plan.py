"""Which columns of a delivery are compared with those before it, by what the feed is: figures of a month, papers, events, a register."""

from __future__ import annotations

import duckdb
import pytest

from connectors.feed import read_feed
from connectors.registry import feeds
from warehouse.comparison import _plan
from warehouse.precedents.measured import kind_of_row
from warehouse.settings import CHECKOUT

FEEDS = feeds([CHECKOUT / "connectors" / "feeds"])


@pytest.mark.parametrize(
    ("feed", "time", "is_register", "sends_changes", "texts", "dates", "figures"),
    [
        # figures of a month
        ("employment", "month", False, False, {"enterprise_name", "uscc"}, set(), {"insured_headcount", "wage_amount"}),
        ("utility_use", "month", False, False, {"enterprise_name"}, set(), {"used_quantity"}),
        # papers of a period
        ("tax_filing", "period_end", False, False, {"taxpayer_no"}, {"filed_date"}, {"tax_due_amount"}),
        # statistics of a year
        ("industry_stat", "-12-31", False, False, {"area_name"}, set(), {"enterprise_count", "tax_amount"}),
        # whole lists and what changed of a register: dates and figures are values like any other
        ("lease", "2000-01-01", True, False, {"start_date", "leased_area_m2"}, set(), {"leased_area_m2"}),
        ("registration", "2000-01-01", True, True, {"address", "registered_capital_amount"}, set(), set()),
    ],
)
def test_what_is_compared_of_a_feed(
    feed: str, time: str, is_register: bool, sends_changes: bool, texts: set[str], dates: set[str], figures: set[str]
) -> None:
    plan = _plan(FEEDS[feed])
    assert (plan.is_register, plan.sends_changes, time in plan.time) == (is_register, sends_changes, True)
    assert texts <= set(plan.texts)
    assert set(plan.dates) == dates
    assert figures <= set(plan.figures)


@pytest.mark.parametrize(
    ("feed", "texts"),
    [
        ("need", {"enterprise_name", "uscc"}),
        ("registration_event", {"enterprise_name", "uscc"}),
        ("tax_payment", {"enterprise_name", "taxpayer_no"}),
        ("outsider_branch", set()),
    ],
)
def test_of_an_event_only_who_it_is_of_is_compared(feed: str, texts: set[str]) -> None:
    """One enterprise's next paper has another number, kind, day and stage."""
    plan = _plan(FEEDS[feed])
    assert (set(plan.texts), plan.dates, plan.is_register) == (texts, (), False)
    assert plan.series[0] == '"source_key"'


def test_codes_of_ours_are_no_habit_of_a_register() -> None:
    assert "status_code" not in _plan(FEEDS["registration"]).texts
    assert "use_code" in _plan(FEEDS["building"]).texts


def test_an_empty_flag_is_a_kind_of_row() -> None:
    feed = read_feed(CHECKOUT / "examples" / "premises_register" / "feeds" / "hambleton")
    rows = duckdb.execute(
        f"select {kind_of_row(feed)} from (values (true), (false), (null)) as t (is_vacant)"
    ).fetchall()
    assert rows == [("true",), ("false",), ("-",)]
