"""Sentences that are written in English alone, in Chinese: why a row is quarantined, what somebody confirmed.

A sentence is several parts joined by `; `.
"""

from __future__ import annotations

import re

from markupsafe import Markup

from report.words import both, name

# as a regular expression over one whole part; $1 is what its first group holds
_PARTS = (
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
    (r"(.+) cannot be read as \w+: (.*) \(a month without a day: .*", "$1 只有年月，没有日：$2"),
    (r"(.+) cannot be read as \w+: (.*) \(day or month first: .*", "$1 日、月先后不明：$2"),
    (r"(.+) cannot be read as \w+: (.*?)(?: \((?:list it under missing|a time of UTC) .*)?", "$1 无法识别：$2"),
    (r"(.+) is in the future: (.*)", "$1 晚于接收时间：$2"),
    (r"(\w+) is \S+ or more, which is no figure: (.*)", "$1 数值过大，不是有效数字：$2"),
    (r"(\w+) is (\d{4}-\d\d), before (\d+) or after this delivery .*", "$1 为 $2，早于 $3 年或晚于本批次"),
    (r"(\w+) is (\S+), before (\w+_(?:date|start))", "$1 为 $2，早于 $3"),
    (r"(\w+) has more than a credit code: (.*)", "$1 除信用代码外还有其他内容：$2"),
    (r"(.+) is a day or a number where text belongs .*?: .*?: (.*)", "$1 应为文字，却是日期或数字：$2"),
    (r"no \w+ \((.+) is empty\)", "$1 为空"),
    (r"no (\w+) in one of the rows made of it", "由该行得出的一行缺少 $1"),
    (r"no (\w+)", "缺少 $1"),
    (r"stage\.sql gives no row for it", "stage.sql 未给出该行"),
    (
        r"takes back the amount, or a part of it, that is known under its number, .*",
        "以原编号冲回已知金额，会顶替原记录",
    ),
    (r"is another payment .* under a number that is known: .*", "编号与已知的另一笔缴款相同"),
    (
        r"is another tenant's, and begins after the lease that is known under its number, .*",
        "承租人不同且起租日晚于同编号租约，会顶替原租约",
    ),
    (r"is another (?:event|offer) .* than the one known under its number, .*", "编号与已知的另一事件或供给相同"),
    (
        r"is of another day and another enterprise than what is known under its number, .*",
        "日期和企业都与同编号的已知记录不同",
    ),
    (r"(\w+) is negative or has more digits than its meter \(figures\): (.*)", "$1 为负或位数超出表具：$2"),
    (
        r"begins late in the lease that is known under its number, .*",
        "起租日在同编号租约的后半期或终止之后，会顶替原租约",
    ),
    (r"(.+) is a spreadsheet's error: .*?: (.*)", "$1 是表格的错误值：$2"),
    (r"(.+) has lost its characters before it came here: .*?: (.*)", "$1 来件前已丢失字符：$2"),
    (r"(.+) was read in a wrong encoding before it came here: .*?: (.*)", "$1 来件前已用错编码：$2"),
    (r"(.+) looks like a total or a note: .*?: (.*)", "$1 疑为合计或说明行：$2"),
    (r"(.+) holds characters as a web page .*?: .*?: (.*)", "$1 含网页或程序的转义字符：$2"),
    (r"two rows have one (.+) but for case or blanks: .*?: (.*)", "仅大小写或空格不同，疑为同一编号：$2"),
    (r"(.+) looks like an example or a test: .*?: (.*)", "$1 疑为示例或测试数据：$2"),
    (r"(.+) seems to mean that there is none: .*?: (.*)", "$1 似表示没有：$2"),
    (r"(.+) has lost the zero before it: .*?: (.*)", "$1 丢失了前导零：$2"),
    (
        r"(.+) is another unit or currency than stage\.sql reckons with: .*?: (.*)",
        "$1 的单位或币种 stage.sql 没有换算：$2",
    ),
    (r"(.+) says that the row does not count, .*?: .*?: (.*)", "$1 表示该行作废，stage.sql 未予理会：$2"),
    (r"of (\S+) it states no figure \((.+)\), .*: .*", "$1 没有任何数值（$2），不算申报"),
    (
        r"(.+) says that the amount is taken back .*?: .*?: (.*)",
        "$1 表示退回或反方向，金额却为正数，stage.sql 未予理会：$2",
    ),
    (r"(.+) says that it has ended .*?: .*?: (.*)", "$1 表示已终止或不存在，日期却未说明：$2"),
    (r"(.+) says that the figure is no energy .*?: .*?: (.*)", "$1 表示该数不是用量，stage.sql 未予理会：$2"),
    (r"(.+) differs in rows that are equal otherwise, .*?: .*?: (.*)", "$1 不同而其余各栏相同，只会计入一行：$2"),
    (r"(.+) has a number, a code or a sign .*?: .*?: (.*)", "$1 混有编号、代码或符号：$2"),
    (r"(.+) may have a decimal comma, .*?: .*?: (.*)", "$1 的逗号可能是小数点（source.decimal）：$2"),
    (r"period_end is the first day of a month, .*?: .*?: (.*)", "所属期止为次月首日，不是最后一天：$1"),
    (r"period_end is a day too early, .*?: .*?: (.*)", "所属期起止都早了一天：$1"),
    (r"lettable_area_m2 is more than twice floor_area_m2: .*?: (.*)", "可租面积超过建筑面积的两倍：$1"),
    (r"plot_ratio is no plot ratio .*?: .*?: (.*)", "容积率数值不合理：$1"),
    (r"(.+) is a name, which no code is: .*?: (.*)", "$1 是名称，不是代码：$2"),
    (r"(\w+) has a letter that no credit code has .*?: .*?: (.*)", "$1 含信用代码不用的字母（I、O、S、V、Z）：$2"),
    (
        r"year_number is (\S+), before (\d+) \(allow\.first_year\): .*",
        "年份为 $1，早于 $2 年，可能是两位年份或其他纪年",
    ),
    (r"(.+) has a note behind it: .*?: (.*)", "$1 后带有备注：$2"),
    (r"(.+) is no firm: .*?: (.*)", "$1 不是企业：$2"),
    (r"(.+) has no letter and no digit: .*?: (.*)", "$1 不含字母和数字：$2"),
    (r"(.+) names more than one: .*?: (.*)", "$1 写有不止一家：$2"),
    (r"(.+) means what is above it: .*?: (.*)", "$1 指上一行的内容：$2"),
    (r"(.+) was rounded to 15 digits .*?: .*?: (.*)", "$1 被电子表格截成 15 位有效数字：$2"),
    (r"(\w+) is a number, masked or a list, which no code is .*?: .*?: (.*)", "$1 是数字、掩码或列表，不是代码：$2"),
    (r"the row is struck through: .*", "整行有删除线，是否计入须向来源单位核实"),
    (r"cell (\w+): struck through: .*", "单元格 $1 有删除线，是否计入须向来源单位核实"),
    (r"cell (\w+): a part of the text is struck through.*", "单元格 $1 部分文字有删除线，无法确定取值"),
    (r"cell (\w+): a number behind the figure is raised.*", "单元格 $1 的数字后带有上标"),
    (r"cell (\w+): white letters on white.*", "单元格 $1 为白底白字，是否计入须向来源单位核实"),
    (r"in or below a line of another month \((.+)\): .*", "位于另一月份（$1）的标题行或其下方，请按月分表或增加月份列"),
    (
        r"it has \d+ fields where the header has \d+, and (.+) may be one number: .*",
        "字段多于表头，$1 可能是带千分位逗号的一个数",
    ),
    (r"cell (\w+): there twice, with two values: .*", "单元格 $1 出现两次且值不同，以哪个为准须向来源单位核实"),
    (r"cell (\w+): a formula, not a value", "单元格 $1 是公式，没有数值"),
    (
        r"cell (\w+): a formula that was never calculated since: .*",
        "单元格 $1 的公式未重算，请用 Excel 打开后保存或索取数值",
    ),
    (r"identifier damaged by spreadsheet", "代码或数值被电子表格截短"),
    (r"(.+) is as long as its column allows \(\d+ characters\), .*", "$1 与该列最大长度相等，原文可能被 MySQL 截断"),
    (r"(.+) is the largest number that its column can hold, .*", "$1 等于该列可存的最大值，原值可能被 MySQL 截断"),
    (r"(.+) has a value that is not in its column's list \(ENUM\), .*", "$1 的值不在该列的枚举范围内，已被 MySQL 置空"),
    (r"(.+) is a time of which the driver leaves out the zone: .*", "$1 未带时区，须声明 source.clock"),
    (r"an invoice without a readable date", "发票日期无法识别"),
    (r"an invoice without a readable amount", "发票金额无法识别"),
    (r"an invoice of which another one with the same number says otherwise", "同一号码的发票内容不一致"),
    (r"an invoice with (.+) as (.+), which invoices\.void does not list", "发票的 $2 为 $1，不在约定的状态之内"),
    (r"an invoice that is a red letter by its status and has a positive amount", "状态为红字的发票金额为正数"),
    (r"an invoice with a number that a spreadsheet rounded", "发票号码被电子表格截成 15 位有效数字"),
    (r"lines without a usable number, each counted as one: (.*)", "没有可用证件号码的行各计一人：$1"),
    (r"lines of one number and different names, .*?: (.*)", "证件号码相同而姓名不同的行按姓名各计一人：$1"),
    (r"lines of nothing but the group, not counted: (.*)", "只有单位、没有人员的行不计：$1"),
    (r"it does not hold that .* \(facts\)", "与 feed.yml 约定的行内关系（facts）不符"),
    (r"(\w+) is (\S+), after this delivery: .*", "$1 为 $2，晚于本批次，尚未发生"),
    (r"(\w+) is (\S+), (\d+) months or more after this delivery", "$1 为 $2，晚于本批次 $3 个月以上"),
    (r"(\w+) is (\S+), more than (\d+) years ahead .*", "$1 为 $2，晚于今后 $3 年"),
    (r"(\w+) holds a person \((.*)\)", "$1 含自然人信息（$2）"),
    (r"(\w+) is negative, which no .*? is: (.*)", "$1 为负数：$2"),
    (r"(\w+) is \S+ or more, which is no count", "$1 数值过大，不是人数或次数"),
    (r"(\w+) is (\S+), which programs write for no date: .*", "$1 为 $2，是程序表示无日期的值"),
    (r"two rows disagree about the same (.*)", "同一 $1 的两行内容不一致"),
    (
        r"(.+): its number format divides by (\S+), and its unit is (.+): .*",
        "$1 的数字格式按 $2 缩小显示，而单位为 $3，无法确定取值",
    ),
    (
        r"(.+) has a fraction, which stage\.sql loses .*: (.*)",
        "$1 有小数，stage.sql 取整时会丢失（单位已变，或应用 to_amount 读取）：$2",
    ),
    (r"(.+) is no plain figure, and stage\.sql .*?: .*?: (.*)", "$1 不是单纯的数字，stage.sql 却得出了另一个数：$2"),
    (
        r"(.+) is a word that neither codes nor stage\.sql names, .*?: .*?: (.*)",
        "$1 的这个词 codes 和 stage.sql 都没有列出，却与另一个词得出同一代码：$2",
    ),
    (r"(.+) states its own unit, and stage\.sql .*: (.*)", "$1 自带单位，与 stage.sql 换算的单位不同：$2"),
    (
        r"a day is its time of recording, .*",
        "记录时间只有日期，而已知的另一版本记录于同日某一时刻，须向来源单位核实先后",
    ),
    (r"landing made two rows of one (.*?) \(.*\)", "同一 $1 汇总出两行：by 中的值写法不一，或 by 中有不属于主键的列"),
    (r"cells (\S+) are merged over one figure: .*", "合并单元格 $1 共用一个数值，各行各列份额未知"),
    (r"it has (\d+) fields where the header has (\d+).*", "该行有 $1 列，表头为 $2 列"),
)


def in_chinese(sentence: str) -> str:
    """The sentence in Chinese; a part that is no known one stays as it is."""
    return "；".join(_part(part) for part in sentence.split("; "))


def _part(part: str) -> str:
    for pattern, zh in _PARTS:
        if found := re.fullmatch(pattern, part, re.DOTALL):
            for place, text in enumerate(found.groups(), 1):
                zh = zh.replace(f"${place}", text)
            return zh
    return part


def sentence(text: str | None) -> Markup:
    """A sentence in both languages."""
    return both(name(in_chinese(text)), name(text)) if text else name(text)
