"""What parks really deliver is not stopped: each true delivery beside a wrong one that looks like it."""

from __future__ import annotations

import duckdb
import pytest

from tests.conftest import stopping

STAFF = (
    "select 'S' || (100 + u) as source_key, 'S' || (100 + u) as unit_no, "
    "chr((19968 + 7 * u)::int) || '科技（江苏）有限公司' as enterprise_name, "
    "(date '{first}' + m * interval 1 month)::date as month, {staff} as insured_headcount, 5000.00 * ({staff}) as wage_amount, "
    "'employment' as feed, u as row_number from range(60) as a(u) cross join range({months}) as b(m)"
)
HIRED = "20 + (u * 37) % 50 + ((u * 5 + m * 11) % 7 = 0)::int - ((u * 3 + m * 5) % 7 = 0)::int"
FESTIVAL = f"(({HIRED}) * (0.5 + 0.3 * (u % 2)))::int"
METER = (
    "select 'A' || (100 + u) as source_key, 'D' || (100 + u) as meter_no, 'electricity' as utility_code, "
    "(date '{first}' + m * interval 1 month)::date as month, {used} as used_quantity, 'utility_use' as feed, u as row_number "
    "from range(60) as a(u) cross join range({months}) as b(m)"
)
USED = "1000 + (u * 37) % 500 + (u * 7 + m * 13) % 50"
RESTED = f"case when u % 3 = 0 and m in (4, 5) then 0 else {USED} end"
PAID = (
    "select 'T' || (100 + u) as source_key, 'P{no}' || m || '-' || u as payment_no, 'cit' as tax_kind_code, "
    "(date '2025-07-01' + m * interval 1 month)::date as period_start, last_day(date '2025-07-01' + m * interval 1 month) as period_end, "
    "last_day(date '2025-07-01' + m * interval 1 month) + 9 as paid_date, {paid} as paid_amount, "
    "last_day(date '2025-07-01' + m * interval 1 month) + interval 10 day as recorded_at, 'tax_payment' as feed, u as row_number "
    "from range(60) as a(u) cross join range({months}) as b(m)"
)
SUM = "1000.00 + 17 * u + (u * 7 + m * 13) % 50"
EVENT = (
    "select 'BG' || ({no} + u) as event_no, 'E' || u as source_key, '{code}' as event_code, date '2026-01-01' + u::int as event_date, "
    "{text} as before_text, {text} as after_text, timestamp '2026-01-02' + u * interval 1 day as recorded_at, "
    "'registration_event' as feed, u as row_number from range(40) as a(u)"
)
FIRM = (
    "select 'PRI' || (100 + u) as source_key, 'R' || (100 + u) as registration_no, {name} as enterprise_name, {former} as former_names, "
    "'active' as status_code, timestamp '{at}' as recorded_at, 'registration' as feed, u as row_number from range(100) as a(u)"
)
NAME, RENAMED = "chr((19968 + 7 * u)::int) || '科技有限公司'", "chr((30000 + 7 * u)::int) || '科技有限公司'"
LEASE = (
    "select 'L' || (100 + u) as lease_no, 'T' || (100 + u) as source_key, {building} as building_code, 480 as leased_area_m2, "
    "(date '2024-01-01' + ((u * 37) % 300)::int) as start_date, {end} as end_date, {rent} as monthly_rent_amount, "
    "'lease' as feed, u as row_number from range({first}, {last}) as a(u)"
)
END, RENT = "(date '2027-01-01' + (({0} * 37) % 300)::int)::date", "(9000 + 100 * (({0} * 37) % 97))"
USUAL = {"building": "'A'", "end": END.format("u"), "rent": RENT.format("u"), "first": 0, "last": 60}
ENDED = f"select *, case when row_number % {{every}} = 0 then date '2026-06-30' end as terminated_date from ({LEASE.format(**USUAL)})"
NEED = (
    "select 'N' || ({no} + u) as need_no, 'T' || u as source_key, {kind} as need_kind_code, "
    "case ({kind}) when 'finance' then 1e6 else 100 end * (1 + (u * 7) % 5) as needed_quantity, "
    "date '2026-01-01' + (u % 60)::int as stated_date, timestamp '2026-03-02' as recorded_at, 'need' as feed, u as row_number "
    "from range(80) as a(u)"
)


@pytest.mark.parametrize(
    ("feed", "known", "new", "stops"),
    [
        # other brackets are no other name
        ("employment", STAFF.format(first="2025-08-01", staff=HIRED, months="6"),
         "select * replace (translate(enterprise_name, '（）', '()') as enterprise_name) from "
         f"({STAFF.format(first='2025-08-01', staff=HIRED, months='6, 7')})", ""),
        # small firms have the staff of the month before, and always had
        ("employment", STAFF.format(first="2025-08-01", staff="1 + u % 5", months="6"),
         STAFF.format(first="2025-08-01", staff="1 + u % 5", months="6, 7"), ""),
        ("employment", STAFF.format(first="2025-08-01", staff=HIRED, months="6"),
         STAFF.format(first="2025-08-01", staff=HIRED.replace("m *", "5 *"), months="6, 7"), "repeated_pct"),
        # staff falls before the spring festival; in June a part of it is missing
        ("employment", STAFF.format(first="2025-08-01", staff=HIRED, months="6"),
         STAFF.format(first="2025-08-01", staff=FESTIVAL, months="6, 7"), ""),
        ("employment", STAFF.format(first="2025-12-01", staff=HIRED, months="6"),
         STAFF.format(first="2025-12-01", staff=FESTIVAL, months="6, 7"), "insured_headcount"),
        # meters that rested run again; others never ran
        ("utility_use", METER.format(first="2025-10-01", used=RESTED, months="6"),
         METER.format(first="2025-10-01", used=USED, months="6, 7"), ""),
        ("utility_use", METER.format(first="2025-10-01", used=f"case when u % 3 = 0 then 0 else {USED} end", months="6"),
         METER.format(first="2025-10-01", used=USED, months="6, 7"), "used_quantity"),
        # a third rests each spring; once it was not read
        ("utility_use", METER.format(first="2024-10-01", used=RESTED, months="16"),
         METER.format(first="2025-10-01", used=RESTED, months="4, 5"), ""),
        ("utility_use", METER.format(first="2024-10-01", used=USED, months="16"),
         METER.format(first="2025-10-01", used=RESTED, months="4, 5"), "used_quantity"),
        # the first refunds come with the annual settlement
        ("tax_payment", PAID.format(no="1", paid=SUM, months="6"),
         PAID.format(no="2", paid=f"case when u % 6 = 0 then -500 else {SUM} end", months="6, 7"), ""),
        # a quarter corrects the months before, beside the new one; elsewhere the new one is missing
        ("tax_payment", PAID.format(no="1", paid=SUM, months="6"),
         PAID.format(no="2", paid=SUM, months="6, 7") + " union all by name select * from "
         f"({PAID.format(no='3', paid='200.00', months='4, 6')}) where row_number % 4 = 0", ""),
        ("tax_payment", PAID.format(no="1", paid=SUM, months="6"),
         f"select * from ({PAID.format(no='2', paid=SUM, months='5, 7')}) where (row_number % 4 = 0) = (month(period_end) = 12)",
         "period_end"),
        # of a new kind of event nothing is known; of a known one the texts are missing
        ("registration_event", EVENT.format(no=100, code="rename", text="'前'"),
         EVENT.format(no=200, code="abnormal_listed", text="null"), ""),
        ("registration_event", EVENT.format(no=100, code="rename", text="'前'"),
         EVENT.format(no=200, code="rename", text="null"), "before_text"),
        # who says what it was called before
        ("registration", FIRM.format(name=NAME, former="null", at="2026-01-01"),
         FIRM.format(name=RENAMED, former=NAME, at="2026-02-01"), ""),
        ("registration", FIRM.format(name=NAME, former="null", at="2026-01-01"),
         FIRM.format(name=RENAMED, former="null", at="2026-02-01"), "enterprise_name"),
        # all are extended by three years, and rents rise by 5 %; or both are a row down
        ("lease", LEASE.format(**USUAL),
         LEASE.format(**USUAL | {"end": f"{USUAL['end']} + interval 3 year", "rent": f"1.05 * {USUAL['rent']}"}), ""),
        ("lease", LEASE.format(**USUAL), LEASE.format(**USUAL | {"end": END.format("(u + 1)")}), "end_date"),
        # one that is corrected by a day is no other clock
        ("lease", LEASE.format(**USUAL), LEASE.format(**USUAL | {"end": f"{USUAL['end']} + 1"}), "end_date"),
        ("lease", LEASE.format(**USUAL), LEASE.format(**USUAL | {"end": f"{USUAL['end']} + (u % 15 = 0)::int"}), ""),
        # a building is vacated, a quarter of the park; or the day of printing is in all rows
        ("lease", LEASE.format(**USUAL) , ENDED.format(every=4), ""),
        ("lease", LEASE.format(**USUAL) , ENDED.format(every=1), "terminated_date"),
        ("lease", LEASE.format(**USUAL), LEASE.format(**USUAL | {"rent": RENT.format("(u + 1)")}), "monthly_rent_amount"),
        # one new building of thirty tenants, and thirty buildings
        ("lease", LEASE.format(**USUAL),
         LEASE.format(**USUAL) + " union all by name " + LEASE.format(**USUAL | {"building": "'K12'", "first": 60, "last": 90}), ""),
        ("lease", LEASE.format(**USUAL),
         LEASE.format(**USUAL) + " union all by name " + LEASE.format(**USUAL | {"building": "'K1' || u", "first": 60, "last": 90}),
         "building_code"),
        # most ask for a loan
        ("need", NEED.format(no=100, kind="case when u % 2 = 0 then 'finance' else 'space' end"),
         NEED.format(no=200, kind="case when u % 8 > 0 then 'finance' else 'space' end"), ""),
    ],
)  # fmt: skip
def test_what_is_true_is_accepted_and_what_looks_like_it_stops(
    july: duckdb.DuckDBPyConnection, feed: str, known: str, new: str, stops: str
) -> None:
    facts = {f.object_name: f.fact for f in stopping(july, feed, known, new)}
    if stops:
        assert stops in facts
    else:
        assert facts == {}
