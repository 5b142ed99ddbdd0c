"""What every protocol has in common."""

from __future__ import annotations

import inspect
import os
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
    with pytest.raises(DeclarationError, match=f"no protocol 'ftp'; {', '.join(PROTOCOLS)} allowed"):
        protocol("ftp")


def test_an_installed_package_offers_a_protocol_of_a_park(tmp_path: Path) -> None:
    (tmp_path / "tape.py").write_text("OPTIONS = frozenset({'reel'})\n", encoding="utf-8")
    info = tmp_path / "tape-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tape\nVersion: 1\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[parkbridge.protocols]\ntape = tape\ndatabase = tape\n", encoding="utf-8")
    code = "from connectors.sources import PROTOCOLS, protocol as p; print(*PROTOCOLS, *p('tape').OPTIONS, p('database').__name__)"
    paths = os.pathsep.join([str(ROOT), str(tmp_path)])
    answer = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True, check=True
    )
    assert answer.stdout.split() == [*sorted([*PROTOCOLS, "tape"]), "reel", "connectors.sources.database"]


def test_declaring_feeds_loads_no_driver() -> None:
    """DAG files ask for the options of every protocol; drivers and Airflow's connections are for those who fetch."""
    code = (
        "import sys; from connectors.sources import PROTOCOLS, protocol; [protocol(n).OPTIONS for n in PROTOCOLS];"
        "print(*sorted({n.split('.')[0] for n in sys.modules}))"
    )
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"airflow", "paramiko", "s3fs", "botocore", "psycopg"} & set(answer.stdout.split())
