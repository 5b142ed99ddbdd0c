-- title: Enterprises today | 企业现状
-- one row is: one enterprise that any silo knows | 一家企业（任一部门有记录即列入）
-- answers: who is this enterprise, what are its latest figures, where is it heading, and is it here?
--   | 这家企业是谁、人数销售税收面积用电各是多少、同比怎样、现在是否在园？
-- key: 企业编号
-- rules: The rows of snapshots.enterprise_current in words.
--   | 各项数值为该数据最近一个可信月份的数，暂定月份不用；该月没有数的为空，更早的数列在“最近一次”各列。各列相加等于园区月度的合计。
-- column 行业门类名称: GB/T 4754—2017 的门类名称
-- column 存疑指标: 数值存疑、未列出的指标，多项以顿号分隔
-- known gaps: A record that waits for a person is an enterprise of its own until somebody decides.
--   | 待人工核对的记录在判定前单独成户。
select
    e.enterprise_id as 企业编号,
    l.enterprise_name as 企业名称,
    l.short_name as 企业简称,
    l.name_suffix as 名称区分,
    l.industry_division_title_zh as 行业名称,
    l.industry_section_title_zh as 行业门类名称,
    l.building_name as 楼栋名称,
    e.uscc as 统一社会信用代码,
    code_name(a.assessment_code) as 评估,
    yes_no(e.is_active_here) as 是否在园经营,
    e.insured_headcount as 参保人数,
    e.headcount_change_1m_pct as 参保人数环比增长率,
    e.headcount_change_12m_pct as 参保人数同比增长率,
    e.headcount_month as 参保人数月份,
    code_name(e.last_headcount_flow_code) as 最近用工变化,
    e.last_headcount_flow_month as 最近用工变化月份,
    e.sales_amount as 销售额,
    e.sales_period_months as 销售额所属期月数,
    e.sales_change_12m_pct as 销售额同比增长率,
    e.sales_month as 销售额月份,
    e.tax_paid_12m_amount as "近十二月实缴税额（所属期口径）",
    e.tax_paid_12m_amount_before as "前十二月实缴税额（所属期口径）",
    e.tax_paid_12m_change_pct as 实缴税额同比增长率,
    e.tax_paid_12m_until_month as 实缴税额截止月份,
    e.tax_received_12m_amount as "近十二月入库税额（已扣退税）",
    e.tax_received_12m_amount_before as "前十二月入库税额（已扣退税）",
    e.tax_received_12m_change_pct as 入库税额同比增长率,
    e.tax_received_12m_until_month as 入库税额截止月份,
    code_name(e.tax_trend_code) as 税收趋势,
    e.leased_area_m2 as 租赁面积,
    e.leased_area_change_12m_pct as 租赁面积同比增长率,
    e.leased_area_month as 租赁面积月份,
    e.next_lease_end_date as 最早到期日,
    a.space_until_date as 最晚到期日,
    e.electricity_kwh as 用电量,
    e.electricity_change_12m_pct as 用电量同比增长率,
    e.electricity_month as 用电月份,
    e.water_m3 as 用水量,
    e.gas_m3 as 用气量,
    e.last_insured_headcount as 最近一次参保人数,
    e.last_insured_headcount_month as 最近一次参保人数月份,
    e.last_leased_area_m2 as 最近一次租赁面积,
    e.last_leased_area_m2_month as 最近一次租赁面积月份,
    e.last_electricity_kwh as 最近一次用电量,
    e.last_electricity_kwh_month as 最近一次用电量月份,
    yes_no(e.is_registered) as 是否在册,
    yes_no(e.is_leasing) as 是否在租,
    yes_no(e.is_paying_tax) as 是否纳税,
    yes_no(e.is_insuring) as 是否参保,
    yes_no(e.is_using_utilities) as 是否有水电气用量,
    yes_no(e.is_accessing) as 是否有门禁记录,
    code_name(e.gap_code) as 主要数据缺口,
    code_names(e.suspect_signal_codes) as 存疑指标,
    code_name(e.status_code) as 登记状态,
    e.enterprise_type as 企业类型,
    e.registered_date as 成立日期,
    e.cancelled_date as 注销日期,
    e.registered_capital_amount as 注册资本,
    e.registered_address as 注册地址,
    e.operating_address as 经营地址,
    code_name(e.identity_code) as 识别依据,
    e.first_seen_month as 首次出现月份,
    e.last_seen_month as 最近出现月份,
    park_time(e.as_of) as 数据截至时间
from snapshots.enterprise_current as e
inner join snapshots.enterprise_label as l on e.enterprise_id = l.enterprise_id
inner join snapshots.assessment as a on e.enterprise_id = a.enterprise_id
