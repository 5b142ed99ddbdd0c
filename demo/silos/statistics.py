"""The statistics office: industries of the whole city by year, and one input-output table. Made-up shares that are known."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from demo import words
from demo.city import Array, City
from demo.files import csv_bytes
from demo.silos.books import Books

AREA_CODE = "329900"
AREA_ENTERPRISES = 60_000
# groups that the city has and the park has not
OTHER_GROUPS = (
    *("A011", "A031", "B101", "C131", "C171", "C182", "C211", "C221", "C261", "C265", "C292", "C301", "C311", "C324"),
    *("C341", "C351", "C381", "C387", "C401", "D441", "D461", "E471", "E501", "F512", "F521", "G543", "G581", "H611"),
    *("I631", "I642", "J681", "K701", "L711", "L721", "M731", "M748", "N772", "O811", "Q841", "R901"),
)
LEADING_COUNT = 6


def groups(city: City) -> dict[str, Array]:
    """What is true of each group of the reference city: its share, whether the park leads in it, staff, growth.

    The park's firms are drawn by the weights of words.INDUSTRIES; the city's share of a group is that weight divided by the
    group's planted location quotient.
    """
    rng = city.stream("reference shares")
    weight: dict[str, float] = {}
    for trade in words.INDUSTRIES:
        weight[trade.code[:4]] = weight.get(trade.code[:4], 0) + trade.weight
    codes = np.array([*weight, *OTHER_GROUPS])
    share = np.array([*weight.values(), *[0.0] * len(OTHER_GROUPS)]) / sum(weight.values())
    heavy = np.flatnonzero(share >= 0.035)
    leading = np.isin(np.arange(len(codes)), rng.permutation(heavy)[:LEADING_COUNT])
    quotient = np.where(leading, rng.uniform(2.6, 4.0, len(codes)), rng.uniform(0.45, 0.95, len(codes)))
    reference = np.where(share > 0, share / quotient, 0)
    # the city's own trades take what is left, a tenth at least
    reference *= min(1.0, 0.9 / reference.sum())
    rest = rng.dirichlet(np.full(len(OTHER_GROUPS), 2.0)) * (1 - reference.sum())
    reference[len(weight) :] = rest
    # trades that the park has only by its families: the banks
    reference = np.where(reference == 0, 0.008, reference)
    sales = {trade.code[:4]: trade.sales * 12 for trade in words.INDUSTRIES}
    return {
        "code": codes,
        "park_share": share,
        "reference_share": reference / reference.sum(),
        "is_leading": leading,
        "staff": rng.lognormal(np.log(12), 0.5, len(codes)),
        "growth": rng.normal(0.03, 0.06, len(codes)),
        "sales": np.array([sales.get(code, 60_000 * 12) for code in codes], dtype=float),
    }


def write(books: Books) -> None:
    """Write 行业统计_YYYY.csv of every year that is out by `until`, and 投入产出表_YYYY.csv."""
    city = books.city
    first = int(city.start.astype(int)) // 12 + 1970 - 1
    start = int(city.start.astype(int))
    for year in range(first, first + city.horizon // 12 + 3):
        # in March of the next year; the office's last year before the history is there from the beginning
        month = (year + 1 - 1970) * 12 + 2 - start
        if year == first:
            month = 0
        elif not 0 < month < city.horizon:
            continue
        label, at = f"行业统计_{year}.csv", books.moment(month, 15 if month else 3, 9)
        if books.deliver("statistics", label, month, at, "regular"):
            books.file("statistics", label, csv_bytes(_year(city, year, first), encoding="gb18030"), at)
    label, at = f"投入产出表_{first - 1}.csv", books.moment(0, 3, 9)
    if books.deliver("statistics", label, 0, at, "regular"):
        books.file("statistics", label, csv_bytes(_table(city, first - 1), encoding="gb18030"), at)


def _year(city: City, year: int, first: int) -> pa.Table:
    """One year of the city by group, division and section, and all of them together."""
    true = groups(city)
    grown = (1 + true["growth"]) ** (year - first)
    count = np.maximum(1, np.rint(AREA_ENTERPRISES * true["reference_share"] * grown)).astype(np.int64)
    staff = np.maximum(count, np.rint(count * true["staff"])).astype(np.int64)
    sales = np.rint(staff * true["sales"] / 10_000).astype(np.int64)
    # a fixed share: taxes are no subject of this table
    tax = sales // 20
    codes = np.array([str(code) for code in true["code"]])
    names, rows = ["全部"], [[int(column.sum()) for column in (count, staff, sales, tax)]]
    for length in (1, 3, 4):  # sections, then divisions and groups with the section's letter
        keys = np.array([code[:length] for code in codes])
        for key in dict.fromkeys(sorted(keys)):
            names.append(str(key))
            rows.append([int(column[keys == key].sum()) for column in (count, staff, sales, tax)])

    def column(place: int) -> pa.Array:
        # the office withholds what fewer than three enterprises would show
        return pa.array(["*" if row[0] < 3 else str(row[place]) for row in rows])

    same = len(rows)
    return pa.table(
        {
            "年份": pa.array([str(year)] * same),
            "地区代码": pa.array([AREA_CODE] * same),
            "地区": pa.array([f"{words.CITY}市"] * same),
            "分类标准": pa.array(["GB/T 4754-2017"] * same),
            "行业代码": pa.array(names),
            "行业名称": pa.array(["-"] * same),
            "企业数": pa.array([str(row[0]) for row in rows]),
            "从业人数": column(1),
            "营业收入_万元": column(2),
            "税收_万元": column(3),
        }
    )


def _table(city: City, year: int) -> pa.Table:
    """An input-output table by division: what each buys of the others, and its whole output, 10,000 yuan."""
    rng = city.stream("input output")
    divisions = sorted({str(code)[1:3] for code in groups(city)["code"]})
    many = len(divisions)
    output = np.rint(rng.lognormal(np.log(3e6), 1.0, many)).astype(np.int64)
    rows = list(_flows(rng, divisions, output))
    rows += [(seller, "总产出", int(value)) for seller, value in zip(divisions, output, strict=True)]
    return pa.table(
        {
            "年份": pa.array([str(year)] * len(rows)),
            "部门分类": pa.array(["国标大类"] * len(rows)),
            "产出部门": pa.array([row[0] for row in rows]),
            "投入部门": pa.array([row[1] for row in rows]),
            "金额_万元": pa.array([str(row[2]) for row in rows]),
        }
    )


def _flows(rng: np.random.Generator, divisions: list[str], output: Array) -> Iterator[tuple[str, str, int]]:
    """Each buyer takes a tenth of its output from itself and 25 to 50 % from eight others."""
    for buyer, name in enumerate(divisions):
        others = rng.choice(np.delete(np.arange(len(divisions)), buyer), 8, replace=False)
        parts = rng.dirichlet(np.ones(8)) * rng.uniform(0.25, 0.5)
        yield name, name, int(output[buyer] // 10)
        for seller, part in zip(others, parts, strict=True):
            yield divisions[seller], name, int(part * output[buyer])


def truth(city: City) -> pa.Table:
    """One row per group of the reference city: its share there and in the park as drawn, and whether the park leads in it."""
    true = groups(city)
    return pa.table(
        {
            "group_code": pa.array([str(code)[1:] for code in true["code"]]),
            "park_share": pa.array(true["park_share"]),
            "reference_share": pa.array(true["reference_share"]),
            "is_leading": pa.array(true["is_leading"]),
        }
    )
