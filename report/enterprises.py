"""The list of enterprises, and a page of each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from report.source import Figure, Page, Row, Source, Words, caption, figure, page_of
from report.words import codes

# charts of one signal: the chart's name is the signal's, with its unit and what its values are divided by
SERIES: dict[str, tuple[Words, int, int]] = {
    "headcount": (("人", "people"), 1, 0),
    "sales": (("万元", "(10,000 yuan)"), 10000, 1),
    "leased_area": (("平方米", "m²"), 1, 1),
    "electricity": (("千瓦时", "kWh"), 1, 0),
}
# a headline figure, the month beside it, and the change of a year where no <column>_before says it
FIGURES = (
    ("insured_headcount", "headcount_month", "headcount_change_12m_pct"),
    ("tax_received_12m_amount", "tax_received_12m_until_month", "tax_received_12m_change_pct"),
    ("sales_amount", "sales_month", "sales_change_12m_pct"),
    ("leased_area_m2", "leased_area_month", "leased_area_change_12m_pct"),
    ("electricity_kwh", "electricity_month", "electricity_change_12m_pct"),
    ("registered_capital_amount", "registered_capital_month", None),
)
# subjects, with the columns of snapshots.presence: is it there lately, is it known at all, its last month
SILOS = (
    ("registration", "is_registered", "is_known_to_register", None),
    ("lease", "is_leasing", "is_known_to_property", "last_lease_month"),
    ("tax_payment", "is_paying_tax", "is_known_to_tax", "last_tax_month"),
    ("employment", "is_insuring", "is_known_to_insurance", "last_headcount_month"),
    ("utility_use", "is_using_utilities", "is_known_to_utilities", "last_utility_month"),
    ("access_count", "is_accessing", "is_known_to_access", "last_access_month"),
)
BY_ENTERPRISE = (
    *("alert", "gap", "presence", "source", "revision", "change", "alert_change", "name", "lease", "flow"),
    *("need", "introduction", "outcome", "patent_count", "research_tie"),
)


def pages(source: Source) -> Iterator[Page]:
    """enterprises.html, and enterprise/<enterprise_id>.html of each."""
    listed = source.rows("enterprise")
    of = {name: source.groups(name, "enterprise_id") for name in BY_ENTERPRISE}
    suspects = source.groups("suspect", "enterprise_id")
    successions = source.groups("succession", "enterprise_id")
    series = source.groups("enterprise_series", "enterprise_id")
    kinds = list(codes("tax_kind_code"))
    for row in listed:
        key = row["enterprise_id"]
        row["other_names"] = [
            one["enterprise_name"]
            for one in of["name"].get(key, ())
            if one["enterprise_name"] != row["enterprise_name"]
        ]
        row["alerts"] = of["alert"].get(key, [])
    names = {
        row["enterprise_id"]: row["short_name"] or row["enterprise_name"] or row["enterprise_id"] for row in listed
    }
    present = dict.fromkeys(row["assessment_code"] for row in listed if row["assessment_code"])
    shown = {
        "enterprises": listed,
        "assessments": [(code, codes("assessment_code").get(code, (code, code))) for code in present],
    }
    yield Page("enterprises.html", "enterprises.html", ("企业名录", "Enterprises"), shown, "enterprises.html")
    for enterprise in listed:
        key = enterprise["enterprise_id"]
        mine = {name: of[name].get(key, []) for name in BY_ENTERPRISE}
        rows, captions = _charts(series.get(key, []), successions.get(key, []), kinds)
        name = enterprise["enterprise_name"] or key
        yield Page(
            f"enterprise/{page_of(key)}.html",
            "enterprise.html",
            (name, name),
            {
                "e": enterprise,
                "figures": list(_figures(enterprise)),
                "rows": rows,
                "captions": captions,
                "names": names,
                "suspects": suspects.get(key, []),
                "successions": successions.get(key, []),
                "silos": [
                    (subject, row[now], row[known], row[last] if last else None)
                    for row in mine["presence"]
                    for subject, now, known, last in SILOS
                ],
                **mine,
            },
            "enterprises.html",
        )


def _figures(row: Row) -> Iterator[Figure]:
    for column, until, change in FIGURES:
        yield figure(row, column, until=until, change=row[change] if change else None)


def _charts(
    series: list[Row], successions: list[Row], kinds: list[str]
) -> tuple[dict[str, list[list[Any]]], dict[str, Words | None]]:
    """The rows of each chart: month, value, mark; and each in words."""
    rows: dict[str, list[list[Any]]] = {}
    by_month: dict[date, Any] = {}
    for one in series:
        signal = one["signal_code"]
        if signal in SERIES:
            row = [one["month"], one["value"], one["mark"]]
            if signal == "sales":
                row.insert(2, one["period_months"])
            rows.setdefault(signal, []).append(row)
        elif (kind := signal.removeprefix("tax_")) in kinds and one["value"]:
            rows.setdefault("tax", []).append([one["month"], kind, one["value"], one["mark"]])
            by_month[one["month"]] = by_month.get(one["month"], 0) + one["value"]
    if "tax" in rows:
        rows["tax"].sort(key=lambda row: (row[0], kinds.index(row[1])))
    captions = {
        signal: caption(rows.get(signal, ()), unit, divide=divide, digits=digits)
        for signal, (unit, divide, digits) in SERIES.items()
    }
    captions["tax"] = caption(sorted(by_month.items()), ("万元", "(10,000 yuan)"), divide=10000, digits=1)
    rows["events"] = [[one["effective_month"], _event(one)] for one in successions if one["standing_code"] == "fact"]
    return rows, captions


def _event(one: Row) -> Words:
    """A succession in words, as a chart shows it."""
    zh, en = codes("succession_code").get(one["succession_code"], (one["succession_code"], one["succession_code"]))
    other = one["other_name"] or "?"
    if one["role"] == "predecessor":
        return f"{zh}：由 {other} 承继", f"{en}: to {other}"
    return f"{zh}：承继自 {other}", f"{en}: from {other}"
