"""SQL models: their headers, their order, and the rules they read."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from tests.conftest import in_memory
from warehouse.errors import DeclarationError
from warehouse.labels import Code, Label, labels, read_labels
from warehouse.models import build, comment, load_rules, read_folder, read_layers, read_model

HEADER = """\
-- title: Staff by unit | 单位人数
-- one row is: one unit
-- answers: how many people a unit has,
--   and had
-- key: source_key, month
-- rules: the newest counts
-- known gaps: none
-- checked by: a person
-- column source_key: the office's number | 单位编号 社保局的编号
"""


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = in_memory()
    yield connection
    connection.close()


def write(folder: Path, name: str, select: str, header: str = HEADER) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.sql"
    path.write_text(header + select, encoding="utf-8")
    return path


def test_a_model_as_written(tmp_path: Path) -> None:
    select = "with s as (select * from known.employment) select s.* from s join ops.night on true cross join rules.flow"
    model = read_model(write(tmp_path / "3_monthly", "staff", select))
    assert (model.schema, model.name, model.table) == ("monthly", "staff", "monthly.staff")
    assert (model.title_en, model.title_zh, model.key) == ("Staff by unit", "单位人数", ("source_key", "month"))
    assert model.header["answers"] == "how many people a unit has, and had"
    assert model.reads == {"known.employment", "ops.night", "rules.flow"}
    assert model.columns == {"source_key": Label("the office's number", "单位编号", "社保局的编号")}
    assert model.columns["source_key"].comment == "the office's number | 单位编号：社保局的编号"
    assert model.comment.splitlines()[0] == "title: Staff by unit | 单位人数"
    assert "column source_key" not in model.comment


IN_TWO_LANGUAGES = """\
-- title: Six flows | 进出与增减
-- one row is: one signal of one enterprise
--   in one month | 一行是：一家企业一个月的
--   一个指标
-- answers: did |net| change? |
--   有无变动？
-- key: enterprise_id, month
-- rules:
--   * open: positive now;
--     absent before.
--   * close: positive before.
--   | 口径：
--   * 新设：本月为正，
--     此前为零。
--   * 关停：上月为正。
-- example: 12 → 15 | 由12人增至15人
-- known gaps: none | 无
-- rebuild: by_enterprise
-- checked by: a person
"""


def test_the_chinese_half_of_a_header(tmp_path: Path) -> None:
    model = read_model(write(tmp_path / "4_signals", "flow", "select 1", IN_TWO_LANGUAGES))
    assert (model.title_en, model.title_zh) == ("Six flows", "进出与增减")
    assert model.header["one row is"] == "one signal of one enterprise in one month"
    assert model.chinese["one row is"] == "一家企业一个月的一个指标", "no space, and no label twice"
    assert model.header["answers"] == "did |net| change?"
    assert model.header["rules"] == "\n* open: positive now; absent before.\n* close: positive before."
    assert model.comment.splitlines() == [
        "title: Six flows | 进出与增减",
        "one row is: one signal of one enterprise in one month",
        "answers: did |net| change?",
        "key: enterprise_id, month",
        "rules: ",
        "* open: positive now; absent before.",
        "* close: positive before.",
        "example: 12 → 15",
        "known gaps: none",
        "rebuild: by_enterprise",
        "checked by: a person",
        *model.comment_zh.splitlines(),
    ]
    assert model.comment_zh.splitlines() == [
        "一行是：一家企业一个月的一个指标",
        "回答：有无变动？",
        "口径：",
        "* 新设：本月为正，此前为零。",
        "* 关停：上月为正。",
        "举例：由12人增至15人",
        "局限：无",
    ]


def test_a_remark_below_the_header_is_no_field(tmp_path: Path) -> None:
    select = "-- agencies are few, so they are read whole\n--   and first\nselect 1"
    assert read_model(write(tmp_path, "staff", select)).header["checked by"] == "a person"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("-- parts: enterprise_id", "the header has an unknown field 'parts'; title, one row is, answers"),
        ("-- rule: x", "the header has an unknown field 'rule'"),
        (
            "-- Rebuild: nightly",
            "the header's line '-- Rebuild: nightly' is no field. Next: write it as `-- rebuild: text`",
        ),
        ("--rebuild: nightly", "the header's line '--rebuild: nightly' is no field"),
        ("-- rebuild : nightly", "the header's line '-- rebuild : nightly' is no field"),
        ("-- rebuild：nightly", "the header's line '-- rebuild：nightly' is no field"),
        ("-- rebuild: enterprise_id", "rebuild is 'enterprise_id'; by_enterprise or nightly allowed. Next: correct it"),
        ("-- rules: x", "the header has 'rules' twice"),
        (
            "-- codes nothing_at_all: a",
            "codes of nothing_at_all, which has no meaning. Next: add nothing_at_all to col",
        ),
        ("-- codes status_code: active, dead", "status_code has no code dead. Next: name codes of its list"),
        (
            "-- codes source_key:\n--   * a: x | 甲\n--   * b means x",
            "a code of source_key cannot be read. Next: write each as `* code:",
        ),
        ("-- codes source_key:\n--   * a means x", "a code of source_key cannot be read. Next: write each as `* code:"),
    ],
)
def test_a_header_that_says_what_cannot_be_is_refused(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(DeclarationError) as wrong:
        read_model(write(tmp_path, "staff", "select 1", f"{HEADER}{line}\n"))
    assert str(wrong.value).startswith(f"staff.sql: {message}")


def test_a_header_narrows_or_lists_codes(tmp_path: Path) -> None:
    lines = """\
-- codes status_code: revoked, active
-- column change_code: what changed | 变动类型
--   与上期
--   相比
-- codes change_code:
--   * new: not there before | 新增
--   * gone: no longer there | 消失：本期已无
-- codes evidence_kind: several
--   * a: one | 甲
"""
    columns = read_model(write(tmp_path, "staff", "select 1", HEADER + lines)).columns
    assert [code.value for code in columns["status_code"].codes] == ["revoked", "active"]
    assert columns["status_code"].zh == labels()["status_code"].zh
    assert columns["change_code"] == Label(
        "what changed",
        "变动类型",
        "与上期相比",
        (Code("new", "not there before", "新增"), Code("gone", "no longer there", "消失", "本期已无")),
    )
    assert columns["change_code"].comment_zh == "与上期相比。取值：new 新增；gone 消失（本期已无）"
    assert columns["change_code"].comment_in_words == "与上期相比。取值：新增；消失（本期已无）"
    assert columns["evidence_kind"].several


@pytest.mark.parametrize("field", ["title", "one row is", "answers", "key", "rules", "known gaps", "checked by"])
def test_a_header_without_a_field_is_told(tmp_path: Path, field: str) -> None:
    lines = [line for line in HEADER.splitlines(keepends=True) if not line.startswith(f"-- {field}:")]
    with pytest.raises(
        DeclarationError, match=f"staff.sql: the header says nothing of {field}. Next: add `-- field: text`"
    ):
        read_model(write(tmp_path, "staff", "select 1", "".join(lines)))


@pytest.mark.parametrize(
    ("header", "select", "message"),
    [
        (HEADER.replace(" | 单位人数", ""), "select 1", "staff.sql: the title has no Chinese half"),
        (HEADER, "select 1; select 2", "staff.sql: it is not one SELECT"),
        (HEADER, "create table t as select 1", "staff.sql: it is not one SELECT"),
        (HEADER, "delete from staged.employment", "staff.sql: it is not one SELECT"),
        (HEADER, "", "staff.sql: it is not one SELECT"),
        (HEADER, "select from where", "staff.sql: it does not parse: "),
        ("\n" + HEADER, "select 1", "staff.sql: the header says nothing of title, one row is"),
    ],
)
def test_a_wrong_model_is_told(tmp_path: Path, header: str, select: str, message: str) -> None:
    with pytest.raises(DeclarationError) as wrong:
        read_model(write(tmp_path, "staff", select, header))
    assert str(wrong.value).startswith(message)


def test_models_run_in_the_order_of_their_references(tmp_path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    folder = tmp_path / "3_monthly"
    write(folder, "a", "select n + 1 as n from monthly.c")
    write(folder, "b", "select n * 10 as n from monthly.a")
    write(folder, "c", "select 1 as n")
    assert build(connection, folder) == ["monthly.c", "monthly.a", "monthly.b"]
    assert connection.execute("select n from monthly.b").fetchall() == [(20,)]
    write(folder, "c", "select 5 as n")
    assert build(connection, folder, only=["a", "c"]) == ["monthly.c", "monthly.a"]
    assert connection.execute("select a.n, b.n from monthly.a, monthly.b").fetchall() == [(6, 20)]


def test_models_that_read_each_other_in_a_circle_are_told(tmp_path: Path) -> None:
    folder = tmp_path / "3_monthly"
    write(folder, "a", "select * from monthly.b")
    write(folder, "b", "select * from monthly.c")
    write(folder, "c", "select * from monthly.a")
    with pytest.raises(DeclarationError) as wrong:
        read_folder(folder)
    message, _, _ = str(wrong.value).partition(". Next: ")
    start, _, circle = message.partition(" in a circle: ")
    assert start == "3_monthly: models read each other"
    assert set(circle.split(" → ")) == {"monthly.a", "monthly.b", "monthly.c"}


def test_layers_run_by_their_number(tmp_path: Path) -> None:
    for layer in ("6_snapshots", "2_resolved", "rules", "3_monthly"):
        write(tmp_path / layer, "t", "select 1 as n")
    assert [model.table for model in read_layers(tmp_path)] == ["resolved.t", "monthly.t", "snapshots.t"]


def test_comments_of_tables_and_columns(tmp_path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    write(tmp_path / "3_monthly", "t", "select 'U' as source_key, date '2026-01-01' as month, 1 as nobody_knows")
    build(connection, tmp_path / "3_monthly")
    model = read_model(tmp_path / "3_monthly" / "t.sql")
    comment(connection, model.schema, model.name, model.comment, model.columns)
    assert connection.execute("select comment from duckdb_tables()").fetchall() == [(model.comment,)]
    comments = dict(
        connection.execute("select column_name, comment from duckdb_columns() where not internal").fetchall()
    )
    assert comments["source_key"] == "the office's number | 单位编号：社保局的编号"
    assert comments["month"] == labels()["month"].comment
    assert comments["nobody_knows"] is None


# --- rules ----------------------------------------------------------------------------------------------------------


def rule(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.yml").write_text(text, encoding="utf-8")


def columns(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    return {name: kind for name, kind, *_ in connection.execute(f"describe {table}").fetchall()}


def test_a_rule_s_figures_are_columns_of_one_row(tmp_path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    rule(tmp_path, "flow", "version: 1\nshare: 0.5\ncount: 3\nis_on: true\nsince: 2026-01-31\nword: 一\nnone:\n")
    assert load_rules(connection, tmp_path) == ["rules.flow", "rules.subject"]
    assert columns(connection, "rules.flow") == {
        "version": "BIGINT",
        "share": "DOUBLE",
        "count": "BIGINT",
        "is_on": "BOOLEAN",
        "since": "DATE",
        "word": "VARCHAR",
        "none": "VARCHAR",
    }
    assert connection.execute("from rules.flow").fetchall() == [(1, 0.5, 3, True, date(2026, 1, 31), "一", None)]


def test_a_rule_s_rows_are_rows(tmp_path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    rule(tmp_path, "line", "version: 2\nrows:\n- {kind: a, least: 1}\n- {kind: b, least: 2.5, note: x}\n- {kind: 7}\n")
    load_rules(connection, tmp_path)
    assert columns(connection, "rules.line") == {
        "version": "BIGINT",
        "kind": "VARCHAR",
        "least": "DOUBLE",
        "note": "VARCHAR",
    }
    assert connection.execute("from rules.line").fetchall() == [
        (2, "a", 1.0, None),
        (2, "b", 2.5, "x"),
        (2, "7", None, None),
    ]


def test_the_keys_above_the_rows_are_a_table_of_one_row(tmp_path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    rule(tmp_path, "line", "version: 2\nshare: 0.5\nrows:\n- {kind: a}\n- {kind: b}\n")
    assert load_rules(connection, tmp_path) == ["rules.line", "rules.line_limit", "rules.subject"]
    assert connection.execute("from rules.line").fetchall() == [(2, 0.5, "a"), (2, 0.5, "b")]
    assert columns(connection, "rules.line_limit") == {"version": "BIGINT", "share": "DOUBLE"}
    assert connection.execute("from rules.line_limit").fetchall() == [(2, 0.5)]


def test_a_file_cannot_have_the_name_of_another_s_limits(tmp_path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    rule(tmp_path, "line", "version: 2\nrows:\n- {kind: a}\n")
    rule(tmp_path, "line_limit", "version: 1\nshare: 1\n")
    with pytest.raises(DeclarationError, match=r"line_limit\.yml: a name that ends in _limit is kept"):
        load_rules(connection, tmp_path)


def test_rules_loaded_again_take_the_place_of_the_old_ones(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    rule(tmp_path, "flow", "version: 1\nshare: 1\n")
    rule(tmp_path, "gone", "version: 1\n")
    load_rules(connection, tmp_path)
    rule(tmp_path, "flow", "version: 2\nshare: 2.5\n")
    (tmp_path / "gone.yml").unlink()
    assert load_rules(connection, tmp_path) == ["rules.flow", "rules.subject"]
    assert connection.execute("select version, share from rules.flow").fetchall() == [(2, 2.5)]
    assert connection.execute("select table_name from duckdb_tables() order by 1").fetchall() == [
        ("flow",),
        ("subject",),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("share: 0.5\n", "rules/flow.yml: it has no version. Next: add version: to it"),
        ("", "rules/flow.yml: it has no version"),
        ("- 1\n", "rules/flow.yml: it has no version"),
        (
            "version: 1\nshares: [1, 2]\n",
            "rules/flow.yml: shares is neither figure, word nor date. Next: put lists under rows",
        ),
        ("version: 1\nshare: {a: 1}\n", "rules/flow.yml: share is neither figure, word nor date"),
        ("version: 1\nrows: []\n", "rules/flow.yml: rows is no list of mappings. Next: write one mapping per row"),
        ("version: 1\nrows: [1, 2]\n", "rules/flow.yml: rows is no list of mappings"),
        ("version: 1\nrows:\n", "rules/flow.yml: rows is no list of mappings"),
        ("version: 1\nshare: {{\n", "rules/flow.yml: not valid YAML: "),
    ],
)
def test_a_wrong_rule_is_told_and_the_old_rules_stand(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection, text: str, message: str
) -> None:
    rule(tmp_path, "flow", "version: 1\nshare: 1\n")
    load_rules(connection, tmp_path)
    rule(tmp_path, "flow", text)
    with pytest.raises(DeclarationError) as wrong:
        load_rules(connection, tmp_path)
    assert str(wrong.value).startswith(message)
    assert connection.execute("select share from rules.flow").fetchall() == [(1,)]


def test_a_label_without_a_note() -> None:
    assert Label("staff", "人数").comment == "staff | 人数"
    assert dataclasses.replace(Label("staff", "人数"), note_zh="月末").comment == "staff | 人数：月末"


COLUMNS = """
kind: {en: the kind, zh: 类别, note_zh: 种类。, codes: {a: {en: one, zh: 甲}, -1: {en: fall, zh: 降, note_zh: 变少}}}
kind_before: {en: the kind before, zh: 原类别, codes: kind}
kinds: {en: all kinds, zh: 全部类别, codes: kind, several: true}
line: {en: the line, zh: 线, codes: "rules.line[part=x](code, en, zh, note)"}
changed: {en: what changed, zh: 变化, codes: "columns(kind, line)"}
"""
LINES = "version: 1\nrows:\n- {part: x, code: l, en: left, zh: 左, note: }\n- {part: y, code: r, en: right, zh: 右, note: n}\n"


def test_code_lists_live_once(tmp_path: Path) -> None:
    rule(tmp_path, "line", LINES)
    read = read_labels(COLUMNS, tmp_path)
    assert read["kind"].codes == read["kind_before"].codes == read["kinds"].codes
    assert [code.value for code in read["kind"].codes] == ["a", -1]
    assert read["kind"].comment == "the kind. Codes: a: one; -1: fall | 类别：种类。取值：a 甲；-1 降（变少）"
    assert (read["kinds"].several, read["kind"].several) == (True, False)
    assert read["line"].codes == (Code("l", "left", "左"),)
    assert read["changed"].codes == (Code("kind", "the kind", "类别"), Code("line", "the line", "线"))


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("x: {en: x}", "columns.yml: x: it lacks en or zh"),
        ("x: {en: x, zh: 甲, note: y}", "columns.yml: x: unknown note. Next: use codes, en, "),
        ("x: {en: x, zh: 甲, codes: {a: b}}", "columns.yml: x: a code has no en or no zh"),
        ("x: {en: x, zh: 甲, codes: {a: {en: a, zh: 甲}, b: {en: b}}}", "columns.yml: x: a code has no en or no zh"),
        ("x: {en: x, zh: 甲, codes: y}", "columns.yml: x: its codes are those of y, which has none"),
        ('x: {en: x, zh: 甲, codes: "columns(x, y)"}', "columns.yml: x: no column is called y"),
        ("x: {en: x, zh: 甲, codes: rules.line}", "columns.yml: x: codes: rules.line names no rule file"),
        (
            'x: {en: x, zh: 甲, codes: "rules.gone(a, b, c)"}',
            "columns.yml: x: codes: rules.gone(a, b, c) names no rule",
        ),
        ('x: {en: x, zh: 甲, codes: "rules.line(code, en, cn)"}', "columns.yml: x: a row of rules/line.yml has no cn"),
    ],
)
def test_a_wrong_code_list_is_refused(tmp_path: Path, entry: str, message: str) -> None:
    rule(tmp_path, "line", LINES)
    with pytest.raises(DeclarationError) as wrong:
        read_labels(entry, tmp_path)
    assert str(wrong.value).startswith(message)
