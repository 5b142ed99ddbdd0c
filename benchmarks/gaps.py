"""How right the gaps between the silos are (snapshots.presence_gap), held against what is truly so in the demo city.

Of the last night, up to its last complete month. What is so in truth is worked out here anew, from the city and not from what
its offices wrote, of every firm that any office knows:

    in the register   registered here by the month's end; closed from the day on which it was cancelled or revoked, moved out from
                      the day on which its seat left, as far as the register had entered that by the night
    leases            leased space in the month
    pays tax          registered here, and a period of any tax that ended in the six months up to the month
    insures, uses utilities, has entries   people insured by it, a meter that counted, entries, in the three months up to it
    left              gone by the month

`CASES` says by these in which gaps a firm truly is. A gap is right if the enterprise is a firm that truly has it, **precision**
is right gaps of all gaps shown, **recall** true gaps shown of all true gaps. What makes them differ is who is who (a record that
waits for a person is an enterprise of its own), late filings and dirt. **Waits** is how many true gaps are not shown while a
record of the firm is listed as unplaced_record, so that a person is asked about it; any other miss is the model's.
`PLANTED` are situations that the city has by intention, with the gap that must show each; their recall is stated apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb

from benchmarks.scoring import share

TABLE = "snapshots.presence_gap"
OPERATES = "(t.insures or t.uses or t.enters)"
CASES = {
    "closed_but_active": f"t.state = 'closed' and (t.leases or {OPERATES})",
    "moved_out_but_active": f"t.state = 'moved_out' and (t.leases or {OPERATES})",
    "not_in_register": f"t.state = 'absent' and (t.leases or {OPERATES})",
    "lease_without_tax": "t.leases and not t.pays",
    "tax_only": f"t.pays and not t.leases and not {OPERATES}",
    "tax_without_lease": "t.pays and not t.leases",
    "staff_without_lease": "t.insures and not t.leases",
    "utilities_without_lease": "t.uses and not t.leases",
    "entries_without_lease": "t.enters and not t.leases",
    "lease_unused": f"t.leases and not {OPERATES}",
    "lease_without_staff": "t.leases and not t.insures",
    "utilities_without_staff": "t.uses and not t.insures",
    "staff_without_tax": "t.insures and not t.pays",
    "registered_only": f"t.state = 'active' and not t.pays and not t.leases and not {OPERATES}",
}
LEFT_CASE = "t.is_left and t.state = 'active'"
PLANTED = {
    "a registered address and empty filings": ("tax_only", "e.is_virtual"),
    "a tenant registered elsewhere": ("lease_without_tax", "not e.is_registered_here and t.leases and not t.is_left"),
    "a seat that moved, people stay": ("moved_out_but_active", "e.story = 'seat_moved' and t.state = 'moved_out'"),
    "a pause, the lease runs on": (
        "lease_unused",
        "e.story = 'reactivated' and t.leases and not (t.insures or t.uses or t.enters)",
    ),
    "left, without a register entry": (
        "left_but_registered",
        "e.story in ('move_out', 'move_out_sudden') and " + LEFT_CASE,
    ),
}
_TRUE = """
create or replace temp table true_trait as
with night as (
    select max(month) as month, last_day(max(month)) as month_end, cast('{night}' as timestamp) as output_until from output.gap_month
),
known as (
    select true_id from truth.link where true_id is not null group by true_id
),
turned as (
    select
        v.true_id,
        max(case when v.event_code in ('cancelled', 'revoked') then 1 else 0 end) as is_closed,
        max(case when v.event_code = 'address_change' and e.story <> 'move_in' then 1 else 0 end) as is_away
    from truth.event as v
    inner join truth.enterprise as e on v.true_id = e.true_id
    cross join night as n
    where v.event_date <= n.output_until and v.recorded_at <= n.output_until
    group by v.true_id
),
recent as (
    select
        m.true_id,
        max(case when m.month = n.month and m.leased_tenth > 0 then 1 else 0 end) = 1 as leases,
        max(case when m.insured_headcount > 0 then 1 else 0 end) = 1 as insures,
        max(case when m.electricity_tenth + m.water_tenth + m.gas_tenth > 0 then 1 else 0 end) = 1 as uses,
        max(case when m.people_entry + m.vehicle_entry > 0 then 1 else 0 end) = 1 as enters
    from truth.enterprise_month as m
    cross join night as n
    where m.month <= n.month and m.month > n.month - interval 3 month
    group by m.true_id
),
taxed as (
    select p.true_id
    from truth.tax_period as p
    cross join night as n
    where p.period_end <= n.month_end and p.period_end > last_day(cast(n.month - interval 6 month as date))
    group by p.true_id
)
select
    e.true_id,
    coalesce(e.gone_month <= n.month, false) as is_left,
    case
        when
            not e.is_registered_here
            or e.registered_date > n.month_end
            or (e.story = 'move_in' and e.first_month > n.month)
            then 'absent'
        when u.is_closed = 1 then 'closed'
        when u.is_away = 1 then 'moved_out'
        else 'active'
    end as state,
    r.leases, r.insures, r.uses, r.enters,
    e.is_registered_here and x.true_id is not null as pays
from truth.enterprise as e
inner join known as k on e.true_id = k.true_id
inner join recent as r on e.true_id = r.true_id
cross join night as n
left join turned as u on e.true_id = u.true_id
left join taxed as x on e.true_id = x.true_id
"""


@dataclass(frozen=True)
class Gap:
    """How many show a gap, how many truly have it, how many are both, how many wait for a person; cities add up."""

    shown: int = 0
    true: int = 0
    right: int = 0
    waits: int = 0

    def __add__(self, other: Gap) -> Gap:
        return Gap(self.shown + other.shown, self.true + other.true, self.right + other.right, self.waits + other.waits)

    @property
    def precision(self) -> float | None:
        """Right of those shown; None where none is shown."""
        return self.right / self.shown if self.shown else None

    @property
    def recall(self) -> float | None:
        """Right of those that truly are; None where none is."""
        return self.right / self.true if self.true else None


@dataclass(frozen=True)
class Found:
    """Gaps of one or more cities by code, and planted situations by name."""

    gaps: dict[str, Gap] = field(default_factory=dict)
    planted: dict[str, Gap] = field(default_factory=dict)

    def __add__(self, other: Found) -> Found:
        def added(left: dict[str, Gap], right: dict[str, Gap]) -> dict[str, Gap]:
            return {name: left.get(name, Gap()) + right.get(name, Gap()) for name in {**left, **right}}

        return Found(added(self.gaps, other.gaps), added(self.planted, other.planted))


def keep(connection: duckdb.DuckDBPyConnection, owner: str, park: str = "") -> None:
    """Make what `score` reads: output.gap, output.gap_month (the last complete month) and output.gap_owner.

    Args:
        connection: With the truth's tables in the schema truth.
        owner: SELECT of enterprise_id and true_id.
        park: Where the models' tables are: `alias.` of an attached file, or empty.
    """
    connection.execute("create schema if not exists output")
    for table, sql in (
        ("gap", f"select enterprise_id, gap_code, since_month from {park}{TABLE}"),
        ("gap_month", f"select month from {park}monthly.month where is_last_month"),
        ("gap_owner", owner),
    ):
        connection.execute(f"create or replace table output.{table} as {sql}")


def score(connection: duckdb.DuckDBPyConnection, night: datetime) -> Found:
    """Hold what `keep` has kept against the truth, as of a night (naive UTC)."""
    connection.execute(_TRUE.format(night=night))
    cases = {code: f"not t.is_left and {condition}" for code, condition in CASES.items()}
    cases["left_but_registered"] = LEFT_CASE
    connection.execute(
        "create or replace temp table true_gap as "
        + " union all ".join(
            f"select '{code}' as gap_code, t.true_id from true_trait as t where {condition}"
            for code, condition in cases.items()
        )
    )
    rows = connection.execute(
        """
        with shown as (
            select g.gap_code, o.true_id
            from output.gap as g
            left join output.gap_owner as o on g.enterprise_id = o.enterprise_id
        ),
        shown_count as (select gap_code, count(*) as n from shown group by gap_code),
        true_count as (select gap_code, count(*) as n from true_gap group by gap_code),
        right_count as (
            select gap_code, count(distinct true_id) as n from shown inner join true_gap using (gap_code, true_id) group by gap_code
        ),
        waits_count as (
            select t.gap_code, count(*) as n
            from true_gap as t
            where
                t.true_id in (select true_id from shown where gap_code = 'unplaced_record')
                and (t.gap_code, t.true_id) not in (select (gap_code, true_id) from shown where true_id is not null)
            group by t.gap_code
        )
        select c.gap_code, coalesce(s.n, 0), coalesce(t.n, 0), coalesce(r.n, 0), coalesce(w.n, 0)
        from (select unnest(?) as gap_code) as c
        left join shown_count as s using (gap_code)
        left join true_count as t using (gap_code)
        left join right_count as r using (gap_code)
        left join waits_count as w using (gap_code)
        """,
        [list(cases)],
    ).fetchall()
    counted_gap = {code: Gap(*counts) for code, *counts in rows}
    found = Found({code: counted_gap[code] for code in cases})
    for name, (code, condition) in PLANTED.items():
        counted = connection.execute(
            f"""
            select count(distinct t.true_id), count(distinct case when g.gap_code is not null then t.true_id end)
            from truth.enterprise as e
            inner join true_trait as t on e.true_id = t.true_id
            left join output.gap_owner as o on t.true_id = o.true_id
            left join output.gap as g on o.enterprise_id = g.enterprise_id and g.gap_code = '{code}'
            where {condition}
            """
        ).fetchone()
        true, right = counted or (0, 0)
        found.planted[name] = Gap(right, true, right)
    return found


def table(found: Found) -> Iterator[str]:
    """The lines of the table."""
    yield f"{'gaps, last night':<44}{'shown':>8}{'true':>8}{'right':>8}{'waits':>8}{'prec.':>8}{'recall':>8}"
    for code, gap in found.gaps.items():
        counts = "".join(f"{count:>8,}" for count in (gap.shown, gap.true, gap.right, gap.waits))
        yield f"  {code:<42}{counts}{share(gap.precision):>8}{share(gap.recall):>8}"
    for name, gap in found.planted.items():
        yield f"  {name + ' (' + PLANTED[name][0] + ')':<66}{gap.true:>8,} planted{gap.right:>8,} shown{share(gap.recall):>8}"


def as_json(found: Found) -> dict[str, Any]:
    """`gaps` of build/truth.json."""

    def entries(of: dict[str, Gap]) -> dict[str, Any]:
        return {
            name: {
                "shown": gap.shown,
                "true": gap.true,
                "right": gap.right,
                "waits": gap.waits,
                "precision": gap.precision,
                "recall": gap.recall,
            }
            for name, gap in of.items()
        }

    return {"codes": entries(found.gaps), "planted": entries(found.planted)}
