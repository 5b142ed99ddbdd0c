# ruff: noqa: E501 - a case is a line
"""What comes from outside may be as bad as it likes: each ends in time, within memory, with rows or with one line that says what to do."""

from __future__ import annotations

import gzip
import io
import json
import socket
import struct
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.credentials import Credentials
from connectors.sources import Window, protocol
from connectors.sources.file_drop.sheet_cells import TWICE
from tests.connectors.sources.consuming import table_of
from tests.connectors.sources.dropping import drop, take
from warehouse.errors import ParkBridgeError

SECONDS = 20.0
MEMORY_KB = 1_000_000


def _memory_kb(mark: str) -> int:
    """This process's memory: VmRSS now, VmHWM the most since the mark was set back (proc(5))."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(f"{mark}:"))


@contextmanager
def bounded() -> Iterator[list[str]]:
    """Hold what is done to seconds and memory, and a stop to one line with what to do next."""
    said: list[str] = []
    # tests before this one may have taken more: the mark of the most memory is set back
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = _memory_kb("VmRSS")
    started = time.thread_time()
    try:
        yield said
    except ParkBridgeError as error:
        said.append(str(error))
        assert "\n" not in said[0]
        assert "Next: " in said[0]
        assert len(said[0]) < 3000
    # this process's own time: others may keep the machine busy
    assert time.thread_time() - started < SECONDS
    assert _memory_kb("VmHWM") - before < MEMORY_KB


# --- answers ----------------------------------------------------------------------------------------------------------

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def body(content: bytes, head: bytes = HEAD) -> bytes:
    return head + b"Content-Length: %d\r\n\r\n" % len(content) + content


def nested(depth: int, around: str = "[]") -> bytes:
    return (around[0] * depth + around[1] * depth).encode()


def objects(depth: int) -> bytes:
    return b'[{"a":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}]"


def dripped(start: bytes, each: bytes, seconds: float = 0.05) -> Callable[[socket.socket, int], None]:
    def answer(peer: socket.socket, _: int) -> None:
        peer.sendall(start)
        while True:
            time.sleep(seconds)
            peer.sendall(each)

    return answer


def paged(page: Callable[[int], bytes]) -> Callable[[socket.socket, int], None]:
    return lambda peer, number: peer.sendall(body(page(number)))


def records(count: int, start: int = 0, width: int = 1) -> bytes:
    return json.dumps([{"id": str(start + n), "x": "y" * width} for n in range(count)]).encode()


PAGES = {"pagination": "page"}
# what the server sends; options; whether rows come of it (None: either is right)
ANSWERS: dict[str, tuple[Any, dict[str, Any], bool | None]] = {
    "status line byte by byte": (dripped(b"", b"H"), {}, False),
    "a header byte by byte": (dripped(HEAD + b"X-A: ", b"a"), {}, False),
    "headers without end": (dripped(HEAD, b"X-A: b\r\n"), {}, False),
    "interim answers without end": (dripped(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), {}, False),
    "a body byte by byte": (dripped(HEAD + b"Content-Length: 99999\r\n\r\n", b" "), {}, False),
    "chunks of one byte without end": (dripped(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"), {}, False),
    "a chunk's length without end": (dripped(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"), {}, False),
    "trailers without end": (dripped(HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"a: b\r\n"), {}, False),
    "silence": (lambda peer, _: time.sleep(5), {}, False),
    "nothing": (b"", {}, False),
    "100,000 headers": (HEAD + b"X-A: b\r\n" * 100_000 + b"\r\n", {}, False),
    "a header of 10 MB": (HEAD + b"X-A: " + b"a" * 10_000_000 + b"\r\n\r\n", {}, False),
    "a header that is twice there": (body(b"[]", HEAD * 1 + b"Content-Type: text/html\r\n"), {}, None),
    "two lengths": (HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n[] ", {}, None),
    "a negative length": (HEAD + b"Content-Length: -1\r\n\r\n[]", {}, None),
    "a length that is a word": (HEAD + b"Content-Length: two\r\n\r\n[]", {}, None),
    "a length of 1 TB": (HEAD + b"Content-Length: 1099511627776\r\n\r\n[]", {}, False),
    "a chunk of 1 TB": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n10000000000\r\n[]", {}, False),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.6\r\n", {}, False),
    "HTTP 9": (b"HTTP/9.9 200 OK\r\n\r\n[]", {}, None),
    "status 99": (b"HTTP/1.1 99 x\r\nContent-Length: 2\r\n\r\n[]", {}, False),
    "status 999": (b"HTTP/1.1 999 x\r\nContent-Length: 2\r\n\r\n[]", {}, False),
    "no content": (b"HTTP/1.1 204 x\r\n\r\n", {}, True),
    "redirect in a circle": (b"HTTP/1.1 302 x\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", {}, False),
    "redirect to a file": (b"HTTP/1.1 302 x\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", {}, False),
    "redirect to nothing": (b"HTTP/1.1 302 x\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n", {}, False),
    "wait for a year": (b"HTTP/1.1 429 x\r\nRetry-After: 31536000\r\nContent-Length: 0\r\n\r\n", {}, False),
    "wait for a number that is none": (b"HTTP/1.1 429 x\r\nRetry-After: " + b"9" * 5000 + b"\r\nContent-Length: 0\r\n\r\n", {}, False),
    "wait until no date": (b"HTTP/1.1 503 x\r\nRetry-After: Mon, 99 Foo\r\nContent-Length: 0\r\n\r\n", {}, False),
    "a zipped bomb": (body(gzip.compress(b"[" + b" " * 40_000_000 + b"]"), HEAD + b"Content-Encoding: gzip\r\n"), {}, False),
    "a bomb in a bomb": (
        body(gzip.compress(gzip.compress(b" " * 40_000_000)), HEAD + b"Content-Encoding: gzip, gzip\r\n"), {}, False,
    ),
    "broken gzip": (body(b"\x1f\x8b\x08xxxx", HEAD + b"Content-Encoding: gzip\r\n"), {}, False),
    "cut deflate": (body(zlib.compress(b"[]" * 999)[:20], HEAD + b"Content-Encoding: deflate\r\n"), {}, False),
    "an encoding that is none": (body(b"[]", HEAD + b"Content-Encoding: rot13\r\n"), {}, None),
    "a charset that is none": (body(b"[]", b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=klingon\r\n"), {}, False),
    "a charset that is no text": (body(b"[]", b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=zlib\r\n"), {}, False),
    "nested 500 deep": (body(b'[{"a":' + nested(500) + b"}]"), {}, None),
    "nested 950 deep": (body(b'[{"a":' + nested(950) + b"}]"), {}, None),
    "nested 100,000 deep": (body(b'[{"a":' + nested(100_000) + b"}]"), {}, False),
    "objects 300 deep": (body(objects(300)), {}, None),
    "objects 480 deep": (body(objects(480)), {}, None),
    "objects 100,000 deep": (body(objects(100_000)), {}, False),
    "a number of a million digits": (body(b'[{"a":' + b"9" * 1_000_000 + b"}]"), {}, True),
    "an exponent without end": (body(b'[{"a":1e999999999}]'), {}, True),
    "a field twice": (body(b'[{"a":1,"a":2}]'), {}, False),
    "not a number": (body(b'[{"a":NaN}]'), {}, True),
    "an exponent of many digits": (body(b'[{"a":1e99999999999999999999}]'), {}, True),
    "half a character": (body(b'[{"a":"\\ud800"}]'), {}, None),
    "half a character in a field's name": (body(b'[{"b":"y","\\ud800":"x"}]'), {}, None),
    "a next page that is no address": (
        body(b'{"r":' + records(2) + b',"next":"http://["}'), {"pagination": "link", "next": "next", "records": "r"}, False,
    ),
    "a zero byte": (body(b'[{"a":"\\u0000"}]'), {}, None),
    "50,000 fields": (body(json.dumps([{f"f{n}": "" for n in range(50_000)}]).encode()), {}, False),
    "other fields in each record": (body(json.dumps([{f"f{n}": ""} for n in range(30_000)]).encode()), {}, False),
    "records that are no objects": (body(b"[1,null,[],\"x\",{}]" * 1), {}, None),
    "a million empty records": (body(b"[" + b"{}," * 1_000_000 + b"{}]"), {}, None),
    "pages without end": (paged(lambda n: records(200, 200 * n, 50)), PAGES | {"max_pull_mb": 1}, False),
    "pages without end, empty fields": (paged(lambda n: records(500, 500 * n)), PAGES | {"max_pull_mb": 1}, False),
    "the same page without end": (paged(lambda _: records(3)), PAGES, False),
    "more pages than allowed": (paged(lambda n: records(1, n)), PAGES | {"max_pages": 20}, False),
    "cursors without end": (
        paged(lambda n: b'{"r":' + records(100, 100 * n, 99) + b',"next":"%d"}' % (n + 1)),
        {"pagination": "cursor", "next": "next", "records": "r", "max_pull_mb": 1}, False,
    ),
    "totals that change": (
        paged(lambda n: b'{"r":' + records(1, n) + b',"total":%d}' % (100 + n)),
        PAGES | {"records": "r", "total": "total"}, False,
    ),
    "a total of a million digits": (
        paged(lambda n: b'{"r":' + records(1, n) + b',"total":' + b"9" * 1_000_000 + b"}"),
        PAGES | {"records": "r", "total": "total", "max_pages": 3}, False,
    ),
    "links in a circle": (
        body(b'{"r":' + records(2) + b',"next":"/again"}'), {"pagination": "link", "next": "next", "records": "r"}, False,
    ),
    "a link of 1 MB": (
        body(b'{"r":' + records(2) + b',"next":"/' + b"a" * 1_000_000 + b'"}'),
        {"pagination": "link", "next": "next", "records": "r"}, False,
    ),
    "a message with escapes and line breaks": (body(b'{"msg":"\\u001b[2J\\nNext: pay"}'), {"records": "r"}, False),
}  # fmt: skip


@contextmanager
def serving(answer: Any) -> Iterator[int]:
    """A server that sends one thing, whatever is asked; gives its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    requests = iter(range(1_000_000))

    def speak(peer: socket.socket) -> None:
        with peer, suppress(OSError):
            peer.settimeout(SECONDS)
            peer.recv(65_536)
            if callable(answer):
                answer(peer, next(requests))
            else:
                peer.sendall(answer)

    def listen() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=speak, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=listen, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@pytest.mark.parametrize("name", ANSWERS)
def test_a_hostile_answer(name: str) -> None:
    answer, options, gives_rows = ANSWERS[name]
    given = {"path": "/r", "retries": 0, "timeout_seconds": 0.15, "max_wait_seconds": 1, "max_response_mb": 16}
    window = Window(since=None, until=datetime(2026, 2, 1, tzinfo=UTC))
    started = time.monotonic()
    with serving(answer) as port, bounded() as said:
        credentials = Credentials("http", host="http://127.0.0.1", port=port)
        for delivery in protocol("http_api").deliveries(given | options, credentials, window, "hostile"):
            table_of(delivery)
    assert time.monotonic() - started < 4 * SECONDS
    if gives_rows is not None:
        assert bool(said) != gives_rows, said
    assert not any(ord(sign) < 32 for line in said for sign in line)
    "".join(said).encode()


# --- files ------------------------------------------------------------------------------------------------------------


def book(sheet: str, shared: str = "", extra: dict[str, bytes] | None = None) -> bytes:
    """A workbook of one sheet, from its XML."""
    kinds = "application/vnd.openxmlformats-officedocument.spreadsheetml."
    base = "http://schemas.openxmlformats.org"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {
            "[Content_Types].xml": f'<Types xmlns="{base}/package/2006/content-types"><Default Extension="rels" ContentType='
            '"application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kinds}sheet.main+xml"/></Types>',
            "_rels/.rels": f'<Relationships xmlns="{base}/package/2006/relationships"><Relationship Id="r" Type='
            f'"{base}/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{base}/spreadsheetml/2006/main" xmlns:r="{base}/officeDocument/2006/relationships">'
            '<sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{base}/package/2006/relationships"><Relationship Id="r1" Type='
            f'"{base}/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type='
            f'"{base}/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{base}/spreadsheetml/2006/main">{sheet}</worksheet>',
            "xl/sharedStrings.xml": f'<sst xmlns="{base}/spreadsheetml/2006/main">{shared}</sst>',
        }.items():
            archive.writestr(name, content)
        for name, data in (extra or {}).items():
            archive.writestr(name, data)
    return file.getvalue()


def cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


HEADED = f'<sheetData><row r="1">{cell("A1", "a")}{cell("B1", "b")}</row><row r="2">{cell("A2", "1")}</row></sheetData>'


def with_sheets(more: int) -> bytes:
    """A workbook with one sheet under many names."""
    before, after = io.BytesIO(book(HEADED)), io.BytesIO()
    with zipfile.ZipFile(before) as one, zipfile.ZipFile(after, "w", zipfile.ZIP_DEFLATED) as other:
        for name in one.namelist():
            sheets = "".join(f'<sheet name="s{n}" sheetId="{n + 2}" r:id="r1"/>' for n in range(more))
            other.writestr(name, one.read(name).replace(b"</sheets>", sheets.encode() + b"</sheets>"))
    return after.getvalue()


def overlapping(count: int) -> bytes:
    """A zip that lists one member many times over, by other names."""
    one = zipped({"0000.csv": b"a,b\n" + b"1,2\n" * 1000})
    listed, end = one.index(b"PK\x01\x02"), one.index(b"PK\x05\x06")
    entries = b"".join(one[listed:end].replace(b"0000", b"%04d" % n) for n in range(count))
    foot = bytearray(one[end:])
    struct.pack_into("<HHI", foot, 8, count, count, len(entries))
    return one[:listed] + entries + bytes(foot)


def zipped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def merged(count: int, width: str) -> str:
    ranges = "".join(f'<mergeCell ref="A{n}:{width}{n + 1}"/>' for n in range(3, 2 * count, 2))
    return f'{HEADED}<mergeCells count="{count}">{ranges}</mergeCells>'


LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "' + "ha" * 50 + '">' + "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1 or str()};" * 10}">' for n in range(1, 9)) + ']>'
)  # fmt: skip
# a name's ending; content
EVERYTHING = '<mergeCell ref="A1:XFD1048576"/>'
FILES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "one header 20,000 times": ("csv", lambda: b"a," * 20_000 + b"a\n" + b"1," * 20_000 + b"1\n"),
    "20,000 headers": ("csv", lambda: ",".join(f"c{n}" for n in range(20_000)).encode() + b"\n1\n"),
    "header of a million commas": ("csv", lambda: b"," * 1_000_000 + b"\n1\n"),
    "no line break in 20 MB": ("csv", lambda: b"a,b\n" + b"x" * 20_000_000),
    "a quote without end": ("csv", lambda: b'a,b\n"' + b"x,y\n" * 500_000),
    "quotes alone": ("csv", lambda: b'a,b\n' + b'"' * 2_000_000),
    "lines without commas": ("csv", lambda: b"a,b\n" + b"x\n" * 300_000),
    "lines of many commas": ("csv", lambda: b"a,b\n" + b"," * 5_000 + b"\n" * 1 + (b"," * 5_000 + b"\n") * 200),
    "zero bytes": ("csv", lambda: b"a,b\n" + b"\0" * 1_000_000),
    "carriage returns": ("csv", lambda: b"a,b\r" + b"1,2\r" * 200_000),
    "no bytes": ("csv", lambda: b""),
    "a byte order mark": ("csv", lambda: b"\xef\xbb\xbf"),
    "UTF-16 that is cut": ("csv", lambda: "a,b\n1,2\n".encode("utf-16")[:-1]),
    "random bytes": ("csv", lambda: bytes((n * 2654435761 >> 13) & 255 for n in range(300_000))),
    "a million empty lines": ("csv", lambda: b"a,b\n" + b"\n" * 1_000_000),
    "a text of empty zips": ("xlsx", lambda: b"PK\x05\x06" + b"\0" * 18),
    "half a workbook": ("xlsx", lambda: book(HEADED)[:900]),
    "no workbook": ("xlsx", lambda: zipped({"a.txt": b"x"})),
    "a plain workbook": ("xlsx", lambda: book(HEADED)),
    "30,000 merged ranges": ("xlsx", lambda: book(merged(30_000, "B"))),
    "merged ranges of all columns": ("xlsx", lambda: book(merged(2_000, "XFD"))),
    "one merged range of everything": ("xlsx", lambda: book(f'{HEADED}<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>')),
    "many merged ranges of everything": ("xlsx", lambda: book(f'{HEADED}<mergeCells>{EVERYTHING * 3000}</mergeCells>')),
    "a merged range that is none": ("xlsx", lambda: book(f'{HEADED}<mergeCells><mergeCell ref="ZZZZ9:A"/></mergeCells>')),
    "a cell at the end of the sheet": ("xlsx", lambda: book(f'<sheetData><row r="1">{cell("A1", "a")}</row><row r="1048576">{cell("XFD1048576", "x")}</row></sheetData>')),
    "a cell beyond every sheet": ("xlsx", lambda: book(f'<sheetData><row r="1">{cell("A1", "a")}</row><row r="99999999999">{cell("AAAAAAA99999999999", "x")}</row></sheetData>')),
    "rows that go backwards": ("xlsx", lambda: book(f'<sheetData><row r="9">{cell("A9", "a")}</row><row r="1">{cell("A1", "x")}</row></sheetData>')),
    "cells without places": ("xlsx", lambda: book("<sheetData>" + "<row><c><v>1</v></c></row>" * 50_000 + "</sheetData>")),
    "a dimension that lies": ("xlsx", lambda: book(f'<dimension ref="A1:XFD1048576"/>{HEADED}')),
    "no shared string of that number": ("xlsx", lambda: book('<sheetData><row r="1"><c r="A1" t="s"><v>99999</v></c></row></sheetData>')),
    "a shared string of a negative number": ("xlsx", lambda: book('<sheetData><row r="1"><c r="A1" t="s"><v>-1</v></c></row></sheetData>')),
    "a shared string that is no number": ("xlsx", lambda: book('<sheetData><row r="1"><c r="A1" t="s"><v>x</v></c></row></sheetData>')),
    "a number without end": ("xlsx", lambda: book(f'<sheetData><row r="1">{cell("A1", "a")}</row><row r="2"><c r="A2"><v>{"9" * 100_000}</v></c></row></sheetData>')),
    "elements 50,000 deep": ("xlsx", lambda: book("<a>" * 50_000 + "</a>" * 50_000)),
    "laughs in a workbook": ("xlsx", lambda: zipped({"[Content_Types].xml": (LAUGHS + "<x>&a8;</x>").encode(), "xl/workbook.xml": (LAUGHS + "<x>&a8;</x>").encode()})),
    "a sheet of 100 MB of spaces": ("xlsx", lambda: book(" " * 100_000_000 + HEADED)),
    "a picture of 60 MB": ("xlsx", lambda: book(HEADED, extra={"xl/media/a.png": b"\0" * 60_000_000})),
    "laughs": ("xml", lambda: (LAUGHS + "<rows><row><a>&a8;</a></row></rows>").encode()),
    "an entity from a file": ("xml", lambda: b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><rows><row><a>&e;</a></row></rows>'),
    "an entity from the network": ("xml", lambda: b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><rows><row><a>1</a></row></rows>'),
    "XML 100,000 deep": ("xml", lambda: b"<a>" * 100_000 + b"</a>" * 100_000),
    "100,000 attributes": ("xml", lambda: b"<r " + b" ".join(b'a%d="1"' % n for n in range(100_000)) + b"/>"),
    "XML that is cut": ("xml", lambda: b"<rows><row><a>1"),
    "HTML 50,000 deep": ("html", lambda: b"<table>" + b"<tr><td>" * 50_000),
    "a table in each cell": ("html", lambda: b"<table><tr><td>" * 3_000 + b"x"),
    "a cell over a million columns": ("html", lambda: b"<table><tr><td colspan=1000000>a</td></tr><tr><td>1</td></tr></table>"),
    "a cell over a million rows": ("html", lambda: b"<table><tr><td rowspan=1000000>a</td><td>b</td></tr><tr><td>1</td></tr></table>"),
    "a thousand cells over a thousand rows and columns": ("html", lambda: b"<table><tr>" + b"<td rowspan=1000 colspan=1000>a</td>" * 1000 + b"</tr></table>"),
    "tags that are open": ("html", lambda: b"<table><tr><td " * 100_000),
    "quotes in tags": ("html", lambda: b'<table><tr><td a="' + b"x" * 3_000_000),
    "old workbook, random": ("xls", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes((n * 40503) & 255 for n in range(100_000))),
    "old workbook, only its head": ("xls", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    "old workbook, zeros": ("xls", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 1_000_000),
    "old workbook, ones": ("xls", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 1_000_000),
    "records without an end": ("xls", lambda: b"\x09\x08\x10\x00" + b"\xff" * 200_000),
    "a zip in a zip in a zip": ("zip", lambda: zipped({"a.zip": zipped({"a.zip": zipped({"a.csv": b"a,b\n1,2\n"})})})),
    "a bomb": ("zip", lambda: zipped({"a.csv": b"a,b\n" + b"1,2\n" * 25_000_000})),
    "2,000 members": ("zip", lambda: zipped({f"{n}.csv": b"a,b\n1,2\n" for n in range(2_000)})),
    "a member outside": ("zip", lambda: zipped({"../../outside.csv": b"a,b\n1,2\n"})),
    "a member from the root": ("zip", lambda: zipped({"/etc/x.csv": b"a,b\n1,2\n"})),
    "a member with escapes": ("zip", lambda: zipped({"\x1b[2J\n.csv": b"a,b\n1,2\n"})),
    "a member of 60,000 letters": ("zip", lambda: zipped({"a" * 60_000 + ".csv": b"a,b\n1,2\n"})),
    "a thousand and one sheets": ("xlsx", lambda: with_sheets(1_000)),
    "a cell that is there twice": ("xlsx", lambda: book(f'<sheetData><row r="1">{cell("A1", "a")}{cell("B1", "b")}</row><row r="2">{cell("A2", "1")}{cell("A2", "2")}</row></sheetData>')),
    "two zips in one file": ("zip", lambda: zipped({"a.csv": b"a,b\n1,2\n"}) + zipped({"b.csv": b"a,b\n3,4\n"})),
    "members in each other's bytes": ("zip", lambda: overlapping(200)),
    "a zip that is cut": ("zip", lambda: zipped({"a.csv": b"a,b\n1,2\n" * 999})[:-40]),
    "Parquet, only its marks": ("parquet", lambda: b"PAR1PAR1"),
    "Parquet with a foot of 2 GB": ("parquet", lambda: b"PAR1" + b"\0" * 99 + b"\xff\xff\xff\x7fPAR1"),
    "Parquet, random": ("parquet", lambda: b"PAR1" + bytes((n * 40503) & 255 for n in range(10_000)) + b"\x10\0\0\0PAR1"),
    "a line break in its name": ("\n.csv", lambda: b"a,b\n1,2\n"),
    "escapes in its name": ("\x1b[31m.csv", lambda: b"a,b\n1,2\n"),
    "directions in its name": ("\u202egpj.csv", lambda: b"a,b\n1,2\n"),
    "a name of 200 letters": ("x" * 200 + ".csv", lambda: b"a,b\n1,2\n"),
    "a star in its name": ("*?[a].csv", lambda: b"a,b\n1,2\n"),
    "a quote in its name": ("';drop table x;--.csv", lambda: b"a,b\n1,2\n"),
    "bytes that are no text in its name": ("\udcff\udcfe.csv", lambda: b"a,b\n1,2\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file(tmp_path: Path, name: str) -> None:
    ending, content = FILES[name]
    drop(tmp_path, ending if ending.endswith(".csv") else f"file.{ending}", content())
    with bounded() as said:
        for delivery in take(tmp_path, expected=("a", "b"), pattern="*"):
            for _ in delivery.batches:
                pass
            delivery.label.encode()
            assert len(delivery.unreadable) <= 2_000_000
    assert not any(ord(sign) < 32 for line in said for sign in line)
    "".join(said).encode()


@pytest.mark.parametrize(
    ("name", "fact"),
    [
        ("a thousand and one sheets", "more than 1,000 sheets"),
        ("two zips in one file", "members that its list does not have"),
        ("members in each other's bytes", "cannot be unpacked"),
    ],
)
def test_what_would_be_lost_without_a_word_is_said(tmp_path: Path, name: str, fact: str) -> None:
    ending, content = FILES[name]
    drop(tmp_path, f"file.{ending}", content())
    with pytest.raises(ParkBridgeError, match=fact):
        [table_of(one) for one in take(tmp_path, expected=("a", "b"), pattern="*")]


@pytest.mark.parametrize(("again", "reasons"), [("2", [f"cell A2: {TWICE}"]), ("1", [])])
def test_a_cell_that_is_there_twice_costs_its_row(tmp_path: Path, again: str, reasons: list[str]) -> None:
    """Readers show the first value or the last; where both are one, nothing is in doubt."""
    rows = f'<row r="1">{cell("A1", "a")}{cell("B1", "b")}</row><row r="2">{cell("A2", "1")}{cell("A2", again)}{cell("B2", "3")}</row>'
    drop(tmp_path, "file.xlsx", book(f"<sheetData>{rows}</sheetData>"))
    (delivery,) = take(tmp_path, expected=("a", "b"), pattern="*")
    assert table_of(delivery).num_rows == 1 - len(reasons)
    assert [piece.reason for piece in delivery.unreadable] == reasons


def test_a_message_names_twenty_sheets(tmp_path: Path) -> None:
    drop(tmp_path, "file.xlsx", with_sheets(40))
    with pytest.raises(ParkBridgeError, match=r"41 sheets hold something: 'a', .*'s18' and 21 more; one, or"):
        take(tmp_path, expected=("a", "b"), pattern="*")


def test_a_zip_behind_a_program_that_unpacks_it_is_read(tmp_path: Path) -> None:
    drop(tmp_path, "file.zip", b"MZ" * 500 + zipped({"a.csv": b"a,b\n1,2\n"}))
    assert [table_of(one).num_rows for one in take(tmp_path, expected=("a", "b"), pattern="*")] == [1]
