"""Name words and match outcomes are listed once, in transforms/rules/: no SQL and no Python has a list of its own.

A second list drifts: once a 代表处 was a branch for one model and a firm for another, and 16 of 20 waiting records did not
count as waiting.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from transforms.resolution.names import WORDS
from transforms.resolution.resolve import RULES
from warehouse.declared import read_yaml
from warehouse.labels import COLUMNS, labels
from warehouse.models import rows_of_rule

CHECKOUT = RULES.parents[1]
ROOMS = ("transforms", "warehouse", "connectors", "expectations", "dags", "cli", "examples")
OUTCOMES = RULES / "match_outcome.yml"
WAITING = frozenset(row["outcome_code"] for row in rows_of_rule(OUTCOMES) if row["is_waiting"])
NAME_WORDS = frozenset(row["word"] for row in rows_of_rule(WORDS))
# an address label (公司地址) is no part of a name; a delivery is judged at the door, before rules are there
NO_LIST = {
    ("transforms/resolution/addresses.py", "公司"),
    ("warehouse/damages.py", "公司"),
    ("connectors/office_names.py", "公司"),  # of a column's name: 公司名称
}
_SEPARATOR = re.compile(r"[\s|()\[\]{}^$.*+?,，、;；:/\\'\"0-9]+")


def sources() -> list[Path]:
    found = [path for room in ROOMS for suffix in ("*.py", "*.sql") for path in (CHECKOUT / room).rglob(suffix)]
    return sorted([*found, CHECKOUT / "parkbridge.py"])


def literals(path: Path, text: str) -> Iterator[str]:
    """The string literals of a source: no comments, no docstrings, of SQL within Python the whole text."""
    if path.suffix == ".sql":
        without_comments = re.sub(r"--[^\n]*", "", text)
        yield from re.findall(r"'((?:[^']|'')*)'", without_comments)
        return
    tree = ast.parse(text)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def words_in(path: Path, text: str) -> set[str]:
    """The name words that a source has as a literal or as one alternative of a pattern."""
    return {piece for literal in literals(path, text) for piece in _SEPARATOR.split(literal) if piece in NAME_WORDS}


def outcome_lists(path: Path, text: str) -> list[set[str]]:
    """The lists of a source that name two or more of the outcomes that wait for a person."""
    if path.suffix == ".sql":
        trees = [tree for tree in sqlglot.parse(text.replace(" := ''", ""), dialect="duckdb") if tree is not None]
        groups = [
            {literal.this for literal in node.expressions if isinstance(literal, exp.Literal)}
            for tree in trees
            for node in tree.find_all(exp.In)
        ]
    else:
        groups = [
            {one.value for one in node.elts if isinstance(one, ast.Constant) and isinstance(one.value, str)}
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Tuple | ast.List | ast.Set)
        ]
    return [group & WAITING for group in groups if len(group & WAITING) > 1]


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.relative_to(CHECKOUT).as_posix())
def test_no_source_lists_name_words_or_waiting_outcomes(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    where = path.relative_to(CHECKOUT).as_posix()
    words = {word for word in words_in(path, text) if (where, word) not in NO_LIST}
    assert not words, f"{where} lists {sorted(words)}: join rules.name_word (transforms/rules/name_word.yml)"
    lists = outcome_lists(path, text)
    assert not lists, f"{where} lists {lists}: join rules.match_outcome (transforms/rules/match_outcome.yml)"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.sql", "select regexp_matches(n.name_key, '(分公司|支行)$') from t as n"),
        ("a.sql", "select 1 from t where right(name, 2) = '支行'"),
        ("a.sql", "select contains(name_key, '公司') from t"),
        ("a.sql", "select regexp_extract(name_key, '^(.+公司).*(分店)$', 1) from t"),
        ("a.py", "BRANCHES = ('分店', '代表处')"),
        ("a.py", 'FORM = "股份有限公司|有限公司|股份$"'),
    ],
)
def test_a_list_of_name_words_is_found(name: str, text: str) -> None:
    assert words_in(Path(name), text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.sql", "-- 分公司|支行\nselect 1"),
        ("a.sql", "select '疑母公司与集团口径混用'"),
        ("a.py", '"""分公司|支行"""'),
        ("a.py", "# '分公司'\nx = 1"),
    ],
)
def test_prose_is_no_list_of_name_words(name: str, text: str) -> None:
    assert not words_in(Path(name), text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.sql", "select 1 from t where outcome_code in ('contradiction', 'doubtful')"),
        ("a.sql", "select case when outcome_code not in ('ambiguous_name', 'ambiguous_code') then 1 end from t"),
        ("a.py", "WAITING = {'doubtful', 'judged_unsure'}"),
    ],
)
def test_a_list_of_waiting_outcomes_is_found(name: str, text: str) -> None:
    assert outcome_lists(Path(name), text)


def test_no_suite_lists_the_outcomes() -> None:
    def values(node: Any) -> Iterator[set[str]]:
        if isinstance(node, list):
            yield {one for one in node if isinstance(one, str)} & WAITING
        for one in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            yield from values(one)

    for path in sorted((CHECKOUT / "expectations" / "suites").glob("*.yml")):
        assert all(len(group) < 2 for group in values(read_yaml(path.read_text(encoding="utf-8")))), path.name


def test_every_outcome_is_explained_in_both_languages_and_the_queue_has_an_order() -> None:
    rows = rows_of_rule(OUTCOMES)
    for row in rows:
        for field in ("title", "meaning", "next_step"):
            assert row[f"{field}_en"], row["outcome_code"]
            assert re.search(r"[\u4e00-\u9fff]", row[f"{field}_zh"]), row["outcome_code"]
        assert (row["priority"] is not None) == row["is_waiting"], row["outcome_code"]
    priorities = [row["priority"] for row in rows if row["is_waiting"]]
    assert sorted(priorities) == list(range(1, len(priorities) + 1))
    assert len({row["outcome_code"] for row in rows}) == len(rows)


def test_the_page_on_reviewing_names_every_waiting_outcome_in_order() -> None:
    page = (CHECKOUT / "docs" / "review.md").read_text(encoding="utf-8")
    stated = re.findall(r"^\| `(\w+)` \| ([^|]+?) \|", page.split("## The keys")[0], flags=re.MULTILINE)
    rows = sorted((row for row in rows_of_rule(OUTCOMES) if row["is_waiting"]), key=lambda row: row["priority"])
    assert stated[1:] == [(row["outcome_code"], row["title_zh"]) for row in rows]


def test_columns_take_their_codes_from_the_rule_file() -> None:
    declared = read_yaml(COLUMNS.read_text(encoding="utf-8"))
    for column in ("outcome_code", "reason_code"):
        assert isinstance(declared[column]["codes"], str), f"columns.yml lists the codes of {column} itself"
        assert [code.value for code in labels()[column].codes] == [
            row["outcome_code"] for row in rows_of_rule(OUTCOMES)
        ]


def test_name_words_are_distinct_and_of_known_kinds() -> None:
    rows = rows_of_rule(WORDS)
    assert len({row["word"] for row in rows}) == len(rows)
    assert {row["kind"] for row in rows} == {"legal_form", "short_form_end", "branch_word", "company_branch_word"}


def test_the_layers_of_a_night_are_named_where_it_is_put_together() -> None:
    """transforms/night.py has their order; the DAG has a task for each."""
    named = re.compile(r"""["'/](3_monthly|4_signals|5_industry|6_snapshots)\b""")
    paths = [*sources(), *(CHECKOUT / "benchmarks").rglob("*.py"), *(CHECKOUT / "examples").rglob("*.py")]
    found = {
        path.relative_to(CHECKOUT).as_posix()
        for path in paths
        if path.suffix == ".py" and named.search(path.read_text(encoding="utf-8"))
    }
    assert found == {"transforms/night.py", "dags/operating_snapshots.py"}
