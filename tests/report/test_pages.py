"""What the pages of the park, the enterprises, trade, the data's quality and the dictionary show of a park of a few rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from expectations.rule import read_rule
from report import dictionary, enterprises, park, quality, trade
from report.source import Page, Source
from report.words import codes
from tests.report.conftest import Rows

MakeSource = Callable[[Rows], Source]
ONE, OTHER = "E00000000000000a", "E00000000000000b"
SEPTEMBER, OCTOBER, YEAR_BEFORE = date(2026, 9, 1), date(2026, 10, 1), date(2025, 10, 1)


def by_path(pages: Any) -> dict[str, Page]:
    return {page.path: page for page in pages}


# --- the park -------------------------------------------------------------------------------------------------------


def month_of_park(month: date, signal: str, **more: Any) -> tuple[str, dict[str, Any]]:
    row = {"month": month, "signal_code": signal, "period_months": 1, "is_provisional": False}
    return "snapshots.park_month", row | more


def test_the_parks_charts_are_signed_ordered_and_said_in_words(source_of: MakeSource) -> None:
    flows = {"open_value": 10, "move_in_value": 0, "expand_value": 5, "close_value": 4, "contract_value": 2}
    known = {"creation_value": 15, "destruction_value": 1234}
    found = park.pages(
        source_of(
            [
                month_of_park(SEPTEMBER, "headcount", **flows, **known),
                # the last month that both are known of is said
                month_of_park(OCTOBER, "headcount", creation_value=9, destruction_value=None, move_out_value=3),
                month_of_park(YEAR_BEFORE, "tax_received", total_value=500_000),
                month_of_park(SEPTEMBER, "tax_received", total_value=900_000),
                month_of_park(OCTOBER, "tax_received", total_value=700_000),
                month_of_park(OCTOBER, "tax_received_cit", total_value=300_000, is_provisional=True),
                month_of_park(OCTOBER, "tax_received_vat", total_value=400_000),
                month_of_park(SEPTEMBER, "tax_received_vat", total_value=0),
            ]
        )
    )
    shown = by_path(found)["index.html"].shown
    assert sorted(shown["rows"]["jobs"]) == [
        [SEPTEMBER, "close", -4],
        [SEPTEMBER, "contract", -2],
        [SEPTEMBER, "expand", 5],
        [SEPTEMBER, "open", 10],
        [OCTOBER, "move_out", -3],
    ]
    assert shown["captions"]["jobs"][1].startswith("2026-09: 15 gained, 1,234 lost.")
    kinds = list(codes("tax_kind_code"))
    assert shown["rows"]["tax"] == sorted(
        [[OCTOBER, "vat", 400_000, 500_000, ""], [OCTOBER, "cit", 300_000, 500_000, "provisional"]],
        key=lambda row: kinds.index(str(row[1])),
    ), "in the order of the codes, each with the park's total of the year before"
    assert shown["captions"]["tax"][1] == (
        "2026-10: 70.0 (10,000 yuan), a year before 50.0; highest 90.0 (2026-09), lowest 50.0 (2025-10)"
    )


def building(code: str, month: date, lettable: int | None, leased: int | None, **more: Any) -> tuple[str, Any]:
    row = {"building_code": code, "month": month, "lettable_area_m2": lettable, "leased_area_m2": leased}
    return "snapshots.building_month", row | more


def test_occupancy_counts_what_is_measured_and_leases_fall_due_once(source_of: MakeSource) -> None:
    due = {"due_3m_area_m2": 10, "due_6m_area_m2": 10, "due_12m_area_m2": 25}
    found = park.pages(
        source_of(
            [
                building("B1", SEPTEMBER, 100, 100, **dict.fromkeys(due, 99)),
                building("B1", OCTOBER, 100, 50, building_name="一号楼", **due),
                building("B2", OCTOBER, 200, 0, due_3m_area_m2=None, due_6m_area_m2=7, due_12m_area_m2=7),
                building("B3", OCTOBER, 300, None),  # a building of unknown leases is no empty one
                building("unknown", OCTOBER, None, 40),
            ]
        )
    )
    shown = by_path(found)["index.html"].shown
    assert shown["rows"]["occupancy"] == [[SEPTEMBER, 100, 100, 100], [OCTOBER, Decimal("16.67"), 50, 300]]
    # of the last month; the area of 6 months has that of 3 months in it
    assert shown["rows"]["due"] == [["一号楼", "3", 10], ["一号楼", "12", 15], ["B2", "6", 7]]
    assert shown["captions"]["due"][1] == ("all buildings: within 3 months 10, 4 to 6 months 7, 7 to 12 months 15 m²")


def task(number: int, group: str, state: str) -> tuple[str, dict[str, Any]]:
    row = {"row_id": f"W{number}", "limit_group_code": group, "action_code": f"a_{group}", "rank_in_group": number}
    return "snapshots.work_list", row | {"work_state_code": state}


def test_the_parks_page_begins_the_work_that_waits(source_of: MakeSource) -> None:
    check = {"night_id": "night", "suite": "monthly.x", "object_name": "x", "observed": "", "message": ""}
    states = ("answered", "new", "later", "back", "new")
    rows: list[tuple[str, dict[str, Any]]] = [task(n, "call", state) for n, state in enumerate(states)]
    rows += [task(9, "answer", "new")]
    rows += [("signals.alert", {"enterprise_id": ONE, "alert_code": code}) for code in ("arrears", "arrears", "exit")]
    rows += [("snapshots.assessment", {"enterprise_id": str(n), "assessment_code": "dormant"}) for n in range(2)]
    for name, severity, success in (("a", "critical", True), ("b", "warning", False), ("c", "critical", False)):
        rows += [("ops.validation_result", check | {"check_name": name, "severity": severity, "success": success})]
    found = by_path(park.pages(source_of(rows)))
    shown = found["index.html"].shown
    # two of a kind, what came back before what is new; what is answered or put off does not wait
    assert [one["row_id"] for one in shown["first"]] == ["W9", "W3", "W1"]
    assert (shown["task_count"], shown["alert_count"]) == (4, 3)
    assert shown["checks"] == {"check_count": 3, "failed_count": 1, "warned_count": 1}
    assert shown["rows"]["assessment"] == [["dormant", 2]], "no bar for what no enterprise is"
    zh, en = codes("assessment_code")["dormant"]
    assert shown["captions"]["assessment"] == (f"{zh} 2", f"{en} 2")
    assert [row["row_id"] for row in found["worklist.html"].shown["tasks"]] == ["W9", "W3", "W1", "W4", "W2", "W0"]
    assert [code for code, _ in found["worklist.html"].shown["actions"]] == ["a_answer", "a_call"]
    assert [code for code, _ in found["alerts.html"].shown["alert_codes"]] == ["arrears", "exit"]


def test_a_park_of_which_nothing_is_known_has_no_figures(source_of: MakeSource) -> None:
    source = source_of([])
    source.connection.execute("delete from snapshots.park_current")
    shown = by_path(park.pages(source))["index.html"].shown
    assert (shown["figures"], shown["month"], shown["rows"]["due"]) == ([], None, [])
    assert shown["captions"]["assessment"] is None
    assert "jobs" not in shown["captions"]


# --- enterprises ----------------------------------------------------------------------------------------------------


def known_enterprise(key: str, name: str | None, short: str | None, **more: Any) -> Rows:
    yield "snapshots.enterprise_current", {"enterprise_id": key, "enterprise_name": name, "feed_count": 1} | more
    yield "snapshots.enterprise_label", {"enterprise_id": key, "enterprise_name": name, "short_name": short}
    yield "resolved.enterprise", {"enterprise_id": key, "enterprise_name": name}


def signal(month: date, code: str, value: int, **more: Any) -> tuple[str, dict[str, Any]]:
    row = {"enterprise_id": ONE, "signal_code": code, "month": month, "period_months": 1, "value": value}
    return "signals.signal", row | {"is_provisional": False} | more


def an_enterprise() -> Rows:
    yield from known_enterprise(ONE, "甲有限公司", "甲", insured_headcount=12, headcount_change_12m_pct=Decimal("8.5"))
    yield from known_enterprise(OTHER, None, None)
    for name in ("甲有限公司", "老甲有限公司"):
        yield "resolved.enterprise_name", {"enterprise_id": ONE, "enterprise_name": name}
    yield "signals.alert", {"enterprise_id": ONE, "alert_code": "arrears"}
    yield "snapshots.assessment", {"enterprise_id": ONE, "assessment_code": "dormant"}
    yield signal(SEPTEMBER, "headcount", 10)
    yield signal(OCTOBER, "headcount", 12, is_provisional=True)
    yield signal(OCTOBER, "sales", 70_000, period_months=3)
    yield signal(OCTOBER, "tax_vat", 20_000)
    yield signal(OCTOBER, "tax_cit", 10_000)
    yield signal(SEPTEMBER, "tax_cit", 50_000)
    yield signal(YEAR_BEFORE, "tax_cit", 0)
    yield signal(OCTOBER, "tax_of_no_kind", 1)
    suspect = {"enterprise_id": ONE, "signal_code": "headcount", "month": SEPTEMBER, "period_months": 1}
    yield "signals.plausibility", suspect
    for standing, predecessor, successor in (
        ("fact", ONE, OTHER),
        ("fact", OTHER, ONE),
        ("candidate", ONE, OTHER),
    ):
        yield "signals.succession", {
            "predecessor_enterprise_id": predecessor, "successor_enterprise_id": successor, "succession_code": "merged",
            "standing_code": standing, "effective_month": OCTOBER,
        }  # fmt: skip
    yield "snapshots.presence", {
        "enterprise_id": ONE, "is_registered": True, "is_known_to_register": True, "is_leasing": False,
        "is_known_to_property": True, "last_lease_month": SEPTEMBER, "is_paying_tax": None, "is_known_to_tax": False,
    }  # fmt: skip


def test_an_enterprise_has_its_charts_events_and_silos(source_of: MakeSource) -> None:
    found = by_path(enterprises.pages(source_of(an_enterprise())))
    assert set(found) == {"enterprises.html", f"enterprise/{ONE}.html", f"enterprise/{OTHER}.html"}
    one, other = found[f"enterprise/{ONE}.html"], found[f"enterprise/{OTHER}.html"]
    rows = one.shown["rows"]
    assert rows["headcount"] == [[SEPTEMBER, 10, "suspect"], [OCTOBER, 12, "provisional"]]
    assert rows["sales"] == [[OCTOBER, 70_000, 3, ""]], "with the months that the sum is of"
    kinds = [code for code in codes("tax_kind_code") if code in ("vat", "cit")]
    values = {"vat": 20_000, "cit": 10_000}
    expected = [[SEPTEMBER, "cit", 50_000, ""], *([OCTOBER, kind, values[kind], ""] for kind in kinds)]
    assert rows["tax"] == expected, "by month and kind; nothing for a month of zero or a code of no kind"
    assert one.shown["captions"]["tax"][1].startswith("2026-10: 3.0 (10,000 yuan)"), "the kinds together"
    assert one.shown["captions"]["sales"][1].startswith("2026-10: 7.0 (10,000 yuan)")
    zh, en = codes("succession_code")["merged"]
    assert sorted(rows["events"]) == [
        [OCTOBER, (f"{zh}：承继自 ?", f"{en}: from ?")],
        [OCTOBER, (f"{zh}：由 ? 承继", f"{en}: to ?")],
    ]
    assert all(
        text[0].endswith("甲有限公司 承继") or text[0].endswith("承继自 甲有限公司")
        for _, text in other.shown["rows"]["events"]
    )
    assert one.shown["silos"][:3] == [
        ("registration", True, True, None),
        ("lease", False, True, SEPTEMBER),
        ("tax_payment", None, False, None),
    ]
    assert other.shown["silos"] == []
    figure = one.shown["figures"][0]
    assert (figure.value, figure.change) == ("12", Decimal("8.5"))


def test_the_list_of_enterprises_names_each(source_of: MakeSource) -> None:
    found = by_path(enterprises.pages(source_of(an_enterprise())))
    listed = {row["enterprise_id"]: row for row in found["enterprises.html"].shown["enterprises"]}
    assert listed[ONE]["other_names"] == ["老甲有限公司"]
    assert ([a["alert_code"] for a in listed[ONE]["alerts"]], listed[OTHER]["alerts"]) == (["arrears"], [])
    assert [code for code, _ in found["enterprises.html"].shown["assessments"]] == ["dormant"]
    one, other = found[f"enterprise/{ONE}.html"], found[f"enterprise/{OTHER}.html"]
    assert one.shown["names"] == {ONE: "甲", OTHER: OTHER}, "a short name, else the name, else the number"
    assert (one.heading, other.heading) == (("甲有限公司",) * 2, (OTHER, OTHER))
    assert (len(one.shown["alert"]), len(other.shown["alert"])) == (1, 0)


# --- trade ----------------------------------------------------------------------------------------------------------


def test_trade_says_until_when_and_draws_the_largest_ties(source_of: MakeSource) -> None:
    tenant = {"enterprise_id": ONE, "side_code": "buyer", "total_amount": 5, "dependence_level": "none"}
    partner = {"is_in_park": True, "buyer_key": "b", "seller_name": "卖方", "buyer_name": "买方", "months_active": 4}
    rows = [
        ("industry.dependence", tenant | {"until_month": OCTOBER}),
        ("industry.partner", partner | {"seller_key": "a", "trade_12m_amount": 5, "buyer_share_pct": 40}),
        ("industry.partner", partner | {"seller_key": "c", "trade_12m_amount": 7, "buyer_share_pct": 30}),
        ("industry.partner", partner | {"seller_key": "d", "trade_12m_amount": 0}),
        ("industry.partner", partner | {"seller_key": "e", "trade_12m_amount": 9, "is_in_park": False}),
    ]
    (page,) = trade.pages(source_of(rows))
    assert page.shown["until"] == OCTOBER
    assert [one["enterprise_id"] for one in page.shown["tenants"]] == [ONE]
    assert page.shown["rows"]["network"] == [["卖方", "买方", 7, 30, 4], ["卖方", "买方", 5, 40, 4]]
    (page,) = trade.pages(source_of([]))
    assert (page.shown["until"], page.shown["tenants"], page.shown["rows"]) == (None, [], {"network": []})


# --- quality --------------------------------------------------------------------------------------------------------


def failed(suite: str, name: str, severity: str, check: str, message: str = "") -> tuple[str, dict[str, Any]]:
    row = {"night_id": "night", "suite": suite, "object_name": name, "check_name": check, "severity": severity}
    return "ops.validation_result", row | {"success": False, "observed": "1", "message": message}


def test_a_check_that_fails_is_explained_in_both_languages(source_of: MakeSource) -> None:
    rule = next(path.stem for path in sorted(quality.RULES.glob("*.sql")))
    header = (quality.RULES / f"{rule}.sql").read_text(encoding="utf-8").splitlines()
    title_zh = header[0].partition(" | ")[2]
    source = source_of(
        [
            failed(f"rules.{rule}", rule, "critical", "A title", "it is so. Next: do this"),
            failed("monthly.headcount", "monthly.headcount", "critical", "key is unique"),
            failed("snapshots.park", "no_such_table", "warning", "a share"),
            failed("rules.gone", "gone", "warning", "Gone"),
            failed("rules.x", "../../secret", "warning", "Left"),
            ("ops.validation_result", failed("other.x", "x", "critical", "holds")[1] | {"success": True}),
        ]
    )
    (page,) = quality.pages(source)
    found = {row["check_name"]: row for row in page.shown["failed"]}
    assert set(found) == {"A title", "key is unique", "a share", "Gone", "Left"}
    assert found["A title"]["zh"] == title_zh
    assert found["A title"]["next"] == "do this"
    assert found["A title"]["why"][1].endswith("; the night is not published while it fails")
    assert len(found["A title"]["why"][1]) > 60, "the rule's own reason comes first"
    assert found["key is unique"]["zh"].endswith("：key is unique")
    assert found["key is unique"]["why"] == ("该检查不通过时数据不发布", "the night is not published while it fails")
    assert (found["a share"]["zh"], found["a share"]["next"]) == ("a share", "")
    assert found["a share"]["why"][1] == "it is reported, and stops nothing"
    for check in ("Gone", "Left"):
        assert (found[check]["zh"], found[check]["why"][1]) == (check, "it is reported, and stops nothing")
    assert {row["area"]: row["title"][1] for row in page.shown["suites"]} == {
        "rules": "rules across tables", "monthly": "monthly figures", "snapshots": "snapshots", "other": "other",
    }  # fmt: skip


def test_every_rule_s_header_is_read_to_its_end() -> None:
    for path in quality.RULES.glob("*.sql"):
        found, rule = quality._rule_header(path.stem), read_rule(path)
        assert (found["rule"], found["severity"]) == (f"{rule.check.name} | {rule.title_zh}", rule.check.severity)
        assert (found["why"], found["next step"]) == (rule.check.why, rule.check.next_step), path.name


def test_each_feed_has_its_months_and_its_own_clock(source_of: MakeSource) -> None:
    coverage = {"expected_count": 5, "reported_count": 4, "coverage_pct": 80, "is_provisional": False}
    feed = {"stale_days": 40, "title_en": "T", "title_zh": "标", "office": "o", "owner": "w"}
    source = source_of(
        [
            ("ops.feed", feed | {"feed": "a", "last_received_at": datetime(2026, 11, 9, 18)}),
            ("ops.feed", feed | {"feed": "b", "last_received_at": None}),
            ("monthly.coverage", coverage | {"feed": "a", "month": OCTOBER}),
            ("monthly.coverage", coverage | {"feed": "x", "month": SEPTEMBER}),
        ]
    )
    (page,) = quality.pages(source)
    assert page.shown["months"] == [SEPTEMBER, OCTOBER]
    one, other = page.shown["feeds"]
    assert [month and month["month"] for month in one["months"]] == [None, OCTOBER]
    assert other["months"] == []
    assert f"{one['received']:%Y-%m-%d %H:%M}" == "2026-11-10 02:00", "in the park's time"
    assert other["received"] is None


# --- the dictionary -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("comment", "title", "text"),
    [
        (
            "title: Staff | 人数\none row is: x\n一行是：一家企业",
            ("人数", "Staff"),
            ("一行是：一家企业", "one row is: x"),
        ),
        ("一行是：一家企业", ("t", "t"), ("一行是：一家企业", "一行是：一家企业")),
        ("plain words", ("t", "t"), ("plain words", "plain words")),
        (None, ("t", "t"), ("", "")),
        ("title: Staff\nx", ("t", "Staff"), ("x", "x")),
    ],
)
def test_a_tables_comment_is_divided_into_its_languages(
    comment: str | None, title: tuple[str, str], text: tuple[str, str]
) -> None:
    entry = dictionary._entry({"schema_name": "s", "table_name": "t", "comment": comment}, {})
    assert (entry["name"], entry["title"], entry["text"]) == ("s.t", title, text)


def test_a_table_has_the_name_of_its_chinese_view_where_it_has_no_other() -> None:
    row = {"schema_name": "s", "table_name": "t", "comment": "words"}
    assert dictionary._entry(row, {"s.t": "表", "s.u": "别"})["title"] == ("表", "t")
    assert dictionary._halves("staff | 人数：人") == ("人数：人", "staff")
    assert dictionary._halves("staff") == ("staff", "staff")


def test_the_dictionary_leads_from_a_column_to_what_is_made_from_it(source_of: MakeSource) -> None:
    found = by_path(dictionary.pages(source_of([])))
    entries = found["dictionary.html"].shown["entries"]
    schemas = list(dict.fromkeys(entry["schema_name"] for entry in entries))
    ordered = ["园区", "snapshots", "industry", "signals", "monthly", "resolved", "ops", "rules"]
    assert schemas[:8] == ordered
    assert len(found) == len(entries) + 1
    page = found["dictionary/monthly-headcount.html"]
    column = next(one for one in page.shown["shown"] if one["name"] == "insured_headcount")
    assert column["type"] == "bigint"
    assert column["meaning"][0] != column["meaning"][1]
    assert "signals.signal.value" in column["used_by"]
    for reader in page.shown["read_by"]:
        read = found[page.shown["pages_of"][reader]].shown["reads"] if reader in page.shown["pages_of"] else None
        assert read is None or "monthly.headcount" in read, reader
    assert all(entry["row_count"] is None for entry in entries if entry["schema_name"] == "园区")
