"""What readers have seen of the work list is known again, whatever was killed, lost or rolled back."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Park, day, naive
from warehouse.connection import open_read_only, writer
from warehouse.models import build
from warehouse.publish import publish
from warehouse.published_nights import rollback
from warehouse.rebuild import rebuild

# row W<n> is put forward on day n of March and stays on the list
LIST = """
-- title: Work list | 清单
-- one row is: one row
-- answers: what to do
-- key: row_id
-- rules: none
-- known gaps: none
-- checked by: none
with seen as (select row_id, min(list_date) as first_shown_date from ops.work_shown as s
    inner join ops.night as o on s.as_of < o.as_of group by row_id)
select 'W' || n as row_id, o.as_of::date as list_date, 'answer' as action_code, 'space' as topic_code, 'stated' as hint_level_code,
    'E1' as enterprise_id, null::varchar as need_key, null::varchar as offer_key,
    coalesce(first_shown_date, o.as_of::date) as first_shown_date, o.as_of
from ops.night as o, range(2, day(o.as_of) + 1) as r (n) left join seen as s on s.row_id = 'W' || n
"""


class Cut(Exception):
    """A publish that ends once its file is in place."""


@pytest.fixture
def listed(park: Park) -> Park:
    (park.transforms / "6_snapshots" / "work_list.sql").write_text(LIST.lstrip(), encoding="utf-8")
    return park


def shown(park: Park) -> dict[str, date]:
    with writer(park.settings) as connection:
        found = connection.execute("select row_id, list_date from ops.work_shown order by all").fetchall()
    assert len(found) == len(dict(found)), "noted once"
    return dict(found)


def march(*days: int) -> dict[str, date]:
    return {f"W{number}": date(2026, 3, number) for number in days}


def cut_night(park: Park, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(_: duckdb.DuckDBPyConnection) -> None:
        raise Cut

    with monkeypatch.context() as patched:
        patched.setattr("warehouse.publish.note_shown", cut)
        with pytest.raises(Cut):
            park.publish(day(number))


def test_a_list_that_readers_saw_counts_where_its_publish_was_killed(
    listed: Park, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed.publish(day(1))
    cut_night(listed, 2, monkeypatch)
    assert shown(listed) == march(2)
    listed.publish(day(3))
    assert shown(listed) == march(2, 3, 4)
    # readers saw W5 of the second try alone
    listed.publish(day(4))
    text = LIST.lstrip().replace("range(2,", "range(3,")
    (listed.transforms / "6_snapshots" / "work_list.sql").write_text(text, encoding="utf-8")
    listed.publish(day(4))
    assert shown(listed) == march(2, 3, 4, 5)


def test_a_night_published_again_knows_as_seen_what_earlier_nights_put_forward(listed: Park) -> None:
    for number in (1, 2, 2):
        listed.publish(day(number))
    with open_read_only(listed.settings.published_file) as connection:
        assert connection.execute("select row_id, as_of from ops.work_shown").fetchall() == [("W2", naive(1))]
    assert shown(listed) == march(2, 3)


@pytest.mark.parametrize("is_rolled_back", [False, True])
@pytest.mark.parametrize("is_damaged", [False, True])
def test_of_a_lost_warehouse_the_newest_whole_night_says_what_was_seen(
    listed: Park, is_rolled_back: bool, is_damaged: bool
) -> None:
    for number in (1, 2, 3):
        listed.publish(day(number))
    # a night of the past that readers never saw, made when later ones were known
    listed.publish(day(2.5))
    assert shown(listed) == march(2, 3, 4)
    if is_rolled_back:
        rollback(listed.settings, "20260303T000000Z")
    if is_damaged:
        night = listed.settings.published / "nights" / "20260304T000000Z.duckdb"
        content = night.read_bytes()
        night.chmod(0o644)
        night.unlink()
        night.write_bytes(content[:5000])
    lose(listed.settings.warehouse_file)
    rebuild(listed.settings, [])
    # what the last night put forward is in no other file than its own and park.duckdb
    assert shown(listed) == (march(2, 3) if is_damaged and is_rolled_back else march(2, 3, 4))


def lose(file: Path) -> None:
    for path in file.parent.glob(f"{file.name}*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def test_half_of_a_list_is_never_noted(listed: Park, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill between the two statements leaves what was noted before."""
    listed.publish(day(1))
    monkeypatch.setattr("warehouse.work_shown._insert_new_rows", lambda _: "select error('killed')")
    with writer(listed.settings) as connection:
        for folder in sorted(listed.transforms.glob("[0-9]_*")):
            build(connection, folder)
        with pytest.raises(duckdb.Error, match="killed"):
            publish(connection, listed.settings, listed.models)
    assert shown(listed) == march(2)
