"""People's judgements: they win, hang together in chains, can be taken back, and contradictions are found and listed."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from expectations.rule import read_rule
from tests.transforms.test_resolution import (
    NEW,
    PARK,
    A,
    B,
    C,
    everything,
    lease,
    links,
    registered,
    tax,
    warehouse,
)
from transforms.resolution.judgement_file import Judgement, add, drop_last, read_judgements, standing, to_withdraw
from transforms.resolution.judgements import clusters
from transforms.resolution.resolve import resolve
from warehouse.errors import DeclarationError, ParkBridgeError
from warehouse.labels import labels
from warehouse.settings import CHECKOUT

Write = Callable[..., Path]
HEADER = "left,right,decision,who,when,why"


@pytest.fixture
def judgements(tmp_path: Path) -> Write:
    def write(*lines: str) -> Path:
        path = tmp_path / "judgements.csv"
        path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="module")
def park() -> duckdb.DuckDBPyConnection:
    return warehouse(PARK)


@pytest.fixture(scope="module")
def by_rules(park: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, str]]:
    """What the rules alone say."""
    resolve(park)
    return links(park)


def conflicts(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    return connection.execute(
        "select conflict_code, conflict_key from resolved.judgement_conflict order by all"
    ).fetchall()


# --- what follows -----------------------------------------------------------------------------------------------------


def test_a_judgement_wins_and_can_be_taken_back(park: duckdb.DuckDBPyConnection, judgements: Write) -> None:
    said = "lease/l7,registration/r1,same,wang,2026-02-01,visited"
    resolve(park, judgements(said))
    judged = links(park)
    assert judged["lease/l7"] == (judged["registration/r1"][0], "judgement")
    resolve(park, judgements(said, "registration/r1,lease/l7,withdraw,li,2026-02-01,was another one"))
    assert links(park)["lease/l7"][1] == "own_record"
    resolve(park, judgements())
    assert links(park)["lease/l7"][1] == "own_record"


def test_same_is_transitive(park: duckdb.DuckDBPyConnection, judgements: Write) -> None:
    path = judgements("lease/l6,lease/l7,same,wang,2026-02-01,a", "lease/l7,registration/r2,same,wang,2026-02-02,b")
    resolve(park, path)
    judged = links(park)
    assert judged["lease/l6"] == judged["lease/l7"] == (judged["registration/r2"][0], "judgement")


def test_different_is_not_transitive(
    park: duckdb.DuckDBPyConnection, by_rules: dict[str, tuple[str, str]], judgements: Write
) -> None:
    path = judgements("lease/l2,lease/l3,different,wang,2026-02-01,a", "lease/l6,lease/l2,different,wang,2026-02-01,b")
    resolve(park, path)
    judged = links(park)
    assert judged["lease/l2"][1] == "own_record", "both came to r2 by their names"
    assert {name: judged[name] for name in judged if name != "lease/l2"} == {
        name: by_rules[name] for name in by_rules if name != "lease/l2"
    }


def test_different_takes_a_record_away_from_where_it_would_come_to_only(
    park: duckdb.DuckDBPyConnection, judgements: Write
) -> None:
    path = judgements(
        "lease/l1,registration/r1,different,wang,2026-02-01,the landlord's code",
        "lease/l2,registration/r1,different,wang,2026-02-01,never was",
    )
    resolve(park, path)
    judged = links(park)
    assert judged["lease/l1"][1] == "own_record"
    assert judged["lease/l1"][0] != judged["registration/r1"][0]
    assert judged["lease/l2"] == (judged["registration/r2"][0], "name")


@pytest.mark.parametrize("line", ["registration/r1,lease/l1", "lease/l1,registration/r1"])
def test_the_registered_one_stays_whichever_stands_left(
    park: duckdb.DuckDBPyConnection, by_rules: dict[str, tuple[str, str]], judgements: Write, line: str
) -> None:
    resolve(park, judgements(f"{line},different,wang,2026-02-01,x"))
    judged = links(park)
    assert judged["registration/r1"] == by_rules["registration/r1"]
    assert judged["lease/l1"][1] == "own_record"


def test_who_is_the_same_as_one_that_is_different_is_different_too(
    park: duckdb.DuckDBPyConnection, judgements: Write
) -> None:
    path = judgements(
        "lease/l6,lease/l1,same,wang,2026-02-01,one tenant", "lease/l6,registration/r1,different,li,2026-02-01,not them"
    )
    resolve(park, path)
    judged = links(park)
    assert judged["lease/l6"][0] == judged["lease/l1"][0], "they stay together"
    assert judged["lease/l1"][0] != judged["registration/r1"][0]
    assert conflicts(park) == []


def test_a_chain_without_an_enterprise_goes_where_the_rules_tie_its_records(
    park: duckdb.DuckDBPyConnection, judgements: Write
) -> None:
    resolve(park, judgements("lease/l2,lease/l6,same,wang,2026-02-01,one tenant"))
    judged = links(park)
    assert judged["lease/l6"][0] == judged["lease/l2"][0] == judged["registration/r2"][0]


def test_judging_two_registered_records_the_same_makes_one_enterprise(
    park: duckdb.DuckDBPyConnection, by_rules: dict[str, tuple[str, str]], judgements: Write
) -> None:
    for right in ("registration/r3", by_rules["registration/r3"][0]):
        resolve(park, judgements(f"registration/r2,{right},same,wang,2026-02-01,one firm"))
        judged = links(park)
        assert judged["registration/r2"][0] == judged["registration/r3"][0] == judged["lease/l5"][0]
        assert conflicts(park) == []


@pytest.mark.parametrize("right", ["registration/r9", "E of r9"])
def test_different_cuts_a_change_of_code_between_two_enterprises(judgements: Write, right: str) -> None:
    """The register leads from A over B to C; a person says that the first is not the last."""
    events = [
        {"source_key": "r9", "event_no": str(year), "event_code": "code_change", "event_date": datetime(year, 1, 1)}
        | {"before_text": before, "after_text": after}
        for year, before, after in [(2020, A, B), (2022, B, C)]
    ]
    rows = {
        "registration": [
            registered("r1", A, "甲的公司"),
            registered("r2", B, "乙的公司"),
            registered("r9", C, "丙的公司"),
        ],
        "registration_event": events,
        "lease": [lease("l1", None, C)],
    }
    connection = warehouse(rows)
    resolve(connection)
    first = links(connection)["registration/r1"][0]
    assert {home for home, _ in links(connection).values()} == {first}
    if right == "E of r9":
        alone = warehouse({"registration": [registered("r9", C, "丙的公司")]})
        resolve(alone)
        right = links(alone)["registration/r9"][0]
    resolve(connection, judgements(f"registration/r1,{right},different,wang,2026-02-01,two firms"))
    judged = links(connection)
    assert judged["registration/r1"][0] == judged["registration/r2"][0] == first, "the earlier change is followed"
    assert judged["registration/r9"][0] == judged["lease/l1"][0] != first


def test_different_parts_two_records_with_one_code(judgements: Write) -> None:
    connection = warehouse({"tax_filing": [tax("t1", A, "甲的公司")], "lease": [lease("l1", "乙的公司", A)]})
    resolve(connection, judgements("lease/l1,tax_filing/t1,different,wang,2026-02-01,the landlord's code"))
    judged = links(connection)
    assert judged["lease/l1"][1] == "own_record"
    assert judged["tax_filing/t1"][1] == "uscc"


def test_two_registers_rows_with_one_code_can_be_parted(judgements: Write) -> None:
    connection = warehouse(
        {"registration": [registered("r1", A, "甲的公司"), registered("x1", A, "乙的公司"), registered("r2", B, "丙")]}
    )
    resolve(connection, judgements("registration/x1,registration/r1,different,wang,2026-02-01,typed wrongly"))
    judged = links(connection)
    assert judged["registration/r1"][1] == "uscc"
    assert judged["registration/x1"][1] == "own_record"
    assert conflicts(connection) == []


def test_unsure_parts_from_the_rules_choice_and_not_from_another(
    park: duckdb.DuckDBPyConnection, by_rules: dict[str, tuple[str, str]], judgements: Write
) -> None:
    path = judgements(
        f"lease/l2,{by_rules['registration/r2'][0]},unsure,wang,2026-02-01,asked",
        f"lease/l3,{by_rules['registration/r1'][0]},unsure,wang,2026-02-01,asked",
    )
    resolve(park, path)
    judged = links(park)
    assert judged["lease/l2"][1] == "own_record"
    assert judged["lease/l3"] == by_rules["lease/l3"]


def test_a_judgement_follows_an_enterprise_to_its_earlier_code(judgements: Write) -> None:
    """What was judged the same as an enterprise known by its new code is so when the old code becomes known."""
    newer = warehouse({"registration": [registered("r1", NEW, "苏州明达科技有限公司")]})
    resolve(newer)
    new_id = links(newer)["registration/r1"][0]
    connection = warehouse(PARK)
    resolve(connection, judgements(f"lease/l6,{new_id},same,wang,2026-02-01,visited"))
    judged = links(connection)
    assert judged["lease/l6"] == (judged["registration/r1"][0], "judgement")
    assert judged["lease/l6"][0] != new_id
    assert conflicts(connection) == []


def test_a_judgement_follows_an_enterprise_known_by_name_only_to_its_code(judgements: Write) -> None:
    before = warehouse({"lease": [lease("l1", "园区新来的公司"), lease("l2", "新来")]})
    resolve(before)
    by_name = links(before)["lease/l1"][0]
    path = judgements(f"lease/l2,{by_name},same,wang,2026-02-01,visited")
    after = warehouse(
        {
            "registration": [registered("r1", A, "园区新来的公司")],
            "lease": [lease("l1", "园区新来的公司"), lease("l2", "新来")],
        }
    )
    resolve(after, path)
    judged = links(after)
    assert judged["lease/l2"] == (judged["registration/r1"][0], "judgement")


# --- contradictions ---------------------------------------------------------------------------------------------------


def test_a_contradictory_chain_is_applied_by_nobody_told_and_queued(
    park: duckdb.DuckDBPyConnection, judgements: Write
) -> None:
    path = judgements(
        "lease/l6,lease/l7,same,wang,2026-02-01,a",
        "lease/l7,lease/l9,same,li,2026-02-01,b",
        "lease/l6,lease/l9,different,wang,2026-02-02,c",
    )
    resolve(park, path)
    judged = links(park)
    assert len({judged[record][0] for record in ("lease/l6", "lease/l7", "lease/l9")}) == 3
    queued = park.execute(
        "select source_key from resolved.review_queue where reason_code = 'judgements_contradict' order by 1"
    ).fetchall()
    assert queued == [("l6",), ("l7",), ("l9",)]
    listed = park.execute(
        "select conflict_code, effect_code, line_numbers, decided_by, stated from resolved.judgement_conflict"
    ).fetchall()
    assert listed == [
        (
            "different_in_chain",
            "not_applied",
            "2, 3, 4",
            "li, wang",
            "lease/l6 is lease/l7 (line 2, wang, 2026-02-01: a); lease/l7 is lease/l9 (line 3, li, 2026-02-01: b); "
            "lease/l6 is not lease/l9 (line 4, wang, 2026-02-02: c)",
        )
    ]


def test_two_enterprises_in_one_chain_are_told_and_keep_their_own(
    park: duckdb.DuckDBPyConnection, by_rules: dict[str, tuple[str, str]], judgements: Write
) -> None:
    path = judgements(
        "lease/l6,registration/r1,same,wang,2026-02-01,a",
        f"lease/l6,{by_rules['registration/r2'][0]},same,li,2026-02-01,b",
    )
    resolve(park, path)
    judged = links(park)
    assert [code for code, _ in conflicts(park)] == ["two_enterprises"]
    assert judged["lease/l6"][1] == "own_record"
    for name in ("registration/r1", "registration/r2", "lease/l1", "lease/l2"):
        assert judged[name] == by_rules[name]


def test_a_chain_whose_records_the_rules_tie_to_two_is_told(park: duckdb.DuckDBPyConnection, judgements: Write) -> None:
    resolve(park, judgements("lease/l1,lease/l2,same,wang,2026-02-01,one tenant"))
    judged = links(park)
    assert conflicts(park) == [("two_enterprises", "lease/l1")]
    assert judged["lease/l1"][1] == judged["lease/l2"][1] == "own_record"
    named = judgements(
        "lease/l1,lease/l2,same,wang,2026-02-01,one tenant", "lease/l1,registration/r2,same,wang,2026-02-02,this one"
    )
    resolve(park, named)
    judged = links(park)
    assert judged["lease/l1"][0] == judged["lease/l2"][0] == judged["registration/r2"][0]
    assert conflicts(park) == []


def test_of_two_people_the_later_holds_and_both_are_told(park: duckdb.DuckDBPyConnection, judgements: Write) -> None:
    lines = [
        "lease/l6,registration/r2,different,li,2026-03-01,asked there",
        "lease/l6,registration/r2,same,wang,2026-02-01,looks like it",
    ]
    resolve(park, judgements(*lines))
    assert links(park)["lease/l6"][1] == "own_record"
    assert park.execute(
        "select conflict_code, effect_code, decided_by from resolved.judgement_conflict"
    ).fetchall() == [("judges_disagree", "later_holds", "li, wang")]
    assert park.execute("select source_key, reason_code from resolved.review_queue order by 1").fetchall() == [
        ("l6", "judges_disagree"),
        ("l7", "contradiction"),
    ]
    resolve(park, judgements(*lines, "lease/l6,registration/r2,different,wang,2026-03-02,li is right"))
    assert conflicts(park) == []
    resolve(park, judgements(lines[1], lines[0].replace(",li,", ",wang,")))
    assert conflicts(park) == [], "to change one's own mind is no conflict"


def test_same_and_different_at_one_moment_hold_neither(park: duckdb.DuckDBPyConnection, judgements: Write) -> None:
    lines = [
        "lease/l2,registration/r2,same,wang,2026-02-01,a",
        "registration/r2,lease/l2,different,li,2026-02-01,b",
    ]
    for order in (lines, lines[::-1]):
        resolve(park, judgements(*order))
        assert links(park)["lease/l2"][1] == "own_record"
        assert [code for code, _ in conflicts(park)] == ["both_ways"]


def test_what_is_there_no_more_is_told_and_its_chain_still_holds(
    park: duckdb.DuckDBPyConnection, judgements: Write
) -> None:
    path = judgements(
        "lease/l6,lease/gone,same,wang,2026-02-01,a",
        "lease/gone,registration/r2,same,wang,2026-02-01,b",
        "lease/l3,E0123456789abcde,same,wang,2026-02-01,c",
    )
    resolve(park, path)
    judged = links(park)
    assert judged["lease/l6"][0] == judged["registration/r2"][0]
    assert judged["lease/l3"] == (judged["registration/r2"][0], "former_name")
    assert conflicts(park) == [("enterprise_gone", "E0123456789abcde"), ("record_gone", "lease/gone")]


# --- any lines, any order ---------------------------------------------------------------------------------------------

NAMES = [*(f"lease/l{number}" for number in range(1, 10)), *(f"registration/r{number}" for number in range(1, 5))]
LINES = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.sampled_from([*NAMES, "lease/gone", "E0123456789abcde", "E of r1", "E of r2"]),
        st.sampled_from(["same", "same", "different", "unsure", "withdraw"]),
        st.sampled_from(["li", "wang"]),
        st.sampled_from(["2026-02-01", "2026-02-02", "2026-02-02 10:00"]),
    ).filter(lambda line: line[0] != line[1]),
    min_size=1,
    max_size=7,
)
PROPERTY = settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def as_lines(drawn: list[tuple[str, ...]], by_rules: dict[str, tuple[str, str]]) -> list[str]:
    ids = {"E of r1": by_rules["registration/r1"][0], "E of r2": by_rules["registration/r2"][0]}
    return [f"{left},{ids.get(right, right)},{decision},{who},{when},x" for left, right, decision, who, when in drawn]


def without_lines(tables: dict[str, list[Any]], connection: duckdb.DuckDBPyConnection) -> dict[str, list[Any]]:
    """Tables without the columns that quote lines of the file with their numbers."""
    kept = {name: rows for name, rows in tables.items() if not name.startswith("judgement")}
    kept["judgement"] = connection.execute(
        "select * exclude (line_number, stated) from resolved.judgement order by all"
    ).fetchall()
    kept["judgement_conflict"] = connection.execute(
        "select conflict_code, conflict_key, effect_code from resolved.judgement_conflict order by all"
    ).fetchall()
    kept["review_queue"] = connection.execute(
        "select feed, source_key, reason_code, priority from resolved.review_queue order by all"
    ).fetchall()
    kept["review_candidate"] = connection.execute(
        "select * exclude (evidence, evidence_zh) from resolved.review_candidate order by all"
    ).fetchall()
    return kept


@pytest.mark.nights
@PROPERTY
@given(drawn=LINES, seed=st.integers(0, 99))
def test_neither_the_order_of_lines_nor_of_rows_matters(
    drawn: list[tuple[str, ...]],
    seed: int,
    park: duckdb.DuckDBPyConnection,
    by_rules: dict[str, tuple[str, str]],
    judgements: Write,
) -> None:
    lines = as_lines(drawn, by_rules)
    resolve(park, judgements(*lines))
    expected = without_lines(everything(park), park)
    shuffled = list(lines)
    random.Random(seed).shuffle(shuffled)
    other = warehouse(PARK, seed=seed)
    resolve(other, judgements(*shuffled))
    assert without_lines(everything(other), other) == expected


@pytest.mark.nights
@PROPERTY
@given(drawn=LINES, earlier=LINES)
def test_withdrawing_gives_exactly_the_earlier_tables(
    drawn: list[tuple[str, ...]],
    earlier: list[tuple[str, ...]],
    park: duckdb.DuckDBPyConnection,
    by_rules: dict[str, tuple[str, str]],
    judgements: Write,
) -> None:
    before = as_lines(earlier, by_rules)
    pairs = {frozenset(line.split(",")[:2]) for line in before}
    lines = [line for line in as_lines(drawn, by_rules) if frozenset(line.split(",")[:2]) not in pairs]
    resolve(park, judgements(*before))
    expected = everything(park)
    resolve(park, judgements(*before, *lines))
    taken_back = [",".join([*line.split(",")[:2], "withdraw", "li", "2026-02-03", ""]) for line in lines]
    resolve(park, judgements(*before, *lines, *taken_back))
    assert everything(park) == expected


@PROPERTY
@given(drawn=LINES)
def test_judgements_hold_or_are_told(
    drawn: list[tuple[str, ...]],
    park: duckdb.DuckDBPyConnection,
    by_rules: dict[str, tuple[str, str]],
    judgements: Write,
) -> None:
    """Every `same` and every `different` that holds is true of the links, unless a contradiction names its line.

    And whatever people said, a record waits if and only if its enterprise is in review.
    """
    path = judgements(*as_lines(drawn, by_rules))
    resolve(park, path)
    wrong = read_rule(CHECKOUT / "expectations" / "rules" / "queued_is_in_review.sql").check.wrong_rows
    assert wrong is not None
    assert park.execute(wrong).fetchall() == []
    where = {name: home for name, (home, _) in links(park).items()}
    where |= dict(  # an id that was given up leads on
        park.execute("select former_enterprise_id, enterprise_id from resolved.enterprise_forward").fetchall()
    )
    listed = {
        int(line)
        for (lines,) in park.execute("select line_numbers from resolved.judgement_conflict").fetchall()
        for line in lines.split(", ")
    }
    contradictory = {
        f"{feed}/{key}"
        for feed, key in park.execute(
            "select feed, source_key from resolved.match_decision where outcome_code = 'judgements_contradict'"
        ).fetchall()
    }
    for pair, said in standing(read_judgements(path)).items():
        if said.held is None or said.held.line in listed or pair & contradictory or "lease/l8" in pair:
            continue
        places = {where.get(name, name) for name in pair}
        if said.held.decision == "same":
            assert len(places) == 1, said.held.words
        if said.held.decision == "different":
            assert len(places) == 2, said.held.words


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef"))))
def test_what_must_stay_apart_stays_apart(pairs: list[tuple[str, str]]) -> None:
    together = clusters(pairs, apart=[("a", "b"), ("c", "d")])
    for one, other in (("a", "b"), ("c", "d")):
        if one in together and other in together:
            assert together[one] != together[other]
    assert all(clusters(pairs)[left] == clusters(pairs)[right] for left, right in pairs)


def test_every_contradiction_has_an_effect_and_a_next_step() -> None:
    rules = yaml.safe_load((CHECKOUT / "transforms" / "rules" / "judgement_conflict.yml").read_text(encoding="utf-8"))
    assert {row["conflict_code"] for row in rules["rows"]} == {code.value for code in labels()["conflict_code"].codes}
    assert {row["effect_code"] for row in rules["rows"]} == {code.value for code in labels()["effect_code"].codes}


# --- the file ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("lease/l1,registration/r1,maybe,wang,2026-02-01,x", "line 2: decision is 'maybe'"),
        ("l1,registration/r1,same,wang,2026-02-01,x", "line 2: left is 'l1'"),
        ("lease/l1,lease/l1,same,wang,2026-02-01,x", "line 2: left is 'lease/l1', right is 'lease/l1'"),
        ("lease/l1,华达软件,same,wang,2026-02-01,x", "line 2: right is '华达软件'"),
        ("lease/l1,lease/l2,same,wang,February,x", "line 2: when is 'February'"),
        ("lease/l1,lease/l2,same,wang,2026-02-30,x", "line 2: when is '2026-02-30'"),
        ("lease/l1,lease/l2,same,wang,2026-02-01,x,y", "line 2: 7 values for 6 columns"),
    ],
)
def test_a_line_that_cannot_be_read_stops(judgements: Write, line: str, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        read_judgements(judgements(line))


def test_a_file_that_is_not_ours_stops(tmp_path: Path) -> None:
    path = tmp_path / "judgements.csv"
    for content, message in (
        ("左,右\n".encode("gb18030"), "not UTF-8"),
        (b"", "no header"),
        (b"left,right\n", "columns are"),
    ):
        path.write_bytes(content)
        with pytest.raises(DeclarationError, match=message):
            read_judgements(path)
    with pytest.raises(DeclarationError, match="cannot be read"):
        read_judgements(tmp_path / "nowhere.csv")


def test_what_a_spreadsheet_makes_of_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "judgements.csv"
    path.write_bytes(f"\ufeff{HEADER}\r\n# 说明\r\n\r\nlease/l1,lease/l2,same,王,2026/2/1,看过\r\n,,,,,\r\n".encode())
    (judged,) = read_judgements(path)
    assert (judged.line, judged.moment, judged.who) == (4, datetime(2026, 2, 1), "王")


def test_adding_keeps_what_is_there_and_can_be_dropped_again(tmp_path: Path) -> None:
    path = tmp_path / "judgements.csv"
    before = f"# 先看这里\n{HEADER}\nlease/l1,lease/l2,same,wang,2026-02-01,x\n# 末行"
    path.write_text(before, encoding="utf-8")
    path.chmod(0o640)
    line = Judgement("lease/l3", "lease/l4", "different", "li", "2026-02-02 10:00:00", 'says "no",\nclearly')
    add(path, line)
    after = path.read_text(encoding="utf-8")
    assert after == before + '\nlease/l3,lease/l4,different,li,2026-02-02 10:00:00,"says ""no"", clearly"\n'
    assert path.stat().st_mode & 0o777 == 0o640
    assert [p.name for p in tmp_path.iterdir()] == ["judgements.csv"]
    assert drop_last(path, line)
    assert path.read_text(encoding="utf-8") == before + "\n"
    assert not drop_last(path, line)


def test_a_new_file_gets_its_header_and_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    line = Judgement("lease/l3", "lease/l4", "different", "li", "2026-02-02", "x")
    add(tmp_path / "new.csv", line)
    assert len(read_judgements(tmp_path / "new.csv")) == 1
    with pytest.raises(ParkBridgeError, match="cannot be written"):
        add(tmp_path / "nowhere" / "new.csv", line)


def test_what_undo_means(judgements: Write) -> None:
    judged = read_judgements(
        judgements(
            "lease/l1,lease/l2,same,wang,2026-02-01,x",
            "lease/l1,lease/l3,same,li,2026-02-02,x",
            "lease/l4,lease/l5,same,wang,2026-02-03,x",
            "lease/l4,lease/l5,withdraw,li,2026-02-04,x",
        )
    )
    assert [j.line for j in to_withdraw(judged, None, "wang")] == [2], "line 4 is withdrawn already"
    assert [j.line for j in to_withdraw(judged, "lease/l1", "wang")] == [2, 3]
    assert [j.line for j in to_withdraw(judged, "3", "wang")] == [3]
    for nothing in ("4", "99", "lease/l5"):
        with pytest.raises(ParkBridgeError, match="no judgement holds"):
            list(to_withdraw(judged, nothing, "wang"))
