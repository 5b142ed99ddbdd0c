"""One small city for all tests of the demo, built once."""

from datetime import date
from pathlib import Path

import duckdb
import pytest

import demo
from tests.conftest import in_memory

UNTIL = date(2026, 11, 23)
START = date(2023, 11, 1)


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("city")
    demo.build(folder, seed=1, until=UNTIL, start=START)
    return folder


@pytest.fixture(scope="session")
def truth(city: Path) -> duckdb.DuckDBPyConnection:
    connection = in_memory()
    for path in sorted((city / "truth").glob("*.parquet")):
        connection.execute(f"create table {path.stem} as from read_parquet('{path}')")
    return connection
