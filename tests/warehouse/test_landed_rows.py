"""The table `delivery`: what is tidy already is handed on as it is, and equal to what tidying makes of it."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.conftest import Park, new_park
from warehouse.damages import NO_VALUE
from warehouse.landed_rows import open_delivery

# 日 as a radical of Kangxi, 车 as one of the supplement; marks, quotes and blanks that offices have around a value
SIGNS = "a0=甲·-/ \t\n\r\v\x07\x00\u00a0\u2003\u200b\u3000\ufeff\u202e⽇⻋'‘’＇`´\"“”"
UNITS, NAMES = "单位编号", "单位名称"


def delivered(park: Park, rows: list[tuple[str | None, str | None]]) -> list[tuple[object, ...]]:
    connection = duckdb.connect()
    connection.execute(f'create table landed (row_number bigint, "{UNITS}" varchar, "{NAMES}" varchar)')
    connection.executemany("insert into landed values (?, ?, ?)", [[n, *row] for n, row in enumerate(rows)])
    open_delivery(connection, park.feed("staff"), "landed", {UNITS: "VARCHAR", NAMES: "VARCHAR"})
    return connection.execute(f'select "{UNITS}", "{NAMES}" from delivery order by row_number').fetchall()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, _empty_warehouse: Path) -> Park:
    return new_park(tmp_path_factory.mktemp("park"), _empty_warehouse)


@examples(deadline=None, max_examples=60)
@given(first=st.none() | st.text(SIGNS, max_size=5), second=st.none() | st.text(SIGNS, max_size=5))
@example(first="'0012", second="甲")
@example(first="甲", second='="0012"')
@example(first="甲", second="乙 ")
@example(first=" 甲", second="乙")
@example(first="甲\x00", second="乙")
def test_what_is_tidy_already_is_what_tidying_makes_of_it(first: str | None, second: str | None, shared: Park) -> None:
    untidy = (" x", "y")
    assert delivered(shared, [(first, second)]) == delivered(shared, [(first, second), untidy])[:1]


def test_signs_without_a_letter_or_digit_are_no_name() -> None:
    (pattern,) = (pattern for pattern, reason in NO_VALUE if reason.startswith("has no letter"))
    blocks = (
        range(0x20, 0x180),
        range(0x2010, 0x2060),
        range(0x2190, 0x2460),
        range(0x3000, 0x3040),
        range(0xFF00, 0xFFF0),
    )
    signs = [chr(code) for block in blocks for code in block if unicodedata.category(chr(code)) not in ("Cn", "Cf")]
    found = duckdb.execute(
        "select sign from (select unnest(?) as sign) where regexp_matches(sign, ?)", [signs, pattern]
    ).fetchall()
    assert {sign for (sign,) in found} == {sign for sign in signs if unicodedata.category(sign)[0] not in "LMN"}
