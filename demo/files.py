"""Files as offices make them: CSV in their encodings, zips, each dated with its delivery; equal bytes every time."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

# Offices' clocks show park time, UTC+8 without summer time.
PARK_OFFSET = np.timedelta64(8, "h")
_ZIP_TIME = (2020, 1, 1, 0, 0, 0)  # fixed, so that equal content gives equal bytes


def csv_bytes(table: pa.Table, *, encoding: str, titles: Sequence[str] = (), totals: Sequence[str] = ()) -> bytes:
    """A CSV file: title lines, header, rows, and a line of totals."""
    body = io.BytesIO()
    pa.csv.write_csv(table, body, pa.csv.WriteOptions(include_header=False, quoting_style="needed"))
    lines = [*titles, ",".join(table.column_names)]
    text = "\n".join(lines) + "\n" + body.getvalue().decode()
    if totals:
        text += ",".join(totals) + "\n"
    return text.replace("\n", "\r\n").encode(encoding)


def zip_bytes(name: str, content: bytes) -> bytes:
    """A zip with one member."""
    return zip_texts({name: content})


def zip_texts(members: Mapping[str, str | bytes]) -> bytes:
    """A zip with these members, in this order."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, _ZIP_TIME), content, zipfile.ZIP_DEFLATED, 1)
    return out.getvalue()


def write_file(path: Path, content: bytes, at: np.datetime64) -> None:
    """Write a whole file with the moment of its delivery as its time, given in park time; an equal file is left alone."""
    seconds = int((at.astype("datetime64[s]") - PARK_OFFSET).astype(np.int64))
    if not (path.exists() and path.read_bytes() == content):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    os.utime(path, (seconds, seconds))
