"""A new subject is an entry of subjects.yml, its columns in columns.yml, a model that uses it, and its feed's folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from connectors.scaffold import scaffold
from expectations.rule import read_rule
from tests.conftest import Park, day, naive
from tests.transforms.test_resolution import credit_code
from transforms.night import build_all
from transforms.resolution.resolve import resolve
from warehouse import connection as store
from warehouse import labels, parts, subjects
from warehouse.connection import writer
from warehouse.settings import CHECKOUT

SUBJECT = """
permit:
  title: {en: Permits granted, zh: 行政许可}
  row: the permits granted to one enterprise in one month
  about: enterprise
  silo: permits
  expected: true
  figures: {permits_granted: permit_count}
  key: [source_key, month]
  period: month
  columns:
    source_key: varchar!
    uscc: varchar
    enterprise_name: varchar
    month: date!
    permit_count: bigint!

parcel:
  title: {en: Parcels of land, zh: 地块}
  row: one parcel of land
  about: building
  silo: land
  key: [parcel_no]
  columns:
    parcel_no: varchar!
    parcel_m2: decimal(18,2)
"""
COLUMNS = """
permit_count: {zh: 许可证数, en: "permits granted in the month"}
parcel_no: {zh: 宗地号, en: "the land office's number of the parcel"}
parcel_m2: {zh: 宗地面积, en: "area of the parcel, m2"}
"""
MODEL = """
-- title: Permits by month | 月度许可
-- one row is: one enterprise in one month
-- answers: how many permits was it granted?
-- key: enterprise_id, month
-- rules: The sum over its records.
-- known gaps: none known
-- rebuild: by_enterprise
-- checked by: tests/transforms/test_new_subject.py
select
    l.enterprise_id,
    m.month,
    cast(sum(p.permit_count) as bigint) as permit_count
from known.permit as p
inner join resolved.link as l on p.feed = l.feed and p.source_key = l.source_key
inner join monthly.month as m on p.month = m.month
group by l.enterprise_id, m.month
"""
CODE, OTHER_CODE = credit_code(10000001), credit_code(10000002)
RULES = CHECKOUT / "expectations" / "rules"
JANUARY = "source_key,uscc,enterprise_name,month,permit_count\n{}".format(
    "\n".join([f"P1,{CODE},苏州明达科技有限公司,2026-01-01,4", f"P2,{OTHER_CODE},无锡新来软件有限公司,2026-01-01,1"])
)


@pytest.fixture
def layers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The declarations and models of this checkout, with two subjects and a model more."""
    declared, meanings, folder = tmp_path / "subjects.yml", tmp_path / "columns.yml", tmp_path / "layers"
    declared.write_text(subjects.FILE.read_text(encoding="utf-8") + SUBJECT, encoding="utf-8")
    meanings.write_text(labels.COLUMNS.read_text(encoding="utf-8") + COLUMNS, encoding="utf-8")
    shutil.copytree(CHECKOUT / "transforms", folder, ignore=shutil.ignore_patterns("*.py", "matching", "__pycache__"))
    (folder / "3_monthly" / "permit.sql").write_text(MODEL.lstrip(), encoding="utf-8")
    monkeypatch.setattr(subjects, "FILE", declared)
    monkeypatch.setattr(labels, "COLUMNS", meanings)
    caches = (subjects.subjects, labels.labels, store._layout)
    for cached in caches:
        cached.cache_clear()
    yield folder
    monkeypatch.undo()
    for cached in caches:
        cached.cache_clear()


@pytest.fixture
def offices(park: Park, layers: Path) -> Park:
    """A park with a warehouse made before the subjects were there, with a feed of each as `feed new` begins it."""
    for feed, subject in (("permits", "permit"), ("parcels", "parcel")):
        scaffold(park.feed_folder, feed, subject)
        park.change(feed, "folder: .", f"folder: {feed}\n  settle_seconds: 0")
    park.change("permits", "replaces: nothing", "replaces: period")
    park.drop("permits", "202601.csv", JANUARY, day(1))
    park.drop("parcels", "all.csv", "parcel_no,parcel_m2\nD1,20000.00\nD2,\n", day(1))
    for feed in ("permits", "parcels"):
        park.sync(feed, day(2))
    with writer(park.settings) as warehouse:
        warehouse.execute(
            "insert into staged.registration (feed, source_key, uscc, enterprise_name, received_at, batch_id, row_number) "
            "values ('register', 'R1', ?, '苏州明达科技有限公司', ?, '1', 1)",
            [CODE, naive(2)],
        )
    return park


def night(park: Park, layers: Path, number: int) -> tuple[bool, int | None]:
    """One night to its end: whether all was resolved, and how many enterprises were touched (None: all made)."""
    park.begin(day(number), without=("staff", "leases", "payments"))
    with writer(park.settings) as warehouse:
        whole = resolve(warehouse)
        touched, _ = build_all(warehouse, layers)
    return whole, touched


def wrong_rows(warehouse: duckdb.DuckDBPyConnection, rule: str) -> list[tuple[object, ...]]:
    query = read_rule(RULES / f"{rule}.sql").check.wrong_rows
    assert query
    return warehouse.execute(query).fetchall()


def test_its_facts_are_resolved_counted_revised_and_checked(
    offices: Park, layers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "limits", lambda _: parts.Limits(1, 100, 100))
    night(offices, layers, 3)
    granted = "select enterprise_name, permit_count from monthly.permit join resolved.enterprise using (enterprise_id)"
    found = offices.ask_each(
        [
            f"{granted} order by 2",
            "select feed, source_key, subject from resolved.unmatched",
            "select distinct feed from resolved.source_record order by 1",
            "select feed, month::varchar, report_count from monthly.coverage order by month",
            "select subject from monthly.silo order by 1",
            "select feed_count from snapshots.presence order by 1",
            "select source_key, is_of_enterprise from known.fact where subject = 'parcel' order by 1",
            "select silo_code, is_expected, has_months from rules.subject where subject = 'permit'",
        ]
    )
    assert found == [
        # one firm of the register, and one that no register knows, under the name that the permit office alone states
        [("无锡新来软件有限公司", 1), ("苏州明达科技有限公司", 4)],
        [("permits", "P2", "permit")],
        [("permits",), ("register",)],
        # its first month begins the calendar
        [("permits", "2026-01-01", 2), ("permits", "2026-02-01", 0)],
        [("permit",), ("registration",)],
        [(1,), (2,)],
        [("D1", False), ("D2", False)],
        [("permits", True, True)],
    ]

    offices.drop("permits", "202601_2.csv", JANUARY.replace(",4", ",6"), day(4))
    offices.drop("parcels", "all_2.csv", "parcel_no,parcel_m2\nD1,21000.00\nD2,\n", day(4))
    for feed in ("permits", "parcels"):
        offices.sync(feed, day(5))
    _, touched = night(offices, layers, 6)
    assert touched == 1, "the enterprise with corrected permits; a parcel of land is no enterprise's"
    revision = "select signal_code, value_before, value_after, revision_code from snapshots.revision"
    assert offices.ask_each([f"{granted} order by 2", revision]) == [
        [("无锡新来软件有限公司", 1), ("苏州明达科技有限公司", 6)],
        [("permits_granted", 4, 6, "corrected")],
    ]

    with writer(offices.settings) as warehouse:
        assert [wrong_rows(warehouse, rule) for rule in ("record_is_accounted_for", "fact_is_known_once")] == [[], []]
        warehouse.execute("delete from resolved.unmatched")
        warehouse.execute("delete from resolved.link where feed = 'permits'")
        assert sorted(wrong_rows(warehouse, "record_is_accounted_for")) == [("permits", "P1"), ("permits", "P2")]
        warehouse.execute("insert into staged.permit by name from known.permit where source_key = 'P1'")
        assert wrong_rows(warehouse, "fact_is_known_once") == [("permit", "permits", "P1 2026-01-01", 2)]
