"""`parkbridge snapshot --as-of`: every reconstructed night is the night that was published, whatever arrived since.

The park is lived through by its real steps: files and a database are landed, staged, accepted, corrected, withdrawn and sent
late; people judge; each night resolves in parts, where it can. A reconstructed night is made whole, from nothing.
"""

from __future__ import annotations

import random
import re
import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

import parkbridge
from report.summary import summary
from tests.conftest import FIRST_DAY, LEASES_HEADER, Park, day, in_memory, staff_file
from tests.transforms.test_resolution import credit_code
from transforms.as_of import PastSnapshot, _settle, in_words, moment_of, reconstruct
from transforms.night import build_all
from transforms.outcome_file import load as load_answers
from transforms.resolution.judgement_file import HEADER
from transforms.resolution.resolve import resolve
from warehouse import parts
from warehouse.connection import prepare, writer
from warehouse.differences import differences
from warehouse.errors import ParkBridgeError
from warehouse.last_night import remember_last_night
from warehouse.models import read_layers
from warehouse.publish import publish
from warehouse.rebuild import rebuild
from warehouse.settings import CHECKOUT, Settings

LAYERS = CHECKOUT / "transforms"
MODELS = read_layers(LAYERS)
TABLES = [model.table for model in MODELS]
NAMES = [
    "苏州明达科技有限公司",
    "苏州华强（中国）贸易有限公司",
    "明达科技",
    "园区新来的公司",
    "无锡老字号饭店有限公司",
    "东沙湖软件有限公司",
]
CODES = ["无", *(credit_code(10000001 + number) for number in range(4))]
PARK_TIME = ZoneInfo("Asia/Shanghai")


# the rows of these offices have nothing to do with those before
ANYTHING = "".join(
    f", {limit}_pct: 100" for limit in ("changed", "never", "emptied", "unknown", "restated", "repeated", "moved")
)


@dataclass
class Life:
    """A park that lives: what its offices say changes at random, and what a night shows is kept beside it."""

    park: Park
    dice: random.Random
    now: float = 0.5
    in_parts: int = 0

    def __post_init__(self) -> None:
        self.settings = replace(self.park.settings, judgements=self.park.home / "judgements.csv", keep_nights=1000)
        self.settings.judgements.write_text(HEADER, encoding="utf-8")
        for feed in ("staff", "leases"):
            self.park.change(
                feed, "rows_min_pct: 60, rows_max_factor: 5", "rows_min_pct: 0, rows_max_factor: 1000" + ANYTHING
            )
        self.park.change("staff", "rejected_pct: 10", "rejected_pct: 100")
        self.units = {f"U{n}": self.dice.choice(NAMES) for n in range(6)}
        self.leases = {n: (self.dice.choice(NAMES), self.dice.choice(CODES)) for n in range(6)}
        self.nights: list[datetime] = []
        self.months = ["2026-01"]
        self.drops = 0

    def staff(self) -> None:
        """One month's file: often an old month again, with other figures, fewer units, or a unit under another name."""
        month = self.dice.choice(self.months)
        if self.dice.random() < 0.2:
            self.units[self.dice.choice(list(self.units))] = self.dice.choice(NAMES)
        reporters = self.dice.sample(sorted(self.units), self.dice.randint(3, len(self.units)))
        # the office's own time is often long past
        at = day(self.now - self.dice.choice([0.1, 0.1, 3])).astimezone(PARK_TIME)
        # now and then a headcount cannot be read
        headcounts = [self.dice.choice(["5", "10", "15", "20", "20人多"]) for _ in reporters]
        rows = [
            f"{unit},{self.units[unit]},{month},{headcount},5000,张三,1,{at:%Y-%m-%d %H:%M:%S}"
            for unit, headcount in zip(reporters, headcounts, strict=True)
        ]
        self._drop("staff", staff_file(rows))

    def lease(self) -> None:
        """The whole register: some leases gone, some back, another area, another tenant's code."""
        if self.dice.random() < 0.3:
            self.leases[self.dice.randrange(6)] = (self.dice.choice(NAMES), self.dice.choice(CODES))
        leases = self.dice.sample(sorted(self.leases), self.dice.randint(3, 6))
        rows = [
            f"ZL{n:04d},KH{n:04d},{self.leases[n][0]},{self.leases[n][1]},{100 + self.dice.randrange(3)},2025-01-01,"
            f"2027-12-31,李四,"
            for n in leases
        ]
        self._drop("leases", "\n".join([LEASES_HEADER, *rows]) + "\n")

    def pay(self) -> None:
        for _ in range(self.dice.randint(1, 3)):
            recorded = day(self.now - self.dice.choice([0.1, 0.1, 1.5])).astimezone(PARK_TIME)
            number = self.dice.randrange(12)
            payer = CODES[1 + number % (len(CODES) - 1)]  # of another payer and amount it would be another payment
            self.park.pay(f"P{number}", self.dice.randint(1, 9) * 10000, f"{recorded:%Y-%m-%d %H:%M:%S}", payer=payer)
        self._sync("payments")

    def judge(self) -> None:
        """Somebody judges, now."""
        left = f"leases/KH{self.dice.randrange(6):04d}"
        right = f"staff/U{self.dice.randrange(6)}"
        when = day(self.now).astimezone(PARK_TIME)
        decision = self.dice.choice(["same", "different", "withdraw"])
        with self.settings.judgements.open("a", encoding="utf-8") as file:
            file.write(f"{left},{right},{decision},wang,{when:%Y-%m-%d %H:%M:%S},x\n")

    def night(self) -> Path:
        as_of = day(self.now) + timedelta(microseconds=self.dice.randrange(1000))
        self.park.begin(as_of, ["staff", "leases", "payments"])
        with writer(self.settings) as connection:
            resolve(connection, self.settings.judgements)
            load_answers(connection, self.settings, as_of.replace(tzinfo=None))
            remember_last_night(connection, self.settings)
            self.in_parts += sum(not made.is_whole for made in build_all(connection)[1])
            publish(connection, self.settings, MODELS)
        self.nights.append(as_of)
        return self.settings.published / "nights" / f"{as_of:%Y%m%dT%H%M%SZ}.duckdb"

    def go_on(self, hours: float = 0) -> None:
        self.now += (hours or self.dice.randint(5, 30)) / 24
        month = f"{day(self.now - 31):%Y-%m}"
        if month not in self.months:
            self.months.append(month)

    def live(self, nights: int) -> list[Path]:
        """Each night after a few deliveries and judgements, in any order."""
        self.staff()
        self.lease()
        self.go_on(1)
        found = [self.night()]
        for _ in range(nights - 1):
            for _ in range(self.dice.randint(1, 3)):
                self.go_on(self.dice.randint(1, 12))
                self.dice.choice([self.staff, self.lease, self.pay, self.judge])()
            self.go_on(self.dice.randint(1, 20))
            found.append(self.night())
        return found

    def _drop(self, feed: str, content: str) -> None:
        self.drops += 1
        self.park.drop(feed, f"{self.drops:04d}.csv", content, day(self.now - 0.01))
        self._sync(feed)

    def _sync(self, feed: str) -> None:
        # sometimes a pull that was made for an earlier moment is accepted only now
        until = day(self.now - (0.3 if self.dice.random() < 0.1 and self.nights else 0))
        self.park.sync(feed, until, day(self.now))


@pytest.fixture(autouse=True)
def always_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where most of so small a park is touched."""
    monkeypatch.setattr(parts, "limits", lambda _: parts.Limits(10, 3, 2))


def same(published: Path, made: Path) -> None:
    found = differences(published, made, TABLES)
    shown = {}
    for table in found:
        with in_memory() as connection:
            connection.execute(f"attach '{published}' as old (read_only)")
            connection.execute(f"attach '{made}' as new (read_only)")
            shown[table] = [
                connection.execute(f"from {one}.{table} except all from {other}.{table} limit 3").fetchall()
                for one, other in (("old", "new"), ("new", "old"))
            ]
    assert shown == {}, f"{published.stem} reconstructed"


def later(life: Life) -> datetime:
    return day(life.now + 400)


def past(life: Life, as_of: str, out: Path | None = None) -> PastSnapshot:
    return reconstruct(life.settings, as_of, out, now=later(life))


@pytest.mark.parametrize(
    ("text", "known", "settled"),
    [
        ("20260302T180000Z", None, (datetime(2026, 3, 2, 18, 0, 0, 7), False)),  # of two within a second the later one
        ("20260303T180000Z", None, (datetime(2026, 3, 3, 18), False)),  # nothing was begun after it
        ("2026-03-03", datetime(2026, 3, 3, 19), (datetime(2026, 3, 3, 19), True)),
        ("2026-03-01", datetime(2026, 3, 1, 8), (datetime(2026, 3, 1, 8), False)),  # the moment of the first row
        ("2026-02-28", datetime(2026, 3, 1, 7), "the first row is of 2026-03-01 08:00 UTC. Next: give a later moment"),
        ("20260304T180000Z", None, "the last are 20260303T180000Z, 20260302T180000Z. Next: give one of them"),
    ],
)
def test_a_moment_is_settled_by_nights_and_rows(
    text: str, known: datetime | None, settled: tuple[datetime, bool] | str
) -> None:
    with in_memory() as connection:
        connection.execute("attach ':memory:' as park; use park")
        prepare(connection)
        nights = (datetime(2026, 3, 2, 18), datetime(2026, 3, 2, 18, 0, 0, 7), datetime(2026, 3, 3, 18))
        for moment in nights:
            connection.execute("insert into ops.night_begun by name select ?::timestamp as as_of", [moment])
        empty = "the warehouse is empty. Next: run `parkbridge sync`"
        with pytest.raises(ParkBridgeError, match=empty):
            _settle(connection, "2026-03-03", datetime(2026, 3, 3, 19))
        connection.execute(
            "insert into staged.lease by name select timestamp '2026-03-01 08:00' as received_at "
            "union all select timestamp '2026-03-02 08:00'"
        )
        if isinstance(settled, str):
            with pytest.raises(ParkBridgeError, match=re.escape(settled)):
                _settle(connection, text, known)
        else:
            assert _settle(connection, text, known) == settled
        connection.execute("use memory")


@pytest.mark.parametrize(
    ("seed", "count"),
    [
        pytest.param(1, 3, marks=pytest.mark.nights),
        *(pytest.param(seed, 4, marks=pytest.mark.slow) for seed in (1, 2, 3)),
    ],
)
def test_every_reconstructed_night_is_the_night_that_was_published(park: Park, seed: int, count: int) -> None:
    life = Life(park, random.Random(seed))
    nights = life.live(count)
    assert any(differences(nights[0], nights[-1], TABLES)), "the nights differ, so that there is something to compare"
    assert life.in_parts, "some nights were made in parts, and are held against what is made whole"
    # much more arrives, of all months
    for _ in range(4):
        life.go_on()
        life.dice.choice([life.staff, life.lease, life.pay])()
    life.judge()
    before = stand_of(life.settings)
    # the first night of the shortest life is left to test_the_command
    for night, as_of in list(zip(nights, life.nights, strict=True))[1 if count == 3 else 0 :]:
        snapshot = past(life, night.stem)
        assert (snapshot.night_id, snapshot.as_of, snapshot.kept) == (night.stem, as_of.replace(tzinfo=None), night)
        assert snapshot.differing == {}
        same(night, snapshot.path)
        assert not snapshot.is_open
    assert stand_of(life.settings) == before, "neither the warehouse nor what is published was touched"
    # by its exact time, from a warehouse that was made anew from the landed batches, and with the night before not kept
    rebuild(life.settings, [park.feed(name) for name in ("staff", "leases", "payments")])
    moved = nights[1].rename(park.home / "moved away.duckdb")
    same(nights[2], past(life, life.nights[2].isoformat(), park.home / "again.duckdb").path)
    moved.rename(nights[1])
    compared = [
        asked(night, "select count(*), min(previous_as_of), max(previous_as_of) from snapshots.change")
        for night in nights
    ]
    assert compared[0] == (0, None, None), "the first night"
    assert seed != 1 or any(count for count, *_ in compared), "there was something to compare"
    for (count, *when), as_of in zip(compared[1:], life.nights, strict=False):
        assert not count or when == [as_of.replace(tzinfo=None)] * 2
    if seed == 1:
        assert asked(nights[-1], "select count(*) from snapshots.revision") > (0,), "there was something to revise"


def asked(file: Path, sql: str) -> tuple[Any, ...]:
    with duckdb.connect(file, read_only=True) as connection:
        return connection.execute(sql).fetchone() or ()


@pytest.mark.slow
def test_ninety_nights(park: Park) -> None:
    life = Life(park, random.Random(90))
    nights = life.live(90)
    for night in nights:
        again = past(life, night.stem, park.home / "again.duckdb").path
        same(night, again)
        again.unlink()


def stand_of(settings: Settings) -> dict[str, bytes]:
    files = [settings.warehouse_file, *settings.published.rglob("*.duckdb"), *settings.published.rglob("*.json")]
    return {str(path): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Life]:
    """One short life for the tests that only ask."""
    return {}


@pytest.fixture
def life(park: Park, lived: dict[str, Life], tmp_path_factory: pytest.TempPathFactory) -> Life:
    if "one" not in lived:
        home = tmp_path_factory.mktemp("lived")
        for folder in ("home", "offices", "feeds"):
            shutil.copytree(getattr(park, {"feeds": "feed_folder"}.get(folder, folder)), home / folder)
        one = Life(Park(home / "home", home / "offices", home / "feeds", park.transforms), random.Random(7))
        one.live(2)
        lived["one"] = one
    return lived["one"]


@pytest.mark.nights
def test_a_date_is_its_end_in_the_park(life: Life) -> None:
    assert moment_of(life.settings, "2026-03-02", later(life)) == datetime(2026, 3, 2, 16)
    assert moment_of(life.settings, "2026-03-02T10:00", later(life)) == datetime(2026, 3, 2, 2)
    assert moment_of(life.settings, "2026-03-02T10:00:00Z", later(life)) == datetime(2026, 3, 2, 10)
    snapshot = past(life, "2026-03-02")
    assert snapshot.as_of == datetime(2026, 3, 2, 16)
    assert snapshot.path == life.settings.home / "asof" / "20260302T160000Z.duckdb"
    with duckdb.connect(snapshot.path, read_only=True) as connection:
        assert connection.execute("select night_id, as_of from ops.night").fetchall() == [
            (snapshot.night_id, snapshot.as_of)
        ]
        shown = connection.execute("select count(*) from 园区.企业现状").fetchone()
        assert shown
        assert shown[0] > 0
    assert "Held against nothing" in "\n".join(in_words(snapshot, "x"))
    assert past(life, "2026-03-02").path == snapshot.path, "our own file is made again"


@pytest.mark.nights
def test_what_is_no_moment_is_said_plainly(life: Life, tmp_path: Path) -> None:
    there = tmp_path / "there.duckdb"
    there.touch()
    for as_of, out, message in (
        ("2026-13-01", None, "--as-of '2026-13-01' is no moment. Next: give a date"),
        ("yesterday", None, "is no moment"),
        ("9999-12-31", None, "is no moment"),
        ("2030-01-01", None, "has not come yet"),
        ("2020-01-01", None, "nothing had been received by 2020-01-01 16:00 UTC; the first row is of 2026"),
        ("20200101T000000Z", None, "no night 20200101T000000Z was begun; the last are 2026"),
        ("2026-03-02", there, "it is there already"),
        ("2026-03-02", tmp_path / "nowhere" / "x.duckdb", "there is no folder"),
        ("2026-03-02", life.settings.published / "x.duckdb", "what is published is not written to"),
    ):
        with pytest.raises(ParkBridgeError) as stopped:
            past(life, as_of, out)
        assert message in str(stopped.value), as_of
    assert [path for path in tmp_path.iterdir() if path.suffix] == [there]
    assert not list(life.settings.home.glob("asof-*")), "no scratch is left"


@pytest.mark.nights
def test_before_anything_was_stored(life: Life, tmp_path: Path) -> None:
    with pytest.raises(ParkBridgeError, match="there is no warehouse yet"):
        reconstruct(replace(life.settings, home=tmp_path), "2026-03-02", now=later(life))
    with writer(replace(life.settings, home=tmp_path)):
        pass
    with pytest.raises(ParkBridgeError, match="the warehouse is empty"):
        reconstruct(replace(life.settings, home=tmp_path), "2026-03-02", now=later(life))


@pytest.mark.nights
def test_later_judgements_are_left_out_and_counted(life: Life, tmp_path: Path) -> None:
    judgements = tmp_path / "judgements.csv"
    text = life.settings.judgements.read_text(encoding="utf-8")
    judgements.write_text(text + "leases/KH0001,staff/U1,same,wang,2026-12-01,later\n", encoding="utf-8")
    night = f"{life.nights[-1]:%Y%m%dT%H%M%SZ}"
    snapshot = reconstruct(replace(life.settings, judgements=judgements), night, now=later(life))
    assert snapshot.later_judgements == 1
    assert snapshot.differing == {}
    assert any("1 line is dated later" in line for line in in_words(snapshot, "x"))


@pytest.mark.nights
def test_changed_rules_and_a_moment_that_is_still_open_are_said(life: Life) -> None:
    night = life.settings.published / "nights" / f"{life.nights[-1]:%Y%m%dT%H%M%SZ}.duckdb"
    kept = night.read_bytes()
    night.chmod(0o644)
    try:
        with duckdb.connect(night) as connection:
            connection.execute("update rules.flow set version = 'flow-0'")
            connection.execute(
                "delete from snapshots.presence where enterprise_id = "
                "(select min(enterprise_id) from snapshots.presence)"
            )
        snapshot = past(life, night.stem)
        words = "\n".join(in_words(snapshot, "x"))
        assert snapshot.changed_rules == ["rules.flow"]
        assert snapshot.differing == {"snapshots.presence": (0, 1)}
        assert "1 table differs: snapshots.presence −0 +1" in words
        assert "Rules        today's, not that night's: rules.flow" in words
    finally:
        night.write_bytes(kept)
    assert past(life, later(life).isoformat()).is_open


@pytest.mark.nights
def test_the_command(life: Life, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(Settings, "from_environment", classmethod(lambda cls: life.settings))
    night = f"{life.nights[0]:%Y%m%dT%H%M%SZ}"
    # the command's present is the machine's, which may lie before the park's nights
    monkeypatch.setattr("transforms.as_of.datetime", _Present)
    monkeypatch.setattr("sys.argv", ["parkbridge", "snapshot", "--as-of", night])
    assert parkbridge.main() == 0
    shown = capsys.readouterr().out
    assert f"Held against night {night} as published: the same, row for row" in shown
    monkeypatch.setattr("sys.argv", ["parkbridge", "snapshot", "--as-of", "tomorrow"])
    assert parkbridge.main() == 1
    assert capsys.readouterr().err.startswith("parkbridge: snapshot: --as-of 'tomorrow' is no moment. Next: ")


class _Present(datetime):
    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
        return FIRST_DAY.astimezone(UTC) + timedelta(days=400)


@pytest.mark.nights
def test_what_a_night_is_compared_with(life: Life, tmp_path: Path) -> None:
    home = tmp_path / "copy"
    shutil.copytree(life.settings.home, home)
    settings = replace(life.settings, home=home)
    first, last = (moment.replace(tzinfo=None) for moment in life.nights)
    count = "select count(*) from ops.last_enterprise"
    with writer(settings) as connection:
        assert remember_last_night(connection, settings) == first, "run again, it is compared as it was the first time"
        assert connection.execute(count).fetchone() != (0,)
        connection.execute("update ops.night set as_of = ?", [last + timedelta(days=1)])
        assert remember_last_night(connection, settings) == last
        shown = connection.execute("select count(*) from snapshots.enterprise_current").fetchone()
        assert connection.execute(count).fetchone() == shown
        alerts = "select count(*) from (select enterprise_id, alert_code, level_code, score from {} except all {})"
        kept = "select enterprise_id, alert_code, level_code, score from ops.last_alert"
        assert connection.execute(alerts.format("signals.alert", kept)).fetchone() == (0,)
        connection.execute("update ops.night set as_of = ?", [first])
        assert remember_last_night(connection, settings) is None, "readers see a later night"
        assert connection.execute(count).fetchone() == (0,)
        settings.published_file.unlink()
        assert remember_last_night(connection, settings) is None, "readers see nothing"


@pytest.mark.nights
def test_the_summary_says_what_changed(life: Life) -> None:
    [line] = [line for line in summary(life.settings) if line.startswith("Changes")]
    with duckdb.connect(life.settings.published_file, read_only=True) as connection:
        found = connection.execute("select count(*) from snapshots.change").fetchone()
    if found == (0,):
        assert line == "Changes      none since the night before"
    else:
        assert line.startswith(f"Changes      enterprises since {life.nights[0]:%Y-%m-%d %H:%M} UTC: ")
