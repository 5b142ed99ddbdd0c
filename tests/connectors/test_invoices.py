"""Invoices are added up before anything is written: worked by hand, and hostile deliveries."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.feed import Invoices, read_feed
from connectors.invoices import aggregated, is_natural_person
from connectors.sources import ROW_NUMBER, Unreadable
from tests.conftest import Park, day
from warehouse.errors import DeclarationError
from warehouse.settings import CHECKOUT

MADE = ("张数", "作废张数", "红字张数", "开具", "作废", "红字")
COLUMNS = ("方向", "本方税号", "本方名称", "对方税号", "对方名称", "日期", "商品", "金额", "状态")
FIRST = Invoices(
    ("方向", "本方税号", "本方名称"), "对方税号", "对方名称", "日期", "商品", 7, "金额", "状态", ("作废",), MADE
)
OWN = ("销项", "91329905MA00000019", "临澜恒达电子有限公司")
CHIPS, PAPER = "1090511" + "0" * 12, "1060105" + "0" * 12
# invented by the check digit of GB 11643, of no person
IDENTITY = "110101199001010015"


def table(*rows: tuple[object, ...], amounts: pa.DataType | None = None) -> pa.RecordBatch:
    """Invoices as an office delivers them."""
    types = {7: amounts or pa.int64()}
    columns = [pa.array([row[i] for row in rows], types.get(i, pa.string())) for i in range(len(COLUMNS))]
    return pa.RecordBatch.from_arrays([pa.array(range(2, len(rows) + 2), pa.int64()), *columns], [ROW_NUMBER, *COLUMNS])


def added_up(
    *rows: tuple[object, ...], amounts: pa.DataType | None = None
) -> tuple[list[tuple[object, ...]], list[str]]:
    """What lands: partner code and name, month, goods and the six figures of each group; and what could not be read."""
    unreadable: list[Unreadable] = []
    found = list(aggregated([table(*rows, amounts=amounts)], FIRST, unreadable))
    names = ("对方税号", "对方名称", "日期", "商品", *MADE)
    return (
        [tuple(row[name] for name in names) for batch in found for row in batch.to_pylist()],
        [one.reason for one in unreadable],
    )


def test_voided_and_red_ones_are_counted_and_added_up_apart() -> None:
    rows, unreadable = added_up(
        (*OWN, "X9", "江屿华泰贸易有限公司", "2026-03-02", CHIPS, 100_00, "正常"),
        (*OWN, "X9", "江屿华泰贸易有限公司", "2026-03-31", CHIPS, 30_00, "作废\u3000"),
        (*OWN, "X9", "江屿华泰贸易有限公司", "2026-03-05", CHIPS, -20_00, "红字"),
        (*OWN, "X9", "江屿华泰贸易有限公司", "2026-03-05", CHIPS, -7_00, "作废"),
        (*OWN, "X9", "江屿华泰贸易有限公司", "2026-04-01", CHIPS, -50_00, "红字"),
        (*OWN, "X9", "江屿华泰贸易有限公司", "2026-03-05", PAPER, 5_00, "正常"),
    )
    # issued 130, voided 30, red 20: net 80; the red letter of April is April's
    assert rows == [
        ("X9", "江屿华泰贸易有限公司", "2026-03", "1090511", 4, 2, 1, 130_00, 30_00, 20_00),
        ("X9", "江屿华泰贸易有限公司", "2026-04", "1090511", 1, 0, 1, 0, 0, 50_00),
        ("X9", "江屿华泰贸易有限公司", "2026-03", "1060105", 1, 0, 0, 5_00, 0, 0),
    ]
    assert unreadable == []


@pytest.mark.parametrize(
    ("status", "valid", "said"),
    [
        ("#N/A", (), "'#N/A'"),
        ("已作废", (), "'已作废'"),
        ("作 废", (), "'作 废'"),
        ("\ufffd废", (), "'\ufffd废'"),
        ("正常", (), None),
        (None, (), None),
        ("待核", (), None),
        ("待核", ("正常", "红字"), "'待核'"),
        (None, ("正常",), "''"),
        ("王秀兰", ("正常",), "a text"),  # a person of another column
        ("正常 ", ("正常",), None),
        ("作废", ("正常",), None),
    ],
)
def test_a_status_that_no_list_has_is_no_valid_invoice(
    status: str | None, valid: tuple[str, ...], said: str | None
) -> None:
    unreadable: list[Unreadable] = []
    row = (*OWN, "X9", "江屿华泰贸易有限公司", "2026-03-02", CHIPS, 100_00, status)
    good = (*OWN, "X9", "江屿华泰贸易有限公司", "2026-03-03", CHIPS, 5_00, "正常")
    found = list(aggregated([table(row, good)], replace(FIRST, valid_values=valid), unreadable))
    counts = [n for batch in found for n in batch.column("张数").to_pylist()]
    assert [one.reason for one in unreadable] == (
        [f"an invoice with {said} as 状态, which invoices.void does not list"] if said else []
    )
    assert counts == ([1] if said else [2])


def test_all_natural_persons_are_one_partner_without_a_name() -> None:
    rows, _ = added_up(
        (*OWN, IDENTITY, "王秀兰", "2026-03-02", CHIPS, 1, "正常"),
        (*OWN, None, "李建国", "2026-03-03", CHIPS, 2, "正常"),
        (*OWN, None, "个人", "2026-03-04", CHIPS, 3, "正常"),
        (*OWN, None, None, "2026-03-05", CHIPS, 4, "正常"),
        (*OWN, "", "欧阳文静（个人）", "2026-03-05", CHIPS, 5, "正常"),
        (*OWN, None, "买买提·艾力江", "2026-03-05", CHIPS, 6, "正常"),
    )
    assert rows == [(None, "自然人", "2026-03", "1090511", 6, 0, 0, 21, 0, 0)]


@pytest.mark.parametrize(
    ("code", "name", "is_person"),
    [
        (IDENTITY, "任何名称有限公司", True),
        ("91329905MA00000019", "王五", False),  # a firm's code decides, whatever the name
        ("91329902042071181X", "临澜市锐隆数字技术有限公司", False),  # 17 digits with a fitting sum, and no birthday
        (None, "临澜市高新区老王面馆经营部", False),
        (None, "张三", True),
        (None, "ACME GmbH", False),
        (None, "零星客户", True),
    ],
)
def test_who_is_a_natural_person(code: str | None, name: str, is_person: bool) -> None:
    assert is_natural_person(code, name) is is_person


def test_what_cannot_be_read_is_in_no_amount_and_is_counted() -> None:
    rows, unreadable = added_up(
        (*OWN, "X9", "江屿华泰贸易有限公司", "三月", CHIPS, "1", "正常"),
        (*OWN, "X9", "江屿华泰贸易有限公司", None, CHIPS, "1", "正常"),
        (*OWN, "X9", "江屿华泰贸易有限公司", "2026-03-02", CHIPS, "十元", "正常"),
        (*OWN, "X9", "江屿华泰贸易有限公司", "20260302", CHIPS, "1,234.50", "正常"),
        amounts=pa.string(),
    )
    assert [(row[2], row[4], float(str(row[7]))) for row in rows] == [("2026-03", 1, 1234.5)]
    assert unreadable == ["an invoice without a readable date"] * 2 + ["an invoice without a readable amount"]


def test_an_invoice_that_comes_twice_counts_once_where_its_number_is_declared() -> None:
    """Two customers may buy the same for the same on one day: without a number both count."""
    row = (*OWN, "X9", "江屿华泰贸易有限公司", "2026-03-02")
    batch = table(
        (*row, "0001", 100, "正常"),
        (*row, "0001", 100, "正常"),
        (*row, "0002", 30, "正常"),
        (*row, "0002", 60, "正常"),
        (*row, None, 5, "正常"),
        (*row, None, 5, "正常"),
    )
    numbered = replace(FIRST, number=("商品",))
    unreadable: list[Unreadable] = []
    account = Counter[str]()
    rows = [row for batch in aggregated([batch], numbered, unreadable, account) for row in batch.to_pylist()]
    # one came twice, one is in the row of another
    assert account == {"folded": 2}
    assert [(row["商品"], row["张数"], row["开具"]) for row in rows] == [("0001", 1, 100), (None, 2, 10)]
    # rows 4 and 5 of the file contradict each other
    assert [(one.row_number, one.reason) for one in unreadable] == [
        (n, "an invoice of which another one with the same number says otherwise") for n in (4, 5)
    ]
    again = [row for batch in aggregated([batch], FIRST, []) for row in batch.to_pylist()]
    assert [(row["商品"], row["张数"], row["开具"]) for row in again] == [
        ("0001", 2, 200),
        ("0002", 2, 90),
        (None, 2, 10),
    ]


def test_a_short_goods_code_stays_as_it_is_for_stage_sql_to_refuse() -> None:
    rows, _ = added_up(
        (*OWN, "X9", "江屿华泰贸易有限公司", "2026-03-02", "1060", 1, "正常"),
        (*OWN, "X9", "江屿华泰贸易有限公司", "2026-03-02", None, 1, "正常"),
    )
    assert [row[3] for row in rows] == ["1060", None]


def test_columns_may_be_named_as_ours_are() -> None:
    """English ledgers call them code, name, amount, number and date."""
    theirs = ("side", "p", "d", "code", "name", "date", "goods", "amount", "status")
    named = Invoices(theirs[:3], "code", "name", "date", "goods", 7, "amount", "status", ("作废",), MADE)
    rows = (
        (*OWN, "X9", "江屿华泰贸易有限公司", "2026-03-02", CHIPS, 100_00, "正常"),
        (*OWN, "", "张三", "2026-03-02", CHIPS, 5_00, "正常"),
    )
    found = list(aggregated([table(*rows).rename_columns([ROW_NUMBER, *theirs])], named, []))
    assert [
        tuple(row[name] for name in ("code", "name", "date", *MADE[3:5])) for b in found for row in b.to_pylist()
    ] == [
        ("X9", "江屿华泰贸易有限公司", "2026-03", 100_00, 0),
        (None, "自然人", "2026-03", 5_00, 0),
    ]


def test_an_empty_delivery_has_no_rows() -> None:
    assert list(aggregated([], FIRST)) == []


# --- the feed of this checkout, over an office's database -------------------------------------------------------------

FEED = CHECKOUT / "connectors" / "feeds" / "trade"
OFFICE = (
    "create table 发票 (发票号码 text, 方向 text, 本方税号 text, 本方名称 text, 对方税号 text, 对方名称 text, 开票日期 text, "
    "税收分类编码 text, 金额_分 integer, 发票状态 text, 开票人 text, 记录时间 timestamp)"
)


def office(park: Park, *rows: tuple[object, ...]) -> None:
    """An office with these invoices: code and name of the partner, date, goods, fen, status."""
    shutil.copytree(FEED, park.feed_folder / "trade", dirs_exist_ok=True)
    park.tax_database("drop table if exists 发票")
    park.tax_database(OFFICE)
    park.tax_database(
        "insert into 发票 values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '周海燕', '2026-02-20 09:00:00')",
        [(str(number), *OWN, *row) for number, row in enumerate(rows)],
    )


PARTNER = ("91339902929934366X", "江屿卓木利贸易有限公司")


def test_bad_invoices_are_put_aside_with_the_reason(park: Park) -> None:
    office(
        park,
        *[(*PARTNER, f"2026-01-{d:02d}", CHIPS, 100_00, "正常") for d in range(1, 29)],
        (OWN[1], OWN[2], "2026-01-02", CHIPS, 100_00, "正常"),
        (*PARTNER, "2099-01-02", CHIPS, 100_00, "正常"),
        (*PARTNER, "2026-01-02", "1060", 100_00, "正常"),
    )
    park.change("trade", "rejected_rows: 5", "rejected_rows: 3")
    park.sync("trade", day(1))
    assert park.current("month, net_amount, invoice_count", "trade") == [(date(2026, 1, 1), 2800, 28)]
    reasons = sorted(str(reason) for (reason,) in park.ask("select reason from ops.quarantine"))
    assert len(reasons) == 3
    # 31 invoices are four rows, three of them put aside
    asked = "select rows_read, rows_folded, rows_noted, rows_landed, rows_used, rows_rejected from ops.batch"
    assert park.ask(asked) == [(31, 27, 0, 4, 1, 3)]
    assert any("the partner is another firm" in reason for reason in reasons)
    assert any("1060" in reason and "goods_code" in reason for reason in reasons)
    assert any("2099" in reason for reason in reasons)


def test_no_single_invoice_and_no_person_lands(park: Park) -> None:
    """Not one byte of raw/ holds an invoice's number, a day, a person's name or an amount of one invoice."""
    office(
        park,
        (*PARTNER, "2026-01-03", CHIPS, 8417293, "正常"),
        (*PARTNER, "2026-01-17", CHIPS, 5938217, "正常"),
        (IDENTITY, "王秀兰", "2026-01-17", CHIPS, 3333333, "正常"),
        (None, "李建国", "2026-01-18", CHIPS, 2222222, "正常"),
    )
    park.sync("trade", day(1))
    [rows] = (park.raw / "trade").glob("*/rows.parquet")
    landed = pq.read_table(rows)
    assert {"发票号码", "开票人", "记录时间", "金额_分", "发票状态"}.isdisjoint(landed.column_names)
    shown = str(landed.to_pylist())
    for secret in ("2026-01-17", "2026-01-03", "8417293", "5938217", "王秀兰", "李建国", IDENTITY, "周海燕"):
        assert secret not in shown, secret
        for path in park.home.rglob("*"):
            if path.is_file():
                assert secret.encode() not in path.read_bytes(), f"{secret} in {path.name}"
    assert landed.num_rows == 2


def test_a_kiosk_with_ten_thousand_customers_is_one_row_of_persons(park: Park) -> None:
    office(park, *[(None, f"顾客{'甲乙丙丁'[n % 4]}", "2026-01-03", CHIPS, 100, "正常") for n in range(10_000)])
    park.sync("trade", day(1))
    assert park.current("partner_name, invoice_count, net_amount", "trade") == [("自然人", 10_000, 10_000)]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("digits: 7", "digits: 4", "invoices.goods.digits is 4"),
        (
            "goods: {column: 税收分类编码, digits: 7}",
            "goods: {column: 品名, digits: 7}",
            "'品名', which is not under columns",
        ),
        ("  partner: {code: 对方税号, name: 对方名称}\n", "  partner: {code: 对方税号}\n", "invoices.partner has code"),
        ("    red_amount: 红字金额\n", "", "invoices.as has"),
        ("  amount: 金额_分\n", "  amount: 开票人\n", "invoices keeps the personal column '开票人'"),
        ("  date: 开票日期\n", "", "invoices needs by, partner"),
        ("  number: 发票号码\n", "  number: 票号\n", "'票号', which is not under columns"),
    ],
)
def test_a_wrong_declaration_stops(tmp_path: Path, old: str, new: str, message: str) -> None:
    folder = tmp_path / "trade"
    shutil.copytree(FEED, folder)
    text = (folder / "feed.yml").read_text(encoding="utf-8")
    assert old in text
    (folder / "feed.yml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(DeclarationError, match=message):
        read_feed(folder)
