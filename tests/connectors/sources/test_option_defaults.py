"""An option that is left out is what the protocol's page says: `(default 30)` there is 30 here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connectors.sources import database, file_drop, http_api
from connectors.sources.options import Options
from warehouse.errors import DeclarationError

NONE: frozenset[str] = frozenset()
PLANS: dict[str, tuple[Any, Callable[[dict[str, Any]], Any]]] = {
    "http_api": (http_api, lambda given: http_api._plan({"path": "/x"} | given, "f")),
    "file_drop": (file_drop, lambda given: file_drop._plan(given, "f")),
    "database": (database, lambda given: database._plan({"table": "t"} | given, "f", NONE, {})),
}
# a comma by default, and something else by the ending of a file's name
BY_FILE = ("delimiter",)


def stated(page: str) -> Iterator[tuple[str, Any]]:
    """Each option with its default, by the page: `name   …, word (default), …` or `… (default 30)`; of two the nearest name."""
    for entry in re.findall(r"^    ([a-z]\w+ .*(?:\n {8,}.*)*)", page, re.MULTILINE):
        text = " ".join(entry.split())
        for found in re.finditer(r"\(default(?:[),] ?| (\d[\d,]*|[^);,]+))", text):
            before = text[: found.start()]
            names = re.findall(r"\b[a-z]+_[a-z_]+\b", before) or [text.split()[0]]
            value = found[1] if found[1] else before.split()[-1]
            yield names[-1], int(value.replace(",", "")) if re.fullmatch(r"[\d,]*\d", value) else value


CASES = [
    (name, *case)
    for name, (module, _) in PLANS.items()
    for case in stated(str(module.__doc__))
    if case[0] not in BY_FILE
]


def test_the_pages_state_defaults() -> None:
    assert {("http_api", "timeout_seconds", 30), ("file_drop", "settle_seconds", 1), ("database", "clock", "UTC")} <= {
        *CASES
    }
    assert len(CASES) > 25


@pytest.mark.parametrize(("protocol", "option", "value"), CASES, ids=[f"{p}-{o}" for p, o, _ in CASES])
def test_an_option_that_is_left_out_is_what_the_page_says(protocol: str, option: str, value: Any) -> None:
    plan = PLANS[protocol][1]
    assert plan({option: value}) == plan({})
    if isinstance(value, int) and option != "header_lines":
        for other in (value + 1, value * 10 + 2):
            assert plan({option: other}) != plan({}), "the plan knows the option"


def options(**given: Any) -> Options:
    return Options(given, frozenset({"a"}), "f")


def test_numbers_from_their_minimum_up() -> None:
    assert (options(a=1).whole("a", 9, 1), options().whole("a", 9, 1), options(a=0).whole("a", 9)) == (1, 9, 0)
    assert (options(a=0.5).number("a", 9, 0.5), options().number("a", 9), options(a=0).number("a", 9)) == (0.5, 9, 0)
    for wrong in (0, -1, True, "1", 1.5, None):
        with pytest.raises(DeclarationError, match=r"source\.a is"):
            options(a=wrong).whole("a", 9, 1)
    for wrong in (0.49, -1, True, "1", None, float("nan")):
        with pytest.raises(DeclarationError, match=r"source\.a is"):
            options(a=wrong).number("a", 9, 0.5)


def test_texts_words_and_mappings() -> None:
    assert (options(a="x").text("a"), options().text("a", "y"), options().text("a", None)) == ("x", "y", None)
    assert (options(a="x").texts("a"), options(a=["x", "y"]).texts("a"), options().texts("a")) == (
        ("x",),
        ("x", "y"),
        (),
    )
    assert (options(a="x").choice("a", ("x", "y"), "y"), options().choice("a", ("x", "y"), "y")) == ("x", "y")
    assert (options(a=True).flag("a"), options().flag("a"), options(a={"b": 1}).mapping("a")) == (True, False, {"b": 1})
    assert (options(a=0).has("a"), options(a=None).has("a"), options().has("a")) == (True, False, False)
    assert str(options(a="Asia/Shanghai").zone("a")) == "Asia/Shanghai"
    refused: list[tuple[Callable[[Options], Any], tuple[Any, ...]]] = [
        (lambda o: o.text("a"), (None, "", 1)),
        (lambda o: o.texts("a"), ("", [], [""], ["x", 1], 1)),
        (lambda o: o.choice("a", ("x", "y"), "y"), ("z", 1)),
        (lambda o: o.flag("a"), (1, "true", None)),
        (lambda o: o.mapping("a"), ([], {1: 2}, "x")),
        (lambda o: o.zone("a"), ("Mars/Base", "../etc/passwd")),
    ]
    for ask, wrong in refused:
        for value in wrong:
            with pytest.raises(DeclarationError, match=r"correct source\.a in feed\.yml"):
                ask(options(a=value))
