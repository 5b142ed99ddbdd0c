"""How answers are written: exact for programs, aligned for people."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from tests.conftest import in_memory
from warehouse.answers import Look, write_answer
from warehouse.text import width


def written(columns: Sequence[str], given: Sequence[Sequence[Any]], form: str, **look: Any) -> str:
    pieces: list[str] = []
    write_answer(columns, given, Look(form, **look), pieces.append)
    return "".join(pieces)


def answered(query: str, form: str, **look: Any) -> str:
    with in_memory() as connection:
        found = connection.execute(query)
        return written([column[0] for column in found.description], found.fetchall(), form, **look)


# --- JSON -------------------------------------------------------------------------------------------------------------


def test_json_has_every_digit_plain_dates_and_null() -> None:
    query = """
        select 0.10::decimal(18, 2) as a, 12345678901234567890.123456789::decimal(38, 9) as b, -0.00::decimal(18, 2) as c,
            170141183460469231731687303715884105727::hugeint as d, 0.1::double as e, null as f, true as g,
            date '2026-10-31' as h, timestamp '2026-10-31 16:00:00' as i, timestamp '2026-10-31 16:00:00.5' as j,
            '00123' as k, 'x"y' as l, [1.50::decimal(9, 2), null] as m, {'名': date '2026-01-01'} as n
    """
    assert answered(query, "json") == (
        '[{"a":0.10,"b":12345678901234567890.123456789,"c":0.00,"d":170141183460469231731687303715884105727,"e":0.1,"f":null,'
        '"g":true,"h":"2026-10-31","i":"2026-10-31T16:00:00","j":"2026-10-31T16:00:00.500000","k":"00123","l":"x\\"y",'
        '"m":[1.50,null],"n":{"名":"2026-01-01"}}]\n'
    )


def test_json_is_a_list_and_jsonl_one_object_per_row() -> None:
    rows = [(1,), (2,)]
    assert json.loads(written(["n"], rows, "json")) == [{"n": 1}, {"n": 2}]
    assert written(["n"], rows, "jsonl") == '{"n":1}\n{"n":2}\n'
    assert written(["n"], [], "json") == "[]\n"
    assert written(["n"], [], "jsonl") == ""


def test_json_keeps_columns_of_one_name_apart() -> None:
    assert written(["a", "a", "a_2"], [(1, 2, 3)], "jsonl") == '{"a":1,"a_2":2,"a_2_2":3}\n'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_json_has_no_number_for_is_null(value: float) -> None:
    assert json.loads(written(["a"], [(value,)], "json")) == [{"a": None}]


VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**127), 2**127)
    | st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**20), max_value=10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.dates()
)


@drawn(st.lists(st.tuples(VALUES, VALUES)))
def test_json_can_be_read_back_exactly(rows: list[tuple[Any, Any]]) -> None:
    text = written(["甲", "b"], rows, "json")

    def stated(value: Any) -> Any:
        if isinstance(value, date):
            return value.isoformat()
        return Decimal(repr(value)) if isinstance(value, float) else value

    read = json.loads(text, parse_float=Decimal)
    assert [(row["甲"], row["b"]) for row in read] == [(stated(a), stated(b)) for a, b in rows]


# --- CSV --------------------------------------------------------------------------------------------------------------


@drawn(st.lists(st.tuples(st.text(), st.text(), st.integers() | st.none())))
def test_csv_can_be_read_back(rows: list[tuple[str, str, int | None]]) -> None:
    read = list(csv.reader(io.StringIO(written(["a", "b,c", "n"], rows, "csv"), newline="")))
    assert read == [["a", "b,c", "n"], *[[a, b, "" if n is None else str(n)] for a, b, n in rows]]


def test_csv_tells_no_value_from_an_empty_text_and_has_all_digits() -> None:
    query = "select null as a, '' as b, 1.10::decimal(9, 2) as c, timestamp '2026-10-31 16:00:00' as d, [1, 2] as e"
    assert answered(query, "csv") == 'a,b,c,d,e\n,"",1.10,2026-10-31 16:00:00,"[1,2]"\n'


def test_csv_for_excel_has_a_byte_order_mark_and_its_line_ends() -> None:
    assert written(["名"], [("甲",)], "csv-excel").encode() == b"\xef\xbb\xbf\xe5\x90\x8d\r\n\xe7\x94\xb2\r\n"
    assert written(["名"], [("甲",)], "csv", bom=True).encode() == b"\xef\xbb\xbf\xe5\x90\x8d\n\xe7\x94\xb2\n"
    assert not written(["名"], [("甲",)], "csv").startswith("\ufeff")


def test_programs_get_every_row() -> None:
    rows = [(n,) for n in range(250)]
    assert len(written(["n"], rows, "csv", rows=10).splitlines()) == 251
    assert len(json.loads(written(["n"], rows, "json", rows=10))) == 250


# --- for people -------------------------------------------------------------------------------------------------------


def test_a_table_is_aligned_by_places_of_the_terminal() -> None:
    text = written(
        ["企业名称", "人数", "note"], [("甲公司", 5, None), ("Acme（苏州）", Decimal("120.50"), "é")], "table"
    )
    assert text.splitlines() == [
        "企业名称        人数  note",
        "────────────  ──────  ────",
        "甲公司             5  NULL",
        "Acme（苏州）  120.50  é",
        "(2 rows)",
    ]


@drawn(st.lists(st.tuples(st.text("甲a 乙，1\u0301", max_size=8), st.integers()), min_size=1))
def test_every_cell_of_a_column_begins_at_one_place(rows: list[tuple[str, int]]) -> None:
    head, rule, *lines, _ = written(["名", "n"], rows, "table").splitlines()
    first = rule.index(" ")
    assert width(rule) == max(map(width, [head, rule, *lines]))
    for line, (text, figure) in zip(lines, rows, strict=True):
        assert line.endswith(str(figure))
        assert width(line) == width(rule), "figures end at one place"
        assert line.startswith(text)
        assert width(text) <= first


def test_a_table_wider_than_the_terminal_is_shown_line_by_line() -> None:
    rows = [("甲公司", 5), ("乙公司", None)]
    narrow = written(["企业名称", "人数"], rows, "auto", places=10)
    assert narrow.splitlines() == [
        "── 1 of 2 ──",
        "企业名称 = 甲公司",
        "    人数 = 5",
        "── 2 of 2 ──",
        "企业名称 = 乙公司",
        "    人数 = NULL",
        "(2 rows)",
    ]
    assert written(["企业名称", "人数"], rows, "auto", places=14) == written(["企业名称", "人数"], rows, "table")
    assert written(["企业名称", "人数"], rows, "line", places=80) == narrow


def test_long_values_are_wrapped_at_a_terminal_only() -> None:
    long = "很长的说明" * 20
    wrapped = written(["说明"], [(long,)], "line", places=40, is_wrapped=True).splitlines()
    assert all(width(line) <= 40 for line in wrapped)
    assert "".join(line.removeprefix("说明 = ").strip() for line in wrapped[1:-1]) == long
    assert f"说明 = {long}" in written(["说明"], [(long,)], "line", places=40)


def test_a_table_says_how_many_rows_it_does_not_show() -> None:
    text = written(["n"], [(n,) for n in range(250)], "table", rows=3)
    assert text.splitlines()[2:] == ["0", "1", "2", "(250 rows, 3 shown: --rows 0 or .rows 0 shows all)"]
    assert len(written(["n"], [(n,) for n in range(250)], "table", rows=0).splitlines()) == 253


def test_an_answer_without_rows_still_names_its_columns() -> None:
    assert written(["a", "企业"], [], "table").splitlines() == ["a  企业", "─  ────", "(0 rows)"]


def test_line_ends_and_what_a_terminal_would_obey_are_shown_as_signs() -> None:
    text = written(["a", "b"], [("1\n2", "\x1b[31mred\x07")], "table")
    assert "1⏎2" in text
    assert "\x1b" not in text
    assert "\x07" not in text
    lines = written(["a"], [("one\ntwo\x1b",)], "line").splitlines()
    assert lines[1:3] == ["a = one", "    two␛"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (timedelta(days=1, hours=2), "1 day, 2:00:00"),
        (b"\x01\xff", "01ff"),
        (datetime(2026, 10, 31, 16), "2026-10-31 16:00:00"),
        ({"a": [Decimal("1.50")]}, '{"a":[1.50]}'),
        (False, "false"),
        (Decimal("1E+3"), "1000"),
    ],
)
def test_other_values(value: Any, text: str) -> None:
    assert written(["v"], [(value,)], "table").splitlines()[2] == text
