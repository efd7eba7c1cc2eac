"""What a measure that takes a maximum over groups comes to by chance alone, when all groups have one and the same rate.

A highest minus a lowest rate, or a largest ratio, grows with the number of groups and as they get smaller, without any
disparity at all. So such a number is shown with the one that equal rates would give at the same group sizes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.checks.bias.measures import rates
from assaymark.checks.statements import number

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Cells = NDArray[np.int64]
    Values = NDArray[np.float64]

_TIE = 1e-12  # equal sums of the same numbers may differ in their last places


@dataclass(frozen=True, slots=True)
class EqualRates:
    """Tables drawn with the observed group sizes and one rate for all groups.

    Attributes:
        real: int64, shape (draws, k, 2).
        synthetic: The same with the sizes and the rate of synthetic.
    """

    real: NDArray[np.int64]
    synthetic: NDArray[np.int64]


def draw_equal_rates(real: Cells, synthetic: Cells, draws: int, rng: np.random.Generator) -> EqualRates:
    """Draw tables without any disparity, as large as ``real`` and ``synthetic``, shape (k, 2) each."""
    return EqualRates(_draw(real, draws, rng), _draw(synthetic, draws, rng))


def _draw(cells: Cells, draws: int, rng: np.random.Generator) -> Cells:
    n = cells.sum(axis=1)
    rate = float(cells[:, 1].sum() / n.sum()) if n.sum() else 0.0
    positive = rng.binomial(n, rate, size=(draws, len(n)))
    return np.stack([n - positive, positive], axis=-1)


def spread(cells: Cells) -> Values:
    """Return the highest minus the lowest rate, shape (...)."""
    p = rates(cells)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.max(p, axis=-1) - np.min(p, axis=-1), dtype=np.float64)


def against_no_disparity(
    statistic: Callable[[Cells], Values], real: Cells, synthetic: Cells, equal: EqualRates
) -> dict[str, Any]:
    """Return what equal rates would give, what is left of both tables' numbers beyond it, and p-values.

    Args:
        statistic: From tables, shape (..., k, 2), to numbers, shape (...).
        real: Real counts of the groups that have a rate.
        synthetic: Synthetic counts of the same groups.
        equal: Draws without disparity.

    Returns:
        JSON-ready numbers: ``expected_…`` is the mean over the draws, ``corrected_…`` the number less that, ``p_…`` the share
        of draws (the table itself counted as one) that reach the number (Davison & Hinkley, 1997, section 4.2).
    """
    told: dict[str, Any] = {}
    for name, cells, drawn in (("real", real, equal.real), ("synthetic", synthetic, equal.synthetic)):
        found, chance = float(statistic(cells)), statistic(drawn)
        told |= {
            f"expected_{name}": number(float(chance.mean())),
            f"corrected_{name}": number(found - float(chance.mean())),
            f"p_{name}": exceedance(found, chance),
        }
    return told


def exceedance(found: float, chance: Values) -> float:
    """Return the one-sided p-value of a number against draws of it by chance."""
    return float((1 + np.count_nonzero(chance >= found - _TIE)) / (1 + len(chance)))
