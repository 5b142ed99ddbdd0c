"""A feed: one folder that declares one delivery of one office, and the check of that declaration.

feed.yml is strict: an unknown key, a column that feeds no column of the subject, or a code map for a column that is not
there raises DeclarationError before anything runs. CONTRIBUTING.md explains every key to whoever adds a feed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import yaml

from connectors.sources import protocol
from warehouse.errors import DeclarationError
from warehouse.subjects import Subject, subjects

REPLACES = ("nothing", "period", "everything")
CHECK_KEYS = frozenset({"column", "between", "matches", "in", "not_null", "mostly", "severity"})
_REQUIRED = frozenset(
    {"feed", "subject", "title", "office", "owner", "description", "schedule", "source", "replaces", "columns"}
)
_OPTIONAL = frozenset({"recorded_at", "clock", "optional", "aliases", "codes", "missing", "roster", "allow", "checks"})


@dataclass(frozen=True)
class Roster:
    """One row per person becomes one count per group before anything is written."""

    by: tuple[str, ...]
    count_distinct: str
    counted_as: str


@dataclass(frozen=True)
class Allowance:
    """What a delivery may be short of before the feed stops. Percentages are 0 to 100, days whole.

    A delivery stops when more than rejected_pct of its rows and more than rejected_rows of them cannot be used: the second
    figure keeps a night of three rows from stopping over one.
    rows_min_pct and rows_max_factor compare a delivery of a whole period or register with the last accepted one.
    """

    rejected_pct: float = 0.5
    rejected_rows: int = 0
    rows_min_pct: float = 98.0
    rows_max_factor: float = 5.0
    stale_days: int = 40
    coverage_pct: float = 95.0


@dataclass(frozen=True)
class Feed:
    """A declared feed. `columns` maps each source column to the canonical columns it feeds (none where it is ignored)."""

    name: str
    folder: Path
    subject: Subject
    title_en: str
    title_zh: str
    office: str
    owner: str
    description: str
    schedule: str
    protocol: str
    connection: str
    options: Mapping[str, Any]
    replaces: str
    columns: Mapping[str, tuple[str, ...]]
    personal: frozenset[str]
    recorded_at: str | None = None
    clock: str | None = None
    optional: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    roster: Roster | None = None
    allow: Allowance = field(default_factory=Allowance)
    checks: Sequence[Mapping[str, Any]] = ()

    @property
    def landed_columns(self) -> tuple[str, ...]:
        """The source's columns as they are landed: all declared ones but the personal, and a roster's count."""
        if self.roster:
            return (*self.roster.by, self.roster.counted_as)
        return tuple(column for column in self.columns if column not in self.personal)

    @property
    def stage_sql(self) -> str:
        """The feed's one SELECT, from `delivery` to the subject's columns."""
        path = self.folder / "stage.sql"
        if not path.is_file():
            raise DeclarationError(
                str(self.name), "the folder has no stage.sql", next_step=f"write {path.name}: one select from delivery"
            )
        return path.read_text(encoding="utf-8")


def read_feed(folder: Path) -> Feed:
    """Read and check folder/feed.yml.

    Raises:
        DeclarationError: naming the feed, the key and what would be right.
    """

    def wrong(fact: str, next_step: str) -> NoReturn:
        raise DeclarationError(f"{folder.name}/feed.yml", fact, next_step=next_step)

    def mapping(value: Any, key: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            wrong(f"{key} is no mapping", f"write {key}: {{name: value}}")
        return value

    try:
        raw = yaml.safe_load((folder / "feed.yml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        wrong(f"it cannot be read ({type(error).__name__})", "write the file in UTF-8")
    except yaml.YAMLError as error:
        wrong(f"it is no YAML: {' '.join(str(error).split())}", "mend the line named")
    entry = mapping(raw, "the file")
    if unknown := sorted(set(entry) - _REQUIRED - _OPTIONAL):
        wrong(f"unknown key {', '.join(map(repr, unknown))}", f"use {', '.join(sorted(_REQUIRED | _OPTIONAL))}")
    if absent := sorted(_REQUIRED - set(entry)):
        wrong(f"key {', '.join(map(repr, absent))} is missing", "add it; CONTRIBUTING.md explains each")
    if entry["feed"] != folder.name:
        wrong(f"feed is {entry['feed']!r} in folder {folder.name!r}", "give both the same name")
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,50}", folder.name):
        wrong(f"{folder.name!r} is no feed name", "use small letters, digits and _")
    known_subjects = subjects()
    if entry["subject"] not in known_subjects:
        wrong(f"unknown subject {entry['subject']!r}", f"use one of {', '.join(known_subjects)}")
    subject = known_subjects[entry["subject"]]
    if entry["replaces"] not in REPLACES:
        wrong(f"replaces is {entry['replaces']!r}", f"use one of {', '.join(REPLACES)}")
    if entry["replaces"] == "period" and not subject.period:
        wrong(f"subject {subject.name} has no period to replace", "use nothing or everything")

    columns: dict[str, tuple[str, ...]] = {}
    personal = set()
    for column, target in mapping(entry["columns"], "columns").items():
        targets = target if isinstance(target, list) else [target]
        if targets == ["personal"]:
            personal.add(str(column))
        elif targets != ["ignored"] and (strangers := [t for t in targets if t not in subject.columns]):
            wrong(
                f"column {column!r} feeds {strangers[0]!r}, which {subject.name} does not have",
                f"use one of {', '.join(subject.columns)}, ignored or personal",
            )
        columns[str(column)] = () if targets in (["personal"], ["ignored"]) else tuple(targets)

    def declared(names: Sequence[str], key: str) -> None:
        if strangers := [name for name in names if name not in columns]:
            wrong(f"{key} names {strangers[0]!r}, which is not under columns", "list it under columns")

    roster = None
    if "roster" in entry:
        given = mapping(entry["roster"], "roster")
        if set(given) != {"by", "count_distinct", "as"}:
            wrong("roster needs by, count_distinct and as", "write roster: {by: […], count_distinct: …, as: …}")
        roster = Roster(tuple(given["by"]), given["count_distinct"], given["as"])
        declared([*roster.by, roster.count_distinct, roster.counted_as], "roster")
        if personal & {*roster.by, roster.counted_as}:
            wrong("roster keeps a personal column", "group by columns that name no person")
    recorded_at = entry.get("recorded_at")
    aliases = {str(k): str(v) for k, v in mapping(entry.get("aliases", {}), "aliases").items()}
    codes = {
        str(c): {str(k): str(v) for k, v in mapping(m, f"codes.{c}").items()}
        for c, m in mapping(entry.get("codes", {}), "codes").items()
    }
    declared([recorded_at] if recorded_at else [], "recorded_at")
    declared(list(aliases.values()), "aliases")
    declared(list(codes), "codes")
    declared(list(map(str, entry.get("optional", []))), "optional")

    allowed = mapping(entry.get("allow", {}), "allow")
    if unknown := sorted(set(allowed) - set(Allowance.__dataclass_fields__)):
        wrong(f"unknown key 'allow.{unknown[0]}'", f"use {', '.join(Allowance.__dataclass_fields__)}")
    if not all(isinstance(v, int | float) and v >= 0 for v in allowed.values()):
        wrong("allow holds something that is no figure", "give percentages and days as numbers")
    checks = entry.get("checks", [])
    for check in checks:
        given = mapping(check, "a check")
        if unknown := sorted(set(given) - CHECK_KEYS):
            wrong(f"unknown key {unknown[0]!r} in a check", f"use {', '.join(sorted(CHECK_KEYS))}")
        if given.get("column") not in subject.columns:
            wrong(f"a check names column {given.get('column')!r}", f"use one of {', '.join(subject.columns)}")
        if given.get("severity") not in ("critical", "warning"):
            wrong(f"the check of {given['column']} has no severity", "say severity: critical or warning")

    source = dict(mapping(entry["source"], "source"))
    name, connection = source.pop("protocol", None), source.pop("connection", None)
    if not isinstance(name, str) or not isinstance(connection, str):
        wrong("source needs protocol and connection", "name both")
    if unknown := sorted(set(source) - protocol(name).OPTIONS):
        wrong(f"unknown option {unknown[0]!r} of {name}", f"use {', '.join(sorted(protocol(name).OPTIONS))}")
    title = mapping(entry["title"], "title")
    if set(title) != {"en", "zh"}:
        wrong("title needs en and zh", "give both")
    return Feed(
        name=folder.name,
        folder=folder,
        subject=subject,
        title_en=title["en"],
        title_zh=title["zh"],
        office=entry["office"],
        owner=entry["owner"],
        description=entry["description"],
        schedule=entry["schedule"],
        protocol=name,
        connection=connection,
        options=source,
        replaces=entry["replaces"],
        columns=columns,
        personal=frozenset(personal),
        recorded_at=recorded_at,
        clock=entry.get("clock"),
        optional=frozenset(map(str, entry.get("optional", []))),
        aliases=aliases,
        codes=codes,
        missing=tuple(map(str, entry.get("missing", []))),
        roster=roster,
        allow=Allowance(**allowed),
        checks=tuple(checks),
    )
