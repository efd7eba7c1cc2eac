"""Whether a classifier tells synthetic rows from real ones, and by which columns (a classifier two-sample test).

Half of the rows train boosted trees (Lopez-Paz & Oquab, 2017), the other half are told apart: an AUC of 0.5 means that they
cannot be. The same is done with the holdout in place of the synthetic rows. A column gives the synthetic rows away as far as
the AUC falls when that column alone is shuffled among the rows to be told apart (Breiman, 2001). A logistic regression says how
much of that a straight line sees.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.checks.coding import joint_labels
from assaymark.checks.fidelity.embedding import embed
from assaymark.checks.statements import interval, not_estimable, number
from assaymark.results.findings import Finding, Outcome
from assaymark.statistics.roc import delong
from assaymark.tables.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.host.specs import CheckInput
    from assaymark.tables.schema import Column
    from assaymark.tables.table import Table

    Values = NDArray[np.float64]

DETECTION = "fidelity.detection"
IDS = (DETECTION,)

_ROWS = 20_000  # of each side
_FEWEST = 100
_SHUFFLED = 4000  # rows of the tested half on which columns are shuffled
_LISTED = 10
_CATEGORIES = 255  # as many as the learner takes; what is rarer is one
_TREES = 100
_LINEAR_ROWS = 4000  # of each side, for the logistic regression
_LINEAR_DIMENSIONS = 500  # up to which it is cheap


@dataclass(frozen=True, slots=True)
class _Sides:
    """Rows of both sides.

    Attributes:
        features: Shape (rows, columns); NaN where missing.
        other: Whether a row is synthetic (or of the holdout), shape (rows,).
        tested: Whether it is in the half that is told apart, shape (rows,).
        categorical: Whether a column holds categories, shape (columns,).
    """

    features: Values
    other: NDArray[np.bool_]
    tested: NDArray[np.bool_]
    categorical: list[bool]


@dataclass(frozen=True, slots=True)
class _Told:
    auc: float
    ends: tuple[float, float]
    falls: tuple[float, ...]


def check(data: CheckInput) -> Iterator[Finding]:
    """Return the finding."""
    tables = [data.real, data.synthetic] if data.holdout is None else [data.real, data.synthetic, data.holdout]
    n = {"real": data.real.rows, "synthetic": data.synthetic.rows}
    columns = data.schema.learnable
    if not columns:
        yield not_estimable(DETECTION, {}, "no_columns", n=n)
        return
    if min(data.real.rows, data.synthetic.rows) < _FEWEST:
        yield not_estimable(DETECTION, {}, "too_few_rows", n=n)
        return
    data.run.progress(0, 2, "telling synthetic from real rows")
    encoded = _encode(tables, columns)
    synthetic = _tell(_sides(encoded, columns, 1, data), data, "synthetic")
    data.run.progress(1, 2, "telling holdout from real rows")
    fresh = None
    if data.holdout is not None and data.holdout.rows >= _FEWEST:
        fresh = _tell(_sides(encoded, columns, 2, data), data, "holdout")
    linear = [_linear([tables[0], other], columns, data) for other in tables[1:]]
    yield _finding(synthetic, fresh, linear, n, data)


def _finding(synthetic: _Told, fresh: _Told | None, linear: list[float | None], n: dict[str, int], data: CheckInput) -> Finding:
    columns = data.schema.learnable
    order = sorted(range(len(columns)), key=lambda place: (-synthetic.falls[place], place))
    listed = [
        {"column": columns[place].name, "auc_lost": number(round(synthetic.falls[place], 6))}
        for place in order[:_LISTED]
        if synthetic.falls[place] > 0
    ]
    low, high = synthetic.ends
    return Finding(
        DETECTION,
        {},
        Outcome.SHOWN,
        real=None if fresh is None else number(fresh.auc),
        synthetic=number(synthetic.auc),
        value=number(synthetic.auc - 0.5),
        ci=interval((low - 0.5, high - 0.5)),
        null=None if fresh is None else number(abs(fresh.auc - 0.5)),
        n=n,
        detail={
            "learner": "gradient boosted histograms",
            "rows_used": {"each_side": min(_ROWS, data.real.rows, data.synthetic.rows), "tested": "half of them"},
            "columns": listed,
            "columns_are": "those that give the synthetic rows away: AUC lost when a column is shuffled",
            "real_is": None if fresh is None else "AUC of telling the holdout from real",
            "real_interval": None if fresh is None else [number(fresh.ends[0]), number(fresh.ends[1])],
            "null_is": None if fresh is None else "how far that AUC is from 0.5",
            "logistic_regression": {"synthetic": linear[0], "holdout": linear[1] if len(linear) > 1 else None},
        },
    )


def _encode(tables: Sequence[Table], columns: Sequence[Column]) -> list[list[Values]]:
    """Return for each table one array a column: numbers, or codes of frequent categories (of real and synthetic together)."""
    encoded: list[list[Values]] = [[] for _ in tables]
    for column in columns:
        for own, values in zip(encoded, _features(tables, column), strict=True):
            own.append(values)
    return encoded


def _features(tables: Sequence[Table], column: Column) -> Iterator[Values]:
    if column.kind is not Kind.CATEGORICAL:
        yield from (table.numbers(column.name) for table in tables)
        return
    codes, labels = joint_labels(tables, column.name)
    counts = sum(np.bincount(own[own >= 0], minlength=len(labels)) for own in codes)
    frequent = np.argsort(-np.asarray(counts), kind="stable")[: _CATEGORIES - 1]
    place = np.full(len(labels) + 1, float(len(frequent)))
    place[frequent] = np.arange(len(frequent))
    place[-1] = np.nan
    yield from (place[own] for own in codes)


def _sides(encoded: list[list[Values]], columns: Sequence[Column], table: int, data: CheckInput) -> _Sides:
    """Draw as many rows of each side, and put half of each to the test."""
    sizes = [len(encoded[place][0]) for place in (0, table)]
    rows = min(_ROWS, *sizes)
    rng = data.run.rng("detection-rows", table)
    picked = [rng.choice(size, rows, replace=False) for size in sizes]
    features = np.column_stack(
        [
            np.concatenate([encoded[place][k][some] for place, some in zip((0, table), picked, strict=True)])
            for k in range(len(columns))
        ]
    )
    half = np.arange(rows) < rows // 2  # the rows are in random order
    categorical = [column.kind is Kind.CATEGORICAL for column in columns]
    return _Sides(features, np.repeat([False, True], rows), np.tile(half, 2), categorical)


def _tell(sides: _Sides, data: CheckInput, name: str) -> _Told:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    taught = ~sides.tested
    useful = [place for place in range(sides.features.shape[1]) if not np.isnan(sides.features[taught, place]).all()]
    falls = np.zeros(sides.features.shape[1])
    if not useful:
        return _Told(0.5, (0.5, 0.5), tuple(falls))
    features, truth = sides.features[:, useful], sides.other
    learner: Any = HistGradientBoostingClassifier
    model = learner(
        categorical_features=[sides.categorical[place] for place in useful],
        max_iter=_TREES,
        early_stopping=False,
        random_state=data.run.entropy("detection", name) % 2**32,
    )
    with threadpool_limits(limits=1):  # sums of floats depend on the number of threads
        model.fit(features[taught], truth[taught])
        data.run.check()
        areas = delong(truth[sides.tested], model.decision_function(features[sides.tested])[None, :])
        if name == "synthetic":
            falls[useful] = _falls(model, features[sides.tested], truth[sides.tested], data)
    auc, error = float(areas.auc[0]), float(np.sqrt(max(float(areas.covariance[0, 0]), 0.0)))
    ends = _interval(auc, error, int(sides.tested.sum()) // 2, data.policy.level)
    return _Told(auc, ends, tuple(float(fall) for fall in falls))


def _interval(auc: float, error: float, rows: int, level: float) -> tuple[float, float]:
    """Return the ends of the interval of an AUC, symmetric in its log odds; of a perfect one by the rule of three."""
    if not 0.0 < auc < 1.0:
        return (max(1.0 - 3.0 / rows, 0.0), 1.0) if auc >= 1.0 else (0.0, min(3.0 / rows, 1.0))
    half = NormalDist().inv_cdf(0.5 + level / 2.0) * error / (auc * (1.0 - auc))
    centre = np.log(auc / (1.0 - auc))
    low, high = (float(1.0 / (1.0 + np.exp(-np.clip(end, -700.0, 700.0)))) for end in (centre - half, centre + half))
    return low, high


def _falls(model: Any, features: Values, truth: NDArray[np.bool_], data: CheckInput) -> Values:
    """Return by how much the AUC falls when each column is shuffled."""
    rng = data.run.rng("detection-columns")
    some = np.sort(rng.choice(len(features), min(_SHUFFLED, len(features)), replace=False))
    features, truth = features[some], truth[some]
    whole = float(delong(truth, model.decision_function(features)[None, :]).auc[0])
    falls = np.zeros(features.shape[1])
    for place in range(features.shape[1]):
        data.run.check()
        shuffled = features.copy()
        shuffled[:, place] = rng.permutation(shuffled[:, place])
        falls[place] = whole - float(delong(truth, model.decision_function(shuffled)[None, :]).auc[0])
    return falls


def _linear(tables: list[Table], columns: Sequence[Column], data: CheckInput) -> float | None:
    """Return the AUC of a logistic regression; None where categories make it costly."""
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    rows = min(_LINEAR_ROWS, *(table.rows for table in tables))
    rng = data.run.rng("detection-linear")
    picked = [rng.choice(table.rows, rows, replace=False) for table in tables]
    found = embed(tables, columns, picked)
    points = np.concatenate(found.points).astype(np.float64) / found.unit
    if points.shape[1] > _LINEAR_DIMENSIONS or rows < _FEWEST:
        return None
    truth, tested = np.repeat([False, True], rows), np.tile(np.arange(rows) < rows // 2, 2)
    learner: Any = LogisticRegression
    with threadpool_limits(limits=1):
        model = learner(solver="newton-cholesky").fit(points[~tested], truth[~tested])
        return number(float(delong(truth[tested], model.decision_function(points[tested])[None, :]).auc[0]))
