"""A person that landing did not know: its row is quarantined, a publish never holds it, and one record does not stop a park."""

from __future__ import annotations

import json

import duckdb
import pyarrow.parquet as pq
import pytest

import connectors.landing
from connectors.persons import Blotter
from tests.conftest import Park, day, staff_file, staff_row
from tests.planted import left_in, planted
from warehouse.batches import pending
from warehouse.connection import writer
from warehouse.errors import ParkBridgeError
from warehouse.suspected_names import in_words, is_suspected, say_firm, suspected

PERSON = next(person for person in planted(40, ["phone"]) if "\n" not in person.text)

HEADER = """-- title: Named | 名称
-- one row is: one name | 一行是：一个名称
-- answers: what is a unit called? | 回答：单位叫什么？
-- key: source_key
-- rules: none | 规则：无
-- known gaps: none | 已知不足：无
-- checked by: a test
"""


def as_before(park: Park, monkeypatch: pytest.MonkeyPatch) -> None:
    """Land as a program did that knew no detector."""

    class Blind(Blotter):
        def text(self, text: str, *, in_codes: bool = False) -> str:
            return text

    monkeypatch.setattr(connectors.landing, "Blotter", Blind)


def test_a_row_with_a_person_is_quarantined_without_it(park: Park, monkeypatch: pytest.MonkeyPatch) -> None:
    as_before(park, monkeypatch)
    rows = [staff_row(f"U{n}") for n in range(20)] + [staff_row("U99").replace("U99公司", f"户{PERSON.line}")]
    park.drop("staff", "参保.csv", staff_file(rows), day(0.3))
    park.land("staff", day(1))
    (batch,) = pending(park.raw, "staff")
    assert left_in(park.home, [PERSON])
    (staged,) = park.stage("staff")
    assert (staged.used, staged.rejected) == (20, 1)
    ((reason, text),) = [
        (row["reason"], row["row_json"]) for row in pq.read_table(batch.folder / "rejected.parquet").to_pylist()
    ]
    assert reason == "enterprise_name holds a person (phone)"
    assert json.loads(text)["单位编号"] == "U99"
    assert "[phone removed]" in json.loads(text)["单位名称"]
    park.accept("staff", day(1))
    (batch.folder / "rows.parquet").unlink()  # the office's own delivery, immutable
    assert left_in(park.home, [PERSON]) == {}


def test_what_reaches_a_publish_is_a_note_with_a_mark(park: Park) -> None:
    model = park.transforms / "6_snapshots" / "named.sql"
    model.write_text(
        HEADER + f"select source_key, enterprise_name || ' {PERSON.line}' as text from known.employment\n",
        encoding="utf-8",
    )
    park.drop("staff", "参保.csv", staff_file(staff_row(f"U{n}") for n in range(3)), day(0.3))
    park.sync("staff", day(1))
    published = park.publish(day(2))
    assert left_in(park.settings.published, [PERSON]) == {}
    assert published.manifest["tables"]["snapshots.named"]["rows"] == 3


def test_a_name_that_may_be_a_persons_is_held_until_somebody_says_otherwise(park: Park) -> None:
    rows = [staff_row(f"U{n}") for n in range(4)]
    for number, name in enumerate(["张伟", "金石", "华星", "杭州华星科技有限公司"]):
        rows[number] = rows[number].replace(f"U{number}公司", name)
    model = park.transforms / "6_snapshots" / "named.sql"
    model.write_text(
        HEADER + "select source_key, enterprise_name, '依据：' || enterprise_name as evidence from known.employment\n",
        encoding="utf-8",
    )
    park.drop("staff", "参保.csv", staff_file(rows), day(0.3))
    park.sync("staff", day(1))

    def published(number: float) -> str:
        path = park.publish(day(number)).path
        with duckdb.connect(path, read_only=True) as connection:
            return str(connection.execute("from snapshots.named order by 1").fetchall())

    first = published(2)
    assert "张伟" not in first
    assert "金石" not in first
    assert first.count("[name held ") == 4
    assert "'华星'" in first
    with pytest.raises(ParkBridgeError, match="who says so and why is missing"):
        say_firm(park.settings, "金石", who="me", why=" ")
    say_firm(park.settings, "金石", who="me", why="short for 金石机械厂")
    second = published(3)
    assert "金石" in second
    assert "张伟" not in second
    with writer(park.settings) as connection:
        left = suspected(connection, park.settings)
    assert [(one.name, one.feed, one.records) for one in left] == [("张伟", "staff", 1)]
    assert in_words(left)[0] == "张伟  staff, 1 record"


@pytest.mark.parametrize("name", ["张伟", "欧阳锋", "王秀英", "司马光", "刘洋"])
def test_persons_are_suspected(name: str) -> None:
    assert is_suspected(name)


@pytest.mark.parametrize("name", ["金桥酒店", "万达集团", "华星科技", "海尔", "中石化", "王府井百货", "金店", "空置"])
def test_firms_are_not(name: str) -> None:
    assert not is_suspected(name)
