"""Coarse numbers of real rows: what is published of scores moves in steps that ten rows of the smaller group could make.

A mean of a hundred rows in full precision would give one of them away to whoever knows the others; so would an interval, which
is a function of the same rows. Rounded to ten rows' worth (ten over the size of the group, in standard deviations or
as a rate), neither tells of fewer than ten.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from assaymark.checks.targets.changes import Change
from assaymark.statistics.outcomes import BiasEffect, Interval

if TYPE_CHECKING:
    from assaymark.checks.bias.effects import Estimate

_FINEST = 0.001  # of the unit: with more rows nothing is gained by a smaller step
_DIGITS = 12


def step_of(unit: float, rows: int, small_cell: int) -> float:
    """Return the step, 1, 2 or 5 times a power of ten, that ``small_cell`` of ``rows`` rows, or more, make in ``unit``."""
    least = unit * max(small_cell / rows, _FINEST)
    power = 10.0 ** math.floor(math.log10(least))
    digit = next(digit for digit in (1.0, 2.0, 5.0, 10.0) if digit * power >= least * (1.0 - 1e-9))
    return _tidy(digit * power)


def significant(value: float, digits: int) -> float:
    """Return a positive number rounded to some significant digits."""
    return round(value, digits - 1 - math.floor(math.log10(value)))


def coarse(change: Change, step: float) -> Change:
    """Return a change in multiples of ``step``; interval ends and null are rounded away from it, to multiples of half of it."""
    estimate = change.estimate
    real, synthetic = _nearest(estimate.effect.real, step), _nearest(estimate.synthetic, step)
    value = _tidy(synthetic - real)
    growth = abs(estimate.synthetic) - abs(estimate.effect.real)
    effect = BiasEffect(
        real,
        _outward(estimate.effect.value, estimate.value, value, step),
        _outward(estimate.effect.synthetic, estimate.synthetic, synthetic, step),
        _outward(estimate.effect.growth, growth, abs(synthetic) - abs(real), step),
    )
    rounded: Estimate = replace(
        estimate,
        effect=effect,
        synthetic=synthetic,
        value=value,
        shown_real=real,
        shown_synthetic=synthetic,
        null=_up(estimate.null, step / 2.0),
    )
    return Change(rounded, _tidy(value + _nearest(change.corrected - estimate.value, step / 2.0)))


def _tidy(number: float) -> float:
    return round(number, _DIGITS) + 0.0


def _nearest(number: float, step: float) -> float:
    return _tidy(round(number / step) * step)


def _up(number: float, step: float) -> float:
    return _tidy(math.ceil(number / step - 1e-9) * step) if math.isfinite(number) else number


def _outward(ends: Interval, centre: float, rounded: float, step: float) -> Interval:
    """Move an interval along with its centre, and widen it to multiples of half a step."""
    low, high = centre - ends[0], ends[1] - centre
    return _tidy(rounded - _up(low, step / 2.0)), _tidy(rounded + _up(high, step / 2.0))
