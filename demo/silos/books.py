"""What the offices share while they write: the folder, the moment up to which they write, and the truth behind it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo import codes, dirt
from demo.city import Array, City, join, pick
from demo.files import write_file

# A spreadsheet of more rows is nothing that an office still sends: it sends CSV in a zip then.
LARGEST_SHEET = 30_000

CODE_RATES = {
    "lower_case": 0.015,
    "mistyped": 0.012,
    "legacy_tax_no": 0.015,
    "legacy_registration_no": 0.012,
    "organisation_code": 0.015,
    "other_firm": 0.006,
    "missing": 0.06,
}
NAME_RATES = {
    "half_width": 0.4,
    "full_width": 0.25,
    "spaces": 0.02,
    "no_city": 0.05,
    "form_swapped": 0.03,
    "traditional": 0.012,
    "typo": 0.015,
    "never_updated": 0.1,
    "former": 0.1,
}


@dataclass
class Books:
    """Where the silos are written to, up to which moment (park time), and what is truly behind what they say."""

    city: City
    folder: Path
    until: np.datetime64
    links: list[pa.Table] = field(default_factory=list)
    planted: list[pa.Table] = field(default_factory=list)
    calendar: list[tuple[str, str, int, np.datetime64, str]] = field(default_factory=list)
    written: set[Path] = field(default_factory=set)

    def deliver(self, silo: str, label: str, month: int, at: np.datetime64, kind: str) -> bool:
        """Note a delivery in the calendar; True where it has happened by `until` and is to be written.

        Kinds: regular, late, correction (a whole month again), duplicate (the same bytes again), gap (never delivered).
        """
        self.calendar.append((silo, label, month, at, kind))
        return kind != "gap" and bool(at < self.until)

    def file(self, silo: str, label: str, content: bytes, at: np.datetime64) -> None:
        """Write one delivered file, dated with its delivery."""
        path = self.folder / silo / label
        write_file(path, content, at)
        self.written.add(path)

    def known(self, table: pa.Table, column: str) -> pa.Table:
        """The rows recorded before `until`."""
        return table.filter(pc.less(table[column], pa.scalar(self.until, table[column].type)))

    def link(self, silo: str, identities: pa.Table) -> None:
        """Note which enterprise a silo's own key truly means; what is noted twice counts once."""
        truth = identities.select(["source_key", "true_id", "code_dirt", "name_dirt", "note"])
        self.links.append(truth.add_column(0, "silo", pa.array([silo] * truth.num_rows, pa.string())))

    def plant(self, silo: str, kind: str, firm: Array, value: pa.Array, month: Array | None = None) -> None:
        """Note something that was put where it must be caught: what, about which enterprise, and in which month if in one."""
        rows = len(firm)
        months = pa.nulls(rows, pa.date32()) if month is None else pa.array(self.city.day(month), pa.date32())
        self.planted.append(
            pa.table(
                {
                    "silo": pa.array([silo] * rows, pa.string()),
                    "kind": pa.array([kind] * rows, pa.string()),
                    "true_id": pa.array(firm.astype(np.int64)),
                    "month": months,
                    "value": pc.cast(value, pa.string()),
                }
            )
        )

    def month_text(self, month: int, form: str = "{year}{month:02d}") -> str:
        """A month of the city as text."""
        index = int(self.city.start.astype(int)) + month
        return form.format(year=1970 + index // 12, month=index % 12 + 1)

    def moment(self, month: int, day: int, hour: int, minute: int = 0) -> np.datetime64:
        """A moment in park time; a day beyond the month's end runs into the next."""
        date = (self.city.start + month).astype("datetime64[D]") + (day - 1)
        return np.datetime64(date.astype("datetime64[s]") + np.timedelta64(hour * 3600 + minute * 60, "s"))


def identities(
    key: pa.Array,
    firm: Array,
    last_month: Array,
    *,
    code: pa.Array | None = None,
    name: pa.Array,
    address: pa.Array | None = None,
    building_code: pa.Array | None = None,
    code_dirt: Array | str,
    name_dirt: Array | str,
    note: str | None = None,
) -> pa.Table:
    """What an office states last of who is behind its own keys, and who that truly is.

    Args:
        key: The office's own keys.
        firm: Which enterprise each means (-1: none).
        last_month: The month index in which the office writes the key last (-1: never, to the end of the horizon).
        code: The codes written then; None where the office knows none.
        name: The names written then.
        address: The addresses written then; None where the office knows none.
        building_code: The buildings; None where the office knows none.
        code_dirt: Positions in dirt.CODE_KINDS, or one kind for all rows.
        name_dirt: Positions in dirt.NAME_KINDS, or one kind for all rows.
        note: Beside the truth, the same for all rows.
    """
    rows = len(firm)
    nothing = pa.nulls(rows, pa.string())

    def kinds(given: Array | str, of: tuple[str, ...]) -> pa.Array:
        return pa.array([given] * rows, pa.string()) if isinstance(given, str) else pick(of, given)

    return pa.table(
        {
            "source_key": key,
            "true_id": pa.array(firm.astype(np.int64), mask=firm < 0),
            "code_dirt": kinds(code_dirt, dirt.CODE_KINDS),
            "name_dirt": kinds(name_dirt, dirt.NAME_KINDS),
            "note": pa.array([note] * rows, pa.string()),
            "code": nothing if code is None else code,
            "name": name,
            "address": nothing if address is None else address,
            "building_code": nothing if building_code is None else building_code,
            "last_month": pa.array(last_month.astype(np.int64), mask=last_month < 0),
        }
    )


def last_month(happens: Array) -> Array:
    """The last column in which each row of a matrix over firms and months is true; -1 where none is."""
    months = happens.shape[1]
    return np.where(happens.any(axis=1), months - 1 - np.argmax(happens[:, ::-1], axis=1), -1)


def numbered(prefix: str, numbers: Array, width: int) -> pa.Array:
    """An office's own numbers: a prefix and digits."""
    return join(prefix, codes.to_text(codes.digits(numbers.astype(np.int64), width)))


def same(text: str | None, rows: int) -> pa.Array:
    """A column that says the same in every row."""
    return pa.array([text] * rows, pa.string()) if rows < 1000 else pa.repeat(pa.scalar(text, pa.string()), rows)


def with_decimals(hundredths: Array) -> pa.Array:
    """Whole hundredths (fen) as text with two decimals, without rounding; not negative."""
    return join(
        pc.cast(pa.array(hundredths // 100), pa.string()), ".", codes.to_text(codes.digits(hundredths % 100, 2))
    )


def with_thousands(numbers: Array) -> pa.Array:
    """Whole numbers as text, with a comma before the last three digits from 1,000 to 999,999."""
    text = pc.cast(pa.array(numbers), pa.string())
    return pc.replace_substring_regex(text, r"^(\d{1,3})(\d{3})$", r"\1,\2")


def insert(database: sqlite3.Connection, table: str, rows: pa.Table) -> None:
    """Add an office's rows to a table of its database; their column 记录时间 becomes text."""
    if not rows.num_rows:
        return
    # whole seconds print as such: SQLAlchemy reads the text back as a timestamp
    at = pc.cast(pc.cast(rows["记录时间"], pa.timestamp("s")), pa.string())
    rows = rows.set_column(rows.column_names.index("记录时间"), "记录时间", at)
    holes = ", ".join("?" * rows.num_columns)
    columns = [column.to_pylist() for column in rows.columns]
    database.executemany(f"insert into {table} values ({holes})", zip(*columns, strict=True))
