"""What the silos' facts mean: identity (resolution.py, 2_resolved/), measures, signals and snapshots as SQL models."""
