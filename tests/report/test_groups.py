"""The pages of buildings and industries: which rows, figures, members and words each has, from a park of a few rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from report.groups import pages
from report.source import Page, Source
from tests.report.conftest import Rows

MONTHS = [date(2025, 10, 1), date(2026, 9, 1), date(2026, 10, 1)]
OCTOBER = MONTHS[-1]
Pages = dict[str, Page]
MakePages = Callable[[Rows], Pages]


@pytest.fixture
def pages_of(source_of: Callable[[Rows], Source]) -> MakePages:
    """Make the pages of a night that holds these rows, by their paths."""
    return lambda rows: {page.path: page for page in pages(source_of(rows))}


def park() -> Rows:
    """Division 39 with figures, division 26 with none but its headcount, and what is of no known industry."""
    until = {"headcount_month": OCTOBER, "tax_received_12m_until_month": OCTOBER}
    yield "snapshots.park_current", {"month": OCTOBER, **until}
    parts = [("industry_division", "39"), ("industry_division", "26"), ("industry_section", "unknown")]
    for kind, code in parts:
        part = {"part_kind": kind, "part_code": code, "period_months": 1}
        part |= {"part_title_zh": "计算机", "part_title_en": "Computers"} if code == "39" else {}
        change = Decimal("8.5") if code == "39" else None
        for month, value in zip(MONTHS, (100, 130, 120), strict=True):
            row = part | {"month": month, "total_value": value, "enterprise_count": 7, "change_12m_pct": change}
            yield "snapshots.group_month", row | {"signal_code": "headcount"}
            if code == "39":
                yield "snapshots.group_month", row | {"signal_code": "tax_received", "total_value": value * 10_000}
                yield "snapshots.group_month", row | {"signal_code": "leased_area", "change_12m_pct": Decimal(-2)}
        # a sum of three months is no month of the chart
        yield (
            "snapshots.group_month",
            part | {"month": OCTOBER, "signal_code": "headcount", "period_months": 3, "total_value": 9},
        )
    for key, division, building in (("E1", "39", "B1"), ("E2", None, None), ("E3", "26", "B2")):
        yield "snapshots.enterprise_current", {"enterprise_id": key, "enterprise_name": key, "feed_count": 1}
        yield (
            "snapshots.enterprise_label",
            {"enterprise_id": key, "industry_division_code": division, "building_code": building},
        )
    for code, name, areas in (
        ("B1", "一号楼", (10, 20, 30)),
        ("B2", None, (5, None, 40)),
        ("unknown", None, (None,) * 3),
    ):
        for month, area in zip(MONTHS, areas, strict=True):
            row = {"building_code": code, "building_name": name, "month": month, "leased_area_m2": area}
            yield "snapshots.building_month", row | {"occupancy_pct": area, "lettable_area_m2": 100}


def test_the_figures_of_an_industry_have_the_change_that_the_file_states(pages_of: MakePages) -> None:
    shown = pages_of(park())["industry/division-39.html"].shown
    found = {f.meaning: (f.value, f.change, f.until) for f in shown["figures"]}
    # 120 people (+8.5 % as stated), 350 x 10,000 yuan of tax, 120 m² (-2 %); a number of enterprises has no change
    assert list(found.values()) == [
        ("7", None, "2026-10"),
        ("120", Decimal("8.5"), "2026-10"),
        # twelve months to October 2026: September and October; the October before is the year before
        ("250.0", Decimal(150), "2026-10"),
        ("120", Decimal(-2), "2026-10"),
    ]


def test_each_industry_has_its_title_chart_and_members(pages_of: MakePages) -> None:
    found = pages_of(park())
    assert {path for path in found if path.startswith("industry/")} == {
        "industry/division-39.html",
        "industry/division-26.html",
        "industry/section-unknown.html",
    }
    known, bare, unknown = (found[f"industry/{n}.html"] for n in ("division-39", "division-26", "section-unknown"))
    assert known.heading == ("计算机", "Computers")
    assert bare.heading == ("26", "26"), "without a title: its code"
    assert [[one["enterprise_id"] for one in page.shown["enterprises"]] for page in (known, bare)] == [["E1"], ["E3"]]
    # of no section in this park: every enterprise
    assert sorted(one["enterprise_id"] for one in unknown.shown["enterprises"]) == ["E1", "E2", "E3"]
    assert known.shown["rows"]["headcount"] == [[month, v] for month, v in zip(MONTHS, (100, 130, 120), strict=True)]
    assert known.shown["captions"]["headcount"] == (
        "2026-10 为 120 人，上年同月 100；最高 130（2026-09），最低 100（2025-10）",
        "2026-10: 120 people, a year before 100; highest 130 (2026-09), lowest 100 (2025-10)",
    )
    assert known.shown["captions"]["tax_received"][1].startswith("2026-10: 120.0 (10,000 yuan)")
    assert known.shown["captions"]["leased_area"][1].startswith("2026-10: 120.0 m²")
    assert known.shown["captions"]["electricity"] is None
    assert set(bare.shown["rows"]) == {"headcount"}


def test_each_building_is_of_its_last_month_the_largest_first(pages_of: MakePages) -> None:
    found = pages_of(park())
    today = found["buildings.html"].shown["buildings"]
    assert [(row["building_code"], row["leased_area_m2"]) for row in today] == [
        ("B2", 40),
        ("B1", 30),
        ("unknown", None),
    ]
    one, other, unknown = (found[f"building/{code}.html"] for code in ("B1", "B2", "unknown"))
    assert one.heading == ("一号楼", "一号楼")
    assert other.heading == ("B2", "B2")
    assert unknown.heading == ("楼栋不详", "building unknown")
    members = [[row["enterprise_id"] for row in page.shown["enterprises"]] for page in (one, other, unknown)]
    assert members == [["E1"], ["E3"], ["E2"]]
    # a month that is not known is no point of the chart
    assert [month for month, _ in other.shown["rows"]["leased_area"]] == [MONTHS[0], OCTOBER]
    assert other.shown["rows"]["occupancy"] == [[MONTHS[0], 5, 5, 100], [OCTOBER, 40, 40, 100]]
    assert unknown.shown["rows"]["occupancy"] == []
    assert unknown.shown["captions"]["occupancy"] is None


def test_the_position_of_industries(pages_of: MakePages) -> None:
    def position(level: str, code: str, **more: Any) -> tuple[str, dict[str, Any]]:
        row = {"industry_level": level, "industry_code": code, "year_number": 2025, "enterprise_count": 3}
        return "industry.position", row | {"area_code": "330100", "area_name": None} | more

    low = {"lq_enterprises": Decimal("1.5"), "lq_enterprises_low": Decimal("1.1"), "lq_enterprises_high": Decimal(2)}
    gap = {"goods_code": "1", "outside_amount": 50, "maker_division_code": None}
    found = pages_of(
        [
            position("division", "39", **low),
            position("division", "26", mix_value=Decimal(3), area_name="杭州市"),
            position("section", "C", mix_value=Decimal(4), **low),
            *(("industry.gap", gap | {"goods_code": str(n), "outside_amount": 50 * n}) for n in (1, 2)),
            ("industry.gap", gap | {"goods_code": "3", "maker_division_code": "39"}),
        ]
    )
    shown = found["industries.html"].shown
    assert (shown["unmapped_count"], shown["unmapped_amount"]) == (2, 150)
    assert [row[3] for row in shown["rows"]["position"]] == [Decimal("1.1")], "divisions of which a quotient is known"
    assert [row["industry_code"] for row in shown["shifts"]] == ["26"]
    assert (shown["year"], shown["area"], len(shown["positions"])) == (2025, "杭州市", 3)
    nothing = pages_of([])["industries.html"].shown
    assert (nothing["year"], nothing["area"], nothing["unmapped_amount"]) == (None, None, 0)
