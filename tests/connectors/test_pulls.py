"""Sources that are asked night after night: what is known afterwards is what they hold, whatever happened between two pulls.

The truth of each sequence is in the source itself: number → fen.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.credentials import Credentials
from connectors.landing import land
from tests.conftest import PAYMENTS, PAYMENTS_SQL, Park, day
from tests.connectors.sources.test_http_api import Request, Server
from warehouse import acceptance, loader
from warehouse.batches import pending
from warehouse.confirmation import Confirmation
from warehouse.connection import settle_before_landing, writer
from warehouse.errors import DeliveryRefused
from warehouse.rebuild import rebuild

SHANGHAI = ZoneInfo("Asia/Shanghai")
Known = dict[str, int]


def known(park: Park) -> Known:
    with writer(park.settings) as connection:
        found = connection.execute(
            "select payment_no, (paid_amount * 100)::bigint from staged.tax_payment where superseded_at is null"
        ).fetchall()
    return dict(found)


def at(number: float) -> str:
    """A moment as the office writes it."""
    return f"{day(number).astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"


# --- a database -------------------------------------------------------------------------------------------------------


def held(park: Park) -> Known:
    with sqlite3.connect(park.offices / "tax.db") as database:
        found = database.execute("select 税票号码, 金额_分 from 入库").fetchall()
    database.close()
    return dict(found)


def _late(park: Park) -> None:
    park.pay("S50", 500, at(1), payer="T2")


def _moved_to_utc(park: Park) -> None:
    park.change("payments", "overlap: 2 days", "overlap: 2 hours")
    park.pay("S50", 500, f"{day(5.1):%Y-%m-%d %H:%M:%S}", payer="T2")


def _changed_in_silence(park: Park) -> None:
    """Somebody corrects an amount, and no trigger sets the time of the change."""
    park.tax_database("update 入库 set 金额_分 = 333 where 税票号码 = 'S03'")


@pytest.mark.parametrize("change", [_late, _moved_to_utc, _changed_in_silence])
def test_a_row_below_the_cursor_comes_all_the_same(park: Park, change: Callable[[Park], None]) -> None:
    for number in range(1, 11):
        park.pay(f"S{number:02}", 100 * number, at(0.4 + number / 2), payer=f"T{number % 3 + 1}")
    park.sync("payments", day(6))
    assert known(park) == held(park)
    change(park)
    park.pay("S60", 600, at(6.5))
    park.sync("payments", day(7))
    assert known(park) == held(park)
    assert park.sync("payments", day(8)) == [] or known(park) == held(park)


def _retype(park: Park, kind: str) -> None:
    park.tax_database("drop table if exists 原表")
    park.tax_database("alter table 入库 rename to 原表")
    park.tax_database(
        f"create table 入库 (税票号码 text primary key, 纳税人识别号 text, 征收项目 text, 所属期起 text, 所属期止 text, "
        f"入库日期 text, 金额_分 {kind}, 经办人 text, 记录时间 timestamp)"
    )
    park.tax_database("insert into 入库 select * from 原表")


@pytest.mark.parametrize("kind", ["numeric", "decimal(18, 2)", "real", "double", "integer"])
def test_a_figure_of_any_type_that_changes_in_silence_comes(park: Park, kind: str) -> None:
    _retype(park, kind)
    for number in range(1, 11):
        park.pay(f"S{number:02}", 100 * number, at(0.4 + number / 2), payer=f"T{number % 3 + 1}")
    park.sync("payments", day(6))
    _changed_in_silence(park)
    park.sync("payments", day(7))
    assert known(park) == held(park)


def test_a_mark_of_void_rows_that_cannot_be_read_costs_its_row(park: Park) -> None:
    """No column of the subject takes the mark, so that it is declared `ignored`; stage.sql goes by it all the same."""
    query = "select *, case 税票号码 when 'S2' then 1 when 'S3' then 'ja' else 0 end as 作废 from 入库"
    declared = PAYMENTS.replace("table: 入库", f'query: "{query}"\n  types: {{作废: boolean, 记录时间: timestamp}}')
    declared = declared.replace("记录时间: ignored", "记录时间: ignored\n  作废: ignored").replace(
        "_pct: 10", "_pct: 40"
    )
    for number in (1, 2, 3):
        park.pay(f"S{number}", 100 * number, at(0.5))
    sql = "\n, case when 作废 then '作废' end as skip_because\nfrom delivery"
    park.declare("payments", declared, PAYMENTS_SQL.replace("\nfrom delivery", sql))
    park.sync("payments", day(1))
    assert known(park) == {"S1": 100}
    ((reason,),) = park.ask("select reason from ops.quarantine")
    assert reason.startswith("作废 holds text, which does not fit the column's type bool")


def test_a_wider_query_brings_what_it_did_not_ask_for_before(park: Park) -> None:
    park.change(
        "payments",
        "table: 入库",
        "query: \"select * from 入库 where 纳税人识别号 = 'T1'\"\n  types: {记录时间: timestamp}",
    )
    for number in range(1, 11):
        park.pay(f"S{number:02}", 100 * number, at(0.4 + number / 2), payer="T1" if number > 1 else "T2")
    park.sync("payments", day(6))
    assert len(known(park)) == 9
    park.change("payments", "纳税人识别号 = 'T1'", "纳税人识别号 in ('T1', 'T2')")
    park.sync("payments", day(7))
    assert known(park) == held(park)


@pytest.mark.parametrize(
    ("before", "now", "stops"),
    [
        ("bigint", "decimal(18, 2)", True),  # fens became yuan
        ("decimal(18, 2)", "decimal(18, 0)", True),  # rounded there
        ("decimal(18, 2)", "decimal(20, 4)", False),
        ("integer", "bigint", False),
        ("text", "bigint", False),
    ],
)
def test_figures_with_other_places_than_before_stop(park: Park, before: str, now: str, stops: bool) -> None:
    """1 yuan in a column that held fens is a fen; of two rows no size shows it."""
    _retype(park, before)
    park.pay("S1", 100, at(0.5))
    park.sync("payments", day(1))
    _retype(park, now)
    park.pay("S2", 200, at(1.5))
    if stops:
        with pytest.raises(
            DeliveryRefused, match=r"金额_分 is \S+ and was \S+: another unit, or rounded, in 2 of 2 rows"
        ):
            park.sync("payments", day(2))
        park.sync("payments", day(2), confirmation=Confirmation("tester", "the bureau says so"))
    else:
        park.sync("payments", day(2))
    assert known(park) == held(park)
    park.pay("S3", 300, at(2.5))
    park.sync("payments", day(3))
    assert known(park) == held(park)


# --- an API -----------------------------------------------------------------------------------------------------------


class Api:
    """An API over payments, in pages of five, by the time of their last change."""

    def __init__(self, park: Park, **options: Any) -> None:
        self.park, self.rows, self.server = park, list[dict[str, Any]](), Server()
        self.server.answer = self.answer
        self.declare(**options)

    def declare(self, **options: Any) -> None:
        source = {
            "protocol": "http_api",
            "connection": "none",
            "path": "/payments",
            "pagination": "page",
            "since_param": "since",
            "until_param": "until",
            "time_format": "%Y-%m-%d %H:%M:%S",
            "clock": "Asia/Shanghai",
            **options,
        }
        head, _, rest = PAYMENTS.partition("source:")
        rest = rest[rest.index("replaces:") :]
        declared = f"{head}source: {json.dumps(source)}\n{rest}".replace(
            "recorded_at: 记录时间", "recorded_at: 记录时间\nclock: Asia/Shanghai"
        )
        self.park.declare("payments", declared, PAYMENTS_SQL)

    def pay(self, number: str, fen: int, recorded: str, district: str = "A") -> None:
        self.rows = [row for row in self.rows if row["税票号码"] != number]
        self.rows.append(
            {
                "税票号码": number,
                "纳税人识别号": "T1",
                "征收项目": "增值税",
                "所属期起": "2026-01-01",
                "所属期止": "2026-01-31",
            }
            | {"入库日期": "2026-02-10", "金额_分": fen, "记录时间": recorded, "经办人": "", "district": district}
        )

    def answer(self, request: Request) -> Any:
        asked = request.params
        found = [
            {name: value for name, value in row.items() if name != "district"}
            for row in self.rows
            if asked.get("since", "") <= row["记录时间"] <= asked.get("until", "9")
            and row["district"] in asked.get("district", "A")
        ]
        return found[5 * int(asked["page"]) - 5 : 5 * int(asked["page"])]

    def sync(self, until: datetime, now: datetime | None = None) -> None:
        feed = self.park.feed("payments")
        settle_before_landing(self.park.settings, "payments")
        login: Credentials = self.server.credentials
        if land(feed, self.park.raw, run_id="run", until=until, now=now or until, credentials=login):
            waiting = pending(self.park.raw, "payments")
            with writer(self.park.settings) as connection:
                loader.stage(connection, feed, waiting, time_zone=SHANGHAI)
                acceptance.accept(connection, feed, waiting, now=now or until)

    @property
    def held(self) -> Known:
        return {row["税票号码"]: row["金额_分"] for row in self.rows}


@pytest.fixture
def api(park: Park) -> Iterator[Api]:
    found = Api(park)
    for number in range(1, 11):
        found.pay(f"S{number:02}", 100 * number, at(0.5))
    found.sync(day(1))
    assert known(park) == found.held
    yield found
    found.server.http.shutdown()
    found.server.http.server_close()


def test_a_payment_that_changes_while_pages_are_read(api: Api, park: Park) -> None:
    """It leaves the interval, and pulls the first of page 2 to page 1, which was read."""
    for number in range(11, 22):
        api.pay(f"S{number:02}", 100 * number, at(1.5))
    asked = len(api.server.requests)

    def answer(request: Request) -> Any:
        if len(api.server.requests) == asked + 2:
            api.pay("S12", 99, at(2.5))
        return api.answer(request)

    api.server.answer = answer
    api.sync(day(2))
    api.sync(day(3))
    assert known(park) == api.held


def test_a_past_night_that_is_run_later_moves_no_watermark(api: Api, park: Park) -> None:
    api.pay("S11", 1100, at(1.2))
    api.pay("S12", 1200, at(2.2))
    api.sync(day(3))
    api.pay("S13", 1300, at(3.3))
    api.sync(day(2), now=day(3.6))
    api.sync(day(4))
    assert known(park) == api.held


def test_a_correction_after_a_clock_that_was_ahead(api: Api, park: Park) -> None:
    """What was seen at the third day was not recorded five hours later."""
    api.declare(until_param="to")
    api.pay("S11", 1100, at(3.2))
    api.sync(day(3))
    assert known(park) == api.held
    api.pay("S11", 1110, at(3.1))
    api.sync(day(4))
    assert known(park) == api.held


@pytest.mark.parametrize("has_times", [True, False])
def test_a_payment_that_is_marked_as_deleted(api: Api, park: Park, has_times: bool) -> None:
    """A pull of what changed hears of a deletion by its mark alone."""
    sql = PAYMENTS_SQL.replace(
        "from delivery", ", case when 经办状态 = '1' then '已删除' end as withdrawn_because\nfrom delivery"
    )
    park.change("payments", "  记录时间: ignored", "  记录时间: ignored\n  经办状态: ignored\noptional: [经办状态]")
    if not has_times:
        park.change("payments", "recorded_at: 记录时间\nclock: Asia/Shanghai\n", "")
    (park.feed_folder / "payments" / "stage.sql").write_text(sql, encoding="utf-8")

    def mark(number: str, fen: int, recorded: str, sign: str) -> None:
        api.pay(number, fen, recorded)
        api.rows[-1]["经办状态"] = sign

    mark("S03", 300, at(1.5), "1")
    mark("S99", 9900, at(1.5), "1")
    api.sync(day(2))
    left = {number: fen for number, fen in api.held.items() if number not in ("S03", "S99")}
    assert known(park) == left
    api.sync(day(3))
    assert known(park) == left
    mark("S03", 333, at(3.5), "0")
    api.sync(day(4))
    assert known(park) == left | {"S03": 333}
    columns = "payment_no, paid_amount, batch_id, superseded_at"
    before = park.ask(f"select {columns} from staged.tax_payment order by all")
    rebuild(park.settings, [park.feed("payments")])
    assert park.ask(f"select {columns} from staged.tax_payment order by all") == before


def test_other_parameters_bring_what_was_not_asked_for_before(api: Api, park: Park) -> None:
    api.pay("S11", 1100, at(0.2), district="B")
    api.declare(params={"district": "AB"})
    api.sync(day(2))
    assert known(park) == api.held
