"""Values that no office means: damaged, a total's or a note's, several in one, or no code; each as a pattern with its reason.

What such a value was cannot be known here, so that it costs its row. Patterns are RE2's.
"""

from __future__ import annotations

import duckdb
import pyarrow.compute as pc

from warehouse.column_reasons import LOST_ZERO
from warehouse.connection import literal, quote
from warehouse.staged_feed import StagedFeed

_ROWS_AT_ONCE = 100_000
# of a number of 18 digits a spreadsheet keeps 15
_ROUNDED = r"^[0-9]{15}000$"
DAMAGES = (
    (
        # and of other programs: Err:502 of LibreOffice, Error 2042 of VBA, -2146826246 of what reads Excel through COM
        r"^#(?:N/A(?: N/A)?|(?:REF|VALUE|DIV/0|NUM|NULL|SPILL|CALC|FIELD|BLOCKED|CONNECT|BUSY|错误)[!！]*|NAME[?？]?|GETTING_DATA|#+)$"
        r"|^Err:5\d\d$|^Error 20\d\d$|^-21468262(?:88|81|73|65|59|52|46)(?:\.0)?$",
        "is a spreadsheet's error: ask the office for the value, or list it under missing: ",
    ),
    (
        # one or two marks beside a character are a rare one that GB 2312 lacks (江屿?达, ?家), for which printers set 〓; in the
        # private use area each program has its own
        r"\x{FFFD}|ï¿½|锟斤拷|烫烫烫|屯屯屯|\?{3}|？{3}|^[?？]{2}|□{2}|\p{Han}(?:〓|■\p{Han})|[\x00-\x08\x0B\x0C\x0E-\x1F\x7F]"
        r"|(?:^|\p{Han})\?{1,2}[\p{Han}(（]|\p{Han}\?{1,2}$|[\x{E000}-\x{F8FF}\x{F0000}-\x{10FFFD}]",
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
        # A&amp;B, &#26126;, \u660e, %E6%98%8E, =E6=98=8E and =?utf-8?…?= of mails, <br>, \r\n, _x000D_; bytes of a database's BLOB:
        # \xE7\x94; radicals that are no characters
        r"&(?:#\d{2,6}|#[xX][0-9a-fA-F]{2,6}|[a-z]{2,8});|\\u[0-9a-fA-F]{4}|(?:%[0-9A-Fa-f]{2}){3}|[A-Za-z\p{Han}]%20[A-Za-z\p{Han}]|(?:\\x[0-9A-Fa-f]{2}){2}"
        r"|(?:=[0-9A-F]{2}){3}|=\?(?i:utf-8|gb\w+)\?|\\r\\n|\p{Han}\\[nrt/]|_x00[0-9A-F]{2}_"
        r"|</?(?i:b|br|p|div|span|font|a|em|strong|td)(?:\s[^<>]*)?/?>|[\x{2E80}-\x{2FDF}]",
        "holds characters as a web page or a program writes them: ask the office for the text itself: ",
    ),
    (
        # 同上, -同左-, 〃, ″, two apostrophes: in the place of what is above
        r"^[-—－(（]?(?:[同如][\s\x{3000}]*[上前左]|上[\s\x{3000}]*同|(?i:ditto|(?:same )?as above))[-—－)）]?$"
        r"|^[\s.·…-]*(?:[〃″“”〝〞\"↑]|''|,,|，，|、、)+[\s.·…-]*$",
        "means what is above it: declare fill_down under source, or ask for it written out: ",
    ),
)
# A sign that is no letter and no digit. RE2 takes longer to read [^\pL\pN] than all other patterns here
SIGN = (
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
NO_ENTERPRISE = (
    (
        # 1号楼小计, 全园累计, 合　计：, （合计）, 合计（元）, 合计人数, 合计：12户, 共 3 家; Grand Total
        rf"(?:{_SUMS}){_GAP}(?:[(（][^()（）]{{0,12}}|人数|户数|金额|数|额|值)?[)）】]?{_GAP}[:：]?{_GAP}(?:\d+|[①-⑳])?$"
        rf"|^(?:{_SUMS}|总?共){_GAP}[:：]?{_GAP}\d+{_GAP}[户家人条行个笔份张项]?(?:记录|数据)?$|^(?:总?记录|总[条行])数?{_GAP}[:：]"
        r"|^(?i:(?:grand |sub-? ?)?total|sum|average|all)s?\s*[:：]?$"
        r"|^其\s*[他它余]\p{Han}{0,2}$|^总?(?:人数|户数|金额|数|额)\d*$|^(?:最[高低]|中位数|[人户]均|差额|计划|目标|排名|全市|全县)$|^其\s*中\s*[:：]|^其\s*中$|^(?:全区|全园|全园区|续表)$"
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
        r"|^[(（]?(?:盖章|公章|签章)[)）]?$|^第\s*\d+\s*页|^(?:承前页|过次页|[转接][上下]页)$"
        r"|^[-—=*·(（\s]*(?:以[下上](?:空白|无数据|无正文|为?全部数据)|(?:打印)?(?:结束|完毕)|(?i:the )?(?i:end))[-—=*·)）\s]*$"
        r"|^(?:备注|填[表报]说明|必填项?|选填项?|(?:文本|字符|数值|数字|日期)[型类]?型?|本表.*|请勿(?:删除|修改|改动).*)$"
        r"|^(?:(?:单位|部门)?负责人|联系(?:人|电话)|导出人|打印人|操作员|截止(?:日期|时间))\s*[:：]",
        "looks like a total or a note: declare totals under source: ",
    ),
    (
        # of a template or a system: 示例, 例：K001, 某某科技有限公司, XX有限公司, 测试企业1（勿删）, test01
        r"^(?:填写)?(?:示例|样例|范例)(?:行|数据|公司|企业|单位|\d*)$|^例\s*[:：]|^(?:[xX×＊]{2,}|某{1,3})\p{Han}*(?:公司|厂|店|企业|单位|集团)$"
        r"|[(（【\[](?:示例|样例|范例|举例|例)[)）】\]]$"
        r"|^[xX×]{3,}$|^(?:测试|演示)(?:企业|公司|单位|用户|商户|账[号户]|租户|数据)?[\d一二三四五]*(?:[(（].*)?$|^(?i:test|demo)[_-]?\d*$",
        "looks like an example or a test: let stage.sql skip it (skip_because), or ask for the file without: ",
    ),
    (
        r"^(?:空[置房]|空置房|闲置|[待未]出?租|招租中?|暂空|暂无租户)$",
        "seems to mean that there is none: list it under missing: ",
    ),
    (
        # of meters and gates: what no firm used
        r"^(?:总[水电气]?表|公摊|公共区域|公区|公共|损耗|线损|管损)(?:用?[水电气])?$|^(?:未登记|(?:临时|外来)?(?:访客|车辆|人员))$",
        "is no firm: let stage.sql skip it (skip_because), or ask the office who it is: ",
    ),
)
# Of any text but free ones: 无, N/A and - would be a building, a kind of firm, an address
NO_VALUE = (
    (
        r"^(?i:[(<]?(?:null|nan|none|nil|undefined|nat|-?inf(?:inity)?)[)>]?|n/?a|n\.a\.|<NA>|\\N)$|^(?:无|暂无|未知|不详|空|待定|未填|空白|[暂查]?无数据|加载中|(?i:loading))…?\.*$",
        "seems to mean that there is none: list it under missing: ",
    ),
    (f"^{SIGN}+$", "has no letter and no digit: list it under missing where it means no value: "),
)
# 甲公司、乙厂 as one enterprise; the applicants of a patent are several, and stage.sql parts them
_FIRM = "(?:公司|企业|厂|店|社|中心|事务所)[)）]?"
SEVERAL = (
    (
        # in two lines of a cell there is a blank between them; 甲公司等3家
        rf"{_FIRM} ?[、；;，,/+＋&＆] ?\p{{Han}}.*{_FIRM}$|公司[)）]?(?: +|[和与及])\p{{Han}}.*有限(?:责任)?公司$"
        rf"|{_FIRM} ?等 ?(?:[\d一二三四五六七八九十两几]+[家户个].*|(?:单位|企业|公司)?)$"
        rf"|{_FIRM}[及和与]其?(?:关联|下属|子|分)(?:企业|公司)$|公司[(（](?:含|包[含括])\p{{Han}}+公司",
        "names more than one: ask for a row of each: ",
    ),
    (
        # 甲有限公司（已搬离）: a list kept by name would count it as another firm. (原…) is in registers, too
        r"[公司厂店社所院行部心团户][)）]?\s*[(（【\[](?:已?(?:搬离|搬走|搬迁|搬出|迁出|迁走|迁离|退租|撤离|离园|注销|吊销|停业|停产|歇业|倒闭|关闭|清退|到期)"
        r"|新增?|新入[驻园]|[转分]租|续[租签]|待定|欠费|逾期|试用|免租期?|见备注|代[缴收]|挂靠|重复|(?:20\d\d年)?\d{1,2}月\D{0,6})[)）】\]]$",
        "has a note behind it: ask for the note in a column of its own, or let stage.sql take it off: ",
    ),
    (
        # 甲**有限公司 of who masks, 甲科技有限公… of a list that shortens; *ST海马, A*STAR 李*明 and 张**店 may be meant
        r"(?:[*＊]{2}|\p{Han}[*＊])\p{Han}*(?:公司|集团|厂)|\p{Han}(?:…+|\.{3,})$",
        "has lost its characters before it came here: ask the office for the file again: ",
    ),
)
# 12、甲公司 of a list, 1000123 甲公司 of an ERP, 甲公司 91329902MA00000B18, 甲公司（A座301）, ★甲公司. In the national register
# only names of two firms begin like 1.甲公司2.乙公司
NOT_OF_A_NAME = (
    (
        r"^[(（]?\d{1,3}[)）]?[、.．] ?\p{Han}[^0-9]*$|^[A-Za-z]{0,4}\d{5,}[ _-]\p{Han}"
        rf"|{_FIRM}[ (（\[【-]*[0-9A-HJ-NPQRTUWXY]{{15,20}}[)）\]】]?$"
        r"|公司[(（\[【](?:[A-Za-z]{0,4}-?\d{3,}|[A-Za-z0-9一二三四五六七八九十]{1,4}(?:座|栋|幢|号楼|楼|层)[^()（）]{0,10}"
        r"|[A-Za-z]?\d{1,4}-?\d{0,4}[室房])[)）\]】]$"
        r"|^[★☆▲△●○◆◇■□※√]|[★☆▲△●○◆◇■□※√]$",
        "has a number, a code or a sign that is not of the name: ask for it in a column of its own, or let stage.sql take it off: ",
    ),
)
# what ends like a firm's name and is none
NO_FIRM = r"^(?:全部|共?\d+[户家])$"
# the end of an enterprise's name, whatever is behind it in brackets; a code has digits and no such end
A_FIRM = (
    r"(?:公司|集团|合伙|厂|店|行|社|所|院|心|学|会|局|部|站|馆|室|场|园|\p{Han}{3}户"
    r"|(?i:ltd|limited|co|inc|llc|gmbh|corp|group|company|plc)\.?)(?:[(（].*[)）])?$|\d"
)
_NAMES = ("source_key", "enterprise_name", "unit_no", "uscc")
# 12.0 and 3.30106E+17: a program took the code 0012 or 330106000012345678 for a number; {"id": 7} and ["甲", "乙"]: a part of it is one;
# 9133**3C may be several
_CODES = ("_key", "_no", "uscc")
NO_CODE = (
    r"^[0-9A-Za-z-]+(?: ?[、；;] ?[0-9A-Za-z-]+)+$|^[A-Za-z]+\d+ [A-Za-z]+\d+$"
    r"|^[A-Za-z-]*\d[0-9A-Za-z-]*(?: ?[，,+&] ?[A-Za-z-]*\d[0-9A-Za-z-]*)+$"
    r"|^[0-9A-Za-z-]+ ?等(?:\d+[家户个])?$|^\d+\.0+$|^\d(?:\.\d+)?[eE]\+\d+$|^\d\.\d+[eE]\d+$"
    r"|^[\[{].*[\]}]$|^≈|^[0-9A-Za-z*-]*\w\*{2}[0-9A-Za-z*-]*$",
    " is a number, masked or a list, which no code is (zeros before it or its last digits may be lost): ask the office for it as text: ",
)
_MONTHS = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
# what a spreadsheet makes of room 3-12 or number 12-3, and writes into a text file or a web page
_A_DAY = (
    rf"^(?:20\d\d年)?\d{{1,2}}月\d{{1,2}}日$|^\d{{1,2}}-{_MONTHS}(?:-\d\d)?$|^{_MONTHS}-\d\d$"
    r"|^(?:19|20)\d\d/\d{1,2}/\d{1,2}(?: 0?0:00(?::00)?)?$"
)
# of a room, a building, an address also 305.0 of room 0305, 3000000000000 of room 3E12, and 2026-03-12, which may be a contract's number
_NO_PLACE = (
    rf"{_A_DAY}|^(?:19|20)\d\d-(?:0?[1-9]|1[0-2])-(?:0?[1-9]|[12]\d|3[01])(?: 0?0:00(?::00)?)?$"
    r"|^\d{1,2}:\d\d(?::\d\d)?$|^\d+\.0+$|^\d(?:\.\d+)?[eE]\+\d+$|^\d{1,3}0{5,}$"
)
# 1 of division 01 (a section is a letter), 10020 of postcode 010020: spreadsheets leave the zero out
# also of A112 and B610: the divisions of A are 01 to 05, those of B 06 to 12. What depends on the column is in column_reasons.py
_LOST_ZERO = {"industry_code": r"^\d$|^[Aa][1-9]\d{0,2}$|^[Bb][6-9]\d{0,2}$", "postcode": r"^\d{5}$"}
# a name in place of a code: 软件开发; with its code beside it, I65 软件业, it is known by that
_NO_INDUSTRY = (
    r"^[^0-9]*\p{Han}[^0-9]*$",
    " is a name, which no code is: let stage.sql look its code up, or ignore the column: ",
)
# 91329902MA00000B18（新）, 91329902MA00000B18；
MORE_THAN_A_CODE = (r"^[0-9A-Za-z]{18} ?[^0-9A-Za-z ]", " has more than a credit code: ")
_NO_TEXT = " is a day or a number where text belongs (3-12 becomes 12 March): ask for the column formatted as text: "


def _damage_kinds(feed: StagedFeed) -> list[tuple[list[str], tuple[tuple[str, str], ...]]]:
    """Source columns, and the patterns of values that none of them may have."""
    used = [source for source in feed.landed_columns if feed.columns.get(source)]
    named = [source for source in used if set(feed.columns[source]) & {*_NAMES, *feed.subject.key}]
    texts = {c.name for c in feed.subject.columns.values() if c.type == "varchar" and not c.name.endswith("_text")}
    worded = [source for source in used if not texts.isdisjoint(feed.columns[source])]
    firms = [source for source in used if "enterprise_name" in feed.columns[source]]
    kinds_of = ((used, DAMAGES), (named, NO_ENTERPRISE), (worded, NO_VALUE), (firms, (*SEVERAL, *NOT_OF_A_NAME)))
    return [(sources, kinds) for sources, kinds in kinds_of if sources]


def code_targets(feed: StagedFeed) -> list[str]:
    """The subject's columns with a code or name that identifies something; behind a patent's 202310123456. is a check digit."""
    texts = {c.name for c in feed.subject.columns.values() if c.type == "varchar"} - {"application_no"}
    return sorted(name for name in texts if name.endswith(_CODES) or name in _NAMES)


def no_texts(feed: StagedFeed) -> list[tuple[list[str], str, str]]:
    """The subject's columns of text, each with what none of them may be, and the reason."""
    codes = code_targets(feed)
    # what an event was before and after may be a day
    texts = (c.name for c in feed.subject.columns.values() if c.type == "varchar" and not c.name.endswith("_text"))
    others = sorted(set(texts) - {*codes, "application_no"})
    credit = [name for name in codes if name.endswith(("uscc", "taxpayer_no"))]
    return [
        (codes, *NO_CODE),
        (codes, _A_DAY, _NO_TEXT),
        (others, _NO_PLACE, _NO_TEXT),
        (credit, *MORE_THAN_A_CODE),
        *(([name], pattern, LOST_ZERO) for name, pattern in _LOST_ZERO.items() if name in others),
        *([(["industry_code"], *_NO_INDUSTRY)] if "industry_code" in others else []),
    ]


def has_damage(connection: duckdb.DuckDBPyConnection, feed: StagedFeed) -> bool:
    """Whether any row of `delivery` has a value that none may have: one look at each row, as lines of values.

    By Arrow, which has the same RE2: DuckDB also works out which values a pattern may match, four times as long as all else
    of a small delivery.
    """
    others = [
        (
            [source for source in feed.landed_columns if not set(feed.columns.get(source, ())).isdisjoint(targets)],
            pattern,
        )
        for targets, pattern, _ in no_texts(feed)
    ]
    others.append((_credit_codes(feed), _ROUNDED))
    kinds_of = [*_damage_kinds(feed), *((sources, ((pattern, ""),)) for sources, pattern in others if sources)]
    if not kinds_of:
        return False
    # ^ and $ are the ends of a value
    patterns = ["(?m)" + "|".join(f"(?:{pattern})" for pattern, _ in kinds) for _, kinds in kinds_of]
    lines = ", ".join(
        f"concat_ws(chr(10), {', '.join(f'{quote(source)}::varchar' for source in sources)}) as {quote(str(number))}"
        for number, (sources, _) in enumerate(kinds_of)
    )
    return any(
        pc.any(pc.match_substring_regex(looked_at, pattern)).as_py()
        for batch in connection.execute(f"select {lines} from delivery").to_arrow_reader(_ROWS_AT_ONCE)
        for looked_at, pattern in zip(batch.columns, patterns, strict=True)
    )


def damages(feed: StagedFeed) -> list[str]:
    """Expressions: why a value of the office is none, NULL where it may be one."""
    return [
        f"case when regexp_matches(d.{quote(source)}::varchar, {literal(pattern)}) "
        f"then {literal(f'{source} {reason}')} || left(d.{quote(source)}::varchar, 60) end"
        for sources, kinds in _damage_kinds(feed)
        for source in sources
        for pattern, reason in kinds
    ]


def _credit_codes(feed: StagedFeed) -> list[str]:
    """Source columns with a credit code."""
    targets = feed.columns
    return [s for s in feed.landed_columns if any(t.endswith(("uscc", "taxpayer_no")) for t in targets.get(s, ()))]


def rounded_codes(feed: StagedFeed) -> list[str]:
    """Expressions: why a credit code is none. Where a spreadsheet rounded it, the check character gives it away."""
    found = []
    for source in _credit_codes(feed):
        value = f"d.{quote(source)}::varchar"
        # GB 32100: the sum of digits times 3^n mod 31 is 0 where the last character is 0
        total = " + ".join(f"substr({value}, {n + 1}, 1)::int * {pow(3, n, 31)}" for n in range(15))
        found.append(
            f"case when regexp_matches({value}, {literal(_ROUNDED)}) and ({total}) % 31 <> 0 "
            f"then {literal(f'{source} was rounded to 15 digits by a spreadsheet: ask the office for it as text: ')} || {value} end"
        )
    return found
