"""What a delivery is held to before it is accepted: what its feed allows, what is known already, and the deliveries before it.

Each stop names the feed, the fact, what is allowed and the next step; nothing is replaced then.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from unicodedata import normalize
from zoneinfo import ZoneInfo

import duckdb

from warehouse.batches import REJECTED, Batch, Manifest
from warehouse.clock import utc
from warehouse.comparison import findings, measure
from warehouse.confirmation import Confirmation, Finding, keep
from warehouse.connection import literal, quote, the_row
from warehouse.errors import DeclarationError, DeliveryRefused
from warehouse.precedents.deliveries import (
    measure_end,
    measure_lacking,
    measure_lines,
    measure_name,
    measure_part,
    measure_return,
    measure_totals,
    measure_types,
    measure_year,
)
from warehouse.precedents.words import measure_words
from warehouse.staged_feed import StagedFeed
from warehouse.units import BARE_FIGURE, OTHER_CURRENCY, OTHER_RENT, RENT

# One row that an office takes back is no truncated file, however small the period.
_SOME_ROWS = 2
# Of a new month, or a register, an eighth and three units at most have left: 98 % of 25 firms would stop over each one
_LEAVERS_MAX, _LEAVERS_OF = 3, 8
# so many months ago was a month like this one
_SEASONS = (3, 12)
# persons leave a roster when it is corrected; an invoice stays in its ledger when it is voided
_SOME_PERSONS = 10
# of ops.confirmation.stop_code
DELIVERY = "delivery"
# so many findings are in a message
_FINDINGS = 3
# so many days that are all at one minute are none by chance
_MIDNIGHTS_MIN, _MIDNIGHTS_SHARE = 3, 0.9


def hold_to_units(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> None:
    """Stop where figures of a column of 万元 are all taken for yuan: each would be ten thousand times too small.

    So it is with a rent for a year, or for a square metre and day, that is taken for a month's, and with dollars taken for yuan.

    Raises:
        DeclarationError: stage.sql leaves out the unit of a column's header, or of the sheet (source.unit).
    """
    measured = {c.name for c in feed.subject.columns.values() if c.type.startswith(("bigint", "decimal"))}
    others, units = dict[tuple[str, str], tuple[str, str]](), dict[tuple[str, str], tuple[str, str]]()
    of_currencies = "currency_code" in feed.stage_sql
    for source, target in ((s, t) for s in feed.landed_columns for t in feed.columns.get(s, ()) if t in measured):
        header = normalize("NFKC", source)
        if target == RENT and OTHER_RENT.search(header):
            fact = "for another time than a month, or for a unit of area, by its header"
            others[source, target] = fact, f"make {target} the rent of a month"
        elif target.endswith("_amount") and not of_currencies and OTHER_CURRENCY.search(header):
            others[source, target] = "in another currency than yuan by its header", f"make {target} yuan, or ignore it"
        elif by := feed.multiples.get(source):
            units[source, target] = f"in units of {by:,} by its header or source.unit", f"multiply {target} by {by:,}"
    for pair, said in others.items():
        _hold_to_known(connection, feed, {pair: said}, " or {made} = 10000 * {value}")
    _hold_to_known(connection, feed, units)


def _hold_to_known(
    connection: duckdb.DuckDBPyConnection,
    feed: StagedFeed,
    expected: Mapping[tuple[str, str], tuple[str, str]],
    or_same: str = "",
) -> None:
    """Stop where no figure of a source and target is another one in the target: with what the header says, and the next step.

    `or_same`: what is no other one either; 万美元 that are multiplied by 10,000 are still dollars.
    """
    if not expected:
        return
    counted = []
    for source, target in expected:
        text, made = f"d.{quote(source)}::varchar", f"c.{quote(target)}"
        is_figure = f"regexp_full_match({text}, {literal(BARE_FIGURE)}) and {made} <> 0"
        value = f"try_cast(signed_number({text}) as decimal(28, 6))"
        same = f"({made} = {value}{or_same.format(made=made, value=value)})"
        counted.append(f"count_if({is_figure}), count_if({is_figure} and {same})")
    found = the_row(
        connection, f"select {', '.join(counted)} from delivery as d join candidate as c using (row_number)"
    )
    counts = {pair: found[2 * n : 2 * n + 2] for n, pair in enumerate(expected)}
    if any(figures and same < figures for figures, same in counts.values()):
        return  # stage.sql knows the unit
    for (source, target), (figures, _) in counts.items():
        if figures:
            fact, step = expected[source, target]
            raise DeclarationError(
                f"{feed.name}/stage.sql",
                f"{source} is {fact}, and all {figures:,} figures are taken as they are",
                next_step=f"{step}, then `parkbridge feed check {feed.name}`",
            )


def hold_to_midnights(
    connection: duckdb.DuckDBPyConnection, feed: StagedFeed, where: str, moment: datetime, time_zone: ZoneInfo
) -> None:
    """Stop where all days of a column are midnights of the park by UTC's clock, and were read as the day before.

    2026-09-30 16:00:00 is what a program makes of 1 October in China that keeps its times in UTC and shows no zone.
    """
    offset = moment.astimezone(time_zone).utcoffset() or timedelta()
    if not offset:
        return
    shift = timedelta(days=1) - offset if offset > timedelta() else -offset
    at = f"{datetime.min + shift:%H:%M}"
    dates = {c.name for c in feed.subject.columns.values() if c.type == "date"}
    for source, target in ((s, t) for s in feed.landed_columns for t in feed.columns.get(s, ()) if t in dates):
        value, made = f"d.{quote(source)}::varchar", f"c.{quote(target)}"
        if not connection.execute(f"from delivery as d where contains({value}, {literal(at)}) limit 1").fetchone():
            continue
        total, odd, example = the_row(
            connection,
            f"select count(said), count(said) filter (is_odd), min(said) filter (is_odd) from (select {value} as said, "
            f"regexp_matches({value}, {literal(f'[ T]{at}(?::00(?:[.]0+)?)?$')}) "
            f"and {made} in (to_date({value}), date_trunc('month', to_date({value}))) as is_odd "
            "from delivery as d join candidate as c using (row_number))",
        )
        if odd >= (1 if target == "month" else _MIDNIGHTS_MIN) and odd >= total * _MIDNIGHTS_SHARE:
            raise DeliveryRefused(
                where,
                f"{source} is at {at} in {odd:,} of {total:,} rows ({example}): midnight of {time_zone.key} by UTC's clock, so that "
                f"each {target} would be a day too early",
                next_step=f"ask {feed.office}; if so, add the hours in {feed.name}/stage.sql: to_date(timezone({literal(time_zone.key)}, "
                f"timezone('UTC', try_cast({quote(source)} as timestamp)))). Published data is unchanged",
            )


# what feed.yml can say where whole columns or lines are so
_WAYS_ON = (
    ("a formula, not a value", "source.formulas: cached takes the results that the workbook keeps"),
    ("looks like a total or a note", "source.totals declares lines of totals"),
    ("no source_key (", "source.fill_down declares empty cells that mean the one above"),
    ("seems to mean that there is none", "missing declares texts that mean no value"),
)


def hold_to_allowance(
    connection: duckdb.DuckDBPyConnection,
    feed: StagedFeed,
    batch: Batch,
    rejected: int,
    table: str,
    number: int,
    confirmation: Confirmation | None,
) -> list[Finding]:
    """Stop a delivery that is empty, of which more rows are rejected than allowed, or that is smaller, larger or older than what is known.

    Args:
        connection: The writer's, behind staging: `table` holds the usable rows.
        feed: The declared feed.
        batch: The delivery.
        rejected: Its rows that cannot be used.
        table: incoming.<feed>.
        number: Of the batch, in it.
        confirmation: Who says that it is right to be so small or large.

    Returns:
        What was let through by the confirmation.

    Raises:
        DeliveryRefused: What is beyond which limit, and the next step.
    """
    manifest, allow = batch.manifest, feed.allow
    total = manifest.rows + manifest.unreadable_rows
    period = _period_of(connection, feed, table, number)
    where = f"{feed.name} {period or manifest.delivery}".strip()
    unchanged = "Published data is unchanged"
    again = f"then run `parkbridge sync {feed.name}` again"
    if feed.replaces != "nothing" and total == 0:
        raise DeliveryRefused(
            where,
            f"{manifest.delivery} is empty",
            next_step=f"ask {feed.office} for it again, {again}; where nothing happened, leave it out: "
            f"`parkbridge discard {feed.name} {manifest.batch_id} --why …`. {unchanged}",
        )
    share = 100 * rejected / total if total else 0
    if share > allow.rejected_pct and rejected > allow.rejected_rows:
        reasons = connection.execute(
            # the same reason in another cell, or over another value, is the same reason
            "select split_part(regexp_replace(reason, '^cell [A-Z]+[0-9]+:? ', 'cell: '), ': ', "
            "case when reason like 'cell %' then 2 else 1 end), count(*) from read_parquet(?) "
            "group by 1 order by 2 desc, 1 limit 3",
            [os.fspath(batch.folder / REJECTED)],
        ).fetchall()
        ways = [way for said, way in _WAYS_ON if any(said in reason for reason, _ in reasons)]
        raise DeliveryRefused(
            where,
            f"{rejected:,} of {total:,} rows ({share:.1f} %) cannot be used ("
            + "; ".join(f"{count:,} × {reason}" for reason, count in reasons)
            + ")",
            allowed=f"{allow.rejected_pct:g} %",
            next_step=f"read the rejected rows in raw/{feed.name}/{manifest.batch_id}/{REJECTED} (duckdb or pandas), have "
            f"{feed.office} correct them or fix stage.sql"
            + (f" ({'; '.join(ways)})" if ways else "")
            + f", {again}. {unchanged}",
        )
    if feed.replaces == "nothing":
        return []
    _hold_to_time(connection, feed, manifest, where, f"{again}. {unchanged}", table, number)
    beyond = [*_sizes(connection, feed, table, number), *_lines(connection, feed, table, number)]
    if beyond and not confirmation:
        finding, step = beyond[0]
        raise DeliveryRefused(
            where,
            finding.fact,
            allowed=finding.allowed,
            next_step=f'{step} is let through once by `parkbridge sync {feed.name} --accept-delivery "why"`, or always by '
            f"{finding.object_name} in {feed.name}/feed.yml. {unchanged}",
        )
    return [finding for finding, _ in beyond]


def _period_of(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, table: str, number: int) -> str:
    """The months a batch is about, for messages: '2026-11', '2026-01 to 2026-11', or nothing."""
    if not feed.subject.period:
        return ""
    column = quote(feed.subject.period)
    first, last = the_row(
        connection,
        f"select strftime(min({column}), '%Y-%m'), strftime(max({column}), '%Y-%m') from {table} where batch_number = {number}",
    )
    return "" if first is None else str(first) if first == last else f"{first} to {last}"


def _hold_to_time(
    connection: duckdb.DuckDBPyConnection,
    feed: StagedFeed,
    manifest: Manifest,
    where: str,
    closing: str,
    table: str,
    number: int,
) -> None:
    """A delivery of a whole period or register is not older than what is known of it."""
    period = quote(feed.subject.period or "") if feed.replaces == "period" else "true"
    (newest,) = the_row(
        connection,
        "select max(delivered_at) from ops.batch where feed = $feed and ($replaces = 'everything' or batch_id in ("
        f"select batch_id from staged.{feed.subject.name} where feed = $feed and superseded_at is null "
        f"and {period} in (select {period} from {table} where batch_number = $number)))",
        {"feed": feed.name, "replaces": feed.replaces, "number": number},
    )
    if newest and manifest.delivered_at and utc(manifest.delivered_at) < newest:
        raise DeliveryRefused(
            where,
            f"{manifest.delivery} is of {utc(manifest.delivered_at):%Y-%m-%d %H:%M}, older than what is known "
            f"({newest:%Y-%m-%d %H:%M}): the feed goes backwards",
            next_step=f"ask {feed.office} which is right; to leave this one out: `parkbridge discard {feed.name} "
            f"{manifest.batch_id} --why …`; to take it, send it again under a new date, {closing}",
        )


def _sizes(
    connection: duckdb.DuckDBPyConnection, feed: StagedFeed, table: str, number: int
) -> Iterator[tuple[Finding, str]]:
    """A whole period or register with far fewer rows than are known of it, or far more; each with the next step."""
    staged, mine = f"staged.{feed.subject.name}", f"feed = {literal(feed.name)} and superseded_at is null"
    period = quote(feed.subject.period or "") if feed.replaces == "period" else "true"
    # Per period: what is current, or what comes before this delivery in the same run. A period that is new is held
    # against the one before it.
    known: dict[Any, int] = dict(
        connection.execute(
            f"select p, arg_max(n, place) from (select {period} as p, -1 as place, count(*) as n from {staged} where {mine} "
            f"group by all union all select {period}, batch_number, count(*) from {table} where batch_number < $number "
            "group by all) group by p",
            {"number": number},
        ).fetchall()
    )
    this: dict[Any, int] = dict(
        connection.execute(
            f"select {period}, count(*) from {table} where batch_number = $number group by all", {"number": number}
        ).fetchall()
    )
    total, rows = sum(this.values()), sum(this.values()) / len(this) if this else 0
    again = [known[p] for p in this if p in known]
    earlier = [p for p in known if this and p < min(this)]
    before = sum(again) / len(again) if again else known[max(earlier) if earlier else min(known)] if known else 0
    if not before:
        return
    fewest = before
    if not again:  # water is read each quarter; people move, or firms trade, in one month or another
        alike = [p for p in earlier if not feed.subject.is_expected or _months_apart(p, min(this)) in _SEASONS]
        fewest = min([before, *(known[p] for p in alike)])
    leavers = 0
    if "source_key" in feed.subject.columns:  # firms leave, buildings do not
        (units,) = the_row(connection, f"select count(distinct source_key) from {table} where batch_number = {number}")
        leavers = int(min(_LEAVERS_MAX * total / max(units, 1), fewest / _LEAVERS_OF))
    fact = f"{total:,} rows" + (f" in {len(this)} periods, {rows:,.0f} each" if len(this) > 1 else "")
    fallen = [
        (n / known[p], p)
        for p, n in this.items()
        if p in known and n < known[p] * feed.allow.rows_min_pct / 100 and known[p] - n >= _SOME_ROWS
    ]
    too_few: tuple[str, float, float] | None = None
    each = ""
    if fallen and len(this) > 1:
        _, worst = min(fallen)
        too_few, each = (f"{this[worst]:,} rows of {worst}", this[worst], known[worst]), " of each period"
    elif rows < fewest * feed.allow.rows_min_pct / 100 and (
        (again and feed.replaces == "period") or fewest - rows > leavers
    ):
        too_few = (fact, rows, fewest)
    if too_few:
        what, now, then = too_few
        fact = f"{what}, {100 * now / then:.1f} % of the {then:,.0f} known before"
        step = f"compare with {feed.office}: a truncated file is sent again; a true fall"
        yield Finding("rows_min_pct", fact, f"{feed.allow.rows_min_pct:g} % or more{each}", then, now), step
    elif rows > before * feed.allow.rows_max_factor:
        fact = f"{fact}, {rows / before:.1f} times the {before:,.0f} known before"
        step = f"ask {feed.office} what was added; a true rise"
        yield Finding("rows_max_factor", fact, f"{feed.allow.rows_max_factor:g} times", before, rows), step


def _months_apart(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def _lines(
    connection: duckdb.DuckDBPyConnection, feed: StagedFeed, table: str, number: int
) -> Iterator[tuple[Finding, str]]:
    """A known period of which fewer persons or invoices come again: the rows that landing made of them may all be there.

    A new period is not held to the one before it: staff and trade fall from month to month.
    """
    if feed.replaces != "period" or not feed.count_column:
        return
    period, lines = quote(feed.subject.period or ""), f"sum({quote(feed.count_column)})"
    least = _SOME_PERSONS if feed.count_column.endswith("_headcount") else _SOME_ROWS
    found = connection.execute(
        f"with n as (select {period} as p, {lines} as n from {table} where batch_number = $number group by all), "
        f"b as (select p, arg_max(n, place) as n from (select {period} as p, -1 as place, {lines} as n from staged.{feed.subject.name} "
        f"where feed = $feed and superseded_at is null group by all union all select {period}, batch_number, {lines} from {table} "
        "where batch_number < $number group by all) group by p) select strftime(n.p, '%Y-%m'), n.n::bigint, b.n::bigint from n "
        "inner join b using (p) where n.n < b.n * $share and b.n - n.n >= $least order by n.n / b.n limit 1",
        {"number": number, "feed": feed.name, "share": feed.allow.rows_min_pct / 100, "least": least},
    ).fetchone()
    if found:
        month, now, then = found
        fact = (
            f"{feed.count_column} of {month} is {now:,} in all, {100 * now / then:.1f} % of the {then:,} known before"
        )
        step = (
            f"ask {feed.office} whether this is a part of the month (late entries, the rest of a file): a month is sent whole; "
            "a true fall"
        )
        yield Finding("rows_min_pct", fact, f"{feed.allow.rows_min_pct:g} % or more", then, now), step


def hold_to_twins(
    connection: duckdb.DuckDBPyConnection, feed: StagedFeed, batches: Sequence[Batch], table: str
) -> None:
    """Of two deliveries of one time that state the same fact otherwise, or the facts of one period, nothing says which one counts."""
    this, number = batches[-1].manifest, len(batches) - 1
    twins = [n for n, b in enumerate(batches[:-1]) if b.manifest.delivered_at == this.delivered_at]
    if this.delivered_at is None or not twins:
        return
    is_missing = "false" if feed.replaces == "nothing" else "a.says is null or b.says is null"
    key, period = feed.subject.key, quote(feed.subject.period or "") if feed.replaces == "period" else "true"
    columns = ", ".join(quote(name) for name in feed.subject.columns)
    odd = connection.execute(
        f"with a as (select *, {period} as p, row({columns}) as says from {table} where batch_number in (select unnest($twins))), "
        f"b as (select *, {period} as p, row({columns}) as says from {table} where batch_number = $number), "
        "shared as (select p from a intersect select p from b) "
        f"select coalesce(a.batch_number, $twins[1]), count(*) from (select * from a where p in (select p from shared)) as a "
        f"full join (select * from b where p in (select p from shared)) as b using ({', '.join(map(quote, key))}) "
        f"where ({is_missing}) or (a.says <> b.says and a.recorded_at is not distinct from b.recorded_at) "
        "group by 1 order by 2 desc, 1 limit 1",
        {"twins": twins, "number": number},
    ).fetchone()
    if odd:
        other = batches[odd[0]].manifest
        raise DeliveryRefused(
            f"{feed.name} {this.delivery}",
            f"{other.delivery} is of the same time ({utc(this.delivered_at):%Y-%m-%d %H:%M}) and states {odd[1]:,} facts "
            "otherwise: which one counts is unknown",
            next_step=f"ask {feed.office} which is right, and leave out the other: `parkbridge discard {feed.name} BATCH --why …` "
            f"({other.batch_id}, {this.batch_id}); two parts of one table come as one file, or as sheets (source.sheets). "
            "Published data is unchanged",
        )


def hold_to_habit(
    connection: duckdb.DuckDBPyConnection,
    feed: StagedFeed,
    batch: Batch,
    table: str,
    number: int,
    confirmation: Confirmation | None,
    sizes: Sequence[Finding],
) -> None:
    """A delivery that says something else than those before it in many rows at once is another column, unit, month or file.

    `sizes` are findings that the confirmation has let through already, and are kept with the others.
    """
    manifest = batch.manifest
    measured = measure(connection, feed, table, number, str(utc(manifest.pulled_until)))
    measured += measure_totals(connection, feed, batch, manifest.rows)
    measured += measure_name(connection, feed, batch, table, number)
    measured += measure_lacking(connection, feed, batch, table, number)
    measured += measure_return(connection, feed, batch, table, number)
    measured += measure_types(connection, feed, batch)
    measured += measure_lines(connection, feed, batch)
    measured += measure_end(batch)
    measured += measure_words(feed, batch)
    measured += measure_year(connection, feed, batch, table, number)
    measured += measure_part(feed, batch, manifest.rows)
    found = [*sizes, *findings(measured, feed)]
    keep(connection, manifest.batch_id, DELIVERY, found, confirmation)
    if not found or confirmation:
        return
    more = f" and {len(found) - _FINDINGS} more" if len(found) > _FINDINGS else ""
    raise DeliveryRefused(
        f"{feed.name} {_period_of(connection, feed, table, number) or manifest.delivery}".strip(),
        "; ".join(finding.fact for finding in found[:_FINDINGS]) + more,
        allowed=", ".join(dict.fromkeys(finding.allowed for finding in found[:_FINDINGS])),
        next_step=f"compare {manifest.delivery} with the one before it (a shifted or swapped column, another unit or month, an "
        f"old file?) and ask {feed.office} for it again. If it is right: `parkbridge sync {feed.name} --accept-delivery "
        f'"why"`; where it will always be so, raise the limit under allow in {feed.name}/feed.yml. Published data is unchanged',
    )
