"""The dictionary: every view and table with what its comment says, and every column with its meaning and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator

from report.lineage import made_from
from report.source import Page, Row, Source, Words, page_of
from warehouse.views import ENGINEERS_SCHEMA, OPERATORS_SCHEMA

# the Chinese half of a table's comment begins with it (warehouse/models.py: CHINESE_FIELDS)
CHINESE_HALF = "\n一行是："


def pages(source: Source) -> Iterator[Page]:
    """dictionary.html, and dictionary/<schema>.<table>.html of each table and operators' view."""
    columns = source.groups("dictionary_column", "schema_name", "table_name")
    found = source.rows("dictionary_table")
    shown_views = source.rows("dictionary_view")
    chinese = {
        line.removeprefix("来源表："): view["table_name"]
        for view in shown_views
        if view["schema_name"] == ENGINEERS_SCHEMA
        for line in (view["comment"] or "").splitlines()
        if line.startswith("来源表：")
    }
    known = {f"{schema}.{table}": [row["column_name"] for row in rows] for (schema, table), rows in columns.items()}
    sources, reads = made_from(known, source.settings.time_zone)
    used_by: dict[str, set[str]] = {}
    for table, outputs in sources.items():
        for column, found_in in outputs.items():
            for one in found_in:
                used_by.setdefault(one, set()).add(f"{table}.{column}")
    entries = [_entry(row, chinese) for row in found] + [
        _entry(row | {"row_count": None}, {}) for row in shown_views if row["schema_name"] == OPERATORS_SCHEMA
    ]
    pages_of = {entry["name"]: f"dictionary/{page_of(entry['name'].replace('.', '-'))}.html" for entry in entries}
    for entry in entries:
        entry["columns"] = columns.get((entry["schema_name"], entry["table_name"]), [])
        entry["page"] = pages_of[entry["name"]]
    schemas = [OPERATORS_SCHEMA, "snapshots", "industry", "signals", "monthly", "resolved", "ops", "rules"]
    entries.sort(key=lambda one: schemas.index(one["schema_name"]) if one["schema_name"] in schemas else len(schemas))
    yield Page(
        "dictionary.html", "dictionary.html", ("数据字典", "Dictionary"), {"entries": entries}, "dictionary.html"
    )
    for entry in entries:
        name = entry["name"]
        shown = [
            {
                "name": row["column_name"],
                "type": row["data_type"].lower(),
                "meaning": _halves(row["comment"] or ""),
                "from": sources.get(name, {}).get(row["column_name"], []),
                "used_by": sorted(used_by.get(f"{name}.{row['column_name']}", ())),
            }
            for row in entry["columns"]
        ]
        read_by = sorted(reader for reader, tables_read in reads.items() if name in tables_read)
        yield Page(
            entry["page"],
            "table.html",
            entry["title"],
            {
                "entry": entry,
                "shown": shown,
                "reads": sorted(reads.get(name, ())),
                "read_by": read_by,
                "pages_of": pages_of,
            },
            "dictionary.html",
        )


def _entry(row: Row, chinese: dict[str, str]) -> Row:
    name = f"{row['schema_name']}.{row['table_name']}"
    text = row["comment"] or ""
    en, half, zh = text.partition(CHINESE_HALF)
    if text.startswith(CHINESE_HALF.strip()):  # an operators' view: Chinese only
        en, zh = text, text
    elif half:
        zh = CHINESE_HALF.strip() + zh
    first = next((line.removeprefix("title: ") for line in en.splitlines() if line.startswith("title: ")), "")
    title_en, _, title_zh = first.partition(" | ")
    title: Words = (title_zh or chinese.get(name) or row["table_name"], title_en or row["table_name"])
    lines = "\n".join(line for line in en.splitlines() if not line.startswith("title: "))
    return row | {"name": name, "title": title, "text": (zh or lines, lines)}


def _halves(comment: str) -> Words:
    """A column's meaning: `English | 中文：说明`; one language where only one is written."""
    en, bar, zh = comment.partition(" | ")
    return (zh, en) if bar else (comment, comment)
