"""The page of the data's quality: every feed, what it covers, what was put aside, and every check that does not hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

from report.source import Page, Row, Source, Words
from report.words import tables
from warehouse.settings import CHECKOUT

RULES = CHECKOUT / "expectations" / "rules"
# suites by the word before their first dot
AREAS: dict[str, Words] = {
    "resolved": ("主体归集", "who is who"),
    "monthly": ("月度数据", "monthly figures"),
    "signals": ("监测指标", "signals"),
    "industry": ("产业分析", "industries and links"),
    "snapshots": ("快照", "snapshots"),
    "rules": ("跨表规则", "rules across tables"),
}


def pages(source: Source) -> Iterator[Page]:
    """quality.html."""
    coverage = source.groups("coverage", "feed")
    months = sorted({row["month"] for rows in coverage.values() for row in rows})
    feeds = source.rows("feed")
    for feed in feeds:
        by_month = {row["month"]: row for row in coverage.get(feed["feed"], ())}
        feed["months"] = [by_month.get(month) for month in months] if by_month else []
        feed["received"] = source.local(feed["last_received_at"])
    yield Page(
        "quality.html",
        "quality.html",
        ("数据质量", "Data quality"),
        {
            "feeds": feeds,
            "months": months,
            "quarantine": source.rows("quarantine"),
            "failed": [row | _explained(row) for row in source.rows("check_failed")],
            "suites": [
                row | {"title": AREAS.get(row["area"], (row["area"], row["area"]))}
                for row in source.rows("check_suite")
            ],
            "confirmations": source.rows("confirmation"),
        },
        "quality.html",
    )


def _explained(row: Row) -> Row:
    """A check that does not hold: what it says in both languages, why it matters, and what to do next."""
    zh = row["check_name"]
    why: Words = ("该检查不通过时数据不发布", "the night is not published while it fails")
    if row["severity"] != "critical":
        why = ("该检查只提示，不影响发布", "it is reported, and stops nothing")
    header = _rule_header(row["object_name"]) if row["suite"].startswith("rules.") else {}
    if header:
        zh = header["rule"].partition("|")[2].strip() or zh
        why = (why[0], f"{header['why']}; {why[1]}")
    elif row["object_name"] in tables():
        zh = f"{tables()[row['object_name']].title_zh}：{zh}"
    return {"zh": zh, "why": why, "next": row["message"].partition(". Next: ")[2] or header.get("next step", "")}


def _rule_header(name: str) -> dict[str, str]:
    """The header of expectations/rules/<name>.sql; empty where there is no such file."""
    path = RULES / f"{name}.sql"
    if not re.fullmatch(r"\w+", name) or not path.is_file():
        return {}
    found: dict[str, str] = {}
    field = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("--"):
            break
        if started := re.match(r"-- (rule|severity|stage|why|next step): (.*)", line):
            field, found[started[1]] = started[1], started[2]
        elif field:
            found[field] += " " + line.removeprefix("--").strip()
    return found if {"rule", "why"} <= set(found) else {}
