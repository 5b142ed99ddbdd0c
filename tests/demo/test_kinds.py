"""Everything that the demo promises to contain is there at 300 enterprises, within the history that a build shows."""

import re
import sqlite3
from pathlib import Path

import duckdb
import numpy as np
import pytest

from demo.city import EVENT_KINDS, STORY_NAMES, build_city
from demo.dirt import CODE_KINDS, NAME_KINDS

UNTIL = "2026-11-23"  # as conftest builds the city


def _counts(truth: duckdb.DuckDBPyConnection, query: str) -> dict[str, int]:
    return dict(truth.execute(query).fetchall())


def test_every_story_is_lived_twice_or_more(truth: duckdb.DuckDBPyConnection) -> None:
    counts = _counts(truth, "select story, count(*) from enterprise group by 1")
    assert set(counts) == set(STORY_NAMES)
    assert {story for story, n in counts.items() if n < 2} <= {"agency"}
    assert sum(counts.values()) == 300


def test_every_kind_of_event_is_on_record_before_the_build_ends(truth: duckdb.DuckDBPyConnection) -> None:
    counts = _counts(truth, f"select event_code, count(*) from event where recorded_at < date '{UNTIL}' group by 1")
    assert set(counts) == set(EVENT_KINDS)
    assert _counts(truth, f"select event_code, count(*) from event where event_date >= date '{UNTIL}' group by 1")


def test_every_kind_of_dirt_is_in_some_silo(truth: duckdb.DuckDBPyConnection) -> None:
    assert set(_counts(truth, "select code_dirt, count(*) from link group by 1")) == set(CODE_KINDS)
    assert set(_counts(truth, "select name_dirt, count(*) from link group by 1")) == set(NAME_KINDS)
    shared = truth.execute(
        """select count(*) from (
            select source_key from link where silo = 'access' group by 1 having count(distinct true_id) > 1)"""
    ).fetchone()
    assert shared is not None
    assert shared[0] >= 1


def test_branches_bear_their_parents_names(truth: duckdb.DuckDBPyConnection) -> None:
    found = truth.execute(
        """select count(*), count(*) filter (starts_with(b.name, p.name) and b.name like '%分公司' and b.uscc <> p.uscc)
        from enterprise b join enterprise p on p.true_id = b.partner_id where b.kind = 'branch'"""
    ).fetchone()
    assert found is not None
    assert found[0] == found[1] >= 8


def test_sisters_differ_by_little_and_some_are_not_in_the_register(truth: duckdb.DuckDBPyConnection) -> None:
    families = truth.execute(
        "select family_kind, list(name order by name), count(*) filter (not is_registered_here) from enterprise "
        "where family_id is not null group by family_kind, family_id"
    ).fetchall()
    assert {kind for kind, _, _ in families} == {"numbered", "one_character", "group", "bank"}
    differ = {
        "numbered": "第[一二三四]",
        "one_character": ".",
        "group": "(集团|控股|投资|发展)",
        "bank": "[^行]{2}支行",
    }
    for kind, names, _ in families:
        assert len(names) == (3 if kind == "bank" else 4)
        common = next(place for place, letters in enumerate(zip(*names, strict=False)) if len(set(letters)) > 1)
        pattern = f".{{{common - 1},{common}}}{differ[kind]}.*"
        assert all(re.fullmatch(pattern, name) for name in names), (kind, names)
        assert len(set(names)) == len(names)
    sisters = sum(len(names) for kind, names, _ in families if kind != "bank")
    unknown = sum(missing for kind, _, missing in families if kind != "bank")
    assert 0.1 < unknown / sisters < 0.45


def test_every_kind_of_delivery_and_of_planted_error(truth: duckdb.DuckDBPyConnection) -> None:
    kinds = _counts(truth, f"select kind, count(*) from delivery where delivered_at < date '{UNTIL}' group by 1")
    assert set(kinds) == {"regular", "late", "correction", "duplicate", "gap"}
    planted = _counts(
        truth, f"select kind, count(*) from planted where month is null or month < date '{UNTIL}' group by 1"
    )
    assert set(planted) == {
        "group_headcount",
        "headcount_equals_wages",
        "identity_number_as_partner_code",
        "identity_number_as_taxpayer_no",
        "identity_number_in_free_text",
        "identity_number_in_personal_column",
        "lazy_filer",
        "person_name_among_applicants",
        "person_name_as_partner",
        "person_name_in_personal_column",
        "phone_in_personal_column",
        "staff_without_wages",
        "unreadable_electricity",
        "unreadable_gas",
        "unreadable_headcount",
        "unreadable_water",
        "zero_headcount",
    }


def test_filings_late_corrected_quarterly_settled_and_refunded(city: Path) -> None:
    with sqlite3.connect(city / "silos/tax/税务.sqlite") as database:

        def count(table: str, where: str) -> int:
            return int(database.execute(f"select count(*) from {table} where {where}").fetchone()[0])

        assert count("申报表", "julianday(申报日期) - julianday(所属期止) > 30 and 申报类型 = '正常申报'") > 100
        assert count("申报表", "申报类型 = '更正申报'") > 100
        assert count("申报表", "征收项目 = '增值税' and julianday(所属期止) - julianday(所属期起) > 80") > 500
        assert count("申报表", "申报类型 = '汇算清缴' and 应补退税额_分 < 0") > 5
        assert count("入库表", "入库金额_分 < 0 and 缴款类型 = '退税'") > 5
        assert count("入库表", "征收项目 in ('房产税', '城镇土地使用税')") > 5
        assert count("申报表", "length(纳税人识别号) = 15") > 100


@pytest.mark.parametrize("month", ["202311", "202605"])
def test_persons_stand_in_the_files_as_planted(city: Path, truth: duckdb.DuckDBPyConnection, month: str) -> None:
    text = (city / f"silos/employment/参保_{month}.csv").read_bytes().decode("gb18030")
    phones = _counts(truth, "select value, true_id from planted where kind = 'phone_in_personal_column'")
    assert len([phone for phone in re.findall(r"\b13\d{9}\b", text) if phone in phones]) > 150


def test_sizes_have_a_heavy_tail(truth: duckdb.DuckDBPyConnection) -> None:
    found = truth.execute(
        """select median(headcount), max(headcount), sum(headcount) from enterprise_month
        where month = '2026-10-01' and headcount > 0"""
    ).fetchone()
    assert found is not None
    typical, largest, everyone = found
    assert typical < 15
    assert largest > 20 * typical
    assert 2_000 < everyone < 20_000


def test_leaving_announces_itself(truth: duckdb.DuckDBPyConnection) -> None:
    """Half a year before an announced leaving, staff is a quarter larger than in the last month; otherwise not."""
    query = """
        select e.story, sum(last.headcount)::double / sum(before.headcount)
        from enterprise e
        join enterprise_month last on last.true_id = e.true_id and last.month = e.moved_out_month - interval 1 month
        join enterprise_month before
        on before.true_id = e.true_id and before.month = e.moved_out_month - interval 7 month
        where before.headcount > 0 group by 1"""
    ratio = _counts(truth, query)
    assert ratio["move_out"] < 0.8
    assert ratio["move_out_sudden"] > 0.9
    renewed = truth.execute(
        """select count(*) filter (leased_tenth > 0) from enterprise e join enterprise_month m
        on m.true_id = e.true_id and m.month >= e.moved_out_month"""
    ).fetchone()
    assert renewed == (0,)


def test_a_bank_with_more_branches_than_a_group_has_members_gets_a_city() -> None:
    built = [build_city(seed, 300, np.datetime64("2023-11"), 36) for seed in range(50, 58)]
    assert any((city.firm["family_member"] > 3).any() for city in built), "no bank of five: draw other seeds"
    for city in built:
        assert city.text["name_0"].null_count == 0
