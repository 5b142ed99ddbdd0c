"""The pipeline from delivery to accepted rows, over real files where they are present."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connectors.credentials import Credentials
from connectors.landing import land
from connectors.registry import feeds
from examples import handover
from warehouse import acceptance, loader
from warehouse.batches import pending
from warehouse.connection import writer
from warehouse.settings import CHECKOUT, Settings

EXAMPLES = CHECKOUT / "examples"


@pytest.fixture(scope="session")
def data() -> Path:
    folder = handover.data_folder()
    if not folder.is_dir():
        pytest.skip(f"the real data is not here ({folder}); PARKBRIDGE_SHARED_DATA says where it is")
    return folder


@dataclass(frozen=True)
class Park:
    settings: Settings
    office: Path

    def pull(self, until: datetime) -> None:
        """Land, stage and accept what every feed of the park has by then."""
        for feed in feeds(self.settings.feed_folders).values():
            login = Credentials("fs", extra={"path": str(self.office)})
            land(feed, self.settings.raw, run_id="test", until=until, credentials=login)
            waiting = pending(self.settings.raw, feed.name)
            with writer(self.settings) as connection:
                loader.stage(connection, feed, waiting, time_zone=self.settings.time_zone)
                acceptance.accept(connection, feed, waiting, now=datetime.now(UTC))


def make_park(home: Path, name: str, memory_limit: str = "4GB") -> Park:
    settings = replace(
        Settings.from_environment(),
        home=home,
        feed_folders=(EXAMPLES / name / "feeds",),
        park_name=name,
        time_zone=ZoneInfo("UTC"),
        memory_limit=memory_limit,
    )
    return Park(settings, home / "office")
