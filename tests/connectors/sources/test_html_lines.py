"""Tables of web pages, as a browser shows them: spans, what is not displayed, struck and raised letters, what lies beside."""

from __future__ import annotations

import io

import pytest

from connectors.sources.file_drop import html_lines
from connectors.sources.file_drop.html_lines import html_sheets, mhtml_sheets
from connectors.sources.file_drop.lines import DAMAGED
from connectors.sources.file_drop.sheet_cells import CELL_STRUCK, FORMULA, PART_STRUCK, RAISED, Reading, Sheet
from warehouse.errors import DeliveryRefused

LAST = "<tr><td>x<td>y</tr></table>"


def sheets(page: str | bytes, *, encoding: str = "utf-8", **reading: bool) -> list[Sheet]:
    content = page.encode() if isinstance(page, str) else page
    return html_sheets(io.BytesIO(content), "f", Reading(**reading), encoding)


def rows(sheet: Sheet) -> list[list[str]]:
    return [list(line.cells) for line in sheet.lines()]


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        ("<td>a<td>b", ["a", "b"]),
        ("<td> a \n b <td>c<br>d", ["a b", "c\nd"]),
        ("<td>a<p>b</p><p>c</p><td>d", ["a\nb\nc", "d"]),
        ("<td>a<td><td>", ["a"]),
        ("<td colspan=2>a<td>b", ["a", "", "b"]),
        ("<td colspan=0>a<td>b", ["a", "b"]),
        ("<td colspan='x'>a<td colspan=' 2 '>b<td>c", ["a", "b", "", "c"]),
        ("<td colspan='２'>a<td>b", ["a", "b"]),  # no digit of HTML
        ("<td colspan=00000002>a<td>b", ["a", "b"]),  # longer than any sheet's
        ("<td>a<script>1<2</script><td>b", ["a", "b"]),
        ("<td>a<span style='display: none'>9<b>8</b><span>7</span>6</span>z<td>b", ["az", "b"]),
        ("<td>a<span hidden>9</span>z<td>b", ["az", "b"]),
        ("<td>a<span hidden>9<td>b", ["a", "b"]),  # its end is missing: it ends with its cell
        ("<td>a<p hidden>9<p>z<td>b", ["a\nz", "b"]),  # the next of its kind ends it
        ("<td>a<br hidden>z<td>b", ["a\nz", "b"]),  # a tag without content hides nothing
        ("<td hidden>a<td>b", ["a", "b"]),  # a hidden cell is a column all the same
        ("<td>1&lt;2&nbsp;<td>b", ["1<2", "b"]),
        ("<td x:num=12.345>12.3<td x:num='12.3'>12.30", ["12.345", "12.30"]),
        ("<td x:num=1.5e3>1,500<td x:num=1.6E3>1,500", ["1,500", "1600"]),
        ("<td x:num=12>三<td x:num=x>12", ["三", "12"]),
        ("<td x:num=12.345>2026-01-02<td x:num=0.123>12%", ["2026-01-02", "12%"]),  # of another meaning
        ("<td>a</td></td>b<td>c", ["a", "c"]),
        # a page that was saved with its form: a field shows its value, a list the option that is chosen
        ("<td><input value=12><td><INPUT type=Number value=' 3 '>", ["12", "3"]),
        (
            "<td>a<input type=hidden value=9><input type=checkbox value=8><td><input style='display:none' value=7>b",
            ["a", "b"],
        ),
        ("<td><select><option>1月<option selected>2月</option><option>3月</select><td>b", ["2月", "b"]),
        ("<td><select><option value=1>1月</option><option>2月</select>x<td><select></select>b", ["1月x", "b"]),
        ("<td><select><option>1月<option>2月<td>b", ["1月", "b"]),  # its end is missing: it ends with its cell
        ("<td><textarea>a</textarea><td>b", ["a", "b"]),
    ],
)
def test_the_cells_of_a_row(row: str, cells: list[str]) -> None:
    (table,) = sheets(f"<table><tr><th>户号<th>税额</tr><tr>{row}</tr>{LAST}")
    assert rows(table)[1:] == [cells, ["x", "y"]]


@pytest.mark.parametrize(
    ("cell", "flaw"),
    [
        ("<td>12", None),
        ("<td x:fmla='=A1'>12", FORMULA),
        ("<td>9.13206E+17", DAMAGED),
        ("<td>12<sup>1</sup>", RAISED),
        ("<td>12<sup><i>(1)</i></sup>", RAISED),
        ("<td>12 m<sup>2</sup>", None),
        ("<td>12<sup>a</sup>1", None),
        ("<td><s>12</s>", CELL_STRUCK),
        ("<td><s>1 2</s> ", CELL_STRUCK),
        ("<td><del>12</del>15", PART_STRUCK),
        ("<td>15<span style='text-decoration:line-through'>12</span>", PART_STRUCK),
        ("<td style='text-decoration:line-through'>12", CELL_STRUCK),
        ("<td><b>12</b>", None),
        ("<td><s></s>12", None),
    ],
)
def test_what_is_wrong_with_a_cell(cell: str, flaw: str | None) -> None:
    (table,) = sheets(f"<table><tr><th>户号<th>税额</tr><tr><td>K1{cell}<td>z</tr>{LAST}")
    found = list(table.lines())
    assert found[1].flaws == ({} if flaw is None else {1: f"cell B2: {flaw}"})
    assert found[0].flaws == found[2].flaws == {}, "nothing reaches over the end of a cell"


def test_a_row_that_a_style_strikes_through() -> None:
    page = f"<table><tr><td>K1<td>1</tr><tr style='text-decoration: Line-Through'><td>K2<td>2</tr><tr><td>K3<td>3</tr>{LAST}"
    (table,) = sheets(page)
    assert [bool(line.flaws) for line in table.lines()][:3] == [False, True, False]


def test_results_of_formulas_are_believed_where_they_are_there() -> None:
    (table,) = sheets(f"<table><tr><td x:fmla='=A1'>12<td x:fmla='=A2'><td>z</tr>{LAST}", believes_results=True)
    assert next(table.lines()).flaws == {1: f"cell B1: {FORMULA}"}


def test_cells_reach_over_rows_and_columns() -> None:
    page = (
        "<table><tr><td rowspan=3>a<td>b<td>c</tr><tr><td rowspan=2 colspan=2>d<td>e</tr><tr><td>f</tr>"
        "<tr><td>g<td>h</tr></table>"
    )
    (table,) = sheets(page)
    assert rows(table) == [["a", "b", "c"], ["", "d", "", "e"], ["", "", "", "f"], ["g", "h"]]
    assert [sorted(line.flaws) for line in table.lines()] == [[], [0, 2], [0, 1, 2], []]
    (filled,) = sheets(page, fills_merged=True)
    assert rows(filled) == [["a", "b", "c"], ["a", "d", "d", "e"], ["a", "d", "d", "f"], ["g", "h"]]


def test_tables_that_hold_rows_are_sheets_and_what_is_around_them_is_said() -> None:
    page = (
        "<title>no</title><p>单位：万元</p><table><tr><td>title</tr></table>"
        "<table title='tip'><caption>heads</caption><tr><td>户号<td>税额</tr><tr hidden><td>K1<td>7</tr></table>"
        "<table><tr><td>a<td>b</tr><tr><td>1<td>2</tr></table><div>below</div>"
    )
    first, second = sheets(page)
    assert (first.name, second.name) == ("table 2", "table 3")
    assert rows(first) == [["单位：万元"], ["title"], ["户号", "税额"], ["K1", "7"]]
    assert [line.number for line in first.lines()] == [0, 0, 1, 2]
    assert first.hidden.rows == {2}
    assert rows(second)[2:] == [["户号 税额"], ["K1 7"], ["a", "b"], ["1", "2"]]
    assert sorted(first.beside()) == ["below", "heads", "tip", "title", "单位：万元"]


def test_of_one_line_tables_those_with_anything_are_taken() -> None:
    assert [one.name for one in sheets("<table><tr><td></tr></table><table><tr><td>a</tr></table>")] == ["table 2"]
    assert rows(sheets("<table><td>a<td>b<tr><td>c</table>")[0]) == [["a", "b"], ["c"]], "a row may lack its tag"
    with pytest.raises(DeliveryRefused, match="no table in this web page holds anything"):
        sheets("<table><tr><td> </tr></table>")


def test_the_lines_above_are_eight_at_most() -> None:
    page = "".join(f"<p>line {number}</p>" for number in range(12)) + f"<table><tr><td>a<td>b</tr>{LAST}"
    assert rows(sheets(page)[0])[:-2] == [[f"line {number}"] for number in range(4, 12)]


def test_a_page_that_breaks_off_or_is_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DeliveryRefused, match="breaks off within a table"):
        sheets("<table><tr><td>a<td>b")
    monkeypatch.setattr(html_lines, "_LONGEST_TEXT", 3)
    sheets("<table><tr><td>abc</table>")
    with pytest.raises(DeliveryRefused, match="a cell of more than 3 characters"):
        sheets("<table><tr><td>abcd</table>")
    monkeypatch.setattr(html_lines, "_MOST_TABLES", 2)
    one = "<table><tr><td>a</tr></table>"
    assert len(sheets(one * 2)) == 2
    with pytest.raises(DeliveryRefused, match="more than 2 tables"):
        sheets(one * 3)
    monkeypatch.setattr(html_lines, "WIDEST", 2)
    assert rows(sheets("<table><tr><td>a<td>b</tr></table>")[0]) == [["a", "b"]]
    with pytest.raises(DeliveryRefused, match="more cells in a row"):
        sheets("<table><tr><td>a<td>b<td>c<td>d</tr></table>")
    (wide,) = sheets("<table><tr><td>a<td colspan=2>b</tr></table>")
    with pytest.raises(DeliveryRefused, match="more columns than a sheet"):
        rows(wide)
    monkeypatch.setattr(html_lines, "MOST_MERGES", 1)
    (merged,) = sheets("<table><tr><td colspan=2>a</tr></table>")
    assert rows(merged) == [["a"]]
    (merged,) = sheets("<table><tr><td colspan=2>a</tr><tr><td rowspan=2>a</tr></table>")
    with pytest.raises(DeliveryRefused, match="more than 1 merged cells"):
        rows(merged)


@pytest.mark.parametrize(
    ("head", "codec", "declared", "is_read"),
    [
        ("", "utf-8", "utf-8", True),
        ("", "gb18030", "gb18030", True),
        ("<meta charset='gb2312'>", "gb18030", "utf-8", True),
        ("<meta charset=utf-8>", "utf-8", "gb18030", True),
        ("<meta charset=utf-16>", "utf-8", "gb18030", True),  # were it so, it could not be read so far
        ("", "utf-8", "utf-16", True),
        ("<meta charset=latin-7>", "utf-8", "utf-8", False),
        ("\ufeff<meta charset=gb2312>", "utf-8", "gb18030", True),  # its first bytes say it
    ],
)
def test_a_page_is_in_the_encoding_that_it_states(head: str, codec: str, declared: str, is_read: bool) -> None:
    page = f"{head}<table><tr><td>户号<td>税额</tr>{LAST}".encode(codec)
    if is_read:
        assert rows(sheets(page, encoding=declared)[0])[0] == ["户号", "税额"]
    else:
        with pytest.raises(DeliveryRefused, match="states the encoding 'latin-7'"):
            sheets(page, encoding=declared)


def test_pages_of_an_archive_are_sheets_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    def archive(*pages: str) -> bytes:
        parts = "".join(f"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{page}\r\n" for page in pages)
        return f'MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="b"\r\n\r\n{parts}--b--\r\n'.encode()

    def read(content: bytes) -> list[str]:
        return [one.name for one in mhtml_sheets(io.BytesIO(content), "f", Reading(), "utf-8")]

    page = f"<TABLE><TR><TD>a<TD>b</TR>{LAST}"
    content = archive("<frameset></frameset>", page, page)
    assert read(content) == ["table 1", "2: table 1"]
    with pytest.raises(DeliveryRefused, match="no page in this web archive has a table"):
        read(archive("<p>log in</p>"))
    monkeypatch.setattr(html_lines, "_LARGEST_ARCHIVE", len(content))
    assert len(read(content)) == 2
    monkeypatch.setattr(html_lines, "_LARGEST_ARCHIVE", len(content) - 1)
    with pytest.raises(DeliveryRefused, match="a web archive of more than"):
        read(content)
