"""The market regulator's API over the demo's register: paged JSON behind a bearer token, on loopback.

`/enterprises` and `/events` answer `{"total", "page", "size", "data"}`. Parameters: `updated_since` (exclusive) and
`updated_until` (inclusive) by the time of recording, ISO 8601, park time where no offset is given; `page` from 1;
`size` up to 1,000. `updated_at` in a record is park time. An enterprise shows its latest version recorded until
`updated_until`, so that a question about a past day is answered as on that day.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

PARK_CLOCK = timezone(timedelta(hours=8))
LARGEST_PAGE = 1_000
KEYS = {"enterprises": "pripid", "events": "eventno"}


class Register:
    """The register's tables, every version of every record, in the order of recording."""

    def __init__(self, folder: Path) -> None:
        self._tables = {name: pq.read_table(folder / f"{name}.parquet").combine_chunks() for name in KEYS}
        self._recorded = {
            name: np.asarray(table["recorded"].cast(pa.timestamp("s")).cast(pa.int64()))
            for name, table in self._tables.items()
        }  # seconds, park time
        self._key = {
            name: np.asarray(self._tables[name][key].combine_chunks().dictionary_encode().indices)
            for name, key in KEYS.items()
        }
        self._rows = lru_cache(maxsize=8)(self._find_rows)

    def _find_rows(self, name: str, since: int | None, until: int | None) -> Any:
        recorded = self._recorded[name]
        last = len(recorded) if until is None else int(np.searchsorted(recorded, until, side="right"))
        # the newest version of each record is the last
        _, newest = np.unique(self._key[name][:last][::-1], return_index=True)
        rows = np.sort(last - 1 - newest)
        return rows if since is None else rows[recorded[rows] > since]

    def page(self, name: str, since: int | None, until: int | None, page: int, size: int) -> dict[str, Any]:
        """One page of records with a newest version, until `until`, recorded after `since` (seconds, park time)."""
        rows = self._rows(name, since, until)
        chosen = self._tables[name].take(pa.array(rows[(page - 1) * size : page * size]))
        records = chosen.drop_columns("recorded").to_pylist()
        for record, at in zip(records, chosen["recorded"].to_pylist(), strict=True):
            record["updated_at"] = str(at)
        return {"total": len(rows), "page": page, "size": size, "data": records}


def _seconds(text: str) -> int:
    at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    local = at.astimezone(PARK_CLOCK).replace(tzinfo=None) if at.tzinfo else at
    return int((local - datetime(1970, 1, 1)).total_seconds())


def _handler(register: Register, token: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Answer one question, or say what is wrong with it."""
            url = urlsplit(self.path)
            given = {key: values[-1] for key, values in parse_qs(url.query).items()}
            name = url.path.strip("/")
            if self.headers.get("Authorization") != f"Bearer {token}":
                return self._answer(401, {"error": "a valid bearer token is needed"})
            if name not in KEYS:
                return self._answer(404, {"error": f"there is no {url.path}", "paths": [f"/{key}" for key in KEYS]})
            if unknown := sorted(set(given) - {"updated_since", "updated_until", "page", "size"}):
                return self._answer(400, {"error": f"unknown parameter {unknown[0]}"})
            try:
                since, until = (
                    _seconds(given[key]) if key in given else None for key in ("updated_since", "updated_until")
                )
                page, size = int(given.get("page", "1")), int(given.get("size", "500"))
            except ValueError as error:
                return self._answer(400, {"error": str(error)})
            if page < 1 or not 1 <= size <= LARGEST_PAGE:
                return self._answer(400, {"error": f"page begins at 1, size is 1 to {LARGEST_PAGE}"})
            return self._answer(200, register.page(name, since, until, page, size))

        def _answer(self, status: int, body: dict[str, Any]) -> None:
            content = json.dumps(body, ensure_ascii=False).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Say nothing: a log line per page is useless."""

    return Handler


def open_server(folder: Path, port: int, token: str) -> ThreadingHTTPServer:
    """A server over the register in `folder` on loopback, not yet serving; port 0 takes a free one."""
    return ThreadingHTTPServer(("127.0.0.1", port), _handler(Register(folder), token))


def running(folder: Path, token: str) -> AbstractContextManager[int]:
    """Serve in a thread on a free port, which is given; stop at the end."""
    return in_a_thread(open_server(folder, 0, token))


@contextmanager
def in_a_thread(server: ThreadingHTTPServer) -> Iterator[int]:
    """Serve in a thread; gives the port, and stops at the end."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
