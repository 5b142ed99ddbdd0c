"""The file of a night: tables, rules and ops.* with their comments, views in Chinese, no person and no odd type."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from warehouse.connection import columns_by_table, literal, quote, the_row, transaction
from warehouse.errors import DeclarationError
from warehouse.labels import Label, labels
from warehouse.models import LIMIT, Model, comment
from warehouse.persons import Found, blotted, is_code, mark_of, texts_with_persons
from warehouse.settings import Settings
from warehouse.suspected_names import holder, suspected
from warehouse.views import ENGINEERS_SCHEMA, OPERATORS_SCHEMA, View, contents_of

# the oldest DuckDB that opens what is published: clients and BI drivers lag behind (docs/decisions/0004)
STORAGE_VERSION = "v1.0.0"
TYPES = ("BIGINT", "BOOLEAN", "DATE", "DECIMAL", "DOUBLE", "INTEGER", "TIMESTAMP", "VARCHAR")
# of rules.*, what is no file of transforms/rules/
RULE_COMMENTS = {
    "subject": "one row is: one subject that offices report on (warehouse/subjects.yml)\n一行是：一类部门报送的数据"
}
OPS_COMMENTS = {
    "night": "one row is: the night that this file shows; everything in it is as known at as_of (UTC)\n"
    "一行是：本文件所对应的一期数据；文件内容均截至 as_of（UTC）",
    "feed": "one row is: one declared feed, with the office and the owner to ask, and up to when it is known (UTC)\n"
    "一行是：一个已登记的数据源，含提供单位、负责人和数据截至时间（UTC）",
    "batch": "one row is: one accepted delivery, with what became of its rows\n"
    "一行是：一批已接收的数据，及其各行的处理结果",
    "quarantine": "one row is: one row of a delivery that could not be used, and why; row_json is the row as delivered\n"
    "一行是：一条无法使用而被隔离的来源数据及原因；row_json 为来源原样内容",
    "validation_result": "one row is: one check of one night; severity critical stops the publish\n"
    "一行是：一期数据的一项检查；级别为 critical 的不通过则不发布",
    "work_shown": "one row is: one row of the work list that an earlier published night put forward as new\n"
    "一行是：以前某一期已发布的工作清单新列入的一行",
    "confirmation": "one row is: one thing that would have stopped a night, and that a person confirmed: who, when and why\n"
    "一行是：一项原本会停止发布、经人确认后放行的情况，含确认人、时间和理由",
}


def write(
    connection: duckdb.DuckDBPyConnection,
    part: Path,
    models: list[Model],
    views: Sequence[View] = (),
    settings: Settings | None = None,
) -> dict[str, Any]:
    """Write the tables of `models`, the rules and ops.* into a fresh file, with comments, and views of them in Chinese.

    Schema 园区 has `views`, for operators; schema 核对 every table of `models` under Chinese names, for engineers. In place of persons
    in texts, and of names that may be persons', are notes. The park's key and its people's word on names are those of `settings`.

    Returns:
        Rows and columns by table, for a manifest.
    """
    tables: dict[str, Any] = {}
    rules = [
        name
        for (name,) in connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'rules' order by 1"
        ).fetchall()
    ]
    wanted = [(m.schema, m.name) for m in models]
    wanted += [("rules", name) for name in rules] + [("ops", name) for name in OPS_COMMENTS]
    warehouse = connection.execute("select current_database()").fetchone()
    assert warehouse is not None
    settings = settings or Settings.from_environment()
    held = {one.name for one in suspected(connection, settings)}
    # every client from DuckDB 1.0 on opens it; the warehouse keeps the newest format
    connection.execute(f"attach {literal(os.fspath(part))} as fresh (storage_version {literal(STORAGE_VERSION)})")
    try:
        for schema in dict(wanted):
            connection.execute(f"create schema if not exists fresh.{schema}")
        known = columns_by_table(connection)
        for schema, name in wanted:
            source, target = f"{quote(warehouse[0])}.{schema}.{quote(name)}", f"fresh.{schema}.{quote(name)}"
            columns = [column for column, kind in known.get(f"{schema}.{name}", {}).items() if kind == "VARCHAR"]
            selected = _without_persons(connection, source, columns, held, settings.pseudonym_key)
            # published again, it must not show what it put forward itself as seen before
            earlier = "where as_of < (select as_of from ops.night)" if (schema, name) == ("ops", "work_shown") else ""
            ((rows,),) = connection.execute(
                f"create table {target} as select {selected} from {source} {earlier}"
            ).fetchall()
            tables[f"{schema}.{name}"] = {"rows": rows, "columns": list(known.get(f"{schema}.{name}", ()))}
        connection.execute("use fresh")
        # a thousand comments are one write to the disk
        with transaction(connection):
            own = {(m.schema, m.name): m for m in models}
            for schema, name in wanted:
                model = own.get((schema, name))
                text = model.comment if model else {**OPS_COMMENTS, **RULE_COMMENTS}.get(name, _rule_comment(name))
                columns = tables[f"{schema}.{name}"]["columns"]
                comment(connection, schema, name, text, model.columns if model else None, columns)
            for schema in (OPERATORS_SCHEMA, ENGINEERS_SCHEMA):
                connection.execute(f"create schema if not exists {quote(schema)}")
            for view in views:
                make_view(connection, OPERATORS_SCHEMA, view.name, view.sql, view.comment, view.columns)
            if views:
                contents = contents_of(views)
                make_view(connection, OPERATORS_SCHEMA, contents.name, contents.sql, contents.comment, contents.columns)
            for model in models:
                _view_in_chinese(connection, model, tables[model.table]["columns"])
        _hold_to_types(connection)
    finally:
        connection.execute(f"use {quote(warehouse[0])}")
        connection.execute("detach fresh")
    return tables


def _rule_comment(name: str) -> str:
    file = name.removesuffix(LIMIT)
    what = "one rule" if name == file else "the version and limits"
    return f"one row is: {what} of transforms/rules/{file}.yml"


def _without_persons(
    connection: duckdb.DuckDBPyConnection, source: str, texts: Sequence[str], held: set[str], key: str
) -> str:
    """The columns of a table, with a note in place of each person in a text: what is published never held it, not even deleted.

    Names of firms in which a person is suspected are held likewise (warehouse/suspected_names.py).

    Args:
        connection: The writer's.
        source: The table, quoted.
        texts: Its columns of texts.
        held: Names that may be persons'.
        key: The park's pseudonym key.
    """
    clean = []
    columns = {column: is_code(column) for column in texts}
    # in a small park most tables are empty, and the patterns cost more to make ready than to look with
    if not columns or connection.execute(f"select 1 from {source} limit 1").fetchone() is None:
        return "*"
    found = texts_with_persons(connection, source, columns)
    for column, in_codes in columns.items():
        clean_of = {
            text: blotted(text, in_codes=in_codes, instead=_noted(mark_of(text, key))) for text in found.get(column, ())
        }
        if held:
            pattern, hold = holder(held, key)
            for (text,) in connection.execute(
                f"select distinct {quote(column)} from {source} where regexp_matches({quote(column)}, {literal(pattern)})"
            ).fetchall():
                clean_of[text] = hold(clean_of.get(text, text))
        choices = " ".join(f"when {literal(text)} then {literal(new)}" for text, new in clean_of.items())
        if choices:
            clean.append(f"case {quote(column)} {choices} else {quote(column)} end as {quote(column)}")
    return f"* replace ({', '.join(clean)})" if clean else "*"


def _noted(mark: str) -> Callable[[Found], str]:
    return lambda found: f"[{found.detector.kind} removed {mark}]"


def _hold_to_types(connection: duckdb.DuckDBPyConnection) -> None:
    """Every column has a type that every client has too.

    HUGEINT, the type of a sum of integers in DuckDB, is a floating-point number in PostgreSQL, ODBC and Excel.

    Raises:
        DeclarationError: A column has not; the message names the first.
    """
    found = connection.execute(
        "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns() "
        "where database_name = 'fresh' and split_part(data_type, '(', 1) not in (select unnest(?)) "
        "order by schema_name in (?, ?), 1, 2",
        [list(TYPES), OPERATORS_SCHEMA, ENGINEERS_SCHEMA],
    ).fetchall()
    if found:
        table, column, kind = found[0]
        more = f" ({len(found) - 1} more columns are of such types)" if len(found) > 1 else ""
        raise DeclarationError(
            f"{table}.{column}",
            f"its type is {kind}, which many clients cannot read{more}",
            allowed=", ".join(TYPES),
            next_step="cast it in the model, sum(…)::bigint for a sum of integers, and run the night again",
        )


def _view_in_chinese(connection: duckdb.DuckDBPyConnection, model: Model, columns: Sequence[str]) -> None:
    """核对."企业月度": the same table under Chinese names, without its English texts; codes stay codes."""
    known: dict[str, Label] = labels() | dict(model.columns)
    # a text that also has its Chinese (evidence beside evidence_zh) is the English one
    shown = {
        column: known[column]
        for column in columns
        if column in known and not column.endswith("_en") and f"{column}_zh" not in columns
    }
    listed = ", ".join(f"{quote(column)} as {quote(label.zh)}" for column, label in shown.items())
    sql = f"select {listed} from {model.schema}.{quote(model.name)}"
    text = "\n".join(part for part in (model.comment_zh, f"来源表：{model.table}") if part)
    notes = {label.zh: label.comment_zh for label in shown.values()}
    make_view(connection, ENGINEERS_SCHEMA, model.title_zh, sql, text, notes)


def make_view(
    connection: duckdb.DuckDBPyConnection, schema: str, name: str, sql: str, text: str, notes: Mapping[str, str]
) -> None:
    """Make one view with its comment and those of its columns."""
    view = f"{quote(schema)}.{quote(name)}"
    connection.execute(f"create view {view} as {sql}")
    connection.execute(f"comment on view {view} is {literal(text)}")
    for column, note in notes.items():
        connection.execute(f"comment on column {view}.{quote(column)} is {literal(note)}")


def changes(before: Path, after: Path, models: list[Model]) -> dict[str, dict[str, int]]:
    """Per table with a key: rows added, removed and changed between two published files; tables of one shape only.

    Columns that only say which night it is (the night's as_of in every row) are left out: by them every row would change.
    """
    found: dict[str, dict[str, int]] = {}
    connection = duckdb.connect(":memory:")
    try:
        for name, path in (("old", before), ("new", after)):
            connection.execute(f"attach {literal(os.fspath(path))} as {name} (read_only)")
        columns = [columns_by_table(connection, database) for database in ("old", "new")]
        for model in models:
            shapes = [known.get(model.table, {}) for known in columns]
            if shapes[0] != shapes[1] or not set(model.key) <= set(shapes[1]):
                continue
            if "ops.last_night" in model.reads:
                continue  # it states changes itself
            table, key = f"{model.schema}.{quote(model.name)}", ", ".join(map(quote, model.key))
            listed = ", ".join(
                quote(column)
                for column in shapes[1]
                if column in model.key or not _is_the_night(connection, table, column, shapes[1])
            )
            same_key = " and ".join(f"o.{quote(k)} is not distinct from n.{quote(k)}" for k in model.key)
            hashed = f"select {key}, md5(to_json(t)::varchar) as h from (select {listed} from {{}}.{table}) as t"
            row = the_row(
                connection,
                f"with o as ({hashed.format('old')}), n as ({hashed.format('new')}) "
                "select count(*) filter (o.h is null), count(*) filter (n.h is null), count(*) filter (o.h <> n.h) "
                f"from o full join n on {same_key}",
            )
            if any(row):
                found[model.table] = dict(zip(("added", "removed", "changed"), row, strict=True))
    finally:
        connection.close()
    return found


def _is_the_night(connection: duckdb.DuckDBPyConnection, table: str, column: str, shape: dict[str, str]) -> bool:
    if shape[column] != "TIMESTAMP":
        return False
    for database in ("old", "new"):
        (is_ever_the_night,) = the_row(
            connection,
            f"select bool_and({quote(column)} is not distinct from (select as_of from {database}.ops.night)) "
            f"from {database}.{table}",
        )
        if is_ever_the_night is False:
            return False
    return True
