"""Whether text that can be decoded is in its declared encoding: GBK, Big5, Shift-JIS and EUC-KR read each other's bytes.

Most bytes of one are characters of another, and what comes out is rare signs that no office writes. A line with many of
those is read in the other encodings: where one gives usual characters throughout, the declaration is wrong, or files of two
encodings were joined.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

# which encodings a file may be in, as an office would name them; feed.yml cannot declare the last two
_CANDIDATES: Final = {"gb18030": "gb18030", "big5": "big5", "cp932": "Shift-JIS", "euc_kr": "EUC-KR"}
_KANA, _HANGUL = "\u3041-\u30ff", "\uac00-\ud7a3"
# punctuation, brackets and wide digits, units and numbers in circles
_SIGNS: Final = (
    "\u00a5\u00b0\u00b1\u00b7\u00d7\u2010-\u2027\u2030-\u203b\u20ac\u2103\u2160-\u217f\u2460-\u249b"
    "\u3000-\u3017\u338f-\u33d5\uff01-\uff5e\uffe5"
)
# in each Chinese text: of a city's enterprises, of figures, and of every sentence
_FREQUENT: Final = re.compile("[公司有限市区區路号號省县縣技科中国國人大一的工业業电電商金年月日编編号名称稱]")
# so many rare signs are in an odd line, and they are such a share of what is not ASCII in it
_ODD_SIGNS, _ODD_SHARE = 2, 0.3
_USUAL_SHARE, _LINES_SHARE = 0.9, 0.8
# characters that show an encoding
_FEW, _SOME = 4, 10
_FREQUENT_SHARE: Final = 0.02
# UTF-8 within a file of another encoding: four Chinese characters one after the other are no chance
_UTF8_RUN: Final = re.compile(rb"(?:[\xe4-\xe9][\x80-\xbf]{2}){4}")


@cache
def _usual(codec: str) -> str:
    """The characters, as in a class of a regular expression, that a text in this encoding has."""
    if codec == "euc_kr":
        return _SIGNS + _HANGUL
    rows = (("gb2312", range(0xB0, 0xF8), range(0xA1, 0xFF)), ("big5", range(0xA4, 0xC7), range(0x40, 0xFF)))
    found = {
        bytes((lead, trail)).decode(name, "ignore")[:1]
        for name, leads, trails in rows
        for lead in leads
        for trail in trails
    }
    chinese = "".join(sorted(sign for sign in found if sign >= "\u4e00"))
    return _SIGNS + chinese + (_KANA if codec == "cp932" else "")


@cache
def _rare(codec: str) -> re.Pattern[str]:
    return re.compile(f"[^\\x00-\\x7f{_usual(codec)}]")


def _foreign(text: str) -> int:
    return len(text) - len(text.encode("ascii", "ignore"))


def other_encoding(chunk: bytes, text: str, codec: str) -> str:
    """Say in which other encoding lines of a file are, or nothing where the declared one fits.

    Args:
        chunk: Some of its bytes.
        text: What they are in the declared encoding.
        codec: That encoding's.
    """
    if chunk.isascii() or codec not in ("gb18030", "big5", "cp1252"):
        return ""
    if _UTF8_RUN.search(chunk) and (found := _in_utf8(chunk)):
        return f"{found:,} of its lines read as UTF-8, beside others that do not"
    odd = [line for line in chunk.splitlines() if not line.isascii()] if codec == "cp1252" else _odd(chunk, text, codec)
    for candidate, name in _CANDIDATES.items():
        if candidate != codec and (lines := _fitting(odd, candidate)):
            return f"{lines:,} of its lines hold signs that are hardly ever written, and read well as {name}"
    start = text[: _FEW * 5000]
    if (
        codec == "gb18030"
        and _foreign(start) >= _SOME
        and len(_FREQUENT.findall(start)) < _FREQUENT_SHARE * _foreign(start)
    ):
        korean = [line for line in chunk.splitlines()[:1000] if not line.isascii()]
        if lines := _fitting(korean, "euc_kr"):
            return f"{lines:,} of its lines read well as EUC-KR, and have hardly a character that Chinese texts have"
    return ""


def _in_utf8(chunk: bytes) -> int:
    count = 0
    for line in chunk.splitlines():
        if _UTF8_RUN.search(line):
            try:
                line.decode()
            except UnicodeDecodeError:
                continue
            count += 1
    return count


def _odd(chunk: bytes, text: str, codec: str) -> list[bytes]:
    """The lines with many rare signs."""
    rare = _rare(codec)
    if len(rare.findall(text)) < _ODD_SIGNS:
        return []
    found = []
    for line in chunk.splitlines():
        if not line.isascii():
            read = line.decode(codec, "ignore")
            if len(rare.findall(read)) >= max(_ODD_SIGNS, _ODD_SHARE * _foreign(read)):
                found.append(line)
    return found


def _fitting(lines: list[bytes], codec: str) -> int:
    """How many of the lines read well in an encoding; 0 where that is not most of them, or too few characters."""
    fit = characters = 0
    for line in lines:
        try:
            text = line.decode(codec)
        except UnicodeDecodeError:
            continue
        foreign = _foreign(text)
        if len(_rare(codec).findall(text)) <= (1 - _USUAL_SHARE) * foreign:
            fit += 1
            characters += foreign
    return fit if characters >= _FEW and fit >= _LINES_SHARE * len(lines) else 0
