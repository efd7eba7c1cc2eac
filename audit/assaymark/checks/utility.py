"""Utility: how much worse a classifier is on the holdout when it learned from synthetic instead of real rows."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.statements import interval, not_estimable, number
from assaymark.results.findings import Finding
from assaymark.statistics.outcomes import upper_outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.host.specs import CheckInput

AUC = "utility.auc"
ACCURACY = "utility.accuracy"
IDS = (AUC, ACCURACY)


def check(data: CheckInput) -> Iterator[Finding]:
    """Return both findings; the value is synthetic - real, so that a loss is negative."""
    target = data.schema.target
    scope = {"target": target.name if target else None, "positive": str(data.schema.positive)}
    if data.predictions is None:
        reason = "no_holdout" if data.holdout is None else "one_class"
        for identifier in IDS:
            yield not_estimable(identifier, scope, reason)
        return
    known = data.predictions.truth >= 0
    truth = data.predictions.truth[known] == 1
    real, synthetic = data.predictions.real_scores[known], data.predictions.synthetic_scores[known]
    aucs, covariance = delong(truth, np.stack([real, synthetic]))
    half = _quantile(data.policy.level) * float(np.sqrt(max(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1], 0.0)))
    yield _finding(AUC, scope, data, (float(aucs[0]), float(aucs[1])), half)
    right, right_too = data.predictions.real_labels[known] == truth, data.predictions.synthetic_labels[known] == truth
    shift, spread = paired_difference(right, right_too, data.policy.level)
    yield _finding(ACCURACY, scope, data, (float(right.mean()), float(right_too.mean())), spread, centre=shift)


def _finding(
    identifier: str,
    scope: dict[str, str | None],
    data: CheckInput,
    scores: tuple[float, float],
    half: float,
    centre: float | None = None,
) -> Finding:
    value = scores[1] - scores[0]
    middle = value if centre is None else centre
    ends = (middle - half, middle + half)
    margin = data.policy.margin(identifier)
    return Finding(
        identifier,
        scope,
        upper_outcome((-ends[1], -ends[0]), margin),
        real=number(scores[0]),
        synthetic=number(scores[1]),
        value=number(value),
        ci=interval(ends),
        margin=margin,
        n={"holdout": int((data.predictions.truth >= 0).sum())},
        detail={"interval": "paired", "tested_on": "holdout", "predictors": "all learnable columns, protected ones included"},
    )


def _quantile(level: float) -> float:
    return NormalDist().inv_cdf(0.5 + level / 2)


def delong(truth: NDArray[np.bool_], scores: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return areas under the ROC curve and their covariance (DeLong et al., 1988, by the midranks of Sun & Xu, 2014).

    Args:
        truth: Shape (rows,), both classes present.
        scores: Shape (classifiers, rows).

    Returns:
        Areas of shape (classifiers,), covariance of shape (classifiers, classifiers).
    """
    from scipy.stats import rankdata

    positive, negative = scores[:, truth], scores[:, ~truth]
    m, n = positive.shape[1], negative.shape[1]
    together = rankdata(np.concatenate([positive, negative], axis=1), axis=1)
    of_positive = (together[:, :m] - rankdata(positive, axis=1)) / n
    of_negative = 1 - (together[:, m:] - rankdata(negative, axis=1)) / m
    covariance = _covariance(of_positive) / m + _covariance(of_negative) / n
    return of_positive.mean(axis=1), covariance


def _covariance(placements: NDArray[np.float64]) -> NDArray[np.float64]:
    if placements.shape[1] < 2:  # noqa: PLR2004 - one row has no variance
        return np.zeros((len(placements), len(placements)))
    return np.atleast_2d(np.cov(placements))


def paired_difference(first: NDArray[np.bool_], second: NDArray[np.bool_], level: float) -> tuple[float, float]:
    """Return centre and half width of the interval of P(second) - P(first) on the same rows (Agresti & Min, 2005)."""
    n = len(first) + 2
    gained, lost = float((second & ~first).sum()) + 0.5, float((first & ~second).sum()) + 0.5
    shift = (gained - lost) / n
    return shift, _quantile(level) * float(np.sqrt((gained + lost - (gained - lost) ** 2 / n) / n**2))
