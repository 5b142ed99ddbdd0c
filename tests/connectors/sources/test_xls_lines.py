"""Cells of an old workbook (.xls) by hand: kinds, strikes, red and white letters, what is hidden, and formulas."""

from __future__ import annotations

import datetime
import io
from typing import Any

import pytest
import xlrd
import xlwt

from connectors.sources.file_drop import xls_lines
from connectors.sources.file_drop.lines import DAMAGED, Line
from connectors.sources.file_drop.sheet_cells import CELL_STRUCK, FORMULA, PART_STRUCK, STRUCK, UNSEEN, UNSHOWN, Reading
from connectors.sources.file_drop.xls_lines import _cell, xls_sheets
from tests.connectors.sources.test_old_workbooks import old_workbook
from warehouse.errors import DeliveryRefused

OLD = xlwt.easyxf("font: struck_out on")
PLAIN = xlwt.easyxf("")
RED = xlwt.easyxf("font: colour red")
WHITE = xlwt.easyxf("font: colour white")
WHITE_ON_WHITE = xlwt.easyxf("font: colour white; pattern: pattern solid, fore_colour white")
WHITE_ON_BLUE = xlwt.easyxf("font: colour white; pattern: pattern solid, fore_colour blue")


def lines(*rows: list[Any], **reading: bool) -> list[Line]:
    (one,) = xls_sheets(io.BytesIO(old_workbook(*rows)), "f", Reading(**reading))
    return list(one.lines())


@pytest.mark.parametrize(
    ("kind", "value", "text", "flaw"),
    [
        (xlrd.XL_CELL_TEXT, "甲", "甲", None),
        (xlrd.XL_CELL_TEXT, " 9.13206E+17 ", " 9.13206E+17 ", DAMAGED),
        (xlrd.XL_CELL_NUMBER, 12.0, "12", None),
        (xlrd.XL_CELL_NUMBER, 1e15, "1000000000000000", DAMAGED),
        (xlrd.XL_CELL_DATE, 45000.0, "2023-03-15", None),
        (xlrd.XL_CELL_DATE, 45000.5, "2023-03-15 12:00:00", None),
        (xlrd.XL_CELL_DATE, 45000.000694444446, "2023-03-15 00:01:00", None),  # a day's fraction has no whole minutes
        (xlrd.XL_CELL_DATE, 0.25, "06:00:00", None),
        (xlrd.XL_CELL_DATE, 0.0, "00:00:00", None),
        (xlrd.XL_CELL_DATE, 1.0, "1900-01-01", None),
        (xlrd.XL_CELL_DATE, 1e9, "1000000000", "a number that is shown as a date and is none"),
        (xlrd.XL_CELL_BOOLEAN, 1, "true", None),
        (xlrd.XL_CELL_BOOLEAN, 0, "false", None),
        (xlrd.XL_CELL_ERROR, 0x2A, "#N/A", None),
        (xlrd.XL_CELL_ERROR, 0xFF, "#ERROR", None),
        (xlrd.XL_CELL_BLANK, "", "", None),
    ],
)
def test_a_cell_is_read_by_its_kind(kind: int, value: Any, text: str, flaw: str | None) -> None:
    assert _cell(kind, value, 0) == (text, flaw)


@pytest.mark.parametrize(
    ("cell", "text", "flaw"),
    [
        ((7, xlwt.easyxf(num_format_str='0.00"万元"')), "7万元", None),
        ((7, xlwt.easyxf(num_format_str=";;;")), "7", UNSHOWN),
        (("7", xlwt.easyxf(num_format_str='0.00"万元"')), "7", None),
        ((7, OLD), "7", CELL_STRUCK),
        ((7, WHITE), "7", UNSEEN),
        ((7, WHITE_ON_WHITE), "7", UNSEEN),
        ((7, WHITE_ON_BLUE), "7", None),
        (("", OLD), "", None),
        (xlwt.Formula("1+1"), "=", FORMULA),  # xlwt keeps no result
    ],
)
def test_what_is_wrong_with_a_cell(cell: Any, text: str, flaw: str | None) -> None:
    head, line = lines(["户号", "税额", "z"], ["K1", cell, "z"])
    assert (head.number, list(line.cells), line.number) == (1, ["K1", text, "z"], 2)
    assert line.flaws == ({} if flaw is None else {1: f"cell B2: {flaw}"})
    assert head.flaws == {}


def test_a_date_is_doubted_where_text_belongs() -> None:
    (line,) = lines(["K1", (datetime.date(2026, 3, 12), xlwt.easyxf(num_format_str="m-d"))])
    assert (line.cells[1], list(line.doubts)) == ("2026-03-12", [1])


def test_without_a_result_there_is_none_to_believe() -> None:
    (line,) = lines([xlwt.Formula("1+1"), "z"], believes_results=True)
    assert line.flaws == {0: f"cell A1: {FORMULA}"}


@pytest.mark.parametrize(
    ("row", "is_gone"),
    [
        ([("K1", OLD), (7, OLD)], True),
        ([("K1", OLD), ("", PLAIN), (7, OLD)], True),  # an empty cell between
        ([("K1", OLD), 7], False),
        (["K1", (7, OLD)], False),
        (["K1", 7], False),
    ],
)
def test_a_row_is_struck_where_every_filled_cell_is(row: list[Any], is_gone: bool) -> None:
    head, line = lines(["户号", ("税额", OLD)], row)
    assert (head.broken, line.broken) == (None, STRUCK if is_gone else None)


@pytest.mark.parametrize(
    ("runs", "flaw"),
    [
        ([("12", OLD), ("15", PLAIN)], PART_STRUCK),
        ([("12", PLAIN), ("15", OLD)], PART_STRUCK),
        ([("12", OLD), ("15", OLD)], CELL_STRUCK),
        ([("12", PLAIN), ("15", RED)], None),
    ],
)
def test_what_is_struck_within_a_text(runs: list[tuple[str, Any]], flaw: str | None) -> None:
    def change(_: Any, sheet: Any) -> None:
        sheet.write_rich_text(1, 1, [(text, style.font) for text, style in runs])

    (one,) = xls_sheets(io.BytesIO(old_workbook(["户号", "税额"], ["K1"], edit=change)), "f", Reading())
    line = list(one.lines())[1]
    assert list(line.cells) == ["K1", "1215"]
    assert line.flaws == ({} if flaw is None else {1: f"cell B2: {flaw}"})


def test_hidden_rows_and_columns_and_red_figures_are_noted() -> None:
    def change(_: Any, sheet: Any) -> None:
        for place in (1, 3):  # the row behind the last one holds nothing
            sheet.row(place).hidden = True
        for place in (1, 9):  # the column behind the last one is of no table
            sheet.col(place).hidden = True

    rows = [["户号", "税额", "z"], ["K1", (7, RED), ("x", RED)], ["K2", (-7, RED), (0, RED)]]
    (one,) = xls_sheets(io.BytesIO(old_workbook(*rows, edit=change)), "f", Reading())
    assert one.is_visible
    assert len(list(one.lines())) >= 3
    assert (one.hidden.rows, one.hidden.columns, one.hidden.red) == ({2}, {"B"}, {"B2"})


def test_a_file_may_be_as_large_as_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    content = old_workbook(["户号"], ["K1"])
    monkeypatch.setattr(xls_lines, "_LARGEST", len(content))
    assert len(xls_sheets(io.BytesIO(content), "f", Reading())) == 1
    monkeypatch.setattr(xls_lines, "_LARGEST", len(content) - 1)
    with pytest.raises(DeliveryRefused, match="which no sheet of this format needs"):
        xls_sheets(io.BytesIO(content), "f", Reading())
