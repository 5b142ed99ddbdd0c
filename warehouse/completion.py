"""Completion of commands and options in a shell, made from the command line's own grammar: `parkbridge completion bash`."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator

# completes with words of the grammar; where there are none, with files
_SCRIPT = """\
_parkbridge() {
    local current="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" path="" word words=""
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case "$path $word" in
@PATHS@
        esac
    done
    case "$path $before" in
@VALUES@
    esac
    if [ -z "$words" ]; then
        case "$path" in
@WORDS@
        esac
        case "$current" in -*) ;; *) words=" ${words} "; words="$(printf '%s\\n' $words | grep -v '^-')" ;; esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    if [ ${#COMPREPLY[@]} -eq 0 ]; then COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -o filenames -F _parkbridge parkbridge
"""


def script(parser: argparse.ArgumentParser, shell: str) -> str:
    """The text for a shell to read: source <(parkbridge completion bash)."""
    found = list(_commands(parser, ""))
    paths = [f"            {shlex.quote(path)}) path={shlex.quote(path)} ;;" for path, _ in found if path]
    words, values = [], []
    for path, one in found:
        listed: list[str] = []
        for action in one._actions:
            listed += action.option_strings
            if isinstance(action, argparse._SubParsersAction):
                listed += action.choices
            elif action.choices and action.option_strings:
                choices = " ".join(map(str, action.choices))
                values += [
                    f"        {shlex.quote(f'{path} {o}')}) words={shlex.quote(choices)} ;;"
                    for o in action.option_strings
                ]
            elif action.choices:
                listed += map(str, action.choices)
        words.append(f"            {shlex.quote(path)}) words={shlex.quote(' '.join(listed))} ;;")
    text = _SCRIPT.replace("@PATHS@", "\n".join(paths)).replace("@VALUES@", "\n".join(values))
    text = text.replace("@WORDS@", "\n".join(words))
    return (
        text
        if shell == "bash"
        else f"autoload -U +X compinit && compinit; autoload -U +X bashcompinit && bashcompinit\n{text}"
    )


def _commands(parser: argparse.ArgumentParser, path: str) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command with its path: "", " sql", " feed", " feed check"."""
    yield path, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, one in action.choices.items():
                yield from _commands(one, f"{path} {name}")
