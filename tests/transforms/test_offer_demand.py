"""Offers of what several tenants buy outside: the row says one thing, whether there is one, and nothing else of any trade."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import empty_warehouse
from transforms.night import LAYERS
from warehouse.connection import insert_rows
from warehouse.models import build

TRANSFORMS = LAYERS
OFFERER = "E0"
BUYERS = [f"E{number}" for number in range(1, 6)]
SELLERS = ("code:91110000SECRET0001", "name:外地秘密供应商有限公司", "E9")  # the last is on site: bought inside
TRAINING = "3070201"
# what one party bought of another: both keys, goods and yuan
PURCHASES = st.lists(
    st.tuples(
        st.sampled_from([OFFERER, *BUYERS]),
        st.sampled_from(SELLERS),
        st.sampled_from([TRAINING, "3070202", "1070601"]),
        st.one_of(st.integers(-30_000, 300_000), st.sampled_from([9_999, 10_000, 20_000, 40_000, 160_000])),
    ),
    max_size=25,
)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A park of seven on site, one of which offers training."""
    warehouse = empty_warehouse("2026-04-10 12:00")
    warehouse.execute("insert into monthly.trade_month (month, is_provisional) values ('2026-02-01', false)")
    for key in [OFFERER, *BUYERS, "E9"]:
        warehouse.execute("insert into signals.present_enterprise (enterprise_id) values (?)", [key])
        warehouse.execute(
            "insert into resolved.enterprise (enterprise_id, enterprise_name) values (?, ?)", [key, f"{key}公司"]
        )
    for number, key in enumerate([OFFERER, *BUYERS, *SELLERS]):
        warehouse.execute(
            "insert into monthly.trade_party (stated_party, party_key, enterprise_id) values (?, ?, ?)",
            [str(number), key, key if key.startswith("E") else None],
        )
    warehouse.execute(
        "insert into industry.offer (offer_key, offer_no, offered_by_name, offered_by_id, need_kind_code, valid_until_date) "
        "values ('offer/O1', 'O1', 'E0公司', 'E0', 'training', '2026-12-31')"
    )
    yield warehouse
    warehouse.close()


def rows(connection: duckdb.DuckDBPyConnection, purchases: list[tuple[str, str, str, int]]) -> list[tuple[object, ...]]:
    """Make the models over these purchases, and read the whole table."""
    connection.execute("delete from monthly.trade_side")
    insert_rows(
        connection,
        "monthly.trade_side (buyer_key, seller_key, goods_code, net_amount, month, reporting_side_code)",
        [(*purchase, "2026-02-01", "buyer") for purchase in purchases],
    )
    build(connection, TRANSFORMS / "5_industry", ["list_day", "purchase", "offer_demand"])
    return connection.execute("select * from industry.offer_demand").fetchall()


def is_bought_by_several(purchases: list[tuple[str, str, str, int]]) -> bool:
    """The definition once more: three others from 10,000 yuan on, none of them with 80 % or more."""
    amounts = [
        sum(yuan for who, seller, goods, yuan in purchases if who == buyer and seller != "E9" and goods == TRAINING)
        for buyer in BUYERS
    ]
    counted = [amount for amount in amounts if amount >= 10_000]
    return len(counted) >= 3 and max(counted) < 0.8 * sum(counted)


THREE = [(buyer, SELLERS[0], TRAINING, 20_000) for buyer in BUYERS[:3]]


@pytest.fixture(scope="module")
def of_three(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return rows(connection, THREE)


@given(PURCHASES, st.booleans())
@settings(deadline=None, max_examples=120)
def test_all_trade_makes_the_same_row_or_none(
    connection: duckdb.DuckDBPyConnection,
    of_three: list[tuple[object, ...]],
    drawn: list[tuple[str, str, str, int]],
    with_three: bool,
) -> None:
    """Whoever buys, of whichever seller, for how much: every row that can appear is one and the same, byte for byte."""
    purchases = drawn + (THREE if with_three else [])
    assert len(of_three) == 1
    assert rows(connection, purchases) == (of_three if is_bought_by_several(purchases) else [])


def test_the_row_names_the_offerer_alone(connection: duckdb.DuckDBPyConnection) -> None:
    [found] = rows(connection, THREE)
    columns = [name for name, *_ in connection.execute("describe industry.offer_demand").fetchall()]
    assert columns == [
        "offer_key",
        "enterprise_id",
        "enterprise_name",
        "need_kind_code",
        "valid_until_date",
        "work_en",
        "work_zh",
        "rule_version",
    ]
    text = " ".join(map(str, found))
    assert OFFERER in text
    assert not [
        key for key in [*BUYERS, "E9", "SECRET", "秘密", TRAINING, "20000", "60000", "5 tenants"] if key in text
    ]
