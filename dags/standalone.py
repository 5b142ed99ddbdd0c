"""Start Airflow standalone over this park: its scheduler runs the same DAGs, at their hours.

Over a demo park its offices are served and its connections exist as long as Airflow runs. What Airflow's parts print goes to
a file, so that the last lines on the terminal are where the page is and where its password lies.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dags.environment import environment
from dags.local import prepare_airflow
from warehouse.settings import FEEDS, Settings
from warehouse.terminal import coloured

USER = "admin"


@contextlib.contextmanager
def offices_of_demo(settings: Settings) -> Iterator[bool]:
    """Serve the demo park's offices and name their connections, where this home is a demo park's."""
    offices = settings.home.parent / "demo"
    if not (offices / "city.json").exists() or FEEDS not in settings.feed_folders:
        yield False
        return
    import demo

    os.environ.setdefault("PARKBRIDGE_PSEUDONYM_KEY", "demo park, not a secret")
    with demo.serving(offices) as port:
        for name, value in demo.connections(offices, port).items():
            os.environ.setdefault(name, value)
        yield True


def password_file(home: Path) -> Path:
    """The file with the page's password, readable by its owner alone; it is made where there is none."""
    path = home / "simple_auth_manager_passwords.json.generated"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.suppress(FileExistsError):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({USER: secrets.token_urlsafe(12)}, file)
    path.chmod(0o600)  # an Airflow that was started by other means leaves it open to all
    return path


def _command(log: Path, farewell: list[str]) -> Any:
    """Airflow's own standalone, with log servers left out, and its output in a file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from airflow.cli.commands import standalone_command

    class Part(standalone_command.SubCommand):
        def __init__(self, parent: Any, name: str, command: list[str], env: dict[str, str]) -> None:
            # one machine reads its logs as files; the log servers would listen on every address (8793, 8794)
            alone = ["--skip-serve-logs"] if name in ("scheduler", "triggerer") else []
            super().__init__(parent, name, [*command, *alone], env)

    theirs: Any = standalone_command.StandaloneCommand  # carries no types

    class Standalone(theirs):  # type: ignore[misc]
        said_ready = False

        def print_output(self, name: str, output: str) -> None:
            with log.open("a", encoding="utf-8") as file:
                file.writelines(f"{name:<14} | {line.rstrip()}\n" for line in output.splitlines())

        def is_ready(self) -> bool:
            port = int(os.environ["AIRFLOW__API__PORT"])
            return bool(super().is_ready() and self.port_open(port))

        def print_ready(self) -> None:
            self.said_ready = True
            print("\n".join(farewell), flush=True)  # noqa: T201 - a command line prints

        def update_output(self) -> None:
            super().update_output()
            for name, part in self.subcommands.items():
                if part.process is not None and (code := part.process.poll()) is not None:
                    part.join()
                    super().update_output()
                    mark = coloured("Airflow stops:", "red", sys.stderr)
                    text = f"{mark} its {name} ended with {code}. Next: read the end of {log}\n"
                    sys.stderr.write(text)
                    raise SystemExit(1)

    standalone_command.SubCommand = Part  # type: ignore[misc]
    return Standalone()


def main() -> int:
    """Make Airflow's database and the writer's pool, serve a demo park's offices, then run Airflow until it is stopped."""
    settings = Settings.from_environment()
    os.environ.update(environment(settings))
    # standalone starts its parts by the name `airflow`
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    home = Path(os.environ["AIRFLOW_HOME"])
    passwords = password_file(home)
    log = home / "standalone.log"
    log.touch(mode=0o600)
    print(f"Airflow starts over {settings.home}; what its parts say is in {log}", flush=True)  # noqa: T201
    prepare_airflow(settings, is_quiet=False)
    from airflow.configuration import write_default_airflow_configuration_if_needed

    # once, before the parts start: where there is none each would write its own, and refuse the others' tokens
    write_default_airflow_configuration_if_needed()

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    with offices_of_demo(settings) as is_demo:
        farewell = [
            "The demo park's offices are served while this runs. Ctrl-C stops both." if is_demo else "Ctrl-C stops it.",
            f"URL       {os.environ['AIRFLOW__API__BASE_URL']}",
            f"User      {USER}",
            f"Password  in {passwords}",
        ]
        command = _command(log, farewell)
        try:
            command.run()
        except KeyboardInterrupt:
            return 130
        except SystemExit as stopped:
            for part in command.subcommands.values():
                part.stop()
            for part in command.subcommands.values():
                part.join()
            return int(stopped.code or 0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
