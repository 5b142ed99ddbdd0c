-- title: Totals and their growth | 指标合计与同比
-- one row is: the park, or one of its buildings, industry sections or divisions, with one signal in one month, over all
--   enterprises with figures for periods of this length
--   | 全园或一栋楼、一个行业门类或大类，一项指标在一个月、一种所属期长度下的合计
-- answers: how much is it in all, how much since January, and how much more than a month and a year before?
--   | 合计多少，本年累计多少，环比、同比、累计同比各多少？
-- key: part_kind, part_code, month, signal_code, period_months
-- rules:
--   * Each enterprise is in one building of a month (monthly.main_building), one section and one division (GB/T 4754,
--     rules/industry.yml), or under unknown. So the groups of one kind add up to the park.
--   * tax_received, tax_received_<kind>: tax received less refunds by day of payment (入库), in the building of that
--     month. From the first receipt on every month has a row: nothing received is 0.
--   * change_1m_pct: against the month before; only figures of single months. change_12m_pct: against the same month of
--     the year before. Same length of period, same park, building or industry. Empty where one of the two months is
--     provisional or missing, or the base is zero or negative.
--   * year_to_date_value: January up to the month, for signals of which months add up (rules/signal.yml: adds_up).
--     Empty where a month of it is provisional, or the office's books begin after that January.
--     year_to_date_value_before: the same months of the year before.
--   * Suspect values (signals.plausibility) are in no total; suspect_count counts the enterprises left out.
--   | 每家企业每月只属于一栋楼、一个门类、一个大类，或列入“未知”，各口径合计等于全园。
--   * 入库税额按入库日期统计，已扣退税，归入当月所在楼栋；自首次入库起每月有行，没有入库的为0。
--   * 环比：与上月比，只用于按月的数；同比：与上年同月比；所属期长度相同才比；任一月为暂定或缺数、基数不为正时为空。
--   * 本年累计：1月至本月之和，只用于可累计的指标；其中有暂定月份，或数据起点晚于当年1月的为空；上年同期累计口径相同。
--   * 异常值不计入合计，剔除的企业数另列。
-- example: electricity 100 in January, 120 in February, 90 in February of the year before (80 in its January): February
--   has change_1m_pct 20.00, change_12m_pct 33.33, year to date 220, before 170, change 29.41.
-- known gaps: Growth of a total is not like for like: an enterprise left out as suspect, or filing by another length of
--   period than a year before, is in one of the two totals only. A group without any figure in a month has no row
--   there, and no year to date, except for tax received. Annual settlements are in no total by period (tax, tax_cit),
--   but in tax received. Early in a month receipts of the month before are provisional
--   as long as that month's tax periods are.
--   | 合计的增长不剔除企业增减：异常值被剔除或改变申报周期的企业可能只在其中一期；某口径当月无数的没有行（入库税额除外）；
--   汇算清缴不在按所属期的合计内，只在入库税额内；
--   月初时上月入库随该月所属期一并标为暂定。
-- column suspect_count: how many enterprises' figures were left out of the total as suspect
--   | 存疑企业数 数据异常、未计入合计的企业数
-- checked by: tests/models/signals.part_total, tests/transforms/test_part_total.py
with figure as (
    select
        s.enterprise_id,
        s.month,
        s.signal_code,
        s.period_months,
        case when p.enterprise_id is null then s.value end as value,
        1 as is_figure,
        case when p.enterprise_id is null then 0 else 1 end as is_suspect,
        case when s.is_provisional then 1 else 0 end as is_provisional
    from signals.signal as s
    left join signals.plausibility as p
        on s.enterprise_id = p.enterprise_id and s.signal_code = p.signal_code and s.month = p.month
    union all
    select
        enterprise_id,
        month,
        concat('tax_received_', tax_kind_code) as signal_code,
        1 as period_months,
        cast(received_amount as decimal(30, 3)) as value,
        1 as is_figure,
        0 as is_suspect,
        0 as is_provisional
    from monthly.tax_receipt
    union all
    select
        enterprise_id,
        month,
        'tax_received' as signal_code,
        1 as period_months,
        cast(sum(received_amount) as decimal(30, 3)) as value,
        1 as is_figure,
        0 as is_suspect,
        0 as is_provisional
    from monthly.tax_receipt
    group by enterprise_id, month
    union all
    -- where the only enterprise of a building has closed, the building has 0; where it is silent, no total
    select
        enterprise_id,
        month,
        signal_code,
        period_months,
        value,
        0 as is_figure,
        0 as is_suspect,
        0 as is_provisional
    from signals.flow
    where value = 0 or flow_code = 'open_ended'
),

placed_figure as (
    select
        coalesce(b.building_code, 'unknown') as building_code,
        coalesce(industry_division(e.industry_code), 'unknown') as industry_division,
        f.month,
        f.signal_code,
        f.period_months,
        f.value,
        f.is_figure,
        f.is_suspect,
        f.is_provisional
    from figure as f
    left join resolved.enterprise as e on f.enterprise_id = e.enterprise_id
    left join monthly.main_building as b
        on f.enterprise_id = b.enterprise_id and f.month between b.from_month and b.until_month
),

-- park, buildings and divisions in one pass; sections are sums of divisions
part as (
    select
        building_code,
        industry_division,
        month,
        signal_code,
        period_months,
        case when sum(is_figure) > 0 then coalesce(sum(value), 0) else sum(value) end as total_value,
        sum(is_figure) as enterprise_count,
        sum(is_suspect) as suspect_count,
        max(is_provisional) as is_provisional
    from placed_figure
    group by grouping sets (
        (month, signal_code, period_months),
        (building_code, month, signal_code, period_months),
        (industry_division, month, signal_code, period_months)
    )
),

named_part as (
    select
        case
            when building_code is not null then 'building'
            when industry_division is not null then 'industry_division'
            else 'park'
        end as part_kind,
        coalesce(building_code, industry_division, 'park') as part_code,
        month,
        signal_code,
        period_months,
        total_value,
        enterprise_count,
        suspect_count,
        is_provisional
    from part
    union all
    select
        'industry_section' as part_kind,
        coalesce(i.section_code, 'unknown') as part_code,
        p.month,
        p.signal_code,
        p.period_months,
        sum(p.total_value) as total_value,
        sum(p.enterprise_count) as enterprise_count,
        sum(p.suspect_count) as suspect_count,
        max(p.is_provisional) as is_provisional
    from part as p
    left join rules.industry as i
        on try_cast(p.industry_division as integer) between i.division_from and i.division_to
    where p.industry_division is not null
    group by coalesce(i.section_code, 'unknown'), p.month, p.signal_code, p.period_months
),

first_receipt as (
    select
        p.part_kind,
        p.part_code,
        p.signal_code,
        min(p.month) as month
    from named_part as p
    inner join rules.signal as g on p.signal_code = g.signal_code
    where g.is_receipt
    group by p.part_kind, p.part_code, p.signal_code
),

total as (
    select
        p.part_kind,
        p.part_code,
        p.signal_code,
        p.period_months,
        p.month,
        month_number(p.month) as month_number,
        year(p.month) as year_number,
        p.total_value,
        p.enterprise_count,
        p.suspect_count,
        p.is_provisional
    from named_part as p
    union all
    select
        f.part_kind,
        f.part_code,
        f.signal_code,
        1 as period_months,
        m.month,
        m.month_number,
        year(m.month) as year_number,
        0 as total_value,
        0 as enterprise_count,
        0 as suspect_count,
        0 as is_provisional
    from first_receipt as f
    inner join monthly.month as m on f.month < m.month
    left join named_part as p
        on
            f.part_kind = p.part_kind
            and f.part_code = p.part_code
            and f.signal_code = p.signal_code
            and m.month = p.month
    where p.month is null
),

-- every total twice: in its month, and as the base of the same month a year later
total_and_base as (
    select
        *,
        cast(null as decimal(30, 3)) as base_value,
        1 as is_total
    from total
    union all
    select
        part_kind,
        part_code,
        signal_code,
        period_months,
        cast(null as date) as month,
        month_number + 12 as month_number,
        year_number + 1 as year_number,
        cast(null as decimal(30, 3)) as total_value,
        0 as enterprise_count,
        0 as suspect_count,
        0 as is_provisional,
        total_value as base_value,
        0 as is_total
    from total
),

part_month as (
    select
        part_kind,
        part_code,
        signal_code,
        period_months,
        max(month) as month,
        month_number,
        year_number,
        sum(total_value) as total_value,
        sum(base_value) as base_value,
        sum(enterprise_count) as enterprise_count,
        sum(suspect_count) as suspect_count,
        sum(is_provisional) as is_provisional,
        max(is_total) as is_total
    from total_and_base
    group by part_kind, part_code, signal_code, period_months, month_number, year_number
),

cumulated_month as (
    select
        *,
        sum(total_value) over year_so_far as year_to_date_value,
        sum(base_value) over year_so_far as year_to_date_base,
        first_value(total_value) over month_before as month_before_value
    from part_month
    window
        year_so_far as (
            partition by part_kind, part_code, signal_code, period_months, year_number order by month_number
        ),
        month_before as (
            partition by part_kind, part_code, signal_code, period_months
            order by month_number range between 1 preceding and 1 preceding
        )
),

-- a month for which nothing at all came in has no total, but is provisional all the same
provisional_year as (
    select
        subject,
        month_number,
        case when is_provisional then 1 else 0 end as is_provisional,
        max(case when is_provisional then 1 else 0 end) over (
            partition by subject, year(month) order by month_number
        ) as is_year_provisional
    from monthly.provisional_month
),

-- receipts are complete from the month in which the first period of every length was paid
receipt_books as (
    select max(month_number(first_month) + period_months) as first_number
    from monthly.filing_start
    where signal_code = 'tax' and period_months <= 3
),

signal_books as (
    select
        t.signal_code,
        coalesce(
            max(case when g.is_receipt then b.first_number end), min(t.month_number - t.period_months + 1)
        ) as first_number
    from total as t
    inner join rules.signal as g on t.signal_code = g.signal_code
    cross join receipt_books as b
    where t.part_kind = 'park'
    group by t.signal_code
),

believed_month as (
    select
        c.*,
        case when g.is_receipt then coalesce(p.is_provisional, 0) else c.is_provisional end as is_month_provisional,
        coalesce(p.is_provisional, 0) + coalesce(q.is_provisional, 0) = 0 and c.month_number - 12 >= s.first_number
            as is_year_comparable,
        c.period_months = 1 and coalesce(p.is_provisional, 0) + coalesce(b.is_provisional, 0) = 0
            as is_month_comparable,
        g.adds_up and coalesce(p.is_year_provisional, 0) = 0 and s.first_number <= c.year_number * 12 + 1
            as is_year_complete,
        g.adds_up and coalesce(q.is_year_provisional, 0) = 0 and s.first_number <= c.year_number * 12 - 11
            as is_base_year_complete
    from cumulated_month as c
    inner join rules.signal as g on c.signal_code = g.signal_code
    inner join signal_books as s on c.signal_code = s.signal_code
    left join provisional_year as p on g.subject = p.subject and c.month_number = p.month_number
    left join provisional_year as q on g.subject = q.subject and c.month_number - 12 = q.month_number
    left join provisional_year as b on g.subject = b.subject and c.month_number - 1 = b.month_number
    where c.is_total = 1
)

select
    t.part_kind,
    t.part_code,
    t.month,
    t.signal_code,
    cast(t.period_months as integer) as period_months,
    t.total_value,
    cast(t.enterprise_count as bigint) as enterprise_count,
    cast(t.suspect_count as bigint) as suspect_count,
    t.is_month_provisional = 1 as is_provisional,
    case when t.is_month_comparable then growth_pct(t.total_value, t.month_before_value) end as change_1m_pct,
    case when t.is_year_comparable then growth_pct(t.total_value, t.base_value) end as change_12m_pct,
    case when t.is_year_complete then t.year_to_date_value end as year_to_date_value,
    case when t.is_base_year_complete then t.year_to_date_base end as year_to_date_value_before,
    case
        when t.is_year_complete and t.is_base_year_complete then growth_pct(t.year_to_date_value, t.year_to_date_base)
    end as year_to_date_change_pct
from believed_month as t
