"""JSON from strangers: one meaning only, within limits."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from assaymark.errors import ReleaseError

_DEPTH_LIMIT = 64


def loads_strict(data: bytes, *, max_bytes: int, where: str = "JSON") -> Any:
    """Parse JSON, refusing whatever two parsers might read differently.

    Args:
        data: UTF-8 bytes without a byte order mark.
        max_bytes: Largest size.
        where: Name of the file, for messages.

    Raises:
        ReleaseError: When it is too large or too deep, is no UTF-8 or JSON, repeats a key, or holds NaN,
            infinity or a number too large for a float.
    """
    if len(data) > max_bytes:
        raise _refused(where, f"{len(data)} bytes", f"at most {max_bytes} bytes")
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite)
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
