"""The gates and the car park: what was counted, by the short name that somebody typed when the badges were made."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from demo import dirt
from demo.city import NEVER
from demo.silos.books import Books, same


def write(books: Books) -> None:
    """Write the counts delivered before `until`: 门禁_YYYYMM.parquet."""
    city = books.city
    name = dirt.short_names(city, (0, 14))
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
        # two firms under one short name are one to the gate
        counted = table.group_by("单位简称", use_threads=False).aggregate(
            [("楼栋", "first"), ("人员进出次数", "sum"), ("车辆进出次数", "sum")]
        )
        counted = counted.rename_columns(["单位简称", "楼栋", "人员进出次数", "车辆进出次数"])
        counted = counted.add_column(2, "月份", same(books.month_text(t), counted.num_rows))
        out = pa.BufferOutputStream()
        pq.write_table(counted, out)
        books.file("access", label, out.getvalue().to_pybytes(), at)
    who = np.flatnonzero(city.month["people_entry"].any(axis=1))
    renamed = who[city.firm["change_name"][who] < NEVER]
    for written, firms, note in ((name.before, who, None), (name.after, renamed, "new_name")):
        books.link("access", written.take(pa.array(firms)), firms, "missing", name.kind[firms], note)
