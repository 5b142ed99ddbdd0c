"""The property company's meter book: electricity, water and gas by meter and month, as CSV in zips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo import dirt, words
from demo.city import Array, City, choose, join, pick
from demo.files import csv_bytes, zip_bytes
from demo.silos.books import NAME_RATES, Books, identities, last_month, numbered, same

# months of the history with a book that never came, or came three weeks late
MISSING_MONTH, LATE_MONTH = 20, 14
# truth's matrix, the meter book's word, first letter of its meters
KINDS = (("electricity_tenth", "电", "D"), ("water_tenth", "水", "S"), ("gas_tenth", "燃气", "Q"))


@dataclass(frozen=True)
class _Accounts:
    """The firms that the property company reads meters for."""

    number: pa.Array  # by firm
    meters: list[pa.Array]  # by kind and firm
    name: dirt.Written
    address: pa.Array
    # lifts, lamps and pumps belong to no enterprise
    park_number: pa.Array
    park_name: pa.Array
    park_address: pa.Array


def write(books: Books) -> None:
    """Write the meter books delivered before `until`: 抄表_YYYYMM.zip."""
    city = books.city
    accounts = _accounts(city)
    account, meters, name, address = accounts.number, accounts.meters, accounts.name, accounts.address
    books.link("utility", known(city, accounts))
    parks = len(accounts.park_number)
    broken = _broken(books)

    for t in range(city.horizon):
        label = f"抄表_{books.month_text(t)}"
        at = books.moment(t + 1, 26 if t == LATE_MONTH else 5, 9)
        kind = {MISSING_MONTH: "gap", LATE_MONTH: "late"}.get(t, "regular")
        if not books.deliver("utility", f"{label}.zip", t, at, kind):
            continue
        parts = []
        for (key, word, _), meter in zip(KINDS, meters, strict=True):
            who = np.flatnonzero(city.month[key][:, t] > 0)
            take = pa.array(who)
            parts.append(
                {
                    "户号": account.take(take),
                    "户名": name.at(t, who),
                    "用电地址": address.take(take),
                    "表号": meter.take(take),
                    "类别": same(word, len(who)),
                    "用量": _used(city.month[key][who, t], broken[key][who, t]),
                }
            )
        parts.append(
            {
                "户号": accounts.park_number,
                "户名": accounts.park_name,
                "用电地址": accounts.park_address,
                "表号": numbered("DG", np.arange(parks) + 1, 7),
                "类别": same("电", parks),
                "用量": _used(city.stream(f"utility {t}").integers(20_000, 90_000, parks), np.zeros(parks, dtype=bool)),
            }
        )
        table = pa.concat_tables([pa.table(part) for part in parts])
        month = same(books.month_text(t, "{year}-{month:02d}"), table.num_rows)
        table = table.add_column(4, "抄表月份", month)
        content = zip_bytes(f"{label}.csv", csv_bytes(table, encoding="utf-8-sig"))
        books.file("utility", f"{label}.zip", content, at)


def known(city: City, accounts: _Accounts | None = None) -> pa.Table:
    """The accounts that the meter book knows: an account each, and the park's own accounts."""
    accounts = accounts or _accounts(city)
    last = last_month(city.month["electricity_tenth"] > 0)
    who = np.flatnonzero(last >= 0)
    take = pa.array(who)
    firms = identities(
        accounts.number.take(take),
        who,
        last[who],
        name=accounts.name.at(last[who], who),
        address=accounts.address.take(take),
        code_dirt="missing",
        name_dirt=accounts.name.kind[who],
    )
    parks = len(accounts.park_number)
    park = identities(
        accounts.park_number,
        np.full(parks, -1),
        np.full(parks, city.horizon - 1),
        name=accounts.park_name,
        address=accounts.park_address,
        code_dirt="missing",
        name_dirt="clean",
        note="no_enterprise",
    )
    return pa.concat_tables([firms, park])


def _accounts(city: City) -> _Accounts:
    name = dirt.write_names(
        city, "utility", NAME_RATES | {"short": 0.08, "never_updated": 0.35, "former": 0.3}, (3, 12)
    )
    address = dirt.write_addresses(city, "utility")
    rng = city.stream("accounts")
    number = numbered("8", rng.permutation(city.firms) + 1, 8)
    serial = rng.permutation(city.firms * 3) + 1
    meters = [numbered(letter, serial[i::3], 8) for i, (_, _, letter) in enumerate(KINDS)]
    parks = max(2, city.firms // 60)
    roads = [f"{words.CITY}市{words.DISTRICT}{road}" for road in words.ROADS]
    return _Accounts(
        number,
        meters,
        name,
        address,
        numbered("9", np.arange(parks) + 1, 8),
        same("园区公共用电", parks),
        pick(roads, np.arange(parks) % len(roads)),
    )


def _broken(books: Books) -> dict[str, Array]:
    """Where a meter was broken and somebody wrote that in the number's place."""
    city = books.city
    found = {}
    for key, _, _ in KINDS:
        rng = city.stream(f"broken {key}")
        used = city.month[key] > 0
        found[key] = np.zeros_like(used)
        metered = np.flatnonzero(used.all(axis=1))
        who = rng.permutation(metered)[: max(1, city.firms // 200)]
        when = rng.integers(2, city.horizon - 6, len(who))
        found[key][who, when] = True
        books.plant("utility", f"unreadable_{key.removesuffix('_tenth')}", who, pa.array(["表坏"] * len(who)), when)
    return found


def _used(tenths: Array, is_broken: Array) -> pa.Array:
    """A meter's use with one decimal, or the word for a broken one."""
    whole, rest = pc.cast(pa.array(tenths // 10), pa.string()), pc.cast(pa.array(tenths % 10), pa.string())
    return choose(is_broken, "表坏", join(whole, ".", rest))
