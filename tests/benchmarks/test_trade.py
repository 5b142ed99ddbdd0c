"""Dependence on real invoices: half at one partner is not enough, and every pair's net is the sum of the file."""

from __future__ import annotations

import pytest

from benchmarks.trade import EDGES, cost, real_window
from examples.handover import data_folder


def test_six_active_months_halve_what_is_flagged() -> None:
    edges = data_folder() / EDGES
    if not edges.is_file():
        pytest.skip(f"the real invoices are not beside the checkout ({edges})")
    one = real_window(edges, "2018-12-01")
    assert one.unequal_pairs == 0
    assert 0.25 <= one.plain["buys"] <= 0.31
    assert 0.32 <= one.plain["sells"] <= 0.36
    assert 0.13 <= one.flagged["buys"] <= 0.15
    assert 0.18 <= one.flagged["sells"] <= 0.19


def test_a_made_up_park_of_any_size_goes_through() -> None:
    count, _ = cost(5_000)
    assert count == 5_000
