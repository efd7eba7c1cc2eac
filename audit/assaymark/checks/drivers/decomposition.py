"""An exact decomposition of the change of a difference of rates by the levels of one column.

With levels x of a column X, the rate of a group is ``p_g = sum_x P(x | g) P(Y | x, g)``. Between real and synthetic rows both
factors change. Their mean weights (Kitagawa, 1955; the symmetric form of Oaxaca and Blinder, 1973, and the Shapley value of two
factors) split the change of each level into

- a *composition* part, ``(P_S(x|g) - P_R(x|g)) * (mean rate of the level - mean rate of the group)``: the group has other X;
- a *rate* part, ``(P_S(Y|x,g) - P_R(Y|x,g)) * mean share of the level``: the same X means another outcome.

The mean rate of the group is taken off because shares sum to one, so that it changes no sum, and makes a level that is as the
group is on the whole contribute nothing. All parts of group a less all parts of group b are the change of the difference,
exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]
    Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Parts:
    """What each level of a column contributes to the change of p(a) - p(b).

    Attributes:
        composition: Shape (..., levels, 2): through its share, for group a and, sign turned, for group b.
        rate: The same through its rate.
    """

    composition: Values
    rate: Values

    @property
    def total_composition(self) -> Values:
        """The composition part of the column, shape (...)."""
        return np.asarray(self.composition.sum(axis=(-2, -1)), dtype=np.float64)


def shares_and_rates(counts: Counts) -> tuple[Values, Values]:
    """Return P(level | group) and P(positive | level, group), NaN without rows; each shape (..., levels, 2).

    Args:
        counts: Shape (..., levels, 2 groups, 2 outcomes), with rows in both groups.
    """
    rows = counts.sum(axis=-1).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return rows / rows.sum(axis=-2, keepdims=True), counts[..., 1] / rows


def decompose(real: Counts, synthetic: Counts) -> Parts:
    """Decompose the change from ``real`` to ``synthetic``, both of shape (..., levels, 2 groups, 2 outcomes).

    A level that a group does not have in one of the two tables has no rate there; it takes that of the other table, so that all
    of its contribution is composition.
    """
    (share, rate), (other_share, other_rate) = shares_and_rates(real), shares_and_rates(synthetic)
    rate, other_rate = np.where(np.isnan(rate), other_rate, rate), np.where(np.isnan(other_rate), rate, other_rate)
    rate, other_rate = np.nan_to_num(rate), np.nan_to_num(other_rate)
    overall = ((share * rate).sum(axis=-2, keepdims=True) + (other_share * other_rate).sum(axis=-2, keepdims=True)) / 2.0
    signs = np.array([1.0, -1.0])
    composition = signs * (other_share - share) * ((rate + other_rate) / 2.0 - overall)
    return Parts(composition, signs * (other_rate - rate) * (share + other_share) / 2.0)
