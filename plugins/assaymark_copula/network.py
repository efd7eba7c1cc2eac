"""A network of discrete variables: which depends on which, and conditional tables with back-off.

Parents are chosen greedily by mutual information, as in the network of Zhang et al., PrivBayes (2017), section 3, with the
bias of Miller (1955) taken off so that a sparse table is not taken for a strong dependence.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from assaymark_copula.cells import Variable

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

_CANDIDATES = 8  # parents are looked for among this many columns of the strongest pairwise dependence
_TABLE_LIMIT = 2_000_000  # cells of one conditional table
_FEWEST_ROWS = 10  # a combination of parents that fewer rows hold says nothing of its own


@dataclass(frozen=True, slots=True)
class Node:
    """One variable given its parents.

    Attributes:
        variable: Its place among the variables.
        parents: Places of its parents; sampled before it.
        shape: Number of values of each parent.
        cumulative: Cumulative conditional probabilities, shape (combinations of parents, values).
    """

    variable: int
    parents: tuple[int, ...]
    shape: tuple[int, ...]
    cumulative: Floats

    def sample(self, parents: Sequence[Ints], draws: Floats) -> Ints:
        """Return values given the parents' values and uniform draws, shape (rows,)."""
        rows = _joint(parents, self.shape, len(draws))
        found = (self.cumulative[rows] <= draws[:, None]).sum(axis=1)
        return np.asarray(np.minimum(found, self.cumulative.shape[1] - 1), dtype=np.int64)

    def probability(self, parents: Sequence[Ints], value: int, rows: int) -> Floats:
        """Return how likely a value is given the parents' values, shape (rows,)."""
        return self._density(value)[_joint(parents, self.shape, rows)]

    def most_probable(self, value: int) -> float:
        """Return how likely a value is given those parents that make it most likely."""
        return float(self._density(value).max())

    def _density(self, value: int) -> Floats:
        below = self.cumulative[:, value - 1] if value else 0.0
        return np.asarray(self.cumulative[:, value] - below, dtype=np.float64)


def _joint(columns: Sequence[Ints], shape: Sequence[int], rows: int) -> Ints:
    flat = np.zeros(rows, dtype=np.int64)
    for column, size in zip(columns, shape, strict=True):
        flat = flat * size + column
    return flat


def _information(x: Ints, x_size: int, parents: Ints, parents_size: int) -> float:
    """Return the mutual information in nats, less its bias of (r - 1)(c - 1) / 2n over the rows and columns that occur."""
    table = np.bincount(parents * x_size + x, minlength=parents_size * x_size).reshape(parents_size, x_size).astype(np.float64)
    n = table.sum()
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    p = table / n
    outer = p.sum(axis=1, keepdims=True) * p.sum(axis=0, keepdims=True)
    seen = p > 0
    gain: float = float((p[seen] * np.log(p[seen] / outer[seen])).sum())
    degrees = (table.shape[0] - 1) * (table.shape[1] - 1)
    return float(gain - degrees / (2.0 * float(n)))


@dataclass
class Learner:
    """Learns a network from values.

    Attributes:
        variables: The variables.
        values: Values of each, shape (rows,).
        most: Most parents of a variable.
        smoothing: Weight in rows of the estimate with one parent less.
    """

    variables: tuple[Variable, ...]
    values: list[Ints]
    most: int
    smoothing: float

    def __post_init__(self) -> None:
        """Keep the parents' values, which every step needs."""
        self._coarse = [
            variable.coarse(value, first=False) for variable, value in zip(self.variables, self.values, strict=True)
        ]
        self._sizes = [variable.parent_size(first=False) for variable in self.variables]
        self._rows = len(self.values[0]) if self.values else 0

    def learn(self, first: list[int], step: Callable[[int], None]) -> list[Node]:
        """Return the nodes in sampling order; ``first`` are put at the front, each depending on the first of them."""
        pairs = self._pairs()
        rest = [place for place in range(len(self.variables)) if place not in first]
        order: list[int] = []
        nodes: list[Node] = []
        while len(order) < len(self.variables):
            step(len(order))
            if len(order) < len(first):
                chosen, must = first[len(order)], first[:1] if order else []
            else:
                chosen, must = max(rest, key=lambda place: (self._pull(pairs, place, order), -place)), []
                rest.remove(chosen)
            parents = self._parents(chosen, order, pairs, must)
            nodes.append(self._node(chosen, parents))
            order.append(chosen)
        return nodes

    def _pairs(self) -> Floats:
        count = len(self.variables)
        found = np.zeros((count, count))
        for a, b in combinations(range(count), 2):
            found[a, b] = found[b, a] = _information(self._coarse[a], self._sizes[a], self._coarse[b], self._sizes[b])
        return found

    @staticmethod
    def _pull(pairs: Floats, place: int, order: list[int]) -> float:
        return float(pairs[place, order].max()) if order else float(pairs[place].sum())

    def _parents(self, chosen: int, order: list[int], pairs: Floats, must: list[int]) -> tuple[int, ...]:
        """Add the parent that tells most beyond those chosen, as long as it tells anything and the table stays small."""
        ranked = sorted(order, key=lambda place: (-pairs[chosen, place], place))[:_CANDIDATES]
        parents, best = list(must), self._tells(chosen, must)
        while len(parents) < self.most:
            options = [place for place in ranked if place not in parents and self._fits(chosen, [*parents, place])]
            scored = [(self._tells(chosen, [*parents, place]), -place) for place in options]
            if not scored or max(scored)[0] <= best:
                break
            best, place = max(scored)
            parents.append(-place)
        return tuple(parents)

    def _fits(self, chosen: int, parents: list[int]) -> bool:
        sizes = [self.variables[place].parent_size(first=turn == 0) for turn, place in enumerate(parents)]
        return self.variables[chosen].size * int(np.prod(sizes)) <= _TABLE_LIMIT

    def _tells(self, chosen: int, parents: list[int]) -> float:
        if not parents:
            return 0.0
        shape = [self._sizes[place] for place in parents]
        joint = _joint([self._coarse[place] for place in parents], shape, self._rows)
        return _information(self._coarse[chosen], self._sizes[chosen], joint, int(np.prod(shape)))

    def _node(self, chosen: int, parents: tuple[int, ...]) -> Node:
        """Estimate the conditional table, backing off from all parents to none, one at a time."""
        size, value = self.variables[chosen].size, self.values[chosen]
        counts = np.bincount(value, minlength=size).astype(np.float64)
        estimate = (counts / max(counts.sum(), 1.0))[None, :]
        shape = tuple(self.variables[place].parent_size(first=turn == 0) for turn, place in enumerate(parents))
        columns = [self.variables[place].coarse(self.values[place], first=turn == 0) for turn, place in enumerate(parents)]
        for depth in range(1, len(parents) + 1):
            joint = _joint(columns[:depth], shape[:depth], self._rows)
            combos = int(np.prod(shape[:depth]))
            table = np.bincount(joint * size + value, minlength=combos * size).reshape(combos, size).astype(np.float64)
            held = table.sum(axis=1, keepdims=True)
            coarser = np.repeat(estimate, shape[depth - 1], axis=0)
            estimate = np.where(held >= _FEWEST_ROWS, (table + self.smoothing * coarser) / (held + self.smoothing), coarser)
        cumulative = np.cumsum(estimate, axis=1)
        return Node(chosen, parents, shape, cumulative / cumulative[:, -1:])
