"""How right the assessments are (snapshots.assessment), held against what is truly so in the demo city.

The nights are those of benchmarks/warning.py; `make truth` prints this table after its own. Each assessment is of the last
complete month of its night. What is so in truth in that month, from the city itself and not from what its offices wrote,
the first that holds:

    taken over  gone by that month, and a merger brought its people to another enterprise here
    left        gone by that month
    not here    not yet come, paused, or nothing but an address
    leaves      here, and gone within 6 months
    new         first here within 12 months
    grows       against 12 months before a tenth (and 2) more people at work, a tenth more space, or sales of twelve months
                up by 15 %; none of them down by as much
    shrinks     the other way round
    both        one up, one down
    steady      nothing up or down by as much

Of these three figures the limits are those of rules/assessment.yml: what differs is what dirt, gaps, late returns and the two
signals do that only follow from others (tax and electricity). **Opposite** is what an operator must never read: expanding of
an enterprise that shrinks, or contracting of one that grows.

**Precision and recall** (PAIRS) hold a class against its state: left, taken_over, leaving against leaves, dormant against not
here, over all nights. Many leave without any sign (a third of those that leave in the city are `sudden` or close without
falling first): they bound the recall of leaving. **left_month** is compared with the first month without activity in truth;
a **successor** is right where it truly is the enterprise that took over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import duckdb

from benchmarks.scoring import share

CLASSES = (
    "expanding",
    "contracting",
    "mixed",
    "stable",
    "new",
    "leaving",
    "left",
    "taken_over",
    "dormant",
    "unknown",
)
STATES = ("grows", "shrinks", "both", "steady", "new", "leaves", "left", "taken over", "not here")
# a class, and the state that it means
PAIRS = (("left", "left"), ("taken_over", "taken over"), ("leaving", "leaves"), ("dormant", "not here"))
OPPOSITE = (("expanding", "shrinks"), ("contracting", "grows"))
_SCORED = """
with number as (
    select
        true_id, is_present, headcount, sales_fen, leased_tenth, year(month) * 12 + month(month) as month_number
    from truth.enterprise_month
),
yearly as (
    select *, sum(sales_fen) over year as sales_12m, count(*) over year as month_count
    from number
    window year as (partition by true_id order by month_number range between 11 preceding and current row)
),
compared as (
    select
        n.true_id, n.month_number, n.is_present,
        n.headcount - b.headcount as people, b.headcount as people_before,
        n.leased_tenth - b.leased_tenth as space, b.leased_tenth as space_before,
        case when n.month_count = 12 and b.month_count = 12 then n.sales_12m - b.sales_12m end as sales, b.sales_12m as sales_before
    from yearly as n
    left join yearly as b on n.true_id = b.true_id and n.month_number - 12 = b.month_number
),
moved as (
    select
        *,
        coalesce(people >= 2 and people * 10 >= people_before, false)
        or coalesce(space > 0 and space * 10 >= space_before, false)
        or coalesce(sales > 0 and sales * 100 >= sales_before * 15, false) as is_up,
        coalesce(people <= -2 and people * 10 <= -people_before, false)
        or coalesce(space < 0 and space * 10 <= -space_before, false)
        or coalesce(sales < 0 and sales * 100 <= -sales_before * 15, false) as is_down
    from compared
),
stated as (
    select a.assessment_code, a.month, o.true_id, year(a.month) * 12 + month(a.month) as month_number
    from output.assessment as a
    inner join output.owner as o using (night_number, enterprise_id)
)
select
    t.assessment_code,
    case
        when e.gone_month <= t.month and e.story = 'absorbed' then 'taken over'
        when e.gone_month <= t.month then 'left'
        when e.is_virtual or not coalesce(m.is_present, false) then 'not here'
        when year(e.gone_month) * 12 + month(e.gone_month) between t.month_number + 1 and t.month_number + 6 then 'leaves'
        when year(e.first_month) * 12 + month(e.first_month) > t.month_number - 12 then 'new'
        when m.is_up and m.is_down then 'both'
        when m.is_up then 'grows'
        when m.is_down then 'shrinks'
        else 'steady'
    end as state,
    count(*)
from stated as t
inner join truth.enterprise as e on t.true_id = e.true_id
left join moved as m on t.true_id = m.true_id and t.month_number = m.month_number
group by all
"""


_DEPARTURES = """
select
    abs(year(a.left_month) * 12 + month(a.left_month) - year(e.gone_month) * 12 - month(e.gone_month)) as months_off,
    case
        when a.assessment_code = 'taken_over' and e.story = 'absorbed'
            then case when s.true_id = e.partner_id then 'right' else 'wrong' end
        else 'none'
    end as successor,
    count(*)
from output.assessment as a
inner join output.owner as o using (night_number, enterprise_id)
inner join truth.enterprise as e on o.true_id = e.true_id
left join output.owner as s on a.night_number = s.night_number and a.successor_enterprise_id = s.enterprise_id
where a.assessment_code in ('left', 'taken_over') and e.gone_month <= a.month
group by all
"""


@dataclass(frozen=True)
class Found:
    """Assessments of one or more cities held against the truth; cities add up.

    Attributes:
        counts: How many, by class and by what is truly so.
        months_off: Of those rightly said to be gone, how many by months between left_month and the truth; None: no month.
        successors: Of those rightly said to be taken over, how many name the right or the wrong successor.
    """

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    months_off: Counter[int | None] = field(default_factory=Counter)
    successors: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: Found) -> Found:
        return Found(self.counts + other.counts, self.months_off + other.months_off, self.successors + other.successors)

    def precision(self, code: str, state: str) -> float | None:
        """Of those said to be of a class, the share that truly is; None where none is said to be."""
        said = sum(count for (of, _), count in self.counts.items() if of == code)
        return self.counts[code, state] / said if said else None

    def recall(self, code: str, state: str) -> float | None:
        """Of those that truly are, the share that is said to be; None where none is."""
        true = sum(count for (_, of), count in self.counts.items() if of == state)
        return self.counts[code, state] / true if true else None

    def month_pct(self, most: int) -> float | None:
        """Of left_month, how many per cent are at most so many months off; None where there is none."""
        dated = sum(self.months_off.values())
        near = sum(count for off, count in self.months_off.items() if off is not None and off <= most)
        return 100 * near / dated if dated else None

    def opposite_pct(self) -> float | None:
        """Of those said to be expanding or contracting, how many per cent truly go the other way; None where none is."""
        said = sum(count for (code, _), count in self.counts.items() if code in ("expanding", "contracting"))
        return 100 * sum(self.counts[pair] for pair in OPPOSITE) / said if said else None


def score(connection: duckdb.DuckDBPyConnection) -> Found:
    """Hold output.assessment against the truth, over all nights; enterprises that cannot be placed are left out."""
    found = Found()
    for code, state, count in connection.execute(_SCORED).fetchall():
        found.counts[code, state] += count
    for months_off, successor, count in connection.execute(_DEPARTURES).fetchall():
        found.months_off[months_off] += count
        if successor != "none":
            found.successors[successor] += count
    return found


def table(found: Found) -> Iterator[str]:
    """The lines of the table: a class a line, in per cent of those said to be so; then classes against their state."""
    yield f"{'assessments, in % of a line':<28}{'said':>8}" + "".join(f"{state:>11}" for state in STATES)
    for code in CLASSES:
        counts = [found.counts[code, state] for state in STATES]
        said = sum(counts)
        if said:
            yield f"  {code:<26}{said:>8,}" + "".join(f"{100 * count / said:>11.1f}" for count in counts)
    if (opposite := found.opposite_pct()) is not None:
        yield f"  opposite (expanding, and shrinks; contracting, and grows): {opposite:.2f} % of those two"
    for code, state in PAIRS:
        yield f"  {f'{code} = {state}':<26}  precision {share(found.precision(code, state))}  recall {share(found.recall(code, state))}"
    if (exact := found.month_pct(0)) is not None:
        right = found.successors["right"]
        yield (
            f"  left_month: {exact:.1f} % exact, {found.month_pct(1):.1f} % within one month of {sum(found.months_off.values()):,}; "
            f"successor: {right:,} of {sum(found.successors.values()):,} right"
        )


def as_json(found: Found) -> dict[str, Any]:
    """`assessments` of build/truth.json."""
    opposite = found.opposite_pct()
    return {
        "opposite_pct": None if opposite is None else round(opposite, 3),
        "classes": {
            code: {"state": state, "precision": found.precision(code, state), "recall": found.recall(code, state)}
            for code, state in PAIRS
        },
        "left_month_off": {
            str(off): count for off, count in sorted(found.months_off.items(), key=lambda x: (x[0] is None, x))
        },
        "successors": dict(found.successors),
        "counts": {code: {state: found.counts[code, state] for state in STATES} for code in CLASSES},
    }
