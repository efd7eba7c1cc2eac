"""Variation between samples of a generator: known answers, and the interval's coverage."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2

from assaymark.checks.bias import generation
from assaymark.results.findings import Outcome

RATES = {"Female": 0.3, "Male": 0.45}
REAL = {"Female": (2100, 900), "Male": (1650, 1350)}
N = 3000


def draw(rng, shift=0.0):
    hits = {group: int(rng.binomial(N, p + (shift if group == "Male" else 0.0))) for group, p in RATES.items()}
    return {group: (N - hit, hit) for group, hit in hits.items()}


def one(check_input, tables, seed=0):
    (finding,) = generation.check(check_input(REAL, tables[0], samples=tables[1:], seed=seed, draws=1000))
    return finding


def test_the_numbers_of_known_samples(check_input):
    tables = [{"Female": (700, 300), "Male": (1000 - m, m)} for m in (440, 450, 460)]
    finding = one(check_input, tables)
    expected = np.sqrt(0.3 * 0.7 / 1000 + 0.45 * 0.55 / 1000)
    assert finding.outcome is Outcome.SHOWN
    assert finding.scope["groups"] == ["Male", "Female"]
    assert finding.real == pytest.approx(expected)
    assert finding.synthetic == pytest.approx(0.01)
    assert finding.value == pytest.approx(np.log(0.01 / expected))
    low, high = (np.log(np.sqrt(0.01**2 * 2 / chi2.ppf(q, 2)) / expected) for q in (0.975, 0.025))
    assert finding.ci == pytest.approx((low, high))
    assert finding.detail["differences"] == pytest.approx([0.14, 0.15, 0.16])
    assert finding.detail["mean_change"] == pytest.approx(0.0)
    assert finding.n == {"samples": 3}


def test_an_honest_generator_varies_as_chance_has_it(check_input):
    """The interval holds 0 in 93 to 97% of 400 audits of a generator of independent rows (nominal 95%)."""
    covered = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        low, high = one(check_input, [draw(rng) for _ in range(5)], seed).ci
        covered += low <= 0 <= high
    assert 0.93 <= covered / 400 <= 0.97


def test_a_generator_whose_bias_depends_on_the_seed_is_shown_to(check_input):
    """Each table alone looks like a sample with a narrow interval; the samples together tell that it is luck."""
    rng = np.random.default_rng(1)
    finding = one(check_input, [draw(rng, shift) for shift in (0.0, 0.12, -0.12, 0.08, -0.08)])
    assert finding.ci[0] > 0
    low, high = finding.detail["mean_change_ci"]
    assert high - low > 0.15


def test_the_mean_change_covers_the_truth(check_input):
    covered = 0
    for seed in range(400):
        rng = np.random.default_rng(5000 + seed)
        tables = [draw(rng, 0.05) for _ in range(5)]
        (finding,) = generation.check(check_input(draw(rng), tables[0], samples=tables[1:], seed=seed, draws=1000))
        low, high = finding.detail["mean_change_ci"]
        covered += low <= 0.05 <= high
    assert 0.93 <= covered / 400 <= 0.98  # the quadrature of a t and a normal interval errs on the safe side


def test_one_sample_gives_no_finding(check_input):
    assert not list(generation.check(check_input(REAL, REAL)))


def test_what_cannot_be_told_says_why(check_input):
    few = {"Female": (10, 10), "Male": (10, 10)}
    assert one(check_input, [few, few]).reason == "too_few_synthetic_rows"
    same = {"Female": (0, 3000), "Male": (0, 3000)}
    assert one(check_input, [same, same]).reason == "no_variation"
