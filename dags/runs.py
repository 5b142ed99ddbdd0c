"""What every run has in common: its retries, how far it looks, and how a stop or a late run is reported."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ParamSpec, TypeVar
from zoneinfo import ZoneInfo

from airflow.sdk import Param, get_current_context
from airflow.sdk.definitions.callback import SyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference
from airflow.sdk.exceptions import AirflowFailException, AirflowTaskTimeout
from croniter import croniter  # type: ignore[import-untyped]

from connectors.persons import without_persons
from warehouse import batches, holds
from warehouse.confirmation import Confirmation
from warehouse.errors import FeedsStopped, Overtaken, ParkBridgeError, SourceError, WarehouseBusy, of_a_file
from warehouse.persons import blotted
from warehouse.settings import Settings
from warehouse.text import shown

P = ParamSpec("P")
R = TypeVar("R")
log = logging.getLogger("parkbridge")

# of every DAG: a backfill may go back as far
START = datetime(1990, 1, 1, tzinfo=UTC)
# whatever hangs is ended: a step, its wait for the writer's slot not counted
STEP_LIMIT = timedelta(hours=2)
# of every task
RETRIES: dict[str, Any] = {
    "execution_timeout": STEP_LIMIT,
    "retries": 4,
    "retry_delay": timedelta(minutes=1),
    "retry_exponential_backoff": 3.0,  # 1, 3, 9, 27 minutes
    "max_retry_delay": timedelta(minutes=30),
}
WRITER_POOL = "warehouse_writer"
# a feed's steps go before the night's: where both wait for a slot, data comes first
FEEDS_FIRST = 10
# of a schedule by the minute, after a day without Airflow, as many are enough
MOST_HOURS = 100
ALERT_SECONDS = 60
KEEP_MARKS_SECONDS = 30 * 86_400
# of every run: what a person says with it
SAID: dict[str, Any] = {
    "accept_delivery": Param(
        "", type="string", description="Why a delivery is right, although it differs from those before it in many rows"
    ),
    "confirm_date": Param("", type="string", description="Why the date of this run is right, although it looks wrong"),
    "who": Param("", type="string", description="Who says so"),
}


def note(text: str) -> None:
    """Say what a step did, in figures: in the task's log, and to `watcher`."""
    text = for_people(text)
    log.info("%s", text)
    _noted.append(text)


def for_people(text: str) -> str:
    """A message as it goes into a log, a mark and an alert: in one line, without persons, and nothing in it is obeyed."""
    return shown(blotted(text))


# The command line sets this to show a line per step; called with feed or None, step, seconds, and what was noted or went wrong.
watcher: Callable[[str | None, str, float, str, bool], None] | None = None
# and this to show a step while it runs; called with feed or None, and step
beginner: Callable[[str | None, str], None] | None = None
_noted: list[str] = []
# what the command line holds for a run as a whole: the run's steps leave it alone
whole_runs: set[str] = set()


def _watched(feed: str | None, name: str, started: float, text: str, is_well: bool) -> None:
    if watcher:
        watcher(feed, name, time.monotonic() - started, text, is_well)


def end_of_interval(context: Any) -> datetime:
    """Up to when a run looks, aware UTC: the end of its data interval, or the moment of a run by hand."""
    moment: datetime = context.get("data_interval_end") or context["dag_run"].run_after
    # Airflow's own subclass cannot be divided as Python's can
    return datetime.fromisoformat(moment.astimezone(UTC).isoformat())


def confirmed(context: Any, option: str) -> Confirmation | None:
    """What somebody said with this run (`who`, and why under the option's name), so that it is not stopped."""
    params = context["params"]
    return Confirmation.given(params["who"], params[option], option)


def is_past_meant(context: Any) -> bool:
    """Whether a run of the past was asked for: a backfill, or a date at the command line."""
    return bool(context["params"].get("is_past")) or _run_type(context) == "backfill"


def is_scheduled(context: Any) -> bool:
    """Whether the scheduler began this run at its hour: no person, no backfill, no other DAG."""
    return _run_type(context) == "scheduled"


def _run_type(context: Any) -> str:
    """A task gets Airflow's enum, of which str() is the name of the member; the command line's runs have the text."""
    kind = context["dag_run"].run_type
    return str(getattr(kind, "value", kind))


def hold_to_due_feeds(context: Any, schedules: Mapping[str, str], zone: ZoneInfo, now: datetime | None = None) -> None:
    """Make a night of the scheduler wait for the feeds' runs that were due before it, and that the scheduler may begin later.

    At its start the scheduler gives every DAG its last run at once. The last try does not wait: a feed may be paused.

    Args:
        context: The night's.
        schedules: Each feed with its cron line.
        zone: The zone of the cron lines.
        now: Aware; the present moment by default.

    Raises:
        SourceError: Runs are not done yet; trying again helps.
    """
    night = end_of_interval(context)
    waiting = sorted(
        feed
        for feed, schedule in schedules.items()
        if not context["ti"].get_dr_count(
            dag_id=f"feed_{feed}",
            logical_dates=_hours_due(schedule, night.astimezone(zone), now or datetime.now(UTC)),
            states=["success", "failed"],
        )
    )
    if not waiting:
        return
    fact = f"{len(waiting)} of {len(schedules)} feeds were due before it and are not done: {', '.join(waiting)}"
    if context["ti"].try_number > context["ti"].max_tries:
        note(f"{fact}; it goes on without them")
        return
    raise SourceError(
        f"night {night:%Y-%m-%d}",
        fact,
        next_step="it looks again by itself and goes on in the end; `airflow dags unpause feed_…` where one is paused",
        is_passing=True,
    )


def _hours_due(schedule: str, night: datetime, now: datetime) -> list[datetime]:
    """The last hour of a schedule up to the night, and those since: any run of these has seen what was due."""
    hours = croniter(schedule, night + timedelta(seconds=1))
    due = [hours.get_prev(datetime)]
    while len(due) < MOST_HOURS and (following := hours.get_next(datetime)) <= now:
        due.append(following)
    return [hour.astimezone(UTC) for hour in due]


def step(
    feed: str | None = None, *, place: str | None = None, is_first: bool = False, is_last: bool = False
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Report a stop plainly: its message without a traceback; a retry only where waiting may help.

    Args:
        feed: The feed that the step belongs to: it is marked as stopped, so that no night is published meanwhile.
        place: What the run holds from its first step to its last, so that no other works at it (warehouse/holds.py); the
            feed's own by default.
        is_first: Whether the run begins with this step, and has done nothing yet where it stops: while it waits for another
            try, others may go before it.
        is_last: Whether the run ends with this step.
    """
    place = place or (holds.of_feed(feed) if feed else None)

    def decorate(work: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(work)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            started = time.monotonic()
            _noted.clear()
            if beginner:
                beginner(feed, work.__name__)
            is_over = True
            try:
                _take(place)
                result = work(*args, **kwargs)
                is_over = is_last
                _watched(feed, work.__name__, started, "; ".join(_noted), True)
                return result
            except ParkBridgeError as error:
                message = for_people(str(error))
                log.error("%s", message)
                _watched(feed, work.__name__, started, message, False)
                is_end = not _may_pass(error) or _is_last_try()
                is_over = is_first or is_end
                # another run has it: nothing is wrong with the feed
                if not isinstance(error, WarehouseBusy | Overtaken):
                    _mark_stopped(feed, message)
                if _may_pass(error):
                    if is_end:
                        tell_of_run(message)
                    without_persons(error)
                    raise
                # the night need not repeat what a feed reported of itself
                tell_of_run(message, is_known=isinstance(error, FeedsStopped) and error.is_reported)
                raise AirflowFailException(message) from None
            except (Exception, AirflowTaskTimeout) as error:
                # not a stop that was foreseen: said in a line and marked like one, and left to Airflow with its traceback
                text = for_people(f"{type(error).__name__}: {' '.join(str(error).split())}")[:300]
                text += ". Next: run it again with --debug"
                if isinstance(error, OSError) and (about := of_a_file(error)):
                    text = for_people(str(about))
                _blot(error)
                _watched(feed, work.__name__, started, text, False)
                message = f"{feed or 'night'} {work.__name__}: {text}"
                _mark_stopped(feed, message)
                is_over = _is_last_try()
                if is_over:
                    tell_of_run(message)
                raise
            finally:
                _leave(place, is_over)

        return run

    return decorate


def _may_pass(error: ParkBridgeError) -> bool:
    """Whether the same step may come through later."""
    return isinstance(error, WarehouseBusy) or (isinstance(error, SourceError) and error.is_passing)


def _take(place: str | None) -> None:
    """Have a place for this run of the scheduler; the command line has it already, from before the first step to the end."""
    if place is None:
        return
    try:
        name, run_id, _ = _run_of(get_current_context())
        run = holds.Run(run_id, f"run {run_id} of {name} in Airflow", is_one_process=False)
    except RuntimeError:  # outside a task
        run = holds.Run.here()
    holds.take(Settings.from_environment(), place, run)


def _leave(place: str | None, is_over: bool) -> None:
    if place and place not in whole_runs:
        with contextlib.suppress(OSError):  # a disk that is full: the place is free some time later
            (holds.let_go if is_over else holds.rest)(Settings.from_environment(), place)


def _blot(error: BaseException | None) -> None:
    """Take persons out of what a crash says, and what it came from: a library quotes the value that it could not read."""
    while error:
        error.args = tuple(blotted(a) if isinstance(a, str) else a for a in error.args)
        if blotted(str(error)) != str(error):  # said by an attribute of its own
            error.__cause__, error.__suppress_context__ = None, True
            error.args = (for_people(str(error)),)
        error = error.__cause__ or error.__context__


def _mark_stopped(feed: str | None, message: str) -> None:
    """Mark a feed as stopped; a disk that is full must not hide why it stopped."""
    if feed:
        try:
            batches.mark_stopped(Settings.from_environment().raw, feed, message)
        except OSError as error:
            log.error("%s cannot be marked as stopped: %s", feed, error)


def _is_last_try() -> bool:
    """Whether Airflow will not try this task again; true outside a task."""
    try:
        instance = get_current_context()["ti"]
    except RuntimeError:
        return True
    return bool(instance.try_number > instance.max_tries)


def send_alert(message: str) -> None:
    """Hand a message to the park's own program (PARKBRIDGE_ALERT_COMMAND), on its standard input.

    A program that is missing, fails or hangs is logged: it never hides the message itself.
    """
    command = Settings.from_environment().alert_command
    if not command:
        return
    try:
        # the operator's own setting
        done = subprocess.run([command], input=message, text=True, timeout=ALERT_SECONDS, check=False)  # noqa: S603
        fact = f"ended with {done.returncode}" if done.returncode else ""
    except (OSError, subprocess.SubprocessError) as error:
        fact = f"failed: {error}"
    if fact:
        log.error("PARKBRIDGE_ALERT_COMMAND %s. Next: run %s by hand with a line on standard input", fact, command)


def deadline(interval: timedelta) -> DeadlineAlert | None:
    """An alert for a run that is not done `interval` after it was queued."""
    if sys.argv[1:3] == ["dags", "test"]:
        return None  # Airflow 3.3.2's `dags test` ends in a traceback over a deadline
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=interval,
        # by path: an executor imports it, and a callable that it cannot import would never run
        callback=SyncCallback("dags.runs.missed_deadline", kwargs={"hours": interval.total_seconds() / 3600}),
    )


def missed_deadline(hours: float, **context: Any) -> None:
    """Called by Airflow when a run is late; a run that has failed has said so already."""
    name, run_id, state = _run_of(context.get("context") or context)
    message = (
        f"{name}: not done {hours:g} h after it was queued. "
        "Next: read its log in Airflow, and `parkbridge status` for feeds that have stopped"
    )
    log.error("%s", message)
    if state not in ("failed", "success"):
        send_alert_once(name, run_id, message)


def run_failed(context: Any) -> None:
    """Called by Airflow when a run has failed: reports what no step could report, such as a process that was killed."""
    name, run_id, _ = _run_of(context)
    with contextlib.suppress(OSError):
        holds.let_go(Settings.from_environment(), name, run_id)
    message = (
        f"{name}: its run {run_id} failed without a message of its steps (killed, or out of memory). "
        "Next: read its log in Airflow, then clear the failed task"
    )
    send_alert_once(name, run_id, message)


def _run_of(context: Any) -> tuple[str, str, str]:
    """DAG, run id and state of the run in a context of Airflow, which gives it as an object or as a dict."""
    run = context.get("dag_run") or {}
    found = [
        run.get(key) if isinstance(run, dict) else getattr(run, key, None) for key in ("dag_id", "run_id", "state")
    ]
    name, run_id, state = (str(getattr(value, "value", value) or "?") for value in found)
    return name, run_id, state


def tell_of_run(message: str, *, is_known: bool = False) -> None:
    """Report what stopped a step, once for its run; outside a task there is no run.

    Args:
        message: What stopped it.
        is_known: Another run has reported it: nothing is sent, and the run counts as reported.
    """
    try:
        context = get_current_context()
    except RuntimeError:
        if not is_known:
            send_alert(message)
        return
    name, run_id, _ = _run_of(context)
    send_alert_once(name, run_id, "" if is_known else message, is_new=True)


def send_alert_once(dag_id: str, run_id: str, message: str, *, is_new: bool = False) -> None:
    """Send a message unless one was sent for this run; `is_new`: a step says why, which is always sent; "" only marks the run.

    What was sent is marked by a file under alerts/ in the park's home, for 30 days.
    """
    if run_id == "?":  # a context that does not say which: every message counts
        if message:
            send_alert(message)
        return
    folder = Settings.from_environment().home / "alerts"
    mark = folder / hashlib.sha256(f"{dag_id} {run_id}".encode()).hexdigest()[:24]
    try:
        if mark.exists() and not is_new:
            return
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for old in folder.iterdir():
            if old.stat().st_mtime < time.time() - KEEP_MARKS_SECONDS:
                old.unlink(missing_ok=True)
        mark.touch()
    except OSError as error:
        log.error("%s cannot be written: %s", mark, error)  # better sent twice than never
    if message:
        send_alert(message)
