"""Intervals of an effect that varies for two reasons: the rows that it is tested on, and the seed that a learner drew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.statistics.intervals import t_quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Layered:
    """An effect with the interval that both layers give.

    Attributes:
        value: Mean of the effect over the seeds.
        low: Lower end.
        high: Upper end.
        sampling: Variance of ``value`` by the rows tested on.
        seed: Variance of ``value`` by the learner's seed; None with one seed, which cannot show it.
    """

    value: float
    low: float
    high: float
    sampling: float
    seed: float | None

    @property
    def ends(self) -> tuple[float, float]:
        """Both ends."""
        return self.low, self.high

    def variance(self) -> dict[str, Any]:
        """Return the components, JSON-ready."""
        return {"sampling": self.sampling, "learner_seed": self.seed}


def layered(effects: Values, low: float, high: float, level: float) -> Layered:
    """Widen an interval that knows sampling only by the spread of the effect between seeds.

    The two are added in quadrature, to each side for itself: an asymmetric interval stays so. The second has Student's t with
    seeds - 1 degrees of freedom, because a handful of seeds estimates a standard deviation badly.

    Args:
        effects: Effect by seed, shape (seeds,).
        low: Lower end of the interval of their mean, by sampling alone.
        high: Upper end.
        level: Confidence level, in (0, 1).
    """
    value = float(np.mean(effects))
    sampling = ((high - low) / (2.0 * t_quantile(level, None))) ** 2
    seeds = len(effects)
    if seeds == 1:
        return Layered(value, low, high, sampling, None)
    variance = float(np.var(effects, ddof=1)) / seeds
    half = t_quantile(level, seeds - 1) * float(np.sqrt(variance))
    return Layered(
        value, value - float(np.hypot(value - low, half)), value + float(np.hypot(high - value, half)), sampling, variance
    )


def pairwise_null(values: Values, level: float) -> float | None:
    """Return the ``level`` quantile of ``|a - b|`` over all pairs of ``values``; None with fewer than three of them.

    Args:
        values: A statistic of the same learner on different samples of one population, shape (fits,).
        level: In (0, 1); the quantile is a value that occurs, the next one above.
    """
    if len(values) < 3 or not np.isfinite(values).all():  # noqa: PLR2004 - two fits have one difference
        return None
    first, second = np.triu_indices(len(values), 1)
    ordered = np.sort(np.abs(values[first] - values[second]))
    return float(ordered[min(int(np.ceil(level * len(ordered))) - 1, len(ordered) - 1)])
