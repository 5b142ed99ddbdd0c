"""How many of the wrongly reported headcounts of the demo city are found, held against what was planted.

The night is the last one of benchmarks/warning.py, which prints this table after its own. What was planted, by enterprise and
month, and where it has to be found:

    group_headcount           another headcount for half a year, with the firm's own wages     suspect
    headcount_equals_wages    the wages in the headcount's column                              suspect
    lazy_filer                the same headcount month after month                             same_headcount, only noted
    staff_without_wages       wages left out                                                   staff_without_wages, only noted
    zero_headcount            no staff any more, which is so                                   nowhere

**Reported** are the planted months that have a headcount at all (one may be unreadable besides, or in a file that never came).
**Found** are those of them that signals.plausibility has as suspect, or signals.wage_check as noted; **recall** is found /
reported. **Precision** is right / listed, over all that is listed under that name. **Used** counts planted months that a flow
of headcount, a growth of headcount or a figure that alerts look at goes back to: suspect headcounts must have none.

Of a lazy filer not months are counted but runs of the same number: the months right before its first copied report had the same
number, and truly so; where copying began is unknown. Six months reported, of 50 people and more, make a run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

from benchmarks.scoring import share
from warehouse.connection import literal

# what was planted: the finding that has to name it
KINDS = {
    "group_headcount": "suspect",
    "headcount_equals_wages": "suspect",
    "lazy_filer": "same_headcount",
    "staff_without_wages": "staff_without_wages",
    "zero_headcount": None,
}
GROWTH = ("growth_1m", "growth_3m", "growth_12m")
RUN_MONTHS, RUN_PEOPLE = 6, 50
TABLES = ("signals.plausibility", "signals.wage_check", "signals.flow", "signals.growth", "signals.alert_measure")
_LISTED = """
select enterprise_id, month, month as item, 'suspect' as finding from signals.plausibility where signal_code = 'headcount'
union all
select
    enterprise_id, month, case finding_code when 'same_headcount' then since_month else month end as item, finding_code
from signals.wage_check
where not is_suspect
"""
# months with a headcount that something goes back to
_USED = """
select enterprise_id, month from signals.flow where signal_code = 'headcount' and flow_code <> 'resumed'
union
select enterprise_id, cast(month - interval 1 month as date) from signals.flow
where signal_code = 'headcount' and flow_code <> 'resumed' and earlier_value <> 0
union
select enterprise_id, month from signals.growth
where signal_code = 'headcount' and coalesce({growth_1m}, {growth_3m}, {growth_12m}) is not null
union
select enterprise_id, cast(month - interval 1 month as date) from signals.growth
where signal_code = 'headcount' and {growth_1m} is not null
union
select enterprise_id, cast(month - interval 3 month as date) from signals.growth
where signal_code = 'headcount' and {growth_3m} is not null
union
select enterprise_id, cast(month - interval 12 month as date) from signals.growth
where signal_code = 'headcount' and {growth_12m} is not null
union
select enterprise_id, month from signals.alert_measure where measure_code = 'headcount'
union
select enterprise_id, cast(month - interval 12 month as date) from signals.alert_measure
where measure_code = 'headcount' and value_12m_before is not null
"""


@dataclass(frozen=True)
class Planted:
    """Months (of lazy filers: runs of months) of one kind of wrong headcount; sums add up.

    `listed` and `right` are of the finding that has to name it, over all kinds that it has to name.
    """

    reported: int = 0
    found: int = 0
    listed: int = 0
    right: int = 0
    used: int = 0

    def __add__(self, other: Planted) -> Planted:
        return Planted(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))

    @property
    def recall(self) -> float | None:
        """Found of reported."""
        return self.found / self.reported if self.reported else None

    @property
    def precision(self) -> float | None:
        """Right of listed."""
        return self.right / self.listed if self.listed else None

    def as_json(self) -> dict[str, Any]:
        """Counts and the figures that follow from them."""
        shares = {"recall": self.recall, "precision": self.precision}
        return vars(self) | {name: None if value is None else round(value, 4) for name, value in shares.items()}


def score(connection: duckdb.DuckDBPyConnection, owner: str) -> dict[str, Planted]:
    """Planted headcounts of a night, by kind.

    Args:
        connection: A warehouse after a night, with the truth's tables in the schema truth.
        owner: A SELECT of enterprise_id and true_id.
    """
    columns = {row[0] for row in connection.execute("describe signals.growth").fetchall()}
    growth = {name: f"dhs_{name}" if f"dhs_{name}" in columns else name for name in GROWTH}
    finding = " ".join(f"when '{kind}' then '{name}'" for kind, name in KINDS.items() if name)
    connection.execute(f"""
        create or replace temp table planted_month as
        select
            *,
            case kind when 'lazy_filer' then min(month) over (partition by enterprise_id, kind) else month end as item
        from (
            select distinct o.enterprise_id, p.month, p.kind, case p.kind {finding} end as finding
            from truth.planted as p
            inner join ({owner}) as o on p.true_id = o.true_id
            inner join monthly.headcount as h on o.enterprise_id = h.enterprise_id and p.month = h.month
            where p.silo = 'employment' and (p.kind <> 'lazy_filer' or h.insured_headcount >= {RUN_PEOPLE})
                and p.kind in ({", ".join(map(literal, KINDS))})
        )
        qualify kind <> 'lazy_filer' or count(*) over (partition by enterprise_id, kind) >= {RUN_MONTHS}
    """)
    connection.execute(f"create or replace temp table listed_month as {_LISTED}")
    connection.execute(f"create or replace temp table used_month as {_USED.format(**growth)}")
    rows = connection.execute("""
        with planted_item as (
            select
                p.kind, p.finding, p.enterprise_id, p.item, bool_or(l.enterprise_id is not null) as is_found,
                count(distinct case when u.enterprise_id is not null then p.month end) as used
            from planted_month as p
            left join listed_month as l on (p.enterprise_id, p.month, p.finding) = (l.enterprise_id, l.month, l.finding)
            left join used_month as u on (p.enterprise_id, p.month) = (u.enterprise_id, u.month)
            group by all
        ),
        listed_item as (
            select l.finding, l.enterprise_id, l.item, bool_or(p.enterprise_id is not null) as is_right
            from listed_month as l
            left join planted_month as p on (p.enterprise_id, p.month, p.finding) = (l.enterprise_id, l.month, l.finding)
            group by all
        )
        select
            kind, count(*), count_if(is_found),
            (select count(*) from listed_item as l where l.finding = min(planted_item.finding)),
            (select coalesce(count_if(is_right), 0) from listed_item as l where l.finding = min(planted_item.finding)),
            sum(used)
        from planted_item
        group by kind
    """).fetchall()
    return {kind: Planted() for kind in KINDS} | {kind: Planted(*map(int, counts)) for kind, *counts in rows}


def added_up(cities: list[dict[str, Planted]]) -> dict[str, Planted]:
    """The cities together, by kind."""
    return {kind: sum((city[kind] for city in cities), Planted()) for kind in KINDS}


def table(found: dict[str, Planted]) -> Iterator[str]:
    """The lines of the table."""
    yield (
        f"{'headcounts planted':<26}{'found as':>22}{'reported':>10}{'found':>8}{'recall':>8}"
        f"{'listed':>8}{'right':>8}{'prec.':>8}{'used':>8}"
    )
    for kind, name in KINDS.items():
        of = found[kind]
        used = f"{of.used:,}" if name == "suspect" else "–"
        yield (
            f"{kind:<26}{name or '–':>22}{of.reported:>10,}{of.found:>8,}{share(of.recall if name else None):>8}"
            f"{of.listed:>8,}{of.right:>8,}{share(of.precision):>8}{used:>8}"
        )
