"""The park's service desk: a database of stated needs and of offers. A change is a new row of the same number."""

from __future__ import annotations

import sqlite3

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo import dirt
from demo.city import Array, building_codes, choose, office_time, pick
from demo.needs import CODES, HAS_QUANTITY, KINDS, OUTCOMES, Needs, Offers, drawn, outside_names
from demo.silos.books import Books, identities, insert

_SCHEMA = """
create table 诉求 (
    诉求编号 text not null, 企业名称 text, 统一社会信用代码 text, 诉求类型 text, 数量 text, 单位 text, 楼栋 text,
    提出日期 text, 期望日期 text, 首次联系日期 text, 办结日期 text, 办理结果 text, 承办部门 text,
    联系人 text, 联系电话 text, 记录时间 timestamp not null
);
create table 供给 (
    供给编号 text not null, 供给方 text, 统一社会信用代码 text, 类型 text, 数量 text, 单位 text, 楼栋 text, 服务范围 text,
    有效期起 text, 有效期止 text, 联系人 text, 联系电话 text, 记录时间 timestamp not null
);
"""
_OFFICES = {"staff": "人力资源服务", "training": "人力资源服务", "finance": "金融服务"}


def write(books: Books) -> None:
    """Write 服务台.sqlite with every row recorded before `until`."""
    city = books.city
    need, offer = drawn(city)
    code = dirt.write_codes(city, "service", {"missing": 0.08, "lower_case": 0.02}, (0, 3))
    name = dirt.write_names(city, "service", {"half_width": 0.3, "full_width": 0.1, "spaces": 0.02}, (0, 4))
    person = dirt.people(city, "service")
    path = books.folder / "service" / "服务台.sqlite"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    database = sqlite3.connect(path)
    database.executescript("pragma journal_mode = off; pragma synchronous = off;" + _SCHEMA)
    for table in _needs(books, need, code, name, person):
        insert(database, "诉求", books.known(table, "记录时间"))
    insert(database, "供给", books.known(_offers(books, offer, code, name, person), "记录时间"))
    database.commit()
    database.executescript(
        "create index 诉求_记录时间 on 诉求 (记录时间); create index 供给_记录时间 on 供给 (记录时间);"
    )
    database.close()
    books.written.add(path)


def _needs(
    books: Books, need: Needs, code: dirt.Written, name: dirt.Written, person: dict[str, pa.Array]
) -> list[pa.Table]:
    """Every need as it was stated, then as it was once contacted, then closed."""
    city = books.city
    rng = city.stream("needs as written")
    asked = np.flatnonzero(~np.isnat(need.stated))
    firm, kind = need.firm[asked], need.kind[asked]
    rows = len(asked)
    month = (need.stated[asked].astype("datetime64[M]") - city.start).astype(int)
    stated_code, stated_name = code.at(month, firm), name.at(month, firm)
    # the desk picks a wrong kind, or leaves out how much and until when
    wrong = rng.random(rows) < 0.015
    written_kind = np.where(wrong, (kind + 3) % len(KINDS), kind)
    without = rng.random(rows) < 0.04
    quantity = choose(HAS_QUANTITY[kind] & ~without, pc.cast(pa.array(need.quantity[asked]), pa.string()), None)
    due = choose(rng.random(rows) < 0.03, None, _text(need.due[asked]))
    building = choose(rng.random(rows) < 0.5, building_codes(need.building[asked]), None)
    office = choose(
        rng.random(rows) < 0.3,
        pick([_OFFICES.get(one, "企业服务") for one in CODES], kind),
        pa.nulls(rows, pa.string()),
    )
    columns = {
        "诉求编号": need.number.take(pa.array(asked)),
        "企业名称": stated_name,
        "统一社会信用代码": stated_code,
        "诉求类型": pick([kind[1] for kind in KINDS], written_kind),
        "数量": quantity,
        "单位": pick([kind[3] for kind in KINDS], kind),
        "楼栋": building,
        "提出日期": _text(need.stated[asked]),
        "期望日期": due,
        "首次联系日期": pa.nulls(rows, pa.string()),
        "办结日期": pa.nulls(rows, pa.string()),
        "办理结果": pa.nulls(rows, pa.string()),
        "承办部门": office,
        "联系人": person["name"].take(pa.array(firm)),
        "联系电话": person["phone"].take(pa.array(firm)),
    }
    key = pc.coalesce(stated_code, stated_name)
    books.link("service", identities(
        key, firm, month, code=stated_code, name=stated_name,
        code_dirt=code.kind[firm], name_dirt=name.kind[firm],
    ))  # fmt: skip
    books.plant("service", "person_name_in_personal_column", firm, columns["联系人"])
    books.plant("service", "phone_in_personal_column", firm, columns["联系电话"])
    tables = []
    at = np.zeros(rows, "datetime64[s]")
    contacted, closed = need.contacted[asked], need.closed[asked]
    outcome = pick([word for _, word in OUTCOMES], need.outcome[asked])
    for stage, day in (("", need.stated[asked]), ("首次联系日期", contacted), ("办结日期", closed)):
        if stage:
            columns = columns | {stage: _text(day)}
        if stage == "办结日期":
            columns = columns | {"办理结果": outcome}
        happened = ~np.isnat(day)
        noted = office_time(np.where(happened, day, city.day(0)), rng)
        # what happens on the day of the stage before is noted after it
        at = np.where(happened, np.maximum(noted, at + np.timedelta64(5, "m")), at)
        tables.append(pa.table(columns | {"记录时间": pa.array(at)}).filter(pa.array(happened)))
    return tables


def _offers(
    books: Books, offer: Offers, code: dirt.Written, name: dirt.Written, person: dict[str, pa.Array]
) -> pa.Table:
    city = books.city
    rng = city.stream("offers as written")
    rows = len(offer.firm)
    is_tenant = offer.firm >= 0
    firm = np.where(is_tenant, offer.firm, 0)
    month = (offer.first.astype("datetime64[M]") - city.start).astype(int)
    wrong = rng.random(rows) < 0.015
    kind = np.where(wrong, (offer.kind + 5) % len(KINDS), offer.kind)
    # somebody types one nought too many
    quantity = offer.quantity * np.where(rng.random(rows) < 0.02, 10, 1)
    shown = HAS_QUANTITY[offer.kind] & (rng.random(rows) >= 0.03)
    books.plant("service", "person_name_in_personal_column", firm, person["name"].take(pa.array(firm)))
    return pa.table(
        {
            "供给编号": offer.number,
            "供给方": choose(is_tenant, name.at(month, firm), outside_names(city, rows)),
            "统一社会信用代码": choose(is_tenant, code.at(month, firm), None),
            "类型": pick([kind[1] for kind in KINDS], kind),
            "数量": choose(shown, pc.cast(pa.array(quantity), pa.string()), None),
            "单位": pick([kind[3] for kind in KINDS], offer.kind),
            "楼栋": choose(is_tenant | offer.is_for_building, building_codes(offer.building), None),
            "服务范围": choose(offer.is_for_building, "本楼栋", "全园"),
            "有效期起": _text(offer.first),
            "有效期止": choose(rng.random(rows) < 0.02, None, _text(offer.last)),
            "联系人": person["name"].take(pa.array(firm)),
            "联系电话": person["phone"].take(pa.array(firm)),
            "记录时间": pa.array(office_time(offer.first - 3, rng)),
        }
    )


def _text(days: Array) -> pa.Array:
    """Days as 2026-11-20; null where there is none."""
    days = days.astype("datetime64[D]")
    return pc.cast(pa.array(days, pa.date32(), mask=np.isnat(days)), pa.string())
