"""The reference computation: Fairlearn's MetricFrame on the weighted cubes must give the numbers that the findings give.

It runs on every audit. A difference above 1e-12 is a defect and stops the audit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.checks.bias import comparisons, rates
from assaymark.checks.utility import model_fairness
from assaymark.checks.utility.reference import ModelReference
from assaymark.cubes.published import POOLED, GroupTable, PublishedCubes, Scope, ScopeCubes, group_name
from assaymark.errors import InternalError, ReferenceMismatchError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from assaymark.results.findings import Finding

TOLERANCE = 1e-12


@dataclass(frozen=True, slots=True)
class Reference:
    """What the comparison with the reference computation came to.

    Attributes:
        library: Name of the library.
        version: Its version.
        comparisons: How many numbers were compared.
        max_difference: Largest absolute difference.
        tolerance: Largest difference that is accepted.
    """

    library: str
    version: str
    comparisons: int
    max_difference: float
    tolerance: float = TOLERANCE

    def document(self) -> dict[str, Any]:
        """Return the JSON-ready form."""
        return {
            "library": self.library,
            "version": self.version,
            "comparisons": self.comparisons,
            "max_difference": self.max_difference,
            "tolerance": self.tolerance,
        }


def compare(cubes: PublishedCubes, findings: Iterable[Finding]) -> Reference:
    """Compute every difference, ratio and spread of selection rates, and all group metrics of classifiers, again by Fairlearn.

    Raises:
        ReferenceMismatchError: When a number differs by more than :data:`TOLERANCE`.
    """
    import fairlearn

    scopes = {scope.protected: scope for scope in cubes.scopes}
    frames: dict[tuple[Scope, str], Any] = {}
    models: dict[Scope, ModelReference] = {}
    count, largest = 0, 0.0
    for finding in findings:
        scope = scopes.get(tuple(finding.scope.get("protected", ())))
        if scope is None or finding.real is None:
            continue
        for ours, theirs in _pairs(finding, scope, frames, models):
            difference = abs(ours - theirs)
            if not difference <= TOLERANCE:
                raise ReferenceMismatchError(
                    "a number differs from the reference computation",
                    where=f"{finding.id} of {', '.join(scope.protected)}",
                    found=repr(ours),
                    expected=repr(theirs),
                    remedy="Report this as a defect; do not use the audit.",
                )
            count, largest = count + 1, max(largest, difference)
    return Reference("fairlearn", str(fairlearn.__version__), count, largest)


def _pairs(
    finding: Finding, scope: ScopeCubes, frames: dict[tuple[Scope, str], Any], models: dict[Scope, ModelReference]
) -> Iterator[tuple[float, float]]:
    if finding.id in model_fairness.IDS:
        if scope.models is None:
            raise InternalError("a classifier finding has no table", where=finding.id, remedy="Report this as a defect.")
        if scope.protected not in models:
            models[scope.protected] = ModelReference(scope.models)
        yield from models[scope.protected].pairs(finding)
        return
    groups = list(finding.scope.get("groups", ()))
    told = [(name, ours) for name in ("real", "synthetic") if (ours := getattr(finding, name)) is not None]
    for name, ours in told:
        if finding.id == rates.SPREAD:
            yield ours, _spread(getattr(scope, name), groups)
        elif finding.id in {rates.DIFFERENCE, rates.RATIO}:
            a, b = groups
            rate = _frame_of(scope, name, frames).by_group["selection_rate"]
            yield ours, float(rate[a] - rate[b]) if finding.id == rates.DIFFERENCE else float(rate[b] / rate[a])
        elif finding.id in {comparisons.DIFFERENCE, comparisons.RATIO}:
            yield ours, _comparison(finding, _frame_of(scope, name, frames))


def _frame_of(scope: ScopeCubes, name: str, frames: dict[tuple[Scope, str], Any]) -> Any:
    """Return the frame of all groups of a table, the pool among them, made once."""
    key = (scope.protected, name)
    if key not in frames:
        table: GroupTable = getattr(scope, name)
        rows = list(_named(table)) + ([] if table.pooled is None else [(POOLED, table.pooled)])
        outcome = np.tile([0, 1], len(rows))
        frames[key] = _frame(outcome, outcome, np.repeat([group for group, _ in rows], 2), np.concatenate([c for _, c in rows]))
    return frames[key]


def _comparison(finding: Finding, frame: Any) -> float:
    rate = frame.by_group["selection_rate"]
    own, against = rate[finding.scope["group"]], finding.scope["against"]
    other = frame.overall["selection_rate"] if against == comparisons.OVERALL else rate[against]
    return float(own - other) if finding.id == comparisons.DIFFERENCE else float(own / other)


def _spread(table: GroupTable, groups: list[str]) -> float:
    rows = [(name, counts) for name, counts in _named(table) if name in groups]
    outcome = np.tile([0, 1], len(rows))
    frame = _frame(outcome, outcome, np.repeat([name for name, _ in rows], 2), np.concatenate([c for _, c in rows]))
    return float(frame.difference(method="between_groups")["selection_rate"])


def _named(table: GroupTable) -> Iterator[tuple[str, NDArray[np.int64]]]:
    for group, counts in zip(table.groups, table.counts, strict=True):
        yield group_name(group), counts


def _frame(truth: NDArray[Any], label: NDArray[Any], groups: NDArray[Any], weights: NDArray[np.int64]) -> Any:
    from fairlearn.metrics import MetricFrame, selection_rate

    kept = weights > 0
    return MetricFrame(
        metrics={"selection_rate": selection_rate},
        y_true=truth[kept],
        y_pred=label[kept],
        sensitive_features=groups[kept],
        sample_params={"selection_rate": {"sample_weight": weights[kept].astype(np.float64)}},
    )
