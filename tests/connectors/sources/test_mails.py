"""Files attached to messages: as mail programs write them, and as an attacker would."""

from __future__ import annotations

import base64
import io
import re
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

import pytest

from connectors.sources import Window
from connectors.sources.file_drop.mails import attachments
from tests.connectors.sources.consuming import table_of
from tests.connectors.sources.dropping import NOW, drop, take
from tests.connectors.sources.test_file_formats import workbook, zipped
from warehouse.errors import DeliveryRefused


def message(files: dict[str, bytes], inner: EmailMessage | None = None) -> EmailMessage:
    made = EmailMessage(policy=SMTP)
    made["From"], made["Subject"], made["Date"] = "office@example.org", "10月报表", "Mon, 2 Nov 2026 08:00:00 +0800"
    made.set_content("见附件")
    for name, content in files.items():
        made.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    if inner:
        made.add_attachment(inner)
    return made


def test_attached_files_are_deliveries(tmp_path: Path) -> None:
    forwarded = message({"c.csv": b"no\n3\n"})
    files = {
        "报表.xlsx": workbook(["no"], ["1"]),
        "logo.png": b"\x89PNG",
        "d.zip": zipped({"e.csv": "no\n2\n"}),
        "c.csv": b"no\n4\n",
    }
    drop(tmp_path, "a.eml", message(files, forwarded).as_bytes())
    found = take(tmp_path)
    assert [(delivery.label, table_of(delivery)["no"].to_pylist()) for delivery in found] == [
        ("a.eml/报表.xlsx", ["1"]),
        ("a.eml/d.zip/e.csv", ["2"]),
        ("a.eml/c.csv", ["4"]),
        ("a.eml/c (2).csv", ["3"]),
    ]
    assert all(delivery.delivered_at and delivery.delivered_at < NOW for delivery in found)
    known = Window(since=None, until=NOW, known=frozenset({str(found[0].content_id)}))
    assert len(take(tmp_path, known)) == 3
    drop(tmp_path, "cur/1700000000.M1.host:2,S", message({"x.csv": b"no\n5\n"}).as_bytes())
    (only,) = take(tmp_path, pattern="cur/*", format="eml")
    assert table_of(only)["no"].to_pylist() == ["5"]
    assert [d.label for d in take(tmp_path, pattern="a.eml", member_pattern="报*")] == ["a.eml/报表.xlsx"]


def test_messages_come_in_the_order_in_which_they_were_sent(tmp_path: Path) -> None:
    """A mailbox is saved in any order: its files have the times of that."""

    def sent(days: float, **heads: str) -> bytes:
        made = message({"a.csv": f"no\n{days}\n".encode()})
        del made["Date"]
        for name, text in {"Date": format_datetime(NOW - timedelta(days=days)), **heads}.items():
            if text:
                made[name] = text
        return made.as_bytes()

    came = f"from a by b; {format_datetime(NOW - timedelta(days=4))}"
    drop(tmp_path, "1.eml", sent(1), NOW - timedelta(hours=9))
    drop(tmp_path, "2.eml", sent(3), NOW - timedelta(hours=8))
    drop(tmp_path, "3.eml", sent(2, Received=came), NOW - timedelta(hours=7))  # the server's clock counts
    drop(tmp_path, "4.eml", sent(5, Date="Thu, 01 Jan 1970 00:00:00 +0000"), NOW - timedelta(hours=6))
    drop(tmp_path, "5.eml", sent(-1), NOW - timedelta(hours=5))  # a clock that is ahead
    found = take(tmp_path)
    assert [delivery.label[0] for delivery in found] == ["3", "2", "1", "4", "5"]
    days = [(NOW - delivery.delivered_at) / timedelta(days=1) for delivery in found if delivery.delivered_at]
    assert [round(number, 2) for number in days] == [4, 3, 1, 0.25, 0.21]


def test_a_forwarded_message_keeps_its_own_time(tmp_path: Path) -> None:
    forwarded = message({"c.csv": b"no\n3\n"})
    del forwarded["Date"]
    forwarded["Date"] = format_datetime(NOW - timedelta(days=9))
    drop(tmp_path, "a.eml", message({"b.csv": b"no\n4\n"}, forwarded).as_bytes())
    times = {delivery.label: delivery.delivered_at for delivery in take(tmp_path)}
    assert times["a.eml/c.csv"] == NOW - timedelta(days=9)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ('filename="=?GBK?B?' + base64.b64encode("报表.csv".encode("gbk")).decode() + '?="', "报表.csv"),
        ("filename*=utf-8''%E6%8A%A5%E8%A1%A8.csv", "报表.csv"),
        (b'filename="' + "10月报表.csv".encode("gb18030") + b'"', "10月报表.csv"),
        ("filename*0*=gb18030''10%D4%C2;\n filename*1*=%B1%A8%B1%ED.csv", "10月报表.csv"),
        ('filename="../../etc/a.csv"', "a.csv"),
        ('filename="C:\\\\x\\\\a.csv"', "a.csv"),
        ('filename="..a.csv"', "a.csv"),
        ('filename="' + "x" * 500 + '.csv"', "x" * 196 + ".csv"),
    ],
)
def test_names_of_attachments_are_safe(tmp_path: Path, written: str | bytes, name: str) -> None:
    given = written if isinstance(written, bytes) else written.encode()
    content = b"From: a@b.c\nContent-Type: text/csv\nContent-Disposition: attachment; " + given + b"\n\nno\n1\n"
    drop(tmp_path, "a.eml", content)
    (found,) = take(tmp_path)
    assert found.label == f"a.eml/{name}"


@pytest.mark.parametrize("name", ["9月.rar", "9月.xlsb", "9月.ods", "9月.csv.gz", "9月.json", "转发.eml", "9月.mdb"])
def test_a_file_that_cannot_be_read_is_not_lost_beside_one_that_can(tmp_path: Path, name: str) -> None:
    drop(tmp_path, "a.eml", message({"10月.csv": b"no\n1\n", name: b"x"}).as_bytes())
    drop(tmp_path, "b.zip", zipped({"10月.csv": "no\n2\n", name: "x"}))
    for pattern in ("a.eml", "b.zip"):
        with pytest.raises(
            DeliveryRefused, match=rf"{re.escape(name)} in it may hold rows, and is not read.*source\.member_pattern"
        ):
            take(tmp_path, pattern=pattern)
        assert len(take(tmp_path, pattern=pattern, member_pattern="*.csv")) == 1


def test_pieces_of_its_text_that_a_mail_server_attached_are_no_files(tmp_path: Path) -> None:
    files = {"10月.csv": b"no\n1\n", "ATT00001.htm": b"<p>x</p>", "ATT00002.txt": b"x"}
    drop(tmp_path, "a.eml", message(files).as_bytes())
    assert [delivery.label for delivery in take(tmp_path)] == ["a.eml/10月.csv"]


def test_two_messages_in_one_file_stop(tmp_path: Path) -> None:
    """Of a mailbox file named .eml the first message alone would be read."""
    one = b"From office@example.org Mon Nov  2 08:00:00 2026\n" + message({"a.csv": b"no\n1\n"}).as_bytes().replace(
        b"\r\n", b"\n"
    )
    drop(tmp_path, "a.eml", one)
    assert len(take(tmp_path)) == 1
    drop(tmp_path, "a.eml", one + b"\n" + one)
    with pytest.raises(DeliveryRefused, match="a mailbox file of several messages"):
        take(tmp_path)


def nested(depth: int) -> bytes:
    content = b"From: a@b.c\nContent-Type: text/plain\n\nx\n"
    for _ in range(depth):
        content = b"From: a@b.c\nContent-Type: message/rfc822\n\n" + content
    return content


WHOLE = message({"a.csv": b"no\n" + b"123456\n" * 1000}).as_bytes()


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        (b"no,name\n1,2\n", "it is not an e-mail message"),
        (WHOLE[:-3000], "damaged or cut off"),
        (WHOLE.replace(b"MTIzNDU2", b"MTIz*DU2", 1), "damaged or cut off"),
        (message({}).as_bytes(), "there is no file in it"),
        (message({"a.png": b"x"}).as_bytes(), "none of its 1 members is a delivery: a.png"),
        (nested(20), "deep in each other"),
        (nested(3_000), "e-mail message|deep in each other"),
        (message({f"{n}.csv": b"" for n in range(1_100)}).as_bytes(), "more than 1,000 parts"),
    ],
    ids=range(8),
)
def test_messages_that_are_no_good_stop_with_one_line(tmp_path: Path, content: bytes, fact: str) -> None:
    drop(tmp_path, "a.eml", content)
    with pytest.raises(DeliveryRefused, match=f"lease a.eml: .*({fact})"):
        take(tmp_path)


def test_a_message_with_files_in_winmail_dat_stops() -> None:
    """Beside a good file, too: what is packed in it would be lost."""
    message = EmailMessage()
    message["From"] = "office@example.org"
    message.set_content("see attached")
    message.add_attachment(b"a,b\n1,2\n", maintype="text", subtype="csv", filename="a.csv")
    message.add_attachment(b"\x78\x9f\x3e\x22", maintype="application", subtype="ms-tnef", filename="winmail.dat")
    with pytest.raises(DeliveryRefused, match=r"packed in winmail\.dat"):
        attachments(io.BytesIO(bytes(message)), "lease a.eml")
