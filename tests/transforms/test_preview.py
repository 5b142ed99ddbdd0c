"""What a preview says in words, made by hand: each decision and its own moves, and how much of a long list is shown."""

from __future__ import annotations

import pytest

from transforms.preview import Changed, Moved, Preview, report
from transforms.resolution.judgement_file import Judgement

WRITTEN = [
    Judgement("a/1", "b/1", "same", "ann", "2026-01-01", ""),
    Judgement("c/1", "E9", "different", "ann", "2026-01-01", ""),
]


def preview(moved: list[Moved], changed: int = 0, conflicts: tuple[str, ...] = ()) -> Preview:
    figures = [Changed(f"E{number:02}", "sales_amount", "–", "7") for number in range(changed)]
    return Preview((1200, 1201), (3, 2), moved, figures, {"E1": "甲公司", "E00": "乙公司"}, list(conflicts))


def test_each_decision_has_its_own_moves_and_the_others_follow() -> None:
    moved = [Moved("a/1", None, "E1"), Moved("b/1", "E2", "E1"), Moved("z/1", "E1", None)]
    assert list(report(preview(moved, conflicts=("x · y",)), WRITTEN))[1:] == [
        "  same a/1 b/1: a/1 goes from none to E1 甲公司; b/1 goes from E2 (no name) to E1 甲公司",
        "  different c/1 E9: nothing moves",
        "  besides: z/1 goes from E1 甲公司 to none",
        "In sum 3 records move; enterprises 1,200 → 1,201; waiting for a person 3 → 2",
        "! x · y",
    ]
    assert "In sum 1 record moves;" in list(report(preview(moved[2:]), []))[-1]


@pytest.mark.parametrize("count", [20, 21])
def test_twenty_other_moves_are_listed(count: int) -> None:
    lines = list(report(preview([Moved(f"z/{number}", "E1", None) for number in range(count)]), WRITTEN))
    assert sum(line.startswith("  besides: ") for line in lines) == 20


@pytest.mark.parametrize(("count", "rest"), [(1, []), (40, []), (42, ["  … and of E40, E41"])])
def test_forty_changed_figures_are_listed_and_the_others_named(count: int, rest: list[str]) -> None:
    heading, first, *others = list(report(preview([], changed=count), []))[2:]
    assert (heading.split(), first.split()) == (
        ["enterprise", "企业名称", "figure", "before", "after"],
        ["E00", "乙公司", "sales_amount", "–", "7"],
    )
    assert others[39:] == rest
    assert len(others) - len(rest) == min(count, 40) - 1
