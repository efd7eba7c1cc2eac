"""Areas under ROC curves against scikit-learn, the definition and the bootstrap."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from assaymark.statistics.roc import delong


def draw(rows, seed, strength=(1.0, 0.7)):
    rng = np.random.default_rng(seed)
    outcome = rng.random(rows) < 0.3
    shared = rng.normal(size=rows)
    scores = np.stack([np.round(strength[k] * outcome + shared + 0.5 * rng.normal(size=rows), 1) for k in (0, 1)])
    return outcome, scores


def test_areas_are_scikit_learns_with_ties():
    outcome, scores = draw(500, 1)
    assert len(np.unique(scores[0])) < 100
    assert delong(outcome, scores).auc == pytest.approx([roc_auc_score(outcome, own) for own in scores], abs=1e-12)


def test_covariance_is_that_of_the_definition():
    outcome, scores = draw(60, 2)
    m, n = int(outcome.sum()), int((~outcome).sum())
    psi = (scores[:, outcome][:, :, None] > scores[:, ~outcome][:, None, :]) + 0.5 * (
        scores[:, outcome][:, :, None] == scores[:, ~outcome][:, None, :]
    )
    expected = np.cov(psi.mean(axis=2)) / m + np.cov(psi.mean(axis=1)) / n
    assert delong(outcome, scores).covariance == pytest.approx(expected, abs=1e-14)


def test_paired_interval_agrees_with_the_bootstrap():
    outcome, scores = draw(800, 3)
    areas = delong(outcome, scores)
    low, high = areas.difference(0, 1, 0.95)
    rng = np.random.default_rng(4)
    picks = rng.integers(0, len(outcome), (600, len(outcome)))
    drawn = [np.diff(delong(outcome[pick], scores[:, pick]).auc)[0] for pick in picks]
    assert (high - low) / 2 == pytest.approx(1.96 * np.std(drawn), rel=0.12)
    assert (low + high) / 2 == pytest.approx(areas.auc[0] - areas.auc[1])


def test_paired_interval_covers_as_promised():
    # normal scores: area = Phi(shift / sqrt(2 sd^2)), sd^2 = 1.25
    from scipy.stats import norm

    truth = norm.cdf(1.0 / np.sqrt(2.5)) - norm.cdf(0.7 / np.sqrt(2.5))
    covered = 0
    for seed in range(400):
        low, high = delong(*draw(300, seed)).difference(0, 1, 0.95)
        covered += low <= truth <= high
    assert 0.91 < covered / 400 < 0.985


def test_equal_scores_differ_by_nothing():
    outcome, scores = draw(100, 5)
    assert delong(outcome, np.stack([scores[0], scores[0]])).difference(0, 1, 0.95) == (0.0, 0.0)
