"""One DAG per declared feed, all from one sorted loop: land → stage → check → accept.

A feed is a folder (connectors/feeds/, or those named by PARKBRIDGE_FEEDS); a folder with a wrong declaration becomes a DAG
of one task that says so, so that one bad folder does not hide the others. Landing takes no lock and runs beside others;
the three steps that write the warehouse share the pool of one slot. Every step may be repeated: an attempt that was not
accepted is replaced, and what was accepted changes nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import dag, task

from connectors.feed import Feed
from connectors.registry import declared_feeds
from dags.assets import emitted_by
from dags.runs import (
    FEEDS_FIRST,
    RETRIES,
    SAID,
    START,
    WRITER_POOL,
    confirmed,
    deadline,
    end_of_interval,
    note,
    run_failed,
    step,
)
from warehouse.errors import DeclarationError
from warehouse.settings import CHECKOUT, Settings

SETTINGS = Settings.from_environment()


# long: a DAG's tasks are declared within it
def feed_dag(feed: Feed) -> None:
    """Declare the DAG of one feed."""

    @dag(
        dag_id=f"feed_{feed.name}",
        dag_display_name=f"{feed.title_zh} {feed.title_en}",
        description=f"{feed.title_en} {feed.title_zh} from {feed.office}",
        doc_md=f"**{feed.title_en} {feed.title_zh}** from {feed.office}\n\n{feed.description}",
        schedule=feed.schedule,
        start_date=START.astimezone(SETTINGS.time_zone),
        catchup=False,
        max_active_runs=1,
        tags=["feed", feed.subject.name],
        default_args={"owner": feed.owner, "priority_weight": FEEDS_FIRST, **RETRIES},
        on_failure_callback=run_failed,
        deadline=deadline(timedelta(hours=3)),
        params=SAID,
    )
    # long: a DAG's tasks are declared within it
    def assemble() -> None:
        @task(
            task_display_name="取数 Land",
            doc_md="Fetch what is new and write it as immutable Parquet batches under raw/.",
        )
        @step(feed.name)
        def land(**context: Any) -> list[str]:
            from connectors.landing import land as land_feed
            from warehouse.connection import settle_before_landing

            settle_before_landing(SETTINGS, feed.name)
            landed = land_feed(
                feed,
                SETTINGS.raw,
                run_id=context["run_id"],
                until=end_of_interval(context),
                pseudonym_key=SETTINGS.pseudonym_key,
            )
            note(f"{len(landed)} deliveries, {sum(m.rows for m in landed):,} rows" if landed else "nothing new")
            for manifest in landed:
                for text in manifest.notes:
                    note(f"{manifest.delivery}: {text}")
            return [manifest.batch_id for manifest in landed]

        @task(
            task_display_name="规整 Stage",
            pool=WRITER_POOL,
            doc_md="Read the landed batches through stage.sql into incoming.<feed>; stop on what is not allowed.",
        )
        @step(feed.name)
        def stage(landed: list[str], **context: Any) -> list[str]:
            from warehouse import loader
            from warehouse.batches import pending
            from warehouse.connection import writer
            from warehouse.reconcile import hold_to_raw

            waiting = pending(SETTINGS.raw, feed.name)
            if waiting:
                with writer(SETTINGS) as connection:
                    hold_to_raw(connection, SETTINGS, [feed])
                    staged = loader.stage(
                        connection,
                        feed,
                        waiting,
                        time_zone=SETTINGS.time_zone,
                        confirmation=confirmed(context, "accept_delivery"),
                    )
                note(f"{sum(s.rows for s in staged):,} rows, {sum(s.rejected for s in staged):,} quarantined")
            return [batch.manifest.batch_id for batch in waiting]

        @task(
            task_display_name="校验 Check",
            pool=WRITER_POOL,
            doc_md="Hold incoming.<feed> against the feed's contract (Great Expectations).",
        )
        @step(feed.name)
        def check(staged: list[str]) -> list[str]:
            from expectations.runner import check_feed
            from warehouse import incoming
            from warehouse.connection import writer

            if staged:
                with writer(SETTINGS) as connection:
                    incoming.hold_to_staged(connection, feed, staged)
                    results = check_feed(connection, feed, staged[-1])
                note(f"{sum(r.success for r in results)} of {len(results)} checks hold")
            return staged

        @task(
            task_display_name="并入 Accept",
            pool=WRITER_POOL,
            outlets=emitted_by(feed),
            doc_md="Merge incoming.<feed> into staged.<subject>: both versions of a corrected row stay.",
        )
        @step(feed.name, is_last=True)
        def accept(checked: list[str], **context: Any) -> None:
            from warehouse import acceptance, incoming
            from warehouse.batches import batches, clear_stopped, pending
            from warehouse.clock import Limits, hold_feed_to_clocks
            from warehouse.connection import writer

            with writer(SETTINGS) as connection:
                landed = batches(SETTINGS.raw, feed.name)
                decided = {b.manifest.batch_id for b in landed if b.accepted_at or b.is_discarded}
                incoming.hold_to_staged(connection, feed, [name for name in checked if name not in decided])
                waiting = [b for b in pending(SETTINGS.raw, feed.name) if b.manifest.batch_id in checked]
                if waiting:
                    hold_feed_to_clocks(
                        connection,
                        feed,
                        waiting,
                        [f for f in declared_feeds(SETTINGS.feed_folders).values() if isinstance(f, Feed)],
                        Limits.read(CHECKOUT / "transforms" / "rules"),
                        confirmation=confirmed(context, "confirm_date"),
                    )
                    counts = acceptance.accept(connection, feed, waiting, now=datetime.now(UTC))
                    note(", ".join(f"{sum(c[kind] for c in counts):,} {kind}" for kind in counts[0]))
                    known = [b.folder for b in batches(SETTINGS.raw, feed.name) if b.accepted_at]
                    acceptance.show_raw(connection, feed.name, known)
                else:
                    acceptance.declare(connection, [feed])
            clear_stopped(SETTINGS.raw, feed.name)

        # a task hands over an XComArg in place of its result
        accept(check(stage(land())))  # type: ignore[arg-type]

    assemble()


def broken_dag(name: str, error: DeclarationError) -> None:
    """Declare a DAG with one task, which says what is wrong with a feed's folder."""

    @dag(
        dag_id=f"feed_{name}",
        dag_display_name=f"{name} 声明有误 declaration error",
        schedule=None,
        tags=["feed", "declaration"],
        doc_md=str(error),
    )
    def assemble() -> None:
        @task(task_display_name="声明 Declaration")
        @step(name)
        def declaration() -> None:
            raise error

        declaration()

    assemble()


for _name, _feed in declared_feeds(SETTINGS.feed_folders).items():
    if isinstance(_feed, DeclarationError):
        broken_dag(_name, _feed)
    else:
        feed_dag(_feed)
