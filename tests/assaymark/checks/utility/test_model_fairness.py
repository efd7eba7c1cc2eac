"""Group metrics of classifiers: Fairlearn's values on the rows, intervals that cover, nulls and chance."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from fairlearn.metrics import (
    MetricFrame,
    demographic_parity_difference,
    demographic_parity_ratio,
    equal_opportunity_difference,
    equalized_odds_difference,
    false_negative_rate,
    false_positive_rate,
    false_positive_rate_difference,
    selection_rate,
    true_positive_rate,
)
from sklearn.metrics import accuracy_score, precision_score

from assaymark.checks.reference import compare
from assaymark.checks.utility import model_fairness
from assaymark.checks.utility.group_rates import MEASURES, METRICS, rates, spread_by_chance
from assaymark.cubes.models import ModelKey
from assaymark.errors import ReferenceMismatchError
from assaymark.results.findings import Outcome

REAL, OTHER = "real", "synthetic"
SIZES = {"A": 1500, "B": 1100, "C": 900}


def classifiers(seeds=2, refits=4, sizes=SIZES, tpr=(0.7, 0.6, 0.5), fpr=(0.1, 0.12, 0.15), shift=0.0, seed=0):
    """Draw groups, outcomes and labels; ``shift`` is taken off the true positive rate of the last group in the other one."""
    rng = np.random.default_rng(seed)
    group = np.repeat(list(sizes), list(sizes.values()))
    truth = rng.random(len(group)) < 0.35
    place = np.searchsorted(list(sizes), group)
    luck = rng.random(len(group))
    labels = {}
    for name, fits in ((REAL, seeds), (OTHER, seeds), ("real_again", refits)):
        moved = np.array(tpr) - (shift if name == OTHER else 0.0) * (np.arange(len(tpr)) == len(tpr) - 1)
        for fit in range(fits):
            own = np.where(rng.random(len(group)) < 0.6, luck, rng.random(len(group)))
            labels[ModelKey("trees", name, fit)] = own < np.where(truth, moved[place], np.array(fpr)[place])
    return group, truth, labels


@pytest.fixture(scope="module")
def data(model_input):
    return model_input(*classifiers())


def of_pair(findings, identifier, **scope):
    return [f for f in findings if f.id == identifier and all(f.scope.get(k) == v for k, v in scope.items())]


FAIRLEARN = {
    "utility.demographic_parity_difference": demographic_parity_difference,
    "utility.equalized_odds_difference": equalized_odds_difference,
    "utility.true_positive_rate_gap": equal_opportunity_difference,
    "utility.false_positive_rate_gap": false_positive_rate_difference,
}


def test_values_are_those_of_fairlearn_on_the_rows(data, pick):
    group, truth, labels = classifiers()
    findings = list(model_fairness.check(data))
    for name, attribute in ((REAL, "real"), (OTHER, "synthetic")):
        fits = [labels[ModelKey("trees", name, fit)] for fit in (0, 1)]
        for identifier, theirs in FAIRLEARN.items():
            expected = np.mean([theirs(truth, label, sensitive_features=group) for label in fits])
            assert getattr(pick(findings, identifier), attribute) == pytest.approx(expected, abs=1e-12)
        ratios = [demographic_parity_ratio(truth, label, sensitive_features=group) for label in fits]
        ratio = pick(findings, "utility.demographic_parity_ratio")
        assert getattr(ratio, attribute) == pytest.approx(math.exp(np.mean(np.log(ratios))), abs=1e-12)
        functions = {
            "selection_rate": selection_rate, "true_positive_rate": true_positive_rate,
            "false_positive_rate": false_positive_rate, "false_negative_rate": false_negative_rate,
            "positive_predictive_value": precision_score, "accuracy": accuracy_score,
        }  # fmt: skip
        frames = [MetricFrame(metrics=functions, y_true=truth, y_pred=label, sensitive_features=group) for label in fits]
        accuracy = pick(findings, "utility.accuracy_gap")
        assert getattr(accuracy, attribute) == pytest.approx(np.mean([f.difference()["accuracy"] for f in frames]), abs=1e-12)
        for finding in of_pair(findings, "utility.group_metric"):
            expected = np.mean([f.by_group.loc[finding.scope["group"], finding.scope["metric"]] for f in frames])
            assert getattr(finding, attribute) == pytest.approx(expected, abs=1e-12)
    ratio = pick(findings, "utility.demographic_parity_ratio")
    assert ratio.value == pytest.approx(math.log(ratio.synthetic / ratio.real))
    assert len(of_pair(findings, "utility.group_metric")) == 3 * len(METRICS)
    assert compare(data.cubes, findings).comparisons == 2 * (len(MEASURES) + 3 * len(METRICS))
    assert compare(data.cubes, findings).max_difference <= 1e-12


@pytest.mark.parametrize("identifier", model_fairness.IDS)
def test_a_wrong_number_stops_the_audit(data, identifier):
    findings = list(model_fairness.check(data))
    place = next(i for i, f in enumerate(findings) if f.id == identifier)
    findings[place] = replace(findings[place], synthetic=findings[place].synthetic + 1e-9)
    with pytest.raises(ReferenceMismatchError) as caught:
        compare(data.cubes, findings)
    assert caught.value.code == "AM901"


def test_null_is_the_difference_between_fits_on_real_rows(data, pick):
    group, truth, labels = classifiers()
    again = [
        equal_opportunity_difference(truth, labels[ModelKey("trees", "real_again", fit)], sensitive_features=group)
        for fit in range(4)
    ]
    finding = pick(list(model_fairness.check(data)), "utility.true_positive_rate_gap")
    assert finding.null == pytest.approx(max(again) - min(again))  # of six differences the 95th percentile is the largest
    assert finding.margin == max(finding.null, data.policy.margin(finding.id))
    wide = replace(data, policy=replace(data.policy, margins={}))
    assert pick(list(model_fairness.check(wide)), finding.id).margin == finding.null
    assert pick(list(model_fairness.check(wide)), finding.id).detail["margin_from"] == "null"


def test_without_three_fits_on_real_rows_there_is_no_null(model_input, pick):
    finding = pick(list(model_fairness.check(model_input(*classifiers(refits=2)))), "utility.true_positive_rate_gap")
    assert finding.null is None
    assert finding.margin == 0.05


def test_an_effect_beyond_margin_and_null_is_exceeded_and_its_group_is_named(model_input, pick):
    data = model_input(*classifiers(seeds=3, shift=0.25, sizes={"A": 6000, "B": 5000, "C": 4000}))
    findings = list(model_fairness.check(data))
    for identifier in ("utility.true_positive_rate_gap", "utility.equalized_odds_difference"):
        finding = pick(findings, identifier)
        assert finding.outcome is Outcome.EXCEEDED
        assert finding.value == pytest.approx(0.25, abs=0.05)
        assert finding.ci[0] < finding.value < finding.ci[1]
    assert pick(findings, "utility.false_positive_rate_gap").outcome is not Outcome.EXCEEDED
    worst = {f.scope["group"] for f in of_pair(findings, "utility.group_metric", metric="true_positive_rate") if f.value < -0.1}
    assert worst == {"C"}
    assert pick(findings, "utility.demographic_parity_ratio").value < 0


def test_pairs_make_intervals_narrower(model_input, pick):
    group, truth, labels = classifiers(seeds=1, refits=0)
    data = model_input(group, truth, labels)
    tables = data.cubes.scopes[0].models
    assert tables.pairs
    apart = replace(data.cubes, scopes=(replace(data.cubes.scopes[0], models=replace(tables, pairs={})),))
    for identifier in ("utility.accuracy_gap", "utility.true_positive_rate_gap"):
        paired = pick(list(model_fairness.check(data)), identifier)
        unpaired = pick(list(model_fairness.check(replace(data, cubes=apart))), identifier)
        assert (paired.detail["interval"], unpaired.detail["interval"]) == ("bootstrap, paired", "bootstrap, unpaired")
        assert paired.value == unpaired.value
        assert paired.ci[1] - paired.ci[0] < 0.9 * (unpaired.ci[1] - unpaired.ci[0])


def test_spread_between_seeds_widens_the_interval(model_input, pick):
    group, truth, labels = classifiers(seeds=1, refits=0)
    other = labels[ModelKey("trees", OTHER, 0)]
    unstable = dict(labels)
    for seed, flipped in ((0, 0), (1, 50), (2, 100)):
        label = other.copy()
        label[np.flatnonzero((group == "C") & truth & label)[:flipped]] = False
        unstable[ModelKey("trees", OTHER, seed)] = label
        unstable[ModelKey("trees", REAL, seed)] = labels[ModelKey("trees", REAL, 0)]
    identifier = "utility.true_positive_rate_gap"
    calm = pick(list(model_fairness.check(model_input(group, truth, labels))), identifier)
    wild = pick(list(model_fairness.check(model_input(group, truth, unstable))), identifier)
    assert calm.detail["variance"]["learner_seed"] is None
    assert wild.detail["variance"]["learner_seed"] > calm.detail["variance"]["sampling"]
    assert wild.ci[1] - wild.ci[0] > 2 * (calm.ci[1] - calm.ci[0])


def test_every_denominator_is_held_against_its_own_minimum(model_input, pick):
    rng = np.random.default_rng(0)
    group = np.repeat(["A", "B"], [3000, 1000])
    truth = np.concatenate([rng.random(3000) < 0.4, np.arange(1000) < 29])  # B has 29 positives, one less than the policy asks
    labels = {
        ModelKey("trees", name, 0): np.where(truth, rng.random(4000) < 0.5, rng.random(4000) < 0.3) for name in (REAL, OTHER)
    }
    findings = list(model_fairness.check(model_input(group, truth, labels)))
    assert pick(findings, "utility.true_positive_rate_gap").reason == "too_few_positives"
    assert pick(findings, "utility.equalized_odds_difference").reason == "too_few_positives"
    assert pick(findings, "utility.group_metric", group="B", metric="true_positive_rate").reason == "too_few_positives"
    assert pick(findings, "utility.group_metric", group="B", metric="false_negative_rate").value is None
    for identifier in ("utility.false_positive_rate_gap", "utility.accuracy_gap", "utility.demographic_parity_difference"):
        assert pick(findings, identifier).reason is None
    few = list(model_fairness.check(model_input(group, truth, labels, min_group_size=1001)))
    assert pick(few, "utility.demographic_parity_difference").reason == "group_too_small"


def test_what_is_not_published_is_not_estimable(model_input, check_input, pick):
    group, truth, labels = classifiers(sizes={"A": 1500, "B": 12})
    findings = list(model_fairness.check(model_input(group, truth, labels)))
    assert {f.reason for f in findings} == {"small_cell"}
    assert {f.id for f in findings} == set(model_fairness.IDS)
    counts = {"A": (500, 500), "B": (400, 300)}
    assert {f.reason for f in model_fairness.check(check_input(counts, counts))} == {"no_holdout"}
    assert {f.reason for f in model_fairness.check(check_input(counts, counts, counts))} == {"no_classifiers"}
    alone = list(model_fairness.check(model_input(*classifiers(sizes={"A": 1500}, tpr=(0.7,), fpr=(0.1,)))))
    assert pick(alone, "utility.accuracy_gap").reason == "single_group"


def test_pooled_groups_are_named_where_they_may_be(model_input):
    group, truth, labels = classifiers(sizes={"A": 1500, "B": 1200, "C": 60, "D": 300}, tpr=(0.7,) * 4, fpr=(0.1,) * 4)
    findings = list(model_fairness.check(model_input(group, truth, labels)))
    silent = {f.scope["group"] for f in findings if f.id == "utility.group_metric" and f.reason == "small_cell"}
    assert silent == {"C", "D"}


def test_the_spread_by_chance_is_that_of_equal_rates():
    measure = next(m for m in MEASURES if m.identifier == "utility.true_positive_rate_gap")
    counts = np.array([[10, 10, 20, 20], [50, 50, 30, 30], [5, 5, 400, 400]], dtype=float)
    rng = np.random.default_rng(1)
    expected = np.ptp(rng.binomial([40, 60, 800], 0.5, size=(40_000, 3)) / [40, 60, 800], axis=1)
    chance = spread_by_chance(measure, counts, 0.1037, 40_000, np.random.default_rng(2))
    assert chance.expected == pytest.approx(expected.mean(), rel=0.02)
    assert chance.p == pytest.approx((expected >= 0.1037).mean(), abs=0.01)
    assert spread_by_chance(measure, counts, 0.0, 500, np.random.default_rng(2)).p == 1
    assert spread_by_chance(measure, counts, 1.1, 500, np.random.default_rng(2)).p == pytest.approx(1 / 501)


def joint(sizes, prevalence, real, other, agreement):
    """Return shares by group, outcome and both labels; ``real`` and ``other`` are (true, false) positive rates by group."""
    cells = []
    for size, share, (a_true, a_false), (b_true, b_false) in zip(sizes, prevalence, real, other, strict=True):
        row = []
        for weight, a, b in ((1 - share, a_false, b_false), (share, a_true, b_true)):
            both = agreement * min(a, b) + (1 - agreement) * a * b
            row += [weight * (1 - a - b + both), weight * (b - both), weight * (a - both), weight * both]
        cells.append(np.array(row) * size)
    return np.array(cells) / np.sum(cells)


def singles(cells):
    cube = cells.reshape(*cells.shape[:-1], 2, 2, 2)
    return cube.sum(axis=-1).reshape(*cells.shape[:-1], 4), cube.sum(axis=-2).reshape(*cells.shape[:-1], 4)


APART = ([(0.6, 0.1), (0.72, 0.2)], [(0.45, 0.08), (0.75, 0.32)])  # no spread is near 0, where it has a kink
INTRODUCED = ([(0.6, 0.1), (0.6, 0.1)], [(0.5, 0.08), (0.65, 0.2)])  # none in real: its plain spread is all bias


@pytest.mark.slow
@pytest.mark.parametrize(
    ("by_group", "agreement", "paired", "least"),
    [(APART, 0.8, True, 0.93), (APART, 0.0, False, 0.93), (INTRODUCED, 0.8, True, 0.91)],
)
def test_intervals_cover(by_group, agreement, paired, least, model_input):
    """Nominal 95%. Apart, classifiers whose labels are independent given group and outcome are drawn as they are."""
    shares = joint([1, 1], [0.35, 0.35], *by_group, agreement)
    truth = [rates(single) for single in singles(shares)]
    rng = np.random.default_rng(0)
    hits = dict.fromkeys([*(m.identifier for m in MEASURES), "utility.group_metric"], 0)
    total = dict.fromkeys(hits, 0)
    runs = 400
    for run in range(runs):
        counts = rng.multinomial(4000, shares.ravel()).reshape(2, 8)
        flat = np.repeat(np.tile(np.arange(8), 2), counts.ravel())
        group = np.repeat(np.repeat(["A", "B"], 8), counts.ravel())
        labels = {ModelKey("trees", REAL, 0): (flat >> 1) & 1, ModelKey("trees", OTHER, 0): flat & 1}
        data = model_input(group, flat >> 2, labels, seed=run, draws=1000)
        if not paired:
            scope = data.cubes.scopes[0]
            data = replace(data, cubes=replace(data.cubes, scopes=(replace(scope, models=replace(scope.models, pairs={})),)))
        for finding in model_fairness.check(data):
            total[finding.id] += 1
            hits[finding.id] += finding.ci[0] <= true_change(finding, truth) <= finding.ci[1]
    coverage = {identifier: hits[identifier] / total[identifier] for identifier in hits}
    print(paired, coverage)
    error = 3 * math.sqrt(0.05 * 0.95 / runs)  # three standard errors of the simulation itself
    assert all(least - error <= share <= 1.0 for share in coverage.values())
    assert least <= np.mean(list(coverage.values())) <= (0.97 if paired and by_group is APART else 0.985)


def true_change(finding, truth):
    if finding.id == "utility.group_metric":
        place = "AB".index(finding.scope["group"]), METRICS.index(finding.scope["metric"])
        return truth[1][place] - truth[0][place]
    measure = next(m for m in MEASURES if m.identifier == finding.id)
    return float(measure.effect(truth[1]) - measure.effect(truth[0]))
