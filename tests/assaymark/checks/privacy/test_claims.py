"""What a claim of differential privacy allows, against mechanisms whose privacy is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from assaymark.checks.privacy.claims import finding, largest_rate
from assaymark.host.specs import PrivacyClaim
from assaymark.results.findings import Outcome
from assaymark.statistics.operating_point import OperatingPoint

CLAIM = PrivacyClaim("Laplace", epsilon=float(np.log(2)), parameters={"scale": 1.5})


def test_the_bound_by_hand():
    assert largest_rate(0.0, 0.0, 0.01) == pytest.approx(0.01)
    assert largest_rate(0.0, 1e-3, 0.01) == pytest.approx(0.011)
    assert largest_rate(np.log(2), 0.0, 0.01) == pytest.approx(0.02)
    assert largest_rate(np.log(50), 0.0, 0.01) == pytest.approx(0.5)
    assert largest_rate(5.0, 0.0, 0.01) == pytest.approx(1 - 0.99 * np.exp(-5))
    assert largest_rate(1e6, 0.0, 0.01) == pytest.approx(1.0)


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 3.0])
def test_randomised_response_reaches_it(epsilon):
    lie = 1 / (1 + np.exp(epsilon))
    assert largest_rate(epsilon, 0.0, lie) == pytest.approx(1 - lie)


@pytest.mark.parametrize("epsilon", [0.5, 2.0])
def test_the_gaussian_mechanism_stays_below_it_and_touches_it(epsilon):
    # sensitivity 1, noise 1: the delta of Balle & Wang (2018), theorem 8
    delta = norm.cdf(0.5 - epsilon) - np.exp(epsilon) * norm.cdf(-0.5 - epsilon)
    false = np.linspace(0.0005, 0.9995, 2000)
    true = 1 - norm.cdf(norm.ppf(1 - false) - 1)
    room = np.array([largest_rate(epsilon, delta, rate) for rate in false]) - true
    assert room.min() >= -1e-12
    assert room.min() == pytest.approx(0.0, abs=1e-4)


@pytest.mark.parametrize(
    ("point", "outcome"),
    [
        (OperatingPoint(0.05, 0.03, 0.07), Outcome.EXCEEDED),
        (OperatingPoint(0.03, 0.015, 0.05), Outcome.SHOWN),
        (OperatingPoint(0.01, 0.005, 0.015), Outcome.SHOWN),
    ],
)
def test_only_an_attack_that_is_surely_better_contradicts(point, outcome):
    found = finding(CLAIM, {"a": OperatingPoint(0.01, 0.0, 0.02), "b": point}, 0.01)
    assert found.outcome is outcome
    assert (found.real, found.value, found.detail["attack"]) == (pytest.approx(0.02), round(point.rate - 0.02, 3), "b")
    assert found.detail["parameters"] == {"scale": 1.5}


def test_a_mechanism_without_a_budget_is_shown():
    found = finding(PrivacyClaim("DP-SGD"), {"a": OperatingPoint(1.0, 0.9, 1.0)}, 0.01)
    assert (found.outcome, found.real, found.value) == (Outcome.SHOWN, None, None)
