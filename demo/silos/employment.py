"""The social insurance bureau: one file a month of units and their insured staff, and what it gets wrong in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo import dirt, words
from demo.city import Array, City, choose, office_time
from demo.files import csv_bytes, zip_bytes
from demo.silos.books import (
    CODE_RATES,
    LARGEST_SHEET,
    NAME_RATES,
    Books,
    identities,
    last_month,
    numbered,
    same,
    with_decimals,
    with_thousands,
)
from demo.spreadsheet import xlsx_bytes

# months of the history in which the file has another form than CSV
ZIPPED, SPREADSHEET = 7, 11
# the code's column is called otherwise from here on
NEW_HEADER_FROM = 24


@dataclass(frozen=True)
class _Units:
    """The employing units: most firms have one, some two."""

    firm: Array
    number: pa.Array
    is_second: Array
    has_second: Array  # by firm


@dataclass(frozen=True)
class _Reported:
    """What the firms report by month: the truth, but for what is planted. Matrices over firms and months."""

    headcount: Array
    wage_fen: Array
    is_listed: Array  # there is a row, zero included
    is_unreadable: Array  # no number in the headcount's place


@dataclass(frozen=True)
class _Bureau:
    """What the bureau knows of units and firms."""

    units: _Units
    code: dirt.Written
    name: dirt.Written
    address: pa.Array


def write(books: Books) -> None:
    """Write the files delivered before `until`: 参保_YYYYMM.csv, and …_更正 where a month was corrected."""
    city = books.city
    bureau = _bureau(city)
    units, person = bureau.units, dirt.people(city, "employment")
    reported = _report(books)
    firms = units.firm[reported.is_listed[units.firm].any(axis=1)]
    books.link("employment", known(city, bureau))
    books.plant("employment", "phone_in_personal_column", firms, person["phone"].take(pa.array(firms)))
    books.plant("employment", "person_name_in_personal_column", firms, person["name"].take(pa.array(firms)))

    for t in range(city.horizon):
        rng = city.stream(f"employment {t}")
        month = _month(reported, units, t)
        count = len(month.unit)
        at = books.moment(t + 1, 10, int(rng.integers(14, 19)), 10)
        fixed_at = at + np.timedelta64(19, "D")
        entered = office_time(city.day(t + 1) + rng.integers(0, 8, count), rng)
        # in months that are corrected, some units were wrong or missing at first
        is_corrected = t % 9 == 4
        wrong = is_corrected & (rng.random(count) < 0.03)
        absent = is_corrected & (rng.random(count) < 0.015)
        mistaken = month.headcount + np.where(wrong, rng.integers(1, 9, count), 0)
        rows = _rows(books, bureau, person, month, mistaken, entered).filter(pa.array(~absent))
        _send(books, t, f"参保_{books.month_text(t)}", rows, at)
        label = f"参保_{books.month_text(t)}_更正.csv"
        if is_corrected and books.deliver("employment", label, t, fixed_at, "correction"):
            entered = np.where(wrong | absent, fixed_at - np.timedelta64(2, "D"), entered)
            rows = _rows(books, bureau, person, month, month.headcount, entered)
            books.file("employment", label, _csv(books, t, rows), fixed_at)


@dataclass(frozen=True)
class _Month:
    """What there is to say of one month, by unit: heads and wages (fen)."""

    month: int
    unit: Array
    headcount: Array
    wage_fen: Array
    is_unreadable: Array


def _month(reported: _Reported, units: _Units, t: int) -> _Month:
    """A second unit has a quarter of its firm's people, from eight people on."""
    unit = np.flatnonzero(reported.is_listed[units.firm, t])
    firm = units.firm[unit]
    heads, wages = reported.headcount[firm, t], reported.wage_fen[firm, t]
    is_split = units.has_second[firm] & (heads >= 8)
    is_second = units.is_second[unit]
    heads = np.where(is_split, np.where(is_second, heads // 4, heads - heads // 4), heads)
    wages = np.where(is_split, np.where(is_second, wages // 4, wages - wages // 4), wages)
    there = ~is_second | is_split
    return _Month(t, unit[there], heads[there], wages[there], reported.is_unreadable[firm, t][there])


def _rows(
    books: Books, bureau: _Bureau, person: dict[str, pa.Array], month: _Month, headcount: Array, recorded: Array
) -> pa.Table:
    """The file's rows as the bureau writes them."""
    t, firm = month.month, bureau.units.firm[month.unit]
    take = pa.array(firm)
    heads = with_thousands(headcount) if t % 5 == 3 else pc.cast(pa.array(headcount), pa.string())
    code_header = "统一社会信用代码" if t < NEW_HEADER_FROM else "社会信用代码"
    return pa.table(
        {
            "单位编号": bureau.units.number.take(pa.array(month.unit)),
            "单位名称": bureau.name.at(t, firm),
            code_header: bureau.code.at(t, firm),
            "单位地址": bureau.address.take(take),
            "所属期": same(books.month_text(t), len(firm)),
            "参保人数": choose(month.is_unreadable, "待核", heads),
            "缴费基数合计": with_decimals(month.wage_fen),
            "经办人": person["name"].take(take),
            "手机": person["phone"].take(take),
            "受理时间": pc.cast(pa.array(recorded.astype("datetime64[s]")), pa.string()),
        }
    )


def known(city: City, bureau: _Bureau | None = None) -> pa.Table:
    """The firms that the bureau knows: a unit each, some two."""
    bureau = bureau or _bureau(city)
    units = bureau.units
    last = last_month(_listed(city)[0])[units.firm]
    ever = np.flatnonzero(last >= 0)
    firms, last = units.firm[ever], last[ever]
    return identities(
        units.number.take(pa.array(ever)),
        firms,
        last,
        code=bureau.code.at(last, firms),
        name=bureau.name.at(last, firms),
        address=bureau.address.take(pa.array(firms)),
        code_dirt=bureau.code.kind[firms],
        name_dirt=bureau.name.kind[firms],
    )


def _bureau(city: City) -> _Bureau:
    return _Bureau(
        _units(city),
        dirt.write_codes(city, "employment", CODE_RATES, (0, 4)),
        dirt.write_names(city, "employment", NAME_RATES, (1, 6)),
        dirt.write_addresses(city, "employment"),
    )


def _units(city: City) -> _Units:
    rng = city.stream("units")
    two = city.firm["has_insured"] & (city.firm["base"] > 15) & (rng.random(city.firms) < 0.05)
    two[np.flatnonzero(city.firm["has_insured"] & (city.firm["base"] > 30))[:2]] = True
    firm = np.concatenate([np.arange(city.firms), np.flatnonzero(two)])
    number = numbered("10", rng.permutation(city.firms * 2)[: len(firm)], 8)
    return _Units(firm, number, np.arange(len(firm)) >= city.firms, two)


def _report(books: Books) -> _Reported:
    """The truth with the ways in which firms report wrongly, each of which is noted as planted."""
    city = books.city
    truth = city.month["insured_headcount"]
    heads, wages = truth.astype(np.int64), city.month["wage_fen"].copy()
    listed, gone = _listed(city)
    unreadable = np.zeros_like(listed)
    rng = city.stream("misreports")
    calm = city.is_story("steady", "growth", "decline", "dip") & city.firm["has_insured"] & (city.firm["arrive"] < 0)

    def some(who: Array, share: float, least: int) -> Array:
        candidates = np.flatnonzero(calm & who)
        return rng.permutation(candidates)[: max(least, round(share * city.firms))]

    last = city.horizon - 12
    plants: list[tuple[str, Array, Array]] = []
    # a group's figure instead of the firm's own, for half a year
    groups = some(city.firm["base"] > 20, 0.006, 2)
    for firm in groups:
        months = rng.integers(6, last) + np.arange(6)
        heads[firm, months] = truth[firm, months] * 7
        plants.append(("group_headcount", np.repeat(firm, 6), months))
    # the same figure month after month; a copy over a group's figure would leave nothing of it to find
    lazy = some(city.firm["base"] > 55, 0.004, 2)
    for firm in lazy[~np.isin(lazy, groups)]:
        months = rng.integers(6, last) + np.arange(8)
        heads[firm, months] = truth[firm, months[0]]
        plants.append(("lazy_filer", np.repeat(firm, 8), months))
    # wages in the headcount's column
    who = some((city.firm["base"] > 3) & (city.firm["base"] < 10), 0.006, 2)
    months = rng.integers(5, city.horizon - 6, len(who))
    heads[who, months] = np.minimum(wages[who, months] // 100, 190_000)
    plants.append(("headcount_equals_wages", who, months))
    who = some(city.firm["base"] > 2, 0.01, 3)
    months = rng.integers(5, city.horizon - 6, len(who))
    wages[who, months] = 0
    plants.append(("staff_without_wages", who, months))
    who = some(city.firm["base"] > 1, 0.01, 4)
    months = rng.integers(3, city.horizon - 6, len(who))
    unreadable[who, months] = True
    plants.append(("unreadable_headcount", who, months))
    plants.append(("zero_headcount", gone, city.firm["gone"][gone]))
    for kind, firms, months in plants:
        listed_here = listed[firms, months]
        firms, months = firms[listed_here], months[listed_here]
        books.plant("employment", kind, firms, pa.array(heads[firms, months]), months)
    return _Reported(heads, wages, listed, unreadable)


def _listed(city: City) -> tuple[Array, Array]:
    """Which firms have a row in which month, and which are gone and report zero once more: that is a value."""
    listed = city.month["insured_headcount"] > 0
    gone = np.flatnonzero(city.firm["has_insured"] & (city.firm["gone"] < city.horizon) & (city.firm["gone"] > 0))
    gone = gone[np.arange(len(gone)) % 2 == 0]
    listed[gone, city.firm["gone"][gone]] = True
    return listed, gone


def _title(books: Books, t: int) -> str:
    return f"{words.CITY}市社会保险局 {books.month_text(t, '{year}年{month}月')} 单位参保情况表"


def _totals(table: pa.Table) -> list[str]:
    numbers = pc.replace_substring(table["参保人数"], ",", "").to_pylist()
    total = sum(int(number) for number in numbers if number.isdigit())
    return ["合计", "", "", "", "", str(total), "", "", "", ""]


def _csv(books: Books, t: int, table: pa.Table) -> bytes:
    return csv_bytes(table, encoding="gb18030", titles=[_title(books, t)], totals=_totals(table))


def _send(books: Books, t: int, stem: str, table: pa.Table, at: np.datetime64) -> None:
    """The first delivery of a month, in that month's form; in some, the same bytes come again under another name."""
    if t == SPREADSHEET and table.num_rows <= LARGEST_SHEET:
        if books.deliver("employment", f"{stem}.xlsx", t, at, "regular"):
            content = xlsx_bytes(table, sheet="参保", titles=[_title(books, t)], totals=_totals(table))
            books.file("employment", f"{stem}.xlsx", content, at)
    elif t == ZIPPED:
        if books.deliver("employment", f"{stem}.zip", t, at, "regular"):
            books.file("employment", f"{stem}.zip", zip_bytes(f"{stem}.csv", _csv(books, t, table)), at)
    else:
        again = at + np.timedelta64(3, "D")
        is_sent = books.deliver("employment", f"{stem}.csv", t, at, "regular")
        is_sent_twice = t % 12 == 9 and books.deliver("employment", f"{stem}(1).csv", t, again, "duplicate")
        content = _csv(books, t, table) if is_sent else b""
        if is_sent:
            books.file("employment", f"{stem}.csv", content, at)
        if is_sent_twice:
            books.file("employment", f"{stem}(1).csv", content, again)
