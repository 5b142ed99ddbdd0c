"""A whole demo night in PostgreSQL, by the command line and Airflow's own connections."""

from __future__ import annotations

import json

import duckdb
import psycopg
import pytest

from tests.postgres_server import Postgres
from tests.system.conftest import Park


@pytest.mark.nights
def test_a_night_is_served_whole(park: Park, postgres: Postgres) -> None:
    postgres.admin.execute("create database demo encoding 'UTF8' template template0")
    connection = json.dumps(
        {"conn_type": "postgres", "host": postgres.admin.info.host, "login": "postgres", "schema": "demo"}
    )
    environment = {"AIRFLOW_CONN_BI": connection}
    try:
        assert "readers see night" in park.run("serve-to", "bi", environment=environment).stdout
        with (
            psycopg.connect(host=postgres.admin.info.host, user="postgres", dbname="demo") as server,
            duckdb.connect(str(park.published), read_only=True) as published,
        ):
            found = park.ask(
                "select schema_name, table_name, string_agg(column_name, '|' order by column_index), "
                "count(*) filter (comment is not null) from duckdb_columns() where schema_name <> '核对' "
                "and database_name = current_database() and not internal group by 1, 2"
            )
            assert len(found) > 100
            for schema, table, columns, comments in found:
                name = f'"{schema}"."{table}"'
                counted = server.execute(f"select count(*) from {name}".encode()).fetchall()
                assert counted == published.execute(f"select count(*) from {name}").fetchall(), name
                there = server.execute(
                    "select string_agg(attname, '|' order by attnum), count(col_description(attrelid, attnum)) "
                    "from pg_attribute where attrelid = %s::regclass and attnum > 0",
                    [name],
                ).fetchone()
                assert there == (columns, comments), name
            # to the cent
            total = "select sum(sales_amount), sum(insured_headcount), max(month) from snapshots.enterprise_month"
            assert server.execute(total.encode()).fetchall() == park.ask(total)
            # with the same text as names in operators' tables
            names = 'select "企业名称" from "园区"."企业现状"'
            assert sorted(server.execute(names.encode()).fetchall()) == sorted(park.ask(names))
        assert "nothing changed" in park.run("serve-to", "bi", environment=environment).stdout
    finally:
        postgres.admin.execute("drop database demo with (force)")
