"""Sheets as offices make them: several lines of header, units above it, merged cells, formulas, dates that were rooms."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.worksheet import Worksheet

from tests.connectors.sources.dropping import take
from tests.connectors.sources.test_file_formats import SHEET, read, rewritten, workbook
from tests.connectors.sources.test_old_workbooks import old_workbook
from warehouse.errors import DeclarationError, DeliveryRefused

NAMES = ("户号", "户名", "用水/上期", "用水/本期", "用水/用量", "用电/用量", "备注")


@pytest.mark.parametrize("form", ["csv", "xlsx, merged", "xlsx"])
def test_a_header_of_two_lines(tmp_path: Path, form: str) -> None:
    first = ["户号", "户名", "用水", "", "", "用电", "备注"]
    second = ["", "", "上期", "本期", "用量", "用量", ""]
    row = ["K1", "甲公司", "1", "3", "2", "40", ""]

    def merge(sheet: Worksheet) -> None:
        for cells in ("A2:A3", "B2:B3", "C2:E2", "G2:G3"):
            sheet.merge_cells(cells)

    if form == "csv":
        content = "".join(",".join(line) + "\n" for line in (["抄表"], first, second, row)).encode()
    else:
        lines = [[cell or None for cell in line] for line in (["抄表"], first, second, row)]
        content = workbook(*lines, edit=merge if "merged" in form else None)
    for header in ({}, {"header": 2}):
        delivery, rows = read(
            tmp_path, "a.csv" if form == "csv" else "a.xlsx", content, expected=NAMES, header_lines=2, **header
        )
        assert delivery.header == NAMES
        assert [(r["row_number"], r["户号"], r["用水/用量"], r["用电/用量"]) for r in rows] == [(4, "K1", "2", "40")]
        assert delivery.unreadable == []


def test_two_header_lines_that_are_not_declared_are_told(tmp_path: Path) -> None:
    with pytest.raises(DeliveryRefused, match=r"source\.header_lines: 2"):
        read(tmp_path, "a.csv", "甲,用水,,,\n,上期,本期,用量,\nK1,1,3,2,\n".encode(), expected=NAMES)


@pytest.mark.parametrize("lines", [0, 4, "2"])
def test_header_lines_are_few(tmp_path: Path, lines: object) -> None:
    with pytest.raises(DeclarationError, match="header_lines"):
        take(tmp_path, header_lines=lines)


@pytest.mark.parametrize(
    ("above", "unit", "is_read"),
    [
        ("单位：元", None, True),
        ("单位：万元", None, False),
        ("单位：万元", "万元", True),
        ("单位：元", "万元", False),
        ("单　位:  人民币万元", None, False),
        ("应纳税额统计表（万元）", None, False),
        ("应纳税额统计表（单位：亿元）", "万元", False),
        ("金额单位：千元", None, False),
        ("单位：千瓦时", None, True),
        ("单位：万千瓦时", None, False),
        ("单位：人", None, True),
        # the reporting unit, 单位, is an office
        ("填报单位：万元科技有限公司", None, True),
        ("应纳税额统计表", "万元", False),
        ("计量：MWh", "MWh", True),
        ("货币单位为万元", None, False),
        ("货币单位为万元", "万元", True),
        ("计量单位　万元", None, False),
        ("金额以万元为单位", None, False),
        ("按亿元计", None, False),
        ("Unit: RMB 10\u2009000", None, True),
        ("Unit: RMB 10000", None, False),
        ("(in thousands)", None, False),
        ("CNY million", None, False),
        ("Wages (RMB'000)", None, False),
        ("金额单位：千元人民币", None, False),
        ("除特别注明外，金额单位均为人民币万元", None, False),
        ("以人民币万元列示", None, False),
        ("单位：元人民币", None, True),
        ("单位：万kWh", None, False),
        ("单位：kWh", None, True),
        ("计量单位：MWh", None, False),
        ("电量（兆瓦时）", None, False),
        ("计量单位：MWh", "MWh", True),
        ("金额：万元", None, False),
        ("单位/万元", None, False),
        ("税额统计表【万元】", None, False),
        ("万元", None, False),
        ("万元", "万元", True),
        ("单位：万", None, False),
        ("币种：人民币（万）", None, False),
        ("联系人：万 先生", None, True),
        ("人", None, True),
        # which firms, not which unit
        ("产值亿元以上企业统计表", None, True),
        ("规模以上（2000万元以上）企业", None, True),
    ],
)
@pytest.mark.parametrize("header", [None, 3])
def test_the_unit_above_the_header(
    tmp_path: Path, above: str, unit: str | None, is_read: bool, header: int | None
) -> None:
    content = f"统计表,,\n{above},,\n户号,户名,税额\nT1,甲,7\n".encode()
    options = ({"unit": unit} if unit else {}) | ({"header": header} if header else {})
    expected = ("户号", "户名", "税额")
    if is_read:
        assert len(read(tmp_path, "a.csv", content, expected=expected, **options)[1]) == 1
    else:
        with pytest.raises(DeliveryRefused, match="above its header state"):
            read(tmp_path, "a.csv", content, expected=expected, **options)


@pytest.mark.parametrize(
    ("name", "first", "last", "unit", "is_read"),
    [
        ("税额（万元）.csv", "", "", None, False),
        ("税额(单位：万元).csv", "", "", "万元", True),
        ("税额.csv", "", "", "万元", False),
        ("产值亿元以上.csv", "", "", None, True),
        ("税额_万元.csv", "", "", None, False),
        ("9月税额-千元.csv", "", "", "千元", True),
        ("客户 百度.csv", "", "", None, True),
        ("产值500-1000万元.csv", "", "", None, True),
        ("a.csv", "", "单位：万元,,", None, False),
        ("a.csv", "", "注：金额单位为万元,,", None, False),
        ("a.csv", "", "注,本表金额以万元为单位,", None, False),
        ("a.csv", "", "注：含规模以上（2000万元以上）企业,,", None, True),
        ("a.csv", "", "单位：元,,", None, True),
        ("a.csv", "人,人,万元", "", None, False),
        ("a.csv", ",,（万元）", "", None, False),
        ("a.csv", ",,元", "", None, True),
        ("a（万元）.csv", "", "单位：万元,,", "万元", True),
        ("a（万元）.csv", "", "单位：千元,,", "万元", False),
        # an amount, and a firm's name, state no unit of the column
        ("a.csv", "", "T2,万元科技有限公司,3万元", None, True),
    ],
)
def test_a_unit_in_the_name_or_below_the_header(
    tmp_path: Path, name: str, first: str, last: str, unit: str | None, is_read: bool
) -> None:
    content = "\n".join(filter(None, ("户号,户名,税额", first, "T1,甲,7", last))).encode()
    options = {"unit": unit} if unit else {}
    if is_read:
        assert read(tmp_path, name, content, expected=("户号", "户名", "税额"), **options)[1]
    else:
        with pytest.raises(DeliveryRefused, match=r"state(s| no unit| the unit)"):
            read(tmp_path, name, content, expected=("户号", "户名", "税额"), **options)


@pytest.mark.parametrize("title", ["10月(万元)", "10月-万元", "10月 万元"])
def test_a_unit_in_the_name_of_a_sheet(tmp_path: Path, title: str) -> None:
    def rename(sheet: Worksheet) -> None:
        sheet.title = title

    content = workbook(["户名", "表", "用量"], ["甲", "W1", 10], edit=rename)
    with pytest.raises(DeliveryRefused, match="its name states the unit 万元"):
        read(tmp_path, "a.xlsx", content)


def test_merged_cells_are_filled_where_that_is_declared(tmp_path: Path) -> None:
    def merge(sheet: Worksheet) -> None:
        sheet.merge_cells("A2:A4")
        sheet.merge_cells("B5:C5")

    content = workbook(
        ["户名", "表", "用量"], ["甲", "W1", 10], [None, "W2", 20], [None, "W3", 30], ["乙", 7, None], edit=merge
    )
    delivery, rows = read(tmp_path, "a.xlsx", content, merged="fill")
    assert [(r["户名"], r["表"], r["用量"]) for r in rows] == [
        ("甲", "W1", "10"),
        ("甲", "W2", "20"),
        ("甲", "W3", "30"),
        ("乙", "7", "7"),
    ]
    assert delivery.unreadable == []
    # what is wrong with the first is wrong with all
    content = workbook(["户名", "表"], ["=A9", "W1"], [None, "W2"], edit=lambda sheet: sheet.merge_cells("A2:A3"))
    delivery, rows = read(tmp_path, "b.xlsx", content, merged="fill", pattern="b.xlsx")
    assert rows == []
    assert [piece.row_number for piece in delivery.unreadable] == [2, 3]


@pytest.mark.parametrize(
    ("merges", "read_rows"),
    [
        (["B2:B3"], [2, 3, 4, 5]),  # one name of two rows
        (["C2:C3"], [4, 5]),  # one figure of two firms
        (["C2:D2"], [3, 4, 5]),  # of two columns
        (["C2:E2"], [3, 4, 5]),
        (["D2:E2"], [2, 3, 4, 5]),  # of one column that counts
        (["A2:A3", "B2:B3", "C2:C3"], [2, 3, 4, 5]),  # a row that is two lines high
        (["A2:A4", "B2:B3", "C2:C3"], [4, 5]),
    ],
)
def test_a_figure_of_several_rows_together_counts_in_none(
    tmp_path: Path, merges: list[str], read_rows: list[int]
) -> None:
    def merge(sheet: Worksheet) -> None:
        for cells in merges:
            sheet.merge_cells(cells)

    rows = [[f"K{n}", f"公司{n}", 10 * n, n, "x"] for n in range(4)]
    content = workbook(["户号", "户名", "用量", "人数", "备注"], *rows, edit=merge)
    uses = {"户号": "text", "户名": "text", "备注": "ignored"}
    delivery, found = read(tmp_path, "a.xlsx", content, merged="fill", uses=uses)
    assert [row["row_number"] for row in found] == read_rows
    assert all("merged over one figure" in piece.reason for piece in delivery.unreadable)


def test_a_signature_in_merged_cells_leaves_no_word(tmp_path: Path) -> None:
    content = workbook(
        ["户名", "表", "用量"],
        ["甲", "W1", 10],
        ["制表人：张三", None, None],
        edit=lambda sheet: sheet.merge_cells("A3:C3"),
    )
    delivery, rows = read(tmp_path, "a.xlsx", content, merged="fill")
    assert [row["户名"] for row in rows] == ["甲"]
    assert delivery.unreadable == []


def test_results_of_formulas_are_taken_where_that_is_declared(tmp_path: Path) -> None:
    content = workbook(["no", "area"], ["1", 5], ["2", 6], ["3", "=A1"])
    content = rewritten(content, SHEET, lambda xml: xml.replace("<v>5</v>", "<f>2+3</f><v>5</v>"))
    delivery, rows = read(tmp_path, "a.xlsx", content, formulas="cached")
    assert [(row["no"], row["area"]) for row in rows] == [("1", "5"), ("2", "6")]
    assert [(piece.row_number, piece.reason) for piece in delivery.unreadable] == [
        (4, "cell B4: a formula, not a value")
    ]


def test_results_of_a_workbook_that_is_to_be_calculated_are_none(tmp_path: Path) -> None:
    """XlsxWriter keeps 0 for each formula, POI what its template had, and both ask Excel to calculate when it opens the file."""
    content = workbook(["no", "area"], ["1", 0], ["2", 6])
    content = rewritten(content, SHEET, lambda xml: xml.replace("<v>0</v>", "<f>2+3</f><v>0</v>"))
    assert len(read(tmp_path, "a.xlsx", content, formulas="cached")[1]) == 2
    to_calculate = rewritten(
        content, "xl/workbook.xml", lambda xml: re.sub("<calcPr[^>]*>", '<calcPr fullCalcOnLoad="1"/>', xml)
    )
    delivery, rows = read(tmp_path, "b.xlsx", to_calculate, formulas="cached", pattern="b.xlsx")
    assert [row["no"] for row in rows] == ["2"]
    assert [piece.reason for piece in delivery.unreadable] == [
        "cell B2: a formula that was never calculated since: open the file in Excel and save it, or ask for values"
    ]


@pytest.mark.parametrize(("number", "form"), [(58, ""), (31, ""), (57, 'yyyy"年"m"月"'), (49, "")])
def test_days_in_formats_that_a_workbook_has_by_number_alone(tmp_path: Path, number: int, form: str) -> None:
    """3-12 typed into Excel in Chinese is day 46093 in format 58, m"月"d"日", of which the file has no more than the number."""
    stated = f"<numFmts count='1'><numFmt numFmtId='{number}' formatCode='{form}'/></numFmts>" if form else ""

    def styled(xml: str) -> str:
        xml = xml.replace('<numFmts count="0" />', stated) if stated else xml
        return re.sub("(</cellXfs>)", rf'<xf numFmtId="{number}" fontId="0" fillId="0" borderId="0" xfId="0"/>\1', xml)

    content = workbook(["room", "start"], [46093, 46093], ["3-14", 46093])
    content = rewritten(content, "xl/styles.xml", styled)
    content = rewritten(content, SHEET, lambda xml: re.sub(r'(r="[AB]\d") t="n"', r'\1 s="1" t="n"', xml))
    delivery, rows = read(tmp_path, "a.xlsx", content, uses={"room": "text"})
    is_day = number != 49
    assert [(row["room"], row["start"]) for row in rows][-1] == ("3-14", "2026-03-12" if is_day else "46093")
    assert len(delivery.unreadable) == is_day


def test_a_date_in_a_column_of_text_costs_its_row(tmp_path: Path) -> None:
    content = workbook(
        ["room", "start", "seq"],
        [dt.date(2026, 3, 12), dt.date(2026, 1, 1), dt.date(2026, 1, 1)],
        ["3-12", dt.date(2026, 1, 1), dt.time(3, 12)],
        [dt.time(3, 12), dt.date(2026, 1, 1), "=ROW()"],
    )
    delivery, rows = read(tmp_path, "a.xlsx", content, uses={"room": "text", "seq": "ignored"})
    assert [(row["room"], row["start"]) for row in rows] == [("3-12", "2026-01-01")]
    assert [(piece.row_number, piece.reason.split(";")[0]) for piece in delivery.unreadable] == [
        (2, "cell A2: a date or time where text belongs (3-12 becomes 12 March)"),
        (4, "cell A4: a date or time where text belongs (3-12 becomes 12 March)"),
    ]
    assert read(tmp_path, "b.xlsx", content, pattern="b.xlsx")[1][0]["room"] == "2026-03-12", (
        "where nothing is known of it"
    )


def test_what_is_wrong_in_an_ignored_column_harms_no_row(tmp_path: Path) -> None:
    content = workbook(["seq", "name"], ["=ROW()-1", "甲"], ["=ROW()-1", "乙"])
    delivery, rows = read(tmp_path, "a.xlsx", content, uses={"seq": "ignored"})
    assert [(row["seq"], row["name"]) for row in rows] == [(None, "甲"), (None, "乙")]
    assert delivery.unreadable == []


def test_a_month_that_is_a_number_is_the_month_that_is_shown(tmp_path: Path) -> None:
    """2026.10 is the number 2026.1: only its format makes October of it."""

    def format_cells(sheet: Worksheet) -> None:
        for row, form in ((2, "0.00"), (3, "General"), (4, "0.00_ "), (5, "0.0"), (6, "#,##0.00"), (7, "0.000")):
            sheet.cell(row, 1).number_format = form

    content = workbook(
        ["month"], [2026.1], [2026.1], [2026.1], [2026.1], [1350.5], [2026.1], [2026.11], edit=format_cells
    )
    _, rows = read(tmp_path, "a.xlsx", content)
    assert [row["month"] for row in rows] == ["2026.10", "2026.1", "2026.10", "2026.1", "1350.5", "2026.1", "2026.11"]


def test_what_xml_cannot_hold_is_read_as_it_was(tmp_path: Path) -> None:
    content = workbook(["name"], ["甲公司_x000D_"], ["a_x005F_x000D_b"], ["a_x00e9_b"], ["_x12_"], ["_xD800_"])
    _, rows = read(tmp_path, "a.xlsx", content)
    assert [row["name"] for row in rows] == ["甲公司\r", "a_x000D_b", "aéb", "_x12_", "_xD800_"]


def test_escapes_of_mysql_and_hive(tmp_path: Path) -> None:
    content = "no\tname\tcode\nU1\t甲公司\t\\N\nU2\t乙\\\t公司\tN\nU3\t丙公司\\\n（分部）\t\\N\nU4\t丁\\\\公司\tx\\N\n\\N\t戊\t1\n"
    delivery, rows = read(tmp_path, "a.txt", content.encode(), escape="\\")
    assert [(row["no"], row["name"], row["code"]) for row in rows] == [
        ("U1", "甲公司", None),
        ("U2", "乙\t公司", "N"),
        ("U3", "丙公司\n（分部）", None),
        ("U4", "丁\\公司", "xN"),
        (None, "戊", "1"),
    ]
    assert delivery.unreadable == []


def test_a_field_that_swallowed_rows_is_unreadable(tmp_path: Path) -> None:
    """A mark that opens in one row and closes in a later one makes one valid row of three, without a word."""
    content = 'no,name,n\n1,"甲公司,10\n2,乙公司,20\n3,丙公司",30\n4,"丁\n（分部, 东区）",40\n5,戊,50\n'
    delivery, rows = read(tmp_path, "a.csv", content.encode())
    assert [(row["no"], row["n"]) for row in rows] == [("4", "40"), ("5", "50")]
    assert [(piece.row_number, piece.reason[:61]) for piece in delivery.unreadable] == [
        (2, "a field in quotation marks goes over lines that look like row")
    ]


def test_nothing_means_as_above_where_that_is_declared(tmp_path: Path) -> None:
    content = "户名,表,用量\n甲,W1,10\n,W2,20\n合计,,30\n乙,W3,5\n ,W4,7\n,,\n丙,,\n,W5,9\n".encode()
    totals = {"column": "户名", "values": ["合计"]}
    delivery, rows = read(tmp_path, "a.csv", content, fill_down=["户名"], totals=totals)
    assert [(r["户名"], r["表"], r["用量"]) for r in rows] == [
        ("甲", "W1", "10"),
        ("甲", "W2", "20"),
        ("乙", "W3", "5"),
        ("乙", "W4", "7"),
        ("丙", None, None),
        ("丙", "W5", "9"),
    ]
    assert delivery.unreadable == []
    with pytest.raises(DeliveryRefused, match=r"no column '户号', which source\.fill_down names"):
        read(tmp_path, "b.csv", content, fill_down=["户号"], pattern="b.csv")


def test_a_unit_without_a_name_has_not_the_name_above(tmp_path: Path) -> None:
    content = "户号,户名,用量\nA,甲,1\n,,2\nB,,3\n,,4\nB,乙,5\nB,,6\nC,丙,7\n".encode()
    _, rows = read(tmp_path, "a.csv", content, fill_down=["户号", "户名"])
    assert [(r["户号"], r["户名"]) for r in rows] == [
        *[("A", "甲")] * 2,
        *[("B", None)] * 2,
        *[("B", "乙")] * 2,
        ("C", "丙"),
    ]
    _, rows = read(tmp_path, "b.csv", content, fill_down=["户名"], pattern="b.csv")
    assert rows[2]["户名"] == "甲", "a group over several numbers"


def test_the_declared_unit_behind_a_figure_is_left_out(tmp_path: Path) -> None:
    """stage.sql reckons with it, and would count it twice."""
    content = "单位：万元,\n名,金额,备注\n甲,3.5万元,5万元\n乙,-1.25 万元,\n丙,2亿,\n丁,300元,\n戊,7,\n".encode()
    _, rows = read(tmp_path, "a.csv", content, unit="万元", header=2, uses={"名": "text", "备注": "text"})
    assert [row["金额"] for row in rows] == ["3.5", "-1.25 ", "2亿", "300元", "7"]
    assert rows[0]["备注"] == "5万元"


def test_numbers_with_a_decimal_comma(tmp_path: Path) -> None:
    cells = {
        "1.234,56": "1234.56",
        "1234,5": "1234.5",
        "1 234 567,8": "1234567.8",
        "1.234.567": "1234567",
        "-1,5": "-1.5",
        "(1'234,50)": "(1234.50)",
        "€ 12,00": "€ 12.00",
        "12,5 %": "12.5 %",
        "17": "17",
        "31.01.2026": "31.01.2026",
        "2026.10": "2026.10",
        "n/a": "n/a",
    }
    wrong = ["1,234.56", "1.5", "12.34,5", "1,2,3", "1.234.56"]
    content = "no;name;n\n" + "".join(f"{n};1,5;{cell}\n" for n, cell in enumerate([*cells, *wrong]))
    options: dict[str, Any] = {"delimiter": ";", "decimal": ","}
    delivery, rows = read(tmp_path, "a.csv", content.encode(), uses={"name": "text"}, **options)
    assert [row["n"] for row in rows] == list(cells.values())
    assert {row["name"] for row in rows} == {"1,5"}
    reasons = {piece.reason for piece in delivery.unreadable}
    assert reasons == {"n: a number with other marks than source.decimal declares"}
    assert len(delivery.unreadable) == len(wrong)
    _, rows = read(tmp_path, "b.xlsx", workbook(["n"], [1.234]), pattern="b.xlsx", decimal=",")
    assert rows[0]["n"] == "1.234", "a number of Excel has no marks"
    page = b"<table><tr><td>no<td>n<tr><td>1<td>1.234</table>"
    assert read(tmp_path, "c.html", page, pattern="c.html", decimal=",")[1][0]["n"] == "1234"


def test_the_euro_sign_of_windows_in_gbk(tmp_path: Path) -> None:
    content = (
        "名称,金额\n甲,".encode("gbk") + b"\x8012\n" + "乙,12".encode("gbk") + b"\x80\n" + "丄,1".encode("gbk") + b"\n"
    )
    _, rows = read(tmp_path, "a.csv", content, encoding="gbk")
    assert [(row["名称"], row["金额"]) for row in rows] == [("甲", "€12"), ("乙", "12€"), ("丄", "1")]
    for wrong in (b"\x80\xff", b"\xff", b"\x80\x80\x80\xe4"):
        with pytest.raises(DeliveryRefused, match="is not gb18030"):
            read(tmp_path, "a.csv", content + wrong + b"\n", encoding="gbk")


def test_two_byte_order_marks(tmp_path: Path) -> None:
    content = '\ufeff\ufeff"编号",n\n1,2\n'.encode()
    assert read(tmp_path, "a.csv", content)[0].header == ("编号", "n")
    assert read(tmp_path, "b.csv", b"\xef\xbb\xbf" * 2 + b"no\n", pattern="b.csv")[0].header == ("no",)


def test_a_second_table_below_another_header_is_not_read(tmp_path: Path) -> None:
    """Pensioners below insured staff: the same first columns, other figures."""
    content = (
        "单位编号,月份,人数\nU1,2026-01,5\n单位编号,月份,人数\nU2,2026-01,6\n\n单位编号,月份,退休人数\nU1,2026-01,7\n"
    ).encode()
    delivery, rows = read(tmp_path, "a.csv", content, expected=("单位编号", "月份", "人数"))
    assert [(row["单位编号"], row["人数"]) for row in rows] == [("U1", "5"), ("U2", "6")]
    assert [(line.row_number, line.reason[:35]) for line in delivery.unreadable] == [
        (6, "below another header, in line 6: a "),
        (7, "below another header, in line 6: a "),
    ]


@pytest.mark.parametrize("form", ["a.xlsx", "a.xls"])
def test_day_numbers_go_by_the_workbooks_epoch(tmp_path: Path, form: str) -> None:
    """44834 is 1 October 2026 where days count from 1904; a quantity of 44834 stays one."""
    rows: list[list[Any]] = [["户号", "月份", "用量"], ["K1", 44834, 44834]]

    def since_1904(sheet: Worksheet) -> None:
        sheet.parent.epoch = CALENDAR_MAC_1904  # type: ignore[union-attr]

    def old_since_1904(book: Any, _: Any) -> None:
        book.dates_1904 = True

    content = workbook(*rows, edit=since_1904) if form == "a.xlsx" else old_workbook(*rows, edit=old_since_1904)
    _, (found,) = read(
        tmp_path, form, content, expected=("户号", "月份", "用量"), uses={"月份": "date", "户号": "text"}
    )
    assert (found["月份"], found["用量"]) == (str(44834 + 1462), "44834")
    assert dt.date(1899, 12, 30) + dt.timedelta(44834 + 1462) == dt.date(2026, 10, 1)


def test_a_code_shown_with_leading_zeros_has_them(tmp_path: Path) -> None:
    def shown(sheet: Worksheet) -> None:
        for row in (2, 3, 4, 5):
            sheet[f"A{row}"].number_format = "000000"
        sheet["B2"].number_format = "0"

    rows: list[list[Any]] = [[123, 45], ["K-7", 1], [1234567, 1], [1.5, 1]]
    _, found = read(tmp_path, "a.xlsx", workbook(["户号", "用量"], *rows, edit=shown), expected=("户号", "用量"))
    assert (found[0]["户号"], found[0]["用量"]) == ("000123", "45")
    # zeros are of whole numbers alone
    assert [row["户号"] for row in found[1:]] == ["K-7", "1234567", "1.5"]
