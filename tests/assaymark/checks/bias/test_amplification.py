"""MALS and the multi-attribute measures against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from assaymark.checks.bias import amplification, panel
from assaymark.results.findings import Outcome

MALS, MULTI = amplification.MALS, amplification.MULTI


def test_mals_of_two_groups_is_not_zero(check_input, pick):
    """The share of men among positives moves from 0.662 to 0.899; a threshold of 1 / (groups - 1) = 1 would see nothing."""
    real = {"M": (500, 662), "W": (500, 338)}
    synthetic = {"M": (500, 899), "W": (500, 101)}
    finding = pick(list(panel.check(check_input(real, synthetic))), MALS)
    # among the others both have exactly a half, so no group is over-represented there; two outcomes share the sum
    assert finding.value == pytest.approx((0.899 - 0.662) / 2)
    assert finding.real == pytest.approx(0.662 / 2)
    assert finding.n == {"cells": 1}
    assert finding.outcome is Outcome.SHOWN
    assert finding.ci[0] < finding.value < finding.ci[1]


def test_mals_of_three_groups_by_hand(check_input, pick):
    real = {"A": (100, 300), "B": (200, 200), "C": (300, 100)}
    synthetic = {"A": (150, 250), "B": (150, 200), "C": (300, 150)}
    finding = pick(list(panel.check(check_input(real, synthetic))), MALS)
    # over 1/3: A among positives (1/2), C among the others (1/2); B has exactly a third of each, which is not over
    assert finding.value == pytest.approx(((250 / 600 - 0.5) + (300 / 600 - 0.5)) / 2)
    assert finding.n == {"cells": 2}


def test_the_pool_is_a_group_of_its_own(check_input, pick):
    real = {"A": (300, 300), "B": (150, 150), "C": (100, 4), "D": (100, 6)}
    finding = pick(list(panel.check(check_input(real, real))), MALS)
    assert finding.real == pytest.approx((300 / 460 + 300 / 650 + 200 / 650 * 0) / 2)
    assert finding.value == 0


def test_multi_attribute_measures_by_hand(check_input, pick):
    real = {"A": (100, 300), "B": (300, 100)}
    synthetic = {"A": (120, 280), "B": (260, 140)}
    found = list(panel.check(check_input(real, synthetic)))
    forward = pick(found, MULTI, direction="A->T").detail
    changes = np.array([0.70 - 0.75, 0.35 - 0.25])
    assert forward["mean_absolute_change"] == pytest.approx(np.abs(changes).mean())
    assert forward["variance"] == pytest.approx(changes.var())
    backward = pick(found, MULTI, direction="T->A").detail
    shares = np.array([[280 / 420 - 0.75, 140 / 420 - 0.25], [120 / 380 - 0.25, 260 / 380 - 0.75]])
    assert backward["mean_absolute_change"] == pytest.approx(np.abs(shares).mean())
    assert backward["variance"] == pytest.approx(shares.var())
    mals = pick(found, MULTI, direction="MALS").detail
    assert mals["mean_absolute_change"] == pytest.approx((abs(280 / 420 - 0.75) + abs(260 / 380 - 0.75)) / 2)


def test_opposite_changes_cancel_in_mals_and_not_in_its_absolute_kin(check_input, pick):
    real = {"A": (200, 300), "B": (300, 200)}
    synthetic = {"A": (150, 350), "B": (250, 250)}
    moved = {"A": (200, 360), "B": (360, 200)}
    assert pick(list(panel.check(check_input(real, moved))), MALS).value > 0.03
    found = list(panel.check(check_input(real, synthetic)))
    absolute = pick(found, MULTI, direction="MALS").detail["mean_absolute_change"]
    assert absolute == pytest.approx((abs(350 / 600 - 0.6) + abs(250 / 400 - 0.6)) / 2)
    assert absolute > 2 * abs(pick(found, MALS).value)


def test_what_chance_gives_is_taken_off(check_input):
    """Without any change the mean absolute change is well above 0, what is left of it is about 0, and p is uniform."""
    rng = np.random.default_rng(5)
    rates = np.full(8, 0.4)
    left, raw, small = [], [], 0
    for seed in range(60):
        tables = [{f"g{i}": (250 - x, x) for i, x in enumerate(map(int, rng.binomial(250, rates)))} for _ in range(2)]
        found = list(panel.check(check_input(*tables, seed=seed, draws=1000)))
        finding = next(f for f in found if f.id == MULTI and f.scope["direction"] == "A->T")
        left.append(finding.value)
        raw.append(finding.detail["mean_absolute_change"])
        small += finding.detail["p_by_chance"] < 0.1
    assert np.mean(raw) > 0.025
    assert abs(np.mean(left)) < 0.005
    assert small <= 14  # binomial(60, 0.1) is 15 or more once in 1,000


def test_a_large_change_is_told_from_chance(check_input, pick):
    real = {"A": (500, 500), "B": (700, 300)}
    finding = pick(list(panel.check(check_input(real, {"A": (300, 700), "B": (900, 100)}))), MULTI, direction="A->T")
    assert finding.detail["p_by_chance"] == pytest.approx(1 / 10_001)
    assert finding.ci[0] > finding.null
    assert finding.value == pytest.approx(0.2 - finding.detail["expected_by_chance"])


def test_measures_without_a_base_are_not_estimable(check_input, pick):
    even = {"A": (500, 500), "B": (500, 500)}
    found = list(panel.check(check_input(even, even)))
    assert pick(found, MALS).reason == "no_over_represented_group"
    assert pick(found, MULTI, direction="A->T").outcome is Outcome.SHOWN
    found = list(panel.check(check_input({"A": (400, 600), "B": (500, 500)}, {"A": (500, 0), "B": (500, 0)})))
    assert pick(found, MALS).reason == "one_synthetic_outcome"
    found = list(panel.check(check_input({"A": (400, 600), "B": (500, 500)}, {"A": (500, 30)})))
    assert pick(found, MULTI, direction="A->T").reason == "group_without_synthetic_rows"
    assert pick(found, MALS).outcome is Outcome.SHOWN
