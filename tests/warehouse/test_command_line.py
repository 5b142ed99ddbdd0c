"""What a person at a terminal gets besides the text, and what a shell gets to complete a command."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

import parkbridge
from warehouse.completion import script
from warehouse.settings import CHECKOUT
from warehouse.terminal import Progress, coloured

PROGRAM = [sys.executable, str(CHECKOUT / "parkbridge.py")]


def run(*words: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *words],
        env=os.environ | {"PARKBRIDGE_HOME": str(home)} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def everything_in(descriptor: int) -> str:
    """What a pipe or a pseudo-terminal gives until its other end is closed."""
    found = b""
    while True:
        try:
            piece = os.read(descriptor, 4096)
        except OSError:  # so does a pseudo-terminal say it
            piece = b""
        if not piece:
            return found.decode()
        found += piece


def at_a_terminal(*words: str, home: Path, **environment: str) -> str:
    """What a command writes at a pseudo-terminal."""
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*PROGRAM, *words],
        env=kept | {"PARKBRIDGE_HOME": str(home), "TERM": "xterm"} | environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ):
        os.close(theirs)
        found = everything_in(ours)
    os.close(ours)
    return found


def test_the_version_is_said_on_standard_output(tmp_path: Path) -> None:
    done = run("--version", home=tmp_path)
    assert done.returncode == 0
    assert re.fullmatch(r"parkbridge \d+\.\d+\.\d+ \(duckdb [\d.]+, Python [\d.]+\)\n", done.stdout)
    assert f"version = {done.stdout.split()[1]}\n" in (CHECKOUT / "setup.cfg").read_text(encoding="utf-8")


def test_status_before_the_first_night_is_json_too(tmp_path: Path) -> None:
    (tmp_path / "raw" / "lease").mkdir(parents=True)
    (tmp_path / "raw" / "lease" / "STOPPED").write_text("x", encoding="utf-8")
    found = json.loads(run("status", "--json", home=tmp_path).stdout)
    assert (found["night"], found["feeds"], found["quarantined"], found["batches"]) == (None, [], [], [])
    assert set(found) == {"night", "stopped", "feeds", "quarantined", "batches"}


def test_feeds_as_json_name_what_is_wrong_with_a_declaration(tmp_path: Path) -> None:
    (tmp_path / "feeds" / "bad").mkdir(parents=True)
    (tmp_path / "feeds" / "bad" / "feed.yml").write_text("feed: bad\n", encoding="utf-8")
    both = f"{CHECKOUT / 'connectors' / 'feeds'}{os.pathsep}{tmp_path / 'feeds'}"
    done = run("feeds", "--json", home=tmp_path, PARKBRIDGE_FEEDS=both)
    assert done.returncode == 1, "as without --json"
    found = {feed["feed"]: feed for feed in json.loads(done.stdout)}
    assert (found["lease"]["subject"], found["lease"]["error"]) == ("lease", None)
    assert "bad" in found["bad"]["error"]
    assert found["bad"]["subject"] is None


def test_a_feed_s_differences_are_json(tmp_path: Path) -> None:
    done = run("feed", "check", "registration", "--json", home=tmp_path)
    assert json.loads(done.stdout) == [{"feed": "registration", "is_as_expected": True, "differences": []}]


@pytest.mark.parametrize(
    ("environment", "is_coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colour_is_for_terminals_that_want_it(tmp_path: Path, environment: dict[str, str], is_coloured: bool) -> None:
    found = at_a_terminal("snapshot", "--as-of", "x", home=tmp_path, **environment)
    assert "'x' is no moment" in found
    assert ("\x1b[31mparkbridge:\x1b[0m" in found) == is_coloured


def test_a_pipe_gets_no_colour(tmp_path: Path) -> None:
    done = run("snapshot", "--as-of", "x", home=tmp_path, TERM="xterm")
    assert done.stderr.startswith("parkbridge: ")
    assert "\x1b" not in done.stderr
    with (tmp_path / "f").open("w", encoding="utf-8") as file:
        assert coloured("x", "red", file) == "x"


def written(step_seconds: float, patience: float, *, is_terminal: bool) -> str:
    ours, theirs = pty.openpty() if is_terminal else os.pipe()
    with os.fdopen(theirs, "w") as stream:
        progress = Progress(stream, patience)
        progress.begin("night measure")
        time.sleep(step_seconds)
        progress.end()
        stream.write("done\n")
    found = everything_in(ours)
    os.close(ours)
    return found


def test_progress_is_a_line_that_goes_away() -> None:
    assert re.fullmatch(r"\r\x1b\[K… night measure 0 s\r\x1b\[Kdone\r\n", written(0.3, 0.05, is_terminal=True))
    assert written(0.05, 2, is_terminal=True) == "done\r\n", "nothing for what is done soon"
    assert written(0.2, 0.05, is_terminal=False) == "done\n", "nothing in a pipe"


def completed(*words: str) -> list[str]:
    """What bash offers for the last of these words."""
    listed = " ".join(f"'{word}'" for word in words)
    shell = script(parkbridge.parser(), "bash")
    text = f"{shell}\nCOMP_WORDS=(parkbridge {listed}); COMP_CWORD={len(words)}; _parkbridge"
    text += "; printf '%s\\n' \"${COMPREPLY[@]}\""
    done = subprocess.run(
        ["bash", "--norc", "-c", text], capture_output=True, text=True, timeout=20, check=True, cwd=CHECKOUT / "docs"
    )
    assert done.stderr == ""
    return [line for line in done.stdout.splitlines() if line]


def test_bash_completes_commands_options_and_choices() -> None:
    assert completed("ex") == ["export"]
    assert {"status", "sql", "feed", "export"} <= set(completed(""))
    assert sorted(completed("feed", "")) == ["check", "new", "try"]
    assert completed("feed", "check", "--w") == ["--write"]
    assert completed("status", "--js") == ["--json"]
    assert completed("export", "--format", "") == ["xlsx", "csv", "parquet", "arrow"]
    assert completed("completion", "z") == ["zsh"]
    assert completed("sql", "-o", "runb") == ["runbook.md"], "files where there is no word"


def test_zsh_gets_the_same_by_its_bash_mode() -> None:
    assert script(parkbridge.parser(), "zsh").endswith(script(parkbridge.parser(), "bash"))
