"""Bias measures against known answers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from assaymark.checks.bias import panel, rates
from assaymark.results.findings import Outcome

DPD = "bias.demographic_parity_difference"
REAL = {"Female": (9592, 1179), "Male": (15128, 6662)}  # Adult, training part


def test_numbers_of_a_known_table(check_input, pick):
    findings = list(panel.check(check_input(REAL, {"Female": (800, 200), "Male": (500, 500)})))
    p_male, p_female = 6662 / 21790, 1179 / 10771
    difference = pick(findings, DPD)
    assert difference.scope["groups"] == ["Male", "Female"]
    assert difference.real == pytest.approx(p_male - p_female, abs=1e-15)
    assert difference.synthetic == pytest.approx(0.3, abs=1e-15)
    assert difference.value == pytest.approx(0.3 - (p_male - p_female), abs=1e-15)
    ratio = pick(findings, "bias.impact_ratio")
    assert ratio.real == pytest.approx(p_female / p_male)
    assert ratio.synthetic == pytest.approx(0.4)
    assert ratio.value == pytest.approx(math.log(0.4 / (p_female / p_male)))
    odds = pick(findings, "bias.log_odds_ratio")
    assert odds.real == pytest.approx(math.log(6662 * 9592 / (15128 * 1179)))
    forward = pick(findings, rates.CELL, group="Male", direction="A->T")
    overall = (6662 + 1179) / 32561
    assert forward.real == pytest.approx(p_male)
    assert forward.value == pytest.approx(0.5 - p_male)
    assert p_male > overall
    backward = pick(findings, rates.CELL, group="Male", direction="T->A")
    assert backward.value == pytest.approx(500 / 700 - 6662 / 7841)
    mean = pick(findings, rates.MEAN, direction="A->T")
    assert mean.value == pytest.approx(((0.5 - p_male) - (0.2 - p_female)) / 2)


def test_interval_agrees_with_the_normal_approximation(check_input, pick):
    finding = pick(list(panel.check(check_input(REAL, REAL))), DPD)
    variance = sum(2 * p * (1 - p) / n for p, n in ((6662 / 21790, 21790), (1179 / 10771, 10771)))
    half = 1.959964 * math.sqrt(variance)
    assert finding.value == 0
    assert finding.ci == pytest.approx((-half, half), rel=0.05)
    assert finding.null == pytest.approx(half, rel=0.05)
    assert finding.outcome is Outcome.NOT_AMPLIFIED


@pytest.mark.parametrize(
    ("synthetic", "outcome"),
    [
        ({"Female": (9592, 1179), "Male": (12128, 9662)}, Outcome.AMPLIFIED),
        ({"Female": (7592, 3179), "Male": (15128, 6662)}, Outcome.ATTENUATED),
        ({"Female": (5000, 5771), "Male": (19000, 2790)}, Outcome.REVERSED),
        ({"Female": (9592, 1179), "Male": (15128, 6662)}, Outcome.NOT_AMPLIFIED),
        ({"Female": (96, 12), "Male": (140, 78)}, Outcome.INCONCLUSIVE),
    ],
)
def test_outcomes(check_input, pick, synthetic, outcome):
    assert pick(list(panel.check(check_input(REAL, synthetic))), DPD).outcome is outcome


def test_a_bias_that_real_does_not_have_is_introduced(check_input, pick):
    real = {"Female": (5000, 5000), "Male": (4990, 5010)}
    for synthetic in ({"Female": (5000, 5000), "Male": (4000, 6000)}, {"Female": (5000, 5000), "Male": (6000, 4000)}):
        assert pick(list(panel.check(check_input(real, synthetic))), DPD).outcome is Outcome.INTRODUCED


def test_a_bias_injector_is_measured_within_its_interval(check_input, pick):
    """The interval of a known injected effect covers it in at least 93% of 200 seeds (nominal 95%)."""
    shares, injected, n = {"Female": 0.3, "Male": 0.45}, 0.08, 3000
    covered = {"difference": 0, "odds": 0}
    for seed in range(200):
        rng = np.random.default_rng(seed)
        drawn = {g: int(rng.binomial(n, p)) for g, p in shares.items()}
        biased = {g: int(rng.binomial(n, p + (injected if g == "Male" else 0.0))) for g, p in shares.items()}
        data = check_input(
            {g: (n - x, x) for g, x in drawn.items()}, {g: (n - x, x) for g, x in biased.items()}, seed=seed, draws=2000
        )
        findings = list(panel.check(data))
        low, high = pick(findings, DPD).ci
        covered["difference"] += low <= injected <= high
        truth = math.log(0.53 / 0.47) - math.log(0.45 / 0.55)
        low, high = pick(findings, "bias.log_odds_ratio").ci
        covered["odds"] += low <= truth <= high
    assert min(covered.values()) >= 186, covered


def test_an_unbiased_generator_is_rarely_called_amplified(check_input, pick):
    shares, n = {"Female": 0.3, "Male": 0.45}, 3000
    amplified = 0
    for seed in range(200):
        rng = np.random.default_rng(1000 + seed)
        tables = [{g: (n - x, x) for g, x in ((g, int(rng.binomial(n, p))) for g, p in shares.items())} for _ in range(2)]
        finding = pick(list(panel.check(check_input(*tables, seed=seed, draws=2000))), DPD)
        amplified += finding.outcome in {Outcome.AMPLIFIED, Outcome.INTRODUCED, Outcome.REVERSED}
    assert amplified <= 2  # margin and interval together are far stricter than 5%


def test_a_sign_flipper_is_reversed(check_input, pick):
    flipped = {"Female": REAL["Male"], "Male": REAL["Female"]}
    findings = list(panel.check(check_input(REAL, flipped)))
    for identifier in (DPD, "bias.impact_ratio", "bias.log_odds_ratio"):
        assert pick(findings, identifier).outcome is Outcome.REVERSED


def test_groups_with_equal_rates_in_real_make_a_pair(check_input, pick):
    finding = pick(list(panel.check(check_input({"A": (500, 500), "B": (500, 500)}, {"A": (500, 500), "B": (500, 500)}))), DPD)
    assert finding.scope["groups"] == ["A", "B"]
    assert finding.real == 0


def test_zero_positives_in_synthetic_get_a_closed_form(check_input, pick):
    findings = list(panel.check(check_input(REAL, {"Female": (1000, 0), "Male": (1500, 600)})))
    difference = pick(findings, DPD)
    assert difference.detail["interval"] == "closed form"
    assert difference.synthetic == pytest.approx(600 / 2100)
    assert difference.ci[0] < difference.value < difference.ci[1]
    ratio = pick(findings, "bias.impact_ratio")
    assert ratio.synthetic == 0
    assert ratio.outcome is Outcome.AMPLIFIED
    assert ratio.ci[0] is not None


def test_an_erased_group_is_never_silent(check_input, pick):
    findings = list(panel.check(check_input(REAL, {"Male": (1500, 600)})))
    difference = pick(findings, DPD)
    assert (difference.outcome, difference.reason) == (Outcome.NOT_ESTIMABLE, "group_without_synthetic_rows")


def test_a_small_group_is_not_estimable_in_real_but_may_be_small_in_synthetic(check_input, pick):
    real = {"A": (400, 400), "B": (300, 500), "C": (30, 30)}
    findings = list(panel.check(check_input(real, {"A": (400, 400), "B": (5, 4), "C": (400, 10)})))
    assert pick(findings, DPD).scope["groups"] == ["B", "A"]
    assert pick(findings, DPD).detail["interval"] == "closed form"
    small = pick(findings, rates.CELL, group="C", direction="A->T")
    assert (small.outcome, small.reason, small.real) == (Outcome.NOT_ESTIMABLE, "group_too_small", None)


def test_one_group_alone_has_no_difference(check_input, pick):
    finding = pick(list(panel.check(check_input({"A": (400, 400)}, {"A": (400, 400)}))), DPD)
    assert (finding.outcome, finding.reason) == (Outcome.NOT_ESTIMABLE, "single_group")


def test_the_seed_fixes_every_number(check_input):
    data = [list(panel.check(check_input(REAL, {"Female": (96, 12), "Male": (151, 67)}, seed=seed))) for seed in (1, 1, 2)]
    documents = [[finding.document() for finding in findings] for findings in data]
    assert documents[0] == documents[1]
    assert documents[0] != documents[2]


def test_intersections_are_measured(check_input, pick):
    real = {("F", "B"): (300, 40), ("F", "W"): (500, 200), ("M", "B"): (300, 100), ("M", "W"): (500, 400)}
    findings = list(panel.check(check_input(real, real, real, attributes=("sex", "race"))))
    finding = pick(findings, DPD, protected=["sex", "race"])
    assert finding.scope["groups"] == ["M & W", "F & B"]
    assert finding.real == pytest.approx(400 / 900 - 40 / 340)
    assert [f.scope["protected"] for f in findings if f.id == DPD] == [["sex"], ["race"], ["sex", "race"]]
