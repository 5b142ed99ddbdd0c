"""What tests of every protocol do with deliveries."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from connectors.sources import Delivery


def only(deliveries: Iterator[Delivery]) -> Delivery:
    """Give the one delivery that there must be."""
    found = list(deliveries)
    assert len(found) == 1, [delivery.label for delivery in found]
    return found[0]


def table_of(delivery: Delivery) -> pa.Table:
    """Consume a delivery."""
    batches = list(delivery.batches)
    assert batches, "a delivery has at least one batch, so that its schema is seen"
    return pa.Table.from_batches(batches)
