"""Patents and research ties of the demo park, held against its truth: who applied with which institute, and that no person is in it."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from tests.system.conftest import UNTIL, Park

pytestmark = [pytest.mark.airflow, pytest.mark.nights]

# a second way to what is known: the truth alone, of firms with one enterprise
TIES = f"""
with readable as (
    select * from true_patent where written = 'right' and published_date < date '{UNTIL}'
),
tie as (
    select
        f.true_id, regexp_replace(i.institute, '[（）]', '', 'g') as institute, count(*) as tie_count,
        min(f.filed_date) as first_tie_date, max(f.filed_date) as last_tie_date
    from readable as f
    inner join readable as i on f.application_no = i.application_no and i.applicant_kind = 'institute'
    where f.applicant_kind = 'enterprise'
    group by all
),
said as (
    select o.true_id, substr(t.institute_key, 6) as institute, t.tie_count, t.first_tie_date, t.last_tie_date
    from park.industry.research_tie as t
    left join owner as o on t.enterprise_id = o.enterprise_id
    where t.tie_code = 'co_patent'
)
"""


def test_ties_are_those_of_the_truth(both: duckdb.DuckDBPyConnection) -> None:
    """With the number of applications and the days of the first and the last; 材料研究院有限公司 and persons are no institutes."""
    counts = both.execute(
        f"{TIES} select (select count(*) from tie), (select count(*) from said), (select count(*) from tie natural join said)"
    ).fetchone()
    assert counts
    true, said, right = counts
    print(f"research ties by patents: P {right / said:.3f} R {right / true:.3f} ({true} true ties)")
    assert true >= 30, "too few to judge by"
    assert right / said >= 0.95
    assert right / true >= 0.95


def test_every_application_of_an_enterprise_is_counted_once(both: duckdb.DuckDBPyConnection) -> None:
    """Also one that names its applicant twice; what is written wrongly is in quarantine, and an application of persons alone nowhere."""
    differing = both.execute(
        f"""
        with counted as (
            select true_id, count(*) as applications
            from true_patent
            where applicant_kind = 'enterprise' and written = 'right' and published_date < date '{UNTIL}'
            group by true_id
        )
        -- records that found no enterprise are one of their own: a firm may have two
        select true_id, applications, sum(application_count)
        from counted join owner using (true_id) left join park.industry.patent_count using (enterprise_id)
        group by true_id, applications
        having applications is distinct from sum(application_count)
        """
    ).fetchall()
    known = both.execute("select count(*) from park.industry.patent_count").fetchone()
    assert known
    print(f"{known[0]} enterprises with patents, {len(differing)} counted otherwise")
    assert known[0] >= 50
    assert len(differing) <= 0.05 * known[0], "names with a slip"
    wrong = both.execute(
        f"select count(distinct application_no) from true_patent where written <> 'right' and published_date < date '{UNTIL}' "
        "and applicant_kind <> 'person' and application_no not in (select application_no from park.industry.patent)"
    ).fetchone()
    put_aside = both.execute("select count(*) from park.ops.quarantine where feed = 'patent'").fetchone()
    assert wrong == put_aside


def test_a_patent_changes_no_enterprise_and_no_presence(park: Park) -> None:
    assert park.ask("select count(*) from resolved.link where feed = 'patent'") == [(0,)]
    assert park.ask("select count(*) from resolved.unmatched where feed = 'patent'") == [(0,)]
    assert park.ask("select count(*) from monthly.coverage where feed = 'patent'") == [(0,)]


def test_no_applicant_or_inventor_who_is_a_person_is_anywhere(park: Park, both: duckdb.DuckDBPyConnection) -> None:
    names = both.execute(
        "select distinct value from true_planted where kind = 'person_name_among_applicants'"
    ).fetchall()
    assert len(names) >= 10
    wanted = re.compile("|".join(re.escape(name) for (name,) in names))
    landed = both.execute(
        f"select \"申请人\" from read_parquet('{next((park.home / 'raw' / 'patent').glob('*/rows.parquet'))}')"
    ).fetchall()
    assert [cell for (cell,) in landed if wanted.search(cell)] == []
    assert "发明人" not in str(
        duckdb.sql(f"describe from read_parquet('{park.home}/raw/patent/*/rows.parquet')").fetchall()
    )
    applicants = park.ask(
        "select applicant_name from industry.patent union select institute_name from industry.research_tie"
    )
    assert [name for (name,) in applicants if wanted.fullmatch(str(name))] == []


def test_the_pages_show_them(park: Park) -> None:
    """The enterprise with most ties on its own page, and each tie on the page of industries."""
    report = Path(park.home) / "published" / "report"
    [(enterprise, institute)] = park.ask(
        "select enterprise_id, min(institute_name) from industry.research_tie where tie_code = 'co_patent' "
        "group by 1 order by count(*) desc, 1 limit 1"
    )
    page = (report / "enterprise" / f"{enterprise}.html").read_text(encoding="utf-8")
    assert "专利与产学研" in page
    assert str(institute) in page
    assert "共同专利" in page
    industries = (report / "industries.html").read_text(encoding="utf-8")
    for (name,) in park.ask("select distinct institute_name from industry.research_tie"):
        assert str(name) in industries
    assert "co_patent" not in page + industries
