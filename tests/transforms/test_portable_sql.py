"""Models keep to the SQL that other engines run with the same result, so that they can be moved to a distributed one.

Each construct below was seen to fail elsewhere, or, worse, to give another answer without a word.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel

import transforms
from tests.model_macros import expanded, macros

MODELS = sorted(Path(transforms.__file__).parent.glob("[0-9]_*/*.sql"))

FUNCTIONS = {
    "list": "loses its order",
    "array_agg": "loses its order",
    "first": "depends on row order",
    "last": "depends on row order",
    "any_value": "depends on row order",
    "arg_max": "settles ties by row order",
    "arg_min": "settles ties by row order",
    "hash": "gives other values",
    "median": "of DECIMAL gives another type",
    "percentile_cont": "becomes approximate",
    "quantile": "becomes approximate",
    "quantile_cont": "does not exist",
    "list_sum": "does not exist",
    "filter": "does not exist",
    "transform": "does not exist",
    "columns": "does not exist",
}


def complaints(sql: str) -> Iterator[str]:
    """What of a query another engine would not do, or do differently."""
    tree = expanded(sql)
    if tree.find(exp.Qualify):
        yield "QUALIFY leaks columns: number the rows in a step of its own"
    if tree.find(exp.Pivot):
        yield "PIVOT: write one CASE a column"
    for join in tree.find_all(exp.Join):
        if str(join.args.get("method") or "").upper() == "ASOF":
            yield "ASOF join: join on the range and number the rows"
    for window in tree.find_all(exp.WindowSpec):
        if window.args.get("exclude"):
            yield "EXCLUDE in a window is dropped without a word"
    for name, node in _functions(tree):
        if name in FUNCTIONS:
            yield f"{name}() {FUNCTIONS[name]}: {node.sql('duckdb')[:60]}"
    for division in tree.find_all(exp.Div, exp.IntDiv, exp.Mod):
        if not _cannot_be_zero(division.expression):
            yield f"division by what may be zero, put NULLIF around it: {division.sql('duckdb')[:60]}"
    for rounding in tree.find_all(exp.Round):
        if any(not node.find_ancestor(exp.Cast) for node in rounding.find_all(exp.Avg)):
            yield f"average rounded without a cast to DECIMAL: {rounding.sql('duckdb')[:60]}"
    for truncation in tree.find_all(exp.DateTrunc, exp.TimestampTrunc):
        if not _is_cast_to_date(truncation):
            yield f"date_trunc gives a timestamp elsewhere, cast it to DATE: {truncation.sql('duckdb')[:60]}"


def _functions(tree: exp.Expr) -> Iterator[tuple[str, exp.Expr]]:
    for node in tree.find_all(exp.Func):
        name = node.name if isinstance(node, exp.Anonymous) else node.sql_name()
        yield name.lower(), node
    for node in tree.find_all(exp.Columns):
        yield "columns", node


def _cannot_be_zero(divisor: exp.Expr) -> bool:
    inner = divisor.unnest()
    is_constant = not list(inner.find_all(exp.Column)) and not list(inner.find_all(exp.Subquery))
    return isinstance(inner, exp.Nullif) or is_constant


def _is_cast_to_date(node: exp.Expr) -> bool:
    ancestor = node.parent
    while ancestor is not None and not isinstance(ancestor, exp.Select):
        if isinstance(ancestor, exp.Cast):
            return bool(ancestor.to.is_type(exp.DataType.Type.DATE))
        ancestor = ancestor.parent
    return False


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_model_is_portable(path: Path) -> None:
    assert list(complaints(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_model_translates_to_spark(path: Path) -> None:
    translated = expanded(path.read_text(encoding="utf-8")).sql(dialect="spark", unsupported_level=ErrorLevel.RAISE)
    assert sqlglot.parse_one(translated, dialect="spark")


def test_macros_are_read_as_part_of_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    body = sqlglot.parse_one("median(x) / y", dialect="duckdb")
    monkeypatch.setitem(macros(), "growth_pct", (("x", "y"), body))
    found = " ".join(complaints("select growth_pct(a, b) from t"))
    assert "median" in found
    assert "NULLIF" in found


@pytest.mark.parametrize(
    ("sql", "complaint"),
    [
        ("select *, row_number() over (order by a) as n from t qualify n = 1", "QUALIFY"),
        ("pivot t on a using sum(b)", "PIVOT"),
        ("select * from t pivot (sum(b) for a in ('x'))", "PIVOT"),
        ("select * from a asof join b on a.k = b.k and a.t >= b.t", "ASOF"),
        (
            "select sum(a) over (order by b rows between 1 preceding and 1 following exclude current row) from t",
            "EXCLUDE",
        ),
        ("select list(a order by b) from t", "loses its order"),
        ("select array_agg(a) from t", "loses its order"),
        ("select first(a) from t", "row order"),
        ("select any_value(a) from t", "row order"),
        ("select arg_max(a, b) from t", "row order"),
        ("select max_by(a, b) from t", "row order"),
        ("select hash(a) from t", "hash"),
        ("select median(a) from t", "median"),
        ("select percentile_cont(0.5) within group (order by a) from t", "percentile_cont"),
        ("select quantile_cont(a, 0.5) from t", "percentile_cont|quantile_cont"),
        ("select list_sum(a) from t", "list_sum"),
        ("select list_filter(a, x -> x > 1) from t", "filter"),
        ("select columns('a.*') from t", "columns"),
        ("select a / b from t", "NULLIF"),
        ("select a // (b + 1) from t", "NULLIF"),
        ("select a % b from t", "NULLIF"),
        ("select round(avg(a), 2) from t", "average rounded"),
        ("select date_trunc('month', a) as month from t", "cast it to DATE"),
        ("select cast(date_trunc('month', a) as timestamp) as month from t", "cast it to DATE"),
    ],
)
def test_each_construct_is_found(sql: str, complaint: str) -> None:
    found = list(complaints(sql))
    assert any(any(word in text for word in complaint.split("|")) for text in found), found


@pytest.mark.parametrize(
    "sql",
    [
        "select a / nullif(b, 0), a / 2, a / sqrt(2) from t",
        "select round(cast(avg(a) as decimal(18, 4)), 2) from t",
        "select cast(date_trunc('month', a) - interval '1' month as date) from t",
        "select max(a) over (partition by b order by c range between 12 preceding and 12 preceding) from t",
        "select count(*), sum(case when a then 1 else 0 end) from t group by b",
    ],
)
def test_what_is_fine_is_let_through(sql: str) -> None:
    assert list(complaints(sql)) == []
