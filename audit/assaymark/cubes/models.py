"""Tables of the holdout by outcome and classifiers' labels: which classifiers, what is counted, and what is published."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from assaymark.tables.groups import group_labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.cubes.fine import Group
    from assaymark.tables.table import Table

REAL = "real"
SYNTHETIC = "synthetic"
BOTH = "both"
AGAIN = "real_again"
"""Fits on bootstrapped real rows: how much two samples of real rows differ is read from them."""

TRAINED_ON = (REAL, SYNTHETIC, BOTH, AGAIN)
COMPARED = (SYNTHETIC, BOTH)
"""What is compared with :data:`REAL`."""

LABEL_CELLS = tuple(f"y{y}_label{label}" for y in (0, 1) for label in (0, 1))
PAIR_CELLS = tuple(f"y{y}_real{real}_other{other}" for y in (0, 1) for real in (0, 1) for other in (0, 1))


@dataclass(frozen=True, slots=True, order=True)
class ModelKey:
    """One classifier.

    Attributes:
        learner: Name of the learner.
        trained_on: One of :data:`TRAINED_ON`.
        seed: Number of the fit, from 0. Fits of one learner and number share their learner's seed, whatever they learn from.
    """

    learner: str
    trained_on: str
    seed: int

    @property
    def partner(self) -> ModelKey:
        """The classifier trained on real rows that this one is compared with."""
        return ModelKey(self.learner, REAL, self.seed)


Pair = tuple[str, str]
"""A learner, and what it was trained on to be compared with real: its fits and their partners, all seeds together."""


def fits_of(keys: Iterable[ModelKey], learner: str, trained_on: str) -> tuple[ModelKey, ...]:
    """Return the classifiers of one learner and training set, by seed."""
    return tuple(sorted(key for key in keys if (key.learner, key.trained_on) == (learner, trained_on)))


def pairs_of(keys: Iterable[ModelKey]) -> tuple[Pair, ...]:
    """Return what is compared with classifiers trained on real rows, in order."""
    return tuple(dict.fromkeys((key.learner, key.trained_on) for key in keys if key.trained_on in COMPARED))


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """Private: the scored rows of the holdout. They never leave the process.

    Attributes:
        attributes: The protected columns.
        combinations: Combinations of their groups that occur among the scored rows, sorted.
        combination: Which of them each row has, shape (rows,).
        truth: Whether each row is positive, shape (rows,).
        labels: Label of each row by each classifier, shape (rows,) each.
    """

    attributes: tuple[str, ...]
    combinations: tuple[Group, ...]
    combination: NDArray[np.intp]
    truth: NDArray[np.bool_]
    labels: Mapping[ModelKey, NDArray[np.bool_]]

    def outcome_counts(self) -> NDArray[np.int64]:
        """Return rows by combination and outcome, shape (m, 2)."""
        return self._count([self.truth])

    def label_counts(self, key: ModelKey) -> NDArray[np.int64]:
        """Return rows by combination and :data:`LABEL_CELLS`, shape (m, 4)."""
        return self._count([self.truth, self.labels[key]])

    def both_counts(self, key: ModelKey) -> NDArray[np.int64]:
        """Return the rows that a classifier and its partner both label 1, by combination and outcome, shape (m, 2)."""
        together = self.labels[key] & self.labels[key.partner]
        return self._count([self.truth, together])[:, [1, 3]]

    def pair_holders(self, pair: Pair) -> NDArray[np.int64]:
        """Return how many rows are in each of :data:`PAIR_CELLS` with any seed, by combination, shape (m, 8)."""
        found = np.zeros((len(self.combinations), len(PAIR_CELLS)), dtype=np.int64)
        keys = fits_of(self.labels, *pair)
        for cell in range(len(PAIR_CELLS)):
            real, other = bool(cell & 2), bool(cell & 1)
            within = [(self.labels[key.partner] == real) & (self.labels[key] == other) for key in keys]
            rows = (self.truth == bool(cell & 4)) & np.any(within, axis=0)
            found[:, cell] = np.bincount(self.combination[rows], minlength=len(self.combinations))
        return found

    def _count(self, parts: Sequence[NDArray[np.bool_]]) -> NDArray[np.int64]:
        flat = self.combination.astype(np.int64)
        for part in parts:
            flat = flat * 2 + part
        size = len(self.combinations) << len(parts)
        return np.bincount(flat, minlength=size).reshape(len(self.combinations), -1).astype(np.int64)


def row_combinations(table: Table, protected: Sequence[str]) -> tuple[NDArray[np.intp], tuple[Group, ...]]:
    """Return the combination of protected groups of each row, shape (rows,), and the combinations that occur, sorted."""
    coded = [group_labels(table, table.schema[name]) for name in protected]
    used: list[Group] = [()]
    place = np.zeros(table.rows, dtype=np.int64)
    for codes, labels in coded:
        present, place = np.unique(place * max(len(labels), 1) + codes, return_inverse=True)
        used = [(*used[flat // max(len(labels), 1)], labels[flat % max(len(labels), 1)]) for flat in present.tolist()]
    order = sorted(range(len(used)), key=used.__getitem__)
    rank = np.empty(len(order), dtype=np.intp)
    rank[order] = np.arange(len(order))
    return rank[place], tuple(used[row] for row in order)


@dataclass(frozen=True, slots=True)
class ModelTables:
    """The published tables of all classifiers in one scope; they share one set of groups.

    Attributes:
        groups: Published groups, sorted.
        pooled: Whether there is a pool of other groups; it is the last row of each table then.
        pooled_groups: Names of pooled groups that the holdout's outcome table publishes; the others stay unnamed.
        withheld: True when nothing of this scope may be published; then there are no tables.
        labels: For each classifier rows by :data:`LABEL_CELLS`, shape (groups [+ 1], 4).
        pairs: For a learner and a training set compared with real, rows by :data:`PAIR_CELLS`, summed over the seeds, shape
            (groups [+ 1], 8); only where enough rows hold each cell.
    """

    groups: tuple[Group, ...] = ()
    pooled: bool = False
    pooled_groups: tuple[Group, ...] = ()
    withheld: bool = False
    labels: Mapping[ModelKey, NDArray[np.int64]] = field(default_factory=dict)
    pairs: Mapping[Pair, NDArray[np.int64]] = field(default_factory=dict)

    def learners(self) -> tuple[str, ...]:
        """Return the learners, in the order of the tables."""
        return tuple(dict.fromkeys(key.learner for key in self.labels))

    def fits(self, learner: str, trained_on: str) -> tuple[ModelKey, ...]:
        """Return the classifiers of one learner and training set, by seed."""
        return fits_of(self.labels, learner, trained_on)
