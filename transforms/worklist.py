"""`parkbridge worklist`: what there is to do this week, and what came of it.

The list is that of the published night; answers go into outcomes.csv at once, and the coming night applies them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from transforms.outcome_file import ANSWERS, Answer, add, holding, read_answers
from transforms.people_file import written_when
from warehouse.connection import reader, the_row
from warehouse.errors import ParkBridgeError
from warehouse.people import ANSWERS_FILE, hold_to_copy
from warehouse.settings import Settings
from warehouse.text import side_by_side

Ask = Callable[[str], str]
Show = Callable[[str], None]
KEYS = {
    "d": ("done", "d done 已办"),
    "n": ("no_interest", "n no interest 无意向"),
    "w": ("wrong", "w wrong 情况不符"),
    "l": ("later", "l later 以后再办"),
}
MOVES = ("s skip 跳过", "q quit 退出")


@dataclass(frozen=True)
class Task:
    """One row of the work list, as people read it."""

    row_id: str
    group: str
    action: str
    enterprise: str
    work: str
    office: str
    since: date | None
    due: date | None
    state: str
    hit_rate: str


@dataclass(frozen=True)
class WorkList:
    """The list of the published night: the day, its rows in their order, and the rows that earlier lists showed."""

    day: date
    tasks: tuple[Task, ...]
    shown: frozenset[str]


def read_list(settings: Settings) -> WorkList:
    """The list of the night that readers see.

    Raises:
        ParkBridgeError: Nothing is published, or a file of an earlier version.
    """
    with reader(settings) as connection:
        try:
            rows = connection.execute(
                """
                select w.row_id, w.limit_group_code, w.topic_zh, w.enterprise_name, w.work_zh, w.office_zh, w.since_date,
                    w.due_date, w.work_state_code, w.hit_rate_zh
                from snapshots.work_list as w
                order by
                    case w.limit_group_code when 'answer' then 1 when 'call' then 2 when 'introduction' then 3 else 4 end,
                    w.work_state_code = 'answered', w.work_state_code = 'later', w.work_state_code = 'new', w.rank_in_group
                """
            ).fetchall()
            shown = {
                row_id for (row_id,) in connection.execute("select distinct row_id from ops.work_shown").fetchall()
            }
            (as_of,) = the_row(connection, "select as_of from ops.night")
        except (duckdb.CatalogException, duckdb.BinderException):
            raise ParkBridgeError(
                "worklist", "the published night has no work list", next_step="run `parkbridge sync`, then this again"
            ) from None
    day = as_of.replace(tzinfo=UTC).astimezone(settings.time_zone).date()
    return WorkList(day, tuple(Task(*row) for row in rows), frozenset(shown | {row[0] for row in rows}))


def open_tasks(listed: WorkList, answers: dict[str, Answer]) -> list[Task]:
    """The rows that wait for somebody: not answered in the list itself, nor in outcomes.csv since."""
    return [task for task in listed.tasks if task.state not in ("answered", "later") and task.row_id not in answers]


def listing(tasks: list[Task], places: int) -> Iterator[str]:
    """The list, grouped; each row with its id, the enterprise and office, and in words what is to be done."""
    titles = {
        "answer": "答复诉求 answer",
        "call": "联系走访 call",
        "introduction": "牵线对接 introduce",
        "attraction": "招商 attract",
    }
    group = ""
    for task in tasks:
        if task.group != group:
            group = task.group
            yield ""
            yield f"── {titles.get(group, group)}"
        yield from shown(task, places)


def shown(task: Task, places: int) -> Iterator[str]:
    """One row in a few lines."""
    again = " 再次提醒" if task.state == "back" else ""
    due = f" · 期限 {task.due}" if task.due else ""
    yield f"{task.row_id}  {task.enterprise or '–'} · {task.office}{due} · 命中 {task.hit_rate}{again}"
    yield from side_by_side(["", task.work], [11, max(40, places - 13)])


def answer(settings: Settings, listed: WorkList, row: str, what: str, *, who: str, why: str) -> Answer:
    """Write one answer into outcomes.csv.

    Args:
        settings: The park.
        listed: The list that readers see.
        row: A row's id, or the beginning of one that no other row of the list has.
        what: One of ANSWERS.
        who: Who answers.
        why: Why, or what came of it.

    Raises:
        ParkBridgeError: There is no such row or answer, or the file can be neither read nor written.
    """
    if what not in ANSWERS:
        raise ParkBridgeError("worklist", f"{what!r} is no answer", next_step=f"give one of {', '.join(ANSWERS)}")
    row_id = _meant(listed, row)
    path = hold_to_copy(settings, ANSWERS_FILE)
    before = read_answers(path) if path.exists() else []
    moment = datetime.now(settings.time_zone).replace(tzinfo=None)
    if what == "withdraw":
        said = [one.moment for one in before if one.row == row_id]
        if row_id not in holding(before):
            raise ParkBridgeError(
                "worklist", f"nothing is answered to {row_id}", next_step=f"look into {settings.outcomes}"
            )
        moment = max([moment, *said])  # an answer may bear a date to come
    written = Answer(row_id, what, who, written_when(moment), why)
    add(settings.outcomes, written)
    return written


def _meant(listed: WorkList, row: str) -> str:
    if row in listed.shown:
        return row
    begun = sorted(task.row_id for task in listed.tasks if len(row) >= 4 and task.row_id.startswith(row))
    if len(begun) == 1:
        return begun[0]
    fact = f"{row!r} begins {len(begun)} rows" if begun else f"no list has shown a row {row!r}"
    raise ParkBridgeError("worklist", fact, next_step="give an id as `parkbridge worklist` prints it")


def walk(
    settings: Settings, listed: WorkList, tasks: list[Task], ask: Ask, show: Show, *, who: str, places: int
) -> int:
    """Ask about one row after the other; returns how many answers were written."""
    written = 0
    for number, task in enumerate(tasks, 1):
        show("")
        show(f"── {number} of {len(tasks)} · {task.action}")
        for line in shown(task, places):
            show(line)
        while True:
            try:
                said = ask(f"{'  '.join([*(words for _, words in KEYS.values()), *MOVES])} > ").strip()
            except (EOFError, KeyboardInterrupt):
                show("")
                return written
            key, _, why = said.partition(" ")
            if key in KEYS:
                made = answer(settings, listed, task.row_id, KEYS[key][0], who=who, why=why.strip())
                show(f"  ✓ {made.answer}: {made.row}")
                written += 1
                break
            if key == "s":
                break
            if key == "q":
                return written
            show(f"{said!r} is not one of {' '.join([*KEYS, 's', 'q'])}")
    return written


def worklist(
    settings: Settings,
    ask: Ask,
    show: Show,
    *,
    who: str,
    places: int,
    given: list[str] | None = None,
    why: str = "",
    is_walk: bool = False,
) -> int:
    """List what waits, or answer one row, or walk through the rows.

    Args:
        settings: The park.
        ask: Asks for one line; EOFError ends the walk.
        show: Prints one line.
        who: Who answers.
        places: The width of the terminal.
        given: A row and its answer.
        why: Why, of that answer.
        is_walk: Ask about one row after the other.

    Returns:
        How many answers were written.
    """
    listed = read_list(settings)
    path: Path = hold_to_copy(settings, ANSWERS_FILE)
    if given:
        row, what = given
        made = answer(settings, listed, row, what, who=who, why=why)
        gone = "" if made.row in {task.row_id for task in listed.tasks} else "; the row is no longer on the list"
        show(f"{made.row} {made.answer}: written to {path}{gone}. The coming night applies it")
        return 1
    answers = holding(read_answers(path)) if path.exists() else {}
    # an answer that the night has applied is in the list itself
    waiting = open_tasks(listed, {row: one for row, one in answers.items() if _is_since(listed, one)})
    if is_walk and waiting:
        written = walk(settings, listed, waiting, ask, show, who=who, places=places)
        show(
            f"\n{written:,} {'answer' if written == 1 else 'answers'} written to {path}. The coming night applies them"
        )
        return written
    for line in listing(waiting, places):
        show(line)
    done = len(listed.tasks) - len(waiting)
    show(f"\n{len(waiting):,} to do on {listed.day}, {done:,} answered or put off. 待办 {len(waiting):,} 件")
    show(
        f"Answer: `parkbridge worklist --answer ID {'|'.join(ANSWERS[:4])} --why …`; one by one: `parkbridge worklist --walk`"
    )
    return 0


def _is_since(listed: WorkList, one: Answer) -> bool:
    """Whether an answer is not in the list yet; one of the list's own day may be, and then the row says so itself."""
    return one.moment.date() >= listed.day
