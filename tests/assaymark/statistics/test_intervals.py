"""Intervals against published values and against the coverage that they promise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from assaymark.statistics.intervals import (
    log_odds_interval,
    log_ratio_interval,
    mann_whitney_interval,
    mover_sum,
    newcombe_difference,
    newcombe_paired,
    wilson,
)

# Newcombe (1998a), table I, method 3
WILSON = [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
# Newcombe (1998b), table II, method 10
DIFFERENCE = [
    (56, 70, 48, 80, 0.0524, 0.3339),
    (9, 10, 3, 10, 0.1705, 0.8090),
    (6, 7, 2, 7, 0.0582, 0.8062),
    (5, 56, 0, 29, -0.0381, 0.1926),
    (0, 10, 0, 20, -0.1611, 0.2775),
    (0, 10, 0, 10, -0.2775, 0.2775),
    (10, 10, 0, 20, 0.6791, 1.0),
    (10, 10, 0, 10, 0.6075, 1.0),
]


@pytest.mark.parametrize(("x", "n", "low", "high"), WILSON)
def test_wilson_gives_the_published_values(x, n, low, high):
    assert [round(float(end), 4) for end in wilson(x, n, 0.95)] == [low, high]


def test_wilson_is_scipys_and_takes_arrays():
    x, n = np.array([0, 3, 17, 40]), np.array([40, 40, 40, 40])
    low, high = wilson(x, n, 0.9)
    for place in range(4):
        theirs = stats.binomtest(int(x[place]), int(n[place])).proportion_ci(0.9, method="wilson")
        assert low[place] == pytest.approx(theirs.low, abs=1e-12)
        assert high[place] == pytest.approx(theirs.high, abs=1e-12)
    assert (float(low[0]), float(high[-1])) == (0.0, 1.0)
    assert wilson(0, 0, 0.95) == (0.0, 1.0)


@pytest.mark.parametrize(("x1", "n1", "x2", "n2", "low", "high"), DIFFERENCE)
def test_difference_gives_the_published_values(x1, n1, x2, n2, low, high):
    assert [round(float(end), 4) for end in newcombe_difference(x1, n1, x2, n2, 0.95)] == [low, high]


def test_difference_broadcasts_and_says_nothing_without_rows():
    columns = np.array([row[:4] for row in DIFFERENCE]).T
    low, high = newcombe_difference(*columns, 0.95)
    assert np.round(low, 4).tolist() == [row[4] for row in DIFFERENCE]
    assert np.round(high, 4).tolist() == [row[5] for row in DIFFERENCE]
    assert newcombe_difference(0, 0, 5, 10, 0.95) == (-1.0, 1.0)


def test_paired_difference_gives_the_published_value():
    # Cavo et al. (2012) in Fagerland, Lydersen & Laake (2017), chapter 8
    low, high = newcombe_paired(59, 6, 16, 80, 0.95)
    assert (round(float(low), 4), round(float(high), 4)) == (-0.1186, -0.0046)


def test_paired_difference_mirrors_and_holds_at_the_edges():
    low, high = newcombe_paired(30, 5, 12, 3, 0.95)
    other_low, other_high = newcombe_paired(30, 12, 5, 3, 0.95)
    assert (float(low), float(high)) == pytest.approx((-float(other_high), -float(other_low)))
    same_low, same_high = newcombe_paired(40, 0, 0, 60, 0.95)
    assert -0.05 < float(same_low) < 0.0 < float(same_high) < 0.05
    assert newcombe_paired(0, 0, 0, 0, 0.95) == (-1.0, 1.0)


def test_mover_of_two_wilson_intervals_is_newcombes():
    (x1, n1), (x2, n2) = (56, 70), (48, 80)
    ends = [wilson(x1, n1, 0.95), wilson(x2, n2, 0.95)]
    low, high = mover_sum([x1 / n1, x2 / n2], [end[0] for end in ends], [end[1] for end in ends], [1, -1])
    assert (round(float(low), 4), round(float(high), 4)) == (0.0524, 0.3339)


def test_mover_of_normal_intervals_adds_variances_and_keeps_shapes():
    estimates = np.array([[1.0, 2.0], [0.5, -0.5], [0.25, 0.0]])
    half = np.array([[0.3, 0.1], [0.4, 0.2], [0.0, 0.2]])
    low, high = mover_sum(estimates, estimates - half, estimates + half, [1, -1, 1])
    assert low == pytest.approx([0.75 - 0.5, 2.5 - 0.3])
    assert high == pytest.approx([0.75 + 0.5, 2.5 + 0.3])


def test_log_ratio_gives_the_published_value():
    # Perondi et al. (2004) in Fagerland, Lydersen & Laake (2017), chapter 4
    _, low, high = np.exp(log_ratio_interval(7, 34, 1, 34, 0.95))
    assert (round(float(low), 4), round(float(high), 4)) == (0.9241, 27.0523)


def test_log_odds_gives_the_published_value_with_an_empty_cell():
    # Ritland et al. (2007) in Fagerland, Lydersen & Laake (2017), chapter 4
    _, low, high = np.exp(log_odds_interval(0, 16, 15, 72, 0.95))
    assert (round(float(low), 4), round(float(high), 4)) == (0.0064, 1.9804)


def test_log_intervals_agree_with_scipys_for_large_counts():
    ratio = stats.contingency.relative_risk(40_000, 100_000, 30_000, 100_000)
    theirs = np.log([ratio.relative_risk, *ratio.confidence_interval(0.95)])
    assert log_ratio_interval(40_000, 100_000, 30_000, 100_000, 0.95) == pytest.approx(list(theirs), abs=1e-5)
    odds = stats.contingency.odds_ratio([[40_000, 60_000], [30_000, 70_000]], kind="sample")
    theirs = np.log([odds.statistic, *odds.confidence_interval(0.95)])
    assert log_odds_interval(40_000, 100_000, 30_000, 100_000, 0.95) == pytest.approx(list(theirs), abs=1e-5)


@pytest.mark.parametrize("counts", [(0, 30, 12, 40), (30, 30, 40, 40), (0, 30, 0, 40), (30, 30, 0, 40)])
@pytest.mark.parametrize("interval", [log_ratio_interval, log_odds_interval])
def test_log_intervals_stay_finite_and_wide_at_the_edges(interval, counts):
    estimate, low, high = (float(number) for number in interval(*counts, 0.95))
    assert np.isfinite([low, high]).all()
    assert low < estimate < high
    assert high - low > 0.02


@pytest.mark.parametrize(("p1", "n1", "p2", "n2"), [(0.02, 120, 0.05, 80), (0.5, 60, 0.3, 200), (0.97, 50, 0.9, 50)])
def test_intervals_cover_as_promised(p1, n1, p2, n2):
    rng = np.random.default_rng(20_260_301)
    x1, x2 = rng.binomial(n1, p1, 20_000), rng.binomial(n2, p2, 20_000)
    low, high = newcombe_difference(x1, n1, x2, n2, 0.95)
    assert 0.935 < np.mean((low <= p1 - p2) & (p1 - p2 <= high)) < 0.985
    log_odds = np.log(p1 / (1 - p1)) - np.log(p2 / (1 - p2))
    _, low, high = log_odds_interval(x1, n1, x2, n2, 0.95)
    assert np.mean((low <= log_odds) & (log_odds <= high)) > 0.94
    log_ratio = np.log(p1 / p2)
    _, low, high = log_ratio_interval(x1, n1, x2, n2, 0.95)
    assert np.mean((low <= log_ratio) & (log_ratio <= high)) > 0.93


def test_paired_interval_covers_as_promised():
    shares = np.array([0.70, 0.03, 0.07, 0.20])
    draws = np.random.default_rng(7).multinomial(150, shares, size=20_000)
    low, high = newcombe_paired(*draws.T, 0.95)
    assert 0.935 < np.mean((low <= shares[1] - shares[2]) & (shares[1] - shares[2] <= high)) < 0.985


@pytest.mark.parametrize(("shift", "sizes"), [(0.0, (40, 60)), (0.8, (30, 30)), (2.5, (25, 60))])
def test_the_mann_whitney_interval_covers(shift, sizes):
    """Normal samples whose P(X > Y) is known: 95 of 100 intervals hold it (Newcombe, 2006)."""
    rng = np.random.default_rng(7)
    truth, held = stats.norm.cdf(shift / np.sqrt(2)), 0
    for _ in range(1000):
        x, y = rng.normal(shift, 1, sizes[0]), rng.normal(0, 1, sizes[1])
        theta = stats.mannwhitneyu(x, y).statistic / (sizes[0] * sizes[1])
        low, high = mann_whitney_interval(theta, *sizes, 0.95)
        held += low <= truth <= high
    assert 925 <= held <= 985


def test_the_mann_whitney_interval_at_its_ends():
    low, high = mann_whitney_interval(1.0, 20, 30, 0.95)
    assert high == 1.0
    assert 0.8 < low < 0.95
    mirrored = mann_whitney_interval(0.0, 30, 20, 0.95)
    assert mirrored == pytest.approx((1 - high, 1 - low))
    middle = mann_whitney_interval(0.5, 20, 30, 0.95)
    assert middle[0] == pytest.approx(1 - middle[1])
