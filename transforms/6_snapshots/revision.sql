-- title: Revisions of monthly figures | 历史修订
-- one row is: one revision of what one feed states of one enterprise's figure of one month
--   | 一个数据源对一家企业一个月数值的一次修订
-- answers: how did a month's figure change after it was first known, when did we learn of it, and by what delivery?
--   | 某月数值首次获知后怎样变化、何时获知、由哪次交付带来？
-- key: enterprise_id, signal_code, month, period_months, feed, known_from
-- rules: All that one delivery changes of a figure as of one day (UTC) is one revision.
--   * A figure is the sum over a feed's facts of one enterprise, month and length of period.
--   * The delivery by which a figure was first known is none. No value before or after means that nothing was known.
--   * Sales are those of the kind of return that monthly.sales takes for the year.
--   * This model reads staged.figure, the figures of all subjects (warehouse/subjects.yml: figures) with what was
--   superseded, instead of known.*, because the history of versions is its subject; nothing received after the
--   night's as_of is used.
--   * late: facts that were not known before, or are back after a withdrawal.
--   * withdrawn: facts that the feed holds no more.
--   * moved: facts that the office now states of another enterprise.
--   * corrected: anything else, also facts withdrawn and others in their place.
--   | 本表读取各部门数据的全部历史版本；数值为同一数据源、同一企业、同一月份和所属期长度的合计。一次交付在一天内带来的改变算一次修订，首次获知不算修订；修订前后为空表示没有数。
--   * 迟报补充：原先没有，或撤回后又有的。
--   * 撤回：数据源不再列出的。
--   * 改列另一企业：来源部门改记到另一家企业的。
--   * 更正：其他情形，含撤回旧记录、另报新记录。
-- known gaps: Leased area and capital are not followed. The links are tonight's: a figure that changed because a
--   record was tied to another enterprise is no revision (resolved.enterprise_forward, resolved.enterprise_split),
--   and a withdrawn record of which nothing else is known has no enterprise and no row. The delivery of a withdrawal
--   is named only where its time is that of one accepted batch. The first report of a month is no revision, however
--   late (monthly.coverage counts these). Feeds are not weighed against each other, as monthly.headcount does.
--   | 租赁面积和注册资本不在内；因记录改归另一企业而引起的变化不算修订；撤回后再无其他信息的记录没有行；首次报送再晚也不算修订（见数据覆盖率）；各数据源之间不作取舍。
-- rebuild: by_enterprise
-- checked by: tests/models/snapshots.revision, tests/warehouse/test_as_of.py
with superseding_time as (
    -- the moments at which anything was superseded: what came then may take the place of another fact
    select
        s.feed,
        s.superseded_at as received_at
    from staged.figure as s
    cross join ops.night as n
    where s.superseded_at <= n.as_of
    group by s.feed, s.superseded_at
),

linked_figure as (
    select
        s.*,
        l.enterprise_id
    from staged.figure as s
    inner join resolved.link as l on s.feed = l.feed and s.source_key = l.source_key
    where s.value is not null
),

-- of others only payments that were before, or are now, in place of their own (booked to another payer);
-- every other fact stays with its source_key, and so with its enterprise
unlinked_figure as (
    select
        s.*,
        cast(null as varchar) as enterprise_id
    from staged.figure as s
    left join resolved.link as l on s.feed = l.feed and s.source_key = l.source_key
    left join superseding_time as u on s.feed = u.feed and s.received_at = u.received_at
    where
        not s.is_keyed_by_source
        and l.enterprise_id is null
        and s.value is not null
        and (s.superseded_at is not null or u.feed is not null)
),

-- a version that was superseded in the moment it came was never to be seen
visible_figure as (
    select
        s.*,
        u.feed is not null as is_superseding,
        case when s.superseded_at <= n.as_of then s.superseded_at end as superseded_by_night
    from (
        select * from linked_figure
        union all
        select * from unlinked_figure
    ) as s
    cross join ops.night as n
    left join superseding_time as u on s.feed = u.feed and s.received_at = u.received_at
    where
        s.received_at <= n.as_of
        and (s.superseded_at is null or s.superseded_at > s.received_at)
),

-- figures of which more than one delivery speaks; of most months only one ever does
revised_figure as (
    select
        enterprise_id,
        signal_code,
        month,
        period_months,
        feed
    from visible_figure
    where enterprise_id is not null
    group by enterprise_id, signal_code, month, period_months, feed
    having
        min(received_at) < max(received_at)
        or count(superseded_by_night) > 0
        or max(case when is_superseding then 1 else 0 end) = 1
),

version as (
    select
        s.feed,
        case
            when not s.is_keyed_by_source then concat_ws('|', s.subject, s.fact_no)
            else
                concat_ws(
                    '|', s.subject, s.source_key, coalesce(s.fact_no, ''), s.signal_code, s.period_start, s.period_end
                )
        end as fact_key,
        s.enterprise_id,
        s.signal_code,
        s.month,
        s.period_months,
        s.value,
        s.batch_id,
        s.received_at,
        s.superseded_by_night as superseded_at
    from visible_figure as s
    left join revised_figure as r
        on
            s.enterprise_id = r.enterprise_id and s.signal_code = r.signal_code
            and s.month = r.month and s.period_months = r.period_months and s.feed = r.feed
    where r.enterprise_id is not null or s.enterprise_id is null
),

-- a withdrawal has no row: the delivery is the one of that time
withdrawal as (
    select
        feed,
        known_from,
        min(batch_id) as batch_id
    from (
        select
            feed,
            batch_id,
            delivered_at as known_from
        from ops.batch
        where rows_withdrawn > 0
        union
        select
            feed,
            batch_id,
            pulled_until as known_from
        from ops.batch
        where rows_withdrawn > 0
        union
        select
            feed,
            batch_id,
            accepted_at as known_from
        from ops.batch
        where rows_withdrawn > 0
    ) as candidate
    where known_from is not null
    group by feed, known_from
    having count(*) = 1
),

turn as (
    select
        v.enterprise_id,
        v.signal_code,
        v.month,
        v.period_months,
        v.feed,
        v.received_at as known_from,
        v.batch_id,
        v.value as change,
        1 as fact_change,
        case
            when b.fact_key is null then 'late'
            when coalesce(b.enterprise_id, '') <> v.enterprise_id then 'moved'
            else 'corrected'
        end as turn_code
    from version as v
    left join version as b on v.feed = b.feed and v.fact_key = b.fact_key and v.received_at = b.superseded_at
    union all
    select
        v.enterprise_id,
        v.signal_code,
        v.month,
        v.period_months,
        v.feed,
        v.superseded_at as known_from,
        coalesce(s.batch_id, w.batch_id) as batch_id,
        -v.value as change,
        -1 as fact_change,
        case
            when s.fact_key is null then 'withdrawn'
            when coalesce(s.enterprise_id, '') <> v.enterprise_id then 'moved'
            else 'corrected'
        end as turn_code
    from version as v
    left join version as s on v.feed = s.feed and v.fact_key = s.fact_key and v.superseded_at = s.received_at
    left join withdrawal as w on v.feed = w.feed and v.superseded_at = w.known_from
    where v.superseded_at is not null
),

-- one delivery, one revision, although an office dates its rows one by one; but a first pull may bring years
delivery_change as (
    select
        enterprise_id,
        signal_code,
        month,
        period_months,
        feed,
        batch_id,
        max(known_from) as known_from,
        sum(change) as change,
        sum(fact_change) as fact_change,
        min(turn_code) as first_code,
        max(turn_code) as last_code
    from turn
    where enterprise_id is not null
    group by enterprise_id, signal_code, month, period_months, feed, batch_id, cast(known_from as date)
),

-- nothing was visible between two deliveries of one moment
moment_change as (
    select
        enterprise_id,
        signal_code,
        month,
        period_months,
        feed,
        known_from,
        max(batch_id) as batch_id,
        sum(change) as change,
        sum(fact_change) as fact_change,
        min(first_code) as first_code,
        max(last_code) as last_code
    from delivery_change
    group by enterprise_id, signal_code, month, period_months, feed, known_from
),

running_change as (
    select
        *,
        row_number() over (
            partition by enterprise_id, signal_code, month, period_months, feed order by known_from
        ) as row_rank,
        sum(change) over (
            partition by enterprise_id, signal_code, month, period_months, feed order by known_from
        ) as value_after,
        sum(fact_change) over (
            partition by enterprise_id, signal_code, month, period_months, feed order by known_from
        ) as fact_count
    from moment_change
),

-- of the returns that state turnover, the kind that counts for the year
sales_kind as (
    select
        enterprise_id,
        year(month) as year_number,
        concat('sales_', min(tax_kind_code)) as signal_code
    from monthly.sales
    group by enterprise_id, year(month)
),

figure_revision as (
    select
        f.enterprise_id,
        case when k.enterprise_id is null then f.signal_code else 'sales' end as signal_code,
        f.month,
        f.period_months,
        f.feed,
        f.known_from,
        f.batch_id,
        case when f.fact_count > f.fact_change then f.value_after - f.change end as value_before,
        case when f.fact_count > 0 then f.value_after end as value_after,
        case when f.first_code = f.last_code then f.first_code else 'corrected' end as revision_code
    from running_change as f
    inner join monthly.month as m on f.month = m.month
    left join sales_kind as k
        on f.enterprise_id = k.enterprise_id and year(f.month) = k.year_number and f.signal_code = k.signal_code
    where f.row_rank > 1
)

select
    c.enterprise_id,
    c.signal_code,
    c.month,
    cast(c.period_months as integer) as period_months,
    c.feed,
    c.known_from,
    cast(c.value_before as decimal(30, 3)) as value_before,
    cast(c.value_after as decimal(30, 3)) as value_after,
    c.revision_code,
    c.batch_id,
    n.as_of
from figure_revision as c
cross join ops.night as n
where
    c.value_before is distinct from c.value_after
    and substr(c.signal_code, 1, 6) <> 'sales_'
