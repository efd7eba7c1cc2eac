"""Histograms of a number: exact where values are few, close where they are many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from assaymark.checks.targets.sketch import QUANTILES, make_bins, mean, quantile, wasserstein


def count(bins, values):
    return np.bincount(bins.codes(values), minlength=len(bins.edges))


def sketch(*samples):
    bins = make_bins(np.concatenate(samples))
    return bins, *(count(bins, own) for own in samples)


def test_few_distinct_values_are_exact():
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 80, 5000).astype(float), rng.poisson(30, 3000).astype(float)
    bins, a, b = sketch(first, second)
    assert mean(a, bins) == pytest.approx(first.mean(), abs=1e-9)
    assert wasserstein(a, b, bins) == pytest.approx(stats.wasserstein_distance(first, second), abs=1e-9)
    for q in (0.1, 0.5, 0.9):
        assert quantile(a, bins, q) == np.quantile(first, q, method="inverted_cdf")


@pytest.mark.parametrize("make", [
    lambda rng, n: rng.normal(3, 2, n),
    lambda rng, n: rng.lognormal(10, 0.8, n),
    lambda rng, n: np.where(rng.random(n) < 0.6, 0.0, rng.gamma(2, 500, n)),
    lambda rng, n: np.round(rng.normal(40, 12, n)) + np.where(rng.random(n) < 0.1, rng.random(n), 0),
])  # fmt: skip
def test_many_values_are_close(make):
    rng = np.random.default_rng(1)
    first, second = make(rng, 20_000), 1.1 * make(rng, 30_000)
    bins, a, b = sketch(first, second)
    assert len(bins.edges) <= 2 * QUANTILES + 2
    deviation = first.std()
    assert mean(a, bins) == pytest.approx(first.mean(), abs=0.003 * deviation)
    assert wasserstein(a, b, bins) == pytest.approx(stats.wasserstein_distance(first, second), abs=0.003 * deviation)
    for q in (0.1, 0.5, 0.9):
        assert quantile(a, bins, q) == pytest.approx(np.quantile(first, q), abs=0.01 * deviation)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=400))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_each_value_lies_in_its_bin(values):
    numbers = np.array(values)
    bins = make_bins(numbers)
    codes = bins.codes(numbers)
    assert (bins.lows[codes] <= numbers).all()
    assert (numbers <= bins.edges[codes]).all()
    assert (np.diff(bins.edges) > 0).all()
    assert np.bincount(codes, minlength=len(bins.edges)).min() > 0


def test_a_common_value_has_a_bin_of_its_own():
    numbers = np.concatenate([np.random.default_rng(2).normal(0, 1, 5000), np.full(2000, 0.25)])
    bins = make_bins(numbers)
    place = bins.codes(np.array([0.25]))[0]
    assert (bins.lows[place], bins.edges[place]) == (0.25, 0.25)
    assert quantile(count(bins, numbers), bins, (numbers < 0.25).mean() + 0.01) == 0.25


def test_many_tables_at_once_are_each_table():
    rng = np.random.default_rng(3)
    bins, a, b = sketch(rng.normal(size=500), rng.normal(size=500))
    many = rng.multinomial(500, a / a.sum(), size=7), rng.multinomial(500, b / b.sum(), size=7)
    assert mean(many[0], bins) == pytest.approx([float(mean(one, bins)) for one in many[0]])
    assert quantile(many[0], bins, 0.3) == pytest.approx([float(quantile(one, bins, 0.3)) for one in many[0]])
    assert wasserstein(*many, bins) == pytest.approx([float(wasserstein(x, y, bins)) for x, y in zip(*many, strict=True)])


def test_a_group_without_rows_has_no_number():
    bins, a = sketch(np.arange(5.0))
    nothing = np.zeros_like(a)
    assert np.isnan([mean(nothing, bins), quantile(nothing, bins, 0.5), wasserstein(nothing, a, bins)]).all()
