"""Who is who without the months (demo.identities) is who the offices write about when they write them."""

import csv
import sqlite3
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import demo
from demo.silos import OFFICES


@pytest.fixture(scope="module")
def identities() -> dict[str, pa.Table]:
    return demo.identities(1, 300)  # as conftest builds the city


def test_the_links_are_the_city_s(identities: dict[str, pa.Table], truth: duckdb.DuckDBPyConnection) -> None:
    for office in OFFICES:
        known = identities[office].select(["source_key", "true_id", "code_dirt", "name_dirt", "note"])
        truth.register("known", known)
        mine = "select distinct on (source_key, true_id) source_key, true_id, code_dirt, name_dirt from known"
        theirs = f"select source_key, true_id, code_dirt, name_dirt from link where silo = '{office}'"
        assert truth.execute(f"({mine}) except ({theirs})").fetchall() == []
        assert truth.execute(f"({theirs}) except ({mine})").fetchall() == []
    truth.register("known", identities["enterprise"])
    assert truth.execute("(from known) except (from enterprise)").fetchall() == []
    assert identities["enterprise"].num_rows == 300


def test_codes_and_names_are_as_delivered(
    city: Path, identities: dict[str, pa.Table], truth: duckdb.DuckDBPyConnection
) -> None:
    """In the last month that is there; firms that change name or code meanwhile are left out."""
    silos = city / "silos"
    with (silos / "employment/参保_202610.csv").open(encoding="gb18030") as file:
        next(file)
        units = [row for row in csv.DictReader(file) if row["单位编号"] != "合计"]
    with sqlite3.connect(silos / "tax/税务.sqlite") as database:
        payers = database.execute(
            "select 纳税人识别号, 纳税人识别号, 纳税人名称 from 申报表 where 所属期止 > '2026-09'"
        ).fetchall()
    record = pq.read_table(silos / "registration/enterprises.parquet").sort_by("recorded").to_pylist()
    delivered = {
        "employment": {row["单位编号"]: (row["社会信用代码"] or None, row["单位名称"]) for row in units},
        "tax": {key: (code, name) for key, code, name in payers},
        "registration": {row["pripid"]: (row["uniscid"], row["entname"]) for row in record},
        "access": {
            f"{row['单位简称']}@{row['楼栋']}": (None, row["单位简称"])
            for row in pq.read_table(silos / "access/门禁_202610.parquet").to_pylist()
        },
    }
    steady = {
        true_id
        for (true_id,) in truth.execute(
            "select true_id from enterprise where later_name is null and later_uscc is null"
        ).fetchall()
    }
    for office, found in delivered.items():
        rows = [
            row for row in identities[office].to_pylist() if row["true_id"] in steady and row["source_key"] in found
        ]
        assert len(rows) > 150
        assert {row["source_key"]: (row["code"], row["name"]) for row in rows} == {
            row["source_key"]: found[row["source_key"]] for row in rows
        }


def test_short_names_that_may_mean_several(identities: dict[str, pa.Table]) -> None:
    gates = identities["access"].to_pylist()
    firms: dict[str, set[int]] = {}
    for row in gates:
        firms.setdefault(row["source_key"], set()).add(row["true_id"])
    shared = {key for key, who in firms.items() if len(who) > 1}
    assert shared
    assert all(row["alike"] > 1 for row in gates if row["source_key"] in shared)
    assert all(1 <= row["alike_there"] <= row["alike"] for row in gates)
    assert sum(row["alike"] == 1 for row in gates) > 0.8 * len(gates)
