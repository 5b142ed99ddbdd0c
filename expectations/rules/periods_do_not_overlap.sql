-- rule: No period of a return lies over another of the same tax | 同一税种的所属期互不重叠
-- severity: warning
-- stage: resolved
-- why: a half-year beside its two quarters, or a quarter beside its months, counts twice in sales and tax due. One
--   return among hundreds stops no night; where most overlap, figures_are_no_running_totals stops it. The settlement
--   of a whole year (汇算清缴) states the difference alone, and a return of single days (按次申报) one event
-- next step: ask the office which return holds, and have it withdraw the others; a feed that is pulled by time of
--   recording takes one back where stage.sql gives withdrawn_because for it
with whole_period as (
    select
        feed,
        source_key,
        tax_kind_code,
        period_start,
        period_end,
        month_number(period_end) - month_number(period_start) + 1 as period_months
    from known.tax_filing
    where day(period_start) = 1 and period_end = last_day(period_end)
)

select
    l.feed,
    l.source_key,
    l.tax_kind_code,
    l.period_start,
    l.period_end,
    min(s.period_start) as other_period_start,
    count(*) as other_period_count
from whole_period as l
inner join whole_period as s
    on
        l.feed = s.feed and l.source_key = s.source_key and l.tax_kind_code = s.tax_kind_code
        and l.period_start <= s.period_end and s.period_start <= l.period_end
        -- each pair once: the longer one, or of two that are as long the later one
        and (l.period_months, l.period_start) > (s.period_months, s.period_start)
where l.period_months < 12
group by l.feed, l.source_key, l.tax_kind_code, l.period_start, l.period_end
