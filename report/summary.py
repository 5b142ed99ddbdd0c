"""What a night came to, in words: read from the published file alone, so that it says what readers will find."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import duckdb

from warehouse.batches import Batch, batches, stopped
from warehouse.connection import reader
from warehouse.holds import held
from warehouse.published_nights import current_manifest, editions
from warehouse.settings import Settings
from warehouse.text import aligned
from warehouse.upkeep import last_drill


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return connection.execute(sql).fetchall()


def feeds_table(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Per feed: deliveries, rows landed, rejected, corrected, the last month it covers and how well, how fresh it is."""
    found = connection.execute(
        """
        with delivered as (
            select feed, count(*) as deliveries, sum(rows_landed) as landed, sum(rows_rejected) as rejected,
                   sum(rows_changed) as corrected
            from ops.batch group by feed
        ),
        covered as (
            select feed, max(month) as month,
                   max_by(coverage_pct, month) as coverage_pct, max_by(is_provisional, month) as is_provisional
            from monthly.coverage group by feed
        )
        select f.feed, f.title_zh as 数据, coalesce(d.deliveries, 0)::int as deliveries, coalesce(d.landed, 0)::bigint as "rows landed",
               coalesce(d.rejected, 0)::bigint as rejected, coalesce(d.corrected, 0)::bigint as corrected,
               coalesce(strftime(c.month, '%Y-%m'), '') as "last month",
               case when c.coverage_pct is null then '' else format('{:.1f} %{}', c.coverage_pct,
                    case when c.is_provisional then ' provisional' else '' end) end as coverage,
               case when f.last_received_at is null then 'never'
                    else date_diff('day', f.last_received_at, n.as_of) || ' days ago' end as "known"
        from ops.feed as f cross join ops.night as n left join delivered as d using (feed) left join covered as c using (feed)
        order by f.feed
        """
    )
    header = tuple(name for name, *_ in found.description or ())
    yield from aligned([header, *found.fetchall()])


def feed_figures(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """The same per feed for programs: numbers as numbers, moments in UTC."""
    return _dicts(
        connection,
        """
        with delivered as (
            select feed, count(*) as deliveries, sum(rows_landed)::bigint as landed, sum(rows_rejected)::bigint as rejected,
                   sum(rows_changed)::bigint as corrected
            from ops.batch group by feed
        ),
        covered as (
            select feed, max(month) as month, max_by(coverage_pct, month) as coverage_pct,
                   max_by(is_provisional, month) as is_provisional
            from monthly.coverage group by feed
        )
        select f.feed, f.title_zh, f.title_en, coalesce(d.deliveries, 0) as deliveries, coalesce(d.landed, 0) as rows_landed,
               coalesce(d.rejected, 0) as rows_rejected, coalesce(d.corrected, 0) as rows_corrected,
               strftime(c.month, '%Y-%m') as last_month, round(c.coverage_pct::double, 1) as coverage_pct, c.is_provisional,
               strftime(f.last_received_at, '%Y-%m-%dT%H:%M:%SZ') as last_received_at, f.stale_days,
               coalesce(date_diff('day', f.last_received_at, n.as_of) > f.stale_days, true) as is_late
        from ops.feed as f cross join ops.night as n left join delivered as d using (feed) left join covered as c using (feed)
        order by f.feed
        """,
    )


def _dicts(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    found = connection.execute(sql)
    names = [str(column[0]) for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _night_figures(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    return _dicts(
        connection, "select park_name, night_id, strftime(as_of, '%Y-%m-%dT%H:%M:%SZ') as as_of from ops.night"
    )[0]


def summary_figures(settings: Settings) -> dict[str, Any]:
    """What `summary` says, for programs; a part is null if the file lacks its tables.

    Raises:
        ParkBridgeError: Nothing is published yet.
    """
    manifest = current_manifest(settings) or {}
    with reader(settings) as connection:

        def counts(sql: str, table: str = "") -> dict[str, Any] | None:
            return dict(_rows(connection, sql)) if not table or _has(connection, table) else None

        checks = _dicts(
            connection,
            "select count(*) filter (success) as passed, count(*) filter (not success and severity = 'warning') as warned, "
            "count(*) filter (not success and severity = 'critical') as failed "
            "from ops.validation_result where night_id in (select night_id from ops.night)",
        )[0]
        space = None
        if _has(connection, "park_current"):
            space = _dicts(
                connection,
                "select lettable_area_m2::double as lettable_area_m2, occupancy_pct::double as occupancy_pct, "
                "occupancy_pct_before::double as occupancy_pct_before, due_6m_area_m2::double as due_6m_area_m2, "
                "unmeasured_building_count from snapshots.park_current",
            )[0]
        return {
            **_night_figures(connection),
            "file": str(settings.published_file),
            "previous_night_id": manifest.get("previous_night_id"),
            "feeds": feed_figures(connection),
            "checks": checks,
            "enterprises": _rows(connection, "select count(distinct enterprise_id) from resolved.link")[0][0],
            "source_records": _rows(connection, "select count(*) from resolved.link")[0][0],
            "unmatched_records": _rows(connection, "select count(*) from resolved.unmatched")[0][0],
            "to_decide": counts("select reason_code, count(*) from resolved.review_queue group by all order by 1"),
            "months": _dicts(
                connection,
                "select count(distinct month) as months, strftime(min(month), '%Y-%m') as first, "
                "strftime(max(month), '%Y-%m') as last from snapshots.enterprise_month",
            )[0],
            "space": space,
            "assessments": counts(
                "select assessment_code, count(*) from snapshots.assessment group by all order by 1", "assessment"
            ),
            "staff_flows": counts(
                "select flow_code, count(*) from signals.flow where signal_code = 'headcount' and flow_code is not null "
                "group by all order by 1"
            ),
            "changes": counts(
                "select change_code, count(distinct enterprise_id) from snapshots.change group by all order by 1",
                "change",
            ),
            "alerts": _dicts(
                connection,
                "select alert_code, count(*) filter (level_code = 'precise') as precise, count(*) as total "
                "from signals.alert group by all order by 1",
            )
            if _has(connection, "alert_change")
            else None,
        }


def status_figures(settings: Settings) -> dict[str, Any]:
    """What `status` says, for programs; `night` is null before the first one."""
    halted = [{"feed": name, "message": message} for name, message in stopped(settings.raw).items()]
    found: dict[str, Any] = {"night": None, "stopped": halted, "feeds": [], "quarantined": []}
    found["running"] = [{"name": name, "holder": who} for name, who in held(settings).items()]
    if settings.published_file.exists():
        with reader(settings) as connection:
            found["night"] = _night_figures(connection)
            found["feeds"] = feed_figures(connection)
            found["quarantined"] = _dicts(
                connection,
                "select feed, split_part(reason, ': ', 1) as reason, count(*) as rows from ops.quarantine "
                "group by all order by 3 desc, 1, 2",
            )
    last = last_drill(settings)
    found["drill"] = dataclasses.asdict(last) if last else None
    found["batches"] = [
        {
            "feed": batch.manifest.feed,
            "batch_id": batch.manifest.batch_id,
            "delivery": batch.manifest.delivery,
            "rows": batch.manifest.rows,
            "state": "discarded" if batch.is_discarded else "waiting",
        }
        for batch in _pending(settings)
    ]
    return found


def _pending(settings: Settings) -> list[Batch]:
    folders = [path for path in sorted(settings.raw.glob("*")) if path.is_dir()]
    return [b for path in folders for b in batches(settings.raw, path.name) if not b.accepted_at]


def summary(settings: Settings) -> Iterator[str]:
    """The night in a page: feeds, checks, enterprises, flows, where the file is and what to ask it.

    Raises:
        ParkBridgeError: Nothing is published yet.
    """
    manifest = current_manifest(settings) or {}
    with reader(settings) as connection:
        night, as_of, park = _rows(connection, "select night_id, as_of, park_name from ops.night")[0]
        yield f"{park} — night {night}, as known at {as_of:%Y-%m-%d %H:%M} UTC"
        yield from feeds_table(connection)
        checks = _rows(
            connection,
            f"select count(*) filter (success), count(*) filter (not success and severity = 'warning'), "
            f"count(*) filter (not success and severity = 'critical') from ops.validation_result where night_id = '{night}'",
        )[0]
        yield f"Checks       {checks[0]:,} passed, {checks[1]:,} warned, {checks[2]:,} failed"
        yield from _confirmed(connection)
        linked = _rows(connection, "select count(*), count(distinct enterprise_id) from resolved.link")[0]
        loose = _rows(connection, "select count(*) from resolved.unmatched")[0][0]
        yield f"Enterprises  {linked[1]:,} from {linked[0]:,} source records; {loose:,} records matched no other and are listed"
        yield from _judged(connection)
        months = _rows(
            connection, "select count(distinct month), min(month), max(month) from snapshots.enterprise_month"
        )[0]
        if months[0]:
            yield f"Months       {months[0]:,}, {months[1]:%Y-%m} to {months[2]:%Y-%m}"
        yield from _space(connection)
        yield from _assessed(connection)
        flows = _rows(
            connection,
            "select flow_code, count(*) from signals.flow where signal_code = 'headcount' and flow_code is not null "
            "group by all order by 2 desc, 1",
        )
        yield "Staff flows  " + (", ".join(f"{count:,} {code}" for code, count in flows) or "none")
        changed = manifest.get("changes")
        if changed:
            parts = [
                f"{table.split('.')[-1]} +{c['added']} −{c['removed']} ~{c['changed']}"
                for table, c in changed.items()
                if table.startswith("snapshots.")
            ]
            yield "Since then   " + ("; ".join(parts) or "nothing new for readers")
        yield from _changed(connection, is_first="previous_night_id" not in manifest)
        yield from _alerts(connection)
        yield f"Published    {settings.published_file}"
    for place in editions(settings):
        own = current_manifest(place)
        late = "" if own and own["night_id"] == manifest["night_id"] else ", an earlier night"
        yield f"Edition      {place.audience}: {place.published_file}{late}"


def _confirmed(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """What a person let through so that this night was published; nothing in a file of before this table."""
    if not _rows(connection, "from duckdb_tables() where schema_name = 'ops' and table_name = 'confirmation'"):
        return
    found = _rows(
        connection,
        "select c.confirmed_by, c.confirmed_because, count(*), min(c.observed) from ops.confirmation as c "
        "inner join ops.night as n on c.night_id = n.night_id group by all order by 1, 2",
    )
    for who, why, count, first in found:
        more = f" and {count - 1} more" if count > 1 else ""
        yield f"Confirmed    by {who} ({why}): {first}{more} (ops.confirmation)"


def _has(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether the published file has this table of snapshots; one that was made before it has not."""
    found = connection.execute(
        "from duckdb_tables() where schema_name = 'snapshots' and table_name = ? and not internal", [name]
    )
    return found.fetchone() is not None


def _space(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """How full the buildings are, beside a year before; nothing in a file of before this table, or without a known area."""
    if not _has(connection, "park_current"):
        return
    (area, pct, before, due, unmeasured) = _rows(
        connection,
        "select lettable_area_m2, occupancy_pct, occupancy_pct_before, due_6m_area_m2, unmeasured_building_count "
        "from snapshots.park_current",
    )[0]
    if pct is not None:
        a_year_before = f" ({before:.1f} % a year before)" if before is not None else ""
        without = f", {unmeasured:,} buildings unmeasured" if unmeasured else ""
        yield (
            f"Space        {pct:.1f} % of {area:,.0f} m2 let{a_year_before}{without}; "
            f"{due:,.0f} m2 fall due in 6 months (snapshots.park_current)"
        )


def _assessed(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """How many enterprises are of which class; nothing in a file of before this table."""
    if not _has(connection, "assessment"):
        return
    found = _rows(
        connection, "select assessment_code, count(*) from snapshots.assessment group by all order by 2 desc, 1"
    )
    if found:
        yield f"Assessed     {', '.join(f'{count:,} {code}' for code, count in found)} (snapshots.assessment)"


def _changed(connection: duckdb.DuckDBPyConnection, *, is_first: bool) -> Iterator[str]:
    """What is different for the enterprises, and since when; nothing in a file of before this table."""
    if not _has(connection, "change"):
        return
    found = _rows(
        connection,
        "select change_code, count(distinct enterprise_id), max(previous_as_of) from snapshots.change "
        "group by all order by 2 desc, 1",
    )
    if found:
        kinds = ", ".join(f"{count:,} {code}" for code, count, _ in found)
        yield f"Changes      enterprises since {found[0][2]:%Y-%m-%d %H:%M} UTC: {kinds} (snapshots.change)"
    else:
        yield "Changes      " + (
            "none to compare: no night was published before" if is_first else "none since the night before"
        )


def _alerts(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Which alerts exist and which are new or gone since the night before; nothing in a file of before these tables."""
    if not _has(connection, "alert_change"):
        return
    found = _rows(
        connection,
        "select alert_code, count(*) filter (level_code = 'precise'), count(*) from signals.alert group by all order by 1",
    )
    if not found:
        return
    kinds = ", ".join(f"{code} {precise:,} of {count:,}" for code, precise, count in found)
    yield f"Alerts       precise of all: {kinds} (signals.alert)"
    changed = _rows(
        connection,
        "select change_code, count(*) from snapshots.alert_change where change_code <> 'same' group by all order by 2 desc, 1",
    )
    if changed:
        yield "             since the night before: " + ", ".join(f"{count:,} {code}" for code, count in changed)


def _judged(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """What waits for a person, and what people have decided; nothing where there is neither."""
    waiting = _rows(
        connection, "select reason_code, count(*) from resolved.review_queue group by all order by min(priority)"
    )
    if waiting:
        kinds = ", ".join(f"{count:,} {code}" for code, count in waiting)
        yield f"To decide    {sum(count for _, count in waiting):,} ({kinds}): `parkbridge review`"
    held = _rows(connection, "select count(*) from resolved.link where method = 'judgement'")[0][0]
    broken = _rows(
        connection, "select conflict_code, count(*) from resolved.judgement_conflict group by all order by 2 desc, 1"
    )
    if held or broken:
        kinds = "; ".join(f"{count:,} {code}" for code, count in broken)
        text = f"; not in order: {kinds} (resolved.judgement_conflict says what to do)" if broken else ""
        yield f"Judgements   {held:,} records are where people put them{text}"


TRY_THESE = (
    "select 企业名称, 参保人数 from 园区.企业现状 order by 参保人数 desc nulls last limit 5",
    "select 指标, 数值, 单位, 上年同期, 同比增长率 from 园区.园区概况",
    "select 月份, 合计, 同比增长率, 增加量, 减少量 from 园区.园区月度 where 指标 = '参保人数' order by 月份 desc limit 6",
    "select 企业名称, 评估, 评估依据 from 园区.企业评估 where 评估 in ('拟撤离', '已撤离') limit 5",
    "select 主要数据缺口, count(*) from 园区.企业现状 group by all order by 2 desc",
    "select 企业名称, 预警类型, 得分, 理由 from 园区.预警与机会 where 预警级别 = '红' order by 得分 desc limit 5",
)


def status(settings: Settings) -> Iterator[str]:
    """What is fresh, late, stopped and quarantined."""
    halted = stopped(settings.raw)
    for name, message in halted.items():
        yield f"STOPPED  {name}: {message}"
    for name, who in held(settings).items():
        yield f"RUNNING  {name}: {who}"
    if not settings.published_file.exists():
        yield "Nothing is published yet. Next: run `parkbridge sync`."
        return
    with reader(settings) as connection:
        yield from feeds_table(connection)
        waiting = _rows(
            connection,
            "select feed, reason_kind, sum(n) from (select feed, split_part(reason, ': ', 1) as reason_kind, count(*) as n "
            "from ops.quarantine group by all) group by all order by 3 desc, 1, 2 limit 10",
        )
        for feed, reason, count in waiting:
            yield f"QUARANTINED  {feed}: {count:,} × {reason}"
        late = _rows(
            connection,
            "select f.feed, f.last_received_at, f.stale_days from ops.feed as f cross join ops.night as n "
            "where f.last_received_at is null or date_diff('day', f.last_received_at, n.as_of) > f.stale_days",
        )
        for feed, last, days in late:
            yield f"LATE  {feed}: last known {last or 'never'}, {days} days allowed"
    if last := last_drill(settings):
        yield f"DRILL  {last}"
    for batch in _pending(settings):
        kind = "DISCARDED" if batch.is_discarded else "WAITING"
        yield f"{kind}  {batch.manifest.feed} {batch.manifest.batch_id} ({batch.manifest.delivery}, {batch.manifest.rows:,} rows)"
