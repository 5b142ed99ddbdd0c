"""What docs/style.md asks of every model's header and of the names of its steps."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from transforms.night import LAYERS

ROOT = Path(__file__).parents[2]
SQL = sorted(
    path
    for folder in ("transforms", "connectors", "expectations", "report", "examples")
    for path in (ROOT / folder).rglob("*.sql")
)
STEP = re.compile(r"^\s*(?:with )?(\w+) as (?:not )?(?:materialized )?\($", re.MULTILINE)
# participles and adverbs do not say what one row is; of two words the last one counts: ranked_pair is a pair
NO_NOUN = re.compile(
    r"(?:^|_)(?:\w+(?<!fe)(?<!ne)(?<!spe)ed|t[o]ld|heard|held|found|seen|kept|known|shown|won|gone|lost|sold|bought|chosen|begun|"
    r"fallen|here|there|alone|alike|apart|beside|against|several|today|tonight|best|asking|bearing|differing)$"
)
WORDS_MAX = 100


@pytest.mark.parametrize("path", SQL, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_step_is_named_by_what_one_row_is(path: Path) -> None:
    steps = STEP.findall(path.read_text(encoding="utf-8"))
    assert [name for name in steps if NO_NOUN.search(name)] == []


@pytest.mark.parametrize("name", ["placed", "compared", "payroll_seen", "here", "need_stated"])
def test_a_participle_is_no_name_of_a_step(name: str) -> None:
    assert NO_NOUN.search(name)


@pytest.mark.parametrize("name", ["placed_pair", "trade_feed", "stated_need", "speed", "latest_filing"])
def test_a_noun_is_one(name: str) -> None:
    assert not NO_NOUN.search(name)


@pytest.mark.parametrize("path", sorted(LAYERS.rglob("*.sql")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_rule_is_a_paragraph(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    header = "\n".join(re.findall(r"^--.*", text.partition("\nselect")[0], re.MULTILINE))
    english = re.split(r"^--   \| ", header.partition("-- rules:")[2], maxsplit=1, flags=re.MULTILINE)[0]
    rules = re.split(r"^-- \w[\w ]*:", english, maxsplit=1, flags=re.MULTILINE)[0]
    for rule in re.split(r"^--   \* ", rules, flags=re.MULTILINE):
        assert len(rule.split()) <= WORDS_MAX, rule
