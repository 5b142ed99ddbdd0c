"""judgements.csv: people's decisions, one a line. Read here, and written by `parkbridge review`.

A pair is two records ("feed/source_key"), or a record and an enterprise_id; left and right may change places. What holds
for a pair:

- A line `withdraw` takes back what was said of the pair up to its own `when`, by whomever. Removing the lines does the same.
- Of the rest the latest line holds, by `when` and not by its place in the file. So the order of lines means nothing.
- Where the last words of two people differ, the later one holds, and the disagreement is reported.
- `same` and `different` at one and the same `when` contradict each other: neither holds, both are reported.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from transforms import people_file
from warehouse.errors import DeclarationError, ParkBridgeError
from warehouse.people import JUDGEMENTS_FILE, back_up_file, hold_to_copy
from warehouse.settings import Settings

JUDGEMENTS = Path(__file__).parents[1] / "judgements.csv"
JUDGEMENT_COLUMNS = ("left", "right", "decision", "who", "when", "why")
DECISIONS = ("same", "different", "unsure", "withdraw")
FORM = people_file.Form(JUDGEMENT_COLUMNS, "PARKBRIDGE_JUDGEMENTS")
HEADER = FORM.header

Pair = frozenset[str]


@dataclass(frozen=True)
class Judgement:
    """One line of judgements.csv. `left` is a record ("feed/source_key"), `right` a record or an enterprise_id."""

    left: str
    right: str
    decision: str
    who: str
    when: str
    why: str
    line: int = 0

    @property
    def pair(self) -> Pair:
        """The two names that it is about, in no order."""
        return frozenset((self.left, self.right))

    @property
    def moment(self) -> datetime:
        """`when` as a time, in the park's own time zone; a date alone is its beginning."""
        return people_file.moment(self.when) or datetime.min

    @property
    def words(self) -> str:
        """The line in words: "lease/l1 is not E1 (line 4, wang, 2026-02-02: c)"."""
        verb = {"same": "is", "different": "is not", "unsure": "may be", "withdraw": "withdraws"}[self.decision]
        why = f": {self.why}" if self.why else ""
        return f"{self.left} {verb} {self.right} (line {self.line}, {self.who}, {self.when}{why})"


@dataclass(frozen=True)
class Standing:
    """What is said of one pair after withdrawals.

    Attributes:
        held: The line that holds; None where `same` and `different` were said at one moment.
        against: Lines that say the contrary: of the same moment where none holds, else other people's last words.
    """

    held: Judgement | None
    against: tuple[Judgement, ...] = ()


def is_record(name: str) -> bool:
    """Whether a side of a judgement is a record and not an enterprise_id."""
    return "/" in name


def begin_judgements(settings: Settings) -> None:
    """Make the park's own empty file before its first night; later a missing file is a loss.

    Raises:
        DeclarationError: The file is gone, and the backup has it.
    """
    hold_to_copy(settings, JUDGEMENTS_FILE)
    own = settings.home / "judgements.csv"
    if settings.judgements == own and not own.exists() and not settings.published_file.exists():
        own.write_text(HEADER, encoding="utf-8")


def back_up(settings: Settings) -> int:
    """Copy the judgements into the backup; returns how many there are. A damaged file never takes the copy's place.

    Raises:
        DeclarationError: The file is gone, although the backup has it, or cannot be read as declared.
    """
    return back_up_file(settings, JUDGEMENTS_FILE, read_judgements)


def read_judgements(path: Path) -> list[Judgement]:
    """Read people's decisions; lines that begin with # are comments.

    Raises:
        DeclarationError: The file cannot be read as declared; the message names the line.
    """
    return [_judgement(path, line, values) for line, values in people_file.read_lines(path, FORM)]


def _judgement(path: Path, line: int, values: tuple[str, ...]) -> Judgement:
    where = f"{path.name} line {line}"
    left, right, decision, who, when, why = values
    judgement = Judgement(left, right, decision, who, when, why, line)
    if not is_record(left) or not right or left == right:
        raise DeclarationError(
            where,
            f"left is {left!r}, right is {right!r}",
            next_step="write left as feed/source_key, and right as another feed/source_key or an enterprise_id",
        )
    if not is_record(right) and not re.fullmatch("E[0-9a-f]{15}", right):
        raise DeclarationError(
            where,
            f"right is {right!r}",
            next_step="write another feed/source_key, or an enterprise_id: E and 15 of 0-9 a-f",
        )
    if judgement.decision not in DECISIONS:
        raise DeclarationError(
            where, f"decision is {judgement.decision!r}", next_step="write same, different, unsure or withdraw"
        )
    if people_file.moment(judgement.when) is None:
        raise DeclarationError(
            where, f"when is {judgement.when!r}", next_step="write 2026-11-20, or 2026-11-20 14:05:00"
        )
    return judgement


def standing(judged: Iterable[Judgement]) -> dict[Pair, Standing]:
    """What holds for each pair, by the rules at the head of this file; pairs of which nothing is left have no entry."""
    said: dict[Pair, list[Judgement]] = {}
    # the texts settle ties, so that the order of lines cannot
    for judgement in sorted(judged, key=lambda j: (j.moment, j.decision, j.who, j.why, j.left)):
        said.setdefault(judgement.pair, []).append(judgement)
    found: dict[Pair, Standing] = {}
    for pair, lines in said.items():
        withdrawn = max((j.moment for j in lines if j.decision == "withdraw"), default=datetime.min)
        left = [j for j in lines if j.decision != "withdraw" and (j.moment > withdrawn or withdrawn == datetime.min)]
        if not left:
            continue
        latest = [j for j in left if j.moment == left[-1].moment]
        decisive = {j.decision: j for j in latest if j.decision != "unsure"}
        if len(decisive) > 1:
            found[pair] = Standing(None, tuple(decisive[decision] for decision in sorted(decisive)))
            continue
        held = next(iter(decisive.values()), latest[-1])
        last_words = {j.who: j for j in left}
        contrary = {"same": "different", "different": "same"}.get(held.decision)
        against = [j for who, j in sorted(last_words.items()) if who != held.who and j.decision == contrary]
        found[pair] = Standing(held, tuple(against))
    return found


def add(path: Path, judgement: Judgement) -> None:
    """Add a line at the end."""
    people_file.add_line(path, FORM, [str(getattr(judgement, column)) for column in JUDGEMENT_COLUMNS])


def drop_last(path: Path, judgement: Judgement) -> bool:
    """Take a line that was just added off the end again; False where another line is there by now."""
    judged = read_judgements(path)
    is_last = bool(judged) and _without_line(judged[-1]) == _without_line(judgement)
    if is_last:
        text = people_file.text_of(path, FORM)
        people_file.replace(path, FORM, "".join(list(io.StringIO(text, newline=""))[: judged[-1].line - 1]))
    return is_last


def _without_line(judgement: Judgement) -> tuple[str, ...]:
    return tuple(people_file.plain(str(getattr(judgement, column))) for column in JUDGEMENT_COLUMNS)


def to_withdraw(judged: list[Judgement], what: str | None, who: str) -> Iterator[Judgement]:
    """The lines that `--undo` takes back: of a line number, else all that hold for a record, else the last one by `who`.

    Raises:
        ParkBridgeError: Nothing that holds is meant.
    """
    held = [j for said in standing(judged).values() for j in ([said.held] if said.held else said.against)]
    if what is None:
        chosen = sorted((j for j in held if j.who == who), key=lambda j: (j.moment, j.line))[-1:]
    elif what.isdecimal():
        meant = {j.pair for j in judged if j.line == int(what)} & standing(judged).keys()
        chosen = [j for j in judged if j.pair in meant and j.line == int(what) and j.decision != "withdraw"]
    else:
        chosen = [j for j in held if what in j.pair]
    if not chosen:
        raise ParkBridgeError(
            "review",
            f"no judgement holds {f'for {what}' if what else f'by {who}'}",
            next_step="name a record (feed/source_key) or a line of the file that has one",
        )
    yield from chosen
