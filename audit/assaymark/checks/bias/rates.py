"""Bias in the data: differences and ratios of selection rates between groups, and directional bias amplification."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.checks.bias.base_rate import base_rate_parts
from assaymark.checks.bias.effects import Estimate, estimates, null_quantile
from assaymark.checks.bias.measures import (
    Measure,
    attribute_to_target,
    demographic_parity_difference,
    demographic_parity_spread,
    impact_ratio,
    log_odds_ratio,
    rates,
    target_to_attribute,
)
from assaymark.checks.bias.no_disparity import against_no_disparity, spread
from assaymark.checks.statements import Subject, estimated, group_counts, interval, not_estimable, number
from assaymark.cubes.published import POOLED, ScopeCubes, group_name
from assaymark.results.findings import Finding, Outcome
from assaymark.statistics.bootstrap import percentile_interval
from assaymark.statistics.outcomes import bias_outcome, bias_p_value, change_outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from assaymark.checks.bias.case import Case
    from assaymark.checks.bias.sampling import ScopeSample
    from assaymark.policy.model import Policy

DIFFERENCE = "bias.demographic_parity_difference"
RATIO = "bias.impact_ratio"
ODDS = "bias.log_odds_ratio"
SPREAD = "bias.demographic_parity_spread"
MEAN = "bias.directional_amplification"
CELL = "bias.directional_amplification_cell"
IDS = (DIFFERENCE, RATIO, ODDS, SPREAD, MEAN, CELL)

_DIRECTIONS = {"A->T": attribute_to_target, "T->A": target_to_attribute}


def nothing(subject: Subject, reason: str) -> Iterator[Finding]:
    """Return what there is to say of a scope in which nothing can be computed."""
    for identifier in (DIFFERENCE, RATIO, ODDS, SPREAD):
        yield not_estimable(identifier, subject.scope(groups=[]), reason)
    for direction in _DIRECTIONS:
        yield not_estimable(MEAN, subject.scope(direction=direction), reason)


def findings(case: Case) -> Iterator[Finding]:
    """Return the findings of one scope."""
    if case.lost.any():
        yield from _partly_lost(case)
    else:
        yield from _pair_findings(case)
        yield from _direction_findings(case.subject, case.sample, case.policy, case.places)


def extremes(sample: ScopeSample, places: NDArray[np.intp]) -> tuple[int, int]:
    """Return the rows of the groups with the highest and the lowest rate in real; the first ones where rates are equal."""
    p = rates(sample.real)[places]
    a = int(places[np.argmax(p)])
    others = places[places != a]
    return a, int(others[np.argmin(rates(sample.real)[others])])


def _pair_findings(case: Case) -> Iterator[Finding]:
    sample = case.sample
    a, b = extremes(sample, case.places)
    measures = {
        DIFFERENCE: demographic_parity_difference(a, b),
        RATIO: impact_ratio(a, b),
        ODDS: log_odds_ratio(a, b),
        SPREAD: demographic_parity_spread(sample.estimable),
    }
    for identifier, measure in measures.items():
        rows = [int(place) for place in case.places] if identifier == SPREAD else [a, b]
        scope = case.subject.scope(groups=[sample.names[row] for row in rows])
        (estimate,) = estimates(measure, sample, case.policy.level)
        finding = judged(identifier, scope, estimate, sample, case.policy, rows)
        if finding.outcome is not Outcome.NOT_ESTIMABLE:
            finding = _explained(case, finding, a, b)
        yield finding


def _explained(case: Case, finding: Finding, a: int, b: int) -> Finding:
    """Return a finding with what its change is made of, or with what chance alone would give."""
    more: dict[str, Any] = {}
    if finding.id == DIFFERENCE:
        more = {"base_rate": base_rate_parts(case.sample, a, b, case.policy.level)}
    elif finding.id == SPREAD:
        more = against_no_disparity(spread, case.real, case.synthetic, case.equal)
    return replace(finding, detail={**finding.detail, **more})


def judged(
    identifier: str, scope: Mapping[str, Any], estimate: Estimate, sample: ScopeSample, policy: Policy, rows: list[int]
) -> Finding:
    """Return a finding of a signed bias, held against the larger of the policy's margin and the null."""
    counts = group_counts(sample, rows)
    if not np.isfinite(estimate.null):
        return not_estimable(identifier, scope, "too_few_synthetic_rows", n=counts)
    margin = max(policy.margin(identifier), estimate.null)
    outcome = bias_outcome(estimate.effect, margin)
    p = bias_p_value(estimate.effect, estimate.synthetic, margin, outcome, policy.level)
    return estimated(identifier, scope, estimate, margin=margin, outcome=outcome, n=counts, p=p)


def _direction_findings(subject: Subject, sample: ScopeSample, policy: Policy, places: NDArray[np.intp]) -> Iterator[Finding]:
    for direction, make in _DIRECTIONS.items():
        if not sample.synthetic[:, 1].sum():
            yield not_estimable(MEAN, subject.scope(direction=direction), "no_synthetic_positives")
            continue
        measure = make(places)
        cells = estimates(measure, sample, policy.level)
        signs = np.array([-1.0 if cell.effect.real < 0 else 1.0 for cell in cells])
        yield _mean(subject.scope(direction=direction), measure, sample, policy, signs)
        for place, cell in zip(places, cells, strict=True):
            scope = subject.scope(group=sample.names[place], direction=direction)
            yield judged(CELL, scope, cell, sample, policy, [int(place)])


def _mean(
    scope: Mapping[str, Any], measure: Measure, sample: ScopeSample, policy: Policy, signs: NDArray[np.float64]
) -> Finding:
    """Return the mean over the cells of the change in the direction of real's bias (Wang & Russakovsky, 2021, equation 1)."""
    with np.errstate(invalid="ignore"):
        change = measure.theta(sample.synthetic) - measure.theta(sample.real)
        draws = (measure.theta(sample.synthetic_draws) - measure.theta(sample.real_draws)) @ signs / len(signs)
        chance = (measure.theta(sample.null_synthetic) - measure.theta(sample.null_real)) @ signs / len(signs)
    null = null_quantile(np.abs(chance), policy.level)
    if not np.isfinite(null) or not np.isfinite(draws).all():
        return not_estimable(MEAN, scope, "too_few_synthetic_rows")
    ends = percentile_interval(draws, policy.level)
    margin = max(policy.margin(MEAN), null)
    span = (float(ends[0]), float(ends[1]))
    return Finding(
        MEAN,
        scope,
        change_outcome(span, margin),
        value=number(float(change @ signs) / len(signs)),
        ci=interval(span),
        null=null,
        margin=margin,
        n={"cells": len(signs)},
        detail={"interval": "bootstrap"},
    )


def _partly_lost(case: Case) -> Iterator[Finding]:
    """A group that real can estimate has no synthetic row: measures that need it cannot be computed, the others can."""
    sample, subject, places = case.sample, case.subject, case.places
    a, b = extremes(sample, places)
    if sample.synthetic[a].sum() and sample.synthetic[b].sum():
        for finding in _pair_findings(case):
            if finding.id != SPREAD:
                yield finding
        yield not_estimable(SPREAD, subject.scope(groups=[sample.names[p] for p in places]), "group_without_synthetic_rows")
    else:
        for identifier in (DIFFERENCE, RATIO, ODDS, SPREAD):
            scope = subject.scope(groups=[sample.names[a], sample.names[b]])
            yield not_estimable(identifier, scope, "group_without_synthetic_rows")
    for direction in _DIRECTIONS:
        yield not_estimable(MEAN, subject.scope(direction=direction), "group_without_synthetic_rows")


def small_groups(subject: Subject, cubes: ScopeCubes, sample: ScopeSample) -> Iterator[Finding]:
    """Name the groups that have no rate of their own, so that nobody takes silence for fairness."""
    for name, estimable in zip(sample.names, sample.estimable, strict=True):
        if not estimable and name != POOLED:
            yield not_estimable(CELL, subject.scope(group=name, direction="A->T"), "group_too_small")
    for group in cubes.real.pooled_groups:
        yield not_estimable(CELL, subject.scope(group=group_name(group), direction="A->T"), "small_cell")
