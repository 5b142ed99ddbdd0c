"""The dictionary as Markdown: each table and view once, with its header and columns."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from report import markdown
from tests.conftest import Park, day
from warehouse.errors import ParkBridgeError


@pytest.mark.parametrize(
    ("comment", "lines"),
    [
        ("title: Staff", ["- **title** Staff"]),
        ("一行是：一家企业", ["- **一行是** 一家企业"]),
        ("口径：a: b", ["- **口径：a** b"]),
        ("* a: bullet", ["  * a: bullet"]),
        ("plain words", ["  plain words"]),
        ("key: a\nrules: b", ["- **key** a", "- **rules** b"]),
        (None, []),
    ],
)
def test_a_header_is_a_list(comment: str | None, lines: list[str]) -> None:
    assert list(markdown._header(comment)) == lines


def test_every_table_of_a_night_is_in_it(
    park: Park, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PARKBRIDGE_HOME", str(park.home))
    assert markdown.main() == 1
    assert "nothing is published yet" in capsys.readouterr().err
    with pytest.raises(ParkBridgeError):
        list(markdown.dictionary(park.settings))
    park.publish(day(1))
    assert markdown.main() == 0
    written = Path(capsys.readouterr().out.strip())
    assert written == park.settings.published / "dictionary.md"
    text = written.read_text(encoding="utf-8")
    assert text.startswith("# Data dictionary 数据字典\n\nTest park, night 20260302T000000Z.\n")
    with duckdb.connect(str(park.settings.published_file), read_only=True) as night:
        tables = night.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
        columns = night.execute(
            "select column_name, lower(data_type) from duckdb_columns() where schema_name = 'monthly' and table_name = 'staff'"
        ).fetchall()
    headings = [line.removeprefix("## ").partition(" = ")[0] for line in text.splitlines() if line.startswith("## ")]
    assert {name for (name,) in tables} <= set(headings)
    assert len(headings) == len(set(headings))
    section = text.partition("\n## monthly.staff")[2].partition("\n## ")[0]
    assert section.startswith(" = 核对.单位月度人数\n\n0 rows.\n")
    assert "- **title** Staff by unit and month" in section
    assert [tuple(line.split(" | ")[:2]) for line in section.splitlines() if line.startswith("| ")][1:] == [
        (f"| {name}", kind) for name, kind in columns
    ]
