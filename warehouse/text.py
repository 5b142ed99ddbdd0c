"""Text for a terminal and a log: what would be obeyed there becomes visible, and a Chinese character takes two places in a column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from unicodedata import category, east_asian_width

# What a terminal, a log or a reader's eye would obey instead of show: ESC and other controls have signs of their own, marks that turn
# the direction or take no place are written as their number.
_SIGNS: dict[int, str] = (
    {code: chr(0x2400 + code) for code in range(32)} | {0x7F: "\u2421"} | {0x09: " ", 0x0A: "⏎", 0x0D: ""}
)
_SIGNS |= dict.fromkeys(range(0x80, 0xA0), "\ufffd") | {0x2028: "⏎", 0x2029: "⏎"}
_SIGNS |= (
    {
        code: f"<U+{code:04X}>"
        for first, last in (
            (0xAD, 0xAD),
            (0x61C, 0x61C),
            (0x180E, 0x180E),
            (0x200B, 0x200F),
            (0x202A, 0x202E),
            (0x2060, 0x206F),
        )
        for code in range(first, last + 1)
    }
    | {0xFEFF: "<U+FEFF>"}
    | {code: f"<U+{code:04X}>" for code in range(0xE0000, 0xE0080)}
)
_SIGNS_IN_LINES = {code: sign for code, sign in _SIGNS.items() if code not in (0x09, 0x0A)}


def shown(text: str, *, in_lines: bool = False) -> str:
    """A text as it may be shown to people: in one line, or `in_lines` as it is broken; nothing in it is obeyed."""
    if text.isascii() and text.isprintable():
        return text
    return text.translate(_SIGNS_IN_LINES if in_lines else _SIGNS)


def width(text: str) -> int:
    """How many places a text takes."""
    return sum(map(_places, text))


def _places(character: str) -> int:
    if category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def padded(text: str, places: int, *, is_figure: bool = False) -> str:
    """A text filled up with spaces, a figure from the left."""
    space = " " * (places - width(text))
    return space + text if is_figure else text + space


def wrapped(text: str, places: int) -> list[str]:
    """A text in lines of at most so many places, broken at spaces where there are some; at least one line."""
    lines, line = [], ""
    for word in text.split():
        for piece in _pieces(word, places):
            longer = f"{line} {piece}" if line else piece
            if width(longer) <= places:
                line = longer
            else:
                lines.append(line)
                line = piece
    return [*lines, line]


def _pieces(word: str, places: int) -> Iterator[str]:
    piece = ""
    for character in word:
        if piece and width(piece + character) > places:
            yield piece
            piece = ""
        piece += character
    yield piece


def aligned(rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    """Rows as lines of aligned columns, the first one their header."""
    texts = [[f"{v:,}" if isinstance(v, int) else shown(str(v)) for v in row] for row in rows]
    widths = [max(map(width, column)) for column in zip(*texts, strict=True)]
    are_figures = [all(isinstance(v, int) for v in column) for column in zip(*rows[1:], strict=True)]
    are_figures = are_figures or [False] * len(widths)
    for row in texts:
        cells = (padded(t, w, is_figure=f) for t, w, f in zip(row, widths, are_figures, strict=True))
        yield "  ".join(cells).rstrip()


def side_by_side(columns: Sequence[str], places: Sequence[int]) -> Iterator[str]:
    """Texts beside each other, each wrapped within its places."""
    parts = [wrapped(shown(text), wide) for text, wide in zip(columns, places, strict=True)]
    for number in range(max(map(len, parts))):
        cells = (padded(p[number] if number < len(p) else "", wide) for p, wide in zip(parts, places, strict=True))
        yield "  ".join(cells).rstrip()


def joined(texts: Iterable[str], most: int) -> str:
    """The first few of many texts, and how many there are besides."""
    every = list(texts)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more
