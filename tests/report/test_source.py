"""Headline figures: value, unit, and the change of a year."""

from __future__ import annotations

from decimal import Decimal

import pytest

from report.source import PERCENT, figure


@pytest.mark.parametrize(
    ("row", "given", "change", "unit"),
    [
        # 12 after 10: 20 % more; a change that the file states is not reckoned again
        ({"insured_headcount": 12, "insured_headcount_before": 10}, None, Decimal(20), PERCENT),
        ({"insured_headcount": 12, "insured_headcount_before": 10}, Decimal("19.5"), Decimal("19.5"), PERCENT),
        ({"insured_headcount": 12, "insured_headcount_before": None}, None, None, PERCENT),
        ({"insured_headcount": None, "insured_headcount_before": 10}, None, None, PERCENT),
        ({"insured_headcount": 12, "insured_headcount_before": 0}, None, None, PERCENT),
        # a share changes by points
        (
            {"occupancy_pct": Decimal("76.3"), "occupancy_pct_before": Decimal("67.6")},
            None,
            Decimal("8.7"),
            ("个百分点", "pp"),
        ),
    ],
)
def test_the_change_of_a_figure(
    row: dict[str, Decimal | int | None], given: Decimal | None, change: Decimal | None, unit: tuple[str, str]
) -> None:
    found = figure(row, next(iter(row)), change=given)
    assert (found.change, found.change_unit) == (change, unit)
