"""A city does not depend on when it is looked at: a later build only adds."""

import hashlib
import json
import sqlite3
from datetime import date, datetime
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import demo

START, UNTIL = date(2023, 11, 1), date(2026, 11, 23)  # as conftest builds the city
EARLIER = date(2026, 3, 2)


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("earlier")
    demo.build(folder, seed=1, until=EARLIER, start=START)
    return folder


def _files(folder: Path) -> dict[str, str]:
    kept = ("employment/", "lease/", "utility/", "access/")
    return {name: digest for name, digest in _hashes(folder / "silos").items() if name.startswith(kept)}


def test_delivered_files_of_an_earlier_build_are_all_in_the_later_one(city: Path, earlier: Path) -> None:
    before, after = _files(earlier), _files(city)
    assert before.items() < after.items()
    cut = datetime.fromisoformat(f"{EARLIER}T00:00:00+08:00").timestamp()
    times = {name: (city / "silos" / name).stat().st_mtime for name in after}
    assert {name for name, time in times.items() if time < cut} == set(before)


@pytest.mark.parametrize("table", ["申报表", "入库表"])
def test_the_tax_office_had_recorded_then_what_it_shows_as_recorded_by_then(
    city: Path, earlier: Path, table: str
) -> None:
    def rows(folder: Path) -> set[tuple[object, ...]]:
        with sqlite3.connect(folder / "silos/tax/税务.sqlite") as database:
            return set(database.execute(f"select * from {table} where 记录时间 < ?", [f"{EARLIER} 00:00:00"]))

    everything = (
        sqlite3.connect(earlier / "silos/tax/税务.sqlite").execute(f"select count(*) from {table}").fetchone()[0]
    )
    assert rows(earlier) == rows(city)
    assert len(rows(earlier)) == everything > 10_000


@pytest.mark.parametrize("name", ["enterprises", "events"])
def test_the_register_too(city: Path, earlier: Path, name: str) -> None:
    before = pq.read_table(earlier / f"silos/registration/{name}.parquet")
    after = pq.read_table(city / f"silos/registration/{name}.parquet")
    assert after.filter(pc.field("recorded") < datetime.fromisoformat(str(EARLIER))).equals(before)
    assert after.num_rows > before.num_rows


def test_the_truth_is_the_same_whenever_one_looks(city: Path, earlier: Path) -> None:
    assert _hashes(city / "truth") == _hashes(earlier / "truth")


@pytest.mark.nights
def test_same_seed_same_bytes_and_another_seed_another_city(city: Path, tmp_path: Path) -> None:
    demo.build(tmp_path / "again", seed=1, until=UNTIL, start=START)
    assert _hashes(tmp_path / "again") == _hashes(city)
    demo.build(tmp_path / "other", seed=2, until=UNTIL, start=START)
    other, mine = _hashes(tmp_path / "other" / "truth"), _hashes(city / "truth")
    assert other.keys() == mine.keys()
    # only when which month is delivered does not hang on the seed
    assert {name for name in mine if other[name] == mine[name]} <= {"delivery.parquet"}


@pytest.mark.nights
def test_a_folder_goes_on_from_its_own_first_month_and_back(city: Path, earlier: Path) -> None:
    facts = demo.build(earlier, seed=1, until=UNTIL)
    assert facts["start"] == "2023-11"
    assert _hashes(earlier) == _hashes(city)
    demo.build(earlier, seed=1, until=EARLIER)
    assert max(_files(earlier)).startswith("utility/抄表_202601")


def test_a_city_is_not_built_into_the_program() -> None:
    own = Path(demo.__file__).parent
    before = sorted(own.iterdir())
    with pytest.raises(demo.CityError, match="holds the program"):
        demo.build(own, enterprises=300, until=date(2026, 11, 20))
    assert sorted(own.iterdir()) == before


def test_a_folder_keeps_its_city(earlier: Path) -> None:
    before = _hashes(earlier)
    with pytest.raises(demo.CityError, match="holds another city: seed 1, enterprises 300, months 36, not seed 2"):
        demo.build(earlier, seed=2, until=EARLIER)
    assert _hashes(earlier) == before


@pytest.mark.parametrize("program", ["another", None])
def test_a_city_of_another_version_of_the_program_does_not_go_on(earlier: Path, program: str | None) -> None:
    plan = earlier / "city.json"
    written = plan.read_text(encoding="utf-8")
    facts = json.loads(written)
    held = facts.pop("program")
    assert held == demo.program()
    plan.write_text(json.dumps(facts | ({"program": program} if program else {})), encoding="utf-8")
    before = _hashes(earlier)
    with pytest.raises(demo.CityError, match="another version of the demo"):
        demo.build(earlier, seed=1, until=EARLIER)
    assert _hashes(earlier) == before
    plan.write_text(written, encoding="utf-8")


def test_until_outside_the_history_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="lies outside the history"):
        demo.build(tmp_path, until=date(2027, 6, 1), start=START)
    with pytest.raises(ValueError, match="take 150 or more"):
        demo.build(tmp_path, enterprises=20)


def test_the_stages_of_a_need_are_recorded_one_after_the_other(city: Path) -> None:
    with sqlite3.connect(city / "silos/service/服务台.sqlite") as database:
        rows = database.execute(
            "select 诉求编号, 提出日期 = 首次联系日期, (首次联系日期 is not null) + (办结日期 is not null) "
            "from 诉求 order by 诉求编号, 记录时间"
        ).fetchall()
    stages: dict[str, list[int]] = {}
    for number, _, stage in rows:
        stages.setdefault(number, []).append(stage)
    assert [number for number, found in stages.items() if found != sorted(found)] == []
    assert any(is_same_day for _, is_same_day, _ in rows)
