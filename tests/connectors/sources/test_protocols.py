"""What every protocol has in common."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.sources import PROTOCOLS, protocol
from warehouse.errors import DeclarationError

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_protocol_offers_options_and_deliveries(name: str) -> None:
    found = protocol(name)
    assert found.OPTIONS
    assert not found.OPTIONS & {"protocol", "connection"}
    parameters = inspect.signature(found.deliveries).parameters
    assert list(parameters) == ["options", "credentials", "window", "where", "exclude", "expected", "uses"]


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_option_is_explained(name: str) -> None:
    text = sys.modules[f"connectors.sources.{name}"].__doc__ or "" if protocol(name) else ""
    missing = [option for option in protocol(name).OPTIONS if option not in text]
    assert not missing


def test_an_unknown_protocol_lists_the_known() -> None:
    with pytest.raises(DeclarationError, match="no protocol 'ftp'; database, file_drop, http_api allowed"):
        protocol("ftp")


def test_declaring_feeds_loads_no_driver() -> None:
    """DAG files ask for the options of every protocol; drivers and Airflow's connections are for those who fetch."""
    code = (
        "import sys; from connectors.sources import PROTOCOLS, protocol; [protocol(n).OPTIONS for n in PROTOCOLS];"
        "print(*sorted({n.split('.')[0] for n in sys.modules}))"
    )
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"airflow", "paramiko", "s3fs", "botocore", "psycopg"} & set(answer.stdout.split())
