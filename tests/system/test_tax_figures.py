"""The two tax figures of the demo park: one meaning each, the truth's sums, and the same yuan in the words of the assessment."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import duckdb
import pytest

pytestmark = [pytest.mark.airflow, pytest.mark.nights]


def months(day: date) -> int:
    return day.year * 12 + day.month


def whole(amount: Decimal) -> int:
    """To the yuan, or per cent, as SQL rounds: halves away from zero."""
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def ask(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return connection.execute(sql).fetchall()


def test_tax_paid_is_what_the_truth_says_of_the_same_twelve_months(both: duckdb.DuckDBPyConnection) -> None:
    """A settlement is in the twelve months that hold the May in which it is due. Late payments make the difference."""
    truth = defaultdict(list)
    for firm, end, is_settlement, fen in ask(
        both, "select true_id, period_end, is_settlement, paid_fen from true_tax_period"
    ):
        truth[firm].append((months(end) + (5 if is_settlement else 0), fen))
    rows = ask(
        both,
        "select true_id, tax_paid_12m_until_month, tax_paid_12m_amount, tax_paid_12m_amount_before, "
        "tax_received_12m_amount from owner join park.snapshots.enterprise_current using (enterprise_id) "
        "where tax_paid_12m_until_month is not null",
    )
    published = true = same = 0.0
    for firm, until, *amounts, _ in rows:
        end = months(until)
        for amount, last in zip(amounts, (end, end - 12), strict=True):
            owed = sum(fen for month, fen in truth[firm] if last - 12 < month <= last) / 100
            published, true = published + float(amount or 0), true + owed
            same += abs(float(amount or 0) - owed) < 1
    received = sum(float(row[-1] or 0) for row in rows)
    print(
        f"{len(rows)} enterprises: published {published:,.0f}, true {true:,.0f}, the same in {same:.0f} of {2 * len(rows)}"
    )
    assert len(rows) > 150
    assert abs(published - true) < 0.005 * true
    assert same >= 0.95 * 2 * len(rows)
    paid = sum(float(row[2] or 0) for row in rows)
    assert abs(paid - received) < 0.1 * received, "both count twelve months of the same taxpayers"


def test_the_words_of_an_assessment_state_the_column(both: duckdb.DuckDBPyConnection) -> None:
    rows = ask(
        both,
        "select e.enterprise_id, a.evidence_zh, a.evidence, e.tax_paid_12m_amount, e.tax_paid_12m_amount_before, "
        "e.tax_paid_12m_change_pct, e.tax_paid_12m_until_month from park.snapshots.assessment as a "
        "join park.snapshots.enterprise_current as e using (enterprise_id) where a.evidence_zh like '%税额%'",
    )
    compared = others = 0
    for enterprise_id, words_zh, words, now, before, change, until in rows:
        [text] = [part for part in words_zh.split("；") if "实缴税额（所属期口径）" in part and "存疑" not in part]
        [english] = [part for part in words.split("; ") if part.startswith("tax paid by period")]
        yuan = [int(found.replace(",", "")) for found in re.findall(r"(-?[\d,]+)(?:→|元)", text)]
        if "→" in text:
            assert yuan == [whole(before), whole(now)], (enterprise_id, text)
            assert f"截至{until:%Y-%m}" in text
            stated = re.search(r"同比(增长|下降|持平)([\d.]*)", text)
            assert (stated is None) == (change is None), (enterprise_id, text)
            if stated:
                sign = {"增长": 1, "下降": -1, "持平": 0}[stated[1]]
                assert sign * Decimal(stated[2] or 0) == change, (enterprise_id, text)
            compared += 1
        else:
            expected = now if "从无到有" in text else before if before is not None else now
            assert yuan == [whole(expected)], (enterprise_id, text)
            others += 1
        stated_en = [int(found.replace(",", "")) for found in re.findall(r"(-?[\d,]+)(?: →| yuan)", english)]
        assert stated_en == yuan, (enterprise_id, english)
    print(f"{compared} compared, {others} started or ended")
    assert compared > 100


def test_receipts_of_twelve_months_are_the_treasury_s(both: duckdb.DuckDBPyConnection) -> None:
    """By kind: the payments themselves, in the twelve months that the figure names, add up to it."""
    wrong = ask(
        both,
        "with said as (select tax_kind_code, any_value(tax_received_12m_until_month) as until_month, "
        "sum(tax_received_12m_amount) as amount, sum(tax_received_12m_amount_before) as amount_before "
        "from park.signals.tax_12m group by all), "
        "came as (select unnest([tax_kind_code, 'total']) as tax_kind_code, month, received_amount "
        "from park.monthly.tax_receipt) "
        "select tax_kind_code, amount, amount_before, "
        "sum(received_amount) filter (month > until_month - interval 12 month) as now, "
        "sum(received_amount) filter (month <= until_month - interval 12 month) as before "
        "from said join came using (tax_kind_code) "
        "where month <= until_month and month > until_month - interval 24 month group by all "
        "having amount is distinct from now or amount_before is distinct from before",
    )
    assert wrong == []


def test_no_twelve_months_hold_more_than_twelve(both: duckdb.DuckDBPyConnection) -> None:
    [row] = ask(both, "select max(months_used), max(months_used_before), count(*) from park.signals.tax_12m")
    assert row[:2] == (12, 12)
    quarters = ask(
        both,
        "select count(*) from park.signals.tax_12m join park.monthly.tax using (enterprise_id, tax_kind_code) "
        "where period_months in (3, 6) and period_end > tax_paid_12m_until_month - interval 11 month "
        "and period_end <= last_day(tax_paid_12m_until_month) and month(tax_paid_12m_until_month) % 3 <> 0",
    )
    assert quarters == [(0,)], "twelve months that end within a quarter cut the quarterly kinds"
