"""Functions over 80 lines, unless a comment `# long: reason` above the def says why; part of `make check`."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

LINES_MAX = 80
# a city goes on only under the source that began it (demo.program), so that a comment there costs every demo park
NOT_READ = "demo/"


def long_functions(path: Path) -> Iterator[tuple[int, str, int]]:
    """Line, name and length of each function that is too long without a reason."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LINES_MAX and not lines[node.lineno - 2].strip().startswith("# long: "):
                yield node.lineno, node.name, length


def main() -> int:
    """Look through what git knows; 1 where there is one."""
    listed = subprocess.run(["git", "ls-files", "*.py"], capture_output=True, text=True, check=True)  # noqa: S607
    found = [
        (path, *one)
        for path in listed.stdout.split()
        if Path(path).exists() and not path.startswith(NOT_READ)
        for one in long_functions(Path(path))
    ]
    for path, line, name, length in found:
        sys.stderr.write(
            f"{path}:{line}: {name} has {length} lines, {LINES_MAX} allowed. Next: split it, or write `# long: reason` above\n"
        )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
