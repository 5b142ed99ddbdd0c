"""Four real deliveries of one premises register in three layouts; what changed between them was counted by hand."""

import csv
import os
from datetime import datetime
from pathlib import Path

import pytest

import transforms
from tests.conftest import prepared
from transforms.resolution.resolve import resolve
from warehouse.models import build

SHARED_DATA = Path(os.environ.get("PARKBRIDGE_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
DELIVERIES = sorted((SHARED_DATA / "property_uk").glob("hambleton_*.csv"))


@pytest.mark.skipif(
    len(DELIVERIES) != 4, reason=f"the deliveries are not in {SHARED_DATA} (set PARKBRIDGE_SHARED_DATA)"
)
def test_changes_between_real_deliveries() -> None:
    connection = prepared()
    connection.execute("insert into ops.night values ('night', timestamp '2020-01-01', 'district')")
    current: dict[str, tuple[str, bool]] = {}
    versions: list[list[object]] = []
    open_version: dict[str, list[object]] = {}
    for delivery in DELIVERIES:
        received = datetime.fromisoformat(delivery.name.split("_")[2])
        with delivery.open(encoding="utf-8", newline="") as file:
            rows = {row[0]: (row[2], row[7] == "N") for row in list(csv.reader(file))[1:] if row}
        for number in current.keys() - rows.keys():
            open_version.pop(number)[5] = received
        for number, (occupier, is_vacant) in rows.items():
            if current.get(number) == (occupier, is_vacant):
                continue
            if number in open_version:
                open_version[number][5] = received
            open_version[number] = ["premises", number, occupier or number, is_vacant, received, None, occupier]
            versions.append(open_version[number])
        current = rows
    connection.executemany(
        "insert into staged.premises (feed, premises_no, source_key, is_vacant, received_at, superseded_at, enterprise_name) "
        "values (?, ?, ?, ?, ?, ?, ?)",
        versions,
    )
    resolve(connection)
    build(connection, Path(transforms.__file__).parent / "4_signals", ["premises_change"])
    found = dict(
        connection.execute(
            "select change_code, count(*) from signals.premises_change where changed_at = date '2019-08-22' group by 1"
        ).fetchall()
    )
    assert {code: found[code] for code in ("new", "gone", "taken_up", "vacated")} == {
        "new": 55,
        "gone": 28,
        "taken_up": 46,
        "vacated": 45,
    }
