"""Intervals of effects: by the scope's bootstrap where its counts carry one, by closed forms where they are sparse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.bias.measures import SPARSE, Measure
from assaymark.statistics.bootstrap import percentile_interval
from assaymark.statistics.intervals import mover_sum
from assaymark.statistics.outcomes import BiasEffect, Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.checks.bias.sampling import ScopeSample


@dataclass(frozen=True, slots=True)
class Estimate:
    """One target of a measure, compared between real and synthetic.

    Attributes:
        effect: Real effect and intervals, on the scale of the measure, after its centre was taken off.
        synthetic: Effect in synthetic rows, on the same scale.
        value: Synthetic - real.
        shown_real: The number that a report shows for real.
        shown_synthetic: The same for synthetic.
        null: 95th percentile of the absolute effect of sampling alone.
        interval: Name of the method of the intervals.
    """

    effect: BiasEffect
    synthetic: float
    value: float
    shown_real: float
    shown_synthetic: float
    null: float
    interval: str


@dataclass(frozen=True, slots=True)
class _Draws:
    real: NDArray[np.float64]
    synthetic: NDArray[np.float64]
    centre: NDArray[np.float64]
    null: NDArray[np.float64]


def estimates(measure: Measure, sample: ScopeSample, level: float) -> list[Estimate]:
    """Return the estimates of all targets of a measure."""
    with np.errstate(invalid="ignore"):
        draws = _Draws(
            measure.theta(sample.real_draws),
            measure.theta(sample.synthetic_draws),
            measure.centre(sample.real_draws),
            np.abs(measure.theta(sample.null_synthetic) - measure.theta(sample.null_real)),
        )
    draws = _Draws(draws.real, draws.synthetic, np.broadcast_to(draws.centre, draws.real.shape), draws.null)
    return [_estimate(measure, sample, draws, target, level) for target in range(draws.real.shape[-1])]


def _estimate(measure: Measure, sample: ScopeSample, draws: _Draws, target: int, level: float) -> Estimate:
    rows = measure.touched(target)
    real = float(measure.theta(sample.real)[target])
    centre = float(np.broadcast_to(measure.centre(sample.real), measure.theta(sample.real).shape)[target])
    null = null_quantile(draws.null[:, target], level)
    if (sample.real[rows] < SPARSE).any() or (sample.synthetic[rows] < SPARSE).any():
        first, second = (measure.closed(cells, target, level) for cells in (sample.real, sample.synthetic))
        effect, synthetic = _closed_effect(first, second, centre)
        shown = float(measure.theta(sample.synthetic)[target])
        return Estimate(
            effect, synthetic, synthetic - effect.real, measure.show(real), _finite(measure.show(shown)), null, "closed form"
        )
    synthetic = float(measure.theta(sample.synthetic)[target])
    effect = bootstrap_effect(
        real - centre,
        draws.real[:, target] - draws.centre[:, target],
        draws.synthetic[:, target] - draws.centre[:, target],
        level,
    )
    return Estimate(
        effect, synthetic - centre, synthetic - real, measure.show(real), measure.show(synthetic), null, "bootstrap"
    )


def centred_interval(draws: NDArray[np.float64], value: float, level: float) -> Interval:
    """Return the percentile interval of bootstrap draws, moved so that the draws have their mean at ``value``.

    A measure that takes a maximum, an absolute value or a square grows with noise, and a bootstrap draw has the noise of the
    table and its own on top. The move takes the second helping off again (Efron & Tibshirani, 1993, section 10.6).
    """
    low, high = percentile_interval(draws, level)
    off = float(draws.mean()) - value
    return float(low) - off, float(high) - off


def _finite(number: float) -> float:
    return number if np.isfinite(number) else float("nan")


def _interval(draws: NDArray[np.float64], level: float) -> Interval:
    low, high = percentile_interval(draws, level)
    return float(low), float(high)


def null_quantile(draws: NDArray[np.float64], level: float) -> float:
    """Return the quantile of absolute null effects at ``level``; a draw without rows in a group counts as unbounded."""
    ordered = np.sort(np.where(np.isnan(draws), np.inf, draws))
    return float(ordered[min(int(np.ceil(level * len(ordered))) - 1, len(ordered) - 1)])


def bootstrap_effect(
    real: float, real_draws: NDArray[np.float64], synthetic_draws: NDArray[np.float64], level: float
) -> BiasEffect:
    """Return an effect with the percentile intervals of its draws, shape (draws,) each."""
    with np.errstate(invalid="ignore"):
        return BiasEffect(
            real,
            _interval(synthetic_draws - real_draws, level),
            _interval(synthetic_draws, level),
            _interval(np.abs(synthetic_draws) - np.abs(real_draws), level),
        )


def _closed_effect(
    real: tuple[float, float, float], synthetic: tuple[float, float, float], centre: float
) -> tuple[BiasEffect, float]:
    """Combine two intervals by MOVER (Zou & Donner, 2008); the centre counts as known."""
    first, second = (tuple(number - centre for number in closed) for closed in (real, synthetic))
    value = mover_sum([second[0], first[0]], [second[1], first[1]], [second[2], first[2]], [1, -1])
    growth = _growth((first[0], first[1], first[2]), (second[0], second[1], second[2]))
    effect = BiasEffect(first[0], (float(value[0]), float(value[1])), (second[1], second[2]), growth)
    return effect, second[0]


def _growth(real: tuple[float, float, float], synthetic: tuple[float, float, float]) -> Interval:
    (a, a_low, a_high), (b, b_low, b_high) = _absolute(real), _absolute(synthetic)
    low, high = mover_sum([b, a], [b_low, a_low], [b_high, a_high], [1, -1])
    return float(low), float(high)


def _absolute(closed: tuple[float, float, float]) -> tuple[float, float, float]:
    estimate, low, high = closed
    inner = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
    return abs(estimate), inner, max(abs(low), abs(high))
