"""Text in columns for a terminal, where a Chinese character takes two places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from unicodedata import category, east_asian_width


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
    texts = [[f"{v:,}" if isinstance(v, int) else str(v) for v in row] for row in rows]
    widths = [max(map(width, column)) for column in zip(*texts, strict=True)]
    are_figures = [all(isinstance(v, int) for v in column) for column in zip(*rows[1:], strict=True)]
    are_figures = are_figures or [False] * len(widths)
    for row in texts:
        cells = (padded(t, w, is_figure=f) for t, w, f in zip(row, widths, are_figures, strict=True))
        yield "  ".join(cells).rstrip()


def side_by_side(columns: Sequence[str], places: Sequence[int]) -> Iterator[str]:
    """Texts beside each other, each wrapped within its places."""
    parts = [wrapped(text, wide) for text, wide in zip(columns, places, strict=True)]
    for number in range(max(map(len, parts))):
        cells = (padded(p[number] if number < len(p) else "", wide) for p, wide in zip(parts, places, strict=True))
        yield "  ".join(cells).rstrip()


def joined(texts: Iterable[str], most: int) -> str:
    """The first few of many texts, and how many there are besides."""
    every = list(texts)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more
