"""Findings of the fairness checks, put together in one way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.cubes.published import POOLED, GroupTable, PublishedCubes, ScopeCubes
from assaymark.results.findings import Finding, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assaymark.checks.bias.effects import Estimate
    from assaymark.checks.bias.sampling import ScopeSample
    from assaymark.statistics.outcomes import Interval


@dataclass(frozen=True, slots=True)
class Subject:
    """What the findings of one scope are about.

    Attributes:
        cubes: All published cubes.
        protected: The attribute or intersection.
    """

    cubes: PublishedCubes
    protected: tuple[str, ...]

    def scope(self, **more: Any) -> dict[str, Any]:
        """Return the scope of a finding."""
        base = {"protected": list(self.protected), "target": self.cubes.target, "positive": self.cubes.positive}
        return base | more


def number(value: float) -> float | None:
    """Return a finite float, None otherwise; -0.0 becomes 0.0."""
    return float(value) + 0.0 if np.isfinite(value) else None


def interval(ends: Interval) -> tuple[float | None, float | None]:
    """Return an interval whose unbounded ends are None."""
    return number(ends[0]), number(ends[1])


def not_estimable(identifier: str, scope: Mapping[str, Any], reason: str, *, n: Mapping[str, Any] | None = None) -> Finding:
    """Return a finding without a number."""
    return Finding(identifier, scope, Outcome.NOT_ESTIMABLE, reason=reason, n=n or {})


def estimated(
    identifier: str,
    scope: Mapping[str, Any],
    estimate: Estimate,
    *,
    margin: float,
    outcome: Outcome,
    n: Mapping[str, Any],
    p: float | None = None,
) -> Finding:
    """Return a finding from an estimate."""
    return Finding(
        identifier,
        scope,
        outcome,
        real=number(estimate.shown_real),
        synthetic=number(estimate.shown_synthetic),
        value=number(estimate.value),
        ci=interval(estimate.effect.value),
        null=number(estimate.null),
        margin=margin,
        n=n,
        detail={"interval": estimate.interval, "margin_from": "null" if margin == estimate.null else "policy"},
        p=p,
    )


def group_counts(sample: ScopeSample, rows: list[int]) -> dict[str, dict[str, int]]:
    """Return rows by dataset and group; a pool of real rows is left out."""
    return {
        "real": {sample.names[row]: int(sample.real[row].sum()) for row in rows if sample.names[row] != POOLED},
        "synthetic": {sample.names[row]: int(sample.synthetic[row].sum()) for row in rows},
    }


def unusable(cubes: ScopeCubes) -> str | None:
    """Return why nothing of a scope can be computed, or None."""
    if cubes.real.withheld or not len(cubes.real.groups):
        return "small_cell"
    if not cubes.synthetic.counts.sum():
        return "no_synthetic_outcome"
    return None


def too_few_groups(table: GroupTable) -> str:
    """Return why fewer than two groups of a scope have a rate of their own."""
    if len(table.groups) == 1 and table.pooled is None:
        return "single_group"
    return "group_too_small" if len(table.groups) > 1 else "small_cell"
