"""Bias in a numeric target: means, quantiles, whole distributions and scoring rates of groups.

These findings look at rows. A verifier cannot compute them again; they are signed, and told apart as such.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.checks.bias.effects import estimates
from assaymark.checks.bias.measures import demographic_parity_difference, rates
from assaymark.checks.bias.sampling import ScopeSample
from assaymark.checks.statements import not_estimable, unusable
from assaymark.checks.targets.changes import Change, Draws, bias_finding, signed_change, unsigned_change
from assaymark.checks.targets.rounding import coarse, significant, step_of
from assaymark.checks.targets.score_scope import DRAWS, PairDraws, Scores, ScoreScope, draw_pair, read_scores, score_scope
from assaymark.checks.targets.sketch import mean, quantile, wasserstein
from assaymark.cubes.published import POOLED
from assaymark.statistics.bootstrap import resample, sample_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from assaymark.checks.targets.sketch import Bins
    from assaymark.cubes.published import ScopeCubes
    from assaymark.execution import Run
    from assaymark.host.specs import CheckInput
    from assaymark.policy.model import Policy
    from assaymark.results.findings import Finding

    Counts = NDArray[np.int64]
    Values = NDArray[np.float64]

MEAN = "bias.mean_difference"
QUANTILE = "bias.quantile_difference"
WASSERSTEIN = "bias.wasserstein_distance"
SCORING = "bias.scoring_rate_difference"
IDS = (MEAN, QUANTILE, WASSERSTEIN, SCORING)

_QUANTILES = (0.1, 0.5, 0.9)
_DIGITS = 2  # of a standard deviation


def check(data: CheckInput) -> Iterator[Finding]:
    """Return the findings of all scopes; none for a target that is not numeric."""
    target, positive = data.schema.target, data.schema.positive
    if target is None or positive is None or positive.above is None:
        return
    scores = read_scores(data, target.name)
    for cubes in data.cubes.scopes:
        data.run.check()
        about = {"protected": list(cubes.protected), "target": target.name}
        yield from _scope_findings(about, cubes, scores, data.policy, data.run)


def _scope_findings(about: dict[str, Any], cubes: ScopeCubes, scores: Scores, policy: Policy, run: Run) -> Iterator[Finding]:
    reason = unusable(cubes)
    scope = score_scope(cubes, scores, policy)
    if reason is None and len(scope.names) < 2:  # noqa: PLR2004 - a difference takes two groups
        reason = "group_too_small"
    if reason is not None:
        for identifier in IDS:
            yield not_estimable(identifier, about | {"groups": []}, reason)
        return
    pair = _extremes(scope.means[0])
    yield from _pair_findings(about, scope, pair, policy, run)
    yield _scoring(about, scope, policy, run)


def _extremes(values: Values) -> tuple[int, int]:
    """Return the rows with the highest and the lowest value; the first ones where values are equal."""
    first = int(np.argmax(values))
    return first, int(np.argmin(np.where(np.arange(len(values)) == first, np.inf, values)))


def _short(counts: Counts, pair: tuple[int, int], least: int) -> str | None:
    """Return why synthetic rows are too few, or None."""
    rows = counts[list(pair)].sum(axis=1)
    if not rows.all():
        return "group_without_synthetic_rows"
    return "too_few_synthetic_rows" if (rows < least).any() else None


def _sizes(scope: ScoreScope, pair: tuple[int, int]) -> dict[str, dict[str, int]]:
    tables = {"real": scope.real, "synthetic": scope.synthetic}
    return {name: {scope.names[row]: int(table[row].sum()) for row in pair} for name, table in tables.items()}


def _deviation(scope: ScoreScope, pair: tuple[int, int]) -> float:
    """Return the standard deviation within both groups of real together."""
    counts = scope.real[list(pair)]
    around = (scope.bins.centres - mean(counts, scope.bins)[:, None]) ** 2
    return float(np.sqrt((counts * around).sum() / max(counts.sum() - len(counts), 1)))


def _pair_findings(
    about: dict[str, Any], scope: ScoreScope, pair: tuple[int, int], policy: Policy, run: Run
) -> Iterator[Finding]:
    """Compare the groups with the highest and the lowest mean of real."""
    own = about | {"groups": [scope.names[row] for row in pair]}
    n = _sizes(scope, pair)
    deviation = _deviation(scope, pair)
    reason = _short(scope.synthetic, pair, policy.min_positives) or (None if deviation > 0 else "no_variation")
    if reason is not None:
        yield not_estimable(MEAN, own, reason, n=n)
        yield from (not_estimable(QUANTILE, own | {"quantile": q}, reason, n=n) for q in _QUANTILES)
        yield not_estimable(WASSERSTEIN, own, reason, n=n)
        return
    unit, draws = significant(deviation, _DIGITS), draw_pair(scope, pair, policy, run)
    fewest = min(n["real"].values())
    compared = _Compared(scope, pair, draws, unit, step_of(unit, fewest, policy.small_cell), policy)
    first, second = pair
    means = (float(own_means[first] - own_means[second]) for own_means in scope.means)
    yield compared.finding(MEAN, own, _mean_difference, exact=(next(means), next(means)))
    for q in _QUANTILES:
        named = own | {"quantile": q}
        if fewest * min(q, 1.0 - q) < policy.small_cell:  # fewer rows would lie beyond it
            yield not_estimable(QUANTILE, named, "small_cell", n=n)
            continue
        yield compared.finding(QUANTILE, named, partial(_quantile_difference, q=q))
    yield compared.finding(WASSERSTEIN, own, wasserstein, unsigned=True)


def _mean_difference(first: Counts, second: Counts, bins: Bins) -> Values:
    return mean(first, bins) - mean(second, bins)


def _quantile_difference(first: Counts, second: Counts, bins: Bins, *, q: float) -> Values:
    return quantile(first, bins, q) - quantile(second, bins, q)


class _Compared:
    """Two groups, and how what sets them apart is measured."""

    def __init__(
        self, scope: ScoreScope, pair: tuple[int, int], draws: PairDraws, unit: float, step: float, policy: Policy
    ) -> None:
        self.scope = scope
        self.pair = pair
        self.draws = draws
        self.unit = unit
        self.step = step
        self.policy = policy

    def finding(
        self,
        identifier: str,
        about: dict[str, Any],
        theta: Callable[[Counts, Counts, Bins], Values],
        *,
        exact: tuple[float, float] | None = None,
        unsigned: bool = False,
    ) -> Finding:
        """Return the finding of an effect of two histograms; ``exact`` is what it is in the rows themselves, where known."""
        (a, b), bins = self.pair, self.scope.bins
        real, synthetic = (float(theta(table[a], table[b], bins)) for table in (self.scope.real, self.scope.synthetic))
        many = self.draws
        drawn = Draws(
            *(theta(pair[0], pair[1], bins) for pair in (many.real, many.synthetic, many.null_real, many.null_synthetic))
        )
        if exact is not None:
            drawn = replace(drawn, real=drawn.real + (exact[0] - real), synthetic=drawn.synthetic + (exact[1] - synthetic))
            real, synthetic = exact
        estimate = unsigned_change if unsigned else signed_change
        change = coarse(estimate(real, synthetic, drawn, self.policy.level), self.step)
        told = change.estimate
        detail: dict[str, Any] = {
            "standard_deviation": self.unit,
            "standardised": {
                name: round(number / self.unit, 4)
                for name, number in (("real", told.shown_real), ("synthetic", told.shown_synthetic), ("value", told.value))
            },
            "rounded_to": self.step,
            "draws": min(self.policy.draws, DRAWS),
        }
        if unsigned:
            detail["corrected"] = change.corrected
        n = _sizes(self.scope, self.pair)
        return bias_finding(identifier, about, change, self.policy, n=n, unit=self.unit, detail=detail)


def _scoring(about: dict[str, Any], scope: ScoreScope, policy: Policy, run: Run) -> Finding:
    """Compare the groups with the highest and the lowest share above the median of real (6 RCNY 5-300)."""
    real, synthetic, pooled = scope.above
    pair = _extremes(rates(real))
    own = about | {"groups": [scope.names[row] for row in pair]}
    n = _sizes(scope, pair)
    reason = "small_cell" if (real[list(pair)] < policy.small_cell).any() else _short(synthetic, pair, policy.min_positives)
    if reason is not None:
        return not_estimable(SCORING, own, reason, n=n)
    boot, chance = (run.rng(purpose, *scope.protected) for purpose in ("scoring bootstrap", "scoring null"))
    first, second, both = (np.vstack([table[list(pair)], [[0, 0]]]) for table in (real, synthetic, pooled))
    sizes = first.sum(axis=1, keepdims=True)
    shares = both / np.maximum(both.sum(axis=1, keepdims=True), 1) * sizes / sizes.sum()
    sample = ScopeSample(
        protected=scope.protected,
        names=(*own["groups"], POOLED),
        real=first,
        synthetic=second,
        estimable=np.array([True, True, False]),
        real_draws=resample(first, policy.draws, boot),
        synthetic_draws=resample(second, policy.draws, boot),
        null_real=sample_tables(shares, int(first.sum()), policy.draws, chance),
        null_synthetic=sample_tables(shares, int(second.sum()), policy.draws, chance),
    )
    (estimate,) = estimates(demographic_parity_difference(0, 1), sample, policy.level)
    step = step_of(1.0, min(n["real"].values()), policy.small_cell)
    change = coarse(Change(estimate, estimate.value), step)
    return bias_finding(SCORING, own, change, policy, n=n, detail={"rounded_to": step, "threshold": "median of real"})
