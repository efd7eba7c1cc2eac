"""The registry: what loaded plugins offer, by kind and name, and the guard under which their code is called."""

from __future__ import annotations

import copy
import difflib
import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from assaymark.errors import AssaymarkError, ConfigError, PluginFailedError, PluginNotFoundError, PluginsNotLoadedError
from assaymark.host.declarations import NOUNS
from assaymark.host.hooks import ENTRY_POINT_GROUP
from assaymark.host.loading import LoadedPlugin, load_plugins
from assaymark.host.specs import CheckSpec, GeneratorSpec, HealthReport, RendererSpec, SignerSpec, Spec
from assaymark.host.states import PluginInfo, PluginState, explain
from assaymark.host.switches import BLOCK, STRICT, Switches, current

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import BaseModel, ValidationError

    from assaymark.host.specs import Fitted, Generator

S = TypeVar("S", bound=Spec)
T = TypeVar("T")

SLOW_SECONDS = 0.5  # every command waits for all plugins, so that a declaration should take a few milliseconds

_UNASKED = frozenset({PluginState.REFUSED, PluginState.BLOCKED, PluginState.IMPORT_FAILED})
_RESERVED_LABELS = ("c2pa.", "cawg.")


@dataclass(frozen=True, slots=True)
class Registered(Generic[S]):
    """A declaration and the plugin that made it."""

    spec: S
    plugin: PluginInfo


@dataclass(frozen=True, slots=True)
class Registry:
    """What all loaded plugins offer.

    Attributes:
        plugins: Every plugin that was found, loaded or not.
        generators: Generators by name.
        checks: Checks by name, in the order in which they run.
        renderers: Renderers by format name.
        signers: Signers by name.
    """

    plugins: tuple[PluginInfo, ...]
    generators: Mapping[str, Registered[GeneratorSpec]]
    checks: Mapping[str, Registered[CheckSpec]]
    renderers: Mapping[str, Registered[RendererSpec]]
    signers: Mapping[str, Registered[SignerSpec]]
    _loaded: tuple[LoadedPlugin, ...] = field(default=(), repr=False)

    def generator(self, name: str) -> Registered[GeneratorSpec]:
        """Return a generator by name.

        Raises:
            PluginNotFoundError: When no loaded plugin offers it.
        """
        return self._find("generator", name, self.generators)

    def check(self, name: str) -> Registered[CheckSpec]:
        """Return a check by name; raises like :meth:`generator`."""
        return self._find("check", name, self.checks)

    def renderer(self, name: str) -> Registered[RendererSpec]:
        """Return a renderer by format name; raises like :meth:`generator`."""
        return self._find("renderer", name, self.renderers)

    def signer(self, name: str) -> Registered[SignerSpec]:
        """Return a signer by name; raises like :meth:`generator`."""
        return self._find("signer", name, self.signers)

    def _find(self, noun: str, name: str, offered: Mapping[str, Registered[S]]) -> Registered[S]:
        if name in offered:
            return offered[name]
        near = difflib.get_close_matches(name, offered, n=3, cutoff=0.5)
        culprit = self._culprit(noun, name)
        names = ", ".join(near or sorted(offered)) or f"a {noun}, but no plugin that offers one is loaded"
        raise PluginNotFoundError(
            f"no loaded plugin offers the {noun} {name!r}",
            found=culprit or self._suspects(),
            expected=f"one of {names}" if offered else names,
            remedy=(
                "Mend or reinstall that plugin; `assaymark plugins doctor` tells more."
                if culprit
                else "Check the spelling, or install the plugin; `assaymark plugins list` shows what is there."
            ),
        )

    def _culprit(self, noun: str, name: str) -> str | None:
        """Return which plugin would offer a name, if it were loaded."""
        for plugin in self.plugins:
            if plugin.state is PluginState.LOADED:
                continue
            if f"the {noun} {name}" in plugin.offers or name in {plugin.name, plugin.distribution}:
                return f"the {plugin.state.value} plugin {plugin.name} of {plugin.origin} ({plugin.reason})"
        return None

    def _suspects(self) -> str | None:
        """Return which plugins may offer anything, since they could not be asked."""
        unasked = [plugin for plugin in self.plugins if plugin.state in _UNASKED]
        told = ", ".join(f"{plugin.name} ({plugin.state.value}: {plugin.reason})" for plugin in unasked[:3])
        return f"plugins that are not loaded: {told}" if told else None

    def doctor(self) -> tuple[HealthReport, ...]:
        """Return the health of every plugin: those that are not loaded, and what the others tell of themselves."""
        reports: list[HealthReport] = []
        for plugin in self._loaded:
            info = plugin.info
            if info.state is PluginState.BLOCKED:
                reports.append(HealthReport(info.name, healthy=True, message=str(info.reason)))
            elif info.state is not PluginState.LOADED:
                reports.append(HealthReport(info.name, healthy=False, message=f"{info.state.value}: {info.reason}"))
            else:
                reports += _health(plugin)
        return tuple(reports)

    def manifest_assertions(self, audit: Mapping[str, Any]) -> dict[str, Any]:
        """Return the assertions that plugins add to the manifest of a release, by label.

        Args:
            audit: The parsed ``audit.json``; each plugin gets a copy.

        Raises:
            PluginFailedError: When a plugin breaks, two use one label, or a label or value cannot be used.
        """
        assertions: dict[str, Any] = {}
        for plugin in self._loaded:
            hook = plugin.hooks.get("assaymark_manifest_assertions")
            if hook is None:
                continue
            added = guard(plugin.info, "adding assertions", hook, audit=copy.deepcopy(dict(audit)))
            _check_assertions(plugin.info, added, assertions)
            assertions.update(added)
        return assertions


def load_registry(
    *, extra: Sequence[object] = (), group: str = ENTRY_POINT_GROUP, switches: Switches | None = None
) -> Registry:
    """Load all plugins and index what they offer; a broken one is listed in ``plugins`` and otherwise left out.

    Args:
        extra: Plugin modules or objects to load besides the installed ones, after them.
        group: Entry point group to look in.
        switches: Which plugins to load, and how strictly; those that hold now when None.

    Raises:
        PluginsNotLoadedError: When one is not loaded, in strict mode.
    """
    chosen = current() if switches is None else switches
    loaded = load_plugins(extra, group, chosen)
    if chosen.strict:
        _refuse_unloaded(loaded)
    index: dict[type[Spec], dict[str, Registered[Any]]] = {kind: {} for kind in NOUNS}
    for plugin in loaded:
        for spec in plugin.specs:
            index[type(spec)][spec.name] = Registered(spec, plugin.info)
    return Registry(
        plugins=tuple(plugin.info for plugin in loaded),
        generators=MappingProxyType(index[GeneratorSpec]),
        checks=MappingProxyType(index[CheckSpec]),
        renderers=MappingProxyType(index[RendererSpec]),
        signers=MappingProxyType(index[SignerSpec]),
        _loaded=loaded,
    )


def _refuse_unloaded(loaded: Sequence[LoadedPlugin]) -> None:
    """Refuse any plugin that is not loaded, but for those that the user left out on purpose."""
    wrong = [each.info for each in loaded if each.info.state not in {PluginState.LOADED, PluginState.BLOCKED}]
    if not wrong:
        return
    first, more = wrong[0], len(wrong) - 1
    raise PluginsNotLoadedError(
        "a plugin is not loaded, and strict mode demands that all are" + (f" (and {more} more)" if more else ""),
        where=f"{first.name} of {first.origin}",
        found=f"{first.state.value}: {first.reason}",
        expected="every plugin loaded, or blocked by you",
        remedy=f"See `assaymark plugins list`; mend, uninstall or block it ({BLOCK}), or do without {STRICT}.",
    )


def resolve(dotted: str) -> Any:
    """Return the attribute that a dotted name ``module:attribute`` names, importing its module.

    Raises:
        PluginFailedError: When the module cannot be imported or lacks the attribute.
    """
    module, _, attribute = dotted.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for name in attribute.split("."):
            found = getattr(found, name)
    except KeyboardInterrupt:
        raise
    except AssaymarkError:
        raise
    except BaseException as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        raise PluginFailedError(
            "a plugin names something that cannot be imported",
            where=dotted,
            found=explain(error),
            remedy=f"Install the module {missing}." if missing else "Reinstall the plugin, or report this to its author.",
        ) from error
    return found


def call_guarded(registered: Registered[Any], function: Callable[..., T], *args: Any) -> T:
    """Call a function of a plugin and return what it returns.

    Raises:
        PluginFailedError: When it raises anything but an error of this project; that is chained as the cause. The message
            names the place in the code and not the text of the exception, which may quote rows of a private table.
        AssaymarkError: Whatever of these it raises.
    """
    noun = NOUNS[type(registered.spec)]
    return guard(registered.plugin, f"the {noun} {registered.spec.name}", function, *args)


def guard(plugin: PluginInfo, what: str, function: Callable[..., T], *args: Any, **named: Any) -> T:
    """Call a function of a plugin; see :func:`call_guarded`."""
    try:
        return function(*args, **named)
    except (AssaymarkError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise PluginFailedError(
            f"the plugin {plugin.name} of {plugin.origin} broke",
            where=what,
            found=f"{type(error).__name__} {place_of(error)}".strip(),
            remedy=f"Report this to the author of the plugin, or do without it: {BLOCK}={plugin.name}.",
        ) from error


def place_of(error: BaseException) -> str:
    """Return the module and line that raised an exception."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f"in {trace.tb_frame.f_globals.get('__name__', 'an unknown module')}, line {trace.tb_lineno}"


def build_config(registered: Registered[GeneratorSpec], config: Mapping[str, Any]) -> BaseModel:
    """Return the checked configuration of a generator, defaults filled in.

    Raises:
        ConfigError: When a key is unknown or a value out of range.
        PluginFailedError: When the plugin's configuration model cannot be used.
    """
    from pydantic import BaseModel, ValidationError

    model: Any = resolve(registered.spec.config)
    if not (isinstance(model, type) and issubclass(model, BaseModel)) or model.model_config.get("extra") != "forbid":
        raise PluginFailedError(
            "a generator's configuration is no pydantic model that refuses unknown keys",
            where=registered.spec.config,
            remedy='Report this to the author of the plugin; model_config must have extra="forbid".',
        )
    try:
        return call_guarded(registered, _validated, model, dict(config), ValidationError)
    except _InvalidConfigError as invalid:
        raise _refused(registered.spec.name, invalid.error) from invalid.error


class _InvalidConfigError(AssaymarkError):
    """Carries pydantic's complaint out of the guard, which would take it for a failure of the plugin."""

    def __init__(self, error: ValidationError) -> None:
        super().__init__("invalid configuration")
        self.error = error


def _validated(model: type[BaseModel], config: dict[str, Any], complaint: type[ValidationError]) -> BaseModel:
    try:
        return model.model_validate(config)
    except complaint as error:
        raise _InvalidConfigError(error) from error


def _refused(name: str, error: ValidationError) -> ConfigError:
    problems = error.errors(include_url=False)
    first = problems[0]
    path = ".".join([name, *(str(part) for part in first["loc"])])
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    if first["type"] == "extra_forbidden":
        return ConfigError(
            f"the generator has no such option{more}",
            where=path,
            remedy=f"See `assaymark plugins show {name}` for its options.",
        )
    return ConfigError(
        f"an option of the generator cannot be used{more}",
        where=path,
        found=f"{first.get('input')!r}"[:200],
        expected=first["msg"],
        remedy="Correct the value.",
    )


def open_generator(registered: Registered[GeneratorSpec], config: Mapping[str, Any], *, here: bool = False) -> Generator:
    """Make a generator from its configuration: one of another distribution in a process of its own.

    Args:
        registered: The generator.
        config: Its settings.
        here: Whether it is to work in this process, whoever wrote it.

    Raises:
        ConfigError: When the configuration has an unknown key or a value out of range.
        PluginFailedError: When the plugin breaks or what it makes cannot be fitted.
    """
    from assaymark.host.isolation.generator import IsolatedGenerator, is_isolated

    checked = build_config(registered, config)
    if not here and is_isolated(registered):
        isolated: Any = IsolatedGenerator(registered, checked.model_dump(mode="json"))
        return isolated  # type: ignore[no-any-return]  # it loads by load_fitted, not by its class
    generator: Generator = call_guarded(registered, resolve(registered.spec.factory), checked)
    if not callable(getattr(generator, "fit", None)):
        raise PluginFailedError(
            "a generator has no method fit",
            where=registered.spec.factory,
            found=type(generator).__name__,
            remedy="Report this to the author of the plugin.",
        )
    return generator


def load_fitted(registered: Registered[GeneratorSpec], folder: Path) -> Fitted:
    """Load a model that a generator saved: one of another distribution in a process of its own.

    Raises:
        ModelFolderError: When the folder is damaged.
        PluginFailedError: When the plugin breaks.
    """
    from assaymark.host.isolation.generator import IsolatedGenerator, is_isolated

    if is_isolated(registered):
        return IsolatedGenerator(registered, {}).load(folder)
    fitted: Fitted = call_guarded(registered, lambda: resolve(registered.spec.factory).load(folder))
    return fitted


def _health(plugin: LoadedPlugin) -> list[HealthReport]:
    """Return what a loaded plugin tells of itself."""
    name = plugin.info.name
    hook = plugin.hooks.get("assaymark_doctor")
    slow = plugin.info.seconds > SLOW_SECONDS
    loaded = f"loaded, but slowly, in {plugin.info.seconds:.1f} s; its module should import nothing heavy" if slow else "loaded"
    if hook is None:
        return [HealthReport(name, healthy=True, message=loaded)]
    try:
        reports = list(guard(plugin.info, "assaymark_doctor", lambda: list(hook())))
    except PluginFailedError as error:
        return [HealthReport(name, healthy=False, message=f"{error} ({explain(error.__cause__ or error)})")]
    if all(isinstance(report, HealthReport) for report in reports):
        return reports or [HealthReport(name, healthy=True, message=loaded)]
    return [HealthReport(name, healthy=False, message="assaymark_doctor returned something else than HealthReport")]


def _check_assertions(plugin: PluginInfo, added: object, present: Mapping[str, Any]) -> None:
    problem: str | None = None
    if not isinstance(added, Mapping):
        problem = f"assertions of type {type(added).__name__}, not a mapping"
    else:
        for label in added:
            if not isinstance(label, str) or "." not in label.strip(".") or label.startswith(_RESERVED_LABELS):
                problem = f"the label {label!r:.80}, which has no namespace of its own"
            elif label in present:
                problem = f"the label {label}, which another plugin uses"
        try:
            json.dumps(added, allow_nan=False)
        except (TypeError, ValueError):
            problem = problem or "a value that JSON cannot hold"
    if problem is not None:
        raise PluginFailedError(
            f"the plugin {plugin.name} of {plugin.origin} adds assertions that cannot be used",
            where="assaymark_manifest_assertions",
            found=problem,
            remedy=f"Report this to the author of the plugin, or do without it: {BLOCK}={plugin.name}.",
        )
