"""Records as columns of text, compressed while they wait."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pyarrow as pa

from connectors.sources import ROW_NUMBER, Unreadable, plain
from connectors.sources.http_api.answers import as_json, as_text

MOST_FIELDS: Final = 10_000
_CELLS: Final = 20_000_000


def batches_of(pages: list[pa.Buffer], names: list[str]) -> Iterator[pa.RecordBatch]:
    """Unpack pages one by one, each with all columns."""
    schema = pa.schema([(ROW_NUMBER, pa.int64()), *((name, pa.string()) for name in names)])
    if not pages:
        yield pa.RecordBatch.from_pylist([], schema)
    for page in pages:
        with pa.ipc.open_stream(page) as reader:
            batch = reader.read_next_batch()
        missing = pa.nulls(batch.num_rows, pa.string())
        arrays = [batch.column(name) if name in batch.schema.names else missing for name in schema.names]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def packed(
    records: list[Any], first: int, header: dict[str, None], unreadable: list[Unreadable], exclude: frozenset[str]
) -> pa.Buffer:
    """Turn a page into text columns, note its fields, and compress it."""
    numbers: list[int] = []
    rows: list[dict[str, str | None]] = []
    for number, record in enumerate(records, first):
        problem = None
        row: dict[str, str | None] = {}
        if isinstance(record, dict) and not all(map(_is_unicode, record)):
            problem = "a field's name holds half a character (an unpaired surrogate)"
        elif isinstance(record, dict):
            header.update(dict.fromkeys(record))
            row = {name: as_text(value) for name, value in record.items() if plain(name) not in exclude}
            if any(value is not None and not _is_unicode(value) for value in row.values()):
                problem = "it holds half a character (an unpaired surrogate)"
        else:
            problem = "the record is not an object with named fields"
        if problem:
            text = None if exclude else as_json(record).encode("utf-8", "backslashreplace").decode()
            unreadable.append(Unreadable(number, problem, text))
        else:
            numbers.append(number)
            rows.append(row)
    names = [name for name in header if plain(name) not in exclude and name != ROW_NUMBER]
    if len(names) > MOST_FIELDS or len(names) * len(rows) > _CELLS:
        raise TooMuchError
    arrays = [pa.array([row.get(name) for row in rows], pa.string()) for name in names]
    batch = pa.RecordBatch.from_arrays(
        [pa.array(numbers, pa.int64()), *arrays],
        schema=pa.schema([(ROW_NUMBER, pa.int64()), *((name, pa.string()) for name in names)]),
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class TooMuchError(Exception):
    """More fields than any table has: fields that only some records have are columns of all."""
