"""How a night is put together behind the resolution: which layers, in which order, and how each is built.

The nightly DAG takes the steps one by one; a past snapshot, a preview, the benchmarks and the tests take them together.
The steps are the same, so that what one of them makes is what the night makes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import duckdb

from warehouse import parts
from warehouse.models import Model, read_layers
from warehouse.parts import Made

LAYERS = Path(__file__).parent
RULES = LAYERS / "rules"
# the layers behind the resolution, in order
ORDER = ("3_monthly", "4_signals", "5_industry", "6_snapshots")


def begin(connection: duckdb.DuckDBPyConnection, folder: Path = LAYERS) -> int | None:
    """Find the enterprises with new data, after the resolution; None where everything must be made."""
    return parts.begin(connection, folder)


def build(
    connection: duckdb.DuckDBPyConnection,
    layers: Iterable[str] = ORDER,
    only: Collection[str] | None = None,
    folder: Path = LAYERS,
) -> list[Made]:
    """Build layers, after `begin`.

    Args:
        connection: The writer's, or that of a scratch warehouse.
        layers: Names of folders, in order.
        only: The tables to make; all by default.
        folder: Where the layers are.
    """
    return [made for layer in layers for made in parts.build_night(connection, folder / layer, only)]


def finish(connection: duckdb.DuckDBPyConnection, folder: Path = LAYERS) -> None:
    """Note that every layer is as of tonight: the next night builds on it."""
    parts.finish(connection, folder)


def build_all(connection: duckdb.DuckDBPyConnection, folder: Path = LAYERS) -> tuple[int | None, list[Made]]:
    """Every layer behind the resolution, to the end of the night; gives how many enterprises had new data, and what was made."""
    touched = begin(connection, folder)
    made = build(connection, folder=folder)
    finish(connection, folder)
    return touched, made


def models() -> list[Model]:
    """Every model of every layer, in order."""
    return read_layers(LAYERS)


def needed_for(tables: Sequence[str], given: Collection[str] = ()) -> set[str]:
    """The tables behind the resolution that these are made from, themselves included; without those that are given."""
    known = {model.table: model for model in models() if model.path.parent.name in ORDER}
    found: set[str] = set()
    waiting = list(tables)
    while waiting:
        table = waiting.pop()
        if table in known and table not in found and table not in given:
            found.add(table)
            waiting += known[table].reads
    return found
