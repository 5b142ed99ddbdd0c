import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.names import name_keys


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


@settings(max_examples=30, deadline=None)  # a call costs some 10 ms, whatever its length
@given(st.lists(st.text(max_size=30) | st.none(), max_size=20))
def test_key_depends_on_the_name_alone_and_is_its_own_key(names: list[str | None]) -> None:
    keys = name_keys(pa.array(names, pa.string())).to_pylist()
    assert keys == [key(name) for name in names]
    assert [key(k) for k in keys] == keys


def test_chunked_columns_are_read() -> None:
    assert name_keys(pa.chunked_array([["蘇州"], ["苏 州", None]])).to_pylist() == ["苏州", "苏州", None]
