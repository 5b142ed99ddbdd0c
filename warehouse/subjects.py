"""The subjects that silos speak of and their canonical columns, read from subjects.yml."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NoReturn

import yaml

from warehouse.errors import DeclarationError

# Every staged row carries these after its subject's own columns.
LINEAGE = {
    "feed": "varchar",
    "batch_id": "varchar",
    "row_number": "bigint",
    "recorded_at": "timestamp",
    "received_at": "timestamp",
    "superseded_at": "timestamp",
}
# And these in staged.* alone: `known.*` has no column that a later delivery changes in a row that a past night showed.
STAGED_ONLY = {"last_recorded_at": "timestamp"}
_ENTRY = {"title", "row", "key", "period", "columns"}
_TYPE = re.compile(r"varchar|bigint|boolean|date|timestamp|decimal\(\d+,\d+\)")


@dataclass(frozen=True)
class Column:
    """A canonical column: its DuckDB type, and whether a row without it is quarantined."""

    name: str
    type: str
    is_required: bool


@dataclass(frozen=True)
class Subject:
    """What a silo can speak of: one row is `row`; `key` says which fact it is about within one feed.

    `period` names the column by which a delivery can be the whole of a period; None where a subject has no such column.
    """

    name: str
    title_en: str
    title_zh: str
    row: str
    key: tuple[str, ...]
    period: str | None
    columns: dict[str, Column]


def read_subjects(path: Path) -> dict[str, Subject]:
    """Read a subjects file; a wrong entry raises DeclarationError naming it."""

    def wrong(where: str, fact: str, next_step: str) -> NoReturn:
        raise DeclarationError(f"{path.name}: {where}", fact, next_step=next_step)

    subjects = {}
    for name, entry in yaml.safe_load(path.read_text(encoding="utf-8")).items():
        given = set(entry) if isinstance(entry, dict) else set()
        if strangers := sorted((given ^ _ENTRY) - {"period"}):
            wrong(
                name, f"{strangers[0]} is {'unknown' if strangers[0] in given else 'missing'}", f"use {sorted(_ENTRY)}"
            )
        columns = {}
        for column, text in entry["columns"].items():
            kind = str(text).removesuffix("!")
            if not _TYPE.fullmatch(kind):
                wrong(f"{name}.{column}", f"{kind!r} is no column type", f"use {_TYPE.pattern}")
            columns[column] = Column(column, kind, str(text).endswith("!"))
        if taken := sorted(set(columns) & set(LINEAGE)):
            wrong(name, f"{taken[0]} is a column of every staged row", "give it another name")
        key, period = tuple(entry["key"]), entry.get("period")
        named = [*key, *([period] if period else []), "source_key"]
        if strangers := [column for column in named if column not in columns]:
            wrong(name, f"key or period names no column: {strangers[0]}", "list it under columns")
        if set(columns) == set(key):
            wrong(name, "every column is of the key", "leave out of it what can be corrected")
        subjects[name] = Subject(name, entry["title"]["en"], entry["title"]["zh"], entry["row"], key, period, columns)
    return subjects


@cache
def subjects() -> dict[str, Subject]:
    """All subjects by name, in the file's order."""
    return read_subjects(Path(__file__).with_name("subjects.yml"))
