"""The subjects that silos report on and their canonical columns, read from subjects.yml.

What a subject is (about an enterprise, a building or an industry, by month or by period, expected every period or not) is data here:
`subject_rows` is the table rules.subject, `views` are the SQL of known.fact, known.figure, known.repeated_fact and
staged.figure, which have a branch per subject. Models and checks that concern every subject read these.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from warehouse.declared import read_yaml
from warehouse.errors import DeclarationError

FILE = Path(__file__).with_name("subjects.yml")
LAST_YEAR = 2100  # no fact, plan or lease of a park is stated for later
# Every staged row carries these after its subject's own columns.
LINEAGE = {
    "feed": "varchar",
    "batch_id": "varchar",
    "row_number": "bigint",
    "recorded_at": "timestamp",
    "received_at": "timestamp",
    "superseded_at": "timestamp",
}
# And these in staged.* alone: `known.*` has no column that a later delivery changes in a row that a past night showed.
STAGED_ONLY = {"last_recorded_at": "timestamp"}
ABOUT = ("enterprise", "building", "industry", "pair", "outsider", "offer", "patent")
# views with a branch per subject; no subject may take their names
GENERATED = ("fact", "figure", "repeated_fact", "differenced_figure")
_REQUIRED = {"title", "row", "about", "silo", "key", "columns"}
_OPTIONAL = {"period", "complete", "region", "expected", "since", "figures", "stocks", "past", "no_enterprise_where"}
_TYPE = re.compile(r"varchar|bigint|boolean|date|timestamp|decimal\(\d+,\d+\)")
_CODE_IN_SIGNAL = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Column:
    """A canonical column: its DuckDB type, and whether a row without it is quarantined."""

    name: str
    type: str
    is_required: bool


@dataclass(frozen=True)
class Subject:
    """What a silo can report: one row is `row`; `key` says which fact it is about within one feed.

    `period` names the column by which a delivery can be the whole of a period; None where a subject has no such column. The
    other attributes are those of subjects.yml, which explains them.
    """

    name: str
    title_en: str
    title_zh: str
    row: str
    key: tuple[str, ...]
    period: str | None
    columns: dict[str, Column]
    about: str = "enterprise"
    silo: str = ""
    is_complete: bool = False
    is_regional: bool = False
    is_expected: bool = False
    since: str | None = None
    figures: Mapping[str, str] = field(default_factory=dict)
    stocks: tuple[str, ...] = ()
    past: tuple[str, ...] = ()
    no_enterprise_where: str | None = None

    @property
    def is_matched(self) -> bool:
        """Whether its records are tied to enterprises."""
        return self.about == "enterprise"

    @property
    def has_months(self) -> bool:
        """Whether a fact is about one month."""
        return "month" in self.columns

    @property
    def has_years(self) -> bool:
        """Whether the subject's facts are of one year each, as statistics are."""
        return "year_number" in self.key

    @property
    def has_periods(self) -> bool:
        """Whether a fact is about a period with a first and a last day."""
        return not self.has_months and {"period_start", "period_end"}.issubset(self.columns)

    @property
    def key_beside_source(self) -> tuple[str, ...]:
        """The key's columns that neither source, time nor a figure's signal states: which of several meters, which payment."""
        stated = {"source_key", "month", "period_start", "period_end"}
        stated |= {column for signal in self.figures for column in _CODE_IN_SIGNAL.findall(signal)}
        return tuple(column for column in self.key if column not in stated)


def read_subjects(path: Path) -> dict[str, Subject]:
    """Read a subjects file; a wrong entry raises DeclarationError naming it."""

    def wrong(where: str, fact: str, next_step: str) -> NoReturn:
        raise DeclarationError(f"{path.name}: {where}", fact, next_step=next_step)

    subjects = {}
    for name, entry in _entries(path).items():
        given = set(entry) if isinstance(entry, dict) else set()
        if unknown := sorted((given ^ _REQUIRED) - _OPTIONAL):
            fact = f"{unknown[0]} is {'unknown' if unknown[0] in given else 'missing'}"
            wrong(name, fact, f"use {sorted(_REQUIRED)}, and where they hold {sorted(_OPTIONAL)}")
        if name in GENERATED:
            wrong(name, f"known.{name} is the view of all subjects", "give the subject another name")
        if entry["about"] not in ABOUT:
            wrong(name, f"about {entry['about']!r} is unknown", f"use one of {', '.join(ABOUT)}")
        columns = {}
        for column, text in entry["columns"].items():
            kind = str(text).removesuffix("!")
            if not _TYPE.fullmatch(kind):
                wrong(f"{name}.{column}", f"{kind!r} is no column type", f"use {_TYPE.pattern}")
            columns[column] = Column(column, kind, str(text).endswith("!"))
        if taken := sorted(set(columns) & set(LINEAGE)):
            wrong(name, f"{taken[0]} is a column of every staged row", "give it another name")
        key, figures = tuple(entry["key"]), dict(entry.get("figures", {}))
        stocks, past = tuple(entry.get("stocks", ())), tuple(entry.get("past", ()))
        named = [
            *key,
            *stocks,
            *past,
            *(entry[option] for option in ("period", "since") if entry.get(option)),
            *figures.values(),
        ]
        named += [column for signal in figures for column in _CODE_IN_SIGNAL.findall(signal)]
        named += ["source_key"] if entry["about"] == "enterprise" else []
        if unknown := [column for column in named if column not in columns]:
            wrong(
                name,
                f"key, period, since, figures, stocks or past name no column: {unknown[0]}",
                "list it under columns",
            )
        if set(columns) == set(key):
            wrong(name, "every column is of the key", "leave out of it what can be corrected")
        subject = Subject(
            name,
            entry["title"]["en"],
            entry["title"]["zh"],
            entry["row"],
            key,
            entry.get("period"),
            columns,
            entry["about"],
            entry["silo"],
            is_complete=bool(entry.get("complete")),
            is_regional=bool(entry.get("region")),
            is_expected=bool(entry.get("expected")),
            since=entry.get("since"),
            figures=figures,
            stocks=stocks,
            past=past,
            no_enterprise_where=entry.get("no_enterprise_where"),
        )
        if (subject.is_expected or figures) and not (subject.has_months or subject.has_periods):
            wrong(name, "it has neither months nor periods", "leave out expected and figures, or add the columns")
        subjects[name] = subject
    return subjects


def _entries(path: Path) -> dict[str, Any]:
    raw = read_yaml(path.read_text(encoding="utf-8"))
    return {name: entry for name, entry in raw.items() if name != "version"}


@cache
def subjects() -> dict[str, Subject]:
    """All subjects by name, in the file's order."""
    return read_subjects(FILE)


def subject_rows() -> list[dict[str, Any]]:
    """The rows of rules.subject: one per subject, with the file's version."""
    version = read_yaml(FILE.read_text(encoding="utf-8")).get("version")
    return [
        {
            "subject": subject.name,
            "title_en": subject.title_en,
            "title_zh": subject.title_zh,
            "about_code": subject.about,
            "silo_code": subject.silo,
            "is_complete": subject.is_complete,
            "is_regional": subject.is_regional,
            "is_expected": subject.is_expected,
            "has_months": subject.has_months,
            "has_periods": subject.has_periods,
            "version": version,
        }
        for subject in subjects().values()
    ]


def views() -> dict[str, str]:
    """The SELECT of each generated view by its name.

    Columns that a query does not read cost nothing, and a branch with a constant that a condition excludes is not read at all.
    """
    every = subjects().values()
    return {
        "known.fact": " union all ".join(map(_fact, every)),
        "known.figure": _figures("known"),
        "known.repeated_fact": " union all ".join(map(_repeated, every)),
        "staged.figure": _figures("staged"),
    }


def month_of_fact(subject: Subject) -> tuple[str, str]:
    """As SQL, the month of a fact, in which its period ends, and how many months the period has."""
    if subject.has_months:
        return "month", "1"
    return (
        "cast(date_trunc('month', period_end) as date)",
        "month_number(period_end) - month_number(period_start) + 1",
    )


def _time(subject: Subject) -> str:
    """The columns month, period_start, period_end and period_months of a subject."""
    if subject.has_months or subject.has_periods:
        first, last = ("month", "month") if subject.has_months else ("period_start", "period_end")
        month, months = month_of_fact(subject)
        return f"{month} as month, {first} as period_start, {last} as period_end, {months} as period_months"
    return (
        "cast(null as date) as month, cast(null as date) as period_start, cast(null as date) as period_end, "
        "cast(null as bigint) as period_months"
    )


def _fact(subject: Subject) -> str:
    """One row is one known fact, of whatever subject: about what and when, and its clocks."""
    source = "source_key" if "source_key" in subject.columns else _joined(subject.key)
    is_of_enterprise = str(subject.is_matched).lower()
    if subject.is_matched and subject.no_enterprise_where:
        is_of_enterprise = f"not coalesce({subject.no_enterprise_where}, false)"
    return (
        f"select '{subject.name}' as subject, feed, {source} as source_key, {_time(subject)}, "
        f"{subject.since or 'cast(null as date)'} as since_date, {is_of_enterprise} as is_of_enterprise, "
        f"{str(subject.is_expected).lower()} as is_expected, recorded_at, received_at from known.{subject.name}"
    )


def _repeated(subject: Subject) -> str:
    """One row is one fact that is known in more than one version."""
    key = ", ".join(subject.key)
    return (
        f"select '{subject.name}' as subject, feed, {_joined(subject.key)} as fact_key, count(*) as version_count "
        f"from known.{subject.name} group by feed, {key} having count(*) > 1"
    )


def _figures(schema: str) -> str:
    """One row is one figure of one fact: its signal, its value, and which fact of the source it is."""
    superseded = ", superseded_at" if schema == "staged" else ""
    branches = [
        f"select '{subject.name}' as subject, feed, source_key, "
        f"{str('source_key' in subject.key).lower()} as is_keyed_by_source, "
        f"{_joined(subject.key_beside_source)} as fact_no, {_time(subject)}, {_signal(signal)} as signal_code, "
        f"cast({column} as decimal(30, 3)) as value, batch_id, received_at{superseded} "
        f"from {schema}.{subject.name}{_of_periods(schema, subject, column)}"
        for subject in subjects().values()
        for signal, column in subject.figures.items()
    ]
    return " union all ".join(branches)


def _of_periods(schema: str, subject: Subject, column: str) -> str:
    """Staged rows keep figures as delivered: running totals and readings have no history as figures of periods."""
    if schema != "staged":
        return ""
    return (
        f" where feed not in (select feed from ops.figure_kind where subject = '{subject.name}' "
        f"and column_name = '{column}' and kind_code <> 'flow')"
    )


def _joined(columns: tuple[str, ...]) -> str:
    """The columns as one text; NULL where there are none."""
    if not columns:
        return "cast(null as varchar)"
    return f"cast({columns[0]} as varchar)" if len(columns) == 1 else f"concat_ws(' ', {', '.join(columns)})"


def _signal(signal: str) -> str:
    """A signal of subjects.yml as SQL: `sales_{tax_kind_code}` is concat('sales_', tax_kind_code)."""
    parts = [part for part in re.split(r"(\{\w+\})", signal) if part]
    texts = [part[1:-1] if part.startswith("{") else f"'{part}'" for part in parts]
    return texts[0] if len(texts) == 1 else f"concat({', '.join(texts)})"
