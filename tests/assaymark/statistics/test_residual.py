"""Success rates and residual risk against Anonymeter's own figures, and how often the interval holds the truth."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest

from assaymark.statistics.residual import residual_risk, score_rate

RECORDED = json.loads((Path(__file__).parents[2] / "fixtures" / "privacy" / "anonymeter.json").read_text())


@pytest.mark.parametrize("recorded", RECORDED["formula"], ids=lambda recorded: str(recorded["case"]))
def test_rates_and_risk_are_anonymeters(recorded):
    tries, real, control = recorded["case"]
    rates = [score_rate(successes, tries, 0.95) for successes in (real, control)]
    assert [[rate.value, rate.error] for rate in rates] == [pytest.approx(pair, abs=1e-12) for pair in recorded["rates"]]
    value, ends = residual_risk(*rates)
    cut = [min(max(one, 0.0), 1.0) for one in (value, *ends)]
    assert cut == pytest.approx([recorded["value"], *recorded["ci"]], abs=1e-12)


@pytest.mark.parametrize(("successes", "tries"), [(0, 10), (3, 50), (50, 50), (499, 5000)])
def test_the_rate_is_wilsons(successes, tries):
    rate = score_rate(successes, tries, 0.95)
    expected = binomtest(successes, tries).proportion_ci(method="wilson")
    assert rate.value - rate.error == pytest.approx(expected.low, abs=1e-12)
    assert rate.value + rate.error == pytest.approx(expected.high, abs=1e-12)


def test_a_risk_keeps_its_sign_and_its_bounds():
    value, ends = residual_risk(score_rate(10, 500, 0.95), score_rate(100, 500, 0.95))
    assert ends[0] < value < ends[1] < 0
    value, ends = residual_risk(score_rate(0, 100, 0.95), score_rate(100, 100, 0.95))
    assert -1.0 <= ends[0] <= value <= ends[1] <= 1.0


@pytest.mark.parametrize(
    ("real", "control", "tries"),
    [(0.05, 0.05, (500, 500)), (0.3, 0.2, (500, 200)), (0.8, 0.75, (2000, 1000)), (0.5, 0.01, (300, 300))],
)
def test_the_interval_holds_the_truth_about_as_often_as_it_says(real, control, tries):
    rng = np.random.default_rng(1)
    truth, runs = (real - control) / (1 - control), 2000
    inside = 0
    for won, lost in zip(rng.binomial(tries[0], real, runs), rng.binomial(tries[1], control, runs), strict=True):
        _, (low, high) = residual_risk(score_rate(won, tries[0], 0.95), score_rate(lost, tries[1], 0.95))
        inside += low <= truth <= high
    assert 0.93 <= inside / runs <= 0.985
