"""A key that is another one's but for its spelling stops, and so does a record number of another enterprise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb
import pytest

from connectors.feed import Feed
from connectors.registry import feed_named
from tests.conftest import empty_warehouse
from warehouse import incoming
from warehouse.comparison import findings
from warehouse.keys import other_enterprises, respelled, rounded
from warehouse.settings import CHECKOUT


@pytest.fixture(scope="module")
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with empty_warehouse("2026-07-01") as opened:
        yield opened


@pytest.fixture
def connection(warehouse: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    yield warehouse
    for subject in ("employment", "utility_use", "registration", "registration_event"):
        warehouse.execute(f"delete from staged.{subject}")


def feed(name: str) -> Feed:
    return feed_named((CHECKOUT / "connectors" / "feeds",), name)


def units(connection: duckdb.DuckDBPyConnection, known: Sequence[str], new: Sequence[str]) -> list[str]:
    """What new keys of units would stop for."""
    of = feed("employment")
    table = incoming.open_incoming(connection, of)
    for key in known:
        connection.execute("insert into staged.employment by name select ? as source_key, 'employment' as feed", [key])
    for key in new:
        connection.execute(f"insert into {table} by name select ? as source_key, 0 as batch_number", [key])
    return [finding.fact for finding in findings(list(respelled(connection, of, table, 0)), of)]


EXACT = [f"33010600001234567{n}" for n in range(8)]
ROUNDED = [f"33010600001234{n}000" for n in range(8)]


@pytest.mark.parametrize(
    ("known", "new", "is_found"),
    [
        ([], ROUNDED, True),
        (EXACT, ROUNDED, True),
        ([], EXACT, False),
        ([], [*ROUNDED, EXACT[3]], False),
        ([], ROUNDED[:4], False),
        (ROUNDED[:4], ROUNDED, False),  # they are so, and somebody has said it
        ([], [f"3301060000{n}00" for n in range(8)], False),
        ([], [f"62170012345678{n}0000" for n in range(8)], True),
    ],
)
def test_long_keys_that_all_end_in_zeros(
    connection: duckdb.DuckDBPyConnection, known: list[str], new: list[str], is_found: bool
) -> None:
    """330106000012345678 is 330106000012345000 to Excel, and 330106000012345680 to a browser: two units become one."""
    units(connection, known, new)
    of = feed("employment")
    stops = findings(list(rounded(connection, of, incoming.open_incoming(connection, of), 0)), of)
    assert stops == [], "a delivery of no rows"
    units(connection, [], new)
    assert bool(findings(list(rounded(connection, of, 'incoming."employment"', 0)), of)) == is_found


@pytest.mark.parametrize(
    ("known", "new", "is_found"),
    [
        (["K001", "K002"], ["K001", "K002"], False),
        (["K001", "K002"], ["k001", "K002"], True),
        (["K001"], ["K 001"], True),
        (["K001"], ["K\u00a0001"], True),
        (["K001"], ["K\u200b001"], True),
        (["K-001"], ["K－001"], True),
        (["K-001"], ["K–001"], True),
        (["租字〔2023〕第12号"], ["租字[2023]第 12 号"], True),
        (["甲公司（滨江）"], ["甲公司(滨江)"], False),  # a name, which resolution reads
        (["K-001"], ["K001"], False),  # 1-12 and 11-2 are two
        (["K001"], ["K0011"], False),
        # two spellings in a first delivery
        ([], ["K001", "k001"], True),
        ([], ["K001", "K002"], False),
        # keys of a program that knows capitals from small letters
        (["a1", "A1", "b1", "B1", "c1", "C1"], ["d1", "D1", "a1"], False),
    ],
)
def test_keys_that_differ_by_their_spelling(
    connection: duckdb.DuckDBPyConnection, known: list[str], new: list[str], is_found: bool
) -> None:
    found = units(connection, *([f"{key}{n}" for key in keys for n in "XYZ"] for keys in (known, new)))
    assert bool(found) == is_found
    assert all("but for blanks, case, width, dashes or zeros before it in 3 of" in fact for fact in found)


def test_keys_that_lost_the_zeros_before_them(connection: duckdb.DuckDBPyConnection) -> None:
    """From one night on an API writes them as numbers."""
    known = [f"{number:04}" for number in range(8, 14)]
    assert units(connection, known, ["8", "9", "10", "14"])
    assert units(connection, ["K01", "K02", "K03"], ["K1", "K2", "K3"]) == [], "1号 and 01号 may be two"


def test_one_or_two_keys_are_typed_by_hand(connection: duckdb.DuckDBPyConnection) -> None:
    assert units(connection, ["K001", "K002"], ["k001", "k002"]) == []


@pytest.mark.parametrize(("typed", "is_found"), [(4, False), (5, True)])
def test_one_key_in_a_thousand_is_typed_by_hand(
    connection: duckdb.DuckDBPyConnection, typed: int, is_found: bool
) -> None:
    of = feed("registration")
    table = incoming.open_incoming(connection, of)
    connection.execute(
        "insert into staged.registration by name "
        "select 'K' || i as source_key, 'registration' as feed from range(9000) as a(i)"
    )
    connection.execute(
        f"insert into {table} by name select if(i < $1, 'k', 'N') || i as source_key, 0 as batch_number from range(5000) as a(i)",
        [typed],
    )
    assert bool(findings(list(respelled(connection, of, table, 0)), of)) is is_found


def test_a_meter_and_its_account_are_one_key(connection: duckdb.DuckDBPyConnection) -> None:
    """Two accounts may each have a meter A1 and a1; one account has not both."""
    of = feed("utility_use")
    table = incoming.open_incoming(connection, of)
    connection.execute(
        "insert into staged.utility_use by name select 'K1' as source_key, 'A1' as meter_no, 'utility_use' as feed"
    )
    for account, count in (("K2", 0), ("K1", 1)):
        connection.execute(f"delete from {table}")
        connection.execute(
            f"insert into {table} by name select ? as source_key, 'a1' as meter_no, 0 as batch_number", [account]
        )
        assert len(list(respelled(connection, of, table, 0))) == count


@pytest.mark.parametrize(("moved", "is_found"), [(0, False), (2, False), (30, True)])
def test_record_numbers_of_other_enterprises(connection: duckdb.DuckDBPyConnection, moved: int, is_found: bool) -> None:
    """The register has 60 enterprises, entries of 30 are known, and 30 come: so many with the number of the next one."""
    of = feed("registration_event")
    table = incoming.open_incoming(connection, of)
    rows = "'P' || {0} as source_key, 'C' || u as uscc, u as row_number from range({1}, {2}) as a(u)"
    for subject, last in (("registration", 60), ("registration_event", 30)):
        connection.execute(
            f"insert into staged.{subject} by name select '{subject}' as feed, {rows.format('u', 0, last)}"
        )
    key = f"(case when u < {30 + moved} then (u + 1) % 60 else u end)"
    connection.execute(f"insert into {table} by name select 0 as batch_number, {rows.format(key, 30, 60)}")
    assert bool(list(other_enterprises(connection, of, table, 0))) == is_found
