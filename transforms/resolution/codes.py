"""Check digits of the codes by which Chinese offices name an enterprise, for whole columns at once.

Every check takes an Arrow array of *normalised* codes (see `normalised`) and returns one boolean per row; NULL, a wrong
length and a character outside the code's alphabet are False, never an error. A failed check says "do not trust this
code alone": what fails in real registers is systematic (whole provinces), so a row is never dropped for it.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from warehouse.persons import WEIGHTS_GB_11714, WEIGHTS_GB_32100

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015: no I O S V Z
ORG_CODE_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # GB 11714
DIGITS = "0123456789"

_NOT_IN_ALPHABET = 255


def normalised(codes: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Codes as they are compared: NFKC (full-width digits), upper case, no spaces, dashes or invisible characters.

    A blank code is NULL. Letters that look like digits are left alone: O for 0 is a guess, and guessing is not ours.
    """
    text = pc.utf8_upper(pc.utf8_normalize(_one_array(codes), "NFKC"))
    text = pc.replace_substring_regex(text, r"[\s\p{Z}\p{Cf}\p{Cc}\p{Pd}]", "")
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def uscc_outer_digit_holds(codes: pa.Array) -> np.ndarray:
    """Whether the 18th character of a unified social credit code is right (GB 32100-2015).

    check = (31 - sum mod 31) mod 31: without the outer mod, the one code in thirty-one with a sum of 0 would be refused.
    """
    values, holds, rows = _values(codes, 18, USCC_ALPHABET)
    total = _weighed(values[:, :17], WEIGHTS_GB_32100)
    return _by_row(holds & ((31 - total % 31) % 31 == values[:, 17]), rows, len(codes))


def uscc_inner_digit_holds(codes: pa.Array) -> np.ndarray:
    """Whether characters 9 to 17 of an 18-character code are a right organisation code (GB 11714)."""
    return org_code_holds(org_code_of(codes))


def uscc_holds(codes: pa.Array) -> np.ndarray:
    """Whether both check digits of a unified social credit code are right."""
    holds: np.ndarray = uscc_outer_digit_holds(codes) & uscc_inner_digit_holds(codes)
    return holds


def org_code_of(codes: pa.Array) -> pa.Array:
    """The organisation code inside a code: characters 9 to 17 of 18, 7 to 15 of 15, all of 9; else NULL."""
    length = pc.utf8_length(codes)
    nothing = pa.scalar(None, pa.string())
    inner = pc.if_else(pc.equal(length, 18), pc.utf8_slice_codeunits(codes, 8, 17), nothing)
    inner = pc.if_else(pc.equal(length, 15), pc.utf8_slice_codeunits(codes, 6, 15), inner)
    return pc.if_else(pc.equal(length, 9), codes, inner)


def org_code_holds(codes: pa.Array) -> np.ndarray:
    """Whether a 9-character organisation code is right: 11 - sum mod 11, 10 written X, 11 written 0 (GB 11714)."""
    values, holds, rows = _values(codes, 9, ORG_CODE_ALPHABET)
    check = 11 - _weighed(values[:, :8], WEIGHTS_GB_11714) % 11
    written = np.where(check == 10, ORG_CODE_ALPHABET.index("X"), np.where(check == 11, 0, check))
    return _by_row(holds & (written == values[:, 8]), rows, len(codes))


def registration_no_holds(codes: pa.Array) -> np.ndarray:
    """Whether a 15-digit registration number ends in its ISO 7064 MOD 11,10 check digit."""
    values, holds, rows = _values(codes, 15, DIGITS)
    product = np.full(len(values), 10)
    for place in range(14):
        total = (product + values[:, place].astype(np.int64)) % 10
        product = np.where(total == 0, 10, total) * 2 % 11
    return _by_row(holds & ((11 - product) % 10 == values[:, 14]), rows, len(codes))


def taxpayer_no_holds(codes: pa.Array) -> np.ndarray:
    """Whether a 15-character tax number is 6 digits (of any area) and a right organisation code."""
    _, area_holds, rows = _values(pc.utf8_slice_codeunits(codes, 0, 6), 6, DIGITS)
    is_long_enough = np.asarray(pc.fill_null(pc.equal(pc.utf8_length(codes), 15), False))
    holds: np.ndarray = is_long_enough & _by_row(area_holds, rows, len(codes)) & org_code_holds(org_code_of(codes))
    return holds


def _one_array(codes: pa.Array | pa.ChunkedArray) -> pa.Array:
    chunks = codes.combine_chunks() if isinstance(codes, pa.ChunkedArray) else codes
    return chunks.cast(pa.string())


def _values(codes: pa.Array, length: int, alphabet: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The characters' values of all codes of the right length, as a matrix.

    Returns:
        The values (0 to 35; 255 for a character outside the alphabet), whether every character is in the alphabet, and
        the rows that the matrix's rows represent.
    """
    codes = _one_array(codes)
    is_of_length = np.asarray(pc.fill_null(pc.equal(pc.binary_length(codes), length), False))
    rows = np.flatnonzero(is_of_length)
    kept = codes.filter(pa.array(is_of_length))
    # all kept codes are `length` bytes long, so their bytes are one block that numpy reads without copying
    start = int(np.frombuffer(kept.buffers()[1], np.int32)[kept.offset]) if len(kept) else 0
    block = np.frombuffer(kept.buffers()[2], np.uint8) if len(kept) else np.empty(0, np.uint8)
    characters = block[start : start + len(kept) * length].reshape(len(kept), length)
    table = np.full(256, _NOT_IN_ALPHABET, np.uint8)
    table[np.frombuffer(alphabet.encode("ascii"), np.uint8)] = np.arange(len(alphabet), dtype=np.uint8)
    values = table[characters]
    return values, values.max(axis=1, initial=0) != _NOT_IN_ALPHABET, rows


def _weighed(values: np.ndarray, weights: tuple[int, ...]) -> np.ndarray:
    """Weighted sum of each row; exact, since single precision holds whole numbers up to 16 million."""
    total: np.ndarray = values.astype(np.float32) @ np.array(weights, np.float32)
    return total.astype(np.int32)


def _by_row(holds: np.ndarray, rows: np.ndarray, count: int) -> np.ndarray:
    answer = np.zeros(count, dtype=bool)
    answer[rows] = holds
    return answer
