"""Tax of twelve months: the SQL against the definition written a second time, month by month, over enterprises drawn at random."""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

import transforms
from tests.conftest import empty_warehouse
from warehouse.models import build

TRANSFORMS = Path(transforms.__file__).parent
KINDS = ("vat", "cit", "iit", "surcharge", "stamp", "property", "land_use", "consumption", "other")
WAITED_FOR = {"vat", "consumption", "cit", "iit", "property", "land_use"}
FIRST, LAST, BELIEVED = 2022 * 12 + 1, 2025 * 12 + 10, 2025 * 12 + 9  # months as year x 12 + month


@dataclass(frozen=True)
class Period:
    """What was paid for `months` months that end with month `end`."""

    kind: str
    end: int
    months: int
    paid: Decimal


def until(periods: list[Period], cancelled: int | None) -> int:
    """The last month of the twelve: go back from the last believed month until every kind is closed in it."""
    known = [p for p in periods if p.end <= BELIEVED]
    short = [p for p in known if p.months <= 6]
    recent = [p for p in known if p.end > BELIEVED - 24 - 3 - 6]
    lengths = {1 if p.months == 1 else 3 if p.months <= 3 else 6 for p in recent if p.months <= 6}
    if not lengths:
        return BELIEVED - BELIEVED % 12 if recent else BELIEVED

    def is_closed(kind: str, month: int) -> bool:
        of_kind = [p for p in short if p.kind == kind]
        if kind not in WAITED_FOR or not of_kind:
            return True
        last = max(of_kind, key=lambda p: (p.end, -p.months))
        step = 1 if last.months == 1 else 3 if last.months <= 3 else 6
        missing = last.end + step
        is_awaited = BELIEVED - 3 < missing <= BELIEVED and (cancelled is None or missing <= cancelled)
        return not is_awaited or month < missing

    month = BELIEVED
    while any(month % length for length in lengths) or not all(is_closed(kind, month) for kind in KINDS):
        month -= 1
    return month


def expected(periods: list[Period], cancelled: int | None) -> dict[str, tuple[object, ...]]:
    """By kind and in total: amount, amount before, last month, months used, months used before."""
    end = until(periods, cancelled)
    known = [p for p in periods if p.end <= BELIEVED]
    is_yearly = not any(p.months <= 6 and p.end > BELIEVED - 24 - 3 - 6 for p in known) and any(
        p.end > BELIEVED - 24 - 3 - 6 for p in known
    )
    found: dict[str, tuple[object, ...]] = {}
    for kind in {p.kind for p in periods} | {"total"}:
        mine = [p for p in known if kind in (p.kind, "total")]
        figures: list[object] = []
        months: list[object] = []
        for last in (end, end - 12):
            counted = [p for p in mine if last - 12 < p.end + (5 if p.months > 6 and not is_yearly else 0) <= last]
            figures.append(sum((p.paid for p in counted), Decimal(0)) if counted else None)
            covered = {p.end - back for p in counted if p.months <= 6 for back in range(p.months)}
            is_any_short = any(p.months <= 6 and end - 24 < p.end <= end for p in mine)
            months.append(len(covered) if is_any_short else 12 if counted else 0)
        if any(months):
            found[kind] = (*figures, end, *months)
    return found


def draw(rng: random.Random) -> tuple[list[Period], int | None]:
    """An enterprise: how often it files each kind, since when, how late; some change, settle, stop or are cancelled."""
    periods = []
    first = rng.choice([FIRST, FIRST, rng.randint(FIRST, LAST)])
    last = rng.choice([LAST, LAST, LAST, rng.randint(first, LAST)])
    for kind in rng.sample(KINDS, rng.randint(1, 4)):
        months = rng.choice([1, 1, 3, 3, 6, 12])
        is_seldom = kind not in WAITED_FOR and rng.random() < 0.5
        changes = rng.randint(FIRST, LAST) if months == 3 and rng.random() < 0.3 else None
        late = rng.choice([0, 0, 0, 1, 2, 4])
        for end in range(first, last + 1 - late):
            length = 1 if changes and end > changes else months
            if end % length == 0 and (not is_seldom or rng.random() < 0.6):
                periods.append(Period(kind, end, length, Decimal(rng.randint(-50_000, 900_000)) / 100))
    if rng.random() < 0.4:
        periods += [Period("cit", year * 12 + 12, 12, Decimal(rng.randint(-9000, 9000))) for year in range(2022, 2025)]
    return periods, rng.choice([None, None, None, last])


def date_of(month: int) -> str:
    return f"{(month - 1) // 12}-{(month - 1) % 12 + 1:02d}-01"


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    """An empty warehouse with a calendar up to October 2025, of which September is the last that can be believed."""
    connection = empty_warehouse("2025-11-05")
    connection.execute("delete from monthly.month")
    connection.execute(
        "insert into monthly.month select m, month_number(m), last_day(m), m = date '2025-10-01' from "
        "(select unnest(generate_series(date '2022-01-01', date '2025-10-01', interval 1 month))::date as m)"
    )
    connection.execute(
        "insert into monthly.provisional_month select 'tax_payment', month, month_number, is_last_month from monthly.month"
    )
    return connection


def test_agrees_with_the_definition_written_a_second_time(connection: duckdb.DuckDBPyConnection) -> None:
    rng = random.Random(3)
    firms = {f"E{number:03d}": draw(rng) for number in range(400)}
    connection.executemany(
        "insert into resolved.enterprise (enterprise_id, cancelled_date) values (?, ?)",
        [(firm, date_of(cancelled) if cancelled else None) for firm, (_, cancelled) in firms.items()],
    )
    rows = {(firm, p.kind, p.end, p.months): p.paid for firm, (periods, _) in firms.items() for p in periods}
    columns = zip(
        *(
            (firm, kind, date_of(end - months + 1), date_of(end), months, paid)
            for (firm, kind, end, months), paid in rows.items()
        ),
        strict=True,
    )
    connection.execute(  # row by row it takes ten times as long as all else here
        "insert into monthly.tax (enterprise_id, tax_kind_code, period_start, period_end, period_months, paid_amount) "
        "select unnest(?::varchar[]), unnest(?::varchar[]), unnest(?::date[]), last_day(unnest(?::date[])), "
        "unnest(?::integer[]), unnest(?::decimal(18, 2)[])",
        [list(column) for column in columns],
    )
    build(connection, TRANSFORMS / "4_signals", ["tax_12m"])
    found: dict[str, dict[str, tuple[object, ...]]] = {}
    for firm, kind, *figures in connection.execute(
        "select enterprise_id, tax_kind_code, tax_paid_12m_amount, tax_paid_12m_amount_before, "
        "month_number(tax_paid_12m_until_month), months_used, months_used_before from signals.tax_12m"
    ).fetchall():
        found.setdefault(firm, {})[kind] = tuple(figures)
    unlike = 0
    of_firm: dict[str, list[Period]] = {}
    for (firm, kind, end, months), paid in rows.items():
        of_firm.setdefault(firm, []).append(Period(kind, end, months, paid))
    for firm, (_, cancelled) in firms.items():
        periods = of_firm.get(firm, [])
        if periods:
            assert found.get(firm, {}) == expected(periods, cancelled), (firm, periods)
            unlike += until(periods, cancelled) != BELIEVED
    assert 50 < unlike < 350, "enterprises of one kind only show nothing"
    used = connection.execute("select max(months_used), max(months_used_before) from signals.tax_12m").fetchone()
    assert used == (12, 12)


def test_the_kinds_add_up_to_the_total(connection: duckdb.DuckDBPyConnection) -> None:
    wrong = connection.execute(
        "select enterprise_id from signals.tax_12m group by all having "
        "sum(tax_paid_12m_amount) filter (tax_kind_code <> 'total') "
        "is distinct from sum(tax_paid_12m_amount) filter (tax_kind_code = 'total') "
        "or count(distinct tax_paid_12m_until_month) <> 1"
    ).fetchall()
    assert wrong == []
