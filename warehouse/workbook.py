"""Writes a workbook for Excel, WPS and LibreOffice (XLSX): typed cells, a frozen header with filters, and fitting widths.

A sheet is written row by row, so that memory does not grow with its rows. A text is never a formula: it is stored as text, and one that
begins as a formula does keeps the mark by which Excel leaves it text when a person edits the cell. Numbers of more than 15 digits and
dates before March 1900, which Excel would change, are texts.
"""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from warehouse.answers import FORMULA, text_of
from warehouse.errors import ParkBridgeError
from warehouse.text import shown, width

# what Excel holds: its own limits
MOST_ROWS = 1_048_576
MOST_COLUMNS = 16_384
MOST_CHARACTERS = 32_767
_DIGITS = 15
_FIRST_DAY = date(1900, 3, 1)
_DAY_0 = datetime(1899, 12, 30)
_SAMPLE = 200
_WIDEST, _NARROWEST = 48, 8
# no XML may hold them, escaped or not
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# Excel reads _x0041_ as the letter A
_LIKE_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_MONTH = re.compile("月份|month", re.IGNORECASE)
# integers that are names rather than quantities: no separator of thousands
_NAMES = re.compile(r"年度|年份|序号|次序|编号|(^|_)(year|number|code|id)$", re.IGNORECASE)
_NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
# styles that are always there; those of columns follow
_PLAIN, _HEADER, _QUOTED, _WRAPPED = range(4)

Row = Sequence[Any]


@dataclass(frozen=True)
class Sheet:
    """One sheet: its name, its columns, and its rows, read once.

    Attributes:
        name: What its tab says; cut and made unique where Excel wants it.
        columns: The header.
        rows: Values as DuckDB gives them.
        percents: Columns that hold a percentage: 12.3 is shown as 12.3%, and stays 12.3.
        widths: Widths of the columns; by what they hold where None. Long texts are wrapped where they are given.
    """

    name: str
    columns: Sequence[str]
    rows: Iterable[Row]
    percents: frozenset[str] = frozenset()
    widths: Sequence[int] | None = None


def write_workbook(path: Path, sheets: Iterable[Sheet]) -> list[int]:
    """Write a workbook.

    Args:
        path: The file; written over.
        sheets: Its sheets, in order.

    Returns:
        How many rows each sheet has, without its header.

    Raises:
        ParkBridgeError: A sheet has more rows or columns than Excel holds.
        OSError: The disk is full.
    """
    styles = _Styles()
    names: list[str] = []
    counts = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        for number, sheet in enumerate(sheets, start=1):
            names.append(_tab(sheet.name, names))
            with archive.open(f"xl/worksheets/sheet{number}.xml", "w", force_zip64=True) as target:
                count = 0
                for piece, rows in _sheet(sheet, styles, is_first=number == 1):
                    count += rows
                    target.write(piece.encode())
            counts.append(count)
        for name, text in _parts(names, styles):
            archive.writestr(name, _XML + text)
    return counts


class _Styles:
    """Number formats in the order in which columns ask for them."""

    def __init__(self) -> None:
        self.formats: dict[tuple[str, bool], int] = {}

    def of(self, code: str, *, is_wrapped: bool = False) -> int:
        return self.formats.setdefault((code, is_wrapped), len(self.formats) + 4)

    def xml(self) -> str:
        codes = list(dict.fromkeys(code for code, _ in self.formats))
        listed = "".join(f'<numFmt numFmtId="{164 + n}" formatCode={quoteattr(code)}/>' for n, code in enumerate(codes))
        formats = f'<numFmts count="{len(codes)}">{listed}</numFmts>' if codes else ""
        wrapped = '<alignment vertical="top" wrapText="1"/>'
        base = 'numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"'
        own = [
            f"<xf {base}/>",
            '<xf numFmtId="0" fontId="1" fillId="2" borderId="0" xfId="0" applyFont="1" applyFill="1" applyAlignment="1">'
            f"{wrapped}</xf>",
            f'<xf {base} quotePrefix="1"/>',
            f'<xf {base} applyAlignment="1">{wrapped}</xf>',
        ]
        own += [
            f'<xf numFmtId="{164 + codes.index(code)}" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
            for code, _ in self.formats
        ]
        return (
            f'<styleSheet xmlns="{_NAMESPACE}">{formats}'
            '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
            '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
            '<fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
            '<fill><patternFill patternType="solid"><fgColor rgb="FFE8EEF4"/><bgColor indexed="64"/></patternFill></fill></fills>'
            '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
            '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
            f'<cellXfs count="{len(own)}">{"".join(own)}</cellXfs>'
            '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
        )


def _sheet(sheet: Sheet, styles: _Styles, *, is_first: bool) -> Iterator[tuple[str, int]]:
    """A sheet in pieces of XML, each with how many rows it has."""
    if len(sheet.columns) > MOST_COLUMNS:
        raise ParkBridgeError(
            sheet.name,
            f"it has {len(sheet.columns):,} columns",
            allowed=f"{MOST_COLUMNS:,} in a sheet of Excel",
            next_step="choose columns with `parkbridge sql`, or write Parquet or CSV",
        )
    rows = iter(sheet.rows)
    sample = list(islice(rows, _SAMPLE))
    columns = [_letters(number) for number in range(len(sheet.columns))]
    kinds = [
        _style_of(name, [row[n] for row in sample if row[n] is not None], name in sheet.percents, styles)
        for n, name in enumerate(sheet.columns)
    ]
    widths = sheet.widths or [
        _width(name, (row[number] for row in sample), is_percent=name in sheet.percents)
        for number, name in enumerate(sheet.columns)
    ]
    listed = "".join(
        f'<col min="{n}" max="{n}" width="{wide}" customWidth="1"/>' for n, wide in enumerate(widths, start=1)
    )
    yield (
        f'{_XML}<worksheet xmlns="{_NAMESPACE}"><sheetViews><sheetView tabSelected="{int(is_first)}" workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/><selection pane="bottomLeft"/></sheetView></sheetViews>'
        f"<cols>{listed}</cols><sheetData>",
        0,
    )
    header = (f'<c r="{letters}1"{_text(name, _HEADER)}' for letters, name in zip(columns, sheet.columns, strict=True))
    yield f'<row r="1">{"".join(header)}</row>', 0
    plain = _PLAIN if sheet.widths is None else _WRAPPED
    number = 1
    for row in chain(sample, rows):
        number += 1
        if number > MOST_ROWS:
            raise ParkBridgeError(
                sheet.name,
                f"it has more than {MOST_ROWS - 1:,} rows",
                allowed=f"{MOST_ROWS - 1:,} in a sheet of Excel",
                next_step="export it as Parquet or CSV (--format parquet), or choose rows with `parkbridge sql … -o FILE.xlsx`",
            )
        cells = "".join(
            _cell(f"{letters}{number}", value, kind, plain)
            for letters, value, kind in zip(columns, row, kinds, strict=True)
            if value is not None
        )
        yield f'<row r="{number}">{cells}</row>', 1
    last = f"{columns[-1]}{number}" if columns else "A1"
    yield f'</sheetData><autoFilter ref="A1:{last}"/></worksheet>', 0


def _cell(place: str, value: Any, style: int, plain: int) -> str:
    kind = type(value)
    if kind is str:
        return f'<c r="{place}"{_text(value, _QUOTED if value.startswith(FORMULA) else plain)}'
    if kind is Decimal:
        text = format(value, "f")
        if len(text) <= _DIGITS or len(value.as_tuple().digits) <= _DIGITS:
            return f'<c r="{place}" s="{style}"><v>{text}</v></c>'
    elif kind is int:
        if -(10**_DIGITS) < value < 10**_DIGITS:
            return f'<c r="{place}" s="{style}"><v>{value}</v></c>'
    elif kind is date:
        if value >= _FIRST_DAY:
            return f'<c r="{place}" s="{style}"><v>{value.toordinal() - 693_594}</v></c>'
    elif kind is datetime:
        if value.tzinfo is None and value.date() >= _FIRST_DAY:
            return f'<c r="{place}" s="{style}"><v>{(value - _DAY_0).total_seconds() / 86_400!r}</v></c>'
    elif kind is float:
        if math.isfinite(value):
            return f'<c r="{place}" s="{style}"><v>{value!r}</v></c>'
    elif kind is bool:
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    return f'<c r="{place}"{_text(text_of(value), plain)}'


# a park's names occur in thousands of rows
@lru_cache(maxsize=50_000)
def _text(text: str, style: int) -> str:
    """What follows the place of a cell of text."""
    space = "" if text == text.strip() else ' xml:space="preserve"'
    return f' s="{style}" t="inlineStr"><is><t{space}>{_escaped(text)}</t></is></c>'


def _escaped(text: str) -> str:
    if not text.isprintable():
        text = shown(_ILLEGAL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")), in_lines=True)
    if len(text) > MOST_CHARACTERS // 2:  # Excel counts a character beyond U+FFFF twice
        text = _cut(text)
    if "_x" in text:
        text = _LIKE_ESCAPE.sub("_x005F_", text)
    return escape(text)


def _cut(text: str) -> str:
    note = " … (cut: Excel holds no more 已截断)"
    encoded = text.encode("utf-16-le")
    if len(encoded) <= 2 * MOST_CHARACTERS:
        return text
    return encoded[: 2 * (MOST_CHARACTERS - len(note))].decode("utf-16-le", errors="ignore") + note


def _style_of(name: str, values: Sequence[Any], is_percent: bool, styles: _Styles) -> int:
    first = values[0] if values else None
    if isinstance(first, bool) or first is None:
        return _PLAIN
    sign = '"%"' if is_percent else ""
    if isinstance(first, int):
        return styles.of(("0" if _NAMES.search(name) else "#,##0") + sign)
    if isinstance(first, Decimal | float):
        places = -int(first.as_tuple().exponent) if isinstance(first, Decimal) and first.is_finite() else 2
        return styles.of("#,##0" + ("." + "0" * min(places, 4) if places > 0 else "") + sign)
    if isinstance(first, datetime):
        return styles.of("yyyy-mm-dd hh:mm:ss")
    if isinstance(first, date):
        is_month = bool(_MONTH.search(name)) and all(value.day == 1 for value in values)
        return styles.of("yyyy-mm" if is_month else "yyyy-mm-dd")
    return _PLAIN


def _width(name: str, values: Iterable[Any], *, is_percent: bool) -> int:
    widest = width(name) + 3  # the filter's button
    for value in values:
        if value is not None:
            text = f"{value:,}" if isinstance(value, int | Decimal | float) else text_of(value).partition("\n")[0]
            widest = max(widest, width(text) + is_percent + 1)
    return max(_NARROWEST, min(_WIDEST, widest))


def _letters(number: int) -> str:
    """The letters of a column: A for 0, Z for 25, AA for 26."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _tab(name: str, taken: Sequence[str]) -> str:
    """A name that Excel takes: at most 31 characters, none of its own signs, no quote at an end, unlike any other."""
    clean = shown(_ILLEGAL.sub("", re.sub(r"[\[\]:*?/\\\n\r\t]", "_", name))).strip("' ") or "Sheet"
    wanted, number = clean[:31], 1
    while wanted.casefold() in [other.casefold() for other in taken]:
        number += 1
        wanted = f"{clean[: 31 - len(str(number)) - 1]}_{number}"
    return wanted


def _parts(names: Sequence[str], styles: _Styles) -> Iterator[tuple[str, str]]:
    """What a workbook has besides its sheets."""
    numbers = range(1, len(names) + 1)
    types = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    sheets = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{types}.worksheet+xml"/>' for n in numbers
    )
    yield (
        "[Content_Types].xml",
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{types}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{types}.styles+xml"/>{sheets}</Types>',
    )
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    yield (
        "_rels/.rels",
        f'<Relationships xmlns="{relations}"><Relationship Id="rId1" Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>",
    )
    listed = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="rId{n}"/>' for n, name in zip(numbers, names, strict=True)
    )
    yield (
        "xl/workbook.xml",
        f'<workbook xmlns="{_NAMESPACE}" xmlns:r="{_RELATIONS}"><bookViews><workbookView/></bookViews><sheets>{listed}</sheets></workbook>',
    )
    own = "".join(
        f'<Relationship Id="rId{n}" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
    )
    yield (
        "xl/_rels/workbook.xml.rels",
        f'<Relationships xmlns="{relations}">{own}<Relationship Id="rId{len(names) + 1}" Type="{_RELATIONS}/styles" '
        'Target="styles.xml"/></Relationships>',
    )
    yield "xl/styles.xml", styles.xml()
