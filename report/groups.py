"""The lists of buildings and of industries, and a page of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from report.source import Page, Row, Source, Words, caption, figure, page_of

SERIES: dict[str, tuple[Words, int, int]] = {
    "headcount": (("人", "people"), 1, 0),
    "tax_received": (("万元", "(10,000 yuan)"), 10000, 1),
    "leased_area": (("平方米", "m²"), 1, 1),
    "electricity": (("千瓦时", "kWh"), 1, 0),
}
BUILDING_SERIES = {
    "headcount": "insured_headcount",
    "tax_received": "tax_received_amount",
    "leased_area": "leased_area_m2",
    "electricity": "electricity_kwh",
}
# the entry of building_month and of group_month for what is in no known building, or of no known industry
UNKNOWN_CODE = "unknown"
UNKNOWN: Words = ("楼栋不详", "building unknown")
BUILDING_FIGURES = (
    "leased_area_m2",
    "occupancy_pct",
    "due_6m_area_m2",
    "due_6m_unrenewed_area_m2",
    "tenant_count",
    "insured_headcount",
    "tax_received_12m_amount",
    "electricity_kwh",
)
INDUSTRY_FIGURES = (
    ("enterprise_count", "headcount_month", None),
    ("insured_headcount", "headcount_month", "headcount_change_12m_pct"),
    ("tax_received_12m_amount", "tax_received_12m_until_month", None),
    ("leased_area_m2", "month", "leased_area_change_12m_pct"),
)


def pages(source: Source) -> Iterator[Page]:
    """buildings.html, industries.html, and building/<code>.html and industry/<code>.html of each."""
    enterprises = source.rows("enterprise")
    months = source.groups("group_month", "part_kind", "part_code")
    yield from _buildings(source, enterprises)
    yield from _industries(source, enterprises, months)


def _buildings(source: Source, enterprises: list[Row]) -> Iterator[Page]:
    by_building = source.groups("building_month", "building_code")
    leases: dict[str, list[Row]] = {}
    for row in source.rows("lease"):
        leases.setdefault(row["building_code"], []).append(row)
    today = sorted(
        (rows[-1] for rows in by_building.values()),
        key=lambda row: (-(row["leased_area_m2"] or 0), row["building_code"]),
    )
    heading = ("楼栋", "Buildings")
    yield Page("buildings.html", "buildings.html", heading, {"buildings": today}, "buildings.html")
    for row in today:
        code = row["building_code"]
        rows, captions = _building_charts(by_building[code])
        title: Words = UNKNOWN if code == UNKNOWN_CODE else (row["building_name"] or code,) * 2
        yield Page(
            f"building/{page_of(code)}.html",
            "building.html",
            title,
            {
                "b": row,
                "title_shown": title,
                "figures": [figure(row, column, until="month") for column in BUILDING_FIGURES],
                "rows": rows,
                "captions": captions,
                "leases": leases.get(code, []),
                "enterprises": [one for one in enterprises if (one["building_code"] or UNKNOWN_CODE) == code],
            },
            "buildings.html",
        )


def _industries(source: Source, enterprises: list[Row], months: dict[Any, list[Row]]) -> Iterator[Page]:
    found = source.rows("industry_current")
    heading = ("行业", "Industries")
    yield Page(
        "industries.html", "industries.html", heading, _positions(source) | {"industries": found}, "industries.html"
    )
    for row in found:
        rows, captions = _charts(months.get((row["part_kind"], row["part_code"]), []))
        column = f"{row['part_kind']}_code"
        zh, en = row["part_title_zh"] or row["part_code"], row["part_title_en"] or row["part_code"]
        yield Page(
            f"industry/{page_of(row['part_kind'].removeprefix('industry_') + '-' + row['part_code'])}.html",
            "industry.html",
            (zh, en),
            {
                "i": row,
                "title_shown": (zh, en),
                "figures": [
                    figure(row, name, until=until, change=row[c] if c else None) for name, until, c in INDUSTRY_FIGURES
                ],
                "rows": rows,
                "captions": captions,
                "enterprises": [one for one in enterprises if (one[column] or UNKNOWN_CODE) == row["part_code"]],
            },
            "industries.html",
        )


def _positions(source: Source) -> dict[str, Any]:
    """The newest year of industry.position: the chart of the divisions, shift-share, opportunities; chains and research ties."""
    positions = source.rows("position")
    divisions = [row for row in positions if row["industry_level"] == "division" and row["lq_enterprises_low"]]
    chart = [
        [
            [row["industry_title_zh"], row["industry_title_en"]],
            row["position_code"],
            row["lq_enterprises"],
            row["lq_enterprises_low"],
            row["lq_enterprises_high"],
        ]
        for row in divisions
    ]
    # goods that no single division makes for certain are in no opportunity: their number and sum are shown
    unmapped = [row for row in source.rows("trade_gap") if not row["maker_division_code"]]
    return {
        "unmapped_count": len(unmapped),
        "unmapped_amount": sum(row["outside_amount"] for row in unmapped),
        "rows": {"position": chart},
        "positions": positions,
        "year": positions[0]["year_number"] if positions else None,
        "area": next((row["area_name"] for row in positions if row["area_name"]), None),
        "shifts": [row for row in positions if row["industry_level"] == "division" and row["mix_value"] is not None],
        "opportunities": source.rows("opportunity"),
        "nodes": source.rows("chain_node"),
        "ties": source.rows("research_tie"),
    }


def _building_charts(months: list[Row]) -> tuple[dict[str, list[list[Any]]], dict[str, Words | None]]:
    """The months of snapshots.building_month, so that charts and headline figures are one."""
    rows: dict[str, list[list[Any]]] = {
        signal: [[row["month"], row[column]] for row in months if row[column] is not None]
        for signal, column in BUILDING_SERIES.items()
    }
    rows["occupancy"] = [
        [row["month"], row["occupancy_pct"], row["leased_area_m2"], row["lettable_area_m2"]]
        for row in months
        if row["occupancy_pct"] is not None
    ]
    return rows, _captions(rows) | {"occupancy": caption(rows["occupancy"], ("%", "%"), digits=1)}


def _charts(series: list[Row]) -> tuple[dict[str, list[list[Any]]], dict[str, Words | None]]:
    rows: dict[str, list[list[Any]]] = {}
    for one in series:
        if one["period_months"] == 1:
            rows.setdefault(one["signal_code"], []).append([one["month"], one["total_value"]])
    return rows, _captions(rows)


def _captions(rows: dict[str, list[list[Any]]]) -> dict[str, Words | None]:
    return {
        signal: caption(rows.get(signal, ()), unit, divide=divide, digits=digits)
        for signal, (unit, divide, digits) in SERIES.items()
    }
