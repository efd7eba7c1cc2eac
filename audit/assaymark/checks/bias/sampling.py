"""One scope of an audit, with its bootstrap draws: every fairness measure of the scope shares them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.cubes.published import POOLED, GroupTable, ScopeCubes, group_name
from assaymark.statistics.bootstrap import resample, sample_tables

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.execution import Run
    from assaymark.policy.model import Policy


@dataclass(frozen=True, slots=True)
class ScopeSample:
    """The tables of a scope side by side, and what sampling does to them.

    Rows are the groups published in real, in order, and one last row for everything else. Columns are (rest, positive).

    Attributes:
        protected: Attributes of the scope.
        names: Names of the rows; the last one is ``_pooled``.
        real: Counts, shape (groups + 1, 2).
        synthetic: The same of the synthetic rows.
        estimable: bool, shape (groups + 1,): published in real with enough rows for a rate.
        real_draws: Bootstrap tables of real, shape (draws, groups + 1, 2).
        synthetic_draws: Bootstrap tables of synthetic.
        null_real: Tables as large as real, drawn from real and holdout together.
        null_synthetic: Tables as large as synthetic, drawn from the same.
    """

    protected: tuple[str, ...]
    names: tuple[str, ...]
    real: NDArray[np.int64]
    synthetic: NDArray[np.int64]
    estimable: NDArray[np.bool_]
    real_draws: NDArray[np.int64]
    synthetic_draws: NDArray[np.int64]
    null_real: NDArray[np.int64]
    null_synthetic: NDArray[np.int64]


def sample_scope(cubes: ScopeCubes, policy: Policy, run: Run) -> ScopeSample:
    """Draw the bootstrap and the null of a scope; the seed depends on the run's seed and the scope's attributes only."""
    groups = cubes.real.groups
    real, synthetic = cubes.real.cells, cubes.synthetic.aligned(groups)
    sizes = real.sum(axis=1)
    estimable = sizes >= policy.min_group_size
    estimable[-1] = False
    null = null_shares(cubes.real, cubes.holdout)
    boot, chance = run.rng("bootstrap", *cubes.protected), run.rng("null", *cubes.protected)
    return ScopeSample(
        protected=cubes.protected,
        names=(*(group_name(group) for group in groups), POOLED),
        real=real,
        synthetic=synthetic,
        estimable=estimable,
        real_draws=resample(real, policy.draws, boot),
        synthetic_draws=resample(synthetic, policy.draws, boot),
        null_real=sample_tables(null, int(real.sum()), policy.draws, chance),
        null_synthetic=sample_tables(null, int(synthetic.sum()), policy.draws, chance),
    )


def null_shares(table: GroupTable, holdout: GroupTable | None) -> NDArray[np.float64]:
    """Return the shares of real and holdout together, shape (groups + 1, cells).

    When the holdout publishes every group that real publishes, the two tables are added. Otherwise a group keeps its share
    in real, and only its rates are taken from both tables, where the holdout publishes it.
    """
    groups, real = table.groups, table.cells
    if holdout is None or holdout.withheld:
        return np.asarray(real / real.sum(), dtype=np.float64)
    both = real + holdout.aligned(groups)
    if set(groups) <= set(holdout.groups):
        return np.asarray(both / both.sum(), dtype=np.float64)
    known = np.array([*(group in holdout.groups for group in groups), False])
    rates = np.where(known[:, None], both, real)
    rates = rates / np.maximum(rates.sum(axis=1, keepdims=True), 1)
    return np.asarray(rates * (real.sum(axis=1, keepdims=True) / real.sum()), dtype=np.float64)
