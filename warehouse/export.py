"""Writes views and answers into files for others: XLSX, CSV for Excel, Parquet, Arrow. `parkbridge export`, `parkbridge sql -o`.

Every file is written beside its place under another name and takes its place by one rename: whatever goes wrong, an earlier file
stays. A workbook explains each of its columns on its last sheet, from the comments of the published file. Parquet in a folder is divided
by month (`month=2026-10/`) where the view has a month.
"""

from __future__ import annotations

import contextlib
import difflib
import itertools
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.answers import Look, write_answer
from warehouse.connection import open_read_only, quote, reader, the_row
from warehouse.durable import put
from warehouse.errors import ParkBridgeError
from warehouse.settings import Settings
from warehouse.views import OPERATORS_SCHEMA
from warehouse.workbook import MOST_ROWS, Sheet, write_workbook

FORMATS = ("xlsx", "csv", "parquet", "arrow")
_AT_ONCE = 10_000
MONTHS = ("month", "月份")
_UNIT = re.compile(
    r"单位[：:]?\s*([^\s：:；;。，,（()）“”见同]{1,8})|[，,]\s*(元|万元|人|平方米|千瓦时|立方米|家|天|%)(?=[；;。]|$)"
)
# of a header's comment what Excel's reader needs: the lines of a view are Chinese, those of a table are in both languages
_OURS = re.compile(r"month=(\d{4}-\d{2}|__HIVE_DEFAULT_PARTITION__)")


class ExportError(ParkBridgeError):
    """A file that cannot be written, or a view that is not there."""


@dataclass(frozen=True)
class Source:
    """What is written: a query, its name, and what its columns mean."""

    name: str
    query: str
    comment: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)


def export(
    settings: Settings,
    names: Sequence[str] = (),
    *,
    to: Path,
    form: str | None = None,
    as_is: bool = False,
    file: Path | None = None,
) -> list[tuple[Path, int]]:
    """Write views or tables of the published file.

    Args:
        settings: The park's.
        names: `企业现状`, `园区.企业现状`, `snapshots.park_month`, …; every view of 园区 by default.
        to: A file, by its ending (.xlsx may hold several views), or a folder that is there, for a file per view.
        form: One of FORMATS; by default that of the ending of `to`, else xlsx.
        as_is: CSV without apostrophes before texts that begin as formulas.
        file: Another DuckDB file instead, such as an earlier night.

    Returns:
        Each file or folder that was written, with its rows.

    Raises:
        ExportError: No such view, or a place that cannot be written to.
    """
    form = _form(to, form)
    with open_read_only(file) if file else reader(settings) as connection:
        sources = [source_of(connection, name) for name in names or views_of(connection)]
        if to.suffix.lower() == f".{form}" and not to.is_dir():
            if form == "xlsx":
                return [(to, sum(_workbook(connection, sources, to)))]
            if len(sources) > 1:
                raise ExportError(
                    "export", f"{len(sources)} views do not go into {to.name}", next_step="name one view, or a folder"
                )
            return [(to, write(connection, sources[0], to, form, as_is=as_is))]
        if not to.is_dir():
            raise ExportError("export", f"there is no folder {to}", next_step="make it first, or name a file")
        return [_in_folder(connection, source, to, form, as_is=as_is) for source in sources]


def _form(to: Path, form: str | None) -> str:
    ending = to.suffix.lower().removeprefix(".")
    if to.is_dir() or not ending:
        return form or "xlsx"
    if ending not in FORMATS:
        raise ExportError(
            "export",
            f"{to.name}: .{ending} is no format",
            allowed=", ".join(FORMATS),
            next_step="name a file of one of them",
        )
    if form and form != ending:
        raise ExportError(
            "export", f"{to.name} is not called .{form}", next_step="leave --format out, or rename the file"
        )
    return ending


def _in_folder(
    connection: duckdb.DuckDBPyConnection, source: Source, to: Path, form: str, *, as_is: bool
) -> tuple[Path, int]:
    name = re.sub(r"[/\\\x00]", "_", source.name)
    if form == "parquet" and (month := _month_of(connection, source)):
        return to / name, _by_month(connection, source, month, to / name)
    target = to / f"{name}.{form}"
    return target, write(connection, source, target, form, as_is=as_is)


def views_of(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The operators' views, in the order of their work."""
    has_contents = connection.execute(
        "from duckdb_views() where database_name = current_database() and schema_name = ? and view_name = '目录'",
        [OPERATORS_SCHEMA],
    ).fetchone()
    if not has_contents:
        raise ExportError(
            "export",
            f"the published file has no views in {OPERATORS_SCHEMA}",
            next_step="name the tables; `parkbridge sql .tables`",
        )
    listed = connection.execute('select 视图 from "园区"."目录" order by 序号').fetchall()
    return [f"{OPERATORS_SCHEMA}.{name}" for name in ("目录", *(name for (name,) in listed))]


def source_of(connection: duckdb.DuckDBPyConnection, name: str) -> Source:
    """A view or table by its name, with or without its schema; 园区 comes first.

    Raises:
        ExportError: There is none.
    """
    known = connection.execute(
        "from (select schema_name, view_name as name, comment from duckdb_views() "
        "where not internal and database_name = current_database() "
        "union all select schema_name, table_name, comment from duckdb_tables() "
        "where not internal and database_name = current_database()) order by schema_name <> ?, schema_name, name",
        [OPERATORS_SCHEMA],
    ).fetchall()
    wanted = name.replace('"', "")
    found = [row for row in known if wanted in (f"{row[0]}.{row[1]}", row[1])]
    if not found:
        near = difflib.get_close_matches(
            wanted, [word for s, n, _ in known for word in (f"{s}.{n}", n)], n=3, cutoff=0.4
        )
        meant = f". Did you mean {', '.join(near)}" if near else ""
        raise ExportError(
            "export", f"there is no view {name}{meant}", next_step="`parkbridge sql .tables` lists what there is"
        )
    schema, table, comment = found[0]
    notes = connection.execute(
        "select column_name, coalesce(comment, '') from duckdb_columns() "
        "where database_name = current_database() and schema_name = ? and table_name = ? order by column_index",
        [schema, table],
    ).fetchall()
    shown = table if schema == OPERATORS_SCHEMA else f"{schema}.{table}"
    return Source(shown, f"select * from {quote(schema)}.{quote(table)}", comment or "", dict(notes))


def notes_by_name(connection: duckdb.DuckDBPyConnection, names: Iterable[str], text: str) -> dict[str, str]:
    """What the columns of an answer mean: by their names, in the tables that the question names, else where all tables agree."""
    found: dict[str, str] = {}
    rows = connection.execute(
        "select column_name, comment, schema_name || '.' || table_name from duckdb_columns() "
        "where database_name = current_database() and comment is not null and column_name in (select unnest(?))",
        [list(names)],
    ).fetchall()
    plain = text.replace('"', "")
    for name in names:
        own = {note for column, note, table in rows if column == name and table in plain}
        every = own or {note for column, note, _ in rows if column == name}
        if len(every) == 1:
            found[name] = every.pop()
    return found


# --- one file ---------------------------------------------------------------------------------------------------------


def write(
    connection: duckdb.DuckDBPyConnection, source: Source, target: Path, form: str, *, as_is: bool = False
) -> int:
    """Run a source's query and write what it gives into a file; returns its rows.

    Raises:
        ExportError: The file cannot be written, or does not hold so many rows.
    """
    if form == "xlsx":
        return _workbook(connection, [source], target)[0]
    if form == "csv":
        return _text(connection, source, target, Look("csv", bom=True) if as_is else Look("csv-excel"))
    with placed(target) as part:
        batches, schema = _arrow(connection, source)
        count = 0
        made: Any = pq.ParquetWriter(part, schema) if form == "parquet" else pa.ipc.new_file(str(part), schema)
        with made:
            for batch in batches:
                made.write_batch(batch)
                count += batch.num_rows
    return count


def _text(connection: duckdb.DuckDBPyConnection, source: Source, target: Path, look: Look) -> int:
    with placed(target) as part, part.open("w", encoding="utf-8", newline="") as opened:
        columns, rows = _rows(connection, source.query)
        return write_answer(columns, rows, look, opened.write)


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    """Column names, and the rows: to be read before anything else is asked."""
    connection.execute(query)

    def fetched() -> Iterator[tuple[Any, ...]]:
        while rows := connection.fetchmany(_AT_ONCE):
            yield from rows

    return [str(column[0]) for column in connection.description or ()], fetched()


def _arrow(
    connection: duckdb.DuckDBPyConnection, source: Source, order_by: str = ""
) -> tuple[Iterable[pa.RecordBatch], pa.Schema]:
    """The answer in batches, each column with its meaning as metadata."""
    connection.execute(f"{source.query}{f' order by {quote(order_by)}' if order_by else ''}")
    found = connection.to_arrow_reader(100_000)
    schema = pa.schema(
        [
            one.with_metadata({"comment": source.notes[one.name]}) if source.notes.get(one.name) else one
            for one in found.schema
        ],
        metadata={"comment": source.comment} if source.comment else None,
    )
    return (pa.RecordBatch.from_arrays(batch.columns, schema=schema) for batch in found), schema


def _month_of(connection: duckdb.DuckDBPyConnection, source: Source) -> str | None:
    shape = connection.execute(f"describe {source.query}").fetchall()
    return next((name for name, kind, *_ in shape if name in MONTHS and kind == "DATE"), None)


def _by_month(connection: duckdb.DuckDBPyConnection, source: Source, month: str, target: Path) -> int:
    """A folder per month, as Hive names them. A column called `month` is in the folder's name alone, as Hive has it."""
    if target.exists() and not _is_ours(target):
        raise ExportError(
            "export",
            f"{target} holds something else than an export by month",
            next_step="move it away, or name another folder",
        )
    with placed(target) as part:
        part.mkdir()
        batches, schema = _arrow(connection, source, order_by=month)
        place, kept = schema.get_field_index(month), schema
        if month == "month":
            kept = schema.remove(place)
        count = 0
        with contextlib.ExitStack() as last:
            current, made = "", None
            for batch in batches:
                count += batch.num_rows
                for name, start, rows in _runs(batch.column(place)):
                    if name != current:
                        last.close()
                        (part / name).mkdir()
                        current, made = name, last.enter_context(pq.ParquetWriter(part / name / "data.parquet", kept))
                    assert made is not None
                    made.write_batch(batch.slice(start, rows).select(kept.names))
    return count


def _is_ours(folder: Path) -> bool:
    """Whether a folder holds an export by month and nothing else."""
    return folder.is_dir() and all(
        _OURS.fullmatch(one.name) and one.is_dir() and [path.name for path in one.iterdir()] == ["data.parquet"]
        for one in folder.iterdir()
    )


def _runs(months: Any) -> Iterator[tuple[str, int, int]]:
    """(the folder of a month, where the month starts, how many rows it has) of a sorted column of days."""
    start = 0
    for name, days in itertools.groupby(
        months.to_pylist(), lambda day: f"month={day:%Y-%m}" if day else "month=__HIVE_DEFAULT_PARTITION__"
    ):
        rows = sum(1 for _ in days)
        yield name, start, rows
        start += rows


# --- workbooks --------------------------------------------------------------------------------------------------------


def _workbook(connection: duckdb.DuckDBPyConnection, sources: Sequence[Source], target: Path) -> list[int]:
    with placed(target) as part:
        return write_workbook(part, _sheets(connection, sources))[: len(sources)]


def _sheets(
    connection: duckdb.DuckDBPyConnection, sources: Sequence[Source], left_out: Sequence[tuple[str, str]] = ()
) -> Iterator[Sheet]:
    described: list[tuple[str | None, str | None, str, str | None]] = []
    for source in sources:
        columns, rows = _rows(connection, source.query)
        percents = frozenset(name for name in columns if _unit(source.notes.get(name, "")) == "%")
        described.append((source.name, None, _in_short(source.comment), None))
        for name in columns:
            note = source.notes.get(name, "")
            described.append((source.name, name, note, _unit(note) or None))
        yield Sheet(source.name, columns, rows, percents)
    described += [(name, None, why, None) for name, why in left_out]
    night = _night(connection)
    yield Sheet(
        "说明",
        ("工作表", "列", "含义", "单位"),
        [(None, None, night, None), *described] if night else described,
        widths=(22, 30, 90, 12),
    )


def _night(connection: duckdb.DuckDBPyConnection) -> str:
    try:
        found = connection.execute("select park_name, night_id, as_of from ops.night").fetchone()
    except duckdb.Error:
        return ""  # a file that is no published night
    return f"{found[0]}，第 {found[1]} 期，数据截至 {found[2]:%Y-%m-%d %H:%M}（UTC）" if found else ""


def _in_short(comment: str) -> str:
    """Of a table's comment what it is about; of a view's, which is short and Chinese, all of it."""
    return comment if comment.startswith("一行是") else comment.partition("\n")[0]


def _unit(note: str) -> str:
    found = _UNIT.search(note)
    return (found[1] or found[2]) if found else ""


def write_operators_workbook(night: Path, target: Path) -> int:
    """Write all operators' views of a night's file into one workbook; a view with more rows than Excel holds is left out.

    Returns:
        How many rows it has.

    Raises:
        ExportError: It cannot be written.
    """
    with open_read_only(night) as connection:
        fitting, left_out = [], []
        for name in views_of(connection):
            source = source_of(connection, name)
            (count,) = the_row(connection, f"select count(*) from ({source.query})")
            if count < MOST_ROWS:
                fitting.append(source)
            else:
                why = f"{count:,} 行，超出 Excel 一张工作表的上限，未列入；请用 parkbridge export {source.name} --format parquet 导出"
                left_out.append((source.name, why))
        with placed(target) as part:
            return sum(write_workbook(part, _sheets(connection, fitting, left_out))[: len(fitting)])


# --- places -----------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def placed(target: Path) -> Iterator[Path]:
    """A name beside the target to write to; what was written there takes the target's place, if nothing went wrong.

    Raises:
        ExportError: The target is a folder, its folder is not there, or the disk does not take it.
    """
    part = target.with_name(f".{target.name}.{os.getpid()}")
    if not target.parent.is_dir():
        raise ExportError(
            "export", f"there is no folder {target.parent}", next_step="make it first, or name another file"
        )
    if target.is_dir() and target.suffix:
        raise ExportError("export", f"{target} is a folder", next_step="name a file in it")
    try:
        try:
            yield part
            _replace(part, target)
        except (OSError, pa.ArrowException) as error:
            fact = getattr(error, "strerror", None) or " ".join(str(error).split())
            raise ExportError(
                "export",
                f"{target} cannot be written: {fact}",
                next_step="free space or name another place; an earlier file is unchanged",
            ) from None
        except duckdb.Error as error:
            raise ExportError(
                "export",
                f"{target.name}: {' '.join(str(error).split())[:300]}",
                next_step="ask for fewer rows or columns",
            ) from None
    finally:
        shutil.rmtree(part) if part.is_dir() else part.unlink(missing_ok=True)


def _replace(part: Path, target: Path) -> None:
    if not target.is_dir():
        put(part, target)
        return
    old = target.with_name(f".{target.name}.{os.getpid()}.old")  # a folder cannot be renamed over another one
    target.rename(old)
    try:
        part.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old)
