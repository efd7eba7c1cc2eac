"""Intervals of two layers: closed forms, and coverage when seeds differ."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from assaymark.statistics.layers import layered, pairwise_null


def test_one_seed_leaves_the_interval_of_sampling():
    found = layered(np.array([0.3]), 0.1, 0.4, 0.95)
    assert found.ends == (0.1, 0.4)
    assert found.value == 0.3
    assert found.seed is None
    assert found.sampling == pytest.approx((0.3 / (2 * stats.norm.ppf(0.975))) ** 2)


def test_two_layers_are_added_in_quadrature_on_each_side():
    effects = np.array([0.1, 0.2, 0.6])
    found = layered(effects, 0.2, 0.8, 0.9)
    half = stats.t.ppf(0.95, 2) * effects.std(ddof=1) / np.sqrt(3)
    assert found.value == pytest.approx(0.3)
    assert found.low == pytest.approx(0.3 - np.hypot(0.1, half))
    assert found.high == pytest.approx(0.3 + np.hypot(0.5, half))
    assert found.variance() == {"sampling": found.sampling, "learner_seed": pytest.approx(effects.var(ddof=1) / 3)}


def test_seeds_that_agree_add_nothing():
    assert layered(np.array([0.25, 0.25, 0.25]), 0.2, 0.4, 0.95).ends == pytest.approx((0.2, 0.4))


@pytest.mark.parametrize(("seed_share", "seeds"), [(0.3, 3), (1.0, 3), (1.0, 5), (3.0, 5)])
def test_the_interval_covers_when_seeds_differ(seed_share, seeds):
    """An effect with normal errors of both layers; ``seed_share`` is the spread between seeds over that of sampling."""
    rng = np.random.default_rng(0)
    runs, hits = 5_000, 0
    half = stats.norm.ppf(0.975)
    shared = rng.normal(size=runs)
    effects = shared[:, None] + seed_share * rng.normal(size=(runs, seeds))
    for row in effects:
        found = layered(row, row.mean() - half, row.mean() + half, 0.95)
        hits += found.low <= 0 <= found.high
    assert 0.93 <= hits / runs <= 0.98  # as the seeds share sampling in part only, a little too wide


def test_the_null_is_an_order_statistic_of_all_pairs():
    values = np.array([0.0, 0.1, 0.4, 0.5, 0.9])
    assert pairwise_null(values, 0.95) == pytest.approx(0.9)  # the largest of ten
    assert pairwise_null(values, 0.5) == pytest.approx(0.4)  # the fifth of 0.1 0.1 0.3 0.4 0.4 0.4 0.5 0.5 0.8 0.9
    assert pairwise_null(values[:2], 0.95) is None
    assert pairwise_null(np.array([0.1, np.nan, 0.2]), 0.95) is None
    assert pairwise_null(np.full(4, 0.2), 0.95) == 0
