"""The tax office: a database of filings and payments. Nothing is overwritten: what is corrected is filed again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo import dirt
from demo.city import NEVER, SOLE_TRADER, Array, City, choose, join, office_time, pick
from demo.silos.books import NAME_RATES, Books, identities, insert, last_month, numbered, same
from demo.taxes import TAX_KINDS, Periods, tax_periods

# Amounts are whole fen: SQLite keeps a NUMERIC(18,2) as floating point.
_SCHEMA = """
create table 申报表 (
    申报序号 text not null, 纳税人识别号 text not null, 纳税人名称 text, 征收项目 text not null,
    所属期起 text not null, 所属期止 text not null, 申报日期 text, 计税依据_分 integer, 应补退税额_分 integer,
    申报类型 text, 办税人 text, 办税人身份证号 text, 记录时间 timestamp not null
);
create table 入库表 (
    税票号码 text not null, 纳税人识别号 text not null, 纳税人名称 text, 征收项目 text not null,
    所属期起 text not null, 所属期止 text not null, 入库日期 text not null, 入库金额_分 integer not null,
    缴款类型 text, 办税人 text, 办税人身份证号 text, 记录时间 timestamp not null
);
"""
_INDEXES = """
create unique index 申报表_申报序号 on 申报表 (申报序号);
create index 申报表_记录时间 on 申报表 (记录时间);
create unique index 入库表_税票号码 on 入库表 (税票号码);
create index 入库表_记录时间 on 入库表 (记录时间);
"""
_CODE_RATES = {"lower_case": 0.012, "mistyped": 0.008, "legacy_tax_no": 0.05, "legacy_registration_no": 0.008}


@dataclass(frozen=True)
class _Taxpayers:
    """What the tax office knows of its taxpayers."""

    number: dirt.Written
    name: dirt.Written
    serial: pa.Array
    person: dict[str, pa.Array]
    is_owner: Array  # sole traders who file under the owner's identity number
    is_always_late: Array


def write(books: Books) -> None:
    """Write 税务.sqlite with every row recorded before `until`."""
    payers = _taxpayers(books.city)
    books.link("tax", known(books.city, payers))
    here, identity = np.flatnonzero(books.city.firm["is_registered_here"]), payers.person["identity_no"]
    owners = here[payers.is_owner[here]]
    books.plant("tax", "identity_number_as_taxpayer_no", owners, payers.number.before.take(pa.array(owners)))
    books.plant("tax", "identity_number_in_personal_column", here, identity.take(pa.array(here)))
    books.plant("tax", "person_name_in_personal_column", here, payers.person["name"].take(pa.array(here)))
    path = books.folder / "tax" / "税务.sqlite"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    database = sqlite3.connect(path)
    database.executescript("pragma journal_mode = off; pragma synchronous = off;" + _SCHEMA)
    for periods in tax_periods(books.city):
        if len(periods.firm) and books.city.day(periods.last_month + 1) <= books.until:
            for filing in _filings(books, periods, payers):
                insert(database, "申报表", books.known(filing, "记录时间"))
            for payment in _payments(books, periods, payers):
                insert(database, "入库表", books.known(payment, "记录时间"))
    database.commit()
    database.executescript(_INDEXES)
    database.close()
    books.written.add(path)


def _taxpayers(city: City) -> _Taxpayers:
    number = dirt.write_codes(city, "tax", _CODE_RATES, (0, 2))
    name = dirt.write_names(city, "tax", NAME_RATES | {"never_updated": 0.03, "no_city": 0.01}, (0, 3))
    person = dirt.people(city, "tax")
    # some sole traders still file under the owner's identity number
    sole = city.firm["form"] == SOLE_TRADER
    owner = sole & (city.stream("owner numbers").random(city.firms) < 0.2)
    owner[np.flatnonzero(sole & city.firm["is_registered_here"])[:2]] = True
    number = dirt.Written(
        choose(owner, person["identity_no"], number.before),
        choose(owner, person["identity_no"], number.after),
        number.switch,
        np.where(owner, 0, number.kind),
    )
    serial = numbered("", city.stream("tax serials").permutation(city.firms), 7)
    return _Taxpayers(number, name, serial, person, owner, city.stream("late").random(city.firms) < 0.04)


def known(city: City, payers: _Taxpayers | None = None) -> pa.Table:
    """The firms that the tax office knows: the taxpayer number is the key, so a firm with a new code has two."""
    payers = payers or _taxpayers(city)
    number, name = payers.number, payers.name
    here = np.flatnonzero(city.firm["is_registered_here"])
    plain, owners = here[~payers.is_owner[here]], here[payers.is_owner[here]]
    recoded = plain[city.firm["change_code"][plain] < NEVER]
    # the owner's identity number never lands: such a taxpayer is known by a pseudonym of it, or by name
    renamed = owners[city.firm["change_name"][owners] < NEVER]
    # the last month of activity is filed for in the next
    filed = last_month(city.month["is_present"]) + 1
    before, after = np.minimum(filed, number.switch - 1), np.where(number.switch <= filed, filed, -1)
    parts = []
    for note, text, who, last in (
        (None, number.before, plain, before),
        ("new_code", number.after, recoded, after),
        ("identity_number", number.before, owners, before),
        ("name_for_identity_number", name.before, owners, before),
        ("name_for_identity_number", name.after, renamed, before),
    ):
        written = text.take(pa.array(who))
        parts.append(
            identities(
                written,
                who,
                last[who],
                code=None if note == "name_for_identity_number" else written,
                name=written if note == "name_for_identity_number" else name.at(last[who], who),
                code_dirt=number.kind[who],
                name_dirt=name.kind[who],
                note=note,
            )
        )
    return pa.concat_tables(parts)


def _due_date(books: Books, periods: Periods, rng: np.random.Generator) -> Array:
    """The day a filing is made: within the first half of the month after; a yearly settlement by 31 May."""
    count = len(periods.firm)
    if periods.is_settlement:
        return np.asarray(books.city.day(periods.last_month + 3) + rng.integers(0, 90, count))
    return np.asarray(books.city.day(periods.last_month + 1) + rng.integers(2, 15, count))


def _prefix(books: Books, periods: Periods) -> str:
    kind = list(TAX_KINDS).index(periods.kind)
    return f"{books.month_text(periods.last_month)}{kind}{periods.last_month - periods.first_month + 1:02d}"


def _common(books: Books, periods: Periods, payers: _Taxpayers, which: Array) -> dict[str, Any]:
    """The columns that filings and payments share, for the rows `which` of the period's firms."""
    city, firm, rows = books.city, periods.firm[which], len(which)
    return {
        "纳税人识别号": payers.number.at(periods.last_month + 1, firm),
        "纳税人名称": payers.name.at(periods.last_month + 1, firm),
        "征收项目": same(TAX_KINDS[periods.kind], rows),
        "所属期起": same(str(city.day(periods.first_month)), rows),
        "所属期止": same(str(city.day(periods.last_month + 1) - 1), rows),
    }


def _people(payers: _Taxpayers, firm: Array) -> dict[str, pa.Array]:
    take = pa.array(firm)
    return {"办税人": payers.person["name"].take(take), "办税人身份证号": payers.person["identity_no"].take(take)}


def _filings(books: Books, periods: Periods, payers: _Taxpayers) -> Iterator[pa.Table]:
    """The filings of one period, and the corrected ones, which come later under a number of their own."""
    prefix, count = _prefix(books, periods), len(periods.firm)
    rng = books.city.stream(f"filings {prefix}")
    late = np.where(payers.is_always_late[periods.firm] | (rng.random(count) < 0.02), rng.integers(18, 75, count), 0)
    filed = _due_date(books, periods, rng) + late
    corrected = rng.random(count) < 0.015
    mistake = np.where(corrected, rng.choice([0.5, 0.9, 1.1, 10.0], count, p=[0.2, 0.35, 0.35, 0.1]), 1)
    first_due = np.rint(periods.due_fen * mistake).astype(np.int64)
    first_sales = np.rint(periods.sales_fen * mistake).astype(np.int64)
    again = filed + rng.integers(20, 120, count)
    usual = "汇算清缴" if periods.is_settlement else "正常申报"
    for version, which, day, sales, due, kind in (
        ("1", np.arange(count), filed, first_sales, first_due, usual),
        ("2", np.flatnonzero(corrected), again, periods.sales_fen, periods.due_fen, "更正申报"),
    ):
        firm = periods.firm[which]
        yield pa.table(
            {
                "申报序号": join(f"S{prefix}{version}", payers.serial.take(pa.array(firm))),
                **_common(books, periods, payers, which),
                "申报日期": pc.cast(pa.array(day[which]), pa.string()),
                "计税依据_分": pa.array(sales[which]),
                "应补退税额_分": pa.array(due[which]),
                "申报类型": same(kind, len(which)),
                **_people(payers, firm),
                "记录时间": pa.array(office_time(day, rng)[which]),
            }
        )


def _payments(books: Books, periods: Periods, payers: _Taxpayers) -> Iterator[pa.Table]:
    """What came in for one period, some of it in two parts and some late, and what was paid back."""
    prefix, count = _prefix(books, periods), len(periods.firm)
    rng = books.city.stream(f"payments {prefix}")
    slow = payers.is_always_late[periods.firm] | (rng.random(count) < np.where(periods.is_troubled, 0.35, 0.02))
    paid = _due_date(books, periods, rng) + np.where(slow, rng.integers(18, 75, count), 0) + rng.integers(0, 4, count)
    split = (rng.random(count) < 0.02) & (periods.paid_fen > 10_000)
    first = np.where(split, periods.paid_fen // 2, periods.paid_fen)
    rest_paid = paid + rng.integers(10, 40, count)
    for version, which, day, amount in (
        ("1", np.flatnonzero(first != 0), paid, first),
        ("2", np.flatnonzero(split), rest_paid, periods.paid_fen - first),
    ):
        firm = periods.firm[which]
        usual = "汇算清缴" if periods.is_settlement else "正常缴款"
        yield pa.table(
            {
                "税票号码": join(f"P{prefix}{version}", payers.serial.take(pa.array(firm))),
                **_common(books, periods, payers, which),
                "入库日期": pc.cast(pa.array(day[which]), pa.string()),
                "入库金额_分": pa.array(amount[which]),
                "缴款类型": pick((usual, "退税"), (amount[which] < 0).astype(int)),
                **_people(payers, firm),
                "记录时间": pa.array(office_time(day + 1, rng)[which]),
            }
        )
