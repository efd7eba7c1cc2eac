"""The declaration, the settings and the two objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.errors import AssaymarkError, ConfigError
from assaymark.host.registry import build_config, resolve
from assaymark.host.specs import Determinism
from assaymark.testing.conformance.catalogue import Nonconformance, conformance, require

if TYPE_CHECKING:
    from assaymark.testing.conformance.subject import Subject

_UNKNOWN = "no_generator_has_this_setting"


def _handed_over(subject: Subject) -> str | None:
    return None if subject.registered.plugin.distribution else "the plugin is no installed distribution"


@conformance("contract.declaration_light", unless=_handed_over)
def light(subject: Subject) -> None:
    """Importing the declaration imports no heavy library; every command waits for it."""
    heavy = subject.observed["heavy"]
    require(not heavy, f"importing {subject.registered.plugin.target} imports {', '.join(heavy)}")


@conformance("contract.declaration_complete")
def complete(subject: Subject) -> None:
    """The declaration has a one-line summary, a licence and at least one kind of column."""
    spec = subject.spec
    require(spec.summary.strip() and "\n" not in spec.summary, f"the summary is {spec.summary!r:.80}")
    require(spec.licence.strip(), "the licence is empty")
    require(spec.capabilities.kinds, "no kind of column is declared")
    require("cpu" in spec.capabilities.devices, "the device cpu is not declared")


@conformance("contract.settings_default")
def defaults(subject: Subject) -> None:
    """The settings have defaults, and become JSON."""
    try:
        build_config(subject.registered, {}).model_dump_json()
    except AssaymarkError as error:
        raise Nonconformance(f"no settings at all are refused: {error}") from error


@conformance("contract.unknown_setting_refused")
def unknown(subject: Subject) -> None:
    """A setting that does not exist is refused."""
    try:
        build_config(subject.registered, {_UNKNOWN: 1})
    except ConfigError:
        return
    raise Nonconformance(f"the setting {_UNKNOWN} is accepted")


@conformance("contract.two_objects")
def objects(subject: Subject) -> None:
    """A fit returns another object with a schema, ``sample`` and ``save``; the class has ``load``."""
    fitted = subject.fitted
    for name in ("sample", "save"):
        require(callable(getattr(fitted, name, None)), f"what fit returns has no method {name}")
    require(callable(getattr(resolve(subject.spec.factory), "load", None)), "the class has no method load")
    require(fitted.schema.names == subject.table.schema.names, "the schema has other columns than the table")


@conformance("contract.one_row")
def one_row(subject: Subject) -> None:
    """One row is learned, or refused by an error of Assaymark that says what to do next."""
    try:
        subject.sample(subject.fit(subject.table.take(np.arange(1))), 3)
    except AssaymarkError as error:
        require(error.remedy, f"the error {error.code} has no remedy")
    except Exception as error:
        raise Nonconformance(f"one row raises {type(error).__name__}") from error


@conformance("contract.determinism_declared")
def determinism(subject: Subject) -> None:
    """How far a seed reproduces the output is declared."""
    declared = subject.spec.capabilities.determinism
    require(type(declared) is Determinism, f"determinism is {declared!r:.40}, no Determinism")
