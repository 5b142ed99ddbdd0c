"""Who lives in the demo city and what truly happens to them, month by month: what the silos then write down badly.

Everything is drawn for the whole horizon (the months asked for and six more) from the seed, each quantity from a stream
of its own, so that a change to one draw changes no other. Columns over firms have length N; monthly ones are N × H.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from demo import codes, words

Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]

MONTHS_AHEAD = 6  # of the horizon behind the months asked for: what comes true after the builds of today
FEWEST_FIRMS = 150  # below, not every story finds its firms
FEWEST_MONTHS = 13  # below, one that takes half a year has no room within the history
NEVER = 9999  # month index of what does not happen
SECOND_SPACE = 90  # the round of a lease that was taken beside another, not after it

# What befalls a firm: name, share of all firms, the fewest at any size. The rest live steadily.
STORIES: tuple[tuple[str, float, int], ...] = (
    ("birth", 0.08, 6),
    ("death", 0.035, 4),
    ("death_sudden", 0.015, 3),
    ("move_in", 0.04, 5),
    ("move_out", 0.045, 6),
    ("move_out_sudden", 0.015, 3),
    ("growth", 0.08, 8),
    ("decline", 0.04, 5),
    ("dip", 0.025, 4),
    ("seasonal", 0.04, 5),
    ("rename", 0.045, 5),
    ("code_change", 0.015, 3),
    ("absorbed", 0.012, 3),
    ("spun_off", 0.012, 3),
    ("branch_new", 0.025, 4),
    ("branch_old", 0.025, 4),
    ("agency_client", 0.015, 3),
    ("agency", 0.003, 1),
    ("reactivated", 0.015, 3),
    ("revoked", 0.008, 2),
    ("seat_moved", 0.015, 3),
    ("abnormal", 0.015, 3),
    ("virtual", 0.05, 5),
)
STEADY = len(STORIES)
STORY = {name: number for number, (name, _, _) in enumerate(STORIES)} | {"steady": STEADY}
STORY_NAMES = (*(name for name, _, _ in STORIES), "steady")

# legal forms: end of the name, the register's words for the type, share
FORMS: tuple[tuple[str, str, float], ...] = (
    ("有限公司", "有限责任公司(自然人投资或控股)", 0.48),
    ("有限公司", "有限责任公司(自然人独资)", 0.17),
    ("有限公司", "有限责任公司(外商投资、非独资)", 0.06),
    ("有限责任公司", "其他有限责任公司", 0.07),
    ("股份有限公司", "股份有限公司(非上市、自然人投资或控股)", 0.05),
    ("（有限合伙）", "有限合伙企业", 0.04),
    ("", "个体工商户", 0.13),
    ("分公司", "有限责任公司分公司(自然人投资或控股)", 0.0),
)
JOINT_STOCK, PARTNERSHIP, SOLE_TRADER, BRANCH = 4, 5, 6, 7
# Sister firms, in families of this size: numbered factories, brands that differ by one character, groups; and the branches
# here of a bank that is not. FAMILY_SHARE of all firms (banks come on top), FAMILY_OUT of these are not in the register.
FAMILIES = ("numbered", "one_character", "group", "bank")
NUMBERED, ONE_CHARACTER, GROUP, BANK = range(len(FAMILIES))
FAMILY_SIZE, FAMILY_SHARE, FAMILY_OUT = 4, 0.12, 0.2
# a sole trader's name ends in what it is
SHOPS = ("经营部", "工作室", "商行", "服务部", "店")


@dataclass
class City:
    """The truth: `start` is the first month; `firm` and `text` have a value per firm; `month` holds N × H matrices.

    `lease` has a value per lease, `building` one per building.
    """

    seed: int
    start: np.datetime64
    horizon: int
    firms: int
    firm: dict[str, Array] = field(default_factory=dict)
    text: dict[str, pa.Array] = field(default_factory=dict)
    month: dict[str, Array] = field(default_factory=dict)
    lease: dict[str, Array] = field(default_factory=dict)
    building: dict[str, Any] = field(default_factory=dict)
    event: dict[str, Any] = field(default_factory=dict)
    # what is drawn from it once, and used by a silo and the truth
    drawn: dict[str, Any] = field(default_factory=dict)

    def stream(self, name: str) -> np.random.Generator:
        """The random stream of this name; no other stream's draws move it."""
        return stream(self.seed, name)

    def day(self, months: Array | int, days: Array | int = 1) -> Array:
        """Dates from month indices and days of the month (1 = first)."""
        dates: Array = (self.start + np.asarray(months)).astype("datetime64[D]") + (np.asarray(days) - 1)
        return dates

    def is_story(self, *names: str) -> npt.NDArray[np.bool_]:
        """Which firms live one of these stories."""
        return np.isin(self.firm["story"], [STORY[name] for name in names])


def stream(seed: int, name: str) -> np.random.Generator:
    """An independent generator for one named quantity."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(zlib.crc32(name.encode()),))))


def pick(choices: Sequence[str], which: Array) -> pa.Array:
    """The choices at the given positions, as a column of text; a negative position gives null."""
    taken = pa.array(np.where(which < 0, 0, which), mask=np.asarray(which) < 0)
    return pa.array(choices, pa.string()).take(taken)


def join(*parts: pa.Array | str) -> pa.Array:
    """Texts side by side; a missing part counts as empty."""
    return pc.binary_join_element_wise(*parts, "", null_handling="replace", null_replacement="")


def choose(condition: Array, yes: pa.Array | str, no: pa.Array | str) -> pa.Array:
    """`yes` where the condition holds, else `no`."""
    return pc.if_else(pa.array(np.asarray(condition)), yes, no)


def build_city(seed: int, firms: int, start: np.datetime64, months: int) -> City:
    """Draw the whole city.

    Args:
        seed: Same seed, same city.
        firms: Number of enterprises, branches among them; at least FEWEST_FIRMS.
        start: First month of the history (datetime64[M]).
        months: Months of history asked for; MONTHS_AHEAD more are drawn.
    """
    city = City(seed, start, months + MONTHS_AHEAD, firms)
    _draw_lives(city)
    _draw_families(city)
    _draw_identifiers(city)
    _draw_names(city)
    _draw_addresses(city)
    _draw_capital(city)
    _draw_activity(city)
    _draw_leases(city)
    _draw_buildings(city)
    _draw_events(city)
    return city


def _draw_lives(city: City) -> None:
    """Stories, trades, forms, the months of coming, changing and going, and which firm belongs to which."""
    n, horizon = city.firms, city.horizon
    rng = city.stream("stories")
    story = np.full(n, STEADY)
    turn = np.full(n, NEVER)
    order = rng.permutation(n)
    taken = 0
    for number, (_, share, fewest) in enumerate(STORIES):
        count = max(fewest, round(share * n))
        who = order[taken : taken + count]
        taken += count
        story[who] = number
        # spread over the history, so that a handful of firms does not all turn in the same season
        turn[who] = 5 + ((np.arange(count) + rng.random(count)) / count * (horizon - 9)).astype(int)
    city.firm["story"] = story
    of = city.is_story
    company_stories = of(
        "absorbed", "spun_off", "agency", "agency_client", "code_change", "rename", "growth", "virtual"
    )

    rng = city.stream("forms")
    form = rng.choice(len(FORMS), n, p=[share for _, _, share in FORMS])
    form[company_stories & (form >= PARTNERSHIP)] = 0
    form[of("branch_new", "branch_old")] = BRANCH
    rng = city.stream("industries")
    weights = np.array([trade.weight for trade in words.INDUSTRIES])
    industry = rng.choice(len(weights), n, p=weights / weights.sum())
    industry[of("agency")] = [trade.code for trade in words.INDUSTRIES].index("L7263")

    rng = city.stream("sizes")
    base = rng.lognormal(np.log(8), 1.0, n) * np.where(rng.random(n) < 0.04, 1 + rng.pareto(1.2, n) * 4, 1)
    base = np.clip(base, 1, min(20_000, 300 + 4 * n))
    base[form == SOLE_TRADER] = rng.integers(1, 5, int((form == SOLE_TRADER).sum()))
    base = np.where(of("agency_client", "spun_off", "absorbed") & (base < 12), 12 + base, base)
    base = np.where(of("agency") & (base < 8), 8 + base, base)

    # partners come from firms that live steadily all along: big ones for those that are split
    steady = np.flatnonzero((story == STEADY) & (form < PARTNERSHIP))
    steady = steady[np.argsort(-base[steady], kind="stable")]
    rng = city.stream("partners")
    pool = steady[: max(len(steady) // 2, 12)]
    pool = pool[rng.permutation(len(pool))]
    partner = np.full(n, -1)
    need = 0
    for name in ("spun_off", "absorbed"):
        who = np.flatnonzero(of(name))
        partner[who] = pool[(need + np.arange(len(who))) % len(pool)]
        need += len(who)
    branches = np.flatnonzero(of("branch_new", "branch_old"))
    inside = of("branch_new")[branches] | (rng.random(len(branches)) < 0.4)
    partner[branches[inside]] = pool[(need + np.arange(int(inside.sum()))) % len(pool)]
    clients, agencies = np.flatnonzero(of("agency_client")), np.flatnonzero(of("agency"))
    partner[clients] = agencies[np.arange(len(clients)) % len(agencies)]
    base[partner[of("spun_off")]] = np.maximum(base[partner[of("spun_off")]], 40)

    rng = city.stream("turning points")
    arrive = -rng.integers(1, 120, n)
    come = of("birth", "move_in", "spun_off", "branch_new")
    arrive[come] = turn[come]
    gone = np.full(n, NEVER)
    leave = of("move_out", "move_out_sudden", "absorbed")
    gone[leave] = turn[leave]
    die = of("death", "death_sudden", "revoked")
    gone[die] = turn[die] - np.where(of("death", "revoked"), rng.integers(0, 4, n), 0)[die]
    pause = np.full(n, NEVER)
    resume = np.full(n, NEVER)
    rest = of("reactivated")
    pause[rest] = turn[rest] - 3
    resume[rest] = turn[rest] - 3 + rng.integers(6, 15, n)[rest]

    rng = city.stream("registered dates")
    day = rng.integers(1, 29, n)
    age = (rng.gamma(1.6, 55, n)).astype(int)  # months in business before coming here
    registered = np.where(of("birth", "spun_off", "branch_new"), arrive - rng.integers(0, 2, n), arrive - age - 1)

    rng = city.stream("presence")
    plain = of("steady", "growth", "decline", "dip", "seasonal", "move_out", "move_out_sudden", "birth")
    registered_here = ~(plain & (rng.random(n) < 0.09)) | np.isin(np.arange(n), partner)
    virtual = of("virtual")
    sole = form == SOLE_TRADER
    insures = ~virtual & (rng.random(n) < np.where(sole, 0.45, 0.95)) | of(
        "agency", "agency_client", "absorbed", "spun_off"
    )
    rents = ~virtual & (rng.random(n) < 0.94) | of("move_out", "move_out_sudden")
    city.firm |= {
        "turn": turn,
        "form": form,
        "industry": industry,
        "base": base,
        "partner": partner,
        "arrive": arrive,
        "gone": gone,
        "pause": pause,
        "resume": resume,
        "registered": np.maximum(registered, -420),
        "registered_day": day,
        "is_registered_here": registered_here,
        "is_virtual": virtual,
        "has_insured": insures,
        "has_lease": rents,
        "has_meter": ~virtual & (rng.random(n) < 0.82),
        "has_badge": ~virtual & (rng.random(n) < 0.88),
        "is_small_taxpayer": sole | (base < 12) & (rng.random(n) < 0.75),
        # the register knows of only three in four who leave
        "tells_leaving": rng.random(n) < 0.75,
        "event_lag": rng.integers(-1, 4, n),
        "turn_day": rng.integers(1, 28, n),
    }


def _draw_families(city: City) -> None:
    """Who has sisters: their kind, who leads each family, and each one's place in it; some are unknown to the register."""
    n, firm = city.firms, city.firm
    rng = city.stream("families")
    kind, lead, member = np.full(n, -1), np.arange(n), np.zeros(n, dtype=np.int64)
    partners = np.unique(firm["partner"][firm["partner"] >= 0])
    plain = city.is_story("steady", "growth", "decline", "dip", "seasonal") & (firm["form"] < PARTNERSHIP)
    ordinary = rng.permutation(np.setdiff1d(np.flatnonzero(plain), partners))
    families = round(FAMILY_SHARE * n / FAMILY_SIZE)
    abroad = rng.permutation(np.flatnonzero(city.is_story("branch_old") & (firm["partner"] < 0)))
    groups = [(number % BANK, ordinary[number * FAMILY_SIZE :][:FAMILY_SIZE]) for number in range(families)]
    # every bank has three branches here or more; a few branches of others are left
    groups += [(BANK, who) for who in np.split(abroad, range(3, len(abroad) - 2, 3)) if len(who) >= 3][: 1 + n // 600]
    for which, who in groups:
        kind[who], lead[who], member[who] = which, who[0], np.arange(len(who))
    sisters = (kind >= 0) & (kind != BANK)
    # two of three who settle on one parent: branches that differ by their number
    inside = np.flatnonzero(city.is_story("branch_old") & (firm["partner"] >= 0))
    firm["partner"][inside[1::2]] = firm["partner"][inside[: len(inside) // 2 * 2 : 2]]
    member[inside] = np.arange(len(inside)) % 2
    has_sister = np.isin(np.arange(n), inside)
    without_parent = firm["partner"][inside[::2]]
    firm["is_registered_here"] &= ~(sisters & (rng.random(n) < FAMILY_OUT))
    firm["is_registered_here"][without_parent[rng.random(len(without_parent)) < FAMILY_OUT]] = False
    firm |= {"family_kind": kind, "family_member": member, "family_lead": lead}
    firm["has_sister_branch"] = has_sister
    firm["has_door_of_lead"] = (kind >= 0) & (rng.random(n) < 0.5)


def _draw_identifiers(city: City) -> None:
    """Credit codes old and new, legacy numbers, and the register's own record number."""
    n = city.firms
    rng = city.stream("codes")
    form, registered = city.firm["form"], city.firm["registered"]
    came = city.is_story("move_in") | ~city.firm["is_registered_here"]
    home = rng.integers(0, len(words.CITY_DIVISIONS), n)
    away = len(words.CITY_DIVISIONS) + rng.integers(0, len(words.OTHER_DIVISIONS), n)
    division = codes.from_text([*words.CITY_DIVISIONS, *words.OTHER_DIVISIONS])[np.where(came, away, home)]
    kind = codes.from_text(["91", "92"])[(form == SOLE_TRADER).astype(int)]
    # organisation codes: eight digits before the reform of October 2015, MA and six characters after
    reform = int((np.datetime64("2015-10") - city.start).astype(int))
    step = 87_000_000 // (2 * n)
    serial = 3_000_000 + rng.permutation(2 * n) * step + rng.integers(0, step, 2 * n)
    old = codes.digits(serial[:n], 8)
    alphabet = np.frombuffer(codes.USCC_ALPHABET.encode(), dtype=np.uint8)

    def modern(numbers: Ints) -> codes.Bytes:
        powers = len(alphabet) ** np.arange(5, -1, -1, dtype=np.int64)
        return np.hstack([codes.from_text(["MA"] * n), alphabet[(numbers * 61 % 31**6)[:, None] // powers % 31]])

    organisation = np.where((registered < reform)[:, None], old, modern(serial[:n]))
    first = codes.uscc(kind, division, organisation)
    changed = city.is_story("code_change")
    later_division = codes.from_text([words.PARK_DIVISION] * n)
    later = np.where(changed[:, None], codes.uscc(kind, later_division, modern(serial[n:])), first)
    city.text |= {
        "uscc_0": codes.to_text(first),
        "uscc_1": codes.to_text(later),
        "registration_no": codes.to_text(codes.registration_number(division, serial[:n] % 100_000_000)),
        "record_no": join("PRI", codes.to_text(codes.digits(rng.permutation(n).astype(np.int64) + 10_000_001, 9))),
    }
    city.firm["change_code"] = np.where(changed, city.firm["turn"], NEVER)


def _draw_names(city: City) -> None:
    """Full legal names before and after a rename, the short names people use, and who signs for the firm."""
    n = city.firms
    story, form, industry = city.firm["story"], city.firm["form"], city.firm["industry"]
    rng = city.stream("names")
    first, second, third = (len(part) for part in (words.BRAND_FIRST, words.BRAND_SECOND, words.BRAND_THIRD))
    brand = np.empty(n, dtype=np.int64)
    word = np.empty(n, dtype=np.int64)
    for number, its in enumerate(words.INDUSTRIES):
        where = np.flatnonzero(industry == number)
        # without replacement over brand × word as long as they last: full names are unique in practice
        space = first * second * (third + 1) * len(its.words)
        pairs = rng.choice(space, len(where), replace=len(where) > space // 2)
        word[where] = pairs % len(its.words)
        brand[where] = pairs // len(its.words)
        short = rng.random(len(where)) < 0.55
        brand[where] = np.where(short, brand[where] % (first * second), brand[where])
    family, member, lead = city.firm["family_kind"], city.firm["family_member"], city.firm["family_lead"]
    industry, brand, word, form = industry[lead], brand[lead], word[lead], np.where(family >= 0, form[lead], form)
    brand[family >= 0] %= first * second
    brand[family == ONE_CHARACTER] += ((lead + member) % third + 1)[family == ONE_CHARACTER] * first * second
    industry[family == BANK] = len(words.INDUSTRIES) - 1
    word[family == BANK] = 0
    city.firm["industry"] = industry
    child = city.is_story("spun_off")
    brand[child] = brand[city.firm["partner"][child]]
    sibling = (rng.random(n) < 0.03) & (family < 0)
    brand[sibling] = brand[rng.integers(0, n, n)][sibling]
    # a rename keeps the brand often enough, and changes the trade's word then
    keeps = rng.random(n) < 0.4
    next_brand = np.where(keeps, brand, rng.integers(0, first * second * (third + 1), n))
    next_word = (word + np.where(keeps, 1, 0)) % np.array([len(its.words) for its in words.INDUSTRIES])[industry]

    def brand_text(index: Ints) -> pa.Array:
        two, extra = index % (first * second), index // (first * second)
        return join(
            pick(words.BRAND_FIRST, two // second),
            pick(words.BRAND_SECOND, two % second),
            pick(words.BRAND_THIRD, extra - 1),
        )

    offsets = np.cumsum([0, *(len(its.words) for its in words.INDUSTRIES)])
    all_words = [text for its in words.INDUSTRIES for text in its.words]
    away = city.is_story("move_in", "branch_old") & (city.firm["partner"] < 0)
    place = choose(away, pick(words.OTHER_CITIES, rng.integers(0, len(words.OTHER_CITIES), n)[lead]), words.CITY)
    prefix_kind = rng.random(n)[lead]
    shop = pick(SHOPS, rng.integers(0, len(SHOPS), n))
    new_form = np.where((form == 0) & (rng.random(n) < 0.3), 4, form)

    def full_name(brands: pa.Array, trade_words: pa.Array, forms: Ints) -> pa.Array:
        end = pick([ending if number != BRANCH else "有限公司" for number, (ending, _, _) in enumerate(FORMS)], forms)
        middle = choose(forms == PARTNERSHIP, join(trade_words, "合伙企业"), trade_words)
        # 临澜市X, 临澜X or X（临澜）
        front = join(choose(prefix_kind < 0.55, join(place, "市"), place), brands, middle, end)
        inner = join(brands, "（", place, "）", middle, end)
        company = choose((prefix_kind < 0.85) | (forms == PARTNERSHIP), front, inner)
        trader = join(place, "市", words.DISTRICT, brands, trade_words, shop)
        return choose(forms == SOLE_TRADER, trader, company)

    brand_0, brand_1 = brand_text(brand), brand_text(next_brand)
    word_0, word_1 = pick(all_words, offsets[industry] + word), pick(all_words, offsets[industry] + next_word)
    word_0 = choose(family == NUMBERED, join(pick(words.ORDINALS, member), word_0), word_0)
    # a bank may have more branches than a group has members
    word_0 = choose(family == GROUP, pick(words.GROUP_WORDS, np.where(family == GROUP, member, -1)), word_0)
    name_0 = _make_unique(full_name(brand_0, word_0, np.where(family == BANK, JOINT_STOCK, form)))
    # a branch is its parent's full name and a place; the parent is in the park or somewhere else
    branch = form == BRANCH
    named_after = np.where(branch & (city.firm["partner"] >= 0), city.firm["partner"], np.arange(n))
    named_after = np.where(family == BANK, lead, named_after)
    parent_name = name_0.take(pa.array(named_after))
    where_to = pick(("高新区", "临澜", "滨湖", "云澜大道", "第二"), rng.integers(0, 5, n))
    where_to = choose(city.firm["has_sister_branch"], pick(words.ORDINALS, member), where_to)
    ending = choose(family == BANK, join(pick(words.QUARTERS, member), "支行"), join(where_to, "分公司"))
    name_0 = _make_unique(choose(branch, join(parent_name, ending), name_0))
    renamed = story == STORY["rename"]
    which = pa.array(np.flatnonzero(renamed))
    both = _make_unique(pa.concat_arrays([name_0, full_name(brand_1, word_1, new_form).take(which)]))
    name_1 = pc.replace_with_mask(name_0, pa.array(renamed), both[n:])
    # names given up before the history begins
    former_rng = city.stream("former names")
    once = (city.firm["arrive"] < -12) & (form < SOLE_TRADER) & ~renamed & (former_rng.random(n) < 0.08)
    which = pa.array(np.flatnonzero(once))
    brand_then = brand_text(former_rng.integers(0, first * second * (third + 1), n))
    former = _make_unique(pa.concat_arrays([both, full_name(brand_then, word_0, form).take(which)]))
    surname = pick(words.SURNAMES, rng.integers(0, len(words.SURNAMES), n))
    # people call a branch what they call its parent
    brand_0, word_0 = brand_0.take(pa.array(named_after)), word_0.take(pa.array(named_after))
    city.text |= {
        "name_0": name_0,
        "name_1": name_1,
        "former_name": pc.replace_with_mask(pa.nulls(n, pa.string()), pa.array(once), former[len(both) :]),
        "brand_0": brand_0,
        "brand_1": choose(renamed, brand_1, brand_0),
        "word": word_0,
        "parent_name": choose(branch, parent_name, pa.nulls(n, pa.string())),
        "legal_person": join(surname, pick(words.GIVEN, rng.integers(0, len(words.GIVEN), n))),
    }
    city.firm["change_name"] = np.where(renamed, city.firm["turn"], NEVER)


def _make_unique(names: pa.Array) -> pa.Array:
    """The names, with one more character in the brand where a name has been given before."""
    places = "|".join((words.CITY, *words.OTHER_CITIES))
    brand = f"^((?:{places})?市?(?:{words.DISTRICT})?(?:[A-Z0-9]+|.))"
    for extra in words.BRAND_THIRD:
        seen = pc.dictionary_encode(names)
        number = np.asarray(seen.indices)
        _, earliest = np.unique(number, return_index=True)
        again = np.ones(len(names), dtype=bool)
        again[earliest] = False
        if not again.any():
            break
        longer = pc.replace_substring_regex(names, brand, rf"\1{extra}", max_replacements=1)
        names = choose(again, longer, names)
    return names


def _draw_addresses(city: City) -> None:
    """Where a firm sits in the park (road, number, building, room) and, where it comes or goes, its seat elsewhere."""
    n = city.firms
    rng = city.stream("addresses")
    sites = max(6, n // 40)  # buildings of the park
    building = rng.integers(0, sites, n)
    road_of = rng.integers(0, len(words.ROADS), sites)
    number_of = rng.integers(1, 400, sites)
    block_of = rng.integers(1, 20, sites)
    floor, door = rng.integers(1, 21, n), rng.integers(1, 30, n)
    host = np.where(city.firm["has_door_of_lead"], city.firm["family_lead"], np.arange(n))
    building, floor, door = building[host], floor[host], door[host]
    text = {
        "road": pick(words.ROADS, road_of[building]),
        "number": pc.cast(pa.array(number_of[building]), pa.string()),
        "block": pc.cast(pa.array(block_of[building]), pa.string()),
        "room": pc.cast(pa.array(floor * 100 + door), pa.string()),
        "building_code": building_codes(building),
    }
    city.text |= text
    city.firm["building"] = building
    city.building = {"road": road_of, "number": number_of, "block": block_of}
    city.text["seat_here"] = join(
        words.CITY, "市", words.DISTRICT, text["road"], text["number"], "号", text["block"], "幢", text["room"], "室"
    )
    other = rng.integers(0, len(words.OTHER_CITIES), n)
    city.text["seat_away"] = join(
        pick(words.OTHER_CITIES, other),
        "市",
        pick(words.OTHER_DISTRICTS, rng.integers(0, len(words.OTHER_DISTRICTS), n)),
        pick(words.OTHER_ROADS, rng.integers(0, len(words.OTHER_ROADS), n)),
        pc.cast(pa.array(rng.integers(1, 900, n)), pa.string()),
        "号",
    )


def building_codes(building: Array) -> pa.Array:
    """The property company's codes of buildings by their position."""
    return join("B", codes.to_text(codes.digits(building.astype(np.int64) + 1, 5)))


def _draw_capital(city: City) -> None:
    """Registered capital, before and after a change, in the currency it was registered in."""
    n = city.firms
    rng = city.stream("capital")
    steps = np.array([3, 10, 30, 50, 100, 200, 300, 500, 800, 1000, 1500, 2000, 3000, 5000, 10_000, 50_000])
    rank = np.clip(np.log(city.firm["base"]) * 1.9 + rng.normal(0, 2.4, n) + 3, 0, len(steps) - 1).astype(int)
    foreign = city.firm["form"] == 2
    currency = np.where(foreign, rng.choice(4, n, p=[0.25, 0.5, 0.1, 0.15]), 0)
    without = np.isin(city.firm["form"], [BRANCH])
    grows = ~without & (city.firm["arrive"] < 0) & (rng.random(n) < 0.05) & (city.firm["gone"] == NEVER)
    change = np.where(grows, rng.integers(2, city.horizon - 2, n), NEVER)
    before = steps[rank] * 10_000
    after = np.where(grows, before * rng.choice([1.5, 2, 3, 5, 0.5], n, p=[0.2, 0.4, 0.2, 0.1, 0.1]), before)
    city.firm |= {
        "capital_0": np.where(without, 0, before).astype(np.int64),
        "capital_1": np.where(without, 0, after).astype(np.int64),
        "currency": currency,  # 0 yuan, 1 US dollar, 2 euro, 3 Hong Kong dollar
        "change_capital": change,
        "capital_spelling": rng.integers(0, 8, n),
    }


def _draw_activity(city: City) -> None:
    """Month by month: who is present, how many work there, what they sell, draw from the mains, and who comes in."""
    n, horizon = city.firms, city.horizon
    firm, of = city.firm, city.is_story
    t = np.arange(horizon)
    calendar = (city.start.astype(int) + t) % 12 + 1
    present = (t >= firm["arrive"][:, None]) & (t < firm["gone"][:, None])
    present &= ~((t >= firm["pause"][:, None]) & (t < firm["resume"][:, None]))

    rng = city.stream("growth")
    drift = rng.normal(0, 0.0025, n)
    drift = np.where(of("growth"), rng.uniform(0.012, 0.04, n), drift)
    drift = np.where(of("decline"), -rng.uniform(0.01, 0.025, n), drift)
    drift = np.where(of("birth"), rng.uniform(0.0, 0.025, n), drift)
    level = np.cumsum(city.stream("headcount noise").standard_normal((n, horizon), dtype=np.float32) * 0.008, axis=1)
    level += (drift[:, None] * t).astype(np.float32)
    level += np.log(firm["base"]).astype(np.float32)[:, None]
    np.exp(level, out=level)

    # trouble before a leaving that announces itself; a dip is the same trouble, overcome
    rng = city.stream("trouble")
    lead = rng.integers(5, 10, n)
    depth = rng.uniform(0.45, 0.75, n)
    trouble = np.ones((n, horizon), dtype=np.float32)
    who = np.flatnonzero(of("move_out", "death", "revoked"))
    onset = (firm["gone"] - lead)[who, None]
    trouble[who] -= (depth[who, None] * np.clip((t - onset) / lead[who, None], 0, 1)).astype(np.float32)
    who = np.flatnonzero(of("dip"))
    trouble[who] -= depth[who, None] * 0.7 * np.clip(1 - np.abs(t - firm["turn"][who, None]) / 5, 0, 1)
    who = np.flatnonzero(of("birth", "branch_new"))
    level[who] *= np.clip(0.3 + 0.07 * (t - firm["arrive"][who, None]), 0.3, 1)
    who = np.flatnonzero(of("move_in"))
    level[who] *= np.clip(0.5 + 0.125 * (t - firm["arrive"][who, None]), 0.5, 1)
    swing = city.stream("seasons").uniform(0.3, 0.5, n)
    peaks = np.array([trade.peak for trade in words.INDUSTRIES])[firm["industry"]]
    who = np.flatnonzero(of("seasonal"))
    level[who] *= 1 + swing[who, None] * np.cos(2 * np.pi * (calendar - peaks[who, None]) / 12)
    level *= trouble

    # people who change the employer's name but not their desk
    after = t >= firm["turn"][:, None]
    who = np.flatnonzero(of("spun_off"))
    share = city.stream("spin-offs").uniform(0.2, 0.4, n)[who, None]
    parent = firm["partner"][who]
    part = level[parent] * share
    level[who] = part
    np.subtract.at(level, parent, (part * after[who]).astype(np.float32))
    who = np.flatnonzero(of("absorbed"))
    np.add.at(level, firm["partner"][who], (level[who] * 0.95 * after[who]).astype(np.float32))
    level[firm["is_virtual"]] = 0
    headcount = np.where(present, np.maximum(np.rint(level), ~firm["is_virtual"][:, None]), 0).astype(np.int32)

    rng = city.stream("insured")
    covered = np.where(rng.random(n) < 0.6, 1.0, rng.uniform(0.8, 1.0, n))
    insured = np.maximum(np.rint(headcount * covered[:, None]), headcount > 0).astype(np.int32)
    insured[~firm["has_insured"]] = 0
    who = np.flatnonzero(of("agency_client"))
    moved = np.rint(insured[who] * rng.uniform(0.6, 0.9, n)[who, None] * after[who]).astype(np.int32)
    insured[who] -= moved
    np.add.at(insured, firm["partner"][who], moved)
    dispatched = np.zeros((n, horizon), dtype=np.int32)
    dispatched[who] = moved
    trades = {
        key: np.array([getattr(trade, key) for trade in words.INDUSTRIES]) for key in ("sales", "wage", "kwh", "gas")
    }
    industry = firm["industry"]
    pay = trades["wage"][industry] * city.stream("pay").lognormal(0, 0.18, n)
    wages = np.rint(insured * (pay[:, None] * 1.0035**t) * 100).astype(np.int64)

    rng = city.stream("sales")
    productivity = trades["sales"][industry] * rng.lognormal(0, 0.45, n)
    amplitude = np.where(of("seasonal"), 0.65, np.array([trade.swing for trade in words.INDUSTRIES])[industry])
    sales = level * trouble**0.3 * productivity[:, None].astype(np.float32)
    sales *= (1 + amplitude[:, None] * np.cos(2 * np.pi * (calendar - peaks[:, None]) / 12)).astype(np.float32)
    sales *= np.where(calendar == 2, 0.72, 1).astype(np.float32)  # the Spring Festival
    sales *= np.exp(0.12 * city.stream("sales noise").standard_normal((n, horizon), dtype=np.float32))
    sales_fen = np.where(present, np.rint(sales.astype(np.float64) * 100), 0).astype(np.int64)
    del sales

    rng = city.stream("mains")
    meter = firm["has_meter"][:, None] & present
    per_head = trades["kwh"][industry] * rng.lognormal(0, 0.35, n)
    heat = 1 + 0.25 * np.cos(2 * np.pi * (calendar - 7) / 6)  # cooling in July, heating in January
    noise = np.exp(0.06 * city.stream("power noise").standard_normal((n, horizon), dtype=np.float32))
    power = (level * noise * (per_head[:, None] * heat).astype(np.float32)).astype(np.float64) + 40
    water = level.astype(np.float64) * rng.lognormal(np.log(2.1), 0.3, n)[:, None] * (1 + 0.15 * heat)
    gas = level.astype(np.float64) * trades["gas"][industry][:, None] * (1.5 - 0.5 * heat)
    city.month |= {
        "is_present": present,
        "headcount": headcount,
        "insured_headcount": insured,
        "dispatched_headcount": dispatched,
        "wage_fen": wages,
        "sales_fen": sales_fen,
        # thousandths of a unit would be false precision: tenths of kWh and m3
        "electricity_tenth": np.where(meter, np.rint(power * 10), 0).astype(np.int64),
        "water_tenth": np.where(meter, np.rint(water * 10), 0).astype(np.int64),
        "gas_tenth": np.where(meter & (trades["gas"][industry] > 0)[:, None], np.rint(gas * 10), 0).astype(np.int64),
    }
    traffic = city.stream("traffic")
    habit = traffic.uniform(24, 46, n)
    flow = np.exp(0.05 * city.stream("traffic noise").standard_normal((n, horizon), dtype=np.float32))
    badge = firm["has_badge"][:, None] & present
    people = np.where(badge, headcount * habit[:, None] * flow * np.where(calendar == 2, 0.6, 1), 0)
    city.month["people_entry"] = np.rint(people).astype(np.int32)
    city.month["vehicle_entry"] = np.rint(people * traffic.uniform(0.05, 0.3, n)[:, None]).astype(np.int32)


def _draw_leases(city: City) -> None:
    """Leases one behind another: renewed by those who stay, left to run out by those who go."""
    n, horizon, firm = city.firms, city.horizon, city.firm
    rng = city.stream("leases")
    term = rng.choice([12, 24, 36], n, p=[0.45, 0.3, 0.25])
    leaves = city.is_story("move_out", "move_out_sudden")
    # the last lease of a leaver ends when it leaves; the others' terms end anywhere
    anchor = np.where(leaves, firm["gone"], rng.integers(0, 36, n))
    first = np.maximum(firm["arrive"], -(term - 1))
    rent = rng.lognormal(np.log(32), 0.3, n)  # yuan per m2 and month
    per_head = rng.lognormal(np.log(16), 0.4, n) * np.where(np.isin(firm["industry"], np.arange(7, 12)), 3, 1)
    notice = rng.integers(1, 4, n)
    rows: dict[str, list[Array]] = {
        key: [] for key in ("firm", "round", "start", "end", "stop", "known", "area", "rent")
    }
    begin = np.where(firm["arrive"] >= 0, firm["arrive"], anchor + (first - anchor) // term * term)
    is_open = firm["has_lease"].copy()
    for turn in range((horizon + 36) // 12 + 2):
        end = anchor + ((begin - anchor) // term + 1) * term
        who = np.flatnonzero(is_open & (begin < np.minimum(firm["gone"], horizon + 3)))
        if not len(who):
            break
        people = city.month["headcount"][who, np.clip(begin[who], 0, horizon - 1)]
        people = np.where(people > 0, people, firm["base"][who])
        area = np.rint(np.maximum(people, 2) * per_head[who] * 10 + 150)  # tenths of m2
        rows["firm"].append(who)
        rows["round"].append(np.full(len(who), turn))
        rows["start"].append(begin[who])
        rows["end"].append(end[who])
        # a lease broken off: the firm is gone before it ends
        rows["stop"].append(np.where(firm["gone"][who] < end[who], firm["gone"][who], NEVER))
        rows["known"].append(begin[who] - notice[who])
        rows["area"].append(area)
        rows["rent"].append(np.rint(area / 10 * rent[who] * 1.03**turn * 100))
        begin = np.where(is_open, end, begin)
    # some who grow take a second space before their term is over
    wide = firm["has_lease"] & city.is_story("growth", "steady", "agency_client") & (rng.random(n) < 0.12)
    who = np.flatnonzero(wide)
    more = rng.integers(3, horizon - 3, n)[who]
    area = np.rint(np.maximum(firm["base"][who], 3) * per_head[who] * 4 + 200)
    for key, values in {
        "firm": who,
        "round": np.full(len(who), SECOND_SPACE),
        "start": more,
        "end": more + 36,
        "stop": np.full(len(who), NEVER),
        "known": more - 1,
        "area": area,
        "rent": np.rint(area / 10 * rent[who] * 100),
    }.items():
        rows[key].append(values)
    city.lease = {key: np.concatenate(parts).astype(np.int64) for key, parts in rows.items()}
    # a second space is next door, or in the next building
    sites = len(city.building["road"])
    elsewhere = city.stream("second buildings").random(n) < 0.4
    moved = (city.lease["round"] == SECOND_SPACE) & elsewhere[city.lease["firm"]]
    city.lease["building"] = (firm["building"][city.lease["firm"]] + moved) % sites
    ends = np.minimum(np.minimum(city.lease["end"], city.lease["stop"]), horizon)
    starts = np.clip(city.lease["start"], 0, horizon)
    # leased area as a running sum of what begins and ends
    steps = np.zeros((n, horizon + 1), dtype=np.int64)
    np.add.at(steps, (city.lease["firm"], starts), city.lease["area"])
    np.add.at(steps, (city.lease["firm"], np.maximum(ends, starts)), -city.lease["area"])
    city.month["leased_tenth"] = np.cumsum(steps, axis=1)[:, :horizon]


def _draw_buildings(city: City) -> None:
    """What each building has: space to let (always more than is ever let), floors, land, a use, an age; and a name."""
    lease, horizon = city.lease, city.horizon
    sites = len(city.building["road"])
    rng = city.stream("buildings")
    begin = np.clip(lease["start"], 0, horizon)
    end = np.maximum(np.minimum(np.minimum(lease["end"], lease["stop"]), horizon), begin)
    steps = np.zeros((sites, horizon + 1), dtype=np.int64)
    np.add.at(steps, (lease["building"], begin), lease["area"])
    np.add.at(steps, (lease["building"], end), -lease["area"])
    most = np.cumsum(steps, axis=1)[:, :horizon].max(axis=1)
    lettable = (np.maximum(most, 5_000) * rng.uniform(1.05, 1.4, sites)).astype(np.int64) // 100 * 100 + 100
    floor = (lettable / rng.uniform(0.7, 0.88, sites)).astype(np.int64)
    plot_ratio = np.rint(rng.uniform(0.9, 3.2, sites) * 100).astype(np.int64)
    city.building |= {
        "lettable": lettable,  # tenths of m2
        "floor": floor,  # tenths of m2
        "plot_ratio": plot_ratio,  # hundredths
        # hundredths of a mu
        "land": np.maximum(np.rint(floor / 10 / (plot_ratio / 100) / 666.67 * 100), 1).astype(np.int64),
        "use": rng.choice(len(words.BUILDING_USES), sites, p=[0.35, 0.3, 0.2, 0.1, 0.05]),
        "completed": np.datetime64("2004-01-01") + rng.integers(0, 6500, sites),
        "name": rng.integers(0, len(words.BUILDING_NAMES), sites),
    }


def _draw_events(city: City) -> None:
    """What the register enters: one row per event, with the day it happened and the day it was entered."""
    firm, text, of = city.firm, city.text, city.is_story
    rng = city.stream("events")
    n = city.firms
    day = firm["turn_day"]
    second_day = rng.integers(1, 28, n)
    turn, partner = firm["turn"], firm["partner"]
    nothing = pa.nulls(n, pa.string())
    partner_code = choose(partner >= 0, text["uscc_0"].take(pa.array(np.maximum(partner, 0))), nothing)
    here, away = text["seat_here"], text["seat_away"]
    rows: list[dict[str, Any]] = []

    def enter(
        kind: str,
        who: Array,
        months: Array,
        days: Array = day,
        before: pa.Array = nothing,
        after: pa.Array = nothing,
        other: pa.Array = nothing,
        about: Array | None = None,
    ) -> None:
        """`who` reports; the row is about the same firm unless `about` names another (the parent of a spin-off)."""
        which = np.flatnonzero(who & (months < city.horizon) & (months > -400))
        take = pa.array(which)
        rows.append(
            {
                "kind": np.full(len(which), EVENT_KINDS.index(kind)),
                "firm": (np.arange(n) if about is None else about)[which],
                "date": city.day(months[which], days[which]),
                "before": before.take(take),
                "after": after.take(take),
                "other": other.take(take),
                "other_firm": np.where(pc.is_null(other).to_numpy(zero_copy_only=False), -1, partner)[which],
            }
        )

    listed = np.where(of("reactivated"), firm["pause"] + 5, turn)
    enter("rename", of("rename"), turn, before=text["name_0"], after=text["name_1"])
    enter("code_change", of("code_change"), turn, before=text["uscc_0"], after=text["uscc_1"])
    enter("address_change", of("move_in"), turn, before=away, after=here)
    leaving = of("move_out", "move_out_sudden") & firm["tells_leaving"]
    firm["seat_leaves"] = np.where(leaving, turn + firm["event_lag"], np.where(of("seat_moved"), turn, NEVER))
    enter("address_change", leaving | of("seat_moved"), firm["seat_leaves"], before=here, after=away)
    enter("merger", of("absorbed"), turn, other=partner_code)
    enter("division", of("spun_off"), turn, other=text["uscc_0"], after=text["name_0"], about=partner)
    rows[-1]["other_firm"] = np.flatnonzero(of("spun_off") & (turn < city.horizon))
    with_parent = of("branch_new") & (partner >= 0)
    enter("branch_opened", with_parent, turn, other=text["uscc_0"], after=text["name_0"], about=partner)
    rows[-1]["other_firm"] = np.flatnonzero(with_parent & (turn < city.horizon))
    enter("abnormal_listed", of("reactivated", "abnormal"), listed)
    removed = np.where(of("reactivated"), firm["resume"], turn + 6)
    enter("abnormal_removed", of("reactivated") | of("abnormal") & (np.arange(n) % 3 > 0), removed, days=second_day)
    enter("abnormal_listed", of("revoked"), turn - 7)
    enter("revoked", of("revoked"), turn)
    firm["cancelled"] = np.where(of("death", "death_sudden", "absorbed"), turn, NEVER)
    firm["revoked"] = np.where(of("revoked"), turn, NEVER)
    enter("cancelled", of("death", "death_sudden", "absorbed"), turn)
    for spelled in ("capital_0", "capital_1"):
        text[spelled] = capital_text(firm[spelled], firm["currency"], firm["capital_spelling"])
    enter(
        "capital_change",
        firm["change_capital"] < NEVER,
        firm["change_capital"],
        before=text["capital_0"],
        after=text["capital_1"],
    )
    # investments elsewhere: the code and name of a firm outside the park
    invests = of("steady", "growth") & (firm["form"] < PARTNERSHIP) & (rng.random(n) < 0.05)
    outside = codes.from_text(list(words.OTHER_DIVISIONS))[rng.integers(0, len(words.OTHER_DIVISIONS), n)]
    organisation = codes.digits(rng.integers(60_000_000, 79_999_999, n), 8)
    code = codes.to_text(codes.uscc(codes.from_text(["91"] * n), outside, organisation))
    name = join(pick(words.OTHER_CITIES, rng.integers(0, len(words.OTHER_CITIES), n)), text["brand_0"], "科技有限公司")
    enter("investment", invests, rng.integers(1, city.horizon, n), other=code, after=name)
    rows[-1]["other_firm"][:] = -1

    city.event = {key: np.concatenate([row[key] for row in rows]) for key in ("kind", "firm", "date", "other_firm")} | {
        key: pa.concat_arrays([row[key] for row in rows]) for key in ("before", "after", "other")
    }
    count = len(city.event["kind"])
    entry = city.stream("event entry")
    lag = entry.integers(1, 11, count) + np.where(entry.random(count) < 0.06, 35, 0)
    city.event["recorded"] = office_time(city.event["date"] + lag, entry)
    city.event["number"] = entry.permutation(count)


EVENT_KINDS = (
    "rename",
    "code_change",
    "address_change",
    "capital_change",
    "merger",
    "division",
    "branch_opened",
    "investment",
    "abnormal_listed",
    "abnormal_removed",
    "cancelled",
    "revoked",
)


def office_time(dates: Array, rng: np.random.Generator) -> Array:
    """A second within office hours (9:00 to 17:00, park time) of each day."""
    moments: Array = dates.astype("datetime64[s]") + rng.integers(9 * 3600, 17 * 3600, len(dates))
    return moments


def capital_text(yuan: Array, currency: Array, spelling: Array) -> pa.Array:
    """Registered capital as registers write it; a branch has none.

    500万元人民币 · 500万人民币元 · 500.000000万人民币 · 30(万美元) · 人民币500万元 · 5000000元 · ５００万元 · 500万
    """
    wan = pc.cast(pa.array(yuan // 10_000), pa.string())
    unit = pick(("人民币", "美元", "欧元", "港元"), currency)
    wide = pc.replace_substring(wan, "0", "０")
    for digit in "123456789":
        wide = pc.replace_substring(wide, digit, chr(ord(digit) + 0xFEE0))
    home = [
        join(wan, "万元人民币"),
        join(wan, "万人民币元"),
        join(wan, ".000000万人民币"),
        join("人民币", wan, "万元"),
        join(pc.cast(pa.array(yuan), pa.string()), "元"),
        join(wide, "万元"),
        join(wan, "万元"),
        join(wan, "万"),
    ]
    abroad = [join(wan, "万", unit), join(wan, "(万", unit, ")"), join(wan, ".0万", unit), join(wan, "(万", unit, ")")]
    text = home[0]
    for number, spelled in enumerate(home):
        text = choose(spelling == number, spelled, text)
    for number, spelled in enumerate(abroad):
        text = choose((currency > 0) & (spelling % 4 == number), spelled, text)
    return choose(yuan > 0, text, pa.nulls(len(yuan), pa.string()))
