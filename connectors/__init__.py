"""Extract and land: how deliveries of the park's silos become immutable batches."""
