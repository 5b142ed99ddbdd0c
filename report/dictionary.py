"""x"""
from collections.abc import Iterator
from report.source import Page, Source
def pages(source: Source) -> Iterator[Page]:
    yield from ()
