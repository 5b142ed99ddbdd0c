"""The cookbook docs/questions.md: at least 30 questions, short, in both languages, over schema 园区 alone."""

from __future__ import annotations

import re

import pytest
import sqlglot
from sqlglot import exp

from warehouse.errors import ParkBridgeError
from warehouse.questions import PAGE, Question, listed, question, questions

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_every_heading_of_the_page_is_a_question() -> None:
    headings = re.findall(r"^## ", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert list(questions()) == list(range(1, len(headings) + 1))
    assert len(headings) >= 30
    assert len(listed().splitlines()) == len(headings)


@pytest.mark.parametrize("one", questions().values(), ids=lambda one: str(one.number))
def test_a_question_is_short_and_asks_what_operators_see(one: Question) -> None:
    assert CHINESE.search(one.zh)
    assert re.fullmatch(r"[ -~]+", one.en)
    assert len(one.sql.splitlines()) <= 5
    [statement] = sqlglot.parse(one.sql, dialect="duckdb")
    assert isinstance(statement, exp.Query)
    assert {table.db for table in statement.find_all(exp.Table)} == {"园区"}


def test_a_number_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(ParkBridgeError, match="there is no example 99; 1 to"):
        question(99)
