"""Schemas 园区 and 核对 as they are published: every view and column says in Chinese what it means.

Comments do not depend on rows, so an empty park's file shows them all; tests/system looks at the demo park's values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest

from tests.conftest import LAYERS, empty_warehouse, in_memory
from warehouse.errors import DeclarationError
from warehouse.labels import labels
from warehouse.models import read_layers
from warehouse.published_file import write
from warehouse.settings import CHECKOUT
from warehouse.views import ENGINEERS_SCHEMA, OPERATORS_SCHEMA, View, read_views

CHINESE = re.compile(r"[\u4e00-\u9fff]")
MODELS = read_layers(LAYERS)
VIEWS = read_views(LAYERS / "views", MODELS, ZoneInfo("Asia/Shanghai"))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    part = tmp_path_factory.mktemp("views") / "park.duckdb"
    with empty_warehouse("2026-04-10") as connection:
        write(connection, part, MODELS, VIEWS)
    with duckdb.connect(part, read_only=True) as connection:
        yield connection


def test_every_column_of_the_warehouse_has_a_meaning_in_chinese() -> None:
    silent = {f"columns.yml {name}" for name, label in labels().items() if not CHINESE.search(label.note_zh)}
    assert sorted(silent) == [], "add note_zh: its meaning in Chinese, with the unit"


def test_no_published_column_is_a_hugeint(published: duckdb.DuckDBPyConnection) -> None:
    kinds = {
        kind.split("(")[0]
        for (kind,) in published.execute("select data_type from information_schema.columns").fetchall()
    }
    assert kinds == {"VARCHAR", "BIGINT", "INTEGER", "DOUBLE", "DECIMAL", "DATE", "TIMESTAMP", "BOOLEAN"}


@pytest.mark.parametrize("field", ["one row is", "answers", "rules", "known gaps"])
def test_every_header_has_its_chinese_half(field: str) -> None:
    silent = {f"{model.table} {field}" for model in MODELS if not CHINESE.search(model.chinese.get(field, ""))}
    assert sorted(silent) == [], "add ` | 中文` to the field, or lines from `| ` on"


def test_every_column_note_of_a_header_has_its_meaning_in_chinese() -> None:
    silent = {
        f"{model.table} column {name}"
        for model in MODELS
        for name, label in model.columns.items()
        if not CHINESE.search(label.note_zh)
    }
    assert sorted(silent) == [], "write `column x: meaning | 中文名 中文说明`"


def test_every_code_has_chinese_words() -> None:
    wrong = [
        f"{name}: {code.value}"
        for name, label in labels().items()
        for code in label.codes
        if not CHINESE.search(code.zh) and code.zh
    ]
    assert wrong == []


@pytest.mark.parametrize("schema", [OPERATORS_SCHEMA, ENGINEERS_SCHEMA])
def test_the_file_explains_every_view_and_column(published: duckdb.DuckDBPyConnection, schema: str) -> None:
    views = published.execute(
        "select view_name, comment from duckdb_views() where schema_name = ?", [schema]
    ).fetchall()
    assert len(views) == {OPERATORS_SCHEMA: len(VIEWS) + 1, ENGINEERS_SCHEMA: len(MODELS)}[schema]
    assert [name for name, text in views if not text or not CHINESE.search(text)] == []
    columns = published.execute(
        "select table_name, column_name, comment from duckdb_columns() where schema_name = ?", [schema]
    ).fetchall()
    assert len(columns) > len(views)
    silent = {
        f"{schema}.{view}.{column}"
        for view, column, text in columns
        if not text or not CHINESE.search(text) or text.strip() == column
    }
    assert sorted(silent) == []


def test_no_column_of_either_schema_is_named_in_english(published: duckdb.DuckDBPyConnection) -> None:
    names = published.execute(
        "select schema_name || '.' || table_name || '.' || column_name from duckdb_columns() "
        "where schema_name in (?, ?) and not regexp_matches(column_name, '[\u4e00-\u9fff]')",
        [OPERATORS_SCHEMA, ENGINEERS_SCHEMA],
    ).fetchall()
    assert names == []


def test_the_contents_list_every_view_in_order(published: duckdb.DuckDBPyConnection) -> None:
    listed = published.execute("select 视图 from 园区.目录 order by 序号").fetchall()
    assert [name for (name,) in listed] == [view.name for view in VIEWS]


def test_a_view_of_enterprises_names_them_in_full(published: duckdb.DuckDBPyConnection) -> None:
    """With the short name, what distinguishes namesakes, industry and building, wherever a row is about one enterprise."""
    for view in VIEWS:
        if "企业编号" in view.columns:
            wanted = {"企业名称", "企业简称", "名称区分", "行业名称", "楼栋名称"}
            assert wanted <= set(view.columns), f"{view.name} lacks {wanted - set(view.columns)}"


def test_months_are_dates_and_moments_are_called_time(published: duckdb.DuckDBPyConnection) -> None:
    columns = published.execute(
        "select table_name, column_name, data_type from duckdb_columns() where schema_name = '园区'"
    ).fetchall()
    for view, column, kind in columns:
        assert kind != "BOOLEAN", f"{view}.{column}: show yes_no()"
        assert (kind == "TIMESTAMP") == column.endswith("时间"), f"{view}.{column} is {kind}"
        assert column.endswith(("月份", "日期", "到期日", "日")) or kind != "DATE", f"{view}.{column} is a date"
        assert not column.endswith("月份") or kind == "DATE", f"{view}.{column} is {kind}"


def test_views_are_named_apart_from_each_other() -> None:
    names = [view.name for view in VIEWS]
    assert len(names) == len(set(names))
    assert all(CHINESE.match(name) for name in names)


HEADER = """\
-- title: Test | 试验
-- one row is: one enterprise | 一家企业
-- answers: none | 无
-- key: 企业编号
-- rules: none | 无
-- known gaps: none | 无
"""


def view(tmp_path: Path, sql: str, header: str = HEADER) -> View:
    (tmp_path / "010_test.sql").write_text(header + sql, encoding="utf-8")
    [read] = read_views(tmp_path, MODELS, ZoneInfo("Asia/Shanghai"))
    return read


def test_words_of_a_view_are_written_out(tmp_path: Path) -> None:
    sql = """
    select code_name(t.status_code) as 状态, code_names(t.gap_codes) as 缺口, yes_no(t.is_leasing) as 是否在租,
           park_time(t.as_of) as 时间, code_name(upper(t.status_code), 'resolved.enterprise.status_code') as 大写
    from rows.one as t
    """
    (tmp_path / "010_test.sql").write_text(HEADER + sql, encoding="utf-8")
    [read] = read_views(tmp_path, MODELS, ZoneInfo("Asia/Shanghai"))
    with in_memory() as connection:
        connection.execute("create schema rows")
        connection.execute(
            "create table rows.one as select * from (values ('revoked', 'registered_only; closed_but_active', true, "
            "timestamp '2026-04-09 16:30:00'), ('lost', null, false, null), (null, '', null, null)) "
            "as t (status_code, gap_codes, is_leasing, as_of)"
        )
        found = connection.execute(f"{read.sql} order by 1 nulls last").fetchall()
    assert found == [
        ("lost", None, "否", None, "LOST"),
        ("吊销", "仅有工商登记，无其他记录、已注销或吊销但仍在园", "是", datetime(2026, 4, 10, 0, 30), "REVOKED"),
        (None, "", None, None, None),
    ], "an unknown code is shown as it is, so that it is seen"


def test_a_view_s_column_has_the_meaning_of_its_table_s(tmp_path: Path) -> None:
    noted = HEADER + "-- column 代码: 18位统一社会信用代码\n"
    read = view(
        tmp_path,
        "select c.change_code as 变动, code_name(c.change_code) as 变动类型, c.enterprise_id || 'x' as 代码, "
        "some_macro(c.change_code) as 别的, cast(c.change_code as varchar) as 原码 "
        "from snapshots.change as c",
        noted,
    )
    assert read.columns["变动"].endswith("更新（有了新月份的数值，或登记状态、缺口变了）")
    assert "取值：new 新增；gone 消失" in read.columns["变动"]
    assert "取值：新增；消失" in read.columns["变动类型"], "the table's own list, in words"
    assert read.columns["代码"] == "18位统一社会信用代码"
    assert read.columns["别的"] == "别的", "what a macro makes of a column is another thing"
    assert read.columns["原码"] == read.columns["变动"]


@pytest.mark.parametrize(
    ("sql", "header", "message"),
    [
        (
            "select code_name(t.score) as 分 from signals.alert as t",
            HEADER,
            "CODE_NAME(t.score): there is no code list",
        ),
        ("select 1 as 一; select 2", HEADER, "it is not one SELECT"),
        ("select 1 as 一", HEADER.replace("none | 无", "none"), "no Chinese half of answers, rules, known gaps"),
        ("select 1 as 一", HEADER.replace("-- key: 企业编号\n", ""), "the header says nothing of key"),
    ],
)
def test_a_wrong_view_is_refused(tmp_path: Path, sql: str, header: str, message: str) -> None:
    with pytest.raises(DeclarationError) as wrong:
        view(tmp_path, sql, header)
    assert message in str(wrong.value)


def test_two_views_of_one_name_are_refused(tmp_path: Path) -> None:
    view(tmp_path, "select c.change_code as 变动 from snapshots.change as c")
    (made,) = tmp_path.glob("*.sql")
    made.with_name("another.sql").write_text(made.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(DeclarationError, match="two views are called"):
        read_views(tmp_path, MODELS, ZoneInfo("Asia/Shanghai"))


def test_a_kind_of_tax_is_called_the_same_as_its_signal() -> None:
    kinds = {str(code.value): code.zh for code in labels()["tax_kind_code"].codes}
    signals = {str(code.value): code.zh for code in labels()["signal_code"].codes}
    shared = {kind: zh for kind, zh in kinds.items() if f"tax_{kind}" in signals}
    assert len(shared) == 9
    assert shared == {kind: signals[f"tax_{kind}"] for kind in shared}


def test_the_glossary_s_terms_are_published_names() -> None:
    """What the glossary gives a source for is a column, a code or a title, so that a renamed one is noticed."""
    section = (CHECKOUT / "docs" / "glossary.md").read_text(encoding="utf-8").partition("## Where the Chinese terms")[2]
    terms = [term for row in re.findall(r"^\| ([^|]+) \|", section, re.MULTILINE)[2:] for term in row.split("、")]
    every = [*labels().values(), *(label for model in MODELS for label in model.columns.values())]
    names = {label.zh for label in every} | {code.zh for label in every for code in label.codes}
    names |= {model.title_zh for model in MODELS} | {name for view in VIEWS for name in (view.name, *view.columns)}
    shown = " ".join(names)
    assert len(terms) > 40
    assert [term for term in terms if term not in shown] == []
