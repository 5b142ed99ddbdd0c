-- rule: What was stated of a record is not left out | 台账、供给和诉求的内容未缺失
-- severity: warning
-- stage: resolved
-- why: a building that lost its day of completion, a need that lost its office, or many more offers without a last day
--   than before, may be values that were left out; single ones, and columns that are empty now and then, stop no
--   delivery
-- next step: ask the office whether the values are right; until then they count as unknown (an offer holds on)
with version as (
    select
        v.feed,
        v.batch_id,
        v.received_at,
        v.superseded_at,
        v.building_code as record_number,
        true as is_stated_at_once,
        to_json(v) as row_json
    from staged.building as v
    union all
    select
        v.feed,
        v.batch_id,
        v.received_at,
        v.superseded_at,
        v.lease_no as record_number,
        true as is_stated_at_once,
        to_json(v) as row_json
    from staged.lease as v
    union all
    select
        v.feed,
        v.batch_id,
        v.received_at,
        v.superseded_at,
        v.offer_no as record_number,
        true as is_stated_at_once,
        to_json(v) as row_json
    from staged.offer as v
    union all
    select
        v.feed,
        v.batch_id,
        v.received_at,
        v.superseded_at,
        v.need_no as record_number,
        false as is_stated_at_once,
        to_json(v) as row_json
    from staged.need as v
),

-- what is known of each column, by the newest delivery or one before
stated_value as (
    select
        v.feed,
        v.record_number,
        v.is_stated_at_once,
        v.received_at,
        v.superseded_at,
        j.key as column_name,
        j.type = 'NULL' as is_empty,
        v.batch_id = max(v.batch_id) over (partition by v.feed) as is_newest
    from version as v
    cross join json_each(v.row_json) as j
    where
        j.key not in ('batch_id', 'recorded_at', 'last_recorded_at', 'received_at', 'superseded_at')
        -- a need that is open again has neither
        and j.key not in ('closed_date', 'need_outcome_code')
),

lost_value as (
    select
        n.feed,
        n.record_number,
        string_agg(n.column_name, ', ' order by n.column_name) as column_names
    from stated_value as n
    inner join stated_value as b
        on
            n.feed = b.feed
            and n.record_number = b.record_number
            and n.column_name = b.column_name
            and n.received_at = b.superseded_at
    where n.is_newest and n.superseded_at is null and n.is_empty and not b.is_empty
    group by n.feed, n.record_number
),

column_count as (
    select
        feed,
        column_name,
        count(*) filter (where is_newest) as new_count,
        count(*) filter (where is_newest and is_empty) as new_empty_count,
        count(*) filter (where not is_newest) as known_count,
        count(*) filter (where not is_newest and is_empty) as known_empty_count
    from stated_value
    -- what is stated step by step lacks more while it is new
    where is_stated_at_once
    group by feed, column_name
),

-- how often as many values or more are empty by chance, where each is as often as in those known (binomial; the rule of
-- succession keeps a column that was never empty from being one that cannot be)
column_chance as (
    select
        feed,
        column_name,
        new_count,
        new_empty_count,
        new_count * known_empty_count / known_count as usual_empty_count,
        (known_empty_count + 1) / (known_count + 2) as p,
        list_sum([
            exp(
                lgamma(new_count + 1) - lgamma(k + 1) - lgamma(new_count - k + 1)
                + k * ln(p) + (new_count - k) * ln(1 - p)
            )
            for k in range(new_empty_count, new_count + 1)
        ]) as chance
    from column_count
    where known_count >= 20
)

select
    feed,
    record_number,
    column_names,
    1 as row_count
from lost_value
union all
select
    feed,
    null as record_number,
    column_name as column_names,
    new_empty_count as row_count
from column_chance
where
    -- five more than before, half as many again, and more than chance gives once in 1,000 deliveries
    new_empty_count - usual_empty_count >= 5
    and new_empty_count >= 1.5 * usual_empty_count
    and chance < 0.001
