"""What columns and codes mean: columns.yml, read once. The same name is the same quantity everywhere.

A column of codes names its code list beside it; from that one list come its comment, the check that no other
code occurs (expectations/), the glossary, and the Chinese words that schema 园区 shows. `derived: true` beside a code: models
give it, no office states it:

```yaml
status_code:
  zh: 登记状态
  en: status in the register
  note_zh: 市场监管部门登记的状态
  codes:
    active: {en: registered and not closed, zh: 存续}
    revoked: {en: licence revoked, zh: 吊销, note_zh: 被吊销营业执照，尚未注销}
gap_code: {…, codes: "rules.gap(gap_code, title_en, title_zh, next_step_zh)"}     # a rule file is the list's home
level_code_before: {…, codes: level_code}                                        # the list of another column
gap_codes: {…, codes: gap_code, several: true}                                   # several codes in one text
subject: {…, codes: subjects}                                                    # the entries of subjects.yml
field_code: {…, codes: "columns(uscc, status_code)"}                             # names of columns, by their own labels
```
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from warehouse.declared import read_yaml
from warehouse.errors import DeclarationError
from warehouse.settings import CHECKOUT
from warehouse.subjects import subjects

COLUMNS = Path(__file__).with_name("columns.yml")
RULES = CHECKOUT / "transforms" / "rules"
_KEYS = {"en", "zh", "note_zh", "codes", "several"}
_CODE_KEYS = {"en", "zh", "note_zh", "derived"}
# rules.match_level[part=name](level, words, words_zh)
_OF_COLUMNS = re.compile(r"columns\(([\w, ]+)\)")
_OF_A_RULE = re.compile(r"rules\.(\w+)(?:\[(\w+)=(\w+)\])?\((\w+), (\w+), (\w+)(?:, (\w+))?\)")


@dataclass(frozen=True)
class Code:
    """One code of a list: its value, what it means, and the Chinese words shown for it.

    `is_derived`: models give it, and no office may state it (the sum of all kinds is no kind).
    """

    value: str | int
    en: str
    zh: str
    note_zh: str = ""
    is_derived: bool = False

    @property
    def in_chinese(self) -> str:
        """The words, with their meaning where they do not say it themselves."""
        return f"{self.zh}（{self.note_zh}）" if self.note_zh else self.zh


@dataclass(frozen=True)
class Label:
    """A column's name and meaning in both languages, and its codes where its values are codes.

    `several`: a value is a text of several codes, separated by semicolons or commas.
    """

    en: str
    zh: str
    note_zh: str = ""
    codes: tuple[Code, ...] = ()
    several: bool = False

    @property
    def comment(self) -> str:
        """What a client shows for the column: English | Chinese."""
        codes = "; ".join(f"{code.value}: {code.en}" for code in self.codes)
        en = f"{self.en}. Codes: {codes}" if codes else self.en
        note = self._noted(" ".join((str(code.value), code.in_chinese)) for code in self.codes)
        return f"{en} | {self.zh}{f'：{note}' if note else ''}"

    @property
    def comment_zh(self) -> str:
        """The Chinese half, for columns that hold the codes themselves; the bare name where no meaning is written."""
        return self._noted(" ".join((str(code.value), code.in_chinese)) for code in self.codes) or self.zh

    @property
    def comment_in_words(self) -> str:
        """The Chinese half, for columns that show the words in place of the codes."""
        return self._noted(code.in_chinese for code in self.codes) or self.zh

    def _noted(self, codes: Any) -> str:
        listed = "；".join(codes)
        note = self.note_zh.rstrip("。")
        return "。".join(part for part in (note, f"取值：{listed}" if listed else "") if part)


@cache
def labels() -> dict[str, Label]:
    """What every column of the warehouse means, by name (columns.yml).

    Raises:
        DeclarationError: An entry says what no entry can, or its code list is nowhere.
    """
    return read_labels(COLUMNS.read_text(encoding="utf-8"), RULES)


def read_labels(text: str, rules: Path) -> dict[str, Label]:
    """Read the text of columns.yml; `rules` is the folder of the rule files that it names."""
    raw: dict[str, dict[str, Any]] = read_yaml(text)
    found = {}
    for name, entry in raw.items():
        if (unknown := set(entry) - _KEYS) or not {"en", "zh"} <= set(entry):
            fact = f"unknown {', '.join(sorted(unknown))}" if unknown else "it lacks en or zh"
            raise DeclarationError(f"columns.yml: {name}", fact, next_step=f"use {', '.join(sorted(_KEYS))}")
        codes = _codes(name, entry.get("codes"), rules)
        found[name] = Label(entry["en"], entry["zh"], entry.get("note_zh", ""), codes, bool(entry.get("several")))
    for name, entry in raw.items():
        if isinstance(other := entry.get("codes"), str) and not found[name].codes:
            if columns := _OF_COLUMNS.fullmatch(other):
                found[name] = dataclasses.replace(found[name], codes=_codes_of_columns(name, columns[1], found))
                continue
            if other not in found or not found[other].codes:
                raise DeclarationError(
                    f"columns.yml: {name}",
                    f"its codes are those of {other}, which has none",
                    next_step="name a column with listed codes, or list them here",
                )
            found[name] = dataclasses.replace(found[name], codes=found[other].codes)
    return found


def _codes(name: str, given: object, rules: Path) -> tuple[Code, ...]:
    where = f"columns.yml: {name}"
    if given == "subjects":
        return tuple(Code(subject.name, subject.title_en, subject.title_zh) for subject in subjects().values())
    if isinstance(given, str):
        return _codes_of_rule(where, given, rules) if given.startswith("rules.") else ()
    if given is None:
        return ()
    if not isinstance(given, Mapping) or not all(
        isinstance(code, dict) and {"en", "zh"} <= set(code) <= _CODE_KEYS for code in given.values()
    ):
        raise DeclarationError(
            where, "a code has no en or no zh", next_step="write codes: {code: {en: …, zh: …, note_zh: …}}"
        )
    return tuple(
        Code(value, code["en"], code["zh"], code.get("note_zh", ""), bool(code.get("derived")))
        for value, code in given.items()
    )


def _codes_of_columns(name: str, listed: str, found: Mapping[str, Label]) -> tuple[Code, ...]:
    columns = [column.strip() for column in listed.split(",")]
    if unknown := [column for column in columns if column not in found]:
        raise DeclarationError(
            f"columns.yml: {name}", f"no column is called {', '.join(unknown)}", next_step="name columns of this file"
        )
    return tuple(Code(column, found[column].en, found[column].zh) for column in columns)


def _codes_of_rule(where: str, given: str, rules: Path) -> tuple[Code, ...]:
    form = _OF_A_RULE.fullmatch(given)
    path = rules / f"{form[1]}.yml" if form else rules
    if not form or not path.is_file():
        raise DeclarationError(
            where,
            f"codes: {given} names no rule file",
            next_step="write codes: rules.<file>(code column, English, Chinese)",
        )
    part, value, code, en, zh, note = form.groups()[1:]
    found: dict[str | int, Code] = {}
    for row in read_yaml(path.read_text(encoding="utf-8"))["rows"]:
        if part and row.get(part) != value:
            continue
        if missing := [column for column in (code, en, zh, note) if column and column not in row]:
            raise DeclarationError(
                where, f"a row of rules/{path.name} has no {missing[0]}", next_step="name columns of the rule file"
            )
        if row[code] is not None:
            found[row[code]] = Code(row[code], row[en] or "", row[zh] or "", (row[note] if note else "") or "")
    return tuple(found.values())
