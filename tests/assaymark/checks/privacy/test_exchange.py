"""The excess of singling out: 0 on average where nothing was learned, whatever the sizes; its interval holds that."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from assaymark.checks.privacy.exchange import chance_of_one, excess, gain_table
from assaymark.checks.privacy.guessing import of_several_columns
from assaymark.checks.privacy.predicates import Population, Predicates, Relation
from assaymark.execution import Run


@pytest.mark.parametrize(("real", "holdout"), [(200, 200), (200, 50), (50, 200)])
@pytest.mark.parametrize("weight", [0.001, 0.005, 0.02])
def test_a_predicate_gains_nothing_on_average_where_nothing_was_learned(real, holdout, weight):
    gains = gain_table(real, holdout)
    size = len(gains)
    ours, theirs = binom.pmf(np.arange(size), real, weight), binom.pmf(np.arange(size), holdout, weight)
    expected = sum(ours[r] * theirs[h] * gains[r, r + h] for r in range(size) for h in range(size) if r + h < size)
    assert expected == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(("real", "holdout"), [(200, 200), (400, 100), (100, 400)])
def test_a_predicate_of_one_learned_row_alone_gains_one(real, holdout):
    assert gain_table(real, holdout)[1, 1] == pytest.approx(1.0)


def test_with_tables_of_one_size_the_excess_is_the_difference_of_rates():
    rng = np.random.default_rng(1)
    real, holdout = (Population((rng.integers(0, 400, 300).astype(float),), (True,)) for _ in range(2))
    made = Predicates(np.zeros((400, 1), int), np.full((400, 1), int(Relation.EQUAL)), np.arange(400.0)[:, None])
    found = excess(made, real, holdout, Run(0), rng)
    assert found.value == pytest.approx((found.real - found.holdout) / 400)


def test_the_chance_of_one_is_that_of_dealing_rows_out():
    rng = np.random.default_rng(2)
    dealt = np.array([(rng.permutation(12)[:8] < 3).sum() == 1 for _ in range(20_000)])
    assert chance_of_one(np.array([3]), 12, 8)[0] == pytest.approx(dealt.mean(), abs=0.01)


def population(rows, rng):
    """Rows of a few clusters, so that predicates often share the rows that they are true of."""
    centre = rng.integers(0, 5, rows)
    return Population(
        (centre.astype(np.int32), np.round(rng.normal(centre, 1.0), 1), rng.integers(0, 30, rows).astype(float)),
        (False, True, True),
    )


@pytest.mark.parametrize("rows", [(300, 300), (400, 100)])
def test_the_interval_holds_no_excess_about_as_often_as_it_says(rows):
    inside, values, runs = 0, [], 200
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        synthetic, real, holdout = (population(count, rng) for count in (300, *rows))
        made = of_several_columns(synthetic, 60, Run(seed), rng)
        found = excess(made, real, holdout, Run(seed), rng)
        low, high = np.quantile(found.luck, [0.025, 0.975])
        inside += found.value - high <= 0.0 <= found.value - low
        values.append(found.value)
    assert 0.9 <= inside / runs <= 0.99
    assert np.mean(values) == pytest.approx(0.0, abs=4 * np.std(values) / runs**0.5)
