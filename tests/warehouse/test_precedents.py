"""What earlier rows never did stops, and what they do now and then does not."""

from __future__ import annotations

import math
import operator
import statistics
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.registry import feed_named
from tests.conftest import Park, day, empty_warehouse, leases
from warehouse import incoming
from warehouse.comparison import findings, measure
from warehouse.errors import DeclarationError, DeliveryRefused
from warehouse.kinds import FLOW, READING, YEAR_TO_DATE, FigureKind
from warehouse.precedents import identities, periods, sizes, states
from warehouse.precedents.measured import Measured, beyond_chance, tail
from warehouse.settings import CHECKOUT


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with empty_warehouse("2026-07-01") as opened:
        yield opened


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from([2, 5, 5.5])), min_size=2, max_size=30))
def test_ranks_are_shares_of_nearer_figures(fitted: list[tuple[float, float]]) -> None:
    """Against a plain count of each beside each."""
    for place, (rank, (figure, middle)) in enumerate(zip(sizes._ranks(fitted), fitted, strict=True)):
        away = [abs(other - middle) for at, (other, _) in enumerate(fitted) if at != place]
        nearer, as_far = (sum(compare(d, abs(figure - middle)) for d in away) for compare in (operator.lt, operator.eq))
        assert rank == pytest.approx((nearer + as_far / 2) / len(away))


@given(st.lists(st.integers(0, 9), min_size=2, max_size=12).map(sorted), st.data())
def test_the_middle_of_others_is_their_median(ordered: list[int], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(ordered) - 1))
    assert sizes._middle_of_others(ordered, place) == statistics.median([*ordered[:place], *ordered[place + 1 :]])


class Deliveries:
    """Earlier rows of a demo feed, and new ones, given as SQL."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, feed: str, known: str, new: str) -> None:
        self.connection, self.feed = connection, feed_named((CHECKOUT / "connectors" / "feeds",), feed)
        subject = self.feed.subject
        columns = ", ".join(f'"{c.name}" {c.type}' for c in subject.columns.values())
        clocks = "recorded_at timestamp, received_at timestamp, row_number bigint, t date, series varchar"
        series = [k for k in subject.key if k not in ("month", "period_start", "period_end")]
        if subject.name == "tax_payment":
            series = ["source_key", "tax_kind_code"]
        time = "month" if subject.has_months else "period_end" if subject.has_periods else "date '2000-01-01'"
        for table, rows in (("known_fact", known), ("new_fact", new)):
            connection.execute(f"create or replace temp table {table} ({columns}, {clocks})")
            connection.execute(f"insert into {table} by name {rows}")
            connection.execute(f"update {table} set t = {time}, series = concat_ws('|', {', '.join(series)})")

    def stops(self, measured: Iterator[Measured]) -> list[str]:
        """What a delivery would stop for: the columns."""
        return [finding.object_name for finding in findings(list(measured), self.feed)]


# 100 units, six months; unit 5 has no wages in one month of them
STAFF = """select 'U' || lpad(u::varchar, 3, '0') as source_key, 'U' || u || '公司' as enterprise_name,
    date '2026-01-01' + m * interval 1 month as month, 5 + u % 40 as insured_headcount,
    case when u <> 5 or m <> 2 then 6000.00 * (5 + u % 40) end as wage_amount, u as row_number,
    timestamp '2026-02-05' + m * interval 1 month as recorded_at
    from range({0}) as a(u) cross join range({1}, {2}) as b(m)"""
KNOWN_STAFF = STAFF.format(100, 0, 6)


def july(change: str = "", rows: str = "true") -> str:
    return f"select * {f'replace ({change})' if change else ''} from ({STAFF.format(100, 6, 7)}) where {rows}"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("", []),
        ("case when row_number > 1 then wage_amount end as wage_amount", []),  # two units: one had none before
        ("case when row_number > 9 then recorded_at end as recorded_at", ["recorded_at"]),
        ("case when row_number < 10 then null else insured_headcount end as insured_headcount", ["insured_headcount"]),
        ("case when row_number < 2 then null else insured_headcount end as insured_headcount", []),
        ("case when row_number < 10 then -wage_amount else wage_amount end as wage_amount", ["wage_amount"]),
        ("left(enterprise_name, 3) as enterprise_name", ["enterprise_name"]),  # U12公: none ended so
    ],
)
def test_what_was_x_written_so(connection: duckdb.DuckDBPyConnection, change: str, found: list[str]) -> None:
    given = Deliveries(connection, "employment", KNOWN_STAFF, july(change))
    assert sorted(set(given.stops(states.unheard_of(connection, given.feed)))) == found


def test_a_first_delivery_has_no_precedent(connection: duckdb.DuckDBPyConnection) -> None:
    few = STAFF.format(9, 0, 1)
    given = Deliveries(connection, "employment", few, july("null as insured_headcount"))
    assert given.stops(states.unheard_of(connection, given.feed)) == []


PAID = """select 'T' || lpad(u::varchar, 3, '0') as source_key, 'P{0}' || m || '-' || u as payment_no, 'vat' as tax_kind_code,
    (date '2026-01-01' + m * interval 1 month)::date as period_start, last_day(date '2026-01-01' + m * interval 1 month) as period_end,
    last_day(date '2026-01-01' + m * interval 1 month) + 3 + (u % 20)::int as paid_date,
    case when u % 12 = 0 then -1 else 1 end * (1000.00 + 17 * u) as paid_amount,
    timestamp '2026-02-20' + m * interval 1 month as recorded_at from range({1}) as a(u) cross join range({2}, {3}) as b(m)"""
KNOWN_PAID = PAID.format("", 120, 0, 6)


def paid(change: str = "") -> str:
    return f"select * {f'replace ({change})' if change else ''} from ({PAID.format('N', 120, 6, 7)})"


def test_minus_signs_that_are_lost(connection: duckdb.DuckDBPyConnection) -> None:
    """Ten of 120 payments are refunds in each month; now none is, or one is."""
    given = Deliveries(connection, "tax_payment", KNOWN_PAID, paid("abs(paid_amount) as paid_amount"))
    assert given.stops(states.unheard_of(connection, given.feed)) == ["paid_amount"]
    one = "case when source_key = 'T000' then paid_amount else abs(paid_amount) end as paid_amount"
    given = Deliveries(connection, "tax_payment", KNOWN_PAID, paid(one))
    assert given.stops(states.unheard_of(connection, given.feed)) == []


FILED = """select 'T' || u as source_key, 'vat' as tax_kind_code, date '2026-01-01' + m * interval 1 month as period_start,
    last_day(date '2026-01-01' + m * interval 1 month) as period_end,
    case when u < 6 then -1 else 1 end * (1000.00 + 17 * u) as tax_due_amount, u, m from range(40) as a(u)
    cross join range({0}, {1}) as b(m)"""


@pytest.mark.parametrize(
    ("before", "now", "found"),
    [
        ("", "u < 6", ["tax_due_amount"]),
        ("", "u < 5", ["tax_due_amount"]),  # one turned, four or five lost their sign
        ("", "u < 2", []),  # two
        ("", "u >= 6", []),  # positive ones become negative: another thing
        ("m = 4 and u < 3", "u < 4", []),  # it is usual here that they turn
    ],
)
def test_exporters_with_a_negative_tax_that_is_positive_now(
    connection: duckdb.DuckDBPyConnection, before: str, now: str, found: list[str]
) -> None:
    def rows(first: int, last: int, turned: str) -> str:
        change = f"replace (case when {turned} then -tax_due_amount else tax_due_amount end as tax_due_amount)"
        return f"select * exclude (u, m) {change} from ({FILED.format(first, last)})"

    given = Deliveries(connection, "tax_filing", rows(0, 6, before or "false"), rows(6, 7, now))
    assert given.stops(states.turned_signs(connection, ["tax_due_amount"])) == found


@pytest.mark.parametrize(("days", "found"), [(0, []), (40, []), (-4, []), (-9, ["paid_date"])])
def test_payments_sooner_after_their_period_than_ever(
    connection: duckdb.DuckDBPyConnection, days: int, found: list[str]
) -> None:
    given = Deliveries(connection, "tax_payment", KNOWN_PAID, paid(f"paid_date + {days} as paid_date"))
    assert given.stops(periods.odd_delays(connection, given.feed)) == found


BACK = (
    "period_end - (case when right(source_key, 1)::int < {0} then 31 else 0 end)::int as period_end, "
    "period_start - (case when right(source_key, 1)::int < {0} then 31 else 0 end)::int as period_start"
)


@pytest.mark.parametrize(("tenths", "found"), [(0, []), (1, []), (3, ["period_end"]), (10, ["period_end"])])
def test_months_of_some_rows_moved_back(connection: duckdb.DuckDBPyConnection, tenths: int, found: list[str]) -> None:
    """One payment in ten for a month that was paid is allowed; three in ten, where none ever was, are another month."""
    given = Deliveries(connection, "tax_payment", KNOWN_PAID, paid(BACK.format(tenths)))
    connection.execute("update new_fact set t = last_day(period_end), period_end = last_day(period_end)")
    assert given.stops(periods.reported_again(connection, given.feed)) == found


def test_second_payments_of_a_quiet_night(connection: duckdb.DuckDBPyConnection) -> None:
    """A fifth of the year's payments were second ones: twenty in a night, and nothing else, are no other month."""
    known = f"{KNOWN_PAID} union all by name {PAID.format('S', 24, 0, 6)}"
    second = f"select * from ({PAID.format('L', 20, 5, 6)})"
    given = Deliveries(connection, "tax_payment", known, second)
    assert given.stops(periods.reported_again(connection, given.feed)) == []


METERS = """select '9' || lpad(u::varchar, 4, '0') as source_key, 'DG' || lpad(u::varchar, 4, '0') as meter_no,
    'electricity' as utility_code, u || '号公司' as enterprise_name, date '2026-01-01' + m * interval 1 month as month,
    (100 + 37 * (u % 11)) * (1 + 0.02 * ((u * 7 + m * 5) % 5)) as used_quantity, u as row_number
    from range({0}) as a(u) cross join range({1}, {2}) as b(m)"""
KNOWN_METERS = METERS.format(60, 0, 6)


def meters(change: str = "", rows: str = "true") -> str:
    return f"select * {f'replace ({change})' if change else ''} from ({METERS.format(60, 6, 7)}) where {rows}"


@pytest.mark.parametrize(
    ("change", "is_found"),
    [
        ("", False),
        ("'9' || lpad(((row_number + 1) % 60)::varchar, 4, '0') as source_key", True),  # accounts one row down
        ("((row_number + 1) % 60) || '号公司' as enterprise_name", True),  # names one row down
        ("case when row_number < 4 then '9999' || row_number else source_key end as source_key", False),  # new tenants
        ("'X' || row_number as enterprise_name", True),
    ],
)
def test_values_that_came_together(connection: duckdb.DuckDBPyConnection, change: str, is_found: bool) -> None:
    given = Deliveries(connection, "utility_use", KNOWN_METERS, meters(change))
    assert bool(given.stops(identities.broken_pairs(connection, given.feed, False))) is is_found


def test_a_paper_of_another_taxpayer(connection: duckdb.DuckDBPyConnection) -> None:
    """Payments that are known come again in the overlap of two pulls: under their own numbers, or one row down."""
    again = f"select * from ({PAID.format('', 120, 5, 6)})"
    given = Deliveries(connection, "tax_payment", KNOWN_PAID, again)
    assert given.stops(identities.broken_pairs(connection, given.feed, False)) == []
    down = again.replace("select *", "select * replace (lead(payment_no) over (order by payment_no) as payment_no)")
    given = Deliveries(connection, "tax_payment", KNOWN_PAID, down)
    assert "source_key" in given.stops(identities.broken_pairs(connection, given.feed, False))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("", []),
        ("used_quantity * 0.4 as used_quantity", []),  # a month of holidays: all fall alike
        ("lag(used_quantity, 1, 100) over (order by row_number) as used_quantity", ["used_quantity"]),
    ],
)
def test_figures_one_row_down_within_their_scale(
    connection: duckdb.DuckDBPyConnection, change: str, found: list[str]
) -> None:
    given = Deliveries(connection, "utility_use", KNOWN_METERS, meters(change))
    assert given.stops(sizes.unsteady(connection, given.feed, ["used_quantity"])) == found


@pytest.mark.parametrize(("rows", "found"), [(55, []), (65, ["used_quantity"])])
def test_a_small_part_of_a_period_may_move_otherwise(
    connection: duckdb.DuckDBPyConnection, rows: int, found: list[str]
) -> None:
    """Of 240 meters fewer than a quarter come, as those who pay on the last day do: they are not like the whole."""
    shifted = "lag(used_quantity, 1, 100) over (order by row_number) as used_quantity"
    new = f"select * replace ({shifted}) from ({METERS.format(rows, 6, 7)})"
    given = Deliveries(connection, "utility_use", METERS.format(240, 0, 6), new)
    assert given.stops(sizes.unsteady(connection, given.feed, ["used_quantity"])) == found


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ("true", []),
        ("row_number < 55", ["source_key"]),
        ("row_number >= 4", ["source_key"]),
        ("row_number < 58", []),  # two at the end: they may have left
        ("row_number % 12 <> 0", []),  # five here and there
        ("row_number < 57", ["source_key"]),  # three at the end, and hardly by chance: (1/58)³
        ("row_number >= 3", ["source_key"]),
        ("row_number >= 2", []),
        # eight others are missing: five at the end by chance (9/56)⁵ = 1.1 in 10,000, six (9/55)⁶ = 0.2
        ("row_number < 55 and row_number not between 20 and 27", []),
        ("row_number < 54 and row_number not between 20 and 27", ["source_key"]),
        ("row_number >= 5 and row_number not between 20 and 27", []),
        ("row_number >= 6 and row_number not between 20 and 27", ["source_key"]),
        ("false", []),  # nothing came at all
    ],
)
def test_a_file_that_was_cut(connection: duckdb.DuckDBPyConnection, rows: str, found: list[str]) -> None:
    given = Deliveries(connection, "utility_use", KNOWN_METERS, meters(rows=rows))
    assert given.stops(periods.cut_off(connection, given.feed)) == found


@pytest.mark.parametrize(("missing", "found"), [(2, []), (3, ["source_key"])])
def test_the_last_two_of_many_units_may_have_left(
    connection: duckdb.DuckDBPyConnection, missing: int, found: list[str]
) -> None:
    """Of a thousand even two are missing there by chance once in a million; a rule of three goes before."""
    new = f"select * from ({METERS.format(1000, 1, 2)}) where row_number < {1000 - missing}"
    given = Deliveries(connection, "utility_use", METERS.format(1000, 0, 1), new)
    assert given.stops(periods.cut_off(connection, given.feed)) == found
    renamed = new.replace("select *", "select * replace ('X' || source_key as source_key)")
    given = Deliveries(connection, "utility_use", METERS.format(1000, 0, 1), renamed)
    assert given.stops(periods.cut_off(connection, given.feed)) == [], "where all are others, none is the last"


EVENTS = """select 'PRI' || lpad((u + {0})::varchar, 9, '0') as source_key, 'BG' || (u + {0}) as event_no, '91329905666181506J' as uscc,
    u || '公司' as enterprise_name, case when u % 2 = 0 then 'rename' else 'cancelled' end as event_code,
    date '2025-01-01' + u::int as event_date, case when u % 2 = 0 then '甲公司' end as before_text,
    case when u % 2 = 0 then '乙公司' end as after_text, timestamp '2025-01-02' + to_days((u + u % 9)::int) as recorded_at
    from range({1}) as a(u)"""


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("event_date as event_date", []),
        ("event_date - 30 as event_date", ["recorded_at"]),
        ("event_date + 20 as event_date", ["recorded_at"]),
        ("case when source_key[-1] = '7' then event_date - 30 else event_date end as event_date", []),  # entered late
    ],
)
def test_entries_later_after_their_event_than_ever(
    connection: duckdb.DuckDBPyConnection, change: str, found: list[str]
) -> None:
    new = f"select * replace ({change}) from ({EVENTS.format(1000, 20)})"
    given = Deliveries(connection, "registration_event", EVENTS.format(0, 60), new)
    assert sorted(set(given.stops(periods.odd_delays(connection, given.feed)))) == found


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("before_text as before_text", []),
        # one row down: what was after is missing beside what was before, too
        ("case when event_code = 'cancelled' then '甲公司' end as before_text", ["after_text", "before_text"]),
        ("'12号' as before_text", ["after_text", "before_text"]),
    ],
)
def test_what_rows_of_a_kind_never_say(connection: duckdb.DuckDBPyConnection, change: str, found: list[str]) -> None:
    new = f"select * replace ({change}) from ({EVENTS.format(1000, 20)})"
    given = Deliveries(connection, "registration_event", EVENTS.format(0, 60), new)
    assert sorted(set(given.stops(states.unheard_of(connection, given.feed)))) == found


@pytest.mark.parametrize(("earlier", "found"), [(3, []), (20, ["after_text", "before_text"])])
def test_what_few_rows_of_a_code_show_of_their_text(
    connection: duckdb.DuckDBPyConnection, earlier: int, found: list[str]
) -> None:
    """The first three changes of capital are written 600万元人民币, the next five 15000000元."""
    capital = "select * replace ('capital_change' as event_code, '{0}' as before_text, '{0}' as after_text) from ({1})"
    known = f"{EVENTS.format(0, 60)} union all by name {capital.format('600万元人民币', EVENTS.format(100, earlier))}"
    new = f"{EVENTS.format(1000, 20)} union all by name {capital.format('15000000元', EVENTS.format(2000, 5))}"
    given = Deliveries(connection, "registration_event", known, new)
    assert sorted(set(given.stops(states.unheard_of(connection, given.feed)))) == found


# ---- what a row alone shows


def _reasons(park: Park, feed: str) -> list[str]:
    park.sync(feed, day(1))
    return [reason for (reason,) in park.ask("select reason from ops.quarantine order by 1")]


def test_a_payment_of_a_day_to_come(park: Park) -> None:
    for number in range(20):
        park.pay(f"P{number}", 10000, "2026-02-20 10:00:00")
    park.tax_database("update 入库 set 入库日期 = '2026-03-03' where 税票号码 = 'P1'")  # a clock of another zone
    park.tax_database("update 入库 set 入库日期 = '2099-02-10' where 税票号码 = 'P2'")
    park.tax_database("update 入库 set 所属期止 = '2099-01-31' where 税票号码 = 'P3'")
    assert _reasons(park, "payments") == [
        "paid_date is 2099-02-10, after this delivery: it cannot have happened",
        "period_end is 2099-01-31, 12 months or more after this delivery",
    ]


def test_a_lease_may_run_for_fifty_years(park: Park) -> None:
    lines = leases(range(30)).replace("2027-12-31", "2070-12-31", 5).replace("2027-12-31", "2099-12-31", 1)
    park.drop("leases", "a.csv", lines, day(0.5))
    reasons = _reasons(park, "leases")
    assert [reason.partition(",")[0] for reason in reasons] == ["end_date is 2099-12-31"]
    assert "list it under missing" in reasons[0]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("913299052828881000", "rounded to 15 digits"),  # no code ends so: its check character would be another
        ("913299052828815000", None),  # one code in thirty that end so is right
        ("91329905282046081F", None),
        ("91329905282888100", None),  # 17 digits: wrong, but not rounded
        ("91329905282046081F（新）", "uscc has more than a credit code"),
        ("91329905282046081F；", "uscc has more than a credit code"),
    ],
)
def test_a_credit_code_that_is_none(park: Park, code: str, reason: str | None) -> None:
    lines = leases(range(30)).replace(",无,", f",{code},", 1)
    park.drop("leases", "a.csv", lines, day(0.5))
    assert [reason is not None and reason in found for found in _reasons(park, "leases")] == ([True] if reason else [])


def test_a_declared_fact_between_columns(park: Park) -> None:
    park.change("payments", "codes:", "facts:\n  an even amount is paid: try_cast(金额_分 as bigint) % 2 = 0\ncodes:")
    for number in range(20):
        park.pay(f"P{number}", 10001 if number == 7 else 10000, "2026-02-20 10:00:00")
    assert _reasons(park, "payments") == ["it does not hold that an even amount is paid (facts)"]
    assert park.ask("select count(*) from staged.tax_payment") == [(19,)]


def test_a_fact_that_cannot_be_asked_is_told(park: Park) -> None:
    park.change("payments", "codes:", "facts: {it is paid: 金额 > 0}\ncodes:")
    park.pay("P1", 10000, "2026-02-20 10:00:00")
    with pytest.raises(DeclarationError, match=r"payments/feed\.yml: facts cannot be asked"):
        park.sync("payments", day(1))


def test_a_cut_file_stops_with_its_unreadable_end(park: Park) -> None:
    """The last line is cut in two, and the line of totals is gone: one unreadable row hid that."""
    total = "合计,,,,{},,,,\n"
    park.drop("leases", "a.csv", leases(range(60)) + total.format("6030.0"), day(0.5))
    park.sync("leases", day(1))
    park.drop("leases", "b.csv", leases(range(59))[:-30], day(1.5))
    park.land("leases", day(2))
    with pytest.raises(DeliveryRefused, match="the line of totals is missing"):
        park.stage("leases")


# --- papers, lists and tables of a year --------------------------------------------------------------------------------

# of 60 firms one need each: 10 to 69 persons, recorded on the day on which it is stated
NEED = """select 'U' || u as source_key, 'S' || lpad(u::varchar, 3, '0') as need_no, 'U' || u || '公司' as enterprise_name,
    'staff' as need_kind_code, 'person' as quantity_unit_code, 10 + u % 60 as needed_quantity,
    date '2025-01-01' + (u * 7)::int as stated_date, timestamp '2025-01-01 09:00' + u * interval 7 day as recorded_at,
    timestamp '2026-06-30' as received_at, u as row_number from range({0}, {1}) as a(u)"""


def need(change: str = "") -> str:
    return f"select * {f'replace ({change})' if change else ''} from ({NEED.format(60, 84)})"


@pytest.mark.parametrize(
    ("change", "stops"),
    [
        ("", []),
        ("100 * needed_quantity as needed_quantity", ["needed_quantity"]),
        # a third of them
        ("case when u % 3 = 0 then 10000 else 1 end * needed_quantity as needed_quantity", ["needed_quantity"]),
        ("2 * needed_quantity as needed_quantity", []),
    ],
)
def test_a_stated_quantity_is_held_against_its_kind(
    connection: duckdb.DuckDBPyConnection, change: str, stops: list[str]
) -> None:
    new = need(change.replace("u % 3", "row_number % 3"))
    held = Deliveries(connection, "need", NEED.format(0, 60), new)
    assert sorted(set(held.stops(sizes.odd_sizes(connection, held.feed)))) == stops


@pytest.mark.parametrize(("days", "stops"), [(0, []), (31, ["recorded_at"])])
def test_a_day_of_stating_a_month_earlier_stops(
    connection: duckdb.DuckDBPyConnection, days: int, stops: list[str]
) -> None:
    new = need(f"stated_date - {days} as stated_date")
    held = Deliveries(connection, "need", NEED.format(0, 60), new)
    assert sorted(set(held.stops(periods.odd_delays(connection, held.feed)))) == stops


def test_a_list_typed_in_at_once_teaches_no_delay(connection: duckdb.DuckDBPyConnection) -> None:
    """500 branches of twenty years were recorded on one day; since then each within two weeks of its opening."""
    branch = (
        "select 'D' || lpad(u::varchar, 5, '0') as branch_no, 'W' || u % 300 as source_key, 'branch' as branch_kind_code, "
        "'329901' as division_code, {opened} as opened_date, {recorded} as recorded_at, u as row_number from range({a}, {b}) as a(u)"
    )
    old = branch.format(
        opened="date '2023-01-01' - (u * 15)::int", recorded="timestamp '2023-09-02 08:00:00'", a=0, b=500
    )
    since = branch.format(
        opened="date '2023-09-03' + (u - 500)::int * 10",
        recorded="timestamp '2023-09-03 10:00:00' + (u - 500) * interval 10 day + (u % 14) * interval 1 day",
        a=500,
        b=560,
    )
    for moved, stops in ((0, []), (31, ["recorded_at"])):
        new = branch.format(
            opened=f"date '2025-06-01' + (u - 560)::int - {moved}",
            recorded="timestamp '2025-06-05 10:00:00' + (u - 560) * interval 1 day",
            a=560,
            b=590,
        )
        held = Deliveries(connection, "outsider_branch", f"{old} union all by name {since}", new)
        assert sorted(set(held.stops(periods.odd_delays(connection, held.feed)))) == stops


def test_a_column_sorted_alone_stops_and_rows_sorted_as_a_whole_do_not(connection: duckdb.DuckDBPyConnection) -> None:
    known = NEED.format(0, 60).replace("10 + u % 60", "10 + (u * 37) % 60")
    new = NEED.format(60, 100).replace("10 + u % 60", "10 + (u * 37) % 60")
    alone = f"select * replace (row_number - 50 as needed_quantity) from ({new})"
    whole = f"select * replace (row_number() over (order by needed_quantity) as row_number) from ({new})"
    for rows, stops in ((new, []), (alone, ["needed_quantity"]), (whole, [])):
        held = Deliveries(connection, "need", known, rows)
        assert sorted(set(held.stops(periods.sorted_alone(connection, held.feed)))) == stops


def test_a_register_in_order_stays_so_where_records_left_and_came_back(connection: duckdb.DuckDBPyConnection) -> None:
    """Ten of 200 leases were missing once, and are known from a later file than the others: known rows fall ten times."""
    lease = """select 'L' || lpad(u::varchar, 3, '0') as lease_no, 'K' || lpad(u::varchar, 3, '0') as source_key, u as row_number,
        (u * 37) % 100 as leased_area_m2, timestamp '2026-01-01' + {0} * interval 1 day as received_at from range(200) as a(u)"""
    known, new = lease.format("(case when u % 20 = 7 then 200 - u else 0 end)"), lease.format("300")
    held = Deliveries(connection, "lease", known, new)
    assert held.stops(periods.sorted_alone(connection, held.feed)) == []


@pytest.mark.parametrize(
    ("is_noted_so_far", "renamed", "noted", "found"),
    [
        (True, "改", 0, ["former_names"]),
        (True, "改", 4, ["former_names"]),
        (True, "改", 10, []),
        (True, "（旧）", 0, []),  # another spelling
        (False, "改", 0, []),  # 40 others had none either
    ],
)
def test_a_register_that_notes_former_names_goes_on_to(
    is_noted_so_far: bool, renamed: str, noted: int, found: list[str]
) -> None:
    """Of ten firms that are renamed `noted` have the name that they gave up."""
    record = (
        "select 'R' || r as source_key, '{0}' || r || '公司' as enterprise_name, {1} as former_names, r as row_number, "
        "timestamp '{2}' as recorded_at, timestamp '{2}' as received_at from range({3}, {4}) as a(r)"
    )
    former = "'旧' || r || '公司'"
    second = record.format(
        "新", former if is_noted_so_far else f"case when r < 3 then {former} end", "2026-02-01", 0, 40
    )
    with empty_warehouse("2026-07-01") as connection:
        for rows in (record.format("旧", "null", "2026-01-01", 0, 100), second):
            connection.execute(
                f"insert into staged.registration by name select *, 'registration' as feed from ({rows})"
            )
        known = f"{second} union all {record.format('旧', 'null', '2026-01-01', 40, 100)}"
        new = record.format(renamed, f"case when r < {80 + noted} then {former} end", "2026-03-01", 80, 90)
        given = Deliveries(connection, "registration", known, new)
        assert given.stops(states.renamed(connection, given.feed)) == found


def test_texts_that_are_cut_stop(connection: duckdb.DuckDBPyConnection) -> None:
    known = NEED.format(0, 60).replace("'公司'", "repeat('甲', (u % 7)::int) || '科技有限公司'")
    new = NEED.format(60, 84).replace("'公司'", "repeat('乙', (u % 7)::int) || '科技有限公司'")
    for rows, stops in (
        (new, []),
        (f"select * replace (left(enterprise_name, 8) as enterprise_name) from ({new})", ["enterprise_name"]),
    ):
        held = Deliveries(connection, "need", known, rows)
        assert held.stops(states.cut_texts(connection, held.feed)) == stops


STAT = """select '329900' as area_code, 'gbt4754_2017' as classification_code, 'division' as industry_level,
    lpad(u::varchar, 2, '0') as industry_code, {year} as year_number, 100 + u as enterprise_count, u as row_number
    from range({a}, {b}) as a(u)"""


@pytest.mark.parametrize(
    ("year", "rows", "stops"),
    [
        (2025, 100, []),
        (2025, 98, []),
        (2025, 90, ["year_number"]),
        # a correction of a year that is known
        (2024, 5, []),
    ],
)
def test_a_table_of_a_new_year_has_the_rows_of_the_last(
    connection: duckdb.DuckDBPyConnection, year: int, rows: int, stops: list[str]
) -> None:
    new = STAT.format(year=year, a=0, b=rows)
    held = Deliveries(connection, "industry_stat", STAT.format(year=2024, a=0, b=100), new)
    assert held.stops(periods.rows_of_year(connection, held.feed)) == stops


TRADE = """select 'U' || u % 20 as source_key, 'sells' as direction_code, 'P' || u as partner_key, 'P' || u as partner_name,
    date '2026-01-01' as month, lpad((({0}) % 7)::varchar, 7, '0') as goods_code, 1 as invoice_count, u as row_number
    from range(100) as a(u)"""


@pytest.mark.parametrize(
    ("goods", "stops"), [("u", []), ("case when u < 95 then u else u + 1 end", []), ("u + 1", ["changed_pct"])]
)
def test_facts_of_a_known_month_with_another_key_stop(
    connection: duckdb.DuckDBPyConnection, goods: str, stops: list[str]
) -> None:
    held = Deliveries(connection, "trade", TRADE.format("u"), TRADE.format(goods))
    assert held.stops(periods.replaced_facts(connection, held.feed)) == stops


ENTRY = """select 'R' || u as source_key, '{0}' || u || '公司' as enterprise_name, {1} as former_names, u as row_number
    from range({2}, {3}) as a(u)"""


@pytest.mark.parametrize(("moved", "stops"), [(0, []), (1, ["former_names"])])
def test_a_former_name_that_was_another_record_s_name_stops(
    connection: duckdb.DuckDBPyConnection, moved: int, stops: list[str]
) -> None:
    new = ENTRY.format("新", f"'旧' || (u + {moved}) || '公司'", 10, 30)
    held = Deliveries(connection, "registration", ENTRY.format("旧", "null", 0, 60), new)
    assert held.stops(identities.moved_values(connection, held.feed)) == stops


PLACED = """select 'R' || u as source_key, '公司' || u as enterprise_name, '路' || {0} || '号' as address, u as row_number
    from range({1}, {2}) as a(u)"""


@pytest.mark.parametrize(("moved", "stops"), [(0, []), (3, []), (20, ["address"])])
def test_a_few_take_over_the_rooms_of_others(
    connection: duckdb.DuckDBPyConnection, moved: int, stops: list[str]
) -> None:
    """A room has a next tenant; a column one row down puts all into their neighbours' rooms."""
    new = PLACED.format(f"case when u < 10 + {moved} then u + 1 else u + 1000 end", 10, 70)
    held = Deliveries(connection, "registration", PLACED.format("u", 0, 200), new)
    assert held.stops(identities.moved_values(connection, held.feed)) == stops


def test_a_period_that_begins_within_a_month_stops(connection: duckdb.DuckDBPyConnection) -> None:
    """2026-07-01 with day and month swapped is 2026-01-07."""
    filing = """select 'T' || u as source_key, 'vat' as tax_kind_code, 'U' || u || '公司' as enterprise_name,
        date '{0}' as period_start, date '{1}' as period_end, 10.0 + u as tax_due_amount, u as row_number from range(60) as a(u)"""
    known = filing.format("2026-06-01", "2026-06-30")
    for start, stops in (("2026-07-01", False), ("2026-01-07", True)):
        held = Deliveries(connection, "tax_filing", known, filing.format(start, "2026-07-31"))
        assert ("period_start" in held.stops(states.unheard_of(connection, held.feed))) is stops


# a firm's industry (u % 4) moves its rows by no more than its own noise: half of the sales fall from month to month
SALES = """select 'T' || lpad(u::varchar, 3, '0') as source_key, 'vat' as tax_kind_code, 'U' || u || '公司' as enterprise_name,
    date '2025-01-01' + m * interval 1 month as period_start, last_day(date '2025-01-01' + m * interval 1 month) as period_end,
    (1000 + 10 * u) * (1 + 0.2 * sin(7 * u + 13 * m + u * m)) * {0} as sales_amount, u as row_number
    from range({1}) as a(u) cross join range({2}, {3}) as b(m)"""


@pytest.mark.parametrize(
    ("factor", "firms", "first", "stops"),
    [
        ("1", 60, 0, []),
        ("1.1", 60, 0, []),  # a good month
        ("2", 60, 0, ["sales_amount"]),  # January and February
        ("0.5", 60, 0, []),  # a bad month: no running total falls
        ("2", 60, 6, []),  # half a year shows no holidays
        ("2", 15, 0, []),  # all of a few rise now and then
    ],
)
def test_figures_that_hardly_ever_fall_are_a_running_total(
    connection: duckdb.DuckDBPyConnection, factor: str, firms: int, first: int, stops: list[str]
) -> None:
    given = Deliveries(
        connection, "tax_filing", SALES.format("1", firms, first, 13), SALES.format(factor, firms, 13, 14)
    )
    assert given.stops(sizes.hardly_falls(connection, given.feed, ["sales_amount"])) == stops


def test_months_that_grow_when_more_of_them_comes_are_no_running_total(connection: duckdb.DuckDBPyConnection) -> None:
    """Trade is pulled by when it was recorded: what comes late for a known month makes it larger."""
    held = Deliveries(connection, "tax_filing", SALES.format("1", 60, 0, 14), SALES.format("2", 60, 13, 14))
    assert held.feed.replaces == "nothing"
    assert held.stops(sizes.hardly_falls(connection, held.feed, ["sales_amount"])) == []


def test_a_month_that_was_known_in_part_is_held_against_as_it_is_stated_now(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    part = f"{SALES.format('1', 60, 0, 13)} union all {SALES.format('0.3', 60, 13, 14)}"
    held = Deliveries(connection, "tax_filing", part, SALES.format("1", 60, 13, 15))
    assert held.stops(sizes.hardly_falls(connection, held.feed, ["sales_amount"])) == []


def test_a_running_total_is_found_among_thousands(connection: duckdb.DuckDBPyConnection) -> None:
    """So many rows that the number of ways to draw them is no floating-point number."""
    given = Deliveries(connection, "tax_filing", SALES.format("1", 4000, 0, 13), SALES.format("1.5", 4000, 13, 14))
    assert given.stops(sizes.hardly_falls(connection, given.feed, ["sales_amount"])) == ["sales_amount"]


APPLICANT = """select '2025' || lpad(u::varchar, 8, '0') || '.1' as application_no, '甲' || {0} || '公司' as applicant_name,
    date '2025-01-01' as application_date, u as row_number from range({1}, {2}) as a(u)"""


@pytest.mark.parametrize(
    ("who", "stops"), [("u", []), ("case when u < 95 then u else -u end", []), ("(u + 1) % 120", ["changed_pct"])]
)
def test_applicants_one_row_down_stop(connection: duckdb.DuckDBPyConnection, who: str, stops: list[str]) -> None:
    """A new application and one with another owner are none."""
    given = Deliveries(connection, "patent", APPLICANT.format("u", 0, 100), APPLICANT.format(who, 0, 120))
    assert given.stops(periods.replaced_facts(connection, given.feed)) == stops


# 200 sellers with ten invoices each a month, in order of the seller
SOLD = """select 'U' || ({0}) // 10 as source_key, 'U' || ({0}) // 10 as uscc, '甲' || u // 10 || '公司' as enterprise_name,
    'sells' as direction_code, 'P' || u as partner_key, 'P' || u as partner_name, date '{1}' as month, '1010101' as goods_code,
    1 as invoice_count, u as row_number from range(2000) as a(u)"""


@pytest.mark.parametrize(
    ("code", "stops"),
    [
        ("u", []),
        ("case when u = 55 then u + 10 else u end", []),
        ("greatest(u - 1, 0)", ["enterprise_name", "source_key", "uscc"]),
    ],
)
def test_codes_one_row_down_in_order_of_the_code_stop(
    connection: duckdb.DuckDBPyConnection, code: str, stops: list[str]
) -> None:
    """Nine of ten rows keep their own code: the limit of other names alone lets that through."""
    given = Deliveries(connection, "trade", SOLD.format("u", "2026-01-01"), SOLD.format(code, "2026-02-01"))
    assert sorted(set(given.stops(identities.two_at_once(connection, given.feed)))) == stops
    others = given.stops(identities.broken_pairs(connection, given.feed, sends_changes=False))
    assert others == []


# --- the code of one enterprise, the name of another ----------------------------------------------------------------

CODE = "'91329902MA' || lpad(({0})::varchar, 8, '0')"
REGISTERED = f"""select 'R' || u as source_key, {CODE.format("u")} as uscc, u || '号有限公司' as enterprise_name,
    case when u < 10 then '旧' || u || '号有限公司;更旧' || u || '号有限公司' end as former_names,
    case when u >= 90 then {CODE.format("u - 90")} end as parent_uscc, 'registration' as feed, u as row_number from range(100) as a(u)"""
OFFERED = f"""select 'G' || u as offer_no, {CODE.format("{0}")} as offered_by_uscc, {{1}} as offered_by_name, 'offer' as feed,
    u as row_number, {{2}} as batch_number from range({{3}}, {{4}}) as a(u)"""


@pytest.mark.parametrize(
    ("code", "name", "units", "stops"),
    [
        ("u", "u || '号有限公司'", (10, 50), False),
        ("u + 1", "u || '号有限公司'", (10, 50), True),
        ("u + 1", "u || '号有限公司'", (10, 14), True),  # four rows, and all four
        ("case when u < 12 then u + 1 else u end", "u || '号有限公司'", (10, 50), False),  # two typed wrongly
        ("u", "'旧' || u || '号有限公司'", (0, 10), False),
        ("u + 1", "'更旧' || u || '号有限公司'", (0, 9), True),
        ("u - 90", "u || '号有限公司'", (90, 100), False),  # a branch under the code of its parent
        ("u + 100", "u || '号有限公司'", (10, 50), False),  # codes that no feed knows
        ("u + 1", "'新' || u || '号有限公司'", (10, 50), False),  # names that no feed knows
    ],
)
def test_the_code_of_one_enterprise_with_the_name_of_another_stops(
    july: duckdb.DuckDBPyConnection, code: str, name: str, units: tuple[int, int], stops: bool
) -> None:
    """It holds for the first delivery of a feed, too: the register knows both."""
    feed = feed_named((CHECKOUT / "connectors" / "feeds",), "offer")
    table = incoming.open_incoming(july, feed)
    july.execute(f"insert into staged.registration by name {REGISTERED}")
    july.execute(f"insert into {table} by name {OFFERED.format(code, name, 0, *units)}")
    found = findings(measure(july, feed, table, 0, "2026-07-01"), feed)
    assert [f.fact.partition(" in ")[0] for f in found] == [
        "offered_by_uscc is of one enterprise and offered_by_name of another"
    ] * stops


@pytest.mark.parametrize(
    "also",
    [
        OFFERED.format("u + 1", "u || '号有限公司'", 0, 10, 50),  # the feed said so before
        # another office knows the same name with a second code: it says no longer which enterprise is meant
        f"select 'N' || u as need_no, {CODE.format('u + 1')} as uscc, u || '号有限公司' as enterprise_name, 'need' as feed "
        "from range(10, 50) as a(u)",
    ],
)
def test_what_was_stated_before_may_be_stated_again(july: duckdb.DuckDBPyConnection, also: str) -> None:
    feed = feed_named((CHECKOUT / "connectors" / "feeds",), "offer")
    table = incoming.open_incoming(july, feed)
    july.execute(f"insert into staged.registration by name {REGISTERED}")
    where = table if "offer_no" in also else "staged.need"
    july.execute(f"insert into {where} by name {also}")
    july.execute(
        f"insert into {table} by name {OFFERED.format('u + 1', chr(39).join(('u || ', '号有限公司', '')), 1, 10, 50)}"
    )
    found = identities.other_owners(july, feed, table, 1)
    assert list(found) == []


def test_a_feed_of_many_wrong_codes_is_held_to_its_own_share(july: duckdb.DuckDBPyConnection) -> None:
    """Of 200 earlier codes 60 were another's: ten of 40 are usual, and 40 of 40 are not."""
    feed = feed_named((CHECKOUT / "connectors" / "feeds",), "offer")
    table = incoming.open_incoming(july, feed)
    one_down = "case when u < {0} then u + 1 else u end"
    names = "u || '号有限公司'"
    registered = REGISTERED.replace("range(100)", "range(300)").replace("u >= 90", "false")
    july.execute(f"insert into staged.registration by name {registered}")
    known = OFFERED.format(one_down.format(160), names, 0, 100, 300).replace(", 0 as batch_number", "")
    july.execute(f"insert into staged.offer by name {known}")
    for number, wrong in enumerate((20, 50)):
        new = OFFERED.format(one_down.format(wrong), names, number, 10, 50)
        july.execute(f"insert into {table} by name {new}")
        assert len(list(identities.other_owners(july, feed, table, number))) == number
        july.execute(f"delete from {table}")


@pytest.mark.parametrize(
    ("name", "stops"),
    [
        ("u || '号有限公司'", False),
        ("case when u < 38 then '新' else '' end || u || '号有限公司'", False),  # eight spellings of 20
        ("'园外' || u || '号有限公司'", True),
    ],
)
@pytest.mark.parametrize(("known", "is_habit_known"), [(30, True), (5, False)])
def test_names_that_no_feed_knows_of_their_codes_stop(
    july: duckdb.DuckDBPyConnection, name: str, stops: bool, known: int, is_habit_known: bool
) -> None:
    """One of six names in the feed's earlier rows is written as no other feed writes it; five rows show no habit."""
    feed = feed_named((CHECKOUT / "connectors" / "feeds",), "offer")
    table = incoming.open_incoming(july, feed)
    july.execute(f"insert into staged.registration by name {REGISTERED}")
    earlier = OFFERED.format("u", "case when u % 6 = 0 then '新' else '' end || u || '号有限公司'", 0, 0, known)
    july.execute(f"insert into staged.offer by name {earlier.replace(', 0 as batch_number', '')}")
    july.execute(f"insert into {table} by name {OFFERED.format('u', name, 0, 30, 50)}")
    found = list(identities.other_names(july, feed, table, 0))
    assert bool(found) == (stops and is_habit_known)


@given(st.integers(1, 60), st.data(), st.integers(1, 99))
def test_a_tail_is_that_of_the_binomial_distribution(rows: int, data: st.DataObject, percent: int) -> None:
    count, share = data.draw(st.integers(0, rows)), Fraction(percent, 100)
    exact = sum(math.comb(rows, k) * share**k * (1 - share) ** (rows - k) for k in range(count + 1))
    assert tail(count, rows, percent / 100) == pytest.approx(float(exact), rel=1e-9)


@pytest.mark.parametrize(
    ("count", "expected", "found"),
    [
        # three standard deviations of a count that is rare: 4 are expected 4 ± 2, so up to 10 are chance
        (10, 4, 0),
        (11, 4, 11),
        (1, 0, 1),
        (0, 0, 0),
        (3, 1, 0),
        (4, 1, 0),
        (5, 1, 5),
        (100, 100, 0),
        (131, 100, 131),
    ],
)
def test_a_count_that_chance_explains_is_none(count: int, expected: float, found: int) -> None:
    assert beyond_chance(count, expected) == found


EXCHANGED = "case utility_code when 'electricity' then 'water' else 'electricity' end as utility_code"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("", []),
        (EXCHANGED, ["utility_code"]),
        ("case when row_number < 40 then 'water' else utility_code end as utility_code", ["utility_code"]),
        # one account has another kind of meter now
        ("case when row_number = 7 then 'water' else utility_code end as utility_code", []),
        ("meter_no || 'N' as meter_no, 'water' as utility_code", []),
    ],
)
def test_codes_of_the_key_that_are_others(connection: duckdb.DuckDBPyConnection, change: str, found: list[str]) -> None:
    """Water and electricity exchanged: no row has a row before it."""
    given = Deliveries(connection, "utility_use", KNOWN_METERS, meters(change))
    assert given.stops(sizes.other_kinds(connection, given.feed)) == found


READINGS = "10000 * row_number + 100 * month_number(month) as used_quantity"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (READINGS, []),
        # two meters were exchanged and kept their numbers
        (READINGS.replace("10000 *", "10000 * (row_number > 1)::int *"), []),
        # each meter has the reading of the row above
        (READINGS.replace("10000 * row_number", "10000 * (row_number - 1)"), ["used_quantity"]),
        # in another order
        (READINGS.replace("10000 * row_number", "10000 * (59 - row_number)"), ["used_quantity"]),
    ],
)
def test_readings_that_fall(connection: duckdb.DuckDBPyConnection, change: str, found: list[str]) -> None:
    known = f"select * replace ({READINGS}) from ({KNOWN_METERS})"
    given = Deliveries(connection, "utility_use", known, meters(change))
    feed = replace(given.feed, figures={"used_quantity": FigureKind(READING)})
    assert given.stops(sizes.falling_readings(connection, feed)) == found
    assert given.stops(sizes.falling_readings(connection, given.feed)) == []


@pytest.mark.parametrize(
    ("before", "now", "found"),
    [
        ((100, 250, 400), 600, []),
        ((100, 250, 400), 210, ["sales_amount"]),  # the fourth quarter alone
        ((400,), 100, ["sales_amount"]),  # a year that begins in April
        ((600,), 100, ["sales_amount"]),
    ],
)
def test_figures_to_date_that_fall_within_the_year(
    connection: duckdb.DuckDBPyConnection, before: tuple[int, ...], now: int, found: list[str]
) -> None:
    def quarter(number: int, sales: int) -> str:
        start = f"date '2026-01-01' + {3 * number} * interval 1 month"
        return (
            f"select u as row_number, 'T' || u as source_key, 'vat' as tax_kind_code, ({start})::date as period_start, "
            f"last_day({start} + interval 2 month) as period_end, {sales}.00 * (u + 3) as sales_amount from range(40) as a(u)"
        )

    known = " union all by name ".join(quarter(n, sales) for n, sales in enumerate(before))
    given = Deliveries(connection, "tax_filing", known, quarter(len(before), now))
    connection.execute("update known_fact set series = source_key")
    connection.execute("update new_fact set series = source_key")
    feed = replace(given.feed, figures={"sales_amount": FigureKind(YEAR_TO_DATE)})
    assert given.stops(sizes.falling_readings(connection, feed)) == found
    feed = replace(given.feed, figures={"sales_amount": FigureKind(FLOW)})
    assert given.stops(sizes.falling_readings(connection, feed)) == []
    next_year = "period_start + interval 1 year as period_start, period_end + interval 1 year as period_end"
    connection.execute(
        f"create or replace temp table new_fact as select * replace (t + interval 1 year as t, {next_year}) from new_fact"
    )
    feed = replace(given.feed, figures={"sales_amount": FigureKind(YEAR_TO_DATE)})
    assert given.stops(sizes.falling_readings(connection, feed)) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("", []),  # as ever
        ("insured_headcount + (row_number % 3)::int - 1 as insured_headcount", []),  # hired here, left there
        ("(insured_headcount * 0.8)::int as insured_headcount", ["insured_headcount"]),
        ("(insured_headcount * 1.2)::int as insured_headcount", ["insured_headcount"]),
        # one large unit closes, and one more person leaves in many
        ("case when row_number = 39 then 0 else insured_headcount end as insured_headcount", []),
        ("insured_headcount - (row_number % 40 > 20)::int as insured_headcount", []),
    ],
)
def test_staff_that_moves_one_way_in_all_units(
    connection: duckdb.DuckDBPyConnection, change: str, found: list[str]
) -> None:
    """A part of the persons of each unit is missing, or those who left are listed again."""
    given = Deliveries(connection, "employment", KNOWN_STAFF, july(change))
    assert given.stops(sizes.one_way(connection, given.feed)) == found


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("", []),
        # the last days of May alone, and June
        (
            "case when month = date '2026-05-01' then 0.4 * wage_amount else wage_amount end as wage_amount",
            ["wage_amount"],
        ),
        ("case when month = date '2026-05-01' then 1.1 * wage_amount else wage_amount end as wage_amount", []),
        # one unit is as it was, another has none
        (
            "case when month = date '2026-05-01' and row_number > 0 then 0.4 * wage_amount else wage_amount end as wage_amount",
            [],
        ),
        (
            "case when month = date '2026-05-01' then case when row_number > 0 then 0.4 * wage_amount end else wage_amount end "
            "as wage_amount",
            ["wage_amount"],
        ),
    ],
    ids=["as-known", "part", "more", "one-unchanged", "one-empty"],
)
@pytest.mark.parametrize("units", [7, 100])
def test_a_known_month_of_which_every_unit_has_less(
    connection: duckdb.DuckDBPyConnection, change: str, found: list[str], units: int
) -> None:
    new = STAFF.format(units, 4, 6)
    given = Deliveries(
        connection, "employment", KNOWN_STAFF, f"select * {f'replace ({change})' if change else ''} from ({new})"
    )
    assert given.stops(periods.parts_of_months(connection, given.feed)) == found


def test_five_units_that_have_less_are_corrected(connection: duckdb.DuckDBPyConnection) -> None:
    fell = f"select * replace (0.4 * wage_amount as wage_amount) from ({STAFF.format(5, 5, 6)})"
    given = Deliveries(connection, "employment", KNOWN_STAFF, fell)
    assert given.stops(periods.parts_of_months(connection, given.feed)) == []


def test_a_month_in_which_all_went_one_way_is_usual_then(connection: duckdb.DuckDBPyConnection) -> None:
    """A spring in which staff fell everywhere is known from the year before."""
    fell = "case when month_number(month) % 2 = 0 then (insured_headcount * 0.8)::int else insured_headcount end as insured_headcount"
    given = Deliveries(connection, "employment", f"select * replace ({fell}) from ({KNOWN_STAFF})", july())
    assert given.stops(sizes.one_way(connection, given.feed)) == []
