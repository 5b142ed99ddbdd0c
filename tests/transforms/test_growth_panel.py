"""Growth and flows of 140 real firms over nine years, against the definitions written down a second time.

The panel (employment of British firms by year, 1976 to 1984; Arellano and Bond) is unbalanced: firms begin in 1976, 1977 or
1978 and end in 1982, 1983 or 1984. So it has starts, ends, growth and decline. It is read where it lies and never copied.
"""

import csv
import os
from collections import defaultdict
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest

import transforms
from tests.conftest import empty_warehouse
from warehouse.models import build

SHARED_DATA = Path(os.environ.get("PARKBRIDGE_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data")
PANEL = SHARED_DATA / "panels" / "plm_EmplUK.csv"
TRANSFORMS = Path(transforms.__file__).parent
FIRST, LAST = 1976, 1984
Staff = dict[str, dict[int, int]]  # firm -> year -> people

pytestmark = pytest.mark.skipif(
    not PANEL.is_file(), reason=f"the panel is not in {SHARED_DATA} (set PARKBRIDGE_SHARED_DATA)"
)


@pytest.fixture(scope="module")
def staff() -> Staff:
    """People of each firm by year; the panel states thousands."""
    found: Staff = defaultdict(dict)
    with PANEL.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[f"E{int(row['firm']):03d}"][int(row["year"])] = round(float(row["emp"]) * 1000)
    assert (len(found), sum(map(len, found.values()))) == (140, 1031)
    return dict(found)


@pytest.fixture(scope="module", params=[False, True], ids=["may_be_late", "whole_list"])
def is_whole(request: pytest.FixtureRequest) -> bool:
    """Whether a year's list leaves out only who has closed."""
    return bool(request.param)


@pytest.fixture(scope="module")
def connection(staff: Staff, is_whole: bool) -> duckdb.DuckDBPyConnection:
    """A warehouse in which a feed states staff once a year, in December."""
    connection = empty_warehouse("1985-01-20")
    connection.execute("delete from monthly.month")
    connection.execute(
        "insert into monthly.month select m, year(m) * 12 + month(m), last_day(m), m = date '1984-12-01' from "
        "(select unnest(generate_series(date '1976-01-01', date '1984-12-01', interval 1 month))::date as m)"
    )
    connection.executemany(
        "insert into monthly.headcount (enterprise_id, month, insured_headcount) values (?, make_date(?, 12, 1), ?)",
        [(firm, year, people) for firm, years in staff.items() for year, people in years.items()],
    )
    connection.execute(
        "insert into monthly.coverage (subject, feed, month, report_count, is_provisional) "
        "select 'employment', 'panel', month, count(*), false from monthly.headcount group by month"
    )
    connection.executemany(
        "insert into resolved.link (feed, source_key, subject, enterprise_id) values ('panel', ?, 'employment', ?)",
        [(firm, firm) for firm in staff],
    )
    connection.execute("insert into ops.feed (feed, subject, period_months) values ('panel', 'employment', 12)")
    connection.execute("insert into monthly.yearly_feed values ('panel')")
    if is_whole:
        connection.execute("insert into monthly.complete_feed values ('panel')")
    build(connection, TRANSFORMS / "4_signals", None)
    build(connection, TRANSFORMS / "6_snapshots", ["park_month"])
    return connection


@pytest.mark.parametrize(("column", "base", "last_decimal"), [("change_12m_pct", 0, 2), ("dhs_growth_12m", 1, 4)])
def test_growth_is_the_change_over_the_year_before_or_the_mean(
    connection: duckdb.DuckDBPyConnection, staff: Staff, column: str, base: int, last_decimal: int
) -> None:
    pairs = {
        (firm, year): (years[year - 1], people)
        for firm, years in staff.items()
        for year, people in years.items()
        if year - 1 in years
    }
    expected = {
        key: Fraction(2 * (now - before), now + before) if base else Fraction(100 * (now - before), before)
        for key, (before, now) in pairs.items()
    }
    found = {
        (firm, year): growth
        for firm, year, growth in connection.execute(
            f"select enterprise_id, year(month), {column} from signals.growth where {column} is not null"
        ).fetchall()
    }
    assert found.keys() == expected.keys()
    assert len(found) == 1031 - 140
    assert max(abs(Fraction(found[key]) - growth) for key, growth in expected.items()) <= Fraction(
        51, 100 * 10**last_decimal
    )


def changes(staff: Staff, is_whole: bool) -> dict[int, dict[str, list[tuple[int, int]]]]:
    """(before, after) of every firm by year and flow, from the definitions.

    Who has its first figure after the panel's first year opens. Who has none for a following year closes in it, where the
    list is whole; else once three months of that year's end have passed: of who was last seen in 1983 that is not known
    yet at the end of 1984.
    """
    flows: dict[int, dict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    for years in staff.values():
        for year, people in years.items():
            before = years.get(year - 1)
            if before is None:
                if year > FIRST:
                    flows[year]["open"].append((0, people))
                continue
            code = "expand" if people > before else "contract" if people < before else "unchanged"
            flows[year][code].append((before, people))
        if max(years) < LAST:
            code = "close" if is_whole or max(years) + 1 < LAST else "open_ended"
            flows[max(years) + 1][code].append((years[max(years)], 0))
    return flows


def test_every_flow_has_its_name(connection: duckdb.DuckDBPyConnection, staff: Staff, is_whole: bool) -> None:
    expected = {
        (year, code): (len(pairs), 0 if code == "open_ended" else sum(after - before for before, after in pairs))
        for year, flows in changes(staff, is_whole).items()
        for code, pairs in flows.items()
    }
    found = {
        (year, code): (count, int(change))
        for year, code, count, change in connection.execute(
            "select year(month), flow_code, count(*), coalesce(sum(change), 0) from signals.flow "
            "where signal_code = 'headcount' group by all"
        ).fetchall()
    }
    assert found == expected
    assert {code for _, code in found} == {"open", "close", "expand", "contract", "unchanged"} | (
        set() if is_whole else {"open_ended"}
    )


def test_creation_destruction_and_reallocation_of_each_year(
    connection: duckdb.DuckDBPyConnection, staff: Staff, is_whole: bool
) -> None:
    flows = changes(staff, is_whole)
    found = connection.execute(
        "select year(month), total_value, creation_value, destruction_value, net_value, reallocation_value, creation_pct, "
        "destruction_pct, flow_reason_code, open_ended_count, open_ended_value from snapshots.park_month "
        "where signal_code = 'headcount' and period_months = 12 order by 1"
    ).fetchall()
    assert [row[0] for row in found] == list(range(FIRST, LAST + 1))
    assert [int(row[1]) for row in found] == [
        sum(years.get(year, 0) for years in staff.values()) for year in range(FIRST, LAST + 1)
    ]
    assert found[0][2:] == (*(None,) * 6, "nothing_compared", None, None)
    for year, _, creation, destruction, net, reallocation, creation_pct, destruction_pct, *silence in found[1:]:
        silent = flows[year].pop("open_ended", [])
        pairs = [pair for code in flows[year] for pair in flows[year][code]]
        gained = sum(after - before for before, after in pairs if after > before)
        lost = sum(before - after for before, after in pairs if after < before)
        mean = sum(before + after for before, after in pairs) / 2
        assert creation == gained, year
        assert float(creation_pct) == pytest.approx(100 * gained / mean, abs=0.0051), year
        if silent:
            assert year == LAST
            assert (destruction, net, reallocation, destruction_pct) == (None,) * 4
            assert silence == ["open_ended", len(silent), sum(before for before, _ in silent)]
            continue
        assert silence == [None, 0, 0]
        assert (destruction, net) == (lost, gained - lost), year
        assert reallocation == gained + lost - abs(gained - lost), year
        assert float(destruction_pct) == pytest.approx(100 * lost / mean, abs=0.0051), year


def test_no_audited_figure_is_suspect(connection: duckdb.DuckDBPyConnection) -> None:
    assert connection.execute("select * from signals.plausibility").fetchall() == []
