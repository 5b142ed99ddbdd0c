"""The options of the protocol, read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pyarrow as pa


@dataclass(frozen=True)
class Plan:
    """The options, read."""

    schema: str | None
    table: str | None
    query: str | None
    types: Mapping[str, pa.DataType]
    cursor_column: str | None
    overlap: timedelta | Decimal | None
    clock: ZoneInfo
    is_clock_declared: bool = field(compare=False)
    order_by: tuple[str, ...]
    road: str
    are_zero_dates_empty: bool
    holds: str | None
    ignored: frozenset[str]
    no_figures: frozenset[str]  # ignored columns, texts and dates

    @property
    def label(self) -> str:
        """What is pulled, for messages."""
        return "query" if self.table is None else f"{self.schema}.{self.table}" if self.schema else self.table
