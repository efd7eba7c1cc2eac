"""Finding the plugins that installed distributions declare, without importing any."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from importlib.metadata import Distribution, EntryPoint, distributions
from typing import TYPE_CHECKING

from assaymark.host.hooks import PROJECT
from assaymark.host.lock import read_lock, refusal
from assaymark.host.states import PluginInfo, PluginState, explain
from assaymark.host.switches import ALLOW, BLOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from assaymark.host.lock import Lock
    from assaymark.host.switches import Switches


@dataclass(frozen=True, slots=True)
class Candidate:
    """A plugin that may be loaded.

    Attributes:
        info: What its metadata say; its state is LOADED unless it is already known that it cannot be.
        load: Imports it; None when that must not be tried.
    """

    info: PluginInfo
    load: Callable[[], object] | None = None


def find_plugins(extra: Sequence[object], group: str, switches: Switches) -> list[Candidate]:
    """Return all plugins: those of this distribution first, then by distribution, then ``extra``, then those asked for in vain.

    Raises:
        PluginLockError: When there is a lock that cannot be read.
    """
    lock = None if switches.lock is None else read_lock(switches.lock)
    installed = [_locked(_switched(candidate, switches), lock) for candidate in _installed(group)]
    candidates = [*installed, *_handed_over(extra, group)]
    known = {candidate.info.name for candidate in candidates}
    return candidates + [
        Candidate(PluginInfo(name, PluginState.MISSING, None, None, "", group, f"{why}, but no installed distribution has it"))
        for name, why in sorted(_asked_for(switches, lock).items())
        if name not in known
    ]


def normalised(name: str | None) -> str:
    """Return the name of a distribution as names are compared."""
    return re.sub(r"[-_.]+", "-", name or "").lower()


def _installed(group: str) -> list[Candidate]:
    family = group.rpartition(".")[0] + "."
    found: dict[str, list[Candidate]] = {}
    for distribution in distributions():
        candidates = list(_of_distribution(distribution, group, family))
        # a distribution can be on the path twice; the first one is the one that is imported
        if candidates:
            found.setdefault(normalised(candidates[0].info.distribution), candidates)
    ordered = sorted(found, key=lambda name: (name != PROJECT, name))
    return [candidate for name in ordered for candidate in found[name]]


def _of_distribution(distribution: Distribution, group: str, family: str) -> Iterator[Candidate]:
    """Yield the plugins of one distribution, which may be damaged in any way."""
    try:
        text = distribution.read_text("entry_points.txt") or ""
        if family not in text:
            return
        name, version = distribution.metadata["Name"] or "unknown", distribution.version or "unknown"
        points = [point for point in distribution.entry_points if point.group.startswith(family)]
    except Exception as error:  # noqa: BLE001 - metadata of others may break in any way; it is listed below
        path = getattr(distribution, "_path", None)
        name = str(path.name if path is not None else "unknown").removesuffix(".dist-info")
        reason = f"its metadata cannot be read: {explain(error)}"
        yield Candidate(PluginInfo(name, PluginState.IMPORT_FAILED, name, None, "", group, reason))
        return
    ours = {point.name for point in points if point.group == group}
    for point in points:
        if point.group == group:
            yield _candidate(point, name, version)
        elif point.name not in ours:
            edition, wanted = point.group.removeprefix(family), group.removeprefix(family)
            reason = f"made for edition {edition} of the plugin API; this is edition {wanted}"
            yield Candidate(PluginInfo(point.name, PluginState.OTHER_EDITION, name, version, point.value, point.group, reason))


def _candidate(point: EntryPoint, distribution: str, version: str) -> Candidate:
    return Candidate(PluginInfo(point.name, PluginState.LOADED, distribution, version, point.value, point.group), point.load)


def _handed_over(extra: Sequence[object], group: str) -> Iterator[Candidate]:
    for plugin in extra:
        name = str(getattr(plugin, "__name__", type(plugin).__name__))
        info = PluginInfo(name, PluginState.LOADED, None, None, name, group)

        def load(plugin: object = plugin) -> object:
            return plugin

        yield Candidate(info, load)


def _switched(candidate: Candidate, switches: Switches) -> Candidate:
    """Apply the allow-list and the block-list to a plugin; one that is blocked is not imported."""
    info = candidate.info
    if info.name in switches.block:
        reason = f"blocked by --block-plugins or {BLOCK}"
    elif switches.allow is not None and info.name not in switches.allow:
        reason = f"not named in --plugins or {ALLOW}"
    else:
        return candidate
    return Candidate(replace(info, state=PluginState.BLOCKED, reason=reason))


def _locked(candidate: Candidate, lock: Lock | None) -> Candidate:
    """Hold a plugin of another distribution against the lock; one that is refused is not imported."""
    info = candidate.info
    if lock is None or info.state is not PluginState.LOADED or not is_foreign(info):
        return candidate
    reason = refusal(info, lock)
    if reason is not None:
        return Candidate(replace(info, state=PluginState.REFUSED, reason=reason))
    return replace(candidate, info=replace(info, pinned=lock.pins[info.name].digest))


def is_foreign(info: PluginInfo) -> bool:
    """Return whether a plugin comes from an installed distribution other than this one."""
    return info.distribution is not None and normalised(info.distribution) != PROJECT


def _asked_for(switches: Switches, lock: Lock | None) -> dict[str, str]:
    """Return the names that must be there, and who says so."""
    pinned = {} if lock is None else dict.fromkeys(lock.pins, f"it is in {lock.path.name}")
    return {**pinned, **dict.fromkeys(switches.allow or (), f"named in --plugins or {ALLOW}")}
