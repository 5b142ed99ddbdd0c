-- rule: Every landed row was used, skipped, repeated or put into quarantine | 每条落地数据都已采用、跳过、判为重复或隔离
-- severity: critical
-- stage: resolved
-- why: a row that staging loses is in no table and in no quarantine, so that it is never asked for
-- next step: compare raw/<feed>/<batch> with staged.* and ops.quarantine by row_number, then `parkbridge rebuild`
select
    feed,
    batch_id,
    rows_landed,
    rows_used,
    rows_skipped,
    rows_repeated,
    rows_rejected
from ops.batch
where rows_used is not null and rows_landed <> rows_used + rows_skipped + rows_repeated + rows_rejected
