"""Classifiers trained on real, on synthetic and on both, and what all of them say of the holdout.

"Train on synthetic, test on real" (Esteban et al., 2017), with the same learners trained on real rows beside it. Fits run two
at a time, each in one thread; their order and their numbers do not depend on that.
"""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.utility.features import Part, Training, predictors, training_of
from assaymark.checks.utility.learners import LEARNERS, Learner
from assaymark.cubes.models import AGAIN, BOTH, REAL, SYNTHETIC, LabelledRows, ModelKey, row_combinations
from assaymark.tables.groups import outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.checks.utility.features import Features
    from assaymark.execution import Run
    from assaymark.policy.model import Policy
    from assaymark.tables.table import Table

TRAINING_ROWS = 50_000  # of each table; more cost time and change little
TESTED_ROWS = 100_000
_THRESHOLD = 0.5
_WORKERS = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """How many fits there are.

    Attributes:
        seeds: Fits of a seeded learner on each training set.
        refits: Fits of each learner on bootstrapped real rows.
    """

    seeds: int
    refits: int

    @classmethod
    def of(cls, policy: Policy) -> Plan:
        """Return what a policy asks for."""
        return cls(policy.learner_seeds, policy.real_refits)


@dataclass(frozen=True, slots=True)
class Predictions:
    """What all classifiers say of the holdout.

    Attributes:
        rows: Indices of the scored rows of the holdout: those whose outcome is known, or a sample of them.
        truth: Whether each of them is positive, shape (rows,).
        scores: Probability of positive by each classifier, shape (rows,) each, in a fixed order.
        training_rows: Rows that were learned from, by training set.
    """

    rows: NDArray[np.int64]
    truth: NDArray[np.bool_]
    scores: Mapping[ModelKey, Features]
    training_rows: Mapping[str, int] = field(default_factory=dict)

    def labels(self, key: ModelKey) -> NDArray[np.bool_]:
        """Return the labels of a classifier, shape (rows,)."""
        return np.asarray(self.scores[key] >= _THRESHOLD)

    def learners(self) -> tuple[str, ...]:
        """Return the names of the learners, in order."""
        return tuple(dict.fromkeys(key.learner for key in self.scores))

    def fits(self, learner: str, trained_on: str) -> tuple[ModelKey, ...]:
        """Return the classifiers of one learner and training set, by seed."""
        return tuple(sorted(key for key in self.scores if (key.learner, key.trained_on) == (learner, trained_on)))


def unlearnable(real: Table, synthetic: Table) -> str | None:
    """Return why no classifiers can be trained, a short stable code, or None."""
    schema = real.schema
    if schema.target is None or schema.positive is None:
        return "no_target"
    if not predictors(schema):
        return "no_predictors"
    truths = [outcome(table, schema) for table in (real, synthetic)]
    return None if all((truth == 0).any() and (truth == 1).any() for truth in truths) else "one_class"


def holdout_predictions(
    real: Table, holdout: Table, synthetic: Table, run: Run, plan: Plan, learners: Sequence[Learner] = LEARNERS
) -> Predictions | None:
    """Train all classifiers and let them score the holdout.

    Args:
        real: Rows that the generator learned from; its schema names the target and the positive outcome.
        holdout: Rows to score.
        synthetic: Rows under audit.
        run: Seed, progress and cancellation.
        plan: How many fits there are.
        learners: What learns.

    Returns:
        The same for the same seed; None where :func:`unlearnable` gives a reason, or no outcome of the holdout is known.
    """
    if unlearnable(real, synthetic) is not None:
        return None
    tested = _part(holdout, real, TESTED_ROWS, run, "holdout")
    if not len(tested.rows):
        return None
    parts = {name: _part(table, real, TRAINING_ROWS, run, name) for name, table in ((REAL, real), (SYNTHETIC, synthetic))}
    sets = {
        REAL: training_of([parts[REAL]], tested, real.schema),
        SYNTHETIC: training_of([parts[SYNTHETIC]], tested, real.schema),
        BOTH: training_of([parts[REAL], parts[SYNTHETIC]], tested, real.schema),
    }
    scores = _fit_all(list(_jobs(sets, learners, plan, run)), run)
    return Predictions(tested.rows, tested.truth, scores, {name: len(each.truth) for name, each in sets.items()})


def labelled_rows(predictions: Predictions, holdout: Table, protected: Sequence[str]) -> LabelledRows:
    """Return the scored rows by protected groups, outcome and labels."""
    place, combinations = row_combinations(holdout, protected)
    used, combination = np.unique(place[predictions.rows], return_inverse=True)
    labels = {key: predictions.labels(key) for key in predictions.scores}
    return LabelledRows(
        tuple(protected), tuple(combinations[row] for row in used), combination.astype(np.intp), predictions.truth, labels
    )


def _part(table: Table, real: Table, most: int, run: Run, name: str) -> Part:
    """Return the rows whose outcome is known, or a seeded sample of them."""
    truth = outcome(table, real.schema)
    rows = np.flatnonzero(truth >= 0)
    if len(rows) > most:
        rows = np.sort(run.rng("classifier-rows", name).choice(rows, most, replace=False))
    return Part(table, rows, truth[rows] == 1)


@dataclass(frozen=True, slots=True)
class _Job:
    key: ModelKey
    learner: Learner
    training: Training
    seed: int
    rows: NDArray[np.int64] | None = None  # bootstrapped rows


def _jobs(sets: Mapping[str, Training], learners: Sequence[Learner], plan: Plan, run: Run) -> Iterator[_Job]:
    for learner in learners:
        for trained_on in (REAL, SYNTHETIC, BOTH):
            for number in range(plan.seeds if learner.seeded else 1):
                key = ModelKey(learner.name, trained_on, number)
                yield _Job(key, learner, sets[trained_on], run.entropy("classifier", learner.name, number))
        real = sets[REAL]
        for number in range(plan.refits):
            rows = _bootstrap(real.truth, run.rng("classifier-again", number))
            seed = run.entropy("classifier-again", learner.name, number)
            yield _Job(ModelKey(learner.name, AGAIN, number), learner, real, seed, rows)


def _bootstrap(truth: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw rows with replacement; should one class be absent, which takes a handful of rows, its first row comes in."""
    rows = rng.integers(0, len(truth), len(truth))
    for value in (True, False):
        if not (truth[rows] == value).any():
            rows[0] = int(np.flatnonzero(truth == value)[0])
    return rows


def _fit_all(jobs: Sequence[_Job], run: Run) -> dict[ModelKey, Features]:
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    def fit(job: _Job) -> Features:
        run.check()
        training = job.training if job.rows is None else job.training.drawn(job.rows)
        return job.learner.scores(training, job.seed)

    scores: dict[ModelKey, Features] = {}
    # BLAS threads are limited for the whole process, so here and once; OpenMP threads by each thread for itself
    with threadpool_limits(limits=1), warnings.catch_warnings(), ThreadPoolExecutor(_WORKERS) as pool:
        warnings.simplefilter("ignore", ConvergenceWarning)  # Newton's method falls back on another solver by itself
        futures = [pool.submit(fit, job) for job in jobs]
        try:
            for done, (job, future) in enumerate(zip(jobs, futures, strict=True)):
                run.progress(done, len(jobs), f"{job.key.learner} on {job.key.trained_on.replace('_', ' ')} rows")
                scores[job.key] = future.result()
        finally:
            for future in futures:
                future.cancel()
    run.progress(len(jobs), len(jobs))
    return scores
