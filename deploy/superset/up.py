"""Set up Apache Superset beside a park and open its dashboards: `make superset`.

Superset gets an environment of its own, because it wants an older SQLAlchemy than Airflow does, and keeps all it has in
<home>/superset, which no other account can read. Running it again brings the bundle's dashboards up to date; what people made besides
stays. With CONNECTION, the name of an Airflow connection, the dashboards are over the PostgreSQL edition of `parkbridge serve-to`
and see what that connection's role may see; without, they are over the published file, which they can only read.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from warehouse.errors import ParkBridgeError
from warehouse.settings import Settings

HERE = Path(__file__).resolve().parent
USER = "admin"
START_SECONDS = 180


def private(path: Path, content: str) -> str:
    """The content of a file that its owner alone can read; it is written where there is none yet."""
    with contextlib.suppress(FileExistsError):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)
    return path.read_text(encoding="utf-8")


def install(home: Path) -> Path:
    """Superset's environment with what requirements.txt asks for; gives its folder of commands."""
    wanted, done = (HERE / "requirements.txt").read_text(encoding="utf-8"), home / "installed.txt"
    commands = home / "env" / "bin"
    if not done.exists() or done.read_text(encoding="utf-8") != wanted:
        uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
        if uv is None:
            raise ParkBridgeError("superset", "there is no uv to install it with", next_step="run make install")
        say("Installing Superset into an environment of its own …")
        subprocess.run([uv, "venv", "-q", "--clear", "--python", sys.executable, home / "env"], check=True)
        subprocess.run(
            [uv, "pip", "install", "-q", "--python", commands / "python", "-r", HERE / "requirements.txt"], check=True
        )
        done.write_text(wanted, encoding="utf-8")
    return commands


def database(settings: Settings, connection: str) -> str:
    """The SQLAlchemy URI of what the dashboards are over: the published file, or a PostgreSQL edition."""
    if not connection:
        if not settings.published_file.exists():
            raise ParkBridgeError(
                "published data",
                "nothing is published yet",
                next_step="run make run for the demo park, or parkbridge sync",
            )
        return f"duckdb:///{settings.published_file.absolute()}"
    from dags.local import prepare_airflow

    prepare_airflow(settings)
    from connectors.credentials import Credentials
    from connectors.sources.database.reaching import sqlalchemy_url

    url = sqlalchemy_url(Credentials.from_airflow(connection), f"connection {connection!r}")
    if url.get_backend_name() != "postgresql":
        raise ParkBridgeError(
            f"connection {connection!r}",
            f"it is of {url.get_backend_name()}",
            next_step="name the connection that parkbridge serve-to was given, or one of a role that reads there",
        )
    return url.set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)


def environment(home: Path) -> dict[str, str]:
    """What every part of Superset is started with."""
    return os.environ | {
        "SUPERSET_HOME": str(home),
        "SUPERSET_CONFIG_PATH": str(HERE / "superset_config.py"),
        # no page of it asks another host
        "SCARF_ANALYTICS": "false",
    }


def fill(commands: Path, home: Path, uri: str) -> None:
    """Run load.py in Superset's environment; what it prints is kept in a file."""
    say("Filling it: tables, roles, dashboards …")
    log = home / "load.log"
    password = private(home / "password", secrets.token_urlsafe(12))
    with log.open("w", encoding="utf-8") as file:
        done = subprocess.run(
            [commands / "python", HERE / "load.py"],
            env=environment(home)
            | {"SUPERSET_USER": USER, "SUPERSET_PASSWORD": password, "SUPERSET_DATABASE_URI": uri},
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        raise ParkBridgeError("superset", "its dashboards could not be imported", next_step=f"read the end of {log}")


def serve(commands: Path, home: Path, port: int) -> subprocess.Popen[bytes]:
    """Start the server, for this machine alone, and wait until it answers."""
    with (home / "superset.log").open("wb") as log:
        server = subprocess.Popen(
            [commands / "superset", "run", "--host", "127.0.0.1", "--port", str(port), "--with-threads"],
            env=environment(home),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
            return server
        time.sleep(0.5)
    server.kill()
    raise ParkBridgeError(
        "superset",
        f"it did not start on port {port}",
        next_step=f"read the end of {home / 'superset.log'}, or name another port: make superset PORT=8090",
    )


def say(text: str) -> None:
    """One line for the terminal, at once."""
    print(text, flush=True)  # noqa: T201 - a command line prints


def main() -> int:
    """Install, fill and serve, until it is stopped."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--connection", default="", help="an Airflow connection to a PostgreSQL edition")
    words.add_argument("--port", type=int, default=8088)
    words.add_argument("--no-serve", action="store_true", help="only set it up")
    given = words.parse_args()
    settings = Settings.from_environment()
    home = settings.home / "superset"

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        uri = database(settings, given.connection)
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        home.chmod(0o700)
        private(home / "secret", secrets.token_urlsafe(48))
        commands = install(home)
        fill(commands, home, uri)
        if given.no_serve:
            return 0
        server = serve(commands, home, given.port)
    except ParkBridgeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    say("Ctrl-C stops it.")
    say(f"URL       http://127.0.0.1:{given.port}/superset/dashboard/park-overview/")
    say(f"User      {USER}")
    say(f"Password  in {home / 'password'}")
    try:
        return server.wait()
    except KeyboardInterrupt:
        server.terminate()
        server.wait()
        return 130


if __name__ == "__main__":
    sys.exit(main())
