"""The questions on docs/alerts.md run against a published file, in both languages."""

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from tests.conftest import JULY, LAYERS, empty_warehouse
from warehouse.models import read_layers
from warehouse.published_file import write
from warehouse.settings import CHECKOUT
from warehouse.views import read_views

PAGE = CHECKOUT / "docs" / "alerts.md"


def test_every_question_runs(tmp_path: Path) -> None:
    models = read_layers(LAYERS)
    views = read_views(LAYERS / "views", models, ZoneInfo("Asia/Shanghai"))
    with empty_warehouse(JULY) as connection:
        write(connection, tmp_path / "park.duckdb", models, views)
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
