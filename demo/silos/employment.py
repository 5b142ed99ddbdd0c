"""The social insurance bureau: one file a month of units and their insured staff, and what it gets wrong in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo import dirt, words
from demo.city import NEVER, Array, City, choose, office_time
from demo.files import csv_bytes, xlsx_bytes, zip_bytes
from demo.silos.books import CODE_RATES, LARGEST_SHEET, NAME_RATES, Books, numbered, same, with_decimals, with_thousands

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


def write(books: Books) -> None:
    """Write the files delivered before `until`: 参保_YYYYMM.csv, and …_更正 where a month was corrected."""
    city = books.city
    reported = _report(books)
    code = dirt.write_codes(city, "employment", CODE_RATES, (0, 4))
    name = dirt.write_names(city, "employment", NAME_RATES, (1, 6))
    address = dirt.write_addresses(city, "employment")
    person = dirt.people(city, "employment")
    units = _units(city)
    ever = np.flatnonzero(reported.is_listed.any(axis=1)[units.firm])
    firms = units.firm[ever]
    books.link("employment", units.number.take(pa.array(ever)), firms, code.kind[firms], name.kind[firms])
    books.plant("employment", "phone_in_personal_column", firms, person["phone"].take(pa.array(firms)))
    books.plant("employment", "person_name_in_personal_column", firms, person["name"].take(pa.array(firms)))

    for t in range(city.horizon):
        rng = city.stream(f"employment {t}")
        rows = np.flatnonzero(reported.is_listed[units.firm, t])
        rows = rows[~(units.is_second[rows] & (reported.headcount[units.firm[rows], t] < 8))]
        firm = units.firm[rows]
        heads, wages = _of_unit(reported, units, rows, t)
        at = books.moment(t + 1, 10, int(rng.integers(14, 19)), 10)
        fixed_at = at + np.timedelta64(19, "D")
        entered = office_time(city.day(t + 1) + rng.integers(0, 8, len(rows)), rng)
        # in months that are corrected, some units were wrong or missing at first
        is_corrected = t % 9 == 4
        wrong = is_corrected & (rng.random(len(rows)) < 0.03)
        absent = is_corrected & (rng.random(len(rows)) < 0.015)
        first_heads = np.where(wrong, heads + rng.integers(1, 9, len(rows)), heads)
        again = np.where(wrong | absent, (fixed_at - np.timedelta64(2, "D")).astype("datetime64[s]"), entered)

        def table(
            which: Array, counts: Array, recorded: Array, t: int = t, rows: Array = rows, pay: Array = wages
        ) -> pa.Table:
            owners = units.firm[rows[which]]
            take = pa.array(owners)
            text = with_thousands(counts[which]) if t % 5 == 3 else pc.cast(pa.array(counts[which]), pa.string())
            text = choose(reported.is_unreadable[owners, t], "待核", text)
            label = "统一社会信用代码" if t < NEW_HEADER_FROM else "社会信用代码"
            return pa.table(
                {
                    "单位编号": units.number.take(pa.array(rows[which])),
                    "单位名称": name.at(t, owners),
                    label: code.at(t, owners),
                    "单位地址": address.take(take),
                    "所属期": same(books.month_text(t), len(which)),
                    "参保人数": text,
                    "缴费基数合计": with_decimals(pay[which]),
                    "经办人": person["name"].take(take),
                    "手机": person["phone"].take(take),
                    "受理时间": pc.cast(pa.array(recorded[which]), pa.string()),
                }
            )

        _send(books, t, f"参保_{books.month_text(t)}", table(np.flatnonzero(~absent), first_heads, entered), at)
        if is_corrected:
            label = f"参保_{books.month_text(t)}_更正.csv"
            if books.deliver("employment", label, t, fixed_at, "correction"):
                books.file("employment", label, _csv(books, t, table(np.arange(len(rows)), heads, again)), fixed_at)
        del firm


def _units(city: City) -> _Units:
    rng = city.stream("units")
    two = city.firm["has_insured"] & (city.firm["base"] > 15) & (rng.random(city.firms) < 0.05)
    two[np.flatnonzero(city.firm["has_insured"] & (city.firm["base"] > 30))[:2]] = True
    firm = np.concatenate([np.arange(city.firms), np.flatnonzero(two)])
    number = numbered("10", rng.permutation(city.firms * 2)[: len(firm)], 8)
    return _Units(firm, number, np.arange(len(firm)) >= city.firms, two)


def _of_unit(reported: _Reported, units: _Units, rows: Array, t: int) -> tuple[Array, Array]:
    """Heads and wages (fen) of these units: a second unit has a quarter of its firm's, from eight heads on."""
    firm = units.firm[rows]
    heads, wages = reported.headcount[firm, t], reported.wage_fen[firm, t]
    is_split = units.has_second[firm] & (heads >= 8)
    part_heads, part_wages = np.where(is_split, heads // 4, 0), np.where(is_split, wages // 4, 0)
    second = units.is_second[rows]
    return np.where(second, part_heads, heads - part_heads), np.where(second, part_wages, wages - part_wages)


def _report(books: Books) -> _Reported:
    """The truth with the ways in which firms report wrongly, each of which is noted as planted."""
    city = books.city
    truth = city.month["insured_headcount"]
    heads, wages = truth.astype(np.int64), city.month["wage_fen"].copy()
    listed = truth > 0
    unreadable = np.zeros_like(listed)
    rng = city.stream("misreports")
    calm = city.is_story("steady", "growth", "decline", "dip") & city.firm["has_insured"] & (city.firm["arrive"] < 0)

    def some(who: Array, share: float, least: int) -> Array:
        candidates = np.flatnonzero(calm & who)
        return rng.permutation(candidates)[: max(least, round(share * city.firms))]

    last = city.horizon - 12
    plants: list[tuple[str, Array, Array]] = []
    # a group's figure instead of the firm's own, for half a year
    for firm in some(city.firm["base"] > 20, 0.006, 2):
        months = rng.integers(6, last) + np.arange(6)
        heads[firm, months] = truth[firm, months] * 7
        plants.append(("group_headcount", np.repeat(firm, 6), months))
    # the same figure month after month
    for firm in some(city.firm["base"] > 55, 0.004, 2):
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
    # who is gone reports zero once more: that is a value
    gone = np.flatnonzero(city.firm["has_insured"] & (city.firm["gone"] < city.horizon) & (city.firm["gone"] > 0))
    gone = gone[np.arange(len(gone)) % 2 == 0]
    listed[gone, city.firm["gone"][gone]] = True
    plants.append(("zero_headcount", gone, city.firm["gone"][gone]))
    for kind, firms, months in plants:
        listed_here = listed[firms, months]
        firms, months = firms[listed_here], months[listed_here]
        books.plant("employment", kind, firms, pa.array(heads[firms, months]), months)
    assert NEVER > city.horizon
    return _Reported(heads, wages, listed, unreadable)


def _title(books: Books, t: int) -> str:
    return f"{words.CITY}市社会保险局 {books.month_text(t, '{year}年{month}月')} 单位参保情况表"


def _totals(table: pa.Table) -> list[str]:
    numbers = pc.replace_substring(table["参保人数"], ",", "").to_pylist()
    total = sum(int(number) for number in numbers if number.isdigit())
    return ["合计", "", "", "", "", str(total), "", "", "", ""]


def _csv(books: Books, t: int, table: pa.Table) -> bytes:
    return csv_bytes(table, encoding="gb18030", titles=[_title(books, t)], totals=_totals(table))


def _send(books: Books, t: int, stem: str, table: pa.Table, at: np.datetime64) -> None:
    """The first delivery of a month, in the form of that month; in some, the same bytes come again under another name."""
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
