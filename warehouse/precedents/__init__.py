"""Hold a delivery against what the rows before it never did: undeclared facts between columns, learnt from earlier rows.

A column that was never empty, a payment that always came after its period, a meter that was always of one account, a file
that always ended with the same units: where a delivery breaks such a fact in more rows than chance explains, it was cut or
shifted, or lost signs. All compare `new_fact` with `known_fact` (warehouse/comparison.py makes both). Nothing is learnt from few rows.
"""
