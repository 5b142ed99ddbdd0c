"""The night: resolve → validate → measure → signal → industry → snapshot → validate → publish.

It runs at its hour and asks how fresh each feed is, because waiting for every feed would wait for the slowest; or once every
feed has come since the last night (PARKBRIDGE_NIGHT=feeds). It waits a while for feeds that were due before it, the first night
for every feed's first run. A critical
check that fails leaves yesterday's published file in place.
"""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, Param, dag, task

from connectors.registry import declared_feeds
from dags import lineage_events
from dags.assets import PUBLISHED, of_feed
from dags.runs import (
    RETRIES,
    SAID,
    START,
    WRITER_POOL,
    confirmed,
    deadline,
    end_of_interval,
    hold_to_due_feeds,
    is_past_meant,
    is_scheduled,
    note,
    run_failed,
    step,
)
from warehouse.errors import ParkBridgeError
from warehouse.holds import NIGHT
from warehouse.night import hold_to_night
from warehouse.settings import Settings

SETTINGS = Settings.from_environment()


def schedule() -> str | list[Asset]:
    """When the night runs: at its hour, or once every feed has come since the last night."""
    if SETTINGS.night != "feeds":
        hour, minute = SETTINGS.night.split(":")
        return f"{int(minute)} {int(hour)} * * *"
    return [of_feed(name) for name in declared_feeds(SETTINGS.feed_folders)]


def build(layer: str, night_id: str) -> None:
    """Run one layer's models, over the enterprises with new data where that is enough."""
    from transforms import night
    from warehouse.connection import writer

    with writer(SETTINGS) as connection:
        hold_to_night(connection, night_id)
        if layer == night.ORDER[0]:
            touched = night.begin(connection)
            note("all enterprises" if touched is None else f"{touched:,} enterprises have new data")
        made = night.build(connection, [layer])
        if layer == night.ORDER[-1]:
            night.finish(connection)
    note(f"{len(made)} tables, {sum(not table.is_whole for table in made)} of them in part")


def validate(stage: str, night_id: str) -> int:
    """Run one stage's suites and rules; a critical failure stops here."""
    from expectations.runner import validate as run_suites
    from warehouse.connection import writer

    with writer(SETTINGS) as connection:
        hold_to_night(connection, night_id)
        results = run_suites(connection, stage, night_id, SETTINGS.data_docs)
    warned = sum(not r.success for r in results)
    note(f"{len(results)} checks, {warned} warned")
    return len(results)


@dag(
    dag_display_name="每夜快照 Nightly snapshots",
    schedule=schedule(),
    start_date=START.astimezone(SETTINGS.time_zone),
    catchup=False,
    max_active_runs=1,
    tags=["night"],
    default_args={"owner": "data-engineering", "pool": WRITER_POOL, **RETRIES},
    on_failure_callback=run_failed,
    deadline=deadline(timedelta(hours=4)),
    params={
        "without": Param([], type="array", description="Feeds that have stopped and need not hold up this night"),
        "accept_change": Param(
            "", type="string", description="Why the night is published although it shows much less than the one before"
        ),
        "is_past": Param(False, type="boolean", description="A night of the past is meant (of a backfill it is known)"),
        **SAID,
    },
    doc_md=__doc__,
)
# long: a DAG's tasks are declared within it
def operating_snapshots() -> None:
    """Declare the nightly DAG."""

    @task(
        task_display_name="开始 Begin",
        doc_md="Begin the night: what is known as of the end of the interval. Stop where a feed has stopped or is stale.",
    )
    @step(place=NIGHT, is_first=True)
    def begin(**context: Any) -> str:
        from connectors.registry import feeds
        from transforms.night import RULES
        from warehouse.clock import Limits, hold_night_to_clocks
        from warehouse.connection import writer
        from warehouse.night import begin_night, hold_to_first_feeds, id_of_night
        from warehouse.published_nights import current_manifest, editions
        from warehouse.reconcile import hold_to_raw

        with writer(SETTINGS) as connection:
            declared = list(feeds(SETTINGS.feed_folders).values())
            as_of, without = end_of_interval(context), context["params"]["without"]
            asked = {feed.name: feed.schedule for feed in declared if feed.name not in without}
            if is_scheduled(context):
                hold_to_first_feeds(connection, SETTINGS, list(asked))
                hold_to_due_feeds(context, asked, SETTINGS.time_zone)
            for place in (SETTINGS, *editions(SETTINGS)):
                with contextlib.suppress(ParkBridgeError):  # a damaged file of readers is replaced by this night
                    current_manifest(place)  # puts park.json right where a publish was killed
            hold_to_raw(connection, SETTINGS, declared, id_of_night(as_of), confirmed(context, "accept_change"))
            hold_night_to_clocks(
                connection,
                declared,
                as_of,
                Limits.read(RULES),
                is_past=is_past_meant(context),
                without=without,
                confirmation=confirmed(context, "confirm_date"),
            )
            return begin_night(connection, SETTINGS, declared, as_of, without)

    @task(
        task_display_name="主体匹配 Resolve",
        doc_md="Tie every source record to one enterprise, with method and evidence.",
    )
    @step(place=NIGHT)
    def resolve(night_id: str) -> str:
        from transforms.resolution.judgement_file import begin_judgements
        from transforms.resolution.resolve import resolve as resolve_enterprises
        from warehouse.connection import writer

        with writer(SETTINGS) as connection:
            hold_to_night(connection, night_id)
            begin_judgements(SETTINGS)
            resolve_enterprises(connection, SETTINGS.judgements)
            [found] = connection.execute("select count(*), count(distinct enterprise_id) from resolved.link").fetchall()
            [(broken,)] = connection.execute("select count(*) from resolved.judgement_conflict").fetchall()
        note("{:,} records are of {:,} enterprises".format(*found))
        if broken:
            note(f"{broken:,} of people's judgements are not in order (resolved.judgement_conflict)")
        return night_id

    @task(task_display_name="匹配校验 Validate matches", doc_md="Check who is who before anything is counted.")
    @step(place=NIGHT)
    def validate_resolved(night_id: str) -> str:
        validate("resolved", night_id)
        return night_id

    @task(task_display_name="月度指标 Measure", doc_md="Monthly figures per enterprise.")
    @step(place=NIGHT)
    def measure(night_id: str) -> str:
        build("3_monthly", night_id)
        return night_id

    @task(task_display_name="信号计算 Signal", doc_md="Growth, the six flows, tax trends.")
    @step(place=NIGHT)
    def signal(night_id: str) -> str:
        build("4_signals", night_id)
        return night_id

    @task(
        task_display_name="产业分析 Industry",
        doc_md="Industries, trade between enterprises, what is missing, who might come. Nothing before it reads this layer.",
    )
    @step(place=NIGHT)
    def industry(night_id: str) -> str:
        from transforms.outcome_file import load
        from warehouse.connection import writer

        with writer(SETTINGS) as connection:
            hold_to_night(connection, night_id)
            [(as_of,)] = connection.execute("select as_of from ops.night").fetchall()
            note(f"{load(connection, SETTINGS, as_of):,} answers to the work list")
        build("5_industry", night_id)
        return night_id

    @task(task_display_name="生成快照 Snapshot", doc_md="What readers see.")
    @step(place=NIGHT)
    def snapshot(night_id: str) -> str:
        from warehouse.connection import writer
        from warehouse.last_night import remember_last_night

        with writer(SETTINGS) as connection:
            hold_to_night(connection, night_id)
            remember_last_night(connection, SETTINGS)
        build("6_snapshots", night_id)
        return night_id

    @task(task_display_name="快照校验 Validate snapshots", doc_md="Check the night before anyone sees it.")
    @step(place=NIGHT)
    def validate_snapshots(night_id: str) -> str:
        validate("snapshots", night_id)
        return night_id

    @task(
        task_display_name="发布 Publish",
        outlets=[PUBLISHED],
        doc_md="Hold the night against the one that readers see; then a fresh file and its report, put in place together. "
        "The last nights are kept.",
    )
    @step(place=NIGHT, is_last=True)
    def publish(night_id: str, **context: Any) -> None:
        from report.site import build as make_site
        from transforms import night
        from warehouse.connection import writer
        from warehouse.policy import read_policy
        from warehouse.publish import publish as publish_night
        from warehouse.reconcile import hold_to_last_night
        from warehouse.suspected_names import suspected

        with writer(SETTINGS) as connection:
            hold_to_night(connection, night_id)
            models = night.models()
            let_through = hold_to_last_night(connection, SETTINGS, models, confirmed(context, "accept_change"))
            published = publish_night(
                connection, SETTINGS, models, night.LAYERS / "views", make_site, read_policy(SETTINGS.policy)
            )
            held = {one.name for one in suspected(connection, SETTINGS)}
        if held:
            note(f"{len(held):,} names may be persons' and are held: `parkbridge names` lists them")
        for finding in let_through:
            note(f"confirmed: {finding.fact}")
        shown = (
            ""
            if published.is_in_place
            else f"; readers keep a later night, `parkbridge rollback {night_id}` shows this one"
        )
        note(f"{len(published.manifest['tables'])} tables in {published.path.name}{shown}")
        if published.is_in_place and lineage_events.is_wanted():
            note(lineage_events.send(SETTINGS, night_id))

    # a task hands over an XComArg in place of its result
    publish(validate_snapshots(snapshot(industry(signal(measure(validate_resolved(resolve(begin()))))))))  # type: ignore[arg-type]


operating_snapshots()
