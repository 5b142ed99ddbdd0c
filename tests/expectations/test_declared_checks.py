"""What suite files may say, and what is refused; without Great Expectations."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from expectations.suite import expect, read_suite
from tests.conftest import in_memory
from warehouse.errors import DeclarationError

SUITES = Path(__file__).parents[2] / "expectations" / "suites"
MODELS = Path(__file__).parents[2] / "transforms"


def write(folder: Path, text: str, name: str = "resolved.link.yml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_suite_file_becomes_checks(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        table: resolved.link
        key: [feed, source_key]
        checks:
          - {expect: ExpectColumnValuesToBeInSet, column: method, value_set: [uscc, name], severity: warning, why: w}
        """,
    )
    suite = read_suite(path)
    assert (suite.name, suite.table) == ("resolved.link", "resolved.link")
    assert [(check.name, check.severity) for check in suite.checks] == [
        ("feed is never empty", "critical"),
        ("source_key is never empty", "critical"),
        ("feed, source_key are together unique", "critical"),
        ("method is one of uscc, name", "warning"),
    ]


CHECK = "{expect: ExpectColumnValuesToBeNull, column: a, severity: warning}"
REFUSED = {
    "unknown expectation": ("{expect: ExpectMiracles, column: a, severity: warning}", "ExpectMiracles.*cannot be used"),
    "one that GX has and we do not": (
        "{expect: ExpectCompoundColumnsToBeUnique, column_list: [a], severity: warning}",
        "use `key:`",
    ),
    "no severity": ("{expect: ExpectColumnValuesToBeNull, column: a}", "severity 'None' is unknown"),
    "unknown severity": ("{expect: ExpectColumnValuesToBeNull, column: a, severity: fatal}", "use one of critical, w"),
    "no column": ("{expect: ExpectColumnValuesToBeNull, severity: warning}", "it needs 'column'"),
    "some rows only": (
        "{expect: ExpectColumnValuesToBeNull, column: a, severity: warning, row_condition: b > 1}",
        "write it as a rule",
    ),
    "the same twice": (f"{CHECK}\n  - {CHECK}", "declared twice: a is always empty"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused(tmp_path: Path, case: str) -> None:
    entry, message = REFUSED[case]
    path = write(tmp_path, f"table: resolved.link\nkey: [a]\nchecks:\n  - {entry}\n")
    with pytest.raises(DeclarationError, match=f"resolved.link.yml.*{message}"):
        read_suite(path)


def test_a_suite_is_named_after_its_table(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="name the file after the table"):
        read_suite(write(tmp_path, "{table: resolved.other, key: [a]}"))
    with pytest.raises(DeclarationError, match="table, key and checks"):
        read_suite(write(tmp_path, "{table: resolved.link, keys: [a]}"))


@pytest.mark.parametrize("path", sorted(SUITES.glob("*.yml")), ids=lambda path: path.stem)
def test_our_suites_are_about_models_and_their_keys(path: Path) -> None:
    schema, _, table = path.stem.partition(".")
    (model,) = MODELS.glob(f"*_{schema}/{table}.sql")
    (line,) = [line for line in model.read_text(encoding="utf-8").splitlines() if line.startswith("-- key: ")]
    key = [column.strip() for column in line.removeprefix("-- key: ").split(",")]
    suite = read_suite(path)
    assert f"{', '.join(key)} {'is' if len(key) == 1 else 'are together'} unique" in {c.name for c in suite.checks}
    assert all(check.why for check in suite.checks[len(key) + 1 :])


def test_reading_checks_does_not_import_great_expectations() -> None:
    code = (
        "import sys, expectations.runner; loaded = {name.partition('.')[0] for name in sys.modules}; "
        "sys.exit(bool(loaded & {'great_expectations', 'pandas', 'sqlalchemy'}))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=SUITES.parents[1]).returncode == 0


@pytest.mark.parametrize(
    ("expectation", "arguments", "words", "wrong"),
    [
        ("ExpectColumnValuesToBeBetween", {"min_value": 0}, "a is at least 0", [-1]),
        ("ExpectColumnValuesToBeBetween", {"max_value": 1}, "a is at most 1", [2]),
        ("ExpectColumnValuesToBeBetween", {"min_value": 0, "max_value": 1}, "a is between 0 and 1", [-1, 2]),
        ("ExpectColumnValuesToBeBetween", {"min_value": 0, "strict_min": True}, "a is at least 0", [-1, 0]),
        ("ExpectColumnValuesToBeBetween", {"max_value": 1, "strict_max": True}, "a is at most 1", [1, 2]),
        ("ExpectColumnValuesToBeBetween", {"min_value": 0, "mostly": 0.95}, "a is at least 0 in 95 % of rows", [-1]),
        ("ExpectColumnValuesToBeInSet", {"value_set": [0, 1]}, "a is one of 0, 1", [-1, 2]),
        ("ExpectColumnValuesToNotBeInSet", {"value_set": [0, 1]}, "a is none of 0, 1", [0, 1]),
        ("ExpectColumnValuesToNotBeNull", {}, "a is never empty", [None]),
        ("ExpectColumnValuesToBeNull", {}, "a is always empty", [-1, 0, 1, 2]),
    ],
)
def test_a_check_says_what_must_hold_and_finds_the_others(
    expectation: str, arguments: dict[str, Any], words: str, wrong: list[int | None]
) -> None:
    check = expect(expectation, severity="warning", column="a", **arguments)
    assert check.name == words
    assert check.wrong_rows is not None
    with in_memory() as connection:
        connection.execute("create table t as from (values (-1), (0), (1), (2), (null)) as v (a)")
        found = connection.execute(f"{check.wrong_rows.replace('{table}', 't')} order by a").fetchall()
    assert [a for (a,) in found] == wrong


def test_pairs_of_columns_are_compared_with_their_limit() -> None:
    for or_equal, words, wrong in ((False, "b is greater than a", [1, 2]), (True, "b is not less than a", [1])):
        check = expect(
            "ExpectColumnPairValuesAToBeGreaterThanB", severity="warning", column_A="b", column_B="a", or_equal=or_equal
        )
        assert check.name == words
        with in_memory() as connection:
            connection.execute(
                "create table t as from (values (1, 3, 2), (2, 3, 3), (3, 3, 4), (4, null, 1)) as v (n, a, b)"
            )
            found = connection.execute(f"{str(check.wrong_rows).replace('{table}', 't')} order by n").fetchall()
        assert [n for n, *_ in found] == wrong
