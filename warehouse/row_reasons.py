"""Why a delivered row cannot be used: each reason in words, for its office; rows that have one are quarantined.

A value is a flaw where a column cannot hold it, where it is damaged, a total's or a note's, or where no figure, count, day or
month can be so. What a whole delivery is held to is warehouse/delivery_limits.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb

from warehouse.column_reasons import reject_decimal_commas, reject_lost_zeros, reject_stated_units
from warehouse.connection import literal, quote
from warehouse.damages import damages, has_damage, no_texts, rounded_codes
from warehouse.errors import DeclarationError
from warehouse.kinds import FIGURE_BELOW, MOST_DIGITS, READING
from warehouse.labels import labels
from warehouse.persons import is_code, texts_with_persons
from warehouse.row_comparisons import reject_sums, reject_variants
from warehouse.staged_feed import StagedFeed
from warehouse.state_reasons import reject_states
from warehouse.subjects import LAST_YEAR

# so far an office's clock, or its time zone, may be wrong
_FUTURE = timedelta(days=1)
_YEAR = 12
# people, visits, areas, rents and capital: fewer than none is a sign that was misread, a difference, or a row that takes one back
_NEVER_NEGATIVE = {("_headcount", "_count", "_m2"): "count", ("_rent_amount", "_capital_amount"): "rent or capital"}
# staff and visits of one unit in one month: a phone number in the place of a count is more, and is not shown
_PEOPLE, _PEOPLE_BELOW = ("_headcount", "_count"), 10**8
# day 0 and 1 of spreadsheets, what databases write for an empty date, and programs for a time of 0
_NO_DAYS, _FIRST_DAY_YEAR = "date '1899-12-30', date '1899-12-31', date '1900-01-01', date '1970-01-01'", 1800
# what begins, and what ends it. A lease may be given up, and a tax be paid, before it begins
_IN_ORDER = (
    ("period_start", "period_end"),
    ("start_date", "end_date"),
    ("valid_from_date", "valid_until_date"),
    ("registered_date", "cancelled_date"),
    ("application_date", "published_date"),
    ("stated_date", "first_contact_date"),
    ("stated_date", "closed_date"),
)
# what columns of a row cannot say together, or a ratio by itself: the columns, the one that is shown, the condition and the reason.
# A single day is a period of tax, too (按次申报); programs that leave the last day out write the first of the next month
_NOT_TOGETHER = (
    (
        {"period_start", "period_end"},
        "period_end",
        "day(period_start) = 1 and day(period_end) = 1 and period_end > period_start",
        "is the first day of a month, so that the period ends before it: let stage.sql take a day off: ",
    ),
    (
        {"period_start", "period_end"},
        "period_end",
        "period_start = last_day(period_start) and period_end + 1 = last_day(period_end)",
        "is a day too early, as its beginning is, by another clock: let stage.sql add a day: ",
    ),
    (
        {"floor_area_m2", "lettable_area_m2"},
        "lettable_area_m2",
        "lettable_area_m2 > 2 * floor_area_m2",
        "is more than twice floor_area_m2: ask the office which of the two is right: ",
    ),
    (
        {"plot_ratio"},
        "plot_ratio",
        "plot_ratio > 30",
        "is no plot ratio (a percentage, an area?): let stage.sql reckon, or ask the office: ",
    ),
)
# 2026-09-30T16:00:00Z, 2026-09-30 16:00:00+00, 1790784000, 1790784000000
_OTHER_CLOCK = r":\d\d(?:\.\d+)? ?(?:Z|[+-]00(?::?00)?)$|^1\d{9}(?:\d{3})?$"
# what offices write where there is no figure or day: one of these words, or signs alone
_NOTHING = ("", "无", "暂无", "空", "未报", "未填", "未知", "没有", "待定", "n/a", "na", "null", "none", "nil")
_NO_SIGNS = "-–—―－_＿/／\\.。…·*＊~～?？!！#()（） "
# 3.5万元, 1.2亿, 35000元: what it means is known, whatever the unit of its column is
_OWN_UNIT = r"\d ?(?:[万亿]元?|元)$"
OTHER_UNIT = " states its own unit, and stage.sql reckons with another: let it reckon so only where there is none: "
# what takes whole numbers alone, and what says that a figure is meant to be rounded
_WHOLE_CAST = re.compile(r"(?i)\b(?:u?(?:tiny|small|big|huge)?int(?:eger)?|int[1248]|long)\b")
_ROUNDS = re.compile(r"(?i)\b(?:round(?:_even)?|floor|ceil(?:ing)?|trunc)\s*\(")
_EQUAL = 1e-6
# what puts a figure in the place of what the macros cannot read
_INSTEAD = re.compile(r"(?i)\b(?:coalesce|ifnull|nvl|greatest|else)\b")
_MACROS = r"(?i)\b(?:to_\w+|signed_number)\s*\(\s*"
_PLAIN = r"\d+(?:\.\d+)?"
# the one number of `text`: of 35人, 1,250㎡, (16), 3.5万; NULL of 缺报, and of what has two: 12（含3名）, 3-5, 12,5, 1.234,5
_STATED = r"""coalesce(
    list_transform([signed_number(text)], lambda signed:
        try_cast(rtrim(signed, '万亿') as double) * case right(signed, 1) when '万' then 1e4 when '亿' then 1e8 else 1 end
    )[1],
    list_transform([regexp_extract_all(text, '\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?')], lambda numbers:
        case when len(numbers) = 1 then try_cast(replace(numbers[1], ',', '') as double) end
    )[1]
)"""
# by another column: a factor of its own for each meter
_MULTIPLIES = re.compile(r"[\w)\"]\s*\*\s*[^\s\d.,)]")
_TURNS = re.compile(r"(?i)\babs\b")
# so many of a column's plain figures are multiplied alike, and their sum or cents may differ by this
_ALIKE, _CENT = 0.9, 0.006
NO_FIGURE = (
    " is no plain figure, and stage.sql makes another one of it: let to_amount, to_count or to_quantity read it: "
)
LOST_FRACTION = (
    " has a fraction, which stage.sql loses (a cast to a whole number): another unit, or to be read by to_amount: "
)
SWALLOWED = " is a word that neither codes nor stage.sql names, and comes out as another such word does: list both under codes: "
# 'a', '%a%', '(a|b)' of stage.sql name a and b
_NAMED = re.compile(r"'([^']*)'")
_MOST_WORDS = 200
_NO_WORD = re.compile(r"[%|^$().*?\[\]\\]+")


@dataclass(frozen=True)
class _Flaw:
    """A value that a column of the subject cannot have."""

    column: str
    is_wrong: str
    """As SQL, whether the column's value is one."""
    reason: str
    """Where {} is the value."""
    pick: str = "max"
    """Which value is shown, if one delivered row becomes several."""
    shown: str = "{}::varchar"

    @property
    def found(self) -> str:
        """As SQL over the rows made of one delivered row: such a value, or NULL."""
        return f"{self.pick}(case when {self.is_wrong} then {quote(self.column)} end)"

    def said(self, found: str) -> str:
        """As SQL, the reason with the value that was found, or NULL."""
        before, mark, behind = self.reason.partition("{}")
        pieces = [literal(before), *([self.shown.format(found), literal(behind)] if mark else [])]
        return f"case when {found} is not null then concat({', '.join(pieces)}) end"


def _without_a_figure(feed: StagedFeed) -> list[_Flaw]:
    """A row of nothing but its key is no report: none of its figures, which may each be missing, and no day is there."""
    columns = feed.subject.columns
    figures = [c.name for c in columns.values() if c.type.startswith(("bigint", "decimal"))]
    times = [c for c in ("month", "period_start") if c in columns]
    if not times or not figures or any(columns[c].is_required for c in figures):
        return []
    days = [c.name for c in columns.values() if c.type == "date" and c.name not in times]
    lacks = " and ".join(f"{quote(c)} is null" for c in (*figures, *days))
    reason = f"of {{}} it states no figure ({', '.join(figures)}), and is no report: leave such rows out (skip_because)"
    return [_Flaw(times[0], lacks, reason, shown="strftime({}, '%Y-%m')")]


def _flaws(feed: StagedFeed, until: datetime | None) -> list[_Flaw]:
    """What figures, counts, readings, days and months cannot be, in the order in which it is shown."""
    columns, allow = feed.subject.columns, feed.allow
    figures = [c.name for c in columns.values() if c.type.startswith(("bigint", "decimal"))]
    readings = {c: kind for c, kind in feed.figures.items() if kind.kind == READING}
    own = [c for c in figures if feed.figures.get(c) is None]
    times = [c for c in ("month", "period_start") if c in columns]
    days = [c.name for c in columns.values() if c.type == "date" and c.name not in times]
    flaws = [
        _Flaw(
            c,
            f"{quote(c)} not between {1 - FIGURE_BELOW} and {FIGURE_BELOW - 1}",
            f"{c} is {FIGURE_BELOW:.0e} or more, which is no figure: {{}}",
        )
        for c in figures
    ]
    flaws += [
        _Flaw(c, f"{quote(c)} < 0", f"{c} is negative, which no {what} is: {{}}", pick="min")
        for endings, what in _NEVER_NEGATIVE.items()
        for c in own
        if c.endswith(endings)
    ]
    flaws += [
        _Flaw(
            c,
            f"{quote(c)} < 0 or {quote(c)} >= {10 ** (kind.digits or MOST_DIGITS)}",
            f"{c} is negative or has more digits than its meter (figures): {{}}",
        )
        for c, kind in readings.items()
    ]
    flaws += [
        _Flaw(c, f"{quote(c)} >= {_PEOPLE_BELOW}", f"{c} is {_PEOPLE_BELOW:.0e} or more, which is no count")
        for c in own
        if c.endswith(_PEOPLE)
    ]
    flaws += [
        _Flaw(
            c,
            f"{quote(c)} in ({_NO_DAYS}) or year({quote(c)}) < {_FIRST_DAY_YEAR}",
            f"{c} is {{}}, which programs write for no date: list it under missing",
            pick="min",
        )
        for c in days
    ]
    flaws += [
        _Flaw(
            c,
            f"{quote(c)} not between {month_window(feed, until)}",
            f"{c} is {{}}, before {allow.first_year} or after this delivery (allow.first_year, allow.months_ahead)",
            shown="strftime({}, '%Y-%m')",
        )
        for c in times
    ]
    if "year_number" in columns:
        reason = f"year_number is {{}}, before {allow.first_year} (allow.first_year): a year of two digits, or of another calendar"
        flaws.append(_Flaw("year_number", f"year_number < {allow.first_year}", reason, pick="min"))
    if feed.subject.about != "enterprise":  # others are judged when they are matched, by their check digits
        flaws += [
            _Flaw(
                c,
                f"length({quote(c)}) = 18 and left({quote(c)}, 1) = '9' and {quote(c)} <> translate({quote(c)}, 'IOSVZ', '')",
                f"{c} has a letter that no credit code has (I, O, S, V or Z): ask the office for it: {{}}",
            )
            for c in columns
            if c.endswith(("uscc", "taxpayer_no"))
        ]
    flaws += [
        _Flaw(c, f"{quote(c)} > {day}", f"{c} is {{}}, {why}") for c, (day, why) in _latest_days(feed, until).items()
    ]
    flaws += [
        _Flaw(c, is_wrong, f"{c} {reason}{{}}")
        for needed, c, is_wrong, reason in _NOT_TOGETHER
        if needed <= columns.keys()
    ]
    flaws += [
        _Flaw(last, f"{last} < {first}", f"{last} is {{}}, before {first}", pick="min")
        for first, last in _IN_ORDER
        if {first, last} <= columns.keys()
    ]
    return [*flaws, *_without_a_figure(feed)]


def judgement_sql(feed: StagedFeed, until: datetime | None = None, *, is_damaged: bool = True) -> str:
    """The SELECT of rejected rows: row_number and reason, from `delivery`, `recorded` and `candidate`.

    A row is rejected where stage.sql gives nothing for it, where a required column has no value in all that is made of it,
    where the source had a value and a column that it feeds has none, where a value is damaged or a total's, where a fact of the
    feed does not hold, where a column has a value that it cannot have (`_flaws`), or where the office recorded it more than a
    day after the pull's end (`until`, naive UTC): no correction would ever be later than that. Damage is looked for in each
    cell only where `is_damaged`: most deliveries have none, and their patterns cost more than all else here.
    """
    of_codes = [
        _Flaw(c, f"regexp_matches({quote(c)}, {literal(pattern)})", f"{c}{reason}{{}}", shown="left({}, 60)")
        for columns, pattern, reason in no_texts(feed)
        for c in (columns if is_damaged else ())
    ]
    flaws = [*of_codes, *_flaws(feed, until)]
    found = "".join(f", {flaw.found} as flaw_{number}" for number, flaw in enumerate(flaws))
    said = [flaw.said(f"g.flaw_{number}") for number, flaw in enumerate(flaws)]
    required = [c.name for c in feed.subject.columns.values() if c.is_required]
    pairs = [(source, target) for source in feed.landed_columns for target in feed.columns.get(source, ())]
    seen = sorted({target for _, target in pairs} | set(required))
    has = "".join(f", bool_or({quote(c)} is not null) as {quote('has_' + c)}" for c in seen)
    lacks = "".join(
        f", coalesce(bool_or({quote(c)} is null) filter (skip_because is null), false) as {quote('lacks_' + c)}"
        for c in required
    )
    reasons = [_unread(feed, source, target) for source, target in pairs]
    reasons += [*damages(feed), *rounded_codes(feed), *said[: len(of_codes)]] if is_damaged else []
    reasons += [
        f"case when not ({condition}) then {literal(f'it does not hold that {fact} (facts)')} end"
        for fact, condition in feed.facts.items()
    ]
    if feed.recorded_at:
        time = f"d.{quote(feed.recorded_at)}"
        reasons.append(
            f"case when {time} is not null and r.recorded_at is null "
            f"then {literal(f'{feed.recorded_at} cannot be read as a time: ')} || left({time}::varchar, 60) end"
        )
        if until:
            reasons.append(
                f"case when r.recorded_at > timestamp {literal(str(until + _FUTURE))} "
                f"then {literal(f'{feed.recorded_at} is in the future: ')} || left({time}::varchar, 60) end"
            )
    reasons += said[len(of_codes) :]
    for column in required:
        sources = [source for source, target in pairs if target == column]
        empty = " and ".join(f"d.{quote(source)} is null" for source in sources) or "true"
        origin = f" ({', '.join(sources)} is empty)" if sources else ""
        reasons.append(
            f"case when not g.{quote('has_' + column)} and {empty} then {literal(f'no {column}{origin}')} "
            f"when g.{quote('has_' + column)} and g.{quote('lacks_' + column)} "
            f"then {literal(f'no {column} in one of the rows made of it')} end"
        )
    return (
        f"with given as (select row_number, bool_and(skip_because is not null) as is_skipped{has}{lacks}{found} "
        "from candidate group by row_number), "
        "judged as (select d.row_number, case when g.row_number is null then 'stage.sql gives no row for it' "
        f"when g.is_skipped then '' else concat_ws('; ', {', '.join(reasons)}) end as reason "
        "from delivery as d left join recorded as r using (row_number) left join given as g using (row_number)) "
        "select row_number, reason from judged where reason <> ''"
    )


def _unread(feed: StagedFeed, source: str, target: str) -> str:
    """As SQL, that the office's value is there and its target is empty, with a hint where the value is a usual one."""
    value = f"d.{quote(source)}::varchar"
    # neither a pattern nor an IN for each column: they cost more than all other reasons of a small delivery
    bare = f"concat('|', lower(trim({value}, {literal(_NO_SIGNS)})), '|')"
    is_nothing = f"contains({literal('|'.join(('', *_NOTHING, '')))}, {bare})"
    hints = [(is_nothing, " (list it under missing where it means no value)")]
    if getattr(feed.subject.columns.get(target), "type", "") == "date":
        is_other_clock = f"regexp_matches({value}, {literal(_OTHER_CLOCK)})"
        hints.append((is_other_clock, " (a time of UTC or since 1970: docs/feeds.md, to_date)"))
    if target.endswith("_date"):
        text = f"trim({value})"
        day_first = " or ".join(f"{text} like '{form}'" for form in ("__/__/____", "__.__.____", "__-__-____"))
        hints.append((day_first, " (day or month first: ask the office which, and let stage.sql read it by strptime)"))
        month = " or ".join(f"{text} like '{form}'" for form in ("____-__", "____.__", "____/__", "____年%月"))
        hints.append((month, " (a month without a day: let to_month give its first day, where that is near enough)"))
    hint = "".join(f" || case when {condition} then {literal(text)} else '' end" for condition, text in hints)
    return (
        f"case when d.{quote(source)} is not null and not g.{quote('has_' + target)} "
        f"then {literal(f'{source} cannot be read as {target}: ')} || left({value}, 60){hint} end"
    )


def month_window(feed: StagedFeed, until: datetime | None) -> str:
    """As SQL, from when until when a fact's month may be: a whole period ahead, where the feed has longer ones."""
    ahead = max(feed.allow.months_ahead, feed.period_months or 1)
    last = f"date {literal(str(until.date()))} + interval {ahead} month" if until else f"date '{LAST_YEAR}-12-31'"
    return f"date '{feed.allow.first_year:04}-01-01' and {last}"


def _latest_days(feed: StagedFeed, until: datetime | None) -> dict[str, tuple[str, str]]:
    """As SQL, until which day each date may be, and what a later one is."""
    allow, subject = feed.allow, feed.subject
    if not until:
        return {}
    pulled = f"date {literal(str(until.date()))}"
    found = {}
    for c in subject.columns.values():
        if c.name == "year_number":
            found[c.name] = (str(until.year), "after this delivery: its year has not begun")
        if c.type != "date" or c.name in ("month", "period_start"):
            continue
        if c.name in subject.past:
            found[c.name] = (f"{pulled} + 1", "after this delivery: it cannot have happened")
        elif c.name == "period_end":  # a year's tax may be stated, and paid, when the year begins
            months = max(allow.months_ahead, feed.period_months or 0, _YEAR)
            found[c.name] = (f"{pulled} + interval {months} month", f"{months} months or more after this delivery")
        else:
            found[c.name] = (
                f"{pulled} + interval {allow.years_ahead} year",
                f"more than {allow.years_ahead} years ahead (allow.years_ahead, or list it under missing where it means no date)",
            )
    return found


def judge(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, until: datetime | None = None) -> None:
    """Make the table `rejected` of a delivery that stage.sql was run over: row_number and reason (judgement_sql).

    Raises:
        DeclarationError: A fact that the feed declares is no condition.
    """
    judgement = judgement_sql(feed, until, is_damaged=has_damage(connection, feed))
    try:
        connection.execute(f"create or replace temp table rejected as {judgement}")
    except duckdb.Error as error:
        if not feed.facts:
            raise
        raise DeclarationError(
            f"{feed.name}/feed.yml",
            f"facts cannot be asked: {' '.join(str(error).split())[:300]}",
            next_step="write each as a condition on the columns of the delivery, with try_cast where it needs a number",
        ) from error
    types = {name: kind for name, kind, *_ in connection.execute("describe delivery").fetchall()}
    _reject_other_units(connection, feed, types)
    _reject_lost_fractions(connection, feed, types)
    _reject_no_figures(connection, feed, types)
    _reject_swallowed_words(connection, feed, types)
    reject_states(connection, feed, until)
    reject_stated_units(connection, feed, types)
    reject_decimal_commas(connection, feed, types)
    reject_lost_zeros(connection, feed)
    reject_sums(connection, feed)
    reject_variants(connection, feed)


def _reject_lost_fractions(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, types: Mapping[str, str]) -> None:
    """Reject rows of which a cast to whole numbers lost the fraction: try_cast('100.57' as bigint) * 0.01 is 1.01.

    So it is where fens become yuan. Where stage.sql rounds by a word it is meant.
    """
    if not _WHOLE_CAST.search(feed.stage_sql) or _ROUNDS.search(feed.stage_sql):
        return
    figures = {c.name for c in feed.subject.columns.values() if c.type.startswith(("bigint", "decimal"))}
    for source in (
        s for s in feed.landed_columns if types[s] == "VARCHAR" or types[s].startswith(("DECIMAL", "DOUBLE"))
    ):
        for target in figures & {*feed.columns.get(source, ())}:
            value = f"try_cast(replace(d.{quote(source)}::varchar, ',', '') as double)"
            # what the cast gave, times what stage.sql reckons: 0.01, 1, 10,000
            times = "10 ** round(log10(abs(made / round(value))))"
            is_lost = f"(abs(abs(made) - abs(round(value)) * {times}) < {_EQUAL} and abs(abs(made) - abs(value) * {times}) > {_EQUAL})"
            connection.execute(
                f"insert into rejected with f as (select d.row_number, d.{quote(source)}::varchar as text, {value} as value, "
                f"c.{quote(target)}::double as made from delivery as d inner join candidate as c using (row_number) "
                f"where {value} <> trunc({value}) and abs({value}) >= 0.5 and c.skip_because is null and c.{quote(target)} <> 0) "
                f"select distinct row_number, {literal(source + LOST_FRACTION)} || text from f "
                f"where (select bool_and({is_lost}) from f) and {is_lost}"
            )


def _reject_no_figures(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, types: Mapping[str, str]) -> None:
    """Reject rows of which stage.sql makes a figure that the office did not state.

    So do coalesce(try_cast(…), 0) of 缺报, and what takes the digits out of a text: 12（含3名） is no 123, (500) no 500 and 12,5 no
    125. What other texts of the column are multiplied by is right, 666.67 of 12亩, and so is a text that stage.sql names.
    """
    figures = {c.name for c in feed.subject.columns.values() if c.type.startswith(("bigint", "decimal"))}
    sources = {t: [s for s in feed.landed_columns if t in feed.columns.get(s, ())] for t in figures}
    pairs = [(given[0], target) for target, given in sources.items() if len(given) == 1]
    pairs = [(source, target) for source, target in pairs if types[source] == "VARCHAR" and source not in feed.codes]
    pairs = [(s, t) for s, t in pairs if _INSTEAD.search(feed.stage_sql) or not _is_read_by_macros(s, feed.stage_sql)]
    odd = " or ".join(f"not regexp_full_match(d.{quote(source)}, {literal(_PLAIN)})" for source, _ in pairs)
    if not pairs or not connection.execute(f"from delivery as d where {odd} limit 1").fetchone():
        return
    turns, multiplies = (bool(way.search(feed.stage_sql)) for way in (_TURNS, _MULTIPLIES))
    for source, target in pairs:
        is_by_hand = not _is_read_by_macros(source, feed.stage_sql) and not multiplies
        connection.execute(
            f"""
            insert into rejected
            with figure as (
                select
                    d.row_number, plain_text(d.{quote(source)}) as text, c.{quote(target)}::double as made,
                    {_STATED} as stated, regexp_full_match(text, $plain) as is_plain,
                    count(*) over (partition by d.row_number) as made_rows
                from delivery as d
                inner join candidate as c using (row_number)
                where c.skip_because is null and made is not null
            ),
            -- a unit of thousands, fen for yuan: what plain figures are multiplied by, others are, too
            multiplied as (
                select coalesce(median(made / stated) filter (is_plain), median(made / stated)) as times
                from figure
                where stated <> 0
            ),
            -- a figure may count as it is where it states its own unit
            compared as (
                select
                    *, least(abs(abs(made) - abs(stated * times)), abs(made - stated)) <= {_CENT} + abs(made) * {_EQUAL} as is_same,
                    {not turns} and stated < 0 and made > 0 and times > 0 as is_turned
                from figure
                cross join multiplied
            ),
            usual as (
                select coalesce(avg(is_same::int) filter (is_plain), avg(is_same::int)) >= {_ALIKE} as is_alike
                from compared
                where stated <> 0
            )
            select row_number, $reason || left(text, 60)
            from compared
            cross join usual
            where made_rows = 1 and not is_plain and not contains($stage_sql, chr(39) || text || chr(39)) and (
                stated is null or (made = 0 and stated <> 0) or ({is_by_hand} and is_alike and (not is_same or is_turned))
            )
            """,
            {"plain": _PLAIN, "reason": source + NO_FIGURE, "stage_sql": feed.stage_sql},
        )


def _is_read_by_macros(source: str, sql: str) -> bool:
    """Return whether a column is read by macros alone: what they make of a figure is right."""
    name = rf'(?<!\w)"?{re.escape(source)}"?(?!\w)'
    return len(re.findall(name, sql)) == len(re.findall(rf"{_MACROS}{name}\s*\)", sql))


def _reject_swallowed_words(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, types: Mapping[str, str]) -> None:
    """Reject rows with one of several words that stage.sql makes the same code of, and names none of.

    So does an ELSE, and 空置 = '是' where the office writes 空置 and 使用 from today on: one of them may be the other answer.
    """
    known, closed = labels(), []
    is_cast = re.search(r"(?i)\bbool", feed.stage_sql)
    for column in feed.subject.columns.values():
        sources = [source for source in feed.landed_columns if column.name in feed.columns.get(source, ())]
        if column.type == "boolean" or (column.name in known and known[column.name].codes):
            closed += [
                (source, column.name)
                for source in sources
                if len(sources) == len(feed.columns[source]) == 1 and source not in feed.codes
            ]
    pieces = {piece for text in _NAMED.findall(feed.stage_sql) for piece in _NO_WORD.split(text.casefold())} - {""}
    for source, target in ((source, target) for source, target in closed if types[source] == "VARCHAR"):
        value, made = f"d.{quote(source)}", f"c.{quote(target)}::varchar"
        is_other = f"lower({value}) <> {made}"
        if feed.subject.columns[target].type == "boolean":
            is_other = f"try_cast({value} as boolean)::varchar is distinct from {made}" if is_cast else "true"
        words: dict[str, list[str]] = {}
        for word, code in connection.execute(
            f"select distinct {value}, {made} from delivery as d inner join candidate as c using (row_number) "
            f"where {value} is not null and {made} is not null and {is_other} and c.skip_because is null limit {_MOST_WORDS}"
        ).fetchall():
            if not any(piece in word.casefold() for piece in pieces):
                words.setdefault(code, []).append(word)
        odd = [word for alike in words.values() if len(alike) > 1 for word in alike]
        if odd:
            connection.execute(
                f"insert into rejected select row_number, {literal(source + SWALLOWED)} || left({value}, 60) from delivery as d "
                f"where list_contains(?, {value})",
                [odd],
            )


def _reject_other_units(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, types: Mapping[str, str]) -> None:
    """Reject rows with a figure that states its own unit, where stage.sql makes another figure of it: 3.5万元 in a column of 万元."""
    amounts = [c.name for c in feed.subject.columns.values() if c.type.startswith(("bigint", "decimal"))]
    pairs = [
        (s, t) for s in feed.landed_columns if types[s] == "VARCHAR" for t in feed.columns.get(s, ()) if t in amounts
    ]
    own = {source: f"regexp_matches(d.{quote(source)}, {literal(_OWN_UNIT)})" for source, _ in pairs}
    if not own or not connection.execute(f"from delivery as d where {' or '.join(own.values())} limit 1").fetchone():
        return
    for source, target in pairs:
        made = f"c.{quote(target)}"
        connection.execute(
            f"insert into rejected select d.row_number, {literal(source + OTHER_UNIT)} || d.{quote(source)} from delivery as d "
            f"inner join candidate as c using (row_number) where {own[source]} and c.skip_because is null "
            f"group by d.row_number, d.{quote(source)} having bool_and({made} <> to_amount(d.{quote(source)}))"
        )


def quarantine_persons(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> None:
    """Reject rows with a natural person: what was landed before a detector was known, and what stage.sql puts together."""
    columns = {}
    for target in (c.name for c in feed.subject.columns.values() if c.type == "varchar"):
        sources = [source for source, targets in feed.columns.items() if target in targets]
        columns[target] = is_code(target) or bool(sources and feed.code_columns.issuperset(sources))
    for target, kinds in texts_with_persons(connection, "candidate", columns).items():
        for text, kind in kinds.items():
            connection.execute(
                f"insert into rejected select distinct row_number, ? from candidate where {quote(target)} = ?",
                [f"{target} holds a person ({kind})", text],
            )
        if target in feed.subject.key:  # its key would name the person wherever an unread fact is kept
            connection.execute(f"delete from candidate where {quote(target)} in (select unnest(?))", [list(kinds)])
