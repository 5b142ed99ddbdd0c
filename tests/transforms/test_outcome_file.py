"""outcomes.csv: what is read, what is refused, what holds; and `parkbridge worklist`, which writes it."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

import parkbridge
from tests.conftest import prepared
from transforms.outcome_file import FORM, Answer, add, back_up, holding, load, read_answers
from warehouse.errors import DeclarationError, ParkBridgeError
from warehouse.settings import Settings

ROW, OTHER = "W0123456789", "Wabcdef0123"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    given: dict[str, Any] = dict.fromkeys(Settings.__dataclass_fields__, "")
    home = tmp_path / "park"
    home.mkdir()
    for name, path in (("HOME", home), ("JUDGEMENTS", home / "judgements.csv"), ("BACKUP", tmp_path / "backup")):
        monkeypatch.setenv(f"PARKBRIDGE_{name}", str(path))
    monkeypatch.delenv("PARKBRIDGE_OUTCOMES", raising=False)
    assert Settings.from_environment().outcomes == home / "outcomes.csv"
    return Settings(
        **given
        | {
            "home": home,
            "outcomes": home / "outcomes.csv",
            "audience": "director",
            "audiences": ("director",),
            "backup": tmp_path / "backup",
            "time_zone": ZoneInfo("Asia/Shanghai"),
            "memory_limit": "1GB",
        }
    )


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with prepared() as opened:
        yield opened


def test_the_latest_answer_holds_and_a_withdrawal_takes_it_back() -> None:
    lines = [
        Answer(ROW, "done", "li", "2026-11-20 10:00:00", "", 2),
        Answer(ROW, "wrong", "wang", "2026-11-19", "", 3),
        Answer(OTHER, "later", "li", "2026-11-18", "", 4),
        Answer(OTHER, "withdraw", "wang", "2026-11-19", "", 5),
    ]
    assert {row: one.answer for row, one in holding(lines).items()} == {ROW: "done"}
    assert holding(reversed(lines)) == holding(lines), "the order of the lines means nothing"


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("", "it has no header"),
        ("row,answer\n", "columns are"),
        (FORM.header + "W1,done,li,2026-11-20,x\n", "line 2: row is 'W1'"),
        (FORM.header + f"# why\n{ROW},perhaps,li,2026-11-20,x\n", "line 3: answer is 'perhaps'"),
        (FORM.header + f"{ROW},done,li,tomorrow,x\n", "when is 'tomorrow'"),
        (FORM.header + f"{ROW},done,li,2026-02-30,x\n", "when is '2026-02-30'"),
        (FORM.header + f"{ROW},done,li,2026-11-20,a,b\n", "6 values for 5 columns"),
    ],
)
def test_a_damaged_file_is_refused_and_the_line_is_named(settings: Settings, text: str, fact: str) -> None:
    settings.outcomes.write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError, match=r"outcomes\.csv") as stopped:
        read_answers(settings.outcomes)
    assert fact in str(stopped.value)


def test_a_file_that_is_not_utf8_is_refused(settings: Settings) -> None:
    settings.outcomes.write_bytes(FORM.header.encode() + f"{ROW},done,li,2026-11-20,已办".encode("gb18030"))
    with pytest.raises(DeclarationError, match="it is not UTF-8"):
        read_answers(settings.outcomes)


def test_a_night_takes_what_was_answered_by_then(settings: Settings, connection: duckdb.DuckDBPyConnection) -> None:
    night = datetime(2026, 11, 20, 18)  # 2 o'clock of the 21st in Shanghai
    assert load(connection, settings, night) == 0
    assert settings.outcomes.read_text(encoding="utf-8") == FORM.header, "the first night begins the file"
    add(settings.outcomes, Answer(ROW, "done", "li", "2026-11-21 01:59:00", "met, on site"))
    add(settings.outcomes, Answer(OTHER, "done", "li", "2026-11-21 02:01:00", "later than the night"))
    assert load(connection, settings, night) == 1
    kept = connection.execute("from ops.work_answer").fetchall()
    assert kept == [(ROW, "done", datetime(2026, 11, 21, 1, 59), "met, on site")], "who answered stays in the file"
    assert connection.execute("from ops.work_day").fetchall() == [(date(2026, 11, 21),)]
    assert load(connection, settings, night) == 1, "the same again"
    settings.outcomes.unlink()
    with pytest.raises(DeclarationError, match="cannot be read"):
        load(connection, settings, night)
    assert connection.execute("from ops.work_answer").fetchall() == kept, "nothing is forgotten for a lost file"


def test_a_folder_that_is_not_there_is_a_loss_and_is_not_made(
    settings: Settings, connection: duckdb.DuckDBPyConnection
) -> None:
    lost = dataclasses.replace(settings, outcomes=settings.home / "share" / "outcomes.csv")
    with pytest.raises(DeclarationError, match=r"cannot be read.*make it, with the header"):
        load(connection, lost, datetime(2026, 11, 20, 18))
    assert not lost.outcomes.parent.exists()


def test_an_answer_of_the_night_s_own_second_counts(settings: Settings, connection: duckdb.DuckDBPyConnection) -> None:
    add(settings.outcomes, Answer(ROW, "done", "li", "2026-11-21 02:00:00", ""))
    assert load(connection, settings, datetime(2026, 11, 20, 17, 59, 59)) == 0
    assert load(connection, settings, datetime(2026, 11, 20, 18)) == 1


def test_every_answer_is_taken_that_was_not_taken_back(
    settings: Settings, connection: duckdb.DuckDBPyConnection
) -> None:
    """An answer to an earlier showing stays when the row is answered anew half a year later."""
    for when, what in (("2026-03-01", "done"), ("2026-11-01", "later"), ("2026-11-02", "wrong")):
        add(settings.outcomes, Answer(ROW, what, "li", when, ""))
    for when, what in (("2026-03-01", "done"), ("2026-03-02", "withdraw"), ("2026-03-01", "wrong")):
        add(settings.outcomes, Answer(OTHER, what, "li", when, ""))
    assert load(connection, settings, datetime(2026, 11, 20)) == 3
    taken = connection.execute(
        "select work_answer_code from ops.work_answer where row_id = ? order by answered_at", [ROW]
    )
    assert taken.fetchall() == [("done",), ("later",), ("wrong",)]
    assert load(connection, settings, datetime(2026, 3, 1)) == 2, (
        "of one moment the later line, and no later withdrawal"
    )
    assert connection.execute("select work_answer_code from ops.work_answer where row_id = ?", [OTHER]).fetchall() == [
        ("wrong",)
    ]


def test_a_file_lost_with_the_warehouse_is_not_begun_anew(
    settings: Settings, connection: duckdb.DuckDBPyConnection
) -> None:
    """A rebuild from nothing, or a scratch warehouse, has no answers, but knows that rows were shown."""
    night = datetime(2026, 11, 20, 18)
    assert load(connection, settings, night, is_past=True) == 0, "before the first list nothing can be answered"
    assert not settings.outcomes.exists(), "a past night writes nothing"
    connection.execute("insert into ops.work_shown (row_id, as_of) values (?, '2026-11-19')", [ROW])
    for is_past in (True, False):
        with pytest.raises(DeclarationError, match="cannot be read"):
            load(connection, settings, night, is_past=is_past)
    assert not settings.outcomes.exists()


def test_a_reason_keeps_no_person(settings: Settings, connection: duckdb.DuckDBPyConnection) -> None:
    add(settings.outcomes, Answer(ROW, "done", "li", "2026-11-20", "联系人：张犇翀，13812345678，met"))
    (line,) = read_answers(settings.outcomes)
    assert "met" in line.why
    assert not any(part in line.why for part in ("张犇翀", "13812345678"))
    assert settings.outcomes.stat().st_mode & 0o777 == 0o600
    # somebody writes into the file by hand
    with settings.outcomes.open("a", encoding="utf-8") as file:
        file.write(f"{OTHER},wrong,wang,2026-11-20,call 139-1234-5678\n")
    assert load(connection, settings, datetime(2026, 11, 21)) == 2
    kept = connection.execute("select answered_because from ops.work_answer where row_id = ?", [OTHER]).fetchall()
    assert kept == [("call [phone removed]",)]


def test_the_backup_keeps_the_last_file_that_could_be_read(settings: Settings) -> None:
    assert back_up(settings) == 0
    add(settings.outcomes, Answer(ROW, "done", "li", "2026-11-20", ""))
    assert back_up(settings) == 1
    copy = settings.backup / "outcomes.csv"
    assert copy.read_bytes() == settings.outcomes.read_bytes()
    settings.outcomes.write_text("damaged", encoding="utf-8")
    with pytest.raises(DeclarationError):
        back_up(settings)
    assert len(read_answers(copy)) == 1
    settings.outcomes.unlink()
    with pytest.raises(DeclarationError):
        back_up(settings)


@pytest.fixture
def published(settings: Settings) -> Settings:
    """A published file with two rows that wait and one that is answered."""
    settings.published.mkdir()
    with duckdb.connect(settings.published_file) as file:
        file.execute("create schema ops; create schema snapshots")
        file.execute("create table ops.night as select 'n' as night_id, timestamp '2026-11-20 18:00' as as_of")
        file.execute("create table ops.work_shown as select 'W9999999999' as row_id")
        file.execute(
            """
            create table snapshots.work_list as
            select *, '甲公司' as enterprise_name, '企业服务' as office_zh, date '2026-11-01' as since_date,
                date '2026-11-30' as due_date, '尚不可知' as hit_rate_zh
            from (values
                ('W0123456789', 'answer', '用房', '答复诉求：用房 300 平方米', 'back', 1),
                ('Wabcdef0123', 'call', '迁出预警', '迁出预警：理由', 'new', 1),
                ('Wabcdef9999', 'call', '迁出预警', '迁出预警：理由', 'answered', 2)
            ) as t (row_id, limit_group_code, topic_zh, work_zh, work_state_code, rank_in_group)
            """
        )
    return settings


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["parkbridge", "worklist", *words])
    code = parkbridge.main()
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_list_is_shown_and_answered(
    published: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(monkeypatch, capsys)
    assert code == 0
    assert ROW in out
    assert OTHER in out
    assert "Wabcdef9999" not in out
    assert "2 to do on 2026-11-21" in out
    # the beginning of an id is enough where it is one row's
    assert run(monkeypatch, capsys, "--answer", "W0123", "done", "--why", "met", "--who", "li")[0] == 0
    (line,) = read_answers(published.outcomes)
    assert (line.row, line.answer, line.who, line.why) == (ROW, "done", "li", "met")
    assert ROW not in run(monkeypatch, capsys)[1]
    assert run(monkeypatch, capsys, "--answer", ROW, "withdraw", "--who", "li")[0] == 0
    assert ROW in run(monkeypatch, capsys)[1]
    # a row that an earlier list showed can still be answered: it counts for the hit rate
    code, out, _ = run(monkeypatch, capsys, "--answer", "W9999999999", "wrong", "--who", "li")
    assert code == 0
    assert "no longer on the list" in out


@pytest.mark.parametrize(
    ("words", "fact"),
    [
        (("Wffffffffff", "done"), "no list has shown a row 'Wffffffffff'"),
        (("Wabcdef", "done"), "begins 2 rows"),
        (("W", "done"), "no list has shown"),
        ((ROW, "perhaps"), "'perhaps' is no answer"),
        ((ROW, "withdraw"), f"nothing is answered to {ROW}"),
    ],
)
def test_an_answer_that_cannot_be_is_refused_and_nothing_is_written(
    published: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, str],
    fact: str,
) -> None:
    code, _, err = run(monkeypatch, capsys, "--answer", *words)
    assert code == 1
    assert fact in err
    assert "Next: " in err
    assert not published.outcomes.exists()


def test_a_walk_through_the_rows(
    published: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = iter(["x", "d talked to them", "s"])
    monkeypatch.setattr("builtins.input", lambda _: next(said))
    code, out, _ = run(monkeypatch, capsys, "--walk", "--who", "li")
    assert code == 0
    assert "'x' is not one of" in out
    assert [(one.row, one.answer, one.why) for one in read_answers(published.outcomes)] == [
        (ROW, "done", "talked to them")
    ]


def test_an_answer_of_a_day_to_come_can_be_withdrawn(
    published: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    add(published.outcomes, Answer(ROW, "done", "li", "2999-01-01 08:00:00", ""))
    assert ROW not in run(monkeypatch, capsys)[1]
    assert run(monkeypatch, capsys, "--answer", ROW, "withdraw", "--who", "li")[0] == 0
    assert holding(read_answers(published.outcomes)) == {}
    assert read_answers(published.outcomes)[-1].when == "2999-01-01 08:00:00"


def test_answers_are_read_against_the_day_of_the_list(
    published: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The list of the 21st has applied what was answered before that day: such a row waits again."""
    add(published.outcomes, Answer(ROW, "done", "li", "2026-11-20 23:59:59", ""))
    add(published.outcomes, Answer(OTHER, "done", "li", "2026-11-21", ""))
    code, out, _ = run(monkeypatch, capsys)
    assert (code, ROW in out, OTHER in out) == (0, True, False)
    assert "1 to do on 2026-11-21, 2 answered or put off" in out
    # it was shown before and comes back; its due day is said
    line = next(line for line in out.splitlines() if line.startswith(ROW))
    assert "再次提醒" in line
    assert "期限 2026-11-30" in line
    assert [line for line in out.splitlines() if line.startswith("── ")] == ["── 答复诉求 answer"]
    # four signs are enough where they begin one row, three never
    assert run(monkeypatch, capsys, "--answer", "W012", "later", "--who", "li")[0] == 0
    code, _, err = run(monkeypatch, capsys, "--answer", "Wab", "later", "--who", "li")
    assert (code, "no list has shown a row 'Wab'" in err) == (1, True)


def test_a_walk_ends_where_its_person_ends_it(
    published: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def walked(*said: str) -> tuple[int, str]:
        words = iter(said)

        def asked(_: str) -> str:
            word = next(words, None)
            if word is None:
                raise EOFError
            return word

        monkeypatch.setattr("builtins.input", asked)
        return run(monkeypatch, capsys, "--walk", "--who", "li")[:2]

    assert "0 answers written" in walked("q")[1]
    assert "0 answers written" in walked()[1]
    assert not published.outcomes.exists()
    code, out = walked("s", "l next month")
    assert (code, "── 1 of 2" in out, "── 2 of 2" in out, "1 answer written" in out) == (0, True, True, True)
    assert [(one.row, one.answer, one.why) for one in read_answers(published.outcomes)] == [
        (OTHER, "later", "next month")
    ]
    assert "2 of 2" not in walked("n")[1], "what is answered is not asked for again"
    assert "0 to do" in walked()[1], "nothing to walk through: the list is shown"


def test_a_published_file_of_before_says_what_to_do(settings: Settings) -> None:
    from transforms.worklist import read_list

    settings.published.mkdir()
    with duckdb.connect(settings.published_file) as file:
        file.execute("create schema snapshots; create schema ops; create table ops.night as select 1 as as_of")
    with pytest.raises(ParkBridgeError, match="has no work list"):
        read_list(settings)
