"""The property company's lease book: the whole register of leases, sent on the first of every month."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo import dirt, words
from demo.city import NEVER, SECOND_SPACE, Array, City, building_codes, choose, join
from demo.files import csv_bytes, zip_bytes
from demo.silos.books import CODE_RATES, LARGEST_SHEET, NAME_RATES, Books, identities, numbered, with_decimals
from demo.spreadsheet import xlsx_bytes


@dataclass(frozen=True)
class _Tenants:
    """What the property company knows of its tenants."""

    number: pa.Array
    code: dirt.Written
    name: dirt.Written
    address: pa.Array


def write(books: Books) -> None:
    """Write the registers delivered before `until`: 租赁台账_YYYYMM.xlsx, ended leases included."""
    city, lease, text = books.city, books.city.lease, books.city.text
    rng = city.stream("tenants")
    tenants = _tenants(city, rng)
    tenant, code, name, address = tenants.number, tenants.code, tenants.name, tenants.address
    person = dirt.people(city, "lease")
    lease_no = numbered("ZL", rng.permutation(len(lease["firm"])) + 1, 8)
    rents = np.unique(lease["firm"])
    books.link("lease", known(city, tenants))

    noted = rng.random(len(lease["firm"])) < 0.01
    noted[np.flatnonzero(lease["known"] < 0)[:3]] = True
    take, who = pa.array(lease["firm"]), np.flatnonzero(noted)
    identity = person["identity_no"].take(take)
    remark = join("实际承租人身份证", identity)
    remark = choose(noted, remark, pa.nulls(len(noted), pa.string()))
    books.plant("lease", "identity_number_in_free_text", lease["firm"][who], identity.take(pa.array(who)))
    books.plant("lease", "phone_in_personal_column", rents, person["phone"].take(pa.array(rents)))
    # no code is an empty cell, or a sign that says so
    blank = rng.choice(3, city.firms, p=[0.6, 0.25, 0.15])

    start, end = city.day(lease["start"]), city.day(lease["end"]) - 1
    stop = city.day(np.minimum(lease["stop"], 1200)) - 1
    # a third of the dates were typed as text, some survive only as a spreadsheet's day number
    style = rng.integers(0, 6, len(start))
    day_number = pc.cast(pa.array((end - np.datetime64("1899-12-30")).astype(np.int64)), pa.string())
    months = end.astype("datetime64[M]")
    in_words = join(
        pc.cast(pa.array(end.astype("datetime64[Y]").astype(np.int64) + 1970), pa.string()),
        "年",
        pc.cast(pa.array(months.astype(np.int64) % 12 + 1), pa.string()),
        "月",
        pc.cast(pa.array((end - months.astype("datetime64[D]")).astype(np.int64) + 1), pa.string()),
        "日",
    )
    end_text = choose(style < 3, pc.cast(pa.array(end), pa.string()), choose(style < 5, in_words, day_number))

    for t in range(city.horizon):
        at = books.moment(t + 1, 1, 8, 30)
        rows = np.flatnonzero(lease["known"] <= t)
        rows = rows[np.argsort(lease["known"][rows], kind="stable")]
        is_sheet = len(rows) <= LARGEST_SHEET
        stem = f"租赁台账_{books.month_text(t)}"
        label = f"{stem}.xlsx" if is_sheet else f"{stem}.zip"
        if not books.deliver("lease", label, t, at, "regular"):
            continue
        owners = lease["firm"][rows]
        take, owner = pa.array(rows), pa.array(owners)
        has_stopped = (lease["stop"][rows] <= t + 1) & (lease["stop"][rows] < NEVER)
        written = code.at(t, owners)
        written = pc.if_else(
            pc.is_null(written), choose(blank[owners] == 1, "无", choose(blank[owners] == 2, "/", written)), written
        )
        area, rent = lease["area"][rows], lease["rent"][rows]
        table = pa.table(
            {
                "合同编号": lease_no.take(take),
                "客户编号": tenant.take(owner),
                "承租人": name.at(t, owners),
                "统一社会信用代码": written,
                "楼栋": building_codes(lease["building"][rows]),
                # a second space is another room: next door
                "房号": choose(
                    lease["round"][rows] == SECOND_SPACE, join(text["room"].take(owner), "A"), text["room"].take(owner)
                ),
                "地址": address.take(owner),
                "建筑面积(㎡)": _number(area * 10, is_sheet),
                "起租日": pa.array(start[rows], pa.date32()),
                "到期日": end_text.take(take),
                "退租日": pa.array(stop[rows], pa.date32(), mask=~has_stopped),
                "月租金(元)": _number(rent, is_sheet),
                "联系人": person["name"].take(owner),
                "联系电话": person["phone"].take(owner),
                "备注": remark.take(take),
            }
        )
        totals = [
            "合计",
            "",
            "",
            "",
            "",
            "",
            "",
            f"{area.sum() / 10:.1f}",
            "",
            "",
            "",
            f"{rent.sum() / 100:.2f}",
            "",
            "",
            "",
        ]
        titles = [f"{words.CITY}高新区产业园租赁台账", f"截至{books.month_text(t, '{year}年{month}月')}末"]
        if is_sheet:
            content = xlsx_bytes(table, sheet="租赁台账", titles=titles, totals=totals)
        else:
            content = zip_bytes(f"{stem}.csv", csv_bytes(table, encoding="utf-8-sig", titles=titles, totals=totals))
        books.file("lease", label, content, at)


def known(city: City, tenants: _Tenants | None = None) -> pa.Table:
    """The tenants that the lease book knows: a number each; those who are gone stay in the register of leases."""
    tenants = tenants or _tenants(city, city.stream("tenants"))
    rents = np.unique(city.lease["firm"])
    take, last = pa.array(rents), np.full(len(rents), city.horizon - 1)
    return identities(
        tenants.number.take(take),
        rents,
        last,
        code=tenants.code.at(last, rents),
        name=tenants.name.at(last, rents),
        address=tenants.address.take(take),
        building_code=city.text["building_code"].take(take),
        code_dirt=tenants.code.kind[rents],
        name_dirt=tenants.name.kind[rents],
    )


def _tenants(city: City, rng: np.random.Generator) -> _Tenants:
    return _Tenants(
        numbered("KH", rng.permutation(city.firms) + 1, 7),
        dirt.write_codes(city, "lease", CODE_RATES | {"missing": 0.25}, (2, 9)),
        dirt.write_names(city, "lease", NAME_RATES | {"short": 0.05}, (2, 9)),
        dirt.write_addresses(city, "lease"),
    )


def _number(hundredths: Array, is_cell: bool) -> pa.Array:
    """Numbers as a spreadsheet's cells hold them (floating point), or as text."""
    if is_cell:
        return pc.divide(pc.cast(pa.array(hundredths), pa.float64()), 100.0)
    return with_decimals(hundredths)
