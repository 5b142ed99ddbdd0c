"""Staging and accepting, on real deliveries: what is quarantined, what stops, and what becomes of versions of a fact."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from tests.conftest import (
    LEASES_HEADER,
    PAYMENTS_SQL,
    STAFF_SQL,
    Park,
    day,
    lease_row,
    leases,
    naive,
    prepared,
    staff,
    staff_file,
    staff_row,
)
from warehouse import acceptance, loader
from warehouse.batches import REJECTED, announce, batches, discard, pending
from warehouse.connection import writer
from warehouse.errors import DeclarationError, DeliveryRefused
from warehouse.rebuild import rebuild

UNITS = {f"U{n}": 10 + n for n in range(10)}


# --- what becomes of a row ------------------------------------------------------------------------------------------


def test_rows_are_staged_with_both_clocks(park: Park) -> None:
    park.drop("staff", "a.csv", staff_file([staff_row("U1", '"1,042"', at="2026-03-01 18:00:00")]), day(0.9))
    assert park.sync("staff", day(1)) == [{"new": 1, "changed": 0, "unchanged": 0, "withdrawn": 0}]
    (row,) = park.ask("select * from staged.employment")
    columns = [name for (name,) in park.ask("select column_name from (describe staged.employment)")]
    assert dict(zip(columns, row, strict=True)) == {
        "source_key": "U1",
        "unit_no": None,
        "uscc": None,
        "enterprise_name": "U1公司",
        "address": None,
        "month": date(2026, 1, 1),
        "insured_headcount": 1042,
        "wage_amount": Decimal("5000.00"),
        "feed": "staff",
        "batch_id": "20260302T000000Z-0000",
        "row_number": 2,
        "recorded_at": datetime(2026, 3, 1, 10),  # 18:00 in the park
        "received_at": naive(0.9),  # the file came later than the office recorded the row
        "superseded_at": None,
        "last_recorded_at": None,  # stated once
    }


def unread(park: Park) -> list[Any]:
    return park.ask(
        "select source_key, month::varchar, period_months, is_skipped, received_at, superseded_at from ops.unread_fact order by all"
    )


def test_a_row_that_cannot_be_used_is_no_silence(park: Park) -> None:
    park.change("staff", "rejected_pct: 10", "rejected_pct: 30")
    good = [staff_row(f"V{n}") for n in range(20)]
    lost = [
        staff_row("U1", "十人"),
        "U2,甲公司,2026-01,,5000,张三,138,2026-02-05",
        staff_row("U3", "十人"),
        staff_row("U3", 4),
    ]
    unknown = [",甲公司,2026-01,10,5000,张三,138,2026-02-05", "U4,甲公司,2026-13,10,5000,张三,138,2026-02-05"]
    park.drop("staff", "a.csv", staff_file([*good, *lost, *unknown]), day(0.5))
    park.sync("staff", day(1))
    known_at = park.ask("select max(received_at) from staged.employment")[0][0]
    said = [(unit, "2026-01-01", 1, False, known_at, None) for unit in ("U1", "U2")]
    assert unread(park) == said, "U3 has another row that can be read; the facts of the others are unknown"
    # the month comes again: U1 is read now, U2 is left out, U5 cannot be read
    park.drop(
        "staff", "b.csv", staff_file([*good, staff_row("U1", 8), staff_row("U3", 4), staff_row("U5", "五人")]), day(1.5)
    )
    park.sync("staff", day(2))
    found = unread(park)
    assert [(unit, received, ended) for unit, *_, received, ended in found] == [
        ("U1", naive(0.5), naive(1.5)),
        ("U2", naive(0.5), naive(1.5)),
        ("U5", naive(1.5), None),
    ]
    # a known figure stays while its correction cannot be read
    park.drop(
        "staff", "c.csv", staff_file([*good, staff_row("U1", "九人"), staff_row("U3", 4), staff_row("U5", 5)]), day(2.5)
    )
    park.sync("staff", day(3))
    assert [(unit, ended is None) for unit, *_, ended in unread(park)] == [("U1", False), ("U2", False), ("U5", False)]
    before = unread(park)
    rebuild(park.settings, [park.feed("staff")])
    assert unread(park) == before


def test_a_row_that_is_skipped_is_no_silence(park: Park) -> None:
    sql = STAFF_SQL.replace("select\n", "select case when 单位名称 = '未报' then 'not reported' end as skip_because,\n")
    (park.feed_folder / "staff" / "stage.sql").write_text(sql, encoding="utf-8")
    rows = [staff_row(f"V{n}") for n in range(20)]
    park.drop("staff", "a.csv", staff_file([*rows, "U1,未报,2026-01,,5000,张三,138,2026-02-05"]), day(0.5))
    park.sync("staff", day(1))
    assert [row[:4] for row in unread(park)] == [("U1", "2026-01-01", 1, True)]


def test_equal_figures_of_two_days_of_a_month_are_no_row_that_came_twice(park: Park) -> None:
    rows = [staff_row(f"V{n}") for n in range(18)]
    rows += [staff_row("U1", month="2026-01-05"), staff_row("U1", month="2026-01-12")]
    rows += [staff_row("U2", month="2026-01"), staff_row("U2", month="2026年1月"), staff_row("U2", month="2026-01-01")]
    park.drop("staff", "a.csv", staff_file(rows), day(0.5))
    park.land("staff", day(1))
    (staged,) = park.stage("staff")
    assert (staged.rows, staged.rejected, staged.repeated) == (19, 2, 2)


def test_blanks_of_every_width_are_no_value(park: Park) -> None:
    row = "　U1\t, 甲公司\u00a0,2026-01,\u300010 ,　,张三,138,2026-02-05"
    park.drop("staff", "a.csv", staff_file([row]), day(0.5))
    park.sync("staff", day(1))
    assert park.current("source_key, enterprise_name, insured_headcount, wage_amount") == [("U1", "甲公司", 10, None)]


def test_the_same_row_twice_counts_once_and_disagreeing_rows_are_both_rejected(park: Park) -> None:
    rows = [staff_row(f"V{n}") for n in range(18)]
    rows += [staff_row("U1", 10), staff_row("U1", 10), staff_row("U2", 10), staff_row("U2", 11)]
    park.drop("staff", "a.csv", staff_file(rows), day(0.5))
    park.land("staff", day(1))
    (staged,) = park.stage("staff")
    assert (staged.rows, staged.rejected, staged.repeated, staged.used) == (19, 2, 1, 19)
    reason = "two rows disagree about the same source_key + month"
    assert park.rejected("staff") == [(22, reason), (23, reason)]
    park.accept("staff", day(1))
    assert park.current("source_key, row_number", "employment")[0] == ("U1", 20)
    counts = park.ask("select rows_landed, rows_used, rows_repeated, rows_rejected, rows_skipped from ops.batch")
    assert counts == [(22, 19, 1, 2, 0)]


def test_of_two_versions_in_one_file_of_which_one_has_no_time_neither_counts(park: Park) -> None:
    rows = [*(staff_row(f"V{n}") for n in range(18)), staff_row("U1", 10), staff_row("U1", 11, at="")]
    park.drop("staff", "a.csv", staff_file(rows), day(0.5))
    park.land("staff", day(1))
    park.stage("staff")
    reason = "two rows disagree about the same source_key + month"
    assert park.rejected("staff") == [(20, reason), (21, reason)]


def test_of_two_versions_of_one_day_of_which_one_has_no_hour_neither_counts(park: Park) -> None:
    rows = [staff_row("U1", 10, at="2026-02-05 10:00:00"), staff_row("U1", 11, at="2026-02-05")]
    rows += [staff_row("U2", 10, at="2026-02-05 10:00:00"), staff_row("U2", 11, at="2026/2/6")]
    rows += [staff_row("U3", 10, at="2026-02-05"), staff_row("U3", 11, at="2026-02-06")]
    park.drop("staff", "a.csv", staff_file([*(staff_row(f"V{n}") for n in range(18)), *rows]), day(0.5))
    park.land("staff", day(1))
    park.stage("staff")
    reason = "two rows disagree about the same source_key + month"
    assert park.rejected("staff") == [(20, reason), (21, reason)]
    park.accept("staff", day(1))
    assert park.current("source_key, insured_headcount")[:2] == [("U2", 11), ("U3", 11)]


def test_the_second_part_of_a_first_file_stops(park: Park) -> None:
    """A delivery of whole months withdraws what it leaves out of a known month: as many other units are no restatement."""
    park.drop("staff", "1.csv", staff_file([staff_row(f"V{n:02}") for n in range(12)]), day(0.5))
    park.sync("staff", day(1))
    park.drop("staff", "2.csv", staff_file([staff_row(f"V{n:02}") for n in range(12, 24)]), day(1.5))
    with pytest.raises(DeliveryRefused, match="source_key was never there before in 12 of 12 rows"):
        park.sync("staff", day(2))


@pytest.mark.parametrize("rows", [2, 3, 8])
def test_the_second_part_of_a_small_month_stops(park: Park, rows: int) -> None:
    """Each unit is known of the month before, so that no key is new; the two files of a month differ in all their units."""
    units = [f"V{n:02}" for n in range(2 * rows)]
    park.drop("staff", "1.csv", staff(dict.fromkeys(units, 9)), day(0.5))
    park.sync("staff", day(1))
    park.drop("staff", "2.csv", staff(dict.fromkeys(units[::2], 9), month="2026-02"), day(1.5))
    park.change("staff", "rows_min_pct: 60", "rows_min_pct: 40")
    park.sync("staff", day(2))
    park.drop("staff", "3.csv", staff(dict.fromkeys(units[1::2], 9), month="2026-02"), day(2.5))
    with pytest.raises(DeliveryRefused, match="all facts of 2026-02 are others than are known"):
        park.sync("staff", day(3))


def test_one_unit_of_a_month_in_place_of_another_is_a_correction(park: Park) -> None:
    for number, units in enumerate(({"V1": 9, "V2": 8}, {"V1": 9, "V3": 8})):
        park.drop("staff", f"{number}.csv", staff(units), day(number + 0.5))
        park.sync("staff", day(number + 1))
    assert park.current("source_key") == [("V1",), ("V3",)]


def test_a_row_may_be_skipped_on_purpose(park: Park) -> None:
    sql = STAFF_SQL.replace(
        "select\n", "select case when 单位名称 = 'U2公司' then 'not of this park' end as skip_because,\n"
    )
    (park.feed_folder / "staff" / "stage.sql").write_text(sql, encoding="utf-8")
    park.drop("staff", "a.csv", staff({"U1": 1, "U2": 2}), day(0.5))
    park.land("staff", day(1))
    (staged,) = park.stage("staff")
    assert (staged.rows, staged.rejected, staged.skipped) == (1, 0, 1)
    park.accept("staff", day(1))
    assert park.current("source_key") == [("U1",)]
    assert park.ask("select rows_skipped, rows_rejected from ops.batch") == [(1, 0)]


@pytest.mark.parametrize(
    ("known", "to_come", "read", "skipped"),
    [
        ("10", "0", 2, 2),
        ("10", "", 2, 2),
        ("10", "待统计", 2, 0),  # it says something that cannot be read
        ("10", "7", 4, 0),  # a month may be reported before it ends
        ("0", "0", 4, 0),  # of zeros alone nothing shows that they are none
    ],
)
def test_a_month_that_has_not_ended_and_has_no_figures_is_skipped(
    park: Park, known: str, to_come: str, read: int, skipped: int
) -> None:
    """A year's table is prepared for months to come: empty, or with zeros that its program fills in."""
    park.change("staff", "rejected_pct: 10", "rejected_pct: 60")
    months = (("2026-02", known), ("2026-03", to_come))
    rows = [staff_row(unit, count, month=month) for month, count in months for unit in ("U1", "U2")]
    park.drop("staff", "a.csv", staff_file(row.replace(",5000,", ",,") for row in rows), day(0.5))
    park.land("staff", day(1))
    (staged,) = park.stage("staff")
    assert (staged.rows, staged.skipped) == (read, skipped)
    park.accept("staff", day(1))
    assert len([row for row in unread(park) if row[1] == "2026-03-01"]) == (2 if to_come == "待统计" else 0)


@pytest.mark.parametrize(
    ("column", "value", "staged"),
    [
        ("wage_amount", "5.125::decimal(18, 3)", ""),
        ("wage_amount", "5.120::decimal(18, 3)", "5.12"),
        ("wage_amount", "'5.125'", ""),
        ("wage_amount", "'5.1200'", "5.12"),
        ("wage_amount", "5.125::double", ""),
        ("wage_amount", "0.1::double + 0.2::double", "0.30"),
        ("wage_amount", "12345.67::float", "12345.67"),
        ("wage_amount", "round(5.125, 2)", "5.13"),
        ("insured_headcount", "3.7::decimal(9, 1)", ""),
        ("insured_headcount", "'3.7'", ""),
        ("insured_headcount", "3.0::double", "3"),
        ("month", "timestamptz '2026-09-30 16:00:00+00'", "2026-10-01"),
        ("month", "timestamptz '2026-10-01 00:00:00+00'", "2026-10-01"),
        ("month", "(timestamptz '2026-09-30 23:30:00+00')::date", "2026-10-01"),
        ("month", "date_trunc('month', timestamptz '2026-09-30 23:30:00+00')", "2026-10-01"),
        ("month", "strftime(timestamptz '2026-09-30 23:30:00+00', '%Y-%m-%d')", "2026-10-01"),
        ("month", "to_month(timestamptz '2026-09-30 23:30:00+00')", "2026-10-01"),
        ("month", "to_date(timezone('Asia/Shanghai', try_cast('2026-09-30T16:00:00Z' as timestamptz)))", "2026-10-01"),
        ("month", "date '2026-10-31'", "2026-10-01"),
    ],
)
def test_a_value_is_never_rounded_nor_moved_to_another_day_by_its_cast(
    park: Park, column: str, value: str, staged: str
) -> None:
    """stage.sql gives values of a database as they are: fens of 5.125, heads of 3.7. A moment's day is the park's."""
    given = {"source_key": "'U1'", "month": "date '2026-10-01'", "insured_headcount": "1"} | {column: value}
    feed = park.feed("staff")
    columns = ", ".join(f"{value} as {name}" for name, value in given.items())
    (feed.folder / "stage.sql").write_text(f"select row_number, {columns} from delivery")
    with prepared() as connection:
        (row,) = loader.rehearse(connection, feed, "(select 1::bigint as row_number)", {})
    assert row[column] == staged


def test_a_row_that_stage_sql_loses_is_quarantined(park: Park) -> None:
    path = park.feed_folder / "staff" / "stage.sql"
    path.write_text(STAFF_SQL + "where 单位编号 <> 'U3'", encoding="utf-8")
    park.change("staff", "rejected_pct: 10", "rejected_pct: 20")
    park.drop("staff", "a.csv", staff(UNITS), day(0.5))
    park.land("staff", day(1))
    park.stage("staff")
    assert park.rejected("staff") == [(5, "stage.sql gives no row for it")]


# --- what is declared wrongly ------------------------------------------------------------------------------------------


def test_an_unknown_code_stops(park: Park) -> None:
    park.pay("P1", 100, "2026-03-01 10:00:00")
    park.pay("P2", 100, "2026-03-01 10:00:00", kind="烟叶税")
    park.pay("P3", 100, "2026-03-01 10:00:00", kind="烟叶税")
    park.land("payments", day(1))
    with pytest.raises(DeliveryRefused) as refused:
        park.stage("payments")
    assert str(refused.value) == (
        "payments 入库: unknown code in 征收项目: '烟叶税' (2 rows); 增值税, 企业所得税 allowed. Next: ask the office what it means and "
        "add it to codes in payments/feed.yml, then run `parkbridge sync payments`. Published data is unchanged"
    )


def test_codes_are_translated(park: Park) -> None:
    park.pay("P1", 100, "2026-03-01 10:00:00")
    park.pay("P2", 100, "2026-03-01 10:00:00", kind=" 企业所得税 ")
    park.sync("payments", day(1))
    assert park.current("payment_no, tax_kind_code", "tax_payment") == [("P1", "vat"), ("P2", "cit")]


@pytest.mark.parametrize(
    ("stage_sql", "message"),
    [
        ("select row_number, 单位号 as source_key from delivery", "it does not run: Binder Error: Referenced column"),
        ("select 单位编号 as source_key from delivery", "it gives no row_number"),
        ("select row_number, 单位编号 as unit from delivery", "it gives unit, which employment does not have"),
        ("select row_number, 单位编号::int as source_key from delivery", "it fails on staff a.csv: Conversion Error"),
    ],
)
def test_a_stage_sql_that_cannot_be_is_told(park: Park, stage_sql: str, message: str) -> None:
    (park.feed_folder / "staff" / "stage.sql").write_text(stage_sql, encoding="utf-8")
    park.drop("staff", "a.csv", staff(UNITS), day(0.5))
    park.land("staff", day(1))
    with pytest.raises(DeclarationError) as wrong:
        park.stage("staff")
    assert str(wrong.value).startswith(f"staff/stage.sql: {message}")


# --- versions of a fact ---------------------------------------------------------------------------------------------


def history(park: Park, subject: str, shown: str, key: str) -> list[tuple[object, ...]]:
    return park.ask(
        f"select {shown}, received_at, superseded_at from staged.{subject} where {key} order by received_at, superseded_at"
    )


def test_a_correction_keeps_both_versions(park: Park) -> None:
    park.drop("staff", "a.csv", staff({"U1": 10, "U2": 20}), day(0.5))
    park.sync("staff", day(1))
    park.drop("staff", "b.csv", staff({"U1": 12, "U2": 20}, at="2026-03-02 20:00:00"), day(1.75))
    assert park.sync("staff", day(2)) == [{"new": 0, "changed": 1, "unchanged": 1, "withdrawn": 0}]
    assert history(park, "employment", "source_key, insured_headcount", "true") == [
        ("U1", 10, naive(0.5), naive(1.75)),
        ("U2", 20, naive(0.5), None),
        ("U1", 12, naive(1.75), None),
    ]


def test_the_same_delivery_under_another_form_changes_nothing(park: Park) -> None:
    park.drop("staff", "a.csv", staff(UNITS), day(0.5))
    park.sync("staff", day(1))
    before = park.staged()
    park.drop("staff", "b.csv", staff(dict(reversed(UNITS.items()))), day(1.5))
    assert park.sync("staff", day(2)) == [{"new": 0, "changed": 0, "unchanged": 10, "withdrawn": 0}]
    assert park.staged() == before


def test_what_a_whole_period_no_longer_holds_is_withdrawn(park: Park) -> None:
    park.drop("staff", "1.csv", staff({"U1": 1, "U2": 2, "U3": 3}, month="2026-01"), day(0.4))
    park.drop("staff", "2.csv", staff({"U1": 1, "U2": 2, "U3": 3}, month="2026-02"), day(0.5))
    park.sync("staff", day(1))
    park.drop("staff", "1b.csv", staff({"U1": 1, "U3": 3}, month="2026-01"), day(1.5))
    assert park.sync("staff", day(2)) == [{"new": 0, "changed": 0, "unchanged": 2, "withdrawn": 1}]
    assert park.current("strftime(month, '%m'), source_key") == [
        ("01", "U1"),
        ("01", "U3"),
        ("02", "U1"),
        ("02", "U2"),
        ("02", "U3"),
    ]
    gone = park.ask("select source_key, superseded_at from staged.employment where superseded_at is not null")
    assert gone == [("U2", naive(1.5))]


def test_what_a_whole_register_no_longer_holds_is_withdrawn_and_may_return(park: Park) -> None:
    park.drop("leases", "a.csv", leases([1, 2, 3]), day(0.5))
    park.sync("leases", day(1))
    park.drop("leases", "b.csv", leases([1, 3]), day(1.5))
    assert park.sync("leases", day(2))[0]["withdrawn"] == 1
    park.drop("leases", "c.csv", leases([1, 2, 3]) + "\n", day(2.5))
    assert park.sync("leases", day(3)) == [{"new": 1, "changed": 0, "unchanged": 2, "withdrawn": 0}]
    assert history(park, "lease", "lease_no", "lease_no = 'ZL0002'") == [
        ("ZL0002", naive(0.5), naive(1.5)),
        ("ZL0002", naive(2.5), None),
    ]


def test_a_unit_that_returns_with_its_old_time_is_current_again(park: Park) -> None:
    """The second correction of a month restores what the first one dropped, as the office recorded it long ago."""
    park.drop("staff", "a.csv", staff({"U1": 1, "U2": 2, "U3": 3}), day(0.5))
    park.sync("staff", day(1))
    park.drop("staff", "b.csv", staff({"U1": 1, "U3": 3}), day(1.5))
    park.sync("staff", day(2))
    park.drop("staff", "c.csv", staff({"U1": 1, "U2": 2, "U3": 3}) + "\n", day(2.5))
    assert park.sync("staff", day(3)) == [{"new": 1, "changed": 0, "unchanged": 2, "withdrawn": 0}]
    assert park.current("source_key") == [("U1",), ("U2",), ("U3",)]


def test_a_whole_month_takes_a_cancelled_change_back(park: Park) -> None:
    """What the office recorded last is not what it says now, once it has cancelled it."""
    park.drop("staff", "a.csv", staff({"U1": 10}, at="2026-02-01 09:00:00"), day(0.4))
    park.sync("staff", day(1))
    park.drop("staff", "b.csv", staff({"U1": 12}, at="2026-02-09 09:00:00"), day(1.5))
    park.sync("staff", day(2))
    park.drop("staff", "c.csv", staff({"U1": 10}, at="2026-02-01 09:00:00") + "\n", day(2.5))
    assert park.sync("staff", day(3)) == [{"new": 0, "changed": 1, "unchanged": 0, "withdrawn": 0}]
    assert park.current("insured_headcount") == [(10,)]


def test_a_file_with_the_history_of_a_fact_twice_changes_nothing(park: Park) -> None:
    rows = [staff_row("U1", 10, at="2026-02-01"), staff_row("U1", 12, at="2026-02-09"), staff_row("U2", 5)]
    park.drop("staff", "a.csv", staff_file(rows), day(0.5))
    park.sync("staff", day(1))
    assert park.current("source_key, insured_headcount") == [("U1", 12), ("U2", 5)]
    before = park.staged()
    park.drop("staff", "b.csv", staff_file(reversed(rows)), day(1.5))
    assert park.sync("staff", day(2)) == [{"new": 0, "changed": 0, "unchanged": 3, "withdrawn": 0}]
    assert park.staged() == before


def test_a_damaged_row_does_not_withdraw_its_fact(park: Park) -> None:
    numbers = list(range(20))
    park.drop("leases", "a.csv", leases(numbers), day(0.5))
    park.sync("leases", day(1))
    rows = [lease_row(n) for n in numbers[1:]]
    rows[0] = rows[0].replace("2025-01-01", "2025-02-30")
    park.drop("leases", "b.csv", "\n".join([LEASES_HEADER, *rows]) + "\n", day(1.5))
    assert park.sync("leases", day(2)) == [{"new": 0, "changed": 0, "unchanged": 18, "withdrawn": 1}]
    assert [no for (no,) in park.current("lease_no", "lease")] == [f"ZL{n:04d}" for n in numbers[1:]]


def test_rows_that_disagree_do_not_withdraw_their_fact(park: Park) -> None:
    numbers = list(range(30))
    park.drop("leases", "a.csv", leases(numbers), day(0.5))
    park.sync("leases", day(1))
    rows = [lease_row(n) for n in numbers] + [lease_row(7, end="2030-12-31")]
    park.drop("leases", "b.csv", "\n".join([LEASES_HEADER, *rows]) + "\n", day(1.5))
    assert park.sync("leases", day(2)) == [{"new": 0, "changed": 0, "unchanged": 29, "withdrawn": 0}]
    assert park.current("end_date", "lease") == [(date(2027, 12, 31),)] * 30


@pytest.mark.parametrize(("missing", "withdrawn"), [(1, 0), (2, 0), (3, 3)])
def test_lines_that_nobody_can_read_may_be_the_facts_that_are_missing(park: Park, missing: int, withdrawn: int) -> None:
    """Two broken lines: up to two missing leases may be in them; of three, one at least is gone."""
    park.drop("leases", "a.csv", leases(range(30)), day(0.5))
    park.sync("leases", day(1))
    rows = [*(lease_row(n) for n in range(missing, 30)), "ZL,KH", "ZL,KH,x"]
    park.drop("leases", "b.csv", "\n".join([LEASES_HEADER, *rows]) + "\n", day(1.5))
    assert park.sync("leases", day(2))[0]["withdrawn"] == withdrawn
    park.drop("leases", "c.csv", leases(range(missing, 30)), day(2.5))
    assert park.sync("leases", day(3))[0]["withdrawn"] == missing - withdrawn, "once all can be read, it is known"


def test_overlapping_pulls_change_nothing(park: Park) -> None:
    for n in range(5):
        park.pay(f"P{n}", 100 * n, f"2026-03-01 0{n}:00:00")
    assert park.sync("payments", day(1))[0]["new"] == 5
    park.pay("P5", 500, "2026-03-02 09:00:00")
    before = park.staged("tax_payment")
    assert park.sync("payments", day(2)) == [{"new": 1, "changed": 0, "unchanged": 5, "withdrawn": 0}]
    assert [row for row in park.staged("tax_payment") if row in before] == before
    park.pay("P6", 600, "2026-03-03 09:00:00")
    assert park.sync("payments", day(3)) == [{"new": 1, "changed": 0, "unchanged": 6, "withdrawn": 0}]


def test_a_change_by_the_office_s_clock(park: Park) -> None:
    """Recorded at 09:00 in the park is 01:00 in UTC, and within the stretch that the second pull covers."""
    park.pay("P1", 100, "2026-03-01 09:00:00")
    park.sync("payments", day(1))
    park.pay("P1", 250, "2026-03-02 09:00:00")
    assert park.sync("payments", day(2)) == [{"new": 0, "changed": 1, "unchanged": 0, "withdrawn": 0}]
    changed_at = datetime(2026, 3, 2, 1)
    assert history(park, "tax_payment", "paid_amount, recorded_at", "true") == [
        (Decimal("1.00"), datetime(2026, 3, 1, 1), datetime(2026, 3, 1, 1), changed_at),
        (Decimal("2.50"), changed_at, changed_at, None),
    ]


def test_a_row_that_turns_up_late_was_not_known_then(park: Park) -> None:
    park.pay("P1", 100, "2026-03-01 09:00:00")
    park.sync("payments", day(1))
    park.pay("P2", 100, "2026-03-01 10:00:00")  # committed late in the office's database
    park.sync("payments", day(2))
    assert history(park, "tax_payment", "payment_no, recorded_at", "payment_no = 'P2'") == [
        ("P2", datetime(2026, 3, 1, 2), naive(2), None)
    ]


def test_a_version_that_is_outdated_when_it_arrives_is_kept_and_never_current(park: Park) -> None:
    park.change("payments", "recorded_at: 记录时间", "recorded_at: 记录时间\nmissing: []")
    park.pay("P1", 300, "2026-03-02 09:00:00")
    park.sync("payments", day(2))
    park.pay("P1", 200, "2026-03-01 09:00:00")
    assert park.sync("payments", day(3)) == [{"new": 0, "changed": 1, "unchanged": 0, "withdrawn": 0}]
    assert park.current("paid_amount", "tax_payment") == [(Decimal("3.00"),)]
    late = park.ask("select received_at, superseded_at from staged.tax_payment where paid_amount = 2")
    assert late == [(naive(3), naive(3))]
    before = park.staged("tax_payment")
    park.pay("P2", 1, "2026-03-03 20:00:00")
    park.sync("payments", day(4))
    assert [row for row in park.staged("tax_payment") if row in before] == before, "read again, it is known already"


def history_table(park: Park) -> None:
    """The tax bureau keeps every version of a payment."""
    park.tax_database("drop table 入库")
    park.tax_database(
        "create table 入库 (税票号码 text, 纳税人识别号 text, 征收项目 text, 所属期起 text, 所属期止 text, 入库日期 text, "
        "金额_分 integer, 经办人 text, 记录时间 timestamp)"
    )


def test_versions_of_one_delivery_stand_by_the_office_s_clock(park: Park) -> None:
    """Whichever turns up when: what the office recorded last is current, and no two versions are current at once."""
    history_table(park)
    park.pay("P1", 100, "2026-03-01 09:00:00")
    park.sync("payments", day(1))
    park.pay("P1", 400, "2026-03-02 12:00:00")
    park.pay("P1", 300, "2026-03-01 22:00:00")  # before the first pull's end, but not shown then
    park.sync("payments", day(2))
    assert park.current("paid_amount", "tax_payment") == [(Decimal("4.00"),)]
    moments = [naive(0) + timedelta(hours=hours) for hours in range(60)]
    shown = park.ask_each(
        f"select paid_amount from staged.tax_payment where received_at <= timestamp '{moment}' "
        f"and (superseded_at is null or superseded_at > timestamp '{moment}')"
        for moment in moments
    )
    for hours, seen in enumerate(shown):
        assert seen == ([] if hours < 1 else [(Decimal("1.00"),)] if hours < 28 else [(Decimal("4.00"),)]), hours


def test_a_change_and_its_reversal_are_three_versions(park: Park) -> None:
    history_table(park)
    for fen, recorded in ((100, "2026-03-01 09:00:00"), (200, "2026-03-01 10:00:00"), (100, "2026-03-01 11:00:00")):
        park.pay("P1", fen, recorded)
    assert park.sync("payments", day(1)) == [{"new": 1, "changed": 2, "unchanged": 0, "withdrawn": 0}]
    assert park.ask("select paid_amount, superseded_at is null from staged.tax_payment order by received_at") == [
        (Decimal("1.00"), False),
        (Decimal("2.00"), False),
        (Decimal("1.00"), True),
    ]


# --- nights, transactions -------------------------------------------------------------------------------------------


def test_what_is_accepted_after_a_night_began_was_not_known_to_it(park: Park) -> None:
    park.drop("staff", "a.csv", staff({"U1": 10}), day(0.5))
    park.sync("staff", day(1))
    park.begin(day(3), without=["leases", "payments"])
    park.drop("staff", "b.csv", staff({"U1": 12}, at="2026-03-02 20:00:00"), day(1.5))
    park.sync("staff", day(2), now=day(3.25))
    assert history(park, "employment", "insured_headcount", "true") == [
        (10, naive(0.5), naive(3.25)),
        (12, naive(3.25), None),
    ]
    assert park.ask("select insured_headcount from known.employment") == [(10,)]


def test_a_night_told_again_does_not_hide_a_later_one(park: Park) -> None:
    """A backfill begins an old night after a new one: what comes then was known to neither."""
    park.drop("staff", "a.csv", staff({"U1": 10}), day(0.5))
    park.sync("staff", day(1))
    for night in (day(3), day(2)):
        park.begin(night, without=["leases", "payments"])
    park.drop("staff", "b.csv", staff({"U1": 12}), day(1.5))
    park.sync("staff", day(2.5), now=day(3.5))
    park.begin(day(3), without=["leases", "payments"])
    assert park.ask("select insured_headcount from known.employment") == [(10,)]


def test_a_past_interval_filled_in_later_is_known_from_now_on(park: Park) -> None:
    park.drop("staff", "b.csv", staff(UNITS, month="2026-02"), day(4.5))
    park.sync("staff", day(5))
    park.drop("staff", "a.csv", staff(UNITS, month="2026-01"), day(0.5))
    park.sync("staff", day(1), now=day(6))
    assert park.ask("select distinct strftime(month, '%m'), received_at from staged.employment order by 1") == [
        ("01", naive(6)),
        ("02", naive(4.5)),
    ]


def test_a_failure_in_the_middle_of_accepting_leaves_everything_as_it_was(park: Park) -> None:
    park.drop("staff", "a.csv", staff(UNITS), day(0.5))
    park.sync("staff", day(1))
    tables = ("staged.employment", "ops.batch", "ops.feed", "ops.quarantine", "ops.night")
    park.drop("staff", "b.csv", staff(UNITS | {"U1": 99}, month="2026-01"), day(1.4))
    park.drop("staff", "c.csv", staff(UNITS, month="2026-02"), day(1.5))
    park.land("staff", day(2))
    park.stage("staff")
    before = park.ask_each(f"from {table} order by all" for table in tables)
    waiting = pending(park.raw, "staff")
    assert len(waiting) == 2
    (waiting[1].folder / REJECTED).unlink()  # read after the first batch is merged
    with pytest.raises(duckdb.Error):
        park.accept("staff", day(2))
    assert park.ask_each(f"from {table} order by all" for table in tables) == before
    assert [b.manifest.batch_id for b in pending(park.raw, "staff")] == [b.manifest.batch_id for b in waiting]
    park.sync("staff", day(2))
    assert park.ask("select count(*) from staged.employment where superseded_at is null") == [(20,)]


def test_a_process_killed_before_the_commit_has_accepted_nothing(park: Park, monkeypatch: pytest.MonkeyPatch) -> None:
    park.drop("staff", "a.csv", staff(UNITS), day(0.5))

    def announce_and_die(*given: Any) -> None:
        announce(*given)
        raise KeyboardInterrupt

    monkeypatch.setattr(acceptance, "announce", announce_and_die)
    with pytest.raises(KeyboardInterrupt):
        park.sync("staff", day(1))
    monkeypatch.undo()
    assert (park.raw / "staff" / "accepting.json").exists()
    assert pending(park.raw, "staff") == [], "it is not known yet what became of it"
    assert park.ask("select count(*) from staged.employment") == [(0,)]
    assert park.sync("staff", day(2))[0]["new"] == 10, "the very next run has the delivery"
    assert not (park.raw / "staff" / "accepting.json").exists()
    assert len(list((park.home / "refused" / "staff").iterdir())) == 1


def test_a_process_killed_after_the_commit_has_accepted_everything(park: Park, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*given: object) -> None:
        raise KeyboardInterrupt

    park.begin(day(0.25), without=["staff", "leases", "payments"])
    park.drop("staff", "a.csv", staff(UNITS), day(0.5))
    park.drop("staff", "b.csv", staff(UNITS, month="2026-02"), day(0.6))
    monkeypatch.setattr(acceptance, "settle", die)
    with pytest.raises(KeyboardInterrupt):
        park.sync("staff", day(1), now=day(1.25))
    monkeypatch.undo()
    assert park.batch_ids("staff") == []
    assert pending(park.raw, "staff") == []
    assert park.land("staff", day(2)) == []
    before = park.staged()
    assert rebuild(park.settings, [park.feed("staff")]) == {"staff": 2}
    assert park.staged() == before
    assert [(b.accepted_at, b.night_before) for b in batches(park.raw, "staff")] == [(day(1.25), naive(0.25))] * 2
    assert park.sync("staff", day(3)) == []


def test_only_what_was_staged_is_accepted(park: Park) -> None:
    park.drop("staff", "a.csv", staff(UNITS), day(0.5))
    park.land("staff", day(1))
    with pytest.raises(DeliveryRefused, match=r"staff: batch 20260302T000000Z-0000 is not staged"):
        park.accept("staff", day(1))
    park.drop("staff", "b.csv", staff(UNITS, month="2026-02"), day(0.6))
    park.land("staff", day(1))
    park.stage("staff")
    first, _ = pending(park.raw, "staff")
    discard(park.raw, "staff", first.manifest.batch_id, who="ann", why="wrong month")  # between staging and accepting
    park.accept("staff", day(1))
    assert park.current("distinct strftime(month, '%Y-%m'), batch_id") == [("2026-02", "20260302T000000Z-0001")]


def test_what_a_feed_is_about_stands_in_ops_feed(park: Park) -> None:
    park.drop("staff", "a.csv", staff(UNITS), day(0.5))
    park.sync("staff", day(1))
    declared = ("staff", "employment", "Insured staff", "参保人数", "Social insurance bureau", "data-engineering")
    assert park.ask("select * from ops.feed") == [(*declared, "period", 40, 95.0, naive(1), None, False)]


def test_raw_shows_every_batch_as_landed(park: Park) -> None:
    park.drop("staff", "a.csv", staff({"U1": 10}), day(0.5))
    park.sync("staff", day(1))
    with_note = staff_file([]).replace("经办人", "备注,经办人") + "U1,甲,2026-02,9,1,关门,张三,1,2026-03-01\n"
    park.drop("staff", "b.csv", with_note, day(1.5))
    park.sync("staff", day(2))
    with writer(park.settings) as connection:
        folders = [park.raw / "staff" / batch_id for batch_id in park.batch_ids("staff")]
        acceptance.show_raw(connection, "staff", folders)
    assert park.ask("select batch_id, row_number, 参保人数, 备注 from raw.staff order by 1") == [
        ("20260302T000000Z-0000", 2, "10", None),
        ("20260303T000000Z-0000", 2, "9", "关门"),
    ]


def test_a_database_s_own_time_zone(park: Park) -> None:
    park.change("payments", "recorded_at: 记录时间", "recorded_at: 记录时间\nclock: Europe/Oslo")
    park.pay("P1", 100, "2026-03-01 09:00:00")
    park.sync("payments", day(1))
    assert park.ask("select recorded_at from staged.tax_payment") == [(datetime(2026, 3, 1, 8),)]
    assert PAYMENTS_SQL  # the feed maps no time of its own
