"""2.6 million real registrations through land, stage and accept, within the memory that a park's machine has."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from examples.findings import code_counts
from warehouse.settings import CHECKOUT

USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"
ORGANISATION = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def digits_hold(code: str) -> tuple[bool, bool]:
    """Outer and inner check digit of an 18-character code, from GB 32100-2015 and GB 11714, one character at a time."""
    outer = all(c in USCC for c in code) and (
        31 - sum(USCC.index(c) * 3**place for place, c in enumerate(code[:17])) % 31
    ) % 31 == USCC.index(code[17])
    inner = code[8:17]
    if not all(c in ORGANISATION for c in inner):
        return outer, False
    weighed = sum(ORGANISATION.index(c) * w for c, w in zip(inner, (3, 7, 9, 10, 5, 8, 4, 2), strict=False))
    check = 11 - weighed % 11
    return outer, inner[8] == {10: "X", 11: "0"}.get(check, str(check))


def test_codes_are_counted_by_their_check_digits() -> None:
    published = [
        "91110000600037341L",
        "91110000600037341M",  # outer digit changed
        "91110000600037342L",  # inner digit changed, and so the outer one no longer holds
        "320500400004108",
        "3205942400492",
        "13497257-7",
    ]
    assert [digits_hold(code) for code in published[:3]] == [(True, True), (False, True), (False, False)]
    assert code_counts(pa.array(published)) == {
        "credit code, both check digits hold": 1,
        "credit code, outer digit wrong": 1,
        "credit code, both digits wrong": 1,
        "registration number of 15 digits, check digit holds": 1,
        "organisation code alone, check digit holds": 1,
        "no known form": 1,
    }


def test_one_code_in_fifty_is_judged_as_by_hand(data: Path) -> None:
    codes = pq.read_table(data / "registry" / "registry_cn.parquet", columns=["code"])["code"].to_pylist()[::50]
    whole = [code for code in codes if len(code) == 18]
    judged = [digits_hold(code.upper()) for code in whole]
    found = code_counts(pa.array(whole))
    assert len(whole) > 50_000
    assert found["credit code, both check digits hold"] == judged.count((True, True))
    assert found["credit code, inner digit wrong"] == judged.count((True, False))


PULL = """
import json, resource, sys
from datetime import UTC, datetime
from pathlib import Path
from examples import handover
from examples.findings import code_counts
from tests.examples.conftest import make_park
from warehouse.connection import writer
home, data = map(Path, sys.argv[1:])
park = make_park(home, "national_register", memory_limit="2GB")
handover.national_register(data, park.office)
park.pull(datetime(2020, 2, 1, tzinfo=UTC))
with writer(park.settings) as connection:
    batch = connection.execute("select rows_landed, rows_rejected, rows_new from ops.batch").fetchone()
    staged = connection.execute("select count(*), count(distinct source_key) from staged.registration").fetchone()
    reasons = dict(connection.execute("select split_part(reason, ':', 1), count(*) from ops.quarantine group by 1").fetchall())
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    forms = code_counts(connection.sql("select source_key from staged.registration").to_arrow_table()["source_key"].combine_chunks())
print(json.dumps([batch, staged, reasons, forms, peak_bytes]))
"""


@pytest.mark.slow
def test_the_whole_register_is_accepted(data: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PULL, str(tmp_path), str(data)], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    batch, staged, reasons, forms, peak_bytes = json.loads(done.stdout.splitlines()[-1])
    # 122 rows repeat another one letter for letter
    assert batch == [2_629_719, 1_166, 2_628_431]
    assert staged == [2_628_431, 2_628_431]
    assert reasons == {
        "capital cannot be read as registered_capital_amount": 834,
        # 巨华?德临美镇, 枞阳县\ue000山镇: a point or a rare character that a program lost
        "address has lost its characters before it came here": 265,
        "name has lost its characters before it came here": 16,
        # 水岸兰亭&ensp;4栋
        "address holds characters as a web page or a program writes them": 2,
        # 两当县塑料厂、两当县二轻工业公司; 一、溧阳市蔬菜副食品总公司;二、溧阳市茶叶干果公司
        "name names more than one": 7,
        "name looks like a total or a note": 2,
        "two rows disagree about the same source_key": 32,
        # 91110000X00016731Q and 91110000x00016731Q
        "two rows have one source_key but for case or blanks": 6,
        "no source_key (code is empty)": 2,
    }
    first_page, page = ((CHECKOUT / name).read_text(encoding="utf-8") for name in ("README.md", "examples/README.md"))
    assert "2,628,431 staged, 1,166 quarantined" in first_page
    assert "2,628,431 rows; 1,166 set aside" in page
    assert sum(forms.values()) == 2_628_431
    assert [form for form, count in forms.items() if f" | {count:,} | " not in page] == []
    # what DuckDB cannot hold in 2 GB it writes to disk; the process around it has its own few hundred MB
    assert peak_bytes < 3e9
