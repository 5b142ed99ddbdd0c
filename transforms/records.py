"""What the silos state of who their records are about: one row per record, with codes checked and names keyed."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa

from transforms import codes, names
from warehouse.connection import quote
from warehouse.subjects import Subject, subjects

IDENTITY_COLUMNS = ("uscc", "registration_no", "taxpayer_no", "unit_no", "enterprise_name", "address")
CODE_COLUMNS = ("uscc", "registration_no", "taxpayer_no")


def make_source_records(connection: duckdb.DuckDBPyConnection) -> None:
    """Make resolved.source_record: per feed and source_key the values stated last, codes checked, the name's key."""
    versions = " union all ".join(_identity_versions(subject) for subject in subjects().values())
    latest = ", ".join(f"arg_max({column}, place) as {column}" for column in IDENTITY_COLUMNS)
    connection.execute(
        f"""
        create or replace temp table stated_identity as
        with versions as ({versions}),
        placed as (
            -- one order for all columns; the texts settle ties, so that no row order can
            select *, row_number() over (
                partition by feed, source_key
                order by last_period nulls first, last_received_at, {", ".join(IDENTITY_COLUMNS)}
            ) as place
            from versions
        )
        select
            feed, subject, source_key, {latest},
            min(first_received_at) as first_received_at,
            max(last_received_at) as last_received_at
        from placed
        group by feed, subject, source_key
        """
    )
    _register_code_forms(connection)
    _register_name_keys(connection, "name_form", "select enterprise_name as name from stated_identity")
    connection.execute(
        """
        create or replace table resolved.source_record as
        with checked as (
            select
                s.*, n.name_key,
                case
                    when u.is_uscc then u.code when t.is_uscc then t.code when r.is_uscc then r.code
                end as valid_uscc,
                case
                    when r.is_registration_no then r.code when u.is_registration_no then u.code
                    when t.is_registration_no and not t.is_taxpayer_no then t.code
                end as valid_registration_no,
                case
                    when t.is_taxpayer_no then t.code
                    -- by chance one registration number in eleven reads as a tax number too
                    when u.is_taxpayer_no and not u.is_registration_no then u.code
                end as valid_taxpayer_no,
                case
                    when u.is_org_code then u.code when t.is_org_code then t.code when r.is_org_code then r.code
                end as valid_org_code,
                coalesce(u.code, t.code, r.code) as stated_code,
                t.code as stated_taxpayer_no,
                coalesce(u.code_check, t.code_check, r.code_check, 'none') as stated_check
            from stated_identity as s
            left join name_form as n on s.enterprise_name = n.name
            left join code_form as u on s.uscc = u.stated
            left join code_form as r on s.registration_no = r.stated
            left join code_form as t on s.taxpayer_no = t.stated
        ),
        stated_once as (
            -- the register's own codes of no known form, where they belong to one name
            select c.stated_code
            from checked as c
            cross join rules.resolution as rule
            where c.subject = 'registration' and length(c.stated_code) >= rule.stated_code_min_length
            group by c.stated_code
            having count(distinct c.name_key) = 1
        )
        select
            c.feed, c.subject, c.source_key,
            c.valid_uscc as uscc,
            c.valid_registration_no as registration_no,
            c.stated_taxpayer_no as taxpayer_no,
            c.unit_no,
            coalesce(
                substr(c.valid_uscc, 9, 9), c.valid_org_code, substr(c.valid_taxpayer_no, 7, 9)
            ) as org_code,
            c.stated_code,
            case
                when c.valid_uscc is null and c.valid_registration_no is null and c.valid_taxpayer_no is null
                    and c.valid_org_code is null
                    then c.stated_check
                else 'valid'
            end as code_check,
            coalesce(
                c.valid_uscc, c.valid_registration_no,
                case when c.subject = 'registration' and c.valid_org_code is null and c.valid_taxpayer_no is null
                    then o.stated_code end
            ) as own_code,
            c.enterprise_name as name, c.name_key, c.address,
            c.first_received_at, c.last_received_at
        from checked as c
        left join stated_once as o on c.stated_code = o.stated_code
        order by c.feed, c.source_key
        """
    )
    for view in ("code_form", "name_form"):
        connection.unregister(view)
    connection.execute("drop table stated_identity")


def _identity_versions(subject: Subject) -> str:
    """All identities that a subject's records have stated, with their times; a vacant unit is no enterprise."""
    stated = [
        quote(column) if column in subject.columns else f"cast(null as varchar) as {column}"
        for column in IDENTITY_COLUMNS
    ]
    period = f"cast({quote(subject.period)} as date)" if subject.period else "cast(null as date)"
    vacant = "where not is_vacant or enterprise_name is not null" if "is_vacant" in subject.columns else ""
    grouped = ", ".join(["feed", "source_key", *(quote(c) for c in IDENTITY_COLUMNS if c in subject.columns)])
    return (
        f"select feed, '{subject.name}' as subject, source_key, {', '.join(stated)}, max({period}) as last_period, "
        f"min(received_at) as first_received_at, max(received_at) as last_received_at "
        f"from known.{quote(subject.name)} {vacant} group by {grouped}"
    )


def _register_code_forms(connection: duckdb.DuckDBPyConnection) -> None:
    """Register `code_form`: per stated code its normalised form and what it is a right example of."""
    stated = " union ".join(f"select {column} as stated from stated_identity" for column in CODE_COLUMNS)
    text = connection.execute(f"select stated from ({stated}) where stated is not null").to_arrow_table()["stated"]
    code = codes.normalised(text)
    outer, inner = codes.uscc_outer_digit_holds(code), codes.uscc_inner_digit_holds(code)
    length = np.array([len(value) if value else 0 for value in code.to_pylist()])
    check = np.select(
        [outer & inner, (length == 18) & outer, (length == 18) & inner, length == 18],
        ["valid", "inner_digit_wrong", "outer_digit_wrong", "both_digits_wrong"],
        "malformed",
    )
    connection.register(
        "code_form",
        pa.table(
            {
                "stated": text,
                "code": code,
                "code_check": pa.array(check.tolist(), pa.string()),
                "is_uscc": pa.array(outer & inner),
                "is_registration_no": pa.array(codes.registration_no_holds(code)),
                "is_taxpayer_no": pa.array(codes.taxpayer_no_holds(code)),
                "is_org_code": pa.array(codes.org_code_holds(code)),
            }
        ),
    )


def _register_name_keys(connection: duckdb.DuckDBPyConnection, view: str, texts: str) -> None:
    text = connection.execute(f"select distinct name from ({texts}) where name is not null").to_arrow_table()["name"]
    text = text.combine_chunks().cast(pa.string())
    connection.register(view, pa.table({"name": text, "name_key": names.name_keys(text)}))


def make_source_aliases(connection: duckdb.DuckDBPyConnection) -> None:
    """Make resolved.source_alias: former names (split at ； ; 、 | and line ends) and both names of a renaming."""
    connection.execute(
        """
        create or replace temp table stated_alias as
        select
            feed, source_key, trim(unnest(regexp_split_to_array(former_names, '[;；、|\\n]'))) as name,
            'former_name' as alias_kind, cast(null as date) as event_date
        from known.registration
        where former_names is not null
        union all
        select feed, source_key, before_text, 'renamed_from', event_date
        from known.registration_event where event_code = 'rename' and before_text is not null
        union all
        select feed, source_key, after_text, 'renamed_to', event_date
        from known.registration_event where event_code = 'rename' and after_text is not null
        """
    )
    _register_name_keys(connection, "alias_form", "select name from stated_alias")
    connection.execute(
        """
        create or replace table resolved.source_alias as
        select distinct a.feed, a.source_key, a.name, f.name_key, a.alias_kind, a.event_date
        from stated_alias as a
        inner join alias_form as f on a.name = f.name
        where f.name_key is not null
        order by all
        """
    )
    connection.unregister("alias_form")
    connection.execute("drop table stated_alias")
