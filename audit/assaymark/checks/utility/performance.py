"""Utility: how much worse a classifier is on the holdout when it learned from synthetic, or from both, instead of real rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.checks.statements import interval, not_estimable, number
from assaymark.checks.utility.features import predictors
from assaymark.checks.utility.training import Plan, Predictions, holdout_predictions, unlearnable
from assaymark.cubes.models import AGAIN, COMPARED, REAL, SYNTHETIC, ModelKey
from assaymark.results.findings import Finding
from assaymark.statistics.intervals import newcombe_paired, t_quantile
from assaymark.statistics.layers import Layered, layered, pairwise_null
from assaymark.statistics.outcomes import upper_outcome
from assaymark.statistics.roc import delong
from assaymark.tables.schema import Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.host.specs import CheckInput

    Values = NDArray[np.float64]

AUC = "utility.auc"
ACCURACY = "utility.accuracy"
IDS = (AUC, ACCURACY)
_LEAST = 1e-15  # probabilities nearer to 0 or 1 would have an endless logarithm


def check(data: CheckInput) -> Iterator[Finding]:
    """Return both findings of each learner and training set; the value is synthetic - real, so that a loss is negative."""
    found, reason = predictions_of(data)
    if found is None:
        for identifier in IDS:
            yield not_estimable(identifier, scope_of(data), str(reason))
        return
    for learner in found.learners():
        yield from _learner_findings(data, found, learner)


def predictions_of(data: CheckInput) -> tuple[Predictions | None, str | None]:
    """Return the predictions, made here if nobody made them before, or why there are none."""
    if data.holdout is None:
        return None, "no_holdout"
    if data.predictions is not None:
        return data.predictions, None
    made = holdout_predictions(data.real, data.holdout, data.synthetic, data.run, Plan.of(data.policy))
    return made, None if made is not None else unlearnable(data.real, data.synthetic) or "too_few_rows"


def scope_of(data: CheckInput, **more: Any) -> dict[str, Any]:
    """Return the scope of a finding about classifiers."""
    target, positive = data.schema.target, data.schema.positive
    base = {"target": None if target is None else target.name, "positive": None if positive is None else str(positive)}
    return base | more


@dataclass(frozen=True, slots=True)
class _Loss:
    """A score by seed of the classifiers trained on real and on other rows, and the interval of the change."""

    identifier: str
    real: Values
    other: Values
    again: Values
    change: Layered
    method: str
    more: dict[str, Any]


def _learner_findings(data: CheckInput, found: Predictions, learner: str) -> Iterator[Finding]:
    n = {"real": found.training_rows[REAL], "synthetic": found.training_rows[SYNTHETIC], "holdout": len(found.truth)}
    few = min(int(found.truth.sum()), int((~found.truth).sum())) < data.policy.min_positives
    for trained_on in COMPARED:
        fits = found.fits(learner, trained_on)
        if not fits:
            continue
        data.run.check()
        scope = scope_of(data, learner=learner, trained_on=trained_on)
        again = found.fits(learner, AGAIN)
        if few:
            yield not_estimable(AUC, scope, "too_few_positives", n=n)
        else:
            yield _finding(data, scope, _auc(found, fits, again, data.policy.level), n)
        if len(found.truth) < data.policy.min_group_size:
            yield not_estimable(ACCURACY, scope, "too_few_rows", n=n)
        else:
            yield _finding(data, scope, _accuracy(found, fits, again, data.policy.level), n)


def _auc(found: Predictions, fits: Sequence[ModelKey], again: Sequence[ModelKey], level: float) -> _Loss:
    partners = [key.partner for key in fits]
    areas = delong(found.truth, np.stack([found.scores[key] for key in (*partners, *fits)]))
    others = delong(found.truth, np.stack([found.scores[key] for key in again])).auc if again else np.zeros(0)
    seeds = len(fits)
    real, other = areas.auc[:seeds], areas.auc[seeds:]
    weights = np.concatenate([np.full(seeds, -1.0), np.ones(seeds)]) / seeds
    half = t_quantile(level, None) * float(np.sqrt(max(float(weights @ areas.covariance @ weights), 0.0)))
    value = float(np.mean(other - real))
    change = layered(other - real, value - half, value + half, level)
    return _Loss(AUC, real, other, others, change, "DeLong, paired", {})


def _accuracy(found: Predictions, fits: Sequence[ModelKey], again: Sequence[ModelKey], level: float) -> _Loss:
    """Newcombe's paired interval of each seed; its ends are averaged, as if sampling did the same to all seeds."""
    right = {key: found.labels(key) == found.truth for key in (*fits, *(key.partner for key in fits), *again)}
    tables = []
    for key in fits:
        real, other = right[key.partner], right[key]
        tables.append([int(np.count_nonzero(rows)) for rows in (other & real, other & ~real, ~other & real, ~other & ~real)])
    both, gained, lost, neither = np.array(tables).T
    low, high = newcombe_paired(both, gained, lost, neither, level)
    real, other, others = (
        np.array([right[key].mean() for key in keys]) for keys in ([key.partner for key in fits], fits, again)
    )
    change = layered(other - real, float(low.mean()), float(high.mean()), level)
    more = {
        "real": _scores(found, [key.partner for key in fits]),
        "synthetic": _scores(found, fits),
    }
    return _Loss(ACCURACY, real, other, others, change, "Newcombe, paired", {"scores": more})


def _scores(found: Predictions, keys: Sequence[ModelKey]) -> dict[str, float]:
    """Return further scores of classifiers, means over the seeds."""
    truth = found.truth
    positives, negatives = max(int(truth.sum()), 1), max(int((~truth).sum()), 1)
    scores = np.stack([found.scores[key] for key in keys])
    labels = np.stack([found.labels(key) for key in keys])
    inside = np.clip(scores, _LEAST, 1.0 - _LEAST)
    balanced = ((labels & truth).sum(axis=1) / positives + (~labels & ~truth).sum(axis=1) / negatives) / 2.0
    return {
        "balanced_accuracy": float(balanced.mean()),
        "log_loss": float(-np.where(truth, np.log(inside), np.log1p(-inside)).mean()),
        "brier": float(((scores - truth) ** 2).mean()),
    }


def _finding(data: CheckInput, scope: dict[str, Any], loss: _Loss, n: dict[str, int]) -> Finding:
    null = pairwise_null(loss.again, data.policy.level)
    margin = max(data.policy.margin(loss.identifier), null or 0.0)
    names = predictors(data.schema)
    low, high = loss.change.ends
    return Finding(
        loss.identifier,
        scope,
        upper_outcome((-high, -low), margin),  # what is held against the margin is the loss
        real=number(float(loss.real.mean())),
        synthetic=number(float(loss.other.mean())),
        value=number(loss.change.value),
        ci=interval((low, high)),
        null=null,
        margin=margin,
        n=n,
        detail={
            "interval": loss.method,
            "variance": loss.change.variance(),
            "seeds": len(loss.real),
            "tested_on": "holdout",
            "margin_from": "null" if margin == null else "policy",
            "predictors": len(names),
            "protected_predictors": [column.name for column in names if Role.PROTECTED in column.roles],
        }
        | loss.more,
    )
