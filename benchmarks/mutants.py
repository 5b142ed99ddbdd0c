"""Makes single plausible mistakes in a copy of the tree and counts how many the tests notice: `make mutants`.

Four kinds of file: `sql` (models, views, stage.sql), `matching` (transforms/matching, 2_resolved and the Python beside
them), `python`, `rules` (transforms/rules, suites, rules of expectations). A mistake is drawn by seed: first a file, then
a kind of mistake, then a place in it. Only the tests that touch the file are run (`tests_of`), up to the first that
fails. Each trial runs in a process of its own with a limit of CPU seconds; a trial that reaches it counts as not noticed.
Mistakes that change no result cannot be noticed. A person has to recognise them: they are among the survivors.

The libraries are imported once and each trial is a fork, so that a trial costs little more than its tests.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib
import os
import random
import re
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.tokens import Token, TokenType  # type: ignore[attr-defined]  # built in Rust, not exported by name

CHECKOUT = Path(__file__).parents[1]
# imported before the forks: every trial needs them
LIBRARIES = ("duckdb", "great_expectations", "pandas", "pyarrow.parquet")
COPIED = (
    "cli",
    "connectors",
    "dags",
    "demo",
    "benchmarks",
    "examples",
    "expectations",
    "report",
    "tests",
    "transforms",
    "warehouse",
)
KINDS = ("sql", "matching", "python", "rules")
PLACES = {
    "sql": (
        "transforms/[3456]_*/*.sql",
        "transforms/views/*.sql",
        "connectors/feeds/*/stage.sql",
        "warehouse/*macros.sql",
    ),
    "matching": (
        "transforms/matching/*.sql",
        "transforms/matching/[!_]*.py",
        "transforms/2_resolved/*.sql",
        "transforms/resolution/names.py",
        "transforms/resolution/addresses.py",
        "transforms/resolution/codes.py",
        "transforms/resolution/records.py",
        "transforms/resolution/judgements.py",
    ),
    "python": (
        "cli/*.py",
        "connectors/**/*.py",
        "dags/*.py",
        "expectations/*.py",
        "report/**/*.py",
        "transforms/**/*.py",
        "warehouse/**/*.py",
        "parkbridge.py",
    ),
    "rules": ("transforms/rules/*.yml", "expectations/suites/*.yml", "expectations/rules/*.sql"),
}
# where a module may be imported, besides tests
MODULES = ("*.py", *(f"{name}/**/*.py" for name in COPIED if name not in ("benchmarks", "examples", "tests")))
# with fewer test files than this, those of its folder and of the modules that import a module are its tests, too
FEW, SMALL_FOLDER = 3, 20
# tests of commands as they are typed: they import the entry point, and every command is reached through it
COMMANDS = ("tests/warehouse/test_commands.py", "tests/warehouse/test_command_line.py")
# tests of much at once, for half a CPU minute: after those of a module
BROAD = (
    "tests/warehouse/test_damage_matrix.py",
    "tests/warehouse/test_as_of.py",
    "tests/connectors/sources/test_hostile.py",
    "tests/connectors/test_mutations.py",
)
NO_MISTAKES = ("__init__.py", "standalone.py", "postgres_access.py", "postgres_edition.py", "postgres_tables.py")


@dataclass(frozen=True)
class Mistake:
    """One change of one file: the characters from `start` to `end` become `text`."""

    name: str
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Trial:
    """One mistake in one file, drawn."""

    kind: str
    path: str
    mistake: Mistake

    def shown(self, source: str) -> str:
        """The mistake as a line of text."""
        line = source.count("\n", 0, self.mistake.start) + 1
        first, last = source.rfind("\n", 0, self.mistake.start) + 1, (source + "\n").find("\n", self.mistake.end)
        before = source[first:last]
        after = source[first : self.mistake.start] + self.mistake.text + source[self.mistake.end : last]
        return f"{self.path}:{line} [{self.mistake.name}]\n      - {' '.join(before.split())}\n      + {' '.join(after.split())}"


# ---------------------------------------------------------------- mistakes in SQL

SWAPPED = {
    TokenType.LT: ("boundary", "<="),
    TokenType.LTE: ("boundary", "<"),
    TokenType.GT: ("boundary", ">="),
    TokenType.GTE: ("boundary", ">"),
    TokenType.EQ: ("comparison", "<>"),
    TokenType.NEQ: ("comparison", "="),
    TokenType.PLUS: ("sign", "-"),
    TokenType.DASH: ("sign", "+"),
    TokenType.AND: ("and/or", "or"),
    TokenType.OR: ("and/or", "and"),
    TokenType.INNER: ("join", "left"),
    TokenType.LEFT: ("join", "inner"),
    TokenType.DESC: ("order", "asc"),
}
SWAPPED_WORDS = {
    "min": ("aggregate", "max"),
    "max": ("aggregate", "min"),
    "greatest": ("aggregate", "least"),
    "least": ("aggregate", "greatest"),
    "min_by": ("aggregate", "max_by"),
    "max_by": ("aggregate", "min_by"),
}
ENDS_A_PREDICATE = {
    TokenType.AND,
    TokenType.OR,
    TokenType.WHERE,
    TokenType.GROUP_BY,
    TokenType.ORDER_BY,
    TokenType.HAVING,
    TokenType.UNION,
    TokenType.INNER,
    TokenType.LEFT,
    TokenType.JOIN,
    TokenType.CROSS,
    TokenType.THEN,
    TokenType.COMMA,
    TokenType.END,
    TokenType.ELSE,
    TokenType.WHEN,
    TokenType.LIMIT,
}


def in_sql(source: str) -> Iterator[Mistake]:
    """Every mistake that we know how to make in a SQL file."""
    tokens = DuckDB().tokenize(source)
    between = False
    for number, token in enumerate(tokens):
        # mypy would follow each comparison through every member of the enumeration
        kind: object = token.token_type
        text = token.text.lower()
        following = tokens[number + 1].token_type if number + 1 < len(tokens) else None
        before = tokens[number - 1].token_type if number else None
        if kind == TokenType.BETWEEN:
            between = True
        if kind == TokenType.AND and between:  # the AND of a BETWEEN is no conjunction
            between = False
            continue
        if kind in (TokenType.LEFT, TokenType.INNER) and following != TokenType.JOIN:
            continue  # left(text, 2)
        if kind == TokenType.DASH and before in (TokenType.L_PAREN, TokenType.THEN, TokenType.COMMA):
            continue
        if kind in SWAPPED:
            name, new = SWAPPED[token.token_type]
            yield Mistake(name, token.start, token.end + 1, new)
        elif text in ("min", "max") and following == TokenType.L_PAREN and _is_one_constant(tokens[number + 2 :]):
            continue
        elif text in SWAPPED_WORDS and following == TokenType.L_PAREN:
            name, new = SWAPPED_WORDS[text]
            yield Mistake(name, token.start, token.end + 1, new)
        elif kind == TokenType.NUMBER and any(
            t.token_type == TokenType.DECIMAL for t in tokens[max(number - 4, 0) : number]
        ):
            continue  # decimal(30, 2)
        elif kind == TokenType.NUMBER and before == TokenType.THEN and _is_counted(tokens[:number]):
            continue  # count(case when … then 1 end)
        elif kind == TokenType.NUMBER and text not in ("0", "1", "2") and before != TokenType.ALIAS:
            yield Mistake(
                "number", token.start, token.end + 1, f"{text}0" if "." not in text else f"{float(text) * 10:g}"
            )
        elif kind == TokenType.NUMBER and before != TokenType.ALIAS:
            yield Mistake("number", token.start, token.end + 1, str(int(text) + 1))
        elif kind == TokenType.NOT and before != TokenType.IS:
            yield Mistake("not", token.start, token.end + 1, "")
        elif kind == TokenType.NOT:
            yield Mistake("null", token.start, token.end + 1, "")
        elif kind == TokenType.DISTINCT and before == TokenType.L_PAREN:
            yield Mistake("distinct", token.start, token.end + 1, "")
        if kind == TokenType.AND:
            yield Mistake("dropped predicate", token.start, _end_of_predicate(tokens, number), "")


def _is_one_constant(tokens: list[Token]) -> bool:
    """Whether an argument is `case when … then 1 end)`: its least value and its greatest are the same."""
    if tokens[0].token_type != TokenType.CASE:
        return False
    last = next(number for number, token in enumerate(tokens) if token.token_type == TokenType.END)
    kinds = [token.token_type for token in tokens[: last + 2]]
    constants = (TokenType.NUMBER, TokenType.STRING)
    is_whole = kinds.count(TokenType.CASE) == kinds.count(TokenType.THEN) == 1 and kinds[-1] == TokenType.R_PAREN
    return is_whole and kinds[-4] == TokenType.THEN and kinds[-3] in constants


def _is_counted(before: list[Token]) -> bool:
    """Whether the CASE that is open at the end of `before` is what a count( counts: of which value it is makes no difference."""
    depth = 0
    for number in range(len(before) - 1, -1, -1):
        kind: object = before[number].token_type
        depth += (kind == TokenType.END) - (kind == TokenType.CASE)
        if depth < 0:
            return [token.text.lower() for token in before[max(number - 2, 0) : number]] == ["count", "("]
    return False


def _end_of_predicate(tokens: list[Token], number: int) -> int:
    """Where the predicate behind the AND at `number` ends."""
    depth = cases = 0
    last = tokens[number]
    between = False
    for token in tokens[number + 1 :]:
        kind: object = token.token_type
        if kind == TokenType.CASE:
            cases += 1
        elif kind == TokenType.END and cases:
            cases -= 1
        elif depth == 0 and cases == 0:
            if kind == TokenType.BETWEEN:
                between = True
            elif kind == TokenType.AND and between:
                between = False
            elif kind == TokenType.R_PAREN or kind in ENDS_A_PREDICATE:
                break
        depth += (kind == TokenType.L_PAREN) - (kind == TokenType.R_PAREN)
        last = token
    return last.end + 1


# ---------------------------------------------------------------- mistakes in Python

COMPARED: dict[type[ast.cmpop], tuple[str, type[ast.cmpop]]] = {
    ast.Lt: ("boundary", ast.LtE),
    ast.LtE: ("boundary", ast.Lt),
    ast.Gt: ("boundary", ast.GtE),
    ast.GtE: ("boundary", ast.Gt),
    ast.Eq: ("comparison", ast.NotEq),
    ast.NotEq: ("comparison", ast.Eq),
    ast.In: ("comparison", ast.NotIn),
    ast.NotIn: ("comparison", ast.In),
    ast.Is: ("comparison", ast.IsNot),
    ast.IsNot: ("comparison", ast.Is),
}


# of a dataclass, of zip and of lru_cache: they guard against mistakes of ours or save time, and no result depends on them
GUARDS = ("frozen", "strict", "maxsize")


def in_python(source: str) -> Iterator[Mistake]:
    """Every mistake that we know how to make in a Python file."""
    tree = ast.parse(source)
    lines = [0]
    for line in source.encode().splitlines(keepends=True):
        lines.append(lines[-1] + len(line))
    content = source.encode()

    def place(line: int, column: int) -> int:
        return len(content[: lines[line - 1] + column].decode())

    skipped = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    skipped |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg in GUARDS}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        for name, changed in _changed(node):
            assert isinstance(node, ast.expr)
            start = place(node.lineno, node.col_offset)
            end = place(node.end_lineno or 0, node.end_col_offset or 0)
            yield Mistake(name, start, end, f"({ast.unparse(changed)})" if isinstance(changed, ast.expr) else "")
        if isinstance(node, ast.If | ast.While | ast.IfExp):
            test = node.test
            start = place(test.lineno, test.col_offset)
            end = place(test.end_lineno or 0, test.end_col_offset or 0)
            if ast.unparse(test) != "TYPE_CHECKING":
                yield Mistake("negated if", start, end, f"(not ({ast.unparse(test)}))")


def _changed(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.Compare):
        for number, operator in enumerate(node.ops):
            name, new = COMPARED[type(operator)]
            other = copy.deepcopy(node)
            other.ops[number] = new()
            yield name, other
    elif isinstance(node, ast.BoolOp):
        other_op = copy.deepcopy(node)
        other_op.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield "and/or", other_op
        for number in range(len(node.values)):
            fewer = copy.deepcopy(node)
            del fewer.values[number]
            yield "dropped predicate", fewer.values[0] if len(fewer.values) == 1 else fewer
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        if not any(isinstance(side, ast.JoinedStr | ast.List | ast.Tuple) for side in (node.left, node.right)):
            sign = copy.deepcopy(node)
            sign.op = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
            yield "sign", sign
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        yield "constant", ast.Constant(node.value * 10 if node.value not in (0, 1) else node.value + 1)
    elif isinstance(node, ast.Constant) and type(node.value) is bool:
        yield "constant", ast.Constant(not node.value)
    elif (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("min", "max", "any", "all")
    ):
        call = copy.deepcopy(node)
        assert isinstance(call.func, ast.Name)
        call.func.id = {"min": "max", "max": "min", "any": "all", "all": "any"}[node.func.id]
        yield "aggregate", call


# ---------------------------------------------------------------- mistakes in declarations

_NUMBER = re.compile(r"(?<=[:\[,] )(-?\d+(?:\.\d+)?)(?=\s*(?:[,}\]]|#|$))", re.MULTILINE)


def in_yaml(source: str) -> Iterator[Mistake]:
    """Every mistake that we know how to make in a YAML file: limits, severities, yes and no."""
    for line in re.finditer(r"^.*$", source, re.MULTILINE):
        text = line.group().partition(" #")[0]
        if text.lstrip().startswith("#") or text.startswith("version"):
            continue
        for found in _NUMBER.finditer(text):
            value = found.group()
            new = str(int(value) * 10 or 1) if "." not in value else f"{float(value) * 10 or 1:g}"
            yield Mistake("limit", line.start() + found.start(), line.start() + found.end(), new)
        for found in re.finditer(r"\b(critical|warning|true|false)\b(?=\s*[,}]|\s*$)", text):
            new = {"critical": "warning", "warning": "critical", "true": "false", "false": "true"}[found.group()]
            name = "severity" if found.group() in ("critical", "warning") else "yes/no"
            yield Mistake(name, line.start() + found.start(), line.start() + found.end(), new)


def mistakes(path: Path) -> list[Mistake]:
    """Every mistake that can be drawn for a file."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".sql":
        found = list(in_sql(source))
        severity = re.search(r"^-- severity: (critical|warning)", source, re.MULTILINE)
        if severity:
            new = "warning" if severity[1] == "critical" else "critical"
            found.append(Mistake("severity", severity.start(1), severity.end(1), new))
        return found
    return list(in_python(source) if path.suffix == ".py" else in_yaml(source))


def draw(kind: str, count: int, seed: int, tree: Path) -> list[Trial]:
    """The mistakes of one kind that a seed draws, all different."""
    draw = random.Random(f"{seed} {kind}")  # noqa: S311 - a draw must be repeatable
    elsewhere = {path for place in PLACES["matching"] for path in tree.glob(place)} if kind == "python" else set()
    found = {path for place in PLACES[kind] for path in tree.glob(place)} - elsewhere
    files = sorted(path for path in found if path.name not in NO_MISTAKES and mistakes(path))
    drawn: dict[Trial, None] = {}
    while len(drawn) < count:
        path = draw.choice(files)
        by_name: dict[str, list[Mistake]] = {}
        for mistake in mistakes(path):
            by_name.setdefault(mistake.name, []).append(mistake)
        mistake = draw.choice(by_name[draw.choice(sorted(by_name))])
        drawn[Trial(kind, str(path.relative_to(tree)), mistake)] = None
    return list(drawn)


# ---------------------------------------------------------------- which tests touch a file


def tests_of(path: str, tree: Path) -> list[list[str]]:
    """What pytest is given for a file, the nearest first: each list is one run."""
    file = Path(path)
    digest = ["tests/expectations/test_digest.py"]
    if path.startswith("transforms/matching/") and file.suffix == ".sql":
        return [
            ["tests/matching", "-k", f"{file.stem}/ or digest"],
            ["tests/transforms/test_matching.py"],
            ["tests/transforms/test_match_files.py"],
        ]
    if re.match(r"transforms/\d_", path):
        table = f"{file.parent.name.partition('_')[2]}.{file.stem}"
        tables = [table, *_built_from(table, tree)]
        near = ["tests/models/test_models.py", "-k", " or ".join(f"{one}/" for one in tables)]
        return [near, *([one] for one in _mentioning(table, tree))]
    if path.startswith("transforms/views/"):
        return [["tests/models/test_models.py", "-k", f"views.{file.stem}/"], ["tests/transforms/test_views.py"]]
    if file.name == "stage.sql":
        return [["tests/connectors/test_feed_samples.py", "-k", file.parent.name]]
    if path.startswith("expectations/rules/"):
        return [["tests/expectations/test_rule_files.py", "-k", file.stem], digest]
    if path.startswith("expectations/suites/"):
        return [digest, ["tests/expectations/test_checks_fit_models.py"]]
    if path.startswith("transforms/rules/"):
        reading = [
            f"{model.parent.name.partition('_')[2]}.{model.stem}/"
            for model in sorted(tree.glob("transforms/[0-9]_*/*.sql"))
            if re.search(rf"rules\.{file.stem}(_limit)?\s", model.read_text(encoding="utf-8"))
        ]
        cases = [["tests/models/test_models.py", "-k", " or ".join(reading)]] if reading else []
        return [digest, *cases]
    if file.suffix == ".sql":
        return [[f"tests/warehouse/test_macro{name}.py"] for name in ("s", "_spellings")] + [
            ["tests/transforms/test_shared_recipes.py"],
            ["tests/transforms/test_position.py"],
        ]
    return _importing(file, tree)


def _built_from(table: str, tree: Path) -> list[str]:
    """The models in cases of which a table is built by its own model: the tests list such tables by name."""
    if f'    "{table}",' not in (tree / "tests/models/test_models.py").read_text(encoding="utf-8"):
        return []
    reading = re.compile(rf"\b(?:from|join) {re.escape(table)}\b")
    return [
        f"{model.parent.name.partition('_')[2]}.{model.stem}"
        for model in sorted(tree.glob("transforms/[0-9]_*/*.sql"))
        if reading.search(model.read_text(encoding="utf-8"))
    ]


def _test_files(tree: Path) -> list[Path]:
    folders = (
        *("matching", "transforms", "warehouse", "expectations", "connectors", "dags", "report", "examples"),
        "feeds_that_must_fail",
    )
    return [path for folder in folders for path in sorted(tree.glob(f"tests/{folder}/**/test_*.py"))]


def _mentioning(words: str, tree: Path) -> list[str]:
    found = [path for path in _test_files(tree) if re.search(rf"\b{words}\b", path.read_text(encoding="utf-8"))]
    return [str(path.relative_to(tree)) for path in found]


def _imports(file: Path) -> re.Pattern[str]:
    """The line that imports a module."""
    parts = [*file.parent.parts, *([] if file.stem == "__init__" else [file.stem])]
    module, package, name = ".".join(parts), ".".join(parts[:-1]), parts[-1]
    words = [rf"from {re.escape(module)} import", rf"import {re.escape(module)}\b"]
    if package:
        words.append(rf"from {re.escape(package)} import .*\b{name}\b")
    if file.parts[:2] == ("connectors", "sources") and len(file.parts) == 4:  # a protocol is asked for by name
        words.append(rf'.*\bprotocol\("{file.parts[2]}"\)')
    return re.compile(rf"^ *({'|'.join(words)})", re.MULTILINE)


def _shared_folders(test: Path, file: Path) -> int:
    """How many folders a test below tests/ and a module have in common: connectors/sources/test_x.py is next to its readers."""
    return len(Path(os.path.commonpath([f"/{test.parent}", f"/{file.parent}"])).parts)


def _importing(file: Path, tree: Path) -> list[list[str]]:
    """The tests of a module, the nearest first: of its name, importing it, of its folder, importing a module that imports it."""
    tests = {path: path.read_text(encoding="utf-8") for path in _test_files(tree)}
    modules = {path: path.read_text(encoding="utf-8") for place in MODULES for path in sorted(tree.glob(place))}
    # tests of readers import a helper beside them, which imports the reader; conftest.py, which all share, says nothing
    helpers = {path: path.read_text(encoding="utf-8") for path in tree.glob("tests/**/[!_]*.py") if path not in tests}
    helpers = {path: text for path, text in helpers.items() if path.name != "conftest.py"}
    module = file.stem
    named = re.compile(f"test_({module}|{module.rstrip('s')})(_|$)")
    found = sorted((path for path in tests if named.match(path.stem)), key=lambda path: (len(path.stem), path))
    through, seen = [file], {file}
    while through and (file in through or len(found) < FEW):
        nearer = []
        for one in through:
            line = _imports(one)
            beside_tests = [_imports(path.relative_to(tree)) for path, text in helpers.items() if line.search(text)]
            importing = [path for path, text in tests.items() if any(by.search(text) for by in (line, *beside_tests))]
            importing.sort(
                key=lambda path: (-_shared_folders(path.relative_to(tree / "tests"), file), path.stat().st_size)
            )
            found += importing
            if one == file and len(found) < FEW:  # sources and DAGs are imported by name at run time
                folder = sorted(tree.glob(f"tests/{file.parent}/test_*.py"), key=lambda path: path.stat().st_size)
                found += folder if len(folder) <= SMALL_FOLDER else []
            nearer += [path.relative_to(tree) for path, text in modules.items() if line.search(text)]
        found = list(dict.fromkeys(found))  # one that is found twice is one
        through = [path for path in dict.fromkeys(nearer) if path not in seen]
        seen |= {*through}
    typed = COMMANDS if file.parts[0] in ("cli", "parkbridge.py") else ()
    # a test that takes its reading from a test beside it reaches what that one reaches
    beside = {path: _imports(path.relative_to(tree)) for path in found}
    found += [
        path
        for path, text in tests.items()
        if any(path.parent == other.parent and line.search(text) for other, line in beside.items())
    ]
    names = list(dict.fromkeys([*typed, *(str(path.relative_to(tree)) for path in found)]))
    names.sort(key=lambda name: name in BROAD and not named.match(Path(name).stem))
    # tests of pages share the files of one session: one run makes them once
    pages = [name for name in names if name.startswith("tests/report/")]
    runs = [pages if name in pages else [name] for name in names if name not in pages[1:]]
    # what DAGs do is seen where one runs: those tests are slow
    return runs + ([["tests/dags/test_holds.py", "-m", "slow"]] if file.parts[0] == "dags" else [])


# ---------------------------------------------------------------- trials


def scratch_copy(folder: Path) -> Path:
    """A copy of the tree that mistakes are made in."""
    for name in COPIED:
        shutil.copytree(CHECKOUT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in CHECKOUT.iterdir():
        if path.is_file():
            shutil.copyfile(path, folder / path.name)
    for name in ("docs", "deploy", ".github"):
        (folder / name).symlink_to(CHECKOUT / name)
    return folder


def run_tests(tree: Path, runs: list[list[str]], cpu_seconds: int, failed: list[list[str]]) -> tuple[str, float]:
    """What came of the tests: `noticed`, `passed`, `limit` or `none` (no test at all), and the CPU seconds.

    The run that failed is added to `failed`.
    """
    left, spent, outcome = float(cpu_seconds), 0.0, "none"
    for run in runs:
        if not (tree / run[0]).exists():
            continue
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        child = os.fork()
        if not child:
            _run_in_child(tree, run, max(1, round(left)))
        _, status = os.waitpid(child, 0)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        spent, left = spent + used, left - used
        code = os.waitstatus_to_exitcode(status)
        if code in (1, 2, 3, 4):  # a test failed, or the tree can no longer be imported
            failed.append(run)
            return "noticed", spent
        if code < 0 or left < 1:
            return "limit", spent
        if code == 0:
            outcome = "passed"
    return outcome, spent


def _run_in_child(tree: Path, run: list[str], cpu_seconds: int) -> None:
    code = 3
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
        out = os.open(tree / "last_run.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(out, 1)
        os.dup2(out, 2)
        os.chdir(tree)
        sys.path.insert(0, str(tree))
        sys.dont_write_bytecode = True
        for name in [name for name in sys.modules if name.partition(".")[0] in (*COPIED, "parkbridge")]:
            del sys.modules[name]
        words = ["-n0", "-x", "-q", "-p", "no:cacheprovider", "-m", "not slow", "--rootdir", str(tree), *run]
        code = int(pytest.main(words))
    finally:
        sys.stdout.flush()
        os._exit(code)


def fail_without_mistake(tree: Path, failed: list[list[str]]) -> list[str]:
    """The first test file of runs that noticed something and fail on the tree as it is, too: their word counts for nothing."""
    words: dict[tuple[str, ...], set[str]] = {}
    for run in failed:
        chosen = run.index("-k") if "-k" in run else len(run)
        words.setdefault(tuple(run[:chosen]), set()).add("".join(run[chosen + 1 :]))
    wrong = []
    for files, found in words.items():
        run = [*files] if "" in found else [*files, "-k", " or ".join(sorted(found))]
        if run_tests(tree, [run], 600, [])[0] != "passed":
            wrong.append(files[0])
    return wrong


def main() -> None:
    """Draw, try, and print the rate by kind and the survivors."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--count", type=int, default=10, help="mistakes of each kind")
    options.add_argument("--kind", choices=KINDS, action="append")
    options.add_argument("--cpu", type=int, default=90, help="CPU seconds that a trial may take")
    options.add_argument("--list", action="store_true", help="draw only")
    given = options.parse_args()
    begun = time.process_time()
    for name in LIBRARIES:
        importlib.import_module(name)
    with tempfile.TemporaryDirectory(prefix="mutants") as folder:
        tree = scratch_copy(Path(folder).resolve())
        rates, failed = {}, list[list[str]]()
        for kind in given.kind or KINDS:
            outcomes = []
            for trial in draw(kind, given.count, given.seed, tree):
                path = tree / trial.path
                source = path.read_text(encoding="utf-8")
                if given.list:
                    print(f"{kind:9} {trial.shown(source)}")
                    continue
                changed = source[: trial.mistake.start] + trial.mistake.text + source[trial.mistake.end :]
                path.write_text(changed, encoding="utf-8")
                outcome, spent = run_tests(tree, tests_of(trial.path, tree), given.cpu, failed)
                path.write_text(source, encoding="utf-8")
                outcomes.append(outcome)
                print(f"{kind:9} {outcome:8} {spent:6.1f} CPU s  {trial.shown(source)}", flush=True)
            rates[kind] = outcomes
        if wrong := fail_without_mistake(tree, failed):
            print(f"VOID: these fail without any mistake: {', '.join(wrong)}")
    for kind, outcomes in rates.items():
        if outcomes:
            print(f"{kind:9} {outcomes.count('noticed')} of {len(outcomes)} noticed")
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"seed {given.seed}: {time.process_time() - begun + children.ru_utime + children.ru_stime:.0f} CPU s")


if __name__ == "__main__":
    main()
