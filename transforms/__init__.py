"""What the silos' facts mean: identity (resolution/, matching/, 2_resolved/), measures, signals and snapshots as SQL models."""
