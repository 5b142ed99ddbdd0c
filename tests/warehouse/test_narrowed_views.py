"""What is left of an operators' view in an edition that lacks columns or tables."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from warehouse.editions import narrowed
from warehouse.views import View

HELD = {"s.a": {"id": "id", "name": "name", "area": "area_band"}, "s.b": {"id": "id", "sum": "sum"}}
SECRET = "select a.secret as 合计 from s.a as a"
JOINED = "s.a AS a JOIN s.b AS b ON a.id = b.id"
LEFT = "WITH f AS (SELECT b.sum AS 合计 FROM s.b AS b) SELECT f.合计 FROM f AS f"

VALUES_LEFT = "SELECT f.合计 FROM s.a AS a, (VALUES (a.id), (2)) AS f(合计)"


def left(sql: str, held: Mapping[str, Mapping[str, str]] = HELD) -> tuple[str, dict[str, str]] | None:
    names = ("编号", "名称", "面积", "合计", "秘密")
    view = View("v", sql, "c", {name: f"{name}的含义" for name in names}, frozenset())
    found = narrowed(view, held)
    return (found.sql, dict(found.columns)) if found else None


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        # nothing is lacking
        ("select a.id as 编号, a.name as 名称 from s.a as a", "SELECT a.id AS 编号, a.name AS 名称 FROM s.a AS a"),
        # a column that is lacking goes
        ("select a.id as 编号, a.secret as 秘密 from s.a as a", "SELECT a.id AS 编号 FROM s.a AS a"),
        ("select a.id as 编号, upper(a.secret) as 秘密 from s.a as a", "SELECT a.id AS 编号 FROM s.a AS a"),
        # a band takes the name of one, where it is simply shown
        ("select a.id as 编号, a.area as 面积 from s.a as a", 'SELECT a.id AS 编号, a.area_band AS "面积档" FROM s.a AS a'),
        ("select a.id as 编号, a.area * 2 as 面积 from s.a as a", "SELECT a.id AS 编号 FROM s.a AS a"),
        # without its table a column cannot be said to be held
        ("select id as 编号, a.name as 名称 from s.a as a", "SELECT a.name AS 名称 FROM s.a AS a"),
        # what decides about rows must be there, as it is
        ("select a.id as 编号 from s.a as a where a.secret = 1", None),
        ("select a.id as 编号 from s.a as a where a.area > 1", None),
        ("select a.id as 编号 from s.a as a order by a.secret", None),
        ("select b.id as 编号 from s.a as a join s.b as b on a.id = b.id", f"SELECT b.id AS 编号 FROM {JOINED}"),
        ("select a.id as 编号 from s.a as a join s.b as b on a.secret = b.id", None),
        # nor is anything left of a table that is not there, or of no column
        ("select c.id as 编号 from s.c as c", None),
        ("select a.id as 编号 from s.a as a where exists (select 1 from s.c as c)", None),
        ("select a.secret as 秘密 from s.a as a", None),
        # of a list of figures the rest stays
        (f"with f as (select b.sum as 合计 from s.b as b union all {SECRET}) select f.合计 from f as f", LEFT),
        (f"with f as ({SECRET} union all select b.sum as 合计 from s.b as b) select f.合计 from f as f", LEFT),
        ("select f.合计 from s.a as a, (values (a.id), (a.secret), (a.area), (2)) as f (合计)", VALUES_LEFT),
        ("select f.合计 from s.a as a, (values (a.secret), (a.area)) as f (合计)", None),
    ],
)  # fmt: skip
def test_a_view_shows_what_its_edition_has(sql: str, expected: str | None) -> None:
    found = left(sql)
    assert (found[0] if found else None) == expected


def test_the_columns_that_are_left_keep_their_meaning() -> None:
    found = left("select a.id as 编号, a.area as 面积, a.secret as 秘密 from s.a as a")
    assert found is not None
    assert found[1] == {"编号": "编号的含义", "面积档": "面积的含义，分档显示"}
