"""The learner that both attacks by classifier use, and the columns as it reads them.

Gradient boosted histograms (Ke et al., 2017): strong on tables without tuning, fast, the same in one thread every time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.checks.coding import joint_labels
from assaymark.checks.groups.levels import CATEGORICAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.tables.schema import Column
    from assaymark.tables.table import Table

    Features = NDArray[np.float64]
    Codes = NDArray[np.int64]

LEARNER = "gradient boosted histograms"

_CATEGORIES = 60  # what is rarer is one category; the learner takes 63 at most with its bins
_BINS = 64
_ROUNDS = 40


def features(tables: Sequence[Table], columns: Sequence[Column], rows: Sequence[Codes]) -> tuple[list[Features], list[bool]]:
    """Return the columns of some rows of each table as numbers, NaN where missing, and which of them are categories."""
    found: list[list[Features]] = [[] for _ in tables]
    for column in columns:
        for place, values in enumerate(_encoded(tables, column, rows)):
            found[place].append(values)
    return [np.column_stack(own) for own in found], [column.kind in CATEGORICAL for column in columns]


def _encoded(tables: Sequence[Table], column: Column, rows: Sequence[Codes]) -> list[Features]:
    if column.kind not in CATEGORICAL:
        return [table.numbers(column.name)[kept] for table, kept in zip(tables, rows, strict=True)]
    codes, labels = joint_labels(tables, column.name)
    picked = [own[kept] for own, kept in zip(codes, rows, strict=True)]
    counts = sum(np.bincount(own[own >= 0], minlength=len(labels)) for own in picked)
    lookup = np.full(len(labels) + 1, float(_CATEGORIES))
    common = np.argsort(-np.asarray(counts), kind="stable")[:_CATEGORIES]
    lookup[common] = np.arange(len(common))
    lookup[-1] = np.nan  # -1, missing, is the last entry
    return [lookup[own] for own in picked]


def probabilities(
    known: Features, classes: Codes, tested: Features, categorical: list[bool], *, width: int, seed: int
) -> Features:
    """Learn classes from rows, and return the probability of each class for other rows, shape (rows, width).

    A class that is not among those learned from has probability 0.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    found = np.zeros((len(tested), width))
    present = np.unique(classes)
    if len(present) < 2:  # noqa: PLR2004 - one class is no choice
        found[:, present] = 1.0
        return found
    kept = np.flatnonzero(~np.isnan(known).all(axis=0))  # what is always missing teaches nothing
    if not len(kept):
        found[:, present] = 1.0 / len(present)
        return found
    learner: Any = HistGradientBoostingClassifier
    model = learner(
        max_iter=_ROUNDS,
        max_bins=_BINS,
        early_stopping=False,  # else its size depends on the rows, which differ between real and synthetic
        categorical_features=np.array(categorical)[kept],
        random_state=seed % 2**32,
    )
    with threadpool_limits(limits=1):  # sums of floats depend on the number of threads
        model.fit(known[:, kept], classes)
        found[:, model.classes_] = model.predict_proba(tested[:, kept])
    return found
