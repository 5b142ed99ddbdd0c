"""Decides which totals may be published, so that no subtraction gives one enterprise away.

A signal is divided one way alone (by industry section, or by building). Its parts are chosen at the first release: those with many
enterprises by themselves, all others together as `other`. A month is released by parts, or as the park's total alone, or not at
all. What is released is never revised, and a later month is released only if it can be compared with every month before it. Then

    any sum of numbers of one month, and the difference of that sum between any two months,

comes from none, or from at least `contributors_min` enterprises, none with more than `share_max_pct` of it. docs/decisions/0027
gives the proof. The figures behind each released number are kept in released.parquet, a private file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.errors import DeclarationError, ParkBridgeError
from warehouse.policy import Statistics

PARK, OTHER, UNKNOWN = "park", "other", "unknown"
# (contributor, part): the contributor's figure there
Figures = Mapping[tuple[str, str], Decimal]
_RELEASED = pa.schema(
    {
        "signal_code": pa.string(),
        "part_kind": pa.string(),
        "month": pa.date32(),
        "is_by_part": pa.bool_(),
        "part_code": pa.string(),
        "contributor": pa.string(),
        "value": pa.decimal128(30, 3),
    }
)


@dataclass(frozen=True)
class Release:
    """One month of one signal as it is shown: by parts, or as the park's total (`figures` of the part PARK)."""

    month: date
    is_by_part: bool
    figures: Figures


def is_safe_total(values: Iterable[Decimal], rule: Statistics) -> bool:
    """Whether a total of these figures may be shown. Zeros hide no one: a total of zeros would show each of them."""
    return _is_mixed([abs(value) for value in values if value], rule)


def _is_mixed(sizes: Sequence[Decimal], rule: Statistics) -> bool:
    return len(sizes) >= rule.contributors_min and max(sizes) * 100 <= rule.share_max_pct * sum(sizes)


def is_safe_difference(before: Figures, after: Figures, rule: Statistics) -> bool:
    """Whether the differences between two months, of any union of parts, may be found out.

    Who changes in several parts, such as a tenant that moves, cancels out in a union of them: it does not cover others.
    """
    zero = Decimal(0)
    changes = {
        key: size for key in before.keys() | after.keys() if (size := abs(after.get(key, zero) - before.get(key, zero)))
    }
    parts_of: dict[str, int] = {}
    for contributor, _ in changes:
        parts_of[contributor] = parts_of.get(contributor, 0) + 1
    staying: dict[str, list[Decimal]] = {part: [] for _, part in changes}
    for (contributor, part), size in changes.items():
        if parts_of[contributor] == 1:
            staying[part].append(size)
    if not all(_is_mixed(sizes, rule) for sizes in staying.values()):
        return False
    cover = {part: sum(sizes) for part, sizes in staying.items()}
    return all(
        size * 100 <= rule.share_max_pct * (size + cover[part])
        for (contributor, part), size in changes.items()
        if parts_of[contributor] > 1
    )


def own_parts(figures: Figures, rule: Statistics) -> frozenset[str]:
    """The parts that are shown by themselves; none where the month can be shown as a total only."""
    by_part = _by_part(figures)
    own = {
        part
        for part, values in by_part.items()
        if part != UNKNOWN
        and sum(1 for value in values if value) >= rule.part_contributors_min
        and is_safe_total(values, rule)
    }
    while own:
        rest = [value for part, values in by_part.items() if part not in own for value in values]
        if not rest or is_safe_total(rest, rule):
            break
        own.remove(min(own, key=lambda part: (len(by_part[part]), part)))
    return frozenset(own)


def _by_part(figures: Figures) -> dict[str, list[Decimal]]:
    found: dict[str, list[Decimal]] = {}
    for (_, part), value in figures.items():
        found.setdefault(part, []).append(value)
    return found


def joined(figures: Figures, own: frozenset[str]) -> dict[tuple[str, str], Decimal]:
    """The figures with every part that is not shown by itself joined into `other`."""
    found: dict[tuple[str, str], Decimal] = {}
    for (contributor, part), value in figures.items():
        key = (contributor, part if part in own else OTHER)
        found[key] = found.get(key, Decimal(0)) + value
    return found


def whole(figures: Figures) -> dict[tuple[str, str], Decimal]:
    """The figures of the whole park, one per contributor."""
    found: dict[tuple[str, str], Decimal] = {}
    for (contributor, _), value in figures.items():
        found[contributor, PARK] = found.get((contributor, PARK), Decimal(0)) + value
    return found


def release_months(months: Mapping[date, Figures], released: Sequence[Release], rule: Statistics) -> list[Release]:
    """Which months of one signal are released tonight.

    Args:
        months: Figures by month, of months that may be released.
        released: What earlier nights released: only later months are looked at.
        rule: The limits.

    Returns:
        The new releases. At first the newest month comes first, since each release limits the others.
    """
    last = max((one.month for one in released), default=None)
    found: list[Release] = []
    for month in sorted((m for m in months if last is None or m > last), reverse=last is None):
        one = _release(month, months[month], [*released, *found], rule)
        if one:
            found.append(one)
    return found


def _release(month: date, figures: Figures, before: Sequence[Release], rule: Statistics) -> Release | None:
    park = whole(figures)
    if not is_safe_total(park.values(), rule) or not all(
        is_safe_difference(whole(other.figures), park, rule) for other in before
    ):
        return None
    by_part = [other for other in before if other.is_by_part]
    own = frozenset(part for _, part in by_part[0].figures if part != OTHER) if by_part else own_parts(figures, rule)
    parts = joined(figures, own)
    if (
        own
        and all(is_safe_total(values, rule) for values in _by_part(parts).values())
        # a refund in one part and a payment in another cancel out in their union, as a move does
        and (min(parts.values()) >= 0 or is_safe_difference({}, parts, rule))
        and all(is_safe_difference(other.figures, parts, rule) for other in by_part)
    ):
        return Release(month, True, parts)
    return Release(month, False, park)


# --- on a night's file ------------------------------------------------------------------------------------------------


def release(connection: duckdb.DuckDBPyConnection, rule: Statistics, file: Path) -> list[tuple[str, Release]]:
    """Everything that is released up to tonight: what earlier nights released, unchanged, and what tonight adds.

    Args:
        connection: With the director's night attached as `night`.
        rule: Signals and limits of the policy file.
        file: released.parquet; it need not be there before the first release.

    Raises:
        ParkBridgeError: The file is damaged.
    """
    known, kinds = _read(connection, file)
    for signal, dimension in rule.signals.items():
        if kinds.get(signal, dimension) != dimension:
            raise DeclarationError(
                "policy statistics",
                f"{signal} was released by {kinds[signal]}, and by {dimension} it could be subtracted",
                next_step=f"write {signal}: {kinds[signal]}. Published data is unchanged",
            )
    found: list[tuple[str, Release]] = []
    for signal, dimension in rule.signals.items():
        before = known.pop(signal, [])
        months: dict[date, dict[tuple[str, str], Decimal]] = {}
        for month, contributor, part, value in connection.execute(
            _FIGURES[dimension], {"signal": signal, "wait": rule.wait_months}
        ).fetchall():
            months.setdefault(month, {})[contributor, part] = value
        found += [(signal, one) for one in [*before, *release_months(months, before, rule)]]
    # a signal that is not in the policy any more is not shown, but what was shown of it stays known
    return found + [(signal, one) for signal, ones in known.items() for one in ones]


def _read(connection: duckdb.DuckDBPyConnection, file: Path) -> tuple[dict[str, list[Release]], dict[str, str]]:
    """What was released, and the dimension by which, by signal."""
    if not file.exists():
        return {}, {}
    try:
        rows = connection.execute(
            "select signal_code, part_kind, month, is_by_part, contributor, part_code, value from read_parquet(?) order by all",
            [str(file)],
        ).fetchall()
    except duckdb.Error as error:
        raise ParkBridgeError(
            str(file),
            f"it cannot be read: {' '.join(str(error).split())[:200]}",
            next_step="put it back from the backup: without it a public edition could give an enterprise away. "
            "Published data is unchanged",
        ) from None
    found: dict[tuple[str, date, bool], dict[tuple[str, str], Decimal]] = {}
    kinds: dict[str, str] = {}
    for signal, kind, month, is_by_part, contributor, part, value in rows:
        kinds[signal] = kind
        found.setdefault((signal, month, is_by_part), {})[contributor, part] = value
    by_signal: dict[str, list[Release]] = {}
    for (signal, month, is_by_part), figures in found.items():
        by_signal.setdefault(signal, []).append(Release(month, is_by_part, figures))
    return by_signal, kinds


def write(
    connection: duckdb.DuckDBPyConnection,
    releases: Sequence[tuple[str, Release]],
    rule: Statistics,
    part: Path,
    file: Path,
) -> None:
    """Write what is behind every released number into `part`, which is to take the place of the private file `file`."""
    _, kinds = _read(connection, file)
    kinds |= rule.signals
    rows = sorted(
        (signal, kinds[signal], one.month, one.is_by_part, code, contributor, value)
        for signal, one in releases
        for (contributor, code), value in one.figures.items()
    )
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in _RELEASED]
    part.unlink(missing_ok=True)
    part.touch(0o600)
    pq.write_table(
        pa.Table.from_arrays([pa.array(c, f.type) for c, f in zip(columns, _RELEASED, strict=True)], schema=_RELEASED),
        part,
    )


def numbers(
    releases: Sequence[tuple[str, Release]], rule: Statistics
) -> list[tuple[str, str, date, str, Decimal, int]]:
    """What the public sees: (part_kind, part_code, month, signal_code, total_value, enterprise_count)."""
    found = []
    for signal, one in releases:
        if signal not in rule.signals:
            continue
        parts = _by_part(one.figures) if one.is_by_part else {}
        park = whole(one.figures)
        for kind, code, values in [
            (PARK, PARK, list(park.values())),
            *((rule.signals[signal], part, values) for part, values in parts.items()),
        ]:
            count = sum(1 for value in values if value)
            found.append((kind, code, one.month, signal, sum(values, Decimal(0)), count))
    return sorted(found)


# the month, the contributor (a branch counts with its head office: they are one employer), the part, the value
_FIGURE = """
with value as ({value}),

last_month as (
    select max(month) - to_months($wait) as last_month from night.monthly.month
),

believed as (
    select p.month
    from night.snapshots.park_month as p
    cross join last_month as l
    where p.signal_code = $signal and p.period_months = 1 and not p.is_provisional and p.month <= l.last_month
)

select
    v.month,
    coalesce(h.enterprise_id, v.enterprise_id) as contributor,
    coalesce({part}, 'unknown') as part_code,
    cast(sum(v.value) as decimal(30, 3)) as value
from value as v
inner join believed as b on v.month = b.month
left join night.resolved.enterprise as e on v.enterprise_id = e.enterprise_id
left join night.resolved.enterprise as h on e.parent_uscc = h.uscc
{joined}
group by all
order by all
"""
_OF_SIGNALS = """
    select enterprise_id, month, value, null as building_code
    from night.signals.signal as s
    where
        signal_code = $signal and period_months = 1 and $signal not in ('tax_received', 'leased_area')
        and not exists (
            select 1 from night.signals.plausibility as p
            where p.enterprise_id = s.enterprise_id and p.signal_code = s.signal_code and p.month = s.month
        )
    union all
    select enterprise_id, month, received_amount, null
    from night.monthly.tax_receipt
    where $signal = 'tax_received' and tax_kind_code <> 'total'
    union all
    select enterprise_id, month, leased_area_m2, building_code
    from night.monthly.lease_building
    where $signal = 'leased_area'
"""
_FIGURES = {
    "industry_section": _FIGURE.format(
        value=_OF_SIGNALS,
        part="l.industry_section_code",
        joined="left join night.snapshots.enterprise_label as l on v.enterprise_id = l.enterprise_id",
    ),
    "building": _FIGURE.format(
        value=_OF_SIGNALS,
        part="v.building_code, m.building_code",
        joined="left join night.monthly.main_building as m on v.enterprise_id = m.enterprise_id "
        "and v.month between m.from_month and m.until_month",
    ),
}
