"""Links records to enterprises where neither a code nor an exact name does: see docs/matching.md."""
