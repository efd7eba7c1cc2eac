"""From an effect with its interval to one of the three-valued outcomes. The order of the rules is part of the contract."""

from __future__ import annotations

from dataclasses import dataclass

from assaymark.results.findings import Outcome
from assaymark.statistics.multiplicity import beyond_margin

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class BiasEffect:
    """A signed bias in real and synthetic rows, on one scale.

    Attributes:
        real: Effect in real rows.
        value: Interval of synthetic - real.
        synthetic: Interval of the effect in synthetic rows.
        growth: Interval of ``|synthetic| - |real|``.
    """

    real: float
    value: Interval
    synthetic: Interval
    growth: Interval


def _toward(sign: float, interval: Interval) -> Interval:
    low, high = interval
    return (low, high) if sign >= 0 else (-high, -low)


def bias_outcome(effect: BiasEffect, margin: float) -> Outcome:
    """Return what a change of bias comes to; the first rule that holds decides.

    Args:
        effect: The effect; a real effect of exactly 0 counts as positive.
        margin: Effective margin, at least 0.
    """
    sign = -1.0 if effect.real < 0 else 1.0
    change, signed = _toward(sign, effect.value), _toward(sign, effect.synthetic)
    if abs(effect.real) <= margin and effect.growth[0] > margin:
        return Outcome.INTRODUCED
    if signed[1] < -margin:
        return Outcome.REVERSED
    return change_outcome(change, margin)


def bias_p_value(effect: BiasEffect, synthetic: float, margin: float, outcome: Outcome, level: float) -> float | None:
    """Return the p-value of an outcome that does not rest on the interval of the change; None for all others.

    Args:
        effect: The effect.
        synthetic: Its estimate in synthetic rows, on the same scale.
        margin: Effective margin.
        outcome: What :func:`bias_outcome` made of it.
        level: Confidence level of the intervals.
    """
    if outcome is Outcome.INTRODUCED:
        return beyond_margin(abs(synthetic) - abs(effect.real), effect.growth[0], margin, level)
    if outcome is Outcome.REVERSED:
        sign = -1.0 if effect.real < 0 else 1.0
        return beyond_margin(-sign * synthetic, -_toward(sign, effect.synthetic)[1], margin, level)
    return None


def change_outcome(change: Interval, margin: float) -> Outcome:
    """Return what an interval of a change comes to, where positive means more bias."""
    if change[0] > margin:
        return Outcome.AMPLIFIED
    if change[1] < -margin:
        return Outcome.ATTENUATED
    return Outcome.NOT_AMPLIFIED if change[1] <= margin else Outcome.INCONCLUSIVE


def two_sided_outcome(interval: Interval, margin: float) -> Outcome:
    """Return whether an effect lies within ``margin`` of 0 on both sides."""
    if interval[0] > margin or interval[1] < -margin:
        return Outcome.EXCEEDED
    return Outcome.WITHIN if -margin <= interval[0] and interval[1] <= margin else Outcome.INCONCLUSIVE


def upper_outcome(interval: Interval, margin: float) -> Outcome:
    """Return whether an effect whose growth is bad stays under ``margin``."""
    if interval[0] > margin:
        return Outcome.EXCEEDED
    return Outcome.WITHIN if interval[1] <= margin else Outcome.INCONCLUSIVE
