"""Generation seeds: whether another sample of the same generator would have told the same.

A generator whose rows are independent draws varies from sample to sample as any sample does. One that varies more (it
collapses differently for each seed, or normalises over a batch) makes the released table a matter of luck, and no interval of
one table can show that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.bias.measures import rates
from assaymark.checks.bias.rates import extremes
from assaymark.checks.bias.sampling import ScopeSample, sample_scope
from assaymark.checks.statements import Subject, interval, not_estimable, number, unusable
from assaymark.results.findings import Finding, Outcome
from assaymark.statistics.intervals import standard_deviation_interval, t_quantile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.cubes.published import ScopeCubes
    from assaymark.host.specs import CheckInput
    from assaymark.policy.model import Policy

VARIABILITY = "bias.generation_variability"
IDS = (VARIABILITY,)


def check(data: CheckInput) -> Iterator[Finding]:
    """Return one finding a scope that was sampled more than once."""
    for cubes in data.cubes.scopes:
        data.run.check()
        if not cubes.samples:
            continue
        subject = Subject(data.cubes, cubes.protected)
        reason = unusable(cubes)
        if reason is not None:
            yield not_estimable(VARIABILITY, subject.scope(groups=[]), reason)
            continue
        yield _finding(subject, cubes, sample_scope(cubes, data.policy, data.run), data.policy)


def _finding(subject: Subject, cubes: ScopeCubes, sample: ScopeSample, policy: Policy) -> Finding:
    places = np.flatnonzero(sample.estimable)
    if len(places) < 2:  # noqa: PLR2004 - a difference takes two groups
        return not_estimable(VARIABILITY, subject.scope(groups=[]), "group_too_small")
    pair = list(extremes(sample, places))
    scope = subject.scope(groups=[sample.names[row] for row in pair])
    tables = np.stack([sample.synthetic, *(table.aligned(cubes.real.groups) for table in cubes.samples)])[:, pair]
    if (tables.sum(axis=2) < policy.min_positives).any():
        return not_estimable(VARIABILITY, scope, "too_few_synthetic_rows")
    differences = rates(tables)[:, 0] - rates(tables)[:, 1]
    expected = _sampling_deviation(tables)
    if not expected > 0:
        return not_estimable(VARIABILITY, scope, "no_variation")
    observed = float(np.std(differences, ddof=1))
    with np.errstate(divide="ignore"):
        low, high = (float(np.log(end / expected)) for end in standard_deviation_interval(observed, len(tables), policy.level))
        value = float(np.log(np.float64(observed) / expected))
    return Finding(
        VARIABILITY,
        scope,
        Outcome.SHOWN,
        real=number(expected),
        synthetic=number(observed),
        value=number(value),
        ci=interval((low, high)),
        n={"samples": len(tables)},
        detail=_detail(sample, pair, differences, policy),
    )


def _sampling_deviation(tables: NDArray[np.int64]) -> float:
    """Return the standard deviation that independent rows alone give the difference, from the rates of all samples together."""
    p = rates(tables.sum(axis=0))
    return float(np.sqrt((p * (1.0 - p) / tables.sum(axis=2).mean(axis=0)).sum()))


def _detail(sample: ScopeSample, pair: list[int], differences: NDArray[np.float64], policy: Policy) -> dict[str, object]:
    """Return the effect of each sample, and the change of the generator itself with the uncertainty of real and of seeds."""
    real = rates(sample.real)[pair]
    change = float(differences.mean() - (real[0] - real[1]))
    drawn = rates(sample.real_draws[:, pair])
    of_real = float(np.std(drawn[:, 0] - drawn[:, 1]))
    of_seeds = float(np.std(differences, ddof=1) / np.sqrt(len(differences)))
    half = float(np.hypot(t_quantile(policy.level, len(differences) - 1) * of_seeds, t_quantile(policy.level, None) * of_real))
    return {
        "interval": "chi-squared, of the logarithm of observed over expected standard deviation",
        "differences": [number(float(one)) for one in differences],
        "mean_change": number(change),
        "mean_change_ci": [number(change - half), number(change + half)],
        "deviation": {"real_sampling": number(of_real), "generation_seeds": number(of_seeds)},
    }
