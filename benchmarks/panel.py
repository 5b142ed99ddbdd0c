"""A park of any size with months of figures, made by SQL: what the measuring, signalling and snapshot layers read.

Who is who is given (resolved.* is filled, not resolved: benchmarks/truth.py and benchmarks/resolve.py measure that). Four
silos speak of every enterprise: the register, the tax office (returns and payments: VAT by the month, of a quarter of the
firms by the quarter, and corporate income tax by the quarter), social insurance, and the park's property books (leases and
electricity). One firm in ten begins within the time, one in twenty ends; two reports of staff in a thousand come the day after
their night. Every draw is a hash of the firm and a name, so that the same size is always the same park.
"""

from __future__ import annotations

import duckdb

from transforms.night import RULES
from warehouse.connection import prepare
from warehouse.models import load_rules
from warehouse.settings import CHECKOUT

START = "2023-10-01"
# months after START by the end of which a feed's figures of a month have come
NIGHT = "timestamp '2023-11-20'"


def draw(name: str, key: str = "f.firm") -> str:
    """A number in [0, 1) that depends on the firm and the name alone, as SQL."""
    return f"(hash(concat('{name}', {key})) % 1000003 / 1000003.0)"


# long: mostly SQL, one statement a silo
def fill(connection: duckdb.DuckDBPyConnection, enterprises: int, months: int) -> None:
    """Fill an empty warehouse with so many enterprises and months; the night is the 20th after the last month."""
    prepare(connection)
    load_rules(connection, RULES)
    _made_but_empty(connection)
    connection.execute(
        f"""
        create schema panel;
        create table panel.month as
        select n::integer as n, (date '{START}' + to_months(n::integer))::date as month,
            {NIGHT} + to_months(n::integer) - to_days(5) as received_at
        from range({months}) t(n);
        create table panel.firm as
        select
            firm, concat('E', substr(sha256(firm::varchar), 1, 15)) as enterprise_id,
            exp(5 * {draw("size")} * {draw("size2")} + 1) as size, 0.06 * ({draw("trend")} - .48) as trend,
            {draw("quarterly")} < .25 as is_quarterly,
            case when {draw("late")} < .10 then ({draw("start")} * {months})::integer else 0 end as first_n,
            case when {draw("gone")} < .05 then ({draw("end")} * {months})::integer else {months} end as last_n
        from range({enterprises}) f(firm);
        create table panel.firm_month as
        select f.*, m.* from panel.firm f, panel.month m where m.n between f.first_n and f.last_n;
        """
    )
    code = "concat('91', lpad(firm::varchar, 16, '0'))"
    at = "received_at, null::timestamp as recorded_at"
    each = "concat(firm, '.', n)"
    # the value of one firm in one month, with a trend, a season and some chance
    moves = "size * exp(trend * n) * (1 + .2 * sin(n * 0.5236)) * (.9 + .2 * {0})"
    connection.execute(
        f"""
        insert into staged.registration by name
        select 'registration' as feed, '1' as batch_id, firm as row_number, {NIGHT} as received_at,
            concat('R', firm) as source_key, {code} as uscc, concat('企业', firm) as enterprise_name,
            'active' as status_code, date '2015-01-01' + (firm % 3000)::integer as registered_date,
            1000000 * (1 + firm % 50) as registered_capital_amount, 'C3990' as industry_code
        from panel.firm;
        insert into staged.employment by name
        select 'employment' as feed, n::varchar as batch_id, firm as row_number,
            received_at + to_days(case when {draw("after the night", each)} < .002 then 6 else 0 end) as received_at,
            null::timestamp as recorded_at,
            concat('U', firm) as source_key, concat('U', firm) as unit_no, {code} as uscc, month,
            greatest(1, round({moves.format(draw("staff", each))}))::bigint
            -- a few state their group's staff for some months, with their own wages
            * case when {draw("group", "firm")} < .05 and n between 6 and 8 then 6 else 1 end as insured_headcount,
            round(
                greatest(1, round({moves.format(draw("staff", each))}))
                * (5000 + 8000 * {draw("pay", "firm")}) * (1 + .02 * {draw("wage", each)}), 2
            ) as wage_amount
        from panel.firm_month;
        insert into staged.utility_use by name
        select 'utility_use' as feed, n::varchar as batch_id, firm as row_number, {at},
            concat('M', firm) as source_key, concat('M', firm) as meter_no, 'electricity' as utility_code, month,
            round(800 * {moves.format(draw("power", each))}, 3) as used_quantity
        from panel.firm_month where {draw("meter", "firm")} < .9;
        insert into staged.lease by name
        select 'lease' as feed, '1' as batch_id, firm * 10 + k as row_number, {NIGHT} as received_at,
            concat('L', firm) as source_key, concat('L', firm, '-', k) as lease_no, concat('B', firm % 40) as building_code,
            concat('R', firm, '-', k % 2) as room, round(20 * size, 2) as leased_area_m2, round(900 * size, 2) as monthly_rent_amount,
            (date '{START}' + to_months((12 * k - 12 + firm % 12)::integer))::date as start_date,
            (date '{START}' + to_months((12 * k + firm % 12)::integer) - to_days(1))::date as end_date
        from panel.firm, range(4) t(k) where k <> 2 or {draw("renewal", "firm")} < .9;
        create table panel.period as
        select firm, month, n, received_at, 'vat' as tax_kind_code,
            case when is_quarterly then 3 else 1 end as period_months, size, trend
        from panel.firm_month where not is_quarterly or (n % 3 = 2 and n - 2 >= first_n)
        union all
        select firm, month, n, received_at, 'cit', 3, size, trend from panel.firm_month where n % 3 = 2 and n - 2 >= first_n;
        """
    )
    period = "(month - to_months(period_months - 1))::date as period_start, last_day(month) as period_end"
    sales = f"round(10000 * period_months * {moves.format(draw('sales', each))}, 2)"
    tax = f"round(case tax_kind_code when 'vat' then .03 else .01 end * {sales}, 2)"
    connection.execute(
        f"""
        insert into staged.tax_filing by name
        select 'tax_filing' as feed, n::varchar as batch_id, firm as row_number, {at}, concat('T', firm) as source_key,
            {code} as taxpayer_no, tax_kind_code, {period}, received_at::date as filed_date, {sales} as sales_amount,
            {tax} as tax_due_amount
        from panel.period;
        insert into staged.tax_payment by name
        select 'tax_payment' as feed, n::varchar as batch_id, firm as row_number, {at}, concat('T', firm) as source_key,
            {code} as taxpayer_no, concat(tax_kind_code, '-', firm, '-', n) as payment_no, tax_kind_code, {period},
            received_at::date as paid_date, {tax} as paid_amount
        from panel.period where n % 12 <> 7 or {draw("unpaid", each)} < .95;
        """
    )
    for feed, letter in FEEDS.items():
        connection.execute(
            f"""
            insert into ops.feed (feed, subject) values ('{feed}', '{feed}');
            insert into resolved.link by name
            select '{feed}' as feed, concat('{letter}', firm) as source_key, '{feed}' as subject, enterprise_id,
                'uscc' as method, 1.00 as score, 'matched' as outcome_code
            from panel.firm;
            insert into resolved.source_record by name
            select feed, source_key, subject from resolved.link where feed = '{feed}'
            """
        )
    connection.execute(
        f"""
        insert into resolved.enterprise by name
        select enterprise_id, concat('企业', firm) as enterprise_name, {code} as uscc, 'C3990' as industry_code,
            'active' as status_code, date '2015-01-01' + (firm % 3000)::integer as registered_date,
            1000000 * (1 + firm % 50) as registered_capital_amount, 'register' as identity_code, 6 as record_count,
            6 as feed_count, 0 as conflict_count
        from panel.firm
        """
    )


FEEDS = {
    "registration": "R",
    "employment": "U",
    "tax_filing": "T",
    "tax_payment": "T",
    "lease": "L",
    "utility_use": "M",
}


def _made_but_empty(connection: duckdb.DuckDBPyConnection) -> None:
    """Every table of every layer with its columns and no rows."""
    from transforms import night as night_steps
    from transforms.resolution.resolve import resolve

    connection.execute("delete from ops.night")
    connection.execute("insert into ops.night values ('empty', timestamp '2000-01-01', 'panel')")
    judgements = CHECKOUT / "transforms" / "judgements.csv"
    resolve(connection, judgements, whole=True)
    night_steps.begin(connection)
    night_steps.build(connection)


# of each feed with figures, the figure that is corrected
FIGURES = {
    "employment": "insured_headcount = insured_headcount + 1",
    "tax_filing": "sales_amount = round(sales_amount * 1.01, 2)",
    "tax_payment": "paid_amount = round(paid_amount * 1.01, 2)",
    "utility_use": "used_quantity = round(used_quantity * 1.01, 3)",
}
# which rows of which feeds are corrected: all of one firm in a hundred, or one return in a hundred of anybody's
RESTATED = {
    "firms": (tuple(FIGURES), "hash(regexp_extract(source_key, '[0-9]+')) % 100 = 7"),
    "filings": (("tax_filing",), "hash(concat(source_key, '.', batch_id, '.', tax_kind_code)) % 100 = 7"),
}


def night(connection: duckdb.DuckDBPyConnection, month: int, days: int = 0) -> None:
    """Set the night: the 20th after the month of this number (0 is the first), and some days later."""
    connection.execute("delete from ops.night")
    connection.execute(
        f"insert into ops.night select strftime(t, '%Y%m%d'), t, 'panel' from (select {NIGHT} + to_months(?) + to_days(?) as t)",
        [month, days],
    )


def restate(connection: duckdb.DuckDBPyConnection, kind: str, month: int, days: int = 1) -> None:
    """Correct rows of months up to that of this number: superseded, and restated, so many days after its night."""
    at = f"({NIGHT} + to_months({month}) + to_days({days}))"
    feeds, condition = RESTATED[kind]
    for feed in feeds:
        column, _, value = FIGURES[feed].partition(" = ")
        which = f"{condition} and superseded_at is null and received_at < {at}"
        connection.execute(f"create or replace temp table restated as from staged.{feed} where {which}")
        connection.execute(f"update staged.{feed} set superseded_at = {at} where {which}")
        connection.execute(
            f"insert into staged.{feed} select * replace ({value} as {column}, {at} as received_at, 'restated' as batch_id) "
            "from restated"
        )
