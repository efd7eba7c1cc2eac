"""The public plugin API, edition 1: all that a generator, check, renderer or signer needs.

Importing this module imports no heavy library. Names that stand here keep their meaning for the life of the edition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assaymark.errors import (
    AssaymarkError,
    Cancelled,
    ConditionError,
    ConfigError,
    GeneratorError,
    ModelFolderError,
    TooFewRowsError,
)
from assaymark.execution import BATCH_ROWS, Progress, Run
from assaymark.host.hooks import EDITION, hookimpl
from assaymark.host.specs import (
    Capabilities,
    Check,
    CheckInput,
    CheckSpec,
    Conditions,
    DeepAttack,
    Determinism,
    Family,
    Fitted,
    Generator,
    GeneratorSpec,
    HealthReport,
    PrivacyClaim,
    Refit,
    Renderer,
    RendererSpec,
    Signer,
    SignerSpec,
)
from assaymark.results.findings import Finding, Gate, Outcome, Verdict
from assaymark.tables.schema import Column, Kind, Positive, Role, Schema
from assaymark.tables.table import Table

if TYPE_CHECKING:
    from assaymark.encoding import Encoded, TableEncoder
    from assaymark.neural import (
        Average,
        choose_device,
        damaged_model,
        embedding,
        fixed_torch,
        linear,
        load_weights,
        own_generator,
        read_document,
        save_model,
    )

__all__ = [
    "BATCH_ROWS",
    "EDITION",
    "AssaymarkError",
    "Average",
    "Cancelled",
    "Capabilities",
    "Check",
    "CheckInput",
    "CheckSpec",
    "Column",
    "ConditionError",
    "Conditions",
    "ConfigError",
    "DeepAttack",
    "Determinism",
    "Encoded",
    "Family",
    "Finding",
    "Fitted",
    "Gate",
    "Generator",
    "GeneratorError",
    "GeneratorSpec",
    "HealthReport",
    "Kind",
    "ModelFolderError",
    "Outcome",
    "Positive",
    "PrivacyClaim",
    "Progress",
    "Refit",
    "Renderer",
    "RendererSpec",
    "Role",
    "Run",
    "Schema",
    "Signer",
    "SignerSpec",
    "Table",
    "TableEncoder",
    "TooFewRowsError",
    "Verdict",
    "choose_device",
    "damaged_model",
    "embedding",
    "fixed_torch",
    "hookimpl",
    "linear",
    "load_weights",
    "own_generator",
    "read_document",
    "save_model",
]


_ENCODING = frozenset({"Encoded", "TableEncoder"})
_NEURAL = frozenset(
    {
        "Average",
        "choose_device",
        "damaged_model",
        "embedding",
        "fixed_torch",
        "linear",
        "load_weights",
        "own_generator",
        "read_document",
        "save_model",
    }
)


def __getattr__(name: str) -> Any:
    # these need NumPy or torch, which a declaration must not wait for
    if name in _ENCODING:
        from assaymark import encoding

        return getattr(encoding, name)
    if name in _NEURAL:
        from assaymark import neural

        return getattr(neural, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
