"""What a person at a terminal gets besides the text, and what a shell gets to complete a command."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import parkbridge
from cli import parser
from warehouse.batches import mark_stopped
from warehouse.completion import script
from warehouse.settings import CHECKOUT
from warehouse.terminal import Progress, coloured

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `parkbridge WORDS` in this process, over an empty home: its exit code, and what it wrote."""
    monkeypatch.setenv("PARKBRIDGE_HOME", str(tmp_path))

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["parkbridge", *words])
        try:
            code = parkbridge.main()
        except SystemExit as end:
            code = int(end.code or 0)
        return code, *capsys.readouterr()

    return run


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


def test_the_version_is_said_on_standard_output(run: Run) -> None:
    code, said, complaint = run("--version")
    assert (code, complaint) == (0, "")
    assert re.fullmatch(r"parkbridge \d+\.\d+\.\d+ \(duckdb [\d.]+, Python [\d.]+\)\n", said)
    assert f"version = {said.split()[1]}\n" in (CHECKOUT / "setup.cfg").read_text(encoding="utf-8")


def test_status_before_the_first_night_is_json_too(run: Run) -> None:
    found = json.loads(run("status", "--json")[1])
    assert found == {
        "night": None,
        "stopped": [],
        "feeds": [],
        "quarantined": [],
        "batches": [],
        "running": [],
        "drill": None,
    }


def test_a_stop_is_in_the_json_and_in_the_exit_code(run: Run, tmp_path: Path) -> None:
    mark_stopped(tmp_path / "raw", "lease", "unknown column '人头数'")
    code, said, _ = run("status", "--json")
    assert code == 1, "as without --json"
    assert json.loads(said)["stopped"] == [{"feed": "lease", "message": "unknown column '人头数'"}]


def test_feeds_as_json_name_what_is_wrong_with_a_declaration(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "feeds" / "bad").mkdir(parents=True)
    (tmp_path / "feeds" / "bad" / "feed.yml").write_text("feed: bad\n", encoding="utf-8")
    shutil.copytree(CHECKOUT / "connectors" / "feeds" / "lease", tmp_path / "feeds" / "lease")
    monkeypatch.setenv("PARKBRIDGE_FEEDS", str(tmp_path / "feeds"))
    code, said, _ = run("feeds", "--json")
    assert code == 1, "as without --json"
    found = {feed["feed"]: feed for feed in json.loads(said)}
    assert (found["lease"]["subject"], found["lease"]["error"]) == ("lease", None)
    assert "bad" in found["bad"]["error"]
    assert found["bad"]["subject"] is None


def test_a_feed_s_differences_are_json(run: Run) -> None:
    code, said, _ = run("feed", "check", "registration", "--json")
    assert (code, json.loads(said)) == (0, [{"feed": "registration", "is_as_expected": True, "differences": []}])


@pytest.mark.parametrize(
    ("environment", "is_coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colour_is_for_terminals_that_want_it(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], is_coloured: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        assert (coloured("x", "red", terminal) == "\x1b[31mx\x1b[0m") == is_coloured
    os.close(ours)


def test_a_pipe_gets_no_colour(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    code, _, complaint = run("snapshot", "--as-of", "x")
    assert code == 1
    assert complaint.startswith("parkbridge: ")
    assert "\x1b" not in complaint


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


def test_progress_does_not_hold_up_a_program_that_ends() -> None:
    """A step that raises where nothing ends its line: the program ends all the same, with its own code."""
    ours, theirs = pty.openpty()
    code = "import sys; from warehouse.terminal import Progress; Progress(sys.stderr, 0.1).begin('x'); sys.exit(3)"
    done = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, stderr=theirs, timeout=30, check=False)
    os.close(theirs)
    os.close(ours)
    assert done.returncode == 3


def completed(*words: str) -> list[str]:
    """What bash offers for the last of these words."""
    listed = " ".join(f"'{word}'" for word in words)
    shell = script(parser(), "bash")
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
    assert script(parser(), "zsh").endswith(script(parser(), "bash"))
