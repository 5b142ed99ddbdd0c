"""Links two tables in files, with the comparison that the night uses: what to try before a new silo is adopted."""

from __future__ import annotations

import codecs
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import yaml

from transforms.matching.engine import check_given, compare, make, read_addresses, read_names
from transforms.resolution import codes
from transforms.resolution.addresses import address_keys
from transforms.resolution.names import name_forms
from warehouse.connection import quote
from warehouse.declared import read_yaml
from warehouse.errors import DeclarationError, ParkBridgeError
from warehouse.models import load_rules

RULES = Path(__file__).parents[1] / "rules"
ROLES = ("id", "code", "name", "short_name", "former_name", "address", "city", "industry")
NAME_ROLES = ("name", "short_name", "former_name")
DECISIONS = ("matched", "review", "none")


@dataclass(frozen=True)
class Columns:
    """Which columns of one table play which role; several may play one. `id` names at most one."""

    roles: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, *roles: str) -> list[tuple[str, str]]:
        """(role, column) of the given roles."""
        return [(role, column) for role in roles for column in self.roles.get(role, ())]


@dataclass(frozen=True)
class Matched:
    """What came of linking two files."""

    left_rows: int
    right_rows: int
    decisions: dict[str, int]
    out: Path


def match_files(left: Path, right: Path, out: Path, mapping: Path | None = None) -> Matched:
    """Find for every row of `left` the row of `right` that is the same enterprise, and write one row per left row.

    Args:
        left: CSV (UTF-8 or GB18030, with a header) or Parquet.
        right: The known enterprises, likewise.
        out: .csv or .parquet: left_id, decision (matched: sure; review: a person should look; none), right_id, right_name,
            score (0 to 1), method (code, org_code, name, scored), evidence, runner_up_id, runner_up_name, runner_up_score.
        mapping: YAML with `left` and `right`, each {role: column or list of columns}; roles as in ROLES. Without it
            columns are taken that are named like the roles.

    Raises:
        DeclarationError: The mapping names a role or a column that does not exist.
        ParkBridgeError: A file cannot be read or written.
    """
    if out.suffix.lower() not in (".csv", ".parquet"):
        raise ParkBridgeError(
            str(out), f"{out.suffix or 'no suffix'} is no format", next_step="end it in .csv or .parquet"
        )
    with tempfile.TemporaryDirectory(prefix="parkbridge-match-") as spill, duckdb.connect() as connection:
        connection.execute("set preserve_insertion_order = false")
        # what does not fit goes to the temporary folder; Python's own comes on top
        connection.execute("set memory_limit = '2GB'")
        connection.execute("set temp_directory = ?", [spill])
        load_rules(connection, RULES)
        declared = _read_mapping(mapping)
        rows = {}
        for side, path in (("left", left), ("right", right)):
            _open(connection, side, path, Path(spill))
            columns = _columns(connection, side, path, mapping, declared.get(side))
            rows[side] = _identities(connection, side, columns)
            _state(connection, side, columns)
        for step in ("exact_code", "exact_name", "decided_exactly"):
            make(connection, step)
        read_addresses(connection)
        make(connection, "name_elsewhere")
        connection.execute(
            "update decided_exactly set is_open = true where left_id in (select left_id from name_elsewhere)"
        )
        for part in ("stated_name", "address", "industry"):
            connection.execute(
                f"delete from left_{part} where id not in (select left_id from decided_exactly where is_open)"
            )
        # a code that some enterprise has says nothing more about the others
        connection.execute("delete from left_code where id in (select left_id from exact_code)")
        connection.execute(
            "create or replace temp table given_pair as "
            "select left_id, code_right_id as right_id from decided_exactly where is_open and code_right_id is not null"
        )
        connection.execute("create or replace temp table left_keyed (id bigint)")
        read_names(connection)
        check_given(connection)
        compare(connection)
        make(connection, "file_pair")
        _write(connection, out)
        found = dict(connection.execute("select decision, count(*) from file_pair group by decision").fetchall())
    return Matched(rows["left"], rows["right"], {decision: found.get(decision, 0) for decision in DECISIONS}, out)


def _read_mapping(mapping: Path | None) -> dict[str, dict[str, Any]]:
    if mapping is None:
        return {}
    try:
        raw = read_yaml(mapping.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        fact = " ".join(str(error).split())
        raise ParkBridgeError(str(mapping), f"it cannot be read: {fact}", next_step="fix the file") from None
    if (
        not isinstance(raw, dict)
        or not set(raw) <= {"left", "right"}
        or not all(isinstance(v, dict) for v in raw.values())
    ):
        raise DeclarationError(
            str(mapping),
            "it is not {left: {role: column}, right: {role: column}}",
            next_step="write it as docs/matching.md",
        )
    return raw


def _open(connection: duckdb.DuckDBPyConnection, side: str, path: Path, spill: Path) -> None:
    """Make view <side>_file, all columns as text."""
    if not path.is_file():
        raise ParkBridgeError(str(path), "there is no such file", next_step="name a CSV or Parquet file")
    if path.suffix.lower() == ".parquet":
        source, given = "read_parquet(?)", path
    else:
        source = "read_csv(?, all_varchar = true, header = true, null_padding = false, strict_mode = true)"
        given = _as_utf8(path, spill / f"{side}.csv")
    try:
        connection.execute(f"create or replace temp table {side}_file as select * from {source}", [str(given)])
    except duckdb.Error as error:
        fact = str(error).splitlines()[0]
        raise ParkBridgeError(str(path), f"it cannot be read: {fact}", next_step="fix the file") from None


def _as_utf8(path: Path, copy: Path) -> Path:
    """The file itself where it is UTF-8, else a copy of it decoded from GB18030."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            decoder = codecs.getincrementaldecoder(encoding)(errors="strict")
            with path.open("rb") as source, copy.open("w", encoding="utf-8", newline="") as target:
                while block := source.read(1 << 20):
                    target.write(decoder.decode(block))
                target.write(decoder.decode(b"", final=True))
        except UnicodeDecodeError:
            continue
        return copy
    raise ParkBridgeError(str(path), "it is neither UTF-8 nor GB18030", next_step="save it as UTF-8")


def _columns(
    connection: duckdb.DuckDBPyConnection, side: str, path: Path, mapping: Path | None, declared: dict[str, Any] | None
) -> Columns:
    there = [row[0] for row in connection.execute(f"describe {side}_file").fetchall()]
    if declared is None:
        chosen: dict[str, tuple[str, ...]] = {role: (role,) for role in ROLES if role in there}
    else:
        where = f"{mapping} {side}"
        if unknown := sorted(set(declared) - set(ROLES)):
            raise DeclarationError(where, f"{', '.join(unknown)} is no role", next_step=f"use {', '.join(ROLES)}")
        chosen = {
            role: tuple(str(name) for name in (given if isinstance(given, list) else [given]))
            for role, given in declared.items()
            if given is not None
        }
        if missing := sorted({name for names in chosen.values() for name in names} - set(there)):
            raise DeclarationError(
                where, f"{path.name} has no column {', '.join(missing)}", next_step=f"it has {', '.join(there)}"
            )
    if not any(role in chosen for role in ("code", *NAME_ROLES)):
        raise DeclarationError(
            f"{mapping or path.name} {side}",
            "neither a code nor a name is mapped",
            next_step="name a column for code, name, short_name or former_name",
        )
    if len(chosen.get("id", ())) > 1:
        raise DeclarationError(f"{mapping} {side}", "id names several columns", next_step="name one")
    return Columns(chosen)


def _identities(connection: duckdb.DuckDBPyConnection, side: str, columns: Columns) -> int:
    """Make <side>_row (row_no, shown_id, identity) and <side>_identity: each distinct identity is compared once."""
    used = list(dict.fromkeys(name for _, name in columns.of(*ROLES[1:])))
    stated = ", ".join(f"cast({quote(name)} as varchar) as {quote(name)}" for name in used)
    shown = f"cast({quote(columns.roles['id'][0])} as varchar)" if "id" in columns.roles else "cast(row_no as varchar)"
    named = [quote(name) for _, name in columns.of(*NAME_ROLES)]
    connection.execute(
        f"""
        create or replace temp table {side}_row as
        select row_no, {shown} as shown_id, {stated}
        from (select row_number() over () as row_no, * from {side}_file)
        """
    )
    connection.execute(f"drop table {side}_file")
    grouped = ", ".join(quote(name) for name in used)
    shown_name = f"coalesce({', '.join(named)})" if named else "cast(null as varchar)"
    connection.execute(
        f"""
        create or replace temp table {side}_identity as
        select
            row_number() over (order by min(row_no)) as id, {grouped}, min(row_no) as row_no,
            min_by(shown_id, row_no) as shown_id, {shown_name} as shown_name
        from {side}_row group by {grouped}
        """
    )
    same = " and ".join(f"r.{quote(name)} is not distinct from i.{quote(name)}" for name in used)
    connection.execute(
        f"create or replace temp table {side}_row as select r.row_no, r.shown_id, i.id from {side}_row as r "
        f"inner join {side}_identity as i on {same}"
    )
    counted = connection.execute(f"select count(*) from {side}_row").fetchone()
    return int(counted[0]) if counted else 0


def _state(connection: duckdb.DuckDBPyConnection, side: str, columns: Columns) -> None:
    """Make <side>_stated_name, _stated_address, _code and _industry as engine.compare wants them, keys and checks added."""
    names = _texts(connection, side, columns, *NAME_ROLES)
    forms = name_forms(names["text"])
    _register(
        connection,
        f"{side}_stated_name",
        {
            "id": names["id"],
            "role": names["role"],
            **{column: forms[column] for column in forms.column_names},
        },
        "select distinct id, name_key, bare_key, bracketed, role = 'short_name' as is_short from rows_of_table where name_key is not null",
    )
    addresses = _texts(connection, side, columns, "address")
    cities = _texts(connection, side, columns, "city", is_joined=True)
    _register(
        connection,
        f"{side}_stated_address",
        {
            "id": pa.chunked_array([*addresses["id"].chunks, *cities["id"].chunks], pa.int64()),
            "address_key": pa.chunked_array([address_keys(addresses["text"]), address_keys(cities["text"])]),
        },
        "select distinct id, address_key, cast(null as varchar) as building from rows_of_table where address_key is not null",
    )
    stated = _texts(connection, side, columns, "code")
    code = codes.normalised(stated["text"])
    org_code = codes.org_code_of(code)
    _register(
        connection,
        f"{side}_code",
        {
            "id": stated["id"],
            "code": code,
            "is_valid": pa.array(codes.uscc_holds(code) | codes.registration_no_holds(code)),
            "org_code": org_code,
            "is_org_code": pa.array(codes.org_code_holds(org_code)),
        },
        "select distinct id, code, is_valid, case when is_org_code then org_code end as org_code "
        "from rows_of_table where code is not null",
    )
    industries = _texts(connection, side, columns, "industry")
    _register(
        connection,
        f"{side}_industry",
        {"id": industries["id"], "industry": industries["text"]},
        "select distinct id, upper(trim(industry)) as industry from rows_of_table where trim(industry) <> ''",
    )


def _texts(
    connection: duckdb.DuckDBPyConnection, side: str, columns: Columns, *roles: str, is_joined: bool = False
) -> pa.Table:
    """Columns id, role and text of all that plays these roles; joined: the columns of a role one after the other."""
    used = columns.of(*roles)
    if is_joined and used:
        text = ", ".join(quote(name) for _, name in used)
        pieces = [f"select id, '{roles[0]}' as role, concat({text}) as text from {side}_identity"]
    else:
        pieces = [f"select id, '{role}' as role, {quote(name)} as text from {side}_identity" for role, name in used]
    nothing = (
        "select cast(null as bigint) as id, cast(null as varchar) as role, cast(null as varchar) as text where false"
    )
    return connection.execute(" union all ".join([*pieces, nothing])).to_arrow_table()


def _register(connection: duckdb.DuckDBPyConnection, table: str, columns: dict[str, Any], query: str) -> None:
    connection.register("rows_of_table", pa.table(columns))
    connection.execute(f"create or replace temp table {table} as {query}")
    connection.unregister("rows_of_table")


def _write(connection: duckdb.DuckDBPyConnection, out: Path) -> None:
    form = "format parquet" if out.suffix.lower() == ".parquet" else "format csv, header"
    part = out.with_name(f"{out.name}.part")
    try:
        connection.execute(
            f"copy (select * exclude (row_no) from file_pair order by row_no) to '{str(part).replace(chr(39), chr(39) * 2)}' ({form})"
        )
        part.replace(out)
    except (duckdb.Error, OSError) as error:
        part.unlink(missing_ok=True)
        fact = str(error).splitlines()[0]
        raise ParkBridgeError(
            str(out), f"it cannot be written: {fact}", next_step="name a folder that exists"
        ) from None
