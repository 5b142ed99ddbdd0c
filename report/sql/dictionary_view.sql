select
    v.schema_name,
    v.view_name as table_name,
    v.comment
from duckdb_views() as v
where v.database_name = current_database() and not v.internal and v.schema_name in ('园区', '核对')
order by v.view_oid
