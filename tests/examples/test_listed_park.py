"""310 real tenants in three silos, among 2,925 neighbours; which is which is known."""

from __future__ import annotations

import csv
import math
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from examples import handover
from examples.findings import findings, link_scores_sql
from tests.examples.conftest import Park, make_park
from transforms import night
from transforms.resolution.resolve import MODELS, resolve
from warehouse.connection import writer
from warehouse.models import build

MISSING = ("-1.0", "-1")


def rows_of(data: Path, name: str) -> list[dict[str, str]]:
    with (data / "listed_park" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def park(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Park:
    park = make_park(tmp_path_factory.mktemp("listed_park"), "listed_park")
    handover.listed_park(data, park.office)
    park.pull(datetime(2023, 1, 1, tzinfo=UTC))
    with writer(park.settings) as connection:
        connection.execute("insert into ops.night values ('test', timestamp '2023-01-01', 'test')")
        resolve(connection)
        night.begin(connection)
        night.build(connection, ["3_monthly", "4_signals"])
    return park


def test_nothing_is_quarantined_and_rows_without_a_figure_are_counted(park: Park, data: Path) -> None:
    staff, tax = rows_of(data, "feed_employment.csv"), rows_of(data, "feed_tax.csv")
    without_staff = sum(row["职工人数"] in ("0", "-1") for row in staff)
    without_dues = sum(all(row[c] in MISSING for c in ("营业收入", "所得税费用", "税金及附加")) for row in tax)
    without_payments = sum(all(row[c] in MISSING for c in ("支付的各项税费", "收到的税费返还")) for row in tax)
    with writer(park.settings) as connection:
        found = connection.execute(
            "select feed, rows_landed, rows_rejected, rows_skipped from ops.batch order by feed"
        ).fetchall()
    assert found == [
        ("listed_employment", 854, 0, without_staff),
        ("listed_registration", 3235, 0, 0),
        ("listed_tax", 854, 0, without_dues),
        ("listed_tax_payment", 854, 0, without_payments),
    ]


def test_every_capital_is_read_in_its_own_currency(park: Park, data: Path) -> None:
    words = {
        "美元": "USD",
        "欧元": "EUR",
        "日元": "JPY",
        "港元": "HKD",
        "马克": "DEM",
        "法郎": "CHF",
        "新加坡": "SGD",
        "克郎": "DKK",
    }
    delivered: dict[str, Decimal] = {}
    for row in rows_of(data, "feed_registration.csv"):
        if row["capital"] != "N/A":
            assert "万" in row["capital"]
            code = next((code for word, code in words.items() if word in row["capital"]), "CNY")
            figure = Decimal(re.sub("[^0-9.]", "", row["capital"]))
            delivered[code] = delivered.get(code, Decimal(0)) + figure * 10_000
    with writer(park.settings) as connection:
        found = dict(
            connection.execute(
                "select currency_code, sum(registered_capital_amount) from staged.registration "
                "where currency_code is not null group by 1"
            ).fetchall()
        )
    assert found == delivered


def test_money_is_added_up_to_the_fen(park: Park, data: Path) -> None:
    tax = rows_of(data, "feed_tax.csv")
    paid = sum(Decimal(row["支付的各项税费"]) for row in tax if row["支付的各项税费"] not in MISSING)
    back = sum(Decimal(row["收到的税费返还"]) for row in tax if row["收到的税费返还"] not in MISSING)
    sold = sum(Decimal(row["营业收入"]) for row in tax if row["营业收入"] not in MISSING)
    with writer(park.settings) as connection:
        found = connection.execute(
            "select (select sum(paid_amount) from monthly.tax), (select sum(sales_amount) from monthly.sales)"
        ).fetchone()
    assert found == (paid - back, sold)


def test_each_silo_is_known_from_the_day_its_file_came(park: Park) -> None:
    known = []
    with writer(park.settings) as connection:
        for night in ("2019-05-02", "2019-05-03", "2022-12-31", "2023-01-01"):
            connection.execute("update ops.night set as_of = ?", [night])
            known.append(
                connection.execute(
                    "select (select count(*) from known.registration), (select count(distinct source_key) from known.tax_filing)"
                ).fetchone()
            )
    assert known == [(0, 0), (3235, 0), (3235, 0), (3235, 307)]


def test_every_tenant_that_states_a_full_name_is_linked_to_its_own_code(park: Park, data: Path) -> None:
    with writer(park.settings) as connection:
        scores = connection.execute(
            f'select feed, sum(records)::int, sum(linked)::int, sum("right")::int from ({link_scores_sql(data)}) group by 1 order by 1'
        ).fetchall()
    assert [score for score in scores if score[0] != "listed_employment"] == [
        ("listed_tax", 307, 307, 307),
        ("listed_tax_payment", 306, 306, 306),
    ]
    # short names and office addresses: a link that is there must be right
    _, records, linked, right = scores[0]
    assert (records, linked - right) == (309, 0)
    assert linked >= 260


def test_the_findings_name_every_silo(park: Park, data: Path) -> None:
    text = "\n".join(findings(park.settings, "listed_park", data))
    assert all(name in text for name in ("listed_registration", "listed_tax_payment", "listed_employment", "revenue"))


# long: a second implementation of three tests, worked from the raw file
def test_a_count_that_flips_to_the_group_and_back_is_suspect_and_no_growth(park: Park, data: Path) -> None:
    """Annual reports that state the group's staff for one year (1,839, 42,002, 1,404), found again in the file itself."""
    series: dict[str, dict[int, int]] = {}
    wages: dict[str, dict[int, float]] = {}
    for row in rows_of(data, "feed_employment.csv"):
        if int(row["职工人数"]) > 0:
            series.setdefault(row["short_name"], {})[int(row["year"])] = int(row["职工人数"])
            if (paid := float(row["支付给职工以及为职工支付的现金"])) > 0:
                wages.setdefault(row["short_name"], {})[int(row["year"])] = paid
    # staff that doubles or halves for one year, at wages that do not
    unpaid = {
        years[2020]
        for name, years in series.items()
        if years.keys() == wages.get(name, {}).keys() == {2019, 2020, 2021}
        for more, paid in [
            [(side[2020] / side[2019], side[2020] / side[2021]) for side in (years, wages[name])],
        ]
        if (min(more) >= 2 and max(paid) <= min(more) ** 0.33) or (max(more) <= 0.5 and min(paid) >= max(more) ** 0.33)
    }
    assert unpaid
    flips = {
        years[year]
        for years in series.values()
        for year in years
        if year - 1 in years and year + 1 in years
        if (before := years[year - 1], after := years[year + 1])
        if max(before, after) <= 2 * min(before, after) and max(before, after, years[year]) >= 50
        if years[year] >= 5 * max(before, after) or 5 * years[year] <= min(before, after)
    }
    # the same at the edge of a series, of large ones: before two years that agree, or last, and the revenue does not go along
    names = {row["stock_code"]: row["short_name"] for row in rows_of(data, "truth_links.csv")}
    revenue = {
        (names[row["stock_code"]], int(row["year"])): float(row["营业收入"])
        for row in rows_of(data, "feed_tax.csv")
        if row["stock_code"] in names and float(row["营业收入"]) > 0
    }

    def goes_along(name: str, year: int, other: int) -> bool:
        here, there = revenue.get((name, year)), revenue.get((name, other))
        step = math.log(series[name][year] / series[name][other])
        return here is not None and there is not None and math.log(here / there) / step >= 0.5

    edges = {
        years[order[0]]
        for name, years in series.items()
        if len(years) > 1 and max(years) - min(years) == len(years) - 1
        for order in (sorted(years), sorted(years, reverse=True))
        for value, *others in [[years[year] for year in order]]
        if max(value, others[0]) >= 500
        and (value >= 4 * others[0] or others[0] >= 4 * value)
        and (len(others) > 1 or order[0] == max(years))
        and max(others[:2]) <= 2 * min(others[:2])
        and not goes_along(name, order[0], order[1])
    }
    assert flips
    assert edges
    with writer(park.settings) as connection:
        build(
            connection,
            MODELS.parent / "6_snapshots",
            ["presence_month", "presence_gap", "presence", "assessment"],
        )
        suspect = connection.execute(
            "select enterprise_id, value, test_codes, evidence from signals.plausibility where signal_code = 'headcount'"
        ).fetchall()
        found = {
            code: {int(value) for _, value, codes, _ in suspect if codes == code}
            for code in ("spike", "flip", "wage_level")
        }
        assert found["wage_level"] == unpaid
        assert found["spike"] == flips - unpaid
        assert found["flip"] == edges
        assert len(suspect) == len(flips | unpaid) + len(edges)
        said = {"spike": " between ", "flip": ", the year ", "wage_level": " since "}
        for enterprise, value, code, evidence in suspect:
            assert f"headcount {value:,.0f}{said[code]}" in evidence
            compared = connection.execute(
                "select value, earlier_value from signals.year_change where enterprise_id = ? and signal_code = 'headcount'",
                [enterprise],
            ).fetchall()
            assert all(value not in pair for pair in compared)
            if compared:
                # only the first figure was the group's; of the two that agree there is a comparison to be made
                assert all(2 * min(pair) > max(pair) for pair in compared)
                continue
            assessed = connection.execute(
                "select assessment_code, evidence, rising_signal_count, falling_signal_count from snapshots.assessment "
                "where enterprise_id = ?",
                [enterprise],
            ).fetchall()
            [(code, words, rising, falling)] = assessed
            others = connection.execute(
                "select coalesce(sum((direction > 0)::int), 0), coalesce(sum((direction < 0)::int), 0) "
                "from signals.year_change where enterprise_id = ? and signal_code <> 'headcount'",
                [enterprise],
            ).fetchone()
            assert (rising, falling) == others, (code, words)
            assert "headcount +" not in words
            assert "headcount −" not in words
