"""Text from data and from strangers as a terminal may show it: what would steer it, or cannot be encoded, is written out."""

from __future__ import annotations

import json
from typing import Any


def visible(text: str, *, lines: bool = False) -> str:
    r"""Return text whose control characters, marks of direction and lone surrogates are escapes such as ``\x1b``.

    Args:
        text: What data or a stranger wrote, or a message that quotes it.
        lines: Keep line ends, for a message of our own that has several; else nothing can make a line that looks like ours.
    """
    return "".join(
        char if char.isprintable() or (lines and char == "\n") else char.encode("unicode_escape").decode() for char in text
    )


def json_text(document: Any) -> str:
    """Return indented JSON that reads back as the same document, and in which every character is printable."""
    text = json.dumps(document, indent=2, ensure_ascii=False, default=str)
    return "".join(char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text)
