"""Group metrics of a classifier from its table of outcomes and labels, by Fairlearn's definitions.

A rate is a sum of cells over a sum of cells. A spread is the largest less the smallest rate over groups; the equalized odds
difference is the larger of two spreads; the ratio is the smallest over the largest rate. A rate without denominator is NaN,
never 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.cubes.models import LABEL_CELLS
from assaymark.statistics.spreads import shrunk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.policy.model import Policy

    Values = NDArray[np.float64]

_CELLS = tuple((y, label) for y in (0, 1) for label in (0, 1))  # those of LABEL_CELLS
assert len(_CELLS) == len(LABEL_CELLS)  # noqa: S101 - of this module, not of its input

_HITS = {
    "selection_rate": {(0, 1), (1, 1)},
    "true_positive_rate": {(1, 1)},
    "false_positive_rate": {(0, 1)},
    "false_negative_rate": {(1, 0)},
    "positive_predictive_value": {(1, 1)},
    "accuracy": {(0, 0), (1, 1)},
}
_AMONG = {
    "selection_rate": set(_CELLS),
    "true_positive_rate": {(1, 0), (1, 1)},
    "false_positive_rate": {(0, 0), (0, 1)},
    "false_negative_rate": {(1, 0), (1, 1)},
    "positive_predictive_value": {(0, 1), (1, 1)},
    "accuracy": set(_CELLS),
}
METRICS = tuple(_HITS)
_HIT = np.array([[cell in _HITS[name] for name in METRICS] for cell in _CELLS], dtype=np.float64)
_OF = np.array([[cell in _AMONG[name] for name in METRICS] for cell in _CELLS], dtype=np.float64)
_TOO_FEW = {
    "selection_rate": "group_too_small",
    "accuracy": "group_too_small",
    "true_positive_rate": "too_few_positives",
    "false_negative_rate": "too_few_positives",
    "false_positive_rate": "too_few_negatives",
    "positive_predictive_value": "too_few_selected",
}


def rates(counts: NDArray[np.number]) -> Values:
    """Return all :data:`METRICS`, shape (..., groups, metrics), of counts by LABEL_CELLS, shape (..., groups, 4)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((counts @ _HIT) / (counts @ _OF), dtype=np.float64)


def denominators(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows that each metric rests on, shape (..., groups, metrics)."""
    return np.asarray(np.rint(counts @ _OF), dtype=np.int64)


def metric(name: str) -> int:
    """Return the place of a metric in :data:`METRICS`."""
    return METRICS.index(name)


def enough(denominator: NDArray[np.int64], policy: Policy) -> NDArray[np.bool_]:
    """Return which metrics are estimable, of the shape of ``denominator``, whose last axis is the metrics."""
    least = [policy.min_group_size if _TOO_FEW[name] == "group_too_small" else policy.min_positives for name in METRICS]
    return np.asarray(denominator >= np.array(least))


def too_few(names: Sequence[str]) -> str:
    """Return the reason code of metrics that lack rows."""
    return _TOO_FEW[names[0]]


@dataclass(frozen=True, slots=True)
class GroupMeasure:
    """A comparison of the groups of one classifier.

    Attributes:
        identifier: Id of its finding.
        parts: The metrics that it compares; with more than one, the largest spread counts.
        ratio: Whether it is the smallest over the largest rate instead of a spread; its effect is a logarithm.
    """

    identifier: str
    parts: tuple[str, ...]
    ratio: bool = False

    def effect(self, group_rates: Values) -> Values:
        """Return the effect of rates of shape (..., groups, metrics), shape (...)."""
        chosen = group_rates[..., [metric(name) for name in self.parts]]
        high, low = chosen.max(axis=-2), chosen.min(axis=-2)
        with np.errstate(invalid="ignore", divide="ignore"):
            found = np.log(low / high) if self.ratio else high - low
        return np.asarray(found.max(axis=-1), dtype=np.float64)

    def shown(self, effect: float) -> float:
        """Return the number that a report shows for an effect."""
        return float(np.exp(effect)) if self.ratio else effect

    def estimable(self, ok: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which groups can be compared, shape (groups,), from which metrics are estimable."""
        return np.asarray(ok[..., [metric(name) for name in self.parts]].all(axis=-1))


MEASURES = (
    GroupMeasure("utility.demographic_parity_difference", ("selection_rate",)),
    GroupMeasure("utility.demographic_parity_ratio", ("selection_rate",), ratio=True),
    GroupMeasure("utility.equalized_odds_difference", ("true_positive_rate", "false_positive_rate")),
    GroupMeasure("utility.true_positive_rate_gap", ("true_positive_rate",)),
    GroupMeasure("utility.false_positive_rate_gap", ("false_positive_rate",)),
    GroupMeasure("utility.accuracy_gap", ("accuracy",)),
)


@dataclass(frozen=True, slots=True)
class Chance:
    """What a spread would be if all groups had one rate.

    Attributes:
        expected: Mean of the spread then.
        p: Share of such spreads that are at least as large as the one found, one more counted on both sides.
    """

    expected: float
    p: float


def spread_by_chance(measure: GroupMeasure, counts: Values, observed: float, draws: int, rng: np.random.Generator) -> Chance:
    """Return how large a spread of groups of these sizes is when nothing but chance tells them apart.

    A spread is never negative, so it is above 0 without any difference, the more so the more and the smaller groups there are.

    Args:
        measure: Which spread; not a ratio.
        counts: Counts by LABEL_CELLS, shape (groups, 4), averaged over the seeds.
        observed: The spread found.
        draws: Number of draws.
        rng: Source of randomness.
    """
    largest = np.zeros(draws)
    for name in measure.parts:
        hits, sizes = counts @ _HIT[:, metric(name)], np.rint(counts @ _OF[:, metric(name)]).astype(np.int64)
        drawn = rng.binomial(sizes, min(float(hits.sum() / sizes.sum()), 1.0), size=(draws, len(sizes))) / sizes
        largest = np.maximum(largest, drawn.max(axis=1) - drawn.min(axis=1))
    reached = int(np.count_nonzero(largest >= observed - 1e-12))
    return Chance(float(largest.mean()), (reached + 1) / (draws + 1))


def spread_bias(measure: GroupMeasure, counts: Values, draws: int, rng: np.random.Generator) -> float:
    """Return how much larger sampling makes the effect of one classifier, on average.

    Args:
        measure: Which effect.
        counts: Counts by LABEL_CELLS, shape (groups, 4), averaged over the seeds.
        draws: Number of draws.
        rng: Source of randomness.
    """
    true, drawn = np.zeros((len(counts), len(METRICS))), np.zeros((draws, len(counts), len(METRICS)))
    for place in (metric(name) for name in measure.parts):
        sizes = np.rint(counts @ _OF[:, place]).astype(np.int64)
        rate = counts @ _HIT[:, place] / sizes
        overall = float((rate * sizes).sum() / sizes.sum())
        true[:, place] = np.clip(shrunk(rate, overall * (1.0 - overall) / sizes), 0.0, 1.0)
        drawn[..., place] = rng.binomial(sizes, true[:, place], size=(draws, len(sizes))) / sizes
    effects = measure.effect(drawn)
    found = float(effects[np.isfinite(effects)].mean() - measure.effect(true)) if np.isfinite(effects).any() else 0.0
    return found if np.isfinite(found) else 0.0
