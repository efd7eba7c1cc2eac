"""Two classifiers, one trained on real and one on synthetic rows, and what both say of the holdout.

"Train on synthetic, test on real" (Esteban et al., 2017). Gradient boosted histograms (Ke et al., 2017) need no scaling and bear
missing values and categories; one thread and a fixed seed make them give the same numbers every time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.tables.groups import outcome
from assaymark.tables.schema import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.execution import Run
    from assaymark.tables.schema import Column
    from assaymark.tables.table import Table

_MOST_CATEGORIES = 254  # what the learner takes; rarer ones count as missing
_THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class Predictions:
    """What both classifiers say of each row of the holdout.

    Attributes:
        truth: int8, shape (rows,): 1 positive, 0 not, -1 unknown.
        real_scores: Probability of positive by the classifier trained on real rows, shape (rows,).
        synthetic_scores: The same by the one trained on synthetic rows.
    """

    truth: NDArray[np.int8]
    real_scores: NDArray[np.float64]
    synthetic_scores: NDArray[np.float64]

    @property
    def real_labels(self) -> NDArray[np.bool_]:
        """Labels by the classifier trained on real rows."""
        return self.real_scores > _THRESHOLD

    @property
    def synthetic_labels(self) -> NDArray[np.bool_]:
        """Labels by the classifier trained on synthetic rows."""
        return self.synthetic_scores > _THRESHOLD


def holdout_predictions(real: Table, holdout: Table, synthetic: Table, run: Run) -> Predictions | None:
    """Train both classifiers and let them label the holdout.

    Predictors are all columns that a generator may learn, protected ones included, but not the target.

    Returns:
        None when the real, synthetic or holdout target has one class only, or there are no predictors.
    """
    target = real.schema.target
    columns = [column for column in real.schema.learnable if target is not None and column.name != target.name]
    truths = [outcome(table, real.schema) for table in (real, synthetic, holdout)]
    if not columns or any(len(set(truth[truth >= 0].tolist())) < 2 for truth in truths):  # noqa: PLR2004 - two classes
        return None
    coding = _Coding.of(real, columns)
    test = coding.features(holdout)
    scores = []
    for done, (table, truth) in enumerate(((real, truths[0]), (synthetic, truths[1]))):
        run.check()
        run.progress(done, 2)
        scores.append(_fit_predict(coding.features(table)[truth >= 0], truth[truth >= 0], test, coding, run))
    run.progress(2, 2)
    return Predictions(truths[2], scores[0], scores[1])


@dataclass(frozen=True, slots=True)
class _Coding:
    columns: tuple[Column, ...]
    categories: tuple[dict[str, int] | None, ...]

    @classmethod
    def of(cls, real: Table, columns: list[Column]) -> _Coding:
        return cls(tuple(columns), tuple(_common(real, column) for column in columns))

    def features(self, table: Table) -> NDArray[np.float64]:
        """Return predictors, shape (rows, columns); NaN where missing or unknown."""
        parts = []
        for column, known in zip(self.columns, self.categories, strict=True):
            if known is None:
                parts.append(table.numbers(column.name))
                continue
            codes, labels = table.labels(column.name)
            lookup = np.array([*(known.get(label, np.nan) for label in labels), np.nan], dtype=np.float64)
            parts.append(lookup[codes])
        return np.column_stack(parts)


def _common(real: Table, column: Column) -> dict[str, int] | None:
    if column.kind is not Kind.CATEGORICAL:
        return None
    codes, labels = real.labels(column.name)
    counts = np.bincount(codes[codes >= 0], minlength=len(labels))
    kept = np.sort(np.argsort(-counts, kind="stable")[:_MOST_CATEGORIES])
    return {labels[place]: code for code, place in enumerate(kept)}


def _fit_predict(
    features: NDArray[np.float64], truth: NDArray[np.int8], test: NDArray[np.float64], coding: _Coding, run: Run
) -> NDArray[np.float64]:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    model: Any = HistGradientBoostingClassifier(
        categorical_features=[known is not None for known in coding.categories],
        random_state=run.entropy("classifier") % 2**31,
    )
    with threadpool_limits(limits=1):
        model.fit(features, truth)
        return np.asarray(model.predict_proba(test)[:, 1], dtype=np.float64)
