"""Declares the copula generator. Imports nothing heavy."""

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
            name="copula",
            summary="checkerboard copula network: fits in seconds, no GPU",
            factory="assaymark_copula.model:CopulaGenerator",
            config="assaymark_copula.config:CopulaConfig",
            capabilities=Capabilities(
                kinds=frozenset({Kind.INTEGER, Kind.FLOAT, Kind.CATEGORICAL, Kind.BOOLEAN, Kind.DATETIME, Kind.IDENTIFIER}),
                conditional=True,
            ),
        ),
    )
