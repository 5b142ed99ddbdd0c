select
    c.schema_name,
    c.table_name,
    c.column_name,
    c.data_type,
    c.comment
from duckdb_columns() as c
where c.database_name = current_database() and not c.internal and c.schema_name <> '核对'
order by c.schema_name, c.table_name, c.column_index
