"""The house rules for models: one direction, a full header, a meaning for every column."""

from collections import Counter
from pathlib import Path

import duckdb
import pytest

import transforms
from tests.conftest import empty_night, empty_warehouse
from warehouse.connection import OPS_TABLES
from warehouse.labels import labels
from warehouse.models import Model, read_folder
from warehouse.subjects import LINEAGE, subjects

TRANSFORMS = Path(transforms.__file__).parent
REPOSITORY = TRANSFORMS.parent
FOLDERS = sorted(TRANSFORMS.glob("[0-9]_*"))
MODELS = [model for folder in FOLDERS for model in read_folder(folder)]
LAYERS = {"known": 0, "ops": 0, "rules": 0} | {
    folder.name.partition("_")[2]: number for number, folder in enumerate(FOLDERS, start=1)
}
# reads what was superseded too: the history of versions is its subject, and its header says so
READS_STAGED = {
    "signals.premises_change": {"staged.premises"},
    "snapshots.revision": {"staged.figure"},
}


def by_table(model: Model) -> str:
    return model.table


@pytest.fixture(scope="module")
def warehouse() -> duckdb.DuckDBPyConnection:
    return empty_warehouse("2026-04-10")


def columns_of(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    return [row[0] for row in connection.execute(f"describe {table}").fetchall()]


@pytest.mark.parametrize("model", MODELS, ids=by_table)
def test_reads_earlier_layers_only(model: Model) -> None:
    own = LAYERS[model.schema]
    for table in model.reads - READS_STAGED.get(model.table, set()):
        schema = table.partition(".")[0]
        assert LAYERS.get(schema, 99) <= own, f"{model.table} reads {table}"


def test_a_read_of_staged_rows_is_declared_in_the_header() -> None:
    for model in MODELS:
        staged = {table for table in model.reads if table.startswith("staged.")}
        assert staged == READS_STAGED.get(model.table, set())
        assert all(table in model.header["rules"] for table in staged)


@pytest.mark.parametrize("model", MODELS, ids=by_table)
def test_every_column_is_explained_and_names_differ(model: Model, warehouse: duckdb.DuckDBPyConnection) -> None:
    columns = columns_of(warehouse, model.table)
    known = labels() | dict(model.columns)
    assert [column for column in columns if column not in known] == []
    twice = {zh for zh, count in Counter(known[column].zh for column in columns).items() if count > 1}
    assert not twice, f"{model.table}: two columns are called {twice}"
    assert set(model.key) <= set(columns)


@pytest.mark.parametrize("model", MODELS, ids=by_table)
def test_what_checks_a_model_exists(model: Model) -> None:
    for place in model.header["checked by"].split(", "):
        path = place.partition(" ")[0]
        assert (REPOSITORY / path).exists(), f"{model.table} says it is checked by {path}"


def test_titles_differ() -> None:
    for titles in ([model.title_en for model in MODELS], [model.title_zh for model in MODELS]):
        assert len(titles) == len(set(titles))


def test_columns_of_subjects_and_ops_are_explained(warehouse: duckdb.DuckDBPyConnection) -> None:
    stated = {column for subject in subjects().values() for column in subject.columns} | set(LINEAGE)
    stated |= {column for table in OPS_TABLES for column in columns_of(warehouse, f"ops.{table}")}
    assert sorted(stated - set(labels())) == []


def test_no_meaning_is_left_over(warehouse: duckdb.DuckDBPyConnection) -> None:
    """A meaning that no table uses is a name that somebody changed."""
    used = {
        row[0]
        for row in warehouse.execute(
            "select distinct column_name from duckdb_columns() where schema_name in "
            "('staged', 'ops', 'rules', 'resolved', 'monthly', 'signals', 'industry', 'snapshots')"
        ).fetchall()
    }
    assert sorted(set(labels()) - used) == []


def test_an_empty_warehouse_copied_from_another_night_is_the_one_made_step_by_step(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """tests/conftest.py copies it for most tests of models."""
    made, has_rows = empty_night("2026-04-10")
    assert "monthly.month" in has_rows
    tables = made.execute(
        "select schema_name || '.' || table_name from duckdb_tables() where not temporary order by all"
    ).fetchall()
    assert len(tables) > len(MODELS)
    for (table,) in tables:
        rows = [connection.execute(f"from {table} order by all").fetchall() for connection in (made, warehouse)]
        assert rows[0] == rows[1], table
    columns = (
        "select schema_name, table_name, column_name, data_type from duckdb_columns() where not internal "
        "and database_name = current_database() and schema_name <> 'main' order by schema_name, table_name, column_index"
    )
    assert made.execute(columns).fetchall() == warehouse.execute(columns).fetchall()
