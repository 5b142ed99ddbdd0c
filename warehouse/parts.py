"""Make the layers behind the resolution in parts.

A model with `rebuild: by_enterprise` in its header makes every row from rows of the same enterprise, and from tables without an
enterprise.

Two uses. A large park is made in slices, so many enterprises at a time, and takes no more memory than a slice needs (also
of a model with `rebuild: nightly`: its rows change with the night's date, so that all are made every night). And a
night remakes only the rows of enterprises with new data, with the same result as a full rebuild: facts
received or superseded since the night before, other links, another record in the register. Models without it are made
whole; what changes in one of them is remade in those that read it. Whatever cannot be attributed to enterprises is made whole.

ops.built notes per table what is built. A night killed between two tables leaves its enterprises in ops.touched; the next one
remakes them.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import duckdb

from warehouse.connection import literal, quote, the_row, transaction
from warehouse.kinds import declared_kinds
from warehouse.models import Model, make, read_folder, read_layers
from warehouse.subjects import subjects

# DuckDB keeps, as it seems, some 8 bytes in memory that it cannot spill for every row of a table that rows were deleted from
# here and there (decision 0017); beyond this share of its memory tables are written anew without the rows instead
DELETE_MEMORY_SHARE, BYTES_PER_ROW = 0.4, 8
_IS_TOUCHED = "enterprise_id in (select enterprise_id from ops.touched)"
# temporary tables with the rows of the enterprises in ops.touched: of what nearly every model joins, and of remade models,
# so that a table of millions is not read through again by everyone that reads it
_KEPT = "touched of "
_READ_BY_MOST = ("resolved.link", "resolved.enterprise")
_READS = re.compile(r"\b(from|join) ((?:resolved|monthly|signals|industry|snapshots)\.\w+)\b")
_DIGEST = """
    select enterprise_id, sum(digest) as digest
    from (
        select enterprise_id, hash(l)::hugeint as digest from resolved.link as l
        union all
        select enterprise_id, hash(e)::hugeint as digest from resolved.enterprise as e
    )
    where enterprise_id is not null
    group by enterprise_id
"""


class Limits(NamedTuple):
    """How much is made at a time: transforms/rules/rebuild.yml."""

    touched_share_max: float
    slice_enterprises: int
    large_slice_enterprises: int


@dataclass(frozen=True)
class Made:
    """One model of one night: whether all of it was made, or only the rows of the enterprises touched, and its CPU."""

    table: str
    is_whole: bool
    cpu_seconds: float


def limits(connection: duckdb.DuckDBPyConnection) -> Limits:
    """The limits of the rules that the resolution has loaded."""
    (row,) = connection.execute(f"select {', '.join(Limits._fields)} from rules.rebuild").fetchall()
    return Limits(*row)


def is_by_enterprise(model: Model) -> bool:
    """Whether every row of the model follows from rows of its own enterprise."""
    return model.header.get("rebuild") == "by_enterprise"


def begin(connection: duckdb.DuckDBPyConnection, layers: Path) -> int | None:
    """Find out of which enterprises something is new since the last night that was made to its end.

    Args:
        connection: The writer's, with ops.night set and the resolution of that night done.
        layers: The folder of the layers, transforms/.

    Returns:
        How many enterprises are touched; None where all must be made.
    """
    fingerprint = _fingerprint(layers) + declared_kinds(connection)
    found = connection.execute(
        "select m.as_of, n.as_of from ops.measured as m, ops.night as n where m.fingerprint = ? and m.as_of <= n.as_of",
        [fingerprint],
    ).fetchone()
    is_whole = found is None
    _forget_rows(connection)
    if found is not None:
        _touch_received(connection, *found)
        touched, known = the_row(
            connection, "select (select count(*) from ops.touched), (select count(*) from ops.measured_enterprise)"
        )
        is_whole = touched > limits(connection).touched_share_max * known
    if is_whole:
        for table in ("touched", "remade", "built"):
            connection.execute(f"delete from ops.{table}")
        return None
    return int(touched)


def build_night(connection: duckdb.DuckDBPyConnection, folder: Path, only: Container[str] | None = None) -> list[Made]:
    """Bring a folder's models to tonight, after `begin`: in parts where that is possible, else whole.

    Args:
        connection: The writer's.
        folder: transforms/<n>_<schema>/.
        only: The tables to make; all by default.
    """
    in_parts = [model for model in read_layers(folder.parent) if is_by_enterprise(model)]
    needed = {read for model in in_parts for read in model.reads}
    put = _put_by_deleting if _deletes_fit(connection, in_parts) else _put_by_writing_anew
    built, remade = _tables(connection, "built"), _tables(connection, "remade")
    made = []
    for model in read_folder(folder):
        if only is not None and model.table not in only:
            continue
        cpu = time.process_time()
        reads_remade = not remade.isdisjoint(model.reads)
        is_built = model.table in built
        if is_built:  # from here on the table is between two states
            connection.execute("delete from ops.built where table_name = ?", [model.table])
        is_whole = not is_by_enterprise(model) or reads_remade or not is_built or not _remake(connection, model, put)
        if is_whole and (is_by_enterprise(model) or not is_built):
            _make_whole(connection, model)
            connection.execute("insert into ops.remade values (?)", [model.table])
            remade.add(model.table)
        elif is_whole:
            with _noticing(connection, model, model.table in needed):
                _make_whole(connection, model)
            remade = _tables(connection, "remade")
        connection.execute("insert into ops.built values (?)", [model.table])
        made.append(Made(model.table, is_whole, time.process_time() - cpu))
    return made


def _tables(connection: duckdb.DuckDBPyConnection, kind: str) -> set[str]:
    """The tables that ops.built or ops.remade names."""
    return {table for (table,) in connection.execute(f"select table_name from ops.{kind}").fetchall()}


def finish(connection: duckdb.DuckDBPyConnection, layers: Path) -> None:
    """Note that all layers are as of tonight."""
    _forget_rows(connection)
    connection.execute("delete from ops.measured")
    connection.execute("delete from ops.touched")
    connection.execute("delete from ops.remade")
    connection.execute("delete from ops.measured_enterprise")
    connection.execute(f"insert into ops.measured_enterprise {_DIGEST}")
    connection.execute(
        "insert into ops.measured select as_of, ? from ops.night", [_fingerprint(layers) + declared_kinds(connection)]
    )


def _fingerprint(layers: Path) -> str:
    """What decides besides the records: models, rules, subjects, and the library that runs them."""
    digest = hashlib.sha256(duckdb.__version__.encode())
    here = Path(__file__).parent
    for path in (
        *sorted(layers.glob("[0-9]_*/*.sql")),
        *sorted((layers / "rules").glob("*.yml")),
        *sorted(here.glob("*.yml")),
        *sorted(here.glob("*.sql")),
        here / "kinds.py",
        Path(__file__),
    ):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _touch_received(connection: duckdb.DuckDBPyConnection, since: datetime, until: datetime) -> None:
    """Add to ops.touched the enterprises with rows received since, with other links or with another record in the register."""
    received = " union ".join(
        f"select feed, source_key from staged.{quote(subject.name)} where {clock} > $since and {clock} <= $until"
        for subject in subjects().values()
        if subject.is_matched
        for clock in ("received_at", "superseded_at")
    )
    connection.execute(
        f"""
        insert into ops.touched
        with received as ({received}),
        digest as ({_DIGEST})
        select l.enterprise_id from resolved.link as l semi join received using (feed, source_key)
        union
        select coalesce(d.enterprise_id, m.enterprise_id)
        from digest as d
        full outer join ops.measured_enterprise as m using (enterprise_id)
        where d.digest is distinct from m.digest
        except
        select enterprise_id from ops.touched
        """,
        {"since": since, "until": until},
    )


def _kept_rows(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """By table, the temporary table with its rows of the enterprises in ops.touched."""
    found = connection.execute(
        "select table_name from duckdb_tables() where temporary and starts_with(table_name, ?)", [_KEPT]
    ).fetchall()
    return {name.removeprefix(_KEPT): f"temp.{quote(name)}" for (name,) in found}


def _forget_rows(connection: duckdb.DuckDBPyConnection) -> None:
    """To be done whenever ops.touched names others."""
    for name in _kept_rows(connection).values():
        connection.execute(f"drop table {name}")


def _narrowed(
    connection: duckdb.DuckDBPyConnection, sql: str, condition: str, kept: Mapping[str, str] = MappingProxyType({})
) -> str:
    """The SELECT over rows that fulfil the condition alone, of every table that knows enterprises, or of what is kept of it."""

    def narrow(found: re.Match[str]) -> str:
        columns = connection.table(found[2]).columns
        if "enterprise_id" not in columns:
            return found[0]
        return f"{found[1]} (select * from {kept.get(found[2], found[2])} where {condition})"

    return _READS.sub(narrow, sql)


def _slices(connection: duckdb.DuckDBPyConnection, model: Model) -> list[str]:
    """Conditions on enterprise_id that cut the park into parts of about equal size, in order; one where it is small."""
    is_large = not is_by_enterprise(model) or any(read.startswith(("known.", "staged.")) for read in model.reads)
    (enterprises,) = the_row(connection, "select count(*) from resolved.enterprise")
    limit = limits(connection)
    parts = -(-enterprises // (limit.large_slice_enterprises if is_large else limit.slice_enterprises))
    if parts < 2:
        return ["true"]
    firsts = connection.execute(
        "select min(enterprise_id) from (select enterprise_id, ntile(?) over (order by enterprise_id) as part "
        "from resolved.enterprise) group by part order by part",
        [parts],
    ).fetchall()
    conditions = ["true"]
    for (first,) in firsts[1:]:
        conditions[-1] += f" and enterprise_id < {literal(first)}"
        conditions.append(f"enterprise_id >= {literal(first)}")
    return conditions


def _make_whole(connection: duckdb.DuckDBPyConnection, model: Model) -> None:
    slices = _slices(connection, model) if "rebuild" in model.header else ["true"]
    if len(slices) < 2:
        make(connection, model)
        return
    table = f"{model.schema}.{quote(model.name)}"
    connection.execute(f"create schema if not exists {model.schema}")
    for place, condition in enumerate(slices):
        verb = f"insert into {table} by name" if place else f"create or replace table {table} as"
        connection.execute(f"{verb} {_narrowed(connection, model.sql, condition)}")


def _deletes_fit(connection: duckdb.DuckDBPyConnection, models: list[Model]) -> bool:
    """Whether rows may be deleted from all these tables without running out of memory."""
    row = connection.execute(
        "select coalesce(sum(estimated_size), 0) * ? < ? * parse_formatted_bytes(current_setting('memory_limit')) "
        "from duckdb_tables() where concat(schema_name, '.', table_name) in (select unnest(?))",
        [BYTES_PER_ROW, DELETE_MEMORY_SHARE, [model.table for model in models]],
    ).fetchone()
    return row == (True,)


def _remake(
    connection: duckdb.DuckDBPyConnection, model: Model, put: Callable[[duckdb.DuckDBPyConnection, Model], None]
) -> bool:
    """Replace the rows of the enterprises in ops.touched; False where memory does not allow it: then nothing changes."""
    try:
        for table in set(_READ_BY_MOST) - set(_kept_rows(connection)):
            connection.execute(f"create temp table {quote(_KEPT + table)} as select * from {table} where {_IS_TOUCHED}")
        sql = _narrowed(connection, model.sql, _IS_TOUCHED, _kept_rows(connection))
        connection.execute(f"create or replace temp table made as {sql}")
        with transaction(connection):
            put(connection, model)
        connection.execute(f"alter table temp.made rename to {quote(_KEPT + model.table)}")
    except duckdb.OutOfMemoryException:
        # slices of all need less than a part of a very large park
        return False
    finally:
        connection.execute("drop table if exists temp.made")
    return True


def _put_by_deleting(connection: duckdb.DuckDBPyConnection, model: Model) -> None:
    table = f"{model.schema}.{quote(model.name)}"
    connection.execute(f"delete from {table} where {_IS_TOUCHED}")
    connection.execute(f"insert into {table} by name select * from made where {_IS_TOUCHED}")
    if "as_of" in connection.table(model.table).columns:
        connection.execute(f"update {table} set as_of = (select as_of from ops.night)")


def _put_by_writing_anew(connection: duckdb.DuckDBPyConnection, model: Model) -> None:
    table, fresh = f"{model.schema}.{quote(model.name)}", f"{model.schema}.{quote(model.name + ' fresh')}"
    tonight = (
        "replace ((select as_of from ops.night) as as_of)" if "as_of" in connection.table(model.table).columns else ""
    )
    connection.execute(
        f"create table {fresh} as select * {tonight} from {table} where not {_IS_TOUCHED} "
        f"union all by name select * from made where {_IS_TOUCHED}"
    )
    connection.execute(f"drop table {table}")
    connection.execute(f"alter table {fresh} rename to {quote(model.name)}")


@contextmanager
def _noticing(connection: duckdb.DuckDBPyConnection, model: Model, is_needed: bool) -> Iterator[None]:
    """Around making a model whole: touch the enterprises with other rows, or all that read it must be made whole."""
    if not is_needed:
        yield
        return
    table = f"{model.schema}.{quote(model.name)}"
    columns = [column for column in connection.table(f"{model.schema}.{model.name}").columns if column != "as_of"]
    listed = ", ".join(quote(column) for column in columns)
    connection.execute(f"create or replace temp table held as select {listed} from {table}")
    yield
    changed = (
        f"(select {listed} from held except all select {listed} from {table}) union all "
        f"(select {listed} from {table} except all select {listed} from held)"
    )
    if "enterprise_id" in columns:
        added = connection.execute(
            f"insert into ops.touched select distinct enterprise_id from ({changed}) where enterprise_id is not null "
            "except select enterprise_id from ops.touched"
        ).fetchone()
        if added != (0,):
            _forget_rows(connection)
    elif connection.execute(f"select 1 from ({changed}) limit 1").fetchone():
        connection.execute("insert into ops.remade values (?)", [model.table])
    connection.execute("drop table held")
