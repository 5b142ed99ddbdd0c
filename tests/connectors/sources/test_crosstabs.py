"""Months as columns, by hand: which header cell is a month, of which year, and the rows that are made of a line."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pytest

from connectors.sources import ROW_NUMBER, Unreadable
from connectors.sources.file_drop import crosstabs
from connectors.sources.file_drop.crosstabs import Unpivot, month_pattern, unpivoted
from connectors.sources.file_drop.lines import Layout
from warehouse.errors import DeliveryRefused


def how(
    *columns: str, values: Sequence[str] = ("用量",), totals: Sequence[str] = (), empty: Sequence[str] = ()
) -> Unpivot:
    patterns = [pattern for text in columns if (pattern := month_pattern(text))]
    return Unpivot(tuple(patterns), "月份", tuple(values), frozenset(totals), frozenset(empty))


@pytest.mark.parametrize(
    ("text", "name", "cell"),
    [
        ("YYYY年M月", "2026年1月", (2026, 1, "用量")),
        ("YYYY年M月", " ２０２６年 12月", (2026, 12, "用量")),
        ("YYYY年M月", "2026年13月", None),
        ("YYYYMM", "202601", (2026, 1, "用量")),
        ("YYYYMM", "20261", None),
        ("YY.M", "26.10", (2026, 10, "用量")),
        ("M月", "十二月", (None, 12, "用量")),
        ("M月", "十月", (None, 10, "用量")),
        ("M月", "07月", (None, 7, "用量")),
        ("M月", "合计", None),
    ],
)
def test_a_header_cell_is_a_month(text: str, name: str, cell: tuple[int | None, int, str] | None) -> None:
    assert how(text).cell(name) == cell
    assert how(text).is_named(name) == (cell is not None)
    assert how(text, totals=["合计"]).is_named("合计")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("M月", True), ("YYYYMM", True), ("YYYY", False), ("MM/M", False), ("YYYY-YY-MM", False), ("YYYY-MM-DD", True), ("x", False)],
)  # fmt: skip
def test_a_pattern_names_one_month_and_at_most_one_year(text: str, is_one: bool) -> None:
    assert (month_pattern(text) is not None) == is_one


def test_several_measures_are_named_beside_the_month() -> None:
    two = how("M月", values=("用量", "金额"))
    assert [two.cell(name) for name in ("1月/用量", "金 额/2月", "1月", "用量", "1月/费")] == [
        (None, 1, "用量"),
        (None, 2, "金额"),
        None,
        None,
        None,
    ]
    assert [two.summed(total) for total in ("合计/金额", "合计")] == ["金额", "用量"]


def rows(
    header: Sequence[str], lines: Sequence[Sequence[str | None]], made: Unpivot, layout: Layout | None = None, name: str = "",
    bad: Sequence[Unreadable] = (),
) -> tuple[tuple[str, ...], list[tuple[object, ...]], list[tuple[int, str]]]:  # fmt: skip
    columns = [pa.array(column, pa.string()) for column in zip(*lines, strict=True)]
    numbers = pa.array(range(2, 2 + len(lines)), pa.int64())
    batch = pa.RecordBatch.from_arrays([numbers, *columns], [ROW_NUMBER, *header])
    unreadable: list[Unreadable] = []
    names, batches = unpivoted(header, iter([batch]), made, layout or Layout("f"), name, list(bad), unreadable)
    found = [tuple(row.values()) for one in batches for row in one.to_pylist()]
    return names, found, [(piece.row_number, piece.reason) for piece in unreadable]


def test_each_month_with_a_value_is_a_row() -> None:
    names, found, bad = rows(
        ["户号", "2026年2月", "2026年1月", "合计"],
        [["K1", "8", "7", "15"], ["K2", " ", None, None], ["K3", "－", "9", "9"], ["K4", "8", "7", "16"]],
        how("YYYY年M月", totals=["合计"], empty=["－"]),
    )
    assert names == ("户号", "月份", "用量")
    # the third digit from the right ends the line; a month's place is that of its column
    assert found == [(201, "K1", "2026-02", "8"), (202, "K1", "2026-01", "7"), (402, "K3", "2026-01", "9")]
    assert [number for number, _ in bad] == [501, 502]
    assert bad[0][1].endswith("合计 is not the sum of the row's months")


def test_measures_of_a_month_are_one_row() -> None:
    _, found, _ = rows(
        ["户号", "1月/用量", "1月/金额", "2月/用量"],
        [["K1", "7", "70", ""], ["K2", "", "80", "9"]],
        how("M月", values=("用量", "金额")),
        name="2026年台账",
    )
    assert found == [
        (201, "K1", "2026-01", "7", "70"),
        (301, "K2", "2026-01", None, "80"),
        (302, "K2", "2026-02", "9", None),
    ]


@pytest.mark.parametrize(
    ("above", "name", "year"),
    [
        (["2025年用水"], "2026.xlsx", "2025"),
        ([], "用水202601.xlsx", "2026"),
        (["2026年", "至2026年"], "", "2026"),
        (["2025年至2026年"], "", "the year of its months is not clear: 2025 and 2026 are above its header"),
        ([], "20261234567.xlsx", "its months have no year"),
        (["合计 2026.5 元"], "", "its months have no year"),
    ],
)
def test_the_year_is_above_the_header_or_in_the_name(above: list[str], name: str, year: str) -> None:
    layout = Layout("f", above=above)
    if len(year) == 4:
        assert rows(["户号", "1月"], [["K1", "7"]], how("M月"), layout, name)[1] == [(201, "K1", f"{year}-01", "7")]
    else:
        with pytest.raises(DeliveryRefused, match=year):
            rows(["户号", "1月"], [["K1", "7"]], how("M月"), layout, name)


def test_months_without_a_year_that_begin_anew_are_of_two() -> None:
    with pytest.raises(DeliveryRefused, match="in the order 12, 1, 2, as of two years"):
        rows(["户号", "12月", "1月", "2月"], [["K1", "7", "8", "9"]], how("M月"), name="2026年")
    assert len(rows(["户号", "3月", "2月"], [["K1", "8", "7"]], how("M月"), name="2026年")[1]) == 2


@pytest.mark.parametrize(
    ("header", "fact"),
    [
        (["户号", "x"], "0 of its columns are months"),
        (["2026年1月", "2026年01月"], "two columns are the month 2026-01"),
        (["用量", "2026年1月"], "it has a column '月份' or '用量' already"),
        (["2026年1月", "2026年2月", "2026年3月"], "3 of its columns are months"),
    ],
)
def test_headers_that_are_no_crosstab(monkeypatch: pytest.MonkeyPatch, header: list[str], fact: str) -> None:
    monkeypatch.setattr(crosstabs, "MOST_MONTHS", 2)
    with pytest.raises(DeliveryRefused, match=fact):
        rows(header, [["1"] * len(header)], how("YYYY年M月"))
    assert len(rows(["2026年1月", "2026年2月"], [["1", "2"]], how("YYYY年M月"))[1]) == 2
