"""The registration API, asked over HTTP."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import duckdb
import pytest

import demo


@pytest.fixture(scope="module")
def port(city: Path) -> Iterator[int]:
    with demo.serving(city) as number:
        yield number


def _ask(city: Path, port: int, path: str, parameters: dict[str, object], token: str | None = None) -> Any:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/{path}?{urlencode(parameters)}")
    request.add_header("Authorization", f"Bearer {token or demo.token(city)}")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def _all(city: Path, port: int, path: str, **parameters: object) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = []
    for page in range(1, 100):
        answer = _ask(city, port, path, {"page": page, "size": 100, **parameters})
        records += answer["data"]
        if not answer["data"]:
            assert len(records) == answer["total"]
            return records
    raise AssertionError("the API never ends")


def test_pages_hold_every_registered_enterprise_once(city: Path, port: int, truth: duckdb.DuckDBPyConnection) -> None:
    records = _all(city, port, "enterprises")
    known = truth.execute("select count(*) from link where silo = 'registration'").fetchone()
    assert known is not None
    assert len({record["pripid"] for record in records}) == len(records)
    assert known[0] - 10 < len(records) <= known[0]  # a few come after the build's last day
    assert all(record["lerep"] for record in records)
    assert {record["regstate"] for record in records} == {"1", "2", "3", "4"}


def test_two_windows_together_are_the_whole(city: Path, port: int) -> None:
    cut = "2026-01-31T16:00:00Z"  # midnight in the park
    for path, key in (("enterprises", "pripid"), ("events", "eventno")):
        before, since = _all(city, port, path, updated_until=cut), _all(city, port, path, updated_since=cut)
        assert all(record["updated_at"] <= "2026-02-01 00:00:00" for record in before)
        assert all(record["updated_at"] > "2026-02-01 00:00:00" for record in since)
        assert since
        latest = {record[key]: record for record in before} | {record[key]: record for record in since}
        assert latest == {record[key]: record for record in _all(city, port, path)}


def test_a_past_day_is_answered_as_on_that_day(city: Path, port: int, truth: duckdb.DuckDBPyConnection) -> None:
    renamed = truth.execute(
        "select name, later_name, (renamed_month - interval 1 day)::date::varchar from enterprise "
        "where renamed_month between '2025-01-01' and '2026-06-01' and is_registered_here"
    ).fetchall()
    assert renamed
    now = {record["entname"] for record in _all(city, port, "enterprises")}
    for old, new, day in renamed:
        then = {record["entname"] for record in _all(city, port, "enterprises", updated_until=day)}
        assert old in then
        assert new not in then
        assert new in now
        assert old not in now


@pytest.mark.parametrize(
    ("path", "parameters", "status"),
    [
        ("enterprises", {"size": 5000}, 400),
        ("people", {}, 404),
        ("events", {"colour": "red"}, 400),
        ("events", {"updated_since": "x"}, 400),
    ],
)
def test_wrong_questions_are_refused(
    city: Path, port: int, path: str, parameters: dict[str, object], status: int
) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        _ask(city, port, path, parameters)
    assert refused.value.code == status


def test_without_the_token_nothing_is_told(city: Path, port: int) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        _ask(city, port, "enterprises", {}, token="guess")
    assert refused.value.code == 401


def test_connections_name_every_source(city: Path) -> None:
    entries = {name: json.loads(text) for name, text in demo.connections(city, 8390).items()}
    assert entries["AIRFLOW_CONN_DEMO_REGISTRATION"]["port"] == 8390
    for office in ("TAX", "TRADE"):
        assert Path(entries[f"AIRFLOW_CONN_DEMO_{office}"]["host"]).is_file()
    for silo in ("EMPLOYMENT", "LEASE", "BUILDING", "UTILITY", "ACCESS"):
        assert list(Path(entries[f"AIRFLOW_CONN_DEMO_{silo}"]["extra"]["path"]).iterdir())
