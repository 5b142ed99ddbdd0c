"""Hold a delivery's keys against those that are known: one record under two spellings, and record numbers of other enterprises.

A key that differs from another by blanks, case, width, dashes or zeros before it is, for us, another record: it begins anew, and what was
known ends. A record number that another feed of the office also has is of the same enterprise in both.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from warehouse.connection import literal, quote, the_row
from warehouse.precedents.measured import CHANCE, Measured, beyond_chance, tail
from warehouse.staged_feed import StagedFeed
from warehouse.subjects import subjects

# two feeds have the numbers of one register where so many of them go with one code in both, but for so many in a hundred
_SHARED_MIN, _OTHERS_PCT = 10, 5
_OTHER_CODES_MIN = 3
# one or two, or one in a thousand, are typed by hand (3 of 2.6 million in a national register); the rule
# record_numbers_are_spelt_one_way lists them
_RESPELLED_MIN, _TYPED_OF = 3, 1000
# a program keeps 15 to 17 digits of a number: of five codes of 18 digits one in 100,000 times all end in 0
_ROUNDED_MIN, _KEPT_DIGITS = 5, 17


def respelled(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, table: str, number: int) -> Iterator[Measured]:
    """New keys that are another one's, but for blanks, case, width, dashes or zeros before it.

    Names are no such keys, as resolution joins their spellings: a partner's in a feed of trade, or any key without a digit. Batch
    `number` of incoming.<feed> (`table`) may be the feed's first: two rows of one delivery count as well. Where earlier keys differ
    so little, as those of some programs do, only more than these are.
    """
    columns = feed.subject.columns
    texts = [c for c in feed.subject.key if c == "source_key" or c.endswith(("_no", "_code"))]
    keys = {"source_key": ["source_key"]} if "source_key" in columns else {}
    if texts and texts != ["source_key"]:
        keys[texts[0] if "source_key" not in columns else ", ".join(texts)] = texts
    for name, parts in keys.items():
        value = f"concat_ws(chr(31), {', '.join(map(quote, parts))})"
        known = (
            f"select distinct {value} as key from staged.{feed.subject.name} where feed = {literal(feed.name)} "
            f"and superseded_at is null union select distinct {value} from {table} where batch_number < {number}"
        )
        found = the_row(
            connection,
            f"with k as ({known}), n as (select distinct {value} as key from {table} where batch_number = {number} except from k), "
            "spelt as (select key, plain_record_number(key) as plain, false as is_new from k where exists (from n) "
            "union all select key, plain_record_number(key), true from n), "
            "numbered as (from spelt where regexp_matches(key, '\\pN')), "
            "twice as (select count(*) as spellings, count_if(is_new) as new from numbered group by plain having count(*) > 1) "
            "select count_if(new > 0), count_if(spellings - new > 1), (select count(*) from n), (select count(*) from k) from twice",
        )
        count, was, rows, before = (int(x or 0) for x in found)
        if count := beyond_chance(count, was * rows / before if before else 0):
            fact = f"{name} is another one's but for blanks, case, width, dashes or zeros before it"
            yield Measured("never_pct", name, fact, count, rows, 100.0, max(_RESPELLED_MIN, rows // _TYPED_OF))


def rounded(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, table: str, number: int) -> Iterator[Measured]:
    """Long keys that all end in zeros, as at most half of the earlier ones did: a program took them for numbers.

    Several may have become one.
    """
    for name in (c for c in feed.subject.key if c == "source_key" or c.endswith("_no")):
        value = quote(name)
        is_long = f"regexp_full_match({value}, '\\d{{{_KEPT_DIGITS + 1},}}')"
        asked = f"select count(distinct {value}), count(distinct {value}) filter ({value} like '%0') from"
        total, odd = the_row(connection, f"{asked} {table} where {is_long} and batch_number = {number}")
        if odd < max(total, _ROUNDED_MIN):
            continue
        staged = f"staged.{feed.subject.name} where {is_long} and feed = {literal(feed.name)}"
        known, known_odd = the_row(connection, f"{asked} {staged}")
        if 2 * known_odd <= known:
            fact = f"{name} has {_KEPT_DIGITS + 1} digits or more, and ends in 0 (rounded by a program that took it for a number?),"
            yield Measured("never_pct", name, fact, odd, total, 100.0, _ROUNDED_MIN)


def other_enterprises(
    connection: duckdb.DuckDBPyConnection, feed: StagedFeed, table: str, number: int
) -> Iterator[Measured]:
    """Record numbers with the credit code of another enterprise than the one that another feed has under this number."""
    subject = feed.subject
    if not {"source_key", "uscc"}.issubset(subject.columns):
        return
    pair = "select distinct source_key as key, upper(uscc) as code from {} where uscc is not null"
    others = " union ".join(
        f"select feed, source_key as key, upper(uscc) as code from staged.{s.name} where feed <> {literal(feed.name)} and uscc is not null"
        for s in subjects().values()
        if {"source_key", "uscc"} <= set(s.columns)
    )
    own = f"{pair.format(f'staged.{subject.name}')} and feed = {literal(feed.name)}"
    new = f"{pair.format(table)} and batch_number = {number}"
    for office, known, was, rows, count in connection.execute(
        f"with others as ({others}), own as ({own}), new as ({new} except from own), "
        "there as (select distinct feed, key from others), "
        "past as (select feed, count(*) as n, count_if((feed, key, code) not in (from others)) as odd "
        "from own inner join there using (key) group by 1), "
        "now as (select feed, count(*) as n, count_if((feed, key, code) not in (from others)) as odd "
        "from new inner join there using (key) group by 1) "
        "select feed, p.n, p.odd, n.n, n.odd from past as p inner join now as n using (feed) order by 1"
    ).fetchall():
        if known < _SHARED_MIN or 100 * was > _OTHERS_PCT * known or count < _OTHER_CODES_MIN:
            continue
        if tail(rows - count, rows, 1 - (was + 1) / (known + 2)) < CHANCE:
            fact = f"uscc is another than the one that {office} has under this source_key"
            yield Measured("changed_pct", "source_key", fact, count, rows, 100.0, _OTHER_CODES_MIN)
