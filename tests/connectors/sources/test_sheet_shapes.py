"""Tables over several sheets, and tables in which the months are columns."""

from __future__ import annotations

import io
import logging
from pathlib import Path
from typing import Any

import openpyxl
import openpyxl.styles
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlwt
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont

from connectors.sources import Delivery
from connectors.sources.file_drop.sheet_cells import PART_STRUCK
from tests.connectors.sources.consuming import only, table_of
from tests.connectors.sources.dropping import drop, take
from tests.connectors.sources.test_file_formats import with_shared_texts, workbook
from tests.connectors.sources.test_old_workbooks import old_workbook
from warehouse.errors import DeclarationError, DeliveryRefused

METERS: list[Any] = ["户号", "用量", "月份"]


def book(sheets: dict[str, list[list[Any]]], hidden: tuple[str, ...] = ()) -> bytes:
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        sheet.sheet_state = "hidden" if name in hidden else "visible"
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def read(folder: Path, name: str, content: bytes, /, **options: Any) -> tuple[Delivery, list[dict[str, Any]]]:
    drop(folder, name, content)
    delivery = only(iter(take(folder, pattern=name, **options)))
    return delivery, table_of(delivery).to_pylist()


# --- several sheets -------------------------------------------------------------------------------------------------

MONTHS: dict[str, list[list[Any]]] = {
    "1月": [["抄表"], ["户号", "用量"], ["K1", 1], ["K2", "=A1"]],
    "2月": [["户号", "用量"], ["K1", 2]],
    "空": [],
    "说明": [["请勿修改"]],
}


def test_one_sheet_for_each_month(tmp_path: Path) -> None:
    delivery, rows = read(
        tmp_path,
        "a.xlsx",
        book(MONTHS),
        sheets="*月",
        sheet_pattern=r"(?P<月份>\d+月)",
        name_pattern="(?P<来源>a)",
        expected=METERS,
    )
    assert delivery.header == ("户号", "用量", "来源", "月份")
    assert [list(row.values()) for row in rows] == [
        [3, "K1", "1", "a", "1月"],
        [1_000_000_002, "K1", "2", "a", "2月"],
    ]
    assert [(piece.row_number, piece.reason) for piece in delivery.unreadable] == [
        (4, "sheet 1月: cell B4: a formula, not a value")
    ]


def test_sheets_of_an_old_workbook_are_one_table(tmp_path: Path) -> None:
    def edit(made: Any, _: Any) -> None:
        for name, value in (("2月", 2), ("3月", 3)):
            sheet = made.add_sheet(name)
            for column, cell in enumerate(("户号", "用量")):
                sheet.write(0, column, cell)
            sheet.write(1, 0, "K1")
            sheet.write(1, 1, value)

    content = old_workbook(["户号", "用量"], ["K1", 1], edit=edit)
    _, rows = read(tmp_path, "a.xls", content, sheets=["台账", "?月"], expected=METERS)
    assert [row["用量"] for row in rows] == ["1", "2", "3"]


def test_no_sheet_is_lost_unseen(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(DeliveryRefused, match=r"2 sheets hold something: '1月', '2月'.*source\.sheets"):
        read(tmp_path, "a.xlsx", book({name: MONTHS[name] for name in ("1月", "2月", "空")}), expected=METERS)
    more = MONTHS | {"2月补": [["户号", "用量"], ["K3", 2]]}
    with pytest.raises(DeliveryRefused, match="the sheet '2月补' holds such a table too"):
        read(tmp_path, "a.xlsx", book(more), sheets="*月", expected=METERS)
    _, rows = read(tmp_path, "a.xlsx", book(more), sheets=["*月", "2月补"], expected=METERS)
    assert [row["户号"] for row in rows] == ["K1", "K1", "K3"]
    with caplog.at_level(logging.WARNING):
        _, rows = read(tmp_path, "b.xlsx", book(MONTHS, hidden=("1月", "说明")), expected=METERS)
    assert [row["用量"] for row in rows] == ["2"]
    assert ["hidden sheet '1月' holds such a table too" in record.message for record in caplog.records] == [True]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sheets": "*周"}, r"no sheet is called '\*周'"),
        ({"sheets": ["*月", "说明"]}, "lease a.xlsx, sheet 说明: no line of the first 20 is a header"),
        ({"sheets": "*月", "sheet_pattern": r"(?P<年>\d{4})"}, "the name of its sheet '1月' does not state 年"),
        ({"sheets": ["*月", "表"]}, "the sheet '表' has another header than '1月': 月份"),
    ],
)
def test_sheets_that_are_no_one_table_stop(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(DeliveryRefused, match=message):
        read(tmp_path, "a.xlsx", book(MONTHS | {"表": [list(METERS), ["K1", 1, 1]]}), expected=METERS, **options)


# --- crosstabs ------------------------------------------------------------------------------------------------------

UNPIVOT: dict[str, Any] = {"columns": "M月", "period": "月份", "value": "用量", "totals": ["合计"], "empty": ["-"]}
CROSSTAB: list[list[Any]] = [
    ["2026年用电统计表"],
    ["户号", "1月", "2 月", "十一月", "合计"],
    ["K1", 1.5, 2, None, 3.5],
    ["K2", "-", None, 7, 7],
    ["K3", 1, 1, 1, 4],
    ["K4", None, None, None, None],
    ["K5", 1, "=B3", None, 1],
]


@pytest.mark.parametrize("form", ["a.xlsx", "a.csv", "a.parquet"])
def test_months_that_are_columns_become_rows(tmp_path: Path, form: str) -> None:
    table = CROSSTAB[1:-1]
    if form == "a.xlsx":
        content = book({"台账": CROSSTAB})
    elif form == "a.csv":
        lines = [",".join("" if cell is None else str(cell) for cell in row) for row in [*CROSSTAB[:-1]]]
        content = "\n".join([lines[0] + ",,,,", *lines[1:]]).encode() + b"\n"
    else:
        columns = list(zip(*[[None if cell is None else str(cell) for cell in row] for row in table[1:]], strict=True))
        out = io.BytesIO()
        pq.write_table(pa.table(dict(zip(table[0], columns, strict=True))), out)
        content, form = out.getvalue(), "2026年.parquet"
    delivery, rows = read(tmp_path, form, content, expected=METERS, unpivot=UNPIVOT)
    assert delivery.header == ("户号", "月份", "用量")
    first = 1 if form.endswith("parquet") else 3
    assert [list(row.values()) for row in rows] == [
        [first * 100 + 1, "K1", "2026-01", "1.5"],
        [first * 100 + 2, "K1", "2026-02", "2"],
        [first * 100 + 103, "K2", "2026-11", "7"],
    ]
    wrong = [((first + 2) * 100, "合计 is not the sum of the row's months")]
    if form == "a.xlsx":
        wrong.append((700, "cell C7: a formula, not a value"))
    expected = [(line + month, reason) for line, reason in wrong for month in (1, 2, 3)]
    assert sorted((piece.row_number, piece.reason) for piece in delivery.unreadable) == expected, (
        "each month is missing"
    )


@pytest.mark.parametrize(
    ("columns", "names", "months"),
    [
        ("YYYY年M月", ["2025年12月", "2026年01月"], ["2025-12", "2026-01"]),
        ("YYYY-MM", ["2025-12", "2026-01"], ["2025-12", "2026-01"]),
        ("YYYYMM", ["202512", "202601"], ["2025-12", "2026-01"]),
        ("YY.M", ["25.12", "２６．１"], ["2025-12", "2026-01"]),
        (["M月份", "YYYY-MM-DD"], ["12月份", "2026-01-01"], ["2024-12", "2026-01"]),
    ],
)
def test_how_offices_write_months(tmp_path: Path, columns: Any, names: list[str], months: list[str]) -> None:
    content = ",".join(["户号", *names]).encode() + b"\nK1,1,2\n"
    _, rows = read(
        tmp_path, "统计_2024年.csv", content, expected=METERS, unpivot=UNPIVOT | {"columns": columns, "totals": ["x"]}
    )
    assert [row["月份"] for row in rows] == months


def test_crosstabs_of_two_header_lines_and_several_sheets(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["户号", "用量", None], [None, "1月", "2月"], ["K1", 1, 2]]
    _, found = read(
        tmp_path,
        "a.xlsx",
        book({"2025": rows, "2026": rows}),
        expected=METERS,
        header_lines=2,
        sheets="20??",
        unpivot=UNPIVOT | {"columns": "用量/M月"},
    )
    assert [(row["row_number"], row["月份"], row["用量"]) for row in found] == [
        (301, "2025-01", "1"),
        (302, "2025-02", "2"),
        (1_000_000_301, "2026-01", "1"),
        (1_000_000_302, "2026-02", "2"),
    ]


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("户号,1月,2月,3月\nK1,1,2,3\n", {}, r"3 of its columns are months that are not declared.*source\.unpivot"),
        ("户号,x,y,202601,202602,202603\nK1,1,2,3,4,5\n", {}, r"not declared: 202601"),
        ("户号,1月,2月\nK1,1,2\n", {"unpivot": UNPIVOT}, "its months have no year"),
        ("2025年至2026年,,\n户号,1月,2月\nK1,1,2\n", {"unpivot": UNPIVOT}, "2025 and 2026 are above"),
        ("2026年,,\n户号,1月,一月\nK1,1,2\n", {"unpivot": UNPIVOT}, "two columns are the month 2026-01"),
        ("2026年,,\n户号,月份,1月\nK1,1,2\n", {"unpivot": UNPIVOT}, "it has a column '月份' or '用量' already"),
        ("户号,用量\nK1,1\n", {"unpivot": UNPIVOT}, "0 of its columns are months"),
    ],
)
def test_crosstabs_that_are_not_clear_stop(tmp_path: Path, content: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(DeliveryRefused, match=message):
        read(tmp_path, "a.csv", content.encode(), expected=METERS, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unpivot": UNPIVOT | {"columns": "YYYY年"}}, r"unpivot\.columns is 'YYYY年'"),
        ({"unpivot": {"period": "a", "value": "b"}}, r"unpivot\.columns is missing"),
        ({"unpivot": {"columns": "M月", "value": "b"}}, r"unpivot\.period is missing"),
        ({"sheet": "a", "sheets": "b"}, "sheets is declared beside sheet"),
        ({"sheet_pattern": "x"}, "sheet_pattern has no named group"),
    ],
)
def test_wrong_declarations_of_shapes_stop(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        take(tmp_path, **options)


def test_months_that_are_declared_one_by_one_are_columns(tmp_path: Path) -> None:
    names = ("户号", "1月", "2月", "3月")
    assert read(tmp_path, "a.csv", f"{','.join(names)}\nK1,1,2,3\n".encode(), expected=names)[0].header == names


# --- several measures of each month ---------------------------------------------------------------------------------

MEASURES = UNPIVOT | {"value": ["用量", "金额"], "totals": ["合计/用量", "合计/金额", "用量/合计", "金额/合计"]}


@pytest.mark.parametrize("is_month_first", [True, False])
def test_each_month_has_several_columns(tmp_path: Path, is_month_first: bool) -> None:
    above = ["户号", "1月", "", "2月", "", "合计", ""]
    below = ["", "用量", "金额", "用量", "金额", "用量", "金额"]
    if not is_month_first:  # 用量 above 1月, 2月 and 合计
        above = ["户号", "用量", "", "", "金额", "", ""]
        below = ["", "1月", "2月", "合计", "1月", "2月", "合计"]
    orders: dict[bool, list[tuple[Any, ...]]] = {
        True: [("K1", 1, 10, 2, 20, 3, 30), ("K2", 5, "", "", 7, 5, 7), ("K3", 1, 1, 1, 1, 3, 2)]
    }
    orders[False] = [(k, a, c, e, b, d, f) for k, a, b, c, d, e, f in orders[True]]
    lines = [["2026年"], above, below, *orders[is_month_first]]
    content = "".join(",".join(map(str, line)) + "\n" for line in lines).encode()
    delivery, rows = read(
        tmp_path, "a.csv", content, expected=("户号", "用量", "金额", "月份"), unpivot=MEASURES, header_lines=2
    )
    assert delivery.header == ("户号", "月份", "用量", "金额")
    assert [(r["row_number"], r["户号"], r["月份"], r["用量"], r["金额"]) for r in rows] == [
        (401, "K1", "2026-01", "1", "10"),
        (402, "K1", "2026-02", "2", "20"),
        (501, "K2", "2026-01", "5", None),
        (502, "K2", "2026-02", None, "7"),
    ]
    # K3 states 3 for 1 + 1: one row of each of its months
    wrong = "合计/用量" if is_month_first else "用量/合计"
    assert [(piece.row_number, piece.reason) for piece in delivery.unreadable] == [
        (line, f"{wrong} is not the sum of the row's months") for line in (601, 602)
    ]


def test_a_measure_that_is_there_twice_stops(tmp_path: Path) -> None:
    content = "2026年,,\n户号,1月,一月\n,用量,用量\nK1,1,2\n".encode()
    with pytest.raises(DeliveryRefused, match="two columns are the month 2026-01"):
        read(tmp_path, "a.csv", content, expected=("户号",), unpivot=MEASURES, header_lines=2)


# --- the month in the title -----------------------------------------------------------------------------------------

TITLE = {"title_pattern": r"所属期[:：]\s*(?P<月份>\d{4}年\d{1,2}月)"}


def test_the_month_is_in_the_title(tmp_path: Path) -> None:
    content = "用水统计表,\n所属期：2026年10月,打印日期：2026年11月3日\n户号,用量\nK1,7\n".encode()
    delivery, rows = read(tmp_path, "a.csv", content, expected=("户号", "用量", "月份"), **TITLE)
    assert delivery.header == ("户号", "用量", "月份")
    assert [(r["户号"], r["月份"]) for r in rows] == [("K1", "2026年10月")]


@pytest.mark.parametrize(
    ("title", "message"),
    [
        ("所属期：,", "do not hold it"),
        ("所属期：2026年9月,所属期：2026年10月", "hold 2: 2026年10月, 2026年9月"),
    ],
)
def test_a_title_without_one_month_stops(tmp_path: Path, title: str, message: str) -> None:
    with pytest.raises(DeliveryRefused, match=message):
        read(tmp_path, "a.csv", f"{title}\n户号,用量\nK1,7\n".encode(), expected=("户号", "用量"), **TITLE)


# --- what is hidden -------------------------------------------------------------------------------------------------


def test_hidden_rows_and_columns_are_read_and_noted(tmp_path: Path) -> None:
    def hide(sheet: Any) -> None:
        for row in (2, 4, 9):  # nothing is in row 9
            sheet.row_dimensions[row].hidden = True
        sheet.column_dimensions["B"].hidden = True

    content = workbook(["户号", "用量"], ["K1", 1], ["K2", 2], ["K3", 3], edit=hide, title="抄表")
    delivery, rows = read(tmp_path, "a.xlsx", content, expected=("户号", "用量"))
    assert [r["用量"] for r in rows] == ["1", "2", "3"]
    assert delivery.notes == [
        "sheet 抄表: 2 hidden rows are read as all others (row 2, 4)",
        "sheet 抄表: 1 hidden columns are read as all others (column B)",
    ]


def test_what_an_old_workbook_hides_is_noted(tmp_path: Path) -> None:
    def hide(_: Any, sheet: Any) -> None:
        sheet.row(2).hidden = True
        sheet.col(0).hidden = True

    delivery, rows = read(tmp_path, "a.xls", old_workbook(["户号", "用量"], ["K1", 1], ["K2", 2], edit=hide))
    assert [r["户号"] for r in rows] == ["K1", "K2"]
    assert delivery.notes == [
        "sheet 台账: 1 hidden rows are read as all others (row 3)",
        "sheet 台账: 1 hidden columns are read as all others (column A)",
    ]


def test_a_positive_figure_in_red_is_noted(tmp_path: Path) -> None:
    """An accountant means a negative one, others a mark: -4 has its sign, a format that shows negatives in red has none to show."""

    def paint(sheet: Any) -> None:
        for cell in ("A2", "B2", "B3"):
            sheet[cell].font = openpyxl.styles.Font(color="FFFF0000")
        sheet["B4"].number_format = "0.00;[Red]0.00"

    content = workbook(["户号", "金额"], ["K1", 12], ["K2", -4], ["K3", 5], edit=paint, title="台账")
    delivery, rows = read(tmp_path, "a.xlsx", content, expected=("户号", "金额"))
    assert [row["金额"] for row in rows] == ["12", "-4", "5"]
    note = "sheet 台账: 1 figures in red have no sign and are read as positive (B2): ask the office whether they are"
    assert delivery.notes == [note]

    def paint_old(book: Any, sheet: Any) -> None:
        sheet.write(1, 1, 12, xlwt.easyxf("font: colour red"))
        sheet.write(2, 1, -4, xlwt.easyxf("font: colour red"))

    delivery, rows = read(tmp_path, "a.xls", old_workbook(["户号", "金额"], ["K1", None], ["K2", None], edit=paint_old))
    assert [row["金额"] for row in rows] == ["12", "-4"]
    assert delivery.notes == [note]


def test_a_row_that_is_struck_through_is_put_aside(tmp_path: Path) -> None:
    def strike(sheet: Any) -> None:
        for cell in ("A3", "B3", "A4"):  # of row 4 one cell alone: what is right instead is unknown
            sheet[cell].font = openpyxl.styles.Font(strike=True)

    content = workbook(["户号", "用量"], ["K1", 1], ["K2", 2], ["K3", 3], edit=strike)
    delivery, rows = read(tmp_path, "a.xlsx", content, expected=("户号", "用量"))
    assert [r["户号"] for r in rows] == ["K1"]
    assert [(piece.row_number, piece.reason) for piece in delivery.unreadable] == [
        (3, "the row is struck through: ask the office whether it counts"),
        (4, "cell A4: struck through: ask the office whether it counts"),
    ]


def test_a_row_that_is_struck_through_in_an_old_workbook(tmp_path: Path) -> None:
    struck = xlwt.easyxf("font: struck_out on")
    content = old_workbook(["户号", "用量"], [("K1", struck), (1, struck)], ["K2", 2])
    delivery, rows = read(tmp_path, "a.xls", content)
    assert [r["户号"] for r in rows] == ["K2"]
    assert [piece.row_number for piece in delivery.unreadable] == [2]


def test_a_text_that_is_struck_through_in_part_is_unreadable(tmp_path: Path) -> None:
    old, new = InlineFont(strike=True), InlineFont(b=True)

    def correct(sheet: Any) -> None:
        sheet["B2"] = CellRichText(TextBlock(old, "12"), TextBlock(new, "15"))
        sheet["B3"] = CellRichText(TextBlock(new, "1"), TextBlock(InlineFont(), "6"))

    content = with_shared_texts(workbook(["户号", "用量"], ["K1", None], ["K2", None], edit=correct))
    delivery, rows = read(tmp_path, "a.xlsx", content, expected=("户号", "用量"))
    assert [(r["户号"], r["用量"]) for r in rows] == [("K2", "16")]
    assert [piece.reason for piece in delivery.unreadable] == [f"cell B2: {PART_STRUCK}"]


def test_a_text_that_is_struck_through_in_part_in_an_old_workbook(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("台账")
    font = xlwt.Font()
    font.struck_out = True
    for row, cells in enumerate((["户号", "用量"], ["K1", ""], ["K2", "16"])):
        for column, text in enumerate(cells):
            sheet.write(row, column, text)
    sheet.write_rich_text(3, 0, [("K3", xlwt.Font())])
    sheet.write_rich_text(3, 1, [("12", font), ("15", xlwt.Font())])
    content = io.BytesIO()
    book.save(content)
    delivery, rows = read(tmp_path, "a.xls", content.getvalue())
    assert [r["户号"] for r in rows] == ["K1", "K2"]
    assert [piece.reason for piece in delivery.unreadable] == [f"cell B4: {PART_STRUCK}"]


@pytest.mark.parametrize(
    ("form", "number", "text"),
    [
        ('0.00"万元"', 3.5, "3.5万元"),
        ('#,##0.0"万"', 4.5, "4.5万"),
        ("0.0万", 4.5, "4.5万"),
        ('[Red]0.00"亿元";-0.00', 1.2, "1.2亿元"),
        ("0.00%", 0.455, "45.5%"),
        ("0%", 2.5, "250%"),
        # divided by what they show: the number is yuan
        ('0!.0,"万"', 35000, "35000"),
        ('0\\.0,"万"', 35000, "35000"),
        ('0"."#,"万元"', 35000, "35000"),
        ('#,##0,"千元"', 35000, "35000"),
        ('0!.0000"万"', 35000, "35000"),
        # the measure's own name
        ('0.0"千瓦时"', 12.5, "12.5"),
        ('0"千克"', 12, "12"),
        ('0"人"', 12, "12"),
        ("0\\%", 5, "5%"),
        ("_ ¥* #,##0.00_ ;_ ¥* -#,##0.00_ ", 5.25, "5.25"),
        ("000000", 123, "000123"),
        ("0.00", 2026.1, "2026.10"),
        ('[Red]"-"0.00', 5, "-5"),
        ("-#,##0.00;-#,##0.00", 5, "-5"),
        ("_-* #,##0.00_-;\\-* #,##0.00_-", 5, "5"),
        ("000-0000", 5551234, "555-1234"),
    ],
)
@pytest.mark.parametrize("suffix", ["xlsx", "xls"])
def test_what_a_number_format_alone_says(tmp_path: Path, form: str, number: float, text: str, suffix: str) -> None:
    def show(sheet: Any) -> None:
        sheet["B2"].number_format = form

    if suffix == "xlsx":
        content = workbook(["户号", "用量"], ["K1", number], edit=show)
    else:
        content = old_workbook(["户号", "用量"], ["K1", (number, xlwt.easyxf(num_format_str=form))])
    rows = read(tmp_path, f"a.{suffix}", content, expected=("户号", "用量"))[1]
    assert [r["用量"] for r in rows] == [text]


# --- the month in a name and in a title -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "is_read"),
    [
        ("参保情况统计表 所属期：2026年10月", False),
        ("参保情况统计表 所属期：2026年11月", True),
        ("统计月份 202610", False),
        ("打印日期：2026年12月3日", True),
        ("江屿园区2026年10月参保人数统计表", False),
        ("2026年11月参保人数统计表", True),
        ("填报时间：2026年10月", True),
        ("2026年1月-10月参保人数", True),
        ("2026年10月与2025年10月对比", True),
        ("所属期：2026年1月至2026年10月", True),
        ("所属期：2026年1-10月", True),
    ],
)
def test_a_title_that_states_another_month_than_the_name_stops(tmp_path: Path, title: str, is_read: bool) -> None:
    content = f"{title}\n户号,用量\nK1,1\n".encode()
    asked: dict[str, Any] = {"expected": METERS, "name_pattern": r"(?P<月份>20\d{4})"}
    if is_read:
        assert read(tmp_path, "s202611.csv", content, **asked)[1][0]["月份"] == "202611"
    else:
        with pytest.raises(
            DeliveryRefused, match="it is of 2026-11 by its name, and the lines above its header state 2026-10"
        ):
            read(tmp_path, "s202611.csv", content, **asked)


@pytest.mark.parametrize(
    ("form", "unit", "name", "text"),
    [
        ("0!.0,", None, "金额", "35000"),
        ("0!.0,", "万元", "金额", "3.5"),
        ('0!.0,"万"', "万元", "金额", "3.5"),
        ('0!.0000"万元"', "万元", "金额", "3.5"),
        ("0!.0,", None, "金额（万元）", "3.5"),
        ("0!.0,", "万元", "金额（元）", "35000"),
        ("#,##0.00,", "千元", "金额", "35"),
        ("#,##0,,", None, "金额/百万元", "0.035"),
        ("#,##0.00,", "万元", "金额", None),
        ("#,##0.00", "万元", "金额", "35000"),
        # the usual unit of electricity is no thousand of anything
        ("#,##0,", None, "用电量（千瓦时）", "35000"),
        ("0!.0,", None, "用电量（万千瓦时）", "3.5"),
    ],
)
@pytest.mark.parametrize("suffix", ["xlsx", "xls"])
def test_a_figure_that_its_format_divides(
    tmp_path: Path, form: str, unit: str | None, name: str, text: str | None, suffix: str
) -> None:
    """Yuan that are shown as 万元 below 单位：万元 would be multiplied by 10,000 by stage.sql."""

    def show(sheet: Any) -> None:
        sheet["B3"].number_format = form

    above = f"单位：{unit}" if unit else "台账"
    if suffix == "xlsx":
        content = workbook([above], ["户号", name], ["K1", 35000], edit=show)
    else:
        content = old_workbook([above], ["户号", name], ["K1", (35000, xlwt.easyxf(num_format_str=form))])
    options = {"unit": unit} if unit else {}
    delivery, rows = read(tmp_path, f"a.{suffix}", content, expected=("户号", name), header=2, **options)
    assert [r[name] for r in rows] == ([text] if text else [])
    assert [piece.reason for piece in delivery.unreadable] == (
        []
        if text
        else [f"{name}: its number format divides by 1,000, and its unit is 万元: which one counts is unknown"]
    )


@pytest.mark.parametrize(
    ("numbers", "is_numbering"),
    [
        (["甲", "乙", "1", "2"], True),
        (["栏次", "1", "2", "3=1+2"], True),
        (["(1)", "(2)", "(3)", "(4)"], True),
        (["①", "②", "③", "④"], True),
        (["1", "2"], False),  # of too few columns to be sure
        (["1", "2", "4", "5"], False),
        (["丙", "乙", "1", "2"], False),
        (["K1", "乙公司", "1", "2"], False),
    ],
)
def test_the_numbers_of_a_forms_columns_are_no_row(tmp_path: Path, numbers: list[str], is_numbering: bool) -> None:
    content = workbook(["户号", "户名", "用量", "费"], numbers, ["K9", "丁公司", "3", "4"])
    delivery, rows = read(tmp_path, "a.xlsx", content)
    assert [row["row_number"] for row in rows] == ([3] if is_numbering else [2, 3])
    assert delivery.unreadable == []


OF_OCTOBER = ["2026年10月用水统计表"]
OF_WATER = ["户号", "用量"]


def test_a_title_and_a_pages_number_on_each_page_are_no_rows(tmp_path: Path) -> None:
    pages = [
        OF_OCTOBER,
        OF_WATER,
        ["K1", "1"],
        ["第 1 页 共 2 页"],
        OF_OCTOBER,
        OF_WATER,
        ["K2", "2"],
        ["第 2 页"],
        ["共 2 页"],
    ]
    csv = "\n".join(",".join([*line, ""][:2]) for line in pages).encode()
    options = {"title_pattern": r"(?P<月份>\d{4}年\d+月)", "expected": ("户号", "用量")}
    for name, content in (("a.xlsx", workbook(*pages)), ("b.csv", csv)):
        delivery, rows = read(tmp_path, name, content, **options)
        assert [(row["户号"], row["月份"]) for row in rows] == [("K1", "2026年10月"), ("K2", "2026年10月")], name
        assert delivery.unreadable == []


@pytest.mark.parametrize(
    ("line", "is_row"),
    [
        ("导出时间：2026-10-09 08:30:12", False),
        ("共 30 条记录", False),
        ("查询条件：所属期=202609", False),
        ("注：不含灵活就业人员。", False),
        ("（以下空白）", False),
        ("30 rows selected.", False),
        ("*** 结束 ***", False),
        ("本表数据仅供参考", False),
        ("2026年10月9日", False),
        ("审核通会计师事务所", True),
        ("说明书印刷厂", True),
        ("共青城科技有限公司", True),
        ("K3", True),
    ],
)
def test_a_note_below_the_rows_is_no_row(tmp_path: Path, line: str, is_row: bool) -> None:
    """A key without figures may be what is left of a row, and a firm's name may begin as notes do."""
    options = {"expected": ("户号", "用量", "月份")}
    table = [METERS, ["K1", "1", "2026-10"]]
    csv = "".join(",".join(cells) + "\n" for cells in table) + line + "\n"
    for name, content in (("a.xlsx", workbook(*table, [line])), ("b.csv", csv.encode())):
        delivery, rows = read(tmp_path, name, content, **options)
        assert len(rows) + len(delivery.unreadable) == 1 + is_row, name


def test_a_unit_in_a_note_counts(tmp_path: Path) -> None:
    with pytest.raises(DeliveryRefused, match="line 3 states the unit 万千瓦时"):
        read(tmp_path, "a.xlsx", workbook(METERS, ["K1", "1", "2026-10"], ["注：单位：万千瓦时"]), expected=METERS)


def test_a_blocks_name_above_the_header_once_more_is_no_row(tmp_path: Path) -> None:
    """Also the title with another page's number; not a total, nor a line with two values."""
    title, sums = ["2026年10月抄表", None, "第1页"], ["小计", None, None]
    lines: list[list[Any]] = [
        title,
        ["1号楼"],
        METERS,
        ["K1", "1", "2026-10"],
        sums,
        ["2026年10月抄表", None, "第2页"],
        ["2号楼"],
        METERS,
    ]
    content = workbook(
        *lines, ["K2", "2", "2026-10"], ["K3", None, "2026-10"], METERS, ["K4", "4", "2026-10"], ["3号楼"]
    )
    options = {"expected": METERS, "totals": {"column": "户号", "values": ["小计"]}}
    delivery, rows = read(tmp_path, "a.xlsx", content, **options)
    assert [row["户号"] for row in rows] == ["K1", "K2", "K3", "K4", "3号楼"]
    assert delivery.unreadable == []
    assert delivery.totals == [{}]
    with pytest.raises(DeliveryRefused, match="states the unit 万千瓦时"):
        read(
            tmp_path, "b.xlsx", workbook(METERS, ["K1", "1", "1"], ["2号楼（单位：万千瓦时）"], METERS), expected=METERS
        )


@pytest.mark.parametrize(
    ("line", "read_rows"),
    [
        ("2026年9月用水统计表", ["K1"]),
        ("2026.9", ["K1"]),
        ("2026年10月用水（续）", ["K1", "K2"]),
        ("注：2026年9月的数据已更正", ["K1", "K2"]),
        ("截止日期：2026年11月3日", ["K1", "K2"]),
        ("制表 2026年11月3日", ["K1", "K2"]),
    ],
)
def test_below_a_title_of_another_month_nothing_is_read(tmp_path: Path, line: str, read_rows: list[str]) -> None:
    """Of months that are below each other in one sheet, those of the second would come in under the first one's month."""
    content = workbook(OF_OCTOBER, OF_WATER, ["K1", "1"], [None], [line], OF_WATER, ["K2", "2"])
    for options in ({"title_pattern": r"(?P<月份>\d{4}年\d+月)"}, {"name_pattern": r"(?P<年>\d{4})-(?P<月>\d\d)"}):
        delivery, rows = read(tmp_path, "2026-10.xlsx", content, expected=("户号", "用量"), **options)
        assert [row["户号"] for row in rows] == read_rows
        assert len(delivery.unreadable) == (0 if "K2" in read_rows else 2)
        assert all("another month (2026-09)" in piece.reason for piece in delivery.unreadable)


def test_each_block_below_its_own_month_again(tmp_path: Path) -> None:
    content = workbook(
        OF_OCTOBER,
        OF_WATER,
        ["K1", "1"],
        ["2026年9月用水统计表"],
        OF_WATER,
        ["K1", "2"],
        OF_OCTOBER,
        OF_WATER,
        ["K3", "3"],
    )
    _, rows = read(tmp_path, "a.xlsx", content, expected=("户号", "用量"), title_pattern=r"(?P<月份>\d{4}年\d+月)")
    assert [row["户号"] for row in rows] == ["K1", "K3"]
    # where each row states its month, a line between them changes nothing
    content = workbook(["户号", "月份"], ["K1", "2026-10"], ["2026年9月"], ["K2", "2026-09"])
    assert [row["户号"] for row in read(tmp_path, "b.xlsx", content)[1]] == ["K1", "2026年9月", "K2"]


@pytest.mark.parametrize(
    ("header", "lines", "read_rows"),
    [
        # 1,234 without quotation marks, and an empty remark at the end
        ("户号,人次,备注", ["K1,12,", "K2,1,234,", "K3,1,234.50,", "K4,345,无"], [2, 5]),
        ("户号,人次,车次,备注", ["K1,12,3,", "K2,12,345,6,", "K3,1,234,7,"], [2]),
        # programs that end each line with a comma
        ("户号,人次,车次", ["K1,12,345,", "K2,1,234,"], [2, 3]),
        ("户号,人次,备注,", ["K1,12,345,", "K2,1,234,"], [2, 3]),
        ("户号,人次,备注", ["K1,12,一层,", "K2,1,,"], [2, 3]),
    ],
)
def test_a_number_that_its_thousands_mark_made_two_of(
    tmp_path: Path, header: str, lines: list[str], read_rows: list[int]
) -> None:
    content = "\n".join([header, *lines]).encode()
    delivery, rows = read(tmp_path, "a.csv", content, uses={"户号": "text", "备注": "text"})
    assert [row["row_number"] for row in rows] == read_rows
    assert all("may be one number" in piece.reason or "no heading" in piece.reason for piece in delivery.unreadable)


def test_a_column_without_a_name_is_none_where_it_holds_nothing(tmp_path: Path) -> None:
    content = workbook([None, "户号", None, "用量"], [None, "K1", None, 1], [7, "K2", None, 2], [None, "K3"])
    delivery, rows = read(tmp_path, "a.xlsx", content, expected=("户号", "用量"))
    assert delivery.header == ("户号", "用量")
    assert [(row["户号"], row["用量"]) for row in rows] == [("K1", "1"), ("K3", None)]
    assert [piece.reason for piece in delivery.unreadable] == [
        "field 1 has no heading: declare it as column 1, ignored or not"
    ]
    # where it is declared it is one
    delivery, rows = read(tmp_path, "b.xlsx", content, expected=("column 1", "户号", "用量"))
    assert delivery.header == ("column 1", "户号", "用量")
    assert [row["column 1"] for row in rows] == [None, "7", None]


def test_the_month_once_more_above_the_rows_is_no_row(tmp_path: Path) -> None:
    content = workbook(OF_WATER, ["2026年10月"], ["K1", "1"])
    delivery, rows = read(tmp_path, "2026-10.xlsx", content, name_pattern=r"(?P<月份>\d{4}-\d\d)")
    assert ([row["户号"] for row in rows], delivery.unreadable) == (["K1"], [])
