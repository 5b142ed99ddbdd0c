"""Landed batches on disk: what a manifest says, and whether a batch is accepted, refused or discarded.

A batch is raw/<feed>/<batch_id>/ with rows.parquet and manifest.json, beside them unreadable.parquet (pieces that are
no row), rejected.parquet (rows that staging could not use) and one marker: accepted.json or discarded.json. What an
accepted batch landed never changes; the warehouse can be rebuilt from the accepted ones at any time. A batch without a
marker is an attempt: the feed's next run replaces it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from warehouse.durable import make_folder, put, read_json, remove, sha256_of, write_json
from warehouse.errors import ParkBridgeError

ROWS, UNREADABLE, REJECTED, MANIFEST = "rows.parquet", "unreadable.parquet", "rejected.parquet", "manifest.json"
ACCEPTED, DISCARDED, STOPPED = "accepted.json", "discarded.json", "stopped.json"
ACCEPTING = "accepting.json"


@dataclass(frozen=True)
class Manifest:
    """What is known about one batch. Times are aware UTC.

    `pulled_from` to `pulled_until` is the stretch of time in which its rows can have become known to us; `delivery` is
    the source's own name for it; `content_id` the SHA-256 of the file it came from, or of rows.parquet where there was
    none.
    """

    feed: str
    subject: str
    batch_id: str
    run_id: str
    delivery: str
    protocol: str
    header: tuple[str, ...]
    columns: dict[str, str]
    rows: int
    unreadable_rows: int
    identity_numbers_removed: int
    content_id: str
    rows_sha256: str
    cursor: str | None
    delivered_at: datetime | None
    pulled_from: datetime | None
    pulled_until: datetime
    started_at: datetime
    ended_at: datetime
    unreadable_sha256: str = ""  # of unreadable.parquet, where there is one; batches of before this field have none
    persons_removed: dict[str, int] = field(default_factory=dict)  # by kind; batches of before this field have none
    totals: list[dict[str, str]] = field(default_factory=list)  # figures of the lines of totals, by column; likewise
    notes: list[str] = field(default_factory=list)  # what a person should know of it, such as hidden rows; likewise
    # the account of landing: read + noted = landed + folded; batches of before these fields have none
    rows_read: int | None = None
    rows_folded: int | None = None
    rows_noted: int | None = None
    is_ended: bool | None = None  # whether a file of text ends with the end of a line; likewise
    repeats: str = ""  # the earlier file of this content, under another name and with others since; likewise
    asked: str = ""  # a digest of what the source was asked for: table, query, path …; likewise
    asked_until: datetime | None = None  # the end of the run's interval: a past one's is before pulled_until; likewise
    rows_below: dict[str, int] = field(default_factory=dict)  # so many rows the source had below this cursor; likewise
    figures_below: dict[str, str] = field(default_factory=dict)  # and this is what their figures added up to; likewise


@dataclass(frozen=True)
class Batch:
    """One batch folder with its manifest and its marker, if any.

    `night_before` is the last night that had been begun when the batch was accepted (naive UTC, as in ops.night): that
    night did not know it. `previous` is the batch of this feed that was accepted before it: by these names raw/ itself shows
    that one is gone.
    """

    folder: Path
    manifest: Manifest
    accepted_at: datetime | None
    night_before: datetime | None
    is_discarded: bool
    previous: str | None = None


_TIMES = ("delivered_at", "pulled_from", "pulled_until", "started_at", "ended_at", "asked_until")


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write manifest.json into a batch folder."""
    times = {name: value.isoformat() for name in _TIMES if (value := getattr(manifest, name))}
    write_json(folder / MANIFEST, asdict(manifest) | times)


def put_in_place(part: Path, folder: Path) -> None:
    """Give a landed batch its name: from here on it is there, whole."""
    put(part, folder)


def read_batch(folder: Path) -> Batch:
    """One batch; ParkBridgeError says what is damaged, and what to do."""
    name, marker = f"raw/{folder.parent.name}/{folder.name}", folder / ACCEPTED
    restore = (
        f"restore {name} from the backup (docs/runbook.md), then `parkbridge rebuild`"
        if marker.exists()
        else f"it was never accepted: move {name} away, then run `parkbridge sync {folder.parent.name}`"
    )
    raw = read_json(folder / MANIFEST, next_step=restore)
    accepted = read_json(marker, next_step=restore) if marker.exists() else {}
    try:
        return _batch(folder, raw, accepted)
    except (TypeError, KeyError, ValueError) as error:
        raise ParkBridgeError(
            str(folder), f"its manifest or marker is damaged: {type(error).__name__} {error}", next_step=restore
        ) from None


def _batch(folder: Path, raw: dict[str, Any], accepted: dict[str, Any]) -> Batch:
    times = {name: datetime.fromisoformat(raw[name]) for name in _TIMES if raw.get(name)}
    return Batch(
        folder,
        Manifest(**raw | times | {"header": tuple(raw["header"])}),
        datetime.fromisoformat(accepted["accepted_at"]) if accepted else None,
        datetime.fromisoformat(accepted["night_before"]) if accepted.get("night_before") else None,
        (folder / DISCARDED).exists(),
        accepted.get("previous"),
    )


def fault(batch: Batch) -> str:
    """What is wrong with the files of a landed batch; empty where they are what its manifest says."""
    manifest = batch.manifest
    for name, digest in ((ROWS, manifest.rows_sha256), (UNREADABLE, manifest.unreadable_sha256)):
        path = batch.folder / name
        if not path.exists():
            if name == ROWS or manifest.unreadable_rows:
                return f"{name} is gone"
        elif not path.is_file():
            return f"{name} is no file"
        elif digest and sha256_of(path) != digest:
            return f"{name} is not what its manifest says (SHA-256)"
    return ""


def without_manifest(raw: Path, feed: str) -> list[str]:
    """Batches that were accepted or discarded, and that have no manifest any more."""
    marked = {path.parent for name in (ACCEPTED, DISCARDED) for path in (raw / feed).glob(f"*/{name}")}
    return sorted(folder.name for folder in marked if not (folder / MANIFEST).exists())


def faults(raw: Path) -> dict[str, str]:
    """Every accepted or discarded batch of raw/ (or of a backup of it) that is not whole → what is wrong with it."""
    found: dict[str, str] = {}
    for feed in sorted(path.name for path in raw.glob("*") if path.is_dir()):
        for folder in sorted({p.parent for name in (ACCEPTED, DISCARDED) for p in (raw / feed).glob(f"*/{name}")}):
            try:
                batch = read_batch(folder)
            except ParkBridgeError as error:
                found[f"{feed}/{folder.name}"] = f"{Path(error.where).name}: {error.fact}"
                continue
            if why := fault(batch):
                found[f"{feed}/{folder.name}"] = why
            if batch.previous and not (raw / feed / batch.previous).exists():
                found[f"{feed}/{batch.previous}"] = "it is gone"
    return found


def batches(raw: Path, feed: str) -> list[Batch]:
    """All batches of a feed: accepted ones in the order of acceptance, then the others in the order of landing."""
    # what another process is still writing (.part) is no batch yet
    found = [read_batch(path.parent) for path in (raw / feed).glob(f"*/{MANIFEST}") if path.parent.suffix != ".part"]
    return sorted(
        found,
        key=lambda b: (b.accepted_at is None, b.accepted_at or b.manifest.ended_at, b.manifest.batch_id),
    )


def landed_before(folder: Path) -> list[Path]:
    """The folders of the feed's batches that were landed before this one, oldest first, without discarded ones."""
    return sorted(
        other
        for other in folder.parent.iterdir()
        if other.name < folder.name
        and other.suffix != ".part"
        and (other / MANIFEST).is_file()
        and not (other / DISCARDED).exists()
    )


def undecided(raw: Path, feed: str) -> set[str]:
    """Batches with an announced acceptance of which it is not known yet whether the warehouse has them."""
    journal = raw / feed / ACCEPTING
    return set(_announced(journal)) if journal.exists() else set()


def pending(raw: Path, feed: str) -> list[Batch]:
    """Batches that were landed and are neither accepted nor discarded nor undecided, in the order of landing."""
    waiting = undecided(raw, feed)
    return [
        b
        for b in batches(raw, feed)
        if b.accepted_at is None and not b.is_discarded and b.manifest.batch_id not in waiting
    ]


def announce(
    accepted: Sequence[Batch], now: datetime, night_before: datetime | None, committed: Mapping[str, dict[str, Any]]
) -> None:
    """Write down which batches a transaction accepts, before it commits: markers and warehouse cannot fall apart.

    Args:
        accepted: The batches, of one feed.
        now: The moment of acceptance.
        night_before: The last night begun.
        committed: The markers by what the transaction wrote, of which the batch before each one is taken.
    """
    night = night_before.isoformat() if night_before else None
    ids = [b.manifest.batch_id for b in accepted]
    markers = {
        i: {"accepted_at": now.isoformat(), "night_before": night, "previous": committed[i]["previous"]} for i in ids
    }
    for folder in {b.folder.parent for b in accepted}:
        write_json(folder / ACCEPTING, {"markers": markers})


def _announced(journal: Path) -> dict[str, dict[str, Any]]:
    """Batch → the marker that it gets if the transaction was committed. Of a damaged announcement nothing is known."""
    try:
        markers = read_json(journal, next_step="run any writing step")["markers"]
        return {str(batch_id): dict(marker) for batch_id, marker in markers.items()}
    except (ParkBridgeError, KeyError, TypeError, ValueError, AttributeError):
        return {}


def settle(raw: Path, committed: Callable[[str], Mapping[str, dict[str, Any]]]) -> None:
    """Mark what was announced and committed as accepted; what was announced only is an attempt like others.

    Args:
        raw: The folder of all batches.
        committed: The batches of a feed that the warehouse holds, with the marker of each as far as the warehouse knows it:
            for a batch of which the announcement is lost or damaged.
    """
    for journal in raw.glob(f"*/{ACCEPTING}"):
        settle_feed(journal.parent, committed(journal.parent.name))


def settle_feed(folder: Path, committed: Mapping[str, dict[str, Any]]) -> None:
    """Settle one feed, also without an announcement: no batch that the warehouse holds stays without its marker."""
    journal = folder / ACCEPTING
    announced = _announced(journal)
    for manifest in sorted(folder.glob(f"*/{MANIFEST}")):
        batch = manifest.parent
        if batch.name in committed and not (batch / ACCEPTED).exists():
            write_json(batch / ACCEPTED, announced.get(batch.name, committed[batch.name]))
    if journal.exists():
        remove(journal)


def discard(raw: Path, feed: str, batch_id: str, *, who: str, why: str) -> Batch:
    """Leave a batch out for good: its content is not asked for again. An accepted one leaves at the next rebuild.

    Who did so first, and why, is kept.

    Raises:
        ParkBridgeError: There is no such batch, or it is not said who leaves it out and why.
    """
    if not (who.strip() and why.strip()):
        raise ParkBridgeError(
            "discard", "who leaves the batch out, or why, is not said", next_step="give both: --who NAME --why REASON"
        )
    found = {b.manifest.batch_id: b for b in batches(raw, feed)}
    if batch_id not in found:
        raise ParkBridgeError(
            feed, f"there is no batch {batch_id}", next_step=f"choose one of {', '.join(list(found)[-5:]) or '(none)'}"
        )
    if not found[batch_id].is_discarded:
        write_json(found[batch_id].folder / DISCARDED, {"at": datetime.now(UTC).isoformat(), "who": who, "why": why})
    return found[batch_id]


def mark_stopped(raw: Path, feed: str, message: str) -> None:
    """Say that a feed has stopped and why; no night is published while one has, so that no reader sees half a truth."""
    make_folder(raw.parent)
    make_folder(raw / feed, 0o700)
    write_json(raw / feed / STOPPED, {"at": datetime.now(UTC).isoformat(timespec="seconds"), "message": message})


def clear_stopped(raw: Path, feed: str) -> None:
    """Say that a feed runs again."""
    remove(raw / feed / STOPPED)


def stopped(raw: Path) -> dict[str, str]:
    """The feeds that have stopped, with their messages."""
    return {path.parent.name: _message(path) for path in sorted(raw.glob(f"*/{STOPPED}"))}


def stopped_within(raw: Path, feeds: Iterable[str], age: timedelta) -> bool:
    """Whether each of these feeds stopped, or stopped again, no longer ago than that."""
    try:
        times = [datetime.fromisoformat(read_json(raw / feed / STOPPED, next_step="")["at"]) for feed in feeds]
    except (ParkBridgeError, KeyError, ValueError):  # damaged: when is not known
        return False
    return all(datetime.now(UTC) - time <= age for time in times)


def _message(path: Path) -> str:
    try:
        return str(read_json(path, next_step="")["message"])
    except (ParkBridgeError, KeyError):  # that it has stopped is known all the same
        return f"why is not known: {path.name} is damaged. Next: run `parkbridge sync {path.parent.name}`"
