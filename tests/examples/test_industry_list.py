"""The industries that begin with 0, held against the official list."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from warehouse.column_reasons import ZERO_CLASSES, ZERO_GROUPS


def test_the_industries_that_begin_with_a_zero_are_those_of_the_standard(data: Path) -> None:
    with (data / "reference" / "gbt4754_2017.csv").open(encoding="utf-8-sig", newline="") as file:
        listed = {row["code"] for row in csv.DictReader(file) if row["code"].startswith("0")}
    for digits, pattern in ((4, ZERO_CLASSES), (3, ZERO_GROUPS)):
        codes = {f"{n:0{digits}}" for n in range(10 ** (digits - 1))}
        assert {code for code in codes if re.fullmatch(pattern, code)} == {c for c in listed if len(c) == digits}
