"""Every folder of declarations/ is a feed.yml with one thing wrong, and what must be said about it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from connectors.feed import read_feed
from warehouse.errors import DeclarationError

CASES = sorted(path.parent for path in (Path(__file__).parent / "declarations").glob("*/feed.yml"))


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_wrong_declaration_is_told(case: Path, tmp_path: Path) -> None:
    folder = tmp_path / "insured_staff"
    folder.mkdir()
    shutil.copy(case / "feed.yml", folder)
    with pytest.raises(DeclarationError) as wrong:
        read_feed(folder)
    message = str(wrong.value)
    assert message.startswith((case / "expected_message.txt").read_text(encoding="utf-8").strip())
    assert ". Next: " in message
