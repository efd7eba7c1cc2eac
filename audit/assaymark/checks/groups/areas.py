"""The area under the ROC curve, one class against the rest, averaged over classes, and the paired interval of a difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[np.float64]


def influences(outcome: NDArray[np.bool_], scores: Values) -> tuple[float, Values]:
    """Return an area and how much each row adds to its deviation, shape (rows,).

    The structural components of DeLong, DeLong & Clarke-Pearson (1988): the sum of the squares of what rows add is the variance
    of the area, but for the degrees of freedom of its two terms.

    Args:
        outcome: Shape (rows,), with at least one row of each class.
        scores: Shape (rows,); a tie counts as half.
    """
    from scipy.stats import rankdata

    positive, negative = scores[outcome], scores[~outcome]
    m, n = len(positive), len(negative)
    ranks = np.asarray(rankdata(np.concatenate([positive, negative])), dtype=np.float64)
    above = (ranks[:m] - np.asarray(rankdata(positive))) / n
    below = 1.0 - (ranks[m:] - np.asarray(rankdata(negative))) / m
    area = float(above.mean())
    found = np.empty(len(scores))
    found[outcome] = (above - area) / m
    found[~outcome] = (below - area) / n
    return area, found


def macro_area(classes: NDArray[np.int64], scores: Values, counted: list[int]) -> tuple[float, Values]:
    """Return the mean area over the classes ``counted``, one against the rest, and what each row adds to its deviation.

    Args:
        classes: Class of each row, shape (rows,).
        scores: Score of each class, shape (rows, classes).
        counted: Classes that are averaged; of two classes one is enough, as both have the same area.
    """
    found = [influences(classes == one, scores[:, one]) for one in counted]
    return float(np.mean([area for area, _ in found])), np.mean([added for _, added in found], axis=0)
