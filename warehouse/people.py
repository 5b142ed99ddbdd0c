"""Files in which people write what no office sends, and their copies in the backup: what is lost of them is lost for good.

Upkeep copies each of them once it was read, so that a damaged file never takes the place of a good copy. A file that is gone while the
backup has it is an error and not an empty file: people's work would be undone without a word.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable, Sized
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from warehouse.durable import make_folder, put
from warehouse.errors import DeclarationError
from warehouse.settings import Settings

JUDGEMENTS_FILE, ANSWERS_FILE, FIRM_NAMES_FILE = "judgements.csv", "outcomes.csv", "firm_names.csv"


@dataclass(frozen=True)
class PeopleFile:
    """One such file: where the park reads it, its copy in the backup, and what it holds, in words."""

    path: Path
    copy: Path
    holds: str

    @property
    def cure(self) -> str:
        """The command that brings the copy back."""
        return f"cp -p {shlex.quote(str(self.copy))} {shlex.quote(str(self.path))}"


def people_file(settings: Settings, name: str) -> PeopleFile:
    """One of the three files by the name of its copy."""
    path, holds = {
        JUDGEMENTS_FILE: (settings.judgements, "people's match decisions"),
        ANSWERS_FILE: (settings.outcomes, "people's answers to the work list"),
        FIRM_NAMES_FILE: (settings.firm_names, "the names that people said are firms'"),
    }[name]
    return PeopleFile(path, settings.backup / name, holds)


def hold_to_copy(settings: Settings, name: str) -> Path:
    """Where the file is.

    Raises:
        DeclarationError: The file is gone, and the backup has it.
    """
    file = people_file(settings, name)
    if not file.path.exists() and file.copy.exists():
        written = datetime.fromtimestamp(file.copy.stat().st_mtime, UTC).astimezone(settings.time_zone)
        raise DeclarationError(
            str(file.path),
            f"it holds {file.holds}, and it is gone; the backup has it as of {written:%Y-%m-%d %H:%M}",
            next_step=f"`{file.cure}`, then run this again; or name the file's new place in the settings",
        )
    return file.path


def back_up_file(settings: Settings, name: str, read: Callable[[Path], Sized]) -> int:
    """Copy one of the files into the backup.

    Args:
        settings: The park's.
        name: The name of the copy.
        read: Reads the file, and raises where it is damaged.

    Returns:
        How many lines it has; 0 where there is no file yet.

    Raises:
        DeclarationError: The file is gone, although the backup has it, or cannot be read as declared.
    """
    path = hold_to_copy(settings, name)
    if not path.exists():
        return 0
    count = len(read(path))
    copy = settings.backup / name
    make_folder(copy.parent, 0o700)
    part = copy.with_suffix(".part")
    part.touch(0o600)
    shutil.copyfile(path, part)
    shutil.copystat(path, part)
    part.chmod(0o600)
    put(part, copy)
    return count


def of_backup_alone(settings: Settings, home: Path) -> Settings:
    """The same park in another home, with people's files from the backup and from nowhere else.

    Raises:
        DeclarationError: The backup lacks one that the park has.
    """
    for name in (JUDGEMENTS_FILE, ANSWERS_FILE, FIRM_NAMES_FILE):
        file = people_file(settings, name)
        if file.copy.exists():
            shutil.copy2(file.copy, home / name)
        elif file.path.exists():
            raise DeclarationError(
                "restore drill",
                f"{settings.backup} has no {name}, which holds {file.holds}",
                next_step="run the task `backup` of upkeep, or copy it by hand",
            )
    return replace(settings, home=home, judgements=home / JUDGEMENTS_FILE, outcomes=home / ANSWERS_FILE)
