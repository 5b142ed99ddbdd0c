"""SpreadsheetML (Excel 2003's XML) by hand: places of rows and cells, kinds of values, formats, what is struck, and its limits."""

from __future__ import annotations

import io

import pytest

from connectors.sources.file_drop import xml_lines
from connectors.sources.file_drop.lines import DAMAGED, Line
from connectors.sources.file_drop.sheet_cells import CELL_STRUCK, FORMULA, PART_STRUCK, STRUCK, UNSHOWN, Reading, Sheet
from connectors.sources.file_drop.xml_lines import xml_sheets
from warehouse.errors import DeliveryRefused

STYLES = """<Styles><Style ss:ID="old"><Font ss:StrikeThrough="1"/></Style><Style ss:ID="plain"><Font ss:StrikeThrough="0"/></Style>
<Style ss:ID="wan"><NumberFormat ss:Format='0.00"万元"'/></Style><Style ss:ID="pct"><NumberFormat ss:Format="Percent"/></Style>
<Style ss:ID="none"><NumberFormat ss:Format=";;;"/></Style><Style ss:ID="whole"><NumberFormat ss:Format="0"/></Style></Styles>"""
SHEET = (
    '<Worksheet ss:Name="{name}"><Table>{rows}</Table><x:WorksheetOptions>{options}</x:WorksheetOptions></Worksheet>'
)


def book(*sheets: str) -> bytes:
    spaces = (
        'xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"'
    )
    excel = 'xmlns:x="urn:schemas-microsoft-com:office:excel" xmlns:html="http://www.w3.org/TR/REC-html40"'
    return f'<?xml version="1.0"?><Workbook {spaces} {excel}>{STYLES}{"".join(sheets)}</Workbook>'.encode()


def sheets(content: bytes, **reading: bool) -> list[Sheet]:
    return xml_sheets(io.BytesIO(content), "f", Reading(**reading))


def lines(rows: str, **reading: bool) -> list[Line]:
    (one,) = sheets(book(SHEET.format(name="a", rows=rows, options="")), **reading)
    return list(one.lines())


def cell(text: str, kind: str = "String", more: str = "") -> str:
    """A cell; `more` are attributes as name=value, without quotation marks."""
    name, is_given, value = more.partition("=")
    return f"<Cell {f'ss:{name}={chr(34)}{value}{chr(34)}' if is_given else ''}><Data ss:Type='{kind}'>{text}</Data></Cell>"


@pytest.mark.parametrize(
    ("given", "text", "flaw"),
    [
        (cell("甲"), "甲", None),
        (cell("9.13206E+17"), "9.13206E+17", DAMAGED),
        (cell("12.0", "Number"), "12", None),
        (cell("1E15", "Number"), "1000000000000000", DAMAGED),
        (cell(" ", "Number"), " ", None),
        (cell("2026-01-02T00:00:00.000", "DateTime"), "2026-01-02", None),
        (cell("2026-01-02T03:04:00.000", "DateTime"), "2026-01-02 03:04:00", None),
        (cell("1899-12-31T03:04:00.000", "DateTime"), "03:04:00", None),
        (cell("1", "Boolean"), "true", None),
        (cell("0", "Boolean"), "false", None),
        (cell("2", "Boolean"), "2", None),
        (cell("7.5", "Number", "StyleID=wan"), "7.5万元", None),
        (cell("7.5", "String", "StyleID=wan"), "7.5", None),  # a text has no format of numbers
        (cell("0.5", "Number", "StyleID=pct"), "50%", None),
        (cell("7", "Number", "StyleID=none"), "7", UNSHOWN),
        (cell("7", "Number", "StyleID=whole"), "7", None),
        (cell("7", "Number", "Formula==A1"), "7", FORMULA),
        ('<Cell ss:Formula="=A1"/>', "=", FORMULA),
        (cell("7", "Number", "StyleID=old"), "7", CELL_STRUCK),
        (cell("7", "Number", "StyleID=plain"), "7", None),
        ('<Cell ss:StyleID="old"/>', "", None),
        (cell("<html:S>12</html:S>15"), "1215", PART_STRUCK),
        (cell("<html:S>12</html:S> "), "12 ", CELL_STRUCK),
        (cell("<html:B>12</html:B>15"), "1215", None),
    ],
)
def test_a_cell_is_read_by_its_kind(given: str, text: str, flaw: str | None) -> None:
    (line,) = lines(f"<Row>{cell('K1')}{given}{cell('z')}</Row>")
    assert list(line.cells) == ["K1", text, "z"]
    assert line.flaws == ({} if flaw is None else {1: f"cell B1: {flaw}"})
    assert list(line.doubts) == ([1] if "DateTime" in given else [])
    assert line.broken is None


def test_results_are_believed_where_they_are_there() -> None:
    given = f"<Row>{cell('7', 'Number', 'Formula==A1')}<Cell ss:Formula='=A1'/></Row>"
    (line,) = lines(given, believes_results=True)
    assert (list(line.cells), line.flaws) == (["7", "="], {1: f"cell B1: {FORMULA}"})


def test_a_row_is_struck_where_every_filled_cell_is() -> None:
    old = "StyleID=old"
    whole, part, empty = lines(
        f"<Row>{cell('K1', more=old)}<Cell/>{cell('7', 'Number', old)}</Row>"
        f"<Row>{cell('K2')}<Cell/>{cell('7', 'Number', old)}</Row><Row><Cell/></Row>"
    )
    assert (whole.broken, part.broken, empty.broken) == (STRUCK, None, None)


def test_rows_and_cells_have_their_places() -> None:
    found = lines(
        f"<Row>{cell('a')}{cell('b', more='Index=3')}</Row><Row ss:Index='4'>{cell('c', more='MergeAcross=1')}{cell('d')}</Row>"
        f"<Row>{cell('e')}</Row>"
    )
    assert [(line.number, list(line.cells)) for line in found] == [(1, ["a", "", "b"]), (4, ["c", "", "d"]), (5, ["e"])]
    assert [sorted(line.flaws) for line in found] == [[], [1], []]
    down = lines(f"<Row>{cell('a', more='MergeDown=1')}{cell('b')}</Row><Row>{cell('c', more='Index=2')}</Row>")
    assert [sorted(line.flaws) for line in down] == [[], [0]]


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ("<Row ss:Index='3'/><Row ss:Index='3'/>", "row 3 comes after row 3"),
        ("<Row ss:Index='0'/>", "row 0 comes after row 0"),
        ("<Row ss:Index='1048577'/>", "row 1048577 comes after row 0"),
        ("<Row><Cell ss:Index='2'/><Cell ss:Index='2'/></Row>", "column 2 comes after column 2"),
        ("<Row><Cell ss:MergeAcross='2'/><Cell ss:Index='3'/></Row>", "column 3 comes after column 3"),
        ("<Row><Cell ss:Index='16385'/></Row>", "column 16385 comes after column 0"),
        ("<Row><Cell ss:Index='x'/></Row>", "ValueError"),
    ],
)
def test_places_that_cannot_be_are_damage(rows: str, problem: str) -> None:
    with pytest.raises(DeliveryRefused, match=problem):
        lines(rows)


def test_limits_are_reached_and_not_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [line.number for line in lines("<Row ss:Index='1048576'/>")] == [1_048_576]
    assert len(lines(f"<Row>{cell('z', more='Index=16384')}</Row>")[0].cells) == 16_384
    monkeypatch.setattr(xml_lines, "MOST_MERGES", 1)
    one = cell("a", more="MergeAcross=1")
    assert len(lines(f"<Row>{one}</Row>")) == 1
    with pytest.raises(DeliveryRefused, match="more than 1 merged cells"):
        lines(f"<Row>{one}</Row><Row>{one}</Row>")
    monkeypatch.setattr(xml_lines, "_LONGEST_TEXT", 3)
    assert list(lines(f"<Row>{cell('abc')}</Row>")[0].cells) == ["abc"]
    with pytest.raises(DeliveryRefused, match="a cell of more than 3 characters"):
        lines(f"<Row>{cell('abcd')}</Row>")
    monkeypatch.setattr(xml_lines, "_DEEPEST", 6)
    assert lines(f"<Row>{cell('abc')}</Row>")
    with pytest.raises(DeliveryRefused, match="elements more than 6 deep"):
        lines(f"<Row>{cell('<html:B>a</html:B>')}</Row>")


def test_sheets_with_what_is_hidden_and_what_is_beside_them(monkeypatch: pytest.MonkeyPatch) -> None:
    remark = '<Cell><Data ss:Type="String">a</Data><Comment><ss:Data>look</ss:Data></Comment></Cell>'
    page = '<x:PageSetup><x:Header x:Data="&amp;R单位：万元"/><x:Footer x:Data="foot"/></x:PageSetup>'
    first = SHEET.format(name="一", rows=f"<Row>{remark}</Row>", options=page + "<x:Visible>SheetVisible</x:Visible>")
    second = SHEET.format(name="二", rows=f"<Row>{cell('b')}</Row>", options="<x:Visible>SheetHidden</x:Visible>")
    third = '<Worksheet><Table><Row><Cell><Data ss:Type="String">c</Data></Cell></Row></Table></Worksheet>'
    found = sheets(book(first, second, third))
    assert [(one.name, one.is_visible) for one in found] == [("一", True), ("二", False), ("sheet 3", True)]
    assert [[list(line.cells) for line in one.lines()] for one in found] == [[["a"]], [["b"]], [["c"]]]
    assert [[text.strip() for text in one.beside()] for one in found] == [["look", "单位：万元", "foot"], [], []]
    monkeypatch.setattr(xml_lines, "_MOST_TEXTS", 2)
    assert len(list(sheets(book(first))[0].beside())) == 2
    with pytest.raises(DeliveryRefused, match="no sheet in it"):
        sheets(book())
    with pytest.raises(DeliveryRefused, match="ParseError"):
        sheets(book(first)[:-20])
