"""Values that came damaged, and lines that are no rows: none of them is accepted as what it seems to be."""

from __future__ import annotations

import pytest

from tests.conftest import Park, day, staff_file, staff_row
from warehouse.batches import pending

GOOD = [staff_row(f"V{n}") for n in range(20)]


def reasons(park: Park, *lines: str) -> list[str]:
    park.drop("staff", "a.csv", staff_file([*GOOD, *lines]), day(0.5))
    park.change("staff", "rejected_pct: 10", "rejected_pct: 40")
    park.sync("staff", day(1))
    return [reason for (reason,) in park.ask("select reason from ops.quarantine order by row_number")]


def named(unit: str, name: str, headcount: str = "10") -> str:
    return f"{unit},{name},2026-01,{headcount},5000,张三,138,2026-02-05"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (named("#N/A", "甲公司"), "单位编号 is a spreadsheet's error"),
        (named("U1", "#REF!"), "单位名称 is a spreadsheet's error"),
        (named("U1", "#DIV/0!"), "单位名称 is a spreadsheet's error"),
        (named("U1", "甲\ufffd公司"), "单位名称 has lost its characters"),
        (named("U1", "锟斤拷锟斤拷"), "单位名称 has lost its characters"),
        (named("U1", "????有限公司"), "单位名称 has lost its characters"),
        (named("U1", "ä¸Šæµ·ç”²å…¬å\u008f¸"), "单位名称 was read in a wrong encoding"),
        (named("U1", "涓婃捣鐢叉湁鏈夐檺"), "单位名称 was read in a wrong encoding"),
        (named("合计", "", "200"), "单位编号 looks like a total"),
        (named("U1", "本页小计", "200"), "单位名称 looks like a total"),
        (named("U1", "合  计：", "200"), "单位名称 looks like a total"),
    ],
)
def test_a_value_that_cannot_be_meant_costs_its_row(park: Park, line: str, reason: str) -> None:
    (found,) = reasons(park, line)
    assert reason in found
    assert park.ask("select count(*) from staged.employment") == [(20,)]


@pytest.mark.parametrize(
    "name",
    [
        "总计网络科技有限公司",
        "小计量仪器厂",
        "C#开发有限公司",
        "What? Ltd.",
        "Café Überall GmbH",
        "上海Ω·A×B公司",
        "Société Générale (中国)",
        "#1 Logistics",
        "累计",  # a name of two characters that is no firm's is a total
    ],
)
def test_a_name_that_may_be_one_is_taken(park: Park, name: str) -> None:
    found = reasons(park, named("U1", name))
    assert (found == []) is (name != "累计")


def test_what_keeps_a_code_from_a_spreadsheet_is_taken_off(park: Park) -> None:
    assert reasons(park, named("'0012", "甲公司", "'7"), named('="0013"', "乙公司"), named("U3", "'t Hart B.V.")) == []
    found = park.current("source_key, enterprise_name, insured_headcount")
    assert {("0012", "甲公司", 7), ("0013", "乙公司", 10), ("U3", "'t Hart B.V.", 10)} <= set(found)


@pytest.mark.parametrize(
    "line",
    [
        "制表人：张三,,,,,,,",
        ",,审核:李四,,,,,",
        "制表：张三　复核：李四　负责人：王五",
        " 单位负责人签字：王五,,,填表人：赵六,,,,",
    ],
)
def test_a_signed_line_leaves_no_word(park: Park, line: str) -> None:
    assert reasons(park, line) == []
    assert park.ask("select rows_landed from ops.batch") == [(20,)]
    for path in park.raw.rglob("*.parquet"):
        content = path.read_bytes()
        assert not any(name.encode() in content for name in ("张三", "李四", "王五", "赵六"))


def test_a_firm_that_begins_like_a_signature_is_one(park: Park) -> None:
    assert reasons(park, named("负责人1", "甲公司"), named("制表", "制表机械有限公司")) == []


def test_marks_that_nobody_sees_are_taken_out(park: Park) -> None:
    assert reasons(park, named("\u200bU\u200d1\u202e", "\u2066甲公司\u2069")) == []
    assert ("U1", "甲公司") in park.current("source_key, enterprise_name")


def test_a_damaged_value_of_a_column_that_nobody_uses_is_no_matter(park: Park) -> None:
    header = "单位编号,单位名称,所属期,参保人数,缴费基数,经办人,手机,受理时间,备注\n"
    rows = [f"{line},#N/A" for line in GOOD]
    park.drop("staff", "a.csv", header + "\n".join(rows) + "\n", day(0.5))
    park.sync("staff", day(1))
    assert park.ask("select count(*) from ops.quarantine") == [(0,)]
    assert not pending(park.raw, "staff")
