"""A published night's lineage as OpenLineage events, for a catalogue such as Marquez or DataHub. Optional.

Airflow's own provider reports tasks; which column of which table a column is made from, it cannot know. So each published table and
operators' view becomes one COMPLETE event: a job that reads tables and writes one, with the facets schema, columnLineage and parent
(https://openlineage.io/spec/2-0-2/OpenLineage.json). Sent where `openlineage-python` is installed and one of its own settings says where
to: OPENLINEAGE_URL, OPENLINEAGE_CONFIG or OPENLINEAGE__TRANSPORT__…. A catalogue that does not answer never stops a night.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Any

from report.lineage import made_from
from warehouse.connection import reader
from warehouse.holds import NIGHT
from warehouse.settings import Settings

NAMESPACE = "parkbridge"
PRODUCER = "https://pypi.org/project/parkbridge"


def is_wanted() -> bool:
    """Whether a catalogue is configured, by OpenLineage's own variables, and the client is installed."""
    named = any(
        name in ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG") or name.startswith("OPENLINEAGE__TRANSPORT")
        for name in os.environ
    )
    is_off = os.environ.get("OPENLINEAGE_DISABLED", "").lower() in ("true", "1")
    return named and not is_off and find_spec("openlineage") is not None


def send(settings: Settings, night_id: str) -> str:
    """Send the published night's events; gives one line of what came of it, and never raises for the catalogue's sake."""
    from openlineage.client import OpenLineageClient

    sent = 0
    try:
        client = OpenLineageClient()
        for event in events(settings, night_id):
            client.emit(event)
            sent += 1
        client.close()
    except Exception as error:  # a transport of the park's choice may raise anything
        return f"lineage: {sent} events were sent, then {type(error).__name__}; readers have the night all the same"
    return f"lineage: {sent} events were sent"


def events(settings: Settings, night_id: str) -> Iterator[Any]:
    """One COMPLETE event for each published table and view that a query of ours makes, in the order of their names."""
    from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
    from openlineage.client.generated import column_lineage_dataset, parent_run, schema_dataset
    from openlineage.client.uuid import generate_static_uuid

    with reader(settings) as connection:
        rows = connection.execute(
            "select schema_name || '.' || table_name, column_name, data_type, comment from duckdb_columns() "
            "where database_name = current_database() and not internal order by 1, column_index"
        ).fetchall()
    columns: dict[str, list[tuple[str, str, str | None]]] = {}
    for table, *column in rows:
        columns.setdefault(table, []).append(tuple(column))
    known = {table: [name for name, _, _ in listed] for table, listed in columns.items()}
    sources, reads = made_from(known, settings.time_zone)
    now = datetime.now(UTC)
    began = datetime.strptime(night_id.partition("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)

    def run_of(name: str) -> str:
        return str(generate_static_uuid(began, f"{NAMESPACE}.{name}.{night_id}".encode()))

    parent = parent_run.ParentRunFacet(parent_run.Run(run_of(NIGHT)), parent_run.Job(NAMESPACE, NIGHT))
    for table in sorted(columns.keys() & sources.keys()):
        fields = {
            column: column_lineage_dataset.Fields(
                [
                    column_lineage_dataset.InputField(NAMESPACE, source, field)
                    for source, _, field in (one.rpartition(".") for one in found)
                ]
            )
            for column, found in sources[table].items()
            if found
        }
        schema = [schema_dataset.SchemaDatasetFacetFields(name, kind, note) for name, kind, note in columns[table]]
        yield RunEvent(
            eventTime=now.isoformat(),
            producer=PRODUCER,
            eventType=RunState.COMPLETE,
            run=Run(run_of(table), {"parent": parent}),
            job=Job(NAMESPACE, f"{NIGHT}.{table}"),
            inputs=[InputDataset(NAMESPACE, one) for one in sorted(reads[table])],
            outputs=[
                OutputDataset(
                    NAMESPACE,
                    table,
                    facets={
                        "schema": schema_dataset.SchemaDatasetFacet(schema),
                        "columnLineage": column_lineage_dataset.ColumnLineageDatasetFacet(fields),
                    },
                )
            ],
        )
