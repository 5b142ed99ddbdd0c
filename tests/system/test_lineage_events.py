"""The published night's OpenLineage events, as a catalogue would get them."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from dags import lineage_events
from tests.system.conftest import Park
from warehouse.settings import Settings

pytestmark = [pytest.mark.airflow, pytest.mark.nights]


@pytest.fixture(autouse=True)
def _environment_of_its_own() -> Iterator[None]:
    """OpenLineage's client writes what it has read from one variable into others."""
    kept = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(kept)


@pytest.fixture
def settings(park: Park, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("PARKBRIDGE_HOME", str(park.home))
    return Settings.from_environment()


def test_each_table_and_view_is_one_event_with_the_columns_that_it_is_made_from(
    park: Park, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "events.jsonl"
    monkeypatch.setenv(
        "OPENLINEAGE__TRANSPORT", json.dumps({"type": "file", "log_file_path": str(path), "append": True})
    )
    assert lineage_events.is_wanted()
    ((night,),) = park.ask("select night_id from ops.night")
    assert "events were sent" in lineage_events.send(settings, str(night))
    events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    made = {event["outputs"][0]["name"]: event for event in events}
    assert len(made) == len(events) > 100
    assert len({event["run"]["runId"] for event in events}) == len(events)
    assert {event["run"]["facets"]["parent"]["job"]["name"] for event in events} == {"operating_snapshots"}
    columns = {
        (f"{schema}.{table}", column)
        for schema, table, column in park.ask("select schema_name, table_name, column_name from duckdb_columns()")
    }
    for name, event in made.items():
        facets = event["outputs"][0]["facets"]
        assert {(name, one["name"]) for one in facets["schema"]["fields"]} <= columns
        inputs = {one["name"] for one in event["inputs"]}
        for column, sources in facets["columnLineage"]["fields"].items():
            assert (name, column) in columns
            assert {one["name"] for one in sources["inputFields"]} <= inputs, (name, column)
    # read by hand from transforms/3_monthly/headcount.sql and transforms/views/010_park.sql
    fields = made["monthly.headcount"]["outputs"][0]["facets"]["columnLineage"]["fields"]
    assert {(one["name"], one["field"]) for one in fields["insured_headcount"]["inputFields"]} >= {
        ("known.employment", "insured_headcount")
    }
    assert {one["name"] for one in made["园区.企业现状"]["inputs"]} >= {"snapshots.enterprise_current"}


@pytest.mark.nights
def test_a_catalogue_that_does_not_answer_stops_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, park: Park
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("OPENLINEAGE_URL", f"http://127.0.0.1:{closed.getsockname()[1]}")
        ((night,),) = park.ask("select night_id from ops.night")
        said = lineage_events.send(settings, str(night))
    assert "readers have the night all the same" in said


@pytest.mark.parametrize("name", ["OPENLINEAGE_URL", "OPENLINEAGE_CONFIG", "OPENLINEAGE__TRANSPORT__TYPE"])
def test_it_is_sent_only_where_a_catalogue_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not lineage_events.is_wanted()
    monkeypatch.setenv(name, "x")
    assert lineage_events.is_wanted()
    monkeypatch.setenv("OPENLINEAGE_DISABLED", "true")
    assert not lineage_events.is_wanted()
