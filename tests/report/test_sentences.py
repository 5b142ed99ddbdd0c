"""Sentences of the night in both languages, part by part."""

from __future__ import annotations

import pytest

from report.sentences import in_chinese, sentence


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("USCC 91330106MA2B2C3D4X", "统一社会信用代码 91330106MA2B2C3D4X"),
        ("code 12 is one enterprise's, name 甲 another one's; no month", "代码 12 与名称 甲 分属两家企业；缺少 month"),
        # what is doubtful is a sentence of its own
        ("not sure enough: name 甲公司", "把握不足：名称 甲公司"),
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
