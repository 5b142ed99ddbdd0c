select
    t.schema_name,
    t.table_name,
    t.comment,
    t.estimated_size as row_count
from duckdb_tables() as t
where t.database_name = current_database() and not t.internal
order by t.schema_name, t.table_name
