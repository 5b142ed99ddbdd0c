"""Why a delivered row cannot be used: each reason in words, for its office; rows that have one are quarantined.

A value is a flaw where a column cannot hold it, where it is damaged, a total's or a note's, or where no figure, count, day or
month can be so. What a whole delivery is held to is warehouse/delivery_limits.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

import duckdb

from warehouse.connection import literal, quote
from warehouse.errors import DeclarationError
from warehouse.kinds import FIGURE_BELOW, MOST_DIGITS, READING
from warehouse.persons import is_code, texts_with_persons
from warehouse.staged_feed import StagedFeed
from warehouse.subjects import LAST_YEAR

# so far an office's clock, or its time zone, may be wrong
_FUTURE = timedelta(days=1)
_YEAR = 12
# people, visits and areas: fewer than none is a sign that was misread, or a difference
_NEVER_NEGATIVE = ("_headcount", "_count", "_m2")
# staff and visits of one unit in one month: a phone number in the place of a count is more, and is not shown
_PEOPLE, _PEOPLE_BELOW = ("_headcount", "_count"), 10**8
# day 0 and 1 of spreadsheets, what databases write for an empty date, and programs for a time of 0
_NO_DAYS, _FIRST_DAY_YEAR = "date '1899-12-30', date '1899-12-31', date '1900-01-01', date '1970-01-01'", 1800
# Values that no office means, in RE2. Each costs its row: what the value was cannot be known here.
_DAMAGES = (
    (
        r"^#(?:N/A(?: N/A)?|(?:REF|VALUE|DIV/0|NUM|NULL|SPILL|CALC|FIELD|BLOCKED|CONNECT|BUSY)[!！]|NAME[?？]|GETTING_DATA|#+)$",
        "is a spreadsheet's error: ask the office for the value, or list it under missing: ",
    ),
    (
        # one mark beside a character is a rare one that GB 2312 lacks (江屿?达, ?家); in the private use area each program has its own
        r"\x{FFFD}|锟斤拷|烫烫烫|\?{3}|？{3}|^[?？]{2}|□{2}|[\x00-\x08\x0B\x0C\x0E-\x1F\x7F]|(?:^|\p{Han})\?[\p{Han}(（]|\p{Han}\?$|[\x{E000}-\x{F8FF}\x{F0000}-\x{10FFFD}]",
        "has lost its characters before it came here: ask the office for the file again: ",
    ),
    (
        # GBK or Big5 read as Latin-1 (× and · are in use, but no text is of such signs alone); UTF-8 read as Latin-1 or cp1252;
        # 公司, 有限, 科技 in UTF-8 read as GBK; GBK read as an encoding of Korea or Japan
        r"[\x{a1}-\x{af}\x{b4}-\x{b6}\x{b8}-\x{d6}\x{d8}-\x{f6}\x{f8}-\x{ff}]{4}|^[\x{a1}-\x{b6}\x{b8}-\x{d6}\x{d8}-\x{ff}×]{4,}$"
        r"|(?:[\x{a4}-\x{b6}\x{b8}-\x{c6}][\x{40}-\x{7e}\x{a1}-\x{ff}]){3}|[\x{ff61}-\x{ff9f}]|\p{Han}\p{Hangul}|\p{Hangul}\p{Han}"
        r"|[ä-é][\x{80}-\x{bf}ŒœŠšŸŽžƒˆ˜–—‘’‚“”„†‡•…‰‹›€™]{2}|[ÂÃ][\x{80}-\x{bf}]|鍏\x{53f8}|鍏徃|鏈夐檺|绉戞妧",
        "was read in a wrong encoding before it came here: ask the office for the file again: ",
    ),
    (
        # A&amp;B, &#26126;, \u660e, %E6%98%8E, <br>; bytes of a database's BLOB: \xE7\x94; radicals that are no characters
        r"&(?:#\d{2,6}|#[xX][0-9a-fA-F]{2,6}|[a-z]{2,8});|\\u[0-9a-fA-F]{4}|(?:%[0-9A-Fa-f]{2}){3}|[A-Za-z\p{Han}]%20[A-Za-z\p{Han}]|(?:\\x[0-9A-F]{2}){2}"
        r"|</?(?i:b|br|p|div|span|font|a|em|strong|td)(?:\s[^<>]*)?/?>|[\x{2E80}-\x{2FDF}]",
        "holds characters as a web page or a program writes them: ask the office for the text itself: ",
    ),
)
# A sign that is no letter and no digit. RE2 takes longer to read [^\pL\pN] than all other patterns here
_SIGN = (
    r"[\x00-/:-@\[-`{-\x{a9}\x{ab}-\x{b1}\x{b4}\x{b6}-\x{b8}\x{bb}\x{bf}×÷\x{2010}-\x{205f}\x{20a0}-\x{20cf}\x{2190}-\x{245f}"
    r"\x{2500}-\x{2bff}\x{3000}-\x{3004}\x{3008}-\x{3020}\x{3030}\x{3036}\x{3037}\x{303d}-\x{303f}\x{fe10}-\x{fe6f}"
    r"\x{ff00}-\x{ff0f}\x{ff1a}-\x{ff20}\x{ff3b}-\x{ff40}\x{ff5b}-\x{ff65}\x{ffe0}-\x{ffff}\x{1f000}-\x{1faff}]"
)
# Of a key or a name of an enterprise: no enterprise is called so. RE2's \s knows no wide space.
_GAP = r"[\s\x{a0}\x{3000}]*"
_SUMS = "|".join(
    _GAP.join(word)
    for word in (
        *("小计", "合计", "总计", "累计", "共计", "汇总", "总数", "总和", "平均", "均值"),
        *("小計", "合計", "總計", "累計", "共計", "總數", "總和", "彙總", "匯總"),
    )
)
_NO_ENTERPRISE = (
    (
        # 1号楼小计, 全园累计, 合　计：, （合计）, 合计（元）, 合计人数, 合计：12户, 共 3 家; Grand Total
        rf"(?:{_SUMS}){_GAP}(?:[(（][^()（）]{{0,12}}|人数|户数|金额|数|额|值)?[)）】]?{_GAP}[:：]?{_GAP}(?:\d+|[①-⑳])?$"
        rf"|^(?:{_SUMS}|总?共){_GAP}[:：]?{_GAP}\d+{_GAP}(?:[户家人条行个笔份张项]|记录)?$|^(?:总?记录|总[条行])数?{_GAP}[:：]"
        r"|^(?i:(?:grand |sub-? ?)?total|sum|average|all)s?\s*[:：]?$"
        r"|^其\s*[他它余]\p{Han}{0,2}$|^总(?:人数|户数|金额|数|额)\d*$|^其\s*中\s*[:：]|^其\s*中$|^(?:全区|全园|全园区|续表)$"
        rf"|^(?:计|[最平]\p{{Han}}{{1,2}}值|占比|[上本]月|[上本去]年)$|^[(（]空白[)）]$"
        # of pivot tables and of ledgers: K001 计数, 行标签, 期初余额, 上年结转
        r"|[\s ]计数$|^(?:计数|求和|行标签|列标签)$|^(?:[期年月][初末])?余额$|^[上去][年月]结转$|^结转[下次][年月]$"
        # 一、制造业, （二）服务业: a heading, of which the figures are a sum; 园区总体
        r"|^(?:[一二三四五六七八九十]{1,3}、|[(（][一二三四五六七八九十]{1,3}[)）])|^(?:全?园区?|全[市县镇街])?(?:总\s*体|整\s*体|全\s*体)$"
        r"|^(?:同比|环比|增长|增减)(?:率|增减|增长|增幅)?(?:[(（]?[%％][)）]?)?$|^(?:上年|去年|上月)同期数?$",
        "looks like a total or a note: declare totals under source: ",
    ),
    (
        rf"^(?:备?{_GAP}注|说{_GAP}明|填[表报]说明|(?:统计)?口径|[数资][据料]来源"
        r"|(?:填[表报]|打印|导出|制表|统计|报送)?(?:日期|时间)|单位(?:名称)?[(（](?:盖章|公章|签章)[)）]|页码)\s*[:：]"
        r"|^[(（]?(?:盖章|公章|签章)[)）]?$|^第\s*\d+\s*页|^(?:承前页|过次页|转下页|接上页)$|^-*\s*以下(?:空白|无数据)",
        "looks like a total or a note: declare totals under source: ",
    ),
    (
        r"^(?i:\(?(?:null|nan|none|nil|undefined|nat)\)?|n/?a|<NA>|\\N)$|^(?:无|暂无|未知|不详|空|待定|未填|空白)$",
        "seems to mean that there is none: list it under missing: ",
    ),
    (
        # of a template or a system: 示例, 例：K001, 某某科技有限公司, XX有限公司, 测试企业1（勿删）, test01
        r"^(?:填写)?(?:示例|样例|范例)(?:行|数据|公司|企业|单位|\d*)$|^例\s*[:：]|^(?:[xX×＊]{2,}|某{1,3})\p{Han}*(?:公司|厂|店|企业|单位|集团)$"
        r"|^[xX×]{3,}$|^(?:测试|演示)(?:企业|公司|单位|用户|商户|账[号户]|租户|数据)?[\d一二三四五]*(?:[(（].*)?$|^(?i:test|demo)[_-]?\d*$",
        "looks like an example or a test: let stage.sql skip it (skip_because), or ask for the file without: ",
    ),
    (
        r"^(?:同\s*上|同\s*前|上\s*同)$",
        "means what is above it: declare fill_down under source, or ask for it written out: ",
    ),
    (f"^{_SIGN}+$", "has no letter and no digit: list it under missing where it means no value: "),
)
# 甲公司、乙厂 as one enterprise; the applicants of a patent are several, and stage.sql parts them
_FIRM = "(?:公司|企业|厂|店|社|中心|事务所)[)）]?"
_SEVERAL = (
    (
        # in two lines of a cell there is a blank between them; 甲公司等3家
        rf"{_FIRM} ?[、；;，,/+＋&＆] ?\p{{Han}}.*{_FIRM}$|公司[)）]?(?: +|[和与及])\p{{Han}}.*有限(?:责任)?公司$"
        rf"|{_FIRM} ?等 ?(?:[\d一二三四五六七八九十两几]+[家户个].*|(?:单位|企业|公司)?)$"
        rf"|{_FIRM}[及和与]其?(?:关联|下属|子|分)(?:企业|公司)$|公司[(（](?:含|包[含括])\p{{Han}}+公司",
        "names more than one: ask for a row of each: ",
    ),
)
# 2026-09-30T16:00:00Z, 2026-09-30 16:00:00+00, 1790784000, 1790784000000
_OTHER_CLOCK = r":\d\d(?:\.\d+)? ?(?:Z|[+-]00(?::?00)?)$|^1\d{9}(?:\d{3})?$"
# what offices write where there is no figure or day
_NOTHING = rf"^(?:{_SIGN}+|无|暂无|空|未[报填知]|没有|待定|(?i:n/?a|null|none|nil))$"
# 3.5万元, 1.2亿, 35000元: what it means is known, whatever the unit of its column is
_OWN_UNIT = r"\d ?(?:[万亿]元?|元)$"
OTHER_UNIT = " states its own unit, and stage.sql reckons with another: let it reckon so only where there is none: "
# what takes whole numbers alone, and what says that a figure is meant to be rounded
_WHOLE_CAST = re.compile(r"(?i)\b(?:u?(?:tiny|small|big|huge)?int(?:eger)?|int[1248]|long)\b")
_ROUNDS = re.compile(r"(?i)\b(?:round(?:_even)?|floor|ceil(?:ing)?|trunc)\s*\(")
_EQUAL = 1e-6
LOST_FRACTION = (
    " has a fraction, which stage.sql loses (a cast to a whole number): another unit, or to be read by to_amount: "
)
# a time of recording that is a day: 2026-11-03, 2026/11/3, 20261103, 2026年11月3日; of a workbook 46329
_DAY_ALONE = r"\d{4}\D?\d{1,2}\D\d{1,2}日?|\d{8}|\d{5}"
# beside the office's columns, under no short name that one of them may have
_CLOCK = '"the time recorded"'
_NAMES = ("source_key", "enterprise_name", "unit_no", "uscc")
# 12.0 and 3.30106E+17: a program took the code 0012 or 330106000012345678 for a number; {"id": 7} and ["甲", "乙"]: a part of it is one;
# 9133**3C may be several
NO_CODE = (
    ("_key", "_no", "uscc"),
    r"^[0-9A-Za-z-]+(?: ?[、；;] ?[0-9A-Za-z-]+)+$|^[A-Za-z]+\d+ [A-Za-z]+\d+$"
    r"|^[A-Za-z-]*\d[0-9A-Za-z-]*(?: ?[，,+&] ?[A-Za-z-]*\d[0-9A-Za-z-]*)+$"
    r"|^[0-9A-Za-z-]+ ?等(?:\d+[家户个])?$|^\d+\.0+$|^\d(?:\.\d+)?[eE]\+\d+$|^\d\.\d+[eE]\d+$"
    r"|^[\[{].*[\]}]$|^≈|^[0-9A-Za-z*-]*\w\*{2}[0-9A-Za-z*-]*$",
    " is a number, masked or a list, which no code is (zeros before it or its last digits may be lost): ask the office for it as text: ",
)


# long: one list of reasons, in the order in which they are shown
def judgement_sql(feed: StagedFeed, until: datetime | None = None, *, is_damaged: bool = True) -> str:
    """The SELECT of rejected rows: row_number and reason, from `delivery` and `candidate`.

    A row is rejected where stage.sql gives nothing for it, where a required column has no value in all that is made of it,
    where the source had a value and a column that it feeds has none, where a value is damaged or a total's, where a fact of the
    feed does not hold, where a figure is FIGURE_BELOW or more, where a count is negative or a reading has no such digits, where
    its month or a date is outside the window that the feed allows or no day at all, where its period ends before it begins, or
    where the office recorded it more than a day after the pull's end (`until`, naive UTC): no correction would ever be later
    than that. Damage is looked for in each cell only where `is_damaged`: most deliveries have none, and their patterns cost
    more than all else here.
    """
    figures = [c.name for c in feed.subject.columns.values() if c.type.startswith(("bigint", "decimal"))]
    beyond = "".join(
        f", max(case when {quote(c)} not between {1 - FIGURE_BELOW} and {FIGURE_BELOW - 1} then {quote(c)} end) "
        f"as {quote('beyond_' + c)}"
        for c in figures
    )
    window = month_window(feed, until)
    times = [c for c in ("month", "period_start") if c in feed.subject.columns]
    beyond += "".join(
        f", max(case when {quote(c)} not between {window} then {quote(c)} end) as {quote('outside_' + c)}"
        for c in times
    )
    latest = _latest_days(feed, until)
    beyond += "".join(
        f", max(case when {quote(c)} > {day} then {quote(c)} end) as {quote('late_' + c)}"
        for c, (day, _) in latest.items()
    )
    crowds = [c for c in figures if c.endswith(_PEOPLE) and feed.figures.get(c) is None]
    beyond += "".join(
        f", max(case when {quote(c)} >= {_PEOPLE_BELOW} then {quote(c)} end) as {quote('crowd_' + c)}" for c in crowds
    )
    readings = {c: kind for c, kind in feed.figures.items() if kind.kind == READING}
    beyond += "".join(
        f", max(case when {quote(c)} < 0 or {quote(c)} >= {10 ** (kind.digits or MOST_DIGITS)} then {quote(c)} end) "
        f"as {quote('unread_' + c)}"
        for c, kind in readings.items()
    )
    counts = [c for c in figures if c.endswith(_NEVER_NEGATIVE) and feed.figures.get(c) is None]
    beyond += "".join(f", min(case when {quote(c)} < 0 then {quote(c)} end) as {quote('below_' + c)}" for c in counts)
    keys = [c for c in _code_targets(feed) if is_damaged]
    beyond += "".join(
        f", max(case when regexp_matches({quote(c)}, {literal(NO_CODE[1])}) then {quote(c)} end) as {quote('number_' + c)}"
        for c in keys
    )
    days = [c.name for c in feed.subject.columns.values() if c.type == "date" and c.name not in times]
    beyond += "".join(
        f", min(case when {quote(c)} in ({_NO_DAYS}) or year({quote(c)}) < {_FIRST_DAY_YEAR} then {quote(c)} end) "
        f"as {quote('no_' + c)}"
        for c in days
    )
    if feed.subject.has_periods:
        beyond += ", bool_or(period_end < period_start) as is_backwards"
    required = [c.name for c in feed.subject.columns.values() if c.is_required]
    pairs = [(source, target) for source in feed.landed_columns for target in feed.columns.get(source, ())]
    seen = sorted({target for _, target in pairs} | set(required))
    has = "".join(f", bool_or({quote(c)} is not null) as {quote('has_' + c)}" for c in seen)
    lacks = "".join(
        f", coalesce(bool_or({quote(c)} is null) filter (skip_because is null), false) as {quote('lacks_' + c)}"
        for c in required
    )

    def hint(source: str) -> str:
        return (
            f"|| case when regexp_matches(d.{quote(source)}::varchar, {literal(_NOTHING)}) "
            "then ' (list it under missing where it means no value)' else '' end"
        )

    def clock_hint(source: str) -> str:
        return (
            f"|| case when regexp_matches(d.{quote(source)}::varchar, {literal(_OTHER_CLOCK)}) "
            "then ' (a time of UTC or since 1970: docs/feeds.md, to_date)' else '' end"
        )

    reasons = [
        f"case when d.{quote(source)} is not null and not g.{quote('has_' + target)} "
        f"then {literal(f'{source} cannot be read as {target}: ')} || left(d.{quote(source)}::varchar, 60) "
        f"{hint(source)} {clock_hint(source) if getattr(feed.subject.columns.get(target), 'type', '') == 'date' else ''} end"
        for source, target in pairs
    ]
    reasons += [*(_damages(feed) if is_damaged else []), *_rounded_codes(feed)]
    reasons += [
        f"case when g.{quote('number_' + c)} is not null then {literal(c + NO_CODE[2])} || left(g.{quote('number_' + c)}, 60) end"
        for c in keys
    ]
    reasons += [
        f"case when not ({condition}) then {literal(f'it does not hold that {fact} (facts)')} end"
        for fact, condition in feed.facts.items()
    ]
    read = "delivery"
    if feed.recorded_at:
        time = f"d.{quote(feed.recorded_at)}"
        # once: a macro is planned wherever it is written
        read = f"(select *, to_utc({quote(feed.recorded_at)}, 'UTC') as {_CLOCK} from delivery)"
        reasons.append(
            f"case when {time} is not null and {_CLOCK} is null "
            f"then {literal(f'{feed.recorded_at} cannot be read as a time: ')} || left({time}::varchar, 60) end"
        )
        if until:
            reasons.append(
                f"case when {_CLOCK} > timestamp {literal(str(until + _FUTURE))} "
                f"then {literal(f'{feed.recorded_at} is in the future: ')} || left({time}::varchar, 60) end"
            )
    reasons += [
        f"case when g.{quote('beyond_' + c)} is not null "
        f"then {literal(f'{c} is {FIGURE_BELOW:.0e} or more, which is no figure: ')} || g.{quote('beyond_' + c)}::varchar end"
        for c in figures
    ]
    reasons += [
        f"case when g.{quote('below_' + c)} is not null then {literal(f'{c} is negative, which no count is: ')} "
        f"|| g.{quote('below_' + c)}::varchar end"
        for c in counts
    ]
    reasons += [
        f"case when g.{quote('unread_' + c)} is not null then {literal(f'{c} is negative or has more digits than its meter (figures): ')} "
        f"|| g.{quote('unread_' + c)}::varchar end"
        for c in readings
    ]
    reasons += [
        f"case when g.{quote('crowd_' + c)} is not null "
        f"then {literal(f'{c} is {_PEOPLE_BELOW:.0e} or more, which is no count')} end"
        for c in crowds
    ]
    reasons += [
        f"case when g.{quote('no_' + c)} is not null then concat({literal(c + ' is ')}, g.{quote('no_' + c)}::varchar, "
        "', which programs write for no date: list it under missing') end"
        for c in days
    ]
    reasons += [
        f"case when g.{quote('outside_' + c)} is not null then concat({literal(c + ' is ')}, "
        f"strftime(g.{quote('outside_' + c)}, '%Y-%m'), "
        f"{literal(f', before {feed.allow.first_year} or after this delivery (allow.first_year, allow.months_ahead)')}) end"
        for c in times
    ]
    reasons += [
        f"case when g.{quote('late_' + c)} is not null then concat({literal(c + ' is ')}, g.{quote('late_' + c)}::varchar, "
        f"{literal(', ' + why)}) end"
        for c, (_, why) in latest.items()
    ]
    if feed.subject.has_periods:
        reasons.append("case when g.is_backwards then 'the period ends before it begins' end")
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
        f"with given as (select row_number, bool_and(skip_because is not null) as is_skipped{has}{lacks}{beyond} "
        "from candidate group by row_number), "
        "judged as (select d.row_number, case when g.row_number is null then 'stage.sql gives no row for it' "
        f"when g.is_skipped then '' else concat_ws('; ', {', '.join(reasons)}) end as reason "
        f"from {read} as d left join given as g using (row_number)) "
        "select row_number, reason from judged where reason <> ''"
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


def _rounded_codes(feed: StagedFeed) -> list[str]:
    """Expressions: why a credit code is none. A spreadsheet keeps 15 digits of a number; the check character gives it away."""
    found = []
    for source in feed.landed_columns:
        if not any(target.endswith(("uscc", "taxpayer_no")) for target in feed.columns.get(source, ())):
            continue
        value = f"d.{quote(source)}::varchar"
        # GB 32100: the sum of digits times 3^n mod 31 is 0 where the last character is 0
        total = " + ".join(f"substr({value}, {n + 1}, 1)::int * {pow(3, n, 31)}" for n in range(15))
        found.append(
            f"case when regexp_full_match({value}, '[0-9]{{15}}000') and ({total}) % 31 <> 0 "
            f"then {literal(f'{source} was rounded to 15 digits by a spreadsheet: ask the office for it as text: ')} || {value} end"
        )
    return found


def _damage_kinds(feed: StagedFeed) -> list[tuple[list[str], tuple[tuple[str, str], ...]]]:
    """Source columns, and the patterns of values that none of them may have."""
    used = [source for source in feed.landed_columns if feed.columns.get(source)]
    named = [source for source in used if set(feed.columns[source]) & {*_NAMES, *feed.subject.key}]
    firms = [source for source in used if "enterprise_name" in feed.columns[source]]
    kinds_of = ((used, _DAMAGES), (named, _NO_ENTERPRISE), (firms, _SEVERAL))
    return [(sources, kinds) for sources, kinds in kinds_of if sources]


def _code_targets(feed: StagedFeed) -> list[str]:
    """The subject's columns with a code or name that identifies something; behind a patent's 202310123456. is a check digit."""
    texts = {c.name for c in feed.subject.columns.values() if c.type == "varchar"} - {"application_no"}
    return sorted(name for name in texts if name.endswith(NO_CODE[0]) or name in _NAMES)


def _has_damage(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> bool:
    """Whether any row of `delivery` has a value that none may have: one look at each row, as lines of values."""
    coded = [source for source in feed.landed_columns if set(feed.columns.get(source, ())) & set(_code_targets(feed))]
    kinds_of = [*_damage_kinds(feed), *([(coded, ((NO_CODE[1], ""),))] if coded else [])]
    looks = [
        # ^ and $ are the ends of a value
        f"regexp_matches(concat_ws(chr(10), {', '.join(f'{quote(source)}::varchar' for source in sources)}), "
        f"{literal('(?m)' + '|'.join(f'(?:{pattern})' for pattern, _ in kinds))})"
        for sources, kinds in kinds_of
    ]
    return bool(looks and connection.execute(f"from delivery where {' or '.join(looks)} limit 1").fetchone())


def _damages(feed: StagedFeed) -> list[str]:
    """Expressions: why a value of the office is none, NULL where it may be one."""
    return [
        f"case when regexp_matches(d.{quote(source)}::varchar, {literal(pattern)}) "
        f"then {literal(f'{source} {reason}')} || left(d.{quote(source)}::varchar, 60) end"
        for sources, kinds in _damage_kinds(feed)
        for source in sources
        for pattern, reason in kinds
    ]


def judge(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, until: datetime | None = None) -> None:
    """Make the table `rejected` of a delivery that stage.sql was run over: row_number and reason (judgement_sql).

    Raises:
        DeclarationError: A fact that the feed declares is no condition.
    """
    judgement = judgement_sql(feed, until, is_damaged=_has_damage(connection, feed))
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
    _reject_sums(connection, feed)
    _reject_variants(connection, feed)


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


def _reject_variants(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> None:
    """Reject rows of which the keys are one but for case and blanks, K001 and k001: one of them is the other once more."""
    keys = [c for c in feed.subject.key if feed.subject.columns[c].type == "varchar"]
    if not keys:
        return
    odd = " or ".join(f"regexp_matches({quote(c)}, '[a-z ]')" for c in keys)
    if not connection.execute(f"from candidate where {odd} limit 1").fetchone():
        return
    others = [quote(c) for c in feed.subject.key if c not in keys]
    even = ", ".join([f"upper(replace({quote(c)}, ' ', ''))" for c in keys] + others)
    connection.execute(
        "insert into rejected select row_number, 'two rows have one ' || "
        f"{literal(' + '.join(keys))} || ' but for case or blanks: ask the office which counts: ' || left({quote(keys[0])}, 60) "
        f"from candidate where skip_because is null and row_number not in (select row_number from rejected) "
        f"qualify count(distinct ({', '.join(map(quote, keys))})) over (partition by {even}) > 1"
    )


# the end of an enterprise's name, whatever is behind it in brackets; a code has digits and no such end
_A_FIRM = (
    r"(?:公司|集团|合伙|厂|店|行|社|所|院|心|学|会|局|部|站|馆|室|场|园|\p{Han}{3}户"
    r"|(?i:ltd|limited|co|inc|llc|gmbh|corp|group|company|plc)\.?)(?:[(（].*[)）])?$|\d"
)
# of so many rows with a figure, or more, and of such a size, chance makes no sum
_LEAST_ROWS, _LEAST_SUM = 3, 100


def _reject_sums(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> None:
    """Reject rows without a firm's name of which each figure is the sum of the rows above or below it: 园区, A座, whatever it is called.

    Above or below up to the next such row, or the sum of all others.
    """
    subject = feed.subject
    figures = sorted(c for c in {*subject.figures.values()} if feed.figures.get(c) is None)
    times = [c for c in ("month", "period_start", "period_end") if c in subject.columns]
    if not figures or not times or "source_key" not in subject.columns:
        return
    labels = [c for c in ("enterprise_name", "source_key") if c in subject.columns]
    parted = ", ".join(map(quote, times + [c for c in subject.key if c.endswith("_code")]))
    odd = " and ".join(f"not coalesce(regexp_matches({quote(c)}, {literal(_A_FIRM)}), false)" for c in labels)
    if not connection.execute(f"from candidate where {odd} limit 1").fetchone():
        return
    largest = f"greatest({', '.join(f'coalesce({quote(c)}, 0)' for c in figures)})"
    label = f"coalesce({', '.join(map(quote, labels))})"
    sums, is_sum = [], []
    for side in ("above", "below", "others"):
        sums += [f"sum({quote(c)}) over {side} - {quote(c)} as {quote(f'{c} {side}')}" for c in figures]
        sums.append(f"count(*) filter ({largest} > 0) over {side} as {quote(f'rows {side}')}")
        equal = " and ".join(f"({quote(c)} is null or {quote(c)} = {quote(f'{c} {side}')})" for c in figures)
        is_sum.append(f"({equal} and {quote(f'rows {side}')} > {_LEAST_ROWS})")
    connection.execute(
        f"insert into rejected with used as (select *, {odd} as is_odd, row_number as place from candidate "
        "where skip_because is null and row_number not in (select row_number from rejected)), "
        f"placed as (select *, sum(is_odd::int) over (partition by {parted} order by place) as block_below, "
        f"sum(is_odd::int) over (partition by {parted} order by place desc) as block_above from used), "
        f"summed as (select *, {', '.join(sums)} from placed window others as (partition by {parted}), "
        f"below as (partition by {parted}, block_below), above as (partition by {parted}, block_above)) "
        f"select distinct row_number, {literal(' and '.join(labels))} || ' looks like a total or a note: "
        f"its figures are the sum of other rows, declare totals under source: ' || left({label}, 60) "
        f"from summed where is_odd and {largest} >= {_LEAST_SUM} and ({' or '.join(is_sum)})"
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


# what a row under a known number cannot be, if it restates that number's fact: by a column that the subject has, the columns it
# needs, the condition (n now, b before) and the reason
_OTHER_FACTS = (
    (
        ("paid_amount",),
        "n.paid_amount * b.paid_amount < 0",
        "takes back the amount, or a part of it, that is known under its number, and would replace it",
    ),
    (
        ("paid_amount", "source_key", "tax_kind_code", "period_end", "paid_date"),
        # fixed fees are the same each month; what is restated to 0 is taken back on whatever day
        "n.paid_amount <> 0 and ((n.period_end <> b.period_end and n.paid_date <> b.paid_date) or (n.paid_amount <> b.paid_amount "
        "and (n.source_key, n.tax_kind_code, n.period_end, n.paid_date) <> (b.source_key, b.tax_kind_code, b.period_end, b.paid_date)))",
        "is another payment (of another amount, payer, tax, period or day) under a number that is known",
    ),
    (
        ("start_date", "end_date", "terminated_date"),
        # one that moves by less is a hand-over that was late
        "2 * (n.start_date - b.start_date) > least(b.end_date, b.terminated_date) - b.start_date",
        "begins late in the lease that is known under its number, or behind it, and would replace it",
    ),
    (
        ("start_date", "lease_no", "source_key"),
        "n.start_date > b.start_date and n.source_key <> b.source_key",
        "is another tenant's, and begins after the lease that is known under its number, and would replace it",
    ),
    (
        ("event_date", "event_code", "source_key"),
        "n.event_date <> b.event_date and (n.source_key <> b.source_key or n.event_code <> b.event_code)",
        "is another event (of another day, and another enterprise or kind) than the one known under its number, and would replace it",
    ),
    *(
        (
            (day, "source_key"),
            f"n.{day} <> b.{day} and n.source_key <> b.source_key",
            "is of another day and another enterprise than what is known under its number, and would replace it",
        )
        for day in ("stated_date", "opened_date")
    ),
    (
        ("offered_by_name", "need_kind_code", "valid_from_date"),
        "n.offered_by_name <> b.offered_by_name and n.need_kind_code <> b.need_kind_code "
        "and n.valid_from_date is distinct from b.valid_from_date",
        "is another offer (of another firm, kind and first day) than the one known under its number, and would replace it",
    ),
)


def quarantine_other_facts(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, table: str, number: int) -> None:
    """Reject staged rows of a batch that cannot restate what is known under their number: that fact would be gone without a trace.

    A rebuild stages all batches before it accepts the first: what is known is every version, here or in `table`.
    """
    subject = feed.subject
    reasons = [(why, found) for needed, found, why in _OTHER_FACTS if subject.columns.keys() >= {*needed}]
    if not reasons or "source_key" in subject.key:
        return
    key = ", ".join(map(quote, subject.key))
    columns = ", ".join(map(quote, subject.columns))
    advice = f": if the office uses numbers again, let stage.sql make {subject.key[0]} of the number and what distinguishes its facts"
    cases = " ".join(f"when {found} then {literal(why + advice)}" for why, found in reasons)
    connection.execute(
        f"insert into rejected with version as (select {columns}, recorded_at, batch_id, row_number, batch_number from {table} "
        f"where batch_number <= $number union all select {columns}, recorded_at, batch_id, row_number, -1 from staged.{subject.name} "
        f"where feed = $feed), mine as (select * from version where ({key}) in (select ({key}) from {table} "
        "where batch_number = $number)), "
        f"placed as (select *, row_number() over (partition by {key} order by recorded_at nulls first, batch_number, batch_id, row_number) "
        f"as place from mine) select n.row_number, case {cases} end from placed as n inner join placed as b "
        f"on {' and '.join(f'n.{quote(k)} = b.{quote(k)}' for k in subject.key)} and n.place = b.place + 1 "
        f"where n.batch_number = $number and case {cases} end is not null",
        {"number": number, "feed": feed.name},
    )
    connection.execute(
        f"delete from {table} where batch_number = $number and row_number in (select row_number from rejected)",
        {"number": number},
    )


DAY_BESIDE_TIME = (
    "a day is its time of recording, and another version has a time of that day: ask the office which is later"
)


def is_day_alone(feed: StagedFeed, alias: str) -> str:
    """As SQL, whether the office's time of a row of `delivery` is a day and no more."""
    return (
        f"coalesce(regexp_full_match({alias}.{quote(feed.recorded_at or '')}::varchar, {literal(_DAY_ALONE)}), false)"
    )


def local_day(alias: str, zone: str) -> str:
    """As SQL, the office's day of a staged row's recorded_at."""
    return f"timezone({literal(zone)}, timezone('UTC', {alias}.recorded_at))::date"


def quarantine_days_beside_times(
    connection: duckdb.DuckDBPyConnection, feed: StagedFeed, table: str, number: int, zone: str
) -> None:
    """Reject staged rows of a batch that were recorded on a day, where another version of that fact has a time of that day.

    As the day's first moment it would come too late to be current, and a correction would be lost: of a database's column of times
    nothing else shows that no hour was stated. What is known already, and comes again, stays. Of whole periods and registers the
    last delivery counts, whatever its times are.
    """
    if not feed.recorded_at or feed.replaces != "nothing":
        return
    subject = feed.subject
    columns = ", ".join(map(quote, subject.columns))
    version = f"select {columns}, recorded_at, row({columns}) as says"
    same_key = " and ".join(f"n.{quote(k)} = b.{quote(k)}" for k in subject.key)
    midnight = f"timezone('UTC', timezone({literal(zone)}, {local_day('n', zone)}::timestamp))"
    connection.execute(
        f"insert into rejected with version as ({version} from {table} where batch_number < $number "
        f"union all {version} from staged.{subject.name} where feed = $feed), "
        f"fresh as ({version}, row_number from {table} as n where batch_number = $number and recorded_at = {midnight}), "
        "paired as (select n.row_number, bool_or(b.recorded_at > n.recorded_at and b.says <> n.says) as is_odd, "
        "bool_or(b.recorded_at = n.recorded_at and b.says = n.says) as is_known "
        f"from fresh as n inner join version as b on {same_key} "
        "and b.recorded_at >= n.recorded_at and b.recorded_at < n.recorded_at + interval 1 day group by all) "
        f"select row_number, {literal(DAY_BESIDE_TIME)} from paired where is_odd and not is_known",
        {"number": number, "feed": feed.name},
    )
    connection.execute(
        f"delete from {table} where batch_number = $number and row_number in (select row_number from rejected)",
        {"number": number},
    )
