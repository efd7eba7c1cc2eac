"""What a shifted overall rate does to a difference, apart from the rest."""

from __future__ import annotations

import math

import numpy as np
import pytest

from assaymark.checks.bias import panel, rates
from assaymark.checks.bias.base_rate import rates_at

REAL = {"A": (600, 400), "B": (1600, 400)}


def parts(check_input, pick, synthetic):
    finding = pick(list(panel.check(check_input(REAL, synthetic))), rates.DIFFERENCE)
    return finding, finding.detail["base_rate"]


@pytest.mark.parametrize(
    "synthetic", [{"A": (500, 500), "B": (1000, 1000)}, {"A": (200, 800), "B": (900, 100)}, {"A": (900, 100), "B": (100, 900)}]
)
def test_the_parts_sum_to_the_change(check_input, pick, synthetic):
    finding, found = parts(check_input, pick, synthetic)
    assert found["due_to_base_rate"] + found["due_to_association"] == pytest.approx(finding.value, abs=1e-15)
    assert found["synthetic_at_rate_of_real"] - finding.real == pytest.approx(found["due_to_association"], abs=1e-15)
    assert found["due_to_association_ci"][0] <= found["due_to_association"] <= found["due_to_association_ci"][1]


def test_more_positives_of_the_same_pattern_are_all_base_rate(check_input, pick):
    """Every positive row twice: the gap grows, all odds ratios stay."""
    finding, found = parts(check_input, pick, {"A": (600, 800), "B": (1600, 800)})
    assert finding.value > 0.03
    assert found["due_to_base_rate"] == pytest.approx(finding.value, abs=1e-12)
    assert found["due_to_association"] == pytest.approx(0, abs=1e-12)
    low, high = found["due_to_association_ci"]
    assert low < 0 < high


def test_the_same_overall_rate_leaves_nothing_to_it(check_input, pick):
    finding, found = parts(check_input, pick, {"A": (500, 500), "B": (1700, 300)})
    assert found["due_to_base_rate"] == pytest.approx(0, abs=1e-12)
    assert found["due_to_association"] == pytest.approx(finding.value, abs=1e-12)


def test_weights_keep_odds_ratios_and_reach_the_rate():
    cells = np.array([[50, 70], [90, 10], [30, 44]])
    moved = rates_at(cells, np.array([0.2]))
    own = cells[:, 1] / cells.sum(axis=1)
    shift = np.log(moved / (1 - moved)) - np.log(own / (1 - own))
    assert shift == pytest.approx([shift[0]] * 3)
    # the weighted rows have the wanted overall rate
    weights = np.array([0.8 / (170 / 294), 0.2 / (124 / 294)])
    assert (cells * weights)[:, 1].sum() / (cells * weights).sum() == pytest.approx(0.2)
    assert moved == pytest.approx((cells * weights)[:, 1] / (cells * weights).sum(axis=1))
    assert math.isclose(float(rates_at(cells, np.array([124 / 294]))[0]), float(own[0]))


def test_one_synthetic_outcome_has_no_parts(check_input, pick):
    _, found = parts(check_input, pick, {"A": (600, 0), "B": (1600, 0)})
    assert found["due_to_association"] is None
    assert found["synthetic"] == 0
