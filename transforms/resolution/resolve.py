"""Ties every silo's records to enterprises: which record is which firm, by what evidence, and what is undecided.

`resolve` prepares what SQL cannot (check digits, name keys, chains of changed codes, people's judgements) as these
tables and then builds the models of 2_resolved/, where every decision can be read:

    resolved.source_record  one row per record of an enterprise in a feed, with its codes checked and its name's key
    resolved.source_alias   former names and names before and after a renaming
    resolved.trade_name     names in the records of trade, with their keys
    resolved.party_name     names of applicants for patents and of who offers something, with their keys
    resolved.code_group     codes that are the same enterprise's, by a change of code or a judgement
    resolved.judgement      judgements.csv, with what follows from it

No decision is kept: the same records give the same enterprise_id in any order, because an id is made from the anchor of
its cluster: the first code known, else the name's key. A night remakes only what can have changed since the last one
(transforms/resolution/incremental.py), with the same result as making all of it.
"""

from __future__ import annotations

from contextlib import nullcontext
from datetime import datetime
from pathlib import Path

import duckdb

from transforms.matching.candidates import make_candidates
from transforms.resolution import incremental
from transforms.resolution.judgements import JUDGEMENTS, make_code_groups, make_judgements, read_judgements
from transforms.resolution.records import make_looked_up_names, make_source_aliases, make_source_records
from warehouse.errors import ParkBridgeError
from warehouse.models import comment, load_rules, make, read_folder

MODELS = Path(__file__).parents[1] / "2_resolved"
RULES = Path(__file__).parents[1] / "rules"

# what is prepared here and not by a model; the words become COMMENT ON TABLE
PREPARED = {
    "source_record": """title: Source records | 来源记录
one row is: one record of an enterprise in one feed, with what it states last of each identity column, its codes checked
and its name's key
key: feed, source_key""",
    "source_alias": """title: Names known beside the present one | 别名
one row is: one former name, or one name before or after a renaming, as the register states it
key: feed, source_key, name, alias_kind, event_date""",
    "trade_name": """title: Names in trade | 交易往来中的名称
one row is: one name under which a firm or its partner is in the records of trade, with its key; it ties nothing by itself
key: name""",
    "party_name": """title: Names of applicants and offerers | 专利申请人与供给方名称
one row is: one name under which an applicant for a patent is stated, or who offers something, with its key; it ties nothing by itself
key: name""",
    "code_group": """title: Codes of one enterprise | 同一企业的代码
one row is: one code that a change of code or a judgement ties to others, with the earliest of them
key: code""",
    "judgement": """title: Judgements by people | 人工判定
one row is: one record that somebody judged, and what it is the same as, different from, or undecided about
(judgements.csv, chains of `same` followed)
key: feed, source_key, other_feed, other_source_key, other_enterprise_id, decision""",
    "judgement_finding": """title: What contradicts itself in judgements.csv | 人工判定核查
one row is: one contradiction between judgements, or one judgement of a record that is not there; the model
resolved.judgement_conflict adds what only the rules' own decisions can show
key: conflict_code, conflict_key""",
}

COMPARED = ["resolved.comparison", "resolved.code_name_check"]
STATED = ("source_record", "source_alias", "trade_name", "party_name")
JUDGED = [f"resolved.{table}" for table in PREPARED if table not in STATED]


def resolve(
    connection: duckdb.DuckDBPyConnection,
    judgements: Path = JUDGEMENTS,
    *,
    whole: bool = False,
    said_until: datetime | None = None,
) -> bool:
    """Bring everything in schema `resolved` to what known.* and the judgements say tonight.

    Args:
        connection: The writer's, with ops.night set.
        judgements: People's decisions; always win over the rules.
        whole: Make all of it from nothing. Otherwise only what can have changed is remade, where that is known.
        said_until: Judgements dated later, in the park's own time, are left out; all are taken by default.

    Returns:
        Whether all of it was made.

    Raises:
        DeclarationError: judgements.csv cannot be read as declared.
        ParkBridgeError: a cluster has grown above the size declared in rules/resolution.yml.
    """
    judged = [j for j in read_judgements(judgements) if said_until is None or j.moment <= said_until]
    since = None if whole else incremental.last_resolved(connection)
    incremental.forget(connection)
    in_parts = since is not None and incremental.find_received(connection, since)
    if not in_parts:
        load_rules(connection, RULES)
        connection.execute("create schema if not exists resolved")
        make_source_records(connection)
        make_source_aliases(connection)
    else:
        incremental.remake_records(connection)
    with incremental.noticing(connection, JUDGED) if in_parts else nullcontext():
        make_code_groups(connection, judged)
        make_judgements(connection, judged)
    make_looked_up_names(connection)
    for table, text in PREPARED.items():
        comment(connection, "resolved", table, text)
    if in_parts:
        incremental.gather(connection)
    was_near, is_compared = in_parts, False
    for part, models in incremental.steps(read_folder(MODELS)):
        if not is_compared and {read for model in models for read in model.reads} & set(COMPARED):
            is_compared = True
            if in_parts and not incremental.is_compared_anew(connection):
                incremental.nothing_changed(connection, COMPARED)
            else:
                with incremental.noticing(connection, COMPARED) if in_parts else nullcontext():
                    make_candidates(connection)
        if in_parts and part:
            was_near = incremental.remake(connection, part, models, was_near)
        else:
            with incremental.noticing(connection, [m.table for m in models]) if in_parts else nullcontext():
                for model in models:
                    make(connection, model)
    stop_on_giant_cluster(connection, "near_" if was_near else "resolved.")
    incremental.remember(connection)
    return not in_parts


def stop_on_giant_cluster(connection: duckdb.DuckDBPyConnection, among: str) -> None:
    """Stop where one enterprise has swallowed more records or names than rules/resolution.yml allows, and show it.

    Args:
        connection: The writer's.
        among: Prefix of the names of the tables to look through: all, or the neighbourhood of what changed.
    """
    giant = connection.execute(
        f"""
        select
            l.enterprise_id, count(*) as records, count(distinct s.name_key) as names,
            rule.cluster_records_max, rule.cluster_names_max,
            min(l.method), min(s.own_code), min(s.name), max(s.name)
        from {among}link as l
        inner join {among}source_record as s on l.feed = s.feed and l.source_key = s.source_key
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
            next_step="see whether one code or name belongs to many firms; correct the feed, judge the records "
            "different in transforms/judgements.csv, or raise the size in transforms/rules/resolution.yml",
        )
