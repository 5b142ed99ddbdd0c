"""Writes the answer to a query: as a table or line by line for people, as CSV or JSON for programs.

For programs every value is written in full. JSON has numbers as numbers, with all the digits that the database has (a DECIMAL
of 0.10 is 0.10, never 0.1 or 0.09999…), dates as "2026-10-31", times as "2026-10-31T16:00:00", no value as null. Codes are
texts in the database and stay texts. CSV has an empty field for no value and "" for an empty text. CSV for Excel (csv-excel)
begins with a byte order mark and has CRLF; a text that Excel would run as a formula gets an apostrophe in front there.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from warehouse.text import padded, shown, width, wrapped

FORMS = ("auto", "table", "line", "csv", "csv-excel", "json", "jsonl")
FOR_PEOPLE = ("auto", "table", "line")
# by these Excel takes a text of CSV for a formula; the wide ones on a Chinese or Japanese keyboard
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# in JSON as \u and a number: a terminal obeys some of them
_UNSEEN = re.compile("[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")

Row = Sequence[Any]
Write = Callable[[str], object]


@dataclass(frozen=True)
class Look:
    """How answers are written.

    Attributes:
        form: One of FORMS. auto: a table, or line by line where the table is wider than `places`.
        rows: A table and lines show at most this many rows; 0 shows all. CSV and JSON always have all.
        places: Width of the terminal in columns.
        is_wrapped: Long values of lines are wrapped at `places`.
        bom: CSV begins with a byte order mark, by which Excel knows that it is UTF-8.
    """

    form: str = "auto"
    rows: int = 100
    places: int = 200
    is_wrapped: bool = False
    bom: bool = False


def write_answer(columns: Sequence[str], rows: Iterable[Row], look: Look, write: Write) -> int:
    """Write one answer.

    Args:
        columns: The columns' names; may repeat.
        rows: The rows; read once, no more at a time than needed.
        look: How they are written.
        write: Takes pieces of text, with their line ends.

    Returns:
        How many rows there are.
    """
    if look.form in FOR_PEOPLE:
        return _for_people(columns, rows, look, write)
    if look.form in ("csv", "csv-excel"):
        return _csv(columns, rows, look, write)
    return _json(columns, rows, look, write)


# --- for people -------------------------------------------------------------------------------------------------------


def _for_people(columns: Sequence[str], rows: Iterable[Row], look: Look, write: Write) -> int:
    first, count = [], 0
    for row in rows:
        if not look.rows or count < look.rows:
            first.append(row)
        count += 1
    form = look.form
    if form != "line":
        texts = [[_in_one_line(value) for value in row] for row in first]
        heads = [_in_one_line(name) for name in columns]
        widths = [max(map(width, column)) for column in zip(heads, *texts, strict=True)]
        if form == "auto" and sum(widths) + 2 * (len(widths) - 1) > look.places:
            form = "line"
        else:
            are_figures = [_is_figure(column) for column in zip(*first, strict=True)] or [False] * len(heads)
            for line in _table(heads, texts, widths, are_figures):
                write(line + "\n")
    if form == "line":
        for line in _lines(columns, first, count, look):
            write(line + "\n")
    hidden = f", {len(first):,} shown: --rows 0 or .rows 0 shows all" if count > len(first) else ""
    write(f"({count:,} {'row' if count == 1 else 'rows'}{hidden})\n")
    return count


def _table(
    heads: Sequence[str], texts: Sequence[Sequence[str]], widths: Sequence[int], are_figures: Sequence[bool]
) -> Iterator[str]:
    for number, row in enumerate([heads, *texts]):
        cells = (padded(t, w, is_figure=f) for t, w, f in zip(row, widths, are_figures, strict=True))
        yield "  ".join(cells).rstrip()
        if number == 0:
            yield "  ".join("─" * places for places in widths)


def _lines(columns: Sequence[str], rows: Sequence[Row], count: int, look: Look) -> Iterator[str]:
    heads = [_in_one_line(name) for name in columns]
    label = max(map(width, heads))
    room = look.places - label - 3
    for number, row in enumerate(rows, start=1):
        yield f"── {number:,} of {count:,} ──"
        for head, value in zip(heads, row, strict=True):
            parts = [shown(part) for part in text_of(value, "NULL").splitlines()] or [""]
            if look.is_wrapped and room >= 20:
                parts = [piece for part in parts for piece in (wrapped(part, room) if width(part) > room else [part])]
            for place, part in enumerate(parts):
                start = f"{padded(head, label, is_figure=True)} = " if place == 0 else " " * (label + 3)
                yield (start + part).rstrip()


def _is_figure(values: Sequence[Any]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(isinstance(v, int | float | Decimal) and not isinstance(v, bool) for v in known)


def _in_one_line(value: Any) -> str:
    return shown(text_of(value, "NULL"))


# --- for programs -----------------------------------------------------------------------------------------------------


def _csv(columns: Sequence[str], rows: Iterable[Row], look: Look, write: Write) -> int:
    end = "\r\n" if look.form == "csv-excel" else "\n"
    if look.bom or look.form == "csv-excel":
        write("\ufeff")
    field = _csv_field_for_excel if look.form == "csv-excel" else _csv_field
    write(",".join(map(field, columns)) + end)
    count = 0
    for row in rows:
        write(",".join(map(field, row)) + end)
        count += 1
    return count


def _csv_field_for_excel(value: Any) -> str:
    if not isinstance(value, str):
        return _csv_field(value)
    text = shown(value, in_lines=True)
    return _csv_field(f"'{text}" if text.startswith(FORMULA) else text)


def _csv_field(value: Any) -> str:
    text = text_of(value, "")
    if isinstance(value, str) and (not text or text != text.strip() or any(mark in text for mark in ',"\r\n')):
        return f'"{text.replace(chr(34), chr(34) * 2)}"'
    return f'"{text}"' if "," in text else text


def _json(columns: Sequence[str], rows: Iterable[Row], look: Look, write: Write) -> int:
    names = [json_text(name) for name in _distinct(columns)]
    is_list = look.form == "json"
    count = 0
    for row in rows:
        pairs = ",".join(f"{name}:{json_text(value)}" for name, value in zip(names, row, strict=True))
        start = ("[" if count == 0 else ",\n ") if is_list else ""
        write(f"{start}{{{pairs}}}" if is_list else f"{{{pairs}}}\n")
        count += 1
    if is_list:
        write("]\n" if count else "[]\n")
    return count


def _distinct(columns: Sequence[str]) -> list[str]:
    """Names that do not repeat: the second `a` is `a_2`."""
    found: list[str] = []
    for name in columns:
        number, other = 1, name
        while other in found:
            number += 1
            other = f"{name}_{number}"
        found.append(other)
    return found


def json_text(value: Any) -> str:
    """A value as JSON: numbers with all their digits, dates and times by ISO 8601; what JSON has no number for is null."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal | float):
        return _number(value) if math.isfinite(value) else "null"
    if isinstance(value, dict):
        return "{" + ",".join(f"{json_text(text_of(k, ''))}:{json_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(json_text, value)) + "]"
    if isinstance(value, datetime):
        return json.dumps(value.isoformat())
    return _UNSEEN.sub(lambda m: f"\\u{ord(m[0]):04x}", json.dumps(text_of(value, ""), ensure_ascii=False))


def text_of(value: Any, nothing: str = "") -> str:
    """A value as text: `nothing` for no value, decimals with all their digits, dates and times by ISO 8601 with a space."""
    if value is None:
        return nothing
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal | float):
        return _number(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict | list | tuple):
        return json_text(value)
    return str(value)


def _number(value: Decimal | float) -> str:
    return format(value, "f") if isinstance(value, Decimal) else repr(value)
