"""Deliveries of the demo's feeds, gone wrong in every way we know: none is silently wrong (benchmarks/mutations.py prints the table)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import demo
from benchmarks.mutation_kinds import KINDS, draws
from benchmarks.mutations import FEEDS, UNTIL, Trial
from tests.conftest import Park, day, leases, staff, staff_file, staff_row
from warehouse import loader
from warehouse.batches import pending
from warehouse.confirmation import Confirmation
from warehouse.connection import writer
from warehouse.errors import DeliveryRefused

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
ACCEPTED_WRONG = {("building", "year 2099")}  # a date of one row: a building may be completed later


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
        loader.accept(connection, park.feed("staff"), waiting, now=day(2) + timedelta(hours=1))
    assert park.ask("select distinct stop_code, confirmed_by from ops.confirmation") == [("delivery", "Li Hua")]
    assert park.current("sum(insured_headcount)") == [(11 * sum(UNITS.values()),)]


def test_nine_rows_are_no_habit(park: Park) -> None:
    few = dict(list(UNITS.items())[:9])
    _delivered(park, 1, staff(few))
    park.stage("staff")
    park.accept("staff", day(1))
    rows = [staff_row(unit, 100 * count, month="2026-02") for unit, count in few.items()]
    _delivered(park, 2, staff_file(rows))
    assert [s.rows for s in park.stage("staff")] == [9]


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
