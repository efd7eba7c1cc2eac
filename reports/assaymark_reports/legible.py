"""Text that a document can show: no control characters, and where a font lacks a character, its code point."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

# what the fonts of the document have for certain: Latin with its first extension, and what reports themselves use
_CERTAIN = re.compile("[\u0020-\u007e\u00a0-\u00ac\u00ae-\u017f–—\u2018\u2019“”…→−∞]")
_LONG = re.compile(r"\S{28,}")
_PIECE = 14


def legible(value: Any, *, certain: bool) -> Any:
    """Return a document in which every text can be shown.

    Args:
        value: JSON of any shape; the keys of mappings are left alone.
        certain: Whether to name, by its code point, every character that the fonts of the document may lack.
    """
    if isinstance(value, str):
        return "".join(_shown(character, certain=certain) for character in value)
    if isinstance(value, dict):
        return {key: legible(item, certain=certain) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [legible(item, certain=certain) for item in value]
    return value


def breakable(value: Any) -> Any:
    """Return a document in which long words may be broken, so that none overflows a cell of a table."""
    if isinstance(value, str):
        return _LONG.sub(lambda word: _broken(word.group()), value)
    if isinstance(value, list | tuple):
        return [breakable(item) for item in value]
    return value


def _broken(word: str) -> str:
    return "\u200b".join(word[start : start + _PIECE] for start in range(0, len(word), _PIECE))


def _shown(character: str, *, certain: bool) -> str:
    if character in "\n\t":
        return " "
    if unicodedata.category(character).startswith("C") or (certain and not _CERTAIN.match(character)):
        return f"[U+{ord(character):04X}]"
    return character
