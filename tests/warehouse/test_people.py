"""What people wrote and its copy: which of the two is there decides what is done; the copy is its owner's alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import Park
from warehouse.errors import DeclarationError
from warehouse.people import ANSWERS_FILE, FIRM_NAMES_FILE, JUDGEMENTS_FILE, back_up_file, hold_to_copy, of_backup_alone
from warehouse.settings import Settings


@pytest.fixture
def settings(park: Park) -> Settings:
    for path in (park.settings.judgements, park.settings.outcomes, park.settings.firm_names):
        path.unlink(missing_ok=True)
    return park.settings


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("is_there", "is_copied", "is_lost"), [(0, 0, False), (1, 0, False), (1, 1, False), (0, 1, True)]
)
def test_a_file_is_lost_where_only_its_copy_is_there(
    settings: Settings, is_there: int, is_copied: int, is_lost: bool
) -> None:
    if is_there:
        write(settings.outcomes, "a\n")
    if is_copied:
        write(settings.backup / ANSWERS_FILE, "b\n")
    if is_lost:
        with pytest.raises(DeclarationError, match=r"it is gone; the backup has it as of \d{4}-\d\d-\d\d \d\d:\d\d"):
            hold_to_copy(settings, ANSWERS_FILE)
    else:
        assert hold_to_copy(settings, ANSWERS_FILE) == settings.outcomes


def test_a_copy_is_its_owners_alone_and_as_old_as_the_file(settings: Settings) -> None:
    assert back_up_file(settings, FIRM_NAMES_FILE, lines) == 0, "there is no file yet"
    assert not (settings.backup / FIRM_NAMES_FILE).exists()
    write(settings.firm_names, "a\nb\n")
    settings.firm_names.chmod(0o644)
    os.utime(settings.firm_names, (1_000_000, 1_000_000))
    assert back_up_file(settings, FIRM_NAMES_FILE, lines) == 2
    copy = settings.backup / FIRM_NAMES_FILE
    assert (lines(copy), copy.stat().st_mtime) == (["a", "b"], 1_000_000)
    assert (copy.stat().st_mode & 0o7777, settings.backup.stat().st_mode & 0o7777) == (0o600, 0o700)


def test_a_damaged_file_never_takes_the_place_of_its_copy(settings: Settings) -> None:
    def damaged(path: Path) -> list[str]:
        raise DeclarationError(path.name, "it is damaged", next_step="restore it")

    write(settings.outcomes, "x")
    write(settings.backup / ANSWERS_FILE, "good")
    with pytest.raises(DeclarationError, match="damaged"):
        back_up_file(settings, ANSWERS_FILE, damaged)
    assert lines(settings.backup / ANSWERS_FILE) == ["good"]


def test_a_restore_takes_every_file_from_the_backup_and_misses_one_that_only_the_park_has(
    settings: Settings, tmp_path: Path
) -> None:
    home = tmp_path / "scratch"
    home.mkdir()
    write(settings.backup / JUDGEMENTS_FILE, "a copy")
    write(settings.judgements, "newer")
    restored = of_backup_alone(settings, home)
    assert (restored.home, restored.judgements, restored.outcomes) == (
        home,
        home / JUDGEMENTS_FILE,
        home / ANSWERS_FILE,
    )
    assert lines(home / JUDGEMENTS_FILE) == ["a copy"]
    assert [path.name for path in home.iterdir()] == [JUDGEMENTS_FILE], "what neither has is not made"
    write(settings.outcomes, "only here")
    with pytest.raises(DeclarationError, match=f"has no {ANSWERS_FILE}, which holds people's answers"):
        of_backup_alone(settings, home)
