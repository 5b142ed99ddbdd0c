"""The lines of a CSV file in its declared encoding.

The whole file is decoded strictly before its first line is handed on. Python's csv module in strict mode reads it:
pyarrow's reader is several times faster, but takes the rows behind a quotation mark that never closes for one long
field, without a word, and cannot say on which line a row is.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import tempfile
from collections.abc import Iterator
from typing import IO, Final

from connectors.sources.file_drop.evidence import other_encoding
from connectors.sources.file_drop.lines import DAMAGED, Line, looks_damaged
from warehouse.errors import DeliveryRefused

ENCODINGS: Final = {
    "utf-8": "utf-8-sig",
    "utf-8-sig": "utf-8-sig",
    # GB18030 holds all that GBK and GB2312 hold; offices use the three names for one thing.
    "gb18030": "gb18030",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "big5": "big5",
    "cp1252": "cp1252",
    "utf-16": "utf-16",
}
"""Encodings that feed.yml may declare, and the codec that reads each; UTF-8 comes with or without a byte order mark."""

EURO: Final = "euro_of_windows"
"""How what cannot be decoded is taken: strictly, but for 0x80, by which Windows writes the euro sign in GBK."""

_MARKS: Final = ("\ufeff", "\x1a")
# of MySQL, PostgreSQL and Hive: a line break or a tab within a field. An n behind two backslashes is one
_WHITE: Final = re.compile(r"(\\\\)|\\[nrt]")
_CHUNK: Final = 1 << 20
_LONGEST_LINE: Final = 16 << 20
# How many characters must read as UTF-8 before another encoding is taken for a mistake: in cp1252 two accented letters
# hardly ever make one, in the Chinese encodings one character in seven does.
_UTF8_CHARACTERS: Final = {"cp1252": 1, "gb18030": 8, "big5": 8}


def _euro(error: UnicodeError) -> tuple[str, int]:
    if isinstance(error, UnicodeDecodeError) and "gb" in error.encoding:
        following = error.object[error.start : error.start + 2]
        if following[0] == 0x80 and (len(following) == 1 or following[1] < 0x80):
            return "€", error.start + 1
    raise error


codecs.register_error(EURO, _euro)


def csv_lines(
    file: IO[bytes], encoding: str, delimiter: str, quote: str, where: str, escape: str | None = None
) -> Iterator[Line]:
    r"""Give the lines of a file.

    Args:
        file: The file, at its start; stays open.
        encoding: A key of `ENCODINGS`.
        delimiter: The text between fields.
        quote: The character around fields that hold a delimiter.
        where: The feed and the file, for messages.
        escape: What makes the next character a plain one (MySQL and Hive: a backslash); a field \N is then no value.

    Raises:
        DeliveryRefused: The bytes are not in this encoding, or a quotation mark never closes.
    """
    codec = ENCODINGS[encoding]
    if codec == "utf-16":
        file, codec = _as_utf8(file, where), "utf-8-sig"
    check_encoding(file, codec, where)
    file.seek(0)
    return _lines(io.TextIOWrapper(file, codec, EURO, newline=""), delimiter, quote, where, escape)


def is_utf16(file: IO[bytes]) -> bool:
    """Return whether a file begins with the byte order mark of UTF-16."""
    file.seek(0)
    return file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def _as_utf8(file: IO[bytes], where: str) -> IO[bytes]:
    """Copy a file of UTF-16, in which a line break may be part of a character, into one of UTF-8.

    Raises:
        DeliveryRefused: It is not UTF-16, or has no byte order mark.
    """
    has_mark = is_utf16(file)
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-16")("strict")
    plain: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - its lines are read later; it goes with them
    done = 0
    is_whole = has_mark
    while is_whole:
        chunk = file.read(_CHUNK)
        try:
            plain.write(decoder.decode(chunk, final=not chunk).encode())
        except UnicodeError:
            is_whole = False
        if not chunk:
            break
        done += len(chunk) if is_whole else 0
    if not is_whole:
        raise DeliveryRefused(
            where,
            f"it is declared as utf-16, but the bytes from {done:,} on are not"
            if has_mark
            else "it is declared as utf-16, but has no byte order mark",
            next_step=f"declare the right encoding or ask again: {_likely(file, 'utf-16')}",
        )
    return plain


def _lines(text: io.TextIOWrapper, delimiter: str, quote: str, where: str, escape: str | None) -> Iterator[Line]:
    pending: list[str] = []
    edge = re.escape(delimiter)
    # also in quotation marks, as Sqoop and Hive write it
    mark, none = re.escape(quote), f"{re.escape(escape or '')}N"
    no_value = re.compile(rf"(^|(?<={edge}))(?:{none}|{mark}{none}{mark})(?={edge}|[\r\n]|$)") if escape else None
    width = 0  # of the last row on one line

    def remembered() -> Iterator[str]:
        for line in text:
            if line[0] in _MARKS:
                # a byte order mark begins each of several files that were joined, and twice one that went through two programs;
                # Ctrl-Z ends a file of DOS programs
                line = line.lstrip("\ufeff")
                if line.rstrip("\r\n") == "\x1a":
                    continue
            pending.append(line)
            if no_value:
                line = no_value.sub("", line)
            yield _WHITE.sub(lambda found: found[1] or " ", line) if escape == "\\" and "\\" in line else line

    reader = csv.reader(remembered(), delimiter=delimiter, quotechar=quote, escapechar=escape, strict=True)
    try:
        while True:
            pending.clear()
            number = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if "unexpected end" in str(error) or "field limit" in str(error):
                    raise DeliveryRefused(
                        where,
                        f"in the row that begins on line {number} a quotation mark opens and never closes: "
                        "where the next fields begin is unknown",
                        next_step="the file is cut off or damaged there: ask the office for it again",
                    ) from None
                reason = "there is text behind a closing quotation mark"
                yield Line(number, (), {}, reason, "".join(pending).rstrip("\r\n"))
                continue
            # Joining the few lines of a record is cheap; looking at every cell is not.
            whole = pending[0] if len(pending) == 1 else "".join(pending)
            if len(pending) == 1:
                width = len(cells)
            elif width > 2 and any(_holds_a_row(cell, delimiter, width) for cell in cells):
                reason = (
                    "a field in quotation marks goes over lines that look like rows: one mark is missing or too many"
                )
                yield Line(number, (), {}, reason, whole.rstrip("\r\n"))
                continue
            flaws = {}
            if "E+" in whole or "e+" in whole:
                flaws = {position: DAMAGED for position, cell in enumerate(cells) if looks_damaged(cell.strip())}
            yield Line(number, cells, flaws, None, whole.rstrip("\r\n"))
    finally:
        if not text.closed:  # a refused delivery's file is closed before these lines are done with
            text.detach()  # the file is not ours to close


def _holds_a_row(cell: str, delimiter: str, width: int) -> bool:
    """Return whether a line within a cell has as many fields as a row."""
    return any(line.count(delimiter) >= width - 1 for line in cell.splitlines()[1:])


def check_encoding(file: IO[bytes], codec: str, where: str) -> None:
    """Decode the whole file strictly, and look for signs that its encoding is another one.

    Raises:
        DeliveryRefused: Some bytes cannot be decoded, or what comes out is no text.
    """
    file.seek(0)
    decoder = codecs.getincrementaldecoder(codec)(EURO)
    utf8: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")("strict")
    characters = 0  # outside ASCII, when read as UTF-8
    done = line_start = 0
    other = ""
    while True:
        chunk = file.read(_CHUNK)
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError:
            raise _undecodable(file, codec, where) from None
        if not chunk:
            break
        if b"\0" in chunk:
            raise DeliveryRefused(
                where,
                f"byte {done + chunk.index(0):,} is a NUL, which no text has",
                next_step=f"declare the right encoding or ask for a CSV file: {_likely(file, codec, has_nul=True)}",
            )
        other = other or other_encoding(chunk, text, codec)
        newline = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
        line_start = done + newline + 1 if newline >= 0 else line_start
        done += len(chunk)
        if done - line_start > _LONGEST_LINE:
            raise DeliveryRefused(
                where,
                f"{_LONGEST_LINE >> 20} MB without the end of a line",
                next_step="this is no CSV file: ask the office for it again",
            )
        if utf8 and not chunk.isascii():
            try:
                characters += sum(character > "\x7f" for character in utf8.decode(chunk)) if codec != "utf-8-sig" else 0
            except UnicodeDecodeError:
                utf8 = None
    if utf8 and codec != "utf-8-sig" and characters >= _UTF8_CHARACTERS[codec]:
        raise DeliveryRefused(
            where,
            f"it is declared as {codec}, but all of its {characters:,} characters outside ASCII read as UTF-8",
            next_step="declare `encoding: utf-8` under source in feed.yml, if the office has changed it",
        )
    if other:
        raise DeliveryRefused(
            where,
            f"it is declared as {codec}, but {other}",
            next_step="look at those lines; declare the right encoding under source in feed.yml, or ask the office for one file in one "
            "encoding (UTF-8 or GB18030)",
        )


def _undecodable(file: IO[bytes], codec: str, where: str) -> DeliveryRefused:
    """Find the first line that cannot be decoded. In all of `ENCODINGS` a line break is never part of a character."""
    file.seek(0)
    offset = 0
    fact = ""
    for number, line in enumerate(iter(lambda: file.readline(_LONGEST_LINE), b""), 1):
        try:
            line.decode("utf-8" if codec == "utf-8-sig" else codec, EURO)
        except UnicodeDecodeError as error:
            is_cut = error.end == len(line) and not line.endswith(b"\n")
            cut = ", where the file ends in the middle of a character" if is_cut else ""
            fact = f"line {number:,}, byte {offset + error.start:,} is not {codec.removesuffix('-sig')}{cut}"
            break
        offset += len(line)
    return DeliveryRefused(where, fact, next_step=f"declare the right encoding or ask again: {_likely(file, codec)}")


def _likely(file: IO[bytes], declared: str, *, has_nul: bool = False) -> str:
    """Say which encoding the file seems to be in, or why none is to blame."""
    file.seek(0)
    sample = file.read(8 * _CHUNK)
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or sample[:200].count(0) > len(sample[:200]) // 4:
        return "it looks like UTF-16: declare `encoding: utf-16` under source in feed.yml"
    if sample.startswith((b"PK\3\4", b"\xd0\xcf\x11\xe0")):
        return "it looks like a spreadsheet, not a CSV file"
    if has_nul:
        return "a program that pads its fields with NUL wrote it; let the office export them without"
    for codec, name in (("utf-8", "utf-8"), ("gb18030", "gb18030"), ("big5", "big5"), ("cp1252", "cp1252")):
        try:
            text = codecs.getincrementaldecoder(codec)(EURO).decode(sample)
        except UnicodeDecodeError:
            continue
        foreign = [character for character in text if character > "\x7f"]
        chinese = sum(
            "\u4e00" <= c <= "\u9fff" or "\u3000" <= c <= "\u303f" or "\uff00" <= c <= "\uffef" for c in foreign
        )
        if codec in ("gb18030", "big5") and chinese < 0.8 * len(foreign):
            continue
        if codec != declared.removesuffix("-sig"):
            return f"the file reads as {name}"
    return "no other encoding reads it either, so the file is damaged there"
