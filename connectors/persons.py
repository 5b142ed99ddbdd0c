"""Keeps natural persons out: who is named is removed, counted or made a keyed pseudonym before the first byte is written."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connectors.feed import Roster
from connectors.sources import ROW_NUMBER
from warehouse.loader import BLOTTED

# Six digits of a division, a date of birth, three digits and a check character, as people write them: in one piece or in
# groups, full-width digits included. Not within a longer number, such as an account's.
_IDENTITY_NUMBER = re.compile(
    r"(?<!\d)[1-9]\d{5}[ -]?(?:18|19|20)\d{2}[ -]?(?:0[1-9]|1[0-2])[ -]?(?:0[1-9]|[12]\d|3[01])[ -]?\d{3}[ -]?[\dXx](?!\d)"
)
# What a text must hold to be looked at closely: seventeen digits, whatever stands between.
_MANY_DIGITS = r"(?:\pN[ \-－　]?){17}"
_WEIGHTS_GB_11643 = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_WEIGHTS_GB_32100 = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_WEIGHTS_GB_11714 = (3, 7, 9, 10, 5, 8, 4, 2)


def is_identity_number(text: str) -> bool:
    """Whether 18 characters are a citizen's identity number: the check digit of GB 11643-1999 (ISO 7064 MOD 11-2) holds.

    Many credit codes are all digits, and one in some hundred has the shape of an identity number. One of which both check
    digits hold (GB 32100-2015 and, within it, GB 11714) is not taken for a person's: by chance that is 3 in 1,000.
    """

    def weighed(weights: tuple[int, ...], first: int = 0) -> int:
        return sum(int(c) * w for c, w in zip(text[first:], weights, strict=False))

    if "10X98765432"[weighed(_WEIGHTS_GB_11643) % 11] != text[17].upper():
        return False
    is_credit_code = (
        text[0] in "159"
        and text[17].isdecimal()
        and (31 - weighed(_WEIGHTS_GB_32100) % 31) % 31 == int(text[17])
        and (11 - weighed(_WEIGHTS_GB_11714, 8) % 11) % 11 == int(text[16])
    )
    return not is_credit_code


class Blotter:
    """Takes identity numbers out of text columns, wherever an office has hidden one; `count` says how many there were.

    Args:
        key: With a key, a number becomes the pseudonym `person-` and 20 hex digits of its HMAC-SHA-256: a sole trader,
            whose taxpayer number is his identity number, stays one enterprise. A plain hash would not do: all numbers of
            a city are tried in a minute. Without a key the number is blotted out.
    """

    def __init__(self, key: str = "") -> None:
        self._key = key.encode()
        self.count = 0

    def clean(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch without identity numbers."""
        columns = []
        for column in batch.columns:
            is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
            if is_text and pc.any(hits := pc.match_substring_regex(column, _MANY_DIGITS)).as_py():
                texts = zip(column.to_pylist(), hits.to_pylist(), strict=True)
                columns.append(pa.array([self.text(text) if hit else text for text, hit in texts], column.type))
            elif _holds_long_numbers(column):
                # a number cannot become a pseudonym, so nothing is left of it
                columns.append(pa.array([self._number(value) for value in column.to_pylist()], column.type))
            else:
                columns.append(column)
        return pa.RecordBatch.from_arrays(columns, schema=batch.schema)

    def _number(self, value: Any) -> Any:
        text = "" if value is None else str(int(value))
        is_person = bool(_IDENTITY_NUMBER.fullmatch(text)) and is_identity_number(text)
        self.count += is_person
        return None if is_person else value

    def text(self, text: str) -> str:
        """The text without identity numbers; as it was where it holds none."""
        # half-width forms are looked at, character by character, so that all else keeps its width
        plain = "".join(n if len(n := unicodedata.normalize("NFKC", c)) == 1 else c for c in text)
        found, end = [], 0
        for match in _IDENTITY_NUMBER.finditer(plain):
            number = re.sub("[ -]", "", match[0]).upper()
            if is_identity_number(number):
                found += [text[end : match.start()], self._instead_of(number)]
                end = match.end()
        return "".join([*found, text[end:]])

    def _instead_of(self, number: str) -> str:
        self.count += 1
        if not self._key:
            return BLOTTED
        return "person-" + hmac.new(self._key, number.encode(), hashlib.sha256).hexdigest()[:20]


def _holds_long_numbers(column: pa.Array) -> bool:
    if not (pa.types.is_integer(column.type) or pa.types.is_decimal(column.type)):
        return False
    largest = pc.max(column).as_py()
    return largest is not None and int(largest) >= 10**17


def counted(stream: Iterable[pa.RecordBatch], roster: Roster) -> Iterator[pa.RecordBatch]:
    """A roster of persons as counts: one row per group, the number of distinct persons in it, no person.

    The row number is that of the group's first person. The same number with a small x or blanks is the same person.
    """
    people = pa.Table.from_batches(list(stream))
    for name in (*roster.by, roster.count_distinct):
        if pa.types.is_string(people.schema.field(name).type):
            trimmed = pc.utf8_trim_whitespace(people[name])
            even = pc.utf8_upper(trimmed) if name == roster.count_distinct else trimmed
            even = pc.if_else(pc.equal(even, ""), pa.scalar(None, pa.string()), even)
            people = people.set_column(people.schema.get_field_index(name), name, even)
    groups = (
        people.group_by(list(roster.by), use_threads=False)
        .aggregate([(roster.count_distinct, "count_distinct"), (ROW_NUMBER, "min")])
        .rename_columns({f"{roster.count_distinct}_count_distinct": roster.counted_as, f"{ROW_NUMBER}_min": ROW_NUMBER})
        .select([ROW_NUMBER, *roster.by, roster.counted_as])
    )
    yield from groups.combine_chunks().to_batches()
