"""The store imports nothing of the layers above it; which of its modules name their tables all the same, and why."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from warehouse.settings import CHECKOUT

WAREHOUSE = CHECKOUT / "warehouse"
TABLE = re.compile(r"\b(?:resolved|monthly|signals|industry|snapshots)\.[a-z_]+")
# Nothing else in the store may know a model: a renamed one then has to be followed here alone.
MAY_NAME = {
    "disclosure.py": "adds up the public's totals from figures per enterprise",
    "editions.py": "who may see rows of a building",
    "parts.py": "which enterprises have something new",
    "postgres_access.py": "who may see rows of a building",
    "reconcile.py": "holds a night against the night before",
    "work_shown.py": "notes what readers have seen of the work list",
}


def tables_named(path: Path) -> set[str]:
    """Tables of the layers in a module's strings; what its docstrings mention does not count."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
    ]
    return {name for text in texts for name in TABLE.findall(text)}


def test_only_these_modules_of_the_store_name_tables_of_the_layers() -> None:
    named = {path.name: tables_named(path) for path in sorted(WAREHOUSE.glob("*.py"))}
    assert {name: tables for name, tables in named.items() if tables and name not in MAY_NAME} == {}
    assert [name for name in MAY_NAME if not named[name]] == [], "these name none any more"


def test_a_table_in_a_string_is_seen_and_one_in_prose_is_not(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text('"""Of monthly.tax."""\nSQL = f"select {1} from signals.flow"\n', encoding="utf-8")
    assert tables_named(path) == {"signals.flow"}
