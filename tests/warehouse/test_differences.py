"""Two files held against each other, row for row."""

from __future__ import annotations

from pathlib import Path

import duckdb

from warehouse.differences import differences


def file(path: Path, *statements: str) -> Path:
    with duckdb.connect(path) as connection:
        for statement in ("create schema s", *statements):
            connection.execute(statement)
    return path


def test_rows_on_one_side_alone_are_counted_with_their_number(tmp_path: Path) -> None:
    old = file(
        tmp_path / "old.duckdb",
        "create table s.same as from (values (1, 'a'), (1, 'a'), (2, null)) as t (n, x)",
        "create table s.more as from (values (1), (1), (3)) as t (n)",
        "create table s.fewer as from (values (1)) as t (n)",
        "create table s.other as from (values (1), (2)) as t (n)",
        "create table s.gone as from (values (1)) as t (n)",
    )
    new = file(
        tmp_path / "new.duckdb",
        "create table s.same as from (values (2, null), (1, 'a'), (1, 'a')) as t (n, x)",
        "create table s.more as from (values (1)) as t (n)",
        "create table s.fewer as from (values (1), (2)) as t (n)",
        "create table s.other as from (values ('1'), ('2'), ('3')) as t (n)",
    )
    found = differences(old, new, ["s.same", "s.more", "s.fewer", "s.other", "s.gone"])
    assert found == {"s.more": (2, 0), "s.fewer": (0, 1), "s.other": (2, 3), "s.gone": (1, 0)}
