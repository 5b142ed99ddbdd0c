"""What the warehouse needs to know of a feed, whoever declares it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from warehouse.kinds import FigureKind
from warehouse.subjects import Subject


@dataclass(frozen=True)
class Allowance:
    """What a delivery may be short of before the feed stops. Percentages are 0 to 100, days whole.

    A delivery stops when more than rejected_pct of its rows and more than rejected_rows of them cannot be used: the second
    figure keeps a night of three rows from stopping over one.
    rows_min_pct and rows_max_factor compare a delivery of a whole period or register with the last accepted one.
    A fact of a month before first_year, or more than months_ahead after the pull, is put aside: somebody mistyped it.
    Seven compare a delivery with those before it (warehouse/comparison.py): the share of rows in which a value is another,
    is empty and was not, speaks of somebody unknown, restates what is known, repeats the period before or comes sooner or later after
    its month than ever; and by what factor half of a column's figures may move. total_pct is how far the
    rows may be from a line of totals. docs/feeds.md explains each.
    """

    rejected_pct: float = 0.5
    rejected_rows: int = 0
    rows_min_pct: float = 98.0
    rows_max_factor: float = 5.0
    stale_days: int = 40
    coverage_pct: float = 95.0
    first_year: int = 1949
    months_ahead: int = 1
    years_ahead: int = 50
    changed_pct: float = 10.0
    never_pct: float = 0.5
    emptied_pct: float = 20.0
    unknown_pct: float = 30.0
    restated_pct: float = 30.0
    repeated_pct: float = 95.0
    moved_pct: float = 50.0
    figure_factor: float = 3.0
    total_pct: float = 0.01


class StagedFeed(Protocol):
    """What the loader needs to know of a feed; connectors.feed.Feed is one."""

    @property
    def name(self) -> str: ...
    @property
    def subject(self) -> Subject: ...
    @property
    def title_en(self) -> str: ...
    @property
    def title_zh(self) -> str: ...
    @property
    def office(self) -> str: ...
    @property
    def owner(self) -> str: ...
    @property
    def replaces(self) -> str: ...
    @property
    def period_months(self) -> int | None: ...
    @property
    def complete(self) -> bool: ...
    @property
    def landed_columns(self) -> tuple[str, ...]: ...
    @property
    def count_column(self) -> str | None: ...
    @property
    def code_columns(self) -> frozenset[str]: ...
    @property
    def columns(self) -> Mapping[str, tuple[str, ...]]: ...
    @property
    def codes(self) -> Mapping[str, Mapping[str, str]]: ...
    @property
    def missing(self) -> tuple[str, ...]: ...
    @property
    def recorded_at(self) -> str | None: ...
    @property
    def clock(self) -> str | None: ...
    @property
    def figures(self) -> Mapping[str, FigureKind]: ...
    @property
    def facts(self) -> Mapping[str, str]: ...
    @property
    def multiples(self) -> Mapping[str, int | Decimal]: ...
    @property
    def stage_sql(self) -> str: ...
    @property
    def allow(self) -> Allowance: ...
