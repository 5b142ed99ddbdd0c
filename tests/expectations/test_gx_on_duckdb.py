"""Each expectation that a declaration may use, on DuckDB tables and views, where it holds and where it does not."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.suite import ROW_CHECKS, TABLE_CHECKS, Suite, expect, no_rows, unique
from tests.conftest import in_memory
from warehouse.errors import DeclarationError

# Ten rows: 编号 0-9, 名称 企业0-企业9 with the last one missing, 金额 0.50-9.50, 日期 2026-01-01-2026-01-10.
ROWS = """
    select
        i::bigint as 编号,
        case when i < 9 then '企业' || i end as 名称,
        (i + 0.5)::decimal(18, 2) as 金额,
        date '2026-01-01' + i::integer as 日期,
        timestamp '2026-01-01 12:00:00' + i * interval 1 day as seen_at,
        i >= 5 as is_late,
        null::varchar as 空
    from range(10) as t(i)
"""


@pytest.fixture(scope="module")
def park() -> duckdb.DuckDBPyConnection:
    connection = in_memory()
    connection.execute("create schema resolved; create schema ops")
    connection.execute(f"create table resolved.enterprise as {ROWS}")
    connection.execute("create view ops.企业视图 as select * from resolved.enterprise")
    return connection


# expectation, arguments that hold, arguments that do not, and how many rows are then wrong (None: no single row is)
CASES: list[tuple[str, dict[str, Any], dict[str, Any], int | None]] = [
    ("ExpectColumnValuesToNotBeNull", {"column": "编号"}, {"column": "名称"}, 1),
    ("ExpectColumnValuesToNotBeNull", {"column": "名称", "mostly": 0.9}, {"column": "名称", "mostly": 0.91}, 1),
    ("ExpectColumnValuesToBeNull", {"column": "空"}, {"column": "名称"}, 9),
    (
        "ExpectColumnValuesToBeBetween",
        {"column": "编号", "min_value": 0, "max_value": 9},
        {"column": "编号", "min_value": 1, "max_value": 7},
        3,
    ),
    ("ExpectColumnValuesToBeBetween", {"column": "金额", "max_value": 9.5}, {"column": "金额", "max_value": 9.4}, 1),
    (
        "ExpectColumnValuesToBeBetween",
        {"column": "编号", "min_value": -1, "strict_min": True},
        {"column": "编号", "min_value": 0, "strict_min": True},
        1,
    ),
    (
        "ExpectColumnValuesToBeBetween",
        {"column": "日期", "min_value": date(2026, 1, 1)},
        {"column": "日期", "min_value": date(2026, 1, 3), "max_value": date(2026, 1, 10)},
        2,
    ),
    (
        "ExpectColumnValuesToBeBetween",
        {"column": "seen_at", "max_value": datetime(2026, 1, 10, 12)},
        {"column": "seen_at", "max_value": datetime(2026, 1, 10, 11)},
        1,
    ),
    (
        "ExpectColumnValuesToBeInSet",
        {"column": "编号", "value_set": list(range(10))},
        {"column": "编号", "value_set": [0, 1]},
        8,
    ),
    (
        "ExpectColumnValuesToBeInSet",
        {"column": "名称", "value_set": [f"企业{i}" for i in range(9)]},
        {"column": "名称", "value_set": ["企业1", "it's"]},
        8,
    ),
    (
        "ExpectColumnValuesToBeInSet",
        {"column": "is_late", "value_set": [True, False]},
        {"column": "is_late", "value_set": [True]},
        5,
    ),
    (
        "ExpectColumnValuesToNotBeInSet",
        {"column": "名称", "value_set": ["测试"]},
        {"column": "名称", "value_set": ["企业1", "企业2"]},
        2,
    ),
    # a match anywhere in the text, not of the whole text: the trap of Postgres's ~ on DuckDB
    ("ExpectColumnValuesToMatchRegex", {"column": "名称", "regex": "业"}, {"column": "名称", "regex": "^业"}, 9),
    (
        "ExpectColumnValuesToMatchRegex",
        {"column": "名称", "regex": r"^企业\d{1}$"},
        {"column": "名称", "regex": "^企业[0-4]$"},
        4,
    ),
    ("ExpectColumnValuesToNotMatchRegex", {"column": "名称", "regex": "^业"}, {"column": "名称", "regex": "[78]"}, 2),
    # characters, not bytes
    ("ExpectColumnValueLengthsToEqual", {"column": "名称", "value": 3}, {"column": "名称", "value": 7}, 9),
    (
        "ExpectColumnValueLengthsToBeBetween",
        {"column": "名称", "min_value": 3, "max_value": 3},
        {"column": "名称", "min_value": 4},
        9,
    ),
    (
        "ExpectColumnPairValuesAToBeGreaterThanB",
        {"column_A": "金额", "column_B": "编号"},
        {"column_A": "编号", "column_B": "金额"},
        10,
    ),
    (
        "ExpectColumnPairValuesAToBeGreaterThanB",
        {"column_A": "编号", "column_B": "编号", "or_equal": True},
        {"column_A": "编号", "column_B": "编号"},
        10,
    ),
    (
        "ExpectColumnPairValuesToBeEqual",
        {"column_A": "编号", "column_B": "编号"},
        {"column_A": "编号", "column_B": "金额"},
        10,
    ),
    ("ExpectTableRowCountToBeBetween", {"min_value": 10, "max_value": 10}, {"min_value": 11}, None),
    (
        "ExpectTableColumnsToMatchSet",
        {"column_set": ["编号", "名称", "金额", "日期", "seen_at", "is_late", "空"]},
        {"column_set": ["编号", "名称", "电话"]},
        None,
    ),
    (
        "ExpectColumnValuesToBeOfType",
        {"column": "金额", "type_": "Numeric"},
        {"column": "金额", "type_": "BIGINT"},
        None,
    ),
    (
        "ExpectColumnDistinctValuesToContainSet",
        {"column": "名称", "value_set": ["企业1"]},
        {"column": "名称", "value_set": ["企业1", "企业99"]},
        None,
    ),
    (
        "ExpectColumnSumToBeBetween",
        {"column": "金额", "min_value": 50, "max_value": 50},
        {"column": "金额", "min_value": 51},
        None,
    ),
    ("ExpectColumnMinToBeBetween", {"column": "编号", "max_value": 0}, {"column": "编号", "min_value": 1}, None),
    ("ExpectColumnMaxToBeBetween", {"column": "编号", "min_value": 9}, {"column": "编号", "min_value": 10}, None),
    (
        "ExpectColumnMeanToBeBetween",
        {"column": "编号", "min_value": 4.5, "max_value": 4.5},
        {"column": "编号", "max_value": 4},
        None,
    ),
    (
        "ExpectColumnProportionOfNonNullValuesToBeBetween",
        {"column": "名称", "min_value": 0.9},
        {"column": "名称", "min_value": 0.95},
        None,
    ),
]


def test_every_expectation_on_offer_has_a_case() -> None:
    assert {case[0] for case in CASES} == set(ROW_CHECKS) | set(TABLE_CHECKS)


@pytest.mark.parametrize("table", ["resolved.enterprise", "ops.企业视图"])
def test_expectations_tell_right_from_wrong(park: duckdb.DuckDBPyConnection, table: str) -> None:
    from expectations.evaluation import evaluate

    holding = [expect(name, severity="critical", **good) for name, good, _, _ in CASES]
    failing = [expect(name, severity="warning", **bad) for name, _, bad, _ in CASES]
    # one suite a case, because some cases have the same words
    suites = [Suite(f"case {n}", table, (check,)) for n, check in enumerate([*holding, *failing])]

    outcomes = [ours[0] for ours in evaluate(park, suites)]

    assert [(o.check.name, o.error) for o in outcomes[: len(CASES)] if not o.is_met] == []
    for (name, _, bad, wrong), outcome in zip(CASES, outcomes[len(CASES) :], strict=True):
        assert (name, bad, outcome.is_met, outcome.error) == (name, bad, False, None)
        assert (name, bad, outcome.wrong_count) == (name, bad, wrong)
        if wrong is not None:
            # our own SELECT of wrong rows and GX's count come from different code and must agree
            assert outcome.check.wrong_rows is not None
            ours = park.execute(outcome.check.wrong_rows.replace("{table}", table)).fetchall()
            assert (name, bad, len(ours)) == (name, bad, wrong)


def test_keys_and_queries(park: duckdb.DuckDBPyConnection) -> None:
    from expectations.evaluation import evaluate

    table = "resolved.enterprise"
    checks = (
        unique(["编号"]),
        unique(["编号", "名称"]),
        unique(["is_late"]),
        unique(["空", "is_late"]),  # empty values agree with each other
        # what GX would take for its placeholders, and SQLAlchemy for parameters
        no_rows("braces", "select * from {table} where regexp_matches(名称, '^企业[0-2]{1}$')", "critical"),
        no_rows("colons", "select * from {table} where 名称 = ':name' or 编号::varchar = '3'", "critical"),
        no_rows("none", "select * from {table} where 编号 > 9", "critical"),
    )
    (outcomes,) = evaluate(park, [Suite("keys", table, checks)])
    assert [(o.is_met, o.wrong_count, o.error) for o in outcomes] == [
        (True, None, None),
        (True, None, None),
        (False, 2, None),
        (False, 2, None),
        (False, 3, None),
        (False, 1, None),
        (True, None, None),
    ]


def test_what_cannot_be_evaluated_is_no_success(park: duckdb.DuckDBPyConnection) -> None:
    from expectations.evaluation import evaluate

    vanished = expect("ExpectColumnValuesToNotBeNull", column="电话", severity="critical")
    broken = no_rows("broken", "select * from {table} where 电话 is null", "critical")
    held = expect("ExpectColumnValuesToNotBeNull", column="编号", severity="critical")
    suites = [
        Suite("resolved.enterprise", "resolved.enterprise", (vanished, broken, held)),
        Suite("resolved.nowhere", "resolved.nowhere", (held,)),
    ]
    present, absent = evaluate(park, suites)
    assert [outcome.is_met for outcome in present] == [False, False, True]
    assert present[0].error is not None
    assert "电话" in present[0].error
    assert present[1].error is not None
    assert "电话" in present[1].error
    assert not absent[0].is_met
    assert absent[0].error is not None
    assert "resolved.nowhere cannot be read" in absent[0].error


def test_arguments_that_an_expectation_does_not_take_are_refused(park: duckdb.DuckDBPyConnection) -> None:
    from expectations.evaluation import evaluate

    check = expect("ExpectColumnValuesToNotBeNull", column="编号", severity="critical", colour="red")
    with pytest.raises(DeclarationError, match="colour"):
        evaluate(park, [Suite("s", "resolved.enterprise", (check,))])


def test_checks_see_the_callers_transaction_and_leave_it_open(tmp_path: Path) -> None:
    from expectations.evaluation import evaluate

    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("create schema s; create table s.t as select 1 as a")
        connection.begin()
        connection.execute("insert into s.t values (null)")
        check = expect("ExpectColumnValuesToNotBeNull", column="a", severity="critical")
        (outcomes,) = evaluate(connection, [Suite("s.t", "s.t", (check,))])
        assert outcomes[0].wrong_count == 1
        # nothing of GX's is left in the database or in the connection
        assert connection.execute("select table_name from duckdb_tables()").fetchall() == [("t",)]
        connection.rollback()
        # the connection was borrowed, and neither committed nor closed
        assert connection.execute("select count(*) from s.t").fetchone() == (1,)


def test_nothing_is_said_on_the_way(park: duckdb.DuckDBPyConnection, capfd: pytest.CaptureFixture[str]) -> None:
    from expectations.evaluation import evaluate

    evaluate(park, [Suite("s", "resolved.enterprise", (unique(["编号"]),))])
    assert capfd.readouterr() == ("", "")


def test_data_docs_show_what_was_checked(park: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    from expectations.evaluation import evaluate

    checks = (
        expect("ExpectColumnValuesToNotBeNull", column="名称", severity="warning", why="读者按名称找企业"),
        unique(["编号"]),
    )
    started = datetime.now(UTC)
    evaluate(park, [Suite("resolved.enterprise", "resolved.enterprise", checks)], tmp_path / "docs", "2026-11-01")
    assert (tmp_path / "docs" / "index.html").stat().st_mtime >= started.timestamp() - 1
    (page,) = (tmp_path / "docs" / "validations").rglob("*.html")
    assert "2026-11-01" in page.parts
    shown = page.read_text(encoding="utf-8")
    assert "名称" in shown
    assert "编号 is unique" in shown


def test_data_docs_load_nothing_from_elsewhere(park: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    from expectations.evaluation import evaluate

    evaluate(park, [Suite("resolved.enterprise", "resolved.enterprise", (unique(["编号"]),))], tmp_path)
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) == 3
    for page in pages:
        text = page.read_text(encoding="utf-8")
        policy = text.index("Content-Security-Policy")
        assert "default-src 'none'" in text[policy : policy + 100]
        # the policy binds what comes after it: every address on the page does
        assert "//" not in text[:policy]
