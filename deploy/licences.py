"""Write docs/licences.md: every package of requirements.lock with its licence, from what is installed. No network.

.venv/bin/python deploy/licences.py
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
PAGE = CHECKOUT / "docs" / "licences.md"
ENTRY = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)
NOT_HERE = "not installed on this system"


def locked(text: str) -> dict[str, str]:
    """Package → version, or versions where Python versions need different ones."""
    found: dict[str, set[str]] = {}
    for name, version in ENTRY.findall(text):
        found.setdefault(name.lower().replace("_", "-"), set()).add(version)
    return {name: ", ".join(sorted(versions)) for name, versions in found.items()}


def without_hash(text: str) -> list[str]:
    """Entries of the lock file that no hash protects."""
    entries = re.split(r"\n(?=[A-Za-z0-9])", text)
    return [entry.split()[0] for entry in entries if ENTRY.match(entry) and "--hash=sha256:" not in entry]


def licence(name: str) -> str:
    """The licence that a package's own metadata names, in one line."""
    try:
        found = metadata(name)
    except PackageNotFoundError:
        return NOT_HERE
    classified = [
        line.rpartition(" :: ")[2] for line in found.get_all("Classifier") or [] if line.startswith("License ::")
    ]
    named, stated = (str(found.json.get(key, "")) for key in ("license_expression", "license"))
    text = named.strip() or ", ".join(sorted(set(classified))) or " ".join(stated.split())
    return (text[:80] or "not named in its metadata").replace("|", "/")


def page(licences: Mapping[str, tuple[str, str]]) -> str:
    """The page: package → version and licence."""
    rows = "\n".join(f"| {name} | {version} | {text} |" for name, (version, text) in sorted(licences.items()))
    return (
        "# Licences\n\nEvery package of `requirements.lock`, with the licence that its own metadata names. Written by\n"
        f"`.venv/bin/python deploy/licences.py`; a test keeps it in step with the lock file.\n\n"
        f"| package | version | licence |\n| -- | -- | -- |\n{rows}\n"
    )


if __name__ == "__main__":
    lock = (CHECKOUT / "requirements.lock").read_text(encoding="utf-8")
    PAGE.write_text(page({name: (version, licence(name)) for name, version in locked(lock).items()}), encoding="utf-8")
    sys.exit(f"no hash: {', '.join(bare)}" if (bare := without_hash(lock)) else 0)
