"""States that no earlier row of a kind had: a column that was never empty, never negative, never so short."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import duckdb

from warehouse.connection import literal, quote
from warehouse.damages import SIGN
from warehouse.precedents.measured import (
    CHANCE,
    KIND_MIN,
    KNOWN_MIN,
    LOST_MIN,
    NAMES_MIN,
    Measured,
    all_rows,
    beyond_chance,
    code_of,
    columns_of,
    is_less,
    kind_of_row,
    stage_of_paper,
    tail,
)
from warehouse.staged_feed import StagedFeed

# refunds come with the first annual settlement, in May
_REFUNDED = ("paid_amount", "tax_due_amount")
# a text of so few values is a kind of row
_WORDS_MAX = 12
# so many rows of a code show how their text is written: 600万元人民币 among the first changes of capital, 15000000元 among the next
_SHAPES_MIN = 10
# a figure that was negative in so many periods on end is so by habit; so many of them are positive at once
_NEGATIVE_PERIODS, _TURNED_MIN = 3, 3


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
        name: f"case when {quote(name)} is null then 'empty' when {quote(name)} < 0 and {name not in _REFUNDED} then 'negative' "
        "else 'positive' end"
        for name in c.figures
    }
    if feed.recorded_at:
        states["recorded_at"] = "case when recorded_at is null then 'empty' else 'filled' end"
    kind = kind_of_row(feed)
    is_timed = feed.subject.has_months or feed.subject.has_periods
    few = [] if is_timed else _words(connection, c.texts)
    unit = "source_key" if "source_key" in feed.subject.columns else "row_number"
    # a need that is closed has an outcome
    stage = [] if is_timed or not c.dates else [stage_of_paper(c.dates)]
    kinds = tuple(dict.fromkeys(("''", kind, *few, *stage)))
    keep_all_versions(connection, feed)
    for name, of_kind in _with_new(connection, states, kinds, few):
        # a name is of an enterprise, whatever its paper is about
        is_plain = of_kind in few or (name.endswith("_name") and of_kind != "''")
        state = f"case when {quote(name)} is null then 'empty' else 'filled' end" if is_plain else states[name]
        new = f"new_fact where {_of_known_codes(feed, name, 'known_version')}"
        if not is_plain and name in c.texts and name not in c.ids:
            new += f" and (({state}) = 'empty' or {_of_known_codes(feed, name, 'known_version', _SHAPES_MIN)})"
        yield from _new_states(connection, name, of_kind, state, unit, new)
    if not is_less(connection, "known_fact", KNOWN_MIN):
        for name in c.figures:
            yield from _lost(connection, name, kind)
        yield from _emptier(connection, feed)
    yield from _no_longer_beside(connection, feed)


def keep_all_versions(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> None:
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
    known, new = (
        all_rows(connection, f"select distinct {asked} from {table}") for table in ("known_version", "new_fact")
    )
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


def _words(connection: duckdb.DuckDBPyConnection, texts: Sequence[str]) -> list[str]:
    """Text columns of few values: kinds of rows that are not declared as codes, such as forms of enterprises."""
    if not texts:
        return []
    asked = ", ".join(f"approx_count_distinct({quote(c)}), count({quote(c)})" for c in texts)
    found = all_rows(connection, f"select {asked} from known_fact")[0]
    return [
        quote(c)
        for n, c in enumerate(texts)
        if 1 < found[2 * n] <= _WORDS_MAX and found[2 * n + 1] >= KIND_MIN * found[2 * n]
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
        all_rows(connection, f"select count(*), {counts} from {table}")[0] for table in ("known_fact", "new_fact")
    )
    for name, was, now in zip(names, known[1:], new[1:], strict=True):
        # most columns are filled as they were
        if now * known[0] >= was * new[0]:
            continue
        # where it is empty in every row, all codes together are enough
        parts = [code_of(k) for k in c.kinds if k != name and now]
        if subject.has_periods:
            parts.append("month_number(period_end) - month_number(period_start)")
        if not (subject.has_months or subject.has_periods):
            parts.append(stage_of_paper([d for d in c.dates if d != name]))
        kind = f"concat_ws(' ', {', '.join(parts)})" if parts else "''"
        of_unit = f"select {quote(unit)} as unit, {kind} as kind, avg(({quote(name)} is not null)::int) as filled from {{}} group by all"
        last = of_unit.format("known_fact where t = (select max(t) from known_fact)")
        new_unit = of_unit.format(f"new_fact where {_of_known_codes(feed, name, 'known_fact')}")
        # a kind of few units is like the others as far as these few leave it open
        units, expected, filled, before = all_rows(
            connection,
            f"with k as ({of_unit.format('known_fact')}), usual as (select kind, (sum(filled) + {KIND_MIN} * (select avg(filled) from k)) "
            f"/ (count(*) + {KIND_MIN}) as share from k group by kind having count(*) >= {KIND_MIN}), "
            # what the last period lacked was accepted then
            f"last as (select kind, avg(filled) as share from ({last}) group by kind having count(*) >= {KNOWN_MIN}), "
            f"n as (select unit, avg(least(usual.share, last.share)) as share, avg(filled) as filled from ({new_unit}) "
            "inner join usual using (kind) left join last using (kind) group by unit) "
            "select count(*), sum(share), sum(filled), (select count(distinct unit) from k) from n",
        )[0]
        if before < KNOWN_MIN or not units or filled >= expected:
            continue
        # what is usual is known from so many units, and by chance it is less
        share = expected / units
        usual = min(share - 2 * math.sqrt(share * (1 - share) / before), 1 - 0.5 / before)
        if usual > 0 and tail(math.ceil(filled), units, usual) < CHANCE:
            lost = expected - filled
            fact = f"{name} is empty in {units - filled:,.0f} of {units:,}, where {units - expected:,.0f} should be as in earlier ones:"
            yield Measured("emptied_pct", name, fact, round(lost), round(expected), 100 * lost / expected, LOST_MIN)


def _no_longer_beside(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> Iterator[Measured]:
    """Columns that always had a value beside another one (an offer with a credit code has a building), and are empty now.

    So many earlier units had both that it is a rule, beside how often the column is empty elsewhere.
    """
    c, subject = columns_of(feed), feed.subject
    if subject.has_months or subject.has_periods:
        return
    unit = quote(_unit(feed))
    names = [n for n in (*c.texts, *c.kinds, *c.dates, *c.figures) if n not in (*subject.past, _unit(feed))]
    if not names:
        return
    empty_in = {n: f"count(distinct {unit}) filter ({quote(n)} is null)" for n in names}
    (now_empty,) = all_rows(connection, f"select {', '.join(empty_in.values())} from new_fact")
    if not any(now_empty):
        return
    ((all_known, *all_empty),) = all_rows(
        connection, f"select count(distinct {unit}), {', '.join(empty_in.values())} from known_fact"
    )
    if all_known < KNOWN_MIN:
        return
    usual = {n: empty / all_known for n, empty, now in zip(names, all_empty, now_empty, strict=True) if empty and now}
    if not usual:
        return
    # each row once by each state that it has: whether a column is empty, and its codes
    others = [(n, f"({quote(n)} is null)::varchar") for n in names] + [("", code_of(k)) for k in c.kinds]
    listed = ", ".join(f"{{place: {place}, value: {value}}}" for place, (_, value) in enumerate(others))
    known, new = (
        {
            (place, value): counts
            for place, value, counts in all_rows(
                connection,
                f"select b.place, b.value, [count(distinct {unit}), {', '.join(empty_in[n] for n in usual)}] "
                f"from (select *, unnest([{listed}]) as b from {table}) group by all order by all",
            )
        }
        for table in ("known_fact", "new_fact")
    )
    for (place, value), (units, *empty) in new.items():
        had, *was_empty = known.get((place, value), (0, *empty))
        for (name, share), was, now in zip(usual.items(), was_empty, empty, strict=True):
            if name != others[place][0] and not was and now and (1 - share) ** had < CHANCE:
                count = beyond_chance(now, units / (had + 1))
                fact = f"{name} is empty, as none of {had:,} earlier ones of their kind was,"
                yield Measured("never_pct", name, fact, count, units, 100 * count / units, 3)


def _of_known_codes(feed: StagedFeed, name: str, known: str, least: int = 1) -> str:
    """As SQL, that a row is of codes that are known: the first firms that are listed as abnormal lack what renamed ones have."""
    codes = [code_of(k) for k in columns_of(feed).kinds if k != name]
    of_code = "{0} in (select {0} from {1} group by all having count(*) >= {2})"
    return " and ".join(["true", *(of_code.format(code, known, least) for code in codes)])


def _unit(feed: StagedFeed) -> str:
    """The column of what a row is about, or else of the row's own number."""
    return "source_key" if "source_key" in feed.subject.columns else feed.subject.key[0]


def _new_states(
    connection: duckdb.DuckDBPyConnection, name: str, kind: str, state: str, unit: str, new: str
) -> Iterator[Measured]:
    # the tenants of a new building are in one
    of_new = f"coalesce({name}, {unit}::varchar)" if name == "building_code" else unit
    # a unit counts once: its rows of twelve months, or its three meters, are alike
    found = all_rows(
        connection,
        f"with k as (select {kind} as kind, {state} as state, count(distinct {unit}) as n from known_version group by all), "
        f"n as (select {kind} as kind, {state} as state, count(distinct {of_new}) as n from {new} group by all), "
        "judged as (select kind, sum(n) as known, (count_if(n = 1) + 0.5) / (sum(n) + 1) as chance from k group by kind "
        f"having sum(n) >= {KIND_MIN}), "
        "fresh as (select n.kind, n.state, n.n from n semi join judged using (kind) anti join k using (kind, state) "
        "where n.state = 'empty' or n.kind in (select kind from k where state <> 'empty')) "
        "select (select sum(known) from judged), "
        "(select sum(n.n * j.chance) from n inner join judged as j using (kind)), "
        f"(select sum(n) from n), f.state, (select count(distinct {of_new}) from new_fact where ({state}) = f.state "
        f"and ({kind}) in (select kind from fresh where state = f.state)) "
        "from fresh as f group by f.state",
    )
    if name.endswith("_name") and found and (found[0][0] or 0) < NAMES_MIN:
        found = [row for row in found if row[3] == "empty"]
    if not found or (found[0][0] or 0) < KNOWN_MIN:
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
        f"sum(n.n * k.{state} / k.n) filter (k.{state} < 0.9 * k.n), sum(n.{state}) filter (k.{state} < 0.9 * k.n), "
        f"sum(n.n) filter (k.{state} < 0.9 * k.n)"
        for state in states
    )
    found = all_rows(
        connection,
        f"with k as (select {kind} as kind, count(*) as n, {counts} from known_fact group by 1 having count(*) >= {KNOWN_MIN}), "
        f"n as (select {kind} as kind, count(*) as n, {counts} from new_fact group by 1) "
        f"select {sums}, (select bool_or({states['zero']}) from new_fact) from n inner join k using (kind)",
    )[0]
    for place, lost in enumerate(states):
        expected, there, rows = (value or 0 for value in found[3 * place : 3 * place + 3])
        # a column that is filled in at last is good news
        if lost == "empty" and not found[-1]:
            continue
        if expected and there <= expected / 20 and tail(int(there), int(rows), expected / rows) < CHANCE:
            fact = f"{name} is {lost} in {there:,} rows, where {expected:,.0f} should be as in earlier deliveries:"
            count, total, share = round(expected - there), round(expected), 100 * (1 - there / expected)
            yield Measured("emptied_pct", name, fact, count, total, share, LOST_MIN)


def turned_signs(connection: duckdb.DuckDBPyConnection, figures: Sequence[str]) -> Iterator[Measured]:
    """Figures that were negative in each of their last periods, and are positive now: minus signs were lost.

    An exporter's VAT is negative month by month. How often such a figure turns is learnt from the months before.
    """
    last = f"over (partition by series order by t rows between {_NEGATIVE_PERIODS} preceding and 1 preceding)"
    for name in figures:
        value = quote(name)
        found = dict.fromkeys((False, True), (0, 0)) | {
            is_new: (rows, turned)
            for is_new, rows, turned in all_rows(
                connection,
                "with figure as ("
                f"select series, t, sum({value}) as x, false as is_new from known_fact group by all "
                f"union all select series, t, sum({value}) as x, true as is_new from new_fact group by all), "
                f"before as (select x, is_new, count(x) {last} as periods, max(x) {last} as highest from figure "
                f"where series in (select series from known_fact where {value} < 0)) "
                f"select is_new, count(*), count_if(x > 0) from before "
                f"where periods = {_NEGATIVE_PERIODS} and highest < 0 and x is not null group by is_new",
            )
        }
        (known, before), (rows, turned) = found[False], found[True]
        usual = (before + 1) / (known + 2)
        if turned >= _TURNED_MIN and tail(rows - turned, rows, 1 - usual) < CHANCE:
            fact = f"{name} was negative in {_NEGATIVE_PERIODS} periods on end and is positive (minus signs lost?)"
            yield Measured("emptied_pct", name, fact, turned, rows, 100 * turned / rows, _TURNED_MIN)


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
    found = all_rows(
        connection,
        f"with v as (select {values}, false as is_new from known_version union all select {values}, true from new_fact), "
        f"p as (select *, {before} from v window stages as (partition by {quote(key)} order by recorded_at, is_new)) "
        f"select is_new, {counts} from p group by 1 order by 1",
    )
    if len(found) < 2:
        return
    for n, name in enumerate(names):
        known, was, rows, count = (found[of][2 * n + part] for of in (0, 1) for part in (1, 2))
        if known >= KNOWN_MIN and count and tail(rows - count, rows, 1 - (was + 1) / (known + 2)) < CHANCE:
            fact = f"{name} is another than before, or empty, of one {key}"
            yield Measured("never_pct", name, fact, count, rows, 100 * count / rows, 3)


def renamed(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> Iterator[Measured]:
    """Enterprises with another name than before and no former name, in a register that keeps 曾用名.

    That one who changes the name gives up a former one is what the column means, until earlier versions show otherwise.
    """
    subject = feed.subject
    if not {"source_key", "enterprise_name", "former_names"} <= subject.columns.keys():
        return
    ((rows, noted),) = all_rows(
        connection,
        "select count(*), count(n.former_names) from new_fact as n inner join known_fact as k on n.series = k.series "
        # other brackets are no other name; a whole register is compared as it is, and only what differs by its signs
        "where n.enterprise_name <> k.enterprise_name and "
        f"regexp_replace(n.enterprise_name, {literal(SIGN)}, '', 'g') <> "
        f"regexp_replace(k.enterprise_name, {literal(SIGN)}, '', 'g')",
    )
    if rows - noted < LOST_MIN or is_less(connection, "(from known_fact where former_names is not null)", KIND_MIN):
        return
    ((had, was_noted),) = all_rows(
        connection,
        f"with version as (select enterprise_name, former_names, lag(enterprise_name) over (partition by source_key "
        f"order by recorded_at, received_at) as name_before from staged.{subject.name} where feed = {literal(feed.name)}) "
        "select count(*), count(former_names) from version where enterprise_name <> name_before",
    )
    if tail(noted, rows, (was_noted + KNOWN_MIN) / (had + KNOWN_MIN + 1)) < CHANCE:
        count, fact = rows - noted, "former_names is empty beside another name than before"
        yield Measured("emptied_pct", "former_names", fact, count, rows, 100 * count / rows, LOST_MIN)


def cut_texts(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> Iterator[Measured]:
    """Texts of which none is longer than so many characters, where many were: a system that cuts them off."""
    if is_less(connection, "known_fact", KNOWN_MIN):
        return
    texts = columns_of(feed).texts
    if not texts:
        return
    asked = ", ".join(f"max(length({value})), count(distinct {value})" for value in map(quote, texts))
    new = all_rows(connection, f"select {asked} from new_fact")[0]
    longest_values = [(name, *new[2 * n : 2 * n + 2]) for n, name in enumerate(texts) if new[2 * n + 1]]
    asked = ", ".join(
        f"count(distinct {quote(name)}), count(distinct {quote(name)}) filter (length({quote(name)}) > {longest})"
        for name, longest, _ in longest_values
    )
    found = all_rows(connection, f"select {asked} from known_fact")[0] if longest_values else ()
    for n, (name, longest, values) in enumerate(longest_values):
        known, longer = found[2 * n : 2 * n + 2]
        if known >= KNOWN_MIN and (1 - longer / known) ** values < CHANCE:
            fact = f"{name} is never longer than {longest} characters, as {100 * longer / known:.0f} % of the earlier ones were,"
            yield Measured("never_pct", name, fact, values, values, 100.0, 3)
