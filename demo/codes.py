"""Identifiers as the offices issue them, with their check digits, whole columns at a time.

This is the demo's own arithmetic, apart from the one the pipeline checks codes with: one cannot excuse the other.
Columns of characters are arrays of bytes, one row per code: shape (number of codes, characters).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]

# GB 32100-2015: digits and capital letters without I, O, S, V, Z
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
# GB 11714: all digits and capital letters count, A is 10
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
# GB 11643, the identity number of a natural person (ISO 7064 MOD 11-2)
IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
IDENTITY_CHECKS = "10X98765432"


def _table(alphabet: str) -> npt.NDArray[np.int64]:
    values = np.zeros(256, dtype=np.int64)
    for value, character in enumerate(alphabet):
        values[ord(character)] = value
    return values


_USCC_VALUE = _table(USCC_ALPHABET)
_USCC_CHARACTER = np.frombuffer(USCC_ALPHABET.encode(), dtype=np.uint8)
_ORGANISATION_VALUE = _table("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_IDENTITY_CHARACTER = np.frombuffer(IDENTITY_CHECKS.encode(), dtype=np.uint8)


# 专利申请号标准 ZC 0006-2003: Σ mod 11, where 10 is X
PATENT_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
PATENT_CHECKS = "0123456789X"


def to_text(codes: Bytes) -> pa.Array:
    """A column of strings from rows of characters."""
    rows, width = codes.shape
    offsets = np.arange(rows + 1, dtype=np.int32) * width
    data = np.ascontiguousarray(codes)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(data))


def from_text(codes: list[str]) -> Bytes:
    """Rows of characters from strings of one length."""
    return np.frombuffer("".join(codes).encode("ascii"), dtype=np.uint8).reshape(len(codes), -1)


def digits(numbers: Ints, width: int) -> Bytes:
    """Whole numbers as decimal digits, with leading zeros up to `width`."""
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return ((numbers[:, None] // powers % 10) + ord("0")).astype(np.uint8)


def organisation_check(first_eight: Bytes) -> Bytes:
    """Check character of organisation codes (GB 11714): 11 − Σ mod 11, where 10 is X and 11 is 0."""
    remainder = (11 - (_ORGANISATION_VALUE[first_eight] * np.array(ORGANISATION_WEIGHTS)).sum(axis=1) % 11) % 11
    check: Bytes = np.where(remainder == 10, ord("X"), remainder + ord("0")).astype(np.uint8)
    return check


def uscc_check(first_seventeen: Bytes) -> Bytes:
    """Check character of unified social credit codes (GB 32100): (31 − Σ mod 31) mod 31."""
    value = (31 - (_USCC_VALUE[first_seventeen] * np.array(USCC_WEIGHTS)).sum(axis=1) % 31) % 31
    check: Bytes = _USCC_CHARACTER[value]
    return check


def uscc(kind: Bytes, division: Bytes, organisation: Bytes) -> Bytes:
    """Whole codes from department and category (2), division (6) and the organisation's first eight characters."""
    body = np.hstack([kind, division, organisation, organisation_check(organisation)[:, None]])
    return np.hstack([body, uscc_check(body)[:, None]])


def registration_number(division: Bytes, serial: Ints) -> Bytes:
    """Legacy 15-digit registration numbers: division (6), serial (8), check digit by ISO 7064 MOD 11,10."""
    body = np.hstack([division, digits(serial, 8)])
    product = np.full(len(body), 10, dtype=np.int64)
    for column in range(body.shape[1]):
        total = (product + body[:, column] - ord("0")) % 10
        product = np.where(total == 0, 10, total) * 2 % 11
    check = (11 - product) % 10
    return np.hstack([body, (check + ord("0")).astype(np.uint8)[:, None]])


def identity_number(division: Bytes, born: Bytes, serial: Ints) -> Bytes:
    """Identity numbers of natural persons: division (6), date of birth (8), serial (3), check character (GB 11643)."""
    body = np.hstack([division, born, digits(serial, 3)])
    remainder = ((body.astype(np.int64) - ord("0")) * np.array(IDENTITY_WEIGHTS)).sum(axis=1) % 11
    return np.hstack([body, _IDENTITY_CHARACTER[remainder][:, None]])


def patent_number(year: Ints, kind: Ints, serial: Ints) -> Bytes:
    """Numbers of patent applications: year (4), kind (1), serial (7), point, check character (ZC 0006-2003)."""
    body = np.hstack([digits(year, 4), digits(kind, 1), digits(serial, 7)])
    remainder = ((body.astype(np.int64) - ord("0")) * np.array(PATENT_WEIGHTS)).sum(axis=1) % 11
    check = np.frombuffer(PATENT_CHECKS.encode(), dtype=np.uint8)[remainder]
    return np.hstack([body, np.full((len(body), 1), ord("."), dtype=np.uint8), check[:, None]])
