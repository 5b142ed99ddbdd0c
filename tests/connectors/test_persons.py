"""Identity numbers, wherever an office hides them; the numbers here are made up, their check digits are right.

The standard's own example of a number is 11010519491231002X (GB 11643-1999, annex A).
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from itertools import product

import pyarrow as pa
import pytest
from stdnum.cn import ric, uscc

from connectors.feed import Roster
from connectors.persons import Blotter, _holds_long_numbers, counted
from connectors.sources import Unreadable
from warehouse.persons import is_identity_number, removed

BLOTTED = removed("identity number")
NUMBER = "11010519491231002X"
OTHERS = ("510108200102280019", "330106199003070014", "320581202011110033")


def test_the_numbers_of_these_tests_are_right() -> None:
    for number in (NUMBER, *OTHERS):
        assert ric.is_valid(number), "a second implementation agrees"
        assert is_identity_number(number)
    assert is_identity_number(NUMBER.lower())


@pytest.mark.parametrize("number", [NUMBER, OTHERS[1]])
def test_one_wrong_digit_is_no_identity_number(number: str) -> None:
    for place in range(17):
        wrong = number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :]
        assert not is_identity_number(wrong)


def test_credit_codes_of_digits_alone_stay() -> None:
    """Codes of a division that ends in 19, and of organisations 90MMDD..: the shape of who was born in 1990."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    look_alikes = 0
    for month, day, serial in product(range(1, 13), range(1, 29), range(100)):
        organisation = f"90{month:02d}{day:02d}{serial:02d}"
        inner = 11 - sum(int(c) * w for c, w in zip(organisation, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
        if inner == 10:
            continue  # X
        unchecked = f"91440319{organisation}{inner % 11}"
        code = unchecked + uscc.calc_check_digit(unchecked)
        person = "10X98765432"[sum(int(c) * w for c, w in zip(unchecked, weights, strict=True)) % 11]
        if code[17] == person and code[17].isdecimal():
            assert Blotter().text(code) == code
            look_alikes += 1
    assert look_alikes > 100


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (NUMBER, BLOTTED),
        (NUMBER.lower(), BLOTTED),
        (f"实际承租人身份证{NUMBER}，已核", f"实际承租人身份证{BLOTTED}，已核"),
        (f"ID{NUMBER}", f"ID{BLOTTED}"),
        (f"({OTHERS[1]})", f"({BLOTTED})"),
        (f"{NUMBER},{OTHERS[1]}", f"{BLOTTED},{BLOTTED}"),
        ("110105 19491231 002X", BLOTTED),
        ("110105 1949 1231 002X", BLOTTED),
        ("110105-19491231-002X", BLOTTED),
        ("１１０１０５１９４９１２３１００２Ｘ", BLOTTED),
        ("（㎡）１１０１０５１９４９１２３１００２Ｘ　甲", f"（㎡）{BLOTTED}　甲"),
        # none: a digit more on either side, a wrong check digit, a day that is none, an order number
        (f"{OTHERS[1]}5", f"{OTHERS[1]}5"),
        (f"6{OTHERS[1]}", f"6{OTHERS[1]}"),
        ("110105194912310021", "110105194912310021"),
        ("330106199013070019", "330106199013070019"),
        ("91330106MA2AX8KX7Q", "91330106MA2AX8KX7Q"),
        ("20260301000000000123", "20260301000000000123"),
        ("", ""),
    ],
)
def test_texts(text: str, clean: str) -> None:
    blotter = Blotter()
    assert blotter.text(text) == clean
    assert blotter.count == clean.count(BLOTTED)
    batch = pa.RecordBatch.from_pydict({"t": pa.array([text, None, "甲"])})
    assert Blotter().clean(batch).column("t").to_pylist() == [clean, None, "甲"]


def test_a_number_in_a_column_of_numbers() -> None:
    """Where a database keeps identity numbers as numbers, nothing is left of them; other long numbers stay."""
    person, other = int(OTHERS[1]), 330106199013070019
    batch = pa.RecordBatch.from_pydict(
        {
            "whole": pa.array([person, other, 7, None], pa.int64()),
            "decimal": pa.array([Decimal(person), Decimal(other), Decimal(7), None], pa.decimal128(20, 0)),
            "small": pa.array([1, 2, 3, 4], pa.int32()),
        }
    )
    blotter = Blotter("a key")
    clean = blotter.clean(batch)
    assert clean.schema == batch.schema
    assert clean.to_pydict() == {
        "whole": [None, other, 7, None],
        "decimal": [None, Decimal(other), Decimal(7), None],
        "small": [1, 2, 3, 4],
    }
    assert blotter.count == 2


@pytest.mark.parametrize(
    ("array", "is_long"),
    [
        (pa.array([10**17, 1]), True),
        (pa.array([10**17 - 1, None]), False),
        (pa.array([None], pa.int64()), False),
        (pa.array([Decimal(10**17)], pa.decimal128(20, 0)), True),
        (pa.array([1e17]), False),  # no 18 digits are in it
        (pa.array(["9" * 18]), False),
    ],
)
def test_numbers_of_eighteen_digits_are_looked_at(array: pa.Array, is_long: bool) -> None:
    assert _holds_long_numbers(array, in_codes=True) == is_long


def test_phones_in_a_column_of_numbers() -> None:
    """A database keeps phones and cards as numbers, too; in a column of figures they may be amounts."""
    numbers = {
        "int": pa.array([13800138000, 15000, None], pa.int64()),
        "float": pa.array([13800138000.0, 1.5, float("nan")], pa.float64()),
        "decimal": pa.array([Decimal(13800138000), Decimal("1.50"), None], pa.decimal128(20, 2)),
        "card": pa.array([6222021234567890128, 20260301093000, None], pa.int64()),
        "endless": pa.array([float("inf"), 1.0, None]),
    }
    batch = pa.RecordBatch.from_pydict(numbers)
    clean = Blotter().clean(batch).to_pydict()
    assert clean["int"] == [None, 15000, None]
    assert clean["float"][:2] == [None, 1.5]
    assert clean["decimal"] == [None, Decimal("1.50"), None]
    assert clean["card"] == [None, 20260301093000, None]
    assert clean["endless"] == [float("inf"), 1.0, None]
    figures = Blotter().clean(batch, set(numbers)).to_pydict()
    assert figures["int"] == [13800138000, 15000, None]
    assert figures["float"][:2] == [13800138000.0, 1.5]


def test_a_pseudonym_is_the_same_for_the_same_person_and_key() -> None:
    def pseudonym(text: str, key: str) -> str:
        return Blotter(key).text(text)

    mine = pseudonym(NUMBER, "key")
    assert mine.startswith("person-")
    assert len(mine) == len("person-") + 20
    assert mine == pseudonym(NUMBER.lower(), "key") == pseudonym("110105 19491231 002X", "key")
    assert mine == pseudonym("１１０１０５１９４９１２３１００２Ｘ", "key")
    assert len({mine, pseudonym(NUMBER, "another key"), pseudonym(OTHERS[1], "key")}) == 3


def test_a_roster_becomes_counts() -> None:
    batches = [
        pa.RecordBatch.from_pydict(
            {
                "row_number": pa.array([2, 3, 4], pa.int64()),
                "unit": ["U1", "U1", "U2 "],
                "person": [NUMBER, OTHERS[1], OTHERS[1]],
                "name": ["张三", "李四", "李四"],
            }
        ),
        pa.RecordBatch.from_pydict(
            {
                "row_number": pa.array([5, 6, 7], pa.int64()),
                "unit": ["U1", "U2", "U3"],
                "person": [f" {NUMBER.lower()}", NUMBER, None],
                "name": ["张三", "王五", "?"],
            }
        ),
    ]
    (clean,) = counted(iter(batches), Roster(("unit",), "person", "headcount"))
    assert clean.to_pydict() == {"row_number": [2, 4, 7], "unit": ["U1", "U2", "U3"], "headcount": [2, 2, 1]}


@pytest.mark.parametrize(
    "unknown",
    [
        None,
        "",
        "  ",
        "无",
        "320***********1234",
        "3205XXXXXXXX1234",
        "＊＊＊＊＊＊1234",
        "000000000000000000",
        "待补",
        "12",
        "320500199001011000",  # rounded to 15 digits
        "3.205E+17",
    ],
)
def test_persons_without_a_usable_number_are_never_one(unknown: str | None) -> None:
    people = pa.RecordBatch.from_pydict(
        {
            "row_number": pa.array(range(2, 8), pa.int64()),
            "unit": ["U1"] * 5 + ["U2"],
            "person": [NUMBER, unknown, unknown, unknown, None, None],
            "name": ["张三", "李四", "王五", "赵六", None, ""],
        }
    )
    unreadable: list[Unreadable] = []
    account = Counter[str]()
    found = pa.Table.from_batches(counted([people], Roster(("unit",), "person", "headcount"), unreadable, account))
    # six lines: a row and two entries have a line of their own; the entry on persons without a number is one more
    assert account == {"folded": 3, "noted": 1}
    assert found.to_pylist() == [{"row_number": 2, "unit": "U1", "headcount": 4}], (
        "a line with its unit alone is no person"
    )
    assert [(piece.row_number, piece.reason) for piece in unreadable] == [
        (3, "lines without a usable number, each counted as one: 3 of U1"),
        (6, "lines of nothing but the group, not counted: 1 of U1"),
        (7, "lines of nothing but the group, not counted: 1 of U2"),
    ]
    assert all(piece.text is None for piece in unreadable)


def test_one_number_in_several_spellings_is_one_person() -> None:
    old = f"{NUMBER[:6]}{NUMBER[8:17]}"
    spellings = [
        NUMBER,
        f"'{NUMBER}",
        f'="{NUMBER}"',
        f"{NUMBER[:6]} {NUMBER[6:14]} {NUMBER[14:].lower()}",
        f"{NUMBER}\u200b",
        old,
    ]
    people = pa.RecordBatch.from_pydict(
        {"row_number": pa.array(range(2, 8), pa.int64()), "unit": ["U1"] * 6, "person": spellings, "name": ["张三"] * 6}
    )
    unreadable: list[Unreadable] = []
    found = pa.Table.from_batches(counted([people], Roster(("unit",), "person", "headcount"), unreadable))
    assert NUMBER[6:8] == "19"
    assert (found.column("headcount").to_pylist(), unreadable) == ([1], [])


@pytest.mark.parametrize("number", ["E12345678", "护照G1234567", "1234", "320500199001011234", "320500900101123"])
def test_numbers_of_every_kind_are_counted_once(number: str) -> None:
    full_width = "".join(chr(ord(sign) + 0xFEE0) if sign.isascii() else sign for sign in number)
    people = pa.RecordBatch.from_pydict(
        {
            "row_number": pa.array([2, 3, 4], pa.int64()),
            "unit": ["U1"] * 3,
            "person": [number, full_width, f" {number.lower()}"],
        }
    )
    unreadable: list[Unreadable] = []
    found = pa.Table.from_batches(counted([people], Roster(("unit",), "person", "headcount"), unreadable))
    assert found.to_pylist() == [{"row_number": 2, "unit": "U1", "headcount": 1}]
    assert unreadable == []
