"""What operators read: schema 园区, one SELECT per file of transforms/views/, in the order of their work.

A view's header has the fields of a model's header, and `column 中文名: 说明` for a column that is not simply one of a table. A
column that is takes its meaning from the table's. Four words of a view's SQL are written out when it is published, so that a
client needs nothing of ours:

    code_name(t.status_code)              the code's Chinese words, by the column's one code list
    code_name(x, 'signals.alert_evidence.sign_code')   the same where x is not simply a table's column
    code_names(t.gap_codes)               of a text of several codes, the words with 、 between
    yes_no(t.is_leasing)                  是, 否
    park_time(t.received_at)              a moment (UTC) in the park's time
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlglot
from sqlglot import exp

from warehouse.connection import literal
from warehouse.errors import DeclarationError
from warehouse.labels import Code, Label, labels
from warehouse.models import Model, read_header

OPERATORS_SCHEMA = "园区"
ENGINEERS_SCHEMA = "核对"
VIEW_FIELDS = ("title", "one row is", "answers", "key", "rules", "known gaps")
# what the meaning of a moment says of its clock, where the table has it in UTC
_IN_UTC = re.compile(r"[（(，]?(?:世界协调时|UTC)[）)]?")
WORDS = ("code_name", "code_names", "yes_no", "park_time")


@dataclass(frozen=True)
class View:
    """One view of schema 园区: its name, its SELECT as published, its comment, and the comment of every column."""

    name: str
    sql: str
    comment: str
    columns: Mapping[str, str]
    reads: frozenset[str]
    row: str = ""
    answers: str = ""


def read_views(folder: Path, models: Sequence[Model], time_zone: ZoneInfo) -> list[View]:
    """Read every view of a folder, in the order of the file names.

    Args:
        folder: transforms/views/; nothing where it is not there.
        models: The models of the tables that the views read; their headers say what columns mean there.
        time_zone: The park's, for park_time.

    Raises:
        DeclarationError: A header without a field or without its Chinese half; a column without a meaning; a code without a
            list.
    """
    own = {model.table: model.columns for model in models}
    views = [_view(path, own, time_zone) for path in sorted(folder.glob("*.sql"))]
    names = [view.name for view in views]
    if twice := {name for name in names if names.count(name) > 1}:
        raise DeclarationError(folder.name, f"two views are called {', '.join(twice)}", next_step="rename one of them")
    return views


def contents_of(views: Sequence[View]) -> View:
    """园区.目录: the views in the order of an operator's work, each with what it answers."""
    rows = ", ".join(
        f"({number}, {literal(view.name)}, {literal(view.row)}, {literal(view.answers)})"
        for number, view in enumerate(views, start=1)
    )
    return View(
        "目录",
        f"select * from (values {rows}) as t (序号, 视图, 一行是, 回答)",
        "一行是：本库的一个视图\n回答：有哪些视图、各自回答什么问题？\n口径：按运营工作的先后排列。\n局限：核对库的视图不在内。",
        {
            "序号": "按运营工作先后的排列次序",
            "视图": "视图名称，查询时写作 园区.视图名称",
            "一行是": "该视图的一行代表什么",
            "回答": "该视图回答什么问题",
        },
        frozenset(),
    )


def _view(path: Path, own: Mapping[str, Mapping[str, Label]], time_zone: ZoneInfo) -> View:
    sql = path.read_text(encoding="utf-8")
    header = read_header(path.name, sql, VIEW_FIELDS)
    if missing := [name for name in VIEW_FIELDS if name != "key" and not header.chinese.get(name)]:
        raise DeclarationError(
            path.name, f"no Chinese half of {', '.join(missing)}", next_step="write `-- field: English | 中文`"
        )
    try:
        tree = sqlglot.parse_one(sql, dialect="duckdb")
    except sqlglot.errors.ParseError as error:
        raise DeclarationError(path.name, f"it does not parse: {str(error)[:200]}", next_step="fix the SQL") from error
    if not isinstance(tree, exp.Query):
        raise DeclarationError(path.name, "it is not one SELECT", next_step="write one SELECT with named steps")
    reads = frozenset(f"{table.db}.{table.name}" for table in tree.find_all(exp.Table) if table.db)
    meaning = _Meaning(path.name, own)
    columns = dict(_column_comments(tree, header.columns, meaning))
    for call in list(tree.find_all(exp.Anonymous)):
        if call.name.lower() in WORDS:
            call.replace(sqlglot.parse_one(meaning.written_out(call, time_zone), dialect="duckdb"))
    model = Model(path, OPERATORS_SCHEMA, path.stem, sql, header.fields, header.columns, reads, header.chinese)
    return View(
        model.title_zh,
        tree.sql(dialect="duckdb", comments=False),
        model.comment_zh,
        columns,
        reads,
        header.chinese["one row is"],
        header.chinese["answers"],
    )


@dataclass(frozen=True)
class _Meaning:
    """Finds the label of a column as a view's SQL names it: `alias.column`, in the nearest SELECT."""

    where: str
    own: Mapping[str, Mapping[str, Label]]

    def of_table(self, table: str, column: str) -> Label | None:
        return self.own.get(table, {}).get(column) or labels().get(column)

    def of(self, node: exp.Expression) -> Label | None:
        """The label of what is simply a table's column, else None."""
        if not isinstance(node, exp.Column) or not node.table:
            return None
        select = node.find_ancestor(exp.Select)
        for table in select.find_all(exp.Table) if select else ():
            if table.alias_or_name == node.table and table.db and table.find_ancestor(exp.Select) is select:
                return self.of_table(f"{table.db}.{table.name}", node.name)
        return None

    def codes(self, call: exp.Anonymous) -> tuple[Code, ...]:
        """The code list of code_name(column) or code_name(anything, 'schema.table.column')."""
        node, *named = call.expressions
        if named:
            table, _, column = str(named[0].this).rpartition(".")
            label = self.of_table(table, column) if column else None
        else:
            label = self.of(node)
        if label is None or not label.codes:
            raise DeclarationError(
                self.where,
                f"{call.sql(dialect='duckdb')}: there is no code list",
                next_step="give its column `codes` in columns.yml, or name the list: code_name(x, 'schema.table.column')",
            )
        return label.codes

    def written_out(self, call: exp.Anonymous, time_zone: ZoneInfo) -> str:
        word, value = call.name.lower(), call.expressions[0].sql(dialect="duckdb")
        if word == "yes_no":
            return f"case when {value} then '是' when not {value} then '否' end"
        if word == "park_time":
            return f"timezone({literal(time_zone.key)}, timezone('UTC', {value}))"
        whens = " ".join(f"when {literal(str(code.value))} then {literal(code.zh)}" for code in self.codes(call))
        if word == "code_name":
            return f"case cast({value} as varchar) {whens} else cast({value} as varchar) end"
        return (
            f"array_to_string(list_transform(regexp_split_to_array({value}, '[;,+；，] *'), "
            f"lambda one: case one {whens} else one end), '、')"
        )


def _column_comments(tree: exp.Query, own: Mapping[str, Label], meaning: _Meaning) -> Iterator[tuple[str, str]]:
    """Each column with its comment: what the header says of it, else what it is in the table."""
    for projection in tree.selects:
        name, word, shows_words = projection.alias_or_name, "", False
        node: Any = projection.unalias()
        while not isinstance(node, exp.Column):
            if isinstance(node, exp.Anonymous) and node.name.lower() in WORDS:
                word, shows_words, node = node.name.lower(), True, node.expressions[0]
            elif isinstance(node, exp.Cast | exp.Round):
                node = node.this
            else:
                break
        label = meaning.of(node)
        if name in own:
            note = own[name].en  # `-- column 中文名: 说明` has no second half
            yield name, note
        elif label is None or not label.note_zh:
            yield name, (label.comment_in_words if label else name)
        else:
            text = label.comment_in_words if shows_words else label.comment_zh
            yield name, _IN_UTC.sub("", text) + "（园区当地时间）" if word == "park_time" else text
