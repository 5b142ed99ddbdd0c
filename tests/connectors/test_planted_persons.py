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
        # numbers with a day in them have the shape of a passport
        "合同S20260301",
        "D20260415-2",
        "E-2026-0301",
        "ABC202601010001",
        "电表资产编号3330001000100123456789",
        "数电发票26332000000012345678",
        "建行基本户33001616227053001234",
        "账号1202021209900012345",
        "快递单号SF1380013800012",
        "承租人单位：甲公司",
        "股东/高管",
        "联系人/电话",
        "员工：安置残疾人12名",
        "经理办公室",
        "车辆通行证 20260101",
        "护照办理大厅 0571-88888888",
        "身份证正反面各1份，2026年3月1日前提交",
        "①一号楼②二号楼③三号楼",
        "1①2②3③4④5⑤6⑥",
        "二〇二六年三月一日至二〇二七年二月二十八日",
        "壹佰贰拾叁万肆仟伍佰陆拾柒元捌角玖分",
        "折扣20%30%40%",
        "50%13800元",
        "@B座1.2层",
        "room#1.cn2",
        "13 801 380 01 38 005",
        "QUJDREVGR0hJSktMTU5PUA==",
        "Mr Pizza 餐厅",
    ],
)
def test_what_is_no_person_stays(text: str) -> None:
    assert Blotter().text(text) == text


NUMBER = "11010519491231002X"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        # as an address of the web, JSON, a program and Base64 write a number
        ("%31%33%38%30%30%31%33%38%30%30%30", "[phone removed]"),
        ("m=138%200013%208000&t=1", "m=[phone removed]&t=1"),
        ("t=%2B8613800138000", "t=%2B[phone removed]"),
        (r'{"t":"\u0031\u0033\u0038\u0030\u0030\u0031\u0033\u0038\u0030\u0030\u0030"}', '{"t":"[phone removed]"}'),
        (r"138\n00138000", "[phone removed]"),
        (r"\x3138\x30\x30138\x3000", "[phone removed]"),
        ("甲 dGVsIDEzODAwMTM4MDAw 乙", "甲 [phone removed] 乙"),
        ("MTEwMTA1MTk0OTEyMzEwMDJY", "[identity number removed]"),
        # the mark of an item, or a digit
        ("①13800138000②13900139000", "①[phone removed]②[phone removed]"),
        ("㈠13800138000", "㈠[phone removed]"),
        ("①③⑧⓪⓪①③⑧⓪⓪⓪", "[phone removed]"),
        ("㈠㈢㈧〇〇㈠㈢㈧〇〇〇", "[phone removed]"),
        # the last X in other letters and signs, an office's 20 digits of a sole trader, a lost line break
        *((f"{NUMBER[:17]}{last}", "[identity number removed]") for last in "ХΧ×✕*ⅹ"),
        ("33010619900307001401", "[identity number removed]01"),
        ("33010619900307001413800138000", "[identity number removed][phone removed]"),
        (f"13800138000{NUMBER}", "[phone removed][identity number removed]"),
        ("身份证号：110105194912310021", "身份证号：[identity number removed]"),
        # documents, by their names
        ("外国人永久居留证 USA110185051213", "外国人永久居留证 [document removed]"),
        ("往来港澳通行证C12345678", "往来港澳通行证[document removed]"),
        ("台胞证号：1234567801(B)", "台胞证号：[document removed]"),
        ("香港身份证K559190(2)，已核", "香港身份证[document removed]，已核"),
        ("澳门身份证 5/123456/7", "澳门身份证 [document removed]"),
        ("护照号：TR1234567", "护照号：[document removed]"),
        ("护照 512345678", "护照 [document removed]"),
        ("驾驶证档案编号330100123456", "驾驶证档案编号[document removed]"),
        ("军官证 南字第1234567号", "军官证 南字第[document removed]号"),
        ("卡号6034452450400080", "卡号[bank card removed]"),
        ("9558804837261675137", "[bank card removed]"),
        # mail addresses as people write them
        ("zhang@example。com", "[mail address removed]"),
        ("zhang@ example . com", "[mail address removed]"),
        ("张六七@example.com", "[mail address removed]"),
        ("zhang@例子.中国", "[mail address removed]"),
        ("zhang(at)example.com", "[mail address removed]"),
        ("zhang#example.com", "[mail address removed]"),
        ("zhang at example dot com", "[mail address removed]"),
        # names beside a number, several names, names with blanks or points, traditional characters
        ("张昶珺 13800138000", "[name removed] [phone removed]"),
        ("13800138000（张昶珺）", "[phone removed]（[name removed]）"),
        ("金桥酒店 13800138000", "金桥酒店 [phone removed]"),
        ("联系人：李四、张三，电话", "联系人：[name removed]、[name removed]，电话"),
        ("联系人：张　翀", "联系人：[name removed]"),
        ("联系人：阿卜杜拉•买买提", "联系人：[name removed]"),
        ("聯絡人：陳翀珺", "聯絡人：[name removed]"),
        ("Mr. Sanfeng Zhang", "Mr. [name removed]"),
    ],
)
def test_forms_of_pages_programs_and_people(text: str, clean: str) -> None:
    assert Blotter().text(text) == clean
    batch = pa.RecordBatch.from_pydict({"note": pa.array([text], pa.string())})
    assert Blotter().clean(batch).column("note").to_pylist() == [clean], "the first look passes nothing over"


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
