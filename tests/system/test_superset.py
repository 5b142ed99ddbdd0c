"""Superset itself over the demo park: `make superset` from nothing, every chart of every dashboard drawn in a real browser."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.browser import BROWSER, DESK, Browser
from tests.postgres_server import READER_PASSWORD, Postgres
from tests.system.conftest import Park
from tests.system.superset_bundle import read
from warehouse.settings import CHECKOUT

pytestmark = [pytest.mark.slow, pytest.mark.airflow, pytest.mark.nights]
DASHBOARDS = read("dashboards")


@dataclass
class Superset:
    """A running Superset, with its administrator logged in."""

    url: str
    home: Path
    cookies: CookieJar
    opener: urllib.request.OpenerDirector

    def ask(self, path: str, body: bytes | None = None, **headers: str) -> str:
        request = urllib.request.Request(self.url + path, body, {"Referer": f"{self.url}/login/"} | headers)
        with self.opener.open(request, timeout=120) as answer:
            return str(answer.read().decode())

    def log_in(self) -> None:
        given = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.ask("/login/"))
        assert given, "the page asks for a login"
        password = (self.home / "password").read_text(encoding="utf-8")
        form = {"username": "admin", "password": password, "csrf_token": given[1]}
        self.ask("/login/", urlencode(form).encode())

    def sql(self, sql: str) -> dict[str, Any]:
        """What SQL Lab answers."""
        token = json.loads(self.ask("/api/v1/security/csrf_token/"))["result"]
        [database] = json.loads(self.ask("/api/v1/database/"))["result"]
        body = json.dumps({"database_id": database["id"], "sql": sql, "runAsync": False}).encode()
        given = {"Content-Type": "application/json", "X-CSRFToken": token}
        try:
            return dict(json.loads(self.ask("/api/v1/sqllab/execute/", body, **given)))
        except urllib.error.HTTPError as refused:
            return dict(json.loads(refused.read()))


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module", params=["file", "postgres"])
def superset(
    request: pytest.FixtureRequest, first_run: tuple[Park, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Superset]:
    park, port = first_run[0], free_port()
    words, environment = ["--port", str(port)], {"PARKBRIDGE_HOME": str(park.home)}
    if request.param == "postgres":
        postgres: Postgres = request.getfixturevalue("postgres")
        postgres.admin.execute("create database superset encoding 'UTF8' template template0")
        given = {"conn_type": "postgres", "host": postgres.admin.info.host, "schema": "superset"}
        loader = json.dumps(given | {"login": "postgres"})
        park.run("serve-to", "bi", environment={"AIRFLOW_CONN_BI": loader})
        environment["AIRFLOW_CONN_BI"] = json.dumps(given | {"login": "reader", "password": READER_PASSWORD})
        words += ["--connection", "bi"]
    log = tmp_path_factory.mktemp("superset") / "up.log"
    with log.open("w") as file:
        started = subprocess.Popen(
            [sys.executable, str(CHECKOUT / "deploy" / "superset" / "up.py"), *words],
            env=os.environ | environment,
            stdout=file,
            stderr=file,
        )
    try:
        until = time.monotonic() + 600
        while "Password  in" not in (said := log.read_text()):
            if started.poll() is not None and "index" in said and "superset" not in said:
                pytest.skip(f"no package index can be reached: {said}")
            assert started.poll() is None, said
            assert time.monotonic() < until, said
            time.sleep(0.5)
        cookies = CookieJar()
        opened = Superset(
            f"http://127.0.0.1:{port}",
            park.home / "superset",
            cookies,
            urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies)),
        )
        opened.log_in()
        yield opened
    finally:
        started.terminate()
        started.wait(30)


@pytest.fixture(scope="module")
def tab(superset: Superset, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if BROWSER is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    opened = Browser(tmp_path_factory.mktemp("tab"), reaches="127.0.0.1")
    for cookie in superset.cookies:
        opened.do("Network.setCookie", name=cookie.name, value=cookie.value, url=superset.url)
    opened.resize(DESK)
    yield opened
    opened.close()


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_chart_is_drawn(superset: Superset, tab: Browser, name: str, tmp_path: Path) -> None:
    charts = sum(
        part.get("type") == "CHART" for part in DASHBOARDS[name]["position"].values() if isinstance(part, dict)
    )
    seen = tab.open(f"{superset.url}/superset/dashboard/{DASHBOARDS[name]['slug']}/?standalone=2")
    tab.wait_for(f"document.querySelectorAll('.dashboard-chart').length == {charts}")
    # a chart asks for its figures when it comes into sight
    for step in range(6):
        tab.evaluate(f"window.scrollTo(0, {step} * innerHeight * 0.8)")
        tab.wait_for("document.querySelectorAll('.loading, [data-test=\"loading-indicator\"]').length == 0")
    tab.picture(tmp_path / f"{name}.png")
    assert sum("/chart/data" in url for url in seen.asked) >= charts
    assert [url for url in seen.asked if not url.startswith((superset.url, "data:", "blob:"))] == []
    assert seen.failed == []
    assert seen.errors == []
    assert tab.evaluate("[...document.querySelectorAll('[role=alert]')].map(one => one.innerText).join()") == ""


def test_its_connection_reads_the_park(superset: Superset) -> None:
    answer = superset.sql('select count(*) as n from "园区"."企业现状"')
    assert answer["data"][0]["n"] > 100


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_text('/etc/passwd')",
        "select pg_read_file('/etc/passwd')",
        "attach '/tmp/x.duckdb' as other",
        'create table "园区".x as select 1 as n',
        'delete from "园区"."企业现状"',
    ],
)
def test_its_connection_reads_no_file_and_writes_nothing(superset: Superset, sql: str) -> None:
    answer = superset.sql(sql)
    assert "errors" in answer or "error" in answer, answer


def test_what_it_keeps_is_private_and_no_secret_is_in_its_logs(superset: Superset) -> None:
    assert superset.home.stat().st_mode & 0o077 == 0
    secrets = [(superset.home / name).read_text(encoding="utf-8") for name in ("password", "secret")] + [
        READER_PASSWORD
    ]
    for log in superset.home.glob("*.log"):
        text = log.read_text(encoding="utf-8", errors="replace")
        assert not any(secret in text for secret in secrets), log
