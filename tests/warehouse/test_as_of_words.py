"""Which moment a text means, what a reconstructed night says, and its file: without making a night."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.conftest import Park
from transforms.as_of import PastSnapshot, _local, _put, in_words, moment_of
from warehouse.errors import ParkBridgeError

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        # the end of the day in the park, eight hours ahead of UTC
        ("2026-03-01", datetime(2026, 3, 1, 16)),
        ("20260228", datetime(2026, 2, 28, 16)),
        ("2026-03-01T09:30", datetime(2026, 3, 1, 1, 30)),
        ("2026-03-01T09:30Z", datetime(2026, 3, 1, 9, 30)),
        ("2026-03-10T12:00Z", datetime(2026, 3, 10, 12)),  # this very moment has come
        ("20260302T000000Z", None),
    ],
)
def test_the_moment_of_a_text(park: Park, text: str, moment: datetime | None) -> None:
    assert moment_of(park.settings, text, NOW) == moment


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("2026-03-10", "is 2026-03-10 16:00 UTC, which has not come yet"),
        ("2026-03-10T12:01Z", "which has not come yet"),
        ("2026-02-30", "is no moment"),
        ("9999-12-31", "is no moment"),
        ("1.3.2026", "is no moment"),
    ],
)
def test_a_text_without_a_moment(park: Park, text: str, fact: str) -> None:
    with pytest.raises(ParkBridgeError, match=fact):
        moment_of(park.settings, text, NOW)


def test_judgements_are_dated_in_the_park(park: Park) -> None:
    assert _local(park.settings, datetime(2026, 3, 1, 16)) == datetime(2026, 3, 2)
    assert _local(park.settings, datetime(2026, 3, 1, 15, 59)).date() == date(2026, 3, 1)


PAST = PastSnapshot(
    Path("x"),
    "N",
    datetime(2026, 3, 1, 16),
    {"monthly.a": 1000, "snapshots.b": 234, "rules.c": 9, "ops.d": 9},
    0,
    None,
    {},
    [],
    False,
)
FIRST = "As known at 2026-03-01 16:00:00 UTC: 1,234 rows in x"
NOTHING = "Held against nothing: no published night of this moment is kept; rules, models and declarations are today's"


@pytest.mark.parametrize(
    ("of", "lines"),
    [
        ({}, [NOTHING]),
        ({"later_judgements": 1}, ["Judgements   1 line is dated later and left out", NOTHING]),
        ({"later_judgements": 2}, ["Judgements   2 lines are dated later and left out", NOTHING]),
        ({"kept": Path("n")}, ["Held against night N as published: the same, row for row"]),
        (
            {"kept": Path("n"), "differing": {"s.t": (1, 2000)}, "changed_rules": ["rules.r"]},
            [
                "Rules        today's, not that night's: rules.r",
                "Held against night N as published: 1 table differs: s.t −1 +2,000",
            ],
        ),
        (
            {"kept": Path("n"), "differing": {"s.t": (1, 2), "s.u": (0, 1)}},
            ["Held against night N as published: 2 tables differ: s.t −1 +2; s.u −0 +1"],
        ),
        (
            {"is_open": True},
            [
                NOTHING,
                "Not final: no night has been begun since, so that what arrives from now on can still be of before it",
            ],
        ),
    ],
)
def test_what_a_reconstructed_night_says(of: dict[str, object], lines: list[str]) -> None:
    assert list(in_words(dataclasses.replace(PAST, **of), "x")) == [FIRST, *lines]  # type: ignore[arg-type]


def test_what_may_explain_a_difference() -> None:
    assert PAST.explanations == ()
    assert dataclasses.replace(PAST, later_judgements=2, changed_rules=["rules.r"]).explanations == (
        "2 judgements are dated later",
        "rules changed since: rules.r",
    )


def test_the_file_is_put_in_place_for_reading_alone(tmp_path: Path) -> None:
    part, target = tmp_path / "part", tmp_path / "asof" / "x.duckdb"
    part.write_bytes(b"1")
    _put(part, target)
    assert [path.name for path in target.parent.iterdir()] == ["x.duckdb"]
    assert (target.read_bytes(), target.stat().st_mode & 0o7777) == (b"1", 0o444)
    assert target.parent.stat().st_mode & 0o777 == 0o700
    (tmp_path / "file").touch()
    with pytest.raises(ParkBridgeError, match="name another file with --out"):
        _put(part, tmp_path / "file" / "x.duckdb")
