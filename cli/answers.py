"""Ask what is published, and hand it on."""

from __future__ import annotations

import argparse
from pathlib import Path

from cli.options import Commands, may_read_another, short
from warehouse.answers import FORMS
from warehouse.settings import Settings
from warehouse.terminal import running


def command_sql(settings: Settings, given: argparse.Namespace) -> int:
    """Ask the published file, read-only."""
    from warehouse.shell import sql

    return sql(
        settings,
        given.query,
        file=given.file,
        form=given.format,
        rows=given.rows,
        bom=given.bom,
        out=given.output,
        example=given.example,
    )


def command_export(settings: Settings, given: argparse.Namespace) -> int:
    """Write views into files for others."""
    from warehouse.export import export

    with running("export"):
        written = export(settings, given.view, to=given.to, form=given.format, as_is=given.as_is, file=given.file)
    for path, rows in written:
        print(f"{short(path)}: {rows:,} {'row' if rows == 1 else 'rows'}")
    return 0


def command_serve_to(settings: Settings, given: argparse.Namespace) -> int:
    """Copy the published file into PostgreSQL."""
    from warehouse.connection import open_read_only, reader

    # a file that is not there is reported before Airflow begins
    with open_read_only(given.file) if given.file else reader(settings):
        file = given.file or settings.published_file
    from dags.local import prepare_airflow

    prepare_airflow(settings)
    from connectors.credentials import Credentials
    from connectors.sources.database.reaching import libpq_settings
    from warehouse.postgres_access import Audience, read_groups
    from warehouse.postgres_edition import Server, serve

    groups = read_groups(given.policy) if given.policy else {}
    credentials = Credentials.from_airflow(given.connection)
    server = Server(
        given.connection, libpq_settings(credentials, f"connection {given.connection!r}"), credentials.redact
    )
    with running("serve-to"):
        served = serve(
            server,
            file,
            Audience(given.role_prefix, groups, has_roles=not given.no_roles),
            wait_seconds=given.wait,
        )
    if served.is_changed:
        print(f"{given.connection}: readers see night {served.night_id}: {served.tables} tables, {served.rows:,} rows")
    else:
        print(f"{given.connection}: readers see night {served.night_id} already; nothing changed")
    return 0


def add(commands: Commands) -> None:
    """Declare these commands."""
    one = commands(
        "sql",
        command_sql,
        "ask the published file, read-only: one query, or a shell",
        '  parkbridge sql "select * from 园区.企业现状 limit 5"\n  parkbridge sql .tables\n  parkbridge sql ".columns 园区.企业现状"\n'
        '  parkbridge sql "from snapshots.park_month" -o park.csv\n  parkbridge sql < questions.sql',
    )
    one.add_argument(
        "query", nargs="?", help="statements with ; between them, or a command of the shell, such as .tables"
    )
    one.add_argument(
        "--format",
        choices=FORMS,
        help="auto, the default, is a table, or one line per value where the table is wider than the terminal; csv-excel has a "
        "byte order mark; json is a list, jsonl one object per row",
    )
    one.add_argument(
        "--example",
        type=int,
        nargs="?",
        const=0,
        metavar="N",
        help="run question N of the cookbook docs/questions.md; without N list the questions",
    )
    one.add_argument("--rows", type=int, default=100, metavar="N", help="show at most N rows of a table; 0 shows all")
    one.add_argument("--bom", action="store_true", help="begin CSV with a byte order mark, by which Excel knows UTF-8")
    one.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="write to a file; its ending (.csv, .json, .jsonl, .xlsx, .parquet, .arrow) says the format",
    )
    may_read_another(one)
    one = commands(
        "export",
        command_export,
        "write views into a workbook, CSV, Parquet or Arrow; all operators' views by default",
        "  parkbridge export --to park.xlsx\n  parkbridge export 企业现状 企业月度 --to folder --format csv\n"
        "  parkbridge export snapshots.enterprise_month --to folder --format parquet",
    )
    one.add_argument(
        "view", nargs="*", help="views or tables, such as 企业现状 or snapshots.park_month; schema 园区 by default"
    )
    one.add_argument(
        "--to", type=Path, required=True, metavar="FOLDER|FILE", help="a folder that is there, or a file by its ending"
    )
    one.add_argument(
        "--format",
        choices=("xlsx", "csv", "parquet", "arrow"),
        help="of the files in a folder; xlsx by default. Parquet is divided by month where a view has one",
    )
    one.add_argument(
        "--as-is",
        action="store_true",
        help="CSV for programs: no apostrophe before a text that Excel would run as a formula",
    )
    may_read_another(one)
    one = commands(
        "serve-to",
        command_serve_to,
        "copy the published file into PostgreSQL for BI servers, in one transaction",
        "  parkbridge serve-to bi\n  parkbridge serve-to bi --policy groups.yml\n  parkbridge serve-to bi --no-roles",
    )
    one.add_argument("connection", metavar="CONNECTION", help="an Airflow connection of type postgres, AIRFLOW_CONN_…")
    who = one.add_mutually_exclusive_group()
    who.add_argument("--policy", type=Path, metavar="FILE", help="YAML: building codes by group, `east: [B00001]`")
    who.add_argument("--no-roles", action="store_true", help="make no roles and grant nothing")
    one.add_argument("--role-prefix", default="parkbridge", metavar="P", help="roles are P_reader and P_<group>")
    one.add_argument("--wait", type=float, default=60, metavar="SECONDS", help="how long to wait for readers' queries")
    may_read_another(one)
