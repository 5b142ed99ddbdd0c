"""Deliveries of the demo's feeds, gone wrong in every way we know, and what becomes of each: `python -m benchmarks.mutations`.

Per feed: all deliveries but the last are accepted; then the last one is changed (mutation_kinds.py), landed, staged, checked and
accepted over a copy of that warehouse, and what is known afterwards is compared with what the true delivery gives.

    right        the same is known as after the true delivery
    stopped      nothing was accepted; the message says why
    quarantined  what differs are rows that were put aside with a reason, and reported
    missing      nothing new was accepted, or reporters are missing: the month is late or provisional
    at night     accepted, and a check of the night stops before anything is published
    reported     accepted, and a check of the night reports each wrong row to a person
    plausible    one figure that may be true: only time, or another source, can show it
    WRONG        accepted, other than the truth, and no check says so
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import re
import shutil
import sqlite3
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import demo
from benchmarks.mutation_kinds import PLAUSIBLE, Sheet, draws, parsed, roles, written, zipped
from connectors.credentials import Credentials
from connectors.feed import Feed
from connectors.landing import land
from connectors.registry import feed_named
from demo.registry_api import Register, in_a_thread
from expectations.runner import check_feed
from warehouse import acceptance, incoming, loader
from warehouse.batches import pending
from warehouse.connection import quote, writer
from warehouse.errors import ParkBridgeError
from warehouse.settings import CHECKOUT, DIRECTOR, Settings

ZONE = ZoneInfo("Asia/Shanghai")
FEEDS = (
    "registration", "registration_event", "tax_filing", "tax_payment", "employment", "lease", "building", "utility_use",
    "access_count", "trade", "industry_stat", "input_output", "outsider", "outsider_branch", "need", "offer", "patent",
)  # fmt: skip
UNTIL = date(2026, 9, 1)
FOLDERS = {
    "employment": "employment",
    "lease": "lease",
    "building": "building",
    "utility_use": "utility",
    "access_count": "access",
    "industry_stat": "statistics",
    "input_output": "statistics",
}
# of the register the API's resource
TABLES = {"registration": "enterprises", "registration_event": "events"}
DATABASES = {
    "tax_filing": Path("tax", "税务.sqlite"),
    "tax_payment": Path("tax", "税务.sqlite"),
    "trade": Path("trade", "发票.sqlite"),
    "outsider": Path("outside", "园外企业.sqlite"),
    "outsider_branch": Path("outside", "园外企业.sqlite"),
    "need": Path("service", "服务台.sqlite"),
    "offer": Path("service", "服务台.sqlite"),
    "patent": Path("patent", "专利.sqlite"),
}
# how far back the last pull of a source begins: the register hardly changes in a month
LAST_PULL_DAYS = {
    **dict.fromkeys(("registration", "registration_event", "outsider_branch", "offer", "patent"), 540),
    "need": 92,
}
USUAL_DAYS = 31
# numbers that an office gives its papers: no figure is made of them, and each payment keeps its taxpayer, period and amount.
# Where a later row of a number is of somebody else, that one stops
PAPER_NUMBERS = ("payment_no", "event_no", "branch_no", "offer_no")
# of the list of enterprises elsewhere, which is bought once: every so many rows is new in the last delivery, or has changed
NEW_EVERY, CHANGED_EVERY = 29, 17
RULES = ("figures_are_no_running_totals", "sector_buys_less_than_it_makes")
# warnings with the number of rows that each is about
REPORTS = ("code_and_name_are_of_one_firm", "values_come_as_before", "register_leaves_nothing_out")


@dataclass(frozen=True)
class Outcome:
    """What became of one mutation: which kind, what came of it, and what caught it or what is wrong."""

    feed: str
    kind: str
    outcome: str
    by: str


class Trial:
    """One feed with its accepted past and its last delivery, over which mutations are tried."""

    def __init__(self, name: str, city: Path, folder: Path) -> None:
        self.feed = feed_named((CHECKOUT / "connectors" / "feeds",), name)
        self.city, self.folder = city, folder / name
        self.offices = self.folder / "office"
        self.offices.mkdir(parents=True)
        self.base = self.folder / "base"
        self.until = datetime(UNTIL.year, UNTIL.month, UNTIL.day, tzinfo=ZONE).astimezone(UTC)
        self._set_up()
        self.rows_before = self._known(self.base)
        stopped, truth, _ = self.deliver(self.clean)
        assert truth is not None, stopped
        assert truth != self.rows_before, "the last delivery changes nothing"
        self.truth = truth
        with writer(trial_settings(self.folder / "home")) as connection:
            table = self._rows(connection)
            self.clean_facts = {self._fact(row): row for row in table}
            # a paper that was put aside at its last stage is known as at the one before
            self.versions = Counter(self._rows(connection, are_current=False))

    def _set_up(self) -> None:
        name = self.feed.name
        before = self.until - timedelta(days=LAST_PULL_DAYS.get(name, USUAL_DAYS))
        if name in FOLDERS:
            self.credentials = Credentials("fs", extra={"path": str(self.offices)})
            before = self._set_up_files()
            self._land(self.base, before)
        elif name in DATABASES:
            self.credentials = Credentials("sqlite", host=str(self.offices / "office.sqlite"))
            self._set_up_database(before)
        else:
            register = Register(self.city / "silos" / "registration")
            seconds = int((before.astimezone(ZONE).replace(tzinfo=None) - datetime(1970, 1, 1)).total_seconds())
            records = register.page(TABLES[name], seconds, None, 1, 10_000)["data"]
            header = list(records[0])
            self.clean = Sheet(
                "json", [], header, [list(record.values()) for record in records], [], roles(self.feed, header)
            )
            self.credentials = self._land_from_register(self.feed, before)
        self._accept(self.base, before)
        if name != "registration":
            # what the register knows of codes and names by then
            registration = feed_named((CHECKOUT / "connectors" / "feeds",), "registration")
            self._land_from_register(registration, before)
            self._accept(self.base, before, registration)

    def _land_from_register(self, feed: Feed, until: datetime) -> Credentials:
        with demo.serving(self.city) as port:
            credentials = Credentials("http", host="http://127.0.0.1", port=port, password=demo.token(self.city))
            self._land(self.base, until, feed, credentials)
        return credentials

    def _set_up_files(self) -> datetime:
        """All files but the last lie in the office's folder. Returns the time of the pull that took them."""
        pattern = str(self.feed.options.get("pattern", "*"))
        source = self.city / "silos" / FOLDERS[self.feed.name]
        files = sorted((p for p in source.iterdir() if p.match(pattern)), key=lambda path: path.stat().st_mtime)
        last = files[-1]
        self.last_name, self.last_time = last.name, last.stat().st_mtime
        self.clean = self._parse(last)
        for path in files[:-1]:
            shutil.copy2(path, self.offices / path.name)
        if len(files) > 1 and files[-2].suffix == last.suffix:
            self.clean.last = self._parse(files[-2])
        elif len(files) == 1:
            self.clean.last = self._table_of_before(last)
        return datetime.fromtimestamp(self.last_time, UTC) - timedelta(hours=1)

    def _table_of_before(self, path: Path) -> Sheet:
        """The table that the statistics bureau published five years before its one table: each flow a little other."""
        table, draw = self.clean.copy(), random.Random(1)  # noqa: S311 - no secret
        for row in table.rows:
            row[0] = str(int(row[0]) - 5)
            row[-1] = str(int(int(row[-1]) * draw.lognormvariate(-0.2, 0.25)))
        before = self.offices / path.name.replace(self.clean.rows[0][0], table.rows[0][0])
        before.write_bytes(written(table))
        os.utime(before, (self.last_time - 86_400, self.last_time - 86_400))
        return table

    def _set_up_database(self, before: datetime) -> None:
        """What was recorded up to a time is accepted; what is new since then (of `trade` the whole table) is the last delivery."""
        table = str(self.feed.options["table"])
        with sqlite3.connect(self.city / "silos" / DATABASES[self.feed.name]) as office:
            found = office.execute(f"select * from {table}")
            header = [column for column, *_ in found.description]
            rows = [list(row) for row in found.fetchall()]
            self.types = {name: kind for _, name, kind, *_ in office.execute(f"pragma table_info({table})")}
        at = header.index("记录时间" if "记录时间" in header else "公开日")
        if self.feed.name == "outsider":
            past, rows = _list_again(header, rows, before)
        elif self.feed.name == "patent":
            past = _patents_before(header, [row for row in rows if row[at] < str(before.date())])
        else:
            since, cut = (str(t.astimezone(ZONE).replace(tzinfo=None)) for t in (before - timedelta(days=4), before))
            past = [row for row in rows if row[at] <= cut]
            rows = rows if self.feed.replaces == "period" else [row for row in rows if row[at] > since]
        self._write_database(Sheet("database", [], header, past, [], {}))
        self._land(self.base, before)
        self.clean = Sheet("database", [], header, rows, [], roles(self.feed, header))

    def _parse(self, path: Path) -> Sheet:
        content, form = path.read_bytes(), path.suffix.lstrip(".")
        if form == "zip":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                content = archive.read(archive.namelist()[0])
        encoding = str(self.feed.options.get("encoding", "utf-8"))
        return parsed(form, content, self.feed, encoding=encoding)

    def _land(
        self, home: Path, until: datetime, feed: Feed | None = None, credentials: Credentials | None = None
    ) -> int:
        home.mkdir(exist_ok=True)
        feed = feed or self.feed
        feed = replace(feed, options=dict(feed.options))
        if feed.protocol == "file_drop":
            feed.options["settle_seconds"] = 0  # type: ignore[index]
        if feed.protocol == "http_api":
            feed.options["retries"] = 0  # type: ignore[index]
        raw, by = trial_settings(home).raw, credentials or self.credentials
        return len(land(feed, raw, run_id="trial", until=until, now=until, credentials=by))

    def _accept(self, home: Path, now: datetime, feed: Feed | None = None) -> int:
        """Returns how many rows were rejected."""
        settings, feed = trial_settings(home), feed or self.feed
        waiting = pending(settings.raw, feed.name)
        with writer(settings) as connection:
            staged = loader.stage(connection, feed, waiting, time_zone=ZONE)
            acceptance.accept(connection, feed, waiting, now=now)
        return sum(s.rejected for s in staged)

    def _rows(self, connection: Any, *, are_current: bool = True) -> list[tuple[Any, ...]]:
        columns = ", ".join(map(quote, self.feed.subject.columns))
        table = f"staged.{self.feed.subject.name}"
        condition = "superseded_at is null"
        if not are_current:  # of the last delivery
            condition = f"superseded_at is not null and batch_id = (select max(batch_id) from {table})"
        return list(connection.execute(f"select {columns} from {table} where {condition}").fetchall())

    def _fact(self, row: Sequence[Any]) -> tuple[Any, ...]:
        names = list(self.feed.subject.columns)
        return tuple(row[names.index(k)] for k in self.feed.subject.key)

    def _known(self, home: Path) -> Counter[tuple[Any, ...]]:
        with writer(trial_settings(home)) as connection:
            return Counter(self._rows(connection))

    def _figures(self, known: Counter[tuple[Any, ...]]) -> Counter[tuple[Any, ...]]:
        """What is known, without the numbers of papers."""
        places = [n for n, c in enumerate(self.feed.subject.columns) if c not in PAPER_NUMBERS]
        figures: Counter[tuple[Any, ...]] = Counter()
        for row, count in known.items():
            figures[tuple(row[n] for n in places)] += count
        return figures

    def deliver(self, sheet: Sheet) -> tuple[str, Counter[tuple[Any, ...]] | None, int]:
        """Deliver a sheet over a copy of the past. Returns what stopped it, what is known then, and rows put aside."""
        home = self.folder / "home"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        shutil.copyfile(self.base / "warehouse.duckdb", home / "warehouse.duckdb")
        shutil.copytree(self.base / "raw", home / "raw", copy_function=os.link)
        try:
            with self._delivered(sheet):
                if not self._land(home, self.until):
                    return "nothing new", None, 0
            rejected = self._accept(home, self.until)
        except ParkBridgeError as error:
            return str(error), None, 0
        return "", self._known(home), rejected

    @contextmanager
    def _delivered(self, sheet: Sheet) -> Iterator[None]:
        if sheet.form == "database":
            self._write_database(sheet)
            yield
        elif sheet.form == "json":
            with _serving(sheet) as port:
                self.credentials = Credentials("http", host="http://127.0.0.1", port=port, password="x")  # noqa: S106
                yield
        else:
            path = self.offices / self.last_name
            content = written(sheet)
            path.write_bytes(
                zipped(path.stem + ".csv", content)
                if sheet.form in ("csv", "zip") and path.suffix == ".zip"
                else content
            )
            os.utime(path, (self.last_time, self.last_time))
            try:
                yield
            finally:
                path.unlink()

    def _write_database(self, sheet: Sheet) -> None:
        path = self.offices / "office.sqlite"
        path.unlink(missing_ok=True)
        with sqlite3.connect(path) as database:
            names = ", ".join(f"{quote(name)} {self.types.get(name, 'text')}" for name in sheet.header)
            table = str(self.feed.options["table"])
            database.execute(f"create table {table} ({names})")
            holes = ", ".join("?" * len(sheet.header))
            database.executemany(f"insert into {table} values ({holes})", sheet.rows)
        database.close()

    def outcome(self, kind: str, sheet: Sheet) -> Outcome:
        """Try one mutation."""
        label = f"{kind} ({', '.join(sheet.notes)})" if sheet.notes else kind
        stopped, known, rejected = self.deliver(sheet)
        if stopped == "nothing new":
            return Outcome(
                self.feed.name, kind, "missing", "landed before, or no row: the feed is late (stale_days, coverage_pct)"
            )
        if known is None:
            return Outcome(self.feed.name, kind, "stopped", _short(stopped))
        if self._figures(known) == self._figures(self.truth):
            return Outcome(self.feed.name, kind, "right", "")
        if known == self.rows_before:
            return Outcome(self.feed.name, kind, "missing", "what is known already, once more: the feed is late")
        wrong, lost = known - self.truth - self.rows_before - self.versions, self.truth - known
        names = list(self.feed.subject.columns)
        said = self._figures(self.truth + self.rows_before + self.versions)
        missing = self._figures(self.truth) - self._figures(known)
        if not self._figures(known) - said and missing.total() <= rejected:
            return Outcome(self.feed.name, kind, "quarantined", self._reasons())
        if caught := self._at_door_or_night(wrong.total()):
            return Outcome(self.feed.name, kind, *caught)
        if not wrong and (kept := self._is_known_as_missing(known)):
            return Outcome(self.feed.name, kind, "missing", kept)
        if kind in PLAUSIBLE and wrong.total() <= 1:
            return Outcome(self.feed.name, kind, "plausible", PLAUSIBLE[kind])
        differing: Counter[str] = Counter()
        for row in wrong:
            true = self.clean_facts.get(self._fact(row))
            if true is None:
                differing["(new facts)"] += 1
            else:
                differing.update(n for n, a, b in zip(names, row, true, strict=True) if a != b)
        facts = f"{wrong.total()} rows wrong, {lost.total()} true ones lost, {rejected} quarantined"
        return Outcome(
            self.feed.name,
            kind,
            "WRONG",
            f"{label}: {facts}; " + ", ".join(f"{n} {c}" for n, c in differing.most_common(4)),
        )

    def _reasons(self) -> str:
        with writer(trial_settings(self.folder / "home")) as connection:
            rows = connection.execute(
                "select regexp_replace(split_part(reason, ': ', 1), '^.* (is|are|cannot|looks|has|was) ', '… \\1 '), count(*) "
                "from ops.quarantine where batch_id = (select max(batch_id) from ops.batch where feed = ?) "
                "group by 1 order by 2 desc limit 1",
                [self.feed.name],
            ).fetchall()
        return str(rows[0][0])[:80] if rows else ""

    def _at_door_or_night(self, wrong: int) -> tuple[str, str] | None:
        """The contract is asked only where it matters: loading Great Expectations costs more than all the rest.

        Args:
            wrong: So many rows of what is known are wrong.
        """
        home = self.folder / "home"
        settings = trial_settings(home)
        with writer(settings) as connection:
            # the contract's rows: the batch as staged
            batch = connection.execute(
                "select max(batch_id) from ops.batch where feed = ?", [self.feed.name]
            ).fetchone()
            assert batch
            incoming.open_incoming(connection, self.feed)
            table = f"incoming.{quote(self.feed.name)}"
            connection.execute(
                f"insert into {table} by name select * exclude (last_recorded_at), 0 as batch_number from staged.{self.feed.subject.name} "
                "where batch_id = ?", [batch[0]],
            )  # fmt: skip
            try:
                check_feed(connection, self.feed, batch[0])
            except ParkBridgeError as error:
                return "stopped", _short(str(error))
            connection.execute("delete from ops.night")
            connection.execute(
                "insert into ops.night by name select 'n' as night_id, ?::timestamp as as_of, 'p' as park_name",
                [self.until.replace(tzinfo=None)],
            )
            for name in RULES:
                rule = (CHECKOUT / "expectations" / "rules" / f"{name}.sql").read_text(encoding="utf-8")
                if connection.execute(rule).fetchall():
                    return "at night", f"rule {name}"
            for name in REPORTS:
                rule = (CHECKOUT / "expectations" / "rules" / f"{name}.sql").read_text(encoding="utf-8")
                if 0 < wrong <= sum(count for *_, count in connection.execute(rule).fetchall()):
                    return "reported", f"rule {name}"
        return None

    def _is_known_as_missing(self, known: Counter[tuple[Any, ...]]) -> str:
        """Whether so many reporters are missing that the month is provisional."""
        subject = self.feed.subject
        if not subject.is_expected or not subject.has_months:
            return ""
        names = list(subject.columns)
        key, month = names.index("source_key"), names.index("month")
        newest = max(row[month] for row in self.truth)
        there, here = ({row[key] for row in rows if row[month] == newest} for rows in (self.truth, known))
        share = 100 * len(here & there) / len(there)
        if share < self.feed.allow.coverage_pct:
            return f"coverage {share:.0f} %: the month is provisional (coverage_pct)"
        return ""


def _list_again(header: Sequence[str], rows: list[list[Any]], now: datetime) -> tuple[list[list[Any]], list[list[Any]]]:
    """The list of enterprises elsewhere as it was, and its new rows: entries, other capitals, cancelled enterprises."""
    at, name, capital, status, industry = map(
        list(header).index, ("记录时间", "企业名称", "注册资本_万元", "登记状态", "行业代码")
    )
    past, new = [], []
    for number, row in enumerate(rows):
        fresh = list(row)
        fresh[at] = str((now + timedelta(days=1 + number % 20)).astimezone(ZONE).replace(tzinfo=None))
        if number % NEW_EVERY == 0:
            new.append(fresh)
            continue
        past.append(row)
        if number % CHANGED_EVERY == 0:
            place = (name, capital, status, industry)[number % 4]
            fresh[place] = {
                name: row[name].replace("有限公司", "科技有限公司"),
                capital: int(row[capital] * 1.5) + 1,
                status: "注销" if row[status] == "存续" else "存续",
                industry: rows[number - 1][industry],
            }[place]
            new.append(fresh)
    return past, new


def _patents_before(header: Sequence[str], rows: list[list[Any]]) -> list[list[Any]]:
    """The applications as they were: every so many that was decided by now was pending."""
    status, kind = header.index("法律状态"), header.index("专利类型")
    past = [list(row) for row in rows]
    for row in past[::CHANGED_EVERY]:
        row[status] = "公开" if row[kind] == "发明" else "授权"
    return past


def _short(message: str) -> str:
    """Which stop it was: the message without what is particular to this delivery."""
    fact = message.partition(". Next:")[0].partition(": ")[2] or message
    fact = re.sub(r"\d[\d,.]*", "n", fact)
    fact = re.sub(r"'[^']*'", "'…'", fact)
    fact = re.sub(r"[\u4e00-\u9fff（）㎡]+[^ ,;:]*", "…", fact)
    return fact[:90]


def trial_settings(home: Path) -> Settings:
    """Settings of a trial: nothing but a home."""
    given: dict[str, Any] = dict.fromkeys(Settings.__dataclass_fields__, "")
    return Settings(
        **given
        | {
            "home": home,
            "outcomes": home / "outcomes.csv",
            "judgements": home / "judgements.csv",
            "backup": home / "backup",
            "feed_folders": (),
            "time_zone": ZONE,
            "keep_nights": 1,
            "memory_limit": "1GB",
            "audience": DIRECTOR,
            "audiences": (DIRECTOR,),
        }
    )


@contextmanager
def _serving(sheet: Sheet) -> Iterator[int]:
    """An API that answers with the sheet's rows."""
    records = [dict(zip(sheet.header, row, strict=False)) for row in sheet.rows]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = {key: values[-1] for key, values in parse_qs(urlsplit(self.path).query).items()}
            page, size = int(given.get("page", 1)), int(given.get("size", 500))
            answer = {
                "total": max(len(records), sheet.announced),
                "page": page,
                "data": records[(page - 1) * size : page * size],
            }
            content = json.dumps(answer, ensure_ascii=False, default=str).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    with in_a_thread(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield port


def tried(
    name: str, city: Path, folder: Path, count: int, seed: int, watch: Callable[[Outcome], None] = lambda _: None
) -> list[Outcome]:
    """What becomes of so many mutations of one feed's last delivery."""
    trial = Trial(name, city, folder)
    found = []
    for kind, sheet in draws(trial.clean, count, seed):
        outcome = trial.outcome(kind, sheet)
        watch(outcome)
        found.append(outcome)
    return found


OUTCOMES = ("right", "stopped", "quarantined", "missing", "at night", "reported", "plausible", "WRONG")


def table(found: Sequence[Outcome]) -> Iterator[str]:
    """The lines of the table: kind × outcome with what caught it most often; then each silently wrong case."""
    yield f"{'kind':<48}" + "".join(f"{name:>12}" for name in OUTCOMES) + "  caught by"
    for kind in dict.fromkeys(o.kind for o in found):
        mine = [o for o in found if o.kind == kind]
        counts = Counter(o.outcome for o in mine)
        by = Counter(o.by for o in mine if o.by and o.outcome != "WRONG").most_common(1)
        yield f"{kind:<48}" + "".join(f"{counts[n] or '·':>12}" for n in OUTCOMES) + f"  {by[0][0] if by else ''}"
    counts = Counter(o.outcome for o in found)
    yield f"{f'all {len(found):,}':<48}" + "".join(f"{counts[n] or '·':>12}" for n in OUTCOMES)
    yield ""
    yield f"{'feed':<48}" + "".join(f"{name:>12}" for name in OUTCOMES)
    for feed in dict.fromkeys(o.feed for o in found):
        counts = Counter(o.outcome for o in found if o.feed == feed)
        yield f"{feed:<48}" + "".join(f"{counts[n] or '·':>12}" for n in OUTCOMES)
    wrong = [o for o in found if o.outcome == "WRONG"]
    if wrong:
        yield "\nsilently wrong:"
        yield from (f"  {o.feed}: {o.by}" for o in wrong)


def main() -> None:
    """Print the table."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--feed", nargs="*", default=list(FEEDS), choices=FEEDS)
    asked.add_argument("--count", type=int, default=200)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--enterprises", type=int, default=300)
    asked.add_argument(
        "--save", type=Path, metavar="FILE", help="write what came of each mutation as a line of JSON, too"
    )
    asked.add_argument("--show", type=Path, nargs="*", metavar="FILE", help="only print the table of saved lines")
    given = asked.parse_args()
    found: list[Outcome] = []
    if given.show:
        lines = [line for path in given.show for line in path.read_text(encoding="utf-8").splitlines()]
        print("\n".join(table([Outcome(**json.loads(line)) for line in lines])))
        return

    def save(outcome: Outcome) -> None:
        if given.save:
            with given.save.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(outcome), ensure_ascii=False) + "\n")

    with tempfile.TemporaryDirectory(prefix="parkbridge-mutations-") as scratch:
        city = Path(scratch) / "city"
        demo.build(city, enterprises=given.enterprises, months=36, seed=given.seed, until=UNTIL)
        for name in given.feed:
            found += tried(name, city, Path(scratch) / "trials", given.count, given.seed, save)
    print("\n".join(table(found)))


if __name__ == "__main__":
    main()
