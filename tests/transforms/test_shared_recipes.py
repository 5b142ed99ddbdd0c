"""Recipes that models share are written once, in warehouse/model_macros.sql; each is held to an independent calculation here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import duckdb
import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

import transforms
from tests.conftest import prepared
from tests.model_macros import FILE, macros
from transforms.resolution import incremental
from warehouse import parts

HERE = Path(transforms.__file__).parent
CHECKOUT = HERE.parent
SQL = sorted(
    [*HERE.glob("[0-9]_*/*.sql"), *HERE.glob("matching/*.sql"), *(CHECKOUT / "expectations" / "rules").glob("*.sql")]
)
PYTHON = sorted(
    path for folder in ("transforms", "expectations", "warehouse") for path in CHECKOUT.glob(f"{folder}/*.py")
)

amounts = st.decimals(min_value=-10_000_000, max_value=10_000_000, places=2)


def respelled(sql: str) -> Iterator[str]:
    """Names of the macros that a query spells out."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    for product in tree.find_all(exp.Mul):
        sides = (product.this.unnest(), product.expression.unnest())
        if any(side.find(exp.Year) for side in sides) and any(side.name == "12" for side in sides):
            yield "month_number"
    if tree.find(exp.SHA2) or any(node.name.lower() == "sha256" for node in tree.find_all(exp.Anonymous)):
        yield "enterprise_key"
    for division in tree.find_all(exp.Div):
        base = division.expression.unnest()
        base = base.this.unnest() if isinstance(base, exp.Nullif) else base
        plain_base = base.this.unnest() if isinstance(base, exp.Abs) else base
        if any(
            isinstance(total.this, exp.Abs) and isinstance(total.expression, exp.Abs)
            for total in base.find_all(exp.Add)
        ):
            yield "dhs_growth"
        if any(change.expression.unnest() == plain_base for change in division.this.find_all(exp.Sub)):
            yield "growth_pct"


@pytest.mark.parametrize("path", SQL, ids=lambda path: path.stem)
def test_no_recipe_is_spelled_out_again(path: Path) -> None:
    found = set(respelled(path.read_text(encoding="utf-8")))
    assert not found, f"{path.name} spells out what {', '.join(sorted(found))} of {FILE.name} does: call the macro"


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_no_recipe_is_spelled_out_in_python(path: Path) -> None:
    found = re.findall(
        r"year\([^)]*\) ?\* ?12\b|\.year ?\* ?12\b|substr\(sha256|\bsha256\(concat|hexdigest\(\)\[:15\]",
        path.read_text(encoding="utf-8"),
    )
    assert not found, f"{path.name} spells out {found}: call the macro of {FILE.name}"


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("select year(a) * 12 + month(a) from t", "month_number"),
        ("select (year(a) - year(b)) * 12 + month(a) - month(b) from t", "month_number"),
        ("select 12 * year(a) + month(a) from t", "month_number"),
        ("select concat('E', substr(sha256(concat('code:', a)), 1, 15)) from t", "enterprise_key"),
        ("select (a - b) / nullif((abs(a) + abs(b)) / 2, 0) from t", "dhs_growth"),
        ("select 2 * (a - b) / nullif(abs(a) + abs(b), 0) from t", "dhs_growth"),
        ("select (a - b) / nullif(b, 0) from t", "growth_pct"),
        ("select cast(100 * (t.a - t.b) / nullif(abs(t.b), 0) as decimal(18, 2)) from t", "growth_pct"),
        ("select (a - b) * 100 / b from t where b > 0", "growth_pct"),
    ],
)
def test_each_recipe_is_found(sql: str, name: str) -> None:
    assert name in set(respelled(sql))


@pytest.mark.parametrize(
    "sql",
    [
        "select month_number(a) - 12, growth_pct(a, b), dhs_growth(a, b), enterprise_key(concat('code:', c)) from t",
        "select a / nullif(b, 0), (a - c) / nullif(b, 0), year(a), months * 12 from t",
    ],
)
def test_what_is_no_recipe_is_let_through(sql: str) -> None:
    assert list(respelled(sql)) == []


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with prepared() as opened:
        yield opened


def ask(connection: duckdb.DuckDBPyConnection, call: str, *values: object) -> object:
    row = connection.execute(f"select {call}", list(values)).fetchone()
    assert row is not None
    return row[0]


def test_no_macro_takes_the_name_of_another_files() -> None:
    # the later file would replace it without a word
    names = [
        re.findall(r"macro (\w+)\(", (FILE.parent / name).read_text(encoding="utf-8"))
        for name in ("macros.sql", "model_macros.sql")
    ]
    assert all(names)
    assert set(names[0]) & set(names[1]) == set()


def test_the_macros_are_those_that_are_agreed() -> None:
    assert {name: parameters for name, (parameters, _) in macros().items()} == {
        "month_number": ("d",),
        "industry_division": ("code",),
        "enterprise_key": ("kind_and_text",),
        "growth_pct": ("now", "before"),
        "dhs_growth": ("now", "before"),
        "positive_log": ("v",),
        "number_text": ("v",),
        # held to second implementations in test_position.py
        "industry_group": ("code",),
        "wilson_low": ("p", "n"),
        "wilson_high": ("p", "n"),
        "uscc_holds": ("code",),
        # worked by hand in tests/models/snapshots.work_list and industry.introduction
        "quantity_text": ("v",),
        "quantity_words": ("v", "unit"),
        "work_limit_group": ("action_code",),
        "plain_record_number": ("record_number",),
        "work_row_id": ("action_and_about",),
        "filled": ("words", *(f"{pair}{part}" for pair in "abcdefgh" for part in ("", "_text"))),
    }


def test_a_changed_macro_makes_all_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    read = Path.read_bytes
    before = (incremental.fingerprint(), parts._fingerprint(HERE))
    monkeypatch.setattr(Path, "read_bytes", lambda path: read(path) + (b" " if path.name == FILE.name else b""))
    after = (incremental.fingerprint(), parts._fingerprint(HERE))
    assert [one != other for one, other in zip(before, after, strict=True)] == [True, True]


words = st.text(st.characters(codec="utf-8", exclude_characters="{}\0"))


@given(texts=st.dictionaries(st.sampled_from("abcdefgh"), words, min_size=1), between=words)
def test_a_sentence_is_filled_as_python_does(
    connection: duckdb.DuckDBPyConnection, texts: dict[str, str], between: str
) -> None:
    template = between.join(f"{{{name}}}" for name in [*texts, *texts])
    pairs = [part for pair in texts.items() for part in pair]
    call = f"filled({', '.join(['?::varchar'] * (len(pairs) + 1))})"
    assert ask(connection, call, template, *pairs) == template.format(**texts)
    assert ask(connection, call, template, *pairs[:-1], None) is None, "no sentence without its figure"


@given(day=st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_month_number(connection: duckdb.DuckDBPyConnection, day: date) -> None:
    assert ask(connection, "month_number(?::date)", day) == day.year * 12 + day.month


@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_enterprise_key(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    assert ask(connection, "enterprise_key(?)", text) == f"E{hashlib.sha256(text.encode()).hexdigest()[:15]}"


@pytest.mark.parametrize(
    ("code", "division"),
    [
        ("39", "39"),
        ("C39", "39"),
        ("C3911", "39"),
        ("01", "01"),
        ("97", "97"),
        ("C", None),
        ("00", None),
        ("98", None),
        ("", None),
        ("软件", None),
        (None, None),
    ],
)
def test_industry_division(connection: duckdb.DuckDBPyConnection, code: str | None, division: str | None) -> None:
    assert ask(connection, "industry_division(?::varchar)", code) == division


@given(now=amounts, before=amounts)
def test_growth_is_the_change_over_the_base(
    connection: duckdb.DuckDBPyConnection, now: Decimal, before: Decimal
) -> None:
    found = ask(connection, "growth_pct(?::decimal(18, 2), ?::decimal(18, 2))", now, before)
    if before <= 0:
        assert found is None
    else:
        assert isinstance(found, Decimal)
        assert abs(found - (now - before) * 100 / before) <= Decimal("0.005001")


@pytest.mark.parametrize(
    ("now", "before", "pct"),
    [
        ("7::bigint", "18::bigint", "-61.11"),
        ("18::bigint", "7::bigint", "157.14"),
        ("0::bigint", "5::bigint", "-100.00"),
        ("5::bigint", "0::bigint", None),
        ("5::bigint", "-5::bigint", None),
        ("-5::bigint", "5::bigint", "-200.00"),
        ("5::bigint", "null::bigint", None),
        ("null::bigint", "5::bigint", None),
        ("9999999999::bigint", "1::bigint", "999999999800.00"),  # wider than any percentage of before
        ("9::double * 1e30", "1::bigint", None),  # beyond decimal(30,2): no figure rather than no night
        ("sum(1200.50::decimal(18, 2))", "sum(1000::decimal(18, 2))", "20.05"),
        ("sum(3::bigint)", "sum(2::bigint)", "50.00"),
        ("1.5::double", "1::double", "50.00"),
    ],
)
def test_growth_by_hand(connection: duckdb.DuckDBPyConnection, now: str, before: str, pct: str | None) -> None:
    assert ask(connection, f"growth_pct({now}, {before})") == (None if pct is None else Decimal(pct))


@given(number=st.integers(-(10**24) + 1, 10**24 - 1))
def test_number_text(connection: duckdb.DuckDBPyConnection, number: int) -> None:
    assert ask(connection, f"number_text({number}::decimal(24, 0))") == f"{number:,}"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("0", "0"),
        ("-0.4::decimal(9, 1)", "0"),
        ("999.5::decimal(9, 1)", "1,000"),
        ("-1234::bigint", "-1,234"),
        ("null", None),
    ],
)
def test_number_text_by_hand(connection: duckdb.DuckDBPyConnection, number: str, text: str | None) -> None:
    assert ask(connection, f"number_text({number})") == text


@given(now=amounts, before=amounts)
def test_dhs_growth_is_the_change_over_the_mean(
    connection: duckdb.DuckDBPyConnection, now: Decimal, before: Decimal
) -> None:
    found = ask(connection, "dhs_growth(?::decimal(18, 2), ?::decimal(18, 2))", now, before)
    mean = (abs(now) + abs(before)) / 2
    exact = (now - before) / mean if mean else Decimal(0)
    assert isinstance(found, Decimal)
    assert abs(found - exact) <= Decimal("0.00005001")
    assert -2 <= found.quantize(Decimal("0.0001"), ROUND_HALF_UP) <= 2
