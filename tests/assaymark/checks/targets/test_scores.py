"""Bias in a numeric target against NumPy and SciPy, known answers, and repeated samples."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from assaymark.checks.targets import scores
from assaymark.results.findings import Outcome


def people(seed, *, shift=1.0, scale=2.0, rows=4000):
    rng = np.random.default_rng(seed)
    return {"f": rng.normal(0, scale, rows), "m": rng.normal(shift, scale, rows)}


def found(data):
    return list(scores.check(data))


def clip(values, like):
    """Cut at the tenth smallest and largest real value."""
    ordered = np.sort(np.concatenate(list(like.values())))
    return np.clip(values, ordered[9], ordered[-10])


def test_numbers_are_those_of_numpy_and_scipy(score_input, pick):
    real, synthetic = people(1), people(2, shift=2.0)
    findings = found(score_input(real, synthetic))
    step = 0.005
    for name, table in (("real", real), ("synthetic", synthetic)):
        m, f = clip(table["m"], real), clip(table["f"], real)
        mean = pick(findings, scores.MEAN)
        assert mean.scope["groups"] == ["m", "f"]
        assert mean.detail["rounded_to"] == step
        assert getattr(mean, name) == pytest.approx(m.mean() - f.mean(), abs=step / 2 + 1e-9)
        for q in (0.1, 0.5, 0.9):
            told = getattr(pick(findings, scores.QUANTILE, quantile=q), name)
            assert told == pytest.approx(np.quantile(m, q) - np.quantile(f, q), abs=step / 2 + 0.02)
        distance = getattr(pick(findings, scores.WASSERSTEIN), name)
        assert distance == pytest.approx(stats.wasserstein_distance(m, f), abs=step / 2 + 0.005)
        above = [(table[g] > np.median(np.concatenate(list(real.values())))).mean() for g in "mf"]
        rate = pick(findings, scores.SCORING)
        assert getattr(rate, name) == pytest.approx(above[0] - above[1], abs=rate.detail["rounded_to"] / 2 + 1e-9)
    deviation = np.sqrt((clip(real["m"], real).var(ddof=1) + clip(real["f"], real).var(ddof=1)) / 2)
    assert pick(findings, scores.MEAN).detail["standard_deviation"] == pytest.approx(deviation, rel=0.03)
    assert pick(findings, scores.MEAN).margin == pytest.approx(max(0.05 * 2.0, pick(findings, scores.MEAN).null))


def test_whole_numbers_are_exact(score_input, pick):
    rng = np.random.default_rng(5)
    real = {"f": rng.integers(0, 11, 5000).astype(float), "m": rng.binomial(10, 0.6, 5000).astype(float)}
    findings = found(score_input(real, real, above=5.0))
    assert pick(findings, scores.QUANTILE, quantile=0.5).real == np.median(real["m"]) - np.median(real["f"])
    exact = stats.wasserstein_distance(real["m"], real["f"])
    finding = pick(findings, scores.WASSERSTEIN)
    assert finding.real == pytest.approx(exact, abs=finding.detail["rounded_to"] / 2 + 1e-9)


@pytest.mark.parametrize(
    ("shift", "outcome"),
    [(1.0, Outcome.NOT_AMPLIFIED), (2.0, Outcome.AMPLIFIED), (0.2, Outcome.ATTENUATED), (-2.0, Outcome.REVERSED)],
)
def test_outcomes(score_input, pick, shift, outcome):
    findings = found(score_input(people(3, rows=40_000), people(4, shift=shift, rows=40_000)))
    assert pick(findings, scores.MEAN).outcome is outcome
    assert pick(findings, scores.QUANTILE, quantile=0.5).outcome is outcome
    assert pick(findings, scores.SCORING).outcome is outcome
    if outcome is not Outcome.REVERSED:
        assert pick(findings, scores.WASSERSTEIN).outcome is outcome


def test_a_bias_that_real_does_not_have_is_introduced(score_input, pick):
    findings = found(score_input(people(5, shift=0.0, rows=20_000), people(6, shift=1.0, rows=20_000)))
    assert {f.outcome for f in findings} == {Outcome.INTRODUCED}


def test_a_target_of_classes_gives_no_finding(class_input):
    assert found(class_input({"f": (90, 80, 70), "m": (60, 70, 80)}, {"f": (90, 80, 70), "m": (60, 70, 80)})) == []


def test_a_single_extreme_row_moves_nothing(score_input):
    real = people(7, rows=500)
    rich = {"f": real["f"].copy(), "m": np.where(np.arange(500) == np.argmax(real["m"]), 1e9, real["m"])}
    synthetic = people(8, rows=500)
    first, second = ([f.document() for f in found(score_input(one, synthetic))] for one in (real, rich))
    assert first == second


def test_small_groups_have_no_quantile_far_out(score_input, pick):
    real, synthetic = people(9, rows=60), people(10, rows=500)
    assert {f.reason for f in found(score_input(real, synthetic))} == {"group_too_small"}
    findings = found(score_input(real, synthetic, min_group_size=20))
    assert pick(findings, scores.QUANTILE, quantile=0.1).reason == "small_cell"
    assert pick(findings, scores.QUANTILE, quantile=0.5).outcome is not Outcome.NOT_ESTIMABLE


def test_a_group_that_the_tables_pool_is_not_named(score_input):
    rng = np.random.default_rng(11)
    real = {"a": rng.normal(0, 1, 500), "b": rng.normal(0, 1, 500), "c": rng.normal(-9, 1, 500), "d": rng.normal(0, 1, 500)}
    findings = found(score_input(real, real, above=0.0))
    assert not any("c" in f.scope["groups"] or "c" in f.n.get("real", {}) for f in findings)


def test_erased_and_tiny_groups_of_synthetic_are_not_estimable(score_input):
    real = people(12, rows=500)
    assert {f.reason for f in found(score_input(real, {"f": real["f"]}))} == {"group_without_synthetic_rows"}
    tiny = {"f": real["f"], "m": real["m"][:5]}
    assert {f.reason for f in found(score_input(real, tiny))} == {"too_few_synthetic_rows"}


def test_groups_without_variation_are_not_estimable(score_input, pick):
    rng = np.random.default_rng(13)
    constant = {"f": np.repeat([0.0, 1.0], [980, 20]), "m": np.repeat([0.0, 1.0], [960, 40]), "x": rng.normal(0, 1, 0)}
    findings = found(score_input(constant, constant, above=0.5))
    assert pick(findings, scores.MEAN).real == pytest.approx(0.02, abs=0.005)
    assert pick(findings, scores.QUANTILE, quantile=0.5).real == 0.0


def test_missing_numbers_are_left_out(score_input, pick):
    real = people(14, rows=2000)
    holes = {group: np.concatenate([own, np.full(300, np.nan)]) for group, own in real.items()}
    first, second = (pick(found(score_input(one, one)), scores.MEAN) for one in (real, holes))
    assert (first.real, first.n) == (second.real, second.n)


def test_the_seed_fixes_every_number(score_input):
    real, synthetic = people(15, rows=600), people(16, rows=600)
    data = [[f.document() for f in found(score_input(real, synthetic, real, seed=seed))] for seed in (1, 1, 2)]
    assert data[0] == data[1]
    assert data[0] != data[2]


@pytest.mark.slow
def test_intervals_cover_a_known_injected_bias(score_input, pick):
    """Of 150 samples the interval of each measure holds the true change in about 95 of 100."""
    samples = 150
    truth = {"mean": 0.5, 0.1: 0.5, 0.5: 0.5, 0.9: 0.5, "wasserstein": 0.5}
    centre = stats.norm(0, 2)
    below = [stats.norm(shift, 2) for shift in (1.0, 1.5)]

    def rate(other):
        """Return by how much more of the shifted group lies above the median of real, a mixture of both groups."""
        from scipy.optimize import brentq

        median = brentq(lambda x: centre.cdf(x) + below[0].cdf(x) - 1.0, -5, 5)
        return centre.cdf(median) - other.cdf(median)

    truth["scoring"] = rate(below[1]) - rate(below[0])
    covered = dict.fromkeys(truth, 0)
    for seed in range(samples):
        real, synthetic = people(2 * seed, rows=2000), people(2 * seed + 1, shift=1.5, rows=2000)
        findings = found(score_input(real, synthetic, seed=seed, draws=1000))
        chosen = {
            "mean": pick(findings, scores.MEAN),
            "wasserstein": pick(findings, scores.WASSERSTEIN),
            "scoring": pick(findings, scores.SCORING),
            **{q: pick(findings, scores.QUANTILE, quantile=q) for q in (0.1, 0.5, 0.9)},
        }
        for name, finding in chosen.items():
            covered[name] += finding.ci[0] - 1e-9 <= truth[name] <= finding.ci[1] + 1e-9
    assert min(covered.values()) >= 0.91 * samples, covered
    assert max(covered.values()) <= 0.99 * samples, covered
