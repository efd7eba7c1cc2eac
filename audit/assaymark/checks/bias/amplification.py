"""Bias amplification in the two forms that read shares without a direction: MALS, and its absolute, many-attribute kin.

Neither may gate. MALS (Zhao et al., 2017) moves when the generator only draws more rows of a group, and its terms cancel. The
measures of Zhao, Andrews & Xiang (2023) take absolute values, so sampling alone makes them grow: what it makes of them is
taken off here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.bias.effects import centred_interval, null_quantile
from assaymark.checks.bias.measures import rates
from assaymark.checks.bias.no_disparity import exceedance
from assaymark.checks.statements import Subject, interval, not_estimable, number
from assaymark.results.findings import Finding, Outcome
from assaymark.statistics.bootstrap import percentile_interval

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from assaymark.checks.bias.case import Case
    from assaymark.checks.bias.sampling import ScopeSample

    Cells = NDArray[np.int64]
    Values = NDArray[np.float64]

MALS = "bias.mals"
MULTI = "bias.multi_attribute_amplification"
IDS = (MALS, MULTI)

_OUTCOMES = 2
MALS_DIRECTION = "MALS"
_DIRECTIONS = (MALS_DIRECTION, "A->T", "T->A")


def findings(case: Case) -> Iterator[Finding]:
    """Return MALS and the multi-attribute measures of one scope."""
    if not case.sample.synthetic.sum(axis=0).all():
        yield from nothing(case.subject, "one_synthetic_outcome")
        return
    skewed = over_represented(case.sample.real).any()
    yield _mals(case) if skewed else not_estimable(MALS, case.subject.scope(), "no_over_represented_group")
    for direction in _DIRECTIONS:
        if direction == MALS_DIRECTION and not skewed:
            yield not_estimable(MULTI, case.subject.scope(direction=direction), "no_over_represented_group")
        else:
            yield _multi(case, direction)


def nothing(subject: Subject, reason: str) -> Iterator[Finding]:
    """Return what there is to say of a scope in which nothing can be computed."""
    yield not_estimable(MALS, subject.scope(), reason)
    for direction in _DIRECTIONS:
        yield not_estimable(MULTI, subject.scope(direction=direction), reason)


def group_shares(cells: Cells) -> Values:
    """Return each group's share of the rows of each outcome, shape (..., groups, 2)."""
    counts = cells.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(counts / counts.sum(axis=-2, keepdims=True), dtype=np.float64)


def over_represented(cells: Cells) -> NDArray[np.bool_]:
    """Return the pairs of group and outcome whose share is above 1 / groups in real; rows without any count are no group."""
    groups = int((cells.sum(axis=1) > 0).sum())
    return np.asarray(group_shares(cells) > 1.0 / groups, dtype=np.bool_)


def mals(cells: Cells, pairs: NDArray[np.bool_]) -> Values:
    """Return the sum of the shares of ``pairs`` over the number of outcomes, shape (...); its change is MALS."""
    return np.asarray(group_shares(cells)[..., pairs].sum(axis=-1) / _OUTCOMES, dtype=np.float64)


def _mals(case: Case) -> Finding:
    sample, level = case.sample, case.policy.level
    pairs = over_represented(sample.real)
    real, synthetic = float(mals(sample.real, pairs)), float(mals(sample.synthetic, pairs))
    draws = mals(sample.synthetic_draws, pairs) - mals(sample.real_draws, pairs)
    null = null_quantile(np.abs(mals(sample.null_synthetic, pairs) - mals(sample.null_real, pairs)), level)
    if not np.isfinite(draws).all() or not np.isfinite(null):
        return not_estimable(MALS, case.subject.scope(), "too_few_synthetic_rows")
    ends = percentile_interval(draws, level)
    return Finding(
        MALS,
        case.subject.scope(),
        Outcome.SHOWN,
        real=number(real),
        synthetic=number(synthetic),
        value=number(synthetic - real),
        ci=interval((float(ends[0]), float(ends[1]))),
        null=null,
        n={"cells": int(pairs.sum())},
        detail={"interval": "bootstrap"},
    )


def _measure(case: Case, direction: str) -> tuple[Callable[[Cells], Values], int]:
    """Return a measure from tables to one number a cell, shape (..., cells), and what the sum over cells is divided by."""
    places = case.places
    if direction == "A->T":
        return lambda cells: rates(cells)[..., places], len(places)
    if direction == "T->A":
        size = _OUTCOMES * len(places)
        return lambda cells: group_shares(cells)[..., places, :].reshape(*cells.shape[:-2], size), size
    pairs = over_represented(case.sample.real)
    return lambda cells: group_shares(cells)[..., pairs], _OUTCOMES


def _multi(case: Case, direction: str) -> Finding:
    scope = case.subject.scope(direction=direction)
    if direction == "A->T" and case.lost.any():
        return not_estimable(MULTI, scope, "group_without_synthetic_rows")
    measure, size = _measure(case, direction)
    change, draws, chance = _changes(case.sample, measure)
    if not np.isfinite(draws).all() or not np.isfinite(chance).all():
        return not_estimable(MULTI, scope, "too_few_synthetic_rows")
    found, drawn, expected = (np.abs(each).sum(axis=-1) / size for each in (change, draws, chance))
    by_chance = float(expected.mean())
    value = float(found) - by_chance
    return Finding(
        MULTI,
        scope,
        Outcome.SHOWN,
        value=number(value),
        ci=interval(centred_interval(drawn - by_chance, value, case.policy.level)),
        null=max(null_quantile(expected - by_chance, case.policy.level), 0.0),
        n={"cells": change.shape[-1]},
        detail={
            "interval": "bootstrap",
            "mean_absolute_change": number(float(found)),
            "expected_by_chance": number(by_chance),
            "variance": number(float(change.var())),
            "variance_by_chance": number(float(chance.var(axis=-1).mean())),
            "p_by_chance": exceedance(float(found), expected),
        },
    )


def _changes(sample: ScopeSample, measure: Callable[[Cells], Values]) -> tuple[Values, Values, Values]:
    """Return the change of each cell, shape (cells,), its bootstrap draws and its draws by chance, shape (draws, cells)."""
    with np.errstate(invalid="ignore"):
        return (
            measure(sample.synthetic) - measure(sample.real),
            measure(sample.synthetic_draws) - measure(sample.real_draws),
            measure(sample.null_synthetic) - measure(sample.null_real),
        )
