"""`python -m demo build FOLDER` writes the demo city; `python -m demo serve FOLDER --port N` is its register's API."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

from demo import CityError, build, registry_api, token


def main(arguments: list[str] | None = None) -> int:
    """Run one command; gives the exit code (0 done, 2 a wrong argument)."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("build", help="write the silos and, apart, the truth")
    make.add_argument("folder", type=Path)
    make.add_argument("--enterprises", type=int, default=300)
    make.add_argument("--months", type=int, default=36)
    make.add_argument("--seed", type=int, default=1)
    make.add_argument("--until", type=date.fromisoformat, help="nothing from this day on is there yet (default today)")
    make.add_argument(
        "--start", type=date.fromisoformat, help="a day of the first month (default: months before until)"
    )
    serve = commands.add_parser("serve", help="answer as the registration office's API on loopback")
    serve.add_argument("folder", type=Path)
    serve.add_argument("--port", type=int, default=8390)
    given = parser.parse_args(arguments)
    if given.command == "build":
        try:
            facts = build(
                given.folder,
                enterprises=given.enterprises,
                months=given.months,
                seed=given.seed,
                until=given.until,
                start=given.start,
            )
        except CityError as error:
            sys.stderr.write(f"demo: {error}\n")
            return 2
        sys.stdout.write(", ".join(f"{key} {value}" for key, value in facts.items()) + "\n")
        return 0
    server = registry_api.open_server(given.folder / "silos" / "registration", given.port, token(given.folder))
    sys.stdout.write(f"registration API of {given.folder} on http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
