"""Reaching the database of a connection; whatever a driver raises leaves as a SourceError without secrets or values."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote as url_quote

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from connectors.credentials import Credentials
from connectors.sources.database.postgres_fast_road import SESSION
from connectors.sources.database.values import without_values
from warehouse.errors import ParkBridgeError, SourceError

_DRIVERS: Final = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
    "sqlite": "sqlite",
}
# What of a connection's extra is meant for libpq; anything else there is not ours to pass on.
_LIBPQ: Final = (
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "channel_binding",
    "gssencmode",
    "target_session_attrs",
    "connect_timeout",
)
# Said by databases that are there and will say the same next time.
_REFUSALS: Final = (
    "password",
    "does not exist",
    "no pg_hba.conf entry",
    "no such",
    "decode",
    "unable to open",
    "syntax",
)


def sqlalchemy_url(credentials: Credentials, where: str) -> URL:
    """Make the SQLAlchemy URL of a connection.

    Args:
        credentials: The connection; `sqlalchemy_url` in its extra goes before all else, with login and password filled
            in where that URL has none.
        where: The feed, for messages.

    Raises:
        SourceError: The connection's type has no driver here, or its URL cannot be read.
    """
    given = credentials.extra.get("sqlalchemy_url")
    if given:
        try:
            url = make_url(str(given))
        except ArgumentError:
            url = None
        if url is None:  # outside the handler: the exception's own text would repeat the URL and its password
            raise SourceError(
                where,
                "the connection's extra.sqlalchemy_url is no SQLAlchemy URL",
                next_step="write it as dialect+driver://login@host:port/database, the password as the connection's own",
            )
        if url.drivername in ("postgres", "postgresql"):
            url = url.set(drivername="postgresql+psycopg")
        if url.drivername == "sqlite" and not url.query:
            return _sqlite_url(url.database or "", where)
        return url.set(username=url.username or credentials.login, password=url.password or credentials.password)
    driver = _DRIVERS.get(credentials.conn_type)
    if driver is None:
        raise SourceError(
            where,
            f"a connection of type {credentials.conn_type!r} is no database that is known here",
            allowed=", ".join(sorted(_DRIVERS)),
            next_step="set the connection's type, or put a SQLAlchemy URL into its extra as sqlalchemy_url",
        )
    if driver == "sqlite":
        return _sqlite_url(credentials.host or credentials.schema or "", where)
    query = {}
    host = credentials.host
    if driver == "postgresql+psycopg":
        query = {key: str(credentials.extra[key]) for key in _LIBPQ if credentials.extra.get(key)}
        query.setdefault("connect_timeout", "15")
        if host and host.startswith("/"):  # a socket's folder cannot be the host of a URL
            query["host"], host = host, None
    return URL.create(
        driver, credentials.login, credentials.password, host, credentials.port, credentials.schema, query
    )


def libpq_settings(credentials: Credentials, where: str) -> dict[str, str]:
    """Give what libpq needs to reach a PostgreSQL database, password included.

    Args:
        credentials: The connection.
        where: What asks, for messages.

    Raises:
        SourceError: The connection is of another database, or cannot be read.
    """
    url = sqlalchemy_url(credentials, where)
    if url.get_backend_name() != "postgresql":
        raise SourceError(
            where,
            f"the connection is of {url.get_backend_name()}",
            allowed="postgres",
            next_step="name a connection of type postgres",
        )
    own = {"host": url.host, "port": url.port, "user": url.username, "password": url.password, "dbname": url.database}
    return {key: str(value) for key, value in (own | dict(url.query)).items() if value}


def _sqlite_url(file: str, where: str) -> URL:
    """Open the file read-only: SQLite would otherwise create a missing one and find no table in it."""
    path = Path(file)
    if not path.is_file():
        raise SourceError(
            where,
            f"there is no SQLite file {path}",
            next_step="check the path in the connection (its host), and whether the disk is mounted",
        )
    return URL.create("sqlite", database=f"file:{url_quote(str(path.absolute()))}", query={"mode": "ro", "uri": "true"})


@contextmanager
def connected(url: URL, credentials: Credentials, where: str) -> Iterator[Connection]:
    """Connect for one pull; whatever the driver raises in here leaves as a SourceError without secrets or values."""
    failure: SourceError | None = None
    try:
        engine = sa.create_engine(url, poolclass=NullPool)
        with engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection = connection.execution_options(postgresql_readonly=True)
                for name, value in SESSION.items():
                    connection.exec_driver_sql(f"set {name} = '{value}'")
            yield connection
    except ParkBridgeError:
        raise
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        failure = SourceError(
            where,
            f"no driver for {url.drivername} is installed ({type(error).__name__})",
            next_step="install the driver into the project's environment",
        )
    except (SQLAlchemyError, OSError) as error:
        failure = _source_error(error, credentials, where)
    if failure:
        # Without the exception of the driver, which shows the statement and its values.
        raise failure from None


def _source_error(error: Exception, credentials: Credentials, where: str) -> SourceError:
    if isinstance(error, DBAPIError | OSError):
        text = without_values(str(getattr(error, "orig", None) or error))
    else:  # SQLAlchemy's own errors may repeat the statement and its values
        text = type(error).__name__
    is_unreachable = isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError | OSError)
    is_passing = is_unreachable and not any(sign in text for sign in _REFUSALS)
    return SourceError(
        where,
        f"the database answers: {credentials.redact(text)[:400]}",
        next_step="check that the database is up and reachable from here; the run tries again by itself"
        if is_passing
        else "check the connection's login, what it may read, and the source's options in feed.yml",
        is_passing=is_passing,
    )
