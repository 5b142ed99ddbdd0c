"""Run the SQL models: one file, one SELECT, one table; its header is the comment of the published table.

A model's header is its leading `--` lines: `field: text`, continued on lines indented by two more spaces. A continuation that
begins with `* ` is a bullet and keeps its line. The text behind ` | `, or on continuations from one that begins with `| `
on, is the field's Chinese half:

    -- title: Six flows | 进出与增减
    -- one row is: one signal of one enterprise in one month | 一家企业一个月的一个指标
    -- rules:
    --   * open: positive now; zero or absent in the 24 months before.
    --   * expand: positive in both months and larger now.
    --   | 口径：
    --   * 新设：本月为正，此前24个月为零或无数据。
    --   * 扩张：两月均为正且本月更大。

The order of a folder's models is read from the SQL itself. Column meanings come from columns.yml, once for the whole
warehouse; a header may sharpen one for its own table (`column <name>: meaning | 中文名 中文说明`), and say which codes of a column
this table holds (`codes <name>: sales, tax`) or list its own (one bullet each: `* code: meaning | 中文名：中文说明`; `codes
<name>: several` above them where one value holds several codes).
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache, lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb
import yaml

from warehouse.connection import insert_rows, literal, quote, the_row, transaction
from warehouse.declared import read_yaml
from warehouse.errors import DeclarationError
from warehouse.labels import Code, Label, labels
from warehouse.subjects import subject_rows

# as a table's row: of a constant it would be parsed several times
_PARSE = (
    "select json_serialize_sql(query, skip_null := true, skip_empty := true, skip_default := true) "
    "from (select unnest([?]) as query)"
)

LIMIT = "_limit"
"""Of a rule file with rows, the table of its version and limits has this after its name."""

HEADER_FIELDS = ("title", "one row is", "answers", "key", "rules", "known gaps", "checked by")
OPTIONAL_FIELDS = ("example", "rebuild")
# how a night rebuilds a model that is not made whole (warehouse/parts.py)
REBUILDS = ("by_enterprise", "nightly")
# fields that have a Chinese half, with the words before it where people read it
CHINESE_FIELDS = {
    "title": "",
    "one row is": "一行是",
    "answers": "回答",
    "rules": "口径",
    "example": "举例",
    "known gaps": "局限",
}
_FIELD = re.compile(r"-- ((?:column|codes) [^\s:]+|[a-z]+(?: [a-z0-9_]+)*): ?(.*)")
# what is nearly a field: capitals, other spaces
_NEARLY_FIELD = re.compile(r"--\s*(\w[\w ]*?)\s*[:：]")
_OWN_CODE = re.compile(r"\* ([\w-]+): (.+?) \| ([^：]+?)(?:：(.+))?")


@dataclass(frozen=True)
class Model:
    """One SQL file: `header` has every field of its header comment, `chinese` the Chinese halves, `reads` what it selects from."""

    path: Path
    schema: str
    name: str
    sql: str
    header: Mapping[str, str]
    columns: Mapping[str, Label]
    reads: frozenset[str]
    chinese: Mapping[str, str] = field(default_factory=dict)

    @property
    def table(self) -> str:
        """schema.name."""
        return f"{self.schema}.{self.name}"

    @property
    def title_en(self) -> str:
        """The English half of the title."""
        return self.header["title"]

    @property
    def title_zh(self) -> str:
        """The Chinese half of the title: the name of the view."""
        return self.chinese["title"]

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that identify a row."""
        return tuple(part.strip() for part in self.header["key"].split(","))

    @property
    def comment(self) -> str:
        """The header as text, for COMMENT ON TABLE: the English fields, then the Chinese ones."""
        shown = {name: text for name, text in self.header.items() if not name.startswith(("column ", "codes "))}
        shown["title"] = f"{self.title_en} | {self.title_zh}"
        return "\n".join([*(f"{name}: {text}" for name, text in shown.items()), *self._chinese_lines()])

    @property
    def comment_zh(self) -> str:
        """The Chinese halves as text, for COMMENT ON VIEW."""
        return "\n".join(self._chinese_lines())

    def _chinese_lines(self) -> list[str]:
        return [
            f"{label}：{self.chinese[name]}"
            for name, label in CHINESE_FIELDS.items()
            if label and self.chinese.get(name)
        ]


@dataclass(frozen=True)
class Header:
    """A header as written: fields, their Chinese halves, and what it says of columns."""

    fields: Mapping[str, str]
    chinese: Mapping[str, str]
    columns: Mapping[str, Label]


def read_header(where: str, sql: str, required: Iterable[str] = HEADER_FIELDS) -> Header:
    """Read the leading comment of a SQL file.

    Args:
        where: The file's name, for messages.
        sql: Its text.
        required: Fields without which it is refused.

    Raises:
        DeclarationError: A field is missing, unknown or written twice; the title has no Chinese half; a code list is none.
    """
    written = _written(where, sql)
    fields, chinese = {}, {}
    for name, lines in written.items():
        english, half = _halves(lines) if name in CHINESE_FIELDS else (_joined(lines, "column " in name), "")
        fields[name] = english
        if half:
            chinese[name] = half.removeprefix(f"{CHINESE_FIELDS[name]}：")
    if missing := [name for name in required if not fields.get(name)]:
        raise DeclarationError(
            where, f"the header says nothing of {', '.join(missing)}", next_step="add `-- field: text` above the SQL"
        )
    if not chinese.get("title"):
        raise DeclarationError(where, "the title has no Chinese half", next_step="write title: English | 中文")
    if fields.get("rebuild", REBUILDS[0]) not in REBUILDS:
        raise DeclarationError(
            where,
            f"rebuild is {fields['rebuild']!r}",
            allowed=" or ".join(REBUILDS),
            next_step="correct it, or leave it out: the model is made whole",
        )
    return Header(fields, chinese, _columns(where, fields))


def _written(where: str, sql: str) -> dict[str, list[str]]:
    """The lines of each field."""
    written: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in sql.splitlines():
        if not line.startswith("--"):
            break
        if line.startswith("--   ") and current is not None:
            current.append(line[2:].strip())
        elif found := _FIELD.match(line):
            name = found[1]
            if name not in (*HEADER_FIELDS, *OPTIONAL_FIELDS) and not name.startswith(("column ", "codes ")):
                known = ", ".join((*HEADER_FIELDS, *OPTIONAL_FIELDS, "column <name>", "codes <name>"))
                raise DeclarationError(
                    where,
                    f"the header has an unknown field {name!r}",
                    allowed=known,
                    next_step="correct its name; put a remark on the SQL below the first line of the SQL",
                )
            if name in written:
                raise DeclarationError(where, f"the header has {name!r} twice", next_step="write one field of it")
            current = written[name] = [found[2].strip()]
        elif (nearly := _NEARLY_FIELD.match(line)) and nearly[1].lower() in (*HEADER_FIELDS, *OPTIONAL_FIELDS):
            # such a line would be taken for a remark, and the field for one that is not there
            raise DeclarationError(
                where,
                f"the header's line {line!r} is no field",
                next_step=f"write it as `-- {nearly[1].lower()}: text`",
            )
        else:
            current = None
    return written


def _halves(lines: Sequence[str]) -> tuple[str, str]:
    english: list[str] = []
    chinese: list[str] = []
    half = english
    for line in lines:
        if half is english:
            if line == "|" or line.startswith("| "):
                half, rest = chinese, line[1:].strip()
            else:
                # a bar at the end of a line begins the Chinese half too
                before, bar, rest = f"{line} ".partition(" | ")
                half.append(before.strip())
                if not bar:
                    continue
                half = chinese
            half.append(rest.strip())
        else:
            half.append(line)
    return _joined(english), _joined(chinese)


def _joined(lines: Iterable[str], is_note: bool = False) -> str:
    """Continuations make one line, bullets lines of their own; Chinese words are joined without a space.

    `is_note`: `meaning | 中文名 中文说明`: the space behind the name stays where the line ends there.
    """
    text = ""
    for line in filter(None, lines):
        if line.startswith("* "):
            text += f"\n{line}"
        else:
            is_chinese = text and not text[-1].isascii() and not line[0].isascii()
            if is_note and " " not in text.partition(" | ")[2]:
                is_chinese = False
            text += line if not text or is_chinese else f" {line}"
    return text


def _columns(where: str, fields: Mapping[str, str]) -> dict[str, Label]:
    """What the header says of its own columns, on top of columns.yml."""
    found: dict[str, Label] = {}
    for name, text in fields.items():
        if name.startswith("column "):
            meaning, _, zh = text.partition(" | ")
            title, _, note = zh.strip().partition(" ")
            column = name.removeprefix("column ")
            known = labels().get(column)
            found[column] = Label(
                meaning.strip(), title, note.strip(), known.codes if known else (), bool(known and known.several)
            )
    for name, text in fields.items():
        if name.startswith("codes "):
            column = name.removeprefix("codes ")
            label = found.get(column) or labels().get(column)
            if label is None:
                raise DeclarationError(
                    where, f"codes of {column}, which has no meaning", next_step=f"add {column} to columns.yml"
                )
            first, _, rest = text.partition("\n")
            is_several = first.strip() == "several"
            codes = _own_codes(where, column, rest if is_several else text, label)
            found[column] = dataclasses.replace(label, codes=codes, several=label.several or is_several)
    return found


def _own_codes(where: str, column: str, text: str, label: Label) -> tuple[Code, ...]:
    if text.lstrip().startswith("* "):
        listed = [_OWN_CODE.fullmatch(line) for line in text.strip().splitlines()]
        if not all(listed):
            raise DeclarationError(
                where,
                f"a code of {column} cannot be read",
                next_step="write each as `* code: meaning | 中文名` or `* code: meaning | 中文名：中文说明`",
            )
        return tuple(Code(m[1], m[2].strip(), m[3].strip(), (m[4] or "").strip()) for m in listed if m)
    known = {str(code.value): code for code in label.codes}
    wanted = [part.strip() for part in text.split(",")]
    if unknown := [code for code in wanted if code not in known]:
        raise DeclarationError(
            where,
            f"{column} has no code {', '.join(unknown)}",
            next_step="name codes of its list in columns.yml, or list its own as bullets",
        )
    return tuple(known[code] for code in wanted)


def read_model(path: Path) -> Model:
    """Read one model file; a header without a field, or SQL that is not one SELECT, raises DeclarationError."""
    return _model(path, path.read_text(encoding="utf-8"))


@lru_cache(maxsize=512)  # parsing is most of what a resolve of a small park costs
def _model(path: Path, sql: str) -> Model:
    header, reads = read_header(path.name, sql), _reads(path.name, sql)
    schema = path.parent.name.partition("_")[2]
    return Model(path, schema, path.stem, sql, header.fields, header.columns, reads, header.chinese)


@lru_cache(maxsize=512)  # wherever the file is: a copy of the layers is parsed once
def _reads(name: str, sql: str) -> frozenset[str]:
    """The tables that a model selects from."""
    reads = set[str]()

    def note(node: dict[str, Any]) -> dict[str, Any] | None:
        if node.get("type") == "BASE_TABLE" and "schema_name" in node:
            reads.add(f"{node['schema_name']}.{node['table_name']}")
        return node if "error" in node else None

    (tree,) = the_row(_parser().cursor(), _PARSE, [sql])
    parsed = json.loads(tree, object_hook=note)
    if parsed.get("error_type") == "parser":
        raise DeclarationError(name, f"it does not parse: {parsed['error_message'][:200]}", next_step="fix the SQL")
    if parsed["error"] or len(parsed["statements"]) != 1:
        raise DeclarationError(name, "it is not one SELECT", next_step="write one SELECT with named steps")
    return frozenset(reads)


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    """A database of its own, for DuckDB's own parser: of a folder of models it takes a tenth of the time of one in Python."""
    return duckdb.connect(config={"threads": 1})


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


def build(connection: duckdb.DuckDBPyConnection, folder: Path, only: Iterable[str] | None = None) -> list[str]:
    """Run a folder's models in order, each into <schema>.<name> made anew.

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
    """Make one model's table anew; what it means is written where it is published: the comments cost as much as a small table."""
    connection.execute(f"create or replace table {model.schema}.{quote(model.name)} as {model.sql}")


def comment(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    name: str,
    text: str,
    own: Mapping[str, Label] | None = None,
    columns: Sequence[str] | None = None,
) -> None:
    """Write a table's comment and those of its columns (looked up where not given) with a meaning in columns.yml or in `own`."""
    table = f"{schema}.{quote(name)}"
    connection.execute(f"comment on table {table} is {literal(text)}")
    known = labels() | dict(own or {})
    if columns is None:
        columns = [column for column, *_ in connection.execute(f"describe {table}").fetchall()]
    for column in columns:
        if column in known:
            connection.execute(f"comment on column {table}.{quote(column)} is {literal(known[column].comment)}")


def load_rules(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[str]:
    """Load every rules/<name>.yml into rules.<name>: its figures as columns of one row, or one row per entry of `rows`.

    A file with `rows` makes rules.<name>_limit beside it: one row of the keys above `rows`, which are its version and limits, for a
    model that needs no row of the file. rules.subject has a row per subject of subjects.yml.

    Every table has `version`, so that a snapshot can say which rules made it. The rules of a deleted file are dropped.

    Raises:
        DeclarationError: A rule file without a version, with values that are not figures, words or dates, or of a name that is kept.
    """
    read = []
    given = []
    for path in sorted(folder.glob("*.yml")):
        if path.stem.endswith(LIMIT):
            raise DeclarationError(
                f"rules/{path.name}",
                f"a name that ends in {LIMIT} is kept for the limits of a file with rows",
                next_step="rename it",
            )
        shared, own = _read_rule(path)
        given.append((path.stem, [shared | row for row in own or [{}]]))
        if own:
            given.append((path.stem + LIMIT, [shared]))
    for name, rows in [*given, ("subject", subject_rows())]:
        columns = dict[str, str]()
        for row in rows:
            for column, value in row.items():
                columns[column] = _wider(columns.get(column), _kind(name, column, value))
        read.append((name, columns, rows))
    with transaction(connection):
        connection.execute("drop schema if exists rules cascade")
        connection.execute("create schema rules")
        for name, columns, rows in read:
            listed = ", ".join(f"{quote(column)} {kind or 'varchar'}" for column, kind in columns.items())
            connection.execute(f"create table rules.{quote(name)} ({listed})")
            listed_rows = [[row.get(column) for column in columns] for row in rows]
            insert_rows(connection, f"rules.{quote(name)}", listed_rows)
    return [f"rules.{name}" for name, _, _ in read]


def rows_of_rule(path: Path) -> list[dict[str, Any]]:
    """The rows of a rule file, each with the keys above `rows`, which hold for all of them; DeclarationError as in load_rules."""
    shared, rows = _read_rule(path)
    return [shared | row for row in rows or [{}]]


def _read_rule(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The keys above `rows` of a rule file, and its rows: none of a file without `rows`."""
    where = f"rules/{path.name}"
    try:
        raw = _declared(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        fact = f"not valid YAML: {' '.join(str(error).split())}"
        raise DeclarationError(where, fact, next_step="fix the line named") from None
    if not isinstance(raw, dict) or not raw.get("version"):
        raise DeclarationError(where, "it has no version", next_step="add version: to it")
    shared = {column: value for column, value in raw.items() if column != "rows"}
    if "rows" not in raw:
        return shared, []
    rows = raw["rows"]
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise DeclarationError(where, "rows is no list of mappings", next_step="write one mapping per row")
    return shared, rows


@lru_cache(maxsize=256)
def _declared(text: str) -> Any:
    return read_yaml(text)


def _kind(rule: str, column: str, value: Any) -> str:
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
        f"rules/{rule}.yml",
        f"{column} is neither figure, word nor date",
        next_step="put lists under rows: as mappings",
    )


def _wider(one: str | None, other: str) -> str:
    if not one or one == other or not other:
        return one or other
    return "double" if {one, other} == {"bigint", "double"} else "varchar"
