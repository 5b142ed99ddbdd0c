"""Begin a feed: a folder that passes `parkbridge feed check` at once, to be changed until it fits the office's delivery."""

from __future__ import annotations

from pathlib import Path

from connectors.feed import read_feed
from connectors.rehearsal import write_expected
from warehouse.errors import DeclarationError
from warehouse.subjects import Column, subjects

_READ = {
    "date": "to_date({0})",
    "bigint": "to_count({0})",
    "decimal(18,2)": "to_amount({0})",
    "decimal(18,3)": "to_quantity({0})",
    "boolean": "try_cast({0} as boolean)",
    "timestamp": "try_cast({0} as timestamp)",
}
_SAMPLE = {
    "date": "2026-01-01",
    "bigint": "12",
    "decimal(18,2)": "1200.50",
    "decimal(18,3)": "1200.5",
    "boolean": "true",
    "timestamp": "2026-01-01 08:00:00",
}


def scaffold(parent: Path, name: str, subject_name: str) -> Path:
    """Write parent/name/ with feed.yml, stage.sql, sample.csv and expected.csv for a subject. Returns the folder.

    Raises:
        DeclarationError: The folder exists, or there is no such subject.
    """
    folder = parent / name
    known = subjects()
    if subject_name not in known:
        raise DeclarationError(
            name, f"there is no subject {subject_name!r}", next_step=f"choose one of {', '.join(known)}"
        )
    if folder.exists():
        raise DeclarationError(name, f"{folder} exists", next_step="choose another name, or edit what is there")
    subject = known[subject_name]
    columns = "\n".join(f"  {column}: {column}" for column in subject.columns)
    reads = ",\n".join(f"    {_read(column)} as {column.name}" for column in subject.columns.values())
    folder.mkdir(parents=True)
    (folder / "feed.yml").write_text(
        f"""\
feed: {name}
subject: {subject_name}
title: {{en: {subject.title_en}, zh: {subject.title_zh}}}
office: the office that keeps it 主管单位
owner: data-engineering
description: >
  One row is {subject.row}. Say here how it is delivered, when, and what surprises.
schedule: "0 1 * * *"
source:
  protocol: file_drop            # or database, http_api: connectors/sources/ lists the options of each
  connection: {name}   # an Airflow connection: `airflow connections add {name} …`
  folder: .
  pattern: "*.csv"
  encoding: utf-8
replaces: nothing                # or period, everything: what one delivery states completely
columns:                         # every column as the office names it: the column it feeds, ignored, or personal
{columns}
allow: {{rejected_pct: 0.5, rejected_rows: 3, stale_days: 40, coverage_pct: 95}}
checks: []
""",
        encoding="utf-8",
    )
    (folder / "stage.sql").write_text(
        f"-- How the office's columns become those of {subject_name}; say why where a step is not plain.\n"
        f"select\n    row_number,\n{reads}\nfrom delivery\n",
        encoding="utf-8",
    )
    values = ",".join(_SAMPLE.get(column.type, f"{column.name} 1") for column in subject.columns.values())
    (folder / "sample.csv").write_text(f"{','.join(subject.columns)}\n{values}\n", encoding="utf-8")
    write_expected(read_feed(folder))
    return folder


def _read(column: Column) -> str:
    if column.name == "month":
        return f"to_month({column.name})"
    return _READ.get(column.type, "{0}").format(column.name)
