"""What is attached to an e-mail message (.eml), with bounds: a mailbox takes what anybody sends."""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import HeaderParseError, MessageError
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime
from pathlib import PurePosixPath
from typing import IO, Any, Final
from unicodedata import category, normalize

from connectors.sources.file_drop.zips import as_written
from warehouse.errors import DeliveryRefused

_LARGEST: Final = 200_000_000
_MOST_PARTS: Final = 1_000
_DEEPEST: Final = 5
"""Messages in messages: one that was forwarded as an attachment, and so on."""
_LONGEST_NAME: Final = 200
_FIRST_YEAR: Final = 2000
"""A message of before was written by a clock that was not set."""
_PACKED: Final = ("application/ms-tnef", "application/vnd.ms-tnef")
# of an mbox file each message begins so; of one message only the first line may
_MAILBOX: Final = re.compile(rb"\AFrom (?s:.*)\n\r?\nFrom [^\n]*\d\d:\d\d:\d\d[^\n]*\n[A-Za-z-]+:")
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/]*={0,2}")


@dataclass(frozen=True)
class Attachment:
    """One file in a message, by a name that is safe to show, and when that message came or was written."""

    name: str
    content: bytes
    sent: datetime | None


def attachments(file: IO[bytes], where: str) -> list[Attachment]:
    """Give the files in a message and in the messages in it.

    Args:
        file: The message; stays open.
        where: The feed and the file, for messages.

    Raises:
        DeliveryRefused: It is not a message, is damaged or cut off, or larger than the bounds.
    """
    file.seek(0)
    content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise _refused(where, f"it has more than {_LARGEST / 1e6:,.0f} MB")
    failure = ""
    found: list[Attachment] = []
    try:
        message = email.message_from_bytes(content)
        if _MAILBOX.search(content):
            failure = "it is a mailbox file of several messages; save them one by one as .eml"
        elif not {"from", "date", "subject", "content-type"} & {name.lower() for name in message}:
            failure = "it is not an e-mail message"
        else:
            for part, sent in _parts(message):
                name = _name(part)
                if name is not None and (name.lower() == "winmail.dat" or part.get_content_type() in _PACKED):
                    raise _Broken(
                        "its files are packed in winmail.dat, by Outlook's rich text; as HTML or plain text they are not"
                    )
                if name is not None and not part.is_multipart():
                    found.append(Attachment(_unused(name, found), _content(part), sent))
    except _Broken as error:
        failure = str(error)
    except (
        MessageError,
        HeaderParseError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        failure = f"it cannot be read as an e-mail message ({type(error).__name__})"
    if failure:
        raise _refused(where, failure)
    return found


class _Broken(ValueError):
    """What is wrong with the message, for people."""


def _refused(where: str, fact: str) -> DeliveryRefused:
    return DeliveryRefused(where, fact, next_step="ask the office to send it again, or to drop its files one by one")


def sent_at(head: bytes) -> datetime | None:
    """When a message came, by its mail server, or else was written: its file may have been saved in any order.

    Args:
        head: The beginning of its file, with its headers.
    """
    return _sent_at(BytesHeaderParser().parsebytes(head))


def _sent_at(message: Message[Any, Any]) -> datetime | None:
    for text in (str(message.get("Received", "")).rpartition(";")[2], str(message.get("Date", ""))):
        try:
            moment = parsedate_to_datetime(" ".join(text.split()))
        except (ValueError, TypeError, IndexError):
            continue
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if moment.year >= _FIRST_YEAR:
            return moment.astimezone(UTC)
    return None


def _parts(message: Message[Any, Any]) -> Iterator[tuple[Message[Any, Any], datetime | None]]:
    """Go through the parts of a message, first to last, each with the time of the message that it is in."""
    waiting = [(message, 0, _sent_at(message))]
    count = 0
    while waiting:
        part, depth, sent = waiting.pop()
        count += 1
        if count > _MOST_PARTS or depth > _DEEPEST:
            raise _Broken(
                f"it has more than {_MOST_PARTS:,} parts, or messages more than {_DEEPEST} deep in each other"
            )
        if part.defects:
            raise _Broken(f"it is damaged or cut off ({type(part.defects[0]).__name__})")
        yield part, sent
        if part.is_multipart():
            is_message = part.get_content_maintype() == "message"
            inner = reversed(list(part.get_payload()))
            waiting.extend((p, depth + is_message, _sent_at(p) or sent if is_message else sent) for p in inner)


def _content(part: Message[Any, Any]) -> bytes:
    if str(part.get("content-transfer-encoding", "")).strip().lower() == "base64":
        written = b"".join(str(part.get_payload()).encode("ascii", "replace").split())
        # email itself leaves out what is no base64, without a word
        if len(written) % 4 or not _BASE64.fullmatch(written):
            raise _Broken("an attachment in it is damaged or cut off")
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes) or part.defects:
        raise _Broken("an attachment in it is damaged or cut off")
    return content


def _name(part: Message[Any, Any]) -> str | None:
    """Give an attachment's name as people see it, without what leads to another folder; None where there is none."""
    for key in (
        "content-disposition",
        "content-type",
    ):  # bytes as they are, which no message should have: Windows' mostly
        written = {name.lower(): str(value) for name, value in part.raw_items()}.get(key, "")
        if not written.isascii():
            part.replace_header(key, as_written(written.encode("ascii", "surrogateescape")))
    given = part.get_filename()
    if not given:
        return None
    text = ""
    for piece, charset in decode_header(given):
        text += piece if isinstance(piece, str) else piece.decode(charset or "ascii", "replace")
    base = re.split(r"[/\\]", normalize("NFC", text))[-1]
    safe = "".join(sign for sign in base if category(sign)[0] != "C").strip(" .")
    return safe[-_LONGEST_NAME:] or "attachment"


def _unused(name: str, taken: list[Attachment]) -> str:
    path = PurePosixPath(name)
    names = {attachment.name for attachment in taken}
    number = 1
    while name in names:
        number += 1
        name = f"{path.stem} ({number}){path.suffix}"
    return name
