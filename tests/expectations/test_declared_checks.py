"""What suite files may say, and what is refused; without Great Expectations."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from expectations.suite import read_suite
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
