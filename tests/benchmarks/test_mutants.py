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
        # a command is typed
        ("cli/answers.py", "tests/warehouse/test_commands.py", ["tests/warehouse/test_command_line.py"]),
        ("cli/runs.py", "tests/warehouse/test_commands.py", ["tests/dags/test_steps.py"]),
        # of modules that import it
        ("connectors/feed.py", "tests/connectors/test_feed.py", ["tests/feeds_that_must_fail/test_declarations.py"]),
        # much at once, but its own
        ("transforms/as_of.py", "tests/warehouse/test_as_of.py", []),
        # it takes its reading from a test beside it
        (
            "connectors/sources/file_drop/xml_lines.py",
            "tests/connectors/sources/test_xml_lines.py",
            ["tests/connectors/sources/test_beside_cells.py"],
        ),
    ],
)
def test_the_tests_of_a_module_come_the_nearest_first(path: str, first: str, others: list[str]) -> None:
    found = [name for run in mutants.tests_of(path, CHECKOUT) for name in run if name.startswith("tests/")]
    assert found[0] == first
    assert set(others) <= set(found)
    assert len(found) == len(set(found))


def test_every_module_is_drawn_from() -> None:
    drawn = {path for kind in ("python", "matching") for place in mutants.PLACES[kind] for path in CHECKOUT.glob(place)}
    packages = ("cli", "connectors", "dags", "expectations", "report", "transforms", "warehouse")
    modules = {path for name in packages for path in CHECKOUT.glob(f"{name}/**/*.py")}
    left_out = {
        path.relative_to(CHECKOUT).as_posix() for path in modules - drawn if path.name not in mutants.NO_MISTAKES
    }
    assert left_out == set()


def test_the_pages_of_one_night_are_tested_in_one_run() -> None:
    runs = mutants.tests_of("report/dictionary.py", CHECKOUT)
    pages = [run for run in runs if run[0].startswith("tests/report/")]
    assert len(pages) == 1
    assert "tests/report/test_pages.py" in pages[0]


@pytest.mark.parametrize(
    ("argument", "is_made"),
    [
        ("case when a = 'x' then 1 end", False),
        ("case when a = 'x' then 'y' end", False),
        ("case when a = 'x' then 1 else 0 end", True),
        ("case when a = 'x' then 1 when b then 2 end", True),
        ("case when a = 'x' then b end", True),
        ("case when a = 'x' then 1 end + b", True),
        ("b", True),
    ],
)
def test_the_least_of_one_constant_is_its_greatest(argument: str, is_made: bool) -> None:
    source = f"select min({argument}), max({argument}) from t"
    assert sorted(found.text for found in mutants.in_sql(source) if found.name == "aggregate") == (
        ["max", "min"] if is_made else []
    )


@pytest.mark.parametrize(
    ("argument", "numbers"),
    [
        ("count(case when a = 8 then 1 end)", ["80"]),
        ("sum(case when a = 8 then 1 else 0 end)", ["80", "2", "1"]),
        ("count(*) + case when a = 8 then 1 end", ["80", "2"]),
        ("case when count(case when a = 8 then 1 end) > 8 then 1 end", ["80", "80", "2"]),
    ],
)
def test_of_which_value_a_counted_row_is_makes_no_difference(argument: str, numbers: list[str]) -> None:
    found = [one.text for one in mutants.in_sql(f"select {argument} from t") if one.name == "number"]
    assert found == numbers


def test_mistakes_that_change_no_result_are_not_made() -> None:
    source = (
        "@lru_cache(maxsize=9)\ndef g(): ...\n\n"
        "@dataclass(frozen=True)\nclass A:\n    a: int = 3\n\n"
        "x = zip(b, c, strict=True)\ny = f(is_quiet=True)\n"
    )
    assert sorted((found.name, found.text) for found in mutants.in_python(source)) == [
        ("constant", "(30)"),
        ("constant", "(False)"),
    ]
