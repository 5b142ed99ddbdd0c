"""Read a site as a browser does, as far as that goes without one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any


@dataclass
class Page(HTMLParser):
    """What is in a page: elements with their attributes, the text of each language, and the rows of its charts."""

    path: Path
    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    text: str = ""
    rows: dict[str, list[list[Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._in = ""
        self.feed(self.path.read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.elements.append((tag, given))
        self._in = given.get("type", "") if tag == "script" else ""

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def handle_data(self, data: str) -> None:
        if self._in == "application/json":
            self.rows = json.loads(data)
        else:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of every element of a kind."""
        return [given for name, given in self.elements if name == tag]

    @property
    def targets(self) -> list[str]:
        """What the page loads or leads to."""
        return [given[key] for _, given in self.elements for key in ("href", "src") if key in given]


@dataclass(frozen=True)
class Site:
    """A site, and the file that it was made from."""

    folder: Path
    file: Path

    def page(self, path: str) -> Page:
        return Page(self.folder / path)

    @property
    def pages(self) -> list[Page]:
        return [Page(path) for path in sorted(self.folder.rglob("*.html"))]
