-- title: Nodes of the park's industrial chains | 产业链节点
-- one row is: one node of a chain that an office of the park has signed for | 园区职能部门签署的一个产业链节点
-- answers: of which nodes does the park have fewer enterprises than it wants, and are there candidates elsewhere?
--   | 哪些节点的企业少于目标数，园外有没有可招引的对象？
-- key: chain_code, node_number
-- rules: Chains, nodes and wanted numbers are the park's own, in rules/chain.yml. Unsigned nodes have no row.
--   * present_count: enterprises on site with an industry code that, without its letter, begins with one of the node's
--   codes. An enterprise counts in each node that its code is of.
--   * missing_count: wanted less present, never below 0.
--   * outsider_count: ranked rows of industry.candidate with such a code.
--   | 产业链、节点和目标数由园区在规则文件中自定；没有签署的节点即无数据。
--   * 在园企业数：行业代码（去字母）以节点代码开头的在园企业；符合几个节点的，各计一次。
--   * 缺少企业数：目标数减在园数，不小于0。
--   * 园外对象数：招引对象表中已排名且代码相符的企业。
-- example: node 361 367 with 5 wanted; on site C3612, C3670, C3670 and C3712: 3 present, 2 missing.
--   | 节点代码361、367，目标5家；在园有C3612、C3670、C3670、C3712：在园3家，缺2家。
-- known gaps: A code says what an enterprise registered, not what it makes, and one in ten may be wrong. Counts do not
--   say whether the enterprises of a chain buy of each other (industry.partner), and no share of a chain is given: what
--   is wanted is a choice.
--   | 代码只说明登记的行业，不说明实际产品，约一成有误；节点企业之间是否有往来见往来伙伴；目标数是人为选定的，故不给“完整度”。
-- checked by: tests/models/industry.chain_node
with node as (
    select
        c.*,
        concat(' ', c.industry_codes, ' ') as code_list
    from rules.chain as c
    where c.signed_by is not null
),

on_site as (
    select
        true as is_present,
        regexp_extract(e.industry_code, '[0-9]+') as code
    from signals.present_enterprise as h
    inner join resolved.enterprise as e on h.enterprise_id = e.enterprise_id
),

member as (
    select * from on_site
    union all
    select
        false as is_present,
        regexp_extract(c.industry_code, '[0-9]+') as code
    from industry.candidate as c
    where c.candidate_rank is not null
),

node_member as (
    select
        n.chain_code,
        n.node_number,
        count(case when m.is_present then 1 end) as present_count,
        count(case when not m.is_present then 1 end) as outsider_count
    from node as n
    inner join member as m
        on
            n.code_list like concat('% ', left(m.code, 2), ' %')
            or n.code_list like concat('% ', left(m.code, 3), ' %')
            or n.code_list like concat('% ', left(m.code, 4), ' %')
    where length(m.code) >= 2
    group by n.chain_code, n.node_number
)

select
    n.chain_code,
    n.chain_title_en,
    n.chain_title_zh,
    n.node_number,
    n.node_title_en,
    n.node_title_zh,
    cast(n.industry_codes as varchar) as industry_codes,
    n.wanted_count,
    coalesce(m.present_count, 0) as present_count,
    greatest(n.wanted_count - coalesce(m.present_count, 0), 0) as missing_count,
    coalesce(m.outsider_count, 0) as outsider_count,
    n.signed_by,
    cast(n.signed_date as date) as signed_date,
    n.version as rule_version
from node as n
left join node_member as m on n.chain_code = m.chain_code and n.node_number = m.node_number
