"""``assaymark.toml``: every option of every command may stand there."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assaymark.errors import MissingFileError, OptionError

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_FILE = "assaymark.toml"
_SIZE_LIMIT = 256 * 1024


def read_defaults(path: str | None, commands: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return option defaults by command: a table for each command, and top-level keys for all of them.

    Raises:
        MissingFileError: When a file that was named cannot be read.
        OptionError: When it is no TOML, or has an unknown table.
    """
    file, document = _read(path)
    names = list(commands)
    common = {_name(key): value for key, value in document.items() if not isinstance(value, dict)}
    for key, value in document.items():
        if isinstance(value, dict) and key not in names:
            raise OptionError(
                "the configuration has a table that is no command",
                where=str(file),
                found=f"[{key}]",
                expected="one of " + ", ".join(difflib.get_close_matches(key, names, n=3) or names),
                remedy="Correct the name of the table.",
            )
    given = {name: {_name(key): value for key, value in document.get(name, {}).items()} for name in names}
    return {name: {**common, **given[name]} for name in names}


def common_keys(path: str | None) -> list[str]:
    """Return the keys that stand above all tables."""
    _, document = _read(path)
    return [_name(key) for key, value in document.items() if not isinstance(value, dict)]


def _read(path: str | None) -> tuple[Path, dict[str, Any]]:
    file = Path(path) if path else Path(DEFAULT_FILE)
    if not path and not file.is_file():
        return file, {}
    try:
        with file.open("rb") as opened:
            document = tomllib.loads(opened.read(_SIZE_LIMIT).decode("utf-8"))
    except OSError as error:
        raise MissingFileError("the configuration cannot be read", where=str(file), found=error.strerror) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OptionError("the configuration is no valid TOML", where=str(file), found=str(error)) from error
    return file, document


def check_keys(command: str, given: Iterable[str], options: Iterable[str], elsewhere: Iterable[str]) -> None:
    """Refuse a key of a command's table that is no option of it.

    Raises:
        OptionError: When there is one; keys in ``elsewhere``, which stand above all tables, may belong to other commands.
    """
    known = sorted(options)
    for key in given:
        if key not in known and key not in elsewhere:
            raise OptionError(
                "the configuration has an unknown key",
                where=f"[{command}]",
                found=key,
                expected="one of " + ", ".join(difflib.get_close_matches(key, known, n=3) or known),
                remedy="Correct the key.",
            )


_ALIASES = {"format": "format_", "json": "as_json"}  # names that Python or a module has taken


def _name(key: str) -> str:
    name = key.replace("-", "_")
    return _ALIASES.get(name, name)
