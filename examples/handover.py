"""Plays the offices: puts their real files where the feeds look for them, dated as they were delivered.

The files lie together in one data folder that is no part of this repository (its own README says what each is and who owns it). A
feed takes a delivery's time from the file, and copies have lost theirs, so each is given back the day on which it
was, or could first have been, handed over.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

from warehouse.settings import CHECKOUT

_TRADING_AS = re.compile(r"(?P<owner>.+) T/A (?P<trade>.+)", re.IGNORECASE)
_COMPANY = re.compile(r"\b(ltd|limited|plc|llp)\b", re.IGNORECASE)


def data_folder() -> Path:
    """Where the real data lies: PARKBRIDGE_SHARED_DATA, or shared/data beside the checkout."""
    return Path(os.environ.get("PARKBRIDGE_SHARED_DATA", "").strip() or CHECKOUT.parent / "shared" / "data")


def listed_park(data: Path, office: Path) -> None:
    """Three silos: the register as of its last entry (April 2019), and the reports on 2019 to 2021, the last of December 2022."""
    _put(data / "listed_park" / "feed_registration.csv", office, datetime(2019, 5, 2, 12, tzinfo=UTC))
    for name in ("feed_tax.csv", "feed_employment.csv"):
        _put(data / "listed_park" / name, office, datetime(2022, 12, 31, 12, tzinfo=UTC))


def premises_register(data: Path, office: Path) -> None:
    """Four deliveries of one register, on the day in each name; sole traders under their trade's name only."""
    for source in sorted((data / "property_uk").glob("hambleton_*.csv")):
        day = datetime.fromisoformat(source.stem.split("_")[2])
        target = office / source.name
        office.mkdir(parents=True, exist_ok=True)
        with (
            source.open(encoding="ascii", newline="") as given,
            target.open("w", encoding="ascii", newline="") as taken,
        ):
            rows = csv.reader(given)
            header = next(rows)
            place = header.index("Ratepayer")
            writer = csv.writer(taken)
            writer.writerow(header)
            writer.writerows([*row[:place], trade_name(row[place]), *row[place + 1 :]] if row else row for row in rows)
        _date(target, day.replace(hour=12, tzinfo=UTC))


def national_register(data: Path, office: Path) -> None:
    """The register of the whole country, as of its last entry (1 May 2019)."""
    _put(data / "registry" / "registry_cn.parquet", office, datetime(2019, 5, 2, 12, tzinfo=UTC))


def trade_name(ratepayer: str) -> str:
    """The name that a ratepayer trades under, where a person's own name is before "T/A"; a company keeps its whole name.

    >>> trade_name("A N Other T/A Applewick Motors"), trade_name("Larch Ltd T/A Finch Bakery"), trade_name("Finch & Sons")
    ('Applewick Motors', 'Larch Ltd T/A Finch Bakery', 'Finch & Sons')
    """
    found = _TRADING_AS.fullmatch(ratepayer)
    return found["trade"] if found and not _COMPANY.search(found["owner"]) else ratepayer


def _put(source: Path, office: Path, moment: datetime) -> None:
    target = office / source.name
    office.mkdir(parents=True, exist_ok=True)
    if not target.exists() or target.stat().st_size != source.stat().st_size:
        shutil.copyfile(source, target)
    _date(target, moment)


def _date(path: Path, moment: datetime) -> None:
    os.utime(path, (moment.timestamp(), moment.timestamp()))
