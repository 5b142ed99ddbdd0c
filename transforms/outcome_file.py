"""outcomes.csv: what people answered to rows of the work list, one answer a line. Read by the night, written by `parkbridge worklist`.

`row` is a row's id (W and 10 hexadecimal digits). Of several answers to one row the latest holds, by `when` and not by its place in
the file; at one and the same `when` the later line. `withdraw` takes back what was answered up to its own `when`. Who answered stays in
the file: what is published has the answer, the day and the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from transforms import people_file
from warehouse.connection import insert_rows, the_row, transaction
from warehouse.errors import DeclarationError
from warehouse.people import ANSWERS_FILE, back_up_file, hold_to_copy
from warehouse.persons import blotted
from warehouse.settings import Settings

FORM = people_file.Form(("row", "answer", "who", "when", "why"), "PARKBRIDGE_OUTCOMES")
ANSWERS = ("done", "no_interest", "wrong", "later", "withdraw")
ROW = re.compile("W[0-9a-f]{10}")


@dataclass(frozen=True)
class Answer:
    """One line of outcomes.csv."""

    row: str
    answer: str
    who: str
    when: str
    why: str
    line: int = 0

    @property
    def moment(self) -> datetime:
        """`when` as a time, in the park's own time zone; a date alone is its beginning."""
        return people_file.moment(self.when) or datetime.min


def read_answers(path: Path) -> list[Answer]:
    """Read what people answered.

    Raises:
        DeclarationError: The file cannot be read as declared; the message names the line.
    """
    return [_answer(path, line, values) for line, values in people_file.read_lines(path, FORM)]


def _answer(path: Path, line: int, values: tuple[str, ...]) -> Answer:
    where = f"{path.name} line {line}"
    row, answer, who, when, why = values
    if not ROW.fullmatch(row):
        raise DeclarationError(
            where, f"row is {row!r}", next_step="write a row's id as the list shows it: W and 10 of 0-9 a-f"
        )
    if answer not in ANSWERS:
        raise DeclarationError(where, f"answer is {answer!r}", next_step=f"write {', '.join(ANSWERS)}")
    if people_file.moment(when) is None:
        raise DeclarationError(where, f"when is {when!r}", next_step="write 2026-11-20, or 2026-11-20 14:05:00")
    return Answer(row, answer, who, when, why, line)


def add(path: Path, answer: Answer) -> None:
    """Add a line at the end; persons in the reason, such as a phone number, are left out."""
    people_file.add_line(path, FORM, (answer.row, answer.answer, answer.who, answer.when, blotted(answer.why)))


def kept(answers: Iterable[Answer]) -> dict[str, list[Answer]]:
    """The answers to each row that were not taken back, earliest first; of one moment the later line."""
    found: dict[str, dict[datetime, Answer]] = {}
    for answer in sorted(answers, key=lambda one: (one.moment, one.line)):
        if answer.answer == "withdraw":
            found.pop(answer.row, None)
        else:
            found.setdefault(answer.row, {})[answer.moment] = answer
    return {row: list(of_row.values()) for row, of_row in found.items()}


def holding(answers: Iterable[Answer]) -> dict[str, Answer]:
    """The answer that holds for each row, by the rules at the head of this file."""
    return {row: of_row[-1] for row, of_row in kept(answers).items()}


def back_up(settings: Settings) -> int:
    """Copy outcomes.csv into the backup; returns how many answers it has. A damaged file never takes the copy's place.

    Raises:
        DeclarationError: outcomes.csv is gone, although the backup has it, or cannot be read as declared.
    """
    return back_up_file(settings, ANSWERS_FILE, read_answers)


def load(connection: duckdb.DuckDBPyConnection, settings: Settings, as_of: datetime, *, is_past: bool = False) -> int:
    """Fill ops.work_answer and ops.work_day for a night: what had been answered by then, and which day it is in the park.

    Of a row all answers are kept that were not taken back: one of an earlier showing still says what came of that.
    The file is begun where there is none and no row was ever shown; later a missing file is a loss.

    Args:
        connection: The writer's.
        settings: Where the file is, and the park's time zone.
        as_of: The night's moment, naive UTC. Answers dated later belong to a later night.
        is_past: A past night is reconstructed: the file is not begun.

    Returns:
        How many answers were taken.

    Raises:
        DeclarationError: outcomes.csv is gone or cannot be read as declared.
    """
    path = hold_to_copy(settings, ANSWERS_FILE)
    (is_known,) = the_row(connection, "select exists (from ops.work_shown) or exists (from ops.work_answer)")
    is_begun = path.exists() or is_known
    if not is_begun and not is_past and path.parent.is_dir():
        people_file.replace(path, FORM, FORM.header)
    lines = [] if is_past and not is_begun else read_answers(path)
    until = as_of.replace(tzinfo=UTC).astimezone(settings.time_zone).replace(tzinfo=None)
    answers = kept(answer for answer in lines if answer.moment <= until)
    # somebody may have written a phone number into the file by hand
    rows = [[one.row, one.answer, one.moment, blotted(one.why)] for of_row in answers.values() for one in of_row]
    with transaction(connection):
        connection.execute("delete from ops.work_answer")
        insert_rows(connection, "ops.work_answer", rows)
        connection.execute("delete from ops.work_day")
        connection.execute("insert into ops.work_day values (?)", [until.date()])
    return len(rows)
