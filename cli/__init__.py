"""The command line: one module per group of commands, each with its options beside its use."""

from __future__ import annotations

import argparse
import sys
from functools import cache

from cli import answers, feeds, machine, nights, people, runs
from cli.options import Commands

DESCRIPTION = """parkbridge: run the feeds and the night, ask what is published, undo what went wrong.

It runs the same DAGs that Airflow's scheduler runs, in this process, and asks the published file. It has no logic of its own.

exit codes: 0 done · 1 stopped: the message says what and what to do next · 2 the command is not understood
"""


class _Version(argparse.Action):
    """The version of what is installed, looked up when asked."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"parkbridge {version('parkbridge')} (duckdb {version('duckdb')}, Python {sys.version.split()[0]})")
        parser.exit(0)


@cache
def parser() -> argparse.ArgumentParser:
    """The command line's grammar, with examples."""
    top = argparse.ArgumentParser(
        prog="parkbridge", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    top.add_argument("--debug", action="store_true", help="show tracebacks and Airflow's own log")
    top.add_argument("--version", action=_Version, nargs=0, help="the version, and that of DuckDB and Python")
    commands = Commands(top.add_subparsers(dest="command", required=True, metavar="COMMAND"))
    for group in (runs, feeds, nights, answers, people, machine):
        group.add(commands)
    return top
