"""What every firm truly owes the tax office, period by period: the final figures behind all filings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from demo import words
from demo.city import BRANCH, PARTNERSHIP, SOLE_TRADER, Array, City

# canonical kind: what the tax office calls it
TAX_KINDS = {
    "vat": "增值税",
    "surcharge": "城市维护建设税及附加",
    "cit": "企业所得税",
    "iit": "个人所得税",
    "stamp": "印花税",
    "property": "房产税",
    "land_use": "城镇土地使用税",
}
EXEMPT_QUARTER_FEN = 300_000_00  # small-scale taxpayers below this owe no VAT


@dataclass(frozen=True)
class Periods:
    """What firms owe for one kind of tax and one period: parallel arrays over `firm`. Months are indices, inclusive."""

    kind: str
    first_month: int
    last_month: int
    is_settlement: bool
    firm: Array
    sales_fen: Array
    due_fen: Array
    paid_fen: Array  # what is ever paid of it
    is_troubled: Array  # about to leave, and slow to pay


def exporters(city: City) -> Array:
    """Who exports, by firm."""
    return _owners(city)[2]


def _owners(city: City) -> tuple[Array, Array, Array]:
    """Who owns property and land that is taxed, what they owe for half a year (fen), and who exports."""
    n, firm = city.firms, city.firm
    payer = firm["is_registered_here"]
    rng = city.stream("property")
    owns = payer & (rng.random(n) < 0.12) & ~firm["is_virtual"] & (firm["base"] > 10)
    owned_fen = np.rint(firm["base"] * 380 * rng.lognormal(0, 0.3, n) * 100)
    is_general = ~(firm["is_small_taxpayer"] | firm["is_virtual"])
    exports = payer & is_general & np.isin(firm["industry"], [3, 4, 6, 7, 12]) & (rng.random(n) < 0.25)
    return owns, owned_fen, exports


def tax_periods(city: City) -> Iterator[Periods]:
    """Every tax period of the horizon that is whole, in the order in which it ends."""
    n, horizon, firm = city.firms, city.horizon, city.firm
    industry = firm["industry"]
    payer = firm["is_registered_here"]
    small = firm["is_small_taxpayer"] | firm["is_virtual"]
    vat_rate = np.array([trade.vat for trade in words.INDUSTRIES])[industry] * city.stream("vat").lognormal(0, 0.15, n)
    iit_rate = city.stream("iit").uniform(0.004, 0.045, n)
    margin = city.stream("margin").lognormal(np.log(0.07), 0.5, n)
    cit_rate = margin * np.where(firm["base"] < 100, 0.05, 0.25)
    pays_cit = payer & ~np.isin(firm["form"], [PARTNERSHIP, SOLE_TRADER, BRANCH])
    owns, owned_fen, exports = _owners(city)
    # exporters get more VAT back than they owe
    vat_rate = np.where(exports, -0.4 * vat_rate, vat_rate)

    fails, leaves = city.is_story("death", "revoked"), city.is_story("death", "revoked", "move_out")
    sales, wages, present = city.month["sales_fen"], city.month["wage_fen"], city.month["is_present"]
    calendar = (city.start.astype(int) + np.arange(horizon)) % 12  # 0 is January

    def block(kind: str, first: int, last: int, who: Array, due: Array, is_settlement: bool = False) -> Periods:
        total = sales[who, first : last + 1].sum(axis=1)
        owed = np.rint(due[who]).astype(np.int64)
        end = firm["gone"][who]
        # who dies leaves the last two months unpaid
        unpaid = fails[who] & (last >= end - 2)
        return Periods(
            kind,
            first,
            last,
            is_settlement,
            who,
            total,
            owed,
            np.where(unpaid, 0, owed),
            leaves[who] & (last >= end - 7),
        )

    prepaid = np.zeros(n)
    for last in range(horizon):
        month_noise = city.stream(f"vat {last}").lognormal(0, 0.12, n)
        files = payer & present[:, last] & ~small
        vat = np.rint(sales[:, last] * vat_rate * month_noise)
        yield block("vat", last, last, np.flatnonzero(files), vat)
        yield block("surcharge", last, last, np.flatnonzero(files & (vat > 0)), vat * 0.12)
        insures = payer & (city.month["insured_headcount"][:, last] > 0)
        yield block("iit", last, last, np.flatnonzero(insures), wages[:, last] * iit_rate)
        if calendar[last] % 3 == 2 and last >= 2:
            quarter = slice(last - 2, last + 1)
            was_here = payer & present[:, quarter].any(axis=1)
            turnover = sales[:, quarter].sum(axis=1)
            vat = np.where(turnover > EXEMPT_QUARTER_FEN, np.rint(turnover * 0.01), 0)
            yield block("vat", last - 2, last, np.flatnonzero(was_here & small), vat)
            yield block("surcharge", last - 2, last, np.flatnonzero(was_here & small & (vat > 0)), vat * 0.06)
            advance = np.rint(turnover * cit_rate)
            prepaid += np.where(pays_cit & was_here, advance, 0)
            yield block("cit", last - 2, last, np.flatnonzero(was_here & pays_cit), advance)
            yield block("stamp", last - 2, last, np.flatnonzero(was_here & (turnover > 0)), turnover * 0.0003)
        if calendar[last] in (5, 11) and last >= 5:
            half = owns & present[:, last - 5 : last + 1].all(axis=1)
            yield block("property", last - 5, last, np.flatnonzero(half), owned_fen)
            yield block("land_use", last - 5, last, np.flatnonzero(half), owned_fen * 0.2)
        if calendar[last] == 11:
            if last >= 11:
                # the year's profit turns out higher or lower than the quarters said: more to pay, or a refund
                year = pays_cit & present[:, last - 11 : last + 1].any(axis=1) & present[:, last]
                truth = prepaid * city.stream(f"settlement {last}").lognormal(0.02, 0.12, n)
                yield block("cit", last - 11, last, np.flatnonzero(year), truth - prepaid, is_settlement=True)
            prepaid[:] = 0
