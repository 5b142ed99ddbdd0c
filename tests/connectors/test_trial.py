"""A stranger's sheet: guessed, tried and staged in minutes, and nothing of it kept."""

from __future__ import annotations

import os
import re
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import parkbridge
from connectors.feed import read_feed
from connectors.guess import _MONTH_IN_TITLE, guess
from connectors.office_names import GLOSSARY, RANGES
from connectors.rehearsal import check
from connectors.scaffold import _quoted, multiple, scaffold
from connectors.trial import Found, allowance, report, try_file
from tests.conftest import Park
from tests.connectors.sources.test_file_formats import parquet, workbook
from tests.connectors.sources.test_old_workbooks import old_workbook
from warehouse.declared import read_yaml
from warehouse.errors import DeclarationError, DeliveryRefused
from warehouse.staged_feed import Allowance
from warehouse.subjects import subjects

TAX: list[list[Any]] = [
    ["应纳税额统计表"],
    ["金额单位：万元"],
    ["序号", "税号", "纳税人名称", "税种", "所属期起", "所属期止", "应纳税额（万元）", "办税人", "联系电话"],
    ["=ROW()-3", "T1", "甲公司", "vat", "2026-01-01", "2026-01-31", 7.5, "张三", "13812345678"],
    ["=ROW()-3", "T2", "乙公司", "vat", "2026-01-01", "2026-01-31", 14, "李四", "13912345678"],
    ["合计", None, None, None, None, None, 21.5, None, None],
]


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "税款[9月].xlsx"
    path.write_bytes(workbook(*TAX))
    return path


def test_every_name_of_the_glossary_means_one_column_of_a_subject() -> None:
    given = read_yaml(GLOSSARY.read_text(encoding="utf-8"))
    codes = given.pop("codes")
    assert set(given) | set(codes) <= {column for subject in subjects().values() for column in subject.columns}
    for subject in subjects().values():
        meant: dict[str, list[str]] = {}
        for column, name in ((c, name) for c, names in given.items() if c in subject.columns for name in names):
            meant.setdefault(name, []).append(column)
        assert [n for n, columns in meant.items() if len(columns) > 1 and tuple(columns) not in RANGES] == []


def test_a_sheet_is_guessed(sheet: Path) -> None:
    found = guess(sheet, subjects()["tax_filing"])
    assert dict(found.columns) == {
        "序号": ["ignored"],
        "税号": ["source_key", "taxpayer_no"],
        "纳税人名称": ["enterprise_name"],
        "税种": ["tax_kind_code"],
        "所属期起": ["period_start"],
        "所属期止": ["period_end"],
        "应纳税额（万元）": ["tax_due_amount"],
        "办税人": ["personal"],
        "联系电话": ["personal"],
    }
    assert found.source == {
        "unit": "万元",
        "totals": {"column": "序号", "values": ["合计", "总计", "小计", "本页小计", "total"]},
    }
    assert found.missing == []


@pytest.mark.parametrize(
    ("header", "used"),
    [
        ("月租金（元/月）", True),
        ("月租金（不含2026年优惠）", True),
        ("月租金（美元）", False),
        ("月租金（元/㎡/天）", False),
        ("计划月租金", False),
        ("租赁面积(㎡)", True),
        ("租赁面积（亩）", False),
    ],
)
def test_a_figure_in_a_unit_that_is_not_reckoned_with_is_left_to_a_person(
    tmp_path: Path, header: str, used: bool
) -> None:
    path = tmp_path / "台账.xlsx"
    path.write_bytes(workbook(["合同编号", "客户编号", "承租人", header], ["L1", "K1", "甲公司", 2]))
    assert (guess(path, subjects()["lease"]).columns[header] != ["ignored"]) is used


def test_a_name_that_is_known_goes_before_one_that_is_alike(tmp_path: Path) -> None:
    path = tmp_path / "台账.xlsx"
    path.write_bytes(workbook(["合同编号", "租期", "租赁开始日期说明", "起租日"], ["L1", "3年", "x", "2025-01-01"]))
    found = guess(path, subjects()["lease"]).columns
    assert found == {
        "合同编号": ["lease_no"],
        "租期": ["ignored"],
        "租赁开始日期说明": ["personal"],
        "起租日": ["start_date"],
    }


TWO_LINES: list[list[Any]] = [
    ["江屿产业园水电费明细表"],
    ["户号", "企业名称", "电", None, "水费", None],
    [None, None, "表号", "用量", "应收", "实收"],
    ["0001", "甲公司", "D1", 5, 3, 2],
]


def with_notes(sheet: Any) -> None:
    sheet.parent.create_sheet("说明").append(["见总表"])


@pytest.mark.parametrize(
    ("name", "content", "source", "figures"),
    [
        ("水电202610.xlsx", workbook(*TWO_LINES), {"header_lines": 2}, [("D1", "2026-10-01", "5.000")]),
        (
            "用电.xlsx",
            workbook(
                ["江屿产业园2026年10月用电情况", None, "2026年11月3日"],
                ["户号", "表号", "用电情况", None, "备注"],
                [None, None, "用量", "电费", None],
                ["0001", "D1", 5, 3, None],
            ),
            {"header_lines": 2, "title_pattern": _MONTH_IN_TITLE},
            [("D1", "2026-10-01", "5.000")],
        ),
        (
            "用电2026.csv",
            "户号,户名,表号,1月,2月,10月,合计\n0001,甲公司,D1,1,2,,3\n".encode("gb18030"),
            {
                "encoding": "gb18030",
                "unpivot": {"columns": ["M月"], "period": "月份", "value": "用量", "totals": ["合计"]},
            },
            [("D1", "2026-01-01", "1.000"), ("D1", "2026-02-01", "2.000")],
        ),
        (
            "用电.csv",
            "户号,表号,202601,202602,202610\n0001,D1,1,2,3\n".encode(),
            {"unpivot": {"columns": ["YYYYMM"], "period": "月份", "value": "用量"}},
            [("D1", f"2026-{month}-01", f"{n}.000") for n, month in enumerate(("01", "02", "10"), 1)],
        ),
        (
            "台账.xlsx",
            workbook(
                ["户号", "表号", "月份", "用量"],
                ["0001", "D1", "2026-10", 5],
                edit=with_notes,
            ),
            {"sheet": "台账"},
            [("D1", "2026-10-01", "5.000")],
        ),
        (
            "a.parquet",
            parquet(pa.table({"户号": ["0001"], "表号": ["D1"], "月份": ["2026-10"], "用量": [5.0]})),
            {},
            [("D1", "2026-10-01", "5.000")],
        ),
    ],
)
def test_everyday_layouts_are_guessed(
    tmp_path: Path, name: str, content: bytes, source: dict[str, Any], figures: list[tuple[str, ...]]
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    found = guess(path, subjects()["utility_use"])
    assert {key: value for key, value in found.source.items() if key != "name_pattern"} == source
    folder = scaffold(tmp_path / "feeds", "power", "utility_use", found)
    sql = (folder / "stage.sql").read_text()
    if found.missing:
        assert found.missing == ["utility_code"]
        (folder / "stage.sql").write_text(sql.replace("row_number,", "row_number, 'electricity' as utility_code,", 1))
    (tried,) = try_file(read_feed(folder), path)
    assert [(row["meter_no"], row["month"], row["used_quantity"]) for row in tried.staged] == figures


def test_a_guessed_feed_stages_the_sheet_that_it_was_guessed_from(sheet: Path, tmp_path: Path) -> None:
    folder = scaffold(tmp_path / "feeds", "tax_due", "tax_filing", guess(sheet, subjects()["tax_filing"]))
    feed = read_feed(folder)
    assert check(feed) == []
    before = sorted(tmp_path.rglob("*"))
    (found,) = try_file(feed, sheet)
    assert sorted(tmp_path.rglob("*")) == before, "nothing is kept"
    good = [row for row in found.staged if not row["rejected_because"]]
    assert [(row["source_key"], row["enterprise_name"], row["tax_due_amount"]) for row in good] == [
        ("T1", "甲公司", "75000.00"),
        ("T2", "乙公司", "140000.00"),
    ]
    lines = "\n".join(report(feed, found))
    assert "2 rows for staged.tax_filing, 0 left out by stage.sql, 0 put aside" in lines
    assert "办税人 → personal: never kept" in lines
    assert not any(person in lines for person in ("张三", "李四", "13812345678"))
    assert allowance(feed, found) is None, "one row of three, where three may be wrong"


@pytest.mark.parametrize("name", ["a.xls", "a.et", "b.xls"])
def test_old_workbooks_and_web_pages_are_guessed(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "b.xls":
        lines = ("<tr><td>" + "<td>".join(str(cell or "") for cell in row) for row in TAX)
        path.write_text(f"<table>{''.join(lines)}</table>", encoding="utf-8")
    else:
        path.write_bytes(old_workbook(*([cell for cell in row if not str(cell).startswith("=")] for row in TAX)))
    found = guess(path, subjects()["tax_filing"])
    assert found.columns["税号"] == ["source_key", "taxpayer_no"]
    assert found.source == {
        "unit": "万元",
        "totals": {"column": "序号", "values": ["合计", "总计", "小计", "本页小计", "total"]},
    }


@pytest.mark.parametrize(
    ("subject", "header", "row", "fed", "figures"),
    [
        (
            "tax_filing",
            "税号,税种,所属期起,所属期止,营业收入本年累计,应纳税额",
            "T1,vat,2026-01-01,2026-06-30,7,1",
            {"营业收入本年累计": ["sales_amount"], "应纳税额": ["tax_due_amount"]},
            {"sales_amount": "year_to_date", "tax_due_amount": "flow"},
        ),
        (
            "utility_use",
            "户号,表号,类别,月份,上期示数,本期示数",
            "K1,A1,water,2026-01,5,7",
            {"上期示数": ["ignored"], "本期示数": ["used_quantity"]},
            {"used_quantity": "reading"},
        ),
        # the use is stated too, and counts
        (
            "utility_use",
            "户号,表号,类别,月份,本期示数,本月累计用电量",
            "K1,A1,water,2026-01,7,2",
            {"本期示数": ["ignored"], "本月累计用电量": ["used_quantity"]},
            {},
        ),
    ],
)
def test_running_totals_and_readings_are_guessed(
    tmp_path: Path, subject: str, header: str, row: str, fed: dict[str, list[str]], figures: dict[str, str]
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{header}\n{row}\n", encoding="utf-8")
    found = guess(path, subjects()[subject])
    assert {name: found.columns[name] for name in fed} == fed
    assert found.figures == figures
    feed = read_feed(scaffold(tmp_path / "feeds", "begun", subject, found))
    assert {column: figure.kind for column, figure in feed.figures.items()} == figures
    (tried,) = try_file(feed, path)
    lines = "\n".join(report(feed, tried))
    assert all(f"{column} ({kind})" in lines for column, kind in figures.items())


@pytest.mark.parametrize(
    ("encoding", "delimiter", "name"),
    [("gb18030", ";", "a.csv"), ("utf-8-sig", ",", "a.csv"), ("utf-8", "\t", "a.txt")],
)
def test_encodings_and_separators_are_found(tmp_path: Path, encoding: str, delimiter: str, name: str) -> None:
    lines = [
        ["参保单位名册"],
        ["单位编号", "单位名称", "所属期", "参保人数"],
        ["U1", "昆山甲电子有限公司", "2026年10月份", "12"],
    ]
    path = tmp_path / name
    path.write_text("".join(delimiter.join(line) + "\n" for line in lines), encoding=encoding)
    feed = read_feed(scaffold(tmp_path / "feeds", "staff", "employment", guess(path, subjects()["employment"])))
    (found,) = try_file(feed, path)
    assert [(row["unit_no"], row["month"], row["insured_headcount"]) for row in found.staged] == [
        ("U1", "2026-10-01", "12")
    ]


def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, sheet: Path) -> None:
    feed = read_feed(scaffold(tmp_path / "feeds", "tax_due", "tax_filing", guess(sheet, subjects()["tax_filing"])))
    bad = workbook(*TAX[:3], [None, "#N/A", "甲公司", "vat", "2026-01-01", "2026-01-31", "=1+1", None, None])
    sheet.write_bytes(bad)
    (found,) = try_file(feed, sheet)
    assert [reason for _, reason in found.unreadable] == ["cell G4: a formula, not a value"]
    sheet.write_bytes(workbook(["单位：元"], *TAX[2:]))
    with pytest.raises(DeliveryRefused, match="the unit 元"):
        try_file(feed, sheet)
    with pytest.raises(DeclarationError, match="is no file"):
        try_file(feed, tmp_path / "none.xlsx")


def test_a_file_of_a_clock_that_is_ahead_is_tried_all_the_same(sheet: Path, tmp_path: Path) -> None:
    feed = read_feed(scaffold(tmp_path / "feeds", "tax_due", "tax_filing", guess(sheet, subjects()["tax_filing"])))
    ahead = time.time() + 3 * 3600
    os.utime(sheet, (ahead, ahead))
    assert len(try_file(feed, sheet)) == 1


@pytest.mark.parametrize(
    ("name", "content", "fact"),
    [
        ("a.pdf", b"%PDF-1.4", "cannot be guessed"),
        ("a.csv", b"1,2,3\n4,5,6\n", "looks like a header"),
        ("a.csv", b"", "looks like a header"),
        ("a.csv", "户名,户名\n甲,乙\n".encode(), "two columns have one name"),
    ],
)
def test_what_cannot_be_guessed_is_said(tmp_path: Path, name: str, content: bytes, fact: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DeclarationError, match=fact):
        guess(tmp_path / name, subjects()["utility_use"])


def test_the_commands(
    sheet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "feeds").mkdir()
    monkeypatch.setenv("PARKBRIDGE_FEEDS", str(tmp_path / "feeds"))
    monkeypatch.setenv("PARKBRIDGE_HOME", str(tmp_path / "home"))

    def run(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["parkbridge", "feed", *words])
        return parkbridge.main(), capsys.readouterr().out

    code, text = run("new", "tax_due", "--subject", "tax_filing", "--from", str(sheet))
    assert (code, "  税号 → source_key, taxpayer_no\n" in text) == (0, True)
    code, text = run("try", "tax_due", str(sheet))
    assert (code, "nothing was kept" in text) == (0, True)
    assert not (tmp_path / "home" / "raw").exists()
    assert run("new", "Tax", "--subject", "tax_filing")[0] != 0
    assert not (tmp_path / "feeds" / "Tax").exists(), "a feed that is none leaves no folder"


def test_a_unit_in_a_columns_own_header_makes_yuan(tmp_path: Path) -> None:
    """注册资本（万元） 500 is 5,000,000 yuan, also in a sheet that states no unit; 月租金（元） is yuan in one of 万元."""
    path = tmp_path / "名录.xlsx"
    path.write_bytes(workbook(["企业名称", "信用代码", "注册资本（万元）"], ["甲公司", "91320594MA1XXXXX0X", 500]))
    feed = read_feed(scaffold(tmp_path / "feeds", "firms", "registration", guess(path, subjects()["registration"])))
    (found,) = try_file(feed, path)
    assert [row["registered_capital_amount"] for row in found.staged] == ["5000000.00"]
    path.write_bytes(
        workbook(
            ["台账", "单位：万元"],
            ["合同编号", "承租方", "起租日", "月租金（元）"],
            ["L1", "甲公司", "2026-01-01", 500],
        )
    )
    feed = read_feed(scaffold(tmp_path / "feeds", "rents", "lease", guess(path, subjects()["lease"])))
    (found,) = try_file(feed, path)
    assert [row["monthly_rent_amount"] for row in found.staged] == ["500.00"]


@pytest.mark.parametrize(
    ("unit", "header", "quantity"),
    [
        ("单位：万千瓦时", "用电量", "35000.000"),
        ("单位：万kWh", "用电量", "35000.000"),
        ("计量单位：MWh", "用电量", "3500.000"),
        ("", "用电量（兆瓦时）", "3500.000"),
        ("", "用量(万度)", "35000.000"),
        ("单位：千瓦时", "用电量", "3.500"),
        ("单位：万元", "用电量（千瓦时）", None),
        ("(RMB'000)", "用电量", None),
    ],
)
def test_a_unit_of_energy_makes_kwh_or_stops(tmp_path: Path, unit: str, header: str, quantity: str | None) -> None:
    path = tmp_path / "抄表.xlsx"
    head = ["户号", "表号", "月份", "类别", header]
    path.write_bytes(workbook(["抄表", unit], head, ["K1", "D1", "2026-10", "electricity", 3.5]))
    feed = read_feed(scaffold(tmp_path / "feeds", "meters", "utility_use", guess(path, subjects()["utility_use"])))
    if quantity is None:
        with pytest.raises(DeliveryRefused, match="state the unit"):
            try_file(feed, path)
    else:
        assert [row["used_quantity"] for row in try_file(feed, path)[0].staged] == [quantity]


def test_words_for_codes_are_begun_and_others_are_said(tmp_path: Path) -> None:
    path = tmp_path / "抄表.xlsx"
    head = ["户号", "表号", "月份", "类别", "用量"]
    path.write_bytes(workbook(head, ["K1", "D1", "2026-10", "电", 3.5]))
    folder = scaffold(tmp_path / "feeds", "meters", "utility_use", guess(path, subjects()["utility_use"]))
    feed = read_feed(folder)
    assert feed.codes["类别"].items() >= {"电": "electricity", "水": "water", "燃气": "gas", "自来水": "water"}.items()
    assert [check["between"] for check in feed.checks] == [[0, 100_000_000]]
    (tried,) = try_file(feed, path)
    assert [row["utility_code"] for row in tried.staged] == ["electricity"]
    (tried,) = try_file(replace(feed, codes={}), path)
    assert "utility_code is 电, which no code is" in "\n".join(report(feed, tried))
    assert allowance(feed, tried) == "utility_code: values that are no codes: the feed would stop"


def test_a_list_of_persons_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "参保名册.xlsx"
    names = ["单位编号", "单位名称", "费款所属期", "姓名", "身份证号码", "备注"]
    people = [
        ["U1", "甲公司", "2026-10", "张三", "320594199001010013", None],
        ["U1", "甲公司", "2026-10", "李四", None, "x"],
    ]
    path.write_bytes(workbook(names, *people))
    found = guess(path, subjects()["employment"])
    assert found.missing == []
    (tried,) = try_file(read_feed(scaffold(tmp_path / "feeds", "staff_list", "employment", found)), path)
    assert [(row["source_key"], row["enterprise_name"], row["insured_headcount"]) for row in tried.staged] == [
        ("U1", "甲公司", "2")
    ]
    assert [reason for _, reason in tried.unreadable] == [
        "lines without a usable number, each counted as one: 1 of U1, 甲公司, 2026-10"
    ]


def test_one_column_of_the_period_is_its_beginning_and_its_end(tmp_path: Path) -> None:
    path = tmp_path / "申报.xlsx"
    path.write_bytes(workbook(["税号", "名称", "税种", "所属期", "收入"], ["T1", "甲公司", "vat", "2026年第三季度", 5]))
    found = guess(path, subjects()["tax_filing"])
    assert found.missing == []
    (tried,) = try_file(read_feed(scaffold(tmp_path / "feeds", "filings", "tax_filing", found)), path)
    assert [(row["period_start"], row["period_end"]) for row in tried.staged] == [("2026-07-01", "2026-09-30")]


@pytest.mark.parametrize("name", ["社保人数2026年10月", "社保人数_202610", "2026-10 社保", "社保2026年1月"])
def test_the_month_is_taken_from_the_files_name(tmp_path: Path, name: str) -> None:
    """A sheet of one month with a signature that is shorter than its rows: no name of a person lands."""
    path = tmp_path / f"{name}.xlsx"
    rows: list[list[Any]] = [
        ["社保编号", "单位名称", "参保人数", "缴费基数", "备注"],
        ["S1", "甲公司", 12, 96000, None],
    ]
    path.write_bytes(workbook(["月报", None, None, "单位：人、元"], *rows, ["制表人：张三", None, "审核人：李四"]))
    found = guess(path, subjects()["employment"])
    assert found.missing == []
    assert "unit" not in found.source
    feed = read_feed(scaffold(tmp_path / "feeds", "staff_a", "employment", found))
    (tried,) = try_file(feed, path)
    month = "2026-01-01" if "年1月" in name else "2026-10-01"
    assert [(row["source_key"], row["month"], row["rejected_because"]) for row in tried.staged] == [("S1", month, "")]


def test_a_file_whose_name_has_no_month_needs_a_column(tmp_path: Path) -> None:
    path = tmp_path / "合同20261031号.xlsx"
    path.write_bytes(workbook(["社保编号", "单位名称", "参保人数"], ["S1", "甲公司", 12]))
    assert guess(path, subjects()["employment"]).missing == ["month"]


def test_what_is_hidden_is_shown(tmp_path: Path) -> None:
    def hide(sheet: Any) -> None:
        sheet.row_dimensions[5].hidden = True

    path = tmp_path / "税款.xlsx"
    path.write_bytes(workbook(*TAX, edit=hide))
    folder = scaffold(tmp_path / "feeds", "tax_sheet", "tax_filing", guess(path, subjects()["tax_filing"]))
    feed = read_feed(folder)
    (found,) = try_file(feed, path)
    assert "  ! sheet 台账: 1 hidden rows are read as all others (row 5)" in list(report(feed, found))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["T1,2026-01-01", "T2,2026-01-02", "T3,上周"], None),  # one row may always be
        (["T1,2026-01-01", "T2,2026-01-02,x", "T3,2999-01-01"], r"2 of 3 rows \(66.7 %\) cannot be used .*10 % allowed: the feed would"),
        (["T1,2026-01-01", "T1,2026-01-02"], "no row of it can be used"),  # they disagree
        ([f"T{n},2026-01-0{n} 16:00" for n in (1, 2, 3)], "申报日期 is at 16:00 in 3 of 3 rows .*a day too early: the feed would stop"),
        ([], "a.csv is empty: the feed would stop"),
    ],
)  # fmt: skip
def test_a_trial_says_why_the_feed_would_stop(tmp_path: Path, rows: list[str], message: str | None) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["税号,申报日期,税种,所属期", *(f"{row},vat,2026年1月" for row in rows), ""]))
    feed = read_feed(scaffold(tmp_path / "feeds", "filings", "tax_filing", guess(path, subjects()["tax_filing"])))
    feed = replace(feed, allow=Allowance(rejected_pct=10, rejected_rows=1), replaces="period")
    (found,) = try_file(feed, path)
    said = allowance(feed, found)
    assert said is None if message is None else re.search(message, said or "")


def test_a_trial_counts_what_is_left_out_and_shows_five_of_each(park: Park) -> None:
    feed = replace(park.feed("staff"), aliases={"单位代码": "单位编号"})
    row = {
        "source_key": "U1",
        "month": "2026-01-01",
        "insured_headcount": "12",
        "rejected_because": "",
        "skip_because": "",
    }
    row |= dict.fromkeys(set(feed.subject.columns) - set(row), "")
    staged = [
        *(row | {"source_key": f"U{n}"} for n in range(7)),
        *(row | {"rejected_because": "no month"} for _ in range(2)),
        *(row | {"rejected_because": f"reason {n}"} for n in range(6)),
        row | {"skip_because": "a total"},
    ]
    header = ("单位代码", "经办人", "备注", "缴费基数")
    found = Found("a.csv", header, 1234, None, [(n, "torn") for n in range(8)], staged, ["a hidden row"])
    lines = list(report(feed, found))
    assert lines[:6] == [
        "a.csv: 1,234 rows",
        "  单位代码 → source_key",
        "  经办人 → personal: never kept",
        "  备注 → ignored",
        "  缴费基数 → wage_amount",
        "  ! a hidden row",
    ]
    assert lines[6] == "  7 rows for staged.employment, 1 left out by stage.sql, 8 put aside, 8 lines unreadable"
    rest = lines[7:]
    assert [line for line in rest if "line " in line] == [f"  ✗ line {n}: torn" for n in range(5)]
    assert rest[5] == "  ✗ 2 × put aside: no month"
    assert sum("put aside" in line for line in rest) == 5
    assert "  ✗ 1 × left out: a total" in rest
    good = [line for line in rest if re.match(r"  \d\. ", line)]
    assert good == [f"  {n}. source_key U{n - 1}, month 2026-01-01, insured_headcount 12" for n in range(1, 6)]
    assert next(report(feed, replace(found, first_line=4))) == "a.csv: 1,234 rows, from line 4"


@pytest.mark.parametrize(
    ("column", "header", "of_sheet", "factor"),
    [
        ("paid_amount", "金额", "万元", "10000"),
        ("paid_amount", "金额（元）", "万元", "1"),  # its own header goes before the sheet's
        ("paid_amount", "金额(万元)", "", "10000"),
        ("paid_amount", "金额/千元", "", "1000"),
        ("paid_amount", "金额【单位：亿元】", "", "100000000"),
        ("paid_amount", "金额[人民币百万元]", "", "1000000"),
        ("paid_amount", "金额（千万元）", "", "10000000"),
        ("paid_amount", "金额（美元）", "万元", "10000"),
        ("paid_amount", "金额（分）", "万元", "0.01"),
        ("paid_amount", "金额（分）", "", "0.01"),
        ("paid_amount", "金额_分", "", "0.01"),
        ("paid_amount", "金额（角）", "", "0.1"),
        ("paid_amount", "金额_万元", "", "10000"),
        ("paid_amount", "金额-千元", "", "1000"),
        ("paid_amount", "金额 万元", "", "10000"),
        ("paid_amount", "金额，万元", "", "10000"),
        ("paid_amount", "金额：万元", "", "10000"),
        ("paid_amount", "金额万元", "", "10000"),
        ("paid_amount", "金额〔万元〕", "", "10000"),
        ("paid_amount", "金额<万元>", "", "10000"),
        ("paid_amount", "金额｛万元｝", "", "10000"),
        ("paid_amount", "金额（万）", "", "10000"),
        ("paid_amount", "金额（以万元计）", "", "10000"),
        ("paid_amount", "金额（含税）（万元）", "", "10000"),
        ("paid_amount", "金额（RMB'000）", "", "1000"),
        ("paid_amount", "金额（元，保留两位）", "", "1"),
        ("paid_amount", "得分", "", "1"),
        ("used_quantity", "用电量（万kWh）", "", "10000"),
        ("used_quantity", "用电量（kW·h）", "", "1"),
        ("used_quantity", "用电量（千瓦时）", "", "1"),
        ("used_quantity", "用电量（千千瓦时）", "", "1000"),
        ("used_quantity", "用电量MWh", "", "1000"),
        ("used_quantity", "用电量_兆瓦时", "", "1000"),
        ("used_quantity", "用电量(GWh)", "", "1000000"),
        ("used_quantity", "用水量（万吨）", "", "10000"),
        ("used_quantity", "用气量（万m³）", "", "10000"),
        ("used_quantity", "用气量", "万元", "1"),
        ("floor_area_m2", "建筑面积（万㎡）", "", "10000"),
        ("people_entry_count", "人次（万）", "", "10000"),
        ("insured_headcount", "人数（百人）", "", "100"),
        ("insured_headcount", "人数（万元）", "万元", "1"),  # no amount
    ],
)
def test_what_makes_yuan_of_an_amount(column: str, header: str, of_sheet: str, factor: str) -> None:
    assert str(multiple(column, header, of_sheet)) == factor


@pytest.mark.parametrize("name", ["企业", "a b", "no", "12", "a: b", "- x", "", "'", "2026-01-01", "a #b", "*", "null"])
def test_a_header_is_quoted_as_yaml_reads_it_back(name: str) -> None:
    assert read_yaml(f"{_quoted(name)}: 1") == {name: 1}
    assert _quoted("企业") == "企业", "plain where it can be"


def test_rows_of_several_kinds_are_said_to_be_such(tmp_path: Path) -> None:
    names = "单位编号,单位名称,费款所属期,险种类型,缴费人数,经办网点\n"
    kinds = ("养老", "失业", "工伤")
    rows = [f"{unit},{unit}公司,202609,{kind},{50 + n},网点\n" for unit in ("S1", "S2") for n, kind in enumerate(kinds)]
    (tmp_path / "a.csv").write_text(names + "".join(rows), encoding="utf-8")
    folder = scaffold(tmp_path / "feeds", "begun", "employment", guess(tmp_path / "a.csv", subjects()["employment"]))
    (found,) = try_file(read_feed(folder), tmp_path / "a.csv")
    assert [note.partition(":")[0] for note in found.notes] == [
        "there is a row of each 险种类型 for one source_key + month"
    ]
    sql = folder / "stage.sql"
    skip = "case when 险种类型 <> '养老' then '其他险种' end as skip_because"
    sql.write_text(
        sql.read_text(encoding="utf-8").replace("\nfrom delivery", f",\n    {skip}\nfrom delivery"), encoding="utf-8"
    )
    (found,) = try_file(read_feed(folder), tmp_path / "a.csv")
    assert not found.notes
    assert [r["insured_headcount"] for r in found.staged if not r["skip_because"]] == ["50", "50"]
