"""Finding and loading plugins, one by one and under a guard: a broken one is listed, and takes nothing else down."""

from __future__ import annotations

import contextlib
import difflib
import inspect
import os
import re
import sys
import time
from dataclasses import dataclass, field, replace
from enum import StrEnum
from importlib.metadata import Distribution, EntryPoint, distributions
from typing import TYPE_CHECKING, Any

import pluggy

from assaymark.host.declarations import KINDS, DeclarationError, claims, collect
from assaymark.host.hooks import PROJECT, Hooks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from assaymark.host.specs import Spec

ALLOW = "ASSAYMARK_PLUGINS"
BLOCK = "ASSAYMARK_BLOCK_PLUGINS"

_REASON_LENGTH = 300


class PluginState(StrEnum):
    """What became of a plugin."""

    LOADED = "loaded"
    BROKEN = "broken"
    BLOCKED = "blocked"
    INCOMPATIBLE = "incompatible"


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

    @property
    def origin(self) -> str:
        """Distribution and version, for messages."""
        return f"{self.distribution} {self.version}" if self.distribution else "an object of this process"


@dataclass(frozen=True, slots=True)
class LoadedPlugin:
    """A plugin, what it declared, and its other hooks.

    Attributes:
        info: What is known of it.
        specs: What it declared; empty unless it is loaded.
        hooks: Functions of its hooks that declare nothing, by the name of the hook.
    """

    info: PluginInfo
    specs: tuple[Spec, ...] = ()
    hooks: dict[str, Callable[..., Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Candidate:
    info: PluginInfo
    load: Callable[[], object] | None = None


class _Refused(Exception):  # noqa: N818 - its text is a reason, not an error of ours
    """A plugin cannot be used; its text is the one-line reason."""


def load_plugins(extra: Sequence[object], group: str) -> tuple[LoadedPlugin, ...]:
    """Find and load all plugins: those of this distribution first, then by distribution, then ``extra``.

    Nothing that a plugin raises gets out of here but KeyboardInterrupt, and what it prints goes to standard error.
    """
    candidates = [*_installed(group), *_handed_over(extra, group)]
    candidates += _unknown_names(candidates, group)
    loaded: list[LoadedPlugin] = []
    taken: dict[str, PluginInfo] = {}
    names: dict[str, PluginInfo] = {}
    with contextlib.redirect_stdout(sys.stderr):
        for candidate in candidates:
            plugin = _load(candidate, names, taken)
            loaded.append(plugin)
            if plugin.info.state is PluginState.LOADED:
                names[plugin.info.name] = plugin.info
                taken.update(dict.fromkeys(plugin.info.offers, plugin.info))
    return tuple(loaded)


def explain(error: BaseException) -> str:
    """Return the class and the text of an exception on one line, cut to a readable length."""
    text = re.sub(r"\s+", " ", str(error)).strip()
    if isinstance(error, SystemExit):
        text = f"it tried to end the program with {error.code!r}"
    line = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return line if len(line) <= _REASON_LENGTH else line[: _REASON_LENGTH - 1] + "…"


# --- discovery


def _installed(group: str) -> list[_Candidate]:
    family = group.rpartition(".")[0] + "."
    found: dict[str, list[_Candidate]] = {}
    for distribution in distributions():
        candidates = list(_of_distribution(distribution, group, family))
        # a distribution can be on the path twice; the first one is the one that is imported
        if candidates:
            found.setdefault(_normalised(candidates[0].info.distribution), candidates)
    ordered = sorted(found, key=lambda name: (name != PROJECT, name))
    return [candidate for name in ordered for candidate in found[name]]


def _normalised(name: str | None) -> str:
    return re.sub(r"[-_.]+", "-", name or "").lower()


def _of_distribution(distribution: Distribution, group: str, family: str) -> Iterator[_Candidate]:
    """Yield the plugins of one distribution, which may be damaged in any way."""
    try:
        text = distribution.read_text("entry_points.txt") or ""
        if family not in text:
            return
        name, version = distribution.metadata["Name"] or "unknown", distribution.version or "unknown"
        points = [point for point in distribution.entry_points if point.group.startswith(family)]
    except Exception as error:  # noqa: BLE001 - metadata of others may break in any way; it is listed as broken below
        path = getattr(distribution, "_path", None)
        name = str(path.name if path is not None else "unknown").removesuffix(".dist-info")
        reason = f"its metadata cannot be read: {explain(error)}"
        yield _Candidate(PluginInfo(name, PluginState.BROKEN, name, None, "", group, reason))
        return
    ours = {point.name for point in points if point.group == group}
    for point in points:
        if point.group == group:
            yield _candidate(point, name, version)
        elif point.name not in ours:
            edition, wanted = point.group.removeprefix(family), group.removeprefix(family)
            reason = f"made for edition {edition} of the plugin API; this is edition {wanted}"
            yield _Candidate(PluginInfo(point.name, PluginState.INCOMPATIBLE, name, version, point.value, point.group, reason))


def _candidate(point: EntryPoint, distribution: str, version: str) -> _Candidate:
    info = PluginInfo(point.name, PluginState.LOADED, distribution, version, point.value, point.group)
    return _Candidate(_switched(info), point.load)


def _handed_over(extra: Sequence[object], group: str) -> Iterator[_Candidate]:
    for plugin in extra:
        name = str(getattr(plugin, "__name__", type(plugin).__name__))
        info = PluginInfo(name, PluginState.LOADED, None, None, name, group)

        def load(plugin: object = plugin) -> object:
            return plugin

        yield _Candidate(info, load)


def _listed(variable: str) -> frozenset[str] | None:
    text = os.environ.get(variable)
    return None if text is None else frozenset(name.strip() for name in text.split(",") if name.strip())


def _switched(info: PluginInfo) -> PluginInfo:
    """Apply the two environment variables to a plugin."""
    allowed, blocked = _listed(ALLOW), _listed(BLOCK)
    if blocked is not None and info.name in blocked:
        return replace(info, state=PluginState.BLOCKED, reason=f"blocked by {BLOCK}")
    if allowed is not None and info.name not in allowed:
        return replace(info, state=PluginState.BLOCKED, reason=f"not named in {ALLOW}")
    return info


def _unknown_names(candidates: Iterable[_Candidate], group: str) -> list[_Candidate]:
    """Return an entry for each name that the environment asks for and nobody has."""
    known = {candidate.info.name for candidate in candidates}
    missing = sorted((_listed(ALLOW) or frozenset()) - known)
    reason = f"named in {ALLOW}, but no installed distribution has it"
    return [_Candidate(PluginInfo(name, PluginState.BROKEN, None, None, "", group, reason)) for name in missing]


# --- loading


def _load(candidate: _Candidate, names: dict[str, PluginInfo], taken: dict[str, PluginInfo]) -> LoadedPlugin:
    info = candidate.info
    if candidate.load is None or info.state is not PluginState.LOADED:
        return LoadedPlugin(info)
    start = time.perf_counter()
    offers: tuple[str, ...] = ()
    specs: tuple[Spec, ...] = ()
    hooks: dict[str, Callable[..., Any]] = {}
    reason: str | None = None
    try:
        _refuse_name(info, names)
        specs, hooks = _ask(candidate.load(), info.name)
        offers = tuple(claim for spec in specs for claim in claims(spec))
        _refuse_clashes(offers, taken)
    except (_Refused, DeclarationError) as refusal:
        reason = str(refusal)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a plugin may raise anything, SystemExit included; it is listed
        reason = explain(error)
    seconds = time.perf_counter() - start
    if reason is not None:
        return LoadedPlugin(replace(info, state=PluginState.BROKEN, reason=reason, offers=offers, seconds=seconds))
    return LoadedPlugin(replace(info, offers=offers, seconds=seconds), specs, hooks)


def _refuse_name(info: PluginInfo, names: dict[str, PluginInfo]) -> None:
    if info.name in names:
        raise _Refused(f"the plugin name {info.name} is taken by {names[info.name].origin}")


def _refuse_clashes(offers: tuple[str, ...], taken: dict[str, PluginInfo]) -> None:
    for place, offer in enumerate(offers):
        if offer in taken:
            raise _Refused(f"{offer} is taken by the plugin {taken[offer].name} of {taken[offer].origin}")
        if offer in offers[:place]:
            raise _Refused(f"it declares {offer} twice")


def _ask(plugin: object, name: str) -> tuple[tuple[Spec, ...], dict[str, Callable[..., Any]]]:
    """Return what a plugin declares and its other hooks. A manager of its own keeps plugins from meeting each other."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    known = sorted(hook for hook in vars(Hooks) if hook.startswith(f"{PROJECT}_"))
    _refuse_unmarked(plugin, known)
    manager.register(plugin, name)
    specs: list[Spec] = []
    hooks: dict[str, Callable[..., Any]] = {}
    for caller in manager.get_hookcallers(plugin) or ():
        if not caller.has_spec():
            near = difflib.get_close_matches(caller.name, known, n=1)
            raise _Refused(f"there is no hook {caller.name}" + (f"; did you mean {near[0]}?" if near else ""))
        for implementation in caller.get_hookimpls():
            if implementation.wrapper or implementation.hookwrapper:
                raise _Refused(f"{caller.name} is a wrapper, which plugins may not be")
            if caller.name in KINDS:
                specs += collect(caller.name, implementation.function())
            else:
                hooks[caller.name] = _asked(implementation)
    return tuple(specs), hooks


def _asked(implementation: pluggy.HookImpl) -> Callable[..., Any]:
    """Return a function that hands a hook those of the arguments that it asks for."""

    def call(**arguments: Any) -> Any:
        return implementation.function(*(arguments[name] for name in implementation.argnames))

    return call


def _refuse_unmarked(plugin: object, known: list[str]) -> None:
    """Refuse a function that bears a hook's name and lacks the marker: it would be left out in silence."""
    for hook in known:
        function = getattr(plugin, hook, None)
        if inspect.isroutine(function) and not hasattr(function, f"{PROJECT}_impl"):
            raise _Refused(f"{hook} is not marked with @hookimpl")
