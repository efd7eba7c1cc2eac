"""One scope of an audit by class, and bootstrap draws of pairs of its groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.checks.bias.sampling import ScopeSample, null_shares
from assaymark.cubes.published import POOLED, ClassTables, group_name
from assaymark.statistics.bootstrap import resample, sample_tables

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.execution import Run
    from assaymark.policy.model import Policy

    Shares = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ClassScope:
    """The tables of a scope by class, side by side.

    Rows are the groups published in real, in order, and one last row for everything else. Columns are the cells that are
    named, and one last column for every other class, which may be empty.

    Attributes:
        protected: Attributes of the scope.
        names: Names of the rows; the last one is ``_pooled``.
        cells: Names of the columns; the last one is ``_other``.
        real: Counts, shape (groups + 1, cells + 1).
        synthetic: The same of the synthetic rows.
        null: Shares in real and holdout together, of the same shape.
        places: Rows of the groups that are large enough in real for rates of their own.
    """

    protected: tuple[str, ...]
    names: tuple[str, ...]
    cells: tuple[str, ...]
    real: NDArray[np.int64]
    synthetic: NDArray[np.int64]
    null: Shares
    places: NDArray[np.intp]

    @property
    def shares(self) -> Shares:
        """Shares of the cells in each row of real, NaN in an empty one."""
        return shares(self.real)


def shares(counts: NDArray[np.int64]) -> Shares:
    """Return the shares of the last axis; NaN where there is nothing."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(counts / counts.sum(axis=-1, keepdims=True), dtype=np.float64)


def class_scope(protected: tuple[str, ...], classes: ClassTables, policy: Policy) -> ClassScope:
    """Put the tables of a scope side by side."""
    groups = classes.real.groups
    missing = len(classes.cells) + 1 - classes.real.counts.shape[1]
    real = np.pad(classes.real.cells, ((0, 0), (0, missing)))
    large = real[:-1].sum(axis=1) >= policy.min_group_size
    return ClassScope(
        protected,
        (*(group_name(group) for group in groups), POOLED),
        classes.names,
        real,
        classes.synthetic.aligned(groups),
        np.pad(null_shares(classes.real, classes.holdout), ((0, 0), (0, missing))),
        np.flatnonzero(large),
    )


def pair_sample(
    scope: ClassScope, pair: tuple[int, int], columns: NDArray[np.intp], policy: Policy, run: Run, *key: str
) -> ScopeSample:
    """Draw the bootstrap and the null of two groups against all others; the seed depends on run, scope and ``key`` only.

    Args:
        scope: All groups.
        pair: Rows of the two groups; they become the first two of the sample, everything else its last.
        columns: Column of the sample for each column of the scope, shape (cells + 1,).
        policy: Number of draws.
        run: Seed.
        key: What the sample is for.
    """
    names = (scope.names[pair[0]], scope.names[pair[1]], POOLED)
    real, synthetic = (_fold(table, pair, columns) for table in (scope.real, scope.synthetic))
    null = _fold(scope.null, pair, columns)
    boot, chance = (run.rng(purpose, *key, *scope.protected) for purpose in ("class bootstrap", "class null"))
    return ScopeSample(
        protected=scope.protected,
        names=names,
        real=real,
        synthetic=synthetic,
        estimable=np.array([True, True, False]),
        real_draws=resample(real, policy.draws, boot),
        synthetic_draws=resample(synthetic, policy.draws, boot),
        null_real=sample_tables(null, int(real.sum()), policy.draws, chance),
        null_synthetic=sample_tables(null, int(synthetic.sum()), policy.draws, chance),
    )


def _fold(table: NDArray[Any], pair: tuple[int, int], columns: NDArray[np.intp]) -> NDArray[Any]:
    """Return a table of three rows: the pair, and everything else."""
    rows = np.vstack([table[list(pair)], np.delete(table, list(pair), axis=0).sum(axis=0)])
    folded = np.zeros((3, int(columns.max()) + 1), dtype=table.dtype)
    np.add.at(folded, (np.arange(3)[:, None], columns[None, :]), rows)
    return folded
