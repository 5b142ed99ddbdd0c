"""A made-up city of sisters: firms that differ by a number, a character or a branch, a fifth of which the register lacks.

The demo city has a few of them (demo/README.md, "Sister names"); here is nothing else. Per group: numbered factories,
members that differ by one character of the brand, a bank with branches, a parent with numbered branches and one without.
Sisters share a road, half of them a door. Whoever is out is drawn by itself, so there are branches without a parent in the
register, and parents without their branches.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.files import run_match
from benchmarks.strangers import FULL_MAPPING, Strangers
from demo.words import BRAND_FIRST, BRAND_SECOND, BRAND_THIRD, CITY, DISTRICT, INDUSTRIES, ROADS

SHORT_MAPPING = """
left: {id: id, short_name: name, address: address}
right: {id: code, name: name, address: address, city: [province, city]}
"""
GROUPS = 300
OUT_SHARE = 0.2
NUMBERS = "一二三四五六七八九十"
QUARTERS = ("永清", "永宁", "望江", "望海", "东平", "西平", "青岚", "青溪", "松涛", "松林")


@dataclass(frozen=True)
class Firm:
    """A firm of the city: `is_out` where the register lacks it."""

    id: str
    kind: str
    name: str
    short_name: str | None
    address: str
    is_out: bool


def firms(seed: int, groups: int = GROUPS) -> list[Firm]:
    """All firms of the city; the same seed gives the same."""
    draw = random.Random(seed)  # noqa: S311 - a drawn city, no secret
    found: dict[str, Firm] = {}
    for _ in range(groups):
        for kind, name, short, address in _group(draw):
            if name not in found:
                number = f"S{len(found):06d}"
                found[name] = Firm(number, kind, name, short, address, draw.random() < OUT_SHARE)
    return list(found.values())


def _group(draw: random.Random) -> Iterator[tuple[str, str, str | None, str]]:
    brand = f"{draw.choice(BRAND_FIRST)}{draw.choice(BRAND_SECOND)}"
    trade = draw.choice(draw.choice(INDUSTRIES).words)
    road, number = draw.choice(ROADS), draw.randint(1, 400)

    def door() -> str:
        there = number if draw.random() < 0.5 else draw.randint(1, 400)
        return f"{CITY}市{DISTRICT}{road}{there}号{draw.randint(1, 12)}幢{draw.randint(101, 1650)}室"

    for ordinal in draw.sample(NUMBERS, 4):
        yield "firms", f"{CITY}{brand}第{ordinal}{trade}有限公司", f"{brand}第{ordinal}{trade}", door()
    for third in draw.sample(BRAND_THIRD, 4):
        yield "firms", f"{CITY}{brand}{third}{trade}有限公司", f"{brand}{third}{trade}", door()
    bank = f"{CITY}{brand}银行股份有限公司"
    yield "parents", bank, f"{brand}银行", door()
    for quarter in draw.sample(QUARTERS, 3):
        yield "branches", f"{bank}{quarter}支行", None, door()
    parent = f"{CITY}{brand}集团有限公司"
    yield "parents", parent, f"{brand}集团", door()
    for ordinal in draw.sample(NUMBERS, 3):
        yield "branches", f"{parent}第{ordinal}分公司", None, door()
    yield "firms", f"{CITY}{brand}控股有限公司", f"{brand}控股", door()


def sister_city(seed: int = 2, groups: int = GROUPS) -> dict[str, Strangers]:
    """Every firm looked up by full name and address, and by short name and address, counted for the firms that the register lacks.

    `registered …` are the firms that it has: `given` counts records given to another firm than their own.
    """
    city = firms(seed, groups)
    found: dict[str, Strangers] = {}
    with tempfile.TemporaryDirectory(prefix="parkbridge-truth-") as scratch:
        folder = Path(scratch)
        known = [firm for firm in city if not firm.is_out]
        _write(folder / "register.parquet", [(f.id, f.name, f.address) for f in known], "code")
        short = [(f.id, f.short_name, f.address) for f in city if f.short_name]
        for is_short, rows in ((False, [(f.id, f.name, f.address) for f in city]), (True, short)):
            _write(folder / "left.parquet", rows, "id")
            run_match(
                folder,
                folder / "left.parquet",
                folder / "register.parquet",
                SHORT_MAPPING if is_short else FULL_MAPPING,
            )
            found |= _count(folder, city, is_short=is_short)
    return found


def _write(path: Path, rows: Sequence[tuple[str, str | None, str]], key: str) -> None:
    codes, names, addresses = (list(column) for column in zip(*rows, strict=True))
    place = {"province": [""] * len(rows), "city": [f"{CITY}市"] * len(rows)}
    pq.write_table(pa.table({key: codes, "name": names, "address": addresses} | place), path)


def _count(folder: Path, city: list[Firm], *, is_short: bool) -> dict[str, Strangers]:
    with duckdb.connect() as connection:
        answers = connection.execute(
            "select left_id, decision, right_id from read_parquet(?)", [str(folder / "pairs.parquet")]
        ).fetchall()
    by_id = {firm.id: firm for firm in city}
    counts: dict[str, list[int]] = {}
    for left_id, decision, right_id in answers:
        firm = by_id[left_id]
        kind = f"{'' if firm.is_out else 'registered '}{'short names' if is_short else firm.kind}"
        count = counts.setdefault(kind, [0, 0, 0])
        count[0] += 1
        count[1] += decision == "matched" and right_id != left_id
        count[2] += decision == "review"
    return {kind: Strangers(*count) for kind, count in sorted(counts.items())}
