"""Successions found, against what truly happened in the demo city; each kind is printed (`pytest -rP`)."""

from __future__ import annotations

import duckdb
import pytest

from tests.system.conftest import KNOWN_UNTIL

pytestmark = [pytest.mark.airflow, pytest.mark.nights]

# what truly happened and could be known from the offices: by the register's entry, or from the month of the move on
HAPPENED = f"""
    select case event_code when 'rename' then 'renamed' when 'code_change' then 'code_changed'
        when 'address_change' then 'seat_moved' when 'merger' then 'merged' else 'split' end as kind,
        true_id as predecessor, case when event_code in ('merger', 'division') then other_id else true_id end as successor,
        event_date as happened_date
    from true_event join true_enterprise using (true_id)
    where is_registered_here and event_code in ('rename', 'code_change', 'address_change', 'merger', 'division')
        and recorded_at - interval 8 hour < timestamp '{KNOWN_UNTIL}'
    union all
    select 'payroll_to_agency', m.true_id, e.partner_id, min(m.month)
    from true_enterprise_month as m join true_enterprise as e using (true_id)
    where e.story = 'agency_client' and m.dispatched_headcount > 0
    group by m.true_id, e.partner_id
    having min(m.month) <= (select max(month) from park.monthly.month)
"""
FOUND = """
    select c.change_code as kind, w.true_id as predecessor, w.true_id as successor, c.event_date as found_date,
        'fact' as standing_code
    from park.resolved.identity_event as c left join owner as w using (enterprise_id)
    union all
    select s.succession_code, p.true_id, q.true_id, coalesce(s.event_date, s.effective_month), s.standing_code
    from park.signals.succession as s
    left join owner as p on s.predecessor_enterprise_id = p.enterprise_id
    left join owner as q on s.successor_enterprise_id = q.enterprise_id
"""
IS_SAME = (
    "h.kind = f.kind and h.predecessor = f.predecessor and h.successor = f.successor "
    "and abs(datediff('month', h.happened_date, f.found_date)) <= 1"
)


@pytest.fixture(scope="module")
def both(both: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Park and truth, with `happened` and `found`: one row per succession."""
    both.execute(f"create table happened as {HAPPENED}")
    both.execute(f"create table found as {FOUND}")
    return both


def _counts(connection: duckdb.DuckDBPyConnection, standing: str) -> dict[str, tuple[int, int, int, int]]:
    """By kind: happened, of these found, found, of these right."""
    rows = connection.execute(
        f"""
        with met as (
            select kind, exists (select 1 from found as f where f.standing_code = $1 and {IS_SAME}) as is_found
            from happened as h
        ),
        found_kind as (
            select kind, exists (select 1 from happened as h where {IS_SAME}) as is_right
            from found as f where standing_code = $1
        )
        select kind,
            (select count(*) from met where met.kind = k.kind),
            (select count(*) from met where met.kind = k.kind and is_found),
            (select count(*) from found_kind where found_kind.kind = k.kind),
            (select count(*) from found_kind where found_kind.kind = k.kind and is_right)
        from (select kind from happened union select kind from found) as k
        order by kind
        """,
        [standing],
    ).fetchall()
    for kind, happened, hit, found, right in rows:
        print(f"{standing:<10} {kind:<20} happened {happened:>3}, found {hit:>3}; listed {found:>3}, right {right:>3}")
    return {kind: (happened, hit, found, right) for kind, happened, hit, found, right in rows}


def test_what_the_register_tells_is_found_and_nothing_else(both: duckdb.DuckDBPyConnection) -> None:
    counts = _counts(both, "fact")
    for kind in ("renamed", "code_changed", "merged", "split"):
        happened, hit, found, right = counts[kind]
        assert happened > 0
        assert (hit, right) == (happened, found), kind
    happened, hit, found, right = counts["seat_moved"]
    assert right == found
    assert hit >= 0.9 * happened  # the rest changed nothing that can be seen, or came with a firm that is new here


def test_payrolls_at_an_agency_are_told_only_where_they_are(both: duckdb.DuckDBPyConnection) -> None:
    facts, candidates = _counts(both, "fact"), _counts(both, "candidate")
    _, hit, found, right = facts.get("payroll_to_agency", (0, 0, 0, 0))
    assert right == found
    happened, doubtful, _, _ = candidates.get("payroll_to_agency", (0, 0, 0, 0))
    assert hit + doubtful >= 0.5 * happened


def test_a_seat_that_moves_on_paper_is_no_leaving(both: duckdb.DuckDBPyConnection) -> None:
    moves = both.execute(
        "select e.story, s.seat_move_code, count(*) from park.signals.seat_move as s join owner using (enterprise_id) "
        "join true_enterprise as e using (true_id) group by all order by all"
    ).fetchall()
    print(moves)
    meanings = {"stayed": {"seat_moved"}, "left": {"move_out", "move_out_sudden"}, "arrived": {"move_in"}}
    wrong = [row for row in moves if row[1] in meanings and row[0] not in meanings[row[1]]]
    assert wrong == []


def test_staff_that_a_merger_or_division_moved_are_in_no_flow(both: duckdb.DuckDBPyConnection) -> None:
    counted = both.execute(
        "select e.story, e.true_id, f.month, f.flow_code, f.change from park.signals.flow as f join owner using (enterprise_id) "
        "join true_enterprise as e using (true_id) where f.signal_code = 'headcount' "
        "and f.flow_code in ('open', 'close', 'move_in', 'move_out') and e.story in ('absorbed', 'spun_off')"
    ).fetchall()
    assert counted == []
