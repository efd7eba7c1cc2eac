"""Constraints that numbers keep in real: bounds, signs, steps, an order of two columns, a sum of two that is a third.

A bound is told only where ten or more real rows hold exactly that value; no other value of real is.
"""

from __future__ import annotations

from itertools import combinations, permutations
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.fidelity.rules import FEWEST, HOLDS, Broken, Rule, holds
from assaymark.tables.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.checks.fidelity.levels import Coded, Points
    from assaymark.host.specs import CheckInput

    Values = NDArray[np.float64]
    Flags = NDArray[np.bool_]

CONSTRAINT = "fidelity.constraint"
IDS = (CONSTRAINT,)

_STEPS = (1000, 500, 100, 50, 25, 12, 10, 7, 5, 4, 3, 2)
_DISTINCT = 5  # values that a step must explain
_SURPRISING = 0.01  # share of rows that would break an order if the columns were independent
_PROBED = 1000  # rows on which pairs and triples are tried first
_DOUBT = 0.02  # share of those that may break a rule that is still tried on all rows
_SUMMED = 40  # numeric columns up to which sums are looked for
_CLOSE = 1e-9


def constraints(coded: Sequence[Coded], data: CheckInput) -> list[Rule]:
    """Return the constraints that hold in real, and how often they are broken."""
    numbers = [one for one in coded if one.points is not None and one.points.counts[0].sum() >= FEWEST]
    found: list[Rule] = []
    for one in numbers:
        found.extend(_single(one, data.policy.small_cell))
    data.run.check()
    found.extend(_orders(numbers))
    data.run.check()
    found.extend(_sums([one for one in numbers if one.column.kind is not Kind.DATETIME][:_SUMMED]))
    return found


def _single(one: Coded, small: int) -> Iterator[Rule]:
    points = one.points
    if points is None or len(points.values) < 2:  # noqa: PLR2004 - a constant keeps any rule
        return
    name = one.column.name
    low, high = _bound(points, small, upper=False), _bound(points, small, upper=True)
    if low is not None:
        yield from _rule(points, lambda x: x < low, [name], f"{name} >= {_text(one, low)}")
    elif one.column.kind is not Kind.DATETIME:
        yield from _rule(points, lambda x: x < 0.0, [name], f"{name} >= 0")
    if high is not None:
        yield from _rule(points, lambda x: x > high, [name], f"{name} <= {_text(one, high)}")
    step = _step(points) if one.column.kind is not Kind.DATETIME else None
    if step is not None:
        yield from _rule(points, lambda x: x % step != 0, [name], f"{name} is a multiple of {step}")


def _rule(points: Points, breaks: Callable[[Values], Flags], columns: list[str], text: str) -> Iterator[Rule]:
    wrong = breaks(points.values)
    broken = tuple(Broken(int(counts[wrong].sum()), int(counts.sum())) for counts in points.counts)
    if holds(broken):
        yield Rule(_scope(columns, text), broken, {"rule": text})


def _scope(columns: list[str], text: str) -> dict[str, object]:
    return {"columns": columns, "rule": text} if len(columns) > 1 else {"column": columns[0], "rule": text}


def _bound(points: Points, small: int, *, upper: bool) -> float | None:
    """Return the outermost number that enough real rows hold, if hardly any lies beyond it."""
    counts = points.counts[0][::-1] if upper else points.counts[0]
    held = np.flatnonzero(counts >= small)
    if not len(held) or counts[: held[0]].sum() > HOLDS * counts.sum():
        return None
    return float((points.values[::-1] if upper else points.values)[held[0]])


def _text(one: Coded, value: float) -> str:
    if one.column.kind is Kind.DATETIME:
        return str(np.datetime64(int(value), "us")).removesuffix("T00:00:00.000000")
    return f"{value:.12g}"


def _step(points: Points) -> int | None:
    """Return the largest step of which hardly any real number that is not 0 is no multiple."""
    used = (points.counts[0] > 0) & (points.values != 0)
    values, counts = points.values[used], points.counts[0][used]
    if len(values) < _DISTINCT or counts.sum() < FEWEST:
        return None
    for step in _STEPS:
        multiple = values % step == 0
        if counts[~multiple].sum() <= HOLDS * counts.sum() and multiple.sum() >= _DISTINCT:
            return step
    return None


def _orders(numbers: Sequence[Coded]) -> Iterator[Rule]:
    for one, other in permutations(numbers, 2):
        if (one.column.kind is Kind.DATETIME) != (other.column.kind is Kind.DATETIME):
            continue
        first, second = one.numbers[0][:_PROBED], other.numbers[0][:_PROBED]
        if (first > second).sum() > _DOUBT * len(first) or _by_chance(one, other) < _SURPRISING:
            continue
        broken = tuple(_compared(a, b) for a, b in zip(one.numbers, other.numbers, strict=True))
        if holds(broken):
            names = [one.column.name, other.column.name]
            text = f"{names[0]} <= {names[1]}"
            yield Rule(_scope(names, text), broken, {"rule": text})


def _compared(first: Values, second: Values) -> Broken:
    known = ~(np.isnan(first) | np.isnan(second))
    return Broken(int((first > second).sum()), int(known.sum()))


def _by_chance(one: Coded, other: Coded) -> float:
    """Return how often a number of one real column would exceed one of the other if they were independent."""
    if one.points is None or other.points is None:
        return 0.0
    below = np.append(0, np.cumsum(other.points.counts[0]))
    smaller = below[np.searchsorted(other.points.values, one.points.values, side="left")]
    counts = one.points.counts[0].astype(np.float64)
    return float(counts @ smaller / (counts.sum() * below[-1]))


def _sums(numbers: Sequence[Coded]) -> Iterator[Rule]:
    if len(numbers) < 3:  # noqa: PLR2004 - two parts and a whole
        return
    probe = np.stack([one.numbers[0][:_PROBED] for one in numbers])
    rows = probe.shape[1]
    for i, j in combinations(range(len(numbers)), 2):
        near = _equal(probe[i] + probe[j], probe).sum(axis=1)
        for k in np.flatnonzero(
            near >= (1.0 - _DOUBT) * np.maximum((~np.isnan(probe[i] + probe[j] + probe)).sum(axis=1), rows / 10)
        ):
            if int(k) in (i, j):
                continue
            broken = tuple(_added(numbers[i], numbers[j], numbers[int(k)], table) for table in range(len(numbers[i].numbers)))
            parts = [numbers[place].numbers[0] for place in (i, j)]
            if holds(broken) and ((parts[0] != 0) & (parts[1] != 0)).mean() >= _SURPRISING:
                names = [numbers[place].column.name for place in (i, j, int(k))]
                text = f"{names[0]} + {names[1]} = {names[2]}"
                yield Rule(_scope(names, text), broken, {"rule": text})


def _equal(first: Values, second: Values) -> Flags:
    size = np.maximum(np.abs(first), np.abs(second))
    return np.asarray(np.abs(first - second) <= _CLOSE * np.maximum(size, 1.0), dtype=np.bool_)


def _added(one: Coded, other: Coded, whole: Coded, table: int) -> Broken:
    total, result = one.numbers[table] + other.numbers[table], whole.numbers[table]
    known = ~np.isnan(total + result)
    return Broken(int((known & ~_equal(total, result)).sum()), int(known.sum()))
