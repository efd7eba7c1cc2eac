"""How strongly outcome and group hang together, without a sign: differential fairness, Cramér's V and mutual information.

None of these can see that a bias was turned round: they are shown beside the signed measures, not in their place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.checks.bias.effects import centred_interval, null_quantile
from assaymark.checks.bias.no_disparity import against_no_disparity
from assaymark.checks.statements import Subject, group_counts, interval, not_estimable, number
from assaymark.results.findings import Finding, Outcome
from assaymark.statistics.outcomes import change_outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from assaymark.checks.bias.case import Case

    Cells = NDArray[np.int64]
    Values = NDArray[np.float64]

EPSILON = "bias.differential_fairness_epsilon"
CRAMERS_V = "bias.cramers_v"
INFORMATION = "bias.mutual_information"
IDS = (EPSILON, CRAMERS_V, INFORMATION)

CONCENTRATION = 1.0  # of the Dirichlet prior of each group's outcomes, half of it to each outcome; AIF360's default


def findings(case: Case) -> Iterator[Finding]:
    """Return the unsigned measures of one scope."""
    if case.lost.any():
        yield from nothing(case.subject, "group_without_synthetic_rows")
        return
    yield _change(case, EPSILON, epsilon)
    if case.synthetic.sum(axis=0).all():
        yield _change(case, CRAMERS_V, cramers_v)
        yield _change(case, INFORMATION, mutual_information)
    else:
        for identifier in (CRAMERS_V, INFORMATION):
            yield not_estimable(identifier, _scope(case), "one_synthetic_outcome")


def nothing(subject: Subject, reason: str) -> Iterator[Finding]:
    """Return what there is to say of a scope in which nothing can be computed."""
    for identifier in IDS:
        yield not_estimable(identifier, subject.scope(groups=[]), reason)


def epsilon(cells: Cells) -> Values:
    """Return the largest log ratio of the smoothed shares of an outcome in two groups (Foulds et al., 2018, equation 7).

    Args:
        cells: Tables, shape (..., groups, 2).

    Returns:
        Shape (...), at least 0.
    """
    smoothed = (cells + CONCENTRATION / 2.0) / (cells.sum(axis=-1, keepdims=True) + CONCENTRATION)
    logs = np.log(smoothed)
    return np.asarray((logs.max(axis=-2) - logs.min(axis=-2)).max(axis=-1), dtype=np.float64)


def cramers_v(cells: Cells) -> Values:
    """Return Cramér's V between group and outcome, corrected for bias (Bergsma, 2013), shape (...), in [0, 1]."""
    n = cells.sum(axis=(-2, -1)).astype(np.float64)
    groups = cells.shape[-2]
    phi = _chi_square(cells) / n
    phi = np.maximum(phi - (groups - 1) / (n - 1.0), 0.0)
    rows, columns = groups - (groups - 1) ** 2 / (n - 1.0), 2.0 - 1.0 / (n - 1.0)
    return np.asarray(np.sqrt(phi / (np.minimum(rows, columns) - 1.0)), dtype=np.float64)


def _chi_square(cells: Cells) -> Values:
    expected = cells.sum(axis=-1, keepdims=True) * (
        cells.sum(axis=-2, keepdims=True) / cells.sum(axis=(-2, -1), keepdims=True, dtype=np.float64)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        terms = np.where(expected > 0, (cells - expected) ** 2 / expected, 0.0)
    return np.asarray(terms.sum(axis=(-2, -1)), dtype=np.float64)


def mutual_information(cells: Cells) -> Values:
    """Return the mutual information of group and outcome in nats, corrected for bias (Miller, 1955), shape (...).

    Under independence its mean is about 0, so it may fall below 0 by chance.
    """
    n = cells.sum(axis=(-2, -1)).astype(np.float64)

    def entropy(counts: NDArray[np.int64], axes: tuple[int, ...]) -> Values:
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.where(counts > 0, counts * np.log(counts), 0.0)
        return np.asarray(np.log(n) - terms.sum(axis=axes) / n, dtype=np.float64)

    plain = entropy(cells.sum(axis=-1), (-1,)) + entropy(cells.sum(axis=-2), (-1,)) - entropy(cells, (-2, -1))
    return np.asarray(plain - (cells.shape[-2] - 1) / (2.0 * n), dtype=np.float64)


def _scope(case: Case) -> dict[str, Any]:
    return case.subject.scope(groups=[case.sample.names[place] for place in case.places])


def _change(case: Case, identifier: str, statistic: Callable[[Cells], Values]) -> Finding:
    sample, places, level = case.sample, case.places, case.policy.level
    real, synthetic = float(statistic(case.real)), float(statistic(case.synthetic))
    value = synthetic - real
    draws = statistic(sample.synthetic_draws[:, places]) - statistic(sample.real_draws[:, places])
    null = null_quantile(np.abs(statistic(sample.null_synthetic[:, places]) - statistic(sample.null_real[:, places])), level)
    if not np.isfinite(draws).all() or not np.isfinite(null):
        return not_estimable(identifier, _scope(case), "too_few_synthetic_rows")
    ends = centred_interval(draws, value, level)
    detail: dict[str, Any] = {"interval": "bootstrap"}
    margin, outcome = None, Outcome.SHOWN
    if identifier == EPSILON:
        margin = max(case.policy.margin(identifier), null)
        outcome = change_outcome(ends, margin)
        detail |= {"margin_from": "null" if margin == null else "policy", "concentration": CONCENTRATION}
        detail |= against_no_disparity(statistic, case.real, case.synthetic, case.equal)
    return Finding(
        identifier,
        _scope(case),
        outcome,
        real=number(real),
        synthetic=number(synthetic),
        value=number(value),
        ci=interval(ends),
        null=null,
        margin=margin,
        n=group_counts(sample, [int(place) for place in places]),
        detail=detail,
    )
