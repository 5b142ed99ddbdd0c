"""Gaps between the silos of the demo park, held against what is truly so there (benchmarks/gaps.py works the truth out anew)."""

import duckdb
import pytest

from benchmarks import gaps
from tests.system.conftest import KNOWN_UNTIL, Park

pytestmark = [pytest.mark.airflow, pytest.mark.nights]
# What is not found because a record of the firm waits for a person is the resolution's share, and a person is asked about it:
# what remains must be found. Codes of few true cases in this park may miss one. At the gate, which knows firms by their short
# names, sisters wait: 4 of the 18 who come in without a lease.
RECALL_MIN, RECALL_MIN_OF_DECIDED, PRECISION_MIN, MISSES_MAX = 0.75, 0.95, 0.8, 1


@pytest.fixture(scope="module")
def found(both: duckdb.DuckDBPyConnection) -> gaps.Found:
    both.execute("create schema if not exists truth")
    for (name,) in both.execute(
        "select view_name from duckdb_views() where view_name like 'true\\_%' escape '\\'"
    ).fetchall():
        both.execute(f"create or replace view truth.{name.removeprefix('true_')} as from {name}")
    gaps.keep(both, "select enterprise_id, true_id from owner", "park.")
    return gaps.score(both, KNOWN_UNTIL)


@pytest.mark.parametrize("code", [*gaps.CASES, "left_but_registered"])
def test_gaps_are_those_that_truly_are(found: gaps.Found, code: str) -> None:
    gap = found.gaps[code]
    missed, false = gap.true - gap.right, gap.shown - gap.right
    assert missed <= MISSES_MAX or gap.right >= RECALL_MIN * gap.true, gap
    decided = gap.true - gap.waits
    assert missed - gap.waits <= MISSES_MAX or gap.right >= RECALL_MIN_OF_DECIDED * decided, gap
    assert false <= MISSES_MAX or gap.right >= PRECISION_MIN * gap.shown, gap


def test_planted_situations_are_shown(found: gaps.Found) -> None:
    for name, gap in found.planted.items():
        assert gap.true - gap.right <= max(MISSES_MAX, gap.true // 10), (name, gap)
    # a park without these would show nothing here
    assert found.planted["a registered address and empty filings"].true > 5
    assert found.planted["a tenant registered elsewhere"].true > 5


def test_each_enterprise_shows_all_its_gaps_and_one_of_them_first(park: Park) -> None:
    wrong = park.ask(
        """
        select p.enterprise_id
        from snapshots.presence as p
        left join (
            select enterprise_id, string_agg(gap_code, '; ' order by gap_rank) as gap_codes
            from snapshots.presence_gap group by all
        ) as g using (enterprise_id)
        where p.gap_codes is distinct from g.gap_codes
            or (p.gap_code is null) <> (g.gap_codes is null)
            or p.register_gap_code is distinct from (
                select max(r.gap_code) from snapshots.presence_gap as r
                where r.enterprise_id = p.enterprise_id and r.gap_group_code = 'register'
            )
        """
    )
    assert wrong == []
    hidden = park.ask(
        "select count(*) from 园区.数据缺口清单 where 数据缺口 = '在租但未在本园纳税' and 企业编号 in "
        "(select 企业编号 from 园区.数据缺口清单 where 数据缺口 = '在园但工商登记未查到')"
    )
    assert hidden != [(0,)], "a tenant that the register does not know shows that it pays no tax here too"


def test_a_gap_begins_in_a_month_of_the_calendar_and_not_later_than_the_last(park: Park) -> None:
    [(wrong,)] = park.ask(
        "select count(*) from snapshots.presence_gap as g, (select min(month) as first from monthly.month) as f "
        "where g.since_month is null or g.since_month > g.month or (g.since_month < f.first and g.gap_code <> 'left_but_registered')"
    )
    assert wrong == 0
