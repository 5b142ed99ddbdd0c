"""What people decide and answer: matches, the work list, names."""

from __future__ import annotations

import argparse
from pathlib import Path

from cli.options import Commands, asked, short
from warehouse.holds import account
from warehouse.settings import Settings
from warehouse.terminal import running


def command_match(settings: Settings, given: argparse.Namespace) -> int:
    """Link the rows of one table to those of another, without touching the park."""
    from transforms.matching.files import match_files

    with running("match"):
        matched = match_files(given.left, given.right, given.out, given.mapping)
    found = matched.decisions
    print(
        f"{matched.left_rows:,} rows against {matched.right_rows:,}: {found['matched']:,} matched, "
        f"{found['review']:,} for a person to look at, {found['none']:,} without a match. {short(matched.out)}"
    )
    return 0


def command_review(settings: Settings, given: argparse.Namespace) -> int:
    """Decide the doubtful matches, one by one."""
    from transforms.review import review

    review(
        settings,
        asked,
        print,
        who=given.who,
        feed=given.feed,
        reason=given.reason,
        limit=given.limit,
        is_list=given.list,
        undo=given.undo,
        why=given.why,
        is_preview=not given.no_preview,
    )
    return 0


def command_worklist(settings: Settings, given: argparse.Namespace) -> int:
    """Show what there is to do, or answer."""
    import shutil

    from transforms.worklist import worklist

    if given.output:
        from warehouse.shell import sql

        return sql(settings, "from 园区.工作清单 order by 限额类别, 组内次序", out=given.output)
    places = shutil.get_terminal_size((120, 24)).columns
    worklist(
        settings,
        asked,
        print,
        who=given.who,
        places=places,
        given=given.answer,
        why=given.why,
        is_walk=given.walk,
    )
    return 0


def command_names(settings: Settings, given: argparse.Namespace) -> int:
    """List names that may be persons', or say that one is a firm's."""
    from warehouse.connection import writer
    from warehouse.suspected_names import in_words, say_firm, suspected

    if given.firm:
        say_firm(settings, given.firm, who=given.who, why=given.why)
    with writer(settings) as connection:
        names = suspected(connection, settings)
    for line in in_words(names):
        print(line)
    return 0


def add(commands: Commands) -> None:
    """Declare these commands."""
    one = commands(
        "match",
        command_match,
        "link any two tables (CSV, Parquet) as the night links its silos: what to try before adopting a new one",
        "  parkbridge match tenants.csv register.parquet --mapping columns.yml --out pairs.csv",
    )
    one.add_argument("left", type=Path, help="the rows to find a match for")
    one.add_argument("right", type=Path, help="the enterprises that are known")
    one.add_argument("--mapping", type=Path, help="YAML: which column plays which role; docs/matching.md")
    one.add_argument("--out", type=Path, required=True, metavar="PAIRS", help="one row per left row; .csv or .parquet")
    one = commands(
        "review",
        command_review,
        "decide the doubtful matches, one by one",
        "  parkbridge review\n  parkbridge review --list\n  parkbridge review --feed lease --limit 20\n"
        "  parkbridge review --undo lease/K0123",
    )
    one.add_argument("--feed", help="only this feed's records")
    one.add_argument("--reason", help="only this reason_code, such as contradiction")
    one.add_argument("--limit", type=int, metavar="N", help="only the first N")
    one.add_argument("--list", action="store_true", help="print the queue and end")
    one.add_argument(
        "--undo",
        nargs="?",
        const="",
        metavar="RECORD|LINE",
        help="take back what holds for a record, or one line; the last one of yours by default",
    )
    one.add_argument("--why", default="", help="why it is taken back")
    one.add_argument("--who", default=account())
    one.add_argument("--no-preview", action="store_true", help="do not work out what the decisions change")
    one = commands(
        "worklist",
        command_worklist,
        "what there is to do this week, and what came of it",
        '  parkbridge worklist\n  parkbridge worklist --answer W3f9a1c02b7 done --why "met on site"\n  parkbridge worklist --walk\n'
        "  parkbridge worklist -o week.xlsx",
    )
    one.add_argument(
        "--answer",
        nargs=2,
        metavar=("ID", "ANSWER"),
        help="answer a row: done, no_interest, wrong, later; withdraw takes an answer back",
    )
    one.add_argument("--why", default="", help="why, or what came of it")
    one.add_argument("--walk", action="store_true", help="ask about one row after the other")
    one.add_argument("--who", default=account())
    one.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the list to a file: .xlsx, .csv, .json")
    one = commands(
        "names",
        command_names,
        "names of firms that may be persons', held back from what is published",
        "  parkbridge names\n  parkbridge names --firm 金石 --why 'short for 金石机械厂'",
    )
    one.add_argument("--firm", metavar="NAME", help="this name is a firm's: the next night shows it")
    one.add_argument("--why", default="", help="how you know")
    one.add_argument("--who", default=account(), help="who says so; you by default")
