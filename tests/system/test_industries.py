"""Industries and candidates on the demo park, beside its truth counted a second way."""

from __future__ import annotations

from math import sqrt

import duckdb
import pytest

from tests.system.conftest import UNTIL, Park

pytestmark = [pytest.mark.airflow, pytest.mark.nights]

YEAR = 2025
# the rules, written again: three enterprises, groups five, Wilson's lower bound at 95 %
LEAST, LEAST_OF_A_GROUP, Z = 3, 5, 1.96


def lower_bound(seen: int, cases: int) -> float:
    share = seen / cases
    return (share + Z * Z / 2 / cases - Z * sqrt(share * (1 - share) / cases + Z * Z / 4 / cases**2)) / (
        1 + Z * Z / cases
    )


def test_positions_are_those_of_the_true_city(both: duckdb.DuckDBPyConnection) -> None:
    counted = both.execute(
        "select substr(e.industry_code, 2, 3) as code, count(*) from true_enterprise as e "
        "join true_enterprise_month as m using (true_id) where m.month = make_date(?, 12, 1) and e.is_registered_here "
        "and (m.insured_headcount > 0 or m.leased_tenth > 0) group by 1",
        [YEAR],
    ).fetchall()
    true = {str(code): int(count) for code, count in counted}
    whole = sum(true.values())
    shares = dict(both.execute("select group_code, reference_share from true_industry").fetchall())
    found = both.execute(
        "select industry_code, enterprise_count, position_code, withheld_code from park.industry.position "
        "where industry_level = 'group' and year_number = ?",
        [YEAR],
    ).fetchall()
    agreed = compared = 0
    for code, count, position, withheld in found:
        seen = true.get(code, 0)
        assert (count == 0) == (position == "none")
        if seen and withheld != "dominated":
            compared += 1
            # the city grows by group since the year of these shares: near the line it may be either
            quotient = lower_bound(seen, whole) / shares[code]
            expected = quotient > 1 and seen >= LEAST_OF_A_GROUP
            agreed += expected == (position == "leading") or abs(quotient - 1) < 0.25
            assert abs(count - seen) <= 3, (code, count, seen)
            assert position in ("thin", "present", "leading")
            assert position != "leading" or count >= LEAST_OF_A_GROUP
    assert compared >= 15
    assert agreed >= 0.95 * compared
    planted = {code for (code,) in both.execute("select group_code from true_industry where is_leading").fetchall()}
    leading = {code for code, _, position, _ in found if position == "leading"}
    assert len(planted & leading) >= 3, "of six that were planted; some are dominated by one firm"


def test_terms_add_up_and_small_cells_are_withheld(park: Park) -> None:
    rows = park.ask(
        "select count(*), count(case when national_value + mix_value + competitive_value <> headcount_change then 1 end), "
        "count(case when withheld_code in ('few', 'dominated') and coalesce(insured_headcount, sales_amount, tax_received_amount, "
        f"lq_staff, competitive_value) is not null then 1 end) from industry.position where year_number >= {YEAR - 1}"
    )
    assert rows[0][0] > 100  # type: ignore[operator]
    assert rows[0][1:] == (0, 0)


def test_candidates_are_those_who_come(both: duckdb.DuckDBPyConnection) -> None:
    coming = both.execute(
        "select t.source_key, c.candidate_rank, c.expands_level from true_outsider as t "
        "left join park.industry.candidate as c using (source_key) "
        "where t.kind = 'comer' and t.come_month > cast(? as date) and not t.is_mistyped order by t.come_month",
        [UNTIL],
    ).fetchall()
    assert len(coming) >= 4
    assert [row for row in coming if row[1] is None or row[1] > 20] == [], "the first twenty of two thousand"
    decoys = both.execute(
        "select count(*) from park.industry.candidate join true_outsider using (source_key) "
        "where kind = 'decoy' and candidate_rank <= 50"
    ).fetchall()
    assert decoys == [(0,)], "large and famous is no level"
    came = both.execute(
        "select distinct c.excluded_code from park.industry.candidate as c join true_outsider as t using (source_key) "
        "where t.kind = 'comer' and t.come_month <= cast(? as date) - interval 1 month",
        [UNTIL],
    ).fetchall()
    assert came == [("branch_here",)]
    tenants = both.execute(
        "select distinct c.excluded_code from park.industry.candidate as c join true_outsider as t using (source_key) "
        "where t.kind = 'tenant' and not t.is_mistyped"
    ).fetchall()
    assert tenants == [("tenant",)], "by exact code, whatever its name in the list"
    wrong = both.execute(
        "select count(*) from park.industry.candidate join true_outsider using (source_key) "
        "where is_mistyped and candidate_rank is not null"
    ).fetchall()
    assert wrong == [(0,)]


def test_outsiders_and_statistics_are_no_enterprises_of_the_park(park: Park) -> None:
    subjects = "('industry_stat', 'input_output', 'outsider', 'outsider_branch')"
    assert park.ask(f"select count(*) from resolved.link where subject in {subjects}") == [(0,)]
    assert park.ask(f"select count(*) from resolved.unmatched where subject in {subjects}") == [(0,)]
    accounts = park.ask(f"select distinct account_code from snapshots.fact_account where subject in {subjects}")
    assert accounts == [("no_enterprise",)]


def test_opportunities_are_near_what_leads_and_show_no_single_tenant(park: Park) -> None:
    rows = park.ask(
        "select count(*), count(case when position_code = 'leading' then 1 end), count(nearest_1_code), "
        "min(case when estimated_purchase_amount is not null then estimated_buyer_count end) from industry.opportunity"
    )
    many, leading, near, least = rows[0]
    assert many > 30  # type: ignore[operator]
    assert leading == 0
    assert near > 10  # type: ignore[operator]
    assert least >= LEAST  # type: ignore[operator]


@pytest.mark.parametrize("table", ["position", "opportunity", "candidate"])
def test_no_column_is_always_empty(park: Park, table: str) -> None:
    columns = park.ask(f"select column_name from (describe industry.{table})")
    counts = park.ask(f"select {', '.join(f'count({column})' for (column,) in columns)} from industry.{table}")
    empty = {str(column) for (column,), count in zip(columns, counts[0], strict=True) if not count}
    assert empty == set()
