"""The truth, written apart from the silos for scoring only; README.md describes its tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from demo import words
from demo.city import BRANCH, EVENT_KINDS, FAMILIES, NEVER, SOLE_TRADER, STORY_NAMES, Array, City, building_codes, pick
from demo.needs import need_table, offer_table
from demo.silos import outside, patent, statistics
from demo.silos.books import Books
from demo.silos.building import is_listed, is_unmeasured, names
from demo.silos.trade import DIFFERENCES, ledgers
from demo.taxes import exporters, tax_periods
from demo.trades import DECOY, DEPENDENT, GOODS, IN_GROUP, KINDS, MERGER


def write_truth(books: Books, folder: Path) -> None:
    """Write every table of the truth, over the whole horizon whatever the silos were built up to."""
    folder.mkdir(parents=True, exist_ok=True)
    city = books.city
    pq.write_table(enterprise_table(city), folder / "enterprise.parquet")
    pq.write_table(_event(city), folder / "event.parquet")
    pq.write_table(_building(city), folder / "building.parquet")
    pq.write_table(_lease(city), folder / "lease.parquet")
    pq.write_table(statistics.truth(city), folder / "industry.parquet")
    pq.write_table(outside.truth(city), folder / "outsider.parquet")
    pq.write_table(patent.truth(city), folder / "patent.parquet")
    pq.write_table(need_table(city), folder / "need.parquet")
    pq.write_table(offer_table(city), folder / "offer.parquet")
    pq.write_table(_links(books), folder / "link.parquet")
    pq.write_table(pa.concat_tables(books.planted).combine_chunks(), folder / "planted.parquet")
    silo, label, month, at, kind = zip(*books.calendar, strict=True)
    calendar = pa.table(
        {
            "silo": pa.array(silo),
            "delivery": pa.array(label),
            "month": pa.array(city.day(np.array(month)), pa.date32()),
            "delivered_at": pa.array(np.array(at, dtype="datetime64[s]")),
            "kind": pa.array(kind),
        }
    )
    pq.write_table(calendar, folder / "delivery.parquet")
    _write_tax_periods(city, folder / "tax_period.parquet")
    _write_enterprise_months(city, folder / "enterprise_month.parquet")
    for name, table in (
        ("trade", _trade(city)),
        ("trade_party", _trade_party(city)),
        ("trade_case", _trade_case(city)),
    ):
        pq.write_table(table, folder / f"{name}.parquet")


def _links(books: Books) -> pa.Table:
    """One row per silo, key and enterprise: a new code or name that is written like the old one is no new key."""
    links = pa.concat_tables(books.links).combine_chunks()
    keys = ["silo", "source_key", "true_id"]
    rest = [(name, "first") for name in links.column_names if name not in keys]
    unique = links.group_by(keys, use_threads=False).aggregate(rest)
    return unique.rename_columns([name.removesuffix("_first") for name in unique.column_names])


def _month(city: City, months: Array) -> pa.Array:
    """First days of months; null where it never comes."""
    never = np.asarray(months) >= NEVER
    return pa.array(city.day(np.where(never, 0, months)), pa.date32(), mask=never)


def enterprise_table(city: City) -> pa.Table:
    """The truth about each enterprise, one row each."""
    firm, text = city.firm, city.text
    form = firm["form"]
    came = city.is_story("move_in")
    born = city.is_story("birth", "spun_off", "branch_new")
    left = city.is_story("move_out", "move_out_sudden")
    died = np.minimum(firm["cancelled"], firm["revoked"])
    return pa.table(
        {
            "true_id": pa.array(np.arange(city.firms)),
            "story": pick(STORY_NAMES, firm["story"]),
            "kind": pick(
                ("company", "sole_trader", "branch"), np.select([form == SOLE_TRADER, form == BRANCH], [1, 2], 0)
            ),
            "name": text["name_0"],
            "later_name": pc.if_else(pa.array(firm["change_name"] < NEVER), text["name_1"], None),
            "renamed_month": _month(city, firm["change_name"]),
            "former_name": text["former_name"],
            "uscc": text["uscc_0"],
            "later_uscc": pc.if_else(pa.array(firm["change_code"] < NEVER), text["uscc_1"], None),
            "code_changed_month": _month(city, firm["change_code"]),
            "industry_code": pick([trade.code for trade in words.INDUSTRIES], firm["industry"]),
            "registered_date": pa.array(city.day(firm["registered"], firm["registered_day"]), pa.date32()),
            "first_month": _month(city, firm["arrive"]),
            "gone_month": _month(city, firm["gone"]),
            "born_month": _month(city, np.where(born, firm["arrive"], NEVER)),
            "moved_in_month": _month(city, np.where(came, firm["arrive"], NEVER)),
            "moved_out_month": _month(city, np.where(left, firm["gone"], NEVER)),
            "died_month": _month(city, np.where(died < NEVER, firm["gone"], NEVER)),
            "paused_month": _month(city, firm["pause"]),
            "resumed_month": _month(city, firm["resume"]),
            "partner_id": pa.array(firm["partner"], mask=firm["partner"] < 0),
            "family_kind": pick(FAMILIES, firm["family_kind"]),
            "family_id": pa.array(firm["family_lead"], mask=firm["family_kind"] < 0),
            "is_registered_here": pa.array(firm["is_registered_here"]),
            "is_virtual": pa.array(firm["is_virtual"]),
            "is_small_taxpayer": pa.array(firm["is_small_taxpayer"] | firm["is_virtual"]),
            "is_exporter": pa.array(exporters(city)),
        }
    )


def _event(city: City) -> pa.Table:
    event = city.event
    return pa.table(
        {
            "event_code": pick(EVENT_KINDS, event["kind"]),
            "true_id": pa.array(event["firm"]),
            "event_date": pa.array(event["date"].astype("datetime64[D]"), pa.date32()),
            "other_id": pa.array(event["other_firm"], mask=event["other_firm"] < 0),
            "recorded_at": pa.array(event["recorded"]),
        }
    )


def _building(city: City) -> pa.Table:
    building = city.building
    sites = np.arange(len(building["lettable"]))
    return pa.table(
        {
            "building_code": building_codes(sites),
            "name": names(city),
            "use_code": pick([code for _, code in words.BUILDING_USES], building["use"]),
            "floor_tenth": pa.array(building["floor"]),
            "lettable_tenth": pa.array(building["lettable"]),
            "land_mu_hundredth": pa.array(building["land"]),
            "plot_ratio_hundredth": pa.array(building["plot_ratio"]),
            "completed_date": pa.array(building["completed"], pa.date32()),
            "is_listed": pa.array(np.isin(sites, is_listed(city))),
            "is_unmeasured": pa.array(is_unmeasured(city)),
        }
    )


def _lease(city: City) -> pa.Table:
    """One row is one lease: from the first to the last day, as agreed and as it came."""
    lease = city.lease
    stop = np.minimum(lease["stop"], 1200)
    return pa.table(
        {
            "true_id": pa.array(lease["firm"]),
            "building_code": building_codes(lease["building"]),
            "start_date": pa.array(city.day(lease["start"]), pa.date32()),
            "end_date": pa.array(city.day(lease["end"]) - 1, pa.date32()),
            "terminated_date": pa.array(city.day(stop) - 1, pa.date32(), mask=lease["stop"] >= NEVER),
            "area_tenth": pa.array(lease["area"]),
            "rent_fen": pa.array(lease["rent"]),
            "known_month": pa.array(city.day(lease["known"]), pa.date32()),
        }
    )


def _write_tax_periods(city: City, path: Path) -> None:
    writer = None
    for periods in tax_periods(city):
        rows = len(periods.firm)
        table = pa.table(
            {
                "true_id": pa.array(periods.firm),
                "tax_kind_code": pa.array([periods.kind] * rows, pa.string()),
                "period_start": pa.array(np.repeat(city.day(periods.first_month), rows), pa.date32()),
                "period_end": pa.array(np.repeat(city.day(periods.last_month + 1) - 1, rows), pa.date32()),
                "is_settlement": pa.array(np.full(rows, periods.is_settlement)),
                "sales_fen": pa.array(periods.sales_fen),
                "due_fen": pa.array(periods.due_fen),
                "paid_fen": pa.array(periods.paid_fen),
            }
        )
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer:
        writer.close()


def _write_enterprise_months(city: City, path: Path) -> None:
    writer = None
    for t in range(city.horizon):
        matrices = {name: pa.array(matrix[:, t]) for name, matrix in city.month.items()}
        month = pa.array(np.repeat(city.day(t), city.firms), pa.date32())
        table = pa.table({"true_id": pa.array(np.arange(city.firms)), "month": month, **matrices})
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer:
        writer.close()


def _party(city: City, party: Array) -> tuple[pa.Array, pa.Array]:
    """The true_id of a firm of the city, the party number of one elsewhere; persons have neither."""
    inside, elsewhere = (party >= 0) & (party < city.firms), party >= city.firms
    return pa.array(party, mask=~inside), pa.array(party - city.firms, mask=~elsewhere)


def _trade(city: City) -> pa.Table:
    """One row is all invoices of one pair, month and class of goods; amounts as the seller issued them."""
    both = ledgers(city)
    invoice, relation = both.trades.invoice, both.trades.relation
    of = invoice["relation"]
    keys = np.stack([both.seller, both.buyer, invoice["month"], relation["goods"][of]])
    found, row = np.unique(keys, axis=1, return_inverse=True)
    count = found.shape[1]
    void, fen = invoice["is_void"], invoice["fen"]

    def total(values: Array) -> pa.Array:
        return pa.array(np.bincount(row, weights=values, minlength=count).round().astype(np.int64))

    columns: dict[str, pa.Array] = {}
    for side, party in (("seller", found[0]), ("buyer", found[1])):
        columns[f"{side}_id"], columns[f"{side}_party"] = _party(city, party)
    last = np.full((2, count), np.datetime64("1970-01-01", "s"))
    for ledger in (0, 1):
        np.maximum.at(last[ledger], row, both.recorded[ledger].astype("datetime64[s]"))
    kind = np.full(count, -1)
    np.maximum.at(kind, row, both.difference)
    return pa.table(
        columns
        | {
            "month": pa.array(city.day(found[2]), pa.date32()),
            "goods_code": pick(GOODS, found[3]),
            "invoice_count": total(np.ones(len(fen))),
            "voided_count": total(void.astype(float)),
            "red_count": total((fen < 0).astype(float)),
            "net_fen": total(np.where(void, 0, fen).astype(float)),
            "voided_fen": total(np.where(void, fen, 0).astype(float)),
            "red_fen": total(np.where(fen < 0, -fen, 0).astype(float)),
            "buyer_differs_by_fen": total((both.fen[0] - both.fen[1]).astype(float)),
            "difference_kind": pick(DIFFERENCES, kind),
            "seller_recorded_at": pa.array(last[0]),
            "buyer_recorded_at": pa.array(last[1]),
        }
    )


def _trade_party(city: City) -> pa.Table:
    """One row is one firm elsewhere."""
    trades = ledgers(city).trades
    died = np.full(len(trades.renamed), NEVER)
    died[trades.died - city.firms] = trades.died_month
    return pa.table(
        {
            "party": pa.array(np.arange(len(trades.renamed))),
            "name": trades.party["name"],
            "later_name": trades.party["later_name"],
            "renamed_month": _month(city, trades.renamed),
            "uscc": trades.party["uscc"],
            "is_coded": pa.array(trades.is_coded),
            "died_month": _month(city, died),
        }
    )


def _trade_case(city: City) -> pa.Table:
    """One row is one planted relation: a steady dependence, a decoy, a seller before or after a merger, trade in a group."""
    relation = ledgers(city).trades.relation
    which = np.flatnonzero(np.isin(relation["kind"], (DEPENDENT, DECOY, MERGER, IN_GROUP)))
    seller, buyer = relation["seller"][which], relation["buyer"][which]
    columns: dict[str, pa.Array] = {"kind": pick(KINDS, relation["kind"][which])}
    for side, party in (("seller", seller), ("buyer", buyer)):
        columns[f"{side}_id"], columns[f"{side}_party"] = _party(city, party)
    begin, end = relation["begin"][which], relation["end"][which]
    return pa.table(columns | {"first_month": _month(city, begin), "until_month": _month(city, end)})
