"""A spreadsheet with merged titles and a totals row, written whole columns at a time; equal bytes for equal content."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo.files import zip_texts

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_SPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KIND}.worksheet+xml"/>'
    f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_KIND}.sharedStrings+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/></Types>',
    "_rels/.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_RELATIONS}/styles" Target="styles.xml"/>'
    f'<Relationship Id="rId3" Type="{_RELATIONS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
    # style 1 is a date
    "xl/styles.xml": f'{_HEAD}<styleSheet xmlns="{_SPACE}"><fonts count="1"><font/></fonts>'
    '<fills count="1"><fill><patternFill/></fill></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="2"><xf/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}


def xlsx_bytes(table: pa.Table, *, sheet: str, titles: Sequence[str] = (), totals: Sequence[str] = ()) -> bytes:
    """A workbook of one sheet: titles merged over the whole width, header, rows, a row of totals.

    Text columns become shared strings, numbers numbers, dates date cells; null cells are left out.
    """
    names = table.column_names
    columns = [column.combine_chunks() for column in table.columns]
    # every text once, by number: titles, header, totals, then the text columns
    texts = [pa.array([*titles, *names, *totals], pa.string())]
    texts += [column for column in columns if pa.types.is_string(column.type)]
    shared = pa.concat_arrays(texts).dictionary_encode()
    numbers = pc.cast(shared.indices, pa.string())
    starts = np.cumsum([0, *map(len, texts)])
    fixed = iter(numbers[: starts[1]].to_pylist())
    rows = [_text_row(row + 1, [title], fixed) for row, title in enumerate(titles)]
    first = len(rows) + 2
    rows.append(_text_row(first - 1, names, fixed))
    place = pc.cast(pa.array(np.arange(first, first + table.num_rows)), pa.string())
    cells: list[pa.Array | str] = ['<row r="', place, '">']
    text_columns = iter(range(1, len(texts)))
    for position, column in enumerate(columns):
        if pa.types.is_string(column.type):
            which = next(text_columns)
            value, style = numbers[starts[which] : starts[which + 1]], '" t="s"><v>'
        elif pa.types.is_date(column.type):
            # a spreadsheet counts days from the end of 1899
            value, style = pc.cast(pc.add(pc.cast(column, pa.int32()), 25_569), pa.string()), '" s="1"><v>'
        else:
            value, style = pc.cast(column, pa.string()), '"><v>'
        cell = pc.binary_join_element_wise(f'<c r="{_letter(position)}', place, style, value, "</v></c>", "")
        cells.append(pc.fill_null(cell, ""))
    if table.num_rows:
        rows += pc.binary_join_element_wise(*cells, "</row>", "").to_pylist()
    last_row = first + table.num_rows - 1
    if totals:
        last_row += 1
        rows.append(_text_row(last_row, totals, fixed))
    width = _letter(len(names) - 1)
    merged = "".join(f'<mergeCell ref="A{n + 1}:{width}{n + 1}"/>' for n in range(len(titles)))
    merged = f'<mergeCells count="{len(titles)}">{merged}</mergeCells>' if titles else ""
    strings = pc.replace_substring(pc.replace_substring(shared.dictionary, "&", "&amp;"), "<", "&lt;")
    strings = pc.binary_join_element_wise('<si><t xml:space="preserve">', strings, "</t></si>", "")
    parts = {
        **_PARTS,
        "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{_SPACE}" xmlns:r="{_RELATIONS}"><sheets>'
        f'<sheet name="{sheet}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/sharedStrings.xml": f'{_HEAD}<sst xmlns="{_SPACE}">{"".join(strings.to_pylist())}</sst>',
        "xl/worksheets/sheet1.xml": f'{_HEAD}<worksheet xmlns="{_SPACE}"><dimension ref="A1:{width}{last_row}"/>'
        f"<sheetData>{''.join(rows)}</sheetData>{merged}</worksheet>",
    }
    return zip_texts(parts)


def _letter(position: int) -> str:
    return chr(ord("A") + position)  # no sheet of the demo is wider than 26 columns


def _text_row(row: int, texts: Sequence[str], numbers: Iterator[str]) -> str:
    """One row of texts, each by the next number; empty ones leave no cell."""
    cells = (
        f'<c r="{_letter(position)}{row}" t="s"><v>{number}</v></c>'
        for position, (text, number) in enumerate(zip(texts, numbers, strict=False))
        if text
    )
    return f'<row r="{row}">{"".join(cells)}</row>'
