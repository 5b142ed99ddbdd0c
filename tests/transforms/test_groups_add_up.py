"""Buildings, sections and divisions each add up to the park, and reallocation is reckoned anew in every group."""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path

import duckdb
import pytest

import transforms
from expectations.rule import read_rule
from tests.conftest import empty_warehouse
from warehouse.models import build

TRANSFORMS = Path(transforms.__file__).parent
RULE = TRANSFORMS.parent / "expectations" / "rules" / "groups_add_up_to_the_park.sql"
CODES = ["open", "expand", "contract", "close", "move_in", "move_out", "unchanged", "succession_in", "resumed"]
Flow = tuple[str, int, str, int, int | None]  # firm, month, flow, before, after


@pytest.fixture(scope="module")
def flows() -> list[Flow]:
    rng = random.Random(11)
    found = []
    for firm in range(300):
        for month in (1, 2, 3):
            # in March some are silent
            codes = [*CODES, "open_ended"] if month == 3 and firm % 7 == 0 else CODES
            code, size = rng.choice(codes), rng.randint(5, 90)
            before = 0 if code in ("open", "move_in") else size
            after = 0 if code in ("close", "move_out") else size if code == "unchanged" else size + rng.randint(1, 4)
            if code == "contract":
                after = size - rng.randint(1, 4)
            found.append((f"E{firm:03d}", month, code, before, None if code == "open_ended" else after))
    return found


@pytest.fixture(scope="module")
def homes() -> dict[tuple[str, int], str]:
    """The building of every enterprise in every month; a third of them move in February, some have none."""
    rng = random.Random(12)
    found = {}
    for firm in range(300):
        first, later = rng.choice("ABCD"), rng.choice("ABCD")
        for month in (1, 2, 3):
            if firm % 10:
                found[f"E{firm:03d}", month] = later if firm % 3 == 0 and month > 1 else first
    return found


@pytest.fixture(scope="module")
def connection(flows: list[Flow], homes: dict[tuple[str, int], str]) -> duckdb.DuckDBPyConnection:
    connection = empty_warehouse("2026-04-10")
    industries = ["C3311", "3411", "I6510", "G5930", "A01", "ZZ", None]
    connection.executemany(
        "insert into resolved.enterprise (enterprise_id, industry_code) values (?, ?)",
        [(f"E{firm:03d}", industries[firm % len(industries)]) for firm in range(300)],
    )
    connection.executemany(
        "insert into monthly.main_building (enterprise_id, building_code, from_month, until_month) "
        "values (?, ?, make_date(2026, ?, 1), make_date(2026, ?, 1))",
        [(firm, building, month, month) for (firm, month), building in homes.items()],
    )
    connection.executemany(
        "insert into signals.flow (enterprise_id, signal_code, month, period_months, flow_code, earlier_value, value, change) "
        "values (?, 'headcount', make_date(2026, ?, 1), 1, ?, ?, ?, ?)",
        [
            (firm, month, code, before, after, None if after is None else after - before)
            for firm, month, code, before, after in flows
        ],
    )
    connection.executemany(
        "insert into signals.signal (enterprise_id, signal_code, month, period_months, value, is_provisional) "
        "values (?, 'headcount', make_date(2026, ?, 1), 1, ?, false)",
        [(firm, month, after) for firm, month, _, _, after in flows if after],
    )
    build(connection, TRANSFORMS / "4_signals", ["part_total", "part_flow"])
    build(connection, TRANSFORMS / "6_snapshots", ["park_month", "group_month"])
    return connection


def test_each_kind_of_group_adds_up_to_the_park(connection: duckdb.DuckDBPyConnection) -> None:
    columns = [
        "total_value",
        "enterprise_count",
        "compared_value",
        "compared_earlier_value",
        "open_value",
        "move_in_value",
        "expand_value",
        "close_value",
        "move_out_value",
        "contract_value",
        "creation_value",
        "drift_value",
        "succession_value",
        "open_count",
        "close_count",
        "unchanged_count",
        "resumed_count",
        "open_ended_count",
        "open_ended_value",
    ]
    park = connection.execute(f"select month, {', '.join(columns)} from snapshots.park_month order by 1").fetchall()
    sums = ", ".join(f"sum({column})" for column in columns)
    assert len(park) == 3
    for kind, groups in (("building", 5), ("industry_section", 5), ("industry_division", 6)):
        found = connection.execute(
            f"select month, {sums} from snapshots.group_month where part_kind = ? group by 1 order by 1", [kind]
        ).fetchall()
        assert found == park, kind
        losses = connection.execute(
            "select month, sum(destruction_value), sum(net_value) from snapshots.group_month "
            "where part_kind = ? and month < date '2026-03-01' group by 1 order by 1",
            [kind],
        ).fetchall()
        assert (
            losses
            == connection.execute(
                "select month, destruction_value, net_value from snapshots.park_month where month < date '2026-03-01' order by 1"
            ).fetchall()
        )
        count = connection.execute(
            "select count(distinct part_code) from snapshots.group_month where part_kind = ?", [kind]
        ).fetchone()
        assert count == (groups,)
    query = read_rule(RULE).check.wrong_rows
    assert query is not None
    assert connection.execute(query).fetchall() == []


def test_where_somebody_is_silent_what_went_is_not_known(
    connection: duckdb.DuckDBPyConnection, flows: list[Flow], homes: dict[tuple[str, int], str]
) -> None:
    silent = {homes.get((firm, month), "unknown") for firm, month, code, *_ in flows if code == "open_ended"}
    losses = dict(
        connection.execute(
            "select part_code, destruction_value from snapshots.group_month "
            "where part_kind = 'building' and month = date '2026-03-01'"
        ).fetchall()
    )
    assert silent
    assert {building for building, loss in losses.items() if loss is None} == silent
    assert connection.execute(
        "select month(month), flow_reason_code from snapshots.park_month where destruction_value is null"
    ).fetchall() == [(3, "open_ended")]


def test_reallocation_is_reckoned_in_every_group(
    connection: duckdb.DuckDBPyConnection, flows: list[Flow], homes: dict[tuple[str, int], str]
) -> None:
    gained: dict[tuple[str, int], int] = defaultdict(int)
    lost: dict[tuple[str, int], int] = defaultdict(int)
    for firm, month, code, before, after in flows:
        where = homes.get((firm, month), "unknown"), month
        if month == 3 or after is None:
            continue
        gained[where] += after - before if code in ("open", "move_in", "expand") else 0
        lost[where] += before - after if code in ("close", "move_out", "contract") else 0
    found = {
        (building, month): int(value)
        for building, month, value in connection.execute(
            "select part_code, month(month), reallocation_value from snapshots.group_month "
            "where part_kind = 'building' and month < date '2026-03-01'"
        ).fetchall()
    }
    assert found == {where: gained[where] + lost[where] - abs(gained[where] - lost[where]) for where in gained}
    park = connection.execute("select sum(reallocation_value) from snapshots.park_month").fetchone()
    assert park is not None
    assert sum(found.values()) < int(park[0]), (
        "what one building loses and another gains is reallocation of the park only"
    )
