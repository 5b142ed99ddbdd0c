"""The benchmark's scoring on a case made by hand, and the whole of it on a small city."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from benchmarks import city, scoring, truth
from benchmarks.scoring import Score
from tests.conftest import in_memory

# true_id: kind, partner, whether the register knows it
FIRMS = {1: ("company", None, True), 2: ("branch", 1, True), 3: ("company", None, False), 4: ("company", None, False)}

# office, key, true_id (None: no firm), code_dirt, has_address, alike -> where it was put
RECORDS: list[tuple[str, str, int | None, str, bool, int | None, str | None]] = [
    ("registration", "r1", 1, "clean", True, None, "E1"),
    ("registration", "r2", 2, "clean", True, None, "E2"),
    ("tax", "right", 1, "clean", False, None, "E1"),
    ("tax", "branch in its parent", 2, "missing", False, None, "E1"),
    ("lease", "apart", 2, "missing", True, None, "Eown"),
    ("lease", "nowhere", 2, "mistyped", True, None, None),
    # the register knows neither 3 nor 4; 3 is at home where its code is
    ("employment", "code of 3", 3, "clean", True, None, "E3"),
    ("lease", "old code of 3", 3, "legacy_registration_no", True, None, "E3 old"),
    ("utility", "3 found", 3, "no_codes_here", True, None, "E3"),
    ("utility", "4 alone", 4, "no_codes_here", True, None, "E4"),
    ("utility", "4 in 3", 4, "no_codes_here", True, None, "E3"),
    ("lease", "code of another firm, apart", 1, "other_firm", True, None, "Eown2"),
    ("lease", "code of another firm, believed", 1, "other_firm", True, None, "E2"),
    ("utility", "lamps", None, "no_codes_here", True, None, "E5"),
    ("utility", "lamps in 1", None, "no_codes_here", True, None, "E1"),
    ("access", "may mean several, apart", 1, "no_codes_here", False, 3, "E6"),
    ("access", "may mean several, right", 1, "no_codes_here", False, 3, "E1"),
]
VERDICTS = {
    "right": "right",
    "branch in its parent": "wrong",
    "apart": "missed",
    "nowhere": "missed",
    "code of 3": "right",
    "old code of 3": "missed",
    "3 found": "right",
    "4 alone": "alone",
    "4 in 3": "wrong",
    "code of another firm, apart": "missed",
    "code of another firm, believed": "wrong",
    "lamps": "alone",
    "lamps in 1": "wrong",
    "may mean several, apart": "missed",
    "may mean several, right": "right",
    "shared, apart": "missed",
    "shared, in 1": "wrong",
}


@pytest.fixture
def resolved() -> duckdb.DuckDBPyConnection:
    connection = in_memory()
    connection.execute("create schema truth")
    connection.execute("create schema resolved")
    connection.execute(
        "create table truth.firm (true_id bigint, kind varchar, partner_id bigint, is_registered_here boolean, family_kind varchar, "
        "story varchar, later_name varchar, later_uscc varchar)"
    )
    connection.executemany(
        "insert into truth.firm values (?, ?, ?, ?, null, 'steady', null, null)",
        [[true_id, *firm] for true_id, firm in FIRMS.items()],
    )
    connection.execute(
        "create table truth.record (office varchar, feed varchar, source_key varchar, true_id bigint, is_shared boolean, "
        "code_dirt varchar, name_dirt varchar, has_address boolean, states_code boolean, alike bigint, alike_there bigint)"
    )
    connection.execute(
        "create table resolved.link (feed varchar, source_key varchar, enterprise_id varchar, method varchar, outcome_code varchar)"
    )
    shared: list[tuple[Any, ...]] = [
        ("access", "shared, apart", None, "no_codes_here", False, 2, "E7"),
        ("access", "shared, in 1", None, "no_codes_here", False, 2, "E1"),
    ]
    for office, key, true_id, code_dirt, has_address, alike, enterprise_id in [*RECORDS, *shared]:
        states_code = code_dirt not in ("missing", "no_codes_here")
        connection.execute(
            "insert into truth.record values (?, ?, ?, ?, ?, ?, 'clean', ?, ?, ?, ?)",
            [office, office, key, true_id, key.startswith("shared"), code_dirt, has_address, states_code, alike, alike],
        )
        if enterprise_id:
            connection.execute(
                "insert into resolved.link values (?, ?, ?, 'name', 'matched')", [office, key, enterprise_id]
            )
    connection.execute("create table resolved.review_queue as select 'contradiction' as reason_code from range(2)")
    return connection


def test_each_record_gets_its_verdict(resolved: duckdb.DuckDBPyConnection) -> None:
    scores, counts = scoring.score(resolved)
    assert dict(resolved.execute("select source_key, verdict from scored").fetchall()) == VERDICTS
    everything = scores["all records"]
    # recall is of those of a firm with a home, and of the shared keys: all but 4's and the lamps
    assert everything == Score(
        rows=17, right=4, wrong=5, missed=6, alone=2, homed=13, out_of_reach=6, out_of_reach_missed=3
    )
    assert everything.precision == pytest.approx(4 / 9)
    assert everything.recall == pytest.approx(4 / 13)
    assert everything.ceiling == pytest.approx(7 / 13)
    assert everything.f1 == pytest.approx(2 * (4 / 9) * (4 / 13) / (4 / 9 + 4 / 13))
    assert everything.f1_reachable == pytest.approx(2 * (4 / 9) * (4 / 10) / (4 / 9 + 4 / 10))
    assert scores["code: another firm's valid code"].rows == 2
    assert scores["usable code: no usable code, name + address"].rows == 7
    assert counts["registrations merged"] == 0
    assert counts["branches merged into parents"] == 2, "one of the parent's records is in the branch"
    assert counts["out of reach: key of two firms"] == 2
    assert counts["queued: contradiction"] == counts["queued"] == 2


def test_two_registrations_in_one_enterprise_count_as_merged(resolved: duckdb.DuckDBPyConnection) -> None:
    resolved.execute("update resolved.link set enterprise_id = 'E1' where enterprise_id = 'E2'")
    _, counts = scoring.score(resolved)
    assert counts["registrations merged"] == 1
    verdicts = dict(resolved.execute("select source_key, verdict from scored where true_id = 2").fetchall())
    assert verdicts["branch in its parent"] == "wrong"


def test_a_small_city_from_end_to_end(tmp_path: Path) -> None:
    city.draw(tmp_path, 300, 1)
    outcome = truth.resolve_city(tmp_path, 300, 1)
    offices = sum(outcome.scores[f"source: {office}"].rows for office in city.FEEDS if office != "registration")
    everything = outcome.scores["all records"]
    assert everything.rows == offices > 1000
    assert everything.right + everything.wrong + everything.missed + everything.alone == everything.rows
    assert outcome.scores["usable code: usable code"].f1 > 0.99
    assert outcome.counts["registrations merged"] == outcome.counts["branches merged into parents"] == 0
    assert outcome.scores["firm: sister names"].wrong == 0, "a firm was taken for its sister"
    # every group finds somebody, even in a city as small as this
    assert {name for name, score in outcome.scores.items() if not score.rows} == set()
    lines = list(truth.table([outcome]))
    widths = {len(line) for line in lines[1:] if line.startswith("  ") and "grows" not in line}
    assert widths == {truth.LABEL + truth.BLOCK}
    assert truth.as_json(outcome)["scores"]["all records"]["rows"] == everything.rows
