"""Utility: a good sample keeps it, a scrambled one loses it, and what cannot be learned is said."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, brier_score_loss, log_loss, roc_auc_score

from assaymark.checks.utility import performance as utility
from assaymark.checks.utility import training
from assaymark.checks.utility.features import predictors
from assaymark.checks.utility.training import Plan, holdout_predictions, unlearnable
from assaymark.cubes.models import ModelKey
from assaymark.errors import Cancelled
from assaymark.execution import Run
from assaymark.results.findings import Outcome
from assaymark.tables.groups import outcome
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.table import Table

PLAN = Plan(2, 3)
LEARNERS = ("trees", "linear")


@pytest.fixture(scope="module")
def tables(make_people):
    return make_people(1500, 1), make_people(1500, 2), make_people(1200, 3)


@pytest.fixture(scope="module")
def found(tables):
    real, synthetic, holdout = tables
    return holdout_predictions(real, holdout, synthetic, Run(0), PLAN)


def of(findings, identifier, learner="trees", trained_on="synthetic"):
    return next(
        f for f in findings
        if f.id == identifier and f.scope.get("learner") in {learner, None} and f.scope.get("trained_on") in {trained_on, None}
    )  # fmt: skip


def retargeted(table, values):
    return Table.from_arrow(table.arrow.set_column(table.names.index("paid"), "paid", [list(values)]), table.schema)


def test_a_fresh_sample_keeps_utility(tables, found, row_input):
    findings = list(utility.check(replace(row_input(*tables), predictions=found)))
    assert [(f.id, f.scope["learner"], f.scope["trained_on"]) for f in findings] == [
        (identifier, learner, on) for learner in LEARNERS for on in ("synthetic", "both") for identifier in utility.IDS
    ]
    for learner in LEARNERS:
        assert of(findings, utility.AUC, learner).outcome is Outcome.WITHIN
        assert of(findings, utility.AUC, learner).real > 0.8
        assert of(findings, utility.ACCURACY, learner).outcome in {Outcome.WITHIN, Outcome.INCONCLUSIVE}
        assert of(findings, utility.AUC, learner).detail["protected_predictors"] == ["sex"]
        assert of(findings, utility.AUC, learner).null > 0
    scope = {"target": "paid", "positive": "yes", "learner": "linear", "trained_on": "both"}
    assert of(findings, utility.AUC, "linear", "both").scope == scope


def test_scrambled_targets_lose_it_and_real_rows_beside_them_bring_some_back(tables, row_input):
    real, synthetic, holdout = tables
    labels = synthetic.arrow.column("paid").to_pylist()
    scrambled = retargeted(synthetic, np.random.default_rng(0).permutation(labels))
    findings = list(utility.check(row_input(real, scrambled, holdout)))
    for learner in LEARNERS:
        for identifier in utility.IDS:
            finding = of(findings, identifier, learner)
            assert finding.outcome is Outcome.EXCEEDED
            assert finding.value == pytest.approx(finding.synthetic - finding.real)
            assert finding.ci[0] < finding.value < finding.ci[1] < -finding.margin
        assert of(findings, utility.AUC, learner).synthetic == pytest.approx(0.5, abs=0.15)  # noise learned well
        both = of(findings, utility.AUC, learner, "both")
        assert of(findings, utility.AUC, learner).synthetic + 0.1 < both.synthetic < both.real + 0.005


def test_scores_are_those_of_the_predictions(tables, found, row_input):
    truth = outcome(tables[2], tables[0].schema) == 1
    assert np.array_equal(found.truth, truth)
    findings = list(utility.check(replace(row_input(*tables), predictions=found)))
    for learner, seeds in (("trees", 2), ("linear", 1)):
        keys = {on: [ModelKey(learner, on, seed) for seed in range(seeds)] for on in ("real", "synthetic")}
        auc, accuracy = of(findings, utility.AUC, learner), of(findings, utility.ACCURACY, learner)
        for on, name in (("real", "real"), ("synthetic", "synthetic")):
            scores = [found.scores[key] for key in keys[on]]
            assert getattr(auc, name) == pytest.approx(np.mean([roc_auc_score(truth, s) for s in scores]), abs=1e-12)
            assert getattr(accuracy, name) == pytest.approx(np.mean([accuracy_score(truth, s >= 0.5) for s in scores]))
            more = accuracy.detail["scores"][name]
            assert more["balanced_accuracy"] == pytest.approx(
                np.mean([balanced_accuracy_score(truth, s >= 0.5) for s in scores])
            )
            assert more["log_loss"] == pytest.approx(np.mean([log_loss(truth, s) for s in scores]))
            assert more["brier"] == pytest.approx(np.mean([brier_score_loss(truth, s) for s in scores]))
        assert auc.detail["seeds"] == seeds
        assert (auc.detail["variance"]["learner_seed"] is None) == (seeds == 1)
        real_again = [roc_auc_score(truth, found.scores[ModelKey(learner, "real_again", fit)]) for fit in range(3)]
        assert auc.null == pytest.approx(max(real_again) - min(real_again), abs=1e-12)  # of three differences


def test_rows_with_a_missing_outcome_are_neither_learned_from_nor_scored(tables, make_people):
    real, synthetic, holdout = tables
    gaps = [None if row < 200 else value for row, value in enumerate(holdout.arrow.column("paid").to_pylist())]
    part = holdout_predictions(real, retargeted(holdout, gaps), synthetic, Run(0), Plan(1, 0))
    whole = holdout_predictions(real, holdout, synthetic, Run(0), Plan(1, 0))
    key = ModelKey("linear", "synthetic", 0)
    assert part.rows.tolist() == list(range(200, holdout.rows))
    assert np.array_equal(part.scores[key], whole.scores[key][200:])
    blind = retargeted(real, [None if row >= 1000 else v for row, v in enumerate(real.arrow.column("paid").to_pylist())])
    assert holdout_predictions(blind, holdout, synthetic, Run(0), Plan(1, 0)).training_rows == {
        "real": 1000, "synthetic": 1500, "both": 2500,
    }  # fmt: skip


def test_predictions_repeat_in_any_number_of_threads_and_swap_with_the_tables(tables, monkeypatch):
    real, synthetic, holdout = tables
    first = holdout_predictions(real, holdout, synthetic, Run(7), PLAN)
    swapped = holdout_predictions(synthetic, holdout, real, Run(7), PLAN)
    monkeypatch.setattr(training, "_WORKERS", 1)
    again = holdout_predictions(real, holdout, synthetic, Run(7), PLAN)
    assert list(first.scores) == list(again.scores)
    for key in first.scores:
        assert first.scores[key].tobytes() == again.scores[key].tobytes()
        if key.trained_on == "real":
            assert np.array_equal(first.scores[key], swapped.scores[ModelKey(key.learner, "synthetic", key.seed)])
    trees = [first.scores[ModelKey("trees", "real", seed)] for seed in (0, 1)]
    assert not np.array_equal(*trees)  # a seed changes something


def test_large_tables_are_sampled_by_the_seed(tables, monkeypatch):
    real, synthetic, holdout = tables
    monkeypatch.setattr(training, "TRAINING_ROWS", 700)
    monkeypatch.setattr(training, "TESTED_ROWS", 500)
    first, again, other = (holdout_predictions(real, holdout, synthetic, Run(seed), Plan(1, 0)) for seed in (1, 1, 2))
    assert first.training_rows == {"real": 700, "synthetic": 700, "both": 1400}
    assert len(first.rows) == len(set(first.rows.tolist())) == 500
    assert np.array_equal(first.rows, again.rows)
    assert not np.array_equal(first.rows, other.rows)
    assert np.array_equal(first.truth, (outcome(holdout, real.schema) == 1)[first.rows])


def test_training_can_be_cancelled(tables):
    real, synthetic, holdout = tables
    stop = threading.Event()
    steps = []

    def progress(done, total, message=""):
        steps.append((done, total))
        if done == 2:
            stop.set()

    with pytest.raises(Cancelled):
        holdout_predictions(real, holdout, synthetic, replace(Run(0), progress=progress, cancelled=stop), PLAN)
    assert steps[-1][0] < steps[-1][1]


def test_unseen_and_very_many_categories_read_as_missing(make_people):
    real, synthetic, holdout = make_people(600, 1), make_people(600, 2), make_people(300, 3)
    place = real.names.index("job")
    many = Table.from_arrow(synthetic.arrow.set_column(place, "job", [[f"job {row}" for row in range(600)]]), real.schema)
    new = Table.from_arrow(holdout.arrow.set_column(place, "job", [["never seen"] * 300]), real.schema)
    gone = Table.from_arrow(holdout.arrow.set_column(place, "job", [[None] * 300]), real.schema)
    first, second = (holdout_predictions(real, other, many, Run(0), Plan(1, 0)) for other in (new, gone))
    for key in first.scores:
        assert np.array_equal(first.scores[key], second.scores[key])
        assert np.isfinite(first.scores[key]).all()


def test_columns_that_are_always_missing_do_not_matter(make_people):
    real, synthetic, holdout = make_people(400, 1), make_people(400, 2), make_people(200, 3)
    columns = {name: synthetic.arrow.column(name).to_pylist() for name in synthetic.names}
    empty = Table.from_columns(columns | {"wage": [None] * 400, "job": [None] * 400}, real.schema)
    found = holdout_predictions(real, holdout, empty, Run(0), Plan(1, 0))
    known = [name for name in real.names if name not in {"wage", "job"}]
    fewer = holdout_predictions(real.select(known), holdout.select(known), empty.select(known), Run(0), Plan(1, 0))
    for learner in LEARNERS:
        key = ModelKey(learner, "synthetic", 0)
        assert np.isfinite(found.scores[key]).all()
        assert np.array_equal(found.scores[key], fewer.scores[key])


def test_a_table_of_empty_columns_predicts_the_share_of_positives(make_people):
    real, synthetic, holdout = make_people(400, 1), make_people(400, 2), make_people(200, 3)
    names = ("wage", "paid")
    bare = [table.select(names) for table in (real, synthetic, holdout)]
    empty = Table.from_columns({"wage": [None] * 400, "paid": synthetic.arrow.column("paid").to_pylist()}, bare[0].schema)
    found = holdout_predictions(bare[0], bare[2], empty, Run(0), Plan(1, 0))
    share = (outcome(empty, empty.schema) == 1).mean()
    for learner in LEARNERS:
        assert found.scores[ModelKey(learner, "synthetic", 0)] == pytest.approx(share)


def test_what_cannot_be_learned_is_said(tables, row_input, make_table):
    real, synthetic, holdout = tables
    assert {f.reason for f in utility.check(row_input(real, synthetic))} == {"no_holdout"}
    one = retargeted(synthetic, ["no"] * synthetic.rows)
    assert {f.reason for f in utility.check(row_input(real, one, holdout))} == {"one_class"}
    assert holdout_predictions(real, holdout, one, Run(0), PLAN) is None
    plain = make_table(a=["x", "y"])
    assert {f.reason for f in utility.check(row_input(plain, plain, plain))} == {"no_target"}
    alone = Schema(tuple(real.schema[name] for name in ("id", "paid")), real.schema.positive)
    assert unlearnable(Table(real.arrow.select(["id", "paid"]), alone), synthetic) == "no_predictors"
    unknown = retargeted(holdout, [None] * holdout.rows)
    assert {f.reason for f in utility.check(row_input(real, synthetic, unknown))} == {"too_few_rows"}


def test_small_holdouts_are_not_estimable(tables, row_input):
    real, synthetic, holdout = tables
    truth = outcome(holdout, real.schema)
    rare = holdout.take(np.concatenate([np.flatnonzero(truth == 1)[:29], np.flatnonzero(truth == 0)[:300]]))
    findings = list(utility.check(row_input(real, synthetic, rare)))
    assert of(findings, utility.AUC).reason == "too_few_positives"
    assert of(findings, utility.ACCURACY).reason is None
    few = list(utility.check(row_input(real, synthetic, holdout.take(np.arange(99)))))
    assert of(few, utility.ACCURACY).reason == "too_few_rows"


def test_predictors_leave_out_identifiers_text_and_target(tables):
    schema = tables[0].schema
    assert [column.name for column in predictors(schema)] == ["age", "wage", "job", "sex", "hired"]
    assert predictors(Schema((Column("t", Kind.TEXT),))) == ()


def test_adult_and_its_ctgan_sample(adult, row_input):
    findings = list(utility.check(row_input(adult.real, adult.synthetic, adult.holdout)))
    assert of(findings, utility.AUC).real == pytest.approx(0.927, abs=0.003)
    assert of(findings, utility.AUC).synthetic == pytest.approx(0.893, abs=0.006)
    assert of(findings, utility.AUC).outcome is Outcome.WITHIN
    assert of(findings, utility.AUC, "linear").real == pytest.approx(0.905, abs=0.004)
