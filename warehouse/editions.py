"""Writes the editions of audiences other than the director: each a fresh file, made from what its audience may see.

An edition is never a copy from which something was deleted: deleted bytes stay in a DuckDB file. It is made from the director's
file of the same night (in which persons are blotted out already), column by column as policy.yml says. Views of 园区 are narrowed to the
columns that the edition has; a view that loses its meaning is left out.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

from warehouse import disclosure
from warehouse.connection import columns_by_table, insert_rows, literal, quote, transaction
from warehouse.errors import ParkBridgeError
from warehouse.labels import Label, labels
from warehouse.models import Model
from warehouse.policy import BAND, MASKED, Policy, Shown, Statistics, band_labels
from warehouse.published_file import STORAGE_VERSION, make_view
from warehouse.settings import Settings
from warehouse.views import ENGINEERS_SCHEMA, OPERATORS_SCHEMA, View, contents_of

BAND_ZH = "档"
STATISTICS = "statistics"
# by schema.table, the columns that an edition has: the director's name, and the name in the edition
Held = Mapping[str, Mapping[str, str]]

STATISTICS_COMMENT = (
    "title: Park figures | 园区公开统计\n"
    "one row is: one published figure: a month, a signal, and the park or one of its parts\n"
    "rules: Only totals of enough enterprises are published, and only where no difference gives one away. A figure is never revised.\n"
    "一行是：一项公开数字：一个月、一项指标、全园或其一部分\n"
    "口径：只公布足够多企业的合计，且任何相减都不会暴露单个企业；数字公布后不再修订。"
)
STATISTICS_VIEW = f"""
select
    m.month as 月份,
    s.name_zh as 指标,
    s.unit_zh as 单位,
    m.part_title_zh as 范围,
    m.total_value as 合计,
    m.enterprise_count as 企业数
from {STATISTICS}.month as m
inner join rules.signal as s on m.signal_code = s.signal_code
"""
STATISTICS_NOTES = {
    "月份": "数字所属月份",
    "指标": "指标名称",
    "单位": "数字的单位",
    "范围": "全园、行业门类或楼栋；其余部分合并列示",
    "合计": "该范围内各企业之和",
    "企业数": "有数值的企业数，总公司与其分支机构算一家",
}


def write_edition(
    night: Path,
    part: Path,
    audience: str,
    policy: Policy,
    models: Sequence[Model],
    views: Sequence[View],
    settings: Settings,
) -> dict[str, Any]:
    """Write one audience's edition of a night into a fresh file.

    Args:
        night: The director's file of the night.
        part: The file to write; it is not there yet.
        audience: The edition's audience.
        policy: What its audience may see.
        models: The models that give the views of 核对 their titles and columns.
        views: The operators' views as the director has them.
        settings: Where released.parquet is. Its successor is left beside it as released.part, for `publish` to put in place.

    Returns:
        Rows and columns by table, for a manifest.

    Raises:
        ParkBridgeError: The audience is unknown, or released.parquet is damaged.
    """
    edition = policy.edition(audience)
    connection = duckdb.connect(":memory:")
    try:
        connection.execute("set memory_limit = ?", [settings.memory_limit])
        connection.execute(f"attach {literal(os.fspath(night))} as night (read_only)")
        connection.execute(f"attach {literal(os.fspath(part))} as fresh (storage_version {literal(STORAGE_VERSION)})")
        shown: dict[str, list[Shown]] = {}
        known = columns_by_table(connection, "night")
        with transaction(connection):
            for table, rule in edition.tables.items():
                columns = known.get(table, {})
                if columns:  # a park without this table has nothing to show
                    shown[table] = policy.shown(audience, table, columns)
                    _copy_table(connection, table, shown[table], rule.rows)
            if edition.statistics:
                _write_statistics(connection, edition.statistics, settings.of_audience(audience))
        connection.execute("use fresh")
        with transaction(connection):
            _copy_comments(connection, policy, shown)
            for schema in (OPERATORS_SCHEMA, ENGINEERS_SCHEMA):
                connection.execute(f"create schema {quote(schema)}")
            held = {table: {one.column: one.name for one in found} for table, found in shown.items()}
            _make_views(connection, [narrowed(view, held) for view in views], edition.statistics)
            for model in models:
                if model.table in shown:
                    _view_in_chinese(connection, model, shown[model.table])
        tables = {
            f"{schema}.{name}": {"rows": rows, "columns": columns}
            for schema, name, rows, columns in connection.execute(
                "select t.schema_name, t.table_name, t.estimated_size, "
                "(select list(c.column_name order by c.column_index) from duckdb_columns() as c where c.table_oid = t.table_oid "
                "and c.database_name = 'fresh') from duckdb_tables() as t where t.database_name = 'fresh' order by 1, 2"
            ).fetchall()
        }
        connection.execute("use memory")
        connection.execute("detach fresh")
    finally:
        connection.close()
    return tables


def _copy_table(connection: duckdb.DuckDBPyConnection, table: str, shown: Sequence[Shown], rows: str) -> None:
    schema, _, name = table.partition(".")
    connection.execute(f"create schema if not exists fresh.{quote(schema)}")
    connection.execute(
        f"create table fresh.{quote(schema)}.{quote(name)} as select {', '.join(one.sql for one in shown)} "
        f"from night.{quote(schema)}.{quote(name)}{f' where {rows}' if rows else ''}"
    )


def _copy_comments(connection: duckdb.DuckDBPyConnection, policy: Policy, shown: Mapping[str, Sequence[Shown]]) -> None:
    # one look at the catalogue for all tables: it costs as much for one
    texts = dict(
        connection.execute(
            "select concat(schema_name, '.', table_name), comment from duckdb_tables() where database_name = 'night'"
        ).fetchall()
    )
    notes: dict[tuple[str, str], str] = {
        (table, column): note
        for table, column, note in connection.execute(
            "select concat(schema_name, '.', table_name), column_name, comment from duckdb_columns() "
            "where database_name = 'night' and comment is not null"
        ).fetchall()
    }
    for table, found in shown.items():
        schema, _, name = table.partition(".")
        target = f"{quote(schema)}.{quote(name)}"
        if text := texts.get(table):
            connection.execute(f"comment on table {target} is {literal(text)}")
        for one in found:
            if note := notes.get((table, one.column)):
                en, _, zh = note.partition(" | ")
                if one.how == BAND:
                    scale = ", ".join(band_labels(_bands(policy, table, one)))
                    title, colon, meaning = zh.partition("：")
                    note = f"{en}; as a band: {scale} | {title}{BAND_ZH}{colon}{meaning}；分档：{scale}"
                elif one.how == MASKED:
                    note = f"{en}; only its last characters | {zh}；只显示末几位"
                connection.execute(f"comment on column {target}.{quote(one.name)} is {literal(note)}")


def _bands(policy: Policy, table: str, one: Shown) -> tuple[int, ...]:
    of = policy.class_of_column(table, one.column)
    assert of is not None
    return of.bands


# --- views ------------------------------------------------------------------------------------------------------------


def narrowed(view: View, held: Held) -> View | None:
    """A view of 园区 without what an edition does not hold; a banded column is called …档.

    None where the view loses its meaning: a table is missing, or an absent column decides which rows it has.
    """
    tree = sqlglot.parse_one(view.sql, dialect="duckdb")
    columns = dict(view.columns)
    for select in list(tree.find_all(exp.Select)):
        aliases = {
            table.alias_or_name: f"{table.db}.{table.name}"
            for table in select.find_all(exp.Table)
            if table.db and table.find_ancestor(exp.Select) is select
        }
        if not all(table in held for table in aliases.values()):
            return None
        for row in [row for values in select.find_all(exp.Values) for row in values.expressions]:
            if not all(_is_held(column, aliases, held) for column in row.find_all(exp.Column)):
                row.pop()  # a list of figures: the ones that are absent are no rows
        if not all(values.expressions for values in select.find_all(exp.Values)):
            return None
        lost = [one for one in select.expressions if not _is_shown(one, aliases, held)]
        others = [column for column in select.find_all(exp.Column) if not _is_projected(column, select)]
        if not all(_is_held(column, aliases, held) for column in others):
            return None
        if not lost:
            continue
        union = select.parent
        if isinstance(union, exp.SetOperation):
            union.replace(union.right if union.left is select else union.left)
        elif select is tree and len(lost) < len(select.expressions):
            select.set("expressions", [one for one in select.expressions if one not in lost])
        else:
            return None
    assert isinstance(tree, exp.Query)
    for projection in tree.selects:
        name = projection.alias_or_name
        if name.endswith(BAND_ZH) and (note := columns.get(name.removesuffix(BAND_ZH))):
            columns[name] = f"{note}，分档显示"
    names = [projection.alias_or_name for projection in tree.selects]
    return replace(view, sql=tree.sql(dialect="duckdb"), columns={n: columns[n] for n in names if n in columns})


def _is_held(column: exp.Column, aliases: Mapping[str, str], held: Held) -> bool:
    """Whether an edition has a column under its own name, or it is of no published table."""
    return column.table not in aliases or held[aliases[column.table]].get(column.name) == column.name


def _is_projected(column: exp.Column, select: exp.Select) -> bool:
    """Whether a column is in a SELECT's list, or belongs to another SELECT within."""
    node: Any = column
    while node.parent is not select:
        node = node.parent
        if isinstance(node, exp.Select):
            return True
    return bool(node.arg_key == "expressions")


def _is_shown(projection: exp.Expression, aliases: Mapping[str, str], held: Held) -> bool:
    """Whether an edition has what a projection shows; a banded column takes its other name on the way."""
    for column in list(projection.find_all(exp.Column)):
        if column.table not in aliases:
            if aliases and not column.table:
                return False  # it does not say of which table it is
            continue
        name = held[aliases[column.table]].get(column.name)
        if name is None:
            return False
        if name != column.name:
            if not isinstance(projection, exp.Alias) or projection.this is not column:
                return False
            column.set("this", exp.to_identifier(name))
            projection.set("alias", exp.to_identifier(projection.alias + BAND_ZH, quoted=True))
    return True


def _make_views(
    connection: duckdb.DuckDBPyConnection, views: Sequence[View | None], statistics: Statistics | None
) -> None:
    made = [view for view in views if view is not None]
    if statistics:
        made = [
            View(
                "公开统计",
                STATISTICS_VIEW,
                STATISTICS_COMMENT.partition("\n一行是")[2],
                STATISTICS_NOTES,
                frozenset(),
                "一项公开数字：一个月、一项指标、全园或其一部分",
                "园区各月的人员、税收、用电和租赁面积各是多少？",
            )
        ]
    kept = []
    for view in made:
        make_view(connection, OPERATORS_SCHEMA, view.name, view.sql, view.comment, view.columns)
        if statistics or _has_rows(connection, "fresh", view.name) or not _has_rows(connection, "night", view.name):
            kept.append(view)
        else:  # it is about rows that this edition does not hold
            connection.execute(f"drop view {quote(OPERATORS_SCHEMA)}.{quote(view.name)}")
    if kept:
        contents = contents_of(kept)
        make_view(connection, OPERATORS_SCHEMA, contents.name, contents.sql, contents.comment, contents.columns)


def _has_rows(connection: duckdb.DuckDBPyConnection, database: str, view: str) -> bool:
    # a view names its tables by schema alone: it reads those of the database in use
    connection.execute(f"use {database}")
    try:
        found = connection.execute(f"select 1 from {quote(OPERATORS_SCHEMA)}.{quote(view)} limit 1").fetchall()
    finally:
        connection.execute("use fresh")
    return bool(found)


def _view_in_chinese(connection: duckdb.DuckDBPyConnection, model: Model, shown: Sequence[Shown]) -> None:
    known: dict[str, Label] = labels() | dict(model.columns)
    names = {one.name for one in shown}
    listed, notes = [], {}
    for one in shown:
        if one.column not in known or one.column.endswith("_en") or f"{one.column}_zh" in names:
            continue
        label = known[one.column]
        zh = label.zh + (BAND_ZH if one.how == BAND else "")
        listed.append(f"{quote(one.name)} as {quote(zh)}")
        notes[zh] = label.comment_zh + ("，分档显示" if one.how == BAND else "")
    if listed:
        text = "\n".join(line for line in (model.comment_zh, f"来源表：{model.table}") if line)
        sql = f"select {', '.join(listed)} from {model.schema}.{quote(model.name)}"
        make_view(connection, ENGINEERS_SCHEMA, model.title_zh, sql, text, notes)


# --- statistics -------------------------------------------------------------------------------------------------------


def _write_statistics(connection: duckdb.DuckDBPyConnection, rule: Statistics, settings: Settings) -> None:
    """Write statistics.month, and the private file of what is behind it."""
    releases = disclosure.release(connection, rule, settings.released)
    part = settings.released.with_suffix(".part")
    disclosure.write(connection, releases, rule, part, settings.released)
    connection.execute(f"create schema fresh.{STATISTICS}")
    connection.execute(
        f"create table fresh.{STATISTICS}.month (part_kind varchar, part_code varchar, part_title_en varchar, "
        "part_title_zh varchar, month date, signal_code varchar, total_value decimal(30, 3), enterprise_count bigint)"
    )
    numbers = disclosure.numbers(releases, rule)
    _hold_to_earlier(connection, {number[:5] for number in numbers}, rule, settings)
    titles = _titles(connection)
    rows = [
        (kind, code, *titles.get((kind, code), (code, code)), month, signal, value, count)
        for kind, code, month, signal, value, count in numbers
    ]
    insert_rows(connection, f"fresh.{STATISTICS}.month", rows)
    connection.execute(f"comment on table fresh.{STATISTICS}.month is {literal(STATISTICS_COMMENT)}")
    columns = (
        "part_kind",
        "part_code",
        "part_title_en",
        "part_title_zh",
        "month",
        "signal_code",
        "total_value",
        "enterprise_count",
    )
    for column in columns:
        connection.execute(
            f"comment on column fresh.{STATISTICS}.month.{column} is {literal(labels()[column].comment)}"
        )


def _hold_to_earlier(
    connection: duckdb.DuckDBPyConnection, numbers: set[tuple[Any, ...]], rule: Statistics, settings: Settings
) -> None:
    """Every number that readers have now must be known: where released.parquet is lost or old, others could be subtracted from it."""
    if not settings.published_file.exists():
        return
    try:
        connection.execute(f"attach {literal(os.fspath(settings.published_file))} as earlier (read_only)")
        shown = connection.execute(
            f"select part_kind, part_code, month, signal_code, total_value from earlier.{STATISTICS}.month"
        ).fetchall()
    except duckdb.Error:  # damaged: this night replaces it
        return
    if lost := [number for number in shown if number not in numbers and number[3] in rule.signals]:
        raise ParkBridgeError(
            str(settings.released),
            f"it lacks {len(lost):,} of {len(shown):,} numbers that the {settings.audience} edition shows",
            allowed="none",
            next_step="put it back from the backup. Published data is unchanged",
        )


def _titles(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], tuple[str, str]]:
    found: dict[tuple[str, str], tuple[str, str]] = {
        (disclosure.PARK, disclosure.PARK): ("the park", "全园"),
        ("industry_section", disclosure.OTHER): ("all other industries", "其他行业合计"),
        ("building", disclosure.OTHER): ("all other buildings", "其他楼栋合计"),
    }
    for code, en, zh in connection.execute(
        "select distinct section_code, section_title_en, section_title_zh from night.rules.industry"
    ).fetchall():
        found["industry_section", code] = (en, zh)
    for code, name in connection.execute("select building_code, building_name from night.monthly.building").fetchall():
        found["building", code] = (name or code, name or code)
    return found
