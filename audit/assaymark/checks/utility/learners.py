"""The learners: boosted trees and a linear model. Each learns from one coded table and scores the holdout.

Two kinds of learner, because what a synthetic table does to a model depends on what the model can express: the linear one reads
margins and main effects, boosted trees read interactions. Another learner needs no more than :class:`Learner`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from assaymark.checks.utility.features import Features, Training


class Learner(Protocol):
    """Something that learns to tell positive rows from others."""

    @property
    def name(self) -> str:
        """Short stable name, as in the scope of a finding."""
        ...

    @property
    def title(self) -> str:
        """What it is, in words."""
        ...

    @property
    def seeded(self) -> bool:
        """Whether its fit depends on a seed; one that does not is fitted once."""
        ...

    def scores(self, training: Training, seed: int) -> Features:
        """Learn, and return the probability of positive for each row of the holdout, shape (rows,).

        The result depends on the arguments only. It is called in a thread with one OpenMP and BLAS thread; it may be called in
        several threads at once.
        """
        ...


class BoostedTrees:
    """Gradient boosted histograms (Ke et al., 2017): need no scaling, and bear missing values and categories.

    Each split looks at a random half of the columns (``max_features``), which is what a seed changes; boosting is otherwise
    deterministic. No early stopping: else the size of a model depends on the number of rows, which differs between real and
    synthetic.
    """

    name = "trees"
    title = "gradient boosted histograms"
    seeded = True

    def scores(self, training: Training, seed: int) -> Features:
        """See :class:`Learner`."""
        from sklearn.ensemble import HistGradientBoostingClassifier
        from threadpoolctl import threadpool_limits

        if not training.features.shape[1]:
            return _share(training)
        learner: Any = HistGradientBoostingClassifier
        model = learner(
            categorical_features=training.categorical, early_stopping=False, max_features=0.5, random_state=seed % 2**32
        )
        with threadpool_limits(limits=1, user_api="openmp"):  # sums of floats depend on the number of threads; a thread's own
            model.fit(training.features, training.truth)
            return np.asarray(model.predict_proba(training.tested)[:, 1], dtype=np.float64)


class Linear:
    """Logistic regression with an L2 penalty (C = 1) on standardised numbers and indicators of categories.

    A missing value has an indicator of its own. A category that fewer than :attr:`rarest` training rows hold, or that is not
    among the most frequent, joins the other ones. Newton's method with a Cholesky solver is deterministic, so one fit is all
    there is.
    """

    name = "linear"
    title = "logistic regression, L2"
    seeded = False
    rarest = 20
    most_levels = 50
    most_indicators = 400  # over all columns; Newton's method costs the square of them
    most_products = 5e9  # rows times columns squared of one step
    most_cells = 1.25e7  # rows times columns

    def scores(self, training: Training, seed: int) -> Features:
        """See :class:`Learner`; ``seed`` picks rows only where a very wide table would cost too much."""
        from sklearn.linear_model import LogisticRegression

        design, tested = self.design(training)
        if not design.shape[1]:
            return _share(training)
        rows = self._affordable(training, design.shape[1], seed)
        learner: Any = LogisticRegression
        model = learner(solver="newton-cholesky", C=1.0, tol=1e-6, max_iter=100)
        model.fit(design[rows], training.truth[rows])
        return np.asarray(model.predict_proba(tested)[:, 1], dtype=np.float64)

    def design(self, training: Training) -> tuple[Features, Features]:
        """Return the columns of the linear model, of training rows and of the holdout."""
        levels = self.most_levels
        if training.categorical.any():
            levels = min(levels, max(2, self.most_indicators // int(training.categorical.sum())))
        parts: list[Features] = []
        others: list[Features] = []
        for known, other, categorical in zip(training.features.T, training.tested.T, training.categorical, strict=True):
            one, two = self._indicators(known, other, levels) if categorical else self._standardised(known, other)
            parts += one
            others += two
        if not parts:
            return np.zeros((len(training.truth), 0)), np.zeros((len(training.tested), 0))
        return np.column_stack(parts), np.column_stack(others)

    def _standardised(self, known: Features, other: Features) -> tuple[list[Features], list[Features]]:
        missing, gone = np.isnan(known), np.isnan(other)
        present = known[~missing]
        centre, spread = float(present.mean()), float(present.std())
        if not np.isfinite(spread) or spread <= 1e-12 * max(abs(centre), 1.0):
            spread = np.inf  # a constant tells nothing
        columns = [np.where(missing, 0.0, (known - centre) / spread)]
        others = [np.where(gone, 0.0, (other - centre) / spread)]
        if missing.any():
            columns.append(missing.astype(np.float64))
            others.append(gone.astype(np.float64))
        return columns, others

    def _indicators(self, known: Features, other: Features, levels: int) -> tuple[list[Features], list[Features]]:
        missing = np.isnan(known)
        counts = np.bincount(known[~missing].astype(np.int64))
        frequent = np.argsort(-counts, kind="stable")[:levels]
        kept = np.sort(frequent[counts[frequent] >= self.rarest]).astype(np.float64)
        columns = [(known == level).astype(np.float64) for level in kept]
        others = [(other == level).astype(np.float64) for level in kept]
        columns += [(~missing & ~np.isin(known, kept)).astype(np.float64), missing.astype(np.float64)]
        others += [(~np.isnan(other) & ~np.isin(other, kept)).astype(np.float64), np.isnan(other).astype(np.float64)]
        return columns, others

    def _affordable(self, training: Training, width: int, seed: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        most = int(max(min(self.most_products / width**2, self.most_cells / width), 1_000))
        rows = np.arange(len(training.truth))
        if len(rows) <= most:
            return rows
        return np.sort(np.random.Generator(np.random.PCG64(seed)).choice(rows, most, replace=False))


def _share(training: Training) -> Features:
    """Return the share of positive rows for every row: all that can be said without a column to learn from."""
    return np.full(len(training.tested), float(training.truth.mean()))


LEARNERS: tuple[Learner, ...] = (BoostedTrees(), Linear())
