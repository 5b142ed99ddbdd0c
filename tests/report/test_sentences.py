"""Sentences of the night in both languages, part by part."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest

from connectors.sources.database.values import Column, no_equal
from connectors.sources.file_drop.lines import DAMAGED
from connectors.sources.file_drop.sheet_cells import CELL_STRUCK, FORMULA, PART_STRUCK, RAISED, STRUCK, TWICE, UNSEEN
from report.sentences import in_chinese, sentence
from warehouse import column_reasons, damages, row_comparisons, row_reasons, state_reasons


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("no month", "缺少 month"),
        ("end_date is 2020-02-28, before start_date; no month", "end_date 为 2020-02-28，早于 start_date；缺少 month"),
        (
            "month is 2031-02, before 1990 or after this delivery (allow.years)",
            "month 为 2031-02，早于 1990 年或晚于本批次",
        ),
        # as the readers write them
        (f"cell B2: {CELL_STRUCK}", "单元格 B2 有删除线，是否计入须向来源单位核实"),
        (f"cell B2: {PART_STRUCK}", "单元格 B2 部分文字有删除线，无法确定取值"),
        (f"cell B2: {RAISED}", "单元格 B2 的数字后带有上标"),
        (f"cell B2: {UNSEEN}", "单元格 B2 为白底白字，是否计入须向来源单位核实"),
        (f"cell B2: {FORMULA}", "单元格 B2 是公式，没有数值"),
        (STRUCK, "整行有删除线，是否计入须向来源单位核实"),
        (f"source_key{damages.NO_CODE[1]}12.0", "source_key 是数字、掩码或列表，不是代码：12.0"),
        (
            f"uscc{damages.MORE_THAN_A_CODE[1]}91329902MA00000B18；",
            "uscc 除信用代码外还有其他内容：91329902MA00000B18；",
        ),
        (
            "an invoice with '#N/A' as 发票状态, which invoices.void does not list",
            "发票的 发票状态 为 '#N/A'，不在约定的状态之内",
        ),
        (
            "金额: its number format divides by 1,000, and its unit is 万元: which one counts is unknown",
            "金额 的数字格式按 1,000 缩小显示，而单位为 万元，无法确定取值",
        ),
        (DAMAGED, "代码或数值被电子表格截短"),
        (
            no_equal(Column("金额", pa.decimal128(8, 2), most=Decimal("999999.99"))),
            "金额 等于该列可存的最大值，原值可能被 MySQL 截断",
        ),
        (
            "税种 has a value that is not in its column's list (ENUM), which MySQL kept as none: ask for a wider list",
            "税种 的值不在该列的枚举范围内，已被 MySQL 置空",
        ),
        ("入库时间 is a time of which the driver leaves out the zone: x", "入库时间 未带时区，须声明 source.clock"),
        ("what no rule knows", "what no rule knows"),
    ],
)
def test_a_sentence_in_chinese(english: str, chinese: str) -> None:
    assert in_chinese(english) == chinese
    assert sentence(english) == (
        f'<span lang="zh"><bdi>{chinese}</bdi></span><span lang="en"><bdi>{english}</bdi></span>'.replace("'", "&#39;")
    )


KINDS = (*damages.DAMAGES, *damages.NO_ENTERPRISE, *damages.NO_VALUE, *damages.SEVERAL, *damages.NOT_OF_A_NAME)


@pytest.mark.parametrize(
    "reason",
    [f"单位名称 {reason}甲" for _, reason in KINDS]
    + [f"{why}: x" for *_, why in row_comparisons.OTHER_FACTS]
    + [row_comparisons.DAY_BESIDE_TIME, f"金额{row_reasons.OTHER_UNIT}3.5万元"]
    + [f"金额{row_reasons.LOST_FRACTION}100.57", f"人数{row_reasons.NO_FIGURE}12(含3名)"]
    + [f"空置{row_reasons.SWALLOWED}使用", f"industry_code{column_reasons.LOST_ZERO}1"]
    + [f"单位{column_reasons.STATED_UNIT}万元", f"状态{state_reasons.VOID_ROW}作废"]
    + [f"类型{state_reasons.TAKEN_BACK}退税", f"状态{state_reasons.HAS_ENDED}已退租"]
    + [f"类型{state_reasons.NO_USE}无功", f"品目{state_reasons.OTHER_ITEM}购销合同"]
    + [
        f"用量{column_reasons.DECIMAL_COMMA}13,501",
        "plot_ratio is no plot ratio (a percentage, an area?): let stage.sql reckon: 7",
    ]
    + [f"{c} {reason}7" for _, c, _, reason in row_reasons._NOT_TOGETHER]
    + ["industry_code is a name, which no code is: let stage.sql look its code up, or ignore the column: 软件"]
    + [f"cell A2: {TWICE}", "monthly_rent_amount is negative, which no rent or capital is: -3000"]
    + ["uscc has a letter that no credit code has (I, O, S, V or Z): ask the office for it: 9132O"]
    + ["year_number is 114, before 1949 (allow.first_year): a year of two digits, or of another calendar"],
)
def test_every_reason_of_a_row_has_its_chinese(reason: str) -> None:
    assert in_chinese(reason) != reason


@pytest.mark.parametrize("nothing", [None, ""])
def test_no_sentence_is_a_dash(nothing: str | None) -> None:
    assert "<bdi>" not in sentence(nothing)
    assert "lang=" not in sentence(nothing)
