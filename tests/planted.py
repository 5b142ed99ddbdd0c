"""Made-up persons in many forms, and the search for them in every byte of a folder: shared by the fast and the slow test.

The search is a second reading, written apart from ours: everything but letters and digits is dropped before it looks, as our own keys
do. One regular expression, a tree of all numbers and names, goes over each text once.
"""

from __future__ import annotations

import html
import io
import itertools
import json
import random
import re
import sqlite3
import sys
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
from stdnum import luhn
from stdnum.cn import ric

_FULL = dict(zip(map(ord, "0123456789X@."), "０１２３４５６７８９Ｘ＠．", strict=True))
_ARABIC = dict(zip(map(ord, "0123456789"), "٠١٢٣٤٥٦٧٨٩", strict=True))
_DEVANAGARI = dict(zip(map(ord, "0123456789"), "०१२३४५६७८९", strict=True))
_CIRCLED = dict(zip(map(ord, "0123456789"), "⓪①②③④⑤⑥⑦⑧⑨", strict=True))
_BOLD = dict(zip(map(ord, "0123456789"), "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗", strict=True))
_HAN = dict(zip(map(ord, "0123456789"), "〇一二三四五六七八九", strict=True))
_BANKERS = dict(zip(map(ord, "0123456789"), "零壹贰叁肆伍陆柒捌玖", strict=True))
_SAID = dict(zip(map(ord, "0123456789"), "零幺二三四五六七八九", strict=True))
_TRADITIONAL = dict(zip(map(ord, "0123456789"), "零壹貳參肆伍陸柒捌玖", strict=True))
_SUZHOU = dict(zip(map(ord, "0123456789"), "〇〡〢〣〤〥〦〧〨〩", strict=True))


def _between(sign: str, every: int) -> Callable[[str], str]:
    return lambda number: sign.join(number[n : n + every] for n in range(0, len(number), every))


def _at(place: int, sign: str) -> Callable[[str], str]:
    return lambda number: number[:place] + sign + number[place:]


def _birth(sign: str) -> Callable[[str], str]:
    return lambda n: sign.join((n[:6], n[6:-4], n[-4:]))


def _mobile(sign: str) -> Callable[[str], str]:
    return lambda n: sign.join((n[:3], n[3:7], n[7:]))


def _translated(table: dict[int, str]) -> Callable[[str], str]:
    return lambda number: number.translate(table)


def _entities(number: str) -> str:
    return "".join(f"&#{ord(c)};" for c in number)


def _hex_entities(number: str) -> str:
    return "".join(f"&#x{ord(c):x};" for c in number)


def _half_in_han(number: str) -> str:
    return "".join(c if place % 2 else c.translate(_SAID) for place, c in enumerate(number))


_ANY = (
    str,
    str.lower,
    _translated(_FULL),
    _at(3, "\u200b"),
    _between("\u200d", 1),
    _at(5, "\n"),
    _at(7, "\r\n"),
    _at(4, "\ufeff"),
    _at(6, "\u00ad"),
    _entities,
    _hex_entities,
    _at(5, "&#8203;"),
    _at(5, "&ZeroWidthSpace;"),
    _at(4, '<span class="a1">'),
    _at(4, "<!-- -->"),
)
_DIGITS = (*map(_translated, (_ARABIC, _DEVANAGARI, _CIRCLED, _BOLD)), _at(6, "&nbsp;"), _at(8, "<br>"))
_NAMED = (
    "联系人：{}",
    "联系人:{}",
    "联系人 {}",
    "法定代表人：{}",
    "经办人{}",
    "负责人 ： {}",
    "业主：{}",
    "办税人:{}",
    "{}先生",
    "{}女士",
    "{}（身份证）",
    "联系人={}",
    "联系人（{}）",
    "经营者：{}",
    "{}（法人）",
    "房东：{}",
)
FORMS: dict[str, tuple[Callable[[str], str], ...]] = {
    "identity number": (
        *_ANY,
        *_DIGITS,
        *map(_translated, (_HAN, _BANKERS, _SAID, _TRADITIONAL, _SUZHOU)),
        _half_in_han,
        *map(_birth, " -_./·—－　、,*"),
        _birth(" - "),
        _between(" ", 1),
        _between("-", 4),
        _between("、", 3),
        lambda n: "\u202e".join((n[:9], n[9:])),
    ),
    "old identity number": (*_ANY, *_DIGITS, lambda n: f"{n[:6]} {n[6:12]} {n[12:]}", _between(".", 5)),
    "phone": (
        *_ANY,
        *_DIGITS,
        *map(_translated, (_HAN, _BANKERS, _SAID, _TRADITIONAL, _SUZHOU)),
        _half_in_han,
        lambda n: "".join(f"&#{ord(c)}" for c in n),
        lambda n: f"①0{n}",
        lambda n: f"tel:{n}",
        lambda n: f"+86 {n}",
        lambda n: f"0086-{n}",
        lambda n: f"86{n}",
        *map(_mobile, " -.·－"),
        _between(" ", 1),
    ),
    "bank card": (*_ANY, *_DIGITS, _between(" ", 4), _between("-", 4), _between("　", 4), _between(".", 4)),
    "passport": (*_ANY, lambda n: f"{n[0]} {n[1:]}", lambda n: f"{n[0]}-{n[1:]}"),
    "mail address": (*_ANY, lambda n: n.replace("@", " @ "), lambda n: n.replace("@", "＠")),
    "name": tuple(form.format for form in _NAMED),
}
AROUND = ("{}", "联系人{}，已核", "（{}）", "备注:{};", "tel{}", "2025-01-01 {} 元")


@dataclass(frozen=True)
class Planted:
    """One person: what kind of data, what is searched for, and a text that holds it in one of its kind's forms."""

    kind: str
    sought: str
    text: str

    @property
    def line(self) -> str:
        """The text for a place that holds no tag, line break, quote, slash or comma: a file's name, a line of CSV."""
        return re.sub(r'<[^<>]*>|[\r\n/\\"<>|:?*,]', "", self.text)


def _number(kind: str, chance: random.Random) -> str:
    born = f"19{chance.randrange(50, 99)}{chance.randrange(1, 13):02}{chance.randrange(1, 29):02}"
    area = chance.choice(("110105", "330106", "510108", "320581"))
    if kind == "identity number":
        body = f"{area}{born}{chance.randrange(100, 999)}"
        return str(body + ric.calc_check_digit(body + "0"))
    if kind == "old identity number":
        return f"{area}{born[2:]}{chance.randrange(100, 999)}"
    if kind == "phone":
        return f"1{chance.choice('3456789')}{chance.randrange(10**9):09}"
    if kind == "bank card":
        body = f"6222{chance.randrange(10**14):014}"
        return str(body + luhn.calc_check_digit(body))
    if kind == "passport":
        return f"{chance.choice('EGD')}{chance.randrange(10**8):08}"
    if kind == "name":
        # of characters that no firm, street or word of the demo has
        return chance.choice("张王李赵陈刘") + "".join(chance.sample("犇翀昶骞旻珺燚毓晟烨", 2))
    return f"wang.{chance.randrange(10**9)}@mail{chance.randrange(99)}.example.com"


def planted(count: int, kinds: Iterable[str] = FORMS) -> list[Planted]:
    """So many persons, no two alike, in every form of these kinds by turns."""
    chance = random.Random(15)
    forms = [(kind, form) for kind in kinds for form in FORMS[kind]]
    found: dict[str, Planted] = {}
    for (kind, form), around in zip(itertools.cycle(forms), itertools.cycle(AROUND)):
        if len(found) == count:
            return list(found.values())
        number = _number(kind, chance)
        while squeezed(number) in found:
            number = _number(kind, chance)
        if kind == "name" or (kind in ("mail address", "passport") and around[:3] in ("tel", "202")):
            around = "{}，"  # letters beside it are a part of it
        found[squeezed(number)] = Planted(kind, squeezed(number), around.format(form(number)))
    raise AssertionError("unreachable")


def _digit_table() -> dict[int, str]:
    table = {
        code: str(unicodedata.digit(chr(code)))
        for code in range(0x80, sys.maxunicode + 1)
        if unicodedata.digit(chr(code), None) is not None
    }
    for hans in ("〇一二三四五六七八九", "零壹贰叁肆伍陆柒捌玖", "零幺貳參肆伍陸柒捌玖", "〇〡〢〣〤〥〦〧〨〩"):
        table |= {ord(han): str(n) for n, han in enumerate(hans)}
    return table


_TABLE = _digit_table()
_NO_ALNUM = re.compile(r"[\W_]+")


def squeezed(text: str) -> str:
    """Letters and digits alone, digits of every script as ASCII; tags and entities of HTML read."""
    if "&" in text:
        text = html.unescape(html.unescape(text))
    plain = re.sub(r"<!--.*?-->|<[^<>]{0,200}>", "", text) if "<" in text else text
    if not plain.isascii():
        plain = unicodedata.normalize("NFKC", plain.translate(_TABLE))
    return _NO_ALNUM.sub("", plain).lower()


def tree(words: Iterable[str]) -> re.Pattern[str]:
    """One regular expression of all words: each character is looked at once, however many words there are."""

    def pattern(rests: list[str]) -> str:
        if "" in rests:
            return ""
        branches: dict[str, list[str]] = {}
        for rest in rests:
            branches.setdefault(rest[0], []).append(rest[1:])
        listed = [re.escape(first) + pattern(behind) for first, behind in sorted(branches.items())]
        return listed[0] if len(listed) == 1 else f"(?:{'|'.join(listed)})"

    return re.compile(pattern(sorted(words)))


def texts(name: str, content: bytes) -> Iterator[str]:
    """Every text of a file: of databases and Parquet their values, of archives and workbooks their members, of others their bytes."""
    yield name
    if content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.infolist():
                yield from texts(f"{member.filename} {member.comment!r}", archive.read(member))
        return
    if content[:4] == b"PAR1":
        file = pq.ParquetFile(io.BytesIO(content))
        yield str(file.schema_arrow.metadata)
        yield json.dumps(file.read().to_pylist(), ensure_ascii=False, default=str)
        return
    text = content.decode("utf-8", "ignore")
    yield text
    yield from _without_escapes(text)


def _without_escapes(text: str) -> Iterator[str]:
    """A text of JSON as it reads: an escape is no letter between two digits."""
    if "\\" in text:
        yield re.sub(r"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), text.replace("\\n", " ").replace("\\r", " "))


def _tables(path: Path) -> Iterator[str]:
    """Of a DuckDB file the values: its own bytes are compressed."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{path}' as f (read_only)")
        for schema, table in connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'f'"
        ).fetchall():
            for row in connection.execute(f'select to_json(t)::varchar from f."{schema}"."{table}" as t').fetchall():
                yield row[0].replace("\\n", " ").replace("\\r", " ")
        for (comment,) in connection.execute(
            "select comment from duckdb_columns() where comment is not null union select comment from duckdb_tables() "
            "where comment is not null union select sql from duckdb_views()"
        ).fetchall():
            yield comment


def _rows(path: Path) -> Iterator[str]:
    with closing(sqlite3.connect(path)) as connection:
        for (table,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
            for row in connection.execute(f'select * from "{table}"'):
                text = " ".join(v.decode("utf-8", "ignore") if isinstance(v, bytes) else str(v) for v in row)
                yield text
                yield from _without_escapes(text)


def left_in(folder: Path, persons: Iterable[Planted]) -> dict[str, set[str]]:
    """Which persons are in any file's name or content: what was sought → the files."""
    sought = tree({person.sought for person in persons})
    found: dict[str, set[str]] = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink()):
        content = path.read_bytes()
        pieces: list[Iterator[str]] = [texts(path.name, content)]
        if content[8:12] == b"DUCK":
            pieces.append(_tables(path))
        elif content[:15] == b"SQLite format 3":
            pieces.append(_rows(path))
        # values are kept apart: two of them beside each other are no number
        for match in sought.finditer("甲".join(squeezed(text) for text in itertools.chain(*pieces))):
            found.setdefault(match[0], set()).add(str(path.relative_to(folder)))
    return found
