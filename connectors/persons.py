"""Keeps natural persons out: who is named is removed, counted or made a keyed pseudonym before the first byte is written."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from functools import reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connectors.feed import Roster
from connectors.sources import ROW_NUMBER, Unreadable
from warehouse.errors import ParkBridgeError
from warehouse.persons import (
    DIGITS_IN_CODES,
    DIGITS_IN_TEXT,
    DIGITS_WITH_LETTER,
    LATIN,
    NO_CODE,
    NO_DIGIT,
    Found,
    blotted,
    is_identity_number,
    of_today,
    other_signs,
    persons,
    removed,
)

# A person's number in a roster has four digits at least, and is neither masked nor a filler
_DIGITS = r"(?:[0-9][^0-9]*){4}"
_NO_NUMBER = r"[*#?×…]|X{3}|[0-9]E\+[0-9]|^(?:0+|1+|9+)$"
# signs around and within a number that is kept from a spreadsheet: '3205…, ="3205…", 320500 19900101 1234
_NO_PART = r"""[\s\p{Cf}'‘’`´="]"""
# A spreadsheet keeps 15 digits of 18: two persons of one district and birthday would be one
_ROUNDED = r"^[0-9]{15}000$"
# A moment is no number of a person; it is what most texts with many digits are.
_MOMENT = (
    r"^(?:19|20)\d{2}(?:[-/.]\d{1,2}[-/.]\d{1,2}[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?|\d{10})$"
)


class Blotter:
    """Takes persons out of text columns, wherever an office has hidden one; `counts` says how many of each kind there were.

    Args:
        key: With a key, an identity number becomes the pseudonym `person-` and 20 hex digits of its HMAC-SHA-256: a sole
            trader with an identity number as taxpayer number stays one enterprise. A plain hash would not do: all
            numbers of a city are tried in a minute. Without a key the number is blotted out, as everything else is.
    """

    def __init__(self, key: str = "") -> None:
        self._key = key.encode()
        self.counts: Counter[str] = Counter()

    @property
    def count(self) -> int:
        """How many persons were taken out."""
        return self.counts.total()

    def clean(self, batch: pa.RecordBatch, codes: Container[str] = ()) -> pa.RecordBatch:
        """The batch without persons; of the columns that are codes or a firm's own only identity numbers are taken out."""
        columns = []
        for field, column in zip(batch.schema, batch.columns, strict=True):
            in_codes = field.name in codes
            is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
            if is_text and pc.any(hits := _worth_a_look(column, in_codes=in_codes)).as_py():
                texts = zip(column.to_pylist(), hits.to_pylist(), strict=True)
                clean = [self.text(text, in_codes=in_codes) if hit else text for text, hit in texts]
                columns.append(pa.array(clean, column.type))
            elif _holds_long_numbers(column):
                # a number cannot become a pseudonym, so nothing is left of it
                columns.append(pa.array([self._number(value) for value in column.to_pylist()], column.type))
            else:
                columns.append(column)
        return pa.RecordBatch.from_arrays(columns, schema=batch.schema)

    def _number(self, value: Any) -> Any:
        found = [] if value is None else persons(str(int(value)), in_codes=True)
        self.counts.update(f.detector.kind for f in found)
        return None if found else value

    def text(self, text: str, *, in_codes: bool = False) -> str:
        """The text without persons; as it was where it holds none."""
        return blotted(text, in_codes=in_codes, instead=self._instead_of)

    def _instead_of(self, found: Found) -> str:
        self.counts[found.detector.kind] += 1
        if not self._key or not found.detector.pseudonym:
            return removed(found.detector.kind)
        return "person-" + hmac.new(self._key, found.number.encode(), hashlib.sha256).hexdigest()[:20]


def _worth_a_look(column: pa.Array, *, in_codes: bool) -> pa.Array:
    digits = pc.utf8_length(pc.replace_substring_regex(column, NO_DIGIT, ""))
    if in_codes:
        many = pc.greater_equal(digits, DIGITS_IN_CODES)
        return pc.and_not(
            pc.or_(many, pc.match_substring_regex(column, NO_CODE)), pc.match_substring_regex(column, _MOMENT)
        )
    many = pc.greater_equal(digits, DIGITS_IN_TEXT)
    many = pc.and_not(many, pc.match_substring_regex(column, _MOMENT))
    with_letter = pc.and_(pc.greater_equal(digits, DIGITS_WITH_LETTER), pc.match_substring_regex(column, LATIN))
    return pc.or_(pc.or_(many, with_letter), pc.match_substring_regex(column, other_signs()))


def without_persons(error: ParkBridgeError) -> None:
    """Take persons out of what a stop says: a file, a sheet or a member of an archive may be named after one."""
    blotter = Blotter()
    error.where, error.fact = blotter.text(error.where), blotter.text(error.fact)
    error.next_step = blotter.text(error.next_step)
    error.args = (error.where, error.fact, error.allowed, error.next_step)


def _holds_long_numbers(column: pa.Array) -> bool:
    if not (pa.types.is_integer(column.type) or pa.types.is_decimal(column.type)):
        return False
    largest = pc.max(column).as_py()
    return largest is not None and int(largest) >= 10**17


def counted(
    stream: Iterable[pa.RecordBatch],
    roster: Roster,
    unreadable: list[Unreadable] | None = None,
    account: Counter[str] | None = None,
) -> Iterator[pa.RecordBatch]:
    """A roster of persons as counts: one row per group, the number of distinct persons in it, no person.

    The row number is that of the group's first person. The same number with a small x, blanks, an apostrophe or full width, and the
    15 digits of before 1999, are the same person. Who has no number, a masked one (320***1234) or one that a spreadsheet rounded, is a
    person of his own: two of them are never one. A line that holds
    nothing but its group is no person, and no report of zero.

    Args:
        stream: The persons.
        roster: What they are counted by.
        unreadable: Filled with one entry per group that has persons without a number, or lines without a person.
        account: Filled with how many lines are `folded`, into a row or an entry that another line has begun, and how many entries are
            `noted` besides: their persons are counted all the same.
    """
    people = pa.Table.from_batches(list(stream))
    for name in (*roster.by, roster.count_distinct):
        if pa.types.is_string(people.schema.field(name).type):
            trimmed = pc.utf8_trim_whitespace(people[name])
            even = _as_compared(trimmed) if name == roster.count_distinct else trimmed
            even = pc.if_else(pc.equal(even, ""), pa.scalar(None, pa.string()), even)
            people = people.set_column(people.schema.get_field_index(name), name, even)
    others = [people[n] for n in people.schema.names if n not in (ROW_NUMBER, *roster.by)]
    is_person = reduce(
        pc.or_, (pc.fill_null(pc.not_equal(pc.cast(column, pa.string()), ""), False) for column in others)
    )
    number = pc.cast(people[roster.count_distinct], pa.string())
    is_filler = pc.match_substring_regex(number, _NO_NUMBER)
    is_filler = pc.or_(is_filler, _is_rounded(number))
    has_number = pc.fill_null(pc.and_not(pc.match_substring_regex(number, _DIGITS), is_filler), False)
    is_unknown = pc.and_(is_person, pc.invert(has_number))
    own = pc.binary_join_element_wise("row", pc.cast(people[ROW_NUMBER], pa.string()), " ")
    people = people.append_column(
        "who", pc.if_else(is_person, pc.if_else(has_number, number, own), pa.scalar(None, pa.string()))
    )
    unknown, fillers = people.filter(is_unknown), people.filter(pc.invert(is_person))
    noted = _entries(unknown, roster, "without a usable number, each counted as one")
    entries = _entries(fillers, roster, "of nothing but the group, not counted")
    if unreadable is not None:
        unreadable += [*noted, *entries]
    people = people.filter(is_person)
    groups = (
        people.group_by(list(roster.by), use_threads=False)
        .aggregate([("who", "count_distinct"), (ROW_NUMBER, "min")])
        .rename_columns({"who_count_distinct": roster.counted_as, f"{ROW_NUMBER}_min": ROW_NUMBER})
        .select([ROW_NUMBER, *roster.by, roster.counted_as])
    )
    if account is not None:
        account["folded"] += people.num_rows - groups.num_rows + fillers.num_rows - len(entries)
        account["noted"] += len(noted)
    yield from groups.combine_chunks().to_batches()


def _as_compared(numbers: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numbers without blanks, apostrophes and full width; those of 15 digits as the 18 of today."""
    even = pc.utf8_upper(pc.replace_substring_regex(pc.utf8_normalize(numbers, "NFKC"), _NO_PART, ""))
    is_old = pc.fill_null(pc.match_substring_regex(even, r"^[0-9]{15}$"), False)
    if not pc.any(is_old).as_py():
        return even
    return pc.replace_with_mask(
        even.combine_chunks(),
        is_old.combine_chunks(),
        pa.array(map(of_today, even.filter(is_old).to_pylist()), even.type),
    )


def _is_rounded(numbers: pa.ChunkedArray) -> pa.Array:
    return pa.array(
        [
            bool(hit) and not is_identity_number(number)
            for number, hit in zip(
                numbers.to_pylist(), pc.match_substring_regex(numbers, _ROUNDED).to_pylist(), strict=True
            )
        ]
    )


def _entries(people: pa.Table, roster: Roster, what: str) -> list[Unreadable]:
    """One entry for the lines of each group."""
    entries = []
    lines = people.group_by(list(roster.by), use_threads=False).aggregate([(ROW_NUMBER, "count"), (ROW_NUMBER, "min")])
    for group in lines.to_pylist():
        named = ", ".join(str(group[name]) for name in roster.by)
        reason = f"lines {what}: {group[f'{ROW_NUMBER}_count']:,} of {named}"
        entries.append(Unreadable(group[f"{ROW_NUMBER}_min"], reason, None))
    return entries
