"""Text of other people (names of columns, groups, files) inside markup: it stays text, whatever characters it has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# what XML 1.0 cannot hold at all (production 2, Char), not even as a reference
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# control characters, lone surrogates, and marks that turn the direction of what follows
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
_BREAKS = re.compile("[\t\n\r\x0b\x0c\x85\u2028\u2029]+")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~&@$]|:(?=//))")
_LEADING = re.compile(r"^(\s*)([-+=]|\d+(?=[.)](?:\s|$)))")  # lists, rules and headings that are underlined
_PLAIN_YAML = range(0x20, 0x7F)


def xml(text: str) -> str:
    """Return text that an XML document can hold; the writer of the document still escapes it."""
    return _NOT_XML.sub(_REPLACEMENT, text)


def markdown(text: str) -> str:
    """Return one line of Markdown that shows ``text`` and in which nothing is markup, a link, a mention or HTML."""
    line = _UNSEEN.sub(_REPLACEMENT, _BREAKS.sub(" ", text))
    line = _MARKDOWN.sub(r"\\\1", line).replace("www.", "www\\.")
    return _LEADING.sub(_leading, line)


def _leading(found: re.Match[str]) -> str:
    space, mark = found.groups()
    # a digit cannot be escaped, so the sign after it is
    return f"{space}{mark}\\" if mark.isdigit() else f"{space}\\{mark}"


def yaml(text: str) -> str:
    """Return ``text`` as a double-quoted scalar of YAML 1.1 and 1.2, in ASCII."""
    return '"' + "".join(map(_yaml_character, text)) + '"'


def _yaml_character(character: str) -> str:
    code = ord(character)
    if character in '"\\':
        return "\\" + character
    if code in _PLAIN_YAML:
        return character
    if 0xD800 <= code <= 0xDFFF:  # noqa: PLR2004 - a lone surrogate, which no encoding holds
        return r"\uFFFD"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"  # noqa: PLR2004 - the basic plane


def table(header: Mapping[str, str], rows: list[list[str]]) -> list[str]:
    """Return a Markdown table of text that is no markup.

    Args:
        header: Headings with the alignment of their columns, ``---`` or ``---:``.
        rows: Cells, as many as headings in each row.
    """
    lines = ["| " + " | ".join(header) + " |", "|" + "|".join(header.values()) + "|"]
    return lines + ["| " + " | ".join(map(markdown, row)) + " |" for row in rows]
