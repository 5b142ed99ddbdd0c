"""Files as offices make them: CSV in their encodings, spreadsheets with merged titles, zips; equal bytes every time."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

# Offices' clocks stand at park time, UTC+8 without summer time.
PARK_OFFSET = np.timedelta64(8, "h")
_ZIP_TIME = (2020, 1, 1, 0, 0, 0)  # fixed, so that equal content gives equal bytes


def csv_bytes(
    table: pa.Table,
    *,
    encoding: str,
    titles: Sequence[str] = (),
    totals: Sequence[str] = (),
    line_end: str = "\r\n",
) -> bytes:
    """A CSV file: title lines, header, rows, and a line of totals."""
    body = io.BytesIO()
    pa.csv.write_csv(table, body, pa.csv.WriteOptions(include_header=False, quoting_style="needed"))
    lines = [*titles, ",".join(table.column_names)]
    text = "\n".join(lines) + "\n" + body.getvalue().decode()
    if totals:
        text += ",".join(totals) + "\n"
    return text.replace("\n", line_end).encode(encoding)


def zip_bytes(name: str, content: bytes) -> bytes:
    """A zip with one member."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(zipfile.ZipInfo(name, _ZIP_TIME), content, zipfile.ZIP_DEFLATED, 1)
    return out.getvalue()


def xlsx_bytes(table: pa.Table, *, sheet: str, titles: Sequence[str] = (), totals: Sequence[str] = ()) -> bytes:
    """A spreadsheet: titles merged over the whole width, header, rows, a row of totals.

    Text columns become inline strings, numbers numbers, dates date cells; null cells are left out.
    """
    names = table.column_names
    last = _letters(len(names) - 1)
    rows = [_text_row(number + 1, [title]) for number, title in enumerate(titles)]
    first = len(titles) + 2
    rows.append(_text_row(first - 1, names))
    numbers = pc.cast(pa.array(np.arange(first, first + table.num_rows)), pa.string())
    cells: list[pa.Array | str] = ['<row r="', numbers, '">']
    for position, column in enumerate(table.columns):
        values = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        cells.append(_cells(_letters(position), numbers, values))
    if table.num_rows:
        body = pc.binary_join_element_wise(*cells, "</row>", "")
        rows.append("".join(body.to_pylist()))
    if totals:
        rows.append(_text_row(first + table.num_rows, totals))
    merged = "".join(f'<mergeCell ref="A{n + 1}:{last}{n + 1}"/>' for n in range(len(titles)))
    merged = f'<mergeCells count="{len(titles)}">{merged}</mergeCells>' if titles else ""
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'{head}<Types xmlns="{package}/content-types">'
        f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/></Types>',
        "_rels/.rels": f'{head}<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="rId1" Type="{relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{head}<workbook xmlns="{space}" xmlns:r="{relations}"><sheets>'
        f'<sheet name="{sheet}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{head}<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="rId1" Type="{relations}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{relations}/styles" Target="styles.xml"/></Relationships>',
        # style 1 is a date
        "xl/styles.xml": f'{head}<styleSheet xmlns="{space}"><fonts count="1"><font/></fonts>'
        '<fills count="1"><fill><patternFill/></fill></fills><borders count="1"><border/></borders>'
        '<cellStyleXfs count="1"><xf/></cellStyleXfs>'
        '<cellXfs count="2"><xf/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
        "xl/worksheets/sheet1.xml": f'{head}<worksheet xmlns="{space}"><sheetData>{"".join(rows)}</sheetData>{merged}'
        "</worksheet>",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name, _ZIP_TIME), text, zipfile.ZIP_DEFLATED, 1)
    return out.getvalue()


def _letters(position: int) -> str:
    return chr(ord("A") + position)  # no sheet of the demo is wider than 26 columns


def _text_row(number: int, texts: Sequence[str]) -> str:
    cells = "".join(
        f'<c r="{_letters(p)}{number}" t="inlineStr"><is><t>{_escaped(text)}</t></is></c>'
        for p, text in enumerate(texts)
        if text
    )
    return f'<row r="{number}">{cells}</row>'


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _cells(letter: str, numbers: pa.Array, values: pa.Array) -> pa.Array:
    if pa.types.is_date(values.type):
        days = pc.cast(values, pa.date32())
        # day 1 of a spreadsheet is 31 December 1899, and it believes in 29 February 1900
        serial = pc.add(pc.cast(days, pa.int32()), 25_569)
        parts: tuple[str, pa.Array, str] = ('" s="1"><v>', pc.cast(serial, pa.string()), "</v></c>")
    elif pa.types.is_string(values.type):
        text = pc.replace_substring(pc.replace_substring(values, "&", "&amp;"), "<", "&lt;")
        parts = ('" t="inlineStr"><is><t xml:space="preserve">', text, "</t></is></c>")
    else:
        parts = ('"><v>', pc.cast(values, pa.string()), "</v></c>")
    cells = pc.binary_join_element_wise(f'<c r="{letter}', numbers, *parts, "")
    return pc.fill_null(cells, "")


def write_file(path: Path, content: bytes, at: np.datetime64) -> None:
    """Write a whole file whose time is the moment of its delivery, given in park time; an equal file is left alone."""
    seconds = int((at.astype("datetime64[s]") - PARK_OFFSET).astype(np.int64))
    if not (path.exists() and path.read_bytes() == content):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    os.utime(path, (seconds, seconds))
