"""Ties every silo's records to enterprises: which record is which firm, by what evidence, and what nobody could tell.

`resolve` prepares what SQL cannot (check digits, name keys, chains of changed codes, people's judgements) as four
tables and then builds the models of 2_resolved/, where every decision can be read:

    resolved.source_record  one row per record of an enterprise in a feed, with its codes checked and its name's key
    resolved.source_alias   former names and names before and after a renaming
    resolved.code_group     codes that are the same enterprise's, by a change of code or a judgement
    resolved.judgement      judgements.csv, with what follows from it

No state is kept: the same records give the same enterprise_id in any order, because an id is made from the anchor of
its cluster: the first code known, else the name's key.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from transforms import codes, names
from warehouse.connection import quote
from warehouse.errors import DeclarationError, ParkBridgeError
from warehouse.models import build, comment, load_rules
from warehouse.subjects import Subject, subjects

MODELS = Path(__file__).with_name("2_resolved")
RULES = Path(__file__).with_name("rules")
JUDGEMENTS = Path(__file__).with_name("judgements.csv")

IDENTITY_COLUMNS = ("uscc", "registration_no", "taxpayer_no", "unit_no", "enterprise_name", "address")
CODE_COLUMNS = ("uscc", "registration_no", "taxpayer_no")
# what is prepared here and not by a model; the words become COMMENT ON TABLE
PREPARED = {
    "source_record": """title: Source records | 来源记录
one row is: one record of an enterprise in one feed, with what it states last of each identity column, its codes checked
and its name's key
key: feed, source_key""",
    "source_alias": """title: Names known beside the present one | 别名
one row is: one former name, or one name before or after a renaming, as the register states it
key: feed, source_key, name, alias_kind, event_date""",
    "code_group": """title: Codes of one enterprise | 同一企业的代码
one row is: one code that a change of code or a judgement ties to others, with the earliest of them
key: code""",
    "judgement": """title: Judgements by people | 人工判定
one row is: one record that somebody judged, and what it is the same as, different from, or undecided about
(judgements.csv, chains of `same` followed)
key: feed, source_key, other_feed, other_source_key, other_enterprise_id, decision""",
}
JUDGEMENT_COLUMNS = ("left", "right", "decision", "who", "when", "why")


def resolve(connection: duckdb.DuckDBPyConnection, judgements: Path = JUDGEMENTS) -> None:
    """Rebuild everything in schema `resolved` from known.*.

    Args:
        connection: The warehouse's writer, with ops.night set.
        judgements: People's decisions; always win over the rules.

    Raises:
        DeclarationError: judgements.csv cannot be read as declared.
        ParkBridgeError: a cluster has grown above the size declared in rules/resolution.yml.
    """
    load_rules(connection, RULES)
    connection.execute("create schema if not exists resolved")
    make_source_records(connection)
    make_source_aliases(connection)
    judged = read_judgements(judgements)
    make_code_groups(connection, judged)
    make_judgements(connection, judged)
    for table, text in PREPARED.items():
        comment(connection, "resolved", table, text)
    build(connection, MODELS, None)
    stop_on_giant_cluster(connection)


# --- source records ---------------------------------------------------------------------------------------------------


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


# --- judgements and chains of codes -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Judgement:
    """One line of judgements.csv. `left` is a record ("feed/source_key"), `right` a record or an enterprise_id."""

    left: str
    right: str
    decision: str
    who: str
    when: str
    why: str


def read_judgements(path: Path) -> list[Judgement]:
    """Read people's decisions; a line that is not as declared raises DeclarationError with its number."""
    judged = []
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != JUDGEMENT_COLUMNS:
            raise DeclarationError(
                path.name,
                f"columns are {reader.fieldnames}",
                next_step=f"write the header {','.join(JUDGEMENT_COLUMNS)}",
            )
        for line, row in enumerate(reader, start=2):
            judgement = Judgement(*(str(row[column] or "").strip() for column in JUDGEMENT_COLUMNS))
            if "/" not in judgement.left or not judgement.right or judgement.left == judgement.right:
                raise DeclarationError(
                    f"{path.name} line {line}",
                    f"left is {judgement.left!r}, right is {judgement.right!r}",
                    next_step="write left as feed/source_key, and right as another feed/source_key or an enterprise_id",
                )
            if judgement.decision not in ("same", "different", "unsure"):
                raise DeclarationError(
                    f"{path.name} line {line}",
                    f"decision is {judgement.decision!r}",
                    next_step="write same, different or unsure",
                )
            judged.append(judgement)
    return judged


def clusters(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """For every name that occurs in a pair, the smallest name it is connected with. Cycles are no harm."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for left, right in pairs:
        first, second = sorted((root(left), root(right)))
        parent[second] = first
    return {name: root(name) for name in parent}


def make_code_groups(connection: duckdb.DuckDBPyConnection, judged: list[Judgement]) -> None:
    """Make resolved.code_group: codes that belong to one enterprise, and the anchor, the earliest of them.

    Two codes belong together where the register records a change from one to the other, or where a person judged two
    registered records the same. A judgement `different` between their records cuts such a tie.
    """
    changes = connection.execute(
        """
        select e.event_date, e.before_text, coalesce(e.after_text, e.uscc)
        from known.registration_event as e
        where e.event_code = 'code_change' and e.before_text is not null
        order by all
        """
    ).fetchall()
    forms = codes.normalised(pa.array([text for change in changes for text in change[1:]], pa.string()))
    holds = codes.uscc_holds(forms) | codes.registration_no_holds(forms)
    code = [value if hold else None for value, hold in zip(forms.to_pylist(), holds, strict=True)]
    own_code: dict[str, str] = dict(
        connection.execute(
            "select feed || '/' || source_key, own_code from resolved.source_record "
            "where subject = 'registration' and own_code is not null"
        ).fetchall()
        if judged
        else []
    )
    cut = {frozenset((own_code.get(j.left), own_code.get(j.right))) for j in judged if j.decision == "different"}
    edges = [(str(change[0]), code[2 * i], code[2 * i + 1]) for i, change in enumerate(changes)] + [
        ("9999", own_code.get(j.left), own_code.get(j.right)) for j in judged if j.decision == "same"
    ]
    kept = [
        (when, before, after)
        for when, before, after in edges
        if before and after and before != after and frozenset((before, after)) not in cut
    ]
    cluster_of = clusters((before, after) for _, before, after in kept)
    anchor: dict[str, str] = {}
    since: dict[str, str] = {}
    for when, before, after in sorted(kept):
        anchor.setdefault(cluster_of[before], before)
        since.setdefault(after, when)
    rows = sorted((name, anchor[cluster]) for name, cluster in cluster_of.items())
    dates = [None if since.get(name, "9999") == "9999" else since[name] for name, _ in rows]
    _replace_table(
        connection,
        "code_group",
        {
            "code": pa.array([name for name, _ in rows], pa.string()),
            "anchor_code": pa.array([first for _, first in rows], pa.string()),
            "since_date": pa.array(dates, pa.string()).cast(pa.date32())
            if any(dates)
            else pa.nulls(len(rows), pa.date32()),
        },
    )


def make_judgements(connection: duckdb.DuckDBPyConnection, judged: list[Judgement]) -> None:
    """Make resolved.judgement: per judged record what it is the same as, different from, or undecided about.

    `same` is transitive: every record of a chain is tied to the chain's representative (an enterprise_id if one is
    named, else a registered record, else the first by name). A chain that also says `different` of two of its members,
    or that names two enterprises, is contradictory: none of it is applied, all of it is queued.
    """
    registered = {
        row[0]
        for row in connection.execute(
            "select feed || '/' || source_key from resolved.source_record where subject = 'registration'"
            if judged
            else "select '' where false"
        ).fetchall()
    }
    same = [j for j in judged if j.decision == "same"]
    cluster_of = clusters((j.left, j.right) for j in same)
    members: dict[str, list[str]] = {}
    for name, cluster in sorted(cluster_of.items()):
        members.setdefault(cluster, []).append(name)
    contradictory = {cluster for cluster, chain in members.items() if sum("/" not in name for name in chain) > 1} | {
        cluster_of[j.left]
        for j in judged
        if j.decision == "different" and j.left in cluster_of and cluster_of[j.left] == cluster_of.get(j.right)
    }
    representative = {
        cluster: min(chain, key=lambda name: ("/" in name, name not in registered, name))
        for cluster, chain in members.items()
    }
    rows: list[tuple[str, str, str, Judgement]] = []
    for name, cluster in sorted(cluster_of.items()):
        stated = next(j for j in same if name in (j.left, j.right))
        if "/" in name and cluster in contradictory:
            rows.append((name, representative[cluster], "contradiction", stated))
        elif "/" in name and name != representative[cluster]:
            rows.append((name, representative[cluster], "same", stated))
    rows += [(j.left, j.right, j.decision, j) for j in judged if j.decision != "same"]
    _replace_table(
        connection,
        "judgement",
        {
            "feed": pa.array([name.partition("/")[0] for name, _, _, _ in rows], pa.string()),
            "source_key": pa.array([name.partition("/")[2] for name, _, _, _ in rows], pa.string()),
            "other_feed": pa.array([o.partition("/")[0] if "/" in o else None for _, o, _, _ in rows], pa.string()),
            "other_source_key": pa.array(
                [o.partition("/")[2] if "/" in o else None for _, o, _, _ in rows], pa.string()
            ),
            "other_enterprise_id": pa.array([None if "/" in o else o for _, o, _, _ in rows], pa.string()),
            "decision": pa.array([decision for _, _, decision, _ in rows], pa.string()),
            "decided_by": pa.array([j.who for _, _, _, j in rows], pa.string()),
            "decided_on": pa.array([j.when for _, _, _, j in rows], pa.string()),
            "reason": pa.array([j.why for _, _, _, j in rows], pa.string()),
        },
    )


def _replace_table(connection: duckdb.DuckDBPyConnection, table: str, columns: dict[str, pa.Array]) -> None:
    connection.register("rows_of_table", pa.table(columns))
    connection.execute(f"create or replace table resolved.{quote(table)} as select * from rows_of_table")
    connection.unregister("rows_of_table")


# --- the guard --------------------------------------------------------------------------------------------------------


def stop_on_giant_cluster(connection: duckdb.DuckDBPyConnection) -> None:
    """Stop where one enterprise has swallowed more records or names than rules/resolution.yml allows, and show it."""
    giant = connection.execute(
        """
        select
            l.enterprise_id, count(*) as records, count(distinct s.name_key) as names,
            rule.cluster_records_max, rule.cluster_names_max,
            min(l.method), min(s.own_code), min(s.name), max(s.name)
        from resolved.link as l
        inner join resolved.source_record as s on l.feed = s.feed and l.source_key = s.source_key
        cross join rules.resolution as rule
        group by l.enterprise_id, rule.cluster_records_max, rule.cluster_names_max
        having count(*) > rule.cluster_records_max or count(distinct s.name_key) > rule.cluster_names_max
        order by records desc, l.enterprise_id
        limit 1
        """
    ).fetchone()
    if giant:
        enterprise_id, records, distinct_names, records_max, names_max, method, code, first, last = giant
        raise ParkBridgeError(
            f"resolved.link {enterprise_id}",
            f"{records:,} source records with {distinct_names:,} names have become one enterprise "
            f"(method {method}, code {code}, names from {first!r} to {last!r})",
            allowed=f"{records_max:,} records and {names_max:,} names",
            next_step="see whether one code or name stands for many firms; correct the feed, judge the records "
            "different in transforms/judgements.csv, or raise the size in transforms/rules/resolution.yml",
        )
