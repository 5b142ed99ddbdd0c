"""Per-mu scores against the schemes' formulas written a second time, and what is said to lift a firm, done."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from pathlib import Path

import duckdb
import pytest

import transforms
from tests.conftest import empty_warehouse
from warehouse.models import build

TRANSFORMS = Path(transforms.__file__).parent
Figures = dict[str, float | None]  # tax, sales, headcount, land, electricity of one firm in 2025
DIVIDED = {
    "tax_per_mu": ("tax", "land"),
    "sales_per_mu": ("sales", "land"),
    "tax_per_kwh": ("tax", "electricity"),
    "sales_per_kwh": ("sales", "electricity"),
    "sales_per_head": ("sales", "headcount"),
}


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    return empty_warehouse("2026-04-10")


def firms(count: int, seed: int) -> dict[str, Figures]:
    """Small industrial firms, some without electricity, some with a refund, some without land."""
    rng = random.Random(seed)
    return {
        f"E{number:03d}": {
            "tax": round(rng.lognormvariate(11, 1) * rng.choice([1, 1, 1, 1, -0.2]), 2),
            "sales": round(rng.uniform(1e5, 1.9e7), 2),
            "headcount": float(rng.randint(1, 80)),
            "land": None if rng.random() < 0.2 else round(rng.uniform(0.2, 5), 4),
            "electricity": None if rng.random() < 0.2 else round(rng.uniform(1e4, 1e6), 3),
        }
        for number in range(count)
    }


def score(
    connection: duckdb.DuckDBPyConnection, figures: dict[str, Figures], year: int = 2025
) -> dict[tuple[str, str], dict[str, object]]:
    """(firm, scheme) -> its row of snapshots.per_mu_score, by scheme as the rules in the warehouse are now."""
    connection.execute("delete from snapshots.enterprise_year")
    connection.execute("delete from resolved.enterprise")
    connection.executemany(
        "insert into resolved.enterprise (enterprise_id, industry_code) values (?, 'C3411')", [[f] for f in figures]
    )
    connection.executemany(
        "insert into snapshots.enterprise_year (enterprise_id, year_number, tax_paid_amount, sales_amount, mean_headcount, land_mu, "
        "mean_leased_area_m2, electricity_kwh, suspect_value_count, is_provisional) values (?, ?, ?, ?, ?, ?, ? * 1000, ?, 0, false)",
        [
            (firm, year, f["tax"], f["sales"], f["headcount"], f["land"], f["land"], f["electricity"])
            for firm, f in figures.items()
        ],
    )
    build(connection, TRANSFORMS / "6_snapshots", ["per_mu_indicator", "per_mu_rank", "per_mu_score"])
    found = connection.execute("select * from snapshots.per_mu_score")
    names = [column[0] for column in found.description]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return {(str(row["enterprise_id"]), str(row["scheme_code"])): row for row in rows}


def by_hand(
    figures: dict[str, Figures], weights: dict[str, float], benchmarks: dict[str, float], cap: float | None
) -> dict[str, tuple[str, float]]:
    """(ranking, points) of every firm: by benchmarks where there are any, else by 20 + 80 x min-max; weights add up to 100."""
    values: dict[str, dict[str, float]] = {}
    groups: dict[str, str] = {}
    for firm, f in figures.items():
        groups[firm] = "with_land" if f["land"] else "without_land"
        values[firm] = {}
        for indicator in weights:
            above, below = (f[name] for name in DIVIDED[indicator])
            if above is not None and below:
                values[firm][indicator] = above / below
    points = {}
    for firm, own in values.items():
        if not own:
            continue
        share = 100 / sum(weights[indicator] for indicator in own)
        total = 0.0
        for indicator, value in own.items():
            weight = weights[indicator] * share
            if benchmarks:
                ratio = max(value / benchmarks[indicator], 0)
                total += weight * (ratio if cap is None else min(ratio, cap))
            else:
                group = [
                    v[indicator] for other, v in values.items() if groups[other] == groups[firm] and indicator in v
                ]
                low, high = min(group), max(group)
                total += weight * (20 + 80 * ((value - low) / (high - low) if high > low else 1)) / 100
        points[firm] = (groups[firm], total)
    return points


@pytest.mark.parametrize("cap", [None, 1.5])
def test_points_places_and_classes(connection: duckdb.DuckDBPyConnection, cap: float | None) -> None:
    if cap is not None:
        connection.execute("update rules.per_mu_scheme set cap_factor = '1.5' where method_code = 'benchmark'")
    figures = firms(150, seed=3)
    found = score(connection, figures)
    small = by_hand(figures, {"tax_per_mu": 50, "tax_per_kwh": 50}, {"tax_per_mu": 115932, "tax_per_kwh": 0.2352}, cap)
    jingde = by_hand(
        figures, {"tax_per_mu": 30, "sales_per_mu": 20, "sales_per_head": 10, "sales_per_kwh": 10}, {}, None
    )
    for scheme, expected in (("huangyan_small", small), ("jingde", jingde)):
        rows = {firm: row for (firm, code), row in found.items() if code == scheme}
        assert rows.keys() == expected.keys()
        members: dict[str, list[float]] = defaultdict(list)
        for firm, (group, points) in expected.items():
            assert rows[firm]["ranking_code"] == group
            assert float(str(rows[firm]["mu_points"])) == pytest.approx(points, abs=0.0004, rel=1e-5), (scheme, firm)
            members[group].append(float(str(rows[firm]["mu_points"])))
        classes = set()
        for row in rows.values():
            ranked = members[str(row["ranking_code"])]
            better = sum(other > float(str(row["mu_points"])) for other in ranked)
            assert (row["mu_rank"], row["ranked_count"]) == (better + 1, len(ranked))
            share = better / len(ranked)
            assert row["mu_class_code"] == (
                "A" if share < 0.25 else "B" if share < 0.7 else "C" if share < 0.95 else "D"
            )
            classes.add(row["mu_class_code"])
        assert classes >= set("ABC")


def test_who_does_what_is_told_is_lifted(connection: duckdb.DuckDBPyConnection) -> None:
    """The figure by which a firm would be lifted is added to its tax, sales or taken off its space, and it is."""
    figures = firms(60, seed=5)
    found = score(connection, figures)
    advised = [(key, row) for key, row in found.items() if row["lift_indicator_code"] and key[1] == "huangyan_small"]
    assert len(advised) >= 30
    for (firm, scheme), row in advised[:12]:
        words, words_zh = str(row["lift_en"]), str(row["lift_zh"])
        [more] = re.findall(r"\+([\d,]+) yuan of tax paid by period a year", words)
        assert f"年实缴税额（所属期口径）增加{more}元" in words_zh
        ways: list[Figures] = [figures[firm] | {"tax": (figures[firm]["tax"] or 0) + float(more.replace(",", ""))}]
        if space := re.findall(r"or ([\d,]+) m² less leased area", words):
            ways.append(
                figures[firm] | {"land": (figures[firm]["land"] or 0) - float(space[0].replace(",", "")) / 1000}
            )
        for way in ways:
            after = score(connection, figures | {firm: way})[firm, scheme]
            assert str(after["mu_class_code"]) <= str(row["next_class_code"]) < str(row["mu_class_code"]), words


def test_a_year_is_replayed_by_the_rules_of_another(connection: duckdb.DuckDBPyConnection) -> None:
    figures = firms(20, seed=7)
    assert {
        row["scheme_version"] for (_, code), row in score(connection, figures, 2021).items() if code == "huangyan_small"
    } == {"2021"}
    then = score(connection, figures, 2025)
    connection.execute("update rules.per_mu_scheme set to_year = 2999 where scheme_version = '2021'")
    connection.execute("delete from rules.per_mu_scheme where scheme_version = '2022' and scheme_code <> 'jingde'")
    replayed = score(connection, figures, 2025)
    assert {row["scheme_version"] for (_, code), row in replayed.items() if code == "huangyan_small"} == {"2021"}
    land = [key for key, row in then.items() if key[1] == "huangyan_small" and row["ranking_code"] == "with_land"]
    assert any(then[key]["mu_points"] != replayed[key]["mu_points"] for key in land)
    assert all(then[key]["mu_points"] == replayed[key]["mu_points"] for key in then if key[1] == "jingde")


def test_the_rule_files_agree(connection: duckdb.DuckDBPyConnection) -> None:
    """A scheme without indicators, an undefined indicator, or two versions for one year would pass unseen."""
    schemes = connection.execute(
        "select scheme_code, scheme_version, method_code, from_year, to_year from rules.per_mu_scheme"
    ).fetchall()
    stated = connection.execute(
        "select scheme_code, scheme_version, sum(indicator_weight), count(benchmark_value), count(*) "
        "from rules.per_mu_indicator group by all"
    ).fetchall()
    counted = {(code, version): (weight, benchmarks, count) for code, version, weight, benchmarks, count in stated}
    assert {(code, version) for code, version, *_ in schemes} == counted.keys()
    for code, version, method, *_ in schemes:
        weight, benchmarks, count = counted[code, version]
        assert weight == 100
        assert benchmarks == (count if method == "benchmark" else 0)
    years = [(code, year) for code, _, _, first, last in schemes for year in range(first, last + 1)]
    assert len(years) == len(set(years))
    undefined = connection.execute(
        "select indicator_code from rules.per_mu_indicator where indicator_code not in (select indicator_code from rules.per_mu_measure)"
    ).fetchall()
    assert undefined == []
    supplied = connection.execute(
        "select indicator_code from rules.per_mu_measure where numerator_code is not null"
    ).fetchall()
    assert {code for (code,) in supplied} == set(DIVIDED)
    assert connection.execute("select count(*) from rules.land where building_code is null").fetchone() == (1,)
