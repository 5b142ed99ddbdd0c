"""The kinds of figures that offices state, and the views known.<subject>, in which every figure is of its own period.

A feed declares `figures: {used_quantity: reading}`. Its staged rows keep the figure as delivered, because a restatement of one
month changes the next one's difference as well. The difference is taken here alone, where a night reads what it knows, so
that every model sees figures of periods (docs/decisions/0023). Each report is held against the report before it of the same
feed and series (the subject's key without its time); a month that was never reported is no zero:

* year_to_date: less the report before it of the same year; the first report of a year counts from 1 January.
* reading: less the report before it, times the meter's multiplier (meter_factor) where the subject has one and the row states it;
  the first one gives no figure.

A subject with periods gets the period of the difference. In a subject with months a difference of several months is no
figure. What is no figure is NULL in known.<subject>. known.differenced_figure has every figure of such feeds, with the
reason where it is none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import duckdb

from warehouse.subjects import LINEAGE, STAGED_ONLY, Column, Subject, month_of_fact, subjects

FLOW, YEAR_TO_DATE, READING = KINDS = ("flow", "year_to_date", "reading")
# of a meter: it turned over where the reading before is in the last tenth of its digits and the new one in the first
MOST_DIGITS = 12
# the multiplier of a meter 倍率
FACTOR = "meter_factor"
# a figure of so much or more, of whatever sign, is no figure: a column slip. Models count on it: sums, differences and ratios of
# smaller ones fit their decimal(30, …), and their products by 100 a bigint
FIGURE_BELOW = 10**14
DIFFERENCED = "known.differenced_figure"


# of a header: 本年累计, 本年销售额, 1-9月销售额, 1至本月累计, 截至9月末; 本期示数, 表底, 抄见数. 本月累计 is a month's own figure
_TO_DATE = re.compile(
    r"(?<!本月)(?<!当月)(?<!本期)(?<!本季)累计(?!折旧)|[本当]年(?![度末初])|今年|年初至|(?<!\d)0?1月?[-~～—–至到](?:本|当|\d{1,2})月"
    r"|[截至][止至]?(?:[本当]|\d{1,2})月|年累(?!计)|year.?to.?date|\bytd",
    re.IGNORECASE,
)
_READINGS = re.compile(
    r"示[数值]|读数|表[底显码]|[止码抄]数|[止表]码|止度|抄[见表]数|[本末]次抄见|[本末][期次月]指数|\breading",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class FigureKind:
    """What a feed states in one column: `kind` of KINDS, and the digits of a meter, where it says so."""

    kind: str
    digits: int | None = None


def figure_columns(subject: Subject) -> tuple[Column, ...]:
    """The columns that may be of another kind than a period's figure: measured, of a time, and no stock."""
    if not (subject.has_months or subject.has_periods):
        return ()
    return tuple(
        column
        for column in subject.columns.values()
        if column.type.startswith(("bigint", "decimal")) and column.name not in (*subject.key, *subject.stocks)
    )


def kind_by_name(name: str) -> str:
    """What a figure is by its header, of KINDS."""
    return READING if _READINGS.search(name) else YEAR_TO_DATE if _TO_DATE.search(name) else FLOW


def series(subject: Subject) -> tuple[str, ...]:
    """The columns that two reports share which are subtracted from each other, besides their feed.

    They hold the source's key of the enterprise wherever there is one: a changed row changes figures of that enterprise alone.
    """
    if _has_times_in_key(subject):
        return tuple(c for c in subject.key if c not in ("month", "period_start", "period_end"))
    return tuple(c for c in subject.columns if c == "source_key" or c.endswith("_code"))


def _has_times_in_key(subject: Subject) -> bool:
    """False for a subject of events with numbers and days of their own, such as payments."""
    return subject.has_months or "period_end" in subject.key


def declared_kinds(connection: duckdb.DuckDBPyConnection) -> str:
    """All declared kinds as one text, for those who must notice that one was changed."""
    return str(connection.execute("select * from ops.figure_kind order by all").fetchall())


def known_views() -> dict[str, str]:
    """The SELECT of known.<subject> of every subject, of known.differenced_figure, and of what both are made of.

    DuckDB reads the text of every view whenever it opens a file: the differences of a subject are written once, in
    known.<subject>_differenced.
    """
    every = subjects().values()
    differenced = {_differenced_name(subject): _differenced(subject) for subject in every if figure_columns(subject)}
    shown = {f"known.{subject.name}": _known(subject) for subject in every}
    figures = (_figures(subject) for subject in every if figure_columns(subject))
    return differenced | shown | {DIFFERENCED: " union all ".join(figures)}


def _differenced_name(subject: Subject) -> str:
    return f"known.{subject.name}_differenced"


def _rows(subject: Subject) -> str:
    return (
        f"from staged.{subject.name} as s cross join ops.night as n where s.received_at <= n.as_of "
        "and (s.superseded_at is null or s.superseded_at > n.as_of)"
    )


def _known(subject: Subject) -> str:
    """What was known as of the night; of feeds that declare a kind, with differences."""
    plain = f"select s.* exclude ({', '.join(STAGED_ONLY)}) {_rows(subject)}"
    figures = figure_columns(subject)
    if not figures:
        return plain
    exact = {column.name: f"case when {column.name}_reason is null then {column.name}_value end" for column in figures}
    if subject.has_periods:
        exact["period_start"] = "coalesce(start_of_figure, period_start)"
    types = {name: column.type for name, column in subject.columns.items()} | LINEAGE
    listed = ", ".join(f"cast({exact.get(c, c)} as {kind}) as {c}" for c, kind in types.items())
    return (
        f"{plain} and s.feed not in (select feed from ops.figure_kind where subject = '{subject.name}') "
        f"union all select {listed} from {_differenced_name(subject)}"
    )


def _figures(subject: Subject) -> str:
    """One row is one figure of a feed with declared kinds: as delivered, its difference, and why that is no period's figure."""
    source = "source_key" if "source_key" in subject.columns else "cast(null as varchar)"
    month, months = month_of_fact(subject)
    figures = ", ".join(
        f"{{column_name: '{c.name}', delivered_value: cast({c.name} as decimal(30, 3)), "
        f"difference: cast({c.name}_value as decimal(30, 3)), reason_code: {c.name}_reason}}"
        for c in figure_columns(subject)
    )
    return (
        f"select '{subject.name}' as subject, feed, source_key, month, period_months, f.column_name, f.delivered_value, "
        f"f.difference, figure_months, f.reason_code from (select feed, {source} as source_key, {month} as month, "
        f"{months} as period_months, cast(figure_months as bigint) as figure_months, unnest([{figures}]) as f "
        f"from {_differenced_name(subject)}) where f.delivered_value is not null"
    )


def _differenced(subject: Subject) -> str:
    """Known rows of feeds with a declared kind, and per figure <name>_value and <name>_reason.

    The reasons: `several` reports of one time, `nothing_before` to subtract, `factor` (a meter's multiplier is another than
    before), `fall` (it cannot fall, and did), `gap` (the difference is of more than the row's own time). start_of_figure is
    the first day of what the difference covers, where the row takes that as its period.
    """
    figures = [column.name for column in figure_columns(subject)]
    end = "month" if subject.has_months else "period_end"
    listed = ", ".join(f"s.{column}" for column in (*subject.columns, *LINEAGE))
    kinds = ", ".join(
        f"max(case when column_name = '{c}' then kind_code end) as {c}_kind, "
        f"max(case when column_name = '{c}' then digits end) as {c}_digits"
        for c in figures
    )
    kind = ", ".join(f"k.{c}_kind, k.{c}_digits" for c in figures)
    is_running = {c: f"{c}_kind in ('{YEAR_TO_DATE}', '{READING}')" for c in figures}
    is_report = " or ".join(f"({is_running[c]} and {c} is not null)" for c in figures)
    has_flow = " or ".join(f"(coalesce({c}_kind, '{FLOW}') = '{FLOW}' and {c} is not null)" for c in figures)
    same = ", ".join(("feed", *series(subject)))
    factor = f"coalesce({FACTOR}, 1)" if FACTOR in subject.columns else ""
    packed = ", ".join(f"{c}: {c}" for c in (end, *figures, *([FACTOR] if factor else [])))
    known = (
        f"select {listed}, {kind} from (select s.* {_rows(subject)}) as s inner join (select feed, {kinds} "
        f"from ops.figure_kind where subject = '{subject.name}' group by feed) as k on s.feed = k.feed"
    )
    # a row without any running figure is no report: it neither has a difference nor ends one
    counted = (
        f"select *, coalesce({is_report}, false) as is_report, coalesce({has_flow}, false) as has_flow, count(*) filter "
        f"({is_report}) over (partition by {same}, {end}) as reports_of_time from ({known})"
    )
    report = f"case when is_report and reports_of_time = 1 then {{{packed}}} end"
    last_factor = f"last_value({FACTOR} ignore nulls) over so_far" if factor else "null"
    before = (
        f"select *, case when is_report then lag({report} ignore nulls) over so_far end as before, "
        f"case when is_report then lag({report}, 2 ignore nulls) over so_far end as earlier, {last_factor} as last_factor "
        f"from ({counted}) window so_far as (partition by {same} order by {end})"
    )
    step = "cast(before.month + interval '1 month' as date)" if subject.has_months else "before.period_end + 1"
    new_year = f"make_date(year({end}), 1, 1)"
    is_same_year = f"coalesce(year(before.{end}) = year({end}), false)"
    is_reading = " or ".join(f"{c}_kind = '{READING}'" for c in figures)
    start = f"case when is_same_year or coalesce({is_reading}, false) then {step} else {new_year} end"
    placed = f"select *, {is_same_year} as is_same_year, {new_year} as new_year_date from ({before})"
    if subject.has_months:
        # each column covers its own months: a reading since the last one, a figure to date since the year began
        starts = ", ".join(
            f"case when {c}_kind = '{READING}' or is_same_year then {step} else new_year_date end as {c}_start"
            for c in figures
        )
        covered = f"select *, {starts} from ({placed})"
    else:
        starts = ", ".join(f"covered_start as {c}_start" for c in figures)
        covered = f"select *, {starts} from (select *, {start} as covered_start from ({placed}))"
    # a wide type, because a product of the columns' own overflows
    wide = f"cast({{}} as decimal(28, 3)) * {factor}" if factor else "{}"
    values = ", ".join(
        f"case when not coalesce({is_running[c]} and is_report, false) then {c} "
        f"when {c}_kind = '{YEAR_TO_DATE}' and not is_same_year then {c} "
        f"when {_turned_over(c)} then {wide.format(f'{c} + cast(pow(10, {c}_digits) as bigint) - before.{c}')} "
        f"when {c}_kind = '{READING}' then {wide.format(f'{c} - before.{c}')} "
        f"else {c} - before.{c} end as {c}_value, month_number({end}) - month_number({c}_start) + 1 as {c}_months"
        for c in figures
    )
    valued = f"select *, {values} from ({covered})"
    reasons = ", ".join(f"{_reason(subject, c, is_running[c])} as {c}_reason" for c in figures)
    months = ", ".join(f"case when {is_running[c]} then {c}_months end" for c in figures)
    result = f"select *, {reasons}, greatest({months}) as figure_months"
    if subject.has_periods:
        result += f", case when is_report and {_takes_period(subject)} then covered_start end as start_of_figure"
    return f"{result} from ({valued})"


def _turned_over(column: str) -> str:
    full = f"pow(10, {column}_digits)"
    return (
        f"{column}_kind = '{READING}' and {column} < before.{column} and before.{column} >= 0.9 * {full} "
        f"and before.{column} < {full} and {column} between 0 and 0.1 * {full}"
    )


def _takes_period(subject: Subject) -> str:
    """Whether the row is of the period of its difference, and not of the one that it states."""
    one_period = "reports_of_time = 1 and coalesce(covered_start <= period_end, false)"
    if not _has_times_in_key(subject):
        # what has a day of its own is of that day's month as well: it cannot be of several
        own = "(covered_start = period_start or month_number(period_end) = month_number(covered_start))"
        return f"{one_period} and {own}"
    # beside a figure of the stated period the row keeps it; one that is stated from 1 January is of the time since the report
    # before, which no other figure of a return is of but a period's
    return f"{one_period} and (not has_flow or period_start = new_year_date)"


def _reason(subject: Subject, column: str, is_running: str) -> str:
    """Why a figure is none of its period; NULL where it is one."""
    has_before = f"before.{column} is not null or ({column}_kind = '{YEAR_TO_DATE}' and not is_same_year)"
    # money may be taken back; a count and a meter cannot
    falls = (
        f"{column}_value < 0"
        if not column.endswith("_amount")
        else f"{column}_value < 0 and {column}_kind = '{READING}'"
    )
    # 1000, 0, 1200: what fell was misread; a small fall corrects an estimate
    end = "month" if subject.has_months else "period_end"
    is_counted = f"{column}_kind = '{READING}'"
    if not column.endswith("_amount"):
        is_counted = f"({is_counted} or year(earlier.{end}) = year({end}))"
    falls += f" or ({is_counted} and 2 * before.{column} < earlier.{column} and {column} >= earlier.{column})"
    if subject.has_months:
        gap, gap_of_flow = f"{column}_months > 1", "false"
    else:
        gap = f"not ({_takes_period(subject)} or covered_start = period_start)"
        # a return's own figure, stated beside one from 1 January, is of a month or of a quarter
        gap_of_flow = (
            f"is_report and {_takes_period(subject)} and period_start = new_year_date and {column}_months not in (1, 3)"
        )
    is_other_meter = "false"
    if FACTOR in subject.columns:
        is_other_meter = (
            f"{column}_kind = '{READING}' and (coalesce({FACTOR}, 1) <> coalesce(before.{FACTOR}, 1) or {FACTOR} <= 0 "
            f"or ({FACTOR} is null and last_factor is not null) or abs({column}_value) >= {FIGURE_BELOW})"
        )
    return (
        f"case when {column} is null then null "
        f"when not coalesce({is_running}, false) then case when {gap_of_flow} then 'gap' end "
        f"when reports_of_time > 1 then 'several' when not ({has_before}) then 'nothing_before' "
        f"when {is_other_meter} then 'factor' when {falls} then 'fall' when {gap} then 'gap' end"
    )
