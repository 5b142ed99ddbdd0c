"""Keeps natural persons out: who is named is removed, counted or made a keyed pseudonym before the first byte is written."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connectors.feed import Roster
from connectors.sources import ROW_NUMBER, Unreadable
from warehouse.errors import ParkBridgeError
from warehouse.persons import Found, blotted, is_identity_number, is_name, of_today, persons, removed, worth_a_look
from warehouse.suspected_names import is_suspected

# columns of ours, beside those of an office
_WHO, _NAME = "who it is", "a name"
# A person's number in a roster has four digits at least, and is neither masked nor a filler
_DIGITS = r"(?:[0-9][^0-9]*){4}"
# (two signs in its midst hide digits: 3205----1234)
_NO_NUMBER = r"[*#?×…]|[^0-9A-Z\p{Han}]{2}|X{3}|[0-9]E\+[0-9]|^(?:0+|1+|9+)$"
# signs around and within a number that is kept from a spreadsheet: '3205…, ="3205…", 320500 19900101 1234; what a program writes behind
_NO_PART = r"""[\s\p{Cf}'‘’`´="]|\.0+$"""
# 身份证：320500-19900101-1234
_NO_SIGN = r"[^0-9A-Z]"
# a Greek and a Cyrillic letter, and the sign of multiplication, for the last X
_OTHER_X = r"^([0-9]{17})[ΧХ×]$"
# A spreadsheet keeps 15 digits of 18: two persons of one district and birthday would be one
_ROUNDED = r"^[0-9]{15}000$"
# of an event that exchanges persons: 法定代表人变更, 股东变更, 高级管理人员备案
_OF_PERSONS = (
    "(?i)代表人|法人|负责人|股东|股权|出资|发起人|经营者|[董监]事|高管|管理人员|经理|投资人|合伙人|联[络系][员人]|成员|清算"
    "|legal.?(?:rep|person)|shareholder|director|supervisor|manager|owner|partner"
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
        named = dict(zip(batch.schema.names, batch.columns, strict=True))
        looked_at = worth_a_look({name: column for name, column in named.items() if _is_text(column)}, codes)
        for name, column in named.items():
            if name in looked_at and pc.any(hits := looked_at[name]).as_py():
                texts = zip(column.to_pylist(), hits.to_pylist(), strict=True)
                clean = [self.text(text, in_codes=name in codes) if hit else text for text, hit in texts]
                columns.append(pa.array(clean, column.type))
            elif _holds_long_numbers(column, in_codes=name in codes):
                # a number cannot become a pseudonym, so nothing is left of it
                clean = [self._number(value, in_codes=name in codes) for value in column.to_pylist()]
                columns.append(pa.array(clean, column.type))
            else:
                columns.append(column)
        return pa.RecordBatch.from_arrays(columns, schema=batch.schema)

    def _number(self, value: Any, *, in_codes: bool) -> Any:
        found = [] if value is None or value != value // 1 else persons(str(int(value)), in_codes=in_codes)
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


def without_names_of_events(
    batch: pa.RecordBatch, uses: Mapping[str, Sequence[str]], counts: Counter[str]
) -> pa.RecordBatch:
    """The batch without what was before and is after an event that exchanges persons: their names, which `counts` counts.

    An event may be a number: a text that looks like a person's name is taken out behind any.
    """
    events = [name for name in batch.schema.names if "event_code" in uses.get(name, ())]
    if not events:
        return batch
    is_of_persons = reduce(
        pc.or_,
        (pc.fill_null(pc.match_substring_regex(pc.cast(batch[n], pa.string()), _OF_PERSONS), False) for n in events),
    )
    for place, field in enumerate(batch.schema):
        if {"before_text", "after_text"} & set(uses.get(field.name, ())):
            short = pc.fill_null(
                pc.match_substring_regex(pc.cast(batch.column(place), pa.string()), r"^\s*\p{Han}{2,4}\s*$"), False
            )
            names = [
                short[row].as_py() and is_suspected(text.strip())
                for row, text in enumerate(batch.column(place).to_pylist())
            ]
            kept = pc.if_else(
                pc.or_(is_of_persons, pa.array(names, pa.bool_())), pa.scalar(None, field.type), batch.column(place)
            )
            counts["party"] += kept.null_count - batch.column(place).null_count
            batch = batch.set_column(place, field, kept)
    return batch


def without_persons(error: ParkBridgeError) -> None:
    """Take persons out of what a stop says: a file, a sheet or a member of an archive may be named after one."""
    blotter = Blotter()
    error.where, error.fact = blotter.text(error.where), blotter.text(error.fact)
    error.next_step = blotter.text(error.next_step)
    error.args = (error.where, error.fact, error.allowed, error.next_step)


def _is_text(column: pa.Array) -> bool:
    return bool(pa.types.is_string(column.type) or pa.types.is_large_string(column.type))


def _holds_long_numbers(column: pa.Array, *, in_codes: bool) -> bool:
    """Whether numbers are long enough for a person's: 18 digits in a column of figures and keys, 11 of a phone in any other."""
    if pa.types.is_floating(column.type) and not in_codes:
        column = column.filter(pc.is_finite(column))
    elif not (pa.types.is_integer(column.type) or pa.types.is_decimal(column.type)):
        return False
    largest = pc.max(column).as_py()
    return largest is not None and int(largest) >= (10**17 if in_codes else 10**10)


def counted(
    stream: Iterable[pa.RecordBatch],
    roster: Roster,
    unreadable: list[Unreadable] | None = None,
    account: Counter[str] | None = None,
) -> Iterator[pa.RecordBatch]:
    """A roster of persons as counts: one row per group, the number of distinct persons in it, no person.

    The row number is that of the group's first person. The same number with a small x, blanks, an apostrophe or full width, and the
    15 digits of before 1999, are the same person. Who has no number, a masked one (320***1234) or one that a spreadsheet rounded, is a
    person of his own: two of them are never one. Nor are two names with one number: an office that knows no number writes another one. A
    line that holds nothing but its group is no person, and no report of zero.

    Args:
        stream: The persons.
        roster: What they are counted by.
        unreadable: Filled with one entry per group that has persons without a number, or lines without a person.
        account: Filled with how many lines are `folded`, into a row or an entry that another line has begun, and how many entries are
            `noted` besides: their persons are counted all the same.
    """
    people = pa.Table.from_batches(list(stream))
    for name in (*roster.by, roster.count_distinct):
        is_number = name == roster.count_distinct
        if is_number or pa.types.is_string(people.schema.field(name).type):
            trimmed = pc.utf8_trim_whitespace(pc.cast(people[name], pa.string()))
            even = _as_compared(trimmed) if is_number else trimmed
            even = pc.if_else(pc.equal(even, ""), pa.scalar(None, pa.string()), even)
            people = people.set_column(people.schema.get_field_index(name), name, even)
    people = _described_once(people, roster)
    others = [people[n] for n in people.schema.names if n not in (ROW_NUMBER, *roster.by)]
    is_person = reduce(
        pc.or_, (pc.fill_null(pc.not_equal(pc.cast(column, pa.string()), ""), False) for column in others)
    )
    number = people[roster.count_distinct]
    is_filler = pc.match_substring_regex(number, _NO_NUMBER)
    is_filler = pc.or_(is_filler, _is_rounded(number))
    has_number = pc.fill_null(pc.and_not(pc.match_substring_regex(number, _DIGITS), is_filler), False)
    is_unknown = pc.and_(is_person, pc.invert(has_number))
    own = pc.binary_join_element_wise("row", pc.cast(people[ROW_NUMBER], pa.string()), " ")
    people = people.append_column(
        _WHO, pc.if_else(is_person, pc.if_else(has_number, number, own), pa.scalar(None, pa.string()))
    )
    unknown, fillers = people.filter(is_unknown), people.filter(pc.invert(is_person))
    people, namesakes = _named_apart(people, roster)
    noted = [
        *_entries(unknown, roster, "without a usable number, each counted as one"),
        *_entries(namesakes, roster, "of one number and different names, each name counted as one"),
    ]
    entries = _entries(fillers, roster, "of nothing but the group, not counted")
    if unreadable is not None:
        unreadable += [*noted, *entries]
    people = people.filter(is_person)
    groups = (
        people.group_by(list(roster.by), use_threads=False)
        .aggregate([(_WHO, "count_distinct"), (ROW_NUMBER, "min")])
        .rename_columns({f"{_WHO}_count_distinct": roster.counted_as, f"{ROW_NUMBER}_min": ROW_NUMBER})
        .select([ROW_NUMBER, *roster.by, roster.counted_as])
    )
    if account is not None:
        account["folded"] += people.num_rows - groups.num_rows + fillers.num_rows - len(entries)
        account["noted"] += len(noted)
    yield from groups.combine_chunks().to_batches()


def _described_once(people: pa.Table, roster: Roster) -> pa.Table:
    """The lines of a group under the name that most of them have: a unit that was renamed within the month is one unit."""
    parts = [name for name in roster.by if name not in roster.described_by]
    for name in roster.described_by:
        seen = people.group_by([*parts, name], use_threads=False).aggregate(
            [(ROW_NUMBER, "count"), (ROW_NUMBER, "max")]
        )
        if seen.num_rows == people.group_by(parts).aggregate([]).num_rows:
            continue
        usual: dict[tuple[Any, ...], Any] = {}
        for line in sorted(seen.to_pylist(), key=lambda line: (line[f"{ROW_NUMBER}_count"], line[f"{ROW_NUMBER}_max"])):
            if all(line[part] is not None for part in parts):
                usual[tuple(line[part] for part in parts)] = line[name]
        groups = zip(*(people[part].to_pylist() for part in parts), strict=True)
        names = [usual.get(group, own) for group, own in zip(groups, people[name].to_pylist(), strict=True)]
        people = people.set_column(people.schema.get_field_index(name), name, pa.array(names, people[name].type))
    return people


def _named_apart(people: pa.Table, roster: Roster) -> tuple[pa.Table, pa.Table]:
    """The lines with `who` parted by name where several names of a group have one number, and those lines."""
    names = [
        pc.replace_substring_regex(pc.utf8_normalize(people[name], "NFKC"), r"[\s\p{Cf}]", "")
        for name in people.schema.names
        if name not in (ROW_NUMBER, _WHO, roster.count_distinct, *roster.by)
        and pa.types.is_string(people.schema.field(name).type)
        and _are_names(people[name])
    ]
    if not names:
        return people, people.slice(0, 0)
    people = people.append_column(_NAME, names[0])
    lines = people.group_by([*roster.by, _WHO], use_threads=False).aggregate([(_NAME, "count_distinct")])
    shared = lines.filter(pc.greater(lines[f"{_NAME}_count_distinct"], 1)).drop_columns(f"{_NAME}_count_distinct")
    if not shared.num_rows:
        return people.drop_columns(_NAME), people.slice(0, 0)
    several = {tuple(line.values()) for line in shared.to_pylist()}
    keys = zip(*(people[name].to_pylist() for name in (*roster.by, _WHO)), strict=True)
    is_shared = pa.array([key in several for key in keys])
    named = pc.binary_join_element_wise(people[_WHO], people[_NAME], " ", null_handling="skip")
    people = people.set_column(
        people.schema.get_field_index(_WHO), _WHO, pc.if_else(is_shared, named, people[_WHO])
    ).drop_columns(_NAME)
    return people, people.filter(is_shared)


# of so many values most are names of persons where the column is one of names
_NAMES_LOOKED_AT = 50


def _are_names(column: pa.ChunkedArray) -> bool:
    looked_at = [text for text in column.drop_null().unique().slice(0, _NAMES_LOOKED_AT).to_pylist() if text]
    return 2 * sum(map(is_name, looked_at)) > len(looked_at)


def _as_compared(numbers: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numbers without blanks, apostrophes, single signs and full width; those of 15 digits as the 18 of today."""
    even = pc.utf8_upper(pc.replace_substring_regex(pc.utf8_normalize(numbers, "NFKC"), _NO_PART, ""))
    even = pc.replace_substring_regex(even, _OTHER_X, r"\1X")
    is_masked = pc.match_substring_regex(even, _NO_NUMBER)
    even = pc.if_else(is_masked, even, pc.replace_substring_regex(even, _NO_SIGN, ""))
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
