"""sqlfluff over the SQL that has not passed before; part of `make check`.

A file is known again by its path, its content, setup.cfg and sqlfluff's version; a change of any of them checks it anew. sqlfluff reads
each file by itself, so that what passed once passes again. `make clean` forgets it all.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
FOLDERS = ("transforms", "expectations", "connectors", "report", "examples")
PASSED = Path(".sqlfluff_cache")
# sqlfluff keeps millions of small objects per file. Python's collector walks through them again and again, a third of all its time;
# with a full walk less often it takes about 1 GB in its place
SQLFLUFF = "import gc; gc.set_threshold(200_000, 20, 50); from sqlfluff.cli.commands import cli; cli()"


def unchecked(checkout: Path) -> dict[str, Path]:
    """The files that have not passed as they are, by what they are known by."""
    rules = version("sqlfluff").encode() + (checkout / "setup.cfg").read_bytes()
    passed = checkout / PASSED
    known = set(passed.read_text(encoding="utf-8").split()) if passed.exists() else set()
    found = {
        hashlib.sha256(rules + str(path.relative_to(checkout)).encode() + path.read_bytes()).hexdigest(): path
        for folder in FOLDERS
        for path in sorted((checkout / folder).rglob("*.sql"))
    }
    return {key: path for key, path in found.items() if key not in known}


def main() -> int:
    """Check what is unchecked, and note what passed."""
    waiting = unchecked(CHECKOUT)
    if not waiting:
        return 0
    sqlfluff = [sys.executable, "-c", SQLFLUFF, "lint", "-q"]
    status = subprocess.run([*sqlfluff, *map(str, waiting.values())], cwd=CHECKOUT, check=False).returncode
    if not status:
        with (CHECKOUT / PASSED).open("a", encoding="utf-8") as file:
            file.writelines(f"{key}\n" for key in waiting)
    return status


if __name__ == "__main__":
    sys.exit(main())
