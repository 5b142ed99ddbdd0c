"""Trade, dependence and their cost: real invoices and made-up ones.

    python -m benchmarks.trade                    real invoices (where they lie beside the checkout), then a million partner-months
    python -m benchmarks.trade --partner-months 0 without the cost

**Real invoices**: 425 anonymous small firms, 2016-10 to 2018-12, already by partner and month. They are taken in as if the firms
were tenants; nothing else is known of them. Of firms with 100,000 yuan or more on a side in twelve months, "half at one partner" is the
share of which one partner has half of the net trade, "flagged" what industry.dependence calls notable or high: six active months in
two years besides. The last column counts pairs of which twelve months are not the sum over the file.

**Cost**: CPU seconds of monthly.trade_party to monthly.trade and industry.* over so many rows of one partner and month.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb

from examples.handover import data_folder
from transforms.night import RULES, build, build_all
from transforms.resolution.records import make_looked_up_names
from transforms.resolution.resolve import resolve
from warehouse.connection import literal, prepare
from warehouse.models import load_rules

TABLES = (
    "monthly.unique_name",
    "monthly.trade_party",
    "monthly.trade_month",
    "monthly.trade_side",
    "monthly.trade",
    "industry.partner",
    "industry.dependence",
    "industry.purchase",
    "industry.gap",
)
EDGES = "industry/invoice_edges_2016_2018.parquet"
# last months of twelve
WINDOWS = ("2017-12-01", "2018-09-01", "2018-12-01")


@dataclass(frozen=True)
class Window:
    """Twelve months of the real firms: per side how many, the share with half at one partner, and the share flagged."""

    until: str
    firms: dict[str, int]
    plain: dict[str, float]
    flagged: dict[str, float]
    unequal_pairs: int


def warehouse(rows: str, until: str, firms: str) -> duckdb.DuckDBPyConnection:
    """A warehouse that knows nothing but trade, up to the night after the month `until`.

    Args:
        rows: SELECT of source_key, direction_code, partner_key, month, goods_code, the three counts and four amounts.
        until: First day of the last complete month.
        firms: SELECT of firm, the tenants.
    """
    connection = duckdb.connect()
    prepare(connection)
    connection.execute("insert into ops.night values ('night', date_add(?::date, interval 45 day), 'park')", [until])
    resolve(connection)
    load_rules(connection, RULES)
    build_all(connection)
    connection.execute(
        f"""
        insert into staged.trade by name
        select *, source_key as uscc, concat(source_key, '公司') as enterprise_name, partner_key as partner_taxpayer_no,
            partner_key as partner_name, 'trade' as feed, 'batch' as batch_id, row_number() over () as row_number,
            timestamp '2016-01-01' as received_at
        from ({rows})
        """
    )
    connection.execute(
        "insert into resolved.enterprise_code by name select 'uscc' as code_kind, firm as code, firm as enterprise_id, "
        f"1 as enterprise_count, true as is_registered from ({firms})"
    )
    connection.execute(f"insert into signals.present_enterprise by name select firm as enterprise_id from ({firms})")
    connection.execute(
        "create or replace table monthly.month as select month::date as month, month_number(month) as month_number, "
        "last_day(month) as month_end_date, month = ?::date as is_last_month "
        "from (select unnest(generate_series(?::date - interval 35 month, ?::date, interval 1 month)) as month)",
        [until, until, until],
    )
    # small firms do not trade every month: every month counts as whole
    connection.execute("insert into ops.feed by name select 'trade' as feed, 0 as coverage_pct")
    return connection


def run(connection: duckdb.DuckDBPyConnection) -> float:
    """Make the names and the models of trade; gives the CPU seconds."""
    begun = time.process_time()
    make_looked_up_names(connection)
    build(connection, only=TABLES)
    return time.process_time() - begun


def real_window(edges: Path, until: str) -> Window:
    """The real firms in the twelve months up to `until`."""
    file = f"read_parquet({literal(str(edges))})"
    rows = f"""
        select firm as source_key, case dir when 'input' then 'buys' else 'sells' end as direction_code, partner as partner_key,
            month, 'none' as goods_code, invoices as invoice_count, voided as voided_count, 0 as red_count,
            (coalesce(net_amount, 0) + coalesce(red_amount, 0))::decimal(18, 2) as issued_amount, 0 as voided_amount,
            coalesce(red_amount, 0)::decimal(18, 2) as red_amount, coalesce(net_amount, 0)::decimal(18, 2) as net_amount
        from {file}
    """
    connection = warehouse(rows, until, f"select distinct firm from {file}")
    run(connection)
    shares = connection.execute(
        "select side_code, count(*), avg((share_pct >= 50)::int), avg((dependence_level <> 'none')::int) "
        "from industry.dependence where dependence_basis_code <> 'small' and total_amount >= 100000 group by side_code order by side_code"
    ).fetchall()
    [(unequal,)] = connection.execute(
        f"""
        with hand as (
            select case dir when 'input' then 'code:' || partner else firm end as seller_key,
                case dir when 'input' then firm else 'code:' || partner end as buyer_key,
                sum(coalesce(net_amount, 0)::decimal(18, 2)) as net
            from {file} where month between date '{until}' - interval 11 month and date '{until}' group by all
        )
        select count(*) from hand full join (from industry.partner where trade_12m_amount <> 0) as p using (seller_key, buyer_key)
        where coalesce(hand.net, 0) <> coalesce(p.trade_12m_amount, 0)
        """
    ).fetchall()
    connection.close()
    return Window(
        until,
        {side: count for side, count, *_ in shares},
        {side: plain for side, _, plain, _ in shares},
        {side: flagged for side, _, _, flagged in shares},
        unequal,
    )


def cost(partner_months: int) -> tuple[int, float]:
    """How many rows of trade there are, and the CPU seconds of all models over them."""
    firms = max(300, partner_months // 700)
    rows = f"""
        select concat('F', n % {firms}) as source_key, case when n % 2 = 0 then 'buys' else 'sells' end as direction_code,
            -- a third in the park, the rest among many outside
            case when hash(n // 4) % 12 = 0 then concat('F', hash(n // 4) % {firms}) else concat('P', hash(n // 4) % {firms * 60}) end
                as partner_key,
            date '2024-01-01' + to_months(((n // {firms}) % 36)::integer) as month,
            concat('10905', lpad((hash(n // 4) % 40)::varchar, 2, '0')) as goods_code,
            2 as invoice_count, 0 as voided_count, 0 as red_count, 100 + hash(n) % 100000 as issued_amount,
            0 as voided_amount, 0 as red_amount, 100 + hash(n) % 100000 as net_amount
        from range({partner_months}) as t(n)
    """
    connection = warehouse(rows, "2026-12-01", f"select concat('F', n) as firm from range({firms}) as t(n)")
    seconds = run(connection)
    [(count,)] = connection.execute("select count(*) from known.trade").fetchall()
    connection.close()
    return count, seconds


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description="trade and dependence: real invoices, and what they cost")
    parser.add_argument("--partner-months", type=int, default=1_000_000)
    given = parser.parse_args()
    folder = data_folder()
    edges = folder / EDGES if folder else None
    if edges and edges.is_file():
        print(
            "dependence on real invoices   firms buy/sell   half at one partner   flagged   pairs with another net than the file's"
        )
        for until in WINDOWS:
            one = real_window(edges, until)
            print(
                f"  twelve months to {until[:7]}      {one.firms['buys']:>4} / {one.firms['sells']:<4}      "
                f"{100 * one.plain['buys']:>5.1f} / {100 * one.plain['sells']:<5.1f} %   "
                f"{100 * one.flagged['buys']:>4.1f} / {100 * one.flagged['sells']:<4.1f} %   {one.unequal_pairs}"
            )
    else:
        print("real invoices: not beside the checkout, skipped")
    if given.partner_months:
        count, seconds = cost(given.partner_months)
        print(f"cost: {count:,} partner-months through trade and industry: {seconds:.1f} s of CPU")


if __name__ == "__main__":
    main()
