"""The words that docs/style.md refuses are found in prose, and nowhere in the tree."""

from __future__ import annotations

import runpy
import subprocess
import sys
from typing import Any

import pytest

from warehouse.settings import CHECKOUT

SCRIPT = CHECKOUT / ".ci" / "words.py"


@pytest.fixture(scope="module")
def words() -> dict[str, Any]:
    return runpy.run_path(str(SCRIPT))


@pytest.fixture(scope="module")
def listed(words: dict[str, Any]) -> list[Any]:
    found: list[Any] = words["word_list"]((CHECKOUT / "docs" / "style.md").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("Limits stand in rules/flow.yml.", "stand"),
        ("a night Told again", "Told"),
        ("-- a code whose name is another", "whose"),
        ('next_step="mend the file"', "mend"),
        ("it is no YAML", "it is no"),
        ("a feed that has fallen silent", "fallen silent"),
        ("for want of deliveries", "for want of"),
        ("enterprises that something is new of", "is new of"),
        ("# nobody writes", "nobody"),
    ],
)
def test_a_word_of_the_table_is_refused(line: str, word: str, words: dict[str, Any], listed: list[Any]) -> None:
    found = list(words["refused"](f"fine\n{line}\n", listed))
    assert [(number, text) for number, text, _ in found] == [(2, word)]
    assert found[0][2], "it says what to write instead"
    assert words["any_of"](listed).search(f"fine\n{line}\n"), "a file without any is not read line by line"


@pytest.mark.parametrize(
    "line",
    [
        "standing_code, told_share_max and nobody_bits are names",
        "file.tell() == 0",
        "it is no longer there; it is not a file; it is now",
        "a standard, an understanding, withstands, recommended, amended",
        "'nobody'  # words: the account of the operating system",
    ],
)
def test_names_and_marked_lines_are_left_alone(line: str, words: dict[str, Any], listed: list[Any]) -> None:
    assert list(words["refused"](line, listed)) == []


def test_every_exempt_file_has_a_reason(words: dict[str, Any]) -> None:
    assert all(len(reason.split()) >= 3 for reason in words["NOT_READ"].values())


def test_the_tree_holds_none() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT)], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
