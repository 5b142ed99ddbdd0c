"""Names and units of a signal are in rules/signal.yml alone: another rule file that states one again drifts from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from transforms.resolution.resolve import RULES
from warehouse.declared import read_yaml

# what needs and offers are counted in is a list of its own: hours and tonnes are of no signal
OWN_LISTS = {"signal.yml", "quantity_unit.yml"}
OTHERS = sorted(path.name for path in RULES.glob("*.yml") if path.name not in OWN_LISTS)
# the name of an indicator is a rate's own: "tax per kWh"
# names of their own: indicators of a scheme, goods that are bought
OWN_NAMES = {("per_mu_measure.yml", "name_en"), ("per_mu_measure.yml", "name_zh"), ("goods_industry.yml", "title_en")}

Row = dict[str, Any]


def rows(text: str) -> list[Row]:
    found: list[Row] = read_yaml(text).get("rows") or []
    return found


SIGNALS = rows((RULES / "signal.yml").read_text(encoding="utf-8"))
NAMES = {row[column] for row in SIGNALS for column in ("name_en", "name_zh")}
UNITS = {row[column] for row in SIGNALS for column in ("unit_en", "unit_zh")}


def stated_again(file: str, text: str) -> Iterator[str]:
    """Where a rule file names a signal or its unit: as a text of its own, in a row about a signal, or a unit in any text."""
    for row in rows(text):
        for column, value in row.items():
            if not isinstance(value, str) or column.endswith("_code") or (file, column) in OWN_NAMES:
                continue
            words = set(re.findall(r"[A-Za-z0-9²³]+", value))
            named = {
                text for text in NAMES | UNITS if (text in words if text.isascii() else text in value) and len(text) > 1
            }
            measured = named & UNITS & {"kWh", "m²", "m³", "千瓦时", "平方米", "立方米"} or words & {"m2", "m3"}
            counted = any(f"}}{unit}" in value for unit in UNITS)
            if value in NAMES | UNITS or measured or counted or (row.get("signal_code") and named):
                yield f"{file} {column}: {value}"


@pytest.mark.parametrize("file", OTHERS)
def test_a_signal_is_named_in_one_file(file: str) -> None:
    assert list(stated_again(file, (RULES / file).read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "row",
    [
        "{signal_code: headcount, name_en: headcount}",
        "{signal_code: leased_area, unit: m2}",
        "{signal_code: leased_area, unit_zh: 平方米}",
        "{measure_code: entries, label: 人员进出}",
        '{sign_code: power, words_en: "{name} down ({detail} kWh)"}',
        '{sign_code: fall, words_zh: "降{value}%（{detail}人）"}',
        '{sign_code: sales_fall, signal_code: sales, words_zh: "近3个月销售额降{value}%"}',
    ],
)
def test_a_second_name_or_unit_is_found(row: str) -> None:
    assert len(list(stated_again("other.yml", f"rows:\n  - {row}\n"))) == 1


def test_every_signal_has_a_name_and_a_unit_of_its_own() -> None:
    for row in SIGNALS:
        assert all(row.get(column) for column in ("name_en", "name_zh", "unit_en", "unit_zh")), row
    for column in ("name_en", "name_zh"):
        assert len({row[column] for row in SIGNALS}) == len(SIGNALS)
