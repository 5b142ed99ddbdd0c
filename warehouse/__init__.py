"""STORE: where the park's data lies and how it is written, checked for consistency and published. Imports none of the others."""
