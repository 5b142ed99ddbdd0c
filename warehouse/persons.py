"""Natural persons in a text: one reading of digits and one list of detectors (person.yml), for landing and the publish gate.

A reading is as long as its text, so that what is found can be cut out of the text as it was written.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import html
import re
import secrets
import unicodedata
import urllib.parse
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from warehouse.connection import quote
from warehouse.declared import read_yaml

# without a key of the park nothing is known again from one process to the next
_KEY_OF_THIS_PROCESS = secrets.token_bytes(32)
FILE = Path(__file__).with_name("person.yml")
_WEIGHTS_GB_11643 = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
WEIGHTS_GB_32100 = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
WEIGHTS_GB_11714 = (3, 7, 9, 10, 5, 8, 4, 2)
# 幺 is how a one is said in a number, 兩 a two; traditional and old forms
_HAN_DIGITS = {
    "〇": "0",
    "○": "0",
    "幺": "1",
    "两": "2",
    "兩": "2",
    "貳": "2",
    "弍": "2",
    "參": "3",
    "叄": "3",
    "陸": "6",
} | {c: str(n) for hans in ("零一二三四五六七八九", "零壹贰叁肆伍陆柒捌玖") for n, c in enumerate(hans)}
_HAN = "".join(_HAN_DIGITS)
# also mixed with others: 138零零幺三8000
_HAN_NUMBER = re.compile(f"[0-9{_HAN}](?:[^0-9A-Za-z\u4e00-\u9fff]{{0,2}}[0-9{_HAN}]){{10,}}")
# 〡〢〣, ㈠㈡㈢, ㊀㊁㊂: numbers that have no digit's value for Unicode
_HAN_NUMERALS = {chr(first + n): str(n + 1) for first in (0x3021, 0x3220, 0x3280) for n in range(9)}
# ①, ⑴, ⒈, ❶, ㈠: a digit of a number, or the mark of an item before one (①13800138000)
_ITEM = re.compile("[\u2460-\u249b\u24ea-\u24ff\u2776-\u2793\u3220-\u3229\u3280-\u3289]")
_TOKEN = re.compile(r"\d+")
_LISTING = frozenset("、，,;；")
_AMOUNT = re.compile(r"\.\d{1,6} ?[元万亿]")
# As a web page has them: characters written as numbers or names, once or twice over, and tags. No tag holds a digit: what is in
# angle brackets may be a number.
_ENTITY = re.compile(r"&(?:amp;)*(?:#[0-9]{1,7};?|#[xX][0-9a-fA-F]{1,6};?|[A-Za-z]{2,24};)")
_TAG = re.compile(r"</?(?:[hH][1-6]|[A-Za-z][^<>\d@]{0,100})>")
# 138<!-- -->0013<span style="font-size:12px">8000
_ANY_TAG = re.compile(r"<!--.{0,300}?-->|</?[A-Za-z][^<>]{0,300}>", re.S)
# As an address of the web, JSON and programs write characters: %31, \u0031, \x31, \n
_ESCAPE = re.compile(r"(?:%[0-9A-Fa-f]{2})+|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\[nrt]")
# Three times three digits as Base64 writes them: no code has them by chance
_DIGITS_IN_BASE64 = "(?:[MNO][DTjz][AEIMQUYcgk][w-z0-5]){3}"
_HAS_BASE64 = re.compile(_DIGITS_IN_BASE64)
_BASE64 = re.compile(rf"[A-Za-z0-9+/]*{_DIGITS_IN_BASE64}[A-Za-z0-9+/]*={{0,2}}")
# What is written for the last X of an identity number
_LAST_X = frozenset("XxХхΧχ×✕✖✗*＊")
# What no code has within it: a text with it in a column of codes is read as any text.
_NO_CODE = re.compile(r"\s|&#|&[A-Za-z]+;|[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_AROUND = re.compile(r"^(?:\s|[\u200b-\u200f\u2060\ufeff])+|(?:\s|[\u200b-\u200f\u2060\ufeff])+$")
# A code of an enterprise as our own evidence quotes it: one tax number in thirty could be a birthday.
_QUOTED_CODE = re.compile(r"(\bcode |\bnumber |\bUSCC |代码|注册号|纳税人识别号)( ?[0-9A-Z]{15,18})(?![0-9A-Za-z])")
# Fills up a character that was read from several, and a tag; an invisible mark.
_FILLER = "\u2061"


@dataclass(frozen=True)
class Detector:
    """One kind of personal data; its attributes are those of person.yml."""

    kind: str
    digits: re.Pattern[str] | None
    text: re.Pattern[str] | None
    groups: frozenset[tuple[int, ...]] | None
    check: Callable[[str], bool]
    in_codes: bool
    pseudonym: bool
    signs: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """A person in a text: where, what kind, and the number as it is compared (digits alone, 18 of an identity number)."""

    start: int
    end: int
    detector: Detector
    number: str


def removed(kind: str) -> str:
    """What is left in place of what was found."""
    return f"[{kind} removed]"


def _weighed(text: str, weights: Sequence[int]) -> int:
    return sum(int(c) * w for c, w in zip(text, weights, strict=False))


def _check_character(text: str) -> str:
    return "10X98765432"[_weighed(text, _WEIGHTS_GB_11643) % 11]


def is_identity_number(text: str) -> bool:
    """Whether 18 characters are a citizen's identity number: the check digit of GB 11643-1999 (ISO 7064 MOD 11-2) holds.

    Many credit codes are all digits, and one in some hundred has the shape of an identity number. One of which both check
    digits hold (GB 32100-2015 and, within it, GB 11714) is not taken for a person's: by chance that is 3 in 1,000.
    """
    if _check_character(text) != text[17].upper():
        return False
    is_credit_code = (
        text[0] in "159"
        and text[17].isdecimal()
        and (31 - _weighed(text, WEIGHTS_GB_32100) % 31) % 31 == int(text[17])
        and (11 - _weighed(text[8:], WEIGHTS_GB_11714) % 11) % 11 == int(text[16])
    )
    return not is_credit_code


def _is_luhn(text: str) -> bool:
    doubled = (int(c) * (1 + (place + len(text)) % 2) for place, c in enumerate(text, 1))
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def _is_card(text: str) -> bool:
    """Whether the digits of a text that is called a card's number have its check digit."""
    return _is_luhn("".join(c for c in text if c.isdecimal()))


def _is_any(text: str) -> bool:
    return bool(text)


@cache
def _family_names() -> frozenset[str]:
    return frozenset(_declared()["family_names"].split())


@cache
def firm_words() -> tuple[str, ...]:
    """Words by which a short name is a firm's."""
    return tuple(_declared()["firm_words"])


def organisation_words() -> tuple[str, ...]:
    """The words of which one is in the name of every firm or institute, in capitals."""
    return tuple(word.upper() for word in _declared()["organisation_words"])


@cache
def _no_names() -> re.Pattern[str]:
    return re.compile("|".join(_declared()["no_names"]))


def is_name(text: str) -> bool:
    """Whether a text has the shape of a Chinese person's name: a family name and one or two characters; or 买买提·艾力."""
    text = "".join(text.split())
    if not _DOTS.isdisjoint(text):
        return True
    if _no_names().match(text):
        return False
    return any(text[:length] in _family_names() and 1 <= len(text) - length <= 2 for length in (1, 2))


# between the parts of a name: 买买提·艾力
_DOTS = frozenset("·•・‧∙⋅")
_CHECKS = {"identity_number": is_identity_number, "luhn": _is_luhn, "card": _is_card, "name": is_name}


@cache
def _declared() -> dict[str, Any]:
    declared: dict[str, Any] = read_yaml(FILE.read_text(encoding="utf-8"))
    return declared


@cache
def detectors() -> tuple[Detector, ...]:
    """The declared detectors, in their order."""
    return tuple(
        Detector(
            entry["kind"],
            re.compile(entry["digits"]) if "digits" in entry else None,
            re.compile(_filled_in(entry["text"])) if "text" in entry else None,
            frozenset(map(tuple, entry["groups"])) if "groups" in entry else None,
            _CHECKS[entry["check"]] if "check" in entry else _is_any,
            entry.get("in_codes", False),
            entry.get("pseudonym", False),
            tuple(entry.get("signs", ())),
        )
        for entry in _declared()["detectors"]
    )


def _filled_in(pattern: str) -> str:
    """A pattern with the lists that it names in braces in their place."""
    for key in _LISTS:
        pattern = pattern.replace(f"{{{key}}}", f"(?:{'|'.join(_declared()[key])})")
    for key in ("name", "names"):
        pattern = pattern.replace(f"{{{key}}}", _declared()[key].replace("{han}", _ONE_HAN))
    return pattern.replace("{han}", _ONE_HAN)


_LISTS = ("roles", "roles_before_colon", "titles", "beside_names", "documents")
_ONE_HAN = r"[\u4e00-\u9fff]"
_NAME_IN_LIST = re.compile(f"{_ONE_HAN}{{2,4}}")
# 张三 13800138000, 13800138000（张三）: a name on its own, beside what is a person's
_NAME_BEFORE = re.compile(rf"(?<!{_ONE_HAN})({_ONE_HAN}{{2,4}})[\s:：,，、/|(（\-—]{{0,3}}$")
_NAME_BEHIND = re.compile(rf"[\s:：,，、/|)）(（\-—]{{0,3}}({_ONE_HAN}{{2,4}})(?!{_ONE_HAN})")

# What a text must hold to be looked at closely, as patterns that a column is searched with in no time (RE2): so many digits of
# any script in all, a sign of a mail address, a number in Han digits, and for a passport a letter beside seven digits.
_NO_DIGIT = r"\PN+"
_DIGITS_IN_CODES, _DIGITS_IN_TEXT, _DIGITS_WITH_LETTER = 17, 11, 7
_SIGN_IN_CODE = rf"[@＠﹫\s\x{{3000}}\x{{a0}}]|\p{{Cf}}|&#|&[A-Za-z]+;|[{_HAN}][0-9{_HAN}]{{14}}"
_LATIN = "[A-Za-zＡ-Ｚａ-ｚⒶ-ⓩ]"
# A moment is no number of a person; it is what most texts with many digits are.
_MOMENT = (
    r"^(?:19|20)\d{2}(?:[-/.]\d{1,2}[-/.]\d{1,2}[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?|\d{10})$"
)
# bytes of the shortest text that can hold a person: two characters
_SHORTEST = 6
# of a table of millions
_ROWS_AT_ONCE = 100_000


@cache
def _other_signs() -> str:
    """The rest of these patterns: a mark, an entity, a mail address, a number in Han digits, the words beside a name."""
    words = "|".join(dict.fromkeys(word for key in _LISTS for word in _declared()[key] if key != "roles_before_colon"))
    before_colon = "|".join(_declared()["roles_before_colon"])
    number = rf"[0-9{_HAN}](?:[^0-9A-Za-z\p{{Han}}]{{0,2}}[0-9{_HAN}]){{10}}"
    signs = r"[@＠﹫]|\p{Cf}|&#|&amp;|&[A-Za-z]+;|[(\[（【]at[)\]）】]| at [A-Za-z0-9-]+ dot |#[A-Za-z0-9-]+\.[a-z]|(?:Mr|Mrs|Ms)\.? [A-Z]"
    return rf"{signs}|{number}|{_DIGITS_IN_BASE64}|{words}|(?:{before_colon}|[Cc]ontact) ?[:：=＝]"


def is_code(column: str, data_type: str = "varchar") -> bool:
    """Whether a column holds codes, keys or figures, or texts of all kinds in which they are: numbers in it are no phones."""
    is_figure = data_type.lower().startswith(("decimal", "bigint", "integer", "double"))
    return (
        is_figure
        or column in ("code", "value_text", "evidence", "evidence_zh")
        or column.endswith(("_no", "_key", "_code", "_codes", "_id", "_ids", "uscc", "_month", "_date", "_at"))
    )


def readings(text: str) -> tuple[str, ...]:
    """The text with its digits and letters as ASCII: of other scripts, full width, in circles, as entities.

    Several readings, each as long as the text: 合同三 before a phone is no digit of it, nor is ① of a list; what is in a tag, or is
    written as %31, may be what is read, or not.
    """
    written = [text]
    if "<" in text:
        written = [_TAG.sub(_left_out, text)]
        if (without := _ANY_TAG.sub(_left_out, text)) != written[0]:
            written.append(without)
    if "%" in text or "\\" in text:
        written.append(_ESCAPE.sub(_unescaped, written[-1]))
    if not text.isascii() and _ITEM.search(text):
        written.append(_ITEM.sub(" ", written[0]))
    found: dict[str, None] = {}
    for one in written:
        if "&" in one:
            one = _ENTITY.sub(lambda m: _character(m[0]), one)
        plain = one if one.isascii() else "".join(c if c.isascii() else _plain(c) for c in one)
        found[plain] = None
        if not plain.isascii():
            found[_HAN_NUMBER.sub(lambda m: "".join(_HAN_DIGITS.get(c, c) for c in m[0]), plain)] = None
    return tuple(found)


def _left_out(match: re.Match[str]) -> str:
    return _FILLER * len(match[0])


def _unescaped(match: re.Match[str]) -> str:
    """What an escape is written for, filled up to its length; as it is where it is none."""
    escape = match[0]
    if escape[0] == "%":
        characters = urllib.parse.unquote_to_bytes(escape).decode("utf-8", "replace")
        filled = "".join(c + _FILLER * (3 * len(c.encode()) - 1) for c in characters)
        return filled if len(filled) == len(escape) else escape
    one = " " if escape[1] in "nrt" else chr(int(escape[2:], 16))
    return one + _FILLER * (len(escape) - 1)


def _character(entity: str) -> str:
    """The one character of an entity, filled up to its length; as it is where it is none."""
    one = entity
    while (shorter := html.unescape(one)) != one:
        one = shorter
    return one + _FILLER * (len(entity) - 1) if len(one) == 1 else entity


@cache
def _plain(character: str) -> str:
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    if character in _HAN_NUMERALS:
        return _HAN_NUMERALS[character]
    normal = unicodedata.normalize("NFKC", character)
    return normal if len(normal) == 1 else character


@cache
def _is_mark(character: str) -> bool:
    """Whether a character is no sign that people group by: a line break, an invisible mark."""
    return unicodedata.category(character) in ("Cf", "Cc", "Mn", "Me", "Zl", "Zp")


def persons(text: str, *, in_codes: bool = False) -> list[Found]:
    """Natural persons in a text, from left to right, none within another.

    Args:
        text: Any text.
        in_codes: Whether it is a code, a key or a figure: only what a check digit shows is looked for, unless it is none: it
            holds a space or an invisible mark, and not around it alone.
    """
    found: list[Found] = []
    if in_codes:
        text = _QUOTED_CODE.sub(lambda m: m[1] + "-" * len(m[2]), text)
        in_codes = not _NO_CODE.search(_AROUND.sub("", text))
    for plain in readings(text):
        runs, bare = _runs(plain), _without_marks(plain)
        for detector in detectors():
            if (in_codes and not detector.in_codes) or (
                detector.signs and not any(sign in plain for sign in detector.signs)
            ):
                continue
            for hit in _texts(*bare, detector) if detector.text else _numbers(plain, runs, detector):
                if not _overlaps(hit, found):
                    found.append(replace(hit, end=_behind_fillers(plain, hit.end)))
    if not in_codes:
        found += [hit for hit in _in_base64(text) if not _overlaps(hit, found)]
        found += [hit for hit in _names_beside(text, found) if not _overlaps(hit, found)]
    return sorted(found, key=lambda f: f.start)


def _overlaps(hit: Found, found: Sequence[Found]) -> bool:
    return any(hit.start < one.end and one.start < hit.end for one in found)


def _in_base64(text: str) -> Iterator[Found]:
    """What Base64 hides: the whole of it, by the first person that is in it."""
    if not _HAS_BASE64.search(text):
        return
    for match in _BASE64.finditer(text):
        bare = match[0].rstrip("=")
        for start in range(4):  # letters before it may be no part of it
            part = bare[start:]
            try:
                inner = binascii.a2b_base64(part[: len(part) - (len(part) % 4 == 1)] + "=" * (-len(part) % 4)).decode()
            except ValueError:
                continue
            if within := persons(inner):
                yield Found(*match.span(), within[0].detector, within[0].number)
                break


def _names_beside(text: str, found: Sequence[Found]) -> Iterator[Found]:
    """Names on their own right before or behind a number of a person."""
    (name, *_) = (one for one in detectors() if one.kind == "name")
    for one in found:
        if one.detector.digits:
            for match in (
                _NAME_BEFORE.search(text, max(one.start - 12, 0), one.start),
                _NAME_BEHIND.match(text, one.end),
            ):
                if match and is_name(match[1]) and not any(word in match[1] for word in firm_words()):
                    yield Found(*match.span(1), name, match[1])


def _behind_fillers(plain: str, end: int) -> int:
    while end < len(plain) and plain[end] == _FILLER:
        end += 1
    return end


def _without_marks(plain: str) -> tuple[str, Sequence[int]]:
    """The text without its marks, and where each of its characters was."""
    if not any(map(_is_mark, set(plain))):
        return plain, range(len(plain))
    places = [n for n, c in enumerate(plain) if not _is_mark(c)]
    return "".join(plain[n] for n in places), places


def _texts(bare: str, places: Sequence[int], detector: Detector) -> Iterator[Found]:
    assert detector.text
    for match in detector.text.finditer(bare):
        start, end = match.span("person") if "person" in detector.text.groupindex else match.span()
        if detector.check(bare[start:end]):
            yield Found(places[start], places[end - 1] + 1, detector, bare[start:end])
            for other in (
                _NAME_IN_LIST.finditer(bare, *match.span("others")) if "others" in detector.text.groupindex else ()
            ):
                if not detector.check(other[0]):
                    break
                yield Found(places[other.start()], places[other.end() - 1] + 1, detector, other[0])


def _runs(plain: str) -> list[tuple[int, list[tuple[int, int]]]]:
    """Groups of digits between which nothing ends a number, each run with how many digits it has: most have too few for any."""
    runs: list[tuple[int, list[tuple[int, int]]]] = []
    end = 0
    for match in _TOKEN.finditer(plain):
        start, stop = match.span()
        if parts := _glued(plain, start, stop):
            runs += [(behind - before, [(before, behind)]) for before, behind in parts]
        elif runs and _joins(_signs(plain[end:start])):
            digits, tokens = runs[-1]
            runs[-1] = (digits + stop - start, [*tokens, (start, stop)])
        else:
            runs.append((stop - start, [(start, stop)]))
        end = stop
    return runs


def _glued(plain: str, start: int, stop: int) -> tuple[tuple[int, int], ...]:
    """The parts of a number that is an identity number and another one: nothing, where it is none.

    A sole trader's tax number of 20 digits is the identity number and a serial number; a lost line break ties a phone to it.
    """
    length = stop - start
    last = "X" if plain[stop : stop + 1] in ("X", "x") else ""
    # where the identity number begins: a phone has eleven digits
    for begin in {20: (0,), 29: (0, 11), 36: (0,), 28: (11,)}.get(length, ()) if not last or length == 28 else ():
        number = plain[start + begin : stop][:18] + (last if length == 28 else "")
        if detectors()[0].digits.fullmatch(number) and is_identity_number(number):  # type: ignore[union-attr]
            middle = start + (begin or 18)
            return ((start, middle), (middle, stop))
    return ()


def _joins(signs: str) -> bool:
    """Whether a number may go on behind these signs."""
    return len(signs) <= _declared()["separator_max"] and not any(c.isalnum() for c in signs)


def _numbers(plain: str, runs: Sequence[tuple[int, list[tuple[int, int]]]], detector: Detector) -> Iterator[Found]:
    # of an identity number the last character may be a letter
    least = min(map(sum, detector.groups)) if detector.groups else _DIGITS_IN_CODES
    for digits, tokens in runs:
        first = 0
        while digits >= least and first < len(tokens):
            hit = _number_from(plain, tokens, first, detector)
            if hit:
                yield hit[0]
            first = hit[1] if hit else first + 1


def _number_from(
    plain: str, tokens: Sequence[tuple[int, int]], first: int, detector: Detector
) -> tuple[Found, int] | None:
    """The number that begins with this group of digits and ends with one behind it, and the group to go on with."""
    assert detector.digits
    digits, groups, end, between = "", [0], tokens[first][0], ""
    for last in range(first, len(tokens)):
        between = plain[end : tokens[last][0]]
        signs = _signs(between) if last > first else ""
        if detector.groups and not _LISTING.isdisjoint(signs):
            return None  # rooms 1512、1207、701
        if signs:
            groups.append(0)
        begin, end = tokens[last]
        digits += plain[begin:end]
        groups[-1] += end - begin
        if len(digits) > 19:
            return None
        candidates = [(digits, end)]
        if len(digits) == 17:  # a check character X, however it is set off
            letter = next((n for n in range(end, len(plain)) if plain[n].isalnum() or plain[n] in _LAST_X), None)
            if (
                letter is not None
                and plain[letter] in _LAST_X
                and len(_signs(plain[end:letter])) <= _declared()["separator_max"]
            ):
                candidates.append((digits + "X", letter + 1))
        for number, stop in candidates:
            if (
                detector.digits.fullmatch(number)
                and (detector.groups is None or (tuple(groups) in detector.groups and not _is_decimal(groups, between)))
                and detector.check(number)
                and not (detector.groups and _AMOUNT.match(plain, stop))
            ):
                return Found(tokens[first][0], stop, detector, _as_compared(number, detector)), last + 1
    return None


def _is_decimal(groups: Sequence[int], between: str) -> bool:
    return len(groups) == 2 and _signs(between) == "."


def _signs(between: str) -> str:
    return "".join(c for c in between if not _is_mark(c))


def _as_compared(number: str, detector: Detector) -> str:
    """An identity number of before 1999 as the one of today: its holder is the same person."""
    return of_today(number) if detector.pseudonym and len(number) == 15 else number


def of_today(number: str) -> str:
    """An identity number of 15 digits, as issued until 1999, as the one of 18 that its holder has now."""
    longer = f"{number[:6]}19{number[6:]}"
    return longer + _check_character(longer)


def blotted(text: str, *, in_codes: bool = False, instead: Callable[[Found], str] | None = None) -> str:
    """The text without persons; as it was where it holds none.

    Args:
        text: Any text.
        in_codes: As for `persons`.
        instead: What is left in place of each; a note of its kind by default.
    """
    pieces, end = [], 0
    for found in persons(text, in_codes=in_codes):
        pieces += [text[end : found.start], instead(found) if instead else removed(found.detector.kind)]
        end = found.end
    return "".join([*pieces, text[end:]])


def worth_a_look(columns: Mapping[str, pa.Array], codes: Container[str]) -> dict[str, pa.Array]:
    """Which texts of each column may hold a person (`persons` says whether one does); NULL of NULL.

    Args:
        columns: Texts by column.
        codes: The columns that hold codes (as for `persons`).
    """
    found = dict[str, pa.Array]()
    for in_codes in (False, True):
        alike = {name: column for name, column in columns.items() if (name in codes) == in_codes}
        if alike:
            # all at once: of a small table these patterns cost more to make ready than to look with
            held = _worth_a_look(pa.concat_arrays([one.cast(pa.large_string()) for one in alike.values()]), in_codes)
            begins = accumulate(map(len, alike.values()), initial=0)
            found |= {name: held.slice(begin, len(alike[name])) for name, begin in zip(alike, begins, strict=False)}
    return found


def _worth_a_look(column: pa.Array, in_codes: bool) -> pa.Array:
    digits = pc.utf8_length(pc.replace_substring_regex(column, _NO_DIGIT, ""))
    if in_codes:
        may = pc.or_(pc.greater_equal(digits, _DIGITS_IN_CODES), pc.match_substring_regex(column, _SIGN_IN_CODE))
    else:
        with_letter = pc.and_(pc.greater_equal(digits, _DIGITS_WITH_LETTER), pc.match_substring_regex(column, _LATIN))
        may = pc.or_(pc.greater_equal(digits, _DIGITS_IN_TEXT), with_letter)
        may = pc.or_(may, pc.match_substring_regex(column, _other_signs()))
    return pc.and_not(may, pc.match_substring_regex(column, _MOMENT))


def texts_with_persons(
    connection: duckdb.DuckDBPyConnection, source: str, columns: Mapping[str, bool]
) -> dict[str, dict[str, str]]:
    """The texts that hold a person, by column, each with the kind of the first one; columns without any are left out.

    Args:
        connection: Where the relation is.
        source: A relation to select from, quoted.
        columns: Columns of texts, each with whether it holds codes (as for `persons`).
    """
    kinds = dict[str, dict[str, str]]()
    if not columns:
        return kinds
    read = connection.execute(f"select {', '.join(map(quote, columns))} from {source}").to_arrow_reader(_ROWS_AT_ONCE)
    codes = [name for name, in_codes in columns.items() if in_codes]
    for batch in read:
        texts = dict[str, pa.Array]()
        for name, column in zip(columns, batch.columns, strict=True):
            unique = pc.unique(column)
            texts[name] = unique.filter(pc.greater_equal(pc.binary_length(unique), _SHORTEST))
        for name, hits in worth_a_look(texts, codes).items():
            for text in texts[name].filter(hits).to_pylist():
                if kind := _first_kind(text, columns[name]):
                    kinds.setdefault(name, {})[text] = kind
    return kinds


# a table of months has each code and name many times
@lru_cache(maxsize=50_000)
def _first_kind(text: str, in_codes: bool) -> str:
    found = persons(text, in_codes=in_codes)
    return found[0].detector.kind if found else ""


def mark_of(text: str, key: str) -> str:
    """Eight hex digits by which a text is known again without being shown: keyed, because every phone is hashed in a minute."""
    return hmac.new(key.encode() or _KEY_OF_THIS_PROCESS, text.encode(), hashlib.sha256).hexdigest()[:8]
