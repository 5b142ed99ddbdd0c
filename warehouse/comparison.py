"""Hold a delivery against what the feed said before: the same units should have the same names, and figures of the same size.

Each row is compared with the last one of its series: the fact's key without its time (a unit's month with its month before, a
meter's, a taxpayer's filing of the same tax and length of period; a lease with the same lease in the register before). A shifted
column, another unit, a file of last month or a code that lost its zeros changes most rows at once. No row alone is judged here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from warehouse.confirmation import Finding
from warehouse.connection import literal, quote
from warehouse.keys import other_enterprises, respelled, rounded
from warehouse.precedents import identities, periods, sizes, states
from warehouse.precedents.measured import CHANCE, Measured, beyond_chance, one_row, one_spelling, tail
from warehouse.staged_feed import StagedFeed

# of what a delivery says of an enterprise by its source_key, where its facts are events that are never stated twice
_WHO = ("enterprise_name", "uscc", "taxpayer_no", "unit_no")
_TIME = ("month", "period_start", "period_end", "year_number")
# no figure grows so much within a period unless it is of another unit
_JUMP = 50
# 万元 beside 元, give or take what a figure moves from period to period; so few figures move so far by themselves
_WAN, _NEAR, _WAN_BY_CHANCE = 10_000, 3, 0.002
# of a whole period three figures are enough where all become so many times larger, or smaller, or zero; and where all measured
# quantities are those of the period before: the meters were not read
_ALL_JUMP, _ALL_MIN, _MEASURED = 10, 3, "decimal(18,3)"
# so far back is compared: a year, and the month before a season that began a month earlier then
_MONTHS_BACK = 14
# statistics come once a year, input-output tables every five
_YEARLY_MONTHS_BACK = 132
_YEAR_END = "try_cast(lpad(year_number::varchar, 4, '0') || '-12-31' as date)"
# fewer rows than this show no habit: a night of three changes is compared with nothing. In a whole register, which stays as it is
# for the most part, three are many
_ROWS_MIN = 10
_REGISTER_ROWS_MIN = 3
# of a whole register, which hardly loses a value
_REGISTER_EMPTIED_MIN = 2
# of all else no limit stops fewer rows than this: fifty questions of one or two rows are spared in a quiet night
_JUDGED_MIN = 3
# ten small units may well have the staff of last month
_REPEATED_ROWS_MIN = 30
# of a whole period three units that are all new, where all before are gone, are enough: their codes lost a zero
_ALL_NEW_PCT, _ALL_NEW_MIN = 90, 3
# A register that sends only what changed: each row differs somewhere, but each column stays in most rows. Names and seats are
# what most entries are about; of all else a quarter may change, and more by chance where rows are few.
_CHANGES_ALLOWED_PCT, _OTHER_CHANGES_ALLOWED_PCT = 50, 25
_OFTEN_CHANGED = (*_WHO, "address", "former_names")
# who moves to another district is few of those that change
_SELDOM_CHANGED, _SELDOM_CHANGES_ALLOWED_PCT = ("division_code", "registered_date"), 10
# so many of those that had a figure never lose it at once
_LOST_PCT = 95
# months in which the feed must have delivered before its delay is known: a history that comes at once shows none
_TIMES_MIN = 3
# leases are extended, and rents rise by an index, in many rows at once: those of other rows end earlier, too, and are of other sizes
_ENDS, _STEP = ("end_date", "valid_until_date"), 1.25
# but none by a day or two: that is another clock, or another way to state the last day
_EXTENDED_DAYS = 4
# of a whole register, half of which never ends from one delivery to the next: these columns say that it does
_ENDED, _ENDED_PCT = ("terminated_date", "cancelled_date"), 50
# months ago that show no season of this one; a factor of before, and so much more by chance, is usual in it
_SEASON_AGO, _AS_BEFORE = (4, 9), 1.5
_STATES = (("empty", "is null"), ("zero", "= 0"), ("positive", "> 0"), ("negative", "< 0"))


@dataclass(frozen=True)
class _Plan:
    """Which columns of a subject are compared, and how: all as SQL expressions or names."""

    series: tuple[str, ...]
    time: str
    texts: tuple[str, ...]
    dates: tuple[str, ...]
    figures: tuple[str, ...]
    ids: tuple[str, ...]
    is_register: bool
    sends_changes: bool


def _plan(feed: StagedFeed) -> _Plan:
    subject = feed.subject
    columns = subject.columns
    has_time = subject.has_months or subject.has_periods or subject.has_years
    series: tuple[str, ...] = tuple(quote(k) for k in subject.key if k not in _TIME)
    is_event = (
        not set(subject.key) & {*_TIME, "source_key"} and "source_key" in columns and feed.replaces != "everything"
    )
    if is_event:  # a payment or an entry in a register: each has a number of its own
        series = tuple(quote(c) for c in ("source_key", "tax_kind_code") if c in columns)
    if subject.has_periods:
        series += ("month_number(period_end) - month_number(period_start)",)
    rest = [c for c in columns.values() if c.name not in {*subject.key, *_TIME} and quote(c.name) not in series]
    texts = [c.name for c in rest if c.type in ("varchar", "boolean")]
    if is_event:
        texts = [c for c in texts if c in _WHO]
    # one enterprise's next paper is at another stage: its need is not yet closed
    dates = [] if is_event else [c.name for c in rest if c.type == "date"]
    is_register = not has_time and not is_event
    coded = _coded(feed)
    if _sends_changes(feed):  # a status is what most changes are about
        texts = [c for c in texts if c not in coded]
    figures = [c.name for c in rest if c.type.startswith(("bigint", "decimal"))]
    return _Plan(
        series=series,
        time=_time(feed),
        # in a register a date or a figure is a value like any other: it stays as it is
        texts=(*texts, *dates, *figures) if is_register else tuple(texts),
        dates=() if is_register else tuple(dates),
        figures=tuple(figures) if has_time or is_register else (),
        ids=tuple(
            c.name
            for c in columns.values()
            if c.type == "varchar"
            and (c.name in (*subject.key, "source_key", "uscc") or c.name.endswith("_no"))
            and c.name not in {"room", *coded}
        ),
        is_register=is_register,
        sends_changes=_sends_changes(feed),
    )


def _time(feed: StagedFeed) -> str:
    """As SQL, of when a fact is."""
    subject = feed.subject
    if subject.has_years:
        return _YEAR_END
    return "month" if subject.has_months else "period_end" if subject.has_periods else "date '2000-01-01'"


def _coded(feed: StagedFeed) -> set[str]:
    """Columns of declared codes: these are ours, and each may come for the first time, as the tax that is filed once a year."""
    return {target for source in feed.codes for target in feed.columns.get(source, ())}


def _sends_changes(feed: StagedFeed) -> bool:
    """Whether the feed is a register of which only new and changed rows come."""
    subject = feed.subject
    return (
        feed.replaces == "nothing" and "source_key" in subject.key and not (subject.has_months or subject.has_periods)
    )


def measure(
    connection: duckdb.DuckDBPyConnection, feed: StagedFeed, table: str, number: int, until: str
) -> list[Measured]:
    """Compare batch `number` of incoming.<feed> with what is known and with the batches before it in the same run.

    Args:
        connection: The writer's.
        feed: The declared feed.
        table: incoming.<feed>.
        number: Of the batch.
        until: End of its pull, as SQL text, for rows without an office's time.
    """
    plan, subject = _plan(feed), feed.subject
    columns = ", ".join(f"{quote(c) if c in subject.key else one_spelling(c)} as {quote(c)}" for c in subject.columns)
    mine = f"feed = {literal(feed.name)} and superseded_at is null"
    back = _YEARLY_MONTHS_BACK if subject.has_years else _MONTHS_BACK
    lowest = f"(select min({plan.time}) - interval {back} month from {table} where batch_number = {number})"
    connection.execute(
        f"create or replace temp table known_fact as select {columns}, recorded_at, received_at, row_number, {plan.time} as t, "
        f"to_json([{', '.join(f'({s})::varchar' for s in plan.series)}])::varchar as series from ("
        f"select {columns}, recorded_at, received_at, -1 as place, row_number from staged.{subject.name} "
        f"where {mine} and {plan.time} >= {lowest} union all by name "
        f"select {columns}, recorded_at, received_at, batch_number as place, row_number from {table} "
        f"where batch_number < {number} and {plan.time} >= {lowest}) "
        f"qualify row_number() over (partition by {', '.join(map(quote, subject.key))} "
        "order by place desc, recorded_at desc nulls last, row_number desc) = 1"
    )
    rows = one_row(connection, f"select count(*) as n from {table} where batch_number = {number}")["n"]
    found: list[Measured] = []
    if rows >= _JUDGED_MIN:
        found += identities.other_owners(connection, feed, table, number)
        found += identities.other_names(connection, feed, table, number)
        found += identities.codes_left_out(connection, feed, table, number)
        found += respelled(connection, feed, table, number)
        found += rounded(connection, feed, table, number)
        found += other_enterprises(connection, feed, table, number)
    if connection.execute("select count(*) from known_fact").fetchone() == (0,):
        return found
    connection.execute(
        f"create or replace temp table new_fact as select {columns}, recorded_at, received_at, row_number, {plan.time} as t, "
        f"to_json([{', '.join(f'({s})::varchar' for s in plan.series)}])::varchar as series from {table} "
        f"where batch_number = {number}"
    )
    if rows < (_REGISTER_EMPTIED_MIN if plan.is_register else _JUDGED_MIN):
        # what is missing may be many rows all the same
        found += periods.cut_off(connection, feed)
        found += periods.replaced_facts(connection, feed)
        return found + (list(periods.rows_of_year(connection, feed)) if subject.has_years else [])
    found += _pairs(connection, feed, plan)
    found += _keys(connection, feed, plan)
    found += _shapes(connection, plan)
    found += states.unheard_of(connection, feed)
    found += identities.broken_pairs(connection, feed, _sends_changes(feed))
    found += states.other_stages(connection, feed)
    found += states.renamed(connection, feed)
    found += periods.odd_delays(connection, feed)
    found += periods.reported_again(connection, feed)
    found += periods.cut_off(connection, feed)
    found += periods.parts_of_months(connection, feed)
    found += periods.sorted_alone(connection, feed)
    found += periods.replaced_facts(connection, feed)
    found += states.cut_texts(connection, feed)
    found += sizes.coarser(connection, feed, plan.figures)
    found += sizes.odd_sizes(connection, feed)
    found += sizes.exchanged_sizes(connection, feed)
    found += identities.moved_values(connection, feed)
    found += identities.two_at_once(connection, feed)
    if not plan.is_register and plan.time != "date '2000-01-01'":
        found += states.turned_signs(connection, plan.figures)
        found += sizes.unsteady(connection, feed, plan.figures)
        found += [] if subject.has_years else sizes.hardly_falls(connection, feed, plan.figures)
        found += [] if subject.has_years else sizes.falling_readings(connection, feed)
        found += sizes.other_kinds(connection, feed)
        found += sizes.one_way(connection, feed)
        found += _restated(connection, feed, plan)
        # a yearbook comes in one month or another
        found += periods.rows_of_year(connection, feed) if subject.has_years else _lags(connection, feed, until)
    return found


def _values(plan: _Plan) -> str:
    texts = [f"max({quote(c)}) as {quote(c)}" for c in (*plan.texts, *plan.dates) if c not in plan.figures]
    return ", ".join([*texts, *(f"sum({quote(c)}) as {quote(c)}" for c in plan.figures)])


def _pairs(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, plan: _Plan) -> Iterator[Measured]:
    """Each row beside the last one of its series."""
    if not (plan.texts or plan.dates or plan.figures):
        return
    asked = ["count(*) as pairs"]
    for c in plan.texts:
        n, b = f"n.{quote(c)}", f"b.{quote(c)}"
        asked.append(f"count_if({n} is not null and {b} is not null) as {quote('both ' + c)}")
        asked.append(f"count_if({_is_other(c, plan)}) as {quote('other ' + c)}")
    for c in (*(t for t in plan.texts if t not in plan.figures), *plan.dates):
        n, b = f"n.{quote(c)}", f"b.{quote(c)}"
        asked.append(f"count({b}) as {quote('had ' + c)}")
        asked.append(f"count_if({b} is not null and {n} is null) as {quote('lost ' + c)}")
        asked.append(f"count_if({b} is null and {n} is not null) as {quote('ended ' + c)}")
    for c in plan.figures:
        n, b = f"n.{quote(c)}", f"b.{quote(c)}"
        if plan.is_register:
            asked.append(f"count({b}) as {quote('had ' + c)}")
            asked.append(f"count_if({b} is not null and {n} is null) as {quote('lost ' + c)}")
            asked.append(f"count_if({b} is not null and ({n} is null or {_is_other(c, plan)})) as {quote('gone ' + c)}")
        for state, condition in _STATES:
            # a meter that rested is no habit, as one that always did
            always = (
                f" and n.series not in (select series from known_fact where {quote(c)} <> 0)" if state == "zero" else ""
            )
            asked.append(f"count_if({b} {condition}{always}) as {quote(f'{state} {c}')}")
            # a column that is filled in at last is good news, unless with zeros
            other = f"{n} = 0" if state == "empty" else f"not coalesce({n} {condition}, false)"
            asked.append(f"count_if({b} {condition} and {other}{always}) as {quote(f'no longer {state} {c}')}")
        ratio = f"abs(ln(abs(nullif({n}, 0)::double / nullif({b}, 0)::double)))"
        usable = f"filter ({n} <> 0 and {b} <> 0)"
        asked.append(f"count(*) {usable} as {quote('rated ' + c)}")
        asked.append(f"exp(quantile_cont({ratio}, 0.5) {usable}) as {quote('middle ' + c)}")
        asked.append(f"count_if({ratio} > {math.log(feed.allow.figure_factor)}) {usable} as {quote('moved ' + c)}")
        asked.append(f"count_if({ratio} > {math.log(_JUMP)}) {usable} as {quote('jumped ' + c)}")
        if c.endswith("_amount"):
            is_wan = f"{ratio} between {math.log(_WAN / _NEAR)} and {math.log(_WAN * _NEAR)}"
            asked.append(f"count_if({is_wan}) {usable} as {quote('wan ' + c)}")
        for way, larger, smaller in (("up", n, b), ("down", b, n)):
            asked.append(f"count_if(abs({larger}) > {_ALL_JUMP} * abs({smaller})) {usable} as {quote(f'{way} {c}')}")
    if plan.figures:
        same, some = _repeats(plan)
        asked += [f"count_if({some}) as figured", f"count_if({same} and {some}) as same"]
    join = (
        "inner join b on n.series = b.series"
        if plan.is_register
        else "asof join b on n.series = b.series and n.t > b.t"
    )
    if plan.time == "date '2000-01-01'" and not plan.is_register:
        join = "inner join b on n.series = b.series"
    row = one_row(
        connection,
        f"with n as (select series, t, {_values(plan)} from new_fact group by all), "
        f"b as (select series, t, {_values(plan)} from known_fact group by all) select {', '.join(asked)} from n {join}",
    )

    for c in plan.texts:
        yield Measured("changed_pct", c, f"{c} is another", *_share(row, f"other {c}", f"both {c}"))
        if c not in plan.figures:
            # a record that changes fills its columns; hardly one empties any
            least = _REGISTER_ROWS_MIN if plan.sends_changes else _REGISTER_EMPTIED_MIN if plan.is_register else None
            yield Measured("emptied_pct", c, f"{c} is empty and was not", *_share(row, f"lost {c}", f"had {c}"), least)
        if c in _ENDED and plan.is_register and not plan.sends_changes:
            count, running = row[f"ended {c}"], row["pairs"] - row[f"had {c}"]
            if 100 * count > _ENDED_PCT * running:
                fact = f"{c} was empty and is not: so many end at once"
                yield Measured("changed_pct", c, fact, count, running, 100 * count / running, _ROWS_MIN)
    for c in plan.dates:
        yield Measured("emptied_pct", c, f"{c} is empty and was not", *_share(row, f"lost {c}", f"had {c}"))
    yield from _of_figures(connection, feed, plan, row)


def _is_other(column: str, plan: _Plan) -> str:
    """As SQL, whether a column's value is another than before, but for what registers change in many rows at once."""
    n, b = f"n.{quote(column)}", f"b.{quote(column)}"
    if column in _ENDS:
        return f"({n} <> {b} and {n} < {b} + {_EXTENDED_DAYS})"
    if column == "enterprise_name" and "former_names" in plan.texts:
        return f"({n} <> {b} and not contains(coalesce(n.former_names, ''), {b}))"
    if column in plan.figures and column.endswith("_amount"):
        return f"({n} <> {b} and coalesce(abs(ln(abs(nullif({n}, 0)::double / nullif({b}, 0)))) > {math.log(_STEP)}, true))"
    return f"{n} <> {b}"


def _share(row: Mapping[str, Any], part: str, whole: str) -> tuple[int, int, float]:
    return row[part], row[whole], 100 * row[part] / row[whole] if row[whole] else 0.0


def _of_figures(
    connection: duckdb.DuckDBPyConnection, feed: StagedFeed, plan: _Plan, row: Mapping[str, Any]
) -> Iterator[Measured]:
    """What became of the figures of rows that have one before them, by the counts of both."""
    is_period = feed.replaces == "period"
    for c in plan.figures:
        n, b = f"n.{quote(c)}", f"b.{quote(c)}"
        for state, condition in _STATES:
            count, total, pct = _share(row, f"no longer {state} {c}", f"{state} {c}")
            is_rest = state == "positive" and pct > feed.allow.emptied_pct and not plan.is_register
            if is_rest and _as_before(
                connection, plan, f"coalesce({n}, 0) <= 0", f"{b} {condition}", (count, total, pct)
            ):
                continue
            # a refund is no habit: half of those who had one have none the next time, but never all
            if state != "negative" or count == total:
                fact = f"{c} was empty and is zero" if state == "empty" else f"{c} was {state} and is not"
                # three partners with a red letter last month, of fifty, are not the whole period
                is_whole = is_period and state == "positive" and count == total and 2 * total > row["pairs"]
                least = _ALL_MIN if is_whole else None
                yield Measured("emptied_pct", c, fact, count, total, pct, least)
        middle = float(row[f"middle {c}"] or 1)
        factor = feed.allow.figure_factor
        if middle > factor and not plan.is_register:
            step = f"exp(median(abs(ln(abs(nullif({n}, 0)::double / nullif({b}, 0))))))"
            if middle <= _AS_BEFORE * _most_before(connection, plan, step):
                middle = 1.0
        yield Measured("figure_factor", c, f"{c} of half of them moved", row[f"rated {c}"], row[f"rated {c}"], middle)
        yield Measured(
            "changed_pct",
            c,
            f"{c} is {_JUMP} times what it was, or a {_JUMP}th",
            *_share(row, f"jumped {c}", f"rated {c}"),
        )
        if c.endswith("_amount"):
            count, rows, pct = _share(row, f"wan {c}", f"rated {c}")
            if count >= _JUDGED_MIN and tail(rows - count, rows, 1 - _WAN_BY_CHANCE) < CHANCE:
                fact = f"{c} is about {_WAN:,} times what it was, or a {_WAN:,}th (some rows in another unit?),"
                yield Measured("never_pct", c, fact, count, rows, pct, _JUDGED_MIN)
        if is_period and row[f"rated {c}"] in (row[f"up {c}"], row[f"down {c}"]):
            fact = f"each {c} is more than {_ALL_JUMP} times what it was, or less than a {_ALL_JUMP}th,"
            yield Measured("changed_pct", c, fact, *_share(row, f"rated {c}", f"rated {c}"), _ALL_MIN)
        if plan.is_register and not plan.sends_changes:
            least = _REGISTER_EMPTIED_MIN
            yield Measured("emptied_pct", c, f"{c} is empty and was not", *_share(row, f"lost {c}", f"had {c}"), least)
            yield Measured("changed_pct", c, f"{c} is another or empty", *_share(row, f"gone {c}", f"had {c}"))
    if plan.figures and not plan.is_register:
        is_measured = is_period and any(feed.subject.columns[c].type == _MEASURED for c in plan.figures)
        least = _ALL_MIN if is_measured and row["same"] == row["figured"] else None
        repeated = _share(row, "same", "figured")
        if repeated[2] <= feed.allow.repeated_pct or not _as_before(connection, plan, *_repeats(plan), repeated):
            yield Measured("repeated_pct", "", "all figures are those of the period before", *repeated, least)


def _repeats(plan: _Plan) -> tuple[str, str]:
    """As SQL over a row (n) and the one before it (b): whether they have the same figures, and whether there are any."""
    same = " and ".join(f"n.{quote(c)} is not distinct from b.{quote(c)}" for c in plan.figures)
    return f"({same})", f"({' or '.join(f'n.{quote(c)} <> 0' for c in plan.figures)})"


def _most_before(connection: duckdb.DuckDBPyConnection, plan: _Plan, of_period: str) -> float:
    """The most that a measure of a period's rows (n) beside those before them (b) was in the last quarter or this season a year ago.

    What was so then is so again: meters rest each spring festival and run again, red letters are of one invoice and then of another.
    """
    found = one_row(
        connection,
        f"with k as (select series, t, {_values(plan)} from known_fact group by all), of_period as (select {of_period} as v "
        "from k as n asof join k as b on n.series = b.series and n.t > b.t where month_number((select min(t) from new_fact)) "
        f"- month_number(n.t) not between {_SEASON_AGO[0]} and {_SEASON_AGO[1]} group by n.t) select max(v) as most from of_period",
    )
    return float(found["most"])


def _as_before(
    connection: duckdb.DuckDBPyConnection, plan: _Plan, odd: str, among: str, counts: tuple[int, int, float]
) -> bool:
    """Whether so many rows were as odd beside those before them then, too, but for chance."""
    share = f"count_if({among} and {odd}) / count_if({among})"
    usual = _most_before(connection, plan, f"case when count_if({among}) >= {_ALL_MIN} then {share} end")
    count, rows, _ = counts
    return bool(usual and tail(rows - count, rows, max(1 - usual, 1 / (rows + 2))) >= CHANCE)


def _keys(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, plan: _Plan) -> Iterator[Measured]:
    """How many of the rows speak of somebody, or of something, that was never spoken of before."""
    if feed.replaces == "nothing" and not set(feed.subject.key) & set(_TIME):
        asked = ["source_key"] if feed.subject.has_periods else []
    else:
        columns = feed.subject.columns
        asked = [c for c in feed.subject.key if c not in (*_TIME, *_coded(feed)) and columns[c].type == "varchar"]
    # a register that grows has new records; one with other keys has lost as many
    last = (
        "t is not null"
        if plan.is_register
        else "t = (select max(t) from known_fact where t <= (select min(t) from new_fact))"
    )
    for c in asked:
        name = quote(c)
        row = one_row(
            connection,
            f"select count(*) as total, count_if({name} not in (select {name} from known_fact)) as unknown, "
            f"(select count(distinct {name}) from known_fact where {last}) as before, "
            f"(select count(distinct {name}) from known_fact where {last} and {name} not in (select {name} from new_fact)) as gone "
            "from new_fact",
        )
        share = 100 * row["unknown"] / row["total"] if row["total"] else 0.0
        if feed.replaces != "nothing":
            share = min(share, 100 * row["gone"] / row["before"] if row["before"] else 0.0)
        least = _ALL_NEW_MIN if feed.replaces != "nothing" and share >= _ALL_NEW_PCT else None
        yield Measured("unknown_pct", c, f"{c} was never there before", row["unknown"], row["total"], share, least)


def _shapes(connection: duckdb.DuckDBPyConnection, plan: _Plan) -> Iterator[Measured]:
    """How many codes have a length and a beginning that no code had before."""
    shapes = {
        c: f"length({quote(c)}) || regexp_replace(regexp_replace(left({quote(c)}, 1), '[0-9]', '0'), '[A-Za-z]', 'A')"
        for c in plan.ids
    }
    if not shapes:
        return
    known = one_row(
        connection,
        "select "
        + ", ".join(f"list(distinct {of}) filter ({quote(c)} is not null) as {quote(c)}" for c, of in shapes.items())
        + " from known_fact",
    )
    asked = [
        f"count({quote(c)}) as {quote('all ' + c)}, count_if({shapes[c]} not in "
        f"({', '.join(map(literal, was))})) as {quote('strange ' + c)}"
        for c, was in known.items()
        if was
    ]
    if not asked:
        return
    new = one_row(connection, f"select {', '.join(asked)} from new_fact")
    for c in (c for c, was in known.items() if was):
        strange, total = new[f"strange {c}"], new[f"all {c}"]
        share = 100 * strange / total if total else 0.0
        yield Measured("changed_pct", c, f"{c} has another length or beginning", strange, total, share)


def _restated(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, plan: _Plan) -> Iterator[Measured]:
    """How many rows state a fact of which other figures are known."""
    if not plan.figures:
        return
    same_key = " and ".join(f"n.{quote(k)} is not distinct from k.{quote(k)}" for k in feed.subject.key)
    differ = " or ".join(f"n.{quote(c)} is distinct from k.{quote(c)}" for c in plan.figures)
    row = one_row(
        connection,
        f"select (select count(*) from new_fact) as total, count(*) as restated from new_fact as n inner join known_fact as k "
        f"on {same_key} where {differ}",
    )
    share = 100 * row["restated"] / row["total"] if row["total"] else 0.0
    yield Measured(
        "restated_pct", "", "other figures are known for the same period", row["restated"], row["total"], share
    )
    values = [c for c in feed.subject.columns if c not in feed.subject.key]
    asked = [
        f"count(k.{quote(c)}) as {quote('known ' + c)}, count_if(k.{quote(c)} is not null and n.{quote(c)} is null) as {quote('none ' + c)}"
        for c in values
    ] + [
        f"count_if(k.{quote(c)} > 0) as {quote('had ' + c)}, count_if(k.{quote(c)} > 0 and n.{quote(c)} = 0) as {quote('lost ' + c)}"
        for c in plan.figures
    ]
    row = one_row(connection, f"select {', '.join(asked)} from new_fact as n inner join known_fact as k on {same_key}")
    # people of one file, vehicles of the next: one of two parts by column is no restatement of the other
    for c in (c for c in values if row[f"known {c}"] and row[f"none {c}"] == row[f"known {c}"]):
        fact, gone = f"{c} is empty and was known for the same period", row[f"none {c}"]
        yield Measured("emptied_pct", c, fact, gone, gone, 100.0, _REGISTER_ROWS_MIN)
    # a figure that few rows have, and none any more: red letters without their sign
    for c in plan.figures:
        had, gone = row[f"had {c}"], row[f"lost {c}"]
        if had and 100 * gone >= _LOST_PCT * had:
            yield Measured(
                "restated_pct", c, f"{c} is zero and was known for the same period", gone, had, 100 * gone / had
            )


def _lags(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, until: str) -> Iterator[Measured]:
    """How many rows come sooner, or later, after their month than rows ever did."""
    seen = f"coalesce(recorded_at, received_at, timestamp {literal(until)})"
    # a source that gives rows as they are recorded also shows when rows are late
    late = "lag > (select quantile_disc(lag, 0.95) from k)" if feed.replaces == "nothing" else "false"
    row = one_row(
        connection,
        f"with n as (select month_number({seen}::date) - month_number(t) as lag from new_fact), "
        f"k as (select month_number({seen}::date) - month_number(t) as lag, month_number({seen}::date) as came from known_fact) "
        "select count(*) as total, count_if(lag < (select quantile_disc(lag, 0.01) from k)) as early, "
        f"count_if({late}) as late, (select count(distinct came) from k) as times, (select count_if({late}) from k) as were_late from n",
    )
    if row["times"] < _TIMES_MIN:
        return
    # in a quiet night most rows may be late ones, but there are no more of those than in two whole months
    row["late"] = beyond_chance(row["late"], 2 * row["were_late"] / row["times"])
    for word, how in (("early", "sooner"), ("late", "later")):
        share = 100 * row[word] / row["total"] if row["total"] else 0.0
        yield Measured(
            "moved_pct", "", f"they come {how} after their month than ever before", row[word], row["total"], share
        )


def _changes_allowed(measured: Measured) -> float:
    if measured.column in _OFTEN_CHANGED:
        return _CHANGES_ALLOWED_PCT
    is_seldom = measured.column in _SELDOM_CHANGED
    share = (_SELDOM_CHANGES_ALLOWED_PCT if is_seldom else _OTHER_CHANGES_ALLOWED_PCT) / 100
    return min(_CHANGES_ALLOWED_PCT, 100 * (share + 2 * math.sqrt(share * (1 - share) / max(1, measured.total))))


def findings(measured: Sequence[Measured], feed: StagedFeed) -> list[Finding]:
    """What is beyond the feed's allowance, what concerns the greatest part of the rows first."""
    rows_min, found = (_REGISTER_ROWS_MIN if feed.replaces == "everything" else _ROWS_MIN), []
    for m in sorted(measured, key=lambda m: -m.share):
        limit = float(getattr(feed.allow, m.limit))
        if m.limit == "changed_pct" and _sends_changes(feed) and m.least is None and m.column != "source_key":
            limit = max(limit, _changes_allowed(m))
        least = (
            {"total_pct": 0, "repeated_pct": _REPEATED_ROWS_MIN}.get(m.limit, rows_min) if m.least is None else m.least
        )
        if m.count < least or m.share <= limit:
            continue
        if m.limit == "total_pct":
            fact, allowed = m.fact, f"{limit:g} % apart (total_pct)"
        elif m.limit == "figure_factor":
            fact, allowed = f"{m.fact} by a factor of {m.share:,.1f} or more", f"a factor of {limit:g} (figure_factor)"
        else:
            fact = f"{m.fact} in {m.count:,} of {m.total:,} rows ({m.share:.0f} %)"
            allowed = f"{limit:g} % ({m.limit})"
        found.append(Finding(m.column or m.limit, fact, allowed, figure_now=round(m.share, 1)))
    return found
