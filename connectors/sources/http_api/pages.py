"""Page after page until the API has no more, held to what it says there is."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from connectors.sources import Window
from connectors.sources.http_api.answers import (
    END,
    MOST_DIGITS,
    NOT_THERE,
    ROUND,
    as_json,
    as_text,
    find,
    follow,
    if_behind_the_end,
    is_end_page,
    is_last_by_flag,
    next_cursor,
    other_state,
    says_earlier,
    says_error,
    says_more,
    says_rest,
    what_it_says,
)
from connectors.sources.http_api.asking import Api
from connectors.sources.http_api.plan import Plan
from warehouse.errors import SourceError

# sent, read and rounded to seconds, the time of an answer is no older than that
_OF_AN_ANSWER: Final = timedelta(seconds=5)
# where a total that is no more than that is doubted: search engines stop counting at 10,000
_FEWEST_CUT: Final = 1_000
_HAS_HOURS: Final = re.compile("%[HIcXs]")
# that there is no such page, where one is looked for behind an empty one
_NO_SUCH_PAGE: Final = frozenset({400, 404, 416, 422})
# not 暂无权限, 没有数据权限, 无数据库连接
_NO_MORE: Final = re.compile(
    r"(?:没有|暂无|无)(?:更多|(?:更多)?(?:数据|记录)(?!权限|库|源|访问))|\bno more\b|\bno data\b(?! (?:access|permission))",
    re.IGNORECASE,
)


class CappedError(Exception):
    """The server gives smaller pages than were asked for: whether it counts them by its own size or by ours is unknown."""

    def __init__(self, size: Mapping[str, int]) -> None:
        super().__init__()
        self.size = size


class Moves:
    """Whether records moved from page to page while they were read.

    Attributes:
        fact: How that showed; None while nothing did.
        digest: What was read; None where it is known to be incomplete.
        repeats: How many records are on an earlier page, too.
    """

    def __init__(self) -> None:
        self.fact: str | None = None
        self.repeats = 0
        self._all = hashlib.sha256()
        self._is_whole = True
        self._pages: dict[int, int] = {}
        self._total: int | None = None

    @property
    def digest(self) -> bytes | None:
        """Of all that was read."""
        return self._all.digest() if self._is_whole else None

    def is_as(self, before: Moves | None) -> bool:
        """Whether the reading before gave the same."""
        return before is not None and self.digest is not None and self.digest == before.digest

    def has_all_of(self, before: Moves | None) -> bool:
        """Whether no record of the reading before is missing here, or none can be compared: all hold the time of asking."""
        if before is None:
            return False
        return before._pages.keys() <= self._pages.keys() or before._pages.keys().isdisjoint(self._pages)

    def read(self, page: int, records: list[Any]) -> bytes:
        """Note the records of a page; gives its digest."""
        whole = hashlib.sha256()
        for record in records:
            digest = hashlib.sha256(as_json(record).encode("utf-8", "surrogatepass")).digest()
            whole.update(digest)
            earlier = self._pages.setdefault(int.from_bytes(digest[:8], "big"), page)
            self.repeats += earlier != page
            if earlier != page and self.fact is None:
                self.fact = f"a record of page {earlier} is on page {page} too"
        self._all.update(whole.digest())
        return whole.digest()

    def note_total(self, total: int) -> None:
        """Note the total that a page states."""
        if self._total is not None and total != self._total:
            self.fact, self._is_whole = f"the total changed from {self._total} to {total}", False
        self._total = total


def read_pages(plan: Plan, api: Api, window: Window, moves: Moves) -> Iterator[list[Any]]:
    """Ask for page after page; ends when the API has no more or the total changes, stops where it does not add up."""
    params = {**plan.params, **plan.size, **_interval(plan, window)}
    seen: dict[bytes, int] = {}
    cursors = {str(params.get(plan.cursor_param))}
    rows, total = 0, None
    is_behind_empty = False
    ahead: list[Any] | None = None  # the records of what seems to be the last page
    beginning: Any = None  # the first answer
    url: str | None = None
    first = {"page": {plan.page_param: plan.first_page}, "offset": {plan.offset_param: 0}}
    params |= first.get(plan.pagination, {})
    for page in range(1, plan.max_pages + 1):
        if ahead is not None and _is_all(plan, api, params, page, rows, ahead):
            break
        ahead = None
        end = _NO_SUCH_PAGE if is_behind_empty and plan.end is None else plan.end
        answer, link = api.ask(url, params if url is None or plan.method == "POST" else {}, page, end)
        if page == 1 and plan.since_param in params and api.behind > plan.overlap + _OF_AN_ANSWER:
            # what was recorded after the last pull may have a time of before it
            params |= _interval(plan, window, api.behind)
            answer, link = api.ask(url, params, page, end)
        is_end = answer is END or (is_behind_empty and _says_no_more(plan, answer))
        records = [] if is_end else _records(plan, api, answer, page)
        if page == 1:
            beginning = answer
            _hold_to_beginning(plan, api, answer)
        elif not records and not is_end:
            _refuse_other_state(plan, api, beginning, answer, page)
        if page == 2 and plan.total is None:
            _hold_to_size(plan, rows, records)
        if records:
            # One digest a page: an API that ignores its parameters would otherwise be read for ever.
            digest = moves.read(page, records)
            if digest in seen:
                raise _repeats(api, page, seen[digest])
            seen[digest] = page
            yield records
        rows += len(records)
        # some count for the first page alone, and say 0 or null later
        is_counted = page == 1 or not records or find(answer, plan.total or "") not in (None, "", "0", "-1")
        if plan.total is not None and answer is not END and is_counted:
            total = _total(plan, api, answer)
            moves.note_total(total)
            if moves.digest is None:
                return
        # an offset that is counted before rows are taken out of a page gives some twice: they may not fill up the total
        is_last = not records or (total is not None and (rows == total or rows - moves.repeats >= total))
        if plan.pagination == "page" and total is None and not is_end:
            # a server that takes records out of its pages can have an empty one in the middle; so can one that is busy
            is_last, is_behind_empty = not records and is_behind_empty, not records
        if plan.pagination == "none":
            if not plan.is_one_answer and total is None:
                _refuse_a_part(api, answer, len(records), link)
            break
        if plan.pagination == "cursor":
            is_last = not _set_cursor(plan, api, params, answer, cursors, has_records=bool(records))
        elif plan.pagination == "link":
            target = find(answer, plan.next) if plan.next else link
            is_last, url = not target, api.next_page(str(target), url) if target else None
        else:
            # a total that counts the records of its page looks so, too, or one that ends at 10,000: the next page shows it
            is_doubtful = rows == total and (
                page == 1 or moves.repeats > 0 or (rows >= _FEWEST_CUT and ROUND.fullmatch(str(rows)))
            )
            ahead = records if records and is_doubtful else None
            is_last = is_last and ahead is None
            is_page = plan.pagination == "page"
            params |= {plan.page_param: plan.first_page + page} if is_page else {plan.offset_param: rows}
        if is_last or (records and isinstance(plan.end, Mapping) and is_end_page(plan.end, 200, answer)):
            break
    else:
        raise api.stop(f"more than {plan.max_pages} pages", "raise source.max_pages if there are that many")
    if total is not None:
        _hold_to_total(plan, api, rows - (moves.repeats if rows > total else 0), total)
    elif plan.pagination != "none" and plan.end is None:
        _refuse_rest(plan, api, beginning, answer, rows, page)


def _hold_to_beginning(plan: Plan, api: Api, answer: Any) -> None:
    if plan.pagination in ("page", "offset") and (said := says_earlier(answer)):
        raise api.stop(
            f"the first answer {said}: there are records before it",
            "correct source.first_page in feed.yml (0 where the API counts its pages from 0), or source.params",
        )


def _set_cursor(
    plan: Plan, api: Api, params: dict[str, Any], answer: Any, cursors: set[str], *, has_records: bool
) -> bool:
    """Set the cursor of the next page. Returns whether there is one.

    Raises:
        SourceError: It was used before, and nothing says that this was the last page.
    """
    after, used = next_cursor(answer, plan.next or ""), params.get(plan.cursor_param)
    if after is None or (used == after and (not has_records or is_last_by_flag(answer))):
        return False
    if after in cursors:
        which = "the one just used" if used == after else f"one that was used before ({after[:40]})"
        raise api.stop(f"the next cursor is {which}", "ask the office how its API says that it has no more")
    cursors.add(after)
    params[plan.cursor_param] = after
    return True


def _repeats(api: Api, page: int, earlier: int) -> SourceError:
    is_last_again = earlier == page - 1 > 1
    return api.stop(
        f"page {page} repeats page {earlier}",
        "if the API gives its last page again to whoever asks for one behind it, declare source.total, or as source.end what the last "
        "page says of itself, such as {isLastPage: true}; otherwise show the office this message"
        if is_last_again
        else "the API seems to ignore what asks for the next page: check source.pagination and its parameter",
    )


def _refuse_other_state(plan: Plan, api: Api, beginning: Any, answer: Any, page: int) -> None:
    """Stop at null in place of records under another code than page 1 has: too many requests, mostly."""
    said = other_state(beginning, answer)
    if said and find(answer, plan.records) is None and not plan.success and not _says_no_more(plan, answer):
        raise api.stop(
            f"page {page} has no records, and says {said}{what_it_says(answer)}",
            "ask the office what this means" + if_behind_the_end(page),
            is_passing=True,
        )


def _refuse_rest(plan: Plan, api: Api, beginning: Any, answer: Any, rows: int, page: int) -> None:
    """Stop where nothing asked for what the answers say that there is: by another name of the next cursor, or of empty pages."""
    is_counted = plan.pagination in ("page", "offset")
    said = says_rest(beginning, answer, rows, page, is_followed=is_counted or page > 1)
    if not said and page == 1 and plan.next and follow(answer, plan.next) is NOT_THERE:
        said = says_more(answer, rows, None)
    if said:
        where_to = "" if is_counted else "source.next, "
        raise api.stop(
            f"there are {rows} records on {page} page{'s' * (page > 1)}, and an answer {said}: there seem to be more",
            f"correct {where_to}source.pagination and its parameter in feed.yml, and declare source.total. If that number counts "
            "something else, declare as source.end what the answer behind the last page says, such as {data: []}",
            is_passing=True,
        )


def _refuse_a_part(api: Api, answer: Any, count: int, link: str | None) -> None:
    if said := says_more(answer, count, link):
        raise api.stop(
            f"there are {count} records in the answer, and it {said}: there seem to be more",
            "declare source.pagination in feed.yml, and source.total; or `pagination: none` if this one answer is all",
        )


def _hold_to_size(plan: Plan, rows: int, records: list[Any]) -> None:
    """Begin anew where the first page is shorter than asked for, but not the last, or its number is one at which servers cut pages off."""
    is_short = any(0 < rows < size for size in plan.size.values()) and not plan.is_size_given
    if is_short and plan.pagination == "page" and (records or ROUND.fullmatch(str(rows))):
        raise CappedError(dict.fromkeys(plan.size, rows))


def _hold_to_total(plan: Plan, api: Api, rows: int, total: int) -> None:
    if rows > total:
        raise api.stop(
            f"{plan.path} gave {rows} records where {plan.total} is {total}",
            "it seems to count something else, pages perhaps: correct source.total in feed.yml, or ask the office",
            "as many records as the total",
        )
    if rows < total:
        raise SourceError(
            api.where,
            f"{plan.path} gave {rows} of {total} records",
            next_step="nothing was landed; the run tries again by itself. If it stays so, check source.pagination, "
            "and ask the office whether the login may see all records",
            is_passing=True,
        )


def _is_all(plan: Plan, api: Api, params: Mapping[str, Any], page: int, rows: int, last: list[Any]) -> bool:
    """Return whether there is nothing on a page: no records, the last ones again, or an answer that there is no page.

    Raises:
        SourceError: The page cannot be read. It may hold records: the total may count those of each page, or end at 10,000.
    """
    try:
        answer, _ = api.ask(None, params, page, 404 if plan.end is None else plan.end)
    except SourceError as error:
        if rows < _FEWEST_CUT:
            raise
        raise api.stop(
            f"there are {rows} records, a number at which servers stop counting, and none behind it can be asked for ({error.fact})",
            "ask for a shorter time (source.since_param), or by source.pagination: cursor",
            is_passing=error.is_passing,
        ) from None
    if answer is END or _says_no_more(plan, answer):
        return True
    return _records(plan, api, answer, page) in ([], last)


def _says_no_more(plan: Plan, answer: Any) -> bool:
    return not find(answer, plan.records) and bool(_NO_MORE.search(what_it_says(answer)))


def _interval(plan: Plan, window: Window, behind: timedelta = timedelta()) -> dict[str, str]:
    found = {}
    if plan.since_param and window.since is not None:
        # of days alone it is unknown whether the API counts the day itself
        is_day = plan.time_format == "date" or ("%" in plan.time_format and not _HAS_HOURS.search(plan.time_format))
        early = max(plan.overlap, behind) + timedelta(days=is_day)
        found[plan.since_param] = _time_text(plan, window.since - early)
    if plan.until_param:
        found[plan.until_param] = _time_text(plan, window.until)
    return found


def _time_text(plan: Plan, moment: datetime) -> str:
    local = moment.astimezone(plan.clock)
    if plan.time_format == "iso":
        return local.isoformat()
    if plan.time_format == "date":
        return local.date().isoformat()
    if plan.time_format == "epoch":
        return str(int(moment.timestamp()))
    if plan.time_format == "epoch_ms":
        return str(int(moment.timestamp() * 1000))
    return local.strftime(plan.time_format)


def _records(plan: Plan, api: Api, answer: Any, page: int) -> list[Any]:
    for path, wanted in plan.success.items():
        found = find(answer, path)
        if as_text(found) != as_text(wanted):
            fact = f"the answer's {path} is {as_text(found)!r}{what_it_says(answer)}"
            # YAML reads 00000 as the number 0, and yes as true
            is_other_type = not isinstance(wanted, str) and isinstance(found, str)
            quoted = (
                f"write '{as_text(found)}' in quotes in feed.yml if that means that all is well; otherwise "
                * is_other_type
            )
            raise api.stop(
                fact, f"{quoted}ask the office what this means{if_behind_the_end(page)}", repr(as_text(wanted))
            )
    records = follow(answer, plan.records)
    if not plan.success and (said := says_error(answer)):
        more = what_it_says(answer)
        raise api.stop(
            f"the answer says {said}{'' if more == f' ({said})' else more}",
            "ask the office what this means; declare what a good answer says as source.success in feed.yml"
            + if_behind_the_end(page),
            "an answer that says that all is well",
        )
    if isinstance(records, list):
        return records
    if records is None and (page > 1 or (plan.total is not None and find(answer, plan.total) == "0")):
        return []
    what = "is not there" if records is NOT_THERE else f"is {'null' if records is None else 'not a list'}"
    there = f"; the answer has {', '.join(map(str, answer)) or 'nothing'}" if isinstance(answer, dict) else ""
    raise api.stop(
        f"{plan.records or 'the answer'} {what}{there}{what_it_says(answer)}",
        "correct source.records in feed.yml, or ask the office what this answer means",
        "a list of records",
    )


def _total(plan: Plan, api: Api, answer: Any) -> int:
    found = find(answer, plan.total or "")
    found = re.sub(r"\.0+$", "", found) if isinstance(found, str) else found  # 25.0, as Lua and JavaScript may write it
    if not isinstance(found, str) or not found.isdecimal() or len(found) > MOST_DIGITS:
        raise api.stop(
            f"{plan.total} is {(as_text(found) or 'null')[:200]!r}",
            "correct source.total in feed.yml",
            "a number of records",
        )
    return int(found)
