"""The parts of reading a table, by hand: headers of several lines, widths, numbers with a comma, what is kept of a bad line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from connectors.sources import Unreadable
from connectors.sources.file_drop import headers, lines, tables
from connectors.sources.file_drop.lines import Layout, Line, joined
from connectors.sources.file_drop.tables import read_table
from connectors.sources.file_drop.xlsx_lines import _hidden_columns
from warehouse.errors import DeliveryRefused


def line(number: int, *cells: str, broken: str | None = None, **more: Any) -> Line:
    return Line(number, cells, {}, broken, ",".join(cells), **more)


def read(
    *lines: Line, expected: Sequence[str] = ("户号", "税额"), **given: Any
) -> tuple[tuple[str, ...], list[tuple[Any, ...]], list[tuple[int, str, str | None]], list[dict[str, str]]]:
    """The header, the rows with their numbers, the unreadable lines, and the figures of lines of totals."""
    unreadable: list[Unreadable] = []
    totals: list[dict[str, str]] = []
    header, batches = read_table(
        iter(lines), Layout("f a.csv", expected=frozenset(expected), **given), unreadable, totals
    )
    rows = [tuple(row.values()) for batch in batches for row in batch.to_pylist()]
    return header, rows, [(one.row_number, one.reason, one.text) for one in unreadable], totals


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        ([["户号", " 税额 "]], ["户号", " 税额 "]),  # one line is left as it is
        ([["户号", "用水", ""], ["", "用量", "金额"]], ["户号", "用水/用量", "用水/金额"]),
        ([["户号", "用水"], ["", "用量", "金额"]], ["户号", "用水/用量", "用水/金额"]),  # the shorter line ends early
        ([["户号", ""], ["", ""]], ["户号", ""]),  # nothing below: no name reaches over
        ([["户号", "水", "", ""], ["", "本月", "", "上月"], ["", "量", "费", ""]], ["户号", "水/本月/量", "水/本月/费", "水/上月"]),
        ([["水", ""], ["水", "费"]], ["水", "水/费"]),  # the same above and below is said once
        ([["", "税额"], ["户号", ""]], ["户号", "税额"]),  # the first column has none to its left
    ],
)  # fmt: skip
def test_a_header_of_several_lines_is_one(lines: list[list[str]], names: list[str]) -> None:
    made = joined([line(number, *cells) for number, cells in enumerate(lines, 5)])
    assert (made.number, list(made.cells)) == (5, names)


def test_a_broken_line_of_a_header_breaks_it() -> None:
    made = joined([line(1, "户号"), line(2, "", broken="torn"), line(3, "")])
    assert made.broken == "torn"
    with pytest.raises(DeliveryRefused, match="the header in line 1: torn"):
        headers.names_of_columns(made, Layout("f"))


def test_empty_names_have_their_place_and_end_the_header() -> None:
    head = line(3, "", "户号", "", "税额", "户号", "户号", "", " ")
    assert headers.names_of_columns(head, Layout("f")) == [
        "column 1",
        "户号",
        "column 3",
        "税额",
        "户号 (2)",
        "户号 (3)",
    ]
    assert headers.names_of_columns(line(3, "", ""), Layout("f")) == []


@pytest.mark.parametrize(
    ("names", "added", "fact"),
    [
        (["a", "b", "a"], {}, "two columns are called 'a'"),
        (["a", "b"], {"b": "1"}, "two columns are called 'b'"),
        (["a", "row_number"], {}, "a column is called 'row_number'"),
        (["row_number", "a", "a"], {}, "two columns are called 'a'"),
        (["a", "b"], {"c": "1"}, None),
    ],
)
def test_names_are_distinct_and_none_is_ours(names: list[str], added: dict[str, str], fact: str | None) -> None:
    if fact is None:
        return headers.hold_to_distinct(names, Layout("f", added=added))
    with pytest.raises(DeliveryRefused, match=fact):
        headers.hold_to_distinct(names, Layout("f", added=added))
    return None


@pytest.mark.parametrize(
    ("cells", "is_strict", "fitted", "reason"),
    [
        (["1", "2", "", " "], True, ["1", "2"], None),
        (["1", "2", "", "4"], False, None, "it has 4 fields where the header has 2: field 4 has no heading"),
        (["1", "2", "3"], False, None, "it has 3 fields where the header has 2: field 3 has no heading"),
        (
            ["1"],
            True,
            None,
            "it has 1 fields where the header has 2: source.pad_short_rows reads it where the office leaves out empty fields",
        ),
        (["1"], False, ["1", ""], None),
        ([], False, ["", ""], None),
    ],
)
def test_a_line_is_as_wide_as_the_header(
    cells: list[str], is_strict: bool, fitted: list[str] | None, reason: str | None
) -> None:
    found, why = tables._fitted(cells, 2, Layout("f", is_ragged_strict=is_strict), is_last=False)
    assert (list(found), why) == (cells if fitted is None else fitted, reason)


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        ("1.234,56", "1234.56"),
        ("1 234 567,5", "1234567.5"),
        ("1234", "1234"),
        ("1.234", "1234"),
        ("-12,50 €", "-12.50 €"),
        ("(7,0)", "(7.0)"),
        ("", ""),
        ("甲,乙", "甲,乙"),
        ("31.01.2026", "31.01.2026"),  # a day
        ("2026.10", "2026.10"),  # a month
        ("1.2,3", None),
        ("1,234.56", None),
        ("12.5", None),
    ],
)
def test_a_decimal_comma_becomes_a_point(text: str, read_as: str | None) -> None:
    cells, reason = tables._with_points(["K,1", text], [1], ["户号", "税额"])
    assert list(cells) == ["K,1", text if read_as is None else read_as]
    assert reason == (
        None if read_as else "税额: a number with other marks than source.decimal declares" if text else None
    )


@pytest.mark.parametrize(
    ("bad", "kept", "text"),
    [
        (line(9, "K1", "张三", broken="torn"), (0, 1), "K1,张三"),
        (line(9, "K1", "张三", broken="torn"), (0,), None),
        (line(9, "K1", "张三"), (0,), '{"户号": "K1"}'),
        (line(9, "K1"), (0,), None),
        (line(9, "K1", "张三", "x"), (0,), None),
    ],
)
def test_what_is_kept_of_a_bad_line_for_who_repairs_it(bad: Line, kept: tuple[int, ...], text: str | None) -> None:
    """Where a column is left out and columns cannot be distinguished, no word is kept: it may be a person's."""
    assert tables._text(bad, ("户号", "姓名"), kept) == text


def test_cells_are_filled_from_above_and_a_heading_is_no_row() -> None:
    above = [""] * 3
    filled = [
        tables._filled(cells, [0], above) for cells in (["甲", "", " "], ["", "1", ""], ["乙", "2", ""], [" ", "", "3"])
    ]
    assert [list(cells) for cells in filled] == [["甲", "", " "], ["甲", "1", ""], ["乙", "2", ""], ["乙", "", "3"]]


@pytest.mark.parametrize(("number", "is_beyond"), [(10.0**15, True), (10.0**15 - 1, False), (-(10.0**15), True)])
def test_a_spreadsheet_keeps_fifteen_digits(number: float, is_beyond: bool) -> None:
    assert lines.is_beyond_trust(number) is is_beyond
    assert lines.looks_damaged("9.13206E+17")
    assert not lines.looks_damaged("913206")


def test_the_header_is_the_line_with_the_most_declared_names() -> None:
    header, rows, bad, _ = read(line(1, "税额表"), line(2, "户号", "x"), line(3, "户号", "税额"), line(4, "K1", "7"))
    assert (header, rows, bad) == (("户号", "税额"), [(4, "K1", "7")], [])
    header, rows, *_ = read(line(1, "户号", "a"), line(2, "户号", "b"), line(3, "", ""))
    assert (header, rows) == (("户号", "a"), [(2, "户号", "b")]), "half of its cells are enough, and the first of two"
    with pytest.raises(DeliveryRefused, match="the best, line 1, has 1 declared names among 3 cells"):
        read(line(1, "户号", "a", "b"))
    with pytest.raises(DeliveryRefused, match="the first 20 lines are empty"):
        read(*(line(number, " ") for number in range(1, 21)), line(21, "户号", "税额"))
    with pytest.raises(DeliveryRefused, match="not even a header"):
        read()
    nineteen = [line(number, f"note {number}") for number in range(1, 20)]
    assert read(*nineteen, line(20, "户号", "税额"), line(21, "K1", "7"))[1] == [(21, "K1", "7")]
    assert read(line(1, "a", "b"), line(2, "1", ""), expected=())[:2] == (("a", "b"), [(2, "1", None)])


def test_a_declared_line_is_the_header_whatever_is_above() -> None:
    lines = [line(1, "户号", "税额"), line(4, "户号", "别的"), line(5, "K1", "7")]
    assert read(*lines, header=4)[:2] == (("户号", "别的"), [(5, "K1", "7")])
    for number in (3, 6):
        with pytest.raises(DeliveryRefused, match=f"there is no line {number}, where the header should be"):
            read(*lines, header=number)


@pytest.mark.parametrize(("months", "stops"), [(["1月", "2月"], False), (["1月", "2月", "3月"], True)])
def test_three_months_as_columns_are_a_crosstab(months: list[str], stops: bool) -> None:
    lines = [line(1, "户号", "税额", "a", "b", *months), line(2, *["1"] * (4 + len(months)))]
    if stops:
        with pytest.raises(DeliveryRefused, match="3 of its columns are months that are not declared: 1月, 2月, 3月"):
            read(*lines, expected=("户号", "税额", "a", "b"))
        assert read(*lines, expected=())[0][-1] == "3月", "of a feed that names no columns nothing is known"
    assert read(*lines, expected=("户号", "税额"), is_named=lambda name: name.endswith("月"))[0][-1] == months[-1]


@pytest.mark.parametrize(
    ("second", "rows", "reasons"),
    [
        (line(3, "户 号", "税额"), [(2, "K1", "7"), (4, "K2", "8")], []),  # the same header again: a next page
        (line(3, "户号", "K9"), [(2, "K1", "7"), (3, "户号", "K9"), (4, "K2", "8")], []),  # a value that is such a word
        (line(3, "税额", "户号"), [(2, "K1", "7")], [3, 4]),
    ],
)
def test_a_header_below_the_header(second: Line, rows: list[tuple[Any, ...]], reasons: list[int]) -> None:
    _, found, bad, _ = read(line(1, "户号", "税额"), line(2, "K1", "7"), second, line(4, "K2", "8"))
    assert (found, [number for number, *_ in bad]) == (rows, reasons)


def test_lines_of_totals_are_figures_only() -> None:
    lines = [line(1, "户号", "税额", "人"), line(2, "K1", "7", "张三"), line(3, "合 计：", "1,234.5", "李四")]
    totals = (("名称", "户号"), frozenset({"合计"}))
    _, rows, bad, found = read(*lines, totals=totals, uses={"户号": "text"})
    assert (len(rows), bad, found) == (1, [], [{"税额": "1,234.5"}])
    # with the sheet's own unit, but of no other one
    lines = [
        line(1, "户号", "税额", "人数", "额"),
        line(2, "K1", "7", "3", "5"),
        line(3, "合计", "￥7.00元", "3人", "0.5万元"),
    ]
    assert read(*lines, totals=totals)[3] == [{"税额": "7.00", "人数": "3"}]
    with pytest.raises(DeliveryRefused, match="it has no column '名称', where its totals would be found"):
        read(*lines, totals=(("名称",), frozenset({"合计"})))
    assert len(read(*lines)[1]) == 2


def test_flaws_count_where_a_column_takes_the_cell() -> None:
    head = line(1, "户号", "税额", "日期", "注")
    flawed = Line(2, ("K1", "7", "45000", "y"), {3: "struck"}, None, "")
    doubted = line(3, "K2", "8", "45001", "", doubts={0: "as it is shown"}, days={1: "1904-01-08", 2: "2027-03-16"})
    uses = {"户号": "text", "日期": "date", "注": "ignored"}
    _, rows, bad, _ = read(head, flawed, doubted, uses=uses)
    assert (rows, bad[0][:2]) == ([(2, "K1", "7", "45000", None)], (3, "as it is shown"))
    _, rows, bad, _ = read(head, flawed, doubted, uses={"日期": "date"})
    assert (rows, bad[0][:2]) == ([(3, "K2", "8", "2027-03-16", None)], (2, "struck"))


def test_a_last_line_that_is_cut_is_broken_and_one_cut_short_is_not() -> None:
    lines = [line(1, "户号", "税额"), line(2, "K1"), line(3, "K2")]
    for strict, cut, numbers in ((False, False, []), (False, True, [3]), (True, False, [2, 3])):
        assert [one[0] for one in read(*lines, is_ragged_strict=strict, is_cut=cut)[2]] == numbers


def test_batches_are_of_their_size_and_there_is_always_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "BATCH_ROWS", 2)
    for count, sizes in ((0, [0]), (1, [1]), (2, [2]), (3, [2, 1])):
        lines = iter([line(1, "户号", "税额"), *(line(number, "K", "7") for number in range(2, 2 + count))])
        batches = read_table(lines, Layout("f", expected=frozenset({"户号", "税额"})), [])[1]
        assert [batch.num_rows for batch in batches] == sizes


@pytest.mark.parametrize(
    ("first", "last", "hidden", "letters"),
    [
        ("2", "3", "1", ["B", "C"]),
        ("2", "3", "true", ["B", "C"]),
        ("2", "3", "0", []),
        ("2", "2", "1", ["B"]),
        ("16383", "16383", "1", ["XFC"]),
        ("2", "16384", "1", []),  # to the sheet's end: what lies behind the table
        ("2", "", "1", []),
    ],
)
def test_hidden_columns_by_their_letters(first: str, last: str, hidden: str, letters: list[str]) -> None:
    assert list(_hidden_columns([{"min": first, "max": last, "hidden": hidden}])) == letters


@pytest.mark.parametrize("decimal", [None, ","])
def test_below_another_header_no_line_is_read(decimal: str | None) -> None:
    """Also where numbers have a decimal comma."""
    lines = [line(1, "户号", "税额"), line(2, "K1", "10"), line(3, "税额", "户号"), line(4, "K2", "20")]
    _, rows, wrong, _ = read(*lines, decimal=decimal)
    assert [row[1] for row in rows] == ["K1"]
    assert [number for number, *_ in wrong] == [3, 4]
    assert all("below another header" in reason for _, reason, _ in wrong)


@pytest.mark.parametrize(
    ("added", "month"),
    [
        ({"月份": "202610"}, "2026-10"),
        ({"月份": " ２０２６年10月份"}, "2026-10"),
        ({"年": "2026", "月": "9"}, "2026-09"),
        ({"日期": "20261003"}, None),  # a day, on which last month's list may have been made
        ({"起": "2026-01", "止": "2026-03"}, None),
        ({"区": "202610"}, None),
        ({}, None),
    ],
)
def test_the_month_that_a_name_gives(added: dict[str, str], month: str | None) -> None:
    assert headers.named_month(Layout("f", added=added, uses={"区": "text"})) == month
