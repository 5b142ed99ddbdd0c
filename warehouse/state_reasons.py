"""Why a row cannot be used by what a column that is not used says of it: void, never done, taken back, ended, of another kind.

Such a column feeds nothing, and neither stage.sql nor a fact names it. A word that all rows have is not a reason,
but for amounts and ends.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from unicodedata import normalize

import duckdb

from warehouse.connection import literal, quote
from warehouse.staged_feed import StagedFeed

VOID_ROW = (
    " says that the row does not count, and stage.sql does not look at it: let it skip such rows (skip_because): "
)
TAKEN_BACK = (
    " says that the amount is taken back or of the other side, and it is positive: let stage.sql turn its sign: "
)
HAS_ENDED = (
    " says that it has ended or is not there, and its days do not: ask the office for the day, or let stage.sql read the column "
    "(skip_because): "
)
NO_USE = " says that the figure is no energy or water that was used: let stage.sql skip such rows (skip_because): "
OTHER_ITEM = " differs in rows that are equal otherwise, of which one would count: let stage.sql add them up, or name the column there: "
_MOST_WORDS = 30
# 参保状态, 作废标志, is_deleted, 审批结果, 支付状态, 操作类型, 是否最新
_OF_STATES = re.compile(
    r"状态|标[志识记]|作废|删除|有效|停保|审[批核]|流程|结果|操作类?型?$|变更类型|版本|是否(?:最新|当前)|最新"
    r"|情况|在租|在园|退租|终止|active|delete|status|state$|valid|void|cancel|^op(?:eration|_?type)?$",
    re.IGNORECASE,
)
# what says that the row is none, and what does so in a column that asks for it alone
_VOID = re.compile(
    r"已?作废|已删除|已?停保|已?退保|(?:暂停|中断|停止)(?:缴费|参保)|deleted?|void(?:ed)?|变更前|旧(?:版本?|数据|记录)|历史(?:版本|记录)",
    re.IGNORECASE,
)
# so is what has ended, where a subject says it by a day
_NOT_VALID = re.compile(r"无效|已?失效|invalid", re.IGNORECASE)
_ENDS = {"end_date", "terminated_date", "valid_until_date", "cancelled_date"}
_ASKS = re.compile(r"作废|删除|无效|deleted?|void|cancel", re.IGNORECASE)
_YES = re.compile(r"1|是|√|y|yes|true|t", re.IGNORECASE)
_ASKS_VALID = re.compile(r"有效(?!期|日)|(?<!in)valid(?!_?(?:from|until|to|date))", re.IGNORECASE)
_ASKS_LATEST = re.compile(r"最新|是否当前|latest", re.IGNORECASE)
_NO = re.compile(r"0|否|×|n|no|false|f", re.IGNORECASE)
_OF_CHANGES = re.compile(r"操作|^op", re.IGNORECASE)
_A_DELETION = re.compile(r"d|del|删除?", re.IGNORECASE)
# of an application that was refused or taken back (钉钉, 企业微信); not of firms, of which 撤销 is a state of the register
_REFUSED = re.compile(
    r"(?:审[批核]|流程)?(?:已?(?:被?拒绝?|驳回|撤销|撤回|取消)|(?:未|不)通过|不同意|退回修改)|草稿|已?取消|rejected|cancell?ed|draft",
    re.IGNORECASE,
)
_OF_FIRMS = {"status_code", "floor_area_m2", "people_entry_count", "used_quantity"}
# a payment that was not made; a contract that is not signed
_NOT_PAID = re.compile(
    r".{0,4}失败.*|(?:待|未|尚未)(?:支付|缴[款费税]?|扣款|付款)|已?退[款回]|处理中|支付中|unpaid|failed|refunded",
    re.IGNORECASE,
)
_NOT_SIGNED = re.compile(r"[待未拟]签[署约订]?|审批中|待审批|[未待]生效|意向")
# 已退租 in the middle of a lease, 已办结 without a day, a building that is pulled down
_ENDED = {
    "terminated_date": (
        re.compile(
            r"已?退[租房]|已?终止|已?解[除约]|(?:提前|中途)(?:解约|退租|终止|解除)|已?(?:搬离|搬走|迁出|清退)|已?结束"
        ),
        "terminated_date is null and (end_date is null or end_date > {day})",
    ),
    "closed_date": (
        re.compile(r"已?办结|已?关闭|已?(?:完成|解决|答复)|已?完结|closed|done", re.IGNORECASE),
        "closed_date is null and need_outcome_code is null",
    ),
    "valid_until_date": (
        re.compile(r"已?下架|已?过期|已?停用|已?关闭"),
        "valid_until_date is null or valid_until_date > {day}",
    ),
    "completed_date": (
        re.compile(r"已?拆除|已?拆迁|[在拟未]建|规划中?|筹建|停建"),
        "completed_date is null or completed_date <= {day}",
    ),
}
_ASKS_ENDED = re.compile(r"退租|终止|解[约除]|terminated", re.IGNORECASE)
_ASKS_GOING = re.compile(r"在租|在园|(?<!in)active", re.IGNORECASE)
_BACK = re.compile(r"退[税库款费](?!.{0,2}标)|[红蓝]字|红冲|冲[正销红]|冲减|应?退|返还|refund|reversal", re.IGNORECASE)
_IS_BACK = re.compile(
    r".{0,4}退[税库款费]|应退|退|红字|红[冲票]|冲[正销红]|冲减|返还|refund(?:ed)?|reversal", re.IGNORECASE
)
# amounts that add up, and the columns that may say on which side a positive one is
_SIGNED = {
    "paid_amount": re.compile(
        r"类型|类别|种类|性质|业务|方式|标[志识记]|方向|借贷|红|冲|退|type|kind|dr_?cr", re.IGNORECASE
    ),
    "tax_due_amount": re.compile("退"),
}
_OF_SIDES = re.compile(r"借贷|方向|dr_?cr|debit", re.IGNORECASE)
_SIDES = {"借": "借", "借方": "借", "d": "借", "贷": "贷", "贷方": "贷", "c": "贷"}
# rows of a bill that are no use: reactive energy, energy fed in, the highest demand, fees
_IN_BILLS = re.compile(r"类型|类别|项目|示数|费用|名称|方向|type", re.IGNORECASE)
# not the name of who makes capacitors for it: 无功补偿设备厂, 无功科技有限公司
_IS_NO_USE = re.compile(r"(?!.*[限厂店技备]).*(?:无功|反向|需量|违约金|滞纳金|功率因数|力率|力调).*")
# 购销合同 and 资金账簿 of one stamp duty, two houses of one property tax
_OF_ITEMS = re.compile(r"品目|子目|税目|税源|房产|土地|应税凭证|项目")


def reject_states(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, until: datetime | None) -> None:
    """Reject rows of which a column that is not used says that they do not count as stage.sql counts them.

    Args:
        connection: With `delivery`, `candidate` and `rejected` of one delivery.
        feed: Its feed.
        until: When the pull ended (naive UTC); without it no day is compared with today.
    """
    subject = feed.subject.columns
    unused = unused_columns(feed)
    day = f"date {literal(str(until.date()))}" if until else "date '9999-12-31'"
    for column in filter(_OF_STATES.search, unused):
        words = words_of(connection, column)
        _reject_words(connection, column, words, VOID_ROW, _void_test(feed, column))
        for target, (_, condition) in _ENDED.items():
            if target in subject and (until or target != "completed_date"):
                test = _ended_test(column, target)
                _reject_words(connection, column, words, HAS_ENDED, test, condition.format(day=day), is_some=False)
    for amount, kinds in _SIGNED.items():
        for column in filter(kinds.search, unused if amount in subject else ()):
            words = words_of(connection, column)
            test = _back_test(column, words)
            _reject_words(connection, column, words, TAKEN_BACK, test, _not_taken_back(amount), is_some=False)
    for column in filter(_IN_BILLS.search, unused if "used_quantity" in subject else ()):
        _reject_words(connection, column, words_of(connection, column), NO_USE, _IS_NO_USE.fullmatch)
    for column in filter(_OF_ITEMS.search, unused if "tax_due_amount" in subject else ()):
        _reject_other_items(connection, feed, column)


def unused_columns(feed: StagedFeed) -> list[str]:
    """Landed columns that feed nothing, and that neither stage.sql nor a fact names, be it in a comment."""
    named = [feed.stage_sql, *feed.facts.values(), feed.recorded_at or ""]
    return [s for s in feed.landed_columns if not feed.columns.get(s) and not any(s in n for n in named)]


def words_of(connection: duckdb.DuckDBPyConnection, column: str) -> dict[str, int]:
    """The words of a column and how many rows have each; none where there are too many for a state."""
    text = f"{quote(column)}::varchar"
    found = connection.execute(
        f"select {text}, count(*) from delivery where {text} is not null group by 1 limit {_MOST_WORDS + 1}"
    ).fetchall()
    return dict(found) if len(found) <= _MOST_WORDS else {}


def _void_test(feed: StagedFeed, column: str) -> Callable[[str], object]:
    subject = feed.subject.columns
    tests = [_VOID]
    tests += [_YES] if _ASKS.search(column) else []
    tests += [_NO] if _ASKS_LATEST.search(column) else []
    tests += [_A_DELETION] if _OF_CHANGES.search(column) else []
    tests += [_REFUSED] if _OF_FIRMS.isdisjoint(subject) else []
    tests += [_NOT_PAID] if "paid_amount" in subject else []
    tests += [_NOT_SIGNED] if {"paid_amount", "lease_no"} & subject.keys() else []
    if _ENDS.isdisjoint(subject):
        tests += [_NOT_VALID, *([_NO] if _ASKS_VALID.search(column) else [])]
    return lambda text: any(test.fullmatch(text) for test in tests)


def _ended_test(column: str, target: str) -> Callable[[str], object]:
    tests = [_ENDED[target][0]]
    if target == "terminated_date":
        tests += [_YES] if _ASKS_ENDED.search(column) else []
        tests += [_NO] if _ASKS_GOING.search(column) else []
    if target in _ENDS:
        tests += [_NOT_VALID, *([_NO] if _ASKS_VALID.search(column) else [])]
    return lambda text: any(test.fullmatch(text) for test in tests)


def _back_test(column: str, words: Mapping[str, int]) -> Callable[[str], object]:
    """The test of words that take back: of debit and credit what fewer rows have."""
    if _OF_SIDES.search(column):
        rows = Counter[str]()
        for word, times in words.items():
            rows[_SIDES.get(word.strip().casefold(), "")] += times
        del rows[""]
        fewer = min(rows.values(), default=0)
        return lambda text: len(rows) > 1 and rows[_SIDES.get(text.casefold(), "")] == fewer
    return lambda text: _IS_BACK.fullmatch(text) or (_BACK.search(column) and _YES.fullmatch(text))


def _not_taken_back(amount: str) -> str:
    """As SQL, that an amount is positive and no row of its payer takes it back: that one is marked 冲销 as well."""
    return f"{amount} > 0 and (source_key, -{amount}) not in (select (source_key, {amount}) from candidate where {amount} < 0)"


def _reject_words(
    connection: duckdb.DuckDBPyConnection,
    column: str,
    words: Mapping[str, int],
    reason: str,
    is_one: Callable[[str], object],
    condition: str = "true",
    *,
    is_some: bool = True,
) -> None:
    """Reject rows with such words; with `is_some` not where all rows have them."""
    odd = [word for word in words if is_one(normalize("NFKC", word).strip())]
    if odd and not (is_some and len(odd) == len(words)):
        text = f"d.{quote(column)}::varchar"
        connection.execute(
            f"insert into rejected select d.row_number, {literal(column + reason)} || {text} from delivery as d "
            f"inner join candidate as c using (row_number) where list_contains(?, {text}) and c.skip_because is null "
            f"and ({condition}) group by d.row_number, {text}",
            [odd],
        )


def _reject_other_items(connection: duckdb.DuckDBPyConnection, feed: StagedFeed, column: str) -> None:
    """Reject equal rows of one fact that are of two items: as one they would lose an amount."""
    facts = ", ".join(f"c.{quote(c)}" for c in feed.subject.columns)
    text = f"d.{quote(column)}::varchar"
    connection.execute(
        f"insert into rejected select d.row_number, {literal(column + OTHER_ITEM)} || {text} from delivery as d "
        f"inner join candidate as c using (row_number) where c.skip_because is null and c.tax_due_amount <> 0 "
        f"window fact as (partition by {facts}) "
        f"qualify min({text}) over fact <> max({text}) over fact"
    )
