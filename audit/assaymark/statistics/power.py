"""How many rows a question needs before it can be answered."""

from __future__ import annotations

from math import inf
from statistics import NormalDist

_POWER = 0.8  # of acquitting what has no effect, as a study of equivalence is planned (Chow, Shao & Wang 2008, section 3.2)


def times_the_rows(width: float, margin: float, level: float) -> float:
    """Return by what factor all tables must grow for a harmless effect to be found within a margin in 80 of 100 cases.

    An interval lies within ``±margin`` where its estimate is no farther from zero than the margin less half of its width;
    widths and estimates of no effect shrink with the square root of the rows.

    Args:
        width: Of the interval that decided nothing, at the present numbers of rows, at least 0.
        margin: Largest effect that does not count, at least 0.
        level: Confidence level of the interval, in (0, 1).

    Returns:
        At least 0; at most 1 where the present rows suffice; infinite without a margin.
    """
    if not margin > 0:
        return inf
    normal = NormalDist()
    half = normal.inv_cdf(0.5 + level / 2.0)
    needed = half + normal.inv_cdf(0.5 + _POWER / 2.0)
    return (width / 2.0 / half * needed / margin) ** 2
