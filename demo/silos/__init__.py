"""The silos: how each office writes the city down, when, and what it gets wrong. One module per office."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from demo.city import City
from demo.silos import (
    access,
    building,
    employment,
    lease,
    outside,
    patent,
    registration,
    service,
    statistics,
    tax,
    trade,
    utility,
)
from demo.silos.books import Books

OFFICES = {
    "registration": registration,
    "tax": tax,
    "employment": employment,
    "lease": lease,
    "utility": utility,
    "access": access,
}

# what makes no enterprise known: the register of buildings, statistics by industry, enterprises elsewhere, invoices (about pairs), patents
# (applicants are named, no more), and the service desk, where only tenants speak that others know
BOOKS_OF_THINGS = {
    "building": building,
    "trade": trade,
    "statistics": statistics,
    "outside": outside,
    "service": service,
    "patent": patent,
}


def write_silos(city: City, folder: Path, until: np.datetime64) -> Books:
    """Write every silo as of `until` (park time); whatever else lies in a silo's folder goes."""
    books = Books(city, folder, until)
    everything = OFFICES | BOOKS_OF_THINGS
    for office in everything.values():
        office.write(books)
    for name in everything:
        for path in (folder / name).iterdir():
            if path not in books.written:
                path.unlink()
    return books
