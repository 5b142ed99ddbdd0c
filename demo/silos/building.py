"""The property system's register of buildings: the whole register as CSV, at the beginning of every quarter."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo import words
from demo.city import Array, City, building_codes, choose, join, pick
from demo.files import csv_bytes
from demo.silos.books import Books, with_decimals

# how the code of one building is spelled in each delivery, in turn
CODE_SPELLINGS = ("b", "B-", "Ｂ")


def write(books: Books) -> None:
    """Write the registers delivered before `until`: 楼栋台账_YYYYMM.csv."""
    city, building = books.city, books.city.building
    sites = np.arange(len(building["lettable"]))
    code, listed, unmeasured, late = building_codes(sites), is_listed(city), is_unmeasured(city), is_measured_late(city)
    manager = city.stream("building managers")
    person = join(
        pick(words.SURNAMES, manager.integers(0, len(words.SURNAMES), len(sites))),
        pick(words.GIVEN, manager.integers(0, len(words.GIVEN), len(sites))),
    )
    use = pick([word for word, _ in words.BUILDING_USES], building["use"])
    land = choose(sites % 6 == 2, "/", with_decimals(building["land"]))
    ratio = choose(sites % 6 == 4, "", with_decimals(building["plot_ratio"]))
    delivery = 0
    for t in range(city.horizon):
        if t > 0 and (int(city.start.astype(int)) + t + 1) % 3 != 0:
            continue
        label, at = f"楼栋台账_{books.month_text(t + 1)}.csv", books.moment(t + 1, 1, 8, 40)
        if books.deliver("building", label, t, at, "regular"):
            lettable = with_decimals(building["lettable"] * 10)
            # it is not measured: -1 at first, then 0; of some it is put right in the next year
            lettable = choose(unmeasured | (late & (delivery < 4)), "-1" if delivery < 2 else "0", lettable)
            spelled = CODE_SPELLINGS[delivery % 3]
            odd = sites == delivery % len(sites)
            rows = pa.array(listed[np.argsort(building["name"][listed], kind="stable")])
            table = pa.table(
                {
                    "楼栋编号": choose(odd, pc.replace_substring(code, "B", spelled), code),
                    # somebody types 号楼 for 幢
                    "楼栋名称": choose(odd, names(city, "号楼"), names(city)),
                    "用途": use,
                    "建筑面积(㎡)": with_decimals(building["floor"] * 10),
                    "可租面积(㎡)": lettable,
                    "占地面积(亩)": land,
                    "容积率": ratio,
                    "竣工日期": pc.cast(pa.array(building["completed"], pa.date32()), pa.string()),
                    "楼管员": person,
                }
            ).take(rows)
            total = f"{building['floor'][listed].sum() / 10:.1f}"
            totals = ["合计", "", "", total, "", "", "", "", ""]
            content = csv_bytes(table, encoding="gb18030", titles=[f"{words.CITY}高新区产业园楼栋台账"], totals=totals)
            books.file("building", label, content, at)
        delivery += 1


def names(city: City, ending: str = "幢") -> pa.Array:
    """启航大厦3幢: what people call each building."""
    block = pc.cast(pa.array(city.building["block"]), pa.string())
    return join(pick(words.BUILDING_NAMES, city.building["name"]), block, ending)


def is_listed(city: City) -> Array:
    """The buildings that are in the register: one in a hundred, and at least one, was forgotten."""
    sites = len(city.building["lettable"])
    forgotten = city.stream("forgotten buildings").permutation(sites)[: max(1, sites // 100)]
    return np.setdiff1d(np.arange(sites), forgotten)


def _some(city: City, place: int) -> Array:
    """One in forty of the listed buildings, and at least one, as positions."""
    listed = is_listed(city)
    order = city.stream("unmeasured buildings").permutation(listed)
    count = max(1, len(listed) // 40)
    return np.isin(np.arange(len(city.building["lettable"])), order[place * count : (place + 1) * count])


def is_unmeasured(city: City) -> Array:
    """Buildings with a lettable area that the register never knows."""
    return _some(city, 0)


def is_measured_late(city: City) -> Array:
    """Buildings with a lettable area that the register knows from its fifth delivery on."""
    return _some(city, 1)
