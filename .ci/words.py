"""Words that docs/style.md has a better one for, in every text file that git knows; part of `make check`.

A line that must hold one says why at its end: `words: reason`, in a comment. Files with a reason of their own are in NOT_READ.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

STYLE = "docs/style.md"
NOT_READ = {
    STYLE: "has the list itself",
    "CHANGELOG.md": "old entries stay as they were published",
    "requirements.lock": "names of packages",
    "tests/docs/test_words.py": "tries the words",
}
# what a test gives a program to read: names and texts of others
DATA = re.compile(r"^tests/.*\.(csv|txt|json|html|xml)$")
ALLOWED = re.compile(r"words: \S")
BEFORE = r"(?<![\w/-])"
# Python's own method of files
NOT_PROSE = re.compile(r"\.tell\(")  # words: it is the method's name


def word_list(style: str) -> list[tuple[re.Pattern[str], str]]:
    """Each row of the style guide's table: what is refused, as a pattern of whole words, and what to write."""
    rows = re.findall(r"^\| (.+?) (?<!\\)\| (.+?) (?<!\\)\| .+ \|$", style, re.MULTILINE)
    found = []
    for instead, write in rows:
        if instead == "instead of" or not instead.strip("-"):
            continue
        wanted = instead.replace(r"\|", "|") if instead.startswith("(") else re.escape(instead)
        found.append((re.compile(rf"{BEFORE}{wanted}(?!\w)", re.IGNORECASE), write))
    return found


def any_of(words: list[tuple[re.Pattern[str], str]]) -> re.Pattern[str]:
    """One pattern of all: few files have any, and only these are read line by line."""
    wanted = "|".join(pattern.pattern.removeprefix(BEFORE) for pattern, _ in words)
    return re.compile(f"{BEFORE}(?:{wanted})", re.IGNORECASE)


def refused(text: str, words: list[tuple[re.Pattern[str], str]]) -> Iterator[tuple[int, str, str]]:
    """Line, word and what to write instead, of every one that no `words: reason` allows."""
    for number, line in enumerate(text.splitlines(), 1):
        if ALLOWED.search(line):
            continue
        prose = NOT_PROSE.sub("", line)
        for pattern, write in words:
            for found in pattern.finditer(prose):
                yield number, found.group().strip(), write


def main() -> int:
    """Look through what git knows; 1 where there is one."""
    words = word_list(Path(STYLE).read_text(encoding="utf-8"))
    some = any_of(words)
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True)  # noqa: S607
    count = 0
    for name in filter(None, listed.stdout.split("\0")):
        path = Path(name)
        if name in NOT_READ or DATA.match(name) or not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture, an office's file
        for line, word, write in refused(text, words) if some.search(text) else ():
            sys.stderr.write(f"{name}:{line}: {word!r}. Next: write {write} ({STYLE})\n")
            count += 1
    return 1 if count or not words else 0


if __name__ == "__main__":
    sys.exit(main())
