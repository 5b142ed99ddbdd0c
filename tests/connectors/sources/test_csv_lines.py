"""The lines of a CSV file: where each begins, what is a row, and when an encoding is taken for a mistake."""

from __future__ import annotations

import io

import pytest

from connectors.sources.file_drop.csv_lines import csv_lines, is_utf16
from warehouse.errors import DeliveryRefused


def lines(
    content: bytes | str, encoding: str = "utf-8", delimiter: str = ",", escape: str | None = None
) -> list[tuple[int, tuple[str, ...], str | None]]:
    content = content.encode() if isinstance(content, str) else content
    found = csv_lines(io.BytesIO(content), encoding, delimiter, '"', "feed a.csv", escape)
    return [(line.number, tuple(line.cells), line.broken) for line in found]


def refused(content: bytes, encoding: str) -> str:
    with pytest.raises(DeliveryRefused, match=r"^feed a\.csv: ") as stopped:
        lines(content, encoding)
    return f"{stopped.value.fact} | {stopped.value.next_step}"


def test_a_row_begins_where_its_first_line_is() -> None:
    assert lines('a,b\r\n"x\ny",2\n\nz,3') == [
        (1, ("a", "b"), None),
        (2, ("x\ny", "2"), None),
        (4, (), None),
        (5, ("z", "3"), None),
    ]
    assert lines("\ufeff\ufeffa,b\n") == [(1, ("a", "b"), None)], "two byte order marks of two programs"
    assert lines("a;b,c\n", delimiter=";") == [(1, ("a", "b,c"), None)]
    assert lines("") == []


@pytest.mark.parametrize(
    ("cell", "is_row"),
    [
        ("x\n1,2,3", True),  # as many fields as the row before
        ("x\n1,2,3,4", True),
        ("x\ny\n1,2,3", True),
        ("x\n1,2", False),
        ("x,y,z\nword", False),  # the first line is the field's own
    ],
)
def test_a_field_that_holds_a_row_is_a_quotation_mark_too_many(cell: str, is_row: bool) -> None:
    (_, (number, cells, problem)) = lines(f'a,b,c\n"{cell}",q,r\n')
    assert number == 2
    assert (cells == (), (problem or "").startswith("a field in quotation marks goes over lines")) == (is_row, is_row)
    assert is_row or cells == (cell, "q", "r")


def test_a_file_of_two_columns_may_have_lists_in_a_field() -> None:
    assert [problem for *_, problem in lines('a,b\n"x\n1,2",q\n')] == [None, None]


def test_text_behind_a_closing_mark_is_no_row_and_an_open_mark_no_file() -> None:
    (_, (number, cells, problem), third) = lines('a,b\n"x"y,2\nz,3\n')
    assert (number, cells, problem) == (2, (), "there is text behind a closing quotation mark")
    assert third == (3, ("z", "3"), None)
    assert refused(b'a,b\n1,2\n"x,3\n4,5\n', "utf-8").startswith(
        "in the row that begins on line 3 a quotation mark opens and never closes"
    )


def test_a_number_that_a_spreadsheet_shortened_is_a_flaw() -> None:
    found = list(csv_lines(io.BytesIO(b"9.13302E+17,x\n1,E+\n1,2\n"), "utf-8", ",", '"', "f"))
    assert [sorted(line.flaws) for line in found] == [[0], [], []]


def test_an_escape_makes_the_next_sign_plain_and_n_no_value() -> None:
    assert lines("a\\,b,\\N,N\n\\N,\\Nx,\\N\r\n", escape="\\") == [
        (1, ("a,b", "", "N"), None),
        (2, ("", "Nx", ""), None),
    ]
    # a line break and a tab of MySQL, PostgreSQL and Hive, and a path of Windows that they escaped
    assert lines('a\\nb,"c\\td",C:\\\\new\n', escape="\\") == [(1, ("a b", "c d", "C:\\new"), None)]
    assert lines('"\\N","N"\n', escape="\\") == [(1, ("", "N"), None)], "Sqoop and Hive quote it"
    assert lines("\\N,b\n") == [(1, ("\\N", "b"), None)], "without an escape it is a text"


# --- encodings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "encoding", "text"),
    [
        ("企,业".encode("gb18030"), "gbk", ("企", "业")),
        ("企,業".encode("big5"), "big5", ("企", "業")),
        ("é,x".encode("cp1252"), "cp1252", ("é", "x")),
        ("企,业".encode("utf-16"), "utf-16", ("企", "业")),
        ("企,业".encode("utf-8-sig"), "utf-8", ("企", "业")),
        (b"\x80,1", "gb18030", ("€", "1")),  # by which Windows writes the euro sign
        (b"1,\x80", "gb18030", ("1", "€")),
    ],
)
def test_each_encoding_is_read(content: bytes, encoding: str, text: tuple[str, ...]) -> None:
    assert lines(content, encoding) == [(1, text, None)]


def test_windows_euro_is_none_before_a_second_byte() -> None:
    assert "line 1, byte 0 is not gb18030" in refused(b"\x80\x80,1\n", "gb18030")
    assert "is not utf-8" in refused(b"\x80,1\n", "utf-8")


def test_where_bytes_are_wrong_is_said_to_the_byte() -> None:
    whole = "单位,数\n".encode("gb18030") * 3
    fact = refused(b"a,b\n" + whole, "utf-8")
    assert fact.startswith("line 2, byte 4 is not utf-8 | ")
    assert fact.endswith("the file reads as gb18030")
    cut = "单位,数\n企".encode()[:-1]
    assert "where the file ends in the middle of a character" in refused(cut, "utf-8")
    assert "in the middle" not in refused(cut + b"\nx\n", "utf-8")
    assert refused(b"a,b\n1,\0\n", "utf-8").startswith("byte 6 is a NUL")
    assert "utf-16" in refused("a,企\n".encode("utf-16"), "utf-8")
    assert "it looks like a spreadsheet" in refused(b"PK\x03\x04\0" + b"abcd" * 9, "utf-8")


@pytest.mark.parametrize(
    ("encoding", "least"),
    [
        ("cp1252", 1),
        ("gb18030", 8),
        ("big5", 8),
    ],  # as csv_lines.py says: in cp1252 one is no chance, in the others it is
)
def test_utf8_that_is_declared_otherwise_stops(encoding: str, least: int) -> None:
    # characters of which the bytes are text in the declared encoding, too
    for sign in "企业员工单位税务房屋楼栋合同金额":
        try:
            (sign * 2 * least).encode().decode(encoding)
        except UnicodeDecodeError:
            continue
        few, many = sign * 2 * min(1, least - 1), sign * 2 * ((least + 1) // 2)
        if few:
            assert lines(few.encode(), encoding)
        assert f"it is declared as {encoding}, but all of its" in refused(many.encode(), encoding)
        return
    pytest.fail("no sign is text in both")


def test_utf16_needs_its_mark() -> None:
    assert is_utf16(io.BytesIO("a".encode("utf-16")))
    assert not is_utf16(io.BytesIO(b"a,b"))
    assert "has no byte order mark" in refused("a,b\n".encode("utf-16-le"), "utf-16")
    assert "the bytes from 12 on are not" in refused(b"\xff\xfea\0,\0b\0\n\0" + b"\x00\xd8", "utf-16")


def test_a_line_without_an_end_is_no_csv() -> None:
    piece = b"x" * (1 << 20)
    assert "16 MB without the end of a line" in refused(piece * 17, "utf-8")
    for ending in (b"\n", b"\r"):
        content = (piece * 9 + ending) * 2
        assert [len(cells[0]) for _, cells, _ in lines_of_long(content)] == [9 << 20, 9 << 20]


def lines_of_long(content: bytes) -> list[tuple[int, tuple[str, ...], str | None]]:
    import csv

    before = csv.field_size_limit(1 << 30)
    try:
        return lines(content)
    finally:
        csv.field_size_limit(before)


CHINESE = "户号,户名\n" + "".join(
    f"K{n},{name}\n"
    for n, name in enumerate(("杭州明达电子科技有限公司", "浙江鑫晟机械制造厂", "滨江区江南大道588号3层", "王喆食品店"))
)
TRADITIONAL = "key,name\nK1,臺北市信義區松仁路七號十樓\nK2,明達電子股份有限公司\nK3,統一編號\n"
JAPANESE = "key,name\nK1,株式会社東京電力ホールディングス\nK2,東京都千代田区内幸町\n"
KOREAN = "key,name\nK1,서울특별시 강남구 테헤란로\nK2,주식회사 삼성전자\n"


@pytest.mark.parametrize(
    ("content", "declared", "seen"),
    [
        (TRADITIONAL.encode("big5"), "gbk", "read well as big5"),
        ("a,b\nK1,明達電子\nK2,臺北市\n".encode("big5"), "gbk", "read well as big5"),
        ("key,name\nK1,苏州工业园区\nK2,杭州电子\n".encode("gb18030"), "big5", "big5"),
        (JAPANESE.encode("cp932"), "gbk", "read well as Shift-JIS"),
        (KOREAN.encode("euc_kr"), "gbk", "read well as EUC-KR"),
        (CHINESE.encode("gb18030"), "cp1252", "read well as gb18030"),
        # files of two encodings that were joined
        (
            CHINESE.encode("gb18030") + TRADITIONAL.encode("big5"),
            "gbk",
            "3 of its lines hold signs .* read well as big5",
        ),
        (CHINESE.encode("gb18030") + "K9,上海浦东新区\n".encode(), "gbk", "1 of its lines read as UTF-8"),
    ],
)
def test_another_encoding_that_can_be_decoded_stops(content: bytes, declared: str, seen: str) -> None:
    with pytest.raises(DeliveryRefused, match=seen):
        lines(content, declared)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (CHINESE, "gbk"),
        (TRADITIONAL, "big5"),
        (TRADITIONAL, "gbk"),  # a firm of Taiwan in a register of the mainland
        (JAPANESE, "gbk"),
        ("户名\n龘靐齉爩\n喆堃赟\n", "gbk"),  # rare ones are in names
        ("key,name\nK1,龢灝\n", "big5"),
        ("单位\n㎡\n①②③\n“甲”——乙…\n", "gbk"),
        ("name\nMüller & Söhne GmbH\nCafé à la crème\n", "cp1252"),
    ],
)
def test_the_declared_encoding_is_read(text: str, encoding: str) -> None:
    codec = {"gbk": "gb18030"}.get(encoding, encoding)
    assert [",".join(cells) for _, cells, _ in lines(text.encode(codec), encoding)] == text.splitlines()
