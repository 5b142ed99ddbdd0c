-- title: Input coefficients | 投入产出系数
-- one row is: one sector that sells to another in the newest input-output table | 最新投入产出表中一个部门向另一部门的供给
-- answers: of 100 yuan that a sector makes, how much is bought from another one, or sold to it?
--   | 一个部门每产出100元，向另一部门购买多少、销售多少？
-- key: from_sector_code, to_sector_code
-- rules: Of the newest year; of two lists of sectors of one year the finer. input_pct is the flow over the buyer's
--   whole output (direct input coefficient), sales_pct the flow over the seller's. Flows of zero or below are left
--   out.
--   | 取最新年份；同年有两种部门分类的取较细的。直接消耗系数＝流量÷购买部门总产出；销售占比＝流量÷供给部门总产出。零和负数不列。
-- known gaps: A table is years old when it appears, and of a whole country or province. It says what a sector of that
--   kind usually buys, not what a firm buys; of by-products and waste it says nothing.
--   | 投入产出表滞后数年，且为全国或全省口径，只说明这类部门通常购买什么，不说明某家企业；不反映副产品与废弃物。
-- checked by: tests/models/industry.input_coefficient
with table_edition as (
    select
        year_number,
        sector_system_code,
        row_number() over (
            order by
                year_number desc,
                case sector_system_code when 'io153_2020' then 1 when 'gbt4754_division' then 2 else 3 end
        ) as row_rank
    from known.input_output
    group by year_number, sector_system_code
),

-- two feeds may state one flow: the one received last counts
stated_flow as (
    select
        f.sector_system_code,
        f.year_number,
        f.from_sector_code,
        f.to_sector_code,
        f.flow_amount,
        row_number() over (
            partition by f.from_sector_code, f.to_sector_code
            order by f.received_at desc, f.feed asc
        ) as row_rank
    from known.input_output as f
    inner join table_edition as p on f.year_number = p.year_number and f.sector_system_code = p.sector_system_code
    where p.row_rank = 1
),

flow as (
    select
        sector_system_code,
        year_number,
        from_sector_code,
        to_sector_code,
        flow_amount
    from stated_flow
    where row_rank = 1
),

sector_output as (
    select
        from_sector_code as sector_code,
        flow_amount as output_amount
    from flow
    where to_sector_code = 'output' and flow_amount > 0
)

select
    f.sector_system_code,
    f.year_number,
    f.from_sector_code,
    f.to_sector_code,
    f.flow_amount,
    s.output_amount,
    cast(100 * cast(f.flow_amount as double) / nullif(b.output_amount, 0) as decimal(30, 6)) as input_pct,
    cast(100 * cast(f.flow_amount as double) / nullif(s.output_amount, 0) as decimal(30, 6)) as sales_pct
from flow as f
inner join sector_output as s on f.from_sector_code = s.sector_code
inner join sector_output as b on f.to_sector_code = b.sector_code
where f.flow_amount > 0
