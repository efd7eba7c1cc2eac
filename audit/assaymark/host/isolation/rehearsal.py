"""Importing a plugin in a process of its own before the host does: what hangs, crashes or hoards does it there.

An import cannot be interrupted safely in this process, and one that crashes takes it down. So a plugin of another
distribution is first imported and asked elsewhere, and what came of that is kept by the digest of its files. Exceptions are no
harm: the host catches them itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assaymark import __version__
from assaymark.errors import AssaymarkError
from assaymark.host.installed import plugin_digest
from assaymark.host.isolation.environment import fresh_environment
from assaymark.host.isolation.limits import ISOLATION, NETWORK_EVENTS, Limits, Watch, forbid_network, kill_session
from assaymark.host.kept import keep, recall
from assaymark.host.states import PluginInfo, PluginState

if TYPE_CHECKING:
    from collections.abc import Callable

_MEMORY = 2**30  # bytes; a declaration should import nothing heavy
_PROCESSES = 16
_KIND = "imports"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """How the import of a plugin went.

    Attributes:
        harm: What it did that the host must not go through, one line; None for nothing.
        note: What is odd about it otherwise.
    """

    harm: str | None = None
    note: str | None = None


def rehearse(plugin: PluginInfo, limit: float, *, again: bool = False) -> Rehearsal:
    """Import a plugin elsewhere, or tell what came of it the last time.

    Args:
        plugin: One of an installed distribution.
        limit: Seconds that the import may take.
        again: Whether a plugin that did harm is tried again.
    """
    if not sys.platform.startswith("linux") or os.environ.get(ISOLATION) == "off":
        return Rehearsal()
    key = _key(plugin)
    before = _recalled(key)
    if before is not None and not (again and before.harm):
        return before
    found = _rehearsed(plugin, limit)
    if key is not None:
        with contextlib.suppress(OSError):  # it is only dearer the next time
            keep({"harm": found.harm, "note": found.note}, _KIND, *key)
    return found


def _key(plugin: PluginInfo) -> tuple[str, ...] | None:
    """Return under what an outcome is kept; None for code that has no digest."""
    try:
        digest = plugin_digest(str(plugin.distribution))
    except (AssaymarkError, OSError, ImportError, ValueError):
        return None
    return plugin.name, plugin.target, digest, sys.version, __version__


def _recalled(key: tuple[str, ...] | None) -> Rehearsal | None:
    kept = None if key is None else recall(_KIND, *key)
    if kept is None or not {"harm", "note"} <= set(kept):
        return None
    harm, note = kept["harm"], kept["note"]
    return Rehearsal(None if harm is None else str(harm), None if note is None else str(note))


def _rehearsed(plugin: PluginInfo, limit: float) -> Rehearsal:
    with tempfile.TemporaryDirectory(prefix="assaymark-import-", ignore_cleanup_errors=True) as name:
        place = Path(name)
        told = place / "told.json"
        command = [sys.executable, "-m", __name__, str(told), plugin.name, plugin.target, plugin.group]
        (place / "cwd").mkdir()
        with (place / "printed").open("wb") as printed:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.DEVNULL,
                cwd=place / "cwd",
                env=fresh_environment(),
                start_new_session=True,
            )
            harm = _watched(process, limit)
        found = _told(told)
        if harm is None and found is None:
            harm = _ending(process.returncode)
        if harm is None and found is not None and found["network"]:
            harm = f"importing it uses the network ({found['network'][0]})"
        noisy = (place / "printed").stat().st_size > 0
    return Rehearsal(harm, "it prints when it is imported; that goes to standard error" if noisy else None)


def _watched(process: subprocess.Popen[bytes], limit: float) -> str | None:
    """Wait for a process, end it and all that it started, and return which limit it broke."""
    watch = Watch(process.pid, Limits(_MEMORY, _PROCESSES))
    watch.start()
    try:
        process.wait(limit)
    except subprocess.TimeoutExpired:
        return f"importing it did not end within {limit:g} s, and was stopped"
    finally:
        watch.stop()
        kill_session(process.pid)
        process.wait()
    return None if watch.broken is None else f"importing it used {watch.broken}"


def _ending(code: int) -> str:
    if code < 0:
        return f"importing it ended its process by {signal.Signals(-code).name}"
    return f"importing it ended its process with exit code {code}"


def _told(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return {"network": [str(one)[:100] for one in found.get("network", ())]}


def _listening(called: list[str]) -> Callable[[str, tuple[Any, ...]], None]:
    def hook(event: str, _: tuple[Any, ...]) -> None:
        if event in NETWORK_EVENTS:
            called.append(event)

    return hook


def main() -> None:
    """Import a plugin, ask it, and tell what the interpreter saw of the network."""
    from assaymark.host.loading import ask

    place, name, target, group = sys.argv[1:5]
    called: list[str] = []
    forbid_network()
    sys.addaudithook(_listening(called))
    with contextlib.suppress(BaseException):  # what it raises is no harm; the host will see and tell it
        ask(EntryPoint(name, target, group).load(), PluginInfo(name, PluginState.LOADED, None, None, target, group))
    sys.stdout.flush()
    Path(place).write_text(json.dumps({"network": called}), encoding="utf-8")
    os._exit(0)  # neither its threads nor what it has registered for the end matter any more


if __name__ == "__main__":
    main()
