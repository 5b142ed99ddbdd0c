"""What the documentation says is there is there, and what is there is said: it cannot drift from the code unnoticed."""

from __future__ import annotations

import argparse
import csv
import re
from pathlib import Path

import pytest

from cli import parser
from cli.feeds import command_subjects
from connectors import feed as declaration
from connectors.feed import CHECK_KEYS, REPLACES, read_feed
from connectors.rehearsal import staged_sample
from connectors.sources import PROTOCOLS, protocol
from warehouse.settings import CHECKOUT, Settings
from warehouse.staged_feed import Allowance
from warehouse.subjects import subjects

PAGES = sorted(
    path
    for path in [*CHECKOUT.glob("*.md"), *CHECKOUT.glob("[a-z]*/**/*.md")]
    if path.relative_to(CHECKOUT).parts[0] not in ("build", "parkbridge.egg-info")
)
FEEDS, RUNBOOK, CONTRIBUTING = (CHECKOUT / name for name in ("docs/feeds.md", "docs/runbook.md", "CONTRIBUTING.md"))
FEED_KEYS = declaration._REQUIRED | declaration._OPTIONAL
# read by the tests, not by the system
TEST_SETTINGS = {"PARKBRIDGE_SHARED_DATA"}


def page_name(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


def section(page: Path, title: str) -> str:
    """A page's text below a heading, up to the next one of its rank or above."""
    text = page.read_text(encoding="utf-8")
    found = re.search(rf"^(#+) {re.escape(title)}$", text, re.MULTILINE)
    assert found, f"{page_name(page)} has no heading {title!r}"
    end = re.search(rf"^#{{1,{len(found[1])}}} ", text[found.end() :], re.MULTILINE)
    return text[found.end() : found.end() + end.start()] if end else text[found.end() :]


def first_cells(text: str) -> set[str]:
    """The names in backticks in the first cells of a text's tables."""
    return {name for row in re.findall(r"^\|([^|]*)\|", text, re.MULTILINE) for name in re.findall(r"`([^`]+)`", row)}


def code(text: str) -> list[str]:
    """Every piece of code of a page: spans, and the lines of blocks."""
    blocks = re.findall(r"^ *```[a-z]*\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    rest = re.sub(r"^ *```[a-z]*\n.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    lines += re.findall(r"^    .*$", rest, re.MULTILINE)
    return [" ".join(piece.split()) for piece in [*lines, *re.findall(r"`([^`]+)`", rest)]]


def commands() -> dict[str, set[str]]:
    """Every command of the command line with its options; `feed check` and `feed new` as two words."""
    top = parser()
    found: dict[str, set[str]] = {}

    def walk(one: argparse.ArgumentParser, name: str, options: set[str]) -> None:
        under = [action for action in one._actions if isinstance(action, argparse._SubParsersAction)]
        own = options | {option for action in one._actions for option in action.option_strings}
        for action in under:
            for word, next_one in action.choices.items():
                walk(next_one, f"{name} {word}".strip(), own)
        if not under:
            found[name] = own

    walk(top, "", set())
    return found


def test_every_key_of_a_declaration_is_explained() -> None:
    assert first_cells(section(FEEDS, "Keys of feed.yml").partition("\n### ")[0]) == FEED_KEYS
    assert first_cells(section(FEEDS, "checks")) == CHECK_KEYS
    assert first_cells(section(FEEDS, "replaces")) == set(REPLACES)
    steps = section(CONTRIBUTING, "Add a feed")
    assert {key for key in FEED_KEYS if f"`{key}`" not in steps} == set()


def test_every_allowance_is_explained_with_its_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", section(FEEDS, "allow"), re.MULTILINE)
    defaults = {name: field.default for name, field in Allowance.__dataclass_fields__.items()}
    assert {name: float(value) for name, value in rows} == defaults


def test_every_limit_that_compares_deliveries_has_its_cases() -> None:
    compared = section(FEEDS, "allow").partition("held against those before it")[2]
    limits = re.findall(r"^\| `(\w+)` \| [\d.]+ \|", compared, re.MULTILINE)
    assert limits
    cases = section(CHECKOUT / "docs/deliveries.md", "What is held against the deliveries before")
    assert re.findall(r"^### (\w+)$", cases, re.MULTILINE) == limits


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_option_of_a_protocol_is_explained(name: str) -> None:
    assert first_cells(section(FEEDS, name)) == set(protocol(name).OPTIONS)


def test_every_subject_is_listed_and_every_macro_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_subjects(Settings.from_environment(), argparse.Namespace()) == 0
    listed = capsys.readouterr().out
    for subject in subjects().values():
        assert f"{subject.name} {subject.title_zh}: {subject.row}\n" in listed
    shown = [line.strip() for line in re.findall(r"^    .*$", section(FEEDS, "Subjects"), re.MULTILINE)]
    assert shown
    assert [line for line in shown if line.rstrip(" …") not in listed] == [], (
        "docs/feeds.md shows what the command prints"
    )
    sql = (CHECKOUT / "warehouse" / "macros.sql").read_text(encoding="utf-8")
    listed_macros = {name.partition("(")[0] for name in first_cells(section(FEEDS, "stage.sql"))}
    assert listed_macros == set(re.findall(r"create or replace macro (\w+)", sql))


def test_every_setting_is_explained() -> None:
    source = (CHECKOUT / "warehouse" / "settings.py").read_text(encoding="utf-8")
    known = {f"PARKBRIDGE_{name}" for name in re.findall(r'\bof\("([A-Z_]+)"', source)}
    assert first_cells(section(RUNBOOK, "Settings")) == known
    named = {name for page in PAGES for name in re.findall(r"PARKBRIDGE_[A-Z_]+", page.read_text(encoding="utf-8"))}
    assert named - known - TEST_SETTINGS == set()


def test_every_command_is_told_of() -> None:
    said = {piece for page in PAGES for piece in code(page.read_text(encoding="utf-8"))}
    assert [name for name in commands() if not any(f"parkbridge {name}" in piece for piece in said)] == []


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_command_that_is_named_is_there(page: Path) -> None:
    known = commands()
    words = {word for name in known for word in name.split()[:1]}
    wrong = []
    for piece in code(page.read_text(encoding="utf-8")):
        for rest in re.findall(r"(?:^|[ /])parkbridge ((?:--)?[a-z].*)", piece):
            plain = re.sub(r"\"[^\"]*\"|'[^']*'|#.*", "", rest).removeprefix("--debug ").split()
            name = " ".join(plain[:2]) if plain[0] == "feed" else plain[0]
            options = {word.partition("=")[0] for word in plain if word.startswith("--")}
            if plain[0] not in words or name not in known or options - known[name]:
                wrong.append(piece)
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_make_word_that_is_named_is_there(page: Path) -> None:
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    known = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = {word for piece in code(page.read_text(encoding="utf-8")) for word in re.findall(r"^make ([a-z-]+)", piece)}
    assert named - known == set()


def anchors(page: Path) -> set[str]:
    """A page's headings as links name them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(target)
    assert broken == []


def test_every_decision_is_listed() -> None:
    folder = CHECKOUT / "docs" / "decisions"
    listed = re.findall(r"\]\((\d{4}-[^)]+)\)", (folder / "README.md").read_text(encoding="utf-8"))
    assert listed == sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert [int(name[:4]) for name in listed] == list(range(1, len(listed) + 1)), "numbers without a gap"


@pytest.mark.parametrize(
    "page", sorted((CHECKOUT / "docs" / "decisions").glob("[0-9]*.md")), ids=lambda page: page.name
)
def test_a_decision_has_its_date(page: Path) -> None:
    assert re.match(r"# \d{4} .+\n\n\*\*Date\.\*\* 20\d\d-\d\d-\d\d\n", page.read_text(encoding="utf-8"))


def test_the_feed_of_the_guide_works(tmp_path: Path) -> None:
    """CONTRIBUTING's own feed.yml and stage.sql, over one good and one bad row."""
    steps = section(CONTRIBUTING, "Add a feed")
    blocks = dict(re.findall(r"^ *```(yaml|sql)\n(.*?)^ *```", steps, re.MULTILINE | re.DOTALL))
    folder = tmp_path / "water_meters"
    folder.mkdir()
    for kind, name in (("yaml", "feed.yml"), ("sql", "stage.sql")):
        text = "\n".join(line.removeprefix("   ") for line in blocks[kind].splitlines())
        (folder / name).write_text(text + "\n", encoding="utf-8")
    with (folder / "sample.csv").open("w", encoding="utf-8", newline="") as file:
        rows = [["S1", "甲公司", "W1", "202610", "1,204.5"], ["S2", "乙公司", "W2", "2026年10月", "待核"]]
        csv.writer(file).writerows([["户号", "户名", "表号", "月份", "用水量"], *rows])
    good, bad = staged_sample(read_feed(folder))
    assert (good["month"], good["used_quantity"], good["rejected_because"]) == ("2026-10-01", "1204.500", "")
    assert bad["rejected_because"] == "用水量 cannot be read as used_quantity: 待核"


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_row_of_a_table_has_its_cells(page: Path) -> None:
    # one too few is a row that lost its name; one too many is cut off where the page is shown
    text = re.sub(r"^ *```.*?^ *```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for table in re.findall(r"(?:^ *\|.*\n)+", text, re.MULTILINE):
        cells = [len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()]
        assert set(cells) == {cells[0]}, table.splitlines()[cells.index(next(n for n in cells if n != cells[0]))]
