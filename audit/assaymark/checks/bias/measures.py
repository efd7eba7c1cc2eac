"""The fairness measures: what each computes from a table of groups by outcome, on the scale that its effect is signed on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.statistics.intervals import log_odds_interval, log_ratio_interval, newcombe_difference, wilson

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Cells = NDArray[np.int64]
    Values = NDArray[np.float64]

Closed = tuple[float, float, float]  # estimate, low, high

SPARSE = 10  # with a cell under this a percentile interval is too short, so a closed form takes over


def rates(cells: Cells) -> Values:
    """Return selection rates, shape (..., groups); NaN for a group without rows."""
    positive = cells[..., 1].astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(positive / cells.sum(axis=-1), dtype=np.float64)


def shares_of_positive(cells: Cells) -> Values:
    """Return each group's share of the positive rows, shape (..., groups)."""
    positive = cells[..., 1].astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(positive / positive.sum(axis=-1, keepdims=True), dtype=np.float64)


def shares(cells: Cells) -> Values:
    """Return each group's share of all rows, shape (..., groups)."""
    n = cells.sum(axis=-1).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(n / n.sum(axis=-1, keepdims=True), dtype=np.float64)


def overall_rate(cells: Cells) -> Values:
    """Return the share of positive rows, shape (..., 1)."""
    total = cells.sum(axis=-2).astype(np.float64)
    return np.asarray((total[..., 1] / total.sum(axis=-1))[..., None], dtype=np.float64)


def _nothing(cells: Cells) -> Values:
    return np.zeros((*cells.shape[:-2], 1))


@dataclass(frozen=True, slots=True)
class Measure:
    """A signed effect of one table.

    Attributes:
        theta: From tables, shape (..., groups, 2), to effects, shape (..., k).
        closed: From one table and a target in 0 … k - 1 and a level to estimate and interval, for sparse tables.
        touched: From a target to the rows of the table that its effect rests on.
        centre: What is taken off before the sign of an effect is read, shape (..., 1); always from the real table.
        show: From an effect to the number that a report shows.
    """

    theta: Callable[[Cells], Values]
    closed: Callable[[Cells, int, float], Closed]
    touched: Callable[[int], list[int]]
    centre: Callable[[Cells], Values] = _nothing
    show: Callable[[float], float] = float


def _pair(cells: Cells, a: int, b: int) -> tuple[int, int, int, int]:
    return int(cells[a, 1]), int(cells[a].sum()), int(cells[b, 1]), int(cells[b].sum())


def demographic_parity_difference(a: int, b: int) -> Measure:
    """Return p(a) - p(b)."""

    def theta(cells: Cells) -> Values:
        p = rates(cells)
        return p[..., [a]] - p[..., [b]]

    def closed(cells: Cells, _target: int, level: float) -> Closed:
        x1, n1, x2, n2 = _pair(cells, a, b)
        low, high = newcombe_difference(x1, n1, x2, n2, level)
        return x1 / n1 - x2 / n2, float(low), float(high)

    return Measure(theta, closed, lambda _: [a, b])


def impact_ratio(a: int, b: int) -> Measure:
    """Return log(p(b) / p(a)): the lowest rate of real over the highest, as the four-fifths rule has it."""

    def theta(cells: Cells) -> Values:
        p = rates(cells)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.log(p[..., [b]]) - np.log(p[..., [a]]), dtype=np.float64)

    def closed(cells: Cells, _target: int, level: float) -> Closed:
        x1, n1, x2, n2 = _pair(cells, b, a)
        estimate, low, high = log_ratio_interval(x1, n1, x2, n2, level)
        return float(estimate), float(low), float(high)

    return Measure(theta, closed, lambda _: [a, b], show=lambda effect: float(np.exp(effect)))


def log_odds_ratio(a: int, b: int) -> Measure:
    """Return logit p(a) - logit p(b)."""

    def theta(cells: Cells) -> Values:
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log(cells[..., 1].astype(np.float64)) - np.log(cells[..., 0].astype(np.float64))
        with np.errstate(invalid="ignore"):
            return np.asarray(logs[..., [a]] - logs[..., [b]], dtype=np.float64)

    def closed(cells: Cells, _target: int, level: float) -> Closed:
        x1, n1, x2, n2 = _pair(cells, a, b)
        estimate, low, high = log_odds_interval(x1, n1, x2, n2, level)
        return float(estimate), float(low), float(high)

    return Measure(theta, closed, lambda _: [a, b])


def demographic_parity_spread(estimable: NDArray[np.bool_]) -> Measure:
    """Return the highest minus the lowest rate of the estimable groups, whichever they are in each table."""
    places = np.flatnonzero(estimable)

    def theta(cells: Cells) -> Values:
        p = rates(cells[..., places, :])
        with np.errstate(invalid="ignore"):
            return np.asarray((np.max(p, axis=-1) - np.min(p, axis=-1))[..., None], dtype=np.float64)

    def closed(cells: Cells, _target: int, level: float) -> Closed:
        p = rates(cells[places])
        x1, n1, x2, n2 = _pair(cells, int(places[np.argmax(p)]), int(places[np.argmin(p)]))
        low, high = newcombe_difference(x1, n1, x2, n2, level)
        return x1 / n1 - x2 / n2, max(float(low), 0.0), float(high)

    return Measure(theta, closed, lambda _: [int(place) for place in places])


def attribute_to_target(groups: NDArray[np.intp]) -> Measure:
    """Return P(positive | group), one effect a group (Wang & Russakovsky, 2021, equation 2)."""

    def theta(cells: Cells) -> Values:
        return rates(cells)[..., groups]

    def closed(cells: Cells, target: int, level: float) -> Closed:
        row = cells[groups[target]]
        low, high = wilson(int(row[1]), int(row.sum()), level)
        return float(row[1] / row.sum()), float(low), float(high)

    return Measure(theta, closed, lambda target: [int(groups[target])], centre=overall_rate)


def target_to_attribute(groups: NDArray[np.intp]) -> Measure:
    """Return P(group | positive), one effect a group (Wang & Russakovsky, 2021, equation 3)."""

    def theta(cells: Cells) -> Values:
        return shares_of_positive(cells)[..., groups]

    def centre(cells: Cells) -> Values:
        return shares(cells)[..., groups]

    def closed(cells: Cells, target: int, level: float) -> Closed:
        hits, total = int(cells[groups[target], 1]), int(cells[:, 1].sum())
        low, high = wilson(hits, total, level)
        return hits / total, float(low), float(high)

    return Measure(theta, closed, lambda target: [int(groups[target])], centre=centre)


def group_odds(groups: NDArray[np.intp]) -> Measure:
    """Return the log odds of belonging to a group, one effect a group."""

    def theta(cells: Cells) -> Values:
        p = shares(cells)[..., groups]
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(p) - np.log1p(-p), dtype=np.float64)

    def closed(cells: Cells, target: int, level: float) -> Closed:
        n, total = int(cells[groups[target]].sum()), int(cells.sum())
        low, high = (_logit(float(end), total) for end in wilson(n, total, level))
        return _logit((n + 0.5) / (total + 1), total), low, high

    return Measure(theta, closed, lambda target: [int(groups[target])])


def _logit(share: float, total: int) -> float:
    """Return the log odds of a share, kept half a row away from 0 and 1."""
    inside = min(max(share, 0.5 / (total + 1)), 1 - 0.5 / (total + 1))
    return float(np.log(inside / (1 - inside)))
