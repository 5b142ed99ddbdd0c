"""What a sheet says beside the texts of its cells: remarks, text boxes, heads of pages, formats and what is struck through."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
import xlwt
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.comments import Comment
from openpyxl.styles import Color, Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from connectors.sources.file_drop.sheet_cells import CELL_STRUCK, PART_STRUCK, RAISED, UNSEEN, UNSHOWN, as_shown
from tests.connectors.sources.test_file_formats import SHEET, read, rewritten, with_shared_texts, workbook
from tests.connectors.sources.test_old_workbooks import old_workbook
from warehouse.errors import DeliveryRefused

NAMES = ("户号", "税额")
ROWS = (["户号", "税额"], ["K1", 7])
BOX = """<xdr:wsDr xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"
 xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><xdr:twoCellAnchor><xdr:sp><xdr:txBody><a:p><a:r><a:t>单位：</a:t></a:r>
<a:r><a:t>万元</a:t></a:r></a:p></xdr:txBody></xdr:sp></xdr:twoCellAnchor></xdr:wsDr>"""
RELATION = """<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1"
 Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/drawing" Target="../drawings/drawing1.xml"/></Relationships>"""


def with_box(content: bytes) -> bytes:
    out = io.BytesIO(content)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("xl/drawings/drawing1.xml", BOX)
        archive.writestr("xl/worksheets/_rels/sheet1.xml.rels", RELATION)
    return out.getvalue()


def edited(change: Any) -> bytes:
    return workbook(*ROWS, edit=change)


def remark(cell: str, text: str) -> bytes:
    def change(sheet: Worksheet) -> None:
        sheet[cell].comment = Comment(text, "office")

    return edited(change)


def page(text: str) -> bytes:
    def change(sheet: Worksheet) -> None:
        assert sheet.oddHeader is not None
        sheet.oddHeader.right.text = text

    return edited(change)


def prompt(text: str) -> bytes:
    def change(sheet: Worksheet) -> None:
        rule = DataValidation(type="decimal", operator="between", formula1="0", formula2="9", prompt=text)
        rule.add("B2:B9")
        sheet.add_data_validation(rule)

    return edited(change)


XML = """<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"
 xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet" xmlns:x="urn:schemas-microsoft-com:office:excel"><Styles><Style ss:ID="old">
<Font ss:StrikeThrough="1"/></Style></Styles><Worksheet ss:Name="a"><Table><Row><Cell><Data ss:Type="String">户号</Data></Cell>
<Cell><Data ss:Type="String">税额</Data>{remark}</Cell></Row><Row><Cell><Data ss:Type="String">K1</Data></Cell>
<Cell{style}><Data ss:Type="Number">7</Data></Cell></Row></Table><WorksheetOptions xmlns="urn:schemas-microsoft-com:office:excel">
<PageSetup><Header x:Data="{head}"/></PageSetup></WorksheetOptions></Worksheet></Workbook>"""


def xml(*, remark: str = "", head: str = "", style: str = "") -> bytes:
    text = f"<Comment><ss:Data>{remark}</ss:Data></Comment>" if remark else ""
    return XML.format(remark=text, head=head, style=style).encode()


def html(*, above: str = "", cell: str = "", below: str = "") -> bytes:
    return f"<table>{above}<tr><th>户号<th {cell}>税额</tr><tr><td>K1<td>7</tr></table>{below}".encode()


def old_page(text: str) -> bytes:
    def change(_: Any, sheet: Any) -> None:
        sheet._Worksheet__header_str = text  # xlwt takes bytes of ASCII alone

    return old_workbook(*ROWS, edit=change)


STATED = {
    "a remark on the header": ("a.xlsx", remark("B1", "统计科:\n单位：万元")),
    "a bare unit in a remark": ("a.xlsx", remark("B1", "统计科:\n万元")),
    "a remark below the header": ("a.xlsx", remark("B2", "金额以万元为单位")),
    "the head of the page": ("a.xlsx", page("单位：万元")),
    "what the cell says to who fills it in": ("a.xlsx", prompt("请填写税额，单位：万元")),
    "a text box": ("a.xlsx", with_box(workbook(*ROWS))),
    "the head of the page of an old workbook": ("a.xls", old_page("&R单位：万元")),
    "a remark in SpreadsheetML": ("a.xls", xml(remark="单位：万元")),
    "the head of the page in SpreadsheetML": ("a.xls", xml(head="&amp;R&amp;10单位：万元")),
    "a caption": ("a.xls", html(above="<caption>单位：万元</caption>")),
    "text between the tags of a table": ("a.xls", html(above="（单位：万元）")),
    "a title of a web page's cell": ("a.xls", html(cell="title='单位：万元'")),
    "below the table of a web page": ("a.xls", html(below="<p>注：金额单位为万元</p>")),
}


@pytest.mark.parametrize("place", STATED)
def test_a_unit_beside_the_cells(tmp_path: Path, place: str) -> None:
    name, content = STATED[place]
    with pytest.raises(DeliveryRefused, match=r"beside its cells .* states the unit 万元"):
        read(tmp_path, name, content, expected=NAMES)
    delivery, rows = read(tmp_path, name, content, expected=NAMES, unit="万元")
    assert [(r["户号"], r["税额"]) for r in rows] == [("K1", "7")]
    assert delivery.unreadable == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.xlsx", remark("B1", "统计科:\n含规模以上（2000万元以上）企业")),
        ("a.xlsx", page("第 &P 页，共 &N 页")),
        ("a.xlsx", prompt("单位：元")),
        ("a.xls", html(below="<p>单位：元</p>")),
    ],
)
def test_other_texts_beside_the_cells_change_nothing(tmp_path: Path, name: str, content: bytes) -> None:
    assert [r["税额"] for r in read(tmp_path, name, content, expected=NAMES)[1]] == ["7"]


def test_cells_with_a_remark_are_named(tmp_path: Path) -> None:
    delivery, _ = read(tmp_path, "a.xlsx", remark("B2", "office:\n此数待核"), expected=NAMES)
    assert delivery.notes == ["sheet 台账: 1 cells have a remark (B2): read them"]


@pytest.mark.parametrize(
    ("form", "number", "text"),
    [
        ('[>=10000]0.0,"万元";0"元"', "12000", "12000"),  # the comma divides: the number is whole
        ('[<10000]0"元";0.0"万元"', "3.5", "3.5"),
        ('[<10000]0"元";0.0"万元"', "12000", "12000万元"),
        ('[>=1]0.0"万元";[>=0]0.00"亿元";0', "0.5", "0.5亿元"),
        ('0"元";-0.0"万元"', "-3.5", "-3.5万元"),
        ('0"元";-0.0"万元"', "3.5", "3.5"),
        ("0.0%;-0;0", "0.35", "35%"),
        ("0.0%;-0;0", "-5", "-5"),
        ("[Red](0.00);0.00", "5", "-5"),
        ("#,##0.00_);(#,##0.00)", "5", "5"),
        ('0.0"万";@', "-3", "-3万"),
        ('0.00;-0.00;"-"', "0", "0"),
    ],
)
def test_the_section_of_a_format_that_shows_the_number(tmp_path: Path, form: str, number: str, text: str) -> None:
    assert as_shown(number, form) == (text, None)

    def change(sheet: Worksheet) -> None:
        sheet["B2"] = float(number)
        sheet["B2"].number_format = form

    assert [r["税额"] for r in read(tmp_path, "a.xlsx", edited(change), expected=NAMES)[1]] == [text]


def test_a_figure_that_its_format_hides_is_unreadable(tmp_path: Path) -> None:
    def change(sheet: Worksheet) -> None:
        sheet.append(["K2", 0])
        for row in (2, 3):
            sheet.cell(row, 2).number_format = ";;;"

    delivery, rows = read(tmp_path, "a.xlsx", edited(change), expected=NAMES)
    assert [(r["户号"], r["税额"]) for r in rows] == [("K2", "0")]
    assert [piece.reason for piece in delivery.unreadable] == [f"cell B2: {UNSHOWN}"]


@pytest.mark.parametrize(
    ("letters", "ground", "is_read"),
    [
        (Color(rgb="FFFFFFFF"), None, False),
        (Color(theme=0), None, False),
        (Color(indexed=9), "FFFFFFFF", False),
        (Color(rgb="FFFFFFFF"), "FF4472C4", True),
        (Color(theme=0, tint=-0.5), None, True),
        (Color(theme=1), None, True),
    ],
)
def test_white_letters_on_white_are_unreadable(
    tmp_path: Path, letters: Color, ground: str | None, is_read: bool
) -> None:
    def change(sheet: Worksheet) -> None:
        sheet.append(["K2", 8])
        for cell in sheet[1] + sheet[2]:
            cell.font = Font(color=letters)
            if ground:
                cell.fill = PatternFill("solid", fgColor=ground)

    delivery, rows = read(tmp_path, "a.xlsx", edited(change), expected=NAMES)
    assert [r["户号"] for r in rows] == ["K1", "K2"] if is_read else ["K2"]
    assert [piece.reason for piece in delivery.unreadable] == ([] if is_read else [f"cell A2: {UNSEEN}"])


@pytest.mark.parametrize(("style", "is_read"), [("", False), ("pattern: pattern solid, fore_colour blue", True)])
def test_white_letters_on_white_in_an_old_workbook(tmp_path: Path, style: str, is_read: bool) -> None:
    white = xlwt.easyxf(f"font: colour white; {style}")
    content = old_workbook(["户号", "税额"], ["K1", (7, white)], ["K2", 8])
    delivery, rows = read(tmp_path, "a.xls", content, expected=NAMES)
    assert [r["户号"] for r in rows] == ["K1", "K2"] if is_read else ["K2"]
    assert [piece.reason for piece in delivery.unreadable] == ([] if is_read else [f"cell B2: {UNSEEN}"])


@pytest.mark.parametrize(
    ("runs", "reason"),
    [
        ((("12", True), ("15", False)), PART_STRUCK),
        ((("12", True), (" ", False)), CELL_STRUCK),
        ((("12", False), ("15", False)), None),
    ],
)
def test_what_is_struck_through_in_a_text_that_is_in_its_cell(
    tmp_path: Path, runs: tuple[tuple[str, bool], ...], reason: str | None
) -> None:
    """openpyxl writes rich text into the cell (inlineStr), as many programs of offices do."""

    def change(sheet: Worksheet) -> None:
        sheet["B2"] = CellRichText(*(TextBlock(InlineFont(strike=gone or None), text) for text, gone in runs))

    content = edited(change)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert b"inlineStr" in archive.read(SHEET)
    delivery, rows = read(tmp_path, "a.xlsx", content, expected=NAMES)
    if reason:
        assert not rows
        assert [piece.reason for piece in delivery.unreadable] == [f"cell B2: {reason}"]
    else:
        assert [r["税额"] for r in rows] == ["1215"]


def test_strike_of_no_value_is_none(tmp_path: Path) -> None:
    def change(sheet: Worksheet) -> None:
        sheet["B2"] = CellRichText(TextBlock(InlineFont(strike=True), "12"), TextBlock(InlineFont(), "5"))

    content = rewritten(edited(change), SHEET, lambda text: text.replace('<strike val="1"', '<strike val="0"'))
    assert [r["税额"] for r in read(tmp_path, "a.xlsx", content, expected=NAMES)[1]] == ["125"]


def test_a_cell_that_is_struck_through_in_spreadsheetml(tmp_path: Path) -> None:
    delivery, rows = read(tmp_path, "a.xls", xml(style=' ss:StyleID="old"'), expected=NAMES)
    assert not rows
    assert [piece.reason for piece in delivery.unreadable] == [f"cell B2: {CELL_STRUCK}"]


@pytest.mark.parametrize("is_shared", [False, True])
def test_the_raised_number_of_a_note_is_no_digit(tmp_path: Path, is_shared: bool) -> None:
    def change(sheet: Worksheet) -> None:
        raised = InlineFont(vertAlign="superscript")
        sheet["B2"] = CellRichText(TextBlock(InlineFont(), "12"), TextBlock(raised, "1"))
        sheet.append(["K2", CellRichText(TextBlock(InlineFont(), "12m"), TextBlock(raised, "2"))])

    content = with_shared_texts(edited(change)) if is_shared else edited(change)
    delivery, rows = read(tmp_path, "a.xlsx", content, expected=NAMES)
    assert [(r["户号"], r["税额"]) for r in rows] == [("K2", "12m2")]
    assert [piece.reason for piece in delivery.unreadable] == [f"cell B2: {RAISED}"]


def test_the_raised_number_of_a_note_in_a_web_page(tmp_path: Path) -> None:
    rows = "<tr><td>K1<td>12<sup>1</sup></tr><tr><td>K2<td>12 m<sup>2</sup></tr><tr><td>K3<td>15</tr>"
    delivery, found = read(
        tmp_path, "a.xls", html(below="").replace(b"</table>", f"{rows}</table>".encode()), expected=NAMES
    )
    assert [(r["户号"], r["税额"]) for r in found] == [("K1", "7"), ("K2", "12 m2"), ("K3", "15")]
    assert [piece.reason for piece in delivery.unreadable] == [f"cell B3: {RAISED}"]


@pytest.mark.parametrize("second", ["税额,户号", " 税额,户 号", "税额,　户号"])
def test_a_second_header_with_its_columns_in_another_order(tmp_path: Path, second: str) -> None:
    delivery, rows = read(tmp_path, "a.csv", f"户号,税额\nK1,7\n{second}\n8,K2\n".encode(), expected=NAMES)
    assert [r["户号"] for r in rows] == ["K1"]
    assert [piece.row_number for piece in delivery.unreadable] == [3, 4]
