"""The environment: defaults as the table of warehouse/settings.py states them, and what each variable refuses."""

from __future__ import annotations

import os
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from warehouse.errors import DeclarationError
from warehouse.settings import CHECKOUT, Settings


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PARKBRIDGE_")]:
        monkeypatch.delenv(name)


def test_what_is_not_set_has_its_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    found = Settings.from_environment()
    assert (found.home, found.outcomes) == (CHECKOUT / "build" / "park", CHECKOUT / "build" / "park" / "outcomes.csv")
    assert (found.judgements, found.feed_folders) == (
        CHECKOUT / "transforms" / "judgements.csv",
        (CHECKOUT / "connectors" / "feeds",),
    )
    assert (found.keep_nights, found.drill_days, found.memory_limit, found.exports) == (7, 7, "4GB", False)
    assert (found.night, found.time_zone.key, found.audiences) == ("02:00", "Asia/Shanghai", ("director",))
    assert (found.alert_command, found.pseudonym_key) == ("", "")
    monkeypatch.setenv("PARKBRIDGE_HOME", "park")
    found = Settings.from_environment()
    assert (found.home, found.backup) == (tmp_path / "park", tmp_path / "park" / "backup"), "absolute"
    assert (found.raw, found.published_file) == (found.home / "raw", found.home / "published" / "park.duckdb")
    monkeypatch.setenv("PARKBRIDGE_HOME", "  ")
    assert Settings.from_environment().home == CHECKOUT / "build" / "park", "blank is not set"


@pytest.mark.parametrize(
    ("name", "value", "attribute", "found"),
    [
        ("KEEP_NIGHTS", "1", "keep_nights", 1),
        ("KEEP_NIGHTS", "010", "keep_nights", 10),
        ("DRILL_DAYS", "0", "drill_days", 0),
        ("DRILL_DAYS", "9999", "drill_days", 9999),
        ("NIGHT", "23:59", "night", "23:59"),
        ("NIGHT", "00:00", "night", "00:00"),
        ("NIGHT", "feeds", "night", "feeds"),
        ("MEMORY_LIMIT", "800MiB", "memory_limit", "800MiB"),
        ("MEMORY_LIMIT", "1.5 gb", "memory_limit", "1.5 gb"),
        ("EXPORTS", "Yes", "exports", True),
        ("EXPORTS", "1", "exports", True),
        ("EXPORTS", "false", "exports", False),
        ("AUDIENCES", "director, operator operator", "audiences", ("director", "operator")),
        ("AUDIENCES", "public,director,", "audiences", ("public", "director")),
        ("FEEDS", "/a::~/b", "feed_folders", (Path("/a"), Path.home() / "b")),
        ("PARK_NAME", " East park ", "park_name", "East park"),
        ("TIME_ZONE", "Europe/Oslo", "time_zone", ZoneInfo("Europe/Oslo")),
    ],
)
def test_a_variable_is_read(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, attribute: str, found: object
) -> None:
    monkeypatch.setenv(f"PARKBRIDGE_{name}", value)
    assert getattr(Settings.from_environment(), attribute) == found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("KEEP_NIGHTS", value) for value in ("0", "00", "-1", "1.5", "x", "²")),
        *(("DRILL_DAYS", value) for value in ("-1", "12345", "1.5")),
        *(("NIGHT", value) for value in ("24:00", "2:00", "02:60", "02:00:00", "Feeds")),
        *(("MEMORY_LIMIT", value) for value in ("4", "GB", "4XB", "1.GB", "-1GB")),
        *(("EXPORTS", value) for value in ("2", "on")),
        *(("AUDIENCES", value) for value in ("operator", "director,Public", "director,2nd", "director,a-b", ",")),
        ("TIME_ZONE", "Asia/Nowhere"),
        ("TIME_ZONE", "Asia"),
        ("TIME_ZONE", "/etc/passwd"),
    ],
)
def test_a_value_that_cannot_be_used_names_its_variable(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"PARKBRIDGE_{name}", value)
    with pytest.raises(DeclarationError, match=rf"^PARKBRIDGE_{name}: .*Next: give ") as stopped:
        Settings.from_environment()
    assert repr(value.strip(", ") or "") in str(stopped.value) or value in str(stopped.value)


def test_an_edition_is_published_apart_and_the_key_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARKBRIDGE_PSEUDONYM_KEY", "a secret")
    found = Settings.from_environment()
    assert "a secret" not in repr(found)
    assert found.published == found.home / "published"
    other = found.of_audience("operator")
    assert other.published_file == found.home / "published" / "editions" / "operator" / "park.duckdb"
    assert other.released == found.released == found.home / "released.parquet"
