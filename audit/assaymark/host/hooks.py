"""The hooks of edition 1 of the plugin API. A plugin module implements any of them with :data:`hookimpl`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from assaymark.host.specs import CheckSpec, GeneratorSpec, HealthReport, RendererSpec, SignerSpec

PROJECT = "assaymark"
EDITION = "v1"
ENTRY_POINT_GROUP = f"assaymark.plugins.{EDITION}"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Hooks:
    """Signatures of all hooks."""

    @hookspec
    def assaymark_generators(self) -> Iterable[GeneratorSpec]:  # type: ignore[empty-body]
        """Declare generators."""

    @hookspec
    def assaymark_checks(self) -> Iterable[CheckSpec]:  # type: ignore[empty-body]
        """Declare checks."""

    @hookspec
    def assaymark_renderers(self) -> Iterable[RendererSpec]:  # type: ignore[empty-body]
        """Declare renderers."""

    @hookspec
    def assaymark_signers(self) -> Iterable[SignerSpec]:  # type: ignore[empty-body]
        """Declare signers."""

    @hookspec
    def assaymark_doctor(self) -> Iterable[HealthReport]:  # type: ignore[empty-body]
        """Tell whether what this plugin needs is there."""

    @hookspec
    def assaymark_manifest_assertions(self, audit: Mapping[str, Any]) -> Mapping[str, Any]:  # type: ignore[empty-body]
        """Add assertions, label to JSON-ready value, to the manifest of a release; ``audit`` is the parsed audit.json."""
