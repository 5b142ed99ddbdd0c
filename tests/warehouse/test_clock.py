"""A wrong clock, of this machine or of an office, is said before anything is accepted or published under it."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from tests.conftest import LAYERS, Park, day, naive, staff, staff_file, staff_row
from warehouse.acceptance import accept
from warehouse.batches import pending
from warehouse.clock import Limits, hold_feed_to_clocks, hold_night_to_clocks, utc
from warehouse.confirmation import Confirmation
from warehouse.connection import writer
from warehouse.errors import CheckFailed, DeliveryRefused
from warehouse.rebuild import rebuild

LIMITS = Limits.read(LAYERS / "rules")
ALL = ("leases", "payments", "staff")
YES = Confirmation("Li Hua", "the offices moved, nothing came for a month")
UNITS = {f"U{n}": 10 for n in range(5)}


def paid_daily(park: Park, days: int) -> None:
    """Payments recorded on every day but weekends: 2026-03-01 is a Sunday."""
    for number in range(days):
        if (number % 7) not in (0, 6):
            moment = day(number).replace(hour=12)
            park.pay(f"P{number}", 100, f"{moment:%Y-%m-%d %H:%M:%S}")
    park.sync("payments", day(days))


def night(
    park: Park, number: float, now: float | None = None, *, is_past: bool = False, yes: Confirmation | None = None,
    without: tuple[str, ...] = (),
) -> None:  # fmt: skip
    with writer(park.settings) as connection:
        hold_night_to_clocks(
            connection, [park.feed(name) for name in ALL], day(number), LIMITS,
            is_past=is_past, now=day(number if now is None else now), confirmation=yes, without=without,
        )  # fmt: skip


# --- the night ------------------------------------------------------------------------------------------------------


def test_a_night_of_next_june_stops_by_the_sources_dates(park: Park) -> None:
    paid_daily(park, 27)  # up to Friday the 27th
    night(park, 28)
    night(park, 29.5)  # Monday noon: a weekend is no wrong clock
    night(park, 31)  # three days of silence were seen, four and a half may be
    with pytest.raises(CheckFailed) as stopped:
        night(park, 92)
    assert str(stopped.value) == (
        "night 20260601T000000Z: it is of 2026-06-01 00:00, 65 days after anything that a source has dated (2026-03-27); "
        "4.5 days after the sources' own dates allowed. Next: compare this machine's clock (`date -u`). If the date is right: "
        '`parkbridge sync --confirm-date "why"`. A night of the past: `parkbridge sync --until DATE`, or a backfill '
        "(docs/runbook.md). Published data is unchanged"
    )
    assert park.ask("select count(*) from ops.confirmation") == [(0,)]
    night(park, 92, yes=YES)
    assert park.ask(
        "select night_id, stop_code, object_name, confirmed_by, confirmed_because from ops.confirmation"
    ) == [("20260601T000000Z", "clock", "sources' dates", YES.who, YES.why)]


def test_a_feed_that_has_stopped_does_not_say_how_often_something_comes(park: Park) -> None:
    """A young park, of which no silences are known: the feed that promises most counts, if it has not stopped."""
    park.change("payments", "stale_days: 40", "stale_days: 5")
    paid_daily(park, 2)
    night(park, 7)
    with pytest.raises(CheckFailed, match="; 5 days after the sources' own dates allowed"):
        night(park, 12)
    night(park, 12, without=("payments",))
    with pytest.raises(CheckFailed, match="; 40 days after the sources' own dates allowed"):
        night(park, 60, without=("payments",))


def test_a_park_where_everything_comes_once_a_month_is_not_stopped_between(park: Park) -> None:
    for month in range(1, 13):
        at = datetime(2025, month, 5, 9, tzinfo=UTC)
        park.drop("staff", f"{month}.csv", staff(UNITS, month=f"2025-{month:02d}", at=f"{at:%F %T}"), at)
        park.sync("staff", at + timedelta(hours=12))
    last = datetime(2025, 12, 5, tzinfo=UTC)
    first = day(0)
    for ahead, is_stopped in ((20, False), (31, False), (45, False), (60, True)):
        number = (last + timedelta(days=ahead) - first) / timedelta(days=1)
        if is_stopped:
            with pytest.raises(CheckFailed, match="after anything that a source has dated"):
                night(park, number)
        else:
            night(park, number)


def test_a_new_park_may_be_as_silent_as_its_feeds_say(park: Park) -> None:
    night(park, 1)  # nothing is dated yet
    park.drop("staff", "a.csv", staff(UNITS), day(0.5))
    park.sync("staff", day(1))
    night(park, 40)
    with pytest.raises(CheckFailed, match="40 days after the sources' own dates allowed"):
        night(park, 42)


def test_a_night_after_now_or_behind_the_last_one_stops(park: Park) -> None:
    paid_daily(park, 12)
    park.begin(day(12), ALL)
    night(park, 12.9, now=12)
    with pytest.raises(
        CheckFailed, match=r"it is of 2026-03-14 12:00, 1.5 days after now \(2026-03-13 00:00 UTC\); 1 days after now"
    ):
        night(park, 13.5, now=12)
    night(park, 11.5)
    with pytest.raises(
        CheckFailed, match=r"5.0 days before the last night \(2026-03-13 00:00 UTC\); 1 days before the last"
    ):
        night(park, 7)
    night(park, 7, now=12, is_past=True)
    with pytest.raises(CheckFailed, match="days after now"):  # a date that somebody mistyped
        night(park, 370, now=12, is_past=True)


def test_a_night_of_next_june_that_was_published_holds_up_nobody(park: Park) -> None:
    """Confirmed by mistake, or of a version that did not ask: the next night is shown."""
    park.drop("staff", "a.csv", staff(UNITS), day(0.5))
    park.sync("staff", day(1))
    now = datetime.now(UTC).replace(microsecond=0)
    park.publish(now - timedelta(days=1))
    park.publish(now + timedelta(days=200))
    with writer(park.settings) as connection:
        hold_night_to_clocks(connection, [park.feed(name) for name in ALL], now, LIMITS, confirmation=YES)
    assert [row for row in park.ask("select object_name from ops.confirmation") if row[0] == "last night"] == []
    assert park.publish(now).is_in_place
    assert not park.publish(now - timedelta(hours=9)).is_in_place, "a past night is none of readers"


# --- what a feed accepts --------------------------------------------------------------------------------------------


def taken(park: Park, until: float, now: float, yes: Confirmation | None = None) -> None:
    """Stage and accept what waits, as the DAG does."""
    park.land("staff", day(until), day(now))
    park.stage("staff")
    waiting, feed = pending(park.raw, "staff"), park.feed("staff")
    with writer(park.settings) as connection:
        hold_feed_to_clocks(
            connection, feed, waiting, [park.feed(name) for name in ALL], LIMITS, now=day(now), confirmation=yes
        )
        accept(connection, feed, waiting, now=day(now))


def test_nothing_is_accepted_under_a_clock_of_next_june(park: Park) -> None:
    """Its rows would be known from June on only: every night until then would go without them."""
    paid_daily(park, 27)
    park.drop("staff", "a.csv", staff(UNITS, at="2026-03-27 09:00:00"), day(26.4))
    with pytest.raises(
        CheckFailed, match=r"staff: it is of 2026-06-01 00:00, 65 days after anything that a source has dated"
    ):
        taken(park, 92, 92)
    assert park.ask("select count(*) from staged.employment") == [(0,)]
    taken(park, 28, 28)
    assert park.ask("select max(received_at) < '2026-03-30' from staged.employment") == [(True,)]


def test_the_delivery_s_own_date_says_that_the_clock_is_right(park: Park) -> None:
    paid_daily(park, 27)
    park.drop("staff", "a.csv", staff(UNITS, at="2026-05-31 09:00:00"), day(91.5))
    taken(park, 92, 92)


def test_nothing_is_accepted_under_a_clock_of_1970(park: Park) -> None:
    park.drop("staff", "a.csv", staff(UNITS), day(0.5))
    taken(park, 1, 1)
    park.drop("staff", "b.csv", staff(UNITS, month="2026-02", at="2023-09-10 09:00:00"), day(-900))
    with pytest.raises(
        CheckFailed, match=r"staff: this machine's clock says 2023-09-14 00:00 UTC, 900 days before the last batch"
    ):
        taken(park, -899, -899)
    taken(park, -899, 2)  # a backfill: this machine's clock is right


# --- what an office dates -------------------------------------------------------------------------------------------


def test_a_file_dated_in_the_future_stops_the_feed_and_is_not_left_lying(park: Park) -> None:
    now = datetime.now(UTC)
    park.drop("staff", "a.csv", staff(UNITS), now - timedelta(days=1))
    path = park.drop("staff", "b.csv", staff(UNITS, month="2026-02"), now + timedelta(days=200))
    with pytest.raises(DeliveryRefused) as refused:
        park.land("staff", now)
    assert str(refused.value).startswith(f"staff b.csv: it is dated {now + timedelta(days=200):%Y-%m-%d}")
    assert "200.0 days after now" in str(refused.value)
    os.utime(path, (now.timestamp() + 7 * 3600,) * 2)
    assert len(park.land("staff", now)) == 1, "a server in another time zone: it waits for tomorrow"
    os.utime(path, (now.timestamp() - 60,) * 2)
    assert len(park.land("staff", now)) == 2


def test_a_row_recorded_in_the_future_is_quarantined(park: Park) -> None:
    """Believed, it would be the office's last word for ever: no correction is recorded later."""
    rows = [staff_row(unit) for unit in UNITS] * 4
    park.drop("staff", "a.csv", staff_file([*rows, staff_row("X", 1, at="2062-02-05 09:00:00")]), day(0.5))
    park.sync("staff", day(1))
    assert park.ask("select reason from ops.quarantine") == [("受理时间 is in the future: 2062-02-05 09:00:00",)]
    assert park.ask("select max(recorded_at) < ? from staged.employment", [naive(1)]) == [(True,)]
    before = park.staged()
    rebuild(park.settings, [park.feed("staff")])
    assert park.staged() == before


def test_a_day_behind_the_pull_is_a_day_in_the_office_s_time_zone(park: Park) -> None:
    last = day(2).astimezone(ZoneInfo("Asia/Shanghai"))
    times = {"U": last - timedelta(minutes=1), "V": last + timedelta(minutes=1)}
    rows = [staff_row(unit) for unit in UNITS] * 4 + [
        staff_row(unit, 1, at=f"{at:%Y-%m-%d %H:%M:%S}") for unit, at in times.items()
    ]
    park.drop("staff", "a.csv", staff_file(rows), day(0.5))
    park.sync("staff", day(1))
    assert park.ask("select reason from ops.quarantine") == [
        (f"受理时间 is in the future: {times['V']:%Y-%m-%d %H:%M:%S}",)
    ]


def test_moments_are_kept_in_utc() -> None:
    china = timezone(timedelta(hours=8))
    assert utc(datetime(2026, 3, 1, 8, tzinfo=china)) == datetime(2026, 3, 1)
