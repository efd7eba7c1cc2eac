"""The audit document itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def render(audit: Mapping[str, Any]) -> bytes:
    """Return the document as indented JSON."""
    told = {key: value for key, value in audit.items() if key != "approvals"}  # which are no part of it
    return (json.dumps(told, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
