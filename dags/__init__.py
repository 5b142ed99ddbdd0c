"""WHEN: the DAGs, and nothing but their assembly."""
