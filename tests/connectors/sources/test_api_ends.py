"""How APIs say that there is more, or no more: all records come, or the pull stops.

After what people report of paged APIs: cursors that are renamed, flags, clamped pages, totals that end, links of proxies.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.connectors.sources.test_http_api import Answer, Request, Server, firms, ids, pull, rows, server
from warehouse.errors import SourceError

__all__ = ["server"]
ALL = list(range(1, 251))
_CURSOR: dict[str, Any] = {"pagination": "cursor", "records": "data.list", "next": "data.next"}


def _cursor(said: dict[str, Any], *, last: dict[str, Any]) -> Any:
    """An API with a cursor: what each page says beside its records, and the last one."""

    def answer(request: Request) -> Any:
        start = int(request.params.get("cursor", "0"))
        more = {name: str(start + 100) if value == "CURSOR" else value for name, value in said.items()}
        return {"data": {"list": firms(start + 1, start + 101)} | (more if start < 200 else last)}

    return answer


@pytest.mark.parametrize(
    "last",
    [
        {"next": 0, "hasMore": False},
        {"next": "-1"},
        {"next": "null"},
        {"has_more": False, "next": "200"},  # the cursor of the last page
        {},
    ],
)
def test_the_last_page_of_a_cursor(server: Server, last: dict[str, Any]) -> None:
    server.answer = _cursor({"next": "CURSOR", "has_more": True}, last=last)
    assert ids(pull(server, **_CURSOR)) == ALL


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"nextCursor": "CURSOR"}, "on 1 page, and an answer says nextCursor 100: there seem to be more"),
        ({"hasMore": True}, "says hasMore true"),
        ({"totalCount": 250}, "says totalCount 250"),
        ({}, "is a number at which servers cut answers off"),
    ],
)
def test_a_cursor_that_is_not_where_it_is_declared_stops(server: Server, said: dict[str, Any], message: str) -> None:
    server.answer = _cursor(said, last=said)
    with pytest.raises(SourceError, match=message):
        pull(server, **_CURSOR)


def test_a_link_that_is_not_where_it_is_declared_stops(server: Server) -> None:
    server.answer = lambda _: {"items": firms(1, 31), "links": {"next": "/firms?page=2"}}
    with pytest.raises(SourceError, match=r"30 records on 1 page, and an answer says next /firms\?page=2"):
        pull(server, records="items", pagination="link", next="next")


def _page(request: Request, name: str = "page") -> list[dict[str, Any]]:
    start = 100 * int(request.params[name]) - 99
    return firms(start, start + 100)


@pytest.mark.parametrize("state", [{"total": 250}, {"page": {"totalCount": "250"}}, {"pages": 4}, {"hasMore": True}])
def test_pages_that_are_empty_before_their_end_stop(server: Server, state: dict[str, Any]) -> None:
    """An API that is asked too often gives empty pages with status 200."""
    server.answer = lambda request: {"list": [] if request.params["page"] > "1" else _page(request)} | state
    with pytest.raises(SourceError, match=r"100 records on 3 pages, and an answer says .*: there seem to be more"):
        pull(server, records="list", pagination="page")


@pytest.mark.parametrize(
    "state", [{"count": 100, "page": 3, "pages": 3}, {"total": 250, "size": 1000}, {"hasMore": False}]
)
def test_what_does_not_say_that_there_is_more(server: Server, state: dict[str, Any]) -> None:
    server.answer = lambda request: {"list": _page(request)} | state
    assert ids(pull(server, records="list", pagination="page")) == ALL


def test_a_total_of_something_else_is_declared_away(server: Server) -> None:
    server.answer = lambda request: {"list": _page(request), "total": 9_000}
    assert ids(pull(server, records="list", pagination="page", end={"list": []})) == ALL


def test_an_offset_that_counts_pages_stops(server: Server) -> None:
    server.answer = lambda request: {"list": firms(100 * int(request.params["offset"]) + 1, 101), "total": 250}
    with pytest.raises(SourceError, match="100 records on 2 pages, and an answer says total 250"):
        pull(server, records="list", pagination="offset")


@pytest.mark.parametrize("end", [{"isLastPage": True}, {"more": "false"}])
@pytest.mark.parametrize("most", [30, 100, 250])
def test_a_last_page_that_is_declared_as_the_end_has_records(server: Server, end: dict[str, Any], most: int) -> None:
    """The page behind it is the last one again, as of PageHelper (reasonable: true)."""

    def answer(request: Request) -> Any:
        last = -(-most // 100)
        page = min(int(request.params["page"]), last)
        found = firms(100 * page - 99, min(100 * page, most) + 1)
        return {"list": found, "isLastPage": page == last, "more": page < last}

    server.answer = answer
    assert ids(pull(server, records="list", pagination="page", end=end)) == list(range(1, most + 1))


def test_a_last_page_that_comes_again_says_what_to_declare(server: Server) -> None:
    server.answer = lambda request: firms(min(int(request.params["page"]), 3) * 100 - 99, 251)[:100]
    with pytest.raises(
        SourceError, match=r"page 4 repeats page 3\. Next: if the API gives its last page again .*isLastPage"
    ):
        pull(server, pagination="page")


@pytest.mark.parametrize("behind", ["refused", "more", "nothing", "last"])
def test_a_total_at_which_search_engines_stop_counting(server: Server, behind: str) -> None:
    def answer(request: Request) -> Any:
        start = int(request.params["from"])
        part = [{"id": n} for n in range(start + 1, start + 501)]
        if start >= 1000:
            if behind == "refused":
                return Answer({"error": {"reason": "Result window is too large"}}, status=400)
            part = {"more": part[:7], "nothing": [], "last": [{"id": n} for n in range(501, 1001)]}[behind]
        return {"total": {"value": 1000, "relation": "gte"}, "hits": part}

    server.answer = answer
    options: dict[str, Any] = {
        "records": "hits",
        "total": "total.value",
        "pagination": "offset",
        "offset_param": "from",
    }
    if behind in ("nothing", "last"):
        assert len(ids(pull(server, **options))) == 1000
        return
    message = {"refused": "servers stop counting, and none behind it .*status 400", "more": "1007 records where"}[
        behind
    ]
    with pytest.raises(SourceError, match=message):
        pull(server, **options)


@pytest.mark.parametrize("pages", [0, 2])
def test_no_content_is_no_records(server: Server, pages: int) -> None:
    def answer(request: Request) -> Any:
        return Answer(raw=b"", status=204) if int(request.params["page"]) > pages else _page(request)

    server.answer = answer
    assert ids(pull(server, pagination="page")) == list(range(1, 100 * pages + 1))


@pytest.mark.parametrize(
    "target", ["?page={}", "firms?page={}", "https://{host}/firms?page={}", "http://127.0.0.1/firms?page={}"]
)
def test_a_link_as_a_proxy_or_a_program_writes_it(server: Server, target: str) -> None:
    def answer(request: Request) -> Any:
        if request.path != "/firms":
            return Answer(status=404)
        page = int(request.params.get("page", "1"))
        following = target.format(page + 1, host=request.headers["Host"])
        return {"list": firms(100 * page - 99, 100 * page + 1), "next": following if page < 3 else None}

    server.answer = answer
    assert ids(pull(server, records="list", pagination="link", next="next")) == ALL


def test_a_list_that_is_a_text_within_the_answer(server: Server) -> None:
    server.answer = lambda _: {"code": 200, "data": json.dumps({"rows": firms(1, 4), "total": 3})}
    assert ids(pull(server, records="data.rows", total="data.total")) == [1, 2, 3]
    server.answer = lambda _: {"code": 200, "data": "[not JSON"}
    with pytest.raises(SourceError, match="data is not a list"):
        pull(server, records="data")


def test_null_under_another_code_than_before_stops(server: Server) -> None:
    def answer(request: Request) -> Any:
        if int(request.params["page"]) < 3:
            return {"code": "0", "data": _page(request)}
        return {"code": "10021", "info": "qps", "data": None}

    server.answer = answer
    with pytest.raises(SourceError, match=r"page 3 has no records, and says code 10021"):
        pull(server, records="data", pagination="page")
    server.answer = lambda request: answer(request) | {"msg": "暂无数据" if request.params["page"] > "2" else "ok"}
    assert len(ids(pull(server, records="data", pagination="page"))) == 200


def test_a_limit_of_requests_by_its_words_or_its_header(server: Server) -> None:
    server.answer = lambda _: {"code": "1", "data": [], "msg": "请求过于频繁"}
    with pytest.raises(SourceError, match="says msg 请求过于频繁"):
        pull(server, records="data")
    server.answer = lambda _: Answer(status=403, headers={"Retry-After": "3600"})
    with pytest.raises(SourceError, match="status 403, and it asks to wait 3600 s") as caught:
        pull(server)
    assert caught.value.is_passing


def test_numbers_that_programs_write(server: Server) -> None:
    """12000000.0 as Java writes it; a field twice with one value; NaN is a text that no figure can be."""
    server.answer = lambda _: Answer(
        raw=b'[{"id": 1, "id": 1, "kwh": 1.2E7, "code": 9.132E17, "small": 1.0E-4, "amount": NaN, "most": -Infinity}]'
    )
    found = rows(pull(server))[0]
    assert [found[name] for name in ("id", "kwh", "code", "small", "amount", "most")] == [
        *("1", "12000000.0", "9.132E17", "1.0E-4", "NaN", "-Infinity"),
    ]


@pytest.mark.parametrize("later", [0, None, -1, ""])
def test_a_total_that_is_counted_for_the_first_page_alone(server: Server, later: Any) -> None:
    def answer(request: Request) -> Any:
        page = int(request.params["page"])
        return {"data": firms(page * 10 - 9, min(page * 10 + 1, 26)), "total": 25.0 if page == 1 else later}

    server.answer = answer
    options: dict[str, Any] = {"records": "data", "total": "total", "pagination": "page", "until_param": "until"}
    assert ids(pull(server, **options)) == list(range(1, 26))
    server.answer = lambda request: answer(request) | ({"data": []} if request.params["page"] == "3" else {})
    with pytest.raises(SourceError):
        pull(server, **options)


@pytest.mark.parametrize(
    "says",
    [
        {"first": False},
        {"page": {"isFirstPage": False, "prePage": 1}},
        {"hasPrevious": True},
        {"previous": "http://office.example/firms?page=0"},
    ],
)
def test_a_first_answer_that_is_not_the_first_page_stops(server: Server, says: dict[str, Any]) -> None:
    """The API counts its pages from 0, and the feed from 1."""
    nothing = {"first": True, "isFirstPage": "true", "hasPreviousPage": False, "previous": None, "prePage": 0}

    def answer(request: Request) -> Any:
        page = int(request.params["page"])
        return {"data": firms(page * 10 + 1, min(page * 10 + 11, 26))} | (says if page else nothing)

    server.answer = answer
    with pytest.raises(SourceError, match=r"the first answer says \w+ (?:false|true|http\S+): .*source\.first_page"):
        pull(server, records="data", pagination="page")
    assert ids(pull(server, records="data", pagination="page", first_page=0)) == list(range(1, 26))


def test_cursors_that_go_in_a_circle_stop(server: Server) -> None:
    following = {"": "a", "a": "b", "b": "a"}
    server.answer = lambda request: {
        "data": firms(n := len(server.requests), n + 1),
        "next": following[request.params.get("cursor", "")],
    }
    with pytest.raises(SourceError, match=r"one that was used before \(a\)"):
        pull(server, records="data", pagination="cursor", next="next")
    assert len(server.requests) == 3


def test_records_that_come_twice_do_not_fill_up_a_total(server: Server) -> None:
    """An offset that is counted before deleted records are taken out of each page: what is passed over is as many as comes twice."""
    deleted = (11, 12, 15)

    def answer(request: Request) -> Any:
        page = firms(int(request.params["offset"]) + 1, int(request.params["offset"]) + 11)
        return {"data": [firm for firm in page if firm["id"] <= 40 and firm["id"] not in deleted], "total": 37}

    server.answer = answer
    found = pull(server, records="data", total="total", pagination="offset")
    assert sorted(set(ids(found))) == [n for n in range(1, 41) if n not in deleted]
