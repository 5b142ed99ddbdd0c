"""This machine: what it lacks, what programs beside us need."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sized
from pathlib import Path
from typing import TYPE_CHECKING

from cli.options import Commands, may_be_json, print_json
from warehouse.errors import ParkBridgeError
from warehouse.settings import Settings
from warehouse.terminal import coloured

if TYPE_CHECKING:
    from warehouse.deep import Finding


def _show_finding(is_well: bool, text: str) -> None:
    print(f"{coloured('✓', 'green') if is_well else coloured('✗', 'red')} {text}", flush=True)


def _look_deep(settings: Settings) -> int:
    """Hold raw/, warehouse, published night and judgements against each other; say what to run."""
    from connectors.registry import feeds
    from warehouse.deep import cures, deep_findings

    found = []
    for finding in deep_findings(settings, list(feeds(settings.feed_folders).values())):
        _show_finding(finding.is_well, finding.text)
        found.append(finding)
    for finding in _look_at_what_people_wrote(settings):
        _show_finding(finding.is_well, finding.text)
        found.append(finding)
    for number, cure in enumerate(cures(found), 1):
        print(f"Next {number}: {cure}")
    return 0 if all(finding.is_well for finding in found) else 1


def _look_at_what_people_wrote(settings: Settings) -> Iterator[Finding]:
    """Read what people wrote; where a file is damaged or gone, its copy in the backup is the cure."""
    from transforms.outcome_file import read_answers
    from transforms.resolution.judgement_file import read_judgements
    from warehouse.deep import SYNC, Finding
    from warehouse.people import ANSWERS_FILE, FIRM_NAMES_FILE, JUDGEMENTS_FILE, hold_to_copy, people_file
    from warehouse.suspected_names import read_firm_names

    readers: dict[str, tuple[str, Callable[[Path], Sized]]] = {
        JUDGEMENTS_FILE: ("judgements", read_judgements),
        ANSWERS_FILE: ("answers", read_answers),
        FIRM_NAMES_FILE: ("names of firms", read_firm_names),
    }
    for name, (words, read) in readers.items():
        file = people_file(settings, name)
        try:
            hold_to_copy(settings, name)
            if name == JUDGEMENTS_FILE or file.path.exists():
                yield Finding(True, f"{len(read(file.path)):,} {words} in {file.path.name}")
            else:
                yield Finding(True, f"no {words} yet: there is no {file.path.name}")
        except ParkBridgeError as error:
            try:
                count = len(read(file.copy))
            except ParkBridgeError:
                yield Finding(False, str(error))
                continue
            yield Finding(False, f"{error}. The backup has {count:,} {words}", (file.cure, SYNC))


def command_doctor(settings: Settings, given: argparse.Namespace) -> int:
    """Say what this machine lacks."""
    from warehouse.doctor import findings

    found = list(findings(settings))
    for is_well, text in found:
        _show_finding(is_well, text)
    return (0 if all(is_well for is_well, _ in found) else 1) | (_look_deep(settings) if given.deep else 0)


def command_env(settings: Settings, given: argparse.Namespace) -> int:
    """Print what a shell or a service needs in its environment."""
    from dags.environment import as_service, as_shell, environment

    if given.json:
        return print_json(environment(settings))
    print(as_service(settings) if given.service else as_shell(settings))
    return 0


def command_completion(settings: Settings, given: argparse.Namespace) -> int:
    """Print what a shell needs to complete our commands."""
    from cli import parser
    from warehouse.completion import script

    print(script(parser(), given.shell), end="")
    return 0


def add(commands: Commands) -> None:
    """Declare these commands."""
    one = commands(
        "doctor", command_doctor, "what this machine lacks", "  parkbridge doctor\n  parkbridge doctor --deep"
    )
    one.add_argument(
        "--deep",
        action="store_true",
        help="also read every batch and night, hold raw/, warehouse and published night against each other, and say what to run",
    )
    one = commands(
        "env",
        command_env,
        "the environment that shells, services and Airflow need, without secrets",
        '  eval "$(parkbridge env)"\n  parkbridge env --service > /etc/parkbridge.env',
    )
    one.add_argument("--service", action="store_true", help='NAME="value" lines, for a systemd EnvironmentFile')
    may_be_json(one)
    one = commands(
        "completion",
        command_completion,
        "completion of commands and options for a shell",
        "  source <(parkbridge completion bash)",
    )
    one.add_argument("shell", choices=("bash", "zsh"))
