"""Buildings and the park's one row on the demo park: leases, lettable area and land as the truth has them, counted a second way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pandas as pd
import pytest

pytestmark = [pytest.mark.airflow, pytest.mark.nights]

# what the lease book shows of a lease at the end of a month: one that was broken off since then ends as agreed
UNTIL = "least(l.end_date, case when l.terminated_date <= last_day(m.month) then l.terminated_date else l.end_date end)"


@pytest.fixture(scope="module")
def truth(both: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """`building`: every building in every month by the truth, `published`: snapshots.building_month beside it."""
    both.execute(
        f"""
        create temp table building as
        select b.building_code, m.month,
            case when b.is_listed and not b.is_unmeasured then b.lettable_tenth / 10.0 end as lettable,
            coalesce(sum(case when l.start_date <= m.month_end_date and {UNTIL} >= m.month_end_date
                then l.area_tenth end), 0) / 10.0 as leased,
            count(distinct case when l.start_date <= m.month_end_date and {UNTIL} >= m.month_end_date
                then l.true_id end) as tenants,
            any_value(case when b.is_listed then b.land_mu_hundredth / 100.0 end) as land
        from true_building as b
        cross join park.monthly.month as m
        left join true_lease as l on l.building_code = b.building_code
        group by all
        """
    )
    yield both
    both.execute("drop table building")


def months(truth: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    return truth.sql(
        "select t.*, p.* exclude (building_code, month) from building as t "
        "join park.snapshots.building_month as p using (building_code, month) order by building_code, month"
    ).df()


def test_space_is_as_the_truth_has_it(truth: duckdb.DuckDBPyConnection) -> None:
    frame = months(truth)
    assert len(frame) == 7 * 36
    assert (frame["leased"] - frame["leased_area_m2"]).abs().max() < 0.005
    assert (frame["tenants"] == frame["tenant_count"]).mean() > 0.99, "two records of one tenant may be two enterprises"
    known = frame["lettable"].notna()
    assert known.sum() == 5 * 36, "one building is in no register, one was never measured"
    assert frame["lettable_area_m2"].notna().equals(known)
    occupancy = 100 * frame["leased"] / frame["lettable"]
    assert (occupancy - frame["occupancy_pct"])[known].abs().max() < 0.006
    assert frame[["occupancy_pct", "vacancy_pct", "unlet_area_m2"]][~known].isna().all().all()


def test_vacancy_lasts_as_long_as_counted_a_second_way(truth: duckdb.DuckDBPyConnection) -> None:
    for _, building in months(truth).groupby("building_code"):
        unlet = (building["lettable"] - building["leased"]).clip(lower=0).to_numpy()
        for month, row in enumerate(building.itertuples()):
            if not unlet[month] > 0:
                continue
            still = [unlet[since : month + 1].min() for since in range(month + 1)]
            assert abs(sum(still) / unlet[month] - row.unlet_mean_months) < 0.06
            if month < 23:
                assert pd.isna(row.long_unlet_area_m2)  # type: ignore[arg-type]  # itertuples has no types
            else:
                assert abs(still[month - 23] - row.long_unlet_area_m2) < 0.006


def test_area_falls_due_as_the_leases_say(truth: duckdb.DuckDBPyConnection) -> None:
    found = truth.execute(
        f"""
        with due as (
            select l.building_code, {
            ", ".join(
                f"sum(case when {UNTIL} <= last_day(m.month + interval {n} month) then l.area_tenth end) / 10.0 as due_{n}"
                for n in (3, 6, 12)
            )
        }
            from true_lease as l, park.monthly.month as m
            where m.is_last_month and l.start_date <= m.month_end_date and {UNTIL} >= m.month_end_date
            group by l.building_code
        )
        select count(*),
            max(abs(coalesce(d.due_3, 0) - p.due_3m_area_m2)), max(abs(coalesce(d.due_6, 0) - p.due_6m_area_m2)),
            max(abs(coalesce(d.due_12, 0) - p.due_12m_area_m2)), sum(p.due_6m_area_m2 - p.due_6m_unrenewed_area_m2)
        from due as d join park.snapshots.building_month as p using (building_code)
        join park.monthly.month as m using (month) where m.is_last_month
        """
    ).fetchone()
    assert found is not None
    assert found[0] == 7
    assert max(found[1:4]) < 0.005
    assert found[4] > 0, "the next lease is signed one to three months before"


def test_land_is_the_register_s_or_reckoned_by_its_plot_ratio(truth: duckdb.DuckDBPyConnection) -> None:
    frame = truth.sql(
        "select b.plot_ratio_basis, b.building_land_mu, t.land, b.plot_ratio, r.plot_ratio_hundredth / 100.0 as ratio, r.is_listed "
        "from park.monthly.building as b join true_building as r using (building_code) "
        "join (select distinct building_code, land from building) as t using (building_code)"
    ).df()
    listed = frame[frame["is_listed"]]
    assert set(listed["plot_ratio_basis"]) == {"register", "reckoned"}
    assert ((listed["plot_ratio"] - listed["ratio"]).abs() / listed["ratio"]).max() < 0.005
    assert ((listed["building_land_mu"] - listed["land"]).abs() / listed["land"]).max() < 0.005
    assert list(frame[~frame["is_listed"]]["plot_ratio_basis"]) == ["default"]


def test_parts_of_an_enterprise_in_two_buildings_are_the_whole(truth: duckdb.DuckDBPyConnection) -> None:
    spread = truth.execute(
        "select count(distinct enterprise_id), count(*), count(case when s.total_area_m2 = a.leased_area_m2 then 1 end) "
        "from (select enterprise_id, month, max(total_area_m2) as total_area_m2, max(until_area_m2) as until_area_m2, "
        "sum(until_area_m2 - from_area_m2) as area from park.monthly.building_share "
        "group by enterprise_id, month having count(*) > 1) as s "
        "join park.monthly.lease_area as a using (enterprise_id, month) "
        "where s.area = s.total_area_m2 and s.until_area_m2 = s.total_area_m2"
    ).fetchone()
    assert spread is not None
    assert spread[0] >= 2, "some take a second space in the next building"
    assert spread[1] == spread[2]
    assert (
        truth.execute(
            "select count(*) from park.monthly.building_share group by enterprise_id, month, building_code having count(*) > 1"
        ).fetchall()
        == []
    )


def test_the_park_is_one_row_that_agrees_with_its_parts(truth: duckdb.DuckDBPyConnection) -> None:
    (park,) = truth.sql("from park.snapshots.park_current").df().to_dict("records")
    building = truth.sql(
        "select b.* from park.snapshots.building_month as b join park.monthly.month as m using (month) where m.is_last_month"
    ).df()
    for figure in ("leased_area_m2", "lettable_area_m2", "unlet_area_m2", "due_6m_area_m2", "tax_received_12m_amount"):
        assert abs(building[figure].sum() - park[figure]) < 0.01, figure
    for figure in ("leased_area_m2_before", "tax_received_12m_amount_before"):
        assert abs(building[figure].sum() - park[figure]) < 0.01, figure
    measured = building[building["lettable_area_m2"].notna()]
    assert (
        abs(100 * measured["leased_area_m2"].sum() / measured["lettable_area_m2"].sum() - park["occupancy_pct"]) < 0.006
    )
    assert park["unmeasured_building_count"] == 2
    land = building[building["building_land_mu"].notna()]
    per_mu = land["tax_received_12m_amount"].sum() / land["building_land_mu"].sum()
    assert abs(per_mu - park["tax_received_12m_per_mu_amount"]) < 0.01

    def ask(sql: str) -> Any:
        row = truth.execute(sql).fetchone()
        assert row is not None
        return row[0]

    current = "from park.snapshots.enterprise_current"
    assert park["on_site_count"] == ask(
        f"select count(*) {current} where is_insuring or is_using_utilities or is_accessing"
    )
    assert park["tenant_count"] == building["tenant_count"].sum() - ask(
        "select count(*) - count(distinct enterprise_id) from park.monthly.lease_building "
        "join park.monthly.month using (month) where is_last_month"
    )
    received = ask("select sum(received_amount) from park.monthly.tax_receipt where year(month) = 2026")
    assert abs(park["tax_received_year_amount"] - float(received)) < 0.01
    sales = ask(
        "select sum(total_value) from park.snapshots.park_month where signal_code = 'sales' and period_months in (1, 3) "
        "and month between date '2025-10-01' and date '2026-09-01'"
    )
    assert park["sales_12m_until_month"].date().isoformat() == "2026-09-01"
    assert abs(park["sales_12m_amount"] - float(sales)) < 0.01
    assert park["red_alert_count"] == ask("select count(*) from park.signals.alert where level_code = 'precise'")
