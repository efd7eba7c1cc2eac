"""How plugins are to be loaded: which of them, how strictly, and whether each call of a hook is told.

The environment says so, and the options of the root command, which outrank it.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from assaymark.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Generator

ALLOW = "ASSAYMARK_PLUGINS"
BLOCK = "ASSAYMARK_BLOCK_PLUGINS"
STRICT = "ASSAYMARK_STRICT_PLUGINS"
TRACE = "ASSAYMARK_TRACE_HOOKS"
LOCK = "ASSAYMARK_PLUGINS_LOCK"
IMPORT_SECONDS = "ASSAYMARK_IMPORT_SECONDS"
LOCK_FILE = "plugins.lock"

_ON, _OFF = frozenset({"1", "true", "yes", "on"}), frozenset({"", "0", "false", "no", "off"})


@dataclass(frozen=True, slots=True)
class Switches:
    """How plugins are to be loaded.

    Attributes:
        allow: Names of the only entry points to load; None for all.
        block: Names of entry points not to load.
        strict: Whether a plugin that is not loaded is an error.
        trace: Whether every call of a hook is told on standard error.
        lock: File that pins plugins; None for no lock.
        import_seconds: How long the import of a plugin of another distribution may take.
        again: Whether plugins whose import did harm are tried again.
    """

    allow: frozenset[str] | None = None
    block: frozenset[str] = frozenset()
    strict: bool = False
    trace: bool = False
    lock: Path | None = None
    import_seconds: float = 30.0
    again: bool = False

    @classmethod
    def from_environment(cls) -> Switches:
        """Return what the environment says.

        Raises:
            OptionError: When a switch is neither on nor off, or a time is none.
        """
        allow, block = os.environ.get(ALLOW), os.environ.get(BLOCK)
        return cls(
            None if allow is None else names(allow),
            names(block or ""),
            strict=_on(STRICT),
            trace=_on(TRACE),
            lock=_lock(),
            import_seconds=_seconds(),
        )


def _seconds() -> float:
    stated = os.environ.get(IMPORT_SECONDS, "30")
    try:
        seconds = float(stated)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise OptionError(
            "a time cannot be read",
            where=IMPORT_SECONDS,
            found=repr(stated)[:40],
            expected="seconds, such as 30",
            remedy="Correct the variable.",
        )
    return seconds


def _lock() -> Path | None:
    named = os.environ.get(LOCK)
    if named:
        return Path(named)
    # a link that leads nowhere is a lock that cannot be read, not the absence of one
    return Path(LOCK_FILE) if os.path.lexists(LOCK_FILE) else None


def names(text: str) -> frozenset[str]:
    """Return the names of a list with commas."""
    return frozenset(name.strip() for name in text.split(",") if name.strip())


def _on(variable: str) -> bool:
    value = os.environ.get(variable, "").strip().lower()
    if value not in _ON | _OFF:
        raise OptionError(
            "a switch is neither on nor off",
            where=variable,
            found=value[:40],
            expected="1 or 0",
            remedy="Correct the variable.",
        )
    return value in _ON


_CHOSEN: ContextVar[Switches | None] = ContextVar("assaymark_plugin_switches", default=None)


def current() -> Switches:
    """Return the switches that hold now: those of :func:`switched`, or else the environment's."""
    return _CHOSEN.get() or Switches.from_environment()


def lenient() -> Switches:
    """Return the switches that hold now, without strict mode: for commands that tell what is wrong."""
    return replace(current(), strict=False)


@contextmanager
def switched(switches: Switches) -> Generator[None]:
    """Let switches hold within a block."""
    token = _CHOSEN.set(switches)
    try:
        yield
    finally:
        _CHOSEN.reset(token)
