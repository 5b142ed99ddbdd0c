"""`parkbridge match`: two files as an engineer would have them, every kind of answer, and every kind of mistake."""

from __future__ import annotations

import csv
import random
import sys
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import parkbridge
from tests.transforms.test_matching import register
from tests.transforms.test_resolution import A, B, C, credit_code
from transforms.matching.files import match_files
from warehouse.errors import DeclarationError, ParkBridgeError

COLUMNS = [
    "left_id",
    "decision",
    "right_id",
    "right_name",
    "score",
    "method",
    "evidence",
    "runner_up_id",
    "runner_up_name",
    "runner_up_score",
]
MAPPING = """
left:  {id: 合同号, code: 代码, name: 租户, address: [房屋地址, 通讯地址]}
right: {id: 代码, code: 代码, name: 企业名称, former_name: 曾用名, address: 住所}
"""
ROOM = "苏州市望江路388号12幢928室"


def known() -> list[dict[str, Any]]:
    rows = [
        {"代码": row["uscc"], "企业名称": row["enterprise_name"], "曾用名": None, "住所": row["address"]}
        for row in register()
    ]
    return [
        *rows,
        {"代码": A, "企业名称": "苏州市鼎川曼软件有限公司", "曾用名": "苏州老船长软件有限公司", "住所": ROOM},
        {
            "代码": B,
            "企业名称": "苏州市鼎川曼软件有限公司第二分公司",
            "曾用名": None,
            "住所": "苏州市星湖街1号2幢305室",
        },
        {"代码": C, "企业名称": "苏州市同名贸易有限公司", "曾用名": None, "住所": "苏州市北一路5号"},
        {
            "代码": credit_code(40000001),
            "企业名称": "苏州市同名贸易有限责任公司",
            "曾用名": None,
            "住所": "苏州市南三路77号",
        },
    ]


def tenant(number: str, name: str | None, code: str | None = None, *addresses: str) -> dict[str, Any]:
    first, second = (*addresses, None, None)[:2]
    return {"合同号": number, "代码": code, "租户": name, "房屋地址": first, "通讯地址": second}


TENANTS = [
    tenant("code", "鼎川曼软件", A),
    tenant("stranger", "西泠印社出版社", A),
    tenant("name", "苏州市鼎川曼软件（有限公司）"),
    tenant("former", "蘇州老船長軟件有限公司"),
    tenant("short", "鼎川曼软件", None, "望江路388号12号楼928"),
    tenant("second address", "鼎川曼", None, "杭州市文三路1号", ROOM),
    tenant("branch", "苏州市鼎川曼软件有限公司第九分公司", None, ROOM),
    tenant("its branch", "苏州市鼎川曼软件有限公司第二分公司"),
    tenant("elsewhere", "苏州市同名贸易有限公司", None, "苏州市南三路77号"),
    tenant("unknown", "某某某", None, "苏州市东一路3号"),
    tenant("empty", None),
    tenant("one", "甲"),
    tenant("twice", "鼎川曼软件", None, "望江路388号12号楼928"),
]


def write_csv(path: Path, rows: list[dict[str, Any]], encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def answers(out: Path) -> dict[str, dict[str, Any]]:
    read = "read_csv(?, all_varchar = true)" if out.suffix == ".csv" else "read_parquet(?)"
    with duckdb.connect() as connection:
        table = connection.execute(f"from {read}", [str(out)]).to_arrow_table()
    assert table.column_names == COLUMNS
    return {row["left_id"]: row for row in table.to_pylist()}


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Left as an office sends it, right as Parquet, and the mapping."""
    left = write_csv(tmp_path / "租户.csv", TENANTS, "gb18030")
    right = tmp_path / "register.parquet"
    pq.write_table(pa.Table.from_pylist(known()), right)
    mapping = tmp_path / "columns.yml"
    mapping.write_text(MAPPING, encoding="utf-8")
    return left, right, mapping


def test_every_kind_of_answer(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    left, right, mapping = files
    out = tmp_path / "pairs.parquet"
    matched = match_files(left, right, out, mapping)
    found = answers(out)
    assert (matched.left_rows, matched.right_rows) == (len(TENANTS), len(known()))
    assert sum(matched.decisions.values()) == len(found) == len(TENANTS), "one row per left row, nothing lost"
    decided = {key: (row["decision"], row["method"], row["right_id"]) for key, row in found.items()}
    assert decided["code"] == ("matched", "code", A)
    assert decided["stranger"] == ("review", "code", A)
    assert decided["name"] == decided["former"] == ("matched", "name", A)
    assert decided["short"] == decided["second address"] == decided["twice"] == ("matched", "scored", A)
    assert decided["its branch"] == ("matched", "name", B)
    assert decided["branch"][0] != "matched", "an unknown branch is not its parent"
    assert decided["elsewhere"] == ("matched", "scored", credit_code(40000001)), (
        "the legal form was wrong, the door is right"
    )
    assert {decided[key] for key in ("unknown", "empty", "one")} == {("none", None, None)}
    assert "unlike" in found["stranger"]["evidence"]
    assert found["short"]["evidence"] == "same name but for place and legal form; same premises"
    assert found["short"]["runner_up_id"] == B
    assert 0 <= found["short"]["runner_up_score"] < found["short"]["score"] <= 1


def test_rows_in_any_order_in_any_format_get_the_same_answers(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    left, right, mapping = files
    match_files(left, right, tmp_path / "one.parquet", mapping)
    draw = random.Random(5)
    shuffled, others = list(TENANTS), known()
    draw.shuffle(shuffled)
    draw.shuffle(others)
    again = write_csv(tmp_path / "again.csv", shuffled)
    match_files(again, write_csv(tmp_path / "right.csv", others), tmp_path / "two.csv", mapping)
    first, second = answers(tmp_path / "one.parquet"), answers(tmp_path / "two.csv")
    plain = {key: {c: None if v is None else str(v) for c, v in row.items()} for key, row in first.items()}
    assert second == plain


def test_without_a_mapping_columns_are_taken_by_their_names(tmp_path: Path) -> None:
    left = write_csv(tmp_path / "left.csv", [{"name": "苏州市鼎川曼软件有限公司"}, {"name": "别的"}])
    right = write_csv(tmp_path / "right.csv", [{"id": "7", "name": row["企业名称"]} for row in known()[-4:]])
    match_files(left, right, tmp_path / "pairs.csv")
    found = answers(tmp_path / "pairs.csv")
    assert [(row["decision"], row["right_id"]) for row in found.values()] == [("matched", "7"), ("none", None)]
    assert list(found) == ["1", "2"], "rows without an id are numbered"


MISTAKES = [
    ("left: {nme: 租户}", "columns.yml left: nme is no role", DeclarationError),
    ("left: {name: 承租人}", "租户.csv has no column 承租人", DeclarationError),
    ("left: {address: 房屋地址}", "neither a code nor a name is mapped", DeclarationError),
    ("left: {id: [合同号, 租户], name: 租户}", "id names several columns", DeclarationError),
    ("middle: {name: 租户}", "it is not", DeclarationError),
    ("- 租户", "it is not", DeclarationError),
    ("left: {name: [", "it cannot be read", ParkBridgeError),
]


@pytest.mark.parametrize(("text", "message", "error"), MISTAKES)
def test_a_mapping_that_cannot_be_meant_is_refused(
    text: str, message: str, error: type[ParkBridgeError], files: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    left, right, mapping = files
    mapping.write_text(text, encoding="utf-8")
    with pytest.raises(error, match=message):
        match_files(left, right, tmp_path / "pairs.csv", mapping)
    assert not list(tmp_path.glob("pairs*"))


def test_files_that_are_not_there_or_cannot_be_read(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    left, right, mapping = files
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xff\xfe,\xa0\n\x81")
    (tmp_path / "text.parquet").write_text("no parquet")
    for one, other, out, message in (
        (tmp_path / "gone.csv", right, "pairs.csv", "there is no such file"),
        (tmp_path / "bytes.csv", right, "pairs.csv", "neither UTF-8 nor GB18030"),
        (left, tmp_path / "text.parquet", "pairs.csv", "it cannot be read"),
        (left, right, "pairs.xlsx", "is no format"),
        (left, right, "nowhere/pairs.csv", "it cannot be written"),
    ):
        with pytest.raises(ParkBridgeError, match=message):
            match_files(one, other, tmp_path / out, mapping)


def test_the_command_says_what_came_out_and_mistakes_make_no_traceback(
    files: tuple[Path, Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    left, right, mapping = files
    words = ["parkbridge", "match", left, right, "--mapping", mapping, "--out", tmp_path / "pairs.csv"]
    monkeypatch.setattr(sys, "argv", [str(word) for word in words])
    assert parkbridge.main() == 0
    assert f"{len(TENANTS)} rows against {len(known())}: 8 matched" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["parkbridge", "match", "gone.csv", str(right), "--out", "pairs.csv"])
    assert parkbridge.main() == 1
    assert "gone.csv: there is no such file. Next: name a CSV or Parquet file" in capsys.readouterr().err


def test_ten_thousand_rows_of_one_name_and_a_code_of_five_hundred(tmp_path: Path) -> None:
    left = [{"id": str(n), "name": "个体", "address": "苏州工业园区"} for n in range(10_000)]
    left += [{"id": f"c{n}", "name": f"不同公司{n}号有限公司", "code": A} for n in range(500)]
    for row in left:
        row.setdefault("code", "")
        row.setdefault("address", "")
    right = [
        {"id": row["代码"], "code": row["代码"], "name": row["企业名称"], "address": row["住所"]} for row in known()
    ]
    matched = match_files(
        write_csv(tmp_path / "left.csv", left), write_csv(tmp_path / "right.csv", right), tmp_path / "pairs.csv"
    )
    assert matched.decisions == {"matched": 0, "review": 500, "none": 10_000}
