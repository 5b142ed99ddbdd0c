"""Schemas 园区 and 核对 of the demo park's published file, as an operator finds them: no English, and namesakes distinguished."""

from __future__ import annotations

import re

import duckdb
import pytest

from tests.system.conftest import Park

pytestmark = [pytest.mark.airflow, pytest.mark.nights]

ENGLISH_CODE = re.compile(r"[a-z][a-z_0-9]*")


def columns(park: Park, schema: str) -> list[tuple[str, str, str]]:
    found = park.ask(
        "select table_name, column_name, data_type from duckdb_columns() "
        f"where schema_name = '{schema}' and database_name = current_database()"
    )
    return [(str(view), str(column), str(kind)) for view, column, kind in found]


@pytest.mark.parametrize("schema", ["园区", "核对"])
def test_every_view_and_column_says_in_chinese_what_it_means(park: Park, schema: str) -> None:
    silent = park.ask(
        f"select view_name from duckdb_views() where schema_name = '{schema}' "
        "and not coalesce(regexp_matches(comment, '[\u4e00-\u9fff]'), false) union all "
        f"select table_name || '.' || column_name from duckdb_columns() where schema_name = '{schema}' "
        "and not coalesce(regexp_matches(comment, '[\u4e00-\u9fff]') and comment <> column_name, false)"
    )
    assert silent == []


def test_operators_see_no_english_code(park: Park) -> None:
    texts: dict[str, list[str]] = {}
    for view, column, kind in columns(park, "园区"):
        if kind == "VARCHAR":
            texts.setdefault(view, []).append(column)
    wrong: dict[str, list[str]] = {}
    with duckdb.connect(str(park.published), read_only=True) as connection:
        for view, names in texts.items():  # a view costs more to open than to read: one question for all its columns
            listed = ", ".join(f'"{name}"' for name in names)
            values = connection.execute(
                f"select distinct name, said from (select unnest(?) as name, unnest([{listed}]) as said "
                f'from 园区."{view}") where said is not null',
                [names],
            ).fetchall()
            for name, said in sorted(values):
                if ENGLISH_CODE.fullmatch(said):
                    wrong.setdefault(f"{view}.{name}", []).append(said)
    assert wrong == {}


def test_namesakes_are_told_apart(park: Park) -> None:
    same = park.ask("select 企业名称 from 园区.企业现状 group by 企业名称 having count(*) > 1")
    assert same, "the demo has two firms of one name"
    assert park.ask("select count(*) - count(distinct 企业简称) from 园区.企业现状") == [(0,)]
    assert (
        park.ask(
            "select 企业名称, 名称区分 from 园区.企业现状 where 名称区分 is not null group by all having count(*) > 1"
        )
        == []
    )


def test_every_enterprise_is_in_the_views_of_today(park: Park) -> None:
    for view in ("企业现状", "企业评估", "在园与数据缺口"):
        assert park.ask(f"select count(*) from 园区.{view}") == park.ask("select count(*) from resolved.enterprise")
