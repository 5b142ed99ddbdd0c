"""The silos: how each office writes the city down, when, and what it gets wrong. Truth and links are written apart."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from demo import codes, dirt, words
from demo.city import EVENT_KINDS, FORMS, NEVER, SOLE_TRADER, Array, City, choose, join, office_time, pick
from demo.files import csv_bytes, write_file, xlsx_bytes, zip_bytes
from demo.taxes import TAX_KINDS, Periods, tax_periods

SILOS = ("registration", "tax", "employment", "lease", "utility", "access")
CODE_RATES = {
    "lower_case": 0.015,
    "mistyped": 0.012,
    "legacy_tax_no": 0.015,
    "legacy_registration_no": 0.012,
    "organisation_code": 0.015,
    "other_firm": 0.006,
    "missing": 0.06,
}
NAME_RATES = {
    "half_width": 0.08,
    "full_width": 0.02,
    "spaces": 0.02,
    "no_city": 0.05,
    "form_swapped": 0.03,
    "traditional": 0.012,
    "typo": 0.015,
    "never_updated": 0.1,
}


@dataclass
class Books:
    """What is written while the silos are: where to, up to which moment, and the truth about it."""

    city: City
    folder: Path
    until: np.datetime64  # park time
    links: list[pa.Table] = field(default_factory=list)
    calendar: list[tuple[str, str, int, np.datetime64, str]] = field(default_factory=list)
    planted: list[pa.Table] = field(default_factory=list)

    def deliver(self, silo: str, label: str, month: int, at: np.datetime64, kind: str) -> bool:
        """Note a delivery in the calendar; True where it has happened by `until` and is to be written."""
        self.calendar.append((silo, label, month, at, kind))
        return kind != "gap" and bool(at < self.until)

    def link(self, silo: str, key: pa.Array, firm: Array, code: Array | None, name: Array | None, tag: str = "") -> None:
        """Note which enterprise a silo's own key truly stands for, and what is wrong with the code and name beside it."""
        rows = len(firm)
        clean = np.zeros(rows, dtype=np.int64)
        self.links.append(
            pa.table(
                {
                    "silo": pa.array([silo] * rows, pa.string()),
                    "source_key": key,
                    "true_id": pa.array(firm.astype(np.int64), mask=firm < 0),
                    "code_dirt": pick(dirt.CODE_KINDS, clean if code is None else code),
                    "name_dirt": pick(dirt.NAME_KINDS, clean if name is None else name),
                    "note": pa.array([tag] * rows, pa.string()),
                }
            )
        )

    def plant(self, silo: str, kind: str, firm: Array, value: pa.Array, month: Array | None = None) -> None:
        """Note something that was put where it must be caught."""
        rows = len(firm)
        self.planted.append(
            pa.table(
                {
                    "silo": pa.array([silo] * rows, pa.string()),
                    "kind": pa.array([kind] * rows, pa.string()),
                    "true_id": pa.array(firm.astype(np.int64)),
                    "month": pa.array(self.city.day(month) if month is not None else [None] * rows, pa.date32()),
                    "value": pc.cast(value, pa.string()),
                }
            )
        )

    def month_text(self, month: int, form: str = "{year}{month:02d}") -> str:
        """A month of the city as text."""
        index = int(self.city.start.astype(int)) + month
        return form.format(year=1970 + index // 12, month=index % 12 + 1)


def write_silos(city: City, folder: Path, until: np.datetime64) -> Books:
    """Write every silo as it stands at `until` (park time), under `folder`."""
    books = Books(city, folder, until)
    _write_registration(books)
    _write_tax(books)
    _write_employment(books)
    _write_leases(books)
    _write_utilities(books)
    _write_access(books)
    return books


def _months(values: Array) -> Array:
    return values.astype("datetime64[D]")


# ---- registration ---------------------------------------------------------------------------------------------------


def _write_registration(books: Books) -> None:
    """Records in every version that they ever had, and events; the API shows them as they stood at the moment asked for."""
    city, firm, text = books.city, books.city.firm, books.city.text
    rng = city.stream("register")
    listed = np.flatnonzero(firm["is_registered_here"])
    n = city.firms
    registered = city.day(firm["registered"], firm["registered_day"])
    moved_in = city.is_story("move_in")
    entered = np.where(moved_in, city.day(np.where(moved_in, firm["turn"], 0), 20), registered + 3)
    entered = entered.astype("datetime64[D]")
    # what changes a record, and the day on which it does
    changes = [
        firm["change_name"],
        firm["change_code"],
        firm["seat_leaves"],
        firm["cancelled"],
        firm["revoked"],
        firm["change_capital"],
    ]
    version_firm = [listed]
    version_date = [entered[listed]]
    entry_lag = rng.integers(2, 9, n)
    for months in changes:
        who = listed[(months[listed] < city.horizon)]
        version_firm.append(who)
        version_date.append(np.maximum(city.day(months[who], 27) + entry_lag[who], entered[who] + 1))
    who, when = np.concatenate(version_firm), np.concatenate(version_date)
    recorded = office_time(when, city.stream("register entry"))

    def since(months: Array) -> Array:
        return np.where(months[who] < NEVER, city.day(np.minimum(months[who], 1200), 27) + entry_lag[who] <= when, False)

    take = pa.array(who)

    def old_or_new(key: str, months: Array) -> pa.Array:
        return choose(since(months), text[f"{key}_1"].take(take), text[f"{key}_0"].take(take))

    renamed = since(firm["change_name"])
    cancelled, revoked = since(firm["cancelled"]), since(firm["revoked"])
    left = since(firm["seat_leaves"])
    state = np.select([cancelled, revoked, left], [3, 2, 4], 1)
    cancel_day = np.where(cancelled, city.day(np.minimum(firm["cancelled"][who], 1200), 27), np.datetime64("NaT"))
    parent = firm["partner"]
    is_branch = pc.is_valid(text["parent_name"]).to_numpy(zero_copy_only=False) & (parent >= 0)
    parent_code = choose(is_branch, text["uscc_0"].take(pa.array(np.maximum(parent, 0))), pa.nulls(n, pa.string()))
    records = pa.table(
        {
            "pripid": text["record_no"].take(take),
            "uniscid": old_or_new("uscc", firm["change_code"]),
            "regno": text["registration_no"].take(take),
            "entname": old_or_new("name", firm["change_name"]),
            "oldname": choose(renamed, text["name_0"].take(take), pa.nulls(len(who), pa.string())),
            "enttype": pick([kind for _, kind, _ in FORMS], firm["form"][who]),
            "parentcode": parent_code.take(take),
            "regstate": pc.cast(pa.array(state), pa.string()),
            "estdate": pc.cast(pa.array(registered[who]), pa.string()),
            "candate": pc.cast(pa.array(cancel_day.astype("datetime64[D]")), pa.string()),
            "regcap": old_or_new("capital", firm["change_capital"]),
            "industryco": pick([trade.code for trade in words.INDUSTRIES], firm["industry"][who]),
            "regorg": pc.utf8_slice_codeunits(text["uscc_1"].take(take), 2, 8),
            "dom": choose(left, text["seat_away"].take(take), text["seat_here"].take(take)),
            "lerep": text["legal_person"].take(take),
            "recorded": pa.array(recorded),
        }
    )
    _write_versions(books, "enterprises", records)
    books.link("registration", text["record_no"].take(pa.array(listed)), listed, None, None)

    event = city.event
    known = firm["is_registered_here"][event["firm"]]
    which = np.flatnonzero(known)
    take = pa.array(which)
    owner = pa.array(event["firm"][which])
    events = pa.table(
        {
            "eventno": join("BG", codes.to_text(codes.digits(event["number"][which].astype(np.int64) + 1, 9))),
            "pripid": text["record_no"].take(owner),
            "uniscid": choose(
                city.day(np.minimum(firm["change_code"][event["firm"][which]], 1200)) <= event["date"][which],
                text["uscc_1"].take(owner),
                text["uscc_0"].take(owner),
            ),
            "entname": text["name_0"].take(owner),
            "altitem": pick(EVENT_ITEMS, event["kind"][which]),
            "altdate": pc.cast(pa.array(event["date"][which]), pa.string()),
            "altbe": event["before"].take(take),
            "altaf": event["after"].take(take),
            "othercode": event["other"].take(take),
            "lerep": text["legal_person"].take(owner),
            "recorded": pa.array(event["recorded"][which]),
        }
    )
    _write_versions(books, "events", events)


# the register's own codes for what was changed, in the order of EVENT_KINDS
EVENT_ITEMS = ("01", "02", "03", "04", "21", "22", "23", "31", "41", "42", "91", "92")
assert len(EVENT_ITEMS) == len(EVENT_KINDS)


def _write_versions(books: Books, name: str, table: pa.Table) -> None:
    keys = [("recorded", "ascending"), (table.column_names[0], "ascending")]
    known = table.filter(pc.less(table["recorded"], pa.scalar(books.until, table["recorded"].type))).sort_by(keys)
    path = books.folder / "registration" / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(known, path)


# ---- tax ------------------------------------------------------------------------------------------------------------

_TAX_SCHEMA = """
create table 申报表 (
    申报序号 text primary key, 纳税人识别号 text not null, 纳税人名称 text, 征收项目 text not null,
    所属期起 text not null, 所属期止 text not null, 申报日期 text, 计税依据_分 integer, 应补退税额_分 integer,
    申报类型 text, 办税人 text, 办税人身份证号 text, 记录时间 timestamp not null
) without rowid;
create table 入库表 (
    税票号码 text primary key, 纳税人识别号 text not null, 纳税人名称 text, 征收项目 text not null,
    所属期起 text not null, 所属期止 text not null, 入库日期 text not null, 入库金额_分 integer not null,
    缴款类型 text, 办税人 text, 办税人身份证号 text, 记录时间 timestamp not null
) without rowid;
"""


@dataclass(frozen=True)
class _Taxpayers:
    """What the tax office knows of its taxpayers."""

    number: dirt.Written
    name: dirt.Written
    serial: pa.Array
    person: dict[str, pa.Array]
    is_always_late: Array


def _write_tax(books: Books) -> None:
    """The tax office's database: filings and payments, each row with the time of its recording; nothing is overwritten."""
    city = books.city
    path = books.folder / "tax" / "税务.sqlite"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    rates = {"lower_case": 0.012, "mistyped": 0.008, "legacy_tax_no": 0.05, "legacy_registration_no": 0.008}
    number = dirt.write_codes(city, "tax", rates, (0, 2))
    person = dirt.people(city, "tax")
    # some sole traders still file under the owner's identity number
    owner = (city.firm["form"] == SOLE_TRADER) & (city.stream("owner numbers").random(city.firms) < 0.2)
    owner[np.flatnonzero(city.firm["form"] == SOLE_TRADER)[:2]] = True
    number = dirt.Written(
        choose(owner, person["identity_no"], number.before),
        choose(owner, person["identity_no"], number.after),
        number.switch,
        np.where(owner, 0, number.kind),
    )
    payers = _Taxpayers(
        number,
        dirt.write_names(city, "tax", NAME_RATES | {"never_updated": 0.03, "no_city": 0.01}, (0, 3)),
        codes.to_text(codes.digits(city.stream("tax serials").permutation(city.firms).astype(np.int64), 7)),
        person,
        city.stream("late").random(city.firms) < 0.04,
    )
    here = np.flatnonzero(city.firm["is_registered_here"])
    plain, owners = here[~owner[here]], here[owner[here]]
    books.link("tax", number.before.take(pa.array(plain)), plain, number.kind[plain], payers.name.kind[plain])
    books.link("tax", number.before.take(pa.array(owners)), owners, None, payers.name.kind[owners], "identity_number")
    changed = here[city.firm["change_code"][here] < NEVER]
    books.link("tax", number.after.take(pa.array(changed)), changed, number.kind[changed], payers.name.kind[changed], "new_code")
    books.plant("tax", "identity_number_as_taxpayer_no", owners, number.before.take(pa.array(owners)))
    books.plant("tax", "identity_number_in_personal_column", here, person["identity_no"].take(pa.array(here)))
    with sqlite3.connect(path) as database:
        database.executescript("pragma journal_mode = off; pragma synchronous = off;" + _TAX_SCHEMA)
        for periods in tax_periods(city):
            for filing in _filings(books, periods, payers):
                _insert(database, "申报表", filing, books.until)
            for payment in _payments(books, periods, payers):
                _insert(database, "入库表", payment, books.until)
        database.commit()
        database.execute("create index 申报表_记录时间 on 申报表 (记录时间)")
        database.execute("create index 入库表_记录时间 on 入库表 (记录时间)")
    database.close()


def _insert(database: sqlite3.Connection, table: str, rows: pa.Table, until: np.datetime64) -> None:
    known = rows.filter(pc.less(rows["记录时间"], pa.scalar(until, rows["记录时间"].type)))
    if not known.num_rows:
        return
    at = pc.strftime(known["记录时间"], format="%Y-%m-%d %H:%M:%S")
    known = known.set_column(known.column_names.index("记录时间"), "记录时间", at)
    holes = ", ".join("?" * known.num_columns)
    columns = [column.to_pylist() for column in known.columns]
    database.executemany(f"insert into {table} values ({holes})", zip(*columns, strict=True))


def _due_date(city: City, periods: Periods, rng: np.random.Generator) -> Array:
    """The day a filing is made: within the first half of the month after; a yearly settlement until 31 May."""
    count = len(periods.firm)
    if periods.is_settlement:
        return city.day(np.full(count, periods.last_month + 3), 1) + rng.integers(0, 90, count)
    return city.day(np.full(count, periods.last_month + 1), 1) + rng.integers(2, 15, count)


def _prefix(city: City, periods: Periods) -> str:
    kind = list(TAX_KINDS).index(periods.kind)
    length = periods.last_month - periods.first_month + 1
    month = np.datetime_as_string(city.start + periods.last_month).replace("-", "")
    return f"{month}{kind}{length:02d}"


def _common(books: Books, periods: Periods, payers: _Taxpayers, serial: pa.Array, month: int, which: Array) -> dict[str, Any]:
    """The columns that filings and payments share, for the rows `which` of the period's firms."""
    city, firm = books.city, periods.firm[which]
    start, end = city.day(periods.first_month), city.day(periods.last_month + 1) - 1
    rows = len(firm)
    take = pa.array(firm)
    return {
        "serial": join(serial, payers.serial.take(take)),
        "纳税人识别号": payers.number.at(month, firm),
        "纳税人名称": payers.name.at(month, firm),
        "征收项目": pa.array([TAX_KINDS[periods.kind]] * rows, pa.string()),
        "所属期起": pa.array([str(start)] * rows, pa.string()),
        "所属期止": pa.array([str(end)] * rows, pa.string()),
    }


def _filings(books: Books, periods: Periods, payers: _Taxpayers) -> Iterator[pa.Table]:
    """The filings of one period, and the corrected ones, which come later under a number of their own."""
    city = books.city
    prefix = _prefix(city, periods)
    rng = city.stream(f"filings {prefix}{periods.is_settlement}")
    count = len(periods.firm)
    if not count:
        return
    due = _due_date(city, periods, rng)
    late = np.where(payers.is_always_late[periods.firm] | (rng.random(count) < 0.02), rng.integers(18, 75, count), 0)
    filed = due + late
    corrected = rng.random(count) < 0.015
    mistake = rng.choice([0.5, 0.9, 1.1, 10.0], count, p=[0.2, 0.35, 0.35, 0.1])
    first_due = np.where(corrected, np.rint(periods.due_fen * mistake), periods.due_fen).astype(np.int64)
    first_sales = np.where(corrected, np.rint(periods.sales_fen * mistake), periods.sales_fen).astype(np.int64)
    later = filed + rng.integers(20, 120, count)
    time_1, time_2 = office_time(filed, rng), office_time(later, rng)
    usual = "汇算清缴" if periods.is_settlement else "正常申报"
    for version, which, day, at, sales, tax, kind in (
        ("1", np.arange(count), filed, time_1, first_sales, first_due, usual),
        ("2", np.flatnonzero(corrected), later, time_2, periods.sales_fen, periods.due_fen, "更正申报"),
    ):
        common = _common(books, periods, payers, pa.scalar(f"S{prefix}{version}"), periods.last_month + 1, which)
        take = pa.array(periods.firm[which])
        yield pa.table(
            {
                "申报序号": common.pop("serial"),
                **common,
                "申报日期": pc.cast(pa.array(day[which]), pa.string()),
                "计税依据_分": pa.array(sales[which]),
                "应补退税额_分": pa.array(tax[which]),
                "申报类型": pa.array([kind] * len(which), pa.string()),
                "办税人": payers.person["name"].take(take),
                "办税人身份证号": payers.person["identity_no"].take(take),
                "记录时间": pa.array(at[which]),
            }
        )


def _payments(books: Books, periods: Periods, payers: _Taxpayers) -> Iterator[pa.Table]:
    """What came in for one period, some of it in two parts, and what was paid back."""
    city = books.city
    prefix = _prefix(city, periods)
    rng = city.stream(f"payments {prefix}{periods.is_settlement}")
    due = _due_date(city, periods, rng)
    count = len(periods.firm)
    split = (rng.random(count) < 0.02) & (periods.due_fen > 10_000)
    late = np.where(payers.is_always_late[periods.firm] | (rng.random(count) < 0.02), rng.integers(18, 75, count), 0)
    first = np.where(split, periods.due_fen // 2, periods.due_fen)
    paid_1 = due + late + rng.integers(0, 4, count)
    paid_2 = paid_1 + rng.integers(10, 40, count)
    time_1, time_2 = office_time(paid_1 + 1, rng), office_time(paid_2 + 1, rng)
    for version, which, day, at, amount in (
        ("1", np.flatnonzero(first != 0), paid_1, time_1, first),
        ("2", np.flatnonzero(split), paid_2, time_2, periods.due_fen - first),
    ):
        common = _common(books, periods, payers, pa.scalar(f"P{prefix}{version}"), periods.last_month + 1, which)
        take = pa.array(periods.firm[which])
        yield pa.table(
            {
                "税票号码": common.pop("serial"),
                **common,
                "入库日期": pc.cast(pa.array(day[which]), pa.string()),
                "入库金额_分": pa.array(amount[which]),
                "缴款类型": choose(amount[which] < 0, "退税", "汇算清缴" if periods.is_settlement else "正常缴款"),
                "办税人": payers.person["name"].take(take),
                "办税人身份证号": payers.person["identity_no"].take(take),
                "记录时间": pa.array(at[which]),
            }
        )


# ---- employment -----------------------------------------------------------------------------------------------------


def _with_thousands(numbers: Array, where: Array) -> pa.Array:
    """Whole numbers as text; from 1,000 up with a comma where asked."""
    text = pc.cast(pa.array(numbers), pa.string())
    comma = join(
        pc.replace_substring_regex(text, r"\d{3}$", ""),
        ",",
        pc.replace_substring_regex(text, r"^\d*(\d{3})$", r"\1"),
    )
    return choose(where & (np.abs(numbers) >= 1000) & (np.abs(numbers) < 1_000_000), comma, text)


def _yuan(fen: Array) -> pa.Array:
    """Amounts in fen as yuan with two decimals."""
    whole = pc.cast(pa.array(fen // 100), pa.string())
    return join(whole, ".", codes.to_text(codes.digits(fen % 100, 2)))


def _write_employment(books: Books) -> None:
    """Monthly files of insured staff: GB18030, a title, totals; one month zipped, one a spreadsheet; some months resent."""
    city = books.city
    insured, wages = city.month["insured_headcount"], city.month["wage_fen"]
    code = dirt.write_codes(city, "employment", CODE_RATES, (0, 4))
    name = dirt.write_names(city, "employment", NAME_RATES, (1, 6))
    address = dirt.write_addresses(city, "employment")
    person = dirt.people(city, "employment")
    # bigger employers may run two units
    rng = city.stream("units")
    two = city.firm["has_insured"] & (city.firm["base"] > 15) & (rng.random(city.firms) < 0.05)
    number = rng.permutation(city.firms * 2).astype(np.int64)
    unit_of = np.concatenate([np.arange(city.firms), np.flatnonzero(two)])
    is_second = np.arange(len(unit_of)) >= city.firms
    unit_no = join("10", codes.to_text(codes.digits(number[: len(unit_of)], 7)))
    ever = np.flatnonzero(insured.any(axis=1)[unit_of])
    books.link("employment", unit_no.take(pa.array(ever)), unit_of[ever], code.kind[unit_of[ever]], name.kind[unit_of[ever]])
    books.plant("employment", "phone_in_personal_column", unit_of[ever], person["phone"].take(pa.array(unit_of[ever])))

    for t in range(city.horizon):
        rng = city.stream(f"employment {t}")
        who = np.flatnonzero(insured[unit_of, t] > 0)
        firm = unit_of[who]
        part = insured[firm, t] // 4
        heads = np.where(is_second[who], part, insured[firm, t] - np.where(two[firm], part, 0))
        pay = np.where(is_second[who], wages[firm, t] // 4, wages[firm, t] - np.where(two[firm], wages[firm, t] // 4, 0))
        resent = t % 9 == 4
        wrong = resent & (rng.random(len(who)) < 0.03)
        absent = resent & (rng.random(len(who)) < 0.015)
        mistaken = np.where(wrong, heads + rng.integers(1, 9, len(who)), heads)
        entry = city.day(np.full(len(who), t + 1), 1) + rng.integers(0, 8, len(who))
        stamp = office_time(entry, rng)
        delivered = city.day(t + 1, 10).astype("datetime64[s]") + np.timedelta64(int(rng.integers(14, 19)) * 3600 + 600, "s")
        fixed = delivered + np.timedelta64(19, "D")
        label = books.month_text(t)
        for version, rows, values, at in (
            ("", np.flatnonzero(~absent), mistaken, delivered),
            ("_更正", np.arange(len(who)), heads, fixed),
        ):
            if version and not resent:
                continue
            take = pa.array(firm[rows])
            table = pa.table(
                {
                    "单位编号": unit_no.take(pa.array(who[rows])),
                    "单位名称": name.at(t, firm[rows]),
                    "统一社会信用代码": code.at(t, firm[rows]),
                    "单位地址": address.take(take),
                    "所属期": pa.array([label] * len(rows), pa.string()),
                    "参保人数": _with_thousands(values[rows], np.full(len(rows), t % 5 == 3)),
                    "缴费基数合计": _yuan(pay[rows]),
                    "经办人": person["name"].take(take),
                    "手机": person["phone"].take(take),
                    "受理时间": pc.strftime(pa.array(np.where(wrong, stamp + (fixed - stamp) // 2, stamp)[rows] if version else stamp[rows]), format="%Y-%m-%d %H:%M:%S"),
                }
            )
            title = f"{words.CITY}市社会保险局 {books.month_text(t, '{year}年{month}月')} 单位参保情况表"
            totals = ["合计", "", "", "", "", str(int(values[rows].sum())), "", "", "", ""]
            stem = f"参保_{label}{version}"
            kind = "correction" if version else "regular"
            _send_staff(books, t, stem, table, title, totals, at, kind)


def _send_staff(
    books: Books, t: int, stem: str, table: pa.Table, title: str, totals: list[str], at: np.datetime64, kind: str
) -> None:
    """One delivery of the social insurance bureau, in the form of its month."""
    folder = books.folder / "employment"
    if t == 11 and kind == "regular":
        if books.deliver("employment", f"{stem}.xlsx", t, at, kind):
            numbers = table.set_column(5, "参保人数", pc.cast(pc.replace_substring(table["参保人数"], ",", ""), pa.int64()))
            write_file(folder / f"{stem}.xlsx", xlsx_bytes(numbers, sheet="参保", titles=[title], totals=totals), at)
        return
    content = csv_bytes(table, encoding="gb18030", titles=[title], totals=totals)
    if t == 7 and kind == "regular":
        if books.deliver("employment", f"{stem}.zip", t, at, kind):
            write_file(folder / f"{stem}.zip", zip_bytes(f"{stem}.csv", content), at)
        return
    if books.deliver("employment", f"{stem}.csv", t, at, kind):
        write_file(folder / f"{stem}.csv", content, at)
    if t % 12 == 9 and kind == "regular":
        again = at + np.timedelta64(3, "D")
        if books.deliver("employment", f"{stem}(1).csv", t, again, "duplicate"):
            write_file(folder / f"{stem}(1).csv", content, again)


# ---- leases ---------------------------------------------------------------------------------------------------------


def _write_leases(books: Books) -> None:
    """The property office's whole register of leases, sent every month as a spreadsheet."""
    city, lease, text = books.city, books.city.lease, books.city.text
    code = dirt.write_codes(city, "lease", CODE_RATES | {"missing": 0.25}, (2, 9))
    name = dirt.write_names(city, "lease", NAME_RATES | {"short": 0.05}, (2, 9))
    address = dirt.write_addresses(city, "lease")
    person = dirt.people(city, "lease")
    rng = city.stream("tenants")
    tenant = join("KH", codes.to_text(codes.digits(rng.permutation(city.firms).astype(np.int64) + 1, 7)))
    lease_no = join("ZL", codes.to_text(codes.digits(rng.permutation(len(lease["firm"])).astype(np.int64) + 1, 8)))
    rents = np.unique(lease["firm"])
    books.link("lease", tenant.take(pa.array(rents)), rents, code.kind[rents], name.kind[rents])
    noted = rng.random(len(lease["firm"])) < 0.01
    noted[np.flatnonzero(lease["known"] < 0)[:3]] = True
    take = pa.array(lease["firm"])
    identity = person["identity_no"].take(take)
    remark = choose(noted, join("联系人", person["name"].take(take), "，身份证", identity), pa.nulls(len(noted), pa.string()))
    who = np.flatnonzero(noted)
    books.plant("lease", "identity_number_in_free_text", lease["firm"][who], identity.take(pa.array(who)))

    start = city.day(lease["start"])
    end = city.day(lease["end"]) - 1
    stop = city.day(np.minimum(lease["stop"], 1200)) - 1
    for t in range(city.horizon):
        at = city.day(t + 1, 1).astype("datetime64[s]") + np.timedelta64(8 * 3600 + 1800, "s")
        label = books.month_text(t)
        if not books.deliver("lease", f"租赁台账_{label}.xlsx", t, at, "regular"):
            continue
        rows = np.flatnonzero(lease["known"] <= t)
        rows = rows[np.argsort(lease["known"][rows], kind="stable")]
        take, owner = pa.array(rows), pa.array(lease["firm"][rows])
        stopped = (lease["stop"][rows] <= t + 1) & (lease["stop"][rows] < NEVER)
        table = pa.table(
            {
                "合同编号": lease_no.take(take),
                "客户编号": tenant.take(owner),
                "承租人": name.at(t, lease["firm"][rows]),
                "统一社会信用代码": code.at(t, lease["firm"][rows]),
                "楼栋": text["building_code"].take(owner),
                "房号": text["room"].take(owner),
                "地址": address.take(owner),
                "建筑面积(㎡)": pc.divide(pc.cast(pa.array(lease["area"][rows]), pa.float64()), 10.0),
                "起租日": pa.array(start[rows].astype("datetime64[D]"), pa.date32()),
                "到期日": pc.strftime(pa.array(end[rows].astype("datetime64[s]")), format="%Y年%m月%d日"),
                "退租日": pa.array(stop[rows].astype("datetime64[D]"), pa.date32(), mask=~stopped),
                "月租金(元)": pc.divide(pc.cast(pa.array(lease["rent"][rows]), pa.float64()), 100.0),
                "联系人": person["name"].take(owner),
                "联系电话": person["phone"].take(owner),
                "备注": remark.take(take),
            }
        )
        area = f"{lease['area'][rows].sum() / 10:.1f}"
        totals = ["合计", "", "", "", "", "", "", area, "", "", "", "", "", "", ""]
        titles = [f"{words.CITY}高新区产业园 租赁台账", f"截至{books.month_text(t, '{year}年{month}月')}末"]
        content = xlsx_bytes(table, sheet="租赁台账", titles=titles, totals=totals)
        write_file(books.folder / "lease" / f"租赁台账_{label}.xlsx", content, at)


# ---- utilities ------------------------------------------------------------------------------------------------------


def _write_utilities(books: Books) -> None:
    """Meter readings by month, as CSV in zips; one month is never delivered, and the park's own meters are among them."""
    city = books.city
    name = dirt.write_names(city, "utility", NAME_RATES | {"short": 0.08, "never_updated": 0.35}, (3, 12))
    address = dirt.write_addresses(city, "utility")
    rng = city.stream("accounts")
    account = join("8", codes.to_text(codes.digits(rng.permutation(city.firms).astype(np.int64) + 1, 8)))
    serial = rng.permutation(city.firms * 3).astype(np.int64) + 1
    metered = np.flatnonzero(city.month["electricity_tenth"].any(axis=1))
    books.link("utility", account.take(pa.array(metered)), metered, np.full(len(metered), 7), name.kind[metered])
    parks = max(2, city.firms // 60)  # lifts, lamps and pumps
    park_account = join("9", codes.to_text(codes.digits(np.arange(parks, dtype=np.int64) + 1, 8)))
    books.link("utility", park_account, np.full(parks, -1), np.full(parks, 7), None, "no_enterprise")
    kinds = (("electricity_tenth", "电", "D"), ("water_tenth", "水", "S"), ("gas_tenth", "燃气", "Q"))
    meters = [join(letter, codes.to_text(codes.digits(serial[i :: 3], 8))) for i, (_, _, letter) in enumerate(kinds)]
    gap = 20
    for t in range(city.horizon):
        rng = city.stream(f"utility {t}")
        late = 21 if t == 14 else 0
        at = city.day(t + 1, 5).astype("datetime64[s]") + np.timedelta64(9 * 3600 + late * 86_400, "s")
        label = books.month_text(t)
        kind = "gap" if t == gap else "late" if late else "regular"
        if not books.deliver("utility", f"抄表_{label}.zip", t, at, kind):
            continue
        parts = []
        for (key, word, _), meter in zip(kinds, meters, strict=True):
            who = np.flatnonzero(city.month[key][:, t] > 0)
            take = pa.array(who)
            used = pc.divide(pc.cast(pa.array(city.month[key][who, t]), pa.float64()), 10.0)
            parts.append(
                {
                    "户号": account.take(take),
                    "户名": name.at(t, who),
                    "用电地址": address.take(take),
                    "表号": meter.take(take),
                    "类别": pa.array([word] * len(who), pa.string()),
                    "用量": used,
                }
            )
        common = pc.round(pa.array(rng.uniform(2_000, 9_000, parks)), 1)
        parts.append(
            {
                "户号": park_account,
                "户名": pa.array(["园区公共用电"] * parks, pa.string()),
                "用电地址": pick([f"{words.CITY}市{words.DISTRICT}{road}" for road in words.ROADS], np.arange(parks) % 10),
                "表号": join("DG", codes.to_text(codes.digits(np.arange(parks, dtype=np.int64) + 1, 7))),
                "类别": pa.array(["电"] * parks, pa.string()),
                "用量": common,
            }
        )
        table = pa.concat_tables([pa.table(part) for part in parts])
        table = table.add_column(4, "抄表月份", pa.array([books.month_text(t, "{year}-{month:02d}")] * table.num_rows, pa.string()))
        content = csv_bytes(table, encoding="utf-8-sig")
        write_file(books.folder / "utility" / f"抄表_{label}.zip", zip_bytes(f"抄表_{label}.csv", content), at)


# ---- access ---------------------------------------------------------------------------------------------------------


def _write_access(books: Books) -> None:
    """What the gates counted: by the company's short name, as somebody typed it."""
    city = books.city
    name = dirt.short_names(city, (0, 14))
    for t in range(city.horizon):
        at = city.day(t + 1, 2).astype("datetime64[s]") + np.timedelta64(7 * 3600, "s")
        label = books.month_text(t)
        if not books.deliver("access", f"门禁_{label}.parquet", t, at, "regular"):
            continue
        who = np.flatnonzero(city.month["people_entry"][:, t] > 0)
        table = pa.table(
            {
                "单位简称": name.at(t, who),
                "楼栋": city.text["building_code"].take(pa.array(who)),
                "人员进出次数": pa.array(city.month["people_entry"][who, t], pa.int64()),
                "车辆进出次数": pa.array(city.month["vehicle_entry"][who, t], pa.int64()),
            }
        )
        # two firms under one short name are one to the gate
        table = table.group_by("单位简称", use_threads=False).aggregate(
            [("楼栋", "first"), ("人员进出次数", "sum"), ("车辆进出次数", "sum")]
        )
        table = table.rename_columns(["单位简称", "楼栋", "人员进出次数", "车辆进出次数"])
        table = table.add_column(2, "月份", pa.array([label] * table.num_rows, pa.string()))
        out = pa.BufferOutputStream()
        pq.write_table(table, out)
        write_file(books.folder / "access" / f"门禁_{label}.parquet", out.getvalue().to_pybytes(), at)
    who = np.flatnonzero(city.month["people_entry"].any(axis=1))
    for written, firms in ((name.before, who), (name.after, who[city.firm["change_name"][who] < NEVER])):
        books.link("access", written.take(pa.array(firms)), firms, np.full(len(firms), 7), name.kind[firms])


def clear(folder: Path) -> None:
    """Empty a folder of silos, so that nothing of another city stays in it."""
    for silo in SILOS:
        shutil.rmtree(folder / silo, ignore_errors=True)


def silo_folders(folder: Path) -> Sequence[Path]:
    """The folders of all silos."""
    return [folder / silo for silo in SILOS]
