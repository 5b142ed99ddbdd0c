"""Words and figures of the pages, each by itself."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from report import words


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (12345.6, 0, "12,346"),
        (Decimal("12345.65"), 1, "12,345.6"),
        (-1234, 0, "−1,234"),
        (0, 0, "0"),
        (None, 0, "–"),
        ("10-49", 2, "10-49"),
    ],
)
def test_a_number(value: Any, digits: int, text: str) -> None:
    assert words.number(value, digits) == text


def test_yuan_are_shown_in_wan() -> None:
    assert [words.wan(n) for n in (12_345_678, -9_999, 0, None)] == ["1,234.6", "−1.0", "0.0", "–"]
    assert words.wan(250_000_000, 0) == "25,000"


def test_a_change_has_its_sign() -> None:
    assert [words.signed(n) for n in (8.64, -2, 0, None)] == ["+8.6", "−2.0", "0.0", "–"]
    assert words.signed(1500, 0) == "+1,500"


def test_days_and_months() -> None:
    assert (words.month(date(2026, 10, 31)), words.month(None)) == ("2026-10", "–")
    assert (words.day(datetime(2026, 10, 31, 9)), words.day(None)) == ("2026-10-31", "–")


def test_yes_no_and_unknown() -> None:
    assert [words.yes(v) for v in (True, False, None)] == [words.both("是", "yes"), words.both("否", "no"), "–"]
    assert words.both(None, "a") == '<span lang="zh">–</span><span lang="en">a</span>'


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Tax bureau 税务局", words.both("税务局", "Tax bureau")),
        ("税务局", "<bdi>税务局</bdi>"),
        ("Tax bureau", "<bdi>Tax bureau</bdi>"),
        ("A&B (1) 局", words.both("局", "A&B (1)")),
        (None, "–"),
        ("", "–"),
    ],
)
def test_a_text_in_two_languages_is_divided(text: str | None, shown: str) -> None:
    assert words.halves(text) == shown


def test_what_somebody_wrote_is_text() -> None:
    assert words.name("<b>") == "<bdi>&lt;b&gt;</bdi>"
    assert words.name(0) == "<bdi>0</bdi>"
    assert words.name(None) == words.name("") == "–"


def test_enterprises_in_a_sentence_are_linked_by_their_names() -> None:
    one, other = "E" + "0" * 14 + "1", "E" + "a" * 15
    said = f"<{one}> from {other}, then {one}"
    link = f'<a href="../enterprise/{one}.html"><bdi>甲&amp;乙</bdi></a>'
    assert words.linked(said, {one: "甲&乙"}, "../") == f"&lt;{link}&gt; from {other}, then {link}"
    assert words.linked(None, {}, "") == ""


def test_columns_in_words() -> None:
    assert words.in_words("leased_area_m2") == "leased area"
    assert words.in_words("tax_paid_12m_change_pct") == "tax paid 12 months change"
    assert words.in_words("insured_headcount") == "insured staff", "as HEADINGS has it"
    assert words.in_words("counter_no") == "counter no", "only whole endings are left out"
    assert words.title("no_such_column") == words.both("no_such_column", "no such column")
    assert words.meaning("no_such_column") == ""
    assert " | " in words.meaning("insured_headcount")


def test_codes_in_words() -> None:
    assert words.code("level_code", None) == "–"
    assert words.code("no_such_column", "x<") == words.both("x<", "x<")
    known = words.codes("assessment_code")
    assert words.code("assessment_code", "expanding") == words.both(*known["expanding"])
    two = words.several("assessment_code", "expanding; dormant")
    assert two == words.both(
        f"{known['expanding'][0]}、{known['dormant'][0]}", f"{known['expanding'][1]}, {known['dormant'][1]}"
    )
    assert words.several("assessment_code", "") == "–"
    assert words.several("assessment_code", "own") == words.both("own", "own")


def test_data_of_a_chart_is_json_that_ends_no_script() -> None:
    content = {"a": Decimal("3.0"), "b": Decimal("0.5"), "c": date(2026, 10, 1), "d": "</script>\u2028\u2029"}
    text = words.as_json(content)
    assert not any(sign in text for sign in "<\u2028\u2029")
    assert json.loads(text) == {"a": 3, "b": 0.5, "c": "2026-10", "d": "</script>\u2028\u2029"}
    assert '"a":3,' in text
    with pytest.raises(TypeError, match="set has no place in a chart's data"):
        words.as_json({1})
