"""What follows from people's decisions (judgement_file.py) and from changes of code, through chains.

resolved.code_group         codes that are the same enterprise's, by a change of code or a judgement
resolved.judgement          per record that somebody judged, what follows for it
resolved.judgement_finding  where judgements contradict each other, or speak of a record that is not there

`same` is transitive, `different` is not: if A is B and C is not A, then C is not B either, because A and B are one; but
from "A is not B" and "B is not C" nothing follows. A registered record, or an enterprise_id, says which enterprise a chain is.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from transforms.resolution import codes
from transforms.resolution.judgement_file import (
    JUDGEMENTS,
    Judgement,
    Pair,
    Standing,
    is_record,
    read_judgements,
    standing,
)
from warehouse.connection import quote
from warehouse.models import read_model

__all__ = ["JUDGEMENTS", "Judgement", "make_code_groups", "make_judgements", "read_judgements"]

ANCHORS = Path(__file__).parents[1] / "2_resolved" / "record_anchor.sql"


@dataclass(frozen=True)
class Said:
    """The judgements that hold, sorted by what they say. A pair said both ways at one moment is in `same` and `different`."""

    pairs: Mapping[Pair, Standing]
    same: tuple[Judgement, ...]
    different: tuple[Judgement, ...]
    unsure: tuple[Judgement, ...]


def _said(judged: Iterable[Judgement]) -> Said:
    pairs = standing(judged)
    lines = [j for said in pairs.values() for j in ([said.held] if said.held else said.against)]
    lines.sort(key=lambda j: (sorted(j.pair), j.decision))
    by = {kind: tuple(j for j in lines if j.decision == kind) for kind in ("same", "different", "unsure")}
    return Said(pairs, **by)


def clusters(pairs: Iterable[tuple[str, str]], apart: Iterable[tuple[str, str]] = ()) -> dict[str, str]:
    """For every name that occurs in a pair, the smallest name it is connected with. Cycles are no harm.

    Args:
        pairs: What is one, most trusted first.
        apart: What must not become one: a pair that would bring two such together is left out.
    """
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    kept_apart = list(apart)
    for left, right in pairs:
        first, second = sorted((root(left), root(right)))
        if all({root(a), root(b)} != {first, second} or first == second for a, b in kept_apart):
            parent[second] = first
    return {name: root(name) for name in parent}


def make_code_groups(connection: duckdb.DuckDBPyConnection, judged: list[Judgement]) -> None:
    """Make resolved.code_group: codes that belong to one enterprise, and the anchor, the earliest of them.

    Two codes belong together where the register records a change from one to the other, or where a person judged two
    registered records (or one and another's enterprise_id) the same. `different` between two keeps their codes apart, also
    where the register's changes lead from one to the other over others: the latest change on that road is not followed.
    """
    changes, known = _code_changes(connection)
    same, different = _judged_codes(connection, _said(judged), known)
    # people before the register, and the register's earlier changes before its later ones
    cluster_of = clusters([*same, *((before, after) for _, before, after in changes)], different)
    anchor: dict[str, str] = {}
    since: dict[str, str | None] = {}
    for when, before, after in (*changes, *((None, *pair) for pair in same)):
        anchor.setdefault(cluster_of[before], before)
        if cluster_of[before] == cluster_of[after]:
            since.setdefault(after, when)
        else:
            anchor.setdefault(cluster_of[after], after)
    sizes = Counter(cluster_of.values())
    names = sorted(name for name, cluster in cluster_of.items() if sizes[cluster] > 1)
    columns = {
        "code": names,
        "anchor_code": [anchor[cluster_of[name]] for name in names],
        "since_date": [since.get(name) for name in names],
    }
    table = {column: pa.array(values, pa.string()) for column, values in columns.items()}
    _replace_table(connection, "code_group", table | {"since_date": table["since_date"].cast(pa.date32())})


def _code_changes(connection: duckdb.DuckDBPyConnection) -> tuple[list[tuple[str, str, str]], set[str]]:
    """The register's changes between two codes that hold, earliest first: day, before, after; and every code that holds."""
    rows = connection.execute(
        """
        select e.event_date, e.before_text, coalesce(e.after_text, e.uscc)
        from known.registration_event as e
        where e.event_code = 'code_change' and e.before_text is not null
        order by all
        """
    ).fetchall()
    forms = codes.normalised(pa.array([text for _, *texts in rows for text in texts], pa.string()))
    holds = codes.uscc_holds(forms) | codes.registration_no_holds(forms)
    code = [value if hold else None for value, hold in zip(forms.to_pylist(), holds, strict=True)]
    changes = [(str(day), before, after) for (day, *_), before, after in zip(rows, code[::2], code[1::2], strict=True)]
    return sorted((d, b, a) for d, b, a in changes if b and a and b != a), {value for value in code if value}


def _judged_codes(
    connection: duckdb.DuckDBPyConnection, said: Said, known: set[str]
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Pairs of codes that people judged the same, and different; a chain that contradicts itself says nothing."""
    one = clusters((j.left, j.right) for j in said.same)
    contradictory = {one[j.left] for j in said.different if j.left in one and one[j.left] == one.get(j.right)}
    code_of = _codes_of(connection, [*said.same, *said.different], known)

    def pairs(lines: tuple[Judgement, ...]) -> list[tuple[str, str]]:
        applied = [j for j in lines if one.get(j.left) not in contradictory or one.get(j.left) != one.get(j.right)]
        found = [(code_of.get(j.left, ""), code_of.get(j.right, "")) for j in applied]
        return sorted({(min(pair), max(pair)) for pair in found if all(pair) and pair[0] != pair[1]})

    return pairs(said.same), pairs(said.different)


def _codes_of(connection: duckdb.DuckDBPyConnection, lines: list[Judgement], event_codes: set[str]) -> dict[str, str]:
    """The code of each judged registered record, and of each enterprise_id that was judged against one."""
    names = sorted({name for j in lines for name in j.pair if is_record(name)})
    found = dict(
        _ask(
            connection,
            "select n.name, s.own_code from names_asked as n inner join resolved.source_record as s "
            "on n.name = s.feed || '/' || s.source_key where s.subject = 'registration' and s.own_code is not null",
            names,
        )
    )
    ids = sorted({j.right for j in lines if not is_record(j.right) and j.left in found})
    of_event = _ask(
        connection,
        "select enterprise_key('code:' || name), name from names_asked order by name",
        sorted(event_codes) if ids else [],
    )
    found |= {name: code for name, code in of_event if name in ids}
    found |= dict(
        _ask(
            connection,
            "select n.name, min(s.own_code) from names_asked as n inner join resolved.source_record as s "
            "on n.name = enterprise_key('code:' || s.own_code) group by n.name",
            ids,
        )
    )
    return found


def _ask(connection: duckdb.DuckDBPyConnection, sql: str, names: list[str]) -> list[tuple[Any, ...]]:
    """Ask about names, which are in the table `names_asked`; nothing is asked about none."""
    if not names:
        return []
    connection.register("names_asked", pa.table({"name": pa.array(names, pa.string())}))
    rows = connection.execute(sql).fetchall()
    connection.unregister("names_asked")
    return rows


@dataclass(frozen=True)
class Home:
    """What a judged name is by itself: the enterprise that a registered record (or an enterprise_id) means."""

    enterprise_id: str | None
    is_there: bool


def _homes(connection: duckdb.DuckDBPyConnection, said: Said) -> dict[str, Home]:
    names = sorted({name for pair in said.pairs for name in pair})
    records = {name: Home(None, False) for name in names if is_record(name)}
    anchors = read_model(ANCHORS).sql
    for name, subject, enterprise_id in _ask(
        connection,
        f"select n.name, a.subject, a.enterprise_id from ({anchors}\n) as a "
        "inner join names_asked as n on n.name = a.feed || '/' || a.source_key",
        list(records),
    ):
        records[name] = Home(enterprise_id if subject == "registration" else None, True)
    enterprises = {name: Home(name, True) for name in names if not is_record(name)}
    for name, now in _ask(
        connection,
        "select n.name, enterprise_key('code:' || g.anchor_code) from resolved.code_group as g "
        "inner join names_asked as n on n.name = enterprise_key('code:' || g.code)",
        list(enterprises),
    ):
        enterprises[name] = Home(now, True)
    return records | enterprises


class _Chains:
    """The judgements that hold, as a graph: `same` ties, and a registered record is its enterprise."""

    def __init__(self, said: Said, homes: Mapping[str, Home]) -> None:
        home = {name: known.enterprise_id for name, known in homes.items()}
        # judged different from what it is by its own code: then it is not tied to that any more
        for line in said.different:
            if home[line.left] is not None and home[line.left] == home[line.right]:
                home[line.left] = None
        self.home = home
        self._node = {name: home[name] or name for name in home}
        self._cluster = clusters((self._node[j.left], self._node[j.right]) for j in said.same)
        self.members: dict[str, list[str]] = {}
        for name in sorted(home):
            if (cluster := self._cluster.get(self._node[name])) is not None:
                self.members.setdefault(cluster, []).append(name)
        self.enterprises: dict[str, list[str]] = {}
        for node, cluster in sorted(self._cluster.items()):
            if not is_record(node):
                self.enterprises.setdefault(cluster, []).append(node)
        self._lines: dict[str, list[tuple[str, Judgement]]] = {}
        for line in said.same:
            left, right = self._node[line.left], self._node[line.right]
            self._lines.setdefault(left, []).append((right, line))
            self._lines.setdefault(right, []).append((left, line))

    def of(self, name: str) -> str | None:
        """The chain of a name."""
        return self._cluster.get(self._node[name])

    def title(self, name: str) -> str:
        """A chain's name: the first record in it."""
        chain = self.of(name)
        return min(member for member in self.members[chain] if is_record(member)) if chain is not None else name

    def enterprise(self, name: str) -> str | None:
        """The one enterprise that a name means, by itself or through its chain."""
        named = self.enterprises.get(self.of(name) or "", [])
        return self.home[name] or (named[0] if len(named) == 1 else None)

    def road(self, left: str, right: str) -> list[Judgement]:
        """The shortest chain of `same` lines from one name to another."""
        start, end = self._node.get(left, left), self._node.get(right, right)
        came: dict[str, tuple[str, Judgement] | None] = {start: None}
        waiting = deque([start])
        while waiting and end not in came:
            node = waiting.popleft()
            for following, line in self._lines.get(node, []):
                if following not in came:
                    came[following] = (node, line)
                    waiting.append(following)
        road: list[Judgement] = []
        while step := came.get(end):
            end, line = step
            road.append(line)
        return road[::-1]


@dataclass(frozen=True)
class Finding:
    """One contradiction, or one judgement without an object, in the words that resolved.judgement_conflict shows."""

    conflict_code: str
    conflict_key: str
    chain: str | None
    lines: tuple[Judgement, ...]


def _findings(said: Said, chains: _Chains, homes: Mapping[str, Home]) -> list[Finding]:
    found: dict[tuple[str, str], Finding] = {}

    def add(code: str, key: str, chain: str | None, lines: Iterable[Judgement]) -> None:
        found[code, key] = Finding(code, key, chain, tuple(lines))

    for line in said.different:
        chain = chains.of(line.left)
        key = " ≠ ".join(sorted(line.pair))
        if said.pairs[line.pair].held is None:
            lines = [*(j for j in said.same if j.pair == line.pair), line]
            add("both_ways", key, chains.title(line.left), lines)
        elif chain is not None and chain == chains.of(line.right):
            road = chains.road(line.left, line.right)
            add("different_in_chain", key, chains.title(line.left), [*road, line])
    for chain, named in chains.enterprises.items():
        for other in named[1:]:
            road = chains.road(named[0], other)
            key = f"{named[0]} = {other}"
            add("two_enterprises", key, chains.title(chains.members[chain][0]), road)
    for pair, about in said.pairs.items():
        if about.held and about.against:
            add("judges_disagree", " ? ".join(sorted(pair)), None, [*about.against, about.held])
    for name, home in homes.items():
        if not home.is_there:
            lines = [j for j in (*said.same, *said.different, *said.unsure) if name in j.pair]
            add("record_gone", name, None, lines)
    return [found[key] for key in sorted(found)]


@dataclass(frozen=True)
class Decision:
    """What follows for one judged record: against which other (or enterprise), and from which line."""

    name: str
    chain: str | None
    other: str | None
    decision: str
    line: Judgement


def make_judgements(connection: duckdb.DuckDBPyConnection, judged: list[Judgement]) -> None:
    """Make resolved.judgement and resolved.judgement_finding.

    Every record of a chain of `same` gets a row, with the enterprise that the chain names, if it names one. A chain that also
    says `different` of two of its members, or that names two enterprises, is contradictory: none of it is applied. Of two
    that are `different` the one that means no enterprise has to leave; if neither does, the left one.
    """
    said = _said(judged)
    homes = _homes(connection, said)
    chains = _Chains(said, homes)
    findings = _findings(said, chains, homes)
    contradictory = {
        chains.of(f.lines[0].left) for f in findings if f.conflict_code not in ("judges_disagree", "record_gone")
    }
    decisions = [*_of_chains(said, chains, homes, contradictory), *_of_pairs(said, chains)]
    decisions.sort(key=lambda d: (d.name, d.decision, d.other or "", d.line.line))
    _replace_table(connection, "judgement", _decision_columns(decisions))
    _replace_table(connection, "judgement_finding", _finding_columns(findings))


def _of_chains(
    said: Said, chains: _Chains, homes: Mapping[str, Home], contradictory: Container[str | None]
) -> Iterator[Decision]:
    """What `same` says of every record of a chain."""
    first_line: dict[str, Judgement] = {}
    for line in said.same:
        for name in line.pair:
            first_line.setdefault(name, line)
    for cluster, members in chains.members.items():
        named = chains.enterprises.get(cluster, [])
        decision = "contradiction" if cluster in contradictory else "same"
        other = named[0] if named and decision == "same" else None
        there = [name for name in members if is_record(name) and homes[name].is_there]
        if named or len(there) > 1:
            for name in there:
                if name in first_line:
                    yield Decision(name, chains.title(name), other, decision, first_line[name])


def _of_pairs(said: Said, chains: _Chains) -> Iterator[Decision]:
    """What `different` and `unsure` say of the record that leaves the other."""
    for line in (*said.different, *said.unsure):
        chain = chains.of(line.left)
        if chain is not None and chain == chains.of(line.right):
            continue  # a contradiction, which _findings has; or a doubt that a chain has settled
        leaves, stays = line.left, line.right
        if is_record(stays) and chains.enterprise(leaves) and not chains.enterprise(stays):
            leaves, stays = stays, leaves
        leaving, names = chains.of(leaves), [leaves]
        if line.decision == "different" and leaving is not None and not chains.enterprise(leaves):
            names = chains.members[leaving]  # what is the same as the record that leaves, leaves with it
        for name in names:
            title = chains.title(name) if leaving is not None else None
            yield Decision(name, title, chains.enterprise(stays) or stays, line.decision, line)


def _halves(names: Iterable[str | None]) -> tuple[list[str | None], list[str | None]]:
    """Feed and source_key of names, each None where the name is no record."""
    parts = [name.split("/", 1) if name and is_record(name) else (None, None) for name in names]
    return [feed for feed, _ in parts], [key for _, key in parts]


def _decision_columns(decisions: Sequence[Decision]) -> dict[str, pa.Array]:
    feeds, keys = _halves(d.name for d in decisions)
    other_feeds, other_keys = _halves(d.other for d in decisions)
    texts = {
        "feed": feeds,
        "source_key": keys,
        "chain": [d.chain for d in decisions],
        "other_feed": other_feeds,
        "other_source_key": other_keys,
        "other_enterprise_id": [None if d.other and is_record(d.other) else d.other for d in decisions],
        "decision": [d.decision for d in decisions],
        "decided_by": [d.line.who for d in decisions],
        "decided_on": [d.line.when for d in decisions],
        "reason": [d.line.why for d in decisions],
        "stated": [d.line.words for d in decisions],
    }
    columns = {name: pa.array(values, pa.string()) for name, values in texts.items()}
    return columns | {"line_number": pa.array([d.line.line for d in decisions], pa.int64())}


def _finding_columns(findings: Sequence[Finding]) -> dict[str, pa.Array]:
    feeds, keys = _halves(f.lines[-1].left for f in findings)
    texts = {
        "conflict_code": [f.conflict_code for f in findings],
        "conflict_key": [f.conflict_key for f in findings],
        "chain": [f.chain for f in findings],
        "feed": feeds,
        "source_key": keys,
        "stated": ["; ".join(j.words for j in f.lines) for f in findings],
        "line_numbers": [", ".join(map(str, sorted(j.line for j in f.lines))) for f in findings],
        "decided_by": [", ".join(sorted({j.who for j in f.lines})) for f in findings],
        "decided_on": [max(f.lines, key=lambda j: j.moment).when for f in findings],
    }
    return {name: pa.array(values, pa.string()) for name, values in texts.items()}


def _replace_table(connection: duckdb.DuckDBPyConnection, table: str, columns: dict[str, pa.Array]) -> None:
    connection.register("rows_of_table", pa.table(columns))
    connection.execute(f"create or replace table resolved.{quote(table)} as select * from rows_of_table")
    connection.unregister("rows_of_table")
