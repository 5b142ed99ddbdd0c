"""The examples' feeds read their invented samples as written down, on every machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.feed import read_feed
from connectors.landing import resolve_header
from connectors.rehearsal import check
from examples.handover import trade_name
from tests.examples.conftest import EXAMPLES

FOLDERS = sorted(path.parent for path in EXAMPLES.glob("*/feeds/*/feed.yml"))

# The three headers in which the register came, between June and August 2019.
JUNE = (
    "Property Reference Number,BA Reference Number,Ratepayer,Full Property Address,Post Code,Latitude,Longitude,Occupied,"
    "Liability Start date,Empty From,Last Rateable Value for 2017,Analysis Code of Last 2017 Val,2017 NDR - Analysis code desc,"
    "Exemptions,Exemption Start date,Relief Types,Relief Total,Relief mandatory,Relief discretionary"
)
AUGUST = (
    "Property Reference Number,BA Reference Number,Ratepayer,Address,Postcode,Latitude,Longitude,Occupied,Liability start date,"
    "Empty from,Rateable value,VOA code,VOA description,Exemptions,Exemption Start Date,Relief types,Relief total,"
    "Relief mandatory,Relief discretionary"
)
NEXT_DAY = AUGUST.replace("Property Reference Number", "Property reference number").replace(
    "Exemption Start Date", "Exemptions start date"
)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_sample_gives_what_is_expected(folder: Path) -> None:
    assert check(read_feed(folder)) == []


def test_all_six_feeds_are_here() -> None:
    assert [folder.name for folder in FOLDERS] == [
        "listed_employment",
        "listed_registration",
        "listed_tax",
        "listed_tax_payment",
        "national_registration",
        "hambleton",
    ]


def test_both_registers_are_read_in_the_same_way() -> None:
    listed, national = (folder for folder in FOLDERS if folder.name.endswith("_registration"))
    for name in ("stage.sql", "sample.csv", "expected.csv"):
        assert (listed / name).read_text(encoding="utf-8") == (national / name).read_text(encoding="utf-8")
    assert (read_feed(listed).columns, read_feed(listed).missing) == (
        read_feed(national).columns,
        read_feed(national).missing,
    )


@pytest.mark.parametrize("header", [JUNE, AUGUST, NEXT_DAY], ids=["June", "22 August", "23 August"])
def test_every_header_of_the_premises_register_means_the_same_columns(header: str) -> None:
    feed = read_feed(EXAMPLES / "premises_register" / "feeds" / "hambleton")
    assert set(resolve_header(feed, header.split(","), "test").values()) == set(feed.columns)


@pytest.mark.parametrize(
    ("ratepayer", "handed_over"),
    [
        ("A N Other T/A Applewick Motors", "Applewick Motors"),
        ("A & B Other t/a The Old Forge", "The Old Forge"),
        ("Larch Ltd T/A Finch Bakery", "Larch Ltd T/A Finch Bakery"),
        ("Larch Limited T/A Finch Bakery", "Larch Limited T/A Finch Bakery"),
        ("Other & Sons Solicitors", "Other & Sons Solicitors"),
        ("", ""),
    ],
)
def test_a_sole_trader_is_handed_over_under_the_trade_name(ratepayer: str, handed_over: str) -> None:
    assert trade_name(ratepayer) == handed_over
