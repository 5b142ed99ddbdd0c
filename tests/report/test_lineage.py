"""From which columns a column is made: unions."""

from __future__ import annotations

from report.lineage import columns_of

KNOWN = {"a.t": ["x", "y"], "a.u": ["x", "y"]}


def test_a_union_goes_by_place_unless_it_says_by_name() -> None:
    sides = "with r as (select x as p, y as q from a.t union all {} select y as q, x as p from a.u) select p, q from r"
    assert columns_of(sides.format(""), KNOWN) == {"p": ["a.t.x", "a.u.y"], "q": ["a.t.y", "a.u.x"]}
    assert columns_of(sides.format("by name"), KNOWN) == {"p": ["a.t.x", "a.u.x"], "q": ["a.t.y", "a.u.y"]}


def test_a_column_of_the_second_side_alone_of_a_union_by_name_has_its_source() -> None:
    text = "with r as (select x from a.t union all by name select x, y from a.u) select y from r"
    assert columns_of(text, KNOWN) == {"y": ["a.u.y"]}
