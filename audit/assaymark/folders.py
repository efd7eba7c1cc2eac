"""Where a user's configuration lies."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER_VARIABLE = "ASSAYMARK_CONFIG_DIR"


def config_folder() -> Path:
    """Return the user's configuration folder: ``ASSAYMARK_CONFIG_DIR`` where that is set, else the system's place for it."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    if chosen:
        return Path(chosen)
    import platformdirs

    return platformdirs.user_config_path("assaymark")
