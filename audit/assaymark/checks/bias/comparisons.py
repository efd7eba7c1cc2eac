"""Each group against a reference group, and against everybody: differences and ratios of selection rates, and odds ratios."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.bias.effects import estimates
from assaymark.checks.bias.measures import Closed, Measure, overall_rate, rates
from assaymark.checks.bias.rates import judged
from assaymark.checks.bias.references import reference_of
from assaymark.checks.statements import Subject, not_estimable
from assaymark.statistics.intervals import log_odds_interval, log_ratio_interval, newcombe_difference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from assaymark.checks.bias.case import Case
    from assaymark.results.findings import Finding

    Cells = NDArray[np.int64]
    Values = NDArray[np.float64]

DIFFERENCE = "bias.group_parity_difference"
RATIO = "bias.group_impact_ratio"
ODDS = "bias.group_log_odds_ratio"
IDS = (DIFFERENCE, RATIO, ODDS)
OVERALL = "overall"


def findings(case: Case) -> Iterator[Finding]:
    """Return each group against the reference, then each group against everybody."""
    reference = reference_of(case.sample, case.places, case.references)
    if reference is None:
        for identifier in IDS:
            scope = case.subject.scope(against=case.references[case.sample.protected[0]])
            yield not_estimable(identifier, scope, "reference_not_estimable")
    else:
        yield from _against(case, case.places[case.places != reference], reference)
    yield from _against(case, case.places, None)


def nothing(subject: Subject, reason: str) -> Iterator[Finding]:
    """Return what there is to say of a scope in which nothing can be computed."""
    for identifier in IDS:
        yield not_estimable(identifier, subject.scope(against=OVERALL), reason)


def _against(case: Case, groups: NDArray[np.intp], reference: int | None) -> Iterator[Finding]:
    sample = case.sample
    against = OVERALL if reference is None else sample.names[reference]
    without = sample.synthetic[groups].sum(axis=1) == 0
    if reference is not None and not sample.synthetic[reference].sum():
        without[:] = True
    for group in groups[without]:
        for identifier in IDS:
            scope = case.subject.scope(group=sample.names[group], against=against)
            yield not_estimable(identifier, scope, "group_without_synthetic_rows")
    kept = groups[~without]
    makers = _TO_ALL if reference is None else _TO_GROUP
    for identifier, make in makers.items():
        measure = make(kept, -1 if reference is None else reference)
        for group, estimate in zip(kept, estimates(measure, sample, case.policy.level), strict=True):
            scope = case.subject.scope(group=sample.names[group], against=against)
            rows = [int(group)] if reference is None else [int(group), reference]
            yield judged(identifier, scope, estimate, sample, case.policy, rows)


def _log(values: Values) -> Values:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log(values), dtype=np.float64)


def _less(first: Values, second: Values) -> Values:
    with np.errstate(invalid="ignore"):
        return np.asarray(first - second, dtype=np.float64)


def _log_odds(cells: Cells) -> Values:
    return _less(_log(cells[..., 1].astype(np.float64)), _log(cells[..., 0].astype(np.float64)))


def _counts(cells: Cells, row: int) -> tuple[int, int]:
    return int(cells[row, 1]), int(cells[row].sum())


def _rest(cells: Cells, row: int) -> tuple[int, int]:
    """Return positive rows and all rows of everybody but the group."""
    x, n = _counts(cells, row)
    return int(cells[:, 1].sum()) - x, int(cells.sum()) - n


def _difference(groups: NDArray[np.intp], reference: int) -> Measure:
    def closed(cells: Cells, target: int, level: float) -> Closed:
        (x1, n1), (x2, n2) = _counts(cells, int(groups[target])), _counts(cells, reference)
        low, high = newcombe_difference(x1, n1, x2, n2, level)
        return x1 / n1 - x2 / n2, float(low), float(high)

    def theta(cells: Cells) -> Values:
        p = rates(cells)
        return _less(p[..., groups], p[..., [reference]])

    return Measure(theta, closed, lambda target: [int(groups[target]), reference])


def _ratio(groups: NDArray[np.intp], reference: int) -> Measure:
    def closed(cells: Cells, target: int, level: float) -> Closed:
        (x1, n1), (x2, n2) = _counts(cells, int(groups[target])), _counts(cells, reference)
        return _floats(log_ratio_interval(x1, n1, x2, n2, level))

    def theta(cells: Cells) -> Values:
        p = _log(rates(cells))
        return _less(p[..., groups], p[..., [reference]])

    return Measure(theta, closed, lambda target: [int(groups[target]), reference], show=_exp)


def _odds(groups: NDArray[np.intp], reference: int) -> Measure:
    def closed(cells: Cells, target: int, level: float) -> Closed:
        (x1, n1), (x2, n2) = _counts(cells, int(groups[target])), _counts(cells, reference)
        return _floats(log_odds_interval(x1, n1, x2, n2, level))

    def theta(cells: Cells) -> Values:
        logs = _log_odds(cells)
        return _less(logs[..., groups], logs[..., [reference]])

    return Measure(theta, closed, lambda target: [int(groups[target]), reference])


def _difference_to_all(groups: NDArray[np.intp], _reference: int) -> Measure:
    def closed(cells: Cells, target: int, level: float) -> Closed:
        # p(a) - p = (1 - share of a) (p(a) - p of the rest), with the share taken as known
        row = int(groups[target])
        (x1, n1), (x2, n2) = _counts(cells, row), _rest(cells, row)
        low, high = newcombe_difference(x1, n1, x2, n2, level)
        scale = n2 / (n1 + n2)
        return x1 / n1 - (x1 + x2) / (n1 + n2), scale * float(low), scale * float(high)

    return Measure(
        lambda cells: _less(rates(cells)[..., groups], overall_rate(cells)), closed, lambda target: [int(groups[target])]
    )


def _ratio_to_all(groups: NDArray[np.intp], _reference: int) -> Measure:
    def closed(cells: Cells, target: int, level: float) -> Closed:
        # with r = p(a) / p of the rest, p(a) / p = r / (share r + 1 - share), which grows with r
        row = int(groups[target])
        (x1, n1), (x2, n2) = _counts(cells, row), _rest(cells, row)
        share = n1 / (n1 + n2)
        a, b, c = (
            end - float(np.log(share * np.exp(end) + 1.0 - share)) for end in _floats(log_ratio_interval(x1, n1, x2, n2, level))
        )
        return a, b, c

    return Measure(
        lambda cells: _less(_log(rates(cells)[..., groups]), _log(overall_rate(cells))),
        closed,
        lambda target: [int(groups[target])],
        show=_exp,
    )


def _odds_to_all(groups: NDArray[np.intp], _reference: int) -> Measure:
    def closed(cells: Cells, target: int, level: float) -> Closed:
        return _log_odds_to_all(*_counts(cells, row := int(groups[target])), *_rest(cells, row), level)

    def theta(cells: Cells) -> Values:
        total = cells.sum(axis=-2)
        return _less(_log_odds(cells)[..., groups], _log_odds(total)[..., None])

    return Measure(theta, closed, lambda target: [int(groups[target])])


def _log_odds_to_all(x1: int, n1: int, x2: int, n2: int, level: float) -> Closed:
    """Return the log odds of a group less those of everybody, with half a row added to each cell, by the delta method."""
    cells = np.array([[x1, n1 - x1], [x2, n2 - x2]]) + 0.5
    total = cells.sum(axis=0)
    estimate = float(np.log(cells[0, 0] / cells[0, 1]) - np.log(total[0] / total[1]))
    weight = (cells / cells.sum(axis=1, keepdims=True)).prod(axis=1) * cells.sum(axis=1) / cells.sum()
    slope = np.array([1.0, 0.0]) - weight / (total / total.sum()).prod()
    deviation = float(np.sqrt((slope**2 * (1.0 / cells).sum(axis=1)).sum()))
    half = NormalDist().inv_cdf(0.5 + level / 2.0) * deviation
    return estimate, estimate - half, estimate + half


def _floats(closed: tuple[Values, Values, Values]) -> Closed:
    return float(closed[0]), float(closed[1]), float(closed[2])


def _exp(effect: float) -> float:
    return float(np.exp(effect))


_TO_GROUP: dict[str, Callable[[NDArray[np.intp], int], Measure]] = {DIFFERENCE: _difference, RATIO: _ratio, ODDS: _odds}
_TO_ALL: dict[str, Callable[[NDArray[np.intp], int], Measure]] = {
    DIFFERENCE: _difference_to_all,
    RATIO: _ratio_to_all,
    ODDS: _odds_to_all,
}
