"""Hold a delivery against what the rows before it never did: undeclared facts between columns, learnt from earlier rows.

A column that was never empty, a payment that always came after its period, a meter that was always of one account, a file
that always ended with the same units: where a delivery breaks such a fact in more rows than chance explains, it was cut or
shifted, or lost signs. All compare `new_fact` with `known_fact` (warehouse/comparison.py makes both). Nothing is learnt from few rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from warehouse.connection import literal, quote
from warehouse.kinds import FLOW, READING
from warehouse.staged_feed import StagedFeed
from warehouse.subjects import subjects

# fewer earlier rows than this teach nothing
_KNOWN_MIN = 20
# names have many endings
_NAMES_MIN = 100
# of a kind of row (a tax, a kind of event) so many must be known before a row of it is judged
_KIND_MIN = 3
# a text of so few values is a kind of row
_WORDS_MAX = 12
# a state that so many rows should have by their kind, and none has, was lost
_LOST_MIN = 5
# a pair of columns is a fact where so few of the earlier rows break it, in percent
_BROKEN_PCT = 5
# what goes with a code or a unit beside who it is
_PLACES = ("address", "building_code")
# who a paper or a record is of never changes: five that do are many
_SELDOM_MIN = 5
# no paper that is delivered again is of another taxpayer
_OTHER_OWNER_MIN = 3
# a credit code and the full name beside it, of one enterprise
_CODE_AND_NAME = (
    ("uscc", "enterprise_name"),
    ("taxpayer_no", "enterprise_name"),
    ("offered_by_uscc", "offered_by_name"),
    ("partner_taxpayer_no", "partner_name"),
)
# a credit code has so many characters; numbers before 2015 have fewer, and one firm has both
_CODE_LENGTH = 18
# one in so many codes is typed wrongly, as far as a feed's own rows do not show another share
_TYPED_WRONGLY = 100
# earlier codes that show how a feed writes names
_CODES_MIN = 10
# what one enterprise is called, one after the other
_NAMES = ("enterprise_name", "former_names")
# no figure of one kind is so many times another unless it is of another unit
_OTHER_UNIT = 50
# of so many figures each is held against each; how many standard errors two means of ranks are apart by chance, at most
_RANKED_MAX, _RANKS_APART = 400, 4
# ranks are from 0 to 1: a history in which all are alike shows no spread
_RANKS_SPREAD = 0.1
# a day or two are no habit
_DAYS = 5
# so great a share of all rows was not recorded on one day as it happened
_BULK = 0.1
# a column with so many values is not in order by chance, nor in a file that was not
_ORDERED_MIN, _ORDERED_VALUES = 20, 5
# one fact of a month may be moved to another unit
_OTHER_PART_MIN = 2
# a figure is steady where it was known in so many periods, of so many pairs each
_PERIODS_MIN, _PAIRS_MIN = 3, 20
# months in which a year's holidays and its end lie, and falls of so many figures in each: fewer show no habit
_YEAR_OF_MONTHS, _FALLS_MIN = 12, 0.1
# staff of seven in ten units that change may go one way in a month, as after the spring festival, and of more where it ever did; of so
# many that changed, a month shows what is usual; less than a twentieth of the sum is no part of a list
_ONE_WAY, _ROWS_ONE_WAY_MIN, _MOVED = 0.7, 10, 0.05
# so many units of the end of a file are missing by chance less often than once in 10,000 deliveries
CHANCE, _TAIL_MIN = 1e-4, 3


@dataclass(frozen=True)
class Measured:
    """One comparison: how many of how many rows differ, or by how much the middle one does."""

    limit: str
    column: str
    fact: str
    count: int
    total: int
    share: float
    least: int | None = None  # so many rows are enough to stop; None: as the limit has it


@dataclass(frozen=True)
class Columns:
    """What the columns of a subject are for."""

    texts: tuple[str, ...]
    dates: tuple[str, ...]
    figures: tuple[str, ...]
    kinds: tuple[str, ...]  # columns of codes: rows of one code are alike
    key: tuple[str, ...]
    ids: tuple[str, ...]


def columns_of(feed: StagedFeed) -> Columns:
    """Sort a feed's columns by what they are for."""
    subject = feed.subject
    coded = {target for source in feed.codes for target in feed.columns.get(source, ())}
    rest = [c for c in subject.columns.values() if c.name not in ("month", "period_start", "period_end", "year_number")]
    texts = tuple(c.name for c in rest if c.type == "varchar" and c.name not in coded)
    return Columns(
        texts=texts,
        dates=tuple(c.name for c in rest if c.type == "date"),
        figures=tuple(c.name for c in rest if c.type.startswith(("bigint", "decimal"))),
        kinds=tuple(c.name for c in rest if c.name in coded),
        key=subject.key,
        ids=tuple(
            c
            for c in texts
            if c in (*subject.key, "source_key", "enterprise_name", "offered_by_name") or c.endswith(("uscc", "_no"))
        ),
    )


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query).fetchall()


def _is_less(connection: duckdb.DuckDBPyConnection, table: str, rows: int) -> bool:
    """Whether a table has fewer rows: in a small park to plan a comparison costs far more than to count first."""
    return len(_rows(connection, f"select 1 from {table} limit {rows}")) < rows


def beyond_chance(count: int, expected: float) -> int:
    """The count, or 0 where chance may give so many."""
    return count if count > expected + 3 * math.sqrt(expected) else 0


def unheard_of(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> Iterator[Measured]:
    """Rows with a state that no earlier row of their kind had: empty, negative, or text of another shape.

    How many such rows chance gives is what Good and Turing estimate: as many as there are states that were seen once.
    A column may be filled for the first time: the first lease that ends early has a day of ending.
    """
    c = columns_of(feed)
    states = {name: _shape(name, name in c.ids) for name in c.texts}
    states |= {name: f"case when {quote(name)} is null then 'empty' else 'filled' end" for name in (*c.dates, *c.kinds)}
    if feed.subject.has_periods:
        states |= {
            name: f"case when day({quote(name)} + {days}) = 1 then 'whole' else 'within a month' end"
            for name, days in (("period_start", 0), ("period_end", 1))
        }
    states |= {
        name: f"case when {quote(name)} is null then 'empty' when {quote(name)} < 0 then 'negative' else 'positive' end"
        for name in c.figures
    }
    if feed.recorded_at:
        states["recorded_at"] = "case when recorded_at is null then 'empty' else 'filled' end"
    kind = _kind(feed)
    is_timed = feed.subject.has_months or feed.subject.has_periods
    few = [] if is_timed else _words(connection, c.texts)
    unit = "source_key" if "source_key" in feed.subject.columns else "row_number"
    # a need that is closed has an outcome
    stage = [] if is_timed or not c.dates else [_stage(c.dates)]
    kinds = tuple(dict.fromkeys(("''", kind, *few, *stage)))
    _keep_all_versions(connection, feed)
    for name, of_kind in _with_new(connection, states, kinds, few):
        # a name is of an enterprise, whatever its paper is about
        is_plain = of_kind in few or (name.endswith("_name") and of_kind != "''")
        state = f"case when {quote(name)} is null then 'empty' else 'filled' end" if is_plain else states[name]
        yield from _new_states(connection, name, of_kind, state, unit)
    if not _is_less(connection, "known_fact", _KNOWN_MIN):
        for name in c.figures:
            yield from _lost(connection, name, kind)
        yield from _emptier(connection, feed)
    yield from _no_longer_beside(connection, feed)


def _keep_all_versions(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> None:
    """Make `known_version`: also what was said of a fact before, where its state changes (a need: stated, contacted, closed)."""
    also = ""
    if feed.replaces == "nothing" and not (feed.subject.has_months or feed.subject.has_periods):
        columns = ", ".join(map(quote, feed.subject.columns))
        also = (
            f" union all by name select {columns}, recorded_at from staged.{feed.subject.name} "
            f"where feed = {literal(feed.name)} and superseded_at is not null"
        )
    connection.execute(f"create or replace temp view known_version as select * from known_fact{also}")


def _with_new(
    connection: duckdb.DuckDBPyConnection, states: Mapping[str, str], kinds: Sequence[str], few: Sequence[str]
) -> list[tuple[str, str]]:
    """Columns and kinds with a new state for its kind: most deliveries have none, and counting each is dear."""
    if not states:
        return []
    asked = ", ".join((*kinds, *states.values()))
    known, new = (_rows(connection, f"select distinct {asked} from {table}") for table in ("known_version", "new_fact"))
    found = []
    for place, name in enumerate(states, len(kinds)):
        for of, kind in enumerate(kinds):
            was, now = (
                {(row[of], row[place] == "empty" if kind in few else row[place]) for row in rows}
                for rows in (known, new)
            )
            if not now <= was:
                found.append((name, kind))
    return found


def _kind(feed: StagedFeed, *, at_any_stage: bool = False) -> str:
    """As SQL, what sort of row it is: its codes, but perhaps for what becomes of it, and how long its period is."""
    kinds = [k for k in columns_of(feed).kinds if not (at_any_stage and k.endswith("_outcome_code"))]
    parts = [f"coalesce({quote(k)}, '-')" for k in kinds]
    if feed.subject.has_periods:
        parts.append("month_number(period_end) - month_number(period_start)")
    return f"concat_ws(' ', {', '.join(parts)})" if parts else "''"


def _stage(dates: Sequence[str]) -> str:
    """As SQL, how far a paper is: which of its days it has."""
    return f"concat('', {', '.join(f'({quote(d)} is null)::varchar' for d in dates)})" if dates else "''"


def _words(connection: duckdb.DuckDBPyConnection, texts: Sequence[str]) -> list[str]:
    """Text columns of few values: kinds of rows that are not declared as codes, such as forms of enterprises."""
    if not texts:
        return []
    asked = ", ".join(f"approx_count_distinct({quote(c)}), count({quote(c)})" for c in texts)
    found = _rows(connection, f"select {asked} from known_fact")[0]
    return [
        quote(c)
        for n, c in enumerate(texts)
        if 1 < found[2 * n] <= _WORDS_MAX and found[2 * n + 1] >= _KIND_MIN * found[2 * n]
    ]


def _emptier(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> Iterator[Measured]:
    """Columns that are empty in more rows than those of their kind were, beyond chance: part of a column was not filled in.

    A unit counts once, whatever it has of rows: an enterprise without a code has none on any of its papers. Of papers at several
    stages a day that is yet to come is not judged: how often it is empty depends on how often the feed is pulled.
    """
    c, subject = columns_of(feed), feed.subject
    unit = _unit(feed)
    names = [n for n in (*c.texts, *c.kinds, *c.dates, *c.figures) if n not in subject.past and n != unit]
    if not names:
        return
    counts = ", ".join(f"count({quote(n)})" for n in names)
    known, new = (
        _rows(connection, f"select count(*), {counts} from {table}")[0] for table in ("known_fact", "new_fact")
    )
    for name, was, now in zip(names, known[1:], new[1:], strict=True):
        # most columns are filled as they were
        if now * known[0] >= was * new[0]:
            continue
        # where it is empty in every row, all codes together are enough
        parts = [f"coalesce({quote(k)}, '-')" for k in c.kinds if k != name and now]
        if subject.has_periods:
            parts.append("month_number(period_end) - month_number(period_start)")
        if not (subject.has_months or subject.has_periods):
            parts.append(_stage([d for d in c.dates if d != name]))
        kind = f"concat_ws(' ', {', '.join(parts)})" if parts else "''"
        of_unit = f"select {quote(unit)} as unit, {kind} as kind, avg(({quote(name)} is not null)::int) as filled from {{}} group by all"
        # a kind of few units is like the others as far as these few leave it open
        units, expected, filled, before = _rows(
            connection,
            f"with k as ({of_unit.format('known_fact')}), usual as (select kind, (sum(filled) + {_KIND_MIN} * (select avg(filled) from k)) "
            f"/ (count(*) + {_KIND_MIN}) as share from k group by kind having count(*) >= {_KIND_MIN}), "
            f"n as (select unit, avg(share) as share, avg(filled) as filled from ({of_unit.format('new_fact')}) "
            "inner join usual using (kind) group by unit) "
            "select count(*), sum(share), sum(filled), (select count(distinct unit) from k) from n",
        )[0]
        if before < _KNOWN_MIN or not units or filled >= expected:
            continue
        # what is usual is known from so many units, and by chance it is less
        share = expected / units
        usual = min(share - 2 * math.sqrt(share * (1 - share) / before), 1 - 0.5 / before)
        if usual > 0 and tail(math.ceil(filled), units, usual) < CHANCE:
            lost = expected - filled
            fact = f"{name} is empty in {units - filled:,.0f} of {units:,}, where {units - expected:,.0f} should be as in earlier ones:"
            yield Measured("emptied_pct", name, fact, round(lost), round(expected), 100 * lost / expected, _LOST_MIN)


def _no_longer_beside(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> Iterator[Measured]:
    """Columns that always had a value beside another one (an offer with a credit code has a building), and are empty now.

    So many earlier units had both that it is a rule, beside how often the column is empty elsewhere.
    """
    c, subject = columns_of(feed), feed.subject
    if subject.has_months or subject.has_periods:
        return
    unit = quote(_unit(feed))
    names = [n for n in (*c.texts, *c.kinds, *c.dates, *c.figures) if n not in (*subject.past, _unit(feed))]
    beside = [f"({quote(n)} is null)::varchar" for n in names] + [f"coalesce({quote(k)}, '-')" for k in c.kinds]
    counts = ", ".join(f"count(distinct {unit}) filter ({quote(n)} is null)" for n in names)
    all_known, *all_empty = (
        _rows(connection, f"select count(distinct {unit}), {counts} from known_fact")[0] if names else (0,)
    )
    if all_known < _KNOWN_MIN or not any(_rows(connection, f"select {counts} from new_fact")[0]):
        return
    for place, other in enumerate(beside):
        known, new = (
            {
                row[0]: row[1:]
                for row in _rows(
                    connection, f"select {other}, count(distinct {unit}), {counts} from {table} group by 1"
                )
            }
            for table in ("known_fact", "new_fact")
        )
        for value, (units, *empty) in new.items():
            had, *was_empty = known.get(value, (0, *empty))
            for n, name in enumerate(names):
                if n == place or was_empty[n] or not empty[n] or not (usual := all_empty[n] / all_known):
                    continue
                count = beyond_chance(empty[n], units / (had + 1))
                if (1 - usual) ** had < CHANCE:
                    fact = f"{name} is empty, as none of {had:,} earlier ones of their kind was,"
                    yield Measured("never_pct", name, fact, count, units, 100 * count / units, 3)


def _unit(feed: StagedFeed) -> str:
    """The column of what a row is about, or else of the row's own number."""
    return "source_key" if "source_key" in feed.subject.columns else feed.subject.key[0]


def _new_states(
    connection: duckdb.DuckDBPyConnection, name: str, kind: str, state: str, unit: str
) -> Iterator[Measured]:
    # a unit counts once: its rows of twelve months, or its three meters, are alike
    found = _rows(
        connection,
        f"with k as (select {kind} as kind, {state} as state, count(distinct {unit}) as n from known_version group by all), "
        f"n as (select {kind} as kind, {state} as state, count(distinct {unit}) as n from new_fact group by all), "
        "judged as (select kind, sum(n) as known, (count_if(n = 1) + 0.5) / (sum(n) + 1) as chance from k group by kind "
        f"having sum(n) >= {_KIND_MIN}), "
        "fresh as (select n.kind, n.state, n.n from n semi join judged using (kind) anti join k using (kind, state) "
        "where n.state = 'empty' or n.kind in (select kind from k where state <> 'empty')) "
        "select (select sum(known) from judged), "
        "(select sum(n.n * j.chance) from n inner join judged as j using (kind)), "
        f"(select sum(n) from n), f.state, (select count(distinct {unit}) from new_fact where ({state}) = f.state "
        f"and ({kind}) in (select kind from fresh where state = f.state)) "
        "from fresh as f group by f.state",
    )
    if name.endswith("_name") and found and (found[0][0] or 0) < _NAMES_MIN:
        found = [row for row in found if row[3] == "empty"]
    if not found or (found[0][0] or 0) < _KNOWN_MIN:
        return
    known, expected, rows = int(found[0][0]), float(found[0][1]), int(found[0][2])
    if not (count := beyond_chance(sum(int(n) for *_, n in found), expected)):
        return
    worst = max(found, key=lambda row: row[4])[3]
    earlier = f"none of {known:,} earlier ones" + (" of their kind" if kind != "''" else "")
    fact = f"{name} is {worst}, as {earlier} was,"
    if worst not in ("empty", "filled", "negative", "positive"):
        fact = f"{name} is written as {earlier} was ({worst})"
    yield Measured("never_pct", name, fact, count, rows, 100 * count / rows, 3)


def _shape(name: str, is_id: bool) -> str:
    """A text's shape: what it begins and ends with, and whether digits are in it; of a code its length."""
    column = quote(name)
    first, last = (
        f"case when regexp_matches({side}({column}, 1), '[0-9]') then '9' when regexp_matches({side}({column}, 1), '[A-Za-z]') "
        f"then 'A' else {{}} end"
        for side in ("left", "right")
    )
    first = first.format("'中'")
    # 室, 元, 司: what an address, an amount, a name ends with
    shape = f"concat({first}, '…', {last.format(f'right({column}, 1)')})"
    if name.endswith(("uscc", "_code")):
        shape = f"concat({first}, '…', length({column}))"
    elif name.endswith("_name"):
        shape = f"right({column}, 1)"  # 司, 厂, 店: the form of an enterprise
    elif is_id or name in ("address", "room", "former_names"):
        shape = "'filled'"  # they come in every shape, or the comparison looks at their length
    return f"case when {column} is null then 'empty' else {shape} end"


def _lost(connection: duckdb.DuckDBPyConnection, name: str, kind: str) -> Iterator[Measured]:
    """A state that so many rows should have, by the shares of their kinds, and hardly one has."""
    value = quote(name)
    states = {"negative": f"{value} < 0", "zero": f"{value} = 0", "empty": f"{value} is null"}
    counts = ", ".join(f"count_if({condition}) as {state}" for state, condition in states.items())
    sums = ", ".join(
        f"sum(n.n * k.{state} / k.n) filter (k.{state} < 0.9 * k.n), sum(n.{state}) filter (k.{state} < 0.9 * k.n)"
        for state in states
    )
    found = _rows(
        connection,
        f"with k as (select {kind} as kind, count(*) as n, {counts} from known_fact group by 1 having count(*) >= {_KNOWN_MIN}), "
        f"n as (select {kind} as kind, count(*) as n, {counts} from new_fact group by 1) "
        f"select {sums}, (select bool_or({states['zero']}) from new_fact) from n inner join k using (kind)",
    )[0]
    for place, lost in enumerate(states):
        expected, there = found[2 * place], found[2 * place + 1] or 0
        # a column that is filled in at last is good news
        if lost == "empty" and not found[-1]:
            continue
        if expected and expected >= _LOST_MIN and there <= expected / 20:
            fact = f"{name} is {lost} in {there:,} rows, where {expected:,.0f} should be as in earlier deliveries:"
            count, total, share = round(expected - there), round(expected), 100 * (1 - there / expected)
            yield Measured("emptied_pct", name, fact, count, total, share, _LOST_MIN)


def broken_pairs(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, sends_changes: bool) -> Iterator[Measured]:
    """Values that always came together (a meter and its account, a code and a name) and come with others now.

    What is known of a value counts before what the delivery itself says of it elsewhere. Of a register that sends only what
    changed, it is the record's number alone that a name or code stays with.
    """
    if _is_less(connection, "known_fact", _KNOWN_MIN):
        return
    c = columns_of(feed)
    own_key = feed.subject.key[0] if len(feed.subject.key) == 1 else ""
    is_paper = bool(own_key) and own_key != "source_key" and not sends_changes
    for a in (*c.ids, *(c.kinds if is_paper else ())):
        targets = [b for b in (*c.texts, *c.kinds) if b != a and (b in c.ids or b in _PLACES) and b != own_key]
        learnt: list[str] = []
        if sends_changes:  # any value of a record may change, and its number never
            targets = ["source_key"] if a != "source_key" else []
        elif own_key and own_key != "source_key":
            # of an enterprise's papers, or of papers of a kind, whatever always was the same: the industry, the office
            targets = [b for b in targets if b in c.ids] if a in c.ids and a != "enterprise_name" else []
            also = (*c.texts, *c.kinds) if a == "source_key" else c.texts if a in c.kinds else ()
            learnt = [b for b in also if b not in (a, own_key, *targets) and not (a in c.kinds and b in c.ids)]
            targets += learnt
        if not targets:
            continue
        name = quote(a)
        of_a = ", ".join(f"arg_max({quote(b)}, is_known) as {quote('v ' + b)}" for b in targets)
        broken = ", ".join(
            f"count_if(k.{quote(b)} <> p.{quote('v ' + b)}), count_if(k.{quote(b)} is not null and p.{quote('v ' + b)} is not null)"
            for b in targets
        )
        columns = ", ".join(map(quote, (a, *targets)))
        pairs_of = (
            f"with s as (select {columns}, t as is_known from known_fact{{}}), "
            f"p as (select {name}, {of_a} from s where {name} is not null group by 1) "
            f"select count(distinct {name}), {broken} from {{}} as k inner join p using ({name})"
        )
        in_new = "" if a == own_key else f" union all select {columns}, date '1000-01-01' from new_fact"
        now = _rows(connection, pairs_of.format(in_new, "new_fact"))[0]
        # in most deliveries hardly a pair is broken, whatever the earlier ones had
        if max(count or 0 for count in now[1::2]) < _OTHER_OWNER_MIN:
            continue
        past = _rows(connection, pairs_of.format("", "known_fact"))[0]
        for place, b in enumerate(targets):
            was, of, count, rows = (
                int(x or 0) for x in (*past[2 * place + 1 : 2 * place + 3], *now[2 * place + 1 : 2 * place + 3])
            )
            # a name that is there once goes with whatever comes; the office's own key with whoever it is of
            is_own = (b == "source_key" or a in ("source_key", own_key)) and b not in learnt
            again = of - (0 if is_own else past[0])
            if again < _KNOWN_MIN or 100 * was > _BROKEN_PCT * (again if b in learnt else of) or not rows:
                continue
            share = max(0.0, 100 * (count / rows - 2 * was / of))
            fact = f"{b} is another than the one known of the {a}"
            least = _OTHER_OWNER_MIN if a == own_key and a != "source_key" else _SELDOM_MIN if own_key else None
            yield Measured("changed_pct", b, fact, count, rows, share, least)


def other_stages(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> Iterator[Measured]:
    """Papers that come again (a need: stated, contacted, closed) and have another value than before, or have lost it.

    Two versions may be in one delivery. How often a column's value changes is learnt from earlier versions.
    """
    subject = feed.subject
    key = subject.key[0]
    is_paper = len(subject.key) == 1 and key != "source_key" and not (subject.has_months or subject.has_periods)
    if feed.replaces != "nothing" or not is_paper or not feed.recorded_at:
        return
    names = [c for c in subject.columns if c != key]
    values = ", ".join(map(quote, (key, *names, "recorded_at")))
    before = ", ".join(f"lag({quote(c)}) over stages as b{n}" for n, c in enumerate(names))
    counts = ", ".join(
        f"count(b{n}), count_if(b{n} is distinct from {quote(c)} and b{n} is not null)" for n, c in enumerate(names)
    )
    found = _rows(
        connection,
        f"with v as (select {values}, false as is_new from known_version union all select {values}, true from new_fact), "
        f"p as (select *, {before} from v window stages as (partition by {quote(key)} order by recorded_at, is_new)) "
        f"select is_new, {counts} from p group by 1 order by 1",
    )
    if len(found) < 2:
        return
    for n, name in enumerate(names):
        known, was, rows, count = (found[of][2 * n + part] for of in (0, 1) for part in (1, 2))
        if known >= _KNOWN_MIN and count and tail(rows - count, rows, 1 - (was + 1) / (known + 2)) < CHANCE:
            fact = f"{name} is another than before, or empty, of one {key}"
            yield Measured("never_pct", name, fact, count, rows, 100 * count / rows, 3)


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
        known, was, rows, count = _rows(
            connection,
            f"with k as ({of.format('known_fact')}), n as ({of.format('new_fact')}), "
            f"both_ as (select not list_has_any(n.kinds, k.kinds) as is_other from n inner join k using ({listed})) "
            "select (select count(*) from k), (select count_if(len(kinds) > 1) from k), count(*), count_if(is_other) from both_",
        )[0]
        if known >= _KNOWN_MIN and count and tail(rows - count, rows, 1 - (was + 1) / (known + 2)) < CHANCE:
            fact = f"{kind} is another than the one known of the same {' and '.join(rest)}"
            yield Measured("changed_pct", kind, fact, count, rows, 100 * count / rows, _OTHER_OWNER_MIN)


def falling_readings(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> Iterator[Measured]:
    """Readings that are lower than the one before, of more meters than are exchanged or turn over: a column that was moved.

    Figures to date that fall within the year are no longer to date, or of another year than ours.
    """
    for name, kind in ((c, figure.kind) for c, figure in feed.figures.items() if figure.kind != FLOW):
        value = quote(name)
        is_same_year = "" if kind == READING else " and year(n.t) = year(k.t)"
        rows, count = _rows(
            connection,
            f"select count(*), count_if(n.{value} < k.{value}) from new_fact as n asof join known_fact as k "
            f"on n.series = k.series and n.t > k.t where n.{value} is not null and k.{value} is not null{is_same_year}",
        )[0]
        if rows and count:
            what = "a reading" if kind == READING else "of the year to date"
            fact = f"{name} is {what} and lower than the one before"
            yield Measured("changed_pct", name, fact, count, rows, 100 * count / rows)


def two_at_once(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> Iterator[Measured]:
    """Codes with two names in one period, and names with two codes, where hardly one ever had: one of them is a row too far.

    In rows in order of the code only the first of each code has its neighbour's name: too few for the limit of other names.
    """
    if not (feed.subject.has_months or feed.subject.has_periods) or _is_less(connection, "known_fact", 2 * _NAMES_MIN):
        return
    ids = columns_of(feed).ids
    for a in ids:
        others = [b for b in ids if b != a]
        asked = ", ".join(f"count(distinct {quote(b)}) as {quote(b)}" for b in others)
        counted = ", ".join(f"count_if({quote(b)} > 1)" for b in others)
        count_of = (
            f"with g as (select {quote(a)}, t, {asked} from {{}} where {quote(a)} is not null group by all having count(*) > 1) "
            f"select count(*), {counted} from g"
        )
        new = _rows(connection, count_of.format("new_fact"))[0]
        # most deliveries have no such rows, whatever the earlier ones had
        if max((now or 0 for now in new[1:]), default=0) < _SELDOM_MIN:
            continue
        known = _rows(connection, count_of.format("known_fact"))[0]
        if known[0] < _NAMES_MIN:
            continue
        for b, was, now in zip(others, known[1:], new[1:], strict=True):
            usual = 3 * ((was or 0) + 1) / known[0]
            count = beyond_chance(now or 0, usual * new[0])
            fact = f"{b} has two values of one {a} within a period, as hardly one had before,"
            share = 100 * max(0.0, count / new[0] - usual)
            yield Measured("never_pct", b, fact, count, new[0], share, _SELDOM_MIN)


def moved_values(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> Iterator[Measured]:
    """Values of a register that are known of another record, where each value always was of one record: a column one row down.

    A former name was the name before: names and former names are looked up together.
    """
    subject = feed.subject
    if "source_key" not in subject.key or subject.has_months or subject.has_periods:
        return
    texts = columns_of(feed).texts
    pools = [[c] for c in texts if c not in (*subject.key, *_NAMES)] + [[c for c in _NAMES if c in texts]]
    for pool in filter(None, pools):
        known_of = " union ".join(f"select source_key, {quote(c)} as v from known_fact" for c in pool)
        owners = f"with k as (select * from ({known_of}) where v is not null), once as (select v from k group by v having count(*) = 1) "
        known, values = _rows(connection, f"{owners}select count(*), count(distinct v) from k")[0]
        if known < _KNOWN_MIN or 100 * values < (100 - _BROKEN_PCT) * known:
            continue
        for name in pool:
            moved, rows = _rows(
                connection,
                f"{owners}, n as (select source_key, {quote(name)} as v from new_fact where {quote(name)} is not null) "
                "select (select count(*) from n semi join once using (v) anti join k using (source_key, v)), (select count(*) from n)",
            )[0]
            fact = f"{name} is the one known of another record"
            yield Measured("never_pct", name, fact, moved, rows, 100 * moved / rows if rows else 0.0, 3)


def other_owners(
    connection: duckdb.DuckDBPyConnection, feed: StagedFeed, table: str, number: int
) -> Iterator[Measured]:
    """Rows with the code of one enterprise and the full name of another, as all feeds have stated both: a column one row down.

    Only a name that is known with one code alone says which enterprise it is. A former name is known with its code, and a branch
    may go under the code of the firm that it is of. Few such rows are typed wrongly, and resolution holds them for a person
    (`contradiction`); more than chance explains stop. Batch `number` of incoming.<feed> (`table`) may be the feed's first.
    """
    subject = feed.subject
    for code, name in _CODE_AND_NAME:
        if not {code, name} <= set(subject.columns):
            continue
        # what this feed has stated before it may state again
        connection.execute(
            f"create or replace temp table new_pair as {_stated(table, code, name)} and batch_number = {number} except all "
            f"({_stated(table, code, name)} and batch_number < {number} union "
            f"{_stated(f'staged.{subject.name}', code, name)} and feed = {literal(feed.name)})"
        )
        rows = _rows(connection, "select count(*) from new_pair")[0][0]
        if rows < _OTHER_OWNER_MIN:
            continue
        of_new = "and (code in (select code from new_pair) or name in (select name from new_pair))"
        count = _rows(
            connection,
            f"with known as ({_all_stated(of_new)}), "
            "owner as (select name, min(code) as code from known group by name having count(distinct code) = 1), "
            "odd as (select n.code, n.name, o.code as owner_code from new_pair as n inner join owner as o using (name) "
            "where n.code <> o.code and n.code in (select code from known)) "
            "select count(*) from odd anti join known as k on odd.code = k.code "
            "and (starts_with(odd.name, k.name) or starts_with(k.name, odd.name)) "
            "where not exists (from staged.registration as r where upper(r.uscc) in (odd.code, odd.owner_code) "
            "and upper(r.parent_uscc) in (odd.code, odd.owner_code))",
        )[0][0]
        if count < _OTHER_OWNER_MIN:
            continue
        was, known = _rows(
            connection,
            f"with known as ({_all_stated()}), own as ({_stated(f'staged.{subject.name}', code, name)} and feed = {literal(feed.name)}) "
            "select count_if(code in (select code from known group by code having count(*) > 1) "
            "and name in (select name from known group by name having count(*) > 1)), count(*) from own",
        )[0]
        if tail(rows - count, rows, 1 - ((was or 0) + 1) / (known + _TYPED_WRONGLY)) < CHANCE:
            fact = f"{code} is of one enterprise and {name} of another"
            yield Measured("changed_pct", name, fact, count, rows, 100.0, _OTHER_OWNER_MIN)


def other_names(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, table: str, number: int) -> Iterator[Measured]:
    """Codes that are new to the feed, with names that no other feed knows of them: more than the feed's own spellings explain.

    A supplier that is in no register may have got its neighbour's code. How often the feed writes a name as no other feed does
    is learnt from its earlier rows.
    """
    subject = feed.subject
    for code, name in _CODE_AND_NAME:
        if not {code, name} <= set(subject.columns):
            continue
        own = f"{_stated(f'staged.{subject.name}', code, name)} and feed = {literal(feed.name)}"
        connection.execute(
            f"create or replace temp table new_pair as select * from ({_stated(table, code, name)} and batch_number = {number}) "
            f"where code not in (select code from ({own} union {_stated(table, code, name)} and batch_number < {number}))"
        )
        if _is_less(connection, "new_pair", _OTHER_OWNER_MIN):
            continue
        found = []
        for rows in ("from new_pair", own):
            known = _all_stated(f"and feed <> {literal(feed.name)} and code in (select code from own)")
            found += _rows(
                connection,
                f"with own as ({rows}), known as ({known}) select (select count(*) from own semi join known using (code)), "
                "(select count(*) from own semi join known using (code) anti join known using (code, name))",
            )
            if found[0][1] < _OTHER_OWNER_MIN:
                break
        else:
            (rows_now, count), (before, was) = found
            usual = (was + 1) / (before + 2)
            if before >= _CODES_MIN and tail(rows_now - count, rows_now, 1 - usual) < CHANCE:
                fact = f"{name} is none that other feeds know of its {code}"
                yield Measured("changed_pct", name, fact, count, rows_now, 100 * count / rows_now, _OTHER_OWNER_MIN)


def codes_left_out(
    connection: duckdb.DuckDBPyConnection, feed: StagedFeed, table: str, number: int
) -> Iterator[Measured]:
    """Full names that go with one code by all that feeds have stated, without it: more of them than the feed left out before."""
    subject = feed.subject
    for code, name in _CODE_AND_NAME:
        if not {code, name} <= set(subject.columns):
            continue
        names = f"select {quote(name)} as name, bool_or({quote(code)} is null) as is_left_out from {{}} group by 1"
        new = names.format(f"{table} where batch_number = {number}")
        if _rows(connection, f"select count(*) from ({new}) where is_left_out and name is not null")[0][0] < _LOST_MIN:
            continue
        own = names.format(f"staged.{subject.name} where feed = {literal(feed.name)}")
        counts = "select count(*), coalesce(count_if(is_left_out), 0) from ({}) semi join owner using (name)"
        owner = f"with owner as (select name from ({_all_stated()}) group by name having count(distinct code) = 1) "
        (rows, count), (known, was) = (_rows(connection, owner + counts.format(of))[0] for of in (new, own))
        if known >= _CODES_MIN and tail(rows - count, rows, 1 - (was + 1) / (known + 2)) < CHANCE:
            fact = f"{code} is empty beside a {name} that is known with one,"
            yield Measured("emptied_pct", code, fact, count, rows, 100 * count / rows, _LOST_MIN)


def _stated(table: str, code: str, name: str) -> str:
    """As SQL, the codes with their names that a table states; conditions may follow."""
    return (
        f"select distinct upper({quote(code)}) as code, {quote(name)} as name from {table} "
        f"where length({quote(code)}) = {_CODE_LENGTH} and {quote(name)} is not null"
    )


def _all_stated(condition: str = "") -> str:
    """As SQL, which code goes with which name by all feeds, under a condition on both; a former name goes with its code."""
    stated = [
        f"{_stated(f'staged.{subject.name}', code, name)} {condition}"
        for subject in subjects().values()
        for code, name in _CODE_AND_NAME
        if {code, name} <= set(subject.columns)
    ]
    former = "select feed, uscc, trim(unnest(regexp_split_to_array(former_names, '[;；、|\\n]'))) as former_name from staged.registration"
    former = _stated(f"({former})", "uscc", "former_name")
    return " union ".join((*stated, f"{former} {condition}"))


def odd_delays(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> Iterator[Measured]:
    """A date sooner after its period than ever; an entry sooner, or later, after its event.

    How late something may be paid is not learnt: of a year's tax each delivery has the latest payments so far.
    """
    subject = feed.subject
    _keep_all_versions(connection, feed)
    anchor = "period_end" if subject.has_periods else "month" if subject.has_months else ""
    pairs = [(d, anchor, False) for d in columns_of(feed).dates if anchor]
    is_event = not set(subject.key) & {"source_key", "month", "period_end", "year_number"}
    if is_event and feed.recorded_at and feed.replaces == "nothing" and not anchor:
        pairs += [("recorded_at", d, True) for d in columns_of(feed).dates]
    # a paper at one stage (stated, contacted, closed) was recorded so long after each of its days; at the next, later
    kind = _kind(feed) if anchor else _stage(columns_of(feed).dates)
    # a list that was typed in at once: how long after the event each row was recorded says nothing
    bulk = (
        f"(select recorded_at::date from known_version where recorded_at is not null group by 1 having count(*) >= {_KNOWN_MIN} "
        f"and count(*) > {_BULK} * (select count(*) from known_version))"
    )
    age = "(select datediff('day', min(recorded_at), max(recorded_at)) from known_version)"
    for later, earlier, is_late in pairs:
        past = f"known_version where recorded_at::date not in {bulk}" if is_late else "known_fact"
        days = f"datediff('day', {quote(earlier)}::date, {quote(later)}::date)"
        # how late things may come is unknown while the feed is young
        late = f"or days > last + (last - first) / 4 + {_DAYS} and 2 * days <= {age}" if is_late else ""
        found = _rows(
            connection,
            f"with k as (select {kind} as kind, {days} as days from {past}), "
            "q as (select kind, count(*) as n, min(days) as first, max(days) as last, quantile_disc(days, 0.1) as low, "
            f"quantile_disc(days, 0.9) as high from k where days is not null group by kind having count(*) >= {_KNOWN_MIN}), "
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
    found = _rows(
        connection,
        "with known as (select series, t from known_fact group by all) "
        "select (select count(*) from new_fact), (select count(*) from new_fact as n semi join known using (series, t) "
        f"anti join known_fact as k on {same_key} and {same}), (select count(*) from known_fact), "
        "(select count(*) from known_fact) - (select count(*) from known) + "
        f"(select count(*) from staged.{subject.name} where feed = {literal(feed.name)} and superseded_at is not null "
        "and period_end >= (select min(t) from known_fact)), (select count(distinct date_trunc('month', t)) from known_fact)",
    )
    rows, again, known, was, months = (int(x or 0) for x in found[0])
    if known < _KNOWN_MIN or not rows:
        return
    again = beyond_chance(again, 2 * was / months)
    share = 100 * (again / rows - 3 * was / known)
    yield Measured("changed_pct", "period_end", "the period was reported already", again, rows, max(0.0, share))


def unsteady(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, figures: Sequence[str]) -> Iterator[Measured]:
    """Figures that move, from period to period and beside those of its kind, further than nine of ten ever did.

    So does a column that was shifted within its scale.
    """
    kind = _kind(feed)
    if _is_less(connection, "new_fact", 2 * _PAIRS_MIN):
        return
    for name in figures:
        value = quote(name)
        of_period = (
            f"select series, {kind} as kind, t, sum({value}) as v from {{}} group by all having sum({value}) <> 0"
        )
        found = _rows(
            connection,
            f"with b as ({of_period.format('known_fact')}), n as ({of_period.format('new_fact')}), "
            "change as (select t, kind, ln(abs(v / lag(v) over (partition by series order by t))) as by_ln from b), "
            "moved as (select t, abs(by_ln - median(by_ln) over (partition by t, kind)) as step from change where by_ln is not null), "
            "usual as (select quantile_cont(step, 0.9) as step from moved where step is not null), "
            "share as (select t, count(*) as n, count_if(m.step > u.step + 0.01) / count(*) as share from moved as m cross join usual as u "
            f"where m.step is not null group by t having count(*) >= {_PAIRS_MIN}), "
            "next as (select n.t, n.kind, ln(abs(n.v / b.v)) as by_ln from n asof join b on n.series = b.series and n.t > b.t), "
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
    if _is_less(connection, "known_fact", _YEAR_OF_MONTHS * _PAIRS_MIN):
        return
    kind, end = _kind(feed), "month" if feed.subject.has_months else "period_end"
    is_month = "" if feed.subject.has_months else " and month_number(period_end) = month_number(period_start)"
    # a month that was known in part has more now, and stays below the month before no longer; nor does one to which late rows are added
    news = "anti join k on n.series = k.series and n.m = k.m" if feed.replaces == "nothing" else ""
    for name in figures:
        value = quote(name)
        of_month = (
            f"select series, {kind} as kind, month_number({end}) as m, sum({value}) as v from {{}} "
            f"where {value} is not null{is_month} group by all having sum({value}) <> 0"
        )
        for rows, falls, least, months in _rows(
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
        falls, rises, now, before, usual_falls, usual_rises = _rows(
            connection,
            f"with k as ({of_month.format('known_fact')}), n as ({of_month.format('new_fact')}), "
            f"past as (select k.t, {steps.format('k', 'b')} from k asof join k as b on k.series = b.series and k.t > b.t group by all), "
            "usual as (select max(falls / (falls + rises)) as falls, max(rises / (falls + rises)) as rises from past "
            f"where falls + rises >= {_ROWS_ONE_WAY_MIN}), "
            f"now as (select {steps.format('n', 'b')}, sum(n.v) as now, sum(b.v) as before from n asof join k as b "
            "on n.series = b.series and n.t > b.t) "
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


def tail(count: int, rows: int, share: float) -> float:
    """How probable so few, or fewer, of so many rows are, where each is one with this probability."""
    ways = (math.lgamma(rows + 1) - math.lgamma(k + 1) - math.lgamma(rows - k + 1) for k in range(count + 1))
    return sum(math.exp(way + k * math.log(share) + (rows - k) * math.log1p(-share)) for k, way in enumerate(ways))


def odd_sizes(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> Iterator[Measured]:
    """Figures of papers that are stated once (needs, offers), of another size than those of their kind: another unit, or row.

    A kind's middle is learnt from `_KIND_MIN` rows or more; of the new rows the middle one is judged.
    """
    subject = feed.subject
    if subject.has_months or subject.has_periods or subject.has_years or "source_key" in subject.key:
        return
    kind = _kind(feed)
    for name in columns_of(feed).figures:
        value = f"ln(abs({quote(name)}::double))"
        found = _rows(
            connection,
            f"with k as (select {kind} as kind, {value} as v from known_fact where {quote(name)} <> 0), "
            f"m as (select kind, median(v) as middle from k group by kind having count(*) >= {_KIND_MIN}), "
            "usual as (select max(abs(v - middle)) as most, count(*) as known from k inner join m using (kind)), "
            f"n as (select v - middle as away from (select {kind} as kind, {value} as v from new_fact where {quote(name)} <> 0) "
            "inner join m using (kind)) "
            "select (select known from usual), count(*), exp(abs(median(away))), "
            f"count_if(abs(away) > greatest({math.log(_OTHER_UNIT)}, (select most from usual))) from n",
        )
        known, rows, middle, other = (float(x or 0) for x in found[0])
        if known < _KNOWN_MIN or not rows:
            continue
        fact = f"the middle {name} is away from that of earlier rows of its kind"
        yield Measured("figure_factor", name, fact, int(rows), int(rows), middle)
        fact = f"{name} is {_OTHER_UNIT} times the middle of its kind, or a {_OTHER_UNIT}th, as none was before,"
        yield Measured("never_pct", name, fact, int(other), int(rows), 100 * other / rows, 3)


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
    kind, key = _kind(feed, at_any_stage=True), f"concat_ws(' ', {', '.join(map(quote, subject.key))})"
    for name in columns_of(feed).figures:
        rows = f"select {key} as key, {kind} as kind, ln(abs({quote(name)}::double)) as v from {{}} where {quote(name)} <> 0 "
        # a paper that comes in three states is one quantity, not three that agree
        rows += "qualify row_number() over (partition by key order by row_number desc) = 1"
        rows = f"select * from ({rows}) qualify row_number() over (order by hash(key), key) <= {_RANKED_MAX}"
        ranks = (
            "select (count_if(abs(b.v - a.middle) < abs(a.v - a.middle)) + count_if(abs(b.v - a.middle) = abs(a.v - a.middle)) / 2) "
            "/ count(*) as rank from {0} as a inner join {0} as b on a.key <> b.key group by a.key"
        )
        usual, spread, known, now, count, far = _rows(
            connection,
            f"with k as ({rows.format('known_fact')}), n as ({rows.format('new_fact')}), "
            "past as (select a.key, a.v, median(b.v) as middle from k as a inner join k as b using (kind) "
            f"where a.key <> b.key group by all having count(*) >= {_KIND_MIN}), "
            f"fresh as (select n.key, n.v, m.middle from n inner join (select kind, median(v) as middle from k group by kind "
            f"having count(*) >= {_KIND_MIN}) as m using (kind)), "
            f"was as ({ranks.format('past')}), now as ({ranks.format('fresh')}), "
            "usual as (select quantile_cont(abs(v - middle), 0.9) as step from past) "
            "select avg(w.rank), stddev_pop(w.rank), count(*), (select avg(rank) from now), (select count(*) from now), "
            "(select count_if(abs(v - middle) > step + 0.01) from fresh cross join usual) from was as w",
        )[0]
        if known < _KNOWN_MIN or not count:
            continue
        beyond = now - usual > _RANKS_APART * max(spread, _RANKS_SPREAD) * math.sqrt(1 / count + 1 / known)
        fact = f"{name} fits the kind of its row hardly better than that of other rows"
        yield Measured("changed_pct", name, fact, count * beyond, count, 100.0 * beyond)
        fact = f"{name} is further from the middle of its kind than one in ten was before,"
        share = 100 * (far / count - 0.15 - 3 * math.sqrt(0.1 / count))
        yield Measured("changed_pct", name, fact, far, count, max(0.0, share))


def cut_texts(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> Iterator[Measured]:
    """Texts of which none is longer than so many characters, where many were: a system that cuts them off."""
    if _is_less(connection, "known_fact", _KNOWN_MIN):
        return
    texts = columns_of(feed).texts
    if not texts:
        return
    asked = ", ".join(f"max(length({value})), count(distinct {value})" for value in map(quote, texts))
    new = _rows(connection, f"select {asked} from new_fact")[0]
    longest_values = [(name, *new[2 * n : 2 * n + 2]) for n, name in enumerate(texts) if new[2 * n + 1]]
    asked = ", ".join(
        f"count(distinct {quote(name)}), count(distinct {quote(name)}) filter (length({quote(name)}) > {longest})"
        for name, longest, _ in longest_values
    )
    found = _rows(connection, f"select {asked} from known_fact")[0] if longest_values else ()
    for n, (name, longest, values) in enumerate(longest_values):
        known, longer = found[2 * n : 2 * n + 2]
        if known >= _KNOWN_MIN and (1 - longer / known) ** values < CHANCE:
            fact = f"{name} is never longer than {longest} characters, as {100 * longer / known:.0f} % of the earlier ones were,"
            yield Measured("never_pct", name, fact, values, values, 100.0, 3)


def cut_off(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> Iterator[Measured]:
    """Units at the end (or the beginning) of the period before that are all missing, while hardly another is."""
    if feed.replaces != "period" or "source_key" not in feed.subject.columns:
        return
    found = _rows(
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
    found = _rows(
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


def rows_of_year(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> Iterator[Measured]:
    """Rows that a table of a new year lacks, beside the last one of its area or list: a file that was cut.

    What comes for a year that is known already is a correction, of as few rows as it likes.
    """
    group = quote(next(k for k in feed.subject.key if k != "year_number"))
    found = _rows(
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
    if any(_is_less(connection, table, _ORDERED_MIN) for table in ("new_fact", "known_fact")):
        return
    c = columns_of(feed)
    key = [k for k in c.key if k in c.texts]
    names = list(dict.fromkeys((*c.key, *c.texts, *c.dates, *c.figures, *c.kinds)))
    if feed.recorded_at:
        names.append("recorded_at")
    for by in (["received_at", "row_number"], *([key] if key else [])):
        new = _falls(connection, "new_fact", names, by)
        in_order = [n for n in range(len(names)) if new[1 + 2 * n] == 0 and new[2 + 2 * n] >= _ORDERED_VALUES]
        # one alone is in the order of the rows, and so is the first column of a key by which they are ordered
        if len(in_order) < 2 and (by is not key or [names[n] for n in in_order] in ([], key[:1])):
            continue
        known = _falls(connection, "known_fact", names, by)
        order = {names[n]: known[1 + 2 * n] / known[0] for n in in_order}
        kept = [name for name, was in order.items() if 100 * was <= _BROKEN_PCT]
        for name, was in order.items():
            if name not in kept and (kept or by is key) and (1 - was) ** (new[0] - 1) < CHANCE:
                fact = f"{name} is in order and never was, in rows in order of {(kept or key)[0]}: it was sorted alone,"
                yield Measured("changed_pct", name, fact, new[0], new[0], 100.0, _ORDERED_MIN)


def _falls(connection: duckdb.DuckDBPyConnection, table: str, names: Sequence[str], by: Sequence[str]) -> list[int]:
    """The number of rows, and for each column how often it falls from row to row, and how many values it has."""
    order = ", ".join(map(quote, by))
    # by their key, the rows of each month are in an order of their own
    within = "" if "row_number" in by else "partition by t "
    falls = ", ".join(
        f"{quote(name)} < lag({quote(name)} ignore nulls) over ({within}order by {order}) as f{n}"
        for n, name in enumerate(names)
    )
    counts = ", ".join(f"count_if(f{n}), count(distinct {quote(name)})" for n, name in enumerate(names))
    found = _rows(connection, f"with o as (select *, {falls} from {table}) select count(*), {counts} from o")[0]
    return [count or 0 for count in found]
