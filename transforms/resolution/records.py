"""What the silos state of who their records are about: one row per record, with codes checked and names keyed."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa

from transforms.resolution import codes, names
from warehouse.connection import quote
from warehouse.subjects import Subject, subjects

IDENTITY_COLUMNS = ("uscc", "registration_no", "taxpayer_no", "unit_no", "enterprise_name", "address", "building_code")
CODE_COLUMNS = ("uscc", "registration_no", "taxpayer_no")


# long: mostly SQL, one statement a step
def make_source_records(connection: duckdb.DuckDBPyConnection, only: str = "") -> None:
    """Make resolved.source_record: per feed and source_key the values stated last, codes checked, the name's key.

    Args:
        connection: The writer's.
        only: A table of the records (feed, source_key) to make, into the temporary table `made`; all by default.
            Registered records that state the same code as one of them, now or before, are made with them: the owner
            of a code depends on all records that state it.
    """
    matched = [subject for subject in subjects().values() if subject.is_matched]
    versions = " union all ".join(_identity_versions(subject, only) for subject in matched)
    latest = ", ".join(f"arg_max({column}, row_rank) as {column}" for column in IDENTITY_COLUMNS)
    connection.execute(
        f"""
        create or replace temp table stated_identity as
        with versions as ({versions}),
        ordered_version as (
            -- one order for all columns; the texts settle ties, so that no row order can
            select *, row_number() over (
                partition by feed, source_key
                order by last_period nulls first, last_received_at, {", ".join(IDENTITY_COLUMNS)}
            ) as row_rank
            from versions
        )
        select
            feed, subject, source_key, {latest},
            min(stated_from) as stated_from, max(stated_to) as stated_to,
            min(first_received_at) as first_received_at,
            max(first_received_at) as learned_at,
            max(last_received_at) as last_received_at
        from ordered_version
        group by feed, subject, source_key
        """
    )
    _register_code_forms(connection)
    _register_name_keys(connection, "name_form", "select enterprise_name as name from stated_identity")
    neighbours = f"""
        union all by name
        select r.* exclude (own_code)
        from (from resolved.source_record anti join {only} using (feed, source_key)) as r
        where r.subject = 'registration' and r.stated_code in (
            select c.stated_code from checked as c where c.subject = 'registration'
            union all
            select h.stated_code from resolved.source_record as h semi join {only} using (feed, source_key)
            where h.subject = 'registration'
        )
    """
    connection.execute(
        f"""
        create or replace {"temp table made" if only else "table resolved.source_record"} as
        with checked as (
            select
                s.*, n.name_key,
                case
                    when u.is_uscc then u.code when t.is_uscc then t.code when r.is_uscc then r.code
                end as valid_uscc,
                case
                    when r.is_registration_no then r.code when u.is_registration_no then u.code
                    when t.is_registration_no then t.code
                end as valid_registration_no,
                -- by chance one registration number in eleven reads as a tax number too: it is looked up as both
                t.is_taxpayer_no and t.is_registration_no
                and not coalesce(r.is_registration_no, false) and not coalesce(u.is_registration_no, false)
                    as is_registration_no_doubtful,
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
        stated as (
            select
                feed, subject, source_key,
                valid_uscc as uscc,
                valid_registration_no as registration_no,
                is_registration_no_doubtful,
                stated_taxpayer_no as taxpayer_no,
                unit_no,
                coalesce(substr(valid_uscc, 9, 9), valid_org_code, substr(valid_taxpayer_no, 7, 9)) as org_code,
                stated_code,
                case
                    when valid_uscc is null and valid_registration_no is null and valid_taxpayer_no is null
                        and valid_org_code is null
                        then stated_check
                    else 'valid'
                end as code_check,
                enterprise_name as name, name_key, address, building_code, stated_from, stated_to,
                first_received_at, learned_at, last_received_at
            from checked
            {neighbours if only else ""}
        ),
        stated_once as (
            -- the register's own codes of no known form, where they belong to one name
            select c.stated_code
            from stated as c
            cross join rules.resolution as rule
            where c.subject = 'registration' and length(c.stated_code) >= rule.stated_code_min_length
            group by c.stated_code
            having count(distinct c.name_key) = 1
        )
        select
            s.feed, s.subject, s.source_key,
            s.uscc, s.registration_no, s.taxpayer_no, s.unit_no, s.org_code, s.stated_code, s.code_check,
            coalesce(
                s.uscc, case when not coalesce(s.is_registration_no_doubtful, false) then s.registration_no end,
                case when s.subject = 'registration' and s.org_code is null then o.stated_code end
            ) as own_code,
            s.name, s.name_key, s.address, s.building_code, s.stated_from, s.stated_to,
            s.first_received_at, s.learned_at, s.last_received_at
        from stated as s
        left join stated_once as o on s.stated_code = o.stated_code
        order by s.feed, s.source_key
        """
    )
    for view in ("code_form", "name_form"):
        connection.unregister(view)
    connection.execute("drop table stated_identity")


def _identity_versions(subject: Subject, only: str) -> str:
    """All identities that a subject's records have stated, with their times."""
    stated = [
        quote(column) if column in subject.columns else f"cast(null as varchar) as {column}"
        for column in IDENTITY_COLUMNS
    ]
    period = f"cast({quote(subject.period)} as date)" if subject.period else "cast(null as date)"
    begins, ends = ("period_start", "period_end") if subject.has_periods else (period, f"last_day({period})")
    stating = f"where not coalesce({subject.no_enterprise_where}, false)" if subject.no_enterprise_where else ""
    grouped = ", ".join(["feed", "source_key", *(quote(c) for c in IDENTITY_COLUMNS if c in subject.columns)])
    return (
        f"select feed, '{subject.name}' as subject, source_key, {', '.join(stated)}, max({period}) as last_period, "
        f"min(cast({begins} as date)) as stated_from, max(cast({ends} as date)) as stated_to, "
        f"min(received_at) as first_received_at, max(received_at) as last_received_at "
        f"from known.{quote(subject.name)} {_part(only)} {stating} group by {grouped}"
    )


def _part(only: str) -> str:
    return f"semi join {only} using (feed, source_key)" if only else ""


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


def make_source_aliases(connection: duckdb.DuckDBPyConnection, only: str = "") -> None:
    """Make resolved.source_alias: former names (split at ； ; 、 | and line ends) and both names of a renaming.

    Args:
        connection: The writer's.
        only: A table of the records (feed, source_key) to make, into the temporary table `made`; all by default.
    """
    connection.execute(
        f"""
        create or replace temp table stated_alias as
        select
            feed, source_key, trim(unnest(regexp_split_to_array(former_names, '[;；、|\\n]'))) as name,
            'former_name' as alias_kind, cast(null as date) as event_date
        from known.registration {_part(only)}
        where former_names is not null
        union all
        select feed, source_key, before_text, 'renamed_from', event_date
        from known.registration_event {_part(only)} where event_code = 'rename' and before_text is not null
        union all
        select feed, source_key, after_text, 'renamed_to', event_date
        from known.registration_event {_part(only)} where event_code = 'rename' and after_text is not null
        """
    )
    _register_name_keys(connection, "alias_form", "select name from stated_alias")
    connection.execute(
        f"""
        create or replace {"temp table made" if only else "table resolved.source_alias"} as
        select distinct a.feed, a.source_key, a.name, f.name_key, a.alias_kind, a.event_date
        from stated_alias as a
        inner join alias_form as f on a.name = f.name
        where f.name_key is not null
        order by all
        """
    )
    connection.unregister("alias_form")
    connection.execute("drop table stated_alias")


def make_looked_up_names(connection: duckdb.DuckDBPyConnection) -> None:
    """Make resolved.trade_name and resolved.party_name: the keys of names that are looked up, and tie nothing by themselves."""
    stated = {
        "trade_name": "select enterprise_name as name from known.trade union all select partner_name as name from known.trade",
        "party_name": "select applicant_name as name from known.patent union all select offered_by_name as name from known.offer",
    }
    for table, texts in stated.items():
        _register_name_keys(connection, "name_form", texts)
        connection.execute(
            f"create or replace table resolved.{table} as from name_form where name_key is not null order by all"
        )
        connection.unregister("name_form")
