"""Sheets as offices send them, with what is right written down first: a guessed feed gives these rows, or none and says what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest

from connectors.feed import read_feed
from connectors.guess import guess, hints
from connectors.persons import without_names_of_events
from connectors.scaffold import scaffold
from connectors.trial import allowance, try_file
from tests.connectors.sources.test_file_formats import workbook
from warehouse.errors import DeclarationError, DeliveryRefused
from warehouse.subjects import subjects

A, CODE = "昆山甲电子有限公司", "91320594MA1XXXXX0X"


def staged(tmp_path: Path, subject: str, name: str, content: bytes, *asked: str) -> list[Mapping[str, str]]:
    """The good rows of a file by the feed that is guessed from it, as it is; `asked` are required columns that it must not guess."""
    path = tmp_path / name
    path.write_bytes(content)
    found = guess(path, subjects()[subject])
    assert list(found.missing) == list(asked)
    feed = read_feed(scaffold(tmp_path / "feeds", "begun", subject, found))
    (tried,) = try_file(feed, path)
    assert (allowance(feed, tried) is None) == (not asked)
    return [row for row in tried.staged if not row["rejected_because"]]


# of each subject a whole row; a case adds its columns behind it
ROWS: dict[str, dict[str, Any]] = {
    "employment": {"单位编号": "S01", "单位名称": A, "月份": "2026-03"},
    "tax_payment": {"缴款书号": "P1", "税号": CODE, "税种": "增值税", "税款所属期": "2026年1月", "入库日期": "2026-02-15"},
    "tax_filing": {"税号": CODE, "税种": "增值税", "税款所属期": "2026年第一季度"},
    "lease": {"合同编号": "L1", "承租人": A, "起租日": "2025-03-01"},
    "utility_use": {"户号": "0001", "表号": "D1", "能源种类": "电", "月份": "2026-10"},
    "registration": {"企业名称": A, "统一社会信用代码": CODE},
    "staff_move": {"单位编号": "S01", "原单位编号": "S02", "月份": "2026-03"},
    "building": {"楼栋编号": "A1"},
    "access_count": {"企业名称": A, "月份": "2026-03"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("subject", "columns", "target", "value"),
    [
        # which of several: the subject's own meaning, wherever it is in the sheet
        ("employment", {"在职人数": 60, "参保人数": 55}, "insured_headcount", "55"),
        ("employment", {"医疗参保人数": 58, "养老参保人数": 55, "工伤参保人数": 60}, "insured_headcount", "55"),
        ("employment", {"新增参保人数": 3, "参保人数": 55, "参保人数同比": "5%"}, "insured_headcount", "55"),
        ("employment", {"上年末参保人数": 50, "本期末参保人数": 55}, "insured_headcount", "55"),
        ("employment", {"工伤参保人数": 60, "医疗参保人数": 58}, "insured_headcount", None),
        ("employment", {"新增参保人数": 3}, "insured_headcount", None),
        ("employment", {"女职工参保人数": 3}, "insured_headcount", None),
        ("employment", {"期末人数": 55, "平均人数": 54}, "insured_headcount", None),
        ("employment", {"总人数": 60}, "insured_headcount", None),
        ("employment", {"总人数": 60, "参加养老保险人数": 55}, "insured_headcount", "55"),
        ("lease", {"建筑面积(㎡)": 500, "计租面积(㎡)": 480, "使用面积(㎡)": 400}, "leased_area_m2", "480.00"),
        ("lease", {"月租金(含税)": 25200, "月租金(不含税)": 24000}, "monthly_rent_amount", ""),
        ("lease", {"租金": 288000}, "monthly_rent_amount", ""),
        ("lease", {"租金（元/月）": 24000, "租金（元/年）": 288000}, "monthly_rent_amount", "24000.00"),
        ("lease", {"原到期日": "2027-02-28", "到期日": "2028-02-28"}, "end_date", "2028-02-28"),
        ("lease", {"首期到期日": "2027-02-28"}, "end_date", ""),
        ("tax_filing", {"应纳税额（上年同期）": 5, "应纳税额（本期）": 7, "应纳税额（累计）": 9}, "tax_due_amount", "7.00"),
        ("tax_filing", {"应纳税额（上年同期）": 5}, "tax_due_amount", ""),
        ("tax_filing", {"销售额（免税）": 1, "销售额（应税）": 9}, "sales_amount", ""),
        ("tax_payment", {"应缴税额": 9, "减免税额": 1, "实缴税额": 7, "欠缴税额": 1}, "paid_amount", "7.00"),
        ("utility_use", {"峰用电量": 1, "谷用电量": 2}, "used_quantity", None),
        ("registration", {"注册资本币种": "美元", "实缴资本(万元)": 3}, "registered_capital_amount", ""),
        ("building", {"地上建筑面积": 8, "地下建筑面积": 2}, "floor_area_m2", ""),
        # of which firm: a name within a longer one is of another one
        ("registration", {"总公司统一社会信用代码": "91320594MA2YYYYY1Y"}, "uscc", CODE),
        ("registration", {"原企业名称": "乙公司"}, "enterprise_name", A),
        ("employment", {"上级单位名称": "乙公司", "参保人数": 55}, "enterprise_name", A),
        ("staff_move", {"转入人数": 5, "转出人数": 2}, "former_unit_no", "S02"),
        ("staff_move", {"转入人数": 5, "转出人数": 2}, "source_key", "S01"),
        # in which unit
        ("tax_payment", {"实缴税额_分": 1200050}, "paid_amount", "12000.50"),
        ("tax_payment", {"实缴税额-万元": 1.2}, "paid_amount", "12000.00"),
        ("tax_payment", {"实缴税额（万元）": "1.234567"}, "paid_amount", "12345.67"),
        ("tax_payment", {"万元实缴税额": 1.2}, "paid_amount", None),
        ("tax_payment", {"实缴税额（w）": 1.2}, "paid_amount", None),
        ("registration", {"注册资本万元": 500}, "registered_capital_amount", "5000000.00"),
        ("registration", {"注册资本（万美元）": 500}, "registered_capital_amount", ""),
        ("employment", {"参保人数（百人）": 0.55}, "insured_headcount", "55"),
        ("access_count", {"人次（万）": 0.105}, "people_entry_count", "1050"),
        ("lease", {"租赁面积（公顷）": 1.2}, "leased_area_m2", ""),
        ("building", {"建筑面积（万平方米）": 2}, "floor_area_m2", "20000.00"),
        ("utility_use", {"用电量(GWh)": 0.0035}, "used_quantity", "3500.000"),
        ("utility_use", {"用电量_MWh": 3.5}, "used_quantity", "3500.000"),
        ("utility_use", {"用气量（万m³）": 0.35}, "used_quantity", "3500.000"),
        ("utility_use", {"用电量（吨标煤）": 3.5}, "used_quantity", None),
        ("utility_use", {"用水量（升）": 3.5}, "used_quantity", None),
        ("utility_use", {"用气量（GJ）": 3.5}, "used_quantity", None),
    ],
)  # fmt: skip
def test_a_column_is_guessed_where_it_is_clear_and_else_asked_for(
    tmp_path: Path, subject: str, columns: dict[str, Any], target: str, value: str | None
) -> None:
    sheet = ROWS[subject] | columns
    asked = [target] if value is None else []
    content = workbook(list(sheet), list(sheet.values()))
    rows = staged(tmp_path, subject, "台账.xlsx", content, *asked)
    assert [row[target] for row in rows] == ([] if asked else [value])


def test_which_columns_could_each_be_one_is_said(tmp_path: Path) -> None:
    sheet = ROWS["lease"] | {"建筑面积": 500, "计租面积": 480, "月租金(含税)": 2, "月租金(不含税)": 1}
    (tmp_path / "a.xlsx").write_bytes(workbook(list(sheet), list(sheet.values())))
    assert guess(tmp_path / "a.xlsx", subjects()["lease"]).doubts == {
        "leased_area_m2": ["计租面积", "建筑面积"],
        "monthly_rent_amount": ["月租金(含税)", "月租金(不含税)"],
    }


HEAD = ["单位编号", "单位名称"]
ROW = ["S01", A]


def merged(sheet: Any) -> None:
    for cells in ("A2:A3", "B2:B3"):
        sheet.merge_cells(cells)


def april(sheet: Any) -> None:
    other = sheet.parent.create_sheet("4月")
    other.append([*HEAD, "参保人数"])
    other.append([*ROW, 56])


@pytest.mark.parametrize(
    ("name", "content", "figures"),
    [
        (
            "a.xlsx",
            workbook(
                [*HEAD, "所属期", "参保人数", None, None],
                [None, None, None, "工伤", "养老", "医疗"],
                [*ROW, "2026-03", 60, 55, 58],
            ),
            {"2026-03-01": "55"},
        ),
        (
            "a.xlsx",
            workbook([*HEAD, "所属期", "参保人数"], [None, None, None, "百人"], [*ROW, "2026-03", 0.55]),
            {"2026-03-01": "55"},
        ),
        ("a.xlsx", workbook([*HEAD, "年份", "月份", "参保人数"], [*ROW, 2026, 3, 55]), {"2026-03-01": "55"}),
        (
            "2026年社保.xlsx",
            workbook([*HEAD, "参保人数"], [*ROW, 55], title="3月", edit=april),
            {"2026-03-01": "55", "2026-04-01": "56"},
        ),
        (
            "2026年.xlsx",
            workbook([*HEAD, "1月", "2月", "3月", "合计"], [*ROW, 50, 51, 52, 153]),
            {"2026-01-01": "50", "2026-02-01": "51", "2026-03-01": "52"},
        ),
        (
            "a.xlsx",
            workbook([*HEAD, "月份", "参保人数"], [*ROW, "2026-03", 55], [None, None, "2026-04", 56], edit=merged),
            {"2026-03-01": "55", "2026-04-01": "56"},
        ),
        (
            "a.xlsx",
            workbook(["填报日期：2026年4月", None, "统计月份：2026年3月"], [*HEAD, "参保人数"], [*ROW, 55]),
            {"2026-03-01": "55"},
        ),
        # a column of the sheet beside it, with nothing between
        (
            "a.xlsx",
            workbook([*HEAD, "月份", "参保人数", None, "楼栋"], [*ROW, "2026-03", 55, None, "A1"]),
            {"2026-03-01": "55"},
        ),
    ],
)
def test_a_sheets_shape_is_guessed(tmp_path: Path, name: str, content: bytes, figures: dict[str, str]) -> None:
    rows = staged(tmp_path, "employment", name, content)
    assert {row["month"]: row["insured_headcount"] for row in rows} == figures


@pytest.mark.parametrize(
    ("name", "content", "asked"),
    [
        ("a.xlsx", workbook(["打印时间 2026年4月"], [*HEAD, "参保人数"], [*ROW, 55]), "month"),
        ("a.xlsx", workbook(["2026年4月制表"], [*HEAD, "参保人数"], [*ROW, 55]), "month"),
        ("a.xlsx", workbook(["2026年1-3月参保"], [*HEAD, "参保人数"], [*ROW, 55]), "month"),
        # of which of the two columns 参保人数 is the name
        (
            "a.xlsx",
            workbook([*HEAD, "月份", "参保人数", None, "备注"], [*ROW, "2026-03", 60, 55, "x"]),
            "insured_headcount",
        ),
    ],
)
def test_what_a_sheet_does_not_say_is_asked_for(tmp_path: Path, name: str, content: bytes, asked: str) -> None:
    assert staged(tmp_path, "employment", name, content, asked) == []


@pytest.mark.parametrize(
    "name",
    [
        "2026年1-3月.xlsx",
        "2026年1月至3月.xlsx",
        "2026年1月-2026年3月.xlsx",
        "2026-01至2026-03.xlsx",
        "202601-202603.xlsx",
    ],
)
def test_a_name_of_several_months_is_no_month(tmp_path: Path, name: str) -> None:
    with pytest.raises(DeliveryRefused, match="which states a range"):
        staged(tmp_path, "employment", name, workbook([*HEAD, "参保人数"], [*ROW, 55]))


def test_a_title_of_several_months_is_no_month(tmp_path: Path) -> None:
    content = workbook(["所属期：2026年1月至2026年3月"], [*HEAD, "参保人数"], [*ROW, 55])
    with pytest.raises(DeliveryRefused, match="which state a range"):
        staged(tmp_path, "employment", "a.xlsx", content)


@pytest.mark.parametrize(
    ("title", "header", "unit_line", "figure", "amount"),
    [
        ("金额单位：分", "实缴税额", None, 1200050, "12000.50"),
        ("单位：万元", "实缴税额（元）", None, 12000, "12000.00"),
        ("入库明细", "实缴税额", "（万元）", 1.2, "12000.00"),
        ("(RMB'000)", "实缴税额", None, 12, "12000.00"),
        ("金额单位：元至角分", "实缴税额", None, 12000.5, "12000.50"),
        ("单位：户、万元", "实缴税额", None, 1.2, "12000.00"),
        ("（单位：人，千元）", "实缴税额", None, 12, "12000.00"),
        ("（户/万元）", "实缴税额", None, 1.2, "12000.00"),
        ("单位：万元（除户数外）", "实缴税额", None, 1.2, "12000.00"),
        ("單位：仟元", "实缴税额", None, 12, "12000.00"),
        ("单位万元", "实缴税额", None, 1.2, "12000.00"),
        ("表内金额均为万元", "实缴税额", None, 1.2, "12000.00"),
        ("单位：人民币万元整", "实缴税额", None, 1.2, "12000.00"),
        ("填报单位：明达公司、万元科技", "实缴税额", None, 12000, "12000.00"),
    ],
)
def test_the_unit_of_a_sheet_makes_yuan(
    tmp_path: Path, title: str, header: str, unit_line: str | None, figure: float, amount: str
) -> None:
    sheet = ROWS["tax_payment"] | {header: figure}
    lines: list[list[Any]] = [
        [title],
        list(sheet),
        *([[None] * 5 + [unit_line]] if unit_line else []),
        list(sheet.values()),
    ]
    assert [r["paid_amount"] for r in staged(tmp_path, "tax_payment", "a.xlsx", workbook(*lines))] == [amount]


@pytest.mark.parametrize(
    ("title", "columns"),
    [
        ("单位：亩", {"租赁面积": 12}),
        ("单位：公顷、元", {"租赁面积": 1.2, "月租金": 24000}),
        ("单位：万美元", {"月租金": 0.3}),
        ("单位：户、万元", {"租赁面积": 480}),
    ],
)
def test_a_unit_of_no_column_stops_and_is_named(tmp_path: Path, title: str, columns: dict[str, Any]) -> None:
    sheet = ROWS["lease"] | columns
    with pytest.raises(DeliveryRefused, match=r"the lines above its header state the unit .*declare it as source.unit"):
        staged(tmp_path, "lease", "a.xlsx", workbook([title], list(sheet), list(sheet.values())))


def test_two_units_of_a_sheet_are_each_of_their_columns(tmp_path: Path) -> None:
    sheet = ROWS["utility_use"] | {"用电量": 0.35, "电费": 0.3}
    content = workbook(["用电情况（单位：万千瓦时、万元）"], list(sheet), list(sheet.values()))
    (tmp_path / "a.xlsx").write_bytes(content)
    assert guess(tmp_path / "a.xlsx", subjects()["utility_use"]).source["unit"] == "万千瓦时、万元"
    sheet = ROWS["employment"] | {"参保人数": 0.55, "缴费基数": 44}
    content = workbook(["单位：百人、万元"], list(sheet), list(sheet.values()))
    (row,) = staged(tmp_path, "employment", "b.xlsx", content)
    assert (row["insured_headcount"], row["wage_amount"]) == ("55", "440000.00")


def test_a_list_with_wages_is_counted_and_an_applicant_who_is_a_person_does_not_land(tmp_path: Path) -> None:
    names = ["单位编号", "月份", "姓名", "身份证号", "缴费基数"]
    people = [
        ["S01", "2026-03", "张三", "320594199001010013", 8000],
        ["S01", "2026-03", "李四", "320594199101010020", 7000],
    ]
    assert [r["insured_headcount"] for r in staged(tmp_path, "employment", "a.xlsx", workbook(names, *people))] == ["2"]
    names = ["申请号", "申请日", "专利类型", "申请人", "发明人"]
    content = workbook(names, ["CN202310000001.1", "2023-01-05", "发明", f"{A}；张三", "李四"])
    (tmp_path / "b").mkdir()
    (row,) = staged(tmp_path / "b", "patent", "a.xlsx", content)
    assert row["applicant_name"] == f"{A};未列名"
    assert guess(tmp_path / "b" / "a.xlsx", subjects()["patent"]).columns["发明人"] == ["personal"]


@pytest.mark.parametrize(("name", "step"), [("a.zip", "unpack it"), ("a.mbox", "save its messages as .eml")])
def test_a_file_of_files_is_named_as_one(tmp_path: Path, name: str, step: str) -> None:
    (tmp_path / name).write_bytes(workbook(["a"]) if name == "a.zip" else b"From a@b.cn")
    with pytest.raises(DeclarationError, match=step):
        guess(tmp_path / name, subjects()["employment"])


def test_months_of_money_are_no_staff(tmp_path: Path) -> None:
    content = workbook(["2026年各月缴费工资"], [*HEAD, "1月", "2月", "3月"], [*ROW, 9000, 9100, 9200])
    assert staged(tmp_path, "employment", "a.xlsx", content, "month", "insured_headcount") == []


@pytest.mark.parametrize(
    ("subject", "sheet", "figures"),
    [
        # endings that mean the same: 时间 and 日期, 编码 and 编号; a unit at the end of a name; words for codes as offices write them
        (
            "building",
            {"楼宇编码": "LY1", "楼宇名称": "1号楼", "楼宇类型": "厂房", "建筑面积㎡": 12000, "竣工时间": "2015-06-01"},
            {
                "building_code": "LY1",
                "building_name": "1号楼",
                "use_code": "factory",
                "floor_area_m2": "12000.00",
                "completed_date": "2015-06-01",
            },
        ),
        ("building", {"楼宇名称": "1号楼", "楼栋号": "B1"}, {"building_code": "B1", "building_name": "1号楼"}),
        (
            "registration",
            {"统一社会信用代码": CODE, "主体名称": A, "登记状态": "存续（在营、开业、在册）", "注册资金": "500万美元"},
            {
                "enterprise_name": A,
                "status_code": "active",
                "registered_capital_amount": "5000000.00",
                "currency_code": "USD",
            },
        ),
        ("registration", ROWS["registration"] | {"注册资本": "500万", "币种": "人民币"}, {"currency_code": "CNY"}),
        # the name of an industry is no code of it
        ("registration", ROWS["registration"] | {"所属行业": "制造业"}, {"industry_code": ""}),
        ("registration", ROWS["registration"] | {"所属行业": "C39"}, {"industry_code": "C39"}),
        ("tax_payment", ROWS["tax_payment"] | {"实缴税额": 7, "税种": "城建税"}, {"tax_kind_code": "surcharge"}),
        ("premises", {"房源编号": "F1", "租户名称": A, "出租状态": "已出租"}, {"is_vacant": "false"}),
        ("access_count", ROWS["access_count"] | {"访客人次": 5, "合计人次": 50}, {"people_entry_count": "50"}),
        ("access_count", ROWS["access_count"] | {"访客人次": 5, "车辆进出次数": 2}, {"people_entry_count": ""}),
        # what all rows are, by the names of figures and meters
        (
            "utility_use",
            {"户号": "0001", "水表编号": "D1", "月份": "2026-10", "用量": 5},
            {"utility_code": "water", "meter_no": "D1"},
        ),
        ("utility_use", {"户号": "0001", "表号": "D1", "月份": "2026-10", "用气量": 5}, {"utility_code": "gas"}),
        # as a database writes names
        (
            "tax_filing",
            {"NSRSBH": CODE, "NSRMC": A, "ZSXM": "增值税", "SKSSQQ": "20261001", "SKSSQZ": "20261031", "SBRQ": "20261112", "XSE": 9},
            {
                "taxpayer_no": CODE,
                "tax_kind_code": "vat",
                "period_start": "2026-10-01",
                "period_end": "2026-10-31",
                "filed_date": "2026-11-12",
                "sales_amount": "9.00",
            },
        ),
    ],
)  # fmt: skip
def test_what_offices_write_is_understood(
    tmp_path: Path, subject: str, sheet: dict[str, Any], figures: dict[str, str]
) -> None:
    (row,) = staged(tmp_path, subject, "台账.xlsx", workbook(list(sheet), list(sheet.values())))
    assert {column: row[column] for column in figures} == figures


def test_one_code_of_two_is_asked_for(tmp_path: Path) -> None:
    sheet = {"户号": "0001", "表号": "D1", "月份": "2026-10", "用量": 5}
    for title in ("电子产业园能耗表", "水电费", "用水、用电统计"):
        content = workbook([title], list(sheet), list(sheet.values()))
        (tmp_path / title).mkdir()
        assert staged(tmp_path / title, "utility_use", "a.xlsx", content, "utility_code") == []


def test_a_yes_for_all_rows_is_never_guessed(tmp_path: Path) -> None:
    sheet = {"房屋编号": "F1", "承租方": A, "是否出租": "否"}
    content = workbook(["房产出租情况"], list(sheet), list(sheet.values()))
    assert staged(tmp_path, "premises", "a.xlsx", content, "is_vacant") == []
    found = guess(tmp_path / "a.xlsx", subjects()["premises"], said={"is_vacant": "是否出租"})
    assert (found.codes["是否出租"]["是"], found.codes["是否出租"]["否"]) == ("false", "true")
    sheet = {"企业名称": A, "用电量": "5", "用水量": "6"}
    content = workbook(["2026年10月"], list(sheet), list(sheet.values()))
    (tmp_path / "b").mkdir()
    assert staged(tmp_path / "b", "utility_use", "a.xlsx", content, "meter_no", "utility_code") == []


def test_capital_in_a_currency_that_is_not_taken_is_left_out(tmp_path: Path) -> None:
    sheet = {"统一社会信用代码": CODE, "企业名称": A, "注册资本": "500万", "注册资本币种": "美元"}
    content = workbook(list(sheet), list(sheet.values()))
    (row,) = staged(tmp_path, "outsider", "a.xlsx", content)
    assert row["registered_capital_amount"] == ""
    (tmp_path / "b").mkdir()
    (row,) = staged(tmp_path / "b", "registration", "a.xlsx", content)
    assert (row["registered_capital_amount"], row["currency_code"]) == ("5000000.00", "USD")


def test_a_page_without_its_encoding_and_a_month_of_statistics(tmp_path: Path) -> None:
    cells = ("".join(f"<td>{cell}</td>" for cell in line) for line in ([*HEAD, "参保人数"], [*ROW, 55]))
    page = "<table><tr><td>统计时间：2026年10月</td></tr>" + "".join(f"<tr>{line}</tr>" for line in cells) + "</table>"
    (row,) = staged(tmp_path, "employment", "社保.xls", page.encode("gbk"))
    assert (row["month"], row["enterprise_name"]) == ("2026-10-01", A)


def test_months_in_words_totals_and_years_of_a_title(tmp_path: Path) -> None:
    months = workbook(["2026年度参保人数"], [*HEAD, "一月", "二月", "十一月"], [*ROW, 5, 6, 7], ["合计", None, 5, 6, 7])
    assert [(r["month"], r["insured_headcount"]) for r in staged(tmp_path, "employment", "a.xlsx", months)] == [
        ("2026-01-01", "5"),
        ("2026-02-01", "6"),
        ("2026-11-01", "7"),
    ]
    sheet = {"地区代码": "320583", "分类标准": "GB/T 4754-2017", "层级": "大类", "行业代码": "39", "企业数": 3}
    (tmp_path / "b").mkdir()
    content = workbook(["2025年分行业统计"], list(sheet), list(sheet.values()))
    (row,) = staged(tmp_path / "b", "industry_stat", "a.xlsx", content)
    assert (row["year_number"], row["classification_code"]) == ("2025", "gbt4754_2017")


@pytest.mark.parametrize(
    "name",
    [
        "抄表员",
        "税收管理员",
        "联系方式",
        "受理人",
        "诉求内容",
        "备注",
        "FDDBR",
        "LXDH",
        "LXRSJ",
        "XM",
        "SFZH",
        "企业QQ",
        "经 办 人",
        "楼\n长",
        "备\u3000注",
        "Legal Representative",
        "Tel.",
        "Building Manager",
        "Prepared by",
        "Staff name",
    ],
)
def test_what_may_name_a_person_is_left_out(tmp_path: Path, name: str) -> None:
    sheet = ROWS["employment"] | {"参保人数": 5, name: "x"}
    (tmp_path / "a.xlsx").write_bytes(workbook(list(sheet), list(sheet.values())))
    *_, last = guess(tmp_path / "a.xlsx", subjects()["employment"]).columns.values()
    assert last == ["personal"]


@pytest.mark.parametrize(
    ("values", "use"),
    [
        (["张建国", "欧阳明轩", "李晓梅", "见附件"], "personal"),
        (["苏州市", "常熟市", "周庄镇", "李公堤路"], "ignored"),
        (["万元", "平方米", "方"], "ignored"),
        (["制造业", "金属制品业", "批发"], "ignored"),
        (["张江科技", "李宁公司", "王府井百货店"], "ignored"),
    ],
)
def test_a_column_of_persons_is_left_out_whatever_it_is_called(tmp_path: Path, values: list[str], use: str) -> None:
    sheet = ROWS["employment"] | {"参保人数": 5}
    rows = [[*sheet.values(), value] for value in values]
    (tmp_path / "a.xlsx").write_bytes(workbook([*sheet, "对口"], *rows))
    assert guess(tmp_path / "a.xlsx", subjects()["employment"]).columns["对口"] == [use]


@pytest.mark.parametrize("first", [0, 1, 2])
def test_white_space_and_brackets_within_a_header_make_no_other_column(tmp_path: Path, first: int) -> None:
    ways = [
        ["单位编号", "企业名称", "缴费基数（元）", "参保人数", "月份", "联系人"],
        ["单位\n编号", "企\u3000业\u3000名\u3000称", "缴费基数 (元)", "参 保\n人 数", "月 份", "联系\n人"],
        ["单位 编号", "企业\n名称", "缴费\n基数\n（元）", "参保 人数", "月\n份", "联 系 人"],
    ]
    row = ["S01", A, 440000, 55, "2026-03", "赵志强"]
    for number, names in enumerate(ways):
        (tmp_path / f"{number}.xlsx").write_bytes(workbook(["园区参保"], names, row))
    guessed = guess(tmp_path / f"{first}.xlsx", subjects()["employment"])
    assert list(guessed.columns) == list(map("".join, map(str.split, ways[first])))
    feed = read_feed(scaffold(tmp_path / "feeds", "begun", "employment", guessed))
    for number in range(len(ways)):
        (tried,) = try_file(feed, tmp_path / f"{number}.xlsx")
        assert not tried.stop
        (got,) = tried.staged
        assert (got["unit_no"], got["enterprise_name"], got["wage_amount"]) == ("S01", A, "440000.00")
        assert (got["month"], got["insured_headcount"]) == ("2026-03-01", "55")
    # another unit is another column
    (tmp_path / "b.xlsx").write_bytes(workbook(["园区参保"], [n.replace("元", "万元") for n in ways[1]], row))
    with pytest.raises(DeliveryRefused, match="unknown column"):
        try_file(feed, tmp_path / "b.xlsx")


@pytest.mark.parametrize("name", ["从业人员", "党员", "员工餐补", "SKSSQQ", "参保人员类别", "Hotel", "Occupied by"])
def test_what_names_no_person_lands(tmp_path: Path, name: str) -> None:
    sheet = ROWS["employment"] | {"参保人数": 5, name: "x"}
    (tmp_path / "a.xlsx").write_bytes(workbook(list(sheet), list(sheet.values())))
    assert guess(tmp_path / "a.xlsx", subjects()["employment"]).columns[name] == ["ignored"]


def test_what_is_said_of_a_column_goes_before_what_is_guessed(tmp_path: Path) -> None:
    sheet = {"编号": "G1", "户名": A, "表": "D1", "抄表日期": "2026-10-25", "本期": 5, "总用量": 9}
    (tmp_path / "a.xlsx").write_bytes(workbook(list(sheet), list(sheet.values())))
    subject = subjects()["utility_use"]
    said = {
        "source_key": "编号",
        "meter_no": "表",
        "month": "抄表日期",
        "used_quantity": "本期",
        "utility_code": "燃气",
    }
    found = guess(tmp_path / "a.xlsx", subject, said=said)
    assert (found.missing, found.constants, found.columns["总用量"]) == ([], {"utility_code": "gas"}, ["ignored"])
    feed = read_feed(scaffold(tmp_path / "feeds", "begun", "utility_use", found))
    (tried,) = try_file(feed, tmp_path / "a.xlsx")
    (row,) = tried.staged
    assert (row["source_key"], row["meter_no"], row["utility_code"]) == ("G1", "D1", "gas")
    assert (row["month"], row["used_quantity"]) == ("2026-10-01", "5.000")
    found = guess(tmp_path / "a.xlsx", subjects()["trade"], said={"direction_code": "销项", "goods_code": "编号"})
    assert scaffold(tmp_path / "feeds", "sales", "trade", found).exists()
    with pytest.raises(DeclarationError, match="has no column colour"):
        guess(tmp_path / "a.xlsx", subject, said={"colour": "编号"})
    with pytest.raises(DeclarationError, match="has no column 抄表, and utility_code no such code"):
        guess(tmp_path / "a.xlsx", subject, said={"utility_code": "抄表"})


def test_what_was_before_and_after_a_change_of_persons_does_not_land(tmp_path: Path) -> None:
    names = ["变更流水号", "统一社会信用代码", "变更事项", "变更前", "变更后", "核准日期"]
    rows = [
        ["B1", CODE, "法定代表人变更", "欧阳明轩", "赵志强", "2026-10-01"],
        ["B2", CODE, "注册资本变更", "100万元", "200万元", "2026-10-02"],
    ]
    (tmp_path / "a.xlsx").write_bytes(workbook(names, *rows))
    folder = scaffold(
        tmp_path / "feeds",
        "changes",
        "registration_event",
        guess(tmp_path / "a.xlsx", subjects()["registration_event"]),
    )
    declared = folder / "feed.yml"
    declared.write_text(declared.read_text().replace("法定代表人变更: other", "法定代表人变更: rename", 1))
    (tried,) = try_file(read_feed(folder), tmp_path / "a.xlsx")
    assert {(row["event_no"], row["before_text"], row["after_text"]) for row in tried.staged} == {
        ("B1", "", ""),
        ("B2", "100万元", "200万元"),
    }
    batch = pa.RecordBatch.from_pylist([dict(zip(names, row, strict=True)) for row in rows])
    counts: Counter[str] = Counter()
    clean = without_names_of_events(batch, read_feed(folder).columns, counts)
    assert ([(row["变更前"], row["变更后"]) for row in clean.to_pylist()], counts) == (
        [(None, None), ("100万元", "200万元")],
        {"party": 2},
    )


def test_english_names_units_and_words(tmp_path: Path) -> None:
    def fresh(number: int) -> Path:
        (tmp_path / str(number)).mkdir()
        return tmp_path / str(number)

    sheet = {"Tenant_Code": "T1", "Tenant Name": A, "Contract No.": "L1", "Unit": "301", "NLA (sqm)": 480,
             "Commencement Date": "2025-03-01", "Monthly Rent (RMB)": 24000, "Contact Person": "x", "Leasing Manager": "y"}  # fmt: skip
    (row,) = staged(tmp_path, "lease", "Rent roll.xlsx", workbook(["Rent roll"], list(sheet), list(sheet.values())))
    assert (row["source_key"], row["enterprise_name"], row["lease_no"], row["room"]) == ("T1", A, "L1", "301")
    assert (row["leased_area_m2"], row["monthly_rent_amount"]) == ("480.00", "24000.00")
    for place, (unit, amount) in enumerate(
        {"(RMB '000)": "24000000.00", "(RMB mn)": "24000000000.00", "(USD)": "", "(RMB/sqm/day)": ""}.items()
    ):
        names = [name.replace("(RMB)", unit) for name in sheet]
        (row,) = staged(fresh(place), "lease", "a.xlsx", workbook(names, list(sheet.values())))
        assert row["monthly_rent_amount"] == amount, unit
    meters = {"Account No": "1", "Meter": "D1", "Utility": "Electricity", "Billing Month": "2026-10", "Usage (kWh)": 5}
    (row,) = staged(fresh(10), "utility_use", "b.xlsx", workbook(list(meters), list(meters.values())))
    assert (row["utility_code"], row["used_quantity"], row["month"]) == ("electricity", "5.000", "2026-10-01")
    units = {"Unit Ref": "U1", "Occupier": A, "Vacant (Y/N)": "N"}
    (row,) = staged(fresh(11), "premises", "c.xlsx", workbook(list(units), list(units.values())))
    assert (row["premises_no"], row["is_vacant"]) == ("U1", "false")


@pytest.mark.parametrize(
    ("subject", "name", "target"),
    [
        ("employment", "单位统一社会信用代码", "uscc"),
        ("staff_move", "调入单位统一社会信用代码", "uscc"),
        ("staff_move", "流出单位统一社会信用代码", "former_uscc"),
        ("staff_move", "调动人数", "moved_headcount"),
        ("tax_filing", "税费所属期止", "period_end"),
        ("tax_filing", "申报所属期终止日期", "period_end"),
        ("lease", "合同期限起", "start_date"),
        ("offer", "有效期至", "valid_until_date"),
        ("offer", "有效期限自", "valid_from_date"),
        ("registration", "投资方统一社会信用代码", None),
        ("lease", "付款期限至", None),
    ],
)
def test_another_word_for_the_same(tmp_path: Path, subject: str, name: str, target: str | None) -> None:
    (tmp_path / "a.xlsx").write_bytes(workbook([name, "甲", "乙"], ["x", "y", "z"]))
    found = guess(tmp_path / "a.xlsx", subjects()[subject]).columns[name]
    assert (found == ["ignored"]) if target is None else (target in found)


def test_a_list_of_another_program_with_a_title_over_an_indented_table(tmp_path: Path) -> None:
    lines = [
        ["Dynamische Liste"],
        ["", "合同", "名称 1", "合同开始", "租赁面积", "单位", "月租金"],
        ["", "L1", A, "2025.03.01", "480,50", "M2", "24.000,00"],
        ["", "L2", A, "2025.03.01", "1.480,00", "M2", "4.000,00"],
    ]
    (tmp_path / "a.xls").write_bytes("".join("\t".join(line) + "\n" for line in lines).encode("gb18030"))
    said = {"lease_no": "合同", "source_key": "名称 1"}
    found = guess(tmp_path / "a.xls", subjects()["lease"], said=said)
    assert (found.columns["单位"], found.source["decimal"]) == (["ignored"], ",")
    (tried,) = try_file(read_feed(scaffold(tmp_path / "feeds", "begun", "lease", found)), tmp_path / "a.xls")
    assert [(r["source_key"], r["leased_area_m2"], r["monthly_rent_amount"]) for r in tried.staged] == [
        (A, "480.50", "24000.00"),
        (A, "1480.00", "4000.00"),
    ]


@pytest.mark.parametrize("sign", [".", "-", "_"])
def test_sheets_of_years_and_months(tmp_path: Path, sign: str) -> None:
    def two(first: str, second: str) -> bytes:
        def edit(sheet: Any) -> None:
            sheet.title = f"2026{sign}{first}"
            other = sheet.parent.create_sheet(f"2026{sign}{second}")
            for line in ([*HEAD, "参保人数"], [*ROW, 56]):
                other.append(line)

        return workbook([*HEAD, "参保人数"], [*ROW, 55], edit=edit)

    rows = staged(tmp_path, "employment", "a.xlsx", two("1", "10"))
    assert [(r["month"], r["insured_headcount"]) for r in rows] == [("2026-01-01", "55"), ("2026-10-01", "56")]
    (tmp_path / "b.xlsx").write_bytes(two("11", "12"))  # the next file has other sheets
    (tried,) = try_file(read_feed(tmp_path / "feeds" / "begun"), tmp_path / "b.xlsx")
    assert [r["month"] for r in tried.staged] == ["2026-11-01", "2026-12-01"]


def test_vacant_units_of_a_register_are_kept(tmp_path: Path) -> None:
    names = ["房屋编号", "坐落", "占用单位", "使用状态"]
    rows: list[list[Any]] = [
        ["F1", "星湖街1号", A, "在租"],
        ["F2", "星湖街2号", None, "空置"],
        ["F3", "星湖街3号", None, "在租"],
    ]
    (tmp_path / "a.xlsx").write_bytes(workbook(names, *rows))
    feed = read_feed(
        scaffold(tmp_path / "feeds", "begun", "premises", guess(tmp_path / "a.xlsx", subjects()["premises"]))
    )
    (tried,) = try_file(feed, tmp_path / "a.xlsx")
    good = {r["premises_no"]: (r["enterprise_name"], r["is_vacant"]) for r in tried.staged if not r["rejected_because"]}
    assert good == {"F1": (A, "false"), "F2": ("", "true")}  # who is in F3 is not known


def test_changes_that_are_no_events_of_ours_are_left_out(tmp_path: Path) -> None:
    names = ["受理编号", "统一社会信用代码", "变更事项", "变更前", "变更后", "核准日期"]
    rows = [
        ["B1", CODE, "法定代表人变更", "欧阳明轩", "赵志强", "2026-10-01"],
        ["B2", CODE, "注册资本变更", "100万元", "200万元", "2026-10-02"],
        ["B3", CODE, "经营范围", "销售", "研发", "2026-10-03"],
        ["B4", CODE, "股权变更", "欧阳明轩", "赵志强", "2026-10-04"],
    ]
    (tmp_path / "a.xlsx").write_bytes(workbook(names, *rows))
    found = guess(tmp_path / "a.xlsx", subjects()["registration_event"])
    feed = read_feed(scaffold(tmp_path / "feeds", "begun", "registration_event", found))
    (tried,) = try_file(feed, tmp_path / "a.xlsx")
    assert allowance(feed, tried) is None
    kept = [r for r in tried.staged if not r["skip_because"] and not r["rejected_because"]]
    assert [(r["event_no"], r["event_code"]) for r in kept] == [("B2", "capital_change")]
    assert "赵志强" not in str(tried)


def test_one_area_of_all_rows_can_be_said(tmp_path: Path) -> None:
    sheet = {"行业代码": "36", "企业单位数（个）": 120, "营业收入（亿元）": 8.5, "从业人员期末人数（万人）": 4.5}
    (tmp_path / "a.xlsx").write_bytes(workbook(["2025年规上工业"], list(sheet), list(sheet.values())))
    said = {"area_code": "320500", "classification_code": "gbt4754_2017", "industry_level": "division"}
    found = guess(tmp_path / "a.xlsx", subjects()["industry_stat"], said=said)
    assert (found.missing, found.constants) == ([], said)
    (tried,) = try_file(read_feed(scaffold(tmp_path / "feeds", "begun", "industry_stat", found)), tmp_path / "a.xlsx")
    (row,) = tried.staged
    assert (row["area_code"], row["year_number"], row["industry_code"]) == ("320500", "2025", "36")
    assert (row["enterprise_count"], row["sales_amount"], row["staff_headcount"]) == ("120", "850000000.00", "45000")
    with pytest.raises(DeclarationError, match="has no column AREA"):
        guess(tmp_path / "a.xlsx", subjects()["industry_stat"], said={"area_code": "AREA"})


def test_a_signature_beside_the_header_is_no_column(tmp_path: Path) -> None:
    names = [*ROWS["employment"], "参保人数", None, "制表人：赵志强"]
    (tmp_path / "a.xlsx").write_bytes(workbook(names, [*ROWS["employment"].values(), 55]))
    found = guess(tmp_path / "a.xlsx", subjects()["employment"])
    assert list(found.columns) == ["单位编号", "单位名称", "月份", "参保人数"]
    (tried,) = try_file(read_feed(scaffold(tmp_path / "feeds", "begun", "employment", found)), tmp_path / "a.xlsx")
    assert [row["insured_headcount"] for row in tried.staged] == ["55"]
    assert "赵志强" not in str(tried)


def test_headers_in_two_languages_and_a_sheet_of_explanations(tmp_path: Path) -> None:
    def explained(sheet: Any) -> None:
        sheet.title = "明细"
        sheet.parent.create_sheet("填表说明", 0).append(["请如实填写", "见附件"])

    names = [
        "企业名称\nCompany Name",
        "统一社会信用代码\nUSCC",
        "注册资本（万元）\nRegistered Capital",
        "Legal Rep. 法定代表人",
    ]
    content = workbook(names, [A, CODE, 500, "x"], edit=explained)
    (row,) = staged(tmp_path, "registration", "a.xlsx", content)
    assert (row["enterprise_name"], row["uscc"], row["registered_capital_amount"]) == (A, CODE, "5000000.00")

    def second(sheet: Any) -> None:
        sheet.parent.create_sheet("丙").append(["甲", "乙", "丙"])

    (tmp_path / "b.xlsx").write_bytes(workbook(["丁", "戊", "己"], edit=second))
    with pytest.raises(DeclarationError, match="several of its sheets may be the table: 台账, 丙"):
        guess(tmp_path / "b.xlsx", subjects()["registration"])


def test_a_figure_of_this_year_is_a_running_total_beside_months_and_periods(tmp_path: Path) -> None:
    for place, (sheet, kinds) in enumerate(
        [
            (ROWS["tax_filing"] | {"本年销售额": 5}, {"sales_amount": "year_to_date"}),
            (ROWS["tax_filing"] | {"本年销售额": 5, "本期销售额": 1}, {}),
            (ROWS["tax_filing"] | {"本年度销售额": 5}, {}),
            (ROWS["employment"] | {"本年末参保人数": 5}, {}),
        ]
    ):
        subject = "employment" if "参保" in str(sheet) else "tax_filing"
        (tmp_path / f"{place}.xlsx").write_bytes(workbook(list(sheet), list(sheet.values())))
        assert guess(tmp_path / f"{place}.xlsx", subjects()[subject]).figures == kinds
    sheet = {"地区代码": "320583", "行业代码": "39", "本年营业收入（万元）": 3}
    (tmp_path / "c.xlsx").write_bytes(workbook(["2025年"], list(sheet), list(sheet.values())))
    found = guess(tmp_path / "c.xlsx", subjects()["industry_stat"])
    assert (found.figures, found.columns["本年营业收入（万元）"]) == ({}, ["sales_amount"])


@pytest.mark.parametrize(
    ("event", "before", "after", "kept"),
    [
        ("法人变更", "欧阳明轩", "赵志强", 0),
        ("出资人变更", "欧阳明轩，51%", "赵志强，51%", 0),
        ("Change of legal representative", "Zhang Wei", "Li Na", 0),
        ("Shareholders", "Zhang Wei", "Li Na", 0),
        ("03", "欧阳明轩", " 赵志强 ", 0),
        ("03", "昆山甲电子有限公司", "昆山乙电子有限公司", 2),
        ("住所变更", "星湖街1号", "金鸡湖大道2号", 2),
        ("Registered capital", "1000000", "2000000", 2),
        ("03", None, "", 1),
    ],
)
def test_names_behind_events_are_taken_out(event: str, before: str | None, after: str, kept: int) -> None:
    uses = {"e": ["event_code"], "b": ["before_text"], "a": ["after_text"]}
    batch = pa.RecordBatch.from_pylist([{"e": event, "b": before, "a": after}])
    (row,) = without_names_of_events(batch, uses, Counter()).to_pylist()
    assert sum(row[name] is not None for name in "ab") == kept


@pytest.mark.parametrize(
    ("title", "month"),
    [
        ("统计月份：2026-09", "2026-09-01"),
        ("费款所属期：202609　制表日期：2026-10-08", "2026-09-01"),
        ("Month: 2026-09", "2026-09-01"),
        ("账期:2026年9月 打印时间:2026年10月8日", "2026-09-01"),
        ("统计日期：2026-09-30", None),
        ("所属期：2026-07至2026-09", None),
        ("制表日期：2026-09", None),
    ],
)
def test_a_month_that_a_title_states_in_figures(tmp_path: Path, title: str, month: str | None) -> None:
    content = workbook(["参保情况"], [title], [*HEAD, "参保人数"], [*ROW, 55])
    rows = staged(tmp_path, "employment", "a.xlsx", content, *([] if month else ["month"]))
    assert [row["month"] for row in rows] == ([month] if month else [])


@pytest.mark.parametrize(
    ("name", "said"), [("1-9月累计.xlsx", True), ("2026年9月.xlsx", False), ("本月累计.xlsx", False)]
)
def test_a_title_that_speaks_of_running_totals_is_pointed_out(tmp_path: Path, name: str, said: bool) -> None:
    sheet = ROWS["tax_filing"] | {"销售额": 5}
    (tmp_path / name).write_bytes(workbook(["纳税申报"], list(sheet), list(sheet.values())))
    found = guess(tmp_path / name, subjects()["tax_filing"])
    assert any("figures: {sales_amount: year_to_date}" in hint for hint in hints(found)) == said
    assert found.figures == {}


@pytest.mark.parametrize("word", ["合计", "合 计", "总\u3000计：", "小\n计", "本 页 小 计", "Total"])
def test_lines_of_totals_cost_no_row(tmp_path: Path, word: str) -> None:
    content = workbook([*HEAD, "参保人数"], [*ROW, 55], ["S02", "昆山乙公司", 5], [word, None, 60])
    (tmp_path / "参保202609.xlsx").write_bytes(content)
    feed = read_feed(
        scaffold(
            tmp_path / "feeds", "begun", "employment", guess(tmp_path / "参保202609.xlsx", subjects()["employment"])
        )
    )
    (tried,) = try_file(feed, tmp_path / "参保202609.xlsx")
    assert [(row["unit_no"], row["rejected_because"]) for row in tried.staged] == [("S01", ""), ("S02", "")]


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (["10月1日", "10月2日", "10月31日"], "10月1日, … 10月31日 are days"),
        (["1日", "31日"], "1日, … 31日 are days"),
        (["签到", "时间"], ""),
    ],
)
def test_days_as_columns_are_pointed_out(tmp_path: Path, days: list[str], said: str) -> None:
    """Nothing is made of them, and the next month has others."""
    path = tmp_path / "2026年10月.xlsx"
    path.write_bytes(workbook(["单位名称", *days], ["甲有限公司", *range(len(days))]))
    assert "; ".join(h for h in hints(guess(path, subjects()["access_count"])) if "days" in h).startswith(said)


def test_sheets_of_months_have_their_year_from_their_titles(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for month in (7, 8, 9):
        sheet = book.create_sheet(f"{month}月")
        sheet.append([f"2026年{month}月参保单位统计"])
        sheet.append(["社保编号", "单位名称", "参保职工人数"])
        sheet.append(["S1", "甲有限公司", month])
    book.save(tmp_path / "三季度参保.xlsx")
    rows = staged(tmp_path, "employment", "三季度参保.xlsx", (tmp_path / "三季度参保.xlsx").read_bytes())
    assert [(row["month"], row["insured_headcount"]) for row in rows] == [
        (f"2026-0{month}-01", str(month)) for month in (7, 8, 9)
    ]


def test_readings_by_their_usual_names(tmp_path: Path) -> None:
    path = tmp_path / "水表抄表2026年10月.xlsx"
    path.write_bytes(
        workbook(["用户编号", "用户名称", "水表号", "上次抄见", "本次抄见"], ["W1", "甲有限公司", "M1", 10, 15])
    )
    found = guess(path, subjects()["utility_use"])
    assert found.columns["本次抄见"] == ["used_quantity"]
    assert found.figures == {"used_quantity": "reading"}


def test_a_roster_by_the_official_name_of_an_identity_number(tmp_path: Path) -> None:
    path = tmp_path / "名单.xlsx"
    path.write_bytes(
        workbook(["单位名称", "姓名", "公民身份号码", "费款所属期"], ["甲有限公司", "王犇", "", "2026-09"])
    )
    found = guess(path, subjects()["employment"])
    assert found.columns["公民身份号码"] == ["personal"]
    assert found.roster["count_distinct"] == "公民身份号码"
    assert "insured_headcount" not in found.unfed


def test_a_number_of_each_row_may_be_the_subject_s_own(tmp_path: Path) -> None:
    path = tmp_path / "目录.xlsx"
    path.write_bytes(workbook(["编号", "提供单位", "服务类别"], ["GX001", "甲有限公司", "检测实验"]))
    assert any(hint.endswith("--column offer_no=编号") for hint in hints(guess(path, subjects()["offer"])))
