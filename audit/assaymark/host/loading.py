"""Loading plugins one by one and under a guard: one that cannot be used is listed, and takes nothing else down."""

from __future__ import annotations

import contextlib
import difflib
import inspect
import os
import sys
import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pluggy

from assaymark.host.declarations import KINDS, DeclarationError, claims, collect
from assaymark.host.discovery import find_plugins, is_foreign
from assaymark.host.hooks import PROJECT, Hooks
from assaymark.host.states import PluginInfo, PluginState, explain
from assaymark.host.tracing import traced

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from assaymark.host.discovery import Candidate
    from assaymark.host.specs import Spec
    from assaymark.host.switches import Switches


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


class Refused(Exception):  # noqa: N818 - its text is a reason, not an error of ours
    """A plugin cannot be used; its text is the one-line reason.

    Args:
        state: What to list it as.
        reason: Why, one line.
    """

    def __init__(self, state: PluginState, reason: str) -> None:
        super().__init__(reason)
        self.state = state


def load_plugins(extra: Sequence[object], group: str, switches: Switches) -> tuple[LoadedPlugin, ...]:
    """Find and load all plugins: those of this distribution first, then by distribution, then ``extra``.

    Nothing that a plugin raises gets out of here but KeyboardInterrupt, and what it prints goes to standard error.
    """
    loaded: list[LoadedPlugin] = []
    taken: dict[str, PluginInfo] = {}
    names: dict[str, PluginInfo] = {}
    candidates = find_plugins(extra, group, switches)
    with _standard_output_kept():
        for candidate in candidates:
            plugin = _load(candidate, names, taken, switches)
            loaded.append(plugin)
            if plugin.info.state is PluginState.LOADED:
                names[plugin.info.name] = plugin.info
                taken.update(dict.fromkeys(plugin.info.offers, plugin.info))
    return tuple(loaded)


@contextlib.contextmanager
def _standard_output_kept() -> Generator[None]:
    """Send what is printed to standard error, whether through Python or past it."""
    sys.stdout.flush()
    try:
        ours = os.dup(1)
        os.dup2(2, 1)
    except OSError:  # a process without standard streams has no output to spoil
        with contextlib.redirect_stdout(sys.stderr):
            yield
        return
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(ours, 1)
        os.close(ours)


def _load(candidate: Candidate, names: dict[str, PluginInfo], taken: dict[str, PluginInfo], switches: Switches) -> LoadedPlugin:
    info = candidate.info
    if candidate.load is None or info.state is not PluginState.LOADED:
        return LoadedPlugin(info)
    start = time.perf_counter()
    offers: tuple[str, ...] = ()
    specs: tuple[Spec, ...] = ()
    hooks: dict[str, Callable[..., Any]] = {}
    state, reason = PluginState.LOADED, None
    try:
        _refuse_name(info, names)
        info = _rehearsed(info, switches)
        specs, hooks = ask(traced(info, "importing", candidate.load), info)
        offers = tuple(claim for spec in specs for claim in claims(spec))
        _refuse_clashes(offers, taken)
    except Refused as refusal:
        state, reason = refusal.state, str(refusal)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a plugin may raise anything, SystemExit included; it is listed
        state, reason = PluginState.IMPORT_FAILED, explain(error)
    told = replace(info, state=state, reason=reason, offers=offers, seconds=time.perf_counter() - start)
    return LoadedPlugin(told, specs, hooks) if state is PluginState.LOADED else LoadedPlugin(told)


def _rehearsed(info: PluginInfo, switches: Switches) -> PluginInfo:
    """Refuse a plugin whose import does harm; see :mod:`assaymark.host.isolation.rehearsal`."""
    if not is_foreign(info):
        return info
    from assaymark.host.isolation.rehearsal import rehearse

    went = rehearse(info, switches.import_seconds, again=switches.again)
    if went.harm is not None:
        raise Refused(PluginState.IMPORT_FAILED, f"{went.harm}; `assaymark plugins doctor` tries again")
    return replace(info, note=went.note)


def _refuse_name(info: PluginInfo, names: dict[str, PluginInfo]) -> None:
    if info.name in names:
        raise Refused(PluginState.DUPLICATE, f"the plugin name {info.name} is taken by {names[info.name].origin}")


def _refuse_clashes(offers: tuple[str, ...], taken: dict[str, PluginInfo]) -> None:
    for place, offer in enumerate(offers):
        if offer in taken:
            owner = taken[offer]
            raise Refused(PluginState.DUPLICATE, f"{offer} is taken by the plugin {owner.name} of {owner.origin}")
        if offer in offers[:place]:
            raise Refused(PluginState.DUPLICATE, f"it declares {offer} twice")


def ask(plugin: object, info: PluginInfo) -> tuple[tuple[Spec, ...], dict[str, Callable[..., Any]]]:
    """Return what a plugin declares and its other hooks. A manager of its own keeps plugins from meeting each other.

    Raises:
        Refused: When it has a hook that cannot be used, or one raises.
    """
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    known = sorted(hook for hook in vars(Hooks) if hook.startswith(f"{PROJECT}_"))
    _refuse_unmarked(plugin, known)
    try:
        manager.register(plugin, info.name)
    except pluggy.PluginValidationError as error:
        raise Refused(PluginState.BAD_HOOK, explain(error)) from error
    specs: list[Spec] = []
    hooks: dict[str, Callable[..., Any]] = {}
    for caller in manager.get_hookcallers(plugin) or ():
        if not caller.has_spec():
            near = difflib.get_close_matches(caller.name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise Refused(PluginState.UNKNOWN_HOOK, f"there is no hook {caller.name}{hint}")
        for implementation in caller.get_hookimpls():
            if implementation.wrapper or implementation.hookwrapper:
                raise Refused(PluginState.BAD_HOOK, f"{caller.name} is a wrapper, which plugins may not be")
            if caller.name in KINDS:
                specs += traced(info, caller.name, partial(_declared, caller.name, implementation))
            else:
                hooks[caller.name] = _asked(implementation, info, caller.name)
    return tuple(specs), hooks


def _declared(hook: str, implementation: pluggy.HookImpl) -> tuple[Spec, ...]:
    """Return what a hook declares; the hook may be a generator function, which raises while it is read."""
    try:
        return collect(hook, implementation.function())
    except DeclarationError as refusal:
        raise Refused(PluginState.BAD_HOOK, str(refusal)) from refusal
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise Refused(PluginState.HOOK_RAISED, f"{hook} raised {explain(error)}") from error


def _asked(implementation: pluggy.HookImpl, info: PluginInfo, hook: str) -> Callable[..., Any]:
    """Return a function that hands a hook those of the arguments that it asks for."""

    def call(**arguments: Any) -> Any:
        return traced(info, hook, lambda: implementation.function(*(arguments[name] for name in implementation.argnames)))

    return call


def _refuse_unmarked(plugin: object, known: list[str]) -> None:
    """Refuse a function that bears a hook's name and lacks the marker: it would be left out in silence."""
    for hook in known:
        function = getattr(plugin, hook, None)
        if inspect.isroutine(function) and not hasattr(function, f"{PROJECT}_impl"):
            raise Refused(PluginState.BAD_HOOK, f"{hook} is not marked with @hookimpl")
