"""The page of trade and dependence: trade between firms of the park, who depends on one partner, what is bought outside."""

from __future__ import annotations

from collections.abc import Iterator

from report.source import Page, Source


def pages(source: Source) -> Iterator[Page]:
    """trade.html, where there is trade.

    Trade is the tax secret of both sides (税收征管法 art. 8): this page belongs in the site of who is entitled to it (the
    director's) and in no other. While there is one site, who may open it may read this; the entitlement is asked for here.
    """
    tenants = source.rows("trade_tenant")
    pairs = source.rows("trade_pair")
    yield Page(
        "trade.html",
        "trade.html",
        ("交易与依赖", "Trade and dependence"),
        {
            "tenants": tenants,
            "totals": source.rows("trade_total"),
            "gaps": source.rows("trade_gap"),
            "silences": source.rows("partner_silence"),
            "offers": source.rows("offer_demand"),
            "differences": source.rows("trade_difference"),
            "until": tenants[0]["until_month"] if tenants else None,
            "rows": {
                "network": [
                    [
                        row["seller_short_name"],
                        row["buyer_short_name"],
                        row["trade_12m_amount"],
                        row["buyer_share_pct"],
                        row["months_active"],
                    ]
                    for row in pairs
                ]
            },
        },
        "trade.html",
    )
