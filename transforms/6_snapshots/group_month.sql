-- title: Buildings and industries by month | 楼栋与行业月度汇总
-- one row is: one building, industry section or industry division, with one signal in one month, over all its
--   enterprises with figures for periods of this length
--   | 一栋楼、一个行业门类或大类，一项指标在一个月、一种所属期长度下的合计
-- answers: where in the park, and in which industries, do staff, sales, tax and space grow and shrink, and how?
--   | 人数、销售额、税额、面积在哪栋楼、哪个行业增减，怎样增减？
-- key: part_kind, part_code, month, signal_code, period_months
-- rules: As snapshots.park_month, by groups.
--   * Each enterprise is in exactly one building of a month (monthly.main_building), one section and one division
--     (GB/T 4754, rules/industry.yml), or under unknown. So the groups of one kind add up to the park in every total,
--     count, creation, destruction and net; tax received also in its year to date.
--   * Reallocation does not add up: what one group loses and another gains is reallocation of the park only.
--   * Provisional months have totals but no flows and no growth; suspect values (signals.plausibility) are in neither.
--   * Small cells are shown: enterprise_count says how many enterprises they are about.
--   | 口径同园区月度汇总，按楼栋、行业门类、行业大类分别汇总。
--   * 每家企业每月只属于一栋楼、一个门类、一个大类，或列入“未知”：各口径的合计、户数、增加量、减少量、净变动加总等于全园，
--   入库税额的累计数也等于全园。
--   * 总变动量不可加总：一组减少而另一组增加的部分只算全园的总变动。
--   * 暂定月份只有合计；异常值不计入；企业数少的格子照列，看企业数。
-- known gaps: An enterprise that moves from one building to another takes its figures along: totals change, and there
--   is no flow; tax received before the move stays with the first building. The industry is today's in the register. A
--   cell of one or two enterprises shows their own figures: not for publication.
--   | 园内换楼的企业数据随之转移，只改合计、没有增减；换楼前的入库税额留在原楼栋；行业以当前登记为准；只有一两家企业的格子会露出个体数据，
--   不得对外发布。
-- column suspect_count: how many enterprises' figures were left out of the total as suspect
--   | 存疑企业数 数据异常、未计入合计的企业数
-- codes part_kind: building, industry_section, industry_division
-- checked by: tests/models/snapshots.group_month, tests/transforms/test_groups_add_up.py
select
    t.part_kind,
    t.part_code,
    case
        when t.part_kind = 'building' then t.part_code
        when s.section_code is null then 'unknown'
        when t.part_kind = 'industry_section' then s.section_title_en
        else concat(s.section_title_en, ' ', t.part_code)
    end as part_title_en,
    case
        when t.part_code = 'unknown' then '未知'
        when t.part_kind = 'building' then coalesce(b.building_name, t.part_code)
        when t.part_kind = 'industry_section' then s.section_title_zh
        else d.division_title_zh
    end as part_title_zh,
    t.month,
    t.signal_code,
    t.period_months,
    t.total_value,
    t.enterprise_count,
    t.suspect_count,
    t.is_provisional,
    t.change_1m_pct,
    t.change_12m_pct,
    t.year_to_date_value,
    t.year_to_date_value_before,
    t.year_to_date_change_pct,
    f.compared_value,
    f.compared_earlier_value,
    f.compared_pct,
    f.flow_reason_code,
    f.open_value,
    f.move_in_value,
    f.expand_value,
    f.close_value,
    f.move_out_value,
    f.contract_value,
    f.creation_value,
    f.destruction_value,
    f.net_value,
    f.reallocation_value,
    f.drift_value,
    f.succession_value,
    f.open_ended_value,
    f.creation_pct,
    f.destruction_pct,
    f.net_pct,
    f.reallocation_pct,
    f.open_pct,
    f.close_pct,
    f.birth_pct,
    f.death_pct,
    f.churn_pct,
    f.open_count,
    f.move_in_count,
    f.expand_count,
    f.close_count,
    f.move_out_count,
    f.contract_count,
    f.unchanged_count,
    f.resumed_count,
    f.open_ended_count,
    o.as_of,
    concat(r.version, '; ', g.version, '; ', v.version) as rule_version
from signals.part_total as t
cross join ops.night as o
cross join rules.flow as r
inner join rules.signal as g on t.signal_code = g.signal_code
cross join rules.industry_limit as v
left join signals.part_flow as f
    on
        t.part_kind = f.part_kind and t.part_code = f.part_code and t.month = f.month
        and t.signal_code = f.signal_code and t.period_months = f.period_months
left join rules.industry as s
    on
        (t.part_kind = 'industry_section' and t.part_code = s.section_code)
        or (
            t.part_kind = 'industry_division'
            and try_cast(t.part_code as integer) between s.division_from and s.division_to
        )
left join rules.industry_division as d on t.part_kind = 'industry_division' and t.part_code = d.division_code
left join monthly.building as b on t.part_kind = 'building' and t.part_code = b.building_code
where t.part_kind <> 'park'
