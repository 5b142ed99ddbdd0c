"""Statistics of another year or classification, and odd codes, stop or are quarantined with words that say why."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from connectors.feed import Feed, read_feed
from connectors.trial import try_file
from tests.conftest import Park, day
from warehouse.errors import DeliveryRefused
from warehouse.settings import CHECKOUT

HEADER = "年份,地区代码,地区,分类标准,行业代码,行业名称,企业数,从业人数,营业收入_万元,税收_万元\n"


def feed(name: str) -> Feed:
    return read_feed(CHECKOUT / "connectors" / "feeds" / name)


def statistics(folder: Path, *rows: str, name: str = "行业统计_2025.csv") -> Path:
    path = folder / name
    path.write_bytes((HEADER + "".join(f"{row}\n" for row in rows)).encode("gb18030"))
    return path


def row(code: str, *, year: str = "2025", classification: str = "GB/T 4754-2017") -> str:
    return f"{year},329900,某市,{classification},{code},某业,12,140,9120,301"


def test_another_classification_stops_the_feed(tmp_path: Path) -> None:
    with pytest.raises(
        DeliveryRefused, match=r"unknown code in 分类标准: 'GB/T 4754-2011' \(1 rows\); GB/T 4754-2017 allowed"
    ):
        try_file(feed("industry_stat"), statistics(tmp_path, row("39"), row("65", classification="GB/T 4754-2011")))


def test_a_row_of_another_year_than_the_file_is_put_aside(tmp_path: Path) -> None:
    [found] = try_file(feed("industry_stat"), statistics(tmp_path, row("39"), row("65", year="2024")))
    reasons = [one["rejected_because"] for one in found.staged]
    assert reasons == ["", "it does not hold that a row is of the year that the file's name states (facts)"]
    assert feed("industry_stat").allow.rejected_pct <= 0.5, "more than a few such rows stop the delivery"


def test_a_file_whose_name_states_no_year_stops(tmp_path: Path) -> None:
    with pytest.raises(DeliveryRefused, match="行业统计"):
        try_file(feed("industry_stat"), statistics(tmp_path, row("39"), name="行业统计_最新.csv"))


@pytest.mark.parametrize(
    ("code", "level", "staged"),
    [
        ("全部", "total", "total"),
        ("c", "section", "C"),
        ("39", "division", "39"),
        ("C39", "division", "39"),
        ("C391", "group", "391"),
        ("３９１", "group", "391"),
        ("Ｃ391", "", ""),
        ("3911", "class", "3911"),
        ("C3911", "class", "3911"),
        ("39110", "", ""),
        ("U39", "", ""),
        ("C", "section", "C"),
    ],
)
def test_a_code_of_any_length_has_its_level(tmp_path: Path, code: str, level: str, staged: str) -> None:
    [found] = try_file(feed("industry_stat"), statistics(tmp_path, row(code)))
    [one] = found.staged
    assert (one["industry_level"], one["industry_code"]) == (level, staged)
    assert bool(one["rejected_because"]) == (not level)


def test_an_unknown_list_of_sectors_stops(tmp_path: Path) -> None:
    path = tmp_path / "投入产出表_2022.csv"
    path.write_bytes("年份,部门分类,产出部门,投入部门,金额_万元\n2022,42部门,01,02,15\n".encode("gb18030"))
    with pytest.raises(DeliveryRefused, match="unknown code in 部门分类: '42部门'"):
        try_file(feed("input_output"), path)


@pytest.mark.parametrize(
    ("name", "is_part"),
    [
        ("行业统计_2025年上半年.csv", True),
        ("行业统计_2025前三季度.csv", True),
        ("行业统计_2025年1-3季度.csv", True),
        ("行业统计_2025Q3.csv", True),
        ("行业统计_2025年1-9月.csv", True),
        ("行业统计_2025年9月.csv", True),
        ("行业统计_2025.csv", False),
        ("行业统计_2025年.csv", False),
        ("行业统计_2025年度.csv", False),
        ("行业统计_2025_20260315.csv", False),
        ("行业统计_2025_2026年3月发布.csv", False),
        ("行业统计_2025快报.csv", False),
    ],
)
def test_a_part_of_a_year_is_no_year(park: Park, name: str, is_part: bool) -> None:
    shutil.copytree(CHECKOUT / "connectors" / "feeds" / "industry_stat", park.feed_folder / "industry_stat")
    park.change("industry_stat", "connection: demo_statistics", "connection: none\n  settle_seconds: 0")
    path = statistics(park.offices, *map(row, ("39", "65")), name=name)
    os.utime(path, (day(1).timestamp(),) * 2)
    if is_part:
        with pytest.raises(DeliveryRefused, match="the name states a part of 2025, and its figures are a year's"):
            park.sync("industry_stat", day(2))
    else:
        assert park.sync("industry_stat", day(2))[0]["new"] == 2
