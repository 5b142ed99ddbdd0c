"""A real MariaDB server, one for a session; tests/conftest.py makes it known to every test."""

from __future__ import annotations

import getpass
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connectors.credentials import Credentials

_SECONDS_TO_START = 120


@dataclass
class MariaDB:
    """A MariaDB of our own: a connection that may do anything, and what a feed is given."""

    admin: Any
    credentials: Credentials

    def execute(self, *statements: str) -> None:
        """Run statements."""
        with self.admin.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    pymysql = pytest.importorskip("pymysql")
    program = shutil.which("mariadbd", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if program is None:
        pytest.skip("mariadbd is not installed: apt-get install mariadb-server-core")
    # a socket's path has 107 characters at most, which pytest's own folders may be longer than
    with tempfile.TemporaryDirectory(prefix="parkbridge-db-") as folder:
        data, socket, log = (Path(folder) / name for name in ("data", "socket", "log"))
        data.mkdir()
        # Without the tables of accounts, and with small files: it starts in a second, of an empty folder.
        options = [
            "--no-defaults",
            f"--datadir={data}",
            f"--socket={socket}",
            f"--pid-file={folder}/pid",
            f"--user={getpass.getuser()}",
            "--skip-networking",
            "--skip-grant-tables",
            "--innodb-buffer-pool-size=16M",
            "--innodb-log-file-size=4M",
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-use-native-aio=0",
        ]
        with log.open("wb") as output:
            server = subprocess.Popen([program, *options], stdout=output, stderr=output)
        try:
            admin = None
            end = time.monotonic() + _SECONDS_TO_START
            while admin is None:
                try:
                    admin = pymysql.connect(unix_socket=str(socket), user="root", charset="utf8mb4", autocommit=True)
                except pymysql.OperationalError:
                    if server.poll() is not None or time.monotonic() > end:
                        raise AssertionError(f"mariadbd does not start: {log.read_text()[-2000:]}") from None
                    time.sleep(0.1)
            url = f"mysql+pymysql://root@localhost/park?unix_socket={socket}&charset=utf8mb4"
            found = MariaDB(admin, Credentials("mysql", extra={"sqlalchemy_url": url}))
            found.execute("create database park character set utf8mb4", "use park")
            yield found
            admin.close()
        finally:
            server.kill()
            server.wait()
