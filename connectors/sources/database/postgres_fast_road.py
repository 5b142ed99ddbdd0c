"""The fast road from PostgreSQL: the same statement, read by DuckDB's extension from the server's binary copy stream.

The extension comes in a wheel, so no internet is needed. It reads some values differently from what they are (NaN as
0.00, infinite dates as numbers out of range, a numeric without precision as floating point): the statement that
`connectors.sources.database` makes keeps these away from it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import URL

from connectors.sources import BATCH_ROWS
from connectors.sources.database.values import Column, Rows, no_equal, row_text, rows_of, without_values

SESSION: Final = {
    "TimeZone": "UTC",
    "DateStyle": "ISO",
    "IntervalStyle": "iso_8601",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
}
"""Settings under which what PostgreSQL writes as text (json, arrays, intervals, …) looks the same on both roads."""


class FastRoadClosed(Exception):
    """DuckDB cannot read this: no extension, no connection, or a server that does not let it. May hold secrets."""


def fast_road(columns: Sequence[Column], statement: sa.Select[Any], url: URL) -> Iterator[Rows]:
    """Run a statement of SQLAlchemy through DuckDB.

    Args:
        columns: What the statement selects; a further column holds the position of one that has no equal in Arrow.
        statement: The statement; its values are written into its text as literals.
        url: The database, as SQLAlchemy would reach it.

    Raises:
        FastRoadClosed: It cannot be done; before the first row, or in the middle of them.
    """
    dialect = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]  # this style leaves % alone
    sql = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    # No temporary folder: rows with personal columns must not be spilt to a disk.
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": "512MB",
        "threads": "2",
        "temp_directory": "",
    }
    first = 1
    failure = None
    try:
        with duckdb.connect(":memory:", config=config) as duck:
            _attach(duck, url)
            result = duck.execute("select * from postgres_query('source', ?)", [sql])
            for batch in result.to_arrow_reader(BATCH_ROWS):
                yield _rows(first, batch, columns)
                first += batch.num_rows
        if first == 1:
            yield rows_of(first, (), columns, ZoneInfo("UTC"))
    except (duckdb.Error, pa.ArrowException, OSError, ImportError) as error:
        failure = without_values(str(error))
    if failure:
        raise FastRoadClosed(failure)


def _rows(first: int, batch: pa.RecordBatch, columns: Sequence[Column]) -> Rows:
    arrays = []
    for array, column in zip(batch.columns, columns, strict=False):
        is_safe = pa.types.is_integer(array.type) or pa.types.is_timestamp(array.type) or array.type == column.type
        if not is_safe:  # a cast could hide that digits were lost on the way
            raise FastRoadClosed(f"DuckDB reads {column.name} as {array.type} instead of {column.type}")
        arrays.append(array.cast(column.type))
    wrong = {}
    if batch.num_columns > len(columns):
        problems = batch.column(len(columns))
        for position in pc.indices_nonzero(problems.is_valid()).to_pylist():
            text = row_text(columns, [array[position].as_py() for array in arrays])
            wrong[position] = (no_equal(columns[problems[position].as_py()]), text)
    return Rows(first, batch.num_rows, arrays, wrong)


def _attach(duck: duckdb.DuckDBPyConnection, url: URL) -> None:
    """Attach the PostgreSQL database as `source`; the password is bound, so it is in no SQL text."""
    import duckdb_extension_postgres  # type: ignore[import-untyped]

    duck.execute("set autoinstall_known_extensions = false; set autoload_known_extensions = false")
    packaged = Path(duckdb_extension_postgres.__file__).parent / "extensions" / f"v{duckdb.__version__}"
    with tempfile.TemporaryDirectory(prefix="parkbridge-") as folder:
        # DuckDB finds an extension's entry by its file's name, which is not the one that the wheel gives it; loading it
        # from here leaves nothing in the home folder, as INSTALL would.
        link = Path(folder) / "postgres_scanner.duckdb_extension"
        link.symlink_to(packaged / "postgres.duckdb_extension")
        duck.execute("load " + _literal(str(link)))
    settings = dict(url.query)
    login = {
        "host": url.host or settings.pop("host", None),
        "port": str(url.port) if url.port else None,
        "user": url.username,
        "password": url.password,
        "database": url.database,
    }
    given = {name: value for name, value in login.items() if value}
    declared = ", ".join(["type postgres", *(f"{name} ?" for name in given)])
    duck.execute(f"create secret source_login ({declared})", list(given.values()))
    settings["options"] = " ".join(f"-c {name}={value}" for name, value in SESSION.items())
    text = " ".join(f"{name}={_libpq_value(str(value))}" for name, value in settings.items())
    duck.execute(f"attach {_literal(text)} as source (type postgres, secret source_login, read_only)")


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _libpq_value(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
