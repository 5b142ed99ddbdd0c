"""The questions on docs/alerts.md run against a published file, in both languages."""

import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from transforms.resolution.resolve import resolve
from warehouse.connection import prepare
from warehouse.models import build, read_layers
from warehouse.publish import write
from warehouse.settings import CHECKOUT
from warehouse.views import read_views

PAGE = CHECKOUT / "docs" / "alerts.md"


def test_every_question_runs(tmp_path: Path) -> None:
    connection = duckdb.connect(tmp_path / "warehouse.duckdb")
    prepare(connection)
    connection.execute("insert into ops.night values ('night', ?, 'park')", [datetime(2026, 4, 10)])
    resolve(connection)
    transforms = CHECKOUT / "transforms"
    for folder in sorted(transforms.glob("[3-9]_*")):
        build(connection, folder)
    models = read_layers(transforms)
    views = read_views(transforms / "views", models, ZoneInfo("Asia/Shanghai"))
    write(connection, tmp_path / "park.duckdb", models, views)
    connection.close()
    questions = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(questions) >= 4
    with duckdb.connect(tmp_path / "park.duckdb", read_only=True) as park:
        for question in questions:
            park.execute(question)


def test_every_alert_is_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    rules = (CHECKOUT / "transforms" / "rules" / "alert.yml").read_text(encoding="utf-8")
    codes = re.findall(r"alert_code: (\w+)", rules)
    assert len(codes) == 9
    assert [code for code in codes if f"`{code}`" not in page] == []
