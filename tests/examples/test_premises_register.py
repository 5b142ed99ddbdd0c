"""Four real deliveries of one register, ten weeks apart: what changed between them is known."""

from __future__ import annotations

import csv
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from examples import handover
from examples.findings import findings
from tests.examples.conftest import Park, make_park
from transforms import night
from transforms.resolution.resolve import resolve
from warehouse.connection import writer

DELIVERED = [datetime(2019, month, day, tzinfo=UTC) for month, day in ((6, 13), (6, 20), (8, 22), (8, 23))]
MODELS = night.LAYERS


@pytest.fixture(scope="module", params=["all at once", pytest.param("each on its day", marks=pytest.mark.nights)])
def park(request: pytest.FixtureRequest, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Park:
    park = make_park(tmp_path_factory.mktemp("premises"), "premises_register")
    handover.premises_register(data, park.office)
    for day in DELIVERED if request.param == "each on its day" else DELIVERED[-1:]:
        park.pull(day + timedelta(days=1))
    with writer(park.settings) as connection:
        connection.execute("insert into ops.night values ('test', timestamp '2019-08-31', 'test')")
        resolve(connection)
        night.begin(connection)
        night.build(connection, ["3_monthly", "4_signals"])
    return park


def test_changes_between_the_deliveries_are_the_known_ones(park: Park) -> None:
    with writer(park.settings) as connection:
        changes = Counter(
            connection.execute(
                "select cast(changed_at as date)::varchar, change_code from signals.premises_change"
            ).fetchall()
        )
    assert {key: n for key, n in changes.items() if key[1] != "occupier_changed"} == {
        ("2019-08-22", "new"): 55,
        ("2019-08-22", "gone"): 28,
        ("2019-08-22", "taken_up"): 46,
        ("2019-08-22", "vacated"): 45,
    }


def test_every_delivery_is_read_whole_and_its_repetitions_change_nothing(park: Park) -> None:
    with writer(park.settings) as connection:
        batches = connection.execute(
            "select rows_landed, rows_rejected, rows_new, rows_withdrawn from ops.batch order by delivered_at"
        ).fetchall()
    assert batches == [(4280, 0, 4280, 0), (4280, 0, 0, 0), (4307, 0, 55, 28), (4307, 0, 0, 0)]


def test_the_register_of_any_day_is_the_delivery_before_it(park: Park, data: Path) -> None:
    files = sorted((data / "property_uk").glob("hambleton_*.csv"))
    for day, file in zip(DELIVERED, files, strict=True):
        with file.open(encoding="ascii", newline="") as lines:
            delivered = {row[0]: row[7] == "N" for row in list(csv.reader(lines))[1:] if row}
        with writer(park.settings) as connection:
            connection.execute("update ops.night set as_of = ?", [(day + timedelta(days=1)).replace(tzinfo=None)])
            known = dict(connection.execute("select premises_no, is_vacant from known.premises").fetchall())
        assert known == delivered


def test_no_persons_name_before_a_trade_name_is_landed(park: Park) -> None:
    names = {
        name
        for path in park.settings.raw.glob("hambleton/*/rows.parquet")
        for name in pq.read_table(path, columns=["Ratepayer"])["Ratepayer"].to_pylist()
    }
    traders = {name for name in names if name and "T/A" in name.upper()}
    assert traders
    assert all(re.search(r"\bLtd T/A ", name) for name in traders)


def test_the_findings_show_the_changes(park: Park, data: Path) -> None:
    text = "\n".join(findings(park.settings, "premises_register", data))
    assert re.search(r"2019-08-22 12:00:00 +28 +55 +14 +46 +45", text)
