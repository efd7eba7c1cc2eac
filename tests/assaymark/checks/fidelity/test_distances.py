"""Distances against SciPy and closed forms; their intervals against simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ks_2samp, norm, pearsonr

from assaymark.checks.fidelity.averaging import Averaged
from assaymark.checks.fidelity.correlations import correlate
from assaymark.checks.fidelity.distances import (
    added_by_noise,
    kolmogorov_smirnov,
    kolmogorov_smirnov_distance,
    normal_distance,
    total_variation,
    total_variation_distance,
)
from assaymark.checks.fidelity.tallies import merged, tally

DRAWS = 400


def test_kolmogorov_smirnov_is_scipys():
    rng = np.random.default_rng(0)
    first, second = np.round(rng.normal(size=700), 1), np.round(rng.normal(0.3, 1.2, size=400), 1)
    values = np.unique(np.concatenate([first, second]))
    counts = [np.array([(own == value).sum() for value in values]) for own in (first, second)]
    expected = ks_2samp(first, second)
    distance, place, sign = kolmogorov_smirnov_distance(*counts)
    assert kolmogorov_smirnov(*counts) == pytest.approx(expected.statistic, abs=1e-12)
    assert (distance.value, values[place], sign) == pytest.approx(
        (expected.statistic, expected.statistic_location, expected.statistic_sign), abs=1e-12
    )


def test_total_variation_is_half_the_summed_difference():
    first, second = np.array([2, 1, 1, 0]), np.array([1, 4, 0, 0])
    assert total_variation(first, second) == pytest.approx((0.3 + 0.55 + 0.25) / 2)
    distance, signs = total_variation_distance(first, second)
    assert (distance.value, signs.tolist()) == (pytest.approx(0.55), [1.0, -1.0, 1.0, 0.0])
    assert total_variation_distance(first, first)[0].value == 0.0


def test_what_noise_adds_is_the_mean_of_a_folded_normal():
    drawn = np.abs(np.random.default_rng(0).normal(0.7, 0.5, 2_000_000))
    assert float(added_by_noise(-0.7, 0.5)) == pytest.approx(drawn.mean() - 0.7, abs=1e-3)
    assert float(added_by_noise(0.7, 0.0)) == 0.0


def coverage(draw, truth):
    inside = [low <= truth <= high for low, high in (draw().interval(0.95) for _ in range(DRAWS))]
    return np.mean(inside)


@pytest.mark.parametrize("levels", [2, 12, 200])
@pytest.mark.parametrize("mix", [0.0, 0.1, 0.6])
def test_total_variation_intervals_cover(levels, mix):
    rng = np.random.default_rng([levels, int(100 * mix)])
    p, other = rng.dirichlet(np.ones(levels)), rng.dirichlet(np.ones(levels))
    q = (1 - mix) * p + mix * other
    truth = np.abs(p - q).sum() / 2
    assert coverage(lambda: total_variation_distance(rng.multinomial(2000, p), rng.multinomial(3000, q))[0], truth) >= 0.93


@pytest.mark.parametrize("shift", [0.0, 0.05, 0.4])
def test_kolmogorov_smirnov_intervals_cover(shift):
    rng = np.random.default_rng(int(100 * shift))
    at = np.linspace(-4, 4, 300)
    p, q = (np.diff(norm.cdf(at, mean), prepend=0.0, append=1.0) for mean in (0.0, shift))
    truth = np.abs(np.cumsum(p) - np.cumsum(q)).max()
    assert coverage(lambda: kolmogorov_smirnov_distance(rng.multinomial(900, p), rng.multinomial(1100, q))[0], truth) >= 0.93


@pytest.mark.parametrize("heavy", [False, True])
def test_correlation_intervals_cover(heavy):
    rng = np.random.default_rng(int(heavy))
    truth = (0.6 - 0.2) / 2

    def draw():
        found = []
        for r in (0.6, 0.2):
            x, z = rng.standard_t(9, (2, 900)) if heavy else rng.normal(size=(2, 900))
            found.append(correlate([x, r * x + np.sqrt(1 - r**2) * z]))
        errors = [one.error[0, 1] for one in found]
        return normal_distance(found[1].value[0, 1] - found[0].value[0, 1], float(np.hypot(*errors)))

    assert coverage(draw, truth) >= 0.93


def test_correlations_are_scipys_over_the_rows_known_in_both():
    rng = np.random.default_rng(1)
    columns = rng.normal(size=(6, 500))
    columns[1] = 1e15 + 1e9 * (columns[0] + columns[1])
    columns[2] = np.exp(3 * columns[2])
    columns[3][rng.random(500) < 0.4] = np.nan
    columns[4][rng.random(500) < 0.9] = np.nan
    columns[5] = np.where(np.isnan(columns[4]), columns[5] * 1e8, 1.0 + columns[5] * 1e-3)  # narrow where both are known
    found = correlate(list(columns))
    for i in range(6):
        for j in range(i):
            known = ~np.isnan(columns[i] + columns[j])
            expected = pearsonr(columns[i][known], columns[j][known]).statistic
            assert found.value[i, j] == pytest.approx(expected, abs=1e-9)


def test_a_constant_has_no_correlation():
    x = np.arange(20.0)
    half = np.where(x < 10, 3.0, np.nan)
    found = correlate([x, np.full(20, 3.0), half, np.full(20, np.nan), np.where(x == 5, x, np.nan)])
    assert np.isnan(found.value[0, 1:]).all()
    assert found.constant.tolist() == [False, True, True, False, True]
    assert not found.error[0, 1:].any()


def test_large_numbers_do_not_overflow():
    x = np.array([1e300, -1e300, 5e299, 0.0])
    assert correlate([x, x]).value[0, 1] == pytest.approx(1.0)


def test_sparse_and_dense_tables_count_the_same(monkeypatch):
    rng = np.random.default_rng(0)
    first, second = ([rng.integers(0, width, rows).astype(np.uint8) for rows in (300, 200)] for width in (60, 7))
    dense = tally(first, 60, second, 7)
    assert [own.tolist() for own in dense.counts] == [
        np.bincount(a.astype(int) * 7 + b, minlength=420).tolist() for a, b in zip(first, second, strict=True)
    ]
    monkeypatch.setattr("assaymark.checks.fidelity.tallies._BLOCK", 1)
    assert tally([np.tile(first[0], 9)], 60, [np.tile(second[0], 9)], 7).counts[0].tolist() == (9 * dense.counts[0]).tolist()
    monkeypatch.setattr("assaymark.checks.fidelity.tallies.DENSE", 1)
    sparse = tally(first, 60, second, 7)
    used = np.flatnonzero(dense.counts[0] + dense.counts[1])
    assert sparse.keys.tolist() == used.tolist()
    assert [own.tolist() for own in sparse.counts] == [own[used].tolist() for own in dense.counts]
    assert sparse.cramers_v(0) == pytest.approx(dense.cramers_v(0), abs=1e-12)


def test_merging_levels_adds_their_rows():
    counts = np.arange(12).reshape(3, 4)
    both = merged(counts, np.array([0, 0, 1]), np.array([1, 0, 1, 2]))
    assert both.reshape(2, 3).tolist() == [[6, 12, 10], [9, 18, 11]]


def averaged(rng, columns, levels, mix, rows):
    """A mean of distances of columns that depend on each other, and how far it is from that of the distributions."""
    p, other = rng.dirichlet(np.ones(levels), 2)
    q = (1 - mix) * p + mix * other
    mean = Averaged(rows)
    hidden = [rng.choice(levels, size, p=share) for size, share in zip(rows, (p, q), strict=True)]
    for shift in range(columns):
        codes = [np.where(rng.random(len(own)) < 0.9, own, (own + shift) % levels) for own in hidden]
        counts = [np.bincount(own, minlength=levels) for own in codes]
        distance, signs = total_variation_distance(*counts)
        mean.add(distance, signs[codes[0]] / 2, -signs[codes[1]] / 2)
    moved = [[0.9 * own + 0.1 * np.roll(own, shift) for own in (p, q)] for shift in range(columns)]
    return mean, np.mean([np.abs(a - b).sum() / 2 for a, b in moved])


def test_the_interval_of_a_mean_covers_and_knows_that_columns_depend():
    rng = np.random.default_rng(5)
    inside, naive = [], []
    for _ in range(200):
        mean, truth = averaged(rng, 6, 5, 0.5, (1500, 2500))
        low, high = mean.interval(0.95)
        inside.append(low <= truth <= high)
        alone = 1.96 * np.sqrt(sum(distance.error**2 for distance in mean.distances)) / 6
        naive.append(abs(mean.value - truth) <= alone)
    assert np.mean(inside) >= 0.93
    assert np.mean(naive) < 0.85
