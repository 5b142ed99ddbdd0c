"""What a person at a terminal gets besides the text: colour, and a line that says what takes so long. Nothing of it in a pipe or a file."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

_COLOURS = {"green": "32", "yellow": "33", "red": "31"}
# what is done sooner needs no word
PATIENCE_SECONDS = 2.0


def coloured(text: str, colour: str, stream: TextIO | None = None) -> str:
    """A text in green, yellow or red where `stream` (standard output) is a terminal and NO_COLOR is not set."""
    stream = stream or sys.stdout
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not stream.isatty():
        return text
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"


class Progress:
    """One line on standard error: the running step and its seconds, from the third second on; gone when the step is done."""

    def __init__(self, stream: TextIO | None = None, patience: float = PATIENCE_SECONDS) -> None:
        self.stream = stream or sys.__stderr__
        self.patience = patience
        self._done: threading.Event | None = None
        self._writes: threading.Thread | None = None

    def begin(self, step: str) -> None:
        """Say from now on that this step is running."""
        self.end()
        if self.stream is None or not self.stream.isatty():
            return
        self._done = threading.Event()
        self._writes = threading.Thread(target=self._run, args=(step, self._done), daemon=True)
        self._writes.start()

    def end(self) -> None:
        """The step is done: what is written next begins on an empty line."""
        if self._done and self._writes:
            self._done.set()
            self._writes.join()
        self._done = self._writes = None

    def _run(self, step: str, done: threading.Event) -> None:
        assert self.stream is not None
        started, wait, shown = time.monotonic(), self.patience, False
        while not done.wait(wait):
            self.stream.write(f"\r\x1b[K… {step} {time.monotonic() - started:.0f} s")
            self.stream.flush()
            wait, shown = 1.0, True
        if shown:
            self.stream.write("\r\x1b[K")
            self.stream.flush()


@contextmanager
def running(step: str) -> Iterator[None]:
    """While the block runs, say so where it takes long."""
    progress = Progress()
    progress.begin(step)
    try:
        yield
    finally:
        progress.end()
