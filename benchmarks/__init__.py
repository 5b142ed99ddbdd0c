"""What nights, resolution and warnings cost and are worth, measured; run through the front door."""
