"""Takes natural persons out of cells that name several parties, such as the applicants of a patent, before anything is written.

What lands is firms and institutes by their full names. All others of a cell, natural persons and whatever is not clearly a firm
or an institute, are one party without a name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container

import pyarrow as pa

from warehouse.persons import is_name, organisation_words

# the party of everybody who lands without a name
UNNAMED = "未列名"
BETWEEN = ";"
# a comma between two parties; not that of "Foo Co., Ltd."
_SIGNS = re.compile(r"[;；、|，\n]|,(?!\s*(?:Ltd|Limited|Inc|LLC|Co|Corp|S\.?A|B\.?V|N\.?V|PLC)\b)", re.IGNORECASE)
_LATIN_WORD = re.compile(r"[A-Z]+")


def is_organisation(name: str) -> bool:
    """Whether a name is clearly that of a firm or an institute: one of the declared words is in it, and no person is so named."""
    if is_name(name):
        return False
    upper = name.upper()
    # S.A. and B.V. are words, too
    latin = set(_LATIN_WORD.findall(upper.replace(".", "")))
    return any(word in latin if word.isascii() else word in upper for word in organisation_words())


def organisations(cell: str) -> tuple[list[str], int]:
    """The firms and institutes that a cell names, in its order, and how many others it names.

    A person's name that a blank alone separates from a firm's goes too, and with it sometimes the first word of a firm's own name.
    """
    kept: list[str] = []
    others = 0
    for part in _SIGNS.split(cell):
        words = part.split()
        if not part.isascii():
            firm = [word for word in words if not is_name(word)]
            others += len(words) - len(firm)
            words = firm
        if not words:
            continue
        name = " ".join(words)
        if is_organisation(name):
            kept.append(name)
        else:
            others += 1
    return kept, others


def without_people(batch: pa.RecordBatch, columns: Container[str], counts: Counter[str]) -> pa.RecordBatch:
    """The batch with firms and institutes alone in these columns; of all others of a cell one party without a name is left.

    Args:
        batch: Rows as delivered.
        columns: Columns of several parties.
        counts: Filled with how many names were taken out.
    """
    arrays = []
    for field, column in zip(batch.schema, batch.columns, strict=True):
        if field.name not in columns:
            arrays.append(column)
            continue
        cells = column.cast(pa.string()).to_pylist()
        read = {cell: organisations(cell) for cell in set(cells) - {None}}
        counts["party"] += sum(read[cell][1] for cell in cells if cell is not None)
        clean = {cell: BETWEEN.join([*kept, *([UNNAMED] if others else [])]) for cell, (kept, others) in read.items()}
        arrays.append(pa.array([clean.get(cell) for cell in cells], pa.string()))
    schema = pa.schema(
        [pa.field(f.name, pa.string()) if f.name in columns else f for f in batch.schema], batch.schema.metadata
    )
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
