"""What is published against what truly happened in the demo city; the differences are printed (`pytest -rP`)."""

from __future__ import annotations

import duckdb
import pytest

from tests.system.conftest import UNTIL

pytestmark = [pytest.mark.airflow, pytest.mark.nights]


def test_no_two_enterprises_are_merged_but_those_that_share_a_name(both: duckdb.DuckDBPyConnection) -> None:
    merged = both.execute(
        "select enterprise_id, list(distinct true_id), list(distinct feed || ' ' || source_key || ' by ' || method) from pair "
        "where true_id is not null group by enterprise_id having count(distinct true_id) > 1"
    ).fetchall()
    for enterprise_id, firms, records in merged:
        print(f"{enterprise_id} holds firms {firms}: {records}")
    # a gate system that knows firms by short name has keys of two firms each; nothing can distinguish those
    shared = {
        row[0]
        for row in both.execute(
            "select enterprise_id from pair group by feed, source_key, enterprise_id having count(distinct true_id) > 1"
        ).fetchall()
    }
    assert {row[0] for row in merged} <= shared


def test_every_record_with_a_usable_code_or_a_clean_name_finds_its_enterprise(both: duckdb.DuckDBPyConnection) -> None:
    both.execute(
        "create or replace table main_id as select true_id, mode(enterprise_id) as enterprise_id from pair "
        "where true_id is not null and feed in ('registration', 'tax_filing') group by true_id"
    )
    found = both.execute(
        "select p.feed, p.code_dirt, p.name_dirt, count(*), count(*) filter (p.enterprise_id = m.enterprise_id) "
        "from pair as p join main_id as m using (true_id) group by all order by all"
    ).fetchall()
    for feed, code, name, records, right in found:
        print(f"{feed:<20} code {code:<24} name {name:<14} {right:>4} of {records:>4}")
    clean = [(records, right) for _, code, _, records, right in found if code == "clean"]
    assert sum(right for _, right in clean) == sum(records for records, _ in clean)
    by_name = [(records, right) for _, code, name, records, right in found if code == "missing" and name == "clean"]
    assert sum(right for _, right in by_name) >= 0.97 * sum(records for records, _ in by_name)


# tax returns are corrected for some months after their period; the truth knows what the corrections will say
SETTLED_MONTHS = {"headcount": 0, "leased area": 0, "electricity": 0, "sales": 5, "tax paid": 5}
MEASURES = {
    "headcount": (
        "select true_id, month, sum(insured_headcount)::double as value from park.monthly.headcount "
        "join owner using (enterprise_id) group by all",
        "select true_id, month, insured_headcount::double as value from true_enterprise_month where insured_headcount > 0",
    ),
    "leased area": (
        "select true_id, month, sum(leased_area_m2)::double as value from park.monthly.lease_area "
        "join owner using (enterprise_id) group by all",
        "select true_id, month, leased_tenth / 10.0 as value from true_enterprise_month where leased_tenth > 0",
    ),
    "electricity": (
        "select true_id, month, sum(used_quantity)::double as value from park.monthly.utility join owner using (enterprise_id) "
        "where utility_code = 'electricity' group by all",
        "select true_id, month, electricity_tenth / 10.0 as value from true_enterprise_month where electricity_tenth > 0",
    ),
    "sales": (
        "select true_id, period_end as month, sum(sales_amount)::double as value from park.monthly.sales join owner using (enterprise_id) "
        "where tax_kind_code = 'vat' group by all",
        "select true_id, period_end as month, sales_fen / 100.0 as value from true_tax_period where tax_kind_code = 'vat'",
    ),
    "tax paid": (
        "select true_id, period_end as month, sum(paid_amount)::double as value from park.monthly.tax join owner using (enterprise_id) "
        "where tax_kind_code = 'vat' group by all",
        "select true_id, period_end as month, paid_fen / 100.0 as value from true_tax_period where tax_kind_code = 'vat' and paid_fen <> 0",
    ),
}


@pytest.mark.parametrize("measure", MEASURES)
def test_monthly_figures_are_the_true_ones_but_for_what_was_reported_wrongly(
    both: duckdb.DuckDBPyConnection, measure: str
) -> None:
    published, true = MEASURES[measure]
    rows = both.execute(
        f"with p as ({published}), t as ({true}), planted as (select distinct true_id, month from true_planted) "
        "select p.true_id, p.month, p.value, t.value, x.true_id is not null from p join t using (true_id, month) "
        f"left join planted as x using (true_id, month) where p.month <= date '{UNTIL}' - interval {SETTLED_MONTHS[measure]} month"
    ).fetchall()
    different = [row for row in rows if abs(row[2] - row[3]) > 0.011]
    unexplained = [row for row in different if not row[4]]
    print(f"{measure}: {len(rows):,} figures, {len(different)} differ, {len(unexplained)} without a planted cause")
    for true_id, month, value, truth, _ in different[:40]:
        print(f"  firm {true_id} {month:%Y-%m}: published {value:,.2f}, true {truth:,.2f}")
    assert len(rows) > 1_000
    assert unexplained == []


def test_no_growth_comes_from_a_rename_or_a_new_code(both: duckdb.DuckDBPyConnection) -> None:
    false_flows = both.execute(
        "select w.true_id, f.month, f.flow_code from park.signals.flow as f join owner as w using (enterprise_id) "
        "join true_enterprise as e on e.true_id = w.true_id "
        "where f.signal_code = 'headcount' "
        "and f.flow_code in ('open', 'close', 'move_in', 'move_out') and e.story in ('rename', 'code_change')"
    ).fetchall()
    assert false_flows == []
