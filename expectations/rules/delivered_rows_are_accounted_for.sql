-- rule: Rows read were landed or folded, then used, skipped, repeated or quarantined | 每条读取数据都已落地或归并，并已采用、跳过、判为重复或隔离
-- severity: critical
-- stage: resolved
-- why: a row that landing or staging loses is in no table and in no quarantine, so that it is never asked for
-- next step: compare raw/<feed>/<batch> with staged.* and ops.quarantine by row_number, then `parkbridge rebuild`
select
    feed,
    batch_id,
    rows_read,
    rows_folded,
    rows_noted,
    rows_landed,
    rows_used,
    rows_skipped,
    rows_repeated,
    rows_rejected
from ops.batch
where
    (rows_used is not null and rows_landed <> rows_used + rows_skipped + rows_repeated + rows_rejected)
    or (rows_read is not null and rows_read + rows_noted <> rows_landed + rows_folded)
