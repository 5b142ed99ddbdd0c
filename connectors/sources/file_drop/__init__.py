r"""Take files that an office drops: local folder, SFTP or S3; CSV, Excel, WPS, HTML or Parquet, also zipped.

Options in feed.yml under `source:`

    folder          Below the connection's base folder; a whole path where the connection has none.
    pattern         Glob of file names, or a list of them (default *). With a `/` it looks into folders: "2026*/*.csv".
    member_pattern  Glob of the files inside a zip or message that are taken (default: every CSV, Excel and Parquet file;
                    one that may hold rows and cannot be read beside them, an .ods or a .rar, stops then).
    name_pattern    Regular expression searched in the name (for a zip: zip/member); its named groups become columns:
                    "(?P<月份>\d{6})". A name in which it is not found stops the feed.
    recent_days     Files older than this are not looked at; otherwise every file is read on each run, to compare its
                    content with what was landed.

    ready           stable (default): a file is taken when two looks, settle_seconds apart (default 1), find the same
                    size and time. marker: when `<name>.done` is there and not older than the file.
    max_file_mb     Largest file that is read (default 2048).
    max_unpacked_mb Most that a zip, a workbook or a Parquet file may unpack to (default 4096).

    format          csv, xlsx, xls, parquet or eml, where the name does not say it. Behind .xls, .et, .htm, .html and .xml the
                    content decides: Excel of before 2007 or WPS (BIFF), Excel of today, a web page with a table,
                    SpreadsheetML of 2003, or text with tabs.
    encoding        Of CSV files: utf-8 (default, with or without byte order mark), gb18030 (also gbk, gb2312), big5,
                    cp1252, utf-16 ("Unicode text" of Excel; behind .xls its byte order mark is enough). A web page that
                    states its own is read in that.
    delimiter       Between fields of a CSV file (default comma; tab for .tsv, .txt and text named .xls).
    quote           Around fields of a CSV file (default ").
    escape          What makes the next character of a CSV file a plain one: "\\" of MySQL and Hive; their \N is then no
                    value. Default: none.
    sheet           Of a workbook (default: the only visible one that holds anything); of a web page, table 2.
    sheets          Names of sheets that are one table, or globs of them: "*月". They have the same header; one that has it
                    and is not named stops the feed. Row 12 of the third sheet has the number 2000000012.
    sheet_pattern   Like name_pattern, searched in the sheet's name: "(?P<月份>\d+月)".
    title_pattern   Like name_pattern, searched in the lines above the header: "所属期[:：]\s*(?P<月份>\d{4}年\d+月)". Nothing, or
                    two that differ, stops the feed.
    unpivot         Months are columns: {columns: YYYY年M月, period: 月份, value: 用量} makes a row of each cell that has a value,
                    with the month as 2026-01. columns (one or a list) is what a header cell looks like: YYYY or YY, MM or M, DD.
                    Without a year there it is looked for above the header, then in the names of sheet and file. totals names
                    columns with the sum of the months: a row that does not agree is unreadable. empty names texts that are
                    no value. value may be a list of measures where each month has several columns (two header lines, in any
                    order: 1月/用量, 1月/金额). The third month of line 12 has the number 1203.
    header          auto (default): the line among the first 20 that holds the declared column names; or its number.
    header_lines    Lines that the header has (default 1; 2 or 3). Their names are joined: 用水/用量 below 用水. A name that
                    above several columns is theirs until the next one.
    unit            The unit that the sheet states above its header, 万元 of （单位：万元）: it must be found there, and
                    stage.sql reckons with it. Where none is declared, 元 and units without 千, 万 or 亿 are let through.
    merged          refuse (default): of merged cells only the first holds the value, so that the others' rows are
                    unreadable. fill: they have it too, below and beside it. (Excel.)
    decimal         "," where numbers are written 1.234,56 or 1 234,56: in columns that are not all text they are read as 1234.56;
                    a number with other marks is unreadable. (CSV and web pages; Excel's numbers have no marks.)
    fill_down       Columns in which nothing means "as above", the outer ones first: the first row of a block holds what is
                    true of all. A row that holds nothing in all other columns is not filled, nor is a cell beside another
                    value of a column before it in this list.
    formulas        refuse (default): a row with a formula is unreadable. cached: the result that Excel kept is the value;
                    a formula without one is unreadable. (Excel.)
    pad_short_rows  true: a CSV line with fewer fields than the header is read with the rest empty; the last line of a
                    file that ends within it is unreadable all the same. Default: false, such lines are unreadable.
    totals          {column: …, values: [合计, …]}: lines with such a value in this column are totals, not rows. Spaces,
                    colons, widths and case make no difference. Where a column has several names, list them: the
                    first that the file has counts. (CSV and Excel.)

A file is one delivery, and so is each member of a zip and each file attached to a message (.eml; behind other names, as
in a Maildir, with format: eml), also in a zip there or in a message that was forwarded. Its time is the delivery's time
(in a zip or a message that of the whole); what is newer than the end of the run's interval waits for the next run. What
was landed already, by SHA-256 of the content, is passed over; a changed file under the same name is a new delivery.
Deliveries come in the order of their times, then names.

A file is copied once, into a nameless temporary file that vanishes with the process, and hashed on the way: what is
compared is what is read. Names that begin with a dot or `~$`, or end in .part, .tmp, .filepart, .swp or .done are not
deliveries.

Columns without a heading at the end of the header are none, and a value below them makes its row unreadable; elsewhere
they are called `column 3`, by their position. A second column of one name is called `name (2)`.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import re
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import IO, Any, Final

from connectors.credentials import Credentials
from connectors.sources import NO_USES, Delivery, Window
from connectors.sources.file_drop.crosstabs import Unpivot, month_pattern
from connectors.sources.file_drop.csv_lines import ENCODINGS
from connectors.sources.file_drop.lines import MOST_HEADER_LINES
from connectors.sources.file_drop.mails import attachments, sent_at
from connectors.sources.file_drop.plan import Plan, Run
from connectors.sources.file_drop.reading import opened_delivery
from connectors.sources.file_drop.stores import DONE, FileGone, Found, Store, open_store
from connectors.sources.file_drop.zips import Bounds, open_zip, unpack
from connectors.sources.options import Options
from warehouse.errors import DeliveryRefused

OPTIONS: frozenset[str] = frozenset(
    {
        "folder",
        "pattern",
        "member_pattern",
        "name_pattern",
        "recent_days",
        "ready",
        "settle_seconds",
        "max_file_mb",
        "max_unpacked_mb",
        "format",
        "encoding",
        "delimiter",
        "quote",
        "escape",
        "sheet",
        "header",
        "totals",
        "pad_short_rows",
        "header_lines",
        "unit",
        "merged",
        "fill_down",
        "formulas",
        "sheets",
        "sheet_pattern",
        "title_pattern",
        "unpivot",
        "decimal",
    }
)
_log = logging.getLogger(__name__)
_FORMATS: Final = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xls": "xls",
    ".et": "xls",
    ".htm": "xls",
    ".html": "xls",
    ".xml": "xls",
    ".parquet": "parquet",
    ".zip": "zip",
    ".eml": "eml",
}
_IN_ZIPS: Final = _FORMATS.keys() - {".htm", ".html", ".xml", ".eml"}
# what may hold rows and is not read: beside a file that is taken it would be lost unseen
_ROWS_UNREAD: Final = re.compile(
    r"\.(rar|7z|t?gz|tar|bz2|xz|xlsb|ods|numbers|dbf|mdb|accdb|jsonl?|eml|msg|mbox|xml|html?)$", re.IGNORECASE
)
_FUTURE: Final = timedelta(days=1)
_NOT_DELIVERIES: Final = re.compile(r"^(\.|~\$)|\.(part|tmp|filepart|swp)$", re.IGNORECASE)
# what a mail server makes of pieces of a message's own text
_OF_SERVERS: Final = re.compile(r"ATT\d{5}\.(txt|html?)", re.IGNORECASE)


def deliveries(
    options: Mapping[str, Any],
    credentials: Credentials,
    window: Window,
    where: str,
    *,
    exclude: frozenset[str] = frozenset(),
    expected: frozenset[str] = frozenset(),
    uses: Mapping[str, str] = NO_USES,
) -> Iterator[Delivery]:
    """Take the files that are new: one delivery each, see `connectors.sources.Source.deliveries`."""
    return _taken(Run(_plan(options, where), window, where, exclude, expected, uses), credentials)


def _plan(options: Mapping[str, Any], where: str) -> Plan:
    read = Options(options, OPTIONS, where)
    folder = read.text("folder", "")
    if ".." in PurePosixPath(folder).parts:
        read.refuse("folder", f"is {folder!r}, which leads out of the connection's folder", "a folder below it")
    patterns = read.texts("pattern", ("*",))
    if any(".." in PurePosixPath(pattern).parts or pattern.startswith("/") for pattern in patterns):
        read.refuse("pattern", f"is {options['pattern']!r}, which leads out of the folder", "patterns below it")
    encoding = read.choice("encoding", tuple(ENCODINGS), "utf-8")
    delimiter, quote, escape = read.text("delimiter", None), read.text("quote", '"'), read.text("escape", None)
    for key, value in (("delimiter", delimiter), ("quote", quote), ("escape", escape)):
        if value is not None and len(value) != 1:
            read.refuse(key, f"is {value!r}", "one character")
    header_lines = read.whole("header_lines", 1, 1)
    if header_lines > MOST_HEADER_LINES:
        read.refuse("header_lines", f"is {header_lines}", f"1 to {MOST_HEADER_LINES}")
    header = None
    if options.get("header", "auto") != "auto":
        header = read.whole("header", 1, 1)
    totals = None
    if read.has("totals"):
        inside = read.inside("totals", frozenset({"column", "values"}))
        totals = (inside.texts("column") or inside.text("column"), frozenset(inside.texts("values", ("合计", "总计"))))
    if read.has("sheet") and read.has("sheets"):
        read.refuse("sheets", "is declared beside sheet", "one of them")
    return Plan(
        folder=folder,
        patterns=patterns,
        member_patterns=read.texts("member_pattern"),
        name_pattern=_pattern(read, "name_pattern"),
        recent=timedelta(days=read.number("recent_days", 0)) if read.has("recent_days") else None,
        by_marker=read.choice("ready", ("stable", "marker"), "stable") == "marker",
        settle_seconds=read.number("settle_seconds", 1),
        max_file_bytes=int(read.number("max_file_mb", 2048) * 1_000_000),
        max_unpacked_bytes=int(read.number("max_unpacked_mb", 4096) * 1_000_000),
        format=read.choice("format", ("csv", "xlsx", "xls", "parquet", "eml"), "csv") if read.has("format") else None,
        encoding=encoding,
        delimiter=delimiter,
        quote=quote,
        escape=escape,
        sheet=read.text("sheet", None),
        header=header,
        totals=totals,
        pad_short_rows=read.flag("pad_short_rows"),
        header_lines=header_lines,
        unit=read.text("unit", None),
        fill_down=read.texts("fill_down"),
        fills_merged=read.choice("merged", ("refuse", "fill"), "refuse") == "fill",
        believes_results=read.choice("formulas", ("refuse", "cached"), "refuse") == "cached",
        sheets=read.texts("sheets"),
        sheet_pattern=_pattern(read, "sheet_pattern"),
        title_pattern=_pattern(read, "title_pattern"),
        unpivot=_unpivot(read) if read.has("unpivot") else None,
        decimal="," if read.choice("decimal", (".", ","), ".") == "," else None,
    )


def _pattern(read: Options, key: str) -> re.Pattern[str] | None:
    if not read.has(key):
        return None
    try:
        pattern = re.compile(read.text(key))
    except re.error as error:
        read.refuse(key, f"is no regular expression ({error})", 'something like "(?P<month>\\d{6})"')
    if not pattern.groupindex:
        read.refuse(key, "has no named group", 'a name in it, such as "(?P<month>\\d{6})"')
    return pattern


def _unpivot(read: Options) -> Unpivot:
    inside = read.inside("unpivot", frozenset({"columns", "period", "value", "totals", "empty"}))
    patterns = []
    for text in inside.texts("columns"):
        pattern = month_pattern(text)
        if pattern is None:
            inside.refuse("columns", f"is {text!r}", "M or MM once, such as M月 or YYYY-MM")
        patterns.append(pattern)
    if not patterns:
        inside.refuse("columns", "is missing", "what the header of a month looks like, such as M月")
    return Unpivot(
        columns=tuple(patterns),
        period=inside.text("period"),
        values=inside.texts("value") or (inside.text("value"),),
        totals=frozenset(inside.texts("totals")),
        empty=frozenset(inside.texts("empty")),
    )


# --- which files ----------------------------------------------------------------------------------------------------


def _taken(run: Run, credentials: Credentials) -> Iterator[Delivery]:
    with open_store(credentials, run.where) as store:
        for found in sorted(_ready(run, store), key=lambda found: (_time(run, store, found), found.name)):
            yield from _of_file(run, store, found)


def _time(run: Run, store: Store, found: Found) -> datetime:
    """A file's time; of a message when it came, for messages are saved in any order."""
    if _kind(run, found.name) != "eml":
        return found.modified
    with (
        tempfile.TemporaryFile() as head,
        contextlib.closing(store.copy(found, head, run.plan.max_file_bytes)) as pieces,
    ):
        try:
            beginning = next(pieces, b"")
        except FileGone:  # it is looked for once more
            return found.modified
    return _earlier(found.modified, sent_at(beginning))


def _earlier(modified: datetime, sent: datetime | None) -> datetime:
    return min(modified, sent) if sent else modified


def _ready(run: Run, store: Store) -> list[Found]:
    """Give the files that are complete and belong to this run."""
    plan = run.plan
    seen = store.find(plan.folder, plan.patterns)
    _report_future(run, seen.values())
    candidates = {name: found for name, found in seen.items() if _is_wanted(run, found)}
    if plan.by_marker:
        marked = {name.removesuffix(DONE): found for name, found in seen.items() if name.endswith(DONE)}
        # A marker older than its file speaks of the file that was there before.
        ready = [f for name, f in candidates.items() if name in marked and marked[name].modified >= f.modified]
    elif candidates:
        time.sleep(plan.settle_seconds)
        again = store.find(plan.folder, plan.patterns)
        ready = [found for name, found in candidates.items() if again.get(name) == found]
    else:
        ready = []
    for name in sorted(candidates.keys() - {found.name for found in ready}):
        _log.info("%s: %s is not complete yet and waits for the next run", run.where, name)
    return ready


def _report_future(run: Run, seen: Iterable[Found]) -> None:
    """A file that is dated in the future would wait until then, unnoticed: beyond a day it stops the feed.

    Raises:
        DeliveryRefused: There is one.
    """
    now = max(run.window.until, datetime.now(UTC))
    for found in sorted(seen, key=lambda found: found.name):
        if found.modified <= now or not _is_delivery(found):
            continue
        ahead = found.modified - now
        if ahead <= _FUTURE:  # a server with a clock that is off by its time zone
            _log.info(
                "%s: %s is dated %s, after this run, and waits", run.where, found.name, f"{found.modified:%F %H:%M} UTC"
            )
            continue
        raise DeliveryRefused(
            f"{run.where} {found.name}",
            f"it is dated {found.modified:%Y-%m-%d %H:%M} UTC, {ahead / timedelta(days=1):,.1f} days after now "
            f"({now:%Y-%m-%d %H:%M})",
            allowed=f"{_FUTURE / timedelta(days=1):g} day",
            next_step="compare this machine's clock (`date -u`); if it is right, ask the office to correct the file's date (or "
            f"`touch` it) and run `parkbridge sync {run.where}`. Published data is unchanged",
        )


def _is_delivery(found: Found) -> bool:
    name = PurePosixPath(found.name).name
    return not (_NOT_DELIVERIES.search(name) or name.endswith(DONE))


def _is_wanted(run: Run, found: Found) -> bool:
    if not _is_delivery(found) or found.modified > run.window.until:
        return False
    if run.plan.recent is None:
        return True
    first, arrived = run.window.until - run.plan.recent, found.arrived
    return found.modified >= first or (arrived is not None and first <= arrived <= run.window.until)


# --- one file -------------------------------------------------------------------------------------------------------


def _of_file(run: Run, store: Store, found: Found) -> Iterator[Delivery]:
    kind = _format(run, found.name)
    file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - the delivery's batches read it later, and close it
    try:
        content_id = _hash(store.copy(found, file, run.plan.max_file_bytes))
        is_whole = file.tell() == found.size and store.is_still(found)
    except FileGone:  # as one that is gone between the two looks
        is_whole = False
    if not is_whole:
        _log.info("%s: %s changed or went while it was copied and waits for the next run", run.where, found.name)
        file.close()
    elif kind in ("zip", "eml"):
        with file:
            opened = _of_zip if kind == "zip" else _of_message
            yield from opened(run, _shown(found.name), found.modified, file)
    elif run.window.is_landed(_shown(found.name), content_id, found.modified):
        file.close()
    else:
        yield opened_delivery(run, file, kind, _shown(found.name), found.modified, content_id)


def _shown(name: str) -> str:
    """A file's name as text: on Linux it may be any bytes, which no manifest and no message can hold."""
    return name.encode("utf-8", "backslashreplace").decode()


def _of_zip(run: Run, label: str, modified: datetime, file: IO[bytes]) -> Iterator[Delivery]:
    """Give each member that matches; the zip itself has no content of its own."""
    where = f"{run.where} {label}"
    archive, members = open_zip(file, Bounds(run.plan.max_unpacked_bytes), where)
    wanted = [member for member in members if _is_member(run, member.name)]
    _check_members(run, [member.name for member in wanted], [member.name for member in members], where)
    for member in wanted:
        name = f"{label}/{member.name}"
        kind = _format(run, name, is_member=True)
        if kind in ("zip", "eml"):
            raise DeliveryRefused(
                where, f"there is a {kind} in it: {member.name!r}", next_step="ask the office to zip its files once"
            )
        yield from _of_pieces(run, name, kind, modified, unpack(archive, member, where))


def _of_message(run: Run, label: str, modified: datetime, file: IO[bytes]) -> Iterator[Delivery]:
    """Give each attachment that matches, and the members of one that is a zip."""
    where = f"{run.where} {label}"
    found = attachments(file, where)
    wanted = [attachment for attachment in found if _is_member(run, attachment.name)]
    _check_members(run, [a.name for a in wanted], [a.name for a in found], where)
    for attachment in wanted:
        name = f"{label}/{attachment.name}"
        kind = _format(run, name, is_member=True)
        when = _earlier(modified, attachment.sent)
        if kind == "zip":
            yield from _of_zip(run, name, when, io.BytesIO(attachment.content))
        else:
            yield from _of_pieces(run, name, kind, when, iter([attachment.content]))


def _check_members(run: Run, wanted: list[str], names: list[str], where: str) -> None:
    left = [] if run.plan.member_patterns else [n for n in names if _ROWS_UNREAD.search(n) and not _is_passed_over(n)]
    left = left if wanted else []
    if not wanted or left:
        raise DeliveryRefused(
            where,
            (f"{', '.join(left[:5])} in it may hold rows, and is not read" if left else "")
            or (
                f"none of its {len(names)} members is a delivery: {', '.join(names[:5])}"
                if names
                else "there is no file in it"
            ),
            allowed=", ".join(run.plan.member_patterns) or "CSV, Excel and Parquet files",
            next_step="say in source.member_pattern in feed.yml which files count, or ask the office for the right file",
        )


def _of_pieces(run: Run, name: str, kind: str, modified: datetime, pieces: Iterator[bytes]) -> Iterator[Delivery]:
    unpacked: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - as above
    content_id = _hash(_written(pieces, unpacked))
    if run.window.is_landed(name, content_id, modified):
        unpacked.close()
    else:
        yield opened_delivery(run, unpacked, kind, name, modified, content_id)


def _is_passed_over(name: str) -> bool:
    base = PurePosixPath(name).name
    return bool(_NOT_DELIVERIES.search(base) or _OF_SERVERS.fullmatch(base) or name.startswith("__MACOSX/"))


def _is_member(run: Run, name: str) -> bool:
    base = PurePosixPath(name).name
    if _is_passed_over(name):
        return False
    if run.plan.member_patterns:
        return any(fnmatchcase(base, pattern) for pattern in run.plan.member_patterns)
    return PurePosixPath(base).suffix.lower() in _IN_ZIPS


def _written(pieces: Iterator[bytes], file: IO[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        file.write(piece)
        yield piece


def _hash(pieces: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _kind(run: Run, name: str, *, is_member: bool = False) -> str | None:
    """What a file is by its name and declaration; None where neither says it."""
    suffix = PurePosixPath(name).suffix.lower()
    declared = None if is_member and run.plan.format == "eml" else run.plan.format
    if suffix == ".zip":
        return "zip"
    if declared in ("csv", "xlsx") and _FORMATS.get(suffix) == "xls":
        return "xls"  # what systems write under this name changes with their version: its content decides
    return declared or _FORMATS.get(suffix)


def _format(run: Run, name: str, *, is_member: bool = False) -> str:
    found = _kind(run, name, is_member=is_member)
    if found is None:
        suffix = PurePosixPath(name).suffix.lower()
        raise DeliveryRefused(
            f"{run.where} {name}",
            f"files that end in {suffix!r} are not known",
            allowed=", ".join(_FORMATS),
            next_step="ask the office for CSV or Excel (.xlsx), or narrow source.pattern; a JSON API is read by protocol http_api"
            if _ROWS_UNREAD.search(name)
            else "narrow source.pattern, or declare source.format",
        )
    return found
