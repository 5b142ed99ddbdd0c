"""One demo park for the whole folder, made by the command line as a new user makes it.

One process makes the park and runs its tests in order (SHARED in tests/conftest.py), and they run with those of nights, so that CI
makes it once.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from warehouse.settings import CHECKOUT

ENTERPRISES, SEED, UNTIL = 300, 3, "2026-11-20"
# the command line on one day, whenever the tests run: a month later each feed is late, and another month is the last
ON_THE_DAY = """
import sys, time, time_machine, parkbridge
with time_machine.travel({began} + time.time() - {since}):
    sys.exit(parkbridge.main())
"""
BEGAN = datetime(2026, 11, 26, 4, tzinfo=UTC).timestamp()
# the offices hold nothing of this day and later (park time), however late the night itself runs: truth is held to it
KNOWN_UNTIL = datetime.fromisoformat(f"{UNTIL}T00:00:00+08:00").astimezone(UTC).replace(tzinfo=None)
# the silo of the truth that a feed delivers
SILO_OF_FEED = {
    "registration": "registration",
    "registration_event": "registration",
    "tax_filing": "tax",
    "tax_payment": "tax",
    "employment": "employment",
    "lease": "lease",
    "utility_use": "utility",
    "access_count": "access",
    "need": "service",
}


@dataclass(frozen=True)
class Park:
    """A park's folder, and how to speak to it."""

    folder: Path
    since: float = field(default_factory=time.time)

    @property
    def now(self) -> float:
        """Seconds since 1970 by the park's clock."""
        return BEGAN + time.time() - self.since

    @property
    def home(self) -> Path:
        return self.folder / "park"

    @property
    def published(self) -> Path:
        return self.home / "published" / "park.duckdb"

    @property
    def truth(self) -> Path:
        return self.folder / "demo" / "truth"

    def run(
        self, *words: str, check: bool = True, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run `parkbridge WORDS` over this park."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PARKBRIDGE_", "AIRFLOW"))}
        done = subprocess.run(
            [sys.executable, "-c", ON_THE_DAY.format(began=BEGAN, since=self.since), *words],
            env=kept | {"PARKBRIDGE_HOME": str(self.home), "PYTHONPATH": str(CHECKOUT)} | (environment or {}),
            capture_output=True,
            text=True,
            timeout=1800,  # a busy machine
            check=False,
        )
        if check and done.returncode != 0:
            pytest.fail(f"parkbridge {' '.join(words)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done

    def demo(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`parkbridge demo`, always the same city."""
        return self.run(
            "demo", "--enterprises", str(ENTERPRISES), "--seed", str(SEED), "--until", UNTIL, *words, check=check
        )

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        """Ask the published file, as a client does."""
        with duckdb.connect(str(self.published), read_only=True) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Park, str]:
    """A park after its first night, and what was printed."""
    park = Park(tmp_path_factory.mktemp("demo_park"))
    return park, park.demo().stdout


@pytest.fixture
def park(first_run: tuple[Park, str]) -> Park:
    """The park, published."""
    return first_run[0]


@pytest.fixture(scope="module")
def both(first_run: tuple[Park, str]) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file as `park`, the truth as views, and `pair`: each link with the enterprise that the record truly is about."""
    park, _ = first_run
    connection = duckdb.connect(":memory:")
    connection.execute(f"attach '{park.published}' as park (read_only)")
    for path in sorted(park.truth.glob("*.parquet")):
        connection.execute(f"create view true_{path.stem} as from read_parquet('{path}')")
    silo = " ".join(f"when '{feed}' then '{name}'" for feed, name in SILO_OF_FEED.items())
    connection.execute(
        "create table pair as select l.feed, l.source_key, l.enterprise_id, l.method, t.true_id, t.code_dirt, t.name_dirt, t.note "
        f"from park.resolved.link as l join true_link as t on t.silo = case l.feed {silo} end and t.source_key = l.source_key"
    )
    connection.execute(
        # the truth of an enterprise_id: one true enterprise, else it is left out
        "create table owner as select enterprise_id, min(true_id) as true_id from pair where true_id is not null "
        "group by enterprise_id having count(distinct true_id) = 1"
    )
    yield connection
    connection.close()
