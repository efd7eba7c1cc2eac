"""JSON from strangers: one meaning only, within limits."""

from __future__ import annotations

import json
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
        ReleaseError: When it is too large or too deep, is no UTF-8 or JSON, repeats a key, or holds NaN or infinity.
    """
    if len(data) > max_bytes:
        raise _refused(where, f"{len(data)} bytes", f"at most {max_bytes} bytes")
    _check_depth(data, where)
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _refused(where, str(error)[:200], "valid JSON") from error


def _refused(where: str, found: str, expected: str) -> ReleaseError:
    return ReleaseError(
        "the document cannot be read safely", where=where, found=found, expected=expected, remedy="Ask for the release again."
    )


def _check_depth(data: bytes, where: str) -> None:
    depth, quoted, escaped = 0, False, False
    for byte in data:
        if quoted:
            if escaped:
                escaped = False
            elif byte == 0x5C:  # noqa: PLR2004 - backslash
                escaped = True
            elif byte == 0x22:  # noqa: PLR2004 - quotation mark
                quoted = False
        elif byte == 0x22:  # noqa: PLR2004 - quotation mark
            quoted = True
        elif byte in b"[{":
            depth += 1
            if depth > _DEPTH_LIMIT:
                raise _refused(where, f"more than {_DEPTH_LIMIT} levels", f"at most {_DEPTH_LIMIT} levels")
        elif byte in b"]}":
            depth -= 1


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
