"""The rule of the two clocks, for any order of deliveries and nights, against a model of it in a page of plain Python.

The loader merges a delivery as a set, in SQL. The model takes one row after the other and keeps a list of what it heard of
each fact; what a moment shows is the last entry that was received by then.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from connectors.feed import Feed, read_feed
from tests.conftest import STAFF, STAFF_SQL
from warehouse.batches import REJECTED, Batch, Manifest
from warehouse.connection import prepare
from warehouse.loader import accept

START = datetime(2026, 3, 1)
LONG_AGO = datetime(1900, 1, 1)

Shown = dict[str, int]


@dataclass(frozen=True)
class Row:
    """What one row says of one unit, and when the office recorded it."""

    unit: str
    headcount: int
    recorded_at: datetime | None


@dataclass(frozen=True)
class Pull:
    """One delivery as it is accepted."""

    rows: tuple[Row, ...]
    delivered_at: datetime | None
    pulled_from: datetime | None
    until: datetime
    now: datetime


# --- the model ------------------------------------------------------------------------------------------------------


@dataclass
class Heard:
    """One thing heard of a unit: its headcount, or that it is gone (None)."""

    headcount: int | None
    recorded_at: datetime | None
    received_at: datetime
    is_outdated: bool = False


@dataclass
class Rule:
    """The rule in plain words: see warehouse/loader.py."""

    is_whole: bool  # each delivery states everything
    heard: dict[str, list[Heard]] = field(default_factory=dict)
    nights: list[datetime] = field(default_factory=list)

    def received(self, pull: Pull, row: Row) -> datetime:
        stated = [t for t in (row.recorded_at, pull.delivered_at) if t]
        floor = max([LONG_AGO, *self.nights, *([pull.pulled_from] if pull.pulled_from else [])])
        end = pull.until if pull.until > floor else pull.now
        return max(stated) if stated and floor < max(stated) <= end else end

    def accept(self, pull: Pull) -> None:
        # by the office's clock; what it gives no time for is what stands now
        for row in sorted(pull.rows, key=lambda r: (r.recorded_at is None, r.recorded_at or LONG_AGO)):
            told = self.heard.setdefault(row.unit, [])
            received_at = self.received(pull, row)
            current = next((h for h in reversed(told) if not h.is_outdated), None)
            if self.is_whole or row.recorded_at is None:
                if current is None or current.headcount != row.headcount:
                    told.append(Heard(row.headcount, row.recorded_at, received_at))
                continue
            # the office's clock decides: what did it say last, before it said this?
            before = [h for h in told if h.recorded_at is not None and h.recorded_at <= row.recorded_at]
            last = max(enumerate(before), key=lambda item: (item[1].recorded_at, item[0]), default=None)
            if last and last[1].headcount == row.headcount:
                continue
            is_late = bool(current and current.recorded_at and row.recorded_at < current.recorded_at)
            told.append(Heard(row.headcount, row.recorded_at, received_at, is_late))
        if self.is_whole:
            latest = max(self.received(pull, row) for row in pull.rows)
            for unit in self.heard.keys() - {row.unit for row in pull.rows}:
                if self.heard[unit][-1].headcount is not None:
                    self.heard[unit].append(Heard(None, None, latest))

    def shown(self, moment: datetime) -> Shown:
        shown = {}
        for unit, told in self.heard.items():
            known = [h for h in told if not h.is_outdated and h.received_at <= moment]
            if known and known[-1].headcount is not None:
                shown[unit] = known[-1].headcount
        return shown


# --- the warehouse --------------------------------------------------------------------------------------------------


@dataclass
class Warehouse:
    """The real thing, fed with rows as staging would leave them."""

    connection: duckdb.DuckDBPyConnection
    feed: Feed
    folder: Path
    batches: list[Batch] = field(default_factory=list)
    rows: list[tuple[Row, ...]] = field(default_factory=list)

    def accept(self, pull: Pull) -> None:
        def aware(moment: datetime) -> datetime:
            return moment.replace(tzinfo=UTC)

        manifest = Manifest(
            feed=self.feed.name,
            subject=self.feed.subject.name,
            batch_id=f"{len(self.batches):04d}",
            run_id="run",
            delivery="delivery",
            protocol="file_drop",
            header=(),
            columns={},
            rows=len(pull.rows),
            unreadable_rows=0,
            identity_numbers_removed=0,
            content_id="",
            rows_sha256="",
            cursor=None,
            delivered_at=aware(pull.delivered_at) if pull.delivered_at else None,
            pulled_from=aware(pull.pulled_from) if pull.pulled_from else None,
            pulled_until=aware(pull.until),
            started_at=aware(pull.now),
            ended_at=aware(pull.now),
        )
        folder = self.folder / manifest.batch_id
        folder.mkdir(exist_ok=True)
        shutil.copy(self.folder / REJECTED, folder)
        batch = Batch(folder, manifest, None, None, False)
        night = self.connection.execute("select max(as_of) from ops.night_begun").fetchone()
        self._stage([batch], [pull.rows])
        accept(self.connection, self.feed, [batch], now=aware(pull.now))
        self.rows.append(pull.rows)
        self.batches.append(
            dataclasses.replace(batch, accepted_at=aware(pull.now), night_before=night[0] if night else None)
        )

    def rebuild(self) -> None:
        for table in ("staged.employment", "ops.batch", "ops.night", "ops.night_begun"):
            self.connection.execute(f"delete from {table}")
        self._stage(self.batches, self.rows)
        accept(self.connection, self.feed, self.batches, now=datetime.now(UTC))

    def _stage(self, batches: Sequence[Batch], rows: Sequence[tuple[Row, ...]]) -> None:
        table = "incoming.staff"
        self.connection.execute(
            f"create or replace table {table} as select *, 0 as batch_number from staged.employment limit 0"
        )
        for number, (batch, of_batch) in enumerate(zip(batches, rows, strict=True)):
            delivered_at = batch.manifest.delivered_at.replace(tzinfo=None) if batch.manifest.delivered_at else None
            for place, row in enumerate(of_batch):
                stated = [t for t in (row.recorded_at, delivered_at) if t]
                self.connection.execute(
                    f"insert into {table} by name select ? as source_key, date '2026-01-01' as month, "
                    "? as insured_headcount, 'staff' as feed, ? as batch_id, ? as row_number, ? as recorded_at, "
                    "? as received_at, ? as batch_number",
                    [
                        row.unit,
                        row.headcount,
                        batch.manifest.batch_id,
                        place,
                        row.recorded_at,
                        max(stated, default=None),
                        number,
                    ],
                )
            self.connection.execute(
                "insert into ops.incoming values ('staff', ?, ?, 0, 0)", [number, batch.manifest.batch_id]
            )

    def begin(self, as_of: datetime) -> Shown:
        self.connection.execute("delete from ops.night")
        self.connection.execute("insert into ops.night values ('night', ?, 'park')", [as_of])
        self.connection.execute("insert into ops.night_begun values (?)", [as_of])
        return self._shown("known.employment")

    def shown(self, moment: datetime) -> Shown:
        return self._shown(
            f"staged.employment where received_at <= timestamp '{moment}' "
            f"and (superseded_at is null or superseded_at > timestamp '{moment}')"
        )

    def _shown(self, rest: str) -> Shown:
        rows = self.connection.execute(f"select source_key, insured_headcount from {rest}").fetchall()
        assert len({unit for unit, _ in rows}) == len(rows), f"two versions of a fact at once: {rows}"
        return dict(rows)

    def everything(self) -> list[tuple[object, ...]]:
        return self.connection.execute("from staged.employment order by all").fetchall()

    def moments(self) -> list[datetime]:
        found = self.connection.execute(
            "select received_at from staged.employment union select superseded_at from staged.employment order by 1"
        ).fetchall()
        return [moment for (moment,) in found if moment]


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    prepare(connection)
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def staff_feed(tmp_path_factory: pytest.TempPathFactory, connection: duckdb.DuckDBPyConnection) -> Feed:
    folder = tmp_path_factory.mktemp("feeds") / "staff"
    folder.mkdir()
    (folder / "feed.yml").write_text(STAFF, encoding="utf-8")
    (folder / "stage.sql").write_text(STAFF_SQL, encoding="utf-8")
    connection.execute(
        "copy (select 1::bigint as row_number, '' as reason, '' as row_json, []::varchar[] as facts limit 0) "
        f"to '{folder / REJECTED}' (format parquet)"
    )
    return read_feed(folder)


# --- any life of a feed ---------------------------------------------------------------------------------------------

Event = tuple[str, int, int, tuple[tuple[str, int, int | None], ...]]


def lives(is_whole: bool, has_clock: bool) -> st.SearchStrategy[list[Event]]:
    """Events: what, hours since the last one, how many hours it lies behind, and the rows of a delivery.

    A row is a unit, its headcount, and how many hours ago the office recorded it.
    """
    ago = st.none() | st.integers(0, 60) if has_clock else st.none()
    rows = st.lists(
        st.tuples(st.sampled_from("AAB"), st.integers(1, 3), ago),
        min_size=1,
        max_size=3,
        # a whole register has one row per unit; else at most one version of a unit and moment
        unique_by=(lambda row: row[0]) if is_whole else (lambda row: (row[0], row[2])),
    )
    hours, behind = st.integers(1, 40), st.sampled_from([0, 0, 0, 7, 30])
    delivery = st.tuples(st.just("delivery"), hours, behind, rows.map(tuple))
    night = st.tuples(st.just("night"), hours, behind, st.just(()))
    return st.lists(delivery | delivery | night, min_size=3, max_size=8)


def check(connection: duckdb.DuckDBPyConnection, feed: Feed, events: list[Event], is_dated: bool) -> None:
    """Live through the events in the warehouse and in the model; then tell every night again, and rebuild."""
    for table in ("staged.employment", "ops.batch", "ops.night", "ops.night_begun", "ops.incoming"):
        connection.execute(f"delete from {table}")
    warehouse, rule = Warehouse(connection, feed, feed.folder), Rule(feed.replaces == "everything")
    now, last_until = START, None
    nights: list[tuple[datetime, Shown]] = []
    for what, hours, behind, told in events:
        now += timedelta(hours=hours)
        moment = now - timedelta(hours=behind)
        if what == "night":
            shown = warehouse.begin(moment)
            assert shown == rule.shown(moment)
            rule.nights.append(moment)
            nights.append((moment, shown))
            continue
        until = moment if last_until is None or moment > last_until else now
        pull = Pull(
            rows=tuple(Row(unit, n, None if ago is None else now - timedelta(hours=ago)) for unit, n, ago in told),
            delivered_at=until - timedelta(hours=3) if is_dated else None,
            pulled_from=last_until,
            until=until,
            now=now,
        )
        warehouse.accept(pull)
        rule.accept(pull)
        last_until = until
    for as_of, shown in nights:
        assert warehouse.shown(as_of) == shown, "a night told again shows what it showed"
    for moment in [*warehouse.moments(), datetime(2100, 1, 1)]:
        assert warehouse.shown(moment) == rule.shown(moment)
    before = warehouse.everything()
    warehouse.rebuild()
    assert warehouse.everything() == before


def any_life(count: int) -> examples:
    return examples(
        max_examples=count,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@given(events=lives(is_whole=False, has_clock=True), is_dated=st.booleans())
# the last of three versions has no time of its own, and the file is older than the other two
@example(events=[("delivery", 10, 0, (("A", 1, 2), ("A", 2, 1), ("A", 3, None)))], is_dated=True)
@any_life(22)
def test_any_life_of_a_feed_with_the_office_s_clock(
    connection: duckdb.DuckDBPyConnection, staff_feed: Feed, events: list[Event], is_dated: bool
) -> None:
    check(connection, dataclasses.replace(staff_feed, replaces="nothing"), events, is_dated)


@given(events=lives(is_whole=False, has_clock=False))
@any_life(5)
def test_any_life_of_a_feed_that_adds(
    connection: duckdb.DuckDBPyConnection, staff_feed: Feed, events: list[Event]
) -> None:
    check(connection, dataclasses.replace(staff_feed, replaces="nothing"), events, is_dated=True)


@given(events=lives(is_whole=True, has_clock=True), is_dated=st.booleans())
# B is withdrawn by a delivery that comes long after its time, and is back in one that was pulled before that moment
@example(
    events=[
        ("delivery", 1, 0, (("A", 1, None), ("B", 1, None))),
        ("night", 1, 0, ()),
        ("delivery", 40, 40, (("A", 1, None),)),
        ("delivery", 1, 20, (("A", 1, None), ("B", 2, None))),
    ],
    is_dated=False,
)
@any_life(14)
def test_any_life_of_a_whole_register(
    connection: duckdb.DuckDBPyConnection, staff_feed: Feed, events: list[Event], is_dated: bool
) -> None:
    check(connection, dataclasses.replace(staff_feed, replaces="everything"), events, is_dated)
