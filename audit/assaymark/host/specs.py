"""What a plugin declares. Frozen values, nothing heavy: whatever does work is named by a dotted string ``module:attribute``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from pathlib import Path

    from assaymark.execution import Run
    from assaymark.results.findings import Finding
    from assaymark.tables.schema import Kind, Schema
    from assaymark.tables.table import Table


class Family(StrEnum):
    """What a finding speaks about; the first part of its id."""

    BIAS = "bias"
    REPRESENTATION = "representation"
    FIDELITY = "fidelity"
    UTILITY = "utility"
    PRIVACY = "privacy"


class Determinism(StrEnum):
    """How far a generator reproduces its output from a seed."""

    BITWISE = "bitwise"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a generator can do.

    Attributes:
        kinds: Column kinds that it learns.
        nulls: Whether it learns and produces missing values.
        conditional: Whether ``sample(where=...)`` works.
        determinism: Whether one seed gives the same bytes.
        min_rows: Fewest rows that it can be fitted on.
        devices: Devices that it can use.
    """

    kinds: frozenset[Kind]
    nulls: bool = True
    conditional: bool = False
    determinism: Determinism = Determinism.BITWISE
    min_rows: int = 2
    devices: tuple[str, ...] = ("cpu",)


@dataclass(frozen=True, slots=True)
class PrivacyClaim:
    """Differential privacy as a generator claims it. An audit shows it as claimed, and attacks the table all the same.

    Attributes:
        mechanism: What gives the privacy, such as ``DP-SGD`` or ``MST``.
        epsilon: Budget that a fit spent, at least 0; None in a declaration, which cannot know it.
        delta: Chance that the bound does not hold, in [0, 1).
        unit: What one unit of privacy is.
        parameters: Noise, clipping, sampling rate and whatever else the accounting rests on, JSON-ready.
    """

    mechanism: str
    epsilon: float | None = None
    delta: float = 0.0
    unit: str = "row"
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return the claim as it stands in ``audit.json``."""
        return {
            "mechanism": self.mechanism,
            "epsilon": self.epsilon,
            "delta": self.delta,
            "unit": self.unit,
            "parameters": dict(self.parameters),
        }


@dataclass(frozen=True, slots=True)
class GeneratorSpec:
    """A generator backend.

    Attributes:
        name: Lower-case name, as given to ``--generator``.
        summary: One line for lists.
        factory: Dotted name of the class that follows :class:`Generator`.
        config: Dotted name of its pydantic model; unknown keys must be refused.
        capabilities: What it can do.
        licence: SPDX expression of its code.
        privacy: Differential privacy that it claims; a fitted generator tells in its own attribute ``privacy``, another
            claim, what a fit spent. None for no claim.
    """

    name: str
    summary: str
    factory: str
    config: str
    capabilities: Capabilities
    licence: str = "Apache-2.0"
    privacy: PrivacyClaim | None = None


@dataclass(frozen=True, slots=True)
class CheckSpec:
    """A check: a function from :class:`CheckInput` to findings.

    Attributes:
        name: Lower-case name.
        summary: One line for lists.
        factory: Dotted name of the function.
        family: What its findings speak about.
        ids: Ids of all findings that it can return.
    """

    name: str
    summary: str
    factory: str
    family: Family
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RendererSpec:
    """A renderer: a function from the parsed ``audit.json`` to the bytes of one file.

    Attributes:
        name: Format name, as given to ``report --format``.
        summary: One line for lists.
        factory: Dotted name of a function ``(audit: Mapping[str, Any]) -> bytes``.
        filename: Name of its file in a release folder.
        media_type: MIME type.
        in_release: Whether ``run`` and ``audit --out`` write it without being asked.
    """

    name: str
    summary: str
    factory: str
    filename: str
    media_type: str
    in_release: bool = False


@dataclass(frozen=True, slots=True)
class SignerSpec:
    """A signer backend.

    Attributes:
        name: Lower-case name.
        summary: One line for lists.
        factory: Dotted name of a function that opens the signer and returns a :class:`Signer`.
    """

    name: str
    summary: str
    factory: str


@dataclass(frozen=True, slots=True)
class HealthReport:
    """One line of ``plugins doctor``."""

    name: str
    healthy: bool
    message: str


Conditions = Mapping[str, Any]


class Fitted(Protocol):
    """A generator that has learned a table."""

    @property
    def schema(self) -> Schema:
        """Schema of the tables that it samples."""
        ...

    def sample(self, rows: int, run: Run, where: Conditions | None = None) -> Iterator[Table]:
        """Yield batches that hold ``rows`` rows in all.

        Batch *i* has :data:`assaymark.execution.BATCH_ROWS` rows (the last one the rest) and draws from
        ``run.rng("sample", i)`` alone, so that any number of processes gives the same bytes.
        """
        ...

    def save(self, folder: Path) -> None:
        """Write the model into an empty folder as safetensors, npz and JSON files; never a pickle."""
        ...


class Generator(Protocol):
    """A generator that has not learned anything yet; made from an instance of its config model."""

    def __init__(self, config: Any) -> None: ...

    def fit(self, table: Table, schema: Schema, run: Run) -> Fitted:
        """Learn ``table``; the table is not changed and no global random state is touched."""
        ...

    @classmethod
    def load(cls, folder: Path) -> Fitted:
        """Read a model that :meth:`Fitted.save` wrote."""
        ...


class Refit(Protocol):
    """Fits the generator under audit anew, for attacks that learn from tables whose members they know."""

    def __call__(self, table: Table, rows: int, run: Run) -> Table:
        """Fit ``table`` with the configuration of the audited fit, and return ``rows`` synthetic rows."""
        ...


@dataclass(frozen=True, slots=True)
class DeepAttack:
    """What an attack on the generator itself may use.

    Attributes:
        refit: Fits and samples it.
        shadows: How many times it may be fitted.
    """

    refit: Refit
    shadows: int


@dataclass(frozen=True, slots=True)
class CheckInput:
    """What a check may look at.

    Attributes:
        real: The rows that the generator learned from.
        holdout: Real rows that it never saw; None when there are none.
        synthetic: The rows under audit.
        schema: Kinds and roles of the columns of all three.
        cubes: Published contingency tables (:class:`assaymark.cubes.published.PublishedCubes`); fairness checks
            use these alone.
        policy: Margins and estimability rules (:class:`assaymark.policy.model.Policy`).
        run: Seed, progress, cancellation.
        privacy_disabled: Reason why privacy measures must not be computed; None when they may.
        predictions: What classifiers trained on real and on synthetic rows say of the holdout
            (:class:`assaymark.checks.utility.training.Predictions`); None when there are none, or not yet.
        claim: Differential privacy that the generator claims; None without a claim, and for a foreign table.
        deep: The generator, to be fitted anew; None unless that was asked for.
        references: Reference group by protected attribute, where the user named one.
    """

    real: Table
    holdout: Table | None
    synthetic: Table
    schema: Schema
    cubes: Any
    policy: Any
    run: Run
    privacy_disabled: str | None = None
    predictions: Any = None
    claim: PrivacyClaim | None = None
    deep: DeepAttack | None = None
    references: Mapping[str, str] = field(default_factory=dict)


class Check(Protocol):
    """What the factory of a :class:`CheckSpec` names."""

    def __call__(self, data: CheckInput) -> Iterable[Finding]:
        """Return findings without gates; the policy sets those."""
        ...


class Renderer(Protocol):
    """What the factory of a :class:`RendererSpec` names."""

    def __call__(self, audit: Mapping[str, Any]) -> bytes:
        """Return the bytes of the file."""
        ...


class Signer(Protocol):
    """Something that signs; the private key may live elsewhere."""

    @property
    def algorithm(self) -> str:
        """COSE algorithm name: ``es256``, ``es384``, ``ed25519`` or ``ps256``."""
        ...

    @property
    def certificates(self) -> bytes:
        """PEM chain, leaf first, without the root."""
        ...

    @property
    def label(self) -> str:
        """What to call the signer in a report, such as ``development certificate``."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Return the raw signature over ``data`` (r || s for ECDSA)."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...


Spec = GeneratorSpec | CheckSpec | RendererSpec | SignerSpec
