"""Files in which people write one decision a line: judgements.csv and outcomes.csv.

Both are read and written here alike: CSV in UTF-8 with a header, `#` begins a comment, a line is added by a whole new file put in
place at once. What a line means is with each file's own module.
"""

from __future__ import annotations

import csv
import io
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from warehouse.errors import DeclarationError, ParkBridgeError

# spreadsheets rewrite 2026-02-01 as 2026/2/1
_WHEN = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2}))?)?")


@dataclass(frozen=True)
class Form:
    """What such a file looks like: its columns, and the setting that says where it is."""

    columns: tuple[str, ...]
    setting: str

    @property
    def header(self) -> str:
        """The header, with its line end."""
        return ",".join(self.columns) + "\n"


def moment(text: str) -> datetime | None:
    """A `when` as a time, in the park's own time zone; a date alone is its beginning. None where it is neither."""
    found = _WHEN.fullmatch(text)
    try:
        return datetime(*(int(part or 0) for part in found.groups())) if found else None  # type: ignore[arg-type]
    except ValueError:
        return None


def written_when(now: datetime) -> str:
    """A moment as these files keep it: to the second, so that the later of two lines is known."""
    return f"{now:%Y-%m-%d %H:%M:%S}"


def read_lines(path: Path, form: Form) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The lines behind the header with their numbers; comments and empty lines are left out.

    Raises:
        DeclarationError: The file cannot be read as declared; the message names the line.
    """
    next_step = f"write the header {form.header.strip()}"
    text = text_of(path, form).removeprefix("\ufeff")
    # a comment becomes an empty line, so that the lines' numbers stay
    lines = ["\n" if line.startswith("#") else line for line in io.StringIO(text, newline="")]
    reader = csv.reader(lines)
    header: tuple[str, ...] | None = None
    for row in reader:
        values = tuple(value.strip() for value in row)
        if not any(values):
            continue
        if header is None:
            header = values
            if header != form.columns:
                raise DeclarationError(path.name, f"columns are {list(header)}", next_step=next_step)
            continue
        if len(values) != len(form.columns):
            raise DeclarationError(
                f"{path.name} line {reader.line_num}",
                f"{len(values)} values for {len(form.columns)} columns",
                next_step="quote values with a comma",
            )
        yield reader.line_num, values
    if header is None:
        raise DeclarationError(path.name, "it has no header", next_step=next_step)


def text_of(path: Path, form: Form) -> str:
    """The whole file."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except UnicodeDecodeError:
        raise DeclarationError(path.name, "it is not UTF-8", next_step="save it as CSV UTF-8") from None
    except OSError as error:
        raise DeclarationError(
            str(path),
            f"it cannot be read: {error.strerror}",
            next_step=f"make it, with the header {form.header.strip()}, or set {form.setting}",
        ) from None


def add_line(path: Path, form: Form, values: Sequence[str]) -> None:
    """Add a line at the end, by a whole new file put in place at once: a cut leaves the old file or the new one."""
    text = text_of(path, form) if path.exists() else form.header
    ending = "\r\n" if "\r\n" in text else "\n"
    row = io.StringIO()
    csv.writer(row, lineterminator=ending).writerow([plain(value) for value in values])
    replace(path, form, text + ("" if text.endswith("\n") else ending) + row.getvalue())


def plain(value: str) -> str:
    """A value in one line."""
    return " ".join(value.split())


def replace(path: Path, form: Form, text: str) -> None:
    """Put a whole new file in place at once."""
    target = path.resolve()  # the file itself, where the path is a link to it
    try:
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise _cannot_write(path, form, error) from None
    part = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(target.stat().st_mode & 0o777 if target.exists() else 0o600)
        part.replace(target)
    except OSError as error:
        raise _cannot_write(path, form, error) from None
    finally:
        part.unlink(missing_ok=True)


def _cannot_write(path: Path, form: Form, error: OSError) -> ParkBridgeError:
    return ParkBridgeError(
        str(path),
        f"it cannot be written: {error.strerror}",
        next_step=f"make its folder writable for you, or set {form.setting} to a file that is",
    )
