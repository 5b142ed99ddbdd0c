"""Text from outside is shown, never obeyed: ESC, line ends, formula cells, direction and zero-width marks, tags."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import openpyxl
import pytest

from connectors.persons import Blotter
from dags import runs
from tests.conftest import Park, day, staff_file, staff_row
from warehouse.answers import Look, write_answer
from warehouse.errors import DeliveryRefused
from warehouse.text import aligned, joined, padded, shown, side_by_side, width, wrapped
from warehouse.workbook import Sheet, write_workbook

HOSTILE = (
    "\u202e=cmd|' /C calc'!A0\x1b[2J\x1b]0;t\x07\r\n✓ all is well\u2028\x9b31m\u200b\u2066<script>alert(1)</script>\x7f"
)
# a table's, a log's and a terminal's own signs apart
OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def test_in_one_line_nothing_is_left_that_is_obeyed() -> None:
    assert OBEYED.search(HOSTILE)
    assert not OBEYED.search(shown(HOSTILE))
    assert set(OBEYED.findall(shown("a\n" + HOSTILE, in_lines=True))) == {"\n"}
    assert shown("杭州 A&B（一）·é 𠮷") == "杭州 A&B（一）·é 𠮷"


def test_no_sign_that_is_obeyed_is_left_out_of_the_list() -> None:
    signs = [chr(code) for code in range(0x110000) if OBEYED.match(chr(code))]
    assert len(signs) == 97
    assert [f"{ord(sign):x}" for sign in signs if OBEYED.search(shown(sign))] == []


def test_tables_stops_and_messages() -> None:
    for line in [*aligned([("name",), (HOSTILE,)]), *side_by_side([HOSTILE, "x"], [30, 10])]:
        assert not OBEYED.search(line)
    stop = str(DeliveryRefused(f"lease {HOSTILE}", HOSTILE, allowed=HOSTILE, next_step=HOSTILE))
    assert not OBEYED.search(stop)
    assert not OBEYED.search(runs.for_people(HOSTILE))
    assert runs.for_people("could not convert '13800138000'") == "could not convert '[phone removed]'"


@pytest.mark.parametrize("form", ["table", "line", "json", "jsonl", "csv-excel"])
def test_answers(form: str) -> None:
    out = io.StringIO()
    write_answer(["name", "=1+1"], [(HOSTILE, 1), ("=cmd", 2), ("\n=cmd", 3), ("＝cmd", 4)], Look(form), out.write)
    said = out.getvalue()
    assert not OBEYED.search(said.replace("\r\n", "").replace("\n", "").removeprefix("\ufeff"))
    if form == "json":
        assert json.loads(said)[0]["name"] == HOSTILE, "for programs nothing is lost"
    if form == "csv-excel":
        cells = [cell for row in csv.reader(io.StringIO(said.removeprefix("\ufeff"), newline="")) for cell in row]
        assert not [cell for cell in cells if cell.lstrip("\n\r\t ")[:1] in tuple("=＝+@-")]


def test_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write_workbook(path, [Sheet(HOSTILE, ["name"], [(HOSTILE,), ("=cmd",)])])
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert not OBEYED.search(sheet.title)
    texts = [str(row[0].value) for row in sheet.iter_rows(min_row=2)]
    assert not OBEYED.search(texts[0].replace("\n", ""))
    assert all(row[0].data_type == "s" for row in sheet.iter_rows())


def test_offices_texts_come_in_without_them(park: Park) -> None:
    rows = [staff_row(f"U{n}") for n in range(3)]
    rows[1] = rows[1].replace("U1公司", f'"{HOSTILE}公司"')
    park.drop("staff", "参保\x1b[2J\u202e.csv", staff_file(rows), day(0.3))
    (manifest,) = park.land("staff", day(1))
    assert not OBEYED.search(manifest.delivery)
    park.stage("staff")
    park.accept("staff", day(1))
    for name, delivery in park.ask("select enterprise_name, delivery from staged.employment cross join ops.batch"):
        assert not OBEYED.search(name)
        assert not OBEYED.search(delivery)
    assert Blotter().text(HOSTILE) == HOSTILE


def test_places_of_a_terminal() -> None:
    assert [width(text) for text in ("ab", "企业", "ａ", "e\u0301", "a\u200bb", "")] == [2, 4, 2, 1, 2, 0]
    assert (padded("企", 4), padded("7", 3, is_figure=True), padded("long", 2)) == ("企  ", "  7", "long")


def test_lines_are_broken_at_spaces_and_within_what_is_too_long() -> None:
    assert wrapped("one two three", 7) == ["one two", "three"]
    assert wrapped("企业园区", 5) == ["企业", "园区"]
    assert wrapped("a bcdefgh", 3) == ["a", "bcd", "efg", "h"]
    assert wrapped("", 3) == [""]


def test_rows_are_aligned_with_figures_at_the_right() -> None:
    assert list(aligned([("feed", "rows"), ("税", 1234), ("leases", 5)])) == [
        "feed     rows",
        "税      1,234",
        "leases      5",
    ]
    assert list(aligned([("feed", "rows")])) == ["feed  rows"]
    assert list(aligned([("a", "b"), (1, "x"), ("y", 2)])) == ["a  b", "1  x", "y  2"], "a column of both is no figure"
    assert list(side_by_side(["one two", "x"], [3, 2])) == ["one  x", "two"]


def test_many_names_are_counted_beyond_the_first() -> None:
    assert joined(["a", "b", "c"], 3) == "a, b, c"
    assert joined(["a", "b", "c", "d"], 2) == "a, b and 2 more"
    assert joined([], 2) == ""
