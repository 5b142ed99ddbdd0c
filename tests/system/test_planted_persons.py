"""Over 1,000 persons in every text that the demo's offices deliver, through a whole run: none is in any byte of the park's home.

They are in every text column of every feed, in titles, sheet names, comments and properties of workbooks, member names and comments of
archives, and file names. The run is that of the command line: feeds, night, publish, report, exports, PostgreSQL. Airflow logs as it does
under its scheduler, at its most talkative; its logs and its metadata database are searched, and every row of the PostgreSQL edition.
The same deliveries are taken in under the feeds' own limits, too: what is refused is reported in words of its own.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl.comments import Comment

import demo
from tests.planted import FORMS, Planted, left_in, planted
from tests.postgres_server import Postgres
from warehouse.settings import CHECKOUT

pytestmark = [pytest.mark.airflow, pytest.mark.slow]

PERSONS = 1750
# of these, in the reasons of answers to the work list: written into outcomes.csv by hand, and by `parkbridge worklist`
BY_HAND, BY_COMMAND = 100, 5
# Columns of whole texts: of the other columns a person costs the row, which is not what is looked for here.
_NOTES = {"oldname", "entname", "dom", "altbe", "altaf", "regcap", "industryco", "regorg"}


class _Hand:
    """Deals persons out to the texts that it is given, one in every few, up to a most."""

    def __init__(self, persons: Iterator[Planted], every: int, most: int) -> None:
        self._persons, self._every, self._most = persons, every, most
        self._count = self.dealt = 0

    def text(self, before: str | None, *, in_line: bool = False) -> str | None:
        self._count += 1
        if self._count % self._every or self.dealt == self._most:
            return before
        person = next(self._persons, None)
        if person is None:
            return before
        self.dealt += 1
        said = person.line if in_line else person.text
        return f"{before or ''} {said}"


def plant(silos: Path, persons: list[Planted]) -> int:
    """Put the persons into the offices' files and databases; returns how many found a place."""
    rest = iter(persons)
    offices = (
        (_plant_desk, silos / "service" / "服务台.sqlite", 3, 200),
        (_plant_outsiders, silos / "outside" / "园外企业.sqlite", 9, 60),
        (_plant_invoices, silos / "trade" / "发票.sqlite", 40, 80),
        (_plant_register, silos / "registration", 3, 350),
        (_plant_taxes, silos / "tax" / "税务.sqlite", 5, 350),
        (_plant_lines, silos / "employment", 4, 350),
        (_plant_workbooks, silos / "lease", 5, 250),
        (_plant_lines, silos / "building", 2, 30),
        (_plant_archives, silos / "utility", 5, 200),
        (_plant_gates, silos / "access", 5, 170),
    )
    hands = []
    for plant_in, place, every, most in offices:
        hands.append(_Hand(rest, every, most))
        plant_in(place, hands[-1])
    return sum(h.dealt for h in hands)


def _plant_register(folder: Path, hand: _Hand) -> None:
    for path in folder.glob("*.parquet"):
        table = pq.read_table(path)
        for name in _NOTES & set(table.column_names):
            texts = [hand.text(text) if text else text for text in table[name].to_pylist()]
            table = table.set_column(table.column_names.index(name), name, pa.array(texts, pa.string()))
        pq.write_table(table, path)


def _plant_taxes(path: Path, hand: _Hand) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        for table, key in (("申报表", "申报序号"), ("入库表", "税票号码")):
            for column in ("纳税人名称", "申报类型" if table == "申报表" else "缴款类型"):
                rows = database.execute(f'select "{key}", "{column}" from "{table}" order by 1').fetchall()
                database.executemany(
                    f'update "{table}" set "{column}" = ? where "{key}" = ?', [(hand.text(text), k) for k, text in rows]
                )


def _plant_desk(path: Path, hand: _Hand) -> None:
    """Needs and offers: contacts, the enterprise, the office in charge as the desk writes it."""
    _plant_columns(path, hand, "诉求", "企业名称", "承办部门", "联系人", "联系电话")
    _plant_columns(path, hand, "供给", "供给方", "联系人", "联系电话")


def _plant_outsiders(path: Path, hand: _Hand) -> None:
    """Enterprises elsewhere, some with their legal representative behind the name."""
    _plant_columns(path, hand, "企业", "企业名称")


def _plant_invoices(path: Path, hand: _Hand) -> None:
    _plant_columns(path, hand, "发票", "本方名称", "对方名称", "开票人")


def _plant_columns(path: Path, hand: _Hand, table: str, *columns: str) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        for column in columns:
            rows = database.execute(f'select rowid, "{column}" from "{table}" order by 1').fetchall()
            changed = [(after, row) for row, before in rows if (after := hand.text(before)) != before]
            database.executemany(f'update "{table}" set "{column}" = ? where rowid = ?', changed)


def answered_by_hand(path: Path, persons: list[Planted]) -> None:
    """outcomes.csv as somebody writes it, outside the park's home: what is read of it must leave them out."""
    path.parent.mkdir()
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(("row", "answer", "who", "when", "why"))
        lines.writerows((f"W{n:010x}", "done", "Li Hua", "2026-11-01", one.line) for n, one in enumerate(persons))


def _plant_lines(folder: Path, hand: _Hand) -> None:
    """CSV: title, names, addresses, the file's own name; spreadsheets and zips among them as they are."""
    for path in sorted(folder.iterdir()):
        if path.suffix == ".csv":
            path.write_bytes(_with_persons(path.read_bytes(), "gb18030", hand))
            _renamed(path, hand)


def _with_persons(content: bytes, encoding: str, hand: _Hand) -> bytes:
    lines = content.decode(encoding).split("\r\n")
    header = next(n for n, line in enumerate(lines) if line.count(",") > 3)
    names = lines[header].split(",")
    places = [names.index(n) for n in ("单位名称", "单位地址", "户名", "用电地址") if n in names]
    for number, line in enumerate(lines):
        cells = line.split(",")
        if number < header:
            lines[number] = hand.text(line, in_line=True) or ""
        elif number > header and len(cells) == len(names) and '"' not in line:
            for place in places:
                cells[place] = hand.text(cells[place], in_line=True) or ""
            lines[number] = ",".join(cells)
    return "\r\n".join(lines).encode(encoding, "replace")


def _renamed(path: Path, hand: _Hand) -> None:
    status = path.stat()
    target = path.with_name(f"{hand.text(path.stem, in_line=True)}{path.suffix}")
    os.utime(path.replace(target), (status.st_mtime, status.st_mtime))


def _plant_workbooks(folder: Path, hand: _Hand) -> None:
    for path in sorted(folder.glob("*.xlsx")):
        status = path.stat()
        book = openpyxl.load_workbook(path)
        sheet = book.worksheets[0]
        sheet.title = re.sub(r"[\[\]:*?/\\]", "", hand.text(sheet.title, in_line=True) or "")[:31]
        sheet["A1"] = hand.text(str(sheet["A1"].value))
        header = next(n for n in range(1, 9) if any(c.value == "承租人" for c in sheet[n]))
        places = [c.column for c in sheet[header] if c.value in ("承租人", "地址", "备注", "房号")]
        for row in sheet.iter_rows(min_row=header + 1, max_row=sheet.max_row - 1):
            for cell in row:
                if cell.column in places:
                    cell.value = _legal(hand.text(None if cell.value is None else str(cell.value)))
            if (row[0].row or 1) % 9 == 0:
                row[0].comment = Comment(_legal(hand.text("")) or "", _legal(hand.text("")) or "x")
        book.properties.creator = _legal(hand.text("张三"))
        book.properties.title = _legal(hand.text("台账"))
        book.save(path)
        os.utime(path, (status.st_mtime, status.st_mtime))
        _renamed(path, hand)


def _legal(text: str | None) -> str | None:
    return text and re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", text)


def _plant_archives(folder: Path, hand: _Hand) -> None:
    for path in sorted(folder.glob("*.zip")):
        status, out = path.stat(), io.BytesIO()
        with zipfile.ZipFile(path) as before, zipfile.ZipFile(out, "w") as after:
            for name in before.namelist():
                fresh = f"{hand.text(name.removesuffix('.csv'), in_line=True)}.csv"
                after.writestr(fresh, _with_persons(before.read(name), "utf-8-sig", hand))
            after.comment = (hand.text("") or "").encode()
        path.write_bytes(out.getvalue())
        os.utime(path, (status.st_mtime, status.st_mtime))
        _renamed(path, hand)


def _plant_gates(folder: Path, hand: _Hand) -> None:
    for path in sorted(folder.glob("*.parquet")):
        status = path.stat()
        table = pq.read_table(path)
        texts = [hand.text(text) if text else text for text in table["单位简称"].to_pylist()]
        table = table.set_column(table.column_names.index("单位简称"), "单位简称", pa.array(texts, pa.string()))
        pq.write_table(table.replace_schema_metadata({b"author": (hand.text("") or "").encode()}), path)
        os.utime(path, (status.st_mtime, status.st_mtime))
        _renamed(path, hand)


def loose(folder: Path) -> None:
    """The demo's feeds, with room for rows that a person costs."""
    for path in (CHECKOUT / "connectors" / "feeds").glob("*/*"):
        target = folder / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text(encoding="utf-8")
        if path.name == "feed.yml":
            text = re.sub(
                r"^allow: .*",
                "allow: {rejected_pct: 90, rows_min_pct: 1, stale_days: 400, changed_pct: 100, "
                "unknown_pct: 100, emptied_pct: 100, restated_pct: 100, repeated_pct: 100, moved_pct: 100}",
                text,
                flags=re.M,
            )
            text = re.sub(r"^checks:\n(?:  - .*\n?)+", "", text, flags=re.M)
        target.write_text(text, encoding="utf-8")


# the command line silences Airflow; under its scheduler every task writes a log
LOUD = """
import sys
import dags.local
import parkbridge
quiet = dags.local.prepare_airflow
dags.local.prepare_airflow = lambda settings, **given: quiet(settings, is_quiet=False)
sys.exit(parkbridge.main())
"""


def run(home: Path, *words: str, environment: dict[str, str] | None = None, is_loud: bool = False) -> str:
    """`parkbridge WORDS`; what it printed, of both streams, is kept in the home: it is searched too."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PARKBRIDGE_", "AIRFLOW"))}
    done = subprocess.run(
        [sys.executable, *(["-c", LOUD] if is_loud else [str(CHECKOUT / "parkbridge.py")]), *words],
        env=kept
        | {"PARKBRIDGE_HOME": str(home)}
        | ({"AIRFLOW__LOGGING__LOGGING_LEVEL": "DEBUG", "PYTHONPATH": str(CHECKOUT)} if is_loud else {})
        | (environment or {}),
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    said = f"{done.returncode} {done.stdout}\n{done.stderr}"
    home.mkdir(parents=True, exist_ok=True)
    with (home / "said.log").open("a", encoding="utf-8") as log:
        asked = words[: words.index("--why")] if "--why" in words else words  # what is asked is not what is searched
        log.write(f"$ {' '.join(asked)}\n{said}\n")
    return said


def whole_run(folder: Path, connection: dict[str, str]) -> Iterator[str]:
    """A city with persons planted, then everything that ParkBridge writes; what each command printed."""
    silos, home = folder / "demo", folder / "park"
    demo.build(silos, enterprises=150, months=18, seed=3, until=date(2026, 11, 20))
    persons = planted(PERSONS)
    yield f"planted {plant(silos / 'silos', persons[: -BY_HAND - BY_COMMAND])}"
    answered_by_hand(folder / "answers" / "outcomes.csv", persons[-BY_HAND:])
    loose(folder / "feeds")
    (home / "files").mkdir(parents=True)
    alerts = folder / "alert.sh"
    alerts.write_text(f'#!/bin/sh\ncat >> "{home}/alerts.log"\n')
    alerts.chmod(0o755)
    environment = {
        "PARKBRIDGE_FEEDS": str(folder / "feeds"),
        "PARKBRIDGE_EXPORTS": "1",
        "PARKBRIDGE_ALERT_COMMAND": str(alerts),
        "PARKBRIDGE_PSEUDONYM_KEY": "a key of this test",
        "PARKBRIDGE_BACKUP": str(home / "backup"),
        "PARKBRIDGE_OUTCOMES": str(folder / "answers" / "outcomes.csv"),
        "PARKBRIDGE_AUDIENCES": "director,operator,public",
        **connection,
    }
    with demo.serving(silos) as port:
        environment |= demo.connections(silos, port)
        said = ("--who", "test", "--confirm-date", "the demo's calendar", "--accept-delivery", "planted")
        yield run(home, "sync", *said, environment=environment, is_loud=True)
        strict = {
            name: value for name, value in environment.items() if name not in ("PARKBRIDGE_FEEDS", "PARKBRIDGE_BACKUP")
        }
        yield run(home / "strict", "sync", *said[:4], environment=strict, is_loud=True)
    by_command = persons[-BY_HAND - BY_COMMAND : -BY_HAND]
    rows = re.findall("W[0-9a-f]{10}", run(home, "worklist", environment=environment))[:BY_COMMAND]
    for words in (
        ("status",),
        ("summary",),
        ("status", "--json"),
        ("report",),
        ("review", "--list"),
        ("export", "--to", str(home / "files"), "--format", "csv"),
        ("export", "--to", str(home / "files"), "--format", "xlsx"),
        ("sql", "from 园区.企业现状"),
        ("sql", "from 园区.工作清单"),
        ("worklist",),
        ("worklist", "-o", str(home / "files" / "week.xlsx")),
        *(("worklist", "--answer", row, "done", "--why", one.line) for row, one in zip(rows, by_command, strict=True)),
        ("export", "--audience", "operator", "--to", str(home / "files" / "operator.xlsx")),
        ("doctor",),
        *((("serve-to", "planted_pg"),) if connection else ()),
    ):
        yield run(home, *words, environment=environment)


def edition(server: psycopg.Connection[Any]) -> Iterator[str]:
    """Every text of a PostgreSQL database: names, comments, and the rows of every table and view."""
    tables = server.execute(
        "select format('%I.%I', table_schema, table_name) from information_schema.tables "
        "where table_schema not in ('pg_catalog', 'information_schema')"
    ).fetchall()
    for (table,) in tables:
        yield table
        for (row,) in server.execute(f"select to_jsonb(t)::text from {table} as t".encode()).fetchall():
            yield row
    for (text,) in server.execute("select description from pg_description where objoid >= 16384").fetchall():
        yield text


def test_none_is_in_any_byte_of_the_home(tmp_path: Path, postgres: Postgres) -> None:
    persons = planted(PERSONS)
    assert sum(map(len, FORMS.values())) >= 25
    host = postgres.admin.info.host
    postgres.admin.execute("create database planted encoding 'UTF8' template template0")
    connection = json.dumps({"conn_type": "postgres", "host": host, "login": "postgres", "schema": "planted"})
    first, sync, _strict, *others, served = list(whole_run(tmp_path, {"AIRFLOW_CONN_PLANTED_PG": connection}))
    assert int(first.split()[1]) >= 1000
    assert sync.startswith("0 "), sync[-2000:]
    assert served.startswith("0 planted_pg: readers see night"), served
    assert others
    home = tmp_path / "park"
    with psycopg.connect(host=host, user="postgres", dbname="planted") as server:
        rows = list(edition(server))
    assert len(rows) > 10_000
    (home / "edition.txt").write_text("\n".join(rows), encoding="utf-8")
    assert (home / "said.log").read_text(encoding="utf-8").count("[debug ") > 1000, "Airflow wrote what its tasks do"
    assert left_in(home, persons) == {}
    assert left_in(tmp_path / "answers", persons[-BY_HAND - BY_COMMAND : -BY_HAND]) == {}, "written by a command"
    assert (tmp_path / "answers" / "outcomes.csv").read_text(encoding="utf-8").count("\n") == 1 + BY_HAND + BY_COMMAND


if __name__ == "__main__":
    where = Path(sys.argv[1])
    for line in whole_run(where, {}):
        print(line[-1500:], flush=True)
    leaks = left_in(where / "park", planted(PERSONS))
    by_sought = {p.sought: p for p in planted(PERSONS)}
    for number, files in leaks.items():
        print(by_sought[number].kind, repr(by_sought[number].text), sorted(files))
    print(f"{len(leaks)} of {PERSONS} left")
