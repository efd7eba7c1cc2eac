"""Generator settings on the command line: ``NAME.KEY=VALUE``, values written as in TOML."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from assaymark.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def flat(settings: Sequence[str]) -> dict[str, Any]:
    """Return KEY=VALUE texts as a mapping.

    Raises:
        OptionError: When one has no key or no value.
    """
    found: dict[str, Any] = {}
    for setting in settings:
        key, mark, value = setting.partition("=")
        if not mark or not key:
            raise OptionError("the setting cannot be read", where="--set", found=repr(setting), expected="KEY=VALUE")
        found[key.strip()] = _value(value)
    return found


def by_generator(settings: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return NAME.KEY=VALUE texts as a mapping for each generator.

    Raises:
        OptionError: When one has no name, key or value.
    """
    found: dict[str, dict[str, Any]] = {}
    for key, value in flat(settings).items():
        name, mark, setting = key.partition(".")
        if not mark or not setting:
            raise OptionError("the setting cannot be read", where="--set", found=repr(key), expected="NAME.KEY=VALUE")
        found.setdefault(name, {})[setting] = value
    return found
