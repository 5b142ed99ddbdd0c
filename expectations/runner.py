"""Runs the checks of a stage or of one feed, keeps what came out in the warehouse, and stops on a critical failure.

All checks are run and their results kept before anything stops. Call these outside a transaction: a rollback would take
the results with it.

`ops.validation_result` has a row per check; `ops.validation_failure` has up to FAILURES_KEPT of the rows that break it
(`unexpected_count` of the result is the true count). A second run of the same night and suite replaces the first one's.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from expectations.contracts import DeclaredFeed, contract
from expectations.identity_numbers import no_identity_numbers
from expectations.rule import STAGES, read_rule
from expectations.suite import Suite, named_apart, read_suite, with_codes
from warehouse.connection import insert_rows
from warehouse.errors import CheckFailed, DeclarationError
from warehouse.labels import labels
from warehouse.models import read_header
from warehouse.reconcile import MODEL_SCHEMAS
from warehouse.settings import CHECKOUT

if TYPE_CHECKING:
    from expectations.evaluation import Outcome

FAILURES_KEPT = 100

_HERE = Path(__file__).parent
TRANSFORMS = CHECKOUT / "transforms"
# The schemas that a stage's suites are about: what has just been built when it is run.
_SCHEMAS = {"resolved": ("resolved",), "snapshots": ("monthly", "signals", "industry", "snapshots")}
_TABLES = {
    "validation_result": "night_id varchar, suite varchar, object_name varchar, check_name varchar, severity varchar, "
    "success boolean, observed varchar, unexpected_count bigint, unexpected_pct double, message varchar, "
    "checked_at timestamp",
    "validation_failure": "night_id varchar, suite varchar, object_name varchar, check_name varchar, row_json varchar",
}


@dataclass(frozen=True)
class Result:
    """What one check came to, as `ops.validation_result` keeps it.

    Attributes:
        suite: The suite: a table's, `rules.<stage>` or `feed.<feed>`.
        object_name: The table, or the rule.
        check_name: What must hold, in words.
        severity: critical or warning.
        success: Whether it holds, its allowance considered.
        observed: What was seen: wrong rows of how many, or the value; None where it holds.
        unexpected_count: How many rows, or groups of rows, break it.
        unexpected_pct: The same as a share of the rows looked at, in percent.
        message: "holds", or what is wrong and what to do next.
    """

    suite: str
    object_name: str
    check_name: str
    severity: str
    success: bool
    observed: str | None
    unexpected_count: int | None
    unexpected_pct: float | None
    message: str


def validate(
    connection: duckdb.DuckDBPyConnection, stage: str, night_id: str, folder_of_docs: Path | None = None
) -> list[Result]:
    """Run the suites and rules of a stage of the night.

    Args:
        connection: The writer's connection, outside a transaction.
        stage: "resolved", after the enterprises are resolved, or "snapshots", before publishing.
        night_id: The night, as in `ops.night`.
        folder_of_docs: Where to build Great Expectations' Data Docs; its folder named as the stage is replaced.

    Raises:
        CheckFailed: a critical check does not hold; all results are kept by then.
        DeclarationError: a suite or rule file says something that cannot be.
    """
    suites = stage_suites(connection, stage)
    docs = None if folder_of_docs is None else folder_of_docs / stage
    return _run(connection, suites, night_id, f"night {night_id}, {stage}", "the last published night stays", docs)


def check_feed(connection: duckdb.DuckDBPyConnection, feed: DeclaredFeed, batch_id: str) -> list[Result]:
    """Hold the rows in `incoming.<feed>` against the feed's contract, before they are accepted.

    Args:
        connection: The writer's connection, outside a transaction.
        feed: The feed; only its name, subject and checks are read.
        batch_id: The batch that is waiting; its results are kept under this in place of a night.

    Raises:
        CheckFailed: a critical check does not hold; all results are kept by then.
        DeclarationError: feed.yml's checks say something that cannot be.
    """
    where = f"{feed.name} {batch_id}"
    return _run(connection, [contract(feed)], batch_id, where, "nothing of the delivery is accepted", None)


def stage_suites(connection: duckdb.DuckDBPyConnection, stage: str) -> list[Suite]:
    """Read the suites of a stage: one per table of suites/*.yml, and one of all its rules/*.sql."""
    if stage not in STAGES:
        raise DeclarationError("validation", f"stage {stage!r} is unknown", next_step=f"use one of {', '.join(STAGES)}")
    suites = [
        _with_codes(connection, read_suite(path))
        for path in sorted((_HERE / "suites").glob("*.yml"))
        if path.stem.partition(".")[0] in _SCHEMAS[stage]
    ]
    rules = [read_rule(path) for path in sorted((_HERE / "rules").glob("*.sql"))]
    checks = [rule.check for rule in rules if rule.stage == stage]
    if stage == STAGES[-1] and (check := no_identity_numbers(connection, MODEL_SCHEMAS)):
        checks.append(check)
    name = f"rules.{stage}"
    # a rule reads several tables; GX wants one to start from
    return [*suites, Suite(name, "ops.night", named_apart(checks, name))]


def _with_codes(connection: duckdb.DuckDBPyConnection, suite: Suite) -> Suite:
    schema, _, name = suite.table.partition(".")
    columns = connection.execute(
        "select column_name from duckdb_columns() where schema_name = ? and table_name = ? "
        "and database_name = current_database() order by column_index",
        [schema, name],
    ).fetchall()
    known = labels()
    for path in TRANSFORMS.glob(f"[0-9]_{schema}/{name}.sql"):
        known = known | dict(read_header(path.name, path.read_text(encoding="utf-8")).columns)
    return with_codes(suite, [column for (column,) in columns], known)


def _run(
    connection: duckdb.DuckDBPyConnection,
    suites: Sequence[Suite],
    night_id: str,
    where: str,
    consequence: str,
    docs: Path | None,
) -> list[Result]:
    from expectations.evaluation import evaluate  # five seconds: only where checks are run

    if docs is not None:
        shutil.rmtree(docs, ignore_errors=True)
    outcomes = evaluate(connection, suites, docs=docs, run_name=night_id)
    results = [_result(suite, outcome) for suite, ours in zip(suites, outcomes, strict=True) for outcome in ours]
    _keep(connection, night_id, suites, outcomes, results)
    stopping = [result for result in results if not result.success and result.severity == "critical"]
    if stopping:
        listed = "; ".join(result.message.partition(". Next: ")[0] for result in stopping[:5])
        more = f"; and {len(stopping) - 5} more" if len(stopping) > 5 else ""
        own_step = stopping[0].message.partition(". Next: ")[2]
        rows = f"the rows are in ops.validation_failure, night_id {night_id}"
        raise CheckFailed(
            where,
            f"{consequence}; {len(stopping)} of {len(results)} checks failed: {listed}{more}",
            next_step=f"{own_step}; {rows}" if own_step else f"look at what is wrong; {rows}",
        )
    return results


def _result(suite: Suite, outcome: Outcome) -> Result:
    check, name = outcome.check, outcome.check.about or suite.table
    share = 100 * outcome.wrong_count / outcome.row_count if outcome.wrong_count and outcome.row_count else None
    observed = None if outcome.is_met else _observed(outcome, share)
    message = "holds" if observed is None else f"{name}: {check.name}: {observed}{_allowed(outcome)}"
    if not outcome.is_met and check.next_step:
        message += f". Next: {check.next_step}"
    return Result(
        suite.name, name, check.name, check.severity, outcome.is_met, observed, outcome.wrong_count, share, message
    )


def _observed(outcome: Outcome, share: float | None) -> str:
    if outcome.error:
        return f"it could not be checked ({outcome.error})"
    if outcome.wrong_count is None:
        return f"found {outcome.observed}"
    if share is None:
        return f"{outcome.wrong_count:,} wrong"
    return f"{outcome.wrong_count:,} of {outcome.row_count:,} rows ({share:.1f} %) wrong"


def _allowed(outcome: Outcome) -> str:
    if outcome.wrong_count is None:
        return ""  # the check's name says what is allowed
    mostly = float(outcome.check.arguments.get("mostly", 1))
    return f"; {100 * (1 - mostly):.3g} % allowed" if mostly < 1 else "; none allowed"


def _keep(
    connection: duckdb.DuckDBPyConnection,
    night_id: str,
    suites: Sequence[Suite],
    outcomes: Sequence[Sequence[Outcome]],
    results: Sequence[Result],
) -> None:
    """Write results, and rows that break what failed, in place of an earlier run's."""
    connection.execute("create schema if not exists ops")
    names = [suite.name for suite in suites]
    for table, columns in _TABLES.items():
        connection.execute(f"create table if not exists ops.{table} ({columns})")
        connection.execute(f"delete from ops.{table} where night_id = ? and list_contains(?, suite)", [night_id, names])
    now = datetime.now(UTC).replace(tzinfo=None)
    rows = [
        [
            night_id, result.suite, result.object_name, result.check_name, result.severity, result.success,
            result.observed, result.unexpected_count, result.unexpected_pct, result.message, now,
        ]
        for result in results
    ]  # fmt: skip
    insert_rows(connection, "ops.validation_result", rows)
    for suite, ours in zip(suites, outcomes, strict=True):
        for outcome in ours:
            check = outcome.check
            if outcome.is_met or outcome.error or check.wrong_rows is None:
                continue
            wrong = check.wrong_rows.replace("{table}", suite.table)
            connection.execute(
                "insert into ops.validation_failure select ?, ?, ?, ?, cast(to_json(wrong) as varchar) "
                f"from (select * from ({wrong}) order by all limit {FAILURES_KEPT}) as wrong",
                [night_id, suite.name, check.about or suite.table, check.name],
            )
