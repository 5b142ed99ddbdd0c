"""What `parkbridge doctor` says of a machine."""

from __future__ import annotations

import dataclasses
import importlib.metadata
from typing import NamedTuple

import pytest

from tests.conftest import Park
from warehouse.connection import alone
from warehouse.doctor import PACKAGES, findings


class Usage(NamedTuple):
    """As shutil gives it."""

    total: float
    used: float
    free: float


class Version(NamedTuple):
    """As much of sys.version_info as is read."""

    major: int
    minor: int


def test_a_machine_that_has_everything(park: Park) -> None:
    found = list(findings(dataclasses.replace(park.settings, pseudonym_key="secret")))
    assert [text for is_well, text in found if not is_well] == []
    texts = [text for _, text in found]
    assert "no other process is writing the warehouse" in texts
    assert "PARKBRIDGE_PSEUDONYM_KEY is set" in texts
    assert not any("secret" in text for text in texts)
    assert f"3 feeds in {park.feed_folder}" in texts
    with alone(park.settings):
        busy = list(findings(park.settings))
    assert any(is_well and text.startswith("a sync is running now") for is_well, text in busy)


def test_what_is_missing_is_named_with_what_to_do(park: Park, monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name == PACKAGES[0]:
            raise importlib.metadata.PackageNotFoundError(name)
        return "1.0"

    settings = dataclasses.replace(park.settings, feed_folders=(park.offices,))
    monkeypatch.setattr("warehouse.doctor.importlib.metadata.version", version)
    monkeypatch.setattr("warehouse.doctor.shutil.disk_usage", lambda _: Usage(9e9, 7e9, 2e9))
    monkeypatch.setattr("warehouse.doctor.sys.version_info", Version(3, 10))
    found = list(findings(settings))
    assert [text for is_well, text in found if not is_well] == [
        "Python 3.10 (3.11 to 3.13 is what the lock file is made for)",
        "apache-airflow is not installed. Next: `make install`",
        f"2 GB free in {park.home} (2 GB wanted)",
        f"0 feeds in {park.offices}. Next: correct PARKBRIDGE_FEEDS",
    ]
    assert any(is_well and "not set: identity numbers are blotted out" in text for is_well, text in found)


@pytest.mark.parametrize(("minor", "is_well"), [(10, False), (11, True), (13, True), (14, False)])
def test_pythons_that_the_lock_file_is_made_for(
    park: Park, monkeypatch: pytest.MonkeyPatch, minor: int, is_well: bool
) -> None:
    monkeypatch.setattr("warehouse.doctor.sys.version_info", Version(3, minor))
    assert next(findings(park.settings))[0] == is_well
