"""Each group against a reference and against everybody, held against Fairlearn and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from fairlearn.metrics import MetricFrame, selection_rate

from assaymark.checks.bias import comparisons, panel
from assaymark.checks.reference import compare
from assaymark.errors import OptionError, ReferenceMismatchError
from assaymark.results.findings import Outcome

REAL = {"A": (600, 400), "B": (1400, 600), "C": (270, 30)}
SYNTHETIC = {"A": (500, 500), "B": (1500, 500), "C": (450, 50)}


def expand(counts):
    groups = [g for g, (rest, positive) in counts.items() for _ in range(rest + positive)]
    outcome = [y for rest, positive in counts.values() for y in [0] * rest + [1] * positive]
    return np.array(groups), np.array(outcome)


def test_numbers_are_fairlearns(check_input, pick):
    found = list(panel.check(check_input(REAL, SYNTHETIC)))
    for name, counts in (("real", REAL), ("synthetic", SYNTHETIC)):
        groups, outcome = expand(counts)
        frame = MetricFrame(metrics=selection_rate, y_true=outcome, y_pred=outcome, sensitive_features=groups)
        to_overall = []
        for group in "ABC":
            rate = frame.by_group[group]
            finding = pick(found, comparisons.DIFFERENCE, group=group, against="overall")
            to_overall.append(abs(getattr(finding, name)))
            assert getattr(finding, name) == pytest.approx(rate - frame.overall, abs=1e-15)
            assert getattr(pick(found, comparisons.RATIO, group=group, against="overall"), name) == pytest.approx(
                rate / frame.overall
            )
            if group != "B":
                assert getattr(pick(found, comparisons.DIFFERENCE, group=group, against="B"), name) == pytest.approx(
                    rate - frame.by_group["B"], abs=1e-15
                )
        assert max(to_overall) == pytest.approx(frame.difference(method="to_overall"), abs=1e-15)


def test_odds_ratios_are_closed_forms(check_input, pick):
    found = list(panel.check(check_input(REAL, SYNTHETIC)))
    finding = pick(found, comparisons.ODDS, group="A", against="B")
    assert finding.real == pytest.approx(math.log(400 * 1400 / (600 * 600)))
    assert finding.synthetic == pytest.approx(math.log(500 * 1500 / (500 * 500)))
    overall = pick(found, comparisons.ODDS, group="C", against="overall")
    assert overall.real == pytest.approx(math.log(30 / 270) - math.log(1030 / 2270))


def test_the_interval_against_everybody_counts_the_group_twice_as_it_must(check_input, pick):
    """p(a) - p = (1 - w)(p(a) - p(rest)): with the share w fixed its variance is known, and the draws must agree with it."""
    finding = pick(list(panel.check(check_input(REAL, REAL))), comparisons.DIFFERENCE, group="A", against="overall")
    w, p, q = 1000 / 3300, 0.4, 630 / 2300
    variance = 2 * ((1 - w) ** 2 * (p * (1 - p) / 1000 + q * (1 - q) / 2300) + (p - q) ** 2 * w * (1 - w) / 3300)
    assert finding.ci == pytest.approx((-1.959964 * variance**0.5, 1.959964 * variance**0.5), rel=0.05)


def test_the_largest_group_is_the_reference_unless_another_is_named(check_input, pick):
    found = list(panel.check(check_input(REAL, SYNTHETIC)))
    assert {f.scope["against"] for f in found if f.id == comparisons.RATIO} == {"B", "overall"}
    named = list(panel.check(check_input(REAL, SYNTHETIC, references={"sex": "C"})))
    assert {f.scope["against"] for f in named if f.id == comparisons.RATIO} == {"C", "overall"}
    assert pick(named, comparisons.DIFFERENCE, group="A", against="C").real == pytest.approx(0.3)


def test_a_reference_that_is_too_small_is_not_estimable(check_input, pick):
    found = list(panel.check(check_input({**REAL, "D": (40, 20)}, SYNTHETIC, references={"sex": "D"})))
    finding = pick(found, comparisons.DIFFERENCE, against="D")
    assert (finding.outcome, finding.reason) == (Outcome.NOT_ESTIMABLE, "reference_not_estimable")


def test_an_unknown_reference_is_refused_without_naming_rare_groups(check_input):
    from assaymark.checks.bias.references import check_references

    data = check_input({**REAL, "Rare": (3, 1)}, SYNTHETIC)
    check_references({"sex": "A"}, data.cubes)
    for wrong in ("Nobody", "Rare"):
        with pytest.raises(OptionError) as caught:
            check_references({"sex": wrong}, data.cubes)
        assert "Rare" not in str(caught.value.expected)


@pytest.mark.parametrize("identifier", comparisons.IDS)
def test_sparse_groups_get_a_closed_form_near_the_draws(check_input, pick, identifier):
    """Just below and just above ten positives the two methods must tell nearly the same."""
    ends = []
    for positive in (9, 10):
        found = list(panel.check(check_input(REAL, {**SYNTHETIC, "C": (240 - positive, positive)})))
        finding = pick(found, identifier, group="C", against="overall")
        ends.append([finding.value, *finding.ci])
        assert finding.detail["interval"] == ("closed form" if positive < 10 else "bootstrap")
    assert ends[0] == pytest.approx(ends[1], abs=0.35 * (ends[1][2] - ends[1][1]))


def test_a_lost_group_is_told_and_the_others_are_measured(check_input, pick):
    found = list(panel.check(check_input(REAL, {"A": (500, 500), "B": (1500, 500)})))
    for against in ("B", "overall"):
        finding = pick(found, comparisons.DIFFERENCE, group="C", against=against)
        assert (finding.outcome, finding.reason) == (Outcome.NOT_ESTIMABLE, "group_without_synthetic_rows")
        assert pick(found, comparisons.DIFFERENCE, group="A", against=against).outcome is Outcome.AMPLIFIED


def test_the_reference_computation_covers_the_comparisons(check_input):
    from dataclasses import replace

    data = check_input(REAL, SYNTHETIC)
    found = list(panel.check(data))
    reference = compare(data.cubes, found)
    numbers = sum(f.id in {comparisons.DIFFERENCE, comparisons.RATIO} for f in found)
    assert reference.comparisons == 2 * (numbers + 3)  # and the pair's difference and ratio, and the spread
    assert reference.max_difference <= 1e-12
    for place, finding in enumerate(found):
        if finding.id in {comparisons.DIFFERENCE, comparisons.RATIO}:
            wrong = [*found[:place], replace(finding, synthetic=finding.synthetic + 1e-9), *found[place + 1 :]]
            with pytest.raises(ReferenceMismatchError):
                compare(data.cubes, wrong)
