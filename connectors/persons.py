"""Keeps natural persons out: what names one is removed, counted or made a keyed pseudonym before the first byte is written."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from connectors.feed import Roster
from connectors.sources import ROW_NUMBER
from warehouse.loader import BLOTTED

_IDENTITY_NUMBER = re.compile(
    r"(?<![0-9A-Za-z])[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]"
)
_IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def is_identity_number(text: str) -> bool:
    """Whether 18 characters are a citizen's identity number: the check digit of GB 11643-1999 (ISO 7064 MOD 11-2) holds.

    A unified credit code can be 18 digits too; one whose own check digit (GB 32100-2015) holds is not taken for a person's.
    """
    remainder = sum(int(c) * w for c, w in zip(text[:17], _IDENTITY_WEIGHTS, strict=True)) % 11
    if "10X98765432"[remainder] != text[17].upper():
        return False
    total = sum(_USCC_ALPHABET.index(c) * pow(3, place, 31) for place, c in enumerate(text[:17]))
    return not (text[0] in "159" and _USCC_ALPHABET[(31 - total % 31) % 31] == text[17].upper())


class Blotter:
    """Takes identity numbers out of text columns, wherever an office has hidden one; `count` says how many there were.

    Args:
        key: With a key, a number becomes the pseudonym `person-` and 20 hex digits of its HMAC-SHA-256: a sole trader, whose
            taxpayer number is his identity number, stays one enterprise. A plain hash would not do: all numbers of a city
            are tried in a minute. Without a key the number is blotted out.
    """

    def __init__(self, key: str = "") -> None:
        self._key = key.encode()
        self.count = 0

    def clean(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch without identity numbers."""
        columns = []
        for column in batch.columns:
            is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
            if is_text and pc.any(hits := pc.match_substring_regex(column, r"\d{17}[\dXx]")).as_py():
                texts = zip(column.to_pylist(), hits.to_pylist(), strict=True)
                cleaned = [_IDENTITY_NUMBER.sub(self._blot, text) if hit else text for text, hit in texts]
                columns.append(pa.array(cleaned, column.type))
            else:
                columns.append(column)
        return pa.RecordBatch.from_arrays(columns, schema=batch.schema)

    def _blot(self, match: re.Match[str]) -> str:
        if not is_identity_number(match[0]):
            return match[0]
        self.count += 1
        if not self._key:
            return BLOTTED
        return "person-" + hmac.new(self._key, match[0].upper().encode(), hashlib.sha256).hexdigest()[:20]


def counted(stream: Iterable[pa.RecordBatch], roster: Roster) -> Iterator[pa.RecordBatch]:
    """A roster of persons as counts: one row per group, the number of distinct persons in it, no person.

    The row number is that of the group's first person.
    """
    groups = (
        pa.Table.from_batches(list(stream))
        .group_by(list(roster.by), use_threads=False)
        .aggregate([(roster.count_distinct, "count_distinct"), (ROW_NUMBER, "min")])
        .rename_columns({f"{roster.count_distinct}_count_distinct": roster.counted_as, f"{ROW_NUMBER}_min": ROW_NUMBER})
        .select([ROW_NUMBER, *roster.by, roster.counted_as])
    )
    yield from groups.combine_chunks().to_batches()
