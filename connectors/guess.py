"""Guess a feed's declaration from a file of the office: where its table is, and which column feeds which.

What is guessed is a beginning that a person reads through. Names are looked up in glossary.yml, among the Chinese names of the
park's columns (`warehouse/columns.yml`) and what feeds of the same subject call them. No value of the file is kept.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any, Final

from connectors.feed import Feed
from connectors.sources import plain
from connectors.sources.file_drop.csv_lines import csv_lines
from connectors.sources.file_drop.headers import MONTH, is_line_of_units, stated_units
from connectors.sources.file_drop.lines import HEADER_WITHIN, MOST_HEADER_LINES, Layout, Line, joined
from connectors.sources.file_drop.parquet_rows import read_parquet
from connectors.sources.file_drop.sheet_cells import FORMULA, Reading, Sheet, chosen_sheet
from connectors.sources.file_drop.units import is_measured, is_multiple, is_unit_of, unit_of, without_unit
from connectors.sources.file_drop.workbooks import ENCRYPTED, WORKBOOKS, content_kind, open_sheets
from warehouse.declared import read_yaml
from warehouse.errors import DeclarationError, DeliveryRefused
from warehouse.kinds import FLOW, figure_columns, kind_by_name
from warehouse.labels import labels
from warehouse.subjects import Subject

_ENCODINGS: Final = ("utf-8", "gb18030", "utf-16", "big5", "cp1252")
_DELIMITERS: Final = (",", "\t", ";", "|")
_LARGEST: Final = 512_000_000
# What a person's column is called: 法定代表人, 联系人, 经办人手机, 身份证号码, 发明人
_PERSONS: Final = re.compile(
    r"姓名|身份证|证件号|社会保障号|手机|电话|联系人|联系方式|经办|办税|代表人|法人代表|负责人|法人$|邮箱|微信|(?<![A-Z])QQ(?![A-Z])|银行卡|护照|phone|email"
    r"|contact|发明人|设计人|代理人|股东|[董监]事|经手|制[表单]人|填[表报]人|审核人|复核人|开票人|收款人|签收人|责任人|业主(?!单位)|户主|产权人"
    r"|^(?:FDDBR|FR(?:XM|DB)|LXR|LXDH|LXFS|SFZ|ZJHM|XM$|BSR|[CF]?W?FZR|JBR|YDDH|SJH|GDDH)|mobile|legal_?(?:person|rep)"
    r"|(?:[受办审]理|登记|承办|记录|操作|录入|接待|反映|提出|对接|跟进)人$|(?<![人党团会职成])员(?![工会])|经理$|主管$|楼[长管]|管家",
    re.IGNORECASE,
)
# text in which names of persons are not recognised (0008)
_PROSE: Final = re.compile(r"备注|说明|内容|描述|详情|意见|附言|摘要")
_IDENTITY: Final = re.compile(r"身份证|证件号|公民身份|社会保障号")
# a unit that no figure here has, 租赁面积（亩）, 用量（吨标煤）, 月租金（美元）, 租金(元/㎡/天)
_OTHER_UNIT: Final = re.compile(
    r"[（(【\[](?:[^）)】\]]*(?:美元|美金|港[元币]|欧元|日元|英镑|USD|HKD|EUR|亩|顷|公里|千米|标准?煤|焦|升|千瓦(?!时)|兆瓦(?!时)|[%％‰]|/(?!月)[^）)】\]]*)"
    r"|[每按]?[年季])[）)】\]]$|亩$|[气汽].*吨"
)
_A_MONTH: Final = re.compile(r"[/每]月[）)】\]]")
# one that is not understood: 金额(k), 金额（10k元）, 万元金额
_UNREAD_UNIT: Final = re.compile(r"[（(【\[][A-Za-z0-9'’.,·]+元?[）)】\]]$|[十百千万亿]+元")
# a figure of another kind: 计划参保人数, 人均工资
_OTHER_FIGURE: Final = re.compile(
    r"计划|预[计算测]|目标|同期|上[年月期季](?!.*[示读表]数?)|去年|人均|平均|日均|同比|环比|增[速幅长减]|占比"
)
_BRACKETED: Final = re.compile(r"[（(【\[〔<《{｛].*?[）)】\]〕>》}｝]")
# what a name may have beside a known one and still mean the same: 本期用电总量, 企业注册地址; not 工伤参保人数, 总公司信用代码, 原到期日
_NEUTRAL: Final = re.compile(
    r"(?:本[期月季年]末?|本季度|当[月期]|累计|年初至[今本]|合计|实际|实有|期末|月末|其中|单位|企业|公司|园区|入驻|用户|客户|纳税人|参保|承租|租赁|合同|税款"
    r"|数据|统计|登记|注册|名称|全称|号码|编[号码]|代码|内容|工商|[号码证表数量额总的日]|日期|时间|金额|[:：、/._-])*"
)
# 合计人次 is 人次
_WHOLE: Final = re.compile("^(?:合计|总计?|本[期月])|(?:合计|总计)$")
# 成立日期, 成立时间 and 成立日 are one name, and so are 楼栋编号, 楼栋编码 and 楼栋号
_DAYS: Final = ("日期", "时间", "日")
_NUMBERS: Final = ("号", "编号", "编码", "号码")
_DAY: Final = re.compile(f"(?<=.)(?:{'|'.join(_DAYS)})$")
_NUMBER: Final = re.compile(f"(?<=.)(?:{'|'.join(reversed(_NUMBERS))})$")
_NAME: Final = re.compile("名称?$")
# where the sounds of each letter begin in GB 2312's first 3,755 characters, which are sorted by them
_LETTERS: Final = "ABCDEFGHJKLMNOPQRSTWXYZ"
_SOUNDS: Final = [
    *(0xB0A1, 0xB0C5, 0xB2C1, 0xB4EE, 0xB6EA, 0xB7A2, 0xB8C1, 0xB9FE, 0xBBF7, 0xBFA6, 0xC0AC, 0xC2E8),
    *(0xC4C3, 0xC5B6, 0xC5BE, 0xC6DA, 0xC8BB, 0xC8F6, 0xCBFA, 0xCDDA, 0xCEF4, 0xD1B9, 0xD4D1),
]
_LAST_SOUND: Final = 0xD7F9
_CURRENCY: Final = re.compile("人民币|[美欧日港]元|港币|英镑")
_OCCUPIED: Final = re.compile("是否(?:已?出租|在?租|占用|使用|入驻)")
_SERIAL: Final = ("序号", "行号", "no", "no.")
_TOTALS: Final = ("合计", "总计", "小计")
_HAN: Final = re.compile(r"[\u4e00-\u9fff]")
_FIGURE: Final = re.compile(r"[-+(]?[\d.,%/: -]+\)?")
_MONEY: Final = re.compile("(?<!缴)费|金额|工资|基数|租金|税|产值|收入")
# the month in a file's name: 参保人数2026年10月.xlsx, 水电202610.csv
_MONTH_IN_NAME: Final = re.compile(r"20[0-9]{2}(?:[-._年]?(?:0[1-9]|1[0-2])|年[1-9])月?(?![0-9])")
# not the day of printing, nor 填报时间：2026年4月, 2026年4月打印
_NOT_PRINTED: Final = "(?<!时间)(?<!日期)(?<!时间[: ])(?<!日期[: ])(?<!时间: )(?<!日期: )"
_YEAR_IN_TITLE: Final = _NOT_PRINTED + r"(?P<年份>(?<!\d)20\d\d)年(?!\d)"
_MONTH_ALONE_THERE: Final = r"(?P<月份>20\d\d年\d{1,2}月)(?!\d{1,2}日|\s*(?:填[报表]|制表|打印|导出|报送|编制))"
_STATED_MONTH: Final = r"(?:所属期|统计(?:时间|日期|期间|周期)|报告期[别间]?):\s*" + _MONTH_ALONE_THERE
_MONTH_IN_TITLE: Final = _NOT_PRINTED + _MONTH_ALONE_THERE
_YEAR_IN_NAME: Final = re.compile(r"(?<![0-9])20[0-9]{2}(?![0-9])")
_KEYS: Final = ("unit_no", "taxpayer_no", "uscc", "enterprise_name")
_FEW_NAMES: Final = 2
_MOST_CODES: Final = 20
_ALIKE: Final = 3
_CROSSTAB: Final = 3
_ONE_MONTH: Final = re.compile("1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九]")
# 税款所属期 2026年第三季度 and 租赁期限 2025.3.1-2028.2.28 are both
RANGES: Final = (("period_start", "period_end"), ("start_date", "end_date"), ("valid_from_date", "valid_until_date"))
_END: Final = re.compile(r"(?:(自|从|起|始|开始)|(至|到|止|末|终|结束|终止|截止))[始止日期时间]*")
_YEARS: Final = ("年", "年份", "年度")
_MONTH_ALONE: Final = re.compile(r"(?:1[0-2]|0?[1-9])月?份?")
_STEPS: Final = {
    ".eml": "save the attached file and name that; `parkbridge feed try` reads the message itself",
    ".zip": "unpack it and name one of its files; `parkbridge feed try` reads the zip itself",
    ".mbox": "save its messages as .eml, or an attached file of them, and name that",
    ".json": "begin without --from: the fields of a record are the columns, protocol http_api reads them",
}
GLOSSARY: Final = Path(__file__).with_name("glossary.yml")


@dataclass(frozen=True)
class Guess:
    """What a file seems to be.

    Attributes:
        columns: The office's columns in their order, and what each feeds: canonical columns, `ignored` or `personal`.
        source: Options of its source that are not the defaults.
        figures: What the measured columns are (warehouse/kinds.py), where one of them is no figure of its period.
        missing: Required columns of the subject that nothing seems to feed.
        codes: The park's Chinese words for its codes, by the office's column, unless that has the codes themselves.
        roster: Where a row is a person who is to be counted: `by`, `count_distinct` and `as` of feed.yml.
        constants: The one code that all rows have, by canonical column: what the sheet is about, or what was said to be so.
        unfed: Other columns of the subject that nothing seems to feed.
        doubts: Columns of which each may be the same canonical column. The first one is taken, or none where they are equally likely.
    """

    columns: Mapping[str, Sequence[str]]
    source: Mapping[str, Any]
    missing: Sequence[str]
    figures: Mapping[str, str]
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    roster: Mapping[str, Any] = field(default_factory=dict)
    doubts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    unfed: Sequence[str] = ()

    @property
    def left_over(self) -> list[str]:
        """The office's columns that feed nothing, but for running numbers and what is never kept."""
        return [name for name, targets in self.columns.items() if targets == ["ignored"] and _bare(name) not in _SERIAL]


def guess(path: Path, subject: Subject, feeds: Iterable[Feed] = (), said: Mapping[str, str] | None = None) -> Guess:
    """Look at a CSV or Excel file.

    Args:
        path: The office's file.
        subject: What its rows are about.
        feeds: Declared feeds; those of this subject lend their names of columns.
        said: What is known of columns of the subject: the file's column that feeds it, or the one code of all rows.

    Raises:
        DeclarationError: It is not a file of these kinds, no header is found in it, or `said` is of none of its columns.
        DeliveryRefused: It is damaged.
    """
    if not path.is_file():
        raise DeclarationError(str(path), "there is no such file", next_step="name a file that the office sent")
    known = _names(subject, feeds)
    source, top = _top(path, known)
    best = _header(top, known)
    if best is None:
        raise DeclarationError(
            path.name,
            f"no line of the first {HEADER_WITHIN} looks like a header",
            next_step="remove the lines above it in a copy and name that, or begin without --from and declare source.header, its line",
        )
    first, head, names, below = _named_columns(path, top, best, known, source)
    above = top[:first]
    if units := [unit for unit in stated_units([*above, _text(path.stem)]) if is_multiple(unit)]:
        source["unit"] = "、".join(units)
    title = " ".join([path.stem, *(cell for line in above for cell in line.cells)])
    claims = {name: _target(name, known) for name in _without_months(names, subject, source, title)}
    others = {name for name, (targets, _) in claims.items() if _are_words(targets, _values(name, [head, *below]))}
    if "currency_code" not in subject.columns and any("币种" in name for name in claims):
        others |= {name for name, (targets, _) in claims.items() if "registered_capital_amount" in targets}
    claims |= dict.fromkeys([*_heads_of_others(names, below, claims), *others], (["ignored"], 0))
    claims, constants = _as_said(claims, subject, said or {}, path.name)
    columns, doubts = _assigned(claims)
    taken = {target for targets in columns.values() for target in targets}
    key = next((c for c in _KEYS if c in taken), None)
    if "source_key" in subject.columns and "source_key" not in taken and key:
        (name,) = (name for name, targets in columns.items() if key in targets)
        columns[name] = ["source_key", *columns[name]]
        taken.add("source_key")
    if "month" in subject.columns:
        _find_month(path, columns, source, [head, *below], above)
    if "year_number" in subject.columns and "year_number" not in taken and "年份" not in columns:
        _find_year(path, columns, source, above)
    if "currency_code" in subject.columns and "currency_code" not in taken:
        _find_currency(columns, [head, *below])
    taken |= {target for targets in columns.values() for target in targets}
    asked = {c.name for c in subject.columns.values() if c.is_required} - {*taken, *constants}
    constants |= _all_of_one_code(asked, columns, [name for names in doubts.values() for name in names], title)
    taken |= set(constants)
    missing = [c.name for c in subject.columns.values() if c.is_required and c.name not in taken]
    columns |= {name: ["personal"] for name in columns if columns[name] == ["ignored"] and _PROSE.search(name)}
    roster = _roster(columns, missing)
    if roster:
        columns |= {name: ["ignored"] for name, targets in columns.items() if any(map(is_measured, targets))}
        columns[roster["as"]] = missing
        missing = []
    kinds = {
        column.name: kind_by_name(name)
        for column in figure_columns(subject)
        for name, targets in columns.items()
        if column.name in targets
    }
    figures = kinds if set(kinds.values()) - {FLOW} else {}
    flaws = {
        flaw
        for line in below
        for place, flaw in line.flaws.items()
        if place < len(names) and set(columns.get(names[place], ["ignored"])) - {"ignored", "personal"}
    }
    _find_totals(columns, source, names, below)
    source |= {"formulas": "cached"} if any(FORMULA in flaw for flaw in flaws) else {}
    source |= {"merged": "fill"} if any("is merged into" in flaw for flaw in flaws) else {}
    unfed = [name for name in subject.columns if name not in (*taken, *missing, roster.get("as"))]
    codes = _codes(columns, [head, *below])
    return Guess(columns, source, missing, figures, codes, roster, doubts, constants, unfed)


def named(columns: Iterable[str]) -> str:
    """Canonical columns with their Chinese names."""
    return ", ".join(f"{column} {labels()[column].zh}" if column in labels() else column for column in columns)


def _find_currency(columns: dict[str, list[str]], table: Sequence[Line]) -> None:
    """Let 注册资本 give the currency, too, where its values name one: 500万美元."""
    for name, targets in columns.items():
        if "registered_capital_amount" in targets and any(map(_CURRENCY.search, _values(name, table))):
            columns[name] = [*targets, "currency_code"]


def _find_totals(
    columns: Mapping[str, Sequence[str]], source: dict[str, Any], names: Sequence[str], below: Sequence[Line]
) -> None:
    """Say where a line says that it is a total."""
    cells = (pair for line in below for pair in zip(names, line.cells, strict=False))
    column = next((name for name, cell in cells if cell.strip() in _TOTALS and columns.get(name) != ["personal"]), None)
    if column in columns:
        source["totals"] = {"column": column, "values": list(_TOTALS)}


def hints(guessed: Guess) -> Iterator[str]:
    """What to do about required columns that no name can feed."""
    if {"month", "year_number"} & set(guessed.missing):
        yield "a month or year may also be in the title, or in the name of the sheet or file, with its year: 2026年10月"
    for target in guessed.missing:
        words = {word: code for word, code in _words(target).items() if len(word) > 1}
        named_after = {name: code for name in guessed.columns for word, code in words.items() if word in name}
        if len(set(named_after.values())) > 1:
            names = list(named_after)
            yield f"{', '.join(names)} are words for {target}: let stage.sql give a row of each (docs/feeds.md, stage.sql)"
    if "invoice_count" in guessed.missing:
        yield "where a row is an invoice, declare `invoices`, which makes these columns (docs/feeds.md, invoices)"


def _as_said(
    claims: Mapping[str, tuple[list[str], int]], subject: Subject, said: Mapping[str, str], where: str
) -> tuple[dict[str, tuple[list[str], int]], dict[str, str]]:
    """The claims with what a person says of columns in place of what is guessed, and the codes that all rows have."""
    constants: dict[str, str] = {}
    fed: dict[str, list[str]] = {}
    for target, name in said.items():
        if target not in subject.columns:
            raise DeclarationError(
                f"--column {target}={name}",
                f"{subject.name} has no column {target}",
                allowed=", ".join(subject.columns),
                next_step="name one of these, then =, then the file's column",
            )
        words = _words(target)
        if name in claims:
            fed.setdefault(name, []).append(target)
        elif name in words or name in words.values():
            constants[target] = words.get(name, name)
        else:
            raise DeclarationError(
                f"--column {target}={name}",
                f"{where} has no column {name}" + (f", and {target} no such code" if words else ""),
                allowed=", ".join([*claims, *dict.fromkeys(words.values())]),
                next_step="name a column as it is listed",
            )
    others = {
        name: ([t for t in targets if t not in said] or ["ignored"], rank) for name, (targets, rank) in claims.items()
    }
    return others | {name: (targets, -1) for name, targets in fed.items()}, constants


def _all_of_one_code(
    asked: Iterable[str], columns: Mapping[str, Sequence[str]], doubted: Iterable[str], title: str
) -> dict[str, str]:
    """The codes of required columns that the sheet does not have, by the only word for one in its names, 水表号, or title, 用水统计."""
    of_figures = [*doubted]
    of_figures += [
        name for name, targets in columns.items() if any(is_measured(t) or t.endswith("_no") for t in targets)
    ]
    found: dict[str, str] = {}
    for target in sorted(name for name in asked if name.endswith("_code")):
        words = {word: code for word, code in _words(target).items() if word != "合计"}
        in_names = {code for word, code in words.items() if any(word in name for name in of_figures)}
        in_title = {code for word, code in words.items() if word in title}
        # 电 alone may be 电子产业园; beside 用水 it is a doubt
        one = next((codes for codes in (in_names, in_title) if len(codes) == 1), set())
        if one and (one == in_names or any(len(word) > 1 and word in title for word in words)):
            found |= dict.fromkeys([target], *one)
    return found


def _find_year(path: Path, columns: dict[str, list[str]], source: dict[str, Any], above: Sequence[Line]) -> None:
    """Say where the year is: in the file's name or in the title."""
    title = unicodedata.normalize("NFKC", "\n".join(cell for line in above for cell in line.cells))
    if _YEAR_IN_NAME.search(path.stem):
        source["name_pattern"] = f"(?P<年份>{_YEAR_IN_NAME.pattern})"
    elif re.search(_YEAR_IN_TITLE, title):
        source["title_pattern"] = _YEAR_IN_TITLE
    else:
        return
    columns["年份"] = ["year_number"]


def _assigned(claims: Mapping[str, tuple[list[str], int]]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """What each column feeds, and which columns could each be the same one.

    A sheet that states the period's own figure as well is read by that; a name that comes first among the known ones goes before
    the others. Of two that are equally likely (月租金(含税), 月租金(不含税)) none is taken.
    """
    columns = {name: targets if targets == ["personal"] else ["ignored"] for name, (targets, _) in claims.items()}
    order: dict[tuple[bool, int], list[str]] = {}
    for name, (targets, rank) in claims.items():
        if not {"ignored", "personal"} & set(targets):
            order.setdefault((kind_by_name(name) != FLOW, rank), []).append(name)
    taken: set[str] = set()
    doubts: dict[str, list[str]] = {}
    for _, names in sorted(order.items()):
        wanted = Counter(target for name in names for target in claims[name][0])
        for name in names:
            targets = claims[name][0]
            free = [target for target in targets if target not in taken and wanted[target] == 1]
            if tuple(targets) not in RANGES or free == targets:
                columns[name] = free or ["ignored"]
                taken |= set(free)
            for target in targets:
                doubts.setdefault(target, []).append(name)
        taken |= {target for target, times in wanted.items() if times > 1}
    return columns, {
        target: names
        for target, names in doubts.items()
        if len(names) > 1 and len({kind_by_name(n) for n in names}) == 1
    }


def _heads_of_others(
    names: Sequence[str], below: Sequence[Line], claims: Mapping[str, tuple[list[str], int]]
) -> Iterator[str]:
    """Figures under a name beside figures without one: of which column it is the name is not known."""
    for place, name in enumerate(names[1:], start=1):
        before = names[place - 1]
        is_head = name == f"column {place + 1}" and any(map(is_measured, claims.get(before, ([], 0))[0]))
        if is_head and any(_FIGURE.fullmatch(line.cells[place].strip()) for line in below if place < len(line.cells)):
            yield before


def _find_month(
    path: Path, columns: dict[str, list[str]], source: dict[str, Any], table: Sequence[Line], above: Sequence[Line]
) -> None:
    """Say where the month is: in a column of it and one of the year, in the names of sheets, in the file's name or in the title."""
    name = next((name for name, targets in columns.items() if "month" in targets), None)
    if name is not None:
        places = {plain(cell): place for place, cell in enumerate(table[0].cells)}
        year = next((year for year in columns if _bare(year) in _YEARS and year in places), None)
        values = [line.cells[places[name]].strip() for line in table[1:] if places.get(name, 99) < len(line.cells)]
        if year and any(values) and all(map(_MONTH_ALONE.fullmatch, filter(None, values))):
            columns[year] = ["month"]
    elif "sheet_pattern" in source:
        if "月份" not in source["sheet_pattern"] and _YEAR_IN_NAME.search(path.stem):
            source["name_pattern"] = f"(?P<年>{_YEAR_IN_NAME.pattern})"
            columns |= {"年": ["month"], "月": ["month"]}
        else:
            columns["月" if "<月>" in source["sheet_pattern"] else "月份"] = ["month"]
    elif "月份" not in columns:
        title = unicodedata.normalize("NFKC", "\n".join(cell for line in above for cell in line.cells))
        pattern = next((p for p in (_STATED_MONTH, _MONTH_IN_TITLE) if re.search(p, title)), None)
        if _MONTH_IN_NAME.search(path.stem):
            source["name_pattern"] = f"(?P<月份>{_MONTH_IN_NAME.pattern})"
        elif pattern is not None:
            source["title_pattern"] = pattern
        if source.keys() & {"name_pattern", "title_pattern"}:
            columns["月份"] = ["month"]


def _named_columns(
    path: Path, top: Sequence[Line], best: int, known: Mapping[str, Sequence[str]], source: dict[str, Any]
) -> tuple[int, Line, list[str], Sequence[Line]]:
    """The place of the header, the header as one line, its names, and the lines below it.

    It has more lines where they fill each other, where the second one holds units, or where one line has a name twice.
    """
    first = best - 1 if best and _fill_each_other(top[best - 1], top[best], known) else best
    last = best
    while last + 1 < len(top) and last - first + 1 < MOST_HEADER_LINES:
        if not _fill_each_other(joined(top[first : last + 1]), top[last + 1], known) and not is_line_of_units(
            top[last + 1]
        ):
            break
        last += 1
    for begin, end in ((first, last), (best, best), (max(best - 1, 0), best)):
        head = joined(top[begin : end + 1])
        cells = [plain(cell) for cell in head.cells]
        while not cells[-1]:
            cells.pop()
        names = [cell or f"column {place}" for place, cell in enumerate(cells, start=1)]
        if len(set(names)) == len(names):
            if begin < end:
                source["header_lines"] = end - begin + 1
            return begin, head, names, top[end + 1 :]
    raise DeclarationError(
        path.name,
        "two columns have one name: a header of three lines, two tables side by side, or a month above several figures",
        next_step="begin without --from and declare source.header_lines, with names such as 用水/用量; where the months are "
        "columns, source.unpivot reads them, with the names of the figures as its value",
    )


def _fill_each_other(upper: Line, lower: Line, known: Mapping[str, Sequence[str]]) -> bool:
    """Whether two lines are one header, as 参保情况 over 参保人数 and 缴费工资 beside 单位名称, which reaches over both lines."""
    cells = [[bool(cell.strip()) for cell in line.cells] for line in (upper, lower)]
    pairs = list(zip_longest(*cells, fillvalue=False))
    is_named = all(_known_names(line, known) for line in (upper, lower))
    # 起 and 止 below 税款所属期 and the cell that is merged with it, and nothing below other names
    parts = [place for place, (_, has_lower) in enumerate(pairs) if has_lower]
    is_below_groups = all(not pairs[p][0] or (p + 1 < len(pairs) and pairs[p + 1] == (False, True)) for p in parts)
    is_text = not any(_FIGURE.fullmatch(cell.strip()) for cell in lower.cells)
    return {(True, False), (False, True)} <= set(pairs) and (is_named or is_below_groups) and is_text


def _without_months(names: Sequence[str], subject: Subject, source: dict[str, Any], title: str) -> list[str]:
    """The names of columns; months that are columns become one and a figure: source.unpivot."""
    months = [name for name in names if MONTH.fullmatch(name)]
    measured = (c for c in subject.columns.values() if c.type.startswith(("bigint", "decimal")))
    figure = next((c.name for c in measured if c.is_required and is_measured(c.name)), None)
    if len({name.partition("/")[0] for name in months}) < _CROSSTAB or figure is None or "month" not in subject.columns:
        return list(names)
    if _MONEY.search(title) and not figure.endswith("_amount"):
        return list(names)  # 2026年各月电费: no use
    # 2026年1月/用量 and 2026年1月/电费
    values = list(dict.fromkeys(name.partition("/")[2] for name in months if "/" in name)) or [labels()[figure].zh]
    heads = [name.partition("/")[0] for name in months]
    patterns = {
        _ONE_MONTH.sub(lambda m: "MM" if m[0][0] == "0" else "M", re.sub("20[0-9]{2}", "YYYY", head)) for head in heads
    }
    if any(head[-2:].isdigit() for head in heads):
        patterns = {pattern.replace("MM", "M").replace("M", "MM") for pattern in patterns}
    totals = [name for name in names if name.partition("/")[0] in ("合计", "总计", "小计")]
    source["unpivot"] = {
        "columns": sorted(patterns),
        "period": "月份",
        "value": values if len(values) > 1 else values[0],
    } | ({"totals": totals} if totals else {})
    return [*(name for name in names if name not in (*months, *totals)), "月份", *values]


def _words(column: str) -> dict[str, str]:
    """The words for the codes of a canonical column: the park's own, and those that offices write."""
    codes = labels()[column].codes if column in labels() else ()
    own = {code.zh: str(code.value) for code in codes if not code.is_derived}
    of_offices = _glossary()["codes"].get(column, {}) if len(own) <= _MOST_CODES else {}
    return own | {word: code for code, words in of_offices.items() for word in words}


def _codes(columns: Mapping[str, Sequence[str]], lines: Sequence[Line]) -> dict[str, dict[str, str]]:
    """The words for the codes of each column; none where the first lines hold codes."""
    found = {}
    for name, targets in columns.items():
        words = _words(targets[0]) if len(targets) == 1 else {}
        if targets == ["is_vacant"] and _OCCUPIED.search(name):  # 是否出租: 否 is vacant
            words |= {"是": words["否"], "否": words["是"]}
        if words and len(set(words.values())) <= _MOST_CODES and not _values(name, lines) & set(words.values()):
            found[name] = words
    return found


def _values(name: str, lines: Sequence[Line]) -> set[str]:
    """What the first lines hold in a column."""
    places = {plain(cell): place for place, cell in enumerate(lines[0].cells)}
    place = places.get(name, len(lines[0].cells))
    return {line.cells[place].strip() for line in lines[1:] if place < len(line.cells)} - {""}


def _are_words(targets: Sequence[str], values: set[str]) -> bool:
    """Whether a column of codes of a list that is not ours, 行业代码, holds their names: 制造业."""
    is_code = targets[0].endswith("_code") and targets[0] != "building_code" and not _words(targets[0])
    return is_code and bool(values) and all(_HAN.match(value) for value in values)


def _roster(columns: Mapping[str, Sequence[str]], missing: Sequence[str]) -> dict[str, Any]:
    """How to count a list of persons: all that it lacks is their number, and a column identifies them."""
    numbers = [name for name, targets in columns.items() if "personal" in targets and _IDENTITY.search(name)]
    if len(numbers) != 1 or len(missing) != 1 or not missing[0].endswith("_headcount") or "人数" in columns:
        return {}
    by = [
        name
        for name, targets in columns.items()
        if set(targets) - {"personal", "ignored", *filter(is_measured, targets)}
    ]
    return {"by": by, "count_distinct": numbers[0], "as": "人数"}


@cache
def _glossary() -> dict[str, Any]:
    given: dict[str, Any] = read_yaml(GLOSSARY.read_text(encoding="utf-8"))
    return given


def _names(subject: Subject, feeds: Iterable[Feed]) -> dict[str, list[str]]:
    """The names by which offices may call the subject's columns; what a feed says goes before the column's own name."""
    meanings = labels()
    found = {_bare(meanings[c].zh): [c] for c in subject.columns if c in meanings} | {c: [c] for c in subject.columns}
    given = _glossary()
    listed: dict[str, list[str]] = {}
    for column in (column for column in given if column in subject.columns):
        sibling = column.replace("_code", "_name")
        for name in dict.fromkeys(map(_bare, given[column])):
            if sibling in subject.columns and sibling != column and _NAME.search(name):
                listed[name] = [sibling]
            elif column not in listed.get(name, ()):
                listed.setdefault(name, []).append(column)  # 租赁期限 is the beginning and the end
    found |= listed
    # a unit's number is the source's key also where the subject has no column of its own for it
    for key in _KEYS[:-1] if "source_key" in subject.columns else ():
        found = found | {_bare(n): ["source_key"] for n in (meanings[key].zh, *given[key]) if _bare(n) not in found}
    found = _by_initials(found) | found
    for feed in feeds:
        if feed.subject.name == subject.name:
            found |= {_bare(name): list(targets) for name, targets in feed.columns.items() if targets}
    return found


def _by_initials(known: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The names as databases of offices write them, by the first letters of their sounds: NSRSBH is 纳税人识别号; none that is two's."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for name, targets in known.items():
        ends = next((ends for ends in (_DAYS, _NUMBERS) if name.endswith(ends[0])), ("",))
        for way in (name.removesuffix(ends[0]) + end for end in ends):
            found.setdefault(initials(way).casefold(), set()).add(tuple(targets))
    return {short: list(*targets) for short, targets in found.items() if len(short) >= _ALIKE and len(targets) == 1}


def initials(name: str) -> str:
    """The first letters of the sounds of Chinese characters, which GB 2312 has in their order; nothing where one is rare or none."""
    try:
        codes = [int.from_bytes(sign.encode("gb2312")) for sign in name]
    except UnicodeEncodeError:
        return ""
    if not all(_SOUNDS[0] <= code <= _LAST_SOUND for code in codes):
        return ""
    return "".join(_LETTERS[bisect(_SOUNDS, code) - 1] for code in codes)


def _bare(name: str) -> str:
    bare = "".join(_BRACKETED.sub("", without_unit(_BRACKETED.sub("", name))).split()).casefold()
    return _NUMBER.sub("号", _DAY.sub("日期", bare))


def _target(name: str, known: Mapping[str, Sequence[str]]) -> tuple[list[str], int]:
    """What a column may feed, and how likely that is: the place of its name among the known ones, behind all where it is only alike."""
    if _PERSONS.search(name):
        return ["personal"], 0
    parts = [_bare(part) for part in without_unit(_BRACKETED.sub("", name)).split("/")]
    ways = [parts[-1], "".join(parts), "".join(reversed(parts)), *(["月" + parts[-1]] if _A_MONTH.search(name) else [])]
    found = next((way for way in ways if way in known), None)
    if not found and parts[-1].endswith("人"):  # 抄表人; 承租人 and 纳税人 are known
        return ["personal"], 0
    whole = _WHOLE.sub("", parts[-1])
    if (end := _END.fullmatch(parts[-1])) and tuple(known.get(parts[0], ())) in RANGES:
        return [known[parts[0]][end.lastindex == 2]], list(known).index(parts[0])
    rank = 0
    is_count = whole in known and is_measured(known[whole][0]) and not known[whole][0].endswith("_headcount")
    if not found and is_count and not _OTHER_FIGURE.search(name):
        found, rank = whole, len(known)
    if not found:
        alike = ((k, way) for way in ways for k in known if min(len(k), len(way)) >= _ALIKE and (k in way or way in k))
        other = max((k for k, way in alike if _is_alike(k, way)), key=len, default=None)
        if other is None or _OTHER_FIGURE.search(name):
            return ["ignored"], 0
        found, rank = other, len(known)
    rank += list(known).index(found)
    targets = list(known[found])
    unit = unit_of(name)
    is_other = not is_unit_of(targets[0], unit) if unit else _UNREAD_UNIT.search(name)
    if is_measured(targets[0]) and (is_other or _OTHER_UNIT.search(name) or _OTHER_FIGURE.search(name)):
        return ["ignored"], 0
    if _NAME.search(parts[-1]) and targets[0].endswith(("_code", "_no")):
        rank += 2 * len(known)  # 楼栋名称 is the code where there is no other one
    return targets, rank


def _is_alike(known: str, name: str) -> bool:
    short, long = sorted((known, name), key=len)
    rest = long.replace(short, "", 1)
    return _NEUTRAL.fullmatch(rest) is not None and not (long == known and "参保" in rest)  # 总人数 is not 参保总人数


def _text(text: str) -> Line:
    return Line(0, [text], {}, None, text)


def _of_sheet(
    sheets: Sequence[Sheet], where: str, known: Mapping[str, Sequence[str]]
) -> tuple[dict[str, Any], list[Line]]:
    """The first lines of the sheet with the table, or of the sheets of months that are one.

    Of several visible ones it is the only one with a header of known names.
    """
    tops = {sheet.name: _filled(sheet.lines()) for sheet in sheets if sheet.is_visible}
    heads = {}
    for name, top in tops.items():
        best = max(range(len(top)), key=lambda place: _known_names(top[place], known), default=None)
        if best is not None and _known_names(top[best], known) >= _FEW_NAMES:
            heads[name] = [plain(cell) for cell in top[best].cells]
    months = [name for name in heads if MONTH.fullmatch(name)]
    chosen, source = None, {}
    if len(months) > 1 and all(heads[name] == heads[months[0]] for name in months):
        chosen = months[0]
        pattern = r"(?P<月份>20\d\d.+)" if all(name.startswith("20") for name in months) else r"(?P<月>\d+)月"
        source = {
            "sheets": ["*月"] if all(name.endswith("月") for name in months) else months,
            "sheet_pattern": pattern,
        }
    elif sum(map(bool, tops.values())) > 1 and len(heads) == 1:
        (chosen,) = heads
        source = {"sheet": chosen}
    sheet = next((s for s in sheets if s.name == chosen), None) or chosen_sheet(sheets, None, where)
    if units := [unit for unit in stated_units(map(_text, sheet.beside())) if is_multiple(unit)]:
        source["unit"] = "、".join(units)
    return source, tops.get(sheet.name) or _filled(sheet.lines())


def _known_names(line: Line, known: Mapping[str, Sequence[str]]) -> int:
    return sum(_bare(cell) in known for cell in line.cells)


def _top(path: Path, known: Mapping[str, Sequence[str]]) -> tuple[dict[str, Any], list[Line]]:
    """The first lines that hold anything, and how they are read."""
    kind = path.suffix.lower()
    with path.open("rb") as file:
        content, name = content_kind(file)
        if kind not in (".csv", ".tsv", ".txt", ".zip") and content in (*WORKBOOKS, ENCRYPTED):
            for encoding in _ENCODINGS[:2]:  # of a web page that does not state its own
                try:
                    sheets = open_sheets(file, content, path.name, Reading(), encoding, _LARGEST)
                    source, top = _of_sheet(sheets, path.name, known)
                    return source | ({"encoding": encoding} if encoding != _ENCODINGS[0] else {}), top
                except DeliveryRefused:
                    if content != "html" or encoding != _ENCODINGS[0]:
                        raise
                    file.seek(0)
        if content == "parquet":
            header, batches = read_parquet(file, Layout(path.name), _LARGEST, [], [])
            rows = next(batches).slice(0, HEADER_WITHIN).to_pylist()
            cells = [[row[name] or "" for name in header] for row in rows]
            return {}, [Line(n, c, {}, None, "") for n, c in enumerate([list(header), *cells])]
    if kind not in (".csv", ".tsv", ".txt", ".xls", ".et"):
        raise DeclarationError(
            path.name,
            f"files that end in {kind!r} and hold {name} cannot be guessed",
            allowed=".csv, .tsv, .txt, .xlsx, .xls, .et, .html, .parquet",
            next_step="name it .csv" if content == "csv" and kind == ".xlsx" else _STEPS.get(kind, "save it as .xlsx"),
        )
    usual = "," if kind == ".csv" else "\t"
    for encoding in _ENCODINGS:
        try:
            found = {delimiter: _split(path, encoding, delimiter) for delimiter in (usual, *_DELIMITERS)}
        except DeliveryRefused:
            if encoding == _ENCODINGS[-1]:
                raise
            continue
        delimiter = max(found, key=lambda d: (sum(len(line.cells) for line in found[d]), d == usual))
        source = {"encoding": encoding} if encoding != "utf-8" else {}
        return source | ({"delimiter": delimiter} if delimiter != usual else {}), found[delimiter]
    raise AssertionError


def _split(path: Path, encoding: str, delimiter: str) -> list[Line]:
    with path.open("rb") as file:
        return _filled(csv_lines(file, encoding, delimiter, '"', path.name))


def _filled(lines: Iterator[Line]) -> list[Line]:
    return [line for line in islice(lines, HEADER_WITHIN) if any(cell.strip() for cell in line.cells)]


def _header(top: Sequence[Line], known: Mapping[str, Sequence[str]]) -> int | None:
    """The line with the most known names; else the first of the widest that holds names alone."""
    if not top:
        return None
    scores = [_known_names(line, known) for line in top]
    if max(scores) >= _FEW_NAMES:
        return scores.index(max(scores))
    widest = max(sum(1 for cell in line.cells if cell.strip()) for line in top)
    for place, line in enumerate(top):
        cells = [cell.strip() for cell in line.cells if cell.strip()]
        if len(cells) == widest > 1 and not any(_FIGURE.fullmatch(cell) for cell in cells):
            return place
    return None
