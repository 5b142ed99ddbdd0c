"""What the answer of an API says, of itself and of more: numbers as they came, errors with status 200, further pages."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

# 10, 20, 50, 100, …: where servers cut pages off; and, where nothing was said of pages, answers
ROUND: Final = re.compile("[125]0+")
_ANSWER_OF_MANY: Final = 100
MOST_DIGITS: Final = 18


class Number(str):
    """A number of the answer, as the API wrote it."""

    __slots__ = ()


def as_text(value: Any) -> str | None:
    """A value as it lands: numbers as they came, nested values as JSON."""
    if value is None or type(value) is str:
        return value
    return str(value) if isinstance(value, Number) else as_json(value)


def as_json(value: Any) -> str:
    """Write a value as JSON with its numbers as they came; the json module would put them in quotes."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{as_json(name)}: {as_json(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_json, value)) + "]"
    return str(value) if isinstance(value, Number) else json.dumps(value, ensure_ascii=False)


NOT_THERE: Final = object()
END: Final = object()
"""In place of an answer: there is no such page."""
# -1, 401, 50001, 9999, E0001, "fail": never what an answer says of itself when all is well
_ERROR_CODE: Final = re.compile(r"-\d+|[45]\d\d|[45]\d{4}|9{3,6}|E\d+|err(?:or)?|fail(?:ed|ure)?|false", re.IGNORECASE)
# how answers call what they say of themselves: isSuccess, flag; retCode, resultCode, err_code, state; errmsg, returnMsg
_STATE_NAME: Final = re.compile(r"(?:is_?)?(?:success(?:ful)?|ok)|flag", re.IGNORECASE)
# that a part is missing, on whatever page; isTruncated may only mean that there is a next one
_PART_NAME: Final = re.compile(r"(?:is_?)?(?:partial|incomplete)(?:_?results?)?|timed_?out", re.IGNORECASE)
_CODE_NAME: Final = re.compile(
    r"(?:(?:ret|rtn|result|return|resp|rsp|response|err|error|biz|sub|status|state)_?(?:code|no|status|state)|code|status|state|ret|err|result)",
    re.IGNORECASE,
)
_MESSAGE_NAME: Final = re.compile(r"\w*(?:msg|message|desc|reason)", re.IGNORECASE)
_ERROR_WORDS: Final = re.compile(
    r"失败|错误|出错|异常|无权|权限不足|未授权|未登录|过期|失效|无效(?!数据|记录)|用[完尽]|耗尽|降级|超时|繁忙|频繁|限流|稍[后候]再?试|(?:同步|更新|加载|维护)中"
    r"|\b(?:invalid|denied|expired|failed|failure|error|unauthori[sz]ed|forbidden|too many|rate limit)\b",
    re.IGNORECASE,
)
# 查询成功，仅返回前1000条: all is well with a part
_CUT_WORDS: Final = re.compile(
    r"截断|[仅只](?:返回|显示|查询)|超[过出].{0,12}(?:条|上限|限制)|\btruncated\b", re.IGNORECASE
)
_NO_ERROR_WORDS: Final = re.compile(r"成功|无错误|没有错误|\b(?:no errors?|success)\b", re.IGNORECASE)


# {"resp": {"head": {"rtnCode": …}}}
_DEPTH_OF_STATE: Final = 2


def find(answer: Any, path: str) -> Any:
    """Follow a dotted path; None where it leads nowhere."""
    found = follow(answer, path)
    return None if found is NOT_THERE else found


def follow(answer: Any, path: str) -> Any:
    """Follow a dotted path; NOT_THERE where it leads nowhere, which null is not."""
    for name in path.split(".") if path else ():
        if not isinstance(answer, dict) or name not in answer:
            return NOT_THERE
        answer = _unpacked(answer[name])
    return answer


def _unpacked(value: Any) -> Any:
    """A list or object that is in the answer as a text of JSON: {"data": "[{…}]"}."""
    if type(value) is not str or value[:1] not in ("[", "{"):
        return value
    try:
        return parsed(value)
    except (ValueError, RecursionError):
        return value


def says_error(answer: Any) -> str:
    """Give what an answer, or one of its parts, says where it seems to be an error: APIs report them with status 200."""
    if not isinstance(answer, dict):
        return ""
    parts = level = [answer]
    for _ in range(_DEPTH_OF_STATE):
        level = [value for part in level for value in part.values() if isinstance(value, dict)]
        parts = parts + level
    for part in parts[:_MOST_PARTS]:
        for name, value in part.items():
            text = "" if isinstance(value, dict | list) else (as_text(value) or "")
            is_error = (
                (_STATE_NAME.fullmatch(name) and text.casefold() in ("false", "n", "no"))
                or (_PART_NAME.fullmatch(name) and text.casefold() in ("true", "1", "y", "yes"))
                or (_CODE_NAME.fullmatch(name) and (_ERROR_CODE.fullmatch(text) or _is_set(name, text)))
                or (_MESSAGE_NAME.fullmatch(name) and (_CUT_WORDS.search(text) or _is_failure(text)))
            )
            if is_error:
                return f"{name} {text[:40]}"
    return "an error" if answer.get("error") else ""


def other_state(answer: Any, later: Any) -> str:
    """Give what a later answer says of itself by a code that the first one had with another value."""
    if not isinstance(answer, dict) or not isinstance(later, dict):
        return ""
    codes = [name for name in later if _CODE_NAME.fullmatch(name) and name in answer]
    found = [name for name in codes if as_text(answer[name]) != as_text(later[name])]
    return f"{found[0]} {as_text(later[found[0]])}"[:50] if found else ""


def _is_failure(message: str) -> bool:
    return bool(_ERROR_WORDS.search(message)) and not _NO_ERROR_WORDS.search(message)


# how answers say that they are a part: hasNextPage, isTruncated; isLastPage; totalCount, recordsTotal; totalPages; nextCursor
_MORE_NAME: Final = re.compile(r"(?:is|has|have)?(?:next(?:page)?|more|truncated)")
_LAST_NAME: Final = re.compile(r"(?:is)?last(?:page)?")
_TOTAL_NAME: Final = re.compile(
    r"total(?:count|num|number|records?|elements?|rows?|size|hits)?|(?:records?|rows?)?(?:total|count)|numfound"
)
_PAGES_NAME: Final = re.compile(r"(?:total)?pages?(?:count|total)?|lastpage")
# that pages are before this one; PageHelper's prePage is a number
_FIRST_NAME: Final = re.compile(r"(?:is)?first(?:page)?")
_EARLIER_NAME: Final = re.compile(r"(?:is|has)?(?:pre|prev|previous)(?:page)?(?:url|link)?")
_MOST_PARTS: Final = 50
_YES: Final = ("true", "1", "y", "yes")
_NO: Final = ("false", "n", "no")
_NO_NEXT: Final = ("", "0", "-1", "null", "none", "false")
_NEXT_NAME: Final = re.compile(r"(?:odata)?next(?:page)?(?:url|link|cursor|token)?|continuation(?:token)?")


def says_more(answer: Any, count: int, link: str | None) -> str:
    """Give what an answer of `count` records says where it seems to be the first of several pages, or cut off."""
    if said := _says_more(answer, count, 1, has_next=True, is_one=True):
        return said
    if link:
        return f"says Link {link[:40]}"
    return (
        "is a number at which servers cut answers off"
        if count >= _ANSWER_OF_MANY and ROUND.fullmatch(str(count))
        else ""
    )


def says_rest(first: Any, last: Any, count: int, pages: int, *, is_followed: bool) -> str:
    """Give what the first or the last of the answers with `count` records in all says of others, which nothing asked for.

    Args:
        first: The first answer.
        last: The last one.
        count: Records so far.
        pages: Answers so far.
        is_followed: Whether the names of a next page are not looked at: it is counted, or was found where it is declared.
    """
    said = _says_more(first, count, pages, has_next=False, has_flags=False)
    return said or _says_more(last, count, pages, has_next=not is_followed)


def _says_more(
    answer: Any, count: int, pages: int, *, has_next: bool, has_flags: bool = True, is_one: bool = False
) -> str:
    """What there is more of; where pages are read, a plain `count` may be their size."""
    for name, plain_name, text in _statements(answer):
        number = int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else 0
        is_more = (
            (has_flags and _MORE_NAME.fullmatch(plain_name) and text in _YES)
            or (has_flags and _LAST_NAME.fullmatch(plain_name) and text in _NO)
            or (_TOTAL_NAME.fullmatch(plain_name) and number > count and (is_one or plain_name != "count"))
            or (_PAGES_NAME.fullmatch(plain_name) and number > pages)
            or (has_next and _NEXT_NAME.fullmatch(plain_name) and text not in _NO_NEXT)
        )
        if is_more:
            return f"says {name} {text[:40]}"
    return ""


def says_earlier(answer: Any) -> str:
    """Give what an answer says where it is not the first page: isFirstPage false, hasPrevious true, an address of the page before."""
    for name, plain_name, text in _statements(answer):
        is_earlier = _EARLIER_NAME.fullmatch(plain_name) and (text in ("true", "y", "yes") or "/" in text)
        if is_earlier or (_FIRST_NAME.fullmatch(plain_name) and text in _NO):
            return f"says {name} {text[:40]}"
    return ""


def is_last_by_flag(answer: Any) -> bool:
    """Return whether an answer says that there is no more: hasMore false, isLastPage true."""
    return any(
        (_MORE_NAME.fullmatch(plain_name) and text in (*_NO, "0"))
        or (_LAST_NAME.fullmatch(plain_name) and text in _YES)
        for _, plain_name, text in _statements(answer)
    )


def _statements(answer: Any) -> Iterator[tuple[str, str, str]]:
    """What an answer says beside its records: each name, its letters alone, and the value in small letters."""
    parts = [answer] if isinstance(answer, dict) else []
    for part in parts:
        for name, value in part.items():
            if isinstance(value, dict) and len(parts) < _MOST_PARTS:
                parts.append(value)
            text = "" if isinstance(value, list | dict) else (as_text(value) or "").casefold()
            yield name, re.sub(r"[^a-z]", "", name.casefold()), text


def next_cursor(answer: Any, path: str) -> str | None:
    """Give the cursor of the next page; None where there is none: 0 and -1 are how some APIs say so."""
    found = find(answer, path)
    return None if found in (None, False) or str(found).casefold() in _NO_NEXT else str(found)


def _is_set(name: str, text: str) -> bool:
    """Return whether a code of errors alone, errcode or err_no, is another than 0."""
    return name.casefold().startswith("err") and bool(text.strip("0")) and text.casefold() not in ("false", "ok")


def what_it_says(answer: Any) -> str:
    """Give what an answer says of itself, where it says anything."""
    names = ("code", "status", "error", "msg", "message", "detail")
    said = [
        f"{name} {as_text(answer[name])}"
        for name in names
        if isinstance(answer, dict) and isinstance(answer.get(name), str) and answer[name]
    ]
    text = "".join(sign if sign.isprintable() else " " for sign in ", ".join(said)[:200])
    return f" ({text})" if said else ""


def is_end_page(end: int | Mapping[str, Any] | frozenset[int], status: int, answer: Any) -> bool:
    """Return whether an answer is the one behind the last page, as source.end declares it."""
    if isinstance(end, frozenset):
        return status in end
    if isinstance(end, Mapping):
        return status == 200 and all(as_text(find(answer, path)) == as_text(value) for path, value in end.items())
    return status == end


def if_behind_the_end(page: int) -> str:
    """What to declare where the answer is how the API says that it has no more; nothing for the first page."""
    return (
        f". It was page {page}: if the API says so that it has no more, declare that as source.end" if page > 1 else ""
    )


class UnusableJsonError(ValueError):
    """JSON that parsers read, each in its own way."""


def parsed(text: str) -> Any:
    """Read JSON, its numbers as they are written. NaN and Infinity, which programs write, are texts that no figure can be.

    Raises:
        UnusableJsonError: A field is in an object twice, with two values.
        ValueError: It is not valid JSON.
    """
    return json.loads(
        text, parse_int=Number, parse_float=_plain_number, parse_constant=Number, object_pairs_hook=_object
    )


_EXACT_DIGITS: Final = 15


def _plain_number(text: str) -> Number:
    """A number as the API wrote it, but 1.2E7, as Java writes 12000000.0, in digits. Higher ones may have lost some."""
    if "e" in text.casefold():
        with contextlib.suppress(ArithmeticError):
            number = Decimal(text)
            if number and 0 <= number.adjusted() < _EXACT_DIGITS:
                plain = format(number, "f")
                return Number(plain if "." in plain else f"{plain}.0")
    return Number(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; one that has a field twice with two values is refused."""
    found = dict(pairs)
    if len(found) < len(pairs) and any(as_text(found[name]) != as_text(value) for name, value in pairs):
        raise UnusableJsonError("an object has a field twice, with two values")
    return found
