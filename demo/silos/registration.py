"""The market regulator: records in every version they ever had, and events. demo.registry_api answers from them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from demo import words
from demo.city import EVENT_KINDS, FORMS, Array, City, choose, office_time, pick
from demo.silos.books import Books, identities, numbered

# the register's own codes for what was changed, in the order of EVENT_KINDS
EVENT_ITEMS = ("01", "02", "03", "04", "21", "22", "23", "31", "41", "42", "91", "92")
assert len(EVENT_ITEMS) == len(EVENT_KINDS)
# in force, revoked, cancelled, moved out
STATES = ("1", "2", "3", "4")
_FAR = 1200  # months: later than any horizon


def write(books: Books) -> None:
    """Write enterprises.parquet and events.parquet: every version recorded before `until`."""
    city, text = books.city, books.city.text
    records = _records(city)
    _write_versions(books, "enterprises", records.drop_columns("firm"))
    books.link("registration", known(city, records))
    listed = np.flatnonzero(city.firm["is_registered_here"])
    persons = text["legal_person"].take(pa.array(listed))
    books.plant("registration", "person_name_in_personal_column", listed, persons)
    _write_versions(books, "events", events(city))


def known(city: City, records: pa.Table | None = None) -> pa.Table:
    """The firms that the register knows, a record each, with `record`: all that it says of it last."""
    records = (_records(city) if records is None else records).sort_by(
        [("firm", "ascending"), ("recorded", "ascending")]
    )
    firm = np.asarray(records["firm"])
    last = np.flatnonzero(np.append(firm[1:] != firm[:-1], True))
    records, firm = records.take(pa.array(last)), firm[last]
    stated = identities(
        records["pripid"],
        firm,
        np.full(len(firm), city.horizon - 1),
        code=records["uniscid"],
        name=records["entname"],
        address=records["dom"],
        code_dirt="clean",
        name_dirt="clean",
    )
    return stated.append_column("record", records.drop_columns(["firm", "recorded"]).to_struct_array())


def _records(city: City) -> pa.Table:
    """Every version of every record, and beside the register's own columns the `firm` it is about."""
    firm, text = city.firm, city.text
    n = city.firms
    rng = city.stream("register")
    listed = np.flatnonzero(firm["is_registered_here"])
    registered = city.day(firm["registered"], firm["registered_day"])
    came = city.is_story("move_in")
    first_day = np.where(came, city.day(np.where(came, firm["turn"], 0), firm["turn_day"]), registered)
    entered = first_day.astype("datetime64[D]") + rng.integers(1, 6, n)
    lag = rng.integers(1, 9, n)

    # the day from which the register shows each change; far in the future where there is none
    shown = {
        key: np.maximum(city.day(np.minimum(firm[key], _FAR), firm["turn_day"]) + lag, entered + 1)
        for key in ("change_name", "change_code", "seat_leaves", "cancelled", "revoked", "change_capital")
    }
    version_firm, version_date = [listed], [entered[listed]]
    for key, dates in shown.items():
        who = listed[firm[key][listed] < city.horizon]
        version_firm.append(who)
        version_date.append(dates[who])
    who, when = np.concatenate(version_firm), np.concatenate(version_date)
    take = pa.array(who)

    def since(key: str) -> Array:
        return np.asarray(shown[key][who] <= when)

    def old_or_new(name: str, key: str) -> pa.Array:
        return choose(since(key), text[f"{name}_1"].take(take), text[f"{name}_0"].take(take))

    cancelled, revoked, left = since("cancelled"), since("revoked"), since("seat_leaves")
    cancel_day = city.day(np.minimum(firm["cancelled"], _FAR), firm["turn_day"])[who].astype("datetime64[D]")
    parent = firm["partner"]
    has_parent = pc.is_valid(text["parent_name"]).to_numpy(zero_copy_only=False) & (parent >= 0)
    parent_code = choose(has_parent, text["uscc_0"].take(pa.array(np.maximum(parent, 0))), pa.nulls(n, pa.string()))
    return pa.table(
        {
            "pripid": text["record_no"].take(take),
            "uniscid": old_or_new("uscc", "change_code"),
            "regno": text["registration_no"].take(take),
            "entname": old_or_new("name", "change_name"),
            "oldname": choose(since("change_name"), text["name_0"].take(take), text["former_name"].take(take)),
            "enttype": pick([kind for _, kind, _ in FORMS], firm["form"][who]),
            "parentcode": parent_code.take(take),
            "regstate": pick(STATES, np.select([cancelled, revoked, left], [2, 1, 3], 0)),
            "estdate": pc.cast(pa.array(registered[who]), pa.string()),
            "candate": pc.cast(pa.array(cancel_day, mask=~cancelled), pa.string()),
            "regcap": old_or_new("capital", "change_capital"),
            "industryco": pick([trade.code for trade in words.INDUSTRIES], firm["industry"][who]),
            "regorg": pc.utf8_slice_codeunits(old_or_new("uscc", "change_code"), 2, 8),
            "dom": choose(left, text["seat_away"].take(take), text["seat_here"].take(take)),
            "lerep": text["legal_person"].take(take),
            "recorded": pa.array(office_time(when, city.stream("register entry"))),
            "firm": pa.array(who),
        }
    )


def events(city: City) -> pa.Table:
    """What is entered in the register of changes."""
    firm, text, event = city.firm, city.text, city.event
    which = np.flatnonzero(firm["is_registered_here"][event["firm"]])
    take, owner = pa.array(which), pa.array(event["firm"][which])
    new_code = city.day(np.minimum(firm["change_code"], _FAR), firm["turn_day"])[event["firm"][which]]
    return pa.table(
        {
            "eventno": numbered("BG", event["number"][which] + 1, 9),
            "pripid": text["record_no"].take(owner),
            "uniscid": choose(new_code <= event["date"][which], text["uscc_1"].take(owner), text["uscc_0"].take(owner)),
            "entname": text["name_0"].take(owner),
            "altitem": pick(EVENT_ITEMS, event["kind"][which]),
            "altdate": pc.cast(pa.array(event["date"][which]), pa.string()),
            "altbe": event["before"].take(take),
            "altaf": event["after"].take(take),
            "othercode": event["other"].take(take),
            "lerep": text["legal_person"].take(owner),
            "recorded": pa.array(event["recorded"][which]),
        }
    )


def _write_versions(books: Books, name: str, table: pa.Table) -> None:
    in_order = [("recorded", "ascending"), (table.column_names[0], "ascending")]
    path = books.folder / "registration" / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(books.known(table, "recorded").sort_by(in_order), path)
    books.written.add(path)
