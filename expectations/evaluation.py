"""Great Expectations at work: suites in, outcomes out, and its Data Docs. Importing this imports GX (five seconds).

Each suite is run for yes or no first, and what failed a second time for the counts: on ten million rows that halves the
cost of asking for counts at once, because most checks hold.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import great_expectations as gx
import sqlalchemy
from great_expectations.compatibility import pydantic
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.data_context.types.resource_identifiers import (
    ExpectationSuiteIdentifier,
    ValidationResultIdentifier,
)
from great_expectations.datasource.fluent.interfaces import Batch, TestConnectionError
from great_expectations.expectations.core.unexpected_rows_expectation import UnexpectedRowsExpectation
from great_expectations.expectations.expectation import Expectation

from expectations.duckdb_datasource import DuckDBDatasource, borrow
from expectations.suite import Check, Suite
from warehouse.errors import DeclarationError


class ExpectNoRows(UnexpectedRowsExpectation):
    """GX's expectation of a query without rows, which counts only; GX's runs the query again to list some."""

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.row_count",)

    @pydantic.validator("unexpected_rows_query")
    def _validate_query(cls, query: str) -> str:  # noqa: N805 # a validator is a class method
        # GX's own prints a line for each query without {batch}, fifty times a run; ours name their tables
        return query

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,  # noqa: ARG002 # GX's signature
        execution_engine: Any = None,  # noqa: ARG002
    ) -> dict[str, Any]:
        count = metrics["unexpected_rows_query.row_count"]
        return {"success": count == 0, "result": {"observed_value": count}}


_HEAD = """<head>
<meta http-equiv="Content-Security-Policy"
      content="default-src 'none'; style-src 'unsafe-inline' 'self'; img-src 'self' data:; font-src 'self'">
<style>
  body { font-family: sans-serif; margin: 1.5rem; }
  nav img, .btn-group, [hidden] { display: none; }
  table { border-collapse: collapse; }
  td, th { border: 1px solid #ccc; padding: .2rem .5rem; text-align: left; vertical-align: top; }
  .fa-check-circle::before { content: "✓"; color: #1a7f37; }
  .fa-times::before { content: "✗"; color: #c1121f; }
</style>"""


@dataclass(frozen=True)
class Outcome:
    """What one check came to.

    Attributes:
        check: The check.
        is_met: Whether it holds, its allowance considered.
        observed: The value seen, of a check about a whole table.
        wrong_count: How many rows (or groups of rows) break it; None of a check that holds, or has no single rows.
        row_count: How many rows were looked at.
        error: Why it could not be evaluated, where it could not.
    """

    check: Check
    is_met: bool
    observed: str | None = None
    wrong_count: int | None = None
    row_count: int | None = None
    error: str | None = None


def evaluate(
    connection: duckdb.DuckDBPyConnection, suites: Sequence[Suite], docs: Path | None = None, run_name: str = ""
) -> list[list[Outcome]]:
    """Run suites on an open connection; returns each suite's outcomes in the order of its checks.

    Args:
        connection: Any open connection, also within a transaction; it must have no result half read.
        suites: The suites; a table that is not there makes each of its checks fail with an error.
        docs: A folder to build GX's Data Docs into; they take .03 s a suite.
        run_name: How Data Docs call this run: the night.

    Raises:
        DeclarationError: a check has arguments that its expectation does not take.
    """
    context = _context(docs)
    engine = borrow(connection)
    run = RunIdentifier(run_name=run_name, run_time=datetime.now(UTC))
    try:
        outcomes = [_run(context, engine, suite, run) for suite in suites]
    finally:
        engine.dispose()
    if docs is not None:
        context.build_data_docs()
        _keep_private(docs)
    return outcomes


def _context(docs: Path | None) -> AbstractDataContext:
    """Make a context without files: four milliseconds, so none is kept."""
    sites = {} if docs is None else {"checks": _site(docs)}
    return gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            analytics_enabled=False,
            data_docs_sites=sites,
            progress_bars=ProgressBarsConfig(globally=False, metric_calculations=False),
            store_backend_defaults=InMemoryStoreBackendDefaults(),
        ),
    )


def _site(docs: Path) -> dict[str, Any]:
    return {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(docs)},
    }


def _keep_private(docs: Path) -> None:
    """Let no page of the Data Docs load anything from elsewhere.

    GX's pages fetch scripts, styles and a logo with a time stamp from seven hosts: a park's figures do not belong in a
    page that runs other people's scripts and reports to them when it is read. The browser may load nothing, and the
    little that the pages need to be readable without is written into them.
    """
    for page in docs.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        page.write_text(text.replace("<head>", _HEAD, 1), encoding="utf-8")


def _run(context: AbstractDataContext, engine: sqlalchemy.Engine, suite: Suite, run: RunIdentifier) -> list[Outcome]:
    """Run one suite, and leave its result where Data Docs are built from."""
    try:
        batch = _batch(context, engine, suite.table)
    except TestConnectionError as error:
        reason = f"{suite.table} cannot be read: {_first_line(str(error.__cause__ or error))}"
        return [Outcome(check, is_met=False, error=reason) for check in suite.checks]
    result = batch.validate(_gx_suite(suite.name, suite.table, suite.checks), result_format="BOOLEAN_ONLY")
    by_name = {_name(item): item for item in result.results}
    failed = [check for check in suite.checks if not by_name[check.name].success]
    if failed:
        again = batch.validate(_gx_suite(suite.name, suite.table, failed), result_format="SUMMARY")
        by_name |= {_name(item): item for item in again.results}
    if context.list_data_docs_sites():
        result.results = [by_name[check.name] for check in suite.checks]
        result.meta["run_id"] = run
        context.suites.add(_gx_suite(suite.name, suite.table, suite.checks))
        key = ValidationResultIdentifier(ExpectationSuiteIdentifier(suite.name), run, batch.id)
        context.validation_results_store.set(key, result)
    return [_outcome(check, by_name[check.name]) for check in suite.checks]


def _batch(context: AbstractDataContext, engine: sqlalchemy.Engine, table: str) -> Batch:
    """Name a whole table or view to GX."""
    schema, _, name = table.partition(".")
    if schema in context.data_sources.all():
        datasource = context.data_sources.get(schema)
    else:
        datasource = context.data_sources.add_duckdb(name=schema, database_schema=schema)
        datasource.speak_through(engine)
    assert isinstance(datasource, DuckDBDatasource)
    if name in datasource.get_asset_names():
        datasource.delete_asset(name)
    asset = datasource.add_table_asset(name, table_name=name)
    return asset.add_batch_definition_whole_table("all rows").get_batch()


def _gx_suite(name: str, table: str, checks: Sequence[Check]) -> gx.ExpectationSuite:
    return gx.ExpectationSuite(name=name, expectations=[_expectation(check, table) for check in checks])


def _expectation(check: Check, table: str) -> Expectation:
    """Make GX's expectation of a check; arguments that it does not take raise DeclarationError."""
    arguments: dict[str, Any] = {"severity": check.severity, "meta": {"check": check.name}, "notes": check.why or None}
    if check.expectation == "ExpectNoRows":
        query = escape_query(check.arguments["query"].replace("{table}", table))
        return ExpectNoRows(unexpected_rows_query=query, description=check.name, **arguments)
    try:
        made: Expectation = getattr(gx.expectations, check.expectation)(**check.arguments, **arguments)
    except ValueError as error:  # pydantic's
        raise DeclarationError(
            f"{table}: {check.name}", " ".join(str(error).split()), next_step="correct the check's arguments"
        ) from error
    return made


def escape_query(query: str) -> str:
    """Keep GX from reading braces as its placeholders, and SQLAlchemy from reading `:name` as a parameter."""
    return re.sub(r"(?<![:\w\\]):(?=\w)(?!:)", r"\:", query.replace("{", "{{").replace("}", "}}"))


def _outcome(check: Check, result: ExpectationValidationResult) -> Outcome:
    found, errors = result.result or {}, _errors(result)
    if result.success:
        return Outcome(check, is_met=True)
    if errors:
        return Outcome(check, is_met=False, error=errors[0])
    observed = found.get("observed_value")
    if check.expectation == "ExpectNoRows":
        return Outcome(check, is_met=False, wrong_count=observed)
    return Outcome(
        check,
        is_met=False,
        observed=None if observed is None else str(observed),
        wrong_count=found.get("unexpected_count"),
        row_count=found.get("element_count"),
    )


def _name(result: ExpectationValidationResult) -> str:
    assert result.expectation_config is not None
    return str(result.expectation_config.meta["check"])


def _errors(result: ExpectationValidationResult) -> list[str]:
    """What kept a check from being evaluated; GX gives one entry, or one per figure it could not compute."""
    info = result.exception_info or {}
    entries = [info] if "raised_exception" in info else [entry for entry in info.values() if isinstance(entry, dict)]
    return [_first_line(str(entry["exception_message"])) for entry in entries if entry.get("raised_exception")]


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), text)
