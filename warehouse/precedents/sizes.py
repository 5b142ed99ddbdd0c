"""Figures that are not of the size, or do not move the way, that those before them did."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import duckdb
import numpy as np
import numpy.typing as npt

from warehouse.connection import quote
from warehouse.kinds import FLOW, READING
from warehouse.precedents.measured import (
    CHANCE,
    KIND_MIN,
    KNOWN_MIN,
    OTHER_OWNER_MIN,
    Measured,
    all_rows,
    columns_of,
    is_less,
    kind_of_row,
    tail,
)
from warehouse.staged_feed import StagedFeed

# no figure of one kind is so many times another unless it is of another unit
_OTHER_UNIT = 50
# of so many figures each is held against each; how many standard errors two means of ranks are apart by chance, at most
_RANKED_MAX, _RANKS_APART = 400, 4
_DUST = 1e-9
# what figures are rounded to, and how many of a column are whole multiples of it then
_STEPS, _COARSE = (100, 1_000, 10_000), 0.95
# ranks are from 0 to 1: a history in which all are alike shows no spread
_RANKS_SPREAD = 0.1
# a figure is steady where it was known in so many periods, of so many pairs each
_PERIODS_MIN, _PAIRS_MIN = 3, 20
# months in which a year's holidays and its end lie, and falls of so many figures in each: fewer show no habit
_YEAR_OF_MONTHS, _FALLS_MIN = 12, 0.1
# staff of seven in ten units that change may go one way in a month, as after the spring festival, and of more where it ever did; of so
# many that changed, a month shows what is usual; less than a twentieth of the sum is no part of a list
_ONE_WAY, _ROWS_ONE_WAY_MIN, _MOVED = 0.7, 10, 0.05
# from January to April staff and use fall before the spring festival and come back: of a first year it shows no part and no other row
_FESTIVAL = "(month({0}.t) > 4 or month_number({0}.t) - 12 in (select month_number(t) from {1}))"


def other_kinds(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> Iterator[Measured]:
    """Codes within the key that are others than those known of the rest of it: sales taken for purchases, water for electricity.

    No row has a row before it then, so that no other comparison sees it. How often a code changes is learnt from earlier rows. A row
    that comes beside the one with the known code is a second one.
    """
    subject = feed.subject
    if feed.replaces != "period" or not subject.has_months:
        return
    for kind in (k for k in columns_of(feed).kinds if k in subject.key):
        rest = [k for k in subject.key if k not in (kind, "month") and not k.endswith("_name")]
        if not rest:
            continue
        listed = ", ".join(map(quote, rest))
        of = f"select {listed}, list(distinct {quote(kind)}) as kinds from {{}} group by all"
        known, was, rows, count = all_rows(
            connection,
            f"with k as ({of.format('known_fact')}), n as ({of.format('new_fact')}), "
            f"both_ as (select not list_has_any(n.kinds, k.kinds) as is_other from n inner join k using ({listed})) "
            "select (select count(*) from k), (select count_if(len(kinds) > 1) from k), count(*), count_if(is_other) from both_",
        )[0]
        if known >= KNOWN_MIN and count and tail(rows - count, rows, 1 - (was + 1) / (known + 2)) < CHANCE:
            fact = f"{kind} is another than the one known of the same {' and '.join(rest)}"
            yield Measured("changed_pct", kind, fact, count, rows, 100 * count / rows, OTHER_OWNER_MIN)


def falling_readings(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> Iterator[Measured]:
    """Readings that are lower than the one before, of more meters than are exchanged or turn over: a column that was moved.

    Figures to date that fall within the year are no longer to date, or of another year than ours.
    """
    for name, kind in ((c, figure.kind) for c, figure in feed.figures.items() if figure.kind != FLOW):
        value = quote(name)
        is_same_year = "" if kind == READING else " and year(n.t) = year(k.t)"
        rows, count = all_rows(
            connection,
            f"select count(*), count_if(n.{value} < k.{value}) from new_fact as n asof join known_fact as k "
            f"on n.series = k.series and n.t > k.t where n.{value} is not null and k.{value} is not null{is_same_year}",
        )[0]
        if rows and count:
            what = "a reading" if kind == READING else "of the year to date"
            fact = f"{name} is {what} and lower than the one before"
            yield Measured("changed_pct", name, fact, count, rows, 100 * count / rows)


def unsteady(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, figures: Sequence[str]) -> Iterator[Measured]:
    """Figures that move, from period to period and beside those of its kind, further than nine of ten ever did.

    So does a column that was shifted within its scale.
    """
    kind = kind_of_row(feed)
    if is_less(connection, "new_fact", 2 * _PAIRS_MIN):
        return
    for name in figures:
        value = quote(name)
        of_period = (
            f"select series, {kind} as kind, t, sum({value}) as v from {{}} group by all having sum({value}) <> 0"
        )
        found = all_rows(
            connection,
            f"with b as ({of_period.format('known_fact')}), n as ({of_period.format('new_fact')}), "
            "change as (select t, kind, ln(abs(v / lag(v) over (partition by series order by t))) as by_ln from b), "
            "moved as (select t, abs(by_ln - median(by_ln) over (partition by t, kind)) as step from change where by_ln is not null), "
            "usual as (select quantile_cont(step, 0.9) as step from moved where step is not null), "
            "share as (select t, count(*) as n, count_if(m.step > u.step + 0.01) / count(*) as share from moved as m cross join usual as u "
            f"where m.step is not null group by t having count(*) >= {_PAIRS_MIN}), "
            "next as (select n.t, n.kind, ln(abs(n.v / b.v)) as by_ln from n asof join b on n.series = b.series and n.t > b.t "
            f"where {_FESTIVAL.format('n', 'b')}), "
            "fresh as (select abs(by_ln - median(by_ln) over (partition by t, kind)) as step from next) "
            "select (select count(*) from share), (select max(share) from share), (select median(n) from share), "
            "(select exp(step) from usual), count(*), count_if(f.step > u.step + 0.01) from fresh as f cross join usual as u",
        )
        periods, most, usual_rows, factor, rows, count = found[0]
        # years are few; a small part of a period, such as those who pay on the last day, moves otherwise than the whole
        if (periods or 0) < _PERIODS_MIN - feed.subject.has_years or rows < max(2 * _PAIRS_MIN, usual_rows / 4):
            continue
        share = 100 * (count / rows - 1.5 * most - 3 * math.sqrt(most / rows))
        fact = f"{name} moved by more than a factor of {factor:.2f}, as one in ten did before,"
        yield Measured("changed_pct", name, fact, count, rows, max(0.0, share))


def hardly_falls(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, figures: Sequence[str]) -> Iterator[Measured]:
    """Figures that nearly all rise from one month to the next, as in no month of a year: a running total of two months.

    A year's second running total is only twice its first, which no factor shows, but a running total never falls. How often
    figures of a kind fall is learnt from a whole year of months, with its holidays and its year's end; the month with the
    fewest falls counts, and a third of these, so that a good month is none of the year to date.
    """
    if is_less(connection, "known_fact", _YEAR_OF_MONTHS * _PAIRS_MIN):
        return
    kind, end = kind_of_row(feed), "month" if feed.subject.has_months else "period_end"
    is_month = "" if feed.subject.has_months else " and month_number(period_end) = month_number(period_start)"
    # a month that was known in part has more now, and stays below the month before no longer; nor does one to which late rows are added
    news = "anti join k on n.series = k.series and n.m = k.m" if feed.replaces == "nothing" else ""
    for name in figures:
        value = quote(name)
        of_month = (
            f"select series, {kind} as kind, month_number({end}) as m, sum({value}) as v from {{}} "
            f"where {value} is not null{is_month} group by all having sum({value}) <> 0"
        )
        for rows, falls, least, months in all_rows(
            connection,
            f"with k as ({of_month.format('known_fact')}), n as ({of_month.format('new_fact')}), "
            "past as (select k.kind, k.m, count(*) as n, count_if(k.v < b.v) as falls from k inner join k as b "
            "on k.series = b.series and k.m = b.m + 1 where k.v <> b.v group by all), "
            f"usual as (select kind, min(falls / n) as least, count(*) as months from past where n >= {_PAIRS_MIN} group by kind), "
            "last as (select * from n union all select k.* from k anti join n on n.series = k.series and n.m = k.m), "
            "now as (select n.kind, n.m, count(*) as n, count_if(n.v < b.v) as falls from n inner join last as b "
            f"on n.series = b.series and n.m = b.m + 1 {news} where n.v <> b.v group by all) "
            "select n, falls, least, months from now inner join usual using (kind)",
        ):
            if months < _YEAR_OF_MONTHS or not _FALLS_MIN <= least < 1 or 3 * falls >= least * rows:
                continue
            if tail(falls, rows, least) < CHANCE:
                fact = f"{name} rose from the month before, as in no month of a year (a running total?),"
                yield Measured("never_pct", name, fact, rows - falls, rows, 100 * (rows - falls) / rows, _PAIRS_MIN)


def one_way(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> Iterator[Measured]:
    """Staff that falls, or rises, in nearly all units that change: a part of the persons, or those who left among them.

    Some are hired where others leave. The month in which most went one way shows what is usual, and a sum that hardly moves is of few
    persons.
    """
    if (feed.period_months or 1) > 1:
        return
    for name in (c for c in feed.subject.stocks if c.endswith("_headcount")):
        of_month = f"select series, t, sum({quote(name)}) as v from {{}} group by all having v is not null"
        steps = "count(*) as n, count_if({0}.v < {1}.v) as falls, count_if({0}.v > {1}.v) as rises"
        falls, rises, now, before, usual_falls, usual_rises = all_rows(
            connection,
            f"with k as ({of_month.format('known_fact')}), n as ({of_month.format('new_fact')}), "
            f"past as (select k.t, {steps.format('k', 'b')} from k asof join k as b on k.series = b.series and k.t > b.t group by all), "
            "usual as (select max(falls / (falls + rises)) as falls, max(rises / (falls + rises)) as rises from past "
            f"where falls + rises >= {_ROWS_ONE_WAY_MIN}), "
            f"now as (select {steps.format('n', 'b')}, sum(n.v) as now, sum(b.v) as before from n asof join k as b "
            f"on n.series = b.series and n.t > b.t where {_FESTIVAL.format('n', 'k')}) "
            "select now.falls, now.rises, now, before, usual.falls, usual.rises from now cross join usual",
        )[0]
        if not now or not before or abs(now - before) <= _MOVED * before:
            continue
        ways = ((falls, rises, usual_falls, "fell"), (rises, falls, usual_rises, "rose"))
        for count, others, usual, word in ways:
            # known shares of months are of few units, and 1 leaves nothing to expect
            share = min(max(usual or 0, _ONE_WAY), 1 - 1 / (count + others + 2))
            if (word == "fell") == (now < before) and tail(others, count + others, 1 - share) < CHANCE:
                fact = f"{name} {word} in nearly all units that changed, from {before:,} to {now:,} in all,"
                yield Measured("changed_pct", name, fact, count, count + others, 100 * count / (count + others), 3)


def coarser(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, figures: Sequence[str]) -> Iterator[Measured]:
    """Figures that are whole hundreds, thousands or ten thousands, as most before were not: they were rounded on their way.

    12,345.67 comes as 12,000.00 from a sheet in 千元 or 万元 without places. Small figures say nothing of it.
    """
    if is_less(connection, "new_fact", KNOWN_MIN) or is_less(connection, "known_fact", KNOWN_MIN):
        return
    types = {c.name: c.type for c in feed.subject.columns.values()}
    for name in (c for c in figures if types[c].startswith("decimal") and feed.figures.get(c) is None):
        for step in reversed(_STEPS):
            # a figure below the step is 0 or the step itself when it is rounded
            counted = f"select count(*), count_if(abs({quote(name)}) % {step} = 0) from {{}} where abs({quote(name)}) >= {step}"
            known, was = all_rows(connection, counted.format("known_fact"))[0]
            rows, count = all_rows(connection, counted.format("new_fact"))[0]
            if known < KNOWN_MIN or rows < KNOWN_MIN or 4 * was > known:
                continue
            # of all that are exact, one in a hundred may be so by itself
            if count >= _COARSE * rows and tail(rows - count, rows, 1 - (was + 1) / (known + 2)) < CHANCE:
                fact = f"{name} is a whole multiple of {step:,} (rounded?), as {was:,} of {known:,} before were,"
                yield Measured("changed_pct", name, fact, count, rows, 100 * count / rows)
                break


def odd_sizes(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> Iterator[Measured]:
    """Figures of papers that are stated once (needs, offers), of another size than those of their kind: another unit, or row.

    A kind's middle is learnt from `KIND_MIN` rows or more; of the new rows the middle one is judged.
    """
    subject = feed.subject
    if subject.has_months or subject.has_periods or subject.has_years or "source_key" in subject.key:
        return
    kind = kind_of_row(feed)
    for name in columns_of(feed).figures:
        value = f"ln(abs({quote(name)}::double))"
        found = all_rows(
            connection,
            f"with k as (select {kind} as kind, {value} as v from known_fact where {quote(name)} <> 0), "
            f"m as (select kind, median(v) as middle from k group by kind having count(*) >= {KIND_MIN}), "
            "usual as (select max(abs(v - middle)) as most, quantile_cont(abs(v - middle), 0.9) as step, count(*) as known "
            "from k inner join m using (kind)), "
            f"n as (select v - middle as away from (select {kind} as kind, {value} as v from new_fact where {quote(name)} <> 0) "
            "inner join m using (kind)) "
            "select (select known from usual), (select exp(step) from usual), count(*), exp(abs(median(away))), "
            f"count_if(abs(away) > greatest({math.log(_OTHER_UNIT)}, (select most from usual))) from n",
        )
        known, usual, rows, middle, other = (float(x or 0) for x in found[0])
        if known < KNOWN_MIN or not rows:
            continue
        if middle <= usual:  # of loans from 500,000 to 5,000,000 ten have another middle than the five before
            middle = 1.0
        fact = f"the middle {name} is away from that of earlier rows of its kind"
        yield Measured("figure_factor", name, fact, int(rows), int(rows), middle)
        fact = f"{name} is {_OTHER_UNIT} times the middle of its kind, or a {_OTHER_UNIT}th, as none was before,"
        yield Measured("never_pct", name, fact, int(other), int(rows), 100 * other / rows, 3)


def _by_kind(rows: Sequence[tuple[str, float]]) -> dict[str, list[float]]:
    found = dict[str, list[float]]()
    for kind, value in rows:
        found.setdefault(kind, []).append(value)
    return found


def _middle_of_others(ordered: Sequence[float], place: int) -> float:
    """The median of sorted figures but the one at a place."""
    others = len(ordered) - 1
    low, high = (ordered[at + (at >= place)] for at in ((others - 1) // 2, others // 2))
    return (low + high) / 2


def _ranks(fitted: Sequence[tuple[float, float]]) -> npt.NDArray[np.float64]:
    """Of each figure, beside the middle of its kind: the share of the other figures that are nearer to that middle."""
    figures, middles = np.array(fitted).T
    away = np.abs(figures - middles)
    ordered = np.sort(figures)
    # figures as far as this one are equal but for rounding
    low, high = middles - away, middles + away
    nearer = np.searchsorted(ordered, high - _DUST) - np.searchsorted(ordered, low + _DUST)
    not_further = np.searchsorted(ordered, high + _DUST) - np.searchsorted(ordered, low - _DUST)
    # halves of those as far, of which the figure itself is one
    ranks: npt.NDArray[np.float64] = (np.maximum(nearer, 0) + not_further - 1) / 2 / (len(fitted) - 1)
    return ranks


def exchanged_sizes(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> Iterator[Measured]:
    """Figures of papers that fit their kind hardly better than those of other rows do, where they did before: rows exchanged.

    A row's rank is the share of all rows of which the figure is nearer to the middle of the row's kind than its own one is: 0
    where none is, .5 on average where figures are in any order. The mean rank of earlier rows, each beside the others of its kind,
    shows what is usual. So does the distance from the middle that one in ten of them exceeds, for figures of another size. Of
    many rows a sample is ranked: each is held against each.
    """
    subject = feed.subject
    if subject.has_months or subject.has_periods or subject.has_years or "source_key" in subject.key:
        return
    kind, key = kind_of_row(feed, at_any_stage=True), f"concat_ws(' ', {', '.join(map(quote, subject.key))})"
    for name in columns_of(feed).figures:
        rows = f"select {key} as key, {kind} as kind, ln(abs({quote(name)}::double)) as v from {{}} where {quote(name)} <> 0 "
        # a paper that comes in three states is one quantity, not three that agree
        rows += "qualify row_number() over (partition by key order by row_number desc) = 1"
        rows = f"select kind, v from ({rows}) qualify row_number() over (order by hash(key), key) <= {_RANKED_MAX} order by hash(key), key"
        known_of, new_of = (_by_kind(all_rows(connection, rows.format(t))) for t in ("known_fact", "new_fact"))
        past = [
            (v, _middle_of_others(of_kind, place))
            for of_kind in map(sorted, known_of.values())
            if len(of_kind) > KIND_MIN
            for place, v in enumerate(of_kind)
        ]
        middles = {k: float(np.median(of_kind)) for k, of_kind in known_of.items() if len(of_kind) >= KIND_MIN}
        kinds = middles.keys() & new_of.keys()
        fresh = [(v, middles[k]) for k in kinds for v in new_of[k]]
        # rows of one kind fit it alike: where most are, as after a call for loans, as many of them as of the next kind
        *_, next_most, _ = 0, 0, *sorted(len(new_of[k]) for k in kinds)
        most = next_most if len(middles) > 1 else len(fresh)
        mixed = [(v, middles[k]) for k in kinds for v in new_of[k][:most]]
        known, count = len(past), len(fresh)
        if known < KNOWN_MIN or count < 2:
            continue
        was, now = _ranks(past), float(_ranks(mixed).mean()) if len(mixed) > 1 else 0.0
        usual, spread = float(was.mean()), float(was.std())
        step = np.quantile([abs(v - middle) for v, middle in past], 0.9) + 0.01
        far = len([v for v, middle in fresh if abs(v - middle) > step])
        beyond = now - usual > _RANKS_APART * max(spread, _RANKS_SPREAD) * math.sqrt(1 / max(len(mixed), 1) + 1 / known)
        fact = f"{name} fits the kind of its row hardly better than that of other rows"
        yield Measured("changed_pct", name, fact, count * beyond, count, 100.0 * beyond)
        fact = f"{name} is further from the middle of its kind than one in ten was before,"
        share = 100 * (far / count - 0.15 - 3 * math.sqrt(0.1 / count))
        yield Measured("changed_pct", name, fact, far, count, max(0.0, share))
