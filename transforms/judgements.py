"""People's decisions (judgements.csv) and changes of code, followed through chains into two tables.

resolved.code_group     codes that are the same enterprise's, by a change of code or a judgement
resolved.judgement      judgements.csv, with what follows from it
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from transforms import codes
from warehouse.connection import quote
from warehouse.errors import DeclarationError

JUDGEMENTS = Path(__file__).with_name("judgements.csv")
JUDGEMENT_COLUMNS = ("left", "right", "decision", "who", "when", "why")


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
