"""What other columns, or the other values of a column, say of a figure or code; each beside a true delivery that looks like it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from connectors.feed import read_feed
from report.sentences import in_chinese
from tests.conftest import prepared, stopping
from tests.warehouse.test_true_deliveries import LEASE, USUAL
from warehouse import loader
from warehouse.connection import literal, quote

FILING = {
    "税号": ("source_key", "税号"),
    "起": ("period_start", "to_date(起)"),
    "止": ("period_end", "to_date(止)"),
    "收入": ("sales_amount", "to_amount(收入)"),
}
TAX = {"税号": "T{n}", "起": "2026-09-01", "止": "2026-09-30", "收入": "1000.5"}


def rejected(
    folder: Path,
    subject: str,
    columns: dict[str, tuple[str, str]],
    rows: Sequence[dict[str, str]],
    given: dict[str, str] | None = None,
) -> list[str]:
    """Why each row is rejected, of a feed with these columns and what they become; `{n}` in a value is the row's number."""
    declared: dict[str, Any] = {name: target or "ignored" for name, (target, _) in columns.items()}
    feed = folder / "lab"
    feed.mkdir(exist_ok=True)
    about = {
        "title": {"en": "Lab", "zh": "试验"},
        "office": "o",
        "owner": "o",
        "description": "d",
        "schedule": "0 1 * * *",
    }
    source = {"protocol": "file_drop", "connection": "lab"}
    text = {"feed": "lab", "subject": subject, "source": source, "replaces": "nothing", "columns": declared} | about
    (feed / "feed.yml").write_text(yaml.safe_dump(text, allow_unicode=True))
    made = {target: value for target, value in columns.values() if target} | (given or {})
    listed = ", ".join(f"{value} as {target}" for target, value in made.items())
    (feed / "stage.sql").write_text(f"select row_number, {listed} from delivery")
    names = list(columns)
    values = ", ".join(
        f"({n}, {', '.join(literal(row[name].format(n=n)) for name in names)})" for n, row in enumerate(rows, start=1)
    )
    relation = f"(from (values {values}) as t(row_number, {', '.join(map(quote, names))}))"
    with prepared() as connection:
        found = loader.rehearse(connection, read_feed(feed), relation, dict.fromkeys(names, "VARCHAR"))
    return [row["rejected_because"] for row in found]


@pytest.mark.parametrize(
    ("column", "words", "odd"),
    [
        ("金额单位", ["元", "万元", "元", "亿元"], [1, 3]),
        ("计量单位", ["万元", "万元", "人民币万元", "万"], [0, 1, 2, 3]),
        ("币种", ["人民币", "USD", "CNY", "港币"], [1, 3]),
        ("币种", ["人民币", "CNY", "RMB", "元"], []),
        ("数量级", ["元", "万元", "元", "亿元"], [1, 3]),
        ("单位", ["江屿公司", "明德公司", "远景公司", "万元"], []),
        ("备注", ["元", "万元", "元", "亿元"], []),
    ],
)
def test_a_unit_in_a_column_that_is_not_used(tmp_path: Path, column: str, words: list[str], odd: list[int]) -> None:
    columns = FILING | {column: ("", "")}
    found = rejected(
        tmp_path, "tax_filing", columns, [TAX | {column: word} for word in words], {"tax_kind_code": "'vat'"}
    )
    assert [n for n, reason in enumerate(found) if reason.startswith(column)] == odd


def test_a_unit_that_stage_sql_reckons_with_is_right(tmp_path: Path) -> None:
    """By the column itself, for all rows alike, or since the amount in yuan is the one that is taken."""
    rows = [TAX | {"金额单位": "万元"}, TAX | {"金额单位": "万元"}]
    columns = FILING | {"金额单位": ("", ""), "收入": ("sales_amount", "to_amount(收入) * 10000")}
    assert rejected(tmp_path, "tax_filing", columns, rows, {"tax_kind_code": "'vat'"}) == ["", ""]
    read = "to_amount(收入) * case 金额单位 when '万元' then 10000 else 1 end"
    rows = [*rows, TAX | {"金额单位": "元"}]
    columns |= {"收入": ("sales_amount", read)}
    assert rejected(tmp_path, "tax_filing", columns, rows, {"tax_kind_code": "'vat'"}) == ["", "", ""]
    yuan = {("本位币收入" if name == "收入" else name): value for name, value in FILING.items()} | {
        "本位币收入": ("sales_amount", "to_amount(本位币收入)"),
        "币种": ("", ""),
    }
    rows = [TAX | {"本位币收入": "1000.5", "币种": word} for word in ("USD", "CNY")]
    assert rejected(tmp_path, "tax_filing", yuan, rows, {"tax_kind_code": "'vat'"}) == ["", ""]


def test_one_unit_for_all_where_rows_state_two(tmp_path: Path) -> None:
    """All are multiplied by 10,000: the row in yuan is wrong then."""
    columns = FILING | {"金额单位": ("", ""), "收入": ("sales_amount", "to_amount(收入) * 10000")}
    rows = [TAX | {"金额单位": "万元"}, TAX | {"金额单位": "元"}]
    found = rejected(tmp_path, "tax_filing", columns, rows, {"tax_kind_code": "'vat'"})
    assert [bool(reason) for reason in found] == [False, True]


@pytest.mark.parametrize(("unit", "is_odd"), [("元/月", False), ("元/㎡/天", True), ("元/年", True), ("美元/月", True)])
def test_a_rents_unit_in_a_column_of_its_own(tmp_path: Path, unit: str, is_odd: bool) -> None:
    columns = {
        "合同": ("lease_no", "合同"),
        "起": ("start_date", "to_date(起)"),
        "租金": ("monthly_rent_amount", "to_amount(租金)"),
        "计租单位": ("", ""),
    }
    row = {"合同": "L{n}", "起": "2026-01-01", "租金": "1.8"}
    rows = [row | {"计租单位": unit}, row | {"计租单位": "元/月"}]
    found = rejected(tmp_path, "lease", columns, rows, {"source_key": "'K' || row_number"})
    assert [bool(reason) for reason in found] == [is_odd, False]


@pytest.mark.parametrize(
    ("people", "vehicles", "is_odd"), [("12", "", False), ("", "3", False), ("0", "", False), ("", "", True)]
)
def test_a_row_of_nothing_but_its_key_is_no_report(tmp_path: Path, people: str, vehicles: str, is_odd: bool) -> None:
    columns = {
        "单位": ("source_key", "单位"),
        "月": ("month", "to_month(月)"),
        "人": ("people_entry_count", "to_count(nullif(人, ''))"),
        "车": ("vehicle_entry_count", "to_count(nullif(车, ''))"),
    }
    rows = [
        {"单位": "U{n}", "月": "2026-09", "人": people, "车": vehicles},
        {"单位": "U{n}", "月": "2026-09", "人": "5", "车": ""},
    ]
    found = rejected(tmp_path, "access_count", columns, rows)
    assert ["it states no figure" in reason for reason in found] == [is_odd, False]


@pytest.mark.parametrize(
    ("day", "hint", "zh"),
    [
        ("2011年6月", "a month without a day", "止 只有年月，没有日：2011年6月"),
        ("2011-06", "a month without a day", "止 只有年月，没有日：2011-06"),
        ("03/04/2024", "day or month first", "止 日、月先后不明：03/04/2024"),
        ("31.12.2024", "day or month first", "止 日、月先后不明：31.12.2024"),
        ("1790000000000", "a time of UTC", "止 无法识别：1790000000000"),
        ("长期", "", "止 无法识别：长期"),
    ],
)
def test_a_date_that_cannot_be_read_says_why(tmp_path: Path, day: str, hint: str, zh: str) -> None:
    columns = {
        "合同": ("lease_no", "合同"),
        "起": ("start_date", "to_date(起)"),
        "止": ("end_date", "to_date(止)"),
    }
    row = {"合同": "L{n}", "起": "2014-01-01", "止": day}
    (found,) = rejected(tmp_path, "lease", columns, [row], {"source_key": "'K' || row_number"})
    assert f"止 cannot be read as end_date: {day}" in found
    assert (f"({hint}" in found) if hint else ("(" not in found)
    assert in_chinese(found) == zh


@pytest.mark.parametrize(
    ("figures", "odd"),
    [
        (["0,5", "2,5", "4,25", "13,501", "1.000"], ["13,501"]),
        (["1,5", "12,500", "13,500", "14,500"], []),  # one typing error is none of all
        (["12,500", "1,234.50", "13,500"], []),
    ],
)
def test_thousands_among_decimal_commas(tmp_path: Path, figures: list[str], odd: list[str]) -> None:
    found = rejected(tmp_path, "tax_filing", FILING, [TAX | {"收入": f} for f in figures], {"tax_kind_code": "'vat'"})
    assert [f for f, reason in zip(figures, found, strict=True) if "decimal comma" in reason] == odd


CLASSES = ["3511", "6511", "7310", "2710", "5171", "3919"]


@pytest.mark.parametrize(
    ("codes", "odd"),
    [
        ([*CLASSES, "112", "411"], ["112", "411"]),
        ([*CLASSES, "112", "351"], []),  # 0351 is none: groups are stated
        ([*CLASSES, "0112", "411"], []),  # zeros are kept
        ([*CLASSES, "391"], []),  # the group of 3919
        (["391", "392", "651", "352", "353", "11"], ["11"]),
        (["C", "39", "391", "3911", "01", "011"], []),
        (["C", "39", "3911", "1", "11", "111"], ["39", "1", "11", "111"]),
        (["A112", "B610", "C39", "A0112", "A01"], ["A112", "B610"]),
        (["软件开发", "I65 软件业", "6511"], ["软件开发"]),
    ],
)
def test_an_industry_that_lost_its_zero(tmp_path: Path, codes: list[str], odd: list[str]) -> None:
    columns = {"编号": ("source_key", "编号"), "名称": ("enterprise_name", "名称"), "行业": ("industry_code", "行业")}
    rows = [{"编号": "K{n}", "名称": "江屿公司", "行业": code} for code in codes]
    found = rejected(tmp_path, "registration", columns, rows)
    assert [code for code, reason in zip(codes, found, strict=True) if reason] == odd


@pytest.mark.parametrize(
    ("keys", "odd"),
    [
        (["00001", "00002", "00003", "00004", "00005", "12345", "6", "A7", "17"], ["6", "17"]),
        (["0001", "002", "00003", "00004", "00005", "6"], []),  # zeros before numbers of any length
        (["00001", "1", "2", "3"], []),
        (["1", "2", "10", "11", "12", "13"], []),
    ],
)
def test_a_key_that_lost_its_zeros(tmp_path: Path, keys: list[str], odd: list[str]) -> None:
    found = rejected(tmp_path, "tax_filing", FILING, [TAX | {"税号": key} for key in keys], {"tax_kind_code": "'vat'"})
    assert [key for key, reason in zip(keys, found, strict=True) if "lost the zero" in reason] == odd


def test_a_sector_that_lost_its_zero(tmp_path: Path) -> None:
    """The sectors of one system have one length; of another system it may be another."""
    columns = {
        "体系": ("sector_system_code", "体系"),
        "从": ("from_sector_code", "从"),
        "到": ("to_sector_code", "到"),
        "额": ("flow_amount", "to_amount(额)"),
    }
    pairs = [("a", "01", "02"), ("a", "03", "04"), ("a", "05", "6"), ("b", "7", "8"), ("a", "output", "01")]
    rows = [{"体系": s, "从": a, "到": b, "额": "5"} for s, a, b in pairs]
    found = rejected(tmp_path, "input_output", columns, rows, {"year_number": "2023"})
    assert [bool(reason) for reason in found] == [False, False, True, False, False]


@pytest.mark.parametrize(
    ("first", "last", "is_odd"),
    [
        ("2026-09-01", "2026-09-30", False),
        ("2026-09-15", "2026-09-15", False),  # 按次申报
        ("2026-09-01", "2026-09-01", False),
        ("2026-01-01", "2026-05-20", False),  # a firm that was closed
        ("2026-09-01", "2026-10-01", True),
        ("2026-07-01", "2026-10-01", True),
        ("2026-08-31", "2026-09-29", True),
    ],
)
def test_a_period_of_which_the_last_day_is_left_out(tmp_path: Path, first: str, last: str, is_odd: bool) -> None:
    (found,) = rejected(tmp_path, "tax_filing", FILING, [TAX | {"起": first, "止": last}], {"tax_kind_code": "'vat'"})
    assert bool(found) == is_odd


@pytest.mark.parametrize(
    ("area", "ratio", "is_odd"), [("900", "2.5", False), ("90000", "2.5", True), ("900", "250", True)]
)
def test_a_building_that_cannot_be(tmp_path: Path, area: str, ratio: str, is_odd: bool) -> None:
    columns = {
        "编号": ("building_code", "编号"),
        "建筑面积": ("floor_area_m2", "to_amount(建筑面积)"),
        "可租": ("lettable_area_m2", "to_amount(可租)"),
        "容积率": ("plot_ratio", "to_quantity(容积率)"),
    }
    (found,) = rejected(
        tmp_path, "building", columns, [{"编号": "B", "建筑面积": "1000", "可租": area, "容积率": ratio}]
    )
    assert bool(found) == is_odd


@pytest.mark.parametrize(
    ("code", "staged", "is_odd"),
    [
        ("91329902ma00000b18", "91329902MA00000B18", False),
        ("91 329902 MA00000B1-8", "91329902MA00000B18", False),
        ("91329902MAO0000B18", "91329902MAO0000B18", True),
    ],
)
def test_a_code_that_is_a_key_by_itself_has_one_spelling(tmp_path: Path, code: str, staged: str, is_odd: bool) -> None:
    columns = {"代码": ("uscc", "代码"), "名称": ("enterprise_name", "名称")}
    (found,) = rejected(
        tmp_path,
        "outsider",
        columns,
        [{"代码": code, "名称": "江屿公司"}],
        {"source_key": f"'{staged}' || left(代码, 0)"},
    )
    assert bool(found) == is_odd
    with prepared() as connection:
        feed = read_feed(tmp_path / "lab")
        relation = f"(select 1::bigint as row_number, {literal(code)} as 代码, '江屿公司' as 名称)"
        (row,) = loader.rehearse(connection, feed, relation, {"代码": "VARCHAR", "名称": "VARCHAR"})
    assert row["uscc"] == staged


ODD_RENT = "(9000.37 + 100.1 * ((u * 37) % 97))"


@pytest.mark.parametrize(
    ("before", "rent", "stops"),
    [
        (ODD_RENT, f"1.05 * {ODD_RENT}", False),
        (ODD_RENT, f"round({ODD_RENT}, -3)", True),
        (ODD_RENT, f"round({ODD_RENT}, -2)", True),
        (f"round({ODD_RENT}, -3)", f"round({ODD_RENT}, -3)", False),
    ],
)
def test_figures_that_were_rounded(july: duckdb.DuckDBPyConnection, before: str, rent: str, stops: bool) -> None:
    facts = stopping(july, "lease", LEASE.format(**USUAL | {"rent": before}), LEASE.format(**USUAL | {"rent": rent}))
    assert any("whole multiple" in finding.fact for finding in facts) == stops


FILED = (
    "select 'T' || u as source_key, 'vat' as tax_kind_code, {first} as period_start, last_day({first}) as period_end, "
    "last_day({first}) + 12 as filed_date, {sales} as sales_amount, 100.00 as tax_due_amount, timestamp '2026-06-20' as recorded_at, "
    "'tax_filing' as feed, u as row_number from range(60) as a(u)"
)


@pytest.mark.parametrize(("some", "stops"), [("u % 15 = 0", True), ("u = 0", False), ("false", False)])
def test_some_rows_in_another_unit(july: duckdb.DuckDBPyConnection, some: str, stops: bool) -> None:
    sales = "100000.25 + 1717 * u"
    known = FILED.format(first="date '2026-04-01'", sales=sales)
    new = FILED.format(first="date '2026-05-01'", sales=f"round(case when {some} then 1e-4 else 1 end * ({sales}), 2)")
    facts = stopping(july, "tax_filing", known, new)
    assert any("10,000" in finding.fact for finding in facts) == stops
