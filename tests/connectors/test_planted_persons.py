"""Over 1,000 persons in over 100 forms: none is left in any file, whatever script, sign or mark an office writes a number with."""

from __future__ import annotations

import io
import logging
import zipfile
from pathlib import Path

import fsspec
import pyarrow as pa
import pytest

from connectors.persons import Blotter
from connectors.sources.file_drop import stores
from tests.conftest import LEASES_HEADER, Park, day, lease_row, staff_file, staff_row
from tests.connectors.test_landing import xlsx
from tests.planted import FORMS, left_in, planted, squeezed
from warehouse.errors import ParkBridgeError


def test_none_is_left_in_a_text_and_the_search_finds_them() -> None:
    persons = planted(1300)
    assert len({person.text for person in persons}) == 1300
    assert sum(map(len, FORMS.values())) >= 25
    for person in persons:
        assert person.sought in squeezed(person.text), "the search would find it"
        clean = Blotter("a key").text(person.text)
        assert person.sought not in squeezed(clean), (person, clean)


@pytest.mark.parametrize(
    "text",
    [
        "91330106MA2AX8KX7Q",
        "330106000012345",  # a registration number 注册号
        "2026-03-01 09:00:00",
        "20260301093000123",
        "建筑面积 1,234.50 平方米，月租金 15,000.00 元",
        "0571-88888888",  # a firm's line
        "12幢1380013800室",
        "合同 ZL-2025-000123-02",
        "1500 2000 3000 12000",
        "400-800-1380",
        "15000.000000万元",
        "13800138000.00元",
        "星座商务广场1幢1501-1503、1508-1512、1207、701、709-711室",
        "张先生餐饮店",
        "联系人公司",
        "朝阳区三间房东柳村",
        "法人独资",
        "面积<100 且 >50",
        "苏州张江科技有限公司(法人：苏州张江控股有限公司)",
        "A&amp;B贸易有限公司",
    ],
)
def test_what_is_no_person_stays(text: str) -> None:
    assert Blotter().text(text) == text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("B00001 tel13800138000", "B00001 tel[phone removed]"),
        ("B1 联系人：张伟", "B1 联系人：[name removed]"),
        ("zhang.san@example.com", "[mail address removed]"),
        ("13800138000", "13800138000"),
        ("ZL-13800138000", "ZL-13800138000"),
        ("2026-03-01 09:00:00", "2026-03-01 09:00:00"),
        ("6510 ①⑨⑥⑧⑥⑤⑧④③⑨⑨", "6510 [phone removed]"),
        ("富锋彩印@B00005", "富锋彩印@B00005"),
        ("330106660101123", "330106660101123"),
        # blanks and marks around a code are taken off where it is staged: it is the same code
        ("\t330106660101123\u200b", "\t330106660101123\u200b"),
        ("13 800 138 000", "13 800 138 000"),
        # our own evidence quotes an old tax number: 04-04-01 is in it
        ("organisation code 359903040401079; known to lease", "organisation code 359903040401079; known to lease"),
        ("组织机构代码 359903040401079；仅lease有", "组织机构代码 359903040401079；仅lease有"),
    ],
)
def test_a_text_in_a_column_of_codes_is_read_as_a_text(text: str, clean: str) -> None:
    assert Blotter().text(text, in_codes=True) == clean
    batch = pa.RecordBatch.from_pydict({"code": pa.array([text], pa.string())})
    assert Blotter().clean(batch, {"code"}).column("code").to_pylist() == [clean]


def test_none_is_in_any_file(park: Park) -> None:
    """In notes, names, addresses, file, sheet and member names; landed, staged, refused, published."""
    persons = planted(1080)
    spare = (person.line for person in persons[:6])
    sheet = [lease_row(n, note=person.text.replace(",", "，")) for n, person in enumerate(persons[:400])]
    park.drop("leases", f"租赁 {next(spare)}.xlsx", xlsx(LEASES_HEADER, sheet), day(0.3))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        rows = [lease_row(n) for n in range(400)]
        zipped.writestr(f"台账 {next(spare)}.csv", "\n".join([LEASES_HEADER, *rows]) + "\n")
    park.drop("leases", "租赁.zip", archive.getvalue(), day(0.4))
    named = [
        staff_row(f"U{n}").replace(f"U{n}公司", '"' + person.text.replace('"', "") + '"')
        for n, person in enumerate(persons[400:])
    ]
    park.drop("staff", f"参保 {next(spare)}.csv", staff_file(named), day(0.3))
    park.change("staff", "rejected_pct: 10", "rejected_pct: 60")  # 审核：张伟 is a signature, and no firm
    for name in ("leases", "staff"):
        park.sync(name, day(1))
    park.drop("staff", f"坏 {next(spare)}.csv", staff_file([]).replace("单位名称", next(spare)), day(1.5))
    with pytest.raises(ParkBridgeError) as refused:
        park.land("staff", day(2))
    (park.home / "stop.log").write_text(f"{refused.value} {refused.value.args}", encoding="utf-8")
    assert left_in(park.home, persons) == {}
    (park.home / "x.log").write_text(persons[700].text, encoding="utf-8")
    assert left_in(park.home, persons) == {persons[700].sought: {"x.log"}}


def test_no_file_s_name_is_in_the_debug_log_of_its_store(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """fsspec says which file it opens, at a level that Airflow's log can be set to."""
    assert logging.getLogger("fsspec.local").getEffectiveLevel() == logging.INFO, f"{stores.__name__} sets it"
    (tmp_path / "13800138000.csv").write_text("a")
    with caplog.at_level(logging.DEBUG), fsspec.filesystem("file").open(str(tmp_path / "13800138000.csv")) as file:
        file.read()
    assert "13800138000" not in caplog.text
