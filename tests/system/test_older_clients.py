"""Clients lag: the published file opens in DuckDB 1.0 and 1.4, and every table and view has the same rows there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.system.conftest import Park

# reads every table and view in full, so that each function in a view is found there; prints rows, or what went wrong
READ = """
import json, sys
import duckdb
park = duckdb.connect(sys.argv[1], read_only=True)
park.execute("set enable_progress_bar = false")
names = park.execute("select table_schema, table_name from information_schema.tables").fetchall()
found = {}
for schema, name in names:
    try:
        found[f"{schema}.{name}"] = len(park.execute(f'select * from "{schema}"."{name}"').fetchall())
    except Exception as error:
        found[f"{schema}.{name}"] = str(error)
print(json.dumps([duckdb.__version__, found]))
"""


def read_with(python: str, file: Path) -> Any:
    done = subprocess.run(
        [python, "-c", READ, str(file)], capture_output=True, text=True, timeout=300, check=True, cwd=file.parent
    )
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("version", ["1.0.0", "1.4.5"])
def test_an_older_client_reads_every_view(park: Park, tmp_path: Path, version: str) -> None:
    uv = Path(sys.executable).with_name("uv")
    environment = tmp_path / "client"
    subprocess.run([str(uv), "venv", "-q", "--python", sys.executable, str(environment)], check=True, timeout=120)
    client = str(environment / "bin" / "python")
    install = [str(uv), "pip", "install", "-q", "--only-binary", ":all:", "--python", client, f"duckdb=={version}"]
    if (done := subprocess.run(install, capture_output=True, text=True, timeout=300, check=False)).returncode:
        pytest.skip(f"duckdb {version} cannot be installed here: {done.stderr.strip().splitlines()[-1]}")
    used, found = read_with(client, park.published)
    assert used == version
    newest, expected = read_with(sys.executable, park.published)
    assert newest == duckdb.__version__
    assert found == expected
    assert len(found) > 100
    assert all(isinstance(rows, int) for rows in found.values())
