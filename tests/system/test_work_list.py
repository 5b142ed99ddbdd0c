"""Needs, introductions and the work list of the demo park, held against its truth."""

from __future__ import annotations

import duckdb
import pytest

from tests.system.conftest import UNTIL, Park

pytestmark = pytest.mark.nights

# the true pairs, worked out from the two tables of the truth alone: kind, quantity, date and place, and not oneself
PAIRS = """
with today as (select max(list_date) as day from park.snapshots.work_list),
need as (
    select n.*, greatest(n.due_date, t.day) as on_day from true_need as n cross join today as t
    where concat('need/', n.need_no) in (select need_key from park.industry.need where is_unresolved)
)
select
    n.need_no, o.offer_no, i.fit_level_code,
    o.quantity >= n.quantity and o.valid_from_date <= n.on_day
    and coalesce(o.valid_until_date >= n.on_day, true)
    and (not o.is_for_building or o.building_code = n.building_code)
    and o.true_id is distinct from n.true_id as fits
from need as n
inner join true_offer as o on n.need_kind_code = o.need_kind_code
left join park.industry.introduction as i
    on i.need_key = concat('need/', n.need_no) and i.offer_key = concat('offer/', o.offer_no)
where o.valid_from_date - 3 < date '{until}'
"""


def test_introductions_are_right_and_few_are_missed(both: duckdb.DuckDBPyConnection) -> None:
    both.execute(f"create or replace temp table pair_of as {PAIRS.format(until=UNTIL)}")
    counts = both.execute(
        "select count(*), count(*) filter (fits), count(*) filter (fits and fit_level_code = 'fits') from pair_of"
    ).fetchone()
    said = both.execute("select count(*) from park.industry.introduction where fit_level_code = 'fits'").fetchone()
    assert counts
    assert said
    of_kind, true, hit = counts
    print(
        f"need and offer: kind alone P {true / of_kind:.2f}; introductions P {hit / said[0]:.3f} R {hit / true:.3f} ({true} true pairs)"
    )
    assert true >= 30, "too few to judge by"
    assert hit / said[0] >= 0.9
    assert hit / true >= 0.8


def test_needs_are_those_of_the_truth(both: duckdb.DuckDBPyConnection) -> None:
    """What the service desk knew is there, of the right enterprise, and closed and contacted as it was."""
    differing = both.execute(
        f"""
        with known as (
            select *, concat('need/', need_no) as need_key from true_need where stated_date < date '{UNTIL}'
        )
        select k.need_no from known as k
        full join park.industry.need as n on k.need_key = n.need_key
        where n.need_key is null or k.need_key is null or n.stated_date <> k.stated_date
            or n.is_unresolved <> (k.closed_date is null or k.closed_date >= date '{UNTIL}')
            or n.need_outcome_code <> k.need_outcome_code
        """
    ).fetchall()
    assert differing == []
    wrong = both.execute("select count(*) from pair where feed = 'need' and true_id is null").fetchone()
    assert wrong == (0,)
    # a need brings no firm into the park, and no firm is known by a need alone
    alone = both.execute(
        "select enterprise_id from park.resolved.link group by enterprise_id having bool_and(feed = 'need')"
    ).fetchall()
    assert alone == []


def test_the_first_list_keeps_its_limits_and_is_remembered(park: Park) -> None:
    found = park.ask(
        "select limit_group_code, count(*) from snapshots.work_list where first_shown_date = list_date group by all"
    )
    counts = {str(group): int(str(count)) for group, count in found}
    limits = {"answer": 6, "call": 4, "introduction": 3, "attraction": 2}
    assert counts.keys() <= limits.keys()
    assert all(count <= limits[group] for group, count in counts.items()), counts
    assert {"answer", "call", "introduction"} <= counts.keys()
    assert set(park.ask("select distinct hit_rate_zh from snapshots.work_list")) == {("尚不可知",)}, (
        "nothing is settled"
    )


def test_no_introduction_says_more_than_both_sides_stated(park: Park) -> None:
    """Neither an amount of tax or sales, nor a contact, is in any text of an introduction."""
    # what was asked for may be tax advice: the kind's own words are no secret
    said = "select replace(replace(concat(t.work_en, t.work_zh), k.title_zh, ''), k.title_en, '') from {} as t "
    texts = park.ask(
        said.format("industry.introduction") + "inner join rules.need_kind as k on t.need_kind_code = k.need_kind_code"
    )
    texts += park.ask(
        said.format("snapshots.work_list")
        + "inner join rules.need_kind as k on t.topic_code = k.need_kind_code where t.action_code = 'introduce'"
    )
    assert texts
    for (text,) in texts:
        for word in ("税", "销售", "tax", "sales", "采购", "供应商", "buys", "sells", "invoice", "发票", "联系人"):
            assert word not in str(text), text
    needs = {
        str(row[0])
        for row in park.ask("select column_name from duckdb_columns() where table_name in ('need', 'introduction')")
    }
    assert not needs & {"contact", "phone", "person"}
