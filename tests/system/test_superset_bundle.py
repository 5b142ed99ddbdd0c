"""The dashboards of deploy/superset over the demo's published file, without Superset: every column, metric and filter holds."""

from __future__ import annotations

import re

import duckdb
import pytest

from tests.system.conftest import Park
from tests.system.superset_bundle import Chart, charts, read

pytestmark = [pytest.mark.airflow, pytest.mark.nights]
CHARTS = charts()
# what lists nothing in a park where nothing of the kind is
MAY_BE_EMPTY = {"feed_quarantine"}


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)
def test_each_chart_has_figures_in_the_published_file(park: Park, chart: Chart) -> None:
    rows = park.ask(chart.sql)
    assert rows or chart.name in MAY_BE_EMPTY, chart.sql
    if chart.metrics:
        assert rows is not None
        assert any(value is not None for row in rows for value in row[len(chart.columns) :]), chart.sql


def test_datasets_have_the_columns_and_types_of_the_published_file(park: Park) -> None:
    for name, dataset in read("datasets").items():
        there = {
            str(column): str(kind)
            for column, kind, *_ in park.ask(f'describe "{dataset["schema"]}"."{dataset["table_name"]}"')
        }
        declared = {column["column_name"]: column["type"] for column in dataset["columns"]}
        assert declared.items() <= there.items(), name
        used = {column for chart in CHARTS if chart.dataset is dataset for column in chart.columns}
        used |= {
            one
            for chart in CHARTS
            if chart.dataset["uuid"] == dataset["uuid"]
            for sql in chart.metrics
            for one in re.findall(r'"([^"]+)"', sql)
        }
        assert used <= declared.keys(), name


def test_parts_of_the_bundle_name_each_other() -> None:
    [database] = read("databases").values()
    datasets, dashboards = read("datasets"), read("dashboards")
    assert {one["database_uuid"] for one in datasets.values()} == {database["uuid"]}
    known = {chart.declared["uuid"]: chart.declared["slice_name"] for chart in CHARTS}
    assert len(known) == len(CHARTS)
    placed: list[str] = []
    for name, dashboard in dashboards.items():
        position = dashboard["position"]
        for key, one in position.items():
            if key == "DASHBOARD_VERSION_KEY":
                continue
            assert set(one.get("children", [])) <= position.keys(), name
            if one["type"] == "ROW":
                assert sum(position[child]["meta"]["width"] for child in one["children"]) <= 12, f"{name}: {key}"
            if one["type"] == "CHART":
                assert known[one["meta"]["uuid"]] == one["meta"]["sliceName"], name
                placed.append(one["meta"]["uuid"])
        for native in dashboard["metadata"]["native_filter_configuration"]:
            [target] = native["targets"]
            [dataset] = [one for one in datasets.values() if one["uuid"] == target["datasetUuid"]]
            assert target["column"]["name"] in {column["column_name"] for column in dataset["columns"]}
    assert sorted(placed) == sorted(known), "each chart is on one dashboard"
    assert len(dashboards) == 5


def test_its_connection_reads_the_park_and_no_file_of_the_host(park: Park) -> None:
    [database] = read("databases").values()
    assert not any(database[key] for key in ("allow_dml", "allow_ctas", "allow_cvas", "allow_csv_upload"))
    given = database["extra"]["engine_params"]["connect_args"]
    with duckdb.connect(str(park.published), **given) as connection:
        assert connection.execute('select count(*) from "园区"."企业现状"').fetchone() != (0,)
        for sql in (
            "select * from read_text('/etc/passwd')",
            "select * from read_csv('/etc/passwd')",
            "select * from glob('/etc/*')",
            "attach '/tmp/x.duckdb' as other",
            "copy (select 1) to '/tmp/x.csv'",
            "install httpfs",
            "set enable_external_access = true",
            'create table "园区".x as select 1',
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(sql).fetchall()
