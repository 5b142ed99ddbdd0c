"""Real registers through the same DAGs as the demo park: their feed folders, and what comes out of them (README.md)."""
