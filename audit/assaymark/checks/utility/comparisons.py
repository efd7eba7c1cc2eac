"""Two classifiers of one learner on the same holdout, group by group: their published tables, and draws of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.utility.group_rates import rates
from assaymark.cubes.models import AGAIN, ModelKey, ModelTables, fits_of
from assaymark.cubes.published import group_name
from assaymark.statistics.bootstrap import sample_tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.execution import Run
    from assaymark.policy.model import Policy

    Values = NDArray[np.float64]
    Counts = NDArray[np.int64]

_BLOCK = 2**22  # counts drawn at once


@dataclass(frozen=True, slots=True)
class Comparison:
    """A learner trained on real rows, and the same one trained on others.

    Attributes:
        learner: Name of the learner.
        trained_on: What the other one was trained on.
        names: Names of the published groups.
        real: Counts by LABEL_CELLS of each seed, shape (seeds, groups, 4).
        other: The same of the other classifier.
        again: The same of fits on bootstrapped real rows, shape (fits, groups, 4).
        paired: Whether draws keep the dependence of the two.
        real_draws: Rates of bootstrap tables of the mean over seeds, shape (draws, groups, metrics).
        other_draws: The same of the other classifier.
    """

    learner: str
    trained_on: str
    names: tuple[str, ...]
    real: Counts
    other: Counts
    again: Counts
    paired: bool
    real_draws: Values
    other_draws: Values

    @property
    def seeds(self) -> int:
        """Number of seeds."""
        return len(self.real)

    @property
    def interval(self) -> str:
        """Name of the method of the intervals."""
        return "bootstrap, paired" if self.paired else "bootstrap, unpaired"


def comparison(
    tables: ModelTables, learner: str, trained_on: str, policy: Policy, run: Run, scope: Sequence[str]
) -> Comparison | None:
    """Return the comparison of one learner and training set in one scope; None where there is none."""
    fits = fits_of(tables.labels, learner, trained_on)
    if not fits:
        return None
    partners = [key.partner for key in fits]
    groups = len(tables.groups)
    paired = (learner, trained_on) in tables.pairs
    rng = run.rng("models", learner, trained_on, *scope)
    if paired:
        shares = tables.pairs[learner, trained_on] / len(fits)
        real_draws, other_draws = _pair_draws(shares, groups, policy.draws, rng)
    else:
        real_draws, other_draws = (_draws(_mean(tables, keys), groups, policy.draws, rng) for keys in (partners, fits))
    return Comparison(
        learner,
        trained_on,
        tuple(group_name(group) for group in tables.groups),
        _stack(tables, partners),
        _stack(tables, fits),
        _stack(tables, fits_of(tables.labels, learner, AGAIN)),
        paired,
        real_draws,
        other_draws,
    )


def _stack(tables: ModelTables, keys: Sequence[ModelKey]) -> Counts:
    groups = len(tables.groups)
    if not keys:
        return np.zeros((0, groups, 4), dtype=np.int64)
    return np.stack([tables.labels[key][:groups] for key in keys])


def _mean(tables: ModelTables, keys: Sequence[ModelKey]) -> Values:
    return np.asarray(np.mean([tables.labels[key] for key in keys], axis=0), dtype=np.float64)


def _draws(counts: Values, groups: int, draws: int, rng: np.random.Generator) -> Values:
    rows = round(float(counts.sum()))
    parts = [rates(sample_tables(counts, rows, size, rng)[:, :groups]) for size in _blocks(draws, counts.size)]
    return np.concatenate(parts)


def _pair_draws(counts: Values, groups: int, draws: int, rng: np.random.Generator) -> tuple[Values, Values]:
    rows = round(float(counts.sum()))
    real: list[Values] = []
    other: list[Values] = []
    for size in _blocks(draws, counts.size):
        cube = sample_tables(counts, rows, size, rng)[:, :groups].reshape(size, groups, 2, 2, 2)
        real.append(rates(cube.sum(axis=-1).reshape(size, groups, 4)))
        other.append(rates(cube.sum(axis=-2).reshape(size, groups, 4)))
    return np.concatenate(real), np.concatenate(other)


def _blocks(draws: int, cells: int) -> list[int]:
    most = max(_BLOCK // max(cells, 1), 1)
    return [min(most, draws - start) for start in range(0, draws, most)]
