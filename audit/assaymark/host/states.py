"""What became of a plugin, and what is known of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

_REASON_LENGTH = 300


class PluginState(StrEnum):
    """What became of a plugin; the values are stable, and stand in ``plugins list --json``."""

    LOADED = "loaded"
    IMPORT_FAILED = "import-failed"
    BAD_HOOK = "bad-hook"
    UNKNOWN_HOOK = "unknown-hook"
    DUPLICATE = "duplicate"
    OTHER_EDITION = "other-edition"
    BLOCKED = "blocked"
    HOOK_RAISED = "hook-raised"
    MISSING = "missing"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """A plugin as ``plugins list`` shows it.

    Attributes:
        name: Name of its entry point.
        state: What became of it.
        distribution: Distribution that it comes from; None for an object that was handed over in this process.
        version: Version of that distribution.
        target: What the entry point names, ``module`` or ``module:attribute``.
        group: Entry point group.
        reason: Why it is not loaded, one line; None when it is.
        offers: What it declares, such as ``the generator copula``; empty when that could not be told.
        seconds: Wall-clock seconds that importing it and asking it took.
        note: What is odd about it although it is loaded, one line; None for nothing.
        pinned: Digest of its files that a lock demands; None without a lock.
    """

    name: str
    state: PluginState
    distribution: str | None
    version: str | None
    target: str
    group: str
    reason: str | None = None
    offers: tuple[str, ...] = ()
    seconds: float = 0.0
    note: str | None = None
    pinned: str | None = None

    @property
    def origin(self) -> str:
        """Distribution and version, for messages."""
        if self.state is PluginState.MISSING:
            return "no installed distribution"
        return f"{self.distribution} {self.version}" if self.distribution else "an object of this process"


def explain(error: BaseException) -> str:
    """Return the class and the text of an exception on one line, cut to a readable length."""
    text = re.sub(r"\s+", " ", str(error)).strip()
    if isinstance(error, SystemExit):
        text = f"it tried to end the program with {error.code!r}"
    line = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return line if len(line) <= _REASON_LENGTH else line[: _REASON_LENGTH - 1] + "…"
