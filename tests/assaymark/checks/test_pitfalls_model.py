"""Ways in which audits of classifiers mislead: in each, a naive audit errs and this one does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fairlearn.metrics import (
    demographic_parity_difference,
    demographic_parity_ratio,
    equalized_odds_difference,
    true_positive_rate,
)
from sklearn.metrics import accuracy_score

from assaymark.checks.bias import panel
from assaymark.checks.bias import rates as data_rates
from assaymark.checks.utility import group_scores, model_fairness
from assaymark.checks.utility.training import Plan, holdout_predictions, labelled_rows
from assaymark.cubes.fine import count_cube
from assaymark.cubes.models import ModelKey
from assaymark.cubes.publishing import publish
from assaymark.errors import PositiveValueError
from assaymark.execution import Run
from assaymark.pipeline.document import NOT_TESTED
from assaymark.results.findings import Outcome
from assaymark.statistics.bootstrap import percentile_interval
from assaymark.tables.groups import outcome
from assaymark.tables.outcomes import choose_positive
from assaymark.tables.schema import Column, Kind, Positive, Role, Schema
from assaymark.tables.table import Table

GAP = "utility.true_positive_rate_gap"
PARITY = "utility.demographic_parity_difference"
SCHEMA = Schema(
    (
        Column("skill", Kind.FLOAT),
        Column("sex", Kind.CATEGORICAL, frozenset({Role.PROTECTED})),
        Column("income", Kind.CATEGORICAL, frozenset({Role.TARGET})),
    ),
    Positive(literal=">50K"),
)


def workers(rows, seed, *, gap=1.0):
    """Draw people whose income follows from skill, with a bonus of ``gap`` log odds for men."""
    rng = np.random.default_rng(seed)
    sex = rng.choice(["F", "M"], rows)
    skill = rng.normal(size=rows)
    odds = 2.0 * skill - 0.5 + gap * (sex == "M")
    income = np.where(rng.random(rows) < 1 / (1 + np.exp(-odds)), ">50K", "<=50K")
    return Table.from_columns({"skill": skill, "sex": sex, "income": income}, SCHEMA)


def with_column(table, name, values):
    columns = {column: table.column(column).to_pylist() for column in table.names}
    return Table.from_columns(columns | {name: list(values)}, table.schema)


def audit(real, synthetic, holdout, row_input, plan=Plan(1, 3)):  # noqa: B008 - frozen
    """Return what all checks of classifiers and of selection rates look at."""
    found = holdout_predictions(real, holdout, synthetic, Run(0), plan)
    cubes = publish(
        count_cube(real, ("sex",)), count_cube(synthetic, ("sex",)), count_cube(holdout, ("sex",)),
        target="income", positive=str(real.schema.positive), small_cell=10,
        labelled=labelled_rows(found, holdout, ("sex",)),
    )  # fmt: skip
    return replace(row_input(real, synthetic, holdout), cubes=cubes, predictions=found)


def test_pitfall_6_labels_as_text_and_the_wrong_positive_class(row_input, pick):
    """On texts Fairlearn's difference is 0 without a warning; the wrong positive class turns every rate round."""
    real, synthetic, holdout = (workers(3000, seed) for seed in range(3))
    data = audit(real, synthetic, holdout, row_input)
    label = np.where(data.predictions.labels(ModelKey("linear", "real", 0)), ">50K", "<=50K")
    truth, sex = (holdout.column(name).to_pylist() for name in ("income", "sex"))
    assert demographic_parity_difference(truth, label, sensitive_features=sex) == 0.0
    ours = pick(list(model_fairness.check(data)), PARITY, learner="linear", trained_on="synthetic")
    assert ours.real == pytest.approx(
        demographic_parity_difference(np.array(truth) == ">50K", label == ">50K", sensitive_features=sex), abs=1e-12
    )
    assert ours.real > 0.15
    assert ours.scope["positive"] == ">50K"
    # the other class as positive is another finding, and says so; a class that does not occur is refused
    turned = [Table(table.arrow, replace(SCHEMA, positive=Positive(literal="<=50K"))) for table in (real, synthetic, holdout)]
    other = list(model_fairness.check(audit(*turned, row_input)))
    rate = {"metric": "selection_rate", "learner": "linear", "trained_on": "synthetic"}
    flipped = pick(other, model_fairness.GROUP_METRIC, group="M", **rate)
    assert flipped.scope["positive"] == "<=50K"
    mine = pick(list(model_fairness.check(data)), model_fairness.GROUP_METRIC, group="M", **rate)
    assert flipped.real == pytest.approx(1 - mine.real, abs=0.01)
    with pytest.raises(PositiveValueError):
        choose_positive(real, SCHEMA["income"], "> 50K", None)


def test_pitfall_7_an_undefined_rate_is_not_zero(model_input, pick):
    """A group without a positive row: its true positive rate is 0 by Fairlearn, so that equal opportunity looks broken."""
    rng = np.random.default_rng(0)
    group = np.repeat(["A", "B"], [3000, 600])
    truth = np.where(group == "A", rng.random(3600) < 0.4, rng.random(3600) < 0.0)
    labels = {
        ModelKey("trees", on, 0): np.where(truth, rng.random(3600) < 0.7, rng.random(3600) < 0.2)
        for on in ("real", "synthetic")
    }
    real = labels[ModelKey("trees", "real", 0)]
    assert true_positive_rate(truth[group == "B"], real[group == "B"]) == 0.0
    assert equalized_odds_difference(truth, real, sensitive_features=group) > 0.6
    for finding in model_fairness.check(model_input(group, truth, labels)):
        assert finding.outcome is Outcome.NOT_ESTIMABLE
        assert finding.value is None
        assert finding.reason == "small_cell"
    some = truth | ((group == "B") & (np.arange(3600) >= 3575))  # 25 positives are shown, but are too few for a rate
    split = np.arange(3600) % 2 == 0
    labels = {key: np.where(some & (group == "B"), split, label) for key, label in labels.items()}
    findings = list(model_fairness.check(model_input(group, some, labels)))
    assert pick(findings, GAP).reason == "too_few_positives"
    assert pick(findings, "utility.false_positive_rate_gap").reason is None


def test_pitfall_10_a_ratio_under_four_fifths_by_chance(model_input, pick):
    """Two groups selected at the same 3%: the ratio is often under 0.8, and means nothing."""
    naive, ours, widths = 0, 0, []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        group = np.repeat(["A", "B"], [1500, 1200])
        truth = rng.random(2700) < 0.2
        labels = {
            ModelKey("trees", on, fit): rng.random(2700) < np.where(truth, 0.08, 0.017)
            for on, fits in (("real", 1), ("synthetic", 1), ("real_again", 4))
            for fit in range(fits)
        }
        naive += demographic_parity_ratio(truth, labels[ModelKey("trees", "synthetic", 0)], sensitive_features=group) < 0.8
        finding = pick(list(model_fairness.check(model_input(group, truth, labels, seed=seed, draws=1000))),
                       "utility.demographic_parity_ratio")  # fmt: skip
        ours += finding.outcome is Outcome.EXCEEDED
        if finding.ci is not None:
            widths.append(finding.ci[1] - finding.ci[0])  # the interval says how little is known
    assert naive >= 8
    assert ours <= 2
    assert len(widths) >= 20
    assert np.median(widths) > 0.5


def test_pitfall_12_one_seed_of_a_learner(model_input, pick):
    """A learner whose rates move by three points with its seed: one fit finds a change that another one does not."""
    naive, ours, runs = 0, 0, 40
    for run in range(runs):
        rng = np.random.default_rng(run)
        group = np.repeat(["A", "B"], [4000, 4000])
        truth = rng.random(8000) < 0.4
        luck = rng.random(8000)
        labels = {}
        for on in ("real", "synthetic"):
            for seed in range(3):
                moved = 0.6 + 0.15 * (group == "B") + 0.03 * np.where(group == "B", rng.normal(), rng.normal())
                labels[ModelKey("trees", on, seed)] = luck < np.where(truth, moved, 0.1)
        one = {key: label for key, label in labels.items() if key.seed == 0}
        low, high = naive_interval(group, truth, *one.values())
        naive += low > 0 or high < 0
        ends = pick(list(model_fairness.check(model_input(group, truth, labels, seed=run, draws=1000))), GAP).ci
        ours += ends[0] > 0 or ends[1] < 0
    print(naive / runs, ours / runs)
    assert naive >= 0.3 * runs  # the truth is that both learners are the same
    assert ours <= 0.1 * runs


def naive_interval(group, truth, real, other):
    """Bootstrap the rows of one fit each, as a paired comparison of two models is often done."""
    rng = np.random.default_rng(0)
    draws = []
    for _ in range(200):
        rows = rng.integers(0, len(group), len(group))
        gaps = []
        for label in (real, other):
            hit = [label[rows][(group[rows] == name) & truth[rows]].mean() for name in "AB"]
            gaps.append(max(hit) - min(hit))
        draws.append(gaps[1] - gaps[0])
    return percentile_interval(np.array(draws), 0.95)


def test_pitfall_13_faithful_to_a_biased_target(row_input, pick):
    """Women of the same skill are called poor. Synthetic rows that repeat it pass every comparison; that is said aloud."""
    real, synthetic, holdout = (workers(4000, seed, gap=2.0) for seed in (10, 11, 12))
    just = workers(4000, 12, gap=0.0)  # the same people, decided about fairly
    data = audit(real, synthetic, holdout, row_input)
    label = data.predictions.labels(ModelKey("trees", "synthetic", 0))
    biased, fair = (outcome(table) == 1 for table in (holdout, just))
    assert accuracy_score(biased, label) > accuracy_score(fair, label) + 0.03  # accuracy rewards the bias
    finding = pick(list(model_fairness.check(data)), PARITY, learner="trees", trained_on="synthetic")
    assert finding.outcome in {Outcome.WITHIN, Outcome.INCONCLUSIVE}
    assert finding.real > 0.25  # the level is shown beside the change
    assert any("target itself" in what and "biased decisions" in why for what, why in NOT_TESTED)


def test_a_generator_that_poisons_the_labels_of_one_group_is_found(row_input, pick):
    """Labels of women are shuffled among women: all rates of the data hold, but nothing is left to learn about them."""
    real, synthetic, holdout = (workers(6000, seed, gap=0.3) for seed in (20, 21, 22))
    women = np.flatnonzero(np.array(synthetic.column("sex").to_pylist()) == "F")
    labels = np.array(synthetic.column("income").to_pylist(), dtype=object)
    labels[women] = labels[np.random.default_rng(0).permutation(women)]
    poisoned = with_column(synthetic, "income", labels)
    data = audit(real, poisoned, holdout, row_input, Plan(3, 5))
    difference = pick(list(panel.check(data)), data_rates.DIFFERENCE)
    assert difference.outcome in {Outcome.NOT_AMPLIFIED, Outcome.INCONCLUSIVE}
    assert abs(difference.value) < 0.03
    findings = list(model_fairness.check(data))
    accuracy = pick(findings, "utility.accuracy_gap", learner="trees", trained_on="synthetic")
    assert accuracy.outcome is Outcome.EXCEEDED
    wrong = pick(findings, model_fairness.GROUP_METRIC, learner="trees", trained_on="synthetic", group="F", metric="accuracy")
    right = pick(findings, model_fairness.GROUP_METRIC, learner="trees", trained_on="synthetic", group="M", metric="accuracy")
    assert wrong.outcome is Outcome.EXCEEDED
    assert right.outcome is not Outcome.EXCEEDED
    area = pick(list(group_scores.check(data)), group_scores.GROUP_AUC, learner="trees", trained_on="synthetic", group="F")
    assert area.outcome is Outcome.EXCEEDED
    assert area.synthetic < 0.65 < area.real
    clean = list(model_fairness.check(audit(real, synthetic, holdout, row_input, Plan(3, 5))))
    assert pick(clean, accuracy.id, learner="trees", trained_on="synthetic").outcome is not Outcome.EXCEEDED
