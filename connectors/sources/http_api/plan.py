"""The options of the protocol, read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Plan:
    """The options, read."""

    path: str
    method: str
    params: Mapping[str, Any]
    headers: Mapping[str, str]
    success: Mapping[str, Any]
    records: str
    total: str | None
    pagination: str
    is_one_answer: bool  # declared, not only the default
    page_param: str
    first_page: int
    offset_param: str
    cursor_param: str
    next: str | None
    size: Mapping[str, int]
    is_size_given: bool  # by the server
    end: int | Mapping[str, Any] | None
    encoding: str | None
    max_pages: int
    since_param: str | None
    until_param: str | None
    time_format: str
    clock: ZoneInfo
    overlap: timedelta
    auth: str
    auth_header: str
    retries: int
    backoff_seconds: float
    max_wait_seconds: float
    timeout_seconds: float
    seconds_between_requests: float
    max_response_bytes: int
    max_pull_bytes: int
