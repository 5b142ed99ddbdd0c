"""snapshots.enterprise_month of benchmarks/panel.py written by hand in pandas and in polars, as benchmarks/by_hand.sql is in SQL.

Both read what the SQL reads, from Parquet, and write Parquet. Amounts are floating-point numbers, as one would have them there
(the model's are exact to the cent). The panel has no suspect value and one provisional month at most: neither is worked out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

LAGS = {
    "headcount": ("insured_headcount", (1, 3, 12)),
    "sales": ("sales_amount", (3, 12)),
    "tax": ("tax_paid_amount", (3, 12)),
    "leased_area": ("leased_area_m2", (12,)),
    "electricity": ("electricity_kwh", (3, 12)),
}
ALL_LAGS = (1, 3, 12)
# a row is a month in which any of these is known
FIGURES = [
    "insured_headcount",
    "sales_amount",
    "vat_paid_amount",
    "cit_paid_amount",
    "leased_area_m2",
    "electricity_kwh",
]


# long: one table after the other, as such a script is written
def in_pandas(folder: Path, out: Path) -> None:
    """Make the snapshot with pandas alone."""
    import numpy as np
    import pandas as pd

    def read(name: str) -> Any:
        return pd.read_parquet(folder / f"{name}.parquet")

    def number(day: Any) -> Any:
        day = pd.to_datetime(day)
        return day.dt.year * 12 + day.dt.month

    link, calendar = read("link"), read("month")

    def linked(name: str) -> Any:
        return read(name).merge(link, on=["feed", "source_key"])

    key = ["enterprise_id", "month_number"]
    frame = linked("employment")
    frame["month_number"] = number(frame["month"])
    staff = frame.groupby(key, as_index=False)["insured_headcount"].sum()
    frame = linked("utility_use")
    frame["month_number"] = number(frame["month"])
    frame = frame[frame["utility_code"] == "electricity"]
    power = (
        frame.groupby(key, as_index=False)["used_quantity"].sum().rename(columns={"used_quantity": "electricity_kwh"})
    )
    frame = linked("tax_filing")
    frame = frame[frame["tax_kind_code"] == "vat"]
    frame["month_number"] = number(frame["period_end"])
    frame["sales_period_months"] = frame["month_number"] - number(frame["period_start"]) + 1
    sold = frame.groupby([*key, "sales_period_months"], as_index=False)["sales_amount"].sum()
    frame = linked("tax_payment")
    frame["month_number"] = number(frame["period_end"])
    frame["months"] = frame["month_number"] - number(frame["period_start"]) + 1
    for kind in ("vat", "cit"):
        frame[f"{kind}_paid_amount"] = frame["paid_amount"].where(frame["tax_kind_code"] == kind)
    tax = frame.groupby(key, as_index=False).agg(
        paid=("paid_amount", "sum"),
        months=("months", "max"),
        shortest=("months", "min"),
        vat_paid_amount=("vat_paid_amount", "max"),
        cit_paid_amount=("cit_paid_amount", "max"),
    )
    tax["tax_period_months"] = tax.groupby("enterprise_id")["months"].transform("max")
    tax["end"] = -(-tax["month_number"] // tax["tax_period_months"]) * tax["tax_period_months"]
    tax["long"] = tax["month_number"].where(tax["shortest"] < tax["tax_period_months"])
    quarter = tax.groupby(["enterprise_id", "end"], as_index=False).agg(
        tax_paid_amount=("paid", "sum"),
        tax_period_months=("tax_period_months", "max"),
        last=("month_number", "max"),
        long=("long", "max"),
    )
    quarter = quarter[
        (quarter["last"] == quarter["end"]) & (quarter["long"].fillna(quarter["last"]) == quarter["last"])
    ]
    quarter = quarter.rename(columns={"end": "month_number"})[[*key, "tax_paid_amount", "tax_period_months"]]
    lease = linked("lease")
    lease["until"] = lease["end_date"]
    lease = lease.merge(calendar, how="cross")
    lease = lease[(lease["start_date"] <= lease["month_end_date"]) & (lease["until"] >= lease["month_end_date"])]
    lease = lease.sort_values(["start_date", "lease_no"], ascending=False)
    lease = lease.drop_duplicates([*key, "building_code", "room"])
    area = lease.groupby(key, as_index=False)["leased_area_m2"].sum()
    spoken = pd.concat([part[key] for part in (staff, power, sold, tax, area)])
    life = spoken.groupby("enterprise_id", as_index=False)["month_number"].agg(first="min", last="max")
    wide = life.merge(calendar, how="cross")
    wide = wide[(wide["month_number"] >= wide["first"]) & (wide["month_number"] <= wide["last"])]
    for part in (staff, sold, quarter, tax[[*key, "vat_paid_amount", "cit_paid_amount"]], area, power):
        wide = wide.merge(part, on=key, how="left")
    wide = wide.merge(read("enterprise"), on="enterprise_id", how="left").sort_values(key)
    groups = wide.groupby("enterprise_id", sort=False)
    for name, (column, lags) in LAGS.items():
        now = wide[column].astype("float64")
        for lag in ALL_LAGS:
            before = groups[column].shift(lag).astype("float64")
            wide[f"{name}_change_{lag}m_pct"] = np.round((now - before) * 100 / before.where(before > 0), 2)
            if lag not in lags:
                continue
            mean = (now.abs() + before.abs()) / 2
            growth = np.where((now == 0) & (before == 0), 0, (now - before) / mean.where(mean != 0))
            wide[f"dhs_growth_{name}_{lag}m"] = np.round(growth, 4)
    wide = wide[wide[FIGURES].notna().any(axis=1)]
    wide.drop(columns=["first", "last", "month_number", "month_end_date"]).to_parquet(out, index=False)


# long: one table after the other, as such a script is written
def in_polars(folder: Path, out: Path) -> None:
    """Make the snapshot with polars alone, lazily."""
    import polars as pl

    link = pl.scan_parquet(folder / "link.parquet")
    calendar = pl.scan_parquet(folder / "month.parquet")
    key = ["enterprise_id", "month_number"]

    def number(column: str) -> Any:
        return pl.col(column).dt.year() * 12 + pl.col(column).dt.month().cast(pl.Int32)

    def linked(name: str) -> Any:
        return pl.scan_parquet(folder / f"{name}.parquet").join(link, on=["feed", "source_key"])

    staff = (
        linked("employment")
        .with_columns(month_number=number("month"))
        .group_by(key)
        .agg(pl.col("insured_headcount").sum())
    )
    power = (
        linked("utility_use")
        .filter(pl.col("utility_code") == "electricity")
        .with_columns(month_number=number("month"))
        .group_by(key)
        .agg(electricity_kwh=pl.col("used_quantity").sum())
    )
    sold = (
        linked("tax_filing")
        .filter(pl.col("tax_kind_code") == "vat")
        .with_columns(month_number=number("period_end"))
        .with_columns(sales_period_months=pl.col("month_number") - number("period_start") + 1)
        .group_by([*key, "sales_period_months"])
        .agg(pl.col("sales_amount").sum())
    )
    is_kind = {kind: pl.col("tax_kind_code") == kind for kind in ("vat", "cit")}
    tax = (
        linked("tax_payment")
        .with_columns(month_number=number("period_end"))
        .with_columns(months=pl.col("month_number") - number("period_start") + 1)
        .group_by(key)
        .agg(
            paid=pl.col("paid_amount").sum(),
            months=pl.col("months").max(),
            shortest=pl.col("months").min(),
            **{f"{kind}_paid_amount": pl.col("paid_amount").filter(mask).max() for kind, mask in is_kind.items()},
        )
        .with_columns(tax_period_months=pl.col("months").max().over("enterprise_id"))
        .with_columns(
            end=((pl.col("month_number") + pl.col("tax_period_months") - 1) // pl.col("tax_period_months"))
            * pl.col("tax_period_months")
        )
    )
    is_short = pl.col("shortest") < pl.col("tax_period_months")
    quarter = (
        tax.group_by(["enterprise_id", "end"])
        .agg(
            tax_paid_amount=pl.col("paid").sum(),
            tax_period_months=pl.col("tax_period_months").max(),
            last=pl.col("month_number").max(),
            long=pl.col("month_number").filter(is_short).max(),
        )
        .filter((pl.col("last") == pl.col("end")) & (pl.col("long").fill_null(pl.col("last")) == pl.col("last")))
        .select("enterprise_id", "tax_paid_amount", "tax_period_months", month_number=pl.col("end"))
    )
    area = (
        linked("lease")
        .join(calendar, how="cross")
        .filter((pl.col("start_date") <= pl.col("month_end_date")) & (pl.col("end_date") >= pl.col("month_end_date")))
        .sort("start_date", "lease_no", descending=True)
        .unique([*key, "building_code", "room"], keep="first", maintain_order=True)
        .group_by(key)
        .agg(pl.col("leased_area_m2").sum())
    )
    life = (
        pl.concat(
            [
                part.select(pl.col("enterprise_id"), pl.col("month_number").cast(pl.Int32))
                for part in (staff, power, sold, tax, area)
            ]
        )
        .group_by("enterprise_id")
        .agg(first=pl.col("month_number").min(), last=pl.col("month_number").max())
    )
    wide = life.join(calendar, how="cross").filter(pl.col("month_number").is_between(pl.col("first"), pl.col("last")))
    for part in (staff, sold, quarter, tax.select(*key, "vat_paid_amount", "cit_paid_amount"), area, power):
        wide = wide.join(part.with_columns(pl.col("month_number").cast(pl.Int32)), on=key, how="left")
    wide = wide.join(pl.scan_parquet(folder / "enterprise.parquet"), on="enterprise_id", how="left").sort(key)
    grown = {}
    for name, (column, lags) in LAGS.items():
        now = pl.col(column).cast(pl.Float64)
        for lag in ALL_LAGS:
            before = now.shift(lag).over("enterprise_id")
            grown[f"{name}_change_{lag}m_pct"] = pl.when(before > 0).then((now - before) * 100 / before).round(2)
            if lag not in lags:
                continue
            mean = (now.abs() + before.abs()) / 2
            growth = pl.when((now == 0) & (before == 0)).then(0.0).when(mean != 0).then((now - before) / mean)
            grown[f"dhs_growth_{name}_{lag}m"] = growth.round(4)
    wide = wide.with_columns(**grown).filter(pl.any_horizontal(pl.col(column).is_not_null() for column in FIGURES))
    wide.drop("first", "last", "month_number", "month_end_date").collect().write_parquet(out)
