"""The public plugin API, edition 1: all that a generator, check, renderer or signer needs.

Importing this module imports no heavy library. Names that stand here keep their meaning for the life of the edition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assaymark.errors import (
    AssaymarkError,
    BudgetError,
    Cancelled,
    CheckpointError,
    ConditionError,
    ConfigError,
    GeneratorError,
    MissingLibraryError,
    ModelFolderError,
    TooFewRowsError,
)
from assaymark.execution import BATCH_ROWS, Progress, Run
from assaymark.formats import check_format
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
from assaymark.pacing import held_out
from assaymark.results.findings import Finding, Gate, Outcome, Verdict
from assaymark.tables.schema import Column, Kind, Positive, Role, Schema
from assaymark.tables.table import Table

if TYPE_CHECKING:
    from assaymark.checkpoints import Learner
    from assaymark.encoding import Encoded, Given, TableEncoder
    from assaymark.learning import Course, learn
    from assaymark.networks import RowNetwork, RowShape, drawn, likelihood, masks
    from assaymark.neural import (
        Average,
        Batch,
        choose_device,
        damaged_model,
        faster,
        fixed_torch,
        linear,
        load_weights,
        own_generator,
        read_document,
        save_model,
        set_rate,
    )

__all__ = [
    "BATCH_ROWS",
    "EDITION",
    "AssaymarkError",
    "Average",
    "Batch",
    "BudgetError",
    "Cancelled",
    "Capabilities",
    "Check",
    "CheckInput",
    "CheckSpec",
    "CheckpointError",
    "Column",
    "ConditionError",
    "Conditions",
    "ConfigError",
    "Course",
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
    "Given",
    "HealthReport",
    "Kind",
    "Learner",
    "MissingLibraryError",
    "ModelFolderError",
    "Outcome",
    "Positive",
    "PrivacyClaim",
    "Progress",
    "Refit",
    "Renderer",
    "RendererSpec",
    "Role",
    "RowNetwork",
    "RowShape",
    "Run",
    "Schema",
    "Signer",
    "SignerSpec",
    "Table",
    "TableEncoder",
    "TooFewRowsError",
    "Verdict",
    "check_format",
    "choose_device",
    "damaged_model",
    "drawn",
    "faster",
    "fixed_torch",
    "held_out",
    "hookimpl",
    "learn",
    "likelihood",
    "linear",
    "load_weights",
    "masks",
    "own_generator",
    "read_document",
    "save_model",
    "set_rate",
]


_LEARNING = frozenset({"Course", "Learner", "learn"})
_ENCODING = frozenset({"Encoded", "Given", "TableEncoder"})
_NETWORKS = frozenset({"RowNetwork", "RowShape", "drawn", "likelihood", "masks"})
_NEURAL = frozenset(
    {
        "Average",
        "Batch",
        "choose_device",
        "damaged_model",
        "faster",
        "fixed_torch",
        "linear",
        "load_weights",
        "own_generator",
        "read_document",
        "save_model",
        "set_rate",
    }
)


def __getattr__(name: str) -> Any:
    # these need NumPy or torch, which a declaration must not wait for
    if name in _ENCODING:
        from assaymark import encoding

        return getattr(encoding, name)
    if name in _LEARNING:
        from assaymark import learning

        return getattr(learning, name)
    if name in _NETWORKS:
        from assaymark import networks

        return getattr(networks, name)
    if name in _NEURAL:
        from assaymark import neural

        return getattr(neural, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
