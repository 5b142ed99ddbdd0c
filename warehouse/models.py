"""Run the SQL models: one file, one SELECT, one table, with its header as the table's comment.

A model's header is its leading `--` lines: `field: text`, continued on lines indented by two more spaces. The order of a
folder's models is read from the SQL itself. Column meanings come from columns.yml, once for the whole warehouse; a header may
sharpen one for its own table (`column <name>: meaning | 中文名 中文说明`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb
import sqlglot
import yaml
from sqlglot import exp

from warehouse.connection import literal, quote
from warehouse.errors import DeclarationError

HEADER_FIELDS = ("title", "one row is", "answers", "key", "rules", "known gaps", "checked by")
_FIELD = re.compile(r"-- ([a-z]+(?: [a-z0-9_]+)*): ?(.*)")


@dataclass(frozen=True)
class Label:
    """A column's name and meaning in both languages."""

    en: str
    zh: str
    note_zh: str = ""

    @property
    def comment(self) -> str:
        """What a client shows for the column."""
        note = f"：{self.note_zh}" if self.note_zh else ""
        return f"{self.en} | {self.zh}{note}"


@dataclass(frozen=True)
class Model:
    """One SQL file: `header` holds every field of its header comment, `reads` the tables it selects from."""

    path: Path
    schema: str
    name: str
    sql: str
    header: Mapping[str, str]
    columns: Mapping[str, Label]
    reads: frozenset[str]

    @property
    def table(self) -> str:
        """schema.name."""
        return f"{self.schema}.{self.name}"

    @property
    def title_en(self) -> str:
        """The English half of the title."""
        return self.header["title"].partition("|")[0].strip()

    @property
    def title_zh(self) -> str:
        """The Chinese half of the title: the name of the view that operators ask."""
        return self.header["title"].partition("|")[2].strip()

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that tell one row from another."""
        return tuple(part.strip() for part in self.header["key"].split(","))

    @property
    def comment(self) -> str:
        """The header as text, for COMMENT ON TABLE."""
        return "\n".join(f"{field}: {text}" for field, text in self.header.items() if not field.startswith("column "))


def _header(path: Path, sql: str) -> dict[str, str]:
    header: dict[str, str] = {}
    field = ""
    for line in sql.splitlines():
        if not line.startswith("--"):
            break
        if line.startswith("--   ") and field:
            header[field] += " " + line[2:].strip()
        elif found := _FIELD.match(line):
            field = found[1]
            header[field] = found[2].strip()
    if missing := [field for field in HEADER_FIELDS if not header.get(field)]:
        raise DeclarationError(
            str(path.name),
            f"the header says nothing of {', '.join(missing)}",
            next_step="add `-- field: text` above the SQL",
        )
    if "|" not in header["title"]:
        raise DeclarationError(path.name, "the title has no Chinese half", next_step="write title: English | 中文")
    return header


def read_model(path: Path) -> Model:
    """Read one model file; a header without a field, or SQL that is not one SELECT, raises DeclarationError."""
    return _model(path, path.read_text(encoding="utf-8"))


@lru_cache(maxsize=512)  # parsing is most of what a resolve of a small park costs
def _model(path: Path, sql: str) -> Model:
    header = _header(path, sql)
    try:
        statements = [s for s in sqlglot.parse(sql, dialect="duckdb") if s is not None]
    except sqlglot.errors.ParseError as error:
        raise DeclarationError(path.name, f"it does not parse: {str(error)[:200]}", next_step="mend the SQL") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise DeclarationError(path.name, "it is not one SELECT", next_step="write one SELECT with named steps")
    reads = frozenset(f"{table.db}.{table.name}" for table in statements[0].find_all(exp.Table) if table.db)
    columns = {}
    for field, text in header.items():
        if field.startswith("column "):
            meaning, _, zh = text.partition("|")
            name, _, note = zh.strip().partition(" ")
            columns[field.removeprefix("column ")] = Label(meaning.strip(), name, note)
    return Model(path, path.parent.name.partition("_")[2], path.stem, sql, header, columns, reads)


def read_folder(folder: Path) -> list[Model]:
    """A folder's models in the order in which they must run.

    Raises:
        DeclarationError: Models that read each other in a circle.
    """
    models = {model.table: model for model in map(read_model, sorted(folder.glob("*.sql")))}
    graph = {table: sorted(model.reads & set(models)) for table, model in models.items()}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise DeclarationError(
            folder.name,
            f"models read each other in a circle: {' → '.join(error.args[1])}",
            next_step="move the shared step down",
        ) from error
    return [models[table] for table in order]


def read_layers(transforms: Path) -> list[Model]:
    """Every model of every layer, in the order in which a night builds them."""
    return [model for folder in sorted(transforms.glob("[0-9]_*")) for model in read_folder(folder)]


@cache
def labels() -> dict[str, Label]:
    """What every column of the warehouse means, by name (columns.yml)."""
    raw = yaml.safe_load(Path(__file__).with_name("columns.yml").read_text(encoding="utf-8"))
    return {name: Label(entry["en"], entry["zh"], entry.get("note_zh", "")) for name, entry in raw.items()}


def build(connection: duckdb.DuckDBPyConnection, folder: Path, only: Iterable[str] | None = None) -> list[str]:
    """Run a folder's models in order, each into <schema>.<name> made anew, with comments.

    Args:
        connection: The writer's.
        folder: transforms/<n>_<schema>/.
        only: Names of the models to run; all by default.

    Returns:
        The tables made, in order.
    """
    wanted = set(only) if only is not None else None
    models = [model for model in read_folder(folder) if wanted is None or model.name in wanted]
    for model in models:
        connection.execute(f"create schema if not exists {model.schema}")
        make(connection, model)
    return [model.table for model in models]


def make(connection: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Make one model's table anew, with comments."""
    connection.execute(f"create or replace table {model.schema}.{quote(model.name)} as {model.sql}")
    comment(connection, model.schema, model.name, model.comment, model.columns)


def comment(
    connection: duckdb.DuckDBPyConnection, schema: str, name: str, text: str, own: Mapping[str, Label] | None = None
) -> None:
    """Write a table's comment and those of its columns that have a meaning in columns.yml or in `own`."""
    table = f"{schema}.{quote(name)}"
    connection.execute(f"comment on table {table} is {literal(text)}")
    known = labels() | dict(own or {})
    for column, *_ in connection.execute(f"describe {table}").fetchall():
        if column in known:
            connection.execute(f"comment on column {table}.{quote(column)} is {literal(known[column].comment)}")


def load_rules(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[str]:
    """Load every rules/<name>.yml into rules.<name>: its figures as columns of one row, or one row per entry of `rows`.

    Every table has `version`, so that a snapshot can say which rules made it. Rules whose file is gone are gone.

    Raises:
        DeclarationError: A rule file without a version, or whose values are no figures, words or dates.
    """
    read = []
    for path in sorted(folder.glob("*.yml")):
        rows, columns = _rows_of_rule(path), dict[str, str]()
        for row in rows:
            for column, value in row.items():
                columns[column] = _wider(columns.get(column), _kind(path, column, value))
        read.append((path.stem, columns, rows))
    connection.execute("drop schema if exists rules cascade")
    connection.execute("create schema rules")
    for name, columns, rows in read:
        listed = ", ".join(f"{quote(column)} {kind or 'varchar'}" for column, kind in columns.items())
        connection.execute(f"create table rules.{quote(name)} ({listed})")
        connection.executemany(
            f"insert into rules.{quote(name)} values ({', '.join('?' * len(columns))})",
            [[row.get(column) for column in columns] for row in rows],
        )
    return [f"rules.{name}" for name, _, _ in read]


def _rows_of_rule(path: Path) -> list[dict[str, Any]]:
    where = f"rules/{path.name}"
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        fact = f"it is no YAML: {' '.join(str(error).split())}"
        raise DeclarationError(where, fact, next_step="mend the line named") from None
    if not isinstance(raw, dict) or not raw.get("version"):
        raise DeclarationError(where, "it has no version", next_step="add version: to it")
    shared = {column: value for column, value in raw.items() if column != "rows"}
    rows = raw.get("rows", [{}])
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise DeclarationError(where, "rows is no list of mappings", next_step="write one mapping per row")
    return [shared | row for row in rows]


def _kind(path: Path, column: str, value: Any) -> str:
    kinds: Sequence[tuple[type, str]] = (
        (bool, "boolean"),
        (int, "bigint"),
        (float, "double"),
        (date, "date"),
        (str, "varchar"),
        (type(None), ""),
    )
    for kind, name in kinds:
        if isinstance(value, kind):
            return name
    raise DeclarationError(
        f"rules/{path.name}",
        f"{column} is neither figure, word nor date",
        next_step="put lists under rows: as mappings",
    )


def _wider(one: str | None, other: str) -> str:
    if not one or one == other or not other:
        return one or other
    return "double" if {one, other} == {"bigint", "double"} else "varchar"
