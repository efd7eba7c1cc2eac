"""How a table becomes numbers that a model can learn, and back. A public toolkit for generator plugins.

Names are imported on first use, so that declaring a plugin stays light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assaymark.encoding.conditions import Given
    from assaymark.encoding.encoder import Encoded, TableEncoder

__all__ = ["Encoded", "Given", "TableEncoder"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from assaymark.encoding import conditions, encoder

    return getattr(conditions if name == "Given" else encoder, name)
