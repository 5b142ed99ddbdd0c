"""Which files are taken, and what a CSV file gives; the other formats and stores have their own tests."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import math
import os
import tempfile
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.credentials import Credentials
from connectors.sources import Delivery, Window, protocol
from tests.connectors.sources.consuming import only, table_of
from tests.connectors.sources.dropping import NOW, WINDOW, drop, take
from warehouse.errors import DeclarationError, DeliveryRefused, SourceError


def read(
    folder: Path, content: bytes | str, name: str = "a.csv", /, **options: Any
) -> tuple[Delivery, list[dict[str, Any]]]:
    """Drop one file, take it, and give its rows."""
    drop(folder, name, content)
    delivery = only(iter(take(folder, **options)))
    return delivery, table_of(delivery).to_pylist()


# --- which files ----------------------------------------------------------------------------------------------------


def test_a_file_is_a_delivery_with_its_time_and_its_content(tmp_path: Path) -> None:
    content = "no,name\n1,甲\n"
    delivery, rows = read(tmp_path, content, "租赁 2026-01.csv")
    assert delivery.label == "租赁 2026-01.csv"
    assert delivery.delivered_at == NOW - timedelta(days=1)
    assert delivery.content_id == hashlib.sha256(content.encode()).hexdigest()
    assert delivery.header == ("no", "name")
    assert rows == [{"row_number": 2, "no": "1", "name": "甲"}]


def test_deliveries_come_by_time_then_name(tmp_path: Path) -> None:
    for name, days in (("a.csv", 1), ("c.csv", 3), ("b.csv", 3)):
        drop(tmp_path, name, f"no\n{name}\n", NOW - timedelta(days=days))
    assert [delivery.label for delivery in take(tmp_path)] == ["b.csv", "c.csv", "a.csv"]


def test_what_is_newer_than_the_interval_waits(tmp_path: Path) -> None:
    drop(tmp_path, "on-time.csv", "no\n1\n", NOW)
    drop(tmp_path, "late.csv", "no\n2\n", NOW + timedelta(seconds=1))
    assert [delivery.label for delivery in take(tmp_path)] == ["on-time.csv"]


def test_landed_content_is_passed_over_and_a_resend_is_new(tmp_path: Path) -> None:
    drop(tmp_path, "a.csv", "no\n1\n")
    known = frozenset(delivery.content_id or "" for delivery in take(tmp_path))
    drop(tmp_path, "copy of a.csv", "no\n1\n")
    assert take(tmp_path, Window(None, NOW, known=known)) == []
    drop(tmp_path, "a.csv", "no\n1\n2\n")
    assert [delivery.label for delivery in take(tmp_path, Window(None, NOW, known=known))] == ["a.csv"]


def test_landed_content_is_not_even_parsed(tmp_path: Path) -> None:
    damaged = b"\xff\xfe\x00"
    drop(tmp_path, "a.csv", damaged)
    assert take(tmp_path, Window(None, NOW, known=frozenset({hashlib.sha256(damaged).hexdigest()}))) == []


def test_patterns_and_names_that_are_no_deliveries(tmp_path: Path) -> None:
    for name in (
        "参保_1.csv",
        "参保_2.csv.part",
        ".参保_3.csv",
        "~$参保_4.csv",
        "房产_5.csv",
        "参保_6.csv.done",
        "x/参保_7.csv",
    ):
        drop(tmp_path, name, "no\n1\n")
    assert [delivery.label for delivery in take(tmp_path, pattern="参保_*")] == ["参保_1.csv"]
    assert [delivery.label for delivery in take(tmp_path, pattern=["房产*", "*_1.csv"])] == ["参保_1.csv", "房产_5.csv"]
    assert [delivery.label for delivery in take(tmp_path, pattern="*/*.csv")] == ["x/参保_7.csv"]


def test_a_folder_below_the_connections_folder(tmp_path: Path) -> None:
    drop(tmp_path, "社保/a.csv", "no\n1\n")
    assert [delivery.label for delivery in take(tmp_path, folder="社保")] == ["a.csv"]
    with pytest.raises(SourceError, match=r"there is no .*/工商"):
        take(tmp_path, folder="工商")
    with pytest.raises(SourceError, match="no whole path"):
        list(protocol("file_drop").deliveries({"folder": "x"}, Credentials("fs"), WINDOW, "f"))


def test_an_empty_folder_is_no_delivery(tmp_path: Path) -> None:
    assert take(tmp_path) == []


def test_old_files_are_not_looked_at_where_that_is_declared(tmp_path: Path) -> None:
    drop(tmp_path, "old.csv", "no\n1\n", NOW - timedelta(days=40))
    drop(tmp_path, "new.csv", "no\n2\n", NOW - timedelta(days=20))
    assert [delivery.label for delivery in take(tmp_path, recent_days=30)] == ["new.csv"]


def test_a_copy_with_an_old_time_that_arrived_lately_is_looked_at(tmp_path: Path) -> None:
    """Windows and WinSCP keep the time of the file that they copy."""
    drop(tmp_path, "old.csv", "no\n1\n", NOW - timedelta(days=40))
    window = dataclasses.replace(WINDOW, until=datetime.now(UTC))
    assert [delivery.label for delivery in take(tmp_path, window, recent_days=30)] == ["old.csv"]


def test_a_file_that_still_grows_waits(tmp_path: Path) -> None:
    drop(tmp_path, "whole.csv", "no\n1\n")
    growing = drop(tmp_path, "growing.csv", "no\n1\n")
    stop = threading.Event()

    def grow() -> None:
        while not stop.wait(0.02):
            with growing.open("a") as file:
                file.write("2\n")
            os.utime(growing, (NOW.timestamp() - 9, NOW.timestamp() - 9))

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        assert [delivery.label for delivery in take(tmp_path, settle_seconds=0.5)] == ["whole.csv"]
    finally:
        stop.set()
        writer.join()
    assert [delivery.label for delivery in take(tmp_path, settle_seconds=0.05)] == ["whole.csv", "growing.csv"]


def test_a_file_that_is_rewritten_between_two_looks_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drop(tmp_path, "a.csv", "no\n1\n", NOW - timedelta(hours=2))

    def rewrite(_: float) -> None:
        drop(tmp_path, "a.csv", "no\n2\n", NOW - timedelta(hours=1))  # as long as before

    monkeypatch.setattr("connectors.sources.file_drop.time.sleep", rewrite)
    assert take(tmp_path) == []


def test_a_marker_speaks_of_its_file_and_not_of_a_later_one(tmp_path: Path) -> None:
    drop(tmp_path, "a.csv", "no\n1\n", NOW - timedelta(hours=2))
    assert take(tmp_path, ready="marker", pattern="*.csv") == []
    drop(tmp_path, "a.csv.done", "", NOW - timedelta(hours=1))
    assert [delivery.label for delivery in take(tmp_path, ready="marker", pattern="*.csv")] == ["a.csv"]
    drop(tmp_path, "a.csv", "no\n1\n2\n", NOW - timedelta(minutes=1))
    assert take(tmp_path, ready="marker", pattern="*.csv") == []


def test_links_out_of_the_folder_are_refused_and_links_within_followed(tmp_path: Path) -> None:
    folder = tmp_path / "drop"
    real = drop(folder, "kept/a.csv", "no\n1\n")
    (folder / "link.csv").symlink_to(real)
    (folder / "dangling.csv").symlink_to(folder / "nothing.csv")
    found = only(iter(take(folder, pattern="*.csv")))
    assert (found.label, found.delivered_at) == ("link.csv", NOW - timedelta(days=1))
    (folder / "out.csv").symlink_to(drop(tmp_path, "secret.csv", "no\n1\n"))
    with pytest.raises(SourceError, match=r"'out.csv' is a link that leads out of the folder"):
        take(folder, pattern="*.csv")


def test_pipes_and_folders_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.csv").mkdir()
    assert take(tmp_path) == []


def test_a_file_larger_than_allowed_stops(tmp_path: Path) -> None:
    drop(tmp_path, "a.csv", "no\n" + "1\n" * 3000)
    with pytest.raises(SourceError, match=r"'a.csv' has more than 0 MB"):
        take(tmp_path, max_file_mb=0.005)


def test_a_file_that_cannot_be_read_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drop(tmp_path, "a.csv", "no\n1\n")

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("fsspec.implementations.local.LocalFileSystem.open", refuse)  # root may read everything
    with pytest.raises(SourceError, match=r"Permission denied.*what it may read") as stop:
        take(tmp_path)
    assert not stop.value.is_passing


def test_nothing_is_left_in_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    drop(tmp_path / "drop", "a.csv", "no\n320102199001011234\n")
    delivery = only(iter(take(tmp_path / "drop")))
    assert list(scratch.iterdir()) == [], "the copy has no name, not even while it is read"
    table_of(delivery)
    assert list(scratch.iterdir()) == []


def test_groups_of_the_name_become_columns(tmp_path: Path) -> None:
    delivery, rows = read(
        tmp_path, "no\n1\n", "缴费_202601_v2.csv", name_pattern=r"_(?P<月份>\d{6})_v(?P<版本>\d+)(?P<其他>x)?"
    )
    assert delivery.header == ("no", "月份", "版本", "其他")
    assert rows == [{"row_number": 2, "no": "1", "月份": "202601", "版本": "2", "其他": ""}]
    with pytest.raises(DeliveryRefused, match="its name does not state 月份"):
        take(tmp_path, name_pattern=r"^(?P<月份>\d{4}-\d\d)")
    drop(tmp_path, "缴费_202601_v2.csv", "月份\n1\n")
    with pytest.raises(DeliveryRefused, match="two columns are called '月份'"):
        take(tmp_path, name_pattern=r"(?P<月份>\d{6})")


@pytest.mark.parametrize(
    ("name", "pattern", "is_range"),
    [
        ("2025-2026.csv", r"(?P<年>20\d\d)", True),
        ("2025年至2026年.csv", r"(?P<年>20\d\d)", True),
        ("参保_202601-202603.csv", r"_(?P<月份>\d{6})", True),
        ("2026年1-9月.csv", r"(?P<年>\d{4}).*?(?P<月>\d+)月", True),
        ("2026年1-9月.csv", r"(?P<月>\d+月)", True),
        ("9月—10月.csv", r"(?P<月>\d+)", True),
        ("2026-10-15.csv", r"(?P<年>\d{4})-(?P<月>\d\d)", False),
        ("2026-10月.csv", r"(?P<月>\d+)月", False),
        ("参保_202610-20261103.csv", r"(?P<月份>\d{6})", False),
        ("2026年1-3月.csv", r"(?P<所属期>\d{4}年\d-\d月)", False),
    ],
)
def test_one_end_of_a_range_in_a_name_is_no_month(tmp_path: Path, name: str, pattern: str, is_range: bool) -> None:
    drop(tmp_path, name, "no\n1\n")
    if not is_range:
        assert len(take(tmp_path, name_pattern=pattern)) == 1
        return
    with pytest.raises(DeliveryRefused, match="which states a range"):
        take(tmp_path, name_pattern=pattern)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.xls", b"\xd0\xcf\x11\xe0", "cannot be read as an Excel workbook"),
        ("a.csv", b"\xd0\xcf\x11\xe0", "looks like an Excel workbook of before 2007, not like csv"),
        ("a.doc", b"x", "files that end in '.doc' are not known"),
        ("a", b"x", "files that end in '' are not known"),
        ("a.csv", b"", "it is empty: not a single byte"),
        ("a.csv", b"PK\x03\x04...", "looks like a zip or an Excel workbook, not like csv"),
        ("a.csv", b"\xef\xbb\xbf<html><table>", "looks like a web page or XML, not like csv"),
        ("a.csv", b"%PDF-1.7", "looks like a PDF"),
        ("a.csv", b'\xef\xbb\xbf[\n {"no": 1}]', "looks like JSON, not like csv"),
        ("a.xls", b'{"data": []}', "looks like JSON, not like xls"),
        ("a.xlsx", b"no,name\n", "looks like text, not like xlsx"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0", "cannot be read as an Excel workbook"),
        ("a.parquet", b"no,name\n", "looks like text, not like parquet"),
    ],
)
def test_content_that_is_not_what_its_name_says_is_refused(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    drop(tmp_path, name, content)
    with pytest.raises(DeliveryRefused, match=f"lease {name}.*{message}"):
        take(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"folder": "../other"}, "leads out of the connection's folder"),
        ({"pattern": ["*.csv", "../*"]}, "leads out of the folder"),
        ({"pattern": "/etc/*"}, "leads out of the folder"),
        ({"encoding": "latin-1"}, "encoding is 'latin-1'; one of utf-8"),
        ({"delimiter": "||"}, r"delimiter is '\|\|'; one character"),
        ({"header": 0}, "header is 0"),
        ({"header": "first"}, "header is 'first'"),
        ({"totals": {"values": ["合计"]}}, r"source\.totals\.column is missing"),
        ({"totals": {"column": "a", "rows": 1}}, r"source\.totals\.rows is not an option"),
        ({"name_pattern": "("}, "no regular expression"),
        ({"name_pattern": r"\d+"}, "no named group"),
        ({"ready": "soon"}, "ready is 'soon'"),
        ({"files": "*.csv"}, r"source\.files is not an option"),
        ({"format": "docx"}, "format is 'docx'"),
    ],
)
def test_wrong_options_stop_before_anything_is_taken(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        protocol("file_drop").deliveries(options, Credentials("fs"), WINDOW, "f")


def test_a_connection_that_is_no_place_for_files(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="type 'postgres' is no place for files"):
        list(protocol("file_drop").deliveries({}, Credentials("postgres"), WINDOW, "f"))


# --- CSV ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "codec", "text"),
    [
        ("utf-8", "utf-8", "名称𠮷€é"),
        ("utf-8", "utf-8-sig", "名称"),
        ("gb18030", "gb18030", "名称𠮷㐂€"),
        ("gbk", "gbk", "名称"),
        ("gb2312", "gb2312", "名称"),
        ("big5", "big5", "名稱"),
        ("cp1252", "cp1252", "Café “€”"),
    ],
)
def test_encodings_are_decoded_as_declared(tmp_path: Path, encoding: str, codec: str, text: str) -> None:
    delivery, rows = read(tmp_path, f"{text},no\n{text * 9},1\n".encode(codec), encoding=encoding)
    assert delivery.header == (text, "no")
    assert rows == [{"row_number": 2, text: text * 9, "no": "1"}]


@pytest.mark.parametrize(
    ("content", "declared", "message"),
    [
        ("名称,no\n甲公司,1\n".encode("gb18030"), "utf-8", "line 1, byte 0 is not utf-8.*the file reads as gb18030"),
        (
            "no,名称\n1,甲\n".encode() + "2,乙\n".encode("gb18030"),
            "utf-8",
            "line 3, byte 18 is not utf-8.*damaged there",
        ),
        ("name\nCafé des Amis\n".encode("cp1252"), "utf-8", "line 2, byte 8 is not utf-8.*reads as cp1252"),
        ("no,名稱\n1,甲公司的名稱\n".encode("big5"), "utf-8", "line 1, byte 3 is not utf-8"),
        ("名称\n甲公司有限\n".encode("utf-16"), "utf-8", "byte 0 is not utf-8.*UTF-16"),
        ("no,name\n1,a\n".encode("utf-16-le"), "utf-8", "byte 1 is a NUL.*UTF-16"),
        ("名称\n苏州工业园区甲公\n".encode(), "gb18030", "all of its 10 characters outside ASCII read as UTF-8"),
        ("name\nCafé\n".encode(), "cp1252", "all of its 1 characters outside ASCII read as UTF-8"),
        (
            "名称\n甲公司".encode()[:-1],
            "utf-8",
            "line 2, byte 13 is not utf-8, where the file ends in the middle of a character",
        ),
        (b"a\n\x81\x8d\n", "cp1252", "line 2, byte 2 is not cp1252"),
        (b"no\n1\x00\n", "utf-8", "byte 4 is a NUL.*pads its fields with NUL"),
        ("no,名称\n".encode("gb18030") + b"1,\xff\n", "gb18030", "line 2, byte 10 is not gb18030"),
    ],
)
def test_bytes_in_another_encoding_stop_and_say_where_and_what(
    tmp_path: Path, content: bytes, declared: str, message: str
) -> None:
    drop(tmp_path, "a.csv", content)
    with pytest.raises(DeliveryRefused, match=message):
        take(tmp_path, encoding=declared)


def test_a_bad_byte_far_down_is_found_before_the_first_row(tmp_path: Path) -> None:
    rows = "".join(f"{n},公司{n}\n" for n in range(200_000)).encode()
    at = rows.index("公司150000".encode()) + 1
    drop(tmp_path, "a.csv", b"no,name\n" + rows[:at] + b"\xff" + rows[at + 1 :])
    with pytest.raises(DeliveryRefused, match=f"line 150,002, byte {8 + at - 1:,} is not utf-8"):
        take(tmp_path)


def test_a_line_that_never_ends_is_no_csv(tmp_path: Path) -> None:
    drop(tmp_path, "a.csv", b"x" * (17 << 20))
    with pytest.raises(DeliveryRefused, match="16 MB without the end of a line"):
        take(tmp_path)


def test_every_way_to_end_and_to_quote_a_line(tmp_path: Path) -> None:
    content = 'no,text\r\n1,"a, ""b""\r\nc"\r\n\r\n2,5" pipe\n3,\n"4", \r5,last'
    delivery, rows = read(tmp_path, content)
    assert [(row["row_number"], row["no"], row["text"]) for row in rows] == [
        (2, "1", 'a, "b"\r\nc'),
        (5, "2", '5" pipe'),
        (6, "3", None),
        (7, "4", " "),
        (8, "5", "last"),
    ]
    assert delivery.unreadable == []


def test_delimiters(tmp_path: Path) -> None:
    assert read(tmp_path, "a;b\n1,5;2\n", delimiter=";")[1] == [{"row_number": 2, "a": "1,5", "b": "2"}]
    assert read(tmp_path, "a\tb\n1\t2\n", "a.tsv", pattern="*.tsv")[1] == [{"row_number": 2, "a": "1", "b": "2"}]
    assert read(tmp_path, "a|b\n'1|2'|3\n", quote="'", delimiter="|", pattern="a.csv")[1] == [
        {"row_number": 2, "a": "1|2", "b": "3"}
    ]


def test_rows_that_are_ragged_or_shifted_are_unreadable_with_their_line(tmp_path: Path) -> None:
    delivery, rows = read(
        tmp_path,
        'no,name,area\n1,甲,5\n2,乙\n3,丙,5,shifted\n4,丁,5,,\n5,"戊"x,5\n6,"two\nlines",7,8\n7,己,9.13206E+17\n8,庚,8\n',
    )
    assert [row["no"] for row in rows] == ["1", "4", "8"]
    assert [(piece.row_number, piece.reason, piece.text) for piece in delivery.unreadable] == [
        (
            3,
            "it has 2 fields where the header has 3: source.pad_short_rows reads it where the office leaves out empty fields",
            "2,乙",
        ),
        (4, "it has 4 fields where the header has 3: field 4 has no heading", "3,丙,5,shifted"),
        (6, "there is text behind a closing quotation mark", '5,"戊"x,5'),
        (7, "it has 4 fields where the header has 3: field 4 has no heading", '6,"two\nlines",7,8'),
        (9, "identifier damaged by spreadsheet", "7,己,9.13206E+17"),
    ]


def test_short_rows_are_padded_where_that_is_declared(tmp_path: Path) -> None:
    delivery, rows = read(tmp_path, "no,name,area\n1,甲,5\n2,乙\n3\n4,丁,5,shifted\n", pad_short_rows=True)
    assert [(row["no"], row["name"], row["area"]) for row in rows] == [
        ("1", "甲", "5"),
        ("2", "乙", None),
        ("3", None, None),
    ]
    assert [piece.row_number for piece in delivery.unreadable] == [5]
    # the file may have been cut within its last line
    delivery, rows = read(tmp_path, "no,name,area\n1,甲\n2,乙", "b.csv", pattern="b.csv", pad_short_rows=True)
    assert [row["no"] for row in rows] == ["1"]
    assert [piece.reason for piece in delivery.unreadable] == ["it has 2 fields where the header has 3"]
    _, rows = read(tmp_path, "no,name,area\n1,甲\n2,乙,3", "c.csv", pattern="c.csv", pad_short_rows=True)
    assert [row["no"] for row in rows] == ["1", "2"]
    with pytest.raises(DeclarationError, match="pad_short_rows"):
        read(tmp_path, "no\n1\n", "d.csv", pattern="d.csv", pad_short_rows="yes")


def test_a_quotation_mark_that_never_closes_stops_instead_of_swallowing_the_rest(tmp_path: Path) -> None:
    """pyarrow would give one row with a last field that holds all that follows."""
    drop(tmp_path, "a.csv", 'no,name\n1,甲\n2,"乙\n' + "".join(f"{n},丙\n" for n in range(3, 20)))
    with pytest.raises(DeliveryRefused, match="row that begins on line 3 a quotation mark opens and never closes"):
        table_of(take(tmp_path)[0])
    drop(tmp_path, "a.csv", 'no,name\n1,甲\n2,"乙\n' + "".join(f"{n},丙\n" for n in range(3, 50_000)))
    with pytest.raises(DeliveryRefused, match="row that begins on line 3 a quotation mark opens and never closes"):
        table_of(take(tmp_path)[0])


def test_a_file_cut_off_in_the_middle_of_a_row(tmp_path: Path) -> None:
    delivery, rows = read(tmp_path, "no,name,area\n1,甲,5\n2,乙")
    assert len(rows) == 1
    assert [piece.row_number for piece in delivery.unreadable] == [3]


def test_the_header_is_found_below_titles(tmp_path: Path) -> None:
    content = '2026年1月参保情况表,,,\n单位：元,,,\n\n单位编号,"单位\n名称 ",人数,\n1,甲,5,\n'
    delivery, rows = read(tmp_path, content, expected=("单位编号", "单位 名称", "人数", "备注"))
    assert delivery.header == ("单位编号", "单位 名称", "人数")
    assert rows == [{"row_number": 6, "单位编号": "1", "单位 名称": "甲", "人数": "5"}]


def test_the_header_by_its_line(tmp_path: Path) -> None:
    assert read(tmp_path, "title,x\n\na,b\n1,2\n", header=3)[1] == [{"row_number": 4, "a": "1", "b": "2"}]
    with pytest.raises(DeliveryRefused, match="there is no line 7"):
        take(tmp_path, header=7)
    with pytest.raises(DeliveryRefused, match="there is no line 9"):
        take(tmp_path, header=9)


def test_a_file_without_its_header_is_refused(tmp_path: Path) -> None:
    drop(tmp_path, "a.csv", "1,甲,5\n2,乙,6\n")
    with pytest.raises(
        DeliveryRefused, match="is a header: the best, line 1, has 0 declared names among 3 cells"
    ) as stop:
        take(tmp_path, expected=("no", "name", "area"))
    assert "甲" not in str(stop.value), "a file's text may be personal"


def test_a_renamed_column_does_not_hide_the_header(tmp_path: Path) -> None:
    delivery, _ = read(tmp_path, "title\nno,name,area_m2\n1,甲,5\n", expected=("no", "name", "area"))
    assert delivery.header == ("no", "name", "area_m2")


def test_a_wrong_delimiter_is_named(tmp_path: Path) -> None:
    drop(tmp_path, "a.csv", "title\nno;name;area\n1;甲;5\n")
    with pytest.raises(DeliveryRefused, match=r"split at semicolons, line 2 has more: is source\.delimiter right\?"):
        take(tmp_path, expected=("no", "name", "area"))


def test_only_a_header_is_a_delivery_of_no_rows(tmp_path: Path) -> None:
    delivery, rows = read(tmp_path, "no,name\n")
    assert rows == []
    assert delivery.header == ("no", "name")


@pytest.mark.parametrize("content", ["\n\n", " \n,,\n"])
def test_a_file_of_nothing_is_refused(tmp_path: Path, content: str) -> None:
    drop(tmp_path, "a.csv", content)
    with pytest.raises(DeliveryRefused, match="lines are empty"):
        take(tmp_path)


def test_columns_without_headings(tmp_path: Path) -> None:
    """As in the third delivery of a real premises register: two empty headings at the end."""
    delivery, rows = read(tmp_path, "no,,name,,\n1,x,甲,,\n2,,乙,,lost\n")
    assert delivery.header == ("no", "column 2", "name")
    assert rows == [{"row_number": 2, "no": "1", "column 2": "x", "name": "甲"}]
    assert [(piece.row_number, piece.reason.split(": ")[1]) for piece in delivery.unreadable] == [
        (3, "field 5 has no heading")
    ]


def test_two_columns_of_one_name_are_told_apart(tmp_path: Path) -> None:
    assert read(tmp_path, "no,金额,金额,no\n1,2,3,4\n")[0].header == ("no", "金额", "金额 (2)", "no (2)")
    drop(tmp_path, "a.csv", "row_number,no\n1,2\n")
    with pytest.raises(DeliveryRefused, match="a column is called 'row_number'"):
        take(tmp_path)


def test_totals_and_repeated_headers_are_no_rows(tmp_path: Path) -> None:
    content = "no,name,area\n1,甲,5\n小 计：,,5\nno,name,area\n2,合计大厦,6\n合　计,,11\n总计,,11\n"
    delivery, rows = read(tmp_path, content, totals={"column": ["编号", "no"], "values": ["小计", "合计", "总计"]})
    assert [row["no"] for row in rows] == ["1", "2"]
    assert delivery.unreadable == []
    with pytest.raises(DeliveryRefused, match="no column '合同号', where its totals would be found"):
        take(tmp_path, totals={"column": "合同号"})


def test_excluded_columns_are_in_the_header_and_nowhere_else(tmp_path: Path) -> None:
    content = "no,经办\n 人,name\n1,张三,甲\n2,张三\n3,张三,丙,x\n4,张三,1.5E+18\n".replace("经办\n 人", '"经办\n 人"')
    delivery, rows = read(tmp_path, content, exclude=("经办 人",))
    assert delivery.header == ("no", "经办 人", "name")
    assert rows == [{"row_number": 3, "no": "1", "name": "甲"}]
    assert [(piece.row_number, piece.text) for piece in delivery.unreadable] == [
        (4, None),
        (5, None),
        (6, '{"no": "4", "name": "1.5E+18"}'),
    ]


def test_files_that_were_joined_and_the_end_of_a_file_of_dos(tmp_path: Path) -> None:
    delivery, rows = read(tmp_path, "\ufeffno,name\n1,a\n\ufeffno,name\n2,b\n\ufeff3,c\n\x1a", expected=("no", "name"))
    assert [(row["no"], row["name"]) for row in rows] == [("1", "a"), ("2", "b"), ("3", "c")]
    assert delivery.unreadable == []


def test_a_damaged_identifier_in_an_excluded_column_harms_no_row(tmp_path: Path) -> None:
    assert len(read(tmp_path, "no,id\n1,3.20102E+17\n", exclude=("id",))[1]) == 1


FIELD = st.text(st.sampled_from('ab,"\r\n 甲;é\t'), max_size=6)


@settings(max_examples=150, deadline=None)
@example(lines=[["1", "2", "3"], ["a", "b", ""], ["4", "5", "6"]], bom=False, quoting=csv.QUOTE_MINIMAL)
@given(
    lines=st.lists(st.lists(FIELD, min_size=1, max_size=5), max_size=30),
    bom=st.booleans(),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_no_row_is_lost(lines: list[list[str]], bom: bool, quoting: Any) -> None:
    """Whatever a writer of CSV files writes comes back as a row or is counted as unreadable, on its own line."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=quoting)
    writer.writerow(["a", "b", "c"])
    expected: dict[int, list[str]] = {}
    for line in lines:
        before = text.getvalue()
        # The physical line on which a row begins: \r, \n and \r\n end one.
        number = len(io.StringIO(before, newline=None).read().split("\n"))
        writer.writerow(line)
        if "".join(line).strip():
            expected[number] = line
    with tempfile.TemporaryDirectory() as folder:
        drop(Path(folder), "a.csv", text.getvalue().encode("utf-8-sig" if bom else "utf-8"))
        delivery = take(Path(folder))[0]
        rows = {
            row.pop("row_number"): [value or "" for value in row.values()] for row in table_of(delivery).to_pylist()
        }
    reasons = {piece.row_number: piece.reason for piece in delivery.unreadable}
    broken = reasons.keys()
    assert not rows.keys() & broken
    assert rows.keys() | broken == expected.keys() - {
        n for n, line in expected.items() if [p.strip() for p in line] == list("abc")
    }
    for number, row in rows.items():
        assert row == (expected[number] + ["", ""])[: len(row)][:3]
        assert not "".join(expected[number][3:]).strip()
    # a line that begins with one of the header's names and has another one begins a second table
    second = min(
        (
            n
            for n, line in expected.items()
            if line[0].strip() in ("a", "b", "c") and sum(p.strip() in ("a", "b", "c") for p in line) > 1
        ),
        default=math.inf,
    )
    for number in broken:
        if number >= second and "below another header" in reasons[number]:
            continue
        # a line within a field that has the commas of a row may be a row that a lost quotation mark swallowed
        swallows = any(line.count(",") >= 2 for field in expected[number] for line in field.splitlines()[1:])
        assert len(expected[number]) < 3 or "".join(expected[number][3:]).strip() or swallows


def test_a_large_file_comes_in_bounded_batches(tmp_path: Path) -> None:
    drop(tmp_path, "a.csv", "no,name\n" + "".join(f"{n},甲\n" for n in range(25_000)))
    sizes = [batch.num_rows for batch in take(tmp_path)[0].batches]
    assert sum(sizes) == 25_000
    assert max(sizes) == 10_000


def test_the_files_of_a_run_may_be_read_in_any_order(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        drop(tmp_path, name, f"no\n{name}\n")
    first, second = take(tmp_path)
    assert [table_of(d).to_pylist()[0]["no"] for d in (second, first)] == ["b.csv", "a.csv"]


SHARED = Path(os.environ.get("PARKBRIDGE_SHARED_DATA") or Path(__file__).resolve().parents[4] / "shared" / "data")


@pytest.mark.skipif(not (SHARED / "property_uk").is_dir(), reason="the shared data are not here")
def test_a_real_premises_register_in_three_layouts() -> None:
    """Line 2,099 of the first delivery is blank; the third has two columns without headings at its end."""
    found = take(SHARED / "property_uk", Window(None, datetime.now(UTC)), pattern="hambleton_*.csv")
    counts = {delivery.label[:11]: (table_of(delivery).num_rows, len(delivery.unreadable)) for delivery in found}
    assert counts == {
        "hambleton_1": (4280, 0),
        "hambleton_2": (4280, 0),
        "hambleton_3": (4307, 0),
        "hambleton_4": (4307, 0),
    }
    assert {len(delivery.header) for delivery in found} == {19}
