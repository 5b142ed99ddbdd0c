"""Values that came damaged, and lines that are no rows: none of them is accepted as what it seems to be."""

from __future__ import annotations

import pytest

from report.sentences import in_chinese
from tests.conftest import LEASES_HEADER, Park, day, lease_row, leases, staff_file, staff_row
from warehouse.batches import pending
from warehouse.errors import DeliveryRefused

GOOD = [staff_row(f"V{n}") for n in range(20)]


def reasons(park: Park, *lines: str) -> list[str]:
    park.drop("staff", "a.csv", staff_file([*GOOD, *lines]), day(0.5))
    park.change("staff", "rejected_pct: 10", "rejected_pct: 40")
    park.sync("staff", day(1))
    return [reason for (reason,) in park.ask("select reason from ops.quarantine order by row_number")]


def named(unit: str, name: str, headcount: str = "10") -> str:
    return f"{unit},{name},2026-01,{headcount},5000,张三,138,2026-02-05"


NOT_MEANT = (
    (named("#N/A", "甲公司"), "单位编号 is a spreadsheet's error"),
    (named("U1", "#REF!"), "单位名称 is a spreadsheet's error"),
    (named("U1", "#DIV/0!"), "单位名称 is a spreadsheet's error"),
    (named("U1", "甲\ufffd公司"), "单位名称 has lost its characters"),
    (named("U1", "锟斤拷锟斤拷"), "单位名称 has lost its characters"),
    (named("U1", "????有限公司"), "单位名称 has lost its characters"),
    (named("U1", "ä¸Šæµ·ç”²å…¬å\u008f¸"), "单位名称 was read in a wrong encoding"),
    (named("U1", "涓婃捣鐢叉湁鏈夐檺"), "单位名称 was read in a wrong encoding"),
    (named("U1", "江屿?达公司"), "单位名称 has lost its characters"),
    (named("U1", "江屿\ue863公司"), "单位名称 has lost its characters"),
    (named("合计", "", "200"), "单位编号 looks like a total"),
    (named("共计2户", "", "200"), "单位编号 looks like a total"),
    (named("U1", "合计：20 家"), "单位名称 looks like a total"),
    (named("总记录数：20", "", "200"), "单位编号 looks like a total"),
    (named("U1", "本页小计", "200"), "单位名称 looks like a total"),
    (named("U1", "合  计：", "200"), "单位名称 looks like a total"),
    (named("U1", "1号楼小计", "200"), "单位名称 looks like a total"),
    (named("全园累计", "", "200"), "单位编号 looks like a total"),
    (named("合計", "", "200"), "单位编号 looks like a total"),
    (named("U1", "總 計：", "200"), "单位名称 looks like a total"),
    (named("总人数", "", "200"), "单位编号 looks like a total"),
    (named("其中：外资企业", "", "100"), "单位编号 looks like a total"),
    (named("全园", "", "200"), "单位编号 looks like a total"),
    (named("U1", "续表"), "单位名称 looks like a total or a note"),
    (named("U1", "一、制造业", "100"), "单位名称 looks like a total"),
    (named("U1", "（十二）服务业", "100"), "单位名称 looks like a total"),
    (named("园区总体", "", "200"), "单位编号 looks like a total"),
    (named("U1", "⺮⺡公司"), "单位名称 holds characters as a web page or a program writes them"),
    (named("同上", "甲公司"), "单位编号 means what is above it"),
    (named("U1", "〃"), "单位名称 means what is above it"),
    (named("U1", "-同左-"), "单位名称 means what is above it"),
    (named("U1", "· ·″· ·"), "单位名称 means what is above it"),
    (named("本页小计①", "", "200"), "单位编号 looks like a total"),
    (named("户数合计12", "", "200"), "单位编号 looks like a total"),
    (named("K001 计数", "", "200"), "单位编号 looks like a total"),
    (named("期初余额", "", "200"), "单位编号 looks like a total"),
    (named("行标签", "", "200"), "单位编号 looks like a total"),
    (named("示例", "某某科技有限公司"), "单位编号 looks like an example or a test"),
    (named("例：K001", "乙公司"), "单位编号 looks like an example or a test"),
    (named("U1", "XX有限公司"), "单位名称 looks like an example or a test"),
    (named("U1", "测试公司1（勿删）"), "单位名称 looks like an example or a test"),
    (named("TEST", "甲公司"), "单位编号 looks like an example or a test"),
    (named("U1", "甲有限公司 乙有限公司"), "单位名称 names more than one"),
    (named("U1", "甲有限公司/乙厂"), "单位名称 names more than one"),
    (named("U1", "甲有限公司与乙有限公司"), "单位名称 names more than one"),
    (named("U1", "甲有限公司等3家"), "单位名称 names more than one"),
    (named("U1", "甲有限公司及关联企业"), "单位名称 names more than one"),
    (named("U1+U2", "甲公司"), "source_key is a number, masked or a list"),
    (named("U1 U2", "甲公司"), "source_key is a number, masked or a list"),
    (named("U1等", "甲公司"), "source_key is a number, masked or a list"),
    (named("U1", "注：含劳务派遣"), "单位名称 looks like a total or a note"),
    (named("U1", "ÁÙÀ½ÊÐÃ÷´´ÓÐÏÞ¹«Ë¾"), "单位名称 was read in a wrong encoding"),
    (named("12.0", "甲公司"), "source_key is a number, masked or a list, which no code is"),
    (named("U1、U2", "甲公司"), "source_key is a number, masked or a list, which no code is"),
    (named("U1", "甲公司、乙厂"), "names more than one"),
    (named("3.3e+08", "甲公司"), "source_key is a number, masked or a list, which no code is"),
    (named("U1", "?野家公司"), "单位名称 has lost its characters"),
    (named("U1", "江屿?(苏州)公司"), "单位名称 has lost its characters"),
    (named("U1", "上海明?"), "单位名称 has lost its characters"),
    (named("U1", "甲\U000f0000公司"), "单位名称 has lost its characters"),
    (named("U1", "Ã÷´ï"), "单位名称 was read in a wrong encoding"),  # 明达
    (named("U1", "¥x¿n¹q¤½¥q"), "单位名称 was read in a wrong encoding"),  # 台積電公司, Big5
    (named("U1", "Ã©lite公司"), "单位名称 was read in a wrong encoding"),
    (named("U1", "坑鹵츠댐무鱇"), "单位名称 was read in a wrong encoding"),
    (named("U1", "ｿﾕﾖﾝﾃｷ"), "单位名称 was read in a wrong encoding"),
    (named("U1", "甲&ldquo;乙&rdquo;公司"), "单位名称 holds characters as a web page"),
    (named("U1", "甲%20公司"), "单位名称 holds characters as a web page"),
    (named("U1", "%e4%b8%ad%e5%9b%bd"), "单位名称 holds characters as a web page"),
    (named("U1", "甲公司", "1.2E+08"), "identifier damaged by spreadsheet"),
    (named("U**1", "甲公司"), "source_key is a number, masked or a list"),
    (named("U1", '"{甲公司,乙公司}"'), "enterprise_name is a number, masked or a list"),
    (named("U1", "<b>甲</b>公司"), "单位名称 holds characters as a web page"),
    (named("U1", r"\xE7\x94\xB2"), "单位名称 holds characters as a web page"),
    (named("Err:502", "甲公司"), "单位编号 is a spreadsheet's error"),
    (named("U1", "#错误"), "单位名称 is a spreadsheet's error"),
    (named("U1", "甲公司", "-2146826246"), "人数 is a spreadsheet's error"),
    (named("以下空白", "", "1"), "单位编号 looks like a total or a note"),
    (named("U1", "——以下无数据——"), "单位名称 looks like a total or a note"),
    (named("U1", "共12条记录"), "单位名称 looks like a total or a note"),
    (named("U1", "*** 结束 ***"), "单位名称 looks like a total or a note"),
    (named("必填", "必填"), "单位编号 looks like a total or a note"),
    (named("U1", "最高"), "单位名称 looks like a total or a note"),
    (named("U1", "空置"), "单位名称 seems to mean that there is none"),
    (named("U1", "公摊"), "单位名称 is no firm"),
    (named("U1", "临时访客"), "单位名称 is no firm"),
    (named("U1", "江屿科技有限公司（已搬离）"), "单位名称 has a note behind it"),
    (named("U1", "江屿科技有限公司【新】"), "单位名称 has a note behind it"),
    (named("U1", "江屿便利店(10月起)"), "单位名称 has a note behind it"),
    (named("U1", "<NULL>"), "单位名称 seems to mean that there is none"),
    (named("U1", "-inf"), "单位名称 seems to mean that there is none"),
    (named("U1", "加载中..."), "单位名称 seems to mean that there is none"),
    (named("U1", "江屿??公司"), "单位名称 has lost its characters"),
    (named("U1", "屯屯屯公司"), "单位名称 has lost its characters"),
    (named("U1", "江屿〓达公司"), "单位名称 has lost its characters"),
    (named("U1", "江屿■达公司"), "单位名称 has lost its characters"),
    (named("U1", "江ï¿½公司"), "单位名称 has lost its characters"),
    (named("U1", "甲**有限公司"), "单位名称 has lost its characters"),
    (named("U1", "江屿*有限公司"), "单位名称 has lost its characters"),
    (named("U1", "***科技有限公司"), "单位名称 has lost its characters"),
    (named("U1", "江屿科技有限公…"), "单位名称 has lost its characters"),
    (named("U1", "江屿科技..."), "单位名称 has lost its characters"),
    (named("U1", r"b'\xe7\x94\xb2'"), "单位名称 holds characters as a web page"),
    (named("U1", "=E7=94=B2公司"), "单位名称 holds characters as a web page"),
    (named("U1", "=?gbk?B?vNe5q8u+?="), "单位名称 holds characters as a web page"),
    (named("U1", r"甲公司\r\n"), "单位名称 holds characters as a web page"),
    (named("U1", "甲_x000D_公司"), "单位名称 holds characters as a web page"),
    (named("U1", "某某公司（示例）"), "单位名称 looks like an example or a test"),
    (named("U1", "12、江屿科技有限公司"), "单位名称 has a number, a code or a sign"),
    (named("U1", "1000123 江屿科技有限公司"), "单位名称 has a number, a code or a sign"),
    (named("U1", "江屿科技有限公司 91329902MA00000B18"), "单位名称 has a number, a code or a sign"),
    (named("U1", "江屿科技有限公司（A座301）"), "单位名称 has a number, a code or a sign"),
    (named("U1", "江屿科技有限公司(D00012)"), "单位名称 has a number, a code or a sign"),
    (named("U1", "★江屿科技有限公司"), "单位名称 has a number, a code or a sign"),
    (named("6月12日", "甲公司"), "source_key is a day or a number where text belongs"),
    (named("12-Jun", "甲公司"), "source_key is a day or a number where text belongs"),
    (named("2026/6/12", "甲公司"), "source_key is a day or a number where text belongs"),
    (named("U1", "甲公司", "-3"), "insured_headcount is negative, which no count is"),
    (named("U1", "甲公司", "(3)"), "insured_headcount is negative, which no count is"),
    (named("U1", "甲公司", "13800138000"), "insured_headcount is 1e+08 or more, which is no count"),
    ("U1,甲公司,2099-01,10,5000,张三,138,2026-02-05", "month is 2099-01, before 1949 or after this delivery"),
    ("U1,甲公司,1900-01,10,5000,张三,138,2026-02-05", "month is 1900-01, before 1949 or after this delivery"),
)


def test_a_value_that_cannot_be_meant_costs_its_row(park: Park) -> None:
    """Each in a row of its own unit, all in one file."""
    park.change("staff", "rejected_pct: 10", "rejected_pct: 99")
    lines = [line.replace("U1,", f"U{n},", 1) for n, (line, _) in enumerate(NOT_MEANT)]
    park.drop("staff", "a.csv", staff_file([*GOOD, *lines]), day(0.5))
    park.sync("staff", day(1))
    found = park.ask("select row_number, reason from ops.quarantine order by row_number")
    assert [number for number, _ in found] == [len(GOOD) + 2 + n for n in range(len(lines))]
    assert [
        (line, reason) for (line, reason), (_, said) in zip(NOT_MEANT, found, strict=True) if reason not in said
    ] == []
    assert park.ask("select count(*) from staged.employment") == [(20,)]
    parts = {part for _, said in found for part in said.split("; ")}
    assert [part for part in parts if in_chinese(part) == part] == [], "operators read it in Chinese"


FIRMS = (
    "Grier & Co",
    "Ernst+Partner",
    "Smith + Jones",
    "江屿移动通信集团有限公司 苏州分公司",
    "江屿人寿保险股份有限公司和平县支公司",
    "江屿丝绸有限公司和音服饰分公司",
    "总计网络科技有限公司",
    "其中科技有限公司",
    "同上堂药业有限公司",
    "小计量仪器厂",
    "C#开发有限公司",
    "服务区加油站(A、B站)",
    "供销社、农资门市",
    "What? Ltd.",
    "Café Überall GmbH",
    "上海Ω·A×B公司",
    "Société Générale (中国)",
    "#1 Logistics",
    "张××××店",
    "±°··××÷÷公司",
    "Total (China) Investment",
    "共计21世纪科技",
    "What?公司",
    "环比环保科技",
    "其他山石贸易有限公司",
    "无锡平均律乐器",
    "R&D公司",
    "100%果汁店",
    "100% 20年老店",
    "Größe & Söhne GmbH",
    "삼성전자",
    "AT&T公司",
    "一家亲餐饮（二）店",
    "三里屯餐饮",
    "总体规划设计院",
    "十里香、百里香商行",
    "测试仪器有限公司",
    "示例科技有限公司",
    "余额宝信息有限公司",
    "中车/西门子（江屿）有限公司",
    "明达公司 江屿分部",
    "和平社区服务中心",
    "供销社和平商店",
    "江屿与明达有限公司",
    "公司与行会研究所",
    "全部优鲜超市",
    "XXL服饰有限公司",
    "*ST海马股份有限公司",
    "*江屿科技有限公司",
    "江屿科技有限公司**",
    "A*STAR",
    "江屿印刷有限公司(原江屿印刷厂)",
    "江屿投资中心（有限合伙）",
    "江屿科技（新）有限公司",
    "必填空科技有限公司",
    "公摊科技有限公司",
    "最高点咨询",
    "END服饰",
    "计划生育服务站",
    "目标广告",
    "李*明",
    "张***店",
    "Smith & Co...",
)


def test_a_name_that_may_be_one_is_taken(park: Park) -> None:
    """But a name of two characters that is no firm's is a total."""
    assert len(reasons(park, *(named(f"U{n}", name) for n, name in enumerate((*FIRMS, "累计"))))) == 1
    taken = {name for _, name in park.current("source_key, enterprise_name")}
    assert {name for name in (*FIRMS, "累计") if name not in taken} == {"累计"}


NO_ENTERPRISES = """
    计|最大值|占比|上月|本年|（空白）
    Total|TOTAL：|Grand Total|sub-total|Sum|合　计|合计(元)|（合计）|合计人数|总数|平均值|均值|其他|其它企业|同比|环比(%)|增长率|上年同期
    备注：含补缴|填报日期：2026-02-01|打印时间：2026-02-01 10:00|数据来源：市社保局|第1页 共3页|页码：1/3|承前页|过次页|以下空白
    -- 以下无数据 --|(盖章)|单位（盖章）：社保局|NULL|(null)|nan|<NA>|None|N/A|undefined|无|不详|——|/|***|#REF！|#DIV/0！|######|#N/A N/A
    ??公司|□□公司|A&amp;B公司|&#26126;&#36798;公司|\\u660e\\u8fbe|%E6%98%8E%E8%BE%BE
"""


def test_what_is_no_name_in_any_wording(park: Park) -> None:
    """Each in its own row, as the key and as the name."""
    texts = [text for line in NO_ENTERPRISES.strip().splitlines() for text in line.strip().split("|")]
    lines = [line for n, text in enumerate(texts) for line in (named(f"U{n}", text), named(text, f"公司{n}"))]
    park.change("staff", "rejected_pct: 10", "rejected_pct: 99")
    park.drop("staff", "a.csv", staff_file([*GOOD, *lines]), day(0.5))
    park.sync("staff", day(1))
    taken = park.current("source_key, enterprise_name")
    assert [row for row in taken if set(row) & set(texts)] == []
    assert park.ask("select count(*) from ops.quarantine") == [(2 * len(texts),)]


def test_what_keeps_a_code_from_a_spreadsheet_is_taken_off(park: Park) -> None:
    assert (
        reasons(
            park,
            named("'0012", "甲公司", "'7"),
            named('="0013"', "乙公司"),
            named("'0014'", "丙公司"),
            named("U3", "'t Hart B.V."),
            named('"""0015"""', '"""丁公司"""', '"""8"""'),
            named("“0016”", "“戊”公司"),
            named('"""己"" 公司"', "己\u00a0公司"),
        )
        == []
    )
    found = park.current("source_key, enterprise_name, insured_headcount")
    assert {("0015", "丁公司", 8), ("0016", "“戊”公司", 10), ('"己" 公司', "己 公司", 10)} <= set(found)
    assert {("0012", "甲公司", 7), ("0013", "乙公司", 10), ("0014", "丙公司", 10), ("U3", "'t Hart B.V.", 10)} <= set(
        found
    )


def test_marks_that_nobody_sees_are_taken_out(park: Park) -> None:
    assert reasons(park, named("\u200bU\u200d1\u202e", "\u2066甲公司\u2069")) == []
    assert ("U1", "甲公司") in park.current("source_key, enterprise_name")


def test_radicals_and_compatibility_forms_become_the_characters_that_they_stand_for(park: Park) -> None:
    """A name copied out of a PDF looks right, and no search finds it."""
    written = ("⼴州⻓江有限公司", "⻋城⻛电⼯程公司", "⾦⽯投资公司", "⻢鞍⼭⻩⻰公司", "\uf9f4\uf90a业公司")
    meant = ("广州长江有限公司", "车城风电工程公司", "金石投资公司", "马鞍山黄龙公司", "林金业公司")
    assert reasons(park, *(named(f"U{n}", name) for n, name in enumerate(written))) == []
    assert {name for name in meant if (name,) not in park.current("enterprise_name")} == set()


@pytest.mark.parametrize(
    ("starts", "meant"),
    [
        (["2024-12-31 16:00:00"] * 3, ["2025-01-01"] * 3),
        (
            ["2024-12-31T16:00:00", "2025-06-30 16:00:00.000", "2025-12-31 16:00:00"],
            ["2025-01-01", "2025-07-01", "2026-01-01"],
        ),
        (["2024-12-31 16:00:00"] * 2, None),
        (["2024-12-31 16:00:00"] * 3 + ["2025-01-01"], None),
        (["2024-12-31 16:00:01"] * 3, None),
        (["2024-12-31 08:00:00"] * 3, None),
    ],
)
def test_days_that_are_all_midnights_of_the_park_by_the_clock_of_utc_stop(
    park: Park, starts: list[str], meant: list[str] | None
) -> None:
    rows = [lease_row(number, start=start) for number, start in enumerate(starts)]
    park.drop("leases", "a.csv", "\n".join([LEASES_HEADER, *rows]) + "\n", day(0.5))
    if meant is None:
        park.sync("leases", day(1))
        assert [str(start) for (start,) in park.current("start_date", "lease")] == sorted(s[:10] for s in starts)
        return
    with pytest.raises(
        DeliveryRefused, match=r"起租日 is at 16:00 in 3 of 3 rows.*each start_date would be a day too early"
    ) as stopped:
        park.sync("leases", day(1))
    # what the message says to do
    path = park.feed_folder / "leases" / "stage.sql"
    sql = path.read_text(encoding="utf-8")
    advised = str(stopped.value).partition("stage.sql: ")[2].partition(". Published")[0]
    path.write_text(sql.replace("to_date(起租日)", advised), encoding="utf-8")
    park.change("leases", "One row is one lease.", "One row is one lease; days by the clock of UTC.")
    park.sync("leases", day(2))
    assert [str(start) for (start,) in park.current("start_date", "lease")] == meant


def test_a_damaged_value_of_a_column_that_nobody_uses_is_no_matter(park: Park) -> None:
    header = "单位编号,单位名称,所属期,参保人数,缴费基数,经办人,手机,受理时间,备注\n"
    rows = [f"{line},#N/A" for line in GOOD]
    park.drop("staff", "a.csv", header + "\n".join(rows) + "\n", day(0.5))
    park.sync("staff", day(1))
    assert park.ask("select count(*) from ops.quarantine") == [(0,)]
    assert not pending(park.raw, "staff")


def test_the_window_of_months_is_declared(park: Park) -> None:
    early, next_month = "U1,甲公司,2018-12,10,5000,张三,138,2026-02-05", "U2,乙公司,2026-05,10,5000,张三,138,2026-02-05"
    park.change("staff", "rows_min_pct: 60", "rows_min_pct: 0")
    assert len(reasons(park, early, next_month)) == 1
    park.change("staff", "rejected_pct: 40", "rejected_pct: 40, first_year: 2019, months_ahead: 3")
    park.drop("staff", "b.csv", staff_file([*GOOD, early, next_month, named("U3", "丙公司")]), day(1.5))
    park.sync("staff", day(2))
    found = park.ask("select reason from ops.quarantine where batch_id = (select max(batch_id) from ops.batch)")
    assert [reason[:45] for (reason,) in found] == ["month is 2018-12, before 2019 or after this d"]


def test_a_period_that_ends_before_it_begins_is_none(park: Park) -> None:
    for number in range(12):
        park.pay(f"P{number}", 10000, "2026-02-20 10:00:00")
    park.tax_database("update 入库 set 所属期起 = '2026-02-01' where 税票号码 = 'P3'")
    park.sync("payments", day(1))
    assert park.ask("select reason from ops.quarantine") == [("period_end is 2026-01-31, before period_start",)]
    assert park.ask("select count(*) from staged.tax_payment") == [(11,)]


def test_one_month_among_many_that_was_cut_short_stops(park: Park) -> None:
    """An average over the months hides it: 48 rows in three months are 80 % of what was known."""
    months = ("2025-11", "2025-12", "2026-01")
    rows = {month: [f"V{n},甲公司,{month},10,5000,张三,138,2026-02-05" for n in range(20)] for month in months}
    park.drop("staff", "a.csv", staff_file([line for month in months for line in rows[month]]), day(0.5))
    park.sync("staff", day(1))
    cut = [line for month in months for line in rows[month][: 3 if month == "2025-12" else 20]]
    more = [f"W{n},甲公司,2026-01,10,5000,张三,138,2026-02-05" for n in range(5)]
    park.drop("staff", "b.csv", staff_file([*cut, *more]), day(1.5))
    with pytest.raises(DeliveryRefused, match=r"3 rows of 2025-12-01, 15\.0 % of the 20 known before"):
        park.sync("staff", day(2))
    assert park.ask("select count(*) from staged.employment where superseded_at is null") == [(60,)]


def test_a_row_that_an_office_takes_back_is_no_cut(park: Park) -> None:
    rows = {
        month: [f"V{n},甲公司,{month},10,5000,张三,138,2026-02-05" for n in range(2)]
        for month in ("2025-12", "2026-01")
    }
    park.drop("staff", "a.csv", staff_file([*rows["2025-12"], *rows["2026-01"]]), day(0.5))
    park.sync("staff", day(1))
    park.drop("staff", "b.csv", staff_file([rows["2025-12"][0], *rows["2026-01"]]), day(1.5))
    park.sync("staff", day(2))
    assert park.ask("select count(*) from staged.employment where superseded_at is null") == [(3,)]


@pytest.mark.parametrize("day_of_nothing", ["1900-01-01", "1899-12-30", "1899-12-31", "0001-01-01"])
def test_what_programs_write_for_no_date_is_none(park: Park, day_of_nothing: str) -> None:
    rows = leases(range(20)) + leases([20], start=day_of_nothing).partition("\n")[2]
    park.drop("leases", "a.csv", rows, day(0.5))
    park.sync("leases", day(1))
    (found,) = (reason for (reason,) in park.ask("select reason from ops.quarantine"))
    assert found == f"start_date is {day_of_nothing}, which programs write for no date: list it under missing"


def test_the_same_key_in_full_width_is_the_same_unit(park: Park) -> None:
    park.drop("staff", "1.csv", staff_file([staff_row("U00１"), staff_row("Ｕ００２")]), day(0.5))
    park.sync("staff", day(1))
    rows = [staff_row("U001", month="2026-02"), staff_row("U002", month="2026-02")]
    park.drop("staff", "2.csv", staff_file(rows), day(1.5))
    park.sync("staff", day(2))
    assert park.ask("select source_key, count(*) from staged.employment group by 1 order by 1") == [
        ("U001", 2),
        ("U002", 2),
    ]


def of(unit: str, name: str, headcount: int) -> str:
    return named(unit, name, str(headcount))


TENANTS = [of(f"T{n}", f"甲{n}有限公司", 50 + n) for n in range(4)]  # 206 in all


@pytest.mark.parametrize(
    ("lines", "sums"),
    [
        ([of("园区", "园区", 206), *TENANTS], ["园区"]),
        ([*TENANTS, of("散户", "散户", 206)], ["散户"]),
        ([*TENANTS, of("全部企业", "", 206)], ["全部企业"]),
        ([*TENANTS, of("全部", "", 206)], ["全部"]),
        ([*TENANTS, of("4户", "", 206)], ["4户"]),
        ([of("Park", "", 206), *TENANTS], ["Park"]),
        ([of("A座", "", 153), *TENANTS[:3], of("B座", "", 153), *TENANTS[1:]], ["A座", "B座"]),
        ([*TENANTS, of("T9", "散户", 206)], []),  # a code of its own is a unit's
        ([*TENANTS, of("K", "乙有限公司", 206)], []),  # a firm's name is a firm
        ([*TENANTS, of("市集", "", 207)], []),
        ([of("市集", "", 103), *TENANTS[:2], of("夜市", "", 7)], []),  # of two rows chance makes it, too
    ],
)
def test_a_row_without_a_firms_name_that_is_the_sum_of_others_is_no_enterprise(
    park: Park, lines: list[str], sums: list[str]
) -> None:
    park.drop("staff", "a.csv", staff_file(lines), day(0.5))
    park.change("staff", "rejected_pct: 10", "rejected_pct: 60")
    park.sync("staff", day(1))
    found = park.ask("select reason from ops.quarantine order by row_number")
    assert [reason.rpartition(": ")[2] for (reason,) in found] == sums
    assert all("its figures are the sum of other rows" in reason for (reason,) in found)


def test_two_ways_to_write_one_key_in_one_delivery_count_in_none(park: Park) -> None:
    lines = [of("K1", "甲公司", 5), of("k 1", "甲公司", 5), of("k1", "甲公司", 5), of("k2", "乙公司", 5)]
    found = reasons(park, *lines)
    assert [reason.rpartition(": ")[2] for reason in found] == ["K1", "k 1", "k1"]
    assert all("two rows have one source_key but for case or blanks" in reason for reason in found)
    assert all(in_chinese(reason) != reason for reason in found)


@pytest.mark.parametrize(("value", "is_none"), [("/", True), ("——", True), ("无", True), ("1O", False)])
def test_what_seems_to_mean_no_figure_says_how_to_declare_it(park: Park, value: str, is_none: bool) -> None:
    (reason,) = reasons(park, named("U1", "甲公司", value))
    assert ("(list it under missing where it means no value)" in reason) is is_none
    assert in_chinese(reason) != reason


def test_a_lease_with_a_day_for_a_number_or_that_ends_before_it_begins_is_put_aside(park: Park) -> None:
    """A number 2026-03-12 may be one; 2026/3/12 and 3月12日 are what a spreadsheet made of 3-12."""
    rows = {
        "ZL1": "3月12日,KH1,甲公司,,100,2025-01-01,2027-12-31,,",
        "ZL2": "2026/3/12,KH2,乙公司,,100,2025-01-01,2027-12-31,,",
        "ZL3": "Mar-12,KH3,丙公司,,100,2025-01-01,2027-12-31,,",
        "ZL4": "ZL4,KH4,丁公司,,100,2025-01-01,2024-12-31,,",
        "ZL5": "2026-03-12,KH5,戊公司,,100,2025-01-01,2025-01-01,,",
    }
    park.change("leases", "rejected_pct: 10", "rejected_pct: 90")
    park.drop("leases", "a.csv", "\n".join([LEASES_HEADER, *rows.values()]) + "\n", day(0.5))
    park.sync("leases", day(1))
    assert park.ask("select lease_no from staged.lease") == [("2026-03-12",)]
    found = [reason.split(":")[0] for (reason,) in park.ask("select reason from ops.quarantine order by row_number")]
    text = "lease_no is a day or a number where text belongs (3-12 becomes 12 March)"
    assert found == [text, text, text, "end_date is 2024-12-31, before start_date"]


def test_a_text_that_means_none_is_no_value_of_any_column(park: Park) -> None:
    """Not declared under missing, it would be the code of a firm, or a building."""
    rows = [lease_row(n).replace("无", text) for n, text in enumerate(("无", "/", "N/A", "-"), start=1)]
    park.drop(
        "leases", "租赁_1.csv", "\n".join([LEASES_HEADER, *rows, *(lease_row(n) for n in range(5, 40))]), day(0.5)
    )
    park.change("leases", "allow: {", "allow: {rejected_rows: 3, ")
    park.sync("leases", day(1))
    said = [reason for (reason,) in park.ask("select reason from ops.quarantine order by row_number")]
    assert [reason.split(":")[0] for reason in said] == [
        "统一社会信用代码 has no letter and no digit",
        "统一社会信用代码 seems to mean that there is none",
        "统一社会信用代码 has no letter and no digit",
    ]
