"""Workbooks of before 2007, web pages and XML under the name .xls, Strict Open XML: read by their content, or stopped."""

from __future__ import annotations

import datetime as dt
import io
import random
import re
import resource
import time
import zipfile
from collections.abc import Callable
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path
from typing import Any

import pytest
import python_calamine
import xlwt

from connectors.sources.file_drop import sheet_cells, xls_lines
from tests.connectors.sources.consuming import only, table_of
from tests.connectors.sources.dropping import drop, take
from tests.connectors.sources.test_file_formats import read, workbook, zipped
from warehouse.errors import DeliveryRefused

DAY = xlwt.easyxf(num_format_str="YYYY-MM-DD")
TIME = xlwt.easyxf(num_format_str="HH:MM")
TWO_PLACES = xlwt.easyxf(num_format_str="0.00")


def old_workbook(*rows: Any, edit: Callable[[xlwt.Workbook, Any], None] | None = None) -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("台账")
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            if isinstance(value, tuple):
                sheet.write(number, column, *value)
            elif value is not None:
                sheet.write(number, column, value)
    if edit:
        edit(book, sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# --- BIFF -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.xls", "a.et", "a.xlsx"])
def test_cells_of_an_old_workbook_become_their_text(tmp_path: Path, name: str) -> None:
    content = old_workbook(
        ["text", "whole", "amount", "day", "moment", "time", "truth", "blank"],
        [
            "001",
            12,
            1234567.89,
            (dt.date(2026, 1, 31), DAY),
            (dt.datetime(2026, 1, 31, 8, 30, 7), DAY),
            (dt.time(8, 30), TIME),
            True,
            None,
        ],
        ["甲 公司\n分部", 12.0, 0.1],
        ["a_x000D_", 1e-7, 1e14],
    )
    delivery, rows = read(tmp_path, name, content)
    times = ["2026-01-31", "2026-01-31 08:30:07", "08:30:00"]
    assert [list(row.values()) for row in rows] == [
        [2, "001", "12", "1234567.89", *times, "true", None],
        [3, "甲 公司\n分部", "12", "0.1", *[None] * 5],
        [4, "a_x000D_", "0.0000001", "100000000000000", *[None] * 5],
    ]
    assert delivery.unreadable == []


def test_what_is_wrong_in_an_old_workbook_is_seen(tmp_path: Path) -> None:
    """python-calamine gives nothing for the error and the formula."""

    def edit(book: xlwt.Workbook, sheet: Any) -> None:
        sheet.row(2).set_cell_error(1, 0x2A)
        sheet.row(2).hidden = True
        sheet.write_merge(5, 6, 0, 0, "M")
        sheet.write(6, 1, 7)
        hidden = book.add_sheet("旧")
        hidden.visibility = 1
        hidden.write(0, 0, "x")
        book.add_sheet("空")

    content = old_workbook(
        ["room", "n"],
        [(dt.date(2026, 3, 12), DAY), 1],
        ["error"],
        ["formula", xlwt.Formula("1+1")],
        [913205940001234567, 2],
        [None, 6],
        edit=edit,
    )
    delivery, rows = read(tmp_path, "a.xls", content, uses={"room": "text"})
    assert [(row["row_number"], row["room"], row["n"]) for row in rows] == [(3, "error", "#N/A"), (6, "M", "6")]
    assert [(piece.row_number, piece.reason.split(" (")[0]) for piece in delivery.unreadable] == [
        (2, "cell A2: a date or time where text belongs"),
        (4, "cell B4: a formula, not a value"),
        (5, "cell A5: identifier damaged by spreadsheet"),
        (7, "cell A7 is merged into A6:A7"),
    ]
    _, rows = read(tmp_path, "b.xls", content, pattern="b.xls", merged="fill")
    assert [row["n"] for row in rows if row["room"] == "M"] == ["6", "7"]


def test_a_formula_of_an_old_workbook_has_the_result_that_excel_kept(tmp_path: Path) -> None:
    content = old_workbook(["no", "n"], ["1", xlwt.Formula("1+1")], ["2", xlwt.Formula("1+1")])
    # a FORMULA record: type, length, row, column, style, result as a double; xlwt writes none
    first = next(re.finditer(rb"\x06\x00.\x00\x01\x00\x01\x00..", content, re.DOTALL)).end()
    content = content[:first] + bytes.fromhex("0000000000000040") + content[first + 8 :]
    delivery, rows = read(tmp_path, "a.xls", content, formulas="cached")
    assert [(row["no"], row["n"]) for row in rows] == [("1", "2")]
    assert [(piece.row_number, piece.reason) for piece in delivery.unreadable] == [
        (3, "cell B3: a formula, not a value")
    ]
    assert read(tmp_path, "b.xls", content, pattern="b.xls")[1] == []


def test_october_and_the_epoch_of_an_old_workbook(tmp_path: Path) -> None:
    def since_1904(book: xlwt.Workbook, _: Any) -> None:
        book.dates_1904 = True

    rows = [["month", "day"], [(2026.1, TWO_PLACES), (dt.date(2026, 3, 12), DAY)], [2026.1, None]]
    content = old_workbook(*rows)
    assert [row["month"] for row in read(tmp_path, "a.xls", content)[1]] == ["2026.10", "2026.1"]
    # xlwt writes the same day number, which four years later begins to count
    content = old_workbook(*rows, edit=since_1904)
    assert read(tmp_path, "b.xls", content, pattern="b.xls")[1][0]["day"] == "2030-03-13"


def test_old_workbooks_are_read_as_a_second_implementation_reads_them(tmp_path: Path) -> None:
    rng = random.Random(16)
    texts: list[Any] = ["企业", "x" * 300, "é", "a\nb", "", "12", "甲（示范）有限公司" * 40]
    rows: list[list[Any]] = [[f"c{place}" for place in range(6)]]
    rows += [
        [
            rng.choice(texts) if rng.random() < 0.5 else rng.choice([rng.random() * 10**6, rng.randrange(10**6)])
            for _ in range(6)
        ]
        for _ in range(600)
    ]
    content = old_workbook(*rows)
    _, found = read(tmp_path, "a.xls", content)
    sheet = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
    others = [[str(v).removesuffix(".0") or None for v in row] for row in sheet.to_python()[1:]]
    assert [list(row.values())[1:] for row in found] == [row for row in others if any(row)]


def stopped(folder: Path, name: str, content: bytes, **options: Any) -> str:
    """Read a file that may be hostile; give the message that stops it, nothing where it is read."""
    drop(folder, name, content)
    started = time.process_time()
    message = ""
    try:
        table_of(only(iter(take(folder, pattern=name, **options))))
    except DeliveryRefused as error:
        message = str(error)
    assert time.process_time() - started < 8
    assert "\n" not in message
    return message


def test_damaged_old_workbooks_stop_with_one_line(tmp_path: Path) -> None:
    rows = [["name", "code", "n"], *([f"企业{n}", f"91330106MA2B{n:05}", n * 1.5] for n in range(200))]
    content = old_workbook(*rows)
    for length in range(8, len(content) - 512, 997):
        assert stopped(tmp_path, "a.xls", content[:length]), length
    rng = random.Random(3)
    for _ in range(150):
        damaged = bytearray(content)
        for _ in range(rng.choice([1, 1, 20])):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        stopped(tmp_path, "a.xls", bytes(damaged))
    for _ in range(10):
        assert stopped(tmp_path, "a.xls", content[:512] + rng.randbytes(20_000))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2_000_000


def test_a_sheet_that_breaks_off_is_not_read_to_where_it_breaks(tmp_path: Path) -> None:
    content = old_workbook(["no"], ["1"], ["2"])
    end = content.rindex(b"\x0a\0\0\0")
    assert "a sheet breaks off" in stopped(tmp_path, "a.xls", content[:end] + b"\xff\xff" + content[end + 2 :])


def test_a_sheet_with_far_cells_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = old_workbook(["no"], *([*[None] * 250, "x"] for _ in range(50)))
    assert stopped(tmp_path, "a.xls", content) == ""
    monkeypatch.setattr(xls_lines, "_MOST_CELLS", 10_000)
    assert "more than 10,000 cells in a sheet" in stopped(tmp_path, "a.xls", content)


def test_workbooks_with_a_password(tmp_path: Path) -> None:
    content = old_workbook(["no"], ["1"])
    # FILEPASS behind the first record, in the place of the next one
    begin = content.index(b"\x09\x08\x10\0") + 20
    assert "the workbook has a password" in stopped(
        tmp_path, "a.xls", content[:begin] + b"\x2f\0" + content[begin + 2 :]
    )
    package = bytearray(2048)
    package[:4], package[48:52] = b"\xd0\xcf\x11\xe0", b"\1\0\0\0"
    package[1024:1056] = "EncryptedPackage".encode("utf-16-le")
    for name in ("a.xls", "a.xlsx"):
        assert "the workbook has a password" in stopped(tmp_path, name, bytes(package))


def test_a_zip_bomb_named_xls(tmp_path: Path) -> None:
    bomb = zipped({"[Content_Types].xml": b"0" * 30_000_000})
    assert "unpacks to" in stopped(tmp_path, "a.xls", bomb)
    assert "unpacks to" in stopped(tmp_path, "a.xls", zipped({"x.xml": b"1" * 3_000_000}), max_unpacked_mb=1)


# --- Strict Open XML ------------------------------------------------------------------------------------------------


def test_strict_open_xml_is_read_like_the_usual_one(tmp_path: Path) -> None:
    usual = workbook(["no", "day", "n"], ["1", dt.date(2026, 3, 12), 2.5], ["2", None, "=A1"])
    names = {
        b"http://schemas.openxmlformats.org/spreadsheetml/2006/main": b"http://purl.oclc.org/ooxml/spreadsheetml/main",
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships": (
            b"http://purl.oclc.org/ooxml/officeDocument/relationships"
        ),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(usual)) as before, zipfile.ZipFile(out, "w") as after:
        for info in before.infolist():
            data = before.read(info)
            for plain, strict in names.items():
                data = data.replace(plain, strict)
            after.writestr(info.filename, data)
    assert out.getvalue() != usual
    delivery, rows = read(tmp_path, "a.xlsx", out.getvalue())
    assert [list(row.values()) for row in rows] == [[2, "1", "2026-03-12", "2.5"]]
    assert [piece.reason for piece in delivery.unreadable] == ["cell C3: a formula, not a value"]


# --- web pages ------------------------------------------------------------------------------------------------------

PAGE = (
    "<html><head><meta http-equiv='Content-Type' content='text/html; charset={0}'><style>td {{x: 'y'}}</style></head>"
    "<body><p>单位：万元</p><table border=1><tr><th colspan=3>2026年10月缴费表</th></tr>"
    "<tr><th>编号<th>名称</th><td>金额</td></tr>"
    "<tr><td>001</td><td title='a>b'>甲&amp;乙<br>公司&nbsp;</td><td x:num>1,234.5</tr>"
    "<tr><td rowspan=2>002</td><td>丙<b>公司</b></td><td x:fmla='=SUM(C1)'>5</td></tr><tr><td>丁</td><td>6</td></tr>"
    "</table><p>制表人：张三</p></body></html>"
)
NAMES = ("编号", "名称", "金额")


@pytest.mark.parametrize("charset", ["gb2312", "GBK", "utf-8"])
@pytest.mark.parametrize("name", ["a.xls", "a.html"])
def test_a_table_of_a_web_page(tmp_path: Path, charset: str, name: str) -> None:
    content = PAGE.format(charset).encode(charset)
    delivery, rows = read(tmp_path, name, content, expected=NAMES, unit="万元")
    assert delivery.header == NAMES
    assert [(row["编号"], row["名称"], row["金额"]) for row in rows] == [("001", "甲&乙\n公司", "1,234.5")]
    assert [(piece.row_number, piece.reason) for piece in delivery.unreadable] == [
        (4, "cell C4: a formula, not a value"),
        (5, "cell A5 is merged into A4:A5 (source.merged: fill gives it the value)"),
    ]
    drop(tmp_path, "b.xls", content)
    (filled,) = take(tmp_path, pattern="b.xls", expected=NAMES, unit="万元", merged="fill", formulas="cached")
    assert [(row["编号"], row["名称"], row["金额"]) for row in table_of(filled).to_pylist()[1:]] == [
        ("002", "丙公司", "5"),
        ("002", "丁", "6"),
    ]
    assert "the unit 万元" in stopped(tmp_path, "b.xls", content, expected=NAMES)


def test_a_web_archive_is_read_as_its_page(tmp_path: Path) -> None:
    archive = MIMEMultipart("related")
    archive.attach(MIMEText("<frameset><frame src=sheet001.htm></frameset>", "html", "utf-8"))
    archive.attach(MIMEText(PAGE.format("gb2312"), "html", "gb2312"))
    archive.attach(MIMEText("td {x: y}", "css"))
    delivery, rows = read(tmp_path, "a.xls", archive.as_bytes(), expected=NAMES, unit="万元")
    assert [(row["编号"], row["金额"]) for row in rows] == [("001", "1,234.5")]
    assert len(delivery.unreadable) == 2
    empty = MIMEMultipart("related")
    empty.attach(MIMEText("<p>please log in</p>", "html", "utf-8"))
    assert "no page in this web archive has a table" in stopped(tmp_path, "a.xls", empty.as_bytes())
    assert "it looks like a web archive" in stopped(tmp_path, "a.csv", archive.as_bytes())


def test_what_a_page_shows_and_what_it_hides(tmp_path: Path) -> None:
    content = (
        "<table><tr><th>编号<th>名称<th>金额</tr>"
        "<tr><td>1<td>甲<span style='display: none'>77<span>8</span>9</span>公司<td x:num='1234.567'>1,234.6</tr>"
        "<tr style='display:none'><td>2<td>乙<td x:num='46309'>2026-10-14</tr>"
        "<tr><td>3<td>丙<td><s>12</s> 15</tr>"
        "<tr><td>4<td><span style='text-decoration:line-through'>丁</span><td x:num='0.35'>35%</tr></table>"
    ).encode()
    delivery, rows = read(tmp_path, "a.xls", content, expected=NAMES)
    assert [(row["编号"], row["名称"], row["金额"]) for row in rows] == [
        ("1", "甲公司", "1234.567"),
        ("2", "乙", "2026-10-14"),
    ]
    assert delivery.notes == ["sheet table 1: 1 hidden rows are read as all others (row 3)"]
    assert [piece.reason for piece in delivery.unreadable] == [
        f"cell C4: {sheet_cells.PART_STRUCK}",
        f"cell B5: {sheet_cells.CELL_STRUCK}",
    ]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("<td><p style='display:none'>x<p>甲", "甲"),  # a new paragraph ends the one before
        ("<td>甲<span hidden>x", "甲"),  # without its end tag it ends with the cell
        ("<td>甲<select hidden><option>x</td>", "甲"),
        ("<td>甲<input hidden value=1>", "甲"),
        ("<td x:num='123'>00123</td>", "00123"),  # a code
        ("<td x:num='2026.1'>2026.10</td>", "2026.10"),  # October
        ("<td x:num='12.345'>12.3</td>", "12.345"),
        ("<td x:num='-12.345'>(12.3)</td>", "-12.345"),
        ("<td x:num='abc'>12</td>", "12"),
        ("<td x:num='nan'>12</td>", "12"),
        ("<td x:num='5'>,</td>", ","),
    ],
)
def test_what_ends_in_its_cell_and_what_a_number_is(tmp_path: Path, cell: str, text: str) -> None:
    content = f"<table><tr><th>编号<th>名称<th>金额</tr><tr><td>1{cell}<td>3</tr><tr><td>2<td>乙<td>4</tr></table>"
    _, rows = read(tmp_path, "a.xls", content.encode(), expected=NAMES)
    assert [(row["编号"], row["名称"], row["金额"]) for row in rows] == [("1", text, "3"), ("2", "乙", "4")]


def test_pages_whose_encoding_or_tables_are_not_clear_stop(tmp_path: Path) -> None:
    content = PAGE.format("utf-8").encode("gbk")
    assert "is not utf-8" in stopped(tmp_path, "a.xls", content)
    assert "states the encoding 'euc-kr'" in stopped(tmp_path, "a.xls", PAGE.format("euc-kr").encode())
    table = "<table><tr><td>no<td>n<tr><td>{0}<td>2</table>"
    content = f"<html><table><tr><td>{table.format(1)}</td></tr></table>{table.format(3)}".encode()
    assert "2 sheets hold something: 'table 2', 'table 3'" in stopped(tmp_path, "a.xls", content)
    assert read(tmp_path, "a.xls", content, sheet="table 3", expected=("no", "n"))[1] == [
        {"row_number": 2, "no": "3", "n": "2"}
    ]
    assert "no table in this web page" in stopped(tmp_path, "a.xls", b"<html><body>please log in</body></html>")
    assert "breaks off within a table" in stopped(tmp_path, "a.xls", PAGE.format("utf-8").encode()[:-60])


@pytest.mark.parametrize(
    "content",
    [
        "<table>" * 10_000,
        "<table><tr><td>" * 10_000,
        "<div>" * 10_000 + "<table><tr><td>1" + "</div>" * 10_000,
        "<table><tr>" + "<td>1" * 20_000 + "</table>",
        "<table><tr>" + "<td colspan=60000>1" * 10 + "</table>",
        "<table>" + "<table></table>" * 2_000,
        "<table><tr><td>" + "<" * 500_000,
        "<table><tr><td>" + "<a " * 200_000,
        "<table><tr><td><!--" + "x" * 500_000,
        "<table><tr><td " + "a=1 " * 100_000 + "</table>",
        "<table><tr><td>" + "&" * 300_000 + "</table>",
        "<table><tr><td>" + "x" * 300_000 + "</table>",
    ],
    ids=range(12),
)
def test_hostile_pages_stop_with_one_line(tmp_path: Path, content: str) -> None:
    assert stopped(tmp_path, "a.xls", content.encode())


def test_cells_that_reach_over_all_rows_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_cells, "_MOST_MERGED_CELLS", 100_000)
    content = "<table><tr>" + "<td rowspan=60000>1" * 4_000 + "<tr><td>2" * 20_000 + "</table>"
    assert "more than 100,000 cells that are merged" in stopped(tmp_path, "a.xls", content.encode())


# --- SpreadsheetML of 2003, and text ---------------------------------------------------------------------------------

XML = """<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
<Styles><Style ss:ID="s1"><NumberFormat ss:Format="0.00"/></Style></Styles>
<Worksheet ss:Name="台账"><Table>
<Row><Cell ss:MergeAcross="3"><Data ss:Type="String">缴费表</Data></Cell></Row>
<Row><Cell><Data ss:Type="String">no</Data></Cell><Cell><Data ss:Type="String">month</Data></Cell>
<Cell><Data ss:Type="String">day</Data></Cell><Cell><Data ss:Type="String">n</Data></Cell></Row>
<Row ss:Index="4"><Cell><Data ss:Type="String">001</Data></Cell><Cell ss:StyleID="s1"><Data ss:Type="Number">2026.1</Data></Cell>
<Cell><Data ss:Type="DateTime">2026-03-12T00:00:00.000</Data></Cell><Cell ss:Formula="=1"><Data ss:Type="Number">5</Data></Cell></Row>
<Row><Cell ss:MergeDown="1"><Data ss:Type="String">002</Data></Cell><Cell ss:Index="4"><Data ss:Type="Error">#N/A</Data></Cell></Row>
<Row><Cell ss:Index="4"><Data ss:Type="Number">7</Data></Cell></Row>
</Table></Worksheet>
<Worksheet ss:Name="旧"><Table><Row><Cell><Data ss:Type="String">x</Data></Cell></Row></Table>
<WorksheetOptions xmlns="urn:schemas-microsoft-com:office:excel"><Visible>SheetHidden</Visible></WorksheetOptions></Worksheet>
</Workbook>"""


def test_spreadsheet_xml_of_2003(tmp_path: Path) -> None:
    names = ("no", "month", "day", "n")
    drop(tmp_path, "a.xls", XML.encode())
    (delivery,) = take(tmp_path, expected=names, formulas="cached", merged="fill", pattern="a.xls")
    assert [list(row.values()) for row in table_of(delivery).to_pylist()] == [
        [4, "001", "2026.10", "2026-03-12", "5"],
        [5, "002", None, None, "#N/A"],
        [6, "002", None, None, "7"],
    ]
    (delivery,) = take(tmp_path, expected=names, uses={"day": "text"}, pattern="a.xls")
    assert [row["no"] for row in table_of(delivery).to_pylist()] == ["002"]
    assert [piece.reason.split(" (")[0] for piece in delivery.unreadable] == [
        "cell D4: a formula, not a value",
        "cell A6 is merged into A5:A6",
    ]


@pytest.mark.parametrize(
    "content",
    [
        XML[:1100],
        XML.replace("<?mso", "<!DOCTYPE x [<!ENTITY a 'b'>]><?mso"),
        "<?xml version='1.0'?><note>no workbook</note>",
        "<?xml version='1.0'?><Workbook>" + "<a>" * 10_000,
        XML.replace('ss:Index="4"', 'ss:Index="99999999"'),
        XML.replace("<Cell ss:Index", "<Cell ss:MergeAcross='99999999'/><Cell ss:Index"),
    ],
    ids=range(6),
)
def test_damaged_and_hostile_xml_stops_with_one_line(tmp_path: Path, content: str) -> None:
    assert "cannot be read as an Excel workbook" in stopped(tmp_path, "a.xls", content.encode())


@pytest.mark.parametrize(("encoding", "declared"), [("utf-8", "utf-8"), ("gb18030", "gbk"), ("utf-16", "gbk")])
def test_text_with_tabs_named_xls(tmp_path: Path, encoding: str, declared: str) -> None:
    content = "编号\t名称\n001\t甲公司\n".encode(encoding)
    _, rows = read(tmp_path, "a.xls", content, encoding=declared)
    assert rows == [{"row_number": 2, "编号": "001", "名称": "甲公司"}]
    _, again = read(tmp_path, "a.xls", content, encoding=declared, format="csv", delimiter="\t")
    assert again == rows
    assert read(tmp_path, "a.xls", old_workbook(["编号"], ["1"]), format="csv")[1][0]["编号"] == "1"


def test_unicode_text_of_excel(tmp_path: Path) -> None:
    content = "编号\t名称\n001\t਍公司\n".encode("utf-16")
    assert read(tmp_path, "a.txt", content, encoding="utf-16")[1][0]["名称"] == "਍公司"
    assert "declare `encoding: utf-16`" in stopped(tmp_path, "a.txt", content)
    assert "bytes from 29 on are not" in stopped(tmp_path, "a.txt", content[:-1], encoding="utf-16")
    assert "no byte order mark" in stopped(tmp_path, "a.txt", content[2:], encoding="utf-16")
