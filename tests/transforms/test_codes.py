import os
import string
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc as stdnum_uscc
from stdnum.iso7064 import mod_11_10

from transforms.resolution import codes

SHARED_DATA = Path(os.environ.get("PARKBRIDGE_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
VECTORS = SHARED_DATA / "vectors" / "uscc_published.csv"

# real, published codes of listed firms and offices
BOTH_RIGHT = "91110000600037341L"


Check = Callable[[pa.Array], np.ndarray]


def one(check: Check, code: str | None) -> bool:
    return bool(check(pa.array([code], pa.string()))[0])


@pytest.mark.skipif(not VECTORS.exists(), reason=f"{VECTORS} is not there (set PARKBRIDGE_SHARED_DATA)")
def test_published_codes() -> None:
    table = pyarrow.csv.read_csv(VECTORS, convert_options=pyarrow.csv.ConvertOptions(strings_can_be_null=True))
    checked = 0
    for row in table.to_pylist():
        code = row["code"]
        if row["uscc_check_ok"] is not None:
            stated = code
            code = codes.normalised(pa.array([stated]))[0].as_py()
            assert one(codes.uscc_outer_digit_holds, code) == row["uscc_check_ok"], stated
            assert one(codes.uscc_inner_digit_holds, code) == row["org_check_ok"], stated
            checked += 1
        else:
            assert not one(codes.uscc_holds, code), code
    assert checked >= 10


def test_weighted_sum_of_zero_needs_the_outer_mod() -> None:
    """A sum of 0 mod 31 gives check digit 0, not 31; the common snippet refuses it."""
    weights = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    found = 0
    for number in range(3000):
        body = f"91110000{number:09d}"
        if sum(alphabet.index(c) * w for c, w in zip(body, weights, strict=True)) % 31 == 0:
            assert one(codes.uscc_outer_digit_holds, body + "0")
            assert not any(one(codes.uscc_outer_digit_holds, body + digit) for digit in alphabet[1:])
            found += 1
    assert found > 50


@given(st.lists(st.text(alphabet="0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=17, max_size=17), min_size=1))
def test_outer_digit_agrees_with_stdnum(bodies: list[str]) -> None:
    numeric = [body[:2] + "110000" + body[8:] for body in bodies]  # stdnum wants digits in places 3 to 8
    right = [body + stdnum_uscc.calc_check_digit(body) for body in numeric]
    wrong = [code[:-1] + ("0" if code[-1] != "0" else "1") for code in right]
    assert codes.uscc_outer_digit_holds(pa.array(right)).all()
    assert not codes.uscc_outer_digit_holds(pa.array(wrong)).any()


@given(st.lists(st.text(alphabet=string.digits, min_size=14, max_size=14), min_size=1))
def test_registration_no_agrees_with_stdnum(bodies: list[str]) -> None:
    right = [body + mod_11_10.calc_check_digit(body) for body in bodies]
    wrong = [code[:-1] + str((int(code[-1]) + 1) % 10) for code in right]
    assert codes.registration_no_holds(pa.array(right)).all()
    assert not codes.registration_no_holds(pa.array(wrong)).any()


@given(st.lists(st.text(max_size=20) | st.none(), max_size=30))
def test_any_text_is_answered(texts: list[str | None]) -> None:
    """Each answer is that of the code alone: neighbours, NULLs and lengths do not shift rows."""
    array = codes.normalised(pa.array(texts, pa.string()))
    for check in (codes.uscc_holds, codes.org_code_holds, codes.registration_no_holds, codes.taxpayer_no_holds):
        assert list(check(array)) == [one(check, code) for code in array.to_pylist()]


@pytest.mark.parametrize(
    ("code", "holds"),
    [
        ("600037341", True),  # inside 91110000600037341L
        ("717808398", False),
        ("D2143569X", True),  # 11 - 1 = 10 is written X: the standard's own example
        ("D21435690", False),
        ("d2143569X", False),  # checks see normalised codes only
        ("00000000", False),
        (None, False),
    ],
)
def test_org_code(code: str | None, holds: bool) -> None:
    assert one(codes.org_code_holds, code) is holds


@pytest.mark.parametrize(
    ("code", "holds"),
    [
        ("110000600037341", True),  # 6 digits of an area and the organisation code of a real firm
        ("11000060003734X", False),
        ("11A000600037341", False),
        ("1100006000373410", False),
        ("600037341", False),
    ],
)
def test_taxpayer_no(code: str, holds: bool) -> None:
    assert one(codes.taxpayer_no_holds, code) is holds


def test_a_slice_of_an_array_is_read_from_its_own_start() -> None:
    array = pa.array(["x" * 18, BOTH_RIGHT, BOTH_RIGHT[:-1] + "0", None, BOTH_RIGHT])
    assert list(codes.uscc_holds(array.slice(1))) == [True, False, False, True]
    assert list(codes.uscc_holds(pa.array([], pa.string()))) == []


@pytest.mark.parametrize(
    ("stated", "normalised"),
    [
        (" 9111 0000 6000 3734 1l ", BOTH_RIGHT),
        ("９１１１００００６０００３７３４１Ｌ", BOTH_RIGHT),
        ("60003734-1", "600037341"),
        ("60003734－1", "600037341"),
        ("\u200b91110000600037341L\u3000", BOTH_RIGHT),
        ("　", None),
        ("", None),
        (None, None),
    ],
)
def test_normalised(stated: str | None, normalised: str | None) -> None:
    assert codes.normalised(pa.array([stated], pa.string())).to_pylist() == [normalised]


def test_org_code_of() -> None:
    stated = pa.array([BOTH_RIGHT, "110000600037341", "600037341", "12345", None])
    assert codes.org_code_of(stated).to_pylist() == ["600037341", "600037341", "600037341", None, None]


def test_a_million_codes_cost_under_a_second() -> None:
    block = pa.array(np.repeat([BOTH_RIGHT, "913101153000000000", "91310115"], 333_334).tolist())
    started = time.process_time()
    holds = codes.uscc_holds(block)
    assert time.process_time() - started < 1.0
    assert holds.sum() == 333_334
