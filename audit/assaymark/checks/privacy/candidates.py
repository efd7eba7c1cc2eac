"""Who is accused of having been a row of real, and what is known of the population: the set-up of the membership attacks.

Members are rows of real, non-members rows of the holdout, as many of each. The holdout also has to tell what is common among
people in general. It does both by halves: rows of one half are accused with the other half as reference, and the other way
round, so that every row of the holdout counts as a non-member once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from assaymark.execution import Run

    Places = NDArray[np.int64]
    Values = NDArray[np.float64]

_LARGEST_HALF = 10_000  # more rows cost time, and narrow intervals that are narrow already
_SYNTHETIC = 200_000


@dataclass(frozen=True, slots=True)
class Half:
    """Rows that are accused together.

    Attributes:
        members: Places in real.
        others: Places in the holdout, as many.
        reference: Places in the holdout, none of them accused here.
    """

    members: Places
    others: Places
    reference: Places


@dataclass(frozen=True, slots=True)
class Candidates:
    """All rows that are accused.

    Attributes:
        halves: Two of them.
        synthetic: Places in the synthetic table that the attacks look at: all, or a random choice of 200,000.
    """

    halves: tuple[Half, Half]
    synthetic: Places

    @property
    def members(self) -> Places:
        """Places in real, half after half."""
        return np.concatenate([half.members for half in self.halves])

    @property
    def others(self) -> Places:
        """Places in the holdout, half after half."""
        return np.concatenate([half.others for half in self.halves])


@dataclass(frozen=True, slots=True)
class Scores:
    """A number for each candidate.

    Attributes:
        members: Shape (candidates,), in the order of :attr:`Candidates.members`.
        others: The same for :attr:`Candidates.others`.
    """

    members: Values
    others: Values


def choose(real: int, holdout: int, synthetic: int, run: Run) -> Candidates:
    """Choose candidates at random from tables of these numbers of rows; real needs 2 rows, the holdout 4.

    Where real has fewer rows than the holdout, as many non-members are left out; all rows stay references.
    """
    rng = run.rng("membership-candidates")
    shuffled = rng.permutation(holdout)
    size = min(holdout // 2, real // 2, _LARGEST_HALF)
    first, second = shuffled[: holdout // 2][:_LARGEST_HALF], shuffled[holdout // 2 :][:_LARGEST_HALF]
    members = rng.choice(real, 2 * size, replace=False)
    seen = np.arange(synthetic)
    if synthetic > _SYNTHETIC:
        seen = np.sort(rng.choice(synthetic, _SYNTHETIC, replace=False))
    return Candidates((Half(members[:size], first[:size], second), Half(members[size:], second[:size], first)), seen)


def narrowed(candidates: Candidates) -> tuple[Candidates, Places]:
    """Return the same candidates by their places among the rows that are needed at all, and which of the holdout these are.

    Members are then 0, 1, …, in the order of :attr:`Candidates.members`. Rows that nobody looks at need not be encoded.
    """
    used = np.unique(
        np.concatenate([half.reference for half in candidates.halves] + [half.others for half in candidates.halves])
    )
    first, second = candidates.halves
    size = len(first.members)

    def moved(half: Half, start: int) -> Half:
        own = np.arange(start, start + len(half.members))
        return Half(own, np.searchsorted(used, half.others), np.searchsorted(used, half.reference))

    return Candidates((moved(first, 0), moved(second, size)), np.arange(len(candidates.synthetic))), used


def by_halves(candidates: Candidates, score: Callable[[Half], tuple[Values, Values]]) -> Scores:
    """Score both halves apart, each as ``score`` does: members, then others."""
    parts = [score(half) for half in candidates.halves]
    return Scores(np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts]))
