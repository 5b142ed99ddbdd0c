"""Which totals may be published: against an attacker who adds and subtracts everything that was ever shown."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.disclosure import (
    OTHER,
    PARK,
    Release,
    is_safe_difference,
    is_safe_total,
    joined,
    numbers,
    own_parts,
    release_months,
    whole,
)
from warehouse.policy import Statistics, read_policy
from warehouse.settings import POLICY

RULE = Statistics({"headcount": "industry_section"}, 3, 80, 4, 0)
JAN, FEB, MAR = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)


def figures(**parts: Sequence[int]) -> dict[tuple[str, str], Decimal]:
    """figures(I=[5, 6]) has two enterprises in part I, I0 with 5 and I1 with 6."""
    return {(f"{part}{n}", part): Decimal(value) for part, values in parts.items() for n, value in enumerate(values)}


@pytest.mark.parametrize(
    ("values", "is_safe"),
    [
        ([8, 1, 1], True),  # 80 % of 10
        ([81, 10, 9], False),  # 81 %
        ([50, 50], False),  # two: each knows the other
        ([50, 50, 0], False),  # and a third without any hides no one
        ([0, 0, 0], False),  # a total of zero shows that each is zero
        ([-40, 30, 30], True),  # a refund is as large as a payment
        ([-90, 5, 5], False),
    ],
)
def test_a_total_is_of_three_and_none_dominates(values: list[int], is_safe: bool) -> None:
    assert is_safe_total(map(Decimal, values), RULE) == is_safe


@pytest.mark.parametrize(
    ("before", "after", "is_safe"),
    [
        (figures(I=[5, 5, 5, 5]), figures(I=[5, 5, 5, 5]), True),  # nothing changed
        (figures(I=[5, 5, 5, 5]), figures(I=[5, 5, 5]), False),  # the difference is who left
        (figures(I=[5, 5, 5, 5]), figures(I=[5, 5, 6, 6]), False),  # two changed
        (figures(I=[5, 5, 5, 5]), figures(I=[4, 6, 6, 5]), True),  # three changed
        (figures(I=[5, 5, 5, 5]), figures(I=[4, 6, 15, 5]), False),  # 10 of 12 is one enterprise's
        (figures(I=[5, 5, 5], K=[5, 5, 5]), figures(I=[6, 6, 6], K=[5, 5, 6]), False),  # K by itself
    ],
)
def test_a_difference_of_two_months_is_of_three_and_none_dominates(
    before: Mapping[tuple[str, str], Decimal], after: Mapping[tuple[str, str], Decimal], is_safe: bool
) -> None:
    assert is_safe_difference(before, after, RULE) == is_safe
    assert is_safe_difference(after, before, RULE) == is_safe


def test_who_moves_between_parts_hides_no_one() -> None:
    """Three change in I and three in K, but M and N only move: in I and K together they cancel out, and a and c are left."""
    stay = {("b", "I"): 5, ("d", "K"): 5}
    before = stay | {("a", "I"): 5, ("M", "I"): 4, ("N", "I"): 4, ("c", "K"): 5}
    after = stay | {("a", "I"): 9, ("M", "K"): 4, ("N", "K"): 4, ("c", "K"): 9}
    one, two = ({key: Decimal(value) for key, value in given.items()} for given in (before, after))
    assert not is_safe_difference(one, two, RULE)
    # where three more change in each part, M and N need hide no one; but neither may dominate
    for part in "IK":
        one |= {(f"{part}{n}", part): Decimal(5) for n in range(3)}
        two |= {(f"{part}{n}", part): Decimal(6) for n in range(3)}
    assert is_safe_difference(one, two, RULE)
    # others of I, and of K, change by 4 + 1 + 1 + 1: 28 is 80 % of it all
    for size, is_safe in ((28, True), (29, False)):
        one["M", "I"], two["M", "K"] = Decimal(size), Decimal(size)
        assert is_safe_difference(one, two, RULE) == is_safe


def test_a_refund_in_one_part_and_a_payment_in_another_hide_no_one() -> None:
    """X and Y have as much back in I as they pay in K: in I and K together only a and c are left."""
    given = {("X", "I"): -50, ("Y", "I"): -50, ("a", "I"): 60, ("X", "K"): 50, ("Y", "K"): 50, ("c", "K"): 60}
    month = {key: Decimal(value) for key, value in given.items()} | figures(A=[9] * 9)
    rule = replace(RULE, part_contributors_min=3)
    assert own_parts(month, rule) == {"I", "K", "A"}
    (shown,) = release_months({JAN: month}, [], rule)
    assert not shown.is_by_part


def test_parts_of_few_are_joined_until_what_is_joined_is_safe() -> None:
    # I has enough; C has enough, but O alone would be two: the smallest own part joins it
    shown = figures(I=[5] * 9, C=[5] * 6, O=[5, 5])
    assert own_parts(shown, RULE) == {"I"}
    assert sorted({part for _, part in joined(shown, own_parts(shown, RULE))}) == ["I", OTHER]
    # with three in O both stay
    assert own_parts(figures(I=[5] * 9, C=[5] * 6, O=[5, 5, 5]), RULE) == {"I", "C"}
    # a park of two small parts has no parts
    assert own_parts(figures(I=[5, 5], C=[5, 5]), RULE) == frozenset()
    # what is of no known part is never shown by itself
    assert own_parts(figures(unknown=[5] * 9, I=[5] * 9), RULE) == {"I"}


def test_a_released_month_stays_and_later_ones_are_held_against_it() -> None:
    """By hand: January is released; in February one enterprise leaves, so February is not; in March three changed: it is."""
    january = figures(I=[10, 11, 12, 13], K=[20, 21, 22, 23])
    february = figures(I=[10, 11, 12], K=[20, 21, 22, 23])
    march = figures(I=[12, 12, 13], K=[20, 21, 22, 23])
    first = release_months({JAN: january}, [], RULE)
    assert first == [Release(JAN, True, january)]
    assert release_months({JAN: february, FEB: february}, first, RULE) == [], "nor is January shown anew"
    second = release_months({JAN: january, FEB: february, MAR: march}, first, RULE)
    # I: 2, 1, 1 and 13 gone: 13 of 17 is 76 %
    assert second == [Release(MAR, True, march)]
    shown = numbers([("headcount", one) for one in (*first, *second)], RULE)
    assert shown == [
        ("industry_section", "I", JAN, "headcount", Decimal(46), 4),
        ("industry_section", "I", MAR, "headcount", Decimal(37), 3),
        ("industry_section", "K", JAN, "headcount", Decimal(86), 4),
        ("industry_section", "K", MAR, "headcount", Decimal(86), 4),
        ("park", "park", JAN, "headcount", Decimal(132), 8),
        ("park", "park", MAR, "headcount", Decimal(123), 7),
    ]


def test_a_month_whose_parts_would_tell_is_shown_as_a_total_alone() -> None:
    january = figures(I=[10, 11, 12, 13], K=[20, 21, 22, 23])
    # three change in all, but one of them alone in K
    february = figures(I=[11, 12, 12, 13], K=[21, 21, 22, 23])
    (first,) = release_months({JAN: january}, [], RULE)
    (second,) = release_months({FEB: february}, [first], RULE)
    assert (second.is_by_part, {part for _, part in second.figures}) == (False, {PARK})


# --- an attacker ------------------------------------------------------------------------------------------------------

value = st.one_of(st.just(0), st.integers(1, 60))
contributor = st.tuples(st.sampled_from("IKCF"), value)


@st.composite
def parks(draw: st.DrawFn) -> list[dict[date, dict[tuple[str, str], Decimal]]]:
    """Two nights of a small park over four months: enterprises change, come, leave and move; the second night also revises."""
    size = draw(st.integers(3, 22))
    month_figures: dict[date, dict[tuple[str, str], Decimal]] = {}
    today = [draw(contributor) for _ in range(size)]
    for number in range(1, 5):
        for n in draw(st.lists(st.integers(0, size - 1), max_size=12)):
            today[n] = draw(contributor)
        for n in draw(st.lists(st.integers(0, size - 1), max_size=4)):
            today[n] = (draw(st.sampled_from("IKCF")), today[n][1])
        month_figures[date(2026, number, 1)] = {(f"E{n}", part): Decimal(v) for n, (part, v) in enumerate(today)}
    revised = {month: dict(found) for month, found in month_figures.items()}
    for month in revised:
        for key in draw(st.lists(st.sampled_from(sorted(revised[month])), max_size=3)):
            revised[month][key] = Decimal(draw(value))
    first = {month: found for month, found in month_figures.items() if month.month <= draw(st.integers(1, 4))}
    return [first, revised]


def unions(release: Release) -> dict[frozenset[str], dict[str, Fraction]]:
    """Every sum of shown numbers of one month, as contributions by contributor."""
    parts = sorted({part for _, part in release.figures})
    found = {}
    for count in range(1, len(parts) + 1):
        for chosen in itertools.combinations(parts, count):
            by: dict[str, Fraction] = {}
            for (who, part), size in release.figures.items():
                if part in chosen:
                    by[who] = by.get(who, Fraction(0)) + Fraction(size)
            name = frozenset([PARK]) if count == len(parts) else frozenset(chosen)
            found[name] = by
    return found


def gives_away(sizes: Sequence[Fraction]) -> bool:
    """Three at least, and the largest at most 80 %: written anew, on purpose, and not taken from the code."""
    present = [abs(size) for size in sizes if size != 0]
    return len(present) < 3 or max(present) > Fraction(4, 5) * sum(present)


@given(parks())
@settings(max_examples=150, deadline=None)
def test_no_sum_and_no_difference_over_parts_months_and_nights_gives_one_away(
    nights: list[dict[date, dict[tuple[str, str], Decimal]]],
) -> None:
    released: list[Release] = []
    for months in nights:
        released += release_months(months, released, RULE)
    shown = [(one, unions(one)) for one in released]
    for _, sums in shown:
        for by in sums.values():
            assert not gives_away(list(by.values()))
    for (_, one), (_, other) in itertools.combinations(shown, 2):
        for name in one.keys() & other.keys():
            change = [one[name].get(who, 0) - other[name].get(who, 0) for who in one[name].keys() | other[name].keys()]
            assert not any(change) or not gives_away([Fraction(size) for size in change])


@given(parks())
@settings(max_examples=60, deadline=None)
def test_what_an_attacker_can_bound_stays_wide(nights: list[dict[date, dict[tuple[str, str], Decimal]]]) -> None:
    """Figures are not negative: from a month's numbers each is known to lie between zero and its part's total.

    The numbers are one division of the park and its total, so nothing narrower follows: every figure could also be zero, or the
    whole of its part.
    """
    for release in release_months(nights[0], [], RULE):
        totals: dict[str, Decimal] = {}
        for (_, part), size in release.figures.items():
            totals[part] = totals.get(part, Decimal(0)) + size
        for (_, part), size in release.figures.items():
            assert totals[part] >= size * 5 / 4, "a quarter above the figure, at the least"


def test_a_stricter_rule_releases_less(park_figures: dict[date, dict[tuple[str, str], Decimal]]) -> None:
    strict = replace(RULE, contributors_min=5, share_max_pct=40)
    few = {one.month for one in release_months(park_figures, [], strict)}
    many = {one.month for one in release_months(park_figures, [], RULE)}
    assert many == {JAN, FEB}
    assert few < many


@pytest.fixture
def park_figures() -> dict[date, dict[tuple[str, str], Decimal]]:
    return {JAN: figures(I=[10, 11, 12, 13, 14, 15]), FEB: figures(I=[11, 12, 13, 13, 14, 15])}


def test_the_policy_has_the_limits_of_the_law() -> None:
    rule = read_policy(POLICY).editions["public"].statistics
    assert rule is not None
    assert (rule.contributors_min, rule.share_max_pct) == (3, 80)


def test_a_park_without_parts_of_its_own_is_released_as_a_whole() -> None:
    month = figures(I=[5, 5], C=[5, 6])
    assert own_parts(month, RULE) == frozenset()
    assert release_months({JAN: month}, [], RULE) == [Release(JAN, False, whole(month))]
    assert {part for _, part in whole(month)} == {PARK}
    assert sum(whole(month).values()) == 21
    # two enterprises are not even a park
    assert release_months({JAN: figures(I=[5, 5])}, [], RULE) == []
