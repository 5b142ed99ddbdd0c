"""Every query that the documentation asks a reader to try answers on the demo park."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.system.conftest import Park
from warehouse.settings import CHECKOUT

pytestmark = [pytest.mark.airflow, pytest.mark.nights]

PAGES = [CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *sorted((CHECKOUT / "docs").glob("*.md"))]
# only the reader knows what goes there: an ellipsis, a <placeholder>, a file that another night left. Editions are not
# published by default: tests/warehouse/test_editions.py asks them
OPEN = re.compile(r"…|<[a-zA-Z_ ]+>|--(file|audience)\b")


def queries(page: Path) -> list[str]:
    """The words behind `parkbridge`, of every complete `parkbridge sql "…"` of a page."""
    found = re.findall(r'parkbridge (sql (?:--?[^"`\n]*)?"[^"\n]*")', page.read_text(encoding="utf-8"))
    return [words for words in found if not OPEN.search(words)]


QUERIES = sorted({(page.name, words) for page in PAGES for words in queries(page)})


def test_the_documentation_has_queries() -> None:
    assert {page for page, _ in QUERIES} >= {"README.md", "CONTRIBUTING.md", "matching.md", "review.md", "runbook.md"}


@pytest.mark.parametrize(("page", "words"), QUERIES)
def test_a_documented_query_answers(park: Park, page: str, words: str) -> None:
    done = park.run(*shlex.split(words), check=False)
    assert done.returncode == 0, f"{page}: parkbridge {words}\n{done.stdout}\n{done.stderr}"
