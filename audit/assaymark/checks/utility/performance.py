"""Utility: how much worse a classifier is on the holdout when it learned from synthetic instead of real rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.checks.statements import interval, not_estimable, number
from assaymark.checks.utility.learners import LEARNER, Predictions, holdout_predictions, predictors, unlearnable
from assaymark.results.findings import Finding
from assaymark.statistics.intervals import newcombe_paired
from assaymark.statistics.outcomes import upper_outcome
from assaymark.statistics.roc import delong
from assaymark.tables.schema import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.host.specs import CheckInput

AUC = "utility.auc"
ACCURACY = "utility.accuracy"
IDS = (AUC, ACCURACY)


@dataclass(frozen=True, slots=True)
class _Loss:
    """A score of both classifiers and their difference, synthetic - real, with its interval."""

    real: float
    synthetic: float
    low: float
    high: float
    method: str


def check(data: CheckInput) -> Iterator[Finding]:
    """Return both findings; the value is synthetic - real, so that a loss is negative."""
    found, reason = _predictions(data)
    if found is None:
        for identifier in IDS:
            yield not_estimable(identifier, _scope(data), str(reason))
        return
    known = found.truth >= 0
    truth = found.truth[known] == 1
    n = {"real": data.real.rows, "synthetic": data.synthetic.rows, "holdout": len(truth)}
    if min(int(truth.sum()), int((~truth).sum())) < data.policy.min_positives:
        yield not_estimable(AUC, _scope(data), "too_few_positives", n=n)
    else:
        yield _finding(data, AUC, _auc(truth, found.real_scores[known], found.synthetic_scores[known], data.policy.level), n)
    if len(truth) < data.policy.min_group_size:
        yield not_estimable(ACCURACY, _scope(data), "too_few_rows", n=n)
    else:
        right, right_too = found.real_labels[known] == truth, found.synthetic_labels[known] == truth
        yield _finding(data, ACCURACY, _accuracy(right, right_too, data.policy.level), n)


def _predictions(data: CheckInput) -> tuple[Predictions | None, str | None]:
    """Return the predictions, made here if nobody made them before, or why there are none."""
    if data.holdout is None:
        return None, "no_holdout"
    if data.predictions is not None:
        return data.predictions, None
    made = holdout_predictions(data.real, data.holdout, data.synthetic, data.run)
    return made, None if made is not None else unlearnable(data.real, data.synthetic)


def _scope(data: CheckInput) -> dict[str, Any]:
    target, positive = data.schema.target, data.schema.positive
    return {"target": None if target is None else target.name, "positive": None if positive is None else str(positive)}


def _auc(truth: NDArray[np.bool_], real: NDArray[np.float64], synthetic: NDArray[np.float64], level: float) -> _Loss:
    areas = delong(truth, np.stack([real, synthetic]))
    low, high = areas.difference(1, 0, level)
    return _Loss(float(areas.auc[0]), float(areas.auc[1]), low, high, "DeLong, paired")


def _accuracy(real: NDArray[np.bool_], synthetic: NDArray[np.bool_], level: float) -> _Loss:
    both, gained, lost = (int(np.count_nonzero(rows)) for rows in (synthetic & real, synthetic & ~real, ~synthetic & real))
    low, high = newcombe_paired(both, gained, lost, len(real) - both - gained - lost, level)
    return _Loss(float(real.mean()), float(synthetic.mean()), float(low), float(high), "Newcombe, paired")


def _finding(data: CheckInput, identifier: str, loss: _Loss, n: dict[str, int]) -> Finding:
    margin = data.policy.margin(identifier)
    names = predictors(data.schema)
    return Finding(
        identifier,
        _scope(data),
        upper_outcome((-loss.high, -loss.low), margin),  # what is held against the margin is the loss
        real=number(loss.real),
        synthetic=number(loss.synthetic),
        value=number(loss.synthetic - loss.real),
        ci=interval((loss.low, loss.high)),
        margin=margin,
        n=n,
        detail={
            "interval": loss.method,
            "tested_on": "holdout",
            "learner": LEARNER,
            "predictors": len(names),
            "protected_predictors": [column.name for column in names if Role.PROTECTED in column.roles],
        },
    )
