"""What belongs together: a code and its name, a paper and its owner, two columns of one row."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from warehouse.connection import literal, quote
from warehouse.precedents.measured import (
    BROKEN_PCT,
    CHANCE,
    KNOWN_MIN,
    LOST_MIN,
    NAMES_MIN,
    OTHER_OWNER_MIN,
    Measured,
    all_rows,
    beyond_chance,
    columns_of,
    is_less,
    one_spelling,
    tail,
)
from warehouse.staged_feed import StagedFeed
from warehouse.subjects import subjects

# what goes with a code or a unit beside who it is
_PLACES = ("address", "building_code")
# who a paper or a record is of never changes: five that do are many
_SELDOM_MIN = 5
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


def broken_pairs(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, sends_changes: bool) -> Iterator[Measured]:
    """Values that always came together (a meter and its account, a code and a name) and come with others now.

    What is known of a value counts before what the delivery itself says of it elsewhere. Of a register that sends only what
    changed, it is the record's number alone that a name or code stays with.
    """
    if is_less(connection, "known_fact", KNOWN_MIN):
        return
    c = columns_of(feed)
    own_key = feed.subject.key[0] if len(feed.subject.key) == 1 else ""
    renamed = ""  # who says what it was called before is no other
    if "former_names" in feed.subject.columns:
        renamed = f" and not contains(coalesce(k.former_names, ''), p.{quote('v enterprise_name')})"
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
            f"count_if(k.{quote(b)} <> p.{quote('v ' + b)}{renamed if b == 'enterprise_name' else ''}), "
            f"count_if(k.{quote(b)} is not null and p.{quote('v ' + b)} is not null)"
            for b in targets
        )
        columns = ", ".join(map(quote, (a, *targets)))
        pairs_of = (
            f"with s as (select {columns}, t as is_known from known_fact{{}}), "
            f"p as (select {name}, {of_a} from s where {name} is not null group by 1) "
            f"select count(distinct {name}), {broken} from {{}} as k inner join p using ({name})"
        )
        in_new = "" if a == own_key else f" union all select {columns}, date '1000-01-01' from new_fact"
        now = all_rows(connection, pairs_of.format(in_new, "new_fact"))[0]
        # in most deliveries hardly a pair is broken, whatever the earlier ones had
        if max(count or 0 for count in now[1::2]) < OTHER_OWNER_MIN:
            continue
        past = all_rows(connection, pairs_of.format("", "known_fact"))[0]
        for place, b in enumerate(targets):
            was, of, count, rows = (
                int(x or 0) for x in (*past[2 * place + 1 : 2 * place + 3], *now[2 * place + 1 : 2 * place + 3])
            )
            # a name that is there once goes with whatever comes; the office's own key with whoever it is of
            is_own = (b == "source_key" or a in ("source_key", own_key)) and b not in learnt
            again = of - (0 if is_own else past[0])
            if again < KNOWN_MIN or 100 * was > BROKEN_PCT * (again if b in learnt else of) or not rows:
                continue
            share = max(0.0, 100 * (count / rows - 2 * was / of))
            fact = f"{b} is another than the one known of the {a}"
            least = OTHER_OWNER_MIN if a == own_key and a != "source_key" else _SELDOM_MIN if own_key else None
            yield Measured("changed_pct", b, fact, count, rows, share, least)


def two_at_once(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> Iterator[Measured]:
    """Codes with two names in one period, and names with two codes, where hardly one ever had: one of them is a row too far.

    In rows in order of the code only the first of each code has its neighbour's name: too few for the limit of other names.
    """
    if not (feed.subject.has_months or feed.subject.has_periods) or is_less(connection, "known_fact", 2 * NAMES_MIN):
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
        new = all_rows(connection, count_of.format("new_fact"))[0]
        # most deliveries have no such rows, whatever the earlier ones had
        if max((now or 0 for now in new[1:]), default=0) < _SELDOM_MIN:
            continue
        known = all_rows(connection, count_of.format("known_fact"))[0]
        if known[0] < NAMES_MIN:
            continue
        for b, was, now in zip(others, known[1:], new[1:], strict=True):
            usual = 3 * ((was or 0) + 1) / known[0]
            count = beyond_chance(now or 0, usual * new[0])
            fact = f"{b} has two values of one {a} within a period, as hardly one had before,"
            share = 100 * max(0.0, count / new[0] - usual)
            yield Measured("never_pct", b, fact, count, new[0], share, _SELDOM_MIN)


def moved_values(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> Iterator[Measured]:
    """Values of a register that are known of another record, where each value always was of one record: a column one row down.

    A former name was the name before: names and former names are looked up together. Of other values a few are taken over, as a
    room is by the next tenant: more than are shared already stop.
    """
    subject = feed.subject
    if "source_key" not in subject.key or subject.has_months or subject.has_periods:
        return
    texts = columns_of(feed).texts
    pools = [[c] for c in texts if c not in (*subject.key, *_NAMES)] + [[c for c in _NAMES if c in texts]]
    for pool in filter(None, pools):
        known_of = " union ".join(f"select source_key, {quote(c)} as v from known_fact" for c in pool)
        owners = f"with k as (select * from ({known_of}) where v is not null), once as (select v from k group by v having count(*) = 1) "
        known, values = all_rows(connection, f"{owners}select count(*), count(distinct v) from k")[0]
        if known < KNOWN_MIN or 100 * values < (100 - BROKEN_PCT) * known:
            continue
        for name in pool:
            moved, rows = all_rows(
                connection,
                f"{owners}, n as (select source_key, {quote(name)} as v from new_fact where {quote(name)} is not null) "
                "select (select count(*) from n semi join once using (v) anti join k using (source_key, v)), (select count(*) from n)",
            )[0]
            fact = f"{name} is the one known of another record"
            least = 3
            if name not in _NAMES:
                moved, least = beyond_chance(moved, 3 * (known - values + 1) / known * rows), _SELDOM_MIN
            yield Measured("never_pct", name, fact, moved, rows, 100 * moved / rows if rows else 0.0, least)


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
        rows = all_rows(connection, "select count(*) from new_pair")[0][0]
        if rows < OTHER_OWNER_MIN:
            continue
        of_new = "and (code in (select code from new_pair) or name in (select name from new_pair))"
        count = all_rows(
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
        if count < OTHER_OWNER_MIN:
            continue
        was, known = all_rows(
            connection,
            f"with known as ({_all_stated()}), own as ({_stated(f'staged.{subject.name}', code, name)} and feed = {literal(feed.name)}) "
            "select count_if(code in (select code from known group by code having count(*) > 1) "
            "and name in (select name from known group by name having count(*) > 1)), count(*) from own",
        )[0]
        if tail(rows - count, rows, 1 - ((was or 0) + 1) / (known + _TYPED_WRONGLY)) < CHANCE:
            fact = f"{code} is of one enterprise and {name} of another"
            yield Measured("changed_pct", name, fact, count, rows, 100.0, OTHER_OWNER_MIN)


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
        if is_less(connection, "new_pair", OTHER_OWNER_MIN):
            continue
        found = []
        for rows in ("from new_pair", own):
            known = _all_stated(f"and feed <> {literal(feed.name)} and code in (select code from own)")
            found += all_rows(
                connection,
                f"with own as ({rows}), known as ({known}) select (select count(*) from own semi join known using (code)), "
                "(select count(*) from own semi join known using (code) anti join known using (code, name))",
            )
            if found[0][1] < OTHER_OWNER_MIN:
                break
        else:
            (rows_now, count), (before, was) = found
            usual = (was + 1) / (before + 2)
            if before >= _CODES_MIN and tail(rows_now - count, rows_now, 1 - usual) < CHANCE:
                fact = f"{name} is none that other feeds know of its {code}"
                yield Measured("changed_pct", name, fact, count, rows_now, 100 * count / rows_now, OTHER_OWNER_MIN)


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
        if (
            all_rows(connection, f"select count(*) from ({new}) where is_left_out and name is not null")[0][0]
            < LOST_MIN
        ):
            continue
        own = names.format(f"staged.{subject.name} where feed = {literal(feed.name)}")
        counts = "select count(*), coalesce(count_if(is_left_out), 0) from ({}) semi join owner using (name)"
        owner = f"with owner as (select name from ({_all_stated()}) group by name having count(distinct code) = 1) "
        (rows, count), (known, was) = (all_rows(connection, owner + counts.format(of))[0] for of in (new, own))
        if known >= _CODES_MIN and tail(rows - count, rows, 1 - (was + 1) / (known + 2)) < CHANCE:
            fact = f"{code} is empty beside a {name} that is known with one,"
            yield Measured("emptied_pct", code, fact, count, rows, 100 * count / rows, LOST_MIN)


def _stated(table: str, code: str, name: str) -> str:
    """As SQL, the codes with their names that a table states; conditions may follow."""
    return (
        f"select distinct upper({quote(code)}) as code, {one_spelling(name)} as name from {table} "
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
