"""A list of enterprises elsewhere with their branches, as an investment office buys it: 园外企业.sqlite.

Comers open branches in other cities in the three years before they come, and are near; decoys are large and famous, opened branches
long ago, and never come. One industry code in ten is wrong.
"""

from __future__ import annotations

import sqlite3

import numpy as np
import pyarrow as pa

from demo import codes, words
from demo.city import NEVER, Array, City
from demo.silos.books import Books

OUTSIDERS, COMERS, DECOYS, TENANTS, MISTYPED = 2_000, 40, 60, 5, 10
WRONG_INDUSTRY = 0.1
PLAIN, COMER, DECOY, TENANT = range(4)
KINDS = ("plain", "comer", "decoy", "tenant")
HERE = words.PARK_DIVISION
NEAR = ("329801", "329702", "329601")
FAR = ("449906", "539911", "359903", "369905", "339902")
_SCHEMA = """
create table 企业 (
    企业序号 text primary key, 统一社会信用代码 text, 企业名称 text, 登记状态 text, 成立日期 text, 注册资本_万元 integer,
    行业代码 text, 区划代码 text, 记录时间 timestamp not null
);
create table 布点 (
    布点序号 text primary key, 企业序号 text, 类型 text, 设立日期 text, 区划代码 text, 行业代码 text, 记录时间 timestamp not null
);
"""


def draw(city: City) -> dict[str, Array]:
    """Who is elsewhere, and when the comers come: month indices, NEVER for all others."""
    rng = city.stream("outsiders")
    n = OUTSIDERS
    kind = np.full(n, PLAIN)
    order = rng.permutation(n)
    for which, begin, end in (
        (COMER, 0, COMERS),
        (DECOY, COMERS, COMERS + DECOYS),
        (TENANT, COMERS + DECOYS, COMERS + DECOYS + TENANTS),
    ):
        kind[order[begin:end]] = which
    mistyped = np.isin(np.arange(n), order[-MISTYPED:])
    near = np.where(kind == COMER, rng.random(n) < 0.9, rng.random(n) < 0.15) & (kind != DECOY)
    place = np.where(near, rng.choice(NEAR, n), rng.choice(FAR, n))
    trade = rng.integers(0, len(words.INDUSTRIES), n)
    stated = np.where(rng.random(n) < WRONG_INDUSTRY, rng.integers(0, len(words.INDUSTRIES), n), trade)
    come = np.full(n, NEVER)
    comers = np.flatnonzero(kind == COMER)
    come[comers] = 6 + np.rint(np.linspace(0, city.horizon - 7, len(comers))).astype(int)
    capital = np.where(
        kind == DECOY, rng.integers(50_000, 900_000, n), np.rint(np.exp(rng.normal(6.5, 1.0, n))).astype(int)
    )
    return {
        "kind": kind,
        "is_mistyped": mistyped,
        "place": place,
        "industry": trade,
        "stated_industry": stated,
        "come": come,
        "capital": np.maximum(capital, 10),
        "registered": -rng.integers(24, 300, n),
        "tenant": rng.permutation(np.flatnonzero(city.firm["is_registered_here"]))[:n],
    }


def _codes(city: City, drawn: dict[str, Array]) -> list[str]:
    n = OUTSIDERS
    rng = city.stream("outsider codes")
    serial = 90_000_000 + rng.permutation(n) * 4_000 + rng.integers(0, 4_000, n)
    organisation = codes.digits(serial.astype(np.int64), 8)
    whole = codes.uscc(codes.from_text(["91"] * n), codes.from_text([str(one) for one in drawn["place"]]), organisation)
    text: list[str] = codes.to_text(whole).to_pylist()
    known = city.text["uscc_0"].to_pylist()
    tenants = iter(int(one) for one in drawn["tenant"])
    for row in np.flatnonzero(drawn["kind"] == TENANT):
        text[row] = known[next(tenants)]
    for row in np.flatnonzero(drawn["is_mistyped"]):
        text[row] = text[row][:-2] + text[row][-1] + ("0" if text[row][-2] != "0" else "1")
    return text


def _branches(city: City, drawn: dict[str, Array]) -> list[tuple[int, int, str, str]]:
    """Outsider, month, place and kind of every branch and investment."""
    rng = city.stream("outsider branches")
    rows: list[tuple[int, int, str, str]] = []

    def add(row: int, months: Array, places: tuple[str, ...]) -> None:
        for month in months:
            kind = "分支机构" if rng.random() < 0.8 else "对外投资"
            rows.append((int(row), int(month), str(rng.choice(places)), kind))

    for row in range(OUTSIDERS):
        kind, come = drawn["kind"][row], drawn["come"][row]
        if kind == COMER:
            add(row, come - rng.integers(2, 34, rng.integers(4, 9)), NEAR + FAR)
            add(row, np.array([come]), (HERE,))
        elif kind == TENANT:
            # it would be among the first, were it not here already
            add(row, city.horizon - 7 - rng.integers(2, 20, 6), NEAR)
        elif kind == DECOY:
            add(row, -rng.integers(40, 140, rng.integers(5, 30)), FAR)
        else:
            often = rng.random()
            many = rng.integers(1, 3) if often < 0.25 else 0
            add(row, rng.integers(-100, city.horizon, many), FAR + NEAR if often < 0.05 else FAR)
    return rows


def write(books: Books) -> None:
    """Write 园外企业.sqlite as it is at `until`."""
    city, drawn = books.city, draw(books.city)
    path = books.folder / "outside" / "园外企业.sqlite"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    database = sqlite3.connect(path)
    database.executescript("pragma journal_mode = off; pragma synchronous = off;" + _SCHEMA)
    trades, text, names = [trade.code for trade in words.INDUSTRIES], _codes(city, drawn), _names(city, drawn)
    cancelled = city.stream("outsider states").random(OUTSIDERS) < 0.03
    begin = str(books.moment(0, 2, 8)).replace("T", " ")
    database.executemany(
        "insert into 企业 values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                f"W{row + 1:06d}",
                text[row],
                names[row],
                "注销" if cancelled[row] and drawn["kind"][row] == PLAIN else "存续",
                str(city.day(drawn["registered"][row], 1 + row % 28)),
                int(drawn["capital"][row]),
                trades[drawn["stated_industry"][row]],
                str(drawn["place"][row]),
                begin,
            )
            for row in range(OUTSIDERS)
        ],
    )
    branches = []
    for number, (row, month, place, kind) in enumerate(_branches(city, drawn)):
        recorded = max(books.moment(month, 12, 10), books.moment(0, 2, 8))
        if month < city.horizon and recorded < books.until:
            at = str(recorded).replace("T", " ")
            day = str(city.day(month, 1 + number % 10))
            industry = trades[drawn["industry"][row]]
            branches.append((f"D{number + 1:07d}", f"W{row + 1:06d}", kind, day, place, industry, at))
    database.executemany("insert into 布点 values (?, ?, ?, ?, ?, ?, ?)", branches)
    database.commit()
    database.close()
    books.written.add(path)


def _names(city: City, drawn: dict[str, Array]) -> list[str]:
    rng = city.stream("outsider names")
    first, second = rng.choice(words.BRAND_FIRST, OUTSIDERS), rng.choice(words.BRAND_SECOND, OUTSIDERS)
    third, town = rng.choice(words.BRAND_THIRD, OUTSIDERS), rng.choice(words.OTHER_CITIES, OUTSIDERS)
    trade = [words.INDUSTRIES[which].words[0] for which in drawn["industry"]]
    endings = np.where(drawn["kind"] == DECOY, "集团股份有限公司", "有限公司")
    parts = zip(town, first, second, third, trade, endings, strict=True)
    return ["".join(map(str, one)) for one in parts]


def truth(city: City) -> pa.Table:
    """One row per outsider: its kind, when it comes, its industry, and what is wrong with its code."""
    drawn = draw(city)
    come = drawn["come"]
    return pa.table(
        {
            "source_key": pa.array([f"W{row + 1:06d}" for row in range(OUTSIDERS)]),
            "kind": pa.array([KINDS[kind] for kind in drawn["kind"]]),
            "come_month": pa.array(city.day(np.where(come >= NEVER, 0, come)), pa.date32(), mask=come >= NEVER),
            "industry_code": pa.array([words.INDUSTRIES[which].code for which in drawn["industry"]]),
            "is_mistyped": pa.array(drawn["is_mistyped"]),
        }
    )
