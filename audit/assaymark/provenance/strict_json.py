"""JSON from strangers: one meaning only, within limits."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from assaymark.errors import ReleaseError

_DEPTH_LIMIT = 64
VALUES_LIMIT = 1_000_000  # of lists, objects and what is in them: some 100 MB once they are read
_DIGITS_LIMIT = 300  # of an integer: more could not become a float


def loads_strict(data: bytes, *, max_bytes: int, where: str = "JSON", max_values: int = VALUES_LIMIT) -> Any:
    """Parse JSON, refusing whatever two parsers might read differently.

    Args:
        data: UTF-8 bytes without a byte order mark.
        max_bytes: Largest size.
        where: Name of the file, for messages.
        max_values: Most values: lists, objects and what is in them.

    Raises:
        ReleaseError: When it is too large or too deep or holds too many values, is no UTF-8 or JSON, repeats a key, or holds
            NaN, infinity or a number too large for a float.
    """
    if len(data) > max_bytes:
        raise _refused(where, f"{len(data)} bytes", f"at most {max_bytes} bytes")
    values = data.count(b",") + data.count(b"[") + data.count(b"{")
    if values > max_values:  # counted before any of them is made; commas in text count too, and there are never so many
        raise _refused(where, f"{values} values", f"at most {max_values} values")
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_whole,
        )
    except (ValueError, RecursionError) as error:
        raise _refused(where, str(error)[:200], "valid JSON") from error
    if _depth(value) > _DEPTH_LIMIT:
        raise _refused(where, f"more than {_DEPTH_LIMIT} levels", f"at most {_DEPTH_LIMIT} levels")
    return value


def _refused(where: str, found: str, expected: str) -> ReleaseError:
    return ReleaseError(
        "the document cannot be read safely", where=where, found=found, expected=expected, remedy="Ask for the release again."
    )


def _depth(value: Any) -> int:
    """Return the number of levels of lists and objects, or one more than the limit; without recursion."""
    depth, level = 0, [value]
    while depth <= _DEPTH_LIMIT:
        level = [entry for entry in level if isinstance(entry, (dict, list))]
        if not level:
            break
        depth += 1
        level = [inner for entry in level for inner in (entry.values() if isinstance(entry, dict) else entry)]
    return depth


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value


def _whole(text: str) -> int:
    if len(text) > _DIGITS_LIMIT:
        raise ValueError("a number is too large")
    return int(text)
