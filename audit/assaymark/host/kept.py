"""What is kept of a plugin from one command to the next, by the digest of its files: how its import went, what the kit said.

It lies in the user's configuration folder. It saves time and tells what this machine has seen; it is no proof of anything.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from typing import TYPE_CHECKING, Any

from assaymark.folders import config_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LARGEST = 2**16  # bytes of a kept file


def conformance_of(name: str, digest: str) -> dict[str, Any] | None:
    """Return what the kit said of code with a digest, as a release states it; None when nothing is kept.

    Args:
        name: Of a generator, check, renderer or signer.
        digest: Of the files of its distribution.
    """
    found = recall("conformance", name, digest)
    if found is None or not isinstance(found.get("conforms"), bool):
        return None
    expected = found.get("expected_failures")
    return {
        "kit": str(found.get("kit")),
        "conforms": found["conforms"],
        "ran": _count(found.get("ran")),
        "implied": _count(found.get("implied")),
        "expected_failures": [str(one) for one in expected] if isinstance(expected, list) else [],
    }


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def recall(kind: str, *key: str) -> dict[str, Any] | None:
    """Return what was kept under a key; None when there is nothing, or nothing that can be read."""
    try:
        with _place(kind, key).open("rb") as file:
            found = json.loads(file.read(_LARGEST))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def keep(document: Mapping[str, Any], kind: str, *key: str) -> Path:
    """Keep a document under a key, whole or not at all, and return where.

    Raises:
        OSError: When the folder cannot be written.
    """
    path = _place(kind, key)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=".kept-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(document, file)
        os.replace(aside, path)  # noqa: PTH105 - a path that mkstemp gave
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(aside)  # noqa: PTH108 - as above
        raise
    return path


def _place(kind: str, key: tuple[str, ...]) -> Path:
    name = hashlib.sha256(json.dumps(key).encode()).hexdigest()
    return config_folder() / "plugins" / kind / f"{name}.json"
