"""Upkeep: forget what is old, back up what cannot be made again, and prove now and then that the backup works.

Backed up: raw/ (batches, manifests, markers), the figures behind what the public saw, and what people wrote: judgements, answers to the
work list, names of firms. Everything else is made from these. The restore drill rebuilds a warehouse from the
backup in a scratch folder, makes the published night again from it, and compares both with the real ones; `parkbridge status` has
its result.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag, task

from dags.runs import RETRIES, START, WRITER_POOL, deadline, note, run_failed, step
from warehouse.settings import Settings

SETTINGS = Settings.from_environment()


@dag(
    dag_display_name="每周维护 Weekly upkeep",
    schedule="0 5 * * 0",
    start_date=START.astimezone(SETTINGS.time_zone),
    catchup=False,
    max_active_runs=1,
    tags=["upkeep"],
    default_args={"owner": "data-engineering", **RETRIES, "execution_timeout": timedelta(hours=6)},
    on_failure_callback=run_failed,
    deadline=deadline(timedelta(hours=6)),
    doc_md=__doc__,
)
def upkeep() -> None:
    """Declare the weekly DAG."""

    @task(
        task_display_name="清理 Retention",
        doc_md="Delete refused attempts older than 30 days, and what killed runs left a day ago or more.",
    )
    @step()
    def retention() -> None:
        from warehouse.upkeep import forget_refused, sweep

        note(f"{forget_refused(SETTINGS)} refused attempts deleted")
        note(f"{sweep(SETTINGS)} leftovers of killed runs deleted")

    @task(
        task_display_name="备份 Backup",
        doc_md="Copy new batches and what people wrote to the backup folder; accepted batches never change, so each is copied once.",
    )
    @step()
    def backup() -> None:
        from transforms import outcome_file
        from transforms.resolution import judgement_file
        from warehouse import suspected_names
        from warehouse.upkeep import back_up

        note(f"{back_up(SETTINGS)} batches copied to {SETTINGS.backup}")
        counts = [one.back_up(SETTINGS) for one in (judgement_file, outcome_file, suspected_names)]
        note("{:,} judgements, {:,} answers to the work list and {:,} names of firms are in it".format(*counts))

    @task(
        task_display_name="校验哈希 Verify hashes",
        doc_md="Read every batch of raw/ and of the backup, and every kept night of every audience, and hold them to their hashes.",
    )
    @step()
    def hashes() -> None:
        from warehouse.upkeep import verify

        note(f"{verify(SETTINGS):,} batches of raw/ and backup are as they were written")

    @task(
        task_display_name="恢复演练 Restore drill",
        pool=WRITER_POOL,
        doc_md="Restore the backup in a scratch folder, make warehouse and published night again, and compare both.",
    )
    @step()
    def restore_drill() -> None:
        from connectors.registry import feeds
        from transforms.as_of import reconstruct
        from warehouse.upkeep import drill, is_drill_due

        def again(rehearsal: Settings, night_id: str) -> tuple[dict[str, tuple[int, int]], tuple[str, ...]]:
            again = reconstruct(rehearsal, night_id, rehearsal.home / "again.duckdb")
            return again.differing, again.explanations

        if is_drill_due(SETTINGS, datetime.now(UTC)):
            note(str(drill(SETTINGS, list(feeds(SETTINGS.feed_folders).values()), again)))
        else:
            note(f"not due: every {SETTINGS.drill_days} days (PARKBRIDGE_DRILL_DAYS), 0 is never")

    retention() >> backup() >> hashes() >> restore_drill()


upkeep()
