"""docs/licences.md has what requirements.lock has, and every entry of the lock file has its hashes."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version

from deploy.licences import NOT_HERE, PAGE, licence, locked, without_hash
from warehouse.settings import CHECKOUT

LOCK = (CHECKOUT / "requirements.lock").read_text(encoding="utf-8")


def test_the_page_is_in_step_with_the_lock_file() -> None:
    cells = re.findall(r"^\| (\w[\w.-]*) \| ([^|]+) \| ([^|]+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    listed = {name: version for name, version, _ in cells if name != "package"}
    assert listed == locked(LOCK), "run .venv/bin/python deploy/licences.py"
    assert len(listed) > 200
    wrong = {name: text for name, _, text in cells[1:] if licence(name) not in (text, NOT_HERE)}
    assert wrong == {}, "run .venv/bin/python deploy/licences.py"


def test_every_entry_has_hashes_and_what_is_installed_is_what_is_locked() -> None:
    assert without_hash(LOCK) == []
    assert without_hash("a==1 \\\n    --hash=sha256:0\nb==2\n    # via a\nc==3 \\\n    --hash=sha256:0") == ["b==2"]
    other = {}
    for name, versions in locked(LOCK).items():
        try:
            installed = version(name)
        except PackageNotFoundError:
            continue
        if installed not in versions.split(", "):
            other[name] = (installed, versions)
    assert other == {}
