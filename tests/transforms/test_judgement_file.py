"""What of several decisions about one pair holds: the latest after the last withdrawal, in any order of the lines."""

from __future__ import annotations

import pytest

from transforms.resolution.judgement_file import Judgement, standing


@pytest.mark.parametrize(
    ("said", "holds"),
    [
        ("1 same", "same"),
        ("1 same, 2 different", "different"),
        ("1 same, 2 withdraw", None),
        ("1 withdraw, 2 same", "same"),
        ("1 withdraw, 2 same, 3 withdraw", None),
        ("1 withdraw, 2 different, 3 withdraw, 4 same", "same"),
        ("2 same, 2 withdraw", None),
    ],
)
def test_a_decision_holds_until_it_is_withdrawn(said: str, holds: str | None) -> None:
    lines = [
        Judgement("lease/1", "E1", one.split()[1], "ann", f"2026-03-0{one.split()[0]}", "", number)
        for number, one in enumerate(said.split(", "), 2)
    ]
    for order in (lines, lines[::-1]):
        found = standing(order)
        if holds is None:
            assert found == {}
        else:
            assert [one.held and one.held.decision for one in found.values()] == [holds]
