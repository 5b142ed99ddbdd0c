"""The policy file: every column has one class, and what it cannot say is refused."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.conftest import LAYERS, empty_warehouse
from warehouse.errors import DeclarationError
from warehouse.models import read_layers
from warehouse.policy import band_labels, read_policy
from warehouse.published_file import OPS_COMMENTS
from warehouse.settings import POLICY, Settings


@pytest.fixture(scope="module")
def published_columns() -> list[tuple[str, str]]:
    models = read_layers(LAYERS)
    wanted = {model.table for model in models} | {f"ops.{name}" for name in OPS_COMMENTS}
    with empty_warehouse("2026-11-10 18:00") as connection:
        found = connection.execute(
            "select schema_name || '.' || table_name, column_name from duckdb_columns() where not internal"
        ).fetchall()
    return [(table, column) for table, column in found if table in wanted]


def test_every_published_column_has_a_class_and_no_class_names_what_is_not_there(
    published_columns: list[tuple[str, str]],
) -> None:
    policy = read_policy(POLICY)
    names = {column for _, column in published_columns}
    assert sorted(names - set(policy.class_of)) == [], "say in warehouse/policy.yml who may see it"
    assert sorted(set(policy.class_of) - names) == [], "no published table has it any more"
    tables = {table for table, _ in published_columns}
    for edition in policy.editions.values():
        assert sorted(t for t in edition.tables if not t.startswith("rules.") and t not in tables) == []


def test_row_conditions_run_on_their_tables() -> None:
    policy = read_policy(POLICY)
    with empty_warehouse("2026-11-10 18:00") as connection:
        for edition in policy.editions.values():
            for table, rule in edition.tables.items():
                connection.execute(f"select 1 from {table} where {rule.rows or 'true'}")


def test_a_band_has_its_limits_in_the_upper_text() -> None:
    assert band_labels((1, 10, 50, 250)) == ["0", "1-9", "10-49", "50-249", "250+"]
    assert band_labels((100_000, 1_000_000)) == ["below 100,000", "100,000-999,999", "1,000,000+"]


SMALL = """
version: policy-1
classes:
  open: {operator: as_is, basis: none, purpose: test}
  staff: {operator: band, bands: [1, 10], basis: none, purpose: test}
  key: {operator: masked, basis: none, purpose: test}
editions:
  operator:
    title: {en: Operator, zh: 运营版}
    tables:
      monthly.staff: {}
columns:
  open: month as_of
  staff: headcount
  key: unit_no
"""


def small(tmp_path: Path, old: str = "", new: str = "") -> Path:
    assert old in SMALL
    path = tmp_path / "policy.yml"
    path.write_text(SMALL.replace(old, new) if old else SMALL, encoding="utf-8")
    return path


def test_as_is_band_masked_absent(tmp_path: Path) -> None:
    policy = read_policy(small(tmp_path))
    kinds = {"month": "DATE", "headcount": "BIGINT", "unit_no": "VARCHAR"}
    sql = ", ".join(one.sql for one in policy.shown("operator", "monthly.staff", kinds))
    given = [(None, None), (0, "7"), (9, "123456"), (10, "1234567890123"), (11, "")]
    with duckdb.connect() as connection:
        connection.execute("create table staff (month date, headcount bigint, unit_no varchar)")
        connection.executemany("insert into staff values ('2026-01-01', ?, ?)", given)
        rows = connection.execute(f"select {sql} from staff order by rowid").fetchall()
        names = [column[0] for column in connection.description or ()]
    assert names == ["month", "headcount_band", "unit_no"]
    assert [row[1:] for row in rows] == [
        (None, None),
        ("0", "…"),
        ("1-9", "…56"),
        ("10+", "…0123"),
        ("10+", "…"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "fact"),
    [
        ("operator: as_is", "operator: secret", "'secret' is none of as_is, band, masked, absent"),
        ("operator: as_is", "press: as_is", "press is neither an audience nor basis, purpose, bands"),
        (", basis: none, purpose: test}\n  staff", ", purpose: test}\n  staff", "class open has no basis"),
        ("bands: [1, 10]", "bands: [10, 1]", "bands are not two or more rising whole numbers"),
        ("staff: headcount", "staff: headcount month", "column month is in open and in staff"),
        ("staff: headcount", "people: headcount", "there is no class people"),
        ("monthly.staff: {}", "monthly.staff: {also: [headcount]}", "`also` without `rows`"),
        ("monthly.staff: {}", "monthly.staff: {without: [area]}", "area is no column or class"),
        ("monthly.staff: {}", "monthly.staff: {where: x}", "unknown where"),
        ("  operator:\n    title", "  director:\n    title", "director sees every column"),
        ("version: policy-1", "", "lacks version"),
        ("columns:", "columns: [", "not valid YAML"),
        ("classes:", "kinds:", "lacks version, classes, editions or columns"),
        (SMALL, "[1]", "lacks version, classes, editions or columns"),
        ("purpose: test}\n  staff", "purpose: ''}\n  staff", "class open has no basis or no purpose"),
        ("open: {operator: as_is, basis: none, purpose: test}", "open: as_is", "class open has no basis or no purpose"),
        ("bands: [1, 10]", "bands: [1]", "bands are not two or more rising"),
        ("bands: [1, 10]", "bands: [1, 1]", "bands are not two or more rising"),
        ("bands: [1, 10]", "bands: [1, 2.5]", "bands are not two or more rising"),
        (", bands: [1, 10]", "", "bands are not two or more rising"),
        ("    title: {en: Operator, zh: 运营版}\n", "", "edition operator: its keys are title, tables and statistics"),
        ("    tables:", "    views:", "edition operator: its keys are title, tables and statistics"),
        ("    tables:", "    colour: red\n    tables:", "edition operator: its keys are title, tables and statistics"),
        (
            "operator:\n    title: {en: Operator, zh: 运营版}\n    tables:\n      monthly.staff: {}",
            "operator: all",
            "its keys are",
        ),
        ("columns:\n  open", "schemas: {ops: people}\ncolumns:\n  open", "schemas: there is no class people"),
        ("    tables:", "    statistics: all\n    tables:", "edition operator: statistics has the keys"),
    ],
)
def test_what_cannot_be_said_is_refused(tmp_path: Path, old: str, new: str, fact: str) -> None:
    with pytest.raises(DeclarationError) as error:
        read_policy(small(tmp_path, old, new))
    assert fact in str(error.value)
    assert "Next: " in str(error.value)


def test_published_columns_without_a_class_are_counted(tmp_path: Path) -> None:
    policy = read_policy(small(tmp_path, "    tables:", "    tables:"))
    with pytest.raises(DeclarationError, match=r"^a\.b\.new_one: this column has no class in \S+\. Next: ") as one:
        policy.hold([("a.b", "new_one")])
    assert "nor have" not in str(one.value)
    with pytest.raises(DeclarationError, match=r"^a\.b\.new_one: .*, nor have 2 more\. Next: "):
        policy.hold([("a.b", "new_one"), ("a.b", "second"), ("a.c", "third")])


def test_the_fewest_that_a_policy_may_say(tmp_path: Path) -> None:
    """What is refused above is the only thing wrong there: these are the same files with nothing wrong."""
    policy = read_policy(
        small(tmp_path, "monthly.staff: {}", "monthly.staff: {rows: month is not null, also: [headcount]}")
    )
    assert policy.editions["operator"].tables["monthly.staff"].also == {"headcount"}
    policy = read_policy(small(tmp_path, "monthly.staff: {}", "monthly.staff: {without: [staff, month]}"))
    assert policy.editions["operator"].tables["monthly.staff"].without == {"staff", "month"}
    policy = read_policy(small(tmp_path, "bands: [1, 10]", "bands: [1, 10, 50]"))
    assert policy.classes["staff"].bands == (1, 10, 50)
    policy = read_policy(small(tmp_path, "columns:\n  open", "schemas: {ops: open}\ncolumns:\n  open"))
    assert policy.schemas == {"ops": "open"}
    with pytest.raises(DeclarationError, match=r"it cannot be read: No such file.*PARKBRIDGE_POLICY"):
        read_policy(tmp_path / "gone.yml")


def test_an_edition_of_statistics_shows_no_table_of_enterprises(tmp_path: Path) -> None:
    text = POLICY.read_text(encoding="utf-8")
    at = text.index("  public:\n")
    path = tmp_path / "policy.yml"
    changes = {
        "ops.night: {}": ("ops.night: {}\n      snapshots.presence: {}", "snapshots.presence may show enterprises"),
        "contributors_min: 3": ("contributors_min: 2", "at least 3 contributors"),
        "share_max_pct: 80": ("share_max_pct: 90", "at most 80 %"),
        "headcount: industry_section": ("tax_received_vat: industry_section", "'tax_received_vat' is none of"),
        "leased_area: building": ("leased_area: room", "'room' is none of"),
    }
    for old, (new, fact) in changes.items():
        assert old in text[at:]
        path.write_text(text[:at] + text[at:].replace(old, new, 1), encoding="utf-8")
        with pytest.raises(DeclarationError) as error:
            read_policy(path)
        assert fact in str(error.value)


def test_a_park_that_says_nothing_has_the_director_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PARKBRIDGE_AUDIENCES", raising=False)
    assert Settings.from_environment().audiences == ("director",)
    monkeypatch.setenv("PARKBRIDGE_AUDIENCES", "director, operator,public,operator")
    found = Settings.from_environment()
    assert found.audiences == ("director", "operator", "public")
    assert found.of_audience("operator").published == found.published / "editions" / "operator"
    for wrong in ("operator", "director,../x"):
        monkeypatch.setenv("PARKBRIDGE_AUDIENCES", wrong)
        with pytest.raises(DeclarationError, match="PARKBRIDGE_AUDIENCES"):
            Settings.from_environment()
