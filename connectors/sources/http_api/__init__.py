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
                    {dotted path: value} of an answer with status 200. It is asked for twice. An answer with records that
                    says so is the last page. Without end and total, answers that say that there is more stop the pull.
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

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pyarrow as pa

from connectors.credentials import Credentials
from connectors.sources import NO_USES, ROW_NUMBER, Delivery, Unreadable, Window, plain
from connectors.sources.http_api.asking import Api
from connectors.sources.http_api.packing import MOST_FIELDS, TooMuchError, batches_of, packed
from connectors.sources.http_api.pages import CappedError, Moves, read_pages
from connectors.sources.http_api.plan import Plan
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

# readings of an API of which the records move
_PULLS: Final = 4
# what is remembered of a record besides its page
_BYTES_OF_A_RECORD: Final = 150
# names of encodings in feed.yml, and their codecs
_ENCODINGS: Final = {"utf-8": "utf-8-sig", "big5": "big5"} | dict.fromkeys(("gb18030", "gbk", "gb2312"), "gb18030")


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


def _plan(options: Mapping[str, Any], where: str) -> Plan:
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
    return Plan(
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
    plan: Plan,
    credentials: Credentials,
    window: Window,
    where: str,
    exclude: frozenset[str],
    expected: frozenset[str],
) -> Iterator[Delivery]:
    with Api(plan, credentials, where) as api:
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
    yield Delivery(label=plan.path or "/", header=names, batches=batches_of(pages, kept), unreadable=unreadable)


def _still(
    plan: Plan, api: Api, window: Window, exclude: frozenset[str]
) -> tuple[dict[str, None], list[Unreadable], list[pa.Buffer]]:
    """Pull until the records have not moved meanwhile: the fields, what is unreadable, and the pages.

    Raises:
        SourceError: They moved each time.
    """
    before: Moves | None = None
    fact = ""
    for _ in range(_PULLS):
        header: dict[str, None] = {}  # in the order in which fields were first seen
        unreadable: list[Unreadable] = []
        pages: list[pa.Buffer] = []
        first, moves, size = 1, Moves(), 0
        try:
            for records in read_pages(plan, api, window, moves):
                first += len(records)
                try:
                    pages.append(packed(records, first - len(records), header, unreadable, exclude))
                    size += pages[-1].size
                    is_too_much = size + _BYTES_OF_A_RECORD * first > plan.max_pull_bytes
                except TooMuchError:
                    is_too_much = True
                if is_too_much:
                    raise api.stop(
                        f"{first - 1:,} records of {len(header):,} fields are more than one pull may hold",
                        "ask for a shorter time (source.since_param), or raise source.max_pull_mb if there are that many",
                        f"{plan.max_pull_bytes / 1e6:g} MB in memory, {MOST_FIELDS:,} fields",
                    )
        except CappedError as capped:
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
