"""How finely a number about a few real rows may be told.

A distance of real from synthetic shares gives the real count away to whoever has the synthetic table, if it is told exactly:
with two levels, ``|r / n - s|`` has one solution. So such a number is rounded to a step that twenty real rows are needed
to cross. Then at least ten counts fit what is told, whatever else is known of the table.
"""

from __future__ import annotations

import math

_ACROSS = 20  # real rows from one step to the next; a number that cannot be negative has half a step next to 0
_FINEST = 1e-4
_STEPS = (1.0, 2.0, 5.0, 10.0)
_CLOSER = tuple(float(digit) for digit in range(1, 11))
_SLACK = 1e-9  # a multiple that floats miss by less is that multiple


def step(rows: int, terms: int = 1, across: int = _ACROSS, *, closely: bool = False) -> float:
    """Return the step to which a number is rounded: 1, 2 or 5 times a power of ten.

    Args:
        rows: Real rows that the number is about.
        terms: How many numbers it is the mean of, each of which a row moves by at most ``1 / rows``.
        across: Real rows that it must take to move the number by a step.
        closely: Whether it may be any digit times a power of ten, so no larger than needed.
    """
    least = max(across / max(rows, 1) / max(terms, 1), _FINEST)
    power = 10.0 ** math.floor(math.log10(least))
    return float(next(power * factor for factor in (_CLOSER if closely else _STEPS) if power * factor >= least * (1 - 1e-9)))


def coarse(value: float, by: float) -> float:
    """Return ``value`` rounded to a multiple of ``by``, a step as :func:`step` returns it; never -0.0."""
    return _multiple(round(value / by), by)


def upward(value: float, by: float) -> float:
    """Return the least multiple of ``by`` that is not below ``value``: for a null, which must not be told too small."""
    return _multiple(math.ceil(value / by - _SLACK), by)


def outward(ends: tuple[float, float], by: float) -> tuple[float, float]:
    """Return an interval of multiples of ``by`` that holds the given one, so that rounding never narrows it."""
    return _multiple(math.floor(ends[0] / by + _SLACK), by), upward(ends[1], by)


def _multiple(times: int, by: float) -> float:
    digits = max(0, math.ceil(-math.log10(by) - _SLACK))
    return round(times * by, digits) + 0.0
