"""A suite: what must hold of one table, as declared in suites/<schema>.<table>.yml.

```yaml
table: resolved.link                # the file's name too
key: [feed, source_key]             # these columns are never empty and together never repeat (critical)
checks:
  - expect: ExpectColumnValuesToBeInSet      # Great Expectations' own name
    column: period_months                    # and its own arguments
    value_set: [1, 3, 12]
    severity: critical                       # critical: the night is not published; warning: reported, nothing stops
    why: what would be wrong otherwise
```

A column of codes needs no check here: that it holds no other code than those of its list (columns.yml) is checked for every
table, see with_codes.

An expectation can be used if it is in ROW_CHECKS or TABLE_CHECKS: those are tried on DuckDB in both directions, and
for those of ROW_CHECKS we can also select the wrong rows, which GX caps at 20 values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from warehouse.connection import literal, quote
from warehouse.declared import read_yaml
from warehouse.errors import DeclarationError
from warehouse.labels import Label

SEVERITIES = ("critical", "warning")


@dataclass(frozen=True)
class Check:
    """One thing that must hold.

    Attributes:
        name: What must hold, in words; unique within its suite.
        expectation: Great Expectations' name for it.
        arguments: That expectation's arguments.
        severity: critical or warning.
        why: What would be wrong otherwise.
        next_step: What to do when it does not hold.
        wrong_rows: A SELECT of the rows that break it, `{table}` standing for the table; None where no single row does.
        about: What results name as the object, where that is not the suite's table.
    """

    name: str
    expectation: str
    arguments: Mapping[str, Any]
    severity: str
    why: str = ""
    next_step: str = ""
    wrong_rows: str | None = None
    about: str | None = None


@dataclass(frozen=True)
class Suite:
    """The checks of one table ("schema.table")."""

    name: str
    table: str
    checks: tuple[Check, ...]


def sql_value(value: Any) -> str:
    """Write a declared value as a SQL literal: text, number, boolean, date or timestamp."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, datetime):
        return f"timestamp '{value:%Y-%m-%d %H:%M:%S}'"
    if isinstance(value, date):
        return f"date '{value:%Y-%m-%d}'"
    return literal(str(value))


def _values(arguments: Mapping[str, Any]) -> str:
    return ", ".join(sql_value(value) for value in arguments["value_set"])


def _bounds(subject: str, arguments: Mapping[str, Any]) -> str:
    """The condition that a value lies within bounds, either of which may be missing or excluded."""
    low, high = arguments.get("min_value"), arguments.get("max_value")
    conditions = []
    if low is not None:
        conditions.append(f"{subject} {'>' if arguments.get('strict_min') else '>='} {sql_value(low)}")
    if high is not None:
        conditions.append(f"{subject} {'<' if arguments.get('strict_max') else '<='} {sql_value(high)}")
    return " and ".join(conditions) or "true"


def _in_words(arguments: Mapping[str, Any]) -> str:
    low, high = arguments.get("min_value"), arguments.get("max_value")
    if low is None:
        return f"at most {high}"
    return f"at least {low}" if high is None else f"between {low} and {high}"


def _not_null(a: Mapping[str, Any]) -> tuple[str, str]:
    return f"{a['column']} is never empty", f"{quote(a['column'])} is null"


def _null(a: Mapping[str, Any]) -> tuple[str, str]:
    return f"{a['column']} is always empty", f"{quote(a['column'])} is not null"


def _between(a: Mapping[str, Any]) -> tuple[str, str]:
    return f"{a['column']} is {_in_words(a)}", f"not ({_bounds(quote(a['column']), a)})"


def _in_set(a: Mapping[str, Any]) -> tuple[str, str]:
    listed = ", ".join(str(value) for value in a["value_set"])
    return f"{a['column']} is one of {listed}", f"{quote(a['column'])} not in ({_values(a)})"


def _not_in_set(a: Mapping[str, Any]) -> tuple[str, str]:
    listed = ", ".join(str(value) for value in a["value_set"])
    return f"{a['column']} is none of {listed}", f"{quote(a['column'])} in ({_values(a)})"


def _matches(a: Mapping[str, Any]) -> tuple[str, str]:
    pattern = sql_value(a["regex"])
    return f"{a['column']} matches {a['regex']}", f"not regexp_matches({quote(a['column'])}, {pattern})"


def _matches_not(a: Mapping[str, Any]) -> tuple[str, str]:
    pattern = sql_value(a["regex"])
    return f"{a['column']} never matches {a['regex']}", f"regexp_matches({quote(a['column'])}, {pattern})"


def _length(a: Mapping[str, Any]) -> tuple[str, str]:
    return f"{a['column']} is {a['value']} characters long", f"length({quote(a['column'])}) <> {sql_value(a['value'])}"


def _length_between(a: Mapping[str, Any]) -> tuple[str, str]:
    column = quote(a["column"])
    return f"the length of {a['column']} is {_in_words(a)}", f"not ({_bounds(f'length({column})', a)})"


def _greater(a: Mapping[str, Any]) -> tuple[str, str]:
    words, sign = ("is not less than", ">=") if a.get("or_equal") else ("is greater than", ">")
    return f"{a['column_A']} {words} {a['column_B']}", f"not ({quote(a['column_A'])} {sign} {quote(a['column_B'])})"


def _equal(a: Mapping[str, Any]) -> tuple[str, str]:
    return f"{a['column_A']} equals {a['column_B']}", f"{quote(a['column_A'])} <> {quote(a['column_B'])}"


# Expectations about single rows: what each says in words, and the condition that is true of a wrong row. As in GX, a
# row without a value is wrong only where the expectation is about having one.
ROW_CHECKS: dict[str, Callable[[Mapping[str, Any]], tuple[str, str]]] = {
    "ExpectColumnValuesToNotBeNull": _not_null,
    "ExpectColumnValuesToBeNull": _null,
    "ExpectColumnValuesToBeBetween": _between,
    "ExpectColumnValuesToBeInSet": _in_set,
    "ExpectColumnValuesToNotBeInSet": _not_in_set,
    "ExpectColumnValuesToMatchRegex": _matches,
    "ExpectColumnValuesToNotMatchRegex": _matches_not,
    "ExpectColumnValueLengthsToEqual": _length,
    "ExpectColumnValueLengthsToBeBetween": _length_between,
    "ExpectColumnPairValuesAToBeGreaterThanB": _greater,
    "ExpectColumnPairValuesToBeEqual": _equal,
}

# Expectations about a table as a whole: no single row breaks them.
TABLE_CHECKS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "ExpectTableRowCountToBeBetween": lambda a: f"the number of rows is {_in_words(a)}",
    "ExpectTableColumnsToMatchSet": lambda a: "the columns are " + ", ".join(a["column_set"]),
    "ExpectColumnValuesToBeOfType": lambda a: f"{a['column']} is of type {a['type_']}",
    "ExpectColumnDistinctValuesToContainSet": lambda a: f"{a['column']} has each of {a['value_set']}",
    "ExpectColumnSumToBeBetween": lambda a: f"the sum of {a['column']} is {_in_words(a)}",
    "ExpectColumnMinToBeBetween": lambda a: f"the least {a['column']} is {_in_words(a)}",
    "ExpectColumnMaxToBeBetween": lambda a: f"the greatest {a['column']} is {_in_words(a)}",
    "ExpectColumnMeanToBeBetween": lambda a: f"the mean {a['column']} is {_in_words(a)}",
    "ExpectColumnProportionOfNonNullValuesToBeBetween": lambda a: f"filled {a['column']}'s share is {_in_words(a)}",
}

# Expectations that must not be used, and what to write instead.
_REFUSED = {
    "ExpectColumnQuantileValuesToBeBetween": "it ends GX's run on DuckDB: use a rule in rules/*.sql",
    "ExpectCompoundColumnsToBeUnique": "it copies the table into a temporary one: use `key:`",
    "ExpectColumnValuesToBeUnique": "it reads the table twice: use `key:` with the one column",
    "UnexpectedRowsExpectation": "write the query as a rule in rules/*.sql",
}


def expect(
    expectation: str, *, severity: str, why: str = "", next_step: str = "", about: str | None = None, **arguments: Any
) -> Check:
    """Make a check from an expectation's name and arguments; both must be known.

    Raises:
        DeclarationError: the expectation, its severity or its arguments cannot be.
    """
    if severity not in SEVERITIES:
        raise DeclarationError(
            expectation, f"severity {severity!r} is unknown", next_step=f"use one of {', '.join(SEVERITIES)}"
        )
    if expectation not in ROW_CHECKS and expectation not in TABLE_CHECKS:
        known = ", ".join([*ROW_CHECKS, *TABLE_CHECKS])
        raise DeclarationError(
            expectation, "this expectation cannot be used", next_step=_REFUSED.get(expectation, f"use one of {known}")
        )
    if "row_condition" in arguments:
        raise DeclarationError(
            expectation, "a check of some rows only cannot be used", next_step="write it as a rule in rules/*.sql"
        )
    wrong_rows = None
    try:
        if expectation in ROW_CHECKS:
            name, condition = ROW_CHECKS[expectation](arguments)
            wrong_rows = f"select * from {{table}} where {condition}"
        else:
            name = TABLE_CHECKS[expectation](arguments)
    except KeyError as missing:
        raise DeclarationError(
            expectation, f"it needs {missing.args[0]!r}", next_step="add it to the check"
        ) from missing
    if (mostly := arguments.get("mostly", 1)) != 1:
        name += f" in {100 * mostly:g} % of rows"
    return Check(name, expectation, arguments, severity, why, next_step, wrong_rows, about)


def unique(columns: Sequence[str], severity: str = "critical", why: str = "", next_step: str = "") -> Check:
    """No two rows agree in all of these columns; two empty values agree."""
    listed = ", ".join(quote(column) for column in columns)
    # Grouping by a hash first costs two thirds of grouping millions of rows by their columns. Rows that agree have one
    # hash, so nothing is missed; the outer grouping leaves out rows that only share a hash.
    query = (
        f"select {listed}, count(*) as row_count from {{table}} where hash({listed}) in "
        f"(select hash({listed}) from {{table}} group by hash({listed}) having count(*) > 1) "
        f"group by {listed} having count(*) > 1"
    )
    name = f"{', '.join(columns)} {'is' if len(columns) == 1 else 'are together'} unique"
    return no_rows(name, query, severity, why, next_step)


def no_rows(
    name: str, query: str, severity: str, why: str = "", next_step: str = "", about: str | None = None
) -> Check:
    """Make the check that a SELECT of wrong rows finds none; `{table}` in it is the suite's table."""
    return Check(name, "ExpectNoRows", {"query": query}, severity, why, next_step, query, about)


def read_suite(path: Path) -> Suite:
    """Read suites/<schema>.<table>.yml; what cannot be raises DeclarationError naming the file and the entry."""
    declared = read_yaml(path.read_text(encoding="utf-8"))
    where = path.name
    if not isinstance(declared, dict) or set(declared) - {"table", "key", "checks"} or "key" not in declared:
        raise DeclarationError(where, "a suite has table, key and checks", next_step="write these three and no other")
    if declared.get("table") != path.stem:
        raise DeclarationError(
            where, f"it declares table {declared.get('table')!r}", next_step="name the file after the table"
        )
    checks = [expect("ExpectColumnValuesToNotBeNull", column=column, severity="critical") for column in declared["key"]]
    checks.append(unique(declared["key"]))
    for number, entry in enumerate(declared.get("checks") or (), start=1):
        arguments = dict(entry)
        expectation, severity = arguments.pop("expect", None), arguments.pop("severity", None)
        try:
            checks.append(expect(str(expectation), severity=str(severity), **arguments))
        except DeclarationError as error:
            raise DeclarationError(
                f"{where}: check {number} ({error.where})", error.fact, next_step=error.next_step
            ) from error
    return Suite(path.stem, path.stem, named_apart(checks, where))


def with_codes(suite: Suite, columns: Sequence[str], known: Mapping[str, Label]) -> Suite:
    """Add to a table's suite that its columns of codes hold only codes of their lists (critical).

    Args:
        suite: The suite as declared.
        columns: The table's columns.
        known: What they mean in this table: columns.yml, and the model's header on top of it.
    """
    checks = [
        expect(
            "ExpectColumnValuesToBeInSet",
            column=column,
            value_set=[code.value for code in known[column].codes],
            severity="critical",
            why="readers filter by it and see its Chinese words; a code outside the list has none",
            next_step="add the code to the column's list (warehouse/columns.yml or the model's header), or correct the model",
        )
        for column in columns
        if column in known and known[column].codes and not known[column].several
    ]
    return Suite(suite.name, suite.table, named_apart([*suite.checks, *checks], suite.name))


def named_apart(checks: Sequence[Check], where: str) -> tuple[Check, ...]:
    """Return the checks if their names differ; results are known by suite and name."""
    names = [check.name for check in checks]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DeclarationError(where, f"declared twice: {'; '.join(twice)}", next_step="remove one of the two")
    return tuple(checks)
