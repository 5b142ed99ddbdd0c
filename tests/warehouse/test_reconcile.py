"""A lost or old warehouse, lost batches, a night with most of it missing: nothing of it reaches readers unsaid."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from report.summary import _confirmed
from tests.conftest import LAYERS, Park, at, day, new_park, staff
from warehouse.batches import ACCEPTED, MANIFEST, ROWS, UNREADABLE, discard
from warehouse.confirmation import Confirmation, Finding
from warehouse.connection import open_read_only, writer
from warehouse.deep import deep_findings
from warehouse.errors import CheckFailed, ParkBridgeError
from warehouse.models import load_rules, read_layers
from warehouse.night import begin_night, id_of_night
from warehouse.publish import publish
from warehouse.published_nights import current_manifest, rollback
from warehouse.rebuild import rebuild
from warehouse.reconcile import _fall, _has, hold_to_last_night, hold_to_raw

FEEDS = ("leases", "payments", "staff")
YES = Confirmation("Li Hua", "the east zone was given up")
MONTHS = ("2025-11", "2025-12", "2026-01")
UNITS = {f"U{n}": 20 for n in range(40)}

HEADER = """
-- title: {name} | {name}
-- one row is: x
-- answers: x
-- key: x
-- rules: none
-- known gaps: none
-- checked by: tests/warehouse
"""
MODELS = {
    "enterprise_current": "select distinct source_key as enterprise_id from known.employment",
    "enterprise_month": "select source_key as enterprise_id, month from known.employment",
    "park_month": "select month, 'headcount' as signal_code, 1 as period_months, sum(insured_headcount)::bigint as total_value, "
    "count(*) as enterprise_count, 0 as suspect_count from known.employment group by month",
}


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory, _empty_warehouse: Path) -> Path:
    """40 enterprises with 20 people each in three months, published: made once, copied for each test."""
    folder = tmp_path_factory.mktemp("lived")
    park = new_park(folder, _empty_warehouse)
    for name, sql in MODELS.items():
        path = park.transforms / "6_snapshots" / f"{name}.sql"
        path.write_text(HEADER.format(name=name).lstrip() + sql + "\n", encoding="utf-8")
    (park.transforms / "rules").mkdir()
    for name in ("night_change", "signal"):
        shutil.copy(LAYERS / "rules" / f"{name}.yml", park.transforms / "rules")
    park.change(
        "staff", "rejected_pct: 10", "rejected_pct: 10, repeated_pct: 100, unknown_pct: 100"
    )  # no one comes or goes here
    for number, month in enumerate(MONTHS):
        park.drop("staff", f"{month}.csv", staff(UNITS, month=month), day(0.1 * number + 0.1))
    park.sync("staff", day(1))
    night(park, 1)
    return folder


@pytest.fixture
def big(lived: Path, tmp_path: Path) -> Park:
    shutil.copytree(lived, tmp_path / "big")
    return at(tmp_path / "big")


def night(park: Park, number: float, confirmation: Confirmation | None = None) -> list[Finding]:
    """A night as the DAG runs it."""
    feeds, as_of = [park.feed(name) for name in FEEDS], day(number)
    with writer(park.settings) as connection:
        hold_to_raw(connection, park.settings, feeds, id_of_night(as_of), confirmation)
        begin_night(connection, park.settings, feeds, as_of, FEEDS)
        load_rules(connection, park.transforms / "rules")
        park.build(connection)
        found = hold_to_last_night(connection, park.settings, park.models, confirmation)
        publish(connection, park.settings, park.models)
    return found


def seen(park: Park) -> tuple[int, int]:
    """What readers see: enterprises, and people of all months."""
    with open_read_only(park.settings.published_file) as connection:
        rows = connection.execute(
            "select count(distinct source_key), sum(insured_headcount) from monthly.staff"
        ).fetchall()
    return int(rows[0][0]), int(rows[0][1])


def lose_warehouse(park: Park) -> None:
    park.settings.warehouse_file.unlink()


# --- the warehouse against raw/ -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (100, 90, None),  # 10 % and 10: each just allowed
        (100, 89, "tax fell from 100 to 89 yuan (11.0 %)"),
        (1000, 900, None),
        (1000, 899, "tax fell from 1,000 to 899 yuan (10.1 %)"),
        (20, 10, None),  # half, but only 10
        (20, 9, "tax fell from 20 to 9 yuan (55.0 %)"),
        (100, 200, None),
        (0, -50, None),  # of nothing, or of refunds, there is no share
        (-10, -50, None),
    ],
)
def test_a_fall_is_beyond_its_share_and_its_least(before: float, now: float, said: str | None) -> None:
    found = _fall("tax", "yuan", before, now, 10, 10)
    assert (found and found.fact) == said
    if found:
        assert (found.allowed, found.figure_before, found.figure_now) == ("10 % of tax", before, now)
    without_unit = _fall("months", "", 4, 1, 10, 0)
    assert without_unit
    assert without_unit.fact == "months fell from 4 to 1 (75.0 %)"


@pytest.mark.parametrize(
    ("earlier", "tonight", "table", "is_compared"),
    [
        ({"a": "int", "b": "int"}, {"a": "int", "b": "int"}, "alert", True),
        ({"a": "int", "b": "int"}, {"b": "int", "a": "int"}, "alert", False),
        ({"a": "int"}, {"a": "text"}, "alert", False),
        ({}, {}, "alert", False),
        ({"a": "int"}, {"a": "int", "b": "int"}, "park_month", True),
        ({}, {"a": "int"}, "park_month", False),
        ({"a": "int"}, {}, "park_month", False),
    ],
)
def test_tables_of_one_shape_are_compared(
    earlier: dict[str, str], tonight: dict[str, str], table: str, is_compared: bool
) -> None:
    assert _has(({f"snapshots.{table}": earlier}, {f"snapshots.{table}": tonight}), "snapshots", table) == is_compared


def test_a_lost_warehouse_stops_the_night_and_the_feed_until_it_is_rebuilt(big: Park) -> None:
    lose_warehouse(big)
    big.drop("staff", "2026-02.csv", staff(dict(list(UNITS.items())[:3]), month="2026-02"), day(1.5))
    big.land("staff", day(2))
    with writer(big.settings) as connection, pytest.raises(CheckFailed) as of_feed:
        hold_to_raw(connection, big.settings, [big.feed("staff")])
    assert str(of_feed.value) == (
        "staff: the warehouse lacks 3 of 3 accepted batches: staff 20260302T000000Z-0000 and 2 more; none allowed. Next: "
        "`parkbridge rebuild` makes it again from raw/, then run this again. Published data is unchanged"
    )
    big.sync("staff", day(2))  # whoever does not ask
    for confirmation in (None, YES):
        with pytest.raises(CheckFailed, match=r"night 20260303T000000Z: the warehouse lacks 3 of 4 accepted batches"):
            night(big, 2, confirmation)
    assert seen(big) == (40, 2400)
    rebuild(big.settings, [big.feed(name) for name in FEEDS])
    assert night(big, 2) == []
    assert seen(big) == (40, 2460)


def test_a_warehouse_put_back_from_an_old_copy_stops_the_night(big: Park) -> None:
    old = big.settings.warehouse_file.read_bytes()
    big.drop("staff", "2026-02.csv", staff(UNITS, month="2026-02"), day(1.5))
    big.sync("staff", day(2))
    big.settings.warehouse_file.write_bytes(old)
    with pytest.raises(CheckFailed, match=r"lacks 1 of 4 accepted batches: staff 20260303T000000Z-0000; none allowed"):
        night(big, 2)


@pytest.mark.parametrize("lost", [ACCEPTED, MANIFEST, ROWS, ""])
def test_a_batch_that_is_gone_from_raw_stops_the_night_and_the_rebuild(big: Park, lost: str) -> None:
    gone = big.raw / "staff" / big.batch_ids("staff")[1]
    if lost:
        (gone / lost).unlink()
    else:
        shutil.rmtree(gone)
    named = rf"raw/ lacks 1 .*staff.{gone.name}.*restore them from .*/raw "
    feeds = [big.feed(name) for name in FEEDS]
    with pytest.raises(CheckFailed, match=named):
        night(big, 2)
    with pytest.raises(CheckFailed, match=named):
        rebuild(big.settings, feeds)
    lose_warehouse(big)
    with pytest.raises(CheckFailed, match=named):  # what readers see was made of it
        rebuild(big.settings, feeds)
    rebuild(big.settings, feeds, YES)
    assert big.ask("select object_name, confirmed_by from ops.confirmation") == [(f"staff/{gone.name}", "Li Hua")]
    rebuild(big.settings, feeds)
    with pytest.raises(CheckFailed, match=r"headcount .staff. fell from 2,400 to 1,600 people .33.3 %."):
        night(big, 2)


def test_a_batch_whose_rows_were_changed_stops_the_rebuild(big: Park) -> None:
    """Also where nothing else knows what was in it."""
    changed = big.raw / "staff" / big.batch_ids("staff")[1]
    content = (changed / ROWS).read_bytes()
    (changed / ROWS).write_bytes(content[:200] + bytes([content[200] ^ 1]) + content[201:])
    lose_warehouse(big)
    shutil.rmtree(big.settings.published)
    with pytest.raises(CheckFailed, match=rf"raw/staff/{changed.name}: rows.parquet is not what its manifest says"):
        rebuild(big.settings, [big.feed(name) for name in FEEDS])
    assert not big.settings.warehouse_file.exists()


@pytest.mark.parametrize("lost", ["batch", MANIFEST])
def test_raw_alone_shows_that_a_batch_is_gone(big: Park, lost: str) -> None:
    """Warehouse and published nights are lost, too: the marker of the batch after it, or its own, still names it."""
    gone = big.raw / "staff" / big.batch_ids("staff")[1]
    shutil.rmtree(gone) if lost == "batch" else (gone / MANIFEST).unlink()
    lose_warehouse(big)
    shutil.rmtree(big.settings.published)
    with pytest.raises(CheckFailed, match=rf"raw/ lacks 1 batches .*raw/staff/{gone.name}: gone or not whole"):
        rebuild(big.settings, [big.feed(name) for name in FEEDS])
    rebuild(big.settings, [big.feed(name) for name in FEEDS], YES)
    assert night(big, 2) == []
    assert seen(big) == (40, 1600)


def test_pieces_that_are_no_row_are_part_of_the_record(big: Park) -> None:
    units = [*(f"V{n}" for n in range(30))]
    big.drop("staff", "bad.csv", staff(dict.fromkeys(units, 3), month="2026-02") + "x,y\n", day(1.2))
    big.sync("staff", day(2))
    folder = big.raw / "staff" / big.batch_ids("staff")[-1]
    feeds = [big.feed(name) for name in FEEDS]
    whole = (folder / UNREADABLE).read_bytes()
    rebuild(big.settings, feeds)
    (folder / UNREADABLE).write_bytes(whole[:-20] + bytes([whole[-20] ^ 1]) + whole[-19:])
    with pytest.raises(CheckFailed, match=rf"{folder.name}: unreadable.parquet is not what its manifest says"):
        rebuild(big.settings, feeds)
    (folder / UNREADABLE).unlink()
    with pytest.raises(CheckFailed, match=rf"{folder.name}: unreadable.parquet is gone"):
        rebuild(big.settings, feeds)


def test_what_was_discarded_is_not_missed_and_a_feed_that_is_gone_is_given_up_by_a_person(big: Park) -> None:
    first, *_ = big.batch_ids("staff")
    big.drop("leases", "a.csv", "合同编号,客户编号,承租人,统一社会信用代码,面积,起租日,到期日,联系人,备注\n", day(1.2))
    discard(big.raw, "staff", first, who="ann", why="wrong")
    assert night(big, 2) == [], "not rebuilt yet"
    rebuild(big.settings, [big.feed(name) for name in FEEDS])
    found = night(big, 2.1, YES)
    assert [finding.object_name for finding in found] != [], "a third of the people"
    assert night(big, 2.2) == []
    shutil.rmtree(big.feed_folder / "staff")
    others = [big.feed(name) for name in ("leases", "payments")]
    with writer(big.settings) as connection:
        with pytest.raises(
            CheckFailed,
            match=r"has 2 batches of feeds that no folder declares: staff .* Next: put the feed's folder back",
        ):
            hold_to_raw(connection, big.settings, others, "night", YES)
        hold_to_raw(connection, big.settings, others)  # other feeds go on
    staged = big.staged()
    said = [finding.text for finding in deep_findings(big.settings, others) if not finding.is_well]
    assert said == [
        "the warehouse has batches of feed staff, which no folder declares: put the folder back, or name it in PARKBRIDGE_FEEDS"
    ]
    with pytest.raises(CheckFailed, match=r"no folder declares 1 of the feeds .*: staff; their rows would be left out"):
        rebuild(big.settings, others)
    assert big.staged() == staged
    for confirmation in (YES, None):  # once is enough
        rebuild(big.settings, others, confirmation)
        assert big.staged() == []
    with writer(big.settings) as connection:
        hold_to_raw(connection, big.settings, others, "night")


def test_raw_and_warehouse_both_lost_are_known_by_what_readers_see(big: Park) -> None:
    lose_warehouse(big)
    shutil.rmtree(big.raw)
    big.drop("staff", "2026-02.csv", staff(UNITS, month="2026-02"), day(1.5))
    for path in (big.offices / "staff").glob("202[5]*"):
        path.unlink()
    (big.offices / "staff" / "2026-01.csv").unlink()
    big.sync("staff", day(2))
    with pytest.raises(CheckFailed, match=r"raw/ lacks 3 of 4 batches that were accepted"):
        night(big, 2)
    assert seen(big) == (40, 2400)
    night(big, 2, YES)
    assert seen(big) == (40, 800)
    with open_read_only(big.settings.published_file) as connection:
        kept = connection.execute(
            "select stop_code, count(*), min(confirmed_by), min(confirmed_because) from ops.confirmation group by all order by 1"
        ).fetchall()
    assert kept == [("change", 4, YES.who, YES.why), ("raw", 3, YES.who, YES.why)], "readers see who let it through"
    assert night(big, 3) == [], "the next night needs no word"


# --- tonight against the night before -------------------------------------------------------------------------------


def lost(park: Park, condition: str, change: str = "") -> None:
    """Damage the warehouse as a wrong step would: every check of a table still holds."""
    with writer(park.settings) as connection:
        connection.execute(change or f"delete from staged.employment where {condition}")


@pytest.mark.parametrize(
    ("condition", "change", "facts"),
    [
        (
            "source_key >= 'U2'",  # 12 of 40: U0, U1, U10 to U19
            "",
            ["enterprises fell from 40 to 12 (70.0 %)", "headcount (staff) fell from 2,400 to 720 people (70.0 %)"],
        ),
        ("month = '2025-11-01'", "", ["months fell from 3 to 2 (33.3 %)"]),
        (
            "",
            "update staged.employment set insured_headcount = 5 where month = '2025-12-01'",
            ["headcount (staff) fell from 2,400 to 1,800 people (25.0 %)"],
        ),
        (
            "",
            "update staged.employment set insured_headcount = case month when '2025-12-01' then 8 else 26 end",
            ["headcount (staff) of 2025-12 fell from 800 to 320 people (60.0 %)"],
        ),
        (
            "",
            "update staged.employment set insured_headcount = insured_headcount * 1000",
            ["headcount (staff) per enterprise and month rose from 20 to 20,000 people (1,000.0 times)"],
        ),
    ],
)
def test_what_is_missing_or_of_another_size_stops_the_publish(
    big: Park, condition: str, change: str, facts: list[str]
) -> None:
    lost(big, condition, change)
    with pytest.raises(CheckFailed) as stopped:
        night(big, 2)
    said = str(stopped.value)
    assert said.startswith("night 20260303T000000Z against 20260302T000000Z, which readers see: ")
    for fact in facts:
        assert fact in said
    assert "allowed. Next: look what went missing" in said
    assert '`parkbridge sync --accept-change "why"`' in said
    assert seen(big) == (40, 2400)
    found = night(big, 2, YES)
    assert {fact for finding in found for fact in facts if finding.fact == fact} == set(facts)
    assert big.ask("select distinct night_id, stop_code, confirmed_by, confirmed_because from ops.confirmation") == [
        ("20260303T000000Z", "change", YES.who, YES.why)
    ]
    with open_read_only(big.settings.published_file) as connection:
        (line,) = _confirmed(connection)
    assert line.startswith(f"Confirmed    by {YES.who} ({YES.why}): ")
    assert night(big, 2) == [], "the same night again"
    assert night(big, 3) == [], "and the next one"


def test_five_times_as_many_per_enterprise_may_be(big: Park) -> None:
    lost(big, "", "update staged.employment set insured_headcount = insured_headcount * 5")
    assert night(big, 2) == []
    assert seen(big) == (40, 12000)


def test_small_falls_growth_first_and_past_nights_and_rollbacks_are_fine(big: Park) -> None:
    few = dict(list(UNITS.items())[:38])
    big.drop("staff", "b.csv", staff(few, month="2026-01", at="2026-03-02 09:00:00"), day(1.5))
    big.sync("staff", day(2))
    assert night(big, 2) == [], "two enterprises of forty left"
    more = UNITS | {f"V{n}": 30 for n in range(100)}
    big.drop("staff", "c.csv", staff(more, month="2026-02", at="2026-03-03 09:00:00"), day(2.5))
    big.sync("staff", day(3))
    assert night(big, 3) == []
    assert seen(big) == (140, 6160)
    assert night(big, 2) == [], "a reconstructed past night: readers do not see it"
    assert seen(big) == (140, 6160)
    rollback(big.settings, "20260302T000000Z")
    assert night(big, 4) == [], "held against what readers see"


def test_a_damaged_file_of_readers_is_held_against_the_night_that_is_kept(big: Park) -> None:
    night(big, 1.5)
    big.settings.published_file.unlink()
    big.settings.published_file.write_bytes(b"no database")
    lost(big, "source_key >= 'U2'")
    with pytest.raises(
        CheckFailed, match=r"against 20260302T120000Z, which readers see: enterprises fell from 40 to 12"
    ):
        night(big, 2)
    night(big, 2, YES)
    assert (current_manifest(big.settings) or {})["night_id"] == "20260303T000000Z"


def test_a_table_of_another_shape_and_a_list_that_may_be_empty_are_not_held(big: Park) -> None:
    path = big.transforms / "3_monthly" / "staff.sql"
    model = path.read_text(encoding="utf-8").replace("from known", ", 1 as extra from known")
    path.write_text(model + "where e.source_key < 'U3'\n", encoding="utf-8")
    assert night(big, 2) == [], "120 rows, 69 now, with another column"
    path.write_text(model + "where e.source_key < 'U1'\n", encoding="utf-8")
    with pytest.raises(
        CheckFailed, match=r"monthly.staff fell from 69 to 3 rows .95.7 %.; 30 % of monthly.staff allowed"
    ):
        night(big, 3)
    rules = big.transforms / "rules" / "night_change.yml"
    rules.write_text(
        rules.read_text(encoding="utf-8")
        + "  - {measure_code: rows, table_name: monthly.staff, fall_max_pct: 100, fall_min: 0}\n",
        encoding="utf-8",
    )
    assert night(big, 3) == []


def test_the_rule_names_what_there_is() -> None:
    models = {model.table: model for model in read_layers(LAYERS)}
    with duckdb.connect() as connection:
        load_rules(connection, LAYERS / "rules")
        named = connection.execute("select measure_code, table_name from rules.night_change").fetchall()
        signals = {code for (code,) in connection.execute("select signal_code from rules.signal").fetchall()}
    assert {code for code, _ in named} - {"enterprises", "months", "rows"} <= signals
    assert {table for _, table in named} - {None, "*"} <= set(models)
    for table, columns in {
        "snapshots.enterprise_current": ["enterprise_id"],
        "snapshots.enterprise_month": ["month"],
        "snapshots.park_month": ["signal_code", "month", "total_value", "enterprise_count", "suspect_count"],
    }.items():
        assert [column for column in columns if column not in models[table].sql] == []


def test_a_reason_needs_a_name() -> None:
    assert Confirmation.given("ann", "", "accept_change") is None
    with pytest.raises(ParkBridgeError, match="the person who confirms it is not named"):
        Confirmation.given(" ", "why", "accept_change")


def test_a_confirmation_has_a_name_and_a_reason() -> None:
    assert Confirmation.given(" Li Hua ", " moved out ", "--accept-change") == Confirmation("Li Hua", "moved out")
    assert Confirmation.given("", " ", "--accept-change") is None
    assert Confirmation.given("Li Hua", "", "--accept-change") is None, "a name alone confirms nothing"
    with pytest.raises(ParkBridgeError, match="--accept-change: the person who confirms it is not named"):
        Confirmation.given(" ", "moved out", "--accept-change")
