"""Every feed's sample rows through its stage.sql, held against its expected.csv."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.feed import read_feed
from connectors.rehearsal import check

FEEDS = sorted(path.parent for path in (Path(__file__).parents[2] / "connectors" / "feeds").glob("*/feed.yml"))


@pytest.mark.parametrize("folder", FEEDS, ids=lambda folder: folder.name)
def test_sample(folder: Path) -> None:
    assert check(read_feed(folder)) == []
