"""The night's comparison: which enterprises the records might be about that neither code nor exact name ties to one."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from transforms.matching.engine import check_given, compare, read_addresses, read_names
from transforms.resolution.addresses import address_keys
from transforms.resolution.names import name_forms
from warehouse.models import comment

TABLES = {
    "comparison": """title: The best three of each comparison | 比对结果
one row is: one source record and one of the three enterprises that it is most likely about; the model resolved.candidate
adds names and words
key: feed, source_key, match_rank""",
    "code_name_check": """title: Names that their code's enterprise does not bear | 代码与名称核对
one row is: one source record with a code of an enterprise under another name, and how alike the names are
key: feed, source_key""",
}
# what was compared once is compared once: records of one name, address, building and code are one on the left side
_IDENTITY = """
    s.name, s.address, s.building_code, s.stated_code, case when e.is_name_to_check then e.code_enterprise_id end,
    e.source_key = s.name
"""


# long: mostly SQL, one statement a step
def make_candidates(connection: duckdb.DuckDBPyConnection) -> None:
    """Make resolved.comparison and resolved.code_name_check from resolved.exact_match.

    Known are all enterprises with a registered name or a code; an enterprise's addresses are those of all records that
    codes and exact names tie to it.
    """
    connection.execute(
        f"""
        create or replace temp table left_record as
        select
            e.feed, e.source_key, s.name, s.address, s.building_code, s.stated_code, s.code_check, e.is_open,
            case when e.is_name_to_check then e.code_enterprise_id end as code_enterprise_id,
            dense_rank() over (order by {_IDENTITY}) as id
        from resolved.exact_match as e
        inner join resolved.source_record as s on e.feed = s.feed and e.source_key = s.source_key
        where e.is_open or e.is_name_to_check
        """
    )
    connection.execute(
        """
        create or replace temp table right_enterprise as
        select enterprise_id, row_number() over (order by enterprise_id) as id
        from (select distinct enterprise_id from resolved.enterprise_name)
        """
    )
    _state_names(connection, "left", "select distinct id, name from left_record where name is not null")
    _state_names(
        connection,
        "right",
        """
        select distinct r.id, n.enterprise_name as name
        from resolved.enterprise_name as n
        inner join right_enterprise as r on n.enterprise_id = r.enterprise_id
        inner join (select name_key, min(name_standing) as name_standing from resolved.enterprise_name group by all) as b
            on n.name_key = b.name_key and n.name_standing = b.name_standing
        """,
    )
    _state_addresses(connection, "left", "select distinct id, address, building_code from left_record")
    _state_addresses(
        connection,
        "right",
        """
        select distinct r.id, s.address, s.building_code
        from resolved.exact_match as e
        inner join resolved.source_record as s on e.feed = s.feed and e.source_key = s.source_key
        inner join right_enterprise as r on e.enterprise_id = r.enterprise_id
        where e.outcome_code in ('matched', 'code_not_in_register') and not e.is_name_to_check
        """,
    )
    connection.execute(
        """
        create or replace temp table left_code as
        select distinct id, stated_code as code from left_record
        where is_open and stated_code is not null and code_check <> 'valid'
        """
    )
    connection.execute(
        """
        create or replace temp table right_code as
        select distinct r.id, c.code
        from resolved.enterprise_code as c
        inner join right_enterprise as r on c.enterprise_id = r.enterprise_id
        where c.code_kind = 'uscc'
        """
    )
    for side in ("left", "right"):
        connection.execute(f"create or replace temp table {side}_industry (id bigint, industry varchar)")
    connection.execute(
        """
        create or replace temp table given_pair as
        select distinct l.id as left_id, r.id as right_id
        from left_record as l inner join right_enterprise as r on l.code_enterprise_id = r.enterprise_id
        """
    )
    connection.execute(
        "create or replace temp table left_keyed as select distinct id from left_record where source_key = name"
    )
    read_addresses(connection)
    read_names(connection)
    check_given(connection)
    compare(connection)
    connection.execute(
        """
        create or replace table resolved.code_name_check as
        select l.feed, l.source_key, l.code_enterprise_id, n.level, n.is_alike
        from left_record as l
        inner join given_name_level as n on l.id = n.left_id
        order by all
        """
    )
    # an office that has the enterprise under its own name means another firm by a name that is one character off
    connection.execute(
        """
        create or replace table resolved.comparison as
        with named_in_feed as (
            select distinct feed, name_enterprise_id as enterprise_id from resolved.exact_match
            where outcome_code = 'matched' and name_enterprise_id is not null
        )
        select
            l.feed, l.source_key, s.match_rank, r.enterprise_id,
            case
                when f.feed is not null and s.is_left_full and s.name_level = 'typing_error'
                then least(s.score, rule.waiting_score_max)
                else s.score
            end as score,
            s.name_level, s.address_level, s.code_level,
            s.right_key as candidate_key, s.right_place as candidate_address, cast(s.bits as decimal(6, 2)) as evidence_bits
        from left_record as l
        inner join scored as s on l.id = s.left_id
        inner join right_enterprise as r on s.right_id = r.id
        cross join rules.matching as rule
        left join named_in_feed as f on l.feed = f.feed and r.enterprise_id = f.enterprise_id
        where l.is_open
        order by l.feed, l.source_key, s.match_rank
        """
    )
    for table, text in TABLES.items():
        comment(connection, "resolved", table, text)


def _state_names(connection: duckdb.DuckDBPyConnection, side: str, query: str) -> None:
    stated = connection.execute(query).to_arrow_table()
    forms = name_forms(stated["name"])
    connection.register("stated_forms", forms.append_column("id", stated["id"]))
    connection.execute(
        f"create or replace temp table {side}_stated_name as select distinct * from stated_forms where name_key is not null"
    )
    connection.unregister("stated_forms")


def _state_addresses(connection: duckdb.DuckDBPyConnection, side: str, query: str) -> None:
    stated = connection.execute(query).to_arrow_table()
    keys = address_keys(stated["address"])
    connection.register(
        "stated_forms", pa.table({"id": stated["id"], "address_key": keys, "building": stated["building_code"]})
    )
    connection.execute(
        f"""
        create or replace temp table {side}_stated_address as
        select distinct * from stated_forms where address_key is not null or building is not null
        """
    )
    connection.unregister("stated_forms")
