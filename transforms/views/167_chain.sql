-- title: Nodes of the park's chains | 产业链节点
-- one row is: one signed node of a chain | 一个已签署的产业链节点
-- answers: which nodes lack enterprises, and are there candidates elsewhere? | 哪些节点缺企业，园外有没有可招引的对象？
-- key: 产业链编号, 节点序号
-- rules: The rows of industry.chain_node. | 产业链、节点和目标数由园区自定，口径见 industry.chain_node。
-- known gaps: A code says what was registered, not what is made. | 代码只说明登记的行业，不说明实际产品。
select
    n.chain_code as 产业链编号,
    n.chain_title_zh as 产业链,
    n.node_number as 节点序号,
    n.node_title_zh as 节点,
    n.industry_codes as 节点行业代码,
    n.wanted_count as 目标企业数,
    n.present_count as 在园企业数,
    n.missing_count as 缺少企业数,
    n.outsider_count as 园外对象数,
    n.signed_by as 签署部门,
    n.signed_date as 签署日期
from industry.chain_node as n
