"""How one office writes a firm's code, name and address: mostly right, sometimes in one of the usual wrong ways."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo import codes, words
from demo.city import NEVER, Array, City, choose, join, pick

CODE_KINDS = (
    "clean",
    "lower_case",
    "mistyped",
    "legacy_tax_no",
    "legacy_registration_no",
    "organisation_code",
    "other_firm",
    "missing",
)
NAME_KINDS = (
    "clean",
    "half_width",
    "full_width",
    "spaces",
    "no_city",
    "form_swapped",
    "traditional",
    "typo",
    "never_updated",
    "former",
    "short",
)


@dataclass(frozen=True)
class Written:
    """One field as an office writes it: before and after the firm's change, when the office switches, kind of dirt."""

    before: pa.Array
    after: pa.Array
    switch: Array  # month index from which `after` is written
    kind: Array  # position in CODE_KINDS or NAME_KINDS

    def at(self, month: int | Array, firms: Array) -> pa.Array:
        """The field of these firms as written in this month, or each in a month of its own."""
        return choose(self.switch[firms] <= month, self.after.take(pa.array(firms)), self.before.take(pa.array(firms)))


def draw_kinds(
    city: City, name: str, kinds: tuple[str, ...], rates: dict[str, float], possible: dict[str, Array]
) -> Array:
    """Give each firm a kind of dirt.

    A rate is a share of the firms to which that kind of dirt can happen: those in `possible`, or all. Every kind that
    has a rate is there at least twice, whatever the city's size.
    """
    rng = city.stream(f"{name} kinds")
    kind = np.zeros(city.firms, dtype=np.int64)
    order = rng.permutation(city.firms)
    # what can happen to few comes first, or nothing would be left of them
    for dirt, rate in sorted(rates.items(), key=lambda entry: entry[0] not in possible):
        free = order[(kind[order] == 0) & possible.get(dirt, np.ones(city.firms, dtype=bool))[order]]
        kind[free[: max(2, round(rate * len(free)))]] = kinds.index(dirt)
    return kind


def write_codes(city: City, silo: str, rates: dict[str, float], lag: tuple[int, int]) -> Written:
    """Credit codes as a silo has them; a new code arrives there between lag[0] and lag[1] months late."""
    rng = city.stream(f"{silo} codes")
    has_letter = pc.match_substring_regex(city.text["uscc_0"], "[A-Z]").to_numpy(zero_copy_only=False)
    kind = draw_kinds(city, f"{silo} codes", CODE_KINDS, rates, {"lower_case": has_letter})
    n = city.firms
    position, step = rng.integers(8, 16, n), rng.integers(1, 10, n)
    # another firm's code: of one that has long been here
    settled = np.flatnonzero((city.firm["arrive"] < 0) & city.firm["is_registered_here"])
    wrong = settled[rng.integers(0, len(settled), n)]
    wrong = np.where(wrong == np.arange(n), settled[0], wrong)
    hyphen = rng.random(n) < 0.5

    def written(code: pa.Array) -> pa.Array:
        area, organisation = pc.utf8_slice_codeunits(code, 2, 8), pc.utf8_slice_codeunits(code, 8, 17)
        spelled = join(pc.utf8_slice_codeunits(organisation, 0, 8), "-", pc.utf8_slice_codeunits(organisation, 8, 9))
        forms = {
            "lower_case": pc.ascii_lower(code),
            "mistyped": _mistyped(code, position, step),
            "legacy_tax_no": join(area, organisation),
            "legacy_registration_no": city.text["registration_no"],
            "organisation_code": choose(hyphen, spelled, organisation),
            "other_firm": city.text["uscc_0"].take(pa.array(wrong)),
            "missing": pa.nulls(n, pa.string()),
        }
        text = code
        for name, form in forms.items():
            if (kind == CODE_KINDS.index(name)).any():
                text = choose(kind == CODE_KINDS.index(name), form, text)
        return text

    switch = city.firm["change_code"] + rng.integers(lag[0], lag[1] + 1, n)
    return Written(written(city.text["uscc_0"]), written(city.text["uscc_1"]), switch, kind)


def _mistyped(code: pa.Array, position: Array, step: Array) -> pa.Array:
    """One digit of the code is another digit (the two check digits then no longer agree)."""
    characters = codes.from_text(code.to_pylist()).copy()
    rows = np.arange(len(code))
    old = characters[rows, position]
    digit = (old >= ord("0")) & (old <= ord("9"))
    characters[rows, position] = np.where(digit, ord("0") + (old - ord("0") + step) % 10, ord("0") + step % 10)
    return codes.to_text(characters)


def write_names(city: City, silo: str, rates: dict[str, float], lag: tuple[int, int]) -> Written:
    """Names as a silo has them; a new name arrives there between lag[0] and lag[1] months late, or never."""
    rng = city.stream(f"{silo} names")
    renamed = city.firm["change_name"] < NEVER
    possible = {
        "half_width": pc.match_substring(city.text["name_0"], "（").to_numpy(zero_copy_only=False),
        "full_width": pc.match_substring_regex(city.text["name_0"], "[A-Z]").to_numpy(zero_copy_only=False),
        "never_updated": renamed,
        "former": pc.is_valid(city.text["former_name"]).to_numpy(zero_copy_only=False),
        "form_swapped": pc.match_substring_regex(city.text["name_0"], "有限(责任)?公司").to_numpy(zero_copy_only=False),
    }
    kind = draw_kinds(city, f"{silo} names", NAME_KINDS, rates, possible)
    n = city.firms
    swapped = rng.random(n) < 0.5
    typos = NAME_KINDS.index("typo")

    def written(name: pa.Array, brand: pa.Array) -> pa.Array:
        without_city = name
        for place in (words.CITY, *words.OTHER_CITIES):
            without_city = pc.replace_substring_regex(without_city, f"^{place}市?|（{place}）", "")
        long, short = "有限责任公司", "有限公司"
        has_long = pc.match_substring(name, long)
        other_form = pc.if_else(
            has_long, pc.replace_substring(name, long, short), pc.replace_substring(name, short, long)
        )
        first, second = pc.utf8_slice_codeunits(brand, 0, 1), pc.utf8_slice_codeunits(brand, 1, 2)
        typo = _replace_each(name, brand, choose(swapped, join(second, first), join(first, "某")), kind == typos)
        forms = {
            "half_width": pc.replace_substring(pc.replace_substring(name, "（", "("), "）", ")"),
            "full_width": _full_width(name),
            "spaces": join(pc.utf8_slice_codeunits(name, 0, 4), " ", pc.utf8_slice_codeunits(name, 4), "  "),
            "no_city": without_city,
            "form_swapped": other_form,
            "traditional": _traditional(name, kind == NAME_KINDS.index("traditional")),
            "typo": typo,
            "former": city.text["former_name"],
            "short": join(brand, city.text["word"]),
        }
        text = name
        for dirt, form in forms.items():
            where = kind == NAME_KINDS.index(dirt)
            if where.any():
                text = choose(where, form, text)
        return text

    before = written(city.text["name_0"], city.text["brand_0"])
    after = written(city.text["name_1"], city.text["brand_1"])
    switch = city.firm["change_name"] + rng.integers(lag[0], lag[1] + 1, n)
    switch = np.where(kind == NAME_KINDS.index("never_updated"), NEVER, switch)
    same = pc.equal(before, city.text["name_0"]).to_numpy(zero_copy_only=False)
    stale = (kind == NAME_KINDS.index("never_updated")) & renamed
    return Written(before, after, switch, np.where(same & ~stale, 0, kind))


def _replace_each(text: pa.Array, old: pa.Array, new: pa.Array, where: Array) -> pa.Array:
    """Each chosen row's own piece of text (its first two characters count) replaced once."""
    names = text.to_pylist()
    for row in np.flatnonzero(where):
        names[row] = names[row].replace(old[row].as_py()[:2], new[row].as_py(), 1)
    return pa.array(names, pa.string())


def _traditional(text: pa.Array, where: Array) -> pa.Array:
    names = text.to_pylist()
    for row in np.flatnonzero(where):
        names[row] = names[row].translate(words.TRADITIONAL)
    return pa.array(names, pa.string())


def _full_width(text: pa.Array) -> pa.Array:
    for character in "AKTSDBY8":
        text = pc.replace_substring(text, character, chr(ord(character) + 0xFEE0))
    return text


def write_addresses(city: City, silo: str) -> pa.Array:
    """The address in the park as a silo has it: in full, or one of the shorter ways to say it."""
    n, text = city.firms, city.text
    style = city.stream(f"{silo} addresses").integers(0, 6, n)
    road, number, block, room = text["road"], text["number"], text["block"], text["room"]
    styles = [
        text["seat_here"],
        text["seat_here"],
        join(words.DISTRICT, road, number, "号", block, "号楼", room),
        join(words.CITY, words.DISTRICT, road, number, "号", block, "栋", room, "室"),
        join(road, number, "号", block, "幢-", room),
        join(words.CITY, "市 ", road, " ", number, "#", block, "-", room),
    ]
    written = styles[0]
    for position, spelled in enumerate(styles):
        written = choose(style == position, spelled, written)
    return written


def short_names(city: City) -> Written:
    """What the gate calls a firm: its brand with the trade's word, the brand alone, or the brand with the city.

    A new name is at the gate up to 14 months after the change.
    """
    rng = city.stream("gate names")
    style = _short_styles(city, rng)

    def written(brand: pa.Array, name: pa.Array) -> pa.Array:
        text = join(brand, city.text["word"])
        text = choose(style == 1, join(words.CITY, brand), text)
        text = choose(style == 2, name, text)
        return choose(style == 3, join(brand, "公司"), text)

    before = written(city.text["brand_0"], city.text["name_0"])
    after = written(city.text["brand_1"], city.text["name_1"])
    switch = city.firm["change_name"] + rng.integers(0, 15, city.firms)
    return Written(before, after, switch, np.where(style == 2, 0, NAME_KINDS.index("short")))


def _short_styles(city: City, rng: np.random.Generator) -> Array:
    return rng.choice(4, city.firms, p=[0.6, 0.15, 0.15, 0.1])


def alike(city: City, short: pa.Array, firms: Array, place: pa.Array | None = None) -> pa.Array:
    """How many firms each of these short names may mean: shortened likewise it is theirs too, now or formerly.

    A brand alone may mean every firm with a brand that begins so.

    Args:
        city: Where they are.
        short: What `short_names` says of `firms`.
        firms: Who is meant.
        place: By firm; given, only firms in the same place count.
    """
    everyone = np.arange(city.firms)
    spellings = []
    for brand, name in ((city.text["brand_0"], city.text["name_0"]), (city.text["brand_1"], city.text["name_1"])):
        spellings += [join("word ", brand, city.text["word"]), join("name ", name)]
        spellings += [join("brand ", pc.utf8_slice_codeunits(brand, 0, length)) for length in (2, 3, 4)]

    def placed(text: pa.Array, who: Array) -> pa.Array:
        return text if place is None else join(text, " ", place.take(pa.array(who)))

    said = pa.table(
        {
            "text": pa.concat_arrays([placed(text, everyone) for text in spellings]),
            "firm": pa.array(np.tile(everyone, len(spellings))),
        }
    )
    counts = said.group_by("text").aggregate([("firm", "count_distinct")])
    style = _short_styles(city, city.stream("gate names"))[firms]
    brand = pc.replace_substring_regex(short, f"^{words.CITY}|公司$", "")
    asked = choose(style == 0, join("word ", short), choose(style == 2, join("name ", short), join("brand ", brand)))
    return counts["firm_count_distinct"].take(pc.index_in(placed(asked, firms), counts["text"])).combine_chunks()


def people(city: City, silo: str) -> dict[str, pa.Array]:
    """A natural person for every firm: name, mobile phone and identity number. None of them may ever land."""
    rng = city.stream(f"{silo} people")
    n = city.firms
    surname = pick(words.SURNAMES, rng.integers(0, len(words.SURNAMES), n))
    name = join(surname, pick(words.GIVEN, rng.integers(0, len(words.GIVEN), n)))
    phone = join("13", codes.to_text(codes.digits(rng.integers(100_000_000, 999_999_999, n), 9)))
    born = (np.datetime64("1962-01-01") + rng.integers(0, 365 * 38, n)).astype("datetime64[D]")
    year = born.astype("datetime64[Y]").astype(np.int64) + 1970
    month = born.astype("datetime64[M]").astype(np.int64) % 12 + 1
    day = (born - born.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64) + 1
    birth = codes.digits(year * 10_000 + month * 100 + day, 8)
    area = codes.from_text(list(words.CITY_DIVISIONS))[rng.integers(0, len(words.CITY_DIVISIONS), n)]
    identity = codes.to_text(codes.identity_number(area, birth, rng.integers(1, 999, n)))
    return {"name": name, "phone": phone, "identity_no": identity}
