"""Great Expectations on DuckDB: a datasource of our own, on GX's documented way to extend SQLDatasource.

GX 1.24 has no DuckDB datasource, and its generic one fails on DuckDB in two ways:

- GX fetches a result after it has returned the connection to its pool, and the pool's ROLLBACK discards what DuckDB has
  not handed over yet ("list index out of range" in nearly every expectation). Here nothing is pooled: GX borrows one
  open connection, and a borrowed connection is neither committed, rolled back nor closed by the borrower. So checks
  also see what the caller's own transaction has not committed, and the writer's lock on its file is not in the way.
- GX asks a SQLAlchemy dialect module for column types, regular expressions and LIKE, and knows none for DuckDB.
"""

from __future__ import annotations

import builtins
from types import ModuleType
from typing import Any, Literal

import duckdb
import duckdb_sqlalchemy
import duckdb_sqlalchemy.datatypes
import sqlalchemy
from great_expectations.compatibility import pydantic
from great_expectations.datasource.fluent.sql_datasource import SQLDatasource
from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.engine.reflection import ObjectKind


class _Borrowed(duckdb_sqlalchemy.ConnectionWrapper):
    """The caller's connection in SQLAlchemy's clothes; its transaction and its life stay the caller's."""

    def begin(self) -> None:
        pass

    def commit(self) -> None:
        pass

    def rollback(self) -> None:
        pass

    def close(self) -> None:
        pass


def borrow(connection: duckdb.DuckDBPyConnection) -> sqlalchemy.Engine:
    """Make an engine that runs every statement on this one open connection, within its transaction if it has one.

    The connection must have no result half read: DuckDB keeps one result per connection.
    """
    return sqlalchemy.create_engine(
        "duckdb://", creator=lambda: _Borrowed(connection), poolclass=sqlalchemy.pool.StaticPool
    )


def _dialect_module() -> ModuleType:
    """Offer what GX looks up by name: the column types, and how to match a pattern.

    Of the databases that GX knows, Dremio writes regular expressions as DuckDB does: REGEXP_MATCHES(column, pattern),
    a match anywhere in the text. (Postgres's `~`, which GX would choose otherwise, is a match of the whole text in
    DuckDB.) GX recognises Dremio by the module's having a DremioDialect.
    """
    module = ModuleType("duckdb_dialect_for_gx")
    for source in (sqlalchemy.types, duckdb_sqlalchemy.datatypes):
        for name, item in vars(source).items():
            if isinstance(item, type) and issubclass(item, sqlalchemy.types.TypeEngine):
                setattr(module, name, item)
    module.DOUBLE = sqlalchemy.types.Double  # type: ignore[attr-defined]
    module.DremioDialect = None  # type: ignore[attr-defined]
    return module


class _Columns:
    """The columns of a schema's tables and views, read once: asked table by table, they were a tenth of what a night's checks cost."""

    def __init__(self, inspector: sqlalchemy.Inspector, schema: str) -> None:
        self.dialect = inspector.dialect
        self._of = {
            name: columns for (_, name), columns in inspector.get_multi_columns(schema, kind=ObjectKind.ANY).items()
        }

    def get_columns(self, table_name: str, schema: str) -> list[ReflectedColumn]:  # noqa: ARG002 # SQLAlchemy's signature
        if table_name not in self._of:
            raise sqlalchemy.exc.NoSuchTableError(table_name)
        return self._of[str(table_name)]

    def get_pk_constraint(self, table_name: str, schema: str) -> dict[str, list[str]]:  # noqa: ARG002
        """None: no table of the warehouse declares a key, and no check reads one."""
        return {}


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
    """GX's SQL engine over one schema, with DuckDB's names of types and its pattern matching."""

    def __init__(self, schema: str, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.dialect_module = _dialect_module()
        self._columns = _Columns(sqlalchemy.inspect(self.engine), schema)

    def get_inspector(self) -> Any:
        """What GX asks for columns, for as long as this engine is used: the tables do not change between its checks."""
        return self._columns


class DuckDBDatasource(SQLDatasource):
    """One schema of a DuckDB database, as `context.data_sources.add_duckdb(name=…, database_schema=…)`.

    One datasource per schema, because GX has deprecated naming the schema with the table. Call `speak_through` before
    adding tables.
    """

    type: Literal["duckdb"] = "duckdb"  # type: ignore[assignment]
    connection_string: str = "duckdb://"
    database_schema: str
    _borrowed: sqlalchemy.Engine | None = pydantic.PrivateAttr(None)
    _execution: DuckDBExecutionEngine | None = pydantic.PrivateAttr(None)

    def speak_through(self, engine: sqlalchemy.Engine) -> None:
        """Run everything through this engine (see `borrow`)."""
        self._borrowed = engine
        # GX's default copies every table that it looks at into a temporary one, in the caller's connection
        self._execution = DuckDBExecutionEngine(self.database_schema, engine=engine, create_temp_table=False)

    @property
    def schema_(self) -> str:
        """The schema of this datasource's tables."""
        return self.database_schema

    @property
    def execution_engine_type(self) -> builtins.type[SqlAlchemyExecutionEngine]:
        """The engine that knows DuckDB's types and patterns."""
        return DuckDBExecutionEngine

    def get_engine(self) -> sqlalchemy.Engine:
        """The SQLAlchemy engine in use; GX would make its own from the connection string."""
        assert self._borrowed is not None, "call speak_through first"
        return self._borrowed

    def get_execution_engine(self) -> SqlAlchemyExecutionEngine:
        """GX's engine in use."""
        assert self._execution is not None, "call speak_through first"
        return self._execution

    def test_connection(self, *_: Any, **__: Any) -> None:
        """Nothing to test: the connection is open, or the caller would not have it."""
