"""What an error says, and what it says only where somebody asks for it."""

from __future__ import annotations

from warehouse.errors import CheckFailed, FeedsStopped, ParkBridgeError, SourceError


def test_an_error_says_where_the_fact_what_is_allowed_and_what_to_do() -> None:
    error = ParkBridgeError("lease 2026-10", "5 rows", allowed="9 or more", next_step="ask the office")
    assert str(error) == "lease 2026-10: 5 rows; 9 or more allowed. Next: ask the office"
    assert str(ParkBridgeError("lease", "5 rows", next_step="ask")) == "lease: 5 rows. Next: ask"


def test_a_held_up_night_is_reported_unless_each_feed_has_said_so_itself() -> None:
    assert not FeedsStopped("night", "lease has stopped", next_step="sync").is_reported
    assert FeedsStopped("night", "lease has stopped", next_step="sync", is_reported=True).is_reported
    assert isinstance(FeedsStopped("night", "x", next_step="y"), CheckFailed)


def test_a_source_is_asked_again_only_where_that_may_help() -> None:
    assert not SourceError("lease", "the folder is gone", next_step="ask").is_passing
    assert SourceError("lease", "no answer", next_step="wait", is_passing=True).is_passing
