"""What a person confirms so that a night is published although it was stopped: who, when and why, kept in ops.confirmation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from warehouse.errors import ParkBridgeError


@dataclass(frozen=True)
class Confirmation:
    """One person's word for one night."""

    who: str
    why: str

    @classmethod
    def given(cls, who: str, why: str, option: str) -> Confirmation | None:
        """The confirmation; None where neither name nor reason is given.

        Raises:
            ParkBridgeError: A reason without a name.
        """
        who, why = who.strip(), why.strip()
        if why and not who:
            raise ParkBridgeError(
                option, "the person who confirms it is not named", next_step="name who confirms it (who)"
            )
        return cls(who, why) if why else None


@dataclass(frozen=True)
class Finding:
    """One reason to stop: what it is about, and its value before and now where there are any."""

    object_name: str
    fact: str
    allowed: str = ""
    figure_before: float | None = None
    figure_now: float | None = None


def keep(
    connection: duckdb.DuckDBPyConnection,
    night_id: str,
    stop_code: str,
    findings: Sequence[Finding],
    confirmation: Confirmation | None,
) -> None:
    """Keep what was let through tonight, in place of what an earlier run of this night kept."""
    connection.execute("delete from ops.confirmation where night_id = ? and stop_code = ?", [night_id, stop_code])
    if not findings or confirmation is None:
        return
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    connection.executemany(
        "insert into ops.confirmation by name select ? as night_id, ? as stop_code, ? as object_name, ? as observed, "
        "?::double as figure_before, ?::double as figure_now, ? as confirmed_by, ? as confirmed_because, ? as confirmed_at",
        [
            [
                night_id, stop_code, f.object_name, f.fact, f.figure_before, f.figure_now,
                confirmation.who, confirmation.why, now,
            ]
            for f in findings
        ],
    )  # fmt: skip
