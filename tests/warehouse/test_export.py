"""Exports: what spreadsheets and other programs find in them, read back by other readers than our writer."""

from __future__ import annotations

import csv
import os
import sys
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import python_calamine
from hypothesis import example, given, settings
from hypothesis import strategies as st

import parkbridge
from warehouse import export as exports
from warehouse import workbook
from warehouse.errors import ParkBridgeError
from warehouse.export import export, write_operators_workbook
from warehouse.settings import Settings
from warehouse.text import shown
from warehouse.workbook import Sheet, write_workbook

HOSTILE = [
    "=1+1",
    "+86 512",
    "-5",
    "@SUM(A1)",
    "\tx",
    "＝1",
    "_x0041_",
    "a\x0bb",
    "<b>&\"'",
    "第一行\n第二行",
    "\u202eabc",
]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A night of three rows with one value of every type, and names that a spreadsheet would run."""
    path = tmp_path_factory.mktemp("published") / "park.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            """
            create schema ops; create schema snapshots; create schema "园区";
            create table ops.night as select '20261127T180000Z' as night_id, timestamp '2026-11-27 18:00' as as_of, '某园' as park_name;
            create table snapshots.enterprise_month as
            select * from (values
                ('E1', '=HYPERLINK("http://x")', date '2026-09-01', 12::bigint, 1234.50::decimal(30, 2), 8.25::decimal(30, 2), true),
                ('E1', '甲有限公司', date '2026-10-01', 13, 123456789012345678.90, -1.5, false),
                ('E2', '乙有限公司', date '2026-10-01', null, null, null, null)
            ) as t (enterprise_id, enterprise_name, month, insured_headcount, sales_amount, growth_pct, is_here);
            comment on column snapshots.enterprise_month.insured_headcount is 'insured staff | 参保人数：当月参加社会保险的人数，单位：人';
            create view "园区"."企业月度" as
            select enterprise_id as "企业编号", enterprise_name as "企业名称", month as "月份", insured_headcount as "参保人数",
                sales_amount as "销售额", growth_pct as "同比增长率", timestamp '2026-11-28 02:00:00' as "数据截至时间"
            from snapshots.enterprise_month order by 3, 1;
            comment on view "园区"."企业月度" is '一行是：一家企业的一个月\n回答：每月怎样？';
            comment on column "园区"."企业月度"."销售额" is '所属期内申报的应税销售额，单位：元';
            comment on column "园区"."企业月度"."同比增长率" is '（本期−上年同期）÷上年同期×100，单位%；无数的为空';
            create view "园区"."目录" as select 1 as "序号", '企业月度' as "视图", '一家企业的一个月' as "一行是", '每月怎样？' as "回答";
            """
        )
    return path


@pytest.fixture
def park(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of the park that published the file."""
    (tmp_path / "home" / "published").mkdir(parents=True)
    os.link(file, tmp_path / "home" / "published" / "park.duckdb")
    monkeypatch.setenv("PARKBRIDGE_HOME", str(tmp_path / "home"))
    return Settings.from_environment()


def loaded(path: Path) -> Any:
    return openpyxl.load_workbook(path)


def test_a_workbook_has_typed_cells_a_frozen_header_and_an_explanation(park: Settings, tmp_path: Path) -> None:
    to = tmp_path / "月度.xlsx"
    assert export(park, ["企业月度"], to=to) == [(to, 3)]
    book = loaded(to)
    assert book.sheetnames == ["企业月度", "说明"]
    sheet = book["企业月度"]
    assert [cell.value for cell in sheet[1]] == [
        "企业编号", "企业名称", "月份", "参保人数", "销售额", "同比增长率", "数据截至时间"
    ]  # fmt: skip
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:G4"
    assert [cell.value for cell in sheet[2]] == [
        "E1", '=HYPERLINK("http://x")', datetime(2026, 9, 1), 12, 1234.5, 8.25, datetime(2026, 11, 28, 2)
    ]  # fmt: skip
    assert [cell.number_format for cell in sheet[2]][2:] == [
        "yyyy-mm", "#,##0", "#,##0.00", '#,##0.00"%"', "yyyy-mm-dd hh:mm:ss"
    ]  # fmt: skip
    assert sheet["E3"].value == "123456789012345678.90", "17 digits are no number of Excel's"
    assert [cell.value for cell in sheet[4]][3:6] == [None, None, None], "no value is an empty cell"
    formula = sheet["B2"]
    assert (formula.data_type, formula.quotePrefix) == ("s", True)
    assert 10 <= sheet.column_dimensions["B"].width <= 48
    explained = {tuple(row[:2]): row[2:] for row in book["说明"].iter_rows(values_only=True)}
    assert explained["企业月度", "销售额"] == ("所属期内申报的应税销售额，单位：元", "元")
    assert explained["企业月度", "同比增长率"][1] == "%"
    assert "20261127T180000Z" in explained[None, None][0]


def test_every_operators_view_is_a_sheet(park: Settings, tmp_path: Path) -> None:
    export(park, to=tmp_path / "all.xlsx")
    assert loaded(tmp_path / "all.xlsx").sheetnames == ["目录", "企业月度", "说明"]


def test_a_folder_gets_a_file_per_view(park: Settings, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    written = export(park, ["企业月度", "snapshots.enterprise_month"], to=tmp_path / "out")
    assert sorted(path.name for path, _ in written) == ["snapshots.enterprise_month.xlsx", "企业月度.xlsx"]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["snapshots.enterprise_month.xlsx", "企业月度.xlsx"]


# --- texts ------------------------------------------------------------------------------------------------------------


def as_shown(text: str) -> str:
    """What a cell can hold of a text: XML has no control characters, and one kind of line end; other marks as signs."""
    kept = text.replace("\r\n", "\n").replace("\r", "\n")
    legal = "".join(
        c for c in kept if c in "\n\t" or (ord(c) >= 32 and c not in "\ufffe\uffff" and not "\ud800" <= c <= "\udfff")
    )
    return shown(legal, in_lines=True)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), min_size=1, max_size=8))
@example(HOSTILE)
def test_any_text_comes_back_as_text(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    path = tmp_path_factory.mktemp("texts") / "t.xlsx"
    write_workbook(path, [Sheet("t", ["a"], [(text,) for text in texts])])
    cells = [row[0] for row in loaded(path)["t"].iter_rows(min_row=2, max_col=1)]
    assert {cell.data_type for cell in cells if cell.value is not None} <= {"s"}
    # openpyxl leaves Excel's escapes as they are; calamine resolves them
    assert [(cell.value or "").replace("_x005F_x", "_x") for cell in cells] == [as_shown(text) for text in texts]
    with zipfile.ZipFile(path) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


def test_another_reader_finds_the_same(tmp_path: Path) -> None:
    write_workbook(tmp_path / "t.xlsx", [Sheet("t", ["a", "b"], [(text, 1) for text in HOSTILE])])
    found = python_calamine.load_workbook(str(tmp_path / "t.xlsx")).get_sheet_by_name("t").to_python()
    assert [str(row[0]).replace("_x005F_x", "_x") for row in found[1:]] == [as_shown(text) for text in HOSTILE]


def test_a_text_of_excel_s_escapes_is_escaped(tmp_path: Path) -> None:
    write_workbook(tmp_path / "t.xlsx", [Sheet("t", ["a"], [("_x0041_",)])])
    with zipfile.ZipFile(tmp_path / "t.xlsx") as archive:
        assert b">_x005F_x0041_<" in archive.read("xl/worksheets/sheet1.xml"), "else Excel shows A"


def test_values_that_excel_would_change_are_texts(tmp_path: Path) -> None:
    values = [
        10**15,
        Decimal("1234567890123456.7"),
        date(1899, 12, 31),
        date(1900, 2, 28),
        float("nan"),
        float("inf"),
        [1, "a"],
    ]
    path = tmp_path / "t.xlsx"
    write_workbook(path, [Sheet("t", ["a"], [(value,) for value in values])])
    cells = [row[0] for row in loaded(path)["t"].iter_rows(min_row=2)]
    assert {cell.data_type for cell in cells} == {"s"}
    assert [cell.value for cell in cells] == [
        "1000000000000000", "1234567890123456.7", "1899-12-31", "1900-02-28", "nan", "inf", '[1,"a"]'
    ]  # fmt: skip
    write_workbook(path, [Sheet("t", ["a", "b", "c"], [(date(1900, 3, 1), True, 0.1)])])
    assert [cell.value for cell in loaded(path)["t"][2]] == [datetime(1900, 3, 1), True, 0.1]


def test_a_long_text_is_cut_with_a_word(tmp_path: Path) -> None:
    write_workbook(tmp_path / "t.xlsx", [Sheet("t", ["a"], [("𠀀" * 20_000,), ("a" * 32_767,)])])
    sheet = loaded(tmp_path / "t.xlsx")["t"]
    assert len(sheet["A2"].value.encode("utf-16-le")) // 2 <= 32_767
    assert sheet["A2"].value.endswith("已截断)")
    assert sheet["A3"].value == "a" * 32_767


def test_names_of_sheets_are_those_that_excel_takes(tmp_path: Path) -> None:
    names = ["a/b:c", "A_b_C", "x" * 40, "x" * 41, "'", "说明"]
    write_workbook(tmp_path / "t.xlsx", [Sheet(name, ["a"], []) for name in names])
    assert loaded(tmp_path / "t.xlsx").sheetnames == ["a_b_c", "A_b_C_2", "x" * 31, "x" * 29 + "_2", "Sheet", "说明"]


def test_every_part_is_xml_and_named_in_the_list_of_types(park: Settings, tmp_path: Path) -> None:
    export(park, to=tmp_path / "all.xlsx")
    with zipfile.ZipFile(tmp_path / "all.xlsx") as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            ElementTree.fromstring(archive.read(name))
        listed = archive.read("[Content_Types].xml").decode()
        assert all(
            f'"/{name}"' in listed for name in archive.namelist() if name.startswith("xl/") and "_rels" not in name
        )


def test_more_rows_than_excel_holds_are_one_clear_error(
    park: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert workbook.MOST_ROWS == 2**20
    monkeypatch.setattr(workbook, "MOST_ROWS", 3)
    (tmp_path / "a.xlsx").write_bytes(b"earlier")
    with pytest.raises(
        ParkBridgeError, match=r"企业月度: it has more than 2 rows; 2 in a sheet of Excel allowed. Next: .*parquet"
    ):
        export(park, ["企业月度"], to=tmp_path / "a.xlsx")
    assert (tmp_path / "a.xlsx").read_bytes() == b"earlier"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.xlsx", "home"], "no half file is left"


# --- the night's workbook ---------------------------------------------------------------------------------------------


def test_a_view_too_large_for_a_sheet_is_left_out_of_the_night_s_workbook_and_said(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "MOST_ROWS", 3)
    assert write_operators_workbook(file, tmp_path / "all.xlsx") == 1
    book = loaded(tmp_path / "all.xlsx")
    assert book.sheetnames == ["目录", "说明"]
    assert "超出 Excel" in next(row[2] for row in book["说明"].iter_rows(values_only=True) if row[0] == "企业月度")


# --- CSV, Parquet, Arrow ----------------------------------------------------------------------------------------------


def test_csv_is_for_excel_and_runs_nothing(park: Settings, tmp_path: Path) -> None:
    export(park, ["企业月度"], to=tmp_path / "a.csv")
    content = (tmp_path / "a.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(content.decode("utf-8-sig").splitlines()))
    assert rows[1] == ["E1", '\'=HYPERLINK("http://x")', "2026-09-01", "12", "1234.50", "8.25", "2026-11-28 02:00:00"]
    assert rows[2][5] == "-1.50", "a number is a number"
    export(park, ["企业月度"], to=tmp_path / "b.csv", as_is=True)
    assert b'"=HYPERLINK' in (tmp_path / "b.csv").read_bytes()


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_csv_for_excel_begins_as_a_formula(text: str) -> None:
    from warehouse.answers import Look, write_answer

    written: list[str] = []
    write_answer(["a"], [(text,)], Look("csv-excel"), written.append)
    field = (
        next(csv.reader(["".join(written).split("\r\n", 1)[1]], strict=True))[0]
        if "\n" not in text
        else "".join(written[2:])
    )
    assert field.lstrip('"')[0] not in "=+-@\t\r＝＋－＠"
    assert shown(text.split("\n")[0].lstrip("'"), in_lines=True) in field


def test_parquet_is_divided_by_month(park: Settings, tmp_path: Path) -> None:
    export(park, ["企业月度", "snapshots.enterprise_month", "目录"], to=tmp_path, form="parquet")
    found = duckdb.execute(
        f"select month, count(*), sum(参保人数), min(月份) from read_parquet('{tmp_path}/企业月度/*/*.parquet', hive_partitioning = true) "
        "group by 1 order by 1"
    ).fetchall()
    assert found == [("2026-09", 1, 12, date(2026, 9, 1)), ("2026-10", 2, 13, date(2026, 10, 1))]
    schema = pq.read_schema(tmp_path / "snapshots.enterprise_month" / "month=2026-10" / "data.parquet")
    assert "month" not in schema.names, "the folder's name holds it"
    assert schema.field("sales_amount").type == pa.decimal128(30, 2)
    assert (tmp_path / "目录.parquet").is_file()
    export(park, ["企业月度"], to=tmp_path, form="parquet")
    assert not [p.name for p in tmp_path.iterdir() if p.name.startswith(".")]
    (tmp_path / "企业月度" / "note.txt").write_text("mine", encoding="utf-8")  # beside two months of ours
    with pytest.raises(ParkBridgeError, match="something else"):
        export(park, ["企业月度"], to=tmp_path, form="parquet")
    (tmp_path / "企业月度" / "note.txt").rename(tmp_path / "企业月度" / "month=2026-09" / "note.txt")
    with pytest.raises(ParkBridgeError, match="something else"):
        export(park, ["企业月度"], to=tmp_path, form="parquet")


def test_a_folder_that_holds_something_else_is_left_alone(park: Settings, tmp_path: Path) -> None:
    (tmp_path / "企业月度").mkdir()
    (tmp_path / "企业月度" / "note.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ParkBridgeError, match="something else"):
        export(park, ["企业月度"], to=tmp_path, form="parquet")
    assert (tmp_path / "企业月度" / "note.txt").read_text(encoding="utf-8") == "mine"


def test_arrow_carries_types_and_meanings(park: Settings, tmp_path: Path) -> None:
    export(park, ["snapshots.enterprise_month"], to=tmp_path / "a.arrow")
    with pa.ipc.open_file(str(tmp_path / "a.arrow")) as opened:
        table = opened.read_all()
    assert table.num_rows == 3
    assert table.schema.field("month").type == pa.date32()
    assert "单位：人" in table.schema.field("insured_headcount").metadata[b"comment"].decode()


# --- places -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "to", "form", "message"),
    [
        (["企业月度"], "none/a.xlsx", None, "there is no folder .*none. Next: make it first"),
        (["企业月度"], "folder.xlsx", None, None),
        (["企业月度"], "a.xls", None, "a.xls: .xls is no format; xlsx, csv, parquet, arrow allowed"),
        (["企业月度"], "a.csv", "xlsx", "a.csv is not called .xlsx"),
        (["企业月度"], "nowhere", "csv", "there is no folder .*nowhere"),
        (["企业月度", "目录"], "a.csv", None, "2 views do not go into a.csv. Next: name one view, or a folder"),
        (["企业月"], "a.csv", None, "there is no view 企业月. Did you mean .*企业月度"),
    ],
)
def test_a_place_that_cannot_be_written_is_one_line(
    park: Settings, tmp_path: Path, names: list[str], to: str, form: str | None, message: str | None
) -> None:
    (tmp_path / "folder.xlsx").mkdir()
    if message is None:
        assert export(park, names, to=tmp_path / to, form=form) == [(tmp_path / to / "企业月度.xlsx", 3)], (
            "a folder is a folder"
        )
        return
    with pytest.raises(ParkBridgeError, match=message) as caught:
        export(park, names, to=tmp_path / to, form=form)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("form", exports.FORMATS)
def test_what_fails_on_the_way_leaves_the_earlier_file(
    park: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    target = tmp_path / f"a.{form}"
    target.write_bytes(b"earlier")

    def full(part: Path, place: Path) -> None:
        assert part.stat().st_size > 0
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exports, "put", full)
    with pytest.raises(ParkBridgeError, match=r"No space left on device. Next: free space"):
        export(park, ["企业月度"], to=target)
    assert target.read_bytes() == b"earlier"
    assert sorted(p.name for p in tmp_path.iterdir()) == [target.name, "home"]


# --- the command line -------------------------------------------------------------------------------------------------


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(park: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `parkbridge WORDS` in this process: its exit code, and what it wrote."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["parkbridge", *words])
        code = parkbridge.main()
        return code, *capsys.readouterr()

    return run


def test_the_command_says_what_it_wrote(run: Run, tmp_path: Path) -> None:
    assert run("export", "企业月度", "--to", "a.xlsx") == (0, "a.xlsx: 3 rows\n", "")
    assert loaded(tmp_path / "a.xlsx")["企业月度"].max_row == 4
    code, _, complaint = run("export", "--to", "a.pdf")
    assert (code, complaint.count("\n")) == (1, 1)


def test_an_answer_goes_into_a_workbook_with_the_meaning_of_its_columns(run: Run, tmp_path: Path) -> None:
    query = 'set variable a = 1; select 企业名称, 销售额 from "园区"."企业月度" -- end'
    assert run("sql", query, "-o", "问.xlsx") == (0, "", "问.xlsx: 3 rows written\n")
    book = loaded(tmp_path / "问.xlsx")
    assert ["问", "销售额", "所属期内申报的应税销售额，单位：元", "元"] in [
        list(r) for r in book["说明"].iter_rows(values_only=True)
    ]
    assert run("sql", "from snapshots.enterprise_month", "-o", "a.parquet")[0] == 0
    assert pq.read_table(tmp_path / "a.parquet").num_rows == 3
    for wrong in (
        "select 1; select 2",
        "create temp table t as select 1",
        "select nothing",
        "copy ops.night to 'x.csv'",
    ):
        code, _, complaint = run("sql", wrong, "-o", "a.parquet")
        assert (code, complaint.count("\n")) == (1, 1), complaint
    assert pq.read_table(tmp_path / "a.parquet").num_rows == 3, "the earlier file stays"


@pytest.mark.parametrize(
    ("name", "values", "is_percent", "expected"),
    [
        ("a", [None], False, 8),
        ("a", ["nine here", "b"], False, 10),
        ("a", ["b", "nine here"], False, 10),
        ("a", ["nine here"], True, 11),
        ("楼栋名称", [], False, 11),
        ("a", ["云谷一号楼栋"], False, 13),
        ("a", [12345678], False, 11),
        ("a", [Decimal("-1234567.50")], False, 14),
        ("a", ["first line\nthe second line is no part of it"], False, 11),
        ("a", ["x" * 46], False, 47),
        ("a", ["x" * 60], False, 48),
    ],
)
def test_a_column_is_as_wide_as_its_widest_text(name: str, values: list[Any], is_percent: bool, expected: int) -> None:
    """A letter takes one place, a Chinese character two, the margin one, the filter's button three; between 8 and 48."""
    assert workbook._width(name, values, is_percent=is_percent) == expected


@pytest.mark.parametrize(
    ("name", "values", "is_percent", "code"),
    [
        ("headcount", [5], False, "#,##0"),
        ("headcount", [5], True, '#,##0"%"'),
        ("year_number", [2025], False, "0"),
        ("年份", [2025], False, "0"),
        ("amount", [Decimal("1.50")], False, "#,##0.00"),
        ("amount", [Decimal("1.5")], True, '#,##0.0"%"'),
        ("amount", [Decimal("1.123456")], False, "#,##0.0000"),
        ("amount", [Decimal(7)], False, "#,##0"),
        ("growth", [0.5], False, "#,##0.00"),
        ("as_of", [datetime(2026, 3, 1, 12)], False, "yyyy-mm-dd hh:mm:ss"),
        ("月份", [date(2026, 3, 1), date(2026, 4, 1)], False, "yyyy-mm"),
        ("month", [date(2026, 3, 1), date(2026, 3, 2)], False, "yyyy-mm-dd"),
        ("day", [date(2026, 3, 1)], False, "yyyy-mm-dd"),
        ("is_here", [True], False, None),
        ("note", [None], False, None),
        ("note", ["text"], False, None),
        ("note", [], False, None),
    ],
)
def test_a_column_s_format_follows_from_its_first_value(
    name: str, values: list[Any], is_percent: bool, code: str | None
) -> None:
    styles = workbook._Styles()
    number = workbook._style_of(name, values, is_percent, styles)
    assert list(styles.formats) == ([(code, False)] if code else [])
    assert number == (4 if code else workbook._PLAIN)
