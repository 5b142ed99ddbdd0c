"""The park's page, the work list, and the alerts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from report.source import Figure, Page, Row, Source, Words, caption, figure
from report.words import OWN_CODES, codes, number

# the figures of snapshots.park_current that a director asks for, in this order; each with the month it is of
FIGURES: tuple[tuple[str, str, Words | None], ...] = (
    ("on_site_count", "month", None),
    ("tenant_count", "month", None),
    ("insured_headcount", "headcount_month", None),
    ("gained_12m_headcount", "jobs_12m_until_month", None),
    ("lost_12m_headcount", "jobs_12m_until_month", None),
    ("tax_received_year_amount", "tax_received_12m_until_month", None),
    ("tax_received_12m_amount", "tax_received_12m_until_month", None),
    ("tax_paid_12m_amount", "tax_paid_12m_until_month", None),
    ("sales_12m_amount", "sales_12m_until_month", None),
    ("electricity_12m_kwh", "electricity_12m_until_month", None),
    ("leased_area_m2", "month", None),
    ("occupancy_pct", "month", None),
    ("unlet_area_m2", "month", None),
    ("due_6m_area_m2", "month", None),
    ("due_6m_unrenewed_area_m2", "month", None),
    ("tax_received_12m_per_mu_amount", "tax_received_12m_until_month", ("万元/亩", "10,000 yuan per mu")),
    ("high_growth_count", "month", None),
    ("red_alert_count", "month", ("条", "")),
)
# flows of staff by park_month's columns: what adds jobs, then what takes them
GAINS, LOSSES = ("open", "move_in", "expand"), ("close", "move_out", "contract")
# of each kind of thing to do, so many are on the park's page
FIRST_OF_GROUP = 2


def pages(source: Source) -> Iterator[Page]:
    """index.html, worklist.html and alerts.html."""
    alerts = source.rows("alert")
    current = source.rows("park_current")
    rows, captions = _charts(source)
    counts = source.rows("assessment_count")
    rows["assessment"] = [
        [row["assessment_code"], row["enterprise_count"]] for row in counts if row["enterprise_count"]
    ]
    captions["assessment"] = _listed(
        [(codes("assessment_code").get(code, (code, code)), count) for code, count in rows["assessment"]]
    )
    figures: list[Figure] = (
        [figure(current[0], column, until=until, unit=unit) for column, until, unit in FIGURES] if current else []
    )
    tasks = source.rows("work_list")
    waiting = [task for task in tasks if task["work_state_code"] in ("new", "back")]
    shown = {
        "figures": figures,
        "month": current[0]["month"] if current else None,
        "rows": rows,
        "captions": captions,
        "assessments": [row for row in counts if row["enterprise_count"]],
        "first": list(_first(waiting)),
        "task_count": len(waiting),
        "alert_count": len(alerts),
        "checks": source.rows("check_count")[0],
    }
    yield Page("index.html", "park.html", ("园区概况", "Park"), shown, "index.html")
    yield Page(
        "worklist.html",
        "worklist.html",
        ("工作清单", "Work list"),
        {"tasks": tasks, "actions": _present(tasks, "action_code"), "services": source.rows("need_service")},
        "worklist.html",
    )
    yield Page(
        "alerts.html",
        "alerts.html",
        ("预警与机会", "Alerts"),
        {"alerts": alerts, "alert_codes": _present(alerts, "alert_code"), "changes": source.rows("alert_change")},
        "alerts.html",
    )


def _first(tasks: list[Row]) -> Iterator[Row]:
    """The first ones of each kind of thing to do."""
    taken: dict[str, int] = {}
    for task in tasks:
        group = task["limit_group_code"]
        taken[group] = taken.get(group, 0) + 1
        if taken[group] <= FIRST_OF_GROUP:
            yield task


def _present(rows: list[Row], column: str) -> list[tuple[str, Words]]:
    known = codes(column)
    return [(code, known.get(code, (code, code))) for code in dict.fromkeys(row[column] for row in rows)]


def _listed(counts: list[tuple[Words, int]]) -> Words | None:
    if not counts:
        return None
    return "，".join(f"{zh} {count}" for (zh, _), count in counts), ", ".join(
        f"{en} {count}" for (_, en), count in counts
    )


def _charts(source: Source) -> tuple[dict[str, list[list[Any]]], dict[str, Words | None]]:
    rows: dict[str, list[list[Any]]] = {}
    captions: dict[str, Words | None] = {}
    by_signal = source.groups("park_month", "signal_code")
    jobs = by_signal.get("headcount", [])
    rows["jobs"] = [
        [row["month"], flow, row[f"{flow}_value"] * sign]
        for row in jobs
        for flows, sign in ((GAINS, 1), (LOSSES, -1))
        for flow in flows
        if row[f"{flow}_value"]
    ]
    if known := [row for row in jobs if row["creation_value"] is not None and row["destruction_value"] is not None]:
        last = known[-1]
        gained, lost = last["creation_value"], last["destruction_value"]
        captions["jobs"] = (
            f"{last['month']:%Y-%m} 新增 {number(gained)} 人，减少 {number(lost)} 人。零线以上为新设、迁入、扩张，以下为关停、迁出、收缩",
            f"{last['month']:%Y-%m}: {number(gained)} gained, {number(lost)} lost. Above zero: openings, move-ins, growth; "
            "below: closings, move-outs, decline",
        )
    total = {row["month"]: row["total_value"] for row in by_signal.get("tax_received", [])}
    kinds = [code for code in codes("tax_kind_code") if f"tax_received_{code}" in by_signal]
    rows["tax"] = sorted(
        (
            [row["month"], kind, row["total_value"], total.get(_year_before(row["month"])), _mark(row)]
            for kind in kinds
            for row in by_signal[f"tax_received_{kind}"]
            if row["total_value"]
        ),
        key=lambda row: (row[0], kinds.index(row[1])),
    )
    captions["tax"] = caption(sorted(total.items()), ("万元", "(10,000 yuan)"), divide=10000, digits=1)
    buildings = source.groups("building_month", "month")
    for month, found in buildings.items():
        measured = [row for row in found if row["lettable_area_m2"] and row["leased_area_m2"] is not None]
        leased, lettable = (sum(row[c] for row in measured) for c in ("leased_area_m2", "lettable_area_m2"))
        if lettable:
            rows.setdefault("occupancy", []).append([month, round(leased * 100 / lettable, 2), leased, lettable])
    if "occupancy" in rows:
        rows["occupancy"].sort()
        captions["occupancy"] = caption(rows["occupancy"], ("%", "%"), digits=1)
    rows["due"] = list(_due(buildings[max(buildings)])) if buildings else []
    due = {months: sum(row[2] for row in rows["due"] if row[1] == months) for months in OWN_CODES["due"]}
    words = [(zh, en, number(due[months])) for months, (zh, en) in OWN_CODES["due"].items()]
    captions["due"] = (
        "全园 " + "，".join(f"{zh} {area}" for zh, _, area in words) + " 平方米",
        "all buildings: " + ", ".join(f"{en} {area}" for _, en, area in words) + " m²",
    )
    return rows, captions


def _due(buildings: list[Row]) -> Iterator[list[Any]]:
    for row in buildings:
        before = 0
        for months in ("3", "6", "12"):
            area = row[f"due_{months}m_area_m2"]
            if area is not None and area > before:
                yield [row["building_name"] or row["building_code"], months, area - before]
            before = area if area is not None else before


def _mark(row: Row) -> str:
    return "provisional" if row["is_provisional"] else ""


def _year_before(month: Any) -> Any:
    return month.replace(year=month.year - 1)
