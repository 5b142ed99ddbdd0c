-- title: Takeovers | 企业承接
-- one row is: one enterprise that another one carries on as a whole | 一家整体由另一企业承接的企业
-- answers: who carries on this enterprise, since when, and is that successor still alive?
--   | 谁承接了该企业，自何时起，承接方是否存续
-- key: enterprise_id
-- rules:
--   * A succession that is a fact (signals.succession) and takes the whole: merged, taken_over.
--   * A split, staff that moved and a payroll at an agency are in signals.succession only.
--   * A successor outside the park, which no silo knows, gives no row.
--   * Of several successors the latest counts, then the one with the higher score.
--   | 每家企业至多一行。
--   * 仅取已确认且整体承接的关系（吸收合并、整体接收）。
--   * 分立、部分人员转移、劳务派遣只见于承继关系表。
--   * 承接方不在园区任何部门数据中的，不列。
--   * 有多个承接方时取最近一个，再取得分最高者。
-- known gaps: Chains are not followed: a successor may itself be carried on by a third one, in a row of its own.
--   | 不追溯多级承接：承接方又被承接的，另有一行。
-- column takeover_month: month of the register's event, else the month in which people or premises went over
--   | 承接月份 登记事件所在月份，无登记事件时为人员或场地转移月份
-- checked by: tests/models/signals.takeover
with ranked_takeover as (
    select
        predecessor_enterprise_id as enterprise_id,
        successor_enterprise_id,
        succession_code,
        cast(date_trunc('month', coalesce(event_date, effective_month)) as date) as takeover_month,
        row_number() over (
            partition by predecessor_enterprise_id
            order by coalesce(event_date, effective_month) desc, score desc, successor_enterprise_id asc
        ) as row_rank
    from signals.succession
    where
        standing_code = 'fact'
        and succession_code in ('merged', 'taken_over')
        and predecessor_enterprise_id is not null
        and successor_enterprise_id is not null
        and successor_enterprise_id <> predecessor_enterprise_id
)

select
    t.enterprise_id,
    t.successor_enterprise_id,
    e.enterprise_name as successor_name,
    e.status_code as successor_status_code,
    t.succession_code,
    t.takeover_month
from ranked_takeover as t
inner join resolved.enterprise as e on t.successor_enterprise_id = e.enterprise_id
where t.row_rank = 1
