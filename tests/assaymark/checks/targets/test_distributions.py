"""Distances and ranks of two groups against SciPy and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from assaymark.checks.targets.distributions import dominance, jensen_shannon, mean_ridits, superiority, total_variation


@pytest.fixture(params=range(10))
def cells(request):
    rng = np.random.default_rng(request.param)
    return rng.integers(0, 60, size=(2, 6)) * rng.integers(0, 2, size=(2, 6)) + np.eye(2, 6, dtype=np.int64)


def test_jensen_shannon_is_scipys(cells):
    p, q = cells / cells.sum(axis=1, keepdims=True)
    assert jensen_shannon(cells) == pytest.approx(jensenshannon(p, q, base=2), abs=1e-12)


def test_total_variation_is_half_the_city_block_distance(cells):
    p, q = cells / cells.sum(axis=1, keepdims=True)
    assert total_variation(cells) == pytest.approx(np.abs(p - q).sum() / 2, abs=1e-15)


def test_dominance_is_that_of_the_mann_whitney_statistic(cells):
    first, second = (np.repeat(np.arange(6), row) for row in cells)
    theta = stats.mannwhitneyu(first, second).statistic / (len(first) * len(second))
    assert superiority(cells) == pytest.approx(theta, abs=1e-12)
    assert dominance(cells) == pytest.approx(2 * theta - 1, abs=1e-12)
    assert dominance(cells[::-1]) == pytest.approx(1 - 2 * theta, abs=1e-12)


def test_mean_ridits_are_mean_ranks_as_shares_of_all_rows(cells):
    values = [np.repeat(np.arange(6), row) for row in cells]
    ranks = np.split(stats.rankdata(np.concatenate(values)), [len(values[0])])
    total = sum(map(len, ranks))
    assert mean_ridits(cells) == pytest.approx([(own.mean() - 0.5) / total for own in ranks], abs=1e-12)


def test_closed_forms():
    apart = np.array([[0, 0, 7], [5, 0, 0]])
    assert (total_variation(apart), jensen_shannon(apart), dominance(apart)) == (1.0, 1.0, 1.0)
    same = np.array([[10, 20, 30], [1, 2, 3]])
    assert total_variation(same) == pytest.approx(0, abs=1e-15)
    assert jensen_shannon(same) == pytest.approx(0, abs=1e-7)
    assert dominance(same) == pytest.approx(0, abs=1e-15)
    assert dominance(np.array([[1, 3], [3, 1]])) == pytest.approx(9 / 16 - 1 / 16)


def test_many_tables_at_once_are_each_table():
    many = np.random.default_rng(0).integers(1, 50, size=(20, 3, 5))
    for theta in (total_variation, jensen_shannon, dominance):
        assert theta(many) == pytest.approx([float(theta(one)) for one in many])


def test_a_group_without_rows_has_no_number():
    empty = np.array([[0, 0, 0], [1, 2, 3]])
    for theta in (total_variation, jensen_shannon, dominance):
        assert np.isnan(theta(empty))
