"""setup.cfg names every package that the code imports: what comes only because another brings it may go with that other."""

from __future__ import annotations

import ast
import configparser
import re
import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

from warehouse.settings import CHECKOUT

SHIPPED = ("connectors", "transforms", "warehouse", "dags", "expectations", "report", "demo", "cli")
OURS = {*SHIPPED, "deploy", "examples", "benchmarks", "tests", "parkbridge"}


@cache
def imported(path: Path) -> frozenset[str]:
    """The top-level modules that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return frozenset(found)


@cache
def bringers() -> Mapping[str, list[str]]:
    """The installed packages that bring each module: every file of each is looked at."""
    return packages_distributions()


def undeclared(paths: list[Path], requirements: str) -> set[str]:
    """Modules that no named package brings."""
    declared = {
        re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", line.strip())[0]).lower()
        for line in requirements.splitlines()
        if line.strip()
    }
    modules = {module for path in paths for module in imported(path)} - OURS - sys.stdlib_module_names
    return {
        module
        for module in modules
        if not declared & {re.sub(r"[-_.]+", "-", name).lower() for name in bringers().get(module, [module])}
    }


def test_what_runs_in_a_park_is_in_install_requires() -> None:
    found = configparser.ConfigParser()
    found.read(CHECKOUT / "setup.cfg", encoding="utf-8")
    needed, extras = found["options"]["install_requires"], found["options.extras_require"]
    optional, more = extras["lineage"], extras["lineage"] + extras["dev"]
    shipped = [path for room in SHIPPED for path in (CHECKOUT / room).rglob("*.py")] + [CHECKOUT / "parkbridge.py"]
    others = [path for room in ("examples", "benchmarks", "tests") for path in (CHECKOUT / room).rglob("*.py")]

    assert len(shipped) > 50
    assert undeclared(shipped, needed) == {"openlineage"}
    assert undeclared(shipped, needed + optional) == set()
    assert undeclared(others, needed + more) == set()
    assert undeclared(shipped, needed.replace("croniter", "")) == {"croniter", "openlineage"}
