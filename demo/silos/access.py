"""The gates and the car park: what was counted, by the short name that somebody typed when the badges were made."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from demo import dirt
from demo.city import NEVER, City
from demo.silos.books import Books, identities, last_month, same


def write(books: Books) -> None:
    """Write the counts delivered before `until`: 门禁_YYYYMM.parquet."""
    city = books.city
    name = dirt.short_names(city)
    for t in range(city.horizon):
        label = f"门禁_{books.month_text(t)}.parquet"
        at = books.moment(t + 1, 2, 7)
        if not books.deliver("access", label, t, at, "regular"):
            continue
        who = np.flatnonzero(city.month["people_entry"][:, t] > 0)
        table = pa.table(
            {
                "单位简称": name.at(t, who),
                "楼栋": city.text["building_code"].take(pa.array(who)),
                "人员进出次数": pa.array(city.month["people_entry"][who, t], pa.int64()),
                "车辆进出次数": pa.array(city.month["vehicle_entry"][who, t], pa.int64()),
            }
        )
        # two firms of one building under one short name are one to the gate
        counted = table.group_by(["单位简称", "楼栋"], use_threads=False).aggregate(
            [("人员进出次数", "sum"), ("车辆进出次数", "sum")]
        )
        counted = counted.rename_columns(["单位简称", "楼栋", "人员进出次数", "车辆进出次数"])
        counted = counted.add_column(2, "月份", same(books.month_text(t), counted.num_rows))
        out = pa.BufferOutputStream()
        pq.write_table(counted, out)
        books.file("access", label, out.getvalue().to_pybytes(), at)
    books.link("access", known(city, name))


def known(city: City, name: dirt.Written | None = None) -> pa.Table:
    """The firms that the gates know: short name and building are the key, so a firm that was renamed has two."""
    name = name or dirt.short_names(city)
    last = last_month(city.month["people_entry"] > 0)
    who = np.flatnonzero(last >= 0)
    renamed = who[city.firm["change_name"][who] < NEVER]
    parts = []
    for written, firms, until, note in (
        (name.before, who, np.minimum(last, name.switch - 1), None),
        (name.after, renamed, np.where(name.switch <= last, last, -1), "new_name"),
    ):
        text = written.take(pa.array(firms))
        building = city.text["building_code"].take(pa.array(firms))
        parts.append(
            identities(
                pc.binary_join_element_wise(text, building, "@"),
                firms,
                until[firms],
                name=text,
                building_code=building,
                code_dirt="missing",
                name_dirt=name.kind[firms],
                note=note,
            )
        )
    known = pa.concat_tables(parts)
    firms = np.concatenate([who, renamed])
    for column, there in (("alike", None), ("alike_there", city.text["building_code"])):
        known = known.append_column(column, dirt.alike(city, known["name"].combine_chunks(), firms, there))
    return known
