"""Which months and days a fact may be of, and which files of people are there: by hand, without a delivery."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import duckdb
import pytest

from cli.machine import _look_at_what_people_wrote
from connectors.feed import read_feed
from tests.conftest import Park
from warehouse.people import JUDGEMENTS_FILE
from warehouse.publish import _withdraw
from warehouse.row_reasons import month_window


@pytest.mark.parametrize(
    ("period_months", "months_ahead", "last"), [(None, 0, "2026-04-10"), (None, 2, "2026-05-10"), (12, 2, "2027-03-10")]
)
def test_a_month_may_be_a_whole_period_ahead(
    park: Park, period_months: int | None, months_ahead: int, last: str
) -> None:
    feed = read_feed(park.feed_folder / "staff")
    feed = replace(
        feed, period_months=period_months, allow=replace(feed.allow, months_ahead=months_ahead, first_year=1990)
    )
    first, end = month_window(feed, datetime(2026, 3, 10, 12)).split(" and ")
    assert duckdb.sql(f"select ({first})::date::varchar, ({end})::date::varchar").fetchall() == [("1990-01-01", last)]


def test_editions_of_audiences_that_are_named_no_longer_are_removed(park: Park) -> None:
    editions = park.settings.published / "editions"
    for name in ("operator", "public"):
        (editions / name).mkdir(parents=True)
        (editions / name / "park.duckdb").touch()
    (editions / "note.txt").touch()
    _withdraw(park.settings, ["director", "operator"])
    assert sorted(path.name for path in editions.iterdir()) == ["note.txt", "operator"]


def test_people_s_files_are_each_well_or_have_a_cure(park: Park) -> None:
    settings = park.settings
    (settings.backup).mkdir(parents=True, exist_ok=True)
    copy = settings.backup / JUDGEMENTS_FILE
    copy.write_text("left,right,decision,who,when,why\na/1,b/1,same,ann,2026-01-01,x\n", encoding="utf-8")
    settings.judgements.unlink(missing_ok=True)
    settings.outcomes.write_text("damaged", encoding="utf-8")
    gone, damaged, none_yet = _look_at_what_people_wrote(settings)
    assert (gone.is_well, gone.text.endswith("The backup has 1 judgements"), len(gone.cures)) == (False, True, 2)
    assert (damaged.is_well, "The backup has" in damaged.text, damaged.cures) == (False, False, ())
    assert (none_yet.is_well, none_yet.text) == (True, f"no names of firms yet: there is no {settings.firm_names.name}")
