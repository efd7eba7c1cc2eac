"""The audit document itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def render(audit: Mapping[str, Any]) -> bytes:
    """Return the document as indented JSON."""
    return (json.dumps(audit, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
