"""Bias in a target with three classes or more, from published counts alone, so that a verifier computes it again."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.checks.bias.effects import estimates
from assaymark.checks.bias.measures import demographic_parity_difference
from assaymark.checks.statements import group_counts, not_estimable
from assaymark.checks.targets.changes import Change, Draws, bias_finding, unsigned_change
from assaymark.checks.targets.class_scope import ClassScope, class_scope, pair_sample
from assaymark.checks.targets.distributions import (
    dominance,
    dominance_change,
    jensen_shannon,
    mean_ridits,
    superiority,
    total_variation,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from assaymark.checks.bias.sampling import ScopeSample
    from assaymark.cubes.published import ClassTables
    from assaymark.execution import Run
    from assaymark.host.specs import CheckInput
    from assaymark.policy.model import Policy
    from assaymark.results.findings import Finding

    Cells = NDArray[np.int64]
    Values = NDArray[np.float64]

PARITY = "bias.class_parity_difference"
DISTANCE = "bias.class_distribution_distance"
RANK = "bias.rank_difference"
IDS = (PARITY, DISTANCE, RANK)

_DISTANCES: dict[str, Callable[[Cells], Values]] = {"total variation": total_variation, "Jensen-Shannon": jensen_shannon}
_FIRST, _SECOND = 0, 1  # rows of a pair's sample


def check(data: CheckInput) -> Iterator[Finding]:
    """Return the findings of all scopes; none for a target of two classes or of numbers."""
    for cubes in data.cubes.scopes:
        data.run.check()
        if cubes.classes is None:
            continue
        about = {"protected": list(cubes.protected), "target": data.cubes.target}
        scope = class_scope(cubes.protected, cubes.classes, data.policy)
        reason = _unusable(cubes.classes, scope)
        if reason is not None:
            yield from _nothing(about, cubes.classes, reason)
            continue
        yield from _parities(about, scope, data.policy, data.run)
        yield from _distances(about, scope, data.policy, data.run)
        if cubes.classes.ordered:
            yield _rank(about, scope, data.policy, data.run)


def _unusable(classes: ClassTables, scope: ClassScope) -> str | None:
    if classes.reason is not None:
        return classes.reason
    if not scope.synthetic.sum():
        return "no_synthetic_outcome"
    return "group_too_small" if len(scope.places) < 2 else None  # noqa: PLR2004 - a difference takes two groups


def _nothing(about: dict[str, Any], classes: ClassTables, reason: str) -> Iterator[Finding]:
    yield not_estimable(PARITY, about | {"groups": []}, reason)
    for name in _DISTANCES:
        yield not_estimable(DISTANCE, about | {"groups": [], "distance": name}, reason)
    if classes.ordered:
        yield not_estimable(RANK, about | {"groups": []}, reason)


def _extremes(values: Values, places: NDArray[np.intp]) -> tuple[int, int]:
    """Return the rows with the highest and the lowest value; the first ones where values are equal."""
    first = int(places[np.argmax(values[places])])
    others = places[places != first]
    return first, int(others[np.argmin(values[others])])


def _parities(about: dict[str, Any], scope: ClassScope, policy: Policy, run: Run) -> Iterator[Finding]:
    """Each class against the rest, by the measure of the two-outcome panel."""
    for cell, name in enumerate(scope.cells[:-1]):
        pair = _extremes(scope.shares[:, cell], scope.places)
        own = about | {"class": name, "groups": [scope.names[row] for row in pair]}
        if _empty(scope, pair):
            yield not_estimable(PARITY, own, "group_without_synthetic_rows")
            continue
        columns = (np.arange(len(scope.cells)) == cell).astype(np.intp)
        sample = pair_sample(scope, pair, columns, policy, run, "parity", name)
        (estimate,) = estimates(demographic_parity_difference(_FIRST, _SECOND), sample, policy.level)
        yield bias_finding(PARITY, own, Change(estimate, estimate.value), policy, n=_counts(sample))


def _empty(scope: ClassScope, pair: tuple[int, int]) -> bool:
    return bool((scope.synthetic[list(pair)].sum(axis=1) == 0).any())


def _counts(sample: ScopeSample) -> dict[str, dict[str, int]]:
    return group_counts(sample, [_FIRST, _SECOND])


def _draws(theta: Callable[[Cells], Values], sample: ScopeSample) -> Draws:
    """Return the effect in all tables; NaN where a group has no row."""
    return Draws(theta(sample.real_draws), theta(sample.synthetic_draws), theta(sample.null_real), theta(sample.null_synthetic))


def _distances(about: dict[str, Any], scope: ClassScope, policy: Policy, run: Run) -> Iterator[Finding]:
    """Return how far apart the two groups are whose classes differ most in real."""
    pairs = [(int(a), int(b)) for a, b in combinations(scope.places, 2)]
    pair = pairs[int(np.argmax(total_variation(np.stack([scope.real[list(one)] for one in pairs]))))]
    groups = [scope.names[row] for row in pair]
    sample = pair_sample(scope, pair, np.arange(len(scope.cells)), policy, run, "distance")
    few = bool((sample.synthetic[:2].sum(axis=1) < policy.min_positives).any())
    for name, theta in _DISTANCES.items():
        own = about | {"distance": name, "groups": groups}
        if few:
            empty = _empty(scope, pair)
            yield not_estimable(
                DISTANCE, own, "group_without_synthetic_rows" if empty else "too_few_synthetic_rows", n=_counts(sample)
            )
            continue
        change = unsigned_change(float(theta(sample.real)), float(theta(sample.synthetic)), _draws(theta, sample), policy.level)
        detail = {"corrected": change.corrected, "classes": list(scope.cells)}
        yield bias_finding(DISTANCE, own, change, policy, n=_counts(sample), detail=detail)


def _rank(about: dict[str, Any], scope: ClassScope, policy: Policy, run: Run) -> Finding:
    """Return how often a member of one group ranks above one of the other, less how often below."""
    levels = len(scope.cells) - 1
    pair = _extremes(mean_ridits(scope.real[:, :levels]), scope.places)
    own = about | {"groups": [scope.names[row] for row in pair]}
    sample = pair_sample(scope, pair, np.arange(levels + 1), policy, run, "rank")
    if (sample.synthetic[:2, :levels].sum(axis=1) == 0).any():
        return not_estimable(RANK, own, "group_without_synthetic_rows")

    def theta(cells: Cells) -> Values:
        return dominance(cells[..., :levels])

    real, synthetic = sample.real[:2, :levels], sample.synthetic[:2, :levels]
    change = dominance_change(real, synthetic, policy.level, _draws(theta, sample))
    detail = {
        "levels": list(scope.cells[:-1]),
        "probability_of_superiority": {"real": superiority(real), "synthetic": superiority(synthetic)},
    }
    return bias_finding(RANK, own, change, policy, n=_counts(sample), detail=detail)
