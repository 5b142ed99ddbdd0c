-- title: Change over the year | 年度变化
-- one row is: one of the signals that an assessment hears, of one enterprise, where there is something to compare
--   | 一家企业一项参与评估、有可比数据的指标
-- answers: has its staff, sales, tax, space or power risen or fallen over 12 months, by how much, and is it real?
--   | 这家企业的人数、销售额、税额、面积、用电比一年前升了还是降了，变动多少，是否真实？
-- key: enterprise_id, signal_code
-- rules:
--   * Headcount, leased area: the latest believed figure against that of 12 months before.
--   * Sales, electricity: some months added up (rules/assessment.yml: window_months), against the same months a year
--     before; at least half of them must be there in both years.
--   * Tax: tax_paid_12m_amount of signals.tax_12m (paid by period, 所属期口径) against the 12 months before, where these
--     can be compared.
--   * The latest figure must be recent. started: no figure a year ago, and a start in signals.flow since. ended: a
--     close or move out since, and no figure after it.
--   * Provisional months and suspect values (signals.plausibility) are never used.
--   * direction is 1 (rises) or -1 (falls) from change_min_pct and change_min on, else 0.
--   * What mergers, divisions and moved payrolls brought or took (succession_in, succession_out) is no growth and no
--     decline: of people and space it is taken out of the change; money and power of such a year have direction 0.
--   | 参保人数、租赁面积：最近可信值与十二个月前比较。
--   * 销售额、用电：若干月合计与上年同月比较，至少一半月份两年都有。
--   * 税额：近十二月实缴税额（所属期口径）与前十二月比较，两者可比时才列。
--   * 最近值须够新；年内从无到有的为新增，年内停止的为终止。
--   * 不用暂定月份和异常值；变动达到评估规则的幅度才算升降。
--   * 合并、分立、转移用工带来的变动不算增减：人数、面积从变动中扣除，金额与用电当年不判升降。
-- known gaps: A suspect value of a year before leaves this month without comparison, whatever its neighbours are. A
--   signal without the month a year before has no row, even if the month before or after is there. An enterprise that
--   changed from yearly to monthly reports is not compared until a year later.
--   | 上年同月为异常值或缺数的不作比较；由年报改月报的一年后才可比。
-- column change_12m_pct: the change from earlier_value to value, per cent of earlier_value; empty from zero or below;
--   the words show it as it is | 同比增长率 本期值较上年同期值增长的百分比，上年同期为零或为负时为空，文字中照列
-- column month: month of the latest figure, the last of the window | 月份 最近一个有可信数的月份
-- column value: the latest figure, or the sum over the window; of tax that ended, the 12 months before
--   | 本期值 最近值或若干月合计；税额已终止的为前十二月合计，单位随指标
-- column earlier_value: the same of 12 months before; empty where it started or ended
--   | 上年同期值 十二个月前的同口径数；新增或终止的为空
-- rebuild: by_enterprise
-- checked by: tests/models/signals.year_change
with believed_value as (
    -- provisional and suspect figures decide no direction
    select
        s.enterprise_id,
        s.signal_code,
        s.month,
        s.month_number,
        s.period_months,
        s.value
    from signals.signal as s
    inner join rules.assessment as r on s.signal_code = r.signal_code
    inner join monthly.month as m on m.is_last_month
    left join signals.plausibility as p
        on s.enterprise_id = p.enterprise_id and s.signal_code = p.signal_code and s.month = p.month
    where not s.is_provisional and s.month_number <= m.month_number and p.enterprise_id is null
),

ranked_month as (
    select
        *,
        row_number() over (partition by enterprise_id, signal_code order by month_number desc) as row_rank
    from believed_value
),

-- recent by the period's own length: a quarter ends up to two months later than a month
latest as (
    select
        p.enterprise_id,
        p.signal_code,
        p.month,
        p.month_number,
        p.value,
        r.window_months,
        p.month_number > m.month_number - case
            when p.period_months >= 12 then u.yearly_recent_months
            else r.recent_months + p.period_months - 1
        end as is_recent
    from ranked_month as p
    inner join rules.assessment as r on p.signal_code = r.signal_code
    cross join rules.assessment_limit as u
    inner join monthly.month as m on m.is_last_month
    where p.row_rank = 1
),

-- this year's months, each with the same month of the year before
year_pair as (
    select
        l.enterprise_id,
        l.signal_code,
        sum(b.value) as value,
        sum(e.value) as earlier_value,
        sum(b.period_months) as paired_months
    from latest as l
    inner join believed_value as b
        on
            l.enterprise_id = b.enterprise_id and l.signal_code = b.signal_code
            and b.month_number > l.month_number - l.window_months
    inner join believed_value as e
        on
            b.enterprise_id = e.enterprise_id and b.signal_code = e.signal_code
            and b.month_number - 12 = e.month_number and b.period_months = e.period_months
    -- tax is taken from tax_12m below
    where l.is_recent and l.signal_code <> 'tax'
    group by l.enterprise_id, l.signal_code
),

-- what the year's flows say of each signal's beginning, end and succession
year_flow as (
    select
        l.enterprise_id,
        l.signal_code,
        max(case
            when
                f.flow_code in ('open', 'move_in', 'succession_in') and f.earlier_value = 0
                and f.month_number > m.month_number - 12
                -- sales that pause and resume have not begun
                and (l.window_months = 1 or not f.is_reactivation)
                then f.month
        end) as start_month,
        max(case
            when
                f.flow_code in ('close', 'move_out', 'succession_out') and f.value = 0
                and f.month_number > l.month_number and f.month_number > m.month_number - 12
                then f.month
        end) as end_month,
        max(case
            when f.flow_code = 'succession_in' and f.earlier_value = 0 then f.month
        end) as start_succession_month,
        max(case
            when f.flow_code = 'succession_out' and f.value = 0 then f.month
        end) as end_succession_month,
        sum(case
            when
                f.flow_code in ('succession_in', 'succession_out')
                and f.month_number > l.month_number - 12 - case when l.window_months > 1 then l.window_months else 0 end
                then f.change
        end) as succession_change,
        max(case
            when
                f.flow_code in ('succession_in', 'succession_out')
                and f.month_number > l.month_number - 12 - case when l.window_months > 1 then l.window_months else 0 end
                then f.other_enterprise_id
        end) as other_enterprise_id
    from latest as l
    inner join signals.flow as f on l.enterprise_id = f.enterprise_id and l.signal_code = f.signal_code
    inner join monthly.month as m on m.is_last_month
    group by l.enterprise_id, l.signal_code
),

-- one figure of tax in the whole house: the one that readers see beside the words
tax_paid as (
    select
        enterprise_id,
        'tax' as signal_code,
        tax_paid_12m_amount as value,
        tax_paid_12m_amount_before as earlier_value,
        tax_paid_12m_until_month as until_month,
        case when is_comparable then months_used end as paired_months
    from signals.tax_12m
    where tax_kind_code = 'total'
),

-- ended, compared or started, in this order: an end is certain, a comparison needs enough months on both sides
compared_year as (
    select
        l.enterprise_id,
        l.signal_code,
        l.month,
        r.window_months,
        r.change_min_pct,
        r.change_min,
        g.name_en,
        g.name_zh,
        g.unit_en,
        g.unit_zh,
        f.start_month,
        f.end_month,
        f.other_enterprise_id,
        f.succession_change,
        t.until_month,
        coalesce(t.paired_months, p.paired_months) as paired_months,
        coalesce(t.earlier_value, p.earlier_value) as earlier_value,
        case
            -- of what has ended the last figure is shown
            when f.end_month is not null then coalesce(t.earlier_value, t.value, l.value)
            else coalesce(t.value, p.value, l.value)
        end as value,
        f.start_month = f.start_succession_month as is_start_succession,
        f.end_month = f.end_succession_month as is_end_succession,
        case
            when f.end_month is not null then 'ended'
            when
                l.is_recent
                and coalesce(t.paired_months, p.paired_months) * 100 >= u.paired_min_pct * r.window_months
                then 'compared'
            when l.is_recent and l.value > 0 and f.start_month is not null then 'started'
        end as heard_code
    from latest as l
    inner join rules.assessment as r on l.signal_code = r.signal_code
    inner join rules.signal as g on l.signal_code = g.signal_code
    cross join rules.assessment_limit as u
    left join year_pair as p on l.enterprise_id = p.enterprise_id and l.signal_code = p.signal_code
    left join tax_paid as t on l.enterprise_id = t.enterprise_id and l.signal_code = t.signal_code
    left join year_flow as f on l.enterprise_id = f.enterprise_id and l.signal_code = f.signal_code
),

-- net: what is left of the change without the succession; base: what there would be without any other change
net_year as (
    select
        *,
        case
            when heard_code = 'ended' and not coalesce(is_end_succession, false) then -value
            when heard_code = 'started' and not coalesce(is_start_succession, false) then value
            when heard_code = 'compared' and succession_change is null then value - earlier_value
            -- of a sum over months it is unknown which part a succession moved: not compared
            when heard_code = 'compared' and window_months = 1 then value - earlier_value - succession_change
            else 0
        end as net_change,
        case
            when heard_code <> 'compared' then 0
            when window_months = 1 then abs(earlier_value + coalesce(succession_change, 0))
            else abs(earlier_value)
        end as base_value,
        growth_pct(value, earlier_value) as change_12m_pct
    from compared_year
    where heard_code is not null
),

-- a change below either limit is none: a share alone would move with every small firm, heads alone with every large one
directed_year as (
    select
        *,
        case
            when heard_code <> 'compared' then cast(sign(net_change) as integer)
            when abs(net_change) < change_min or abs(net_change) * 100 < change_min_pct * base_value then 0
            else cast(sign(net_change) as integer)
        end as direction,
        number_text(value) as value_text,
        number_text(earlier_value) as earlier_text,
        replace(cast(abs(change_12m_pct) as varchar), '.00', '') as pct_text,
        concat(case when succession_change < 0 then '−' else '+' end, number_text(abs(succession_change)))
            as moved_text,
        case when heard_code = 'compared' and change_12m_pct is null then 'no_rate' else heard_code end as clause_code,
        case
            when change_12m_pct > 0 then 'rise'
            when change_12m_pct < 0 then 'fall'
            when change_12m_pct = 0 then 'level'
        end as rate_code,
        case
            when heard_code = 'compared' and window_months > 1 then 'months'
            when until_month is not null and heard_code = 'started' then 'year'
            when until_month is not null then 'year_before'
        end as period_code,
        case when heard_code <> 'ended' and until_month is not null then 'until' end as until_code,
        case
            when heard_code = 'ended' and is_end_succession then 'ended_by_succession'
            when succession_change is null then null
            when heard_code = 'compared' and window_months > 1 then 'not_compared'
            else 'by_succession'
        end as succession_code
    from net_year
),

-- the sentence of each signal in both languages, from the same figures
year_words as (
    select
        d.enterprise_id,
        d.signal_code,
        d.month,
        d.heard_code,
        cast(case when d.heard_code = 'compared' then d.earlier_value end as decimal(30, 3)) as earlier_value,
        cast(d.value as decimal(30, 3)) as value,
        case when d.heard_code = 'compared' then d.paired_months end as paired_months,
        case when d.heard_code = 'compared' then d.change_12m_pct end as change_12m_pct,
        cast(d.succession_change as decimal(30, 3)) as succession_change,
        d.other_enterprise_id,
        d.direction,
        filled(
            t.words_en,
            'change', coalesce(filled(r.words_en, 'pct', d.pct_text), ''),
            'before', coalesce(d.earlier_text, ''),
            'month', coalesce(substr(cast(coalesce(d.end_month, d.start_month) as varchar), 1, 7), ''),
            'value', d.value_text,
            'unit', d.unit_en,
            'period',
            coalesce(
                filled(
                    p.words_en,
                    'months', coalesce(cast(d.paired_months as varchar), ''),
                    'until', coalesce(filled(u.words_en, 'month', substr(cast(d.until_month as varchar), 1, 7)), '')
                ),
                ''
            ),
            'succession',
            coalesce(
                filled(s.words_en, 'moved', d.moved_text, 'other', coalesce(d.other_enterprise_id, s.another_en)), ''
            ),
            'name', d.name_en
        ) as evidence,
        filled(
            t.words_zh,
            'change', coalesce(filled(r.words_zh, 'pct', d.pct_text), ''),
            'before', coalesce(d.earlier_text, ''),
            'month', coalesce(substr(cast(coalesce(d.end_month, d.start_month) as varchar), 1, 7), ''),
            'value', d.value_text,
            'unit', d.unit_zh,
            'period',
            coalesce(
                filled(
                    p.words_zh,
                    'months', coalesce(cast(d.paired_months as varchar), ''),
                    'until', coalesce(filled(u.words_zh, 'month', substr(cast(d.until_month as varchar), 1, 7)), '')
                ),
                ''
            ),
            'succession',
            coalesce(
                filled(s.words_zh, 'moved', d.moved_text, 'other', coalesce(d.other_enterprise_id, s.another_zh)), ''
            ),
            'name', d.name_zh
        ) as evidence_zh
    from directed_year as d
    inner join rules.year_change_words as t on d.clause_code = t.clause_code
    left join rules.year_change_words as r on d.rate_code = r.clause_code
    left join rules.year_change_words as p on d.period_code = p.clause_code
    left join rules.year_change_words as u on d.until_code = u.clause_code
    left join rules.year_change_words as s on d.succession_code = s.clause_code
)

select
    w.enterprise_id,
    w.signal_code,
    w.month,
    w.heard_code,
    w.earlier_value,
    w.value,
    cast(w.paired_months as integer) as paired_months,
    w.change_12m_pct,
    w.succession_change,
    w.other_enterprise_id,
    w.direction,
    w.evidence,
    w.evidence_zh,
    u.version as rule_version
from year_words as w
cross join rules.assessment_limit as u
