"""What opens a source: an Airflow connection, read once, and kept out of every message.

Connections are looked up by Airflow itself, so all its backends work: `AIRFLOW_CONN_<NAME>` in the environment (URI or
JSON), the metadata database, a secrets manager. Nothing here is ever written to a file, a log, a manifest or an error.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from warehouse.errors import SourceError

REDACTED = "***"

# Entries of `extra` with secret values. A path to a key is not: an operator needs to see which file is meant.
_SECRET_KEY = re.compile(r"pass|pwd|secret|token|key|credential|auth|private|signature|sas|cookie", re.IGNORECASE)
_NOT_SECRET_KEY = re.compile(r"(_file|_path)$|^host_key$|^known_hosts$|^auth_header$", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"://[^/\s:@]*:([^@\s]+)@")


@dataclass(frozen=True)
class Credentials:
    """One connection to a source, as Airflow knows it.

    Attributes:
        conn_type: Kind of source: postgres, sqlite, mysql, generic, http, fs, sftp, aws, …
        host: Name or address of the server; a URL for APIs; a file for SQLite.
        port: Port on that host.
        login: User or access key.
        password: Secret of that user; never shown.
        schema: Database on that server, or `https` for an API.
        extra: Further settings of the connection, some of them secret; never shown.
    """

    conn_type: str
    host: str | None = None
    port: int | None = None
    login: str | None = None
    password: str | None = field(default=None, repr=False)
    schema: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def from_airflow(cls, conn_id: str) -> Credentials:
        """Look a connection up the way an Airflow task would, with or without a server.

        Args:
            conn_id: The connection that a feed names under `source: connection:`.

        Raises:
            SourceError: There is no such connection, or it cannot be read.
        """
        # Importing Airflow takes seconds and reads its configuration: only who asks for a connection pays for it.
        from airflow.sdk import BaseHook
        from airflow.sdk.exceptions import AirflowNotFoundException

        variable = f"AIRFLOW_CONN_{conn_id.upper()}"
        problem = None
        try:
            found = BaseHook.get_connection(conn_id)
        except AirflowNotFoundException:
            # Airflow says "not defined" of one that it could not parse, too.
            malformed = variable in os.environ
            problem = f"{variable} is set but is neither a URI nor a JSON object" if malformed else "it is not defined"
        except Exception as error:  # a secrets backend may raise anything; its message may hold the secret
            problem = f"Airflow could not read it ({type(error).__name__})"
        if problem:
            raise SourceError(
                f"connection {conn_id!r}",
                problem,
                next_step=f"set {variable} to a URI or JSON, or run: airflow connections add {conn_id} --conn-uri '…'",
            )
        return cls(
            conn_type=found.conn_type or "",
            host=found.host or None,
            port=found.port,
            login=found.login or None,
            password=found.password or None,
            schema=found.schema or None,
            extra=dict(found.extra_dejson),
        )

    def redact(self, text: str) -> str:
        """Take every secret of this connection out of a text, in each form in which a library may have written it."""
        secrets = {secret for secret in _secrets(self.password, [self.host, self.extra]) if secret}
        forms = {form for secret in secrets for form in _forms(secret, self.login)}
        if not forms:
            return text
        # The longest first: a secret that contains another must not leave its rest standing.
        pattern = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
        return re.sub(pattern, REDACTED, text)


def _secrets(password: str | None, extra: Any, is_secret: bool = False) -> Iterator[str]:
    """Walk over everything secret: the password, secret entries of `extra`, passwords inside URLs."""
    if password:
        yield password
    if isinstance(extra, Mapping):
        for key, value in extra.items():
            name = str(key)
            yield from _secrets(
                None, value, is_secret or bool(_SECRET_KEY.search(name) and not _NOT_SECRET_KEY.search(name))
            )
    elif isinstance(extra, list | tuple):
        for value in extra:
            yield from _secrets(None, value, is_secret)
    elif isinstance(extra, str):
        if is_secret:
            yield extra
            # A key in PEM form is often shown line by line.
            yield from (line.strip() for line in extra.splitlines() if len(line.strip()) >= 16)
        for found in _URL_PASSWORD.findall(extra):
            yield from (found, unquote(found))
    elif is_secret and extra is not None and not isinstance(extra, bool):
        yield str(extra)


def _forms(secret: str, login: str | None) -> Iterator[str]:
    """Give the ways in which a secret appears in URLs, JSON, Python's repr, libpq strings and HTTP headers."""
    yield secret
    for encoded in (quote(secret, safe=""), quote(secret), quote_plus(secret)):
        yield encoded
        yield re.sub(r"%[0-9A-F]{2}", lambda match: match.group().lower(), encoded)
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(secret)[1:-1]
    yield secret.replace("\\", "\\\\").replace("'", "\\'")
    yield secret.replace("'", "''")
    for plain in (secret, f"{login or ''}:{secret}"):
        yield base64.b64encode(plain.encode()).decode()
