"""Every folder of deliveries/ is a delivery with one thing wrong, and what must become of it.

Each comes after a good delivery of its feed was accepted and published. `expected.yml`:

    outcome    stopped: nothing is accepted · quarantined: its bad rows are put aside, the rest is accepted · accepted ·
               nothing: it is not even landed
    message    how the message of a stop begins; fact, allowed: the words further on in it
    rows       how many rows are quarantined; reason: the words in the reason of each
    withdrawn  how many facts it ends (quarantined; 0 by default)
    counts     what came of the rows (accepted)
    feed       staff (default) or leases; at: its time in days (default 1.5); file: its name, where it is not beside
    made_by    the function below that makes the file, where it is none that a person can read
"""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import LEASES_HEADER, Park, day, lease_row, leases, staff, staff_file, staff_row
from warehouse.connection import reader
from warehouse.declared import read_yaml
from warehouse.errors import DeliveryRefused, ParkBridgeError, SourceError

CASES = sorted(path.parent for path in (Path(__file__).parent / "deliveries").glob("*/expected.yml"))
UNITS = {f"U{n}": n for n in range(1, 21)}
NUMBERS = range(1, 21)


# --- files that no person can read ----------------------------------------------------------------------------------


def workbook(change: Callable[[Any], object] = lambda sheet: None, numbers: range = NUMBERS) -> bytes:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    for line in (LEASES_HEADER, *map(lease_row, numbers)):
        sheet.append(line.split(","))
    change(sheet)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def zipped(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


def formula_cell() -> bytes:
    return workbook(lambda sheet: sheet.cell(5, 5, "=100+0.5"))


def formula_cells() -> bytes:
    return workbook(lambda sheet: [sheet.cell(row, 5, f"=A{row}") for row in range(2, 22)])


def spreadsheet_with_damaged_codes() -> bytes:
    def damage(sheet: Any) -> None:
        sheet.cell(7, 4, 913301060999999940)
        sheet.cell(8, 4, "9.13301E+17")

    return workbook(damage)


def spreadsheet_cut_off() -> bytes:
    return workbook()[:-700]


def spreadsheet_that_is_a_web_page() -> bytes:
    return f"<html><table><tr><td>{LEASES_HEADER}</td></tr></table></html>".encode()


def spreadsheet_that_is_text() -> bytes:
    return leases(range(2, 21)).encode()


def spreadsheet_of_before_2007() -> bytes:
    return bytes.fromhex("d0cf11e0a1b11ae1") + bytes(1000)


def spreadsheet_with_two_filled_sheets() -> bytes:
    return workbook(lambda sheet: sheet.parent.create_sheet("old").append(["last month's"]))


def spreadsheet_with_merged_rows() -> bytes:
    return workbook(lambda sheet: sheet.merge_cells("B3:B4"))


def spreadsheet_without_the_register() -> bytes:
    return workbook(lambda sheet: sheet.delete_rows(1, 21) or sheet.append(["see attachment"]))


def spreadsheet_with_half_the_leases() -> bytes:
    return workbook(numbers=range(1, 11))


def spreadsheet_bomb() -> bytes:
    book, bomb = zipfile.ZipFile(io.BytesIO(workbook())), io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in book.namelist():
            content = book.read(name)
            if name.endswith("sheet1.xml"):
                content = content.replace(b"<sheetData>", b"<sheetData>" + b" " * 20_000_000)
            archive.writestr(name, content)
    return bomb.getvalue()


def zip_bomb() -> bytes:
    return zipped("register.csv", LEASES_HEADER.encode() + b"\n" * 20_000_000)


def zip_with_a_name_that_leads_out() -> bytes:
    return zipped("../../register.csv", leases(NUMBERS).encode())


def zip_with_an_absolute_name() -> bytes:
    return zipped("/tmp/register.csv", leases(NUMBERS).encode())


def zip_in_a_zip() -> bytes:
    return zipped("inner.zip", zipped("register.csv", leases(NUMBERS).encode()))


def zip_without_a_delivery() -> bytes:
    return zipped("readme.docx", b"see attachment")


def zip_cut_off() -> bytes:
    return zipped("register.csv", leases(NUMBERS).encode())[:-30]


def zip_with_a_damaged_member() -> bytes:
    content = bytearray(zipped("register.csv", leases(NUMBERS).encode()))
    content[60:70] = bytes(10)
    return bytes(content)


def parquet_cut_off() -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({name: ["x"] for name in LEASES_HEADER.split(",")}), file)
    return file.getvalue()[:-20]


def a_hundred_times_bigger() -> bytes:
    return staff_file(staff_row(f"U{n}") for n in range(2000)).encode()


def link_that_leads_out() -> bytes:
    return b""  # made below


# --- what becomes of them -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def _published_park(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {}


@pytest.fixture
def good_park(park: Park, _published_park: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Park:
    """A published park with deliveries of two feeds: made once, copied for each case."""
    if not _published_park:
        park.drop("staff", "staff_202601.csv", staff(UNITS), day(0.5))
        park.drop("leases", "register_a.csv", leases(NUMBERS), day(0.5))
        for name in ("staff", "leases"):
            park.sync(name, day(1))
        park.publish(day(1))
        kept = tmp_path_factory.mktemp("good") / "park"
        shutil.copytree(park.home.parent, kept, copy_function=shutil.copy2)
        _published_park["kept"] = kept
    else:
        shutil.rmtree(park.home.parent)
        shutil.copytree(_published_park["kept"], park.home.parent, copy_function=shutil.copy2)
    return park


def state(park: Park) -> dict[str, object]:
    """What must be as it was where a delivery is stopped."""
    published = {p.name: p.read_bytes() for p in park.settings.published.rglob("*") if p.is_file()}
    tables = ("staged.employment", "staged.lease", "ops.batch", "ops.quarantine", "ops.feed")
    accepted = {p: p.read_bytes() for p in park.raw.glob("*/20260302*/*")}
    rows = park.ask_each(f"from {table} order by all" for table in tables)
    return {"published": published, "accepted": accepted} | dict(zip(tables, rows, strict=True))


def deliver(park: Park, case: Path, expected: dict[str, Any]) -> None:
    feed = expected.get("feed", "staff")
    if "made_by" in expected:
        name = expected.get("file", "register.xlsx" if feed == "leases" else "staff_202601_b.csv")
        path = park.drop(feed, name, globals()[expected["made_by"]](), day(expected.get("at", 1.5)))
        if expected["made_by"] == "link_that_leads_out":
            path.unlink()
            path.symlink_to(park.home.parent / "elsewhere.csv")
            (park.home.parent / "elsewhere.csv").write_text(leases(NUMBERS), encoding="utf-8")
            os.utime(path, (day(1.5).timestamp(),) * 2)
    else:
        (file,) = (p for p in case.iterdir() if p.name != "expected.yml")
        park.drop(feed, file.name, file.read_bytes(), day(expected.get("at", 1.5)))


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_bad_delivery(case: Path, good_park: Park) -> None:
    park = good_park
    expected = read_yaml((case / "expected.yml").read_text(encoding="utf-8"))
    feed = expected.get("feed", "staff")
    deliver(park, case, expected)
    before = state(park)
    if expected["outcome"] == "stopped":
        with pytest.raises((DeliveryRefused, SourceError)) as stopped:
            park.sync(feed, day(2))
        message = str(stopped.value)
        assert message.startswith(expected["message"])
        assert expected.get("fact", "") in message
        assert expected.get("allowed", "") in message
        assert ". Next: " in message, "it says what to do"
        assert state(park) == before
        with pytest.raises(ParkBridgeError):
            park.sync(feed, day(3))  # and again, until someone has acted
        assert state(park) == before
    elif expected["outcome"] == "nothing":
        assert park.sync(feed, day(2)) == []
        assert state(park) == before
    else:
        (counts,) = park.sync(feed, day(2))
        rejected = park.ask("select reason from ops.quarantine")
        assert len(rejected) == expected.get("rows", 0)
        assert all(expected["reason"] in reason for (reason,) in rejected), rejected
        if "counts" in expected:
            assert counts == expected["counts"]
        else:
            assert counts["withdrawn"] == expected.get("withdrawn", 0)
            assert counts["new"] == counts["changed"] == 0
        assert state(park)["published"] == before["published"], "until the next night"
    with reader(park.settings) as connection:
        assert connection.execute("select sum(insured_headcount) from monthly.staff").fetchone() == (210,)
