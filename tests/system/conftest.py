"""One demo park for the whole folder, made by the command line as a new user makes it.

Each module carries the same xdist group, so that one process makes the park and runs its tests in order.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from warehouse.settings import CHECKOUT

ENTERPRISES, SEED, UNTIL = 300, 3, "2026-11-20"


@dataclass(frozen=True)
class Park:
    """A park's folder, and how to speak to it."""

    folder: Path

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
            [sys.executable, str(CHECKOUT / "parkbridge.py"), *words],
            env=kept | {"PARKBRIDGE_HOME": str(self.home)} | (environment or {}),
            capture_output=True,
            text=True,
            timeout=600,
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
