"""Names of firms that may be a person's: held back from what is published until somebody says that they are firms.

An office writes 张伟 where the tenant's name belongs. Suspected is, of a register's or a bureau's current rows, a name of two to four
characters that begins with a family name (warehouse/person.yml), holds no word of a firm, comes without a credit code, and is no
part of any longer name that the park knows: 华星 is, of 杭州华星科技有限公司. Matching uses such names as all others; readers get a
note with a mark in their place (warehouse/published_file.py).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from warehouse.durable import put
from warehouse.errors import ParkBridgeError
from warehouse.people import FIRM_NAMES_FILE, back_up_file, hold_to_copy
from warehouse.persons import firm_words, is_name, mark_of
from warehouse.settings import Settings
from warehouse.subjects import subjects
from warehouse.text import shown

_SHAPE = r"^\p{Han}{2,4}$"
_COLUMNS = ("name", "who", "why", "at")


@dataclass(frozen=True)
class Suspected:
    """A name, the feed that says it, and how many of its records."""

    name: str
    feed: str
    records: int


def suspected(connection: duckdb.DuckDBPyConnection, settings: Settings) -> list[Suspected]:
    """The names that are held, by feed, the most frequent first."""
    firms = firm_names(settings)
    there = {
        str(name)
        for (name,) in connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'staged' and database_name = current_database()"
        ).fetchall()
    }
    rows = []
    for subject in subjects().values():
        if "enterprise_name" in subject.columns and subject.name in there:
            code = "uscc" if "uscc" in subject.columns else "null"
            key = "source_key" if "source_key" in subject.columns else "enterprise_name"
            rows.append(
                f"select enterprise_name as name, feed, {key}::varchar as record, {code} as uscc from staged.{subject.name} "
                "where superseded_at is null"
            )
    if not rows:
        return []
    found = connection.execute(
        f"with stated as materialized ({' union all '.join(rows)}), "
        "long_name as (select distinct name from stated where length(name) > 4), "
        "short_name as (select name, feed, count(distinct record) as records from stated "
        f"where regexp_matches(name, '{_SHAPE}') group by all), "
        "coded as (select distinct name from stated where uscc is not null) "
        "select name, feed, records from short_name where name not in (select name from coded) "
        "and not exists (select 1 from long_name as l where contains(l.name, short_name.name)) order by records desc, feed, name"
    ).fetchall()
    return [Suspected(*row) for row in found if row[0] not in firms and is_suspected(row[0])]


def is_suspected(name: str) -> bool:
    """Whether a name has the shape of a person's and no word of a firm."""
    return is_name(name) and not any(word in name for word in firm_words())


def firm_names(settings: Settings) -> set[str]:
    """The names that somebody has said are firms'.

    Raises:
        ParkBridgeError: The file cannot be read, or it is gone and the backup has it.
    """
    path = hold_to_copy(settings, FIRM_NAMES_FILE)
    return read_firm_names(path) if path.exists() else set()


def back_up(settings: Settings) -> int:
    """Copy firm_names.csv into the backup; returns how many names it has.

    Raises:
        ParkBridgeError: The file cannot be read, or it is gone although the backup has it.
    """
    return back_up_file(settings, FIRM_NAMES_FILE, read_firm_names)


def read_firm_names(path: Path) -> set[str]:
    """The names of one such file.

    Raises:
        ParkBridgeError: It cannot be read.
    """
    try:
        with path.open(encoding="utf-8", newline="") as opened:
            lines = csv.DictReader(opened)
            if "name" not in (lines.fieldnames or ()):
                raise csv.Error("it has no column name")
            return {row["name"] for row in lines}
    except (OSError, UnicodeError, csv.Error) as error:
        raise ParkBridgeError(
            str(path), f"it cannot be read: {error}", next_step=f"correct it: a header {','.join(_COLUMNS)} and lines"
        ) from None


def say_firm(settings: Settings, name: str, *, who: str, why: str) -> None:
    """Keep that a name is a firm's: the next night shows it."""
    if not who.strip() or not why.strip():
        raise ParkBridgeError("names", "who says so and why is missing", next_step="give --who and --why")
    path = hold_to_copy(settings, FIRM_NAMES_FILE)
    before: list[dict[str, str]] = []
    if path.exists():
        with path.open(encoding="utf-8", newline="") as opened:
            before = list(csv.DictReader(opened))
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8", newline="") as opened:
        part.chmod(0o600)
        writer = csv.DictWriter(opened, _COLUMNS)
        writer.writeheader()
        at = datetime.now(UTC).isoformat(timespec="seconds")
        writer.writerows([*before, {"name": name, "who": who.strip(), "why": why.strip(), "at": at}])
    put(part, path)


def holder(names: set[str], key: str) -> tuple[str, Callable[[str], str]]:
    """A pattern (RE2) of texts with one of these names on its own, and what puts a note in its place."""
    listed = "|".join(re.escape(name) for name in sorted(names))
    han = r"[\u4e00-\u9fff]"
    alone = re.compile(f"(?<!{han})(?:{listed})(?!{han})")
    return (
        rf"(?:^|\P{{Han}})(?:{listed})(?:$|\P{{Han}})",
        lambda text: alone.sub(lambda m: f"[name held {mark_of(m[0], key)}]", text),
    )


def in_words(names: list[Suspected]) -> list[str]:
    """The list for a terminal."""
    if not names:
        return ["No name is held."]
    return [
        *(f"{shown(n.name)}  {n.feed}, {n.records:,} {'record' if n.records == 1 else 'records'}" for n in names),
        f"{len({n.name for n in names})} names may be persons' and are held. A firm: `parkbridge names --firm NAME --why …`; a person: "
        "leave it, and ask the office for the firm's name",
    ]
