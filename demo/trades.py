"""True trade between firms: the invoices behind both sides' ledgers, before any office loses one.

Relations are drawn first (seller, buyer, from when to when, how often, how much), then every relation's invoices. Trade inside the
park is drawn by what the sections buy of each other, by size, and by nearness (the same building). All amounts are fen without
VAT. Only the first TRADERS firms trade, so that a large city does not write millions of invoices.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from demo import codes, words
from demo.city import NEVER, Array, City, choose, join, pick
from demo.silos.books import same

TRADERS = 2_000
PERSONS = -1  # the party that all natural persons are
# the building's weight in purchases inside the park
NEAR = 4.0
# seller's section → how much buyers of other sections buy of it; a rough reading of an input-output table, not one
_SECTIONS = "CFGHIJKLMP"
_BUYS = {
    "C": (10, 6, 1, 3, 2, 0, 1, 1, 3, 1),
    "F": (6, 4, 1, 3, 2, 1, 1, 1, 2, 1),
    "G": (4, 5, 2, 1, 1, 0, 0, 1, 1, 0),
    "H": (1, 1, 1, 1, 2, 1, 1, 2, 1, 1),
    "I": (3, 2, 1, 1, 5, 3, 1, 2, 3, 2),
    "J": (2, 2, 1, 1, 1, 1, 1, 1, 1, 1),
    "K": (2, 1, 1, 2, 2, 1, 0, 2, 1, 1),
    "L": (3, 2, 1, 1, 3, 1, 1, 2, 2, 1),
    "M": (4, 1, 0, 1, 3, 0, 0, 1, 3, 1),
    "P": (1, 1, 0, 1, 1, 1, 0, 1, 1, 1),
}
# the first seven digits of 税收分类编码 that each trade sells under; two for most
_GOODS = {
    "I6513": ("3040201", "3040203"),
    "I6520": ("3040101", "1090511"),
    "I6450": ("3040202", "3040203"),
    "C3973": ("1090511", "1090512"),
    "C3921": ("1090506", "1090505"),
    "C3525": ("1080401", "1090131"),
    "C3670": ("1090305", "1090306"),
    "C3825": ("1090424", "1090402"),
    "C3311": ("1080405", "1080401"),
    "C2720": ("1070301", "1070302"),
    "C1499": ("1030201", "1030205"),
    "C2319": ("1060201", "1060105"),
    "F5199": ("1080207", "1070213"),
    "F5279": ("1090511", "1090508"),
    "G5990": ("3040407", "3010102"),
    "H6210": ("3070401", "3070402"),
    "K7020": ("3040801", "3040502"),
    "L7241": ("3040601", "3040602"),
    "L7251": ("3040301", "3040303"),
    "L7263": ("3040803", "3040804"),
    "L7291": ("3070301", "3040304"),
    "M7320": ("3040101", "3040104"),
    "M7452": ("3040602", "3040103"),
    "P8391": ("3070201", "3070202"),
    "J6621": ("3060101", "3060102"),
}
# sold by firms elsewhere alone: power, steel, plastics, glass, insurance
_ELSEWHERE = ("1100101", "1080201", "1070601", "1080103", "3060301")
GOODS = tuple(sorted({code for pair in _GOODS.values() for code in pair} | set(_ELSEWHERE)))
# who sells to persons too
_RETAIL = ("F5279", "H6210", "L7291", "P8391", "C1499")


@dataclass
class Trades:
    """The truth of all trade. Parties 0 to N-1 are the city's firms, those behind them firms elsewhere; PERSONS is everybody else.

    `relation` has a value per relation, `invoice` one per invoice, `party` one per firm elsewhere.
    """

    city: City
    relation: dict[str, Array] = field(default_factory=dict)
    invoice: dict[str, Array] = field(default_factory=dict)
    party: dict[str, pa.Array] = field(default_factory=dict)
    renamed: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))  # month, by firm elsewhere
    is_coded: Array = field(default_factory=lambda: np.zeros(0, dtype=bool))  # by firm elsewhere
    died: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))  # firms elsewhere that die
    died_month: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


KINDS = ("core", "one_month", "park", "group", "steady", "decoy", "merger", "persons")
CORE, ONE_MONTH, PARK, IN_GROUP, DEPENDENT, DECOY, MERGER, TO_PERSONS = range(len(KINDS))


def trades(city: City) -> Trades:
    """Draw all trade of a city."""
    found = Trades(city)
    here = np.flatnonzero(city.firm["is_registered_here"] & ~city.firm["is_virtual"])
    traders = here[:TRADERS]
    present = city.month["is_present"].sum(axis=1)
    size = city.month["sales_fen"].sum(axis=1) / np.maximum(present, 1)  # sales a month
    traders = traders[(present[traders] > 0) & (size[traders] > 0)]
    parts = [
        *_planted(found, traders, size),
        _park(found, traders, size),
        *_group(found, traders, size),
    ]
    busy = np.unique(np.concatenate([part["buyer"][part["kind"] == DEPENDENT] for part in parts]))
    parts += [_core(found, traders, size, side, busy) for side in ("sells", "buys")]
    parts += [_one_months(found, traders, size, side, busy) for side in ("sells", "buys")]
    parts.append(_to_persons(found, traders, size))
    relation = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    _draw_parties(found, relation)
    _kill_suppliers(found, relation)
    found.relation = relation
    _draw_invoices(found)
    return found


def _relations(
    kind: int, seller: Array, buyer: Array, begin: Array, end: Array, often: Array | float, fen: Array, goods: Array
) -> dict[str, Array]:
    rows = len(seller)
    whole = {"seller": seller, "buyer": buyer, "begin": begin, "end": end, "fen": fen, "goods": goods}
    return {name: np.asarray(value).astype(np.int64) for name, value in whole.items()} | {
        "often": np.broadcast_to(np.asarray(often, dtype=float), rows).copy(),
        "kind": np.full(rows, kind),
    }


def _industry_goods(industry: Array, which: Array) -> Array:
    table = np.array([[GOODS.index(code) for code in _GOODS[trade.code]] for trade in words.INDUSTRIES])
    return np.asarray(table[industry, which])


def _weights() -> Array:
    """How much an industry's firms are bought of by each industry's."""
    section = np.array([_SECTIONS.index(trade.code[0]) for trade in words.INDUSTRIES])
    table = np.array([_BUYS[letter] for letter in _SECTIONS], dtype=float)
    return np.asarray(table[np.ix_(section, section)])


def _spans(city: City, rng: np.random.Generator, firm: Array, hazard: float) -> tuple[Array, Array]:
    """From when to when relations last: some from before the history; each month some end."""
    rows = len(firm)
    arrive, gone = np.maximum(city.firm["arrive"][firm], 0), np.minimum(city.firm["gone"][firm], city.horizon)
    begin = arrive + np.where(rng.random(rows) < 0.6, 0, rng.integers(0, city.horizon, rows))
    return begin, np.minimum(begin + rng.geometric(hazard, rows), gone)


def _park(found: Trades, traders: Array, size: Array) -> dict[str, Array]:
    """Trade inside the park: by what sections buy of each other, size and nearness."""
    city, rng = found.city, found.city.stream("trade in the park")
    industry, building = city.firm["industry"], city.firm["building"]
    count = round(0.8 * len(traders))
    root = np.sqrt(size[traders])
    seller = traders[rng.choice(len(traders), count, p=root / root.sum())]
    table, buyer = _weights(), np.empty(count, dtype=np.int64)
    for row, one in enumerate(seller):
        weight = table[industry[one], industry[traders]] * root * np.where(building[traders] == building[one], NEAR, 1)
        weight[traders == one] = 0
        buyer[row] = traders[rng.choice(len(traders), p=weight / weight.sum())]
    _, first = np.unique(seller * city.firms + buyer, return_index=True)
    seller, buyer = seller[first], buyer[first]
    begin, end = _spans(city, rng, buyer, 1 / 30)
    share = rng.uniform(0.04, 0.2, len(seller))
    fen = share * np.minimum(size[seller], 0.6 * size[buyer])
    goods = _industry_goods(industry[seller], rng.integers(0, 2, len(seller)))
    return _relations(PARK, seller, buyer, begin, end, rng.uniform(0.3, 0.9, len(seller)), fen, goods)


def _group(found: Trades, traders: Array, size: Array) -> list[dict[str, Array]]:
    """Branches that buy most of their parent, and a parent that buys of its spin-off."""
    city, rng = found.city, found.city.stream("trade in groups")
    partner = city.firm["partner"]
    branch = np.intersect1d(np.flatnonzero(city.is_story("branch_new", "branch_old") & (partner >= 0)), traders)
    branch = branch[np.isin(partner[branch], traders)]
    begin, end = np.maximum(city.firm["arrive"][branch], 0), np.minimum(city.firm["gone"][branch], city.horizon)
    goods = _industry_goods(city.firm["industry"][partner[branch]], rng.integers(0, 2, len(branch)))
    return [_relations(IN_GROUP, partner[branch], branch, begin, end, 0.95, size[branch] * 0.8, goods)]


def _planted(found: Trades, traders: Array, size: Array) -> list[dict[str, Array]]:
    """Steady dependences, one large purchase that looks like one, and buyers of two sellers that merge."""
    city, rng = found.city, found.city.stream("trade planted")
    steady = np.intersect1d(np.flatnonzero(city.is_story("steady")), traders)
    steady = np.setdiff1d(steady, city.firm["partner"])
    steady = rng.permutation(steady[size[steady] > 3_000_000])
    count = max(4, len(steady) // 12)
    buyers, decoys = steady[:count], steady[count : 2 * count]
    parts = []
    no_one = np.full(count, -2)
    goods = rng.integers(0, len(GOODS), count)
    # two of three depend on a supplier, one of three on a customer
    suppliers, customers = buyers[: 2 * count // 3], buyers[2 * count // 3 :]
    for seller, buyer, firm in (
        (no_one[: len(suppliers)], suppliers, suppliers),
        (customers, no_one[: len(customers)], customers),
    ):
        fen = np.where(np.isin(firm, suppliers), 1.4, 2.2) * size[firm]
        parts.append(
            _relations(DEPENDENT, seller, buyer, 0 * firm, 0 * firm + city.horizon, 0.92, fen, goods[: len(firm)])
        )
    # one large purchase in the last year of the history
    begin = city.horizon - 7 - rng.integers(1, 11, count)
    fen = size[decoys] * 15
    parts.append(
        _relations(
            DECOY,
            no_one[: len(decoys)],
            decoys,
            begin[: len(decoys)],
            begin[: len(decoys)] + 1,
            1.0,
            fen,
            goods[: len(decoys)],
        )
    )
    gone = np.flatnonzero(city.is_story("absorbed"))
    gone = gone[np.isin(gone, traders) & np.isin(city.firm["partner"][gone], traders)]
    buyer = steady[2 * count : 2 * count + len(gone)]
    gone = gone[: len(buyer)]
    merged, until, into = city.firm["gone"][gone], 0 * gone + city.horizon, city.firm["partner"][gone]
    goods = _industry_goods(city.firm["industry"][into], 0 * into)
    parts.append(_relations(MERGER, gone, buyer, 0 * gone, merged, 0.97, size[buyer] * 0.75, goods))
    parts.append(_relations(MERGER, into, buyer, 0 * gone, merged, 0.97, size[buyer] * 0.75, goods))
    parts.append(_relations(MERGER, into, buyer, merged, until, 0.97, size[buyer] * 1.5, goods))
    return parts


def _core(found: Trades, traders: Array, size: Array, side: str, busy: Array) -> dict[str, Array]:
    """Steady partners elsewhere: one to four of each firm, of very different size."""
    city, rng = found.city, found.city.stream(f"trade core {side}")
    firm = np.repeat(traders, 2 + rng.poisson(5.0, len(traders)))
    rows = len(firm)
    weight = rng.lognormal(0, 0.7, rows)
    total = np.zeros(city.firms)
    np.add.at(total, firm, weight)
    begin, end = _spans(city, rng, firm, 1 / 24)
    fen = size[firm] * (0.75 if side == "sells" else 0.45) * weight / total[firm]
    fen = np.where(np.isin(firm, busy), fen * 0.3, fen)
    unknown = np.full(rows, -2 if side == "sells" else -3)
    industry = city.firm["industry"][firm]
    own = _industry_goods(industry, rng.integers(0, 2, rows))
    bought = np.where(
        rng.random(rows) < 0.25,
        rng.integers(0, len(_ELSEWHERE), rows) * 0 + _elsewhere(rng, rows),
        _bought_goods(rng, industry),
    )
    often = rng.beta(1.3, 1.9, rows)
    if side == "sells":
        return _relations(CORE, firm, unknown, begin, end, often, fen / 0.5, own)
    return _relations(CORE, unknown, firm, begin, end, often, fen / 0.5, bought)


def _elsewhere(rng: np.random.Generator, rows: int) -> Array:
    return np.array([GOODS.index(code) for code in _ELSEWHERE])[rng.integers(0, len(_ELSEWHERE), rows)]


def _bought_goods(rng: np.random.Generator, industry: Array) -> Array:
    """Goods of an industry that the buyer's industry buys of."""
    table = _weights()
    share = np.array([trade.weight for trade in words.INDUSTRIES])
    chance = table * share[:, None] + 1e-9
    chance = np.cumsum(chance / chance.sum(axis=0), axis=0)
    seller = np.minimum((rng.random(len(industry))[:, None] > chance[:, industry].T).sum(axis=1), len(share) - 1)
    return _industry_goods(seller, rng.integers(0, 2, len(industry)))


def _one_months(found: Trades, traders: Array, size: Array, side: str, busy: Array) -> dict[str, Array]:
    """Partners of one month."""
    city, rng = found.city, found.city.stream(f"trade once {side}")
    present = city.month["is_present"][traders]
    who, month = np.nonzero(present)
    times = rng.poisson(0.37, len(who))
    firm, month = np.repeat(traders[who], times), np.repeat(month, times)
    rows = len(firm)
    fen = size[firm] * (0.12 if side == "sells" else 0.07) * rng.lognormal(0, 0.8, rows)
    fen = np.where(np.isin(firm, busy), fen * 0.5, fen)
    unknown = np.full(rows, -2 if side == "sells" else -3)
    industry = city.firm["industry"][firm]
    if side == "sells":
        goods = _industry_goods(industry, rng.integers(0, 2, rows))
        return _relations(ONE_MONTH, firm, unknown, month, month + 1, 1.0, fen, goods)
    return _relations(ONE_MONTH, unknown, firm, month, month + 1, 1.0, fen, _bought_goods(rng, industry))


def _to_persons(found: Trades, traders: Array, size: Array) -> dict[str, Array]:
    """Who sells to persons as well."""
    city = found.city
    rng = city.stream("trade persons")
    retail = [number for number, trade in enumerate(words.INDUSTRIES) if trade.code in _RETAIL]
    firm = traders[np.isin(city.firm["industry"][traders], retail)]
    begin, end = np.maximum(city.firm["arrive"][firm], 0), np.minimum(city.firm["gone"][firm], city.horizon)
    goods = _industry_goods(city.firm["industry"][firm], rng.integers(0, 2, len(firm)))
    return _relations(TO_PERSONS, firm, np.full(len(firm), PERSONS), begin, end, 0.9, size[firm] * 0.2, goods)


def _draw_parties(found: Trades, relation: dict[str, Array]) -> None:
    """Give every relation with somebody elsewhere (-2, -3) a firm: steady ones share few, of the same goods; the rest are many."""
    city, rng = found.city, found.city.stream("trade parties")
    unknown = (relation["seller"] < PERSONS) | (relation["buyer"] < PERSONS)
    sells = relation["seller"] < PERSONS
    core = unknown & np.isin(relation["kind"], (CORE, DEPENDENT))
    goods = relation["goods"]
    party = np.full(len(goods), -1)
    # steady suppliers of the same goods are few: several tenants share one
    pool = max(2, round(0.08 * core.sum() / len(GOODS)))
    party[core & sells] = goods[core & sells] * pool + rng.integers(0, pool, int((core & sells).sum()))
    shared = len(GOODS) * pool
    rest = unknown & (party < 0)
    often = max(1, int(rest.sum() * 0.9))
    party[rest] = shared + rng.integers(0, often, int(rest.sum()))
    # the same firm once more is the same pair: it must not be drawn twice by one tenant
    used, number = np.unique(party[unknown], return_inverse=True)
    count = len(used)
    party[unknown] = number + city.firms
    relation["seller"] = np.where(sells, party, relation["seller"])
    relation["buyer"] = np.where(unknown & ~sells, party, relation["buyer"])
    first, second, third = (len(part) for part in (words.BRAND_FIRST, words.BRAND_SECOND, words.BRAND_THIRD))
    places, kinds = words.OTHER_CITIES, [word for trade in words.INDUSTRIES for word in trade.words]
    space = first * second * third * len(kinds) * len(places)
    taken = rng.choice(space, 2 * count, replace=False)
    place, taken = taken % len(places), taken // len(places)
    word, taken = taken % len(kinds), taken // len(kinds)
    brand = join(
        pick(words.BRAND_FIRST, taken // third // second),
        pick(words.BRAND_SECOND, taken // third % second),
        pick(words.BRAND_THIRD, taken % third),
    )
    name = join(pick(places, place), brand, pick(kinds, word), same("有限公司", 2 * count))
    serial = 91_000_000 + rng.permutation(8_900_000)[:count]
    area = codes.from_text(list(words.OTHER_DIVISIONS))[rng.integers(0, len(words.OTHER_DIVISIONS), count)]
    found.renamed = np.where(rng.random(count) < 0.03, rng.integers(3, city.horizon - 3, count), NEVER)
    found.is_coded = rng.random(count) >= 0.05
    found.party = {
        "name": name[:count],
        "later_name": choose(found.renamed < NEVER, name[count:], name[:count]),
        "uscc": codes.to_text(codes.uscc(codes.from_text(["91"] * count), area, codes.digits(serial, 8))),
    }


def _kill_suppliers(found: Trades, relation: dict[str, Array]) -> None:
    """Two suppliers elsewhere of three tenants or more die in the last third of the history."""
    city, rng = found.city, found.city.stream("trade deaths")
    core = (relation["kind"] == CORE) & (relation["seller"] >= city.firms)
    seller, buyers = np.unique(relation["seller"][core], return_counts=True)
    dying = rng.permutation(seller[buyers >= 3])[:2]
    month = city.horizon - 6 - rng.integers(6, 12, len(dying))
    for one, when in zip(dying, month, strict=True):
        which = relation["seller"] == one
        relation["end"] = np.where(which, np.minimum(relation["end"], when), relation["end"])
    found.died, found.died_month = dying, month


def _draw_invoices(found: Trades) -> None:
    """The invoices of every relation: when, how much, which are voided, and the red letters that come later."""
    city, relation, rng = found.city, found.relation, found.city.stream("trade invoices")
    long = np.maximum(relation["end"] - relation["begin"], 0)
    which = np.repeat(np.arange(len(long)), long)
    month = relation["begin"][which] + np.arange(len(which)) - np.repeat(np.cumsum(long) - long, long)
    seller, buyer = relation["seller"][which], relation["buyer"][which]
    present = city.month["is_present"]

    def is_there(party: Array) -> Array:
        inside = (party >= 0) & (party < city.firms)
        return np.asarray(~inside | present[np.where(inside, party, 0), month])

    # buyers of a supplier that died sell less one to three months later
    weak = np.ones((city.firms, city.horizon))
    for one, when in zip(found.died, found.died_month, strict=True):
        for firm in np.unique(relation["buyer"][(relation["seller"] == one) & (relation["kind"] == CORE)]):
            begin = when + 1 + int(rng.integers(0, 3))
            weak[firm, begin : begin + 8] = 0.5
    keep = (rng.random(len(which)) < relation["often"][which]) & is_there(seller) & is_there(buyer)
    which, month, seller = which[keep], month[keep], seller[keep]
    inside = (seller >= 0) & (seller < city.firms)
    scale = np.where(inside, weak[np.where(inside, seller, 0), month], 1)
    times = 1 + rng.poisson(0.12, len(which)) + np.where(relation["kind"][which] == TO_PERSONS, 1, 0)
    fen = np.rint(relation["fen"][which] * scale * rng.lognormal(0, 0.25, len(which)) / times)
    row = np.repeat(np.arange(len(which)), times)
    amount = np.maximum(np.rint(fen[row] * rng.uniform(0.8, 1.2, len(row))), 100).astype(np.int64)
    day = rng.integers(1, 28, len(row))
    void = rng.random(len(row)) < 0.06
    red = ~void & (rng.random(len(row)) < 0.03)
    later = rng.integers(0, 5, len(row))
    part = np.where(rng.random(len(row)) < 0.6, 1, rng.uniform(0.2, 0.9, len(row)))
    back = np.flatnonzero(red & (month[row] + later < city.horizon))
    found.invoice = {
        "relation": np.concatenate([which[row], which[row][back]]),
        "month": np.concatenate([month[row], (month[row] + later)[back]]),
        "day": np.concatenate([day, np.minimum(day[back] + 1, 28)]),
        "fen": np.concatenate([amount, -np.rint(amount[back] * part[back]).astype(np.int64)]),
        "is_void": np.concatenate([void, np.zeros(len(back), dtype=bool)]),
    }
