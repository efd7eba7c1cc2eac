"""Bias of classifiers: one trained on real, one on synthetic rows, both tested on the same holdout, group by group.

The definitions are those of Fairlearn: the demographic parity difference of a classifier is the largest minus the smallest
selection rate; the equalized odds difference is the larger of the same spreads of true and of false positive rates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.statements import Subject, interval, not_estimable, number
from assaymark.cubes.published import group_name
from assaymark.results.findings import Finding
from assaymark.statistics.bootstrap import percentile_interval, resample
from assaymark.statistics.outcomes import upper_outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from assaymark.cubes.fine import Group
    from assaymark.cubes.published import ScopeCubes
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
        if cubes.model is None and cubes.model_real is None:
            reason = "no_holdout" if cubes.holdout is None else "no_classifiers"
            for identifier in IDS:
                yield not_estimable(identifier, subject.scope(), reason)
        else:
            yield from _scope_findings(subject, cubes, data)


@dataclass(frozen=True, slots=True)
class Confusions:
    """Both classifiers' confusion counts by group.

    Attributes:
        groups: Groups that both tables publish.
        real: Counts of the classifier trained on real rows, shape (..., groups, 2, 2): outcome, then label.
        synthetic: The same for the one trained on synthetic rows.
        single: Whether there is one group and no pool.
        paired: Whether both come from one table, so that draws keep their dependence.
    """

    groups: tuple[Group, ...]
    real: NDArray[np.int64]
    synthetic: NDArray[np.int64]
    single: bool = False
    paired: bool = True


def confusions(cubes: ScopeCubes) -> Confusions | None:
    """Return the published confusion counts of a scope; None when it publishes none."""
    if cubes.model is not None and not cubes.model.withheld:
        table = cubes.model
        single = len(table.groups) == 1 and table.pooled is None
        return Confusions(table.groups, confusion(table.counts, "real"), confusion(table.counts, "synthetic"), single)
    if cubes.model_real is None or cubes.model_synthetic is None or cubes.model_real.withheld or cubes.model_synthetic.withheld:
        return None
    groups = tuple(group for group in cubes.model_real.groups if group in cubes.model_synthetic.groups)
    parts = [table.aligned(groups)[:-1].reshape(len(groups), 2, 2) for table in (cubes.model_real, cubes.model_synthetic)]
    return Confusions(groups, parts[0], parts[1], paired=False)


def _draws(cubes: ScopeCubes, found: Confusions, data: CheckInput) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return bootstrap confusion counts. Without a joint table the two are drawn apart, which makes the interval wider."""
    count = len(found.groups)
    if cubes.model is not None and found.paired:
        joint = resample(cubes.model.cells, data.policy.draws, data.run.rng("model", *cubes.protected))[:, :count]
        return confusion(joint, "real"), confusion(joint, "synthetic")
    drawn = []
    for name in ("model_real", "model_synthetic"):
        cells = getattr(cubes, name).aligned(found.groups)
        tables = resample(cells, data.policy.draws, data.run.rng(name, *cubes.protected))[:, :count]
        drawn.append(tables.reshape(data.policy.draws, count, 2, 2))
    return drawn[0], drawn[1]


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


def _measures(found: Confusions, policy: Policy) -> tuple[_Measure, _Measure]:
    by_outcome = found.real.sum(axis=-1)
    return (
        _Measure(PARITY, parity_difference, by_outcome.sum(axis=1) >= policy.min_group_size),
        _Measure(ODDS, odds_difference, (by_outcome >= policy.min_positives).all(axis=1)),
    )


def _scope_findings(subject: Subject, cubes: ScopeCubes, data: CheckInput) -> Iterator[Finding]:
    found = confusions(cubes)
    if found is None or not found.groups:
        for identifier in IDS:
            yield not_estimable(identifier, subject.scope(), "small_cell")
        return
    draws = _draws(cubes, found, data)
    for measure in _measures(found, data.policy):
        yield _finding(subject, found, measure, draws, data.policy)


def _finding(
    subject: Subject, found: Confusions, measure: _Measure, draws: tuple[NDArray[np.int64], NDArray[np.int64]], policy: Policy
) -> Finding:
    rows = np.flatnonzero(measure.estimable)
    names = [group_name(found.groups[row]) for row in rows]
    scope = subject.scope(groups=names)
    if len(rows) < 2:  # noqa: PLR2004 - a difference takes two groups
        return not_estimable(measure.identifier, scope, "single_group" if found.single else "group_too_small")
    real, synthetic = (float(measure.compute(counts[rows])) for counts in (found.real, found.synthetic))
    change = measure.compute(draws[1][:, rows]) - measure.compute(draws[0][:, rows])
    low, high = percentile_interval(change, policy.level)
    margin = policy.margin(measure.identifier)
    sizes = found.real.sum(axis=(1, 2))
    return Finding(
        measure.identifier,
        scope,
        upper_outcome((float(low), float(high)), margin),
        real=number(real),
        synthetic=number(synthetic),
        value=number(synthetic - real),
        ci=interval((float(low), float(high))),
        margin=margin,
        n={"holdout": {name: int(sizes[row]) for name, row in zip(names, rows, strict=True)}},
        detail={"interval": "bootstrap, paired" if found.paired else "bootstrap, unpaired", "tested_on": "holdout"},
    )
