"""Do predicates single out more real rows than holdout rows? Rows of both are exchanged to see what chance does.

If nothing of real was learned but what fresh rows teach as well, real and holdout are two samples of one population, and every
way to deal their rows out to tables of their sizes is as likely. That gives the rate at which the same predicates would single
out in a fresh table of the size of real, and how far luck moves it: without a model of how success depends on size, and with
all that predicates share, such as a row that many of them are true of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.privacy.predicates import Population, Predicates, matches, matching

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.execution import Run

_MANY = 40  # a predicate that is true of so many rows never singles out, wherever they are
_DRAWS = 1000


@dataclass(frozen=True, slots=True)
class Excess:
    """By how much predicates single out more in real.

    Attributes:
        real: Predicates that are true of exactly one row of real.
        holdout: Predicates that are true of exactly one row of the holdout.
        tries: Number of predicates, at least 1.
        value: Success rate on real less that on a fresh table of its size.
        luck: The same where rows were exchanged, shape (draws,).
    """

    real: int
    holdout: int
    tries: int
    value: float
    luck: NDArray[np.float64]


def excess(predicates: Predicates, real: Population, holdout: Population, run: Run, rng: np.random.Generator) -> Excess:
    """Return how much better ``predicates`` single out in real than in fresh rows."""
    in_real, in_holdout = matches(predicates, real, enough=_MANY), matches(predicates, holdout, enough=_MANY)
    run.check()
    total = in_real + in_holdout
    rare = np.flatnonzero((total > 0) & (total < _MANY))
    gains = gain_table(real.rows, holdout.rows)
    value = gains[in_real[rare], total[rare]].sum() / len(predicates)
    luck = np.zeros(_DRAWS)
    if len(rare):
        luck = _exchanged(predicates.take(rare), real, holdout, gains, rng) / len(predicates)
    return Excess(int((in_real == 1).sum()), int((in_holdout == 1).sum()), len(predicates), float(value), luck)


def gain_table(real: int, holdout: int) -> NDArray[np.float64]:
    """Return what a predicate adds to the excess, by rows of real and rows of both that it is true of, shape (40, 40).

    With tables of one size that is success on real less success on the holdout. Else it is success on real less its chance when
    the rows are dealt out at random, divided by the holdout's share of all rows: one learned row falls to real by accident as
    well, so it would count that much too little. Either way it is 0 on average where nothing was learned, and 1 for a predicate
    that is true of one learned row and no other.
    """
    counts = np.arange(_MANY)
    success = (counts == 1)[:, None]
    if real == holdout:
        others = counts[None] - counts[:, None]
        return np.asarray(success.astype(np.float64) - (others == 1))
    whole = real + holdout
    return np.asarray((success - chance_of_one(counts, whole, real)[None]) * whole / holdout)


def chance_of_one(true_of: NDArray[np.int64], rows: int, part: int) -> NDArray[np.float64]:
    """Return the chance that exactly one of ``true_of`` rows is among ``part`` random ones of ``rows`` (hypergeometric)."""
    from scipy.stats import hypergeom

    possible = np.minimum(true_of, rows)
    return np.asarray(hypergeom.pmf(1, rows, possible, part), dtype=np.float64)


def _exchanged(
    predicates: Predicates, real: Population, holdout: Population, gains: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the sum of the gains of ``predicates`` for each of many ways to deal the rows out."""
    from scipy.sparse import csr_array

    one, other = matching(predicates, real), matching(predicates, holdout)
    which, row = np.concatenate([one[0], other[0]]), np.concatenate([one[1], real.rows + other[1]])
    known, row = np.unique(row, return_inverse=True)
    true_of = csr_array((np.ones(len(which), dtype=np.float32), (which, row)), shape=(len(predicates), len(known)))
    total = np.bincount(which, minlength=len(predicates))
    others = real.rows + holdout.rows - len(known)
    sums = np.empty(_DRAWS)
    for draw, dealt in enumerate(rng.hypergeometric(len(known), others, real.rows, _DRAWS)):
        in_real = np.zeros(len(known), dtype=np.float32)
        in_real[rng.permutation(len(known))[:dealt]] = 1.0
        sums[draw] = gains[(true_of @ in_real).astype(np.int64), total].sum()
    return sums
