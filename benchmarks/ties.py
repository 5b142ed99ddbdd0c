"""How right research ties are (industry.research_tie, by patents), held against who truly applied together in the demo city.

A city's published applications are taken as the feed `patent` takes them: natural persons out of the applicants, then its stage.sql;
rows that it would refuse are left out. A true **tie** is a firm of the city and an institute that are applicants of one published
application. One is right if an enterprise's tie is that of its firm, with as many applications. What makes them differ: a name with a
slip, a name that a firm gave up and the register does not know, a name of two firms.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.scoring import Score
from connectors.feed import read_feed
from connectors.parties import without_people
from transforms import night
from transforms.resolution.names import name_keys
from transforms.resolution.records import make_looked_up_names
from warehouse.models import make
from warehouse.settings import CHECKOUT

FEED = CHECKOUT / "connectors" / "feeds" / "patent"
TABLES = ("monthly.unique_name", "industry.list_day", "industry.patent", "industry.research_tie")
# what the models read besides, of which an invented city of identities has nothing
_NO_INTRODUCTION = """
create schema if not exists industry;
create or replace table industry.introduction (enterprise_id varchar, need_key varchar, need_kind_code varchar, stated_date date,
    offered_by_name varchar, offered_by_id varchar, fit_level_code varchar)
"""


def score_ties(connection: duckdb.DuckDBPyConnection, folder: Path) -> Score:
    """Take in the patents that were drawn into `folder`, make the ties of a resolved city, and score them.

    Args:
        connection: A warehouse after `resolve`, with the truth beside it (benchmarks/city.py).
        folder: Where the city was drawn to.
    """
    feed = read_feed(FEED)
    table = pq.read_table(folder / "patent.parquet").combine_chunks()
    [batch] = table.to_batches()
    batch = without_people(batch, feed.parties, Counter())
    for column, codes in feed.codes.items():
        values = pa.array([codes.get(value) for value in batch[column].to_pylist()], pa.string())
        batch = batch.set_column(batch.schema.get_field_index(column), column, values)
    connection.register("delivery", pa.Table.from_batches([batch]))
    connection.execute(
        f"""
        insert into staged.patent by name
        select '{feed.name}' as feed, '1' as batch_id, timestamp '2027-05-01' as received_at, * exclude (skip_because)
        from ({feed.stage_sql})
        where application_no is not null and patent_class_code is not null and applicant_name is not null
        """
    )
    connection.unregister("delivery")
    make_looked_up_names(connection)
    connection.execute(_NO_INTRODUCTION)
    for model in night.models():
        if model.table in TABLES:
            make(connection, model)
    truth = pq.read_table(folder / "patent_truth.parquet")
    keys = name_keys(truth["institute"])
    connection.register("applied", truth.append_column("institute_key", keys))
    [(true, said, right)] = connection.execute(
        """
        with tie as (
            select f.true_id, i.institute_key, count(*) as tie_count
            from applied as f
            inner join applied as i on f.application_no = i.application_no and i.applicant_kind = 'institute'
            where f.applicant_kind = 'enterprise' and f.written = 'right' and f.is_published
            group by f.true_id, i.institute_key
        ),
        owner as (
            select c.enterprise_id, min(f.true_id) as true_id
            from resolved.enterprise_code as c
            inner join truth.firm as f on c.code in (f.uscc, f.later_uscc)
            where c.enterprise_id is not null
            group by c.enterprise_id
        ),
        said as (
            select o.true_id, substr(t.institute_key, 6) as institute_key, t.tie_count
            from industry.research_tie as t
            left join owner as o on t.enterprise_id = o.enterprise_id
            where t.tie_code = 'co_patent'
        )
        select (select count(*) from tie), (select count(*) from said), (select count(*) from tie natural join said)
        """
    ).fetchall()
    connection.unregister("applied")
    return Score(rows=true, right=right, wrong=said - right, missed=true - right, homed=true)
