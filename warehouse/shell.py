"""`parkbridge sql`: ask a published file, with one text of SQL or line by line.

`sql` is the command. `ask` runs one text and writes the answer of each of its statements; `Shell` reads lines until a
statement is complete. Both are for files opened by warehouse.connection.reader: read-only, without other files. DuckDB itself
would still let a statement overwrite the file that is open (COPY … TO its own path) or attach it for writing: here only
statements are run that read, or that make something of their own in memory.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO, TypeVar

import duckdb

from warehouse.answers import FOR_PEOPLE, FORMS, Look, write_answer
from warehouse.connection import open_read_only, reader
from warehouse.errors import ParkBridgeError
from warehouse.questions import listed, question
from warehouse.settings import Settings
from warehouse.terminal import running
from warehouse.text import padded, width, wrapped

T = TypeVar("T")

_AT_ONCE = 1_000
# files of typed columns, written by warehouse.export
TABLE_FILES = ("xlsx", "parquet", "arrow")
# what reads, and what makes a table, view or macro in memory: the published file itself is attached read-only
_ALLOWED = {
    duckdb.StatementType.SELECT,
    duckdb.StatementType.EXPLAIN,
    duckdb.StatementType.CREATE,
    duckdb.StatementType.INSERT,
    duckdb.StatementType.UPDATE,
    duckdb.StatementType.DELETE,
    duckdb.StatementType.DROP,
    duckdb.StatementType.ALTER,
}
_ANSWERED = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}
# functions that break the connection for all that follows
_HARMFUL = re.compile(r"\b(enable|disable)_(profiling|logging)\b", re.IGNORECASE)
_QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*(?:\n|$)|/\*.*?\*/|(\$\w*\$).*?\1""", re.DOTALL)
_EXPLAIN = re.compile(r"\s*explain\b\s*(?:analyze\b\s*)?(?:\([^)]*\)\s*)?", re.IGNORECASE)
_SET_VARIABLE = re.compile(r"\s*(re)?set\s+variable\b", re.IGNORECASE)
_QUOTES = ("'", '"', "/*", "$$")

HELP = """\
A statement ends with ; and may have several lines. The file is read-only; other files cannot be reached.
  .tables [WORD]    views and tables, with what each is about; only those with WORD in name or title
  .columns TABLE    columns of a view or table, with their meaning
  .mode [FORM]      how answers are shown: auto, table, line, csv, csv-excel, json, jsonl
  .rows [N]         show at most N rows of a table; 0 shows all
  .help             this list
  .exit             end; Ctrl-D does too. Ctrl-C drops what was typed, or stops a query
Operators begin with schema 园区: select * from 园区.目录;"""


class SqlError(ParkBridgeError):
    """A statement that cannot be run, with what to do about it."""


@dataclass
class Place:
    """Where answers go, and how they look."""

    connection: duckdb.DuckDBPyConnection
    look: Look
    out: TextIO

    def write(self, text: str) -> None:
        """Write a piece of an answer."""
        self.out.write(text)


def ask(connection: duckdb.DuckDBPyConnection, text: str, look: Look, out: TextIO | None = None) -> int:
    """Run one text of SQL, one statement or several, and write the answer of each.

    Args:
        connection: Of a file opened by warehouse.connection.reader or open_read_only.
        text: SQL, or one of the shell's commands (.tables).
        look: How answers are written.
        out: Where to; standard output by default.

    Returns:
        How many rows the answers have together.

    Raises:
        SqlError: A statement cannot be run. The answers of the statements before it are written.
    """
    place = Place(connection, look, out or sys.stdout)
    if is_command(text):
        command(place, text)
        return 0
    count, is_first = 0, True
    for statement in _statements(connection, text):
        found = _run(place, statement, is_first=is_first)
        if found is not None:
            count, is_first = count + found, False
            place.out.flush()
    return count


def _statements(connection: duckdb.DuckDBPyConnection, text: str) -> list[duckdb.Statement]:
    try:
        return connection.extract_statements(text)
    except duckdb.Error as error:
        raise _sql_error(error) from None


def _run(place: Place, statement: duckdb.Statement, *, is_first: bool) -> int | None:
    """How many rows the answer has; None where a statement has no answer (it makes a table in memory)."""
    _stop_what_is_not_reading(place.connection, statement)
    try:
        _interruptible(place.connection, lambda: place.connection.execute(statement))
        if statement.type not in _ANSWERED:
            return None
        columns = [str(column[0]) for column in place.connection.description or ()]
        if not is_first and place.look.form != "jsonl":
            place.write("\n")
        if statement.type == duckdb.StatementType.EXPLAIN:
            for *_, plan in _rows(place.connection):
                place.write(f"{plan}\n")
            return 0
        return write_answer(columns, _rows(place.connection), place.look, place.write)
    except duckdb.Error as error:
        raise _sql_error(error) from None


def _rows(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while rows := _interruptible(connection, lambda: connection.fetchmany(_AT_ONCE)):
        yield from rows


def _interruptible(connection: duckdb.DuckDBPyConnection, work: Callable[[], T]) -> T:
    """Do some work of DuckDB's in a thread: while DuckDB works in the main one, Python sees no Ctrl-C."""
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(work)
        try:
            return done.result()
        except KeyboardInterrupt:
            connection.interrupt()
            raise


def _stop_what_is_not_reading(connection: duckdb.DuckDBPyConnection, statement: duckdb.Statement) -> None:
    bare = without_quoted(statement.query)
    is_allowed = statement.type in _ALLOWED or bool(_SET_VARIABLE.match(bare))
    if statement.type == duckdb.StatementType.EXPLAIN:
        # EXPLAIN ANALYZE runs what it explains
        inner = _statements(connection, _EXPLAIN.sub("", _without_comments(statement.query), count=1))
        is_allowed = all(one.type == duckdb.StatementType.SELECT for one in inner)
    if found := _HARMFUL.search(bare):
        is_allowed = False
    if not is_allowed:
        raise SqlError(
            "sql",
            f"{found[0] if found else statement.type.name.replace('_', ' ')} is not possible: the file is read-only and "
            "no other file can be reached",
            next_step="ask with SELECT; `-o FILE` writes an answer to a file",
        )


def without_quoted(text: str) -> str:
    """SQL without quoted texts and comments."""
    return _QUOTED.sub(" ", text)


def _without_comments(text: str) -> str:
    return _QUOTED.sub(lambda found: " " if found[0].startswith(("--", "/*")) else found[0], text)


def is_complete(text: str) -> bool:
    """Whether a text ends with the semicolon of a statement, neither in quotes nor in a comment."""
    bare = without_quoted(text)
    return not any(quote in bare for quote in _QUOTES) and bare.rstrip().endswith((";", "；"))


def _plain(text: str) -> str:
    """A text with the semicolon of a Chinese keyboard at its end made a plain one."""
    stripped = text.rstrip()
    return f"{stripped[:-1]};" if stripped.endswith("；") else text


def _sql_error(error: duckdb.Error) -> SqlError:
    """DuckDB's message in one line, with a next step."""
    text = re.split(r"\n+LINE \d+:|\n+Stack Trace:", str(error))[0]
    fact = " ".join(text.split()).rstrip(".?!")
    kind = str(error)
    if isinstance(error, duckdb.PermissionException) or "read-only mode" in kind:
        step = "ask with SELECT: the file is read-only and no other file can be reached; `-o FILE` writes an answer to a file"
    elif isinstance(error, duckdb.ParserException):
        step = "correct the text near the word named; a name with signs or spaces is written in double quotes"
    elif "olumn" in kind and isinstance(error, duckdb.BinderException):
        step = "`.columns TABLE` lists a table's columns"
    elif isinstance(error, duckdb.CatalogException):
        step = "`.tables` lists what there is"
    elif isinstance(error, duckdb.ConversionException | duckdb.TypeMismatchException | duckdb.BinderException):
        step = "compare the types: `.columns TABLE` lists them"
    elif isinstance(error, duckdb.OutOfMemoryException):
        step = "ask for fewer rows or columns at a time"
    else:
        step = "correct the query; `.tables` lists what there is"
    return SqlError("sql", fact, next_step=step)


# --- the shell's own commands -----------------------------------------------------------------------------------------


def command(place: Place, line: str) -> bool:
    """Run a command of the shell.

    Args:
        place: Where its answer goes; .mode and .rows change how answers look from now on.
        line: The command and its argument.

    Returns:
        Whether the shell goes on.

    Raises:
        SqlError: There is no such command or table.
    """
    word, _, argument = line.strip().rstrip(";；").partition(" ")
    argument = argument.strip()
    if word in (".exit", ".quit", "exit", "quit"):
        return False
    if word in (".help", "help", "?"):
        place.write(HELP + "\n")
    elif word in (".tables", "tables"):
        _tables(place, argument)
    elif word == ".columns":
        _columns(place, argument)
    elif word == ".mode":
        if argument and argument not in FORMS:
            raise SqlError("sql", f"there is no form {argument!r}", next_step=f"use one of {', '.join(FORMS)}")
        place.look = replace(place.look, form=argument or place.look.form)
        place.write(f"answers are shown as {place.look.form}\n")
    elif word == ".rows":
        if argument and not argument.isdecimal():
            raise SqlError("sql", f"{argument!r} is no number of rows", next_step="write .rows 20, or .rows 0 for all")
        place.look = replace(place.look, rows=int(argument or place.look.rows))
        place.write(f"tables show {f'at most {place.look.rows:,} rows' if place.look.rows else 'all rows'}\n")
    else:
        raise SqlError("sql", f"there is no command {word}", next_step="`.help` lists them")
    return True


def is_command(line: str) -> bool:
    """Whether a line is a command of the shell rather than SQL."""
    stripped = line.strip().rstrip(";；")
    return stripped.startswith(".") or stripped in ("help", "?", "tables", "exit", "quit")


def _relations(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str]]:
    """(schema, name, comment) of every view and table, those for operators first."""
    return connection.execute(
        """
        select schema_name, name, text from (
            select schema_name, view_name as name, coalesce(comment, '') as text
            from duckdb_views() where not internal and database_name = current_database()
            union all
            select schema_name, table_name, coalesce(comment, '')
            from duckdb_tables() where not internal and database_name = current_database()
        )
        order by schema_name <> '园区', schema_name = '核对', schema_name, name
        """
    ).fetchall()


def _about(comment: str) -> str:
    """What a table is about, from its comment: its title, else what one row is."""
    first = comment.partition("\n")[0]
    return re.sub(r"^(title|one row is|一行是)[:：]\s*", "", first).strip()


def _tables(place: Place, word: str) -> None:
    rows = [
        (f"{schema}.{name}", _about(text))
        for schema, name, text in _relations(place.connection)
        if word.casefold() in f"{schema}.{name} {_about(text)}".casefold()
    ]
    if not rows:
        raise SqlError("sql", f"nothing has {word!r} in its name or title", next_step="`.tables` lists all")
    _listed(place, ("table", "what one row is, or its title"), rows)


def _columns(place: Place, name: str) -> None:
    if not name:
        raise SqlError("sql", ".columns needs a table", next_step="write .columns 园区.企业现状; `.tables` lists them")
    wanted = name.replace('"', "").removeprefix("park.")
    known = [(f"{schema}.{table}", schema, table) for schema, table, _ in _relations(place.connection)]
    found = [one for one in known if wanted in (one[0], one[2])]
    if not found:
        near = difflib.get_close_matches(wanted, [full for full, _, table in known], n=3, cutoff=0.4)
        near += [full for full, _, table in known if wanted in table and full not in near][:3]
        meant = f". Did you mean {', '.join(near[:4])}" if near else ""
        raise SqlError("sql", f"there is no table {wanted}{meant}", next_step="`.tables` lists what there is")
    full, schema, table = found[0]
    rows = place.connection.execute(
        """
        select column_name, lower(data_type), coalesce(comment, '')
        from duckdb_columns()
        where database_name = current_database() and schema_name = $schema and table_name = $table
        order by column_index
        """,
        {"schema": schema, "table": table},
    ).fetchall()
    if len(found) > 1:
        place.write(f"{full}; also {', '.join(one for one, *_ in found[1:])}\n")
    _listed(place, ("column", "type", "meaning"), rows)


def _listed(place: Place, heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """Texts in columns: the last one is wrapped rather than the whole list turned into lines."""
    every = list(rows)
    widths = [max(width(row[number]) for row in [heads, *every]) for number in range(len(heads) - 1)]
    room = max(30, place.look.places - sum(widths) - 2 * len(widths))
    for row in [heads, *every]:
        for number, piece in enumerate(wrapped(row[-1], room)):
            cells = row[:-1] if number == 0 else ("",) * len(widths)
            start = "".join(padded(cell, places) + "  " for cell, places in zip(cells, widths, strict=True))
            place.write((start + piece).rstrip() + "\n")


# --- the command ------------------------------------------------------------------------------------------------------


def sql(
    settings: Settings,
    text: str | None = None,
    *,
    file: Path | None = None,
    form: str | None = None,
    rows: int = 100,
    bom: bool = False,
    out: Path | None = None,
    example: int | None = None,
) -> int:
    """Ask the published file: `text`, else what standard input has, else what a person types.

    Args:
        settings: The park's.
        text: SQL, or a command of the shell.
        file: Another DuckDB file instead, such as an earlier night.
        form: One of FORMS; by default that of the ending of `out`, else auto.
        rows: How many rows a table shows.
        bom: Whether CSV begins with a byte order mark.
        out: A file to write to; it is there only if every statement has been answered.
        example: Instead of `text` a question of the cookbook (docs/questions.md) by its number; 0 lists them.

    Returns:
        The exit code.

    Raises:
        ParkBridgeError: Nothing is published, or a statement cannot be run.
    """
    look = _look(
        form or (_form_of(out) if out else "auto"), rows=rows, bom=bom, is_terminal=not out and sys.stdout.isatty()
    )
    if example == 0:
        sys.stdout.write(f"{listed()}\n")
        return 0
    heading = ""
    if example is not None:
        asked = question(example)
        text = asked.sql
        heading = f"-- {asked.number}. {asked.zh} | {asked.en}\n{text}\n\n" if look.form in FOR_PEOPLE else ""
    with open_read_only(file) if file else reader(settings) as connection:
        if out and look.form in TABLE_FILES:
            text = text or sys.stdin.read()
            with running(f"write {out.name}"):
                count = _answer_into(connection, text, out, look.form)
            _complain(f"{out}: {count:,} {'row' if count == 1 else 'rows'} written")
            return 0
        if not text and sys.stdin.isatty() and not out:
            talk(connection, look, str(file or settings.published_file))
            return 0
        with _written(out) as target:
            if not text:
                return run_script(connection, sys.stdin, look, target)
            target.write(heading)
            count = ask(connection, text, look, target)
    if out:
        _complain(f"{out}: {count:,} {'row' if count == 1 else 'rows'} written")
    return 0


def _look(form: str, *, rows: int, bom: bool, is_terminal: bool) -> Look:
    places = shutil.get_terminal_size((200, 24)).columns
    return Look(form, rows, places, is_wrapped=is_terminal, bom=bom)


def _form_of(out: Path) -> str:
    form = out.suffix.lower().removeprefix(".")
    if form == "xls":
        raise SqlError("sql", f"{out.name}: xls cannot be written", next_step="name a .xlsx file")
    return form if form in (*FORMS, *TABLE_FILES) else "table"


def _answer_into(connection: duckdb.DuckDBPyConnection, text: str, out: Path, form: str) -> int:
    """Write the one answer of a text into a workbook, Parquet or Arrow file; returns its rows."""
    from warehouse.export import Source, notes_by_name, write

    statements = _statements(connection, text)
    for statement in statements:
        _stop_what_is_not_reading(connection, statement)
    if not statements or [one.type in _ANSWERED for one in statements] != [False] * (len(statements) - 1) + [True]:
        raise SqlError(
            "sql", f"{out.name} holds the answer of one query", next_step="end the text with one SELECT, the only one"
        )
    try:
        for statement in statements[:-1]:
            connection.execute(statement)
        query = statements[-1].query.strip().rstrip(";")
        connection.execute(f"select * from ({query}\n) limit 0")
        columns = [str(column[0]) for column in connection.description or ()]
    except duckdb.Error as error:
        raise _sql_error(error) from None
    return write(connection, Source(out.stem, query, "", notes_by_name(connection, columns, query)), out, form)


@contextlib.contextmanager
def _written(out: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that takes its name when all is written."""
    if out is None:
        yield sys.stdout
        return
    unfinished = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as target:
            yield target
        unfinished.replace(out)
    except OSError as error:
        raise SqlError(
            "sql", f"{out} cannot be written: {error.strerror}", next_step="name a file in a folder of yours"
        ) from None
    finally:
        unfinished.unlink(missing_ok=True)


def _complain(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


# --- line by line -----------------------------------------------------------------------------------------------------


class Shell:
    """Lines in, answers out: collects lines until a statement is complete, and runs it."""

    def __init__(self, place: Place, complain: Callable[[str], object]) -> None:
        self.place = place
        self.complain = complain
        self.pending: list[str] = []
        self.failed = 0

    def take(self, line: str) -> str:
        """Take one line.

        Returns:
            "more" while a statement is not complete, "done" when something was run, "end" when the shell shall end.
        """
        if not self.pending and not line.strip():
            return "done"
        if not self.pending and is_command(line):
            return "done" if self._does(lambda: command(self.place, line)) else "end"
        self.pending.append(line)
        text = "\n".join(self.pending)
        if not is_complete(text):
            return "more"
        self.pending.clear()
        self._does(lambda: self._ask(text))
        return "done"

    def finish(self) -> None:
        """Run what was given without a semicolon at its end."""
        text = "\n".join(self.pending)
        self.pending.clear()
        if without_quoted(text).strip():
            self._does(lambda: self._ask(text))

    def _ask(self, text: str) -> bool:
        self.place.out.flush()
        ask(self.place.connection, _plain(text), self.place.look, self.place.out)
        return True

    def _does(self, work: Callable[[], bool]) -> bool:
        """Whether the shell goes on after some work; an error is printed as one line."""
        try:
            return work()
        except SqlError as error:
            self.failed += 1
            self.complain(str(error))
        except KeyboardInterrupt:
            self.complain("stopped")
        return True


def talk(connection: duckdb.DuckDBPyConnection, look: Look, name: str) -> None:
    """The shell for a person at a terminal, until .exit or Ctrl-D."""
    place = Place(connection, look, sys.stdout)
    shell = Shell(place, _complain)
    place.write(
        f"{name}, read-only. End a statement with ;  .tables lists what there is, .help the commands; Ctrl-D ends.\n"
    )
    with _history([f"{schema}.{table}" for schema, table, _ in _relations(connection)]) as remember:
        state = "done"
        while state != "end":
            try:
                line = input("park> " if state == "done" else "  ... ")
            except EOFError:
                place.write("\n")
                return
            except KeyboardInterrupt:
                place.write("\n")
                shell.pending.clear()
                state = "done"
                continue
            pending = [*shell.pending, line]
            state = shell.take(line)
            if state == "done" and line.strip():
                remember(" ".join(pending))


def run_script(connection: duckdb.DuckDBPyConnection, lines: Iterable[str], look: Look, out: TextIO) -> int:
    """Run lines that no person types (`parkbridge sql < questions.sql`), up to the first that fails; returns the exit code."""
    shell = Shell(Place(connection, look, out), _complain)
    for line in lines:
        if shell.take(line.rstrip("\n")) == "end" or shell.failed:
            break
    else:
        shell.finish()
    return 1 if shell.failed else 0


@contextlib.contextmanager
def _history(names: list[str]) -> Iterator[Callable[[str], None]]:
    """Readline with a history of whole statements, kept between sessions, and completion of names."""
    try:
        import readline
    except ImportError:  # a Python without it: no history, the rest works
        yield lambda _: None
        return
    state = os.environ.get("XDG_STATE_HOME", "").strip()
    path = (Path(state) if state else Path.home() / ".local" / "state") / "parkbridge" / "sql_history"
    with contextlib.suppress(OSError):
        readline.read_history_file(path)
    readline.set_history_length(1_000)
    readline.set_auto_history(False)
    words = [".tables", ".columns", ".mode", ".rows", ".help", ".exit", *names]
    readline.set_completer(
        lambda text, number: [*(w for w in words if w.startswith(text)), None][number] if text else None
    )
    readline.set_completer_delims(" \t\n,();")
    readline.parse_and_bind("tab: complete")
    try:
        yield readline.add_history
    finally:
        readline.set_auto_history(True)
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            readline.write_history_file(path)
