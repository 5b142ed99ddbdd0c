"""The macros that models share, put into a model's place of call: what another engine runs has no macros of ours."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import sqlglot
from sqlglot import exp

import warehouse

FILE = Path(warehouse.__file__).with_name("model_macros.sql")


@cache
def macros() -> dict[str, tuple[tuple[str, ...], exp.Expr]]:
    """By name: the parameters of each macro, and its body. Parameters that may be left out are '' then."""
    found = {}
    for statement in sqlglot.parse(FILE.read_text(encoding="utf-8").replace(" := ''", ""), dialect="duckdb"):
        if statement is not None:
            assert isinstance(statement, exp.Create), f"{FILE.name}: put the body in brackets: {statement}"
            parameters = tuple(parameter.name for parameter in statement.this.expressions)
            found[statement.this.this.name] = (parameters, statement.expression)
    return found


def expanded(sql: str) -> exp.Expr:
    """The query with the body of a macro wherever one is called."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    while call := next((node for node in tree.find_all(exp.Anonymous) if node.name.lower() in macros()), None):
        parameters, body = macros()[call.name.lower()]
        left_out = [exp.Literal.string("")] * (len(parameters) - len(call.expressions))
        arguments = dict(zip(parameters, [*call.expressions, *left_out], strict=True))
        copy = exp.paren(body.copy())
        for column in list(copy.find_all(exp.Column)):
            column.replace(exp.paren(arguments[column.name].copy()))
        call.replace(copy)
    return tree
