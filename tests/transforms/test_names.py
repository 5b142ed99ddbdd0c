import random
import string

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.resolution.names import FORMS, WORDS, name_forms, name_keys
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
        ("Acme Ltd.", "ACME Limited"),
        ("Smith & Sons Ltd", "SMITH AND SONS LIMITED"),
        ("A & B & C (UK) L.T.D.", "A and B and C UK Ltd"),
        ("Acme Co., Ltd.", "Acme Company Limited"),
        ("Acme, Inc.", "ACME INCORPORATED"),
        ("Acme Corp.", "Acme Corporation"),
        ("Toys S.p.A.", "TOYS SPA"),
        ("Foo S.à r.l.", "FOO SARL"),
        ("Foo Ltée", "FOO LTEE"),
        ("Robert Bosch GmbH", "Robert Bosch Gesellschaft mit beschränkter Haftung"),
        ("X GmbH & Co. KG", "X GMBH UND CO KG"),
        ("Acme Pty Ltd", "ACME PROPRIETARY LIMITED"),
        ("日立(株)", "日立株式会社"),
        ("㈱日立", "株式會社日立"),
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
        ("Acme Ltd", "Acme PLC"),
        ("Acme Ltd", "Acme LLC"),
        ("Acme SA", "Acme SAS"),
        ("Acme Ltd", "Acme Co Ltd"),
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


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("Smith & Sons (Yorkshire) Ltd", "SMITHANDSONS"),
        ("Zara, S.L.", "ZARA"),
        ("3 Ltd", "3"),
        ("Sony K.K.", "SONY"),
        ("株式会社日立製作所", "日立制作所"),
        # words that end like a form, and no form
        ("Coincidence", "COINCIDENCE"),
        ("Zinc", "ZINC"),
        ("Plantag", "PLANTAG"),
        ("Made in U.S.A.", "MADEINUSA"),
        ("Unlimited Sports", "UNLIMITEDSPORTS"),
        ("AG Barr", "AGBARR"),
        ("Ltd", "LTD"),
        # a Chinese name keeps what it is
        ("明达AG有限公司", "明达AG"),
        ("A&B科技有限公司", "AB科技"),
    ],
)
def test_a_foreign_form_counts_at_the_end_of_a_foreign_name(name: str, bare: str) -> None:
    assert name_forms(pa.array([name]))["bare_key"].to_pylist() == [bare]


FOREIGN = [row for row in rows_of_rule(FORMS) if not row["is_anywhere"]]


@settings(max_examples=5, deadline=None)  # a call costs some 50 ms, of however many names
@given(st.randoms(use_true_random=False))
def test_a_foreign_form_is_one_however_it_is_written(by_chance: random.Random) -> None:
    """Any signs between its letters, any case; inside a word it does not count."""
    expected = dict[str, str]()
    for row in FOREIGN:
        body = "".join(by_chance.choices(string.ascii_lowercase, k=by_chance.randint(2, 12)))
        letters = [letter for letter in row["written"].replace("&", "and") if letter.isalnum()]
        written = "".join(letter + by_chance.choice(["", ".", " ", ". "]) for letter in letters)
        name = f"Q{body}{by_chance.choice([' ', ', ', ' - '])}{written}"
        expected[name.upper() if by_chance.random() < 0.5 else name] = f"Q{body}".upper() + row["form"]
        glued = f"Q{body}{''.join(letters)}"
        expected[glued] = glued.upper()
    assert dict(zip(expected, name_keys(pa.array(expected.keys())).to_pylist(), strict=True)) == expected


def test_foreign_forms_are_long_and_written_once() -> None:
    """A name that ends in the long spelling has the form: shorter spellings would be found in other words."""
    rows = rows_of_rule(FORMS)
    assert len({row["written"].casefold() for row in rows}) == len(rows)
    assert all(len(row["form"]) >= (6 if row["form"].isascii() else 4) for row in rows)
    assert all(key(row["form"]) == row["form"] for row in rows)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=30) | st.none(), max_size=20))
def test_key_depends_on_the_name_alone_and_is_its_own_key(names: list[str | None]) -> None:
    keys = name_keys(pa.array(names, pa.string())).to_pylist()
    assert keys[:1] == [key(name) for name in names[:1]]
    others = [*(k for k in keys if k), *reversed(names)]
    assert name_keys(pa.array(others, pa.string())).to_pylist() == [*(k for k in keys if k), *reversed(keys)]


def test_chunked_columns_are_read() -> None:
    assert name_keys(pa.chunked_array([["蘇州"], ["苏 州", None]])).to_pylist() == ["苏州", "苏州", None]
