"""The HTTP protocol against a real server on loopback that misbehaves on purpose."""

from __future__ import annotations

import base64
import gzip
import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.credentials import Credentials
from connectors.sources import Delivery, Window, protocol
from tests.connectors.sources.consuming import only, table_of
from warehouse.errors import DeclarationError, SourceError

TOKEN = "t0ken/with+signs=="
UNTIL = datetime(2026, 2, 1, tzinfo=UTC)


@dataclass
class Request:
    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    body: bytes
    at: float


@dataclass
class Answer:
    """What the server says: JSON, or `raw`; `drip` seconds between bytes, `cut` bytes short of its length."""

    value: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    drip: float = 0
    cut: int = 0
    is_chunked: bool = False


class Server:
    """A server with answers that a test writes."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.answer: Callable[[Request], Answer | Any] = lambda _: Answer(status=404)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                params = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
                request = Request(self.command, parts.path, params, dict(self.headers), body, time.monotonic())
                outer.requests.append(request)
                answer = outer.answer(request)
                self.say(answer if isinstance(answer, Answer) else Answer(answer))

            do_POST = do_GET  # noqa: N815 - the name is http.server's

            def say(self, answer: Answer) -> None:
                content = json.dumps(answer.value).encode() if answer.raw is None else answer.raw
                self.send_response_only(answer.status)  # without a Date of its own
                headers = {"Content-Type": "application/json"} | answer.headers
                headers |= (
                    {"Transfer-Encoding": "chunked"} if answer.is_chunked else {"Content-Length": str(len(content))}
                )
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                content = content[: len(content) - answer.cut]
                try:
                    if answer.is_chunked:
                        for start in range(0, len(content), 100):
                            piece = content[start : start + 100]
                            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                        self.wfile.write(b"0\r\n\r\n")
                    elif answer.drip:
                        for byte in content:
                            self.wfile.write(bytes([byte]))
                            self.wfile.flush()
                            time.sleep(answer.drip)
                    else:
                        self.wfile.write(content)
                except OSError:
                    pass  # the client has had enough
                if answer.cut or answer.drip:
                    self.close_connection = True

            def log_message(self, *_: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def credentials(self) -> Credentials:
        return Credentials("http", host="http://127.0.0.1", port=self.http.server_port, login="park", password=TOKEN)


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    yield found
    found.http.shutdown()
    found.http.server_close()


def pull(server: Server, *, window: Window | None = None, exclude: tuple[str, ...] = (), **options: Any) -> Delivery:
    options = {"path": "/firms", "backoff_seconds": 0.01, "timeout_seconds": 5, **options}
    return only(
        protocol("http_api").deliveries(
            options,
            server.credentials,
            window or Window(since=None, until=UNTIL),
            "registration",
            exclude=frozenset(exclude),
            expected=frozenset({"id", "name"}),
        )
    )


def rows(delivery: Delivery) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = table_of(delivery).to_pylist()
    return found


def ids(delivery: Delivery) -> list[int]:
    return [int(row["id"]) for row in rows(delivery)]


def firms(start: int, end: int) -> list[dict[str, Any]]:
    return [{"id": n, "name": f"企业{n}"} for n in range(start, min(end, 251))]


# --- pages ----------------------------------------------------------------------------------------------------------


def test_pages_by_number_until_an_empty_one(server: Server) -> None:
    """The server caps its pages at 100: a page shorter than asked for is not the last, and what it counts pages by is unknown."""

    def answer(request: Request) -> Any:
        first = (int(request.params["page"]) - 1) * 100 + 1
        return {"data": {"rows": firms(first, first + 100)}}

    server.answer = answer
    delivery = pull(server, records="data.rows", pagination="page", size_param="size", page_size=500)
    assert ids(delivery) == list(range(1, 251))
    reading = [{"page": str(n), "size": "100"} for n in range(1, 6)]
    assert [request.params for request in server.requests] == [
        *({"page": str(n), "size": "500"} for n in (1, 2)),
        *reading,
        *reading,
    ]
    assert delivery.label == "/firms"
    assert delivery.header == ("id", "name")


def test_the_total_saves_the_empty_page_and_shows_a_short_pull(server: Server) -> None:
    server.answer = lambda request: {"total": 250, "data": firms(int(request.params["page"]) * 100 + 1, 10**6)[:100]}
    options: dict[str, Any] = {"records": "data", "total": "total", "pagination": "page", "first_page": 0}
    assert ids(pull(server, until_param="to", **options)) == list(range(1, 251))
    assert len(server.requests) == 3
    assert ids(pull(server, **options)) == list(range(1, 251))
    assert len(server.requests) == 3 + 2 * 3, "without an interval that has ended, all is read twice"
    server.answer = lambda request: {"total": "251", "data": firms(int(request.params["page"]) * 100 + 1, 10**6)[:100]}
    with pytest.raises(SourceError, match="gave 250 of 251 records") as stop:
        pull(server, **options)
    assert stop.value.is_passing


@pytest.mark.parametrize("pagination", ["page", "offset"])
def test_a_total_that_counts_its_page_stops(server: Server, pagination: str) -> None:
    def page(request: Request) -> dict[str, Any]:
        first = int(request.params.get("offset", (int(request.params.get("page", 1)) - 1) * 100))
        data = firms(first + 1, 251)[:100]
        return {"total": len(data), "data": data}

    server.answer = page
    with pytest.raises(SourceError, match="gave 200 records where total is 100"):
        pull(server, records="data", total="total", pagination=pagination)


@pytest.mark.parametrize(
    "behind",
    [
        {"data": [], "total": 100},
        {"data": None},
        Answer(status=404),
        {"code": 500, "msg": "没有更多"},
        {"code": 1, "msg": "暂无数据"},
        "first",
    ],
)
def test_behind_the_only_page_an_api_says_in_many_ways_that_there_is_none(server: Server, behind: Any) -> None:
    first = {"total": 100, "data": firms(1, 101)}
    server.answer = lambda request: first if behind == "first" or request.params["page"] == "1" else behind
    delivery = pull(server, records="data", total="total", pagination="page", retries=0)
    assert ids(delivery) == list(range(1, 101))


@pytest.mark.parametrize(
    ("behind", "end"),
    [
        (Answer({}, status=500), 500),
        (Answer({}, status=400), 400),
        (Answer({}, status=403), 403),
        ({"code": 500, "msg": "系统繁忙"}, {"code": 500}),
        ({"code": 403, "msg": "暂无权限"}, {"code": 403}),
        ({"code": -1, "msg": "没有数据权限"}, {"code": -1}),
    ],
)
@pytest.mark.parametrize("total", [100, None])
def test_a_later_page_that_cannot_be_read_stops_unless_it_is_the_declared_end(
    server: Server, behind: Any, end: Any, total: int | None
) -> None:
    """A total that counts its own page looks complete: 100 of 250 records would land where page 2 fails."""
    first = {"data": firms(1, 101)} | ({"total": total} if total else {})
    options: dict[str, Any] = {"records": "data", "pagination": "page", "retries": 1}
    options |= {"total": "total"} if total else {}
    server.answer = lambda request: first if request.params["page"] == "1" else behind
    with pytest.raises(SourceError, match=r"It was page 2.*source\.end"):
        pull(server, **options)
    assert ids(pull(server, **options, end=end)) == list(range(1, 101))


def test_one_answer_without_a_page_is_no_end(server: Server) -> None:
    """A page between others that is not there once: the end is asked for twice."""
    missing = iter([Answer(status=404)])

    def answer(request: Request) -> Any:
        page = int(request.params["page"])
        return next(missing, None) or firms(2, 3) if page == 2 else firms(page, page + 1) if page < 4 else []

    server.answer = answer
    assert ids(pull(server, pagination="page", end=404)) == [1, 2, 3]
    server.answer = lambda _: Answer(status=404)
    with pytest.raises(SourceError, match="status 404"):
        pull(server, pagination="page", end=404)


@pytest.mark.parametrize("head", ["application/json", "application/json; charset=ISO-8859-1"])
def test_the_encoding_of_answers_that_say_none_or_a_wrong_one(server: Server, head: str) -> None:
    content = json.dumps([{"id": 1, "name": "江屿科技"}], ensure_ascii=False).encode("gb18030")
    server.answer = lambda _: Answer(raw=content, headers={"Content-Type": head})
    assert rows(pull(server, encoding="gbk"))[0]["name"] == "江屿科技"
    if "charset" not in head:
        with pytest.raises(SourceError, match=r"UnicodeDecodeError.*source\.encoding"):
            pull(server)


class Moving:
    """An API over firms 1 to 30, ten a page, edited while it is read."""

    def __init__(self, *edits: Callable[[list[int]], None], total: bool = True) -> None:
        self.firms, self.edits, self.has_total = list(range(1, 31)), list(edits), total

    def __call__(self, request: Request) -> Any:
        page = int(request.params["page"])
        if page == 2 and self.edits:
            self.edits.pop(0)(self.firms)
        data = [{"id": n, "name": f"甲{n}"} for n in self.firms[10 * page - 10 : 10 * page]]
        return {"data": data} | ({"total": len(self.firms)} if self.has_total else {})

    @property
    def options(self) -> dict[str, Any]:
        return {"records": "data", "pagination": "page"} | ({"total": "total"} if self.has_total else {})


def test_records_that_move_while_they_are_read_are_read_again(server: Server) -> None:
    """One deleted on page 1 pulls the eleventh to page 1, which was read already; one that is added brings one twice."""
    server.answer = moving = Moving(lambda firms: firms.remove(3))
    assert ids(pull(server, **moving.options)) == [n for n in range(1, 31) if n != 3]
    server.answer = moving = Moving(lambda firms: firms.insert(0, 99), lambda firms: firms.remove(3))
    assert ids(pull(server, **moving.options)) == [99, 1, 2, *range(4, 31)]
    server.answer = moving = Moving(lambda firms: firms.insert(0, 99), total=False)
    assert ids(pull(server, **moving.options)) == [99, *range(1, 31)]


@pytest.mark.parametrize("quiet", [0, 1])
def test_a_record_that_is_passed_over_without_a_total(server: Server, quiet: int) -> None:
    """Deleted on page 1, it pulls the eleventh to page 1: nothing but a second reading shows that."""
    server.answer = moving = Moving(*[lambda _: None] * quiet, lambda firms: firms.remove(3), total=False)
    assert ids(pull(server, **moving.options)) == [n for n in range(1, 31) if n != 3]


def test_a_record_that_is_passed_over_under_an_equal_total(server: Server) -> None:
    """In the order of changes, what is changed moves from the first page to the last."""
    server.answer = moving = Moving(lambda firms: firms.append(firms.pop(2)))
    assert ids(pull(server, **moving.options)) == [1, 2, *range(4, 31), 3]


def test_records_that_are_added_between_readings_need_no_third(server: Server) -> None:
    server.answer = moving = Moving(lambda _: None, lambda firms: firms.append(99), total=False)
    assert ids(pull(server, **moving.options)) == [*range(1, 31), 99]
    assert len(server.requests) == 5 + 6


def test_records_that_hold_the_time_of_asking_are_not_compared(server: Server) -> None:
    pages = Moving(total=False)

    def answer(request: Request) -> Any:
        return {"data": [record | {"asked": len(server.requests)} for record in pages(request)["data"]]}

    server.answer = answer
    assert ids(pull(server, **pages.options)) == list(range(1, 31))


@pytest.mark.parametrize("empty", [1, 2])
def test_an_empty_page_in_the_middle_is_not_the_end(server: Server, empty: int) -> None:
    """Servers take out what a login may not see after they made the page."""
    pages = Moving(total=False)
    server.answer = lambda request: {"data": []} if request.params["page"] == str(empty) else pages(request)
    assert ids(pull(server, **pages.options)) == [n for n in range(1, 31) if (n - 1) // 10 + 1 != empty]


@pytest.mark.parametrize("behind", [Answer({"detail": "Invalid page."}, 404), {"data": None, "msg": "没有更多数据"}])
def test_behind_an_empty_page_there_may_be_none(server: Server, behind: Any) -> None:
    pages = Moving(total=False)
    server.answer = lambda request: behind if int(request.params["page"]) > 4 else pages(request)
    assert ids(pull(server, **pages.options)) == list(range(1, 31))


def test_a_server_that_caps_pages_and_counts_them_by_what_was_asked(server: Server) -> None:
    def answer(request: Request) -> Any:
        size = int(request.params["size"])
        first = (int(request.params["page"]) - 1) * size + 1
        return firms(first, first + min(size, 100))

    server.answer = answer
    assert ids(pull(server, pagination="page", size_param="size", page_size=500)) == list(range(1, 251))


def test_the_clock_of_a_server_that_is_behind(server: Server) -> None:
    """What it records after the last pull has a time of before it."""
    behind = timedelta(hours=3)
    server.answer = lambda _: Answer(firms(1, 2), headers={"Date": format_datetime(datetime.now(UTC) - behind)})
    pull(server, window=Window(since=UNTIL, until=UNTIL), since_param="from")
    (first, second) = (datetime.fromisoformat(request.params["from"]) for request in server.requests)
    assert UNTIL - first == timedelta(hours=1)
    assert behind <= UNTIL - second < behind + timedelta(minutes=10)


def test_a_cursor_that_stays_behind_the_last_record_is_the_end(server: Server) -> None:
    server.answer = lambda request: {
        "data": firms(1, 3) if "cursor" not in request.params else [],
        "next": "2",
    }
    assert ids(pull(server, records="data", pagination="cursor", next="next")) == [1, 2]


def test_records_that_move_each_time_are_not_landed(server: Server) -> None:
    server.answer = moving = Moving(*[lambda firms: firms.remove(firms[0])] * 4)
    with pytest.raises(
        SourceError, match="moved while they were read, 4 times: the total changed from 27 to 26"
    ) as stop:
        pull(server, **moving.options)
    assert stop.value.is_passing


def test_records_that_are_twice_are_taken_twice(server: Server) -> None:
    server.answer = moving = Moving()
    moving.firms[20] = 5
    assert sorted(ids(pull(server, **moving.options))) == sorted(moving.firms)
    assert len(server.requests) == 8, (
        "pulled twice, to see that they are there, and each time the page behind, that there is no more"
    )


def test_pages_by_offset_go_on_from_what_came(server: Server) -> None:
    server.answer = lambda request: firms(int(request.params["start"]) + 1, int(request.params["start"]) + 81)
    options: dict[str, Any] = {"pagination": "offset", "offset_param": "start", "size_param": "limit", "page_size": 100}
    assert ids(pull(server, **options)) == list(range(1, 251))
    assert [request.params["start"] for request in server.requests] == ["0", "80", "160", "240", "250"] * 2


def test_pages_by_cursor(server: Server) -> None:
    def answer(request: Request) -> Any:
        after = int(request.params.get("after", "c0")[1:])
        return {"items": firms(after + 1, after + 101), "paging": {"next": f"c{after + 100}" if after < 200 else None}}

    server.answer = answer
    assert ids(pull(server, records="items", pagination="cursor", cursor_param="after", next="paging.next")) == list(
        range(1, 251)
    )
    assert "after" not in server.requests[0].params


@pytest.mark.parametrize("in_body", [False, True])
def test_pages_by_link(server: Server, in_body: bool) -> None:
    def answer(request: Request) -> Answer:
        first = int(request.params.get("from", "1"))
        following = f"/firms?from={first + 100}&key=%E4%BC%81" if first < 201 else None
        headers = {"Link": f'<{following}>; rel="next", </firms>; rel="first"'} if following and not in_body else {}
        return Answer(
            {"items": firms(first, first + 100), "links": {"next": following if in_body else None}}, 200, headers
        )

    server.answer = answer
    options: dict[str, Any] = {"records": "items", "pagination": "link", "params": {"sort": "id"}}
    if in_body:
        options["next"] = "links.next"
    assert ids(pull(server, **options)) == list(range(1, 251))
    assert server.requests[1].params == {"from": "101", "key": "企"}


def test_a_page_that_repeats_stops_the_pull(server: Server) -> None:
    server.answer = lambda _: {"data": firms(1, 101)}
    with pytest.raises(SourceError, match=r"page 2 repeats page 1.*check source\.pagination"):
        pull(server, records="data", pagination="page")
    server.answer = lambda request: {"data": firms(1 + int(request.params["page"]) % 3 * 10, 10**6)[:10]}
    with pytest.raises(SourceError, match="page 4 repeats page 1"):
        pull(server, records="data", pagination="page")


def test_a_cursor_that_repeats_and_pages_without_end_stop(server: Server) -> None:
    server.answer = lambda _: {"data": [{"id": len(server.requests)}], "next": "same"}
    with pytest.raises(SourceError, match="the next cursor is the one just used"):
        pull(server, records="data", pagination="cursor", next="next")
    server.answer = lambda request: {"data": [{"id": request.params["page"]}]}
    with pytest.raises(SourceError, match="more than 7 pages"):
        pull(server, records="data", pagination="page", max_pages=7)


def test_no_records_are_a_delivery_of_no_rows(server: Server) -> None:
    server.answer = lambda _: {"data": [], "total": 0}
    delivery = pull(server, records="data", total="total", pagination="page")
    assert rows(delivery) == []
    assert delivery.header == ("id", "name")
    server.answer = lambda _: {"data": None, "total": 0}
    assert rows(pull(server, records="data", total="total")) == []


# --- values ---------------------------------------------------------------------------------------------------------


def test_numbers_keep_their_digits_and_nested_values_are_json(server: Server) -> None:
    server.answer = lambda _: Answer(
        raw="""[{"id": 1, "amount": 1.10, "large": 913205940001234567890, "tiny": 1E-7, "whole": 1.0, "name": "甲",
        "blank": "", "none": null, "yes": true, "parts": [{"税额": 1.10, "n": [1, "x\\"y", null, false]}], "map": {}},
        {"id": 2, "late": "only here"}]""".encode()
    )
    delivery = pull(server)
    assert rows(delivery) == [
        {
            "row_number": 1,
            "id": "1",
            "amount": "1.10",
            "large": "913205940001234567890",
            "tiny": "1E-7",
            "whole": "1.0",
            "name": "甲",
            "blank": "",
            "none": None,
            "yes": "true",
            "parts": '[{"税额": 1.10, "n": [1, "x\\"y", null, false]}]',
            "map": "{}",
            "late": None,
        },
        {"row_number": 2} | dict.fromkeys(delivery.header) | {"id": "2", "late": "only here"},
    ]


def test_a_field_of_a_later_page_is_in_the_header(server: Server) -> None:
    server.answer = lambda request: {"1": [{"id": 1}], "2": [{"name": "乙", "id": 2}]}.get(request.params["page"], [])
    delivery = pull(server, pagination="page")
    assert delivery.header == ("id", "name")
    assert rows(delivery) == [{"row_number": 1, "id": "1", "name": None}, {"row_number": 2, "id": "2", "name": "乙"}]


def test_what_is_no_record_is_unreadable_and_counted(server: Server) -> None:
    server.answer = lambda _: Answer(raw=b'[{"id": 1}, ["id", 2.50], null, {"id": "\\ud800"}, {"id": 5}]')
    delivery = pull(server)
    assert [(row["row_number"], row["id"]) for row in rows(delivery)] == [(1, "1"), (5, "5")]
    assert [(piece.row_number, piece.text) for piece in delivery.unreadable] == [
        (2, '["id", 2.50]'),
        (3, "null"),
        (4, '{"id": "\\ud800"}'),
    ]


def test_excluded_fields_are_gone_before_anything_is_kept(server: Server) -> None:
    server.answer = lambda _: [{"id": 1, "lerep": "张三", "name": "甲"}, ["张三"]]
    delivery = pull(server, exclude=("lerep",))
    assert delivery.header == ("id", "lerep", "name")
    assert rows(delivery) == [{"row_number": 1, "id": "1", "name": "甲"}]
    assert delivery.unreadable[0].text is None


@pytest.mark.parametrize("charset", ["utf-8", "gb18030", "gbk"])
def test_the_declared_charset_is_used(server: Server, charset: str) -> None:
    content = json.dumps([{"id": 1, "name": "苏州"}], ensure_ascii=False).encode(charset)
    server.answer = lambda _: Answer(raw=content, headers={"Content-Type": f"application/json; charset={charset}"})
    assert rows(pull(server))[0]["name"] == "苏州"


@pytest.mark.parametrize("is_chunked", [False, True])
def test_compressed_answers(server: Server, is_chunked: bool) -> None:
    content = gzip.compress(json.dumps(firms(1, 251)).encode())
    server.answer = lambda _: Answer(raw=content, headers={"Content-Encoding": "gzip"}, is_chunked=is_chunked)
    assert len(ids(pull(server))) == 250


# --- the interval ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "since", "until"),
    [
        ({}, "2026-01-30T23:00:00+00:00", "2026-02-01T00:00:00+00:00"),
        ({"clock": "Asia/Shanghai"}, "2026-01-31T07:00:00+08:00", "2026-02-01T08:00:00+08:00"),
        # of days alone it is unknown whether the API counts the day itself
        ({"time_format": "date", "overlap_minutes": 2880}, "2026-01-28", "2026-02-01"),
        ({"time_format": "%Y%m%d"}, "20260129", "20260201"),
        ({"time_format": "epoch", "overlap_minutes": 0}, "1769817600", "1769904000"),
        ({"time_format": "epoch_ms", "overlap_minutes": 0}, "1769817600000", "1769904000000"),
        ({"time_format": "%Y%m%d%H", "clock": "Asia/Shanghai"}, "2026013107", "2026020108"),
    ],
)
def test_the_interval_is_asked_for(server: Server, options: dict[str, Any], since: str, until: str) -> None:
    server.answer = lambda _: firms(1, 2)
    window = Window(since=UNTIL - timedelta(days=1), until=UNTIL)
    pull(server, window=window, since_param="from", until_param="to", **options)
    assert server.requests[-1].params == {"from": since, "to": until}
    pull(server, window=Window(since=None, until=UNTIL), since_param="from", until_param="to", **options)
    assert server.requests[-1].params == {"to": until}, "the first pull takes everything"


def test_parameters_travel_in_the_body_of_a_post(server: Server) -> None:
    server.answer = lambda request: [] if json.loads(request.body)["pageNo"] > 1 else firms(1, 3)
    delivery = pull(server, method="POST", params={"区": "园区"}, pagination="page", page_param="pageNo")
    assert ids(delivery) == [1, 2]
    assert (server.requests[0].method, json.loads(server.requests[0].body)) == ("POST", {"区": "园区", "pageNo": 1})


# --- credentials ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ("bearer", "Authorization", f"Bearer {TOKEN}"),
        ("basic", "Authorization", "Basic " + base64.b64encode(f"park:{TOKEN}".encode()).decode()),
        ("header", "X-API-Key", TOKEN),
    ],
)
def test_credentials_are_sent_as_declared(server: Server, auth: str, header: str, value: str) -> None:
    server.answer = lambda _: firms(1, 2)
    pull(server, auth=auth)
    assert server.requests[0].headers[header] == value
    pull(server)
    assert TOKEN not in str(server.requests[1].headers)


def test_a_login_in_netrc_is_not_sent(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login other password other-password\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server.answer = lambda _: firms(1, 2)
    pull(server)
    assert "Authorization" not in server.requests[0].headers


@pytest.mark.parametrize("status", [401, 403, 500])
def test_an_api_that_echoes_the_token_does_not_get_it_into_a_message(
    server: Server, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    server.answer = lambda request: Answer({"message": f"bad header {request.headers['Authorization']}"}, status)
    with caplog.at_level(logging.DEBUG), pytest.raises(SourceError, match=f"status {status}") as stop:
        pull(server, auth="bearer", retries=0)
    assert TOKEN not in f"{stop.value} {stop.value!r} {stop.value.__context__!r} {caplog.text}"
    assert stop.value.is_passing == (status == 500)


def test_a_redirect_to_another_host_gets_no_credentials(server: Server) -> None:
    other = Server()
    other.answer = lambda _: firms(1, 2)
    server.answer = lambda _: Answer(
        status=302, headers={"Location": f"http://127.0.0.1:{other.http.server_port}/firms"}
    )
    try:
        with pytest.raises(SourceError, match=r"leads to another host \(http://127.0.0.1:\d+\)"):
            pull(server, auth="bearer")
        server.answer = lambda _: Answer({"d": [{"id": 1}], "n": f"http://localhost:{other.http.server_port}/firms"})
        with pytest.raises(SourceError, match="leads to another host"):
            pull(server, auth="bearer", records="d", pagination="link", next="n")
    finally:
        other.http.shutdown()
        other.http.server_close()
    assert other.requests == []


def test_a_redirect_on_the_same_host_is_followed(server: Server) -> None:
    server.answer = lambda request: (
        firms(1, 3) if request.path == "/v2/firms" else Answer(status=301, headers={"Location": "/v2/firms?page=1"})
    )
    assert ids(pull(server, auth="bearer")) == [1, 2]
    assert server.requests[1].headers["Authorization"] == f"Bearer {TOKEN}"
    server.answer = lambda _: Answer(status=302, headers={"Location": "/firms"})
    with pytest.raises(SourceError, match="more than 5 redirects"):
        pull(server)


@pytest.mark.parametrize(
    ("auth", "credentials", "lacking"),
    [
        ("bearer", Credentials("http", "h"), "password"),
        ("header", Credentials("http", "h", login="park"), "password"),
        ("basic", Credentials("http", "h", login="park"), "login or password"),
        ("basic", Credentials("http", "h", password=TOKEN), "login or password"),
    ],
)
def test_auth_without_its_half_stops_before_asking(auth: str, credentials: Credentials, lacking: str) -> None:
    with pytest.raises(SourceError, match=rf"^f: source\.auth is {auth}, but the connection has no {lacking}\."):
        list(protocol("http_api").deliveries({"auth": auth}, credentials, Window(None, UNTIL), "f"))


@pytest.mark.parametrize(
    "host", ["ftp://h", "", "https://", "http://user:hunter2@h/api"], ids=["scheme", "none", "no-name", "login"]
)
def test_a_host_that_is_no_api_stops(host: str) -> None:
    credentials = Credentials("http", host, password="hunter2")
    with pytest.raises(SourceError, match="no address of an API") as stop:
        list(protocol("http_api").deliveries({}, credentials, Window(None, UNTIL), "f"))
    assert "hunter2" not in str(stop.value)


# --- misbehaviour ---------------------------------------------------------------------------------------------------


def misbehaving(*answers: Answer) -> Callable[[Request], Any]:
    """Give these answers first, then a good one."""
    waiting = list(answers)
    return lambda _: waiting.pop(0) if waiting else firms(1, 4)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_passing_trouble_is_ridden_out(server: Server, status: int) -> None:
    server.answer = misbehaving(Answer(status=status), Answer(raw=b"<html>busy</html>", status=status))
    assert ids(pull(server)) == [1, 2, 3]
    assert len(server.requests) == 3


def test_waits_grow_and_are_not_all_the_same(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.answer = misbehaving(*[Answer(status=503)] * 8)
    waits: list[float] = []
    monkeypatch.setattr("connectors.sources.http_api.asking.time.sleep", lambda seconds: waits.append(seconds))
    pull(server, backoff_seconds=2, retries=8)
    waits = [wait for wait in waits if wait]
    longest = [2, 4, 8, 16, 32, 60, 60, 60]
    assert all(most / 2 <= wait <= most for wait, most in zip(waits, longest, strict=True))
    assert len({wait / most for wait, most in zip(waits, longest, strict=True)}) > 1, "there is jitter"


def test_retry_after_in_seconds_and_as_a_date_is_honoured(server: Server) -> None:
    server.answer = misbehaving(Answer(status=429, headers={"Retry-After": "1"}))
    pull(server)
    assert server.requests[1].at - server.requests[0].at >= 1
    moment = datetime.now(UTC) + timedelta(seconds=2)
    server.answer = misbehaving(Answer(status=503, headers={"Retry-After": format_datetime(moment, usegmt=True)}))
    pull(server)
    assert datetime.now(UTC) >= moment.replace(microsecond=0)


def test_a_wait_longer_than_allowed_is_left_to_the_next_run(server: Server) -> None:
    server.answer = misbehaving(Answer(status=429, headers={"Retry-After": "3600"}))
    with pytest.raises(SourceError, match="asks to wait 3600 s; 300 s allowed") as stop:
        pull(server)
    assert stop.value.is_passing
    assert len(server.requests) == 1


def test_retries_are_bounded(server: Server) -> None:
    server.answer = lambda _: Answer(status=500)
    with pytest.raises(SourceError, match="status 500, 3 times in a row") as stop:
        pull(server, retries=2)
    assert stop.value.is_passing
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 501])
def test_what_will_not_pass_is_not_tried_again(server: Server, status: int) -> None:
    server.answer = lambda _: Answer({"msg": "参数错误"}, status)
    with pytest.raises(SourceError, match=rf"status {status} \(msg 参数错误\); 200 allowed") as stop:
        pull(server)
    assert not stop.value.is_passing
    assert len(server.requests) == 1


def test_an_answer_cut_short_is_asked_for_again(server: Server) -> None:
    server.answer = misbehaving(Answer(firms(1, 100), cut=50))
    assert ids(pull(server)) == [1, 2, 3]
    server.answer = lambda _: Answer(firms(1, 100), cut=50)
    with pytest.raises(SourceError, match="the connection broke") as stop:
        pull(server, retries=1)
    assert stop.value.is_passing


def test_silence_and_endless_dripping_end_in_time(server: Server) -> None:

    def sleep(_: Request) -> list[Any]:
        time.sleep(0.6)
        return []

    server.answer = sleep
    with pytest.raises(SourceError, match="no answer in time, 2 times in a row"):
        pull(server, timeout_seconds=0.2, retries=1)
    server.answer = lambda _: Answer(firms(1, 100), drip=0.05)
    begun = time.monotonic()
    with pytest.raises(SourceError, match="no answer in time"):
        pull(server, timeout_seconds=0.1, retries=0)
    assert time.monotonic() - begun < 20, "the whole answer would take two minutes"


def test_a_server_that_is_not_there(server: Server) -> None:
    server.http.shutdown()
    server.http.server_close()
    with pytest.raises(SourceError, match=r"\[Errno 111\] Connection refused.*2 times in a row") as stop:
        pull(server, retries=1, auth="bearer", params={"key": "value-of-key"})
    assert stop.value.is_passing
    assert "value-of-key" not in str(stop.value)


def test_the_speed_limit_is_kept(server: Server) -> None:
    server.answer = lambda request: (
        firms(int(request.params["page"]), int(request.params["page"]) + 1)[:1] * (int(request.params["page"]) < 6)
    )
    pull(server, pagination="page", requests_per_second=20)
    assert len(server.requests) == 2 * 7
    assert server.requests[-1].at - server.requests[0].at > 0.2


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            Answer(raw=b"<!DOCTYPE html><title>Login</title>", headers={"Content-Type": "text/html"}),
            "perhaps a login page",
        ),
        (Answer(raw=b"\n <html>"), "perhaps a login page"),
        (Answer(raw=b"<?xml version='1.0'?><rows/>"), r"the answer is XML; .*Accept: application/json"),
        (Answer(raw=b"\xef\xbb\xbf<rows/>", headers={"Content-Type": "text/xml"}), "the answer is XML"),
        (Answer(raw=b'jQuery1.cb({"data": []})'), "JSONP, which source.params may ask for"),
        (Answer(raw=gzip.compress(b"[]")), r"Content-Encoding is missing\)\. Next: the run tries again"),
        (Answer(raw=b'{"data": [{"id": 1}, {"id"'), r"not JSON that can be read \(JSONDecodeError at character 26\)"),
        (Answer(raw=b""), "answer of 0 bytes is not JSON"),
        (Answer(raw=b'{"data": [{"id": 1, "id": 2}]}'), "a field twice"),
        (Answer(raw=b"\xd5\xc5\xc8\xfd"), "UnicodeDecodeError"),
        (Answer(raw=b"[" * 100_000), "RecursionError"),
        (Answer({"rows": [], "code": "500"}), r"the answer says code 500;"),
        (
            Answer({"data": None, "msg": "token expired"}),
            "the answer says msg token expired;",
        ),
        (Answer({"data": {"id": 1}}), "data is not a list"),
        (Answer([]), "data is not there"),
    ],
)
def test_answers_that_are_no_data_stop(server: Server, answer: Answer, message: str) -> None:
    server.answer = lambda _: answer
    with pytest.raises(SourceError, match=message):
        pull(server, records="data", retries=0)


def test_an_error_with_status_200_is_an_error(server: Server) -> None:
    """Said by the body only, beside an empty list: without `success` it would pass for a day without records."""
    server.answer = lambda _: {"code": 500, "msg": "系统繁忙", "data": []}
    with pytest.raises(SourceError, match=r"answer's code is '500' \(code 500, msg 系统繁忙\); '0' allowed"):
        pull(server, records="data", success={"code": 0})
    server.answer = lambda _: {"code": 0, "ok": True, "data": firms(1, 2)}
    assert ids(pull(server, records="data", success={"code": 0, "ok": True})) == [1]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"code": 500, "msg": "系统繁忙"}, "code 500"),
        ({"code": -1}, "code -1"),
        ({"code": "50001", "total": 0}, "code 50001"),
        ({"success": False, "code": 0}, "success false"),
        ({"errcode": 40001}, "errcode 40001"),
        ({"status": "fail"}, "status fail"),
        ({"error": {"type": "auth"}}, "an error"),
        ({"ret": -1}, "ret -1"),
        ({"resultCode": "E0001"}, "resultCode E0001"),
        ({"flag": False}, "flag false"),
        ({"isSuccess": "N"}, "isSuccess N"),
        ({"state": "fail"}, "state fail"),
        ({"header": {"code": "9999"}}, "code 9999"),
        ({"returnCode": "1", "returnMsg": "未授权"}, "returnMsg 未授权"),
        ({"code": 1, "msg": "token expired"}, "msg token expired"),
        ({"code": 200, "msg": "数据同步中，请稍后再试"}, "msg 数据同步中"),
        ({"code": 200, "msg": "接口调用次数已用完"}, "msg 接口调用次数已用完"),
        ({"resp": {"head": {"rtnCode": "999999"}}}, "rtnCode 999999"),
        ({"code": "0", "subCode": "isv.token", "subMsg": "token无效"}, "subMsg token无效"),
        ({"took": 5, "timed_out": True}, "timed_out true"),
        ({"meta": {"incomplete_results": True}}, "incomplete_results true"),
        ({"timed_out": False, "partial": 0}, None),
        ({"returnCode": "1", "returnMsg": "查询成功"}, None),
        ({"errno": 0, "errmsg": "no error", "result": "ok"}, None),
        ({"header": {"code": "0000", "msg": "操作成功，无异常"}}, None),
        ({"errors": [], "err": None, "status": 1}, None),
        ({"no": 404, "pageNo": 500}, None),
        ({"code": 0}, None),
        ({"code": 200, "msg": "ok", "success": True}, None),
        ({"code": 200, "msg": "已过滤无效数据3条"}, None),
        ({"resp": {"head": {"rtnCode": "000000", "dict": {"state": {"fail": "失败"}}}}}, None),
        ({"code": "00000", "errcode": 0}, None),
        ({"code": 1, "status": "success", "error": None}, None),
        ({}, None),
    ],
)
def test_an_error_beside_records_or_none_is_an_error_without_a_word_in_the_declaration(
    server: Server, answer: dict[str, Any], says: str | None
) -> None:
    server.answer = lambda _: answer | {"data": []}
    if says is None:
        assert ids(pull(server, records="data", retries=0)) == []
        return
    for data in ([], firms(1, 2)):
        beside = answer | {"data": data}
        server.answer = lambda _, beside=beside: beside  # type: ignore[misc]
        with pytest.raises(SourceError, match=rf"the answer says {says}.*source\.success"):
            pull(server, records="data", retries=0)


@pytest.mark.parametrize(("declared", "said"), [(0, "00000"), (128, "0200"), (True, "yes")])
def test_a_word_that_yaml_reads_as_something_else_belongs_in_quotes(server: Server, declared: Any, said: str) -> None:
    server.answer = lambda _: {"code": said, "data": firms(1, 2)}
    with pytest.raises(SourceError, match=f"write '{said}' in quotes in feed.yml"):
        pull(server, records="data", success={"code": declared})
    assert ids(pull(server, records="data", success={"code": said})) == [1]


@pytest.mark.parametrize("total", [None, "many", -1, 1.5])
def test_a_total_that_is_none_stops(server: Server, total: Any) -> None:
    server.answer = lambda _: {"data": firms(1, 3), "total": total}
    with pytest.raises(SourceError, match="total is"):
        pull(server, records="data", total="total")


def test_a_total_of_pages_stops(server: Server) -> None:
    server.answer = lambda request: {"data": firms(int(request.params["page"]) * 3 - 2, 7)[:3], "total": 2}
    with pytest.raises(SourceError, match=r"gave 3 records where total is 2.*count something else, pages perhaps"):
        pull(server, records="data", total="total", pagination="page", size_param="size", page_size=3)


def test_an_answer_too_large_stops_even_when_it_is_small_on_the_wire(server: Server) -> None:
    server.answer = lambda _: Answer(raw=gzip.compress(b" " * 50_000_000), headers={"Content-Encoding": "gzip"})
    with pytest.raises(SourceError, match="an answer of more than 2 MB"):
        pull(server, max_response_mb=2)


def test_a_field_called_row_number_stops(server: Server) -> None:
    server.answer = lambda _: [{"row_number": 5}]
    with pytest.raises(SourceError, match="a field is called 'row_number'"):
        pull(server)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pagination": "pages"}, "pagination is 'pages'; one of none, page, offset, cursor, link allowed"),
        ({"pagination": "cursor"}, r"source\.next is missing"),
        ({"page_size": 5}, "belong together"),
        ({"size_param": "n", "page_size": 0}, r"page_size is 0"),
        ({"time_format": "unix"}, "time_format is 'unix'"),
        ({"retries": -1}, "retries is -1"),
        ({"auth": "digest"}, "auth is 'digest'"),
        ({"colour": "red"}, r"source\.colour is not an option"),
        ({"params": "a=b"}, "params is 'a=b'"),
        ({"requests_per_second": True}, "requests_per_second is True"),
    ],
)
def test_wrong_options_stop_before_anything_is_asked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        protocol("http_api").deliveries(options, Credentials("http", "h"), Window(None, UNTIL), "f")


@pytest.mark.parametrize(
    ("beside", "says"),
    [
        ({"total": 12}, "total 12"),
        ({"page": {"totalElements": 12, "number": 0}}, "totalElements 12"),
        ({"meta": {"paging": {"record_count": "4"}}}, "record_count 4"),
        ({"pages": 3, "pageNum": 1}, "pages 3"),
        ({"total_page": 2}, "total_page 2"),
        ({"hasNextPage": True}, "hasNextPage true"),
        ({"has_more": 1}, "has_more 1"),
        ({"isLastPage": False}, "isLastPage false"),
        ({"truncated": "Y"}, "truncated y"),
        ({"next_cursor": "abc"}, "next_cursor abc"),
        ({"@odata.nextLink": "/firms?$skip=3"}, "@odata.nextLink /firms"),
        ({"links": {"next": "/firms?page=2"}}, "next /firms"),
        (
            {"total": 3, "pages": 1, "hasMore": False, "next": None, "isLastPage": True, "nextPage": 0, "last": "x"},
            None,
        ),
        ({"count": 2, "totalAmount": 99.5, "totalCount": "n/a", "pageSize": 1000, "nextUpdate": "2026-11-30"}, None),
    ],
)
def test_one_answer_that_says_there_is_more_stops_unless_it_is_declared_to_be_all(
    server: Server, beside: dict[str, Any], says: str | None
) -> None:
    server.answer = lambda _: beside | {"data": firms(1, 4)}
    if says is None:
        assert ids(pull(server, records="data")) == [1, 2, 3]
        return
    with pytest.raises(
        SourceError, match=f"there are 3 records in the answer, and it says {re.escape(says)}.*`pagination: none`"
    ):
        pull(server, records="data")
    assert ids(pull(server, records="data", pagination="none")) == [1, 2, 3]


def test_a_link_to_a_next_page_that_no_pagination_follows_stops(server: Server) -> None:
    server.answer = lambda _: Answer(firms(1, 4), headers={"Link": '</firms?page=2>; rel="next"'})
    with pytest.raises(SourceError, match=r"it says Link /firms\?page=2: there seem to be more"):
        pull(server)


@pytest.mark.parametrize(
    "text",
    [
        "查询结果超过1000条，仅返回前1000条",
        "查询成功，仅返回前1000条",
        "超出最大查询条数",
        "结果已截断",
        "the result was truncated",
    ],
)
def test_an_answer_that_says_it_was_cut_off_stops(server: Server, text: str) -> None:
    server.answer = lambda _: {"code": 0, "message": text, "data": firms(1, 4)}
    with pytest.raises(SourceError, match=r"the answer says message .*source\.success"):
        pull(server, records="data", retries=0)
