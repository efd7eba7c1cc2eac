"""The registry, and the guard around what plugins do."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field

from assaymark.errors import Cancelled, ConfigError, PluginFailedError, PluginNotFoundError
from assaymark.host.hooks import hookimpl
from assaymark.host.provenance import describe
from assaymark.host.registry import build_config, call_guarded, load_registry, open_generator, resolve
from assaymark.host.specs import Capabilities, GeneratorSpec, HealthReport
from assaymark.host.states import PluginState
from assaymark.tables.schema import Kind

NOWHERE = "assaymark.tests.v1"  # a group that nobody fills
FLOATS = Capabilities(frozenset({Kind.FLOAT}))


class NoiseConfig(BaseModel):
    model_config = ConfigDict(extra="forbid")

    epochs: int = Field(default=3, ge=1, le=10)


class LaxConfig(BaseModel):
    epochs: int = 3


class Noise:
    def __init__(self, config):
        if config.epochs == 10:
            raise RuntimeError("a value of a private table: 4711")
        self.config = config

    def fit(self, table, schema, run):
        raise NotImplementedError


class Unfit:
    def __init__(self, config):
        pass


class Plugin:
    """A plugin whose hooks do what a test says."""

    def __init__(self, name="noise", *, factory="Noise", config="NoiseConfig", health=None, assertions=None):
        self.__name__ = f"plugin-{name}"
        self.spec = GeneratorSpec(name, "adds noise", f"acme_model:{factory}", f"acme_model:{config}", FLOATS)
        self.health = health or list
        self.assertions = assertions or (lambda _: {})

    @hookimpl
    def assaymark_generators(self):
        return [self.spec]

    @hookimpl
    def assaymark_doctor(self):
        return self.health()

    @hookimpl
    def assaymark_manifest_assertions(self, audit):
        return self.assertions(audit)


@pytest.fixture(autouse=True)
def model_module(monkeypatch):
    module = types.ModuleType("acme_model")
    module.Noise, module.Unfit, module.NoiseConfig, module.LaxConfig = Noise, Unfit, NoiseConfig, LaxConfig
    monkeypatch.setitem(sys.modules, "acme_model", module)


def registry_of(*plugins):
    return load_registry(extra=plugins, group=NOWHERE)


def test_a_generator_is_found_and_opened():
    registered = registry_of(Plugin()).generator("noise")
    assert registered.plugin.state is PluginState.LOADED
    assert open_generator(registered, {"epochs": 4}).config.epochs == 4
    assert build_config(registered, {}).model_dump() == {"epochs": 3}


@pytest.mark.parametrize(
    ("config", "where", "found"),
    [({"epoch": 4}, "noise.epoch", None), ({"epochs": 0}, "noise.epochs", "0"), ({"epochs": "many"}, "noise.epochs", "'many'")],
)
def test_a_wrong_configuration_names_its_place(config, where, found):
    with pytest.raises(ConfigError) as caught:
        open_generator(registry_of(Plugin()).generator("noise"), config)
    assert (caught.value.where, caught.value.found) == (where, found)
    assert caught.value.remedy


def test_a_lax_configuration_model_is_a_broken_plugin():
    with pytest.raises(PluginFailedError, match="refuses unknown keys"):
        open_generator(registry_of(Plugin(config="LaxConfig")).generator("noise"), {})


@pytest.mark.parametrize("factory", ["Unfit", "Missing"])
def test_a_factory_that_makes_no_generator_is_a_broken_plugin(factory):
    with pytest.raises(PluginFailedError):
        open_generator(registry_of(Plugin(factory=factory)).generator("noise"), {})


def test_a_failure_names_plugin_and_place_and_keeps_the_text_to_itself():
    registered = registry_of(Plugin()).generator("noise")
    with pytest.raises(PluginFailedError) as caught:
        open_generator(registered, {"epochs": 10})
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert "plugin-noise" in str(caught.value)
    assert "RuntimeError" in caught.value.found
    assert "test_registry" in caught.value.found
    assert "4711" not in str(caught.value.document())


@pytest.mark.parametrize("raised", [SystemExit(3), GeneratorExit(), StopIteration(), MemoryError()])
def test_the_guard_turns_anything_foreign_into_a_plugin_failure(raised):
    def fail():
        raise raised

    with pytest.raises(PluginFailedError) as caught:
        call_guarded(registry_of(Plugin()).generator("noise"), fail)
    assert caught.value.__cause__ is raised


@pytest.mark.parametrize("raised", [Cancelled("stop"), KeyboardInterrupt()])
def test_the_guard_lets_our_errors_and_interrupts_through(raised):
    def fail():
        raise raised

    with pytest.raises(type(raised)) as caught:
        call_guarded(registry_of(Plugin()).generator("noise"), fail)
    assert caught.value is raised


def test_the_guard_hands_arguments_on_and_results_back():
    assert call_guarded(registry_of(Plugin()).generator("noise"), divmod, 17, 5) == (3, 2)


def test_a_name_that_nobody_offers_gets_the_nearest_ones():
    with pytest.raises(PluginNotFoundError) as caught:
        registry_of(Plugin("noise"), Plugin("copula")).generator("nois")
    assert caught.value.expected == "one of noise"
    with pytest.raises(PluginNotFoundError, match="no plugin that offers one is loaded"):
        registry_of().signer("local")


def test_a_name_that_a_broken_plugin_would_offer_gets_its_reason():
    broken = types.ModuleType("copula")
    broken.assaymark_generators = lambda: None
    with pytest.raises(PluginNotFoundError, match="not marked with @hookimpl"):
        registry_of(Plugin(), broken).generator("copula")


def test_one_object_cannot_take_another_ones_name():
    registry = registry_of(Plugin(), Plugin())
    assert [plugin.state for plugin in registry.plugins] == [PluginState.LOADED, PluginState.DUPLICATE]
    assert list(registry.generators) == ["noise"]


def test_the_registry_cannot_be_changed():
    with pytest.raises(TypeError):
        registry_of(Plugin()).generators["x"] = None


@pytest.mark.parametrize("dotted", ["no_such_module_here:x", "json:no_such_thing", "json:"])
def test_a_dotted_name_that_leads_nowhere_is_a_plugin_failure(dotted):
    with pytest.raises(PluginFailedError) as caught:
        resolve(dotted)
    assert caught.value.where == dotted


def test_a_dotted_name_may_go_deep():
    assert resolve("pathlib:Path.cwd")() == Path.cwd()


def test_doctor_tells_of_every_plugin():
    def fail():
        raise OSError("no device")

    broken = types.ModuleType("odd")
    broken.assaymark_checks = lambda: None
    reports = registry_of(
        Plugin("a"),
        Plugin("b", health=lambda: [HealthReport("b", healthy=False, message="no disk")]),
        Plugin("c", health=fail),
        Plugin("d", health=lambda: ["fine"]),
        broken,
    ).doctor()
    assert [report.healthy for report in reports] == [True, False, False, False, False]
    told = ["loaded", "no disk", "no device", "HealthReport", "@hookimpl"]
    assert all(text in report.message for text, report in zip(told, reports, strict=True))


def test_doctor_tells_of_a_slow_plugin(monkeypatch):
    monkeypatch.setattr("assaymark.host.registry.SLOW_SECONDS", 0.0)
    (report,) = registry_of(Plugin()).doctor()
    assert report.healthy
    assert "slowly" in report.message


def test_assertions_are_gathered_from_copies_of_the_audit():
    def spoil(audit):
        audit["findings"].append("spoilt")
        return {"com.acme.noise": {"seen": len(audit["findings"])}}

    audit = {"findings": []}
    registry = registry_of(Plugin("a", assertions=spoil), Plugin("b", assertions=lambda _: {"com.acme.other": [1]}))
    assert registry.manifest_assertions(audit) == {"com.acme.noise": {"seen": 1}, "com.acme.other": [1]}
    assert audit == {"findings": []}


@pytest.mark.parametrize(
    "returned", [None, ["x"], {"label": 1}, {"c2pa.actions": 1}, {7: 1}, {"com.acme": float("nan")}, {"com.acme": {1, 2}}]
)
def test_assertions_that_cannot_be_used_are_a_plugin_failure(returned):
    with pytest.raises(PluginFailedError):
        registry_of(Plugin(assertions=lambda _: returned)).manifest_assertions({})


def test_two_plugins_cannot_use_one_label():
    registry = registry_of(*(Plugin(name, assertions=lambda _: {"com.acme": 1}) for name in "ab"))
    with pytest.raises(PluginFailedError, match="another plugin uses"):
        registry.manifest_assertions({})


def test_built_ins_come_through_the_same_entry_points():
    registry = load_registry()
    registered = registry.check("bias")
    assert registered.plugin.distribution == "assaymark"
    assert registered.plugin.target == "assaymark.checks.plugin"
    stated = {"name", "distribution", "version", "digest", "editable", "commit", "record", "conformance"}
    assert set(describe(registered)) == stated
