"""A check that no identity number of a natural person stands in any text that readers will see.

Personal data never lands (rule 10 of the house); this looks for what slipped through, in every VARCHAR column.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from expectations.suite import Check, no_rows
from warehouse.connection import literal, quote

# Six digits of a division, a date of birth, three digits, a check character; not within a longer code or number.
_SHAPE = (
    r"(?:^|[^0-9A-Za-z])([1-9][0-9]{5}(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx])"
    r"(?:$|[^0-9A-Za-z])"
)
_WEIGHTS_GB_11643 = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_WEIGHTS_GB_32100 = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_WEIGHTS_GB_11714 = (3, 7, 9, 10, 5, 8, 4, 2)


def _sum(weights: Sequence[int], first: int = 1) -> str:
    """The weighted sum of a number's digits from position `first` on, as SQL."""
    return " + ".join(
        f"{weight} * cast(substr(number, {place}, 1) as integer)" for place, weight in enumerate(weights, first)
    )


# Many credit codes are all digits, and one in some hundred has the shape of an identity number. Both check digits of a
# code tell it apart: an identity number satisfies them by chance in 3 of 1,000 cases.
_IS_CREDIT_CODE = (
    f"(31 - ({_sum(_WEIGHTS_GB_32100)}) % 31) % 31 = try_cast(substr(number, 18, 1) as integer) and "
    f"(11 - ({_sum(_WEIGHTS_GB_11714, first=9)}) % 11) % 11 = cast(substr(number, 17, 1) as integer)"
)
_IS_IDENTITY_NUMBER = (
    f"substr('10X98765432', 1 + ({_sum(_WEIGHTS_GB_11643)}) % 11, 1) = upper(substr(number, 18, 1)) "
    f"and not coalesce({_IS_CREDIT_CODE}, false)"
)


def no_identity_numbers(connection: duckdb.DuckDBPyConnection, schemas: Sequence[str]) -> Check | None:
    """Make the check over every VARCHAR column of every table of these schemas; None where there is no such column.

    What it finds are columns with a count: a number found is not copied into the results.
    """
    columns = connection.execute(
        "select schema_name, table_name, column_name from duckdb_columns() where data_type = 'VARCHAR' "
        "and list_contains(?, schema_name) and database_name = current_database() order by all",
        [list(schemas)],
    ).fetchall()
    if not columns:
        return None
    shape = literal(_SHAPE)
    # strlen counts bytes without reading the text: codes and keys are passed over for nothing
    found = " union all ".join(
        f"select {literal(f'{schema}.{table}')} as table_name, {literal(column)} as column_name, "
        f"unnest(regexp_extract_all({quote(column)}, {shape}, 1)) as number "
        f"from {quote(schema)}.{quote(table)} where strlen({quote(column)}) >= 18"
        for schema, table, column in columns
    )
    return no_rows(
        "no text holds an identity number",
        f"select table_name, column_name, count(*) as number_count from ({found}) "
        f"where {_IS_IDENTITY_NUMBER} group by all",
        "critical",
        "natural persons' data must not be in the warehouse, let alone in what is published",
        "declare the source's column `personal` in feed.yml, then run `parkbridge rebuild`",
        about="identity_numbers",
    )
