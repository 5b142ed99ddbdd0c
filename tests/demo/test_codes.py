"""Check digits against published codes, the standards' own examples, and a second implementation."""

from pathlib import Path

import duckdb
import numpy as np
import pytest
from stdnum.cn import ric, uscc
from stdnum.iso7064 import mod_11_10

from demo import codes
from demo.city import build_city


# published codes; the third has a sum that 31 divides, which the common snippet gets wrong
@pytest.mark.parametrize(
    "code",
    ["91110000600037341L", "121200004013590816", "91620105L015101280", "92340602MA2PBMEM24", "9115220107837757XE"],
)
def test_both_check_digits_of_published_credit_codes(code: str) -> None:
    characters = codes.from_text([code])
    assert chr(codes.uscc_check(characters[:, :17])[0]) == code[17]
    assert chr(codes.organisation_check(characters[:, 8:16])[0]) == code[16]


# GB 11714 itself gives D2143569-X; the others cover remainders 11 (written 0) and an ordinary one
@pytest.mark.parametrize(("body", "check"), [("D2143569", "X"), ("00000000", "0"), ("60003734", "1")])
def test_organisation_check(body: str, check: str) -> None:
    assert chr(codes.organisation_check(codes.from_text([body]))[0]) == check


# the two examples of GB 11643
@pytest.mark.parametrize(
    ("area", "born", "serial", "expected"),
    [("110105", "19491231", 2, "11010519491231002X"), ("440524", "18800101", 1, "440524188001010014")],
)
def test_identity_numbers_of_the_standard(area: str, born: str, serial: int, expected: str) -> None:
    made = codes.identity_number(codes.from_text([area]), codes.from_text([born]), np.array([serial]))
    assert codes.to_text(made).to_pylist() == [expected]


def test_legacy_registration_number() -> None:
    made = codes.registration_number(codes.from_text(["110108"]), np.array([1]))
    assert codes.to_text(made).to_pylist() == ["110108000000016"]


def test_the_citys_codes_hold_by_the_second_implementation_and_are_unique() -> None:
    city = build_city(5, 2_000, np.datetime64("2023-11"), 36)
    first, later = city.text["uscc_0"].to_pylist(), city.text["uscc_1"].to_pylist()
    assert all(uscc.is_valid(code) for code in {*first, *later})
    assert all(mod_11_10.is_valid(number) for number in city.text["registration_no"].to_pylist())
    changed = set(later) - set(first)
    assert len({*first, *changed}) == 2_000 + len(changed)
    assert len(changed) == 30
    names = city.text["name_0"].to_pylist()
    assert len(set(names)) == 2_000


def test_planted_identity_numbers_are_real_ones(city: Path, truth: duckdb.DuckDBPyConnection) -> None:
    numbers = truth.execute("select distinct value from planted where kind like 'identity_number%'").fetchall()
    # the second implementation knows no invented county, so that only the check digit is asked of it
    assert len(numbers) > 250
    assert all(ric.calc_check_digit(number) == number[17] for (number,) in numbers)
