"""Sentences of the night in both languages, part by part."""

from __future__ import annotations

import pytest

from report.sentences import in_chinese, sentence


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("no month", "缺少 month"),
        ("the period ends before it begins; no month", "所属期止早于所属期起；缺少 month"),
        (
            "month is 2031-02, before 1990 or after this delivery (allow.years)",
            "month 为 2031-02，早于 1990 年或晚于本批次",
        ),
        ("what no rule knows", "what no rule knows"),
    ],
)
def test_a_sentence_in_chinese(english: str, chinese: str) -> None:
    assert in_chinese(english) == chinese
    assert sentence(english) == (
        f'<span lang="zh"><bdi>{chinese}</bdi></span><span lang="en"><bdi>{english}</bdi></span>'.replace("'", "&#39;")
    )


@pytest.mark.parametrize("nothing", [None, ""])
def test_no_sentence_is_a_dash(nothing: str | None) -> None:
    assert "<bdi>" not in sentence(nothing)
    assert "lang=" not in sentence(nothing)
