"""How realistic synthetic rows are and how much of real they cover, from distances between rows.

Density and coverage (Naeem et al., 2020) hold synthetic rows against balls that reach from each real row to its k-th real
neighbour; balls are closed, so that repeated rows count. Alpha-precision and beta-recall (Alaa et al., 2022) ask whether
synthetic rows fill the most typical share of real, and whether real rows have synthetic neighbours nearer than real ones, for
all shares at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.fidelity.embedding import squared_distances

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.execution import Run

    Points = NDArray[np.float32]
    Values = NDArray[np.float64]
    Places = NDArray[np.int64]

NEIGHBOURS = 5
STEPS = 30
ALPHAS = np.linspace(0.0, 1.0, STEPS)

_BLOCK = 1024


@dataclass(frozen=True, slots=True)
class Real:
    """Real points and their distances among themselves.

    Attributes:
        points: Shape (rows, dimensions).
        radii: Squared distance to the k-th other point, shape (rows,).
        nearest: Squared distance to the nearest other point, shape (rows,).
        centre: Mean of the points, shape (dimensions,).
        shells: Distances from the centre that hold a share of ``ALPHAS`` of the points.
    """

    points: Points
    radii: Values
    nearest: Values
    centre: Values
    shells: Values


@dataclass(frozen=True, slots=True)
class Sample:
    """What other points are like, held against real ones.

    Attributes:
        balls: How many balls around real points each point lies in, shape (rows,).
        covered: How many balls hold a point.
        shell: For each point the smallest shell of real that holds it, shape (rows,); ``STEPS`` if none does.
        recalled: For each real point whose nearest other point is nearer than its nearest real one, the smallest shell of such
            other points that holds that; ``STEPS`` for the rest.
    """

    balls: Places
    covered: int
    shell: Places
    recalled: Places

    def density(self) -> float:
        """Return the mean number of balls that a point lies in, relative to k."""
        return float(self.balls.mean()) / NEIGHBOURS

    def coverage(self) -> float:
        """Return the share of balls that hold a point."""
        return self.covered / len(self.recalled)

    def alpha_precision(self) -> float:
        """Return 1 less the normalised distance of the curve of precisions from the diagonal."""
        return float(closeness(np.bincount(self.shell, minlength=STEPS + 1)[:STEPS] / len(self.shell)))

    def beta_recall(self) -> float:
        """Return the same of the curve of recalls."""
        return float(closeness(np.bincount(self.recalled, minlength=STEPS + 1)[:STEPS] / len(self.recalled)))


def closeness(shares: Values, shift: Values | float = 0.0) -> Values:
    """Return how near a curve is to the diagonal: 1 if it is the diagonal.

    Args:
        shares: How much the curve rises at each of ``ALPHAS``, shape (..., STEPS).
        shift: What to add to the curve.
    """
    curve = np.cumsum(shares, axis=-1) + shift
    return np.asarray(1.0 - np.abs(ALPHAS - curve).sum(axis=-1) / ALPHAS.sum(), dtype=np.float64)


def measure_real(points: Points, run: Run | None = None) -> Real:
    """Return what other points are to be held against; at least ``NEIGHBOURS`` + 1 points."""
    radii, nearest = np.empty(len(points)), np.empty(len(points))
    for begin in range(0, len(points), _BLOCK):
        if run is not None:
            run.check()
        block = squared_distances(points[begin : begin + _BLOCK], points)
        place = np.arange(len(block))
        block[place, begin + place] = np.inf
        smallest = np.partition(block, NEIGHBOURS - 1, axis=1)[:, :NEIGHBOURS]
        radii[begin : begin + len(block)] = smallest[:, NEIGHBOURS - 1]
        nearest[begin : begin + len(block)] = smallest.min(axis=1)
    centre = points.mean(axis=0, dtype=np.float64)
    return Real(points, radii, nearest, centre, np.quantile(_from(points, centre), ALPHAS))


def measure_other(real: Real, points: Points, run: Run | None = None) -> Sample:
    """Hold points against real ones."""
    balls, covered = np.zeros(len(points), dtype=np.int64), 0
    nearest, whose = np.empty(len(real.points)), np.empty(len(real.points), dtype=np.int64)
    for begin in range(0, len(real.points), _BLOCK):
        if run is not None:
            run.check()
        rows = slice(begin, begin + _BLOCK)
        block = squared_distances(real.points[rows], points)
        inside = block <= real.radii[rows, None].astype(np.float32)
        balls += inside.sum(axis=0)
        covered += int(inside.any(axis=1).sum())
        whose[rows] = block.argmin(axis=1)
        nearest[rows] = block.min(axis=1)
    own = _from(points, points.mean(axis=0, dtype=np.float64))[whose]
    held = np.searchsorted(np.quantile(own, ALPHAS), own, side="left")
    recalled = np.where(nearest <= real.nearest, held, STEPS)
    return Sample(balls, covered, np.searchsorted(real.shells, _from(points, real.centre), side="left"), recalled)


def _from(points: Points, centre: Values) -> Values:
    return np.asarray(np.sqrt(((points - centre) ** 2).sum(axis=1)), dtype=np.float64)
