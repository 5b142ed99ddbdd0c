"""Runs every hand-worked case: tests/models/<schema>.<model>/<case>/{given.<schema>.<table>.csv, expect.csv}.

Cases of the views that operators read are beside them: tests/models/views.<file>/<case>/.

A case gives the tables that its model reads and states what must come out; what it does not state, it does not check.
So that a case shows only what matters for it:

- a table that is not given is empty, a column that is not given is NULL, an empty field is NULL;
- the views of all subjects (known.fact, staged.figure …) are made from the subjects' tables that are given;
- known.* rows come from a feed named after their subject, received on 2026-01-01, each a second after the row above it;
- monthly.workday is made by its own model from the night, where it is not given;
- signals.signal rows are of single months and not provisional; there and in signals.flow month_number follows from
  month; signals.signal_month, signals.alert_measure, signals.value_check, signals.departure,
  industry.offer and industry.purchase are made by their own models from what they read, where they are not given;
- the night is 2026-04-10 12:00 and the calendar its last 36 months, up to March 2026;
- rules are the ones in transforms/rules/: a case shows what they do. Where a branch depends on a rule that today's rules do
  not have (a feed of a worse rank, the plot ratio of one building), the case gives rules.<rule> itself.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest

from tests.conftest import empty_warehouse, prepared
from transforms.night import LAYERS
from warehouse.connection import insert_rows, quote
from warehouse.models import Model, load_rules, read_layers, read_model
from warehouse.subjects import subjects, views
from warehouse.views import View, read_views

CASES = Path(__file__).parent
TRANSFORMS = LAYERS
MODEL_FILES = sorted(TRANSFORMS.glob("[0-9]_*/*.sql"))
VIEW_FILES = sorted(TRANSFORMS.glob("views/*.sql"))
FOLDERS = {path.parent.name.partition("_")[2]: path.parent for path in MODEL_FILES}

# in the order in which they read each other
DERIVED = (
    "monthly.unique_name",
    "monthly.workday",
    "signals.signal_month",
    "signals.believed_month",
    "signals.alert_measure",
    "signals.value_check",
    "signals.departure",
    "signals.part_total",
    "signals.part_flow",
    "industry.list_day",
    "industry.offer",
    "industry.purchase",
    "snapshots.per_mu_rank",
)
NIGHT = "select 'night' as night_id, timestamp '2026-04-10 12:00' as as_of, 'test park' as park_name"
CALENDAR = """
    select month, cast(year(month) * 12 + month(month) as integer), last_day(month), month = date '2026-03-01'
    from (select cast(unnest(generate_series(date '2023-04-01', date '2026-03-01', interval 1 month)) as date) as month)
"""

# models with rows about records or codes as such, whether or not an enterprise has them
ABOUT_RECORDS = {"snapshots.fact_account"}
# a firm's doors are counted over all that its access records say
COUNTS_OLDER = {"monthly.main_building"}
# rows of an enterprise that resolved.enterprise does not have change nothing in them
OF_ENTERPRISES = {
    "industry.candidate",
    "industry.chain_node",
    "industry.need",
    "industry.opportunity",
    "industry.park_industry",
    "monthly.industry_wage",
    "signals.alert",
    "signals.takeover",
    "snapshots.assessment",
    "snapshots.per_mu_indicator",
    "snapshots.presence_month",
}

# views that show an enterprise without a label, by the name that the row has, or none
WITHOUT_LABEL = {
    "views.055_work_list",
    "views.059_offer_demand",
    "views.070_alert_change",
    "views.080_change",
    "views.164_dependence",
    "views.165_partner_silence",
}
# ids of enterprises by other names
IDS = ("offered_by_id", "buyer_key", "seller_key")

Columns = dict[str, str]


def cases(of: str = "model") -> list[Path]:
    every = sorted(path.parent for path in CASES.glob("*.*/*/expect.csv"))
    return [case for case in every if case.parent.name.startswith("views.") == (of == "view")]


def case_name(case: Path) -> str:
    return f"{case.parent.name}/{case.name}"


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    """All cases share a warehouse of macros and rules, which cost more than a case."""
    connection = prepared()
    load_rules(connection, TRANSFORMS / "rules")
    return connection


@pytest.fixture(scope="module")
def table_columns() -> dict[str, Columns]:
    """Columns and types of every table, from a build over an empty warehouse."""
    connection = empty_warehouse("2026-04-10 12:00")
    tables: dict[str, Columns] = {}
    for schema, table, column, kind in connection.execute(
        "select table_schema, table_name, column_name, data_type "
        "from information_schema.columns order by ordinal_position"
    ).fetchall():
        tables.setdefault(f"{schema}.{table}", {})[column] = kind
    return tables


def read_rows(path: Path) -> tuple[list[str], list[list[str | None]]]:
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = list(csv.reader(file))
    wrong = [row for row in rows if len(row) != len(header)]
    assert not wrong, f"{path}: rows of another length than the header: {wrong}"
    return header, [[value or None for value in row] for row in rows]


def fill(connection: duckdb.DuckDBPyConnection, table: str, columns: Columns, given: Path | None) -> None:
    """Make a table with its declared columns and types, and put the given rows into it."""
    schema, name = table.split(".")
    if schema == "known":
        connection.execute(f"drop view if exists {schema}.{quote(name)}")
    declared = ", ".join(f"{quote(column)} {kind}" for column, kind in columns.items())
    connection.execute(f"create or replace table {schema}.{quote(name)} ({declared})")
    if given is None:
        if table == "ops.night":
            connection.execute(f"insert into ops.night {NIGHT}")
        if table == "monthly.month":
            connection.execute(f"insert into monthly.month {CALENDAR}")
        return
    header, rows = read_rows(given)
    strangers = sorted(set(header) - set(columns))
    assert not strangers, f"{given}: {table} has no column {', '.join(strangers)}; it has {', '.join(columns)}"
    listed: list[list[str | None]] = []
    for number, row in enumerate(rows, start=1):
        values: dict[str, str | None] = dict(zip(header, row, strict=True))
        if schema in ("known", "staged"):
            received_at = f"2026-01-01 00:{number // 60:02}:{number % 60:02}"
            lineage = {"feed": name, "received_at": received_at, "batch_id": "1", "row_number": str(number)}
            values = {**{column: value for column, value in lineage.items() if column in columns}, **values}
        if table == "signals.signal":
            values = {"period_months": "1", "is_provisional": "false", **values}
        if table in ("signals.signal", "signals.flow"):
            year, month, _ = str(values["month"]).split("-")
            values["month_number"] = str(int(year) * 12 + int(month))
        names = ", ".join(quote(column) for column in values)
        listed.append(list(values.values()))
    if listed:
        insert_rows(connection, f"{schema}.{quote(name)} ({names})", listed)


def versions(connection: duckdb.DuckDBPyConnection, tables: list[str], column: str) -> set[str]:
    found = [connection.execute(f"select distinct {column} from {one}").fetchall() for one in tables]
    return {part for rows in found for (text,) in rows if text for part in str(text).split("; ") if part}


def rule_versions(connection: duckdb.DuckDBPyConnection) -> set[str]:
    rules = connection.execute(
        "select table_name from duckdb_columns() where schema_name = 'rules' and column_name = 'version'"
    )
    return versions(connection, [f"rules.{quote(name)}" for (name,) in rules.fetchall()], "version")


@lru_cache(maxsize=1)
def todays_versions(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Asked once: a hundred tables for each case are dear."""
    return rule_versions(connection)


def unknown_versions(connection: duckdb.DuckDBPyConnection, table: str, given: list[str]) -> set[str]:
    """What a table names as its rules' versions that is neither a version of today's rules nor in what the case gives."""
    gives_rules = any(one.startswith("rules.") for one in given)
    known = rule_versions(connection) if gives_rules else todays_versions(connection)
    with_versions = [one for one in given if "rule_version" in connection.table(one).columns]
    return versions(connection, [table], "rule_version") - known - versions(connection, with_versions, "rule_version")


def add_strangers(
    connection: duckdb.DuckDBPyConnection, model: str, reads: set[str], columns: dict[str, Columns]
) -> None:
    """Beside every record the same of a stranger: under a key and a feed that no link has, and a link that no record has.

    And a fact of each record long before the calendar begins.
    """
    for table in sorted(reads):
        listed = list(columns[table]) if table in columns else []
        if not table.startswith("known.") or not {"feed", "source_key"} <= set(listed):
            continue
        for changed in ({"source_key": "source_key || '?'"}, {"feed": "'feed of strangers'"}):
            chosen = ", ".join(changed.get(column, quote(column)) for column in listed)
            connection.execute(f"insert into {table} select {chosen} from {table} where feed <> 'feed of strangers'")
        if "month" in listed and "monthly.month" in reads and model not in COUNTS_OLDER:
            chosen = ", ".join("date '1950-01-01'" if column == "month" else quote(column) for column in listed)
            connection.execute(f"insert into {table} select distinct on (feed, source_key) {chosen} from {table}")
    listed = list(columns["resolved.link"])
    changed = {"feed": "'link of strangers'", "enterprise_id": "'E of strangers'"}
    chosen = ", ".join(changed.get(column, quote(column)) for column in listed)
    connection.execute(f"insert into resolved.link select {chosen} from resolved.link")


def add_orphans(connection: duckdb.DuckDBPyConnection, reads: set[str], columns: dict[str, Columns]) -> None:
    """Beside every row of an enterprise the same of one that neither resolved.enterprise nor snapshots.enterprise_label has."""
    for table in sorted(reads - {"resolved.enterprise", "snapshots.enterprise_label"}):
        listed = [] if table.startswith("rules.") else list(columns[table])
        own = [column for column in listed if column.endswith("enterprise_id") or column in IDS]
        if own:
            chosen = ", ".join(f"{quote(c)} || '?'" if c in own else quote(c) for c in listed)
            connection.execute(f"insert into {table} select {chosen} from {table}")


def differences(connection: duckdb.DuckDBPyConnection, table: str, header: list[str]) -> list[str]:
    """What table `expected` and the model's table have and the other has not."""
    listed = ", ".join(map(quote, header))
    missing = connection.execute(
        f"select {listed} from expected except all select {listed} from {table} order by all"
    ).fetchall()
    surplus = connection.execute(
        f"select {listed} from {table} except all select {listed} from expected order by all"
    ).fetchall()
    found = [f"expected, not there: {tuple(map(str, row))}" for row in missing]
    return found + [f"there, not expected: {tuple(map(str, row))}" for row in surplus]


def empty(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop the tables that the case before left; rules stay, and the views over all subjects."""
    for schema, table in connection.execute("select schema_name, table_name from duckdb_tables()").fetchall():
        if schema not in ("ops", "rules", "staged"):
            connection.execute(f"drop table {schema}.{quote(table)}")


def inputs(case: Path, model: Model) -> tuple[dict[str, Path], set[str], list[Model]]:
    """The files that a case gives, the tables that its model reads, and those of them that their own models make."""
    given = {path.name.removeprefix("given.").removesuffix(".csv"): path for path in case.glob("given.*.csv")}
    derived: list[Model] = []
    reads = set(model.reads)
    for table in reversed(DERIVED):
        if table in reads - set(given):
            layer, _, name_of = table.partition(".")
            derived.insert(0, read_model(FOLDERS[layer] / f"{name_of}.sql"))
            reads |= derived[0].reads
    for view in reads & set(views()):
        reads |= {f"{view.partition('.')[0]}.{subject}" for subject in subjects()}
    reads -= set(views())
    unread = sorted(set(given) - reads)
    assert not unread, f"{case}: {model.table} does not read {', '.join(unread)}"
    return given, reads, derived


def model_of(case: Path) -> Model:
    schema, name = case.parent.name.split(".")
    return read_model(FOLDERS[schema] / f"{name}.sql")


def expect(connection: duckdb.DuckDBPyConnection, case: Path, columns: Columns) -> list[str]:
    """Table `expected` from a case; returns its columns."""
    header, rows = read_rows(case / "expect.csv")
    kinds = [columns[column] for column in header]
    connection.execute(
        f"create or replace table expected ({', '.join(map(' '.join, zip(map(quote, header), kinds, strict=True)))})"
    )
    insert_rows(connection, "expected", rows)
    return header


def has_strangers(model: Model, reads: set[str]) -> bool:
    """Whether records of strangers must change nothing in a model."""
    known = any(table.startswith("known.") for table in reads)
    return known and "resolved.link" in reads and model.table not in ABOUT_RECORDS


def make(connection: duckdb.DuckDBPyConnection, models: list[Model]) -> None:
    """Make tables as a night does, without their comments."""
    for model in models:
        connection.execute(f"create or replace table {model.table} as {model.sql}")


@contextmanager
def undone(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Leave the warehouse as it was: the next case has today's rules again."""
    connection.begin()
    try:
        yield
    finally:
        connection.rollback()


@pytest.mark.parametrize("case", cases(), ids=case_name)
def test_case(case: Path, connection: duckdb.DuckDBPyConnection, table_columns: dict[str, Columns]) -> None:
    model = model_of(case)
    given, reads, derived = inputs(case, model)
    with undone(connection) if any(table.startswith("rules.") for table in given) else nullcontext():
        hold_to_case(case, model, given, reads, derived, connection, table_columns)


def hold_to_case(
    case: Path,
    model: Model,
    given: dict[str, Path],
    reads: set[str],
    derived: list[Model],
    connection: duckdb.DuckDBPyConnection,
    table_columns: dict[str, Columns],
) -> None:
    empty(connection)
    for table in sorted(reads):
        if not table.startswith("rules.") or table in given:
            fill(connection, table, table_columns[table], given.get(table))
    make(connection, [*derived, model])

    header = expect(connection, case, table_columns[model.table])
    assert "rule_version" not in header, "a case is worked from figures: raising a version alone must break none"
    if "rule_version" in table_columns[model.table]:
        assert unknown_versions(connection, model.table, sorted(set(given) & reads)) == set()
    found = differences(connection, model.table, header)
    assert not found, "\n".join([case_name(case), f"columns: {', '.join(header)}", *found])
    if has_strangers(model, reads):
        add_strangers(connection, model.table, reads, table_columns)
        make(connection, [*derived, model])
        found = differences(connection, model.table, header)
        assert not found, "\n".join([case_name(case), "with records of strangers beside", *found])
    if model.table in OF_ENTERPRISES:
        add_orphans(connection, reads, table_columns)
        make(connection, [model])
        found = differences(connection, model.table, header)
        assert not found, "\n".join([case_name(case), "with rows of enterprises that are not there beside", *found])


@pytest.fixture(scope="module")
def published_views() -> dict[str, View]:
    """The views of schema 园区 by the name of their file."""
    read = read_views(TRANSFORMS / "views", read_layers(TRANSFORMS), ZoneInfo("Asia/Shanghai"))
    return {path.stem: view for path, view in zip(VIEW_FILES, read, strict=True)}


@pytest.mark.parametrize("case", cases("view"), ids=case_name)
def test_view(
    case: Path,
    connection: duckdb.DuckDBPyConnection,
    table_columns: dict[str, Columns],
    published_views: dict[str, View],
) -> None:
    view = published_views[case.parent.name.removeprefix("views.")]
    given = {path.name.removeprefix("given.").removesuffix(".csv"): path for path in case.glob("given.*.csv")}
    assert set(given) <= view.reads
    empty(connection)
    for table in sorted(view.reads):
        if not table.startswith("rules."):
            fill(connection, table, table_columns[table], given.get(table))
    connection.execute(f"create or replace table of_view as {view.sql}")
    kinds = {row[0]: row[1] for row in connection.execute("describe of_view").fetchall()}
    header = expect(connection, case, kinds)
    found = differences(connection, "of_view", header)
    assert not found, "\n".join([case_name(case), f"columns: {', '.join(header)}", *found])
    if "snapshots.enterprise_label" in view.reads:
        add_orphans(connection, set(view.reads), table_columns)
        connection.execute(f"create or replace table of_view as {view.sql}")
        found = differences(connection, "of_view", header)
        assert bool(found) == (case.parent.name in WITHOUT_LABEL), "\n".join(
            [case_name(case), "with rows of enterprises without a label beside", *found]
        )


@pytest.mark.parametrize("path", [*MODEL_FILES, *VIEW_FILES], ids=lambda path: path.stem)
def test_model_has_a_case(path: Path) -> None:
    folder = CASES / f"{path.parent.name.rpartition('_')[2]}.{path.stem}"
    assert list(folder.glob("*/expect.csv")), f"write {folder.relative_to(CASES.parent.parent)}/<case>/expect.csv"


def test_every_case_belongs_to_a_model() -> None:
    models = {f"{path.parent.name.partition('_')[2]}.{path.stem}" for path in MODEL_FILES}
    models |= {f"views.{path.stem}" for path in VIEW_FILES}
    folders = {path.name for path in CASES.iterdir() if path.is_dir() and "." in path.name}
    assert folders <= models


def test_a_wrong_expectation_fails(
    connection: duckdb.DuckDBPyConnection, table_columns: dict[str, Columns], tmp_path: Path
) -> None:
    """The comparison itself: a value that differs, and a row too few, are found."""
    case = tmp_path / "monthly.headcount" / "wrong"
    case.mkdir(parents=True)
    (case / "given.known.employment.csv").write_text("source_key,month,insured_headcount\nu1,2026-03-01,5\n")
    (case / "given.resolved.link.csv").write_text("feed,source_key,enterprise_id\nemployment,u1,E1\n")
    for wrong in ("enterprise_id,insured_headcount\nE1,6\n", "enterprise_id,insured_headcount\n"):
        (case / "expect.csv").write_text(wrong)
        with pytest.raises(AssertionError, match="there, not expected"):
            test_case(case, connection, table_columns)
