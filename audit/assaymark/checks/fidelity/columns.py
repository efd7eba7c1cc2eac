"""Fidelity: how far the columns of the synthetic table, one by one and in pairs, are from those of the real one.

Only aggregate distances are published, never a level or a value of real rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.coding import joint_labels
from assaymark.checks.fidelity.distances import (
    Levels,
    categorical_levels,
    contingency_distance,
    correlation,
    decile_levels,
    kolmogorov_smirnov,
    total_variation,
)
from assaymark.checks.statements import not_estimable, number
from assaymark.results.findings import Finding, Outcome
from assaymark.tables.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.host.specs import CheckInput
    from assaymark.tables.schema import Column
    from assaymark.tables.table import Table

SHAPE = "fidelity.column_shape"
TREND = "fidelity.pair_trend"
SHAPES = "fidelity.shapes"
TRENDS = "fidelity.trends"
UNSEEN = "fidelity.unseen_categories"
IDS = (SHAPE, TREND, SHAPES, TRENDS, UNSEEN)

_REAL_SYNTHETIC, _REAL_HOLDOUT = (0, 1), (0, 2)
_LISTED_PAIRS = 200  # of wide tables only the most distant pairs are listed; the mean is over all
_CATEGORICAL = frozenset({Kind.CATEGORICAL, Kind.BOOLEAN})


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A column of real, synthetic and, if there is one, holdout rows.

    Attributes:
        column: The column.
        levels: Its values as levels.
        numbers: Its values as numbers, one array a table; empty for categories.
        unseen: For categories, how many labels only synthetic rows have or fewer than ten real rows, and how many synthetic
            rows bear them.
    """

    column: Column
    levels: Levels
    numbers: tuple[NDArray[np.float64], ...] = ()
    unseen: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class _Distance:
    columns: tuple[str, ...]
    metric: str
    value: float
    null: float | None


def check(data: CheckInput) -> Iterator[Finding]:
    """Return the fidelity findings: single columns, pairs, and the two scores over all of them."""
    tables = [data.real, data.synthetic] if data.holdout is None else [data.real, data.synthetic, data.holdout]
    prepared = [_prepare(tables, column, data.policy.small_cell) for column in data.schema.learnable]
    held = data.holdout is not None
    shapes = [_shape(one, held=held) for one in prepared]
    data.run.check()
    trends = [_trend(one, other, held=held) for one, other in combinations(prepared, 2)]
    n = {"real": data.real.rows, "synthetic": data.synthetic.rows}
    for distance in shapes:
        yield _finding(SHAPE, {"column": distance.columns[0]}, distance, n)
    for distance in _most_distant(trends):
        yield _finding(TREND, {"columns": list(distance.columns)}, distance, n)
    yield _score(SHAPES, shapes, n)
    yield _score(TRENDS, trends, n)
    for one in prepared:
        if one.column.kind in _CATEGORICAL:
            yield _unseen(one, data)


def _prepare(tables: Sequence[Table], column: Column, small_cell: int) -> _Prepared:
    if column.kind not in _CATEGORICAL:
        numbers = [table.numbers(column.name) for table in tables]
        return _Prepared(column, decile_levels(numbers), tuple(numbers))
    codes, labels = joint_labels(tables, column.name)
    real, synthetic = (np.bincount(own[own >= 0], minlength=len(labels)) for own in codes[:2])
    unseen = (real < small_cell) & (synthetic > 0)
    return _Prepared(column, categorical_levels(codes, len(labels)), unseen=(int(unseen.sum()), int(synthetic[unseen].sum())))


def _shape(one: _Prepared, *, held: bool) -> _Distance:
    def distance(first: int, second: int) -> float:
        if one.numbers:
            return kolmogorov_smirnov(one.numbers[first], one.numbers[second])
        return total_variation(one.levels.codes[first], one.levels.codes[second], one.levels.width)

    metric = "Kolmogorov-Smirnov distance" if one.numbers else "total variation distance"
    null = distance(*_REAL_HOLDOUT) if held else None
    return _Distance((one.column.name,), metric, distance(*_REAL_SYNTHETIC), null)


def _trend(one: _Prepared, other: _Prepared, *, held: bool) -> _Distance:
    names = (one.column.name, other.column.name)
    if one.numbers and other.numbers:
        rows = [correlation(x, y) for x, y in zip(one.numbers, other.numbers, strict=True)]
        null = abs(rows[2] - rows[0]) / 2.0 if held else None
        return _Distance(names, "half the difference of Pearson correlations", abs(rows[1] - rows[0]) / 2.0, null)
    null = contingency_distance(one.levels, other.levels, _REAL_HOLDOUT) if held else None
    value = contingency_distance(one.levels, other.levels, _REAL_SYNTHETIC)
    return _Distance(names, "total variation distance of the contingency tables", value, null)


def _most_distant(trends: list[_Distance]) -> list[_Distance]:
    if len(trends) <= _LISTED_PAIRS:
        return trends
    kept = {distance.columns for distance in sorted(trends, key=lambda one: (-one.value, one.columns))[:_LISTED_PAIRS]}
    return [distance for distance in trends if distance.columns in kept]


def _finding(identifier: str, scope: dict[str, object], distance: _Distance, n: dict[str, int]) -> Finding:
    return Finding(
        identifier,
        scope,
        Outcome.SHOWN,
        value=number(distance.value),
        null=None if distance.null is None else number(distance.null),
        n=n,
        detail={"metric": distance.metric, "null_is": None if distance.null is None else "distance of holdout from real"},
    )


def _score(identifier: str, distances: list[_Distance], n: dict[str, int]) -> Finding:
    """Return 1 - the mean distance: 1 is best. Of real rows it is the score of the holdout, the best that can be hoped for."""
    if not distances:
        return not_estimable(identifier, {}, "too_few_columns", n=n)
    score = 1.0 - float(np.mean([distance.value for distance in distances]))
    nulls = [distance.null for distance in distances if distance.null is not None]
    floor = 1.0 - float(np.mean(nulls)) if nulls else None
    return Finding(
        identifier,
        {},
        Outcome.SHOWN,
        real=floor,
        synthetic=number(score),
        value=None if floor is None else number(score - floor),
        n=n,
        detail={
            "distances": len(distances),
            "listed": min(len(distances), _LISTED_PAIRS) if identifier == TRENDS else len(distances),
            "real_is": None if floor is None else "score of the holdout",
        },
    )


def _unseen(one: _Prepared, data: CheckInput) -> Finding:
    categories, rows = one.unseen
    share = rows / data.synthetic.rows if data.synthetic.rows else 0.0
    return Finding(
        UNSEEN,
        {"column": one.column.name},
        Outcome.SHOWN,
        synthetic=number(share),
        value=number(share),
        n={"synthetic": data.synthetic.rows},
        detail={"categories": categories, "rows": rows, "unseen_is": f"held by fewer than {data.policy.small_cell} real rows"},
    )
