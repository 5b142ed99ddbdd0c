"""A night some days later, made in parts over a real city's dirt, is reconstructed from nothing: the same, row for row."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.system.conftest import Park
from warehouse.models import read_layers
from warehouse.parts import is_by_enterprise
from warehouse.settings import CHECKOUT

pytestmark = [pytest.mark.airflow, pytest.mark.nights]


# its fast twins on small parks: tests/warehouse/test_parts.py (in parts as made whole), test_as_of.py (reconstructed as published)
@pytest.mark.slow
def test_a_later_night_in_parts_is_told_again_the_same(park: Park, tmp_path: Path) -> None:
    later = replace(park, folder=tmp_path / "later")
    shutil.copytree(park.folder, later.folder)
    printed = later.demo("--until", "2026-11-24").stdout
    touched = re.search(r"(\d+) enterprises have new data", printed)
    assert touched, printed
    assert 0 < int(touched[1]) < 100, "a few late returns"
    # one late report changes the coverage of its month, and no figure of anybody else
    in_parts = sum(int(found) for found in re.findall(r"tables, (\d+) of them in part", printed))
    assert in_parts == sum(is_by_enterprise(model) for model in read_layers(CHECKOUT / "transforms"))
    ((night,),) = later.ask("select night_id from ops.night")
    assert "as published: the same, row for row" in later.run("snapshot", "--as-of", str(night)).stdout
