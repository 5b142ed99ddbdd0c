"""The words that stage.sql compares columns with, beside those of earlier deliveries: where 1 becomes true, no void row is seen."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import duckdb
import sqlglot
from sqlglot import exp

from warehouse.batches import DISCARDED, ROWS, Batch
from warehouse.connection import literal, quote
from warehouse.precedents.measured import Measured, all_rows
from warehouse.staged_feed import StagedFeed

# earlier deliveries that are looked at
_BACK = 12
_SAME = (
    frozenset({"1", "true", "t", "y", "yes", "on", "是", "有", "√"}),
    frozenset({"0", "false", "f", "n", "no", "off", "否", "无", "×"}),
)


def measure_words(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, batch: Batch) -> Iterator[Measured]:
    """A new word in place of one that stage.sql compares with: true for 1, 已作废 for 作废. Its rows would count as any others.

    Where `codes` lists the words of a column, an unknown one stops anyway.
    """
    compared = {c: words for c, words in _compared(feed.stage_sql).items() if c not in feed.codes}
    earlier = sorted(f for f in batch.folder.parent.iterdir() if f.name < batch.folder.name)
    files = [f / ROWS for f in earlier if (f / ROWS).is_file() and not (f / DISCARDED).exists()][-_BACK:]
    if not files or compared.keys().isdisjoint(feed.landed_columns):
        return
    known = f"read_parquet([{', '.join(literal(str(file)) for file in files)}], union_by_name = true)"
    had = {name for name, *_ in all_rows(connection, f"describe from {known}")}
    for name in (c for c in feed.landed_columns if c in compared and c in had):
        word = f"trim({quote(name)}::varchar)"
        sought = ", ".join(map(literal, sorted(compared[name])))
        before = [
            w
            for (w,) in all_rows(
                connection, f"select distinct {word} from {known} where {word} in ({sought}) order by 1"
            )
        ]
        never = f"{word} <> '' and {word} not in ({sought}) and {word} not in (select {word} from {known} where {word} is not null)"
        for new, count in all_rows(
            connection, f"select {word}, count(*) from delivery where {never} group by 1 order by 1"
        ):
            if same := [old for old in before if _say_the_same(old, new)]:
                fact = f"{name} is '{new}', as never before, where stage.sql looks for '{same[0]}' (list them under codes),"
                yield Measured("never_pct", name, fact, count, count, 100.0, 1)


@lru_cache
def _compared(stage_sql: str) -> dict[str, frozenset[str]]:
    """The columns that stage.sql holds against literals, and these."""
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
        for column in (c.name for side in sides for c in side.find_all(exp.Column)):
            found[column] = found.get(column, frozenset()) | words
    return {column: words for column, words in found.items() if words}


def _say_the_same(old: str, new: str) -> bool:
    first, second = (unicodedata.normalize("NFKC", word).casefold() for word in (old, new))
    return (
        first == second
        or any({first, second} <= words for words in _SAME)
        or (not first.isascii() and (first in second or second in first))
    )
