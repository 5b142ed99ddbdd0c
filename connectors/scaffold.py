"""Begin a feed: a folder that passes `parkbridge feed check` at once, to be changed until it fits the office's delivery."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import yaml

from connectors.feed import FEED_NAME, HOW_TO_NAME, read_feed
from connectors.guess import Guess
from connectors.office_names import RANGES
from connectors.rehearsal import write_expected
from warehouse.connection import literal, quote
from warehouse.declared import read_yaml
from warehouse.errors import DeclarationError
from warehouse.subjects import Column, Subject, subjects
from warehouse.units import is_unit_of, multiple_of, unit_for

_READ = {
    "date": "to_date({0})",
    "bigint": "to_count({0})",
    "decimal(18,2)": "to_amount({0})",
    "decimal(18,3)": "to_quantity({0})",
    "decimal(9,3)": "to_quantity({0})",
    "boolean": "case {0} when '是' then true when '否' then false else try_cast({0} as boolean) end",
    "timestamp": "try_cast({0} as timestamp)",
}
# above these a figure of one enterprise and month deserves a look
_BOUNDS = {
    "_headcount": 200_000,
    "_count": 10_000_000,
    "_quantity": 100_000_000,
    "_m2": 1_000_000,
    "_amount": 100_000_000_000,
}
_SAMPLE = {
    "date": "2026-01-01",
    "bigint": "12",
    "decimal(18,2)": "1200.50",
    "decimal(18,3)": "1200.5",
    "decimal(9,3)": "40",
    "boolean": "true",
    "timestamp": "2026-01-01 08:00:00",
}


def scaffold(parent: Path, name: str, subject_name: str, guessed: Guess | None = None, *, again: bool = False) -> Path:
    """Write parent/name/ with feed.yml, stage.sql, sample.csv and expected.csv for a subject. Returns the folder.

    Args:
        parent: The folder of feeds.
        name: The feed's name.
        subject_name: What it reports.
        guessed: The office's own columns; without it they are called like the subject's.
        again: Replace the folder where there is one.

    Raises:
        DeclarationError: It is not a name of a feed, the folder exists, or there is no such subject.
    """
    if not FEED_NAME.fullmatch(name):  # ../water is no folder of ours, and --again removes what is there
        raise DeclarationError(name, "it is not a feed name", next_step=HOW_TO_NAME)
    folder = parent / name
    known = subjects()
    if subject_name not in known:
        raise DeclarationError(
            name, f"there is no subject {subject_name!r}", next_step=f"choose one of {', '.join(known)}"
        )
    if folder.exists() and not (again and (folder / "feed.yml").is_file()):
        raise DeclarationError(
            name, f"{folder} exists", next_step="choose another name, edit what is there, or replace it with --again"
        )
    subject = known[subject_name]
    given = guessed.columns if guessed else {column: [column] for column in subject.columns}
    origin = {target: column for column, targets in given.items() for target in targets}
    # the year goes before the month where each has a column
    months = sorted((name for name, targets in given.items() if "month" in targets), key=lambda name: name[0] != "年")
    constants = guessed.constants if guessed else {}
    used = [column for column in subject.columns.values() if column.name in origin]
    source = {"folder": ".", "pattern": "*", "encoding": "utf-8"} | (
        dict(guessed.source) if guessed else {"pattern": "*.csv"}
    )
    of_sheet = str(source.get("unit", ""))
    if not all(any(is_unit_of(c.name, unit) for c in used) for unit in of_sheet.split("、") if unit):
        del source["unit"]  # a unit of which no figure here can be is to be looked at: the feed stops and names it
    words = guessed.codes if guessed else {}
    reads = ",\n".join(
        [
            f"    {_read(column, origin, months, multiple(column.name, origin[column.name], of_sheet))} as {column.name}"
            for column in used
        ]
        + [f"    {literal(code)} as {column}" for column, code in constants.items()]
        + [
            f"    case when {quote(column)} = 'other' then {literal(column + ' is none that is kept')} end as skip_because"
            for column in words
            if given[column] == ["event_code"]
        ]
    )
    if again:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "feed.yml").write_text(_declaration(name, subject, given, source, guessed, used, words), encoding="utf-8")
    (folder / "stage.sql").write_text(
        f"-- How the office's columns become those of {subject_name}; say why where a step is not plain.\n"
        f"select\n    row_number,\n{reads}\nfrom delivery\n",
        encoding="utf-8",
    )
    types = {column.name: column.type for column in subject.columns.values()}
    kept = {column: targets[0] for column, targets in given.items() if targets != ["personal"]}
    if guessed and guessed.roster:
        kept = {column: kept[column] for column in (*guessed.roster["by"], guessed.roster["as"])}
    with (folder / "sample.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(kept)
        writer.writerow(
            next(iter(words.get(column, ())), _SAMPLE.get(types.get(target, ""), f"{target} 1"))
            for column, target in kept.items()
        )
    try:
        write_expected(read_feed(folder))
    except BaseException:
        shutil.rmtree(folder)
        raise
    return folder


def _declaration(
    name: str,
    subject: Subject,
    given: Mapping[str, Sequence[str]],
    source: Mapping[str, object],
    guessed: Guess | None,
    used: Sequence[Column],
    words: Mapping[str, Mapping[str, str]],
) -> str:
    """The text of feed.yml."""
    options = "\n".join(
        f"  {key}: {_quoted(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for key, value in source.items()
    )
    columns = "\n".join(f"  {_quoted(column)}: {_listed(targets)}" for column, targets in given.items())
    more = ""
    if guessed and guessed.figures:
        more += f"figures: {{{', '.join(f'{c}: {kind}' for c, kind in guessed.figures.items())}}}\n"
    if guessed and guessed.roster:
        by = ", ".join(map(_quoted, guessed.roster["by"]))
        number, counted = (_quoted(guessed.roster[key]) for key in ("count_distinct", "as"))
        more += (
            f"roster: {{by: [{by}], count_distinct: {number}, as: {counted}}}   # persons are counted, and never land\n"
        )
    if parties := [column for column, targets in given.items() if "applicant_name" in targets]:
        more += f"parties: [{', '.join(map(_quoted, parties))}]   # firms and institutes alone land\n"
    if words:
        more += "codes:   # the office's words for the codes in warehouse/columns.yml; one that is not listed stops the feed\n"
    for column, meanings in words.items():
        more += f"  {_quoted(column)}: {{{', '.join(f'{_quoted(word)}: {_quoted(code)}' for word, code in meanings.items())}}}\n"
    bounds = "".join(
        f"\n  - {{column: {column.name}, between: [0, {bound}], severity: warning}}"
        for column in used
        for ending, bound in _BOUNDS.items()
        if column.name.endswith(ending)
    )
    return f"""\
feed: {name}
subject: {subject.name}
title: {{en: {subject.title_en}, zh: {subject.title_zh}}}
office: the office that keeps it 主管单位
owner: data-engineering
description: >
  One row is {subject.row}. Say here how it is delivered, when, and what surprises.
schedule: "0 1 * * *"
source:
  protocol: file_drop            # or database (with cursor_column say overlap), http_api (say success): docs/feeds.md lists the options
  connection: {name}   # an Airflow connection: `airflow connections add {name} …`
{options}
replaces: nothing                # or period, everything: what one delivery states completely
columns:                         # every column as the office names it: the column it feeds, ignored, or personal
{columns}
{more}# bounds to confirm with the office: how much may be wrong, and how large a figure can be
allow: {{rejected_pct: 0.5, rejected_rows: 3, rows_min_pct: 98, stale_days: 40, coverage_pct: 95}}
checks:{bounds or " []"}
"""


def _listed(targets: Sequence[str]) -> str:
    return targets[0] if len(targets) == 1 else f"[{', '.join(targets)}]"


def _quoted(value: object) -> str:
    """A text as YAML reads it back, also within brackets: plain where it is one."""
    text = str(value)
    try:
        is_plain = read_yaml(f"{text}: {text}") == read_yaml(f"{{{text}: {text}}}") == {text: text}
    except yaml.YAMLError:
        is_plain = False
    return text if is_plain else json.dumps(text, ensure_ascii=False)


def multiple(column: str, header: str, of_sheet: str) -> int | Decimal:
    """What a figure is multiplied by: the unit in its own header, 注册资本（万元） or 用量(万千瓦时), goes before the sheet's."""
    unit = unit_for(column, header, of_sheet)
    return multiple_of(unit) if is_unit_of(column, unit) else 1


def _read(column: Column, origin: Mapping[str, str], months: Sequence[str], factor: int | Decimal) -> str:
    source = origin[column.name]
    name = quote(source) if source != column.name else source
    if (
        column.name == "source_key" and {"premises_no", "is_vacant"} <= origin.keys()
    ):  # a vacant unit is of no enterprise
        is_vacant = _READ["boolean"].format(quote(origin["is_vacant"]))
        return f"coalesce({name}, case when {is_vacant} then {quote(origin['premises_no'])} end)"
    if column.name == "month":
        return (
            f"to_month({name})"
            if len(months) < 2
            else f"to_month(replace({quote(months[0])}, '年', '') || '-' || {quote(months[1])})"
        )
    for start, end in RANGES:
        if column.name in (start, end) and origin.get(start) == origin.get(end):  # 2026年第三季度, 2025.3.1-2028.2.28
            return f"to_period_{'start' if column.name == start else 'end'}({name})"
    if column.name == "currency_code" and source == origin.get("registered_capital_amount"):
        return f"to_capital_currency({name})"
    if (
        column.name == "registered_capital_amount" and factor == 1
    ):  # 500万元人民币; one in dollars needs its currency beside it
        if source == origin.get("currency_code"):
            return f"to_capital_amount({name})"
        return f"coalesce(to_amount({name}), case when to_capital_currency({name}) = 'CNY' then to_capital_amount({name}) end)"
    if factor != 1:  # 1.234567 万元 and 0.55 百人 are whole only when they are multiplied
        return f"try_cast(signed_number({name}) as decimal(28, 12)) * {factor}"
    return _READ.get(column.type, "{0}").format(name)
