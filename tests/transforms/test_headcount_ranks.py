"""Of feeds with different ranks that state an enterprise's staff of one month, the best counts, and alone."""

from datetime import date
from pathlib import Path

import transforms
from tests.conftest import prepared
from warehouse.models import build, load_rules

TRANSFORMS = Path(transforms.__file__).parent


def test_the_better_feed_counts_and_the_other_fills_what_it_leaves_out() -> None:
    connection = prepared()
    load_rules(connection, TRANSFORMS / "rules")
    connection.execute(
        "insert into rules.authority (field_code, subject, feed, authority_rank) "
        "values ('insured_headcount', 'employment', 'annual_report', 2)"
    )
    connection.execute("insert into ops.night values ('night', timestamp '2026-04-10', 'park')")
    connection.execute("create schema if not exists resolved")
    connection.execute("create schema if not exists monthly")
    connection.execute(
        "create table resolved.link as select * from (values ('bureau', 'u1', 'E1'), ('district', 'u2', 'E1'), "
        "('annual_report', 'r1', 'E1'), ('annual_report', 'r2', 'E2')) as l (feed, source_key, enterprise_id)"
    )
    connection.execute("drop view known.employment")
    connection.execute(
        "create table known.employment as select *, null::decimal(18, 2) as wage_amount, timestamp '2026-01-01' as received_at "
        "from (values ('bureau', 'u1', date '2025-12-01', 10), ('district', 'u2', date '2025-12-01', 5), "
        "('annual_report', 'r1', date '2025-12-01', 16), ('annual_report', 'r1', date '2024-12-01', 14), "
        "('annual_report', 'r2', date '2025-12-01', 7)) as e (feed, source_key, month, insured_headcount)"
    )
    connection.execute("create table monthly.month as select unnest([date '2024-12-01', date '2025-12-01']) as month")
    build(connection, TRANSFORMS / "3_monthly", ["headcount"])
    found = connection.execute(
        "select enterprise_id, month, insured_headcount from monthly.headcount order by all"
    ).fetchall()
    assert found == [("E1", date(2024, 12, 1), 14), ("E1", date(2025, 12, 1), 15), ("E2", date(2025, 12, 1), 7)]
