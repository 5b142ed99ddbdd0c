"""From which columns a model's columns are made, read from its parsed SQL.

A column of a table is followed through CTEs, subqueries and unions to the tables that the model reads. What only filters or
joins is no source of a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from zoneinfo import ZoneInfo

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.scope import Scope, build_scope

from report.words import tables
from warehouse.settings import CHECKOUT
from warehouse.views import OPERATORS_SCHEMA, read_views

Columns = dict[str, set[str]]
Sources = dict[str, dict[str, list[str]]]


def made_from(known: Mapping[str, list[str]], time_zone: ZoneInfo) -> tuple[Sources, dict[str, frozenset[str]]]:
    """Of every model and operators' view the sources of its columns, and the tables that it reads.

    Args:
        known: The columns of each published table, in order.
        time_zone: The park's, which views are written with.

    Returns:
        Table → column → `schema.table.column` of what it is made from, and table → the tables that it reads.
    """
    return _made_from(tuple(sorted((table, tuple(names)) for table, names in known.items())), time_zone)


@lru_cache(maxsize=1)
def _made_from(
    known: tuple[tuple[str, tuple[str, ...]], ...], time_zone: ZoneInfo
) -> tuple[Sources, dict[str, frozenset[str]]]:
    # views as they are written here: DuckDB's own text of a view is not what sqlglot reads
    columns = {table: list(names) for table, names in known}
    models = tables()
    views = read_views(CHECKOUT / "transforms" / "views", list(models.values()), time_zone)
    sql = {table: model.sql for table, model in models.items()}
    sql |= {f"{OPERATORS_SCHEMA}.{view.name}": view.sql for view in views}
    reads = {table: model.reads for table, model in models.items()}
    reads |= {f"{OPERATORS_SCHEMA}.{view.name}": view.reads for view in views}
    read = {table: tuple((one, tuple(columns[one])) for one in sorted(reads[table]) if one in columns) for table in sql}
    return {table: {**_columns_of(text, read[table])} for table, text in sql.items()}, reads


@lru_cache(maxsize=2048)
def _columns_of(sql: str, known: tuple[tuple[str, tuple[str, ...]], ...]) -> dict[str, list[str]]:
    """Parsed once for the editions of all audiences: most tables have the same columns in each."""
    return columns_of(sql, {table: list(names) for table, names in known})


def columns_of(sql: str, known: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The columns of one SELECT, each with the columns of tables that it is made from."""
    scope = build_scope(sqlglot.parse_one(sql, dialect="duckdb"))
    found = _outputs(scope, known, {}) if scope else {}
    return {name: sorted(sources) for name, sources in found.items()}


def _outputs(scope: Scope, known: Mapping[str, list[str]], done: dict[int, Columns]) -> Columns:
    if id(scope) in done:
        return done[id(scope)]
    done[id(scope)] = {}  # a recursive CTE reads itself: what it begins with is its source
    found: Columns = {}
    if scope.set_operation_scopes:
        sides = [_outputs(side, known, done) for side in scope.set_operation_scopes]
        names = list(sides[0])
        by_name = bool(scope.expression.args.get("by_name"))
        for side in sides:
            # a union goes by place, unless it says by name
            for name, one in zip(side if by_name else names, side.values(), strict=False):
                found.setdefault(name, set()).update(one)
    elif isinstance(scope.expression, exp.Query):
        for projection in scope.expression.selects:
            if projection.is_star:
                found |= _all_of(projection, scope, known, done)
                continue
            sources: set[str] = set()
            for column in projection.find_all(exp.Column):
                sources |= _source(column, scope, known, done)
            found[projection.alias_or_name] = sources
    done[id(scope)] = found
    return found


def _all_of(projection: exp.Expr, scope: Scope, known: Mapping[str, list[str]], done: dict[int, Columns]) -> Columns:
    """`select *` or `t.*`: every column of its source, but those that it excludes."""
    star = projection if isinstance(projection, exp.Star) else projection.this
    excluded = {one.name for one in star.args.get("except_") or star.args.get("except") or ()}
    table = projection.table if isinstance(projection, exp.Column) else ""
    found: Columns = {}
    for alias, (_, source) in scope.selected_sources.items():
        if table in ("", alias):
            found |= {name: sources for name, sources in _columns(source, known, done).items() if name not in excluded}
    return found


def _columns(source: object, known: Mapping[str, list[str]], done: dict[int, Columns]) -> Columns:
    if isinstance(source, Scope):
        return _outputs(source, known, done)
    if isinstance(source, exp.Table) and source.db:
        table = f"{source.db}.{source.name}"
        return {name: {f"{table}.{name}"} for name in known.get(table, ())}
    return {}


def _source(column: exp.Column, scope: Scope, known: Mapping[str, list[str]], done: dict[int, Columns]) -> set[str]:
    sources = {alias: source for alias, (_, source) in scope.selected_sources.items()}
    alias = column.table or (next(iter(sources)) if len(sources) == 1 else "")
    source = sources.get(alias)
    if isinstance(source, exp.Table) and source.db:
        return {f"{source.db}.{source.name}.{column.name}"}
    return _columns(source, known, done).get(column.name, set())
