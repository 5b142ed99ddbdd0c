"""A wheel holds all that a night reads, and runs in a folder without a checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from warehouse.settings import CHECKOUT

PACKAGES = ("cli", "connectors", "dags", "demo", "expectations", "report", "transforms", "warehouse")
# pages for people who read the checkout
NOT_NEEDED = {"demo/README.md"}


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split("\0") if name and (CHECKOUT / name).exists()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of what git knows: a build leaves folders behind it, and takes in what an earlier one left."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in tracked():
        if not name.startswith("tests/"):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(CHECKOUT / name, source / name)
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "build", "-q", "--wheel", "--out-dir", out, source], check=True, timeout=300)
    (built,) = out.glob("parkbridge-*.whl")
    return built


def test_a_wheel_holds_every_file_of_the_packages_and_no_other(wheel: Path) -> None:
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    wanted = {name for name in tracked() if name.startswith(tuple(f"{package}/" for package in PACKAGES))}
    assert held == (wanted - NOT_NEEDED) | {"parkbridge.py"}


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """bin/ of a fresh environment with the wheel; what it requires comes from the environment of this test."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "pip", "install", "-q", "--no-deps", "--python", folder / "bin" / "python", wheel], check=True)
    # a folder named in a .pth is searched, but its own .pth files are not read: this checkout's editable install stays out
    site = next((folder / "lib").glob("python*")) / "site-packages"
    (site / "requirements.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
    return folder / "bin"


def run(program: Path, *arguments: str, cwd: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    names = ("PARKBRIDGE_", "AIRFLOW", "PYTHON", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(names)}
    return subprocess.run(
        [program, *arguments], cwd=cwd, env=kept | settings, capture_output=True, text=True, check=False, timeout=1800
    )


def test_a_parks_own_feeds_are_begun_and_checked_by_an_installed_program(installed: Path, tmp_path: Path) -> None:
    refused = run(installed / "parkbridge", "feed", "new", "water", "--subject", "utility_use", cwd=tmp_path)
    assert refused.returncode == 1
    assert "set PARKBRIDGE_FEEDS" in refused.stderr
    own = tmp_path / "feeds"
    own.mkdir()
    for words in (("new", "water", "--subject", "utility_use"), ("check", "water")):
        done = run(installed / "parkbridge", "feed", *words, cwd=tmp_path, PARKBRIDGE_FEEDS=str(own))
        assert done.returncode == 0, done.stderr
    assert (own / "water" / "feed.yml").exists()


@pytest.mark.slow
def test_the_demo_runs_from_a_wheel_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    done = run(installed / "parkbridge", "demo", "--enterprises", "150", "--months", "26", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"build"}
    assert (tmp_path / "build" / "park" / "published" / "report" / "index.html").exists()
    assert (tmp_path / "build" / "park" / "judgements.csv").exists()
    asked = run(installed / "parkbridge", "sql", "--example", "1", cwd=tmp_path)
    assert asked.returncode == 0, asked.stderr
    # the DAGs of the wheel and a park's own feed, as a scheduler finds them
    (tmp_path / "feeds").mkdir()
    feeds = {"PARKBRIDGE_FEEDS": str(tmp_path / "feeds")}
    run(installed / "parkbridge", "feed", "new", "water", "--subject", "utility_use", cwd=tmp_path, **feeds)
    code = (
        "from dags.environment import of_airflow; from warehouse.settings import Settings; import os; "
        "os.environ.update(of_airflow(Settings.from_environment())); "
        "from airflow.dag_processing.dagbag import DagBag; "
        "bag = DagBag(); print(sorted(bag.dags), bag.import_errors)"
    )
    found = run(installed / "python", "-c", code, cwd=tmp_path, **feeds)
    assert found.stdout.splitlines()[-1] == "['feed_water', 'operating_snapshots', 'upkeep'] {}", found.stderr
