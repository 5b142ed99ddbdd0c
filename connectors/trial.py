"""Try an office's own file against a feed's declaration: what would be read, staged and put aside. Nothing is kept."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from connectors.credentials import Credentials
from connectors.feed import Feed
from connectors.landing import land
from connectors.rehearsal import REJECTED_BECAUSE, empty_warehouse
from connectors.sources import ROW_NUMBER
from connectors.sources.file_drop.crosstabs import ROWS_OF_LINE
from connectors.sources.file_drop.sheet_tables import NEXT_SHEET
from warehouse.batches import ROWS, UNREADABLE, Batch, batches
from warehouse.connection import literal, quote, the_row
from warehouse.errors import DeclarationError, DeliveryRefused, UnknownCodes
from warehouse.labels import labels
from warehouse.loader import USUAL_ZONE, stage, staged_rows

FIRST_ROWS = 5
_SKIPPED_BECAUSE = "skip_because"


@dataclass(frozen=True)
class Found:
    """What came of one delivery in the file.

    Attributes:
        delivery: Its name: the file, or a member of it.
        header: The columns as the office names them.
        landed: How many rows were read.
        first_line: Line of the first of them; None where there is none.
        unreadable: (line, reason) of what is no row.
        notes: What a person should know of it: hidden rows, a sheet that is left out.
        stop: Why the feed would stop over it as its first delivery; None where it would not.
        staged: The rows that stage.sql gives, as text, by canonical column.
    """

    delivery: str
    header: Sequence[str]
    landed: int
    first_line: int | None
    unreadable: Sequence[tuple[int, str]]
    staged: Sequence[Mapping[str, str]]
    notes: Sequence[str] = ()
    stop: str | None = None


def try_file(feed: Feed, path: Path, time_zone: ZoneInfo = USUAL_ZONE) -> list[Found]:
    """Read a file as the feed would, in a folder that is gone afterwards. Persons' data are left out as in a landing.

    Args:
        feed: The declared feed; where it pulls from a database or an API, the file is read as a plain CSV or Excel file.
        path: The office's file.
        time_zone: The park's.

    Returns:
        One entry for each delivery in it: one, or one for each member of a zip.

    Raises:
        DeclarationError: There is no such file, or stage.sql does not run.
        DeliveryRefused: The file is not as declared.
    """
    if not path.is_file():
        raise DeclarationError(feed.name, f"{path} is no file", next_step="name a file that the office sent")
    options = dict(feed.options) if feed.protocol == "file_drop" else {}
    kept = {"folder", "pattern", "ready", "recent_days"}
    options = {key: value for key, value in options.items() if key not in kept} | {"settle_seconds": 0}
    # brackets and stars of a file's name are no pattern
    options["pattern"] = "".join(f"[{sign}]" if sign in "*?[" else sign for sign in path.name)
    asked = replace(feed, protocol="file_drop", options=options)
    until = max(datetime.now(UTC), datetime.fromtimestamp(path.stat().st_mtime, UTC))
    with tempfile.TemporaryDirectory(prefix="parkbridge-try-") as scratch:
        raw = Path(scratch)
        here = Credentials("fs", extra={"path": str(path.absolute().parent)})
        land(asked, raw, run_id="try", until=until, credentials=here)
        with empty_warehouse().cursor() as connection:
            return [_found(connection, asked, batch, time_zone) for batch in batches(raw, feed.name)]


def _found(connection: duckdb.DuckDBPyConnection, feed: Feed, batch: Batch, time_zone: ZoneInfo) -> Found:
    stop = None
    try:
        stage(connection, feed, [batch], time_zone=time_zone)
    except UnknownCodes as error:
        raise DeliveryRefused(
            error.where, error.fact, allowed=error.allowed, next_step=_how_to_map(feed, error.columns)
        ) from error
    except DeliveryRefused as error:
        stop = f"{error.fact}{f'; {error.allowed} allowed' if error.allowed else ''}"
    rows = f"read_parquet({literal(str(batch.folder / ROWS))})"
    (first,) = the_row(connection, f"select min({ROW_NUMBER}) from {rows}")
    unreadable: list[tuple[int, str]] = []
    if (batch.folder / UNREADABLE).is_file():
        unreadable = connection.execute(
            f"select {ROW_NUMBER}, reason from read_parquet({literal(str(batch.folder / UNREADABLE))}) order by 1"
        ).fetchall()
    return Found(
        delivery=batch.manifest.delivery,
        header=batch.manifest.header,
        landed=batch.manifest.rows,
        first_line=first and _line_of(feed, first),
        unreadable=[(_line_of(feed, number), reason) for number, reason in unreadable],
        staged=staged_rows(connection, feed),
        notes=[*batch.manifest.notes, *_kinds_of_rows(connection, feed)],
        stop=stop,
    )


def _line_of(feed: Feed, row_number: int) -> int:
    """The line of the sheet that a row is from: of a table with months as columns each month of a line has a number."""
    return (row_number // ROWS_OF_LINE if "unpivot" in feed.options else row_number) % NEXT_SHEET


def _kinds_of_rows(connection: duckdb.DuckDBPyConnection, feed: Feed) -> Iterator[str]:
    """Unused columns of words by which rows that disagree about one key differ: 险种类型, 征收品目."""
    key = ", ".join(f"c.{quote(column)}" for column in feed.subject.key)
    for column in (name for name in feed.landed_columns if not feed.columns.get(name)):
        most, kinds, figures = the_row(
            connection,
            f"select max(n), count(distinct kind), count(try_cast(kind as double)) from (select {key}, d.{quote(column)} as kind, "
            "count(*) as n from rejected as r join candidate as c using (row_number) join delivery as d using (row_number) "
            "where starts_with(r.reason, 'two rows disagree') group by all)",
        )
        if most == 1 and kinds > 1 and not figures:
            yield (
                f"there is a row of each {column} for one {' + '.join(feed.subject.key)}: if they are parts, add them up in stage.sql; "
                "if one counts, leave the others out by skip_because"
            )


def _how_to_map(feed: Feed, columns: Iterable[str]) -> str:
    """What to write into feed.yml for words of these columns that are no known codes."""
    codes = {
        column: [f"{code.value} {code.zh}" for code in labels()[target].codes if not code.is_derived]
        for column in columns
        for target in feed.columns[column]
        if target in labels()
    }
    known = "; ".join(f"{column}: {', '.join(words)}" for column, words in codes.items() if words)
    return (
        f"add each word to codes in {feed.name}/feed.yml{f' with its code ({known})' if known else ''}; one that means that there is "
        "no value yet to `missing`; one without a code as a word of your own that stage.sql leaves out by skip_because"
    )


def report(feed: Feed, found: Found) -> Iterator[str]:
    """Report it line by line: columns, rows, what is put aside and why, and the first rows."""
    kinds = {column: f"{column} ({figure.kind})" for column, figure in feed.figures.items()}
    by_name = {name: ", ".join(kinds.get(t, t) for t in targets) for name, targets in feed.columns.items()}
    yield f"{found.delivery}: {found.landed:,} rows" + (f", from line {found.first_line}" if found.first_line else "")
    for name in found.header:
        declared = feed.aliases.get(name, name)
        use = "personal: never kept" if declared in feed.personal else by_name.get(declared) or "ignored"
        yield f"  {name} → {use}"
    yield from (f"  ! {text}" for text in found.notes)
    good = [row for row in found.staged if not row[REJECTED_BECAUSE] and not row[_SKIPPED_BECAUSE]]
    skipped = Counter(row[_SKIPPED_BECAUSE] for row in found.staged if row[_SKIPPED_BECAUSE])
    rejected = Counter(row[REJECTED_BECAUSE] for row in found.staged if row[REJECTED_BECAUSE])
    yield (
        f"  {len(good):,} rows for staged.{feed.subject.name}, {sum(skipped.values()):,} left out by stage.sql, "
        f"{sum(rejected.values()):,} put aside, {len(found.unreadable):,} lines unreadable"
    )
    for line, reason in found.unreadable[:FIRST_ROWS]:
        yield f"  ✗ line {line}: {reason}"
    for reasons, word in ((rejected, "put aside"), (skipped, "left out")):
        for reason, count in reasons.most_common(FIRST_ROWS):
            yield f"  ✗ {count:,} × {word}: {reason}"
    for column, values in unknown_codes(feed, found).items():
        yield f"  ✗ {column} is {', '.join(values)}, which no code is: map the words by codes (warehouse/columns.yml lists them)"
    for number, row in enumerate(good[:FIRST_ROWS], start=1):
        yield f"  {number}. " + ", ".join(f"{column} {row[column]}" for column in feed.subject.columns if row[column])


def unknown_codes(feed: Feed, found: Found) -> dict[str, list[str]]:
    """Values of code columns that are no codes, by column; the night's contract stops over any of them."""
    unknown = {}
    for column in feed.subject.columns:
        known = (
            {str(code.value) for code in labels()[column].codes if not code.is_derived} if column in labels() else set()
        )
        used = (row for row in found.staged if not row[REJECTED_BECAUSE] and not row[_SKIPPED_BECAUSE])
        values = sorted({row[column] for row in used if row[column]} - known)
        if known and values:
            unknown[column] = values[:FIRST_ROWS]
    return unknown


def allowance(feed: Feed, found: Found) -> str | None:
    """Say why the feed would stop over it; None where it would go through."""
    if codes := unknown_codes(feed, found):
        return f"{', '.join(codes)}: values that are no codes: the feed would stop"
    if (found.staged or found.unreadable) and not any(row for row in found.staged if not row[REJECTED_BECAUSE]):
        return "no row of it can be used: say in feed.yml and stage.sql what the office sends"
    return f"{found.stop}: the feed would stop" if found.stop else None
