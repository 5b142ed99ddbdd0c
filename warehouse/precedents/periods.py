"""When rows come and in which order: delays, repeated periods, files that end early, columns that were sorted alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb

from warehouse.connection import literal, quote
from warehouse.precedents.measured import (
    BROKEN_PCT,
    CHANCE,
    KNOWN_MIN,
    Measured,
    all_rows,
    beyond_chance,
    columns_of,
    is_less,
    kind_of_row,
    stage_of_paper,
)
from warehouse.precedents.states import keep_all_versions
from warehouse.staged_feed import StagedFeed

# so many units of the end of a file may be missing by chance
_TAIL_MIN = 3
# a day or two are no habit
_DAYS = 5
# so great a share of all rows was not recorded on one day as it happened
_BULK = 0.1
# a column with so many values is not in order by chance, nor in a file that was not
_ORDERED_MIN, _ORDERED_VALUES = 20, 5
# one fact of a month may be moved to another unit
_OTHER_PART_MIN = 2
# of so many units that are all corrected, all fall by chance once in 64 times
_PART_MIN = 6


def odd_delays(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> Iterator[Measured]:
    """A date sooner after its period than ever; an entry sooner, or later, after its event.

    How late something may be paid is not learnt: of a year's tax each delivery has the latest payments so far.
    """
    subject = feed.subject
    keep_all_versions(connection, feed)
    anchor = "period_end" if subject.has_periods else "month" if subject.has_months else ""
    pairs = [(d, anchor, False) for d in columns_of(feed).dates if anchor]
    is_event = not set(subject.key) & {"source_key", "month", "period_end", "year_number"}
    if is_event and feed.recorded_at and feed.replaces == "nothing" and not anchor:
        pairs += [("recorded_at", d, True) for d in columns_of(feed).dates]
    # a paper at one stage (stated, contacted, closed) was recorded so long after each of its days; at the next, later
    kind = kind_of_row(feed) if anchor else stage_of_paper(columns_of(feed).dates)
    # a list that was typed in at once: how long after the event each row was recorded says nothing
    bulk = (
        f"(select recorded_at::date from known_version where recorded_at is not null group by 1 having count(*) >= {KNOWN_MIN} "
        f"and count(*) > {_BULK} * (select count(*) from known_version))"
    )
    age = "(select datediff('day', min(recorded_at), max(recorded_at)) from known_version)"
    for later, earlier, is_late in pairs:
        past = f"known_version where recorded_at::date not in {bulk}" if is_late else "known_fact"
        days = f"datediff('day', {quote(earlier)}::date, {quote(later)}::date)"
        # how late things may come is unknown while the feed is young
        late = f"or days > last + (last - first) / 4 + {_DAYS} and 2 * days <= {age}" if is_late else ""
        found = all_rows(
            connection,
            f"with k as (select {kind} as kind, {days} as days from {past}), "
            "q as (select kind, count(*) as n, min(days) as first, max(days) as last, quantile_disc(days, 0.1) as low, "
            f"quantile_disc(days, 0.9) as high from k where days is not null group by kind having count(*) >= {KNOWN_MIN}), "
            f"n as (select {kind} as kind, {days} as days from new_fact) "
            f"select count(*), sum(1 / (n + 1)), count_if(days < first - {_DAYS} {late}), count_if(days < low), count_if(days > high) "
            "from n inner join q using (kind) where days is not null",
        )
        rows, expected, never, early, late_ = (x or 0 for x in found[0])
        if not rows:
            continue
        never = beyond_chance(never, expected)
        fact = f"{later} is so many days after {earlier} as"
        yield Measured("never_pct", later, f"{fact} in no earlier row", never, rows, 100 * never / rows, 3)
        if is_late:
            most = max(early, late_)
            yield Measured("moved_pct", later, f"{fact} in few earlier rows", most, rows, 100 * most / rows)


def reported_again(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> Iterator[Measured]:
    """Rows of a period that was reported already, by another row: more of them than come in two months.

    In a quiet night most rows may be second payments of a period, but there are no more of those than in a whole month.
    """
    subject = feed.subject
    if feed.replaces != "nothing" or not subject.has_periods:
        return
    figures = columns_of(feed).figures
    same_key = " and ".join(f"n.{quote(k)} is not distinct from k.{quote(k)}" for k in subject.key)
    same = " and ".join(f"n.{quote(f)} is not distinct from k.{quote(f)}" for f in figures)
    # what supersedes a row came again, and so did a second payment of one period
    found = all_rows(
        connection,
        "with known as (select series, t from known_fact group by all), "
        # who reports a new period, too, corrects the others; of rows that were moved to an earlier month the new one is missing
        "fresh as (select series from new_fact anti join known using (series, t)) "
        "select (select count(*) from new_fact), (select count(*) from new_fact as n semi join known using (series, t) "
        f"anti join fresh using (series) anti join known_fact as k on {same_key} and {same}), (select count(*) from known_fact), "
        "(select count(*) from known_fact) - (select count(*) from known) + "
        f"(select count(*) from staged.{subject.name} where feed = {literal(feed.name)} and superseded_at is not null "
        "and period_end >= (select min(t) from known_fact)), (select count(distinct date_trunc('month', t)) from known_fact)",
    )
    rows, again, known, was, months = (int(x or 0) for x in found[0])
    if known < KNOWN_MIN or not rows:
        return
    again = beyond_chance(again, 2 * was / months)
    share = 100 * (again / rows - 3 * was / known)
    yield Measured("changed_pct", "period_end", "the period was reported already", again, rows, max(0.0, share))


def cut_off(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> Iterator[Measured]:
    """Units at the end (or the beginning) of the period before that are all missing, while hardly another is."""
    if feed.replaces != "period" or "source_key" not in feed.subject.columns:
        return
    found = all_rows(
        connection,
        "with before as (select source_key, max(row_number) as place from known_fact where t = (select max(t) from known_fact "
        "where t < (select min(t) from new_fact)) group by 1), "
        "seen as (select place, source_key in (select source_key from new_fact) as is_there from before) "
        "select count(*), count_if(not is_there), max(place) filter (is_there), "
        "count_if(place > (select max(place) from seen where is_there)), "
        "count_if(place < (select min(place) from seen where is_there)) from seen",
    )
    units, missing, last, after, before = found[0]
    if last is None:
        return
    for count, end in ((after, "last"), (before, "first")):
        chance = (missing - count + 1) / (units - count + 1)
        if count >= _TAIL_MIN and chance**count < CHANCE:
            fact = f"the {end} units of the file before are all missing, as if this one was cut,"
            yield Measured("never_pct", "source_key", fact, count, count, 100.0, _TAIL_MIN)


def replaced_facts(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> Iterator[Measured]:
    """Facts of a known period, or paper, that are gone, with as many others in their place: part of their key moved.

    Where all are others, two are enough: the second part of a file that came in two would withdraw the first.
    """
    key = feed.subject.key
    whole = {"period": "t", "everything": quote(key[0]) if len(key) > 1 else ""}.get(feed.replaces)
    if not whole:
        return
    asked = f"select distinct {whole} as g, {', '.join(map(quote, key))} from"
    found = all_rows(
        connection,
        f"with k as ({asked} known_fact), n as ({asked} new_fact), gone as (from k except from n), fresh as (from n except from k) "
        "select g, count(*), (select count(*) from gone where gone.g = k.g), (select count(*) from fresh where fresh.g = k.g) "
        "from k where g in (select g from n) group by g order by g",
    )
    of = "period" if feed.replaces == "period" else key[0]
    others = [row for row in found if row[2] == row[1] >= _OTHER_PART_MIN and of == "period"]
    for group, known, gone, _ in others:
        fact = f"all facts of {group:%Y-%m} are others than are known (the second part of a file?),"
        yield Measured("changed_pct", "", fact, gone, known, 100.0, _OTHER_PART_MIN)
    if not others:
        known, count = sum(row[1] for row in found), min(sum(row[2] for row in found), sum(row[3] for row in found))
        fact = f"facts of a known {of} are gone, and as many others are there,"
        yield Measured("changed_pct", "", fact, count, known, 100 * count / known if known else 0.0)


def parts_of_months(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> Iterator[Measured]:
    """Known months of which every unit has less than before: the last 45 days hold a part of their first month.

    Corrections go up for one and down for another, and leave the most as they are.
    """
    if feed.replaces != "period" or not feed.subject.has_months:
        return
    same_key = " and ".join(f"n.{quote(k)} is not distinct from k.{quote(k)}" for k in feed.subject.key)
    figures = [c for c in columns_of(feed).figures if feed.figures.get(c) is None]
    for name in figures:
        now, was = f"n.{quote(name)}", f"k.{quote(name)}"
        for month, rows, least, most in all_rows(
            connection,
            f"select strftime(n.t, '%Y-%m'), count(*), min({now} / {was}), max({now} / {was}) from new_fact as n inner join "
            f"known_fact as k on {same_key} where {was} > 0 and {now} is not null group by n.t order by n.t",
        ):
            if rows >= _PART_MIN and most < 1:
                fact = f"{name} of {month} is {100 * least:.0f} to {100 * most:.0f} % of what is known, for each (a part of the month?),"
                yield Measured("restated_pct", name, fact, rows, rows, 100.0, _PART_MIN)


def rows_of_year(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> Iterator[Measured]:
    """Rows that a table of a new year lacks, beside the last one of its area or list: a file that was cut.

    What comes for a year that is known already is a correction, of as few rows as it likes.
    """
    group = quote(next(k for k in feed.subject.key if k != "year_number"))
    found = all_rows(
        connection,
        f"with k as (select {group} as g, year_number as y, count(*) as n from known_fact group by all), "
        f"n as (select {group} as g, year_number as y, count(distinct series) as n from new_fact group by all) "
        "select n.g, n.y, n.n, k.y, k.n from n anti join k using (g, y) asof join k on n.g = k.g and n.y > k.y",
    )
    for of, year, now, year_before, before in found:
        is_less = now < before * feed.allow.rows_min_pct / 100
        fact = f"rows of {of} are missing in {year}, beside {before:,} of {year_before},"
        yield Measured("never_pct", "year_number", fact, before - now, before, 100 * is_less * (1 - now / before), 3)


def sorted_alone(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> Iterator[Measured]:
    """A column that is in order now and never was, in rows that are in another order: it was sorted without the rest of its rows.

    Of two columns that belong together, as numbers and times of recording do, both always were in order. Rows that were sorted
    as a whole, by this column, are not in order of their key, nor of another column that always was.
    """
    if any(is_less(connection, table, _ORDERED_MIN) for table in ("new_fact", "known_fact")):
        return
    c = columns_of(feed)
    key = [k for k in c.key if k in c.texts]
    names = list(dict.fromkeys((*c.key, *c.texts, *c.dates, *c.figures, *c.kinds)))
    if feed.recorded_at:
        names.append("recorded_at")
    # the papers of a new building: numbers and rooms are given in order
    if feed.replaces == "nothing" and len(c.key) == 1:
        names = [name for name in names if name not in (*c.key, "room")]
    kind, rows = kind_of_row(feed), all_rows(connection, "select count(*) from new_fact")[0][0]
    for by in (["received_at", "row_number"], *([key] if key else [])):
        new = _falls(connection, "new_fact", names, by, kind)
        in_order = [name for name, (falls, _, values) in new.items() if falls == 0 and values >= _ORDERED_VALUES]
        # one alone is in the order of the rows, and so is the first column of a key by which they are ordered
        if len(in_order) < 2 and (by is not key or in_order in ([], key[:1])):
            continue
        known = _falls(connection, "known_fact", names, by, kind)
        order = {name: known[name][0] / max(known[name][1], 1) for name in in_order}
        kept = [name for name, was in order.items() if 100 * was <= BROKEN_PCT]
        for name, was in order.items():
            if name not in kept and (kept or by is key) and (1 - was) ** new[name][1] < CHANCE:
                fact = f"{name} is in order and never was, in rows in order of {(kept or key)[0]}: it was sorted alone,"
                yield Measured("changed_pct", name, fact, rows, rows, 100.0, _ORDERED_MIN)


def _falls(
    connection: duckdb.DuckDBPyConnection, table: str, names: Sequence[str], by: Sequence[str], kind: str
) -> dict[str, tuple[int, int, int]]:
    """Of each column: how often it falls from one row of a kind to the next, of how many times, and how many values it has."""
    order = ", ".join(map(quote, by))
    # by their key, the rows of each month are in an order of their own; a quarter's meters of water part those of electricity
    within = f"partition by {kind}" + ("" if "row_number" in by else ", t")
    falls = ", ".join(
        f"{quote(name)} < lag({quote(name)} ignore nulls) over ({within} order by {order}) as f{n}"
        for n, name in enumerate(names)
    )
    counts = ", ".join(f"count_if(f{n}), count(f{n}), count(distinct {quote(name)})" for n, name in enumerate(names))
    found = all_rows(connection, f"with o as (select *, {falls} from {table}) select {counts} from o")[0]
    return {name: (found[3 * n] or 0, found[3 * n + 1], found[3 * n + 2]) for n, name in enumerate(names)}
