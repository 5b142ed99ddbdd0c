"""One spelling for a name, so that two silos that mean the same name hold the same key.

The key is for comparing only; the name as stated is kept beside it. Words that make a different enterprise stay in:
a branch (分公司) begins with its parent's full name and is not the parent.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import opencc
import pyarrow as pa
import pyarrow.compute as pc

# all that is neither letter nor digit: punctuation, brackets, symbols, spaces, invisible characters
_NOT_LETTER_OR_DIGIT = r"[^\p{L}\p{N}]"


def name_keys(names: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The key of each name: NFKC, upper case, letters and digits only, traditional characters made simplified.

    Args:
        names: Names as stated; best distinct, since every row is worked on.

    Returns:
        One key per name, NULL where nothing is left of it ("——", blank, NULL).
    """
    text = names.combine_chunks() if isinstance(names, pa.ChunkedArray) else names
    text = pc.utf8_upper(pc.utf8_normalize(text.cast(pa.string()), "NFKC"))
    text = simplified(pc.replace_substring_regex(text, _NOT_LETTER_OR_DIGIT, ""))
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def simplified(names: pa.Array) -> pa.Array:
    """Names with traditional characters made simplified; only names that hold one go through the slow converter."""
    has_traditional = pc.fill_null(pc.match_substring_regex(names, f"[{_traditional_characters()}]"), False)
    if not pc.any(has_traditional).as_py():
        return names
    convert = _converter().convert
    converted = pa.array([convert(name) for name in names.filter(has_traditional).to_pylist()], pa.string())
    return pc.replace_with_mask(names, has_traditional, converted)


@cache
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


@cache
def _traditional_characters() -> str:
    """The characters that opencc's own table changes (some 4,000)."""
    table = files("opencc").joinpath("dictionary", "TSCharacters.txt").read_text(encoding="utf-8")
    pairs = [line.split() for line in table.splitlines() if line.strip()]
    return "".join(sorted(pair[0] for pair in pairs if pair[0] != pair[1]))
