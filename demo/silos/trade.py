"""The tax office's invoices: each one twice, in the seller's ledger and in the buyer's, of which one may be missing or late."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo import dirt
from demo.city import Array, City, choose, join, office_time, pick
from demo.silos.books import Books, numbered, same
from demo.trades import GOODS, PERSONS, Trades, trades

_SCHEMA = """
create table 发票 (
    发票号码 text not null, 方向 text not null, 本方税号 text not null, 本方名称 text, 对方税号 text, 对方名称 text,
    开票日期 text not null, 税收分类编码 text, 金额_分 integer not null, 发票状态 text not null, 开票人 text,
    记录时间 timestamp not null
);
"""
SIDES = ("销项", "进项")
# what is planted between the two sides of one pair in one month
DIFFERENCES = ("buyer_missing", "seller_missing", "amount")


@dataclass(frozen=True)
class Ledgers:
    """Both sides of all invoices: what each of the two ledgers has of it, and when it was recorded there."""

    trades: Trades
    seller: Array  # party of each invoice
    buyer: Array
    difference: Array  # position in DIFFERENCES of the pair and month, -1: none
    is_in: Array  # 2 × invoices: whether the ledger of that side has it
    fen: Array  # 2 × invoices: as that side states it
    recorded: Array  # 2 × invoices: the moment


def ledgers(city: City) -> Ledgers:
    """What either side's ledger has of every invoice."""
    if "ledgers" not in city.drawn:
        city.drawn["ledgers"] = _draw_ledgers(city)
    drawn: Ledgers = city.drawn["ledgers"]
    return drawn


def _draw_ledgers(city: City) -> Ledgers:
    found = trades(city)
    invoice, relation = found.invoice, found.relation
    seller, buyer = relation["seller"][invoice["relation"]], relation["buyer"][invoice["relation"]]
    month, rows = invoice["month"], len(invoice["month"])
    inside = [(party >= 0) & (party < city.firms) for party in (seller, buyer)]
    # whole months of pairs in the park that one side lacks, or states otherwise
    rng = city.stream("trade differences")
    pair = np.where(inside[0] & inside[1], (seller * city.firms + buyer) * city.horizon + month, -1)
    pairs, number = np.unique(pair, return_inverse=True)
    kind = rng.choice(len(DIFFERENCES) + 1, len(pairs), p=[0.03, 0.01, 0.03, 0.93])
    kind = np.where((kind == len(DIFFERENCES)) | (pairs < 0), -1, kind)
    difference = kind[number]
    first = np.zeros(rows, dtype=bool)
    # the amount is another on one valid invoice of the month
    valid = np.flatnonzero(~invoice["is_void"])
    _, at = np.unique(number[valid], return_index=True)
    first[valid[at]] = True
    differs = first & (difference == DIFFERENCES.index("amount"))
    difference = np.where(
        (difference == DIFFERENCES.index("amount")) & ~np.isin(number, number[differs]), -1, difference
    )
    fen = np.vstack([invoice["fen"], invoice["fen"] - np.where(differs, rng.integers(100, 100_000, rows), 0)])
    is_in = np.vstack(
        [
            inside[0] & (difference != DIFFERENCES.index("seller_missing")),
            inside[1] & (difference != DIFFERENCES.index("buyer_missing")),
        ]
    )
    # some firms' ledgers of a month are recorded five weeks late
    late = city.stream("trade late").random((city.firms, city.horizon)) < 0.02
    date = city.day(month, invoice["day"] + 1)
    recorded = [
        office_time(
            date + 1 + np.where(late[np.where(there, party, 0), month], 40, 0), city.stream(f"trade recorded {side}")
        )
        for side, party, there in zip(SIDES, (seller, buyer), inside, strict=True)
    ]
    return Ledgers(found, seller, buyer, difference, is_in, fen, np.vstack(recorded))


def write(books: Books) -> None:
    """Write 发票.sqlite with every row recorded before `until`."""
    city, both = books.city, ledgers(books.city)
    persons = dirt.people(city, "trade")
    path = books.folder / "trade" / "发票.sqlite"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    database = sqlite3.connect(path)
    database.executescript("pragma journal_mode = off; pragma synchronous = off;" + _SCHEMA)
    for side in (0, 1):
        table = books.known(_ledger(city, both, side, persons), "记录时间")
        at = pc.cast(pc.cast(table["记录时间"], pa.timestamp("s")), pa.string())
        table = table.set_column(table.column_names.index("记录时间"), "记录时间", at)
        holes = ", ".join("?" * table.num_columns)
        columns = [column.to_pylist() for column in table.columns]
        database.executemany(f"insert into 发票 values ({holes})", zip(*columns, strict=True))
    database.commit()
    database.close()
    books.written.add(path)
    here = np.flatnonzero(city.firm["is_registered_here"])
    books.plant("trade", "identity_number_as_partner_code", here, persons["identity_no"].take(pa.array(here)))
    books.plant("trade", "person_name_as_partner", here, persons["name"].take(pa.array(here)))


def _ledger(city: City, both: Ledgers, side: int, persons: dict[str, pa.Array]) -> pa.Table:
    invoice, which = both.trades.invoice, np.flatnonzero(both.is_in[side])
    own, other = (both.seller, both.buyer) if side == 0 else (both.buyer, both.seller)
    own, other, month = own[which], other[which], invoice["month"][which]
    code, name = _written(city, both.trades, other, month)
    own_code, own_name = _written(city, both.trades, own, month)
    # natural persons: some with their identity number, some with their name alone, some as 个人
    rng = city.stream(f"trade names {SIDES[side]}")
    style, who = rng.integers(0, 3, len(which)), pa.array(np.arange(len(which)) * 7 % city.firms)
    is_person = other == PERSONS
    code = choose(is_person & (style == 0), persons["identity_no"].take(who), code)
    name = choose(is_person, choose(style == 2, "个人", persons["name"].take(who)), name)
    # some ledgers never have a partner's code: decided by the pair
    relation = both.trades.relation
    lacks = city.stream(f"trade codes {SIDES[side]}").random(len(relation["seller"])) < 0.02
    elsewhere = other >= city.firms
    is_coded = np.ones(len(which), dtype=bool)
    is_coded[elsewhere] = both.trades.is_coded[other[elsewhere] - city.firms]
    missing = ~is_person & (~is_coded | lacks[invoice["relation"][which]])
    goods = pick(GOODS, relation["goods"][invoice["relation"][which]])
    # invoices of before the codes came have none
    goods = choose(
        rng.random(len(which)) < 0.01, pa.nulls(len(which), pa.string()), join(goods, same("0" * 12, len(which)))
    )
    fen = both.fen[side][which]
    return pa.table(
        {
            "发票号码": numbered("", which + 1, 9),
            "方向": same(SIDES[side], len(which)),
            "本方税号": own_code,
            "本方名称": own_name,
            "对方税号": choose(missing, pa.nulls(len(which), pa.string()), code),
            "对方名称": name,
            "开票日期": pc.cast(pa.array(city.day(month, invoice["day"][which])), pa.string()),
            "税收分类编码": goods,
            "金额_分": pa.array(fen),
            "发票状态": pick(("正常", "作废", "红字"), np.where(invoice["is_void"][which], 1, np.where(fen < 0, 2, 0))),
            "开票人": persons["name"].take(pa.array(np.where(own < city.firms, own, 0))),
            "记录时间": pa.array(both.recorded[side][which]),
        }
    )


def _written(city: City, found: Trades, party: Array, month: Array) -> tuple[pa.Array, pa.Array]:
    """Code and name of each party as written in that month: of persons none."""
    firm, text = city.firm, city.text
    inside, elsewhere = (party >= 0) & (party < city.firms), party >= city.firms
    where = np.where(inside, party, 0)
    take, away = pa.array(where), pa.array(np.where(elsewhere, party - city.firms, 0))
    is_new = np.asarray(firm["change_code"][where] <= month)
    code = choose(is_new, text["uscc_1"].take(take), text["uscc_0"].take(take))
    is_new = np.asarray(firm["change_name"][where] <= month)
    name = choose(is_new, text["name_1"].take(take), text["name_0"].take(take))
    is_new = found.renamed[np.where(elsewhere, party - city.firms, 0)] <= month
    their_name = choose(is_new, found.party["later_name"].take(away), found.party["name"].take(away))
    code = choose(elsewhere, found.party["uscc"].take(away), choose(inside, code, pa.nulls(len(party), pa.string())))
    return code, choose(elsewhere, their_name, choose(inside, name, pa.nulls(len(party), pa.string())))
