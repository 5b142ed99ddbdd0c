"""`parkbridge review`: the queue of doubtful matches, one by one, with the record and its candidates side by side.

Every decision is a line of judgements.csv, written before the next question is asked: whoever is cut off loses nothing. What
is published is not touched; the next night applies the lines, and what it will make of them is worked out on a copy (preview.py).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from transforms.people_file import written_when
from transforms.preview import preview, report
from transforms.resolution.judgement_file import Judgement, add, drop_last, read_judgements, standing, to_withdraw
from warehouse.connection import alone, open_read_only, reader, the_row
from warehouse.errors import ParkBridgeError, WarehouseBusy
from warehouse.people import JUDGEMENTS_FILE, hold_to_copy
from warehouse.settings import Settings
from warehouse.text import aligned, side_by_side

Ask = Callable[[str], str]
Show = Callable[[str], None]

SIDE = ("enterprise_id", "name", "code", "address", "method", "score")
LABELS = (("name", "name 名称"), ("code", "code 代码"), ("address", "address 地址"))
BY = {
    "name": "its name 同名",
    "code": "its code 同代码",
    "scored": "likeness 相似",
    "judgement": "a judgement 人工判定",
}
KEYS = {
    "s": "s same 是",
    "r": "r B is it 是次选",
    "d": "d different 不是",
    "u": "u unsure 拿不准",
    "w": "w N withdraw line N 撤回第N行",
    "k": "k skip 跳过",
    "n": "n note 备注",
    "b": "b back 返回",
    "q": "q quit 结束",
}


@dataclass(frozen=True)
class Side:
    """What one side of a comparison states: the record, or an enterprise that it may be."""

    enterprise_id: str
    name: str
    code: str
    address: str
    method: str = ""
    score: str = ""


@dataclass(frozen=True)
class Case:
    """One row of resolved.review_queue."""

    record: str
    reason_code: str
    reason: str
    share_pct: str
    stated: Side
    candidates: tuple[Side, ...]
    candidate_count: int
    evidence: str
    evidence_zh: str
    is_of_lines: bool = False

    @property
    def lines(self) -> list[int]:
        """The lines of judgements.csv that the case is about."""
        if not self.is_of_lines:
            return []
        return [int(number) for number in re.findall(r"\(line (\d+),", self.evidence)]


@dataclass(frozen=True)
class Queue:
    """The cases that wait, most important first, and as of when (UTC)."""

    cases: list[Case]
    as_of: datetime


@contextmanager
def _place(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file; before the first night is published, the warehouse, only while no other process writes."""
    if settings.published_file.exists():
        with reader(settings) as connection:
            yield connection
    elif settings.warehouse_file.exists():
        try:
            with alone(settings, wait_seconds=2), open_read_only(settings.warehouse_file) as connection:
                yield connection
        except WarehouseBusy:
            raise WarehouseBusy(
                "review",
                "nothing is published yet, and the warehouse is being written",
                next_step="run this again when the night is over",
            ) from None
    else:
        raise ParkBridgeError("review", f"there is no park in {settings.home}", next_step="run `parkbridge sync`")


def read_queue(settings: Settings, *, feed: str | None = None, reason: str | None = None) -> Queue:
    """Read what waits for a person.

    Args:
        settings: The park's.
        feed: Only this feed's records.
        reason: Only this reason_code.

    Raises:
        ParkBridgeError: There is no queue yet.
    """
    listed = ", ".join(f"coalesce(q.{who}_{what}::varchar, '')" for who in ("candidate", "runner_up") for what in SIDE)
    with _place(settings) as connection:
        try:
            (as_of,) = the_row(connection, "select as_of from ops.night")
            waiting = connection.execute(
                "select outcome_code from rules.match_outcome where is_waiting order by priority"
            ).fetchall()
            rows = connection.execute(
                f"""
                select
                    q.feed || '/' || q.source_key, q.reason_code, q.reason, q.share_pct::varchar, q.candidate_count,
                    q.evidence, q.evidence_zh, coalesce(q.stated_name, ''), coalesce(q.stated_code, ''),
                    coalesce(q.stated_address, ''),
                    r.is_of_lines, {listed}
                from resolved.review_queue as q
                inner join rules.match_outcome as r on q.reason_code = r.outcome_code
                where q.feed = coalesce($feed, q.feed) and q.reason_code = coalesce($reason, q.reason_code)
                order by q.priority, q.share_pct desc, q.candidate_score desc nulls last, q.feed, q.source_key
                """,
                {"feed": feed, "reason": reason},
            ).fetchall()
        except (duckdb.CatalogException, duckdb.BinderException):
            raise ParkBridgeError(
                "review", "the last night has no queue of this kind", next_step="run `parkbridge sync`, then this again"
            ) from None
    if reason and (reason,) not in waiting:
        raise ParkBridgeError(
            "review",
            f"nothing waits for reason {reason!r}",
            next_step=f"use one of {', '.join(code for (code,) in waiting)}",
        )
    cases = []
    for record, code, words, share, count, why, why_zh, name, stated_code, address, is_of_lines, *sides in rows:
        candidates = [Side(*sides[:6]), Side(*sides[6:])]
        cases.append(
            Case(
                record,
                code,
                words,
                share,
                Side("", name, stated_code, address),
                tuple(side for side in candidates if side.enterprise_id),
                count,
                why or "",
                why_zh or "",
                is_of_lines,
            )
        )
    return Queue(cases, as_of)


def unanswered(queue: Queue, judged: list[Judgement], settings: Settings) -> list[Case]:
    """The cases, or candidates of them, that are undecided since the night that queued them."""

    def is_since(line: Judgement) -> bool:
        moment = line.moment if ":" in line.when else line.moment + timedelta(days=1)
        if moment.year in (1, 9999):
            return moment.year == 9999
        return moment.replace(tzinfo=settings.time_zone).astimezone(UTC).replace(tzinfo=None) >= queue.as_of

    since = [line for line in judged if is_since(line)]
    held = [said.held for said in standing(judged).values() if said.held]
    settled = {name for j in held if j in since and j.decision != "different" for name in (j.left, j.right)}
    rejected = {j.pair for j in held if j in since and j.decision == "different"}
    withdrawn = {line.pair for line in since if line.decision == "withdraw"}
    touched = {line.line for line in judged if line.pair in withdrawn}
    waiting = []
    for case in queue.cases:
        left = tuple(c for c in case.candidates if frozenset((case.record, c.enterprise_id)) not in rejected)
        is_used_up = bool(case.candidates) and not left
        if case.record not in settled and not is_used_up and not touched & set(case.lines):
            waiting.append(replace(case, candidates=left))
    return waiting


def listing(cases: list[Case]) -> Iterator[str]:
    """The queue as a table."""
    header = ("", "reason", "share %", "record", "stated 来源名称", "candidate 候选", "score", "runner-up 次选")
    rows: list[tuple[object, ...]] = [header]
    for number, case in enumerate(cases, start=1):
        first, second = [*case.candidates, *[Side("", "", "", "")] * 2][:2]
        stated = case.stated.name or case.stated.code
        sides = (first.name or first.enterprise_id, first.score, second.name or second.enterprise_id)
        rows.append((number, case.reason_code, case.share_pct, case.record, stated, *sides))
    yield from aligned(rows)


def shown(case: Case, number: int, count: int, places: int) -> Iterator[str]:
    """One case: the record and its candidates side by side; = marks what is letter for letter the same."""
    yield ""
    yield f"── {number} of {count} · {case.reason} · {case.share_pct} % of {case.record.partition('/')[0]}"
    sides = case.candidates[:2]
    label = 14
    wide = max(20, (places - label - 2 * (len(sides) + 1)) // (len(sides) + 1))
    widths = [label, *[wide] * (len(sides) + 1)]
    heads = [f"{letter} {side.enterprise_id}" for letter, side in zip("AB", sides, strict=False)]
    yield from side_by_side(["", case.record, *heads], widths)
    for field, text in LABELS:
        stated = getattr(case.stated, field)
        values = [getattr(side, field) or "–" for side in sides]
        marked = [f"= {value}" if value == stated else value for value in values]
        yield from side_by_side([text, stated or "–", *marked], widths)
    if sides:
        by = [f"{BY.get(side.method, side.method)}{f', {side.score}' if side.score else ''}" for side in sides]
        yield from side_by_side(["by 依据", "", *by], widths)
    if case.candidate_count > 2:
        yield f"{' ' * label}  {case.candidate_count} enterprises in all; the next ones come when these are rejected"
    for text, words in (("evidence", case.evidence), ("说明", case.evidence_zh)):
        yield from side_by_side([text, words], [label, max(40, places - label - 2)])


class Walk:
    """The walk through the cases: asks, writes, goes back."""

    def __init__(self, cases: list[Case], file: Path, who: str, now: Callable[[], datetime]) -> None:
        self.cases = cases
        self.file = file
        self.who = who
        self.now = now
        self.written: list[Judgement] = []
        self._steps: list[tuple[int, Case, Judgement | None]] = []
        self._note = ""

    def go(self, ask: Ask, show: Show, places: int) -> None:
        """Ask about one case after the other until they are through or somebody quits."""
        place, total = 0, len(self.cases)
        while place < total:
            case = self.cases[place]
            if case.lines and self._is_settled(case):
                place += 1
                continue
            for line in shown(case, place + 1, total, places):
                show(line)
            keys = self._keys(case)
            try:
                answer = ask(f"{'  '.join(KEYS[key] for key in keys)} > ").strip()
            except (EOFError, KeyboardInterrupt):
                show("")
                return
            key, _, text = answer.partition(" ")
            key = key.lower()
            if key == "q":
                return
            if key not in keys:
                show(f"{answer!r} is not one of {' '.join(keys)}")
            elif key == "n":
                self._note = text.strip() or self._asked(ask)
            elif key == "b":
                place = self._back(place, show)
            elif key == "k":
                self._steps.append((place, case, None))
                place, self._note = place + 1, ""
            else:
                place = self._decide(place, case, key, text.strip(), show)

    def _asked(self, ask: Ask) -> str:
        try:
            return ask("why 理由 > ").strip()
        except (EOFError, KeyboardInterrupt):
            return ""

    def _keys(self, case: Case) -> list[str]:
        keys = ["s", *(["r"] if len(case.candidates) > 1 else []), "d", "u"] if case.candidates else []
        return [*keys, *(["w"] if case.lines else []), "k", "n", "b", "q"]

    def _is_settled(self, case: Case) -> bool:
        pairs = {line.pair for line in self.written if line.decision == "withdraw"}
        return any(line.line in case.lines and line.pair in pairs for line in read_judgements(self.file))

    def _decide(self, place: int, case: Case, key: str, text: str, show: Show) -> int:
        """Write the decision; returns the place of the next question."""
        if key == "w":
            number, _, text = text.partition(" ")
            line = next((j for j in read_judgements(self.file) if str(j.line) == number), None)
            if line is None or line.line not in case.lines:
                show(f"w is followed by one of the lines {', '.join(map(str, case.lines))}")
                return place
            written = withdrawal(line, self.who, self.now(), text.strip() or self._note)
        else:
            side = case.candidates[1 if key == "r" else 0]
            decision = {"s": "same", "r": "same", "d": "different", "u": "unsure"}[key]
            why = text or self._note or f"{case.reason.partition(' | ')[0]}; {case.evidence}"
            written = Judgement(case.record, side.enterprise_id, decision, self.who, written_when(self.now()), why)
        add(self.file, written)
        self.written.append(written)
        self._steps.append((place, case, written))
        self._note = ""
        show(f"  ✓ {written.decision}: {written.left} {written.right} — {written.why}")
        if key == "d" and len(case.candidates) > 1:
            self.cases[place] = replace(case, candidates=case.candidates[1:])
            return place
        return place + 1

    def _back(self, place: int, show: Show) -> int:
        if not self._steps:
            show("this is the first one")
            return place
        place, case, written = self._steps.pop()
        self.cases[place], self._note = case, ""
        if written:
            self.written.remove(written)
            if not drop_last(self.file, written):
                # somebody else has added a line since: take it back in the open
                add(self.file, withdrawal(written, self.who, self.now(), "went back"))
            show(f"  taken back: {written.decision} {written.left} {written.right}")
        return place


def withdrawal(line: Judgement, who: str, now: datetime, why: str) -> Judgement:
    """The line that takes a judgement back; dated no earlier than the judgement, which may bear a date to come."""
    moment = max(now.replace(tzinfo=None), line.moment)
    return Judgement(line.left, line.right, "withdraw", who, written_when(moment), why or "taken back")


def review(
    settings: Settings,
    ask: Ask,
    show: Show,
    *,
    who: str,
    feed: str | None = None,
    reason: str | None = None,
    limit: int | None = None,
    is_list: bool = False,
    undo: str | None = None,
    why: str = "",
    is_preview: bool = True,
) -> int:
    """Walk through the queue, or list it, or take a judgement back; then say what that changes.

    Args:
        settings: The park's.
        ask: Asks for one line; EOFError ends the walk.
        show: Prints one line.
        who: Who decides.
        feed: Only this feed's records.
        reason: Only this reason_code.
        limit: Only the first so many.
        is_list: Print the queue and end.
        undo: Take back what holds for this record or is on this line; "" is the last one by `who`.
        why: Why it is taken back.
        is_preview: Whether to work out what the next night will make of it.

    Returns:
        How many lines were written.

    Raises:
        ParkBridgeError: There is no queue, or judgements.csv can be neither read nor written.
    """

    def now() -> datetime:
        return datetime.now(settings.time_zone)

    judged = read_judgements(hold_to_copy(settings, JUDGEMENTS_FILE))
    if undo is not None:
        written = [withdrawal(line, who, now(), why) for line in to_withdraw(judged, undo or None, who)]
        for line in written:
            add(settings.judgements, line)
            show(f"taken back: {line.left} {line.right} — {line.why}")
    else:
        queue = read_queue(settings, feed=feed, reason=reason)
        cases = unanswered(queue, judged, settings)
        answered = len(queue.cases) - len(cases)
        waiting = f"{len(cases):,} wait" + (f"; {answered:,} are answered since the last night" if answered else "")
        cases = cases[:limit]
        if is_list or not cases:
            for text in listing(cases) if cases else ():
                show(text)
            show(waiting)
            return 0
        show(f"{waiting}. Each decision goes into {settings.judgements} at once.")
        walk = Walk(cases, settings.judgements, who, now)
        walk.go(ask, show, shutil.get_terminal_size((120, 24)).columns)
        written = walk.written
    show(f"\n{len(written):,} {'line' if len(written) == 1 else 'lines'} written to {settings.judgements}")
    if written and is_preview:
        try:
            for text in report(preview(settings), written):
                show(text)
        except WarehouseBusy:
            show("What they change is not worked out: the warehouse is being written just now. The lines are kept.")
        except ParkBridgeError as error:
            show(f"What they change is not worked out: {error}. The lines are kept.")
    if written:
        show(
            "Next: the coming night applies them; `parkbridge sync` does so now. `parkbridge review --undo` takes one back."
        )
    return len(written)
