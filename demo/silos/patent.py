"""The patent office's published applications of the park's firms: 专利.sqlite, one row per application, stated anew whenever it changes.

The applicants of one application are in one cell: firms, universities and institutes elsewhere, firms elsewhere, natural persons.
What is filed is published months later: an invention after 18 months at the latest, the others when they are granted.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from demo import codes, dirt, words
from demo.city import BRANCH, SOLE_TRADER, Array, City, pick
from demo.silos.books import Books

INSTITUTES = (
    *("临澜大学", "临澜理工大学", "江屿大学", "江屿理工学院", "宁川大学", "宁川工业大学（江屿校区）"),
    *("南溪农业大学", "海陵港海洋大学", "云岫医科大学附属第一医院", "宁川职业技术学院", "江屿化工研究所"),
    *("南溪农业科学院", "海陵港海洋研究院", "云岫新材料研究院", "宁川激光研究所", "临澜产品质量检验中心"),
)
KINDS = ("invention", "utility_model", "design")
_KIND_WORDS = ("发明", "实用新型", "外观设计")
FIRM, INSTITUTE, ELSEWHERE, PERSON = range(4)
APPLICANTS = ("enterprise", "institute", "company", "person")
PENDING, GRANTED, REJECTED, WITHDRAWN, LAPSED = range(5)
_STATUS = ("公开", "授权", "驳回", "撤回", "失效")
CLASSES = ("G06F17/00", "H01L21/00", "B65G47/00", "A61K31/00", "C08L63/00", "F16H57/00", "B01D53/00", "H04L12/00")
# what is written wrongly: such rows are refused
WRITTEN = ("right", "check_character", "class")
NO_DAY = np.datetime64("NaT", "D")
_SCHEMA = """
create table 专利 (
    申请号 text not null, 申请日 text not null, 公开日 text not null, 专利类型 text not null, 主分类号 text, 申请人 text not null,
    发明人 text, 法律状态 text not null
);
"""


@dataclass(frozen=True)
class Patents:
    """One place is one application; in `kind_of` and `party` one place is one applicant of application `of`, in the order written."""

    number: pa.Array
    kind: Array
    filed: Array
    published: Array
    decided: Array  # NaT where it never is
    lapsed: Array
    outcome: Array  # GRANTED, REJECTED, WITHDRAWN
    patent_class: Array  # position in CLASSES, -1: a design
    written: Array  # position in WRITTEN
    is_twice: Array  # the first applicant is there twice
    of: Array
    kind_of: Array
    party: Array


def patents(city: City) -> Patents:
    """The applications of a city."""
    if "patents" not in city.drawn:
        city.drawn["patents"] = _draw(city)
    drawn: Patents = city.drawn["patents"]
    return drawn


def _draw(city: City) -> Patents:
    rng, firm, n = city.stream("patent"), city.firm, city.firms
    may = firm["is_registered_here"] & ~firm["is_virtual"] & ~np.isin(firm["form"], (BRANCH, SOLE_TRADER))
    count = np.minimum(1 + rng.poisson(rng.lognormal(0.8, 0.8, n)), 40) * (may & (rng.random(n) < 0.4))
    begin, end = np.maximum(firm["registered"], -60), np.minimum(firm["gone"], city.horizon)
    who = np.repeat(np.arange(n), count * (end > begin))
    rows = len(who)
    month = begin[who] + np.floor(rng.random(rows) * (end - begin)[who]).astype(int)
    # not before the firm is there
    filed = city.day(month, rng.integers(1, 29, rows)) + 31 * (month == firm["registered"][who])
    kind = rng.choice(3, rows, p=[0.4, 0.45, 0.15])
    early = rng.random(rows) < 0.2
    wait = np.select(
        [(kind == 0) & ~early, kind == 2], [np.full(rows, 18), rng.integers(4, 9, rows)], rng.integers(6, 13, rows)
    )
    published = filed + wait * 30 + rng.integers(0, 28, rows)
    examined = kind == 0
    outcome = np.where(examined, rng.choice(3, rows, p=[0.6, 0.25, 0.15]) + GRANTED, GRANTED)
    decided = np.where(examined, published + rng.integers(3, 26, rows) * 30, published)
    lapses = (outcome == GRANTED) & (rng.random(rows) < 0.3)
    lapsed = np.where(lapses, decided + rng.integers(24, 120, rows) * 30, NO_DAY)
    year = filed.astype("datetime64[Y]").astype(np.int64) + 1970
    number = codes.to_text(codes.patent_number(year, kind + 1, 100_003 + np.arange(rows, dtype=np.int64) * 7))
    written = rng.choice(len(WRITTEN), rows, p=[0.99, 0.006, 0.004])
    # a few, however small the city
    some = rng.permutation(rows)
    written[some[:2]], written[some[2:4]] = WRITTEN.index("check_character"), WRITTEN.index("class")
    of, kind_of, party = _applicants(city, rng, who, month, may)
    return Patents(
        number, kind, filed, published, decided, lapsed, outcome, np.where(kind == 2, -1, rng.integers(0, 8, rows)),
        written, rng.random(rows) < 0.02, of, kind_of, party,
    )  # fmt: skip


def _applicants(
    city: City, rng: np.random.Generator, who: Array, month: Array, may: Array
) -> tuple[Array, Array, Array]:
    """Who applies together with each firm; a firm returns to the institute that it knows."""
    rows, n = len(who), city.firms
    style = rng.random(rows)
    home = rng.integers(0, len(INSTITUTES), n)[who]
    institute = np.where(rng.random(rows) < 0.7, home, rng.integers(0, len(INSTITUTES), rows))
    firms = np.flatnonzero(may)
    other = firms[rng.integers(0, len(firms), rows)]
    is_there = (other != who) & (city.firm["registered"][other] < month) & (city.firm["gone"][other] > month)
    people = rng.integers(1, 4, rows)
    alone = style >= 0.97
    first = style < 0.05  # the institute is named first
    at = np.arange(rows)
    # application, kind, party, place in the cell
    parts = [
        (at[~alone], FIRM, who[~alone], 1),
        (at[(style < 0.18)], INSTITUTE, institute[style < 0.18], 2),
        (at[((style >= 0.16) & (style < 0.21)) & is_there], FIRM, other[((style >= 0.16) & (style < 0.21)) & is_there], 3),
        (at[(style >= 0.21) & (style < 0.27)], ELSEWHERE, rng.integers(0, 400, rows)[(style >= 0.21) & (style < 0.27)], 4),
    ]  # fmt: skip
    for person in range(3):
        with_people = (((style >= 0.27) & (style < 0.35)) | alone) & (people > person)
        parts.append((at[with_people], PERSON, rng.integers(0, n, rows)[with_people], 5 + person))
    of = np.concatenate([part[0] for part in parts])
    kind_of = np.concatenate([np.full(len(part[0]), part[1]) for part in parts])
    party = np.concatenate([part[2] for part in parts])
    place = np.concatenate([np.full(len(part[0]), part[3]) for part in parts])
    place = np.where((kind_of == INSTITUTE) & first[of], 0, place)
    order = np.lexsort((place, of))
    return of[order], kind_of[order], party[order]


def _elsewhere(city: City) -> list[str]:
    """Names of firms elsewhere; every eighth is called an institute and is a firm."""
    rng = city.stream("patent firms elsewhere")
    rows = 400
    first, second = rng.choice(words.BRAND_FIRST, rows), rng.choice(words.BRAND_SECOND, rows)
    third, town = rng.choice(words.BRAND_THIRD, rows), rng.choice(words.OTHER_CITIES, rows)
    endings = np.where(np.arange(rows) % 8 == 0, "材料研究院有限公司", "技术股份有限公司")
    return ["".join(map(str, one)) for one in zip(town, first, second, third, endings, strict=True)]


def _cells(city: City, drawn: Patents) -> list[list[str]]:
    """The applicants of each application as written."""
    rows = len(drawn.kind)
    month = (drawn.filed.astype("datetime64[M]") - city.start).astype(int)
    rates = {"half_width": 0.3, "full_width": 0.2, "typo": 0.01, "never_updated": 0.1}
    firm_name = dirt.write_names(city, "patent", rates, (0, 6))
    is_firm, is_person = drawn.kind_of == FIRM, drawn.kind_of == PERSON
    text = np.empty(len(drawn.of), dtype=object)
    text[is_firm] = firm_name.at(month[drawn.of[is_firm]], drawn.party[is_firm]).to_pylist()
    person = dirt.people(city, "patent")["name"]
    text[is_person] = person.take(pa.array(drawn.party[is_person])).to_pylist()
    for kind, names in ((INSTITUTE, INSTITUTES), (ELSEWHERE, _elsewhere(city))):
        which = drawn.kind_of == kind
        text[which] = pick(names, drawn.party[which]).to_pylist()
    cells: list[list[str]] = [[] for _ in range(rows)]
    for row, name in zip(drawn.of.tolist(), text.tolist(), strict=True):
        cells[row].append(name)
    for row in np.flatnonzero(drawn.is_twice):
        cells[row].append(cells[row][0])
    return cells


def delivery(city: City, until: np.datetime64) -> pa.Table:
    """The rows that the office has published before `until`, numbered, as it writes them, without the inventors."""
    drawn = patents(city)
    number = drawn.number.to_pylist()
    for row in np.flatnonzero(drawn.written == WRITTEN.index("check_character")):
        number[row] = number[row][:-1] + ("7" if number[row][-1] != "7" else "X")
    patent_class = [CLASSES[which] if which >= 0 else "06-01" for which in drawn.patent_class]
    for row in np.flatnonzero(drawn.written == WRITTEN.index("class")):
        patent_class[row] = "计算机软件"
    day = until.astype("datetime64[D]")
    status = np.select(
        [drawn.lapsed < day, drawn.decided < day], [np.full(len(number), LAPSED), drawn.outcome], PENDING
    )
    cells = _cells(city, drawn)
    shown = np.flatnonzero(drawn.published < day)
    columns = {
        "申请号": [number[row] for row in shown],
        "申请日": [str(drawn.filed[row]) for row in shown],
        "公开日": [str(drawn.published[row]) for row in shown],
        "专利类型": [_KIND_WORDS[drawn.kind[row]] for row in shown],
        "主分类号": [patent_class[row] for row in shown],
        "申请人": [";".join(cells[row]) for row in shown],
        "法律状态": [_STATUS[status[row]] for row in shown],
    }
    texts = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    return pa.table({"row_number": pa.array(np.arange(len(shown), dtype=np.int64))} | texts)


def write(books: Books) -> None:
    """Write 专利.sqlite as it is at `until`."""
    city, drawn = books.city, patents(books.city)
    rows = delivery(city, books.until).drop_columns("row_number")
    person = dirt.people(city, "patent")["name"]
    path = books.folder / "patent" / "专利.sqlite"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    database = sqlite3.connect(path)
    database.executescript("pragma journal_mode = off; pragma synchronous = off;" + _SCHEMA)
    inventor = person.take(pa.array(np.arange(rows.num_rows) % city.firms))
    rows = rows.add_column(6, "发明人", inventor)
    database.executemany(
        "insert into 专利 values (?, ?, ?, ?, ?, ?, ?, ?)", zip(*(c.to_pylist() for c in rows.columns), strict=True)
    )
    database.commit()
    database.close()
    books.written.add(path)
    named = np.unique(drawn.party[drawn.kind_of == PERSON])
    books.plant("patent", "person_name_among_applicants", named, person.take(pa.array(named)))


def truth(city: City) -> pa.Table:
    """One row per applicant of an application: who it truly is, and whether the row is written so that it can be read."""
    drawn = patents(city)
    of, kind = drawn.of, drawn.kind_of
    taken = pa.array(of)
    return pa.table(
        {
            "application_no": drawn.number.take(taken),
            "applicant_kind": pick(APPLICANTS, kind),
            "true_id": pa.array(drawn.party, mask=kind != FIRM),
            "institute": pick(INSTITUTES, np.where(kind == INSTITUTE, drawn.party, -1)),
            "patent_kind_code": pick(KINDS, drawn.kind[of]),
            "filed_date": pa.array(drawn.filed[of].astype("datetime64[D]"), pa.date32()),
            "published_date": pa.array(drawn.published[of].astype("datetime64[D]"), pa.date32()),
            "written": pick(WRITTEN, drawn.written[of]),
        }
    )
