"""A feed: one folder that declares one delivery of one office, and the check of that declaration.

feed.yml is strict: an unknown key, a column that feeds no column of the subject, or a code map for a column that is not
there raises DeclarationError before anything runs. CONTRIBUTING.md explains every key to whoever adds a feed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from croniter import croniter  # type: ignore[import-untyped]  # what Airflow reads schedules with

from connectors.sources import PROTOCOLS, ROW_NUMBER, protocol
from warehouse.errors import DeclarationError
from warehouse.kinds import (
    FACTOR,
    FLOW,
    KINDS,
    MOST_DIGITS,
    READING,
    FigureKind,
    figure_columns,
    kind_by_name,
)
from warehouse.persons import is_code
from warehouse.staged_feed import Allowance
from warehouse.subjects import LAST_YEAR, Subject, subjects
from warehouse.units import multiple_of, unit_for, unit_of

# months of one figure of a feed of staff
PERIODS = (1, 12)
# what is counted and added up of invoices (connectors/invoices.py)
INVOICE_FIGURES = ("invoices", "voided", "red_letters", "issued_amount", "voided_amount", "red_amount")
# a 税收分类编码 has 19 digits: 篇 1, 类 3, 章 5, 节 7, …; more than seven would nearly say which article
GOODS_DIGITS = (1, 3, 5, 7)
# what a unit is called, and where it is, may be written in two ways within a month
_DESCRIPTIONS = (("enterprise_name",), ("address",))
REPLACES = ("nothing", "period", "everything")
FEED_NAME = re.compile(r"[a-z][a-z0-9_]{1,50}")
HOW_TO_NAME = "use 2 to 51 small letters, digits and _, a letter first"
CONDITIONS = frozenset({"between", "matches", "in", "not_null"})
CHECK_KEYS = CONDITIONS | {"column", "mostly", "severity"}
_REQUIRED = frozenset(
    {"feed", "subject", "title", "office", "owner", "description", "schedule", "source", "replaces", "columns"}
)
_OPTIONAL = frozenset(
    {
        "period_months",
        "complete",
        "recorded_at",
        "clock",
        "optional",
        "aliases",
        "codes",
        "missing",
        "roster",
        "invoices",
        "allow",
        "checks",
        "firms_own",
        "figures",
        "facts",
        "parties",
    }
)


@dataclass(frozen=True)
class Roster:
    """One row per person becomes one count per group before anything is written.

    `described_by` are those of `by` that only say what the unit is called or where it is: they part no group.
    """

    by: tuple[str, ...]
    count_distinct: str
    counted_as: str
    described_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Invoices:
    """One row per invoice becomes one per firm, side, partner, month and class of goods before anything is written.

    `by` are kept as they are; `date` becomes its month, `goods` its first digits. `made` are the columns that the figures
    go to, in the order of INVOICE_FIGURES. A status that is in neither `void_values` nor `valid_values` makes an invoice
    unreadable; without `valid_values`, one that is damaged or nearly a void one does. `number` are the columns that identify
    an invoice of one `by`; none where lines of one invoice are rows of their own. `described_by` is as in Roster.
    """

    by: tuple[str, ...]
    partner_code: str
    partner_name: str
    date: str
    goods: str
    goods_digits: int
    amount: str
    void: str
    void_values: tuple[str, ...]
    made: tuple[str, ...]
    number: tuple[str, ...] = ()
    valid_values: tuple[str, ...] = ()
    described_by: tuple[str, ...] = ()

    @property
    def made_from(self) -> tuple[str, ...]:
        """The columns besides `by` that are left of an invoice."""
        return (self.partner_code, self.partner_name, self.date, self.goods)


@dataclass(frozen=True)
class Feed:
    """A declared feed. `columns` maps each source column to the canonical columns it feeds (none where it is ignored)."""

    name: str
    folder: Path
    subject: Subject
    title_en: str
    title_zh: str
    office: str
    owner: str
    description: str
    schedule: str
    protocol: str
    connection: str
    options: Mapping[str, Any]
    replaces: str
    columns: Mapping[str, tuple[str, ...]]
    personal: frozenset[str]
    recorded_at: str | None = None
    clock: str | None = None
    optional: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    roster: Roster | None = None
    invoices: Invoices | None = None
    allow: Allowance = field(default_factory=Allowance)
    checks: Sequence[Mapping[str, Any]] = ()
    period_months: int | None = None
    complete: bool = False
    firms_own: frozenset[str] = frozenset()
    figures: Mapping[str, FigureKind] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    parties: frozenset[str] = frozenset()

    @property
    def code_columns(self) -> frozenset[str]:
        """Columns in which phones, cards and the like are not looked for: codes, keys, figures, and what is a firm's own.

        The words of a list (`codes`) are texts: no word of it holds a phone.
        """
        of_subject = self.subject.columns
        return self.firms_own | {
            name
            for name, targets in self.columns.items()
            if targets
            and name not in self.codes
            and all(t in of_subject and is_code(t, of_subject[t].type) for t in targets)
        }

    @property
    def landed_columns(self) -> tuple[str, ...]:
        """The source's columns as they are landed: all declared ones but the personal, and what is counted or added up."""
        if self.roster:
            return (*self.roster.by, self.roster.counted_as)
        if self.invoices:
            return (*self.invoices.by, *self.invoices.made_from, *self.invoices.made)
        return tuple(column for column in self.columns if column not in self.personal)

    @property
    def made_columns(self) -> tuple[str, ...]:
        """Declared columns that no delivery has: they are made before anything is written."""
        if self.roster:
            return (self.roster.counted_as,)
        return self.invoices.made if self.invoices else ()

    @property
    def count_column(self) -> str | None:
        """The subject's column with how many persons or invoices landing made a row of; none where rows land as they are."""
        return next((target for name in self.made_columns[:1] for target in self.columns[name]), None)

    @property
    def multiples(self) -> dict[str, int | Decimal]:
        """What figures are multiples of, by column: 10,000 of 金额（万元）, and of amounts without a unit in a sheet of 万元."""
        units = {
            name: next((unit for t in self.columns[name] or [""] if (unit := unit_for(t, name, self.sheet_unit))), "")
            for name in self.landed_columns
        }
        return {name: multiple_of(unit) for name, unit in units.items() if multiple_of(unit) != 1}

    @property
    def sheet_unit(self) -> str:
        """The unit that its sheets state above their header (source.unit), if it declares one."""
        return str(self.options.get("unit", ""))

    @property
    def stage_sql(self) -> str:
        """The feed's one SELECT, from `delivery` to the subject's columns."""
        path = self.folder / "stage.sql"
        if not path.is_file():
            raise DeclarationError(
                str(self.name), "the folder has no stage.sql", next_step=f"write {path.name}: one select from delivery"
            )
        return path.read_text(encoding="utf-8")


class _Declaration(yaml.SafeLoader):
    """YAML in which no key occurs twice: of two, the reader would see both and the machine take the last."""


def _each_key_once(loader: _Declaration, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [key.value for key, _ in node.value]
    for place, (key, _) in enumerate(node.value):
        if key.value in keys[:place]:
            raise yaml.MarkedYAMLError(problem=f"{key.value!r} is there twice", problem_mark=key.start_mark)
    return loader.construct_mapping(node, deep=True)


_Declaration.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _each_key_once)


class _Entry:
    """The entries of one feed.yml, asked for by key and kind; what is not of its kind stops with feed, key and cure."""

    def __init__(self, where: str, entry: Any) -> None:
        self.where = where
        self.entry = self.mapping(entry, "the file")

    def wrong(self, fact: str, next_step: str) -> NoReturn:
        raise DeclarationError(self.where, fact, next_step=next_step)

    def mapping(self, value: Any, key: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.wrong(f"{key} is no mapping", "write it as lines of `name: value`")
        for name in value:
            if not isinstance(name, str):  # 01 would have become 1, and no False
                self.wrong(f"{key} has the name {name!r}, which YAML does not read as text", 'put it in quotes: "…"')
        return value

    def listing(self, key: str) -> list[Any]:
        value = self.entry.get(key, [])
        if not isinstance(value, list):
            self.wrong(f"{key} is no list", "write it as [one, two]")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        for item in (items := self.listing(key)):
            self.text(item, key)
        return tuple(items)

    def text(self, value: Any, key: str) -> str:
        if not isinstance(value, str) or not value.strip():
            self.wrong(f"{key} is {value!r}, which is no text", f'write {key} as text, in quotes where in doubt: "…"')
        return value


# long: one message for each key of feed.yml, in the order of the file
def read_feed(folder: Path) -> Feed:
    """Read and check folder/feed.yml.

    Raises:
        DeclarationError: naming the feed, the key and what would be right.
    """
    where = f"{folder.name}/feed.yml"
    try:
        raw = yaml.load((folder / "feed.yml").read_text(encoding="utf-8"), _Declaration)  # noqa: S506 - a safe loader
    except (OSError, UnicodeDecodeError) as error:
        fact = f"it cannot be read ({type(error).__name__})"
        raise DeclarationError(where, fact, next_step="write the file in UTF-8") from None
    except yaml.YAMLError as error:
        problem, mark = getattr(error, "problem", None) or str(error), getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark else ""
        raise DeclarationError(where, f"{line}{problem}", next_step="fix the line: it must be valid YAML") from None
    declared = _Entry(where, raw)
    entry, wrong = declared.entry, declared.wrong
    if unknown := sorted(set(entry) - _REQUIRED - _OPTIONAL):
        wrong(f"unknown key {', '.join(map(repr, unknown))}", f"use {', '.join(sorted(_REQUIRED | _OPTIONAL))}")
    if absent := sorted(_REQUIRED - set(entry)):
        wrong(f"key {', '.join(map(repr, absent))} is missing", "add it; CONTRIBUTING.md explains each")
    for key in ("feed", "subject", "office", "owner", "description", "schedule", "replaces"):
        declared.text(entry[key], key)
    if entry["feed"] != folder.name:
        wrong(f"feed is {entry['feed']!r} in folder {folder.name!r}", "give both the same name")
    if not FEED_NAME.fullmatch(folder.name):
        wrong(f"{folder.name!r} is no feed name", HOW_TO_NAME)
    if not croniter.is_valid(entry["schedule"]):
        wrong(f"schedule is {entry['schedule']!r}, which is no cron expression", 'write one, such as "30 0 * * *"')
    title = declared.mapping(entry["title"], "title")
    if set(title) != {"en", "zh"}:
        wrong("title needs en and zh", "give both")
    known_subjects = subjects()
    if entry["subject"] not in known_subjects:
        wrong(f"unknown subject {entry['subject']!r}", f"use one of {', '.join(known_subjects)}")
    subject = known_subjects[entry["subject"]]
    if entry["replaces"] not in REPLACES:
        wrong(f"replaces is {entry['replaces']!r}", f"use one of {', '.join(REPLACES)}")
    if entry["replaces"] == "period" and not subject.period:
        wrong(f"subject {subject.name} has no period to replace", "use nothing or everything")
    columns, personal = _columns(declared, subject)
    roster = _roster(declared, columns, personal)
    name, options = _source(declared)
    feed = Feed(
        name=folder.name,
        folder=folder,
        subject=subject,
        title_en=declared.text(title["en"], "title.en"),
        title_zh=declared.text(title["zh"], "title.zh"),
        office=entry["office"],
        owner=entry["owner"],
        description=entry["description"],
        schedule=entry["schedule"],
        protocol=name,
        connection=entry["source"]["connection"],
        options=options,
        replaces=entry["replaces"],
        columns=columns,
        personal=personal,
        recorded_at=entry.get("recorded_at"),
        clock=entry.get("clock"),
        optional=frozenset(declared.texts("optional")),
        aliases={
            k: declared.text(v, f"aliases.{k}")
            for k, v in declared.mapping(entry.get("aliases", {}), "aliases").items()
        },
        codes={
            column: {
                k: declared.text(v, f"codes.{column}.{k}") for k, v in declared.mapping(m, f"codes.{column}").items()
            }
            for column, m in declared.mapping(entry.get("codes", {}), "codes").items()
        },
        missing=declared.texts("missing"),
        roster=roster,
        invoices=_invoices(declared, columns, personal),
        allow=_allowance(declared),
        checks=_checks(declared, subject),
        period_months=entry.get("period_months"),
        complete=entry.get("complete", entry["replaces"] == "everything"),
        firms_own=frozenset(declared.texts("firms_own")),
        figures=_figures(declared, subject, columns),
        facts=_facts(declared),
        parties=frozenset(declared.texts("parties")),
    )
    if "period_months" in entry:
        if type(entry["period_months"]) is not int or entry["period_months"] not in PERIODS:
            wrong(f"period_months is {entry['period_months']!r}", f"use one of {', '.join(map(str, PERIODS))}")
        if subject.name != "employment":
            wrong(f"period_months is of staff, not of {subject.name}", "leave it out")
    if type(feed.complete) is not bool:
        wrong(f"complete is {feed.complete!r}", "write true or false")
    if feed.complete and feed.replaces == "nothing":
        wrong("complete is true, but the feed replaces nothing", "leave it out: only a whole list leaves somebody out")
    _hold_together(declared, feed)
    return feed


def _columns(declared: _Entry, subject: Subject) -> tuple[dict[str, tuple[str, ...]], frozenset[str]]:
    columns: dict[str, tuple[str, ...]] = {}
    personal = set()
    for column, target in declared.mapping(declared.entry["columns"], "columns").items():
        targets = target if isinstance(target, list) else [target]
        if targets == ["personal"]:
            personal.add(column)
        elif targets != ["ignored"] and (unknown := [t for t in targets if t not in list(subject.columns)]):
            declared.wrong(
                f"column {column!r} feeds {unknown[0]!r}, which {subject.name} does not have",
                f"use one of {', '.join(subject.columns)}, ignored or personal",
            )
        columns[column] = () if targets in (["personal"], ["ignored"]) else tuple(targets)
    if ROW_NUMBER in columns:
        declared.wrong(f"a column is called {ROW_NUMBER}", "give it another name by aliases: that one is ours")
    return columns, frozenset(personal)


def _roster(declared: _Entry, columns: Mapping[str, tuple[str, ...]], personal: frozenset[str]) -> Roster | None:
    if "roster" not in declared.entry:
        return None
    given = declared.mapping(declared.entry["roster"], "roster")
    if set(given) != {"by", "count_distinct", "as"} or not isinstance(given["by"], list) or not given["by"]:
        declared.wrong("roster needs by, count_distinct and as", "write roster: {by: […], count_distinct: …, as: …}")
    names = [*given["by"], given["count_distinct"], given["as"]]
    if unknown := [name for name in names if name not in list(columns)]:
        declared.wrong(f"roster names {unknown[0]!r}, which is not under columns", "list it under columns")
    if personal & {*given["by"], given["as"]}:
        declared.wrong("roster keeps a personal column", "group by columns that name no person")
    by = tuple(given["by"])
    return Roster(by, given["count_distinct"], given["as"], _described_by(by, columns))


def _described_by(by: tuple[str, ...], columns: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Those of `by` that say no more than a name or an address, beside one that is the unit's key."""
    if not any("source_key" in columns.get(name, ()) for name in by):
        return ()
    return tuple(name for name in by if columns.get(name) in _DESCRIPTIONS)


def _invoices(declared: _Entry, columns: Mapping[str, tuple[str, ...]], personal: frozenset[str]) -> Invoices | None:
    if "invoices" not in declared.entry:
        return None
    given = declared.mapping(declared.entry["invoices"], "invoices")
    if (
        set(given) - {"number"} != {"by", "partner", "date", "goods", "amount", "void", "as"}
        or "roster" in declared.entry
    ):
        declared.wrong("invoices needs by, partner, date, goods, amount, void and as", "write them, and no roster")
    parts = {key: declared.mapping(given[key], f"invoices.{key}") for key in ("partner", "goods", "void", "as")}
    wanted = {
        "partner": {"code", "name"},
        "goods": {"column", "digits"},
        "void": {"column", "values"},
        "as": set(INVOICE_FIGURES),
    }
    for key, keys in wanted.items():
        if set(parts[key]) - {"valid"} != keys or (key != "void" and "valid" in parts[key]):
            declared.wrong(f"invoices.{key} has {', '.join(parts[key])}", f"use {', '.join(sorted(keys))}")
    by, values, valid = given["by"], parts["void"]["values"], parts["void"].get("valid", [])
    digits = parts["goods"]["digits"]
    if not all(isinstance(listed, list) for listed in (by, values, valid)) or not by or not values:
        declared.wrong("invoices.by, void.values or void.valid is no list", "write it as [one, two]")
    if type(digits) is not int or digits not in GOODS_DIGITS:
        declared.wrong(f"invoices.goods.digits is {digits!r}", f"use one of {', '.join(map(str, GOODS_DIGITS))}")
    number = given.get("number", [])
    found = Invoices(
        by=tuple(declared.text(name, "invoices.by") for name in by),
        partner_code=declared.text(parts["partner"]["code"], "invoices.partner.code"),
        partner_name=declared.text(parts["partner"]["name"], "invoices.partner.name"),
        date=declared.text(given["date"], "invoices.date"),
        goods=declared.text(parts["goods"]["column"], "invoices.goods.column"),
        goods_digits=digits,
        amount=declared.text(given["amount"], "invoices.amount"),
        void=declared.text(parts["void"]["column"], "invoices.void.column"),
        void_values=tuple(declared.text(value, "invoices.void.values") for value in values),
        valid_values=tuple(declared.text(value, "invoices.void.valid") for value in valid),
        made=tuple(declared.text(parts["as"][figure], f"invoices.as.{figure}") for figure in INVOICE_FIGURES),
        number=tuple(
            declared.text(name, "invoices.number") for name in (number if isinstance(number, list) else [number])
        ),
        described_by=_described_by(tuple(by), columns),
    )
    names = (*found.by, *found.made_from, found.amount, found.void, *found.made, *found.number)
    if unknown := [name for name in names if name not in list(columns)]:
        declared.wrong(f"invoices names {unknown[0]!r}, which is not under columns", "list it under columns")
    if kept := personal & set(names):
        declared.wrong(f"invoices keeps the personal column {min(kept)!r}", "name columns that name no person")
    return found


def _source(declared: _Entry) -> tuple[str, dict[str, Any]]:
    source = dict(declared.mapping(declared.entry["source"], "source"))
    name, connection = source.pop("protocol", None), source.pop("connection", None)
    if not isinstance(name, str) or not isinstance(connection, str):
        declared.wrong("source needs protocol and connection", "name both")
    if name not in PROTOCOLS:
        declared.wrong(f"there is no protocol {name!r}", f"use one of {', '.join(PROTOCOLS)}")
    if unknown := sorted(set(source) - protocol(name).OPTIONS):
        declared.wrong(f"unknown option {unknown[0]!r} of {name}", f"use {', '.join(sorted(protocol(name).OPTIONS))}")
    for option in ("cursor_column", "since_param"):
        if option in source and declared.entry["replaces"] == "everything":
            declared.wrong(
                f"replaces is everything, but source.{option} asks for new rows alone",
                f"declare replaces: nothing, or leave source.{option} out",
            )
    return name, source


def _facts(declared: _Entry) -> dict[str, str]:
    """What holds in each row, between its columns: the fact in words, and a condition in SQL."""
    facts = declared.mapping(declared.entry.get("facts", {}), "facts")
    return {fact: declared.text(condition, f"facts.{fact}") for fact, condition in facts.items()}


def _figures(declared: _Entry, subject: Subject, columns: Mapping[str, tuple[str, ...]]) -> dict[str, FigureKind]:
    """What the measured columns state: `column: kind`, or `column: {kind: reading, digits: 5}`."""
    known = [column.name for column in figure_columns(subject)]
    found: dict[str, FigureKind] = {}
    for column, stated in declared.mapping(declared.entry.get("figures", {}), "figures").items():
        if column not in known:
            fact = f"figures names {column!r}, which " + (
                "states what there is at one time" if column in subject.stocks else f"{subject.name} does not measure"
            )
            declared.wrong(fact, f"use {', '.join(known)}" if known else "leave figures out")
        given = declared.mapping(stated, f"figures.{column}") if isinstance(stated, dict) else {"kind": stated}
        kind, digits = given.get("kind"), given.get("digits")
        if unknown := sorted(set(given) - {"kind", "digits"}):
            declared.wrong(f"unknown key {unknown[0]!r} in figures.{column}", "use kind and digits")
        if kind not in KINDS:
            declared.wrong(f"figures.{column} is {kind!r}", f"use one of {', '.join(KINDS)}")
        if digits is not None and (kind != READING or type(digits) is not int or not 1 <= digits <= MOST_DIGITS):
            declared.wrong(
                f"figures.{column} has digits {digits!r}",
                f"give the digits before the point of a meter, 1 to {MOST_DIGITS}, beside kind: {READING}",
            )
        found[column] = FigureKind(kind, digits)
    fed = {target for targets in columns.values() for target in targets}
    factor = next((name for name in columns if "倍率" in name or name.casefold() == "multiplier"), None)
    if factor and FACTOR in subject.columns and FACTOR not in fed and READING in {f.kind for f in found.values()}:
        declared.wrong(
            f"{factor} is not used, and the use of a meter is the difference of its readings times its multiplier",
            f"let it feed {FACTOR}; where the readings are multiplied already, let stage.sql give 1 as {FACTOR}",
        )
    if found and (left := [column for column in known if column in fed and column not in found]):
        declared.wrong(
            f"figures does not say what {left[0]} is", f"add {left[0]}: {', '.join(KINDS[:-1])} or {KINDS[-1]}"
        )
    if subject.has_periods and len({figure.kind for figure in found.values()} - {FLOW}) > 1:
        declared.wrong("figures has two kinds that give a row two periods", "make it two feeds, one for each kind")
    return found


def _allowance(declared: _Entry) -> Allowance:
    allowed = declared.mapping(declared.entry.get("allow", {}), "allow")
    if unknown := sorted(set(allowed) - set(Allowance.__dataclass_fields__)):
        declared.wrong(f"unknown key 'allow.{unknown[0]}'", f"use {', '.join(Allowance.__dataclass_fields__)}")
    for key, value in allowed.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
            declared.wrong(f"allow.{key} is {value!r}, which is no figure", "give percentages and days as numbers")
        if key in ("first_year", "months_ahead", "years_ahead") and (not isinstance(value, int) or value > LAST_YEAR):
            declared.wrong(f"allow.{key} is {value!r}", f"give a whole number up to {LAST_YEAR}")
    return Allowance(**allowed)


def _checks(declared: _Entry, subject: Subject) -> tuple[Mapping[str, Any], ...]:
    checks = declared.listing("checks")
    for check in checks:
        given = declared.mapping(check, "a check")
        if unknown := sorted(set(given) - CHECK_KEYS):
            declared.wrong(f"unknown key {unknown[0]!r} in a check", f"use {', '.join(sorted(CHECK_KEYS))}")
        if given.get("column") not in list(subject.columns):
            declared.wrong(f"a check names column {given.get('column')!r}", f"use one of {', '.join(subject.columns)}")
        if given.get("severity") not in ("critical", "warning"):
            declared.wrong(f"the check of {given['column']} has no severity", "say severity: critical or warning")
        if not CONDITIONS & set(given):
            declared.wrong(
                f"the check of {given['column']} asks nothing", f"add one of {', '.join(sorted(CONDITIONS))}"
            )
    return tuple(checks)


def _hold_together(declared: _Entry, feed: Feed) -> None:
    """Keys that speak of columns speak of columns that are there, and that are landed where their values are needed."""
    wrong = declared.wrong
    named = {
        "recorded_at": [feed.recorded_at] if feed.recorded_at else [],
        "aliases": list(feed.aliases.values()),
        "codes": list(feed.codes),
        "optional": sorted(feed.optional),
        "firms_own": sorted(feed.firms_own),
        "parties": sorted(feed.parties),
    }
    for key, names in named.items():
        if unknown := [name for name in names if name not in list(feed.columns)]:
            wrong(f"{key} names {unknown[0]!r}, which is not under columns", "list it under columns")
    for key in ("recorded_at", "codes", "firms_own", "parties"):
        if lost := [name for name in named[key] if name not in feed.landed_columns]:
            wrong(f"{key} names {lost[0]!r}, which does not land", "name a column that is neither personal nor counted")
    if both := [alias for alias in feed.aliases if alias in feed.columns]:
        wrong(f"aliases names {both[0]!r}, which is a column itself", "list it in one of the two places")
    for alias, name in feed.aliases.items():
        if len({multiple_of(unit_of(header) or feed.sheet_unit) for header in (alias, name)}) > 1:
            wrong(
                f"aliases gives {name!r} the figures of {alias!r}, which are of another unit",
                "list it under columns and optional, and let stage.sql reckon with its unit",
            )
    _hold_to_headers(declared, feed)
    if feed.clock is not None:
        try:
            ZoneInfo(declared.text(feed.clock, "clock"))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            wrong(f"clock is {feed.clock!r}, which is no time zone", "give a name such as Asia/Shanghai")


def _hold_to_headers(declared: _Entry, feed: Feed) -> None:
    """A figure under a header such as 本年累计 or 本期示数 is declared: of one delivery nothing else shows what it is.

    A return for a quarter may state what is due since January. Of 上期示数 and 本期示数 stage.sql takes the difference.
    """
    measured = {column.name for column in figure_columns(feed.subject)}
    for header, name in [*((name, name) for name in feed.columns), *feed.aliases.items()]:
        kind = kind_by_name(header)
        for target in measured.intersection(feed.columns[name]) if kind != FLOW else ():
            alike = [other for other, fed in feed.columns.items() if target in fed and kind_by_name(other) == kind]
            given = feed.figures.get(target)
            if (given is None and len(alike) < 2) or (given and header != name and given.kind != kind):
                declared.wrong(
                    f"{header!r} feeds {target}, and figures does not say what it states",
                    f"declare figures: {{{target}: {kind}}}, or {target}: {FLOW} if it is the period's own figure",
                )
