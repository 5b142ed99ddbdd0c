"""Who confirmed a night, and why, is kept once per night and stop."""

from __future__ import annotations

import pytest

from tests.conftest import Park
from warehouse.confirmation import Confirmation, Finding, keep
from warehouse.connection import writer
from warehouse.errors import ParkBridgeError


@pytest.mark.parametrize(
    ("who", "why", "found"),
    [
        ("ann", "a fair", Confirmation("ann", "a fair")),
        (" ann ", " a fair\n", Confirmation("ann", "a fair")),
        ("ann", "", None),  # the name is filled in for everybody
        ("ann", "  ", None),
        ("", "", None),
    ],
)
def test_a_reason_makes_a_confirmation(who: str, why: str, found: Confirmation | None) -> None:
    assert Confirmation.given(who, why, "--accept-change") == found


def test_a_reason_without_a_name_is_refused() -> None:
    with pytest.raises(
        ParkBridgeError, match=r"--confirm-date: the person who confirms it is not named\. Next: name who"
    ):
        Confirmation.given("  ", "a fair", "--confirm-date")


def test_what_was_confirmed_is_kept_once(park: Park) -> None:
    yes = Confirmation("ann", "a fair")
    asked = "select night_id, stop_code, object_name, figure_before, figure_now, confirmed_by, confirmed_because from ops.confirmation"
    with writer(park.settings) as connection:
        keep(connection, "n1", "change", [Finding("park", "fewer", "10 %", 162, 10), Finding("tax", "less")], yes)
        keep(connection, "n1", "clock", [Finding("date", "early")], yes)
        keep(connection, "n2", "change", [Finding("park", "fewer")], yes)
        # the same night again, without the second
        keep(connection, "n1", "change", [Finding("park", "fewer", figure_before=160)], yes)
        assert sorted(connection.execute(asked).fetchall(), key=str) == [
            ("n1", "change", "park", 160, None, "ann", "a fair"),
            ("n1", "clock", "date", None, None, "ann", "a fair"),
            ("n2", "change", "park", None, None, "ann", "a fair"),
        ]
        (moment,) = (
            connection.execute("select distinct confirmed_at from ops.confirmation where night_id = 'n2'").fetchone()
            or ()
        )
        assert moment.microsecond == 0
        # a night that needs no confirmation any more has none
        keep(connection, "n1", "change", [], yes)
        keep(connection, "n2", "change", [Finding("park", "fewer")], None)
        assert connection.execute("select stop_code from ops.confirmation").fetchall() == [("clock",)]
