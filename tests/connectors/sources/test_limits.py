"""Readers at their limits: what is allowed is read, one more is refused, and what breaks off is said. Records and files made by hand."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Generator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.sources.file_drop import mails, sheet_tables, workbooks, xls_lines, zips
from connectors.sources.file_drop.crosstabs import _is_sum
from connectors.sources.file_drop.lines import Line
from connectors.sources.file_drop.parquet_rows import _number, _texts
from connectors.sources.file_drop.sheet_cells import Reading, Sheet
from connectors.sources.file_drop.xml_lines import xml_sheets
from tests.connectors.sources.consuming import table_of
from tests.connectors.sources.dropping import drop, take
from warehouse.errors import DeliveryRefused

# --- records of an old workbook: code, length, content ([MS-XLS] 2.1.4) ---------------------------------------------------

BEGIN, END, FORMULA, NUMBER, MERGED, SEVERAL = 0x809, 0x0A, 0x06, 0x203, 0xE5, 0xBD


def record(code: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", code, len(content)) + content


def cell(code: int, row: int, column: int) -> bytes:
    return record(code, struct.pack("<HH", row, column))


def sheet(*records: bytes) -> bytes:
    return record(BEGIN, b"\0" * 16) + b"".join(records) + record(END)


def test_formulas_of_the_sheet_itself_are_found_to_its_last_record() -> None:
    """A chart in it is a sheet of its own; the last record ends where the bytes do."""
    chart = sheet(cell(FORMULA, 9, 9))
    records = sheet(cell(NUMBER, 0, 0), cell(FORMULA, 1, 2), chart, cell(FORMULA, 3, 4))
    assert xls_lines._read_records(records, 0, "ascii").formulas == {(1, 2), (3, 4)}
    assert xls_lines._read_records(b"xxxx" + records, 4, "ascii").formulas == {(1, 2), (3, 4)}
    assert xls_lines._read_records(sheet(), 0, "ascii").formulas == set()


def test_texts_that_are_in_no_cell() -> None:
    """A page's head; a text box, its characters in the record behind it ([MS-XLS] 2.4.329); a remark on C2; a head of Excel 95."""
    unit = "单位：万元"
    wide = unit.encode("utf-16-le")
    box = record(0x1B6, struct.pack("<HHHHHHH", 0, 0, 0, 0, 0, len(unit) + 1, 0))
    box += record(0x3C, b"\0.") + record(0x3C, b"\1" + wide) + record(0x3C, b"\1of its letters")
    found = xls_lines._read_records(
        sheet(
            record(0x14, struct.pack("<HB", len(unit), 1) + wide),
            record(0x3C, b"\1" + wide),  # of another record
            box,
            record(0x1C, struct.pack("<HHHH", 1, 2, 0, 1)),
            record(0x15, bytes([len(unit.encode("gb18030"))]) + unit.encode("gb18030")),
        ),
        0,
        "gb18030",
    )
    assert (found.texts, found.remarked) == ([unit, ".", unit, unit], {"C2"})


def test_records_of_texts_at_their_shortest(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record too short for what it should hold says nothing; one of exactly that length does ([MS-XLS] 2.4.136, .179, .329)."""
    letter = record(0x3C, b"\0x")
    records = sheet(
        record(0x1B6, b"\1" * 11) + letter,  # a text box without its length
        record(0x1B6, b"\0" * 10 + b"\1\0") + record(0x3C) + letter + letter,  # an empty part; one letter, not two
        record(0x1C, b"\1\0\2"),
        record(0x1C, struct.pack("<HH", 4, 3)),
        record(0x1C, struct.pack("<HHHHHH", 5, 3, 0, 1, 9, 9)) + letter,  # with its author: no text box
        record(0x14) + record(0x14, b"\0\0\0") + record(0x14, b"\1\0\0h"),
    )
    found = xls_lines._read_records(records, 0, "ascii")
    assert (found.texts, found.remarked) == (["x", "h"], {"D5", "D6"})
    monkeypatch.setattr(xls_lines, "_MOST_TEXTS", 1)
    assert xls_lines._read_records(records, 0, "ascii").texts == ["x"]


@pytest.mark.parametrize("cut", [1, 4, 5])
def test_records_that_break_off_are_said(cut: int) -> None:
    with pytest.raises(xls_lines._Broken, match="breaks off"):
        xls_lines._read_records(sheet(cell(FORMULA, 1, 2))[:-cut], 0, "ascii")


@pytest.mark.parametrize(
    ("records", "cells"),
    [
        (sheet(cell(NUMBER, 0, 0), cell(NUMBER, 0, 1), cell(FORMULA, 1, 0)), 3),
        # the empty ones before each row's last count too
        (sheet(cell(NUMBER, 0, 4), cell(NUMBER, 1, 3), cell(NUMBER, 1, 2)), 7),
        (sheet(record(SEVERAL, b"\0" * 30)), 5),
    ],
)
def test_as_many_cells_as_are_allowed(monkeypatch: pytest.MonkeyPatch, records: bytes, cells: int) -> None:
    monkeypatch.setattr(xls_lines, "_MOST_CELLS", cells)
    xls_lines._read_records(records, 0, "ascii")
    monkeypatch.setattr(xls_lines, "_MOST_CELLS", cells - 1)
    with pytest.raises(xls_lines._Broken, match="cells in a sheet"):
        xls_lines._read_records(records, 0, "ascii")


def test_as_many_merged_cells_as_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    records = sheet(record(MERGED, struct.pack("<H", 2) + b"\0" * 16), record(MERGED, struct.pack("<H", 1) + b"\0" * 8))
    monkeypatch.setattr(xls_lines, "MOST_MERGES", 3)
    xls_lines._read_records(records, 0, "ascii")
    monkeypatch.setattr(xls_lines, "MOST_MERGES", 2)
    with pytest.raises(xls_lines._Broken, match="merged cells"):
        xls_lines._read_records(records, 0, "ascii")


def test_an_encrypted_workbook_is_known_by_its_directory() -> None:
    """The directory is in the sector that the header names ([MS-CFB] 2.2), of 512 bytes or of 4096."""
    name = "EncryptedPackage".encode("utf-16-le")
    magic = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    for shift, size in ((b"\x09\0", 512), (b"\x0c\0", 4096)):
        for place in (1, 5):
            head = (magic + b"\0" * 22 + shift).ljust(48, b"\0") + place.to_bytes(4, "little")
            file = io.BytesIO(head.ljust((place + 1) * size, b"\0") + name.ljust(size, b"\0"))
            assert workbooks.content_kind(file)[0] == workbooks.ENCRYPTED
            file = io.BytesIO(head.ljust((place + 1) * size, b"\0") + b"\0" * size)
            assert workbooks.content_kind(file)[0] == "xls"
    assert workbooks.content_kind(io.BytesIO(b"a,b\n" + name))[0] == "csv"


# --- sheets ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "is_such"),
    [
        ("户号 用量", True),
        ("户号 用量 备注 其他", True),  # half of them
        ("户号 用量 备注 其他 说明", False),
        ("户号", False),
        ("户号 备注", False),
        ("", False),
    ],
)
def test_a_sheet_beside_it_has_such_a_header(header: str, is_such: bool) -> None:
    def lines() -> Generator[Line]:
        for number, cells in enumerate((["标题"], header.split()), 1):
            yield Line(number, cells, {}, None, "")

    one = Sheet("旁", True, lines)
    expected = frozenset(["户号", "用量", "月份"])
    assert sheet_tables._has_such_a_header(one, expected) == is_such
    notes = sheet_tables.report_left_out([one], [], expected, "f", stops=False)
    assert (len(notes), sheet_tables.report_left_out([one], [one], expected, "f", stops=True)) == (int(is_such), [])
    if is_such:
        with pytest.raises(DeliveryRefused, match="not named by source"):
            sheet_tables.report_left_out([one], [], expected, "f", stops=True)
        hidden = Sheet("旁", False, lines)
        assert "hidden sheet" in sheet_tables.report_left_out([hidden], [], expected, "f", stops=True)[0]


@pytest.mark.parametrize(
    ("cells", "total", "holds"),
    [
        (["1", "2"], "3", True),
        (["1", "2"], "4", False),
        (["1,000", "2"], "1,002", True),
        # three figures, each rounded to a tenth: 0.15 apart is possible, 0.2 is not
        (["0.1", "0.1"], "0.3", True),
        (["0.1", "0.1"], "0.4", False),
        (["10", "10"], "21", False),  # whole ones are exact
        (["1"], None, True),
        (["1"], " ", True),
        (["1", "x"], "1", False),
        (["NaN", "1"], "1", False),
        (["Infinity"], "Infinity", False),
    ],
)
def test_a_sum_is_held_against_its_cells(cells: list[str], total: str | None, holds: bool) -> None:
    assert _is_sum(cells, total) == holds


def test_merged_cells_of_an_xml_sheet_end_at_the_widest_column() -> None:
    def rows(across: int) -> list[Line]:
        text = (
            '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
            'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="a"><Table>'
            f'<Row><Cell ss:MergeAcross="{across}"><Data ss:Type="String">甲</Data></Cell></Row>'
            '<Row><Cell><Data ss:Type="String">乙</Data></Cell></Row></Table></Worksheet></Workbook>'
        )
        [one] = xml_sheets(io.BytesIO(text.encode()), "f", Reading(fills_merged=True))
        return list(one.lines())

    assert rows(2)[0].cells[:3] == ["甲", "甲", "甲"]
    assert [line.cells[0] for line in rows(100_000)] == ["甲", "乙"]


# --- archives and messages ------------------------------------------------------------------------------------------------


def archive(*members: tuple[str, bytes]) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members:
            packed.writestr(name, content)
    return out


def test_a_zip_of_as_much_as_is_allowed() -> None:
    file = archive(("b.csv", b"12345"), ("a/", b""), ("a/c.csv", b"1234567"))
    assert [one.name for one in zips.open_zip(file, zips.Bounds(12, 3), "f")[1]] == ["a/c.csv", "b.csv"]
    with pytest.raises(DeliveryRefused, match="unpacks to"):
        zips.open_zip(file, zips.Bounds(11, 3), "f")
    with pytest.raises(DeliveryRefused, match=r"3 members; 2 allowed"):
        zips.open_zip(file, zips.Bounds(12, 2), "f")


def test_a_small_file_of_zeros_is_no_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    zeros = archive(("a.csv", b"0" * 100_000))
    packed = zipfile.ZipFile(zeros).infolist()[0].compress_size
    assert 200 * packed < 100_000
    zips.open_zip(zeros, zips.Bounds(1_000_000), "f")
    monkeypatch.setattr(zips, "_RATIO_FROM_BYTES", 99_999)
    with pytest.raises(DeliveryRefused, match=f"unpacks to {100_000 // packed:,} times its size; 200 times allowed"):
        zips.open_zip(zeros, zips.Bounds(1_000_000), "f")
    monkeypatch.setattr(zips, "_HIGHEST_RATIO", 100_000 // packed + 1)
    zips.open_zip(zeros, zips.Bounds(1_000_000), "f")


@pytest.mark.parametrize("name", ["/a.csv", "../a.csv", "a/../../b.csv", "a\\b.csv", "C:a.csv"])
def test_each_kind_of_name_that_leads_out(name: str) -> None:
    with pytest.raises(DeliveryRefused, match=r"leads out of the zip; names below it allowed\. Next: do not unpack it"):
        zips.open_zip(archive((name, b"1")), zips.Bounds(1_000_000), "f")


def test_messages_within_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message in a message is deeper, a part beside another is not."""
    attached = b'Content-Type: text/csv\r\nContent-Disposition: attachment; filename="a.csv"\r\n\r\nno\r\n1'
    text = attached
    for number in range(3):
        text = (
            b"From: a@b\r\nDate: x\r\nSubject: y\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n"
            b"%s\r\n--%d--\r\n" % (number, number, text, number)
        )
        text = b"Content-Type: message/rfc822\r\n\r\n" + text
    message = text.partition(b"\r\n\r\n")[2]
    assert [one.name for one in mails.attachments(io.BytesIO(message), "f")] == ["a.csv"]
    monkeypatch.setattr(mails, "_DEEPEST", 2)
    mails.attachments(io.BytesIO(message), "f")
    monkeypatch.setattr(mails, "_DEEPEST", 1)
    with pytest.raises(DeliveryRefused, match="more than 1 deep"):
        mails.attachments(io.BytesIO(message), "f")
    monkeypatch.setattr(mails, "_DEEPEST", 10)
    monkeypatch.setattr(mails, "_LARGEST", len(message))
    mails.attachments(io.BytesIO(message), "f")
    monkeypatch.setattr(mails, "_LARGEST", len(message) - 1)
    with pytest.raises(DeliveryRefused, match="it has more than"):
        mails.attachments(io.BytesIO(message), "f")


# --- Parquet --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.0, "3"),
        (-3.0, "-3"),
        (0.1, "0.1"),
        (999_999_999_999_999.0, "999999999999999"),
        (1e15, "1000000000000000.0"),
        (Decimal("1.10"), "1.10"),
        (Decimal("1E+3"), "1000"),
    ],
)
def test_a_number_of_a_parquet_file(value: float | Decimal, text: str) -> None:
    assert _number(value) == text


@pytest.mark.parametrize(
    ("array", "texts"),
    [
        (pa.array([1.0, None], pa.float32()), ["1", None]),
        (pa.array([131071.0, 131072.0], pa.float32()), ["131071", "≈131072.0"]),
        # a cast of Arrow's writes 2.5e+10
        (
            pa.array([3.0, 1e7, 2.5e10, 0.1, 1e15, None]),
            ["3", "10000000", "25000000000", "0.1", "1000000000000000.0", None],
        ),
        (pa.array(["a", None, ""]).dictionary_encode(), ["a", None, None]),
        (
            pa.array([datetime(2026, 1, 2), datetime(2026, 1, 2, 3, 4, 5), None]),
            ["2026-01-02", "2026-01-02 03:04:05", None],
        ),
        (pa.array([date(2026, 1, 2)]), ["2026-01-02"]),
        (pa.array([True, None]), ["true", None]),
        (pa.array([[1, 2], []]), ["[1, 2]", "[]"]),
        (pa.array([Decimal("1.00")], pa.decimal128(9, 2)), ["1.00"]),
        (pa.array([Decimal("0.0000001")], pa.decimal128(9, 7)), ["0.0000001"]),
        (pa.array(["", "a"]), [None, "a"]),
        (pa.array([{"甲": 1}, None]), ['{"甲": 1}', None]),
    ],
)
def test_texts_of_a_parquet_file(array: pa.Array, texts: list[str | None]) -> None:
    assert _texts(array).to_pylist() == texts


def test_rows_are_numbered_through_batches_and_a_file_may_be_as_large_as_allowed(tmp_path: Path) -> None:
    out = io.BytesIO()
    pq.write_table(pa.table({"no": [str(n % 7) for n in range(70_000)]}), out)
    drop(tmp_path, "a.parquet", out.getvalue())
    assert table_of(take(tmp_path)[0]).column("row_number").to_pylist() == list(range(1, 70_001))
    metadata = pq.ParquetFile(out).metadata
    size = sum(metadata.row_group(n).total_byte_size for n in range(metadata.num_row_groups))
    take(tmp_path, max_unpacked_mb=size / 1e6)
    with pytest.raises(DeliveryRefused, match=r"raise source\.max_unpacked_mb"):
        take(tmp_path, max_unpacked_mb=(size - 1) / 1e6)
