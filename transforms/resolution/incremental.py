"""Resolve only what can have changed since the last time; the result is row for row that of resolving everything.

1. received records of which staged.* has received or superseded a row since then.
2. part     tables of schema `resolved` are remade for a part of their rows, by the same SQL as ever. PARTS says by which
            columns tables are cut; `touched` holds the values of these for which something can have changed.
3. changed  the rows of a part that came out different, before and after. They alone touch what is made
            later: what comes out the same ends there.
4. near     most of what parts read lies near what changed: it is copied once (gather). Where a part needs more, it reads
            the whole tables.

A table that no part names is remade whole, and so is one that reads a table its part does not know. Nothing is resolved in
parts where the rules, the models or this code are others than the last time, where the night is an earlier one, or where
too much was received (rules/resolution.yml).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from graphlib import TopologicalSorter
from importlib.metadata import version
from pathlib import Path

import duckdb

from transforms.resolution.records import make_source_aliases, make_source_records
from warehouse.connection import quote, the_row
from warehouse.kinds import declared_kinds
from warehouse.models import Model
from warehouse.subjects import subjects

_TRANSFORMS = Path(__file__).parents[1]
_MADE_BY = (
    "resolution/*.py",
    "people_file.py",
    "2_resolved/*.sql",
    "matching/*",
    "rules/*.yml",
    "../warehouse/connection.py",
    "../warehouse/kinds.py",
    "../warehouse/model_macros.sql",
    "../warehouse/subjects.yml",
)


RECORD = ("feed", "source_key")
# large tables with rows of records, of which a neighbourhood is copied
NEAR = ("source_record", "source_alias", "record_anchor", "code_match", "link")


@dataclass(frozen=True)
class Read:
    """What a table that is read means for a part.

    `touches` selects the values of the cut for which changed rows of the table can change something; `needs` follows `from
    <table>` and says which of its rows are enough to remake the touched part (all of them, if empty).
    """

    touches: str
    needs: str = ""


@dataclass(frozen=True)
class Part:
    """Tables that are cut by the same columns and remade together, in order, and what they read besides each other.

    Of a table that is not compared all touched rows count as changed: cheaper where nothing dear is built on it.
    """

    by: tuple[str, ...]
    tables: tuple[str, ...]
    reads: Mapping[str, Read]
    compared: tuple[str, ...] = ()


def _name(table: str) -> str:
    return table.partition(".")[2]


def _of_records(table: str) -> dict[str, Read]:
    """Rows of the part's own records."""
    return {
        table: Read(
            f"select feed, source_key from changed_{_name(table)}", "semi join touched using (feed, source_key)"
        )
    }


def _through_link(table: str) -> dict[str, Read]:
    """Rows of the records of the part's enterprises."""
    return {
        table: Read(
            f"select enterprise_id from resolved.link semi join changed_{_name(table)} using (feed, source_key)",
            "semi join slice_link using (feed, source_key)",
        )
    }


def _of_other_records(column: str, changed: str) -> str:
    """A column of the records that changed there, but not in source_record itself."""
    return (
        f"select {column} from resolved.source_record semi join "
        f"(from {changed} anti join changed_source_record using (feed, source_key)) using (feed, source_key)"
    )


_CODES = "unnest([uscc, registration_no, org_code, stated_code]) as code"

_NAMES_OF_RECORDS = {
    "resolved.enterprise_name": Read(
        "select feed, source_key from resolved.source_record semi join changed_enterprise_name using (name_key)",
        "where name_key in (select name_key from slice_source_record)",
    )
}

PARTS = (
    Part(
        by=RECORD,
        tables=("resolved.record_anchor",),
        compared=("resolved.record_anchor",),
        reads=_of_records("resolved.source_record")
        | {
            "resolved.code_group": Read(
                "select feed, source_key from resolved.source_record semi join changed_code_group on own_code = code"
            )
        },
    ),
    Part(
        by=("code",),
        tables=("resolved.enterprise_code",),
        compared=("resolved.enterprise_code",),
        reads={
            "resolved.source_record": Read(
                f"select {_CODES} from changed_source_record",
                # whoever states a USCC has its organisation code too
                "where org_code in (from touched) or registration_no in (from touched) or stated_code in (from touched)",
            ),
            "resolved.record_anchor": Read(
                _of_other_records(_CODES, "changed_record_anchor"),
                "semi join slice_source_record using (feed, source_key)",
            ),
            "resolved.code_group": Read("select unnest([code, substr(code, 9, 9)]) as code from changed_code_group"),
        },
    ),
    Part(
        by=RECORD,
        tables=("resolved.code_match",),
        compared=("resolved.code_match",),
        reads=_of_records("resolved.source_record")
        | {
            "resolved.enterprise_code": Read(
                " union all ".join(
                    f"select feed, source_key from resolved.source_record semi join changed_enterprise_code on {code} = code"
                    for code in ("uscc", "registration_no", "org_code", "stated_code")
                ),
                f"where code in (select {_CODES} from slice_source_record)",
            )
        },
    ),
    Part(
        by=("name_key",),
        tables=("resolved.enterprise_name",),
        compared=("resolved.enterprise_name",),
        reads={
            "resolved.source_record": Read(
                "select name_key from changed_source_record", "semi join touched using (name_key)"
            ),
            "resolved.source_alias": Read(
                "select name_key from changed_source_alias", "semi join touched using (name_key)"
            ),
            "resolved.record_anchor": Read(
                _of_other_records("name_key", "changed_record_anchor"),
                "semi join slice_source_record using (feed, source_key)",
            ),
            "resolved.code_match": Read(
                _of_other_records("name_key", "changed_code_match")
                + " union all select name_key from resolved.source_alias semi join changed_code_match "
                "using (feed, source_key)",
                "semi join (select feed, source_key from slice_source_record "
                "union all select feed, source_key from slice_source_alias) using (feed, source_key)",
            ),
        },
    ),
    Part(
        by=RECORD,
        tables=("resolved.exact_match",),
        compared=("resolved.exact_match",),
        reads=_of_records("resolved.source_record")
        | _of_records("resolved.record_anchor")
        | _of_records("resolved.code_match")
        | _NAMES_OF_RECORDS,
    ),
    Part(
        by=RECORD,
        tables=("resolved.match_decision", "resolved.link"),
        compared=("resolved.link",),
        reads=_of_records("resolved.source_record")
        | _of_records("resolved.record_anchor")
        | _of_records("resolved.code_match")
        | _NAMES_OF_RECORDS
        | _of_records("resolved.exact_match")
        | _of_records("resolved.candidate")
        | _of_records("resolved.code_name_check")
        | {
            # a judgement looks at other records: whoever is judged, and all of an enterprise that is named, is in the part
            "resolved.judgement": Read(
                "select feed, source_key from changed_judgement union all "
                "select feed, source_key from resolved.judgement union all "
                "select other_feed, other_source_key from resolved.judgement union all "
                + " union all ".join(
                    f"select feed, source_key from resolved.{table} semi join resolved.judgement "
                    "on enterprise_id = other_enterprise_id"
                    for table in ("record_anchor", "link")
                ),
            ),
        },
    ),
    Part(
        by=("enterprise_id",),
        tables=("resolved.enterprise_value", "resolved.enterprise"),
        reads={
            "resolved.link": Read("select enterprise_id from changed_link", "semi join touched using (enterprise_id)"),
            "resolved.review_candidate": Read(
                "select enterprise_id from changed_review_candidate", "semi join touched using (enterprise_id)"
            ),
        }
        | _through_link("resolved.source_record")
        | _through_link("known.registration")
        | _through_link("known.registration_event"),
    ),
    Part(
        by=("former_enterprise_id",),
        tables=("resolved.enterprise_forward", "resolved.enterprise_split"),
        reads={
            "resolved.record_anchor": Read(
                "select enterprise_id from changed_record_anchor union all "
                "select enterprise_id from resolved.record_anchor semi join changed_link using (feed, source_key)",
                "semi join touched on enterprise_id = former_enterprise_id",
            ),
            "resolved.link": Read(
                "select enterprise_id from changed_link union all "
                "select enterprise_key(concat('record:', feed, '/', source_key)) from changed_link",
                "where (feed, source_key) in (select (feed, source_key) from slice_record_anchor) "
                "or (feed, source_key) in (select (feed, source_key) from changed_link) "
                "or enterprise_id in (from touched)",
            ),
            "resolved.code_group": Read("select enterprise_key(concat('code:', code)) from changed_code_group"),
        },
    ),
)


def fingerprint() -> str:
    """What decides besides the records: rules, models, code, and the libraries that spell names and run the SQL."""
    digest = hashlib.sha256(f"{duckdb.__version__} {version('opencc-python-reimplemented')}".encode())
    for path in sorted(path for pattern in _MADE_BY for path in _TRANSFORMS.glob(pattern) if path.is_file()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def last_resolved(connection: duckdb.DuckDBPyConnection) -> datetime | None:
    """The moment of which the tables of schema `resolved` are; None where they must be made from nothing."""
    connection.execute("create table if not exists ops.resolution (as_of timestamp, fingerprint varchar)")
    found = connection.execute(
        "select r.as_of from ops.resolution as r, ops.night as n where r.fingerprint = ? and r.as_of <= n.as_of",
        [fingerprint() + declared_kinds(connection)],
    ).fetchone()
    return found[0] if found else None


def forget(connection: duckdb.DuckDBPyConnection) -> None:
    """From here on the tables are between two states: whoever is killed now is followed by a whole resolve."""
    connection.execute("create or replace table ops.resolution (as_of timestamp, fingerprint varchar)")


def remember(connection: duckdb.DuckDBPyConnection) -> None:
    """Note that the tables are as of the night."""
    connection.execute(
        "insert into ops.resolution select as_of, ? from ops.night", [fingerprint() + declared_kinds(connection)]
    )


def find_received(connection: duckdb.DuckDBPyConnection, since: datetime) -> bool:
    """Make `received` and changed_<subject>; False where more was received than rules/resolution.yml allows for parts."""
    matched = [subject.name for subject in subjects().values() if subject.is_matched]
    both = " union all ".join(
        f"select '{name}' as subject, s.feed, s.source_key from staged.{quote(name)} as s, ops.night as n "
        f"where s.{clock} > ? and s.{clock} <= n.as_of"
        for name in matched
        for clock in ("received_at", "superseded_at")
    )
    connection.execute(
        f"create or replace temp table received as select distinct * from ({both})", [since] * 2 * len(matched)
    )
    for name in matched:
        connection.execute(
            f"create or replace temp view changed_{name} as select feed, source_key from received where subject = '{name}'"
        )
    (is_few,) = the_row(
        connection,
        "select (select count(*) from received) <= received_share_max * (select count(*) from resolved.source_record) "
        "from rules.resolution",
    )
    return bool(is_few)


def remake_records(connection: duckdb.DuckDBPyConnection) -> None:
    """Remake source_record and source_alias for what was received, and note what changed."""
    make_source_records(connection, only="received")
    connection.execute(
        "create or replace temp table touched as select feed, source_key from received union select feed, source_key from made"
    )
    replace_part(connection, ("resolved.source_record",), "made", RECORD, "resolved.source_record")
    make_source_aliases(connection, only="received")
    connection.execute("create or replace temp table touched as select distinct feed, source_key from received")
    replace_part(connection, ("resolved.source_alias",), "made", RECORD, "resolved.source_alias")


def steps(models: Iterable[Model]) -> Iterator[tuple[Part | None, list[Model]]]:
    """The models in an order in which they can be remade: those of a part together, others one by one."""
    of_part = {table: part for part in PARTS for table in part.tables}
    units: dict[str, list[Model]] = {}
    unit_of: dict[str, str] = {}
    for model in models:
        part = of_part.get(model.table)
        if part and _foreign_reads(model, part):
            part = None
        unit_of[model.table] = part.tables[0] if part else model.table
        units.setdefault(unit_of[model.table], []).append(model)
    graph = {
        unit: {unit_of[read] for model in members for read in model.reads if read in unit_of} - {unit}
        for unit, members in units.items()
    }
    for unit in TopologicalSorter(graph).static_order():
        part = of_part.get(unit)
        yield (part if part and not _foreign_reads(units[unit][0], part) else None), units[unit]


def _foreign_reads(model: Model, part: Part) -> set[str]:
    return {read for read in model.reads if not read.startswith("rules.")} - set(part.reads) - set(part.tables)


def gather(connection: duckdb.DuckDBPyConnection) -> None:
    """Copy the neighbourhood of what changed, so that the large tables are read through once and not for every part.

    `near` are the changed records, those that share a code or a name with them, those that judgements speak of, and all
    records of the enterprises that any of these are linked to; near_<table> are their rows.
    """
    connection.execute(
        f"""
        create or replace temp table near_code as
        select distinct code
        from (
            select {_CODES} from changed_source_record
            union all
            select unnest([code, substr(code, 9, 9)]) from changed_code_group
        )
        where code is not null
        """
    )
    bears_code = " union all ".join(
        f"select feed, source_key, name_key from resolved.source_record semi join near_code on {code} = code"
        for code in ("org_code", "registration_no", "stated_code")
    )
    connection.execute(
        f"""
        create or replace temp table near as
        with alike as (
            select feed, source_key, name_key from changed_source_record
            union all
            select feed, source_key, name_key from changed_source_alias
            union all
            {bears_code}
        ),
        judged as (
            from changed_judgement
            union
            from resolved.judgement
        ),
        named as (
            select feed, source_key from alike
            union
            select feed, source_key from judged
            union
            select other_feed, other_source_key from judged where other_feed is not null
            union
            select feed, source_key from resolved.record_anchor
            where enterprise_id in (select other_enterprise_id from judged)
            union
            select feed, source_key from resolved.source_record semi join alike using (name_key)
            union
            select feed, source_key from resolved.source_alias semi join alike using (name_key)
        ),
        enterprise as (
            select enterprise_id from resolved.link semi join named using (feed, source_key)
            union
            select other_enterprise_id from judged where other_enterprise_id is not null
        )
        select feed, source_key from named
        union
        select feed, source_key from resolved.link semi join enterprise using (enterprise_id)
        """
    )
    for table in NEAR:
        connection.execute(
            f"create or replace temp table near_{table} as from resolved.{table} semi join near using (feed, source_key)"
        )


def is_compared_anew(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether anything changed that candidates come from: a name, an address, a code, or what these decide by themselves.

    How rare a name or an address is depends on all that are known, so one new name can weigh on every other candidate.
    """
    (is_changed,) = the_row(
        connection,
        """
        select
            exists (from changed_exact_match)
            or exists (from changed_enterprise_name)
            or exists (from changed_enterprise_code)
            or exists (
                -- a row with the same identity before and after is there twice
                select 1 from changed_source_record
                group by feed, source_key, name, address, building_code, stated_code, code_check
                having count(*) <> 2
            )
        """,
    )
    return bool(is_changed)


def nothing_changed(connection: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> None:
    """changed_<table>, empty."""
    for table in tables:
        connection.execute(f"create or replace temp table changed_{_name(table)} as from {table} limit 0")


def _near(sql: str) -> str:
    return re.sub(rf"\bresolved\.({'|'.join(NEAR)})\b", r"near_\1", sql)


def _is_all_near(connection: duckdb.DuckDBPyConnection, part: Part, reads: Mapping[str, Read]) -> bool:
    """Whether every row that the touched part needs is near."""
    if part.by == RECORD:
        questions = ["select not exists (from touched anti join near using (feed, source_key))"]
    else:
        counts = [f"from {table} {read.needs}" for table, read in reads.items() if "touched" in read.needs]
        questions = [f"select (select count(*) {c}) = (select count(*) {_near(c)})" for c in counts if c != _near(c)]
    return all(connection.execute(question).fetchone() == (True,) for question in questions)


def remake(connection: duckdb.DuckDBPyConnection, part: Part, models: Sequence[Model], was_near: bool) -> bool:
    """Remake the rows of a part's tables that can have changed.

    Args:
        connection: The writer's.
        part: What is remade.
        models: The part's models, in order.
        was_near: All that changed so far tonight lies in the neighbourhood.

    Returns:
        Whether that still holds.
    """
    by = ", ".join(part.by)
    reads = {table: read for table, read in part.reads.items() if any(table in model.reads for model in models)}
    touches = " union all ".join(read.touches for read in reads.values())
    connection.execute(
        f"create or replace temp table touched as select distinct {by} from (select "
        f"null::varchar as {', null::varchar as '.join(part.by)} where false union all "
        f"{_near(touches) if was_near else touches}) where {part.by[0]} is not null"
    )
    is_near = _is_all_near(connection, part, reads)
    rows = {}
    for table, read in reads.items():
        if read.needs:
            rows[table] = f"slice_{_name(table)}"
            needed = f"select * from {table} {read.needs}"
            connection.execute(f"create or replace temp table {rows[table]} as {_near(needed) if is_near else needed}")
    for model in models:
        sql = re.sub(r"\b(?:resolved|known)\.\w+", lambda found: rows.get(found[0], found[0]), model.sql)
        rows[model.table] = f"made_{model.name}"
        connection.execute(
            f"create or replace temp table {rows[model.table]} as "
            f"with made as (\n{sql}\n) select * from made semi join touched using ({by})"
        )
        held = (_near(model.table) if is_near else model.table) if model.table in part.compared else None
        replace_part(connection, (model.table, _near(model.table)), rows[model.table], part.by, held)
    return was_near and is_near


def replace_part(
    connection: duckdb.DuckDBPyConnection, targets: tuple[str, ...], made: str, by: tuple[str, ...], held: str | None
) -> None:
    """Put `made` in the place of the rows of `touched`; changed_<table> are the rows that differ, before and after.

    Args:
        connection: The writer's.
        targets: The table, and its copy in the neighbourhood.
        made: The part of it as it is now.
        by: The columns by which it is cut.
        held: Where the part can be read as it was; not compared, if None: then all of it counts as changed.
    """
    table = targets[0]
    changed, cut = f"changed_{_name(table)}", ", ".join(by)
    if held is None:
        connection.execute(f"create or replace temp table {changed} as from touched")
        connection.execute(f"delete from {table} where ({cut}) in (select {cut} from touched)")
        connection.execute(f"insert into {table} from {made}")
        return
    connection.execute(f"create or replace temp table held as from {held} semi join touched using ({cut})")
    connection.execute(f"create or replace temp table lost as from held except all from {made}")
    connection.execute(f"create or replace temp table found as from {made} except all from held")
    connection.execute(f"create or replace temp table {changed} as from lost union all from found")
    for target in dict.fromkeys(targets):
        connection.execute(f"delete from {target} where ({cut}) in (select {cut} from lost)")
        connection.execute(
            f"insert into {target} select * from {made} semi join lost using ({cut}) "
            f"union all select * from found anti join lost using ({cut})"
        )


@contextmanager
def noticing(connection: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> Iterator[None]:
    """Around the making of whole tables: changed_<table> for those that a part reads."""
    read = [table for table in tables if any(table in part.reads for part in PARTS)]
    for table in read:
        connection.execute(f"create or replace temp table held_{_name(table)} as select * from {table}")
    yield
    for table in read:
        connection.execute(
            f"create or replace temp table changed_{_name(table)} as "
            f"(select * from held_{_name(table)} except all select * from {table}) union all "
            f"(select * from {table} except all select * from held_{_name(table)})"
        )
