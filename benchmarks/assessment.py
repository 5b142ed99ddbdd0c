"""How right the assessments are (snapshots.assessment), held against what is truly so in the demo city.

The nights are those of benchmarks/warning.py; `make truth` prints this table after its own. Each assessment is of the last
complete month of its night. What is so in truth in that month, from the city itself and not from what its offices wrote,
the first that holds:

    not here    not yet come, gone, paused, or nothing but an address
    leaves      here, and gone within 6 months
    new         first here within 12 months
    grows       against 12 months before a tenth (and 2) more people at work, a tenth more space, or sales of twelve months
                up by 15 %; none of them down by as much
    shrinks     the other way round
    both        one up, one down
    steady      nothing up or down by as much

Of these three figures the limits are those of rules/assessment.yml: what differs is what dirt, gaps, late returns and the two
signals do that only follow from others (tax and electricity). **Opposite** is what an operator must never be told: expanding of
who shrinks, or contracting of who grows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import duckdb

CLASSES = ("expanding", "contracting", "mixed", "stable", "new", "leaving", "dormant", "unknown")
STATES = ("grows", "shrinks", "both", "steady", "new", "leaves", "not here")
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
told as (
    select a.assessment_code, o.true_id, year(a.month) * 12 + month(a.month) as month_number
    from told.assessment as a
    inner join told.owner as o using (night_number, enterprise_id)
)
select
    t.assessment_code,
    case
        when e.is_virtual or not coalesce(m.is_present, false) then 'not here'
        when year(e.gone_month) * 12 + month(e.gone_month) between t.month_number + 1 and t.month_number + 6 then 'leaves'
        when year(e.first_month) * 12 + month(e.first_month) > t.month_number - 12 then 'new'
        when m.is_up and m.is_down then 'both'
        when m.is_up then 'grows'
        when m.is_down then 'shrinks'
        else 'steady'
    end as state,
    count(*)
from told as t
inner join truth.enterprise as e on t.true_id = e.true_id
left join moved as m on t.true_id = m.true_id and t.month_number = m.month_number
group by all
"""


def score(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], int]:
    """Count told.assessment by class and by what is truly so, over all nights; enterprises nobody can place left out."""
    return {(code, state): count for code, state, count in connection.execute(_SCORED).fetchall()}


def opposite_pct(found: Mapping[tuple[str, str], int]) -> float | None:
    """Of those said to be expanding or contracting, how many per cent truly go the other way; None where nobody is."""
    said = sum(count for (code, _), count in found.items() if code in ("expanding", "contracting"))
    return 100 * sum(found.get(pair, 0) for pair in OPPOSITE) / said if said else None


def table(found: Mapping[tuple[str, str], int]) -> Iterator[str]:
    """The lines of the table: a class a line, in per cent of those said to be so."""
    yield f"{'assessments, in % of a line':<28}{'said':>8}" + "".join(f"{state:>10}" for state in STATES)
    for code in CLASSES:
        counts = [found.get((code, state), 0) for state in STATES]
        said = sum(counts)
        if said:
            yield f"  {code:<26}{said:>8,}" + "".join(f"{100 * count / said:>10.1f}" for count in counts)
    if (share := opposite_pct(found)) is not None:
        yield f"  opposite (expanding of who shrinks, contracting of who grows): {share:.2f} % of those two"


def as_json(found: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    """`assessments` of build/truth.json."""
    share = opposite_pct(found)
    return {
        "opposite_pct": None if share is None else round(share, 3),
        "counts": {code: {state: found.get((code, state), 0) for state in STATES} for code in CLASSES},
    }
