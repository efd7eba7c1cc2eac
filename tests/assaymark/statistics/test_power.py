"""How many rows would decide, against simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from assaymark.statistics.intervals import newcombe_difference
from assaymark.statistics.power import times_the_rows

RATE, MARGIN, LEVEL, TRIALS = 0.3, 0.02, 0.95, 4000


def acquitted(rows: int, rng: np.random.Generator) -> tuple[float, float]:
    """Return how often two equal rates are found equal within the margin, and the usual width of the interval."""
    first, second = (rng.binomial(rows, RATE, TRIALS) for _ in range(2))
    low, high = newcombe_difference(first, rows, second, rows, LEVEL)
    return float(np.mean((low >= -MARGIN) & (high <= MARGIN))), float(np.median(high - low))


@pytest.mark.parametrize("rows", [700, 3000, 20_000])
def test_so_many_rows_acquit_a_harmless_effect_in_80_of_100_cases(rows):
    rng = np.random.default_rng(rows)
    before, width = acquitted(rows, rng)
    factor = times_the_rows(width, MARGIN, LEVEL)
    after, _ = acquitted(round(rows * factor), rng)
    assert after == pytest.approx(0.8, abs=0.03)
    assert (before > 0.8) == (factor < 1)


def test_without_a_margin_no_number_of_rows_decides():
    assert times_the_rows(0.1, 0.0, 0.95) == math.inf
    assert times_the_rows(0.0, 0.1, 0.95) == 0
