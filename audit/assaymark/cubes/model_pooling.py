"""What may be published of classifiers' labels: one set of groups a scope, for all classifiers at once.

**Why one set.** Twenty tables of the same rows that pooled different groups could be held against each other: where one shows
a group that another pools, the difference of the two is the rest of the pool. Here a group is shown by all tables of
classifiers of a scope or by none. The table by outcome may show more groups: it has passed its own check, its groups hold the
groups shown here, and it says nothing of labels. What the tables of several scopes and the pools give away together, the
linear program of :mod:`assaymark.cubes.model_disclosure` decides; groups join the pool until nothing follows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.cubes.model_disclosure import Exposed, Partition, PrivateCounts, exposed, unknowns
from assaymark.cubes.models import LabelledRows, ModelKey, ModelTables, Pair, fits_of, pairs_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from assaymark.cubes.fine import FineCube, Group
    from assaymark.cubes.published import GroupTable, Scope

    Table = NDArray[np.int64]

LARGEST_PROGRAM = 20_000  # unknowns up to which intersections are checked for disclosure; beyond it they are withheld
_FEWEST_IN_POOL = 2  # a pool of one group would publish that group


def pool_models(
    rows: LabelledRows, holdout: FineCube, shown: Mapping[Scope, GroupTable], small_cell: int
) -> dict[Scope, ModelTables]:
    """Return the tables of classifiers that may be published, by scope.

    Args:
        rows: The scored rows.
        holdout: Private cube of the holdout by outcome.
        shown: What is published of that cube.
        small_cell: Smallest count that may be published.
    """
    if unknowns(_private(rows, holdout)) <= LARGEST_PROGRAM:
        return _Pooling(rows, holdout, shown, small_cell).run()
    # each attribute on its own: tables of different attributes share no more than the number of rows
    tables = {scope: ModelTables(withheld=True) for scope in shown}
    for scope in shown:
        if len(scope) == 1:
            alone, cube = _along(rows, holdout, scope)
            if unknowns(_private(alone, cube)) <= LARGEST_PROGRAM:
                tables |= _Pooling(alone, cube, {scope: shown[scope]}, small_cell).run()
    return tables


def _along(rows: LabelledRows, holdout: FineCube, scope: Scope) -> tuple[LabelledRows, FineCube]:
    """Return the same rows by the groups of one attribute."""
    place = rows.attributes.index(scope[0])
    names = sorted({(combination[place],) for combination in rows.combinations})
    lookup = np.array([names.index((combination[place],)) for combination in rows.combinations], dtype=np.intp)
    groups, member = holdout.project(scope)
    counts = np.zeros((len(groups), holdout.counts.shape[1]), dtype=np.int64)
    np.add.at(counts, member, holdout.counts)
    return (
        LabelledRows(scope, tuple(names), lookup[rows.combination], rows.truth, rows.labels),
        type(holdout)(scope, groups, counts, holdout.missing),
    )


def _spread(rows: LabelledRows, holdout: FineCube, counts: Table) -> Table:
    """Return counts of the combinations among scored rows as counts of all combinations of the holdout."""
    place = {combination: row for row, combination in enumerate(holdout.combinations)}
    found = np.zeros((len(holdout.combinations), counts.shape[1]), dtype=np.int64)
    found[[place[combination] for combination in rows.combinations]] = counts
    return found


def _private(rows: LabelledRows, holdout: FineCube) -> PrivateCounts:
    def spread(counts: Table) -> Table:
        return _spread(rows, holdout, counts)

    return PrivateCounts(
        holdout.counts,
        spread(rows.outcome_counts()),
        {key: spread(rows.label_counts(key)[:, [1, 3]]) for key in rows.labels},
        {key: spread(rows.both_counts(key)) for pair in pairs_of(rows.labels) for key in fits_of(rows.labels, *pair)},
    )


class _Pooling:
    def __init__(self, rows: LabelledRows, holdout: FineCube, shown: Mapping[Scope, GroupTable], small_cell: int) -> None:
        self._small = small_cell
        self._scopes = tuple(shown)
        self._counts = _private(rows, holdout)
        self._holdout = holdout
        self._holders = {pair: _spread(rows, holdout, rows.pair_holders(pair)) for pair in pairs_of(rows.labels)}
        self._by_outcome = [self._partition(scope, shown[scope].groups, shown[scope].withheld) for scope in shown]
        for part in self._by_outcome:
            part.models = False
        self._parts = [self._partition(scope, shown[scope].groups, shown[scope].withheld) for scope in shown]
        self._named = [shown[scope].groups for scope in shown]
        for part in self._parts:
            part.pooled |= (self._smallest(part) < small_cell) if not part.withheld else True

    def run(self) -> dict[Scope, ModelTables]:
        for part in self._parts:
            self._complete(part)
            part.pairs = self._publishable_pairs(part)
        while found := exposed(self._counts, [*self._by_outcome, *self._parts]):
            hidden = [self._hide(each) for each in found]  # each of them, not only the first that can be
            if not any(hidden) and not self._withhold_one():
                break
            for part in self._parts:
                self._complete(part)
                part.pairs &= self._publishable_pairs(part)
        return {scope: self._tables(place) for place, scope in enumerate(self._scopes)}

    def _partition(self, scope: Scope, groups: tuple[Group, ...], withheld: bool) -> Partition:  # noqa: FBT001 - of a table
        names, member = self._holdout.project(scope)
        return Partition(names, member, np.array([name not in groups for name in names], dtype=bool), withheld)

    def _by_group(self, part: Partition, counts: Table) -> Table:
        found = np.zeros((len(part.groups), counts.shape[1]), dtype=np.int64)
        np.add.at(found, part.member, counts)
        return found

    def _cells(self, part: Partition, key: ModelKey) -> Table:
        """Return rows by group and LABEL_CELLS, shape (groups, 4)."""
        scored, one = self._by_group(part, self._counts.scored), self._by_group(part, self._counts.labels[key])
        return np.stack([scored - one, one], axis=-1).reshape(len(part.groups), 4)

    def _pair_cells(self, part: Partition, pair: Pair) -> Table:
        """Return rows by group and PAIR_CELLS, summed over seeds, shape (groups, 8)."""
        tables = [self._pair_of_seed(part, key) for key in fits_of(self._counts.labels, *pair)]
        return np.asarray(np.sum(tables, axis=0), dtype=np.int64)

    def _pair_of_seed(self, part: Partition, key: ModelKey) -> Table:
        counts = self._counts
        scored, both = self._by_group(part, counts.scored), self._by_group(part, counts.both[key])
        real, other = (self._by_group(part, counts.labels[one]) for one in (key.partner, key))
        return np.stack([scored - real - other + both, other - both, real - both, both], axis=-1).reshape(len(part.groups), 8)

    def _all_cells(self, part: Partition) -> list[Table]:
        tables = [self._cells(part, key) for key in self._counts.labels]
        if self._counts.sampled:  # what was not scored follows from the table by outcome, so it must not be small either
            tables.append(self._by_group(part, self._counts.whole - self._counts.scored))
        return tables

    def _smallest(self, part: Partition) -> Table:
        """Return the smallest cell of each group over all tables, shape (groups,)."""
        return np.asarray(np.min([table.min(axis=1) for table in self._all_cells(part)], axis=0), dtype=np.int64)

    def _complete(self, part: Partition) -> None:
        """Let the smallest groups join until the pool is large enough itself; without enough groups publish nothing."""
        tables = self._all_cells(part)
        while part.pooled.any() and not part.withheld:
            large = all((table[part.pooled].sum(axis=0) >= self._small).all() for table in tables)
            if large and part.pooled.sum() >= _FEWEST_IN_POOL:
                return
            if not self._join_smallest(part, ~part.pooled):
                self._withhold(part)

    def _publishable_pairs(self, part: Partition) -> set[Pair]:
        """Return the pairs each of whose cells enough different rows hold."""
        if part.withheld:
            return set()
        held = {pair: self._pool(part, self._by_group(part, holders)) for pair, holders in self._holders.items()}
        return {pair for pair, holders in held.items() if (holders >= self._small).all()}

    def _pool(self, part: Partition, cells: Table) -> Table:
        """Return the cells of the published groups, and of the pool as last row if there is one."""
        if not part.pooled.any():
            return cells
        return np.vstack([cells[~part.pooled], cells[part.pooled].sum(axis=0)])

    def _join_smallest(self, part: Partition, candidates: NDArray[np.bool_]) -> bool:
        places = np.flatnonzero(candidates)
        if part.withheld or not len(places):
            return False
        n = self._by_group(part, self._counts.whole).sum(axis=1)
        part.pooled[places[np.argmin(n[places])]] = True
        return True

    def _hide(self, found: Exposed) -> bool:
        """Publish less: no pair where a count of a pair follows; else one group less, near the exposed one if possible."""
        number = found.partition % len(self._parts)
        part = self._parts[number]
        if found.pair is not None:
            for one in (part, *reversed(self._parts)):
                if found.pair in one.pairs:
                    one.pairs.discard(found.pair)
                    return True
            return True  # it was dropped already, for another exposed count
        labels = part.groups[found.group]
        near = np.array([any(x == y for x, y in zip(labels, other, strict=True)) for other in part.groups])
        if self._join_smallest(part, near & ~part.pooled) or self._join_smallest(part, ~part.pooled):
            return True
        touched = part.member == found.group
        for other in reversed(self._parts):
            overlap = np.zeros(len(other.groups), dtype=bool)
            overlap[other.member[touched]] = True
            if other is not part and self._join_smallest(other, overlap & ~other.pooled):
                return True
        return False

    def _withhold(self, part: Partition) -> None:
        part.withheld = True
        part.pooled[:] = True
        part.pairs = set()

    def _withhold_one(self) -> bool:
        for part in reversed(self._parts):
            if not part.withheld:
                self._withhold(part)
                return True
        return False

    def _tables(self, place: int) -> ModelTables:
        part = self._parts[place]
        if part.withheld:
            return ModelTables(withheld=True)
        pooled = [group for group, hidden in zip(part.groups, part.pooled, strict=True) if hidden]
        return ModelTables(
            tuple(group for group, hidden in zip(part.groups, part.pooled, strict=True) if not hidden),
            bool(pooled),
            tuple(group for group in pooled if group in self._named[place]),
            labels={key: self._pool(part, self._cells(part, key)) for key in self._counts.labels},
            pairs={pair: self._pool(part, self._pair_cells(part, pair)) for pair in sorted(part.pairs)},
        )
