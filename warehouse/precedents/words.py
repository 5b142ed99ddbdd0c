"""The words that stage.sql compares columns with, beside those of earlier deliveries: where 1 becomes true, no void row is seen."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import sqlglot
from sqlglot import exp

from warehouse.batches import ROWS, Batch, landed_before
from warehouse.precedents.measured import Measured
from warehouse.staged_feed import StagedFeed

# earlier deliveries that are looked at
_BACK = 12
_SAME = (
    frozenset({"1", "true", "t", "y", "yes", "on", "是", "有", "√"}),
    frozenset({"0", "false", "f", "n", "no", "off", "否", "无", "×"}),
)


def measure_words(feed: StagedFeed, batch: Batch) -> Iterator[Measured]:
    """A new word in place of one that stage.sql compares with: true for 1, 已作废 for 作废. Its rows would count as any others.

    Where `codes` lists the words of a column, an unknown one stops anyway.
    """
    compared = _compared(feed.stage_sql)
    earlier = landed_before(batch.folder)[-_BACK:]
    for name in feed.landed_columns if earlier else ():
        sought = compared.get(name.casefold(), frozenset())
        if not sought or name in feed.codes:
            continue
        known = {word for folder in earlier for word in _words(folder, name)}
        for new, count in sorted(_words(batch.folder, name).items()):
            if new not in known | sought and (same := [w for w in sorted(known & sought) if _say_the_same(w, new)]):
                fact = f"{name} is '{new}', as never before, where stage.sql looks for '{same[0]}' (list them under codes),"
                yield Measured("never_pct", name, fact, count, count, 100.0, 1)


def _words(folder: Path, name: str) -> dict[str, int]:
    """The words of a landed column, with how often each is there; none of a column that was not delivered."""
    try:
        counted = pq.read_table(folder / ROWS, columns=[name]).column(name).value_counts().to_pylist()
    except (KeyError, OSError, pa.ArrowException):  # a damaged batch is for `doctor` to name
        return {}
    words = Counter[str]()
    for value, count in ((one["values"], one["counts"]) for one in counted if one["values"] is not None):
        words[str(value).lower() if isinstance(value, bool) else str(value).strip()] += count
    return words


@lru_cache
def _compared(stage_sql: str) -> dict[str, frozenset[str]]:
    """The columns that stage.sql holds against literals, in small letters, and these."""
    found = dict[str, frozenset[str]]()
    try:
        tree = sqlglot.parse_one(stage_sql, dialect="duckdb")
    except sqlglot.errors.SqlglotError:  # what DuckDB itself cannot read was said before
        return found
    for node in tree.find_all(exp.EQ, exp.NEQ, exp.NullSafeEQ, exp.NullSafeNEQ, exp.In, exp.Case):
        sides = [node]
        if isinstance(node, exp.Case):
            if node.this is None:
                continue
            sides = [node.this, *(choice.this for choice in node.args["ifs"])]
        words = {one.name for side in sides for one in side.find_all(exp.Literal)}
        for column in (c.name.casefold() for side in sides for c in side.find_all(exp.Column)):
            found[column] = found.get(column, frozenset()) | words
    return {column: words for column, words in found.items() if words}


def _say_the_same(old: str, new: str) -> bool:
    first, second = (unicodedata.normalize("NFKC", word).casefold() for word in (old, new))
    return (
        first == second
        or any({first, second} <= words for words in _SAME)
        or (not first.isascii() and (first in second or second in first))
    )
