"""Pull records from a JSON API, page by page, until the API has no more.

Options in feed.yml under `source:`

    path            Path of the resource, below the connection's host.
    method          GET (default) or POST; with POST the parameters travel as a JSON body.
    params          Parameters that never change: {key: value}.
    headers         Headers that never change and are not secret.
    success         What every answer must hold, {dotted path: value}, for APIs that report errors with status 200.
    encoding        Of the answers, where neither they nor UTF-8 are right: gb18030 (also gbk, gb2312) or big5.
    records         Dotted path to the list of records (default: the answer is the list).
    total           Dotted path to the number of records there are; fewer than that is an error. Where it is the number on
                    the first page, a second one is asked for all the same: it may count each page.

    pagination      none, page, offset, cursor or link. Left out it is none, too, but an answer stops then that says that there
                    is more (hasNext, totalPages, a total above its records); a declared none takes it as it is.
    page_param      Parameter for the number of the page (default page); first_page: the first one's number (default 1).
    offset_param    Parameter for how many records to pass over (default offset).
    cursor_param    Parameter for the cursor (default cursor); next: dotted path to the next cursor.
    next            For link: dotted path to the next page's URL, where it is not in the Link header.
    size_param      Parameter for the size of a page, and page_size: that size. A page that is shorter does not end the
                    pull (servers cap sizes): an empty page does, or the total. Without a total, a first page that is shorter
                    than asked for, with another one behind it, makes the pull begin anew with that size.
    end             What an answer behind the last page is where it is not an empty page: a status (404), or
                    {dotted path: value} of an answer with status 200. It is asked for twice.
    max_pages       Pages after which something must be wrong (default 100,000).

    since_param     Parameter for the end of the last accepted pull; left out on the first pull.
    until_param     Parameter for the end of this run's interval.
    time_format     iso (default), date, epoch, epoch_ms, or a pattern such as "%Y%m%d%H%M%S".
    clock           Time zone of these times (default UTC).
    overlap_minutes How far before the end of the last pull to begin again, for records that were late (default 60). Where the
                    server's clock (its Date) is further behind than that, as far as it is; a day more where time_format has no hour.

    auth            none (default), basic (login and password), bearer or header (the password is the token).
    auth_header     Header for `auth: header` (default X-API-Key).

    retries         How often a page is asked for again after 429, 5xx or a broken connection (default 5).
    backoff_seconds Wait before the first of these (default 1), doubled each time up to a minute, with jitter.
    max_wait_seconds        Longest wait that the API may ask for by Retry-After (default 300).
    timeout_seconds Silence after which a connection counts as broken (default 30); an answer may take ten times that.
    requests_per_second     Speed limit of the API (default: none).
    max_response_mb Largest answer that is read (default 64).
    max_pull_mb     Memory in which the pages of one pull wait, compressed (default 512).

Connections: http, with host (https://… or a name), port, login, password; extra.ca_file for an office's own certificate
authority. Redirects are followed on the same host only, so credentials go nowhere else.

Values arrive as text: numbers with the digits that the API wrote (1.10 stays 1.10), true and false, nested values as
JSON. All pages are read before the first row is handed over: a pull that stops half-way lands nothing, and fields that
only some records have are known from the start. Pages wait compressed in memory, never on disk.

Records that move while they are read come twice or not at all. Where the total changes between pages, or a record of one
page is on another one too, all is pulled again, four times at most; records that are twice in two pulls alike are so. A
record that is passed over shows in nothing but the total of an interval that has ended. Without total and until_param,
several pages (by number, offset or link) are read until a second reading has all that the one before it had; where no
record is as before, each has the time of asking in it.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import logging
import random
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final, NoReturn
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo

import pyarrow as pa
import requests
import urllib3

from connectors.credentials import Credentials
from connectors.sources import NO_USES, ROW_NUMBER, Delivery, Unreadable, Window, plain
from connectors.sources.options import Options
from warehouse.errors import SourceError

OPTIONS: frozenset[str] = frozenset(
    {
        "path",
        "method",
        "params",
        "headers",
        "success",
        "records",
        "total",
        "pagination",
        "page_param",
        "first_page",
        "offset_param",
        "cursor_param",
        "next",
        "size_param",
        "page_size",
        "end",
        "encoding",
        "max_pages",
        "since_param",
        "until_param",
        "time_format",
        "clock",
        "overlap_minutes",
        "auth",
        "auth_header",
        "retries",
        "backoff_seconds",
        "max_wait_seconds",
        "timeout_seconds",
        "requests_per_second",
        "max_response_mb",
        "max_pull_mb",
    }
)

ASKED: frozenset[str] = frozenset({"path", "method", "params", "records"})

_log = logging.getLogger(__name__)

_LONGEST_BACKOFF_SECONDS: Final = 60
_REDIRECTS: Final = 5
_PULLS: Final = 4
# an answer may take so many times the silence after which a connection counts as broken
_PATIENCE: Final = 10
# what is remembered of a record besides its page
_BYTES_OF_A_RECORD: Final = 150
# sent, read and rounded to seconds, the time of an answer is no older than that
_OF_AN_ANSWER: Final = timedelta(seconds=5)
_HAS_HOURS: Final = re.compile("%[HIcXs]")
# that there is no such page, where one is looked for behind an empty one
_NO_SUCH_PAGE: Final = frozenset({400, 404, 416, 422})
# 10, 20, 50, 100, …: where servers cut pages off; and, where nothing was said of pages, answers
_ROUND: Final = re.compile("[125]0+")
_ANSWER_OF_MANY: Final = 100
_FIELDS: Final = 10_000
_DIGITS: Final = 18
_CELLS: Final = 20_000_000
_jitter: Final = random.SystemRandom()


# not 暂无权限, 没有数据权限, 无数据库连接
_NO_MORE: Final = re.compile(
    r"(?:没有|暂无|无)(?:更多|(?:更多)?(?:数据|记录)(?!权限|库|源|访问))|\bno more\b|\bno data\b(?! (?:access|permission))",
    re.IGNORECASE,
)
# names of encodings in feed.yml, and their codecs
_ENCODINGS: Final = {"utf-8": "utf-8-sig", "big5": "big5"} | dict.fromkeys(("gb18030", "gbk", "gb2312"), "gb18030")


class _Number(str):
    """A number of the answer, as the API wrote it."""

    __slots__ = ()


@dataclass(frozen=True)
class _Plan:
    """The options, read."""

    path: str
    method: str
    params: Mapping[str, Any]
    headers: Mapping[str, str]
    success: Mapping[str, Any]
    records: str
    total: str | None
    pagination: str
    is_one_answer: bool  # declared, not only the default
    page_param: str
    first_page: int
    offset_param: str
    cursor_param: str
    next: str | None
    size: Mapping[str, int]
    is_size_given: bool  # by the server
    end: int | Mapping[str, Any] | None
    encoding: str | None
    max_pages: int
    since_param: str | None
    until_param: str | None
    time_format: str
    clock: ZoneInfo
    overlap: timedelta
    auth: str
    auth_header: str
    retries: int
    backoff_seconds: float
    max_wait_seconds: float
    timeout_seconds: float
    seconds_between_requests: float
    max_response_bytes: int
    max_pull_bytes: int


def deliveries(
    options: Mapping[str, Any],
    credentials: Credentials,
    window: Window,
    where: str,
    *,
    exclude: frozenset[str] = frozenset(),
    expected: frozenset[str] = frozenset(),
    uses: Mapping[str, str] = NO_USES,  # noqa: ARG001 - values keep their own types here
) -> Iterator[Delivery]:
    """Pull the API: one delivery, see `connectors.sources.Source.deliveries`."""
    return _pull(_plan(options, where), credentials, window, where, exclude, expected)


def _plan(options: Mapping[str, Any], where: str) -> _Plan:
    read = Options(options, OPTIONS, where)
    pagination = read.choice("pagination", ("none", "page", "offset", "cursor", "link"), "none")
    if pagination == "cursor" and not read.has("next"):
        read.refuse("next", "is missing", "the dotted path to the next cursor")
    if read.has("size_param") != read.has("page_size"):
        read.refuse("page_size", "and source.size_param belong together", "both or none")
    time_format = read.text("time_format", "iso")
    if "%" not in time_format:
        read.choice("time_format", ("iso", "date", "epoch", "epoch_ms"), "iso")
    per_second = read.number("requests_per_second", 0)
    return _Plan(
        path=read.text("path", ""),
        method=read.choice("method", ("GET", "POST"), "GET"),
        params=read.mapping("params"),
        headers={name: str(value) for name, value in read.mapping("headers").items()},
        success=read.mapping("success"),
        records=read.text("records", ""),
        total=read.text("total", None),
        pagination=pagination,
        is_one_answer=read.has("pagination") and pagination == "none",
        page_param=read.text("page_param", "page"),
        first_page=read.whole("first_page", 1),
        offset_param=read.text("offset_param", "offset"),
        cursor_param=read.text("cursor_param", "cursor"),
        next=read.text("next", None),
        size={read.text("size_param"): read.whole("page_size", 1, 1)} if read.has("size_param") else {},
        is_size_given=False,
        end=read.mapping("end") or None if isinstance(options.get("end"), Mapping) else read.whole("end", 0) or None,
        encoding=_ENCODINGS[read.choice("encoding", tuple(_ENCODINGS), "utf-8")] if read.has("encoding") else None,
        max_pages=read.whole("max_pages", 100_000, 1),
        since_param=read.text("since_param", None),
        until_param=read.text("until_param", None),
        time_format=time_format,
        clock=read.zone("clock"),
        overlap=timedelta(minutes=read.number("overlap_minutes", 60)),
        auth=read.choice("auth", ("none", "basic", "bearer", "header"), "none"),
        auth_header=read.text("auth_header", "X-API-Key"),
        retries=read.whole("retries", 5),
        backoff_seconds=read.number("backoff_seconds", 1),
        max_wait_seconds=read.number("max_wait_seconds", 300),
        timeout_seconds=read.number("timeout_seconds", 30, 0.01),
        seconds_between_requests=1 / per_second if per_second else 0,
        max_response_bytes=int(read.number("max_response_mb", 64) * 1_000_000),
        max_pull_bytes=int(read.number("max_pull_mb", 512) * 1_000_000),
    )


def _pull(
    plan: _Plan,
    credentials: Credentials,
    window: Window,
    where: str,
    exclude: frozenset[str],
    expected: frozenset[str],
) -> Iterator[Delivery]:
    with _Api(plan, credentials, where) as api:
        try:
            header, unreadable, pages = _still(plan, api, window, exclude)
        except RecursionError:
            raise api.stop(
                "a value is nested too deep", "show the office this message: its records have objects within objects"
            ) from None
    if ROW_NUMBER in header:
        raise api.stop(
            f"a field is called {ROW_NUMBER!r}, which every batch has of its own", "ask the office to rename it"
        )
    # Where there is no record there is no field either; what is declared is what would have come.
    names = tuple(header) or tuple(sorted(expected))
    kept = [name for name in names if plain(name) not in exclude]
    yield Delivery(label=plan.path or "/", header=names, batches=_batches(pages, kept), unreadable=unreadable)


def _still(
    plan: _Plan, api: _Api, window: Window, exclude: frozenset[str]
) -> tuple[dict[str, None], list[Unreadable], list[pa.Buffer]]:
    """Pull until the records have not moved meanwhile: the fields, what is unreadable, and the pages.

    Raises:
        SourceError: They moved each time.
    """
    before: _Moves | None = None
    fact = ""
    for _ in range(_PULLS):
        header: dict[str, None] = {}  # in the order in which fields were first seen
        unreadable: list[Unreadable] = []
        pages: list[pa.Buffer] = []
        first, moves, size = 1, _Moves(), 0
        try:
            for records in _pages(plan, api, window, moves):
                first += len(records)
                try:
                    pages.append(_packed(records, first - len(records), header, unreadable, exclude))
                    size += pages[-1].size
                    is_too_much = size + _BYTES_OF_A_RECORD * first > plan.max_pull_bytes
                except _TooMuchError:
                    is_too_much = True
                if is_too_much:
                    raise api.stop(
                        f"{first - 1:,} records of {len(header):,} fields are more than one pull may hold",
                        "ask for a shorter time (source.since_param), or raise source.max_pull_mb if there are that many",
                        f"{plan.max_pull_bytes / 1e6:g} MB in memory, {_FIELDS:,} fields",
                    )
        except _CappedError as capped:
            return _still(replace(plan, size=capped.size, is_size_given=True), api, window, exclude)
        is_sure = len(pages) < 2 or plan.pagination == "cursor" or bool(plan.total and plan.until_param)
        if (moves.fact is None and (is_sure or moves.has_all_of(before))) or moves.is_as(before):
            return header, unreadable, pages
        if moves.fact or before:
            fact = moves.fact or "each reading lacked records of the one before"
            _log.info("%s: %s: pulled again", api.where, fact)
        before = moves
    raise SourceError(
        api.where,
        f"the records moved while they were read, {_PULLS} times: {fact}",
        next_step="nothing was landed; the run tries again by itself. If it stays so, run it when the office is not writing, "
        "ask for records in the order in which they were made, or declare source.total and source.until_param",
        is_passing=True,
    )


class _CappedError(Exception):
    """The server gives smaller pages than were asked for: whether it counts them by its own size or by ours is unknown."""

    def __init__(self, size: Mapping[str, int]) -> None:
        super().__init__()
        self.size = size


class _Moves:
    """Whether records moved from page to page while they were read.

    Attributes:
        fact: How that showed; None while nothing did.
        digest: What was read; None where it is known to be incomplete.
    """

    def __init__(self) -> None:
        self.fact: str | None = None
        self._all = hashlib.sha256()
        self._is_whole = True
        self._pages: dict[int, int] = {}
        self._total: int | None = None

    @property
    def digest(self) -> bytes | None:
        return self._all.digest() if self._is_whole else None

    def is_as(self, before: _Moves | None) -> bool:
        """Whether the reading before gave the same."""
        return before is not None and self.digest is not None and self.digest == before.digest

    def has_all_of(self, before: _Moves | None) -> bool:
        """Whether no record of the reading before is missing here, or none can be compared: all hold the time of asking."""
        if before is None:
            return False
        return before._pages.keys() <= self._pages.keys() or before._pages.keys().isdisjoint(self._pages)

    def read(self, page: int, records: list[Any]) -> bytes:
        """Note the records of a page; gives its digest."""
        whole = hashlib.sha256()
        for record in records:
            digest = hashlib.sha256(_json(record).encode("utf-8", "surrogatepass")).digest()
            whole.update(digest)
            earlier = self._pages.setdefault(int.from_bytes(digest[:8], "big"), page)
            if earlier != page and self.fact is None:
                self.fact = f"a record of page {earlier} is on page {page} too"
        self._all.update(whole.digest())
        return whole.digest()

    def note_total(self, total: int) -> None:
        """Note the total that a page states."""
        if self._total is not None and total != self._total:
            self.fact, self._is_whole = f"the total changed from {self._total} to {total}", False
        self._total = total


def _batches(pages: list[pa.Buffer], names: list[str]) -> Iterator[pa.RecordBatch]:
    schema = pa.schema([(ROW_NUMBER, pa.int64()), *((name, pa.string()) for name in names)])
    if not pages:
        yield pa.RecordBatch.from_pylist([], schema)
    for page in pages:
        with pa.ipc.open_stream(page) as reader:
            batch = reader.read_next_batch()
        missing = pa.nulls(batch.num_rows, pa.string())
        arrays = [batch.column(name) if name in batch.schema.names else missing for name in schema.names]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _packed(
    records: list[Any], first: int, header: dict[str, None], unreadable: list[Unreadable], exclude: frozenset[str]
) -> pa.Buffer:
    """Turn a page into text columns, note its fields, and compress it."""
    numbers: list[int] = []
    rows: list[dict[str, str | None]] = []
    for number, record in enumerate(records, first):
        problem = None
        row: dict[str, str | None] = {}
        if isinstance(record, dict) and not all(map(_is_unicode, record)):
            problem = "a field's name holds half a character (an unpaired surrogate)"
        elif isinstance(record, dict):
            header.update(dict.fromkeys(record))
            row = {name: _text(value) for name, value in record.items() if plain(name) not in exclude}
            if any(value is not None and not _is_unicode(value) for value in row.values()):
                problem = "it holds half a character (an unpaired surrogate)"
        else:
            problem = "the record is not an object with named fields"
        if problem:
            text = None if exclude else _json(record).encode("utf-8", "backslashreplace").decode()
            unreadable.append(Unreadable(number, problem, text))
        else:
            numbers.append(number)
            rows.append(row)
    names = [name for name in header if plain(name) not in exclude and name != ROW_NUMBER]
    if len(names) > _FIELDS or len(names) * len(rows) > _CELLS:
        raise _TooMuchError
    arrays = [pa.array([row.get(name) for row in rows], pa.string()) for name in names]
    batch = pa.RecordBatch.from_arrays(
        [pa.array(numbers, pa.int64()), *arrays],
        schema=pa.schema([(ROW_NUMBER, pa.int64()), *((name, pa.string()) for name in names)]),
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _text(value: Any) -> str | None:
    if value is None or type(value) is str:
        return value
    return str(value) if isinstance(value, _Number) else _json(value)


def _json(value: Any) -> str:
    """Write a value as JSON with its numbers as they came; the json module would put them in quotes."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_json(name)}: {_json(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_json, value)) + "]"
    return str(value) if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)


# --- pages ----------------------------------------------------------------------------------------------------------


def _pages(plan: _Plan, api: _Api, window: Window, moves: _Moves) -> Iterator[list[Any]]:
    """Ask for page after page; ends when the API has no more or the total changes, stops where it does not add up."""
    params = {**plan.params, **plan.size, **_interval(plan, window)}
    seen: dict[bytes, int] = {}
    rows, total = 0, None
    is_behind_empty = False
    only: list[Any] | None = None  # the records of a first page that seems to be the only one
    url: str | None = None
    first = {"page": {plan.page_param: plan.first_page}, "offset": {plan.offset_param: 0}}
    params |= first.get(plan.pagination, {})
    for page in range(1, plan.max_pages + 1):
        if only is not None and _is_all(plan, api, params, only):
            break
        only = None
        end = _NO_SUCH_PAGE if is_behind_empty and plan.end is None else plan.end
        answer, link = api.ask(url, params if url is None or plan.method == "POST" else {}, page, end)
        if page == 1 and plan.since_param in params and api.behind > plan.overlap + _OF_AN_ANSWER:
            # what was recorded after the last pull may have a time of before it
            params |= _interval(plan, window, api.behind)
            answer, link = api.ask(url, params, page, end)
        is_end = answer is _END or (is_behind_empty and _says_no_more(plan, answer))
        records = [] if is_end else _records(plan, api, answer, page)
        if page == 2 and plan.total is None:
            _hold_to_size(plan, rows, records)
        if records:
            # One digest a page: an API that ignores its parameters would otherwise be read for ever.
            digest = moves.read(page, records)
            if digest in seen:
                raise api.stop(
                    f"page {page} repeats page {seen[digest]}",
                    "the API seems to ignore what asks for the next page: check source.pagination and its parameter",
                )
            seen[digest] = page
            yield records
        rows += len(records)
        if plan.total is not None and answer is not _END:
            total = _total(plan, api, answer)
            moves.note_total(total)
            if moves.digest is None:
                return
        is_last = not records or (total is not None and rows >= total)
        if plan.pagination == "page" and total is None and not is_end:
            # a server that takes records out of its pages can have an empty one in the middle; so can one that is busy
            is_last, is_behind_empty = not records and is_behind_empty, not records
        if plan.pagination == "none":
            if not plan.is_one_answer and total is None:
                _refuse_a_part(api, answer, len(records), link)
            break
        if page == 1 and records and rows == total and plan.pagination in ("page", "offset"):
            # a total that counts the records of its page looks so, too: the next page shows it
            is_last, only = False, records
        if plan.pagination == "page":
            params[plan.page_param] = plan.first_page + page
        elif plan.pagination == "offset":
            params[plan.offset_param] = rows
        elif plan.pagination == "cursor":
            after = _find(answer, plan.next or "")
            is_last = after in (None, "", False) or (not records and params.get(plan.cursor_param) == str(after))
            if not is_last and params.get(plan.cursor_param) == str(after):
                raise api.stop(
                    "the next cursor is the one just used", "ask the office how its API says that it has no more"
                )
            params[plan.cursor_param] = None if is_last else str(after)
        else:
            target = _find(answer, plan.next) if plan.next else link
            is_last = not target
            url = api.same_host(str(target)) if target else None
        if is_last:
            break
    else:
        raise api.stop(f"more than {plan.max_pages} pages", "raise source.max_pages if there are that many")
    if total is not None:
        _hold_to_total(plan, api, rows, total)


def _refuse_a_part(api: _Api, answer: Any, count: int, link: str | None) -> None:
    if said := _says_more(answer, count, link):
        raise api.stop(
            f"there are {count} records in the answer, and it {said}: there seem to be more",
            "declare source.pagination in feed.yml, and source.total; or `pagination: none` if this one answer is all",
        )


def _hold_to_size(plan: _Plan, rows: int, records: list[Any]) -> None:
    """Begin anew where the first page is shorter than asked for, but not the last, or its number is one at which servers cut pages off."""
    is_short = any(0 < rows < size for size in plan.size.values()) and not plan.is_size_given
    if is_short and plan.pagination == "page" and (records or _ROUND.fullmatch(str(rows))):
        raise _CappedError(dict.fromkeys(plan.size, rows))


def _hold_to_total(plan: _Plan, api: _Api, rows: int, total: int) -> None:
    if rows > total:
        raise api.stop(
            f"{plan.path} gave {rows} records where {plan.total} is {total}",
            "it seems to count something else, pages perhaps: correct source.total in feed.yml, or ask the office",
            "as many records as the total",
        )
    if rows < total:
        raise SourceError(
            api.where,
            f"{plan.path} gave {rows} of {total} records",
            next_step="nothing was landed; the run tries again by itself. If it stays so, check source.pagination, "
            "and ask the office whether the login may see all records",
            is_passing=True,
        )


def _is_all(plan: _Plan, api: _Api, params: Mapping[str, Any], first: list[Any]) -> bool:
    """Return whether there is nothing behind the first page: no records, the same ones again, or an answer that there is no page.

    Raises:
        SourceError: The second page cannot be read. It may hold records: the total may count those of each page.
    """
    answer, _ = api.ask(None, params, 2, 404 if plan.end is None else plan.end)
    if answer is _END or _says_no_more(plan, answer):
        return True
    return _records(plan, api, answer, 2) in ([], first)


def _says_no_more(plan: _Plan, answer: Any) -> bool:
    return not _find(answer, plan.records) and bool(_NO_MORE.search(_said(answer)))


def _interval(plan: _Plan, window: Window, behind: timedelta = timedelta()) -> dict[str, str]:
    found = {}
    if plan.since_param and window.since is not None:
        # of days alone it is unknown whether the API counts the day itself
        is_day = plan.time_format == "date" or ("%" in plan.time_format and not _HAS_HOURS.search(plan.time_format))
        early = max(plan.overlap, behind) + timedelta(days=is_day)
        found[plan.since_param] = _time_text(plan, window.since - early)
    if plan.until_param:
        found[plan.until_param] = _time_text(plan, window.until)
    return found


def _time_text(plan: _Plan, moment: datetime) -> str:
    local = moment.astimezone(plan.clock)
    if plan.time_format == "iso":
        return local.isoformat()
    if plan.time_format == "date":
        return local.date().isoformat()
    if plan.time_format == "epoch":
        return str(int(moment.timestamp()))
    if plan.time_format == "epoch_ms":
        return str(int(moment.timestamp() * 1000))
    return local.strftime(plan.time_format)


_NOT_THERE: Final = object()
_END: Final = object()
"""In place of an answer: there is no such page."""
# -1, 401, 50001, 9999, E0001, "fail": never what an answer says of itself when all is well
_ERROR_CODE: Final = re.compile(r"-\d+|[45]\d\d|[45]\d{4}|9{3,6}|E\d+|err(?:or)?|fail(?:ed|ure)?|false", re.IGNORECASE)
# how answers call what they say of themselves: isSuccess, flag; retCode, resultCode, err_code, state; errmsg, returnMsg
_STATE_NAME: Final = re.compile(r"(?:is_?)?(?:success(?:ful)?|ok)|flag", re.IGNORECASE)
# that a part is missing, on whatever page; isTruncated may only mean that there is a next one
_PART_NAME: Final = re.compile(r"(?:is_?)?(?:partial|incomplete)(?:_?results?)?|timed_?out", re.IGNORECASE)
_CODE_NAME: Final = re.compile(
    r"(?:(?:ret|rtn|result|return|resp|rsp|response|err|error|biz|sub|status|state)_?(?:code|no|status|state)|code|status|state|ret|err|result)",
    re.IGNORECASE,
)
_MESSAGE_NAME: Final = re.compile(r"\w*(?:msg|message|desc|reason)", re.IGNORECASE)
_ERROR_WORDS: Final = re.compile(
    r"失败|错误|出错|异常|无权|权限不足|未授权|未登录|过期|失效|超时|繁忙|稍[后候]再?试|(?:同步|更新|加载|维护)中|\b(?:invalid|denied|expired|failed|failure|error|unauthori[sz]ed|forbidden)\b",
    re.IGNORECASE,
)
# 查询成功，仅返回前1000条: all is well with a part
_CUT_WORDS: Final = re.compile(
    r"截断|[仅只](?:返回|显示|查询)|超[过出].{0,12}(?:条|上限|限制)|\btruncated\b", re.IGNORECASE
)
_NO_ERROR_WORDS: Final = re.compile(r"成功|无错误|没有错误|\b(?:no errors?|success)\b", re.IGNORECASE)


def _find(answer: Any, path: str) -> Any:
    """Follow a dotted path; None where it leads nowhere."""
    found = _follow(answer, path)
    return None if found is _NOT_THERE else found


def _follow(answer: Any, path: str) -> Any:
    for name in path.split(".") if path else ():
        if not isinstance(answer, dict) or name not in answer:
            return _NOT_THERE
        answer = answer[name]
    return answer


def _records(plan: _Plan, api: _Api, answer: Any, page: int) -> list[Any]:
    for path, wanted in plan.success.items():
        found = _find(answer, path)
        if _text(found) != _text(wanted):
            fact = f"the answer's {path} is {_text(found)!r}{_said(answer)}"
            raise api.stop(fact, "ask the office what this means" + _later(page), repr(_text(wanted)))
    records = _follow(answer, plan.records)
    if not plan.success and (said := _says_error(answer)):
        more = _said(answer)
        raise api.stop(
            f"the answer says {said}{'' if more == f' ({said})' else more}",
            "ask the office what this means; declare what a good answer says as source.success in feed.yml"
            + _later(page),
            "an answer that says that all is well",
        )
    if isinstance(records, list):
        return records
    if records is None and (page > 1 or (plan.total is not None and _find(answer, plan.total) == "0")):
        return []
    what = "is not there" if records is _NOT_THERE else f"is {'null' if records is None else 'not a list'}"
    there = f"; the answer has {', '.join(map(str, answer)) or 'nothing'}" if isinstance(answer, dict) else ""
    raise api.stop(
        f"{plan.records or 'the answer'} {what}{there}{_said(answer)}",
        "correct source.records in feed.yml, or ask the office what this answer means",
        "a list of records",
    )


def _says_error(answer: Any) -> str:
    """Give what an answer, or one of its parts, says where it seems to be an error: APIs report them with status 200."""
    if not isinstance(answer, dict):
        return ""
    for part in (answer, *(value for value in answer.values() if isinstance(value, dict))):
        for name, value in part.items():
            text = "" if isinstance(value, dict | list) else (_text(value) or "")
            is_error = (
                (_STATE_NAME.fullmatch(name) and text.casefold() in ("false", "n", "no"))
                or (_PART_NAME.fullmatch(name) and text.casefold() in ("true", "1", "y", "yes"))
                or (_CODE_NAME.fullmatch(name) and (_ERROR_CODE.fullmatch(text) or _is_set(name, text)))
                or (_MESSAGE_NAME.fullmatch(name) and (_CUT_WORDS.search(text) or _is_failure(text)))
            )
            if is_error:
                return f"{name} {text[:40]}"
    return "an error" if answer.get("error") else ""


def _is_failure(message: str) -> bool:
    return bool(_ERROR_WORDS.search(message)) and not _NO_ERROR_WORDS.search(message)


# how answers say that they are a part: hasNextPage, isTruncated; isLastPage; totalCount, recordsTotal; totalPages; nextCursor
_MORE_NAME: Final = re.compile(r"(?:is|has|have)?(?:next(?:page)?|more|truncated)")
_LAST_NAME: Final = re.compile(r"(?:is)?last(?:page)?")
_TOTAL_NAME: Final = re.compile(
    r"total(?:count|num|number|records?|elements?|rows?|size|hits)?|(?:records?|rows?)?(?:total|count)|numfound"
)
_PAGES_NAME: Final = re.compile(r"(?:total)?pages?(?:count|total)?|lastpage")
_MOST_PARTS: Final = 50
_NEXT_NAME: Final = re.compile(r"(?:odata)?next(?:page)?(?:url|link|cursor|token)?|continuation(?:token)?")


def _says_more(answer: Any, count: int, link: str | None) -> str:
    """Give what an answer of `count` records says where it seems to be the first of several pages, or cut off."""
    parts = [answer] if isinstance(answer, dict) else []
    for part in parts:
        for name, value in part.items():
            if isinstance(value, dict) and len(parts) < _MOST_PARTS:
                parts.append(value)
            text = "" if isinstance(value, list | dict) else (_text(value) or "").casefold()
            plain_name = re.sub(r"[^a-z]", "", name.casefold())
            number = int(text) if text.isdecimal() and len(text) <= _DIGITS else 0
            is_more = (
                (_MORE_NAME.fullmatch(plain_name) and text in ("true", "1", "y", "yes"))
                or (_LAST_NAME.fullmatch(plain_name) and text in ("false", "n", "no"))
                or (_TOTAL_NAME.fullmatch(plain_name) and number > count)
                or (_PAGES_NAME.fullmatch(plain_name) and number > 1)
                or (_NEXT_NAME.fullmatch(plain_name) and text not in ("", "0", "-1", "null", "false"))
            )
            if is_more:
                return f"says {name} {text[:40]}"
    if link:
        return f"says Link {link[:40]}"
    return (
        "is a number at which servers cut answers off"
        if count >= _ANSWER_OF_MANY and _ROUND.fullmatch(str(count))
        else ""
    )


def _is_set(name: str, text: str) -> bool:
    """Return whether a code of errors alone, errcode or err_no, is another than 0."""
    return name.casefold().startswith("err") and bool(text.strip("0")) and text.casefold() not in ("false", "ok")


def _total(plan: _Plan, api: _Api, answer: Any) -> int:
    found = _find(answer, plan.total or "")
    if not isinstance(found, str) or not found.isdecimal() or len(found) > _DIGITS:
        raise api.stop(
            f"{plan.total} is {(_text(found) or 'null')[:200]!r}",
            "correct source.total in feed.yml",
            "a number of records",
        )
    return int(found)


def _said(answer: Any) -> str:
    """Give what an answer says of itself, where it says anything."""
    names = ("code", "status", "error", "msg", "message", "detail")
    said = [
        f"{name} {_text(answer[name])}"
        for name in names
        if isinstance(answer, dict) and isinstance(answer.get(name), str) and answer[name]
    ]
    text = "".join(sign if sign.isprintable() else " " for sign in ", ".join(said)[:200])
    return f" ({text})" if said else ""


# --- a head that comes byte by byte -----------------------------------------------------------------------------------


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


# --- one request ----------------------------------------------------------------------------------------------------


class _Api:
    """The API behind one connection: keeps its pace, its retries, its bounds and its secrets."""

    def __init__(self, plan: _Plan, credentials: Credentials, where: str) -> None:
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

    def __enter__(self) -> _Api:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def stop(self, fact: str, next_step: str, allowed: str | None = None, is_passing: bool = False) -> SourceError:
        """Make the error for what the API answers."""
        fact = self._credentials.redact(f"{self._plan.path}: {fact}")
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
                "if the office has moved its API, set the connection's host to the new one",
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

        The answer is _END where there is no such page, by `end`, twice in a row; the first page is always one.
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
            if page > 1 and end is not None and _is_end(end, status, answer):
                ends += 1
                if ends > 1:
                    return _END, None
                problem, wait = f"status {status} once", 0
                continue
            if status in (408, 429) or (status >= 500 and status not in (501, 505)):
                problem = f"status {status}"
                asked = _retry_after(response.headers.get("Retry-After"))
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
            + _later(page),
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
            said = _said(json.loads(body))
        except ValueError:
            said = ""
        return self.stop(
            f"status {status}{said}",
            steps.get(status, "check the options of the source in feed.yml") + _later(page),
            "200",
        )

    def _parsed(self, response: requests.Response, body: bytes) -> Any:
        kind = response.headers.get("Content-Type", "").lower()
        if "html" in kind or body[:512].lstrip().startswith(b"<"):
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
            return json.loads(
                text,
                parse_int=_Number,
                parse_float=_Number,
                parse_constant=_no_number,
                object_pairs_hook=_object,
            )
        except (ValueError, LookupError, RecursionError) as error:
            # What the parser fell over is part of its message; its place is enough.
            place = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
            problem = str(error) if isinstance(error, _UnusableJsonError) else f"{type(error).__name__}{place}"
            if body.startswith(b"\x1f\x8b"):
                problem = "it is compressed twice, or its Content-Encoding is missing"
            elif isinstance(error, json.JSONDecodeError) and error.msg == "Extra data":
                problem = f"something follows its end{place}: JSON lines?"
            step = "the run tries again by itself; if it stays so, show the office this message"
            if isinstance(error, UnicodeDecodeError):
                step = "declare source.encoding in feed.yml (gb18030 of older systems), or show the office this message"
            raise self.stop(
                f"the answer of {len(body)} bytes is not JSON that can be read ({problem})",
                step,
                is_passing=True,
            ) from None


def _is_end(end: int | Mapping[str, Any] | frozenset[int], status: int, answer: Any) -> bool:
    """Return whether an answer is the one behind the last page, as source.end declares it."""
    if isinstance(end, frozenset):
        return status in end
    if isinstance(end, Mapping):
        return status == 200 and all(_text(_find(answer, path)) == _text(value) for path, value in end.items())
    return status == end


def _later(page: int) -> str:
    return (
        f". It was page {page}: if the API says so that it has no more, declare that as source.end" if page > 1 else ""
    )


class _TooMuchError(Exception):
    """More fields than any table has: fields that only some records have are columns of all."""


class _UnusableJsonError(ValueError):
    """JSON that parsers read, each in its own way."""


def _no_number(name: str) -> NoReturn:
    raise _UnusableJsonError(f"{name} is no JSON number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _UnusableJsonError("an object has a field twice")
    return found


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
