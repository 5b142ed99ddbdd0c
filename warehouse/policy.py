"""Reads policy.yml: who may see which column, how it is shown, on which legal basis and for which purpose.

`director` sees every column. The file says what every other audience sees. A column that no class has stops the publish, so that a
new column is decided before anybody but the director can see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from warehouse.connection import quote
from warehouse.declared import read_yaml
from warehouse.errors import DeclarationError
from warehouse.settings import DIRECTOR

AS_IS, BAND, MASKED, ABSENT = "as_is", "band", "masked", "absent"
SHOWN = (AS_IS, BAND, MASKED, ABSENT)
# of each class; the other keys are audiences
_CLASS_KEYS = {"basis", "purpose", "bands"}
_TABLE_KEYS = {"rows", "also", "without"}
_EDITION_KEYS = {"title", "tables", "statistics"}
_STATISTICS_KEYS = {"signals", "contributors_min", "share_max_pct", "part_contributors_min", "wait_months"}
# none of them is a sum of others
SIGNALS = (
    "headcount",
    "sales",
    "tax_received",
    "leased_area",
    "electricity",
    "water",
    "gas",
    "people_entries",
    "vehicle_entries",
)
DIMENSIONS = ("industry_section", "building")
# what may be in an edition that shows no enterprise, besides its statistics
_WITHOUT_ENTERPRISES = ("ops.night", "ops.feed")


@dataclass(frozen=True)
class Shown:
    """How one column appears in an edition: its name there, the SQL that makes it, and how it is shown."""

    column: str
    name: str
    sql: str
    how: str


@dataclass(frozen=True)
class ColumnClass:
    """Columns of one legal nature."""

    name: str
    audiences: Mapping[str, str]
    basis: str
    purpose: str
    bands: tuple[int, ...] = ()


@dataclass(frozen=True)
class TableRule:
    """What an edition takes of one table."""

    rows: str = ""
    also: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Statistics:
    """Disclosure control of an edition that shows no enterprise.

    Attributes:
        signals: Each published signal with the one dimension that it is divided by.
        contributors_min: Fewest enterprises behind a published number.
        share_max_pct: Largest share of one enterprise in it, per cent.
        part_contributors_min: Fewest enterprises of a part that is shown by itself at first.
        wait_months: Full months that a month waits for late reports: what is released is never revised.
    """

    signals: Mapping[str, str]
    contributors_min: int
    share_max_pct: int
    part_contributors_min: int
    wait_months: int


@dataclass(frozen=True)
class Edition:
    """What one audience gets."""

    audience: str
    title_en: str
    title_zh: str
    tables: Mapping[str, TableRule]
    statistics: Statistics | None = None


@dataclass(frozen=True)
class Policy:
    """The whole file."""

    where: str
    version: str
    classes: Mapping[str, ColumnClass]
    class_of: Mapping[str, str]
    schemas: Mapping[str, str]
    editions: Mapping[str, Edition] = field(default_factory=dict)

    def class_of_column(self, table: str, column: str) -> ColumnClass | None:
        """The class of a column; None where none has it."""
        name = self.schemas.get(table.partition(".")[0]) or self.class_of.get(column)
        return self.classes[name] if name else None

    def hold(self, columns: Iterable[tuple[str, str]]) -> None:
        """Hold the published columns, as (schema.table, column), against the file.

        Raises:
            DeclarationError: A column is in no class.
        """
        missing = [(table, column) for table, column in columns if self.class_of_column(table, column) is None]
        if missing:
            table, column = missing[0]
            more = f", nor have {len(missing) - 1} more" if len(missing) > 1 else ""
            raise DeclarationError(
                f"{table}.{column}",
                f"this column has no class in {self.where}{more}",
                next_step="add its name to a class under `columns:`, which says who may see it, then run `parkbridge sync`. "
                "Published data is unchanged",
            )

    def edition(self, audience: str) -> Edition:
        """The edition of an audience.

        Raises:
            DeclarationError: The file has none.
        """
        if audience not in self.editions:
            raise DeclarationError(
                f"audience {audience!r}",
                f"{self.where} has no edition of that name",
                allowed=", ".join((DIRECTOR, *self.editions)),
                next_step="correct the name, or add an edition to the file. Published data is unchanged",
            )
        return self.editions[audience]

    def shown(self, audience: str, table: str, columns: Mapping[str, str]) -> list[Shown]:
        """How an edition shows the columns of one of its tables; absent ones are not in the list.

        Args:
            audience: The edition's audience.
            table: schema.table.
            columns: Type by column, in order.
        """
        rule, found = self.editions[audience].tables[table], []
        for column, kind in columns.items():
            of = self.class_of_column(table, column)
            assert of is not None, (table, column)
            how = of.audiences.get(audience, ABSENT)
            if rule.also & {column, of.name}:
                how = AS_IS
            if column in rule.without:
                how = ABSENT
            if how == AS_IS:
                found.append(Shown(column, column, quote(column), how))
            elif how == MASKED:
                found.append(Shown(column, column, f"{_masked(column)} as {quote(column)}", how))
            elif how == BAND and kind.split("(")[0] in ("BIGINT", "INTEGER", "DECIMAL", "DOUBLE"):
                name = f"{column}_band"
                found.append(Shown(column, name, f"{_band(column, of.bands)} as {quote(name)}", how))
        return found


def _masked(column: str) -> str:
    text = f"cast({quote(column)} as varchar)"
    return f"'…' || right({text}, least(4, length({text}) // 3)::int)"


def band_labels(bands: tuple[int, ...]) -> list[str]:
    """The texts of a scale: [1, 10, 50] gives below 1, 1-9, 10-49, 50+."""
    inner = [f"{low:,}-{high - 1:,}" for low, high in pairwise(bands)]
    return [f"below {bands[0]:,}" if bands[0] != 1 else "0", *inner, f"{bands[-1]:,}+"]


def _band(column: str, bands: tuple[int, ...]) -> str:
    labels = band_labels(bands)
    whens = " ".join(
        f"when {quote(column)} < {limit} then '{label}'" for limit, label in zip(bands, labels, strict=False)
    )
    return f"case {whens} when {quote(column)} is not null then '{labels[-1]}' end"


def read_policy(path: Path) -> Policy:
    """Read the policy file.

    Raises:
        DeclarationError: It is not there, not valid YAML, or says what it cannot say.
    """
    try:
        raw = read_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DeclarationError(
            str(path), f"it cannot be read: {error.strerror}", next_step="correct PARKBRIDGE_POLICY"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DeclarationError(
            path.name, f"not valid YAML: {' '.join(str(error).split())[:200]}", next_step="correct the file"
        ) from None
    if not isinstance(raw, dict) or not {"version", "classes", "editions", "columns"} <= set(raw):
        raise _refused(path, "it lacks version, classes, editions or columns")
    audiences = set(raw["editions"])
    if DIRECTOR in audiences:
        raise _refused(path, f"editions: {DIRECTOR} sees every column and has no entry")
    classes = {name: _class(path, name, entry, audiences) for name, entry in raw["classes"].items()}
    class_of: dict[str, str] = {}
    for name, text in raw["columns"].items():
        if name not in classes:
            raise _refused(path, f"columns: there is no class {name}")
        for column in str(text).split():
            if column in class_of:
                raise _refused(path, f"column {column} is in {class_of[column]} and in {name}")
            class_of[column] = name
    schemas = raw.get("schemas") or {}
    if strange := set(schemas.values()) - set(classes):
        raise _refused(path, f"schemas: there is no class {sorted(strange)[0]}")
    editions = {
        name: _edition(path, name, entry, set(classes) | set(class_of)) for name, entry in raw["editions"].items()
    }
    return Policy(path.name, str(raw["version"]), classes, class_of, schemas, editions)


def _refused(path: Path, fact: str) -> DeclarationError:
    return DeclarationError(path.name, fact, next_step="correct it (docs/audiences.md). Published data is unchanged")


def _class(path: Path, name: str, entry: Any, audiences: set[str]) -> ColumnClass:
    if not isinstance(entry, dict) or not entry.get("basis") or not entry.get("purpose"):
        raise _refused(path, f"class {name} has no basis or no purpose")
    shown = {key: value for key, value in entry.items() if key not in _CLASS_KEYS}
    if strange := set(shown) - audiences:
        raise _refused(path, f"class {name}: {sorted(strange)[0]} is neither an audience nor basis, purpose, bands")
    if wrong := [value for value in shown.values() if value not in SHOWN]:
        raise _refused(path, f"class {name}: {wrong[0]!r} is none of {', '.join(SHOWN)}")
    bands = tuple(entry.get("bands") or ())
    if BAND in shown.values() and (
        len(bands) < 2 or list(bands) != sorted(set(bands)) or not all(isinstance(one, int) for one in bands)
    ):
        raise _refused(path, f"class {name}: bands are not two or more rising whole numbers")
    return ColumnClass(name, shown, entry["basis"], entry["purpose"], bands)


def _edition(path: Path, name: str, entry: Any, known: set[str]) -> Edition:
    if not isinstance(entry, dict) or not set(entry) <= _EDITION_KEYS or not {"title", "tables"} <= set(entry):
        raise _refused(path, f"edition {name}: its keys are title, tables and statistics")
    tables = {}
    for table, given in entry["tables"].items():
        if strange := set(given) - _TABLE_KEYS:
            raise _refused(path, f"edition {name}, {table}: unknown {sorted(strange)[0]}")
        rule = TableRule(given.get("rows", ""), frozenset(given.get("also", ())), frozenset(given.get("without", ())))
        if rule.also and not rule.rows:
            raise _refused(path, f"edition {name}, {table}: `also` without `rows` shows figures of every signal")
        if unknown := (rule.also | rule.without) - known:
            raise _refused(path, f"edition {name}, {table}: {sorted(unknown)[0]} is no column or class")
        tables[table] = rule
    statistics = _statistics(path, name, entry["statistics"]) if "statistics" in entry else None
    if statistics:
        for table in tables:
            if table not in _WITHOUT_ENTERPRISES and not table.startswith("rules."):
                raise _refused(path, f"edition {name}: {table} may show enterprises; it has statistics alone")
    return Edition(name, entry["title"]["en"], entry["title"]["zh"], tables, statistics)


def _statistics(path: Path, name: str, entry: Any) -> Statistics:
    if not isinstance(entry, dict) or set(entry) != _STATISTICS_KEYS:
        raise _refused(path, f"edition {name}: statistics has the keys {', '.join(sorted(_STATISTICS_KEYS))}")
    if wrong := set(entry["signals"].values()) - set(DIMENSIONS):
        raise _refused(path, f"edition {name}: {sorted(wrong)[0]!r} is none of {', '.join(DIMENSIONS)}")
    if wrong := set(entry["signals"]) - set(SIGNALS):
        raise _refused(path, f"edition {name}: {sorted(wrong)[0]!r} is none of {', '.join(SIGNALS)}")
    found = Statistics(**entry)
    if found.contributors_min < 3 or not 0 < found.share_max_pct <= 80:
        raise _refused(path, f"edition {name}: at least 3 contributors and at most 80 % for one of them")
    return found
