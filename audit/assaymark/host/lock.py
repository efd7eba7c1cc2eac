"""``plugins.lock``: which plugins may be loaded, by the digest of their installed files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assaymark.errors import AssaymarkError, PluginLockError
from assaymark.host.installed import is_editable, plugin_digest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from assaymark.host.states import PluginInfo

FORMAT = "assaymark-plugins-lock/1"
_LARGEST = 2**20  # bytes of a lock
_SHOWN = 19  # characters of a digest in a message: sha256: and twelve digits


@dataclass(frozen=True, slots=True)
class Pin:
    """A plugin as it was when the lock was written.

    Attributes:
        distribution: Where it came from.
        version: Version of that.
        digest: Of its installed files, ``sha256:`` and 64 hex digits.
        editable: Whether it was installed in editable mode, so that its files change as its author works.
    """

    distribution: str
    version: str
    digest: str
    editable: bool


@dataclass(frozen=True, slots=True)
class Lock:
    """What a lock says.

    Attributes:
        path: Where it lies.
        pins: Plugins by the name of their entry point.
    """

    path: Path
    pins: Mapping[str, Pin]


def read_lock(path: Path) -> Lock:
    """Read a lock.

    Raises:
        PluginLockError: When it cannot be read or is none; then no plugin of another distribution may be loaded.
    """
    try:
        with path.open("rb") as file:
            document = json.loads(file.read(_LARGEST))
        _refuse_format(document["format"])
        pins = {str(name): _pin(entry) for name, entry in document["plugins"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PluginLockError(
            "the lock of plugins cannot be read",
            where=str(path),
            found=f"{type(error).__name__}: {error}"[:200],
            expected=f"what `assaymark plugins lock` writes ({FORMAT})",
            remedy="Write it anew by `assaymark plugins lock`, after a look at what is installed.",
        ) from error
    return Lock(path, pins)


def _refuse_format(found: object) -> None:
    if found != FORMAT:
        raise ValueError(f"format {found!r:.60}")


def _pin(entry: Mapping[str, Any]) -> Pin:
    if not all(isinstance(entry[key], str) for key in ("distribution", "version", "digest")):
        raise TypeError("a pin is incomplete")
    return Pin(**entry)


def pin_of(plugin: PluginInfo) -> Pin:
    """Return the pin of an installed plugin as it is now.

    Raises:
        AssaymarkError: When its files cannot be found.
    """
    distribution = str(plugin.distribution)
    return Pin(distribution, str(plugin.version), plugin_digest(distribution), is_editable(distribution))


def lock_text(pins: Mapping[str, Pin]) -> str:
    """Return the text of a lock."""
    entries = {
        name: {"distribution": pin.distribution, "version": pin.version, "digest": pin.digest, "editable": pin.editable}
        for name, pin in sorted(pins.items())
    }
    return json.dumps({"format": FORMAT, "plugins": entries}, indent=2, ensure_ascii=False) + "\n"


def refusal(plugin: PluginInfo, lock: Lock) -> str | None:
    """Return why a plugin may not be loaded, one line; None when it is as the lock says."""
    pin, name = lock.pins.get(plugin.name), lock.path.name
    if pin is None:
        return f"it is not in {name}"
    if pin.distribution != plugin.distribution:
        return f"{name} has it of {pin.distribution} {pin.version}"
    try:
        digest = plugin_digest(pin.distribution)
    except (AssaymarkError, OSError, ImportError, ValueError) as error:
        return f"its files cannot be compared with {name} ({type(error).__name__})"
    if digest == pin.digest:
        return None
    version = "" if pin.version == plugin.version else f" and version {pin.version}"
    return f"its files have changed: digest {digest[:_SHOWN]}, where {name} has {pin.digest[:_SHOWN]}{version}"
