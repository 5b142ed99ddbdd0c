"""Why a delivered row cannot be used, in words, and what becomes of the others."""

from __future__ import annotations

import json
import re
from datetime import date

import pytest

from tests.conftest import (
    LEASES,
    LEASES_HEADER,
    LEASES_SQL,
    Park,
    day,
    lease_row,
    leases,
    staff_file,
    staff_row,
)
from warehouse.errors import DeclarationError
from warehouse.rebuild import rebuild
from warehouse.row_comparisons import DAY_BESIDE_TIME

UNITS = {f"U{n}": 10 + n for n in range(10)}


UNUSABLE = (
    (",甲公司,2026-01,10,5000,张三,138,2026-02-05", "no source_key (单位编号 is empty)"),
    ("U1,甲公司,2026-01,十人,5000,张三,138,2026-02-05", "参保人数 cannot be read as insured_headcount: 十人"),
    ("U1,甲公司,2026-01,,5000,张三,138,2026-02-05", "no insured_headcount (参保人数 is empty)"),
    ("U1,甲公司,2026-01,-,5000,张三,138,2026-02-05", "no insured_headcount (参保人数 is empty)"),
    ("U1,甲公司,2026-13,10,5000,张三,138,2026-02-05", "所属期 cannot be read as month: 2026-13"),
    ("U1,甲公司,2026-01,10,5000多,张三,138,2026-02-05", "缴费基数 cannot be read as wage_amount: 5000多"),
    ("U1,甲公司,2026-01,10,5000,张三,138,上周", "受理时间 cannot be read as a time: 上周"),
    ("U1,甲公司,2026-01,10", "it has 4 fields where the header has 8"),
    ("U1,甲公司,2026-01,10,5000,张三,138,2026-02-05,x", "it has 9 fields where the header has 8"),
    (
        "U1,甲公司,2026-13,十人,5000,张三,138,2026-02-05",
        "所属期 cannot be read as month: 2026-13; 参保人数 cannot be read as insured_headcount: 十人",
    ),
)


def test_rows_that_cannot_be_used_are_quarantined_with_their_reasons(park: Park) -> None:
    """Each is of a unit of its own, and the good rows around them are used."""
    park.change("staff", "rejected_pct: 10", "rejected_pct: 60")
    good = [staff_row(f"V{n}") for n in range(20)]
    bad = [row.replace("U1,", f"U{n},", 1) for n, (row, _) in enumerate(UNUSABLE)]
    park.drop("staff", "a.csv", staff_file([*good, *bad]), day(0.5))
    park.land("staff", day(1))
    (staged,) = park.stage("staff")
    assert (staged.rows, staged.rejected) == (20, len(bad))
    found = park.rejected("staff")
    assert [number for number, _ in found] == [22 + n for n in range(len(bad))], "the lines of the file"
    wrong = [
        (reason, said) for (_, reason), (_, said) in zip(UNUSABLE, found, strict=True) if not said.startswith(reason)
    ]
    assert wrong == []
    park.accept("staff", day(1))
    kept = park.ask("select feed, batch_id, row_number, reason from ops.quarantine order by row_number")
    assert kept == [("staff", park.batch_ids("staff")[0], *row) for row in found]
    assert park.ask("select rows_landed, rows_rejected, rows_new from ops.batch") == [(20 + len(bad), len(bad), 20)]


def test_quarantine_shows_the_row_as_delivered_without_persons(park: Park) -> None:
    rows = [*(staff_row(f"V{n}") for n in range(20)), staff_row("U1", "十人")]
    park.drop("staff", "a.csv", staff_file(rows), day(0.5))
    park.sync("staff", day(1))
    ((text,),) = park.ask("select row_json from ops.quarantine")
    assert json.loads(text) == {
        "row_number": 22,
        "单位编号": "U1",
        "单位名称": "U1公司",
        "所属期": "2026-01",
        "参保人数": "十人",
        "缴费基数": "5000",
        "备注": None,
        "受理时间": "2026-02-05 09:00:00",
    }


def test_of_several_rows_made_of_one_none_may_lack_a_required_column(park: Park) -> None:
    """One row of the source with a column per month: a month that cannot be read must not vanish behind the others."""
    (park.feed_folder / "staff" / "stage.sql").write_text(
        "select row_number, 单位编号 as source_key, unnest([date '2026-01-01', date '2026-02-01']) as month, "
        "unnest([to_count(参保人数), to_count(缴费基数)]) as insured_headcount from delivery",
        encoding="utf-8",
    )
    park.change("staff", "缴费基数: wage_amount", "缴费基数: insured_headcount")
    park.change("staff", "所属期: month", "所属期: ignored")
    park.change("staff", "单位名称: enterprise_name", "单位名称: ignored")
    park.change("staff", "rejected_pct: 10", "rejected_pct: 60")
    good, bad = staff_row("U1", 10), staff_row("U2", 10).replace("5000", "五千")
    park.drop("staff", "a.csv", staff_file([good, bad]), day(0.5))
    park.land("staff", day(1))
    park.stage("staff")
    assert park.rejected("staff") == [(3, "no insured_headcount in one of the rows made of it")]
    park.accept("staff", day(1))
    assert park.current("source_key, insured_headcount") == [("U1", 10), ("U1", 5000)]


@pytest.mark.parametrize(("column", "power"), [("insured_headcount", 8), ("wage_amount", 14)])
def test_a_figure_that_no_model_can_hold_is_quarantined(park: Park, column: str, power: int) -> None:
    """10^14, of people 10^8, is refused and one less is kept."""

    def row(unit: str, figure: int) -> str:
        given = staff_row(unit, figure) if column == "insured_headcount" else staff_row(unit)
        return given.replace(",5000,", f",{figure},") if column == "wage_amount" else given

    park.change("staff", "rejected_pct: 10", "rejected_pct: 60")
    park.drop("staff", "a.csv", staff_file([row("U1", 10**power - 1), row("U2", 10**power)]), day(0.5))
    park.land("staff", day(1))
    park.stage("staff")
    [(number, reason)] = park.rejected("staff")
    assert (number, reason.partition(" or more")[0]) == (3, f"{column} is 1e+{power:02}")
    park.accept("staff", day(1))
    assert park.current(f"source_key, cast({column} as hugeint)") == [("U1", 10**power - 1)]


def test_a_number_that_is_used_again_costs_its_row_and_not_what_is_known(park: Park) -> None:
    """A reversal, another enterprise's payment and a renewal under a known number would replace what is known."""
    for number in range(10, 19):
        park.pay(f"P{number}", 1000 + number, "2026-03-01 08:00:00")
    park.drop("leases", "1.csv", leases(range(300)), day(0.5))
    park.sync("payments", day(1))
    park.sync("leases", day(1))
    at = "2026-03-02 08:00:00"
    park.pay("P11", -1011, at)
    park.pay("P12", 5, at, payer="T2", month=date(2025, 12, 1))
    park.pay("P13", 2000, at)  # a correction, as is another payer of the same money
    park.pay("P14", 1014, at, payer="T2")
    park.pay("P15", 7, at, kind="企业所得税")
    park.pay("P17", -300, at)  # a part of it
    park.pay("P16", 7, at, month=date(2025, 11, 1))
    park.pay("P18", 1018, at, month=date(2025, 12, 1))  # a fixed fee, by numbers that begin anew
    for number in range(20, 99):
        park.pay(f"P{number}", number, at)
    renewed = leases(range(300)).replace(lease_row(7), lease_row(7, start="2028-01-01", end="2029-12-31"))
    renewed = renewed.replace(lease_row(8), lease_row(8, start="2027-10-01", end="2029-12-31"))
    renewed = renewed.replace(lease_row(9), lease_row(9, start="2025-03-01").replace("KH0009", "KH9999"))
    renewed = renewed.replace(lease_row(10), lease_row(10, start="2025-02-01", end="2028-01-31"))  # handed over later
    park.drop("leases", "2.csv", renewed, day(1.5))
    park.sync("payments", day(2))
    park.sync("leases", day(2))
    known = (
        "select payment_no, source_key, paid_amount::varchar from staged.tax_payment where superseded_at is null "
        "and payment_no in ('P11', 'P12', 'P13', 'P14', 'P18') order by all",
        "select start_date::varchar from staged.lease where superseded_at is null "
        "and lease_no in ('ZL0007', 'ZL0008', 'ZL0010') order by lease_no",
    )
    expected = [
        [
            ("P11", "T1", "10.11"),
            ("P12", "T1", "10.12"),
            ("P13", "T1", "20.00"),
            ("P14", "T2", "10.14"),
            ("P18", "T1", "10.18"),
        ],
        [("2025-01-01",), ("2025-01-01",), ("2025-02-01",)],
    ]
    assert [park.ask(sql) for sql in known] == expected
    why = [reason.split(",")[0].split(":")[0] for name in ("leases", "payments") for _, reason in park.rejected(name)]
    assert sorted(why) == [
        *["begins late in the lease that is known under its number"] * 2,
        *["is another payment (of another amount"] * 4,
        "is another tenant's",
        *["takes back the amount"] * 2,
    ]
    rebuild(park.settings, [park.feed("payments"), park.feed("leases")])
    assert [park.ask(sql) for sql in known] == expected


def test_a_correction_of_a_day_beside_a_time_of_that_day_is_put_aside(park: Park) -> None:
    """Which is later is unknown: as the day's first moment it would be outdated, and lost."""
    for number, at in (
        (11, "2026-03-01 08:00:00"),
        (12, "2026-03-01 08:00:00"),
        (13, "2026-03-01"),
        (14, "2026-03-01"),
    ):
        park.pay(f"P{number}", 1000, at)
    park.sync("payments", day(1))
    for number, at in ((11, "2026-03-01"), (12, "2026-03-02"), (13, "2026-03-01 08:00:00"), (14, "2026-03-01")):
        park.pay(f"P{number}", 2000, at)
    for number in range(20, 40):
        park.pay(f"P{number}", number, "2026-03-01 09:00:00")
    park.sync("payments", day(2))
    known = "select payment_no, paid_amount::varchar from staged.tax_payment where superseded_at is null and payment_no < 'P2' order by 1"
    expected = [("P11", "10.00"), ("P12", "20.00"), ("P13", "20.00"), ("P14", "20.00")]
    assert park.ask(known) == expected
    assert [reason for _, reason in park.rejected("payments")] == [DAY_BESIDE_TIME]
    park.sync("payments", day(3))  # what comes again, as pulls overlap, is nothing new
    assert park.ask(known) == expected
    rebuild(park.settings, [park.feed("payments")])
    assert park.ask(known) == expected


def test_a_figure_with_a_unit_of_its_own_is_not_reckoned_with_another(park: Park) -> None:
    """Of a column of 万元 2亿 is two hundred million, and no 2亿万元; stage.sql may look at the unit itself."""
    plain = (park.feed_folder / "staff" / "stage.sql").read_text(encoding="utf-8")
    wages = ["3", "3.5万元", "1.2亿", "300元", "0元", "5 万"]
    rows = [f"U{n},甲{n},2026-01,9,{wage},张三,1,2026-02-05" for n, wage in enumerate(wages)]
    park.drop("staff", "a.csv", staff_file([*rows, *(staff_row(f"V{n}") for n in range(60))]), day(0.5))
    given = "to_amount(缴费基数) * case when regexp_matches(缴费基数, '[元万亿]$') then 1 else 10000 end"
    seen: list[list[tuple[int, str]]] = []
    for made in ("to_amount(缴费基数)", "to_amount(缴费基数) * 10000", given):
        (park.feed_folder / "staff" / "stage.sql").write_text(
            plain.replace("to_amount(缴费基数)", made), encoding="utf-8"
        )
        if not seen:
            park.land("staff", day(1))
        park.stage("staff")
        seen.append([(number, reason.partition(" states")[0]) for number, reason in park.rejected("staff")])
    assert seen == [[], [(n, "缴费基数") for n in (3, 4, 5, 7)], []]


def test_a_row_that_is_wrong_twice_is_one_row_and_one_that_is_skipped_is_none(park: Park) -> None:
    """Every row of a delivery is used, repeated, skipped or rejected, and only one of these."""
    path = park.feed_folder / "staff" / "stage.sql"
    sql = path.read_text(encoding="utf-8").replace("to_amount(缴费基数)", "to_amount(缴费基数) * 10000")
    skip = "case when 单位名称 = '外地' then 'elsewhere' end as skip_because,\n    单位编号 as source_key"
    path.write_text(sql.replace("单位编号 as source_key", skip), encoding="utf-8")
    odd = ["U1,甲,2026-01,十人,3.5万元,张三,1,2026-02-05", "U2,外地,2026-01,9,3.5万元,张三,1,2026-02-05"]
    park.drop("staff", "a.csv", staff_file([*odd, *(staff_row(f"V{n}") for n in range(20))]), day(0.5))
    park.land("staff", day(1))
    (staged,) = park.stage("staff")
    assert (staged.rejected, staged.skipped, staged.repeated, staged.used) == (1, 1, 0, 20)
    ((number, reason),) = park.rejected("staff")
    assert number == 2
    assert re.match("参保人数 cannot be read as insured_headcount: 十人; 缴费基数 states its own unit", reason)


EVENTS = """
feed: events
subject: registration_event
title: {en: Events, zh: 变更}
office: Market regulator
owner: data-engineering
description: One row is one entry.
schedule: "30 0 * * *"
source: {protocol: file_drop, connection: none, folder: events, pattern: "*", settle_seconds: 0}
replaces: nothing
recorded_at: at
columns: {number: event_no, who: source_key, what: event_code, day: event_date, at: ignored}
allow: {rejected_pct: 100}
"""
EVENTS_SQL = "select row_number, number as event_no, who as source_key, what as event_code, to_date(day) as event_date from delivery"


@pytest.mark.parametrize(
    ("again", "is_restated"),
    [
        ("BG1,P2,cancelled,2026-02-02", False),
        ("BG1,P2,rename,2026-02-02", False),
        ("BG1,P1,cancelled,2026-02-02", False),
        ("BG1,P1,rename,2026-02-02", True),
        ("BG1,P2,rename,2026-01-05", True),
        ("BG1,P1,address_change,2026-01-05", True),
    ],
)
def test_another_event_under_a_known_number_takes_no_event_away(park: Park, again: str, is_restated: bool) -> None:
    """A day, an enterprise or a kind is corrected; two of them at once are another event."""
    (park.offices / "events").mkdir()
    park.declare("events", EVENTS, EVENTS_SQL)
    first = "BG1,P1,rename,2026-01-05"
    for at, row in ((0.5, first), (1.5, again)):
        text = f"number,who,what,day,at\n{row},2026-03-0{at + 0.5:.0f} 00:00:00\n"
        park.drop("events", f"{at}.csv", text, day(at))
        park.sync("events", day(at + 0.5))
    known = park.current("concat_ws(',', event_no, source_key, event_code, event_date)", "registration_event")
    assert known == [(again if is_restated else first,)]
    assert len(park.rejected("events")) == (not is_restated)


@pytest.mark.parametrize(
    ("header", "unit", "made", "is_right"),
    [
        ("缴费基数", "万元", "to_amount({})", False),
        ("缴费基数", "万元", "to_amount({}) * 10000", True),
        ("缴费基数", None, "to_amount({})", True),
        ("缴费基数（万元）", None, "to_amount({})", False),
        ("缴费基数（万元）", None, "to_amount({}) * 10000", True),
        ("缴费基数（元）", "万元", "to_amount({})", True),
        ("缴费基数（千元）", None, "to_amount({})", False),
        ("面积（亩）", None, "to_amount({})", False),
        ("面积（亩）", None, "to_amount({}) * 666.67", True),
        ("面积_公顷", None, "to_amount({})", False),
        ("缴费基数（美元）", None, "to_amount({})", False),
        ("缴费基数（万美元）", None, "to_amount({}) * 10000", False),
        ("缴费基数(万港币)", None, "to_amount({}) * 10000 * 0.92", True),
        ("缴费基数USD", None, "to_amount({})", False),
    ],
)
def test_a_unit_that_stage_sql_leaves_out_stops(
    park: Park, header: str, unit: str | None, made: str, is_right: bool
) -> None:
    """Each figure of a first delivery would be ten thousand times too small, and nothing beside it would say so."""
    park.change("staff", "  缴费基数: wage_amount", f'  "{header}": wage_amount')
    path = park.feed_folder / "staff" / "stage.sql"
    sql = path.read_text(encoding="utf-8").replace("to_amount(缴费基数)", made.format(f'"{header}"'))
    path.write_text(sql, encoding="utf-8")
    content = staff_file(staff_row(f"U{n}") for n in range(5)).replace("缴费基数", header)
    if unit:
        park.change("staff", "settle_seconds: 0", f"settle_seconds: 0, unit: {unit}")
        content = f"单位：{unit},,,,,,,\n{content}"
    park.drop("staff", "a.csv", content, day(0.5))
    park.land("staff", day(1))
    if is_right:
        assert [staged.rows for staged in park.stage("staff")] == [5]
    else:
        with pytest.raises(DeclarationError, match="all 5 figures are taken as they are"):
            park.stage("staff")


@pytest.mark.parametrize(
    ("header", "made", "is_right"),
    [
        ("租金单价（元/㎡/天）", "to_amount({})", False),
        ("租金单价（元/㎡/天）", "to_amount({}) * 面积 * 30", True),
        ("年租金（元）", "to_amount({})", False),
        ("年租金（元）", "to_amount({}) / 12", True),
        ("租金(元/年)", "to_amount({})", False),
        ("季度租金", "to_amount({})", False),
        ("月租金（元）", "to_amount({})", True),
        ("租金（元/月）", "to_amount({})", True),
    ],
)
def test_a_rent_of_another_time_that_is_taken_for_a_months_stops(
    park: Park, header: str, made: str, is_right: bool
) -> None:
    declared = LEASES.replace("  备注: ignored", f"  备注: ignored\n  {header}: monthly_rent_amount")
    rent = made.format(f'"{header}"').replace("面积", "to_amount(面积)")
    park.declare(
        "leases",
        declared,
        LEASES_SQL.replace("from delivery", f", round({rent}, 2) as monthly_rent_amount from delivery"),
    )
    rows = [f"{lease_row(n)},{1200 + n}" for n in range(5)]
    park.drop("leases", "a.csv", "\n".join([f"{LEASES_HEADER},{header}", *rows]), day(0.5))
    park.land("leases", day(1))
    if is_right:
        assert [staged.rows for staged in park.stage("leases")] == [5]
    else:
        with pytest.raises(DeclarationError, match="make monthly_rent_amount the rent of a month"):
            park.stage("leases")


@pytest.mark.parametrize(
    ("figures", "read", "lost"),
    [
        (["100.57", "1,200.04", "300"], "try_cast(replace({0}, ',', '') as bigint) * 0.01", {2, 3}),  # fens became yuan
        (["100.57", "300"], "{0}::int", {2}),
        (["100.57", "300"], "round({0}::double)", set()),
        (["100.57", "300"], "to_amount({0})", set()),
        (["10057.00", "300"], "try_cast({0} as bigint) * 0.01", set()),
        (["100.57", "300.5"], "try_cast(to_amount({0}) * 100 as bigint) * 0.01", set()),
        (["1.5", "2.5"], "try_cast(to_amount({0}) * 10000 as bigint)", set()),
    ],
)
def test_a_fraction_that_a_cast_loses_costs_its_row(park: Park, figures: list[str], read: str, lost: set[int]) -> None:
    park.change("staff", "rejected_pct: 10", "rejected_pct: 90")
    sql = (park.feed_folder / "staff" / "stage.sql").read_text(encoding="utf-8")
    (park.feed_folder / "staff" / "stage.sql").write_text(
        sql.replace("to_amount(缴费基数)", read.format("缴费基数")), encoding="utf-8"
    )
    rows = [staff_row(f"V{n}").replace(",5000,", f',"{figure}",') for n, figure in enumerate(figures)]
    park.drop("staff", "a.csv", staff_file(rows), day(0.5))
    park.land("staff", day(1))
    park.stage("staff")
    assert {
        number for number, reason in park.rejected("staff") if "has a fraction, which stage.sql loses" in reason
    } == lost


@pytest.mark.parametrize(
    ("figures", "read", "rows"),
    [
        (["300", "缺报", "300元整"], "coalesce(try_cast({0} as decimal(18, 2)), 0)", {3, 4}),
        (["300", "12（含3）", "-40", "(50)"], "try_cast(regexp_replace({0}, '[^0-9.]', '', 'g') as double)", {3, 4, 5}),
        (["300", "1,250", "80，另5"], "try_cast(regexp_extract({0}, '[0-9]+') as double)", {3, 4}),
        (["300", "12,5", "1.234,56", "1,250.50"], "round(try_cast(replace({0}, ',', '') as double), 2)", {3, 4}),
        (["300", "1,250.50", "(50)", "3万"], "coalesce(to_amount({0}), 0)", set()),
        (["12亩", "1,250亩", "80.5亩"], "try_cast(replace(replace({0}, '亩', ''), ',', '') as double) * 666.67", set()),
        (["300", "无偿"], "case when {0} = '无偿' then 0 else to_amount({0}) end", set()),
        (["300", "1,250.50"], "case when 单位编号 = 'V1' then -to_amount({0}) else to_amount({0}) end", set()),
        (["300", "-1,250.50"], "abs(to_amount({0}))", set()),
        (["300", "400", "1,250.50"], "to_amount({0}) * case when 单位编号 = 'V2' then 40 else 1 end", set()),
        (
            ["300", "400", "1,250.50"],
            "try_cast(replace({0}, ',', '') as double) * coalesce(to_count(参保人数), 1)",
            set(),
        ),
    ],
)
def test_a_figure_that_stage_sql_makes_of_another_text_costs_its_row(
    park: Park, figures: list[str], read: str, rows: set[int]
) -> None:
    """0 of a gap, or the digits of a text, would be a figure that the office never stated."""
    park.change("staff", "rejected_pct: 10", "rejected_pct: 90")
    path = park.feed_folder / "staff" / "stage.sql"
    sql = path.read_text(encoding="utf-8").replace("to_amount(缴费基数)", read.format("缴费基数"))
    path.write_text(sql, encoding="utf-8")
    lines = [staff_row(f"V{n}").replace(",5000,", f',"{figure}",') for n, figure in enumerate(figures)]
    park.drop("staff", "a.csv", staff_file(lines), day(0.5))
    park.land("staff", day(1))
    park.stage("staff")
    assert {number for number, reason in park.rejected("staff") if "is no plain figure" in reason} == rows


@pytest.mark.parametrize(
    ("words", "read", "rows"),
    [
        (["水", "电", "蒸汽"], "case {0} when '电' then 'electricity' else 'water' end", {2, 4}),
        (["水", "电"], "case {0} when '电' then 'electricity' else 'water' end", set()),
        (["自来水", "水费", "电表"], "case when {0} like '%水%' then 'water' else 'electricity' end", set()),
        (["WATER", "Water", "gas"], "lower({0})", set()),
        (["1", "true", "false"], "case when {0} = '1' then 'water' else 'gas' end", {3, 4}),
    ],
)
def test_words_that_stage_sql_does_not_name_are_not_one_code(
    park: Park, words: list[str], read: str, rows: set[int]
) -> None:
    """One of them may be a new word for the other answer; steam would be water."""
    columns = "{户号: source_key, 表号: meter_no, 表类: utility_code, 月份: month, 用量: used_quantity}"
    park.declare(
        "meters",
        "feed: meters\nsubject: utility_use\ntitle: {en: Meters, zh: 表}\noffice: some office\nowner: data-engineering\n"
        'description: Meters.\nschedule: "0 1 * * *"\nsource: {protocol: file_drop, connection: none, folder: meters, settle_seconds: 0}\n'
        f"replaces: nothing\ncolumns: {columns}\nallow: {{rejected_pct: 90, stale_days: 40}}\n",
        f"select row_number, 户号 as source_key, 表号 as meter_no, {read.format('表类')} as utility_code, to_month(月份) as month, "
        "to_quantity(用量) as used_quantity from delivery",
    )
    lines = [f"K{n},M{n},{word},2026-01,{n}" for n, word in enumerate(words)]
    park.drop("meters", "a.csv", "\n".join(["户号,表号,表类,月份,用量", *lines, ""]), day(0.5))
    park.land("meters", day(1))
    park.stage("meters")
    assert {
        number for number, reason in park.rejected("meters") if "neither codes nor stage.sql names" in reason
    } == rows
