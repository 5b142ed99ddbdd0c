"""PUBLISH: a fresh file of one consistent night, put in place by one atomic rename. No reader waits or sees half of it.

published/park.duckdb is what clients open. published/nights/<night_id>.duckdb are the last nights, for rollback; each has
its manifest beside it (<night_id>.json): tables, rows, columns, and what changed since the night before. An open reader
keeps the night it opened. A reconstructed past night is kept there, and readers keep the later one.

published/report is a link to the night's static site, published/sites/<night_id>-<n>/, and moves with park.duckdb.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from warehouse.connection import alone, columns_by_table, forget, literal, open_read_only, quote, the_row, transaction
from warehouse.durable import make_folder, put, read_json, sha256_of, sync, writable_by_us_alone, write_json
from warehouse.errors import DeclarationError, ParkBridgeError
from warehouse.labels import Label, labels
from warehouse.models import LIMIT, Model, comment
from warehouse.persons import Found, blotted, is_code, mark_of, texts_with_persons
from warehouse.policy import Policy
from warehouse.settings import DIRECTOR, Settings
from warehouse.suspected_names import holder, suspected
from warehouse.views import ENGINEERS_SCHEMA, OPERATORS_SCHEMA, View, contents_of, read_views
from warehouse.work_shown import note_shown

# the oldest DuckDB that opens what is published: clients and BI drivers lag behind (docs/decisions/0004)
STORAGE_VERSION = "v1.0.0"
TYPES = ("BIGINT", "BOOLEAN", "DATE", "DECIMAL", "DOUBLE", "INTEGER", "TIMESTAMP", "VARCHAR")
# of rules.*, what is no file of transforms/rules/
RULE_COMMENTS = {
    "subject": "one row is: one subject that offices report on (warehouse/subjects.yml)\n一行是：一类部门报送的数据"
}
OPS_COMMENTS = {
    "night": "one row is: the night that this file shows; everything in it is as known at as_of (UTC)\n"
    "一行是：本文件所对应的一期数据；文件内容均截至 as_of（UTC）",
    "feed": "one row is: one declared feed, with the office and the owner to ask, and up to when it is known (UTC)\n"
    "一行是：一个已登记的数据源，含提供单位、负责人和数据截至时间（UTC）",
    "batch": "one row is: one accepted delivery, with what became of its rows\n"
    "一行是：一批已接收的数据，及其各行的处理结果",
    "quarantine": "one row is: one row of a delivery that could not be used, and why; row_json is the row as delivered\n"
    "一行是：一条无法使用而被隔离的来源数据及原因；row_json 为来源原样内容",
    "validation_result": "one row is: one check of one night; severity critical stops the publish\n"
    "一行是：一期数据的一项检查；级别为 critical 的不通过则不发布",
    "work_shown": "one row is: one row of the work list that an earlier published night put forward as new\n"
    "一行是：以前某一期已发布的工作清单新列入的一行",
    "confirmation": "one row is: one thing that would have stopped a night, and that a person confirmed: who, when and why\n"
    "一行是：一项原本会停止发布、经人确认后放行的情况，含确认人、时间和理由",
}


@dataclass(frozen=True)
class Published:
    """A published night: its manifest, where it lies, and whether it is what readers see from now on."""

    path: Path
    manifest: dict[str, Any]
    is_in_place: bool


@writable_by_us_alone()
def publish(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    models: list[Model],
    views: Path | None = None,
    make_site: Callable[[Path, Settings], Path] | None = None,
    policy: Policy | None = None,
) -> Published:
    """Write the night in the warehouse into a fresh file; swap it in unless readers see a later night.

    What is published: the tables of `models`, the rules that made them, and ops.*. Raw and staged rows stay private.

    Args:
        connection: The writer's; ops.night says which night it is.
        settings: Where to, and for which audiences.
        models: Every model, in order; their headers and column notes go into the file.
        views: The folder of the operators' views (transforms/views/); without it schema 园区 is empty.
        make_site: Makes the static site of the night's file (report.site.build), before anything of it is in place; where it
            fails, readers keep file and site of the night before.
        policy: Who may see what; without it there is the director's edition alone, and columns are not held against it.

    Raises:
        DeclarationError: A column is in no class of the policy, or an audience is unknown. Nothing was written.
    """
    from warehouse.editions import write_edition

    night_id, as_of = _night(connection)
    audiences = _hold_to_policy(connection, settings, models, policy) if policy else []
    for place in (settings, *map(settings.of_audience, audiences)):
        _make_place(place)
    part = _part(settings, night_id)
    shown = read_views(views, models, settings.time_zone) if views else []
    tables: dict[str, dict[str, Any]] = {}
    sites: list[Path] = []
    try:
        tables[DIRECTOR] = write(connection, part, models, shown, settings)
        if make_site:
            sites.append(make_site(part, settings))
        before = _before(settings)
        is_in_place = before is None or is_for_readers(_as_of(before), as_of)
        if policy and is_in_place:  # other audiences have no use for a night of the past
            for audience in audiences:
                fresh = _part(settings.of_audience(audience), night_id)
                tables[audience] = write_edition(part, fresh, audience, policy, models, shown, settings)
                if make_site:
                    sites.append(make_site(fresh, settings.of_audience(audience)))
    except BaseException:
        _undo(settings, audiences, night_id, sites)
        raise
    _note_published(connection, before)
    manifest: dict[str, Any] = {
        "night_id": night_id,
        "as_of": as_of.isoformat() + "Z",
        "published_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "park_name": settings.park_name,
    }
    common = dict(manifest)
    manifest |= {"sha256": sha256_of(part), "tables": tables[DIRECTOR]}
    if before and is_in_place:
        manifest["previous_night_id"] = before["night_id"]
        try:
            manifest["changes"] = changes(settings.published_file, part, models)
        except duckdb.Error as error:  # damaged, likewise
            manifest["changes_unknown"] = " ".join(str(error).split())[:300]
    final = _keep(part, manifest)
    if is_in_place:
        _put_in_place(settings, final)
        note_shown(connection)
    connection.execute("delete from ops.night_published where as_of = ?", [as_of])
    connection.execute(
        "insert into ops.night_published select ?, (select max(l.as_of) from ops.last_night as l where l.as_of < ?)",
        [as_of, as_of],
    )
    _forget_old_nights(settings, night_id)
    _place_editions(settings, {a: common | {"tables": tables[a]} for a in audiences if a in tables}, night_id)
    if policy and is_in_place:
        _withdraw(settings, audiences)
    return Published(settings.published_file if is_in_place else final, manifest, is_in_place)


def _make_place(place: Settings) -> None:
    make_folder(place.home)
    make_folder(place.published, 0o750)  # figures of tax: who else reads them is opened by a person
    (place.published / "nights").mkdir(exist_ok=True)
    _forget_parts(place)


def _place_editions(settings: Settings, manifests: Mapping[str, dict[str, Any]], night_id: str) -> None:
    """Put the other audiences' files and sites in place, each in one step."""
    released = settings.released.with_suffix(".part")
    if released.exists():  # before anybody can see a number: what is behind it must be known for good
        put(released, settings.released)
    for audience, manifest in manifests.items():
        place = settings.of_audience(audience)
        part = _part(place, night_id)
        final = _keep(part, manifest | {"audience": audience, "sha256": sha256_of(part)})
        _put_in_place(place, final)
        _forget_old_nights(place, night_id)


def _night(connection: duckdb.DuckDBPyConnection) -> tuple[str, datetime]:
    night = connection.execute("select night_id, as_of from ops.night").fetchone()
    assert night is not None
    return str(night[0]), night[1]


def _undo(settings: Settings, audiences: Sequence[str], night_id: str, sites: Sequence[Path]) -> None:
    """Remove what a publish wrote that has failed, so that a site that nothing shows is not taken for the night's newest."""
    for place in (settings, *map(settings.of_audience, audiences)):
        forget(_part(place, night_id))
    for site in sites:
        shutil.rmtree(site, ignore_errors=True)
    settings.released.with_suffix(".part").unlink(missing_ok=True)


def _part(settings: Settings, night_id: str) -> Path:
    return settings.published / "nights" / f"{night_id}.part"


def _before(settings: Settings) -> dict[str, Any] | None:
    try:
        return current_manifest(settings)
    except ParkBridgeError:  # what readers have is damaged: the more they need this one
        return None


def _keep(part: Path, manifest: dict[str, Any]) -> Path:
    """Give a finished file its name among the nights that are kept, with its manifest beside it."""
    final = part.with_suffix(".duckdb")
    part.chmod(0o444)
    put(part, final)
    write_json(final.with_suffix(".json"), manifest)
    return final


def _hold_to_policy(
    connection: duckdb.DuckDBPyConnection, settings: Settings, models: Sequence[Model], policy: Policy
) -> list[str]:
    """Stop where an audience is unknown or a column that is about to be published has no class; give the other audiences."""
    audiences = [policy.edition(one).audience for one in settings.audiences if one != DIRECTOR]
    wanted = {model.table for model in models} | {f"ops.{name}" for name in OPS_COMMENTS}
    found = connection.execute(
        "select schema_name || '.' || table_name, column_name from duckdb_columns() "
        "where database_name = current_database() and not internal order by 1, column_index"
    ).fetchall()
    policy.hold((table, column) for table, column in found if table in wanted)
    return audiences


def _withdraw(settings: Settings, audiences: Sequence[str]) -> None:
    """Remove editions of audiences that the park names no longer: an old one would go on to be read."""
    for folder in (settings.published / "editions").glob("*"):
        if folder.is_dir() and folder.name not in audiences:
            (folder / "park.duckdb").unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)


def write(
    connection: duckdb.DuckDBPyConnection,
    part: Path,
    models: list[Model],
    views: Sequence[View] = (),
    settings: Settings | None = None,
) -> dict[str, Any]:
    """Write the tables of `models`, the rules and ops.* into a fresh file, with comments, and views of them in Chinese.

    Schema 园区 has `views`, for operators; schema 核对 every table of `models` under Chinese names, for engineers. In place of persons
    in texts, and of names that may be persons', are notes. The park's key and its people's word on names are those of `settings`.

    Returns:
        Rows and columns by table, for a manifest.
    """
    tables: dict[str, Any] = {}
    rules = [
        name
        for (name,) in connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'rules' order by 1"
        ).fetchall()
    ]
    wanted = [(m.schema, m.name) for m in models]
    wanted += [("rules", name) for name in rules] + [("ops", name) for name in OPS_COMMENTS]
    warehouse = connection.execute("select current_database()").fetchone()
    assert warehouse is not None
    settings = settings or Settings.from_environment()
    held = {one.name for one in suspected(connection, settings)}
    # every client from DuckDB 1.0 on opens it; the warehouse keeps the newest format
    connection.execute(f"attach {literal(os.fspath(part))} as fresh (storage_version {literal(STORAGE_VERSION)})")
    try:
        for schema in dict(wanted):
            connection.execute(f"create schema if not exists fresh.{schema}")
        known = columns_by_table(connection)
        for schema, name in wanted:
            source, target = f"{quote(warehouse[0])}.{schema}.{quote(name)}", f"fresh.{schema}.{quote(name)}"
            columns = [column for column, kind in known.get(f"{schema}.{name}", {}).items() if kind == "VARCHAR"]
            selected = _without_persons(connection, source, columns, held, settings.pseudonym_key)
            # published again, it must not show what it put forward itself as seen before
            earlier = "where as_of < (select as_of from ops.night)" if (schema, name) == ("ops", "work_shown") else ""
            ((rows,),) = connection.execute(
                f"create table {target} as select {selected} from {source} {earlier}"
            ).fetchall()
            tables[f"{schema}.{name}"] = {"rows": rows, "columns": list(known.get(f"{schema}.{name}", ()))}
        connection.execute("use fresh")
        # a thousand comments are one write to the disk
        with transaction(connection):
            own = {(m.schema, m.name): m for m in models}
            for schema, name in wanted:
                model = own.get((schema, name))
                text = model.comment if model else {**OPS_COMMENTS, **RULE_COMMENTS}.get(name, _rule_comment(name))
                columns = tables[f"{schema}.{name}"]["columns"]
                comment(connection, schema, name, text, model.columns if model else None, columns)
            for schema in (OPERATORS_SCHEMA, ENGINEERS_SCHEMA):
                connection.execute(f"create schema if not exists {quote(schema)}")
            for view in views:
                make_view(connection, OPERATORS_SCHEMA, view.name, view.sql, view.comment, view.columns)
            if views:
                contents = contents_of(views)
                make_view(connection, OPERATORS_SCHEMA, contents.name, contents.sql, contents.comment, contents.columns)
            for model in models:
                _view_in_chinese(connection, model, tables[model.table]["columns"])
        _hold_to_types(connection)
    finally:
        connection.execute(f"use {quote(warehouse[0])}")
        connection.execute("detach fresh")
    return tables


def _rule_comment(name: str) -> str:
    file = name.removesuffix(LIMIT)
    what = "one rule" if name == file else "the version and limits"
    return f"one row is: {what} of transforms/rules/{file}.yml"


def _without_persons(
    connection: duckdb.DuckDBPyConnection, source: str, texts: Sequence[str], held: set[str], key: str
) -> str:
    """The columns of a table, with a note in place of each person in a text: what is published never held it, not even deleted.

    Names of firms in which a person is suspected are held likewise (warehouse/suspected_names.py).

    Args:
        connection: The writer's.
        source: The table, quoted.
        texts: Its columns of texts.
        held: Names that may be persons'.
        key: The park's pseudonym key.
    """
    clean = []
    columns = {column: is_code(column) for column in texts}
    # in a small park most tables are empty, and the patterns cost more to make ready than to look with
    if not columns or connection.execute(f"select 1 from {source} limit 1").fetchone() is None:
        return "*"
    found = texts_with_persons(connection, source, columns)
    for column, in_codes in columns.items():
        clean_of = {
            text: blotted(text, in_codes=in_codes, instead=_noted(mark_of(text, key))) for text in found.get(column, ())
        }
        if held:
            pattern, hold = holder(held, key)
            for (text,) in connection.execute(
                f"select distinct {quote(column)} from {source} where regexp_matches({quote(column)}, {literal(pattern)})"
            ).fetchall():
                clean_of[text] = hold(clean_of.get(text, text))
        choices = " ".join(f"when {literal(text)} then {literal(new)}" for text, new in clean_of.items())
        if choices:
            clean.append(f"case {quote(column)} {choices} else {quote(column)} end as {quote(column)}")
    return f"* replace ({', '.join(clean)})" if clean else "*"


def _noted(mark: str) -> Callable[[Found], str]:
    return lambda found: f"[{found.detector.kind} removed {mark}]"


def _hold_to_types(connection: duckdb.DuckDBPyConnection) -> None:
    """Every column has a type that every client has too.

    HUGEINT, the type of a sum of integers in DuckDB, is a floating-point number in PostgreSQL, ODBC and Excel.

    Raises:
        DeclarationError: A column has not; the message names the first.
    """
    found = connection.execute(
        "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns() "
        "where database_name = 'fresh' and split_part(data_type, '(', 1) not in (select unnest(?)) "
        "order by schema_name in (?, ?), 1, 2",
        [list(TYPES), OPERATORS_SCHEMA, ENGINEERS_SCHEMA],
    ).fetchall()
    if found:
        table, column, kind = found[0]
        more = f" ({len(found) - 1} more columns are of such types)" if len(found) > 1 else ""
        raise DeclarationError(
            f"{table}.{column}",
            f"its type is {kind}, which many clients cannot read{more}",
            allowed=", ".join(TYPES),
            next_step="cast it in the model, sum(…)::bigint for a sum of integers, and run the night again",
        )


def _view_in_chinese(connection: duckdb.DuckDBPyConnection, model: Model, columns: Sequence[str]) -> None:
    """核对."企业月度": the same table under Chinese names, without its English texts; codes stay codes."""
    known: dict[str, Label] = labels() | dict(model.columns)
    # a text that also has its Chinese (evidence beside evidence_zh) is the English one
    shown = {
        column: known[column]
        for column in columns
        if column in known and not column.endswith("_en") and f"{column}_zh" not in columns
    }
    listed = ", ".join(f"{quote(column)} as {quote(label.zh)}" for column, label in shown.items())
    sql = f"select {listed} from {model.schema}.{quote(model.name)}"
    text = "\n".join(part for part in (model.comment_zh, f"来源表：{model.table}") if part)
    notes = {label.zh: label.comment_zh for label in shown.values()}
    make_view(connection, ENGINEERS_SCHEMA, model.title_zh, sql, text, notes)


def make_view(
    connection: duckdb.DuckDBPyConnection, schema: str, name: str, sql: str, text: str, notes: Mapping[str, str]
) -> None:
    """Make one view with its comment and those of its columns."""
    view = f"{quote(schema)}.{quote(name)}"
    connection.execute(f"create view {view} as {sql}")
    connection.execute(f"comment on view {view} is {literal(text)}")
    for column, note in notes.items():
        connection.execute(f"comment on column {view}.{quote(column)} is {literal(note)}")


def changes(before: Path, after: Path, models: list[Model]) -> dict[str, dict[str, int]]:
    """Per table with a key: rows added, removed and changed between two published files; tables of one shape only.

    Columns that only say which night it is (the night's as_of in every row) are left out: by them every row would change.
    """
    found: dict[str, dict[str, int]] = {}
    connection = duckdb.connect(":memory:")
    try:
        for name, path in (("old", before), ("new", after)):
            connection.execute(f"attach {literal(os.fspath(path))} as {name} (read_only)")
        columns = [columns_by_table(connection, database) for database in ("old", "new")]
        for model in models:
            shapes = [known.get(model.table, {}) for known in columns]
            if shapes[0] != shapes[1] or not set(model.key) <= set(shapes[1]):
                continue
            if "ops.last_night" in model.reads:
                continue  # it states changes itself
            table, key = f"{model.schema}.{quote(model.name)}", ", ".join(map(quote, model.key))
            listed = ", ".join(
                quote(column)
                for column in shapes[1]
                if column in model.key or not _is_the_night(connection, table, column, shapes[1])
            )
            same_key = " and ".join(f"o.{quote(k)} is not distinct from n.{quote(k)}" for k in model.key)
            hashed = f"select {key}, md5(to_json(t)::varchar) as h from (select {listed} from {{}}.{table}) as t"
            row = the_row(
                connection,
                f"with o as ({hashed.format('old')}), n as ({hashed.format('new')}) "
                "select count(*) filter (o.h is null), count(*) filter (n.h is null), count(*) filter (o.h <> n.h) "
                f"from o full join n on {same_key}",
            )
            if any(row):
                found[model.table] = dict(zip(("added", "removed", "changed"), row, strict=True))
    finally:
        connection.close()
    return found


def _is_the_night(connection: duckdb.DuckDBPyConnection, table: str, column: str, shape: dict[str, str]) -> bool:
    if shape[column] != "TIMESTAMP":
        return False
    for database in ("old", "new"):
        (is_ever_the_night,) = the_row(
            connection,
            f"select bool_and({quote(column)} is not distinct from (select as_of from {database}.ops.night)) "
            f"from {database}.{table}",
        )
        if is_ever_the_night is False:
            return False
    return True


def _put_in_place(settings: Settings, night: Path) -> None:
    """Three renames, and that of exports/, with nothing between them that can fail for lack of space.

    `current_manifest` settles a kill there.

    Whoever opens park.duckdb, or a page of the report, gets the old night or the new one, whole.
    """
    workbook = settings.published / "exports" / "园区.xlsx"
    fresh = workbook.with_suffix(".part")
    if settings.exports:
        from warehouse.export import write_operators_workbook

        workbook.parent.mkdir(exist_ok=True)
        write_operators_workbook(night, fresh)
    part, beside = settings.published / "park.duckdb.part", settings.published / "park.json.part"
    part.unlink(missing_ok=True)
    try:
        os.link(night, part)
    except OSError:  # a file system without hard links
        shutil.copyfile(night, part)
        part.chmod(0o444)
    shutil.copyfile(night.with_suffix(".json"), beside)
    for path in (part, beside):
        sync(path)
    show = _prepare_site(settings, night.stem)
    part.replace(settings.published_file)
    show()
    beside.replace(settings.published / "park.json")
    if settings.exports:
        put(fresh, workbook)
    else:
        workbook.unlink(missing_ok=True)  # of an earlier night, beside this one it would mislead
    sync(settings.published)
    part.unlink(missing_ok=True)  # a rename onto itself, where this night is in place already, leaves both names


def site_of(settings: Settings, night_id: str) -> Path | None:
    """The newest finished site of a night; None where it has none."""
    sites = [(int(number), path) for path, night, number in _sites(settings) if night == night_id]
    return max(sites)[1] if sites else None


def _sites(settings: Settings) -> list[tuple[Path, str, str]]:
    """Finished sites: the folder, its night, and which of that night's it is."""
    found = []
    for path in (settings.published / "sites").glob("*-*"):
        night, _, number = path.name.rpartition("-")
        if number.isdigit():
            found.append((path, night, number))
    return found


def show_site(settings: Settings, night_id: str) -> Path | None:
    """Let published/report show the site of a night, in one step; a night without a site has no report, not another's.

    Returns:
        The link; None where the night has no site.
    """
    _prepare_site(settings, night_id)()
    link = settings.published / "report"
    return link if link.is_symlink() else None


def _prepare_site(settings: Settings, night_id: str) -> Callable[[], None]:
    """What needs space is done here: what is returned moves the link."""
    site, link = site_of(settings, night_id), settings.published / "report"
    if link.is_dir() and not link.is_symlink():  # a copy of the park's folder that followed the link
        shutil.rmtree(link)
    if site is None:
        return lambda: link.unlink() if link.is_symlink() else None
    # a name of this process: a reader that settles a killed publish may be at the same place
    part = settings.published / f"report.{os.getpid()}.part"
    part.unlink(missing_ok=True)
    part.symlink_to(Path("sites", site.name))

    def show() -> None:
        part.replace(link)

    return show


def _settle_site(settings: Settings, night_id: str) -> None:
    """Where a publish was killed between its renames, the report is of another night than park.duckdb."""
    link, site = settings.published / "report", site_of(settings, night_id)
    shown = link.readlink() if link.is_symlink() else None
    if shown != (Path("sites", site.name) if site else None):
        show_site(settings, night_id)


def is_for_readers(before: datetime, as_of: datetime) -> bool:
    """Whether a night takes the place of what readers see, both naive UTC.

    Not that of a backfill: a reader of today never means a night of last month. But a night of next June, published under a
    wrong clock, keeps no other from them.
    """
    return before <= as_of or before > datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1)


def _as_of(manifest: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(str(manifest["as_of"]).removesuffix("Z"))


def _note_published(connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any] | None) -> None:
    """Note the night that readers see, where a publish was killed before it did so."""
    if manifest is None:
        return
    as_of = _as_of(manifest)
    connection.execute(
        "insert into ops.night_published select $as_of, (select max(as_of) from ops.night_published where as_of < $as_of) "
        "where $as_of not in (select as_of from ops.night_published)",
        {"as_of": as_of},
    )


def current_manifest(settings: Settings) -> dict[str, Any] | None:
    """The manifest of what park.duckdb holds; None before the first night.

    Where a publish was killed between its two renames, or park.json is damaged or gone, park.json is written anew.
    """
    file, path = settings.published_file, settings.published / "park.json"
    if not file.exists():
        return None
    try:
        said = read_json(path, next_step="")
    except ParkBridgeError:
        said = None
    kept = nights(settings)
    folder = settings.published / "nights"
    own = [m for m in kept if (night := folder / f"{m['night_id']}.duckdb").exists() and night.samefile(file)]
    if not own:
        digest = sha256_of(file)
        own = [m for m in ([said] if said else []) + kept if m.get("sha256") == digest]
        if not own and said:  # damaged, or put there by hand: park.json goes on to say what was published
            return _read_manifest(file, digest)
        own = own or [_read_manifest(file, digest)]
    with contextlib.suppress(OSError):  # a reader without write access gets the right answer all the same
        if said != own[0]:
            write_json(path, own[0])
        _settle_site(settings, str(own[0]["night_id"]))
    return own[0]


def _read_manifest(file: Path, digest: str) -> dict[str, Any]:
    """A manifest made from the file itself.

    Raises:
        ParkBridgeError: It is damaged.
    """
    try:
        with open_read_only(file) as connection:
            found = connection.execute("select night_id, as_of, park_name from ops.night").fetchone()
            tables = connection.execute(
                "select schema_name || '.' || table_name, estimated_size from duckdb_tables() where database_name = 'park'"
            ).fetchall()
    except duckdb.Error:
        found = None
    if found is None:
        raise ParkBridgeError(
            str(file),
            "it is damaged: not a published night",
            next_step="`parkbridge rollback --list` shows the nights that are kept, `parkbridge rollback NIGHT` puts one in place",
        )
    return {
        "night_id": found[0],
        "as_of": found[1].isoformat() + "Z",
        "published_at": datetime.fromtimestamp(file.stat().st_mtime, UTC).isoformat(timespec="seconds"),
        "park_name": found[2],
        "sha256": digest,
        "tables": {name: {"rows": rows} for name, rows in tables},
    }


def nights(settings: Settings) -> list[dict[str, Any]]:
    """The manifests of the nights that are kept, newest first; a night without a manifest that can be read is not kept."""
    found = []
    for path in (settings.published / "nights").glob("*.json"):
        with contextlib.suppress(ParkBridgeError):
            found.append(read_json(path, next_step=""))
    return sorted((m for m in found if "night_id" in m), key=lambda m: str(m["night_id"]), reverse=True)


@writable_by_us_alone()
def rollback(settings: Settings, night_id: str | None = None) -> dict[str, Any]:
    """Put an earlier night back in place, by the same rename; the night that is left stays among the kept ones.

    Args:
        settings: Where.
        night_id: Which night; the one before the current by default.

    Raises:
        ParkBridgeError: There is no such night, or its file is damaged.
        WarehouseBusy: A night is being published.
    """
    with alone(settings):
        return _roll_back(settings, night_id)


def _roll_back(settings: Settings, night_id: str | None) -> dict[str, Any]:
    kept = nights(settings)
    try:
        current = current_manifest(settings)
    except ParkBridgeError:  # what readers have is damaged: any night that is kept is better
        current = None
    ids = [str(m["night_id"]) for m in kept]
    earlier = [i for i in ids if current is None or i < current["night_id"]]
    wanted = night_id or (earlier[0] if earlier else None)
    if wanted is None or wanted not in ids:
        raise ParkBridgeError(
            "rollback",
            f"there is no night {wanted}" if wanted else "there is no earlier night",
            next_step=f"choose one that is kept: {', '.join(ids) or '(none)'}",
        )
    path = settings.published / "nights" / f"{wanted}.duckdb"
    manifest = kept[ids.index(wanted)]
    if not path.exists() or sha256_of(path) != manifest["sha256"]:
        raise ParkBridgeError(
            f"night {wanted}", "its file is missing or not what its manifest says", next_step="choose another night"
        )
    with open_read_only(path) as connection:
        connection.execute("select night_id from ops.night").fetchone()
    _put_in_place(settings, path)
    for place in audiences_kept(settings):
        own = place.published / "nights" / path.name
        said = [one for one in nights(place) if one["night_id"] == wanted]
        if said and own.exists() and sha256_of(own) == said[0]["sha256"]:
            _put_in_place(place, own)
    return manifest


def unsound(place: Settings) -> Iterator[tuple[Path, str]]:
    """What an audience has that is not what was written: kept nights, and the file that readers open.

    Yields:
        The file, and what is wrong with it.
    """
    kept = nights(place)
    for manifest in kept:
        file = place.published / "nights" / f"{manifest['night_id']}.duckdb"
        if not file.exists() or sha256_of(file) != manifest.get("sha256"):
            yield file, "is not what was written (SHA-256)" if file.exists() else "is gone"
    if place.published_file.exists():
        try:
            current_manifest(place)  # puts park.json right where a publish was killed
            said = read_json(place.published / "park.json", next_step="")
        except ParkBridgeError as error:
            yield place.published_file, error.fact
        else:
            if said.get("sha256") != sha256_of(place.published_file):
                yield place.published_file, "is not what was published (SHA-256)"
    elif kept:
        yield place.published_file, "is gone"


def audiences_kept(settings: Settings) -> list[Settings]:
    """Every audience besides the director with a folder of its own, whether or not readers find a file in it."""
    found = (settings.home / "published" / "editions").glob("*/nights")
    return [settings.of_audience(folder.parent.name) for folder in sorted(found)]


def editions(settings: Settings) -> list[Settings]:
    """The editions that are published besides the director's, as settings of their audiences."""
    found = (settings.home / "published" / "editions").glob("*/park.duckdb")
    return [settings.of_audience(file.parent.name) for file in sorted(found)]


def _forget_old_nights(settings: Settings, newest: str) -> None:
    folder = settings.published / "nights"
    old = [str(manifest["night_id"]) for manifest in nights(settings)]
    # and what a killed publish or a damaged manifest left without one
    kept = {*old[: settings.keep_nights], newest}
    for path in folder.iterdir():
        if path.suffix in (".duckdb", ".json") and path.stem not in kept:
            path.unlink(missing_ok=True)
    forget_old_sites(settings, kept)


def forget_old_sites(settings: Settings, kept: set[str]) -> None:
    """Keep the newest site of each of these nights; one that is shown is kept too."""
    link = settings.published / "report"
    shown = link.readlink().name if link.is_symlink() else ""
    for path, night, _ in _sites(settings):
        if path.name != shown and (night not in kept or path != site_of(settings, night)):
            shutil.rmtree(path, ignore_errors=True)


def _forget_parts(settings: Settings) -> None:
    """What killed runs left half-written: no other process writes here meanwhile."""
    for path in (
        settings.released.with_suffix(".part"),
        *(settings.published / "nights").glob("*.part*"),
        *settings.published.glob("*.part"),
        *(settings.published / "exports").glob("*.part*"),
    ):
        path.unlink(missing_ok=True)
    for path in (settings.published / "sites").glob("*.part"):
        shutil.rmtree(path, ignore_errors=True)
