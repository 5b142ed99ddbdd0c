"""`make check` lints a file of SQL again once it, its place or the rules have changed, and never before."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from warehouse.settings import CHECKOUT

SPEC = importlib.util.spec_from_file_location("sql_check", CHECKOUT / ".ci" / "sql.py")
assert SPEC
assert SPEC.loader
sql_check = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(sql_check)


def test_what_passed_is_checked_again_once_it_or_the_rules_change(tmp_path: Path) -> None:
    (tmp_path / "setup.cfg").write_text("[sqlfluff]\ndialect = duckdb\n")
    model = tmp_path / "transforms" / "a.sql"
    model.parent.mkdir()
    model.write_text("select 1\n")
    first = sql_check.unchecked(tmp_path)
    assert list(first.values()) == [model]
    (tmp_path / sql_check.PASSED).write_text("".join(f"{key}\n" for key in first))
    assert sql_check.unchecked(tmp_path) == {}
    model.write_text("select 2\n")
    assert list(sql_check.unchecked(tmp_path).values()) == [model]
    model.write_text("select 1\n")
    assert sql_check.unchecked(tmp_path) == {}
    (tmp_path / "setup.cfg").write_text("[sqlfluff]\ndialect = ansi\n")
    assert list(sql_check.unchecked(tmp_path).values()) == [model]
