"""docs/codes.md: every code list with its English and Chinese words, written from their one home: `make codes`."""

from __future__ import annotations

from collections.abc import Iterator

from warehouse.labels import Code, labels
from warehouse.models import read_layers
from warehouse.settings import CHECKOUT

PAGE = CHECKOUT / "docs" / "codes.md"
HEAD = """\
# Codes 代码表

Written by `make codes` from `warehouse/columns.yml`, the rule files that it names, and the headers of tables that have a list of
their own. Do not edit it: change the list at its home ([how](../CONTRIBUTING.md#write-its-chinese-half)). Schema `园区` shows the
Chinese words; every other schema has the codes.
"""


def code_page() -> Iterator[str]:
    """The page, line by line: columns that share one list are listed together."""
    lists: dict[tuple[Code, ...], list[str]] = {}
    for column, label in labels().items():
        if label.codes:
            lists.setdefault(label.codes, []).append(f"`{column}` {label.zh}")
    for model in read_layers(CHECKOUT / "transforms"):
        for column, label in model.columns.items():
            general = labels()[column].codes if column in labels() else ()
            if label.codes and not set(label.codes) <= set(general):
                lists.setdefault(label.codes, []).append(f"`{model.table}.{column}` {label.zh}")
    yield HEAD
    for codes, columns in lists.items():
        yield f"## {', '.join(columns)}\n"
        yield "| code | English | 中文 | 含义 |\n|---|---|---|---|"
        for code in codes:
            yield f"| `{code.value}` | {code.en} | {code.zh} | {code.note_zh} |"
        yield ""


def main() -> None:
    """Write the page."""
    PAGE.write_text("\n".join(code_page()), encoding="utf-8")


if __name__ == "__main__":
    main()
