"""No figure stops a night: every model takes the smallest and the largest figures that a delivery may hold, in any order.

Rows of every subject are made from its declaration, so that a new subject is tried too. What the models say of such a park has
no meaning; that they come to an end has.
"""

import random
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

import transforms
from tests.conftest import prepared
from transforms.night import build_all
from transforms.resolution.resolve import resolve
from warehouse.connection import insert_rows, quote
from warehouse.kinds import FIGURE_BELOW
from warehouse.subjects import Subject, subjects

TRANSFORMS = Path(transforms.__file__).parent
MODELS = sorted([*TRANSFORMS.glob("[0-9]_*/*.sql"), *TRANSFORMS.glob("views/*.sql")])
FIRMS = {f"K{n}": f"南湖{word}机械有限公司" for n, word in enumerate("甲乙丙丁戊己庚辛壬癸")}
MONTHS = [date(2022 + n // 12, n % 12 + 1, 1) for n in range(51)]
NIGHT = date(2026, 4, 10)
# the extremes, and the largest that is accepted
COUNTS = [0, 1, 1, 2, 50, 1100, 10**9, FIGURE_BELOW - 1, -1, -(10**9)]
AMOUNTS = [0, 0.01, 1, 1000, 56_000, 10**9, 10**12, FIGURE_BELOW - 0.01, -0.01, -(10**12)]
# 10^14 times 100, divided by .001 or added up a million times; not 38, because what two such have in common (CASE, UNION) would
# lose decimals
WIDTH = 30
CODES = {
    "status_code": ["active", "cancelled", "moved_out"],
    "tax_kind_code": ["vat", "cit"],
    "utility_code": ["electricity", "water", "gas"],
    "event_code": ["merger_in", "name_change", "address_change", "split"],
    "currency_code": ["CNY"],
    "industry_code": ["C3411", "F5121"],
    "building_code": ["A", "B"],
    "use_code": ["office"],
}


def largest(kind: str) -> int:
    """What decimal(p,s) holds less than."""
    width, scale = kind.removeprefix("decimal(").rstrip(")").split(",")
    return int(10 ** (int(width) - int(scale)))


def extreme_rows(subject: Subject, draw: random.Random) -> list[dict[str, object]]:
    """Rows of one subject: each firm in most months, with figures and dates drawn from the extremes."""
    times = MONTHS if subject.has_months or subject.has_periods else MONTHS[:3]
    rows = []
    for number, (key, name) in enumerate(FIRMS.items()):
        for time in times:
            if draw.random() < 0.1:
                continue
            row: dict[str, object] = {}
            for column in subject.columns.values():
                if column.type == "bigint":
                    row[column.name] = draw.choice(COUNTS)
                elif column.type.startswith("decimal"):
                    row[column.name] = draw.choice([v for v in AMOUNTS if abs(v) < largest(column.type)])
                elif column.type == "date":
                    row[column.name] = draw.choice(
                        [date(1900, 1, 1), date(2023, 5, 31), time, NIGHT, date(9999, 12, 31)]
                    )
                elif column.type == "boolean":
                    row[column.name] = draw.random() < 0.5
                else:
                    row[column.name] = draw.choice(CODES.get(column.name, [f"{column.name} {number} {time}"]))
            row |= {"month": time, "period_start": time, "period_end": time, "source_key": key, "enterprise_name": name}
            if "start_date" in subject.columns:  # a lease of one day, or without an end
                row |= {
                    "start_date": time,
                    "end_date": draw.choice([time, None]),
                    "terminated_date": draw.choice([time, None]),
                }
            if "former_unit_no" in subject.columns:
                row["former_unit_no"] = draw.choice(list(FIRMS))
            row["uscc"] = row["former_uscc"] = row["other_uscc"] = row["parent_uscc"] = None
            rows.append({name: row[name] for name in subject.columns})
    unique = {tuple(str(row[name]) for name in subject.key): row for row in rows}
    return list(unique.values())


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.nights)])
def test_every_model_takes_the_extremes(seed: int) -> None:
    draw = random.Random(seed)
    connection = prepared()
    connection.execute(f"insert into ops.night values ('night', timestamp '{NIGHT} 12:00', 'park')")
    for subject in subjects().values():
        rows = [
            {
                **row,
                "feed": subject.name,
                "batch_id": "b",
                "row_number": place,
                "received_at": NIGHT - timedelta(days=1),
            }
            for place, row in enumerate(extreme_rows(subject, draw))
        ]
        insert_rows(
            connection,
            f"staged.{subject.name} ({', '.join(map(quote, rows[0]))})",
            [list(row.values()) for row in rows],
        )
    resolve(connection)
    build_all(connection)
    for table in ("signals.flow", "signals.growth", "snapshots.park_month", "snapshots.enterprise_current"):
        assert connection.execute(f"select count(*) > 5 from {table}").fetchone() == (True,), table


def narrow_casts(sql: str) -> list[str]:
    """Casts to a decimal that a ratio, difference or sum of accepted figures may not fit into, each as SQL."""
    found = []
    for cast in sqlglot.parse_one(sql, dialect="duckdb").find_all(exp.Cast):
        kind = cast.to
        if isinstance(cast, exp.TryCast) or not kind.is_type(exp.DataType.Type.DECIMAL):
            continue
        width = int(kind.expressions[0].name) if kind.expressions else 18
        if width < WIDTH and not isinstance(cast.this, exp.Null | exp.Literal):
            found.append(cast.sql("duckdb")[:80])
    return found


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_computed_decimals_are_wide(path: Path) -> None:
    """One firm of one person that 1,100 people moved out of stopped every night: 110000 % in a decimal(5, 2)."""
    assert narrow_casts(path.read_text(encoding="utf-8")) == [], f"cast to decimal({WIDTH}, scale)"


def test_a_narrow_cast_is_found() -> None:
    assert len(narrow_casts("select cast(100 * a / nullif(b, 0) as decimal(5, 2)), cast(a as decimal) from t")) == 2
    assert narrow_casts("select cast(a as decimal(30, 2)), cast(null as decimal(4, 3)), cast(a as date) from t") == []
