"""When lineage is sent: a catalogue is named by a variable of its own, it is not switched off, and its client is installed."""

from __future__ import annotations

import os

import openlineage.client
import pytest

from dags import lineage_events
from tests.conftest import Park


@pytest.mark.parametrize(
    ("environment", "is_wanted"),
    [
        ({}, False),
        ({"OPENLINEAGE_URL": "http://localhost"}, True),
        ({"OPENLINEAGE_CONFIG": "/etc/lineage.yml"}, True),
        ({"OPENLINEAGE__TRANSPORT__TYPE": "console"}, True),
        ({"OPENLINEAGE_NAMESPACE": "x"}, False),
        ({"OPENLINEAGE_URL": "http://localhost", "OPENLINEAGE_DISABLED": "True"}, False),
        ({"OPENLINEAGE_URL": "http://localhost", "OPENLINEAGE_DISABLED": "1"}, False),
        ({"OPENLINEAGE_URL": "http://localhost", "OPENLINEAGE_DISABLED": "false"}, True),
        ({"OPENLINEAGE_DISABLED": "false"}, False),
    ],
)
def test_lineage_is_sent_where_a_catalogue_is_named(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], is_wanted: bool
) -> None:
    for name in [name for name in os.environ if name.startswith("OPENLINEAGE")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(lineage_events, "find_spec", lambda _: object())
    assert lineage_events.is_wanted() == is_wanted
    monkeypatch.setattr(lineage_events, "find_spec", lambda _: None)
    assert not lineage_events.is_wanted(), "the client is not installed"


@pytest.mark.parametrize(
    ("fails_at", "said"),
    [
        (None, "lineage: 3 events were sent"),
        (0, "lineage: 0 events were sent, then OSError; readers have the night all the same"),
        (2, "lineage: 2 events were sent, then OSError; readers have the night all the same"),
    ],
)
def test_a_catalogue_that_fails_never_stops_a_night(
    park: Park, monkeypatch: pytest.MonkeyPatch, fails_at: int | None, said: str
) -> None:
    class Client:
        """A catalogue that is gone after some events."""

        def __init__(self) -> None:
            self.count = 0

        def emit(self, _: object) -> None:
            if self.count == fails_at:
                raise OSError("gone")
            self.count += 1

        def close(self) -> None:
            pass

    monkeypatch.setattr(openlineage.client, "OpenLineageClient", Client)
    monkeypatch.setattr(lineage_events, "events", lambda *_: iter(range(3)))
    assert lineage_events.send(park.settings, "20261127T180000Z") == said
