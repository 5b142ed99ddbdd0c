"""From which columns a model's columns are made, read from its parsed SQL.

A column of a table is followed through CTEs, subqueries and unions to the tables that the model reads. What only filters or
joins is no source of a value.
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.scope import Scope, build_scope

Columns = dict[str, set[str]]


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
        for side in sides:
            # a union goes by place
            for name, one in zip(names, side.values(), strict=False):
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
