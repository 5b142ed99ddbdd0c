"""Units that sheets state, above the header, in it or below it, and how many of the unit's base they are."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

_TENS: Final = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8}
TENS_SIGNS: Final = "".join(_TENS)
# of a unit; 千瓦时 and 千克 are the usual units themselves
_MULTIPLIED: Final = re.compile(r"[十百千万亿]+(?![瓦克米])")
# 1 MWh is 1,000 kWh
_ENERGY: Final = "[MGmg][wW][hH]|[兆吉]瓦时"
_PART: Final = re.compile(rf"[分角]|[wW]元?|{_ENERGY}")
# of which no column here is, with or without a multiple
_ODD: Final = "亩|公顷|平方公里|吨?标准?煤|tce|吉焦|GJ|升|美元|港[元币]|欧元|日元"
_PARTS: Final[Mapping[str, int | Decimal]] = {
    "w": 10**4,
    "W": 10**4,
    "分": Decimal("0.01"),
    "角": Decimal("0.1"),
    "兆": 1000,
    "M": 1000,
    "m": 1000,
    "吉": 10**6,
    "G": 10**6,
    "g": 10**6,
}
# of square metres; what is behind 亩 is the usual rounding
_AREAS: Final[Mapping[str, int | Decimal]] = {
    "亩": Decimal("666.67"),
    "公顷": 10**4,
    "平方公里": 10**6,
    "平方千米": 10**6,
}
# of headers and units of amounts: no yuan, and no rent of a month (年租金, 租金单价, 元/m2/天)
OTHER_CURRENCY: Final = re.compile(
    r"美[元金]|港[元币]|[欧日韩澳加]元|英镑|法郎|新加坡[元币]|台币|澳门[元币]"
    r"|(?<![A-Z])(?:USD|HKD|EUR|JPY|GBP|KRW|AUD|CAD|CHF|SGD|TWD|MOP)(?![A-Z])|(?:US|HK)\$",
    re.IGNORECASE,
)
RENT: Final = "monthly_rent_amount"
OTHER_RENT: Final = re.compile(r"[/每](?:m[2²]|㎡|平米?|平方米?|天|日|年|季)|[年日]租|季度?租|单价", re.IGNORECASE)
# a figure without a unit of its own, as a pattern of DuckDB
BARE_FIGURE: Final = r"[-+(]?[0-9][0-9,]*(\.[0-9]+)?\)?"
# 1,000 of RMB 1,000, RMB'000 and RMB k
_WORDS: Final = {"k": 1000, "t": 1000, "w": 10**4, "m": 10**6, "b": 10**9}
# the usual units of figures, by the suffix of their column; of water a ton is a cubic metre
_MEASURES_OF: Final = {
    "_amount": "元",
    "_quantity": "千瓦时|[kK][wW][.·]?[hH]|度|立方米|[mM]3|立方|方|吨",
    "_m2": "平方米|㎡|平米|[mM]2",
    "_headcount": "人",
    "_count": "人次|辆次|车次|次|辆|家|户|个|张|份",
}
# 单位：万元 · （万元） · 【万元】 · 金额：万元 · 单位/万元 · 单位：万 · 金额单位：人民币万元; not 填报单位：明达公司.
# What begins another unit comes after it
MEASURES: Final = r"元|千瓦时|[kK][wW][.·]?[hH]|度|立方米|[mM][23]|平方米|㎡|人|千瓦|千克|公斤|吨|亩|人次|户|辆|辆次"
_UNIT: Final = re.compile(
    rf"(?:(?:单\s*位\s*[:/]|[(\[【])\s*(?:人民币|RMB)?\s*(?:([十百千万亿]*)\s*({MEASURES})|([百千]?[万亿])|({_ENERGY}))"
    rf"|单\s*位\s*[:为]?\s*(?:人民币)?({_ENERGY}|[分角]|[wW]元?|[十百千万亿]*(?:{_ODD})|[十百千万亿]+(?:元|人|度))"
    rf"|[:/]\s*(?:人民币)?([十百千万亿]+)\s*({MEASURES}))(?=(?:人民币)?整?(?:[\s()\]】;,。、/]|$))",
    re.MULTILINE,
)
# the same in words: 货币单位为万元, 计量单位 万元, 金额单位均为人民币万元, 金额以万元为单位, 按万元计, 以人民币万元列示
_UNIT_IN_WORDS: Final = re.compile(
    rf"(?:单\s*位\s*(?:均?[为是系]\s*|\s+)|(?:以|按|[均都]为)\s*)(?:人民币)?\s*([十百千万亿]*)\s*({MEASURES})"
    r"(?=为单位|计|列[示报]|填[列报]|(?:人民币)?(?:[\s)\];,。、/]|$))",
    re.MULTILINE,
)
# Unit: RMB 10,000 · in thousands of yuan · CNY million
_UNIT_IN_ENGLISH: Final = re.compile(
    r"(?:\bunits?\b|\bin\b|\brmb\b|\bcny\b|\byuan\b|[¥￥])[\s:()'’]*(?:of\s+)?(?:rmb|cny|yuan)?[\s:]*(1,?0{3}|10,?0{3}|1,?0{3},?0{3}|k|wan|thousands?|millions?|billions?|mn|mio|bn|0{3}s?)\b",
    re.IGNORECASE,
)
# of a column: 金额（万元）, 金额_万元, 人数(百), and without a mark 金额万元 at its end. What is behind a unit ends it: （元，含税）, 元/月
_SCALED: Final = rf"[十百千万亿]*(?:{'|'.join([*_MEASURES_OF.values(), MEASURES])})|{_ENERGY}"
_UNIT_OF_HEADER: Final = re.compile(
    r"(?:[-_:/,;.|、\s(\[{<〔【「《]\s*(?:(?:计量|金额)?单\s*位\s*[:/为]?\s*)?(?:[以按])?(?:人民币|RMB)?"
    rf"(?P<marked>{_SCALED}|公顷|平方公里|平方千米|[十百千]?[万亿]|[百千万分角])(?=(?:人民币|计)?(?:[\s)\]}}>〕】」》;,。、/]|$))"
    rf"|(?P<bare>[十百千万亿]+(?:元|人次|人|度)|[十百千万亿]*(?:千瓦时|kWh|平方米|m2|m3|立方米)|{_ENERGY})$)"
)
# of a program's column: amount_fen, payAmtFen, total_cents, tax_wan; not per_cent
_IN_PINYIN: Final = re.compile(
    r"(?:(?<!per)[_ -](?i:(fen|cents?)|(wan)(?:_?yuan)?)|(?<=[a-z])(?:(Fen|Cents?)|(Wan)(?:Yuan)?))$"
)
# 单位：人、万元 and （人/万元） state several
_SEVERAL: Final = re.compile(
    r"(?P<of>单\s*位\s*[:为]\s*)(?P<units>[^\n;。()\[\]【】]+)|[(\[【](?P<bare>[^单()\[\]【】\n]+)[)\]】]"
)
# 仟元, 萬元 and 單位 as they are written elsewhere
_SPELT: Final = str.maketrans("仟佰萬億單∶", "千百万亿单:")
MULTIPLE: Final = re.compile(rf"(?:[十百千万亿]+(?:{MEASURES})?|{_ENERGY})$")
_SUFFIX: Final = re.compile(r"\.[A-Za-z]{2,7}(?=[\s/]|$)")
BARE_UNIT: Final = re.compile(rf"[十百千万亿]*(?:{MEASURES})|{_ENERGY}|分")


def unit_of(header: str) -> str:
    """The unit that a column's header states, 万元 of 金额（万元） and 金额_万元; nothing where it states none."""
    header = even(header)
    if found := _IN_PINYIN.search(header):
        return "分" if found[1] or found[3] else "万"
    found = _UNIT_OF_HEADER.search(header)
    return (found["marked"] or found["bare"]) if found else next(iter(units_in(header)), "")


def units_in_names(names: str) -> list[str]:
    """The multiples that names of files and sheets state behind a mark: 申报-万元.xlsx; not 客户 百度.xlsx, 名单 - 分.xlsx."""
    found = (match["marked"] for match in _UNIT_OF_HEADER.finditer(_SUFFIX.sub("", even(names))))
    return [unit for unit in found if unit and unit not in "百度分角" and is_multiple(unit)]


def without_unit(header: str) -> str:
    """A header without the unit that it states behind a mark: 金额 of 金额_万元."""
    return _UNIT_OF_HEADER.sub("", _IN_PINYIN.sub("", even(header))) or header


def is_unit_of(column: str, unit: str) -> bool:
    """Return whether figures of a canonical column can be in a unit: an amount in 万元 or 分, an area in ㎡; not an amount in 人."""
    measures = next((measures for ending, measures in _MEASURES_OF.items() if column.endswith(ending)), None)
    if measures is None:
        return False
    if column.endswith("_amount"):
        measures += f"|[分角]$|(?:{_UNIT_IN_ENGLISH.pattern})"
    if column.endswith("_quantity"):
        measures += f"|{_ENERGY}"
    return re.fullmatch(rf"[十百千万亿]*(?:{measures})?", unit, re.IGNORECASE) is not None


def is_measured(column: str) -> bool:
    """Return whether figures of a canonical column have a unit, by its suffix."""
    return column.endswith(tuple(_MEASURES_OF))


def multiple_of(unit: str) -> int | Decimal:
    """What a unit is a multiple of: 10,000 of 万元 and 万千瓦时, 1,000 of MWh, 0.01 of 分, 666.67 of 亩; 1 of 元, 千瓦时 and no unit."""
    if english := _UNIT_IN_ENGLISH.fullmatch(unit):
        number = english[1].replace(",", "").rstrip("sS")
        return int(number) or 1000 if number.isdigit() else _WORDS[number[0].lower()]
    if unit in _AREAS:
        return _AREAS[unit]
    if tens := _MULTIPLIED.match(unit):
        return math.prod(map(_TENS.__getitem__, tens[0]))
    return _PARTS[unit[0]] if _PART.fullmatch(unit) else 1


def unit_for(column: str, header: str, of_sheet: str) -> str:
    """The unit of a canonical column's figures: the one in their own header goes before those of the sheet, 人、万元."""
    fitting = (unit for unit in of_sheet.split("、") if unit and is_unit_of(column, unit))
    return unit_of(header) or next(fitting, "")


def units_in(text: str) -> list[str]:
    """The units that a text states, each once: （单位：人、万元）, amounts in 10,000 yuan."""
    text = _SEVERAL.sub(_each_apart, text)
    found = ["".join(parts) for pattern in (_UNIT, _UNIT_IN_WORDS) for parts in pattern.findall(text)]
    return list(dict.fromkeys([*found, *(match[0].strip() for match in _UNIT_IN_ENGLISH.finditer(text))]))


def _each_apart(found: re.Match[str]) -> str:
    if found["bare"]:
        units = re.split(r"\s*[、,/]\s*", found["bare"].strip())
        return "".join(f"({unit})" for unit in units) if all(map(BARE_UNIT.fullmatch, units)) else found[0]
    return " ".join(found["of"] + unit for unit in re.split(r"[、,]|和|及", found["units"]))


def even(text: str) -> str:
    """The text with the signs of a keyboard, and units in their usual characters: （仟元） is (千元)."""
    return unicodedata.normalize("NFKC", text).translate(_SPELT)


def is_multiple(unit: str) -> bool:
    """Return whether a unit is another than the usual one: 万元, 千人, MWh, 分, 亩."""
    return multiple_of(unit) != 1 or re.fullmatch(_ODD, unit) is not None
