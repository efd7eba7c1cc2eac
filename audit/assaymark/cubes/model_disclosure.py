"""Which unpublished counts follow from all tables of the holdout: by outcome, by each classifier's labels, by pairs of them.

The unknowns are not the rows by every pattern of labels, of which there are more than a million for twenty classifiers. Two
tables over different classifiers bear on each other only through what both hold: the rows by protected groups and outcome.
Given these, the rows of one combination of groups and outcome can be labelled by each classifier independently of the others,
so that any tables of single classifiers that agree on them belong to some dataset. The same holds for a pair of classifiers
given the table of each. So one unknown for each combination, outcome and classifier, and one for each published pair, say all
that the product would.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.cubes.models import fits_of
from assaymark.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.cubes.fine import Group
    from assaymark.cubes.models import ModelKey, Pair

_PROBES = 16  # random directions tried before single counts are bounded; each shows many counts to be free at once
_TOLERANCE = 1e-6

Terms = tuple[tuple[int, float], ...]  # (first unknown of a kind, factor)
Row = tuple["NDArray[np.bool_]", Terms, int]  # sum over these combinations, of these kinds, of one outcome


@dataclass(frozen=True, slots=True)
class PrivateCounts:
    """The private counts behind all tables, over the m combinations of protected groups.

    Attributes:
        whole: Rows of the holdout by outcome, shape (m, 2).
        scored: Those of them that were scored, shape (m, 2).
        labels: For each classifier, scored rows with label 1 by outcome, shape (m, 2).
        both: For each classifier that has a partner, rows that both label 1, shape (m, 2).
    """

    whole: NDArray[np.int64]
    scored: NDArray[np.int64]
    labels: dict[ModelKey, NDArray[np.int64]]
    both: dict[ModelKey, NDArray[np.int64]] = field(default_factory=dict)

    @property
    def sampled(self) -> bool:
        """Whether some rows were not scored."""
        return not np.array_equal(self.whole, self.scored)


@dataclass(slots=True)
class Partition:
    """Which groups of a scope are published, and which are pooled.

    Attributes:
        groups: Groups that occur.
        member: Group of each combination, shape (m,).
        pooled: bool, shape (groups,).
        withheld: True when not even the pool is published.
        models: True for the tables of classifiers, False for the table by outcome.
        pairs: Classifiers published together with their partners, summed over seeds.
    """

    groups: tuple[Group, ...]
    member: NDArray[np.intp]
    pooled: NDArray[np.bool_]
    withheld: bool = False
    models: bool = True
    pairs: set[Pair] = field(default_factory=set)

    def told(self) -> Iterator[NDArray[np.bool_]]:
        """Yield the combinations whose sum is published, one set at a time."""
        if self.withheld:
            return
        for group in np.flatnonzero(~self.pooled):
            yield self.member == group
        if self.pooled.any():
            yield self.pooled[self.member]

    def hidden(self) -> NDArray[np.intp]:
        """Return the groups that have no counts of their own."""
        return np.arange(len(self.groups)) if self.withheld else np.flatnonzero(self.pooled)


@dataclass(frozen=True, slots=True)
class Exposed:
    """A count that only one whole number fits: of which group, and of which pair of classifiers, if of one."""

    partition: int
    group: int
    pair: Pair | None = None


class _Program:
    """The unknowns, what is published of them, and what must stay open."""

    def __init__(self, counts: PrivateCounts, partitions: Sequence[Partition]) -> None:
        self.counts = counts
        self.partitions = partitions
        self.width = counts.whole.size  # unknowns of one kind: combinations by outcome
        self.scored = self.width if counts.sampled else 0
        first = self.scored + self.width
        self.label = {key: first + place * self.width for place, key in enumerate(counts.labels)}
        first += len(self.label) * self.width
        published = sorted({pair for part in partitions if not part.withheld for pair in part.pairs})
        self.fits = {pair: fits_of(counts.labels, *pair) for pair in published}
        keys = [key for fits in self.fits.values() for key in fits]
        self.both = {key: first + place * self.width for place, key in enumerate(keys)}
        self.size = first + len(self.both) * self.width

    def truth(self) -> NDArray[np.float64]:
        """Return the unknowns as they are."""
        parts = [self.counts.whole]
        if self.counts.sampled:
            parts.append(self.counts.scored)
        parts += [*self.counts.labels.values(), *(self.counts.both[key] for key in self.both)]
        return np.concatenate([part.ravel() for part in parts]).astype(np.float64)

    def label_cells(self, key: ModelKey) -> list[Terms]:
        """Return the counts with label 0 and 1 as sums of unknowns."""
        return [((self.scored, 1.0), (self.label[key], -1.0)), ((self.label[key], 1.0),)]

    def pair_cells(self, key: ModelKey) -> list[Terms]:
        """Return the four counts of a classifier and its partner as sums of unknowns."""
        real, other, both = self.label[key.partner], self.label[key], self.both[key]
        neither = ((self.scored, 1.0), (real, -1.0), (other, -1.0), (both, 1.0))
        return [neither, ((other, 1.0), (both, -1.0)), ((real, 1.0), (both, -1.0)), ((both, 1.0),)]

    def published(self) -> Any:
        """Return the matrix of all published sums."""
        rows: list[Row] = [(np.ones(self.width // 2, dtype=bool), ((0, 1.0),), y) for y in (0, 1)]
        for part in self.partitions:
            kinds: list[Terms] = [((0, 1.0),)]
            if part.models:
                kinds = [((self.scored, 1.0),), *(((self.label[key], 1.0),) for key in self.label)]
                kinds += [tuple((self.both[key], 1.0) for key in self.fits[pair]) for pair in sorted(part.pairs)]
            rows += [(chosen, terms, y) for chosen in part.told() for terms in kinds for y in (0, 1)]
        return self._matrix(rows)

    def bounds(self) -> Any:
        """Return the matrix of all counts that must not be negative, beside the unknowns themselves."""
        from scipy import sparse

        cells = [terms for key in self.label for terms in self.label_cells(key)[:1]]
        cells += [terms for key in self.both for terms in self.pair_cells(key)[:3]]
        if self.counts.sampled:
            cells.append(((0, 1.0), (self.scored, -1.0)))
        unit = np.arange(self.width)
        row = np.concatenate([unit + place * self.width for place, terms in enumerate(cells) for _ in terms])
        column = np.concatenate([unit + first for terms in cells for first, _ in terms])
        value = np.concatenate([np.full(self.width, factor) for terms in cells for _, factor in terms])
        return sparse.csr_matrix((value, (row, column)), shape=(len(cells) * self.width, self.size))

    def targets(self) -> tuple[Any, list[Exposed]]:
        """Return the matrix of the counts that must stay open, and whose they are.

        They are all counts of hidden groups, and those of each seed where only the sum over seeds is published.
        """
        rows: list[Row] = []
        names: list[Exposed] = []
        for place, part in enumerate(self.partitions):
            singles: list[Terms] = [((0, 1.0),)]
            if part.models:
                singles = [terms for key in self.label for terms in self.label_cells(key)]
                singles += [((self.scored, 1.0),)] if self.counts.sampled else []
            for group in map(int, part.hidden()):
                for terms in singles:
                    rows += [(part.member == group, terms, y) for y in (0, 1)]
                    names += [Exposed(place, group)] * 2
            for pair, group in product(sorted(part.pairs if part.models else set()), range(len(part.groups))):
                shown = not part.pooled[group] and len(self.fits[pair]) == 1  # then the sum over seeds is the count itself
                for terms in [] if shown else [cell for key in self.fits[pair] for cell in self.pair_cells(key)]:
                    rows += [(part.member == group, terms, y) for y in (0, 1)]
                    names += [Exposed(place, group, pair)] * 2
        return self._matrix(rows), names

    def _matrix(self, rows: list[Row]) -> Any:
        from scipy import sparse

        places = [np.flatnonzero(chosen) * 2 + y for chosen, _, y in rows]
        sizes = [len(place) * len(terms) for place, (_, terms, _) in zip(places, rows, strict=True)]
        columns = [first + place for place, (_, terms, _) in zip(places, rows, strict=True) for first, _ in terms]
        values = [np.full(len(place), factor) for place, (_, terms, _) in zip(places, rows, strict=True) for _, factor in terms]
        row = np.repeat(np.arange(len(rows)), sizes)
        if not len(row):
            return sparse.csr_matrix((len(rows), self.size))
        return sparse.csr_matrix((np.concatenate(values), (row, np.concatenate(columns))), shape=(len(rows), self.size))


def unknowns(counts: PrivateCounts) -> int:
    """Return how many unknowns the program has at most."""
    return int(counts.whole.size) * (2 + len(counts.labels) + len(counts.both))


def exposed(counts: PrivateCounts, partitions: Sequence[Partition]) -> list[Exposed]:
    """Return the hidden counts that everything published together leaves no choice, each group and kind once.

    Args:
        counts: The private counts, which are one of the solutions.
        partitions: All that is published of them.
    """
    program = _Program(counts, partitions)
    targets, names = program.targets()
    if not names:
        return []
    published = program.published()
    truth = program.truth()
    solver = _Solver(published, published @ truth, program.bounds())
    at = targets @ truth
    low, high = at.copy(), at.copy()
    rng = np.random.Generator(np.random.PCG64(0))  # any directions will do: they only save time
    for _ in range(_PROBES):
        still = high - low < 1 - _TOLERANCE
        if not still.any():
            return []
        direction = targets[still].T @ rng.normal(size=int(still.sum()))
        for sign in (1.0, -1.0):
            reached = targets @ solver.least(sign * direction)
            low, high = np.minimum(low, reached), np.maximum(high, reached)
    found: dict[Exposed, None] = {}
    for place in np.flatnonzero(high - low < 1 - _TOLERANCE):
        if names[place] not in found and _one_number(solver, targets[place]):
            found[names[place]] = None
    return list(found)


def _one_number(solver: _Solver, target: Any) -> bool:
    direction = np.asarray(target.todense(), dtype=np.float64).ravel()
    least, most = (float(direction @ solver.least(sign * direction)) for sign in (1.0, -1.0))
    return bool(np.floor(most + _TOLERANCE) - np.ceil(least - _TOLERANCE) < 1)


@dataclass(frozen=True, slots=True)
class _Solver:
    published: Any
    values: NDArray[np.float64]
    bounds: Any

    def least(self, direction: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a table that fits all that is published and has the least sum along ``direction``."""
        from scipy.optimize import linprog

        solved = linprog(
            direction,
            A_ub=-self.bounds,
            b_ub=np.zeros(self.bounds.shape[0]),
            A_eq=self.published,
            b_eq=self.values,
            bounds=(0, None),
            method="highs",
        )
        if solved.status != 0:
            raise InternalError(
                "the disclosure check could not be solved", found=str(solved.message), remedy="Report this as a defect."
            )
        return np.asarray(solved.x, dtype=np.float64)
