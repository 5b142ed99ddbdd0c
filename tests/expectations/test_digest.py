"""Limits and severities change on purpose only: tests/digest.txt has one line for every file that holds some.

A line counts what is critical and what is a warning, and ends in a hash of the parsed content without comments and
reasons. After a change on purpose: `make digest`, and the changed lines are read in the diff.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from expectations.rule import read_rule
from transforms import resolution
from warehouse.declared import read_yaml

CHECKOUT = Path(__file__).parents[2]
DIGEST = CHECKOUT / "tests" / "digest.txt"
WORDS = ("why", "title", "description", "next_step")


def without_words(declared: Any) -> Any:
    if isinstance(declared, dict):
        return {str(key): without_words(value) for key, value in declared.items() if key not in WORDS}
    return [without_words(each) for each in declared] if isinstance(declared, list) else declared


def line(path: Path, declared: Any) -> str:
    text = json.dumps(without_words(declared), sort_keys=True, ensure_ascii=False, default=str)
    counted = [f"{text.count(json.dumps(severity))} {severity}" for severity in ("critical", "warning")]
    name = path.parent.name if path.name == "feed.yml" else path.stem
    folder = path.parents[1].name if path.name == "feed.yml" else path.parent.name
    return f"{folder}/{name}: {', '.join(counted)}, {hashlib.sha256(text.encode()).hexdigest()[:12]}"


def digest() -> str:
    """The lines as they should be now."""
    lines = []
    for path in [*CHECKOUT.glob("expectations/suites/*.yml"), *resolution.RULES.glob("*.yml")]:
        lines.append(line(path, read_yaml(path.read_text(encoding="utf-8"))))
    for path in CHECKOUT.glob("expectations/rules/*.sql"):
        rule = read_rule(path)
        lines.append(line(path, {"severity": rule.check.severity, "stage": rule.stage}))
    for path in CHECKOUT.glob("connectors/feeds/*/feed.yml"):
        declared = read_yaml(path.read_text(encoding="utf-8"))
        lines.append(line(path, {key: declared.get(key) for key in ("allow", "checks", "replaces")}))
    return "\n".join(sorted(lines)) + "\n"


def test_limits_and_severities_change_on_purpose_only() -> None:
    now, frozen = digest().splitlines(), DIGEST.read_text(encoding="utf-8").splitlines()
    assert now == frozen, (
        f"changed: {sorted(set(now) ^ set(frozen))}. Next: run `make digest` where that was on purpose"
    )


def test_a_limit_ten_times_larger_and_a_severity_change_their_line() -> None:
    path, declared = Path("suites/a.b.yml"), {"checks": [{"max_value": 5, "severity": "critical", "why": "x"}]}
    lines = {
        line(path, declared),
        line(path, {"checks": [{"max_value": 50, "severity": "critical"}]}),
        line(path, {"checks": [{"max_value": 5, "severity": "warning"}]}),
        line(path, {"checks": [{"max_value": 5, "severity": "critical", "mostly": 0.9}]}),
    }
    assert len(lines) == 4
    assert line(path, {"checks": [{"max_value": 5, "severity": "critical", "why": "y"}]}) in lines, "words may change"


if __name__ == "__main__":
    DIGEST.write_text(digest(), encoding="utf-8")
