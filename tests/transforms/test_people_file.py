"""Files in which people write: times as a person or a spreadsheet writes them, lines that count, and a file put in place at once."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from transforms.people_file import Form, add_line, moment, read_lines, replace, written_when
from warehouse.errors import DeclarationError, ParkBridgeError

FORM = Form(("who", "what"), "PARKBRIDGE_FILE")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-02-01", datetime(2026, 2, 1)),
        ("2026/2/1", datetime(2026, 2, 1)),
        ("2026.12.31 8:05", datetime(2026, 12, 31, 8, 5)),
        ("2026-02-01T08:05:09", datetime(2026, 2, 1, 8, 5, 9)),
        ("2026-02-30", None),
        ("2026-02-01 24:00", None),
        ("2026-02-01 08", None),
        ("1.2.2026", None),
        ("", None),
    ],
)
def test_when(text: str, expected: datetime | None) -> None:
    assert moment(text) == expected


def test_a_moment_is_written_to_the_second() -> None:
    assert written_when(datetime(2026, 2, 1, 8, 5, 9, 999_999)) == "2026-02-01 08:05:09"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("who,what\nann,x\n", [(2, ("ann", "x"))]),
        # a value that is missing stays a line; one without any value is none
        ("who,what\nann,\n,\n\n,x", [(2, ("ann", "")), (5, ("", "x"))]),
        ("\ufeff# why\nwho,what\n# ann,x\n ann , x \n", [(4, ("ann", "x"))]),
        ('who,what\r\n"ann\nlee",x\r\nbo,y\r\n', [(3, ("ann\nlee", "x")), (4, ("bo", "y"))]),
        ("who,what\n", []),
    ],
)
def test_lines_that_count(tmp_path: Path, text: str, lines: list[tuple[int, tuple[str, ...]]]) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(text.encode())
    assert list(read_lines(path, FORM)) == lines


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("", "it has no header"),
        ("# who,what\n", "it has no header"),
        ("who\n", "columns are"),
        ("who,what\nann\n", "line 2: 1 values for 2"),
        ("who,what\nann,x,y\n", "line 2: 3 values for 2"),
    ],
)
def test_a_file_in_another_form(tmp_path: Path, text: str, fact: str) -> None:
    path = tmp_path / "file.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError, match=fact):
        list(read_lines(path, FORM))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "who,what\nann,x y\n"),
        ("who,what\nbo,z\n", "who,what\nbo,z\nann,x y\n"),
        ("who,what\nbo,z", "who,what\nbo,z\nann,x y\n"),
        ("who,what\r\nbo,z\r\n", "who,what\r\nbo,z\r\nann,x y\r\n"),
    ],
)
def test_a_line_is_added_as_the_others_end(tmp_path: Path, before: str | None, after: str) -> None:
    path = tmp_path / "file.csv"
    if before is not None:
        path.write_bytes(before.encode())
    add_line(path, FORM, ("ann", " x\n y "))
    assert path.read_bytes().decode() == after
    assert list(tmp_path.iterdir()) == [path], "nothing else is left"


def test_a_new_file_is_its_owners_and_an_old_one_keeps_its_rights_and_its_link(tmp_path: Path) -> None:
    path, link = tmp_path / "file.csv", tmp_path / "link.csv"
    replace(path, FORM, "a")
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    link.symlink_to(path)
    replace(link, FORM, "b")
    assert (link.is_symlink(), path.read_text(encoding="utf-8"), path.stat().st_mode & 0o777) == (True, "b", 0o640)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ParkBridgeError, match="set PARKBRIDGE_FILE to a file that is"):
        replace(tmp_path / "gone" / "file.csv", FORM, "a")
