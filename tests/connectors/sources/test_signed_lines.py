"""Lines with which a sheet is signed name persons: they are no rows, and no word of them is kept."""

from __future__ import annotations

import pytest

from tests.conftest import Park, day, staff_file, staff_row

GOOD = [staff_row(f"V{n}") for n in range(20)]


@pytest.mark.parametrize(
    "line",
    [
        "制表人：张三,,,,,,,",
        ",,审核:李四,,,,,",
        "制表：张三　复核：李四　负责人：王五",
        " 单位负责人签字：王五,,,填表人：赵六,,,,",
        " , ,审核：李四",
        "填表人,张三,,,,,,2026-02-01",
        "制表人 张三  审核人 李四,,,,,,,",
        "抄表员：赵六  联系电话：13812345678,,,,,,,",
        "联系人：王五,,,,,,,",
        "编制：张三,经手人：李四,,,,,,",
        "打印人：王五 打印时间：2026-02-01,,,,,,,",
        "操作员：赵六,,,,,,,",
        "部门负责人（签字）：王五,,会计：赵六,,,,,",
        "经办,王五,,,,,,",
        "制表,,李四,,,,,2026-02-01",
        "负责人签字,王五,,,,,,",
        "审核,李四,,复核,王五,,,",
        "会计主管,王五,,,,,,",
        "领导审批,赵六,,,,,,",
        "科长,赵六,,,,,,",
        "打印人 王五,,,,,,,",
        "制表：,李四,审核：,王五,负责人：,赵六,,",
    ],
)
def test_a_signed_line_leaves_no_word(park: Park, line: str) -> None:
    park.drop("staff", "a.csv", staff_file([*GOOD, line]), day(0.5))
    park.sync("staff", day(1))
    assert park.ask("select rows_landed, rows_rejected from ops.batch") == [(20, 0)]
    for path in park.raw.rglob("*.parquet"):
        content = path.read_bytes()
        assert not any(name.encode() in content for name in ("张三", "李四", "王五", "赵六"))


def test_a_row_that_begins_like_a_signature_is_one(park: Park) -> None:
    rows = [
        "审核：通过,丙公司,2026-01,10,5000,张三,138,2026-02-05",
        "负责人1,甲公司,2026-01,10,5000,张三,138,2026-02-05",
        "制表,制表机械有限公司,2026-01,10,5000,张三,138,2026-02-05",
        "审核,丁公司,2026-01,10,5000,李四,138,2026-02-05",
    ]
    park.drop("staff", "a.csv", staff_file([*GOOD, *rows]), day(0.5))
    park.sync("staff", day(1))
    assert park.ask("select count(*) from staged.employment") == [(24,)]
