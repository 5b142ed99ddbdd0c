"""Ask an API for one page: the connection, its patience, its redirects, and what to do when it fails."""

from __future__ import annotations

import base64
import contextlib
import json
import random
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from connectors.credentials import Credentials
from connectors.sources.http_api.answers import (
    END,
    UnusableJsonError,
    follow,
    if_behind_the_end,
    is_end_page,
    parsed,
    what_it_says,
)
from connectors.sources.http_api.plan import Plan
from warehouse.errors import SourceError

_LONGEST_BACKOFF_SECONDS: Final = 60
_REDIRECTS: Final = 5
# an answer may take so many times the silence after which a connection counts as broken
_PATIENCE: Final = 10
_jitter: Final = random.SystemRandom()


def _within_patience(connection: urllib3.connection.HTTPConnection, read: Callable[[], Any]) -> Any:
    """Read the head of an answer; the silence that ends a read begins anew with each byte, so the whole has a limit too."""
    silence = connection.timeout if isinstance(connection.timeout, int | float) else 30.0
    sock = connection.sock
    with _hung_up_after(_PATIENCE * silence, sock):
        answer = read()
    answer.its_socket = sock
    return answer


@contextlib.contextmanager
def _hung_up_after(seconds: float, sock: socket.socket | None) -> Iterator[None]:
    """Close a connection under whoever reads from it for longer."""

    def hang_up() -> None:
        with contextlib.suppress(OSError, AttributeError):
            sock.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]  # AttributeError: it is closed already

    timer = threading.Timer(seconds, hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class _PlainConnection(urllib3.connection.HTTPConnection):
    def getresponse(self) -> Any:
        return _within_patience(self, super().getresponse)


class _SecureConnection(urllib3.connection.HTTPSConnection):
    def getresponse(self) -> Any:
        return _within_patience(self, super().getresponse)


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Impatient(requests.adapters.HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}


class Api:
    """The API behind one connection: keeps its pace, its retries, its bounds and its secrets."""

    def __init__(self, plan: Plan, credentials: Credentials, where: str) -> None:
        self.where = where
        self._plan = plan
        self._credentials = credentials
        self._base = _base_url(credentials, where)
        self._secret = self._secret_headers()
        self._next_at = 0.0
        self.behind = timedelta()  # the server's clock, by the Date of its last answer
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _Impatient())
        # Without this, requests would look for a login in ~/.netrc.
        self._session.auth = lambda request: request
        if credentials.extra.get("ca_file"):
            self._session.verify = str(credentials.extra["ca_file"])

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def stop(self, fact: str, next_step: str, allowed: str | None = None, is_passing: bool = False) -> SourceError:
        """Make the error for what the API answers."""
        fact = self._credentials.redact(f"{self._plan.path}: {fact}" if self._plan.path else fact)
        return SourceError(self.where, fact, allowed=allowed, next_step=next_step, is_passing=is_passing)

    def _secret_headers(self) -> dict[str, str]:
        plan, credentials = self._plan, self._credentials
        if plan.auth == "none":
            return {}
        if not credentials.password or (plan.auth == "basic" and not credentials.login):
            raise self.stop(
                f"source.auth is {plan.auth}, but the connection has no {'login or ' * (plan.auth == 'basic')}password",
                "put the token into the connection as its password"
                if plan.auth != "basic"
                else "complete the connection",
            )
        if plan.auth == "basic":
            pair = base64.b64encode(f"{credentials.login}:{credentials.password}".encode()).decode()
            return {"Authorization": f"Basic {pair}"}
        if plan.auth == "bearer":
            return {"Authorization": f"Bearer {credentials.password}"}
        return {plan.auth_header: credentials.password}

    def next_page(self, target: str, current: str | None) -> str:
        """Give the URL of the next page, as a page names it: always on this host, by the scheme and port that we know.

        An API behind a proxy writes the address that it has itself, such as http:// for https://.

        Raises:
            SourceError: It is on another host, which must not get our credentials.
        """
        try:
            url = urlsplit(urljoin(current or self._base + self._plan.path.lstrip("/"), target))
            base = urlsplit(self._base)
            is_ours = url.hostname == base.hostname and "@" not in url.netloc
        except ValueError:
            raise self.stop("it leads to an address that is none", "show the office this message") from None
        return url._replace(scheme=base.scheme, netloc=base.netloc).geturl() if is_ours else self.same_host(target)

    def _has_records(self, answer: Any) -> bool:
        """What ends the pages with records in it is the last page, not one behind it."""
        records = follow(answer, self._plan.records)
        return isinstance(records, list) and bool(records)

    def same_host(self, target: str) -> str:
        """Give the absolute URL of a target on this host.

        Raises:
            SourceError: It is on another host, which must not get our credentials.
        """
        try:
            url = urljoin(self._base, target)
            host = urlsplit(url)[:2]
        except ValueError:
            raise self.stop("it leads to an address that is none", "show the office this message") from None
        if host != urlsplit(self._base)[:2]:
            elsewhere = "://".join(host).rpartition("@")
            raise self.stop(
                f"it leads to another host ({elsewhere[2]})",
                "if the office has moved its API, set the connection's host to the new one; if its links name an address within "
                "the office, declare source.pagination: page, offset or cursor",
                "://".join(urlsplit(self._base)[:2]),
            )
        return url

    def ask(
        self,
        url: str | None,
        params: Mapping[str, Any],
        page: int,
        end: int | Mapping[str, Any] | frozenset[int] | None,
    ) -> tuple[Any, str | None]:
        """Ask for one page, again if need be: (the answer, the next page's URL if a Link header names one).

        The answer is END where there is no such page, by `end`, twice in a row; the first page is always one.
        """
        plan = self._plan
        problem, wait = "", 0.0
        ends = 0
        attempts = plan.retries + 1 + (end is not None)
        for attempt in range(attempts):
            if attempt:
                time.sleep(wait)
            pause = min(_LONGEST_BACKOFF_SECONDS, plan.backoff_seconds * 2**attempt)
            wait = pause * _jitter.uniform(0.5, 1)
            try:
                response, body = self._get(url, params)
            except requests.exceptions.SSLError:
                raise self.stop(
                    "its certificate is not trusted", "give the office's authority as ca_file in extra"
                ) from None
            except (
                requests.exceptions.ConnectionError,
                requests.exceptions.Timeout,
                requests.exceptions.ChunkedEncodingError,
                requests.exceptions.ContentDecodingError,
                urllib3.exceptions.HTTPError,
                OSError,
            ) as error:
                problem = _reason(error)
                continue
            except requests.exceptions.RequestException as error:
                raise self.stop(
                    f"cannot be asked ({type(error).__name__})", "check the connection's host and source.path"
                ) from None
            except ValueError:  # of requests, which looks where a redirect leads
                raise self.stop("it leads to an address that is none", "check source.path") from None
            status = response.status_code
            answer = self._parsed(response, body) if status == 200 else None
            if status == 204:  # no content
                return END, None
            if page > 1 and end is not None and is_end_page(end, status, answer) and not self._has_records(answer):
                ends += 1
                if ends > 1:
                    return END, None
                problem, wait = f"status {status} once", 0
                continue
            asked = _retry_after(response.headers.get("Retry-After"))
            is_limit = status == 429 or (status == 403 and asked is not None)
            if is_limit or status == 408 or (status >= 500 and status not in (501, 505)):
                problem = f"status {status}"
                if asked is not None and asked > plan.max_wait_seconds:
                    raise self.stop(
                        f"{problem}, and it asks to wait {asked:.0f} s",
                        "run the feed later; the run tries again by itself",
                        f"{plan.max_wait_seconds:.0f} s",
                        is_passing=True,
                    )
                wait = max(wait, asked or 0)
                continue
            if status != 200:
                raise self._bad_status(status, body, page)
            self.behind = _behind(response.headers)
            return answer, response.links.get("next", {}).get("url")
        raise self.stop(
            f"{problem}, {attempts} times in a row",
            "check whether the office's API is up and reachable from here; the run tries again by itself"
            + if_behind_the_end(page),
            is_passing=True,
        )

    def _get(self, url: str | None, params: Mapping[str, Any]) -> tuple[requests.Response, bytes]:
        """Send one request and read its whole answer, following redirects on this host."""
        plan = self._plan
        given = {name: value for name, value in params.items() if value is not None}
        url = url or self._base + plan.path.lstrip("/")
        for _ in range(_REDIRECTS + 1):
            time.sleep(max(0.0, self._next_at - time.monotonic()))
            self._next_at = time.monotonic() + plan.seconds_between_requests
            with self._session.request(
                plan.method,
                url,
                params=given if plan.method == "GET" else None,
                json=given if plan.method == "POST" else None,
                headers={"Accept": "application/json", **plan.headers, **self._secret},
                timeout=plan.timeout_seconds,
                allow_redirects=False,
                stream=True,
            ) as response:
                if response.is_redirect and plan.method == "GET":
                    url, given = self.same_host(urljoin(response.url, response.headers["Location"])), {}
                    continue
                # within one read, too: a chunk's length may come byte by byte
                with _hung_up_after(_PATIENCE * plan.timeout_seconds + 1, getattr(response.raw, "its_socket", None)):
                    return response, self._body(response)
        raise self.stop(f"more than {_REDIRECTS} redirects", "check source.path")

    def _body(self, response: requests.Response) -> bytes:
        plan = self._plan
        deadline = time.monotonic() + _PATIENCE * plan.timeout_seconds
        body = bytearray()
        # read1 hands over what has arrived, so that neither size nor slowness can go unnoticed.
        while chunk := response.raw.read1(65_536, decode_content=True):
            body += chunk
            if len(body) > plan.max_response_bytes:
                raise self.stop(
                    f"an answer of more than {plan.max_response_bytes / 1e6:g} MB",
                    "ask for smaller pages (source.page_size), or raise source.max_response_mb",
                )
            if time.monotonic() > deadline:
                raise requests.exceptions.Timeout("the answer took too long")
        return bytes(body)

    def _bad_status(self, status: int, body: bytes, page: int) -> SourceError:
        steps = {
            401: "check the connection's login and password, and source.auth in feed.yml",
            403: "ask the office to allow this login to read the resource",
            404: "check source.path and the connection's host; ask the office whether the resource has moved",
        }
        try:
            said = what_it_says(json.loads(body))
        except ValueError:
            said = ""
        return self.stop(
            f"status {status}{said}",
            steps.get(status, "check the options of the source in feed.yml") + if_behind_the_end(page),
            "200",
        )

    def _parsed(self, response: requests.Response, body: bytes) -> Any:
        kind = response.headers.get("Content-Type", "").lower()
        beginning = body[:512].lstrip(b"\xef\xbb\xbf \t\r\n")
        if "html" not in kind and beginning.startswith(b"<") and ("xml" in kind or beginning.startswith(b"<?xml")):
            raise self.stop(
                "the answer is XML",
                "ask for JSON by source.headers ({Accept: application/json}) or source.params, as the API's description says",
                "JSON",
            )
        if "html" in kind or beginning.startswith(b"<"):
            raise self.stop(
                "the answer is a web page, perhaps a login page",
                "check the connection's login and host, and source.auth in feed.yml",
                "JSON",
            )
        charset = re.search(r"charset=\"?([\w-]+)", kind)
        try:
            text = body.decode(
                self._plan.encoding or (charset[1] if charset and charset[1] != "utf-8" else "utf-8-sig")
            )
            return parsed(text)
        except (ValueError, LookupError, RecursionError) as error:
            # What the parser fell over is part of its message; its place is enough.
            place = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
            problem = str(error) if isinstance(error, UnusableJsonError) else f"{type(error).__name__}{place}"
            if body.startswith(b"\x1f\x8b"):
                problem = "it is compressed twice, or its Content-Encoding is missing"
            elif isinstance(error, json.JSONDecodeError) and error.msg == "Extra data":
                problem = f"something follows its end{place}: JSON lines?"
            elif re.match(rb"[\w.$]+\(", beginning):
                problem = "a call is around it: JSONP, which source.params may ask for"
            step = "the run tries again by itself; if it stays so, show the office this message"
            if isinstance(error, UnicodeDecodeError) and not body.startswith(b"\x1f\x8b"):
                step = "declare source.encoding in feed.yml (gb18030 of older systems), or show the office this message"
            raise self.stop(
                f"the answer of {len(body)} bytes is not JSON that can be read ({problem})",
                step,
                is_passing=True,
            ) from None


def _base_url(credentials: Credentials, where: str) -> str:
    """Give scheme, host and port, the way Airflow's own HTTP hook reads a connection."""
    host = credentials.host or ""
    scheme = credentials.schema if credentials.schema in ("http", "https") else None
    base = host if "://" in host else f"{scheme or 'https' * (credentials.conn_type == 'https') or 'http'}://{host}"
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise SourceError(
            where,
            "the connection's host is no address of an API",
            allowed="https://name or a name; login and password have their own fields",
            next_step="correct the connection's host",
        )
    if credentials.port and parts.port is None:
        base = base.replace(parts.netloc, f"{parts.netloc}:{credentials.port}", 1)
    return base.rstrip("/") + "/"


def _reason(error: Exception) -> str:
    """Say what broke, without the URL and its parameters that the message would repeat."""
    text = str(error)
    if isinstance(error, requests.exceptions.Timeout) or "timed out" in text.lower():
        return "no answer in time"
    found = re.search(r"\[Errno -?\d+\] [\w ]+", text)
    return f"the connection broke ({found[0] if found else type(error).__name__})"


def _retry_after(header: str | None) -> float | None:
    """Give the seconds to wait that a Retry-After header asks for; it holds seconds or a date."""
    if not header:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _behind(headers: Mapping[str, str]) -> timedelta:
    """How far the server's clock is behind ours, by the Date of an answer that no cache gave."""
    try:
        moment = parsedate_to_datetime(headers["Date"])
    except (KeyError, ValueError):
        return timedelta()
    return timedelta() if "Age" in headers else datetime.now(UTC) - moment.replace(tzinfo=moment.tzinfo or UTC)
