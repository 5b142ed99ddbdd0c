"""Who reads what of an edition in PostgreSQL: everything, or the rows of some buildings, by roles and row-level security."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import yaml
from psycopg import errors

from warehouse.connection import literal, quote
from warehouse.errors import DeclarationError
from warehouse.postgres_tables import CODES, IDS, NEXT, Column, ServeError, Table, create, query, run

# Names of another enterprise, beside the row's own: 对方企业名称, candidate_enterprise_name
_OTHER_NAME = re.compile(r"(?P<prefix>.+?_?)(enterprise_name|企业名称|企业代码|企业简称)")
_EVERYBODY = (("ops", "night"), ("ops", "edition"))
ENTERPRISE_BUILDING = Table(
    "ops",
    "enterprise_building",
    "one row is: one building with a group that may see this enterprise\n一行是：一家企业及可查看该企业的楼栋",
    (
        Column("enterprise_id", "VARCHAR", "The enterprise | 企业编号"),
        Column("building_code", "VARCHAR", "The building | 楼栋编号"),
    ),
)


@dataclass(frozen=True)
class Audience:
    """Who may read: roles without a login; logins become members of them.

    Attributes:
        prefix: `parkbridge` makes parkbridge_reader and parkbridge_<group>.
        groups: Building codes by group; none is the default.
        has_roles: False: no role is made or granted anything.
    """

    prefix: str = "parkbridge"
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    has_roles: bool = True

    @property
    def reader(self) -> str:
        """The role that reads everything."""
        return f"{self.prefix}_reader"

    def role(self, group: str) -> str:
        """The role of a building group."""
        return f"{self.prefix}_{group}"

    @property
    def roles(self) -> list[str]:
        """All of them."""
        return [self.reader, *map(self.role, self.groups)]


def read_groups(path: Path) -> dict[str, list[str]]:
    """Read a policy file: building codes by group, `east: [B00001, B00002]`.

    Raises:
        DeclarationError: It is not that.
    """
    step = "write a group's name and the codes of its buildings, as in `east: [B00001, B00002]`"
    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise DeclarationError(str(path), f"it cannot be read: {error.strerror}", next_step="check the path") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DeclarationError(str(path), f"not valid YAML: {' '.join(str(error).split())}", next_step=step) from None
    if not isinstance(found, dict) or not found:
        raise DeclarationError(str(path), "it names no group", next_step=step)
    for group, codes in found.items():
        if not isinstance(group, str) or group == "reader":
            raise DeclarationError(
                str(path), f"{group!r} cannot be a group's name", next_step="choose another name, in quotes"
            )
        if not isinstance(codes, list) or not codes or not all(isinstance(code, str) for code in codes):
            raise DeclarationError(f"{path}, {group}", "not a list of building codes, each a text", next_step=step)
    return found


def hold_to_buildings(park: duckdb.DuckDBPyConnection, tables: Sequence[Table], audience: Audience) -> None:
    """A building that is not there is a typing error, and its group would silently see nothing."""
    if not audience.groups:
        return
    known = {(table.schema, table.name) for table in tables}
    for needed in (("monthly", "building"), ("monthly", "lease_building"), ("snapshots", "enterprise_label")):
        if needed not in known:
            raise ServeError(
                ".".join(needed), "the file has no such table; groups need it", next_step="serve without --policy"
            )
    codes = {code for (code,) in park.execute("select building_code from monthly.building").fetchall()}
    for group, wanted in audience.groups.items():
        if unknown := sorted(set(wanted) - codes):
            raise ServeError(
                f"group {group!r}",
                f"there is no building {', '.join(map(repr, unknown))}",
                allowed=", ".join(sorted(codes)),
                next_step="correct the policy file",
            )


def make_roles(connection: psycopg.Connection[Any], audience: Audience) -> None:
    """Make the roles that are not there; one that would read more than it should is refused.

    Raises:
        ServeError: A role of that name is above row-level security, or may not be made.
    """
    wanted = audience.roles
    found = query(
        connection,
        "select rolname::text, rolsuper or rolbypassrls from pg_roles where rolname::text = any(%s)",
        [wanted],
    )
    for name, is_above in found:
        if is_above:
            raise ServeError(
                f"role {name!r}", "it passes over row-level security", next_step="choose another --role-prefix"
            )
    missing = [name for name in wanted if name not in {name for name, _ in found}]
    sql = "; ".join(f"create role {quote(name)} nologin" for name in missing)
    try:
        with connection.transaction():
            run(connection, [sql] if sql else [])
    except errors.InsufficientPrivilege:
        raise ServeError(
            f"role {missing[0]!r}",
            f"it is not there, and login {connection.info.user!r} may not create roles",
            next_step=f"let an administrator run: {sql}; or use --no-roles",
        ) from None
    for group in map(audience.role, audience.groups):
        if query(connection, "select pg_has_role(%s::name, %s::name, 'member')", [group, audience.reader])[0][0]:
            raise ServeError(
                f"role {group!r}",
                f"it is a member of {audience.reader!r}, which reads every building",
                next_step=f"let an administrator run: revoke {quote(audience.reader)} from {quote(group)}",
            )


def note_buildings(connection: psycopg.Connection[Any], park: duckdb.DuckDBPyConnection) -> None:
    """The building that every view shows for an enterprise, and those in which it rents in the latest month."""
    found = park.execute(
        "select enterprise_id, building_code from snapshots.enterprise_label where building_code is not null union "
        "select enterprise_id, building_code from monthly.lease_building "
        "where month = (select max(month) from monthly.lease_building) and leased_area_m2 > 0 "
        "and enterprise_id is not null and building_code is not null order by all"
    ).fetchall()
    run(connection, [create(ENTERPRISE_BUILDING)])
    with (
        connection.cursor() as cursor,
        cursor.copy(f"copy {ENTERPRISE_BUILDING.target} from stdin".encode()) as target,
    ):
        for row in found:
            target.write_row(row)


def grants(tables: Sequence[Table], audience: Audience) -> list[str]:
    """Everything to the reader; to a building group only rows that are provably of its buildings."""
    reader, groups = quote(audience.reader), {quote(audience.role(g)): codes for g, codes in audience.groups.items()}
    everybody = ", ".join([reader, *groups])
    lines = [
        f"grant usage on schema {quote(NEXT + schema)} to {everybody}"
        for schema in dict.fromkeys(table.schema for table in tables)
    ]
    for table in tables:
        lines.append(f"grant select on {table.target} to {reader}")
        if not groups:
            continue
        lines.append(f"alter table {table.target} enable row level security")
        lines.append(f"create policy reader on {table.target} for select to {reader} using (true)")
        for role, codes in groups.items():
            if condition := _condition(table, codes):
                lines.append(f"grant select on {table.target} to {role}")
                lines.append(f"create policy {role} on {table.target} for select to {role} using ({condition})")
    return lines


def _condition(table: Table, codes: Sequence[str]) -> str | None:
    """Which rows of a table are of some buildings; None where its rows cannot be divided by building.

    Another enterprise of the row (a successor, a candidate) must be of these buildings too. Where the row has only its
    name, which is of no building, the row stays hidden.
    """
    if (table.schema, table.name) in _EVERYBODY:
        return "true"
    ids = [name for name in table.names if name.endswith(IDS)]
    others = [
        name
        for name in table.names
        if (found := _OTHER_NAME.fullmatch(name)) and not {found["prefix"] + end for end in IDS} & set(ids)
    ]
    listed = ", ".join(map(literal, codes))
    building = table.first_of(CODES)
    if building is None and not ids:
        return None
    # read with the rights of who asks: the group's own policy on that table leaves only its buildings
    seen = f"(select e.enterprise_id from {ENTERPRISE_BUILDING.target} as e)"
    terms = []
    if building:
        terms.append(f"{quote(building)} in ({listed})")
        ids = [name for name in ids if name not in IDS]
    else:
        terms.append(f"coalesce({', '.join(map(quote, ids))}) is not null")
    terms += [f"({quote(name)} is null or {quote(name)} in {seen})" for name in ids]
    terms += [f"{quote(name)} is null" for name in others]
    return " and ".join(terms)
