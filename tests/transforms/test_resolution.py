"""Whole resolutions over small invented registers: what is tied to which; order and reruns change nothing."""

import random
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from stdnum.cn import uscc as stdnum_uscc

from tests.conftest import prepared
from transforms.resolution import codes
from transforms.resolution.resolve import MODELS, resolve
from warehouse.connection import insert_rows
from warehouse.errors import ParkBridgeError
from warehouse.models import read_folder

Rows = list[dict[str, Any]]


def credit_code(number: int) -> str:
    """A code with both check digits right, made with another implementation than the one under test."""
    body = f"{number:08d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=True))
    check = 11 - total % 11
    org_code = body + ("X" if check == 10 else "0" if check == 11 else str(check))
    return "91320594" + org_code + stdnum_uscc.calc_check_digit("91320594" + org_code)


A, B, C, NEW = (credit_code(number) for number in (10000001, 10000002, 10000003, 10000004))


def warehouse(rows: dict[str, Rows], seed: int | None = None) -> duckdb.DuckDBPyConnection:
    connection = prepared()
    connection.execute("insert into ops.night values ('night', timestamp '2026-04-10', 'park')")
    for subject, stated in rows.items():
        shuffled = list(stated)
        if seed is not None:
            random.Random(seed).shuffle(shuffled)
        alike: dict[tuple[str, ...], list[list[Any]]] = {}
        for number, row in enumerate(shuffled):
            full = {"feed": subject, "batch_id": "1", "row_number": number, "received_at": datetime(2026, 1, 1)} | row
            alike.setdefault(tuple(full), []).append(list(full.values()))
        for columns, values in alike.items():
            insert_rows(connection, f"staged.{subject} ({', '.join(columns)})", values)
    return connection


def links(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, str]]:
    """feed/source_key -> (enterprise_id, method)."""
    return {
        f"{feed}/{key}": (enterprise_id, method)
        for feed, key, enterprise_id, method in connection.execute(
            "select feed, source_key, enterprise_id, method from resolved.link"
        ).fetchall()
    }


def registered(key: str, uscc: str | None, name: str, **more: Any) -> dict[str, Any]:
    return {"source_key": key, "uscc": uscc, "enterprise_name": name, **more}


def lease(key: str, name: str | None, uscc: str | None = None) -> dict[str, Any]:
    return {
        "source_key": key,
        "lease_no": f"L{key}",
        "enterprise_name": name,
        "uscc": uscc,
        "start_date": datetime(2025, 1, 1),
    }


def tax(key: str, taxpayer_no: str | None, name: str | None) -> dict[str, Any]:
    return {
        "source_key": key,
        "taxpayer_no": taxpayer_no,
        "enterprise_name": name,
        "tax_kind_code": "vat",
        "period_start": datetime(2026, 1, 1),
        "period_end": datetime(2026, 1, 31),
    }


PARK: dict[str, Rows] = {
    "registration": [
        registered("r1", A, "苏州明达科技有限公司"),
        registered("r2", B, "苏州华强（中国）贸易有限公司", former_names="苏州老华强贸易有限公司；华强商店总店"),
        registered("r3", C, "苏州明达科技有限公司无锡分公司", parent_uscc=A),
        registered("r4", None, "无码老字号饭店"),
    ],
    "registration_event": [
        {
            "source_key": "r1",
            "event_no": "1",
            "uscc": NEW,
            "event_code": "code_change",
            "event_date": datetime(2025, 6, 1),
            "before_text": A,
            "after_text": NEW,
        },
        {
            "source_key": "r2",
            "event_no": "2",
            "uscc": B,
            "event_code": "rename",
            "event_date": datetime(2024, 6, 1),
            "before_text": "苏州第一华强贸易有限公司",
            "after_text": "苏州华强(中国)贸易有限公司",
        },
    ],
    "lease": [
        lease("l1", "明达", A.lower() + " "),
        lease("l2", "蘇州華強（中國）貿易有限公司"),
        lease("l3", "华强商店总店"),
        lease("l4", "苏州第一华强贸易有限公司"),
        lease("l5", "苏州明达科技有限公司无锡分公司"),
        lease("l6", "园区新来的公司"),
        lease("l7", "苏州明达科技有限公司", B),
        lease("l8", None),
        lease("l9", "无码老字号饭店"),
    ],
    "tax_filing": [
        tax("t1", "320594" + B[8:17], "华强贸易"),
        tax("t2", NEW, None),
        tax("t3", C[:-1] + ("0" if C[-1] != "0" else "1"), "园区新来的公司"),
    ],
}


def test_each_road_to_an_enterprise() -> None:
    connection = warehouse(PARK)
    resolve(connection)
    found = links(connection)
    firm_a, firm_b, branch = found["registration/r1"][0], found["registration/r2"][0], found["registration/r3"][0]
    assert len({firm_a, firm_b, branch}) == 3
    assert found["lease/l1"] == (firm_a, "uscc")
    assert found["tax_filing/t2"] == (firm_a, "uscc"), "a new code is the same enterprise"
    assert found["lease/l2"] == (firm_b, "name")
    assert found["lease/l3"] == (firm_b, "former_name")
    assert found["lease/l4"] == (firm_b, "former_name")
    assert found["tax_filing/t1"] == (firm_b, "taxpayer_no")
    assert found["lease/l5"] == (branch, "name"), "a branch is not its parent"
    assert found["lease/l9"][0] == found["registration/r4"][0]
    assert found["lease/l6"][1] == "own_record"
    assert found["tax_filing/t3"] == (found["lease/l6"][0], "own_record"), "unknown everywhere, but one name"
    assert found["lease/l7"][1] == "own_record"
    assert found["lease/l7"][0] not in (firm_a, firm_b), "code of one, name of the other: neither"
    assert "lease/l8" not in found


def test_nothing_is_dropped() -> None:
    connection = warehouse(PARK)
    resolve(connection)
    records = sum(len(rows) for rows in PARK.values())
    matched = connection.execute("select count(*) from resolved.link where outcome_code = 'matched'").fetchone()
    unmatched = dict(connection.execute("select source_key, reason_code from resolved.unmatched").fetchall())
    assert matched is not None
    assert matched[0] + len(unmatched) == records
    assert unmatched == {
        "l6": "name_in_several_feeds",
        "t3": "name_in_several_feeds",
        "l7": "contradiction",
        "l8": "no_identity",
    }
    assert connection.execute("select source_key, reason_code from resolved.review_queue").fetchall() == [
        ("l7", "contradiction")
    ]


def everything(connection: duckdb.DuckDBPyConnection) -> dict[str, list[Any]]:
    tables = [
        row[0]
        for row in connection.execute(
            "select table_name from information_schema.tables where table_schema = 'resolved'"
        ).fetchall()
    ]
    return {table: connection.execute(f"select * from resolved.{table} order by all").fetchall() for table in tables}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_row_order_and_reruns_change_nothing(seed: int) -> None:
    first, second = warehouse(PARK), warehouse(PARK, seed=seed)
    resolve(first)
    resolve(second)
    resolve(second)
    assert everything(first) == everything(second)


def test_more_data_keeps_the_ids() -> None:
    before, after = warehouse(PARK), warehouse(PARK)
    after.execute(
        "insert into staged.registration (feed, source_key, uscc, enterprise_name, received_at) "
        f"values ('registration', 'r9', '{credit_code(20000009)}', '另外一家有限公司', '2026-02-01')"
    )
    resolve(before)
    resolve(after)
    old, new = links(before), links(after)
    assert {record: new[record] for record in old} == old


def test_a_code_change_keeps_the_id_of_the_first_code_and_forwards_the_second() -> None:
    alone = warehouse({"registration": [registered("r1", A, "苏州明达科技有限公司")]})
    newer = warehouse({"registration": [registered("r1", NEW, "苏州明达科技有限公司")]})
    changed = warehouse(PARK)
    for connection in (alone, newer, changed):
        resolve(connection)
    first = links(alone)["registration/r1"][0]
    second = links(newer)["registration/r1"][0]
    assert links(changed)["registration/r1"][0] == first != second
    assert changed.execute(
        "select enterprise_id from resolved.enterprise_forward where former_enterprise_id = ?", [second]
    ).fetchone() == (first,)


def test_codes_that_change_in_a_circle_do_not_loop() -> None:
    events = [
        {
            "source_key": "r1",
            "event_no": str(number),
            "event_code": "code_change",
            "event_date": datetime(2025, number + 1, 1),
            "before_text": before,
            "after_text": after,
        }
        for number, (before, after) in enumerate([(B, C), (C, A), (A, B)])
    ]
    connection = warehouse({"registration": [registered("r1", A, "某某有限公司")], "registration_event": events})
    resolve(connection)
    assert connection.execute("select distinct anchor_code from resolved.code_group").fetchall() == [(B,)]


def test_a_name_of_two_registered_firms_links_nothing() -> None:
    connection = warehouse(
        {
            "registration": [registered("r1", A, "同名贸易有限公司"), registered("r2", B, "同名贸易有限公司")],
            "lease": [lease("l1", "同名贸易有限公司"), lease("l2", "同名贸易有限公司", B)],
        }
    )
    resolve(connection)
    found = links(connection)
    assert found["lease/l1"][1] == "own_record"
    assert found["lease/l2"] == (found["registration/r2"][0], "uscc")
    assert connection.execute("select source_key, candidate_count from resolved.review_queue").fetchall() == [("l1", 2)]


def test_what_a_record_states_last_counts_and_blanks_do_not_erase() -> None:
    stated = [
        {
            "source_key": "u1",
            "month": datetime(2026, 1, 1),
            "insured_headcount": 1,
            "uscc": A,
            "enterprise_name": "旧名",
        },
        {"source_key": "u1", "month": datetime(2026, 3, 1), "insured_headcount": 1, "enterprise_name": "新名"},
        {"source_key": "u1", "month": datetime(2026, 2, 1), "insured_headcount": 1, "enterprise_name": "中间名"},
    ]
    connection = warehouse({"employment": stated})
    resolve(connection)
    assert connection.execute("select name, uscc from resolved.source_record").fetchall() == [("新名", A)]


def test_links_say_of_which_days_the_record_tells() -> None:
    """Months to their last day, periods as stated, whatever the order; a lease states no period."""
    month = {"source_key": "u", "insured_headcount": 1, "uscc": A}
    paid = {
        "source_key": "p",
        "taxpayer_no": A,
        "tax_kind_code": "vat",
        "paid_amount": 1,
        "paid_date": datetime(2026, 4, 2),
    }
    connection = warehouse(
        {
            "employment": [month | {"month": datetime(2026, 2, 1)}, month | {"month": datetime(2025, 11, 1)}],
            "tax_filing": [tax("f", A, None)],
            "tax_payment": [
                paid | {"payment_no": "1", "period_start": datetime(2026, 1, 1), "period_end": datetime(2026, 3, 31)}
            ],
            "lease": [lease("l", "某公司", A)],
        }
    )
    resolve(connection)
    found = connection.execute(
        "select feed, valid_from::varchar, valid_to::varchar from resolved.link order by 1"
    ).fetchall()
    assert found == [
        ("employment", "2025-11-01", "2026-02-28"),
        ("lease", None, None),
        ("tax_filing", "2026-01-01", "2026-01-31"),
        ("tax_payment", "2026-01-01", "2026-03-31"),
    ]


def test_a_vacant_unit_of_property_is_no_enterprise() -> None:
    connection = warehouse(
        {
            "premises": [
                {"source_key": "p1", "premises_no": "p1", "is_vacant": True},
                {"source_key": "Acme", "premises_no": "p2", "is_vacant": False, "enterprise_name": "Acme"},
            ]
        }
    )
    resolve(connection)
    assert connection.execute("select source_key from resolved.source_record").fetchall() == [("Acme",)]


def test_ten_thousand_records_with_one_short_name_stay_apart() -> None:
    connection = warehouse({})
    connection.execute(
        "insert into staged.lease (feed, source_key, lease_no, enterprise_name, start_date, received_at) "
        "select 'lease', i, i, '个体', date '2025-01-01', timestamp '2026-01-01' from range(10000) t(i)"
    )
    resolve(connection)
    assert connection.execute("select count(distinct enterprise_id) from resolved.link").fetchone() == (10000,)


def test_a_giant_cluster_stops_and_shows_itself() -> None:
    connection = warehouse({})
    share_code(connection, A, 100)
    with pytest.raises(ParkBridgeError, match=rf"100 source records with 100 names .*{A}.* 50 names allowed"):
        resolve(connection)


def test_a_registered_code_under_five_hundred_other_names_draws_none_of_them_in() -> None:
    connection = warehouse(
        {"registration": [registered("r1", A, "被冒用的有限公司")], "lease": [lease("own", None, A)]}
    )
    share_code(connection, A, 500)
    resolve(connection)
    sizes = connection.execute(
        "select enterprise_id, count(*) from resolved.link group by all order by 2 desc"
    ).fetchall()
    assert [size for _, size in sizes] == [2, *[1] * 500]
    assert connection.execute("select reason_code, count(*) from resolved.review_queue group by all").fetchall() == [
        ("code_name_differ", 500)
    ]


def share_code(connection: duckdb.DuckDBPyConnection, code: str, firms: int) -> None:
    """So many leases under one code, each of another firm."""
    connection.execute(
        "insert into staged.lease (feed, source_key, lease_no, uscc, enterprise_name, start_date, received_at) "
        "select 'lease', i, i, ?, '不同的公司' || i, date '2025-01-01', timestamp '2026-01-01' from range(?) t(i)",
        [code, firms],
    )


def test_what_is_not_published_says_in_the_warehouse_what_it_holds() -> None:
    connection = warehouse(PARK)
    resolve(connection)
    published = [model.name for model in read_folder(MODELS)]
    silent = connection.execute(
        "select table_name, column_name from duckdb_columns() where schema_name = 'resolved' and comment is null "
        "and not list_contains($1, table_name) union all "
        "select table_name, '' from duckdb_tables() where schema_name = 'resolved' and comment is null "
        "and not list_contains($1, table_name)",
        [published],
    ).fetchall()
    assert silent == []


def test_made_up_codes_are_valid() -> None:
    assert codes.uscc_holds(pa.array([A, B, C, NEW])).all()


@pytest.mark.parametrize(
    ("known", "stranger"),
    [
        ("昆山西溪第五纸业有限公司", "昆山西溪第八纸业有限公司"),
        ("昆山西溪城东热电有限公司", "昆山西溪城西热电有限公司"),
        ("中国建信银行股份有限公司昆山永清支行", "中国建信银行股份有限公司昆山永宁支行"),
        ("昆山隆达投资有限公司", "昆山隆裕投资有限公司"),
        ("昆山鼎川曼精密机械制造有限公司", "昆山鼎川曼精密模具制造有限公司"),
        ("昆山鼎川曼精密机械有限公司", "昆山鼎川曼精密机械有限公司城西分公司"),
        ("昆山明达包装有限公司", "昆山新明达包装有限公司"),
        ("苏州明达包装有限公司", "泰州明达包装有限公司"),
    ],
)
def test_a_firm_that_the_register_lacks_is_not_its_sister(known: str, stranger: str) -> None:
    """Two paper factories: the staff of one that the register lacks are not the other's, which has its own record."""
    address = "昆山市前进西路77号"

    def staff(key: str, name: str) -> dict[str, Any]:
        month = {"month": datetime(2026, 3, 1), "insured_headcount": 50}
        return {"source_key": key, "unit_no": key, "enterprise_name": name, "address": address, **month}

    others = [registered(f"R{n}", credit_code(30000000 + n), f"昆山第{n}号试验企业有限公司") for n in range(20)]
    connection = warehouse(
        {
            "registration": [registered("R", A, known, address=address), *others],
            "employment": [staff("own", known), staff("other", stranger)],
        }
    )
    resolve(connection)
    found = links(connection)
    assert found["employment/own"][0] == found["registration/R"][0]
    assert found["employment/other"][0] != found["registration/R"][0]
