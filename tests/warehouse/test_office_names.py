"""An office may name its columns as it likes: as our statements name their tables and columns, too."""

from __future__ import annotations

import json

import duckdb

from tests.conftest import Park, day
from warehouse.batches import REJECTED, pending

# what warehouse/loader.py and its neighbours call tables, columns and aliases
OURS = [
    "b",
    "blotted",
    "candidate",
    "d",
    "delivery",
    "facts",
    "fact",
    "g",
    "given",
    "has_source_key",
    "i",
    "incoming",
    "judged",
    "made",
    "number",
    "period_months",
    "r",
]
OURS += ["reason", "rejected", "row_json", "rows", "s", "spoken", "t", "text", "unread", "value"]

DECLARATION = """
feed: staff
subject: employment
title: {{en: Odd names, zh: 列名}}
office: Social insurance bureau
owner: data-engineering
description: Columns that are called as our own are.
schedule: "0 1 * * *"
source: {{protocol: file_drop, connection: none, folder: staff, pattern: "*", settle_seconds: 0}}
replaces: period
columns: {{key: source_key, candidate: enterprise_name, month: month, d: insured_headcount, reason: uscc, delivery: address, {others}}}
facts: {{given: "d <> '77'"}}
allow: {{rejected_pct: 100}}
"""
SQL = """
select row_number, key as source_key, candidate as enterprise_name, to_month(month) as month, to_count(d) as insured_headcount,
    reason as uscc, delivery as address
from delivery
"""


def test_columns_named_as_ours_are_staged_and_quarantined_whole(park: Park) -> None:
    used = {"candidate", "d", "reason", "delivery"}
    others = ", ".join(f"{name}: ignored" for name in OURS if name not in used)
    park.declare("staff", DECLARATION.format(others=others), SQL)
    header = ["key", "month", *OURS]
    lines = [",".join(header)]
    for number, count in enumerate(("5", "七人", "77")):
        row = dict.fromkeys(OURS, "") | {"row_json": "[1]", "text": "x", "key": f"K{number}", "month": "2026-01"}
        row |= {"d": count, "candidate": "江屿甲科技有限公司", "reason": "R", "delivery": "门牌 1 号"}
        lines.append(",".join(row[name] for name in header))
    park.drop("staff", "a.csv", "\n".join(lines) + "\n", day(0.5))
    park.land("staff", day(1))
    (staged,) = park.stage("staff")
    assert (staged.rows, staged.rejected) == (1, 2)
    (batch,) = pending(park.raw, "staff")
    found = duckdb.sql(
        f"select reason, row_json from read_parquet('{batch.folder / REJECTED}') order by row_number"
    ).fetchall()
    assert [reason for reason, _ in found] == [
        "d cannot be read as insured_headcount: 七人",
        "it does not hold that given (facts)",
    ]
    assert [json.loads(row)["d"] for _, row in found] == ["七人", "77"]
    assert json.loads(found[0][1])["row_json"] == "[1]"
    park.accept("staff", day(1))
    assert park.ask("select source_key, insured_headcount, uscc, address from staged.employment") == [
        ("K0", 5, "R", "门牌 1 号")
    ]
