"""A headcount that was planted wrongly (the group's, or the wages in its column) is in no figure that readers take from the park.

What was planted is the truth's word; which figures a headcount may be in is spelled out here, not taken from signals.plausibility.
"""

from __future__ import annotations

import duckdb
import pytest

pytestmark = [pytest.mark.airflow, pytest.mark.nights]

WRONG = ("group_headcount", "headcount_equals_wages")


@pytest.fixture(scope="module")
def planted(both: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """`both`, with `wrong`: enterprises and months with a planted headcount, and what was reported."""
    both.execute(f"""
        create or replace temp table wrong as
        select distinct w.enterprise_id, p.month, h.insured_headcount
        from true_planted as p
        inner join owner as w on p.true_id = w.true_id
        inner join park.monthly.headcount as h on w.enterprise_id = h.enterprise_id and p.month = h.month
        where p.silo = 'employment' and p.kind in {WRONG}
    """)
    return both


def test_each_is_suspect_with_its_figures_in_both_languages(planted: duckdb.DuckDBPyConnection) -> None:
    rows = planted.execute("""
        select w.insured_headcount, p.test_codes, p.evidence, p.evidence_zh
        from wrong as w
        left join park.signals.plausibility as p
            on w.enterprise_id = p.enterprise_id and w.month = p.month and p.signal_code = 'headcount'
    """).fetchall()
    assert len(rows) >= 12
    for headcount, codes, english, chinese in rows:
        assert "wage_level" in codes
        assert f"headcount {headcount:,} since" in english
        assert f"起为{headcount:,}人" in chinese
        assert "usually" in english
        assert "通常" in chinese


def test_no_other_headcount_is_suspect(planted: duckdb.DuckDBPyConnection) -> None:
    assert (
        planted.execute("""
        select p.* from park.signals.plausibility as p
        left join wrong as w on p.enterprise_id = w.enterprise_id and p.month = w.month
        where p.signal_code = 'headcount' and w.enterprise_id is null
    """).fetchall()
        == []
    )


def test_totals_of_the_park_are_without_them(planted: duckdb.DuckDBPyConnection) -> None:
    differing = planted.execute("""
        with believed as (
            select h.month, sum(h.insured_headcount) as total
            from park.monthly.headcount as h
            left join wrong as w on h.enterprise_id = w.enterprise_id and h.month = w.month
            where w.enterprise_id is null
            group by h.month
        )
        select t.month, t.total_value, b.total
        from park.snapshots.park_month as t
        inner join believed as b on t.month = b.month
        where t.signal_code = 'headcount' and t.total_value <> b.total
    """).fetchall()
    assert differing == []


@pytest.mark.parametrize(
    "used",
    [
        "select enterprise_id, month from park.signals.flow where signal_code = 'headcount'",
        "select enterprise_id, cast(month - interval 1 month as date) from park.signals.flow "
        "where signal_code = 'headcount' and flow_code <> 'resumed' and earlier_value <> 0",
        "select enterprise_id, month from park.signals.growth "
        "where signal_code = 'headcount' and coalesce(dhs_growth_1m, dhs_growth_3m, dhs_growth_12m) is not null",
        "select enterprise_id, cast(month - interval 12 month as date) from park.signals.growth "
        "where signal_code = 'headcount' and coalesce(change_12m_pct, dhs_growth_12m) is not null",
        "select enterprise_id, cast(month - interval 1 month as date) from park.signals.growth "
        "where signal_code = 'headcount' and coalesce(change_1m_pct, dhs_growth_1m) is not null",
        "select enterprise_id, month from park.signals.alert_measure where measure_code = 'headcount'",
        "select enterprise_id, cast(month - interval 12 month as date) from park.signals.alert_measure "
        "where measure_code = 'headcount' and value_12m_before is not null",
        "select enterprise_id, month from park.signals.headcount_step",
        "select enterprise_id, cast(month - interval 1 month as date) from park.signals.headcount_step",
        "select enterprise_id, headcount_month from park.snapshots.enterprise_current where insured_headcount is not null",
        "select enterprise_id, last_insured_headcount_month from park.snapshots.enterprise_current",
        "select enterprise_id, make_date(year_number, unnest(range(1, 13))::integer, 1) from park.snapshots.enterprise_year "
        "where mean_headcount is not null",
    ],
)  # fmt: skip
def test_no_figure_goes_back_to_one(planted: duckdb.DuckDBPyConnection, used: str) -> None:
    months = f"select enterprise_id, month from ({used}) as u (enterprise_id, month)"
    assert planted.execute(f"{months} intersect select enterprise_id, month from wrong").fetchall() == []
    assert planted.execute(f"select count(*) > 50 from ({months})").fetchone() == (True,)


def test_no_assessment_compares_one(planted: duckdb.DuckDBPyConnection) -> None:
    assert (
        planted.execute("""
        select y.* from park.signals.year_change as y
        inner join wrong as w on y.enterprise_id = w.enterprise_id
        where y.signal_code = 'headcount' and w.insured_headcount in (y.value, y.earlier_value)
    """).fetchall()
        == []
    )
