"""Of several parties in one cell only firms and institutes land: worked by hand, and the feed `patent` over an office's database."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.feed import read_feed
from connectors.parties import organisations, without_people
from tests.conftest import Park, day
from warehouse.errors import DeclarationError
from warehouse.settings import CHECKOUT

FIRM = "临澜示例科技有限公司"


@pytest.mark.parametrize(
    ("cell", "kept", "others"),
    [
        (f"{FIRM};江屿大学;张三", [FIRM, "江屿大学"], 1),
        (f"{FIRM}；王小红、李建国|赵伟", [FIRM], 3),
        # a comma divides parties, and is in names of firms abroad
        ("Foo Widgets Co., Ltd.;John Smith", ["Foo Widgets Co., Ltd."], 1),
        (f"{FIRM},李四", [FIRM], 1),
        (f"{FIRM}，李四", [FIRM], 1),
        # a blank alone before a person's name
        (f"{FIRM} 李小红", [FIRM], 1),
        ("PRINCETON UNIVERSITY, Acme S.A.", ["PRINCETON UNIVERSITY", "Acme S.A."], 0),
        # names of persons that hold a word of institutes, or have several parts
        ("李学院;王中心;阿卜杜·买买提", [], 3),
        # what is not clearly a firm or an institute
        ("三星电子株式会社;Agatha Limitedova", [], 2),
        (f"{FIRM};;\n{FIRM}", [FIRM, FIRM], 0),
        ("", [], 0),
        ("；；", [], 0),
    ],
)
def test_firms_and_institutes_are_kept_and_others_counted(cell: str, kept: list[str], others: int) -> None:
    assert organisations(cell) == (kept, others)


SURNAMES, GIVEN = "王李张刘陈杨赵黄周吴", "建国秀兰志强晓燕海涛文静"
PERSON = st.builds(lambda a, b: a + b, st.sampled_from(SURNAMES), st.text(GIVEN, min_size=1, max_size=2))
SIGN = st.sampled_from([";", "；", "、", "，", ",", "|", "\n", "; ", " ； ", " "])


@given(st.lists(PERSON, min_size=1, max_size=4), st.lists(SIGN, min_size=5, max_size=5), st.integers(0, 4))
def test_no_person_is_left_whatever_divides_the_names(persons: list[str], signs: list[str], place: int) -> None:
    parties = [*persons[:place], FIRM, *persons[place:]]
    cell = "".join(party + sign for party, sign in zip(parties, signs, strict=False))
    kept, others = organisations(cell)
    assert kept == [FIRM]
    assert others == len(persons)


def test_other_columns_and_empty_cells_stay_as_they_are() -> None:
    batch = pa.RecordBatch.from_pydict({"申请人": [f"{FIRM};张三", None, "张三;李四"], "申请号": ["张三", "2", "3"]})
    counts: Counter[str] = Counter()
    assert without_people(batch, {"申请人"}, counts).to_pydict() == {
        "申请人": [f"{FIRM};未列名", None, "未列名"],
        "申请号": ["张三", "2", "3"],
    }
    assert counts == {"party": 3}


# --- the feed of this checkout ----------------------------------------------------------------------------------------

FEED = CHECKOUT / "connectors" / "feeds" / "patent"
OFFICE = "create table 专利 (申请号 text, 申请日 text, 公开日 text, 专利类型 text, 主分类号 text, 申请人 text, 发明人 text, 法律状态 text)"
# published numbers: their check characters are the patent office's
NUMBERS = ("200710308494.X", "201710601862.3", "201310699744.2")


def office(park: Park, *rows: tuple[str, ...]) -> None:
    """An office with these applications: number, filed, published, class, applicants."""
    shutil.copytree(FEED, park.feed_folder / "patent", dirs_exist_ok=True)
    park.tax_database("drop table if exists 专利")
    park.tax_database(OFFICE)
    park.tax_database(
        "insert into 专利 values (?, ?, ?, '发明', ?, ?, '周海燕', '授权')",
        [(number, filed, published, main, names) for number, filed, published, main, names in rows],
    )


def test_no_person_lands(park: Park) -> None:
    """Not one byte below the park's home holds an applicant who is a person, or an inventor."""
    office(
        park,
        (NUMBERS[0], "2007-12-29", "2009-07-08", "G06F17/30", f"王秀兰;{FIRM}，李建国"),
        (NUMBERS[1], "2017-07-21", "2018-01-12", "H01L21/02", "赵志强、李建国"),
    )
    [manifest] = park.land("patent", day(1))
    assert manifest.persons_removed == {"party": 4}
    park.sync("patent", day(1))
    assert park.current("application_no, applicant_name", "patent") == [(NUMBERS[0], FIRM)]
    assert park.ask("select * from ops.quarantine") == [], "an application of persons alone is skipped"
    [rows] = (park.raw / "patent").glob("*/rows.parquet")
    assert "发明人" not in pq.read_table(rows).column_names
    for secret in ("王秀兰", "李建国", "赵志强", "周海燕"):
        assert secret not in str(pq.read_table(rows).to_pylist())
        for path in park.home.rglob("*"):
            if path.is_file():
                assert secret.encode() not in path.read_bytes(), f"{secret} in {path.name}"


def test_bad_applications_are_put_aside_with_the_reason(park: Park) -> None:
    """A wrong check character, a class in words, 500 applicants, and days that have not come."""
    crowd = ";".join(f"江屿第{n}示例有限公司" for n in range(500))
    office(
        park,
        (NUMBERS[0], "2007-12-29", "2009-07-08", "G06F17/30", f"{FIRM};{FIRM};临澜示例科技有限公司"),
        (NUMBERS[1][:-1] + "4", "2017-07-21", "2018-01-12", "H01L21/02", FIRM),
        (NUMBERS[2], "2013-12-18", "2015-06-24", "计算机软件", FIRM),
        ("201710601863.8", "2017-07-21", "2018-01-12", "H01L21/02", crowd),
        ("209910100031.6", "2099-06-03", "2099-12-05", "H01L21/02", FIRM),
    )
    park.sync("patent", day(1))
    assert park.current("application_no, applicant_name", "patent") == [(NUMBERS[0], FIRM)], "named thrice, once there"
    reasons = {str(reason) for (reason,) in park.ask("select reason from ops.quarantine")}
    expected = (
        "application_no: 201710601862.4",
        "patent_class_code: 计算机软件",
        "an application has 20 applicants at most",
        "2099",
    )
    for words in expected:
        assert any(words in reason for reason in reasons), (words, reasons)


def test_an_unknown_column_of_parties_stops(tmp_path: Path) -> None:
    for column, message in (
        ("申请人员", "parties names '申请人员'"),
        ("发明人", "parties names '发明人', which does not land"),
    ):
        folder = tmp_path / column / "patent"
        shutil.copytree(FEED, folder)
        text = (folder / "feed.yml").read_text(encoding="utf-8")
        (folder / "feed.yml").write_text(text.replace("parties: [申请人]", f"parties: [{column}]"), encoding="utf-8")
        with pytest.raises(DeclarationError, match=message):
            read_feed(folder)
