"""Words and figures as pages show them: both languages at once, and numbers with their thousands separated.

Words come from where the warehouse has them (warehouse/columns.yml by `labels`); only what no column says is written here or
in a template.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from markupsafe import Markup, escape

from warehouse.labels import Code, Label, labels
from warehouse.models import Model, read_layers
from warehouse.settings import CHECKOUT

NOTHING = "–"
_DASH = escape(NOTHING)
# what a column's name ends with, and no heading needs
_UNIT_ENDINGS = re.compile(r"_(amount|m2|m3|kwh|pct|count|code|id)(?=_|$)")
_SPELLED_OUT = {"12m": "12 months", "6m": "6 months", "3m": "3 months", "uscc": "credit code"}
# English headings where a column's name in words is none; the Chinese ones are in columns.yml
HEADINGS = {
    "on_site_count": "enterprises on site",
    "tenant_count": "tenants",
    "insured_headcount": "insured staff",
    "gained_12m_headcount": "jobs gained, 12 months",
    "lost_12m_headcount": "jobs lost, 12 months",
    "tax_received_year_amount": "tax received this year",
    "tax_received_12m_amount": "tax received, 12 months",
    "tax_paid_12m_amount": "tax by period, 12 months",
    "unlet_area_m2": "area not let",
    "sales_12m_amount": "sales, 12 months",
    "electricity_12m_kwh": "electricity, 12 months",
    "due_6m_area_m2": "area due in 6 months",
    "due_6m_unrenewed_area_m2": "of it not renewed",
    "tax_received_12m_per_mu_amount": "tax per mu, 12 months",
    "high_growth_count": "high-growth enterprises",
    "red_alert_count": "red alerts",
    "enterprise_count": "enterprises",
}
# code lists of charts that are no column's: how a point is marked, and when leased area falls due
OWN_CODES: dict[str, Mapping[str, tuple[str, str]]] = {
    "mark": {"": ("", ""), "provisional": ("暂定", "provisional"), "suspect": ("存疑", "suspect")},
    "due": {
        "3": ("3个月内", "within 3 months"),
        "6": ("4至6个月", "4 to 6 months"),
        "12": ("7至12个月", "7 to 12 months"),
    },
}


def both(zh: object, en: object) -> Markup:
    """A text in both languages; the switch of the page shows one of them."""
    zh, en = (NOTHING if text is None else text for text in (zh, en))
    # a page has two hundred of them, and Markup.format takes twice as long
    return Markup(f'<span lang="zh">{escape(zh)}</span><span lang="en">{escape(en)}</span>')  # noqa: S704 - both escaped


def title(column: str) -> Markup:
    """A column's heading: its Chinese name, and its English name in words."""
    label = labels().get(column)
    return both(label.zh if label else column, in_words(column))


def in_words(column: str) -> str:
    """`leased_area_m2` is leased area."""
    if column in HEADINGS:
        return HEADINGS[column]
    parts = [_SPELLED_OUT.get(part, part) for part in _UNIT_ENDINGS.sub("", column).split("_")]
    return " ".join(part for part in parts if part)


def meaning(column: str) -> str:
    """What a column means, in both languages, for a title attribute."""
    label = labels().get(column)
    return f"{label.note_zh or label.zh} | {label.en}" if label else ""


@cache
def tables() -> dict[str, Model]:
    """The models by their tables; their headers say what a column is there, and which codes it has."""
    return {model.table: model for model in read_layers(CHECKOUT / "transforms")}


@cache
def _codes(column: str) -> Mapping[str, tuple[str, str]]:
    table, _, own = column.rpartition(".")
    label: Label | None = tables()[table].columns.get(own) if table in tables() else None
    label = label or labels().get(own)
    return {str(code.value): (code.zh or str(code.value), _in_english(code)) for code in (label.codes if label else ())}


def _in_english(code: Code) -> str:
    """A code's English name: its title where the list has titles, else the code in words, else what an abbreviation means."""
    value = str(code.value)
    return code.en if code.en[:1].isupper() or len(value) <= 3 else value.replace("_", " ")


def codes(column: str) -> Mapping[str, tuple[str, str]]:
    """The words of a column's codes, Chinese and English; of `schema.table.column` those of that table."""
    return _codes(column)


def code(column: str, value: object) -> Markup:
    """A code in words; itself where no list has it, and a dash where there is none."""
    if value is None:
        return _DASH
    zh, en = _codes(column).get(str(value), (str(value), str(value)))
    return both(zh, en)


def several(column: str, value: str | None) -> Markup:
    """A text of several codes, in words."""
    if not value:
        return _DASH
    found = [_codes(column).get(one, (one, one)) for one in re.split(r"[;,+；，] *", value) if one]
    return both("、".join(zh for zh, _ in found), ", ".join(en for _, en in found))


def number(value: Any, digits: int = 0) -> str:
    """12345.6 is 12,346; a band of an edition as it is; a dash where there is none."""
    if isinstance(value, str):
        return value
    return NOTHING if value is None else f"{value:,.{digits}f}".replace("-", "−")


def wan(value: Any, digits: int = 1) -> str:
    """Yuan in 万元."""
    return NOTHING if value is None else number(Decimal(value) / 10000, digits)


_ID = re.compile(r"E[0-9a-f]{15}")


def linked(text: object, names: Mapping[str, str], up: str) -> Markup:
    """A sentence in which enterprises are named by their ids, with their names and links in place of the ids."""
    parts, end, sentence = [], 0, str(text or "")
    for found in _ID.finditer(sentence):
        key = found.group()
        if key in names:
            parts += [
                escape(sentence[end : found.start()]),
                Markup('<a href="{}enterprise/{}.html"><bdi>{}</bdi></a>').format(up, key, names[key]),
            ]
            end = found.end()
    return Markup("").join([*parts, escape(sentence[end:])])


def signed(value: Any, digits: int = 1) -> str:
    """+8.6 or −2.0."""
    if value is None:
        return NOTHING
    text = number(abs(value), digits)
    return text if not value else ("+" if value > 0 else "−") + text


def month(value: date | None) -> str:
    """2026-10."""
    return NOTHING if value is None else f"{value:%Y-%m}"


def day(value: date | datetime | None) -> str:
    """2026-10-31."""
    return NOTHING if value is None else f"{value:%Y-%m-%d}"


def name(value: object) -> Markup:
    """What somebody else wrote: as it is, and no mark in it turns the text around it."""
    return Markup("<bdi>{}</bdi>").format(value) if value not in (None, "") else _DASH


def halves(text: str | None) -> Markup:
    """`Tax bureau 税务局` in both languages; as it is where it is in one."""
    found = re.fullmatch(r"([\x20-\x7e]*[A-Za-z0-9)])\s+([^\x20-\x7e].*)", text or "")
    return both(found[2], found[1]) if found else name(text)


def yes(value: bool | None) -> Markup:
    """是, 否, or a dash where it is not known."""
    return _DASH if value is None else both(*(("是", "yes") if value else ("否", "no")))


def as_json(content: object) -> Markup:
    """JSON that can be inside a script element: no `<` in it, so nothing in it ends the element."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), default=_plain)
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))  # noqa: S704


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date):
        return f"{value:%Y-%m}"
    raise TypeError(f"{type(value).__name__} has no place in a chart's data")


FILTERS = {
    "number": number,
    "wan": wan,
    "signed": signed,
    "month": month,
    "day": day,
    "name": name,
    "halves": halves,
    "yes": yes,
    "json": as_json,
    "linked": linked,
}
GLOBALS = {"both": both, "title": title, "meaning": meaning, "code": code, "several": several, "escape": escape}


def chart_codes(charts: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, tuple[str, str]]]:
    """The words of every code list that a chart's columns name."""
    named = {
        column["codes"] for chart in charts.values() for column in chart["usermeta"]["columns"] if "codes" in column
    }
    return {name: OWN_CODES[name] if name in OWN_CODES else codes(name) for name in sorted(named)}
