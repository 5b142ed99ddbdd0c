"""Rosters and ledgers of invoices over several nights: what is known afterwards is what the persons and invoices say, or it stops.

Each truth is counted from the lines here, by other code than landing's.
"""

from __future__ import annotations

import csv
import io
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta

import pyarrow as pa
import pytest

from connectors.feed import Roster
from connectors.persons import counted
from connectors.sources import Unreadable
from tests.conftest import Park, day
from warehouse.errors import DeliveryRefused
from warehouse.persons import of_today
from warehouse.settings import CHECKOUT

PEOPLE = """
feed: people
subject: employment
title: {en: Roster, zh: 花名册}
office: Social insurance bureau
owner: data-engineering
description: One row is one insured person.
schedule: "30 0 * * *"
source: {protocol: file_drop, connection: none, folder: people, pattern: "*", settle_seconds: 0}
replaces: period
columns:
  单位编号: source_key
  单位名称: enterprise_name
  部门: ignored
  月份: month
  姓名: personal
  身份证号: personal
  人数: insured_headcount
optional: [部门]
roster: {by: [单位编号, 单位名称, 月份], count_distinct: 身份证号, as: 人数}
allow: {rejected_pct: 10}
"""
PEOPLE_SQL = """
select row_number, 单位编号 as source_key, 单位名称 as enterprise_name, to_month(月份) as month, to_count(人数) as insured_headcount
from delivery
"""
Line = list[str]


def identity(n: int) -> str:
    """An identity number, by its birthday in the 1900s and its check digit, of no person."""
    born = date(1960, 1, 1) + timedelta(days=37 * n % 12_000)
    return of_today(f"320586{born:%y%m%d}{n % 1000:03}")


def people(month: str, units: int = 20) -> list[Line]:
    """Units of three to eleven persons, each of a number and a name of his own."""
    names = [f"{a}{b}{c}" for c in "兰国静" for b in "秀建文海丽强敏军" for a in "王李张刘陈杨赵黄周吴"]
    return [
        [f"U{u:03}", f"{u}号公司", month, names[n % len(names)], identity(n)]
        for u in range(units)
        for n in range(20 * u, 20 * u + 3 + u % 9)
    ]


def headcounts(lines: Iterable[Line]) -> list[tuple[str, int]]:
    """The truth: per unit, its different persons."""
    persons: dict[str, set[str]] = defaultdict(set)
    for unit, _, _, _, number in lines:
        persons[unit].add(number)
    return sorted((unit, len(numbers)) for unit, numbers in persons.items())


def drop(park: Park, feed: str, name: str, header: str, lines: Sequence[Sequence[object]], at: float) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([header.split(","), *lines])
    park.drop(feed, name, text.getvalue(), day(at))


def hand_in(park: Park, lines: Sequence[Line], at: float, name: str = "") -> None:
    drop(park, "people", name or f"{at}.csv", "单位编号,单位名称,月份,姓名,身份证号", lines, at)
    park.sync("people", day(at + 0.5))


@pytest.fixture
def roster(park: Park) -> Park:
    (park.offices / "people").mkdir()
    park.declare("people", PEOPLE, PEOPLE_SQL)
    return park


JANUARY = people("2026-01")


def known(park: Park, month: str = "2026-01") -> list[tuple[object, ...]]:
    return park.ask(
        "select source_key, insured_headcount from staged.employment where superseded_at is null and strftime(month, '%Y-%m') = ? "
        "order by all",
        [month],
    )


def test_leavers_are_gone_from_a_roster_that_comes_again(roster: Park) -> None:
    """One of them was the only one with a masked number; who was the last of a unit takes it with him."""
    again = [line for n, line in enumerate(JANUARY) if line[0] != "U007" and n not in (5, 60)]
    masked = [[*again[0][:4], "3205**********12"], *again[1:]]
    hand_in(roster, JANUARY, 0)
    roster.change("people", "rejected_pct: 10", "rejected_pct: 10, rows_min_pct: 90")
    hand_in(roster, masked, 2)
    assert known(roster) == headcounts(again)
    assert [reason.split(":")[0] for _, reason in roster.rejected("people")] == [
        "lines without a usable number, each counted as one"
    ]


def renamed(line: Line) -> Line:
    return [line[0], "新5号公司", *line[2:]] if line[0] == "U005" else line


def test_a_unit_that_was_renamed_within_the_month_is_one_unit(roster: Park) -> None:
    hand_in(roster, [renamed(line) if n % 3 == 0 else line for n, line in enumerate(JANUARY)], 0)
    assert known(roster) == headcounts(JANUARY)
    assert ("5号公司",) in roster.current("enterprise_name")


@pytest.mark.parametrize(
    ("column", "spelling"),
    [(0, lambda text: f"'{text}"), (0, lambda text: text.replace("U", "Ｕ")), (2, lambda text: text.replace("-", ""))],
)
def test_a_unit_or_month_in_two_spellings_is_put_aside(
    roster: Park, column: int, spelling: Callable[[str], str]
) -> None:
    """Two halves of one size looked like one row that came twice, and half of the staff was gone."""
    mine = [line for line in JANUARY if line[0] == "U003"]
    assert len(mine) % 2 == 0
    other = [[*line[:column], spelling(line[column]), *line[column + 1 :]] for line in mine[::2]]
    hand_in(roster, [*(line for line in JANUARY if line[0] != "U003"), *mine[1::2], *other], 0)
    assert known(roster) == [row for row in headcounts(JANUARY) if row[0] != "U003"]
    assert {reason for _, reason in roster.rejected("people")} == {
        "landing made two rows of one source_key + month (a value of by is written in two ways, or parts it)"
    }


def test_a_department_that_parts_a_unit_is_no_row_that_came_twice(roster: Park) -> None:
    roster.change("people", "by: [单位编号, 单位名称, 月份]", "by: [单位编号, 单位名称, 部门, 月份]")
    lines = [["U000", "0号公司", "甲" if n % 2 else "乙", *line[2:]] for n, line in enumerate(JANUARY[:4])]
    drop(roster, "people", "1.csv", "单位编号,单位名称,部门,月份,姓名,身份证号", lines, 0)
    with pytest.raises(DeliveryRefused, match="landing made two rows of one source_key"):
        roster.sync("people", day(1))


@pytest.mark.parametrize("in_order_of", [4, 0])
def test_a_month_in_part_is_none_that_was_corrected(roster: Park, in_order_of: int) -> None:
    """Cut off in order of persons, all units are there, and each has lost some."""
    hand_in(roster, JANUARY, 0)
    part = sorted(JANUARY, key=lambda line: line[in_order_of])[: len(JANUARY) * 9 // 10]
    drop(roster, "people", "b.csv", "单位编号,单位名称,月份,姓名,身份证号", part, 2)
    with pytest.raises(DeliveryRefused, match=r"known before"):
        roster.sync("people", day(3))
    assert known(roster) == headcounts(JANUARY)


def counted_of(numbers: Sequence[object], names: Sequence[str]) -> tuple[int, list[str]]:
    """The persons of one unit, and what is said of its lines."""
    table = pa.table(
        {"row_number": range(2, len(numbers) + 2), "unit": ["U1"] * len(numbers), "who": numbers, "name": names}
    )
    unreadable: list[Unreadable] = []
    rows = pa.Table.from_batches(counted(table.to_batches(), Roster(("unit",), "who", "n"), unreadable))
    return rows["n"].to_pylist()[0], [one.reason.split(":")[0] for one in unreadable]


WITH_X = next(number for number in map(identity, range(100)) if number.endswith("X"))


@pytest.mark.parametrize(
    "spelling",
    [
        f"{WITH_X[:6]}-{WITH_X[6:14]}-{WITH_X[14:]}",
        f"身份证：{WITH_X}",
        f"{WITH_X[:17]}Х",  # a Cyrillic letter
        f"{WITH_X[:17]}×",  # a sign of multiplication
        f"{WITH_X[:17]}x.0",
    ],
)
def test_a_person_s_number_with_signs_is_the_same_number(spelling: str) -> None:
    assert counted_of([WITH_X, spelling], ["王秀兰", "王秀兰"]) == (1, [])


@pytest.mark.parametrize("mask", ["320586--------1234", "320586……1234", "320586______1234", "320586●●●●1234"])
def test_a_masked_number_of_any_sign_counts_each_line(mask: str) -> None:
    assert counted_of([mask, mask], ["王秀兰", "李秀兰"]) == (2, ["lines without a usable number, each counted as one"])


def test_numbers_that_a_program_took_for_figures_are_none() -> None:
    """Two persons of one district and birthday would be one."""
    found = counted_of(pa.array([320586199001011234.0, 320586199001011218.0]), ["王秀兰", "李秀兰"])
    assert found == (2, ["lines without a usable number, each counted as one"])


def test_one_number_of_several_names_is_a_filler() -> None:
    """A person with a line for each kind of insurance has one name."""
    filler = identity(1)
    assert counted_of([filler] * 3 + [identity(2)] * 2, ["王秀兰", "李秀兰", "张 秀兰", "周国静", "周 国静"]) == (
        4,
        ["lines of one number and different names, each name counted as one"],
    )
    # a column of other texts than names parts no lines
    assert counted_of([filler] * 2, ["养老保险", "医疗保险"]) == (1, [])


# --- invoices ---------------------------------------------------------------------------------------------------------

SELLER, NAME = "91329905MA00000019", "临澜恒达电子有限公司"
INVOICES = "发票号码,方向,本方税号,本方名称,对方税号,对方名称,开票日期,税收分类编码,金额_分,发票状态,开票人,记录时间"
TABLE = "  protocol: database\n  connection: demo_trade\n  table: 发票\n"
FILES = '  protocol: file_drop\n  connection: none\n  folder: trade\n  pattern: "*"\n  settle_seconds: 0\n'


@pytest.fixture
def ledger(park: Park) -> Park:
    """The feed of this checkout, of which the office sends files."""
    (park.offices / "trade").mkdir()
    shutil.copytree(CHECKOUT / "connectors" / "feeds" / "trade", park.feed_folder / "trade")
    park.change("trade", TABLE, FILES)
    return park


def invoices(month: str, partners: int = 30) -> list[list[object]]:
    """One to three invoices of each partner, the odd ones sales."""
    return [
        [
            f"{month[2:4]}{month[5:]}{p:03}{n}",
            "销项" if p % 2 else "进项",
            SELLER,
            NAME,
            f"91329902MA{p:08}",
            f"江屿第{p}贸易有限公司",
            f"{month}-{1 + (7 * p + n) % 28:02}",
            "1090511" + "0" * 12,
            100_00 + 1_000 * p + 100 * n + (p * int(month[5:]) % 7) * 50_00,
            "正常",
            "周海燕",
            f"{month}-28 09:00:00",
        ]
        for p in range(partners)
        for n in range(1 + p % 3)
    ]


def net(lines: Iterable[Sequence[object]]) -> list[tuple[object, ...]]:
    """The truth: per month, side and partner, the number of invoices and what is left of them."""
    found: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for line in lines:
        group = found[str(line[6])[:7], "sells" if line[1] == "销项" else "buys", str(line[4])]
        group[0] += 1
        group[1] += 0 if line[9] == "作废" else int(str(line[8]))
    return sorted((*group, count, fen) for group, (count, fen) in found.items())


def traded(park: Park) -> list[tuple[object, ...]]:
    return park.current(
        "strftime(month, '%Y-%m'), direction_code, partner_key, invoice_count, (net_amount * 100)::bigint", "trade"
    )


def send(park: Park, lines: Sequence[Sequence[object]], at: float) -> None:
    drop(park, "trade", f"{at}.csv", INVOICES, lines, at)
    park.sync("trade", day(at + 0.5))


DECEMBER, FIRST, SECOND = (invoices(month) for month in ("2025-12", "2026-01", "2026-02"))


def test_an_invoice_is_voided_and_another_taken_back_later(ledger: Park) -> None:
    voided = [[*line[:9], "作废", *line[10:]] if n in (3, 17) else line for n, line in enumerate(FIRST)]
    red = [f"{FIRST[8][0]}9", *FIRST[8][1:6], "2026-02-11", FIRST[8][7], -int(str(FIRST[8][8])), "红字", "", ""]
    send(ledger, DECEMBER, -55)
    send(ledger, FIRST, -25)
    send(ledger, voided, -20)
    send(ledger, [*SECOND, red], 5)
    assert traded(ledger) == net([*DECEMBER, *voided, *SECOND, red])


def test_a_red_letter_without_its_sign_is_in_no_amount(ledger: Park) -> None:
    red = ["X9", *FIRST[8][1:8], 50_00, "红字", "", ""]
    send(ledger, [*FIRST, red], 0)
    assert traded(ledger) == net(FIRST)
    assert [reason for _, reason in ledger.rejected("trade")] == [
        "an invoice that is a red letter by its status and has a positive amount"
    ]


def test_a_firm_that_was_renamed_within_the_month_keeps_its_invoices(ledger: Park) -> None:
    later = [[*line[:3], "临澜新恒达电子有限公司", *line[4:]] if n % 3 else line for n, line in enumerate(FIRST)]
    again = [[*line[:3], "临澜恒达 电子有限公司", *line[4:]] for line in FIRST[:2]]  # one of them twice
    send(ledger, [*later, *again], 0)
    assert traded(ledger) == net(FIRST)
    assert ledger.current("distinct enterprise_name", "trade") == [("临澜新恒达电子有限公司",)]


@pytest.mark.parametrize("spelling", ["'{}", "00{}", "{}.0", " {} "])
def test_an_invoice_s_number_in_another_spelling_is_the_same_invoice(ledger: Park, spelling: str) -> None:
    again = [[spelling.format(line[0]), *line[1:]] for line in FIRST[:3]]
    send(ledger, [*FIRST, *again], 0)
    assert traded(ledger) == net(FIRST)


@pytest.mark.parametrize("number", ["2.4322E+19", "24322000000012300000"])
def test_invoices_with_a_rounded_number_are_put_aside(ledger: Park, number: str) -> None:
    """Two of one amount were one."""
    lines = [[number, *FIRST[1][1:]], [number, *FIRST[1][1:]]]
    send(ledger, [*FIRST, *lines], 0)
    assert traded(ledger) == net(FIRST)
    assert all("spreadsheet" in reason for _, reason in ledger.rejected("trade"))
    assert len(ledger.rejected("trade")) == 2


def test_an_amount_with_a_decimal_comma_is_read_so(ledger: Park) -> None:
    """Of a column that lands as a sum alone."""
    ledger.change("trade", "settle_seconds: 0", 'settle_seconds: 0\n  decimal: ","')
    send(ledger, [[*line[:8], f"{line[8]},00", *line[9:]] for line in FIRST], 0)
    assert traded(ledger) == net(FIRST)


def test_a_partner_s_code_in_two_spellings_is_put_aside(ledger: Park) -> None:
    other = [["Z1", *FIRST[0][1:4], str(FIRST[0][4]).lower(), *FIRST[0][5:]]]
    send(ledger, [*FIRST, *other], 0)
    assert traded(ledger) == net(FIRST[1:])
    assert len(ledger.rejected("trade")) == 2


def test_late_invoices_are_no_month(ledger: Park) -> None:
    """A ledger by date of entry has one of January in February's file; of one partner no row is missing then."""
    one = [line for line in FIRST if line[4] == FIRST[5][4]]
    assert len(one) == 3
    send(ledger, one, -25)
    drop(ledger, "trade", "b.csv", INVOICES, [*SECOND[:4], ["L1", *one[0][1:]]], 5)
    with pytest.raises(DeliveryRefused, match=r"invoice_count of 2026-01 is 1 in all, 33.3 % of the 3 known before"):
        ledger.sync("trade", day(6))
    assert traded(ledger) == net(one)


@pytest.mark.parametrize("sides", [{"销项": "进项", "进项": "销项"}, {"销项": "销项", "进项": "销项"}])
def test_sales_taken_for_purchases_stop(ledger: Park, sides: dict[str, str]) -> None:
    send(ledger, DECEMBER, -55)
    send(ledger, FIRST, -25)
    other = [[line[0], sides[str(line[1])], *line[2:]] for line in SECOND]
    drop(ledger, "trade", "b.csv", INVOICES, other, 5)
    with pytest.raises(DeliveryRefused, match=r"direction_code is another than the one known of the same source_key"):
        ledger.sync("trade", day(6))
    assert traded(ledger) == net([*DECEMBER, *FIRST])


def test_a_partner_that_becomes_a_customer_too_stops_nothing(ledger: Park) -> None:
    also = [[f"Z{n}", "进项" if line[1] == "销项" else "销项", *line[2:]] for n, line in enumerate(SECOND[::5])]
    send(ledger, FIRST, -25)
    send(ledger, [*SECOND, *also], 5)
    assert traded(ledger) == net([*FIRST, *SECOND, *also])
