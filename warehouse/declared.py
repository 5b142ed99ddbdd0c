"""Reads YAML of ours: declarations, rules, meanings. libyaml's parser, ten times faster than Python's, where PyYAML has it."""

from __future__ import annotations

from typing import Any

import yaml

# PyYAML's wheels bring libyaml; a build without it has only the slow one
SafeLoader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(text: str) -> Any:
    """What the text declares, as plain Python values; yaml.YAMLError where it is not valid YAML."""
    return yaml.load(text, SafeLoader)  # noqa: S506 - both are safe loaders
