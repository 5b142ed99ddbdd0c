"""One spelling for a name, so that two silos that mean the same name hold the same key.

The key is for comparing only; the name as stated is kept beside it. Words that make a different enterprise stay in:
a branch (分公司) begins with its parent's full name and is not the parent.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import opencc
import pyarrow as pa
import pyarrow.compute as pc

from warehouse.models import rows_of_rule

# all that is neither letter nor digit: punctuation, brackets, symbols, spaces, invisible characters
_NOT_LETTER_OR_DIGIT = r"[^\p{L}\p{N}]"
# names of these characters alone, nine in ten, have their key already
_TO_BE_SPELLED = r"[^\x{4E00}-\x{9FFF}0-9A-Z]"
_BRACKETED = r"[(\[{<〔【〈《][^()\[\]{}<>〔〕【】〈〉《》]{0,20}[)\]}>〕】〉》]"
# a name without these is spelled in Latin letters (or kana): & is its "and", and its legal form may be abbreviated
_HAN = r"\p{Han}"
_SIGN_BUT_BRACKET = r"[^\p{L}\p{N}()\[\]{}<>〔〕【】〈〉《》]+"
_SIGN = r"[ ()\[\]{}<>〔〕【】〈〉《》]"
_NO_SIGN = r"[^ ()\[\]{}<>〔〕【】〈〉《》]"
WORDS = Path(__file__).parents[1] / "rules" / "name_word.yml"
FORMS = Path(__file__).parents[1] / "rules" / "legal_form.yml"
_ROWS_AT_ONCE = 200_000


def name_keys(names: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The key of each name: NFKC, upper case, letters and digits only, traditional characters made simplified.

    Foreign legal forms are spelled as rules/legal_form.yml says, and & between Latin words is AND.

    Args:
        names: Names as stated; best distinct, since every row is worked on.

    Returns:
        One key per name, NULL where nothing is left of it ("——", blank, NULL).
    """
    return name_forms(names)["name_key"].combine_chunks()


def name_forms(names: pa.Array | pa.ChunkedArray) -> pa.Table:
    """The key of each name (see name_keys) and what is left of it without bracketed parts and legal form.

    Returns:
        Columns name_key, bare_key and bracketed (what the brackets hold without a legal form, as a key), one row per
        name; bare_key is NULL where only a legal form was stated, bracketed where there is nothing in brackets.
    """
    text = names.combine_chunks() if isinstance(names, pa.ChunkedArray) else names
    text = text.cast(pa.string())
    pieces = [_forms(text.slice(start, _ROWS_AT_ONCE)) for start in range(0, max(len(text), 1), _ROWS_AT_ONCE)]
    return pa.concat_tables(pieces)


def _forms(text: pa.Array) -> pa.Table:
    odd = np.flatnonzero(pc.fill_null(pc.match_substring_regex(text, _TO_BE_SPELLED), False).to_numpy(False))
    spelled = _with_foreign_forms(pc.utf8_upper(pc.utf8_normalize(text.take(odd), "NFKC")))
    key = _replaced(text, odd, pc.replace_substring_regex(spelled, _NOT_LETTER_OR_DIGIT, ""))
    unbracketed = pc.replace_substring_regex(
        pc.replace_substring_regex(spelled, _BRACKETED, ""), _NOT_LETTER_OR_DIGIT, ""
    )
    key = simplified(key)
    bare = pc.replace_substring_regex(_replaced(key, odd, simplified(unbracketed)), _legal_form(), "")
    # the places of what is in brackets are those where the name without brackets goes on otherwise
    inside = _replaced(pa.nulls(len(text), pa.string()), odd, _bracketed_text(spelled))
    return pa.table({"name_key": _no_blank(key), "bare_key": _no_blank(bare), "bracketed": _no_blank(inside)})


def _with_foreign_forms(spelled: pa.Array) -> pa.Array:
    """Names with & and their foreign legal form spelled out (Acme & Sons Ltd. is ACME AND SONS LIMITED)."""
    for written, form in _forms_anywhere():
        spelled = pc.replace_substring(spelled, written, form)
    is_latin = pc.fill_null(pc.invert(pc.match_substring_regex(spelled, _HAN)), False)
    rows = np.flatnonzero(is_latin.to_numpy(False))
    latin = spelled.take(rows)
    for _ in range(2):  # of A & B & C the first pass finds every other one
        latin = pc.replace_substring_regex(latin, r"([\pL\pN]\s*)&(\s*[\pL\pN])", r"\1 AND \2")
    latin = pc.replace_substring_regex(latin, _SIGN_BUT_BRACKET, " ")
    ends = np.flatnonzero(pc.match_substring_regex(latin, _any_form_at_end()).to_numpy(False))
    formed = latin.take(ends)
    for pattern, form in _forms_at_end():
        formed = pc.replace_substring_regex(formed, pattern, rf"\1{form}")
    return _replaced(spelled, rows, _replaced(latin, ends, formed))


@cache
def _forms_anywhere() -> list[tuple[str, str]]:
    return [(row["written"], row["form"]) for row in rows_of_rule(FORMS) if row["is_anywhere"]]


@cache
def _forms_at_end() -> list[tuple[str, str]]:
    """A pattern for each spelling of a foreign legal form at a name's end, longest first, and what it is made.

    What a pattern makes is behind a single letter or sign, so that no later pattern finds it again.
    """
    found = []
    for row in rows_of_rule(FORMS):
        if not row["is_anywhere"]:
            # & is spelled AND by now
            written = unicodedata.normalize("NFKC", row["written"]).upper().replace("&", "AND")
            letters = re.sub(r"[\W_]", "", written)
            found.append((len(letters), letters, row["form"]))
    return [(_form_pattern(letters), form) for _, letters, form in sorted(found, reverse=True)]


def _form_pattern(letters: str) -> str:
    before = _NO_SIGN + (_NO_SIGN if len(letters) <= 2 else "")
    return rf"({before}{_SIGN}+){f'{_SIGN}*'.join(map(_with_plain, letters))}{_SIGN}*$"


def _with_plain(letter: str) -> str:
    """A letter, and the one without its accent (Ltée, Ltee)."""
    plain = unicodedata.normalize("NFD", letter)[0]
    return letter if plain == letter else f"[{letter}{plain}]"


@cache
def _any_form_at_end() -> str:
    return "|".join(f"(?:{pattern})" for pattern, _ in _forms_at_end())


def _bracketed_text(spelled: pa.Array) -> pa.Array:
    """The text in the first brackets, as a key without legal form; empty where there are none."""
    found = pc.struct_field(pc.extract_regex(spelled, f"(?P<text>{_BRACKETED})"), "text")
    text = pc.replace_substring_regex(pc.fill_null(found, ""), _NOT_LETTER_OR_DIGIT, "")
    return pc.replace_substring_regex(simplified(text), _legal_form(), "")


def _replaced(text: pa.Array, rows: np.ndarray, by: pa.Array) -> pa.Array:
    mask = np.zeros(len(text), dtype=bool)
    mask[rows] = True
    return pc.replace_with_mask(text, pa.array(mask), by)


def _no_blank(text: pa.Array) -> pa.Array:
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
def _legal_form() -> str:
    """The legal form, wherever it is in the name: a branch has its parent's in the middle.

    RE2 takes the first alternative that fits, not the longest: longer words come first.
    """
    words = sorted((-len(row["word"]), row["word"], row["kind"]) for row in rows_of_rule(WORDS))
    ends = {"legal_form": "", "short_form_end": "$"}
    exact = [f"{word}{ends[kind]}" for _, word, kind in words if kind in ends]
    # at its end a name may hold one wrong character in the longer ones (股份有限公习)
    mistyped = [
        f"{word[:place]}.{word[place + 1 :]}$"
        for _, word, kind in words
        if kind == "legal_form" and len(word) >= 4
        for place in range(len(word))
    ]
    # the longest comes first also among these: 开份有限公司 is no 有限公司
    foreign = {f"{row['form']}{'' if row['is_anywhere'] else '$'}" for row in rows_of_rule(FORMS)}
    foreign -= {f"{row['form']}$" for row in rows_of_rule(FORMS) if row["is_anywhere"]}
    return "|".join(sorted([*exact, *mistyped, *foreign], key=lambda word: (-len(word.rstrip("$")), word)))


@cache
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


@cache
def _traditional_characters() -> str:
    """The characters that opencc's own table changes (some 4,000)."""
    table = files("opencc").joinpath("dictionary", "TSCharacters.txt").read_text(encoding="utf-8")
    pairs = [line.split() for line in table.splitlines() if line.strip()]
    return "".join(sorted(pair[0] for pair in pairs if pair[0] != pair[1]))
