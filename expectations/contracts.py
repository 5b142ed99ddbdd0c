"""A feed's contract: what its staged rows must satisfy before they are accepted, made from its feed.yml.

The subject gives the columns, their types, which are required and which codes a column may hold (columns.yml); `checks` in
feed.yml give the rest:

```yaml
checks:
  - {column: insured_headcount, between: [0, 200000], severity: critical}
  - {column: uscc, matches: '^[0-9A-Z]{18}$', mostly: 0.9, severity: warning}
  - {column: tax_kind_code, in: [vat, cit], not_null: true, severity: critical}
```
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from expectations.suite import Check, Suite, expect, unique
from warehouse.errors import DeclarationError
from warehouse.labels import labels
from warehouse.subjects import LINEAGE, Subject

_CONDITIONS = ("between", "matches", "in", "not_null")
_ENTRY = {"column", "severity", "mostly", *_CONDITIONS}
# What GX calls DuckDB's types when it reads them from the catalogue.
_GX_TYPES = {
    "varchar": "String",
    "bigint": "BIGINT",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "decimal": "Numeric",
}
_CODE_STEP = "map the office's words to codes of {name} (warehouse/columns.yml) by `codes` in feed.yml or in stage.sql"
_NEXT_STEP = "ask the office for a corrected delivery, or change the contract in feed.yml if the source is right"


class DeclaredFeed(Protocol):
    """What a contract needs to know of a feed (connectors.feed.Feed)."""

    @property
    def name(self) -> str:
        """The feed's name."""

    @property
    def subject(self) -> Subject:
        """The subject it feeds."""

    @property
    def checks(self) -> Sequence[Mapping[str, Any]]:
        """The entries of `checks` in its feed.yml."""


def contract(feed: DeclaredFeed) -> Suite:
    """Make the suite of `incoming.<feed>`: the feed's staged rows that wait to be accepted.

    Raises:
        DeclarationError: an entry of `checks` says something that cannot be.
    """
    subject, known = feed.subject, labels()
    checks = [
        expect("ExpectColumnValuesToBeOfType", column=name, type_=_gx_type(kind), severity="critical")
        for name, kind in _types(subject).items()
    ]
    required = [column.name for column in subject.columns.values() if column.is_required]
    checks += [
        expect("ExpectColumnValuesToNotBeNull", column=name, severity="critical", next_step=_NEXT_STEP)
        for name in (*required, "feed", "batch_id", "row_number")
    ]
    # a code that no model knows is in no total, and the sum of all kinds stated as a kind would be in it twice
    checks += [
        expect(
            "ExpectColumnValuesToBeInSet",
            column=name,
            value_set=[code.value for code in known[name].codes if not code.is_derived],
            severity="critical",
            next_step=_CODE_STEP.format(name=name),
        )
        for name in subject.columns
        if name in known and known[name].codes
    ]
    # both versions of a corrected row may arrive in one batch, distinguished by their times
    checks.append(unique([*subject.key, "batch_id", "received_at", "recorded_at"], next_step=_NEXT_STEP))
    for number, entry in enumerate(feed.checks, start=1):
        checks += _declared(entry, subject, f"{feed.name}/feed.yml: checks, entry {number}")
    by_name: dict[str, Check] = {}
    for check in checks:
        by_name.setdefault(check.name, check)  # feed.yml may say again what the subject demands already
    return Suite(f"feed.{feed.name}", f"incoming.{feed.name}", tuple(by_name.values()))


def _types(subject: Subject) -> dict[str, str]:
    own = {column.name: column.type for column in subject.columns.values()}
    return own | {name: kind for name, kind in LINEAGE.items() if name != "superseded_at"}


def _gx_type(kind: str) -> str:
    return _GX_TYPES[kind.partition("(")[0]]


def _declared(entry: Mapping[str, Any], subject: Subject, where: str) -> list[Check]:
    """Make the checks of one entry of `checks`: one per condition."""
    unknown = sorted(set(entry) - _ENTRY)
    column = entry.get("column")
    if unknown:
        raise DeclarationError(where, f"unknown {', '.join(unknown)}", next_step=f"use {', '.join(sorted(_ENTRY))}")
    if column not in subject.columns:
        raise DeclarationError(
            where, f"{column!r} is no column of {subject.name}", next_step=f"use one of {', '.join(subject.columns)}"
        )
    if not any(entry.get(condition) for condition in _CONDITIONS):
        raise DeclarationError(where, "it has no condition", next_step=f"add one of {', '.join(_CONDITIONS)}")
    common: dict[str, Any] = {"column": column, "severity": str(entry.get("severity")), "next_step": _NEXT_STEP}
    if "mostly" in entry:
        common["mostly"] = entry["mostly"]
    checks = []
    if entry.get("not_null"):
        checks.append(expect("ExpectColumnValuesToNotBeNull", **common))
    if "between" in entry:
        if not isinstance(entry["between"], list) or len(entry["between"]) != 2:
            raise DeclarationError(
                where, f"between is {entry['between']!r}", next_step="write between: [least, greatest]"
            )
        low, high = entry["between"]
        checks.append(expect("ExpectColumnValuesToBeBetween", min_value=low, max_value=high, **common))
    if "matches" in entry:
        checks.append(expect("ExpectColumnValuesToMatchRegex", regex=str(entry["matches"]), **common))
    if "in" in entry:
        checks.append(expect("ExpectColumnValuesToBeInSet", value_set=list(entry["in"]), **common))
    return checks
