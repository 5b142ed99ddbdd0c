"""Which tests a mistake is tried on: a mistake that a test notices, and that is not tried on it, counts as not noticed."""

from __future__ import annotations

import pytest

from benchmarks import mutants
from warehouse.settings import CHECKOUT

READERS = "tests/connectors/sources"


@pytest.mark.parametrize(
    ("path", "first", "others"),
    [
        # of its name
        ("warehouse/durable.py", "tests/warehouse/test_durable.py", ["tests/warehouse/test_faults.py"]),
        ("expectations/rule.py", "tests/expectations/test_rule_files.py", []),
        ("report/markdown.py", "tests/report/test_markdown.py", []),
        # readers: tests ask for a protocol by name, or by a helper that does
        (
            "connectors/sources/file_drop/csv_lines.py",
            f"{READERS}/test_csv_lines.py",
            [f"{READERS}/test_file_drop.py", f"{READERS}/test_file_formats.py"],
        ),
        (
            "connectors/sources/file_drop/zips.py",
            f"{READERS}/test_mails.py",
            [f"{READERS}/test_hostile.py", f"{READERS}/test_sheet_shapes.py"],
        ),
        (
            "connectors/sources/database/values.py",
            f"{READERS}/test_database_values.py",
            [f"{READERS}/test_database.py"],
        ),
        # of modules that import it
        ("cli/answers.py", "tests/warehouse/test_answers.py", ["tests/warehouse/test_commands.py"]),
        ("connectors/feed.py", "tests/connectors/test_feed.py", ["tests/feeds_that_must_fail/test_declarations.py"]),
    ],
)
def test_the_tests_of_a_module_come_the_nearest_first(path: str, first: str, others: list[str]) -> None:
    found = [run[0] for run in mutants.tests_of(path, CHECKOUT)]
    assert found[0] == first
    assert set(others) <= set(found)
    assert len(found) == len(set(found))


def test_mistakes_that_change_no_result_are_not_made() -> None:
    source = "@dataclass(frozen=True)\nclass A:\n    a: int = 3\n\nx = zip(b, c, strict=True)\ny = f(is_quiet=True)\n"
    assert sorted((found.name, found.text) for found in mutants.in_python(source)) == [
        ("constant", "(30)"),
        ("constant", "(False)"),
    ]
