"""`parkbridge sql`: what it answers, what it refuses, and a session at a real pseudo-terminal."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from warehouse import questions as cookbook
from warehouse import shell
from warehouse.answers import Look
from warehouse.connection import open_read_only
from warehouse.errors import ParkBridgeError
from warehouse.settings import CHECKOUT, Settings

PROGRAM = [sys.executable, str(CHECKOUT / "parkbridge.py")]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("published") / "park.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            """
            create schema snapshots;
            create table snapshots.enterprise_current as
            select 'E1' as enterprise_id, '甲有限公司' as enterprise_name, 12.50::decimal(18, 2) as leased_area_m2
            union all select 'E2', '乙（苏州）有限公司', null;
            comment on table snapshots.enterprise_current is 'title: Enterprises today | 企业现状快照\none row is: one enterprise';
            create schema "园区";
            create view "园区"."企业现状" as
            select enterprise_id as "企业编号", enterprise_name as "企业名称", leased_area_m2 as "租赁面积"
            from snapshots.enterprise_current;
            comment on view "园区"."企业现状" is '一行是：一家企业\n回答：这家企业是谁？';
            comment on column "园区"."企业现状"."租赁面积" is '租赁面积，单位：平方米';
            """
        )
    return path


@pytest.fixture
def connection(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_read_only(file) as opened:
        yield opened


class Text:
    """Takes what is written."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        pass


def asked(connection: duckdb.DuckDBPyConnection, text: str, form: str = "auto", places: int = 100) -> str:
    out: Any = Text()
    shell.ask(connection, text, Look(form, places=places), out)
    return str(out.text)


def run(
    file: Path, *words: str, given: str | None = None, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, "sql", "--file", str(file), *words],
        input=given,
        stdin=subprocess.DEVNULL if given is None else None,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | (environment or {}),
    )


# --- answers ----------------------------------------------------------------------------------------------------------


def test_the_answer_of_every_statement_is_written(connection: duckdb.DuckDBPyConnection) -> None:
    text = asked(connection, "select 1 as a; create temp table t as select 2 as b; from t; select 'x;y' as c;")
    assert text.splitlines() == [
        "a",
        "─",
        "1",
        "(1 row)",
        "",
        "b",
        "─",
        "2",
        "(1 row)",
        "",
        "c",
        "───",
        "x;y",
        "(1 row)",
    ]


def test_json_lines_of_several_statements_are_lines_all(connection: duckdb.DuckDBPyConnection) -> None:
    assert asked(connection, "select 1 as a; select 2 as b", "jsonl") == '{"a":1}\n{"b":2}\n'


def test_answers_before_one_that_fails_are_written(connection: duckdb.DuckDBPyConnection) -> None:
    out: Any = Text()
    with pytest.raises(shell.SqlError):
        shell.ask(connection, "select 1 as a; select nothing; select 3 as c", Look("csv"), out)
    assert out.text == "a\n1\n"


def test_shown_as_they_are_asked_for(connection: duckdb.DuckDBPyConnection) -> None:
    query = "select 企业名称, 租赁面积 from 园区.企业现状 order by 1 desc"
    assert asked(connection, query).splitlines() == [
        "企业名称            租赁面积",
        "──────────────────  ────────",
        "甲有限公司             12.50",
        "乙（苏州）有限公司      NULL",
        "(2 rows)",
    ]
    assert asked(connection, query, places=20).splitlines()[1] == "企业名称 = 甲有限公司"
    assert json.loads(asked(connection, query, "json")) == [
        {"企业名称": "甲有限公司", "租赁面积": 12.5},
        {"企业名称": "乙（苏州）有限公司", "租赁面积": None},
    ]
    assert '"租赁面积":12.50' in asked(connection, query, "json")


@pytest.mark.parametrize(
    "query",
    [
        "describe snapshots.enterprise_current",
        "show all tables",
        "summarize snapshots.enterprise_current",
        "from snapshots.enterprise_current",
        "pivot snapshots.enterprise_current on enterprise_id using count(*)",
        "with a as (select 1 as b) from a",
        "values (1), (2)",
        "pragma table_info('snapshots.enterprise_current')",
        "set variable x = 3; select getvariable('x')",
        "explain select 1",
        "explain analyze select 1",
        "create temp macro twice(a) as a * 2; select twice(2)",
    ],
)
def test_what_reads_is_run(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    assert asked(connection, query).strip()


# --- refusals ---------------------------------------------------------------------------------------------------------

REFUSED = [
    "select * from read_csv('/etc/passwd')",
    "select * from read_text('/etc/hostname')",
    "from '/etc/passwd'",
    "select * from glob('/etc/*')",
    "attach '/tmp/parkbridge_other.duckdb' as other",
    "attach ':memory:' as other",
    "copy (select 1) to '/tmp/parkbridge_other.csv'",
    "copy (select 1) to '{file}' (format csv, use_tmp_file false)",
    "copy (select 1) to '{file}.wal' (format csv, use_tmp_file false)",
    "explain analyze copy (select 1) to '{file}' (format csv, use_tmp_file false)",
    "/* x */ explain (analyze) copy (select 1) to '{file}' (format csv, use_tmp_file false)",
    "prepare p as copy (select 1) to '{file}' (format csv, use_tmp_file false); execute p",
    "use memory; detach park; attach '{file}' as park; create table park.main.t as select 1",
    "detach park",
    "export database '/tmp/parkbridge_other'",
    "import database '/tmp/parkbridge_other'",
    "install httpfs",
    "load httpfs",
    "set enable_external_access = true",
    "set memory_limit = '1GB'",
    "reset threads",
    "create table park.snapshots.t as select 1",
    "create table t as select 1",
    "insert into snapshots.enterprise_current select * from snapshots.enterprise_current",
    "delete from snapshots.enterprise_current",
    "drop table snapshots.enterprise_current",
    "alter table snapshots.enterprise_current add column a integer",
    "comment on table snapshots.enterprise_current is 'x'",
    "select * from enable_profiling(save_location = '/tmp/parkbridge_other.txt')",
    "call enable_logging(storage = 'file', storage_path = '/tmp/parkbridge_other')",
    "checkpoint",
    "vacuum",
    "select * from connection",
    "pragma enable_profiling",
]


@pytest.mark.parametrize("query", REFUSED)
def test_what_does_not_only_read_is_refused(connection: duckdb.DuckDBPyConnection, file: Path, query: str) -> None:
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    with pytest.raises(shell.SqlError) as refused:
        asked(connection, query.format(file=file))
    assert "\n" not in str(refused.value)
    assert ". Next: " in str(refused.value)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == before
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert not list(Path("/tmp").glob("parkbridge_other*"))
    assert "甲" in asked(connection, "from 园区.企业现状"), "the connection still answers"


def test_the_settings_of_the_connection_are_locked(connection: duckdb.DuckDBPyConnection) -> None:
    names = ("enable_external_access", "lock_configuration", "python_enable_replacements", "autoload_known_extensions")
    found = dict(
        connection.execute(
            "select name, value from duckdb_settings() where list_contains($1, name)", [list(names)]
        ).fetchall()
    )
    assert found == {
        "enable_external_access": "false",
        "lock_configuration": "true",
        "python_enable_replacements": "false",
        "autoload_known_extensions": "false",
    }


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("select 企业名 from 园区.企业现状", ['"企业名称"', "`.columns TABLE`"]),
        ("select * from 园区.企业现况", ['Did you mean "企业现状"', "`.tables`"]),
        ("selec 1", ['at or near "selec"']),
        ("select 'a", ["unterminated quoted string"]),
        ("select cast('a' as integer)", ["Could not convert string 'a'"]),
        ("select unknown_function(1)", ["unknown_function does not exist"]),
        (".columns 企业现况", ["Did you mean 园区.企业现状", "`.tables`"]),
        (".columns", ["needs a table"]),
        (".mode excel", ["there is no form 'excel'", "csv-excel"]),
        (".rows many", ["no number of rows"]),
        (".tables 专利", ["nothing has '专利'"]),
        (".nothing", ["there is no command .nothing", "`.help`"]),
    ],
)
def test_an_error_is_one_line_with_a_next_step(
    connection: duckdb.DuckDBPyConnection, query: str, words: list[str]
) -> None:
    with pytest.raises(shell.SqlError) as printed:
        asked(connection, query)
    message = str(printed.value)
    assert "\n" not in message
    assert "LINE 1" not in message
    assert ". Next: " in message
    assert [word for word in words if word not in message] == []


def test_a_file_that_is_none_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "text.duckdb").write_text("no database at all, but long enough to be read as one" * 10)
    with (
        pytest.raises(ParkBridgeError, match="cannot be opened as a DuckDB file") as printed,
        open_read_only(tmp_path / "text.duckdb"),
    ):
        pass
    assert "\n" not in str(printed.value)


# --- what there is ----------------------------------------------------------------------------------------------------


def test_tables_and_columns_with_their_meaning(connection: duckdb.DuckDBPyConnection) -> None:
    assert asked(connection, ".tables").splitlines() == [
        "table                         what one row is, or its title",
        "园区.企业现状                 一家企业",
        "snapshots.enterprise_current  Enterprises today | 企业现状快照",
    ]
    assert len(asked(connection, ".tables 快照").splitlines()) == 2
    for name in ("园区.企业现状", "企业现状", 'park."园区"."企业现状"', "企业现状;"):
        assert asked(connection, f".columns {name}").splitlines() == [
            "column    type           meaning",
            "企业编号  varchar",
            "企业名称  varchar",
            "租赁面积  decimal(18,2)  租赁面积，单位：平方米",
        ]


def test_a_name_in_two_schemas_is_the_first_and_the_other_is_named(tmp_path: Path) -> None:
    path = tmp_path / "two.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema monthly; create schema signals")
        connection.execute("create table monthly.t as select 1 as m; create table signals.t as select 'a' as s")
    with open_read_only(path) as connection:
        first, *lines = asked(connection, ".columns t").splitlines()
        assert first in ("monthly.t; also signals.t", "signals.t; also monthly.t")
        assert lines[1].split()[0] == first[0]
        assert asked(connection, ".columns signals.t").splitlines()[1].split() == ["s", "varchar"]


def test_help_names_every_command(connection: duckdb.DuckDBPyConnection) -> None:
    text = asked(connection, ".help")
    assert [
        word for word in (".tables", ".columns", ".mode", ".rows", ".help", ".exit", "Ctrl-D") if word not in text
    ] == []
    assert asked(connection, "help") == text


# --- lines ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "is_whole"),
    [
        ("select 1;", True),
        ("select 1", False),
        ("select 1; ", True),
        ("select 1；", True),
        ("select 1; -- done", True),
        ("select 1 -- not done;", False),
        ("select ';", False),
        ("select ';'", False),
        ("select 'it''s;';", True),
        ('select ";', False),
        ('select "a;b";', True),
        ("select /* ; ", False),
        ("select /* ; */ 1;", True),
        ("select $$;", False),
        ("select $$;$$;", True),
        ("select 1;\nselect 2", False),
        ("select 1;\nselect 2;", True),
    ],
)
def test_a_statement_ends_with_a_semicolon_outside_quotes(text: str, is_whole: bool) -> None:
    assert shell.is_complete(text) is is_whole


def test_a_script_is_read_from_standard_input(file: Path) -> None:
    script = ".mode csv\nselect 1\n  as a;\n\n-- a remark; with a semicolon\nselect '；' as b；\nselect 3 as c"
    done = run(file, given=script)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "answers are shown as csv\na\n1\nb\n；\nc\n3\n"


def test_a_script_stops_at_what_fails(file: Path) -> None:
    done = run(file, "--format", "csv", given="select 1 as a;\nselect nothing;\nselect 3 as c;\n")
    assert (done.returncode, done.stdout) == (1, "a\n1\n")
    assert done.stderr.count("\n") == 1


# --- the command ------------------------------------------------------------------------------------------------------


def test_an_answer_goes_into_a_file_by_its_ending(file: Path, tmp_path: Path) -> None:
    query = "select 企业名称, 租赁面积 from 园区.企业现状 where 租赁面积 is not null"
    for name, content in (
        ("a.csv", "企业名称,租赁面积\n甲有限公司,12.50\n"),
        ("a.json", '[{"企业名称":"甲有限公司","租赁面积":12.50}]\n'),
        ("a.jsonl", '{"企业名称":"甲有限公司","租赁面积":12.50}\n'),
    ):
        done = run(file, query, "-o", str(tmp_path / name))
        assert (done.returncode, done.stdout) == (0, "")
        assert done.stderr == f"{tmp_path / name}: 1 row written\n"
        assert (tmp_path / name).read_text(encoding="utf-8") == content
    run(file, query, "--bom", "-o", str(tmp_path / "a.csv"))
    assert (tmp_path / "a.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    run(file, query, "--format", "csv-excel", "-o", str(tmp_path / "a.csv"))
    assert (tmp_path / "a.csv").read_bytes() == "\ufeff企业名称,租赁面积\r\n甲有限公司,12.50\r\n".encode()


def test_the_cookbook_is_listed_and_one_of_it_is_run(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "questions.md"
    page.write_text(
        "## 3. 有谁？ | Who is there?\n\n```sql\nselect 企业编号 from 园区.企业现状 order by 1\n```\n", encoding="utf-8"
    )
    found = cookbook.questions(page)
    monkeypatch.setattr(cookbook, "questions", lambda: found)
    settings = Settings.from_environment()
    assert shell.sql(settings, file=file, example=0) == 0
    assert capsys.readouterr().out == "  3  有谁？ | Who is there?\n"
    assert shell.sql(settings, file=file, example=3) == 0
    assert capsys.readouterr().out.splitlines() == [
        "-- 3. 有谁？ | Who is there?",
        "select 企业编号 from 园区.企业现状 order by 1",
        "",
        "企业编号",
        "────────",
        "E1",
        "E2",
        "(2 rows)",
    ]
    assert shell.sql(settings, file=file, example=3, form="csv") == 0
    assert capsys.readouterr().out == "企业编号\nE1\nE2\n"
    with pytest.raises(ParkBridgeError, match="there is no example 4"):
        shell.sql(settings, file=file, example=4)


def test_a_query_that_fails_leaves_the_file_as_it_was(file: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.csv"
    kept.write_text("before", encoding="utf-8")
    done = run(file, "select 1 as a; select nothing", "-o", str(kept))
    assert done.returncode == 1
    assert kept.read_text(encoding="utf-8") == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["kept.csv"]
    assert run(file, "select 1", "-o", str(tmp_path / "none" / "a.csv")).stderr.count("\n") == 1
    assert "xls cannot be written" in run(file, "select 1", "-o", str(tmp_path / "a.xls")).stderr


def test_a_machine_where_nothing_is_published_gets_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "sql", "select 1"],
        env=os.environ | {"PARKBRIDGE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"parkbridge: published data: nothing is published yet in .*\. Next: .*\n", done.stderr)


@pytest.mark.parametrize("rows", [1, 200_000])
def test_a_reader_that_goes_away_is_no_error(file: Path, rows: int) -> None:
    query = f"select range as n from range({rows})"
    with subprocess.Popen(
        [*PROGRAM, "sql", "--file", str(file), "--format", "csv", query], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait(timeout=60) == 0


def _hear_interrupts() -> None:
    """What a shell starts in the background ignores interrupts, and so would all that the tests start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_an_interrupt_is_quiet(file: Path) -> None:
    with subprocess.Popen(
        [
            *PROGRAM,
            "sql",
            "--file",
            str(file),
            "--format",
            "csv",
            "select 7 as begun; select count(*) from range(1000000000000)",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=_hear_interrupts,
    ) as child:
        assert child.stdout is not None
        # both lines: communicate() gives nothing of what readline() has read ahead
        assert [child.stdout.readline(), child.stdout.readline()] == [b"begun\n", b"7\n"]
        time.sleep(0.5)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
    assert (child.returncode, out, err) == (130, b"", b"")


# --- at a terminal ----------------------------------------------------------------------------------------------------


def _at_a_terminal() -> None:
    _hear_interrupts()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Terminal:
    """A person at a terminal: types, and waits for what is to come."""

    def __init__(self, file: Path, state: Path, columns: int) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        self.child = subprocess.Popen(
            [*PROGRAM, "sql", "--file", str(file)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=kept | {"XDG_STATE_HOME": str(state), "TERM": "dumb", "LC_ALL": "C.UTF-8"},
            start_new_session=True,
            preexec_fn=_at_a_terminal,
        )
        os.close(slave)
        self.seen = ""

    def wait(self, words: str) -> str:
        """What came until and with these words."""
        deadline = time.monotonic() + 60
        while words not in self.seen:
            ready, _, _ = select.select([self.master], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                pytest.fail(f"waited for {words!r}, saw {self.seen!r}")
            try:
                read = os.read(self.master, 65536)
            except OSError:  # the other end has closed
                read = b""
            if not read:
                pytest.fail(f"waited for {words!r}, the shell ended after {self.seen!r}")
            self.seen += CONTROL.sub("", read.decode("utf-8", "replace")).replace("\r", "")
        found, _, self.seen = self.seen.partition(words)
        return found + words

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def interrupt(self, words: str) -> str:
        """Ctrl-C, once more each second until it is heard: what came until and with these words.

        An interrupt that comes between readline's prompt and its wait for a key is heard only with the next key
        (CPython checks for signals where the wait is interrupted, not before it).
        """
        for _attempt in range(60):
            self.type("\x03")
            ready, _, _ = select.select([self.master], [], [], 1)
            if ready:
                break
        return self.wait(words)

    def end(self) -> int:
        code = self.child.wait(timeout=60)
        os.close(self.master)
        return code


def test_a_session_at_a_terminal(file: Path, tmp_path: Path) -> None:
    person = Terminal(file, tmp_path, columns=60)
    person.wait("Ctrl-D ends.")
    person.wait("park> ")
    # one statement over two lines, a table that fits
    person.type("select 企业名称,\n")
    person.wait("  ... ")
    person.type("租赁面积 from 园区.企业现状 order by 1 desc;\n")
    shown = person.wait("(2 rows)")
    assert "企业名称            租赁面积\n" in shown
    assert "甲有限公司             12.50\n" in shown
    person.wait("park> ")
    # wider than the terminal
    person.type("select 企业名称, 企业编号, repeat('宽', 20) as 备注 from 园区.企业现状 limit 1;\n")
    assert "企业名称 = 甲有限公司\n" in person.wait("(1 row)")
    person.wait("park> ")
    # two statements in one line
    person.type("select 1 as a; select 2 as b;\n")
    person.wait("(1 row)")
    assert "b\n─\n2\n" in person.wait("(1 row)")
    person.wait("park> ")
    # an error, then on
    person.type("select 企业名 from 园区.企业现状;\n")
    printed = person.wait("park> ")
    assert 'Candidate bindings: "企业名称"' in printed
    assert "Traceback" not in printed
    # Ctrl-C drops what was typed
    person.type("select 'half\n")
    person.wait("  ... ")
    person.interrupt("park> ")
    person.type(".mode jsonl\n")
    person.wait("answers are shown as jsonl")
    person.wait("park> ")
    person.type("select 0.10 as 数;\n")
    person.wait('{"数":0.10}')
    person.wait("park> ")
    # Ctrl-C stops a query
    person.type("select 7 as begun; select count(*) from range(1000000000000);\n")
    person.wait('{"begun":7}')
    time.sleep(0.5)
    person.interrupt("stopped")
    person.wait("park> ")
    person.type("\x04")
    assert person.end() == 0


def test_the_history_has_whole_statements_and_outlives_the_session(file: Path, tmp_path: Path) -> None:
    pytest.importorskip("readline")
    person = Terminal(file, tmp_path, columns=80)
    person.wait("park> ")
    person.type("select 41\n")
    person.wait("  ... ")
    person.type("+ 1 as answer;\n")
    person.wait("(1 row)")
    person.wait("park> ")
    person.type(".exit\n")
    assert person.end() == 0
    assert (tmp_path / "parkbridge" / "sql_history").read_text(encoding="utf-8").splitlines() == [
        "select 41 + 1 as answer;"
    ]
    again = Terminal(file, tmp_path, columns=80)
    again.wait("park> ")
    again.type("\x1b[A\n")
    again.wait("answer\n──────\n    42\n")
    again.wait("park> ")
    again.type("\x04")
    assert again.end() == 0
