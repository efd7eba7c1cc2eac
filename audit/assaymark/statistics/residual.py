"""How much better an attack does on the rows that a generator learned than on fresh ones, as Giomi et al. (2023) define it."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, sqrt
from statistics import NormalDist


@dataclass(frozen=True, slots=True)
class Rate:
    """A success rate with its error.

    Attributes:
        value: Centre of the interval, in (0, 1).
        error: Half its width.
    """

    value: float
    error: float


def score_rate(successes: float, tries: int, level: float) -> Rate:
    """Return Wilson's score interval of a success rate by its centre and half width (Wilson, 1927).

    Args:
        successes: 0 to ``tries``; an expected number need not be whole.
        tries: At least 1.
        level: Confidence level, in (0, 1).
    """
    z = NormalDist().inv_cdf(0.5 + level / 2.0)
    total = tries + z * z
    spread = successes * (tries - successes) / tries + z * z / 4.0
    return Rate((successes + z * z / 2.0) / total, z / total * sqrt(spread))


def residual_risk(attack: Rate, control: Rate) -> tuple[float, tuple[float, float]]:
    """Return the share of what fresh rows leave to win that an attack on the learned rows wins, and its interval.

    The errors of both rates are propagated to first order (Giomi et al., 2023, section 3.3). Anonymeter cuts value and ends off
    at 0; here they keep their sign, so that luck shows as luck. At 1 nothing needs cutting but the upper end.

    Returns:
        ``(attack - control) / (1 - control)``, at most 1, and the two ends of its interval, within [-1, 1].
    """
    room = 1.0 - control.value
    value = (attack.value - control.value) / room
    error = hypot(attack.error / room, control.error * (1.0 - attack.value) / room**2)
    return max(value, -1.0), (min(max(value - error, -1.0), 1.0), max(min(value + error, 1.0), -1.0))
