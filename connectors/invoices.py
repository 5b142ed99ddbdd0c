"""Aggregates invoices before anything is written: per firm, side, partner, month and class of goods; no single invoice lands.

Trade is the tax secret of both sides (税收征管法 art. 8). What lands is counts and amounts; all natural persons that a firm
deals with are one partner without a name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from connectors.feed import Invoices
from connectors.sources import ROW_NUMBER, Unreadable
from warehouse import connection as warehouse
from warehouse.connection import literal, quote
from warehouse.persons import is_name, persons

# around a status: 作废 with a wide space is 作废 all the same
_BLANKS = " \t\r\n\u00a0\u3000\u200b\ufeff"
# the status of a red letter itself; 已红冲 is that of the invoice that it takes back
_RED = frozenset({"红字", "红字发票", "红票", "负数", "负数发票"})
# a spreadsheet keeps 15 digits of 20, so that many invoices have one number
_ROUNDED = r"^\d(?:\.\d+)?E\+?\d+$|^\d{15}0{5}$"
# a longer text is of another column
_STATUS_LENGTH = 12
# the partner of every natural person
PERSONS = "自然人"
# what an office writes where it names no buyer
_UNNAMED = frozenset({"个人", "消费者", "个人消费者", "零星客户", PERSONS})


def aggregated(
    stream: Iterable[pa.RecordBatch],
    invoices: Invoices,
    unreadable: list[Unreadable] | None = None,
    account: Counter[str] | None = None,
) -> Iterator[pa.RecordBatch]:
    """Invoices as one row per group: their number, the number of voided and red ones, and three amounts as delivered.

    Issued: all positive invoices, also those voided later. Voided: the voided ones among them. Red: what valid red letters
    (negative invoices) take back, as a positive amount, in the month of the red letter's own date. Net is issued less both.
    The row number is that of the group's first invoice. An invoice that came twice counts once, where its number is declared.

    Args:
        stream: The invoices.
        invoices: Which column is what.
        unreadable: Filled with one entry for each invoice without a readable date, amount or status, and for each further invoice of a
            number that says otherwise than the first; they are in no row, nor is that first one.
        account: Filled with how many invoices are `folded`: those that came twice, and those in a row that another one has begun.
    """
    batches = list(stream)
    if not batches:
        return
    table = pa.Table.from_batches(batches)
    database = duckdb.connect()
    try:
        database.execute((Path(warehouse.__file__).parent / "macros.sql").read_text(encoding="utf-8"))
        database.register("delivered", table)
        code, name = quote(invoices.partner_code), quote(invoices.partner_name)
        partners = database.execute(f"select distinct {code}::varchar, {name}::varchar from delivered").fetchall()
        database.register("person", _people(partners))
        goods = f"nullif(trim({quote(invoices.goods)}::varchar), '')"
        date = quote(invoices.date)
        # a number of several columns, such as code and number of old invoices, is whole or none
        numbered = " || ' ' || ".join(_as_compared(f"{quote(c)}::varchar") for c in invoices.number) or "null"
        rounded = " or ".join(
            f"regexp_matches(upper(trim({quote(c)}::varchar)), {literal(_ROUNDED)})" for c in invoices.number
        )
        is_void, odd_status = _status(invoices)
        kept = ", ".join(f"nullif(trim({quote(column)}::varchar), '') as {quote(column)}" for column in invoices.by)
        database.execute(
            f"""
            create temp table invoice as
            select
                {ROW_NUMBER}, {kept},
                case when p."is a person" is null then nullif(trim({code}::varchar), '') end as {code},
                case when p."is a person" then {literal(PERSONS)} else nullif(trim({name}::varchar), '') end as {name},
                strftime(to_month({date}::varchar), '%Y-%m') as {date},
                -- a code of another length is kept as it is: stage.sql refuses it
                case when regexp_full_match({goods}, '[0-9]{{19}}') then left({goods}, {int(invoices.goods_digits)})
                    else {goods} end as {quote(invoices.goods)},
                {is_void} as is_void, {odd_status} as odd_status,
                {_number(table, invoices.amount)} as amount,
                case when not coalesce({rounded or "false"}, false) then {numbered} end as number,
                coalesce({rounded or "false"}, false) as is_rounded,
                coalesce(trim({quote(invoices.void)}::varchar, {literal(_BLANKS)}) in ({", ".join(map(literal, sorted(_RED)))}), false)
                    as is_red
            from delivered as d
            left join person as p
                on
                    d.{code}::varchar is not distinct from p."a person's code"
                    and d.{name}::varchar is not distinct from p."a person's name"
            """
        )
        _describe_once(database, invoices)
        repeated = _take_repeats_out(database, [*map(quote, invoices.by), "number"] if invoices.number else [])
        database.execute(f"alter table invoice add column flaw varchar; update invoice set flaw = {_flaw(date)}")
        if unreadable is not None:
            _note_unreadable(database, invoices.void, unreadable)
        groups = ", ".join(quote(column) for column in (*invoices.by, *invoices.made_from))
        made = dict(zip(invoices.made, _FIGURES, strict=True))
        figures = ", ".join(f"{sql} as {quote(column)}" for column, sql in made.items())
        rows = database.execute(
            f"select min({ROW_NUMBER}) as {ROW_NUMBER}, {groups}, {figures} from invoice "
            f"where flaw is null group by {groups} order by 1"
        ).to_arrow_table()
        if account is not None:
            account["folded"] += repeated + pc.sum(rows[invoices.made[0]], min_count=0).as_py() - rows.num_rows
        yield from rows.to_batches()
    finally:
        database.close()


def _people(partners: Iterable[tuple[str | None, str | None]]) -> pa.Table:
    """The natural persons among partners, in columns that no office calls so."""
    people = [(code, name) for code, name in partners if is_natural_person(code, name)]
    columns = {
        "a person's code": pa.array([code for code, _ in people], pa.string()),
        "a person's name": pa.array([name for _, name in people], pa.string()),
        "is a person": pa.array([True] * len(people), pa.bool_()),
    }
    return pa.table(columns)


def _status(invoices: Invoices) -> tuple[str, str]:
    """As SQL: whether an invoice is void, and its status where that is neither void nor valid."""
    status = f"trim({quote(invoices.void)}::varchar, {literal(_BLANKS)})"
    is_void = f"{status} in ({', '.join(map(literal, invoices.void_values))})"
    if invoices.valid_values:
        is_odd = f"coalesce({status}, '') not in ({', '.join(map(literal, invoices.valid_values))})"
    else:  # an empty status is a valid one; 作 废 is nearly void
        bare = f"translate({status}, {literal(_BLANKS)}, '')"
        is_odd = " or ".join(f"contains({bare}, {literal(text)})" for text in ("#", "\ufffd", *invoices.void_values))
    is_void = f"coalesce({is_void}, false)"
    return is_void, f"case when not {is_void} and ({is_odd}) then coalesce({status}, '') end"


def _as_compared(number: str) -> str:
    """An invoice's number as SQL: '0012, 0012 and 12.0 are one. Zeros before it are lost where a program took it for a figure."""
    plain = f"regexp_replace(upper(plain_text({number})), '[.]0+$', '')"
    return f"nullif(ltrim(regexp_replace({plain}, '[^0-9A-Z]', '', 'g'), '0'), '')"


def _describe_once(database: duckdb.DuckDBPyConnection, invoices: Invoices) -> None:
    """Give a firm the name of a month that most of its invoices have: one that was renamed within it is one firm."""
    parts = [*(name for name in invoices.by if name not in invoices.described_by), invoices.date]
    same = " and ".join(f"i.{quote(part)} = u.{quote(part)}" for part in parts)
    for name in map(quote, invoices.described_by):
        listed = ", ".join(map(quote, parts))
        database.execute(
            f"update invoice as i set {name} = u.name from (select {listed}, arg_max(name, (n, last)) as name from (select {listed}, "
            f"{name} as name, count(*) as n, max({ROW_NUMBER}) as last from invoice where {name} is not null group by all) "
            f"group by all having count(*) > 1) as u where {same}"
        )


def _number(table: pa.Table, column: str) -> str:
    """The amount as SQL: numbers as they are, texts as stage.sql reads them."""
    kind = table.schema.field(column).type
    is_number = pa.types.is_integer(kind) or pa.types.is_decimal(kind)
    return f"cast({quote(column)} as decimal(30, 2))" if is_number else f"to_amount({quote(column)}::varchar)"


# in the order of Invoices.made
_FIGURES = (
    "count(*)",
    "count(*) filter (where is_void)",
    "count(*) filter (where amount < 0 and not is_void)",
    "coalesce(sum(amount) filter (where amount > 0), 0)::decimal(30, 2)",
    "coalesce(sum(amount) filter (where amount > 0 and is_void), 0)::decimal(30, 2)",
    "coalesce(-sum(amount) filter (where amount < 0 and not is_void), 0)::decimal(30, 2)",
)


def is_natural_person(code: str | None, name: str | None) -> bool:
    """Whether a partner is a natural person: an identity number for a code, or no code and a person's name (or none).

    No enterprise's full name has fewer than five characters, so that without a code a shorter one counts as a person too.
    """
    code, name = "".join((code or "").split()).upper(), "".join((name or "").split())
    if len(code) == 18 and persons(code, in_codes=True):
        return True
    plain = name.removesuffix("（个人）").removesuffix("(个人)")
    return not code and (plain != name or plain in _UNNAMED or len(plain) < 5 or is_name(plain))


def _take_repeats_out(database: duckdb.DuckDBPyConnection, key: Sequence[str]) -> int:
    """Leave one of the equal invoices of a number in `invoice`, and mark those that contradict one another.

    Returns:
        How many were taken out.
    """
    database.execute("alter table invoice add column is_contradicted boolean default false")
    if not key:
        return 0
    of = f"partition by {', '.join(key)}"
    columns = [quote(name) for name, *_ in database.execute("describe invoice").fetchall() if name != ROW_NUMBER]
    says = ", ".join(f"{column}::varchar" for column in columns)
    database.execute(
        f"create temp table seen as select place, row_number() over ({of}, says order by place) as nth, "
        f"min(says) over ({of}) <> max(says) over ({of}) as differs from ("
        f"select {ROW_NUMBER} as place, {', '.join(key)}, to_json([{says}])::varchar as says from invoice where number is not null)"
    )
    ((taken,),) = database.execute(
        f"delete from invoice where {ROW_NUMBER} in (select place from seen where nth > 1)"
    ).fetchall()
    database.execute(
        f"update invoice set is_contradicted = true where {ROW_NUMBER} in (select place from seen where differs)"
    )
    return int(taken)


def _flaw(date: str) -> str:
    """Why an invoice is in no row, as SQL: NULL where it is in one."""
    flaws = (
        ("odd_status is not null", "odd status"),
        (f"{date} is null", "an invoice without a readable date"),
        ("amount is null", "an invoice without a readable amount"),
        ("is_red and amount > 0", "an invoice that is a red letter by its status and has a positive amount"),
        ("is_rounded", "an invoice with a number that a spreadsheet rounded"),
        ("is_contradicted", "an invoice of which another one with the same number says otherwise"),
    )
    return f"case {' '.join(f'when {condition} then {literal(reason)}' for condition, reason in flaws)} end"


def _note_unreadable(database: duckdb.DuckDBPyConnection, status: str, unreadable: list[Unreadable]) -> None:
    """One entry for each invoice: a third of a month without dates is no single row."""
    for row_number, flaw, text in database.execute(
        f"select {ROW_NUMBER}, flaw, odd_status from invoice where flaw is not null order by 1"
    ).fetchall():
        reason = flaw
        if text is not None:
            said = repr(text) if len(text) <= _STATUS_LENGTH and not is_name(text) else "a text"
            reason = f"an invoice with {said} as {status}, which invoices.void does not list"
        unreadable.append(Unreadable(row_number, reason, None))
