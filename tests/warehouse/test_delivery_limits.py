"""What a delivery is held to: its share of unusable rows, what is known of its period or register, others of its time."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import (
    LEASES,
    LEASES_HEADER,
    LEASES_SQL,
    Park,
    day,
    lease_row,
    leases,
    staff,
    staff_file,
    staff_row,
)
from warehouse.batches import ROWS, discard, pending
from warehouse.confirmation import Confirmation
from warehouse.errors import DeliveryRefused
from warehouse.precedents.words import _words

UNITS = {f"U{n}": 10 + n for n in range(10)}


def test_more_rejected_rows_than_allowed_stop_in_the_words_of_the_house(park: Park) -> None:
    """The figures of DESIGN.md: 152 of 4,903 rows are 3.1 %."""
    park.change("staff", "rejected_pct: 10", "rejected_pct: 0.5")
    rows = [staff_row(f"U{n}", at="2026-03-01 09:00:00", month="2026-02") for n in range(4903)]
    rows[:100] = ["," + row.partition(",")[2] for row in rows[:100]]
    rows[100:152] = [row.replace(",10,", ",ten,") for row in rows[100:152]]
    park.drop("staff", "staff_202602.csv", staff_file(rows), day(0.5))
    (manifest,) = park.land("staff", day(1))
    with pytest.raises(DeliveryRefused) as refused:
        park.stage("staff")
    assert str(refused.value) == (
        "staff 2026-02: 152 of 4,903 rows (3.1 %) cannot be used (100 × no source_key (单位编号 is empty); "
        "52 × 参保人数 cannot be read as insured_headcount); 0.5 % allowed. "
        f"Next: read the rejected rows in raw/staff/{manifest.batch_id}/rejected.parquet (duckdb or pandas), "
        "have Insured staff correct them or fix stage.sql (source.fill_down declares empty cells that mean the one above), "
        "then run `parkbridge sync staff` again. "
        "Published data is unchanged"
    ).replace("Insured staff", "Social insurance bureau")
    assert park.ask("select count(*) from incoming.staff") == [(0,)]


@pytest.mark.parametrize(("allowed", "is_stopped"), [(1, True), (2, False)])
def test_a_few_rows_of_a_small_delivery_may_be_let_through(park: Park, allowed: int, is_stopped: bool) -> None:
    park.change("staff", "rejected_pct: 10", f"rejected_pct: 0.5, rejected_rows: {allowed}")
    park.drop("staff", "a.csv", staff_file([staff_row("U1"), staff_row("U2", "x"), staff_row("U3", "y")]), day(0.5))
    park.land("staff", day(1))
    if is_stopped:
        with pytest.raises(DeliveryRefused, match=r"2 of 3 rows \(66.7 %\)"):
            park.stage("staff")
    else:
        assert [s.rejected for s in park.stage("staff")] == [2]


def test_an_empty_delivery_of_a_whole_period_stops(park: Park) -> None:
    park.drop("staff", "a.csv", staff({}), day(0.5))
    park.land("staff", day(1))
    with pytest.raises(
        DeliveryRefused, match=r"staff a.csv: a.csv is empty. Next: ask Social insurance bureau for it again"
    ):
        park.stage("staff")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            39,
            r"leases b.csv: 39 rows, 39.0 % of the 100 known before; 60 % or more allowed. Next: compare with Property",
        ),
        (60, None),
        (500, None),
        (501, r"leases b.csv: 501 rows, 5.0 times the 100 known before; 5 times allowed. Next: ask Property company"),
    ],
)
def test_a_register_is_held_against_the_one_before(park: Park, rows: int, message: str | None) -> None:
    park.drop("leases", "a.csv", leases(range(100)), day(0.5))
    park.sync("leases", day(1))
    park.drop("leases", "b.csv", leases(range(rows)), day(1.5))
    park.land("leases", day(2))
    if message is None:
        assert [s.rows for s in park.stage("leases")] == [rows]
    else:
        with pytest.raises(DeliveryRefused, match=message):
            park.stage("leases")


@pytest.mark.parametrize(
    ("known", "left", "message"),
    [
        (25, 3, None),
        (8, 1, None),
        (25, 4, "21 rows, 84.0 % of the 25 known before; 98 % or more allowed"),
        (8, 2, "6 rows, 75.0 % of the 8 known before"),
        (3, 1, "2 rows, 66.7 % of the 3 known before"),
    ],
)
def test_tenants_leave_a_small_park(park: Park, known: int, left: int, message: str | None) -> None:
    park.change("staff", "rows_min_pct: 60", "rows_min_pct: 98")
    units = {f"U{n}": 10 + n for n in range(known)}
    park.drop("staff", "1.csv", staff(units, month="2026-01"), day(0.5))
    park.sync("staff", day(1))
    few = {unit: n for unit, n in units.items() if n not in range(11, 11 + 2 * left, 2)}
    park.drop("staff", "2.csv", staff(few, month="2026-02"), day(31))
    park.land("staff", day(32))
    if message:
        with pytest.raises(DeliveryRefused, match=message):
            park.stage("staff")
        park.sync("staff", day(33), confirmation=Confirmation("anna", "they moved out"))
        assert ("rows_min_pct",) in park.ask("select object_name from ops.confirmation")
    else:
        park.stage("staff")
    # from a month that is known no unit has moved out
    park.drop("staff", "1b.csv", staff(few, month="2026-01"), day(33.5))
    park.land("staff", day(34))
    with pytest.raises(DeliveryRefused, match="known before"):
        park.stage("staff")


def test_a_month_has_the_rows_of_such_a_month(park: Park) -> None:
    """Half of the units report each quarter."""
    for month in range(1, 8):
        units = {f"U{n}": 10 + n + month for n in range(20) if month % 3 == 0 or n % 2}
        park.drop("staff", f"{month}.csv", staff(units, month=f"2026-{month:02}"), day(30 * month))
        # of the first quarter it is not known
        park.sync("staff", day(30 * month + 1), confirmation=Confirmation("anna", "true") if month == 4 else None)


def test_what_counts_is_what_is_known_not_what_the_last_delivery_changed(park: Park) -> None:
    """A register of 100 rows of which 2 changed is still a register of 100 rows."""
    park.drop("leases", "a.csv", leases(range(100)), day(0.5))
    park.sync("leases", day(1))
    changed = leases(range(100)).replace("2027-12-31", "2028-12-31", 2)
    park.drop("leases", "b.csv", changed, day(1.5))
    assert park.sync("leases", day(2)) == [{"new": 0, "changed": 2, "unchanged": 98, "withdrawn": 0}]
    park.drop("leases", "c.csv", leases(range(100)) + "\n", day(2.5))
    assert park.sync("leases", day(3)) == [{"new": 0, "changed": 2, "unchanged": 98, "withdrawn": 0}]
    park.drop("leases", "d.csv", leases(range(50)), day(3.5))
    park.land("leases", day(4))
    with pytest.raises(DeliveryRefused, match=r"50 rows, 50.0 % of the 100 known before"):
        park.stage("leases")


def test_a_month_is_held_against_itself_or_the_month_before(park: Park) -> None:
    park.drop("staff", "1.csv", staff(UNITS, month="2026-01"), day(0.5))
    park.sync("staff", day(1))
    few = dict(list(UNITS.items())[:5])
    park.drop("staff", "2.csv", staff(few, month="2026-02"), day(1.5))
    park.land("staff", day(2))
    with pytest.raises(DeliveryRefused, match=r"staff 2026-02: 5 rows, 50.0 % of the 10 known before"):
        park.stage("staff")
    park.drop("staff", "2.csv", staff(UNITS | {"U10": 1}, month="2026-02"), day(1.6))
    park.sync("staff", day(2))
    # a correction of January has January's rows to answer for: 6 of 10 is as much as is allowed
    park.drop("staff", "1b.csv", staff(dict(list(UNITS.items())[:6]), month="2026-01"), day(2.5))
    assert park.sync("staff", day(3))[0]["withdrawn"] == 4
    park.drop("staff", "3.csv", staff(dict(list(UNITS.items())[:6]), month="2026-03"), day(3.5))
    park.land("staff", day(4))
    with pytest.raises(DeliveryRefused, match=r"staff 2026-03: 6 rows, 54.5 % of the 11 known before"):
        park.stage("staff")


def test_deliveries_of_one_run_are_held_against_each_other(park: Park) -> None:
    park.drop("staff", "1.csv", staff(UNITS, month="2026-01"), day(0.4))
    park.drop("staff", "2.csv", staff({"U1": 1}, month="2026-02"), day(0.5))
    park.land("staff", day(1))
    with pytest.raises(DeliveryRefused, match=r"staff 2026-02: 1 rows, 10.0 % of the 10 known before"):
        park.stage("staff")
    with pytest.raises(DeliveryRefused, match="is not staged"):
        park.accept("staff", day(1))


@pytest.mark.parametrize("name", ["staff", "leases"])
def test_a_feed_that_goes_backwards_stops(park: Park, name: str) -> None:
    def content(changed: int) -> str:
        return staff(UNITS | {"U1": changed}) if name == "staff" else leases(range(10), note=str(changed))

    park.drop(name, "new.csv", content(1), day(0.9))
    park.sync(name, day(1))
    park.drop(name, "old.csv", content(2), day(0.5))
    (manifest,) = park.land(name, day(2))
    with pytest.raises(DeliveryRefused) as refused:
        park.stage(name)
    where = "staff 2026-01" if name == "staff" else "leases old.csv"
    assert str(refused.value).startswith(
        f"{where}: old.csv is of 2026-03-01 12:00, older than what is known (2026-03-01 21:36): the feed goes backwards. "
        "Next: ask "
    )
    assert f"`parkbridge discard {name} {manifest.batch_id} --why …`" in str(refused.value)
    discard(park.raw, name, manifest.batch_id, who="ann", why="an old file")
    assert park.land(name, day(3)) == [], "a discarded delivery is not asked for again"


def test_an_older_register_is_refused_even_where_the_last_one_changed_nothing(park: Park) -> None:
    park.drop("leases", "a.csv", leases(range(10)), day(0.2))
    park.sync("leases", day(1))
    park.drop("leases", "c.csv", leases(range(10)) + "\n", day(1.9))
    assert park.sync("leases", day(2)) == [{"new": 0, "changed": 0, "unchanged": 10, "withdrawn": 0}]
    park.drop("leases", "b.csv", leases(range(9)), day(1.5))
    park.land("leases", day(3))
    with pytest.raises(DeliveryRefused, match="goes backwards"):
        park.stage("leases")


def two_files(park: Park, first: list[str], second: list[str], later: float = 0) -> None:
    park.drop("staff", "a.csv", staff_file(first), day(0.5))
    park.drop("staff", "b.csv", staff_file(second), day(0.5 + later))
    park.land("staff", day(1))


@pytest.mark.parametrize(
    ("first", "second", "facts"),
    [
        ([staff_row("U1", 10), staff_row("U2", 5)], [staff_row("U1", 11), staff_row("U2", 5)], 1),
        ([staff_row("U1", 10), staff_row("U2", 5)], [staff_row("U3", 11), staff_row("U4", 5)], 4),
        ([staff_row("U1", 10)], [staff_row("U1", 10), staff_row("U2", 5)], 1),
    ],
)
def test_two_files_of_one_time_that_disagree_about_a_month_stop(
    park: Park, first: list[str], second: list[str], facts: int
) -> None:
    """Which of them was written last is known by nothing: their names are no evidence, and two parts withdraw each other."""
    two_files(park, first, second)
    with pytest.raises(
        DeliveryRefused, match=rf"is of the same time \(2026-03-01 12:00\) and states {facts} facts otherwise"
    ):
        park.stage("staff")
    (_, other) = pending(park.raw, "staff")
    discard(park.raw, "staff", other.manifest.batch_id, who="li", why="the office says so")
    assert [staged.rows for staged in park.stage("staff")] == [len(first)]


def test_two_files_of_one_time_that_agree_or_of_which_rows_are_dated_pass(park: Park) -> None:
    rows = [staff_row("U1", 10), staff_row("U2", 5)]
    two_files(park, rows, rows[::-1])
    assert [staged.rows for staged in park.stage("staff")] == [2, 2]
    two_files(park, rows, [staff_row("U1", 10, month="2026-02"), staff_row("U2", 5, month="2026-02")])
    assert [staged.rows for staged in park.stage("staff")] == [2, 2]
    two_files(park, rows, [staff_row("U1", 11), staff_row("U2", 5)], later=0.01)
    assert [staged.rows for staged in park.stage("staff")] == [2, 2]
    two_files(park, rows, [staff_row("U1", 11, at="2026-03-01 09:00:00"), staff_row("U2", 5)])
    assert [staged.rows for staged in park.stage("staff")] == [2, 2]


def test_an_optional_column_that_is_missing_empties_nothing(park: Park) -> None:
    """Of one row, too; where nothing was known of the column, nothing is lost."""
    park.change("staff", "optional: [备注]", "optional: [备注, 缴费基数]")
    park.change("staff", "replaces: period", "replaces: nothing")
    park.drop("staff", "1.csv", staff({"U1": 10, "U2": 0}), day(0.5))
    park.sync("staff", day(1))
    lacking = "单位编号,单位名称,所属期,参保人数,经办人,手机,受理时间\n{},甲,2026-01,12,张三,1,2026-02-09\n"
    park.drop("staff", "2.csv", lacking.format("U3"), day(1.5))
    park.sync("staff", day(2))
    park.drop("staff", "3.csv", lacking.format("U1"), day(2.5))
    with pytest.raises(
        DeliveryRefused, match="wage_amount is empty, since its column is not in the delivery, and was not in 1 of 1"
    ):
        park.sync("staff", day(3))


def test_a_list_that_ends_where_programs_cut_off_stops_once(park: Park) -> None:
    """A register that grows by the week stays below 98 % of nothing when its export stops at 1,000."""
    for at, rows in ((0.5, 990), (1.5, 1000)):
        park.drop("leases", f"{rows}.csv", leases(range(rows)), day(at))
        park.land("leases", day(at + 0.5))
        if rows == 990:
            park.sync("leases", day(at + 0.5))
    with pytest.raises(DeliveryRefused, match=r"the list ends where programs cut lists off, in 1,000 of 1,000 rows"):
        park.stage("leases")
    park.sync("leases", day(3), confirmation=Confirmation("anna", "there are 1,000 of them"))
    park.drop("leases", "again.csv", leases(range(1, 1001)), day(3.5))
    park.sync("leases", day(4))
    park.drop("leases", "more.csv", leases(range(1005)), day(4.5))
    park.sync("leases", day(5))
    assert park.ask("select count(*) from staged.lease where superseded_at is null") == [(1005,)]


def test_a_first_list_of_a_thousand_is_what_it_is(park: Park) -> None:
    park.drop("leases", "1.csv", leases(range(1000)), day(0.5))
    assert park.sync("leases", day(1))[0]["new"] == 1000


def test_the_second_part_by_columns_of_a_month_is_no_restatement(park: Park) -> None:
    """Counts in one file, wages in the next, of eight units."""
    rows = [staff_row(f"U{n}", 10 + n).replace("2026-02-05", "2026-03-01") for n in range(8)]
    counts = [row.replace(",5000,", ",,") for row in rows]
    park.drop("staff", "1.csv", staff_file(rows), day(0.5))
    park.sync("staff", day(1))
    park.drop("staff", "2.csv", staff_file(counts), day(1.5))
    park.land("staff", day(2))
    with pytest.raises(DeliveryRefused, match=r"wage_amount is empty and was known for the same period in 8 of 8 rows"):
        park.stage("staff")
    # two wages that an office takes back are a correction
    park.drop("staff", "2.csv", staff_file([*counts[:2], *rows[2:]]), day(1.6))
    assert park.sync("staff", day(2))[0]["changed"] == 2


POWER = """
feed: power
subject: utility_use
title: {en: Power, zh: 用电}
office: Power supply
owner: data-engineering
description: One row is a meter and month.
schedule: "10 0 * * *"
source: {protocol: file_drop, connection: none, folder: power, settle_seconds: 0}
replaces: period
columns: {户号: source_key, 户名: enterprise_name, 表号: meter_no, 月份: month, 电量: used_quantity}
"""
POWER_SQL = """
select row_number, 户号 as source_key, 户名 as enterprise_name, 表号 as meter_no, 'electricity' as utility_code,
    to_month(月份) as month, to_quantity(电量) as used_quantity
from delivery
"""


@pytest.mark.parametrize(
    ("figures", "message"),
    [
        (
            [4.074, 5.148, 6.222],
            "each used_quantity is more than 10 times what it was, or less than a 10th, in 3 of 3 rows",
        ),
        ([0, 0, 0], "used_quantity was positive and is not in 3 of 3 rows"),
        ([4037, 5074, 6111], "all figures are those of the period before in 3 of 3 rows"),
        ([4037, 5074, 6112], None),
        ([0, 0, 6222], None),
        ([4, 5, 6222], None),
        ([4.074, 5.148], None),  # of two meters nothing is said
    ],
)
def test_three_meters_that_all_change_alike_stop(park: Park, figures: list[float], message: str | None) -> None:
    """MWh for kWh; meters that were not read, as zeros or as last month's figures."""
    park.declare("power", POWER, POWER_SQL)
    park.change("power", "replaces: period", "replaces: period\nallow: {rows_min_pct: 50}")
    months: list[list[float]] = [[4000, 5000, 6000], [4037, 5074, 6111], figures]
    for month, found in enumerate(months, 1):
        lines = [f"A{n},{'甲乙丙'[n]}公司,M{n},2026-{month:02},{figure}" for n, figure in enumerate(found)]
        park.drop("power", f"{month}.csv", "\n".join(["户号,户名,表号,月份,电量", *lines]), day(month * 30))
        if month == 3 and message:
            with pytest.raises(DeliveryRefused, match=message):
                park.sync("power", day(month * 30 + 1))
        else:
            park.sync("power", day(month * 30 + 1))


@pytest.mark.parametrize(
    ("condition", "before", "now", "message"),
    [
        (
            "备注 = '1'",
            ["0", "1", "0"],
            ["false", "true", "false"],
            "备注 is 'true', as never before, where .* for '1'",
        ),
        ("备注 = '1'", ["", "1", ""], ["", "true", "1"], "备注 is 'true'"),
        ("trim(备注) in ('作废', '红冲')", ["正常", "作废", ""], ["正常", "已作废", ""], "'已作废', .* for '作废'"),
        ("case upper(备注) when 'Y' then true else false end", ["N", "Y", ""], ["否", "是", ""], "备注 is '是'"),
        ("备注 = '1'", ["0", "1", "0"], ["0", "0", "0"], None),
        ("备注 = '作废'", ["正常", "作废", ""], ["正常", "冻结", "作废"], None),  # another state
        ("备注 = '1'", ["0", "0", "0"], ["0", "true", "0"], None),  # 1 was never there: nothing says that it was meant
        ("备注 like '%作废%'", ["正常", "作废", ""], ["正常", "已作废", ""], None),
    ],
)
def test_a_word_in_place_of_one_that_stage_sql_looks_for_stops(
    park: Park, condition: str, before: list[str], now: list[str], message: str | None
) -> None:
    """Void rows would count as any others."""
    skipped = f", case when {condition} then '作废' end as skip_because from delivery"
    park.declare("leases", LEASES, LEASES_SQL.replace("from delivery", skipped))
    for at, words in ((0.5, before), (1.5, now)):
        rows = [lease_row(n, note=word) for n, word in enumerate(words)]
        park.drop("leases", f"{at}.csv", "\n".join([LEASES_HEADER, *rows]), day(at))
    park.sync("leases", day(1))
    park.land("leases", day(2))
    if message:
        with pytest.raises(DeliveryRefused, match=message):
            park.stage("leases")
    else:
        park.stage("leases")


def test_words_of_a_landed_column_of_any_type(tmp_path: Path) -> None:
    pq.write_table(pa.table({"flag": [True, None, False, True], "state": [1, 1, 2, 0]}), tmp_path / ROWS)
    assert _words(tmp_path, "flag") == {"true": 2, "false": 1}
    assert _words(tmp_path, "state") == {"1": 2, "2": 1, "0": 1}
    assert _words(tmp_path, "not delivered") == {}
    (tmp_path / ROWS).write_bytes(b"PAR1 cut off")
    assert _words(tmp_path, "flag") == {}


@pytest.mark.parametrize(
    ("ends", "is_stopped"), [(["\n", "\r\n", "\n"], True), (["\n", "", "\n"], False), (["\n", "\n"], False)]
)
def test_a_file_that_ends_within_its_last_line_stops(park: Park, ends: list[str], is_stopped: bool) -> None:
    """5,000 cut to 50 has all its fields; an office that never ends its last line, or has few files so far, goes on."""
    for number, end in enumerate([*ends, ""]):
        rows = staff(
            {f"U{n}": 20 for n in range(5)}, month=f"2025-{number + 1:02}", at=f"2026-02-0{number + 1} 09:00:00"
        )
        park.drop("staff", f"{number}.csv", rows.rstrip("\n") + end, day(number + 0.5))
        if number < len(ends):
            park.sync("staff", day(number + 1))
    park.land("staff", day(len(ends) + 1))
    if is_stopped:
        with pytest.raises(DeliveryRefused, match="the file ends within its last line, as none before it did"):
            park.stage("staff")
    else:
        park.stage("staff")
