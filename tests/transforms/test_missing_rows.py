"""A row that is missing, late or unreadable makes no opening, closing or growth that the other rows do not support.

Random small parks, each with rows taken away and rows that cannot be read, against the flows computed a second time in Python.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import transforms
from tests.conftest import empty_warehouse
from warehouse.models import build

TRANSFORMS = Path(transforms.__file__).parent
MONTHS, FIRMS = 9, [f"F{n:02d}" for n in range(6)]
MONTHLY = ["month", "yearly_feed", "complete_feed", "unread", "headcount", "report", "coverage", "provisional_month"]
SIGNALS = ["signal", "signal_month", "value_check", "plausibility", "flow"]
PATIENCE, MISSING_MONTHS = 3, 3  # rules/coverage.yml: expected_after_periods; rules/flow.yml: close_missing_months
COVERAGE = 60
Flow = tuple[str, int, str, int | None, int | None]  # firm, month, flow, before, after


@dataclass(frozen=True)
class Books:
    """Staff by firm and month, the rows that cannot be read, and whether the list leaves out only who has stopped."""

    staff: dict[tuple[str, int], int]
    unread: frozenset[tuple[str, int]]
    is_whole: bool

    @property
    def spoken_of(self) -> set[tuple[str, int]]:
        """What is reported without a figure; the calendar begins with the first figure."""
        first = min(m for _, m in self.staff)
        return {(f, m) for f, m in self.unread if m >= first}


def provisional(books: Books) -> set[int]:
    """The months of which too few of those expected have reported."""
    reported = set(books.staff) | books.spoken_of
    first = min(m for _, m in reported)
    found = set()
    for month in range(first, MONTHS):
        expected = {f for f, m in reported if month - PATIENCE <= m < month}
        here = {f for f, m in reported if m == month}
        if not here or (expected and 100 * len(expected & here) < COVERAGE * len(expected)):
            found.add(month)
    return found


def expected_flows(books: Books) -> set[Flow]:
    """All flows of these books, from the definitions (docs/decisions/0021)."""
    doubted = provisional(books)
    first = min(m for _, m in books.staff)
    believed = [m for m in range(first, MONTHS) if m not in doubted]
    last = max(believed, default=MONTHS - 1)
    flows: set[Flow] = set()
    for firm in {f for f, _ in books.staff}:
        values = {m: v for (f, m), v in books.staff.items() if f == firm}
        heard = sorted(set(values) | {m for f, m in books.spoken_of if f == firm})
        for month in range(first, MONTHS):
            before = max((m for m in heard if m < month), default=None)
            if month in doubted or (month in heard and month not in values):
                continue
            if month in values and before is None:
                if month > first and month - 1 not in doubted:
                    flows.add((firm, month, "open", 0, values[month]))
            elif month in values and before is not None and before < month - 1:
                flows.add((firm, month, "resumed", values.get(before), values[month]))
            elif before != month - 1 or before not in values or before in doubted:
                continue
            elif month in values:
                step = values[month] - values[before]
                code = "expand" if step > 0 else "contract" if step < 0 else "unchanged"
                flows.add((firm, month, code, values[before], values[month]))
            elif month <= last and not any(m > month for m in heard):
                is_over = books.is_whole or month + MISSING_MONTHS - 1 <= last
                flows.add((firm, month, "end" if is_over else "open_ended", values[before], 0 if is_over else None))
    return flows


@pytest.fixture(scope="module")
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = empty_warehouse("2026-01-20")
    known_to(connection, set(FIRMS))
    yield connection
    connection.close()


def known_to(connection: duckdb.DuckDBPyConnection, firms: set[str]) -> None:
    """Make firms enterprises that are known under their own name."""
    connection.execute("create or replace temp table firm as select unnest(?::varchar[]) as firm", [sorted(firms)])
    connection.execute(
        "insert into resolved.link (feed, source_key, subject, enterprise_id) select 'staff', firm, 'employment', firm from firm"
    )
    connection.execute(
        "insert into resolved.enterprise (enterprise_id, identity_code, status_code) select firm, 'register', 'active' from firm"
    )


def flows_of(connection: duckdb.DuckDBPyConnection, books: Books) -> set[Flow]:
    for table in ("staged.employment", "ops.unread_fact", "ops.feed"):
        connection.execute(f"delete from {table}")
    connection.execute(
        "insert into ops.feed (feed, subject, coverage_pct, is_complete) values ('staff', 'employment', ?, ?)",
        [COVERAGE, books.is_whole],
    )
    # the calendar ends with the last whole month before the night: December 2025 is month 8
    connection.execute(
        "insert into staged.employment (feed, source_key, enterprise_name, month, insured_headcount, received_at, batch_id, "
        "row_number) select 'staff', unnest($1), unnest($1), date '2025-04-01' + to_months(unnest($2)), unnest($3), "
        "timestamp '2026-01-10', 'b', 1",
        [[f for f, _ in books.staff], [m for _, m in books.staff], list(books.staff.values())],
    )
    unread = sorted(books.unread)
    connection.execute(
        "insert into ops.unread_fact (feed, batch_id, fact, source_key, month, period_months, is_skipped, received_at) "
        "select 'staff', 'b', firm || month, firm, date '2025-04-01' + to_months(month), 1, month % 2 = 0, "
        "timestamp '2026-01-10' from (select unnest($1::varchar[]) as firm, unnest($2::integer[]) as month)",
        [[f for f, _ in unread], [m for _, m in unread]],
    )
    build(connection, TRANSFORMS / "3_monthly", MONTHLY)
    build(connection, TRANSFORMS / "4_signals", SIGNALS)
    found = connection.execute(
        "select enterprise_id, month_number - (2025 * 12 + 4), flow_code, cast(earlier_value as integer), cast(value as integer) "
        "from signals.flow where signal_code = 'headcount'"
    ).fetchall()
    return {
        (f, m, "end" if code in ("close", "move_out") else code, before, after) for f, m, code, before, after in found
    }


rows = st.dictionaries(
    st.tuples(st.sampled_from(FIRMS), st.integers(0, MONTHS - 1)),
    st.integers(5, 9),
    min_size=12,
    max_size=len(FIRMS) * MONTHS,
)


# without shrinking: each step of it builds the models anew
@pytest.mark.nights
@settings(
    max_examples=20,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(whole=rows, data=st.data())
def test_flows_are_those_that_the_rows_support(
    warehouse: duckdb.DuckDBPyConnection, whole: dict[tuple[str, int], int], data: st.DataObject
) -> None:
    gone = data.draw(st.sampled_from(sorted(whole)), label="taken away")
    is_unread = data.draw(st.booleans(), label="cannot be read")
    staff = {key: value for key, value in whole.items() if key != gone}
    is_whole = data.draw(st.booleans(), label="whole list")
    books = Books(staff, frozenset({gone} if is_unread else ()), is_whole)
    assert flows_of(warehouse, books) == expected_flows(books)


def test_a_full_park_from_which_each_row_is_taken_once(warehouse: duckdb.DuckDBPyConnection) -> None:
    """A missing row makes no enterprise open, close, grow or shrink; who is silent at the end is open_ended.

    As many such parks as there are rows, beside each other in one warehouse: each lacks one row, and no month is doubted.
    """
    rows = sorted((firm, month) for firm in FIRMS for month in range(MONTHS))
    taken = {(f"{firm} of {place}", month) for place, (firm, month) in enumerate(rows)}
    full = {(f"{firm} of {place}", month): 5 for place in range(len(rows)) for firm, month in rows}
    known_to(warehouse, {firm for firm, _ in full})
    staff = {key: value for key, value in full.items() if key not in taken}
    allowed = {
        flow
        for firm, month in taken
        for flow in ((firm, month + 1, "resumed"), (firm, month, "open_ended"), *([(firm, 1, "open")] * (month == 0)))
    }
    found = {(f, m, code) for f, m, code, *_ in flows_of(warehouse, Books(staff, frozenset(), False))}
    assert {flow for flow in found if flow[2] != "unchanged"} <= allowed
    assert {firm for firm, *_ in found} == {firm for firm, _ in full}
    unread = {code for _, _, code, *_ in flows_of(warehouse, Books(staff, frozenset(taken), False))}
    assert unread == {"unchanged"}
