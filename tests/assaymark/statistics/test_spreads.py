"""Estimates drawn together, and the bias of their spread that this shows."""

from __future__ import annotations

import numpy as np
import pytest

from assaymark.statistics.spreads import shrunk, widened


def test_estimates_that_differ_by_chance_are_drawn_together_and_others_are_not():
    rng = np.random.default_rng(0)
    variances = np.full(6, 0.01)
    same = [np.ptp(shrunk(rng.normal(0, 0.1, 6), variances)) for _ in range(500)]
    plain = [np.ptp(rng.normal(0, 0.1, 6)) for _ in range(500)]
    assert np.mean(same) < 0.45 * np.mean(plain)
    far = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
    assert shrunk(far, variances) == pytest.approx(far, abs=0.01)


def test_what_has_no_spread_stays_as_it_is():
    assert shrunk(np.array([0.3]), np.array([0.1])).tolist() == [0.3]
    assert shrunk(np.array([0.3, 0.3]), np.array([0.1, 0.1])).tolist() == [0.3, 0.3]
    assert shrunk(np.array([0.3, 0.4]), np.zeros(2)).tolist() == [0.3, 0.4]


def test_the_centre_weighs_by_precision():
    found = shrunk(np.array([0.0, 1.0]), np.array([1.0, 3.0]))  # they differ by half a standard error, so all the way
    assert found == pytest.approx([0.25, 0.25])


def test_an_interval_grows_on_the_side_of_the_truth_only():
    assert widened(0.1, 0.4, -0.05) == pytest.approx((0.1, 0.45))
    assert widened(0.1, 0.4, 0.05) == pytest.approx((0.05, 0.4))
    assert widened(0.1, 0.4, 0.0) == (0.1, 0.4)
