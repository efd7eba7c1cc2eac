"""Bias of classifiers: one trained on real, one on synthetic rows, both tested on the same holdout, group by group.

The definitions are those of Fairlearn: the demographic parity difference of a classifier is the largest minus the smallest
selection rate; the equalized odds difference is the larger of the same spreads of true and of false positive rates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.statements import Subject, interval, not_estimable, number
from assaymark.cubes.published import GroupTable, group_name
from assaymark.results.findings import Finding
from assaymark.statistics.bootstrap import percentile_interval, resample
from assaymark.statistics.outcomes import upper_outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from assaymark.host.specs import CheckInput
    from assaymark.policy.model import Policy

PARITY = "utility.demographic_parity_difference"
ODDS = "utility.equalized_odds_difference"
IDS = (PARITY, ODDS)


def check(data: CheckInput) -> Iterator[Finding]:
    """Return the classifier fairness findings, scope by scope."""
    for cubes in data.cubes.scopes:
        data.run.check()
        subject = Subject(data.cubes, cubes.protected)
        if cubes.model is None:
            reason = "no_holdout" if data.cubes.scopes[0].holdout is None else "no_classifiers"
            for identifier in IDS:
                yield not_estimable(identifier, subject.scope(), reason)
        else:
            yield from _scope_findings(subject, cubes.model, data)


def confusion(counts: NDArray[np.int64], trained_on: str) -> NDArray[np.int64]:
    """Return one classifier's counts by outcome and label, shape (..., groups, 2, 2), from counts of shape (..., groups, 8)."""
    cube = counts.reshape(*counts.shape[:-1], 2, 2, 2)
    return np.asarray(cube.sum(axis=-1 if trained_on == "real" else -2), dtype=np.int64)


def parity_difference(confusions: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the spread of selection rates over groups, shape (...)."""
    selected = confusions[..., 1].sum(axis=-1)
    return _spread(selected / np.maximum(confusions.sum(axis=(-1, -2)), 1))


def odds_difference(confusions: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the larger spread of true and of false positive rates over groups, shape (...)."""
    hit = confusions[..., 1] / np.maximum(confusions.sum(axis=-1), 1)
    return np.maximum(_spread(hit[..., 0]), _spread(hit[..., 1]))


def _spread(rate: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(rate.max(axis=-1) - rate.min(axis=-1), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class _Measure:
    identifier: str
    compute: Callable[[NDArray[np.int64]], NDArray[np.float64]]
    estimable: NDArray[np.bool_]


def _measures(counts: NDArray[np.int64], policy: Policy) -> tuple[_Measure, _Measure]:
    by_outcome = counts.reshape(len(counts), 2, 4).sum(axis=2)
    return (
        _Measure(PARITY, parity_difference, by_outcome.sum(axis=1) >= policy.min_group_size),
        _Measure(ODDS, odds_difference, (by_outcome >= policy.min_positives).all(axis=1)),
    )


def _scope_findings(subject: Subject, table: GroupTable, data: CheckInput) -> Iterator[Finding]:
    if table.withheld or not len(table.groups):
        for identifier in IDS:
            yield not_estimable(identifier, subject.scope(), "small_cell")
        return
    draws = resample(table.cells, data.policy.draws, data.run.rng("model", *subject.protected))
    for measure in _measures(table.counts, data.policy):
        yield _finding(subject, table, measure, draws, data.policy)


def _finding(subject: Subject, table: GroupTable, measure: _Measure, draws: NDArray[np.int64], policy: Policy) -> Finding:
    rows = np.flatnonzero(measure.estimable)
    names = [group_name(table.groups[row]) for row in rows]
    scope = subject.scope(groups=names)
    if len(rows) < 2:  # noqa: PLR2004 - a difference takes two groups
        single = len(table.groups) == 1 and table.pooled is None
        return not_estimable(measure.identifier, scope, "single_group" if single else "group_too_small")
    real, synthetic = (float(measure.compute(confusion(table.counts[rows], by))) for by in ("real", "synthetic"))
    change = measure.compute(confusion(draws[:, rows], "synthetic")) - measure.compute(confusion(draws[:, rows], "real"))
    low, high = percentile_interval(change, policy.level)
    margin = policy.margin(measure.identifier)
    return Finding(
        measure.identifier,
        scope,
        upper_outcome((float(low), float(high)), margin),
        real=number(real),
        synthetic=number(synthetic),
        value=number(synthetic - real),
        ci=interval((float(low), float(high))),
        margin=margin,
        n={"holdout": {name: int(table.n[row]) for name, row in zip(names, rows, strict=True)}},
        detail={"interval": "bootstrap", "tested_on": "holdout"},
    )
