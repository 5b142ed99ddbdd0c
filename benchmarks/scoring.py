"""How a resolved demo city is held against its truth.

**What is scored.** Every record (feed, source_key) of tax, employment, lease, utility and access. The register's own records
are not: each is its own enterprise, and would flatter every figure; where two of them became one enterprise is counted
apart (`registrations_merged`).

**Where a firm is at home.** In the enterprise of its record in the register. A firm that the register does not know (9 % of
ordinary tenants) is at home in the enterprise that holds most of its records with its credit code, else with another
usable code; without any such record it has no home. An enterprise belongs to the firm that is at home there (if two
registrations became one, to the firm with more records, then the lower number); one that is no firm's home belongs to the
firm with most records in it.

**Each record is one of**

    right    its firm has a home, and the record is there
    wrong    it is in an enterprise that belongs to another firm (a false positive, and a false negative too if its firm
             has a home)
    missed   its firm has a home, and the record is apart from every firm (false negative)
    alone    its firm has no home, or there is no firm (the park's own meters), and it is with no other: as it should be

A key of two firms (a short name at the gates) has no right enterprise: with any firm it is wrong, apart it is missed.

**Precision** = right / (right + wrong). **Recall** = right / (records of firms with a home, shared keys included). F1 of the two.

**Out of reach** are records that no rule can or may place by what they state: shared keys; a short name at the gates that
may mean several firms in the very building it states (`alike_there` in demo.identities); and another firm's valid code beside
the firm's own name, which belongs before a person. `ceiling` is the recall if all others were right. `f1_reachable` leaves
those of them that were missed out of the recall; one that was linked wrongly still counts as wrong. How many short names may
mean several firms of the city, so that only the building decides, is counted beside it.

**No usable code**: none, a mistyped one, or a person's pseudonym. Another firm's valid code is a kind of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import duckdb


def share(value: float | None) -> str:
    """A share as a table shows it; a dash where there is none."""
    return "–" if value is None else f"{value:.3f}"


UNUSABLE = ("missing", "mistyped", "no_codes_here", "identity_number")

# Which rows of the table: section, label, condition over the columns of `scored`.
_NO_CODE = "not is_code_usable and code_dirt <> 'other_firm'"
GROUPS: tuple[tuple[str, str, str], ...] = (
    ("", "all records", "true"),
    *(("source", office, f"office = '{office}'") for office in ("tax", "employment", "lease", "utility", "access")),
    ("usable code", "usable code", "is_code_usable"),
    ("usable code", "no usable code, name + address", f"{_NO_CODE} and has_address"),
    ("usable code", "no usable code, name alone", f"{_NO_CODE} and not has_address"),
    ("code", "clean", "code_dirt = 'clean'"),
    ("code", "missing", "code_dirt = 'missing'"),
    ("code", "mistyped", "code_dirt = 'mistyped'"),
    ("code", "another firm's valid code", "code_dirt = 'other_firm'"),
    ("code", "legacy tax number", "code_dirt = 'legacy_tax_no'"),
    ("code", "legacy registration number", "code_dirt = 'legacy_registration_no'"),
    ("code", "organisation code", "code_dirt = 'organisation_code'"),
    ("code", "lower case", "code_dirt = 'lower_case'"),
    ("code", "identity number", "code_dirt = 'identity_number'"),
    *(
        ("name, no usable code", label, f"{_NO_CODE} and {condition}")
        for label, condition in (
            ("clean", "name_dirt = 'clean'"),
            ("short name + address", "name_dirt = 'short' and has_address"),
            ("short name alone", "name_dirt = 'short' and not has_address"),
            ("typing error", "name_dirt = 'typo'"),
            ("former name", "name_dirt = 'former'"),
            ("never updated", "name_dirt = 'never_updated'"),
            ("without its city", "name_dirt = 'no_city'"),
            ("other legal form", "name_dirt = 'form_swapped'"),
            ("traditional", "name_dirt = 'traditional'"),
            ("width, brackets, spaces", "name_dirt in ('half_width', 'full_width', 'spaces')"),
        )
    ),
    *(
        (section, label, f"{condition} and {among}")
        for section, among in (("firm", "true"), ("firm, no usable code", f"{_NO_CODE} and has_address"))
        for label, condition in (
            ("branch", "kind = 'branch'"),
            ("sole trader", "kind = 'sole_trader'"),
            ("renamed", "later_name is not null"),
            ("new code", "later_uscc is not null"),
            ("moved in, out, or its seat", "story in ('move_in', 'move_out', 'move_out_sudden', 'seat_moved')"),
            ("spun off or absorbed", "story in ('spun_off', 'absorbed')"),
            ("unknown to the register", "not is_registered_here"),
            ("sister names", "family_kind is not null"),
        )
    ),
)


@dataclass(frozen=True)
class Score:
    """Counts of records by what became of them; sums of scores are scores."""

    rows: int = 0
    right: int = 0
    wrong: int = 0
    missed: int = 0
    alone: int = 0
    homed: int = 0  # of firms with a home, shared keys included: the base of recall
    out_of_reach: int = 0
    out_of_reach_missed: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @property
    def precision(self) -> float:
        """Of what was linked to a firm, how much was right."""
        return _share(self.right, self.right + self.wrong)

    @property
    def recall(self) -> float:
        """Of what has a firm to be linked to, how much was."""
        return _share(self.right, self.homed)

    @property
    def ceiling(self) -> float:
        """The recall that can be reached."""
        return _share(self.homed - self.out_of_reach, self.homed)

    @property
    def f1(self) -> float:
        """Of precision and recall."""
        return _harmonic(self.precision, self.recall)

    @property
    def f1_reachable(self) -> float:
        """The same without the records that are out of reach and were left alone."""
        return _harmonic(self.precision, _share(self.right, self.homed - self.out_of_reach_missed))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def _harmonic(a: float, b: float) -> float:
    return 2 * a * b / (a + b) if a + b > 0 else math.nan


# long: mostly one SELECT
def score(connection: duckdb.DuckDBPyConnection) -> tuple[dict[str, Score], dict[str, int]]:
    """Score resolved.link against schema `truth` (benchmarks.city).

    Leaves temp table `scored`, one row per record with its `verdict`, for whoever wants to see single cases.

    Returns:
        Scores by "section: label", and counts of what is no share: registrations merged, branches merged into parents
        (either way round), the review queue by reason.
    """
    connection.execute(
        f"""
        create or replace temp table placed as
        select
            t.*, l.enterprise_id, l.method, l.outcome_code,
            t.code_dirt not in {(*UNUSABLE, "other_firm")} and t.states_code as is_code_usable
        from truth.record as t
        left join resolved.link as l on t.feed = l.feed and t.source_key = l.source_key
        """
    )
    connection.execute(
        """
        create or replace temp table home as
        with counted as (
            select
                true_id, enterprise_id, count(*) as records,
                bool_or(office = 'registration') as is_registered,
                bool_or(code_dirt in ('clean', 'lower_case')) as has_credit_code
            from placed
            where true_id is not null and enterprise_id is not null and (office = 'registration' or is_code_usable)
            group by true_id, enterprise_id
        )
        select distinct on (true_id) true_id, enterprise_id, is_registered
        from counted
        order by true_id, is_registered desc, has_credit_code desc, records desc, enterprise_id
        """
    )
    connection.execute(
        """
        create or replace temp table owner as
        with counted as (
            select enterprise_id, true_id, count(*) as records
            from placed
            where true_id is not null and enterprise_id is not null
            group by enterprise_id, true_id
        )
        select distinct on (c.enterprise_id)
            c.enterprise_id, c.true_id, h.true_id is not null as is_home
        from counted as c
        left join home as h on c.enterprise_id = h.enterprise_id and c.true_id = h.true_id
        order by c.enterprise_id, is_home desc, coalesce(h.is_registered, false) desc, c.records desc, c.true_id
        """
    )
    connection.execute(
        """
        create or replace temp table scored as
        select
            p.*, f.kind, f.story, f.later_name, f.later_uscc, f.partner_id, f.is_registered_here, f.family_kind,
            o.true_id as linked_id, h.enterprise_id as home_id,
            p.is_shared or h.true_id is not null as is_homed,
            case
                when o.true_id is not null and o.is_home and p.is_shared then 'wrong'
                when o.true_id <> p.true_id or (o.is_home and p.true_id is null) then 'wrong'
                when p.is_shared or (h.enterprise_id is not null and p.enterprise_id is distinct from h.enterprise_id)
                    then 'missed'
                when h.enterprise_id is not null then 'right'
                else 'alone'
            end as verdict,
            coalesce(p.is_shared, false) or p.code_dirt = 'other_firm'
            or (coalesce(p.alike_there, 1) > 1 and not p.states_code and not p.has_address) as is_out_of_reach
        from placed as p
        left join home as h on p.true_id = h.true_id
        left join owner as o on p.enterprise_id = o.enterprise_id
        left join truth.firm as f on p.true_id = f.true_id
        where p.office <> 'registration'
        """
    )
    found = {}
    for section, label, condition in GROUPS:
        counts = connection.execute(
            f"""
            select
                count(*), count_if(verdict = 'right'), count_if(verdict = 'wrong'), count_if(verdict = 'missed'),
                count_if(verdict = 'alone'), count_if(is_homed), count_if(is_homed and is_out_of_reach),
                count_if(is_out_of_reach and verdict = 'missed')
            from scored where {condition}
            """
        ).fetchone()
        assert counts is not None
        found[f"{section}: {label}" if section else label] = Score(*counts)
    return found, _counts(connection)


def _counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    def one(query: str) -> int:
        row = connection.execute(query).fetchone()
        return int(row[0]) if row else 0

    counts = {
        "registrations": one("select count(*) from placed where office = 'registration'"),
        "registrations merged": one(
            "select count(*) - count(distinct enterprise_id) from placed where office = 'registration'"
        ),
        # a branch's record in its parent's enterprise or the other way round, the register's own records included
        "branches merged into parents": one(
            """
            with pair as (
                select true_id as one, partner_id as other from truth.firm where kind = 'branch'
                union all
                select partner_id, true_id from truth.firm where kind = 'branch'
            )
            select count(distinct (p.feed, p.source_key)) from placed as p
            inner join pair on p.true_id = pair.one
            inner join home as h on pair.other = h.true_id and p.enterprise_id = h.enterprise_id
            """
        ),
        "out of reach: key of two firms": one("select count(*) from scored where is_shared"),
        "out of reach: name and building": one(
            "select count(*) from scored where is_out_of_reach and not is_shared and code_dirt <> 'other_firm'"
        ),
        "names of several, building decides": one(
            "select count(*) from scored where alike > 1 and not is_shared and not is_out_of_reach"
        ),
        "out of reach: another firm's code": one("select count(*) from scored where code_dirt = 'other_firm'"),
        "queued": one("select count(*) from resolved.review_queue"),
    }
    for reason, rows in connection.execute(
        "select reason_code, count(*) from resolved.review_queue group by 1 order by 1"
    ).fetchall():
        counts[f"queued: {reason}"] = rows
    return counts
