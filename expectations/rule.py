"""A rule: one SELECT of wrong rows across tables, in rules/<name>.sql, with a header that says what it is.

```sql
-- rule: Every link points to an enterprise | 每条关联都指向已有企业
-- severity: critical
-- stage: resolved
-- why: a link to nothing loses the record's figures without a trace
-- next step: rebuild from resolve; if it stays, look at the rows' feed and source_key
select …
```
A header line may be continued by lines indented by two more spaces.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from expectations.suite import SEVERITIES, Check, no_rows
from warehouse.errors import DeclarationError

# When checks are run: after the enterprises are resolved, and after the snapshots are built.
STAGES = ("resolved", "snapshots")
_FIELDS = ("rule", "severity", "stage", "why", "next step")


@dataclass(frozen=True)
class Rule:
    """A check across tables, the stage at which it is run, and its title in Chinese."""

    check: Check
    stage: str
    title_zh: str


def read_rule(path: Path) -> Rule:
    """Read a rule file; a header that lacks a field or has an unknown one raises DeclarationError."""
    header, query = _split(path.read_text(encoding="utf-8"), path.name)
    missing = [field for field in _FIELDS if not header.get(field)]
    unknown = [field for field in header if field not in _FIELDS]
    if missing or unknown:
        fact = f"the header lacks {', '.join(missing)}" if missing else f"the header has unknown {', '.join(unknown)}"
        raise DeclarationError(path.name, fact, next_step=f"begin the file with -- {': … -- '.join(_FIELDS)}: …")
    for field, allowed in (("severity", SEVERITIES), ("stage", STAGES)):
        if header[field] not in allowed:
            raise DeclarationError(
                path.name, f"{field} {header[field]!r} is unknown", next_step=f"use one of {', '.join(allowed)}"
            )
    title, _, title_zh = (part.strip() for part in header["rule"].partition("|"))
    if not (title and title_zh):
        raise DeclarationError(
            path.name, f"the title {header['rule']!r} lacks a language", next_step="write it as English | 中文"
        )
    if not re.match(r"(select|with)\b", query, re.IGNORECASE):
        raise DeclarationError(path.name, "no SELECT follows the header", next_step="write one SELECT of wrong rows")
    check = no_rows(title, query, header["severity"], header["why"], header["next step"], about=path.stem)
    return Rule(check, header["stage"], title_zh)


def _split(text: str, where: str) -> tuple[dict[str, str], str]:
    """Part a file into its header's fields and its query."""
    lines = text.splitlines()
    length = next((number for number, line in enumerate(lines) if not line.startswith("--")), len(lines))
    header: dict[str, str] = {}
    field = None
    for line in lines[:length]:
        if named := re.match(r"-- (\w[\w ]*): (.*)", line):
            field = named[1]
            header[field] = named[2].strip()
        elif field and line.startswith("--   "):
            header[field] += " " + line[2:].strip()
        else:
            raise DeclarationError(where, f"{line!r} is no header line", next_step="write `-- field: text`")
    return header, "\n".join(lines[length:]).strip().rstrip(";").rstrip()
