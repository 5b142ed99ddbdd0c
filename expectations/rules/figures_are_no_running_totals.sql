-- rule: A period's figure is of that period alone | 各期数值仅为当期数
-- severity: critical
-- stage: resolved
-- why: January to date (本年累计) read as a month's figure makes six times the sales of a year, and a meter's reading
--   read as use grows for ever. Whoever reports so does it for most units at once: figures that rise month by month
--   through the year and begin anew, periods that all begin on one day, meters and gates that never count less
-- next step: declare what the office states in feed.yml: figures, with year_to_date or reading for the column of the
--   subject (docs/feeds.md, figures), then run parkbridge sync; or ask the office for each period alone
with figure as (
    select
        subject,
        feed,
        signal_code,
        source_key,
        month,
        period_start,
        period_months,
        value
    from known.figure
    union all
    -- no signal, and published all the same
    select
        'tax_filing' as subject,
        feed,
        concat('tax_due_', tax_kind_code) as signal_code,
        source_key,
        cast(date_trunc('month', period_end) as date) as month,
        period_start,
        month_number(period_end) - month_number(period_start) + 1 as period_months,
        tax_due_amount as value
    from known.tax_filing
),

period_figure as (
    select
        subject,
        feed,
        signal_code,
        source_key,
        month,
        year(month) as year_number,
        period_months = 1 as is_month,
        -- the months of a year are one series, and so are periods that begin on one day
        case when period_months = 1 then cast(date_trunc('year', month) as date) else period_start end as series_start,
        period_months,
        sum(value) as value
    from figure
    where month is not null and value is not null
    group by subject, feed, signal_code, source_key, month, period_months, period_start
),

figure_step as (
    select
        t.*,
        row_number() over (
            partition by t.feed, t.signal_code, t.source_key, t.is_month, t.series_start order by t.month
        ) as row_rank,
        t.value
        - lag(t.value) over (
            partition by t.feed, t.signal_code, t.source_key, t.is_month, t.series_start order by t.month
        ) as step_in_series,
        t.value
        - lag(t.value) over (partition by t.feed, t.signal_code, t.source_key, t.is_month order by t.month) as step
    from period_figure as t
),

series as (
    select
        feed,
        signal_code,
        source_key,
        is_month,
        series_start,
        count(*) as figures,
        max(case when row_rank = 1 then value end) as first_value,
        max(value) as last_value,
        count(case when step_in_series <= 0 then 1 end) as falls,
        -- a return of the year lies over its quarters, and that is no running total
        count(case when not is_month and period_months < 12 then 1 end) as periods_within_a_year
    from figure_step
    group by feed, signal_code, source_key, is_month, series_start
),

quarter_year as (
    select
        feed,
        signal_code,
        source_key,
        year_number,
        list(value order by month) as figures
    from period_figure
    where period_months = 3
    group by feed, signal_code, source_key, year_number
),

judged_series as (
    select
        s.feed,
        s.signal_code,
        s.source_key,
        'year to date' as looks_like,
        -- twelve equal months add up to twelve times the first: half of that leaves room for a poor beginning
        s.falls = 0
        and s.first_value > 0
        and s.last_value >= s.first_value * s.figures / 2
        and coalesce(n.first_value < s.last_value / 2, true) as is_like
    from series as s
    left join series as n
        on
            s.feed = n.feed and s.signal_code = n.signal_code and s.source_key = n.source_key
            and n.is_month and year(n.series_start) = year(s.series_start) + 1
    where s.is_month and s.figures >= 6
    union all
    -- four equal quarters add up to four times the first, and firms that grow by season stay below
    select
        q.feed,
        q.signal_code,
        q.source_key,
        'year to date' as looks_like,
        q.figures = list_sort(list_distinct(q.figures))
        and q.figures[1] > 0
        and q.figures[4] >= 2.5 * q.figures[1]
        and coalesce(n.figures[1] < q.figures[4] / 2, true) as is_like
    from quarter_year as q
    left join quarter_year as n
        on
            q.feed = n.feed and q.signal_code = n.signal_code and q.source_key = n.source_key
            and n.year_number = q.year_number + 1
    where len(q.figures) = 4
    union all
    -- periods that begin on one day and end on others lie one over the other, whatever their figures
    select
        feed,
        signal_code,
        source_key,
        'overlapping periods' as looks_like,
        max(periods_within_a_year) >= 2 as is_like
    from series
    where not is_month
    group by feed, signal_code, source_key
    union all
    select
        feed,
        signal_code,
        source_key,
        'readings' as looks_like,
        count(case when step < 0 then 1 end) = 0
        and count(case when step > 0 then 1 end) >= 0.9 * (count(*) - 1) as is_like
    from figure_step
    where is_month and subject in ('utility_use', 'access_count')
    group by feed, signal_code, source_key
    having count(*) >= 18
),

unit as (
    select
        feed,
        signal_code,
        looks_like,
        -- every year of it
        bool_and(is_like) as is_like
    from judged_series
    group by feed, signal_code, looks_like, source_key
)

select
    feed,
    signal_code,
    looks_like,
    count(case when is_like then 1 end) as units_like_it,
    count(*) as units
from unit
group by feed, signal_code, looks_like
having
    count(case when is_like then 1 end) >= case when looks_like = 'overlapping periods' then 2 else 5 end
    and 2 * count(case when is_like then 1 end) > count(*)
