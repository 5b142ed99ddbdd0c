"""1,080 persons in 36 forms: none is left in any file, whatever script, sign or mark an office writes a number with.

The search is a second reading, written apart: everything but letters and digits is dropped before it looks, as our own keys do.
"""

from __future__ import annotations

import io
import itertools
import json
import random
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from stdnum import luhn
from stdnum.cn import ric

from connectors.persons import Blotter
from tests.conftest import LEASES_HEADER, Park, day, lease_row, staff_file, staff_row
from tests.connectors.test_landing import xlsx
from warehouse.errors import ParkBridgeError

_FULL = dict(zip(map(ord, "0123456789X@."), "０１２３４５６７８９Ｘ＠．", strict=True))
_ARABIC = dict(zip(map(ord, "0123456789"), "٠١٢٣٤٥٦٧٨٩", strict=True))
_DEVANAGARI = dict(zip(map(ord, "0123456789"), "०१२३४५६७८९", strict=True))
_CIRCLED = dict(zip(map(ord, "0123456789"), "⓪①②③④⑤⑥⑦⑧⑨", strict=True))
_HAN = dict(zip(map(ord, "0123456789"), "〇一二三四五六七八九", strict=True))


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
)
_DIGITS = (_translated(_ARABIC), _translated(_DEVANAGARI), _translated(_CIRCLED))
FORMS: dict[str, tuple[Callable[[str], str], ...]] = {
    "identity number": (
        *_ANY,
        *_DIGITS,
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
        _translated(_HAN),
        lambda n: f"+86 {n}",
        lambda n: f"0086-{n}",
        lambda n: f"86{n}",
        *map(_mobile, " -.·－"),
        _between(" ", 1),
    ),
    "bank card": (*_ANY, *_DIGITS, _between(" ", 4), _between("-", 4), _between("　", 4), _between(".", 4)),
    "passport": (*_ANY, lambda n: f"{n[0]} {n[1:]}", lambda n: f"{n[0]}-{n[1:]}"),
    "mail address": (*_ANY,),
}
AROUND = ("{}", "联系人{}，已核", "（{}）", "备注:{};", "tel{}", "2025-01-01 {} 元")


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
    return f"wang.{chance.randrange(10**9)}@mail{chance.randrange(99)}.example.com"


def planted(count: int) -> list[tuple[str, str, str]]:
    """Kind, number as it is searched for, and a text that holds it in one of its kind's forms."""
    chance = random.Random(15)
    kinds = [(kind, form) for kind, forms in FORMS.items() for form in forms]
    found: list[tuple[str, str, str]] = []
    for (kind, form), around in zip(itertools.cycle(kinds), itertools.cycle(AROUND)):
        if len(found) == count:
            return found
        number = _number(kind, chance)
        if kind in ("mail address", "passport") and around[:3] in ("tel", "202"):
            around = "{}，"  # letters beside it are a part of it
        found.append((kind, squeezed(number), around.format(form(number))))
    return found


def squeezed(text: str) -> str:
    """Letters and digits alone, digits of every script as ASCII."""
    digits = (str(unicodedata.digit(c, None)) if unicodedata.digit(c, None) is not None else c for c in text)
    normal = unicodedata.normalize("NFKC", "".join(digits)).translate(
        {ord(h): str(n) for n, h in enumerate("〇一二三四五六七八九")}
    )
    return "".join(c for c in normal if c.isalnum()).lower()


def test_none_is_left_in_a_text_and_the_search_finds_them() -> None:
    persons = planted(1080)
    assert len({(kind, text) for kind, _, text in persons}) == 1080
    assert sum(map(len, FORMS.values())) >= 25
    for kind, number, text in persons:
        assert number in squeezed(text), "the search would find it"
        clean = Blotter("a key").text(text)
        assert number not in squeezed(clean), (kind, text, clean)


@pytest.mark.parametrize(
    "text",
    [
        "91330106MA2AX8KX7Q",
        "330106000012345",  # a registration number 注册号
        "2026-03-01 09:00:00",
        "20260301093000123",
        "建筑面积 1,234.50 平方米，月租金 15,000.00 元",
        "0571-88888888",  # a firm's line
        "12幢1380013800室",
        "合同 ZL-2025-000123-02",
        "1500 2000 3000 12000",
        "400-800-1380",
    ],
)
def test_what_is_no_person_stays(text: str) -> None:
    assert Blotter().text(text) == text


def _texts(path: Path) -> Iterator[str]:
    yield path.name
    if path.suffix == ".parquet":
        yield json.dumps(pq.read_table(path).to_pylist(), ensure_ascii=False, default=str)
    elif path.suffix == ".duckdb":
        with duckdb.connect() as connection:
            connection.execute(f"attach '{path}' as f (read_only)")
            for schema, table in connection.execute(
                "select schema_name, table_name from duckdb_tables() where database_name = 'f'"
            ).fetchall():
                for (row,) in connection.execute(
                    f'select to_json(t)::varchar from f."{schema}"."{table}" as t'
                ).fetchall():
                    yield row
    else:
        text = path.read_bytes().decode("utf-8", "replace")
        yield json.dumps(json.loads(text), ensure_ascii=False) if path.suffix == ".json" else text


def left_in(home: Path, numbers: set[str]) -> set[str]:
    """Which numbers are in any file's name or content, in one pass."""
    lengths = sorted({len(n) for n in numbers})
    found: set[str] = set()
    begins = {n[:6] for n in numbers}
    for path in (p for p in home.rglob("*") if p.is_file()):
        for text in _texts(path):
            plain = squeezed(text.replace("\\n", " ").replace("\\r", " "))
            for first in range(len(plain) - lengths[0] + 1):
                if plain[first : first + 6] in begins:
                    found |= {w for n in lengths if (w := plain[first : first + n]) in numbers}
    return found


def test_none_is_in_any_file(park: Park) -> None:
    """In notes, names, addresses, file, sheet and member names; landed, staged, refused, published."""
    persons = planted(1080)
    spare = iter([text.replace("\n", "").replace("\r", "").replace("/", "") for _, _, text in persons[:6]])
    sheet = [lease_row(n, note=text.replace(",", "，")) for n, (_, _, text) in enumerate(persons[:400])]
    park.drop("leases", f"租赁 {next(spare)}.xlsx", xlsx(LEASES_HEADER, sheet), day(0.3))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        rows = [lease_row(n) for n in range(400)]
        zipped.writestr(f"台账 {next(spare)}.csv", "\n".join([LEASES_HEADER, *rows]) + "\n")
    park.drop("leases", "租赁.zip", archive.getvalue(), day(0.4))
    named = [
        staff_row(f"U{n}").replace(f"U{n}公司", '"' + text.replace('"', "") + '"')
        for n, (_, _, text) in enumerate(persons[400:])
    ]
    park.drop("staff", f"参保 {next(spare)}.csv", staff_file(named), day(0.3))
    for name in ("leases", "staff"):
        park.sync(name, day(1))
    park.drop("staff", f"坏 {next(spare)}.csv", staff_file([]).replace("单位名称", next(spare)), day(1.5))
    with pytest.raises(ParkBridgeError) as refused:
        park.land("staff", day(2))
    (park.home / "stop.log").write_text(f"{refused.value} {refused.value.args}", encoding="utf-8")
    assert left_in(park.home, {number for _, number, _ in persons}) == set()
    (park.home / "x.log").write_text(persons[700][2], encoding="utf-8")
    assert left_in(park.home, {number for _, number, _ in persons}) == {persons[700][1]}
