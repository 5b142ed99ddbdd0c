"""What a file is by its content, and the sheets of a workbook in any of its formats."""

from __future__ import annotations

import re
from typing import IO, Final

from connectors.sources.file_drop.sheet_cells import Reading, Sheet, damaged
from connectors.sources.file_drop.zips import Bounds, open_zip

WORKBOOKS: Final = ("xlsx", "xls", "html", "xml", "mhtml")
"""Formats of a workbook: Excel of 2007, Excel of before and WPS (BIFF), a web page's tables, SpreadsheetML of 2003, a web archive."""

ENCRYPTED: Final = "encrypted"

_SIGNS: Final = (
    (b"PK\x03\x04", "xlsx", "a zip or an Excel workbook"),
    (b"PAR1", "parquet", "a Parquet file"),
    (b"\xd0\xcf\x11\xe0", "xls", "an Excel workbook of before 2007"),
    (b"%PDF", "", "a PDF"),
    (b"\x1f\x8b", "", "a gzip file"),
    (b"Rar!", "", "a RAR archive"),
    (b"7z\xbc\xaf", "", "a 7z archive"),
)
_PAGE: Final = re.compile(rb"\s*(<!--.*?-->\s*)*<(!doctype|html|head|meta|body|style|div|table|tr)\b", re.I | re.DOTALL)
_ARCHIVE: Final = re.compile(rb"(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*){0,20}?content-type:\s*multipart/related", re.I)
_JSON: Final = re.compile(rb'\s*(?:\{\s*["}]|\[\s*\{)')
_XML: Final = re.compile(rb"\s*<(\?xml|\w*:?workbook)\b", re.I)


def content_kind(file: IO[bytes]) -> tuple[str, str]:
    """Say what a file is: `csv`, `parquet`, one of `WORKBOOKS`, `encrypted` or nothing known; and what to call it."""
    file.seek(0)
    start = file.read(4096)
    found = next(((of, what) for sign, of, what in _SIGNS if start.startswith(sign)), None)
    if found and found[0] == "xls" and _has_encrypted_package(file, start):
        return ENCRYPTED, "an Excel workbook with a password"
    if found:
        return found
    text = start.removeprefix(b"\xef\xbb\xbf")
    if _XML.match(text):
        is_page = b"<html" in text.lower()
        return ("html" if is_page else "xml"), "a web page or XML"
    if _ARCHIVE.match(text):
        return "mhtml", "a web archive (MHTML)"
    if _JSON.match(text):
        return "", "JSON"
    return ("html", "a web page or XML") if _PAGE.match(text) else ("csv", "text")


def _has_encrypted_package(file: IO[bytes], start: bytes) -> bool:
    """Return whether an OLE container holds an encrypted workbook: its directory names it."""
    sector = int.from_bytes(start[48:52], "little")
    size = 4096 if start[30:32] == b"\x0c\0" else 512
    file.seek((sector + 1) * size)
    return "EncryptedPackage".encode("utf-16-le") in file.read(4096)


def open_sheets(
    file: IO[bytes], kind: str, where: str, reading: Reading, encoding: str, max_unpacked_bytes: int
) -> list[Sheet]:
    """Give the sheets of a workbook.

    Args:
        file: The workbook; stays open while its sheets are read.
        kind: What it is, as `content_kind` says.
        where: The feed and the file, for messages.
        reading: How merged cells and formulas are taken.
        encoding: Of a web page that does not state its own.
        max_unpacked_bytes: Most that it may unpack to.

    Raises:
        DeliveryRefused: It is damaged, hostile, or has a password.
    """
    file.seek(0)
    # Loaded by those who need them only: feeds are declared in every process.
    if kind == "xlsx":
        from connectors.sources.file_drop.xlsx_lines import xlsx_sheets

        with open_zip(file, Bounds(max_unpacked_bytes), where)[0]:  # a workbook is a zip: the same bounds
            pass
        return xlsx_sheets(file, where, reading)
    if kind == "html":
        from connectors.sources.file_drop.html_lines import html_sheets

        return html_sheets(file, where, reading, encoding)
    if kind == "mhtml":
        from connectors.sources.file_drop.html_lines import mhtml_sheets

        return mhtml_sheets(file, where, reading, encoding)
    if kind == "xml":
        from connectors.sources.file_drop.xml_lines import xml_sheets

        return xml_sheets(file, where, reading)
    from connectors.sources.file_drop.xls_lines import with_password, xls_sheets

    if kind == ENCRYPTED:
        raise with_password(where)
    if kind != "xls":
        raise damaged(where, "its content is none")
    return xls_sheets(file, where, reading)
