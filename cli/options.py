"""What commands share: how one is declared, options that several have, and how paths and figures are shown."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse.holds import account
from warehouse.settings import CHECKOUT, Settings

Work = Callable[[Settings, argparse.Namespace], int]


@dataclass(frozen=True)
class Commands:
    """Where commands are declared."""

    found: Any  # argparse has no public name for what add_subparsers returns

    def __call__(self, name: str, work: Work, text: str, example: str) -> argparse.ArgumentParser:
        """Declare a command.

        Args:
            name: As it is typed.
            work: What it does; its result is the exit code.
            text: What it does, in a line of the help.
            example: Lines that can be copied.

        Returns:
            Its parser, for its options.
        """
        one: argparse.ArgumentParser = self.found.add_parser(
            name,
            help=text,
            description=text,
            epilog=f"example:\n{example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        one.set_defaults(work=work)
        return one

    def group(self, name: str, text: str, metavar: str) -> Commands:
        """Declare commands of two words."""
        one: argparse.ArgumentParser = self.found.add_parser(name, help=text)
        return Commands(one.add_subparsers(dest=f"{name}_command", required=True, metavar=metavar))


def may_be_json(one: argparse.ArgumentParser) -> None:
    """`--json`."""
    one.add_argument(
        "--json", action="store_true", help="for programs: one JSON value; its keys are in docs/runbook.md"
    )


def may_read_another(one: argparse.ArgumentParser) -> None:
    """`--file` and `--audience`: what is read in place of the director's night."""
    one.add_argument("--file", type=Path, help="another DuckDB file, such as an earlier night")
    one.add_argument("--audience", help="the edition of this audience, such as operator; the director's by default")


def may_confirm(one: argparse.ArgumentParser, option: str, text: str) -> None:
    """An option that takes a person's reason, beside `--who`; both are kept in ops.confirmation."""
    one.add_argument(f"--{option}", default="", metavar="WHY", help=text)
    if "--who" not in one.format_usage():
        one.add_argument("--who", default=account(), help="who says so; you by default")


def short(path: Path) -> str:
    """A path as it is typed from the checkout."""
    return str(path.relative_to(CHECKOUT)) if path.is_relative_to(CHECKOUT) else str(path)


def print_json(figures: object) -> int:
    """Print one JSON value; dates and decimals as `parkbridge sql` writes them."""
    from warehouse.answers import json_text

    print(json.dumps(json.loads(json_text(figures)), ensure_ascii=False, indent=2))
    return 0


def asked(prompt: str) -> str:
    """An answer from the terminal, or from lines that are piped in, which are shown."""
    answer = input(prompt)
    if not sys.stdin.isatty():
        print(answer)
    return answer
