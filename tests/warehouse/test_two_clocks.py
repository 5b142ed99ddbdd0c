"""The rule of the two clocks, for any order of deliveries and nights, against a model of it in a page of plain Python.

The loader merges a delivery as a set, in SQL. The model takes one row after the other and keeps a list of what it heard of
each fact; what a moment shows is the last entry that was received by then.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from connectors.feed import Feed, read_feed
from tests.conftest import STAFF, STAFF_SQL, prepared
from warehouse.acceptance import accept
from warehouse.batches import REJECTED, Batch, Manifest
from warehouse.incoming import open_incoming

START = datetime(2026, 3, 1)
LONG_AGO = datetime(1900, 1, 1)

JANUARY, FEBRUARY = date(2026, 1, 1), date(2026, 2, 1)
Fact = tuple[str, date]
Shown = dict[Fact, int]


@dataclass(frozen=True)
class Row:
    """What one row says of one unit in one month, and when the office recorded it."""

    unit: str
    headcount: int
    recorded_at: datetime | None
    month: date = JANUARY

    @property
    def fact(self) -> Fact:
        return self.unit, self.month


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
class Version:
    """A headcount that was current from a moment on; None: the delivery no longer holds the fact."""

    headcount: int | None
    received_at: datetime


@dataclass
class Known:
    """All that is known of one fact: what was current, in order, and every statement with an office's time, repeats included."""

    versions: list[Version] = field(default_factory=list)
    statements: list[tuple[datetime, int]] = field(default_factory=list)

    @property
    def headcount(self) -> int | None:
        return self.versions[-1].headcount if self.versions else None

    def hear(self, row: Row, received_at: datetime, is_last_word: bool) -> None:
        time = row.recorded_at
        newest = max((when for when, _ in self.statements), default=None)
        is_current = is_last_word or time is None or newest is None or time > newest
        if not is_current and time == newest:
            # two statements of one time: the one that came later corrects the other
            is_current = [said for when, said in self.statements if when == newest][-1] != row.headcount
        if is_current and row.headcount != self.headcount:
            self.versions.append(Version(row.headcount, received_at))
        if time is not None:
            self.statements.append((time, row.headcount))


@dataclass
class Rule:
    """The rule in plain words: see warehouse/acceptance.py."""

    replaces: str
    known: dict[Fact, Known] = field(default_factory=dict)
    nights: list[datetime] = field(default_factory=list)

    def received(self, pull: Pull, row: Row) -> datetime:
        stated = [t for t in (row.recorded_at, pull.delivered_at) if t]
        floor = max([LONG_AGO, *self.nights, *([pull.pulled_from] if pull.pulled_from else [])])
        end = pull.until if pull.until > floor else pull.now
        return max(stated) if stated and floor < max(stated) <= end else end

    def accept(self, pull: Pull) -> None:
        is_whole = self.replaces != "nothing"
        # by the office's clock. What has no time is what is true now; in a delivery of everything the last time is
        in_order = sorted(pull.rows, key=lambda r: ((r.recorded_at is None) != is_whole, r.recorded_at or LONG_AGO))
        last_word = {row.fact: row for row in in_order} if is_whole else {}
        for row in in_order:
            known = self.known.setdefault(row.fact, Known())
            known.hear(row, self.received(pull, row), last_word.get(row.fact) is row)
        if is_whole:
            months = {row.month for row in pull.rows}
            latest = max(self.received(pull, row) for row in pull.rows)
            for fact, known in self.known.items():
                is_asked = self.replaces == "everything" or fact[1] in months
                if is_asked and fact not in last_word and known.headcount is not None:
                    known.versions.append(Version(None, latest))

    def shown(self, moment: datetime) -> Shown:
        shown = {}
        for fact, known in self.known.items():
            so_far = [v for v in known.versions if v.received_at <= moment]
            if so_far and so_far[-1].headcount is not None:
                shown[fact] = so_far[-1].headcount
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
        table = open_incoming(self.connection, self.feed)
        for number, (batch, of_batch) in enumerate(zip(batches, rows, strict=True)):
            delivered_at = batch.manifest.delivered_at.replace(tzinfo=None) if batch.manifest.delivered_at else None
            for place, row in enumerate(of_batch):
                stated = [t for t in (row.recorded_at, delivered_at) if t]
                self.connection.execute(
                    f"insert into {table} by name select ? as source_key, ?::date as month, "
                    "? as insured_headcount, 'staff' as feed, ? as batch_id, ? as row_number, ? as recorded_at, "
                    "? as received_at, ? as batch_number",
                    [
                        row.unit,
                        row.month,
                        row.headcount,
                        batch.manifest.batch_id,
                        place,
                        row.recorded_at,
                        max(stated, default=None),
                        number,
                    ],
                )
            self.connection.execute(
                "insert into ops.incoming values ('staff', ?, ?, 0, 0, 0, 0)", [number, batch.manifest.batch_id]
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
        rows = self.connection.execute(f"select source_key, month, insured_headcount from {rest}").fetchall()
        assert len({row[:2] for row in rows}) == len(rows), f"two versions of a fact at once: {rows}"
        return {(unit, month): headcount for unit, month, headcount in rows}

    def everything(self) -> list[tuple[object, ...]]:
        return self.connection.execute("from staged.employment order by all").fetchall()

    def moments(self) -> list[datetime]:
        found = self.connection.execute(
            "select received_at from staged.employment union select superseded_at from staged.employment order by 1"
        ).fetchall()
        return [moment for (moment,) in found if moment]


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = prepared()
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
REPLACES = ("nothing", "period", "everything")
# which rows the office gives a time for
AGO = st.sampled_from([0, 50, 2, 30, 7, 20, 12])  # hours
CLOCKS = {"no clock": st.none(), "a clock": AGO, "some times": st.none() | AGO}
UNITS = {"A": ("A", JANUARY), "B": ("B", JANUARY), "C": ("A", FEBRUARY)}


def lives(clock: str) -> st.SearchStrategy[list[Event]]:
    """Events: what, hours since the last one, how many hours it lies behind, and the rows of a delivery.

    A row is a fact, its headcount, and how many hours ago the office recorded it.
    """
    rows = st.lists(
        st.tuples(st.sampled_from("AAAAAABC"), st.sampled_from([1, 1, 2]), CLOCKS[clock]),
        min_size=1,
        max_size=4,
        # at most one version of a fact and moment: staging rejects others
        unique_by=lambda row: (row[0], row[2]),
    )
    hours, behind = st.sampled_from([9, 1, 3, 40]), st.sampled_from([0, 0, 0, 7, 30])
    delivery = st.tuples(st.just("delivery"), hours, behind, rows.map(tuple))
    night = st.tuples(st.just("night"), hours, behind, st.just(()))
    return st.lists(delivery | delivery | delivery | night, min_size=4, max_size=9)


def check(connection: duckdb.DuckDBPyConnection, feed: Feed, events: list[Event], is_dated: bool) -> None:
    """Live through the events in the warehouse and in the model; then reconstruct every night, and rebuild."""
    for table in ("staged.employment", "ops.batch", "ops.night", "ops.night_begun", "ops.incoming", "ops.unread_fact"):
        connection.execute(f"delete from {table}")
    warehouse, rule = Warehouse(connection, feed, feed.folder), Rule(feed.replaces)
    now, last_until = START, None
    nights: list[tuple[datetime, Shown]] = []
    for what, hours, behind, facts in events:
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
            rows=tuple(
                Row(UNITS[fact][0], n, None if ago is None else now - timedelta(hours=ago), UNITS[fact][1])
                for fact, n, ago in facts
            ),
            delivered_at=until - timedelta(hours=3) if is_dated else None,
            pulled_from=last_until,
            until=until,
            now=now,
        )
        warehouse.accept(pull)
        rule.accept(pull)
        last_until = until
    for as_of, shown in nights:
        assert warehouse.shown(as_of) == shown, "a reconstructed night shows what it showed"
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


KINDS = pytest.mark.parametrize(("replaces", "clock"), [(replaces, clock) for replaces in REPLACES for clock in CLOCKS])


def live(connection: duckdb.DuckDBPyConnection, feed: Feed, replaces: str, clock: str, count: int) -> None:
    @given(events=lives(clock), is_dated=st.booleans())
    @any_life(count)
    def any_order(events: list[Event], is_dated: bool) -> None:
        check(connection, dataclasses.replace(feed, replaces=replaces), events, is_dated)

    any_order()


@KINDS
def test_any_life_of_a_feed(connection: duckdb.DuckDBPyConnection, staff_feed: Feed, replaces: str, clock: str) -> None:
    live(connection, staff_feed, replaces, clock, 4)


@pytest.mark.slow
@KINDS
def test_many_lives_of_a_feed(
    connection: duckdb.DuckDBPyConnection, staff_feed: Feed, replaces: str, clock: str
) -> None:
    live(connection, staff_feed, replaces, clock, 60)


@pytest.mark.parametrize(
    ("replaces", "events", "is_dated"),
    [
        pytest.param(
            "nothing",
            [("delivery", 10, 0, (("A", 1, 2), ("A", 2, 1), ("A", 3, None)))],
            True,
            id="the last of three versions has no time of its own, and the file is older than the other two",
        ),
        pytest.param(
            "everything",
            [
                ("delivery", 1, 0, (("A", 1, None), ("B", 1, None))),
                ("night", 1, 0, ()),
                ("delivery", 40, 40, (("A", 1, None),)),
                ("delivery", 1, 20, (("A", 1, None), ("B", 2, None))),
            ],
            False,
            id="withdrawn by a delivery that comes long after its time, and back in one pulled before that moment",
        ),
        pytest.param(
            "nothing",
            [
                ("delivery", 1, 0, (("A", 1, 0),)),
                ("delivery", 48, 0, (("A", 1, 0),)),
                ("delivery", 1, 0, (("A", 2, 24),)),
            ],
            False,
            id="a late correction of a value that was stated again since",
        ),
        pytest.param(
            "nothing",
            [("delivery", 1, 0, (("A", 1, 60), ("A", 1, 0))), ("delivery", 1, 0, (("A", 2, 24),))],
            False,
            id="both statements in one delivery, the late one after them",
        ),
        pytest.param(
            "nothing",
            [
                ("delivery", 1, 0, (("A", 1, None),)),
                ("delivery", 48, 0, (("A", 1, 0),)),
                ("delivery", 1, 0, (("A", 2, 24),)),
            ],
            True,
            id="first stated without a time, then again with one",
        ),
        pytest.param(
            "nothing",
            [
                ("delivery", 48, 0, (("A", 1, 0),)),
                ("delivery", 1, 0, (("A", 2, None),)),
                ("delivery", 1, 0, (("A", 3, 24),)),
                ("delivery", 9, 0, (("A", 1, 0),)),
            ],
            True,
            id="a value without a time is not overruled by what is older than the value before it, but by a newer one",
        ),
        pytest.param(
            "everything",
            [
                ("delivery", 1, 0, (("A", 1, 0),)),
                ("delivery", 48, 0, (("A", 1, 0),)),
                ("delivery", 1, 0, (("A", 2, 24), ("A", 1, 1))),
            ],
            True,
            id="a register that shows the history of a fact",
        ),
    ],
)
def test_a_life_that_went_wrong_once(
    connection: duckdb.DuckDBPyConnection,
    staff_feed: Feed,
    replaces: str,
    events: list[Event],
    is_dated: bool,
) -> None:
    check(connection, dataclasses.replace(staff_feed, replaces=replaces), events, is_dated)
