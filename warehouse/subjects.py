"""The subjects that silos speak of and their canonical columns, read from subjects.yml."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

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
    subjects = {}
    for name, entry in yaml.safe_load(path.read_text(encoding="utf-8")).items():
        columns = {}
        for column, text in entry["columns"].items():
            kind = str(text).removesuffix("!")
            if not _TYPE.fullmatch(kind):
                raise DeclarationError(
                    f"{path.name}: {name}.{column}", f"{kind!r} is no column type", next_step=f"use {_TYPE.pattern}"
                )
            columns[column] = Column(column, kind, str(text).endswith("!"))
        key, period = tuple(entry["key"]), entry.get("period")
        strangers = [column for column in (*key, *([period] if period else [])) if column not in columns]
        if strangers or "source_key" not in columns:
            raise DeclarationError(
                f"{path.name}: {name}",
                f"key or period names no column: {strangers or ['source_key']}",
                next_step="list it under columns",
            )
        subjects[name] = Subject(name, entry["title"]["en"], entry["title"]["zh"], entry["row"], key, period, columns)
    return subjects


@cache
def subjects() -> dict[str, Subject]:
    """All subjects by name, in the file's order."""
    return read_subjects(Path(__file__).with_name("subjects.yml"))
