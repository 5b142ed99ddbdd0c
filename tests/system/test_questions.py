"""Every question of the cookbook answers on the demo park, and where the truth knows the answer, it is that."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import duckdb
import pytest

from tests.system.conftest import Park
from warehouse.questions import Question, question, questions

pytestmark = [pytest.mark.airflow, pytest.mark.nights]

# nothing changed before the second night; a healthy small park may have no case of these
MAY_BE_EMPTY = {4, 10, 13, 14, 20, 23, 24}


def answer(park: Park, number: int) -> tuple[list[str], Sequence[tuple[object, ...]]]:
    """The columns and rows of one question."""
    with duckdb.connect(str(park.published), read_only=True) as connection:
        found = connection.execute(question(number).sql)
        return [name for name, *_ in found.description], found.fetchall()


@pytest.mark.parametrize("one", questions().values(), ids=lambda one: str(one.number))
def test_it_answers(park: Park, one: Question) -> None:
    columns, rows = answer(park, one.number)
    assert len(columns) == len(set(columns))
    assert rows or one.number in MAY_BE_EMPTY


def test_the_command_line_shows_it(park: Park) -> None:
    assert "纳税前十名" in park.run("sql", "--example").stdout
    shown = park.run("sql", "--example", "19").stdout
    assert "企业名称" in shown
    assert "占全园百分比" in shown


def test_who_has_left_has_left_in_truth(park: Park, both: duckdb.DuckDBPyConnection) -> None:
    _, rows = answer(park, 5)
    names = [str(name) for name, word, *_ in rows if word == "已撤离"]
    gone = both.execute(
        "select count(*), count(case when t.gone_month <= date '2026-10-01' then 1 end) "
        "from (select unnest(?) as enterprise_name) as n "
        "join (select enterprise_name, min(enterprise_id) as enterprise_id from park.snapshots.enterprise_current "
        "group by enterprise_name having count(*) = 1) as e using (enterprise_name) "
        "join owner as w using (enterprise_id) join true_enterprise as t using (true_id)",
        [names],
    ).fetchone()
    assert gone is not None
    assert gone[0] >= 10
    assert gone[1] >= 0.9 * gone[0]


def test_the_largest_taxpayers_are_the_truths(park: Park, both: duckdb.DuckDBPyConnection) -> None:
    _, rows = answer(park, 19)
    largest = both.execute(
        "select e.name, e.later_name from true_tax_period as p join true_enterprise as e using (true_id) "
        "where p.period_end between date '2025-10-31' and date '2026-09-30' "
        "group by all order by sum(p.paid_fen) desc limit 10"
    ).fetchall()
    known = {str(name) for names in largest for name in names if name}
    assert sum(name in known for name, *_ in rows) >= 8
    shares = [share for *_, share in rows]
    assert shares == sorted(shares, reverse=True)  # type: ignore[type-var]
    assert 0 < sum(float(str(share)) for share in shares) <= 100


def test_tax_of_the_year_is_the_treasurys(park: Park) -> None:
    _, rows = answer(park, 28)
    [(month, total)] = [(month, total) for kind, month, total, *_ in rows if kind == "合计"]
    with sqlite3.connect(park.folder / "demo" / "silos" / "tax" / "税务.sqlite") as silo:
        cases = silo.execute("select 入库日期, 入库金额_分 from 入库表").fetchall()
    paid = sum(int(fen) for day, fen in cases if "2026-01" <= str(day)[:7] <= str(month)[:7])
    assert abs(float(str(total)) - paid / 100) < 0.01


def test_staff_and_jobs_are_the_truths(park: Park, both: duckdb.DuckDBPyConnection) -> None:
    _, rows = answer(park, 32)
    for month, staff, *_ in rows:
        true = both.execute(
            "select sum(insured_headcount) from true_enterprise_month where month = ?", [month]
        ).fetchone()
        assert true is not None
        # reports that were late, lost or planted wrong are left out
        assert 0.9 * true[0] <= float(str(staff)) <= 1.02 * true[0], month
    gained = sum(float(str(row[2] or 0)) for row in rows)
    moved = both.execute(
        "select sum(greatest(n.insured_headcount - b.insured_headcount, 0)) from true_enterprise_month as n "
        "join true_enterprise_month as b on n.true_id = b.true_id and b.month = n.month - interval 1 month "
        "where n.month > date '2025-10-01' and n.month <= date '2026-10-01'"
    ).fetchone()
    assert moved is not None
    assert 0.75 * moved[0] <= gained <= 1.1 * moved[0], "mergers and moved payrolls are no jobs gained"
