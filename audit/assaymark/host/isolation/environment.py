"""The environment of a fresh process of ours: it finds the modules that this one finds, from whatever folder it works in."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def fresh_environment(**more: str) -> dict[str, str]:
    """Return this process's environment, with its module path and further variables."""
    path = os.pathsep.join(part or str(Path.cwd()) for part in sys.path)
    return {**os.environ, "PYTHONPATH": path, **more}
