"""What a right declaration is read as; the wrong ones are in tests/feeds_that_must_fail/."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connectors.feed import Roster, read_feed
from tests.conftest import Park
from warehouse.errors import DeclarationError
from warehouse.staged_feed import Allowance

DECLARATION = """
feed: insured_staff
subject: employment
title: {en: Insured staff, zh: 参保人数}
office: 社会保险局
owner: data-engineering
description: One row is one unit in one month.
schedule: "@daily"
source: {protocol: file_drop, connection: social_insurance, pattern: "参保_*"}
replaces: period
columns:
  单位编号: [source_key, unit_no]
  月份: month
  参保人数: insured_headcount
  身份证号: personal
  备注: ignored
optional: [备注]
aliases: {单位代码: 单位编号}
missing: ["-1", "#N/A"]
clock: Asia/Shanghai
roster: {by: [单位编号, 月份], count_distinct: 身份证号, as: 参保人数}
allow: {rejected_pct: 1, stale_days: 45}
checks:
  - {column: insured_headcount, not_null: true, severity: critical}
"""


def write(folder: Path, text: str, stage_sql: str | None = "select 1") -> Path:
    folder.mkdir(parents=True)
    (folder / "feed.yml").write_text(text, encoding="utf-8")
    if stage_sql is not None:
        (folder / "stage.sql").write_text(stage_sql, encoding="utf-8")
    return folder


def test_a_whole_declaration(tmp_path: Path) -> None:
    feed = read_feed(write(tmp_path / "insured_staff", DECLARATION))
    assert (feed.name, feed.subject.name, feed.title_en, feed.title_zh) == (
        "insured_staff",
        "employment",
        "Insured staff",
        "参保人数",
    )
    assert (feed.protocol, feed.connection, feed.options) == ("file_drop", "social_insurance", {"pattern": "参保_*"})
    assert feed.columns == {
        "单位编号": ("source_key", "unit_no"),
        "月份": ("month",),
        "参保人数": ("insured_headcount",),
        "身份证号": (),
        "备注": (),
    }
    assert feed.personal == {"身份证号"}
    assert feed.optional == {"备注"}
    assert feed.aliases == {"单位代码": "单位编号"}
    assert (feed.missing, feed.clock, feed.recorded_at) == (("-1", "#N/A"), "Asia/Shanghai", None)
    assert feed.roster == Roster(("单位编号", "月份"), "身份证号", "参保人数")
    assert feed.allow == Allowance(1, 0, 98.0, 5.0, 45, 95.0)
    assert feed.checks == ({"column": "insured_headcount", "not_null": True, "severity": "critical"},)
    assert feed.stage_sql == "select 1"


@pytest.mark.parametrize(
    ("subject", "stated", "message"),
    [
        ("employment", "12", ""),
        ("employment", "5", "period_months is 5. Next: use one of 1, 12"),
        ("employment", "true", "period_months is True"),
        ("employment", "[12]", r"period_months is \[12\]"),
        ("tax_payment", "12", "period_months is of staff, not of tax_payment"),
    ],
)
def test_the_length_of_a_feed_s_periods(tmp_path: Path, subject: str, stated: str, message: str) -> None:
    text = f"{DECLARATION}period_months: {stated}\n".replace("subject: employment", f"subject: {subject}")
    if subject == "tax_payment":
        text = text.replace("insured_headcount", "paid_amount").replace("unit_no", "payment_no")
        text = text.replace("replaces: period", "replaces: nothing").replace(
            "月份: month", "月份: [period_start, period_end, paid_date]"
        )
    folder = write(tmp_path / "insured_staff", text)
    if not message:
        assert read_feed(folder).period_months == 12
        return
    with pytest.raises(DeclarationError, match=message):
        read_feed(folder)


@pytest.mark.parametrize(
    ("replaces", "stated", "found"),
    [
        ("period", "", False),
        ("everything", "", True),
        ("nothing", "", False),
        ("period", "complete: true", True),
        ("everything", "complete: false", False),
        ("nothing", "complete: false", False),
        ("nothing", "complete: true", "complete is true, but the feed replaces nothing"),
        ("period", "complete: 1", "complete is 1. Next: write true or false"),
        ("period", 'complete: "yes"', "complete is 'yes'"),
    ],
)
def test_whether_a_list_leaves_out_only_who_stopped(
    tmp_path: Path, replaces: str, stated: str, found: bool | str
) -> None:
    text = f"{DECLARATION}{stated}\n".replace("replaces: period", f"replaces: {replaces}")
    folder = write(tmp_path / "insured_staff", text)
    if isinstance(found, bool):
        assert read_feed(folder).complete is found
        return
    with pytest.raises(DeclarationError, match=found):
        read_feed(folder)


def test_what_lands(tmp_path: Path, park: Park) -> None:
    assert read_feed(write(tmp_path / "insured_staff", DECLARATION)).landed_columns == ("单位编号", "月份", "参保人数")
    without_roster = re.sub("roster:.*\n", "", DECLARATION).replace("insured_staff", "staff_2")
    assert read_feed(write(tmp_path / "staff_2", without_roster)).landed_columns == (
        "单位编号",
        "月份",
        "参保人数",
        "备注",
    )


def test_a_multiplier_beside_readings_is_used_or_it_stops(tmp_path: Path) -> None:
    text = (
        "feed: meters\nsubject: utility_use\ntitle: {en: M, zh: 表}\noffice: o\nowner: o\ndescription: d\n"
        'schedule: "0 1 * * *"\nsource: {protocol: file_drop, connection: c}\nreplaces: period\n'
        "columns: {户号: source_key, 表号: meter_no, 倍率: ignored, 本期示数: used_quantity}\n"
    )
    both = text.replace("本期示数: used_quantity", "上期示数: used_quantity, 本期示数: used_quantity")
    read_feed(write(tmp_path / "a" / "meters", both))  # stage.sql takes the difference
    with pytest.raises(
        DeclarationError, match="'本期示数' feeds used_quantity, and figures does not say what it states"
    ):
        read_feed(write(tmp_path / "d" / "meters", text))
    text += "figures: {used_quantity: reading}\n"
    with pytest.raises(DeclarationError, match=r"倍率 is not used.*let it feed meter_factor"):
        read_feed(write(tmp_path / "b" / "meters", text))
    read_feed(write(tmp_path / "c" / "meters", text.replace("倍率: ignored", "倍率: meter_factor")))


def test_a_folder_without_stage_sql_is_told(tmp_path: Path) -> None:
    feed = read_feed(write(tmp_path / "insured_staff", DECLARATION, stage_sql=None))
    with pytest.raises(DeclarationError, match=r"insured_staff: the folder has no stage.sql. Next: write stage.sql"):
        _ = feed.stage_sql


@pytest.mark.parametrize("name", ["Staff", "2_staff", "staff-2", "s", "员工", "s" * 60])
def test_a_folder_s_name_must_do_as_a_table_s(tmp_path: Path, name: str) -> None:
    with pytest.raises(DeclarationError, match=r"is no feed name. Next: use 2 to 51 small letters, digits and _"):
        read_feed(write(tmp_path / name, DECLARATION.replace("feed: insured_staff", f"feed: {name}")))


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    folder = write(tmp_path / "insured_staff", DECLARATION)
    (folder / "feed.yml").write_bytes("title: 参保".encode("gb18030"))
    with pytest.raises(
        DeclarationError, match=r"it cannot be read \(UnicodeDecodeError\). Next: write the file in UTF-8"
    ):
        read_feed(folder)
    (folder / "feed.yml").unlink()
    with pytest.raises(DeclarationError, match=r"it cannot be read \(FileNotFoundError\)"):
        read_feed(folder)


def test_phones_are_not_looked_for_in_codes_and_figures(tmp_path: Path) -> None:
    text = DECLARATION.replace("roster:", "# roster:").replace(
        "  备注: ignored\n",
        "  备注: ignored\n  单位: [enterprise_name, unit_no]\n  名称: enterprise_name\nfirms_own: [备注]\n",
    )
    text = text.replace("insured_staff", "staff_3")
    feed = read_feed(write(tmp_path / "staff_3", text))
    # a column that feeds a name too may hold a person's; personal and ignored ones feed nothing
    assert feed.code_columns == {"单位编号", "参保人数", "备注"}
    assert feed.made_columns == ()
    assert read_feed(write(tmp_path / "insured_staff", DECLARATION)).made_columns == ("参保人数",)


@pytest.mark.parametrize(
    ("name", "alias", "unit", "is_right"),
    [
        ("工资", "工资（万元）", None, False),
        ("工资", "工资（万元）", "万元", True),
        ("工资（万元）", "工资", "万元", True),
        ("工资（万元）", "工资", None, False),
        ("工资（元）", "工资(千元)", None, False),
        ("工资（万元）", "工资/万元", None, True),
        ("工资（分）", "wageFen", None, True),
        ("工资", "wage_cents", None, False),
        ("工资", "wage (RMB mn)", None, False),
        ("工资", "wage_per_cent", None, True),
        ("工资（万元）", "工资[单位：万元]", "元", True),
        ("工资", "工资总额(元)", None, True),
        ("工资", "工资（百强企业）", None, True),
        ("工资", "工资（千瓦时）", None, True),
        ("工资", "工资（万千瓦时）", None, False),
    ],
)
def test_an_alias_has_the_unit_of_its_column(
    tmp_path: Path, name: str, alias: str, unit: str | None, is_right: bool
) -> None:
    text = DECLARATION.replace("  备注:", f'  "{name}": wage_amount\n  备注:')
    text = text.replace("aliases: {", f'aliases: {{"{alias}": "{name}", ')
    if unit:
        text = text.replace('pattern: "参保_*"', f'pattern: "参保_*", unit: {unit}')
    folder = write(tmp_path / "insured_staff", text)
    if is_right:
        assert read_feed(folder).aliases[alias] == name
    else:
        with pytest.raises(DeclarationError, match="which are of another unit"):
            read_feed(folder)


@pytest.mark.parametrize(
    ("header", "alias", "figures", "is_right"),
    [
        ("工资总额累计", None, None, False),
        ("工资总额累计", None, "year_to_date", True),
        ("工资总额累计", None, "flow", True),
        ("本月累计工资", None, None, True),
        ("工资", "1-9月工资累计", None, False),
        ("1-9月工资", None, None, False),
        ("截至本月工资", None, None, False),
        ("1至本月累计工资", None, None, False),
        ("11-12月工资", None, None, True),
        ("工资", "1-9月工资累计", "flow", False),
        ("工资", "工资累计", "year_to_date", True),
        ("工资", "本月工资", None, True),
    ],
)
def test_a_figure_of_another_kind_by_its_header_is_declared(
    tmp_path: Path, header: str, alias: str | None, figures: str | None, is_right: bool
) -> None:
    """Of a month alone nothing shows that its figure is the sum since January."""
    text = DECLARATION.replace("  备注:", f"  {header}: wage_amount\n  备注:")
    if alias:
        text = text.replace("aliases: {", f"aliases: {{{alias}: {header}, ")
    if figures:
        text += f"figures: {{wage_amount: {figures}}}\n"
    folder = write(tmp_path / "insured_staff", text)
    if is_right:
        assert read_feed(folder).columns[header] == ("wage_amount",)
    else:
        with pytest.raises(DeclarationError, match="feeds wage_amount, and figures does not say what it states"):
            read_feed(folder)
