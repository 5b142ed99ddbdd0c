"""Records of firms that the register does not have: how many of them are given to somebody else.

A firm is taken out of a real register and looked up by its own full name and address: whatever it is matched with is wrong.
What waits for a person is right. Two registers: that of `listed_park`, a third of which is taken out; and that of the whole
country, from which some firms, branches, parents (of which a branch stays) and the listed firms are taken out.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from benchmarks.files import LISTED_MAPPING, listed_file, listed_register, run_match, write_listed
from warehouse.connection import literal

FULL_MAPPING = """
left: {id: id, name: name, address: address}
right: {id: code, name: name, address: address, city: [province, city]}
"""
PER_KIND = 2_000
# a branch: the name of a company with something behind it
_IS_BRANCH = "regexp_matches(name, '公司.*(分公司|支公司|分店|支行|分行|营业部|办事处)$')"


@dataclass(frozen=True)
class Strangers:
    """How many records of firms that the register lacks, and how many of them were given to another firm or wait."""

    rows: int = 0
    given: int = 0
    waiting: int = 0

    def as_json(self) -> dict[str, float]:
        """The counts, and the share given to somebody else, in per cent."""
        return vars(self) | {"given_pct": round(100 * self.given / self.rows, 3) if self.rows else 0.0}


def listed_third(data: Path) -> dict[str, Strangers]:
    """Every third firm of listed_park's register against the other two thirds."""
    register = listed_file(data, "feed_registration")
    with tempfile.TemporaryDirectory(prefix="parkbridge-truth-") as scratch:
        folder = Path(scratch)
        with duckdb.connect() as connection:
            connection.execute(
                f"create table firm as select *, {_IS_BRANCH} as is_branch, "
                f"substr(sha256(code), 1, 4) < '5555' and count(*) over (partition by name) = 1 as is_out from {register}"
            )
            _write(
                connection,
                folder,
                "select code as id, name, address, case when is_branch then 'branches' else 'firms' end as kind "
                "from firm where is_out",
                "select * exclude (is_out, is_branch) from firm where not is_out",
            )
        return _count(folder, FULL_MAPPING)


def whole_country(data: Path, per_kind: int = PER_KIND) -> dict[str, Strangers]:
    """Firms, branches and parents taken out of the register of the whole country, and the listed firms by short name."""
    found: dict[str, Strangers] = {}
    with tempfile.TemporaryDirectory(prefix="parkbridge-truth-") as scratch:
        folder = Path(scratch)
        with duckdb.connect() as connection:
            connection.execute(
                f"""
                create table firm as
                select *, {_IS_BRANCH} as is_branch, sha256(concat(code, name)) as lot
                from read_parquet({literal(str(listed_register(data)))})
                where name is not null
                """
            )
            connection.execute(
                """
                create table once as
                select name from firm group by name having count(*) = 1
                """
            )
            connection.execute(
                f"""
                create table chosen as
                with parent as (
                    select distinct regexp_extract(name, '^(.*?公司).', 1) as name from firm where is_branch
                ),
                sorted as (
                    select
                        f.*,
                        case when f.is_branch then 'branches' when p.name is not null then 'parents' else 'firms' end
                            as kind
                    from firm as f inner join once as o on f.name = o.name left join parent as p on f.name = p.name
                    where f.is_branch or f.name like '%公司'
                )
                select * from sorted qualify row_number() over (partition by kind order by lot) <= {per_kind}
                """
            )
            _write(
                connection,
                folder,
                "select code as id, name, address, kind from chosen",
                f"select * exclude (is_branch, lot) from firm where code not in (select code from chosen) "
                f"and code not in (select uscc from {listed_file(data, 'truth_links')})",
            )
        found |= _count(folder, FULL_MAPPING)
        run_match(folder, write_listed(data, folder), folder / "register.parquet", LISTED_MAPPING)
        with duckdb.connect() as connection:
            rows = connection.execute(
                "select count(*), count_if(decision = 'matched'), count_if(decision = 'review') from read_parquet(?)",
                [str(folder / "pairs.parquet")],
            ).fetchone()
        assert rows is not None
        found["short names"] = Strangers(*rows)
    return found


def table(found: dict[str, dict[str, Strangers]]) -> Iterator[str]:
    """The lines of the table: one per register and kind."""
    yield f"{'strangers, looked up in what is left of':<44}{'rows':>8}{'given':>8}{'share':>9}{'wait':>8}"
    for register, kinds in found.items():
        for kind, count in kinds.items():
            share = f"{100 * count.given / count.rows:.2f} %" if count.rows else "–"
            yield f"  {f'{register}: {kind}':<42}{count.rows:>8,}{count.given:>8,}{share:>9}{count.waiting:>8,}"


def _write(connection: duckdb.DuckDBPyConnection, folder: Path, left: str, right: str) -> None:
    for query, name in ((left, "strangers"), (right, "register")):
        connection.execute(f"copy ({query}) to {literal(str(folder / f'{name}.parquet'))} (format parquet)")


def _count(folder: Path, mapping: str) -> dict[str, Strangers]:
    run_match(folder, folder / "strangers.parquet", folder / "register.parquet", mapping)
    with duckdb.connect() as connection:
        rows = connection.execute(
            """
            select s.kind, count(*), count_if(p.decision = 'matched'), count_if(p.decision = 'review')
            from read_parquet(?) as s inner join read_parquet(?) as p on s.id = p.left_id
            group by s.kind order by s.kind
            """,
            [str(folder / "strangers.parquet"), str(folder / "pairs.parquet")],
        ).fetchall()
    return {kind: Strangers(*counts) for kind, *counts in rows}
