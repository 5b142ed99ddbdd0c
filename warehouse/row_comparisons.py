"""Why a row cannot be used beside others: those of its delivery, or what is known under its number.

A total without a total's name, one unit in two spellings, another fact under a known number, a day of recording beside a time.
"""

from __future__ import annotations

import duckdb

from warehouse.connection import literal, quote
from warehouse.damages import A_FIRM, NO_FIRM
from warehouse.staged_feed import StagedFeed

# of so many rows with a figure, or more, and of such a size, chance makes no sum
_LEAST_ROWS, _LEAST_SUM = 3, 100
# what a row under a known number cannot be, if it restates that number's fact: by a column that the subject has, the columns it
# needs, the condition (n now, b before) and the reason
OTHER_FACTS = (
    (
        ("paid_amount",),
        "n.paid_amount * b.paid_amount < 0",
        "takes back the amount, or a part of it, that is known under its number, and would replace it",
    ),
    (
        ("paid_amount", "source_key", "tax_kind_code", "period_end", "paid_date"),
        # fixed fees are the same each month; what is restated to 0 is taken back on whatever day
        "n.paid_amount <> 0 and ((n.period_end <> b.period_end and n.paid_date <> b.paid_date) or (n.paid_amount <> b.paid_amount "
        "and (n.source_key, n.tax_kind_code, n.period_end, n.paid_date) <> (b.source_key, b.tax_kind_code, b.period_end, b.paid_date)))",
        "is another payment (of another amount, payer, tax, period or day) under a number that is known",
    ),
    (
        ("start_date", "end_date", "terminated_date"),
        # one that moves by less is a hand-over that was late
        "2 * (n.start_date - b.start_date) > least(b.end_date, b.terminated_date) - b.start_date",
        "begins late in the lease that is known under its number, or behind it, and would replace it",
    ),
    (
        ("start_date", "lease_no", "source_key"),
        "n.start_date > b.start_date and n.source_key <> b.source_key",
        "is another tenant's, and begins after the lease that is known under its number, and would replace it",
    ),
    (
        ("event_date", "event_code", "source_key"),
        "n.event_date <> b.event_date and (n.source_key <> b.source_key or n.event_code <> b.event_code)",
        "is another event (of another day, and another enterprise or kind) than the one known under its number, and would replace it",
    ),
    *(
        (
            (day, "source_key"),
            f"n.{day} <> b.{day} and n.source_key <> b.source_key",
            "is of another day and another enterprise than what is known under its number, and would replace it",
        )
        for day in ("stated_date", "opened_date")
    ),
    (
        ("offered_by_name", "need_kind_code", "valid_from_date"),
        "n.offered_by_name <> b.offered_by_name and n.need_kind_code <> b.need_kind_code "
        "and n.valid_from_date is distinct from b.valid_from_date",
        "is another offer (of another firm, kind and first day) than the one known under its number, and would replace it",
    ),
)
# a time of recording that is a day: 2026-11-03, 2026/11/3, 20261103, 2026年11月3日; of a workbook 46329
_DAY_ALONE = r"\d{4}\D?\d{1,2}\D\d{1,2}日?|\d{8}|\d{5}"
DAY_BESIDE_TIME = (
    "a day is its time of recording, and another version has a time of that day: ask the office which is later"
)


def reject_variants(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> None:
    """Reject rows of which the keys are one but for case and blanks, K001 and k001: one of them is the other once more."""
    keys = [c for c in feed.subject.key if feed.subject.columns[c].type == "varchar"]
    if not keys:
        return
    odd = " or ".join(f"regexp_matches({quote(c)}, '[a-z ]')" for c in keys)
    if not connection.execute(f"from candidate where {odd} limit 1").fetchone():
        return
    others = [quote(c) for c in feed.subject.key if c not in keys]
    even = ", ".join([f"upper(replace({quote(c)}, ' ', ''))" for c in keys] + others)
    connection.execute(
        "insert into rejected select row_number, 'two rows have one ' || "
        f"{literal(' + '.join(keys))} || ' but for case or blanks: ask the office which counts: ' || left({quote(keys[0])}, 60) "
        f"from candidate where skip_because is null and row_number not in (select row_number from rejected) "
        f"qualify count(distinct ({', '.join(map(quote, keys))})) over (partition by {even}) > 1"
    )


def reject_sums(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> None:
    """Reject rows without a firm's name of which each figure is the sum of the rows above or below it: 园区, A座, whatever it is called.

    Above or below up to the next such row, or the sum of all others.
    """
    subject = feed.subject
    figures = sorted(c for c in {*subject.figures.values()} if feed.figures.get(c) is None)
    times = [c for c in ("month", "period_start", "period_end") if c in subject.columns]
    if not figures or not times or "source_key" not in subject.columns:
        return
    labels = [c for c in ("enterprise_name", "source_key") if c in subject.columns]
    parted = ", ".join(map(quote, times + [c for c in subject.key if c.endswith("_code")]))
    odd = " and ".join(
        f"(not coalesce(regexp_matches({quote(c)}, {literal(A_FIRM)}), false) or regexp_matches({quote(c)}, {literal(NO_FIRM)}))"
        for c in labels
    )
    if not connection.execute(f"from candidate where {odd} limit 1").fetchone():
        return
    largest = f"greatest({', '.join(f'coalesce({quote(c)}, 0)' for c in figures)})"
    label = f"coalesce({', '.join(map(quote, labels))})"
    sums, is_sum = [], []
    for side in ("above", "below", "others"):
        sums += [f"sum({quote(c)}) over {side} - {quote(c)} as {quote(f'{c} {side}')}" for c in figures]
        sums.append(f"count(*) filter ({largest} > 0) over {side} as {quote(f'rows {side}')}")
        equal = " and ".join(f"({quote(c)} is null or {quote(c)} = {quote(f'{c} {side}')})" for c in figures)
        is_sum.append(f"({equal} and {quote(f'rows {side}')} > {_LEAST_ROWS})")
    connection.execute(
        f"insert into rejected with used as (select *, {odd} as is_odd, row_number as place from candidate "
        "where skip_because is null and row_number not in (select row_number from rejected)), "
        f"placed as (select *, sum(is_odd::int) over (partition by {parted} order by place) as block_below, "
        f"sum(is_odd::int) over (partition by {parted} order by place desc) as block_above from used), "
        f"summed as (select *, {', '.join(sums)} from placed window others as (partition by {parted}), "
        f"below as (partition by {parted}, block_below), above as (partition by {parted}, block_above)) "
        f"select distinct row_number, {literal(' and '.join(labels))} || ' looks like a total or a note: "
        f"its figures are the sum of other rows, declare totals under source: ' || left({label}, 60) "
        f"from summed where is_odd and {largest} >= {_LEAST_SUM} and ({' or '.join(is_sum)})"
    )


def quarantine_other_facts(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, table: str, number: int) -> None:
    """Reject staged rows of a batch that cannot restate what is known under their number: that fact would be gone without a trace.

    A rebuild stages all batches before it accepts the first: what is known is every version, here or in `table`.
    """
    subject = feed.subject
    reasons = [(why, found) for needed, found, why in OTHER_FACTS if subject.columns.keys() >= {*needed}]
    if not reasons or "source_key" in subject.key:
        return
    key = ", ".join(map(quote, subject.key))
    columns = ", ".join(map(quote, subject.columns))
    advice = f": if the office uses numbers again, let stage.sql make {subject.key[0]} of the number and what distinguishes its facts"
    cases = " ".join(f"when {found} then {literal(why + advice)}" for why, found in reasons)
    connection.execute(
        f"insert into rejected with version as (select {columns}, recorded_at, batch_id, row_number, batch_number from {table} "
        f"where batch_number <= $number union all select {columns}, recorded_at, batch_id, row_number, -1 from staged.{subject.name} "
        f"where feed = $feed), mine as (select * from version where ({key}) in (select ({key}) from {table} "
        "where batch_number = $number)), "
        f"placed as (select *, row_number() over (partition by {key} order by recorded_at nulls first, batch_number, batch_id, row_number) "
        f"as place from mine) select n.row_number, case {cases} end from placed as n inner join placed as b "
        f"on {' and '.join(f'n.{quote(k)} = b.{quote(k)}' for k in subject.key)} and n.place = b.place + 1 "
        f"where n.batch_number = $number and case {cases} end is not null",
        {"number": number, "feed": feed.name},
    )
    connection.execute(
        f"delete from {table} where batch_number = $number and row_number in (select row_number from rejected)",
        {"number": number},
    )


def is_day_alone(feed: StagedFeed, alias: str) -> str:
    """As SQL, whether the office's time of a row of `delivery` is a day and no more."""
    return (
        f"coalesce(regexp_full_match({alias}.{quote(feed.recorded_at or '')}::varchar, {literal(_DAY_ALONE)}), false)"
    )


def local_day(alias: str, zone: str) -> str:
    """As SQL, the office's day of a staged row's recorded_at."""
    return f"timezone({literal(zone)}, timezone('UTC', {alias}.recorded_at))::date"


def quarantine_days_beside_times(
    connection: duckdb.DuckDBPyConnection, feed: StagedFeed, table: str, number: int, zone: str
) -> None:
    """Reject staged rows of a batch that were recorded on a day, where another version of that fact has a time of that day.

    As the day's first moment it would come too late to be current, and a correction would be lost: of a database's column of times
    nothing else shows that no hour was stated. What is known already, and comes again, stays. Of whole periods and registers the
    last delivery counts, whatever its times are.
    """
    if not feed.recorded_at or feed.replaces != "nothing":
        return
    subject = feed.subject
    columns = ", ".join(map(quote, subject.columns))
    version = f"select {columns}, recorded_at, row({columns}) as says"
    same_key = " and ".join(f"n.{quote(k)} = b.{quote(k)}" for k in subject.key)
    midnight = f"timezone('UTC', timezone({literal(zone)}, {local_day('n', zone)}::timestamp))"
    of_days = f"from {table} as n where batch_number = $number and recorded_at = {midnight}"
    if not connection.execute(f"{of_days} limit 1", {"number": number}).fetchone():  # as in most deliveries
        return
    connection.execute(
        f"insert into rejected with version as ({version} from {table} where batch_number < $number "
        f"union all {version} from staged.{subject.name} where feed = $feed), "
        f"fresh as ({version}, row_number {of_days}), "
        "paired as (select n.row_number, bool_or(b.recorded_at > n.recorded_at and b.says <> n.says) as is_odd, "
        "bool_or(b.recorded_at = n.recorded_at and b.says = n.says) as is_known "
        f"from fresh as n inner join version as b on {same_key} "
        "and b.recorded_at >= n.recorded_at and b.recorded_at < n.recorded_at + interval 1 day group by all) "
        f"select row_number, {literal(DAY_BESIDE_TIME)} from paired where is_odd and not is_known",
        {"number": number, "feed": feed.name},
    )
    connection.execute(
        f"delete from {table} where batch_number = $number and row_number in (select row_number from rejected)",
        {"number": number},
    )
