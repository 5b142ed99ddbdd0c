"""The options of the protocol, read, and what one run asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from connectors.sources import Window
from connectors.sources.file_drop.crosstabs import Unpivot


@dataclass(frozen=True)
class Plan:
    """The options, read."""

    folder: str
    patterns: tuple[str, ...]
    member_patterns: tuple[str, ...]
    name_pattern: re.Pattern[str] | None
    recent: timedelta | None
    by_marker: bool
    settle_seconds: float
    max_file_bytes: int
    max_unpacked_bytes: int
    format: str | None
    encoding: str
    delimiter: str | None
    quote: str
    escape: str | None
    sheet: str | None
    header: int | None
    totals: tuple[tuple[str, ...], frozenset[str]] | None
    pad_short_rows: bool
    header_lines: int
    unit: str | None
    fills_merged: bool
    fill_down: tuple[str, ...]
    believes_results: bool
    sheets: tuple[str, ...]
    sheet_pattern: re.Pattern[str] | None
    title_pattern: re.Pattern[str] | None
    unpivot: Unpivot | None
    decimal: str | None


@dataclass(frozen=True)
class Run:
    """What one run asks for."""

    plan: Plan
    window: Window
    where: str
    exclude: frozenset[str]
    expected: frozenset[str]
    uses: Mapping[str, str]
