"""Ways in which audits of bias mislead: in each, a naive audit errs and this one does not."""

from __future__ import annotations

import numpy as np
import pytest
from fairlearn.metrics import MetricFrame, demographic_parity_difference, selection_rate

from assaymark.checks.bias import amplification, association, panel, rates, strata, unknown
from assaymark.checks.bias.amplification import mals, over_represented
from assaymark.results.findings import Outcome


def expand(counts):
    groups = [str(g) for g, (rest, positive) in counts.items() for _ in range(rest + positive)]
    outcome = [y for rest, positive in counts.values() for y in [0] * rest + [1] * positive]
    return np.array(groups), np.array(outcome)


def fairlearn_difference(counts):
    groups, outcome = expand(counts)
    return demographic_parity_difference(outcome, outcome, sensitive_features=groups)


def test_pitfall_1_small_groups_make_a_spread_of_nothing(check_input, pick):
    """Ten groups with one true rate, a tail of them small: mostly a failed four-fifths rule."""
    sizes = [4000, 2500, 1500, 900, 400, 160, 130, 120, 110, 105]
    naive, believed, corrected = 0, 0, []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        real, synthetic = (
            {f"g{i}": (n - x, x) for i, (n, x) in enumerate(zip(sizes, map(int, rng.binomial(sizes, 0.3)), strict=True))}
            for _ in range(2)
        )
        groups, outcome = expand(real)
        frame = MetricFrame(metrics=selection_rate, y_true=outcome, y_pred=outcome, sensitive_features=groups)
        naive += frame.ratio() < 0.8
        finding = pick(list(panel.check(check_input(real, synthetic, seed=seed, draws=1000))), rates.SPREAD)
        assert finding.real == pytest.approx(frame.difference(), abs=1e-12)
        assert finding.outcome in {Outcome.NOT_AMPLIFIED, Outcome.INCONCLUSIVE}
        believed += finding.detail["p_real"] < 0.05
        corrected.append(finding.detail["corrected_real"])
    assert naive >= 28
    assert believed <= 6  # binomial(40, 0.05) is 7 or more once in 300
    assert abs(np.mean(corrected)) < 0.02


def test_pitfall_2_unsigned_measures_hide_a_reversal(check_input, pick):
    """The bias is turned round and halved: every unsigned measure reports that it decreased."""
    real = {"F": (1600, 400), "M": (1000, 1000)}
    flipped = {"F": (1150, 850), "M": (1450, 550)}
    assert fairlearn_difference(flipped) < 0.6 * fairlearn_difference(real)
    found = list(panel.check(check_input(real, flipped)))
    for identifier in (association.CRAMERS_V, association.INFORMATION, association.EPSILON):
        assert pick(found, identifier).ci[1] < 0
    assert pick(found, association.EPSILON).outcome is Outcome.ATTENUATED
    for identifier in (rates.DIFFERENCE, rates.RATIO, rates.ODDS):
        assert pick(found, identifier).outcome is Outcome.REVERSED


def test_pitfall_2_mals_falls_while_the_bias_grows(check_input, pick):
    """More women are drawn, and fewer of them are positive: MALS alone says that bias was reduced."""
    real = {"F": (9592, 1179), "M": (15128, 6662)}
    synthetic = {"F": (14300, 1200), "M": (9500, 4900)}
    pairs = over_represented(np.array(list(real.values())))
    assert mals(np.array(list(synthetic.values())), pairs) - mals(np.array(list(real.values())), pairs) < -0.05
    found = list(panel.check(check_input(real, synthetic)))
    shown = pick(found, amplification.MALS)
    assert shown.ci[1] < 0
    assert shown.outcome is Outcome.SHOWN  # so that no policy can take it for a pass
    for identifier in (rates.DIFFERENCE, rates.RATIO, rates.ODDS):
        assert pick(found, identifier).outcome is Outcome.AMPLIFIED


def test_pitfall_3_a_shifted_base_rate_read_as_amplification(check_input, pick):
    """Positives are drawn twice as often in both groups: the gap grows by a third, the odds ratio stays."""
    real = {"F": (9000, 1000), "M": (8000, 2500)}
    synthetic = {"F": (9000, 2000), "M": (8000, 5000)}
    assert fairlearn_difference(synthetic) > 1.3 * fairlearn_difference(real)
    found = list(panel.check(check_input(real, synthetic)))
    difference = pick(found, rates.DIFFERENCE)
    assert difference.outcome is Outcome.AMPLIFIED
    base_rate = difference.detail["base_rate"]
    assert base_rate["due_to_base_rate"] == pytest.approx(difference.value, abs=1e-9)
    assert base_rate["due_to_association_ci"][0] < 0 < base_rate["due_to_association_ci"][1]
    odds = pick(found, rates.ODDS)
    assert odds.value == pytest.approx(0, abs=1e-12)
    assert odds.outcome is Outcome.NOT_AMPLIFIED


def test_pitfall_3_a_shifted_base_rate_that_masks_amplification(check_input, pick):
    """Positives become rare, so the gap of rates stays while the odds ratio doubles."""
    real = {"F": (7000, 3000), "M": (6000, 4000)}
    synthetic = {"F": (9620, 380), "M": (8620, 1380)}
    assert abs(fairlearn_difference(synthetic) - fairlearn_difference(real)) < 1e-9
    found = list(panel.check(check_input(real, synthetic)))
    assert pick(found, rates.DIFFERENCE).outcome is Outcome.NOT_AMPLIFIED
    assert pick(found, rates.DIFFERENCE).detail["base_rate"]["due_to_association_ci"][0] > 0.02
    assert pick(found, rates.ODDS).outcome is Outcome.AMPLIFIED


def audited(check_input, real, synthetic):
    def summed(counts):
        return {g: tuple(sum(c[y] for (h, _), c in counts.items() if h == g) for y in (0, 1)) for g in ("F", "M")}

    return list(panel.check(check_input(summed(real), summed(synthetic), strata={"dept": (real, synthetic)}))), summed


def test_pitfall_4_aggregation_hides_what_happens_within_strata(check_input, pick):
    """Simpson: the same gap overall, but where real had none within departments, synthetic rows have one in each."""
    real = {("F", "x"): (400, 400), ("F", "y"): (1080, 120), ("M", "x"): (800, 800), ("M", "y"): (360, 40)}
    synthetic = {("F", "x"): (600, 300), ("F", "y"): (880, 220), ("M", "x"): (640, 560), ("M", "y"): (520, 280)}
    found, summed = audited(check_input, real, synthetic)
    assert fairlearn_difference(summed(synthetic)) == pytest.approx(fairlearn_difference(summed(real)), abs=1e-12)
    assert pick(found, rates.DIFFERENCE).outcome is Outcome.NOT_AMPLIFIED
    finding = pick(found, strata.DISPARITY, group="F", stratum="dept")
    assert finding.real == pytest.approx(0, abs=1e-12)
    assert finding.outcome is Outcome.INTRODUCED


def test_pitfall_4_strata_that_discrimination_shapes_launder_bias(check_input, pick):
    """Within the department there is nothing to see, because the department is where women were sent."""
    real = {("F", "x"): (40, 40), ("F", "y"): (1700, 170), ("M", "x"): (850, 850), ("M", "y"): (200, 20)}
    found, _ = audited(check_input, real, real)
    finding = pick(found, strata.DISPARITY, group="F", stratum="dept")
    assert finding.real == pytest.approx(0, abs=1e-12)
    assert finding.detail["unconditional_real"] > 0.3
    assert "launders" in finding.detail["caution"]


def test_pitfall_8_rows_of_unknown_group_are_dropped(check_input, pick):
    """Fairlearn's users drop rows without a group; here most of them are rejected women, and the gap looks small."""
    unknown_rows = (900, 20)
    real = {"F": (700, 300), "M": (1300, 700), "(missing)": unknown_rows}
    known = {group: cells for group, cells in real.items() if group != "(missing)"}
    truth = {"F": (1600, 320), "M": (1300, 700)}
    assert fairlearn_difference(known) == pytest.approx(0.05)
    assert fairlearn_difference(truth) > 0.18
    found = list(panel.check(check_input(real, real)))
    bounds = pick(found, unknown.BOUNDS)
    low, high = bounds.detail["bounds_real"]
    assert low <= fairlearn_difference(truth) <= high
    assert bounds.detail["unknown_share_real"] > 0.2
    assert pick(found, rates.DIFFERENCE).scope["groups"] == ["M", "(missing)"]
