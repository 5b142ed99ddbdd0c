"""What an office's name of a column may mean: which column of a subject, a person, or nothing of ours.

Names are looked up in glossary.yml, among the Chinese names of the park's columns (`warehouse/columns.yml`), and in what feeds of
the same subject call them.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, reduce
from pathlib import Path
from typing import Any, Final

from connectors.feed import Feed
from warehouse.declared import read_yaml
from warehouse.labels import labels
from warehouse.subjects import Subject
from warehouse.units import is_measured, is_unit_of, unit_of, without_unit

# What a person's column is called: 法定代表人, 联系人, 经办人手机, 身份证号码, 发明人
_PERSONS: Final = re.compile(
    r"姓名|身份证|身份号|公民身份|证件号|社会保障号|手机|电话|联系人|联系方式|经办|办税|代表人|法人代表|负责人|法人$|邮箱|微信|(?<![A-Z])QQ(?![A-Z])|银行卡|护照|phone|email"
    r"|contact|发明人|设计人|代理人|股东|[董监]事|经手|制[表单]人|填[表报]人|审核人|复核人|开票人|收款人|签收人|责任人|业主(?!单位)|户主|产权人"
    r"|^(?:FDDBR|FR(?:XM|DB)|LXR|LXDH|LXFS|SFZ|ZJHM|XM$|BSR|[CF]?W?FZR|JBR|YDDH|SJH|GDDH)|mobile|(?<![a-z])(?:tel|fax)(?![a-z])|passport"
    r"|legal[ _]?(?:person|rep)|manager|director|shareholder|inventor|attorney|in charge|officer|sales(?:person|man)|surname"
    r"|broker|consultant|(?:prepared|handled|reviewed|checked|approved)[ _]by|(?:first|last|family|full|employee|staff)[ _]?name"
    r"|(?:[受办审]理|登记|承办|记录|操作|录入|接待|反映|提出|对接|跟进)人$|(?<![人党团会职成])员(?![工会])|经理$|主管$|楼[长管]|管家",
    re.IGNORECASE,
)
# a unit that no figure here has, 租赁面积（亩）, 用量（吨标煤）, 月租金（美元）, 租金(元/㎡/天)
_OTHER_UNIT: Final = re.compile(
    r"[（(【\[](?:[^）)】\]]*(?:美元|美金|港[元币]|欧元|日元|英镑|USD|HKD|EUR|亩|顷|公里|千米|标准?煤|焦|升|千瓦(?!时)|兆瓦(?!时)|[%％‰]|/(?!月)[^）)】\]]*)"
    r"|[每按]?[年季])[）)】\]]$|亩$|[气汽].*吨"
)
_A_MONTH: Final = re.compile(r"[/每]月[）)】\]]")
# one that is not understood: 金额(k), 金额（10k元）, 万元金额
_UNREAD_UNIT: Final = re.compile(
    r"[（(【\[](?!(?:RMB|CNY|yuan|sq\.? ?m|m2)[）)】\]])[A-Za-z0-9'’.,· ]+元?[）)】\]]$|[十百千万亿]+元", re.IGNORECASE
)
# a figure of another kind: 计划参保人数, 人均工资
_OTHER_FIGURE: Final = re.compile(
    r"计划|预[计算测]|目标|同期|上[年月期季](?!.*[示读表]数?)|去年|人均|平均|日均|同比|环比|增[速幅长减]|占比"
)
# the same again beside a Chinese name: 企业名称Company Name; not IPC分类号
_IN_ENGLISH: Final = re.compile(r"(?<=[\u4e00-\u9fff])[a-z][a-z'’&-]{3,}$|^[a-z][a-z'’&-]{3,}(?=[\u4e00-\u9fff]{2})")
_BETWEEN: Final = re.compile(r"[\s_.]+")
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
KEYS: Final = ("unit_no", "taxpayer_no", "uscc", "enterprise_name")
MOST_CODES: Final = 20
_ALIKE: Final = 3
# 税款所属期 2026年第三季度 and 租赁期限 2025.3.1-2028.2.28 are both
RANGES: Final = (("period_start", "period_end"), ("start_date", "end_date"), ("valid_from_date", "valid_until_date"))
_END: Final = re.compile(r"(?:(自|从|起|始|开始)|(至|到|止|末|终|结束|终止|截止))[始止日期时间]*$")
# what names have in place of the usual word: 调入单位统一社会信用代码 is 转入单位信用代码
_OTHER_WORDS: Final = {
    "统一社会信用": "信用",
    "调入": "转入",
    "流入": "转入",
    "调出": "转出",
    "流出": "转出",
    "调动": "转移",
    "税费": "税款",
}
GLOSSARY: Final = Path(__file__).with_name("glossary.yml")


@cache
def _glossary() -> dict[str, Any]:
    given: dict[str, Any] = read_yaml(GLOSSARY.read_text(encoding="utf-8"))
    return given


def known_names(subject: Subject, feeds: Iterable[Feed]) -> dict[str, list[str]]:
    """The names by which offices may call the subject's columns; what a feed says goes before the column's own name."""
    meanings = labels()
    found = {bare(meanings[c].zh): [c] for c in subject.columns if c in meanings} | {
        bare(c): [c] for c in subject.columns
    }
    given = _glossary()
    listed: dict[str, list[str]] = {}
    for column in (column for column in given if column in subject.columns):
        sibling = column.replace("_code", "_name")
        for name in dict.fromkeys(map(bare, given[column])):
            if sibling in subject.columns and sibling != column and _NAME.search(name):
                listed[name] = [sibling]
            elif column not in listed.get(name, ()):
                listed.setdefault(name, []).append(column)  # 租赁期限 is the beginning and the end
    found |= listed
    # a unit's number is the source's key also where the subject has no column of its own for it
    for key in KEYS[:-1] if "source_key" in subject.columns else ():
        found = found | {bare(n): ["source_key"] for n in (meanings[key].zh, *given[key]) if bare(n) not in found}
    found = _by_initials(found) | found
    for feed in feeds:
        if feed.subject.name == subject.name:
            found |= {bare(name): list(targets) for name, targets in feed.columns.items() if targets}
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


def bare(name: str) -> str:
    """A name as it is compared: without brackets, unit, blanks, _ and points, 时间 as 日期, 编码 as 号."""
    short = _BETWEEN.sub("", _BRACKETED.sub("", without_unit(_BRACKETED.sub("", name)))).casefold()
    short = _IN_ENGLISH.sub("", short)
    return _NUMBER.sub("号", _DAY.sub("日期", short))


def target_of(name: str, known: Mapping[str, Sequence[str]]) -> tuple[list[str], int]:
    """What a column may feed, and how likely that is: the place of its name among the known ones, behind all where it is only alike."""
    if _PERSONS.search(name):
        return ["personal"], 0
    parts = [bare(part) for part in without_unit(_BRACKETED.sub("", name)).split("/")]
    whole = "".join(parts)
    usual = reduce(lambda text, pair: text.replace(*pair), _OTHER_WORDS.items(), whole)
    ways = [parts[-1], whole, usual, "".join(reversed(parts)), *(["月" + parts[-1]] if _A_MONTH.search(name) else [])]
    found = next((way for way in ways if way in known), None)
    if not found and parts[-1].endswith("人"):  # 抄表人; 承租人 and 纳税人 are known
        return ["personal"], 0
    if (end := _END.search(usual)) and tuple(known.get(span := usual[: end.start()], ())) in RANGES:
        return [known[span][end.lastindex == 2]], list(known).index(span)
    whole = _WHOLE.sub("", parts[-1])
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


def words_for_codes(column: str) -> dict[str, str]:
    """The words for the codes of a canonical column: the park's own, and those that offices write."""
    codes = labels()[column].codes if column in labels() else ()
    own = {code.zh: str(code.value) for code in codes if not code.is_derived}
    of_offices = _glossary()["codes"].get(column, {}) if len(own) <= MOST_CODES else {}
    return own | {word: code for code, words in of_offices.items() for word in words}
