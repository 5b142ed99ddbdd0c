"""Many simulated nights of a small park: `make soak NIGHTS=365`.

Every night offices deliver, correct, withdraw or send nothing, by chance; people answer rows of the work list; some steps are
killed (SIGKILL) and run again, or, of a publish, not run again; readers are rolled back now and then. Each night is published
for director, operators and public. Held every night: what is known against a second account kept here in Python, what readers
see, the rows of every batch against where they went, the work list against what earlier nights put forward, and every number
that the public has ever seen. Every fifth night a copy is made again, by turns with its warehouse, and from the backup alone,
in which that night is run again: row for row. At the end: CPU seconds and bytes per night, early and late.
"""

from __future__ import annotations

import argparse
import functools
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from expectations.rule import read_rule
from tests.conftest import LAYERS, Park, at, day, lease_row, leases, new_park, staff
from transforms import outcome_file
from warehouse.confirmation import Confirmation
from warehouse.connection import open_read_only, writer
from warehouse.errors import DeliveryRefused
from warehouse.models import build, load_rules
from warehouse.night import begin_night
from warehouse.policy import Policy, read_policy
from warehouse.publish import publish
from warehouse.published_nights import nights, rollback
from warehouse.rebuild import rebuild
from warehouse.settings import CHECKOUT, Settings
from warehouse.upkeep import back_up, sweep, verify

FEEDS = ("staff", "leases", "payments", "needs")
SUBJECTS = ("employment", "lease", "tax_payment", "need")
# not night_begun: a night that was begun and killed twice is in it twice, and no batch or published night knows so
STATE = tuple(f"ops.{table}" for table in ("confirmation", "night_published", "work_shown", "work_answer"))
# what a night run again must show again; ops.night_published is noted after its file is written
SHOWN = ("monthly.staff", "snapshots.park", "snapshots.work_list", "signals.signal", "ops.work_shown", "ops.batch")
ACCOUNTS = read_rule(CHECKOUT / "expectations" / "rules" / "delivered_rows_are_accounted_for.sql").check.wrong_rows
WEEK_MAX, DROP_DAYS = 4, 30

NEEDS = """
feed: needs
subject: need
title: {en: Stated needs, zh: 企业诉求}
office: Service desk
owner: data-engineering
description: One row is one need.
schedule: "5 1 * * *"
source: {protocol: file_drop, connection: none, folder: needs, pattern: "*", settle_seconds: 0}
replaces: nothing
recorded_at: 记录时间
columns:
  诉求编号: need_no
  单位编号: source_key
  诉求类型: need_kind_code
  提出日期: stated_date
  办结日期: closed_date
  联系人: personal
  记录时间: ignored
codes:
  诉求类型: {用房: space, 用工: staff}
allow: {rejected_pct: 10, stale_days: 400}
"""
NEEDS_SQL = """
select
    row_number,
    诉求编号 as need_no,
    单位编号 as source_key,
    诉求类型 as need_kind_code,
    to_date(提出日期) as stated_date,
    to_date(办结日期) as closed_date
from delivery
"""
NEEDS_HEADER = "诉求编号,单位编号,诉求类型,提出日期,办结日期,联系人,记录时间"

# a list of the same kind as snapshots.work_list, made of what it is made of: open needs, earlier nights, answers, tonight's day
WORK_LIST = f"""
with tonight as (
    select d.list_date, date_trunc('week', d.list_date)::date as monday, o.as_of from ops.night as o cross join ops.work_day as d
),
shown as (
    select s.row_id, min(s.list_date) as first_shown_date
    from ops.work_shown as s inner join tonight as t on s.as_of < t.as_of group by s.row_id
),
open_need as (
    select work_row_id('answer|' || need_no) as row_id, need_no as need_key, source_key as enterprise_id
    from known.need where closed_date is null
),
waiting as (
    select n.row_id, row_number() over (order by n.need_key) as row_rank
    from open_need as n left join shown as s on n.row_id = s.row_id where s.row_id is null
),
this_week as (
    select count(*) as shown_count from shown as s inner join tonight as t on s.first_shown_date between t.monday and t.list_date
)
select n.row_id, t.list_date, 'answer' as action_code, 'space' as topic_code, 'stated' as hint_level_code, n.enterprise_id,
    n.need_key, null::varchar as offer_key, coalesce(s.first_shown_date, t.list_date) as first_shown_date, t.as_of
from open_need as n
cross join tonight as t
cross join this_week as k
left join shown as s on n.row_id = s.row_id
left join waiting as w on n.row_id = w.row_id
left join ops.work_answer as a on n.row_id = a.row_id and s.row_id is not null
where a.row_id is null and (s.first_shown_date > t.list_date - {DROP_DAYS} or w.row_rank + k.shown_count <= {WEEK_MAX})
"""
# what the public's statistics read; a unit is an enterprise, of industry C or I by its number
MODELS = {
    "resolved.enterprise": "select null::varchar as enterprise_id, null::varchar as uscc, null::varchar as parent_uscc where false",
    "monthly.month": "select distinct month from known.employment",
    "monthly.building": "select null::varchar as building_code, null::varchar as building_name where false",
    "monthly.lease_building": "select null::varchar as enterprise_id, null::date as month, null::varchar as building_code, "
    "0::decimal(30, 2) as leased_area_m2 where false",
    "monthly.main_building": "select null::varchar as enterprise_id, null::varchar as building_code, null::date as from_month, "
    "null::date as until_month where false",
    "monthly.tax_receipt": "select null::varchar as enterprise_id, null::date as month, null::varchar as tax_kind_code, "
    "0::decimal(30, 2) as received_amount where false",
    "signals.signal": "select source_key as enterprise_id, 'headcount' as signal_code, month, 1 as period_months, "
    "insured_headcount::decimal(30, 3) as value from known.employment",
    "signals.plausibility": "select null::varchar as enterprise_id, null::varchar as signal_code, null::date as month where false",
    "snapshots.enterprise_label": "select distinct source_key as enterprise_id, "
    "case when right(source_key, 1) < '5' then 'C' else 'I' end as industry_section_code from known.employment",
    "snapshots.park_month": "select month, 'headcount' as signal_code, 1 as period_months, false as is_provisional "
    "from monthly.month",
    "snapshots.work_list": WORK_LIST,
}
POLICY = """
version: policy-1
classes:
  open: {operator: as_is, basis: none, purpose: test}
  night: {operator: as_is, public: as_is, basis: none, purpose: test}
  staff: {operator: band, bands: [1, 10, 50], basis: none, purpose: test}
  closed: {operator: absent, basis: none, purpose: test}
editions:
  operator:
    title: {en: Operator, zh: 运营版}
    tables: {ops.night: {}, ops.feed: {}, monthly.staff: {}, snapshots.work_list: {}}
  public:
    title: {en: Public, zh: 公开版}
    tables: {ops.night: {}, rules.signal: {}}
    statistics:
      signals: {headcount: industry_section}
      contributors_min: 3
      share_max_pct: 80
      part_contributors_min: 10
      wait_months: 0
schemas: {ops: night, rules: night}
columns:
  open: >-
    as_of month unit_count row_id list_date action_code topic_code hint_level_code enterprise_id need_key offer_key
    first_shown_date building_code building_name signal_code period_months is_provisional from_month until_month
    industry_section_code tax_kind_code uscc parent_uscc
  staff: insured_headcount
  closed: source_key unit_name wage_amount value leased_area_m2 received_amount
"""
AUDIENCES = ("director", "operator", "public")


@dataclass
class Account:
    """What must be known, kept apart from the warehouse."""

    staff: dict[tuple[str, str], int] = field(default_factory=dict)
    leases: dict[str, int] = field(default_factory=dict)
    payments: dict[str, int] = field(default_factory=dict)
    paid_for: dict[str, date] = field(default_factory=dict)
    # needs: whether open
    needs: dict[str, bool] = field(default_factory=dict)
    # the need of each row that was ever put forward, and the day on which it was
    rows: dict[str, str] = field(default_factory=dict)
    first_shown: dict[str, date] = field(default_factory=dict)
    answered: dict[str, bool] = field(default_factory=dict)
    # month and part: the number that the public saw first
    released: dict[tuple[date, str], int] = field(default_factory=dict)
    # head counts of nights that were killed: what they were about to release is on record, whether or not somebody saw it
    unfinished: list[dict[tuple[str, str], int]] = field(default_factory=list)


def soaked(home: Path, empty_warehouse: Path) -> Park:
    """The small park of the tests with needs, a work list, and what the public's statistics read."""
    park = new_park(home, empty_warehouse)
    (park.offices / "needs").mkdir()
    park.declare("needs", NEEDS, NEEDS_SQL)
    folders = {folder.name.partition("_")[2]: folder.name for folder in LAYERS.glob("[0-9]_*")}
    for table, sql in MODELS.items():
        schema, _, name = table.partition(".")
        file = park.transforms / folders[schema] / f"{name}.sql"
        file.parent.mkdir(exist_ok=True)
        header = (
            f"title: {table} | {table}",
            "one row is: one",
            "answers: none",
            "key: as_of",
            "rules: none",
            "known gaps: none",
        )
        file.write_text("".join(f"-- {line}\n" for line in (*header, "checked by: none")) + sql, encoding="utf-8")
    (park.transforms / "rules").mkdir()
    for rule in ("industry", "signal"):
        shutil.copy(LAYERS / "rules" / f"{rule}.yml", park.transforms / "rules")
    (home / "policy.yml").write_text(POLICY, encoding="utf-8")
    return park


def settings_of(park: Park) -> Settings:
    """The park's settings, with every audience."""
    return replace(park.settings, audiences=AUDIENCES)


def night_of(park: Park, policy: Policy, moment: datetime) -> None:
    """A night as the DAG runs it: begin, answers, models, publish for every audience."""
    settings = settings_of(park)
    with writer(settings) as connection:
        begin_night(connection, settings, [park.feed(name) for name in FEEDS], moment, FEEDS)
        load_rules(connection, park.transforms / "rules")
        outcome_file.load(connection, settings, moment.replace(tzinfo=None))
        for folder in sorted(park.transforms.glob("[0-9]_*")):
            build(connection, folder)
        publish(connection, settings, park.models, make_site=site, policy=policy)


def site(file: Path, settings: Settings) -> Path:
    """Pages that say which night they are of."""
    with open_read_only(file) as connection:
        ((night,),) = connection.execute("select night_id from ops.night").fetchall()
    sites = settings.published / "sites"
    number = 1 + max((int(path.name.rpartition("-")[2]) for path in sites.glob(f"{night}-[0-9]*")), default=0)
    part = sites / f"{night}-{number}.part"
    part.mkdir(parents=True)
    (part / "index.html").write_text(night, encoding="utf-8")
    return part.rename(part.with_suffix(""))


def deliver(park: Park, account: Account, night: int, draw: random.Random) -> None:
    """What the offices send before a night."""
    moment = day(night - 0.5)
    stamp = f"{moment:%Y-%m-%d %H:%M:%S}"
    if night == 1 or draw.random() < 0.5:
        # the month of the day: what comes a month sooner after its month than ever is rightly held
        latest = 12 * (moment.year - 2026) + moment.month - 1
        back = draw.choice([0, 0, 0, 1, 2]) if night > 60 else 0  # a correction of an earlier month
        year, month = divmod(latest - back, 12)
        stated = f"{2026 + year}-{month + 1:02}"
        units = {
            f"U{n:03}": draw.randint(1, 90) if draw.random() < 0.1 else account.staff.get((f"U{n:03}", stated), n + 1)
            for n in range(120)
            if draw.random() < 0.97
        }
        park.drop("staff", f"{night}.csv", staff(units, month=stated, at=stamp), moment)
        account.staff = {key: count for key, count in account.staff.items() if key[1] != stated}
        account.staff |= {(unit, stated): count for unit, count in units.items()}
    if night == 1 or draw.random() < 0.3:
        numbers = [n for n in range(200) if draw.random() < 0.97]
        park.drop("leases", f"{night}.csv", leases(numbers), moment)
        account.leases = {lease_row(n).split(",")[0]: n for n in numbers}
    for _ in range(draw.randint(0, 3)):
        number = f"P{draw.randint(1, 40 + 2 * night)}"
        fen = draw.randint(-50_000, 900_000)
        if account.payments.get(number, fen) * fen < 0:  # what takes a payment back has a number of its own
            fen = -fen
        # of a month of which the payments are over, and when it is stated again, of the same month
        paid_for = account.paid_for.setdefault(number, (moment.date() - timedelta(days=50)).replace(day=1))
        park.pay(number, fen, f"{moment:%Y-%m-%d %H:%M:%S}", month=paid_for)
        account.payments[number] = fen
    lines = [NEEDS_HEADER]
    for _ in range(draw.choice([0, 0, 1, 1, 2, 3])):
        number = (
            f"N{len(account.needs):04}" if not account.needs or draw.random() < 0.7 else draw.choice([*account.needs])
        )
        account.needs[number] = number not in account.needs
        closed = "" if account.needs[number] else f"{moment:%Y-%m-%d}"
        lines = [line for line in lines if not line.startswith(number)]
        lines.append(f"{number},U{int(number[1:]) % 120:03},用房,2026-03-01,{closed},王五,{stamp}")
    if lines[1:]:
        park.drop("needs", f"{night}.csv", "\n".join(lines) + "\n", moment)


def synced(park: Park, name: str, moment: datetime) -> None:
    """Pull a feed; where a register is what it was before, with others between, a person says that it is."""
    try:
        park.sync(name, moment)
    except DeliveryRefused as error:
        if "again, after others" not in error.fact:
            raise
        park.sync(name, moment, confirmation=Confirmation("Li Hua", "as it was in spring"))


def answer(park: Park, account: Account, night: int, draw: random.Random) -> None:
    """What people say of rows that were put forward, before a night."""
    for row in draw.sample(sorted(account.first_shown), min(draw.randint(0, 2), len(account.first_shown))):
        word = "withdraw" if account.answered.get(row) else draw.choice(("done", "wrong", "no_interest"))
        when = f"{day(night - 0.4) + timedelta(hours=8):%Y-%m-%d %H:%M:%S}"
        outcome_file.add(park.settings.outcomes, outcome_file.Answer(row, word, "Li Hua", when, "on site"))
        account.answered[row] = word != "withdraw"


def expected_list(account: Account, tonight: date, known: dict[str, str]) -> dict[str, date]:
    """The work list of a night by this account: each row with the day on which it was put forward."""
    monday = tonight - timedelta(days=tonight.weekday())
    open_rows = {row: need for row, need in known.items() if account.needs[need]}
    room = WEEK_MAX - sum(first >= monday for first in account.first_shown.values())
    waiting = sorted((need, row) for row, need in open_rows.items() if row not in account.first_shown)
    found = {row: tonight for _, row in waiting[: max(room, 0)]}
    for row, first in account.first_shown.items():
        if row in open_rows and not account.answered.get(row) and (tonight - first).days < DROP_DAYS:
            found[row] = first
    return found


def killed(step: Callable[[], object], seconds: float) -> bool:
    """Run a step in a process that is killed after so long. Returns whether it was killed before its end."""
    child = os.fork()
    if not child:
        try:
            step()
        finally:
            os._exit(0)
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        ended, _ = os.waitpid(child, os.WNOHANG)
        if ended:
            return False
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def wrong(park: Park, account: Account) -> list[str]:
    """What is not as it must be, of what is known, seen and accounted for."""
    found = []
    known = {
        (key, f"{month:%Y-%m}"): count for key, month, count in park.current("source_key, month, insured_headcount")
    }
    if known != account.staff:
        found.append(f"staff: {len(known.items() ^ account.staff.items())} figures differ")
    if {number for (number,) in park.current("lease_no", "lease")} != set(account.leases):
        found.append("leases differ")
    paid = {number: round(amount * 100) for number, amount in park.current("payment_no, paid_amount", "tax_payment")}
    if paid != account.payments:
        found.append(f"payments: {len(paid.items() ^ account.payments.items())} differ")
    with duckdb.connect(park.settings.published_file, read_only=True) as connection:
        seen = dict(connection.execute("select month, insured_headcount from snapshots.park").fetchall())
    stated: dict[date, int] = {}
    for (_, month), count in account.staff.items():
        first = date.fromisoformat(f"{month}-01")
        stated[first] = stated.get(first, 0) + count
    if seen != stated:
        found.append(f"readers see {seen}, stated are {stated}")
    with writer(park.settings) as connection:
        if rows := connection.execute(str(ACCOUNTS)).fetchall():
            found.append(f"rows that are not accounted for: {rows[:2]}")
    return [*found, *wrong_places(park)]


def wrong_places(park: Park) -> list[str]:
    """Editions that are not of the director's night, or with pages of another."""
    places = [park.settings, *(park.settings.of_audience(one) for one in AUDIENCES[1:])]
    shown = [ask(place, "select night_id from ops.night")[0][0] for place in places]
    pages = [(place.published / "report" / "index.html").read_text(encoding="utf-8") for place in places]
    return [] if len({*shown, *pages}) == 1 else [f"files are of {shown}, pages of {pages}"]


def ask(settings: Settings, sql: str) -> list[tuple[Any, ...]]:
    """Ask what an audience reads."""
    with open_read_only(settings.published_file) as connection:
        return connection.execute(sql).fetchall()


def wrong_list(park: Park, account: Account, tonight: date, audiences: Sequence[str] = AUDIENCES[:2]) -> list[str]:
    """What is not as it must be on the work list of a night that these readers see; its new rows count from now on."""
    known = dict(park.ask("select work_row_id('answer|' || need_no), need_no from known.need"))
    expected = expected_list(account, tonight, known)
    listed = "select row_id, first_shown_date from snapshots.work_list"
    found = []
    for audience in audiences:
        if (seen := dict(ask(park.settings.of_audience(audience), listed))) != expected:
            found.append(f"{audience}: rows of the work list {sorted(seen.items() ^ expected.items())[:4]} differ")
    account.first_shown |= {row: first for row, first in expected.items() if row not in account.first_shown}
    return found


def known_of(staff: dict[tuple[str, str], int], month: date, part: str) -> int:
    """The staff of a month, of the park or of one industry."""
    return sum(
        count
        for (unit, stated), count in staff.items()
        if stated == f"{month:%Y-%m}" and (part == "park" or (part == "C") == (unit[-1] < "5"))
    )


def wrong_statistics(park: Park, account: Account) -> list[str]:
    """Numbers of the public that are not what was known at their release, or have changed, and wrong head counts of operators."""
    found = []
    for part, month, value in ask(
        park.settings.of_audience("public"), "select part_code, month, total_value from statistics.month"
    ):
        known = [known_of(staff, month, part) for staff in (account.staff, *account.unfinished)]
        first = account.released.setdefault((month, part), int(value) if value in known else known[0])
        if value != Decimal(first):
            found.append(f"the public sees {value} for {part} in {month}, and saw {first}")
    account.unfinished.clear()
    operator = park.settings.of_audience("operator")
    bands = dict(ask(operator, "select insured_headcount_band, count(*) from monthly.staff group by all"))
    wanted: dict[str, int] = {}
    for count in account.staff.values():
        band = next(name for limit, name in ((1, "0"), (10, "1-9"), (50, "10-49"), (1 << 30, "50+")) if count < limit)
        wanted[band] = wanted.get(band, 0) + 1
    return found + ([] if bands == wanted else [f"operators see {bands}, {wanted} are known"])


def rebuilt_differs(park: Park, scratch: Path) -> list[str]:
    """What a warehouse made again from raw/ has otherwise, of staged rows and of what batches do not say."""
    shutil.rmtree(scratch, ignore_errors=True)
    shutil.copytree(park.home.parent, scratch, symlinks=True)
    again = at(scratch)
    rebuild(again.settings, [again.feed(name) for name in FEEDS])
    return differing_tables(park, again)


def differing_tables(park: Park, again: Park) -> list[str]:
    """Tables of both warehouses with different rows."""
    tables = [*(f"staged.{subject}" for subject in SUBJECTS), *STATE]
    asked = [f"select * from {table} order by all" for table in tables]
    pairs = zip(tables, park.ask_each(asked), again.ask_each(asked), strict=True)
    return [table for table, one, other in pairs if one != other]


def restored_differs(park: Park, scratch: Path, policy: Policy, moment: datetime) -> list[str]:
    """What a park has otherwise that was lost but for its backup and what is published, and ran tonight again."""
    settings = settings_of(park)
    back_up(settings)
    outcome_file.back_up(settings)
    verify(settings)
    shutil.rmtree(scratch, ignore_errors=True)
    for folder in (park.offices, park.feed_folder, park.transforms, park.home / "published"):
        shutil.copytree(folder, scratch / folder.relative_to(park.home.parent), symlinks=True)
    shutil.copytree(settings.backup / "raw", scratch / "home" / "raw")
    for name in ("outcomes.csv", "released.parquet"):
        if (settings.backup / name).exists():
            shutil.copy2(settings.backup / name, scratch / "home" / name)
    again = at(scratch)
    rebuild(again.settings, [again.feed(name) for name in FEEDS])
    kept = [f"{night['night_id']}.duckdb" for night in nights(park.settings)]
    # nights that are kept no longer were published too; no batch and no kept night says so
    differing = [
        table for table in differing_tables(park, again) if table not in ("ops.night_published", "ops.work_answer")
    ]
    night_of(again, policy, moment)
    for audience, tables in (("director", SHOWN), ("operator", SHOWN[2:3]), ("public", ("statistics.month",))):
        places = [one.settings.of_audience(audience).published / "nights" / kept[0] for one in (park, again)]
        for table in tables:
            rows = []
            for place in places:
                with open_read_only(place) as connection:
                    rows.append(connection.execute(f"select * from {table} order by all").fetchall())
            if rows[0] != rows[1]:
                differing.append(f"{table} of {audience}")
    return differing


def after_a_kill(park: Park, account: Account, night: int) -> list[str]:
    """What readers see where a publish was killed and not run again: the list of this night counts if they see it.

    Editions come into place behind the director's, so that an operator may still see the night before.
    """
    account.unfinished.append(dict(account.staff))
    tonight = day(night).replace(tzinfo=None)
    places = {audience: park.settings.of_audience(audience) for audience in AUDIENCES[:2]}
    see_it = [one for one, place in places.items() if ask(place, "select as_of from ops.night")[0][0] == tonight]
    return wrong_list(park, account, tonight.date(), see_it) if see_it else []


def size(folder: Path) -> int:
    """Bytes of all files below."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def cpu() -> float:
    """CPU seconds of this process and its children."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(used.ru_utime + used.ru_stime for used in both)


def print_costs(costs: list[tuple[float, int, int, int, int]]) -> None:
    """What the first and the last nights cost: thirty of each, or a quarter where there are fewer."""
    part = min(max(len(costs) // 4, 1), 30)
    for words, chosen in (("first", costs[:part]), ("last", costs[-part:])):
        mean = [sum(each) / len(chosen) for each in zip(*chosen, strict=True)]
        print(
            f"{words} {part} nights: {mean[0]:.2f} CPU s a night, raw {mean[1] / 1e6:.1f} MB, "
            f"published {mean[2] / 1e6:.1f} MB, rest {mean[3] / 1e6:.1f} MB, {mean[4]:.0f} staged rows"
        )


def main() -> None:
    """Run the nights and print what was found and what they cost."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--nights", type=int, default=365)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--minutes", type=float, default=24 * 60, help="no night is begun later than this")
    given = options.parse_args()
    ends, nights_done = time.monotonic() + 60 * given.minutes, 0
    draw = random.Random(given.seed)  # noqa: S311 - a draw must be repeatable
    kills = rollbacks = rebuilds = left_killed = 0
    costs: list[tuple[float, int, int, int, int]] = []
    faults: list[str] = []
    with tempfile.TemporaryDirectory(prefix="soak") as folder:
        nothing = Path(folder) / "empty"
        nothing.mkdir()
        empty = Park(nothing, nothing, nothing, nothing)
        with writer(empty.settings):
            pass
        home = Path(folder) / "park"
        home.mkdir()
        park, account = soaked(home, empty.settings.warehouse_file), Account()
        policy = read_policy(home / "policy.yml")
        for night in range(1, given.nights + 1):
            if time.monotonic() > ends:
                break
            nights_done = night
            if night % 30 == 0:
                print(f"night {night}: {len(faults)} wrong, {cpu():.0f} CPU s", file=sys.stderr, flush=True)
            deliver(park, account, night, draw)
            answer(park, account, night, draw)
            begun = cpu()
            moment = day(night)
            for name in FEEDS:
                if draw.random() < 0.1:
                    kills += killed(functools.partial(park.sync, name, moment), draw.uniform(0, 0.6))
                synced(park, name, moment)
            was_killed = draw.random() < 0.15
            if was_killed:
                kills += killed(functools.partial(night_of, park, policy, moment), draw.uniform(0, 1.2))
            if was_killed and night > 1 and draw.random() < 0.5:
                left_killed += 1
                if found := after_a_kill(park, account, night):
                    faults.append(f"night {night}, killed: {'; '.join(found)}")
                continue
            night_of(park, policy, moment)
            cost = cpu() - begun
            found = [*wrong(park, account), *wrong_list(park, account, moment.date()), *wrong_statistics(park, account)]
            if found:
                faults.append(f"night {night}: {'; '.join(found)}")
            scratch = Path(folder) / "scratch"
            if night % 5 == 0:
                rebuilds += 1
                if night % 10:
                    words, differing = "made again from raw/", rebuilt_differs(park, scratch)
                else:
                    words, differing = "restored from the backup", restored_differs(park, scratch, policy, moment)
                if differing:
                    faults.append(f"night {night}: {words}, {', '.join(differing)} differ")
            if len(nights(park.settings)) > 1 and draw.random() < 0.1:
                rollback(park.settings)
                rollbacks += 1
                if found := wrong_places(park):
                    faults.append(f"night {night}, rolled back: {'; '.join(found)}")
            rows = sum(len(park.staged(subject)) for subject in SUBJECTS)
            kept = size(park.home / "published")
            costs.append((cost, size(park.raw), kept, size(park.home) - size(park.raw) - kept, rows))
        sweep(park.settings, keep_days=0)
        if left := [str(path.relative_to(home)) for path in home.rglob("*.part*")]:
            faults.append(f"left over: {', '.join(left)}")
    print(
        f"{nights_done} nights, {kills} kills, {left_killed} nights left as they were killed, {rollbacks} rollbacks, "
        f"{rebuilds} made again, {len(account.first_shown)} rows of the work list, {len(account.released)} numbers of the "
        f"public; {len(faults)} wrong"
    )
    print("\n".join(faults))
    print_costs(costs)
    print(f"{cpu():.0f} CPU s in all")
    raise SystemExit(bool(faults))


if __name__ == "__main__":
    main()
