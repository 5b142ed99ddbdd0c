"""Parks of a few enterprises, made directly in a published file: every table is there, and only what a test says is in them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from report.site import build
from report.source import Source
from tests.conftest import LAYERS, at, empty_warehouse
from tests.report.pages import Site
from warehouse.models import read_layers
from warehouse.published_file import write
from warehouse.settings import CHECKOUT
from warehouse.views import read_views

Rows = Iterable[tuple[str, dict[str, Any]]]


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published file of a night in which nothing is known: every table and view, no row."""
    file = tmp_path_factory.mktemp("empty_night") / "park.duckdb"
    models = read_layers(LAYERS)
    with empty_warehouse("2026-11-10 18:00") as connection:
        settings = at(file.parent).settings
        write(connection, file, models, read_views(CHECKOUT / "transforms" / "views", models, settings.time_zone))
    return file


@pytest.fixture
def site_of(empty_file: Path, tmp_path: Path) -> Callable[[Rows], Site]:
    """Make the site of a night that holds these rows: (table, {column: value})."""

    def made(rows: Rows) -> Site:
        file = tmp_path / "park.duckdb"
        shutil.copyfile(empty_file, file)
        with duckdb.connect(str(file)) as connection:
            fill(connection, rows)
        return Site(build(file, at(tmp_path).settings), file)

    return made


@pytest.fixture
def source_of(empty_file: Path, tmp_path: Path) -> Iterator[Callable[[Rows], Source]]:
    """Open a night that holds these rows, for the pages of one module."""
    opened: list[duckdb.DuckDBPyConnection] = []

    def made(rows: Rows) -> Source:
        file = tmp_path / f"{len(opened)}.duckdb"
        shutil.copyfile(empty_file, file)
        opened.append(duckdb.connect(str(file)))
        fill(opened[-1], rows)
        return Source(opened[-1], at(tmp_path).settings)

    yield made
    for connection in opened:
        connection.close()


def fill(connection: duckdb.DuckDBPyConnection, rows: Rows) -> None:
    """Insert rows, each with the columns that it gives."""
    for table, row in rows:
        if table == "snapshots.park_current":  # it has one row, of the park
            connection.execute("delete from snapshots.park_current")
        names = ", ".join(f'"{name}"' for name in row)
        connection.execute(f"insert into {table} ({names}) values ({', '.join('?' * len(row))})", list(row.values()))
