"""Limits and severities change on purpose only: tests/digest.txt has one line for every file that holds some.

A line counts what is critical and what is a warning, and ends in a hash of the parsed content without comments and
reasons. After a change on purpose: `make digest`, and the changed lines are read in the diff. A rule says by itself that
it was changed on purpose: by a new version, which published figures name. Its line is renewed with the next `make digest`.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from expectations.rule import read_rule
from transforms.resolution.resolve import RULES
from warehouse.declared import read_yaml

CHECKOUT = Path(__file__).parents[2]
DIGEST = CHECKOUT / "tests" / "digest.txt"
# a line of a rule, with its version
RULE = re.compile(r"^(rules/\w+): ([a-z]\S*)", re.MULTILINE)
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
    version = f" {declared['version']}" if folder == "rules" and "version" in declared else ""
    return f"{folder}/{name}:{version} {', '.join(counted)}, {hashlib.sha256(text.encode()).hexdigest()[:12]}"


def digest() -> str:
    """The lines as they should be now."""
    lines = []
    for path in [*CHECKOUT.glob("expectations/suites/*.yml"), *RULES.glob("*.yml")]:
        lines.append(line(path, read_yaml(path.read_text(encoding="utf-8"))))
    for path in CHECKOUT.glob("expectations/rules/*.sql"):
        rule = read_rule(path)
        lines.append(line(path, {"severity": rule.check.severity, "stage": rule.stage}))
    for path in CHECKOUT.glob("connectors/feeds/*/feed.yml"):
        declared = read_yaml(path.read_text(encoding="utf-8"))
        lines.append(line(path, {key: declared.get(key) for key in ("allow", "checks", "replaces")}))
    return "\n".join(sorted(lines)) + "\n"


def changed_unseen(now: list[str], frozen: list[str]) -> list[str]:
    """The lines that differ, but for rules with another version than the frozen one."""
    before, after = (dict(RULE.findall("\n".join(lines))) for lines in (frozen, now))
    renewed = {name for name, version in after.items() if before.get(name, version) != version}
    differing = set(now) ^ set(frozen)
    return sorted(line for line in differing if line.split(":")[0] not in renewed)


def test_limits_and_severities_change_on_purpose_only() -> None:
    found = changed_unseen(digest().splitlines(), DIGEST.read_text(encoding="utf-8").splitlines())
    assert not found, (
        f"changed: {found}. Next: give a rule a new version; run `make digest` where a check's limit changed on purpose"
    )


def test_a_rule_with_a_new_version_was_changed_on_purpose() -> None:
    frozen = ["rules/flow: flow-1 0 critical, 0 warning, aaa", "suites/a.b: 1 critical, 0 warning, bbb"]
    renewed = ["rules/flow: flow-2 0 critical, 0 warning, ccc", frozen[1]]
    assert not changed_unseen(renewed, frozen)
    assert changed_unseen([frozen[0].replace("aaa", "ccc"), frozen[1]], frozen), "another limit under the same version"
    assert changed_unseen([frozen[0], frozen[1].replace("bbb", "ddd")], frozen)
    assert changed_unseen(frozen[1:], frozen), "a rule that is gone has no version"


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
