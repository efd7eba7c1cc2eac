"""Declares the diffusion generator. Imports nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.api import Capabilities, GeneratorSpec, Kind, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable


@hookimpl
def assaymark_generators() -> Iterable[GeneratorSpec]:
    """Declare the generator."""
    return (
        GeneratorSpec(
            name="diffusion",
            summary="diffusion: Gaussian noise on numbers, masks on categories; minutes on a CPU",
            factory="assaymark_diffusion.model:DiffusionGenerator",
            config="assaymark_diffusion.config:DiffusionConfig",
            capabilities=Capabilities(
                kinds=frozenset({Kind.INTEGER, Kind.FLOAT, Kind.CATEGORICAL, Kind.BOOLEAN, Kind.DATETIME, Kind.IDENTIFIER}),
                conditional=True,
                devices=("cpu", "cuda"),
            ),
        ),
    )
