"""Sentences that the night writes in English alone, in Chinese: why a record belongs to an enterprise, why a row is quarantined.

A sentence is several parts joined by `; `. Words of the levels of agreement are those of transforms/rules/match_level.yml.
"""

from __future__ import annotations

import re
from functools import cache

import yaml
from markupsafe import Markup

from report.words import both, name
from warehouse.settings import CHECKOUT

# as a regular expression over one whole part; $1 is what its first group holds
_PARTS = (
    (r"USCC (.*)", "统一社会信用代码 $1"),
    (r"not sure enough: (.*)", "把握不足：$1"),
    (r"organisation code in tax number (.*)", "税号所含组织机构代码 $1"),
    (r"organisation code (.*)", "组织机构代码 $1"),
    (r"registration number (.*)", "注册号 $1"),
    (r"code (\S+) \((\w+)\) letter for letter as registered", "代码 $1 与登记所载逐字相同"),
    (r"code (.+) is one enterprise's, name (.+) another one's", "代码 $1 与名称 $2 分属两家企业"),
    (r"name (.+) belongs to (\d+) enterprises", "名称 $1 对应 $2 家企业"),
    (r"code (.+) belongs to (\d+) enterprises", "代码 $1 对应 $2 家企业"),
    (r"code (.+) is an enterprise's that bears no name like (.+)", "代码 $1 所属企业与名称 $2 不符"),
    (r"code (\S+) \w+", "所填代码 $1 无效"),
    (r"name (.+)", "名称 $1"),
    (r"neither a usable code nor a name", "既无可用代码，也无名称"),
    (r"the register does not have (.+)", "工商登记中没有 $1"),
    # what somebody confirmed (warehouse/clock.py, warehouse/reconcile.py)
    (
        r"it is of (.+), ([\d.,]+) days? after anything that a source has dated \((.*)\)",
        "本次任务时间 $1 比各数据源最晚日期 $3 晚 $2 天",
    ),
    (r"(.+) fell from (\S+) to (\S+)( ?\S*) \((.*) %\).*", "$1 由 $2 降至 $3$4（降 $5%）"),
    (
        r"(.+) per enterprise and month rose from (\S+) to (\S+) .* \((.*) times\)",
        "$1 每企业每月由 $2 升至 $3（$4 倍）",
    ),
    # quarantine
    (r"(.+) cannot be read as a time: (.*)", "$1 不是时间：$2"),
    (r"(.+) cannot be read as \w+: (.*)", "$1 无法识别：$2"),
    (r"(.+) is in the future: (.*)", "$1 晚于接收时间：$2"),
    (r"(\w+) is \S+ or more, which is no figure: (.*)", "$1 数值过大，不是有效数字：$2"),
    (r"(\w+) is (\d{4}-\d\d), before (\d+) or after this delivery .*", "$1 为 $2，早于 $3 年或晚于本批次"),
    (r"the period ends before it begins", "所属期止早于所属期起"),
    (r"no \w+ \((.+) is empty\)", "$1 为空"),
    (r"no (\w+) in one of the rows made of it", "由该行得出的一行缺少 $1"),
    (r"no (\w+)", "缺少 $1"),
    (r"stage\.sql gives no row for it", "stage.sql 未给出该行"),
    (r"(.+) is a spreadsheet's error: .*?: (.*)", "$1 是表格的错误值：$2"),
    (r"(.+) has lost its characters before it came here: .*?: (.*)", "$1 来件前已丢失字符：$2"),
    (r"(.+) was read in a wrong encoding before it came here: .*?: (.*)", "$1 来件前已用错编码：$2"),
    (r"(.+) looks like a total or a note: .*?: (.*)", "$1 疑为合计或说明行：$2"),
    (r"(.+) holds characters as a web page .*?: .*?: (.*)", "$1 含网页或程序的转义字符：$2"),
    (r"(.+) seems to mean that there is none: .*?: (.*)", "$1 似表示没有：$2"),
    (r"(.+) has no letter and no digit: .*?: (.*)", "$1 不含字母和数字：$2"),
    (r"(.+) was rounded to 15 digits .*?: .*?: (.*)", "$1 被电子表格截成 15 位有效数字：$2"),
    (r"it does not hold that .* \(facts\)", "与 feed.yml 约定的行内关系（facts）不符"),
    (r"(\w+) is (\S+), after this delivery: .*", "$1 为 $2，晚于本批次，尚未发生"),
    (r"(\w+) is (\S+), (\d+) months or more after this delivery", "$1 为 $2，晚于本批次 $3 个月以上"),
    (r"(\w+) is (\S+), more than (\d+) years ahead .*", "$1 为 $2，晚于今后 $3 年"),
    (r"(\w+) holds a person \((.*)\)", "$1 含自然人信息（$2）"),
)


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    levels = yaml.safe_load((CHECKOUT / "transforms" / "rules" / "match_level.yml").read_text(encoding="utf-8"))
    words = [(re.escape(row["words"]), row["words_zh"]) for row in levels["rows"] if row["words"]]
    return tuple((re.compile(pattern, re.DOTALL), zh) for pattern, zh in (*words, *_PARTS))


def in_chinese(sentence: str) -> str:
    """The sentence in Chinese; a part that is no known one stays as it is."""
    return "；".join(_part(part) for part in sentence.split("; "))


def _part(part: str) -> str:
    for pattern, zh in _patterns():
        if found := pattern.fullmatch(part):
            # what is doubtful is a sentence of its own
            texts = [_part(text) if pattern.pattern.startswith("not sure") else text for text in found.groups()]
            for place, text in enumerate(texts, 1):
                zh = zh.replace(f"${place}", text)
            return zh
    return part


def sentence(text: str | None) -> Markup:
    """A sentence in both languages."""
    return both(name(in_chinese(text)), name(text)) if text else name(text)
