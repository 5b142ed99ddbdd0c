"""How right industries, candidates and hints are, against published figures and what later happened; real data beside the checkout.

    quotient     location quotients of county x industry by industry.position against those that the statistics office published to two
                 decimals (QCEW, 4th quarter of 2016). The file has half of the counties, so the nation's shares and each county's whole
                 total are not in it: one number per industry and one per county, which must explain every published quotient
    shift        the three terms of shift-share against the change, and against the formula in fractions
    leading      300 firms drawn from each of 358 cities of known shares: wrong: called leading where the city has no more than its share;
                 found: of the industries with 1.5 times their share and three firms expected. Baseline: the usual cut of 1.25
    candidates   59 cities, candidates of 2006, branches of 2007-2009: arrivals among the first 100 and 1,000 by industry.candidate.
                 Baseline: candidates of the city's most concentrated industries
    hint         real exchanges in 8 industrial parks: R-precision of pairs by input-output against the sectors' size, of products; of
                 by-products it is shown that there is nothing

Nothing is fitted to these files but the two sets of numbers of `quotient`. Without PARKBRIDGE_SHARED_DATA or ../shared/data it says so.

    python -m benchmarks.industry [--only leading]
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from demo import codes
from transforms.night import RULES, models
from warehouse.connection import prepare
from warehouse.models import load_rules
from warehouse.settings import CHECKOUT

Array = npt.NDArray[Any]
Row = tuple[str, str, str, str]  # figure, baseline, ours, reach
SAMPLE, DRAWS, SEED = 300, 5, 1
COUNTIES = 12
ARRIVALS = 7  # cities with fewer later arrivals are not scored
# words of a trade in a plant's name, in this order, and its sector among the 153
TRADES = (
    ("waste ?water|sewage|purification|pretreatment|water corporation|reservoir|basin", "102"),
    ("medical packing|packag|plastic", "053"),
    ("waste|recycl|disassembl|rdf", "098"),
    ("nickel|alumina|aluminium slag|electrolysis|vanadium|alloy", "064"),
    ("aluminum profile", "065"),
    ("power|energy|heating|boiler", "100"),
    ("lpg|biogas", "101"),
    ("air liquide|gases|chemical|alkali|silica|lithium|ammonium|carbon", "043"),
    ("ammonia|fertili[sz]er", "044"),
    ("crop|pesticide", "045"),
    ("pigment|paint|ink", "046"),
    ("adhesive|additive|explosive|agents", "048"),
    ("refinery|oil|biodiesel|tank farm", "041"),
    ("coal gasif|coking", "042"),
    ("coal", "006"),
    ("pig|aviary", "003"),
    ("fish|algae", "004"),
    ("farm|agricultur|sugarcane|bulk", "001"),
    ("forest", "002"),
    ("sugar", "015"),
    ("alcohol|ethanol", "023"),
    ("paper|pulp|graphic", "037"),
    ("cement", "054"),
    ("gypsum|building material|construction material|wallboard", "055"),
    ("stone", "010"),
    ("asphalt", "056"),
    ("ceramic", "058"),
    ("fused|thermal", "059"),
    ("absorption|sheet", "060"),
    ("seafood", "017"),
    ("textile", "031"),
    ("fiber", "051"),
    ("auto|spare", "080"),
    ("discrete|ballast", "066"),
    ("steel", "062"),
    ("pcb", "094"),
    ("computer", "090"),
    ("batter", "087"),
    ("refrigerat", "071"),
    ("equipment", "078"),
    ("municip|kommun", "153"),
    ("pharma", "050"),
)


def scratch(tables: dict[str, str]) -> duckdb.DuckDBPyConnection:
    """A warehouse with rules and macros, and these tables (`schema.name`: its columns) empty."""
    connection = duckdb.connect()
    prepare(connection)
    load_rules(connection, RULES)
    connection.execute("create or replace table ops.night as select 'n' as night_id, timestamp '2007-01-01' as as_of")
    for table, columns in tables.items():
        if table.startswith("known."):
            connection.execute(f"drop view if exists {table}")
        connection.execute(f"create or replace table {table} ({columns})")
    return connection


def model(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Build one model of the layer as a night does."""
    [found] = [one for one in models() if one.table == f"industry.{name}"]
    connection.execute(f"create or replace table {found.table} as {found.sql}")


PARK = (
    "industry_level varchar, industry_code varchar, year_number bigint, enterprise_count bigint, insured_headcount bigint, "
    "largest_headcount bigint, sales_amount decimal(30, 2), tax_received_amount decimal(30, 2), "
    "park_enterprise_count bigint, park_staff_headcount bigint"
)
AREA = (
    "industry_level varchar, industry_code varchar, year_number bigint, area_code varchar, area_name varchar, "
    "enterprise_count bigint, staff_headcount bigint, area_enterprise_count bigint, area_staff_headcount bigint"
)


def quotient(data: Path) -> Iterator[Row]:
    """Published location quotients: one number per county and one per industry explain them all, or do not."""
    frame = duckdb.sql(
        "select area_fips as area, concat(agglvl, ' ', naics) as industry, estabs, emp_dec, disclosure is null as is_shown, "
        "published_lq_estabs as lq_estabs, published_lq_emp as lq_emp "
        f"from '{data / 'industry' / 'us_qcew_half_counties_2016q4.parquet'}'"
    ).df()
    for words, size, published in (("enterprises", "estabs", "lq_estabs"), ("staff", "emp_dec", "lq_emp")):
        known = frame[(frame[size] > 0) & (frame[published] > 0)]
        if words == "staff":
            known = known[known["is_shown"]]
        areas, area = np.unique(known["area"], return_inverse=True)
        _, industry = np.unique(known["industry"], return_inverse=True)
        x, lq = known[size].to_numpy(float), known[published].to_numpy(float)
        log_area, log_industry = _explained(x, lq, area, industry)
        computed = x / np.exp(log_area[area] + log_industry[industry])
        # a published 1.23 is anything from 1.225 to 1.235
        wrong = int((np.abs(computed - lq) > 0.005 + 1e-4).sum())
        yield f"location quotients by {words} that differ from the published", "–", f"{wrong} of {len(x):,}", "0"
        if words == "enterprises":
            chosen = np.random.default_rng(SEED).choice(len(areas), COUNTIES, replace=False)
            off, rows = _by_model(x, lq, area, industry, chosen, log_area, log_industry)
            yield f"the same by industry.position, {COUNTIES} counties", "–", f"{off} of {rows:,}", "0"


def _explained(x: Array, lq: Array, area: Array, industry: Array) -> tuple[Array, Array]:
    """Logarithms of one number per area and per industry: weighted least squares, then into the middle of what rounding allows."""
    weight, target = np.minimum(lq, 50) ** 2, np.log(x) - np.log(lq)
    areas, industries = area.max() + 1, industry.max() + 1
    a, i = np.zeros(areas), np.zeros(industries)
    for _ in range(200):
        i = np.bincount(industry, weight * (target - a[area])) / np.bincount(industry, weight)
        a = np.bincount(area, weight * (target - i[industry])) / np.bincount(area, weight)
    for _ in range(30):
        i = (i + _middle(x, lq, a[area], industry, industries)) / 2
        a = (a + _middle(x, lq, i[industry], area, areas)) / 2
    return a, i


def _middle(x: Array, lq: Array, other: Array, group: Array, groups: int) -> Array:
    low, high = np.zeros(groups), np.full(groups, np.inf)
    np.maximum.at(low, group, x / (lq + 0.005) / np.exp(other))
    np.minimum.at(high, group, x / np.maximum(lq - 0.005, 1e-9) / np.exp(other))
    low = np.maximum(low, 1e-12)
    middle: Array = np.where(
        low <= high, np.log((low + np.minimum(high, 10 * low)) / 2), (np.log(low) + np.log(high)) / 2
    )
    return middle


def _by_model(
    x: Array, lq: Array, area: Array, industry: Array, chosen: Array, log_area: Array, log_industry: Array
) -> tuple[int, int]:
    """The model's own quotients of some counties, each as a park with shares to 12 decimals."""
    park, nation = 10**12, 10**17
    shift_to_share = float(log_industry.max()) + 5
    connection = scratch({"industry.park_industry": PARK, "industry.reference_industry": AREA})
    off = rows = 0
    for one in chosen:
        here = np.flatnonzero(area == one)
        counts = np.rint(x[here] / np.exp(log_area[one] + shift_to_share) * park)
        shares = np.rint(np.exp(log_industry[industry[here]] - shift_to_share) * nation)
        for table in ("park_industry", "reference_industry"):
            connection.execute(f"delete from industry.{table}")
        connection.executemany(
            "insert into industry.park_industry values ('division', ?, 2016, ?, 0, 0, null, null, ?, 0)",
            [(str(place), max(int(count), 3), park) for place, count in zip(here, counts, strict=True)],
        )
        connection.executemany(
            "insert into industry.reference_industry values ('division', ?, 2016, 'US', 'US', ?, 0, ?, 0)",
            [(str(place), int(share), nation) for place, share in zip(here, shares, strict=True)],
        )
        model(connection, "position")
        found = connection.sql("select industry_code, lq_enterprises from industry.position").fetchall()
        rows += len(found)
        off += sum(abs(float(value) - lq[int(place)]) > 0.005 + 1e-4 for place, value in found)
    return off, rows


def shift(data: Path) -> Iterator[Row]:
    """Shift-share of the counties' industries of three digits, in fractions and by the model."""
    rows = duckdb.sql(
        "select area_fips, naics, emp_dec - emp_change_1y as before, emp_dec as now, estabs "
        f"from '{data / 'industry' / 'us_qcew_half_counties_2016q4.parquet'}' "
        "where disclosure is null and agglvl = '75' and emp_dec - emp_change_1y > 0 and emp_dec > 0 and estabs >= 3"
    ).fetchall()
    before: dict[str, int] = {}
    now: dict[str, int] = {}
    for _, naics, x0, x1, _ in rows:
        before[naics], now[naics] = before.get(naics, 0) + x0, now.get(naics, 0) + x1
    all0, all1 = sum(before.values()), sum(now.values())
    growth = Fraction(all1 - all0, all0)
    unequal = 0
    for _, naics, x0, x1, _ in rows:
        industry = Fraction(now[naics] - before[naics], before[naics])
        terms = (x0 * growth, x0 * (industry - growth), x0 * (Fraction(x1 - x0, x0) - industry))
        unequal += sum(terms) != x1 - x0
    yield "shift-share: terms that do not add up, by formula", "–", f"{unequal} of {len(rows):,}", "0"
    connection = scratch({"industry.park_industry": PARK, "industry.reference_industry": AREA})
    counties = sorted({row[0] for row in rows})
    off = wrong = held = 0
    for county in np.random.default_rng(SEED).choice(counties, COUNTIES, replace=False):
        here = [row for row in rows if row[0] == county]
        for table in ("park_industry", "reference_industry"):
            connection.execute(f"delete from industry.{table}")
        for _, naics, x0, x1, estabs in here:
            for year, x, nation, total in ((2015, x0, before, all0), (2016, x1, now, all1)):
                connection.execute(
                    "insert into industry.park_industry values ('division', ?, ?, ?, ?, 0, null, null, 10000, 100000)",
                    [naics, year, estabs, x],
                )
                connection.execute(
                    "insert into industry.reference_industry values ('division', ?, ?, 'US', 'US', 9999, ?, 10000000, ?)",
                    [naics, year, nation[naics], total],
                )
        model(connection, "position")
        found = connection.execute(
            "select industry_code, headcount_change, national_value, mix_value, competitive_value from industry.position "
            "where year_number = 2016"
        ).fetchall()
        by_code = {naics: (x0, x1) for _, naics, x0, x1, _ in here}
        for naics, change, national, mix, competitive in found:
            x0, x1 = by_code[naics]
            industry = Fraction(now[naics] - before[naics], before[naics])
            held += 1
            wrong += national + mix + competitive != change or change != x1 - x0
            off += abs(float(x0 * (Fraction(x1 - x0, x0) - industry)) - float(competitive)) > 0.011
    yield "the same by industry.position", "–", f"{wrong} of {held:,}; {off} beside the formula", "0"


def leading(data: Path) -> Iterator[Row]:
    """Parks of 300 firms drawn from cities of known shares, judged by the model's macro and rules."""
    connection = scratch({})
    source = data / "industry" / "city_industry_year_to_2009.parquet"
    connection.execute(
        "create table firm as select concat(f.province, ' ', f.city) as city, r.section_code as section, "
        "left(f.gbt3, 2) as division, f.gbt3 as grp, sum(f.firms) as firms "
        f"from '{source}' as f join rules.industry as r on try_cast(left(f.gbt3, 2) as integer) between r.division_from "
        "and r.division_to group by all"
    )
    rule = connection.sql(
        "select min_enterprise_count, leading_group_count, leading_low_quotient from rules.position"
    ).fetchall()[0]
    for level, column in (("section", "section"), ("division", "division"), ("group", "grp")):
        counts = connection.sql(
            f"select city, {column} as industry, cast(sum(firms) as bigint) as firms from firm group by all order by all"
        ).df()
        table = counts.pivot(index="city", columns="industry", values="firms").fillna(0)
        area = table.to_numpy().sum(axis=0) / table.to_numpy().sum()
        large = table[table.sum(axis=1) >= 1000].to_numpy()
        share = large / large.sum(axis=1, keepdims=True)
        true = share / area
        least = rule[1] if level == "group" else rule[0]
        rng = np.random.default_rng(SEED)
        tally = np.zeros((2, 4))
        for _ in range(DRAWS):
            drawn = np.array([rng.multinomial(SAMPLE, one) for one in share])
            low = _wilson_low(connection, drawn) / area
            calls = (drawn / SAMPLE / area >= 1.25) & (drawn >= 3), (low > rule[2]) & (drawn >= least)
            strong = (true >= 1.5) & (share * SAMPLE >= 3)
            for number, call in enumerate(calls):
                tally[number] += (call & (true <= 1)).sum(), call.sum(), (call & strong).sum(), strong.sum()
        wrong, found = 100 * tally[:, 0] / tally[:, 1], 100 * tally[:, 2] / tally[:, 3]
        yield (
            f"leading {level}s of {len(large)} cities at 300 firms: wrong / found",
            f"{wrong[0]:.1f} / {found[0]:.0f} %",
            f"{wrong[1]:.1f} / {found[1]:.0f} %",
            "≤ 4 / ≥ 50 %",
        )


def _wilson_low(connection: duckdb.DuckDBPyConnection, drawn: Array) -> Array:
    """The lower bound of each share, by the macro that the model calls."""
    counts = np.arange(drawn.max() + 1)
    bounds = [
        connection.execute("select wilson_low(cast(? as double) / ?, ?)", [int(one), SAMPLE, SAMPLE]).fetchall()[0][0]
        for one in counts
    ]
    low: Array = np.array(bounds)[drawn]
    return low


def candidates(data: Path) -> Iterator[Row]:
    """Who opened a branch in a city in 2007-2009, by industry.candidate as of the end of 2006."""
    folder = data / "industry"
    connection = scratch(
        {
            "known.outsider": "source_key varchar, uscc varchar, enterprise_name varchar, status_code varchar, registered_date date, "
            "registered_capital_amount decimal(18, 2), industry_code varchar, division_code varchar, received_at timestamp, feed varchar",
            "known.outsider_branch": "source_key varchar, branch_no varchar, opened_date date, division_code varchar",
            "signals.present_enterprise": "enterprise_id varchar",
            "resolved.enterprise": "enterprise_id varchar, division_code varchar",
            "resolved.enterprise_code": "code_kind varchar, code varchar, enterprise_id varchar",
            "resolved.link": "enterprise_id varchar, subject varchar",
            "resolved.relation": "enterprise_id varchar, relation_code varchar, other_uscc varchar",
            "industry.position": "industry_level varchar, industry_code varchar, year_number bigint, position_code varchar, "
            "area_code varchar",
            # the data has no trade: nothing is seen to be bought outside
            "industry.gap": "maker_division_code varchar, buyer_count bigint",
        }
    )
    _load_candidates(connection, folder)
    cities = connection.sql(
        "select city_code, count(*) as arrivals from arrival group by city_code "
        f"having count(*) >= {ARRIVALS} order by city_code"
    ).fetchall()
    first, among, whole, pool = 0, 0, 0, 0
    plain_first = plain_among = 0
    connection.execute("insert into signals.present_enterprise values ('E')")
    connection.execute("update rules.candidate set shown_count = 1000")
    for city, arrivals in cities:
        connection.execute("delete from resolved.enterprise")
        # the branches' districts are unknown: none is taken for the park's own
        connection.execute("insert into resolved.enterprise values ('E', ?)", [city + "99"])
        connection.execute(
            "create or replace table held as from known.outsider where left(division_code, 4) = $1", [city]
        )
        connection.execute("delete from known.outsider where left(division_code, 4) = $1", [city])
        pool += connection.sql("select count(*) from known.outsider").fetchall()[0][0]
        model(connection, "candidate")
        hit = connection.execute(
            "select count(case when c.candidate_rank <= 100 then 1 end), count(case when c.candidate_rank <= 1000 then 1 end) "
            "from arrival as a join industry.candidate as c on a.source_key = c.source_key where a.city_code = ?",
            [city],
        ).fetchall()[0]
        plain = connection.execute(_BY_INDUSTRY, [city, city]).fetchall()[0]
        first, among, whole = first + hit[0], among + hit[1], whole + arrivals
        plain_first, plain_among = plain_first + plain[0], plain_among + plain[1]
        connection.execute("insert into known.outsider from held")
    many = len(cities)
    yield (
        f"arrivals in the first 100 of {pool // many:,} candidates, {many} cities",
        f"{plain_first / many:.2f} by industry",
        f"{first / many:.2f}",
        "≥ 2.5",
    )
    yield (
        "arrivals in the first 1,000",
        f"{100 * plain_among / whole:.1f} % by industry",
        f"{100 * among / whole:.1f} % of {whole}",
        "≥ 28 %",
    )


_BY_INDUSTRY = """
with fit as (
    select i.grp, (i.firms / sum(i.firms) over ()) / n.share as quotient
    from city_group as i join group_share as n using (grp) where i.city_code = ?
),
outsider_rank as (
    select o.source_key, row_number() over (order by f.quotient desc nulls last, o.registered_capital_amount desc, o.source_key) as row_rank
    from known.outsider as o left join fit as f on o.industry_code = f.grp
)
select count(case when p.row_rank <= 100 then 1 end), count(case when p.row_rank <= 1000 then 1 end)
from arrival as a join outsider_rank as p on a.source_key = p.source_key where a.city_code = ?
"""


def _load_candidates(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Firms with codes of places and of their own, branches up to 2006, and who came to which city in the three years after."""
    connection.execute(
        f"""
        create table firm as from '{folder / "candidate_firms.parquet"}' where year <= 2009;
        create table event as from '{folder / "branch_events_to_2009.parquet"}';
        create table place as
        select province, city, lpad(cast(dense_rank() over (order by province) as varchar), 2, '0') as province_code,
            row_number() over (partition by province order by city) as number
        from (select distinct province, city from firm
            union select distinct branch_province, branch_city from event) where province is not null and city is not null;
        create table place_code as select province, city, province_code,
            concat(province_code, substr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', 1 + number // 36 % 36, 1),
                substr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', 1 + number % 36, 1)) as city_code
        from place;
        create table arrival as
        select distinct p.city_code, cast(e.parent_no as varchar) as source_key
        from event as e join firm as f using (parent_no)
        join place_code as p on e.branch_province = p.province and e.branch_city = p.city
        where e.branch_year between 2007 and 2009 and (f.province <> e.branch_province or f.city <> e.branch_city);
        insert into known.outsider_branch
        select cast(e.parent_no as varchar), cast(row_number() over () as varchar), make_date(e.branch_year, 7, 1),
            concat(p.city_code, '00')
        from event as e join place_code as p on e.branch_province = p.province and e.branch_city = p.city where e.branch_year <= 2006;
        create table city_group as
        select p.city_code, c.gbt3 as grp, sum(c.firms) as firms
        from '{folder / "city_industry_year_to_2009.parquet"}' as c join place_code as p using (province, city)
        where c.year <= 2006 and c.gbt3 is not null group by all;
        create table group_share as select grp, sum(firms) / sum(sum(firms)) over () as share from city_group group by grp;
        """
    )
    firms = connection.sql(
        "select cast(f.parent_no as varchar) as source_key, make_date(f.year, 7, 1) as registered_date, "
        "cast(f.capital_wan * 10000 as decimal(18, 2)) as registered_capital_amount, f.gbt3 as industry_code, "
        "concat(p.city_code, '00') as division_code from firm as f join place_code as p using (province, city) order by f.parent_no"
    ).to_arrow_table()
    many = firms.num_rows
    serial = codes.digits(np.arange(many, dtype=np.int64) + 10_000_000, 8)
    made = codes.uscc(codes.from_text(["91"] * many), codes.from_text(["110101"] * many), serial)
    listed = firms.append_column("uscc", codes.to_text(made))
    connection.register("listed", listed)
    connection.execute(
        "insert into known.outsider by name select *, 'x' as enterprise_name, 'active' as status_code, "
        "timestamp '2007-01-01' as received_at, 'f' as feed from listed"
    )


def hint(data: Path) -> Iterator[Row]:
    """Pairs of plants in a park by what their sectors sell to and buy from each other, against real exchanges."""
    with (data / "reference" / "china_2020_153.csv").open(encoding="utf-8") as file:
        head, *table = csv.reader(file)
    sectors = [one for one in head if re.fullmatch(r"\d{3}", one)]
    by_code = {row[0]: row for row in table}
    connection = scratch(
        {
            "known.input_output": "sector_system_code varchar, year_number bigint, from_sector_code varchar, to_sector_code varchar, "
            "flow_amount decimal(24, 2), received_at timestamp, feed varchar"
        }
    )
    flows = [("io153_2020", 2020, a, b, float(by_code[a][head.index(b)] or 0)) for a in sectors for b in sectors]
    flows += [("io153_2020", 2020, a, "output", float(by_code[a][head.index("GO")])) for a in sectors]
    listed = {name: [row[at] for row in flows] for at, name in enumerate(("system", "year", "a", "b", "amount"))}
    connection.register("listed", pa.table(listed))
    connection.execute("insert into known.input_output select *, timestamp '2020-01-01', 'f' from listed")
    model(connection, "input_coefficient")
    tie: dict[tuple[str, str], float] = {}
    whole: dict[str, float] = {}
    for a, b, bought, sold, output in connection.sql(
        "select from_sector_code, to_sector_code, input_pct, sales_pct, output_amount from industry.input_coefficient"
    ).fetchall():
        whole[a] = float(output)
        if a != b:  # what a sector sells to itself says nothing of two neighbours
            tie[a, b] = float(bought) + float(sold)
    with (data / "industry" / "park_exchanges.csv").open(encoding="utf-8") as file:
        exchanges = [{key: (value or "").strip().lower() for key, value in row.items()} for row in csv.DictReader(file)]
    for kind, reach in (("product", "≥ 0.13"), ("by-product", "never claimed")):
        by_size, ours, many = 0.0, 0.0, 0
        for park in sorted({row["location"] for row in exchanges}):
            here = [row for row in exchanges if row["location"] == park]
            plants = sorted({row[side] for row in here for side in ("Supplier", "Accepter")})
            real = {(row["Supplier"], row["Accepter"]) for row in here if row["Attribute"] == kind}
            real = {(a, b) for a, b in real if a != b}
            sector = {plant: _sector(plant) for plant in plants}
            pairs = [(a, b) for a in plants for b in plants if a != b]
            by_size += _found(pairs, real, [whole.get(sector[a], 0) * whole.get(sector[b], 0) for a, b in pairs])
            ours += _found(pairs, real, [tie.get((sector[a], sector[b]), 0.0) for a, b in pairs])
            many += len(real)
        yield (
            f"R-precision of {many} exchanges of {kind}s",
            f"{by_size / many:.3f} by size",
            f"{ours / many:.3f}",
            reach,
        )


def _sector(plant: str) -> str:
    return next((code for words, code in TRADES if re.search(words, plant)), "")


def _found(pairs: list[tuple[str, str]], real: set[tuple[str, str]], given: list[float]) -> float:
    """How many of the R best pairs are among the R real ones; equal scores share what is left of the places."""
    if not real:
        return 0.0
    scores = np.array(given)
    limit = np.sort(scores)[::-1][len(real) - 1]
    is_real = np.array([pair in real for pair in pairs])
    over, equal = scores > limit, scores == limit
    return float(is_real[over].sum() + is_real[equal].sum() * (len(real) - over.sum()) / equal.sum())


PARTS: dict[str, Callable[[Path], Iterator[Row]]] = {
    "quotient": quotient,
    "shift": shift,
    "leading": leading,
    "candidates": candidates,
    "hint": hint,
}


def shared_data() -> Path | None:
    """The folder of real data, if there is one."""
    folder = Path(os.environ.get("PARKBRIDGE_SHARED_DATA", CHECKOUT.parent / "shared" / "data"))
    return folder if (folder / "industry").is_dir() else None


def main(arguments: list[str] | None = None) -> int:
    """Print the table; gives 0, also where there is no data."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=list(PARTS), action="append")
    given = parser.parse_args(arguments)
    data = shared_data()
    if data is None:
        sys.stdout.write("skipped: no real data beside the checkout (PARKBRIDGE_SHARED_DATA)\n")
        return 0
    sys.stdout.write(f"{'what':<76} {'baseline':>18} {'ours':>28} {'reach':>14}\n")
    for name in given.only or PARTS:
        for what, baseline, ours, reach in PARTS[name](data):
            sys.stdout.write(f"{what:<76} {baseline:>18} {ours:>28} {reach:>14}\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
