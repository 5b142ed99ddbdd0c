"""Reading a source's options from feed.yml: every value has the type it should have, or the feed stops and says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from warehouse.errors import DeclarationError

_MISSING: Any = object()


class Options:
    """The options of one source, asked for by name and type.

    Args:
        options: The mapping as declared; `protocol` and `connection` are passed over.
        allowed: The keys that there are.
        where: The feed, for messages.
        prefix: The text before a key in messages, for options inside options.

    Raises:
        DeclarationError: A key is not one of `allowed`.
    """

    def __init__(self, options: Mapping[str, Any], allowed: frozenset[str], where: str, prefix: str = "source") -> None:
        self._options = options
        self._where = where
        self._prefix = prefix
        unknown = sorted(str(key) for key in options if key not in allowed | {"protocol", "connection"})
        if unknown:
            self.refuse(unknown[0], "is not an option", "one of " + ", ".join(sorted(allowed)))

    def refuse(self, key: str, problem: str, allowed: str) -> NoReturn:
        """Stop over one option.

        Raises:
            DeclarationError: Always.
        """
        raise DeclarationError(
            self._where,
            f"{self._prefix}.{key} {problem}",
            allowed=allowed,
            next_step=f"correct {self._prefix}.{key} in feed.yml",
        )

    def has(self, key: str) -> bool:
        """Return whether the option is declared."""
        return self._options.get(key) is not None

    def text(self, key: str, default: str | None = _MISSING) -> Any:
        """Give a text; without a default the option is required."""
        value = self._options.get(key)
        if value is None:
            if default is _MISSING:
                self.refuse(key, "is missing", "a text")
            return default
        if not isinstance(value, str) or not value:
            self.refuse(key, f"is {value!r}", "a text")
        return value

    def choice(self, key: str, allowed: Sequence[str], default: str) -> str:
        """Give one of the allowed words."""
        value = self._options.get(key)
        if value is None:
            return default
        if value not in allowed:
            self.refuse(key, f"is {value!r}", "one of " + ", ".join(allowed))
        return str(value)

    def flag(self, key: str) -> bool:
        """Give true or false; false where the key is absent."""
        value = self._options.get(key, False)
        if not isinstance(value, bool):
            self.refuse(key, f"is {value!r}", "true or false")
        return value

    def number(self, key: str, default: float, minimum: float = 0) -> float:
        """Give a number of at least `minimum`."""
        value = self._options.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= minimum:
            self.refuse(key, f"is {value!r}", f"a number from {minimum} up")
        return float(value)

    def whole(self, key: str, default: int, minimum: int = 0) -> int:
        """Give a whole number of at least `minimum`."""
        value = self._options.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
            self.refuse(key, f"is {value!r}", f"a whole number from {minimum} up")
        return int(value)

    def texts(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Give a list of texts; one text alone is a list of one."""
        value = self._options.get(key)
        if value is None:
            return default
        if isinstance(value, str):
            value = [value]
        if (
            not isinstance(value, list | tuple)
            or not value
            or not all(isinstance(item, str) and item for item in value)
        ):
            self.refuse(key, f"is {value!r}", "a text or a list of texts")
        return tuple(value)

    def mapping(self, key: str) -> Mapping[str, Any]:
        """Give a mapping, empty where the option is not declared."""
        value = self._options.get(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
            self.refuse(key, f"is {value!r}", "a mapping with texts as keys")
        return value

    def inside(self, key: str, allowed: frozenset[str]) -> Options:
        """Give the options inside an option."""
        return Options(self.mapping(key), allowed, self._where, f"{self._prefix}.{key}")

    def zone(self, key: str) -> ZoneInfo:
        """Give a time zone by its name; UTC where the option is not declared."""
        name = self.text(key, "UTC")
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self.refuse(key, f"is {name!r}", "a time zone such as Asia/Shanghai")
