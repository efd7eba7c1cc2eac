"""Maxima over groups beside what chance alone gives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import studentized_range

from assaymark.checks.bias import panel, rates
from assaymark.checks.bias.no_disparity import draw_equal_rates, exceedance, spread


def test_the_spread_of_equal_rates_is_that_of_normal_ranges():
    """The expected range of k normal variables is known; the spread of k equal large groups is such a range."""
    k, n, p = 6, 5000, 0.3
    cells = np.tile([round(n * (1 - p)), round(n * p)], (k, 1))
    drawn = spread(draw_equal_rates(cells, cells, 20_000, np.random.default_rng(0)).real)
    scale = math.sqrt(p * (1 - p) / n)
    assert drawn.mean() == pytest.approx(2.534 * scale, rel=0.02)  # d2 of control charts
    assert np.quantile(drawn, 0.95) == pytest.approx(scale * studentized_range.ppf(0.95, k, 1_000_000), rel=0.02)


def test_the_raw_spread_stays_and_the_corrected_one_stands_beside(check_input, pick):
    real = {f"g{i}": (60 + i, 40 - i) for i in range(6)}
    finding = pick(list(panel.check(check_input(real, real))), rates.SPREAD)
    assert finding.real == pytest.approx(0.05)
    detail = finding.detail
    assert detail["corrected_real"] == pytest.approx(finding.real - detail["expected_real"])
    assert detail["corrected_synthetic"] == pytest.approx(finding.synthetic - detail["expected_synthetic"])
    assert detail["expected_real"] > 0.1
    assert detail["p_real"] > 0.5


def test_a_true_disparity_is_hardly_corrected(check_input, pick):
    data = check_input({"A": (9000, 1000), "B": (5000, 5000)}, {"A": (90, 10), "B": (50, 50)})
    finding = pick(list(panel.check(data)), rates.SPREAD)
    assert finding.detail["p_real"] == pytest.approx(1 / 10_001)
    assert finding.detail["corrected_real"] == pytest.approx(0.4, abs=0.01)
    assert finding.detail["expected_synthetic"] == pytest.approx(
        math.sqrt(2 * 0.3 * 0.7 / 100) * math.sqrt(2 / math.pi), rel=0.05
    )


def test_p_values_of_chance_are_uniform():
    rng = np.random.default_rng(4)
    sizes = np.array([120, 300, 80, 500])
    found = []
    for _ in range(400):
        positive = rng.binomial(sizes, 0.35)
        cells = np.stack([sizes - positive, positive], axis=-1)
        found.append(exceedance(float(spread(cells)), spread(draw_equal_rates(cells, cells, 1000, rng).real)))
    for level in (0.1, 0.5):
        assert abs(np.mean(np.array(found) <= level) - level) < 4 * math.sqrt(level * (1 - level) / 400)
