"""Two classifiers, one trained on real and one on synthetic rows, and what both say of the holdout.

"Train on synthetic, test on real" (Esteban et al., 2017). Gradient boosted histograms (Ke et al., 2017) need no scaling and
bear missing values and categories; one thread and a fixed seed make them give the same numbers every time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.tables.groups import outcome
from assaymark.tables.schema import Kind, Role

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.execution import Run
    from assaymark.tables.schema import Column, Schema
    from assaymark.tables.table import Table

    Features = NDArray[np.float64]

LEARNER = "gradient boosted histograms"

_THRESHOLD = 0.5
_CATEGORIES = 255  # as many as the learner takes; what is rarer reads as missing
_TRAINING_ROWS = 200_000  # more rows cost time and change little


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
        return self.real_scores >= _THRESHOLD

    @property
    def synthetic_labels(self) -> NDArray[np.bool_]:
        """Labels by the classifier trained on synthetic rows."""
        return self.synthetic_scores >= _THRESHOLD


def predictors(schema: Schema) -> tuple[Column, ...]:
    """Return the columns that classifiers learn from: protected ones too; not identifiers, free text and the target."""
    return tuple(column for column in schema.learnable if Role.TARGET not in column.roles)


def unlearnable(real: Table, synthetic: Table) -> str | None:
    """Return why no pair of classifiers can be trained, a short stable code, or None."""
    schema = real.schema
    if schema.target is None or schema.positive is None:
        return "no_target"
    if not predictors(schema):
        return "no_predictors"
    truths = [outcome(table, schema) for table in (real, synthetic)]
    return None if all((truth == 0).any() and (truth == 1).any() for truth in truths) else "one_class"


def holdout_predictions(real: Table, holdout: Table, synthetic: Table, run: Run) -> Predictions | None:
    """Train both classifiers and let them score the holdout.

    Args:
        real: Rows that the generator learned from; its schema names the target and the positive outcome.
        holdout: Rows to score.
        synthetic: Rows under audit.
        run: Seed, progress and cancellation.

    Returns:
        The same for the same seed; None where :func:`unlearnable` gives a reason.
    """
    if unlearnable(real, synthetic) is not None:
        return None
    scores: list[Features] = []
    for done, (name, table) in enumerate((("real", real), ("synthetic", synthetic))):
        run.check()
        run.progress(done, 2, f"on {name} rows")
        scores.append(_scores(table, holdout, real.schema, run, name))
    run.progress(2, 2)
    return Predictions(outcome(holdout, real.schema), *scores)


def _scores(training: Table, holdout: Table, schema: Schema, run: Run, name: str) -> Features:
    truth = outcome(training, schema)
    rows = np.flatnonzero(truth >= 0)
    if len(rows) > _TRAINING_ROWS:
        rows = np.sort(run.rng("classifier-rows", name).choice(rows, _TRAINING_ROWS, replace=False))
    features: list[Features] = []
    tested: list[Features] = []
    categorical: list[bool] = []
    for column in predictors(schema):
        known, test = _encode(training, holdout, column)
        if not np.isnan(known[rows]).all():  # what is always missing teaches nothing
            features.append(known[rows])
            tested.append(test)
            categorical.append(column.kind is Kind.CATEGORICAL)
    if not features:
        return np.full(holdout.rows, float(truth[rows].mean()))
    return _fit_predict(np.column_stack(features), truth[rows], np.column_stack(tested), categorical, run)


def _fit_predict(features: Features, truth: NDArray[np.int8], tested: Features, categorical: list[bool], run: Run) -> Features:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    learner: Any = HistGradientBoostingClassifier
    model = learner(
        categorical_features=categorical,
        early_stopping=False,  # else its size depends on the number of rows, which differs between real and synthetic
        random_state=run.entropy("classifier") % 2**32,
    )
    with threadpool_limits(limits=1):  # sums of floats depend on the number of threads
        model.fit(features, truth)
        return np.asarray(model.predict_proba(tested)[:, 1], dtype=np.float64)


def _encode(training: Table, holdout: Table, column: Column) -> tuple[Features, Features]:
    """Return a column of both tables as numbers, NaN where missing or, in the holdout, unseen in training."""
    if column.kind is not Kind.CATEGORICAL:
        return training.numbers(column.name), holdout.numbers(column.name)
    codes, labels = training.labels(column.name)
    counts = np.bincount(codes[codes >= 0], minlength=len(labels))
    frequent = np.sort(np.argsort(-counts, kind="stable")[:_CATEGORIES])
    place = {labels[code]: float(rank) for rank, code in enumerate(frequent)}
    other_codes, other_labels = holdout.labels(column.name)
    return _looked_up(codes, labels, place), _looked_up(other_codes, other_labels, place)


def _looked_up(codes: NDArray[np.int32], labels: tuple[str, ...], place: dict[str, float]) -> Features:
    lookup = np.array([*(place.get(label, np.nan) for label in labels), np.nan])  # -1, missing, is the last entry
    return np.asarray(lookup[codes], dtype=np.float64)
