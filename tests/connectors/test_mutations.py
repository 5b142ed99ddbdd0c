"""Deliveries of the demo's feeds, gone wrong in every way we know: none is silently wrong (benchmarks/mutations.py prints the table)."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest

import demo
from benchmarks.mutation_kinds import KINDS, draws
from benchmarks.mutations import FEEDS, UNTIL, Trial
from benchmarks.true_deliveries import pulls
from connectors.registry import feed_named
from tests.conftest import Park, day, leases, staff, staff_file, staff_row, stopping
from warehouse import acceptance, loader, row_reasons
from warehouse.batches import pending
from warehouse.confirmation import Confirmation
from warehouse.connection import writer
from warehouse.errors import DeliveryRefused
from warehouse.precedents.deliveries import named_month
from warehouse.settings import CHECKOUT

# what only the comparison with earlier deliveries catches, and the limit that it names
HABITS = {
    "two columns of one kind swapped": "_",
    "column empty": "emptied_pct",
    "names one row down": "changed_pct",
    "all figures × 100": "figure_factor",
    "figures of the year to date": "figure_factor",
    "zero for all figures of a column": "emptied_pct",
    "figures of the month before": "repeated_pct",
    "months moved by -1": "restated_pct",
    "months moved by +1": "moved_pct",
    "leading characters of identifiers lost": "_pct",
    "text cut to eight characters": "changed_pct",
}
HARMLESS = (
    "columns in another order",
    "rows in another order",
    "every row twice",
    "thousands marks",
    "signed at the end",
)
UNITS = {f"U{n:03d}": 10 + n for n in range(40)}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mutations") / "city"
    demo.build(folder, enterprises=150, months=18, seed=1, until=UNTIL)
    return folder


@pytest.fixture(scope="module")
def trial(city: Path, tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return Trial("employment", city, tmp_path_factory.mktemp("trial"))


@pytest.mark.parametrize("name", ["registration", "registration_event", "utility_use"])
def test_a_true_delivery_is_accepted(city: Path, tmp_path: Path, name: str) -> None:
    """The register sends what changed alone: that most of it has another status is no sign of another column."""
    trial = Trial(name, city, tmp_path)
    assert trial.truth != trial.rows_before
    assert name == "utility_use" or len(trial.clean.rows) > 30, "so many that a comparison could stop it"


@pytest.mark.parametrize("kind", HABITS)
def test_what_differs_from_the_deliveries_before_stops(trial: Trial, kind: str) -> None:
    sheet = next(sheet for name, sheet in draws(trial.clean, len(KINDS), 1) if name == kind)
    stopped, known, _ = trial.deliver(sheet)
    assert known is None
    assert HABITS[kind] in stopped
    assert "--accept-delivery" in stopped


@pytest.mark.parametrize("kind", HARMLESS)
def test_what_is_harmless_is_right(trial: Trial, kind: str) -> None:
    sheet = next(sheet for name, sheet in draws(trial.clean, len(KINDS), 1) if name == kind)
    stopped, known, _ = trial.deliver(sheet)
    assert stopped == ""
    assert known == trial.truth


def test_the_same_seed_draws_the_same(trial: Trial) -> None:
    first, again, other = ([(n, s.rows) for n, s in draws(trial.clean, 40, seed)] for seed in (1, 1, 2))
    assert first == again
    assert first != other


# what is accepted although it is wrong: nothing that came before, and no total, speaks against it
ACCEPTED_WRONG = {
    ("building", "year 2099"),  # a date of one row: a building may be completed later
    # the district alone says where a branch elsewhere is
    ("outsider_branch", "codes one row down"),
    # six of the demo's sixteen branches state no parent, so that a seventh is none too many
    ("registration", "a third of a column empty"),
    ("registration", "column empty"),
    ("offer", "figures one row down"),  # quantities of like size
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FEEDS)
def test_no_mutation_is_silently_wrong(name: str, tmp_path: Path) -> None:
    demo.build(tmp_path / "city", enterprises=300, months=36, seed=1, until=UNTIL)
    trial = Trial(name, tmp_path / "city", tmp_path / "trial")
    wrong = [o for kind, sheet in draws(trial.clean, 200, 1) if (o := trial.outcome(kind, sheet)).outcome == "WRONG"]
    assert [f"{o.kind}: {o.by}" for o in wrong if (name, o.kind) not in ACCEPTED_WRONG] == []


def _delivered(park: Park, number: int, content: str) -> None:
    park.drop("staff", f"{number}.csv", content, day(number - 0.5))
    park.land("staff", day(number))


def test_a_person_lets_a_delivery_through(park: Park) -> None:
    _delivered(park, 1, staff(UNITS))
    park.stage("staff")
    park.accept("staff", day(1))
    tenfold = staff({unit: 10 * count for unit, count in UNITS.items()}, at="2026-02-06 09:00:00")
    february = tenfold.replace("2026-01", "2026-02", len(UNITS))
    _delivered(park, 2, february)
    with pytest.raises(DeliveryRefused, match=r"insured_headcount of half of them moved by a factor of 10\.0"):
        park.stage("staff")
    with writer(park.settings) as connection:
        waiting = pending(park.raw, "staff")
        said = Confirmation("Li Hua", "the bureau counts insurances now")
        loader.stage(connection, park.feed("staff"), waiting, time_zone=ZoneInfo("Asia/Shanghai"), confirmation=said)
        acceptance.accept(connection, park.feed("staff"), waiting, now=day(2) + timedelta(hours=1))
    assert park.ask("select distinct stop_code, confirmed_by from ops.confirmation") == [("delivery", "Li Hua")]
    assert park.current("sum(insured_headcount)") == [(11 * sum(UNITS.values()),)]


def test_nine_rows_are_no_habit(park: Park) -> None:
    few = dict(list(UNITS.items())[:9])
    _delivered(park, 1, staff(few))
    park.stage("staff")
    park.accept("staff", day(1))
    rows = [staff_row(unit, 9 * count, month="2026-02") for unit, count in few.items()]
    _delivered(park, 2, staff_file(rows))
    assert [s.rows for s in park.stage("staff")] == [9]


def test_of_three_rows_that_all_become_far_larger_none_is_taken(park: Park) -> None:
    few = dict(list(UNITS.items())[:3])
    _delivered(park, 1, staff(few))
    park.stage("staff")
    park.accept("staff", day(1))
    _delivered(park, 2, staff_file(staff_row(unit, 11 * count, month="2026-02") for unit, count in few.items()))
    with pytest.raises(DeliveryRefused, match="each insured_headcount is more than 10 times what it was"):
        park.stage("staff")


def _with_total(numbers: range, area: str) -> str:
    return leases(numbers) + f"合计,,,,{area},,,,\n"


def test_rows_that_do_not_add_up_to_the_total_stop(park: Park) -> None:
    park.drop("leases", "a.csv", _with_total(range(30), "3015.0"), day(0.5))
    park.sync("leases", day(1))
    park.drop("leases", "b.csv", _with_total(range(29), "3015.0"), day(1.5))
    park.land("leases", day(2))
    with pytest.raises(
        DeliveryRefused, match=r"the rows of 面积 add up to 2,914\.50, the line of totals states 3,015\.00"
    ):
        park.stage("leases")


def test_a_total_that_was_cut_off_stops(park: Park) -> None:
    park.drop("leases", "a.csv", _with_total(range(30), "3015.0"), day(0.5))
    park.sync("leases", day(1))
    park.drop("leases", "b.csv", leases(range(29)), day(1.5))
    park.land("leases", day(2))
    with pytest.raises(DeliveryRefused, match="the line of totals is missing, which the delivery before had"):
        park.stage("leases")


# --- true deliveries ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "every"), [("tax_filing", 183), ("employment", 92), ("registration", 183)])
def test_true_deliveries_of_any_rhythm_are_accepted(city: Path, tmp_path: Path, name: str, every: int) -> None:
    """The first tax of a year, or a half year at once, is no other column (benchmarks/true_deliveries.py has all rhythms)."""
    found = list(pulls(name, city, tmp_path / "home", every=every, begin=UNTIL - timedelta(days=500)))
    assert [pull.stopped for pull in found if pull.stopped] == []
    assert sum(pull.rows for pull in found) > 0


def test_a_declared_code_may_come_for_the_first_time(july: duckdb.DuckDBPyConnection) -> None:
    """Of filings the year's settlement comes once a year, and then for everybody."""
    month = "date '2026-01-01' + {n} * interval 1 month"
    row = (
        "select 'T' || u as source_key, '{kind}' as tax_kind_code, 'U' || u || '公司' as enterprise_name, {start} as period_start, "
        "last_day({end}) as period_end, 1000.0 + u as sales_amount, 10.0 + u % 7 as tax_due_amount, "
        "'tax_filing' as feed, u as row_number from range(40) as a(u)"
    )

    def filings(kind: str, n: int) -> str:
        return row.format(kind=kind, start=month.format(n=n), end=month.format(n=n))

    known = " union all ".join(filings("vat", n) for n in range(5))
    found = stopping(july, "tax_filing", known, " union all ".join(filings(kind, 5) for kind in ("vat", "property")))
    assert [f.fact for f in found if f.object_name == "tax_kind_code"] == []


# --- small parks, names of deliveries -------------------------------------------------------------------------------


def test_six_codes_that_lost_their_zeros_stop(park: Park) -> None:
    """Nine rows are no habit, but six new units in the place of all six that were there are none either."""
    units = {f"00{n}": n for n in range(10, 16)}
    _delivered(park, 1, staff(units))
    park.stage("staff")
    park.accept("staff", day(1))
    _delivered(park, 2, staff({unit.lstrip("0"): n for unit, n in units.items()}, month="2026-02"))
    with pytest.raises(DeliveryRefused, match="source_key was never there before"):
        park.stage("staff")


@pytest.mark.parametrize(
    ("name", "month"),
    [
        ("参保_202611.csv", "2026-11"),
        ("参保2026年1月.xlsx", "2026-01"),
        ("参保2026年10月(更正).xlsx", "2026-10"),
        ("2026-03.csv", "2026-03"),
        ("参保_20261103.csv", None),
        ("2026年1-3月.xlsx", None),
        ("202601-202603.csv", None),
        ("2026-11-03.csv", None),
        ("参保2026.csv", None),
        ("申报表", None),
    ],
)
def test_the_month_in_a_name(name: str, month: str | None) -> None:
    year, _, number = (month or "0-0").partition("-")
    assert named_month(name) == (int(year) * 12 + int(number) if month else None)


def _named(park: Park, name: str, month: str, number: int) -> None:
    rows = {unit: count + number for unit, count in UNITS.items()}
    park.drop("staff", name, staff(rows, month=month, at=f"2026-02-{number:02} 09:00:00"), day(number - 0.5))
    park.land("staff", day(number))


def test_rows_of_a_later_month_than_the_name_stop(park: Park) -> None:
    """A workbook of January that shows 2026.1 with two places is read as October."""
    _named(park, "s_202601.csv", "2026-02", 1)
    with pytest.raises(DeliveryRefused, match="the name states another month than the last of the rows, 2026-02"):
        park.stage("staff")


@pytest.mark.parametrize(
    ("name", "is_part"),
    [
        ("s_2026年1月上旬.csv", True),
        ("s_2026年1月份第2周.csv", True),
        ("s_202601下半月.csv", True),
        ("s_2026年1月中心.csv", False),
        ("s_2026年1月第一版.csv", False),
    ],
)
def test_a_part_of_a_month_is_no_month(park: Park, name: str, is_part: bool) -> None:
    _named(park, name, "2026-01", 1)
    if not is_part:
        assert len(park.stage("staff")) == 1
        return
    with pytest.raises(DeliveryRefused, match="the name states a part of a month"):
        park.stage("staff")
    # where names always say so, it is this office's habit
    why = Confirmation("operator", "the whole month")
    feed, waiting = park.feed("staff"), pending(park.raw, "staff")
    with writer(park.settings) as connection:
        loader.stage(connection, feed, waiting, time_zone=ZoneInfo("Asia/Shanghai"), confirmation=why)
        acceptance.accept(connection, feed, waiting, now=day(1))
    _named(park, name.replace("1", "2", 1), "2026-02", 20)
    assert len(park.stage("staff")) == 1


def test_rows_of_another_year_than_the_name_stop(park: Park) -> None:
    """In January the year before is typed; no delivery is sent a year after its month."""
    _named(park, "s_202601.csv", "2025-01", 1)
    with pytest.raises(DeliveryRefused, match="the name states another month than the last of the rows, 2025-01"):
        park.stage("staff")


def test_names_that_always_were_a_month_later_stop_where_they_are_not(park: Park) -> None:
    for number in (1, 2, 3):
        _named(park, f"s_2025{number + 7:02}.csv", f"2025-{number + 6:02}", number)
        park.stage("staff")
        park.accept("staff", day(number))
    _named(park, "s_202511.csv", "2025-09", 4)
    with pytest.raises(DeliveryRefused, match="the name states another month"):
        park.stage("staff")


def test_a_table_of_a_year_that_has_not_begun_is_put_aside() -> None:
    """The pull of 2026 may state 2026, and not 2099."""
    feed = feed_named((CHECKOUT / "connectors" / "feeds",), "industry_stat")
    judged = row_reasons.judgement_sql(feed, datetime(2026, 7, 1))
    assert 'case when "year_number" > 2026 then' in judged


@pytest.mark.parametrize(("noise", "factor", "stops"), [(3, 1, False), (3, 10_000, True), (0, 1, False), (0, 5, True)])
def test_figures_that_always_moved_manifold_may_do_so(
    july: duckdb.DuckDBPyConnection, noise: int, factor: int, stops: bool
) -> None:
    """A partner's red letters are one invoice, and then another: half of them move by a factor of 4 or more at any time."""
    row = (
        "select 'U' || u as source_key, 'U' || u || '公司' as enterprise_name, 'sells' as direction_code, 'P' as partner_key, "
        "'P' as partner_name, date '2026-01-01' + m * interval 1 month as month, '1010101' as goods_code, 1 as invoice_count, "
        "0 as voided_count, 1 as red_count, 1000000.0 as issued_amount, 0 as voided_amount, {factor} * 1000 * "
        f"{noise or 1} ** (2 * sin(7 * u + 131 * m + u * m)) as red_amount, 900000.0 as net_amount, 'trade' as feed, u as row_number "
        "from range(40) as a(u) cross join range({months}) as b(m)"
    )
    found = stopping(july, "trade", row.format(factor=1, months="5"), row.format(factor=factor, months="5, 6"))
    assert bool([f for f in found if "figure_factor" in f.allowed]) == stops


# --- columns that are filled in part --------------------------------------------------------------------------------

# one row is: an offer with a code (and then a building), a quantity of its kind's size, and its last day
OFFER = (
    "select 'O' || 1000 + {first} + n as offer_no, n || '有限公司' as offered_by_name, "
    "case when n % 2 = 0 then '91330100MA' || lpad(n::varchar, 8, '0') end as offered_by_uscc, "
    "case when n % 4 < 2 then 'finance' else 'lab' end as need_kind_code, 'park' as serves_code, "
    "case when {quantity} < 2 then 1000000 else 20 end * (1 + n % 5) as offered_quantity, "
    "case when n % 4 < 2 then 'yuan' else 'hour' end as quantity_unit_code, case when {building} then 'B0001' end as building_code, "
    "date '2026-01-01' as valid_from_date, case when {until} then date '2026-12-31' end as valid_until_date, "
    "timestamp '2026-01-01' + n * interval 1 hour as recorded_at, 'offer' as feed, n as row_number from range({rows}) as a(n)"
)
USUAL = {"first": 0, "rows": 80, "quantity": "n % 4", "building": "n % 2 = 0", "until": "n % 6 <> 1"}


def _of_offers(july: duckdb.DuckDBPyConnection, **differs: object) -> set[str]:
    """Which columns a delivery of 40 offers after 80 usual ones is stopped for, and by which limit."""
    new = OFFER.format(**USUAL | {"first": 100, "rows": 40} | differs)
    found = stopping(july, "offer", OFFER.format(**USUAL), new)
    return {f"{f.object_name} {f.allowed.partition('(')[2][:-1]}" for f in found}


@pytest.mark.parametrize("differs", [{}, {"building": "n % 2 = 0 and n <> 0"}])  # one row is no habit
def test_offers_as_they_always_were_are_accepted(july: duckdb.DuckDBPyConnection, differs: dict[str, str]) -> None:
    assert _of_offers(july, **differs) == set()


def test_a_building_that_always_was_beside_a_code_is_missed(july: duckdb.DuckDBPyConnection) -> None:
    """Half of the offers never had one, so that a third more is no news of the column alone."""
    assert "building_code never_pct" in _of_offers(july, building="n % 2 = 0 and n % 3 <> 0")


@pytest.mark.parametrize(
    ("until", "stops"),
    # 67 of 80 had a last day: 33 of 40 should
    [("n % 6 > 1", False), ("n % 3 <> 1", False), ("n % 3 = 0", True), ("false", True), ("true", False)],
)
def test_a_column_that_is_emptier_than_it_was(july: duckdb.DuckDBPyConnection, until: str, stops: bool) -> None:
    assert ("valid_until_date emptied_pct" in _of_offers(july, until=until)) == stops


def test_quantities_of_other_rows_fit_no_kind(july: duckdb.DuckDBPyConnection) -> None:
    """Each of two rows has the size of the other kind: all in all as large as ever."""
    assert "offered_quantity changed_pct" in _of_offers(july, quantity="(n + 1) % 4")


@pytest.mark.parametrize(("firms", "stops"), [(2, False), (40, True)])
def test_a_firm_without_a_code_counts_once(july: duckdb.DuckDBPyConnection, firms: int, stops: bool) -> None:
    """Its forty needs lack the code, as all of its papers do; of forty firms it is a column that was not filled in."""
    row = (
        "select 'N' || {first} + n as need_no, 'F' || n % {firms} as source_key, n % {firms} || '有限公司' as enterprise_name, "
        "case when n % {firms} >= {without} then 'U' || n % {firms} end as uscc, 'staff' as need_kind_code, 10 as needed_quantity, "
        "'person' as quantity_unit_code, date '2026-01-01' as stated_date, date '2026-12-31' as due_date, "
        "timestamp '2026-01-01' as recorded_at, 'need' as feed, n as row_number from range({rows}) as a(n)"
    )
    known = row.format(first=0, firms=80, without=4, rows=160)
    new = row.format(first=1000, firms=firms, without=firms, rows=40)
    facts = [f.fact for f in stopping(july, "need", known, new)]
    assert any(fact.startswith("uscc is empty in") for fact in facts) == stops


def test_figures_that_are_empty_in_every_row_stop(july: duckdb.DuckDBPyConnection) -> None:
    """One in four was negative: where no figure is left, none is."""
    row = (
        "select 'F' || n as source_key, n || '有限公司' as enterprise_name, 'vat' as tax_kind_code, {day}::date as period_start, "
        "last_day({day}) as period_end, 1000 + n as sales_amount, {due} as tax_due_amount, 'tax_filing' as feed, n as row_number "
        "from range(40) as a(n)"
    )
    known = row.format(day="date '2026-01-01'", due="case when n % 4 = 0 then -10 else 10 end + n / 100")
    new = row.format(day="date '2026-02-01'", due="null")
    found = stopping(july, "tax_filing", known, new)
    assert "tax_due_amount" in {f.object_name for f in found}


@pytest.mark.parametrize(("nameless", "stops"), [(1, False), (2, True)])
def test_two_of_six_buildings_without_their_names_stop(
    july: duckdb.DuckDBPyConnection, nameless: int, stops: bool
) -> None:
    """A whole register hardly loses a text, as it hardly loses a figure."""
    row = (
        "select 'B' || n as building_code, case when n >= {without} then n || '号楼' end as building_name, 9 + n as lettable_area_m2, "
        "'building' as feed, n as row_number from range(6) as a(n)"
    )
    found = stopping(july, "building", row.format(without=0), row.format(without=nameless))
    assert ("building_name" in {f.object_name for f in found}) == stops


@pytest.mark.parametrize(("left_out", "stops"), [(3, False), (12, True)])
def test_names_that_are_known_with_a_code_come_with_it(
    july: duckdb.DuckDBPyConnection, left_out: int, stops: bool
) -> None:
    """Half of the offers have a code; a dozen of twenty names that another offer has with its code are no such half."""
    known = OFFER.format(**USUAL)
    new = (
        f"select * replace (case when n >= 2 * {left_out} then offered_by_uscc end as offered_by_uscc, 'P' || n as offer_no) "
        f"from (select *, row_number as n from ({known})) where n < 40"
    )
    facts = [f.fact for f in stopping(july, "offer", known, f"select * exclude (n) from ({new})")]
    assert any("known with one" in fact for fact in facts) == stops


NEED = (
    "select 'N' || n as need_no, 'F' || n as source_key, n || '有限公司' as enterprise_name, 'staff' as need_kind_code, "
    "{building} as building_code, date '2026-01-01' + n::int as stated_date, {contact} as first_contact_date, "
    "timestamp '2026-01-01' + n * interval 1 day + {stage} * interval 2 hour as recorded_at, 'need' as feed, "
    "{stage} * 100 + n as row_number from range({first}, {last}) as a(n)"
)


@pytest.mark.parametrize(("moved", "stops"), [(0, False), (1, False), (8, True)])
def test_a_need_keeps_its_building_from_stage_to_stage(
    july: duckdb.DuckDBPyConnection, moved: int, stops: bool
) -> None:
    """Forty needs came twice before, each with one building; both versions of the next ten are in one delivery."""
    own = "'B' || n % 7"
    contacted = "date '2026-01-01' + n::int"
    before = NEED.format(building=own, contact="null::date", stage=0, first=0, last=40)
    after = NEED.format(building=own, contact=contacted, stage=1, first=0, last=40)
    known = f"select *, timestamp '2026-06-01' as superseded_at from ({before}) union all by name {after}"
    building = f"'B' || (n + (n < 40 + {moved})::int) % 7"
    new = " union all ".join(
        NEED.format(building=of, contact=day, stage=stage, first=40, last=50)
        for stage, (of, day) in enumerate(((own, "null::date"), (building, contacted)))
    )
    facts = [f.fact for f in stopping(july, "need", known, new)]
    assert (
        any(fact.startswith("building_code is another than before, or empty, of one need_no") for fact in facts)
        == stops
    )
