-- rule: A sector buys less of all others than it makes | 部门的中间投入合计不超过其总产出
-- severity: critical
-- stage: resolved
-- why: what is left of a sector's output after what it buys is its value added; where the inputs are larger than the
--   output, the figures moved by a row, or are of two units
-- next step: compare the table with the statistics bureau's own (a shifted column, another unit) and ask for it again;
--   parkbridge discard takes back the delivery
select
    b.sector_system_code,
    b.year_number,
    b.to_sector_code,
    sum(b.flow_amount) as bought_amount,
    max(w.flow_amount) as output_amount
from known.input_output as b
inner join known.input_output as w
    on
        b.sector_system_code = w.sector_system_code
        and b.year_number = w.year_number
        and b.to_sector_code = w.from_sector_code
        and w.to_sector_code = 'output'
where b.to_sector_code <> 'output'
group by b.sector_system_code, b.year_number, b.to_sector_code
-- a table is rounded
having sum(b.flow_amount) > 1.01 * max(w.flow_amount) and max(w.flow_amount) > 0
