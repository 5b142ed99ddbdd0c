"""Types and values of databases in Arrow, to the last digit.

What a database declares decides the Arrow type; each value must fit it exactly or its row is unreadable.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from zoneinfo import ZoneInfo

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import mssql, mysql, oracle

from connectors.sources import MOST_OF_SINGLE, plain

TIMESTAMP: Final = pa.timestamp("us")
UTC_TIMESTAMP: Final = pa.timestamp("us", "UTC")


@dataclass(frozen=True)
class Column:
    """A column that is pulled: its Arrow type, and whether the database writes it as text for us."""

    name: str
    type: pa.DataType
    is_cast_to_text: bool = False
    # a decimal of any scale, which lands as text
    is_free_decimal: bool = False
    # the largest number, or longest text, that it can hold, where the database cuts others to it
    most: Decimal | None = None


@dataclass(frozen=True)
class Rows:
    """Rows as pulled: the first one's ordinal, their arrays, and (by position) reason and text of the wrong ones."""

    first: int
    count: int
    arrays: list[pa.Array]
    wrong: Mapping[int, tuple[str, str]]


_WORDS: Final = {
    str: "text",
    bytes: "bytes",
    bool: "true or false",
    int: "a whole number",
    float: "a number with a fraction",
    date: "a date",
    datetime: "a date with a time",
    time: "a time of day",
}


def declared_type(name: Any) -> pa.DataType | None:
    """Give the Arrow type of a name in feed.yml; None for one that is not known."""
    simple = {
        "text": pa.string(),
        "bigint": pa.int64(),
        "double": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp": TIMESTAMP,
    }
    decimal = re.fullmatch(r"decimal\((\d+),\s*(\d+)\)", str(name))
    if decimal:
        return _decimal(int(decimal[1]), int(decimal[2]))
    return simple.get(str(name))


def _decimal(precision: int, scale: int) -> pa.DataType | None:
    return pa.decimal128(precision, scale) if 1 <= precision <= 38 and 0 <= scale <= precision else None


def postgres_column(described: Any) -> Column:
    """Give the column of a PostgreSQL result, by the type's number in pg_type (fixed since the beginning)."""
    types: dict[int, pa.DataType | None] = {
        16: pa.bool_(),
        17: pa.binary(),
        20: pa.int64(),
        21: pa.int64(),
        23: pa.int64(),
        25: pa.string(),
        700: pa.float32(),
        701: pa.float64(),
        1043: pa.string(),
        1082: pa.date32(),
        1083: pa.time64("us"),
        1114: TIMESTAMP,
        1184: UTC_TIMESTAMP,
        1700: _decimal(described.precision or 0, described.scale or 0),
    }
    found = types.get(described.type_code)
    is_free = described.type_code == 1700 and found is None
    return Column(described.name, found or pa.string(), is_cast_to_text=found is None, is_free_decimal=is_free)


def arrow_type(declared: sa.types.TypeEngine[Any]) -> pa.DataType:
    """Give the Arrow type of a reflected column; text for what Arrow has no equal for."""
    if isinstance(declared, oracle.NUMBER):  # SQLAlchemy's is an integer, too
        return _decimal(declared.precision or 0, declared.scale or 0) or pa.string()
    if isinstance(declared, mssql.DATETIMEOFFSET):
        return UTC_TIMESTAMP
    if isinstance(declared, sa.Boolean):
        return pa.bool_()
    if isinstance(declared, sa.Integer):
        is_wide = isinstance(declared, sa.BigInteger) and getattr(declared, "unsigned", False)
        return pa.decimal128(20, 0) if is_wide else pa.int64()
    if isinstance(declared, mysql.FLOAT | mssql.REAL | oracle.BINARY_FLOAT):
        return pa.float32()
    if isinstance(declared, sa.Float):
        return pa.float64()
    if isinstance(declared, sa.Numeric):
        return _decimal(declared.precision or 0, declared.scale or 0) or pa.string()
    if isinstance(declared, sa.DateTime):
        return UTC_TIMESTAMP if declared.timezone else TIMESTAMP
    if isinstance(declared, sa.Date):
        return pa.date32()
    if isinstance(declared, sa.types._Binary):
        return pa.binary()
    if isinstance(declared, mysql.BIT):
        return pa.bool_() if (declared.length or 1) == 1 else pa.int64()
    return pa.string()


_FEWEST_DIGITS: Final = 6  # 99.9 may be meant
_FEWEST_SIGNS: Final = 10  # 企业所得税 fills a column of five


def most_of(declared: sa.types.TypeEngine[Any], *, is_lax: bool) -> Decimal | None:
    """Give the number, or length of a text, to which MySQL without its strict mode cuts what is larger: 2147483647, 999999.99.

    0 of a list (ENUM): a text that is not in it becomes number 0 of it, which reads as empty.

    Args:
        declared: The column's type.
        is_lax: The server's mode is not strict. Only then is a name of just 12 characters in varchar(12) rarer than one that was cut.
    """
    if isinstance(declared, mysql.ENUM):
        return Decimal(0)
    if isinstance(declared, sa.String):
        is_text = (
            is_lax and isinstance(declared, mysql.VARCHAR | mysql.CHAR) and (declared.length or 0) >= _FEWEST_SIGNS
        )
        return Decimal(declared.length or 0) if is_text else None
    if isinstance(declared, sa.Integer) and not isinstance(declared, sa.BigInteger | mysql.TINYINT):
        bits = 16 if isinstance(declared, sa.SmallInteger) else 24 if isinstance(declared, mysql.MEDIUMINT) else 32
        return Decimal(2 ** (bits - (not getattr(declared, "unsigned", False))) - 1)
    if not isinstance(declared, sa.Numeric) or isinstance(declared, sa.Float):
        return None
    digits = declared.precision or 0
    return Decimal("9" * digits).scaleb(-(declared.scale or 0)) if digits >= _FEWEST_DIGITS else None


# What a driver may hand over for each kind of column, and how anything else is read without losing a digit. SQLite
# stores any value in any column; Arrow by itself would cut 1.5 to 1 and take 1 as a microsecond of 1970.


def _to_decimal(value: Any, type_: pa.DataType, _: ZoneInfo | None) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise TypeError
    # repr gives the shortest decimal that is this float: 0.1, not 0.1000000000000000055
    number = Decimal(repr(value) if isinstance(value, float) else value)
    fitted = number.quantize(Decimal(1).scaleb(-type_.scale))
    if fitted != number and not (isinstance(value, float) and math.isclose(float(fitted), value, rel_tol=1e-14)):
        raise ValueError
    return fitted


_LEAST_LOST: Final = 2**53  # from here on a float skips whole numbers


def _to_whole(value: Any, _type: pa.DataType, _: ZoneInfo | None) -> int:
    if isinstance(value, str) and "_" not in value:  # Python reads 12_3 as 123
        return int(value)
    if isinstance(value, bytes):  # BIT(8) of MySQL
        return int.from_bytes(value, "big")
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or value != int(value):
        raise ValueError
    if isinstance(value, float) and abs(value) >= _LEAST_LOST:
        raise ValueError
    return int(value)


def _to_float(value: Any, _type: pa.DataType, _: ZoneInfo | None) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise TypeError
    return float(value)


def _to_truth(value: Any, _type: pa.DataType, _: ZoneInfo | None) -> bool:
    truth = int.from_bytes(value, "big") if isinstance(value, bytes) else value  # BIT(1) of MySQL
    if truth not in (0, 1):
        raise ValueError
    return bool(truth)


def _to_timestamp(value: Any, type_: pa.DataType, clock: ZoneInfo | None) -> datetime:
    found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    if bool(found.tzinfo) != bool(type_.tz) and clock is None:  # its day and hour here are unknown
        raise ValueError
    if type_.tz is not None:
        return found if found.tzinfo else found.replace(tzinfo=clock)
    return found.astimezone(clock).replace(tzinfo=None) if found.tzinfo else found


def _to_date(value: Any, _type: pa.DataType, _: ZoneInfo | None) -> date:
    if type(value) is date:
        return value
    found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    if found.time() != time():
        raise ValueError
    return found.date()


def _to_time(value: Any, _type: pa.DataType, _: ZoneInfo | None) -> time:
    return value if isinstance(value, time) else time.fromisoformat(value)


def _to_text(value: Any, _type: pa.DataType, _: ZoneInfo | None) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        text = bytes(value).decode()
        if any(sign < " " and sign not in "\t\r\n" for sign in text):  # b"\x01": BIT of MySQL in a query
            raise ValueError
        return text
    if isinstance(value, timedelta):  # TIME of MySQL, which Python would write as "-1 day, 11:30:00"
        return _hours(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    shown: object = type(value).__str__
    if shown is object.__str__ and not isinstance(value, int | float):
        raise TypeError  # <oracledb.DbObject object at 0x7f…>, a set, a tuple
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)


def _hours(value: timedelta) -> str:
    """Write a time of MySQL as the database does: 09:30:00, -12:30:00, 838:59:58.125000."""
    size = abs(value)
    minutes, seconds = divmod(size.days * 86_400 + size.seconds, 60)
    part = f".{size.microseconds:06}" if size.microseconds else ""
    return f"{'-' if value < timedelta() else ''}{minutes // 60:02}:{minutes % 60:02}:{seconds:02}{part}"


def _to_bytes(value: Any, _type: pa.DataType, _: ZoneInfo | None) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(memoryview(value))


@dataclass(frozen=True)
class _Kind:
    exact: frozenset[type]
    convert: Callable[[Any, pa.DataType, ZoneInfo | None], Any]


def _kind(convert: Callable[[Any, pa.DataType, ZoneInfo | None], Any], *exact: type) -> _Kind:
    return _Kind(frozenset({*exact, type(None)}), convert)


_TEXT: Final = _kind(_to_text, str)
_KINDS: Final[Sequence[tuple[Callable[[pa.DataType], bool], _Kind]]] = (
    (pa.types.is_decimal, _kind(_to_decimal, Decimal, int)),
    (pa.types.is_integer, _kind(_to_whole, int)),
    (pa.types.is_floating, _kind(_to_float, float)),
    (pa.types.is_boolean, _kind(_to_truth, bool)),
    (pa.types.is_timestamp, _kind(_to_timestamp, datetime)),
    (pa.types.is_date, _kind(_to_date, date)),
    (pa.types.is_time, _kind(_to_time, time)),
    (pa.types.is_binary, _kind(_to_bytes, bytes)),
)


def rows_of(
    first: int,
    rows: Sequence[Sequence[Any]],
    columns: Sequence[Column],
    clock: ZoneInfo | None,
    *,
    are_zero_dates_empty: bool = False,
    holds: str | None = None,
    ignored: frozenset[str] = frozenset(),
) -> Rows:
    """Turn rows of a driver into arrays.

    Args:
        first: Ordinal of the first row.
        rows: The rows; a value beyond the columns is the position of the column that the database says is unreadable.
        columns: What they hold.
        clock: The database's own time zone, for times that carry another; None where it is not declared, and they do not fit.
        are_zero_dates_empty: Read 0000-00-00 as no value.
        holds: The encoding that texts are truly in, where the database takes them for Latin-1.
        ignored: Columns in which an odd value is no value, and costs no row.
    """
    wrong: dict[int, tuple[str, str]] = {}
    by_column = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    for position, problem in enumerate(by_column[len(columns)] if len(by_column) > len(columns) else ()):
        if problem is not None:
            wrong[position] = (no_equal(columns[problem]), row_text(columns, rows[position]))
    arrays = []
    for column, values in zip(columns, by_column[: len(columns)], strict=True):
        noted = {} if plain(column.name) in ignored else wrong
        has_dates = pa.types.is_date(column.type) or pa.types.is_timestamp(column.type)
        if are_zero_dates_empty and has_dates:
            values = tuple(None if _is_zero_date(value) else value for value in values)
        if holds and pa.types.is_string(column.type):
            values, unread = _reread(values, holds)
            for position in unread:
                reason = f"{column.name} holds text that is not {holds} under the name of Latin-1 (source.holds)"
                noted.setdefault(position, (reason, row_text(columns, rows[position])))
        array, unfit = _array(values, column.type, clock)
        arrays.append(array)
        for position in unfit:
            what = _WORDS.get(type(values[position]), f"a {type(values[position]).__name__}")
            reason = f"{column.name} holds {what}, which does not fit the column's type {column.type}: cast it to text in source.query"
            if has_dates and _is_zero_date(values[position]):
                reason = (
                    f"{column.name} is {_ZERO_DATE}, which is no date (source.zero_dates: empty reads it as no value)"
                )
            elif pa.types.is_timestamp(column.type) and clock is None and _OFFSET.search(str(values[position])):
                reason = f"{column.name} is a time with a zone of its own: declare the clock that counts here as source.clock"
            elif pa.types.is_timestamp(column.type) and column.type.tz and isinstance(values[position], datetime):
                reason = f"{column.name} is a time of which the driver leaves out the zone: declare source.clock"
            noted.setdefault(position, (reason, row_text(columns, rows[position])))
    return Rows(first, len(rows), arrays, wrong)


def _reread(values: Sequence[Any], holds: str) -> tuple[tuple[Any, ...], list[int]]:
    """Read texts anew by their bytes, with NULL in place of those that cannot be, and the positions of these."""
    found: list[Any] = []
    unread = []
    for position, value in enumerate(values):
        if isinstance(value, str) and not value.isascii():
            try:
                value = b"".join(map(_latin1_byte, value)).decode(holds)
            except UnicodeError:
                value = None
                unread.append(position)
        found.append(value)
    return tuple(found), unread


def _latin1_byte(character: str) -> bytes:
    """Give the byte that a database read as this character: MySQL calls Windows-1252 latin1, others mean ISO 8859-1."""
    if ord(character) < 256:
        return bytes([ord(character)])
    return character.encode("cp1252")


_OFFSET: Final = re.compile(r":\d\d(?:\.\d+)? ?(?:Z|[+-]\d\d:?\d\d)$")
_ZERO_DATE: Final = "0000-00-00"


def _is_zero_date(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(_ZERO_DATE)


def _array(values: Sequence[Any], type_: pa.DataType, clock: ZoneInfo | None) -> tuple[pa.Array, list[int]]:
    """Give the values as an array, with NULL in place of those that do not fit, and the positions of these."""
    kind = next((kind for fits, kind in _KINDS if fits(type_)), _TEXT)
    # Arrow would take the hour of UTC from a time with a zone, and one without for that of UTC
    has_zones = kind.convert is _to_timestamp and any(
        isinstance(value, datetime) and bool(value.tzinfo) != bool(type_.tz) for value in values
    )
    if set(map(type, values)) <= kind.exact and not has_zones:
        try:
            return pa.array(values, type_), []
        except (pa.ArrowInvalid, OverflowError):
            pass  # one value is too large or too fine: find it
    fitted: list[Any] = []
    unfit = []
    for position, value in enumerate(values):
        try:
            found = None if value is None else kind.convert(value, type_, clock)
            pa.scalar(found, type_)
        except (ValueError, TypeError, OverflowError, InvalidOperation):
            found = None
            unfit.append(position)
        fitted.append(found)
    return pa.array(fitted, type_), unfit


def no_equal(column: Column) -> str:
    """Say why a value cannot be taken over that the database itself was asked to look for."""
    if pa.types.is_float32(column.type):
        return (
            f"{column.name} is {MOST_OF_SINGLE:,} or more, where a float of four bytes keeps no cents: ask for it as decimal, "
            "or cast it in source.query"
        )
    if column.most == 0:
        return f"{column.name} has a value that is not in its column's list (ENUM), which MySQL kept as none: ask for a wider list"
    if column.most is not None and pa.types.is_string(column.type):
        return (
            f"{column.name} is as long as its column allows ({column.most} characters), to which MySQL cuts longer texts: "
            "ask for a wider column"
        )
    if column.most is not None:
        return f"{column.name} is the largest number that its column can hold, to which MySQL cuts larger ones: ask for a wider column"
    return f"{column.name} holds NaN, infinity or a time outside the years 1 to 9999"


def row_text(columns: Sequence[Column], row: Sequence[Any]) -> str:
    """Write a row as JSON, for whoever repairs it."""
    named = {column.name: value for column, value in zip(columns, row, strict=False)}
    return json.dumps(named, ensure_ascii=False, default=str)


def without_values(message: str) -> str:
    """Take a driver's message down to one line without the values that it quotes: a value may be a person's."""
    text = re.split(r"\bDETAIL:|\bLINE \d+:| with text ", " ".join(message.split()).split("ERROR: ")[-1], maxsplit=1)[0]
    return re.sub(r"(: |\bvalue )\"[^\"]*\"", r'\1"…"', text).strip()
