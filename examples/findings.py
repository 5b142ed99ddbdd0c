"""What came out of the real registers, held against what is known of them; the links known to be true are for scoring only."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.resolution import codes
from warehouse.connection import literal
from warehouse.settings import Settings


def findings(settings: Settings, park: str, data: Path) -> Iterator[str]:
    """One park's findings, line by line, read from its warehouse.

    Args:
        settings: Of the park, after its run.
        park: Its name, one of PARKS.
        data: The folder of the real data, for the truth.
    """
    with duckdb.connect(os.fspath(settings.warehouse_file), read_only=True) as connection:
        yield from deliveries(connection)
        yield from PARKS[park](connection, data)


def deliveries(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """What became of the rows of every delivery, and why rows were set aside."""
    yield "Rows, by delivery"
    yield _table(
        connection,
        "select delivery, feed, rows_landed as landed, rows_skipped as skipped, rows_rejected as quarantined, "
        "rows_new as new, rows_changed as changed, rows_unchanged as unchanged, rows_withdrawn as withdrawn "
        "from ops.batch order by feed, delivered_at",
    )
    for feed, reason, count in _rows(
        connection,
        "select feed, split_part(reason, ': ', 1) as why, count(*) as n from ops.quarantine group by all order by 1, 3 desc, 2",
    ):
        yield f"  quarantined in {feed}: {count:,} × {reason}"


def listed_park(connection: duckdb.DuckDBPyConnection, data: Path) -> Iterator[str]:
    """Enterprises, links by method against the truth, yearly totals, flows."""
    yield "Enterprises, by what they are known by"
    yield _table(
        connection, "select identity_code, count(*) as enterprises from resolved.enterprise group by 1 order by 2 desc"
    )
    yield "Links of those tenants with a figure in any silo; right: the enterprise is the one in truth_links.csv"
    yield _table(connection, link_scores_sql(data))
    yield "The silos by year (the rest of the year is not stated and not made up)"
    yield _table(
        connection,
        """
        with figure as (
            select month, 'staff' as figure, insured_headcount as value from monthly.headcount
            union all
            select month, 'revenue, billion yuan', sales_amount / 1e9 from monthly.sales
            union all
            select month, 'taxes paid less refunds, billion yuan', paid_amount / 1e9 from monthly.tax where paid_amount is not null
        )
        pivot figure on year(month) using round(sum(value), 1) as total, count(*) as firms group by figure order by figure
        """,
    )
    yield "Flows from year to year"
    yield _table(
        connection,
        "select signal_code, year(month) as year, flow_code, count(*) as enterprises from signals.flow "
        "where signal_code in ('headcount', 'sales', 'tax') group by all order by all",
    )


def link_scores_sql(data: Path) -> str:
    """The query of precision and recall per feed: 100 % where every link is right, and where every tenant is linked."""
    truth = literal(os.fspath(data / "listed_park" / "truth_links.csv"))
    return f"""
        with truth as (
            select 'listed_tax' as feed, stock_code as source_key, uscc from read_csv({truth}, all_varchar = true)
            union all
            select 'listed_tax_payment', stock_code, uscc from read_csv({truth}, all_varchar = true)
            union all
            select 'listed_employment', short_name, uscc from read_csv({truth}, all_varchar = true)
        ),
        linked as (
            select l.feed, l.source_key, l.method, l.outcome_code, e.uscc,
                   l.outcome_code = 'matched' and e.identity_code = 'register' as is_linked
            from resolved.link as l join resolved.enterprise as e using (enterprise_id)
        ),
        tenants as (
            select feed, count(*) as stated
            from truth join (select distinct feed, source_key from linked) using (feed, source_key) group by feed
        )
        select t.feed, l.method, l.outcome_code as outcome, count(*) as records, count(*) filter (is_linked) as linked,
               count(*) filter (is_linked and l.uscc = t.uscc) as "right",
               round(100.0 * count(*) filter (is_linked and l.uscc = t.uscc) / nullif(count(*) filter (is_linked), 0), 2)
                   as precision_pct,
               round(100.0 * count(*) filter (is_linked and l.uscc = t.uscc) / any_value(n.stated), 2) as recall_pct
        from truth as t join linked as l using (feed, source_key) join tenants as n using (feed)
        group by all order by all
    """


def premises_register(connection: duckdb.DuckDBPyConnection, data: Path) -> Iterator[str]:  # noqa: ARG001
    """Changes between the deliveries, and how many units are empty or have an occupier we do not know."""
    yield "Changes between deliveries (known between the 2nd and the 3rd: 55 new, 28 gone, 46 taken up, 45 vacated)"
    yield _table(
        connection,
        "pivot (select changed_at, change_code from signals.premises_change) on change_code using count(*) order by changed_at",
    )
    yield "The register as last delivered"
    yield _table(
        connection,
        "select count(*) as units, count(*) filter (is_vacant) as vacant, count(enterprise_name) as with_named_occupier, "
        "count(*) filter (not is_vacant and enterprise_name is null) as name_withheld, "
        "count(distinct enterprise_name) as occupiers from known.premises",
    )


def national_register(connection: duckdb.DuckDBPyConnection, data: Path) -> Iterator[str]:  # noqa: ARG001
    """Codes by what their check digits say."""
    stated = connection.execute(
        "select source_key from staged.registration where superseded_at is null"
    ).to_arrow_table()
    counts = code_counts(stated["source_key"].combine_chunks())
    total = sum(counts.values())
    yield f"Codes of {total:,} accepted rows"
    for kind, count in counts.most_common():
        yield f"  {count:>9,}  {100 * count / total:7.3f} %  {kind}"


def code_counts(stated: pa.Array) -> Counter[str]:
    """How many codes are of which kind, by their length and their check digits."""
    code = codes.normalised(stated)
    is_whole = np.asarray(pc.equal(pc.utf8_length(code), 18))
    outer, inner = codes.uscc_outer_digit_holds(code), codes.uscc_inner_digit_holds(code)
    kinds = {
        "credit code, both check digits hold": outer & inner,
        "credit code, inner digit wrong": outer,
        "credit code, outer digit wrong": is_whole & inner,
        "credit code, both digits wrong": is_whole,
        "registration number of 15 digits, check digit holds": codes.registration_no_holds(code),
        "organisation code alone, check digit holds": codes.org_code_holds(code),
    }
    kind = np.select(list(kinds.values()), list(kinds), "no known form")
    return Counter(kind.tolist())


PARKS = {
    "listed_park": listed_park,
    "premises_register": premises_register,
    "national_register": national_register,
}


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return connection.execute(sql).fetchall()


def _table(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    """A query's answer, in columns wide enough for it."""
    found = connection.execute(sql)
    header = [str(name) for name, *_ in found.description or ()]
    rows = [[_shown(value) for value in row] for row in found.fetchall()]
    widths = [max(len(line[place]) for line in [header, *rows]) for place in range(len(header))]
    is_figure = [all(row[place][:1] in "-0123456789" for row in rows) for place in range(len(header))]
    lines = [
        "  "
        + "  ".join(t.rjust(w) if f else t.ljust(w) for t, w, f in zip(line, widths, is_figure, strict=True)).rstrip()
        for line in [header, *rows]
    ]
    return "\n".join(lines)


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 9999 else str(value)
