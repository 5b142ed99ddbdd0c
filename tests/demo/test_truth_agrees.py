"""What the silos say, read with csv, zipfile, sqlite3 and openpyxl alone, is the truth but for what is planted."""

import csv
import io
import sqlite3
import zipfile
from collections import defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pyarrow.parquet as pq


def _links(truth: duckdb.DuckDBPyConnection, silo: str) -> dict[str, list[int]]:
    links = defaultdict(list)
    for key, true_id in truth.execute("select source_key, true_id from link where silo = ?", [silo]).fetchall():
        links[key].append(true_id)
    return links


def _month(truth: duckdb.DuckDBPyConnection, month: str, column: str) -> dict[int, int]:
    query = f"select true_id, {column} from enterprise_month where month = ? and {column} > 0"
    return dict(truth.execute(query, [month]).fetchall())


def _planted(truth: duckdb.DuckDBPyConnection, silo: str, month: str) -> set[int]:
    rows = truth.execute("select true_id from planted where silo = ? and month = ?", [silo, month]).fetchall()
    return {true_id for (true_id,) in rows}


def _staff(text: str) -> list[dict[str, str]]:
    title, *lines = text.splitlines()
    assert "单位参保情况表" in title
    *rows, totals = csv.DictReader(lines)
    assert totals["单位编号"] == "合计"
    return rows


def _by_firm(rows: list[dict[str, str]], links: dict[str, list[int]], key: str, value: str) -> dict[int, int]:
    sums: dict[int, int] = defaultdict(int)
    for row in rows:
        (true_id,) = links[row[key]]
        sums[true_id] += int(row[value].replace(",", "")) if row[value] != "待核" else 0
    return dict(sums)


def test_insured_staff(city: Path, truth: duckdb.DuckDBPyConnection) -> None:
    links = _links(truth, "employment")
    files = {
        "2024-02-01": (city / "silos/employment/参保_202402.csv").read_bytes(),
        "2026-10-01": (city / "silos/employment/参保_202610.csv").read_bytes(),
        "2026-06-01": (city / "silos/employment/参保_202606_更正.csv").read_bytes(),
        "2024-06-01": zipfile.ZipFile(city / "silos/employment/参保_202406.zip").read("参保_202406.csv"),
    }
    for month, content in files.items():
        reported = _by_firm(_staff(content.decode("gb18030")), links, "单位编号", "参保人数")
        expected = _month(truth, month, "insured_headcount")
        planted = _planted(truth, "employment", month)
        assert {k: v for k, v in reported.items() if k not in planted} == {
            k: v for k, v in expected.items() if k not in planted
        }
    first = _staff((city / "silos/employment/参保_202606.csv").read_bytes().decode("gb18030"))
    assert _by_firm(first, links, "单位编号", "参保人数") != _month(truth, "2026-06-01", "insured_headcount")


def test_filings_and_payments_to_the_fen(city: Path, truth: duckdb.DuckDBPyConnection) -> None:
    links = _links(truth, "tax")
    names = dict(truth.execute("select tax_kind_code, any_value(tax_kind_code) from tax_period group by 1").fetchall())
    kinds = {
        "增值税": "vat",
        "企业所得税": "cit",
        "个人所得税": "iit",
        "城市维护建设税及附加": "surcharge",
        "印花税": "stamp",
        "房产税": "property",
        "城镇土地使用税": "land_use",
    }
    assert set(kinds.values()) == set(names)
    due = {
        (who, kind, start, end): (sales, owed, paid)
        for who, kind, start, end, sales, owed, paid in truth.execute(
            "select true_id, tax_kind_code, period_start::varchar, period_end::varchar, "
            "sales_fen, due_fen, paid_fen from tax_period"
        ).fetchall()
    }
    with sqlite3.connect(city / "silos/tax/税务.sqlite") as database:
        filed: dict[Any, tuple[int, int]] = {}
        for number, name, kind, start, end, sales, owed in database.execute(
            "select 纳税人识别号, 纳税人名称, 征收项目, 所属期起, 所属期止, 计税依据_分, 应补退税额_分 "
            "from 申报表 order by 记录时间"
        ):
            (who,) = links.get(number) or links[name]
            filed[who, kinds[kind], start, end] = sales, owed
        paid: dict[Any, int] = defaultdict(int)
        for number, name, kind, start, end, amount in database.execute(
            "select 纳税人识别号, 纳税人名称, 征收项目, 所属期起, 所属期止, 入库金额_分 from 入库表"
        ):
            (who,) = links.get(number) or links[name]
            paid[who, kinds[kind], start, end] += amount
    # ten months on, every filing has come and every correction has been made
    settled = {key: figures for key, figures in due.items() if key[3] < "2026-01-01"}
    assert len(settled) > 15_000
    assert {key: filed[key] for key in settled} == {key: (sales, owed) for key, (sales, owed, _) in settled.items()}
    assert {key: paid.get(key, 0) for key in settled} == {key: figures[2] for key, figures in settled.items()}
    assert filed.keys() <= due.keys()


def _lease_date(value: Any) -> date | None:
    if value is None or isinstance(value, datetime):
        return value.date() if value else None
    text = str(value)
    if text.isdigit():
        return date(1899, 12, 30) + timedelta(days=int(text))
    year, month, day = (int(part) for part in text.translate(str.maketrans("年月日", "-- ")).strip().split("-"))
    return date(year, month, day)


def test_leased_area(city: Path, truth: duckdb.DuckDBPyConnection) -> None:
    sheet = openpyxl.load_workbook(city / "silos/lease/租赁台账_202610.xlsx").active
    assert sheet is not None
    assert [str(cells) for cells in sheet.merged_cells.ranges] == ["A1:O1", "A2:O2"]
    _, _, header, *rows, totals = sheet.iter_rows(values_only=True)
    assert totals[0] == "合计"
    links = _links(truth, "lease")
    month = date(2026, 10, 1)
    areas: dict[int, int] = defaultdict(int)
    for row in (dict(zip(header, cells, strict=True)) for cells in rows):
        start, end, stop = (_lease_date(row[name]) for name in ("起租日", "到期日", "退租日"))
        assert start is not None
        assert end is not None
        if start <= month <= min(end, stop or end):
            (true_id,) = links[str(row["客户编号"])]
            areas[true_id] += round(float(str(row["建筑面积(㎡)"])) * 10)
    assert areas == _month(truth, "2026-10-01", "leased_tenth")


def test_buildings(city: Path, truth: duckdb.DuckDBPyConnection) -> None:
    """The last register: a title, the buildings but one, in mu and with 0 where it is not measured; codes spelled oddly."""
    text = (city / "silos/building/楼栋台账_202610.csv").read_bytes().decode("gb18030")
    *rows, totals = csv.DictReader(text.splitlines()[1:])
    assert totals["楼栋编号"] == "合计"
    columns = "building_code, name, lettable_tenth, floor_tenth, land_mu_hundredth, is_listed, is_unmeasured"
    true = {row[0]: row[1:] for row in truth.execute(f"select {columns} from building").fetchall()}
    found = {row["楼栋编号"].upper().replace("-", "").replace("Ｂ", "B"): row for row in rows}
    assert set(true) - set(found) == {code for code, row in true.items() if not row[4]} != set()
    for code, row in found.items():
        name, lettable, floor, land, _, is_unmeasured = true[code]
        assert row["楼栋名称"].replace("号楼", "幢") == name
        assert round(float(row["可租面积(㎡)"]) * 10) == (0 if is_unmeasured else lettable)
        assert round(float(row["建筑面积(㎡)"]) * 10) == floor
        assert row["占地面积(亩)"] == "/" or round(float(row["占地面积(亩)"]) * 100) == land
    first = (city / "silos/building/楼栋台账_202312.csv").read_bytes().decode("gb18030").splitlines()[1:]
    assert [row["可租面积(㎡)"] for row in csv.DictReader(first)].count("-1") == 2
    let = truth.execute(
        "select b.lettable_tenth - sum(l.area_tenth) from building as b join lease as l using (building_code) "
        "where l.start_date <= date '2026-10-31' and coalesce(l.terminated_date, l.end_date) >= date '2026-10-31' "
        "group by b.building_code, b.lettable_tenth"
    ).fetchall()
    assert len(let) == len(true)
    assert all(left > 0 for (left,) in let), "no space is leased that is not there"


def test_meters(city: Path, truth: duckdb.DuckDBPyConnection) -> None:
    links = _links(truth, "utility")
    content = zipfile.ZipFile(city / "silos/utility/抄表_202610.zip").read("抄表_202610.csv")
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    planted = _planted(truth, "utility", "2026-10-01")
    for word, column in (("电", "electricity_tenth"), ("水", "water_tenth"), ("燃气", "gas_tenth")):
        used = {
            links[r["户号"]][0]: round(float(r["用量"]) * 10) for r in rows if r["类别"] == word and r["用量"] != "表坏"
        }
        used.pop(None, None)  # type: ignore[call-overload] # the park's own meters
        expected = _month(truth, "2026-10-01", column)
        assert {k: v for k, v in used.items() if k not in planted} == {
            k: v for k, v in expected.items() if k not in planted
        }


def test_gate_counts(city: Path, truth: duckdb.DuckDBPyConnection) -> None:
    links = _links(truth, "access")
    expected = _month(truth, "2026-10-01", "people_entry")
    rows = pq.read_table(city / "silos/access/门禁_202610.parquet").to_pylist()
    assert sum(row["人员进出次数"] for row in rows) == sum(expected.values())
    known = [(links[f"{row['单位简称']}@{row['楼栋']}"], row["人员进出次数"]) for row in rows]
    single = [(firms[0], count) for firms, count in known if len(set(firms)) == 1]
    assert len(single) > 150
    assert all(count == expected[firm] for firm, count in single)
