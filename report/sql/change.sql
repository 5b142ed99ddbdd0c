select
    c.enterprise_id,
    c.change_code,
    c.changed_column,
    c.before_text,
    c.after_text
from snapshots.change as c
order by c.enterprise_id, c.changed_column
