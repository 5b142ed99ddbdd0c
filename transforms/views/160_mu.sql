-- title: Per-mu evaluation | 亩均评价
-- one row is: one enterprise that a per-mu scheme scores, in one complete year
--   | 一家参评企业一个完整年度在一种评价办法下的得分
-- answers: how well does it use its land, what is its class, and what would lift it one class?
--   | 企业用地效益如何、评为哪一档、怎样才能升一档？
-- key: 企业编号, 年份, 评价办法
-- rules: The rows of snapshots.per_mu_score in words. | 按当地公布的评价办法逐年试算，有用地与无用地的企业分开排名。
-- column 亩均税收: 年实缴税额除以折算用地，元/亩；没有用地的为空
-- column 年销售额: 全年应税销售额，元
-- column 亩均销售额: 年销售额除以折算用地，元/亩；没有用地的为空
-- column 是否暂定: 该年有月份尚未报齐，结果还会变
-- known gaps: Value added, emissions and research are in no silo. | 增加值、排放、研发没有数据来源，其权重按办法处理。
select
    s.enterprise_id as 企业编号,
    l.enterprise_name as 企业名称,
    l.short_name as 企业简称,
    l.name_suffix as 名称区分,
    l.industry_division_title_zh as 行业名称,
    l.building_name as 楼栋名称,
    s.year_number as 年份,
    code_name(s.scheme_code) as 评价办法,
    s.scheme_version as 评价办法年版,
    code_name(s.ranking_code) as 排序组别,
    code_name(s.mu_class_code) as 亩均评价档次,
    s.mu_rank as 名次,
    s.ranked_count as 参评户数,
    s.mu_points as 亩均得分,
    code_name(s.next_class_code) as 上一档次,
    s.missing_points as 距上一档差分,
    s.lift_zh as 升档建议,
    s.land_mu as 折算用地亩数,
    s.tax_paid_amount as "年实缴税额（所属期口径）",
    cast(s.tax_paid_amount / nullif(s.land_mu, 0) as decimal(30, 2)) as 亩均税收,
    s.sales_amount as 年销售额,
    cast(s.sales_amount / nullif(s.land_mu, 0) as decimal(30, 2)) as 亩均销售额,
    s.mean_headcount as 年均参保人数,
    s.electricity_kwh as 年用电量,
    s.supplied_weight as 有数权重,
    s.missing_zh as 未提供指标,
    yes_no(s.is_provisional) as 是否暂定
from snapshots.per_mu_score as s
inner join snapshots.enterprise_label as l on s.enterprise_id = l.enterprise_id
