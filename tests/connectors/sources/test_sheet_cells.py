"""What cells of sheets say, by hand: number formats as Excel reads them, merged cells, what is hidden, and which sheet is meant."""

from __future__ import annotations

import datetime
from collections.abc import Generator, Sequence

import pytest

from connectors.sources.file_drop import sheet_cells
from connectors.sources.file_drop.lines import DAMAGED, Line
from connectors.sources.file_drop.sheet_cells import (
    UNSHOWN,
    Hidden,
    Merge,
    Merges,
    Reading,
    Sheet,
    as_shown,
    chosen_sheet,
    is_note_mark,
    matching_sheets,
    moment_text,
    number_text,
    page_text,
    sheet_line,
    shows_more,
)
from warehouse.errors import DeliveryRefused


@pytest.mark.parametrize(
    ("text", "form", "shown", "flaw"),
    [
        ("3.5", '0.00"万元"', "3.5万元", None),
        ("0.35", "0%", "35%", None),
        ("0.35", '0"%"', "0.35%", None),  # the sign alone: nothing is multiplied
        # words and currencies count, wherever they are; not those that any figure may have
        ("3.5", '"万元" 0.00', "万元3.5", None),
        ("3.5", '#,##0.0"k"', "3.5k", None),
        ("3.5", '0.00"万美元"', "3.5万美元", None),
        ("5", "[$$-409]#,##0.00", "$5", None),
        ("5", '[$€-2] 0;"-"0', "€5", None),
        ("5", "$0", "$5", None),
        ("5", '"<"0', "<5", None),
        ("5", '0.00" CR"', "5CR", None),
        ("5", '0.00"元/㎡"', "5元/㎡", None),
        ("5", '"▲"0;"▲"0', "▲5", None),
        ("-5", '0;[Red]"▲"0', "-5", None),
        ("5", '_ [$¥-804]* #,##0.00_ ;_ "¥"* -0_ ;_ "-"??_ ;_ @_ ', "5", None),
        ("0", '_ "¥"* #,##0.00_ ;_ "¥"* -0_ ;_ "-"??_ ;_ @_ ', "0", None),
        ("12", '0"人"', "12", None),
        ("12", '"共"0"㎡"', "共12", None),
        ("12", '+0.0"平米"', "12", None),
        ("12", 'G/通用格式"万"', "12万", None),
        ("12", '"停用"', "12", UNSHOWN),
        ("0", '0;-0;"无"', "0", None),
        ("35000", '0.0,"万元"', "35000", None),
        ("35000", '[$$-409]0.0,"K"', "$35000", None),
        ("46000", "yyyy-mm", "46000", None),
        # codes and months with their signs
        ("7", '"U-"000', "U-007", None),
        ("12345", "0000\\-0000", "0001-2345", None),
        ("1234567", "000-00", "12345-67", None),
        ("202610", '0000"年"00"月"', "2026年10月", None),
        ("9", '"2026-"00', "2026-09", None),
        ("35", "0!.0", "35", None),
        ("123", "000000", "000123", None),
        ("12.5", "000000", "12.5", None),
        ("2026.1", "0.00", "2026.10", None),
        ("2026.1", "0.0", "2026.1", None),
        ("2026.2", "0.00", "2026.2", None),
        ("12.1", "0.00", "12.1", None),
        # one section for both signs, or one each, and a third for zero
        ("-5", ";-0", "-5", None),
        ("5", ";-0", "5", UNSHOWN),
        ("0", ";-0", "0", None),
        ("-5", "0;;0", "-5", UNSHOWN),
        ("5", "0;;0", "5", None),
        ("0", '0"万";-0;0', "0", None),
        ("0", '0"万";-0', "0万", None),
        ("5", "0;-0;", "5", None),
        ("0", "0;-0;", "0", None),
        ("5", "(0)", "-5", None),
        ("-5", "(0)", "-5", None),
        ("0", "-0", "0", None),
        # conditions: the first that holds, else the last
        ("1", '[=1]0"万";[<>1]0"千"', "1万", None),
        ("2", '[=1]0"万";[<>1]0"千"', "2千", None),
        ("9", '[>9]0"万";[<9]0"千";0"百"', "9百", None),
        ("10", '[>9]0"万";[<9]0"千";0"百"', "10万", None),
        ("8", '[<=8]0"万";0', "8万", None),
        ("8", '[>=8]0"万";0', "8万", None),
        ("9", '[<=8]0"万";[=8]0"千"', "9", None),  # none holds: General
        ("0", '0"万";[<0]0"千";0"百"', "0百", None),  # of a place with no condition zero is not positive
    ],
)
def test_a_number_as_its_format_shows_it(text: str, form: str, shown: str, flaw: str | None) -> None:
    assert as_shown(text, form) == (shown, flaw)


@pytest.mark.parametrize(
    ("form", "sections"),
    [
        ('0"a;b";-0', (('0"a;b"', None), ("-0", None))),
        ('0\\";-0', (('0\\"', None), ("-0", None))),
        ("0;@", (("0", None),)),
        ("@", (("@", None),)),
        ('0;"@"', (("0", None), ('"@"', None))),
        ("[Red][<0]0_);0", (("0", "[<0]"), ("0", None))),
        ("[$HK$-C04] 0", (('"HK$" 0', None),)),
    ],
)
def test_sections_of_a_format(form: str, sections: tuple[tuple[str, str | None], ...]) -> None:
    assert sheet_cells._sections(form) == sections


@pytest.mark.parametrize(
    ("form", "is_more"),
    [
        ("General", False), ("#,##0", False), ("0.000", False), ("0", False), ("0;-0;", False), ("0;-0", False),
        ("0.00", True), ("000", True), ("0%", True), ("-0", True), ('0"万"', True), ('0;0"万"', True), ("0;;0", True),
        (";0", True),
    ],
)  # fmt: skip
def test_formats_that_show_more_or_less_than_the_number(form: str, is_more: bool) -> None:
    assert shows_more(form) is is_more


@pytest.mark.parametrize(
    ("before", "raised", "is_mark"),
    [("12", "1", True), ("12 ", " (1)", True), ("12", "（2）", True), ("12m", "2", False), ("12", "a", False), ("", "1", False)],
)  # fmt: skip
def test_the_number_of_a_note(before: str, raised: str, is_mark: bool) -> None:
    assert is_note_mark(before, raised) is is_mark


def test_texts_of_cells() -> None:
    assert page_text('&R&"宋体,常规"&10单位：万元').split() == ["单位：万元"]
    assert [number_text(value) for value in (12.0, 0.1, 1e-7, 1e15)] == [
        ("12", None),
        ("0.1", None),
        ("0.0000001", None),
        ("1000000000000000", DAMAGED),
    ]
    moments = (
        datetime.datetime(2026, 1, 2),
        datetime.datetime(2026, 1, 2, 3, 4),
        datetime.date(2026, 1, 2),
        datetime.time(3, 4),
        datetime.timedelta(hours=30),
    )
    assert [moment_text(one) for one in moments] == [
        "2026-01-02",
        "2026-01-02 03:04:00",
        "2026-01-02",
        "03:04:00",
        "1 day, 6:00:00",
    ]


def test_a_line_of_a_sheet_names_its_cells() -> None:
    plain = sheet_line(3, ["a", "", "b", "", ""], {})
    assert (plain.cells, plain.text, plain.flaws, plain.doubts) == (["a", "", "b"], "a\t\tb", {}, {})
    flawed = sheet_line(3, ["a", "b"], {1: "struck"}, broken="torn")
    assert (flawed.flaws, flawed.doubts, flawed.broken) == ({1: "cell B3: struck"}, {}, "torn")
    dated = sheet_line(3, ["a", "b"], {}, [0])
    assert (dated.flaws, list(dated.doubts), dated.doubts[0][:7]) == ({}, [0], "cell A3")
    of_1904 = sheet_line(3, ["45000", "45000.5", "12", "x"], {0: "struck"}, is_1904=True)
    assert (of_1904.days, of_1904.flaws) == ({0: "46462", 1: "46462.5"}, {0: "cell A3: struck"})


def test_what_is_hidden_is_named_up_to_five() -> None:
    assert Hidden().notes("a") == []
    five = Hidden(rows={10, 9, 2, 1, 30}, columns={"B", "AA"}, red={"B2"}, remarked={"C3"}).notes("a")
    assert five[0] == "sheet a: 5 hidden rows are read as all others (row 1, 2, 9, 10, 30)"
    assert [note.split(" ")[2] for note in five] == ["5", "1", "1", "2"]
    assert five[3].endswith("(column B, AA)")
    assert Hidden(rows=set(range(6))).notes("a")[0].endswith("(row 0, 1, 2, 3, 4, …)")


def line(number: int, *cells: str) -> Line:
    return sheet_line(number, list(cells), {}, broken=None)._replace(flaws={})


def test_merged_cells_are_marked_or_filled() -> None:
    merge = Merge(2, 3, 1, 2)
    assert merge.name == "A2:B3"
    assert Merge(1, 1, 3, 2_000).last_column == 1_003
    lines = [line(1, "户号", "a", "b"), line(2, "K1", "", "7"), line(3, "", "", "8"), line(4, "", "", "9")]
    marked = Merges([merge], Reading(), "f")
    assert [sorted(marked.applied(one).flaws) for one in lines] == [[], [1], [0, 1], []]
    assert lines[1].flaws[1] == "cell B2 is merged into A2:B3 (source.merged: fill gives it the value)"
    filled = Merges([Merge(2, 3, 1, 2)], Reading(fills_merged=True), "f")
    assert [list(filled.applied(one).cells) for one in lines] == [
        ["户号", "a", "b"],
        ["K1", "K1", "7"],
        ["K1", "K1", "8"],
        ["", "", "9"],
    ]


def test_merged_cells_that_begin_in_a_row_that_was_left_out_count_below_it() -> None:
    merges = Merges([Merge(1, 5, 1, 1), Merge(1, 2, 2, 2)], Reading(), "f")
    assert sorted(merges.applied(line(4, "", "x", "y")).flaws) == [0]
    merges.add(Merge(5, 5, 2, 3))
    assert sorted(merges.applied(line(5, "", "x", "y")).flaws) == [0, 2]


def test_as_many_cells_are_merged_as_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    for most, stops in ((6, False), (5, True)):
        monkeypatch.setattr(sheet_cells, "_MOST_MERGED_CELLS", most)
        merges = Merges([Merge(1, 2, 2, 4)], Reading(), "f")
        merges.applied(line(1, "a", "b", "", "", "c"))
        if stops:
            with pytest.raises(DeliveryRefused, match="more than 5 cells that are merged with others"):
                merges.applied(line(2, "a"))
        else:
            merges.applied(line(2, "a"))


def sheet(name: str, rows: int, *, is_visible: bool = True) -> Sheet:
    def lines() -> Generator[Line]:
        yield from [line(number + 1, "x") for number in range(rows)] or [line(1)]

    return Sheet(name, is_visible, lines)


ONE, TWO, EMPTY = sheet("一月", 1), sheet("二月", 2), sheet("三月", 0)
HIDDEN, NONE_SEEN = sheet("隐", 1, is_visible=False), "it has no visible sheet"


@pytest.mark.parametrize(
    ("sheets", "name", "chosen"),
    [
        ([ONE], None, "一月"),
        ([EMPTY], None, "三月"),
        ([EMPTY, sheet("四月", 0)], None, "三月"),
        ([EMPTY, TWO, HIDDEN], None, "二月"),
        ([ONE, TWO], None, "2 sheets hold something: '一月', '二月'"),
        ([ONE, TWO], "二月", "二月"),
        ([ONE, HIDDEN], "隐", "隐"),
        ([ONE, TWO], "五月", "there is no sheet '五月'; there are '一月', '二月'"),
        ([HIDDEN], None, NONE_SEEN),
        ([], None, NONE_SEEN),
    ],
)
def test_the_one_sheet_that_is_meant(sheets: Sequence[Sheet], name: str | None, chosen: str) -> None:
    if len(chosen) <= 2:
        assert chosen_sheet(sheets, name, "f").name == chosen
    else:
        with pytest.raises(DeliveryRefused, match=chosen):
            chosen_sheet(sheets, name, "f")


@pytest.mark.parametrize(
    ("patterns", "names"),
    [(["*月"], ["一月", "二月"]), (["隐"], ["隐"]), (["*"], ["一月", "二月"]), (["二*", "一月"], ["一月", "二月"]), (["三月"], [])],
)  # fmt: skip
def test_the_sheets_that_are_meant(patterns: list[str], names: list[str]) -> None:
    sheets = [ONE, EMPTY, TWO, HIDDEN]
    if names:
        assert [one.name for one in matching_sheets(sheets, patterns, "f")] == names
    else:
        with pytest.raises(DeliveryRefused, match="no sheet is called '三月' and holds something; there are '一月', "):
            matching_sheets(sheets, patterns, "f")
