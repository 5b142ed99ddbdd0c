"""Landing, with real files and a real database: what becomes a batch, what does not, and that no person is in it."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.credentials import Credentials
from connectors.landing import land
from connectors.sources import Delivery
from tests.conftest import (
    LEASES_HEADER,
    STAFF_HEADER,
    STAFF_SQL,
    Park,
    day,
    lease_row,
    leases,
    staff,
    staff_file,
    staff_row,
)
from warehouse.batches import batches, discard, mark_stopped, pending
from warehouse.confirmation import Confirmation
from warehouse.connection import quote
from warehouse.durable import read_json
from warehouse.errors import DeliveryRefused, ParkBridgeError, SourceError
from warehouse.rebuild import rebuild

UNITS = {"U1": 10, "U2": 20}


def rows(park: Park, name: str) -> list[dict[str, Any]]:
    """The landed rows of the one batch that is there."""
    (batch,) = batches(park.raw, name)
    return pq.read_table(batch.folder / "rows.parquet").to_pylist()  # type: ignore[no-any-return]


def xlsx(header: str, lines: list[str]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for line in (header, *lines):
        sheet.append(line.split(","))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


# --- what a batch is ------------------------------------------------------------------------------------------------


def test_a_delivery_becomes_a_batch_with_its_manifest(park: Park) -> None:
    path = park.drop("staff", "参保_202601.csv", staff(UNITS), day(0.5))
    (manifest,) = park.land("staff", day(1))
    folder = park.raw / "staff" / "20260302T000000Z-0000"
    assert sorted(p.name for p in folder.iterdir()) == ["manifest.json", "rows.parquet"]
    assert rows(park, "staff")[0] == {
        "row_number": 2,
        "单位编号": "U1",
        "单位名称": "U1公司",
        "所属期": "2026-01",
        "参保人数": "10",
        "缴费基数": "5000",
        "受理时间": "2026-02-05 09:00:00",
    }
    written = read_json(folder / "manifest.json", next_step="")
    ended_at = datetime.fromisoformat(written.pop("ended_at"))
    assert ended_at == manifest.ended_at
    assert written == {
        "feed": "staff",
        "subject": "employment",
        "batch_id": "20260302T000000Z-0000",
        "run_id": "run 2026-03-02",
        "delivery": "参保_202601.csv",
        "protocol": "file_drop",
        "header": STAFF_HEADER.split(","),
        "columns": {"row_number": "int64"}
        | {name: "string" for name in rows(park, "staff")[0] if name != "row_number"},
        "rows": 2,
        "unreadable_rows": 0,
        "identity_numbers_removed": 0,
        "content_id": hashlib.sha256(path.read_bytes()).hexdigest(),
        "rows_sha256": hashlib.sha256((folder / "rows.parquet").read_bytes()).hexdigest(),
        "cursor": None,
        "delivered_at": "2026-03-01T12:00:00+00:00",
        "pulled_from": None,
        "pulled_until": "2026-03-02T00:00:00+00:00",
        "started_at": "2026-03-02T00:00:00+00:00",
        "unreadable_sha256": "",
        "persons_removed": {},
        "totals": [],
        "notes": [],
        "rows_read": 2,
        "rows_folded": 0,
        "rows_noted": 0,
        "is_ended": True,
        "repeats": "",
        "asked": "",
        "asked_until": "2026-03-02T00:00:00+00:00",
        "rows_below": {},
        "figures_below": {},
    }


def test_the_same_delivery_twice_is_one_batch(park: Park) -> None:
    park.drop("staff", "a.csv", staff(UNITS), day(0.4))
    park.drop("staff", "again.csv", staff(UNITS), day(0.5))
    assert len(park.land("staff", day(1))) == 1, "two files of one content in one run"
    park.sync("staff", day(1))
    assert park.land("staff", day(2)) == [], "the same file in the next run"
    park.drop("staff", "third.csv", staff(UNITS), day(2.5))
    assert park.land("staff", day(3)) == [], "the same content under another name"
    park.drop("staff", "a.csv", staff(UNITS | {"U1": 11}), day(3.5))
    assert [m.delivery for m in park.land("staff", day(4))] == ["a.csv"], "another content under the same name"


def test_what_is_newer_than_the_run_waits_for_the_next(park: Park) -> None:
    park.drop("staff", "a.csv", staff(UNITS), day(0.5))
    park.drop("staff", "b.csv", staff(UNITS, month="2026-02"), day(1.5))
    assert [m.delivery for m in park.land("staff", day(1))] == ["a.csv"]
    park.sync("staff", day(1))
    assert [m.delivery for m in park.land("staff", day(2))] == ["b.csv"]


def test_deliveries_land_in_the_order_of_their_times(park: Park) -> None:
    for name, at in (("a.csv", 0.9), ("b.csv", 0.5), ("c.csv", 0.7)):
        park.drop("staff", name, staff(UNITS, month=f"2026-0{1 + int(at * 10 % 5)}"), day(at))
    assert [(m.delivery, m.batch_id[-4:]) for m in park.land("staff", day(1))] == [
        ("b.csv", "0000"),
        ("c.csv", "0001"),
        ("a.csv", "0002"),
    ]


def test_a_run_repeated_for_the_same_interval_takes_the_next_free_name(park: Park) -> None:
    park.drop("staff", "a.csv", staff(UNITS), day(0.5))
    park.sync("staff", day(1))
    park.drop("staff", "b.csv", staff(UNITS, month="2026-02"), day(0.6))
    (manifest,) = park.land("staff", day(1))
    assert manifest.batch_id == "20260302T000000Z-0001"


# --- columns --------------------------------------------------------------------------------------------------------


def test_headers_by_another_name_and_columns_that_may_be_absent(park: Park) -> None:
    header = STAFF_HEADER.replace("单位编号", " 单位代码 ").replace("手机", "手机,备注")
    park.drop("staff", "a.csv", f"{header}\nU1,甲,2026-01,5,100,张三,1,很好,2026-02-01\n", day(0.5))
    park.land("staff", day(1))
    (row,) = rows(park, "staff")
    assert (row["单位编号"], row["备注"]) == ("U1", "很好")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (
            STAFF_HEADER + ",邮箱",
            "staff a.csv: unknown column '邮箱'; the feed declares 9 columns. Next: if the office renamed",
        ),
        (
            STAFF_HEADER.replace("缴费基数,", ""),
            "staff a.csv: column '缴费基数' is missing; the feed declares 9 columns. Next: ",
        ),
        (
            STAFF_HEADER.replace("缴费基数", "基数"),
            "staff a.csv: unknown column '基数' and column '缴费基数' is missing; the feed declares 9 columns. Next: ",
        ),
        (
            STAFF_HEADER + ",单位代码",
            "staff a.csv: column '单位编号' is there twice. Next: ask the office which one counts",
        ),
        (
            STAFF_HEADER + ",参保人数",
            "staff a.csv: column '参保人数' is there twice (two tables side by side?). Next: ",
        ),
    ],
)
def test_other_columns_than_declared_stop_and_leave_nothing(park: Park, header: str, message: str) -> None:
    row = ",".join("x" for _ in header.split(","))
    park.drop("staff", "a.csv", f"{header}\n{row}\n", day(0.5))
    with pytest.raises(DeliveryRefused) as refused:
        park.land("staff", day(1))
    assert str(refused.value).startswith(message)
    assert list((park.raw / "staff").iterdir()) == []


def test_a_row_of_data_in_the_header_s_place_is_not_copied_into_the_message(park: Park) -> None:
    park.change("staff", "settle_seconds: 0", "settle_seconds: 0, header: 1")
    park.drop("staff", "a.csv", staff_file([staff_row("U1"), staff_row("U2")]).partition("\n")[2], day(0.5))
    with pytest.raises(DeliveryRefused) as refused:
        park.land("staff", day(1))
    assert "unknown column in 8 of 8 places (is the header line missing, or of two lines?)" in str(refused.value)
    assert "张三" not in str(refused.value)
    assert "13800138000" not in str(refused.value)


def test_an_identity_number_in_a_header_is_not_copied_into_the_message(park: Park) -> None:
    park.drop("staff", "a.csv", f"{STAFF_HEADER},11010519491231002X\n", day(0.5))
    with pytest.raises(DeliveryRefused) as refused:
        park.land("staff", day(1))
    assert "unknown column '[identity number removed]'" in str(refused.value)


# --- natural persons ------------------------------------------------------------------------------------------------

NUMBERS = ("11010519491231002X", "330106199003070014", "510108200102280019", "320581202011110033")
NAMES = ("欧阳震华", "司徒美堂")
PHONES = ("13912345678", "18687654321")
PLANTED = (*NUMBERS, *NAMES, *PHONES)


def texts_of(path: Path) -> Iterator[str]:
    """Every text that a file holds behind its compression."""
    if path.suffix == ".parquet":
        yield json.dumps(pq.read_table(path).to_pylist(), ensure_ascii=False, default=str)
        yield str(pq.read_metadata(path))
    if path.suffix == ".duckdb":
        with duckdb.connect() as connection:
            connection.execute(f"attach '{path}' as f (read_only)")
            # a view holds nothing of its own
            tables = connection.execute(
                "select schema_name, table_name from duckdb_tables() where database_name = 'f' and not internal"
            ).fetchall()
            for schema, table in tables:
                rows = connection.execute(
                    f"select columns(*)::varchar from f.{quote(schema)}.{quote(table)}"
                ).fetchall()
                yield json.dumps(rows, ensure_ascii=False)


def where_planted(home: Path) -> list[tuple[str, str]]:
    """Files under a folder that hold something planted, in their bytes or in what they hold."""
    found = []
    for path in sorted(p for p in home.rglob("*") if p.is_file()):
        content = path.read_bytes()
        texts = [*texts_of(path), str(path)]
        for needle in PLANTED:
            forms = [needle.encode(), needle.encode("gb18030"), needle.encode("utf-16-le"), needle.lower().encode()]
            if any(form in content for form in forms) or any(
                needle in text or needle.lower() in text for text in texts
            ):
                found.append((str(path.relative_to(home)), needle))
    return found


def plant(park: Park) -> None:
    """Persons wherever they turn up: in personal columns, free text, taxpayer numbers, ragged lines, sheets and zips."""
    rows = [staff_row(f"U{n}").replace("张三", NAMES[0]).replace("13800138000", PHONES[0]) for n in range(30)]
    rows[3] = rows[3].replace("U3公司", f"{NUMBERS[0].lower()}商行")
    rows[4] = rows[4].replace(",10,", ",十,")  # quarantined
    rows[5] = f"{rows[5]},{NAMES[1]}"  # too long
    rows[6] = f"U6,{NAMES[1]},{PHONES[1]}"  # too short
    rows[7] = f'U7,"{NAMES[1]}"{PHONES[1]},1'  # text behind a closing quotation mark
    park.drop("staff", f"参保_{NUMBERS[3]}.csv", staff_file(rows), day(0.3))
    sheet = [lease_row(n, note=f"承租人身份证{NUMBERS[1]}").replace("李四", NAMES[0]) for n in range(20)]
    sheet[2] = sheet[2].replace("2025-01-01", "2025-02-30")  # quarantined
    sheet[3] += f",{NAMES[1]}"  # a value below no heading
    park.drop("leases", "租赁.xlsx", xlsx(LEASES_HEADER, sheet), day(0.3))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        more = [lease_row(n, note=f"{NUMBERS[2][:6]} {NUMBERS[2][6:14]} {NUMBERS[2][14:]}") for n in range(20)]
        zipped.writestr("台账.csv", "\n".join([LEASES_HEADER, *(row.replace("李四", NAMES[1]) for row in more)]) + "\n")
    park.drop("leases", "租赁.zip", archive.getvalue(), day(0.4))
    park.pay("P1", 100, "2026-03-01 09:00:00", payer=NUMBERS[1])
    park.pay("P2", 100, "2026-03-01 09:00:00", payer=f"个体户 {NUMBERS[2]}")
    for n in range(20):
        park.pay(f"Q{n}", 100, "2026-03-01 09:00:00")
    park.tax_database(f"update 入库 set 经办人 = '{NAMES[0]}{PHONES[0]}'")


@pytest.mark.parametrize("key", ["", "a secret key"])
def test_no_planted_person_stands_in_any_file(park: Park, key: str) -> None:
    park.pseudonym_key = key
    plant(park)
    park.change("staff", "rejected_pct: 10", "rejected_pct: 20")
    park.change("leases", "rejected_pct: 10", "rejected_pct: 20")
    for name in ("staff", "leases", "payments"):
        park.sync(name, day(1))
    park.publish(day(1), without=[])
    # and of what is refused: landed, stopped, set aside
    park.change("staff", "rejected_pct: 20", "rejected_pct: 0")
    worse = staff_file(
        [staff_row("U1", "十").replace("张三", NAMES[0]), f"U2,{NAMES[1]},{PHONES[1]}", staff_row(NUMBERS[1])]
    )
    park.drop("staff", "b.csv", worse, day(1.5))
    park.land("staff", day(2))
    with pytest.raises(DeliveryRefused) as refused:
        park.stage("staff")
    mark_stopped(park.raw, "staff", str(refused.value))
    park.drop("staff", "c.csv", staff_file([]).replace("单位名称", NUMBERS[2]), day(1.6))
    with pytest.raises(DeliveryRefused) as refused:
        park.land("staff", day(3))
    mark_stopped(park.raw, "staff", str(refused.value))
    quarantined = [("leases", 2), *([] if key else [("payments", 1)]), ("staff", 4)]
    assert any((park.home / "refused").rglob("rows.parquet"))
    assert park.ask("select count(*) from staged.employment") == [(26,)]
    assert park.ask("select feed, count(*) from ops.quarantine group by all order by 1") == quarantined
    assert where_planted(park.home) == []


def test_the_search_for_planted_persons_finds_them(park: Park) -> None:
    """The test above would see them: the same files, landed by a feed that does not declare who is personal."""
    park.change("staff", "经办人: personal", "经办人: ignored")
    plant(park)
    park.change("staff", "rejected_pct: 10", "rejected_pct: 20")
    park.sync("staff", day(1))
    places = {(path.rpartition("/")[2], needle) for path, needle in where_planted(park.home)}
    assert ("rows.parquet", NAMES[0]) in places
    with duckdb.connect(park.home / "x.duckdb") as connection:
        connection.execute("create table t as select ? as note from range(1000)", [f"a {NUMBERS[0]} b"])
    assert ("x.duckdb", NUMBERS[0]) in where_planted(park.home)


def test_the_manifest_counts_what_was_taken_out(park: Park) -> None:
    plant(park)
    assert [m.identity_numbers_removed for m in park.land("leases", day(1))] == [19, 20]
    (manifest,) = park.land("staff", day(1))
    assert manifest.identity_numbers_removed == 1
    assert manifest.delivery == "参保_[identity number removed].csv"


def test_with_a_key_a_sole_trader_stays_one_enterprise(park: Park) -> None:
    park.pseudonym_key = "a secret key"
    park.pay("P1", 100, "2026-03-01 09:00:00", payer=NUMBERS[0])
    park.pay("P2", 100, "2026-03-01 10:00:00", payer=NUMBERS[0].lower())
    park.pay("P3", 100, "2026-03-01 11:00:00", payer=NUMBERS[1])
    park.sync("payments", day(1))
    park.pay("P4", 100, "2026-03-02 09:00:00", payer=NUMBERS[0])
    park.sync("payments", day(2))
    payers = dict(park.current("payment_no, source_key", "tax_payment"))
    assert payers["P1"].startswith("person-")
    assert payers["P1"] == payers["P2"] == payers["P4"] != payers["P3"]


def test_without_a_key_a_sole_trader_has_no_number(park: Park) -> None:
    park.pay("P1", 100, "2026-03-01 09:00:00", payer=NUMBERS[0])
    for n in range(20):
        park.pay(f"Q{n}", 100, "2026-03-01 09:00:00")
    park.sync("payments", day(1))
    assert park.ask("select reason from ops.quarantine") == [("no source_key (纳税人识别号 is empty)",)]


def test_a_roster_lands_as_counts(park: Park) -> None:
    park.declare(
        "staff",
        """
feed: staff
subject: employment
title: {en: Staff, zh: 参保}
office: Social insurance bureau
owner: data-engineering
description: One row is one person.
schedule: "@daily"
source: {protocol: file_drop, connection: none, folder: staff, settle_seconds: 0}
replaces: period
columns:
  单位编号: source_key
  所属期: month
  姓名: personal
  身份证号: ignored
  参保人数: insured_headcount
roster: {by: [单位编号, 所属期], count_distinct: 身份证号, as: 参保人数}
allow: {rejected_pct: 50}
""",
        "select row_number, 单位编号 as source_key, to_month(所属期) as month, to_count(参保人数) as insured_headcount from delivery",
    )
    people = [f"U1,2026-01,{NAMES[0]},{number}" for number in (*NUMBERS[:2], NUMBERS[0])]
    people += [f"U2,2026-01,{NAMES[1]},{NUMBERS[2]}", f"U2,2026-01,{NAMES[1]}"]
    park.drop("staff", "a.csv", "\n".join(["单位编号,所属期,姓名,身份证号", *people]) + "\n", day(0.5))
    park.sync("staff", day(1))
    assert park.current("source_key, insured_headcount, row_number") == [("U1", 2, 2), ("U2", 1, 5)]
    assert park.ask("select rows_landed, rows_rejected from ops.batch") == [(3, 1)]
    # five lines are two counts and a line that was cut short
    assert park.ask("select rows_read, rows_folded, rows_noted from ops.batch") == [(5, 2, 0)]
    assert where_planted(park.home) == []


# --- attempts, windows, crashes -------------------------------------------------------------------------------------


def test_a_retried_run_replaces_its_attempt(park: Park) -> None:
    park.drop("staff", "a.csv", staff(UNITS), day(0.5))
    (first,) = park.land("staff", day(1))
    (second,) = park.land("staff", day(1))
    assert [b.manifest for b in batches(park.raw, "staff")] == [second]
    (aside,) = (park.home / "refused" / "staff").iterdir()
    assert aside.name == f"{first.batch_id}-{first.ended_at:%Y%m%dT%H%M%S%f}"
    assert json.loads((aside / "manifest.json").read_text(encoding="utf-8"))["content_id"] == first.content_id


def test_a_refused_attempt_is_read_again_and_an_accepted_one_never(park: Park) -> None:
    park.drop("staff", "a.csv", staff(UNITS), day(0.4))
    park.sync("staff", day(1))
    accepted = {p: p.stat().st_mtime_ns for p in (park.raw / "staff").rglob("*") if p.is_file()}
    bad = park.drop("staff", "b.csv", staff({"U1": 1, "U2": 2, "": 3}, month="2026-02"), day(1.5))
    park.land("staff", day(2))
    with pytest.raises(DeliveryRefused):
        park.stage("staff")
    shutil.copy(bad, park.home / "kept_by_the_office.csv")
    park.drop("staff", "b.csv", staff({"U1": 1, "U2": 2, "U3": 3}, month="2026-02"), day(2.5))
    assert park.sync("staff", day(3)) == [{"new": 3, "changed": 0, "unchanged": 0, "withdrawn": 0}]
    assert {p: p.stat().st_mtime_ns for p in accepted} == accepted


def test_a_discarded_batch_is_not_asked_for_again(park: Park) -> None:
    park.drop("staff", "a.csv", staff(UNITS), day(0.5))
    (manifest,) = park.land("staff", day(1))
    found = discard(park.raw, "staff", manifest.batch_id, who="ann", why="of another park")
    assert json.loads((found.folder / "discarded.json").read_text(encoding="utf-8"))["why"] == "of another park"
    assert park.land("staff", day(2)) == []
    assert pending(park.raw, "staff") == []
    with pytest.raises(
        ParkBridgeError, match=rf"staff: there is no batch nr1. Next: choose one of {manifest.batch_id}"
    ):
        discard(park.raw, "staff", "nr1", who="ann", why="of another park")


def test_windows_and_cursors_go_on_from_what_was_accepted(park: Park) -> None:
    park.pay("P1", 100, "2026-03-01 09:00:00")
    park.sync("payments", day(1))
    park.pay("P2", 100, "2026-03-02 09:00:00")
    park.land("payments", day(2))  # never accepted
    park.pay("P3", 100, "2026-03-03 09:00:00")
    (manifest,) = park.land("payments", day(3))
    assert (manifest.pulled_from, manifest.pulled_until) == (day(1), day(3))
    assert [
        row["税票号码"] for row in pq.read_table(park.raw / "payments" / manifest.batch_id / "rows.parquet").to_pylist()
    ] == [
        "P1",  # within the stated overlap
        "P2",
        "P3",
    ]
    assert [b.manifest.cursor for b in batches(park.raw, "payments")] == ["2026-03-01T09:00:00", "2026-03-03T09:00:00"]


def test_nothing_recorded_after_the_interval_is_taken(park: Park) -> None:
    park.pay("P1", 100, "2026-03-02 07:59:59")  # in the park, eight hours ahead of UTC
    park.pay("P2", 100, "2026-03-02 08:00:01")
    (manifest,) = park.land("payments", day(1))
    assert manifest.rows == 1


def test_a_pull_with_nothing_new_leaves_no_batch(park: Park) -> None:
    assert park.land("payments", day(1)) == []
    park.pay("P1", 100, "2026-03-01 09:00:00")
    park.sync("payments", day(1))
    assert park.land("payments", day(2)) == [], "the overlap alone"
    assert len(batches(park.raw, "payments")) == 1


def test_a_table_that_is_as_it_was_before_the_last_pull_is_news(park: Park) -> None:
    """A change and its reversal: the third pull equals the first, and must not be taken for a repeat."""
    park.change("payments", "  cursor_column: 记录时间\n  overlap: 2 days\n  clock: Asia/Shanghai\n", "")
    park.change("payments", "recorded_at: 记录时间\n", "")
    park.change("payments", "replaces: nothing", "replaces: everything")
    for fen, number in ((100, 1), (200, 2), (100, 3)):
        park.pay("P1", fen, "2026-03-01 09:00:00")
        park.sync("payments", day(number))
    assert [str(amount) for (amount,) in park.current("paid_amount", "tax_payment")] == ["1.00"]
    assert park.ask("select count(*) from ops.batch") == [(3,)]
    assert park.sync("payments", day(4)) == []


class Broken:
    """A source that breaks off in the middle of its second delivery."""

    OPTIONS = frozenset[str]()

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def deliveries(self, *given: object, **more: object) -> Iterator[Delivery]:
        yield self.delivery("a", None)
        yield self.delivery("b", self.error)

    def delivery(self, label: str, error: BaseException | None) -> Delivery:
        header = tuple(STAFF_HEADER.split(","))

        def pieces() -> Iterator[pa.RecordBatch]:
            values = [[f"{label}1"]] * 3 + [["1"]] * 5
            yield pa.RecordBatch.from_arrays([pa.array([2]), *map(pa.array, values)], names=["row_number", *header])
            if error:
                raise error

        return Delivery(label, header, pieces(), content_id=label)


@pytest.mark.parametrize(
    "error",
    [
        SourceError("staff", "the line was cut, password s3cret", next_step="wait"),
        MemoryError("out of it"),
        KeyboardInterrupt(),
    ],
)
def test_what_breaks_off_in_the_middle_leaves_no_half_batch(
    park: Park, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    source = Broken(error)
    monkeypatch.setattr("connectors.landing.protocol", lambda name: source)
    with pytest.raises(type(error)) as raised:
        land(park.feed("staff"), park.raw, run_id="r", until=day(1), credentials=Credentials("fs", password="s3cret"))
    assert "s3cret" not in str(raised.value)
    assert [p.name for p in (park.raw / "staff").iterdir()] == ["20260302T000000Z-0000"], "the first delivery was whole"
    monkeypatch.undo()
    park.drop("staff", "c.csv", staff(UNITS), day(0.5))
    assert [m.delivery for m in park.land("staff", day(1))] == ["c.csv"]


def test_what_a_killed_process_leaves_is_no_batch_and_is_removed(park: Park) -> None:
    park.drop("staff", "a.csv", staff(UNITS), day(0.5))
    park.land("staff", day(1))
    (folder,) = (park.raw / "staff").iterdir()
    folder.rename(folder.with_name(folder.name + ".part"))  # killed before the last rename
    assert batches(park.raw, "staff") == []
    (manifest,) = park.land("staff", day(1))
    assert [p.name for p in (park.raw / "staff").iterdir()] == [manifest.batch_id]


def test_the_window_that_a_source_is_asked_for(park: Park, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []

    class Asked(Broken):
        def deliveries(self, *given: Any, **more: Any) -> Iterator[Delivery]:
            asked.append((given[2], more["exclude"], more["expected"]))
            return iter(())

    park.drop("staff", "a.csv", staff(UNITS), day(0.5))
    park.sync("staff", day(1))
    (known,) = (b.manifest.content_id for b in batches(park.raw, "staff"))
    monkeypatch.setattr("connectors.landing.protocol", lambda name: Asked(KeyError()))
    park.change("staff", "aliases: {单位代码: 单位编号}", "aliases: {单位代码: 单位编号, 电话: 手机}")
    for until in (day(2), day(1) - timedelta(hours=1)):
        park.land("staff", until)
    assert [(w.since, w.until, w.cursor, w.known) for w, _, _ in asked] == [
        (day(1), day(2), None, {known}),
        (None, day(1) - timedelta(hours=1), None, {known}),
    ]
    exclude, expected = asked[0][1:]
    assert exclude == {"经办人", "手机", "电话"}
    assert expected == {*STAFF_HEADER.split(","), "备注", "单位代码", "电话"}
    assert STAFF_SQL.count("经办人") == 0


def test_a_source_that_cannot_be_reached_is_told(park: Park) -> None:
    shutil.rmtree(park.offices / "leases")
    with pytest.raises(SourceError, match=r"leases: there is no .*offices/leases. Next: check source.folder"):
        park.land("leases", day(1))
    assert leases([1]).startswith("合同编号")


def headcounts(park: Park) -> dict[str, int]:
    return dict(park.ask("select source_key, insured_headcount from staged.employment where superseded_at is null"))


def test_a_file_that_is_changed_back_is_news_again(park: Park) -> None:
    first, second = staff({"U1": 10, "U2": 5}), staff({"U1": 10, "U2": 99})
    for number, (content, known) in enumerate(((first, 5), (second, 99), (first, 5), (second, 99))):
        park.drop("staff", "a.csv", content, day(number + 0.5))
        park.sync("staff", day(number + 1))
        assert headcounts(park) == {"U1": 10, "U2": known}
        assert park.sync("staff", day(number + 1.2)) == [], "what lies there still is no news"
    rebuild(park.settings, [park.feed("staff")])
    assert headcounts(park) == {"U1": 10, "U2": 99}


@pytest.mark.parametrize("units", [2, 30])
def test_an_older_file_under_another_name_counts_in_a_small_feed_and_stops_in_a_large_one(
    park: Park, units: int
) -> None:
    """It may be a correction taken back, or an old file sent by mistake; what would change nothing is neither."""
    others = {f"V{n}": 7 + n for n in range(units - 2)}

    def known() -> dict[str, int]:
        asked = "select source_key, insured_headcount from staged.employment where superseded_at is null and month = '2026-01-01'"
        return dict(park.ask(asked))

    first, second = staff({"U1": 10, "U2": 5} | others), staff({"U1": 10, "U2": 99} | others)
    for number, (name, content) in enumerate((("a.csv", first), ("a(1).csv", first), ("b.csv", second))):
        park.drop("staff", name, content, day(number + 0.5))
        park.sync("staff", day(number + 1))
    park.drop("staff", "other.csv", staff({"U1": 11, "U2": 98} | others, month="2026-02"), day(3.2))
    park.drop("staff", "copy of b.csv", second, day(3.5))
    park.sync("staff", day(4))
    park.drop("staff", "c.csv", first, day(4.5))
    if units < 30:
        park.sync("staff", day(5))
    else:
        with pytest.raises(
            DeliveryRefused, match=r"it is a\.csv again, after others, and would change what is known, in 30 of 30"
        ):
            park.sync("staff", day(5))
        assert known()["U2"] == 99
        park.sync("staff", day(5.2), confirmation=Confirmation("wang", "the correction was wrong"))
    assert known()["U2"] == 5
    assert park.sync("staff", day(6)) == []
