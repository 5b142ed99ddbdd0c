"""The comparison of names, addresses and buildings: what its parts read, and which records it ties in small registers."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA, LCSseq

from tests.transforms.test_resolution import A, B, C, credit_code, everything, lease, links, registered, warehouse
from transforms.matching import engine
from transforms.matching.files import match_files
from transforms.resolution.addresses import address_keys
from transforms.resolution.names import WORDS, name_forms
from transforms.resolution.resolve import RULES, resolve
from warehouse.models import load_rules, rows_of_rule

BRANDS = "华鼎锐泰诺明达恒信卓越创远博思凯利通源盛辉腾飞安康瑞丰宏图启航天成"
TRADES = ["软件", "物流", "贸易", "食品", "模具", "检测技术", "环保科技", "光通信", "人才服务", "包装"]


def register(firms: int = 400) -> list[dict[str, Any]]:
    """A register of strangers, so that rare and common have a meaning."""
    draw = random.Random(1)
    return [
        registered(
            f"x{number}",
            credit_code(30000000 + number),
            f"苏州市{''.join(draw.sample(BRANDS, 3))}{draw.choice(TRADES)}有限公司",
            address=f"苏州市{draw.choice('东南西北')}{draw.choice('一二三四')}路{draw.randint(1, 300)}号"
            f"{draw.randint(1, 20)}幢{draw.randint(101, 2020)}室",
        )
        for number in range(firms)
    ]


def decided(connection: duckdb.DuckDBPyConnection, key: str) -> tuple[str, str, float | None]:
    row = connection.execute(
        "select outcome_code, method, score from resolved.match_decision where source_key = ?", [key]
    ).fetchone()
    assert row is not None
    return row[0], row[1], None if row[2] is None else float(row[2])


# --- what is read out of names and addresses --------------------------------------------------------------------------


@cache
def _ruled() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 1})
    load_rules(connection, RULES)
    return connection


def parts(names: list[str], addresses: list[str]) -> duckdb.DuckDBPyConnection:
    """A connection with left_name and left_address of these, and the same on the right: every table of it is made anew."""
    connection = _ruled()
    forms = name_forms(pa.array(names, pa.string()))
    stated = forms.append_column("id", pa.array(range(len(names))))
    places = pa.table({"id": range(len(addresses)), "address_key": address_keys(pa.array(addresses, pa.string()))})
    for side in engine.SIDES:
        connection.register("given_names", stated)
        connection.execute(f"create or replace temp table {side}_stated_name as from given_names")
        connection.register("given_addresses", places)
        connection.execute(
            f"create or replace temp table {side}_stated_address as "
            "select *, null::varchar as building from given_addresses"
        )
    engine.read_addresses(connection)
    engine.read_names(connection)
    return connection


@pytest.mark.parametrize(
    "written",
    [
        "临澜市高新区望江路388号12幢928室",
        "临澜高新区望江路388号12栋928室",
        "高新区望江路388号12号楼928",
        "临澜市 望江路 388#12-928",
        "望江路３８８号１２幢－９２８",
    ],
)
def test_one_room_in_five_spellings(written: str) -> None:
    found = parts(["甲"], [written]).execute("select road, number, premises from left_address").fetchall()
    assert found == [("望江路", "388", "388-12-928")]


@pytest.mark.parametrize(
    ("written", "city"),
    [
        ("江苏省苏州市工业园区星湖街1号", "苏州"),
        ("苏州工业园区星湖街1号", "苏州"),
        ("北京市海淀区中关村大街1号", "北京"),
        ("高新区望江路388号", None),
        ("望江路388号", None),
    ],
)
def test_the_city_where_an_address_tells_it(written: str, city: str | None) -> None:
    assert parts(["甲"], [written]).execute("select city from left_address").fetchall() == [(city,)]


@pytest.mark.parametrize(
    "preamble",
    [
        "注册地址：中华人民共和国",
        "注册地：",
        "法定地址: 中国 ",
        "公司位于",
        "公司注册地址位于",
        "主要经营场所：",
        "营业地址为",
        "邮编215000 ",
        "215000 ",
        "PRC ",
    ],
)
def test_what_a_form_prints_before_an_address_is_no_place(preamble: str) -> None:
    found = parts(["甲"], [f"{preamble}江苏省苏州市竹园路209号"]).execute(
        "select province, city, road, number from left_address"
    )
    assert found.fetchall() == [("江苏", "苏州", "竹园路", "209")]


@pytest.mark.parametrize(
    ("written", "province", "road"),
    [
        ("中国（上海）自由贸易试验区博霞路11号", "上海", "博霞路"),
        ("中国（福建）自由贸易试验区厦门片区象屿路11号", "福建", "象屿路"),
        ("经营路11号", None, "经营路"),
    ],
)
def test_a_free_trade_zone_is_no_city(written: str, province: str | None, road: str) -> None:
    found = parts(["甲"], [written]).execute("select nullif(province, ''), road, number from left_address").fetchall()
    assert found == [(province, road, "11")]


@pytest.mark.parametrize(
    ("name", "is_branch", "is_short"),
    [
        ("苏州明达科技有限公司", False, False),
        ("苏州明达科技有限公司无锡分公司", True, False),
        ("苏州明达超市有限公司第三分店", True, False),
        ("苏州明达科技有限公司实验工场", True, False),
        ("明达科技", False, True),
        ("明达公司", False, True),
        ("明达有限公司", False, True),
        ("苏州明达科技有限公司上海代表处", True, False),
        ("明达会计师事务所特殊普通合伙江苏分所", True, False),
        ("苏州明达投资合伙企业有限合伙", False, False),
        ("新区营业厅", True, False),
        # sole traders are called so; behind a company's full name it is a branch
        ("湖滨建材经营部", False, True),
        ("苏州明达科技有限公司湖滨经营部", True, False),
    ],
)
def test_branches_and_short_names(name: str, is_branch: bool, is_short: bool) -> None:
    found = parts([name], []).execute("select distinct is_branch, is_short from left_name").fetchall()
    assert found == [(is_branch, is_short)]


def names_with(word: str) -> list[str]:
    return [f"苏州明达科技有限公司湖滨{word}", f"湖滨{word}"]


@cache
def branches() -> dict[str, bool]:
    """Whether the names with each word are branches, read in one go."""
    names = sorted({name for row in rows_of_rule(WORDS) for name in names_with(row["word"])})
    return dict(parts(names, []).execute("select name_key, is_branch from left_name").fetchall())


@pytest.mark.parametrize("row", rows_of_rule(WORDS), ids=lambda row: row["word"])
def test_every_branch_word_makes_a_branch(row: dict[str, Any]) -> None:
    is_branch_word = row["kind"] in ("branch_word", "company_branch_word")
    names, found = names_with(row["word"]), branches()
    assert found[names[0]] == (is_branch_word or row["kind"] == "short_form_end")
    assert found[names[1]] == (row["kind"] == "branch_word")


def common_by_hand(one: str, other: str) -> int:
    """The longest common subsequence by the textbook's table."""
    table = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            table[i + 1][j + 1] = table[i][j] + 1 if a == b else max(table[i][j + 1], table[i + 1][j])
    return table[-1][-1]


def edits_by_hand(one: str, other: str) -> int:
    """Edits, neighbours that changed places counted as one, by the textbook's table."""
    table = {(i, -1): i + 1 for i in range(-1, len(one))} | {(-1, j): j + 1 for j in range(-1, len(other))}
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            table[i, j] = min(table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (a != b))
            if i and j and a == other[j - 1] and one[i - 1] == b:
                table[i, j] = min(table[i, j], table[i - 2, j - 2] + 1)
    return table[len(one) - 1, len(other) - 1]


texts = st.lists(st.tuples(st.text("明达科技远A1", max_size=6), st.text("明达科技远A1", max_size=6)), min_size=1)


@settings(deadline=None)
@given(texts)
def test_characters_are_counted_not_bytes(pairs: list[tuple[str, str]]) -> None:
    rows = pa.table({"one": [one for one, _ in pairs], "other": [other for _, other in pairs]})
    assert engine._pairwise(rows, "one", "other", LCSseq.similarity).tolist() == [common_by_hand(*p) for p in pairs]
    assert engine._pairwise(rows, "one", "other", OSA.distance).tolist() == [edits_by_hand(*p) for p in pairs]
    shares = engine._pairwise(rows, "one", "other", LCSseq.normalized_similarity, np.float64)
    assert ((shares >= 0) & (shares <= 1)).all()


# --- what is tied to what ---------------------------------------------------------------------------------------------


def test_a_short_name_and_a_room_find_the_firm_and_another_room_of_the_house_does_not_decide() -> None:
    rows = [*register(), registered("r", A, "苏州市鼎川曼软件有限公司", address="苏州市望江路388号12幢928室")]
    connection = warehouse(
        {
            "registration": rows,
            "lease": [
                lease("here", "鼎川曼软件") | {"address": "望江路388号12号楼928"},
                lease("unknown", "西泠印社") | {"address": "望江路388号12号楼928"},
            ],
        }
    )
    resolve(connection)
    found = links(connection)
    assert found["lease/here"] == (found["registration/r"][0], "scored")
    assert found["lease/unknown"][0] != found["registration/r"][0]


def test_one_character_off_needs_a_common_place() -> None:
    rows = [*register(), registered("r", A, "苏州市鼎川曼软件有限公司", address="苏州市望江路388号12幢928室")]
    connection = warehouse(
        {
            "registration": rows,
            "lease": [
                lease("room", "苏州市鼎川某软件有限公司") | {"address": "望江路388号12幢928室"},
                lease("nowhere", "苏州市鼎川漫软件有限公司"),
                lease("elsewhere", "苏州市鼎川蔓软件有限公司") | {"address": "苏州市望江路12号3幢305室"},
            ],
        }
    )
    resolve(connection)
    assert decided(connection, "room")[:2] == ("matched", "scored")
    for key in ("nowhere", "elsewhere"):
        assert decided(connection, key)[0] in ("doubtful", "name_not_in_register")


@pytest.mark.parametrize(
    ("known", "written", "address", "is_decided"),
    [
        # a wrong character that is as usual as the right one: another firm's own word, unless both are joint-stock companies
        ("苏州市鼎川华达软件有限公司", "苏州市鼎川恒达软件有限公司", "望江路388号12幢928室", False),
        ("苏州市鼎川华达软件股份有限公司", "苏州市鼎川恒达软件股份有限公司", "望江路388号12幢928室", True),
        ("苏州市鼎川华达软件股份有限公司", "苏州市鼎川恒达软件有限公司", "望江路388号12幢928室", False),
        # a place, mistyped
        ("苏州鼎川华达软件股份有限公司", "某州鼎川华达软件股份有限公司", "望江路388号12幢928室", True),
        ("苏州鼎川华达软件有限公司", "泰州鼎川华达软件有限公司", "望江路388号12幢928室", False),
        # numbers distinguish companies of every form
        ("苏州第八鼎川软件股份有限公司", "苏州第五鼎川软件股份有限公司", "望江路388号12幢928室", False),
        # the city alone decides no full name
        ("苏州市鼎川华达软件股份有限公司", "苏州市鼎川恒达软件股份有限公司", "青云路17号", False),
    ],
)
def test_joint_stock_companies_have_no_sister_at_their_door(
    known: str, written: str, address: str, is_decided: bool
) -> None:
    rows = [*register(), registered("r", A, known, address="苏州市望江路388号12幢928室")]
    rows += [
        registered(
            f"w{number}", credit_code(40000000 + number), f"苏州市{word}软件有限公司", address=f"苏州市{number}路1号"
        )
        for number, word in enumerate(["华达金", "川恒达", "云华达", "达恒达", "华达运", "川恒达山"])
    ]
    connection = warehouse({"registration": rows, "lease": [lease("it", written) | {"address": f"苏州市{address}"}]})
    resolve(connection)
    assert (decided(connection, "it")[0] == "matched") == is_decided


def test_the_parent_at_one_gate_and_its_branch_at_another() -> None:
    """What building a code means is read from leases that state both."""
    rows = [
        *register(),
        registered("parent", A, "苏州市锐泰诺物流有限公司", address="苏州市星湖街31号9幢524室"),
        registered(
            "branch", B, "苏州市锐泰诺物流有限公司第二分公司", address="苏州市科技路361号4幢606室", parent_uscc=A
        ),
    ]
    leases = [
        lease(f"s{number}", rows[number]["enterprise_name"], rows[number]["uscc"])
        | {"address": f"{place}{100 + number}室", "building_code": building}
        for number, (place, building) in enumerate([("星湖街31号9幢", "B1")] * 3 + [("科技路361号4幢", "B2")] * 3)
    ]
    counts = [
        {
            "source_key": f"锐泰诺物流@{building}",
            "month": "2026-01-01",
            "people_entry_count": 1,
            "enterprise_name": "锐泰诺物流",
            "building_code": building,
        }
        for building in ("B1", "B2", "B3")
    ]
    connection = warehouse({"registration": rows, "lease": leases, "access_count": counts})
    resolve(connection)
    found = links(connection)
    assert found["access_count/锐泰诺物流@B1"] == (found["registration/parent"][0], "scored")
    assert found["access_count/锐泰诺物流@B2"] == (found["registration/branch"][0], "scored")
    assert found["access_count/锐泰诺物流@B3"][1] == "own_record"


HEAD = "鼎川曼软件股份有限公司"


@pytest.mark.parametrize(
    ("branches", "addresses", "outcome"),
    [
        # at the address of its only branch the branch may be meant
        ([f"{HEAD}苏州分公司"], ["苏州市望江路388号12幢928室"], "wait"),
        # two branches are there, or another address beside it: the firm is
        ([f"{HEAD}苏州分公司", f"{HEAD}苏州工会委员会"], ["苏州市望江路388号12幢928室"], "head"),
        ([f"{HEAD}苏州分公司"], ["苏州市望江路388号12幢928室", "苏州市青云路17号"], "head"),
        # no branch of a firm that is only named alike
        (["鼎川曼贸易有限公司苏州分公司", "鼎川曼贸易有限公司苏州工会委员会"], ["苏州市望江路388号12幢928室"], "wait"),
    ],
)
def test_the_head_by_its_branches_addresses(
    tmp_path: Path, branches: list[str], addresses: list[str], outcome: str
) -> None:
    known = [*register(), registered("head", A, HEAD, address="无锡市北塘路20号")]
    known += [
        registered(name[-5:], credit_code(50000000 + number), name, address="苏州市望江路388号12幢928室")
        for number, name in enumerate(branches)
    ]
    pq.write_table(pa.Table.from_pylist(known), tmp_path / "register.parquet")
    rows = [{"id": "it", "name": "鼎川曼", "a": addresses[0], "b": addresses[-1]}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "asked.parquet")
    (tmp_path / "mapping.yml").write_text(
        "left: {id: id, short_name: name, address: [a, b]}\n"
        "right: {id: source_key, name: enterprise_name, address: address}\n",
        encoding="utf-8",
    )
    out = tmp_path / "out.parquet"
    match_files(tmp_path / "asked.parquet", tmp_path / "register.parquet", out, tmp_path / "mapping.yml")
    found = pq.read_table(out).to_pylist()[0]
    assert (found["right_id"] if found["decision"] == "matched" else "wait") == outcome


def test_a_branchs_full_name_is_never_its_parents() -> None:
    rows = [*register(), registered("r", A, "苏州市鼎川曼软件有限公司", address="苏州市望江路388号12幢928室")]
    unknown = lease("l", "苏州市鼎川曼软件有限公司滨湖分公司") | {"address": "苏州市望江路388号12幢928室"}
    connection = warehouse({"registration": rows, "lease": [unknown]})
    resolve(connection)
    assert links(connection)["lease/l"][0] != links(connection)["registration/r"][0]
    assert decided(connection, "l")[0] == "name_not_in_register"


def test_one_name_is_compared_although_only_one_address_is_in_the_place_that_it_begins_with() -> None:
    """The register's address is in another city: there 苏州 is a part of the name, in the lease it is the place."""
    rows = [
        *register(),
        registered("r1", A, "苏州市鼎川曼软件有限公司", address="无锡市滨江区人民路596号"),
        registered("r2", B, "苏州市鼎川曼软件有限公司", address="无锡市湖滨区解放路12号"),
    ]
    unknown = lease("l", "苏州市鼎川曼软件有限公司") | {"address": "苏州市望江路388号12幢928室"}
    connection = warehouse({"registration": rows, "lease": [unknown]})
    resolve(connection)
    candidates = connection.execute(
        "select enterprise_id, name_level from resolved.candidate where source_key = 'l'"
    ).fetchall()
    firms = {links(connection)[f"registration/{key}"][0] for key in ("r1", "r2")}
    assert {enterprise for enterprise, level in candidates if level == "same_name"} == firms


def test_two_that_agree_equally_well_wait_for_a_person() -> None:
    rows = [
        *register(),
        registered("r1", A, "苏州市鼎川曼软件有限公司", address="苏州市望江路388号12幢928室"),
        registered("r2", B, "苏州市鼎川曼食品有限公司", address="苏州市望江路388号12幢928室"),
    ]
    connection = warehouse(
        {"registration": rows, "lease": [lease("l", "鼎川曼") | {"address": "苏州市望江路388号12幢928室"}]}
    )
    resolve(connection)
    assert decided(connection, "l")[0] == "doubtful"
    first, second = connection.execute(
        "select enterprise_id, score from resolved.candidate where source_key = 'l' and match_rank <= 2 order by match_rank"
    ).fetchall()
    assert first[1] == second[1] <= 0.5
    queued = connection.execute(
        "select reason_code, candidate_enterprise_id, runner_up_enterprise_id, evidence from resolved.review_queue"
    ).fetchall()
    assert [row[:3] for row in queued] == [("doubtful", first[0], second[0])]
    assert "same premises" in queued[0][3]


def test_a_strangers_name_under_a_firms_code_goes_to_neither_and_a_slip_goes_to_the_code() -> None:
    rows = [*register(), registered("r", A, "苏州市鼎川曼软件有限公司"), registered("s", C, "苏州市博思凯食品有限公司")]
    connection = warehouse(
        {
            "registration": rows,
            "lease": [
                lease("stranger", "西泠印社出版社", A),
                lease("slip", "苏州市鼎川某软件有限公司", A),
                lease("both", "苏州市博思凯食品有限公司", A),
            ],
        }
    )
    resolve(connection)
    found = links(connection)
    assert decided(connection, "stranger")[0] == "code_name_differ"
    assert decided(connection, "both")[0] == "contradiction"
    assert found["lease/slip"] == (found["registration/r"][0], "uscc")
    firms = {found["registration/r"][0], found["registration/s"][0]}
    assert not {found["lease/stranger"][0], found["lease/both"][0]} & firms


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_rows_changes_no_candidate(seed: int) -> None:
    rows = {
        "registration": [*register(120), registered("r", A, "苏州市鼎川曼软件有限公司", address="苏州市望江路388号")],
        "lease": [
            lease(f"l{number}", name) | {"address": address}
            for number, (name, address) in enumerate(
                [
                    ("鼎川曼", "望江路388号"),
                    ("鼎川曼软件", None),
                    ("锐泰", "东一路3号"),
                    ("华鼎软件", "苏州市东二路5号1幢"),
                ]
            )
        ],
    }
    first, second = warehouse(rows), warehouse(rows, seed=seed)
    for connection in (first, second):
        resolve(connection)
    assert everything(first)["candidate"] == everything(second)["candidate"] != []
    assert everything(first) == everything(second)


# --- what must not hurt -----------------------------------------------------------------------------------------------


EMPTY_NAMES = ["个体", "测试", "甲", "——", "", "有限公司", "公司", "苏州"]


@pytest.mark.parametrize("address", [None, "苏州工业园区", "", "1"])
def test_names_and_addresses_that_say_nothing_find_nobody(address: str | None) -> None:
    leases = [
        lease(f"{place}-{n}", name) | {"address": address} for place, name in enumerate(EMPTY_NAMES) for n in range(3)
    ]
    connection = warehouse({"registration": register(100), "lease": leases})
    resolve(connection)
    found = links(connection)
    homes = {found[key][0] for key in found if key.startswith("lease/")}
    assert homes
    assert not homes & {found[f"registration/x{n}"][0] for n in range(100)}


def test_ten_thousand_rows_of_one_name_are_compared_once() -> None:
    connection = warehouse({"registration": register(300)})
    for name, prefix in (("个体", "a"), ("测试", "b"), ("苏州", "c")):
        connection.execute(
            "insert into staged.lease (feed, source_key, lease_no, enterprise_name, address, start_date, received_at) "
            "select 'lease', ? || i, ? || i, ?, '苏州工业园区', date '2025-01-01', timestamp '2026-01-01' from range(10000) t(i)",
            [prefix, prefix, name],
        )
    resolve(connection)
    assert connection.execute("select count(*), count(distinct id) from left_record").fetchone() == (30_000, 3)
    largest = connection.execute(
        "select max(n) from (select count(*) as n from resolved.link where feed = 'lease' group by enterprise_id)"
    ).fetchone()
    assert largest == (1,)


@pytest.mark.parametrize(
    ("name", "outcome", "method"),
    [
        ("Kestrel & Sons Ltd.", "matched", "name"),
        ("KESTREL AND SONS LIMITED", "matched", "name"),
        ("Kestrel and Sons", "matched", "scored"),
        # another legal form is another firm, or the same after a conversion: a person sees it
        ("Kestrel & Sons PLC", "doubtful", "own_record"),
        ("Kestrel & Sons LLC", "doubtful", "own_record"),
    ],
)
def test_a_foreign_firm_by_its_legal_form(name: str, outcome: str, method: str) -> None:
    room = "苏州市竹园路209号4幢1203室"
    connection = warehouse(
        {
            "registration": [*register(), registered("r", A, "Kestrel & Sons Limited", address=room)],
            "lease": [lease("l", name) | {"address": room}],
        }
    )
    resolve(connection)
    assert decided(connection, "l")[:2] == (outcome, method)
