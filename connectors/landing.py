"""LAND: a delivery becomes an immutable batch of Parquet with a manifest, before anything reads its meaning.

What a batch holds is what the office handed over, less what names a person: personal columns are dropped, rosters become
counts, invoices become monthly amounts, of several parties in one cell only firms and institutes are left, and identity numbers
hidden in other columns (a sole trader's taxpayer number is one) are blotted out or, with a key (PARKBRIDGE_PSEUDONYM_KEY), become
keyed pseudonyms, all before the first byte is written.
Landing takes no lock: feeds land side by side.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.credentials import Credentials
from connectors.feed import Feed
from connectors.invoices import aggregated
from connectors.parties import without_people
from connectors.persons import Blotter, counted, without_names_of_events, without_persons
from connectors.sources import ROW_NUMBER, Delivery, Unreadable, Window, protocol
from warehouse.batches import ROWS, UNREADABLE, Batch, Manifest, batches, pending, put_in_place, write_manifest
from warehouse.durable import make_folder, sha256_of
from warehouse.errors import DeliveryRefused, SourceError
from warehouse.text import shown


@dataclass(frozen=True)
class _Pull:
    """One run's look at a source: which run, the stretch of time it covers, which contents are not landed again."""

    run_id: str
    pulled_from: datetime | None
    pulled_until: datetime
    started_at: datetime
    known: set[str]
    labels: dict[str, str]  # of accepted files, by content
    asked: str
    asked_until: datetime

    @property
    def of_manifest(self) -> dict[str, Any]:
        """What every batch of the run has in its manifest."""
        names = ("run_id", "pulled_from", "pulled_until", "started_at", "asked", "asked_until")
        return {name: getattr(self, name) for name in names}


def land(
    feed: Feed,
    raw: Path,
    *,
    run_id: str,
    until: datetime,
    now: datetime | None = None,
    credentials: Credentials | None = None,
    pseudonym_key: str = "",
) -> list[Manifest]:
    """Fetch what a feed's source has up to `until` and land it; the feed's earlier attempts are replaced.

    Args:
        feed: The declared feed.
        raw: The folder of all batches.
        run_id: The run that asks; kept in the manifests.
        until: End of the run's interval, aware UTC: nothing that the source recorded or delivered later is taken.
        now: The moment of landing; the clock's by default.
        credentials: Instead of the Airflow connection that the feed names.
        pseudonym_key: Turns identity numbers into pseudonyms; without it they are blotted out.

    Returns:
        The manifests of the new batches; none where the source has nothing new.

    Raises:
        SourceError: The source cannot be reached or read.
        DeliveryRefused: A delivery's columns are not those declared.
    """
    now, until = now or datetime.now(UTC), until.astimezone(UTC)
    root = raw / feed.name
    make_folder(raw.parent)
    make_folder(root, 0o700)
    set_aside_attempts(raw, feed.name)
    # what was announced and is not settled is neither known nor an attempt: its source is asked again
    settled = [b for b in batches(raw, feed.name) if b.accepted_at or b.is_discarded]
    accepted = [b for b in settled if b.accepted_at and not b.is_discarded]
    last = max((b.manifest.pulled_until for b in accepted), default=None)
    asked = _asked(feed)
    before = [m for b in accepted if (m := b.manifest).pulled_until <= until and m.asked in ("", asked)]
    with_cursor = [m for m in before if m.cursor is not None]
    window = Window(
        since=max((m.asked_until or m.pulled_until for m in before), default=None),
        until=until,
        cursor=with_cursor[-1].cursor if with_cursor else None,
        rows_below=with_cursor[-1].rows_below if with_cursor else {},
        figures_below=with_cursor[-1].figures_below if with_cursor else {},
        known=frozenset(b.manifest.content_id for b in settled),
        latest=_latest(settled),
    )
    # A past interval that is filled in after later ones is known from now on, not from then.
    pulled_until = until if last is None or until > last else now
    # A file is known by its bytes for good. A pull says what the source holds now: as before the last one is news again.
    known = {b.manifest.content_id for b in settled if b.is_discarded or b in accepted[-1:]}
    labels = {b.manifest.content_id: b.manifest.delivery for b in accepted}
    pull = _Pull(run_id, last, pulled_until, now, known, labels, asked, until)
    login = credentials or Credentials.from_airflow(feed.connection)
    landed: list[Manifest] = []
    try:
        found = protocol(feed.protocol).deliveries(
            feed.options,
            login,
            window,
            feed.name,
            exclude=frozenset() if feed.roster else _with_aliases(feed, feed.personal),
            expected=_with_aliases(feed, feed.columns),
            uses=_uses(feed),
        )
        numbers = count()
        for delivery in found:
            while (folder := root / f"{until:%Y%m%dT%H%M%SZ}-{next(numbers):04d}").exists():
                pass
            if manifest := _land_one(feed, delivery, folder, pull, Blotter(pseudonym_key)):
                landed.append(manifest)
                pull.known.add(manifest.content_id)
    except (SourceError, DeliveryRefused) as error:
        error.fact = login.redact(error.fact)
        without_persons(error)
        raise
    return landed


def _asked(feed: Feed) -> str:
    """A digest of what the source is asked for: a wider query has rows of before the last pull, another table all of its own."""
    names: frozenset[str] = getattr(protocol(feed.protocol), "ASKED", frozenset())
    options = {name: feed.options[name] for name in sorted(names & feed.options.keys())}
    text = json.dumps([feed.connection, options], default=str, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16] if names else ""


def _latest(settled: Iterable[Batch]) -> dict[str, tuple[str, datetime | None]]:
    """What was landed last under each label, in the order in which it came."""
    latest: dict[str, tuple[str, datetime | None]] = {}
    for batch in settled:
        latest.pop(batch.manifest.delivery, None)
        latest[batch.manifest.delivery] = batch.manifest.content_id, batch.manifest.delivered_at
    return latest


def _with_aliases(feed: Feed, names: Iterable[str]) -> frozenset[str]:
    """Declared names and the other headers seen for them."""
    wanted = frozenset(names)
    return wanted | {alias for alias, name in feed.aliases.items() if name in wanted}


def _uses(feed: Feed) -> dict[str, str]:
    """What columns are for, by every name: `ignored`, or `text` or `date` where all that they feed is that.

    An `ignored` column that stage.sql or a fact names decides something: it may mark void rows. The number, the status and
    the amount of an invoice are used here, although none of them lands.
    """
    of_subject, invoices = feed.subject.columns, feed.invoices
    asked = " ".join((re.sub("--.*", "", feed.stage_sql), *feed.facts.values())).casefold()
    uses: dict[str, str] = {}
    for name, targets in feed.columns.items():
        if invoices and name == invoices.amount:
            continue
        if invoices and name in (*invoices.number, invoices.void):
            use = "text"
        elif name == feed.recorded_at:
            continue
        elif not targets:
            if re.search(rf"(?<!\w){re.escape(name.casefold())}(?!\w)", asked):
                continue
            use = "ignored"
        elif (types := {of_subject[t].type if t in of_subject else "" for t in targets}) in ({"varchar"}, {"date"}):
            use = "text" if types == {"varchar"} else "date"
        else:
            continue
        uses |= dict.fromkeys(_with_aliases(feed, [name]), use)
    return uses


def set_aside_attempts(raw: Path, feed: str) -> None:
    """Move batches that were never accepted to refused/: the run that follows reads their source again."""
    for batch in pending(raw, feed):
        aside = raw.parent / "refused" / feed
        make_folder(aside, 0o700)
        target = aside / f"{batch.manifest.batch_id}-{batch.manifest.ended_at:%Y%m%dT%H%M%S%f}"
        shutil.rmtree(target, ignore_errors=True)
        batch.folder.replace(target)
    for part in (raw / feed).glob("*.part"):
        shutil.rmtree(part, ignore_errors=True)


def resolve_header(feed: Feed, header: Iterable[str], label: str) -> dict[str, str]:
    """Map each delivered column to its declared name.

    Raises:
        DeliveryRefused: A column is unknown, twice there, or missing.
    """
    where = f"{feed.name} {label}"
    found: dict[str, str] = {}
    unknown = []
    for delivered in header:
        plain = " ".join(delivered.split())
        name = feed.aliases.get(plain, plain)
        if name not in feed.columns or name in feed.made_columns:
            unknown.append(delivered)
        elif name in found.values():
            raise DeliveryRefused(
                where, f"column {name!r} is there twice", next_step="ask the office which one counts, then send again"
            )
        else:
            found[delivered] = name
    twice = [name.removesuffix(" (2)") for name in unknown if name.endswith(" (2)") and name[:-4] in found]
    if twice:
        raise DeliveryRefused(
            where,
            f"column {', '.join(map(repr, twice))} is there twice (two tables side by side?)",
            next_step="ask the office which one counts, or for one table; a header of two lines is declared by source.header_lines: 2",
        )
    missing = [
        name
        for name in feed.columns
        if name not in found.values() and name not in feed.optional and name not in feed.made_columns
    ]
    if unknown or missing:
        lines = ""
        names = ", ".join(repr(Blotter().text(name)) for name in unknown)
        if len(unknown) > len(found):  # the texts there may be a row of data: it is not copied into a message
            names = f"in {len(unknown)} of {len(found) + len(unknown)} places (is the header line missing, or of two lines?)"
            lines = "a header of two lines is declared by source.header_lines: 2; "
        facts = [f"unknown column {names}"] if unknown else []
        facts += [f"column {', '.join(map(repr, missing))} is missing"] if missing else []
        raise DeliveryRefused(
            where,
            f"{' and '.join(facts)}; the feed declares {len(feed.columns)} columns",
            next_step=f"{lines}if the office renamed or added it, say so in {feed.name}/feed.yml (aliases, columns or optional) and "
            f"in stage.sql, then run `parkbridge sync {feed.name}`; otherwise ask for the file again. "
            "Published data is unchanged",
        )
    return found


def _land_one(feed: Feed, delivery: Delivery, folder: Path, pull: _Pull, blotter: Blotter) -> Manifest | None:
    names = resolve_header(feed, delivery.header, delivery.label)
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    account, entries = Counter[str](), list[Unreadable]()
    tables = _folded(feed, _renamed(delivery.batches, names, account), entries, account)
    rows, schema = 0, None
    writer: pq.ParquetWriter | None = None
    try:
        for batch in tables:
            kept = [n for n in batch.schema.names if n == ROW_NUMBER or n in feed.landed_columns]
            named = without_people(batch.select(kept), feed.parties, blotter.counts)
            named = without_names_of_events(named, feed.columns, blotter.counts)
            clean = blotter.clean(named, feed.code_columns)
            if writer is None:
                schema = pa.schema(
                    [pa.field(f.name, pa.string() if pa.types.is_null(f.type) else f.type) for f in clean.schema]
                )
                writer = pq.ParquetWriter(part / ROWS, schema, compression="zstd")
            writer.write_batch(clean.cast(schema))
            rows += clean.num_rows
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    finally:
        if writer:
            writer.close()
    account["read"] += len(delivery.unreadable)  # pieces that are no row were read, too
    delivery.unreadable.extend(entries)
    if schema is None:
        schema = pa.schema(
            [(ROW_NUMBER, pa.int64()), *((name, pa.string()) for name in names.values() if name in feed.landed_columns)]
        )
        pq.write_table(schema.empty_table(), part / ROWS)
    if delivery.unreadable:
        has_persons = feed.personal or feed.roster or feed.invoices or feed.parties
        _write_unreadable(part / UNREADABLE, delivery.unreadable, keep_text=not has_persons)
    digest = sha256_of(part / ROWS)
    content_id = delivery.content_id or digest
    nothing_new = rows == 0 and not delivery.unreadable and feed.replaces == "nothing"
    if content_id in pull.known or nothing_new:
        shutil.rmtree(part)
        return None
    label, earlier = shown(Blotter().text(delivery.label)), pull.labels.get(content_id, "")
    manifest = Manifest(
        feed=feed.name,
        subject=feed.subject.name,
        batch_id=folder.name,
        delivery=label,
        protocol=feed.protocol,
        header=delivery.header,
        columns={f.name: str(f.type) for f in schema},
        rows=rows,
        unreadable_rows=len(delivery.unreadable),
        identity_numbers_removed=blotter.counts["identity number"],
        persons_removed=dict(sorted(blotter.counts.items())),
        content_id=content_id,
        rows_sha256=digest,
        cursor=delivery.cursor,
        delivered_at=delivery.delivered_at,
        ended_at=datetime.now(UTC),
        unreadable_sha256=sha256_of(part / UNREADABLE) if delivery.unreadable else "",
        totals=[
            {names[name]: figure for name, figure in line.items() if names.get(name) in feed.landed_columns}
            for line in delivery.totals
        ],
        notes=[shown(Blotter().text(text)) for text in delivery.notes],
        is_ended=delivery.is_ended,
        rows_read=account["read"],
        rows_folded=account["folded"],
        rows_noted=account["noted"],
        repeats=earlier if delivery.content_id and earlier != label else "",
        rows_below=delivery.rows_below,
        figures_below=delivery.figures_below,
        **pull.of_manifest,
    )
    write_manifest(part, manifest)
    put_in_place(part, folder)
    return manifest


def _folded(
    feed: Feed, stream: Iterator[pa.RecordBatch], entries: list[Unreadable], account: Counter[str]
) -> Iterator[pa.RecordBatch]:
    """The rows as they land: persons as counts, invoices as monthly amounts, all others as they are."""
    if feed.roster:
        return counted(stream, feed.roster, entries, account)
    if feed.invoices:
        return aggregated(stream, feed.invoices, entries, account)
    return stream


def _renamed(
    stream: Iterable[pa.RecordBatch], names: Mapping[str, str], account: Counter[str]
) -> Iterator[pa.RecordBatch]:
    for batch in stream:
        account["read"] += batch.num_rows
        yield batch.rename_columns([names.get(name, name) for name in batch.schema.names])


def _write_unreadable(path: Path, unreadable: list[Unreadable], *, keep_text: bool) -> None:
    """Keep the pieces that are no row; without their text where it may name a person."""
    table = pa.table(
        {
            ROW_NUMBER: pa.array([u.row_number for u in unreadable], pa.int64()),
            "reason": pa.array([u.reason for u in unreadable], pa.string()),
            "text": pa.array([u.text if keep_text else None for u in unreadable], pa.string()),
        }
    )
    pq.write_table(pa.Table.from_batches([Blotter().clean(b) for b in table.combine_chunks().to_batches()]), path)
