"""The demo city as a warehouse that holds nothing but identities: what resolution reads, without months of figures.

Each office's keys come as it writes them last, in the columns that its feed stages (connectors/feeds/*/stage.sql). A sole
trader who files under an identity number has a pseudonym there, as after landing. Of the tax office's two feeds one is
loaded: both name the same taxpayers.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow.parquet as pq

import demo
from warehouse.connection import literal, prepare

START = "2023-11-01"
# office: its feed here
FEEDS = {
    "registration": "registration",
    "tax": "tax_filing",
    "employment": "employment",
    "lease": "lease",
    "utility": "utility_use",
    "access": "access_count",
}
# of each feed, the canonical columns as written from the office's identities
_MONTH = f"(date '{START}' + to_months(last_month::integer))::date"
_PSEUDONYM = "case when note = 'identity_number' then 'person-' || left(sha256(source_key), 20) else source_key end"
_COLUMNS = {
    "registration": """source_key, code as uscc, record.regno as registration_no, name as enterprise_name,
        record.oldname as former_names, record.enttype as enterprise_type, record.parentcode as parent_uscc,
        list_extract(['active', 'revoked', 'cancelled', 'moved_out'], record.regstate::integer) as status_code,
        record.estdate::date as registered_date, record.candate::date as cancelled_date,
        record.industryco as industry_code, record.regorg as division_code, address""",
    "tax": f"""{_PSEUDONYM} as source_key, {_PSEUDONYM} as taxpayer_no, name as enterprise_name,
        'vat' as tax_kind_code, {_MONTH} as period_start, last_day({_MONTH}) as period_end""",
    "employment": f"""source_key, source_key as unit_no, code as uscc, name as enterprise_name, address,
        {_MONTH} as month, 1 as insured_headcount""",
    "lease": f"""source_key, source_key as lease_no, code as uscc, name as enterprise_name, building_code, address,
        {_MONTH} as start_date""",
    "utility": f"""source_key, source_key as meter_no, name as enterprise_name, address,
        'electricity' as utility_code, {_MONTH} as month, 1 as used_quantity""",
    # two firms of one building under one short name are one to the gate
    "access": f"""source_key, any_value(name order by true_id) as enterprise_name,
        any_value(building_code order by true_id) as building_code, max({_MONTH}) as month, 1 as people_entry_count""",
}
_EVENT_CODES = {
    "01": "rename",
    "02": "code_change",
    "03": "address_change",
    "04": "capital_change",
    "21": "merger",
    "22": "division",
    "23": "branch_opened",
    "31": "investment",
    "41": "abnormal_listed",
    "42": "abnormal_removed",
    "91": "cancelled",
    "92": "revoked",
}
_WRITTEN = "last_month is not null and note is distinct from 'name_for_identity_number'"


def draw(folder: Path, enterprises: int, seed: int) -> None:
    """Draw a city and write who is who in it as Parquet, one file per office; takes more memory than reading it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in demo.identities(seed, enterprises).items():
        pq.write_table(table, folder / f"{name}.parquet")


def load(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Fill an empty warehouse from what `draw` wrote, and note the truth beside it, in schema `truth`.

    truth.firm is the demo's truth about each enterprise. truth.record has one row per feed and source_key: the office,
    `true_id` (empty where the key is not of a single firm), `is_shared`, what is wrong with code and name, and whether
    the record states an address or a code of its own.
    """
    prepare(connection)
    connection.execute("insert into ops.night values ('benchmark', timestamp '2027-06-01', 'demo city')")
    connection.execute("create schema truth")
    connection.execute(f"create table truth.firm as from read_parquet({_file(folder, 'enterprise')})")
    connection.execute(
        "create table truth.record (office varchar, feed varchar, source_key varchar, true_id bigint, "
        "is_shared boolean, code_dirt varchar, name_dirt varchar, has_address boolean, states_code boolean, "
        "alike bigint, alike_there bigint)"
    )
    for office, feed in FEEDS.items():
        source = f"read_parquet({_file(folder, office)}) where {_WRITTEN}"
        grouped = "group by source_key" if office == "access" else ""
        connection.execute(
            f"""
            insert into staged.{feed} by name
            select '{feed}' as feed, '1' as batch_id, row_number() over () as row_number,
                timestamp '2027-05-01' as received_at, *
            from (select {_COLUMNS[office]} from {source} {grouped})
            """
        )
        alike = "max(alike), max(alike_there)" if office == "access" else "null, null"
        code_dirt = "case when note = 'identity_number' then 'identity_number' else code_dirt end"
        connection.execute(
            f"""
            insert into truth.record
            select
                '{office}', '{feed}', {_PSEUDONYM if office == "tax" else "source_key"} as key,
                case when count(distinct true_id) = 1 then min(true_id) end, count(distinct true_id) > 1,
                min(case when code is null and code_dirt = 'missing' and '{office}' in ('utility', 'access')
                    then 'no_codes_here' else {code_dirt} end order by true_id),
                min(name_dirt order by true_id), bool_or(address is not null), bool_or(code is not null), {alike}
            from {source}
            group by key
            """
        )
    when = " ".join(f"when '{item}' then '{code}'" for item, code in _EVENT_CODES.items())
    connection.execute(
        f"""
        insert into staged.registration_event by name
        select
            'registration_event' as feed, '1' as batch_id, row_number() over () as row_number,
            recorded as received_at, pripid as source_key, eventno as event_no, uniscid as uscc,
            entname as enterprise_name, case altitem {when} end as event_code, altdate::date as event_date,
            altbe as before_text, altaf as after_text, othercode as other_uscc
        from read_parquet({_file(folder, "event")})
        """
    )


def _file(folder: Path, name: str) -> str:
    return literal(str(folder / f"{name}.parquet"))
