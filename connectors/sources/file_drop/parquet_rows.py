"""The rows of a Parquet file, as text like those of every other file."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.sources import BATCH_ROWS, MOST_OF_HALF, MOST_OF_SINGLE, ROW_NUMBER, Unreadable
from connectors.sources.file_drop.headers import check_unit, hold_to_distinct
from connectors.sources.file_drop.lines import Layout, Line
from connectors.sources.file_drop.tables import read_table
from warehouse.errors import DeliveryRefused


def read_parquet(
    file: IO[bytes],
    layout: Layout,
    max_unpacked_bytes: int,
    unreadable: list[Unreadable],
    totals: list[dict[str, str]],
) -> tuple[tuple[str, ...], Iterator[pa.RecordBatch]]:
    """Give the header and the rows of a file; see `connectors.sources.file_drop.tables.read_table`.

    Raises:
        DeliveryRefused: The file is no Parquet file, is damaged or too large, its columns cannot be distinguished, or its name
            states a unit that is not declared.
    """
    problem = None
    try:
        parquet = pq.ParquetFile(file)
        groups = [parquet.metadata.row_group(number) for number in range(parquet.metadata.num_row_groups)]
        names = [layout.name_of(name) for name in parquet.schema_arrow.names]
    except (pa.ArrowException, OSError, ValueError) as error:
        problem = type(error).__name__
    if problem:
        raise _damaged(layout, problem)
    unpacked = sum(group.total_byte_size for group in groups)
    if unpacked > max_unpacked_bytes:
        raise DeliveryRefused(
            layout.where,
            f"it unpacks to {unpacked / 1e6:,.0f} MB",
            allowed=f"{max_unpacked_bytes / 1e6:,.0f} MB",
            next_step="raise source.max_unpacked_mb if the file is meant to be that large",
        )
    hold_to_distinct(names, layout)
    if layout.totals or layout.fill_down:  # line by line, as of every other file
        lines = _lines(_batches(parquet, names, replace(layout, exclude=frozenset(), added={})), names)
        return read_table(lines, replace(layout, header=0), unreadable, totals)
    check_unit([], layout)
    return (*names, *layout.added), _batches(parquet, names, layout)


def _lines(batches: Iterator[pa.RecordBatch], names: list[str]) -> Iterator[Line]:
    yield Line(0, names, {}, None, "")
    for batch in batches:
        numbers, *columns = (column.to_pylist() for column in batch.columns)
        for number, *values in zip(numbers, *columns, strict=True):
            cells = [value or "" for value in values]
            yield Line(number, cells, {}, None, json.dumps(dict(zip(names, values, strict=True)), ensure_ascii=False))


def _damaged(layout: Layout, problem: str) -> DeliveryRefused:
    return DeliveryRefused(
        layout.where, f"it cannot be read as a Parquet file ({problem})", next_step="ask the office for it again"
    )


def _batches(parquet: Any, names: list[str], layout: Layout) -> Iterator[pa.RecordBatch]:
    kept = [position for position, name in enumerate(names) if name not in layout.exclude]
    schema = pa.schema(
        [(ROW_NUMBER, pa.int64()), *((name, pa.string()) for name in [*(names[p] for p in kept), *layout.added])]
    )
    wanted = [parquet.schema_arrow.names[position] for position in kept]
    # Spark and Hive write moments by UTC's clock in 96 bits, and nothing beside them says so
    is_theirs = str(parquet.metadata.created_by).startswith("parquet-mr")
    moments = {c.path for c in parquet.schema if c.physical_type == "INT96" and is_theirs}
    first = 1
    problem = None
    try:
        for batch in parquet.iter_batches(BATCH_ROWS, columns=wanted):
            numbers = pa.array(range(first, first + batch.num_rows), pa.int64())
            arrays = [_texts(batch.column(name), is_utc=name in moments) for name in wanted]
            added = [pa.repeat(value, batch.num_rows) for value in layout.added.values()]
            yield pa.RecordBatch.from_arrays([numbers, *arrays, *added], schema=schema)
            first += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        problem = type(error).__name__
    if problem:
        raise _damaged(layout, problem)
    if first == 1:
        yield pa.RecordBatch.from_pylist([], schema)


def _texts(array: pa.Array, *, is_utc: bool = False) -> pa.Array:
    """Write values as text: whole numbers without .0, times in ISO, empty text as nothing, nested values as JSON."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_nested(array.type) or pa.types.is_duration(array.type):  # of 5 seconds Arrow would write 5000000
        return pa.array(
            [None if v is None else json.dumps(v, ensure_ascii=False, default=str) for v in array.to_pylist()],
            pa.string(),
        )
    if pa.types.is_float16(array.type):
        return pa.array(
            [None if v is None else _number(round(v, 2), MOST_OF_HALF) for v in array.to_pylist()], pa.string()
        )
    if pa.types.is_float32(array.type):  # its own shortest digits: 12.3, not 12.300000190734863
        shortest = array.cast(pa.string()).to_pylist()
        return pa.array([None if v is None else _number(float(v), MOST_OF_SINGLE) for v in shortest], pa.string())
    if pa.types.is_floating(array.type) or pa.types.is_decimal(array.type):
        return pa.array([None if v is None else _number(v) for v in array.to_pylist()], pa.string())
    if is_utc:
        array = array.cast(pa.timestamp("ns", "UTC"))
    text = array.cast(pa.string())
    if pa.types.is_temporal(array.type):
        text = pc.replace_substring_regex(text, r"\.0+($|Z|[+-])", r"\1")  # no fraction
        text = pc.replace_substring_regex(text, r"([+-]\d\d)(\d\d)$", r"\1:\2")  # +0800 as +08:00
        text = pc.replace_substring_regex(text, " 00:00:00$", "")
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _number(value: float | Decimal, exact_below: float = math.inf) -> str:
    """A number's digits; behind a ≈, which no macro reads, where it has lost some."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if abs(value) >= exact_below:
        return f"≈{value}"
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
