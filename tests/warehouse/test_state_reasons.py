"""What a column that is not used says of its row; each beside a true delivery that looks like it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.warehouse.test_column_reasons import FILING, TAX, rejected

PAYMENT = {
    "税票": ("payment_no", "税票"),
    "税号": ("source_key", "税号"),
    "起": ("period_start", "to_date(起)"),
    "止": ("period_end", "to_date(止)"),
    "日": ("paid_date", "to_date(日)"),
    "金额": ("paid_amount", "to_amount(金额)"),
}
PAID = {"税票": "P{n}", "税号": "T1", "起": "2026-09-01", "止": "2026-09-30", "日": "2026-10-12", "金额": "100"}
LEASE = {
    "合同": ("lease_no", "合同"),
    "起": ("start_date", "to_date(起)"),
    "止": ("end_date", "to_date(止)"),
    "退": ("terminated_date", "to_date(退)"),
}
LET = {"合同": "L{n}", "起": "2024-01-01", "止": "2099-12-31", "退": ""}


@pytest.mark.parametrize(
    ("column", "words", "odd"),
    [
        ("状态", ["正常", "作废", "正常"], [1]),
        ("删除标志", ["0", "0", "1"], [2]),
        ("是否有效", ["是", "否", "是"], [1]),
        ("合同状态", ["履行中", "已到期", "已终止"], []),
        ("作废标志", ["1", "1", "1"], []),  # of all rows it says nothing
        ("有效期", ["1", "0", "2"], []),
        ("楼层", ["1", "0", "2"], []),
    ],
)
def test_a_void_row_by_a_column_that_is_not_used(tmp_path: Path, column: str, words: list[str], odd: list[int]) -> None:
    columns = FILING | {column: ("", "")}
    found = rejected(
        tmp_path, "tax_filing", columns, [TAX | {column: word} for word in words], {"tax_kind_code": "'vat'"}
    )
    assert [n for n, reason in enumerate(found) if "does not count" in reason] == odd
    # who names it, be it in a comment, has seen it
    named = {"tax_kind_code": f"'vat' /* {column} is of the office's own use */"}
    assert not any(rejected(tmp_path, "tax_filing", columns, [TAX | {column: word} for word in words], named))


@pytest.mark.parametrize(("word", "is_odd"), [("失效", False), ("作废", True)])
def test_a_lease_that_has_ended_is_none_that_does_not_count(tmp_path: Path, word: str, is_odd: bool) -> None:
    columns = {
        "合同": ("lease_no", "合同"),
        "起": ("start_date", "to_date(起)"),
        "止": ("end_date", "to_date(止)"),
        "合同状态": ("", ""),
    }
    row = {"合同": "L{n}", "起": "2024-01-01", "止": "2025-12-31"}
    rows = [row | {"合同状态": word}, row | {"合同状态": "有效"}]
    found = rejected(tmp_path, "lease", columns, rows, {"source_key": "'K' || row_number"})
    assert [bool(reason) for reason in found] == [is_odd, False]


def of_payments(folder: Path, column: str, rows: list[dict[str, str]]) -> list[str]:
    return rejected(
        folder, "tax_payment", PAYMENT | {column: ("", "")}, [PAID | row for row in rows], {"tax_kind_code": "'vat'"}
    )


@pytest.mark.parametrize(
    ("column", "words", "odd"),
    [
        ("支付状态", ["支付成功", "支付失败", "待支付", "已撤销"], [1, 2, 3]),
        ("扣款结果", ["扣款成功", "扣款失败-余额不足"], [1]),
        ("审批结果", ["同意", "拒绝", "已撤销"], [1, 2]),
        ("单据状态", ["已审核", "草稿", "未审核"], [1]),
        ("操作类型", ["INSERT", "DELETE", "D", "U"], [1, 2]),
        ("是否最新", ["是", "否"], [1]),
        ("变更类型", ["变更后", "变更前"], [1]),
        ("审核状态", ["未审核", "已审核"], []),
        ("缴款状态", ["已缴款", "已入库", "已上解"], []),
        ("票据状态", ["正常", "已打印", "已核销"], []),
        ("备注", ["拒绝", "支付失败", "草稿"], []),
    ],
)
def test_a_payment_that_was_not_made(tmp_path: Path, column: str, words: list[str], odd: list[int]) -> None:
    found = of_payments(tmp_path, column, [{column: word} for word in words])
    assert [n for n, reason in enumerate(found) if "does not count" in reason] == odd


@pytest.mark.parametrize(
    ("column", "words", "amounts", "odd"),
    [
        ("业务类型", ["缴税", "退税", "退库"], ["100", "20", "30"], [1, 2]),
        ("业务类型", ["退税", "退税"], ["100", "20"], [0, 1]),
        ("业务类型", ["缴税", "退税"], ["100", "-20"], []),
        ("红字标志", ["0", "1"], ["100", "20"], [1]),
        ("借贷标志", ["贷", "贷", "借"], ["100", "20", "30"], [2]),
        ("借贷标志", ["贷", "贷"], ["100", "20"], []),
        ("是否冲销", ["否", "是", "是"], ["100", "20", "-20"], []),  # the row, and the one that takes it back
        ("摘要", ["缴税", "退税"], ["100", "20"], []),
    ],
)
def test_an_amount_of_the_other_side(
    tmp_path: Path, column: str, words: list[str], amounts: list[str], odd: list[int]
) -> None:
    rows = [{column: word, "金额": amount} for word, amount in zip(words, amounts, strict=True)]
    assert [n for n, reason in enumerate(of_payments(tmp_path, column, rows)) if "is positive" in reason] == odd


@pytest.mark.parametrize(
    ("word", "days", "is_odd"),
    [
        ("已退租", {"止": ""}, True),
        ("提前解约", {"止": ""}, True),
        ("已退租", {"止": "", "退": "2026-05-31"}, False),
        ("履行中", {}, False),
        ("续签中", {}, False),
        ("草稿", {}, True),
    ],
)
def test_a_lease_that_has_ended_by_its_state_alone(
    tmp_path: Path, word: str, days: dict[str, str], is_odd: bool
) -> None:
    columns = LEASE | {"合同状态": ("", "")}
    rows = [LET | {"合同状态": word} | days, LET | {"合同状态": "执行中"}]
    found = rejected(tmp_path, "lease", columns, rows, {"source_key": "'K' || row_number"})
    assert [bool(reason) for reason in found] == [is_odd, False]


@pytest.mark.parametrize(
    ("words", "odd"),
    [
        (["有功（总）", "无功（总）", "反向有功"], [1, 2]),
        (["电费", "违约金"], [1]),
        (["居民", "工业"], []),
        (["无功补偿设备厂", "江屿公司"], []),
        (["无功科技有限公司", "有功"], []),
    ],
)
def test_a_figure_of_a_bill_that_is_no_use(tmp_path: Path, words: list[str], odd: list[int]) -> None:
    columns = {
        "户号": ("source_key", "户号"),
        "表号": ("meter_no", "表号"),
        "月份": ("month", "to_month(月份)"),
        "用量": ("used_quantity", "to_quantity(用量)"),
        "用电类别": ("", ""),
    }
    rows = [{"户号": "H{n}", "表号": "B{n}", "月份": "2026-09", "用量": "9", "用电类别": word} for word in words]
    found = rejected(tmp_path, "utility_use", columns, rows, {"utility_code": "'electricity'"})
    assert [n for n, reason in enumerate(found) if "no energy or water" in reason] == odd


@pytest.mark.parametrize(("items", "is_odd"), [(["购销合同", "资金账簿"], True), (["购销合同", "购销合同"], False)])
def test_two_items_of_one_tax_with_equal_figures(tmp_path: Path, items: list[str], is_odd: bool) -> None:
    columns = FILING | {"税额": ("tax_due_amount", "to_amount(税额)"), "征收品目": ("", "")}
    rows = [TAX | {"税号": "T1", "税额": "30", "征收品目": item} for item in items]
    found = rejected(tmp_path, "tax_filing", columns, rows, {"tax_kind_code": "'stamp'"})
    assert ["equal otherwise" in reason for reason in found] == [is_odd, is_odd]


def test_a_building_that_is_not_there(tmp_path: Path) -> None:
    """Without the day of the pull nothing is compared with today: the sample of a feed has none."""
    columns = {"编号": ("building_code", "编号"), "竣工": ("completed_date", "to_date(竣工)"), "状态": ("", "")}
    rows = [{"编号": "B{n}", "竣工": "2015-06-30", "状态": word} for word in ("已拆除", "在用")]
    assert rejected(tmp_path, "building", columns, rows) == ["", ""]


@pytest.mark.parametrize(("rent", "is_odd"), [("3000", False), ("0", False), ("-3000", True)])
def test_a_row_that_takes_a_lease_back(tmp_path: Path, rent: str, is_odd: bool) -> None:
    columns = LEASE | {"月租金": ("monthly_rent_amount", "to_amount(月租金)")}
    (found,) = rejected(tmp_path, "lease", columns, [LET | {"月租金": rent}], {"source_key": "'K'"})
    assert ("is negative" in found) == is_odd


@pytest.mark.parametrize(
    ("word", "is_odd"), [("千瓦时", False), ("度", False), ("MJ", True), ("千乏时", True), ("万千瓦时", True)]
)
def test_energy_in_another_unit_of_its_row(tmp_path: Path, word: str, is_odd: bool) -> None:
    columns = {
        "户号": ("source_key", "户号"),
        "月份": ("month", "to_month(月份)"),
        "用量": ("used_quantity", "to_quantity(用量)"),
        "计量单位": ("", ""),
    }
    rows = [{"户号": "H{n}", "月份": "2026-09", "用量": "9", "计量单位": unit} for unit in ("kWh", word)]
    given = {"utility_code": "'electricity'", "meter_no": "'B' || row_number"}
    found = rejected(tmp_path, "utility_use", columns, rows, given)
    assert [bool(reason) for reason in found] == [False, is_odd]


@pytest.mark.parametrize(
    ("column", "word", "is_odd"),
    [
        ("租赁情况", "已终止", True),
        ("租赁情况", "履行中", False),
        ("是否在租", "否", True),
        ("是否在租", "是", False),
        ("退租标志", "1", True),
        ("is_active", "0", True),
        ("is_inactive", "0", False),
        ("状态", "完成", False),  # it has been signed
    ],
)
def test_a_lease_without_an_end_that_has_ended(tmp_path: Path, column: str, word: str, is_odd: bool) -> None:
    """It would be let for ever."""
    rows = [LET | {"止": "", column: word}, LET | {"止": "2099-12-31", column: "" if word in ("0", "1") else "在租"}]
    given = {"source_key": "'K' || row_number"}
    columns = LEASE | {
        "止": ("end_date", "to_date(nullif(止, ''))"),
        "退": ("terminated_date", "to_date(nullif(退, ''))"),
    }
    found = rejected(tmp_path, "lease", columns | {column: ("", "")}, rows, given)
    assert [bool(reason) for reason in found] == [is_odd, False]
