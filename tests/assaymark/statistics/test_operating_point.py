"""A true positive rate at a fixed false positive rate: unbiased, with ties, and its interval covers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_curve

from assaymark.statistics.operating_point import chance_excess, high_at_rate, true_positive_rate
from assaymark.statistics.quantiles import quantile_interval

RATE = 0.01


def test_it_is_the_point_of_the_roc_curve():
    rng = np.random.default_rng(0)
    positives, negatives = rng.normal(1, 1, 500), rng.normal(0, 1, 999)  # 10 in 1000 places: the tenth largest of 999
    false, true, _ = roc_curve(np.repeat([1, 0], [500, 999]), np.concatenate([positives, negatives]), drop_intermediate=False)
    wanted = true[np.isclose(false, 9 / 999)].max()
    assert true_positive_rate(positives, negatives, RATE, 0.95).rate == pytest.approx(wanted, abs=1e-12)


def test_ties_count_as_if_they_were_broken_at_random():
    rng = np.random.default_rng(1)
    positives, negatives = rng.integers(0, 8, 300).astype(float), rng.integers(0, 6, 250).astype(float)
    broken = [
        true_positive_rate(positives + noise[:300], negatives + noise[300:], 0.1, 0.95).rate
        for noise in rng.random((4000, 550)) * 0.5
    ]
    spread = np.std(broken) / np.sqrt(len(broken))
    assert true_positive_rate(positives, negatives, 0.1, 0.95).rate == pytest.approx(np.mean(broken), abs=4 * spread)


@pytest.mark.parametrize("n", [30, 250, 1000])
def test_it_is_unbiased_where_all_are_alike(n):
    rng = np.random.default_rng(2)
    found = [true_positive_rate(rng.random(400), rng.random(n), RATE, 0.95).rate for _ in range(3000)]
    assert np.mean(found) == pytest.approx(RATE, abs=4 * np.std(found) / np.sqrt(len(found)))


def shifted(m, n, rng):
    return rng.normal(1.5, 1, m), rng.normal(0, 1, n)


def half_copied(m, n, rng):
    return np.where(rng.random(m) < 0.5, 9.0, 0.0) + rng.normal(0, 1, m), rng.normal(0, 1, n)


def alike(m, n, rng):
    return rng.normal(0, 1, m), rng.normal(0, 1, n)


TRUTH = {shifted: 1 - norm.cdf(norm.ppf(0.99) - 1.5), half_copied: 0.5 + 0.5 * RATE, alike: RATE}


@pytest.mark.parametrize(("m", "n"), [(2000, 2000), (500, 1000)])
@pytest.mark.parametrize("draw", [shifted, half_copied, alike])
def test_its_interval_covers_nineteen_times_in_twenty(draw, m, n):
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(1000):
        point = true_positive_rate(*draw(m, n, rng), RATE, 0.95)
        covered += point.low <= TRUTH[draw] <= point.high
    assert 0.93 <= covered / 1000 <= 0.99 + (draw is alike) * 0.01  # counts of a few are discrete, hence conservative


@pytest.mark.parametrize("draw", [shifted, half_copied, alike])
def test_few_negatives_make_it_wide_and_not_wrong(draw):
    rng = np.random.default_rng(4)
    points = [true_positive_rate(*draw(100, 100, rng), RATE, 0.95) for _ in range(500)]
    assert np.mean([point.low > TRUTH[draw] for point in points]) < 0.02
    assert np.mean([point.high < TRUTH[draw] for point in points]) < 0.045


def test_what_chance_alone_gives_is_what_simulation_gives():
    rng = np.random.default_rng(5)
    for m, n in ((150, 120), (700, 900)):
        simulated = np.quantile([true_positive_rate(rng.random(m), rng.random(n), RATE, 0.95).rate for _ in range(4000)], 0.95)
        assert chance_excess(m, n, RATE, 0.95, rng, 20_000) == pytest.approx(simulated - RATE, abs=0.002)


def test_how_high_chance_reaches_falls_with_the_number_of_rows():
    highs = [high_at_rate(RATE, n, n, RATE, 0.95) for n in (50, 200, 1000, 20_000)]
    assert highs == sorted(highs, reverse=True)
    rng = np.random.default_rng(6)
    typical = np.median([true_positive_rate(rng.random(1000), rng.random(1000), RATE, 0.95).high for _ in range(500)])
    assert highs[2] == pytest.approx(typical, abs=0.002)


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_quantile_intervals_cover(share):
    rng = np.random.default_rng(7)
    truth, covered = -np.log(1 - share), 0
    for _ in range(2000):
        estimate, low, high = quantile_interval(rng.exponential(size=300), share, 0.95)
        assert low <= estimate <= high
        covered += low <= truth <= high
    assert 0.94 <= covered / 2000 <= 0.985
