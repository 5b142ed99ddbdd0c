"""Workbooks, Parquet files and zips: as offices send them, as they come damaged, and as an attacker would make them."""

from __future__ import annotations

import datetime
import hashlib
import io
import re
import struct
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from connectors.sources import Delivery, Window
from tests.connectors.sources.consuming import only, table_of
from tests.connectors.sources.dropping import NOW, drop, take
from warehouse.errors import DeliveryRefused


def workbook(*rows: list[Any], edit: Callable[[Worksheet], None] | None = None, title: str = "台账") -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = title
    for row in rows:
        sheet.append(row)
    book.calculation.fullCalcOnLoad = False  # as Excel saves it
    if edit:
        edit(sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def rewritten(content: bytes, member: str, change: Callable[[str], str]) -> bytes:
    """Change one part of a workbook behind openpyxl's back."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
        for info in before.infolist():
            data = before.read(info)
            after.writestr(info.filename, change(data.decode()).encode() if info.filename == member else data)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def with_shared_texts(content: bytes) -> bytes:
    """Keep the texts apart from the sheet, as Excel does and openpyxl does not."""
    texts: list[str] = []

    def share(xml: str) -> str:
        def number(match: re.Match[str]) -> str:
            texts.append(match[1])
            return f't="s"><v>{len(texts) - 1}</v></c>'

        return re.sub(r't="inlineStr"><is>(.*?)</is></c>', number, xml)

    content = rewritten(content, SHEET, share)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    part = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
    content = rewritten(content, "[Content_Types].xml", lambda xml: xml.replace("</Types>", part))
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    shared = "".join(f"<si>{text}</si>" for text in texts)
    out = io.BytesIO(content)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("xl/sharedStrings.xml", f'<sst xmlns="{space}">{shared}</sst>')
    return out.getvalue()


def zipped(members: dict[str, bytes | str], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def read(folder: Path, name: str, content: bytes, /, **options: Any) -> tuple[Delivery, list[dict[str, Any]]]:
    drop(folder, name, content)
    delivery = only(iter(take(folder, **options)))
    return delivery, table_of(delivery).to_pylist()


# --- Excel ----------------------------------------------------------------------------------------------------------


def test_cells_become_the_text_that_stands_in_them(tmp_path: Path) -> None:
    content = workbook(
        ["text", "whole", "amount", "large", "day", "moment", "time", "truth", "error", "blank"],
        [
            "001",
            12,
            1234567.89,
            123456789012345,
            datetime.date(2026, 1, 31),
            datetime.datetime(2026, 1, 31, 8, 30),
            datetime.time(8, 30),
            True,
            "#N/A",
            None,
        ],
        ["甲 公司\n分部", 12.0, 0.1, -0.5, None, None, None, False, None, ""],
        ["x", 1e-7, 1e14, 0.3, None, None, None, None, None, None],
    )
    delivery, rows = read(tmp_path, "a.xlsx", content)
    assert delivery.header == ("text", "whole", "amount", "large", "day", "moment", "time", "truth", "error", "blank")
    times = ["2026-01-31 08:30:00", "08:30:00"]
    assert [list(row.values()) for row in rows] == [
        [2, "001", "12", "1234567.89", "123456789012345", "2026-01-31", *times, "true", "#N/A", None],
        [3, "甲 公司\n分部", "12", "0.1", "-0.5", None, None, None, "false", None, None],
        [4, "x", "0.0000001", "100000000000000", "0.3", *[None] * 6],
    ]
    assert delivery.unreadable == []


def test_titles_blank_rows_and_totals_of_a_report(tmp_path: Path) -> None:
    def merge(sheet: Worksheet) -> None:
        sheet.merge_cells("A1:D1")
        sheet.merge_cells("A2:B2")
        sheet.merge_cells("A7:B7")

    content = workbook(
        ["2026年1月租赁台账"],
        ["单位：平方米"],
        ["合同号", "租户", "面积", None, None],
        ["L1", "甲", 100.5],
        [],
        ["L2", "乙", 99],
        ["合 计", None, "=SUM(C4:C6)"],
        edit=merge,
    )
    delivery, rows = read(
        tmp_path,
        "a.xlsx",
        content,
        expected=("合同号", "租户", "面积"),
        totals={"column": "合同号", "values": ["合计"]},
    )
    assert delivery.header == ("合同号", "租户", "面积")
    assert [(row["row_number"], row["合同号"], row["面积"]) for row in rows] == [(4, "L1", "100.5"), (6, "L2", "99")]
    assert delivery.unreadable == []


def test_a_formula_in_a_row_makes_it_unreadable(tmp_path: Path) -> None:
    content = workbook(
        ["no", "area", "note"], ["1", 5, "x"], ["2", "=A1*2", "y"], ["3", 6, '=HYPERLINK("http://x")'], ["4", 7, "z"]
    )
    delivery, rows = read(tmp_path, "a.xlsx", content)
    assert [row["no"] for row in rows] == ["1", "4"]
    assert [(piece.row_number, piece.reason) for piece in delivery.unreadable] == [
        (3, "cell B3: a formula, not a value"),
        (4, "cell C4: a formula, not a value"),
    ]
    assert delivery.unreadable[0].text == "2\t=A1*2\ty"
    kept, rows = read(tmp_path, "a.xlsx", content, exclude=("note",))
    assert [row["no"] for row in rows] == ["1", "3", "4"], "a formula in a column that is not kept harms no row"
    assert kept.unreadable[0].text == '{"no": "2", "area": "=A1*2"}'


def test_a_cached_result_of_a_formula_is_not_believed(tmp_path: Path) -> None:
    content = rewritten(workbook(["no"], [5]), SHEET, lambda xml: xml.replace("<v>5</v>", "<f>1+1</f><v>5</v>"))
    delivery, rows = read(tmp_path, "a.xlsx", content)
    assert rows == []
    assert len(delivery.unreadable) == 1


def test_identifiers_that_a_spreadsheet_has_damaged(tmp_path: Path) -> None:
    content = workbook(
        ["uscc", "n"],
        [913205940001234567, 1],
        [9.13205940001234e17, 2],
        ["913205940001234567", 3],
        ["9.13206E+17", 4],
        [999999999999999, 5],
        [1e15, 6],
        [-1e15, 7],
    )
    delivery, rows = read(tmp_path, "a.xlsx", content)
    assert [row["n"] for row in rows] == ["3", "5"]
    assert {piece.reason.split(": ")[1] for piece in delivery.unreadable} == {"identifier damaged by spreadsheet"}
    assert [piece.row_number for piece in delivery.unreadable] == [2, 3, 5, 7, 8]
    assert str(delivery.unreadable[0].text).startswith("9132059400012346"), "kept, for whoever repairs it"


def test_merged_rows_hold_their_value_only_once(tmp_path: Path) -> None:
    content = workbook(
        ["building", "room"], ["A", "1"], [None, "2"], [None, "3"], ["B", "1"], edit=lambda s: s.merge_cells("A2:A4")
    )
    delivery, rows = read(tmp_path, "a.xlsx", content)
    assert [(row["building"], row["room"]) for row in rows] == [("A", "1"), ("B", "1")]
    assert [piece.reason for piece in delivery.unreadable] == [
        "cell A3 is merged into A2:A4 (source.merged: fill gives it the value)",
        "cell A4 is merged into A2:A4 (source.merged: fill gives it the value)",
    ]


def test_which_sheet(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.create_sheet("数据").append(["no"])
    book["数据"].append(["1"])
    book.create_sheet("hidden").append(["x"])
    book["hidden"].sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)
    assert read(tmp_path, "a.xlsx", out.getvalue())[1] == [{"row_number": 2, "no": "1"}], "the first sheet is empty"
    assert take(tmp_path, sheet="hidden")[0].header == ("x",)
    with pytest.raises(DeliveryRefused, match="no sheet '台账'; there are 'Sheet', '数据', 'hidden'"):
        take(tmp_path, sheet="台账")
    book["Sheet"].append(["other"])
    book.save(out := io.BytesIO())
    drop(tmp_path, "a.xlsx", out.getvalue())
    with pytest.raises(
        DeliveryRefused, match="2 sheets hold something: 'Sheet', '数据'; one, or one that is named allowed"
    ):
        take(tmp_path)


def test_an_empty_workbook_is_refused(tmp_path: Path) -> None:
    drop(tmp_path, "a.xlsx", workbook())
    with pytest.raises(DeliveryRefused, match="it is empty: not even a header"):
        take(tmp_path)


def test_a_sheet_whose_stated_size_is_wrong_is_read_whole(tmp_path: Path) -> None:
    content = rewritten(
        workbook(["no", "name"], ["1", "甲"]),
        SHEET,
        lambda xml: re.sub('<dimension ref="[^"]*"', '<dimension ref="A1"', xml),
    )
    assert read(tmp_path, "a.xlsx", content)[1] == [{"row_number": 2, "no": "1", "name": "甲"}]


def test_rows_out_of_order_are_not_passed_over(tmp_path: Path) -> None:
    """openpyxl's own iteration would leave such rows out without a word."""
    content = rewritten(
        workbook(["no"], ["1"], ["2"], ["3"]),
        SHEET,
        lambda xml: xml.replace('<row r="4">', '<row r="2">').replace('<c r="A4"', '<c r="A2"'),
    )
    drop(tmp_path, "a.xlsx", content)
    with pytest.raises(DeliveryRefused, match="row 2 comes after row 3"):
        table_of(take(tmp_path)[0])


@pytest.mark.parametrize(
    "change",
    [
        lambda xml: xml[:-40],
        lambda xml: xml.replace("<v>5</v>", "<v>five</v>"),
        lambda xml: xml.replace('r="A1"', 'r="1A"', 1),
        lambda xml: xml.replace("<v>0</v>", "<v>77</v>"),
        lambda _: "",
    ],
    ids=["cut", "number", "coordinate", "shared-text", "nothing"],
)
def test_damaged_sheets_are_refused(tmp_path: Path, change: Callable[[str], str]) -> None:
    whole = with_shared_texts(workbook(["no", "n"], ["x", 5]))
    assert len(read(tmp_path, "a.xlsx", whole)[1]) == 1
    drop(tmp_path, "a.xlsx", rewritten(whole, SHEET, change))
    with pytest.raises(DeliveryRefused, match=r"cannot be read as an Excel workbook \(\w+"):
        table_of(take(tmp_path)[0])


@pytest.mark.parametrize(
    "part", [SHEET, "xl/workbook.xml", "xl/sharedStrings.xml", "xl/styles.xml", "[Content_Types].xml"]
)
def test_entities_are_not_expanded(tmp_path: Path, part: str) -> None:
    """Neither a thousand million laughs nor the host's files."""
    bombs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    doctype = f'<!DOCTYPE x [<!ENTITY l0 "lol">{bombs}<!ENTITY file SYSTEM "file:///etc/hostname">]>'

    def arm(xml: str) -> str:
        head = xml.index("?>") + 2 if xml.startswith("<?xml") else 0
        return xml[:head] + doctype + xml[head:].replace(">no<", ">&l9;&file;<")

    drop(tmp_path, "a.xlsx", rewritten(with_shared_texts(workbook(["no", "n"], ["x", 5])), part, arm))
    with pytest.raises(DeliveryRefused, match=r"Excel workbook \(EntitiesForbidden"):
        table_of(take(tmp_path)[0])


def test_a_workbook_that_is_a_bomb_is_not_opened(tmp_path: Path) -> None:
    bomb = rewritten(workbook(["no"], ["1"]), SHEET, lambda xml: xml + "<!--" + " " * 50_000_000 + "-->")
    assert len(bomb) < 100_000
    drop(tmp_path, "a.xlsx", bomb)
    with pytest.raises(
        DeliveryRefused, match=r"'xl/worksheets/sheet1.xml' in it unpacks to \d+,?\d* times its size; 200 times"
    ):
        take(tmp_path)
    with pytest.raises(DeliveryRefused, match="it unpacks to 50 MB; 20 MB allowed"):
        take(tmp_path, max_unpacked_mb=20)


@pytest.mark.parametrize(
    ("part", "what"),
    [
        ("xl/workbook.bin", "it is a binary workbook, .xlsb"),
        ("content.xml", "it is an OpenDocument sheet, .ods"),
        ("word/document.xml", "it is a Word document"),
        ("ppt/presentation.xml", "OSError"),
    ],
)
def test_another_kind_of_file_under_the_name_of_a_workbook(tmp_path: Path, part: str, what: str) -> None:
    types = "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>"
    for name in ("a.xlsx", "a.xls"):
        drop(tmp_path, name, zipped({"[Content_Types].xml": types, part: "x"}))
        with pytest.raises(
            DeliveryRefused, match=rf"Excel workbook \({what}\)\. Next: open it in Excel, save it as \.xlsx"
        ):
            take(tmp_path, pattern=name)


def test_a_workbook_without_its_parts_is_refused(tmp_path: Path) -> None:
    drop(tmp_path, "a.xlsx", zipped({"readme.txt": "no workbook"}))
    with pytest.raises(DeliveryRefused, match=r"Excel workbook \(it is a zip without a workbook in it"):
        take(tmp_path)
    drop(tmp_path, "a.xlsx", workbook(["no"], ["1"])[:-200])
    with pytest.raises(DeliveryRefused, match="cannot be read as a zip"):
        take(tmp_path)


# --- Parquet --------------------------------------------------------------------------------------------------------


def parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def test_parquet_values_become_text(tmp_path: Path) -> None:
    shanghai = datetime.timezone(datetime.timedelta(hours=8))
    moment = datetime.datetime(2026, 1, 31, 8, 0, 0, 500_000)
    table = pa.table(
        {
            "no": pa.array(["001", "", None]),
            "n": pa.array([1, -5, None], pa.int64()),
            "amount": pa.array([Decimal("1.10"), Decimal("-0.01"), None], pa.decimal128(18, 2)),
            "tiny": pa.array([Decimal("0.00000001"), None, None], pa.decimal128(18, 8)),
            "f": pa.array([1.5, 3.0, 0.1], pa.float64()),
            "day": pa.array([datetime.date(2026, 1, 31), None, None]),
            "at": pa.array([moment, datetime.datetime(2026, 1, 31), None], pa.timestamp("us")),
            "tz": pa.array(
                [moment.replace(tzinfo=shanghai, microsecond=0), None, None], pa.timestamp("ms", "Asia/Shanghai")
            ),
            "t": pa.array([datetime.time(8, 30), None, None]),
            "b": pa.array([True, False, None]),
            "parts.list": pa.array([[1, 2], [], None], pa.list_(pa.int64())),
            "a.b": pa.array(["x", None, None]),
            "code": pa.array(["甲", "甲", None]).dictionary_encode(),
            "took": pa.array([datetime.timedelta(seconds=5), None, None]),  # not 5000000
        }
    )
    delivery, rows = read(tmp_path, "a.parquet", parquet(table))
    assert delivery.header == tuple(table.column_names)
    expected = [
        [1, "001", "1", "1.10", "0.00000001", "1.5", "2026-01-31", "2026-01-31 08:00:00.500000"],
        [2, None, "-5", "-0.01", None, "3", None, "2026-01-31"],
        [3, None, None, None, None, "0.1", None, None],
    ]
    assert [list(row.values())[:8] for row in rows] == expected
    assert list(rows[0].values())[8:] == [
        "2026-01-31 08:00:00+08:00",
        "08:30:00",
        "true",
        "[1, 2]",
        "x",
        "甲",
        '"0:00:05"',
    ]


def test_a_parquet_file_is_held_to_its_declared_layout(tmp_path: Path) -> None:
    table = pa.table({"no": ["K1", None, "合计"], "person": ["张三", "李四", None], "n": [1, 2, 3]})
    options: dict[str, Any] = {
        "totals": {"column": "no", "values": ["合计"]},
        "fill_down": ["no"],
        "exclude": ("person",),
    }
    delivery, rows = read(tmp_path, "a.parquet", parquet(table), **options)
    assert rows == [{"row_number": 1, "no": "K1", "n": "1"}, {"row_number": 2, "no": "K1", "n": "2"}]
    assert (delivery.totals, delivery.unreadable) == ([{"n": "3"}], [])
    with pytest.raises(DeliveryRefused, match="its name states the unit 万元"):
        read(tmp_path, "税额（万元）.parquet", parquet(table))


def test_a_number_of_two_bytes_is_a_figure_only_where_it_keeps_cents(tmp_path: Path) -> None:
    table = pa.table({"n": pa.array([5.37, -12.5, 16.1, 1234.5, None], pa.float16())})
    pq.write_table(table, out := io.BytesIO())
    _, rows = read(tmp_path, "a.parquet", out.getvalue())
    assert [row["n"] for row in rows] == ["5.37", "-12.5", "≈16.09", "≈1234.0", None]


@pytest.mark.parametrize(("writer", "mark"), [("parquet-cpp-arrow version", ""), ("parquet-mr version 1.12.3", "Z")])
def test_a_time_of_spark_is_one_of_utc(tmp_path: Path, writer: str, mark: str) -> None:
    """Spark writes the moment of a time in 96 bits, and Arrow reads them as the clock of nowhere."""
    table = pa.table({"t": pa.array([datetime.datetime(2026, 9, 30, 16), None], pa.timestamp("ns")), "n": [1, 2]})
    pq.write_table(table, out := io.BytesIO(), use_deprecated_int96_timestamps=True, store_schema=False)
    content = out.getvalue().replace(b"parquet-cpp-arrow version", writer.encode())
    _, rows = read(tmp_path, "a.parquet", content)
    assert [row["t"] for row in rows] == [f"2026-09-30 16:00:00{mark}", None]


def test_a_parquet_number_of_four_bytes_is_no_figure_where_it_lost_digits(tmp_path: Path) -> None:
    table = pa.table({"n": pa.array([12.3, 131071.99, 1234567.89, None], pa.float32())})
    assert [row["n"] for row in read(tmp_path, "a.parquet", parquet(table))[1]] == [
        "12.3",
        "131071.99",
        "≈1234567.9",
        None,
    ]


def test_parquet_columns_that_are_excluded_are_not_read(tmp_path: Path) -> None:
    table = pa.table({"no": ["1"], "person": ["张三"], "person.x": ["y"]})
    delivery, rows = read(tmp_path, "a.parquet", parquet(table), exclude=("person",))
    assert delivery.header == ("no", "person", "person.x")
    assert rows == [{"row_number": 1, "no": "1", "person.x": "y"}]


def test_parquet_files_that_are_no_good_are_refused(tmp_path: Path) -> None:
    content = parquet(pa.table({"no": [str(n) for n in range(1000)]}))
    for damaged in (content[:-30], b"PAR1", content[:4] + b"\0" * 300 + content[304:]):
        drop(tmp_path, "a.parquet", damaged)
        with pytest.raises(DeliveryRefused, match="cannot be read as a Parquet file"):
            table_of(take(tmp_path)[0])
    drop(tmp_path, "a.parquet", parquet(pa.table({"row_number": [1]})))
    with pytest.raises(DeliveryRefused, match="a column is called 'row_number'"):
        take(tmp_path)
    drop(
        tmp_path,
        "a.parquet",
        parquet(pa.table({"no": pa.array(["x" * 10] * 10_000_000).dictionary_encode().cast(pa.string())})),
    )
    with pytest.raises(DeliveryRefused, match=r"it unpacks to .* MB; 0 MB allowed"):
        take(tmp_path, max_unpacked_mb=0.0001)


def test_a_parquet_file_of_no_rows(tmp_path: Path) -> None:
    delivery, rows = read(tmp_path, "a.parquet", parquet(pa.table({"no": pa.array([], pa.string())})))
    assert (delivery.header, rows) == (("no",), [])


# --- zip ------------------------------------------------------------------------------------------------------------


def test_each_member_is_a_delivery(tmp_path: Path) -> None:
    members: dict[str, bytes | str] = {
        "2月/b.csv": "no\n2\n",
        "a.csv": "no\n1\n",
        "c.xlsx": workbook(["no"], ["3"]),
        "d.parquet": parquet(pa.table({"no": ["4"]})),
        "readme.md": "x",
        "__MACOSX/a.csv": "x",
        ".hidden.csv": "x",
    }
    drop(tmp_path, "月报.zip", zipped(members))
    found = take(tmp_path)
    assert [delivery.label for delivery in found] == [
        "月报.zip/2月/b.csv",
        "月报.zip/a.csv",
        "月报.zip/c.xlsx",
        "月报.zip/d.parquet",
    ]
    assert [table_of(delivery).to_pylist()[0]["no"] for delivery in found] == ["2", "1", "3", "4"]
    assert found[1].content_id == hashlib.sha256(b"no\n1\n").hexdigest()
    assert {delivery.delivered_at for delivery in found} == {NOW - datetime.timedelta(days=1)}
    assert [delivery.label for delivery in take(tmp_path, member_pattern="a*")] == ["月报.zip/a.csv"]


def test_a_member_that_was_landed_is_passed_over_however_it_came(tmp_path: Path) -> None:
    known = Window(None, NOW, known=frozenset({hashlib.sha256(b"no\n1\n").hexdigest()}))
    drop(tmp_path, "a.zip", zipped({"a.csv": "no\n1\n", "b.csv": "no\n2\n"}))
    assert [delivery.label for delivery in take(tmp_path, known)] == ["a.zip/b.csv"]


def test_names_written_by_chinese_windows(tmp_path: Path) -> None:
    content = zipped({"XXXX_202601.csv": "no\n1\n"}).replace(b"XXXX", "缴费".encode("gb18030"))
    drop(tmp_path, "a.zip", content)
    found = take(tmp_path, name_pattern=r"缴费_(?P<月份>\d{6})")
    assert [delivery.label for delivery in found] == ["a.zip/缴费_202601.csv"]
    assert table_of(found[0]).to_pylist() == [{"row_number": 2, "no": "1", "月份": "202601"}]


@pytest.mark.parametrize("name", ["../a.csv", "/etc/a.csv", "x/../../a.csv", "..\\a.csv", "C:/a.csv"])
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    drop(tmp_path, "a.zip", zipped({name: "no\n1\n"}))
    with pytest.raises(DeliveryRefused, match="leads out of the zip"):
        take(tmp_path)


def test_bombs_are_refused_before_they_go_off(tmp_path: Path) -> None:
    drop(tmp_path, "a.zip", zipped({"a.csv": b"0" * 30_000_000}))
    with pytest.raises(DeliveryRefused, match=r"'a.csv' in it unpacks to 1,0\d\d times its size; 200 times allowed"):
        take(tmp_path)
    drop(tmp_path, "a.zip", zipped({f"{n}.csv": "no\n1\n" for n in range(10_001)}, zipfile.ZIP_STORED))
    with pytest.raises(DeliveryRefused, match="it has 10,001 members; 10,000 allowed"):
        take(tmp_path)
    drop(tmp_path, "a.zip", zipped({f"{n}.csv": b"no\n" + b"1\n" * 1_000_000 for n in range(3)}))
    with pytest.raises(DeliveryRefused, match="it unpacks to 6 MB; 5 MB allowed"):
        take(tmp_path, max_unpacked_mb=5)


def test_a_member_that_is_larger_than_it_says_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped({"a.csv": b"no\n" + b"0" * 1_000_000}))
    for sign, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.index(sign) + offset
        content[at : at + 4] = struct.pack("<I", 100)
    drop(tmp_path, "a.zip", bytes(content))
    with pytest.raises(DeliveryRefused, match=r"'a.csv' in it cannot be unpacked \(BadZipFile\)"):
        take(tmp_path)


def test_encrypted_members_are_refused(tmp_path: Path) -> None:
    content = bytearray(zipped({"a.csv": "no\n1\n"}))
    for sign, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(sign) + offset] |= 1
    drop(tmp_path, "a.zip", bytes(content))
    with pytest.raises(DeliveryRefused, match=r"'a.csv' in it is encrypted"):
        take(tmp_path)


def test_zips_in_zips_are_refused(tmp_path: Path) -> None:
    drop(tmp_path, "a.zip", zipped({"b.zip": zipped({"a.csv": "no\n1\n"})}))
    with pytest.raises(DeliveryRefused, match=r"there is a zip in it: 'b\.zip'"):
        take(tmp_path)
    drop(tmp_path, "a.zip", zipped({"b.csv": zipped({"a.csv": "no\n1\n"})}))
    with pytest.raises(DeliveryRefused, match="looks like a zip or an Excel workbook, not like csv"):
        take(tmp_path)


def test_damaged_and_useless_zips_are_refused(tmp_path: Path) -> None:
    whole = zipped({"a.csv": "no\n" + "1\n" * 1000})
    drop(tmp_path, "a.zip", whole[:-30])
    with pytest.raises(DeliveryRefused, match="it cannot be read as a zip"):
        take(tmp_path)
    drop(tmp_path, "a.zip", whole[:40] + b"\xff\xff\xff" + whole[43:])
    with pytest.raises(DeliveryRefused, match="cannot be unpacked"):
        take(tmp_path)
    drop(tmp_path, "a.zip", zipped({"readme.md": "x"}))
    with pytest.raises(
        DeliveryRefused, match=r"none of its 1 members is a delivery: readme\.md; CSV, Excel and Parquet files"
    ):
        take(tmp_path)
