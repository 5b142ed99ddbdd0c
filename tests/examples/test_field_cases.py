"""Sheets as offices send them (field_cases of the real data), by the script that lies beside them.

The script is not of this tree: it finds its way by the names of modules and functions here.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from warehouse.settings import CHECKOUT


@pytest.mark.parametrize("case", ["06-room-becomes-date", "30-usual-dirt"])
def test_a_case_that_is_accepted_goes_through(data: Path, case: str) -> None:
    folder = data / "field_cases"
    run = [sys.executable, str(folder / "run_case.py"), str(folder / case)]
    found = subprocess.run(run, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert "\naccepted [{'new': " in found.stdout
