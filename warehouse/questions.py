"""The cookbook: questions that a park asks, each with its SQL over schema 园区, read from docs/questions.md.

A question is a heading `## N. 中文 | English` and one ```sql block of at most five lines below it. `parkbridge sql --example N`
runs it; the tests run every one on the demo park and hold the answers against its truth.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from warehouse.errors import ParkBridgeError

PAGE = Path(__file__).with_name("questions.md")  # a link to docs/questions.md, so that a wheel holds it too
_QUESTION = re.compile(r"^## (\d+)\. (.+?) \| (.+?)$(.*?)^```sql\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Question:
    """One question, its number in the cookbook, and its SQL."""

    number: int
    zh: str
    en: str
    sql: str


@cache
def questions(page: Path = PAGE) -> dict[int, Question]:
    """Every question of the cookbook by its number, in the order of the page."""
    found = _QUESTION.findall(page.read_text(encoding="utf-8"))
    return {int(number): Question(int(number), zh, en, sql.strip()) for number, zh, en, _, sql in found}


def question(number: int) -> Question:
    """One question.

    Raises:
        ParkBridgeError: The cookbook has no such number.
    """
    known = questions()
    if number not in known:
        raise ParkBridgeError(
            "sql --example",
            f"there is no example {number}",
            allowed=f"{min(known)} to {max(known)}",
            next_step="list them with `parkbridge sql --example`",
        )
    return known[number]


def listed() -> str:
    """The cookbook's table of contents, one question per line."""
    return "\n".join(f"{one.number:>3}  {one.zh} | {one.en}" for one in questions().values())
