"""Proxy leakage and detection by group, and the areas that both rest on."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2_contingency
from scipy.stats.contingency import association
from sklearn.metrics import roc_auc_score

from assaymark.checks.groups import detection, leakage
from assaymark.checks.groups.areas import influences, macro_area
from assaymark.checks.groups.association import cramers_v
from assaymark.results.findings import Outcome
from assaymark.statistics.roc import delong


def test_areas_are_those_of_scikit_learn_and_delong():
    rng = np.random.default_rng(0)
    classes = rng.choice(3, 500, p=[0.6, 0.3, 0.1])
    scores = rng.random((500, 3)) + 0.5 * np.eye(3)[classes]
    scores /= scores.sum(axis=1, keepdims=True)
    area, _ = macro_area(classes, scores, [0, 1, 2])
    assert area == pytest.approx(roc_auc_score(classes, scores, multi_class="ovr"), abs=1e-12)
    binary, other = classes == 1, np.round(rng.random(500), 1)
    both = [influences(binary, column) for column in (scores[:, 1], other)]
    reference = delong(binary, np.stack([scores[:, 1], other]))
    assert [a for a, _ in both] == pytest.approx(reference.auc, abs=1e-12)
    difference = both[0][1] - both[1][1]
    c = reference.covariance
    assert (difference**2).sum() == pytest.approx(c[0, 0] + c[1, 1] - 2 * c[0, 1], rel=0.01)


def test_the_interval_of_an_area_covers():
    rng = np.random.default_rng(1)
    truth = 0.6915  # of two normals half a pooled deviation apart: Phi(1 / sqrt(2) * 0.7071)
    covered = 0
    for _ in range(1000):
        outcome = np.repeat([True, False], [60, 140])
        area, added = influences(outcome, rng.normal(size=200) + 0.70711 * outcome)
        half = 1.959964 * np.sqrt((added**2).sum())
        covered += area - half <= truth <= area + half
    assert 930 <= covered <= 970, covered


def test_a_generator_that_makes_the_attribute_easier_to_tell_leaks(make_staff, group_input, pick):
    """In real 7 of 20 women are nurses and one in 20 men; in synthetic rows nurses are women and nobody else is."""
    real, holdout = make_staff(4000, 1), make_staff(3000, 3)
    leaky = make_staff(4000, 2, nurses=(0.95, 0.01))
    honest = pick(list(leakage.check(group_input(real, make_staff(4000, 4), holdout))), leakage.LEAKAGE)
    assert honest.outcome is Outcome.WITHIN
    assert honest.ci[0] <= 0 <= honest.ci[1]
    # who learns from leaky rows trusts "nurse" too much; on leaky people, as a holdout, that is right
    found = pick(list(leakage.check(group_input(real, leaky, make_staff(3000, 5, nurses=(0.95, 0.01))))), leakage.LEAKAGE)
    assert found.synthetic > 0.9
    assert honest.detail["predictors"] == 5


def test_a_copy_leaks_as_real_does_and_without_a_holdout_half_of_real_is_tested(make_staff, group_input, pick):
    real = make_staff(3000, 1)
    found = pick(list(leakage.check(group_input(real, make_staff(3000, 2)))), leakage.LEAKAGE)
    assert found.detail["tested_on"].startswith("real rows")
    assert found.detail["rows_used"] == {"learned_from": 1500, "tested": 1500}
    assert found.outcome in {Outcome.WITHIN, Outcome.INCONCLUSIVE}
    assert found.real > 0.6


def test_a_hidden_attribute_is_not_told(make_staff, group_input, pick):
    """Synthetic rows whose sex is drawn at random teach nothing: the area is a half."""
    shuffled = make_staff(4000, 2, nurses=(0.2, 0.2), single=(0.4, 0.4), no_job=(0.05, 0.05))
    found = pick(list(leakage.check(group_input(make_staff(4000, 1), shuffled, make_staff(3000, 3)))), leakage.LEAKAGE)
    assert found.value < -0.03
    assert found.outcome is Outcome.WITHIN


def test_the_strongest_proxy_is_named(make_staff, group_input, pick):
    data = group_input(make_staff(4000, 1), make_staff(4000, 2, single=(0.9, 0.1)), make_staff(3000, 3))
    strongest = pick(list(leakage.check(data)), leakage.LEAKAGE).detail["strongest"]
    assert [one["column"] for one in strongest[:2]] == ["civil", "job"]
    assert strongest[0]["synthetic"] > 0.7
    assert strongest[0]["real"] < 0.1


def test_cramers_v_is_scipys_with_its_bias_taken_off():
    rng = np.random.default_rng(0)
    counts = rng.integers(1, 40, (3, 5))
    n, (rows, columns) = counts.sum(), counts.shape
    phi = max(0, chi2_contingency(counts, correction=False).statistic / n - (rows - 1) * (columns - 1) / (n - 1))
    least = min(size - (size - 1) ** 2 / (n - 1) for size in counts.shape)
    assert cramers_v(counts) == pytest.approx(np.sqrt(phi / (least - 1)), abs=1e-12)
    large = counts * 10**6
    assert cramers_v(large) == pytest.approx(association(large, method="cramer"), abs=1e-6)
    assert cramers_v(np.pad(counts, ((0, 2), (1, 0)))) == cramers_v(counts)
    assert cramers_v(np.array([[5, 7, 9]])) == 0


def test_detection_finds_the_group_that_is_made_up_wrongly(make_staff, group_input, pick):
    data = group_input(make_staff(4000, 1), make_staff(4000, 2, odd=0.6), make_staff(4000, 3))
    findings = list(detection.check(data))
    women, men = (pick(findings, detection.DETECTION, group=group) for group in ("f", "m"))
    assert women.outcome is Outcome.EXCEEDED
    assert women.synthetic > 0.7
    assert men.outcome is not Outcome.EXCEEDED
    assert abs(women.real - 0.5) < 0.05


def test_copies_and_fresh_rows_are_not_told_apart(make_staff, group_input, pick):
    real, holdout = make_staff(8000, 1, women=0.5), make_staff(8000, 3, women=0.5)
    for synthetic in (real, make_staff(8000, 2, women=0.5)):
        findings = list(detection.check(group_input(real, synthetic, holdout)))
        assert {f.outcome for f in findings} == {Outcome.WITHIN}


def test_too_few_rows_for_a_classifier(make_staff, group_input, pick):
    data = group_input(make_staff(3000, 1, women=0.1), make_staff(3000, 2))
    assert pick(list(detection.check(data)), detection.DETECTION, group="f").reason == "group_too_small"
    data = group_input(make_staff(3000, 1), make_staff(3000, 2, women=0.1))
    assert pick(list(detection.check(data)), detection.DETECTION, group="f").reason == "too_few_synthetic_rows"
    assert pick(list(detection.check(data)), detection.DETECTION, group="m").detail["real_is"].startswith("chance")


def test_adult_gives_sex_away_as_published(adult, group_input, pick):
    """The attacker's area for sex on Adult's test part is about 0.933, and 0.81 without relationship and marital status."""
    found = pick(
        list(leakage.check(group_input(adult.real, adult.synthetic, adult.holdout))), leakage.LEAKAGE, protected=["sex"]
    )
    assert found.real == pytest.approx(0.933, abs=0.004)
    names = [name for name in adult.real.names if name not in {"relationship", "marital_status"}]
    rest = [table.select(names) for table in (adult.real, adult.synthetic, adult.holdout)]
    found = pick(list(leakage.check(group_input(*rest))), leakage.LEAKAGE, protected=["sex"])
    assert found.real == pytest.approx(0.811, abs=0.02)
