"""A night begins where every feed is fit to be published, and not otherwise."""

from __future__ import annotations

import pytest

from tests.conftest import Park, day, leases, naive, staff
from warehouse.batches import clear_stopped, mark_stopped, stopped
from warehouse.connection import writer
from warehouse.errors import CheckFailed, SourceError
from warehouse.night import hold_to_first_feeds, hold_to_night


def all_fresh(park: Park) -> None:
    park.drop("staff", "a.csv", staff({"U1": 1}), day(0.5))
    park.drop("leases", "a.csv", leases([1]), day(0.5))
    park.pay("P1", 100, "2026-03-01 09:00:00")
    for name in ("staff", "leases", "payments"):
        park.sync(name, day(1))


def test_a_night_is_as_of_a_moment(park: Park) -> None:
    all_fresh(park)
    assert park.begin(day(1)) == "20260302T000000Z"
    assert park.begin(day(2.5)) == "20260303T120000Z"
    assert park.ask("from ops.night") == [("20260303T120000Z", naive(2.5), "Test park")]
    assert park.ask("select feed, last_received_at from ops.feed order by 1") == [
        (name, naive(1)) for name in ("leases", "payments", "staff")
    ]


def test_a_feed_that_has_stopped_holds_up_the_night(park: Park) -> None:
    all_fresh(park)
    park.begin(day(1))
    mark_stopped(park.raw, "leases", "leases b.csv: it is empty. Next: ask for it")
    with pytest.raises(CheckFailed) as failed:
        park.begin(day(2))
    assert str(failed.value) == (
        "night 2026-03-03: 1 feed has stopped (leases): leases b.csv: it is empty. Next: ask for it. "
        "Next: fix it, or publish without it: `parkbridge sync --without leases`. Yesterday's night stays published"
    )
    mark_stopped(park.raw, "staff", "staff: late. Next: wait")
    mark_stopped(park.raw, "no_longer_declared", "gone. Next: nothing")
    with pytest.raises(CheckFailed, match=r"2 feeds have stopped \(leases, staff\)"):
        park.begin(day(2))
    assert park.ask("select night_id from ops.night") == [("20260302T000000Z",)]
    assert park.begin(day(2), without=["leases", "staff"]) == "20260303T000000Z"
    clear_stopped(park.raw, "leases")
    clear_stopped(park.raw, "staff")
    clear_stopped(park.raw, "staff")
    assert list(stopped(park.raw)) == ["no_longer_declared"]
    assert park.begin(day(3)) == "20260304T000000Z"


def test_a_feed_that_is_stale_holds_up_the_night_and_leaves_the_last_one(park: Park) -> None:
    all_fresh(park)
    park.begin(day(41))
    park.drop("staff", "b.csv", staff({"U1": 1}, month="2026-02"), day(40))
    park.sync("staff", day(41), now=day(41.1))
    with pytest.raises(CheckFailed) as failed:
        park.begin(day(41.5))
    assert str(failed.value) == (
        "leases: last accepted 2026-03-02, 40 days ago; 40 days allowed. Next: run `parkbridge sync leases`, ask Property "
        "company, or publish without it: `parkbridge sync --without leases`. Yesterday's night stays published"
    )
    assert park.ask("select as_of from ops.night") == [(naive(41),)]
    assert park.ask("select as_of from ops.night_begun") == [(naive(41),)]
    park.begin(day(41.5), without=["leases", "payments"])


def test_a_feed_that_never_came_holds_up_the_night(park: Park) -> None:
    with pytest.raises(
        CheckFailed, match=r"leases: nothing was ever accepted; 40 days allowed. Next: run `parkbridge sync"
    ):
        park.begin(day(1))
    assert park.ask("select count(*) from ops.night") == [(0,)]


def test_a_step_of_another_night_stops(park: Park) -> None:
    all_fresh(park)
    first = r"night 20260302T000000Z: night \(none\) has begun since. Next: run one night"
    with writer(park.settings) as connection, pytest.raises(CheckFailed, match=first):
        hold_to_night(connection, "20260302T000000Z")
    night = park.begin(day(1))
    with writer(park.settings) as connection:
        hold_to_night(connection, night)
    later = park.begin(day(2))
    with writer(park.settings) as connection:
        hold_to_night(connection, later)
        with pytest.raises(CheckFailed, match=f"night {night}: night {later} has begun since"):
            hold_to_night(connection, night)


def test_the_first_night_waits_for_feeds_that_never_ran(park: Park) -> None:
    names = ["leases", "payments", "staff"]

    def held() -> str:
        with writer(park.settings) as connection:
            try:
                hold_to_first_feeds(connection, park.settings, names)
            except SourceError as error:
                return error.fact if error.is_passing else "it is not tried again"
        return ""

    assert held() == "3 of 3 feeds have not run yet: leases, payments, staff"
    mark_stopped(park.raw, "leases", "x")
    assert held() == "2 of 3 feeds have not run yet: payments, staff", "what has stopped is said by the night itself"
    clear_stopped(park.raw, "leases")
    all_fresh(park)
    assert held() == ""
    park.begin(day(1))
    names.append("begun_later")
    assert held() == "", "later nights ask for freshness"
