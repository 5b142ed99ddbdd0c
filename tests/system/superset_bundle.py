"""deploy/superset/bundle as Superset reads it: each chart with its dataset and the SQL that follows from it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from warehouse.connection import literal, quote
from warehouse.settings import CHECKOUT

BUNDLE = CHECKOUT / "deploy" / "superset" / "bundle"


def read(kind: str) -> dict[str, dict[str, Any]]:
    """The files of a kind, by their names without ending."""
    return {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in sorted(Path(BUNDLE, kind).rglob("*.yaml"))
    }


@dataclass(frozen=True)
class Chart:
    """A chart: its declaration, and its dataset's."""

    name: str
    declared: dict[str, Any]
    dataset: dict[str, Any]

    @property
    def params(self) -> dict[str, Any]:
        given: dict[str, Any] = self.declared["params"]
        return given

    @property
    def columns(self) -> list[str]:
        """Every column that it groups by or lists."""
        given = self.params
        listed = [given["x_axis"]] if "x_axis" in given else []
        return [*listed, *given.get("groupby", []), *given.get("all_columns", [])]

    @property
    def metrics(self) -> list[str]:
        """SQL of every metric."""
        given = self.params
        asked = [*given.get("metrics", []), *([given["metric"]] if "metric" in given else [])]
        known = {one["metric_name"]: one["expression"] for one in self.dataset["metrics"]}
        return [known[one] if isinstance(one, str) else one["sqlExpression"] for one in asked]

    @property
    def sql(self) -> str:
        """The query that Superset makes of it, but for its grain of time."""
        filters = []
        for one in self.params["adhoc_filters"]:
            value = one["comparator"]
            listed = f"({', '.join(map(literal, value))})" if isinstance(value, list) else literal(value)
            filters.append(f"{quote(one['subject'])} {'=' if one['operator'] == '==' else one['operator']} {listed}")
        columns = [quote(column) for column in self.columns]
        order = [
            f"{quote(column)} {'asc' if is_up else 'desc'}"
            for column, is_up in map(json.loads, self.params.get("order_by_cols", []))
        ]
        return (
            f"select {', '.join([*columns, *self.metrics])} from {quote(self.dataset['schema'])}.{quote(self.dataset['table_name'])}"
            + (f" where {' and '.join(filters)}" if filters else "")
            + (f" group by {', '.join(columns)}" if self.metrics and columns else "")
            + (f" order by {', '.join(order)}" if order else "")
            + f" limit {self.params.get('row_limit', 1000)}"
        )


def charts() -> list[Chart]:
    datasets = {one["uuid"]: one for one in read("datasets").values()}
    return [Chart(name, one, datasets[one["dataset_uuid"]]) for name, one in read("charts").items()]
