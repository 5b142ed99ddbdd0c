"""Which tables have to be made for others: those behind the resolution that they are made from, and no more."""

from __future__ import annotations

from transforms import night


def test_a_table_needs_what_it_is_made_from() -> None:
    assert night.needed_for([]) == set()
    # staged rows, rules and the resolution are there before any layer is built
    assert night.needed_for(["resolved.link", "known.employment", "rules.signal", "no.table"]) == set()
    assert night.needed_for(["monthly.headcount"]) == {"monthly.headcount", "monthly.month"}
    coverage = {f"monthly.{name}" for name in ("coverage", "month", "report", "tax", "unread", "yearly_feed")}
    assert night.needed_for(["monthly.coverage"]) == coverage
    assert night.needed_for(["monthly.coverage", "monthly.headcount"]) == coverage | {"monthly.headcount"}


def test_what_is_given_is_not_made_nor_what_only_it_needs() -> None:
    assert night.needed_for(["monthly.headcount"], {"monthly.month"}) == {"monthly.headcount"}
    assert night.needed_for(["monthly.coverage"], {"monthly.report"}) == {"monthly.coverage", "monthly.month"}
    assert night.needed_for(["monthly.coverage"], {"monthly.coverage"}) == set()


def test_every_table_is_needed_for_all() -> None:
    behind = {model.table for model in night.models() if model.path.parent.name in night.ORDER}
    assert night.needed_for(sorted(behind)) == behind
    assert not {table for table in behind if table.startswith("resolved.")}
