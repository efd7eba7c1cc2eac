"""From an effect and its bootstrap draws to a finding, for effects with a sign and for distances, which have none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.checks.bias.effects import Estimate, null_quantile
from assaymark.checks.statements import estimated, not_estimable
from assaymark.results.findings import Finding, Outcome
from assaymark.statistics.bootstrap import percentile_interval
from assaymark.statistics.multiplicity import beyond_margin
from assaymark.statistics.outcomes import BiasEffect, Interval, bias_outcome, bias_p_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from assaymark.policy.model import Policy

    Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Draws:
    """One effect in many tables, each shape (draws,).

    Attributes:
        real: Of bootstrap tables of real.
        synthetic: Of bootstrap tables of synthetic.
        null_real: Of tables as large as real, drawn from real and holdout together.
        null_synthetic: Of tables as large as synthetic, drawn from the same.
    """

    real: Values
    synthetic: Values
    null_real: Values
    null_synthetic: Values

    def null(self, level: float) -> float:
        """Return the quantile at ``level`` of the absolute change that sampling alone gives."""
        with np.errstate(invalid="ignore"):
            return null_quantile(np.abs(self.null_synthetic - self.null_real), level)


@dataclass(frozen=True, slots=True)
class Change:
    """An estimate of a change of bias, and the change less what sampling adds to a distance."""

    estimate: Estimate
    corrected: float


def signed_change(real: float, synthetic: float, draws: Draws, level: float) -> Change:
    """Return the change of an effect that has a sign."""
    effect = BiasEffect(
        real,
        _span(draws.synthetic - draws.real, level),
        _span(draws.synthetic, level),
        _span(np.abs(draws.synthetic) - np.abs(draws.real), level),
    )
    value = synthetic - real
    return Change(Estimate(effect, synthetic, value, real, synthetic, draws.null(level), "bootstrap"), value)


def unsigned_change(real: float, synthetic: float, draws: Draws, level: float) -> Change:
    """Return the change of a distance, which is never negative and which sampling makes larger, the more the fewer rows.

    The bootstrap repeats that error, so its mean tells the bias of each estimate; the interval is centred on the change
    without it (Efron & Tibshirani, 1993, section 10.2).
    """
    excess_real = float(np.mean(draws.real)) - real
    excess_synthetic = float(np.mean(draws.synthetic)) - synthetic
    corrected = (synthetic - excess_synthetic) - (real - excess_real)
    own = draws.synthetic - 2.0 * excess_synthetic
    value = _span(own - (draws.real - 2.0 * excess_real), level)
    effect = BiasEffect(real, value, _span(np.maximum(own, 0.0), level), value)
    estimate = Estimate(
        effect, synthetic, synthetic - real, real, synthetic, draws.null(level), "bootstrap, corrected for its bias"
    )
    return Change(estimate, corrected)


def _span(draws: Values, level: float) -> Interval:
    low, high = percentile_interval(draws, level)
    return float(low), float(high)


def bias_finding(
    identifier: str,
    scope: Mapping[str, Any],
    change: Change,
    policy: Policy,
    *,
    n: Mapping[str, Any],
    unit: float = 1.0,
    detail: Mapping[str, Any] | None = None,
) -> Finding:
    """Return the finding of a change; the policy's margin counts in ``unit``."""
    estimate = change.estimate
    if not np.isfinite(estimate.null):
        return not_estimable(identifier, scope, "too_few_synthetic_rows", n=n)
    margin = max(policy.margin(identifier) * unit, estimate.null)
    outcome = bias_outcome(estimate.effect, margin)
    finding = estimated(
        identifier, scope, estimate, margin=margin, outcome=outcome, n=n, p=_p_value(change, margin, outcome, policy.level)
    )
    return replace(finding, detail={**finding.detail, **(detail or {})})


def _p_value(change: Change, margin: float, outcome: Outcome, level: float) -> float | None:
    effect = change.estimate.effect
    if change.corrected == change.estimate.value:
        return bias_p_value(effect, change.estimate.synthetic, margin, outcome, level)
    low, high = effect.value
    if outcome in {Outcome.AMPLIFIED, Outcome.INTRODUCED}:
        return beyond_margin(change.corrected, low, margin, level)
    return beyond_margin(-change.corrected, -high, margin, level) if outcome is Outcome.ATTENUATED else None
