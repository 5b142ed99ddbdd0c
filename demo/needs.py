"""What the firms of the demo city need and what is offered to them: the truth behind the service desk's books.

A firm that grows needs staff, space or power; it states that months later or never (implied). Others state what they need. Some
needs are mistaken and are taken back (false). Offers come from tenants and from services outside; the same kinds hold for both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from demo import codes, words
from demo.city import BRANCH, Array, City, building_codes, join, pick

# kind as the system codes it, the desk's word, unit code, the desk's word for the unit, usual quantity, share of needs, of offers,
# whether a quantity is stated, whether it is used where it is
KINDS: tuple[tuple[str, str, str, str, float, float, float, bool, bool], ...] = (
    ("space", "用房", "m2", "平方米", 300, 0.14, 0.10, True, False),
    ("lease", "续租", "", "", 0, 0.06, 0.0, False, False),
    ("staff", "用工", "person", "人", 12, 0.20, 0.08, True, False),
    ("training", "培训", "person", "人", 25, 0.08, 0.10, True, False),
    ("finance", "融资", "yuan", "元", 2_000_000, 0.14, 0.08, True, False),
    ("energy", "用能增容", "kw", "千瓦", 200, 0.08, 0.03, True, False),
    ("heat", "供热与蒸汽", "tonne", "吨", 80, 0.03, 0.05, True, True),
    ("equipment", "设备共享", "hour", "小时", 40, 0.08, 0.16, True, True),
    ("lab", "检测实验", "hour", "小时", 20, 0.07, 0.12, True, False),
    ("storage", "仓储物流", "m2", "平方米", 200, 0.05, 0.08, True, False),
    ("byproduct", "副产品", "tonne", "吨", 30, 0.03, 0.06, True, False),
    ("advice", "法务财税咨询", "", "", 0, 0.04, 0.14, False, False),
)
OUTCOMES = (("met", "已解决"), ("partly", "部分解决"), ("unmet", "未能解决"), ("withdrawn", "企业撤回"))
WITHDRAWN = 3
CODES = tuple(kind for kind, *_ in KINDS)
GROWING = [CODES.index(kind) for kind in ("space", "staff", "energy")]
NEVER = np.datetime64("NaT", "D")
A_YEAR_PER_FIRM, OFFERS_PER_FIRM, MOST_OFFERS = 0.45, 0.45, 1500
HAS_QUANTITY = np.array([kind[7] for kind in KINDS])
IS_PLACED = np.array([kind[8] for kind in KINDS])
USUAL = np.array([kind[4] for kind in KINDS])


@dataclass(frozen=True)
class Needs:
    """One place is one need. Dates are days, NaT where it never happens; `stated` is NaT of a need that is never stated."""

    firm: Array
    kind: Array
    quantity: Array
    building: Array
    since: Array
    stated: Array
    due: Array
    contacted: Array
    closed: Array
    outcome: Array  # position in OUTCOMES
    is_false: Array

    @property
    def number(self) -> pa.Array:
        """The service desk's numbers."""
        return join("SQ", codes.to_text(codes.digits(np.arange(len(self.firm), dtype=np.int64) * 7 + 10_001, 7)))


@dataclass(frozen=True)
class Offers:
    """One place is one offer; `firm` is -1 of a service outside the park."""

    firm: Array
    kind: Array
    quantity: Array
    building: Array
    is_for_building: Array
    first: Array
    last: Array  # NaT where it holds on and on

    @property
    def number(self) -> pa.Array:
        """The catalogue's numbers."""
        return join("GJ", codes.to_text(codes.digits(np.arange(len(self.firm), dtype=np.int64) * 3 + 5_001, 6)))


def drawn(city: City) -> tuple[Needs, Offers]:
    """The needs and offers of a city."""
    return _needs(city), _offers(city)


def _needs(city: City) -> Needs:
    n, horizon, firm = city.firms, city.horizon, city.firm
    rng = city.stream("needs")
    grows = city.is_story("growth", "birth", "spun_off")
    asks = firm["is_registered_here"] & ~firm["is_virtual"] & (firm["form"] != BRANCH)
    count = np.minimum(rng.poisson(A_YEAR_PER_FIRM * horizon / 12 * np.where(grows, 2, 1), n), 9) * asks
    who = np.repeat(np.arange(n), count)
    month = rng.integers(0, horizon, len(who))
    kind = rng.choice(len(KINDS), len(who), p=_shares(5))
    of_growth = grows[who] & (rng.random(len(who)) < 0.6)
    kind = np.where(of_growth, np.array(GROWING)[rng.integers(0, len(GROWING), len(who))], kind)
    there = city.month["is_present"][who, month].astype(bool)
    who, month, kind, of_growth = (values[there] for values in (who, month, kind, of_growth))
    rows = len(who)
    since = city.day(month, rng.integers(1, 29, rows))
    # what growth needs is stated up to five months later, or never
    stated = since + np.where(of_growth, rng.integers(0, 150, rows), rng.integers(0, 20, rows))
    gone = np.where(firm["gone"][who] < horizon, firm["gone"][who], horizon)
    never = (of_growth & (rng.random(rows) < 0.4)) | (stated >= city.day(gone))
    stated = np.where(never, NEVER, stated)
    is_false = ~never & (rng.random(rows) < 0.07)
    slow = rng.random(rows)
    lag = np.select(
        [slow < 0.72, slow < 0.92], [rng.integers(0, 6, rows), rng.integers(6, 25, rows)], rng.integers(25, 90, rows)
    )
    contacted = np.where(rng.random(rows) < 0.05, NEVER, stated + lag)
    takes = np.where(rng.random(rows) < 0.6, rng.integers(3, 45, rows), rng.integers(45, 300, rows))
    closed = np.where(np.isnat(contacted), NEVER, contacted + takes)
    outcome = np.where(is_false, WITHDRAWN, rng.choice(3, rows, p=[0.55, 0.2, 0.25]))
    size = np.where(HAS_QUANTITY[kind], np.rint(USUAL[kind] * rng.lognormal(0, 0.8, rows)), 0)
    return Needs(
        who, kind, np.maximum(size, HAS_QUANTITY[kind] * 1).astype(np.int64), firm["building"][who],
        since, stated, stated + rng.integers(15, 120, rows), contacted, closed, outcome, is_false,
    )  # fmt: skip


def _offers(city: City) -> Offers:
    rng = city.stream("offers")
    rows = min(round(OFFERS_PER_FIRM * city.firms), MOST_OFFERS)
    firms = np.flatnonzero(city.firm["is_registered_here"] & ~city.firm["is_virtual"])
    who = np.where(rng.random(rows) < 0.55, firms[rng.integers(0, len(firms), rows)], -1)
    kind = rng.choice(len(KINDS), rows, p=_shares(6))
    first = city.day(rng.integers(0, city.horizon, rows), rng.integers(1, 29, rows))
    last = np.where(rng.random(rows) < 0.15, NEVER, first + rng.integers(120, 720, rows))
    # what its tenant took along is no longer there
    gone = np.where(who >= 0, city.firm["gone"][who], city.horizon + 60)
    left = city.day(np.minimum(gone, city.horizon + 60)) - 1
    last = np.where((who >= 0) & (gone < city.horizon) & (np.isnat(last) | (last > left)), left, last)
    kept = np.isnat(last) | (last > first)
    size = np.where(HAS_QUANTITY[kind], np.rint(USUAL[kind] * 1.6 * rng.lognormal(0, 0.8, rows)), 0)
    sites = len(city.building["road"])
    building = np.where(who >= 0, city.firm["building"][who], rng.integers(0, sites, rows))
    is_for_building = IS_PLACED[kind] & (rng.random(rows) < 0.6)
    columns = (who, kind, size.astype(np.int64), building, is_for_building, first, last)
    return Offers(*(values[kept] for values in columns))


def _shares(place: int) -> Array:
    shares: Array = np.array([kind[place] for kind in KINDS], dtype=float)
    shares /= shares.sum()
    return shares


def outside_names(city: City, rows: int) -> pa.Array:
    """Names of services outside the park, invented."""
    rng = city.stream("outside services")
    first, second = (pick(part, rng.integers(0, len(part), rows)) for part in (words.BRAND_FIRST, words.BRAND_SECOND))
    town = pick(words.OTHER_CITIES, rng.integers(0, len(words.OTHER_CITIES), rows))
    return join(
        town, first, second, pick(("企业服务", "检测中心", "租赁服务", "咨询"), rng.integers(0, 4, rows)), "有限公司"
    )


def need_table(city: City) -> pa.Table:
    """The truth about each need."""
    need, _ = drawn(city)
    return pa.table(
        {
            "need_no": need.number,
            "true_id": pa.array(need.firm),
            "need_kind_code": pick(CODES, need.kind),
            "quantity": pa.array(need.quantity),
            "building_code": building_codes(need.building),
            "since_date": pa.array(need.since, pa.date32()),
            "stated_date": _dates(need.stated),
            "due_date": _dates(need.due),
            "first_contact_date": _dates(need.contacted),
            "closed_date": _dates(need.closed),
            "need_outcome_code": pick([code for code, _ in OUTCOMES], need.outcome),
            "is_implied_only": pa.array(np.isnat(need.stated)),
            "is_false": pa.array(need.is_false),
        }
    )


def offer_table(city: City) -> pa.Table:
    """The truth about each offer."""
    _, offer = drawn(city)
    return pa.table(
        {
            "offer_no": offer.number,
            "true_id": pa.array(offer.firm, mask=offer.firm < 0),
            "need_kind_code": pick(CODES, offer.kind),
            "quantity": pa.array(offer.quantity),
            "building_code": building_codes(offer.building),
            "is_for_building": pa.array(offer.is_for_building),
            "valid_from_date": _dates(offer.first),
            "valid_until_date": _dates(offer.last),
        }
    )


def _dates(days: Array) -> pa.Array:
    days = days.astype("datetime64[D]")
    return pa.array(days, pa.date32(), mask=np.isnat(days))
