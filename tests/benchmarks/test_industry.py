"""The figures of benchmarks/industry.py that take seconds, and its scoring by hand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks import industry

DATA = industry.shared_data()
needs_data = pytest.mark.skipif(DATA is None, reason="no real data beside the checkout (PARKBRIDGE_SHARED_DATA)")


def test_without_data_it_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PARKBRIDGE_SHARED_DATA", str(tmp_path))
    assert industry.main([]) == 0
    assert "skipped" in capsys.readouterr().out


def test_equal_scores_share_the_places_that_are_left() -> None:
    pairs = [("a", "b"), ("a", "c"), ("b", "c"), ("c", "a")]
    real = {("a", "b"), ("c", "a")}
    assert industry._found(pairs, real, [9.0, 1.0, 0.0, 8.0]) == 2
    # one place over, three pairs for the other, one of them real
    assert industry._found(pairs, real, [9.0, 1.0, 1.0, 1.0]) == pytest.approx(1 + 1 / 3)
    assert industry._found(pairs, set(), [1.0] * 4) == 0


@needs_data
def test_leading_is_seldom_wrong_and_found_by_half() -> None:
    assert DATA is not None
    for what, baseline, ours, _ in industry.leading(DATA):
        plain, wrong = (float(re.match(r"[\d.]+", text).group()) for text in (baseline, ours))  # type: ignore[union-attr]
        found = float(re.search(r"/ (\d+)", ours)[1])  # type: ignore[index]
        assert plain > 10
        assert wrong <= 4.05, what
        assert found >= 50, what


@needs_data
def test_input_output_ranks_products_and_no_by_products() -> None:
    assert DATA is not None
    products, by_products = industry.hint(DATA)
    assert float(products[2]) >= 0.13 > 2 * float(products[1].split()[0])
    assert float(by_products[2]) < 0.13


@needs_data
def test_shift_share_of_real_industries_adds_up() -> None:
    assert DATA is not None
    formula, model = industry.shift(DATA)
    assert formula[2].startswith("0 of")
    assert re.fullmatch(r"0 of \d+; 0 beside the formula", model[2])
