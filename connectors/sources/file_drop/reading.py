"""Opening one file by what it is: a workbook, a web page, text or Parquet becomes a delivery."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import PurePosixPath
from typing import IO, Final

import pyarrow as pa

from connectors.sources import Delivery, Unreadable
from connectors.sources.file_drop.crosstabs import unpivoted
from connectors.sources.file_drop.csv_lines import csv_lines, is_utf16
from connectors.sources.file_drop.headers import is_end_of_range
from connectors.sources.file_drop.lines import Layout, Line
from connectors.sources.file_drop.parquet_rows import read_parquet
from connectors.sources.file_drop.plan import Plan, Run
from connectors.sources.file_drop.sheet_cells import Reading, Sheet, chosen_sheet, matching_sheets
from connectors.sources.file_drop.sheet_tables import as_one, report_left_out
from connectors.sources.file_drop.tables import read_table
from connectors.sources.file_drop.workbooks import ENCRYPTED, WORKBOOKS, content_kind, open_sheets
from warehouse.errors import DeliveryRefused

_TABBED: Final = (".tsv", ".txt")
_CONTENTS: Final = {
    "csv": ("csv",),
    "xlsx": WORKBOOKS,
    "xls": (*WORKBOOKS, "csv"),
    "parquet": ("parquet",),
}
"""What a file of a declared or named format may be by its content."""


def opened_delivery(run: Run, file: IO[bytes], kind: str, label: str, modified: datetime, content_id: str) -> Delivery:
    """Open a file that was copied; it is closed with the last batch, and on any error.

    Raises:
        DeliveryRefused: It is not what it is declared or named to be, or cannot be read.
    """
    where = f"{run.where} {label}"
    with _closing_on_error(file):
        content = _content(file, kind, where)
        return _read(run, file, content, label, modified, content_id)


def _read(run: Run, file: IO[bytes], content: str, label: str, modified: datetime, content_id: str) -> Delivery:
    plan = run.plan
    where = f"{run.where} {label}"
    unreadable: list[Unreadable] = []
    totals: list[dict[str, str]] = []
    notes: list[str] = []
    taken: Sequence[Sheet] = ()
    is_ended = None
    file.seek(0)
    if content in (*WORKBOOKS, ENCRYPTED):
        reading = Reading(fills_merged=plan.fills_merged, believes_results=plan.believes_results)
        sheets = open_sheets(file, content, where, reading, plan.encoding, plan.max_unpacked_bytes)
        if plan.sheets:
            taken = matching_sheets(sheets, plan.sheets, where)
            # each sheet has totals of its own: none is that of the rows of all
            read = partial(_sheet_table, run, label, content, [])
            header, batches = as_one(taken, read, unreadable, where)
        else:
            taken = [chosen_sheet(sheets, plan.sheet, where)]
            header, batches = _sheet_table(run, label, content, totals, taken[0], unreadable)
        notes += report_left_out(sheets, taken, run.expected, where, stops=bool(plan.sheets))
    else:
        layout = _layout(run, label, where)
        # of a crosstab these are lines; rows are numbered when it is turned
        wrong: list[Unreadable] = [] if plan.unpivot else unreadable
        if content == "parquet":
            header, batches = read_parquet(file, layout, plan.max_unpacked_bytes, wrong, totals)
        else:
            is_ended = _ends_with_a_line(file)
            layout = replace(
                layout,
                decimal=plan.decimal,
                is_ragged_strict=not plan.pad_short_rows,
                is_cut=plan.pad_short_rows and not is_ended,
            )
            header, batches = read_table(_text_lines(plan, file, label, where), layout, wrong, totals)
        if plan.unpivot:
            header, batches = unpivoted(header, batches, plan.unpivot, layout, label, wrong, unreadable)
    return Delivery(
        label=label,
        header=header,
        batches=_closing(file, _with_notes(batches, taken, notes)),
        delivered_at=modified,
        content_id=content_id,
        unreadable=unreadable,
        totals=totals if plan.unpivot is None else [],
        notes=notes,
        is_ended=is_ended,
    )


def _layout(run: Run, label: str, where: str) -> Layout:
    plan = run.plan
    return Layout(
        where=where,
        header=plan.header,
        expected=run.expected,
        exclude=run.exclude,
        uses=run.uses,
        header_lines=plan.header_lines,
        unit=plan.unit,
        fill_down=plan.fill_down,
        totals=plan.totals,
        title=plan.title_pattern,
        is_named=plan.unpivot.is_named if plan.unpivot else None,
        label=label,
        added=_named_values(plan.name_pattern, "name", label, where),
        is_ragged_strict=False,
    )


def _sheet_table(
    run: Run, label: str, content: str, totals: list[dict[str, str]], sheet: Sheet, unreadable: list[Unreadable]
) -> tuple[tuple[str, ...], Iterator[pa.RecordBatch]]:
    where = f"{run.where} {label}"
    plan = run.plan
    layout = _layout(run, label, f"{where}, sheet {sheet.name}" if plan.sheets else where)
    layout = replace(
        layout,
        added={**layout.added, **_named_values(plan.sheet_pattern, "sheet", sheet.name, layout.where)},
        decimal=plan.decimal if content in ("html", "mhtml") else None,
        label=f"{label} {sheet.name}",
        beside=tuple(sheet.beside()),
    )
    if plan.unpivot is None:
        return read_table(sheet.lines(), layout, unreadable, totals)
    wrong: list[Unreadable] = []
    header, batches = read_table(sheet.lines(), layout, wrong)
    return unpivoted(header, batches, plan.unpivot, layout, f"{sheet.name} {label}", wrong, unreadable)


def _text_lines(plan: Plan, file: IO[bytes], label: str, where: str) -> Iterator[Line]:
    suffix = PurePosixPath(label).suffix.lower()
    usual = "," if suffix == ".csv" or (plan.format == "csv" and suffix not in _TABBED) else "\t"
    if suffix not in (".csv", *_TABBED) and is_utf16(file):
        encoding = "utf-16"
    else:
        encoding = plan.encoding
    return csv_lines(file, encoding, plan.delimiter or usual, plan.quote, where, plan.escape)


def _ends_with_a_line(file: IO[bytes]) -> bool:
    file.seek(max(0, file.seek(0, os.SEEK_END) - 2))
    # in UTF-16 a zero is before or behind it
    return file.read().rstrip(b"\0")[-1:] in (b"\n", b"\r", b"")


def _named_values(pattern: re.Pattern[str] | None, of: str, text: str, where: str) -> dict[str, str]:
    """Give what a pattern finds in the name of a file or sheet, as columns."""
    if pattern is None:
        return {}
    found = pattern.search(text)
    if found is None:
        what = "its name" if of == "name" else f"the name of its sheet {text!r}"
        raise DeliveryRefused(
            where,
            f"{what} does not state {', '.join(pattern.groupindex)} by {pattern.pattern!r}",
            next_step=f"ask the office to name it as before, or correct source.{of}_pattern in feed.yml",
        )
    for name in found.groupdict():
        if is_end_of_range(found, name):
            raise DeliveryRefused(
                where,
                f"{name} is {found[name]} by the {of} {text!r}, which states a range",
                next_step="ask the office what it holds and for a name with one month; if a range is meant, let "
                f"source.{of}_pattern in feed.yml find both ends",
            )
    return {name: value or "" for name, value in found.groupdict().items()}


def _content(file: IO[bytes], kind: str, where: str) -> str:
    """Say what a file is; stop where that is not what its name says: offices rename files to get them through."""
    if file.seek(0, os.SEEK_END) == 0:
        raise DeliveryRefused(where, "it is empty: not a single byte", next_step="ask the office for the file again")
    found, name = content_kind(file)
    if found not in _CONTENTS[kind] and not (found == ENCRYPTED and kind in ("xls", "xlsx")):
        raise DeliveryRefused(
            where,
            f"it looks like {name}, not like {kind}",
            next_step="ask the office for it in the format that is declared, under its true name"
            + ("; or remove source.format: files named .xls are read by their content" if found in WORKBOOKS else ""),
        )
    return found


def _closing(file: IO[bytes], batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    with file:
        yield from batches


@contextmanager
def _closing_on_error(file: IO[bytes]) -> Iterator[None]:
    try:
        yield
    except BaseException:
        file.close()
        raise


def _with_notes(
    batches: Iterator[pa.RecordBatch], sheets: Sequence[Sheet], notes: list[str]
) -> Iterator[pa.RecordBatch]:
    """Note what is hidden in the sheets, once they are read."""
    yield from batches
    notes += [note for sheet in sheets for note in sheet.hidden.notes(sheet.name)]
