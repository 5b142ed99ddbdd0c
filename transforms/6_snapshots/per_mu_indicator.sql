-- title: Per-mu indicators | 亩均评价指标得分
-- one row is: one indicator of one per-mu scheme, for one enterprise that the scheme scores, in one complete year
--   | 一家参评企业一个完整年度在一种评价办法下的一项指标
-- answers: where do the points of a per-mu score come from, and with what was each figure compared?
--   | 亩均得分从哪里来，各项指标是与什么比出来的？
-- key: enterprise_id, year_number, scheme_code, indicator_code
-- rules: Every scheme of rules/per_mu_scheme.yml is replayed over the years, industries and sizes that it names
--   (sales of the year; unknown sales count as none). Figures are those of snapshots.enterprise_year; tax is the
--   tax paid by period (所属期口径).
--   * benchmark: weight x value / benchmark, at least 0 and at most the scheme's cap, where it has one.
--   * min-max: weight x (base + (100 - base) x (value - lowest) / (highest - lowest)) / 100, lowest and highest among
--     those ranked together.
--   * ranking_code: enterprises with land are ranked apart from those without; a year with suspect figures is not
--     ranked and has no points.
--   * An indicator without a value scores nothing, or its weight goes to the others, as the scheme says
--     (indicator_weight_used). Indicators that no silo supplies (value added, emissions, research) have no row.
--   | 按评价办法规定的年度、行业和规模（全年销售额，未知的按零计）逐年重算，数据取自企业年度汇总，税收为实缴税额（所属期口径）。
--   * 基准值法：权重×指标值÷基准值，不低于0，办法有上限的不超过上限。
--   * 极值法：权重×（基础分＋（100−基础分）×（指标值−最低值）÷（最高值−最低值））÷100，最高、最低值取同组企业。
--   * 有用地的与无用地的分开排名；有存疑数据的年度不参评、不计分。
--   * 缺数的指标不得分，或按办法把权重分给其他指标；没有数据来源的指标（增加值、排放、研发）没有行。
-- known gaps: Sales are used for value added in Jingde's labour productivity. One extreme value squeezes all others in
--   a min-max. A year with provisional months is scored, and marked.
--   | 旌德县的全员劳动生产率以销售额代替增加值；极值法中一个极端值会压低其他企业的差距；含暂定月份的年度照常计分，并作标记。
-- checked by: tests/models/snapshots.per_mu_indicator, tests/transforms/test_mu_schemes.py
with scheme_weight as (
    select
        scheme_code,
        scheme_version,
        sum(indicator_weight) as scheme_weight
    from rules.per_mu_indicator
    group by scheme_code, scheme_version
),

scored_enterprise as (
    select
        y.enterprise_id,
        y.year_number,
        s.scheme_code,
        s.scheme_version,
        s.method_code,
        s.base_points,
        cast(s.cap_factor as double) as cap_factor,
        s.missing_code,
        y.tax_paid_amount,
        y.sales_amount,
        y.mean_headcount,
        y.land_mu,
        y.electricity_kwh,
        case
            when y.suspect_value_count > 0 then 'not_ranked'
            when y.land_mu > 0 then 'with_land'
            else 'without_land'
        end as ranking_code,
        y.as_of,
        concat(s.version, '; ', y.rule_version) as rule_version
    from snapshots.enterprise_year as y
    inner join resolved.enterprise as e on y.enterprise_id = e.enterprise_id
    inner join rules.per_mu_scheme as s
        on
            y.year_number between s.from_year and s.to_year
            and coalesce(y.sales_amount, 0) >= s.sales_min_amount
            and coalesce(y.sales_amount, 0) < s.sales_below_amount
            and try_cast(regexp_extract(e.industry_code, '[0-9][0-9]') as integer)
            between s.industry_from and s.industry_to
),

indicator_part as (
    select
        s.*,
        i.indicator_code,
        cast(i.indicator_weight as double) as weight,
        i.benchmark_value,
        w.scheme_weight,
        cast(case m.numerator_code when 'tax' then s.tax_paid_amount when 'sales' then s.sales_amount end as double)
            as numerator_value,
        cast(case m.denominator_code
            when 'land' then s.land_mu
            when 'electricity' then s.electricity_kwh
            when 'headcount' then s.mean_headcount
        end as double) as denominator_value,
        concat(s.rule_version, '; ', i.version, '; ', m.version) as rule_versions
    from scored_enterprise as s
    inner join rules.per_mu_indicator as i on s.scheme_code = i.scheme_code and s.scheme_version = i.scheme_version
    inner join rules.per_mu_measure as m on i.indicator_code = m.indicator_code
    inner join scheme_weight as w on s.scheme_code = w.scheme_code and s.scheme_version = w.scheme_version
    where m.numerator_code is not null
),

valued_indicator as (
    select
        *,
        case when denominator_value > 0 then numerator_value / nullif(denominator_value, 0) end as indicator_value
    from indicator_part
),

indicator_range as (
    select
        scheme_code,
        scheme_version,
        year_number,
        ranking_code,
        indicator_code,
        min(indicator_value) as lowest_value,
        max(indicator_value) as highest_value
    from valued_indicator
    group by scheme_code, scheme_version, year_number, ranking_code, indicator_code
),

available_weight as (
    select
        enterprise_id,
        scheme_code,
        year_number,
        sum(weight) as present_weight
    from valued_indicator
    where indicator_value is not null
    group by enterprise_id, scheme_code, year_number
),

weighted_indicator as (
    select
        v.*,
        r.lowest_value,
        r.highest_value,
        v.indicator_value / nullif(v.benchmark_value, 0) as benchmark_ratio,
        case
            when v.indicator_value is null then 0
            when v.missing_code = 'redistribute' then v.weight * v.scheme_weight / nullif(p.present_weight, 0)
            else v.weight
        end as weight_used
    from valued_indicator as v
    inner join available_weight as p
        on v.enterprise_id = p.enterprise_id and v.scheme_code = p.scheme_code and v.year_number = p.year_number
    inner join indicator_range as r
        on
            v.scheme_code = r.scheme_code and v.scheme_version = r.scheme_version and v.year_number = r.year_number
            and v.ranking_code = r.ranking_code and v.indicator_code = r.indicator_code
    where p.present_weight > 0
)

select
    enterprise_id,
    year_number,
    scheme_code,
    scheme_version,
    ranking_code,
    indicator_code,
    cast(numerator_value as decimal(30, 2)) as numerator_value,
    cast(denominator_value as decimal(30, 4)) as denominator_value,
    cast(indicator_value as decimal(30, 6)) as indicator_value,
    cast(benchmark_value as decimal(30, 6)) as benchmark_value,
    cast(case when method_code = 'min_max' and ranking_code <> 'not_ranked' then lowest_value end as decimal(30, 6))
        as lowest_value,
    cast(case when method_code = 'min_max' and ranking_code <> 'not_ranked' then highest_value end as decimal(30, 6))
        as highest_value,
    cast(weight as decimal(30, 4)) as indicator_weight,
    cast(weight_used as decimal(30, 4)) as indicator_weight_used,
    cast(case
        when ranking_code = 'not_ranked' then null
        when indicator_value is null then 0
        when method_code = 'benchmark'
            then greatest(least(benchmark_ratio, coalesce(cap_factor, benchmark_ratio)), 0) * weight_used
        else
            weight_used * (
                base_points
                + (100 - base_points)
                * coalesce((indicator_value - lowest_value) / nullif(highest_value - lowest_value, 0), 1)
            ) / 100
    end as decimal(30, 4)) as indicator_points,
    cast(case
        when method_code = 'benchmark' then cap_factor * weight_used
        else weight_used
    end as decimal(30, 4)) as indicator_points_max,
    as_of,
    rule_versions as rule_version
from weighted_indicator
