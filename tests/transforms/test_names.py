import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.names import WORDS, name_forms, name_keys
from warehouse.models import rows_of_rule


def key(name: str | None) -> str | None:
    answer: str | None = name_keys(pa.array([name], pa.string()))[0].as_py()
    return answer


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("苏州华强（中国）科技有限公司", "苏州华强(中国)科技有限公司"),
        ("蘇州華強科技股份有限公司", "苏州华强科技股份有限公司"),
        ("ＡＢＣ（苏州）有限公司", "abc(苏州) 有限公司"),
        ("苏州“明达”科技有限公司", "苏州明达科技有限公司"),
        ("苏州明达·科技有限公司", "苏州明达科技有限公司\u200b"),
        ("苏州[明达]科技【有限】公司", "苏州明达科技有限公司"),
        ("Acme Co., Ltd.", "ACME CO LTD"),
        ("瀋陽機床股份有限公司", "沈阳机床股份有限公司"),
    ],
)
def test_spellings_of_one_name_meet(one: str, other: str) -> None:
    assert key(one) == key(other) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("苏州明达科技有限公司", "苏州明达科技有限公司无锡分公司"),
        ("苏州明达科技有限公司", "苏州明达科技股份有限公司"),
        ("苏州明达一号有限公司", "苏州明达二号有限公司"),
        ("明达1有限公司", "明达2有限公司"),
    ],
)
def test_other_names_stay_apart(one: str, other: str) -> None:
    """A branch is not its parent; legal form and numbers are part of an exact name."""
    assert key(one) != key(other)


@pytest.mark.parametrize("name", [None, "", "  ", "——", "（）", "\u200b"])
def test_nothing_left_is_null(name: str | None) -> None:
    assert key(name) is None


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("苏州明达科技股份有限公司", "苏州明达科技"),
        ("苏州明达科技有限责任公司", "苏州明达科技"),
        ("苏州明达科技股份合作公司", "苏州明达科技"),
        ("明达会计师事务所（特殊普通合伙）", "明达会计师事务所"),
        ("明达会计师事务所特殊普通合伙", "明达会计师事务所"),
        ("明达股份", "明达"),
        ("股份明达", "股份明达"),
        ("苏州明达科技有限公司无锡代表处", "苏州明达科技无锡代表处"),
        ("有限公司", None),
    ],
)
def test_the_legal_form_is_taken_off_whole(name: str, bare: str | None) -> None:
    assert name_forms(pa.array([name]))["bare_key"].to_pylist() == [bare]


@given(st.sampled_from([row["word"] for row in rows_of_rule(WORDS) if row["kind"] == "legal_form"]))
def test_no_legal_form_leaves_a_rest(form: str) -> None:
    assert name_forms(pa.array([f"甲乙{form}"]))["bare_key"].to_pylist() == ["甲乙"]


@settings(max_examples=30, deadline=None)  # a call costs some 10 ms, whatever its length
@given(st.lists(st.text(max_size=30) | st.none(), max_size=20))
def test_key_depends_on_the_name_alone_and_is_its_own_key(names: list[str | None]) -> None:
    keys = name_keys(pa.array(names, pa.string())).to_pylist()
    assert keys == [key(name) for name in names]
    assert [key(k) for k in keys] == keys


def test_chunked_columns_are_read() -> None:
    assert name_keys(pa.chunked_array([["蘇州"], ["苏 州", None]])).to_pylist() == ["苏州", "苏州", None]
